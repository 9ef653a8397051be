/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Functions of OpenSSL that fail.  A program that is linked statically, and
 * with the options of ossl_fail.am, calls those of ossl_fail.c in their place,
 * and so does hcrypto in it.
 */

#ifndef OSSL_FAIL_H
#define OSSL_FAIL_H 1

/*
 * The program's: whether this call of the function fails.
 */
int ossl_fails(const char *function);

#endif /* OSSL_FAIL_H */
