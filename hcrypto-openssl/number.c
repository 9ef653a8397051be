/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* Numbers and keys, from hcrypto to OpenSSL and back. */

#include "ossl.h"

static BIGNUM *
to_ossl(const hc_BIGNUM *bn, BIGNUM *out)
{
    int len = hc_BN_num_bytes(bn);
    unsigned char *p = malloc(len ? len : 1);

    if (p == NULL || out == NULL || hc_BN_is_negative(bn)) {
	free(p);
	BN_free(out);
	return NULL;
    }
    hc_BN_bn2bin(bn, p);
    if (BN_bin2bn(p, len, out) == NULL) {
	BN_free(out);
	out = NULL;
    }
    OPENSSL_cleanse(p, len);
    free(p);
    return out;
}

/**
 * A public number for OpenSSL.
 *
 * @return NULL without memory, and for a negative one: no number of a key is.
 */
BIGNUM *
_hc_ossl_bn(const hc_BIGNUM *bn)
{
    return to_ossl(bn, BN_new());
}

/**
 * As _hc_ossl_bn(); every copy of the number is wiped, and OpenSSL calculates
 * with it in constant time.
 */
BIGNUM *
_hc_ossl_secret_bn(const hc_BIGNUM *bn)
{
    BIGNUM *out = to_ossl(bn, BN_secure_new());

    if (out != NULL)
	BN_set_flags(out, BN_FLG_CONSTTIME);
    return out;
}

/** A number for hcrypto, NULL without memory. */
hc_BIGNUM *
_hc_ossl_bn_to_hc(const BIGNUM *bn)
{
    int len = BN_num_bytes(bn);
    unsigned char *p = malloc(len ? len : 1);
    hc_BIGNUM *out;

    if (p == NULL)
	return NULL;
    BN_bn2bin(bn, p);
    out = hc_BN_bin2bn(p, len, NULL);
    OPENSSL_cleanse(p, len);
    free(p);
    return out;
}

/** A number of a key (OSSL_PKEY_PARAM_*), NULL when it has none. */
hc_BIGNUM *
_hc_ossl_param_to_hc(const EVP_PKEY *pkey, const char *name)
{
    BIGNUM *bn = NULL;
    hc_BIGNUM *out = NULL;

    if (EVP_PKEY_get_bn_param(pkey, name, &bn) == 1)
	out = _hc_ossl_bn_to_hc(bn);
    BN_clear_free(bn);
    return out;
}

/**
 * A key of type made of the numbers in bld.
 *
 * @param selection EVP_PKEY_KEYPAIR or another of that kind
 *
 * @return NULL when OpenSSL does not take the numbers
 */
EVP_PKEY *
_hc_ossl_pkey(const char *type, int selection, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY *pkey = NULL;

    if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1) {
	EVP_PKEY_free(pkey);
	pkey = NULL;
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}
