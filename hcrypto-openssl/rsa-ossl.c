/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * RSA of hcrypto, calculated by OpenSSL.
 *
 * The members of struct hc_RSA are public: who has a key sets n, e, d and the
 * rest himself.  They become an EVP_PKEY when the key is used first, which is
 * kept, with its blinding and what OpenSSL computes beforehand, until the
 * members are others.
 *
 * Whatever is wrong, padding or key, the result is -1: the caller can tell
 * nothing apart that a peer should not, and does not need to.
 */

#include "ossl.h"

#include <heim_threads.h>

#define PARTS	8

/* The EVP_PKEY of a key, and what it was made of. */
struct made {
    EVP_PKEY *pkey;
    hc_BIGNUM *n;
    hc_BIGNUM *e;
    const hc_BIGNUM *part[PARTS];
};

/* hc_RSA has places for what its method precomputes; the first is used. */
#define MADE(rsa)	((rsa)->_method_mod_n)

static HEIMDAL_MUTEX made_mutex = HEIMDAL_MUTEX_INITIALIZER;

static void
list_parts(const hc_RSA *rsa, const hc_BIGNUM *part[PARTS])
{
    part[0] = rsa->n;
    part[1] = rsa->e;
    part[2] = rsa->d;
    part[3] = rsa->p;
    part[4] = rsa->q;
    part[5] = rsa->dmp1;
    part[6] = rsa->dmq1;
    part[7] = rsa->iqmp;
}

/*
 * The public numbers are compared, for a number that was freed leaves its
 * place to the next; the private ones follow from these.
 */
static int
is_made_of(const struct made *made, const hc_RSA *rsa)
{
    const hc_BIGNUM *part[PARTS];
    int i;

    list_parts(rsa, part);
    for (i = 0; i < PARTS; i++)
	if (part[i] != made->part[i])
	    return 0;
    return hc_BN_cmp(made->n, rsa->n) == 0 && hc_BN_cmp(made->e, rsa->e) == 0;
}

static void
free_made(struct made *made)
{
    if (made == NULL)
	return;
    EVP_PKEY_free(made->pkey);
    if (made->n != NULL)
	hc_BN_free(made->n);
    if (made->e != NULL)
	hc_BN_free(made->e);
    free(made);
}

/* A key that hcrypto would use: 1 and 2 are no exponents. */
static int
is_sane(const hc_RSA *rsa)
{
    return rsa->n != NULL && rsa->e != NULL &&
	!hc_BN_is_negative(rsa->e) &&
	(hc_BN_num_bits(rsa->e) > 2 || hc_BN_get_word(rsa->e) == 3);
}

static int
push(OSSL_PARAM_BLD *bld, const char *name, BIGNUM *bn)
{
    return bn != NULL && OSSL_PARAM_BLD_push_BN(bld, name, bn) == 1;
}

static EVP_PKEY *
make_pkey(const hc_RSA *rsa)
{
    static const char *const names[PARTS] = {
	OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
	OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT1
    };
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    const hc_BIGNUM *part[PARTS];
    BIGNUM *bn[PARTS] = { NULL };
    EVP_PKEY *pkey = NULL;
    int i, n = 0, ok = bld != NULL;

    list_parts(rsa, part);
    while (n < PARTS && part[n] != NULL)
	n++;
    if (n < PARTS)
	n = n > 2 ? 3 : 2;	/* without one of its factors, by d alone */
    for (i = 0; ok && i < n; i++) {
	bn[i] = i < 2 ? _hc_ossl_bn(part[i]) : _hc_ossl_secret_bn(part[i]);
	ok = push(bld, names[i], bn[i]);
    }
    if (ok)
	pkey = _hc_ossl_pkey("RSA", n > 2 ? EVP_PKEY_KEYPAIR :
			     EVP_PKEY_PUBLIC_KEY, bld);
    for (i = 0; i < PARTS; i++)
	BN_clear_free(bn[i]);
    OSSL_PARAM_BLD_free(bld);
    return pkey;
}

static struct made *
make(const hc_RSA *rsa)
{
    struct made *made = calloc(1, sizeof(*made));

    if (made == NULL)
	return NULL;
    list_parts(rsa, made->part);
    made->n = hc_BN_dup(rsa->n);
    made->e = hc_BN_dup(rsa->e);
    made->pkey = make_pkey(rsa);
    if (made->n == NULL || made->e == NULL || made->pkey == NULL) {
	free_made(made);
	return NULL;
    }
    return made;
}

/* The EVP_PKEY of rsa, to be freed.  Several threads may use one key. */
static EVP_PKEY *
get_pkey(hc_RSA *rsa)
{
    struct made *made;
    EVP_PKEY *pkey = NULL;

    if (!is_sane(rsa))
	return NULL;
    HEIMDAL_MUTEX_lock(&made_mutex);
    made = MADE(rsa);
    if (made != NULL && !is_made_of(made, rsa)) {
	free_made(made);
	made = MADE(rsa) = NULL;
    }
    if (made == NULL)
	made = MADE(rsa) = make(rsa);
    if (made != NULL && EVP_PKEY_up_ref(made->pkey) == 1)
	pkey = made->pkey;
    HEIMDAL_MUTEX_unlock(&made_mutex);
    return pkey;
}

typedef int (*begin_fn)(EVP_PKEY_CTX *);
typedef int (*work_fn)(EVP_PKEY_CTX *, unsigned char *, size_t *,
		       const unsigned char *, size_t);

