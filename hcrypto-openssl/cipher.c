/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Ciphers of OpenSSL's providers behind hcrypto's EVP_ossl_*().
 *
 * OpenSSL looks a cipher up by name in its providers, which takes longer than
 * to encrypt a ticket: each is fetched once in a process and kept.  One that
 * no provider has is hcrypto's own.
 *
 * A context is set up with its key once.  To set an IV is, in OpenSSL 3, a
 * call with a list of parameters that costs more than the message, and
 * libkrb5 sets one two or three times a message.  So OpenSSL goes on from
 * where it stopped, whatever IV is asked for, and the first block is changed
 * to fit: in CBC, C1 = E(P1 ^ IV), and P1 ^ wanted is P1 ^ wanted ^ has with
 * the IV it has.  In that way also iv of the context is what hcrypto's ciphers
 * leave there.
 */

#include "ossl.h"

#define IV_LEN	EVP_MAX_IV_LENGTH
#define AES_BLOCK	16

struct cipher_state {
    EVP_CIPHER_CTX *ctx;	/* NULL until there is a key */
    int encrypt;		/* what the key was set for */
    unsigned char iv[IV_LEN];	/* the one OpenSSL has */
};

static int
set_key(hc_EVP_CIPHER_CTX *hc, const unsigned char *key, int encrypt)
{
    struct cipher_state *s = hc->cipher_data;
    const EVP_CIPHER *cipher = s->ctx == NULL ? hc->cipher->app_data : NULL;
    int ok;

    ERR_set_mark();
    ok = (s->ctx != NULL || (s->ctx = EVP_CIPHER_CTX_new()) != NULL) &&
	EVP_CipherInit_ex2(s->ctx, cipher, key, hc->iv, encrypt, NULL) == 1;
    ERR_pop_to_mark();
    if (!ok) {
	EVP_CIPHER_CTX_free(s->ctx);
	s->ctx = NULL;
	return 0;
    }
    s->encrypt = encrypt;
    memcpy(s->iv, hc->iv, hc->cipher->iv_len);
    return 1;
}

/* hcrypto calls this when there is a key; it has copied the IV already. */
static int
cbc_init(hc_EVP_CIPHER_CTX *hc, const unsigned char *key,
	 const unsigned char *iv, int encrypt)
{
    return set_key(hc, key, encrypt);
}

/*
 * True when a message of that length can be worked on: OpenSSL then has no
 * reason to fail.
 */
static int
is_ready(const hc_EVP_CIPHER_CTX *hc, unsigned int len)
{
    const struct cipher_state *s = hc->cipher_data;

    return s->ctx != NULL && s->encrypt == hc->encrypt &&
	len <= INT_MAX && len % hc->cipher->block_size == 0;
}

static void
add(unsigned char *out, const unsigned char *a, const unsigned char *b,
    size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
	out[i] = a[i] ^ b[i];
}

static int
cbc_encrypt(hc_EVP_CIPHER_CTX *hc, unsigned char *out,
	    const unsigned char *in, unsigned int len)
{
    struct cipher_state *s = hc->cipher_data;
    unsigned int block = hc->cipher->block_size, rest = len - block;
    unsigned char first[IV_LEN];

    add(first, in, hc->iv, block);
    add(first, first, s->iv, block);
    if (EVP_Cipher(s->ctx, out, first, block) != (int)block ||
	(rest != 0 &&
	 EVP_Cipher(s->ctx, out + block, in + block, rest) != (int)rest))
	return 0;
    memcpy(s->iv, out + rest, block);
    return 1;
}

static int
cbc_decrypt(hc_EVP_CIPHER_CTX *hc, unsigned char *out,
	    const unsigned char *in, unsigned int len)
{
    struct cipher_state *s = hc->cipher_data;
    unsigned int block = hc->cipher->block_size;
    unsigned char last[IV_LEN];

    memcpy(last, in + len - block, block);
    if (EVP_Cipher(s->ctx, out, in, len) != (int)len)
	return 0;
    add(out, out, s->iv, block);
    add(out, out, hc->iv, block);
    memcpy(s->iv, last, block);
    return 1;
}

static int
cbc_cipher(hc_EVP_CIPHER_CTX *hc, unsigned char *out,
	   const unsigned char *in, unsigned int len)
{
    struct cipher_state *s = hc->cipher_data;

    if (!is_ready(hc, len))
	return 0;
    if (len == 0)
	return 1;
    if (!(hc->encrypt ? cbc_encrypt : cbc_decrypt)(hc, out, in, len))
	return 0;
    memcpy(hc->iv, s->iv, hc->cipher->iv_len);
    return 1;
}

/* CFB8 is called with each new IV: ALWAYS_CALL_INIT. */
static int
cfb8_init(hc_EVP_CIPHER_CTX *hc, const unsigned char *key,
	  const unsigned char *iv, int encrypt)
{
    struct cipher_state *s = hc->cipher_data;
    int ok;

    if (key != NULL)
	return set_key(hc, key, encrypt);
    if (s->ctx == NULL)
	return 1;
    ERR_set_mark();
    ok = EVP_CipherInit_ex2(s->ctx, NULL, NULL, hc->iv, -1, NULL) == 1;
    ERR_pop_to_mark();
    return ok;
}

/* The IV to go on with: the last octets of IV and ciphertext. */
static void
cfb8_shift(unsigned char *iv, const unsigned char *cipher, size_t len)
{
    size_t keep = len < AES_BLOCK ? AES_BLOCK - len : 0;

    memmove(iv, iv + AES_BLOCK - keep, keep);
    memcpy(iv + keep, cipher + len - (AES_BLOCK - keep), AES_BLOCK - keep);
}

