/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The freshness token: mint, parse, open, judge.  Layout: freshness.h.
 *
 * These functions know no request, no database and no clock: key and time
 * are parameters, so that test_freshness.c needs no KDC.
 */

#include "freshness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <asn1-common.h>
#include <asn1_err.h>
#include <krb5_asn1.h>

#define HEADER_LENGTH 2
static const unsigned char header[HEADER_LENGTH] = { 0, 0 };

/*
 * Whether a token may rest on a key of this enctype.  The integrity of a
 * token is that of its enctype, and it is the holder of the token who
 * names the enctype: an enctype that can be searched (single DES, export
 * RC4) or has no keyed checksum would let anybody forge tokens, however
 * strong the realm's other krbtgt keys are.  Triple DES pads what it
 * encrypts, so nothing behind the time could be told from padding.
 */

krb5_boolean
_kdc_freshness_enctype_ok(krb5_enctype enctype)
{
    switch (enctype) {
    case ETYPE_AES256_CTS_HMAC_SHA1_96:
    case ETYPE_AES128_CTS_HMAC_SHA1_96:
    case ETYPE_AES256_CTS_HMAC_SHA384_192:
    case ETYPE_AES128_CTS_HMAC_SHA256_128:
    case ETYPE_ARCFOUR_HMAC_MD5:
	return TRUE;
    default:
	return FALSE;
    }
}

/*
 * Encrypts the time.  `enc' is free_EncryptedData()'s, also after an error,
 * when it may be filled in part.
 */

static krb5_error_code
seal_time(krb5_context context, const krb5_keyblock *key, krb5uint32 kvno,
	  const struct timeval *now, EncryptedData *enc)
{
    krb5_error_code ret;
    krb5_crypto crypto = NULL;
    PA_ENC_TS_ENC ts;
    unsigned char *buf = NULL;
    size_t buf_size, len;
    int usec = now->tv_usec;

    ts.patimestamp = now->tv_sec;
    ts.pausec = &usec;

    ASN1_MALLOC_ENCODE(PA_ENC_TS_ENC, buf, buf_size, &ts, &len, ret);
    if (ret)
	return ret;
    if (buf_size != len)
	krb5_abortx(context, "internal error in ASN.1 encoder");

    ret = krb5_crypto_init(context, key, 0, &crypto);
    if (ret == 0)
	ret = krb5_encrypt_EncryptedData(context, crypto,
					 KDC_FRESHNESS_KEY_USAGE,
					 buf, len, kvno, enc);
    if (crypto)
	krb5_crypto_destroy(context, crypto);
    free(buf);
    return ret;
}

/*
 * Makes a token.
 *
 * `key' is a key of krbtgt/REALM whose enctype is acceptable, `kvno' its
 * version, `now' the KDC's time.  `token' is set on entry and filled on
 * success; free it with krb5_data_free().
 *
 * Returns 0, EINVAL for kvno 0, which EncryptedData would leave out and no
 * KDC could look up, KRB5_PROG_ETYPE_NOSUPP for a key that may not be used,
 * or an error of the crypto library or of malloc.
 */

krb5_error_code
_kdc_freshness_mint(krb5_context context, const krb5_keyblock *key,
		    krb5uint32 kvno, const struct timeval *now,
		    krb5_data *token)
{
    krb5_error_code ret;
    EncryptedData enc;
    unsigned char *p;
    size_t len, size;

    krb5_data_zero(token);
    memset(&enc, 0, sizeof(enc));

    if (kvno == 0)
	return EINVAL;
    if (!_kdc_freshness_enctype_ok(key->keytype))
	return KRB5_PROG_ETYPE_NOSUPP;

    ret = seal_time(context, key, kvno, now, &enc);
    if (ret)
	goto out;

    len = length_EncryptedData(&enc);
    ret = krb5_data_alloc(token, HEADER_LENGTH + len);
    if (ret) {
	ret = krb5_enomem(context);
	goto out;
    }
    p = token->data;
    memcpy(p, header, HEADER_LENGTH);
    ret = encode_EncryptedData(p + token->length - 1, len, &enc, &size);
    if (ret)
	krb5_data_free(token);

 out:
    free_EncryptedData(&enc);
    return ret;
}

