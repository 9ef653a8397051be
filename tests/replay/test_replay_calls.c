/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A replay cache whose system calls fail, are interrupted, or tell of a file
 * that has become another: no tag is taken for stored that is not, and no lock
 * for had.
 *
 * REQ: XT-55
 */

#define _GNU_SOURCE 1
#include "replay_test.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>

#define CACHE "file2:cache"

static krb5_context context;

/* ---- the calls ------------------------------------------------------- */

enum call { STATX, FSTAT, LSTAT, FCNTL, PREAD, PWRITE, CLOSE, OPENS, CALLS };

static int armed;
static int calls[CALLS];
static int fails[CALLS];	/* this one; -n: the n-th and all behind */
static int error;		/* with this */
static int left;		/* what errno is after one that has not */
static int commands[16];	/* of fcntl() */
static void (*on_statx)(struct statx *, int is_path);

static int
now(enum call call)
{
    int n;

    if (!armed)
	return 0;
    n = ++calls[call];
    if (fails[call] == n || (fails[call] < 0 && n >= -fails[call])) {
	errno = error;
	return 1;
    }
    errno = left;
    return 0;
}

/*
 * One that fails has filled what it fills: nobody may look at it.
 */
int
statx(int dir, const char *path, int flags, unsigned int mask,
      struct statx *stx)
{
    int ret = syscall(SYS_statx, dir, path, flags, mask, stx);

    if (armed && on_statx)
	on_statx(stx, path[0] != '\0');
    return now(STATX) ? -1 : ret;
}

#define NEXT(name) \
    static __typeof__(name) *next; \
    if (next == NULL) \
	next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int
fstat(int fd, struct stat *st)
{
    NEXT(fstat);
    int ret = next(fd, st);

    return now(FSTAT) ? -1 : ret;
}

int
lstat(const char *path, struct stat *st)
{
    NEXT(lstat);
    int ret = next(path, st);

    return now(LSTAT) ? -1 : ret;
}

int
fcntl(int fd, int command, ...)
{
    va_list ap;
    long arg;

    va_start(ap, command);
    arg = va_arg(ap, long);
    va_end(ap);
    if (now(FCNTL)) {
	commands[calls[FCNTL] % 16] = command;
	return -1;
    }
    if (armed)
	commands[calls[FCNTL] % 16] = command;
    if (syscall(SYS_fcntl, fd, command, arg) < 0)
	return -1;
    if (armed)
	errno = left;
    return 0;
}

ssize_t
pread(int fd, void *octets, size_t length, off_t offset)
{
    if (now(PREAD))
	return -1;
    return syscall(SYS_pread64, fd, octets, length, offset);
}

ssize_t
pwrite(int fd, const void *octets, size_t length, off_t offset)
{
    if (now(PWRITE))
	return -1;
    return syscall(SYS_pwrite64, fd, octets, length, offset);
}

int
close(int fd)
{
    int ret = syscall(SYS_close, fd);

    return now(CLOSE) ? -1 : ret;
}

int
open(const char *path, int flags, ...)
{
    va_list ap;
    int mode;

    va_start(ap, flags);
    mode = va_arg(ap, int);
    va_end(ap);
    return now(OPENS) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags,
					 mode);
}

/* ---- cases ----------------------------------------------------------- */

static void
begin(void)
{
    memset(calls, 0, sizeof(calls));
    memset(fails, 0, sizeof(fails));
    memset(commands, 0, sizeof(commands));
    on_statx = NULL;
    error = EIO;
    left = 0;
}

static krb5_error_code
store(uint32_t number)
{
    unsigned char tag[REPLAY_TAG_LENGTH];
    krb5_error_code ret;

    armed = 1;
    ret = _gsskrb5_ext_replay_cache_store(context, CACHE,
					  number_tag(number, tag), NOW, NOW,
					  SKEW);
    armed = 0;
    return ret;
}

/*
 * Whether it is stored when nothing fails, and noticed then.
 */
static int
is_usable(uint32_t number)
{
    begin();
    return store(number) == 0 && store(number) == KRB5KRB_AP_ERR_REPEAT;
}

