/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A request to the krb524 service: database, keys, log.  What a ticket may
 * become is decide.c, what it becomes reencrypt.c, what is sent reply.c.
 *
 * The ticket is always decrypted, also to return it unchanged: who has no
 * valid ticket of this realm gets nothing.  A datagram is not answered before
 * that, since anybody can write a sender's address on it.
 */

#include "kdc_locl.h"
#include "krb524/convert.h"

/* One request; what it owns is freed by free_conversion(). */
struct conversion {
    krb5_context context;
    krb5_kdc_configuration *config;
    const struct sockaddr *addr;	/* of who asks */
    const Ticket *ticket;
    char *client_name;			/* for the log, or NULL */
    char *server_name;			/* the same */
    hdb_entry_ex *server;
    const char *realm;			/* alias into server: its realm */
    hdb_entry_ex *other;		/* whose key is taken, or NULL */
    Key *key;				/* alias into server or other */
    krb5_kvno kvno;			/* of key */
    krb5_boolean opened;		/* part is valid */
    EncTicketPart part;
    struct kdc_krb524_policy policy;
    EncryptedData token;
    const char *why;			/* what is wrong, for the log */
};

/**
 * Read what krb5.conf(5) says of the service: [kdc] enable-524 (FALSE).
 *
 * @param context a Kerberos 5 context
 * @param config where it goes
 */
void
_kdc_krb524_config(krb5_context context, krb5_kdc_configuration *config)
{
    config->enable_524 =
	krb5_config_get_bool_default(context, NULL, FALSE, "kdc",
				     "enable-524", NULL);
}

/*
 * Free a ticket's part, and leave nothing of the session key.
 */
static void
free_part(EncTicketPart *part)
{
    memset_s(part->key.keyvalue.data, part->key.keyvalue.length, 0,
	     part->key.keyvalue.length);
    free_EncTicketPart(part);
}

/*
 * Name a principal for the log; no name if that fails.
 */
static char *
unparse(krb5_context context, krb5_const_principal principal)
{
    char *name;

    if (krb5_unparse_name(context, principal, &name) != 0)
	return NULL;
    return name;
}

/*
 * What the client is told of an error of the database.
 */
static krb5_error_code
database_error(krb5_error_code ret, krb5_error_code unknown)
{
    switch (ret) {
    case HDB_ERR_NOENTRY:
    case HDB_ERR_WRONG_REALM:
    case HDB_ERR_NOT_FOUND_HERE:
	return unknown;
    default:
	return KRB5KRB_ERR_GENERIC;
    }
}

static krb5_error_code
fetch(struct conversion *c, krb5_const_principal principal, unsigned flags,
      hdb_entry_ex **entry)
{
    krb5_error_code ret;

    ret = _kdc_db_fetch(c->context, c->config, principal, flags, NULL, NULL,
			entry);
    if (ret && *entry != NULL) {	/* HDB_ERR_WRONG_REALM */
	_kdc_free_ent(c->context, *entry);
	*entry = NULL;
    }
    return ret;
}

/*
 * Find the service.  What is never converted is refused before any key is
 * touched, under the name in the ticket and under that in the database, which
 * may know aliases.
 */
static krb5_error_code
find_server(struct conversion *c)
{
    krb5_principal principal;
    krb5_error_code ret;

    c->why = "these tickets are never converted";
    if (_kdc_krb524_is_never(&c->ticket->sname))
	return KRB5KDC_ERR_POLICY;
    c->why = "the service is not known";
    ret = _krb5_principalname2krb5_principal(c->context, &principal,
					     c->ticket->sname,
					     c->ticket->realm);
    if (ret)
	return ret;
    c->server_name = unparse(c->context, principal);
    ret = fetch(c, principal, HDB_F_GET_SERVER | HDB_F_CANON, &c->server);
    krb5_free_principal(c->context, principal);
    if (ret)
	return database_error(ret, KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN);
    c->why = "these tickets are never converted";
    if (_kdc_krb524_is_never(&c->server->entry.principal->name))
	return KRB5KDC_ERR_POLICY;
    /* that in the ticket is not protected, and may be an alias's */
    c->realm = krb5_principal_get_realm(c->context,
					c->server->entry.principal);
    return 0;
}

/*
 * Enable an encryption type that is disabled, if the KDC makes an exception
 * for the service.  Returns whether it has to be disabled again.
 */
