/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/**
 * @file ec-key.h
 *
 * Keys of elliptic curves by OpenSSL 3, for hx509 and PKINIT, which so need
 * no header of OpenSSL.  libhcrypto exports these functions, for its own tree.
 *
 * A curve has OpenSSL's name: "P-256", "P-384", "P-521", "secp160r1".  What
 * is returned in *out is the caller's to free().  Those that return an int
 * return 1, or 0 for whatever is wrong.
 */

#ifndef HC_OSSL_EC_KEY_H
#define HC_OSSL_EC_KEY_H 1

#include <stddef.h>

typedef struct hc_ossl_ec hc_ossl_ec;

/** A new key pair. */
hc_ossl_ec *hc_ossl_ec_generate(const char *curve);

/** A new key pair on the curve of another key. */
hc_ossl_ec *hc_ossl_ec_generate_like(const hc_ossl_ec *other);

/** A public key from its octets (X9.62), NULL when they are no point. */
hc_ossl_ec *hc_ossl_ec_public(const char *curve, const void *p, size_t len);

/** A private key from PKCS #8 or an ECPrivateKey that names its curve. */
hc_ossl_ec *hc_ossl_ec_private(const void *der, size_t len);

void hc_ossl_ec_free(hc_ossl_ec *key);

/** The octets of the public key (X9.62). */
int hc_ossl_ec_octets(const hc_ossl_ec *key, unsigned char **out, size_t *len);

/**
 * ECDH: the x coordinate, as long as the field.  peer is checked to be a
 * point of the group.
 */
int hc_ossl_ec_derive(hc_ossl_ec *own, hc_ossl_ec *peer,
		      unsigned char **out, size_t *len);

/** ECDSA of a digest, in DER. */
int hc_ossl_ec_sign(hc_ossl_ec *key, const void *digest, size_t digest_len,
		    unsigned char **out, size_t *len);

int hc_ossl_ec_verify(hc_ossl_ec *key, const void *digest, size_t digest_len,
		      const void *sig, size_t len);

#endif /* HC_OSSL_EC_KEY_H */
