/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Makes the token of an AFS cell out of a ticket for it: here with
 * librxkad-2b, or by a krb524 server.
 */

#include "kafs_locl.h"
#include "rxkad-2b/kafs_rxkad.h"

/*
 * Fill in a token; takes the octets from ticket, which is left empty.
 */
static void
set_token(struct kafs_token *kt, uid_t uid, int32_t kvno,
	  const unsigned char key[RXKAD_2B_KEY_LENGTH], time_t start,
	  time_t end, krb5_data *ticket)
{
    kt->ticket = ticket->data;
    kt->ticket_len = ticket->length;
    krb5_data_zero(ticket);

    memset(&kt->ct, 0, sizeof(kt->ct));
    kt->ct.AuthHandle = kvno;
    memcpy(kt->ct.HandShakeKey, key, RXKAD_2B_KEY_LENGTH);
    kt->ct.ViceId = uid;
    kt->ct.BeginTimestamp = start;
    kt->ct.EndTimestamp = end;
    _kafs_fixup_viceid(&kt->ct, uid);
}

/*
 * Say which limit a token does not keep to, how far it is from it, and what
 * can be done.
 */
static void
explain_limit(krb5_context context, krb5_error_code ret,
	      const krb5_creds *cred, const char *cell,
	      rxkad_2b_profile profile, rxkad_2b_limit limit)
{
    const char *name = profile == RXKAD_2B_STRICT ? "strict" : "modern";
    int most = profile == RXKAD_2B_STRICT ? RXKAD_2B_MAX_LENGTH_STRICT :
	RXKAD_2B_MAX_LENGTH;

    switch (limit) {
    case RXKAD_2B_LIMIT_TOO_LONG:
	krb5_set_error_message(context, ret, "the ticket for the cell %s has "
			       "%lu octets, too many for a token of the "
			       "profile %s (%d): leave out its authorization "
			       "data (a PAC), or let a krb524 server do that "
			       "(2b_strip there, afs-use-524 = yes here)",
			       cell, (unsigned long)cred->ticket.length, name,
			       most);
	break;
    case RXKAD_2B_LIMIT_SERVICE_ENCTYPE:
    case RXKAD_2B_LIMIT_SESSION_ENCTYPE:
	krb5_set_error_message(context, ret, "the ticket for the cell %s "
			       "does not suit the profile %s: %s (session "
			       "key's encryption type %d); the profile modern "
			       "takes it, which OpenAFS does since 1.6.5",
			       cell, name, rxkad_2b_limit_string(limit),
			       (int)cred->session.keytype);
	break;
    default:
	krb5_set_error_message(context, ret, "no token can be made of the "
			       "ticket for the cell %s: %s", cell,
			       rxkad_2b_limit_string(limit));
    }
}

/*
 * The ticket, or its encrypted part: kvno says which.
 */
static krb5_error_code
make_local(krb5_context context, const krb5_creds *cred, uid_t uid,
	   const char *cell, rxkad_2b_profile profile, int32_t kvno,
	   struct kafs_token *kt)
{
    rxkad_2b_limit limit = RXKAD_2B_LIMIT_NONE;
    rxkad_2b_token *token;
    krb5_error_code ret;

    ret = rxkad_2b_token_from_creds(context, cred, profile, kvno, &token,
				    &limit);
    if (ret) {
	if (limit != RXKAD_2B_LIMIT_NONE)
	    explain_limit(context, ret, cred, cell, profile, limit);
	return ret;
    }
    if (token->warnings & RXKAD_2B_WARN_LONG)
	krb5_warnx(context, "the token for the cell %s has %lu octets: "
		   "servers of OpenAFS do not answer to one of more than %d",
		   cell,
		   (unsigned long)token->data.length, RXKAD_2B_LONG_TOKEN);
    set_token(kt, uid, token->kvno, token->session_key, token->start,
	      token->end, &token->data);
    rxkad_2b_token_free(token);
    return 0;
}

