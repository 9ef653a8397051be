/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Which files are taken for a replay cache, and what is said about the others;
 * what happens where the file cannot be written or is taken away.
 *
 * REQ: XT-55
 */

#include "replay_test.h"

#include <grp.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOBODY 65534

static krb5_context context;
static char path[256];		/* of the default cache */

static krb5_error_code
store_in(const char *name, uint32_t number)
{
    unsigned char tag[REPLAY_TAG_LENGTH];

    return _gsskrb5_ext_replay_cache_store(context, name,
					   number_tag(number, tag), NOW, NOW,
					   SKEW);
}

/*
 * Storing must fail with want and a message of the path, what is wrong (or
 * why) and what to do.
 */
static void
refused(const char *what, const char *name, krb5_error_code want,
	const char *why, const char *todo)
{
    krb5_error_code ret = store_in(name, 5000);
    const char *message = krb5_get_error_message(context, ret);
    const char *file = strcmp(name, "dfl:") == 0 ? path : name;

    if (strncmp(name, "file2:", 6) == 0)
	file = name + 6;

    check(ret == want && strstr(message, file) != NULL &&
	  strstr(message, why) != NULL && strstr(message, todo) != NULL,
	  "%s: %d, \"%s\"", what, (int)ret, message);
    krb5_free_error_message(context, message);
}

/* the lowest descriptor that is free */
static int
next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY);

    if (fd < 0)
	err(1, "/dev/null");
    close(fd);
    return fd;
}

static void
test_new(void)
{
    struct stat st;
    krb5_error_code ret;

    umask(0);
    ret = store_in("dfl:", 1);
    if (stat(path, &st) < 0)
	err(1, "%s", path);
    check(ret == 0 && (st.st_mode & 07777) == 0600 &&
	  st.st_uid == geteuid(), "a new one has mode %o (%d)",
	  (unsigned int)st.st_mode, (int)ret);
    umask(022);
    ret = store_in("dfl:", 1);
    check(ret == KRB5KRB_AP_ERR_REPEAT, "the same again (%d)", (int)ret);
    check(store_in("none:", 1) == 0 && store_in("none:x", 1) == 0,
	  "none: takes the same again");
    unlink(path);
}

static void
test_kinds(void)
{
    write_file("target", "", 0);
    if (symlink("target", path) < 0)
	err(1, "symlink");
    refused("a symbolic link", "dfl:", ELOOP, "symbolic link", "remove");
    check(size_of("target") == 0, "what it points to is not touched");
    unlink("target");
    refused("a dangling one", "dfl:", ELOOP, "symbolic link", "remove");
    check(access("target", F_OK) < 0, "what it points to is not made");
    unlink(path);

    if (mkfifo(path, 0600) < 0)
	err(1, "mkfifo");
    refused("a FIFO", "dfl:", KRB5_RC_IO_PERM, "regular", "remove");
    unlink(path);
    mkdir(path, 0700);
    refused("a directory", "dfl:", EISDIR, "directory", "remove");
    rmdir(path);
    refused("a device", "file2:/dev/null", KRB5_RC_IO_PERM, "regular",
	    "remove");
    refused("no directory", "file2:/nowhere/cache", ENOENT, "No such file",
	    "make its directory");

    new_file(path);
    if (link(path, "other") < 0)
	err(1, "link");
    refused("a hard link", "dfl:", KRB5_RC_IO_PERM, "another name",
	    "remove");
    unlink("other");
    check(store_in("dfl:", 1) == 0, "without it, it is taken");
    unlink(path);
}

static void
test_modes(void)
{
    static const mode_t bad[] = { 0644, 0640, 0620, 0602, 0604, 0666 };
    char what[32];
    size_t i;

    new_file(path);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
	chmod(path, bad[i]);
	snprintf(what, sizeof(what), "mode %o", (unsigned int)bad[i]);
	refused(what, "dfl:", KRB5_RC_IO_PERM, "others", "chmod");
    }
    chmod(path, 0600);
    check(store_in("dfl:", 1) == 0, "mode 600");
    unlink(path);

    new_file("named");
    chmod("named", 0666);
    refused("mode 666, file2:", "file2:named", KRB5_RC_IO_PERM, "others",
	    "chmod");
    chmod("named", 0660);
    check(store_in("file2:named", 1) == 0, "mode 660, file2:");
    unlink("named");
}

static void
test_names(void)
{
    refused("a type of old", "dfl", KRB5_RC_PARSE, "dfl", "file2:");
}

/*
 * Run test in a child, whose cases are counted.
 */
