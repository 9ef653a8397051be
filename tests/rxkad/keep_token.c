/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Linked into OpenAFS's aklog: a cache manager that has no tokens, and appends
 * what it is given to the file $KAFS_TOKEN, as kafs_token.so does for afslog.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

struct ViceIoctl {
    char *in, *out;
    unsigned short in_size, out_size;
};

#define VIOCSETTOK _IOW('V', 3, struct ViceIoctl)

int pioctl(char *, unsigned int, struct ViceIoctl *, int);
int lpioctl(char *, unsigned int, void *, int);

int
pioctl(char *path, unsigned int opcode, struct ViceIoctl *parms, int follow)
{
    const char *name = getenv("KAFS_TOKEN");
    unsigned short i;
    FILE *f;

    if (opcode != VIOCSETTOK) {
	/* no more tokens; what is newer is not known */
	errno = (opcode >> 8 & 0xff) == 'V' ? EDOM : EINVAL;
	return -1;
    }
    f = name == NULL ? NULL : fopen(name, "a");
    if (f == NULL)
	return -1;
    for (i = 0; i < parms->in_size; i++)
	fprintf(f, "%02x", ((unsigned char *)parms->in)[i]);
    fprintf(f, "\n");
    return fclose(f) ? -1 : 0;
}

int
lpioctl(char *path, unsigned int opcode, void *parms, int follow)
{
    return pioctl(path, opcode, parms, follow);
}
