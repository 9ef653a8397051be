/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * KRB-ERROR2, also known as AP-REP2: one PDU of the extra context tokens to
 * octets and back (sections 2.1 and 4 of the document).
 *
 *   7f 37  KRB-ERROR2    pvno 5, msg-type 55
 *                        enc-part-key    which key, or none
 *                        enc-part        EncryptedData, never with a kvno
 *             7f 38  EncKRBErrorPart     what struct krb5_ext_error2 has
 *
 * Octet by octet: doc/formats/krb-error2.md.  Included behind krb5_locl.h or
 * <krb5.h>.  Nothing here knows what was sent before, reads the clock or
 * decides what an error means.
 */

#ifndef KRB5_EXT_KRB_ERROR2_H
#define KRB5_EXT_KRB_ERROR2_H 1

#include "proto.h"

/* Who made the PDU: subkey and seq-number are the acceptor's to give. */
enum krb5_ext_sender {
    KRB5_EXT_FROM_ACCEPTOR,
    KRB5_EXT_FROM_INITIATOR
};

/*
 * The keys of the exchange, NULL where there is none.  Aliases.
 *
 * Whoever encodes leaves out what the peer may not have: an acceptor that
 * did not decrypt the Authenticator has no subkey, one that did not decrypt
 * the ticket has neither.
 */
struct krb5_ext_error2_keys {
    const krb5_keyblock *subkey;  /* the initiator's, of its Authenticator */
    const krb5_keyblock *session; /* the ticket's session key */
};

/*
 * The fields of one KRB-ERROR2.  From _krb5_ext_decode_error2() the members
 * own what they point to: free with _krb5_ext_free_error2().  e-data,
 * e-typed-data and your-addresses are never sent, and ignored on receipt.
 */
struct krb5_ext_error2 {
    int key;			/* decoded: KRB5_EXT_ERROR2_KEY_...;
				   encoding does not look at it */
    krb5_data challenge;	/* 1 to 1024 octets */
    time_t stime;		/* the sender's clock ... */
    int32_t susec;		/* ... and 0 to 999999 microseconds */
    krb5_keyblock *subkey;	/* the acceptor's, or NULL */
    uint32_t seq_number;	/* of no meaning without subkey */
    int32_t error_code;		/* of the protocol; 0: none */
    krb5_boolean continue_needed; /* e-flags: FALSE is final */
    char *e_text;		/* printable UTF-8, 1024 octets, or NULL */
    AuthorizationData *ad_data;	/* or NULL */
    Ticket *tgt;		/* for user-to-user, or NULL */
};

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_encode_error2(krb5_context context,
			const struct krb5_ext_error2 *error2,
			enum krb5_ext_sender sender,
			const struct krb5_ext_error2_keys *keys,
			krb5_data *pdu);

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_decode_error2(krb5_context context, const krb5_data *pdu,
			enum krb5_ext_sender sender,
			const struct krb5_ext_error2_keys *keys,
			struct krb5_ext_error2 *error2);

KRB5_LIB_FUNCTION void KRB5_LIB_CALL
_krb5_ext_free_error2(struct krb5_ext_error2 *error2);

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_printable_text(const void *text, size_t length, char **printable);

#endif /* KRB5_EXT_KRB_ERROR2_H */
