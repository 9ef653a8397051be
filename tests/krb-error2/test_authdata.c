/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The authorization data of the extra context tokens: fixed octets, a row for
 * each rule, and the verdict on ap-options.  After each refusal a good list
 * is read.
 */

#include "error2_test.h"
#include "sec_test.h"
#include "vectors.h"

#define TWICE KRB5KRB_AP_ERR_MSG_TYPE

#define MUTUAL 0x20000000U
#define OFFER KRB5_EXT_WIRE_CONTINUE_NEEDED_OK

static krb5_context context;

/* Elements as hex: an AuthorizationDataElement each. */
#define E_ETYPES "3013 a004 02020081 a10b 0409 3007 020112 02020081"
#define E_KERB "300e a004 0202008f a106 0404 00400000"
#define E_OPTIONS "3010 a003 0201fa a109 0407 03050030000000"
#define E_CHALLENGE "300d a003 0201fb a106 0404 0402 6869"
#define E_UNKNOWN "300a a003 020163 a103 0401 78"
#define E_UNKNOWN_2 "300a a003 020164 a103 0401 78"

/* An AuthorizationData of what hex says. */
static krb5_data
list(const char *hex)
{
    return wrap("30", from_hex(hex));
}

/* The element AD-IF-RELEVANT around der, depth times.  Frees der. */
static krb5_data
if_relevant(krb5_data der, int depth)
{
    krb5_data d, value;

    while (depth-- > 0) {
	d = from_hex("a003 020101");
	value = wrap("a1", wrap("04", der));
	put(&d, value.data, value.length);
	krb5_data_free(&value);
	der = wrap("30", wrap("30", d));
    }
    return der;
}

static int
still_parses(void)
{
    krb5_data der = from_hex(vector_ad_second);
    struct krb5_ext_authdata a;
    krb5_error_code ret;
    int ok;

    ret = _krb5_ext_decode_authdata(context, &der, &a);
    ok = ret == 0 && a.have_challenge && a.challenge.length == 32 &&
	a.have_ap_options && a.have_etypes;
    _krb5_ext_free_authdata(&a);
    krb5_data_free(&der);
    return ok;
}

static void
test_vectors(void)
{
    /* REQ: XT-02, XT-34 */
    krb5_data der = from_hex(vector_ad_first);
    struct krb5_ext_authdata a;
    krb5_error_code ret;
    int i;

    ret = _krb5_ext_decode_authdata(context, &der, &a);
    check(ret == 0 && a.have_etypes && a.etypes.len == 3 &&
	  a.etypes.val[0] == 18 && a.etypes.val[2] == 23 &&
	  a.have_kerb_ap_options &&
	  a.kerb_ap_options == KRB5_EXT_KERB_AP_OPTIONS_CBT &&
	  a.have_ap_options && a.ap_options == (MUTUAL | OFFER) &&
	  !a.have_challenge && !a.unknown_critical,
	  "vector: first AP-REQ (%d)", (int)ret);
    _krb5_ext_free_authdata(&a);
    check(is_zero(&a, sizeof(a)), "freed is all zero");
    _krb5_ext_free_authdata(&a);
    krb5_data_free(&der);

    der = from_hex(vector_ad_second);
    ret = _krb5_ext_decode_authdata(context, &der, &a);
    check(ret == 0 && a.have_challenge && a.challenge.length == 32 &&
	  a.ap_options == OFFER && !a.have_kerb_ap_options &&
	  !a.unknown_critical, "vector: second AP-REQ (%d)", (int)ret);
    for (i = 0; ret == 0 && i < 32; i++)
	ret = ((unsigned char *)a.challenge.data)[i] != i;
    check(ret == 0, "vector: the challenge");
    _krb5_ext_free_authdata(&a);
    krb5_data_free(&der);

    der = from_hex(vector_ad_ticket);
    ret = _krb5_ext_decode_authdata(context, &der, &a);
    check(ret == 0 && a.have_challenge && a.challenge.length == 32,
	  "vector: ticket (%d)", (int)ret);
    _krb5_ext_free_authdata(&a);
    krb5_data_free(&der);
}

/* What is found in a list that is taken. */
enum { ETYPES = 1, KERB = 2, OPTIONS = 4, CHALLENGE = 8, CRITICAL = 16 };

static int
found(const struct krb5_ext_authdata *a)
{
    return (a->have_etypes ? ETYPES : 0) |
	(a->have_kerb_ap_options ? KERB : 0) |
	(a->have_ap_options ? OPTIONS : 0) |
	(a->have_challenge ? CHALLENGE : 0) |
	(a->unknown_critical ? CRITICAL : 0);
}

