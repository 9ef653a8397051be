/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The codec of KRB-ERROR2: fixed octets, one row for each rule, each length
 * that is too short, each bit that is wrong, and the way there and back with
 * every enctype.  After each refusal a good PDU is decoded.
 */

#include "error2_test.h"
#include "sec_test.h"
#include "vectors.h"

#define BAD_INTEGRITY KRB5KRB_AP_ERR_BAD_INTEGRITY
#define MSG_TYPE KRB5KRB_AP_ERR_MSG_TYPE
#define NOKEY KRB5KRB_AP_ERR_NOKEY

#define STIME 1767323045	/* 2026-01-02 03:04:05 */

static krb5_context context;
static krb5_keyblock subkey, session, other_key, acceptor_subkey, des3_key;

static const struct krb5_ext_error2_keys no_keys = { NULL, NULL };
static const struct krb5_ext_error2_keys both_keys = { &subkey, &session };
static const struct krb5_ext_error2_keys session_only = { NULL, &session };

static void
make_key(krb5_keyblock *key, int etype, int first, size_t length)
{
    unsigned char octets[32];
    size_t i;

    for (i = 0; i < length; i++)
	octets[i] = first + i;
    need(krb5_keyblock_init(context, etype, octets, length, key), "key");
}

static krb5_error_code
decode(const krb5_data *pdu, enum krb5_ext_sender sender,
       const struct krb5_ext_error2_keys *keys, struct krb5_ext_error2 *e)
{
    return _krb5_ext_decode_error2(context, pdu, sender, keys, e);
}

/* ------------------------------------------------------------- vectors */

static krb5_data
vector_challenge(void)
{
    krb5_data d = from_hex("");
    unsigned char c;

    for (c = 0; c < 32; c++)
	put(&d, &c, 1);
    return d;
}

/*
 * A good PDU is decoded, as after each refusal; prints only what failed.
 */
static int
still_decodes(void)
{
    krb5_data pdu = from_hex(vector_subkey);
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    int ok;

    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    ok = ret == 0 && e.key == KRB5_EXT_ERROR2_KEY_SUBKEY && e.subkey != NULL;
    _krb5_ext_free_error2(&e);
    krb5_data_free(&pdu);
    if (!ok)
	printf("a good PDU fails afterwards: %d\n", (int)ret);
    return ok;
}

static int
common_fields(const struct krb5_ext_error2 *e)
{
    krb5_data challenge = vector_challenge();
    int ok = is_same(&e->challenge, &challenge) && e->stime == STIME &&
	e->susec == 123456;

    krb5_data_free(&challenge);
    return ok;
}

static void
test_vector_null(void)
{
    /* REQ: XT-12, XT-13, XT-16, XT-17, XT-18, XT-23, XT-28 */
    krb5_data pdu = from_hex(vector_null);
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    int i;
    static const struct krb5_ext_error2_keys *const keys[] = {
	&no_keys, &both_keys
    };

    for (i = 0; i < 2; i++) {
	ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, keys[i], &e);
	check(ret == 0 && e.key == KRB5_EXT_ERROR2_KEY_NULL &&
	      common_fields(&e) && e.subkey == NULL && e.error_code == 69 &&
	      e.continue_needed && e.ad_data == NULL &&
	      strcmp(e.e_text, "user-to-user: \xc3\xbc\xe2\x86\x92"
		     "\xf0\x9f\x94\x91") == 0 &&
	      e.tgt != NULL && strcmp(e.tgt->realm, "EXT.TEST") == 0 &&
	      e.tgt->enc_part.cipher.length == 6,
	      "vector: no encryption, %s keys (%d)", i ? "with" : "without",
	      (int)ret);
	_krb5_ext_free_error2(&e);
    }
    krb5_data_free(&pdu);
}

static void
test_vector_subkey(void)
{
    /* REQ: XT-15, XT-19, XT-20, XT-21, XT-22 */
    krb5_data pdu = from_hex(vector_subkey);
    struct krb5_ext_error2 e;
    krb5_error_code ret;

    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == 0 && e.key == KRB5_EXT_ERROR2_KEY_SUBKEY &&
	  common_fields(&e) && e.subkey != NULL && e.subkey->keytype == 18 &&
	  is_same(&e.subkey->keyvalue, &acceptor_subkey.keyvalue) &&
	  e.seq_number == 0xfedcba98 && e.error_code == 0 &&
	  e.continue_needed && e.e_text == NULL && e.tgt == NULL,
	  "vector: in the subkey (%d)", (int)ret);
    _krb5_ext_free_error2(&e);
    check(is_zero(&e, sizeof(e)), "freed is all zero");
    _krb5_ext_free_error2(&e);
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &session_only, &e);
    check(ret == NOKEY, "vector: no such key (%d)", (int)ret);
    krb5_data_free(&pdu);
}

static void
test_vector_session(void)
{
    /* REQ: XT-14, XT-19, XT-22, XT-27 */
    krb5_data pdu = from_hex(vector_session);
    struct krb5_ext_error2 e;
    krb5_error_code ret;

    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == 0 && e.key == KRB5_EXT_ERROR2_KEY_SESSION &&
	  common_fields(&e) && e.subkey == NULL && e.error_code == 31 &&
	  !e.continue_needed && e.ad_data != NULL && e.ad_data->len == 1 &&
	  e.ad_data->val[0].ad_type == KRB5_AUTHDATA_IF_RELEVANT,
	  "vector: in the session key (%d)", (int)ret);
    _krb5_ext_free_error2(&e);
    krb5_data_free(&pdu);
}

/* --------------------------------------------------------- field rules */

/*
 * The fields of a PDU as hex, each with its tag.  A row replaces one.
 */
enum {
    F_CHALLENGE, F_STIME, F_SUSEC, F_SUBKEY, F_SEQ, F_CODE, F_FLAGS, F_TEXT,
    F_DATA, F_TYPED, F_ADDRESSES, F_AD, F_TGT, F_MORE,	/* encrypted */
    F_PVNO, F_TYPE, F_KEY, F_ETYPE, F_KVNO, F_BEHIND,	/* not encrypted */
    F_COUNT
};

#define FIELD_CHALLENGE "a006 0404 63686c67"
#define FIELD_SUBKEY "a31b 3019 a003020111 a112 0410" \
	"00112233445566778899aabbccddeeff"
#define FIELD_SEQ "a406 020412345678"

static const char *const good_fields[F_COUNT] = {
    FIELD_CHALLENGE,
    "a111 180f 32303236303130323033303430355a",
    "a205 020301e240",
    FIELD_SUBKEY,
    FIELD_SEQ,
    "a503 020125",
    "a603 0a0101",
    "", "", "", "", "", "", "",
    "a003 020105",
    "a103 020137",
    "a203 0a0101",
    "a003 020112",
    "",
    ""
};