static krb5_boolean
enable_exception(struct conversion *c, const hdb_entry_ex *service,
		 krb5_enctype enctype)
{
    if (krb5_enctype_valid(c->context, enctype) == 0 ||
	!_kdc_is_weak_exception(service->entry.principal, enctype))
	return FALSE;
    return krb5_enctype_enable(c->context, enctype) == 0;
}

static krb5_error_code
decrypt_part(krb5_context context, const EncryptedData *sealed,
	     const krb5_keyblock *key, EncTicketPart *part)
{
    krb5_crypto crypto;
    krb5_error_code ret;
    krb5_data plain;

    ret = krb5_crypto_init(context, key, ETYPE_NULL, &crypto);
    if (ret)
	return ret;
    ret = krb5_decrypt_EncryptedData(context, crypto, KRB5_KU_TICKET, sealed,
				     &plain);
    krb5_crypto_destroy(context, crypto);
    if (ret)
	return ret;
    /* the older encryption types leave their padding behind it */
    ret = decode_EncTicketPart(plain.data, plain.length, part, NULL);
    memset_s(plain.data, plain.length, 0, plain.length);
    krb5_data_free(&plain);
    return ret;
}

/*
 * Decrypt the ticket with the key of the version that it names, the current
 * ones if it names none.
 */
static krb5_error_code
open_ticket(struct conversion *c)
{
    const EncryptedData *sealed = &c->ticket->enc_part;
    const hdb_entry *server = &c->server->entry;
    krb5_error_code ret = KRB5KDC_ERR_ETYPE_NOSUPP;
    const Keys *keys = NULL;	/* the current ones */
    krb5_boolean enabled;

    c->kvno = server->kvno;
    c->why = "no key of the service's opens the ticket";
    if (sealed->kvno != NULL && *sealed->kvno != 0 &&
	(krb5_kvno)*sealed->kvno != c->kvno) {
	c->kvno = *sealed->kvno;
	keys = hdb_kvno2keys(c->context, server, c->kvno);
	if (keys == NULL)
	    return KRB5KRB_AP_ERR_BADKEYVER;
    }
    enabled = enable_exception(c, c->server, sealed->etype);
    while (!c->opened &&
	   hdb_next_enctype2key(c->context, server, keys, sealed->etype,
				&c->key) == 0) {
	ret = decrypt_part(c->context, sealed, &c->key->key, &c->part);
	c->opened = ret == 0;
    }
    if (enabled)
	(void)krb5_enctype_disable(c->context, sealed->etype); /* is known */
    if (ret == 0 || ret == KRB5KDC_ERR_ETYPE_NOSUPP || ret == ENOMEM)
	return ret;
    return KRB5KRB_AP_ERR_BAD_INTEGRITY;
}

static void
free_realms(char **realms, unsigned int num)
{
    unsigned int i;

    for (i = 0; i < num; i++)
	free(realms[i]);
    free(realms);
}

/*
 * Whether the realms between the client's and the service's are allowed; a KDC
 * of the service's realm may have looked at them already.
 */
static krb5_error_code
check_transited(krb5_context context, const EncTicketPart *part,
		const char *server_realm)
{
    const TransitedEncoding *tr = &part->transited;
    krb5_error_code ret;
    unsigned int num;
    char **realms;

    if (part->flags.transited_policy_checked ||
	strcmp(part->crealm, server_realm) == 0)
	return 0;
    if (tr->tr_type != DOMAIN_X500_COMPRESS &&
	(tr->tr_type != 0 || tr->contents.length != 0))
	return KRB5KDC_ERR_TRTYPE_NOSUPP;
    ret = krb5_domain_x500_decode(context, tr->contents, &realms, &num,
				  part->crealm, server_realm);
    if (ret)
	return KRB5KRB_AP_ERR_ILL_CR_TKT;
    ret = krb5_check_transited(context, part->crealm, server_realm, realms,
			       num, NULL);
    free_realms(realms, num);
    krb5_clear_error_message(context);
    return ret;
}

/*
 * Whether client and service may still have tickets.  A client of another
 * realm need not be in the database.
 */
