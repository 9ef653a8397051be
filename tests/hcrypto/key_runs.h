/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What is computed with keys, ciphers and digests while something fails
 * between fault_on() and fault_off() (../assure/faults.h, included before
 * this): each run returns what is wrong, or NULL.
 */

#ifndef KEY_RUNS_H
#define KEY_RUNS_H 1

#include <roken.h>
#include <hex.h>

#include <evp.h>
#include <evp-hcrypto.h>
#include <hmac.h>
#include <rsa.h>
#include <dh.h>

#include "rsa_key.h"
#ifdef HAVE_OPENSSL_30
#include "ossl/ec-key.h"
#include "ec_vectors.h"
#endif

#define MAX_SIZE 512

static size_t
octets(const char *hex, unsigned char *out)
{
    ssize_t n = rk_hex_decode(hex, out, MAX_SIZE);

    if (n < 0)
	errx(1, "no octets: %s", hex);
    return n;
}

/* no success with what has failed: nothing else is used in its place */
static int fault_must;

/*
 * What is wrong with what was computed, if it was.
 */
static const char *
judge(int ok, int right)
{
    if (ok && !right)
	return "success, and something else";
    if (ok && fault_hit && fault_must)
	return "success, all the same";
    return !ok && !fault_hit ? "an error without one" : NULL;
}

/* -- ciphers and digests ------------------------------------------------- */

#define TEXT_LEN 64

/*
 * A text in two parts, the second with an IV of its own, and back.  ok: no
 * function has told an error.
 */
static int
crypt_text(const EVP_CIPHER *cipher, int encrypt, const unsigned char *in,
	   unsigned char *out, int *ok)
{
    unsigned char key[32] = "a key of a cipher in many tests";
    unsigned char iv[16] = "an IV";
    EVP_CIPHER_CTX ctx;

    EVP_CIPHER_CTX_init(&ctx);
    *ok = EVP_CipherInit_ex(&ctx, cipher, NULL, key, iv, encrypt) == 1 &&
	EVP_Cipher(&ctx, out, in, TEXT_LEN / 2) == 1;
    iv[0]++;
    *ok = *ok && EVP_CipherInit_ex(&ctx, NULL, NULL, NULL, iv, -1) == 1 &&
	EVP_Cipher(&ctx, out + TEXT_LEN / 2, in + TEXT_LEN / 2,
		   TEXT_LEN / 2) == 1;
    EVP_CIPHER_CTX_cleanup(&ctx);
    return *ok;
}

static const char *
use_cipher(const EVP_CIPHER *(*cipher)(void), const EVP_CIPHER *own)
{
    unsigned char in[TEXT_LEN] = "what is encrypted and decrypted";
    unsigned char out[TEXT_LEN] = "", back[TEXT_LEN] = "", want[TEXT_LEN];
    int there, back_ok = 0, ok;
    const EVP_CIPHER *c;
    int another;

    crypt_text(own, 1, in, want, &ok);
    fault_on();
    c = (*cipher)();
    another = fault_hit && c != own;
    there = c != NULL && crypt_text(c, 1, in, out, &ok);
    if (c != NULL)
	crypt_text(c, 0, want, back, &back_ok);
    fault_off();
    if (another)
	return "a cipher that could not be had, or is another";
    if (there && memcmp(out, want, TEXT_LEN) != 0)
	return "something else, encrypted";
    return judge(there && back_ok, memcmp(back, in, TEXT_LEN) == 0);
}

static const char *
use_cbc(void *arg)
{
    return use_cipher(EVP_aes_192_cbc, EVP_hcrypto_aes_192_cbc());
}

static const char *
use_cfb8(void *arg)
{
    return use_cipher(EVP_aes_128_cfb8, EVP_hcrypto_aes_128_cfb8());
}

static const char *
use_digest(const EVP_MD *(*digest)(void), const EVP_MD *own)
{
    static const char text[] = "what is hashed";
    unsigned char out[EVP_MAX_MD_SIZE] = "", want[EVP_MAX_MD_SIZE];
    unsigned char mac[EVP_MAX_MD_SIZE] = "", want_mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0, want_len, mac_len = 0, want_mac_len;
    const EVP_MD *md;
    int ok, mac_ok, another;

    EVP_Digest(text, sizeof(text), want, &want_len, own, NULL);
    HMAC(own, "key", 3, text, sizeof(text), want_mac, &want_mac_len);
    fault_on();
    md = (*digest)();
    another = fault_hit && md != own;
    ok = md != NULL &&
	EVP_Digest(text, sizeof(text), out, &len, md, NULL) == 1;
    mac_ok = md != NULL && HMAC(md, "key", 3, text, sizeof(text), mac,
				&mac_len) != NULL;
    fault_off();
    if (another)
	return "a digest that could not be had, or is another";
    if (mac_ok && (mac_len != want_mac_len ||
		   memcmp(mac, want_mac, mac_len) != 0))
	return "another HMAC";
    return judge(ok && mac_ok, len == want_len && memcmp(out, want, len) == 0);
}