static krb5_data
encrypt_with(const krb5_keyblock *key, unsigned usage, krb5_data *plain)
{
    krb5_crypto crypto;
    krb5_data cipher;

    need(krb5_crypto_init(context, key, 0, &crypto), "crypto");
    need(krb5_encrypt(context, crypto, usage, plain->data, plain->length,
		      &cipher), "encrypt");
    krb5_crypto_destroy(context, crypto);
    return cipher;
}

/* The encrypted part from the fields. */
static krb5_data
make_plain(const char *const *fields)
{
    krb5_data d = from_hex("");
    int i;

    for (i = F_CHALLENGE; i <= F_MORE; i++)
	put_hex(&d, fields[i]);
    return wrap("7f38", wrap("30", d));
}

/* The PDU from the other fields; frees plain.  key NULL: no encryption. */
static krb5_data
make_pdu(const char *const *fields, const krb5_keyblock *key, unsigned usage,
	 krb5_data plain)
{
    krb5_data cipher = plain, sealed, d;

    if (key != NULL) {
	cipher = encrypt_with(key, usage, &plain);
	krb5_data_free(&plain);
    }
    sealed = from_hex(fields[F_ETYPE]);
    put_hex(&sealed, fields[F_KVNO]);
    cipher = wrap("a2", wrap("04", cipher));
    put(&sealed, cipher.data, cipher.length);
    krb5_data_free(&cipher);
    sealed = wrap("a3", wrap("30", sealed));

    d = from_hex(fields[F_PVNO]);
    put_hex(&d, fields[F_TYPE]);
    put_hex(&d, fields[F_KEY]);
    put(&d, sealed.data, sealed.length);
    put_hex(&d, fields[F_BEHIND]);
    krb5_data_free(&sealed);
    return wrap("7f37", wrap("30", d));
}

struct row {
    const char *name;
    int field;
    const char *hex;
    krb5_error_code expected;
};

