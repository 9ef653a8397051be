/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keys without memory at one place: what is computed is right or an error, no
 * signature is good that is not, nothing is lost, and the next one works.
 */

/* REQ: none (issue 8) */

#include "../assure/faults.h"
#include <roken.h>
#include <hex.h>

#include <evp.h>
#include <rsa.h>
#include <dh.h>

#include "rsa_key.h"
#include "../security/sec_test.h"
#ifdef HAVE_OPENSSL_30
#include "ossl/ec-key.h"
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

static void
nothing(void *arg)
{
}

/*
 * What is wrong with what was computed, if it was.
 */
static const char *
judge(int ok, int right)
{
    if (ok && !right)
	return "success, and something else";
    return !ok && !fault_hit ? "an error without one" : NULL;
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
    wrong = judge(ok, ok && BN_cmp(dh->pub_key, public) == 0);
    if (wrong == NULL)
	wrong = judge(n >= 0, n == (int)(len - zeros) &&
		      memcmp(secret, want + zeros, n) == 0);
    BN_free(public);
    BN_free(peer);
    DH_free(dh);
    return wrong;
}

/* A new key, which has both its parts or none. */
static const char *
use_new_dh(void *arg)
{
    DH *dh = DH_new();
    const char *wrong;
    int ok, codes = 0;

    dh->p = number(dh_prime);
    dh->g = number("2");
    fault_on();
    ok = DH_generate_key(dh) == 1;
    fault_off();
    wrong = judge(ok, ok && dh->priv_key != NULL && dh->pub_key != NULL &&
		  DH_check_pubkey(dh, dh->pub_key, &codes) && codes == 0);
    DH_free(dh);
    return wrong;
}

#ifdef HAVE_OPENSSL_30

static const char own[] =	/* ECPrivateKey, RFC 5915, of P-256 */
    "303102010104"
    "20c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
    "a00a06082a8648ce3d030107";
static const char peer_public[] = "04"
    "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
    "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab";
static const char ec_secret[] =
    "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";

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
    wrong = judge(ok, len == want_len && p != NULL &&
		  memcmp(p, want, len) == 0);
    if (wrong == NULL)
	wrong = judge(again, octets_len == point_len && q != NULL &&
		      memcmp(q, point, point_len) == 0);
    free(p);
    free(q);
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
    int ok, good = 0, bad = 0;
    const char *wrong = NULL;
    size_t len = 0;

    fault_on();
    key = hc_ossl_ec_generate("P-256");
    if (key != NULL)
	other = hc_ossl_ec_generate_like(key);
    ok = other != NULL && hc_ossl_ec_sign(key, digest, 32, &sig, &len);
    if (ok) {
	good = hc_ossl_ec_verify(key, digest, 32, sig, len);
	bad = hc_ossl_ec_verify(other, digest, 32, sig, len);
    }
    fault_off();
    if (!ok)
	wrong = judge(0, 0);
    else if (bad || (!good && !fault_hit))
	wrong = bad ? "a signature of another" : "no signature";
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
} runs[] = {
    { "RSA, signed", use_rsa, 1 },
    { "RSA, encrypted", use_rsa_secret, 1 },
    { "DH", use_dh, 1 },
    { "DH, a new key", use_new_dh, 1 },
#ifdef HAVE_OPENSSL_30
    { "ECDH", use_ecdh, 11 },
    { "ECDSA", use_ecdsa, 1 },
#endif
};

int
main(int argc, char **argv)
{
    size_t i;

    for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
	check(fault_scenario(runs[i].name, nothing, runs[i].run, NULL,
			     runs[i].stride) == 0, "%s, short of memory",
	      runs[i].name);
    return check_done();
}
