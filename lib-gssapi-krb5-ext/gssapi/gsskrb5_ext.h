/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the krb5 mechanism has beyond Heimdal's: what the hooks in
 * lib/gssapi/krb5 see.  Included behind gsskrb5_locl.h.
 */

#ifndef GSSKRB5_EXT_H
#define GSSKRB5_EXT_H 1

/* error_token.c */

void
_gsskrb5_ext_error_token(krb5_context context, OM_uint32 major,
			 krb5_error_code code, const gss_buffer_t input_token,
			 gss_buffer_t output_token);

#endif /* GSSKRB5_EXT_H */