static const struct row rows[] = {
    /* REQ: XT-13 */
    { "nothing replaced", F_MORE, "", 0 },
    { "pvno 4", F_PVNO, "a003 020104", KRB5KRB_AP_ERR_BADVERSION },
    { "pvno -251", F_PVNO, "a004 0202ff05", KRB5KRB_AP_ERR_BADVERSION },
    { "pvno missing", F_PVNO, "", ASN1_MISSING_FIELD },
    { "pvno in two octets", F_PVNO, "a004 02020005", ASN1_GOT_BER },
    { "pvno ENUMERATED", F_PVNO, "a003 0a0105", ASN1_MISSING_FIELD },
    { "msg-type 15", F_TYPE, "a103 02010f", MSG_TYPE },
    { "msg-type 56", F_TYPE, "a103 020138", MSG_TYPE },
    { "msg-type missing", F_TYPE, "", ASN1_MISSING_FIELD },
    { "enc-part-key 3", F_KEY, "a203 0a0103", MSG_TYPE },
    { "enc-part-key -1", F_KEY, "a203 0a01ff", MSG_TYPE },
    { "enc-part-key 256 + 1", F_KEY, "a204 0a020101", MSG_TYPE },
    { "enc-part-key 2^32 + 1", F_KEY, "a207 0a050100000001", ASN1_OVERRUN },
    { "enc-part-key INTEGER", F_KEY, "a203 020101", ASN1_MISPLACED_FIELD },
    { "enc-part-key without octets", F_KEY, "a202 0a00", ASN1_GOT_BER },
    { "enc-part-key in two octets", F_KEY, "a204 0a020001", ASN1_GOT_BER },
    { "enc-part-key missing", F_KEY, "", ASN1_MISSING_FIELD },
    { "kvno", F_KVNO, "a103 020101", ASN1_MISPLACED_FIELD },
    { "something behind enc-part", F_BEHIND, "a403 020100", ASN1_EXTRA_DATA },
    { "pvno again behind enc-part", F_BEHIND, "a003 020105",
      ASN1_EXTRA_DATA },
    { "a long length of pvno", F_PVNO, "a08103 020105", ASN1_GOT_BER },
    { "an indefinite length of pvno", F_PVNO, "a080 020105 0000",
      ASN1_OVERRUN },

    /* REQ: XT-16 */
    { "etype 0 with a key", F_ETYPE, "a003 020100", KRB5_BAD_ENCTYPE },
    { "etype of another key", F_ETYPE, "a003 020111", KRB5_BAD_ENCTYPE },
    { "etype -18", F_ETYPE, "a003 0201ee", KRB5_BAD_ENCTYPE },
    { "etype missing", F_ETYPE, "", ASN1_MISSING_FIELD },
    { "key of no encryption", F_KEY, "a203 0a0100", KRB5_BAD_ENCTYPE },
    { "the other key", F_KEY, "a203 0a0102", KRB5_BAD_ENCTYPE },

    /* REQ: XT-17 */
    { "challenge missing", F_CHALLENGE, "", ASN1_MISSING_FIELD },
    { "challenge empty", F_CHALLENGE, "a002 0400", ASN1_MIN_CONSTRAINT },
    { "challenge of one octet", F_CHALLENGE, "a003 040100", 0 },
    { "challenge as bits", F_CHALLENGE, "a005 0303 006368",
      ASN1_MISPLACED_FIELD },
    { "challenge in pieces", F_CHALLENGE, "a008 2406 040163 040168",
      ASN1_BAD_ID },
    { "challenge twice", F_CHALLENGE, FIELD_CHALLENGE FIELD_CHALLENGE,
      ASN1_MISPLACED_FIELD },
    { "octets inside behind the challenge", F_CHALLENGE,
      "a008 0404 63686c67 0500", ASN1_BAD_ID },

    /* REQ: XT-18 */
    { "stime missing", F_STIME, "", ASN1_MISSING_FIELD },
    { "stime with a fraction", F_STIME,
      "a113 1811 32303236303130323033303430352e355a", ASN1_GOT_BER },
    { "stime of two digits", F_STIME,
      "a10f 180d 3236303130323033303430355a", ASN1_GOT_BER },
    { "stime of the 13th month", F_STIME,
      "a111 180f 32303236313330323033303430355a", ASN1_GOT_BER },
    { "stime that is none", F_STIME, "a103 180178", ASN1_BAD_TIMEFORMAT },
    { "stime empty", F_STIME, "a102 1800", ASN1_BAD_LENGTH },
    { "susec missing", F_SUSEC, "", ASN1_MISSING_FIELD },
    { "susec 999999", F_SUSEC, "a205 02030f423f", 0 },
    { "susec 1000000", F_SUSEC, "a205 02030f4240", ASN1_MAX_CONSTRAINT },
    { "susec 0", F_SUSEC, "a203 020100", 0 },
    { "susec -1", F_SUSEC, "a203 0201ff", ASN1_MIN_CONSTRAINT },
    { "susec in four octets", F_SUSEC, "a206 02040001e240", ASN1_GOT_BER },

    /* REQ: XT-19, XT-20 */
    { "subkey missing, seq-number there", F_SUBKEY, "", ASN1_MISSING_FIELD },
    { "seq-number missing, subkey there", F_SEQ, "", ASN1_MISSING_FIELD },
    { "subkey not constructed", F_SUBKEY, "8300", ASN1_MISPLACED_FIELD },
    { "something behind the key in subkey", F_SUBKEY,
      "a31f 301d a003020111 a112 0410 00112233445566778899aabbccddeeff"
      "a2020500", ASN1_MISPLACED_FIELD },
    { "something behind in subkey that looks like seq-number", F_SUBKEY,
      "a323 3021 a003020111 a112 0410 00112233445566778899aabbccddeeff"
      FIELD_SEQ, ASN1_MISPLACED_FIELD },
    { "seq-number 0", F_SEQ, "a403 020100", 0 },
    { "seq-number 2^32 - 1", F_SEQ, "a407 020500ffffffff", 0 },
    { "seq-number 2^32", F_SEQ, "a407 02050100000000", ASN1_OVERRUN },
    { "seq-number -1", F_SEQ, "a403 0201ff", ASN1_GOT_BER },
    { "subkey behind seq-number", F_SUBKEY, FIELD_SEQ FIELD_SUBKEY,
      ASN1_MISPLACED_FIELD },

    /* REQ: XT-21 */
    { "error-code missing", F_CODE, "", ASN1_MISSING_FIELD },
    { "error-code 0", F_CODE, "a503 020100", 0 },
    { "error-code 2^31 - 1", F_CODE, "a506 02047fffffff", 0 },
    { "error-code -2^31", F_CODE, "a506 020480000000", 0 },
    { "error-code 2^31", F_CODE, "a507 02050080000000", ASN1_GOT_BER },
    { "error-code 2^40", F_CODE, "a508 0206010000000000", ASN1_OVERRUN },

    /* REQ: XT-22 */
    { "e-flags missing", F_FLAGS, "", ASN1_OVERRUN },
    { "e-flags final", F_FLAGS, "a603 0a0100", 0 },
    { "e-flags 2", F_FLAGS, "a603 0a0102", 0 },
    { "e-flags -1", F_FLAGS, "a603 0a01ff", 0 },
    { "e-flags 257", F_FLAGS, "a604 0a020101", 0 },
    { "e-flags INTEGER", F_FLAGS, "a603 020101", ASN1_MISPLACED_FIELD },

    /* REQ: XT-23 */
    { "e-text", F_TEXT, "a704 0c026869", 0 },
    { "e-text empty", F_TEXT, "a702 0c00", 0 },
    { "e-text with NUL", F_TEXT, "a705 0c03680069", 0 },
    { "e-text that is no UTF-8", F_TEXT, "a704 0c02c328", 0 },
    { "e-text as GeneralString", F_TEXT, "a704 1b026869",
      ASN1_MISSING_FIELD },

    /* REQ: XT-24, XT-25, XT-26 */
    { "e-data", F_DATA, "a804 04026869", 0 },
    { "e-typed-data", F_TYPED, "a909 3007 3005 a003020101", 0 },
    { "e-typed-data empty", F_TYPED, "a902 3000", ASN1_MIN_CONSTRAINT },
    { "your-addresses", F_ADDRESSES,
      "aa11 300f 300d a003020102 a106 04047f000001", 0 },

    /* REQ: XT-27, XT-28 */
    { "ad-data", F_AD, "ab0d 300b 3009 a003020163 a102 0400", 0 },
    { "ad-data empty", F_AD, "ab02 3000", 0 },
    { "ad-data that is none", F_AD, "ab02 0400", ASN1_MISPLACED_FIELD },
    { "tgt that is an AP-REQ", F_TGT, "ac04 6e02 3000", ASN1_MISSING_FIELD },
    { "tgt without fields", F_TGT, "ac04 6102 3000", ASN1_OVERRUN },

    /* REQ: XT-29 */
    { "[13]", F_MORE, "ad02 0500", 0 },
    { "[13] and [14]", F_MORE, "ad02 0500 ae02 0500", 0 },
    { "[40]", F_MORE, "bf28 02 0500", 0 },
    { "[14] and [13]", F_MORE, "ae02 0500 ad02 0500", ASN1_MISPLACED_FIELD },
    { "[13] twice", F_MORE, "ad02 0500 ad02 0500", ASN1_MISPLACED_FIELD },
    { "[13] cut short", F_MORE, "ad03 0500", ASN1_OVERRUN },
    { "[13] without length", F_MORE, "ad", ASN1_OVERRUN },
    { "a tag that goes on", F_MORE, "bf", ASN1_OVERRUN },
    { "[13] of indefinite length", F_MORE, "ad80 0500 0000", ASN1_GOT_BER },
    { "[13] with a long length", F_MORE, "ad8102 0500", ASN1_GOT_BER },
    { "[13] with a long tag", F_MORE, "bf0d02 0500", ASN1_GOT_BER },
    { "a NULL", F_MORE, "0500", ASN1_MISPLACED_FIELD },
    { "ad-data, then e-text", F_MORE, "ab02 3000 a704 0c026869",
      ASN1_MISPLACED_FIELD },
    { "ad-data, then an empty tgt", F_MORE, "ab02 3000 ac00",
      ASN1_OVERRUN },
    { "e-flags again", F_MORE, "a603 0a0100", ASN1_MISPLACED_FIELD },
    { "ad-data and tgt out of order", F_MORE,
      "ac02 0500 ab02 3000", ASN1_BAD_ID },
    { "ad-data not constructed", F_MORE, "8b00", ASN1_MISPLACED_FIELD },
    { "an octet 0", F_MORE, "00", ASN1_MISPLACED_FIELD },
    { "a BMPString", F_MORE, "1e00", ASN1_MISPLACED_FIELD },
    { "[APPLICATION 14]", F_MORE, "6e02 0500", ASN1_MISPLACED_FIELD }
};

static void
test_row(const struct row *row)
{
    const char *fields[F_COUNT];
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu;

    memcpy(fields, good_fields, sizeof(fields));
    fields[row->field] = row->hex;
    pdu = make_pdu(fields, &subkey, KRB5_EXT_KU_ERROR2, make_plain(fields));
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == row->expected && (ret == 0 || is_zero(&e, sizeof(e))) &&
	  still_decodes(),
	  "%s: %d, expected %d", row->name, (int)ret, (int)row->expected);
    _krb5_ext_free_error2(&e);
    krb5_data_free(&pdu);
}

static void
test_rows(void)
{
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	test_row(&rows[i]);
}

/*
 * An enctype of blocks of 8 octets: up to 7 behind the encrypted part may be
 * what it padded with.
 */
