/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a token given to gss_process_context_token() may do to the context:
 * when the mechanism closes it, every call says GSS_S_NO_CONTEXT from then on,
 * and gss_delete_sec_context() is what frees it.
 */

#include "fake_mech.h"

static gss_buffer_desc token = { 4, rk_UNCONST("late") };

/* REQ: GL-28, GL-30 */
static void
test_closed(int initiator, OM_uint32 status, int no_context, const char *what)
{
    gss_ctx_id_t ctx = fake_connect(initiator);
    gss_buffer_desc out;
    OM_uint32 major, minor;
    int calls, xopen = 99;

    fake.closing = 1;
    fake.process_major = status;
    fake.no_context = no_context;
    major = gss_process_context_token(&minor, ctx, &token);
    check(major == status, "%s: %08x", what, (unsigned)major);
    fake.closing = fake.no_context = 0;
    fake.process_major = GSS_S_COMPLETE;

    check(fake.contexts == 1, "%s: not freed behind the caller's back", what);
    calls = fake.calls;
    check(fake_use_context(ctx) == GSS_S_NO_CONTEXT, "%s: get_mic", what);
    major = gss_inquire_context(&minor, ctx, NULL, NULL, NULL, NULL, NULL,
				NULL, &xopen);
    check(major == GSS_S_NO_CONTEXT && xopen == 0, "%s: inquire_context",
	  what);
    major = gss_process_context_token(&minor, ctx, &token);
    check(major == GSS_S_NO_CONTEXT, "%s: another token", what);
    major = gss_export_sec_context(&minor, &ctx, &out);
    check(major == GSS_S_NO_CONTEXT && ctx != GSS_C_NO_CONTEXT,
	  "%s: export_sec_context", what);
    if (initiator)
	major = fake_initiate(&ctx, GSS_S_COMPLETE, 0, &out);
    else
	major = fake_accept(&ctx, GSS_S_COMPLETE, 0, NULL, &out, NULL, NULL);
    check(major == GSS_S_NO_CONTEXT, "%s: it does not start again: %08x",
	  what, (unsigned)major);
    check(fake.calls == calls, "%s: the mechanism was not asked", what);

    major = gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    check(major == GSS_S_COMPLETE && ctx == GSS_C_NO_CONTEXT,
	  "%s: deleted", what);
    fake_check_alive(what);
}

/* REQ: GL-28, GL-38 */
static void
test_left_open(OM_uint32 status, const char *what)
{
    gss_ctx_id_t ctx = fake_connect(1);
    OM_uint32 major, minor;

    fake.process_major = status;
    major = gss_process_context_token(&minor, ctx, &token);
    check(major == status, "%s: %08x", what, (unsigned)major);
    fake.process_major = GSS_S_COMPLETE;
    check(fake_use_context(ctx) == GSS_S_COMPLETE,
	  "%s: the context is of use after it", what);
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive(what);
}

/*
 * Before the context is complete the mechanism's answer is all there is.
 */
static void
test_half_open(void)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_buffer_desc out;
    OM_uint32 major, minor;

    (void)fake_initiate(&ctx, GSS_S_CONTINUE_NEEDED, 0, &out);
    fake.process_major = GSS_S_NO_CONTEXT;
    major = gss_process_context_token(&minor, ctx, &token);
    check(major == GSS_S_NO_CONTEXT, "half open: %08x", (unsigned)major);
    fake.process_major = GSS_S_COMPLETE;
    major = fake_initiate(&ctx, GSS_S_COMPLETE, 0, &out);
    check(major == GSS_S_COMPLETE, "half open: the exchange goes on");
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive("half open");
}

int
main(int argc, char **argv)
{
    fake_register();
    test_closed(1, GSS_S_COMPLETE, 0, "initiator's");
    test_closed(0, GSS_S_COMPLETE, 0, "acceptor's");
    test_closed(1, GSS_S_COMPLETE, 1, "inquire says NO_CONTEXT");
    test_closed(1, GSS_S_FAILURE, 0, "closed with an error");
    test_left_open(GSS_S_COMPLETE, "good token");
    test_left_open(GSS_S_DEFECTIVE_TOKEN, "bad token");
    fake.mute = 1;
    test_left_open(GSS_S_COMPLETE, "inquire never sets open");
    fake.mute = 0;
    test_half_open();
    return check_done();
}
