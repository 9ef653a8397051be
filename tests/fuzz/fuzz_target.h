/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the fuzz targets share: a clock that stands still, and an end for what
 * must not be.  Each includes it once.
 */

#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H 1

#include <sys/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NOW 1800000000		/* fuzz_*.py make their inputs for it */

time_t
time(time_t *t)
{
    if (t != NULL)
	*t = NOW;
    return NOW;
}

int
gettimeofday(struct timeval *tv, void *tz)
{
    tv->tv_sec = NOW;
    tv->tv_usec = 1;
    return 0;
}

#define want(condition) wanted((condition) != 0, #condition, __LINE__)

static void
wanted(int is, const char *what, int line)
{
    if (!is) {
	fprintf(stderr, "line %d: not %s\n", line, what);
	abort();
    }
}

#endif /* FUZZ_TARGET_H */