static void
test_padding(int count)
{
    static const struct krb5_ext_error2_keys keys = { &des3_key, NULL };
    const char *fields[F_COUNT];
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu, plain, more = fill(0x30, count);
    size_t behind;

    memcpy(fields, good_fields, sizeof(fields));
    fields[F_ETYPE] = "a003 020110";
    plain = make_plain(fields);
    behind = (plain.length + count + 7) / 8 * 8 - plain.length;
    put(&plain, more.data, more.length);
    pdu = make_pdu(fields, &des3_key, KRB5_EXT_KU_ERROR2, plain);
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &keys, &e);
    check(ret == (behind < 8 ? 0 : ASN1_EXTRA_DATA) && still_decodes(),
	  "des3: %d octets behind, %d with padding (%d)", count,
	  (int)behind, (int)ret);
    _krb5_ext_free_error2(&e);
    krb5_data_free(&pdu);
    krb5_data_free(&more);
}

/*
 * What is behind the PDU and the encrypted part.
 */
static void
test_trailing(void)
{
    /* REQ: XT-13, XT-16 */
    const char *fields[F_COUNT];
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu, plain;
    int count;

    memcpy(fields, good_fields, sizeof(fields));
    pdu = from_hex(vector_subkey);
    put(&pdu, "", 1);
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == ASN1_EXTRA_DATA && still_decodes(),
	  "an octet behind the PDU (%d)", (int)ret);
    krb5_data_free(&pdu);

    plain = make_plain(fields);
    put(&plain, "", 1);
    pdu = make_pdu(fields, &subkey, KRB5_EXT_KU_ERROR2, plain);
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == ASN1_EXTRA_DATA && still_decodes(),
	  "an octet behind the encrypted part (%d)", (int)ret);
    krb5_data_free(&pdu);

    for (count = 0; count <= 16; count++)
	test_padding(count);
}

/*
 * Octets that are another message or no message.
 */
static void
test_other_messages(void)
{
    /* REQ: XT-11, XT-12, XT-13 */
    static const struct {
	const char *name, *hex;
	krb5_error_code expected;
    } others[] = {
	{ "nothing", "", ASN1_OVERRUN },
	{ "AP-REP", "6f03 300100", MSG_TYPE },
	{ "KRB-ERROR", "7e03 300100", MSG_TYPE },
	{ "[APPLICATION 56]", "7f3802 3000", MSG_TYPE },
	{ "[APPLICATION 54]", "7f3602 3000", MSG_TYPE },
	{ "[55]", "bf3702 3000", MSG_TYPE },
	{ "primitive", "5f3700", MSG_TYPE },
	{ "tag with a leading 80", "7f803702 3000", ASN1_OVERRUN },
	{ "tag cut short", "7f", ASN1_OVERRUN },
	{ "tag that overflows", "7fffffffffffffffff7f 00", MSG_TYPE },
	{ "no SEQUENCE", "7f3702 0500", ASN1_MISPLACED_FIELD },
	{ "a SET", "7f3702 3100", ASN1_MISSING_FIELD },
	{ "indefinite length", "7f3780 3080 0000 0000", ASN1_OVERRUN }
    };
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu;
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
	pdu = from_hex(others[i].hex);
	ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
	check(ret == others[i].expected && is_zero(&e, sizeof(e)) &&
	      still_decodes(), "%s: %d, expected %d", others[i].name,
	      (int)ret, (int)others[i].expected);
	krb5_data_free(&pdu);
    }
    krb5_data_zero(&pdu);
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == ASN1_OVERRUN, "no octets at all (%d)", (int)ret);
}

/*
 * An outer tag, or the tag of the part, in a form that DER does not have.
 */
static void
test_tag_forms(void)
{
    /* REQ: XT-12 */
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu, whole, inner;
    int i;

    pdu = from_hex(vector_null);
    /* 7f37 81 da ... becomes 7f8037 81 da ... */
    whole = from_hex("7f8037");
    put(&whole, (char *)pdu.data + 2, pdu.length - 2);
    ret = decode(&whole, KRB5_EXT_FROM_ACCEPTOR, &no_keys, &e);
    check(ret == ASN1_GOT_BER, "7f8037 (%d)", (int)ret);
    krb5_data_free(&whole);
    krb5_data_free(&pdu);

    inner = make_plain(good_fields);
    whole = from_hex("7f8038");
    put(&whole, (char *)inner.data + 2, inner.length - 2);
    krb5_data_free(&inner);
    pdu = make_pdu(good_fields, &subkey, KRB5_EXT_KU_ERROR2, whole);
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == ASN1_GOT_BER, "7f8038 (%d)", (int)ret);
    krb5_data_free(&pdu);

    pdu = make_pdu(good_fields, &subkey, KRB5_EXT_KU_ERROR2,
		   from_hex("7f37023000"));
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == ASN1_MISPLACED_FIELD, "55 inside (%d)", (int)ret);
    krb5_data_free(&pdu);

    inner = from_hex("");
    for (i = F_CHALLENGE; i <= F_MORE; i++)
	put_hex(&inner, good_fields[i]);
    inner = wrap("30", inner);
    put_hex(&inner, "0500");
    pdu = make_pdu(good_fields, &subkey, KRB5_EXT_KU_ERROR2,
		   wrap("7f38", inner));
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == ASN1_EXTRA_DATA && still_decodes(),
	  "behind the fields (%d)", (int)ret);
    krb5_data_free(&pdu);
}

/* -------------------------------------------------- subkey and its key */

/*
 * Whether a PDU in that key may have a subkey and may lack it.
 */
static void
test_subkey_rule(const char *name, int which, enum krb5_ext_sender sender,
		 const struct krb5_ext_error2_keys *keys,
		 krb5_error_code with, krb5_error_code without)
{
    const char *fields[F_COUNT];
    const krb5_keyblock *key = NULL;
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu;
    int there;

    for (there = 0; there < 2; there++) {
	memcpy(fields, good_fields, sizeof(fields));
	if (!there)
	    fields[F_SUBKEY] = fields[F_SEQ] = "";
	switch (which) {
	case KRB5_EXT_ERROR2_KEY_NULL:
	    fields[F_KEY] = "a203 0a0100";
	    fields[F_ETYPE] = "a003 020100";
	    break;
	case KRB5_EXT_ERROR2_KEY_SUBKEY:
	    key = &subkey;
	    break;
	default:
	    key = &session;
	    fields[F_KEY] = "a203 0a0102";
	    fields[F_ETYPE] = "a003 020111";
	}
	pdu = make_pdu(fields, key, KRB5_EXT_KU_ERROR2, make_plain(fields));
	ret = decode(&pdu, sender, keys, &e);
	check(ret == (there ? with : without) && still_decodes(),
	      "%s, %s subkey (%d)", name, there ? "with" : "without",
	      (int)ret);
	_krb5_ext_free_error2(&e);
	krb5_data_free(&pdu);
    }
}

