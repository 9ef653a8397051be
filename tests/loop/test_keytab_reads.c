/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Reading a FILE keytab takes a few system calls and not some for each entry;
 * each entry is found, also while another is added, and a file that is cut
 * anywhere has the entries in front of the cut.  Keytabs made octet by octet
 * have the entries that are said here, whatever is wrong with them.  Linked
 * with --wrap=read.
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
static int failing;		/* this read fails, */
static int failing_with;	/* with this */

ssize_t
__wrap_read(int fd, void *buf, size_t len)
{
    if (++reads == failing) {
	errno = failing_with;
	return -1;
    }
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

static uint32_t first_flags;	/* of the first entry */

static int
count(krb5_context context, krb5_keytab keytab)
{
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    int n = 0;

    if (krb5_kt_start_seq_get(context, keytab, &cursor))
	return -1;
    while (krb5_kt_next_entry(context, keytab, &entry, &cursor) == 0) {
	if (n++ == 0)
	    first_flags = entry.flags;
	krb5_kt_free_entry(context, &entry);
    }
    krb5_kt_end_seq_get(context, keytab, &cursor);
    return n;
}

/*
 * Each read fails in turn: the error is told, and is not the keytab's end.
 * One that was interrupted is done again.
 */
static void
test_failing(krb5_context context, krb5_keytab keytab)
{
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_error_code ret;
    int total, n, most;

    reads = 0;
    most = count(context, keytab);
    total = reads;
    check(most > 0 && total > 2, "%d entries in %d reads", most, total);
    for (failing = 1; failing <= total; failing++) {
	failing_with = EIO;
	reads = n = 0;
	ret = krb5_kt_start_seq_get(context, keytab, &cursor);
	if (ret == 0) {
	    while ((ret = krb5_kt_next_entry(context, keytab, &entry,
					     &cursor)) == 0) {
		krb5_kt_free_entry(context, &entry);
		n++;
	    }
	    krb5_kt_end_seq_get(context, keytab, &cursor);
	}
	/* what is read first is read again in the old way */
	check(failing == 1 ? ret == KRB5_KT_END && n == most :
	      ret == EIO && n < most + (failing == total),
	      "read %d of %d: %d, %d entries", failing, total, (int)ret, n);
	failing_with = EINTR;
	reads = 0;
	check(count(context, keytab) == most, "and interrupted");
    }
    failing = 0;
    check(count(context, keytab) == most, "and without");
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

/* ---- octet by octet --------------------------------------------------- */

struct octets {
    unsigned char buf[1200000];
    size_t len;
};

static void
put(struct octets *o, const void *data, size_t len)
{
    if (len > sizeof(o->buf) - o->len)
	errx(1, "too many octets");
    memcpy(o->buf + o->len, data, len);
    o->len += len;
}

static void
put_number(struct octets *o, size_t octets, uint32_t number)
{
    unsigned char c;

    while (octets-- > 0) {
	c = (number >> (octets * 8)) & 0xff;
	put(o, &c, 1);
    }
}

/*
 * How a record is made; what is left 0 is as it should be.
 */
struct record {
    const char *what;
    const char *name;		/* the one component; the realm is TEST */
    int vno8, vno32;
    int parts;			/* behind the key: 0 two, 1 one, -1 none */
    int length;			/* what the record says, when not its own */
    int components;
    int realm_length, key_length, name_length;
    int without_octets;		/* the realm, or the name, that has a length */
    size_t longer;		/* octets behind all parts make it so long */
    size_t cut;			/* it ends behind so many */
    int entries;		/* counted, of this and a good one behind it */
    unsigned vno;
};

static void
put_record(struct octets *o, const struct record *r)
{
    struct octets *body = calloc(1, sizeof(*body));
    const char *name = r->name ? r->name : "user";

    if (body == NULL)
	err(1, "calloc");
    put_number(body, 2, r->components ? r->components : 1);
    put_number(body, 2, r->realm_length ? r->realm_length : 4);
    if (!r->without_octets || !r->realm_length)
	put(body, "TEST", 4);
    put_number(body, 2, r->name_length ? (size_t)r->name_length :
	       strlen(name));
    if (!r->without_octets || !r->name_length)
	put(body, name, strlen(name));
    put_number(body, 4, KRB5_NT_PRINCIPAL);
    put_number(body, 4, 1);
    put_number(body, 1, r->vno8 ? r->vno8 : 1);
    put_number(body, 2, ETYPE_AES128_CTS_HMAC_SHA1_96);
    put_number(body, 2, r->key_length ? r->key_length : 16);
    put(body, "0123456789abcdef", 16);
    if (r->parts >= 0)
	put_number(body, 4, r->vno32);
    if (r->parts == 0)
	put_number(body, 4, 7);
    if (r->longer > body->len)
	body->len = r->longer;
    if (r->cut)
	body->len = r->cut;
    put_number(o, 4, r->length ? (uint32_t)r->length : body->len);
    put(o, body->buf, body->len);
    free(body);
}

static void
write_octets(const char *path, const struct octets *o, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, o->buf, len) != (ssize_t)len || close(fd))
	err(1, "%s", path);
}