static krb5_error_code
check_principals(struct conversion *c)
{
    hdb_entry_ex *client = NULL;
    krb5_principal principal;
    krb5_error_code ret;

    c->why = "the client is not known";
    ret = _krb5_principalname2krb5_principal(c->context, &principal,
					     c->part.cname, c->part.crealm);
    if (ret)
	return ret;
    c->client_name = unparse(c->context, principal);
    ret = fetch(c, principal, HDB_F_GET_CLIENT | HDB_F_CANON, &client);
    krb5_free_principal(c->context, principal);
    if (ret && ret != HDB_ERR_NOT_FOUND_HERE &&
	strcmp(c->part.crealm, c->realm) == 0)
	return database_error(ret, KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN);
    c->why = "client or service may not be used";
    ret = kdc_check_flags(c->context, c->config, client, c->client_name,
			  c->server, c->server_name, FALSE);
    if (client)
	_kdc_free_ent(c->context, client);
    return ret;
}

static krb5_error_code
decide(struct conversion *c)
{
    struct kdc_krb524_facts facts;

    facts.part = &c->part;
    facts.enctype = c->ticket->enc_part.etype;
    facts.address_ok = _kdc_check_addresses(c->context, c->config,
					    c->part.caddr, c->addr);
    facts.transited = check_transited(c->context, &c->part, c->realm);
    facts.now = kdc_time;
    facts.max_skew = c->context->max_skew;
    return _kdc_krb524_decide(&c->policy, &facts, &c->why);
}

/*
 * Find the other principal of the cell's whose key 2b_reencrypt names.
 */
static krb5_error_code
find_other(struct conversion *c)
{
    krb5_error_code ret;

    c->why = "the principal of 2b_reencrypt is not known";
    ret = fetch(c, c->policy.key_of, HDB_F_GET_SERVER, &c->other);
    if (ret)
	return database_error(ret, KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN);
    c->why = "the principal of 2b_reencrypt may not be used";
    if (_kdc_krb524_is_never(&c->other->entry.principal->name))
	return KRB5KDC_ERR_POLICY;
    return kdc_check_flags(c->context, c->config, NULL, NULL, c->other,
			   c->server_name, FALSE);
}

/*
 * The key that the token is encrypted in: what the policy names, else the one
 * that opened the ticket.
 */
static krb5_error_code
choose_key(struct conversion *c)
{
    const krb5_enctype enctype = c->policy.reencrypt;
    krb5_error_code ret;
    hdb_entry_ex *owner;

    if (enctype == (krb5_enctype)ETYPE_NULL)
	return 0;
    if (c->policy.key_of != NULL) {
	ret = find_other(c);
	if (ret)
	    return ret;
    }
    owner = c->other ? c->other : c->server;
    if (krb5_enctype_valid(c->context, enctype) != 0 &&
	!_kdc_is_weak_exception(owner->entry.principal, enctype)) {
	c->why = "the encryption type of 2b_reencrypt is disabled";
	return KRB5KDC_ERR_ETYPE_NOSUPP;
    }
    if (hdb_enctype2key(c->context, &owner->entry, NULL, enctype,
			&c->key) != 0) {
	c->why = "there is no key of the type of 2b_reencrypt";
	return KRB5KDC_ERR_ETYPE_NOSUPP;
    }
    c->kvno = owner->entry.kvno;
    return 0;
}

/*
 * Make the token: the ticket's encrypted part as it is, unless the policy
 * wants something done to it.
 */
static krb5_error_code
make_token(struct conversion *c)
{
    krb5_boolean enabled;
    krb5_error_code ret;
    EncTicketPart less;

    c->why = "out of memory";
    if (!c->policy.strip && c->policy.reencrypt == (krb5_enctype)ETYPE_NULL)
	return copy_EncryptedData(&c->ticket->enc_part, &c->token);
    ret = choose_key(c);
    if (ret == 0)
	ret = _kdc_krb524_strip(&c->part, &less, &c->why);
    if (ret)
	return ret;
    c->why = "the token cannot be encrypted";
    enabled = enable_exception(c, c->other ? c->other : c->server,
			       c->key->key.keytype);
    ret = _kdc_krb524_seal(c->context, &c->key->key, c->kvno, &less,
			   &c->token);
    if (enabled)
	(void)krb5_enctype_disable(c->context, c->key->key.keytype);
    free_part(&less);
    return ret;
}

/*
 * Turn the ticket into the octets of a token.
 */