/*
 * A lock that nobody has is had with one call, and one examination is enough.
 */
static void
test_counts(void)
{
    krb5_error_code ret;

    begin();
    new_file("cache");
    ret = store(1);
    check(ret == 0 && calls[OPENS] == 1 && calls[FCNTL] == 2 &&
	  calls[STATX] == 1 && calls[PREAD] == 1 && calls[PWRITE] == 1 &&
	  calls[CLOSE] == 1 && calls[FSTAT] + calls[LSTAT] == 0,
	  "open %d, lock %d, examine %d, read %d, write %d, close %d",
	  calls[OPENS], calls[FCNTL], calls[STATX], calls[PREAD],
	  calls[PWRITE], calls[CLOSE]);
}

/*
 * Each call that can fail does: it is an error, and what was not stored is
 * not taken for stored.
 */
static void
test_each(void)
{
    static const struct {
	enum call call;
	int n;
	const char *what;
    } rows[] = {
	{ OPENS, 1, "open" }, { PREAD, 1, "read" }, { PWRITE, 1, "write" },
	{ CLOSE, 1, "close" }
    };
    krb5_error_code ret;
    uint32_t number = 100;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	begin();
	new_file("cache");
	fails[rows[i].call] = rows[i].n;
	ret = store(++number);
	check(ret == EIO, "no %s: %d", rows[i].what, (int)ret);
	check(is_usable(++number), "and then it can be used");
    }
    /* a file that has no seed gets one first */
    begin();
    write_file("cache", "", 0);
    fails[PWRITE] = 1;
    ret = store(1);
    check(ret == EIO && calls[PWRITE] == 1, "no seed: %d", (int)ret);
    begin();
    write_file("cache", "", 0);
    fails[PWRITE] = 2;
    ret = store(1);
    check(ret == EIO, "no record: %d", (int)ret);

    /* of a large file the places are read one by one, and the last record */
    new_file("cache");
    if (truncate("cache", 60000) < 0)
	err(1, "cache");
    begin();
    if (store(1) != 0)
	check(0, "a large one");
    for (i = calls[PREAD]; i > 0; i--) {
	begin();
	fails[PREAD] = i;
	ret = store(2);
	check(ret == EIO && calls[PWRITE] == 0, "no read %d: %d", (int)i,
	      (int)ret);
    }
    check(is_usable(2), "and then it can be used");
}

/*
 * What is interrupted is done again; errno means nothing after what has not
 * failed.
 */
static void
test_interrupted(void)
{
    static const enum call interrupted[] = { FCNTL, PREAD, PWRITE };
    krb5_error_code ret;
    size_t i;
    int n, bad = 0;

    for (i = 0; i < sizeof(interrupted) / sizeof(interrupted[0]); i++) {
	begin();
	new_file("cache");
	fails[interrupted[i]] = 1;
	error = EINTR;
	ret = store(1);
	n = calls[interrupted[i]];
	begin();
	check(ret == 0 && store(1) == KRB5KRB_AP_ERR_REPEAT,
	      "interrupted call %d, done %d times: %d", (int)i, n, (int)ret);
    }
    begin();
    new_file("cache");
    left = EINTR;
    check(store(1) == 0 && calls[FCNTL] == 2 && calls[PREAD] == 1 &&
	  calls[PWRITE] == 1, "an old EINTR");
    /* a large one is read behind its end, too */
    if (truncate("cache", 50000) < 0)
	err(1, "cache");
    for (n = 10; n < 40; n++)
	bad += store(n) != 0;
    check(bad == 0 && size_of("cache") > 0, "nor of a file's end");
    begin();
    new_file("cache");
    left = EINVAL;
    check(store(1) == 0 && calls[FCNTL] == 2, "an old EINVAL");
}

/*
 * Where statx() is not there, there is the other way.
 */
static void
test_other_way(void)
{
    krb5_error_code ret;

    begin();
    new_file("cache");
    fails[STATX] = -1;
    error = ENOSYS;
    ret = store(1);
    check(ret == 0 && calls[FSTAT] == 1, "no statx(): %d", (int)ret);
    begin();
    fails[STATX] = fails[FSTAT] = -1;
    ret = store(2);
    check(ret == EIO && calls[PWRITE] == 0, "nor fstat(): %d", (int)ret);
    check(is_usable(2), "and then it can be used");
}