static const struct record records[] = {
    { .what = "a good one", .entries = 2, .vno = 1 },
    { .what = "version in 8 bits", .vno8 = 200, .parts = -1, .entries = 2,
      .vno = 200 },
    { .what = "version in 32 bits", .vno8 = 1, .vno32 = 257, .entries = 2,
      .vno = 257 },
    { .what = "no flags", .vno8 = 3, .vno32 = 3, .parts = 1, .entries = 2,
      .vno = 3 },
    { .what = "longer than a block", .name = NULL, .entries = 2, .vno = 1 },
    { .what = "0 long", .length = -1, .entries = 0 },
    { .what = "longer than the file", .length = 1000000, .entries = 0 },
    { .what = "2 GiB long", .length = 0x7fffffff, .entries = 0 },
    { .what = "a hole over all", .length = -1000000, .entries = 0 },
    { .what = "a hole of 2 GiB", .length = INT32_MIN, .entries = 0 },
    { .what = "too many components", .components = 2, .entries = 0 },
    { .what = "65535 components", .components = 65535, .entries = 0 },
    { .what = "a realm too long", .realm_length = 65535, .entries = 0 },
    { .what = "a key too long", .key_length = 17 + 8, .entries = 0 },
    { .what = "a key of 65535", .key_length = 65535, .entries = 0 },
    { .what = "a name too long", .name_length = 65535, .entries = 0 },
    { .what = "a realm of no octets", .realm_length = 65535,
      .without_octets = 1, .entries = 0 },
    { .what = "a name of no octets", .name_length = 65535,
      .without_octets = 1, .entries = 0 },
    { .what = "no version", .cut = 22, .entries = 0 },
    { .what = "no enctype", .cut = 23, .entries = 0 },
    { .what = "half of one", .cut = 24, .entries = 0 },
    { .what = "no key", .cut = 25, .entries = 0 },
    { .what = "half of its length", .cut = 26, .entries = 0 },
    { .what = "a MiB long", .longer = 1024 * 1024, .entries = 2, .vno = 1 },
    { .what = "an octet longer than that", .longer = 1024 * 1024 + 1,
      .entries = 0 },
};

static int
find(krb5_context context, krb5_keytab keytab, const char *name, unsigned vno)
{
    krb5_keytab_entry entry;
    krb5_principal principal;
    krb5_error_code ret;

    must(krb5_parse_name_flags(context, name, strchr(name, '@') ? 0 :
			       KRB5_PRINCIPAL_PARSE_NO_REALM, &principal),
	 name);
    if (strchr(name, '@') == NULL)
	must(krb5_principal_set_realm(context, principal, ""), "realm");
    ret = krb5_kt_get_entry(context, keytab, principal, vno, 0, &entry);
    krb5_free_principal(context, principal);
    if (ret)
	return 0;
    ret = entry.vno == vno || vno == 0;
    krb5_kt_free_entry(context, &entry);
    return ret;
}

static void
test_records(krb5_context context, krb5_keytab keytab, const char *path)
{
    static const struct record good = { .name = "good" };
    struct octets *o = calloc(1, sizeof(*o));
    struct record r;
    char *longer = malloc(30001);
    size_t i;

    if (o == NULL || longer == NULL)
	err(1, "malloc");
    memset(longer, 'x', 30000);
    longer[30000] = '\0';
    for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
	r = records[i];
	if (strcmp(r.what, "longer than a block") == 0)
	    r.name = longer;
	o->len = 0;
	put(o, "\5\2", 2);
	if (r.length == -1) {
	    put_number(o, 4, 0);
	    r.length = 0;
	}
	put_record(o, &r);
	put_record(o, &good);
	write_octets(path, o, o->len);
	check(count(context, keytab) == r.entries, "%s: %d entries", r.what,
	      count(context, keytab));
	if (r.entries == 2)
	    check(find(context, keytab, "good@TEST", 1),
		  "%s: the one behind it", r.what);
	if (strcmp(r.what, "0 long") == 0)
	    check(!find(context, keytab, "good@TEST", 1),
		  "%s: nothing is behind it", r.what);
	if (r.vno && r.name == NULL)
	    check(find(context, keytab, "user@TEST", r.vno) &&
		  find(context, keytab, "user", r.vno), "%s: found", r.what);
	if (r.entries == 2)
	    check(first_flags == (r.parts == 0 ? 7 : 0), "%s: flags %u",
		  r.what, (unsigned)first_flags);
    }
    free(longer);
    free(o);
}