static void
test_subkey_rules(void)
{
    /* REQ: XT-14, XT-19, XT-30 */
    const krb5_error_code bad = ASN1_MISPLACED_FIELD;

    test_subkey_rule("acceptor, no encryption", KRB5_EXT_ERROR2_KEY_NULL,
		     KRB5_EXT_FROM_ACCEPTOR, &both_keys, bad, 0);
    test_subkey_rule("acceptor, subkey", KRB5_EXT_ERROR2_KEY_SUBKEY,
		     KRB5_EXT_FROM_ACCEPTOR, &both_keys, 0,
		     ASN1_MISSING_FIELD);
    test_subkey_rule("acceptor, session key, subkey was asserted",
		     KRB5_EXT_ERROR2_KEY_SESSION, KRB5_EXT_FROM_ACCEPTOR,
		     &both_keys, bad, 0);
    test_subkey_rule("acceptor, session key, none was asserted",
		     KRB5_EXT_ERROR2_KEY_SESSION, KRB5_EXT_FROM_ACCEPTOR,
		     &session_only, 0, 0);
    test_subkey_rule("initiator, no encryption", KRB5_EXT_ERROR2_KEY_NULL,
		     KRB5_EXT_FROM_INITIATOR, &both_keys, bad, 0);
    test_subkey_rule("initiator, subkey", KRB5_EXT_ERROR2_KEY_SUBKEY,
		     KRB5_EXT_FROM_INITIATOR, &both_keys, bad, 0);
    test_subkey_rule("initiator, session key", KRB5_EXT_ERROR2_KEY_SESSION,
		     KRB5_EXT_FROM_INITIATOR, &session_only, bad, 0);
    test_subkey_rule("acceptor, subkey, but we have none",
		     KRB5_EXT_ERROR2_KEY_SUBKEY, KRB5_EXT_FROM_ACCEPTOR,
		     &session_only, NOKEY, NOKEY);
    test_subkey_rule("acceptor, session key, but we have none",
		     KRB5_EXT_ERROR2_KEY_SESSION, KRB5_EXT_FROM_ACCEPTOR,
		     &no_keys, NOKEY, NOKEY);
}

/*
 * Where a subkey may be there or not, neither is there without the other.
 */
static void
test_seq_alone(void)
{
    /* REQ: XT-20 */
    const char *fields[F_COUNT];
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu;
    int field;

    for (field = F_SUBKEY; field <= F_SEQ; field++) {
	memcpy(fields, good_fields, sizeof(fields));
	fields[F_KEY] = "a203 0a0102";
	fields[F_ETYPE] = "a003 020111";
	fields[field] = "";
	pdu = make_pdu(fields, &session, KRB5_EXT_KU_ERROR2,
		       make_plain(fields));
	ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &session_only, &e);
	check(ret == (field == F_SUBKEY ? ASN1_MISPLACED_FIELD :
		      ASN1_MISSING_FIELD) && still_decodes(),
	      "%s alone (%d)", field == F_SUBKEY ? "seq-number" : "subkey",
	      (int)ret);
	krb5_data_free(&pdu);
    }
}

/*
 * Another key, another usage, and the PDU's ciphertext as an AP-REP.
 */
static void
test_other_keys(void)
{
    /* REQ: XT-15, XT-95 */
    static const struct krb5_ext_error2_keys wrong = { &other_key, NULL };
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_crypto crypto;
    krb5_data pdu, plain, cipher, opened;

    pdu = from_hex(vector_subkey);
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &wrong, &e);
    check(ret == BAD_INTEGRITY && still_decodes(), "another key (%d)",
	  (int)ret);
    krb5_data_free(&pdu);

    pdu = make_pdu(good_fields, &subkey, KRB5_KU_AP_REQ_ENC_PART,
		   make_plain(good_fields));
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
    check(ret == BAD_INTEGRITY && still_decodes(), "the usage of AP-REP (%d)",
	  (int)ret);
    krb5_data_free(&pdu);

    plain = make_plain(good_fields);
    cipher = encrypt_with(&subkey, KRB5_EXT_KU_ERROR2, &plain);
    need(krb5_crypto_init(context, &subkey, 0, &crypto), "crypto");
    ret = krb5_decrypt(context, crypto, KRB5_KU_AP_REQ_ENC_PART, cipher.data,
		       cipher.length, &opened);
    krb5_crypto_destroy(context, crypto);
    check(ret == BAD_INTEGRITY, "not to be opened as an AP-REP (%d)",
	  (int)ret);
    krb5_data_free(&plain);
    krb5_data_free(&cipher);
}

/* ----------------------------------------------------- cut and flipped */

static void
test_truncated(const char *name, const char *hex)
{
    krb5_data whole = from_hex(hex), pdu = whole;
    struct krb5_ext_error2 e;
    int wrong = 0;

    for (pdu.length = 0; pdu.length < whole.length; pdu.length++) {
	/* of a size of its own, so that reading behind it is seen */
	krb5_data copy;

	need(krb5_data_copy(&copy, pdu.data, pdu.length), "memory");
	if (decode(&copy, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e) !=
	    ASN1_OVERRUN || !is_zero(&e, sizeof(e)))
	    wrong++;
	krb5_data_free(&copy);
    }
    check(wrong == 0 && still_decodes(),
	  "%s cut to each of %d lengths, %d wrong", name, (int)whole.length,
	  wrong);
    krb5_data_free(&whole);
}

/* The encrypted part is cut, and then encrypted. */
static void
test_truncated_inside(void)
{
    const char *fields[F_COUNT];
    krb5_data whole, part;
    struct krb5_ext_error2 e;
    int wrong = 0, cases = 0;
    size_t length;

    memcpy(fields, good_fields, sizeof(fields));
    fields[F_TEXT] = "a704 0c026869";
    fields[F_MORE] = "ad02 0500";
    whole = make_plain(fields);
    for (length = 0; length < whole.length; length++, cases++) {
	krb5_data pdu;

	need(krb5_data_copy(&part, whole.data, length), "memory");
	pdu = make_pdu(fields, &subkey, KRB5_EXT_KU_ERROR2, part);
	if (decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e) !=
	    ASN1_OVERRUN)
	    wrong++;
	krb5_data_free(&pdu);
    }
    krb5_data_free(&whole);
    check(wrong == 0 && cases > 90 && still_decodes(),
	  "the encrypted part cut to each of %d lengths, %d wrong", cases,
	  wrong);
}

