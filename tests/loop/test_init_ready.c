/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gss_init_sec_context() called once too often, because the peer sent a token
 * more or because the caller lost count: GSS_S_BAD_STATUS, and the
 * established context works as before.
 *
 * REQ: GL-20, GL-38
 */

#include "gss_call.h"
#include "sec_test.h"

static void
call_again(struct gss_pair *pair, const char *p, size_t len, const char *what)
{
    gss_buffer_desc in, out;
    OM_uint32 major, minor, ret_flags;

    in.value = rk_UNCONST(p);
    in.length = len;
    major = call_init(pair, CALL_FLAGS, NULL, &in, &out, &ret_flags, &minor);
    check(major == GSS_S_BAD_STATUS && minor == EINVAL && out.length == 0,
	  "%s: %08x/%d", what, (unsigned)major, (int)minor);
    check(pair->initiator != GSS_C_NO_CONTEXT && call_both_work(pair),
	  "  the context still works");
    gss_release_buffer(&minor, &out);
}

static void
call_again_all(struct gss_pair *pair)
{
    gss_buffer_desc error;
    OM_uint32 minor;

    call_again(pair, "garbage", 7, "garbage");
    call_forge_error(pair, KRB5KRB_AP_ERR_SKEW, 1200, &error);
    call_again(pair, error.value, error.length, "a forged error");
    gss_release_buffer(&minor, &error);
}

static void
test(struct gss_pair *pair, OM_uint32 flags, const char *what)
{
    call_connect(pair, flags);
    check(call_both_work(pair), "%s: a good exchange works", what);
    call_again_all(pair);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test(&pair, CALL_FLAGS, "mutual");
    test(&pair, CALL_FLAGS & ~(GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG |
			       GSS_C_REPLAY_FLAG), "not mutual");
    test(&pair, CALL_FLAGS | GSS_C_DCE_STYLE, "DCE_STYLE");
    pair_free(&pair);
    return check_done();
}
