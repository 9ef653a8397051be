/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Allocations that fail, one in a run.  A program that includes this has
 * malloc() and its family in it, for itself and all of its libraries; those of
 * glibc are behind them.
 *
 * What is allocated between fault_on() and fault_off() is counted; the
 * fault_at-th (from 1) fails.  All that is live is counted everywhere, and
 * with $FAULT_ONLY it is told who has
 * allocated what was not freed.
 *
 * Where malloc() is AddressSanitizer's no allocation fails, and none is
 * counted.
 *
 * $FAULT_STRIDE: every so many allocations only; $FAULT_ONLY=N: this one.
 */

#ifndef FAULTS_H
#define FAULTS_H 1

#define _GNU_SOURCE 1
#include <config.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

#define FAULT_CALLER __builtin_return_address(0)
#define FAULT_BLOCKS 65536	/* a power of two */
#define FAULT_DEPTH 16

struct fault_place {
    int depth;
    void *frames[FAULT_DEPTH];
};

static struct fault_block {
    void *p;
    struct fault_place place;
} fault_blocks[FAULT_BLOCKS];

static int fault_armed;
static int fault_tracked;
static int fault_inside;	/* of backtrace(), which may allocate */
static long fault_at;		/* 0: none fails */
static long fault_count;
static int fault_hit;		/* it has failed */
static int fault_passed;	/* it has not, as it is spared */
static int fault_lost;		/* blocks */
static int fault_only_told;	/* what is lost, and is no finding */
static int fault_tell;		/* and says where */
static long fault_live;		/* blocks there are */

/* What has been done, for the process that goes on after a crash. */
static struct fault_progress {
    long at;			/* fails now */
    long faults;
    long findings;
    struct fault_place failed;	/* who has asked for it */
    struct fault_place crashed;
} *fault_progress;

static void
fault_take(struct fault_place *place)
{
    fault_inside = 1;
    place->depth = backtrace(place->frames, FAULT_DEPTH);
    fault_inside = 0;
}

static struct fault_block *
fault_find(const void *p)
{
    size_t at = ((uintptr_t)p >> 4) * 2654435761u % FAULT_BLOCKS, n;
    struct fault_block *empty = NULL;

    for (n = 0; n < FAULT_BLOCKS; n++) {
	struct fault_block *b = &fault_blocks[(at + n) % FAULT_BLOCKS];

	if (b->p == p)
	    return b;
	if (b->p == NULL) {
	    if (empty == NULL)
		empty = b;
	    if (b->place.depth == 0) /* never used: it is not behind it */
		return empty;
	}
    }
    return empty;
}

/*
 * Tell a place as where.py reads it.
 */
static void
fault_show(const char *what, const struct fault_place *place)
{
    Dl_info info;
    int i;

    if (place->depth == 0)
	return;
    printf("  %s", what);
    for (i = 0; i < place->depth; i++)
	if (dladdr(place->frames[i], &info))
	    printf(" %s+0x%lx", info.dli_fname,
		   (unsigned long)((char *)place->frames[i] -
				   (char *)info.dli_fbase));
    printf("\n");
    fflush(stdout);
}

static void
fault_crash(int sig)
{
    fault_armed = 0;
    fault_take(&fault_progress->crashed);
    signal(sig, SIG_DFL);
    raise(sig);
}

/*
 * Libraries whose own allocations do not fail: part of a name each, or NULL.
 */
static const char *const *fault_spared;

/*
 * The same with all that is called from them.
 */
static const char *const *fault_spared_below;

static int
fault_is_in(void *caller, const char *const *libraries)
{
    Dl_info info;
    size_t i;

    if (libraries == NULL || !dladdr(caller, &info))
	return 0;
    for (i = 0; libraries[i] != NULL; i++)
	if (strstr(info.dli_fname, libraries[i]) != NULL)
	    return 1;
    return 0;
}

static int
fault_is_below(const struct fault_place *place)
{
    int i;

    for (i = 0; i < place->depth; i++)
	if (fault_is_in(place->frames[i], fault_spared_below))
	    return 1;
    return 0;
}

/*
 * Whether this allocation is the one that fails.
 */
static int
fault_now(void *caller)
{
    if (!fault_armed || fault_inside || fault_is_in(caller, fault_spared) ||
	++fault_count != fault_at)
	return 0;
    fault_take(&fault_progress->failed);
    fault_passed = fault_is_below(&fault_progress->failed);
    if (fault_passed)
	return 0;
    fault_hit = 1;
    errno = ENOMEM;
    return 1;
}

static void *
fault_add(void *p)
{
    struct fault_block *b;

    if (p == NULL)
	return p;
    fault_live++;
    if (!fault_tracked || fault_inside || (b = fault_find(p)) == NULL)
	return p;
    b->p = p;
    fault_take(&b->place);
    return p;
}

static void
fault_remove(void *p)
{
    struct fault_block *b;

    if (p == NULL)
	return;
    fault_live--;
    if (fault_tracked && (b = fault_find(p)) != NULL &&
	b->p == p)
	b->p = NULL;		/* depth stays: it was used */
}

#ifndef __SANITIZE_ADDRESS__
void *
malloc(size_t size)
{
    return fault_now(FAULT_CALLER) ? NULL : fault_add(__libc_malloc(size));
}

void *
calloc(size_t n, size_t size)
{
    return fault_now(FAULT_CALLER) ? NULL : fault_add(__libc_calloc(n, size));
}

void *
realloc(void *old, size_t size)
{
    void *p;

    if (size != 0 && fault_now(FAULT_CALLER))
	return NULL;
    fault_remove(old);
    p = __libc_realloc(old, size);
    if (p == NULL && size != 0)
	return fault_add(old), NULL;
    return fault_add(p);
}

