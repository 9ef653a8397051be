/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What gss_accept_sec_context() hands out call by call: the initiator's name
 * and credential when the context is complete and not before, nothing with an
 * error, and nothing lost on any path.
 */

#include "fake_mech.h"

#define ALL	(FAKE_TOKEN | FAKE_NAME | FAKE_CRED)

static gss_name_t name;
static gss_cred_id_t cred;
static OM_uint32 flags;
static gss_buffer_desc token;

/*
 * One call that asks for everything.
 */
static OM_uint32
accept_all(gss_ctx_id_t *ctx, OM_uint32 major, int out)
{
    name = (gss_name_t)&name;
    cred = (gss_cred_id_t)&cred;
    flags = 0;
    return fake_accept(ctx, major, out, &name, &token, &flags, &cred);
}

static void
release_all(gss_ctx_id_t *ctx, const char *what)
{
    OM_uint32 minor;

    gss_release_name(&minor, &name);
    gss_release_cred(&minor, &cred);
    gss_release_buffer(&minor, &token);
    if (ctx)
	gss_delete_sec_context(&minor, ctx, GSS_C_NO_BUFFER);
    fake_check_alive(what);
}

/* REQ: GL-35 */
static void
test_three_calls(int last, const char *what)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    OM_uint32 major, minor;
    int i;

    for (i = 0; i < 2; i++) {
	major = accept_all(&ctx, GSS_S_CONTINUE_NEEDED, ALL);
	check(major == GSS_S_CONTINUE_NEEDED && name == GSS_C_NO_NAME &&
	      cred == GSS_C_NO_CREDENTIAL,
	      "%s, call %d: no name and no credential yet", what, i + 1);
	check(fake.names == 0, "%s, call %d: %d names alive", what, i + 1,
	      fake.names);
	check(token.length == 4, "%s, call %d: a token", what, i + 1);
	gss_release_buffer(&minor, &token);
	if (name != GSS_C_NO_NAME || cred != GSS_C_NO_CREDENTIAL) {
	    release_all(&ctx, what);
	    return;
	}
    }
    major = accept_all(&ctx, GSS_S_COMPLETE, last);
    check(major == GSS_S_COMPLETE && name != GSS_C_NO_NAME,
	  "%s, call 3: name", what);
    check((cred != GSS_C_NO_CREDENTIAL) == ((flags & GSS_C_DELEG_FLAG) != 0),
	  "%s, call 3: a credential if the flags say so", what);
    check(fake.creds == (cred != GSS_C_NO_CREDENTIAL),
	  "%s, call 3: %d credentials alive", what, fake.creds);
    release_all(&ctx, what);
}

/* REQ: GL-35, GL-34 */
static void
test_error(int calls, int out, const char *what)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    OM_uint32 major, minor;

    for (; calls > 1; calls--) {
	major = accept_all(&ctx, GSS_S_CONTINUE_NEEDED, FAKE_CRED);
	check(major == GSS_S_CONTINUE_NEEDED, "%s: first call", what);
	gss_release_buffer(&minor, &token);
    }
    major = accept_all(&ctx, GSS_S_FAILURE, out);
    check(major == GSS_S_FAILURE && name == GSS_C_NO_NAME &&
	  cred == GSS_C_NO_CREDENTIAL && ctx == GSS_C_NO_CONTEXT,
	  "%s: %08x and nothing else", what, (unsigned)major);
    check(token.length == (out & FAKE_TOKEN ? 4 : 0),
	  "%s: but the error token", what);
    release_all(&ctx, what);
}

/*
 * REQ: GL-35
 * A mechanism that does not touch src_name, and a caller who wants nothing.
 */
static void
test_unset(void)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    OM_uint32 major, minor;

    major = accept_all(&ctx, GSS_S_COMPLETE, FAKE_KEEP_NAME);
    check(major == GSS_S_COMPLETE && name == GSS_C_NO_NAME,
	  "src_name that the mechanism does not touch");
    if (name == GSS_C_NO_NAME)
	release_all(&ctx, "untouched");

    ctx = GSS_C_NO_CONTEXT;
    flags = 0;
    major = fake_accept(&ctx, GSS_S_COMPLETE, ALL, NULL, &token, &flags, NULL);
    check(major == GSS_S_COMPLETE && !(flags & GSS_C_DELEG_FLAG),
	  "nothing wanted: no delegation");
    gss_release_buffer(&minor, &token);
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive("nothing wanted");
}

/* REQ: GL-34, GL-35 */
static void
test_no_memory(void)
{
    gss_ctx_id_t ctx;
    gss_buffer_desc in, framed;
    OM_uint32 major, minor, time_rec;
    int i;

    in.value = rk_UNCONST("peer");
    in.length = 4;
    if (gss_encapsulate_token(&in, &fake_oid, &framed))
	errx(1, "gss_encapsulate_token");
    for (i = 1; i < 20; i++) {
	ctx = GSS_C_NO_CONTEXT;
	fake.step_major = GSS_S_COMPLETE;
	fake.step_out = ALL;
	malloc_fail = i;
	major = gss_accept_sec_context(&minor, &ctx, GSS_C_NO_CREDENTIAL,
				       &framed, GSS_C_NO_CHANNEL_BINDINGS,
				       &name, NULL, &token, &flags, &time_rec,
				       &cred);
	if (malloc_fail > 0)
	    break;
	check(GSS_ERROR(major) && ctx == GSS_C_NO_CONTEXT &&
	      name == GSS_C_NO_NAME && cred == GSS_C_NO_CREDENTIAL &&
	      token.length == 0,
	      "malloc %d fails: %08x and nothing else", i, (unsigned)major);
	check(fake.contexts == 0 && fake.names == 0 && fake.creds == 0,
	      "malloc %d fails: %d contexts, %d names, %d credentials left",
	      i, fake.contexts, fake.names, fake.creds);
	gss_release_buffer(&minor, &token);
	fake.contexts = fake.names = fake.creds = 0;
    }
    malloc_fail = 0;
    free(framed.value);
    check(major == GSS_S_COMPLETE && i == 6, "after %d mallocs it is well",
	  i - 1);
    release_all(&ctx, "no memory");
}

int
main(int argc, char **argv)
{
    fake_register();
    test_unset();
    test_three_calls(ALL, "credential in every call");
    test_three_calls(FAKE_TOKEN | FAKE_NAME, "no flag at the end");
    test_error(1, ALL | FAKE_DROP, "first call fails");
    test_error(1, ALL, "first call fails, context left behind");
    test_error(3, ALL | FAKE_DROP, "third call fails");
    test_error(3, 0, "third call fails, context left behind");
    test_no_memory();
    test_three_calls(ALL, "again");
    return check_done();
}
