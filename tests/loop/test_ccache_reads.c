/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Reading a FILE credential cache takes a few system calls and not some for
 * each number in it, however large it is; and who reads sees what he saw when
 * each credential was read from the file: those that are added, removed and
 * replaced meanwhile.  Nothing of a session key stays in memory that was given
 * back.  Linked with --wrap=free.  t_ccache_reads.py compares with the base.
 */

#include <config.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <malloc.h>
#include <roken.h>
#include <krb5.h>

#include "ccache_octets.h"
#include "count_syscalls.h"
#include "sec_test.h"

#define MANY 10000
#define BLOCK (16 * 1024)

/* ---- keys in memory that was given back ------------------------------ */

#define KEY_OCTET 0xa7
#define KEY_LENGTH 32

void __real_free(void *p);
void __wrap_free(void *p);

static int keys_left;
static unsigned char key[KEY_LENGTH];

void
__wrap_free(void *p)
{
    if (p != NULL && key[0] == KEY_OCTET &&
	memmem(p, malloc_usable_size(p), key, sizeof(key)) != NULL)
	keys_left++;
    __real_free(p);
}

/* ---- caches ---------------------------------------------------------- */

static krb5_context context;
static krb5_ccache cache;
static char path[] = "ccache_reads.XXXXXX";

static void
must(krb5_error_code ret, const char *what)
{
    if (ret)
	errx(1, "%s: %d", what, (int)ret);
}

static krb5_principal
principal(const char *text)
{
    krb5_principal p;

    must(krb5_parse_name(context, text, &p), text);
    return p;
}

static void
make_creds(int n, krb5_creds *creds)
{
    char name[64];

    memset(creds, 0, sizeof(*creds));
    snprintf(name, sizeof(name), "host/h%d.test@TEST", n);
    creds->client = principal("user@TEST");
    creds->server = principal(name);
    creds->session.keytype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    must(krb5_data_alloc(&creds->session.keyvalue, KEY_LENGTH), "key");
    memset(creds->session.keyvalue.data, KEY_OCTET, KEY_LENGTH);
    creds->times.endtime = 2000000000;
    /* of other lengths, some longer than a block */
    must(krb5_data_alloc(&creds->ticket, n % 100 == 99 ? 40000 :
			 200 + n % 7), "ticket");
    memset(creds->ticket.data, n % 251, creds->ticket.length);
}

static void
store(krb5_ccache to, int n)
{
    krb5_creds creds;

    make_creds(n, &creds);
    must(krb5_cc_store_cred(context, to, &creds), "krb5_cc_store_cred");
    krb5_free_cred_contents(context, &creds);
}

static void
fill(krb5_ccache to, int from, int count)
{
    krb5_principal user = principal("user@TEST");

    must(krb5_cc_initialize(context, to, user), "krb5_cc_initialize");
    krb5_free_principal(context, user);
    for (; count > 0; count--)
	store(to, from++);
}

/*
 * The number of a credential that make_creds() made, -1 if it is not whole.
 */
static int
number_of(const krb5_creds *creds)
{
    const unsigned char *p = creds->ticket.data;
    krb5_creds wanted;
    const char *name;
    int n, same;

    if (creds->server->name.name_string.len != 2)
	return -1;
    name = creds->server->name.name_string.val[1];
    if (sscanf(name, "h%d.test", &n) != 1)
	return -1;
    make_creds(n, &wanted);
    same = krb5_principal_compare(context, wanted.server, creds->server) &&
	krb5_data_cmp(&wanted.session.keyvalue,
		      &creds->session.keyvalue) == 0 &&
	krb5_data_cmp(&wanted.ticket, &creds->ticket) == 0 && p != NULL;
    krb5_free_cred_contents(context, &wanted);
    return same ? n : -1;
}

static krb5_error_code
find(int n, int *found)
{
    krb5_creds wanted, creds;
    krb5_error_code ret;

    make_creds(n, &wanted);
    ret = krb5_cc_retrieve_cred(context, cache, KRB5_TC_MATCH_TIMES, &wanted,
				&creds);
    krb5_free_cred_contents(context, &wanted);
    *found = -1;
    if (ret == 0) {
	*found = number_of(&creds);
	krb5_free_cred_contents(context, &creds);
    }
    return ret;
}

