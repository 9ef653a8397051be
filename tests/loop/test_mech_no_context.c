/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Every call on a context answers GSS_S_NO_CONTEXT when there is none: no
 * handle, or a handle whose context the mechanism deleted with an error.
 */

#include "fake_mech.h"

static gss_buffer_desc in = { 4, rk_UNCONST("text") };

/*
 * Output parameters are filled with this before each call.
 */
static gss_buffer_desc out;
static OM_uint32 minor;
static int state;
static gss_qop_t qop;

static void
fill(void)
{
    out.value = &out;
    out.length = 99;
    minor = 99;
    state = 99;
    qop = 99;
}

static void
refused(const char *where, const char *call, OM_uint32 major)
{
    check(major == GSS_S_NO_CONTEXT, "%s, %s: %08x", where, call,
	  (unsigned)major);
}

static void
empty(const char *where, const char *call, OM_uint32 major)
{
    refused(where, call, major);
    check(out.length == 0 && out.value == NULL, "%s, %s: no output", where,
	  call);
}

static void
test_messages(const char *where, gss_ctx_id_t ctx)
{
    gss_iov_buffer_desc iov[2];
    gss_buffer_desc aad = { 0, NULL };
    OM_uint32 size = 99;

    memset(iov, 0, sizeof(iov));
    iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
    iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;

    fill();
    empty(where, "get_mic", gss_get_mic(&minor, ctx, 0, &in, &out));
    fill();
    refused(where, "verify_mic", gss_verify_mic(&minor, ctx, &in, &in, &qop));
    fill();
    empty(where, "wrap", gss_wrap(&minor, ctx, 1, 0, &in, &state, &out));
    check(state == 0, "%s, wrap: not confidential", where);
    fill();
    empty(where, "unwrap", gss_unwrap(&minor, ctx, &in, &out, &state, &qop));
    check(state == 0, "%s, unwrap: not confidential", where);
    fill();
    refused(where, "wrap_size_limit",
	    gss_wrap_size_limit(&minor, ctx, 1, 0, 1000, &size));
    check(size == 0, "%s, wrap_size_limit: nothing fits", where);
    fill();
    refused(where, "wrap_iov",
	    gss_wrap_iov(&minor, ctx, 1, 0, &state, iov, 2));
    fill();
    refused(where, "wrap_iov_length",
	    gss_wrap_iov_length(&minor, ctx, 1, 0, &state, iov, 2));
    fill();
    refused(where, "unwrap_iov",
	    gss_unwrap_iov(&minor, ctx, &state, &qop, iov, 2));
    fill();
    refused(where, "wrap_aead", gss_wrap_aead(&minor, ctx, 1, 0, &aad, &in,
					      &state, &out));
    fill();
    refused(where, "unwrap_aead", gss_unwrap_aead(&minor, ctx, &in, &aad,
						  &out, &state, &qop));
    fill();
    empty(where, "pseudo_random",
	  gss_pseudo_random(&minor, ctx, GSS_C_PRF_KEY_FULL, &in, 16, &out));
    /* RFC 1509 names of the same */
    fill();
    empty(where, "sign", gss_sign(&minor, ctx, 0, &in, &out));
    fill();
    empty(where, "unseal", gss_unseal(&minor, ctx, &in, &out, &state, NULL));
}

static void
test_rest(const char *where, gss_ctx_id_t ctx)
{
    gss_buffer_set_t set = (gss_buffer_set_t)&out;
    gss_name_t src = (gss_name_t)&out, targ = src;
    gss_ctx_id_t copy = ctx;
    gss_OID mech = &fake_oid;
    OM_uint32 time_rec = 99, flags = 99;
    int local = 99, xopen = 99;

    fill();
    refused(where, "process_context_token",
	    gss_process_context_token(&minor, ctx, &in));
    refused(where, "context_time", gss_context_time(&minor, ctx, &time_rec));
    check(time_rec == 0, "%s, context_time: no time", where);
    time_rec = 99;
    refused(where, "inquire_context",
	    gss_inquire_context(&minor, ctx, &src, &targ, &time_rec, &mech,
				&flags, &local, &xopen));
    check(src == GSS_C_NO_NAME && targ == GSS_C_NO_NAME && time_rec == 0 &&
	  mech == GSS_C_NO_OID && flags == 0 && local == 0 && xopen == 0,
	  "%s, inquire_context: nothing known", where);
    refused(where, "inquire_sec_context_by_oid",
	    gss_inquire_sec_context_by_oid(&minor, ctx, &fake_oid, &set));
    check(set == GSS_C_NO_BUFFER_SET, "%s, by_oid: no set", where);
    refused(where, "set_sec_context_option",
	    gss_set_sec_context_option(&minor, &copy, &fake_oid, &in));
    fill();
    empty(where, "export_sec_context",
	  gss_export_sec_context(&minor, &copy, &out));
    check(copy == ctx, "%s: the handle is as it was", where);
}

/* REQ: GL-28, GL-30 */
static void
test_all(const char *where, gss_ctx_id_t ctx)
{
    int calls = fake.calls;

    test_messages(where, ctx);
    test_rest(where, ctx);
    check(fake.calls == calls, "%s: the mechanism was not asked", where);
}

int
main(int argc, char **argv)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_buffer_desc token;
    OM_uint32 major;

    fake_register();
    test_all("no handle", GSS_C_NO_CONTEXT);

    (void)fake_initiate(&ctx, GSS_S_CONTINUE_NEEDED, 0, &token);
    major = fake_initiate(&ctx, GSS_S_FAILURE, FAKE_DROP, &token);
    check(major == GSS_S_FAILURE && ctx != GSS_C_NO_CONTEXT,
	  "a handle is left of a failed exchange");
    test_all("gone", ctx);
    major = gss_delete_sec_context(&minor, &ctx, &out);
    check(major == GSS_S_COMPLETE && out.length == 0,
	  "gone: gss_delete_sec_context() frees the handle");

    /* REQ: GL-34 */
    major = gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    check(major == GSS_S_COMPLETE, "and a second time does nothing");
    refused("no pointer", "delete_sec_context",
	    gss_delete_sec_context(&minor, NULL, GSS_C_NO_BUFFER));
    refused("no pointer", "export_sec_context",
	    gss_export_sec_context(&minor, NULL, &out));

    ctx = fake_connect(1);
    check(fake_use_context(ctx) == GSS_S_COMPLETE,
	  "a good exchange still completes");
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive("at the end");
    return check_done();
}
