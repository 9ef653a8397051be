/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/**
 * @file ossl.h
 *
 * hcrypto's provider for OpenSSL 3: what its files share.
 *
 * hcrypto's names look like OpenSSL's and are macros for hc_*.  Here both are
 * needed, so <undef.h> takes the macros away: hc_EVP_CIPHER, hc_RSA and the
 * like are hcrypto's, EVP_CIPHER and EVP_PKEY are OpenSSL's.
 */

#ifndef HC_OSSL_H
#define HC_OSSL_H 1

#include "config.h"
#include <roken.h>
#include <heimbase.h>

#include <evp.h>
#include <evp-hcrypto.h>
#include <evp-openssl.h>
#include <rsa.h>
#include <dh.h>

#include <undef.h>
/* undef.h has the type RSA, and none of its functions */
#undef RSA_null_method
#undef RSA_ltm_method
#undef RSA_gmp_method
#undef RSA_tfm_method
#undef RSA_new
#undef RSA_new_method
#undef RSA_free
#undef RSA_up_ref
#undef RSA_set_default_method
#undef RSA_get_default_method
#undef RSA_set_method
#undef RSA_get_method
#undef RSA_set_app_data
#undef RSA_get_app_data
#undef RSA_check_key
#undef RSA_size
#undef RSA_public_encrypt
#undef RSA_public_decrypt
#undef RSA_private_encrypt
#undef RSA_private_decrypt
#undef RSA_sign
#undef RSA_verify
#undef RSA_generate_key_ex
#undef d2i_RSAPrivateKey
#undef i2d_RSAPrivateKey
#undef i2d_RSAPublicKey
#undef d2i_RSAPublicKey
/* constants of both, with the same values */
#undef RSA_PKCS1_PADDING
#undef RSA_PKCS1_OAEP_PADDING
#undef RSA_PKCS1_PADDING_SIZE
#undef RSA_FLAG_NO_BLINDING
#undef EVP_MAX_MD_SIZE
#undef EVP_MAX_IV_LENGTH
#undef EVP_MAX_BLOCK_LENGTH
#undef EVP_CTRL_RAND_KEY

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

/*
 * OpenSSL's queue of errors belongs to the application, which may be another
 * user of OpenSSL: what fails in here is told by the return value, and the
 * queue is left as it was.  Around what may fail:
 *
 *     ERR_set_mark();
 *     ...
 *     ERR_pop_to_mark();
 *
 * A function that is called for each message has no marks, for they cost as
 * much as a block of AES: it looks at its arguments itself, so that OpenSSL
 * finds nothing to complain about.
 */

BIGNUM *_hc_ossl_bn(const hc_BIGNUM *);
BIGNUM *_hc_ossl_secret_bn(const hc_BIGNUM *);
hc_BIGNUM *_hc_ossl_bn_to_hc(const BIGNUM *);
hc_BIGNUM *_hc_ossl_param_to_hc(const EVP_PKEY *, const char *);

const EVP_MD *_hc_ossl_digest(const hc_EVP_MD *);

EVP_PKEY *_hc_ossl_pkey(const char *, int, OSSL_PARAM_BLD *);

#endif /* HC_OSSL_H */