/*
 * bare and wrapped are lists of elements; wrapped is put into AD-IF-RELEVANT
 * depth times, before or behind the bare ones.
 */
static const struct row {
    const char *name;
    const char *wrapped;
    int depth;
    const char *bare;
    int behind;
    krb5_error_code expected;
    int what;
} rows[] = {
    { "nothing", "", 0, "", 0, 0, 0 },
    { "an empty AD-IF-RELEVANT", "", 1, "", 0, 0, 0 },

    /* either form, anywhere */
    { "challenge, bare", "", 0, E_CHALLENGE, 0, 0, CHALLENGE },
    { "challenge, wrapped", E_CHALLENGE, 1, "", 0, 0, CHALLENGE },
    { "challenge, wrapped 9 times", E_CHALLENGE, 9, "", 0, 0, CHALLENGE },
    { "challenge, wrapped 10 times", E_CHALLENGE, 10, "", 0,
      ASN1_BAD_FORMAT, 0 },
    { "wrapped 100 times", E_CHALLENGE, 100, "", 0, ASN1_BAD_FORMAT, 0 },
    { "options, bare", "", 0, E_OPTIONS, 0, 0, OPTIONS },
    { "options, wrapped", E_OPTIONS, 1, "", 0, 0, OPTIONS },
    { "all bare", "", 0, E_ETYPES E_KERB E_OPTIONS E_CHALLENGE, 0, 0,
      ETYPES | KERB | OPTIONS | CHALLENGE },
    { "all wrapped", E_CHALLENGE E_OPTIONS E_KERB E_ETYPES, 2, "", 0, 0,
      ETYPES | KERB | OPTIONS | CHALLENGE },
    { "options in the second AD-IF-RELEVANT", E_OPTIONS, 1,
      "3020 a003 020101 a119 0417 3015" E_ETYPES, 1, 0, ETYPES | OPTIONS },

    /* unknown ones */
    { "unknown, wrapped", E_UNKNOWN E_OPTIONS, 1, "", 0, 0, OPTIONS },
    { "unknown, bare", E_OPTIONS, 1, E_UNKNOWN, 0, 0, OPTIONS | CRITICAL },
    { "unknown, bare and behind", E_OPTIONS, 1, E_UNKNOWN, 1, 0,
      OPTIONS | CRITICAL },
    { "two unknown", "", 0, E_UNKNOWN E_UNKNOWN_2, 0, 0, CRITICAL },

    /* twice */
    { "challenge twice, bare", "", 0, E_CHALLENGE E_CHALLENGE, 0, TWICE, 0 },
    { "challenge twice, wrapped", E_CHALLENGE E_CHALLENGE, 1, "", 0, TWICE,
      0 },
    { "challenge wrapped and bare", E_CHALLENGE, 1, E_CHALLENGE, 0, TWICE,
      0 },
    { "challenge bare and wrapped", E_CHALLENGE, 1, E_CHALLENGE, 1, TWICE,
      0 },
    { "options wrapped and bare", E_OPTIONS, 1, E_OPTIONS, 1, TWICE, 0 },
    { "options twice in the depth", E_OPTIONS E_OPTIONS, 3, "", 0, TWICE, 0 },
    { "143 twice", E_KERB E_KERB, 1, "", 0, TWICE, 0 },
    { "129 twice", E_ETYPES, 1, E_ETYPES, 0, TWICE, 0 },

    /* AD-IF-RELEVANT that is none */
    { "AD-IF-RELEVANT without octets", "", 0, "3009 a003 020101 a102 0400",
      0, ASN1_OVERRUN, 0 },
    { "AD-IF-RELEVANT of octets", "", 0,
      "300d a003 020101 a106 0404 04026869", 0, ASN1_MISPLACED_FIELD, 0 },
    { "an octet behind in AD-IF-RELEVANT", "", 0,
      "300c a003 020101 a105 0403 300000", 0, ASN1_EXTRA_DATA, 0 },
    { "AD-IF-RELEVANT cut short", "", 0,
      "300b a003 020101 a104 0402 3001", 0, ASN1_OVERRUN, 0 },
    { "AD-IF-RELEVANT with an element that is none", "", 0,
      "300d a003 020101 a106 0404 30020500", 0, ASN1_MISPLACED_FIELD, 0 },
    { "a good one, then one cut short", E_OPTIONS, 1,
      "300b a003 020101 a104 0402 3001", 1, ASN1_OVERRUN, 0 },

    /* -6 */
    { "options of 24 bits", "", 0,
      "300f a003 0201fa a108 0406 030400300000", 0, ASN1_BAD_LENGTH, 0 },
    { "options of 40 bits", "", 0,
      "3011 a003 0201fa a10a 0408 0306003000000000", 0, ASN1_BAD_LENGTH, 0 },
    { "options of 31 bits", "", 0,
      "3010 a003 0201fa a109 0407 03050130000000", 0, ASN1_BAD_LENGTH, 0 },
    { "options without octets", "", 0, "3009 a003 0201fa a102 0400", 0,
      ASN1_OVERRUN, 0 },
    { "options of no bits", "", 0, "300b a003 0201fa a104 0402 0300", 0,
      ASN1_BAD_LENGTH, 0 },
    { "options as octets", "", 0, "3010 a003 0201fa a109 0407"
      "04050030000000", 0, ASN1_MISSING_FIELD, 0 },
    { "options bare as number", "", 0, "300d a003 0201fa a106 0404 30000000",
      0, ASN1_MISSING_FIELD, 0 },
    { "something behind the options", "", 0,
      "3012 a003 0201fa a10b 0409 030500300000000500", 0, ASN1_EXTRA_DATA,
      0 },
    { "options with a long length", "", 0,
      "3011 a003 0201fa a10a 0408 0381050030000000", 0, ASN1_GOT_BER, 0 },
    { "options cut short", "", 0, "300f a003 0201fa a108 0406 030500300000",
      0, ASN1_OVERRUN, 0 },

    /* -5 */
    { "challenge without octets", "", 0, "3009 a003 0201fb a102 0400", 0,
      ASN1_OVERRUN, 0 },
    { "challenge empty", "", 0, "300b a003 0201fb a104 0402 0400", 0,
      ASN1_MIN_CONSTRAINT, 0 },
    { "challenge as it is, no OCTET STRING", "", 0,
      "300d a003 0201fb a106 0404 68696869", 0, ASN1_BAD_ID, 0 },
    { "challenge in pieces", "", 0,
      "300f a003 0201fb a108 0406 2404 04026869", 0, ASN1_BAD_ID, 0 },
    { "something behind the challenge", "", 0,
      "300e a003 0201fb a107 0405 0402 686900", 0, ASN1_EXTRA_DATA, 0 },
    { "challenge with a long length", "", 0,
      "300e a003 0201fb a107 0405 048102 6869", 0, ASN1_GOT_BER, 0 },
    { "challenge of indefinite length", "", 0,
      "300f a003 0201fb a108 0406 2480 6869 0000", 0, ASN1_BAD_ID, 0 },
    { "challenge cut short", "", 0, "300c a003 0201fb a105 0403 040268", 0,
      ASN1_OVERRUN, 0 },

    /* 143 and 129 */
    { "143 of three octets", "", 0,
      "300d a004 0202008f a105 0403 004000", 0, ASN1_BAD_LENGTH, 0 },
    { "143 of five octets", "", 0,
      "300f a004 0202008f a107 0405 0040000000", 0, ASN1_BAD_LENGTH, 0 },
    { "143 without octets", "", 0, "300a a004 0202008f a102 0400", 0,
      ASN1_BAD_LENGTH, 0 },
    { "129 of no enctypes", "", 0, "300c a004 02020081 a104 0402 3000", 0, 0,
      ETYPES },
    { "something behind 129", "", 0,
      "300d a004 02020081 a105 0403 300000", 0, ASN1_EXTRA_DATA, 0 },
    { "129 that is none", "", 0, "300c a004 02020081 a104 0402 0400", 0,
      ASN1_MISPLACED_FIELD, 0 },
    { "129, a number cut short", "", 0,
      "300d a004 02020081 a105 0403 3001 02", 0, ASN1_OVERRUN, 0 },
    { "129, a second number cut short", "", 0,
      "300f a004 02020081 a107 0405 3003 0200 02", 0, ASN1_OVERRUN, 0 },
    { "129, a number of five octets", "", 0,
      "3013 a004 02020081 a10b 0409 3007 0205 0102030405", 0, ASN1_OVERRUN,
      0 },
    { "129, octets in the place of a number", "", 0,
      "300f a004 02020081 a107 0405 3003 040101", 0, ASN1_MISSING_FIELD, 0 },

    /* elements */
    { "an octet behind the type", "300b a004 02016300 a103 040178", 1, "", 0,
      ASN1_EXTRA_DATA, 0 },
    { "an octet behind the data", "300b a003 020163 a104 04017800", 1, "", 0,
      ASN1_EXTRA_DATA, 0 },
    { "an octet behind both", "300b a003 020163 a103 040178 00", 1, "", 0,
      ASN1_EXTRA_DATA, 0 },
    { "without a type", "3005 a103 040178", 1, "", 0, ASN1_MISSING_FIELD, 0 },
    { "without data", "3005 a003 020163", 1, "", 0, ASN1_OVERRUN, 0 },
    { "data in pieces", "300c a003 020163 a105 2403 040178", 1, "", 0,
      ASN1_BAD_ID, 0 },
    { "a type of five octets", "300e a007 02050102030405 a103 040178", 1, "",
      0, ASN1_OVERRUN, 0 }
};

