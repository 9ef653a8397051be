/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * When a database that was left open is still the one on disk: whatever is
 * done to the file in between, it is not used as it was.
 */

#include <config.h>
#include <roken.h>

#include <dlfcn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <utime.h>

#include "kept/kept.h"
#include "sec_test.h"

#define PATH "test_hdb_kept.file"
#define OTHER PATH ".other"

static struct hdb_kept kept;
static time_t later;		/* when the file's times have passed */

/* ---- the calls ------------------------------------------------------- */

static int no_fstat, no_stat, no_lock;
static int zero_inode;
static int other_device;

/* One that fails has filled st: nobody may look at it. */
int
fstat(int fd, struct stat *st)
{
    static int (*next)(int, struct stat *);
    int ret;

    if (next == NULL)
	next = (int (*)(int, struct stat *))dlsym(RTLD_NEXT, "fstat");
    ret = next(fd, st);
    st->st_dev += other_device;
    if (zero_inode)
	st->st_ino = 0;
    return no_fstat ? -1 : ret;
}

int
stat(const char *path, struct stat *st)
{
    static int (*next)(const char *, struct stat *);
    int ret;

    if (next == NULL)
	next = (int (*)(const char *, struct stat *))dlsym(RTLD_NEXT, "stat");
    ret = next(path, st);
    if (zero_inode)
	st->st_ino = 0;
    return no_stat ? -1 : ret;
}

int
flock(int fd, int how)
{
    static int (*next)(int, int);

    if (next == NULL)
	next = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
    return no_lock ? -1 : next(fd, how);
}

/* ---- the file -------------------------------------------------------- */

static int
open_file(const char *path, const char *octets)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, octets, strlen(octets)) !=
	(ssize_t)strlen(octets))
	exit(1);
    return fd;
}

/* Its times are long ago; only ctime is now. */
static void
make_old(const char *path)
{
    struct utimbuf times = { 1000000000, 1000000000 };

    if (utime(path, &times) != 0)
	exit(1);
}

/*
 * Whether somebody else could lock it for writing.
 */
static int
is_unlocked(void)
{
    int fd = open(PATH, O_RDWR), ret;

    ret = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return ret;
}

/*
 * Remembered, as it was opened; -1: it is not.
 */
static int
begin(void)
{
    int fd;

    unlink(PATH);
    fd = open_file(PATH, "octets");
    make_old(PATH);
    later = time(NULL) + 10;
    if (!_hdb_kept_remember(&kept, PATH, fd, later)) {
	close(fd);
	return -1;
    }
    return fd;
}

static void
end(int fd)
{
    _hdb_kept_forget(&kept);
    close(fd);
}

/* ---- cases ----------------------------------------------------------- */

static void
test_same(void)
{
    int fd = begin();

    check(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0,
	  "it is remembered, and no program is given it");
    check(_hdb_kept_lock(&kept) == 1 && !is_unlocked(), "as it was: locked");
    check(_hdb_kept_unlock(&kept) == 1 && is_unlocked(), "and unlocked");
    check(_hdb_kept_lock(&kept) == 1 && _hdb_kept_unlock(&kept) == 1,
	  "as often as one likes");
    end(fd);
    check(_hdb_kept_lock(&kept) == 0 && _hdb_kept_unlock(&kept) == 0,
	  "what was forgotten is not there");
    _hdb_kept_forget(&kept);
}

/*
 * What was written, in the same second too, and is as long as before.
 */
static void
test_changed(void)
{
    static const char *const what[] = {
	"written to", "longer", "replaced", "taken away", "a directory",
	"of another time", "with another mode"
    };
    size_t i;
    int fd;

    for (i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
	fd = begin();
	switch (i) {
	case 0:
	    if (pwrite(fd, "OCTETS", 6, 0) != 6)
		exit(1);
	    break;
	case 1:
	    if (ftruncate(fd, 100) != 0)
		exit(1);
	    break;
	case 2:
	    close(open_file(OTHER, "octets"));
	    make_old(OTHER);
	    rename(OTHER, PATH);
	    break;
	case 3:
	    unlink(PATH);
	    break;
	case 4:
	    unlink(PATH);
	    mkdir(PATH, 0700);
	    break;
	case 5:
	    make_old(PATH);
	    break;
	default:
	    chmod(PATH, 0640);
	    break;
	}
	check(fd >= 0 && _hdb_kept_lock(&kept) == 0, "a file that is %s",
	      what[i]);
	end(fd);
	rmdir(PATH);
    }
}

