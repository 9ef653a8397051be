/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * OpenSSL's queue of errors, for programs that include hcrypto's headers.
 * Without OpenSSL it is empty.
 */

#ifndef OSSL_ERRORS_H
#define OSSL_ERRORS_H 1

unsigned long ossl_version(void);	/* 0 without OpenSSL */
void ossl_raise_error(void);		/* an application's */
int ossl_no_errors(void);		/* none but those */

#endif /* OSSL_ERRORS_H */