static krb5_data
row_octets(const struct row *row)
{
    krb5_data wrapped, all;
    size_t head;

    if (row->depth == 0)
	return list(row->bare);
    all = from_hex("");
    if (!row->behind)
	put_hex(&all, row->bare);
    /* the list of one element: without its own head */
    wrapped = if_relevant(list(row->wrapped), row->depth);
    head = ((unsigned char *)wrapped.data)[1];
    head = head < 0x80 ? 2 : 2 + (head & 0x7f);
    put(&all, (char *)wrapped.data + head, wrapped.length - head);
    krb5_data_free(&wrapped);
    if (row->behind)
	put_hex(&all, row->bare);
    return wrap("30", all);
}

/* The same, where the base has decoded the list itself, if it could. */
static int
is_same_decoded(const krb5_data *der, krb5_error_code expected, int what)
{
    struct krb5_ext_authdata a;
    AuthorizationData ad;
    krb5_error_code ret;
    size_t size;
    int same;

    if (decode_AuthorizationData(der->data, der->length, &ad, &size))
	return expected != 0;
    ret = _krb5_ext_parse_authdata(context, &ad, &a);
    same = ret == expected && found(&a) == what &&
	(ret == 0 || is_zero(&a, sizeof(a)));
    _krb5_ext_free_authdata(&a);
    free_AuthorizationData(&ad);
    return same;
}

