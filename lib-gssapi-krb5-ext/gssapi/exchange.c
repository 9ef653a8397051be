/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The state of one exchange; see exchange.h.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/*
 * [gssapi] extra_context_tokens (TRUE), and for one role
 * extra_context_tokens_initiator or extra_context_tokens_acceptor (D29).
 */
int
_gsskrb5_ext_enabled(krb5_context context, int initiator)
{
    krb5_boolean both;

    both = krb5_config_get_bool_default(context, NULL, TRUE, "gssapi",
					"extra_context_tokens", NULL);
    return krb5_config_get_bool_default(context, NULL, both, "gssapi",
					initiator ?
					"extra_context_tokens_initiator" :
					"extra_context_tokens_acceptor", NULL);
}

/*
 * The exchange of a context, made at the first call.  NULL without memory.
 */
struct gsskrb5_ext_exchange *
_gsskrb5_ext_exchange(krb5_context context, gsskrb5_ctx ctx)
{
    if (ctx->ext == NULL) {
	ctx->ext = calloc(1, sizeof(*ctx->ext));
	if (ctx->ext == NULL)
	    return NULL;
	ctx->ext->enabled =
	    _gsskrb5_ext_enabled(context, ctx->state == INITIATOR_START ||
				 ctx->state == INITIATOR_RESTART);
    }
    return ctx->ext;
}

/*
 * Whom the ticket of the AP-REQ is for, in the ticket's own words: have it in
 * ext->server.
 */
krb5_error_code
_gsskrb5_ext_read_server(krb5_context context,
			 struct gsskrb5_ext_exchange *ext)
{
    if (ext->server != NULL)
	return 0;
    return _krb5_principalname2krb5_principal(context, &ext->server,
					      ext->ap_req.ticket.sname,
					      ext->ap_req.ticket.realm);
}

/*
 * Forget the AP-REQ and what is known of it; there may be none.
 */
static void
forget_ap_req(krb5_context context, struct gsskrb5_ext_exchange *ext)
{
    _krb5_ext_forget(context, &ext->known);
    free_AP_REQ(&ext->ap_req);
    memset(&ext->ap_req, 0, sizeof(ext->ap_req));
    krb5_free_principal(context, ext->server);
    ext->server = NULL;
    krb5_data_free(&ext->ticket);
}

/*
 * Where the fields of an AP-REQ are (RFC 4120 5.5.1), without their tags;
 * aliases into its octets.
 */
struct fields {
    heim_octet_string options, ticket, authenticator;
};

/*
 * Take the element at the head of rest, which has to be constructed and to
 * have that tag.
 */
static int
take(heim_octet_string *rest, Der_class class, unsigned int tag,
     heim_octet_string *inside)
{
    size_t length, head;
    Der_type type;

    if (der_match_tag_and_length(rest->data, rest->length, class, &type, tag,
				 &length, &head) ||
	type != CONS || length > rest->length - head)
	return 0;
    inside->data = (unsigned char *)rest->data + head;
    inside->length = length;
    rest->data = (unsigned char *)inside->data + length;
    rest->length -= head + length;
    return 1;
}

/*
 * Returns 0 for what is not written in the usual way; that may be an AP-REQ
 * all the same.
 */
static int
find_fields(const krb5_data *octets, struct fields *fields)
{
    /* pvno, msg-type */
    static unsigned char head[] = { 0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 14 };
    const heim_octet_string usual = { sizeof(head), head };
    heim_octet_string rest = *octets, inside, begin;

    memset(fields, 0, sizeof(*fields));
    if (!take(&rest, ASN1_C_APPL, 14, &inside) || rest.length != 0)
	return 0;
    rest = inside;
    if (!take(&rest, ASN1_C_UNIV, UT_Sequence, &inside) || rest.length != 0)
	return 0;
    rest = inside;
    if (rest.length < sizeof(head))
	return 0;
    begin = rest;
    begin.length = sizeof(head);
    rest.data = (unsigned char *)rest.data + sizeof(head);
    rest.length -= sizeof(head);
    return der_heim_octet_string_cmp(&begin, &usual) == 0 &&
	take(&rest, ASN1_C_CONTEXT, 2, &fields->options) &&
	take(&rest, ASN1_C_CONTEXT, 3, &fields->ticket) &&
	take(&rest, ASN1_C_CONTEXT, 4, &fields->authenticator) &&
	rest.length == 0;
}

/*
 * The content of the options: 32 bits, none of them unused.
 */
static int
read_options(const heim_octet_string *der, uint32_t *options)
{
    const unsigned char *p = der->data;

    if (der->length != 7 || p[0] != UT_BitString || p[1] != 5 || p[2] != 0)
	return 0;
    *options = (uint32_t)p[3] << 24 | (uint32_t)p[4] << 16 |
	(uint32_t)p[5] << 8 | p[6];
    return 1;
}

/*
 * As the decoder has them.
 */
static void
set_options(APOptions *decoded, uint32_t options)
{
    decoded->reserved = options >> 31;
    decoded->use_session_key =
	(options & GSSKRB5_EXT_WIRE_USE_SESSION_KEY) != 0;
    decoded->mutual_required =
	(options & GSSKRB5_EXT_WIRE_MUTUAL_REQUIRED) != 0;
    decoded->continue_needed_ok =
	(options & KRB5_EXT_WIRE_CONTINUE_NEEDED_OK) != 0;
}

/*
 * If the ticket is the one before's, octet for octet, what that was decoded to
 * stays, and only options and Authenticator are new.  Returns 0 and has
 * changed nothing if it is another, or the Authenticator is not encrypted.
 */
