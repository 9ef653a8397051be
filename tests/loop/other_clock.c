/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * To be preloaded as other_clock.so: the time of day is $OTHER_CLOCK seconds
 * ahead.  What measures how long something takes stays as it is.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long
ahead(void)
{
    const char *seconds = getenv("OTHER_CLOCK");

    return seconds ? atol(seconds) : 0;
}

time_t
time(time_t *result)
{
    struct timeval tv;

    (void)gettimeofday(&tv, NULL);
    if (result)
	*result = tv.tv_sec;
    return tv.tv_sec;
}

int
gettimeofday(struct timeval *tv, void *zone)
{
    static int (*next)(struct timeval *, void *);
    int ret;

    if (next == NULL)
	*(void **)&next = dlsym(RTLD_NEXT, "gettimeofday");
    ret = next(tv, zone);
    if (ret == 0)
	tv->tv_sec += ahead();
    return ret;
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
    static int (*next)(clockid_t, struct timespec *);
    int ret;

    if (next == NULL)
	*(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    ret = next(clock, ts);
    if (ret == 0 && clock == CLOCK_REALTIME)
	ts->tv_sec += ahead();
    return ret;
}
