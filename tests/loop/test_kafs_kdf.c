/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * libkafs: the DES key of rxkad that is derived from a session key of another
 * enctype (rxkad-kdf).  The session key has to be the same afterwards.
 *
 * The expected keys were computed from the description of rxkad-kdf
 * (HMAC-MD5 over 01, "rxkad", 00, 00000040; odd parity) and not with this
 * code.
 */

#include "faults.h"
#include "rxkad_kdf.c"

#include "sec_test.h"

struct vector {
    const char *name;
    krb5_enctype enctype;
    size_t keylen;
    unsigned char key[32];
    unsigned char des[8];
};

static const struct vector vectors[] = {
    { "des3-cbc-sha1", ETYPE_DES3_CBC_SHA1, 24,
      {
	0x01, 0x10, 0x23, 0x32, 0x45, 0x54, 0x67, 0x76,
	0x89, 0x98, 0xab, 0xba, 0xcd, 0xdc, 0xef, 0xfe,
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef
      }, {
	0x4c, 0x76, 0x7c, 0x68, 0x04, 0xc7, 0x80, 0xa2
      } },
    { "des3-cbc-md5", ETYPE_DES3_CBC_MD5, 24,
      {
	0x01, 0x10, 0x23, 0x32, 0x45, 0x54, 0x67, 0x76,
	0x89, 0x98, 0xab, 0xba, 0xcd, 0xdc, 0xef, 0xfe,
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef
      }, {
	0x4c, 0x76, 0x7c, 0x68, 0x04, 0xc7, 0x80, 0xa2
      } },
    { "aes256-cts", ETYPE_AES256_CTS_HMAC_SHA1_96, 32,
      {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
	0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
	0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f
      }, {
	0xb6, 0x0d, 0xb5, 0xe3, 0x0b, 0x26, 0x6b, 0x16
      } },
    { "aes128-cts", ETYPE_AES128_CTS_HMAC_SHA1_96, 16,
      {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
	0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f
      }, {
	0x07, 0x83, 0x8c, 0x58, 0xc1, 0x1c, 0x64, 0xab
      } },
    { "des-cbc-crc", ETYPE_DES_CBC_CRC, 8,
      {
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef
      }, {
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef
      } }
};

/* REQ: RK-05 */
static void
test_vector(const struct vector *v)
{
    unsigned char key[32];
    char out[8];
    int ret, round;

    memcpy(key, v->key, sizeof(key));
    for (round = 1; round <= 2; round++) {
	memset(out, 0, sizeof(out));
	ret = _kafs_derive_des_key(v->enctype, key, v->keylen, out);
	check(ret == 0 && memcmp(out, v->des, 8) == 0,
	      "%s: the derived key, time %d (%d)", v->name, round, ret);
	check(memcmp(key, v->key, sizeof(key)) == 0,
	      "%s: the session key is as it was, time %d", v->name, round);
    }
}

static void
refuse(krb5_enctype enctype, size_t keylen, int want)
{
    unsigned char key[48];
    char out[8], untouched[8];
    int ret;

    memset(key, 0x55, sizeof(key));
    memset(out, 0x77, sizeof(out));
    memcpy(untouched, out, sizeof(out));
    ret = _kafs_derive_des_key(enctype, key, keylen, out);
    check(ret == want && memcmp(out, untouched, sizeof(out)) == 0,
	  "enctype %d, %lu octets: %d, want %d", (int)enctype,
	  (unsigned long)keylen, ret, want);
}

static void
nothing(void *arg)
{
}

/*
 * Without memory at one place: the same key, or an error.
 */
static const char *
use_memory(void *arg)
{
    const struct vector *v = arg;
    unsigned char key[32], des[8];
    int ret;

    memcpy(key, v->key, sizeof(key));
    fault_on();
    ret = _kafs_derive_des_key(v->enctype, key, v->keylen, (char *)des);
    fault_off();
    if (ret == 0 && memcmp(des, v->des, sizeof(des)) != 0)
	return "another key, and no error";
    return ret != 0 && !fault_hit ? "an error without one" : NULL;
}

int
main(int argc, char **argv)
{
    size_t i;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	test_vector(&vectors[i]);
    for (i = 0; i <= 40; i++)
	if (i != 24 && (i % 8 != 0 || i < 8 || i > 24))
	    refuse(ETYPE_DES3_CBC_SHA1, i, KRB5_BAD_KEYSIZE);
    refuse(ETYPE_DES_CBC_CRC, 7, KRB5_BAD_KEYSIZE);
    refuse(ETYPE_DES_CBC_CRC, 9, KRB5_BAD_KEYSIZE);
    refuse(ETYPE_AES128_CTS_HMAC_SHA1_96, 6, KRB5_BAD_KEYSIZE);
    refuse(ETYPE_NULL, 8, KRB5_PROG_ETYPE_NOSUPP);
    refuse(-128, 16, KRB5_PROG_ETYPE_NOSUPP);
    test_vector(&vectors[0]);
    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	check(fault_scenario(vectors[i].name, nothing, use_memory,
			     rk_UNCONST(&vectors[i]), 1) == 0,
	      "%s, short of memory", vectors[i].name);
    return check_done();
}
