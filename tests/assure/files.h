/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the programs share that damage files.
 */

#ifndef FILES_H
#define FILES_H 1

#include <sys/resource.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A directory of its own, in memory where that can be had: what is written
 * there is written thousands of times, and synced.
 */
static void
make_dir(char *dir, size_t size)
{
    snprintf(dir, size, "%s/faults.XXXXXX",
	     access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(dir) == NULL)
	err(1, "%s", dir);
}

/*
 * No file may be longer: as good as a disk that is full.
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

#endif /* FILES_H */