/* The ciphertext is cut, and all lengths around it are right. */
static void
test_short_cipher(void)
{
    krb5_data plain = make_plain(good_fields), cipher, sealed, d;
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    int wrong = 0;
    size_t length;

    cipher = encrypt_with(&subkey, KRB5_EXT_KU_ERROR2, &plain);
    for (length = 0; length < cipher.length; length++) {
	krb5_data cut = from_hex("");

	put(&cut, cipher.data, length);
	cut = wrap("a2", wrap("04", cut));
	sealed = from_hex("a003020112");
	put(&sealed, cut.data, cut.length);
	krb5_data_free(&cut);
	sealed = wrap("a3", wrap("30", sealed));
	d = from_hex("a003020105 a103020137 a2030a0101");
	put(&d, sealed.data, sealed.length);
	krb5_data_free(&sealed);
	d = wrap("7f37", wrap("30", d));
	ret = decode(&d, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
	if (ret != BAD_INTEGRITY)
	    wrong++;
	krb5_data_free(&d);
    }
    check(wrong == 0 && still_decodes(),
	  "ciphertext cut to each of %d lengths, %d wrong",
	  (int)cipher.length, wrong);
    krb5_data_free(&cipher);
    krb5_data_free(&plain);
}

/* No bit can be changed where there is a key. */
static void
test_flipped(const char *name, const char *hex, int may_pass)
{
    krb5_data pdu = from_hex(hex);
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    int passed = 0;
    size_t i;

    for (i = 0; i < 8 * pdu.length; i++) {
	((unsigned char *)pdu.data)[i / 8] ^= 1 << i % 8;
	ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
	passed += ret == 0;
	_krb5_ext_free_error2(&e);
	((unsigned char *)pdu.data)[i / 8] ^= 1 << i % 8;
    }
    check((passed == 0) == !may_pass && still_decodes(),
	  "%s with each of %d bits changed, %d taken", name,
	  (int)(8 * pdu.length), passed);
    krb5_data_free(&pdu);
}

/* ------------------------------------------------------------- bounds */

static void
test_bounds(void)
{
    /* REQ: XT-17 */
    struct krb5_ext_error2 e, got;
    krb5_data pdu, huge;
    krb5_error_code ret;
    size_t i;
    static const struct { size_t length; krb5_error_code expected; } t[] = {
	{ 0, ASN1_MIN_CONSTRAINT }, { 1, 0 }, { 127, 0 }, { 128, 0 },
	{ 1024, 0 }, { 1025, ASN1_MAX_CONSTRAINT }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
	const char *fields[F_COUNT];
	krb5_data d, part;

	memset(&e, 0, sizeof(e));
	e.challenge = fill(0xc5, t[i].length);
	ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR,
				      &no_keys, &pdu);
	check(ret == t[i].expected && (ret == 0) == (pdu.length != 0),
	      "encode a challenge of %d (%d)", (int)t[i].length, (int)ret);
	if (ret == 0) {
	    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &no_keys, &got);
	    check(ret == 0 && is_same(&got.challenge, &e.challenge),
		  "decode it (%d)", (int)ret);
	    _krb5_ext_free_error2(&got);
	}
	krb5_data_free(&pdu);

	/* the same from another hand */
	memcpy(fields, good_fields, sizeof(fields));
	fields[F_KEY] = "a203 0a0100";
	fields[F_ETYPE] = "a003 020100";
	d = from_hex("");
	put(&d, e.challenge.data, e.challenge.length);
	d = wrap("a0", wrap("04", d));
	part = from_hex(fields[F_STIME]);
	put_hex(&part, fields[F_SUSEC]);
	put_hex(&part, fields[F_CODE]);
	put_hex(&part, fields[F_FLAGS]);
	put(&d, part.data, part.length);
	krb5_data_free(&part);
	pdu = make_pdu(fields, NULL, 0, wrap("7f38", wrap("30", d)));
	ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &no_keys, &got);
	check(ret == t[i].expected && still_decodes(),
	      "decode a challenge of %d (%d)", (int)t[i].length, (int)ret);
	_krb5_ext_free_error2(&got);
	krb5_data_free(&pdu);
	krb5_data_free(&e.challenge);
    }

    huge = fill(0x7f, KRB5_EXT_ERROR2_MAX_SIZE + 1);
    ret = decode(&huge, KRB5_EXT_FROM_ACCEPTOR, &no_keys, &got);
    check(ret == ASN1_OVERFLOW && still_decodes(), "a huge PDU (%d)",
	  (int)ret);
    memset(&e, 0, sizeof(e));
    e.challenge = fill(1, 1);
    {
	AuthorizationDataElement element;
	AuthorizationData ad;

	element.ad_type = 1;
	element.ad_data = huge;
	ad.len = 1;
	ad.val = &element;
	e.ad_data = &ad;
	ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR,
				      &no_keys, &pdu);
	check(ret == ASN1_OVERFLOW && pdu.length == 0,
	      "encode what is huge (%d)", (int)ret);
	/* an octet less each time, until it is just not too large */
	while (ret == ASN1_OVERFLOW && element.ad_data.length-- > 1)
	    ret = _krb5_ext_encode_error2(context, &e,
					  KRB5_EXT_FROM_ACCEPTOR, &no_keys,
					  &pdu);
	check(ret == 0 && pdu.length == KRB5_EXT_ERROR2_MAX_SIZE,
	      "encode the largest: %lu octets (%d)",
	      (unsigned long)pdu.length, (int)ret);
	ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &no_keys, &got);
	check(ret == 0, "decode the largest (%d)", (int)ret);
	_krb5_ext_free_error2(&got);
	krb5_data_free(&pdu);
    }
    krb5_data_free(&huge);
    krb5_data_free(&e.challenge);
}

/* What cannot be sent is not encoded. */
static void
test_encode_refuses(void)
{
    /* REQ: XT-14, XT-19 */
    static const struct krb5_ext_error2_keys bad_key = { NULL, NULL };
    struct krb5_ext_error2_keys keys = bad_key;
    krb5_keyblock null_key;
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu;

    memset(&e, 0, sizeof(e));
    e.challenge = fill(1, 32);
    ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR,
				  &both_keys, &pdu);
    check(ret == ASN1_MISSING_FIELD, "no subkey in a subkey (%d)", (int)ret);
    e.subkey = &acceptor_subkey;
    ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR,
				  &no_keys, &pdu);
    check(ret == ASN1_MISPLACED_FIELD, "a subkey in the clear (%d)",
	  (int)ret);
    ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_INITIATOR,
				  &both_keys, &pdu);
    check(ret == ASN1_MISPLACED_FIELD, "a subkey of the initiator (%d)",
	  (int)ret);
    e.susec = 1000000;
    ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR,
				  &both_keys, &pdu);
    check(ret == ASN1_MAX_CONSTRAINT, "susec 1000000 (%d)", (int)ret);
    e.susec = 0;
    memset(&null_key, 0, sizeof(null_key));
    keys.session = &null_key;
    ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR, &keys,
				  &pdu);
    check(ret == KRB5_PROG_ETYPE_NOSUPP && pdu.length == 0,
	  "a key of etype 0 (%d)", (int)ret);
    ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR,
				  &both_keys, &pdu);
    check(ret == 0, "and then a good one (%d)", (int)ret);
    krb5_data_free(&pdu);
    krb5_data_free(&e.challenge);
}

