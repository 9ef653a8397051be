/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gss_export_sec_context() frees and wipes what the mechanism exported and
 * was copied, also when there is no memory for the copy.
 */

#include "fake_mech.h"

/*
 * free() of the block that the mechanism exported looks at it: "fake".
 */
void __real_free(void *);
void __wrap_free(void *);
static int freed_exports, freed_secrets;

void
__wrap_free(void *p)
{
    if (p != NULL && p == fake_exported) {
	freed_exports++;
	if (memcmp(p, "fake", 4) == 0)
	    freed_secrets++;
	fake_exported = NULL;
    }
    __real_free(p);
}

/* REQ: GL-34 */
static void
test_good(const char *what)
{
    gss_ctx_id_t ctx = fake_connect(1);
    gss_buffer_desc out;
    OM_uint32 major, minor;

    freed_exports = freed_secrets = 0;
    major = gss_export_sec_context(&minor, &ctx, &out);
    check(major == GSS_S_COMPLETE && ctx == GSS_C_NO_CONTEXT &&
	  out.length == 2 + fake_oid.length + 4 &&
	  memcmp((char *)out.value + out.length - 4, "fake", 4) == 0,
	  "%s: exported, %d octets", what, (int)out.length);
    check(freed_exports == 1 && freed_secrets == 0,
	  "%s: the mechanism's copy was wiped and freed", what);
    check(fake.contexts == 0, "%s: the context is gone", what);
    major = gss_import_sec_context(&minor, &out, &ctx);
    check(major == GSS_S_COMPLETE && fake_use_context(ctx) == GSS_S_COMPLETE,
	  "%s: imported", what);
    gss_release_buffer(&minor, &out);
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    fake_check_alive(what);
}

/* REQ: GL-34 */
static void
test_no_memory(void)
{
    gss_ctx_id_t ctx = fake_connect(1);
    gss_buffer_desc out;
    OM_uint32 major, minor;

    freed_exports = freed_secrets = 0;
    malloc_fail = 1;
    major = gss_export_sec_context(&minor, &ctx, &out);
    check(malloc_fail == 0 && major == GSS_S_FAILURE && minor == ENOMEM &&
	  ctx == GSS_C_NO_CONTEXT && out.length == 0 && out.value == NULL,
	  "no memory: %08x/%d", (unsigned)major, (int)minor);
    malloc_fail = 0;
    check(freed_exports == 1 && freed_secrets == 0,
	  "no memory: the mechanism's copy was wiped and freed");
    fake_check_alive("no memory");
}

int
main(int argc, char **argv)
{
    fake_register();
    test_good("export");
    test_no_memory();
    test_good("again");
    return check_done();
}