static void
test_rows(void)
{
    /* REQ: XT-02, XT-34, XT-43, XT-44 */
    struct krb5_ext_authdata a;
    krb5_error_code ret;
    krb5_data der;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	der = row_octets(&rows[i]);
	ret = _krb5_ext_decode_authdata(context, &der, &a);
	check(ret == rows[i].expected && found(&a) == rows[i].what &&
	      (ret == 0 || is_zero(&a, sizeof(a))) &&
	      (!a.unknown_critical || a.unknown_type == 99) &&
	      is_same_decoded(&der, ret, rows[i].what) && still_parses(),
	      "%s: %d, expected %d, found %d", rows[i].name, (int)ret,
	      (int)rows[i].expected, found(&a));
	_krb5_ext_free_authdata(&a);
	krb5_data_free(&der);
    }
}

static void
test_list_itself(void)
{
    static const struct { const char *name, *hex; krb5_error_code code; }
    t[] = {
	{ "no octets", "", ASN1_OVERRUN },
	{ "an octet behind the list", "3000 00", ASN1_EXTRA_DATA },
	{ "a SET", "3100", ASN1_MISSING_FIELD },
	{ "a number in the list", "3003 020100", ASN1_MISPLACED_FIELD }
    };
    struct krb5_ext_authdata a;
    krb5_error_code ret;
    krb5_data der;
    size_t i;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
	der = from_hex(t[i].hex);
	ret = _krb5_ext_decode_authdata(context, &der, &a);
	check(ret == t[i].code && still_parses(), "%s: %d, expected %d",
	      t[i].name, (int)ret, (int)t[i].code);
	krb5_data_free(&der);
    }
    ret = _krb5_ext_parse_authdata(context, NULL, &a);
    check(ret == 0 && is_zero(&a, sizeof(a)), "no list");
}

static void
test_truncated(const char *name, const char *hex)
{
    krb5_data whole = from_hex(hex), copy;
    struct krb5_ext_authdata a;
    int wrong = 0;
    size_t length;

    for (length = 0; length < whole.length; length++) {
	need(krb5_data_copy(&copy, whole.data, length), "memory");
	if (_krb5_ext_decode_authdata(context, &copy, &a) != ASN1_OVERRUN)
	    wrong++;
	krb5_data_free(&copy);
    }
    check(wrong == 0 && still_parses(),
	  "%s cut to each of %d lengths, %d wrong", name, (int)whole.length,
	  wrong);
    krb5_data_free(&whole);
}