/* A key of an enctype that this host does not use. */
static void
test_disabled(void)
{
    /* REQ: XT-14 */
    struct krb5_ext_error2_keys keys = both_keys;
    krb5_keyblock des = *both_keys.subkey;	/* alias */
    const char *fields[F_COUNT];
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu;

    des.keytype = ETYPE_DES_CBC_CRC;
    keys.subkey = &des;
    memcpy(fields, good_fields, sizeof(fields));
    fields[F_ETYPE] = "a003 020101";
    pdu = make_pdu(fields, &subkey, KRB5_EXT_KU_ERROR2, make_plain(fields));
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &keys, &e);
    check(ret == KRB5_PROG_ETYPE_NOSUPP && is_zero(&e, sizeof(e)) &&
	  still_decodes(), "a key of a disabled enctype (%d)", (int)ret);
    _krb5_ext_free_error2(&e);
    krb5_data_free(&pdu);
}

/* ---------------------------------------------------- there and back */

static void
test_round_trip(int etype, const char *name, size_t text_length)
{
    /* REQ: XT-13, XT-14, XT-19, XT-27, XT-28, XT-30 */
    struct krb5_ext_error2_keys keys;
    struct krb5_ext_error2 e, got;
    AuthorizationDataElement element;
    AuthorizationData ad;
    krb5_keyblock key, sub;
    krb5_data pdu, ad_value = from_hex("0102"), text;
    krb5_error_code ret;
    int which;

    need(krb5_generate_random_keyblock(context, etype, &key), "key");
    need(krb5_generate_random_keyblock(context, etype, &sub), "key");
    text = fill('t', text_length);
    put(&text, "", 1);
    for (which = 0; which < 3; which++) {
	memset(&e, 0, sizeof(e));
	memset(&keys, 0, sizeof(keys));
	e.challenge = vector_challenge();
	e.stime = STIME;
	e.susec = 999999;
	e.error_code = -1;
	e.continue_needed = which != 1;
	e.e_text = text_length ? text.data : NULL;
	element.ad_type = 77;
	element.ad_data = ad_value;
	ad.len = 1;
	ad.val = &element;
	e.ad_data = &ad;
	if (which == KRB5_EXT_ERROR2_KEY_SUBKEY) {
	    keys.subkey = &key;
	    keys.session = &session;
	    e.subkey = &sub;
	    e.seq_number = 0xffffffff;
	} else if (which == KRB5_EXT_ERROR2_KEY_SESSION)
	    keys.session = &key;
	ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR,
				      &keys, &pdu);
	if (ret == 0)
	    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &keys, &got);
	check(ret == 0 && got.key == which &&
	      is_same(&got.challenge, &e.challenge) && got.stime == STIME &&
	      got.susec == 999999 && got.error_code == -1 &&
	      got.continue_needed == e.continue_needed &&
	      (text_length ? strcmp(got.e_text, text.data) == 0 :
	       got.e_text == NULL) &&
	      got.ad_data != NULL && got.ad_data->len == 1 &&
	      is_same(&got.ad_data->val[0].ad_data, &ad_value) &&
	      (got.subkey != NULL) == (e.subkey != NULL) &&
	      (got.subkey == NULL ||
	       (is_same(&got.subkey->keyvalue, &sub.keyvalue) &&
		got.seq_number == 0xffffffff)),
	      "%s, key %d, text of %d: there and back (%d)", name, which,
	      (int)text_length, (int)ret);
	if (ret == 0)
	    _krb5_ext_free_error2(&got);
	if (which != KRB5_EXT_ERROR2_KEY_NULL) {
	    ((unsigned char *)pdu.data)[pdu.length - 1] ^= 1;
	    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &keys, &got);
	    check(ret == BAD_INTEGRITY && still_decodes(),
		  "%s, key %d: a changed bit (%d)", name, which, (int)ret);
	}
	krb5_data_free(&pdu);
	krb5_data_free(&e.challenge);
    }
    krb5_data_free(&text);
    krb5_data_free(&ad_value);
    krb5_free_keyblock_contents(context, &key);
    krb5_free_keyblock_contents(context, &sub);
}

/* All that the base has, and at least those. */
static void
test_enctypes(void)
{
    static const int must[] = { 16, 17, 18, 19, 20, 23 };
    krb5_keyblock key;
    krb5_crypto crypto;
    char *name;
    int etype, count = 0;
    size_t length, i, seen = 0;

    need(krb5_allow_weak_crypto(context, TRUE), "weak crypto");
    for (etype = 1; etype < 64; etype++) {
	if (krb5_enctype_valid(context, etype) != 0 ||
	    krb5_generate_random_keyblock(context, etype, &key) != 0)
	    continue;
	if (krb5_crypto_init(context, &key, 0, &crypto) == 0) {
	    krb5_crypto_destroy(context, crypto);
	    need(krb5_enctype_to_string(context, etype, &name), "name");
	    for (length = 0; length <= 9; length++)
		test_round_trip(etype, name, length);
	    free(name);
	    count++;
	    for (i = 0; i < sizeof(must) / sizeof(must[0]); i++)
		seen += must[i] == etype;
	}
	krb5_free_keyblock_contents(context, &key);
    }
    need(krb5_allow_weak_crypto(context, FALSE), "weak crypto");
    check(seen == sizeof(must) / sizeof(must[0]), "%d enctypes", count);
}

/* ---------------------------------------------------------------- text */

static void
test_text(void)
{
    /* REQ: XT-23 */
    static const struct { const char *hex, *text; } t[] = {
	{ "", "" },
	{ "6869", "hi" },
	{ "680069", "h?i" },
	{ "1b5b324a", "?[2J" },
	{ "0d0a09", "???" },
	{ "7f", "?" },
	{ "c29b", "?" },			/* CSI, C1 */
	{ "c3bc", "\xc3\xbc" },
	{ "e282ac", "\xe2\x82\xac" },
	{ "f09f9491", "\xf0\x9f\x94\x91" },
	{ "e280ae", "?" },			/* right-to-left override */
	{ "e280a8", "?" },			/* line separator */
	{ "e28081", "\xe2\x80\x81" },
	{ "e281a9", "?" },
	{ "efbbbf", "?" },
	{ "efbfbe", "?" },
	{ "f48fbfbf", "?" },			/* U+10FFFF */
	{ "80", "?" },
	{ "c0af", "??" },			/* overlong */
	{ "e0808a", "???" },
	{ "f0808081", "????" },
	{ "eda080", "???" },			/* surrogate */
	{ "f4908080", "????" },			/* above U+10FFFF */
	{ "f888808080", "?????" },
	{ "c3", "?" },
	{ "c368", "?h" },
	{ "e282", "??" },
	{ "ff", "?" }
    };
    krb5_data in;
    char *out;
    size_t i;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
	in = from_hex(t[i].hex);
	need(_krb5_ext_printable_text(in.data, in.length, &out), "text");
	check(strcmp(out, t[i].text) == 0, "text %s: %s", t[i].hex, out);
	free(out);
	krb5_data_free(&in);
    }
    need(_krb5_ext_printable_text(NULL, 0, &out), "text");
    check(*out == '\0', "text that is none");
    free(out);

    in = fill('x', 5000);
    need(_krb5_ext_printable_text(in.data, in.length, &out), "text");
    check(strlen(out) == KRB5_EXT_E_TEXT_MAX, "text of 5000 is cut");
    free(out);
    memset(in.data, 0xff, in.length);
    need(_krb5_ext_printable_text(in.data, in.length, &out), "text");
    check(strlen(out) == KRB5_EXT_E_TEXT_MAX, "so are 5000 bad octets");
    free(out);
    memset(in.data, 'x', in.length);
    in.length = KRB5_EXT_E_TEXT_MAX - 1;
    put(&in, "\xc3\xbc", 2);
    need(_krb5_ext_printable_text(in.data, in.length, &out), "text");
    check(strlen(out) == KRB5_EXT_E_TEXT_MAX - 1,
	  "text is not cut within a character");
    free(out);
    krb5_data_free(&in);
}

