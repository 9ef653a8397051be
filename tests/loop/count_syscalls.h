/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Counts the system calls that a function makes.
 */

#ifndef COUNT_SYSCALLS_H
#define COUNT_SYSCALLS_H 1

/*
 * The number of system calls of f(arg), which runs in a child of its own; -1
 * where a child cannot be traced.
 */
long
count_syscalls(void (*f)(void *), void *arg);

#endif /* COUNT_SYSCALLS_H */
