/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Each function of OpenSSL that hcrypto calls and that can fail, with what it
 * returns then.  What it is given has to be there: OpenSSL takes much that is
 * NULL for an error, but does not promise to.
 *
 * ossl_fail.am has the same names.
 */

#include <config.h>

#ifdef HAVE_OPENSSL_30

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "ossl_fail.h"

#define HUGE (1 << 30)		/* longer than what is really done */

static void
need(int is, const char *function)
{
    if (is)
	return;
    printf("%s is called with what it must not be\n", function);
    fflush(stdout);
    abort();
}

/*
 * type name(args), which is called with these; given: what has to be true of
 * them.  It fails without having done anything.
 */
#define WRAP(type, name, args, with, given, failed)	\
type __real_##name args;				\
type __wrap_##name args;				\
							\
type							\
__wrap_##name args					\
{							\
    need(given, #name);					\
    if (ossl_fails(#name))				\
	return failed;					\
    return __real_##name with;				\
}

/*
 * It fails when it has done all: who does not look at what it returns is not
 * told by what comes next.
 */
#define WRAP_DONE(type, name, args, with, given, failed)	\
type __real_##name args;				\
type __wrap_##name args;				\
							\
type							\
__wrap_##name args					\
{							\
    type done;						\
							\
    need(given, #name);					\
    done = __real_##name with;				\
    return ossl_fails(#name) ? failed : done;		\
}

/* -- ciphers and digests -------------------------------------------------- */

WRAP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), (), 1, NULL)
WRAP_DONE(int, EVP_CipherInit_ex2,
     (EVP_CIPHER_CTX *ctx, const EVP_CIPHER *c, const unsigned char *key,
      const unsigned char *iv, int enc, const OSSL_PARAM *params),
     (ctx, c, key, iv, enc, params),
     ctx != NULL && iv != NULL && (key != NULL || (c == NULL && enc == -1)),
     0)
WRAP(EVP_CIPHER *, EVP_CIPHER_fetch,
     (OSSL_LIB_CTX *lib, const char *name, const char *properties),
     (lib, name, properties), 1, NULL)
/* these do not fail: another cipher of that name */
WRAP_DONE(int, EVP_CIPHER_get_block_size, (const EVP_CIPHER *c), (c),
     c != NULL, 5)
WRAP_DONE(int, EVP_CIPHER_get_key_length, (const EVP_CIPHER *c), (c),
     c != NULL, 5)
WRAP_DONE(int, EVP_CIPHER_get_iv_length, (const EVP_CIPHER *c), (c),
     c != NULL, 5)

int __real_EVP_Cipher(EVP_CIPHER_CTX *, unsigned char *,
		      const unsigned char *, unsigned int);
int __wrap_EVP_Cipher(EVP_CIPHER_CTX *, unsigned char *,
		      const unsigned char *, unsigned int);

int
__wrap_EVP_Cipher(EVP_CIPHER_CTX *ctx, unsigned char *out,
		  const unsigned char *in, unsigned int len)
{
    int done;

    need(ctx != NULL && len != 0 && len <= INT_MAX, "EVP_Cipher");
    done = len >= (unsigned)HUGE ? (int)len :
	__real_EVP_Cipher(ctx, out, in, len);
    return ossl_fails("EVP_Cipher") ? 0 : done;
}

WRAP(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), 1, NULL)
WRAP_DONE(int, EVP_DigestInit_ex2,
     (EVP_MD_CTX *ctx, const EVP_MD *md, const OSSL_PARAM *params),
     (ctx, md, params), ctx != NULL && md != NULL, 0)
WRAP_DONE(int, EVP_DigestUpdate, (EVP_MD_CTX *ctx, const void *p, size_t len),
     (ctx, p, len), ctx != NULL, 0)
WRAP_DONE(int, EVP_DigestFinal_ex,
     (EVP_MD_CTX *ctx, unsigned char *p, unsigned int *len), (ctx, p, len),
     ctx != NULL, 0)
WRAP(EVP_MD *, EVP_MD_fetch,
     (OSSL_LIB_CTX *lib, const char *name, const char *properties),
     (lib, name, properties), 1, NULL)
WRAP_DONE(int, EVP_MD_get_size, (const EVP_MD *md), (md), md != NULL, 5)
WRAP_DONE(int, EVP_MD_get_block_size, (const EVP_MD *md), (md), md != NULL, 5)
int __real_PKCS5_PBKDF2_HMAC(const char *, int, const unsigned char *, int,
			     int, const EVP_MD *, int, unsigned char *);
int __wrap_PKCS5_PBKDF2_HMAC(const char *, int, const unsigned char *, int,
			     int, const EVP_MD *, int, unsigned char *);

int
__wrap_PKCS5_PBKDF2_HMAC(const char *pass, int passlen,
			 const unsigned char *salt, int saltlen, int iter,
			 const EVP_MD *md, int keylen, unsigned char *out)
{
    int done = 1;

    need(md != NULL && iter > 0 && keylen > 0 && passlen >= 0 && saltlen >= 0,
	 "PKCS5_PBKDF2_HMAC");
    if (passlen < HUGE && saltlen < HUGE && iter < HUGE && keylen < HUGE)
	done = __real_PKCS5_PBKDF2_HMAC(pass, passlen, salt, saltlen, iter, md,
					keylen, out);
    return ossl_fails("PKCS5_PBKDF2_HMAC") ? 0 : done;
}

/* -- numbers -------------------------------------------------------------- */

/*
 * Whether OpenSSL calculates in constant time with a number exactly when it is
 * secret; what of a key is not has one of these names.
 */
static int
is_guarded(const char *name, const BIGNUM *bn)
{
    static const char *const public[] = {
	OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_FFC_P,
	OSSL_PKEY_PARAM_FFC_G, OSSL_PKEY_PARAM_PUB_KEY
    };
    size_t i;

    for (i = 0; i < sizeof(public) / sizeof(public[0]); i++)
	if (strcmp(name, public[i]) == 0)
	    return BN_get_flags(bn, BN_FLG_CONSTTIME) == 0;
    return BN_get_flags(bn, BN_FLG_CONSTTIME) != 0;
}

WRAP(BIGNUM *, BN_new, (void), (), 1, NULL)
WRAP(BIGNUM *, BN_secure_new, (void), (), 1, NULL)
WRAP_DONE(BIGNUM *, BN_bin2bn, (const unsigned char *p, int len, BIGNUM *bn),
     (p, len, bn), bn != NULL, NULL)
WRAP(BN_CTX *, BN_CTX_secure_new, (void), (), 1, NULL)
WRAP_DONE(int, BN_mod_exp_mont_consttime,
     (BIGNUM *r, const BIGNUM *a, const BIGNUM *p, const BIGNUM *m,
      BN_CTX *ctx, BN_MONT_CTX *mont), (r, a, p, m, ctx, mont),
     r != NULL && a != NULL && BN_is_odd(m) && ctx != NULL && p != NULL &&
     is_guarded("", p), 0)
WRAP(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_new, (void), (), 1, NULL)
WRAP_DONE(int, OSSL_PARAM_BLD_push_BN,
     (OSSL_PARAM_BLD *bld, const char *key, const BIGNUM *bn), (bld, key, bn),
     bld != NULL && bn != NULL && is_guarded(key, bn), 0)
WRAP_DONE(int, OSSL_PARAM_BLD_push_utf8_string,
     (OSSL_PARAM_BLD *bld, const char *key, const char *p, size_t len),
     (bld, key, p, len), bld != NULL, 0)
WRAP_DONE(int, OSSL_PARAM_BLD_push_octet_string,
     (OSSL_PARAM_BLD *bld, const char *key, const void *p, size_t len),
     (bld, key, p, len), bld != NULL, 0)
WRAP(OSSL_PARAM *, OSSL_PARAM_BLD_to_param, (OSSL_PARAM_BLD *bld), (bld),
     bld != NULL, NULL)

/* -- keys ----------------------------------------------------------------- */

WRAP(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name,
     (OSSL_LIB_CTX *lib, const char *name, const char *properties),
     (lib, name, properties), 1, NULL)
WRAP(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey,
     (OSSL_LIB_CTX *lib, EVP_PKEY *pkey, const char *properties),
     (lib, pkey, properties), pkey != NULL, NULL)
WRAP(int, EVP_PKEY_fromdata,
     (EVP_PKEY_CTX *ctx, EVP_PKEY **pkey, int selection, OSSL_PARAM *params),
     (ctx, pkey, selection, params), ctx != NULL && params != NULL, 0)
WRAP(int, EVP_PKEY_up_ref, (EVP_PKEY *pkey), (pkey), pkey != NULL, 0)
WRAP(int, EVP_PKEY_get_bn_param,
     (const EVP_PKEY *pkey, const char *name, BIGNUM **bn), (pkey, name, bn),
     pkey != NULL, 0)
WRAP_DONE(int, EVP_PKEY_get_octet_string_param,
     (const EVP_PKEY *pkey, const char *name, unsigned char *p, size_t size,
      size_t *len), (pkey, name, p, size, len),
     pkey != NULL && (p != NULL || size == 0), 0)
WRAP_DONE(int, EVP_PKEY_get_group_name,
     (const EVP_PKEY *pkey, char *name, size_t size, size_t *len),
     (pkey, name, size, len), pkey != NULL, 0)
WRAP(EVP_PKEY *, d2i_AutoPrivateKey,
     (EVP_PKEY **pkey, const unsigned char **p, long len), (pkey, p, len),
     len >= 0, NULL)
WRAP_DONE(int, EVP_PKEY_is_a, (const EVP_PKEY *pkey, const char *name),
     (pkey, name), pkey != NULL, 0)

#define INIT(name)						\
WRAP_DONE(int, name, (EVP_PKEY_CTX *ctx), (ctx), ctx != NULL, 0)

INIT(EVP_PKEY_fromdata_init)
INIT(EVP_PKEY_keygen_init)
INIT(EVP_PKEY_derive_init)
INIT(EVP_PKEY_sign_init)
INIT(EVP_PKEY_verify_init)
INIT(EVP_PKEY_verify_recover_init)
INIT(EVP_PKEY_encrypt_init)
INIT(EVP_PKEY_decrypt_init)

WRAP(int, EVP_PKEY_generate, (EVP_PKEY_CTX *ctx, EVP_PKEY **pkey),
     (ctx, pkey), ctx != NULL, 0)
WRAP_DONE(int, EVP_PKEY_CTX_set_rsa_padding, (EVP_PKEY_CTX *ctx, int padding),
     (ctx, padding), ctx != NULL, 0)
WRAP_DONE(int, EVP_PKEY_CTX_set_rsa_keygen_bits, (EVP_PKEY_CTX *ctx, int bits),
     (ctx, bits), ctx != NULL, 0)
WRAP_DONE(int, EVP_PKEY_CTX_set1_rsa_keygen_pubexp,
     (EVP_PKEY_CTX *ctx, BIGNUM *e), (ctx, e), ctx != NULL && e != NULL, 0)
WRAP_DONE(int, EVP_PKEY_derive_set_peer_ex,
     (EVP_PKEY_CTX *ctx, EVP_PKEY *peer, int validate), (ctx, peer, validate),
     ctx != NULL && peer != NULL, 0)
WRAP_DONE(int, EVP_PKEY_derive,
     (EVP_PKEY_CTX *ctx, unsigned char *p, size_t *len), (ctx, p, len),
     ctx != NULL, 0)
WRAP_DONE(int, EVP_PKEY_verify,
     (EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t siglen,
      const unsigned char *data, size_t len), (ctx, sig, siglen, data, len),
     ctx != NULL, 0)

#define WORK(name)						\
WRAP_DONE(int, name,						\
     (EVP_PKEY_CTX *ctx, unsigned char *out, size_t *outlen,	\
      const unsigned char *in, size_t len),			\
     (ctx, out, outlen, in, len), ctx != NULL && len <= INT_MAX, 0)

WORK(EVP_PKEY_sign)
WORK(EVP_PKEY_verify_recover)
WORK(EVP_PKEY_encrypt)
WORK(EVP_PKEY_decrypt)

/* EVP_EC_gen(), with the curve's name behind the type's */
EVP_PKEY *__real_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *, const char *,
				   const char *, ...);
EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *, const char *,
				   const char *, ...);

EVP_PKEY *
__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *lib, const char *properties,
			 const char *type, ...)
{
    const char *curve;
    va_list ap;

    va_start(ap, type);
    curve = va_arg(ap, const char *);
    va_end(ap);
    need(curve != NULL, "EVP_PKEY_Q_keygen");
    return ossl_fails("EVP_PKEY_Q_keygen") ? NULL :
	__real_EVP_PKEY_Q_keygen(lib, properties, type, curve);
}

#else

typedef int ossl_fail_is_empty;

#endif /* HAVE_OPENSSL_30 */
