/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Processes and threads that store the same tag at the same time: one wins,
 * each time.
 *
 * REQ: XT-55
 */

#include "replay_test.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define NAME "file2:cache"
#define ROUNDS 2000
#define PROCESSES 2
#define THREADS 8
#define OWN_TAGS 300
#define FORKS 50

/* in memory that all share */
static struct shared {
    int arrived;		/* workers, in all rounds */
    int winners[ROUNDS];
    int failures;		/* neither stored nor a replay */
} *shared;

static int workers;		/* that take part in a round */

static krb5_error_code
store_in(krb5_context context, uint32_t number)
{
    unsigned char tag[REPLAY_TAG_LENGTH];

    return _gsskrb5_ext_replay_cache_store(context, NAME,
					   number_tag(number, tag), NOW, NOW,
					   SKEW);
}

/*
 * One worker: in each round wait for the others, then store the round's tag.
 */
static void *
race(void *arg)
{
    krb5_context context;
    krb5_error_code ret;
    int round;

    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    for (round = 0; round < ROUNDS; round++) {
	__sync_add_and_fetch(&shared->arrived, 1);
	while (__atomic_load_n(&shared->arrived, __ATOMIC_SEQ_CST) <
	       (round + 1) * workers)
	    sched_yield();
	ret = store_in(context, round);
	if (ret == 0)
	    __sync_add_and_fetch(&shared->winners[round], 1);
	else if (ret != KRB5KRB_AP_ERR_REPEAT)
	    __sync_add_and_fetch(&shared->failures, 1);
    }
    krb5_free_context(context);
    return NULL;
}

static void
run_threads(void *(*worker)(void *), int count)
{
    pthread_t thread[THREADS];
    intptr_t i;

    for (i = 0; i < count; i++)
	if (pthread_create(&thread[i], NULL, worker, (void *)i))
	    errx(1, "pthread_create");
    for (i = 0; i < count; i++)
	pthread_join(thread[i], NULL);
}

/*
 * So many processes of so many threads each.
 */
static void
test_race(int processes, int threads)
{
    pid_t pid[PROCESSES];
    int i, status, good = 0;

    unlink("cache");
    memset(shared, 0, sizeof(*shared));
    workers = processes * threads;
    fflush(stdout);
    for (i = 0; i < processes; i++) {
	pid[i] = fork();
	if (pid[i] < 0)
	    err(1, "fork");
	if (pid[i] == 0) {
	    run_threads(race, threads);
	    _exit(0);
	}
    }
    for (i = 0; i < processes; i++)
	if (waitpid(pid[i], &status, 0) != pid[i] || status != 0)
	    check(0, "process %d ends with %d", i, status);
    for (i = 0; i < ROUNDS; i++)
	good += shared->winners[i] == 1;
    check(good == ROUNDS && shared->failures == 0,
	  "%d processes of %d threads, %d tags: exactly one wins %d times, "
	  "%d failures", processes, threads, ROUNDS, good, shared->failures);
}

/*
 * One worker that stores tags that nobody else does, then each again.
 */
static void *
store_own(void *arg)
{
    uint32_t first = 0x10000 * (uint32_t)(intptr_t)arg;
    krb5_context context;
    uint32_t i;

    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    for (i = 0; i < OWN_TAGS; i++)
	if (store_in(context, first + i) != 0)
	    __sync_add_and_fetch(&shared->failures, 1);
    for (i = 0; i < OWN_TAGS; i++)
	if (store_in(context, first + i) != KRB5KRB_AP_ERR_REPEAT)
	    __sync_add_and_fetch(&shared->failures, 1);
    krb5_free_context(context);
    return NULL;
}

static void
test_own(void)
{
    unlink("cache");
    memset(shared, 0, sizeof(*shared));
    run_threads(store_own, THREADS);
    check(shared->failures == 0, "%d threads, %d tags each, then each again: "
	  "%d failures", THREADS, OWN_TAGS, shared->failures);
}

static void *
store_many(void *arg)
{
    krb5_context context;
    uint32_t i;

    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    for (i = 0; i < OWN_TAGS ||
	 !__atomic_load_n(&shared->arrived, __ATOMIC_SEQ_CST); i++)
	if (store_in(context, i) != 0)
	    shared->failures++;
    krb5_free_context(context);
    return NULL;
}

/*
 * Children that are forked while a thread stores, and live on, must not keep
 * the lock.
 */
static void
test_fork(void)
{
    pthread_t thread;
    int end[2], i, status;
    char octet;
    pid_t pid;

    unlink("cache");
    memset(shared, 0, sizeof(*shared));
    if (pipe(end) < 0 ||
	pthread_create(&thread, NULL, store_many, NULL) != 0)
	err(1, "pipe");
    fflush(stdout);
    for (i = 0; i < FORKS; i++) {
	pid = fork();
	if (pid < 0)
	    err(1, "fork");
	if (pid == 0) {
	    close(end[1]);
	    (void)!read(end[0], &octet, 1);
	    _exit(0);
	}
    }
    __atomic_store_n(&shared->arrived, 1, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    check(shared->failures == 0, "with %d children forked meanwhile: "
	  "%d failures", FORKS, shared->failures);
    close(end[1]);
    for (i = 0; i < FORKS; i++)
	if (wait(&status) < 0)
	    err(1, "wait");
}

int
main(int argc, char **argv)
{
    alarm(600);			/* no lock is waited for for ever */
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
	err(1, "mmap");
    enter_test_dir();
    test_race(PROCESSES, 1);
#ifdef F_OFD_SETLKW
    test_race(1, THREADS);
    test_race(PROCESSES, THREADS);
    test_own();
#else
    printf("no locks of open file descriptions: nothing on threads\n");
#endif
    test_fork();
    return check_done();
}
