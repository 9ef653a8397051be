/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A password's key takes thousands of HMACs.  OpenSSL keeps what they have in
 * common; hcrypto begins each anew, and each would be four calls to OpenSSL.
 */

#include "ossl.h"
#include "pbkdf2.h"

int
_hc_ossl_pbkdf2(const void *password, size_t password_len,
		const void *salt, size_t salt_len, unsigned long iter,
		const hc_EVP_MD *md, size_t keylen, void *key)
{
    const EVP_MD *ossl_md = _hc_ossl_digest(md);
    int ok;

    if (ossl_md == NULL || iter == 0 || iter > INT_MAX || keylen == 0 ||
	keylen > INT_MAX || password_len > INT_MAX || salt_len > INT_MAX)
	return 0;
    ERR_set_mark();
    ok = PKCS5_PBKDF2_HMAC(password, password_len, salt, salt_len, iter,
			   ossl_md, keylen, key) == 1;
    ERR_pop_to_mark();
    return ok;
}
