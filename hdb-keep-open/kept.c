/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Whether a database that was left open is still the one on disk.
 *
 * Who writes to the file has it locked, so under a lock the file is as its
 * inode says.  A time of modification has a granularity, though: a file that
 * has just been written may be written again and keep the time.  So a file is
 * remembered only when its times have passed by SETTLED seconds; whatever is
 * written after that has another time, on any file system.
 */

#include <config.h>
#include <roken.h>

#ifdef HAVE_SYS_FILE_H
#include <sys/file.h>
#endif

#include "kept.h"

/* more than the granularity of any file system; FAT has two seconds */
#define SETTLED 3

/*
 * st_mtime is a macro where there is more than seconds.
 */
#if defined(__APPLE__)
#define NSEC(st, which) ((st)->st_##which##timespec.tv_nsec)
#elif defined(st_mtime)
#define NSEC(st, which) ((st)->st_##which##tim.tv_nsec)
#else
#define NSEC(st, which) 0
#endif

static void
take_state(struct hdb_kept_state *state, const struct stat *st)
{
    state->dev = st->st_dev;
    state->ino = st->st_ino;
    state->size = st->st_size;
    state->mtime = st->st_mtime;
    state->ctime = st->st_ctime;
    state->mtime_ns = NSEC(st, m);
    state->ctime_ns = NSEC(st, c);
}

static int
same_state(const struct hdb_kept_state *a, const struct hdb_kept_state *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	a->mtime == b->mtime && a->ctime == b->ctime &&
	a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

/*
 * The state of the file that has the name, which may be another than fd.
 */
static int
state_of_name(const char *path, struct hdb_kept_state *state)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_ino == 0)
	return 0;
    take_state(state, &st);
    return 1;
}

/**
 * Remember a file that has just been opened and is locked.
 *
 * @param kept where; what was there is forgotten
 * @param path the name by which the file was opened
 * @param fd the file; stays the caller's, who has to close it after
 *        _hdb_kept_forget() only
 * @param now the time
 *
 * @return 1; 0 if the file cannot be left open, and nothing is remembered
 */
int
_hdb_kept_remember(struct hdb_kept *kept, const char *path, int fd, time_t now)
{
    struct hdb_kept_state named;
    struct stat st;

    _hdb_kept_forget(kept);
    memset(&named, 0, sizeof(named));
    if (fstat(fd, &st) != 0 || !state_of_name(path, &named))
	return 0;
    take_state(&kept->state, &st);
    /* what was opened by the name besides fd has to be the same */
    if (!same_state(&kept->state, &named) ||
	now < st.st_mtime + SETTLED || now < st.st_ctime + SETTLED)
	return 0;
    kept->path = strdup(path);
    if (kept->path == NULL)
	return 0;
    rk_cloexec(fd);
    kept->fd = fd;
    kept->pid = getpid();
    return 1;
}

/**
 * Lock a file that was left open, for reading.
 *
 * @param kept what _hdb_kept_remember() has remembered
 *
 * @return 1 if it is as it was, and locked; 0 if what is known of it must not
 *         be used, and then the caller has to close the file, which ends the
 *         lock
 */
int
_hdb_kept_lock(const struct hdb_kept *kept)
{
    struct hdb_kept_state now;

    memset(&now, 0, sizeof(now));
    if (kept->path == NULL || kept->pid != getpid() ||
	flock(kept->fd, LOCK_SH) != 0)
	return 0;
    return state_of_name(kept->path, &now) && same_state(&kept->state, &now);
}

/**
 * Unlock a file, which is then left open.
 *
 * @param kept what _hdb_kept_remember() has remembered
 *
 * @return 1; 0 if there is nothing, or it cannot be left open
 */
int
_hdb_kept_unlock(const struct hdb_kept *kept)
{
    return kept->path != NULL && kept->pid == getpid() &&
	flock(kept->fd, LOCK_UN) == 0;
}

/**
 * Forget a file.
 *
 * @param kept zero is one as well
 */
void
_hdb_kept_forget(struct hdb_kept *kept)
{
    free(kept->path);
    memset(kept, 0, sizeof(*kept));
    kept->fd = -1;
}
