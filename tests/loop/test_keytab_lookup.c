/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Looking up a principal in a FILE keytab allocates nothing for the entries of
 * others.  Linked with --wrap=malloc and --wrap=calloc.
 */

#include <config.h>
#include <fcntl.h>
#include <roken.h>
#include <krb5.h>

#include "sec_test.h"

#define ENTRIES 200

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static int allocations;

void *
__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

static void
must(krb5_error_code ret, const char *what)
{
    if (ret)
	errx(1, "%s: %d", what, (int)ret);
}

static krb5_principal
make_name(krb5_context context, int n)
{
    krb5_principal principal;
    char name[64];

    snprintf(name, sizeof(name), "host/h%d.test@TEST", n);
    must(krb5_parse_name(context, name, &principal), name);
    return principal;
}

static krb5_error_code
look_up(krb5_context context, krb5_keytab keytab, int n)
{
    krb5_principal principal = make_name(context, n);
    krb5_keytab_entry found;
    krb5_error_code ret;

    allocations = 0;
    ret = krb5_kt_get_entry(context, keytab, principal, 1, 0, &found);
    if (ret == 0) {
	if (!krb5_principal_compare(context, principal, found.principal))
	    errx(1, "another entry is found");
	krb5_kt_free_entry(context, &found);
    }
    krb5_free_principal(context, principal);
    return ret;
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_keytab_entry entry;
    krb5_keytab keytab;
    char path[] = "keytab_lookup.XXXXXX", name[64];
    int fd, i;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    must(krb5_init_context(&context), "krb5_init_context");
    fd = mkstemp(path);
    if (fd < 0)
	err(1, "%s", path);
    close(fd);
    unlink(path);
    snprintf(name, sizeof(name), "FILE:%s", path);
    must(krb5_kt_resolve(context, name, &keytab), name);
    for (i = 0; i < ENTRIES; i++) {
	memset(&entry, 0, sizeof(entry));
	entry.principal = make_name(context, i);
	entry.vno = 1;
	must(krb5_generate_random_keyblock(context,
	     ETYPE_AES128_CTS_HMAC_SHA1_96, &entry.keyblock), "key");
	must(krb5_kt_add_entry(context, keytab, &entry), "krb5_kt_add_entry");
	krb5_kt_free_entry(context, &entry);
    }

    check(look_up(context, keytab, ENTRIES) == KRB5_KT_NOTFOUND &&
	  allocations < ENTRIES,
	  "not found with %d allocations", allocations);
    check(look_up(context, keytab, ENTRIES - 1) == 0 && allocations < ENTRIES,
	  "the last is found with %d allocations", allocations);
    check(look_up(context, keytab, 0) == 0, "and the first");

    unlink(path);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
    return check_done();
}