/* What is taken is one that the decoder of the base takes, too. */
static int
is_decoded(const krb5_data *der)
{
    AuthorizationData ad;
    size_t size;

    if (decode_AuthorizationData(der->data, der->length, &ad, &size))
	return 0;
    free_AuthorizationData(&ad);
    return size == der->length;
}

/* Changed bits: no more than that nothing is read that is not there. */
static void
test_flipped(const char *name, const char *hex)
{
    krb5_data der = from_hex(hex);
    struct krb5_ext_authdata a;
    int taken = 0, wrong = 0;
    size_t i;

    for (i = 0; i < 8 * der.length; i++) {
	((unsigned char *)der.data)[i / 8] ^= 1 << i % 8;
	if (_krb5_ext_decode_authdata(context, &der, &a) == 0) {
	    taken++;
	    wrong += !is_decoded(&der);
	}
	_krb5_ext_free_authdata(&a);
	((unsigned char *)der.data)[i / 8] ^= 1 << i % 8;
    }
    check(taken > 0 && taken < (int)(8 * der.length) && wrong == 0 &&
	  still_parses(),
	  "%s with each of %d bits changed, %d taken", name,
	  (int)(8 * der.length), taken);
    krb5_data_free(&der);
}

/* ------------------------------------------------------------ building */

static krb5_data
encode(const AuthorizationData *ad)
{
    krb5_error_code ret;
    krb5_data der;
    size_t size;

    ASN1_MALLOC_ENCODE(AuthorizationData, der.data, der.length, ad, &size,
		       ret);
    need(ret, "AuthorizationData");
    return der;
}

static void
check_build(const char *name, const struct krb5_ext_authdata *wanted,
	    const char *hex)
{
    krb5_data expected = from_hex(hex), der;
    AuthorizationData ad;
    krb5_error_code ret;

    ret = _krb5_ext_build_authdata(context, wanted, &ad);
    need(ret, "build");
    der = encode(&ad);
    check(is_same(&der, &expected), "build %s", name);
    krb5_data_free(&der);
    krb5_data_free(&expected);
    free_AuthorizationData(&ad);
}

static void
test_build(void)
{
    /* REQ: XT-02, XT-34 */
    static ENCTYPE numbers[] = { 18, 17, 23 };
    struct krb5_ext_authdata w;
    AuthorizationData ad;
    krb5_error_code ret;
    krb5_data challenge = fill(0, 32), expected, der;
    int i;

    for (i = 0; i < 32; i++)
	((unsigned char *)challenge.data)[i] = i;
    memset(&w, 0, sizeof(w));
    check_build("nothing", &w, "3000");
    w.etypes.val = numbers;
    w.etypes.len = 3;
    w.have_etypes = w.have_kerb_ap_options = w.have_ap_options = 1;
    w.kerb_ap_options = KRB5_EXT_KERB_AP_OPTIONS_CBT;
    w.ap_options = MUTUAL | OFFER;
    check_build("what a first AP-REQ has", &w, vector_ad_first);
    w.etypes.len = 2;
    w.have_kerb_ap_options = 0;
    w.ap_options = OFFER;
    w.challenge = challenge;
    w.have_challenge = 1;
    check_build("what a second AP-REQ has", &w, vector_ad_second);
    w.have_etypes = w.have_ap_options = 0;
    check_build("a challenge alone", &w,
		"302d 302b a003 0201fb a124 0422 0420 0001020304050607"
		"08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    ret = _krb5_ext_build_ticket_authdata(context, &challenge, &ad);
    need(ret, "build");
    der = encode(&ad);
    expected = from_hex(vector_ad_ticket);
    check(is_same(&der, &expected), "build what a ticket has");
    krb5_data_free(&der);
    krb5_data_free(&expected);
    free_AuthorizationData(&ad);
    krb5_data_free(&challenge);
}

/* Bounds of the challenge, both ways. */
static void
test_challenge_bounds(void)
{
    /* REQ: XT-17, XT-34 */
    static const struct { size_t length; krb5_error_code code; } t[] = {
	{ 0, ASN1_MIN_CONSTRAINT }, { 1, 0 }, { 127, 0 }, { 128, 0 },
	{ 255, 0 }, { 256, 0 }, { 1024, 0 }, { 1025, ASN1_MAX_CONSTRAINT }
    };
    struct krb5_ext_authdata w, a;
    AuthorizationData ad;
    krb5_error_code ret;
    krb5_data d, der;
    size_t i;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
	memset(&w, 0, sizeof(w));
	w.have_challenge = 1;
	w.challenge = fill(0x55, t[i].length);
	ret = _krb5_ext_build_authdata(context, &w, &ad);
	check(ret == t[i].code && (ret == 0) == (ad.len == 1),
	      "build a challenge of %d (%d)", (int)t[i].length, (int)ret);
	if (ret == 0) {
	    ret = _krb5_ext_parse_authdata(context, &ad, &a);
	    check(ret == 0 && _krb5_ext_challenge_equal(&a.challenge,
							&w.challenge),
		  "and read it (%d)", (int)ret);
	    _krb5_ext_free_authdata(&a);
	}
	free_AuthorizationData(&ad);
	ret = _krb5_ext_build_ticket_authdata(context, &w.challenge, &ad);
	check(ret == t[i].code && (ret == 0) == (ad.len == 1),
	      "build it for a ticket (%d)", (int)ret);
	free_AuthorizationData(&ad);

	need(krb5_data_copy(&d, w.challenge.data, w.challenge.length), "copy");
	der = from_hex("a003 0201fb");
	d = wrap("a1", wrap("04", wrap("04", d)));
	put(&der, d.data, d.length);
	krb5_data_free(&d);
	der = wrap("30", wrap("30", der));
	ret = _krb5_ext_decode_authdata(context, &der, &a);
	check(ret == t[i].code && still_parses(),
	      "read a challenge of %d (%d)", (int)t[i].length, (int)ret);
	_krb5_ext_free_authdata(&a);
	krb5_data_free(&der);
	krb5_data_free(&w.challenge);
    }
}