/*
 * The next credential's number; -2 at the end, -1 for everything else.
 */
static int
next(krb5_cc_cursor *cursor, krb5_timestamp *endtime)
{
    krb5_creds creds;
    krb5_error_code ret;
    int n;

    ret = krb5_cc_next_cred(context, cache, cursor, &creds);
    if (ret)
	return ret == KRB5_CC_END ? -2 : -1;
    n = number_of(&creds);
    if (endtime != NULL)
	*endtime = creds.times.endtime;
    krb5_free_cred_contents(context, &creds);
    return n;
}

/* ---- system calls ---------------------------------------------------- */

static void
find_in_child(void *arg)
{
    int found;

    (void)find(*(int *)arg, &found);
}

static void
list_in_child(void *arg)
{
    krb5_cc_cursor cursor;

    if (krb5_cc_start_seq_get(context, cache, &cursor))
	_exit(1);
    while (next(&cursor, NULL) >= 0)
	;
    krb5_cc_end_seq_get(context, cache, &cursor);
}

static void
principal_in_child(void *arg)
{
    krb5_principal p;

    if (krb5_cc_get_principal(context, cache, &p))
	_exit(1);
}

static void
test_syscalls(int count)
{
    struct stat sb;
    long blocks, calls;
    int last = count - 1, absent = count;

    fill(cache, 0, count);
    if (stat(path, &sb) < 0)
	err(1, "%s", path);
    blocks = sb.st_size / BLOCK + 1;
    calls = count_syscalls(principal_in_child, NULL);
    if (calls < 0) {
	printf("system calls cannot be counted here\n");
	return;
    }
    check(calls > 0 && calls <= 8, "%d credentials: %ld calls for the name",
	  count, calls);
    calls = count_syscalls(find_in_child, &last);
    check(calls > 0 && calls <= 10 + blocks,
	  "%d credentials, %ld blocks: %ld calls for the last", count, blocks,
	  calls);
    calls = count_syscalls(find_in_child, &absent);
    check(calls > 0 && calls <= 10 + blocks,
	  "%d credentials, %ld blocks: %ld calls for none", count, blocks,
	  calls);
    calls = count_syscalls(list_in_child, NULL);
    check(calls > 0 && calls <= 12 + 4 * count + 2 * blocks,
	  "%d credentials: %ld calls to list them", count, calls);
}

/* ---- who writes while another reads ---------------------------------- */

static void
test_found(int count)
{
    int i, found, bad = 0;

    for (i = 0; i < count; i += 7)
	if (find(i, &found) || found != i)
	    bad++;
    check(bad == 0, "%d of %d not found", bad, count);
    check(find(MANY, &found) == KRB5_CC_END, "one that is not there");
}

static void
test_iteration(void)
{
    krb5_cc_cursor cursor;
    krb5_timestamp endtime;
    krb5_ccache other;
    krb5_creds creds;
    char name[64];

    fill(cache, 0, 4);
    must(krb5_cc_start_seq_get(context, cache, &cursor), "start");
    check(next(&cursor, NULL) == 0, "the first");
    make_creds(2, &creds);
    must(krb5_cc_remove_cred(context, cache, 0, &creds), "remove");
    krb5_free_cred_contents(context, &creds);
    check(next(&cursor, &endtime) == 1 && endtime != 0, "the second");
    check(next(&cursor, &endtime) == 2 && endtime == 0,
	  "the third, removed since");
    store(cache, 4);
    check(next(&cursor, NULL) == 3 && next(&cursor, NULL) == 4,
	  "the fourth, and one that was added");
    check(next(&cursor, NULL) == -2, "the end");
    store(cache, 5);
    check(next(&cursor, NULL) == 5, "one that was added at the end");
    krb5_cc_end_seq_get(context, cache, &cursor);

    fill(cache, 0, 3);
    must(krb5_cc_start_seq_get(context, cache, &cursor), "start");
    check(next(&cursor, NULL) == 0, "the first");
    snprintf(name, sizeof(name), "FILE:%s.new", path);
    must(krb5_cc_resolve(context, name, &other), name);
    fill(other, 10, 3);
    must(krb5_cc_move(context, other, cache), "krb5_cc_move");
    check(next(&cursor, NULL) == 1 && next(&cursor, NULL) == 2 &&
	  next(&cursor, NULL) == -2, "replaced: the old ones to their end");
    krb5_cc_end_seq_get(context, cache, &cursor);
    must(krb5_cc_start_seq_get(context, cache, &cursor), "start");
    check(next(&cursor, NULL) == 10, "and then the new ones");
    krb5_cc_end_seq_get(context, cache, &cursor);
}

