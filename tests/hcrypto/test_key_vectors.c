/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * RSA and Diffie-Hellman of each provider against vectors that were made
 * without either, and of the providers against each other: what is good, what
 * has to be refused, and that after a refusal the key still works.
 */

/* REQ: none (issue 8) */

#include <config.h>
#include <roken.h>
#include <hex.h>

#include <evp.h>
#include <engine.h>
#include <rsa.h>
#include <dh.h>

#include "ossl_errors.h"
#include "rsa_key.h"
#include "../security/sec_test.h"

#define MAX_SIZE	512
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const RSA_METHOD *rsa_methods[2];
static const DH_METHOD *dh_methods[2];
static int methods;

static size_t
octets(const char *hex, unsigned char *out)
{
    ssize_t n = strlen(hex) == 0 ? 0 : rk_hex_decode(hex, out, MAX_SIZE + 1);

    if (n < 0)
	errx(1, "no octets: %s", hex);
    return n;
}

/* Heimdal's own RSA leaves zeros in front of its results away. */
static int
is_block(const unsigned char *p, int len, const unsigned char *want, int size)
{
    if (len < 0 || len > size)
	return 0;
    for (; size > len; size--, want++)
	if (*want != 0)
	    return 0;
    return memcmp(p, want, len) == 0;
}

static int
recovers(RSA *rsa, int private, const unsigned char *block, int len,
	 const unsigned char *data, int data_len)
{
    unsigned char out[MAX_SIZE];
    int n = (private ? RSA_private_decrypt : RSA_public_decrypt)
	(len, block, out, rsa, RSA_PKCS1_PADDING);

    return n == data_len && memcmp(out, data, n) == 0;
}

static void
test_good(const RSA_METHOD *m, size_t i, int crt)
{
    RSA *rsa = rsa_key(rsa_good[i].key, m, 1, crt);
    RSA *public = rsa_key(rsa_good[i].key, m, 0, 0);
    unsigned char data[MAX_SIZE + 1], block[MAX_SIZE + 1], out[MAX_SIZE];
    int data_len = octets(rsa_good[i].data, data);
    int len = octets(rsa_good[i].block, block), n, ok;

    if (strcmp(rsa_good[i].operation, "sign") == 0) {
	n = RSA_private_encrypt(data_len, data, out, rsa, RSA_PKCS1_PADDING);
	ok = is_block(out, n, block, len) &&
	    recovers(public, 0, block, len, data, data_len);
    } else {
	n = RSA_public_encrypt(data_len, data, out, public, RSA_PKCS1_PADDING);
	ok = n > 0 && recovers(rsa, 1, out, n, data, data_len) &&
	    recovers(rsa, 1, block, len, data, data_len);
    }
    check(ok, "%s: key of %s: %s %d octets%s", m->name,
	  rsa_keys[rsa_good[i].key].name, rsa_good[i].operation, data_len,
	  crt ? "" : ", by d alone");
    RSA_free(public);
    RSA_free(rsa);
}

/*
 * OpenSSL answers each bad block with the same -1.  Heimdal's own RSA takes
 * some that have too little padding, as it always did, and has a number for
 * each fault; it has to refuse the others.  A later OpenSSL gives random
 * octets for a block that does not decrypt ("implicit rejection"), which
 * tells even less: then nothing of the block may be among them.
 */
static int
is_refused(const RSA_METHOD *m, int private, int n, const char *what)
{
    if (strncmp(m->name, "OpenSSL", 7) != 0)
	return n < 0 || strcmp(what, "no padding") == 0;
    if (n >= 0 && private && ossl_version() >= 0x30200000L)
	return 1;
    return n == -1;
}

static void
test_bad(const RSA_METHOD *m, size_t i)
{
    int private = strcmp(rsa_bad[i].operation, "decrypt") == 0;
    RSA *rsa = rsa_key(rsa_bad[i].key, m, private, 1);
    unsigned char block[MAX_SIZE + 1], out[MAX_SIZE], data[] = "after it";
    int len = octets(rsa_bad[i].block, block), n;

    n = (private ? RSA_private_decrypt : RSA_public_decrypt)
	(len, block, out, rsa, RSA_PKCS1_PADDING);
    check(is_refused(m, private, n, rsa_bad[i].what) && ossl_no_errors(),
	  "%s: key of %s: %s, %s: refused (%d)", m->name,
	  rsa_keys[rsa_bad[i].key].name, rsa_bad[i].operation,
	  rsa_bad[i].what, n);
    n = RSA_public_encrypt(sizeof(data), data, out, rsa, RSA_PKCS1_PADDING);
    check(n > 0, "%s: the key works after it", m->name);
    RSA_free(rsa);
}

