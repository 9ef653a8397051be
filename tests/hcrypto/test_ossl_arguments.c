/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What OpenSSL is not to be asked: lengths that are none to it, keys that have
 * no parts or wrong ones, contexts in which nothing was begun.  ossl_fail.c
 * ends the process when it is.
 */

/* REQ: none (issue 8) */

#include <config.h>

#ifdef HAVE_OPENSSL_30

#include <limits.h>
#include <sys/mman.h>
#include <roken.h>
#include <hex.h>

#include <evp.h>
#include <evp-hcrypto.h>
#include <rsa.h>
#include <dh.h>

#include "ossl/ec-key.h"
#include "ossl/pbkdf2.h"
#include "ossl_errors.h"
#include "ossl_fail.h"
#include "rsa_key.h"
#include "../security/sec_test.h"

#define MAX_SIZE 512
#define TOO_LONG (INT_MAX + 1UL)

const void *_hc_ossl_digest(const EVP_MD *);

static const char *failing;

int
ossl_fails(const char *function)
{
    return failing != NULL && strcmp(function, failing) == 0;
}

static int
password(size_t password_len, size_t salt_len, unsigned long iter,
	 const EVP_MD *md, size_t keylen)
{
    unsigned char key[20];

    return _hc_ossl_pbkdf2("password", password_len, "salt", salt_len, iter,
			   md, keylen, key);
}

static void
test_password(void)
{
    const EVP_MD *md = EVP_sha1();
    struct {
	unsigned char before[512];
	struct hc_evp_md md;
    } other;

    check(password(8, 4, 2, md, 20) == 1, "a password's key");
    check(password(8, 4, 2, EVP_hcrypto_sha1(), 20) == 0,
	  "a digest of hcrypto's own");
    check(password(8, 4, 0, md, 20) == 0, "no iterations");
    check(password(8, 4, 2, md, 0) == 0, "no key");
    check(password(INT_MAX, 4, 2, md, 20) == 1 &&
	  password(TOO_LONG, 4, 2, md, 20) == 0, "a long password");
    check(password(8, INT_MAX, 2, md, 20) == 1 &&
	  password(8, TOO_LONG, 2, md, 20) == 0, "a long salt");
    check(password(8, 4, INT_MAX, md, 20) == 1 &&
	  password(8, 4, TOO_LONG, md, 20) == 0, "many iterations");
    check(password(8, 4, 2, md, INT_MAX) == 1 &&
	  password(8, 4, 2, md, TOO_LONG) == 0, "a long key");
    memset(&other, 0xff, sizeof(other));
    other.md = *EVP_hcrypto_sha256();
    check(_hc_ossl_digest(NULL) == NULL &&
	  _hc_ossl_digest(&other.md) == NULL &&
	  _hc_ossl_digest(EVP_sha256()) != NULL, "whose digest it is");
}

/* out has room for all that OpenSSL takes, and a page more. */
static void
test_cipher(const char *name, const EVP_CIPHER *cipher, int any,
	    unsigned char *out)
{
    unsigned char key[32] = "a key", iv[16] = "an IV", text[16] = "a text";
    EVP_CIPHER_CTX ctx;

    EVP_CIPHER_CTX_init(&ctx);
    check(EVP_CipherInit_ex(&ctx, cipher, NULL, NULL, iv, 1) == 1 &&
	  EVP_Cipher(&ctx, out, text, 16) == 0 &&
	  EVP_CipherInit_ex(&ctx, NULL, NULL, NULL, iv, 0) == 1 &&
	  EVP_Cipher(&ctx, out, text, 16) == 0, "%s without a key", name);
    check(EVP_CipherInit_ex(&ctx, NULL, NULL, key, iv, 1) == 1 &&
	  EVP_Cipher(&ctx, out, text, 16) == 1, "%s with one", name);
    check(EVP_Cipher(&ctx, out, text, 15) == any, "%s, 15 octets", name);
    check(EVP_Cipher(&ctx, out, out, TOO_LONG) == 0, "%s, 2^31 octets", name);
    check(EVP_Cipher(&ctx, out, out, INT_MAX) == any, "%s, one less", name);
    EVP_CIPHER_CTX_cleanup(&ctx);
}

