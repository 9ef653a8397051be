/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gss_inquire_context() of a context that has no names, and what is left when
 * memory is short in it.
 */

#include "fake_mech.h"
#include <gssapi/gssapi_spnego.h>

static OM_uint32
inquire(gss_ctx_id_t ctx, gss_name_t *src, gss_name_t *targ, int *xopen)
{
    OM_uint32 minor;

    return gss_inquire_context(&minor, ctx, src, targ, NULL, NULL, NULL, NULL,
			       xopen);
}

/* REQ: GL-30 */
static void
test_half_open(void)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_name_t src = (gss_name_t)&ctx, targ = src;
    gss_buffer_desc token;
    OM_uint32 major, minor;
    int xopen = 99;

    (void)fake_initiate(&ctx, GSS_S_CONTINUE_NEEDED, 0, &token);
    fake.nameless = 1;
    major = inquire(ctx, &src, &targ, &xopen);
    fake.nameless = 0;
    check(major == GSS_S_COMPLETE && xopen == 0, "half open: %08x, open %d",
	  (unsigned)major, xopen);
    check(src == GSS_C_NO_NAME && targ == GSS_C_NO_NAME,
	  "half open: no names");
    if (src == GSS_C_NO_NAME && targ == GSS_C_NO_NAME) {
	gss_release_name(&minor, &src);
	gss_release_name(&minor, &targ);
    }
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive("half open");
}

/* REQ: GL-30 */
static void
test_names(int want_src, int want_targ)
{
    gss_ctx_id_t ctx = fake_connect(1);
    gss_name_t src = GSS_C_NO_NAME, targ = GSS_C_NO_NAME;
    OM_uint32 major, minor;
    int xopen = 0;

    major = inquire(ctx, want_src ? &src : NULL, want_targ ? &targ : NULL,
		    &xopen);
    check(major == GSS_S_COMPLETE && xopen, "open, wanted %d %d", want_src,
	  want_targ);
    check((src != GSS_C_NO_NAME) == want_src &&
	  (targ != GSS_C_NO_NAME) == want_targ &&
	  fake.names == want_src + want_targ, "open: as many names as wanted");
    gss_release_name(&minor, &src);
    gss_release_name(&minor, &targ);
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive("open");
}

/*
 * REQ: GL-34
 * All that inquiring ctx allocates fails in turn, count times.
 */
static void
fail_all(gss_ctx_id_t ctx, int count, const char *what)
{
    gss_name_t src, targ;
    OM_uint32 major, minor;
    int i, before = fake.names;

    for (i = 1; i < 20; i++) {
	malloc_fail = i;
	major = inquire(ctx, &src, &targ, NULL);
	if (malloc_fail > 0)
	    break;
	check(major == GSS_S_FAILURE && src == GSS_C_NO_NAME &&
	      targ == GSS_C_NO_NAME && fake.names == before,
	      "%s, malloc %d fails: %08x, %d names left", what, i,
	      (unsigned)major, fake.names - before);
	fake.names = before;
    }
    malloc_fail = 0;
    check(i == count + 1 && major == GSS_S_COMPLETE &&
	  src != GSS_C_NO_NAME && targ != GSS_C_NO_NAME &&
	  fake.names == before + 2, "%s, after %d mallocs it is well", what,
	  i - 1);
    gss_release_name(&minor, &src);
    gss_release_name(&minor, &targ);
    check(fake.names == before, "%s: names released", what);
}

static void
test_no_memory(void)
{
    gss_ctx_id_t ctx = fake_connect(1);
    OM_uint32 minor;

    fail_all(ctx, 4, "no memory");
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive("no memory");
}

/*
 * REQ: GL-30, GL-34
 * The same under SPNEGO, which has names of its own.
 */
static void
test_spnego(void)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_name_t target, src, targ;
    gss_buffer_desc in, token;
    OM_uint32 major, minor;
    int xopen;

    in.value = rk_UNCONST("x");
    in.length = 1;
    if (gss_import_name(&minor, &in, &fake_name_type, &target))
	errx(1, "gss_import_name");
    fake.step_major = GSS_S_CONTINUE_NEEDED;
    fake.step_out = FAKE_TOKEN;
    major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &ctx, target,
				 GSS_SPNEGO_MECHANISM, 0, 0,
				 GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER,
				 NULL, &token, NULL, NULL);
    check(major == GSS_S_CONTINUE_NEEDED, "SPNEGO: first call: %08x",
	  (unsigned)major);
    gss_release_buffer(&minor, &token);
    gss_release_name(&minor, &target);

    fake.nameless = 1;
    major = inquire(ctx, &src, &targ, &xopen);
    fake.nameless = 0;
    check(major == GSS_S_COMPLETE && xopen == 0 && src == GSS_C_NO_NAME &&
	  targ == GSS_C_NO_NAME, "SPNEGO, half open: no names");
    gss_release_name(&minor, &src);
    gss_release_name(&minor, &targ);

    fail_all(ctx, 10, "SPNEGO");
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive("SPNEGO");
}

int
main(int argc, char **argv)
{
    fake_register();
    test_half_open();
    test_names(1, 1);
    test_names(1, 0);
    test_names(0, 1);
    test_names(0, 0);
    test_no_memory();
    test_spnego();
    test_names(1, 1);
    return check_done();
}
