/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A part of a program that may exit, in a process of its own.
 */

#ifndef CHILD_H
#define CHILD_H 1

#include <sys/mman.h>
#include <sys/wait.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* after which it is taken to be without an end */
#define CHILD_SECONDS 20

/*
 * Memory that a child and its parent have in common, zeroed.
 */
static void *
child_shared(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
	err(1, "mmap");
    return p;
}

/*
 * Call part(arg).  Returns the exit status, 0 when part returns and 128 after
 * a signal, and in said what was written to standard error.
 */
static int
child_run(void (*part)(void *), void *arg, char *said, size_t size)
{
    size_t used = 0;
    ssize_t n;
    pid_t pid;
    int fds[2], status;

    fflush(stdout);
    if (pipe(fds) < 0 || (pid = fork()) < 0)
	err(1, "a process");
    if (pid == 0) {
	alarm(CHILD_SECONDS);
	dup2(fds[1], STDERR_FILENO);
	close(fds[0]);
	close(fds[1]);
	part(arg);
	exit(0);
    }
    close(fds[1]);
    while (used < size - 1 &&
	   (n = read(fds[0], said + used, size - 1 - used)) > 0)
	used += n;
    said[used] = '\0';
    close(fds[0]);
    if (waitpid(pid, &status, 0) != pid)
	err(1, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#endif /* CHILD_H */