static int
read_repeated(struct gsskrb5_ext_exchange *ext, const struct fields *fields,
	      uint32_t options)
{
    EncryptedData authenticator;
    size_t size = 0;

    if (ext->ticket.length == 0 ||
	der_heim_octet_string_cmp(&fields->ticket, &ext->ticket) != 0)
	return 0;
    if (decode_EncryptedData(fields->authenticator.data,
			     fields->authenticator.length, &authenticator,
			     &size))
	return 0;
    if (size != fields->authenticator.length) {
	free_EncryptedData(&authenticator);
	return 0;
    }
    free_EncryptedData(&ext->ap_req.authenticator);
    ext->ap_req.authenticator = authenticator;
    ext->options = options;
    set_options(&ext->ap_req.ap_options, options);
    return 1;
}

/*
 * Another ticket comes: have whom the first was for, if that counts.
 */
static krb5_error_code
keep_server(krb5_context context, struct gsskrb5_ext_exchange *ext)
{
    krb5_error_code ret;

    if (ext->first.client == NULL || ext->first.server != NULL)
	return 0;
    ret = _gsskrb5_ext_read_server(context, ext);
    if (ret == 0) {
	ext->first.server = ext->server;	/* steal */
	ext->server = NULL;
    }
    return ret;
}

static krb5_error_code
check_ap_req(const AP_REQ *req, size_t size, size_t length)
{
    if (size != length)
	return ASN1_EXTRA_DATA;
    if (req->pvno != 5 || req->ticket.tkt_vno != 5)
	return KRB5KRB_AP_ERR_BADVERSION;
    if (req->msg_type != krb_ap_req)
	return KRB5KRB_AP_ERR_MSG_TYPE;
    return 0;
}

/*
 * Decode what is one AP-REQ of Kerberos 5 and nothing else, in the place of
 * the one before.  octets have to stay until the mechanism's call returns.
 */
krb5_error_code
_gsskrb5_ext_read_ap_req(krb5_context context,
			 struct gsskrb5_ext_exchange *ext,
			 const krb5_data *octets)
{
    struct fields fields;
    krb5_error_code ret;
    uint32_t options;
    int is_usual;
    size_t size;

    is_usual = find_fields(octets, &fields) &&
	read_options(&fields.options, &options);
    krb5_data_zero(&ext->seen);
    if (is_usual)
	ext->seen = fields.ticket;		/* alias */
    ext->repeated = is_usual && read_repeated(ext, &fields, options);
    if (ext->repeated)
	return 0;
    ret = keep_server(context, ext);
    if (ret)
	return ret;
    forget_ap_req(context, ext);
    ret = decode_AP_REQ(octets->data, octets->length, &ext->ap_req, &size);
    if (ret) {
	memset(&ext->ap_req, 0, sizeof(ext->ap_req));
	return ret;
    }
    ret = check_ap_req(&ext->ap_req, size, octets->length);
    if (ret == 0 && !is_usual)
	ret = _krb5_ext_read_ap_options(context, octets, &options);
    if (ret)
	forget_ap_req(context, ext);
    else
	ext->options = options;
    return ret;
}

/*
 * The ticket of this AP-REQ is to come again: remember its octets.
 */
krb5_error_code
_gsskrb5_ext_keep_ticket(krb5_context context,
			 struct gsskrb5_ext_exchange *ext)
{
    krb5_data_free(&ext->ticket);
    if (ext->seen.length != 0 &&
	krb5_data_copy(&ext->ticket, ext->seen.data, ext->seen.length))
	return krb5_enomem(context);
    return 0;
}

/*
 * Forget the session key of an AP-REQ, as a cipher; there may be none.
 */
void
_gsskrb5_ext_forget_session(krb5_context context,
			    struct gsskrb5_ext_exchange *ext)
{
    if (ext->session)
	krb5_crypto_destroy(context, ext->session);
    ext->session = NULL;
}

/*
 * Free what has keys in it, a KRB-CRED that is not encrypted for one.
 */
void
_gsskrb5_ext_wipe(krb5_data *data)
{
    if (data->length != 0)
	memset_s(data->data, data->length, 0, data->length);
    krb5_data_free(data);
}

/*
 * Forget what the first Authenticator has settled.
 */
void
_gsskrb5_ext_forget_first(krb5_context context,
			  struct gsskrb5_ext_first *first)
{
    krb5_free_principal(context, first->client);
    krb5_free_principal(context, first->server);
    krb5_free_keyblock(context, first->session);
    krb5_free_keyblock(context, first->remote_subkey);
    krb5_free_keyblock(context, first->local_subkey);
    _gsskrb5_ext_wipe(&first->fwd_data);
    memset(first, 0, sizeof(*first));
}

/*
 * Forget what only an unfinished exchange needs; how it went stays.
 */
void
_gsskrb5_ext_done(krb5_context context, struct gsskrb5_ext_exchange *ext)
{
    if (ext == NULL)
	return;
    ext->early.ready = 0;
    krb5_data_free(&ext->challenge);
    krb5_data_free(&ext->second_ticket);
    if (ext->authdata_state != GSSKRB5_EXT_AUTHDATA_RECEIVED)
	krb5_data_free(&ext->authdata);
    forget_ap_req(context, ext);
    _gsskrb5_ext_forget_first(context, &ext->first);
    _krb5_ext_free_peek(context, &ext->peek);
    _gsskrb5_ext_forget_session(context, ext);
    _gsskrb5_ext_forget_own_tgt(context, &ext->own);
}

void
_gsskrb5_ext_free(krb5_context context, struct gsskrb5_ext_exchange *ext)
{
    _gsskrb5_ext_done(context, ext);
    if (ext != NULL) {
	krb5_data_free(&ext->authdata);
	if (ext->early.key)
	    krb5_crypto_destroy(context, ext->early.key);
    }
    free(ext);
}
