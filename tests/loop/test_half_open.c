/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Calls on a context that waits for the peer: per-message calls, the export
 * and everything that hands out keys say GSS_S_NO_CONTEXT, inquiries work
 * without names, and the exchange can go on afterwards.
 *
 * REQ: XT-52, GL-30
 */

#include "pair_config.h"
#include "gss_call.h"
#include "sec_test.h"

/* GSS_C_INQ_SSPI_SESSION_KEY, which libgssapi does not export */
static gss_OID_desc session_key = {
    11, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05"
};

static const char *who;

static void
no_context(OM_uint32 major, OM_uint32 minor, const char *what)
{
    check(major == GSS_S_NO_CONTEXT && minor != 0, "%s: %s: %08x/%d", who,
	  what, (unsigned)major, (int)minor);
}

static void
iov_calls(gss_ctx_id_t ctx)
{
    gss_iov_buffer_desc iov[3];
    OM_uint32 major, minor;
    char header[128], data[16], trailer[128];
    int conf;

    memset(header, 0, sizeof(header));
    memset(data, 0, sizeof(data));
    memset(trailer, 0, sizeof(trailer));
    memset(iov, 0, sizeof(iov));
    iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
    iov[0].buffer.value = header;
    iov[0].buffer.length = sizeof(header);
    iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    iov[1].buffer.value = data;
    iov[1].buffer.length = sizeof(data);
    iov[2].type = GSS_IOV_BUFFER_TYPE_TRAILER;
    iov[2].buffer.value = trailer;
    iov[2].buffer.length = sizeof(trailer);

    minor = 0;
    major = gss_wrap_iov(&minor, ctx, 1, 0, &conf, iov, 3);
    no_context(major, minor, "gss_wrap_iov");
    minor = 0;
    major = gss_unwrap_iov(&minor, ctx, &conf, NULL, iov, 3);
    no_context(major, minor, "gss_unwrap_iov");
    minor = 0;
    major = gss_wrap_iov_length(&minor, ctx, 1, 0, &conf, iov, 3);
    no_context(major, minor, "gss_wrap_iov_length");
}

static void
by_oid(gss_ctx_id_t ctx, gss_OID oid, const char *what)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 major, minor = 0, junk;

    major = gss_inquire_sec_context_by_oid(&minor, ctx, oid, &set);
    no_context(major, minor, what);
    gss_release_buffer_set(&junk, &set);
}

static void
message_calls(gss_ctx_id_t ctx)
{
    gss_buffer_desc msg, out;
    OM_uint32 major, minor = 0, num;
    gss_qop_t qop;
    int conf;
    void *lucid;

    msg.value = rk_UNCONST("0123456789012345678901234567890123456789");
    msg.length = 40;

    major = gss_get_mic(&minor, ctx, 0, &msg, &out);
    no_context(major, minor, "gss_get_mic");
    minor = 0;
    major = gss_verify_mic(&minor, ctx, &msg, &msg, &qop);
    no_context(major, minor, "gss_verify_mic");
    minor = 0;
    major = gss_wrap(&minor, ctx, 1, 0, &msg, &conf, &out);
    no_context(major, minor, "gss_wrap");
    minor = 0;
    major = gss_unwrap(&minor, ctx, &msg, &out, &conf, &qop);
    no_context(major, minor, "gss_unwrap");
    minor = 0;
    major = gss_wrap_size_limit(&minor, ctx, 1, 0, 1000, &num);
    no_context(major, minor, "gss_wrap_size_limit");
    iov_calls(ctx);
    minor = 0;
    major = gss_pseudo_random(&minor, ctx, GSS_C_PRF_KEY_PARTIAL, &msg, 16,
			      &out);
    no_context(major, minor, "gss_pseudo_random, partial key");
    minor = 0;
    major = gss_pseudo_random(&minor, ctx, GSS_C_PRF_KEY_FULL, &msg, 16, &out);
    no_context(major, minor, "gss_pseudo_random, full key");
    minor = 0;
    major = gss_context_time(&minor, ctx, &num);
    no_context(major, minor, "gss_context_time");

    by_oid(ctx, &session_key, "session key");
    by_oid(ctx, GSS_KRB5_GET_SUBKEY_X, "subkey");
    by_oid(ctx, GSS_KRB5_GET_INITIATOR_SUBKEY_X, "initiator's subkey");
    by_oid(ctx, GSS_KRB5_GET_ACCEPTOR_SUBKEY_X, "acceptor's subkey");
    by_oid(ctx, GSS_KRB5_GET_SERVICE_KEYBLOCK_X, "service key");
    by_oid(ctx, GSS_KRB5_GET_TKT_FLAGS_X, "ticket flags");
    by_oid(ctx, GSS_KRB5_GET_AUTHTIME_X, "authtime");
    minor = 0;
    major = gss_krb5_export_lucid_sec_context(&minor, &ctx, 1, &lucid);
    check(GSS_ERROR(major), "%s: lucid export: %08x", who, (unsigned)major);
}

/*
 * Everything that a half-open context has to refuse, the context unharmed.
 */