/*
 * The encryption type of the session key of what a server converted: the
 * ticket, or one with a DES key that was got in its place.
 */
static krb5_enctype
session_enctype(const krb5_creds *cred, const struct credentials *v4)
{
    unsigned char key[RXKAD_2B_KEY_LENGTH];
    krb5_enctype enctype = ETYPE_DES_CBC_CRC;

    if (rxkad_2b_derive_key(cred->session.keytype,
			    cred->session.keyvalue.data,
			    cred->session.keyvalue.length, key) == 0 &&
	ct_memcmp(key, v4->session, sizeof(key)) == 0)
	enctype = cred->session.keytype;
    memset_s(key, sizeof(key), 0, sizeof(key));
    return enctype;
}

/*
 * Whether a server's token is one, and keeps to the profile.
 */
static krb5_error_code
check_converted(const krb5_creds *cred, const struct credentials *v4,
		rxkad_2b_profile profile)
{
    rxkad_2b_sealed sealed;
    krb5_error_code ret;

    if (v4->kvno != RXKAD_2B_KVNO)
	return 0;		/* a ticket of Kerberos 4 cannot be read */
    ret = rxkad_2b_parse(v4->ticket_st.dat, v4->ticket_st.length, v4->kvno,
			 &sealed);
    if (ret)
	return ret;
    if (rxkad_2b_check_limits(profile, v4->ticket_st.length, sealed.etype,
			      session_enctype(cred, v4))
	!= RXKAD_2B_LIMIT_NONE)
	return RXKAD_2B_ERR_BADTICKET;
    return 0;
}

/*
 * What a krb524 server makes of the ticket.
 */
static krb5_error_code
make_by_server(krb5_context context, krb5_ccache id, krb5_creds *cred,
	       uid_t uid, rxkad_2b_profile profile, struct kafs_token *kt)
{
    struct credentials v4;
    krb5_error_code ret;
    krb5_data ticket;

    krb5_data_zero(&ticket);
    if (id != NULL)
	ret = krb524_convert_creds_kdc_ccache(context, id, cred, &v4);
    else
	ret = krb524_convert_creds_kdc(context, cred, &v4);
    if (ret == 0)
	ret = check_converted(cred, &v4, profile);
    if (ret == 0)
	ret = krb5_data_copy(&ticket, v4.ticket_st.dat, v4.ticket_st.length);
    if (ret == 0)
	set_token(kt, uid, v4.kvno, (unsigned char *)v4.session,
		  v4.issue_date, cred->times.endtime, &ticket);
    memset_s(&v4, sizeof(v4), 0, sizeof(v4));	/* the session key */
    return ret;
}

/**
 * Make the token of a cell.
 *
 * @param context a Kerberos 5 context, which gets the message of an error
 * @param id where a krb524 server's other ticket comes from; may be NULL
 * @param cred the ticket for the cell; not changed
 * @param uid whose token it is
 * @param cell the cell
 * @param kt the token; free its ticket with free() on success, NULL otherwise
 *
 * @return 0 or an error
 */
krb5_error_code
_kafs_rxkad_make_token(krb5_context context, krb5_ccache id, krb5_creds *cred,
		       uid_t uid, const char *cell, struct kafs_token *kt)
{
    struct kafs_rxkad_settings settings;
    krb5_error_code ret;

    kt->ticket = NULL;
    ret = _kafs_rxkad_get_settings(context, cell, &settings);
    if (ret)
	return ret;
    if (settings.use_524 == KAFS_NATIVE_K5)
	return make_local(context, cred, uid, cell, settings.profile,
			  RXKAD_2B_KVNO_TICKET, kt);
    if (settings.use_524 == KAFS_SERVER_524 &&
	make_by_server(context, id, cred, uid, settings.profile, kt) == 0)
	return 0;
    return make_local(context, cred, uid, cell, settings.profile,
		      RXKAD_2B_KVNO, kt);
}
