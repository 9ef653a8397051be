/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Heimdal reads the mechanisms to load from /etc/gss/mech only: here fopen()
 * is ours, and reads $STEPMECH_CONFIG in its place.  To be linked into a
 * program with -export-dynamic, or preloaded as mech_config.so.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *
open_file(const char *real, const char *name, const char *mode)
{
    FILE *(*next)(const char *, const char *);
    const char *config = getenv("STEPMECH_CONFIG");

    *(void **)&next = dlsym(RTLD_NEXT, real);
    if (config && strcmp(name, "/etc/gss/mech") == 0)
	name = config;
    return next(name, mode);
}

FILE *
fopen(const char *name, const char *mode)
{
    return open_file("fopen", name, mode);
}

FILE *
fopen64(const char *name, const char *mode)
{
    return open_file("fopen64", name, mode);
}