void
free(void *p)
{
    int saved = errno;

    fault_remove(p);
    __libc_free(p);
    errno = saved;
}
#endif /* __SANITIZE_ADDRESS__ */

static inline void
fault_on(void)
{
    fault_armed = 1;
}

static inline void
fault_off(void)
{
    fault_armed = 0;
}

/*
 * One run, which returns what is wrong, or NULL.  It arms and disarms, and
 * frees all that it has got.
 */
typedef const char *(*fault_run)(void *arg);

static long
fault_number(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text != NULL && atol(text) > 0 ? atol(text) : otherwise;
}

/*
 * Tell who has allocated what since fault_begin() and not freed it: what is
 * lost is among it.
 */
static void
fault_report(void)
{
    size_t i;

    for (i = 0; i < FAULT_BLOCKS; i++)
	if (fault_blocks[i].p != NULL)
	    fault_show("left", &fault_blocks[i].place);
}

/*
 * A run in which the at-th allocation fails (0: none), and one that finds
 * memory again.  Returns what is wrong, or NULL.
 */
static const char *
fault_once(fault_run run, void *arg, long at)
{
    static char text[64];
    long live = fault_live, count;
    const char *wrong, *after;
    int hit;

    memset(fault_blocks, 0, sizeof(fault_blocks));
    fault_at = at;
    fault_count = 0;
    fault_hit = fault_lost = fault_passed = 0;
    fault_tracked = fault_tell;
    wrong = run(arg);
    fault_tracked = 0;
    hit = fault_hit;
    count = fault_count;
    fault_at = 0;
    fault_hit = 0;
    after = run(arg);
    fault_hit = hit;
    fault_count = count;
    if (wrong != NULL)
	return wrong;
    if (after != NULL) {
	snprintf(text, sizeof(text), "the next one: %s", after);
	return text;
    }
    if (fault_live == live)
	return NULL;
    fault_lost = 1;
    if (fault_tell)
	fault_report();
    snprintf(text, sizeof(text), "%ld blocks are lost", fault_live - live);
    return text;
}

/*
 * Have each stride-th allocation of run fail in turn, from the first-th on.
 */
static void
fault_each(const char *name, fault_run run, void *arg, long stride)
{
    long only = fault_number("FAULT_ONLY", 0), total, at;
    struct fault_progress *done = fault_progress;
    const char *wrong;
    void *frame;

    (void)backtrace(&frame, 1);	/* loads what it needs */
    (void)run(arg);		/* what is made once is made now */
    fault_tell = only != 0;
    /* what is kept for later is lost once, what is lost is lost again */
    wrong = fault_once(run, arg, 0);
    if (wrong != NULL && fault_lost)
	wrong = fault_once(run, arg, 0);
    total = fault_count;
    if (wrong != NULL && done->at == 0) {
	printf("%s, without a fault: %s\n", name, wrong);
	done->findings++;
    }
    for (at = only ? only : done->at + stride; at <= total; at += stride) {
	done->at = at;
	wrong = fault_once(run, arg, at);
	if (!fault_hit && !fault_passed)
	    break;
	done->faults += fault_hit;
	if (wrong != NULL && fault_lost)
	    wrong = fault_once(run, arg, at);
	if (wrong != NULL) {
	    printf("%s, FAULT_ONLY=%ld of %ld: %s\n", name, at, total,
		   wrong);
	    fault_show("failed", &done->failed);
	    done->findings += !(fault_lost && fault_only_told);
	}
	if (only)
	    break;
    }
}

/*
 * fault_each() in processes of their own, with what prepare makes: one that
 * crashes is a finding, and the next goes on behind it.  stride is what
 * $FAULT_STRIDE does not say.  Returns the number of findings.
 */
static inline long
fault_scenario(const char *name, void (*prepare)(void *), fault_run run,
	       void *arg, long stride)
{
    int status, again = 1;
    long before;
    pid_t pid;

    if (fault_progress == NULL)
	fault_progress = mmap(NULL, sizeof(*fault_progress),
			      PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fault_progress == MAP_FAILED)
	err(1, "mmap");
    memset(fault_progress, 0, sizeof(*fault_progress));
    stride = fault_number("FAULT_STRIDE", stride);
    while (again) {
	before = fault_progress->at;
	fault_progress->crashed.depth = 0;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
	    err(1, "fork");
	if (pid == 0) {
	    signal(SIGSEGV, fault_crash);
	    signal(SIGABRT, fault_crash);
	    prepare(arg);
	    fault_each(name, run, arg, stride);
	    exit(0);		/* not _exit(): for --coverage */
	}
	while (waitpid(pid, &status, 0) < 0)
	    if (errno != EINTR)
		err(1, "waitpid");
	again = status != 0 && fault_progress->at != before;
	if (status != 0) {
	    printf("%s, FAULT_ONLY=%ld: it ends with %s %d\n", name,
		   fault_progress->at, WIFEXITED(status) ? "status" :
		   "signal", WIFEXITED(status) ? WEXITSTATUS(status) :
		   WTERMSIG(status));
	    fault_show("failed", &fault_progress->failed);
	    fault_show("crashed", &fault_progress->crashed);
	    fault_progress->findings++;
	    fault_progress->faults++;
	}
	if (fault_number("FAULT_ONLY", 0))
	    break;
    }
    printf("%s: %ld faults, %ld findings\n", name, fault_progress->faults,
	   fault_progress->findings);
    return fault_progress->findings;
}

#endif /* FAULTS_H */
