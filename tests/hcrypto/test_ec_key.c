/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keys of elliptic curves: ECDH of RFC 5903 section 8.1, signatures, and
 * public keys that are no points.  There are none without OpenSSL.
 */

/* REQ: none (issue 8) */

#include <config.h>
#include <roken.h>
#include <hex.h>

#ifdef HAVE_OPENSSL_30

#include "ec_vectors.h"
#include "ossl_errors.h"
#include "../security/sec_test.h"
#include "ossl/ec-key.h"

#define MAX_LEN	256

static size_t
octets(const char *hex, unsigned char *p)
{
    return rk_hex_decode(hex, p, MAX_LEN);
}

static int
is(const unsigned char *p, size_t len, const char *hex)
{
    unsigned char want[MAX_LEN];

    return len == octets(hex, want) && memcmp(p, want, len) == 0;
}

static hc_ossl_ec *
public(const char *curve, const char *hex)
{
    unsigned char p[MAX_LEN];
    size_t len = octets(hex, p);

    return hc_ossl_ec_public(curve, p, len);
}

static hc_ossl_ec *
private(void)
{
    unsigned char p[MAX_LEN];
    size_t len = octets(own, p);

    return hc_ossl_ec_private(p, len);
}

static void
test_ecdh(void)
{
    hc_ossl_ec *a = private(), *b = public("P-256", peer_public), *c, *d;
    unsigned char *p, *q;
    size_t len, len2;

    if (!check(a != NULL && b != NULL, "a private key and a public one"))
	return;
    check(hc_ossl_ec_octets(b, &p, &len) && is(p, len, peer_public),
	  "a public key's octets");
    free(p);
    check(hc_ossl_ec_derive(a, b, &p, &len) && is(p, len, ec_secret),
	  "RFC 5903's secret");
    free(p);

    c = hc_ossl_ec_generate_like(b);
    d = hc_ossl_ec_generate("P-256");
    p = q = NULL;
    check(c != NULL && d != NULL && hc_ossl_ec_derive(c, d, &p, &len) &&
	  hc_ossl_ec_derive(d, c, &q, &len2) && len == 32 && len2 == 32 &&
	  memcmp(p, q, 32) == 0, "two new keys agree");
    free(p);
    free(q);
    check(!hc_ossl_ec_derive(b, a, &p, &len) && p == NULL,
	  "a public key derives nothing");
    hc_ossl_ec_free(d);
    d = hc_ossl_ec_generate("P-384");
    check(d != NULL && !hc_ossl_ec_derive(a, d, &p, &len) && p == NULL,
	  "nor does a key with one of another curve");
    hc_ossl_ec_free(a);
    hc_ossl_ec_free(b);
    hc_ossl_ec_free(c);
    hc_ossl_ec_free(d);
}

static void
test_signature(const char *curve)
{
    hc_ossl_ec *key = hc_ossl_ec_generate(curve), *other, *pub = NULL;
    unsigned char digest[32] = { 7 }, *sig, *p;
    size_t len, plen;

    other = hc_ossl_ec_generate(curve);
    if (key != NULL && hc_ossl_ec_octets(key, &p, &plen)) {
	pub = hc_ossl_ec_public(curve, p, plen);
	free(p);
    }
    if (!check(pub != NULL && other != NULL &&
	       hc_ossl_ec_sign(key, digest, sizeof(digest), &sig, &len) &&
	       hc_ossl_ec_verify(pub, digest, sizeof(digest), sig, len),
	       "%s: a signature", curve))
	return;
    check(!hc_ossl_ec_verify(other, digest, sizeof(digest), sig, len),
	  "%s: not with another key", curve);
    check(!hc_ossl_ec_verify(pub, digest, sizeof(digest), sig, len - 1),
	  "%s: not without its end", curve);
    digest[31]++;
    check(!hc_ossl_ec_verify(pub, digest, sizeof(digest), sig, len),
	  "%s: not of another digest", curve);
    digest[31]--;
    sig[len / 2] ^= 1;
    check(!hc_ossl_ec_verify(pub, digest, sizeof(digest), sig, len),
	  "%s: not when it was changed", curve);
    check(!hc_ossl_ec_sign(pub, digest, sizeof(digest), &p, &plen) &&
	  p == NULL,
	  "%s: a public key signs nothing", curve);
    free(sig);
    hc_ossl_ec_free(key);
    hc_ossl_ec_free(other);
    hc_ossl_ec_free(pub);
}

static void
test_refused(void)
{
    static const struct {
	const char *what, *curve, *octets;
    } cases[] = {
	{ "nothing", "P-256", "" },
	{ "infinity", "P-256", "00" },
	{ "no point of the curve", "P-256", "04"
	  "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
	  "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ac" },
	{ "one octet less", "P-256", "04"
	  "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
	  "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872" },
	{ "zeros", "P-256", "04"
	  "0000000000000000000000000000000000000000000000000000000000000000"
	  "0000000000000000000000000000000000000000000000000000000000000000" },
	{ "a point of another curve", "P-384", peer_public },
	{ "a curve that is none", "P-999", peer_public }
    };
    hc_ossl_ec *a = private(), *b;
    unsigned char *p;
    size_t i, len;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	b = public(cases[i].curve, cases[i].octets);
	check((b == NULL || !hc_ossl_ec_derive(a, b, &p, &len)) &&
	      ossl_no_errors(), "%s: refused", cases[i].what);
	hc_ossl_ec_free(b);
    }
    check(hc_ossl_ec_private("0", 1) == NULL && ossl_no_errors(),
	  "no private key");
    hc_ossl_ec_free(a);
}

int
main(int argc, char **argv)
{
    hc_ossl_ec *key = private();
    unsigned char *p = NULL;
    size_t len;

    check(key != NULL && hc_ossl_ec_octets(key, &p, &len) &&
	  is(p, len, own_public), "the public key of a private one");
    free(p);
    hc_ossl_ec_free(key);
    ossl_raise_error();
    test_ecdh();
    test_signature("P-256");
    test_signature("P-384");
    test_signature("P-521");
    test_refused();
    check(ossl_no_errors(), "the application's error is the only one");
    return check_done();
}

#else

int
main(int argc, char **argv)
{
    printf("hcrypto has no elliptic curves without OpenSSL\n");
    return 77;
}

#endif
