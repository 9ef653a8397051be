/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keys of AFS servers in keytabs.
 */

#ifndef KRB5_KEYTAB_KEYFILEEXT_H
#define KRB5_KEYTAB_KEYFILEEXT_H 1

#ifdef _WIN32

/* OpenAFS's servers on Windows have their keys in the same file, but how that
 * is put into its place is written for POSIX. */
static inline krb5_error_code
_krb5_register_keyfileext(krb5_context context)
{
    return 0;
}

#else

krb5_error_code
_krb5_register_keyfileext(krb5_context context);

#endif

#endif /* KRB5_KEYTAB_KEYFILEEXT_H */
