/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * To be preloaded as kafs_token.so, into afslog: there is an AFS cache
 * manager, and it appends the token that it is given to the file $KAFS_TOKEN,
 * as hexadecimal digits, a line a token.
 */

#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <roken.h>
#include <kafs.h>

int
k_hasafs(void)
{
    return 1;
}

int
k_setpag(void)
{
    return 0;
}

int
k_pioctl(char *path, int opcode, struct ViceIoctl *parms, int follow)
{
    const char *name = getenv("KAFS_TOKEN");
    unsigned short i;
    FILE *f;

    if (opcode != VIOCSETTOK || name == NULL) {
	errno = EINVAL;
	return -1;
    }
    f = fopen(name, "a");
    if (f == NULL)
	return -1;
    for (i = 0; i < parms->in_size; i++)
	fprintf(f, "%02x", ((unsigned char *)parms->in)[i]);
    fprintf(f, "\n");
    return fclose(f) ? -1 : 0;
}
