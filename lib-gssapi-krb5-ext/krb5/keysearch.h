/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Which key of a keytab opens a ticket, when the one under the ticket's name,
 * version and enctype does not, or there is none: what the hooks in rd_req.c
 * see.
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
		     krb5_const_principal insisted,
		     krb5_const_principal named, const EncryptedData *enc,
		     const krb5_keyblock *tried,
		     krb5_keyblock **key, krb5_principal *principal);

krb5_error_code
_krb5_ext_find_key(krb5_context context, krb5_keytab keytab,
		   krb5_const_principal server,
		   krb5_const_principal named, const EncryptedData *enc,
		   krb5_keyblock **key);

int
_krb5_ext_is_modified(krb5_error_code code);

krb5_error_code
_krb5_ext_modified(krb5_context context, krb5_error_code code);

#endif /* KRB5_EXT_KEYSEARCH_H */
