/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * One call of gss_init_sec_context() or gss_accept_sec_context() too many does
 * not take an established context away; one that fails before takes what there
 * is of it, and the handle is good for nothing but gss_delete_sec_context().
 */

#include "fake_mech.h"

static OM_uint32
step(int initiator, gss_ctx_id_t *ctx, OM_uint32 major, int out)
{
    gss_buffer_desc token;
    OM_uint32 ret, minor;

    if (initiator)
	ret = fake_initiate(ctx, major, out, &token);
    else
	ret = fake_accept(ctx, major, out, NULL, &token, NULL, NULL);
    gss_release_buffer(&minor, &token);
    return ret;
}

/* REQ: GL-13, GL-20, GL-38 */
static void
test_one_too_many(int initiator, gss_ctx_id_t ctx, const char *what)
{
    gss_ctx_id_t was = ctx;
    OM_uint32 major, minor;
    int i;

    for (i = 0; i < 2; i++) {
	major = step(initiator, &ctx, GSS_S_BAD_STATUS, 0);
	check(major == GSS_S_BAD_STATUS && ctx == was,
	      "%s: call too many %d: %08x", what, i + 1, (unsigned)major);
	if (ctx != was)
	    return;
	check(fake_use_context(ctx) == GSS_S_COMPLETE,
	      "%s: the context is of use after it", what);
    }
    major = gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    check(major == GSS_S_COMPLETE, "%s: and can be deleted", what);
    fake_check_alive(what);
}

/*
 * REQ: GL-38
 * A mechanism that deletes an established context all the same is not helped,
 * but nothing is used after it.
 */
static void
test_dropped(int initiator, const char *what)
{
    gss_ctx_id_t ctx = fake_connect(initiator);
    OM_uint32 major, minor;

    major = step(initiator, &ctx, GSS_S_BAD_STATUS, FAKE_DROP);
    check(major == GSS_S_BAD_STATUS, "%s, dropped: %08x", what,
	  (unsigned)major);
    if (ctx != GSS_C_NO_CONTEXT) {
	major = step(initiator, &ctx, GSS_S_COMPLETE, 0);
	check(major == GSS_S_NO_CONTEXT, "%s, dropped: no context: %08x",
	      what, (unsigned)major);
    }
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive(what);
}

/*
 * REQ: GL-34
 * An error in the middle: nothing of the mechanism's is left, and no call on
 * the handle starts again.
 */
static void
test_half_open(int initiator, int out, const char *what)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    OM_uint32 major, minor;
    int calls;

    major = step(initiator, &ctx, GSS_S_CONTINUE_NEEDED, FAKE_TOKEN);
    check(major == GSS_S_CONTINUE_NEEDED && ctx != GSS_C_NO_CONTEXT,
	  "%s, half open: first call", what);
    major = step(initiator, &ctx, GSS_S_DEFECTIVE_TOKEN, out);
    check(major == GSS_S_DEFECTIVE_TOKEN && fake.contexts == 0,
	  "%s, half open: %08x, %d contexts", what, (unsigned)major,
	  fake.contexts);
    if (ctx != GSS_C_NO_CONTEXT) {
	calls = fake.calls;
	major = step(initiator, &ctx, GSS_S_COMPLETE, 0);
	check(major == GSS_S_NO_CONTEXT && fake.calls == calls,
	      "%s, half open: third call: %08x", what, (unsigned)major);
    }
    major = gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    check(major == GSS_S_COMPLETE && ctx == GSS_C_NO_CONTEXT,
	  "%s, half open: deleted", what);
    fake_check_alive(what);
}

/* REQ: GL-38 */
static void
test_imported(int initiator, const char *what)
{
    gss_ctx_id_t ctx = fake_connect(initiator);
    gss_buffer_desc token;
    OM_uint32 major, minor;

    major = gss_export_sec_context(&minor, &ctx, &token);
    if (major == GSS_S_COMPLETE)
	major = gss_import_sec_context(&minor, &token, &ctx);
    check(major == GSS_S_COMPLETE, "%s: exported and imported", what);
    gss_release_buffer(&minor, &token);
    test_one_too_many(initiator, ctx, what);
}

int
main(int argc, char **argv)
{
    fake_register();
    test_one_too_many(1, fake_connect(1), "initiator");
    test_one_too_many(0, fake_connect(0), "acceptor");
    test_imported(1, "imported, initiator");
    test_imported(0, "imported, acceptor");
    test_dropped(1, "initiator");
    test_dropped(0, "acceptor");
    test_half_open(1, FAKE_TOKEN, "initiator");
    test_half_open(0, FAKE_TOKEN, "acceptor");
    test_half_open(1, FAKE_DROP, "initiator that dropped it");
    test_half_open(0, FAKE_DROP, "acceptor that dropped it");
    test_one_too_many(1, fake_connect(1), "again, initiator");
    return check_done();
}
