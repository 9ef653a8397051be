/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Whether a database that was left open is still the one on disk.
 */

#ifndef HDB_KEPT_H
#define HDB_KEPT_H 1

#include <sys/types.h>
#include <time.h>

/** What tells a file, and that nobody has written to it since. */
struct hdb_kept_state {
    dev_t dev;
    ino_t ino;
    off_t size;
    time_t mtime, ctime;	/* seconds, */
    long mtime_ns, ctime_ns;	/* and what the system has below them */
};

/** A database left open: its file, as it was when it was read. */
struct hdb_kept {
    char *path;			/* NULL: there is none */
    int fd;			/* the file, for flock() */
    pid_t pid;			/* locks are shared with a child */
    struct hdb_kept_state state;
};

int	_hdb_kept_remember(struct hdb_kept *, const char *, int, time_t);
int	_hdb_kept_lock(const struct hdb_kept *);
int	_hdb_kept_unlock(const struct hdb_kept *);
void	_hdb_kept_forget(struct hdb_kept *);

#endif /* HDB_KEPT_H */
