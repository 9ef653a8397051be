/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A token for a client, made of its ticket: document, "they can generated
 * from a standard Kerberos version 5 ticket by a client utility".
 */

#include "rxkad_2b_locl.h"

#include "rxkad_key.h"

krb5_error_code
rxkad_2b_derive_key(krb5_enctype etype, const void *key, size_t length,
		    unsigned char des[RXKAD_2B_KEY_LENGTH])
{
    return _krb5_rxkad_derive_key(etype, key, length, des);
}

/*
 * Checks the limits and says in the context which one is not kept to.
 */

static krb5_error_code
keep_to_limits(krb5_context context, rxkad_2b_profile profile, size_t length,
	       krb5_enctype service_etype, krb5_enctype session_etype,
	       rxkad_2b_limit *limit)
{
    krb5_error_code ret = KRB5_PROG_ETYPE_NOSUPP;

    *limit = rxkad_2b_check_limits(profile, length, service_etype,
				   session_etype);
    switch (*limit) {
    case RXKAD_2B_LIMIT_NONE:
	return 0;
    case RXKAD_2B_LIMIT_TOO_SHORT:
    case RXKAD_2B_LIMIT_TOO_LONG:
	ret = RXKAD_2B_ERR_TICKETLEN;
	break;
    case RXKAD_2B_LIMIT_SERVICE_ENCTYPE:
    case RXKAD_2B_LIMIT_SESSION_ENCTYPE:
	break;
    }
    krb5_set_error_message(context, ret,
			   "rxkad: %s (%lu octets, service enctype %d, "
			   "session enctype %d)",
			   rxkad_2b_limit_string(*limit),
			   (unsigned long)length, (int)service_etype,
			   (int)session_etype);
    return ret;
}

/*
 * Fills a token that is all zero; what an error leaves in it is freed with
 * it.
 */

static krb5_error_code
fill_token(krb5_context context, const krb5_creds *creds,
	   rxkad_2b_profile profile, int32_t kvno, rxkad_2b_token *token,
	   rxkad_2b_limit *limit)
{
    krb5_error_code ret;
    rxkad_2b_sealed sealed;
    const krb5_data *octets = &creds->ticket;

    /* creds have a Ticket, whichever token is made of it */
    ret = rxkad_2b_parse(creds->ticket.data, creds->ticket.length,
			 RXKAD_2B_KVNO_TICKET, &sealed);
    if (ret) {
	krb5_set_error_message(context, ret,
			       "rxkad: the ticket is not in DER");
	return ret;
    }
    if (kvno == RXKAD_2B_KVNO)
	octets = &sealed.enc_part;

    ret = keep_to_limits(context, profile, octets->length, sealed.etype,
			 creds->session.keytype, limit);
    if (ret)
	return ret;
    ret = rxkad_2b_derive_key(creds->session.keytype,
			      creds->session.keyvalue.data,
			      creds->session.keyvalue.length,
			      token->session_key);
    if (ret) {
	krb5_set_error_message(context, ret,
			       "rxkad: no DES key for a session key of "
			       "enctype %d",
			       (int)creds->session.keytype);
	return ret;
    }
    ret = krb5_data_copy(&token->data, octets->data, octets->length);
    if (ret)
	return krb5_enomem(context);

    token->kvno = kvno;
    token->start = creds->times.starttime ? creds->times.starttime
	: creds->times.authtime;
    token->end = creds->times.endtime;
    token->service_etype = sealed.etype;
    token->session_etype = creds->session.keytype;
    token->warnings = rxkad_2b_warnings(octets->length, sealed.etype);
    return 0;
}

krb5_error_code
rxkad_2b_token_from_creds(krb5_context context, const krb5_creds *creds,
			  rxkad_2b_profile profile, int32_t kvno,
			  rxkad_2b_token **token, rxkad_2b_limit *limit)
{
    krb5_error_code ret;
    rxkad_2b_token *t;
    rxkad_2b_limit dummy;

    *token = NULL;
    if (limit == NULL)
	limit = &dummy;
    *limit = RXKAD_2B_LIMIT_NONE;

    if (kvno != RXKAD_2B_KVNO && kvno != RXKAD_2B_KVNO_TICKET) {
	krb5_set_error_message(context, RXKAD_2B_ERR_UNKNOWNKEY,
			       "rxkad: no token has the number %d",
			       (int)kvno);
	return RXKAD_2B_ERR_UNKNOWNKEY;
    }
    t = calloc(1, sizeof(*t));
    if (t == NULL)
	return krb5_enomem(context);
    ret = fill_token(context, creds, profile, kvno, t, limit);
    if (ret) {
	rxkad_2b_token_free(t);
	return ret;
    }
    *token = t;
    return 0;
}

void
rxkad_2b_token_free(rxkad_2b_token *token)
{
    if (token == NULL)
	return;
    krb5_data_free(&token->data);
    memset_s(token, sizeof(*token), 0, sizeof(*token));
    free(token);
}
