/*
 * Which mutant of this file runs.  The file MUTANT_FILE has its number: 0 for
 * none, -1 for none but to write the number of each place that is reached to
 * MUTANT_FILE.seen, four octets each.
 *
 * Nothing is allocated, errno is as it was, and read() and open() are not
 * libc's: tests have their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/syscall.h>

static int mutant_now = -2;
static unsigned char mutant_seen[MUTANT_COUNT];

static void
mutant_look(void)
{
    int saved = errno, now = 0;
    char text[16];
    long fd, i, n;

    fd = syscall(SYS_openat, AT_FDCWD, MUTANT_FILE, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
	n = syscall(SYS_read, fd, text, sizeof(text));
	for (i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
	    now = now * 10 + text[i] - '0';
	if (n > 0 && text[0] == '-')
	    now = -1;
	syscall(SYS_close, fd);
    }
    mutant_now = now;
    errno = saved;
}

static void
mutant_reached(int number)
{
    int saved = errno;
    long fd;

    mutant_seen[number - MUTANT_FIRST] = 1;
    fd = syscall(SYS_openat, AT_FDCWD, MUTANT_FILE ".seen",
		 O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd >= 0) {
	(void)!syscall(SYS_write, fd, &number, sizeof(number));
	syscall(SYS_close, fd);
    }
    errno = saved;
}

static inline int
mutant(int number)
{
    if (mutant_now == -2)
	mutant_look();
    if (mutant_now == -1 && !mutant_seen[number - MUTANT_FIRST])
	mutant_reached(number);
    return mutant_now == number;
}

static inline int
mutant_is(int number, int value, int is)
{
    return mutant(number) ? value : is;
}