/* Who has signed with Heimdal's own RSA may have sent fewer octets. */
static void
test_short(const RSA_METHOD *m)
{
    RSA *rsa = rsa_key(rsa_short[0].key, m, 1, 1);
    unsigned char data[MAX_SIZE + 1], block[MAX_SIZE + 1], out[MAX_SIZE];
    int data_len = octets(rsa_short[0].data, data);
    int len = octets(rsa_short[0].block, block), n;

    check(block[0] == 0 &&
	  recovers(rsa, 0, block, len, data, data_len) &&
	  recovers(rsa, 0, block + 1, len - 1, data, data_len),
	  "%s: a signature without its zero in front is taken", m->name);
    check(!recovers(rsa, 0, block, len - 1, data, data_len) &&
	  ossl_no_errors(),
	  "%s: one without its end is not", m->name);
    n = RSA_private_encrypt(data_len, data, out, rsa, RSA_PKCS1_PADDING);
    check(is_block(out, n, block, len), "%s: it is made (%d of %d octets)",
	  m->name, n, len);
    RSA_free(rsa);
}

/* What the key is made of may change between two uses. */
static void
test_changes(const RSA_METHOD *m)
{
    RSA *rsa = rsa_key(0, m, 0, 0);
    unsigned char data[] = "text", block[MAX_SIZE + 1], out[MAX_SIZE];
    int n;

    n = RSA_public_encrypt(sizeof(data), data, block, rsa, RSA_PKCS1_PADDING);
    rsa->d = number(rsa_keys[0].d);
    check(n > 0 && recovers(rsa, 1, block, n, data, sizeof(data)),
	  "%s: a private exponent that comes later", m->name);

    BN_free(rsa->n);
    BN_free(rsa->d);
    rsa->n = number(rsa_keys[1].n);
    rsa->d = number(rsa_keys[1].d);
    n = RSA_public_encrypt(sizeof(data), data, block, rsa, RSA_PKCS1_PADDING);
    check(n > 0 && recovers(rsa, 1, block, n, data, sizeof(data)),
	  "%s: another key in the same place", m->name);

    BN_free(rsa->e);
    rsa->e = number("1");
    check(RSA_public_encrypt(sizeof(data), data, block, rsa,
			     RSA_PKCS1_PADDING) < 0,
	  "%s: exponent 1 is refused", m->name);
    BN_free(rsa->e);
    rsa->e = number("2");
    check(RSA_public_encrypt(sizeof(data), data, block, rsa,
			     RSA_PKCS1_PADDING) < 0 && ossl_no_errors(),
	  "%s: exponent 2 is refused", m->name);
    check(RSA_private_encrypt(sizeof(out), out, block, rsa,
			      RSA_PKCS1_PADDING) < 0,
	  "%s: more octets than there is room for", m->name);
    check(RSA_public_encrypt(sizeof(data), data, block, rsa,
			     RSA_PKCS1_OAEP_PADDING) < 0,
	  "%s: another padding is refused", m->name);
    RSA_free(rsa);
}

static void
test_generate(const RSA_METHOD *m)
{
    RSA *rsa = RSA_new();
    BIGNUM *e = number("10001");
    /* hcrypto's own sets no bit of its primes, and takes whole octets */
    int ossl = strncmp(m->name, "OpenSSL", 7) == 0;
    int least = ossl ? 1023 : 1000, most = ossl ? 1023 : 1024;

    RSA_set_method(rsa, m);
    check(RSA_generate_key_ex(rsa, 788, e, NULL) != 1 && ossl_no_errors(),
	  "%s: a key of 788 bits is not made", m->name);
    check(RSA_generate_key_ex(rsa, 1023, e, NULL) == 1 &&
	  BN_num_bits(rsa->n) >= least && BN_num_bits(rsa->n) <= most &&
	  RSA_check_key(rsa) == 1, "%s: a key of 1023 bits is", m->name);
    check(BN_cmp(rsa->p, rsa->q) > 0, "%s: p is greater than q", m->name);
    BN_free(e);
    RSA_free(rsa);
}

/* Each method with a key that the other has made. */
static void
test_between_rsa(int i)
{
    RSA *a = RSA_new(), *b = RSA_new();
    unsigned char data[] = "between", block[MAX_SIZE];
    BIGNUM *e = number("10001");
    int n;

    RSA_set_method(a, rsa_methods[i]);
    RSA_set_method(b, rsa_methods[!i]);
    if (RSA_generate_key_ex(a, 1024, e, NULL) != 1)
	errx(1, "no key");
    b->n = BN_dup(a->n);
    b->e = BN_dup(a->e);
    n = RSA_private_encrypt(sizeof(data), data, block, a, RSA_PKCS1_PADDING);
    check(n > 0 && recovers(b, 0, block, n, data, sizeof(data)),
	  "%s signs, %s verifies", rsa_methods[i]->name,
	  rsa_methods[!i]->name);
    n = RSA_public_encrypt(sizeof(data), data, block, b, RSA_PKCS1_PADDING);
    check(n > 0 && recovers(a, 1, block, n, data, sizeof(data)),
	  "%s encrypts, %s decrypts", rsa_methods[!i]->name,
	  rsa_methods[i]->name);
    BN_free(e);
    RSA_free(a);
    RSA_free(b);
}

static DH *
dh_key(const DH_METHOD *m, const char *prime, const char *private)
{
    DH *dh = DH_new();

    DH_set_method(dh, m);
    dh->p = number(prime);
    dh->g = number("2");
    if (private != NULL)
	dh->priv_key = number(private);
    return dh;
}

