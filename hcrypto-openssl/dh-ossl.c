/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Diffie-Hellman of hcrypto, calculated by OpenSSL.
 *
 * p and g alone say which group it is.  For one of RFC 3526 or RFC 7919
 * OpenSSL knows how long a private key has to be, and takes one of a few
 * hundred bits in place of one as long as p.  q is not told to it: who chose
 * a q would choose the size of the private key.
 *
 * Whether a public key is one is DH_check_pubkey()'s to say, which
 * DH_compute_key() asks for each method.
 */

#include "ossl.h"

#define TRIES	10

static OSSL_PARAM_BLD *
begin_group(const hc_DH *dh, BIGNUM *bn[4])
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();

    if (bld != NULL &&
	(bn[0] = _hc_ossl_bn(dh->p)) != NULL &&
	(bn[1] = _hc_ossl_bn(dh->g)) != NULL &&
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, bn[0]) == 1 &&
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, bn[1]) == 1)
	return bld;
    OSSL_PARAM_BLD_free(bld);
    return NULL;
}

/* The group of dh, with the keys that are given. */
static EVP_PKEY *
make_pkey(const hc_DH *dh, const hc_BIGNUM *pub, const hc_BIGNUM *priv)
{
    BIGNUM *bn[4] = { NULL };
    OSSL_PARAM_BLD *bld = begin_group(dh, bn);
    int ok = bld != NULL, selection = EVP_PKEY_KEY_PARAMETERS;
    EVP_PKEY *pkey = NULL;

    if (ok && pub != NULL) {
	bn[2] = _hc_ossl_bn(pub);
	ok = bn[2] != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, bn[2]) == 1;
	selection = EVP_PKEY_PUBLIC_KEY;
    }
    if (ok && priv != NULL) {
	bn[3] = _hc_ossl_secret_bn(priv);
	ok = bn[3] != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, bn[3]) == 1;
	selection = EVP_PKEY_KEYPAIR;
    }
    if (ok)
	pkey = _hc_ossl_pkey("DH", selection, bld);
    OSSL_PARAM_BLD_free(bld);
    BN_free(bn[0]);
    BN_free(bn[1]);
    BN_free(bn[2]);
    BN_clear_free(bn[3]);
    return pkey;
}

static int
is_good(const hc_DH *dh, const hc_BIGNUM *pub)
{
    int codes;

    return pub != NULL && hc_DH_check_pubkey(dh, pub, &codes) && codes == 0;
}

/* g^priv mod p: OpenSSL has no function that completes a key. */
static hc_BIGNUM *
public_of(const hc_DH *dh)
{
    BIGNUM *p = _hc_ossl_bn(dh->p), *g = _hc_ossl_bn(dh->g);
    BIGNUM *priv = _hc_ossl_secret_bn(dh->priv_key), *pub = BN_new();
    BN_CTX *ctx = BN_CTX_secure_new();
    hc_BIGNUM *out = NULL;

    if (p != NULL && g != NULL && priv != NULL && pub != NULL && ctx != NULL &&
	BN_is_odd(p) &&
	BN_mod_exp_mont_consttime(pub, g, priv, p, ctx, NULL) == 1)
	out = _hc_ossl_bn_to_hc(pub);
    BN_CTX_free(ctx);
    BN_clear_free(priv);
    BN_free(pub);
    BN_free(g);
    BN_free(p);
    return out;
}

static int
complete_key(hc_DH *dh)
{
    hc_BIGNUM *pub = public_of(dh);

    if (!is_good(dh, pub)) {
	if (pub != NULL)
	    hc_BN_free(pub);
	return 0;
    }
    dh->pub_key = pub;
    return 1;
}

static int
new_key(hc_DH *dh, EVP_PKEY *group)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, group, NULL);
    EVP_PKEY *pkey = NULL;
    hc_BIGNUM *pub = NULL, *priv = NULL;
    int ok;

    ok = ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	EVP_PKEY_generate(ctx, &pkey) == 1 &&
	(pub = _hc_ossl_param_to_hc(pkey,
				    OSSL_PKEY_PARAM_PUB_KEY)) != NULL &&
	(priv = _hc_ossl_param_to_hc(pkey,
				     OSSL_PKEY_PARAM_PRIV_KEY)) != NULL &&
	is_good(dh, pub);
    if (ok) {
	dh->pub_key = pub;
	dh->priv_key = priv;
    } else {
	if (pub != NULL)
	    hc_BN_free(pub);
	if (priv != NULL)
	    hc_BN_clear_free(priv);
    }
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* A private key that is there is kept, and gets its public one. */
static int
generate_key(hc_DH *dh)
{
    EVP_PKEY *group;
    int i, ok = 0;

    if (dh->p == NULL || dh->g == NULL)
	return 0;
    if (dh->pub_key != NULL) {
	hc_BN_free(dh->pub_key);
	dh->pub_key = NULL;
    }
    ERR_set_mark();
    if (dh->priv_key != NULL) {
	ok = complete_key(dh);
    } else if ((group = make_pkey(dh, NULL, NULL)) != NULL) {
	for (i = 0; i < TRIES && !ok; i++)
	    ok = new_key(dh, group);
	EVP_PKEY_free(group);
    }
    ERR_pop_to_mark();
    return ok;
}

/*
 * The secret has no zeros in front, as hcrypto has it; secret has room for
 * DH_size() octets.
 */
static int
derive(EVP_PKEY *own, EVP_PKEY *peer, unsigned char *secret, size_t size)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    size_t len = size;
    int ok;

    /* 0: peer has been checked; OpenSSL's check is another exponentiation */
    ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
	EVP_PKEY_derive(ctx, secret, &len) == 1 && len <= INT_MAX;
    EVP_PKEY_CTX_free(ctx);
    return ok ? (int)len : -1;
}

static int
compute_key(unsigned char *secret, const hc_BIGNUM *pub, hc_DH *dh)
{
    EVP_PKEY *own = NULL, *peer = NULL;
    int len = -1;

    if (dh->p == NULL || dh->g == NULL || dh->pub_key == NULL ||
	dh->priv_key == NULL)
	return -1;
    ERR_set_mark();
    if ((own = make_pkey(dh, dh->pub_key, dh->priv_key)) != NULL &&
	(peer = make_pkey(dh, pub, NULL)) != NULL)
	len = derive(own, peer, secret, hc_BN_num_bytes(dh->p));
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    ERR_pop_to_mark();
    return len;
}

static int
generate_params(hc_DH *dh, int prime_len, int generator, hc_BN_GENCB *cb)
{
    return 0;	/* as hcrypto's own: groups are known ones */
}

static int
nothing(hc_DH *dh)
{
    return 1;
}

const hc_DH_METHOD _hc_dh_ossl_method = {
    "OpenSSL 3 DH",
    generate_key,
    compute_key,
    NULL,
    nothing,
    nothing,
    0,
    NULL,
    generate_params
};