static void
in_child(void (*test)(void))
{
    pid_t pid;
    int status;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	test();
	fflush(stdout);
	_exit(sec_failures != 0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
	check(0, "the child's cases");
}

/*
 * As a user without privileges, for whom root has made files.
 */
static void
as_nobody(void)
{
    gid_t gid = NOBODY;

    if (setgroups(1, &gid) < 0 || setegid(NOBODY) < 0 || seteuid(NOBODY) < 0)
	err(1, "seteuid");
    refused("another user's", "file2:theirs", KRB5_RC_IO_PERM,
	    "another user", "remove");
    refused("root's and the group's, by the default name", "dfl:",
	    KRB5_RC_IO_PERM, "another user", "remove");
    check(store_in("file2:shared", 1) == 0, "the same, named by file2:");
    refused("root's alone", "file2:roots", EACCES, "denied", "write");
    refused("its own, read only", "file2:readonly", EACCES, "denied",
	    "write");
    refused("a directory that is read only", "file2:new", EACCES, "denied",
	    "in its directory");
}

static void
make_for_nobody(const char *file, uid_t uid, mode_t mode)
{
    new_file(file);
    if (chown(file, uid, NOBODY) < 0 || chmod(file, mode) < 0)
	err(1, "%s", file);
}

static void
test_owner(void)
{
    char nobodys[64];

    if (geteuid() != 0) {
	printf("not root: nothing on other users' files\n");
	return;
    }
    new_file(path);
    if (chown(path, NOBODY, NOBODY) < 0)
	err(1, "chown");
    refused("another user's, for root", "dfl:", KRB5_RC_IO_PERM,
	    "another user", "remove");
    unlink(path);

    chmod(".", 0755);
    snprintf(nobodys, sizeof(nobodys), "krb5_%d.rcache2", NOBODY);
    make_for_nobody("theirs", 1, 0660);
    make_for_nobody(nobodys, 0, 0660);
    make_for_nobody("shared", 0, 0660);
    make_for_nobody("roots", 0, 0600);
    make_for_nobody("readonly", NOBODY, 0400);
    snprintf(path, sizeof(path), "%s/%s", test_dir, nobodys);
    in_child(as_nobody);
    snprintf(path, sizeof(path), "%s/krb5_0.rcache2", test_dir);
}

/*
 * No file may be longer than limit.
 */
static void
limit_size(rlim_t limit)
{
    struct rlimit rl;

    if (getrlimit(RLIMIT_FSIZE, &rl) < 0)
	err(1, "getrlimit");
    rl.rlim_cur = limit;
    if (setrlimit(RLIMIT_FSIZE, &rl) < 0)
	err(1, "setrlimit");
}

/*
 * Tag 6 goes to 752 in a file of new_file().
 */
static void
test_limit(void)
{
    static const rlim_t limits[] = { 0, 8, 16, 752, 760, 767 };
    krb5_error_code ret, again;
    size_t i;

    signal(SIGXFSZ, SIG_IGN);
    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
	if (limits[i] < 16)
	    write_file("cache", "", 0);
	else
	    new_file("cache");
	chmod("cache", 0600);
	limit_size(limits[i]);
	ret = store_in("file2:cache", 6);
	again = store_in("file2:cache", 6);
	limit_size(RLIM_INFINITY);
	check(ret != 0 && ret != KRB5KRB_AP_ERR_REPEAT && again != 0,
	      "%lu octets at most: %d, then %d", (unsigned long)limits[i],
	      (int)ret, (int)again);
	ret = store_in("file2:cache", 7);
	again = store_in("file2:cache", 7);
	check(ret == 0 && again == KRB5KRB_AP_ERR_REPEAT,
	      "and more afterwards: %d, then %d", (int)ret, (int)again);
    }
    unlink("cache");
}

/*
 * A file system of its own with room for two pages.
 */
static void
fill_tmpfs(void)
{
    krb5_error_code ret = 0;
    uint32_t n, bad = 0;

    if (unshare(CLONE_NEWNS) < 0 ||
	mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	mount("none", test_dir, "tmpfs", 0, "size=8k") < 0 ||
	chdir(test_dir) < 0) {
	printf("no tmpfs to fill: %s\n", strerror(errno));
	return;
    }
    for (n = 0; ret == 0 && n < 5000; n++)
	ret = store_in("file2:cache", n);
    check(ret == ENOSPC && n > 1, "a full file system, after %u tags (%d)",
	  n - 1, (int)ret);
    while (--n > 0)
	bad += store_in("file2:cache", n - 1) != KRB5KRB_AP_ERR_REPEAT;
    check(bad == 0, "what was stored is known: %u are not", bad);
    if (mount("none", test_dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) == 0)
	refused("read only", "file2:cache", EROFS, "Read-only", "name");
}