static void
half_open(gss_ctx_id_t *ctx, int local)
{
    gss_buffer_desc token;
    OM_uint32 major, minor = 0, lifetime, flags;
    gss_name_t source, target;
    gss_OID mech;
    int locally, opened = 1;

    message_calls(*ctx);

    major = gss_export_sec_context(&minor, ctx, &token);
    no_context(major, minor, "gss_export_sec_context");
    check(*ctx != GSS_C_NO_CONTEXT && token.length == 0,
	  "%s: the context is still there", who);

    major = gss_inquire_context(&minor, *ctx, &source, &target, &lifetime,
				&mech, &flags, &locally, &opened);
    check(major == GSS_S_COMPLETE && !opened, "%s: inquire: %08x/%d, open %d",
	  who, (unsigned)major, (int)minor, opened);
    check((flags & GSS_C_PROT_READY_FLAG) == 0, "%s: not PROT_READY", who);
    if (local)
	check(locally != 0, "%s: locally initiated", who);
    gss_release_name(&minor, &source);
    gss_release_name(&minor, &target);
    major = gss_inquire_context(&minor, *ctx, NULL, NULL, NULL, NULL, NULL,
				NULL, NULL);
    check(major == GSS_S_COMPLETE, "%s: inquire nothing", who);
}

static void
whole(gss_ctx_id_t ctx, const char *what)
{
    OM_uint32 major, minor, flags;
    gss_name_t source, target;
    int opened = 0;

    major = gss_inquire_context(&minor, ctx, &source, &target, NULL, NULL,
				&flags, NULL, &opened);
    check(major == GSS_S_COMPLETE && opened == 1 &&
	  source != GSS_C_NO_NAME && target != GSS_C_NO_NAME,
	  "%s is open and has names: %08x", what, (unsigned)major);
    gss_release_name(&minor, &source);
    gss_release_name(&minor, &target);
}

static void
test_mutual(struct gss_pair *pair)
{
    gss_buffer_desc token, answer;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = call_init(pair, CALL_FLAGS, NULL, NULL, &token, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "first call");
    who = "initiator";
    half_open(&pair->initiator, 1);

    major = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    gss_release_buffer(&minor, &token);
    call_want(major, GSS_S_COMPLETE, minor, "gss_accept_sec_context");
    half_open(&pair->initiator, 1);
    major = call_init(pair, CALL_FLAGS, NULL, &answer, &token, NULL, &minor);
    gss_release_buffer(&minor, &answer);
    check(major == GSS_S_COMPLETE && call_both_work(pair),
	  "the exchange goes on, the context works: %08x", (unsigned)major);
    whole(pair->initiator, "the initiator");
    whole(pair->acceptor, "the acceptor");
}

static void
test_dce(struct gss_pair *pair)
{
    gss_buffer_desc token, answer;
    OM_uint32 major, minor, flags = CALL_FLAGS | GSS_C_DCE_STYLE;

    pair_disconnect(pair);
    major = call_init(pair, flags, NULL, NULL, &token, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "first call");
    who = "DCE initiator";
    half_open(&pair->initiator, 1);
    major = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "gss_accept_sec_context");
    gss_release_buffer(&minor, &token);
    who = "DCE acceptor";
    half_open(&pair->acceptor, 0);

    major = call_init(pair, flags, NULL, &answer, &token, NULL, &minor);
    call_want(major, GSS_S_COMPLETE, minor, "second call");
    gss_release_buffer(&minor, &answer);
    who = "DCE acceptor of a complete initiator";
    half_open(&pair->acceptor, 0);
    major = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    gss_release_buffer(&minor, &token);
    gss_release_buffer(&minor, &answer);
    check(major == GSS_S_COMPLETE && call_both_work(pair),
	  "the exchange goes on, the context works: %08x", (unsigned)major);
}

/*
 * An acceptor that has answered with an error has neither names nor keys.
 */
static void
test_skew(struct gss_pair *pair)
{
    gss_buffer_desc token, answer;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = call_init(pair, CALL_FLAGS, NULL, NULL, &token, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "first call");
    gsskrb5_set_time_offset(1200);
    major = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    gsskrb5_set_time_offset(0);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "gss_accept_sec_context");
    gss_release_buffer(&minor, &answer);
    who = "acceptor after an error";
    half_open(&pair->acceptor, 0);

    major = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    check(major == GSS_S_COMPLETE, "the acceptor completes: %08x/%d",
	  (unsigned)major, (int)minor);
    gss_release_buffer(&minor, &token);
    major = call_init(pair, CALL_FLAGS, NULL, &answer, &token, NULL, &minor);
    gss_release_buffer(&minor, &answer);
    check(major == GSS_S_COMPLETE && call_both_work(pair),
	  "and the context works: %08x", (unsigned)major);
}

static void
test_enctype(krb5_enctype enctype)
{
    struct gss_pair pair;

    printf("enctype %d\n", (int)enctype);
    pair_init(&pair, enctype);
    call_connect(&pair, CALL_FLAGS);
    check(call_both_work(&pair), "a good exchange works");
    test_mutual(&pair);
    test_dce(&pair);
    test_skew(&pair);
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    pair_write_config(PAIR_TWO_TOKENS);
    test_enctype(ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_enctype(ETYPE_ARCFOUR_HMAC_MD5);
    return check_done();
}