/*
 * Adds, removes and replaces, until it is ended.
 */
static void
write_on(void)
{
    char name[64];
    krb5_ccache other;
    krb5_creds creds;
    int i;

    for (i = 1; ; i++) {
	store(cache, i % 200);
	if (i % 3 == 0) {
	    make_creds((i - 1) % 200, &creds);
	    must(krb5_cc_remove_cred(context, cache, 0, &creds), "remove");
	    krb5_free_cred_contents(context, &creds);
	}
	if (i % 50 == 0) {
	    snprintf(name, sizeof(name), "FILE:%s.new", path);
	    must(krb5_cc_resolve(context, name, &other), name);
	    fill(other, i % 100, 3);
	    must(krb5_cc_move(context, other, cache), "krb5_cc_move");
	}
    }
}

static void
test_concurrent_writer(void)
{
    krb5_cc_cursor cursor;
    int i, n, found, status, torn = 0, failed = 0, read = 0, raced = 0;
    int replaced = 0;
    krb5_error_code ret;
    struct stat sb;
    ino_t last = 0;
    pid_t pid;

    fill(cache, 0, 3);
    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0)
	write_on();
    for (i = 0; replaced < 20 && i < 1000000; i++) {
	if (stat(path, &sb) == 0 && sb.st_ino != last) {
	    last = sb.st_ino;
	    replaced++;
	}
	ret = krb5_cc_start_seq_get(context, cache, &cursor);
	if (ret == 0) {
	    while ((n = next(&cursor, NULL)) >= 0)
		read++;
	    torn += n != -2;
	    krb5_cc_end_seq_get(context, cache, &cursor);
	}
	/* a file that is replaced right now may be refused */
	raced += ret == EPERM;
	failed += ret != 0 && ret != EPERM;
	ret = find(i % 200, &found);
	raced += ret == EPERM;
	failed += ret ? ret != KRB5_CC_END && ret != EPERM : found != i % 200;
    }
    check(waitpid(pid, &status, WNOHANG) == 0, "the writer is at it");
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    check(torn == 0 && failed == 0 && replaced == 20,
	  "%d read beside a writer, %d torn, %d failed, %d races lost", read,
	  torn, failed, raced);
}

/* ---- octets of every version ------------------------------------------ */

/*
 * What is there, in this order.  ~ becomes a NUL, behind which a name of C
 * ends.
 */
static const struct stored {
    const char *realm;
    int count;
    const char *server[3];
    const char *ticket;
    int things;
} stored[] = {
    { "TEST", 2, { "host", "h10.test" }, "ten", 0 },
    { "TEST", 2, { "host", "h1" }, "short", 1 },
    { "OTHER", 2, { "host", "h1.test" }, "other", 0 },
    { "TEST", 1, { "host" }, "one", 2 },
    { "TEST", 3, { "host", "h1.test", "x" }, "three", 0 },
    { "TEST", 2, { "", "" }, "empty", 0 },
    { "TEST", 0, { NULL }, "nobody", 1 },
    { "TEST", 2, { "host", "h1.test~x" }, "with NUL", 3 },
    { "TEST", 2, { "host", "h1.test" }, "last", 1 }
};
#define STORED (sizeof(stored) / sizeof(stored[0]))

static void
store_all(int version)
{
    struct octets o;
    size_t i;

    put_head(&o, version);
    for (i = 0; i < STORED; i++)
	put_creds(&o, stored[i].realm, stored[i].count, stored[i].server,
		  stored[i].ticket, stored[i].things);
    for (i = 0; i < o.len; i++)
	if (o.buf[i] == '~')
	    o.buf[i] = '\0';
    write_octets(path, &o, o.len);
}

/*
 * Whether looking for the server finds this ticket, or with NULL none.
 */
static krb5_error_code last_code;	/* that finds() has had */