static const char *
use_sha256(void *arg)
{
    return use_digest(EVP_sha256, EVP_hcrypto_sha256());
}

static const char *
use_sha384(void *arg)
{
    return use_digest(EVP_sha384, EVP_hcrypto_sha384());
}

/* RFC 6070, the second. */
static const char *
use_password(void *arg)
{
    static const unsigned char want[20] = {
	0xea, 0x6c, 0x01, 0x4d, 0xc7, 0x2d, 0x6f, 0x8c, 0xcd, 0x1e,
	0xd9, 0x2a, 0xce, 0x1d, 0x41, 0xf0, 0xd8, 0xde, 0x89, 0x57
    };
    unsigned char key[20] = "";
    int ok;

    fault_on();
    ok = PKCS5_PBKDF2_HMAC("password", 8, "salt", 4, 2, EVP_sha1(),
			   sizeof(key), key) == 1;
    fault_off();
    return judge(ok, memcmp(key, want, sizeof(want)) == 0);
}

/* -- RSA ------------------------------------------------------------------ */

static int
tell(int a, int b, BN_GENCB *cb)
{
    *(int *)cb->arg = 1;
    return 1;
}

/* A new key, which has all its parts, or is an error. */
static const char *
use_new_rsa(void *arg)
{
    unsigned char data[] = "signed", block[MAX_SIZE], out[MAX_SIZE];
    BIGNUM *e = number("10001");
    RSA *rsa = RSA_new();
    int ok, told = 0, n = -1;
    BN_GENCB cb;

    BN_GENCB_set(&cb, tell, &told);
    fault_on();
    ok = RSA_generate_key_ex(rsa, 1024, e, &cb) == 1;
    fault_off();
    if (ok) {
	n = RSA_private_encrypt(sizeof(data), data, block, rsa,
				RSA_PKCS1_PADDING);
	n = n <= 0 ? n : RSA_public_decrypt(n, block, out, rsa,
					    RSA_PKCS1_PADDING);
    }
    BN_free(e);
    if (ok && (rsa->d == NULL || rsa->p == NULL || rsa->q == NULL ||
	       rsa->dmp1 == NULL || rsa->dmq1 == NULL || rsa->iqmp == NULL ||
	       !told))
	n = -1;
    RSA_free(rsa);
    return judge(ok, n == sizeof(data) && memcmp(out, data, n) == 0);
}

/* A signature, and what it is of. */
static const char *
use_rsa(void *arg)
{
    static const unsigned char data[] = "what is signed";
    unsigned char block[MAX_SIZE], out[MAX_SIZE];
    RSA *rsa = rsa_key(0, NULL, 1, 1);
    const char *wrong;
    int n, m = -1;

    fault_on();
    n = RSA_private_encrypt(sizeof(data), data, block, rsa,
			    RSA_PKCS1_PADDING);
    if (n > 0)
	m = RSA_public_decrypt(n, block, out, rsa, RSA_PKCS1_PADDING);
    fault_off();
    wrong = judge(m > 0, m == sizeof(data) && memcmp(out, data, m) == 0);
    RSA_free(rsa);
    return wrong;
}

static const char *
use_rsa_secret(void *arg)
{
    static const unsigned char data[] = "what is encrypted";
    unsigned char block[MAX_SIZE], out[MAX_SIZE];
    RSA *rsa = rsa_key(0, NULL, 1, 1);
    const char *wrong;
    int n, m = -1;

    fault_on();
    n = RSA_public_encrypt(sizeof(data), data, block, rsa,
			   RSA_PKCS1_PADDING);
    if (n > 0)
	m = RSA_private_decrypt(n, block, out, rsa, RSA_PKCS1_PADDING);
    fault_off();
    wrong = judge(m > 0, m == sizeof(data) && memcmp(out, data, m) == 0);
    RSA_free(rsa);
    return wrong;
}

/* A public key for a private one, and the secret. */
static const char *
use_dh(void *arg)
{
    unsigned char want[MAX_SIZE], secret[MAX_SIZE];
    size_t len = octets(dh_good[0].secret, want), zeros = 0;
    BIGNUM *public = number(dh_good[0].public);
    BIGNUM *peer = number(dh_good[0].peer);
    DH *dh = DH_new();
    const char *wrong;
    int ok, n = -1;

    while (zeros < len && want[zeros] == 0)
	zeros++;
    dh->p = number(dh_prime);
    dh->g = number("2");
    dh->priv_key = number(dh_good[0].private);
    fault_on();
    ok = DH_generate_key(dh) == 1;
    if (ok)
	n = DH_compute_key(secret, peer, dh);
    fault_off();
    if (ok && BN_cmp(dh->pub_key, public) != 0)
	wrong = "another public key";
    else
	wrong = judge(ok && n >= 0, n == (int)(len - zeros) &&
		      memcmp(secret, want + zeros, n) == 0);
    BN_free(public);
    BN_free(peer);
    DH_free(dh);
    return wrong;
}

