/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Opening and locking the file of a replay cache.
 *
 * The default one is in a directory where anybody can make files: it is used
 * only if nobody else can have made, linked or changed it.
 */

#include "gsskrb5_locl.h"
#include "replay_cache.h"

#ifndef O_NOFOLLOW
#define O_NOFOLLOW 0		/* is_named() sees the link */
#endif
#ifndef O_NONBLOCK
#define O_NONBLOCK 0
#endif
#ifndef O_CLOEXEC
#define O_CLOEXEC 0		/* rk_cloexec() sets it a little later */
#endif
#ifdef F_OFD_SETLKW
#define LOCK F_OFD_SETLK
#define LOCK_WAIT F_OFD_SETLKW
#else
#define LOCK F_SETLK
#define LOCK_WAIT F_SETLKW
#endif

/* A file that vanishes whenever it is opened is given up. */
#define MAX_OPENS 16

/*
 * What there is to know of a file.  Not its times: where those have been asked
 * for, Linux gives the next write one of its own, which costs as much as all
 * the rest of that write.
 */
struct facts {
    mode_t mode;
    uid_t uid;
    nlink_t nlink;
    off_t size;
    uint64_t ino, dev[2];
};

/*
 * What to do about an error of open(), or NULL if there is nothing to say.
 */
static const char *
advice(int error)
{
    switch (error) {
    case ELOOP:
	return N_("it is a symbolic link, which is not followed; remove it",
		  "");
    case ENOENT:
    case ENOTDIR:
	return N_("make its directory, or name another cache in [libdefaults] "
		  "default_rcache_name", "");
    case EACCES:
    case EPERM:
	return N_("this user has to be able to write to it and to make it in "
		  "its directory", "");
    case EISDIR:
	return N_("remove it, or name another cache in [libdefaults] "
		  "default_rcache_name", "");
    case EROFS:
    case ENOSPC:
	return N_("make room, or name another cache in [libdefaults] "
		  "default_rcache_name", "");
    default:
	return NULL;
    }
}

/*
 * Set the message for an error of a system call, which is also returned.
 */
static krb5_error_code
system_error(krb5_context context, const char *path, const char *what,
	     int error)
{
    const char *todo = advice(error);

    krb5_set_error_message(context, error,
			   N_("Replay cache %s cannot be %s: %s%s%s", ""),
			   path, what, strerror(error), todo ? "; " : "",
			   todo ? todo : "");
    return error;
}

static krb5_error_code
unsafe(krb5_context context, const char *path, const char *why)
{
    krb5_set_error_message(context, KRB5_RC_IO_PERM,
			   N_("Replay cache %s is not used: %s", ""),
			   path, why);
    return KRB5_RC_IO_PERM;
}

/*
 * Examine fd, or what path names, which is not followed, if fd is -1.
 */
static int
examine(int fd, const char *path, struct facts *facts)
{
    struct stat st;

#ifdef STATX_INO
    struct statx stx;

    /* where it cannot be had, there is the other way */
    if (statx(fd < 0 ? AT_FDCWD : fd, fd < 0 ? path : "",
	      fd < 0 ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH,
	      STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_INO |
	      STATX_SIZE, &stx) == 0) {
	facts->mode = stx.stx_mode;
	facts->uid = stx.stx_uid;
	facts->nlink = stx.stx_nlink;
	facts->size = (off_t)stx.stx_size;
	facts->ino = stx.stx_ino;
	facts->dev[0] = stx.stx_dev_major;
	facts->dev[1] = stx.stx_dev_minor;
	return 0;
    }
#endif
    if ((fd < 0 ? lstat(path, &st) : fstat(fd, &st)) < 0)
	return -1;
    facts->mode = st.st_mode;
    facts->uid = st.st_uid;
    facts->nlink = st.st_nlink;
    facts->size = st.st_size;
    facts->ino = st.st_ino;
    facts->dev[0] = st.st_dev;
    facts->dev[1] = 0;
    return 0;
}

/*
 * Whether the open file is fit to be a replay cache.  One that the
 * administrator shares between users may be root's and the group's.
 */
static krb5_error_code
check_file(krb5_context context, const char *path, const struct facts *facts,
	   int shared)
{
    if (!S_ISREG(facts->mode))
	return unsafe(context, path,
		      N_("it is not a regular file; remove it", ""));
    if (facts->uid != geteuid() && !(shared && facts->uid == 0))
	return unsafe(context, path,
		      N_("it belongs to another user, who could make replays "
			 "pass; remove it, or chown it", ""));
    if (facts->mode & (shared ? S_IRWXO : S_IRWXG | S_IRWXO))
	return unsafe(context, path,
		      N_("others may read or change it; chmod it to 600, or "
			 "remove it", ""));
    if (facts->nlink > 1)
	return unsafe(context, path,
		      N_("it has another name, so it may be a file of "
			 "something else; remove it", ""));
    return 0;
}