/*
 * Takes a token apart.  Strict: header, one EncryptedData with a kvno in
 * its shortest (DER) form, an acceptable enctype and nothing behind it, so
 * that a token has one encoding only.
 *
 * `enc' is filled on success; free it with free_EncryptedData().
 * Returns 0, or an ASN.1 error or KRB5_PROG_ETYPE_NOSUPP.
 */

krb5_error_code
_kdc_freshness_parse(const krb5_data *token, EncryptedData *enc)
{
    krb5_error_code ret;
    EncryptedData e;
    const unsigned char *p = token->data;
    unsigned char *der = NULL;
    size_t size, der_size, len;

    memset(enc, 0, sizeof(*enc));

    if (token->length <= HEADER_LENGTH ||
	memcmp(p, header, HEADER_LENGTH) != 0)
	return ASN1_BAD_FORMAT;
    p += HEADER_LENGTH;
    len = token->length - HEADER_LENGTH;

    ret = decode_EncryptedData(p, len, &e, &size);
    if (ret)
	return ret;
    if (size != len || e.kvno == NULL) {
	ret = ASN1_BAD_FORMAT;
	goto out;
    }
    if (!_kdc_freshness_enctype_ok(e.etype)) {
	ret = KRB5_PROG_ETYPE_NOSUPP;
	goto out;
    }

    /* the decoder takes BER; what it did not write itself is refused */
    ASN1_MALLOC_ENCODE(EncryptedData, der, der_size, &e, &size, ret);
    if (ret)
	goto out;
    if (der_size != len || memcmp(der, p, len) != 0) {
	ret = ASN1_BAD_FORMAT;
	goto out;
    }

    *enc = e;
    memset(&e, 0, sizeof(e));	/* stolen */

 out:
    free(der);
    free_EncryptedData(&e);
    return ret;
}

/*
 * Opens a parsed token with the key that it names.
 *
 * `minted' is set to the time in it on success.  Returns 0, ENOMEM, or
 * another error that means: not a token of ours.
 */

krb5_error_code
_kdc_freshness_open(krb5_context context, const krb5_keyblock *key,
		    const EncryptedData *enc, time_t *minted)
{
    krb5_error_code ret;
    krb5_crypto crypto = NULL;
    krb5_data plain;
    PA_ENC_TS_ENC ts;
    size_t size;

    krb5_data_zero(&plain);

    if (!_kdc_freshness_enctype_ok(key->keytype) ||
	key->keytype != enc->etype)
	return KRB5_PROG_ETYPE_NOSUPP;

    ret = krb5_crypto_init(context, key, 0, &crypto);
    if (ret)
	return ret;
    ret = krb5_decrypt_EncryptedData(context, crypto,
				     KDC_FRESHNESS_KEY_USAGE, enc, &plain);
    krb5_crypto_destroy(context, crypto);
    if (ret)
	return ret;

    ret = decode_PA_ENC_TS_ENC(plain.data, plain.length, &ts, &size);
    if (ret == 0) {
	if (size == plain.length)
	    *minted = ts.patimestamp;
	else
	    ret = ASN1_BAD_FORMAT;
	free_PA_ENC_TS_ENC(&ts);
    }
    krb5_data_free(&plain);
    return ret;
}

/*
 * Whether a token minted at `minted' is fresh at `now'.  `lifetime' and
 * `max_skew' are seconds; both borders are inside.  Compares differences
 * of the larger minus the smaller, which cannot overflow for times that
 * KerberosTime can hold.
 */

kdc_freshness_verdict
_kdc_freshness_judge(time_t minted, time_t now, time_t lifetime,
		     time_t max_skew)
{
    if (minted <= 0)
	return KDC_FRESHNESS_STALE;
    if (minted <= now)
	return now - minted <= lifetime ? KDC_FRESHNESS_FRESH
					: KDC_FRESHNESS_STALE;
    return minted - now <= max_skew ? KDC_FRESHNESS_FRESH
				    : KDC_FRESHNESS_FUTURE;
}
