/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The keytab type AFSKEYFILEEXT when a system call fails, or another process
 * puts its file into the place in the middle: every change is there or an
 * error, nobody's keys are lost, and no other file is left.
 *
 * The calls are this program's, which has all libraries call it; those of
 * glibc are behind them.
 */

#define _GNU_SOURCE 1
#include "rxkad_test.h"
#include "sec_test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_NAME "test_rxkad_keytab_calls.dir"
#define PATH DIR_NAME "/KeyFileExt"
#define OTHER DIR_NAME "/other"
#define AFS "afs/ext.test@EXT.TEST"
#define K16 "0123456789abcdef"

static krb5_context context;

/* ---- the calls ------------------------------------------------------- */

enum call { FSTAT, STAT, FCHOWN, FCHMOD, FSYNC, CLOSE, RENAME, CALLS };

static int armed;
static int calls[CALLS];
static int fails[CALLS];	/* this one; -n: the n-th and all behind */
static int longer;		/* an open file has more octets than it has */
static void (*on_stat)(struct stat *, int *);

static int
now(enum call call)
{
    if (!armed)
	return 0;
    calls[call]++;
    if (fails[call] != calls[call] &&
	(fails[call] >= 0 || calls[call] < -fails[call]))
	return 0;
    errno = EIO;
    return 1;
}

#define NEXT(name) \
    static __typeof__(name) *next; \
    if (next == NULL) \
	next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* One that fails has filled st: nobody may look at it. */
int
fstat(int fd, struct stat *st)
{
    NEXT(fstat);
    int ret = next(fd, st);

    if (armed && ret == 0)
	st->st_size += longer;
    return now(FSTAT) ? -1 : ret;
}

int
stat(const char *path, struct stat *st)
{
    NEXT(stat);
    int ret = next(path, st);

    if (armed && on_stat != NULL && strstr(path, "KeyFileExt") != NULL)
	on_stat(st, &ret);
    return now(STAT) ? -1 : ret;
}

int
fchown(int fd, uid_t uid, gid_t gid)
{
    NEXT(fchown);
    return now(FCHOWN) ? -1 : next(fd, uid, gid);
}

int
fchmod(int fd, mode_t mode)
{
    NEXT(fchmod);
    return now(FCHMOD) ? -1 : next(fd, mode);
}

int
fsync(int fd)
{
    NEXT(fsync);
    return now(FSYNC) ? -1 : next(fd);
}

int
close(int fd)
{
    NEXT(close);
    int ret = next(fd);

    return now(CLOSE) ? -1 : ret;
}

int
rename(const char *from, const char *to)
{
    NEXT(rename);
    return now(RENAME) ? -1 : next(from, to);
}

/* ---- the keytab ------------------------------------------------------ */

static void
put_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
	abort();
}

static const char one[] =
    "\0\0\0\1" "\0\0\0\x10" "\0\0\0\2" "\0\0\0\3" "\0\0\0\x11" "\0\0\0\x10"
    K16;

/* Makes the file, or takes it away, and nothing else is beside it. */
static void
begin(int is_there)
{
    memset(calls, 0, sizeof(calls));
    memset(fails, 0, sizeof(fails));
    longer = 0;
    on_stat = NULL;
    unlink(PATH);
    if (is_there)
	put_file(PATH, one, sizeof(one) - 1);
}

static krb5_error_code
add(int kvno)
{
    krb5_keytab_entry entry;
    krb5_error_code ret;
    krb5_keytab id;

    memset(&entry, 0, sizeof(entry));
    entry.vno = kvno;
    entry.keyblock.keytype = 17;
    entry.keyblock.keyvalue.data = rk_UNCONST(K16);
    entry.keyblock.keyvalue.length = 16;
    if (krb5_parse_name(context, AFS, &entry.principal) != 0 ||
	krb5_kt_resolve(context, "AFSKEYFILEEXT:" PATH, &id) != 0)
	abort();
    armed = 1;
    ret = krb5_kt_add_entry(context, id, &entry);
    armed = 0;
    krb5_free_principal(context, entry.principal);
    krb5_kt_close(context, id);
    return ret;
}

/* How many keys there are, or -1; an error of the calls in *ret. */
static int
count(krb5_error_code *ret)
{
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_keytab id;
    int n = 0;

    if (krb5_kt_resolve(context, "AFSKEYFILEEXT:" PATH, &id) != 0)
	abort();
    armed = 1;
    *ret = krb5_kt_start_seq_get(context, id, &cursor);
    if (*ret == 0)
	while (krb5_kt_next_entry(context, id, &entry, &cursor) == 0) {
	    krb5_kt_free_entry(context, &entry);
	    n++;
	}
    /* also after an error */
    krb5_kt_end_seq_get(context, id, &cursor);
    armed = 0;
    krb5_kt_close(context, id);
    return *ret ? -1 : n;
}

static int
keys_now(void)
{
    krb5_error_code ret;

    memset(fails, 0, sizeof(fails));
    longer = 0;
    on_stat = NULL;
    return count(&ret);
}

/* Files in the directory that nobody asked for. */
static int
strangers(void)
{
    struct dirent *e;
    DIR *dir = opendir(DIR_NAME);
    int n = 0;

    if (dir == NULL)
	abort();
    while ((e = readdir(dir)) != NULL)
	n += e->d_name[0] != '.' && strcmp(e->d_name, "ThisCell") != 0 &&
	    strcmp(e->d_name, "KeyFileExt") != 0;
    closedir(dir);
    return n;
}

/* ---- cases ----------------------------------------------------------- */

