/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * One RSA key that several threads sign with from its first use on, and keys
 * that parent and child make after a fork, which have to differ.
 */

/* REQ: none (issue 8) */

#include <config.h>
#include <roken.h>

#include <pthread.h>
#include <sys/wait.h>

#include <rsa.h>
#include <dh.h>

#include "ossl_errors.h"
#include "rsa_key.h"
#include "../security/sec_test.h"

#define THREADS	4
#define ROUNDS	20
#define SIZE	256

static pthread_barrier_t start;

static int
signs(RSA *rsa)
{
    unsigned char data[] = "signed", sig[SIZE], out[SIZE];
    int n = RSA_private_encrypt(sizeof(data), data, sig, rsa,
				RSA_PKCS1_PADDING);

    n = n <= 0 ? n : RSA_public_decrypt(n, sig, out, rsa, RSA_PKCS1_PADDING);
    return n == sizeof(data) && memcmp(out, data, n) == 0;
}

static void *
thread_main(void *arg)
{
    int i;

    pthread_barrier_wait(&start);
    for (i = 0; i < ROUNDS; i++)
	if (!signs(arg))
	    return arg;
    return ossl_no_errors() ? NULL : arg;
}

static void
test_threads(void)
{
    pthread_t thread[THREADS];
    RSA *rsa = rsa_key(0, NULL, 1, 1);
    int i, failed = 0;
    void *result;

    pthread_barrier_init(&start, NULL, THREADS);
    for (i = 0; i < THREADS; i++)
	if (pthread_create(&thread[i], NULL, thread_main, rsa) != 0)
	    errx(1, "no thread");
    for (i = 0; i < THREADS; i++) {
	pthread_join(thread[i], &result);
	failed += result != NULL;
    }
    check(failed == 0, "%d threads sign with one key", THREADS);
    RSA_free(rsa);
}

static size_t
new_public(unsigned char *out)
{
    DH *dh = DH_new();
    size_t n;

    dh->p = number(dh_prime);
    dh->g = number("2");
    if (DH_generate_key(dh) != 1)
	errx(1, "no key");
    n = BN_bn2bin(dh->pub_key, out);
    DH_free(dh);
    return n;
}

static void
test_fork(void)
{
    unsigned char a[SIZE], b[SIZE];
    RSA *rsa = rsa_key(0, NULL, 1, 1);
    int fd[2], status = -1;
    pid_t pid;

    check(signs(rsa), "a key signs");
    new_public(a);		/* the generator has begun */
    if (pipe(fd) != 0 || (pid = fork()) < 0)
	err(1, "fork");
    memset(a, 0, sizeof(a));
    memset(b, 0, sizeof(b));
    if (pid == 0) {
	new_public(b);
	if (net_write(fd[1], b, sizeof(b)) != sizeof(b))
	    _exit(2);
	_exit(!signs(rsa));
    }
    new_public(a);
    check(net_read(fd[0], b, sizeof(b)) == sizeof(b) &&
	  memcmp(a, b, sizeof(a)) != 0,
	  "parent and child make different keys");
    check(waitpid(pid, &status, 0) == pid && status == 0 && signs(rsa),
	  "both sign");
    RSA_free(rsa);
    close(fd[0]);
    close(fd[1]);
}

int
main(int argc, char **argv)
{
    test_threads();
    test_fork();
    check(ossl_no_errors(), "nothing in the queue of errors");
    return check_done();
}