static int
finds(const char *server, krb5_flags which, const char *ticket)
{
    krb5_creds wanted, creds;
    krb5_error_code ret;
    int same;

    memset(&wanted, 0, sizeof(wanted));
    if (server != NULL)
	wanted.server = principal(server);
    ret = krb5_cc_retrieve_cred(context, cache, which, &wanted, &creds);
    krb5_free_principal(context, wanted.server);
    last_code = ret;
    if (ret)
	return ticket == NULL && ret == KRB5_CC_END;
    same = ticket != NULL && creds.ticket.length == strlen(ticket) &&
	memcmp(creds.ticket.data, ticket, creds.ticket.length) == 0;
    krb5_free_cred_contents(context, &creds);
    return same;
}

static void
test_versions(void)
{
    krb5_cc_cursor cursor;
    krb5_creds creds;
    size_t n;
    int version, bad;

    for (version = 1; version <= 4; version++) {
	store_all(version);
	must(krb5_cc_start_seq_get(context, cache, &cursor), "start");
	for (n = 0, bad = 0; krb5_cc_next_cred(context, cache, &cursor,
					       &creds) == 0; n++) {
	    bad += n >= STORED || creds.ticket.length !=
		strlen(stored[n].ticket) ||
		(int)creds.addresses.len != stored[n].things ||
		(int)creds.authdata.len != stored[n].things ||
		creds.second_ticket.length != (stored[n].things ? 6 : 0) ||
		creds.times.renew_till != 2000000001;
	    krb5_free_cred_contents(context, &creds);
	}
	krb5_cc_end_seq_get(context, cache, &cursor);
	check(n == STORED && bad == 0, "version %d: %d of %d are others",
	      version, bad, (int)n);
	check(finds("host/h10.test@TEST", 0, "ten") &&
	      finds("host/h1@TEST", 0, "short") &&
	      finds("host/h1.test@OTHER", 0, "other") &&
	      finds("host@TEST", 0, "one") &&
	      finds("host/h1.test/x@TEST", 0, "three") &&
	      finds("/@TEST", 0, "empty") &&
	      finds("host/h1.test@TEST", 0, "with NUL"),
	      "each under its own name");
	check(finds("host/h2.test@TEST", 0, NULL) &&
	      finds("host/h1.test@NONE", 0, NULL) &&
	      finds("host/h@TEST", 0, NULL) && finds("x/h1@TEST", 0, NULL) &&
	      finds("host/h1.testx@TEST", 0, NULL), "and under no other");
	check(finds("host/h1.test@NONE", KRB5_TC_DONT_MATCH_REALM, "other") &&
	      finds("host/h1.test@NONE", KRB5_TC_MATCH_SRV_NAMEONLY, "other"),
	      "of any realm");
	check(finds(NULL, 0, "ten"), "of anybody");
	check(finds("host/h1@TEST", KRB5_TC_MATCH_KEYTYPE, NULL),
	      "with a key of another enctype");
    }
}

/* ---- reads that fail -------------------------------------------------- */

ssize_t __real_pread(int fd, void *buf, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t at);

static int reads;
static int failing;		/* this one fails, */
static int failing_with;	/* with this */

ssize_t
__wrap_pread(int fd, void *buf, size_t len, off_t at)
{
    if (++reads == failing) {
	errno = failing_with;
	return -1;
    }
    return __real_pread(fd, buf, len, at);
}

/*
 * The second read fails, wherever in a credential the first has ended; and
 * the file does.
 */
static void
test_second_read(void)
{
    static const char *const before[] = { "host", "h1.test" };
    static const char *const server[] = { "host", "h0.test" };
    static char ticket[2049];
    struct octets o;
    size_t n, at = 0, bad = 0, other = 0;

    for (n = 1500; n < 2000; n += 7) {
	memset(ticket, 't', n);
	ticket[n] = '\0';
	put_head(&o, 4);
	put_creds(&o, "TEST", 2, before, ticket, 0);
	at = o.len;
	put_creds(&o, "TEST", 2, server, "ticket", 1);
	write_octets(path, &o, o.len);
	failing = 2;
	failing_with = EIO;
	reads = 0;
	if (finds("host/h0.test@TEST", 0, "ticket"))
	    bad += reads >= 2;
	else
	    bad += last_code != EIO;
	failing = 0;
	bad += !finds("host/h0.test@TEST", 0, "ticket");
    }
    check(bad == 0, "a second read that fails, %d times not told", (int)bad);
    for (; at < o.len; at++) {
	write_octets(path, &o, at);
	other += !finds("host/h0.test@TEST", 0, NULL);
    }
    check(other == 0, "cut, %d times another end", (int)other);
}