/* A new key, which has both its parts or none, and its public one again. */
static const char *
use_new_dh(void *arg)
{
    DH *dh = DH_new();
    const char *wrong;
    int ok, codes = 0;

    dh->p = number(dh_prime);
    dh->g = number("2");
    fault_on();
    ok = DH_generate_key(dh) == 1 && DH_generate_key(dh) == 1;
    fault_off();
    wrong = judge(ok, ok && dh->priv_key != NULL && dh->pub_key != NULL &&
		  DH_check_pubkey(dh, dh->pub_key, &codes) && codes == 0);
    DH_free(dh);
    return wrong;
}

#ifdef HAVE_OPENSSL_30

/* RFC 5903's secret, and a public key's octets. */
static const char *
use_ecdh(void *arg)
{
    unsigned char der[MAX_SIZE], point[MAX_SIZE], want[MAX_SIZE];
    size_t der_len = octets(own, der), point_len = octets(peer_public, point);
    size_t want_len = octets(ec_secret, want), len = 0, octets_len = 0;
    unsigned char *p = NULL, *q = NULL;
    hc_ossl_ec *a, *b = NULL;
    const char *wrong;
    int ok, again;

    fault_on();
    a = hc_ossl_ec_private(der, der_len);
    if (a != NULL)
	b = hc_ossl_ec_public("P-256", point, point_len);
    ok = a != NULL && b != NULL && hc_ossl_ec_derive(a, b, &p, &len);
    again = b != NULL && hc_ossl_ec_octets(b, &q, &octets_len);
    fault_off();
    if ((!ok && p != NULL) || (!again && q != NULL))
	wrong = "octets without success";
    else if (ok && (len != want_len || memcmp(p, want, len) != 0))
	wrong = "another secret";
    else
	wrong = judge(ok && again, again && octets_len == point_len &&
		      memcmp(q, point, point_len) == 0);
    free(p);
    free(q);
    hc_ossl_ec_free(a);
    hc_ossl_ec_free(b);
    return wrong;
}

/* A secret, and a public key's octets, of keys that there are. */
static const char *
use_ec_octets(void *arg)
{
    hc_ossl_ec *a = hc_ossl_ec_generate("P-256");
    hc_ossl_ec *b = hc_ossl_ec_generate("P-256");
    unsigned char *p = NULL, *q = NULL, *want = NULL;
    size_t len = 0, octets_len = 0, want_len;
    const char *wrong;
    int ok, again;

    if (!hc_ossl_ec_derive(b, a, &want, &want_len))
	errx(1, "no secret");
    fault_on();
    ok = hc_ossl_ec_derive(a, b, &p, &len);
    again = hc_ossl_ec_octets(b, &q, &octets_len);
    fault_off();
    if ((!ok && p != NULL) || (!again && q != NULL))
	wrong = "octets without success";
    else
	wrong = judge(ok && again, ok && again && octets_len == 65 &&
		      q != NULL && q[0] == 4 &&
		      len == want_len && memcmp(p, want, len) == 0);
    free(p);
    free(q);
    free(want);
    hc_ossl_ec_free(a);
    hc_ossl_ec_free(b);
    return wrong;
}

/* New keys; what was signed with one is not good for anything else. */
static const char *
use_ecdsa(void *arg)
{
    unsigned char digest[32] = { 7 }, *sig = NULL;
    hc_ossl_ec *key, *other = NULL;
    int ok, good = 0, bad;
    const char *wrong;
    size_t len = 0;

    fault_on();
    key = hc_ossl_ec_generate("P-256");
    if (key != NULL)
	other = hc_ossl_ec_generate_like(key);
    ok = other != NULL && hc_ossl_ec_sign(key, digest, 32, &sig, &len);
    if (ok)
	good = hc_ossl_ec_verify(key, digest, 32, sig, len);
    fault_off();
    bad = ok && hc_ossl_ec_verify(other, digest, 32, sig, len);
    if (!ok && sig != NULL)
	wrong = "a signature without success";
    else
	wrong = judge(ok && good, !bad);
    free(sig);
    hc_ossl_ec_free(key);
    hc_ossl_ec_free(other);
    return wrong;
}

#endif

static const struct {
    const char *name;
    fault_run run;
    long stride;		/* a private key in DER is read in many ways */
} key_runs[] = {
    { "AES, CBC", use_cbc, 1 },
    { "AES, CFB8", use_cfb8, 1 },
    { "SHA-256", use_sha256, 1 },
    { "SHA-384", use_sha384, 1 },
    { "a password's key", use_password, 1 },
    { "RSA, a new key", use_new_rsa, 11 },
    { "RSA, signed", use_rsa, 1 },
    { "RSA, encrypted", use_rsa_secret, 1 },
    { "DH", use_dh, 1 },
    { "DH, a new key", use_new_dh, 1 },
#ifdef HAVE_OPENSSL_30
    { "ECDH", use_ecdh, 11 },
    { "ECDH, the secret", use_ec_octets, 1 },
    { "ECDSA", use_ecdsa, 1 },
#endif
};

#endif /* KEY_RUNS_H */
