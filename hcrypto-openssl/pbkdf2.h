/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* PBKDF2 by OpenSSL, for pkcs5.c; after <evp.h>. */

#ifndef HC_OSSL_PBKDF2_H
#define HC_OSSL_PBKDF2_H 1

/**
 * @return 1 when key has been derived; 0 when that is left to hcrypto: a
 * digest of hcrypto's own, numbers that OpenSSL does not take
 */
int _hc_ossl_pbkdf2(const void *password, size_t password_len,
		    const void *salt, size_t salt_len, unsigned long iter,
		    const hc_EVP_MD *md, size_t keylen, void *key);

#endif /* HC_OSSL_PBKDF2_H */