/*
 * The octets of RFC 3629 for c, in so many, needed or not.
 */
static void
put_utf8(uint32_t c, size_t size, unsigned char *p)
{
    static const unsigned char lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t i;

    for (i = size; i > 1; i--) {
	p[i - 1] = 0x80 | (c & 0x3f);
	c >>= 6;
    }
    p[0] = size == 1 ? c : lead[size] | c;
}

/*
 * Whether text becomes what is wanted, NULL for a "?" an octet.  Octets that
 * would go on with it stand behind it.
 */
static int
becomes(const unsigned char *text, size_t size, const char *want)
{
    unsigned char copy[8];
    char *out;
    int is;

    memset(copy, 0x80, sizeof(copy));
    memcpy(copy, text, size);
    need(_krb5_ext_printable_text(copy, size, &out), "text");
    is = want ? strcmp(out, want) == 0 :
	strlen(out) == size && strspn(out, "?") == size;
    free(out);
    return is;
}

/* Each character there is, each in too many octets, and each cut short. */
static void
test_characters(void)
{
    /* REQ: XT-23 */
    static const uint32_t hidden[][2] = {
	{ 0, 0x1f }, { 0x7f, 0x9f }, { 0x61c, 0x61c }, { 0x200e, 0x200f },
	{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfdd0, 0xfdef },
	{ 0xfeff, 0xfeff }
    };
    static const uint32_t limit[5] = { 0, 0x80, 0x800, 0x10000, 0x200000 };
    size_t i, size, least, bad = 0, too_long = 0, cut = 0;
    unsigned char text[8];
    uint32_t c;

    for (c = 0; c < limit[4]; c++) {
	for (least = 1; c >= limit[least]; least++)
	    ;
	for (size = least; size <= 4; size++) {
	    const char *want = (char *)text;

	    memset(text, 0, sizeof(text));
	    put_utf8(c, size, text);
	    for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i][0] && c <= hidden[i][1])
		    want = "?";
	    if ((c & 0xffff) >= 0xfffe)
		want = "?";
	    if (size > least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		want = NULL;
	    if (!becomes(text, size, want))
		*(size > least ? &too_long : &bad) += 1;
	    if (size > 1 && size == least &&
		!becomes(text, size - 1, NULL))
		cut++;
	}
    }
    check(bad == 0, "each character: %lu wrong", (unsigned long)bad);
    check(too_long == 0, "in too many octets: %lu wrong",
	  (unsigned long)too_long);
    check(cut == 0, "cut short: %lu wrong", (unsigned long)cut);
    for (c = 0x80, bad = 0; c < 0x100; c++) {
	memset(text, 0x80, sizeof(text));
	text[0] = c;
	if (!becomes(text, 1, NULL))
	    bad++;
	if (c >= 0xc0 && c < 0xf8)
	    continue;
	for (; text[1] < 0xc0; text[1]++)
	    if (!becomes(text, 4, NULL))
		bad++;
    }
    check(bad == 0, "what begins no character: %lu wrong",
	  (unsigned long)bad);
}

/* What was decoded is what goes on: e-text is fit to be shown. */
static void
test_text_of_pdu(void)
{
    /* REQ: XT-22, XT-23 */
    static const struct row t[] = {
	{ "h?i", F_TEXT, "a705 0c03680069", 0 },
	{ "?(", F_TEXT, "a704 0c02c328", 0 },
	{ "", F_TEXT, "a702 0c00", 0 }
    };
    const char *fields[F_COUNT];
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    krb5_data pdu;
    size_t i;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
	memcpy(fields, good_fields, sizeof(fields));
	fields[t[i].field] = t[i].hex;
	fields[F_FLAGS] = "a603 0a0102";
	pdu = make_pdu(fields, &subkey, KRB5_EXT_KU_ERROR2,
		       make_plain(fields));
	ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &both_keys, &e);
	check(ret == 0 && e.e_text && strcmp(e.e_text, t[i].name) == 0 &&
	      !e.continue_needed, "e-text %s, unknown e-flags are final (%d)",
	      t[i].hex, (int)ret);
	_krb5_ext_free_error2(&e);
	krb5_data_free(&pdu);
    }
    memset(&e, 0, sizeof(e));
    e.challenge = fill(1, 1);
    e.e_text = "a\tb\x9b";
    need(_krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR,
				 &no_keys, &pdu), "encode");
    krb5_data_free(&e.challenge);
    ret = decode(&pdu, KRB5_EXT_FROM_ACCEPTOR, &no_keys, &e);
    check(ret == 0 && strcmp(e.e_text, "a?b?") == 0, "e-text that is sent");
    _krb5_ext_free_error2(&e);
    krb5_data_free(&pdu);
}

int
main(void)
{
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    need(krb5_init_context(&context), "context");
    make_key(&session, 17, 0x40, 16);
    make_key(&subkey, 18, 0x60, 32);
    make_key(&acceptor_subkey, 18, 0xa0, 32);
    make_key(&other_key, 18, 0x61, 32);
    need(krb5_generate_random_keyblock(context, 16, &des3_key), "des3");

    test_vector_null();
    test_vector_subkey();
    test_vector_session();
    test_rows();
    test_trailing();
    test_other_messages();
    test_tag_forms();
    test_subkey_rules();
    test_seq_alone();
    test_other_keys();
    test_truncated("no encryption", vector_null);
    test_truncated("in the subkey", vector_subkey);
    test_truncated_inside();
    test_short_cipher();
    test_flipped("in the subkey", vector_subkey, 0);
    test_flipped("in the session key", vector_session, 0);
    test_flipped("no encryption", vector_null, 1);
    test_bounds();
    test_encode_refuses();
    test_disabled();
    test_enctypes();
    test_text();
    test_characters();
    test_text_of_pdu();

    krb5_free_keyblock_contents(context, &session);
    krb5_free_keyblock_contents(context, &subkey);
    krb5_free_keyblock_contents(context, &acceptor_subkey);
    krb5_free_keyblock_contents(context, &other_key);
    krb5_free_keyblock_contents(context, &des3_key);
    krb5_free_context(context);
    return check_done();
}