static int
cfb8_cipher(hc_EVP_CIPHER_CTX *hc, unsigned char *out,
	    const unsigned char *in, unsigned int len)
{
    struct cipher_state *s = hc->cipher_data;
    unsigned char iv[AES_BLOCK];

    if (!is_ready(hc, len))
	return 0;
    memcpy(iv, hc->iv, sizeof(iv));
    if (!hc->encrypt)
	cfb8_shift(iv, in, len);
    if (EVP_Cipher(s->ctx, out, in, len) != (int)len)
	return 0;
    if (hc->encrypt)
	cfb8_shift(iv, out, len);
    memcpy(hc->iv, iv, sizeof(iv));
    return 1;
}

static int
cleanup(hc_EVP_CIPHER_CTX *hc)
{
    struct cipher_state *s = hc->cipher_data;

    if (s != NULL) {
	EVP_CIPHER_CTX_free(s->ctx);	/* wipes the key */
	s->ctx = NULL;
    }
    return 1;
}

/* What is kept of a cipher. */
struct kept_cipher {
    heim_base_once_t once;
    const char *name;			/* OpenSSL's */
    unsigned long mode;			/* hcrypto's */
    const hc_EVP_CIPHER *(*own)(void);
    const hc_EVP_CIPHER *cipher;	/* what is to be used */
    hc_EVP_CIPHER st;
};

/* Only what is as hcrypto's own is the same cipher. */
static int
is_same(const EVP_CIPHER *c, const hc_EVP_CIPHER *own)
{
    return EVP_CIPHER_get_block_size(c) == own->block_size &&
	EVP_CIPHER_get_key_length(c) == own->key_len &&
	EVP_CIPHER_get_iv_length(c) == own->iv_len;
}

static void
fetch(void *arg)
{
    struct kept_cipher *kept = arg;
    const hc_EVP_CIPHER *own = kept->own();
    int cfb8 = kept->mode == hc_EVP_CIPH_CFB8_MODE;
    EVP_CIPHER *c;

    ERR_set_mark();
    c = EVP_CIPHER_fetch(NULL, kept->name, NULL);
    ERR_pop_to_mark();
    if (c == NULL || !is_same(c, own)) {
	EVP_CIPHER_free(c);
	kept->cipher = HCRYPTO_FALLBACK ? own : NULL;
	return;
    }
    kept->st.nid = EVP_CIPHER_get_nid(c);
    kept->st.block_size = own->block_size;
    kept->st.key_len = own->key_len;
    kept->st.iv_len = own->iv_len;
    kept->st.flags = kept->mode | (cfb8 ? hc_EVP_CIPH_ALWAYS_CALL_INIT : 0);
    kept->st.init = cfb8 ? cfb8_init : cbc_init;
    kept->st.do_cipher = cfb8 ? cfb8_cipher : cbc_cipher;
    kept->st.cleanup = cleanup;
    kept->st.ctx_size = sizeof(struct cipher_state);
    kept->st.app_data = c;
    kept->cipher = &kept->st;
}

#define OSSL_CIPHER(fn, ossl_name, hc_mode)				\
const hc_EVP_CIPHER *							\
hc_EVP_ossl_##fn(void)							\
{									\
    static struct kept_cipher kept =					\
	{ .once = HEIM_BASE_ONCE_INIT, .name = ossl_name, .mode = hc_mode, \
	  .own = hc_EVP_hcrypto_##fn };					\
									\
    heim_base_once_f(&kept.once, &kept, fetch);				\
    return kept.cipher;							\
}

/*
 * OpenSSL has these in its legacy provider only, which may be there or not:
 * it is the machine's configuration that says.  What a realm can do is not to
 * depend on that.
 */
#define OWN_CIPHER(fn)							\
const hc_EVP_CIPHER *							\
hc_EVP_ossl_##fn(void)							\
{									\
    return HCRYPTO_FALLBACK ? hc_EVP_hcrypto_##fn() : NULL;		\
}

OSSL_CIPHER(aes_128_cbc, "AES-128-CBC", hc_EVP_CIPH_CBC_MODE)
OSSL_CIPHER(aes_192_cbc, "AES-192-CBC", hc_EVP_CIPH_CBC_MODE)
OSSL_CIPHER(aes_256_cbc, "AES-256-CBC", hc_EVP_CIPH_CBC_MODE)
OSSL_CIPHER(aes_128_cfb8, "AES-128-CFB8", hc_EVP_CIPH_CFB8_MODE)
OSSL_CIPHER(aes_192_cfb8, "AES-192-CFB8", hc_EVP_CIPH_CFB8_MODE)
OSSL_CIPHER(aes_256_cfb8, "AES-256-CFB8", hc_EVP_CIPH_CFB8_MODE)
OSSL_CIPHER(camellia_128_cbc, "CAMELLIA-128-CBC", hc_EVP_CIPH_CBC_MODE)
OSSL_CIPHER(camellia_192_cbc, "CAMELLIA-192-CBC", hc_EVP_CIPH_CBC_MODE)
OSSL_CIPHER(camellia_256_cbc, "CAMELLIA-256-CBC", hc_EVP_CIPH_CBC_MODE)
OSSL_CIPHER(des_ede3_cbc, "DES-EDE3-CBC", hc_EVP_CIPH_CBC_MODE)

OWN_CIPHER(des_cbc)
OWN_CIPHER(rc2_cbc)
OWN_CIPHER(rc2_40_cbc)
OWN_CIPHER(rc2_64_cbc)
OWN_CIPHER(rc4)
OWN_CIPHER(rc4_40)