static void
test_dh(const DH_METHOD *m, size_t i)
{
    DH *dh = dh_key(m, dh_prime, dh_good[i].private);
    BIGNUM *public = number(dh_good[i].public);
    BIGNUM *peer = number(dh_good[i].peer);
    unsigned char want[MAX_SIZE + 1], secret[MAX_SIZE];
    size_t len = octets(dh_good[i].secret, want), zeros = 0;
    int n;

    while (zeros < len && want[zeros] == 0)
	zeros++;
    check(DH_generate_key(dh) == 1 && BN_cmp(dh->pub_key, public) == 0,
	  "%s: the public key of a private one", m->name);
    n = DH_compute_key(secret, peer, dh);
    check(n == (int)(len - zeros) && memcmp(secret, want + zeros, n) == 0,
	  "%s: a secret with %d zeros in front (%d octets)", m->name,
	  (int)zeros, n);
    BN_free(public);
    BN_free(peer);
    DH_free(dh);
}

static void
test_bad_peers(const DH_METHOD *m)
{
    DH *dh = dh_key(m, dh_prime, NULL);
    BIGNUM *good = number(dh_good[0].peer);
    unsigned char secret[MAX_SIZE];
    size_t i;

    if (DH_generate_key(dh) != 1)
	errx(1, "no key");
    for (i = 0; i < COUNT(dh_bad); i++) {
	BIGNUM *peer = number(dh_bad[i].peer);

	check(DH_compute_key(secret, peer, dh) == -1 && ossl_no_errors(),
	      "%s: %s is no public key", m->name, dh_bad[i].what);
	BN_free(peer);
    }
    check(DH_compute_key(secret, good, dh) > 0,
	  "%s: a good one after them", m->name);
    BN_free(good);
    DH_free(dh);
}

/* A group OpenSSL has no name for, and what is none. */
static void
test_groups(const DH_METHOD *m)
{
    DH *a = dh_key(m, rsa_keys[0].p, NULL);
    DH *b = dh_key(m, rsa_keys[0].p, NULL);
    DH *none = DH_new();
    unsigned char sa[MAX_SIZE], sb[MAX_SIZE];
    int n;

    check(DH_generate_key(a) == 1 && DH_generate_key(b) == 1 &&
	  (n = DH_compute_key(sa, b->pub_key, a)) > 0 &&
	  DH_compute_key(sb, a->pub_key, b) == n && memcmp(sa, sb, n) == 0,
	  "%s: a group of another prime", m->name);
    DH_set_method(none, m);
    check(DH_generate_key(none) == 0 && ossl_no_errors(),
	  "%s: no group, no key", m->name);
    DH_free(none);
    DH_free(a);
    DH_free(b);
}

static void
test_between_dh(void)
{
    DH *a = dh_key(dh_methods[0], dh_prime, NULL);
    DH *b = dh_key(dh_methods[1], dh_prime, NULL);
    unsigned char sa[MAX_SIZE], sb[MAX_SIZE];
    int n;

    check(DH_generate_key(a) == 1 && DH_generate_key(b) == 1 &&
	  (n = DH_compute_key(sa, b->pub_key, a)) > 0 &&
	  DH_compute_key(sb, a->pub_key, b) == n && memcmp(sa, sb, n) == 0,
	  "%s and %s agree", dh_methods[0]->name, dh_methods[1]->name);
    DH_free(a);
    DH_free(b);
}

static void
test_method(const RSA_METHOD *rsa, const DH_METHOD *dh)
{
    size_t i;

    for (i = 0; i < COUNT(rsa_good); i++) {
	test_good(rsa, i, 1);
	test_good(rsa, i, 0);
    }
    for (i = 0; i < COUNT(rsa_bad); i++)
	test_bad(rsa, i);
    test_short(rsa);
    test_changes(rsa);
    test_generate(rsa);
    for (i = 0; i < COUNT(dh_good); i++)
	test_dh(dh, i);
    test_bad_peers(dh);
    test_groups(dh);
}

int
main(int argc, char **argv)
{
    ENGINE *own;
    int i;

    ENGINE_load_builtin_engines();
    own = ENGINE_by_id("builtin");
    if (own == NULL)
	errx(1, "no engine of hcrypto's own");
    rsa_methods[0] = RSA_get_default_method();
    dh_methods[0] = DH_get_default_method();
    rsa_methods[1] = ENGINE_get_RSA(own);
    dh_methods[1] = ENGINE_get_DH(own);
    methods = rsa_methods[0] == rsa_methods[1] ? 1 : 2;

    /* what the application has not looked at yet has to stay */
    ossl_raise_error();
    for (i = 0; i < methods; i++)
	test_method(rsa_methods[i], dh_methods[i]);
    if (methods == 2) {
	test_between_rsa(0);
	test_between_rsa(1);
	test_between_dh();
    }
    check(ossl_no_errors(), "the application's error is the only one");
    return check_done();
}
