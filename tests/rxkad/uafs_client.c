/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * uafs_client CONFDIR CACHEDIR TOKEN: OpenAFS's cache manager as a library
 * (libuafs), with the octets that afslog gives to VIOCSETTOK; "-" is no token.
 * A line of input is an operation:
 *	write NAME TEXT			a new file in the root volume
 *	read NAME
 * A line of output is 0 (and the text), or errno.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "tokens.h"

/* Of afs_usrops.h, which is not installed. */
void uafs_SetRxPort(int);
int uafs_Setup(const char *);
int uafs_ParseArgs(int, char **);
int uafs_Run(void);
void uafs_RxServerProc(void);
int uafs_SetTokens(char *, int);
int uafs_open(char *, int, int);
int uafs_read(int, char *, int);
int uafs_write(int, char *, int);
int uafs_close(int);

#define MOUNTED "/afs"

static FILE *answers;		/* the library talks on standard output */

static void
must(int code, const char *what)
{
    if (code == 0)
	return;
    fprintf(stderr, "uafs_client: %s: %d\n", what, code);
    exit(2);
}

static void *
serve(void *arg)
{
    uafs_RxServerProc();
    return NULL;
}

static void
start(char *confdir, char *cachedir)
{
    char *args[] = { "uafs_client", "-confdir", confdir, "-cachedir", cachedir,
		     "-rootvol", "root.afs", "-memcache", "-blocks", "1000" };
    pthread_t thread;

    uafs_SetRxPort(0);
    must(uafs_Setup(MOUNTED), "uafs_Setup");
    must(uafs_ParseArgs(sizeof(args) / sizeof(args[0]), args),
	 "uafs_ParseArgs");
    must(uafs_Run(), "uafs_Run");
    must(pthread_create(&thread, NULL, serve, NULL), "a thread");
}

static void
do_write(char *path, char *text)
{
    int len = strlen(text);
    int fd = uafs_open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);

    if (fd < 0 || uafs_write(fd, text, len) != len || uafs_close(fd) != 0)
	fprintf(answers, "%d\n", errno);
    else
	fprintf(answers, "0\n");
}

static void
do_read(char *path)
{
    char text[1000];
    int fd = uafs_open(path, O_RDONLY, 0);
    int len = fd < 0 ? -1 : uafs_read(fd, text, sizeof(text));

    if (len < 0)
	fprintf(answers, "%d\n", errno);
    else
	fprintf(answers, "0 %.*s\n", len, text);
    if (fd >= 0)
	uafs_close(fd);
}

int
main(int argc, char **argv)
{
    static char line[MAX_LINE];
    char *words[MAX_WORDS], path[1000];
    unsigned char *token;
    size_t len;

    if (argc != 4)
	return 2;
    answers = fdopen(dup(1), "w");
    if (answers == NULL || dup2(2, 1) < 0)
	return 2;
    setvbuf(answers, NULL, _IOLBF, 0);
    start(argv[1], argv[2]);
    token = from_hex(argv[3], &len);
    if (len > 0)
	must(uafs_SetTokens((char *)token, (int)len), "uafs_SetTokens");
    while (next_line(line, words)) {
	snprintf(path, sizeof(path), "%s/%s", MOUNTED, words[1]);
	if (strcmp(words[0], "write") == 0)
	    do_write(path, words[2]);
	else if (strcmp(words[0], "read") == 0)
	    do_read(path);
	else
	    return 2;
    }
    fflush(answers);
    _exit(0);			/* uafs_Shutdown() is not to be relied on */
}