/* ------------------------------------------------------------ verdicts */

static void
test_verdict(void)
{
    /* REQ: XT-01, XT-03, XT-96 */
    enum { NO = KRB5_EXT_NOT_OFFERED, YES = KRB5_EXT_OFFERED,
	   BAD = KRB5_EXT_OPTIONS_MODIFIED };
    static const struct {
	const char *name;
	uint32_t clear;
	int have;		/* 0: no Authenticator, 1: no -6, 2: -6 */
	uint32_t real;
	int verdict;
    } t[] = {
	{ "no Authenticator, no offer", MUTUAL, 0, 0, NO },
	{ "no Authenticator, an offer", OFFER, 0, 0, YES },
	{ "no -6, no offer", MUTUAL, 1, 0, NO },
	{ "no -6, an offer that was added", MUTUAL | OFFER, 1, 0, NO },
	{ "no -6, all bits", 0xffffffffU, 1, 0, NO },
	{ "the same, no offer", MUTUAL, 2, MUTUAL, NO },
	{ "the same, an offer", MUTUAL | OFFER, 2, MUTUAL | OFFER, YES },
	{ "the same, an offer alone", OFFER, 2, OFFER, YES },
	{ "the same, all bits", 0xffffffffU, 2, 0xffffffffU, YES },
	{ "an offer that was added", MUTUAL | OFFER, 2, MUTUAL, NO },
	{ "an offer that was removed", MUTUAL, 2, MUTUAL | OFFER, BAD },
	{ "mutual that was added", MUTUAL | OFFER, 2, OFFER, BAD },
	{ "mutual that was removed", OFFER, 2, MUTUAL | OFFER, BAD },
	{ "mutual that was removed, no offer", 0, 2, MUTUAL, BAD },
	{ "both changed", OFFER, 2, MUTUAL, BAD },
	{ "the lowest bit", OFFER, 2, OFFER | 1, BAD },
	{ "the highest bit", OFFER | 0x80000000U, 2, OFFER, BAD },
	{ "nothing at all", 0, 2, 0, NO }
    };
    struct krb5_ext_authdata a;
    enum krb5_ext_offer got;
    uint32_t bit;
    size_t i;
    int wrong = 0;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
	memset(&a, 0, sizeof(a));
	a.have_ap_options = t[i].have == 2;
	a.ap_options = t[i].real;
	got = _krb5_ext_judge_ap_options(t[i].clear,
					 t[i].have ? &a : NULL);
	check((int)got == t[i].verdict, "verdict: %s", t[i].name);
    }
    memset(&a, 0, sizeof(a));
    a.have_ap_options = 1;
    a.ap_options = MUTUAL | OFFER;
    for (bit = 1; bit != 0; bit <<= 1)
	wrong += _krb5_ext_judge_ap_options(a.ap_options ^ bit, &a) !=
	    KRB5_EXT_OPTIONS_MODIFIED;
    check(wrong == 0, "verdict: each of 32 bits changed in the clear");
}

