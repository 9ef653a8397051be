/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

#include "ossl.h"

#include <openssl/ec.h>

#include "ec-key.h"

#define PKEY(key)	((EVP_PKEY *)(key))
#define KEY(pkey)	((hc_ossl_ec *)(pkey))

hc_ossl_ec *
hc_ossl_ec_generate(const char *curve)
{
    EVP_PKEY *pkey;

    ERR_set_mark();
    pkey = EVP_EC_gen(curve);
    ERR_pop_to_mark();
    return KEY(pkey);
}

hc_ossl_ec *
hc_ossl_ec_generate_like(const hc_ossl_ec *other)
{
    char curve[64];
    int ok;

    ERR_set_mark();
    ok = EVP_PKEY_get_group_name(PKEY(other), curve, sizeof(curve), NULL) == 1;
    ERR_pop_to_mark();
    return ok ? hc_ossl_ec_generate(curve) : NULL;
}

hc_ossl_ec *
hc_ossl_ec_public(const char *curve, const void *p, size_t len)
{
    OSSL_PARAM_BLD *bld;
    EVP_PKEY *pkey = NULL;

    ERR_set_mark();
    bld = OSSL_PARAM_BLD_new();
    if (bld != NULL &&
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					curve, 0) == 1 &&
	OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
					 p, len) == 1)
	pkey = _hc_ossl_pkey("EC", EVP_PKEY_PUBLIC_KEY, bld);
    OSSL_PARAM_BLD_free(bld);
    ERR_pop_to_mark();
    return KEY(pkey);
}

hc_ossl_ec *
hc_ossl_ec_private(const void *der, size_t len)
{
    const unsigned char *p = der;
    EVP_PKEY *pkey = NULL;

    ERR_set_mark();
    if (len <= LONG_MAX)
	pkey = d2i_AutoPrivateKey(NULL, &p, len);
    if (pkey != NULL && !EVP_PKEY_is_a(pkey, "EC")) {
	EVP_PKEY_free(pkey);
	pkey = NULL;
    }
    ERR_pop_to_mark();
    return KEY(pkey);
}

void
hc_ossl_ec_free(hc_ossl_ec *key)
{
    EVP_PKEY_free(PKEY(key));
}

int
hc_ossl_ec_octets(const hc_ossl_ec *key, unsigned char **out, size_t *len)
{
    int ok;

    *out = NULL;
    ERR_set_mark();
    ok = EVP_PKEY_get_octet_string_param(PKEY(key), OSSL_PKEY_PARAM_PUB_KEY,
					 NULL, 0, len) == 1 &&
	(*out = malloc(*len)) != NULL &&
	EVP_PKEY_get_octet_string_param(PKEY(key), OSSL_PKEY_PARAM_PUB_KEY,
					*out, *len, len) == 1;
    ERR_pop_to_mark();
    if (!ok) {
	free(*out);
	*out = NULL;
    }
    return ok;
}

typedef int (*begin_fn)(EVP_PKEY_CTX *);

/* A context for an operation of key, NULL when there is none. */
static EVP_PKEY_CTX *
begin(hc_ossl_ec *key, begin_fn init)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, PKEY(key), NULL);

    if (ctx != NULL && init(ctx) != 1) {
	EVP_PKEY_CTX_free(ctx);
	ctx = NULL;
    }
    return ctx;
}

int
hc_ossl_ec_derive(hc_ossl_ec *own, hc_ossl_ec *peer, unsigned char **out,
		  size_t *len)
{
    EVP_PKEY_CTX *ctx;
    int ok;

    *out = NULL;
    ERR_set_mark();
    ctx = begin(own, EVP_PKEY_derive_init);
    ok = ctx != NULL &&
	EVP_PKEY_derive_set_peer_ex(ctx, PKEY(peer), 1) == 1 &&
	EVP_PKEY_derive(ctx, NULL, len) == 1 &&
	(*out = malloc(*len)) != NULL &&
	EVP_PKEY_derive(ctx, *out, len) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_pop_to_mark();
    if (!ok) {
	free(*out);
	*out = NULL;
    }
    return ok;
}

int
hc_ossl_ec_sign(hc_ossl_ec *key, const void *digest, size_t digest_len,
		unsigned char **out, size_t *len)
{
    EVP_PKEY_CTX *ctx;
    int ok;

    *out = NULL;
    ERR_set_mark();
    ctx = begin(key, EVP_PKEY_sign_init);
    ok = ctx != NULL &&
	EVP_PKEY_sign(ctx, NULL, len, digest, digest_len) == 1 &&
	(*out = malloc(*len)) != NULL &&
	EVP_PKEY_sign(ctx, *out, len, digest, digest_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_pop_to_mark();
    if (!ok) {
	free(*out);
	*out = NULL;
    }
    return ok;
}

int
hc_ossl_ec_verify(hc_ossl_ec *key, const void *digest, size_t digest_len,
		  const void *sig, size_t len)
{
    EVP_PKEY_CTX *ctx;
    int ok;

    ERR_set_mark();
    ctx = begin(key, EVP_PKEY_verify_init);
    ok = ctx != NULL &&
	EVP_PKEY_verify(ctx, sig, len, digest, digest_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_pop_to_mark();
    return ok;
}
