/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Unit tests of token.c and policy.c: no KDC, no clock.
 *
 * test_freshness		runs the tests
 * test_freshness --bench N	mints and verifies N tokens, prints the CPU
 *				time of one in microseconds
 */

#include "freshness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <krb5_asn1.h>
#include <roken.h>

static int failures;
static int cases;

#define CHECK(name, expr) do {						\
    cases++;								\
    if (!(expr)) {							\
	failures++;							\
	printf("FAIL %s: %s (line %d)\n", name, #expr, __LINE__);	\
    }									\
} while (0)

static const time_t T0 = 1700000000;
static const krb5uint32 KVNO = 7;

static krb5_keyblock
make_key(krb5_context context, krb5_enctype enctype)
{
    krb5_keyblock key;
    krb5_error_code ret;

    ret = krb5_generate_random_keyblock(context, enctype, &key);
    if (ret)
	krb5_err(context, 1, ret, "krb5_generate_random_keyblock");
    return key;
}

static krb5_data
mint(krb5_context context, const krb5_keyblock *key, time_t when)
{
    struct timeval now;
    krb5_error_code ret;
    krb5_data token;

    now.tv_sec = when;
    now.tv_usec = 123456;
    ret = _kdc_freshness_mint(context, key, KVNO, &now, &token);
    if (ret)
	krb5_err(context, 1, ret, "_kdc_freshness_mint");
    return token;
}

/* 0 and the time, or the error of the step that refused it. */

static krb5_error_code
open_token(krb5_context context, const krb5_keyblock *key,
	   const void *data, size_t length, time_t *minted)
{
    krb5_error_code ret;
    EncryptedData enc;
    krb5_data token;
    void *exact = malloc(length ? length : 1); /* for memory checkers */

    memcpy(exact, data, length);
    token.data = exact;
    token.length = length;
    ret = _kdc_freshness_parse(&token, &enc);
    if (ret == 0) {
	ret = _kdc_freshness_open(context, key, &enc, minted);
	free_EncryptedData(&enc);
    }
    free(exact);
    return ret;
}

static void
test_token_round_trip(krb5_context context)
{
    static const krb5_enctype good[] = {
	ETYPE_AES256_CTS_HMAC_SHA1_96, ETYPE_AES128_CTS_HMAC_SHA1_96,
	ETYPE_AES256_CTS_HMAC_SHA384_192, ETYPE_AES128_CTS_HMAC_SHA256_128,
	ETYPE_ARCFOUR_HMAC_MD5
    };
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
	krb5_keyblock key = make_key(context, good[i]);
	krb5_data token = mint(context, &key, T0);
	EncryptedData enc;
	time_t minted = 0;

	CHECK("round trip", open_token(context, &key, token.data,
				       token.length, &minted) == 0);
	CHECK("time survives", minted == T0);
	CHECK("two zero octets first",
	      memcmp(token.data, "\0\0", 2) == 0);
	CHECK("parses", _kdc_freshness_parse(&token, &enc) == 0);
	CHECK("names its key", enc.kvno && *enc.kvno == (int)KVNO);
	CHECK("names its enctype", enc.etype == good[i]);
	free_EncryptedData(&enc);
	krb5_data_free(&token);
	krb5_free_keyblock_contents(context, &key);
    }
}

/* REQ: PF-15: no octet of a token can be changed */

