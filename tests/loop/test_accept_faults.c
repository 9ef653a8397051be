/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The acceptor fails when the AP-REQ was good: it survives that, and gives out
 * no AP-REP, which would tell the initiator that there is a context.
 *
 * REQ: GL-18
 */

#define _GNU_SOURCE 1
#include <dlfcn.h>
#include "gss_pair.h"
#include "mech_call.h"
#include "ap_req.h"
#include "sec_test.h"

static int no_result;

/*
 * In the place of libkrb5's, which it calls unless it is to fail, and with it
 * everything that is taken from a result.
 */
krb5_error_code KRB5_LIB_CALL
krb5_rd_req_out_get_ap_req_options(krb5_context context,
				   krb5_rd_req_out_ctx out,
				   krb5_flags *ap_options)
{
    static krb5_error_code (KRB5_LIB_CALL *next)(krb5_context,
	krb5_rd_req_out_ctx, krb5_flags *);
    static const char name[] = "krb5_rd_req_out_get_ap_req_options";

    if (no_result)
	return ENOMEM;
    if (next == NULL)
	*(void **)&next = dlsym(RTLD_NEXT, name);
    if (next == NULL)
	errx(1, "libkrb5 has no %s", name);
    return next(context, out, ap_options);
}

/*
 * Whether the token is none, or an error token.
 */
static int
is_no_ap_rep(gss_buffer_t token)
{
    gss_buffer_desc inner;
    OM_uint32 major, minor;
    int ok;

    if (token->length == 0)
	return 1;
    major = gss_decapsulate_token(token, GSS_KRB5_MECHANISM, &inner);
    if (major != GSS_S_COMPLETE)
	return 0;
    ok = inner.length > 2 && ((char *)inner.value)[0] == 3;
    gss_release_buffer(&minor, &inner);
    return ok;
}

static void
test_delegated_garbage(struct gss_pair *pair, struct mech_call *call)
{
    struct ap_req req;
    gss_buffer_desc token;
    OM_uint32 minor;

    ap_req_init(&req);
    req.flags |= GSS_C_DELEG_FLAG;
    req.deleg.data = rk_UNCONST("not a KRB-CRED");
    req.deleg.length = 14;
    ap_req_make(pair, &req, &token);
    mech_free(call);
    mech_accept(call, &token);
    gss_release_buffer(&minor, &token);
    check(call->major == GSS_S_FAILURE && call->ctx == GSS_C_NO_CONTEXT,
	  "a delegated credential that is none is a failure (%08x/%d)",
	  (unsigned)call->major, (int)call->minor);
    check(is_no_ap_rep(&call->out), "and comes with no AP-REP");
}

static void
test_no_result(struct gss_pair *pair, struct mech_call *call)
{
    struct ap_req req;
    gss_buffer_desc token;
    OM_uint32 minor;

    ap_req_init(&req);
    ap_req_make(pair, &req, &token);
    mech_free(call);
    no_result = 1;
    mech_accept(call, &token);
    no_result = 0;
    check(call->major == GSS_S_FAILURE && call->minor == ENOMEM &&
	  call->ctx == GSS_C_NO_CONTEXT,
	  "a result that cannot be taken is a failure (%08x/%d)",
	  (unsigned)call->major, (int)call->minor);
    mech_accept(call, &token);
    gss_release_buffer(&minor, &token);
    check(call->major == GSS_S_COMPLETE, "a good token is accepted "
	  "afterwards (%08x)", (unsigned)call->major);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    struct mech_call call;

    setprogname(argv[0]);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    mech_init(&pair, &call);
    test_delegated_garbage(&pair, &call);
    test_no_result(&pair, &call);
    mech_free(&call);
    pair_free(&pair);
    return check_done();
}
