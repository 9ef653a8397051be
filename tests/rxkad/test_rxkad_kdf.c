/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The DES key of rxkad for session keys of every enctype.  The expected keys
 * are not of this code: gen_kdf_vectors.py.
 *
 * rxkad_key.c is compiled in, so that keys can be called weak: nobody knows a
 * session key that leads to one.
 */

#define HC_DEPRECATED_CRYPTO
#include "rxkad_2b_locl.h"
#include "crypto-headers.h"

static int weak_keys;			/* how many more are weak */

static int
call_weak(void)
{
    return weak_keys > 0 && weak_keys-- > 0;
}

#undef DES_is_weak_key
#define DES_is_weak_key(key) call_weak()
#include "limits.c"
#include "rxkad_key.c"

#include "kdf_vectors.h"
#include "sec_test.h"

/*
 * REQ: RK-04, RK-05: the key, and the caller's key unchanged.
 */

static void
test_vector(const struct kdf_vector *v)
{
    unsigned char key[32], des[8];
    krb5_error_code ret;

    memcpy(key, v->key, sizeof(key));
    memset(des, 0, sizeof(des));
    ret = _krb5_rxkad_derive_key(v->etype, key, v->length, des);
    check(ret == 0 && memcmp(des, v->des, 8) == 0, "%d %s", v->etype, v->name);
    check(memcmp(key, v->key, sizeof(key)) == 0,
	  "%d: the session key is as it was", v->etype);

    /* a second time gives the same */
    ret = _krb5_rxkad_derive_key(v->etype, key, v->length, des);
    check(ret == 0 && memcmp(des, v->des, 8) == 0, "%d again", v->etype);
}

/*
 * REQ: RK-04: no KDF and no parity for DES, and nothing is said to be weak.
 */

static void
test_des_as_is(void)
{
    static const unsigned char odd[8] = { 0, 2, 4, 6, 8, 10, 12, 14 };
    unsigned char des[8];
    int etype;

    for (etype = 1; etype <= 3; etype++) {
	weak_keys = 1000;
	check(_krb5_rxkad_derive_key(etype, odd, 8, des) == 0
	      && memcmp(des, odd, 8) == 0 && weak_keys == 1000,
	      "a DES key of enctype %d without parity is taken as it is",
	      etype);
    }
    weak_keys = 0;
}

/*
 * REQ: RK-05: a weak key is passed over, and 255 of them are an error.
 */

static void
test_weak(const struct kdf_vector *v)
{
    unsigned char des[8], before[8];

    if (_rxkad_2b_is_des(v->etype))
	return;
    weak_keys = 1;
    check(_krb5_rxkad_derive_key(v->etype, v->key, v->length, des) == 0
	  && memcmp(des, v->second, 8) == 0, "%d: the second key", v->etype);
    weak_keys = 254;
    check(_krb5_rxkad_derive_key(v->etype, v->key, v->length, des) == 0,
	  "%d: the 255th key", v->etype);
    memcpy(before, des, sizeof(before));
    weak_keys = 255;
    check(_krb5_rxkad_derive_key(v->etype, v->key, v->length, des)
	  == KRB5DES_WEAK_KEY && memcmp(before, des, 8) == 0,
	  "%d: no key, and nothing written", v->etype);
    weak_keys = 0;
}

static void
test_refused_etypes(void)
{
    static const int refused[] = {
	-0x7fffffff, -128, -1, 0, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15
    };
    unsigned char key[32], des[8];
    size_t i;

    memset(key, 0x5a, sizeof(key));
    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
	check(_krb5_rxkad_derive_key(refused[i], key, 16, des)
	      == KRB5_PROG_ETYPE_NOSUPP, "enctype %d is refused", refused[i]);
}

static void
test_lengths(void)
{
    static const struct {
	int etype;
	size_t length;
	int good;
    } lengths[] = {
	{ 1, 0, 0 }, { 1, 7, 0 }, { 1, 8, 1 }, { 1, 9, 0 }, { 3, 16, 0 },
	{ 16, 0, 0 }, { 16, 7, 0 }, { 16, 8, 1 }, { 16, 16, 1 },
	{ 16, 23, 0 }, { 16, 24, 1 }, { 16, 25, 0 }, { 16, 32, 0 },
	{ 18, 0, 0 }, { 18, 6, 0 }, { 18, 7, 1 }, { 18, 32, 1 }
    };
    unsigned char key[32], des[8];
    krb5_error_code ret;
    size_t i;

    memset(key, 0x5a, sizeof(key));
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
	ret = _krb5_rxkad_derive_key(lengths[i].etype, key,
				     lengths[i].length, des);
	check(ret == (lengths[i].good ? 0 : KRB5_BAD_KEYSIZE),
	      "enctype %d with %lu octets: %d", lengths[i].etype,
	      (unsigned long)lengths[i].length, (int)ret);
    }
}

int
main(void)
{
    size_t i, n = sizeof(kdf_vectors) / sizeof(kdf_vectors[0]);

    for (i = 0; i < n; i++)
	test_vector(&kdf_vectors[i]);
    test_des_as_is();
    for (i = 0; i < n; i++)
	test_weak(&kdf_vectors[i]);
    test_refused_etypes();
    test_lengths();
    return check_done();
}
