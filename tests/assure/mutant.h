/*
 * Which mutant runs.  The file MUTANT_FILE is a page that all processes share,
 * so that one that runs sees another mutant at once: first a number, 0 for
 * none, -1 for none but to tell which would make a difference; behind it an
 * octet for each mutant, which becomes 1 where what it is made of has another
 * value than the mutant's.
 *
 * Nothing is allocated, errno is as it was, and open() and mmap() are not
 * libc's: tests have their own.
 */
#ifndef MUTANT_H
#define MUTANT_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static union {
    int number;
    unsigned char octets[MUTANT_SIZE];
} mutant_none, *volatile mutant_page;

/* When a program begins, so that what it counts later is only its own. */
static void __attribute__((constructor))
mutant_map(void)
{
    int saved = errno;
    long fd, at = -1;

    if (mutant_page != NULL)
	return;
    fd = syscall(SYS_openat, AT_FDCWD, MUTANT_FILE, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
	at = syscall(SYS_mmap, NULL, sizeof(mutant_none),
		     PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
    }
    mutant_page = fd < 0 || at == -1 ? &mutant_none : (void *)at;
    errno = saved;
}

static inline int
mutant_now(void)
{
    if (mutant_page == NULL)
	mutant_map();
    return *(volatile int *)&mutant_page->number;
}

static inline void
mutant_differs(int number)
{
    mutant_page->octets[sizeof(int) + number] = 1;
}

static inline int
mutant_is(int number, int value, int is)
{
    int now = mutant_now();

    if (now == -1 && value != is)
	mutant_differs(number);
    return now == number ? value : is;
}

/* Whether the mutant of a comparison runs; `same` is whether its two sides
 * are, where it makes the difference. */
static inline int
mutant_edge(int number, int same)
{
    if (mutant_now() == -1 && same)
	mutant_differs(number);
    return mutant_now() == number;
}

#endif /* MUTANT_H */
