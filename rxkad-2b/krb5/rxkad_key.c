/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * rxkad-kdf: the DES key of rxkad for a session key of another enctype, as
 * OpenAFS 1.6.5 and later have it.
 *
 * NIST SP 800-108 in counter mode, the PRF being HMAC-MD5 and its key the
 * session key:
 *
 *     counter   1 octet, from 1
 *     label     "rxkad" and a NUL, 6 octets
 *     length    4 octets, 64 (bits, big-endian)
 *
 * The first eight octets of the result, with odd parity, are the key; when
 * that is one of the weak keys of DES, the counter goes on.  A Triple DES key
 * gives up its parity bits first, so that 24 octets are 21.
 */

#define HC_DEPRECATED_CRYPTO
#include <config.h>

#include <string.h>

#include <roken.h>

#include "crypto-headers.h"

#include "rxkad_key.h"

#define DES_LENGTH	8
#define MAX_DES3_LENGTH	24
#define MD5_LENGTH	16

static const unsigned char kdf_label[6] = "rxkad";

/**
 * Whether rxkad makes a key of session keys of an enctype.  Enctypes that are
 * reserved or name algorithms of CMS (RFC 3961 8) have no session keys;
 * private ones, negative, say nothing about their keys.
 *
 * @param etype the enctype
 *
 * @return whether it does
 */

krb5_boolean
_krb5_rxkad_has_kdf(krb5_enctype etype)
{
    switch ((int)etype) {
    case 4: case 6:
    case 8: case 9: case 10: case 11: case 12: case 13: case 14: case 15:
	return FALSE;
    default:
	return etype > ETYPE_NULL;
    }
}

static krb5_boolean
is_des(krb5_enctype etype)
{
    switch (etype) {
    case ETYPE_DES_CBC_CRC:
    case ETYPE_DES_CBC_MD4:
    case ETYPE_DES_CBC_MD5:
	return TRUE;
    default:
	return FALSE;
    }
}

static krb5_boolean
is_des3(krb5_enctype etype)
{
    switch (etype) {
    case ETYPE_DES3_CBC_MD5:
    case ETYPE_OLD_DES3_CBC_SHA1:
    case ETYPE_DES3_CBC_SHA1:
	return TRUE;
    default:
	return FALSE;
    }
}

static krb5_error_code
kdf(const unsigned char *key, size_t length,
    unsigned char des[DES_LENGTH])
{
    unsigned char input[1 + sizeof(kdf_label) + 4];
    unsigned char output[EVP_MAX_MD_SIZE];
    unsigned int size, counter;
    krb5_error_code ret = KRB5DES_WEAK_KEY;
    DES_cblock block;

    memset(input, 0, sizeof(input));
    memcpy(input + 1, kdf_label, sizeof(kdf_label));
    input[sizeof(input) - 1] = 8 * DES_LENGTH;

    for (counter = 1; counter <= 255 && ret != 0; counter++) {
	input[0] = counter;
	size = sizeof(output);
	if (HMAC(EVP_md5(), key, length, input, sizeof(input), output,
		 &size) == NULL || size != MD5_LENGTH) {
	    ret = KRB5_CRYPTO_INTERNAL;
	    break;
	}
	memcpy(block, output, sizeof(block));
	DES_set_odd_parity(&block);
	if (!DES_is_weak_key(&block)) {
	    memcpy(des, block, sizeof(block));
	    ret = 0;
	}
    }
    memset_s(output, sizeof(output), 0, sizeof(output));
    memset_s(block, sizeof(block), 0, sizeof(block));
    return ret;
}

/*
 * The inverse of RFC 3961 6.3.1's random-to-key, in place: of each eight
 * octets the last, which has the low bits of the others above its own parity
 * bit, is spread over them.
 */

static void
compress_parity(unsigned char *key, size_t length)
{
    unsigned char bits;
    size_t i, j;

    for (i = 0; i < length / 8; i++) {
	bits = key[8 * i + 7] >> 1;
	for (j = 0; j < 7; j++)
	    key[7 * i + j] = (key[8 * i + j] & 0xfe) | ((bits >> j) & 1);
    }
}

static krb5_error_code
kdf_des3(const void *key, size_t length,
	 unsigned char des[DES_LENGTH])
{
    unsigned char copy[MAX_DES3_LENGTH];
    krb5_error_code ret;

    if (length == 0 || length % 8 != 0 || length > sizeof(copy))
	return KRB5_BAD_KEYSIZE;
    memcpy(copy, key, length);
    compress_parity(copy, length);
    ret = kdf(copy, length / 8 * 7, des);
    memset_s(copy, sizeof(copy), 0, sizeof(copy));
    return ret;
}

/**
 * The DES key of rxkad for a session key: itself, if it is a DES key, else
 * what rxkad-kdf makes of it.
 *
 * @param etype of the session key
 * @param key its octets; not changed
 * @param length how many
 * @param des the DES key, 8 octets; the caller wipes it
 *
 * @return 0; KRB5_BAD_KEYSIZE for a length that the enctype does not have;
 *         KRB5_PROG_ETYPE_NOSUPP; KRB5DES_WEAK_KEY when no counter gives
 *         another; or KRB5_CRYPTO_INTERNAL
 */

krb5_error_code
_krb5_rxkad_derive_key(krb5_enctype etype, const void *key, size_t length,
		       unsigned char des[8])
{
    if (!_krb5_rxkad_has_kdf(etype))
	return KRB5_PROG_ETYPE_NOSUPP;
    if (is_des(etype)) {
	if (length != DES_LENGTH)
	    return KRB5_BAD_KEYSIZE;
	memcpy(des, key, length);
	return 0;
    }
    if (is_des3(etype))
	return kdf_des3(key, length, des);
    if (length < DES_LENGTH - 1)
	return KRB5_BAD_KEYSIZE;
    return kdf(key, length, des);
}