/*
 * Each thing that tells a file, by itself.
 */
static void
test_state(void)
{
    static const char *const what[] = {
	"device", "inode", "size", "mtime", "ctime", "mtime below seconds",
	"ctime below seconds"
    };
    struct hdb_kept_state *s = &kept.state;
    size_t i;
    int fd;

    for (i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
	fd = begin();
	s->dev += i == 0;
	s->ino += i == 1;
	s->size += i == 2;
	s->mtime += i == 3;
	s->ctime += i == 4;
	s->mtime_ns += i == 5;
	s->ctime_ns += i == 6;
	check(fd >= 0 && _hdb_kept_lock(&kept) == 0, "another %s", what[i]);
	end(fd);
    }
}

/*
 * What cannot be looked at or locked is not used.
 */
static void
test_calls(void)
{
    int fd = begin();

    no_stat = 1;
    check(_hdb_kept_lock(&kept) == 0, "no stat()");
    check(begin() == -1 && kept.path == NULL, "nothing to remember");
    no_stat = 0;
    no_fstat = 1;
    check(begin() == -1 && kept.path == NULL, "no fstat()");
    no_fstat = 0;
    zero_inode = 1;
    check(begin() == -1 && kept.path == NULL, "no inodes");
    zero_inode = 0;
    other_device = 1;
    check(begin() == -1 && kept.path == NULL, "another file has the name");
    other_device = 0;
    close(fd);

    unlink(PATH);
    fd = mkfifo(PATH, 0600) == 0 ? open(PATH, O_RDWR) : -1;
    make_old(PATH);
    check(fd >= 0 && _hdb_kept_remember(&kept, PATH, fd, later) == 0,
	  "what is no file is not remembered");
    close(fd);

    fd = begin();
    no_lock = 1;
    check(_hdb_kept_lock(&kept) == 0, "no lock");
    no_lock = 0;
    check(_hdb_kept_lock(&kept) == 1, "a lock");
    no_lock = 1;
    check(_hdb_kept_unlock(&kept) == 0, "that cannot be released");
    no_lock = 0;
    check(_hdb_kept_unlock(&kept) == 1, "or can");
    end(fd);
}

/*
 * A file is remembered three seconds after it was written.
 */
static void
test_settled(void)
{
    static const struct {
	int after, mtime, want;
    } rows[] = {
	/* ctime is now, and mtime the same, earlier, or later */
	{ 2, 0, 0 }, { 3, 0, 1 }, { 2, -100, 0 }, { 3, -100, 1 },
	{ 3, 1, 0 }, { 4, 1, 1 }, { -100, 0, 0 }
    };
    struct utimbuf times;
    struct stat st;
    size_t i;
    int fd, ret;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	unlink(PATH);
	fd = open_file(PATH, "octets");
	times.actime = times.modtime = time(NULL);
	if (utime(PATH, &times) != 0 || stat(PATH, &st) != 0)
	    exit(1);
	times.modtime = st.st_ctime + rows[i].mtime;
	if (utime(PATH, &times) != 0 || stat(PATH, &st) != 0)
	    exit(1);
	/* the second may have passed */
	times.modtime = st.st_ctime + rows[i].mtime;
	if (utime(PATH, &times) != 0 || stat(PATH, &st) != 0)
	    exit(1);
	ret = _hdb_kept_remember(&kept, PATH, fd,
				 st.st_ctime + rows[i].after);
	check(ret == rows[i].want &&
	      (kept.path != NULL) == rows[i].want,
	      "%d seconds after, written %d seconds from then: %d",
	      rows[i].after, rows[i].mtime, ret);
	end(fd);
    }
}

/*
 * A child has its parent's file, and with it the lock.
 */
static void
test_child(void)
{
    int fd = begin(), status;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0)
	_exit((_hdb_kept_lock(&kept) != 0) | (_hdb_kept_unlock(&kept) != 0)
	      << 1);
    check(child > 0 && waitpid(child, &status, 0) == child && status == 0,
	  "a child does not use it (%x)", (unsigned)status);
    check(_hdb_kept_lock(&kept) == 1 && _hdb_kept_unlock(&kept) == 1,
	  "its parent does");
    end(fd);
}

int
main(int argc, char **argv)
{
    _hdb_kept_forget(&kept);
    test_same();
    test_changed();
    test_state();
    test_calls();
    test_settled();
    test_child();
    unlink(PATH);
    return check_done();
}
