/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See count_syscalls.h.  The child is stopped at the beginning and at the end
 * of each system call; what it takes to begin and to end is counted with a
 * function that does nothing.
 */

#include <sys/types.h>
#include <sys/wait.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "count_syscalls.h"

/* a sanitizer makes some itself */
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)

#include <sys/ptrace.h>

#define SYSCALL_STOP (SIGTRAP | 0x80)

static void
nothing(void *arg)
{
}

static void
be_traced(void (*f)(void *), void *arg)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
	_exit(1);
    (void)raise(SIGSTOP);
    f(arg);
    _exit(0);
}

/*
 * Let the child go on to its end; the stops at system calls, or -1.
 */
static long
count_stops(pid_t pid)
{
    long stops = 0;
    int status, pass_on = 0;

    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD))
	return -1;
    for (;;) {
	if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)pass_on) < 0 ||
	    waitpid(pid, &status, 0) != pid)
	    return -1;
	if (!WIFSTOPPED(status))
	    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? stops : -1;
	pass_on = 0;
	if (WSTOPSIG(status) == SYSCALL_STOP)
	    stops++;
	else
	    pass_on = WSTOPSIG(status);
    }
}

static long
run(void (*f)(void *), void *arg)
{
    long stops;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
	return -1;
    if (pid == 0)
	be_traced(f, arg);
    stops = count_stops(pid);
    if (stops < 0) {
	(void)kill(pid, SIGKILL);	/* may be gone */
	(void)waitpid(pid, NULL, 0);
    }
    return stops;
}

long
count_syscalls(void (*f)(void *), void *arg)
{
    long base = run(nothing, NULL), all = run(f, arg);

    return base < 0 || all < 0 ? -1 : (all - base) / 2;
}

#else

long
count_syscalls(void (*f)(void *), void *arg)
{
    return -1;
}

#endif
