/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * One call too many of the krb5 mechanism's gss_accept_sec_context: the
 * established context stays, whatever the token.  MIT krb5 had the same as
 * CVE-2017-11462.  The mechanism glue's half: test_mech_established.
 *
 * REQ: GL-13, GL-38
 */

#include "gss_pair.h"
#include "mech_call.h"
#include "ap_req.h"
#include "sec_test.h"

/*
 * Whether a MIC goes from the pair's initiator to the context.
 */
static int
works(struct gss_pair *pair, struct mech_call *call)
{
    gss_buffer_desc msg, mic;
    OM_uint32 major, minor;

    if (call->ctx == GSS_C_NO_CONTEXT)
	return 0;
    msg.value = rk_UNCONST("message");
    msg.length = 7;
    major = gss_get_mic(&minor, pair->initiator, 0, &msg, &mic);
    pair_gss(major, minor, "gss_get_mic");
    major = call->mech->gm_verify_mic(&minor, call->ctx, &msg, &mic, NULL);
    gss_release_buffer(&minor, &mic);
    return major == GSS_S_COMPLETE;
}

/*
 * Establish the pair's initiator and a context of the mechanism.
 */
static void
establish(struct gss_pair *pair, struct mech_call *call)
{
    gss_buffer_desc token, none;
    OM_uint32 major, minor;

    mech_free(call);
    pair_disconnect(pair);
    major = pair_initiate(pair, GSS_C_NO_BUFFER, &token, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    pair_gss(mech_accept(call, &token), call->minor, "accept");
    gss_release_buffer(&minor, &token);
    major = pair_initiate(pair, &call->out, &none, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    gss_release_buffer(&minor, &none);
}

static void
test_token(struct gss_pair *pair, struct mech_call *call, gss_buffer_t token,
	   const char *what)
{
    establish(pair, call);
    check(works(pair, call), "%s: the context is established", what);
    mech_accept(call, token);
    check(call->major == GSS_S_BAD_STATUS && call->minor == EINVAL &&
	  call->out.length == 0 && call->name == GSS_C_NO_NAME,
	  "%s: BAD_STATUS/EINVAL, no token (%08x/%d)", what,
	  (unsigned)call->major, (int)call->minor);
    check(works(pair, call), "%s: the context still works", what);
}

/*
 * An established context of the other role is not the acceptor's to delete.
 */
static void
test_initiator(struct gss_pair *pair, struct mech_call *call)
{
    struct _gss_context *ctx = (struct _gss_context *)pair->initiator;
    gss_ctx_id_t own = call->ctx;
    gss_buffer_desc garbage = { 4, rk_UNCONST("late") };

    establish(pair, call);
    own = call->ctx;
    ctx = (struct _gss_context *)pair->initiator;
    call->ctx = ctx->gc_ctx;
    mech_accept(call, &garbage);
    check(call->major == GSS_S_BAD_STATUS && call->ctx == ctx->gc_ctx,
	  "an initiator's context: BAD_STATUS (%08x)", (unsigned)call->major);
    ctx->gc_ctx = call->ctx;
    call->ctx = own;
    check(ctx->gc_ctx != GSS_C_NO_CONTEXT && works(pair, call),
	  "an initiator's context still works");
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    struct mech_call call;
    struct ap_req req;
    gss_buffer_desc empty = { 0, NULL };
    gss_buffer_desc garbage = { 4, rk_UNCONST("late") };
    gss_buffer_desc token;
    OM_uint32 minor;

    setprogname(argv[0]);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    mech_init(&pair, &call);
    ap_req_init(&req);
    ap_req_make(&pair, &req, &token);

    test_token(&pair, &call, &empty, "empty token");
    test_token(&pair, &call, &garbage, "garbage");
    test_token(&pair, &call, &token, "a good AP-REQ");
    test_token(&pair, &call, GSS_C_NO_BUFFER, "no token");
    test_initiator(&pair, &call);

    gss_release_buffer(&minor, &token);
    mech_free(&call);
    pair_free(&pair);
    return check_done();
}