/*
 * Until somebody waits for a lock of the file, which is open as fd.  Returns 0
 * where that cannot be known.
 */
static int
wait_for_waiter(int fd)
{
    char line[256], inode[32];
    struct stat st;
    int found = 0;
    FILE *f;

    fstat(fd, &st);
    snprintf(inode, sizeof(inode), ":%lu ", (unsigned long)st.st_ino);
    while (!found) {
	f = fopen("/proc/locks", "r");
	if (f == NULL)
	    return 0;
	while (fgets(line, sizeof(line), f) != NULL)
	    found |= strstr(line, "->") && strstr(line, inode);
	fclose(f);
	sched_yield();
    }
    return 1;
}

/*
 * Another process stores a tag while we have the file's lock of the kind that
 * command sets; once it waits we take the file away, or not, and let go.
 */
static void
test_waiter(const char *what, int command, int take_away)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    krb5_error_code ret;
    int fd, status;
    pid_t pid;

    new_file("cache");
    fd = open("cache", O_RDWR);
    if (fd < 0 || fcntl(fd, command, &lock) < 0)
	err(1, "cache");
    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	close(fd);
	_exit(store_in("file2:cache", 6) != 0);
    }
    if (!wait_for_waiter(fd))
	printf("no /proc/locks: nobody may have waited\n");
    check(waitpid(pid, &status, WNOHANG) == 0 && size_of("cache") == 16,
	  "%s: another process waits for the lock", what);
    if (take_away)
	unlink("cache");
    close(fd);
    if (waitpid(pid, &status, 0) != pid)
	err(1, "waitpid");
    ret = store_in("file2:cache", 6);
    check(status == 0 && ret == KRB5KRB_AP_ERR_REPEAT,
	  "and stores in the file that is there then (%d, %d)", status,
	  (int)ret);
    unlink("cache");
}

/*
 * What happens to the cache when its lock is asked for the next time, before
 * it is had.
 */
static void (*meanwhile)(void);

int
fcntl(int fd, int command, ...)
{
    void (*action)(void) = meanwhile;
    va_list ap;
    long arg;

    va_start(ap, command);
    arg = va_arg(ap, long);
    va_end(ap);
    meanwhile = NULL;
    if (action)
	action();
    return syscall(SYS_fcntl, fd, command, arg);
}

static void
remove_cache(void)
{
    unlink("cache");
}

/*
 * Another one, where somebody else has stored tag 6.
 */
static void
replace_cache(void)
{
    new_file("other");
    check(store_in("file2:other", 6) == 0 && rename("other", "cache") == 0,
	  "it is replaced");
}

/*
 * A file that vanishes between open() and a lock that nobody has.
 */
static void
test_meanwhile(void)
{
    krb5_error_code ret;

    new_file("cache");
    meanwhile = remove_cache;
    ret = store_in("file2:cache", 6);
    check(ret == 0 && access("cache", F_OK) == 0,
	  "a file that was removed is not used, but a new one (%d)", (int)ret);
    ret = store_in("file2:cache", 6);
    check(ret == KRB5KRB_AP_ERR_REPEAT, "which has the tag (%d)", (int)ret);

    new_file("cache");
    meanwhile = replace_cache;
    ret = store_in("file2:cache", 6);
    check(ret == KRB5KRB_AP_ERR_REPEAT,
	  "in a file that was replaced the tag is looked up (%d)", (int)ret);
    check(store_in("file2:cache", 7) == 0, "another tag is stored");
    unlink("cache");
}

int
main(int argc, char **argv)
{
    int before;

    alarm(300);			/* no lock is waited for for ever */
    if (krb5_init_context(&context))
	return 1;
    enter_test_dir();
    setenv("KRB5RCACHEDIR", test_dir, 1);
    snprintf(path, sizeof(path), "%s/krb5_%lu.rcache2", test_dir,
	     (unsigned long)geteuid());
    before = next_fd();
    test_new();
    test_kinds();
    test_modes();
    test_names();
    test_owner();
    test_limit();
    in_child(fill_tmpfs);
#ifdef F_OFD_SETLKW
    test_waiter("lock of the descriptor", F_OFD_SETLK, 0);
    test_waiter("lock of the descriptor, file removed", F_OFD_SETLK, 1);
#endif
    test_waiter("lock of the process", F_SETLK, 0);
    test_meanwhile();
    check(next_fd() == before, "no descriptor is left open");
    krb5_free_context(context);
    return check_done();
}