/*
 * One operation of PKCS #1 v1.5.  OpenSSL wants room for a number as long as
 * the modulus in to, which hcrypto's callers have, and looks at its lengths.
 */
static int
calculate(hc_RSA *rsa, begin_fn begin, work_fn work, int flen,
	  const unsigned char *from, unsigned char *to, int padding)
{
    EVP_PKEY_CTX *ctx = NULL;
    EVP_PKEY *pkey = NULL;
    size_t len = 0;
    int ok;

    if (padding != RSA_PKCS1_PADDING || flen < 0)
	return -1;
    ERR_set_mark();
    ok = (pkey = get_pkey(rsa)) != NULL &&
	(ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL)) != NULL &&
	begin(ctx) == 1 &&
	EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    if (ok) {
	len = EVP_PKEY_get_size(pkey);
	ok = work(ctx, to, &len, from, flen) == 1 && len <= INT_MAX;
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    ERR_pop_to_mark();
    return ok ? (int)len : -1;
}

static int
public_encrypt(int flen, const unsigned char *from, unsigned char *to,
	       hc_RSA *rsa, int padding)
{
    return calculate(rsa, EVP_PKEY_encrypt_init, EVP_PKEY_encrypt,
		     flen, from, to, padding);
}

static int
public_decrypt(int flen, const unsigned char *from, unsigned char *to,
	       hc_RSA *rsa, int padding)
{
    return calculate(rsa, EVP_PKEY_verify_recover_init,
		     EVP_PKEY_verify_recover, flen, from, to, padding);
}

static int
private_encrypt(int flen, const unsigned char *from, unsigned char *to,
		hc_RSA *rsa, int padding)
{
    return calculate(rsa, EVP_PKEY_sign_init, EVP_PKEY_sign,
		     flen, from, to, padding);
}

static int
private_decrypt(int flen, const unsigned char *from, unsigned char *to,
		hc_RSA *rsa, int padding)
{
    return calculate(rsa, EVP_PKEY_decrypt_init, EVP_PKEY_decrypt,
		     flen, from, to, padding);
}

/* How OpenSSL's events of a search are numbered is how hcrypto's are. */
static int
tell_progress(EVP_PKEY_CTX *ctx)
{
    hc_BN_GENCB *cb = EVP_PKEY_CTX_get_app_data(ctx);

    return hc_BN_GENCB_call(cb, EVP_PKEY_CTX_get_keygen_info(ctx, 0),
			    EVP_PKEY_CTX_get_keygen_info(ctx, 1));
}

static EVP_PKEY *
generate_pkey(int bits, const hc_BIGNUM *e, hc_BN_GENCB *cb)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *exponent = _hc_ossl_bn(e);
    EVP_PKEY *pkey = NULL;

    if (ctx != NULL && exponent != NULL &&
	EVP_PKEY_keygen_init(ctx) == 1 &&
	EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits) == 1 &&
	EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent) == 1) {
	if (cb != NULL) {
	    EVP_PKEY_CTX_set_app_data(ctx, cb);
	    EVP_PKEY_CTX_set_cb(ctx, tell_progress);
	}
	if (EVP_PKEY_generate(ctx, &pkey) != 1)
	    pkey = NULL;
    }
    BN_free(exponent);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static int
take(hc_BIGNUM **part, const EVP_PKEY *pkey, const char *name)
{
    *part = _hc_ossl_param_to_hc(pkey, name);
    return *part != NULL;
}

/* As hcrypto's own: what the key had before is the caller's to free. */
static int
generate_key(hc_RSA *rsa, int bits, hc_BIGNUM *e, hc_BN_GENCB *cb)
{
    EVP_PKEY *pkey;
    int ok;

    if (bits < 789)
	return -1;
    ERR_set_mark();
    pkey = generate_pkey(bits, e, cb);
    ok = pkey != NULL &&
	take(&rsa->n, pkey, OSSL_PKEY_PARAM_RSA_N) &&
	take(&rsa->e, pkey, OSSL_PKEY_PARAM_RSA_E) &&
	take(&rsa->d, pkey, OSSL_PKEY_PARAM_RSA_D) &&
	take(&rsa->p, pkey, OSSL_PKEY_PARAM_RSA_FACTOR1) &&
	take(&rsa->q, pkey, OSSL_PKEY_PARAM_RSA_FACTOR2) &&
	take(&rsa->dmp1, pkey, OSSL_PKEY_PARAM_RSA_EXPONENT1) &&
	take(&rsa->dmq1, pkey, OSSL_PKEY_PARAM_RSA_EXPONENT2) &&
	take(&rsa->iqmp, pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
    EVP_PKEY_free(pkey);
    ERR_pop_to_mark();
    return ok ? 1 : -1;
}

static int
init(hc_RSA *rsa)
{
    MADE(rsa) = NULL;
    return 1;
}

static int
finish(hc_RSA *rsa)
{
    free_made(MADE(rsa));
    MADE(rsa) = NULL;
    return 1;
}

const hc_RSA_METHOD _hc_rsa_ossl_method = {
    "OpenSSL 3 RSA",
    public_encrypt,
    public_decrypt,
    private_encrypt,
    private_decrypt,
    NULL,
    NULL,
    init,
    finish,
    0,
    NULL,
    NULL,
    NULL,
    generate_key
};
