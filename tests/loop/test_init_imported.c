/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gss_init_sec_context() on a context that was imported: it is as established
 * as the one that was exported, and so is that of an acceptor.
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
export_import(gss_ctx_id_t *ctx)
{
    gss_buffer_desc token;
    OM_uint32 major, minor;

    major = gss_export_sec_context(&minor, ctx, &token);
    pair_gss(major, minor, "gss_export_sec_context");
    major = gss_import_sec_context(&minor, &token, ctx);
    pair_gss(major, minor, "gss_import_sec_context");
    gss_release_buffer(&minor, &token);
}

static void
test(struct gss_pair *pair, OM_uint32 flags, const char *what)
{
    call_connect(pair, flags);
    export_import(&pair->initiator);
    check(call_both_work(pair), "%s: works when exported and imported", what);
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