static void
test_ciphers(void)
{
    unsigned char *room = mmap(NULL, TOO_LONG + 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			       0);

    if (room == MAP_FAILED)
	err(1, "mmap");
    test_cipher("CBC", EVP_aes_256_cbc(), 0, room);
    test_cipher("CFB8", EVP_aes_256_cfb8(), 1, room);
    munmap(room, TOO_LONG + 4096);
}

/* After an error there is nothing to go on with, until it is begun anew. */
static void
test_digest(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_create();
    unsigned char out[EVP_MAX_MD_SIZE];

    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
	errx(1, "no digest");
    failing = "EVP_DigestUpdate";
    check(EVP_DigestUpdate(ctx, "a", 1) != 1, "an update fails");
    failing = NULL;
    check(EVP_DigestUpdate(ctx, "a", 1) != 1 &&
	  EVP_DigestFinal_ex(ctx, out, NULL) != 1, "and all that follows it");
    failing = "EVP_DigestInit_ex2";
    check(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1, "it cannot begin");
    failing = NULL;
    check(EVP_DigestUpdate(ctx, "a", 1) != 1, "and is not there");
    check(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	  EVP_DigestUpdate(ctx, "a", 1) == 1 &&
	  EVP_DigestFinal_ex(ctx, out, NULL) == 1, "begun anew");
    EVP_MD_CTX_destroy(ctx);
}

/* Another number where this one is. */
static void
set_number(BIGNUM *bn, const char *hex)
{
    unsigned char octets[MAX_SIZE];
    ssize_t len = rk_hex_decode(hex, octets, sizeof(octets));

    if (len < 0 || BN_bin2bn(octets, len, bn) == NULL)
	errx(1, "no number: %s", hex);
}

static int
encrypts(RSA *rsa, int flen, int padding)
{
    unsigned char data[] = "text", block[MAX_SIZE];

    /* not RSA_public_encrypt(), which looks at the modulus itself */
    return rsa->meth->rsa_pub_enc(flen, data, block, rsa, padding) > 0 &&
	ossl_no_errors();
}

static int
verifies(RSA *by, RSA *with)
{
    unsigned char data[] = "signed", sig[MAX_SIZE], out[MAX_SIZE];
    int n = RSA_private_encrypt(sizeof(data), data, sig, by,
				RSA_PKCS1_PADDING);

    n = n <= 0 ? n : RSA_public_decrypt(n, sig, out, with, RSA_PKCS1_PADDING);
    return n == sizeof(data) && memcmp(out, data, n) == 0;
}

static void
test_rsa(void)
{
    RSA *rsa = rsa_key(0, NULL, 1, 1), *public = rsa_key(0, NULL, 0, 0);
    RSA *other = rsa_key(1, NULL, 1, 0), *none = RSA_new();

    check(!encrypts(public, 5, RSA_PKCS1_OAEP_PADDING), "another padding");
    check(!encrypts(public, -1, RSA_PKCS1_PADDING), "fewer octets than none");
    check(encrypts(public, 5, RSA_PKCS1_PADDING), "and then as it should be");

    BN_set_negative(public->e, 1);
    check(!encrypts(public, 5, RSA_PKCS1_PADDING), "a negative exponent");
    BN_set_negative(public->e, 0);
    BN_set_negative(public->n, 1);
    check(!encrypts(public, 5, RSA_PKCS1_PADDING), "a negative modulus");
    BN_set_negative(public->n, 0);
    none->n = number(rsa_keys[0].n);
    check(!encrypts(none, 5, RSA_PKCS1_PADDING), "no exponent");
    BN_free(none->n);
    none->n = NULL;
    none->e = number("10001");
    check(!encrypts(none, 5, RSA_PKCS1_PADDING), "no modulus");

    check(verifies(rsa, public), "a signature");
    BN_free(rsa->q);
    rsa->q = NULL;
    check(verifies(rsa, public), "without a factor");
    /* numbers that change where they are */
    check(!verifies(other, public), "a signature of another key");
    set_number(public->n, rsa_keys[1].n);
    check(verifies(other, public), "another modulus in its place");
    set_number(public->e, "03");
    check(!verifies(other, public), "another exponent in its place");
    /* what a certificate may say: numbers of no octet */
    set_number(public->e, "00");
    check(!verifies(other, public), "an exponent of zero");
    set_number(public->e, "010001");
    set_number(public->n, "00");
    check(!encrypts(public, 5, RSA_PKCS1_PADDING) &&
	  !verifies(other, public), "a modulus of zero");
    set_number(public->n, rsa_keys[1].n);
    check(verifies(other, public), "and the key as it should be");
    RSA_free(rsa);
    RSA_free(public);
    RSA_free(other);
    RSA_free(none);
}

