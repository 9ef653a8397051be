/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a server makes of a decrypted Kerberos 5 ticket.  No I/O, no clock.
 *
 * The order is OpenAFS's, so that a ticket with two faults gets the same
 * code: the name, the session key, INVALID, the times.  What OpenAFS does not
 * look at comes behind it.
 */

#include "rxkad_2b_locl.h"

/*
 * What a peer is told.  The reasons that rxkad has no code for are
 * RXKAD_2B_NOT_DER and RXKAD_2B_TRAILING_OCTETS, whose code is the
 * decoder's.
 */

krb5_error_code
_rxkad_2b_reason_code(rxkad_2b_reason reason)
{
    switch (reason) {
    case RXKAD_2B_OK:
	return 0;
    case RXKAD_2B_BAD_LENGTH:
	return RXKAD_2B_ERR_TICKETLEN;
    case RXKAD_2B_UNKNOWN_KVNO:
    case RXKAD_2B_SERVICE_ENCTYPE:
    case RXKAD_2B_WEAK_ENCTYPE:
    case RXKAD_2B_NO_KEY:
	return RXKAD_2B_ERR_UNKNOWNKEY;
    case RXKAD_2B_NOT_DER:
    case RXKAD_2B_TRAILING_OCTETS:
    case RXKAD_2B_BAD_VERSION:
    case RXKAD_2B_DECRYPT:
    case RXKAD_2B_BAD_CONTENT:
    case RXKAD_2B_NAME_COMPONENTS:
    case RXKAD_2B_NAME_EMPTY:
    case RXKAD_2B_NAME_LONG:
    case RXKAD_2B_NAME_DOT:
    case RXKAD_2B_NAME_HOST:
    case RXKAD_2B_NAME_INSTANCE:
    case RXKAD_2B_NAME_CHARACTER:
    case RXKAD_2B_SESSION_ENCTYPE:
    case RXKAD_2B_BAD_TIMES:
	return RXKAD_2B_ERR_BADTICKET;
    case RXKAD_2B_INVALID:
    case RXKAD_2B_NOT_YET_VALID:
    case RXKAD_2B_TRANSITED:
    case RXKAD_2B_AUTHDATA:
    case RXKAD_2B_ADDRESS:
	return RXKAD_2B_ERR_NOAUTH;
    case RXKAD_2B_EXPIRED:
	return RXKAD_2B_ERR_EXPIRED;
    case RXKAD_2B_INTERNAL:
	return RXKAD_2B_ERR_INCONSISTENCY;
    }
    return RXKAD_2B_ERR_INCONSISTENCY;
}

/*
 * The DES key, if the profile has session keys of that enctype.
 */

static rxkad_2b_reason
check_session_key(const EncryptionKey *key, rxkad_2b_profile profile,
		  unsigned char des[RXKAD_2B_KEY_LENGTH])
{
    if (profile != RXKAD_2B_MODERN && !_rxkad_2b_is_des(key->keytype))
	return RXKAD_2B_SESSION_ENCTYPE;
    if (rxkad_2b_derive_key(key->keytype, key->keyvalue.data,
			    key->keyvalue.length, des) != 0)
	return RXKAD_2B_SESSION_ENCTYPE;
    return RXKAD_2B_OK;
}

/*
 * RFC 4120 5.2.6: what is not in AD-IF-RELEVANT has to be understood, and we
 * understand none of it.
 */

static rxkad_2b_reason
check_authdata(const AuthorizationData *authdata)
{
    unsigned int i;

    if (authdata == NULL)
	return RXKAD_2B_OK;
    for (i = 0; i < authdata->len; i++)
	if (authdata->val[i].ad_type != KRB5_AUTHDATA_IF_RELEVANT)
	    return RXKAD_2B_AUTHDATA;
    return RXKAD_2B_OK;
}

/*
 * A ticket without addresses is for any.
 */

static rxkad_2b_reason
check_addresses(krb5_context context, const HostAddresses *caddr,
		const krb5_address *peer)
{
    if (caddr == NULL || caddr->len == 0)
	return RXKAD_2B_OK;
    if (peer == NULL || !krb5_address_search(context, peer, caddr))
	return RXKAD_2B_ADDRESS;
    return RXKAD_2B_OK;
}

/*
 * What the server's flags add to the checks of OpenAFS.
 */

static rxkad_2b_reason
check_policy(krb5_context context, const EncTicketPart *part,
	     const struct rxkad_2b_case *c)
{
    rxkad_2b_reason reason = RXKAD_2B_OK;

    if ((c->flags & RXKAD_2B_ANY_TRANSITED) == 0 && !c->transited_ok)
	return RXKAD_2B_TRANSITED;
    if (c->flags & RXKAD_2B_STRICT_AUTHDATA)
	reason = check_authdata(part->authorization_data);
    if (reason == RXKAD_2B_OK && (c->flags & RXKAD_2B_CHECK_ADDRESSES))
	reason = check_addresses(context, part->caddr, c->peer);
    return reason;
}

/*
 * Decides on a ticket.
 *
 * `c' is what is known beside the ticket.  `client' is filled when
 * RXKAD_2B_OK is returned, and is all zero otherwise.
 */

rxkad_2b_reason
_rxkad_2b_decide(krb5_context context, const EncTicketPart *part,
		 const struct rxkad_2b_case *c,
		 struct rxkad_2b_client *client)
{
    rxkad_2b_reason reason;
    struct rxkad_2b_client found;

    memset(client, 0, sizeof(*client));
    memset(&found, 0, sizeof(found));
    found.start = part->starttime ? *part->starttime : part->authtime;
    found.end = part->endtime;
    found.session_etype = part->key.keytype;

    reason = _rxkad_2b_convert_name(&part->cname, part->crealm, c->flags,
				    &found.name);
    if (reason == RXKAD_2B_OK)
	reason = check_session_key(&part->key, c->profile, found.session_key);
    if (reason == RXKAD_2B_OK && part->flags.invalid)
	reason = RXKAD_2B_INVALID;
    /* There is no tolerance here, unlike for a Kerberos 4 ticket. */
    if (reason == RXKAD_2B_OK && c->now > found.end)
	reason = RXKAD_2B_EXPIRED;
    if (reason == RXKAD_2B_OK)
	reason = _rxkad_2b_check_times(found.start, found.end, c->now);
    if (reason == RXKAD_2B_OK)
	reason = check_policy(context, part, c);
    if (reason == RXKAD_2B_OK)
	*client = found;
    memset_s(&found, sizeof(found), 0, sizeof(found));
    return reason;
}

/*
 * Decides on a Kerberos 4 ticket; `client' as in _rxkad_2b_decide().
 */

rxkad_2b_reason
_rxkad_2b_decide_krb4(const struct rxkad_2b_krb4 *ticket,
		      const struct rxkad_2b_case *c,
		      struct rxkad_2b_client *client)
{
    rxkad_2b_reason reason;

    memset(client, 0, sizeof(*client));
    reason = _rxkad_2b_check_krb4_name(&ticket->name, c->flags);
    if (reason == RXKAD_2B_OK)
	reason = _rxkad_2b_check_times(ticket->start, ticket->end, c->now);
    if (reason)
	return reason;
    client->name = ticket->name;
    client->start = ticket->start;
    client->end = ticket->end;
    client->host = ticket->host;
    client->session_etype = ETYPE_DES_CBC_CRC;
    memcpy(client->session_key, ticket->session_key,
	   sizeof(client->session_key));
    return RXKAD_2B_OK;
}
