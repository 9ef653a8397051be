/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gsskrb5_get_subkey() and its like set the key to NULL when there is none,
 * and leave nothing behind.
 */

#include "fake_mech.h"

static unsigned char key_octets[] =
    "\x00\x17\x00\x00\x00\x10" "0123456789abcdef";
static int set_count;			/* elements in the answer */
static int set_len;			/* octets in each */
static int fail_at;			/* the malloc() after the answer */

static OM_uint32 GSSAPI_CALLCONV
answer(OM_uint32 *minor, gss_const_ctx_id_t ctx, const gss_OID oid,
       gss_buffer_set_t *set)
{
    gss_buffer_desc b;
    int i;

    fake_use(ctx, &fake.contexts);
    b.value = key_octets;
    b.length = set_len;
    for (i = 0; i < set_count; i++)
	if (gss_add_buffer_set_member(minor, &b, set))
	    errx(1, "gss_add_buffer_set_member");
    *minor = 0;
    malloc_fail = fail_at;
    return GSS_S_COMPLETE;
}

static OM_uint32
get_key(gss_ctx_id_t ctx, krb5_keyblock **key)
{
    OM_uint32 minor;

    *key = (krb5_keyblock *)key_octets;	/* not NULL, and not to be freed */
    return gsskrb5_get_subkey(&minor, ctx, key);
}

static void
refuse(gss_ctx_id_t ctx, OM_uint32 want, const char *what)
{
    krb5_keyblock *key;
    OM_uint32 major;

    major = get_key(ctx, &key);
    check(major == want && key == NULL, "%s: %08x, %skey", what,
	  (unsigned)major, key ? "" : "no ");
}

int
main(int argc, char **argv)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_buffer_desc token;
    krb5_context context;
    krb5_keyblock *key;
    OM_uint32 major, minor;

    fake_register();
    __gss_get_mechanism(&fake_oid)->gm_inquire_sec_context_by_oid = answer;
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");

    /* REQ: GL-28, GL-34 */
    (void)fake_initiate(&ctx, GSS_S_CONTINUE_NEEDED, 0, &token);
    (void)fake_initiate(&ctx, GSS_S_FAILURE, FAKE_DROP, &token);
    refuse(ctx, GSS_S_NO_CONTEXT, "context that is gone");
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);

    ctx = fake_connect(1);
    set_len = 0;
    refuse(ctx, GSS_S_FAILURE, "no answer");
    set_count = 2;
    set_len = sizeof(key_octets) - 1;
    refuse(ctx, GSS_S_FAILURE, "two answers");
    set_count = 1;
    set_len = 8;
    refuse(ctx, GSS_S_FAILURE, "short answer");
    set_len = sizeof(key_octets) - 1;
    for (fail_at = 1; fail_at < 10; fail_at++) {
	major = get_key(ctx, &key);
	if (malloc_fail > 0)
	    break;
	check(major == GSS_S_FAILURE && key == NULL,
	      "malloc %d fails: %08x, %skey", fail_at, (unsigned)major,
	      key ? "" : "no ");
    }
    check(fail_at > 1, "after %d mallocs it is well", fail_at - 1);
    malloc_fail = fail_at = 0;
    check(major == GSS_S_COMPLETE && key->keytype == 23 &&
	  key->keyvalue.length == 16, "a good answer");
    krb5_free_keyblock(context, key);
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    krb5_free_context(context);
    fake_check_alive("at the end");
    return check_done();
}
