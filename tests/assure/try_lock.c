/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * To be preloaded as try_lock.so under valgrind, which lets no other thread
 * run while one waits for the lock of a file, and so waits for ever if one of
 * them has it.  Here the lock is tried again and again.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>

int
fcntl(int fd, int command, ...)
{
    int (*real)(int, int, ...);
    void *argument;
    va_list ap;
    int ret;

    va_start(ap, command);
    argument = va_arg(ap, void *);
    va_end(ap);
    *(void **)&real = dlsym(RTLD_NEXT, "fcntl");
    if (command != F_OFD_SETLKW)
	return real(fd, command, argument);
    while ((ret = real(fd, F_OFD_SETLK, argument)) != 0 &&
	   (errno == EAGAIN || errno == EACCES))
	sched_yield();
    return ret;
}
