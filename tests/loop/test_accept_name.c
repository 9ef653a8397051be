/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The acceptor's source name: there at GSS_S_COMPLETE and not before, and not
 * with an error, so that nothing is lost over the calls of an exchange.
 *
 * REQ: GL-35
 */

#include "gss_pair.h"
#include "mech_call.h"
#include "ap_req.h"
#include "sec_test.h"

#define FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG)

static OM_uint32
initiate(struct gss_pair *pair, OM_uint32 flags, gss_buffer_t in,
	 gss_buffer_t out)
{
    OM_uint32 major, minor;

    major = gss_init_sec_context(&minor, pair->initiator_cred,
				 &pair->initiator, pair->target,
				 GSS_KRB5_MECHANISM, flags, 0,
				 GSS_C_NO_CHANNEL_BINDINGS, in, NULL, out,
				 NULL, NULL);
    pair_gss(major, minor, "gss_init_sec_context");
    return major;
}

/*
 * Whether the last call gave the client's name.
 */
static int
is_client(struct mech_call *call)
{
    gss_buffer_desc text;
    OM_uint32 minor;
    int ok;

    if (call->name == GSS_C_NO_NAME)
	return 0;
    if (call->mech->gm_display_name(&minor, call->name, &text, NULL))
	return 0;
    ok = text.length == strlen(PAIR_CLIENT) &&
	strncmp(text.value, PAIR_CLIENT, text.length) == 0;
    gss_release_buffer(&minor, &text);
    return ok;
}

static void
test_dce(struct gss_pair *pair, struct mech_call *call)
{
    gss_buffer_desc token;
    OM_uint32 minor;

    pair_disconnect(pair);
    mech_free(call);
    initiate(pair, FLAGS | GSS_C_DCE_STYLE, GSS_C_NO_BUFFER, &token);
    mech_accept(call, &token);
    gss_release_buffer(&minor, &token);
    check(call->major == GSS_S_CONTINUE_NEEDED && call->out.length > 0 &&
	  call->name == GSS_C_NO_NAME, "DCE_STYLE, first call: no name yet");
    initiate(pair, FLAGS | GSS_C_DCE_STYLE, &call->out, &token);
    mech_accept(call, &token);
    gss_release_buffer(&minor, &token);
    check(call->major == GSS_S_COMPLETE && is_client(call),
	  "DCE_STYLE, second call: the client's name");
}

static void
test_skew(struct gss_pair *pair, struct mech_call *call)
{
    struct ap_req req;
    gss_buffer_desc token;
    OM_uint32 minor;

    mech_free(call);
    ap_req_init(&req);
    req.skew = 3600;
    ap_req_make(pair, &req, &token);
    mech_accept(call, &token);
    gss_release_buffer(&minor, &token);
    check(call->major == GSS_S_CONTINUE_NEEDED && call->name == GSS_C_NO_NAME,
	  "clock skew: no name yet");
    req.skew = 0;
    ap_req_make(pair, &req, &token);
    mech_accept(call, &token);
    gss_release_buffer(&minor, &token);
    check(call->major == GSS_S_COMPLETE && is_client(call),
	  "the retry: the client's name");
}

/*
 * Errors behind the point where the client is known.
 */
static void
test_errors(struct gss_pair *pair, struct mech_call *call)
{
    struct ap_req req;
    gss_buffer_desc token;
    OM_uint32 minor;

    mech_free(call);
    ap_req_init(&req);
    req.flags |= GSS_C_DELEG_FLAG;
    req.deleg.data = rk_UNCONST("not a KRB-CRED");
    req.deleg.length = 14;
    ap_req_make(pair, &req, &token);
    mech_accept(call, &token);
    check(call->major == GSS_S_FAILURE && call->name == GSS_C_NO_NAME,
	  "a delegated credential that is none: no name (%08x)",
	  (unsigned)call->major);
    gss_release_buffer(&minor, &token);

    ap_req_init(&req);
    req.flags |= GSS_C_DELEG_FLAG;
    req.deleg.data = rk_UNCONST("x");
    req.deleg.length = 1;
    ap_req_make(pair, &req, &token);
    mech_accept(call, &token);
    check(GSS_ERROR(call->major) && call->name == GSS_C_NO_NAME,
	  "a truncated one: no name (%08x)", (unsigned)call->major);
    gss_release_buffer(&minor, &token);

    ap_req_init(&req);
    ap_req_make(pair, &req, &token);
    mech_accept(call, &token);
    check(call->major == GSS_S_COMPLETE && is_client(call),
	  "a good token afterwards: the client's name");
    gss_release_buffer(&minor, &token);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    struct mech_call call;

    setprogname(argv[0]);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    mech_init(&pair, &call);
    test_dce(&pair, &call);
    test_skew(&pair, &call);
    test_errors(&pair, &call);
    mech_free(&call);
    pair_free(&pair);
    return check_done();
}
