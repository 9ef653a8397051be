/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * When a file that was left open is taken for the one on disk: never after
 * anybody could have written to it.
 */

#include <config.h>
#include <roken.h>

#ifdef HAVE_SYS_FILE_H
#include <sys/file.h>
#endif

#include <err.h>
#include <sys/wait.h>

#include "kept.h"

#define FILE_NAME "test_kept.file"
#define OTHER_NAME "test_kept.other"

static int failed;

static void
check(int good, const char *what)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    failed |= !good;
}

static int
make_file(const char *name, const char *text)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || net_write(fd, text, strlen(text)) < 0)
	err(1, "%s", name);
    return fd;
}

/*
 * A time at which the file has been written long ago.
 */
static time_t
later(void)
{
    return time(NULL) + 100;
}

static void
begin(struct hdb_kept *kept, int *fd)
{
    *fd = make_file(FILE_NAME, "one");
    memset(kept, 0, sizeof(*kept));
    if (!_hdb_kept_remember(kept, FILE_NAME, *fd, later()))
	errx(1, "a file that is not new is not remembered");
}

static void
end(struct hdb_kept *kept, int fd)
{
    _hdb_kept_forget(kept);
    close(fd);
    unlink(FILE_NAME);
}

static void
test_unchanged(void)
{
    struct hdb_kept kept;
    int fd;

    begin(&kept, &fd);
    check(_hdb_kept_lock(&kept) && _hdb_kept_unlock(&kept) &&
	  _hdb_kept_lock(&kept), "a file nobody writes to is as it was");
    end(&kept, fd);
    check(!_hdb_kept_lock(&kept) && !_hdb_kept_unlock(&kept),
	  "forgotten is forgotten");
}

/*
 * Within the granularity of its time a file can be written a second time.
 */
static void
test_new(void)
{
    int fd = make_file(FILE_NAME, "one");
    struct hdb_kept kept;

    memset(&kept, 0, sizeof(kept));
    check(!_hdb_kept_remember(&kept, FILE_NAME, fd, time(NULL)),
	  "a file just written is not remembered");
    check(!_hdb_kept_remember(&kept, FILE_NAME, fd, time(NULL) - 100),
	  "nor one written in the future");
    end(&kept, fd);
}

static void
write_same_size(void)
{
    close(make_file(FILE_NAME, "two"));
}

static void
append(void)
{
    int fd = open(FILE_NAME, O_WRONLY | O_APPEND);

    if (fd < 0 || net_write(fd, "!", 1) != 1)
	err(1, "%s", FILE_NAME);
    close(fd);
}

static void
replace(void)
{
    close(make_file(OTHER_NAME, "one"));
    if (rename(OTHER_NAME, FILE_NAME) != 0)
	err(1, "rename");
}

static void
take_away(void)
{
    if (unlink(FILE_NAME) != 0)
	err(1, "unlink");
}

static void
change_mode(void)
{
    if (chmod(FILE_NAME, 0400) != 0)
	err(1, "chmod");
}

static void
make_directory(void)
{
    if (unlink(FILE_NAME) != 0 || mkdir(FILE_NAME, 0700) != 0)
	err(1, "mkdir");
}

/*
 * Until a file that is written has another time than this one.
 */
static void
wait_for_tick(const struct hdb_kept *file)
{
    struct hdb_kept probe;
    int fd, same;

    memset(&probe, 0, sizeof(probe));
    do {
	fd = make_file(OTHER_NAME, "x");
	if (!_hdb_kept_remember(&probe, OTHER_NAME, fd, later()))
	    errx(1, "not remembered");
	same = probe.state.ctime == file->state.ctime &&
	    probe.state.ctime_ns == file->state.ctime_ns;
	_hdb_kept_forget(&probe);
	close(fd);
    } while (same);
    unlink(OTHER_NAME);
}

static void
test_change(void (*change)(void), const char *what)
{
    struct hdb_kept kept;
    int fd;

    begin(&kept, &fd);
    wait_for_tick(&kept);
    (*change)();
    check(!_hdb_kept_lock(&kept), what);
    end(&kept, fd);
    rmdir(FILE_NAME);
}

/*
 * The file that was opened is not the one that has the name now.
 */
static void
test_replaced_before(void)
{
    struct hdb_kept kept;
    int fd = make_file(FILE_NAME, "one");

    memset(&kept, 0, sizeof(kept));
    replace();
    check(!_hdb_kept_remember(&kept, FILE_NAME, fd, later()),
	  "replaced while it was opened");
    end(&kept, fd);
}

static void
test_no_file(void)
{
    struct hdb_kept kept;
    int fd = open("/dev/null", O_RDONLY);

    memset(&kept, 0, sizeof(kept));
    check(!_hdb_kept_remember(&kept, "/dev/null", fd, later()),
	  "what is no file is not remembered");
    check(!_hdb_kept_remember(&kept, FILE_NAME, fd, later()),
	  "nor what has no name");
    end(&kept, fd);
}

/*
 * A child has the lock of its parent: the one's unlocking is the other's.
 */
static void
test_child(void)
{
    struct hdb_kept kept;
    int fd, status;
    pid_t pid;

    begin(&kept, &fd);
    fflush(stdout);
    pid = fork();
    if (pid == 0)
	_exit(_hdb_kept_lock(&kept) || _hdb_kept_unlock(&kept));
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
	err(1, "fork");
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	  "a child does not have it");
    check(_hdb_kept_lock(&kept), "its parent does");
    end(&kept, fd);
}

/*
 * Locked, nobody writes; unlocked, everybody may.
 */
static void
test_lock(void)
{
    struct hdb_kept kept;
    int fd, writer;

    begin(&kept, &fd);
    writer = open(FILE_NAME, O_RDWR);
    check(_hdb_kept_lock(&kept) && flock(writer, LOCK_EX | LOCK_NB) != 0,
	  "a writer waits");
    check(_hdb_kept_unlock(&kept) && flock(writer, LOCK_EX | LOCK_NB) == 0,
	  "and then does not");
    close(writer);
    end(&kept, fd);
}

int
main(void)
{
    test_unchanged();
    test_new();
    test_change(write_same_size, "written, as long as before");
    test_change(append, "longer");
    test_change(replace, "replaced by one of the same length");
    test_change(take_away, "removed");
    test_change(change_mode, "another mode");
    test_change(make_directory, "a directory");
    test_replaced_before();
    test_no_file();
    test_child();
    test_lock();
    return failed;
}
