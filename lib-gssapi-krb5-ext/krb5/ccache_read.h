/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Reads a FILE credential cache in blocks: what the hooks in fcache.c see.
 */

#ifndef KRB5_EXT_CCACHE_READ_H
#define KRB5_EXT_CCACHE_READ_H 1

krb5_storage *
_krb5_ext_ccache_storage(int fd);

krb5_error_code
_krb5_ext_ccache_next(krb5_context context, krb5_storage *sp,
		      krb5_creds *creds);

krb5_error_code
_krb5_ext_ccache_find(krb5_context context, krb5_storage *sp,
		      krb5_flags whichfields, const krb5_creds *mcreds,
		      krb5_creds *creds);

#endif /* KRB5_EXT_CCACHE_READ_H */
