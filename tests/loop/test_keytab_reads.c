/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Reading a FILE keytab takes a few system calls and not some for each entry;
 * each entry is found, also while another is added, and a file that is cut
 * anywhere has the entries in front of the cut.  Linked with --wrap=read.
 */

#include <config.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <roken.h>
#include <krb5.h>

#include "sec_test.h"

#define ENTRIES 100

ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);

static int reads;

ssize_t
__wrap_read(int fd, void *buf, size_t len)
{
    reads++;
    return __real_read(fd, buf, len);
}

static void
must(krb5_error_code ret, const char *what)
{
    if (ret)
	errx(1, "%s: %d", what, (int)ret);
}

static void
make_entry(krb5_context context, int n, krb5_keytab_entry *entry)
{
    char name[64];

    memset(entry, 0, sizeof(*entry));
    snprintf(name, sizeof(name), "host/h%d.test@TEST", n);
    must(krb5_parse_name(context, name, &entry->principal), name);
    must(krb5_generate_random_keyblock(context,
	 ETYPE_AES128_CTS_HMAC_SHA1_96, &entry->keyblock), "key");
    entry->vno = n % 7 + 1;
}

static krb5_error_code
look_up(krb5_context context, krb5_keytab keytab, int n)
{
    krb5_keytab_entry wanted, found;
    krb5_error_code ret;

    make_entry(context, n, &wanted);
    ret = krb5_kt_get_entry(context, keytab, wanted.principal, n % 7 + 1, 0,
			    &found);
    if (ret == 0)
	krb5_kt_free_entry(context, &found);
    krb5_kt_free_entry(context, &wanted);
    return ret;
}

static int
count(krb5_context context, krb5_keytab keytab)
{
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    int n = 0;

    if (krb5_kt_start_seq_get(context, keytab, &cursor))
	return -1;
    while (krb5_kt_next_entry(context, keytab, &entry, &cursor) == 0) {
	krb5_kt_free_entry(context, &entry);
	n++;
    }
    krb5_kt_end_seq_get(context, keytab, &cursor);
    return n;
}

static void
test_cut(krb5_context context, krb5_keytab keytab, const char *path)
{
    struct stat sb;
    off_t size, each;
    int bad = 0;

    if (stat(path, &sb) < 0)
	err(1, "%s", path);
    each = (sb.st_size - 2) / (ENTRIES + 1);
    for (size = sb.st_size - 1; size >= sb.st_size - 2 * each; size--) {
	if (truncate(path, size) < 0)
	    err(1, "%s", path);
	if (count(context, keytab) > ENTRIES ||
	    count(context, keytab) < ENTRIES - 2)
	    bad++;
    }
    check(bad == 0, "%d cuts with another number of entries", bad);
    for (; size > 0; size = size / 2) {
	if (truncate(path, size) < 0)
	    err(1, "%s", path);
	(void)count(context, keytab);
    }
    truncate(path, 0);
    check(count(context, keytab) == -1, "an empty file is no keytab");
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_keytab_entry entry;
    krb5_keytab keytab;
    char path[] = "keytab_reads.XXXXXX", name[64];
    int fd, i, bad = 0;

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
	make_entry(context, i, &entry);
	must(krb5_kt_add_entry(context, keytab, &entry), "krb5_kt_add_entry");
	krb5_kt_free_entry(context, &entry);
    }

    reads = 0;
    check(look_up(context, keytab, ENTRIES) == KRB5_KT_NOTFOUND,
	  "one that is not there");
    check(reads > 0 && reads < 10, "found out in %d reads", reads);
    for (i = 0; i < ENTRIES; i++)
	if (look_up(context, keytab, i))
	    bad++;
    check(bad == 0, "%d of %d are not found", bad, ENTRIES);
    check(count(context, keytab) == ENTRIES, "all are listed");

    make_entry(context, 3, &entry);
    entry.vno = 3 % 7 + 1;
    must(krb5_kt_remove_entry(context, keytab, &entry), "remove");
    check(look_up(context, keytab, 3) == KRB5_KT_NOTFOUND, "one is removed");
    check(count(context, keytab) == ENTRIES - 1, "and the others are there");
    must(krb5_kt_add_entry(context, keytab, &entry), "add again");
    krb5_kt_free_entry(context, &entry);
    check(look_up(context, keytab, 3) == 0, "it is added in its place");
    make_entry(context, ENTRIES, &entry);
    must(krb5_kt_add_entry(context, keytab, &entry), "add one more");
    krb5_kt_free_entry(context, &entry);
    test_cut(context, keytab, path);

    unlink(path);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
    return check_done();
}
