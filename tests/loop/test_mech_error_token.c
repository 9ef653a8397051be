/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A token that comes with an error of the initiator reaches the caller, who
 * releases it; and what a mechanism leaves behind when it fails is deleted.
 */

#include "fake_mech.h"

static void
release(gss_buffer_t token)
{
    OM_uint32 minor;

    gss_release_buffer(&minor, token);
}

/* REQ: GL-09, GL-34 */
static void
test_first_call(int out, size_t len, const char *what)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_buffer_desc token;
    OM_uint32 major;

    major = fake_initiate(&ctx, GSS_S_FAILURE, out, &token);
    check(major == GSS_S_FAILURE && ctx == GSS_C_NO_CONTEXT,
	  "first call, %s: %08x and no context", what, (unsigned)major);
    check(token.length == len && (len == 0) == (token.value == NULL),
	  "first call, %s: a token of %d octets", what, (int)len);
    release(&token);
    fake_check_alive(what);
}

/* REQ: GL-09, GL-34 */
static void
test_second_call(int out, size_t len, const char *what)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_buffer_desc token;
    OM_uint32 major, minor;

    major = fake_initiate(&ctx, GSS_S_CONTINUE_NEEDED, FAKE_TOKEN, &token);
    check(major == GSS_S_CONTINUE_NEEDED && token.length == 4,
	  "second call, %s: the first one goes well", what);
    release(&token);
    major = fake_initiate(&ctx, GSS_S_DEFECTIVE_TOKEN, out, &token);
    check(major == GSS_S_DEFECTIVE_TOKEN && token.length == len,
	  "second call, %s: %08x and a token of %d octets", what,
	  (unsigned)major, (int)len);
    release(&token);
    release(&token);		/* twice is once */
    check(gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER) ==
	  GSS_S_COMPLETE && ctx == GSS_C_NO_CONTEXT,
	  "second call, %s: what is left can be deleted", what);
    fake_check_alive(what);
}

/*
 * REQ: GL-33
 * Supplementary bits alone are an error of these calls (RFC 2744 5.1 and
 * 5.19 have them fatal), whatever GSS_ERROR() says.
 */
static void
test_supplementary(OM_uint32 bits)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_buffer_desc token;
    OM_uint32 major;

    major = fake_initiate(&ctx, bits, FAKE_TOKEN, &token);
    check(major == bits && ctx == GSS_C_NO_CONTEXT && token.length == 4,
	  "status %08x is not success of an initiator", (unsigned)bits);
    release(&token);
    major = fake_accept(&ctx, bits, FAKE_TOKEN, NULL, &token, NULL, NULL);
    check(major == bits && ctx == GSS_C_NO_CONTEXT && token.length == 4,
	  "status %08x is not success of an acceptor", (unsigned)bits);
    release(&token);
    fake_check_alive("supplementary bits");
}

int
main(int argc, char **argv)
{
    gss_ctx_id_t ctx;
    OM_uint32 minor;

    fake_register();

    test_first_call(FAKE_TOKEN | FAKE_DROP, 4, "token");
    test_first_call(FAKE_DROP, 0, "no token");
    test_first_call(FAKE_TOKEN, 4, "token, context left behind");
    test_first_call(0, 0, "no token, context left behind");
    test_second_call(FAKE_TOKEN | FAKE_DROP, 4, "token");
    test_second_call(FAKE_DROP, 0, "no token");
    test_second_call(FAKE_TOKEN, 4, "token, context left behind");

    test_supplementary(GSS_S_OLD_TOKEN);
    test_supplementary(GSS_S_DUPLICATE_TOKEN);
    test_supplementary(GSS_S_CONTINUE_NEEDED | GSS_S_OLD_TOKEN);

    ctx = fake_connect(1);
    check(fake_use_context(ctx) == GSS_S_COMPLETE,
	  "a good exchange still completes");
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive("at the end");
    return check_done();
}
