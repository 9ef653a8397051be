/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * RSA keys whose size is chosen to keep who verifies with them busy: they are
 * refused at once.
 */

#include <config.h>
#include <roken.h>

#include <sys/wait.h>

#include <engine.h>
#include <rsa.h>
#include <bn.h>

#include "sec_test.h"

#define SECONDS 20		/* it would take minutes */

enum how { DECRYPT, ENCRYPT, VERIFY };

/*
 * An odd number of so many bits.
 */
static BIGNUM *
make_number(size_t bits)
{
    unsigned char octets[65536 / 8];
    size_t i, n = bits / 8;

    for (i = 0; i < n; i++)
	octets[i] = 0x80 | (i * 37 & 0x7f);
    octets[n - 1] |= 1;
    return BN_bin2bn(octets, n, NULL);
}

static int
use(RSA *rsa, enum how how)
{
    static unsigned char in[65536 / 8], out[65536 / 8];
    size_t size = RSA_size(rsa);

    memset(in, 0x11, size);
    switch (how) {
    case DECRYPT:
	return RSA_public_decrypt(size, in, out, rsa, RSA_PKCS1_PADDING);
    case ENCRYPT:
	return RSA_public_encrypt(32, in, out, rsa, RSA_PKCS1_PADDING);
    case VERIFY:
	return RSA_verify(NID_sha1, in, 20, in, size, rsa);
    }
    return 0;
}

/*
 * In a child, which must not take long: whether it is refused for its size.
 */
static int
is_refused(size_t modulus, size_t exponent, enum how how)
{
    int status, ret;
    RSA *rsa;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
	alarm(SECONDS);
	rsa = RSA_new();
	if (rsa == NULL)
	    _exit(2);
	RSA_set_method(rsa, ENGINE_get_RSA(ENGINE_by_id("builtin")));
	rsa->n = make_number(modulus);
	rsa->e = make_number(exponent);
	ret = use(rsa, how);
	_exit(ret == -1 ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid &&
	WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
main(int argc, char **argv)
{
    static const struct {
	const char *what;
	enum how how;
    } ways[] = {
	{ "decrypt", DECRYPT }, { "encrypt", ENCRYPT }, { "verify", VERIFY }
    };
    size_t i;

    /* hcrypto's own RSA had no bounds, whatever the default is */
    ENGINE_load_builtin_engines();
    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
	check(is_refused(65536, 65536, ways[i].how),
	      "%s: 65536 bits, exponent of 65536", ways[i].what);
	check(is_refused(16392, 16, ways[i].how), "%s: 16392 bits",
	      ways[i].what);
	check(is_refused(3080, 72, ways[i].how),
	      "%s: 3080 bits, exponent of 72", ways[i].what);
	check(!is_refused(3080, 64, ways[i].how),
	      "%s: 3080 bits, exponent of 64 is none", ways[i].what);
	check(!is_refused(2048, 2048, ways[i].how),
	      "%s: 2048 bits, exponent of 2048 is none", ways[i].what);
    }
    return check_done();
}
