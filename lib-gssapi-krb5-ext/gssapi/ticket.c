/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A new service ticket for an exchange whose first one the acceptor did not
 * take.  The credential cache is not changed until the acceptor has shown with
 * an AP-REP that it takes the new one: the error may be anybody's.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/*
 * A cache in memory with all of from but the tickets for server, which target
 * is an alias of: those would be found before the KDC is asked.
 */
static krb5_error_code
copy_without(krb5_context context, krb5_ccache from,
	     krb5_principal client, krb5_const_principal server,
	     krb5_const_principal target, krb5_ccache *to)
{
    krb5_cc_cursor cursor;
    krb5_creds cred;
    krb5_error_code ret;

    ret = krb5_cc_new_unique(context, "MEMORY", NULL, to);
    if (ret)
	return ret;
    ret = krb5_cc_initialize(context, *to, client);
    if (ret == 0)
	ret = krb5_cc_start_seq_get(context, from, &cursor);
    if (ret) {
	krb5_cc_destroy(context, *to);
	return ret;
    }
    while (ret == 0 &&
	   krb5_cc_next_cred(context, from, &cursor, &cred) == 0) {
	if (!krb5_principal_compare(context, cred.server, server) &&
	    !krb5_principal_compare(context, cred.server, target))
	    ret = krb5_cc_store_cred(context, *to, &cred);
	krb5_free_cred_contents(context, &cred);
    }
    krb5_cc_end_seq_get(context, from, &cursor);
    if (ret)
	krb5_cc_destroy(context, *to);
    return ret;
}

static int
is_same_ticket(const krb5_creds *a, const krb5_creds *b)
{
    return krb5_data_cmp(&a->ticket, &b->ticket) == 0;
}

/*
 * Put a ticket in the place of the context's.
 */
static void
replace_ticket(krb5_context context, gsskrb5_ctx ctx, krb5_creds *cred)
{
    krb5_free_creds(context, ctx->kcred);
    ctx->kcred = cred;
    ctx->endtime = cred->times.endtime;
    ctx->ext->new_ticket = 1;
}

/*
 * Ask the KDC for another ticket for target, with authorization data or NULL.
 */
static krb5_error_code
ask(krb5_context context, gsskrb5_ctx ctx, const AuthorizationData *ad,
    krb5_creds **out)
{
    krb5_ccache tickets;
    krb5_error_code ret;
    krb5_creds in;

    ret = copy_without(context, ctx->ccache, ctx->source, ctx->kcred->server,
		       ctx->target, &tickets);
    if (ret)
	return ret;
    memset(&in, 0, sizeof(in));
    in.client = ctx->source;	/* aliases */
    in.server = ctx->target;
    /* no other enctype because of what an error said (D12) */
    in.session.keytype = ctx->kcred->session.keytype;
    if (ad)
	in.authdata = *ad;
    ret = krb5_get_credentials(context, 0, tickets, &in, out);
    krb5_cc_destroy(context, tickets);
    return ret;
}

/**
 * Get a ticket for the same target from the KDC, and put it in the place of
 * the context's.  The subkey stays: it is the exchange's (D8).
 *
 * @param context a Kerberos 5 context
 * @param ctx an initiator's context that has sent an AP-REQ
 * @param code why the acceptor did not take its ticket
 *
 * @return 0; KRB5_CC_NOTFOUND when there is no credential cache any more; the
 *         error of the KDC; code when it gave the same ticket, or one that
 *         ends no later although the acceptor says that it has expired
 */
krb5_error_code
_gsskrb5_ext_new_ticket(krb5_context context, gsskrb5_ctx ctx,
			krb5_error_code code)
{
    krb5_error_code ret;
    krb5_creds *out;

    if (ctx->ccache == NULL)
	return KRB5_CC_NOTFOUND;
    ret = ask(context, ctx, NULL, &out);
    if (ret)
	return ret;
    if (is_same_ticket(out, ctx->kcred) ||
	(code == KRB5KRB_AP_ERR_TKT_EXPIRED &&
	 out->times.endtime <= ctx->kcred->times.endtime))
	ret = code;
    else
	ret = krb5_auth_con_setkey(context, ctx->auth_context,
				   &out->session);
    if (ret) {
	krb5_free_creds(context, out);
	return ret;
    }
    replace_ticket(context, ctx, out);
    return 0;
}

