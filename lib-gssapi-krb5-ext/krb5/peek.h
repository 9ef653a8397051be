/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What of a request that was refused can be read, so that the answer can be
 * encrypted in a key that the initiator knows (section 3 of the document on
 * extra context tokens): the session key of the ticket, the Authenticator.
 *
 * Nothing is checked here but what decrypts: no time, address, name or PAC.
 * What comes out says how to answer, and never that somebody is who he says.
 *
 * Included behind krb5_locl.h or <krb5.h>.
 */

#ifndef KRB5_EXT_PEEK_H
#define KRB5_EXT_PEEK_H 1

/* Free with _krb5_ext_free_peek(). */
struct krb5_ext_peek {
    krb5_keyblock *session;	/* NULL: the ticket cannot be decrypted */
    EncTicketPart *ticket;	/* the same, without its key */
    Authenticator *authenticator; /* NULL: it cannot be decrypted */
};

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_peek(krb5_context context, krb5_keytab keytab,
	       krb5_const_principal server, const krb5_data *ap_req,
	       struct krb5_ext_peek *peek);

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_peek_with(krb5_context context, const krb5_keyblock *key,
		    const krb5_data *ap_req, struct krb5_ext_peek *peek);

KRB5_LIB_FUNCTION void KRB5_LIB_CALL
_krb5_ext_free_peek(krb5_context context, struct krb5_ext_peek *peek);

#endif /* KRB5_EXT_PEEK_H */