/*
 * A hole between two entries, and names that begin alike.
 */
static void
test_names(krb5_context context, krb5_keytab keytab, const char *path)
{
    static const char *const names[] = { "h10", "h1", "h", "h100" };
    struct octets *o = calloc(1, sizeof(*o));
    struct record r;
    size_t i;

    if (o == NULL)
	err(1, "calloc");
    put(o, "\5\2", 2);
    for (i = 0; i < 4; i++) {
	memset(&r, 0, sizeof(r));
	r.name = names[i];
	r.vno8 = r.vno32 = i + 1;
	put_record(o, &r);
	put_number(o, 4, (uint32_t)-20000);
	o->len += 20000;
    }
    write_octets(path, o, o->len);
    check(count(context, keytab) == 4, "four between holes");
    check(find(context, keytab, "h10@TEST", 1) &&
	  find(context, keytab, "h1@TEST", 2) &&
	  find(context, keytab, "h@TEST", 3) &&
	  find(context, keytab, "h100@TEST", 4), "each under its own name");
    check(!find(context, keytab, "h1@TEST", 1) &&
	  !find(context, keytab, "h1@TES", 0) &&
	  !find(context, keytab, "h1/h1@TEST", 0) &&
	  !find(context, keytab, "h1000@TEST", 0), "and under no other");
    free(o);
}

/*
 * Octets changed one after the other: nothing crashes, the lock is free
 * afterwards, and the good keytab reads as before.
 */
static void
test_changed(krb5_context context, krb5_keytab keytab, const char *path)
{
    static const unsigned char changes[] = { 0x01, 0x80, 0xff };
    struct octets *o = calloc(1, sizeof(*o));
    struct record r;
    size_t at, c, most = 0;
    int n;

    if (o == NULL)
	err(1, "calloc");
    memset(&r, 0, sizeof(r));
    put(o, "\5\2", 2);
    put_record(o, &r);
    put_record(o, &r);
    for (at = 0; at < o->len; at++) {
	for (c = 0; c < sizeof(changes); c++) {
	    o->buf[at] ^= changes[c];
	    write_octets(path, o, o->len);
	    n = count(context, keytab);
	    if (n > 0 && (size_t)n > most)
		most = n;
	    (void)find(context, keytab, "user@TEST", 1);
	    o->buf[at] ^= changes[c];
	}
    }
    o->buf[0] = 4;
    write_octets(path, o, o->len);
    check(count(context, keytab) == -1 &&
	  !find(context, keytab, "user@TEST", 1), "another first octet");
    o->buf[0] = 5;
    check(most == 2, "changed octets: at most %d entries", (int)most);
    write_octets(path, o, o->len);
    check(count(context, keytab) == 2 && find(context, keytab, "user@TEST", 1),
	  "the good one afterwards");
    free(o);
}

/*
 * The old format, which is read in another way.
 */
static void
test_old(krb5_context context, krb5_keytab keytab, const char *path)
{
    static const struct octets head = { "\5\1", 2 };
    krb5_keytab_entry entry;
    int n, bad = 0;

    write_octets(path, &head, head.len);
    for (n = 0; n < 3; n++) {
	make_entry(context, n, &entry);
	must(krb5_kt_add_entry(context, keytab, &entry), "krb5_kt_add_entry");
	krb5_kt_free_entry(context, &entry);
    }
    for (n = 0; n < 3; n++)
	bad += look_up(context, keytab, n) != 0;
    check(bad == 0 && count(context, keytab) == 3 &&
	  look_up(context, keytab, 3) == KRB5_KT_NOTFOUND, "an old keytab");
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
    test_failing(context, keytab);
    test_cut(context, keytab, path);
    test_records(context, keytab, path);
    test_names(context, keytab, path);
    test_changed(context, keytab, path);
    test_old(context, keytab, path);

    unlink(path);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
    return check_done();
}