/*
 * Each read fails in turn: it is an error, and what was interrupted is done
 * again.
 */
static void
test_failing(void)
{
    int total, found, n;
    krb5_cc_cursor cursor;
    krb5_error_code ret;

    fill(cache, 90, 20);		/* 99 is longer than a block */
    reads = 0;
    check(find(105, &found) == 0 && found == 105, "a late one");
    total = reads;
    for (failing = 1; failing <= total; failing++) {
	reads = 0;
	failing_with = EIO;
	ret = find(105, &found);
	check(ret == EIO && found == -1, "read %d of %d: %d", failing, total,
	      (int)ret);
	reads = 0;
	failing_with = EINTR;
	ret = find(105, &found);
	check(ret == 0 && found == 105, "and interrupted: %d", (int)ret);
    }
    failing = 0;
    test_second_read();
    reads = 0;
    fill(cache, 90, 20);
    must(krb5_cc_start_seq_get(context, cache, &cursor), "start");
    for (n = 90; next(&cursor, NULL) == n; n++)
	;
    krb5_cc_end_seq_get(context, cache, &cursor);
    check(n == 110, "all of them, up to %d", n);
}

/* ---- hostile octets -------------------------------------------------- */

/*
 * The error that libkrb5 has for these octets, at the end of the file that of
 * a cache's end.
 */
static krb5_error_code
plain_error(const struct octets *o, size_t start)
{
    krb5_storage *sp = krb5_storage_from_readonly_mem(o->buf + start,
						      o->len - start);
    krb5_error_code ret;
    krb5_creds creds;

    if (sp == NULL)
	err(1, "krb5_storage_from_readonly_mem");
    if (o->version == 1)
	krb5_storage_set_flags(sp, KRB5_STORAGE_PRINCIPAL_NO_NAME_TYPE |
			       KRB5_STORAGE_PRINCIPAL_WRONG_NUM_COMPONENTS |
			       KRB5_STORAGE_HOST_BYTEORDER);
    else if (o->version == 2)
	krb5_storage_set_flags(sp, KRB5_STORAGE_HOST_BYTEORDER);
    else if (o->version == 3)
	krb5_storage_set_flags(sp, KRB5_STORAGE_KEYBLOCK_KEYTYPE_TWICE);
    ret = krb5_ret_creds(sp, &creds);
    if (ret == 0)
	krb5_free_cred_contents(context, &creds);
    krb5_storage_free(sp);
    return ret == HEIM_ERR_EOF ? KRB5_CC_END : ret;
}

/* Of the storage itself, which this is linked with. */
krb5_storage *_krb5_ext_ccache_storage(int fd);

static void
test_storage(void)
{
    krb5_storage *sp;
    uint8_t octet;
    int fd;

    fill(cache, 0, 1);
    fd = open(path, O_RDONLY);
    sp = _krb5_ext_ccache_storage(fd);
    if (fd < 0 || sp == NULL)
	err(1, "%s", path);
    check(krb5_ret_uint8(sp, &octet) == 0 && octet == 5 &&
	  krb5_storage_seek(sp, 0, SEEK_CUR) == 1, "where it is");
    errno = 0;
    check(krb5_storage_seek(sp, 0, SEEK_END) == -1 && errno == EINVAL,
	  "its end is not looked for");
    errno = 0;
    check(krb5_storage_seek(sp, -1, SEEK_SET) == -1 && errno == EINVAL,
	  "nor what is before it");
    check(krb5_ret_uint8(sp, &octet) == 0 && octet == 4, "it is where it was");
    check(krb5_storage_seek(sp, 100000, SEEK_SET) == 100000 &&
	  krb5_ret_uint8(sp, &octet) != 0, "behind the end there is nothing");
    check(krb5_storage_seek(sp, 0, SEEK_SET) == 0 &&
	  krb5_ret_uint8(sp, &octet) == 0 && octet == 5, "at the beginning");
    krb5_storage_free(sp);
    close(fd);
}

