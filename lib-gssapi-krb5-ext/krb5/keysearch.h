/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Which key of a keytab opens a ticket, when the keytab has none under the
 * ticket's name, version and enctype: what the hooks in rd_req.c see.
 *
 * The peer is not authenticated yet and chooses name, version and enctype, so
 * the work is bounded: the keytab is read once and at most
 * KEYSEARCH_MAX_TRIALS keys are tried.
 */

#ifndef KRB5_EXT_KEYSEARCH_H
#define KRB5_EXT_KEYSEARCH_H 1

#define KEYSEARCH_MAX_TRIALS 16

krb5_error_code
_krb5_ext_search_key(krb5_context context, krb5_keytab keytab,
		     krb5_const_principal server, const EncryptedData *enc,
		     krb5_keyblock **key, krb5_principal *principal);

krb5_error_code
_krb5_ext_missing_key_error(krb5_context context, krb5_keytab keytab,
			    krb5_const_principal server,
			    const EncryptedData *enc, krb5_error_code code);

#endif /* KRB5_EXT_KEYSEARCH_H */