static void
test_token_each_bit_flipped_is_refused(krb5_context context)
{
    krb5_keyblock key = make_key(context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    krb5_data token = mint(context, &key, T0);
    unsigned char *p = token.data;
    time_t minted;
    size_t i;
    int bit, accepted = 0, tried = 0;

    for (i = 0; i < token.length; i++)
	for (bit = 0; bit < 8; bit++) {
	    EncryptedData enc;

	    p[i] ^= 1 << bit;
	    /* the key that a changed kvno names is not this one */
	    if (_kdc_freshness_parse(&token, &enc) == 0) {
		if (*enc.kvno == (int)KVNO &&
		    _kdc_freshness_open(context, &key, &enc, &minted) == 0)
		    accepted++;
		free_EncryptedData(&enc);
	    }
	    p[i] ^= 1 << bit;
	    tried++;
	}
    CHECK("bits tried", tried == (int)token.length * 8);
    CHECK("changed tokens accepted", accepted == 0);
    CHECK("the good token still opens",
	  open_token(context, &key, token.data, token.length, &minted) == 0);
    krb5_data_free(&token);
    krb5_free_keyblock_contents(context, &key);
}

static void
test_token_each_truncation_and_trailing_octet_is_refused(krb5_context context)
{
    krb5_keyblock key = make_key(context, ETYPE_AES128_CTS_HMAC_SHA1_96);
    krb5_data token = mint(context, &key, T0);
    unsigned char longer[512];
    time_t minted;
    size_t len;
    int octet;

    for (len = 0; len < token.length; len++)
	CHECK("truncated", open_token(context, &key, token.data, len,
				      &minted) != 0);
    if (token.length >= sizeof(longer))
	errx(1, "token of %lu octets", (unsigned long)token.length);
    memcpy(longer, token.data, token.length);
    for (octet = 0; octet < 256; octet++) {
	longer[token.length] = octet;
	CHECK("extended", open_token(context, &key, longer, token.length + 1,
				     &minted) != 0);
    }
    krb5_data_free(&token);
    krb5_free_keyblock_contents(context, &key);
}

static void
test_token_of_another_key_is_refused(krb5_context context)
{
    krb5_keyblock key = make_key(context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    krb5_keyblock other = make_key(context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    krb5_keyblock shorter = make_key(context, ETYPE_AES128_CTS_HMAC_SHA1_96);
    krb5_data token = mint(context, &key, T0);
    time_t minted;

    CHECK("another key", open_token(context, &other, token.data,
				    token.length, &minted) != 0);
    CHECK("another enctype", open_token(context, &shorter, token.data,
					token.length, &minted)
	  == KRB5_PROG_ETYPE_NOSUPP);
    krb5_data_free(&token);
    krb5_free_keyblock_contents(context, &key);
    krb5_free_keyblock_contents(context, &other);
    krb5_free_keyblock_contents(context, &shorter);
}

/* What a client could have encrypted elsewhere is no token.  REQ: PF-18 */

static void
test_token_of_another_key_usage_is_refused(krb5_context context)
{
    static const unsigned usages[] = {
	KRB5_KU_PA_ENC_TIMESTAMP, KRB5_KU_TICKET, KRB5_KU_AS_REP_ENC_PART,
	KRB5_KU_AP_REQ_AUTH, KRB5_KU_ENC_CHALLENGE_CLIENT,
	KRB5_KU_ENC_CHALLENGE_KDC, KRB5_KU_H5L_COOKIE, KRB5_KU_FAST_REP
    };
    krb5_keyblock key = make_key(context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    krb5_crypto crypto;
    PA_ENC_TS_ENC ts;
    unsigned char *buf;
    size_t buf_size, len, i;
    krb5_error_code ret;
    time_t minted;

    ts.patimestamp = T0;
    ts.pausec = NULL;
    ASN1_MALLOC_ENCODE(PA_ENC_TS_ENC, buf, buf_size, &ts, &len, ret);
    if (ret)
	krb5_err(context, 1, ret, "encode_PA_ENC_TS_ENC");
    ret = krb5_crypto_init(context, &key, 0, &crypto);
    if (ret)
	krb5_err(context, 1, ret, "krb5_crypto_init");

    for (i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
	EncryptedData enc;

	ret = krb5_encrypt_EncryptedData(context, crypto, usages[i],
					 buf, len, KVNO, &enc);
	if (ret)
	    krb5_err(context, 1, ret, "krb5_encrypt_EncryptedData");
	CHECK("another usage",
	      _kdc_freshness_open(context, &key, &enc, &minted) != 0);
	free_EncryptedData(&enc);
    }
    {
	EncryptedData enc;

	ret = krb5_encrypt_EncryptedData(context, crypto,
					 KDC_FRESHNESS_KEY_USAGE,
					 buf, len, KVNO, &enc);
	if (ret)
	    krb5_err(context, 1, ret, "krb5_encrypt_EncryptedData");
	CHECK("the right usage",
	      _kdc_freshness_open(context, &key, &enc, &minted) == 0);
	free_EncryptedData(&enc);

	/* trailing octet inside the encryption */
	buf = realloc(buf, len + 1);
	buf[len] = 0;
	ret = krb5_encrypt_EncryptedData(context, crypto,
					 KDC_FRESHNESS_KEY_USAGE,
					 buf, len + 1, KVNO, &enc);
	if (ret)
	    krb5_err(context, 1, ret, "krb5_encrypt_EncryptedData");
	CHECK("trailing octet behind the time",
	      _kdc_freshness_open(context, &key, &enc, &minted) != 0);
	free_EncryptedData(&enc);
    }
    free(buf);
    krb5_crypto_destroy(context, crypto);
    krb5_free_keyblock_contents(context, &key);
}

static void
test_token_needs_a_strong_key(krb5_context context)
{
    static const krb5_enctype weak[] = {
	ETYPE_NULL, ETYPE_DES_CBC_CRC, ETYPE_DES_CBC_MD4, ETYPE_DES_CBC_MD5,
	ETYPE_DES_CBC_NONE, ETYPE_DES3_CBC_SHA1, ETYPE_ARCFOUR_HMAC_MD5_56
    };
    unsigned char octets[8] = { 1, 2, 4, 8, 16, 32, 64, 128 };
    struct timeval now = { 1700000000, 0 };
    size_t i;

    for (i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
	krb5_keyblock key;
	krb5_data token;

	key.keytype = weak[i];
	key.keyvalue.data = octets;
	key.keyvalue.length = sizeof(octets);
	CHECK("weak enctype", !_kdc_freshness_enctype_ok(weak[i]));
	CHECK("weak key mints nothing",
	      _kdc_freshness_mint(context, &key, KVNO, &now, &token)
	      == KRB5_PROG_ETYPE_NOSUPP);
	CHECK("output is empty", token.data == NULL && token.length == 0);
    }
}

/* Who holds a token names the enctype; a weak one is not tried. */

static void
test_token_names_a_weak_enctype(krb5_context context)
{
    static const int weak[] = {
	ETYPE_NULL, ETYPE_DES_CBC_CRC, ETYPE_DES_CBC_MD5, ETYPE_DES3_CBC_SHA1
    };
    krb5_keyblock key = make_key(context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    struct timeval now = { 1700000000, 0 };
    krb5_data token = mint(context, &key, T0), other;
    EncryptedData enc, again;
    size_t i, size;
    int ret;

    if (_kdc_freshness_parse(&token, &enc))
	errx(1, "cannot parse a token of our own");
    for (i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
	enc.etype = weak[i];
	krb5_data_alloc(&other, 2 + length_EncryptedData(&enc));
	memset(other.data, 0, 2);
	ret = encode_EncryptedData((unsigned char *)other.data + other.length -
				   1, other.length - 2, &enc, &size);
	CHECK("encoded", ret == 0);
	CHECK("a weak enctype", _kdc_freshness_parse(&other, &again)
	      == KRB5_PROG_ETYPE_NOSUPP);
	krb5_data_free(&other);
    }
    free_EncryptedData(&enc);
    CHECK("a good one", _kdc_freshness_parse(&token, &enc) == 0);
    free_EncryptedData(&enc);
    krb5_data_free(&token);
    CHECK("no version", _kdc_freshness_mint(context, &key, 0, &now, &token)
	  == EINVAL && token.data == NULL);
    krb5_free_keyblock_contents(context, &key);
}

/* A token without kvno, and one in BER that is not DER, are refused. */

static void
test_token_is_strict_der_with_kvno(krb5_context context)
{
    krb5_keyblock key = make_key(context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    krb5_data token = mint(context, &key, T0), bare;
    unsigned char *p = token.data, ber[600];
    EncryptedData enc;
    size_t size, len;
    time_t minted;

    if (_kdc_freshness_parse(&token, &enc))
	errx(1, "cannot parse a token of our own");
    free(enc.kvno);
    enc.kvno = NULL;
    len = length_EncryptedData(&enc);
    krb5_data_alloc(&bare, len + 2);
    memset(bare.data, 0, 2);
    encode_EncryptedData((unsigned char *)bare.data + bare.length - 1, len,
			 &enc, &size);
    CHECK("without kvno", open_token(context, &key, bare.data, bare.length,
				     &minted) != 0);
    free_EncryptedData(&enc);
    krb5_data_free(&bare);

    /* SEQUENCE of one length octet -> the same with two: 30 LL -> 30 81 LL */
    if (p[2] == 0x30 && p[3] < 0x80 && token.length < sizeof(ber)) {
	memcpy(ber, p, 3);
	ber[3] = 0x81;
	memcpy(ber + 4, p + 3, token.length - 3);
	CHECK("BER length", open_token(context, &key, ber, token.length + 1,
				       &minted) != 0);
    } else
	CHECK("token has the short length form", 0);
    krb5_data_free(&token);
    krb5_free_keyblock_contents(context, &key);
}

static void
test_token_differs_each_time(krb5_context context)
{
    krb5_keyblock key = make_key(context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    krb5_data a = mint(context, &key, T0), b = mint(context, &key, T0);

    CHECK("two tokens of one second differ", krb5_data_cmp(&a, &b) != 0);
    krb5_data_free(&a);
    krb5_data_free(&b);
    krb5_free_keyblock_contents(context, &key);
}

/* REQ: PF-16: tokens expire, and none comes from the future */

static void
test_judge(void)
{
    static const struct {
	const char *descr;
	time_t age;
	kdc_freshness_verdict verdict;
    } rows[] = {
	{ "now", 0, KDC_FRESHNESS_FRESH },
	{ "one second", 1, KDC_FRESHNESS_FRESH },
	{ "just inside the lifetime", 600, KDC_FRESHNESS_FRESH },
	{ "just outside the lifetime", 601, KDC_FRESHNESS_STALE },
	{ "a day", 86400, KDC_FRESHNESS_STALE },
	{ "another KDC's clock is ahead", -300, KDC_FRESHNESS_FRESH },
	{ "from the future", -301, KDC_FRESHNESS_FUTURE },
	{ "from far in the future", -1700000000, KDC_FRESHNESS_FUTURE },
	{ "from the epoch", 1700000000, KDC_FRESHNESS_STALE },
	{ "from before the epoch", 1700000001, KDC_FRESHNESS_STALE }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	CHECK(rows[i].descr,
	      _kdc_freshness_judge(T0 - rows[i].age, T0, 600, 300)
	      == rows[i].verdict);
    /* no time that a KDC has, though the clock says it was just now */
    CHECK("the epoch", _kdc_freshness_judge(0, 100, 600, 300)
	  == KDC_FRESHNESS_STALE);
    CHECK("a second later", _kdc_freshness_judge(1, 100, 600, 300)
	  == KDC_FRESHNESS_FRESH);
}

/* REQ: PF-20, PF-11: each cell of the table of policy.c */

static void
test_policy(void)
{
    int required, draft, is_signed, v;

    for (required = 0; required < 2; required++)
	for (draft = 0; draft < 2; draft++)
	    for (is_signed = 0; is_signed < 2; is_signed++)
		for (v = KDC_FRESHNESS_NONE; v <= KDC_FRESHNESS_FUTURE; v++) {
		    struct kdc_freshness_policy policy;
		    krb5_error_code want;

		    policy.required = required;
		    policy.draft_error = draft;
		    if (v == KDC_FRESHNESS_FRESH)
			want = 0;
		    else if (v == KDC_FRESHNESS_NONE)
			want = required && is_signed
			    ? KRB5KDC_ERR_PREAUTH_FAILED : 0;
		    else
			want = draft ? KRB5KDC_ERR_PREAUTH_FAILED
			    : KRB5_KDC_ERR_PREAUTH_EXPIRED;
		    CHECK(_kdc_freshness_describe(v),
			  _kdc_freshness_decide(&policy, is_signed, v)
			  == want);
		}
    /* REQ: PF-02: the error's value on the wire */
    CHECK("90", KRB5_KDC_ERR_PREAUTH_EXPIRED - KRB5KDC_ERR_NONE == 90);
}

static double
cpu_microseconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void
bench(krb5_context context, int n)
{
    krb5_keyblock key = make_key(context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    krb5_data token = mint(context, &key, T0);
    double start = cpu_microseconds(), minted_at;
    time_t minted;
    int i;

    for (i = 0; i < n; i++) {
	krb5_data t = mint(context, &key, T0 + i);
	krb5_data_free(&t);
    }
    minted_at = cpu_microseconds();
    for (i = 0; i < n; i++)
	if (open_token(context, &key, token.data, token.length, &minted))
	    errx(1, "the token does not verify");
    printf("mint %.2f us verify %.2f us\n", (minted_at - start) / n,
	   (cpu_microseconds() - minted_at) / n);
    krb5_data_free(&token);
    krb5_free_keyblock_contents(context, &key);
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_error_code ret;

    setprogname(argv[0]);
    ret = krb5_init_context(&context);
    if (ret)
	errx(1, "krb5_init_context: %d", ret);

    if (argc == 3 && strcmp(argv[1], "--bench") == 0) {
	bench(context, atoi(argv[2]));
	krb5_free_context(context);
	return 0;
    }

    test_token_round_trip(context);
    test_token_each_bit_flipped_is_refused(context);
    test_token_each_truncation_and_trailing_octet_is_refused(context);
    test_token_of_another_key_is_refused(context);
    test_token_of_another_key_usage_is_refused(context);
    test_token_needs_a_strong_key(context);
    test_token_names_a_weak_enctype(context);
    test_token_is_strict_der_with_kvno(context);
    test_token_differs_each_time(context);
    test_judge();
    test_policy();

    krb5_free_context(context);
    printf("%d cases, %d failed\n", cases, failures);
    return failures != 0;
}