/*
 * Lengths that go beyond the file: the error is that of the end of the file
 * or of a number that is too large, no memory is taken, and the lock is free
 * afterwards.
 */
static void
test_hostile_lengths(int version)
{
    static const char *const server[] = { "host", "h0.test" };
    static const uint32_t lengths[] = {
	0, 1, 0x03ffffff, 0x04000000, 0x04000001, 0x1fffffff, 0x20000000,
	0x7fffffff, 0x80000000, 0xffffffff
    };
    struct octets o;
    krb5_cc_cursor cursor;
    krb5_creds creds;
    krb5_error_code ret;
    struct mallinfo2 before, after;
    size_t at, i, start;
    int n, odd = 0, others = 0, found;

    put_head(&o, version);
    start = o.len;
    put_creds(&o, "TEST", 2, server, "ticket", 1);
    for (at = start; at + 4 <= o.len; at++)
	/* of older versions every other one, which is quicker */
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]);
	     i += version == 4 ? 1 : 2) {
	    struct octets bad = o;

	    bad.len = at;
	    put_number(&bad, 4, lengths[i]);
	    bad.len = o.len;
	    write_octets(path, &bad, bad.len);
	    before = mallinfo2();
	    must(krb5_cc_start_seq_get(context, cache, &cursor), "start");
	    for (n = 0; n < 3; n++) {
		ret = krb5_cc_next_cred(context, cache, &cursor, &creds);
		if (ret)
		    break;
		krb5_free_cred_contents(context, &creds);
	    }
	    krb5_cc_end_seq_get(context, cache, &cursor);
	    if (ret != KRB5_CC_END && ret != HEIM_ERR_TOO_BIG && ret != EINVAL)
		odd++;
	    (void)find(0, &found);
	    krb5_clear_error_message(context);
	    after = mallinfo2();
	    if (after.uordblks + after.hblkhd >
		before.uordblks + before.hblkhd + 1024)
		odd++;
	    /* what libkrb5 subtracts in version 1 overflows there */
	    if (n == 0 && (version != 1 || lengths[i] != 0x80000000) &&
		ret != plain_error(&bad, start))
		others++;
	}
    check(odd == 0 && others == 0,
	  "version %d: %d hostile lengths with another end, %d with another "
	  "error", version, odd, others);
    fill(cache, 0, 1);
    check(find(0, &found) == 0 && found == 0, "a good one afterwards");
}

static void
test_links(void)
{
    char link_path[64];
    int found;

    fill(cache, 0, 1);
    snprintf(link_path, sizeof(link_path), "%s.link", path);
    if (link(path, link_path) < 0)
	err(1, "%s", link_path);
    check(find(0, &found) == EPERM, "a hard link is refused");
    if (unlink(path) < 0 || symlink(link_path, path) < 0)
	err(1, "%s", path);
    check(find(0, &found) == EPERM, "a symbolic link is refused");
    if (unlink(path) < 0 || rename(link_path, path) < 0)
	err(1, "%s", path);
    check(find(0, &found) == 0, "the file itself is read");
}

int
main(int argc, char **argv)
{
    char name[64];
    int fd, version, found;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    memset(key, KEY_OCTET, sizeof(key));
    must(krb5_init_context(&context), "krb5_init_context");
    fd = mkstemp(path);
    if (fd < 0)
	err(1, "%s", path);
    close(fd);
    snprintf(name, sizeof(name), "FILE:%s", path);
    must(krb5_cc_resolve(context, name, &cache), name);

    test_syscalls(1);
    test_syscalls(100);
    keys_left = 0;
    test_found(100);
    check(keys_left == 0, "%d blocks given back with a key", keys_left);
    fill(cache, 0, 60);
    keys_left = 0;
    check(find(MANY, &found) == KRB5_CC_END && keys_left == 0,
	  "nor at the end of the file: %d blocks", keys_left);
    fill(cache, 0, 100);
    test_syscalls(MANY);
    test_found(100);
    test_iteration();
    test_concurrent_writer();
    test_versions();
    test_failing();
    test_storage();
    for (version = 1; version <= 4; version++)
	test_hostile_lengths(version);
    test_links();

    krb5_cc_destroy(context, cache);
    krb5_free_context(context);
    snprintf(name, sizeof(name), "%s.new", path);
    unlink(name);
    return check_done();
}