/**
 * Get a ticket for the same target that has come through other realms, and put
 * it in the place of the context's.
 *
 * With a new subkey: KDCs of the realms that the acceptor does not trust may
 * know the session key of the ticket before, and so the subkey in the
 * Authenticator.
 *
 * @param context a Kerberos 5 context
 * @param ctx an initiator's context that has sent an AP-REQ
 * @param code why the acceptor did not take its ticket
 *
 * @return 0; ENOMEM; KRB5_CC_NOTFOUND when there is no credential cache any
 *         more; else code: there is no other path
 */
krb5_error_code
_gsskrb5_ext_other_path(krb5_context context, gsskrb5_ctx ctx,
			krb5_error_code code)
{
    krb5_creds wanted, *out;
    krb5_error_code ret;

    if (ctx->ccache == NULL)
	return KRB5_CC_NOTFOUND;
    memset(&wanted, 0, sizeof(wanted));
    wanted.client = ctx->source;	/* aliases */
    wanted.server = ctx->kcred->server;
    wanted.session.keytype = ctx->kcred->session.keytype;
    ret = _gsskrb5_ext_get_by_other_path(context, ctx->ccache, &wanted, &out);
    if (ret == ENOMEM)
	return ret;
    if (ret) {
	krb5_set_error_message(context, code,
			       N_("The service does not accept the realms its "
				  "ticket has come through, and there is no "
				  "other path to %s", ""),
			       ctx->kcred->server->realm);
	return code;
    }
    ret = krb5_auth_con_setkey(context, ctx->auth_context, &out->session);
    if (ret == 0)
	ret = krb5_auth_con_generatelocalsubkey(context, ctx->auth_context,
						&out->session);
    if (ret) {
	krb5_free_creds(context, out);
	return ret;
    }
    replace_ticket(context, ctx, out);
    return 0;
}

/*
 * Keep the acceptor's TGT: a ticket in its session key may be needed twice.
 */
static krb5_error_code
keep_second_ticket(krb5_context context, struct gsskrb5_ext_exchange *ext,
		   const Ticket *tgt)
{
    krb5_error_code ret;
    size_t size;

    krb5_data_free(&ext->second_ticket);
    ASN1_MALLOC_ENCODE(Ticket, ext->second_ticket.data,
		       ext->second_ticket.length, tgt, &size, ret);
    if (ret) {
	krb5_data_zero(&ext->second_ticket);
	return ret == ENOMEM ? krb5_enomem(context) : ret;
    }
    if (size != ext->second_ticket.length)
	krb5_abortx(context, "internal error in ASN.1 encoder");
    return 0;
}

/*
 * Ask the KDC for a ticket for target in the session key of the second one.
 */
static krb5_error_code
ask_user2user(krb5_context context, gsskrb5_ctx ctx,
	      const AuthorizationData *ad, krb5_creds **out)
{
    krb5_creds in;

    memset(&in, 0, sizeof(in));
    in.client = ctx->source;	/* aliases */
    in.server = ctx->target;
    in.second_ticket = ctx->ext->second_ticket;
    if (ad)
	in.authdata = *ad;
    return krb5_get_credentials(context, KRB5_GC_USER_USER, ctx->ccache, &in,
				out);
}

/**
 * Get a user-to-user ticket for the same target, and put it in the place of
 * the context's, which may have none.  Whoever sent the TGT, the ticket is for
 * the target or there is none: krb5_get_credentials() sees to that, whatever
 * the KDC does (XT-84).
 *
 * With a new subkey, unless our subkey protects the error: then the acceptor
 * has taken it for the exchange's (D8).
 *
 * @param context a Kerberos 5 context
 * @param ctx an initiator's context that has sent an AP-REQ
 * @param error2 what the acceptor has answered; its TGT is used
 * @param code its error, for when it has no TGT
 *
 * @return 0; code; KRB5_CC_NOTFOUND when there is no credential cache any
 *         more; or the error of the KDC, KRB5KDC_ERR_SERVER_NOMATCH if the TGT
 *         is not the target's
 */