#ifdef F_OFD_SETLKW
/*
 * Kernels without the lock of a descriptor have that of the process.  An error
 * of another kind is one.
 */
static void
test_locks(void)
{
    krb5_error_code ret;

    begin();
    new_file("cache");
    fails[FCNTL] = 1;
    error = EINVAL;
    ret = store(1);
    check(ret == 0 && commands[1] == F_OFD_SETLK && commands[2] == F_SETLK,
	  "the lock of the process: %d", (int)ret);

    /* it is taken; it is waited for, and that fails */
    begin();
    fails[FCNTL] = -1;
    error = EINVAL;
    ret = store(2);
    check(ret == EINVAL && commands[3] == F_OFD_SETLKW &&
	  commands[4] == F_SETLKW && calls[PWRITE] == 0,
	  "which cannot be waited for: %d", (int)ret);
    begin();
    fails[FCNTL] = -1;
    error = ENOLCK;
    ret = store(2);
    check(ret == ENOLCK && commands[1] == F_OFD_SETLK &&
	  commands[2] == F_OFD_SETLKW && calls[PWRITE] == 0,
	  "no lock: %d", (int)ret);

    /* it is taken, and then it is had */
    begin();
    fails[FCNTL] = 1;
    error = EAGAIN;
    ret = store(2);
    check(ret == 0 && calls[OPENS] == 1 && commands[2] == F_OFD_SETLKW &&
	  calls[STATX] == 2, "one that is waited for: %d, opened %d times",
	  (int)ret, calls[OPENS]);
    check(is_usable(3), "and then it can be used");
}
#endif

/*
 * While the lock is waited for, the name becomes another file's.
 */
static void
other_inode(struct statx *stx, int is_path)
{
    stx->stx_ino += is_path;
}

static void
other_major(struct statx *stx, int is_path)
{
    stx->stx_dev_major += is_path;
}

static void
other_minor(struct statx *stx, int is_path)
{
    stx->stx_dev_minor += is_path;
}

static void
no_name(struct statx *stx, int is_path)
{
    stx->stx_nlink = 0;
}

static void
test_another(void)
{
    static const struct {
	const char *what;
	void (*on_statx)(struct statx *, int);
    } rows[] = {
	{ "inode", other_inode }, { "device", other_major },
	{ "minor device", other_minor }, { "name", NULL }
    };
    krb5_error_code ret;
    size_t i;

    new_file("cache");
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	begin();
	fails[FCNTL] = 1;
	error = EAGAIN;
	on_statx = rows[i].on_statx;
	if (on_statx == NULL)	/* that of the name, both ways */
	    fails[STATX] = 2, fails[LSTAT] = 1;
	ret = store(20 + i);
	/* the second time nobody has the lock */
	check(ret == 0 && calls[OPENS] == 2, "another %s: %d, opened %d times",
	      rows[i].what, (int)ret, calls[OPENS]);
	begin();
	check(store(20 + i) == KRB5KRB_AP_ERR_REPEAT, "it is stored");
    }
    begin();
    on_statx = no_name;
    ret = store(30);
    check(ret == EAGAIN && calls[OPENS] == 16 && calls[PWRITE] == 0,
	  "a file that is always gone: %d, opened %d times", (int)ret,
	  calls[OPENS]);
    check(is_usable(30), "and then it can be used");
}

int
main(int argc, char **argv)
{
    alarm(300);			/* no lock is waited for for ever */
    if (krb5_init_context(&context))
	return 1;
    enter_test_dir();
    new_file("cache");
    begin();
    (void)store(0);
    if (calls[PREAD] > 0 && calls[STATX] > 0) {
	test_counts();
	test_each();
	test_interrupted();
	test_other_way();
#ifdef F_OFD_SETLKW
	test_locks();
#endif
	test_another();
    } else
	printf("the cache does not call this program\n");
    check(1, "end");
    krb5_free_context(context);
    return check_done();
}
