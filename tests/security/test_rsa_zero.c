/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * RSA operations whose result is zero: nothing is written to the output, so
 * the padding must not be looked for there.  Every output buffer here holds
 * what makes the unpatched check run off its end, into a page that cannot be
 * read.
 */

#include <config.h>
#include <roken.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include <engine.h>
#include <rsa.h>
#include <bn.h>

#include "sec_test.h"

enum operation { PUBLIC_DECRYPT, PRIVATE_DECRYPT };

/*
 * A buffer of len octets in front of a page without access: the expected first
 * octet, then padding without end.
 */
static unsigned char *
guarded_buffer(size_t len, int first)
{
    size_t page = sysconf(_SC_PAGESIZE);
    size_t used = (len + page - 1) / page * page;
    unsigned char *p;

    p = mmap(NULL, used + page, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + used, page, PROT_NONE) != 0)
	return NULL;
    p += used - len;
    memset(p, 0xff, len);
    p[0] = first;
    return p;
}

/*
 * The operation on input of zeroes in a child; returns the child's verdict: 0
 * refused, 1 accepted, or -signal.
 */
static int
run_zero(RSA *rsa, enum operation op, size_t inlen, int first)
{
    unsigned char zeroes[512];
    unsigned char *out;
    int ret, status;
    pid_t pid;

    memset(zeroes, 0, sizeof(zeroes));
    fflush(stdout);
    pid = fork();
    if (pid == -1)
	return 1;
    if (pid == 0) {
	out = guarded_buffer(RSA_size(rsa), first);
	if (out == NULL)
	    _exit(2);
	alarm(60);
	if (op == PUBLIC_DECRYPT)
	    ret = RSA_public_decrypt(inlen, zeroes, out, rsa,
				     RSA_PKCS1_PADDING);
	else
	    ret = RSA_private_decrypt(inlen, zeroes, out, rsa,
				      RSA_PKCS1_PADDING);
	_exit(ret < 0 ? 0 : 1);
    }
    if (waitpid(pid, &status, 0) != pid)
	return 1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
test_zero(RSA *rsa, enum operation op, const char *name)
{
    size_t lens[3];
    size_t i;
    int first, ret;

    lens[0] = RSA_size(rsa);
    lens[1] = 1;
    lens[2] = 0;
    for (i = 0; i < 3; i++) {
	for (first = 0; first <= 2; first++) {
	    ret = run_zero(rsa, op, lens[i], first);
	    check(ret == 0, "%s of %lu zero octets, %d in the buffer: %s %d",
		  name, (unsigned long)lens[i], first,
		  ret == 0 ? "refused" : ret < 0 ? "SIGNAL" : "accepted", ret);
	}
    }
}

static void
test_good(RSA *rsa)
{
    unsigned char enc[512], dec[512];
    int len;

    len = RSA_private_encrypt(5, (const unsigned char *)"hello", enc, rsa,
			      RSA_PKCS1_PADDING);
    check(len > 0 && RSA_public_decrypt(len, enc, dec, rsa,
					RSA_PKCS1_PADDING) == 5 &&
	  memcmp(dec, "hello", 5) == 0, "a signature is still accepted");
    len = RSA_public_encrypt(5, (const unsigned char *)"hello", enc, rsa,
			     RSA_PKCS1_PADDING);
    check(len > 0 && RSA_private_decrypt(len, enc, dec, rsa,
					 RSA_PKCS1_PADDING) == 5 &&
	  memcmp(dec, "hello", 5) == 0, "a ciphertext is still decrypted");
}

int
main(int argc, char **argv)
{
    BIGNUM *e = BN_new();
    RSA *rsa = RSA_new();

    /* hcrypto's own RSA is what was wrong, whatever the default is */
    ENGINE_load_builtin_engines();
    if (rsa != NULL)
	RSA_set_method(rsa, ENGINE_get_RSA(ENGINE_by_id("builtin")));
    BN_set_word(e, 65537);
    if (rsa == NULL || RSA_generate_key_ex(rsa, 1024, e, NULL) != 1) {
	printf("cannot make an RSA key\n");
	return 1;
    }
    test_good(rsa);
    test_zero(rsa, PUBLIC_DECRYPT, "signature");
    test_zero(rsa, PRIVATE_DECRYPT, "ciphertext");
    test_good(rsa);
    RSA_free(rsa);
    BN_free(e);
    return check_done();
}