/*
 * The n-th call of each function fails, while a key is added to a file with
 * one, and to none.
 *
 * REQ: RK-03
 */
static void
test_each(void)
{
    static const struct {
	enum call call;
	const char *name;
	int may_succeed;	/* the file is closed when all is done */
    } rows[] = {
	{ FSTAT, "fstat", 0 }, { FCHMOD, "fchmod", 0 },
	{ FSYNC, "fsync", 0 }, { RENAME, "rename", 0 },
	{ FCHOWN, "fchown", 0 }, { CLOSE, "close", 1 }
    };
    krb5_error_code ret;
    int there, n, keys, total, failed;
    size_t i;

    for (i = 0; i < N_ELEMENTS(rows); i++)
	for (there = 0; there <= 1; there++) {
	    begin(there);
	    if (add(4) != 0)
		abort();
	    total = calls[rows[i].call];
	    for (n = 1, failed = 0; n <= total; n++) {
		begin(there);
		fails[rows[i].call] = n;
		ret = add(4);
		failed += ret != 0;
		keys = keys_now();
		/*
		 * Who is not root may not give files away, and goes on; who
		 * has no lock leaves a file that he has made empty.
		 */
		check((ret == EIO || ((rows[i].may_succeed ||
				       (rows[i].call == FCHOWN &&
					geteuid() != 0)) && ret == 0)) &&
		      (ret == 0 ? keys == there + 1 :
		       there ? keys == 1 : keys <= 0) && strangers() == 0,
		      "%s %d of %d, %s: %d, %d keys", rows[i].name, n, total,
		      there ? "a file" : "none", (int)ret, keys);
	    }
	    check(total > 0 && (failed > 0 || geteuid() != 0),
		  "%s has failed %d times", rows[i].name, failed);
	}
}

/*
 * What is read is what was there when it was opened.
 *
 * REQ: RK-03
 */
static void
test_read(void)
{
    krb5_error_code ret;

    begin(1);
    fails[FSTAT] = 1;
    check(count(&ret) == -1 && ret == EIO, "a file without a length");
    begin(1);
    longer = 8;
    check(count(&ret) == -1 && ret == EIO, "a file that becomes shorter");
    check(keys_now() == 1, "and is whole again");
    begin(0);
    check(count(&ret) == -1 && ret == ENOENT, "no file");
}

/*
 * Another process has put its file into the place before this one had the
 * lock, and the like: it begins again, with what is there then.
 */
static int times;

static void
put_other(struct stat *st, int *ret)
{
    if (times++ > 0)
	return;
    if (link(OTHER, PATH ".new") != 0 || rename(PATH ".new", PATH) != 0)
	abort();
    armed = 0;
    *ret = stat(PATH, st);
    armed = 1;
}

static void
other_device(struct stat *st, int *ret)
{
    if (times++ == 0)
	st->st_dev++;
}

/* st is as it was, and says nothing. */
static void
take_away(struct stat *st, int *ret)
{
    if (times++ > 0)
	return;
    unlink(PATH);
    *ret = -1;
    errno = ENOENT;
}

static const char two[] =
    "\0\0\0\2"
    "\0\0\0\x10" "\0\0\0\2" "\0\0\0\1" "\0\0\0\x11" "\0\0\0\x10" K16
    "\0\0\0\x10" "\0\0\0\2" "\0\0\0\2" "\0\0\0\x11" "\0\0\0\x10" K16;

/* REQ: RK-03 */
static void
test_race(void)
{
    static const struct {
	const char *what;
	void (*on_stat)(struct stat *, int *);
	int keys;
    } rows[] = {
	{ "another file is there", put_other, 3 },
	{ "one of another device", other_device, 2 },
	{ "none is there", take_away, 1 }
    };
    krb5_error_code ret;
    size_t i;
    int keys;

    for (i = 0; i < N_ELEMENTS(rows); i++) {
	begin(1);
	put_file(OTHER, two, sizeof(two) - 1);
	times = 0;
	on_stat = rows[i].on_stat;
	ret = add(4);
	unlink(OTHER);
	keys = keys_now();
	check(ret == 0 && times == 2 && keys == rows[i].keys &&
	      strangers() == 0, "%s: %d, looked %d times, %d keys",
	      rows[i].what, (int)ret, times, keys);
    }
}

/*
 * A file that was made and not filled is taken away, if it can be seen that
 * it is empty.
 */
static void
test_empty(void)
{
    krb5_error_code ret;
    int total;

    begin(0);
    fails[FSYNC] = 1;
    ret = add(4);
    total = calls[FSTAT];
    check(ret == EIO && access(PATH, F_OK) != 0, "an empty file goes");
    begin(0);
    fails[FSYNC] = 1;
    fails[FSTAT] = total;
    ret = add(4);
    check(ret == EIO && access(PATH, F_OK) == 0,
	  "one that cannot be looked at stays");
}

int
main(void)
{
    if (mkdir(DIR_NAME, 0700) != 0 && errno != EEXIST)
	abort();
    setenv("KRB5_CONFIG", "/nonexistent", 1);
    put_file(DIR_NAME "/ThisCell", "ext.test\n", 9);
    if (krb5_init_context(&context) != 0)
	return 1;
    begin(1);
    if (add(4) == 0 && calls[FSTAT] > 0) {
	test_each();
	test_read();
	test_race();
	test_empty();
    } else
	printf("libraries do not call this program\n");
    krb5_free_context(context);
    unlink(PATH);
    unlink(DIR_NAME "/ThisCell");
    check(rmdir(DIR_NAME) == 0, "no file is left behind");
    return check_done();
}