krb5_error_code
_gsskrb5_ext_user2user_ticket(krb5_context context, gsskrb5_ctx ctx,
			      const struct krb5_ext_error2 *error2,
			      krb5_error_code code)
{
    krb5_auth_context ac = ctx->auth_context;
    krb5_error_code ret;
    krb5_creds *out;
    OM_uint32 minor;

    if (error2->tgt == NULL)
	return code;
    if (ctx->ccache == NULL)
	return KRB5_CC_NOTFOUND;
    ret = keep_second_ticket(context, ctx->ext, error2->tgt);
    if (ret == 0)
	ret = ask_user2user(context, ctx, NULL, &out);
    if (ret)
	return ret;
    ret = krb5_auth_con_setkey(context, ac, &out->session);
    if (ret == 0 && (ac->local_subkey == NULL ||
		     error2->key != KRB5_EXT_ERROR2_KEY_SUBKEY))
	ret = krb5_auth_con_generatelocalsubkey(context, ac, &out->session);
    if (ret == 0 && ctx->kcred == NULL &&
	_gss_DES3_get_mic_compat(&minor, ctx, context))
	ret = minor;
    if (ret) {
	krb5_free_creds(context, out);
	return ret;
    }
    replace_ticket(context, ctx, out);
    ctx->ext->user2user = 1;
    return 0;
}

/**
 * Get a ticket that tells the acceptor the time (section 8, D20): the KDC puts
 * the acceptor's challenge into it, and so the acceptor knows that the start
 * time is the KDC's clock of just now.  For this context alone; the cache
 * keeps the ticket that it has.
 *
 * Our Authenticator then has the KDC's time, too, whoever's clock is wrong.
 *
 * @param context a Kerberos 5 context
 * @param ctx an initiator's context that has sent an AP-REQ with a ticket, and
 *        got a challenge
 *
 * @return 0; KRB5_CC_NOTFOUND when there is no credential cache any more;
 *         ENOMEM; the error of the KDC
 */
krb5_error_code
_gsskrb5_ext_clock_ticket(krb5_context context, gsskrb5_ctx ctx)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    AuthorizationData ad;
    krb5_error_code ret;
    krb5_creds *out;

    if (ctx->ccache == NULL)
	return KRB5_CC_NOTFOUND;
    ret = _krb5_ext_build_ticket_authdata(context, &ext->challenge, &ad);
    if (ret)
	return ret;
    if (ext->user2user)
	ret = ask_user2user(context, ctx, &ad, &out);
    else
	ret = ask(context, ctx, &ad, &out);
    free_AuthorizationData(&ad);
    if (ret)
	return ret;
    ret = krb5_auth_con_setkey(context, ctx->auth_context, &out->session);
    if (ret) {
	krb5_free_creds(context, out);
	return ret;
    }
    replace_ticket(context, ctx, out);
    ext->clock_ticket = 1;
    ext->clock = out->times.starttime - time(NULL);
    return 0;
}

/**
 * The acceptor has taken the ticket: let the next context begin with it, if it
 * is a new one, and not for this exchange or this TGT of the acceptor's
 * alone. A cache that cannot be written costs the next context what this one
 * has paid.
 *
 * @param context a Kerberos 5 context
 * @param ctx an initiator's context that has got an AP-REP
 */
void
_gsskrb5_ext_store_ticket(krb5_context context, gsskrb5_ctx ctx)
{
    krb5_creds old;

    if (ctx->ext == NULL || !ctx->ext->new_ticket || ctx->ext->user2user ||
	ctx->ext->clock_ticket || ctx->ccache == NULL)
	return;
    memset(&old, 0, sizeof(old));
    old.client = ctx->kcred->client;	/* aliases */
    old.server = ctx->kcred->server;
    (void)krb5_cc_remove_cred(context, ctx->ccache, 0, &old);
    (void)krb5_cc_store_cred(context, ctx->ccache, ctx->kcred);
}