static krb5_error_code
convert(struct conversion *c, krb5_data *octets)
{
    krb5_error_code ret;
    size_t len = 0;

    c->why = "not a ticket of version 5";
    if (c->ticket->tkt_vno != 5)
	return KRB5KRB_AP_ERR_BADVERSION;
    ret = find_server(c);
    if (ret == 0)
	ret = open_ticket(c);
    if (ret == 0)
	ret = _kdc_krb524_get_policy(c->context, c->server->entry.principal,
				     &c->policy, &c->why);
    if (ret == 0)
	ret = check_principals(c);
    if (ret == 0)
	ret = decide(c);
    if (ret == 0)
	ret = make_token(c);
    if (ret)
	return ret;
    ASN1_MALLOC_ENCODE(EncryptedData, octets->data, octets->length, &c->token,
		       &len, ret);
    if (ret)
	return ret;
    return _kdc_krb524_check_length(&c->policy, octets->length, &c->why);
}

/*
 * Whether a reply may be sent.  There is no reply that tells a client to ask
 * on a stream: it does so when it gets none.
 */
static krb5_boolean
may_answer(const struct conversion *c, int datagram_reply, size_t length)
{
    return !datagram_reply ||
	(c->opened && length <= c->config->max_datagram_reply_length);
}

/*
 * One line a request.
 */
static void
log_conversion(const struct conversion *c, const char *from,
	       krb5_error_code status, size_t length, krb5_boolean answered)
{
    const char *client = c->client_name ? c->client_name : "<unknown>";
    const char *server = c->server_name ? c->server_name : "<unknown>";
    const char *silent = answered ? "" : ", not answered";

    if (status)
	kdc_log(c->context, c->config, 0,
		"krb524 %s from %s for %s refused: %s (%d)%s",
		client, from, server, c->why, (int)status, silent);
    else
	kdc_log(c->context, c->config, 0,
		"krb524 %s from %s for %s: 2b token of %lu octets, "
		"enctype %d, kvno %d%s", client, from, server,
		(unsigned long)length, (int)c->token.etype,
		c->token.kvno ? (int)*c->token.kvno : 0, silent);
}

static void
free_conversion(struct conversion *c)
{
    free(c->client_name);
    free(c->server_name);
    if (c->opened)
	free_part(&c->part);
    if (c->server)
	_kdc_free_ent(c->context, c->server);
    if (c->other)
	_kdc_free_ent(c->context, c->other);
    _kdc_krb524_free_policy(c->context, &c->policy);
    free_EncryptedData(&c->token);
    krb5_clear_error_message(c->context);
}

/**
 * The krb524 service, as struct krb5_kdc_service wants it.  What is no Ticket
 * is not claimed, and so not answered; with the service switched off that is
 * everything.
 *
 * @param context a Kerberos 5 context
 * @param config the KDC's configuration
 * @param req_buffer the request
 * @param reply the reply, free with krb5_data_free(); empty for no answer
 * @param from who asks, for the log
 * @param addr who asks
 * @param datagram_reply whether it is a datagram
 * @param claim set to 1 if the request is for this service
 *
 * @return 0, or an error if there is no answer for want of memory or because
 *         the request is not claimed
 */
krb5_error_code
_kdc_krb524_process(krb5_context context, krb5_kdc_configuration *config,
		    krb5_data *req_buffer, krb5_data *reply, const char *from,
		    struct sockaddr *addr, int datagram_reply, int *claim)
{
    krb5_error_code status, ret;
    krb5_boolean answered;
    struct conversion c;
    krb5_data octets;
    Ticket ticket;
    size_t len;

    if (!config->enable_524)
	return KRB5KDC_ERR_SVC_UNAVAILABLE;
    ret = decode_Ticket(req_buffer->data, req_buffer->length, &ticket, &len);
    if (ret)
	return ret;
    if (len != req_buffer->length) {
	free_Ticket(&ticket);
	return ASN1_EXTRA_DATA;
    }
    *claim = 1;

    memset(&c, 0, sizeof(c));
    c.context = context;
    c.config = config;
    c.addr = addr;
    c.ticket = &ticket;
    krb5_data_zero(&octets);
    status = convert(&c, &octets);
    ret = _kdc_krb524_encode_reply(status, &octets, reply);
    answered = ret == 0 && may_answer(&c, datagram_reply, reply->length);
    log_conversion(&c, from, status, octets.length, answered);
    if (!answered)
	krb5_data_free(reply);
    krb5_data_free(&octets);
    free_conversion(&c);
    free_Ticket(&ticket);
    return ret;
}
