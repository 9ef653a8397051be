/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The DES key of rxkad for a session key.  Linked into libkrb5 and
 * librxkad-2b; exported by neither.
 */

#ifndef KRB5_RXKAD_KEY_H
#define KRB5_RXKAD_KEY_H 1

#include <krb5.h>

krb5_boolean
_krb5_rxkad_has_kdf(krb5_enctype etype);

krb5_error_code
_krb5_rxkad_derive_key(krb5_enctype etype, const void *key, size_t length,
		       unsigned char des[8]);

#endif /* KRB5_RXKAD_KEY_H */