static void
test_equal(void)
{
    /* REQ: XT-43 */
    krb5_data one = fill(7, 32), other = fill(7, 32), none;
    size_t i;
    int wrong = 0;

    krb5_data_zero(&none);
    check(_krb5_ext_challenge_equal(&one, &other), "equal challenges");
    for (i = 0; i < 8 * 32; i++) {
	((unsigned char *)other.data)[i / 8] ^= 1 << i % 8;
	wrong += _krb5_ext_challenge_equal(&one, &other) != FALSE;
	((unsigned char *)other.data)[i / 8] ^= 1 << i % 8;
    }
    check(wrong == 0, "each of 256 bits makes a difference");
    other.length = 31;
    check(!_krb5_ext_challenge_equal(&one, &other), "one is shorter");
    other.length = 0;
    check(!_krb5_ext_challenge_equal(&one, &other), "one is empty");
    check(!_krb5_ext_challenge_equal(&none, &none), "both are empty");
    krb5_data_free(&one);
    krb5_data_free(&other);
}

/*
 * AD-IF-RELEVANT around the list of what hex says and, in it, octets behind
 * the list.
 */
static krb5_data
spoilt(const char *hex)
{
    krb5_data d = from_hex("a003 020101"), inner = list(hex), value;

    put_hex(&inner, "00");
    value = wrap("a1", wrap("04", inner));
    put(&d, value.data, value.length);
    krb5_data_free(&value);
    return wrap("30", d);
}

static krb5_boolean
ticket_has(krb5_data der, const char *challenge)
{
    krb5_data wanted = from_hex(challenge);
    AuthorizationData ad;
    krb5_boolean has;

    need(decode_AuthorizationData(der.data, der.length, &ad, NULL),
	 "a list of the test's");
    has = _krb5_ext_has_challenge(context, &ad, &wanted);
    free_AuthorizationData(&ad);
    krb5_data_free(&wanted);
    return has;
}

/*
 * The challenge that a ticket of user-to-user has to have.
 */
static void
test_has_challenge(void)
{
    /* REQ: XT-89 */
    static const struct {
	const char *name, *hex;
	int depth;		/* of AD-IF-RELEVANT around it */
	krb5_boolean has;
    } t[] = {
	{ "alone", E_CHALLENGE, 0, TRUE },
	{ "behind another", "300d a003 0201fb a106 0404 0402 6970" E_CHALLENGE,
	  0, TRUE },
	{ "another", "300d a003 0201fb a106 0404 0402 6970", 0, FALSE },
	{ "a longer one", "300e a003 0201fb a107 0405 0403 686900", 0, FALSE },
	{ "another type", "300d a003 0201fa a106 0404 0402 6869", 0, FALSE },
	{ "no octets", "300d a003 0201fb a106 0404 0c02 6869", 0, FALSE },
	{ "octets behind it", "300e a003 0201fb a107 0405 0402 686900", 0,
	  FALSE },
	{ "an empty one", "300b a003 0201fb a104 0402 0400", 0, FALSE },
	{ "nothing", "", 0, FALSE },
	{ "in one AD-IF-RELEVANT", E_CHALLENGE, 1, TRUE },
	{ "as deep as may be", E_CHALLENGE, KRB5_EXT_AD_MAX_DEPTH, TRUE },
	{ "deeper", E_CHALLENGE, KRB5_EXT_AD_MAX_DEPTH + 1, FALSE },
	{ "behind a damaged AD-IF-RELEVANT",
	  "300b a003 020101 a104 0402 30ff" E_CHALLENGE, 0, TRUE }
    };
    krb5_data der, more;
    size_t i;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
	der = if_relevant(list(t[i].hex), t[i].depth);
	check(ticket_has(der, "6869") == t[i].has, "challenge of a ticket: %s",
	      t[i].name);
	krb5_data_free(&der);
    }
    der = spoilt(E_CHALLENGE);
    more = from_hex("");
    put(&more, der.data, der.length);
    krb5_data_free(&der);
    der = wrap("30", more);
    check(!ticket_has(der, "6869"), "in a list with octets behind it");
    krb5_data_free(&der);
    der = list(E_CHALLENGE);
    check(!ticket_has(der, ""), "an empty challenge is in no ticket");
    check(ticket_has(der, "6869"), "the good one still is");
    check(!_krb5_ext_has_challenge(context, NULL, &der),
	  "a ticket without authorization data");
    krb5_data_free(&der);
}

