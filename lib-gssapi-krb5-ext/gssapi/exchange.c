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
 * Forget the AP-REQ; there may be none.
 */
void
_gsskrb5_ext_forget_ap_req(krb5_context context,
			   struct gsskrb5_ext_exchange *ext)
{
    free_AP_REQ(&ext->ap_req);
    memset(&ext->ap_req, 0, sizeof(ext->ap_req));
    krb5_free_principal(context, ext->server);
    ext->server = NULL;
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
    _gsskrb5_ext_forget_ap_req(context, ext);
    _gsskrb5_ext_forget_first(context, &ext->first);
    _krb5_ext_free_peek(context, &ext->peek);
    _gsskrb5_ext_forget_session(context, ext);
    _krb5_ext_forget(context, &ext->known);
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