/*
 * Set or release the lock of the whole file, the one of MIT krb5: command is
 * LOCK or LOCK_WAIT, type F_WRLCK or F_UNLCK.  It belongs to the open file
 * description, or to the process where there is no such lock.
 */
static int
lock_file(int fd, int command, int type)
{
    struct flock lock;
    int ret;

    memset(&lock, 0, sizeof(lock));
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    do {
	ret = fcntl(fd, command, &lock);
    } while (ret < 0 && errno == EINTR);
#ifdef F_OFD_SETLKW
    if (ret == 0 || errno != EINVAL)
	return ret;
    command = command == LOCK_WAIT ? F_SETLKW : F_SETLK;
    do {
	ret = fcntl(fd, command, &lock);
    } while (ret < 0 && errno == EINTR);
#endif
    return ret;
}

/*
 * Wait for the lock of the file with these facts, and have its size then.
 * *current is 0 if path no longer is that file.
 */
static krb5_error_code
wait_for_lock(krb5_context context, const char *path, int fd,
	      struct facts *facts, int *current)
{
    struct facts now;

    memset(&now, 0, sizeof(now));
    if (lock_file(fd, LOCK_WAIT, F_WRLCK) < 0)
	return system_error(context, path, N_("locked", ""), errno);
    if (examine(-1, path, &now) == 0 && now.ino == facts->ino &&
	now.dev[0] == facts->dev[0] && now.dev[1] == facts->dev[1]) {
	facts->size = now.size;
	*current = 1;
    }
    return 0;
}

/*
 * Lock the file and check it.  *current is 0 if it was removed or replaced
 * meanwhile, and nobody else would see what is stored.
 *
 * Where the lock is free there is no time in which path can have become
 * another file but that between two system calls, and there will be as much
 * again before the record is written, so it is enough that the file still has
 * its name; and one examination is enough for all.  Where the lock has to be
 * waited for, the file is checked before, and path is looked up after that.
 */
static krb5_error_code
lock_checked(krb5_context context, const char *path, int fd, int shared,
	     off_t *size, int *current)
{
    int locked = lock_file(fd, LOCK, F_WRLCK) == 0;
    krb5_error_code ret;
    struct facts facts;

    *current = 0;
    if (examine(fd, NULL, &facts) < 0)
	return system_error(context, path, N_("examined", ""), errno);
    ret = check_file(context, path, &facts, shared);
    if (ret)
	return ret;
    if (locked)
	*current = facts.nlink != 0;
    else
	ret = wait_for_lock(context, path, fd, &facts, current);
    *size = facts.size;
    return ret;
}

/*
 * One try.  *fd stays -1 if path was another file in the end.
 */
static krb5_error_code
try_open(krb5_context context, const char *path, int shared, int *fd,
	 off_t *size)
{
    krb5_error_code ret;
    int file, current;

    /* O_NONBLOCK: a FIFO or a device must not make it wait */
    file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
		| O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
	return system_error(context, path, N_("opened", ""), errno);
    if (O_CLOEXEC == 0)
	rk_cloexec(file);
    ret = lock_checked(context, path, file, shared, size, &current);
    if (current)
	*fd = file;
    else
	(void)_gsskrb5_ext_replay_file_close(file);
    return ret;
}

/**
 * Open the file of a replay cache, make it if there is none, check that it is
 * safe to use, and lock it against everybody else, waiting for the lock.
 *
 * @param context a Kerberos 5 context
 * @param path the file
 * @param shared 0 for a file in a directory that others can write to: it must
 *        be the effective user's with no rights for others.  1 for a file that
 *        the administrator has named: root may own it, the group may use it.
 * @param fd the open file, -1 on error; close it with
 *        _gsskrb5_ext_replay_file_close()
 * @param size of the file, since it is locked
 *
 * @return 0; KRB5_RC_IO_PERM if the file is no regular file, another user's,
 *         open to others or has two names; EAGAIN if it is replaced all the
 *         time; otherwise the errno of open(), statx() or the lock.  The error
 *         message is set, with the path, the reason and what to do.
 */
krb5_error_code
_gsskrb5_ext_replay_file_open(krb5_context context, const char *path,
			      int shared, int *fd, off_t *size)
{
    krb5_error_code ret = 0;
    int i;

    *fd = -1;
    for (i = 0; ret == 0 && *fd == -1; i++) {
	if (i == MAX_OPENS)
	    return system_error(context, path, N_("kept", ""), EAGAIN);
	ret = try_open(context, path, shared, fd, size);
    }
    return ret;
}

/**
 * Unlock and close the file.  It is unlocked first: a child that was forked
 * meanwhile has the same open file description.
 *
 * @param fd a file of _gsskrb5_ext_replay_file_open()
 *
 * @return 0, or the errno of close(), which is where some network file systems
 *         tell that what was written is lost.
 */
krb5_error_code
_gsskrb5_ext_replay_file_close(int fd)
{
    (void)lock_file(fd, LOCK, F_UNLCK);	/* close() does it if this fails */
    return close(fd) < 0 ? errno : 0;
}