static void
test_new_rsa(void)
{
    BIGNUM *e = number("10001");
    RSA *small = RSA_new(), *rsa = RSA_new();

    check(RSA_generate_key_ex(small, 788, e, NULL) != 1 &&
	  small->n == NULL, "a key of 788 bits");
    check(RSA_generate_key_ex(rsa, 789, e, NULL) == 1 &&
	  verifies(rsa, rsa), "one of 789");
    BN_free(e);
    RSA_free(small);
    RSA_free(rsa);
}

static DH *
dh_key(const char *prime, const char *generator, const char *private)
{
    DH *dh = DH_new();

    dh->p = number(prime);
    dh->g = number(generator);
    if (private != NULL)
	dh->priv_key = number(private);
    return dh;
}

/* A secret without the part, which is put back. */
static int
computes_without(DH *dh, BIGNUM **part)
{
    BIGNUM *peer = number(dh_good[0].peer), *was = *part;
    unsigned char secret[MAX_SIZE];
    int n;

    *part = NULL;
    /* not DH_compute_key(), which looks at the group itself */
    n = dh->meth->compute_key(secret, peer, dh);
    *part = was;
    BN_free(peer);
    return n >= 0;
}

static void
test_dh(void)
{
    DH *dh = dh_key(dh_prime, "02", dh_good[0].private);
    DH *bad = dh_key(dh_prime, "02", "00"), *even = dh_key("10", "02", "03");
    DH *last = dh_key("0b", "0a", "01");
    BIGNUM *nothing = NULL;

    check(DH_generate_key(dh) == 1 && computes_without(dh, &nothing),
	  "a secret");
    check(!computes_without(dh, &dh->p), "no prime");
    check(!computes_without(dh, &dh->g), "no generator");
    check(!computes_without(dh, &dh->pub_key), "no public key");
    check(!computes_without(dh, &dh->priv_key), "no private key");
    BN_set_negative(dh->g, 1);
    check(!computes_without(dh, &nothing), "a negative generator");
    BN_set_negative(dh->g, 0);
    check(computes_without(dh, &nothing), "a secret again");

    check(DH_generate_key(bad) != 1 && bad->pub_key == NULL,
	  "1 is no public key");
    check(DH_generate_key(last) != 1 && last->pub_key == NULL,
	  "p - 1 is none, either");
    check(DH_generate_key(even) != 1, "an even prime");
    BN_free(bad->p);
    bad->p = NULL;
    check(DH_generate_key(bad) != 1, "a key of no prime");
    BN_free(even->g);
    even->g = NULL;
    check(DH_generate_key(even) != 1 && ossl_no_errors(),
	  "a key of no generator");
    DH_free(dh);
    DH_free(bad);
    DH_free(even);
    DH_free(last);
}

static void
test_ec(void)
{
    RSA *rsa = rsa_key(0, NULL, 1, 1);
    unsigned char der[2048], *p = der;
    int len = i2d_RSAPrivateKey(rsa, &p);

    check(len > 0 && hc_ossl_ec_private(der, len) == NULL,
	  "a key of RSA is none of a curve");
    check(hc_ossl_ec_private(der, LONG_MAX + 1UL) == NULL && ossl_no_errors(),
	  "one of 2^63 octets");
    RSA_free(rsa);
}

int
main(int argc, char **argv)
{
    test_password();
    test_ciphers();
    test_digest();
    test_rsa();
    test_new_rsa();
    test_dh();
    test_ec();
    return check_done();
}

#else

int
main(int argc, char **argv)
{
    return 77;			/* skipped */
}

#endif /* HAVE_OPENSSL_30 */
