/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * To be preloaded as other_clock.so: the time of day is $OTHER_CLOCK seconds
 * ahead, or as many as the file of that name says whenever it is asked, so
 * that the clock can jump.  What measures how long something takes stays as it
 * is.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long
read_seconds(const char *path)
{
    int saved = errno, fd = open(path, O_RDONLY);
    char text[32];
    ssize_t n = 0;

    if (fd >= 0) {
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    errno = saved;
    return atol(text);
}

static long
ahead(void)
{
    const char *seconds = getenv("OTHER_CLOCK");

    if (seconds == NULL)
	return 0;
    return seconds[0] == '/' ? read_seconds(seconds) : atol(seconds);
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
