/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The DES key that rxkad uses for a session: the session key itself if it is a
 * DES key, else what rxkad-kdf (OpenAFS 1.6.5 and later) makes of it.
 *
 *	HMAC-MD5(key, counter | "rxkad" NUL | 00 00 00 40), counter from 1,
 *
 * of which the first eight octets with odd parity are taken, unless they are
 * one of DES's weak keys.  A Triple DES key is taken without parity bits.
 */

#define HC_DEPRECATED_CRYPTO
#include "krb5_locl.h"
#include "krb5-v4compat.h"
#include "rxkad-2b/krb524.h"

#define DES_LEN		8
#define DES3_LEN	24

static const unsigned char label[] = {
    'r', 'x', 'k', 'a', 'd', 0, 0, 0, 0, 64
};

static krb5_error_code
kdf(const void *key, size_t length, unsigned char des[DES_LEN])
{
    unsigned char input[1 + sizeof(label)], output[EVP_MAX_MD_SIZE];
    krb5_error_code ret = KRB5DES_WEAK_KEY;
    unsigned int counter, size;
    DES_cblock block;

    memcpy(input + 1, label, sizeof(label));
    for (counter = 1; counter <= 255 && ret; counter++) {
	input[0] = counter;
	size = sizeof(output);
	if (HMAC(EVP_md5(), key, length, input, sizeof(input), output,
		 &size) == NULL)
	    break;
	memcpy(&block, output, sizeof(block));
	DES_set_odd_parity(&block);
	if (!DES_is_weak_key(&block)) {
	    memcpy(des, &block, sizeof(block));
	    ret = 0;
	}
    }
    memset_s(output, sizeof(output), 0, sizeof(output));
    memset_s(&block, sizeof(block), 0, sizeof(block));
    return ret;
}

/*
 * Of each eight octets make seven, in place: the last octet's upper seven bits
 * become the low bits of the others, in the place of their parity bits.
 */
static void
drop_parity(unsigned char key[DES3_LEN])
{
    unsigned char *p, *q = key;
    size_t i;

    for (p = key; p < key + DES3_LEN; p += 8) {
	const unsigned char low = p[7] >> 1;

	for (i = 0; i < 7; i++)
	    *q++ = (p[i] & 0xfe) | ((low >> i) & 1);
    }
}

/**
 * The DES key of rxkad for a session key.
 *
 * @param enctype of the session key
 * @param session its octets; not changed
 * @param des the DES key
 *
 * @return 0; KRB5_BAD_KEYSIZE; KRB5_PROG_ETYPE_NOSUPP; or KRB5DES_WEAK_KEY
 */
krb5_error_code
_krb5_rxkad_derive_key(krb5_enctype enctype, const krb5_data *session,
		       unsigned char des[DES_LEN])
{
    unsigned char copy[DES3_LEN];
    krb5_error_code ret;

    if (enctype <= (krb5_enctype)ETYPE_NULL)
	return KRB5_PROG_ETYPE_NOSUPP;
    switch ((int)enctype) {
    case ETYPE_DES_CBC_CRC:
    case ETYPE_DES_CBC_MD4:
    case ETYPE_DES_CBC_MD5:
	if (session->length != DES_LEN)
	    return KRB5_BAD_KEYSIZE;
	memcpy(des, session->data, DES_LEN);
	return 0;
    case ETYPE_DES3_CBC_MD5:
    case ETYPE_OLD_DES3_CBC_SHA1:
    case ETYPE_DES3_CBC_SHA1:
	if (session->length != sizeof(copy))
	    return KRB5_BAD_KEYSIZE;
	memcpy(copy, session->data, sizeof(copy));
	drop_parity(copy);
	ret = kdf(copy, sizeof(copy) / 8 * 7, des);
	memset_s(copy, sizeof(copy), 0, sizeof(copy));
	return ret;
    case 4: case 6:	/* reserved, or algorithms of CMS (RFC 3961 8) */
    case 8: case 9: case 10: case 11: case 12: case 13: case 14: case 15:
	return KRB5_PROG_ETYPE_NOSUPP;
    default:
	if (session->length < 7)
	    return KRB5_BAD_KEYSIZE;
	return kdf(session->data, session->length, des);
    }
}
