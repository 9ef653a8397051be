/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What an acceptor has decrypted and may meet again: the initiator that is
 * asked for another AP-REQ sends the same ticket.
 *
 * A memory of krb5_decrypt_EncryptedData(), and of one verdict: that the PAC,
 * if there is one, is signed with the key that has opened the ticket, which
 * the same octets and the same key can only say again.  Times, addresses and
 * the Authenticator are looked at each time.
 *
 * Included behind krb5_locl.h.
 */

#ifndef KRB5_EXT_KNOWN_H
#define KRB5_EXT_KNOWN_H 1

struct krb5_ext_known {
    const EncryptedData *cipher; /* of the ticket, an alias, ... */
    krb5_keyblock *service;	/* ... this key opens */
    krb5_ticket ticket;		/* what is in it; unless lent */
    krb5_crypto session;	/* its key, with what was derived from it */
    int lent;			/* krb5_rd_req_ctx() has given out ticket */
    krb5_enctype keytype;	/* that its Authenticator wants for a subkey */
};

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_know(krb5_context context, const EncryptedData *cipher,
	       krb5_ticket *ticket, krb5_keyblock **service,
	       krb5_crypto *session, krb5_enctype keytype,
	       struct krb5_ext_known **known);

void
_krb5_ext_lend(struct krb5_ext_known *known, krb5_ticket *ticket);

void
_krb5_ext_give_back(struct krb5_ext_known *known, krb5_ticket *ticket);

int
_krb5_ext_is_known(const struct krb5_ext_known *known,
		   const EncryptedData *cipher,
		   const krb5_keyblock *service);

KRB5_LIB_FUNCTION void KRB5_LIB_CALL
_krb5_ext_forget(krb5_context context, struct krb5_ext_known **known);

#endif /* KRB5_EXT_KNOWN_H */
