/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A server's verdict on a token.
 *
 *     length -> number -> DER -> enctype -> key -> decryption -> content.c
 *
 * Each step ends the check with its reason.  A Kerberos 4 ticket is looked
 * for where the number is a version of a key, and with 213 where DER is not
 * (document: "servers MUST NOT treat a token having kvno 213 as a Kerberos
 * version 4 ticket before attempting and failing to decode it").
 */

#include "rxkad_2b_locl.h"

struct rxkad_2b_server {
    rxkad_2b_get_key_func get_key;
    void *data;				/* alias */
    unsigned int flags;
    rxkad_2b_profile profile;
    char *realm;			/* NULL: the default realm */
};

/* The versions that a Kerberos 4 ticket can have. */
#define MAX_KRB4_KVNO	255

krb5_error_code
rxkad_2b_server_alloc(krb5_context context, rxkad_2b_get_key_func get_key,
		      void *data, rxkad_2b_server **server)
{
    rxkad_2b_server *s;

    *server = NULL;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
	return krb5_enomem(context);
    s->get_key = get_key;
    s->data = data;
    s->profile = RXKAD_2B_MODERN;
    *server = s;
    return 0;
}

void
rxkad_2b_server_free(rxkad_2b_server *server)
{
    if (server == NULL)
	return;
    free(server->realm);
    free(server);
}

void
rxkad_2b_server_set_flags(rxkad_2b_server *server, unsigned int flags)
{
    server->flags = flags;
}

void
rxkad_2b_server_set_profile(rxkad_2b_server *server, rxkad_2b_profile profile)
{
    server->profile = profile;
}

krb5_error_code
rxkad_2b_server_set_realm(rxkad_2b_server *server, const char *realm)
{
    char *copy = NULL;

    if (realm != NULL) {
	copy = strdup(realm);
	if (copy == NULL)
	    return ENOMEM;
    }
    free(server->realm);
    server->realm = copy;
    return 0;
}

/*
 * Whether the profile and the library have the enctype of the service's key.
 */

static rxkad_2b_reason
check_service_etype(krb5_context context, const rxkad_2b_server *server,
		    size_t length, krb5_enctype etype)
{
    if (rxkad_2b_check_limits(server->profile, length, etype, ETYPE_NULL)
	!= RXKAD_2B_LIMIT_NONE)
	return RXKAD_2B_SERVICE_ENCTYPE;
    if (krb5_enctype_valid(context, etype) == 0)
	return RXKAD_2B_OK;
    krb5_clear_error_message(context);
    return _rxkad_2b_is_des(etype) ? RXKAD_2B_WEAK_ENCTYPE
	: RXKAD_2B_SERVICE_ENCTYPE;
}

/*
 * Finds the service's key: of version 0 if none is said, as OpenAFS does.
 */

static krb5_error_code
find_key(krb5_context context, const rxkad_2b_server *server,
	 const rxkad_2b_sealed *sealed, krb5_keyblock *key)
{
    krb5_error_code ret;

    memset(key, 0, sizeof(*key));
    ret = server->get_key(context, server->data, &sealed->service_kvno,
			  sealed->etype, key);
    if (ret != 0 && !sealed->has_kvno &&
	(server->flags & RXKAD_2B_NEWEST_KEY) != 0) {
	memset(key, 0, sizeof(*key));
	ret = server->get_key(context, server->data, NULL, sealed->etype, key);
    }
    if (ret)
	memset(key, 0, sizeof(*key));
    return ret;
}

/*
 * Decrypts with a key that is for this enctype, or for another of single
 * DES.  `plain' is krb5_data_free()'s on success.
 */

static krb5_error_code
decrypt(krb5_context context, const rxkad_2b_sealed *sealed,
	krb5_keyblock *key, krb5_data *plain)
{
    krb5_error_code ret;
    krb5_crypto crypto;

    krb5_data_zero(plain);
    if (_rxkad_2b_is_des(key->keytype) && _rxkad_2b_is_des(sealed->etype))
	key->keytype = sealed->etype;
    if (key->keytype != sealed->etype)
	return KRB5_BAD_ENCTYPE;
    ret = krb5_crypto_init(context, key, sealed->etype, &crypto);
    if (ret)
	return ret;
    ret = krb5_decrypt(context, crypto, KRB5_KU_TICKET, sealed->cipher.data,
		       sealed->cipher.length, plain);
    krb5_crypto_destroy(context, crypto);
    return ret;
}

/*
 * Gets the EncTicketPart of a token; free it with free_part() if
 * RXKAD_2B_OK is returned.
 */

static rxkad_2b_reason
open_part(krb5_context context, const rxkad_2b_server *server,
	  const rxkad_2b_sealed *sealed, EncTicketPart *part)
{
    krb5_error_code ret;
    krb5_keyblock key;
    krb5_data plain;
    size_t used;

    if (find_key(context, server, sealed, &key) != 0)
	return RXKAD_2B_NO_KEY;
    ret = decrypt(context, sealed, &key, &plain);
    krb5_free_keyblock_contents(context, &key);
    if (ret)
	return RXKAD_2B_DECRYPT;
    /* What is behind it is the padding of enctypes that pad. */
    ret = decode_EncTicketPart(plain.data, plain.length, part, &used);
    memset_s(plain.data, plain.length, 0, plain.length);
    krb5_data_free(&plain);
    return ret ? RXKAD_2B_BAD_CONTENT : RXKAD_2B_OK;
}

static void
free_part(EncTicketPart *part)
{
    memset_s(part->key.keyvalue.data, part->key.keyvalue.length, 0,
	     part->key.keyvalue.length);
    free_EncTicketPart(part);
}

/*
 * A token that was read: its key, its content.
 */

static rxkad_2b_reason
check_sealed(krb5_context context, const rxkad_2b_server *server,
	     const rxkad_2b_sealed *sealed, size_t length,
	     struct rxkad_2b_case *c, struct rxkad_2b_client *client)
{
    rxkad_2b_reason reason;
    EncTicketPart part;

    reason = check_service_etype(context, server, length, sealed->etype);
    if (reason)
	return reason;
    reason = open_part(context, server, sealed, &part);
    if (reason)
	return reason;
    if ((c->flags & RXKAD_2B_ANY_TRANSITED) == 0)
	c->transited_ok = _rxkad_2b_transited_ok(context, &part,
						 server->realm);
    reason = _rxkad_2b_decide(context, &part, c, client);
    free_part(&part);
    return reason;
}

/*
 * A Kerberos 4 ticket and its key.
 */

static rxkad_2b_reason
check_krb4(const krb5_keyblock *key, const void *data, size_t length,
	   const struct rxkad_2b_case *c, struct rxkad_2b_client *client)
{
    rxkad_2b_reason reason;
    struct rxkad_2b_krb4 ticket;

    reason = _rxkad_2b_open_krb4(key, data, length, &ticket);
    if (reason == RXKAD_2B_BAD_LENGTH)
	reason = RXKAD_2B_BAD_CONTENT;	/* no multiple of 8: BADTICKET */
    if (reason == RXKAD_2B_OK)
	reason = _rxkad_2b_decide_krb4(&ticket, c, client);
    memset_s(&ticket, sizeof(ticket), 0, sizeof(ticket));
    return reason;
}

/*
 * Whether a token with this number can be a Kerberos 4 ticket: whether there
 * is a key for it, which is krb5_free_keyblock_contents()'s.
 */

static krb5_boolean
find_krb4_key(krb5_context context, const rxkad_2b_server *server,
	      int32_t kvno, krb5_keyblock *key)
{
    if ((server->flags & RXKAD_2B_ALLOW_KRB4) == 0 ||
	kvno < 0 || kvno > MAX_KRB4_KVNO)
	return FALSE;
    memset(key, 0, sizeof(*key));
    return server->get_key(context, server->data, &kvno, ETYPE_DES_CBC_CRC,
			   key) == 0;
}

/*
 * The whole check.  The members of `r' that say what the token is are set on
 * the way.
 */

static rxkad_2b_reason
check_token(krb5_context context, const rxkad_2b_server *server,
	    int32_t kvno, const void *data, size_t length,
	    struct rxkad_2b_case *c, rxkad_2b_result *r,
	    struct rxkad_2b_client *client)
{
    rxkad_2b_reason reason;
    rxkad_2b_sealed sealed;
    krb5_keyblock key;
    krb5_error_code ret;

    if (length < RXKAD_2B_MIN_LENGTH || length >
	(size_t)(server->profile == RXKAD_2B_MODERN ? RXKAD_2B_MAX_LENGTH
		 : RXKAD_2B_MAX_LENGTH_STRICT))
	return RXKAD_2B_BAD_LENGTH;

    ret = rxkad_2b_parse(data, length, kvno, &sealed);
    if (ret == 0) {
	r->type = kvno == RXKAD_2B_KVNO ? RXKAD_2B_TYPE_ENC_PART
	    : RXKAD_2B_TYPE_TICKET;
	r->service_etype = sealed.etype;
	r->service_kvno = sealed.service_kvno;
	r->warnings = rxkad_2b_warnings(length, sealed.etype);
	return check_sealed(context, server, &sealed, length, c, client);
    }
    if (find_krb4_key(context, server, kvno, &key)) {
	r->type = RXKAD_2B_TYPE_KRB4;
	r->service_etype = ETYPE_DES_CBC_CRC;
	r->service_kvno = kvno;
	r->warnings = rxkad_2b_warnings(length, ETYPE_DES_CBC_CRC);
	reason = check_krb4(&key, data, length, c, client);
	krb5_free_keyblock_contents(context, &key);
	return reason;
    }
    if (kvno != RXKAD_2B_KVNO && kvno != RXKAD_2B_KVNO_TICKET)
	return (server->flags & RXKAD_2B_ALLOW_KRB4) ? RXKAD_2B_NO_KEY
	    : RXKAD_2B_UNKNOWN_KVNO;
    if (ret == RXKAD_2B_ERR_BADTICKET)
	return RXKAD_2B_BAD_VERSION;
    r->code = ret;
    return ret == ASN1_EXTRA_DATA ? RXKAD_2B_TRAILING_OCTETS
	: RXKAD_2B_NOT_DER;
}

/*
 * Who the token is of, for the result.
 */

static void
tell_client(rxkad_2b_result *r, const struct rxkad_2b_client *client)
{
    memcpy(r->name, client->name.name, sizeof(r->name));
    memcpy(r->instance, client->name.instance, sizeof(r->instance));
    memcpy(r->cell, client->name.cell, sizeof(r->cell));
    memcpy(r->session_key, client->session_key, sizeof(r->session_key));
    r->session_etype = client->session_etype;
    r->host = client->host;
    r->start = client->start;
    r->end = client->end;
}

krb5_error_code
rxkad_2b_server_check(krb5_context context, rxkad_2b_server *server,
		      int32_t kvno, const void *data, size_t length,
		      time_t now, const krb5_address *peer,
		      rxkad_2b_result **result)
{
    struct rxkad_2b_client client;
    struct rxkad_2b_case c;
    rxkad_2b_result *r;
    krb5_error_code code;

    *result = NULL;
    r = calloc(1, sizeof(*r));
    if (r == NULL) {
	(void)krb5_enomem(context);
	return _rxkad_2b_reason_code(RXKAD_2B_INTERNAL);
    }
    memset(&c, 0, sizeof(c));
    c.flags = server->flags;
    c.profile = server->profile;
    c.now = now;
    c.peer = peer;

    memset(&client, 0, sizeof(client));
    r->reason = check_token(context, server, kvno, data, length, &c, r,
			    &client);
    if (r->code == 0)
	r->code = _rxkad_2b_reason_code(r->reason);
    if (r->code == 0)
	tell_client(r, &client);
    memset_s(&client, sizeof(client), 0, sizeof(client));

    code = r->code;
    *result = r;
    return code;
}

void
rxkad_2b_result_free(rxkad_2b_result *result)
{
    if (result == NULL)
	return;
    memset_s(result, sizeof(*result), 0, sizeof(*result));
    free(result);
}
