/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See second_ticket.h.
 */

#include "kdc_locl.h"
#include "user2user/second_ticket.h"

/**
 * Read what krb5.conf(5) says of user-to-user: [kdc]
 * u2u_error_for_disallow_svr (TRUE).
 *
 * @param context a Kerberos 5 context
 * @param config where it goes
 */
void
_kdc_u2u_config(krb5_context context, krb5_kdc_configuration *config)
{
    config->u2u_error_for_disallow_svr =
	krb5_config_get_bool_default(context, NULL, TRUE, "kdc",
				     "u2u_error_for_disallow_svr", NULL);
}

/*
 * Whether the ticket says that it is a TGT that the realm's own KDC issued for
 * itself: one for or from another realm is opened with a key that others have.
 */
static int
is_own_tgt(const Ticket *t, const char *our_realm)
{
    const PrincipalName *s = &t->sname;

    return strcmp(t->realm, our_realm) == 0 && s->name_string.len == 2 &&
	strcmp(s->name_string.val[0], KRB5_TGS_NAME) == 0 &&
	strcmp(s->name_string.val[1], our_realm) == 0;
}

static int
is_same_name(const PrincipalName *a, const PrincipalName *b)
{
    unsigned int i;

    if (a->name_string.len != b->name_string.len)
	return 0;
    for (i = 0; i < a->name_string.len; i++)
	if (strcmp(a->name_string.val[i], b->name_string.val[i]) != 0)
	    return 0;
    return 1;
}

/*
 * The key of a version, of 0 the current one: a TGT may be older than the last
 * change of keys.
 */
static krb5_error_code
find_key(krb5_context context, const hdb_entry *krbtgt, krb5uint32 kvno,
	 krb5_enctype enctype, Key **key)
{
    const Keys *keys = NULL;	/* the current ones */

    if (kvno != 0 && kvno != krbtgt->kvno) {
	keys = hdb_kvno2keys(context, krbtgt, kvno);
	if (keys == NULL)
	    return KRB5KRB_AP_ERR_BADKEYVER;
    }
    return hdb_enctype2key(context, krbtgt, keys, enctype, key) ?
	KRB5KDC_ERR_ETYPE_NOSUPP : 0;
}

static krb5_error_code
open_tgt(krb5_context context, krb5_kdc_configuration *config, Ticket *t,
	 EncTicketPart *part)
{
    krb5uint32 kvno = t->enc_part.kvno ? *t->enc_part.kvno : 0;
    krb5_principal name = NULL;
    hdb_entry_ex *krbtgt = NULL;
    krb5_error_code ret;
    Key *key;

    ret = _krb5_principalname2krb5_principal(context, &name, t->sname,
					     t->realm);
    if (ret == 0)
	ret = _kdc_db_fetch(context, config, name, HDB_F_GET_KRBTGT, &kvno,
			    NULL, &krbtgt);
    krb5_free_principal(context, name);
    if (ret == HDB_ERR_NOENTRY)
	return KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN;
    if (ret == HDB_ERR_KVNO_NOT_FOUND)
	return KRB5KRB_AP_ERR_BADKEYVER;
    if (ret)
	return ret;
    ret = find_key(context, &krbtgt->entry, kvno, t->enc_part.etype, &key);
    if (ret == 0)
	ret = krb5_decrypt_ticket(context, t, &key->key, part, 0);
    _kdc_free_ent(context, krbtgt);
    return ret;
}

/*
 * What is wrong with an opened second ticket, or 0.
 */
static krb5_error_code
check_tgt(const EncTicketPart *part, const KDC_REQ_BODY *b, const char **why)
{
    if (part->endtime < kdc_time) {
	*why = "has expired";
	return KRB5KRB_AP_ERR_TKT_EXPIRED;
    }
    if (part->flags.invalid) {
	*why = "is not valid";
	return KRB5KRB_AP_ERR_TKT_NYV;
    }
    if (part->flags.anonymous) {
	*why = "is anonymous";
	return KRB5KDC_ERR_POLICY;
    }
    if (b->sname != NULL && (strcmp(part->crealm, b->realm) != 0 ||
			     !is_same_name(&part->cname, b->sname))) {
	*why = "is another client's than the server in the request";
	return KRB5KDC_ERR_SERVER_NOMATCH;
    }
    return 0;
}

/**
 * Open the second ticket of a request with ENC-TKT-IN-SKEY: a TGT, issued by
 * and for this realm, of the principal that the new ticket is for.  If the
 * request names a server, that has to be the TGT's client (RFC 4120 3.3.3);
 * what is asked for must not turn into something else because of a ticket
 * that may come from anybody.
 *
 * @param context a Kerberos 5 context
 * @param config the KDC's configuration
 * @param b the request
 * @param our_realm of the KDC that was asked
 * @param part what is in the ticket; free it with free_EncTicketPart() in each
 *        case
 *
 * @return 0; KRB5KDC_ERR_BADOPTION without a second ticket;
 *         KRB5KDC_ERR_POLICY if it is no such TGT, or is anonymous;
 *         KRB5KDC_ERR_SERVER_NOMATCH; KRB5KRB_AP_ERR_BADKEYVER,
 *         KRB5KDC_ERR_ETYPE_NOSUPP or KRB5KRB_AP_ERR_BAD_INTEGRITY if no key
 *         opens it; KRB5KRB_AP_ERR_TKT_EXPIRED or KRB5KRB_AP_ERR_TKT_NYV; or
 *         an error of the database
 */
krb5_error_code
_kdc_u2u_second_ticket(krb5_context context, krb5_kdc_configuration *config,
		       const KDC_REQ_BODY *b, const char *our_realm,
		       EncTicketPart *part)
{
    const char *why = "cannot be decrypted";
    krb5_error_code ret;
    Ticket *t;

    memset(part, 0, sizeof(*part));
    if (b->additional_tickets == NULL || b->additional_tickets->len == 0) {
	kdc_log(context, config, 0,
		"No second ticket present in request");
	return KRB5KDC_ERR_BADOPTION;
    }
    t = &b->additional_tickets->val[0];
    if (!is_own_tgt(t, our_realm)) {
	kdc_log(context, config, 0,
		"Additional ticket is not a ticket-granting ticket of %s",
		our_realm);
	return KRB5KDC_ERR_POLICY;
    }
    ret = open_tgt(context, config, t, part);
    if (ret == 0)
	ret = check_tgt(part, b, &why);
    if (ret)
	kdc_log(context, config, 0, "Additional ticket %s", why);
    return ret;
}

/**
 * Check the flags of client and server of a request to the TGS.  A principal
 * that may not act as server may, in user-to-user: nobody can try passwords on
 * a ticket that is not encrypted in its key.
 *
 * @param context a Kerberos 5 context
 * @param config the KDC's configuration
 * @param b the request
 * @param client may be NULL
 * @param client_name for the log
 * @param server the database's entry; unchanged
 * @param server_name for the log
 *
 * @return as kdc_check_flags()
 */
krb5_error_code
_kdc_u2u_check_flags(krb5_context context, krb5_kdc_configuration *config,
		     const KDC_REQ_BODY *b,
		     hdb_entry_ex *client, const char *client_name,
		     hdb_entry_ex *server, const char *server_name)
{
    const HDBFlags flags = server->entry.flags;
    krb5_error_code ret;

    if (b->kdc_options.enc_tkt_in_skey)
	server->entry.flags.server = 1;
    ret = kdc_check_flags(context, config, client, client_name,
			  server, server_name, FALSE);
    server->entry.flags = flags;
    return ret;
}
