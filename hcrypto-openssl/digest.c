/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Digests of OpenSSL's providers behind hcrypto's EVP_ossl_*().  Each is
 * fetched once in a process, as cipher.c says; one that no provider has is
 * hcrypto's own.
 */

#include "ossl.h"

struct digest_state {
    EVP_MD_CTX *ctx;
};

static int
init(hc_EVP_MD_CTX *hc, const EVP_MD *md)
{
    struct digest_state *s = (void *)hc;
    int ok;

    ERR_set_mark();
    ok = (s->ctx != NULL || (s->ctx = EVP_MD_CTX_new()) != NULL) &&
	EVP_DigestInit_ex2(s->ctx, md, NULL) == 1;
    ERR_pop_to_mark();
    if (!ok) {
	EVP_MD_CTX_free(s->ctx);
	s->ctx = NULL;
    }
    return ok;
}

static int
cleanup(hc_EVP_MD_CTX *hc)
{
    struct digest_state *s = (void *)hc;

    EVP_MD_CTX_free(s->ctx);	/* wipes the state */
    s->ctx = NULL;
    return 1;
}

static int
update(hc_EVP_MD_CTX *hc, const void *data, size_t len)
{
    struct digest_state *s = (void *)hc;

    if (s->ctx != NULL && EVP_DigestUpdate(s->ctx, data, len) == 1)
	return 1;
    /* HMAC_Update() does not tell; final() will */
    cleanup(hc);
    return 0;
}

static int
final(void *out, hc_EVP_MD_CTX *hc)
{
    struct digest_state *s = (void *)hc;

    return s->ctx != NULL && EVP_DigestFinal_ex(s->ctx, out, NULL) == 1;
}

/* What is kept of a digest. */
struct kept_digest {
    heim_base_once_t once;
    const char *name;			/* OpenSSL's */
    hc_evp_md_init init;
    const hc_EVP_MD *(*own)(void);
    const hc_EVP_MD *digest;		/* what is to be used */
    EVP_MD *md;
    struct hc_evp_md st;
};

static void
fetch(void *arg)
{
    struct kept_digest *kept = arg;
    const struct hc_evp_md *own = kept->own();
    EVP_MD *md;

    ERR_set_mark();
    md = EVP_MD_fetch(NULL, kept->name, NULL);
    ERR_pop_to_mark();
    if (md == NULL || EVP_MD_get_size(md) != own->hash_size ||
	EVP_MD_get_block_size(md) != own->block_size) {
	EVP_MD_free(md);
	kept->digest = HCRYPTO_FALLBACK ? own : NULL;
	return;
    }
    kept->md = md;
    kept->st.hash_size = own->hash_size;
    kept->st.block_size = own->block_size;
    kept->st.ctx_size = sizeof(struct digest_state);
    kept->st.init = kept->init;
    kept->st.update = update;
    kept->st.final = final;
    kept->st.cleanup = cleanup;
    kept->digest = &kept->st;
}

/** OpenSSL's digest behind hcrypto's, NULL when it is hcrypto's own. */
const EVP_MD *
_hc_ossl_digest(const hc_EVP_MD *md)
{
    const char *p = (const char *)md;

    if (md == NULL || md->update != update)
	return NULL;
    return ((const struct kept_digest *)
	    (p - offsetof(struct kept_digest, st)))->md;
}

#define OSSL_DIGEST(fn, ossl_name)					\
static int init_##fn(hc_EVP_MD_CTX *);					\
									\
static struct kept_digest kept_##fn = {					\
    .once = HEIM_BASE_ONCE_INIT, .name = ossl_name, .init = init_##fn,	\
    .own = hc_EVP_hcrypto_##fn						\
};									\
									\
static int								\
init_##fn(hc_EVP_MD_CTX *hc)						\
{									\
    return init(hc, kept_##fn.md);					\
}									\
									\
const hc_EVP_MD *							\
hc_EVP_ossl_##fn(void)							\
{									\
    heim_base_once_f(&kept_##fn.once, &kept_##fn, fetch);		\
    return kept_##fn.digest;						\
}

OSSL_DIGEST(md5, "MD5")
OSSL_DIGEST(sha1, "SHA1")
OSSL_DIGEST(sha256, "SHA2-256")
OSSL_DIGEST(sha384, "SHA2-384")
OSSL_DIGEST(sha512, "SHA2-512")

/* In OpenSSL's legacy provider only: see cipher.c. */
const hc_EVP_MD *
hc_EVP_ossl_md4(void)
{
    return HCRYPTO_FALLBACK ? hc_EVP_hcrypto_md4() : NULL;
}
