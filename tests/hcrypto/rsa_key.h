/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keys of RSA from key_vectors.h.
 */

#ifndef RSA_KEY_H
#define RSA_KEY_H 1

#include <roken.h>

#include <rsa.h>

#include "key_vectors.h"

static BIGNUM *
number(const char *hex)
{
    BIGNUM *bn = NULL;

    if (BN_hex2bn(&bn, hex) == 0)
	errx(1, "no number: %s", hex);
    return bn;
}

/*
 * rsa_keys[i], of a method or, with NULL, of the one that is usual; crt 0
 * leaves d alone, as of a key that came without its factors.
 */
static RSA *
rsa_key(int i, const RSA_METHOD *method, int private, int crt)
{
    RSA *rsa = RSA_new();

    if (method != NULL)
	RSA_set_method(rsa, method);
    rsa->n = number(rsa_keys[i].n);
    rsa->e = number(rsa_keys[i].e);
    if (private)
	rsa->d = number(rsa_keys[i].d);
    if (private && crt) {
	rsa->p = number(rsa_keys[i].p);
	rsa->q = number(rsa_keys[i].q);
	rsa->dmp1 = number(rsa_keys[i].dmp1);
	rsa->dmq1 = number(rsa_keys[i].dmq1);
	rsa->iqmp = number(rsa_keys[i].iqmp);
    }
    return rsa;
}

#endif /* RSA_KEY_H */