static void
test_clear_options(void)
{
    /* REQ: XT-01 */
    static const struct {
	const char *name, *hex;
	krb5_error_code code;
	uint32_t options;
    } t[] = {
	{ "32 bits", "0305 00 30000001", 0, 0x30000001U },
	{ "3 bits", "0302 05 20", 0, MUTUAL },
	{ "no bits", "0301 00", 0, 0 },
	{ "40 bits", "0306 00 3000000080", 0, MUTUAL | OFFER },
	{ "no count of unused bits", "0300", ASN1_OVERRUN, 0 },
	{ "a number", "020100", ASN1_MISPLACED_FIELD, 0 },
	{ "bits in pieces", "2304 03020020", ASN1_BAD_ID, 0 },
	{ "cut short", "030500", ASN1_OVERRUN, 0 },
	{ "without octets", "", ASN1_OVERRUN, 0 }
    };
    krb5_error_code ret;
    krb5_data ap_req, options, whole = from_hex(vector_ap_req), copy;
    uint32_t got;
    size_t i;
    int wrong = 0;

    ret = _krb5_ext_read_ap_options(context, &whole, &got);
    check(ret == 0 && got == (MUTUAL | OFFER), "vector: AP-REQ (%d)",
	  (int)ret);
    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
	options = wrap("a2", from_hex(t[i].hex));
	ap_req = from_hex("a003 020105 a103 02010e");
	put(&ap_req, options.data, options.length);
	krb5_data_free(&options);
	ap_req = wrap("6e", wrap("30", ap_req));
	got = 1;
	ret = _krb5_ext_read_ap_options(context, &ap_req, &got);
	check(ret == t[i].code && got == t[i].options,
	      "options in the clear, %s: %d, %08x", t[i].name, (int)ret,
	      (unsigned)got);
	krb5_data_free(&ap_req);
    }
    for (i = 0; i < whole.length; i++) {
	need(krb5_data_copy(&copy, whole.data, i), "memory");
	wrong += _krb5_ext_read_ap_options(context, &copy, &got) == 0;
	krb5_data_free(&copy);
    }
    check(wrong == 0, "an AP-REQ cut to each of %d lengths",
	  (int)whole.length);
    ((unsigned char *)whole.data)[0] = 0x4e;
    ret = _krb5_ext_read_ap_options(context, &whole, &got);
    check(ret == ASN1_BAD_ID && got == 0, "a tag without pieces (%d)",
	  (int)ret);
    ((unsigned char *)whole.data)[0] = 0x6e;
    ap_req = from_hex("a003 020105 a103 02010e a207 0305 00 30000001");
    ap_req = wrap("30", ap_req);
    ret = _krb5_ext_read_ap_options(context, &ap_req, &got);
    check(ret == ASN1_BAD_ID && got == 0, "without its tag (%d)",
	  (int)ret);
    krb5_data_free(&ap_req);
    ret = _krb5_ext_read_ap_options(context, &whole, &got);
    check(ret == 0 && got == (MUTUAL | OFFER), "the good one again");
    krb5_data_free(&whole);
}

/* proto.h, the ASN.1 module and the vectors say the same. */
static void
test_numbers(void)
{
    /* REQ: XT-01, XT-02, XT-12, XT-15, XT-34 */
    krb5_data d = from_hex(vector_null);

    check(((unsigned char *)d.data)[1] == KRB5_EXT_TAG_ERROR2 &&
	  KRB5_EXT_MSG_TYPE_ERROR2 == 55 &&
	  KRB5_EXT_TAG_ENC_ERROR2_PART == 56 && KRB5_EXT_KU_ERROR2 == 520 &&
	  KRB5_EXT_AD_CONTINUE_CHALLENGE == -5 &&
	  KRB5_EXT_AD_AP_OPTIONS == -6 && OFFER == 0x80000000U >> 3 &&
	  KRB5_EXT_MAX_TOKENS == 6, "numbers");
    check((AP_OPTS_CONTINUE_NEEDED_OK &
	   (AP_OPTS_USE_SESSION_KEY | AP_OPTS_MUTUAL_REQUIRED |
	    AP_OPTS_USE_SUBKEY)) == 0, "a flag of its own");
    krb5_data_free(&d);
}

int
main(void)
{
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    need(krb5_init_context(&context), "context");
    test_numbers();
    test_vectors();
    test_rows();
    test_list_itself();
    test_truncated("first AP-REQ", vector_ad_first);
    test_truncated("second AP-REQ", vector_ad_second);
    test_flipped("first AP-REQ", vector_ad_first);
    test_flipped("second AP-REQ", vector_ad_second);
    test_build();
    test_challenge_bounds();
    test_verdict();
    test_equal();
    test_has_challenge();
    test_clear_options();
    krb5_free_context(context);
    return check_done();
}
