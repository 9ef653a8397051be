/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The acceptor of extra context tokens.  accept_sec_context.c calls, for each
 * token:
 *
 *   _gsskrb5_ext_accept_other      it is no AP-REQ: the initiator gives up
 *   _gsskrb5_ext_accept_request    it is one
 *   _gsskrb5_ext_accept_user2user  it has no ticket for a long-term key
 *   _gsskrb5_ext_accept_failed       that was refused
 *   _gsskrb5_ext_accept_verified     or whose ticket, Authenticator and
 *                                    checksum are good
 *
 * The last two may answer with a KRB-ERROR2 and want another AP-REQ; the
 * context then is as before the first, and what the first Authenticator has
 * settled is in ext->first.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

static OM_uint32
fail(OM_uint32 *minor_status, krb5_error_code code)
{
    *minor_status = code;
    return GSS_S_FAILURE;
}

/*
 * What the initiator is told; where the document has another code than
 * libkrb5, that.
 */
static int32_t
told_code(krb5_error_code code)
{
    if (code == KRB5KRB_AP_ERR_ILL_CR_TKT)
	code = KRB5KRB_AP_PATH_NOT_ACCEPTED;
    return _gsskrb5_ext_wire_code(code);
}

/*
 * Whether messages in the key are those of RFC 4121.
 */
int
_gsskrb5_ext_is_cfx_key(const krb5_keyblock *key)
{
    switch (key->keytype) {
    case ETYPE_DES_CBC_CRC:
    case ETYPE_DES_CBC_MD4:
    case ETYPE_DES_CBC_MD5:
    case ETYPE_DES3_CBC_MD5:
    case ETYPE_OLD_DES3_CBC_SHA1:
    case ETYPE_DES3_CBC_SHA1:
    case ETYPE_ARCFOUR_HMAC_MD5:
    case ETYPE_ARCFOUR_HMAC_MD5_56:
	return 0;
    default:
	return 1;
    }
}

/*
 * The enctype that the initiator would like best for our subkey (RFC 4537).
 */
static krb5_enctype
wanted_enctype(krb5_context context, const struct krb5_ext_authdata *ad)
{
    size_t i;

    for (i = 0; ad->have_etypes && i < ad->etypes.len; i++)
	if (krb5_enctype_valid(context, ad->etypes.val[i]) == 0)
	    return ad->etypes.val[i];
    return ETYPE_NULL;
}

/*
 * Our subkey and sequence number, once in an exchange (D8).  With the keys of
 * RFC 1964 and without a wish for another it is the initiator's, as the AP-REP
 * has it.
 */
static krb5_error_code
settle_our_half(krb5_context context, const krb5_keyblock *session,
		krb5_enctype wanted, struct gsskrb5_ext_first *first)
{
    const krb5_keyblock *theirs = first->remote_subkey ?
	first->remote_subkey : session;
    krb5_error_code ret;

    if (first->local_seq == 0)
	krb5_generate_seq_number(context, session, &first->local_seq);
    if (first->local_subkey != NULL)
	return 0;
    if (!_gsskrb5_ext_is_cfx_key(theirs) && wanted == ETYPE_NULL)
	ret = krb5_copy_keyblock(context, theirs, &first->local_subkey);
    else
	ret = krb5_generate_subkey_extended(context, session, wanted,
					    &first->local_subkey);
    return ret;
}

/*
 * A 0x8003 checksum has the hash of the channel bindings and flags.
 */
static void
keep_checksum(struct gsskrb5_ext_first *first, const Checksum *cksum)
{
    const unsigned char *p;

    first->has_checksum = cksum != NULL &&
	cksum->cksumtype == CKSUMTYPE_GSSAPI && cksum->checksum.length >= 24;
    if (first->has_checksum) {
	p = cksum->checksum.data;
	memcpy(first->bindings, p + 4, sizeof(first->bindings));
    }
}

static krb5_error_code
keep_authenticator(krb5_context context, const Authenticator *a,
		   const krb5_keyblock *session,
		   struct gsskrb5_ext_first *first)
{
    krb5_error_code ret = 0;

    if (first->client == NULL)
	ret = _krb5_principalname2krb5_principal(context, &first->client,
						 a->cname, a->crealm);
    if (ret == 0)
	ret = krb5_copy_keyblock(context, session, &first->session);
    if (ret == 0 && a->subkey != NULL && first->remote_subkey == NULL)
	ret = krb5_copy_keyblock(context, a->subkey, &first->remote_subkey);
    first->remote_seq = a->seq_number ? *a->seq_number : 0;
    keep_checksum(first, a->cksum);
    return ret;
}

/*
 * Make the context as it was before the AP-REQ, but for ext.
 */
static krb5_error_code
begin_again(krb5_context context, gsskrb5_ctx ctx)
{
    krb5_error_code ret;

    ret = _gsskrb5i_renew_auth_context(context, &ctx->auth_context);
    if (ret)
	return ret;
    krb5_free_principal(context, ctx->source);
    ctx->source = NULL;
    krb5_free_principal(context, ctx->target);
    ctx->target = NULL;
    if (ctx->ticket)
	krb5_free_ticket(context, ctx->ticket);
    ctx->ticket = NULL;
    krb5_free_keyblock(context, ctx->service_keyblock);
    ctx->service_keyblock = NULL;
    _gsskrb5_ext_forget_session(context, ctx->ext);
    _gsskrb5_ext_wipe(&ctx->fwd_data);
    ctx->flags = 0;
    _gsskrb5_ext_forget_early(context, ctx);
    return 0;
}

/*
 * Want another AP-REQ, because of code or because of nothing.
 */
static OM_uint32
ask(OM_uint32 *minor_status, krb5_context context, gsskrb5_ctx ctx,
    const krb5_keyblock *session, krb5_error_code code,
    gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct krb5_ext_error2_keys keys;
    struct krb5_ext_error2 error2;
    krb5_error_code kret;
    OM_uint32 ret;
    int is_doubtful = !_gsskrb5_ext_is_empty(&ext->ap_req) &&
	(ext->first.client == NULL || ext->first.refused);

    /* this one, and the AP-REQ that it asks for (D18) */
    if (ext->tokens + 2 > KRB5_EXT_MAX_TOKENS)
	return fail(minor_status, code ? code : KRB5KRB_ERR_GENERIC);
    memset(&error2, 0, sizeof(error2));
    if (ext->first.client != NULL) {
	error2.subkey = ext->first.local_subkey;
	error2.seq_number = ext->first.local_seq;
    }
    error2.error_code = code ? told_code(code) : 0;
    error2.continue_needed = TRUE;
    if (code == KRB5_AP_ERR_USER_TO_USER_REQUIRED)
	error2.tgt = &ext->own.tgt;
    keys.subkey = ext->first.remote_subkey;
    keys.session = session;
    ret = code ?
	_gsskrb5_ext_send(minor_status, context, ext, &error2,
			  KRB5_EXT_FROM_ACCEPTOR, &keys, output_token) :
	_gsskrb5_ext_send_confirmation(minor_status, context, ext, &error2,
				       &keys, output_token);
    if (ret != GSS_S_CONTINUE_NEEDED)
	return ret;
    kret = begin_again(context, ctx);
    if (kret)
	return fail(minor_status, kret);
    if (code == KRB5_AP_ERR_USER_TO_USER_REQUIRED)
	ext->user2user = 1;
    else if (code)
	ext->recovered = 1;
    else
	ext->confirmed = 1;
    ext->waiting = 1;
    ext->bad_time = _gsskrb5_ext_is_time_error(code);
    krb5_timeofday(context, &ext->asked);
    if (is_doubtful)
	ext->doubtful = 1;
    _krb5_debug(context, 5, "gss acceptor: token %u asks for another AP-REQ, "
		"error %d", ext->tokens, (int)error2.error_code);
    return GSS_S_CONTINUE_NEEDED;
}

static int
is_mutual_required(const struct gsskrb5_ext_exchange *ext)
{
    return (ext->options & GSSKRB5_EXT_WIRE_MUTUAL_REQUIRED) != 0;
}

/*
 * Whether these ap-options are an offer that we take; raw AP-REQs are DCE
 * RPC's, which has no extra tokens (D17).
 */
static int
can_offer(const struct gsskrb5_ext_exchange *ext, uint32_t options)
{
    return ext->enabled && ext->framed &&
	(options & KRB5_EXT_WIRE_CONTINUE_NEEDED_OK) != 0;
}

/*
 * What the Authenticator says about extra tokens; the clear options count when
 * it could not be decrypted (ad is NULL).
 */
static krb5_error_code
take_offer(struct gsskrb5_ext_exchange *ext,
	    const struct krb5_ext_authdata *ad)
{
    switch (_krb5_ext_judge_ap_options(ext->options, ad)) {
    case KRB5_EXT_OFFERED:
	ext->offered = ext->waiting || can_offer(ext, ext->options);
	return 0;
    case KRB5_EXT_NOT_OFFERED:
	/* a further one has the options sealed, like the first */
	if (ext->waiting)
	    return ad->have_ap_options ? 0 : KRB5KRB_AP_ERR_MODIFIED;
	ext->offered = 0;
	return 0;
    default:
	/* somebody has changed them; the initiator may have offered */
	ext->offered = can_offer(ext, ad->ap_options);
	return KRB5KRB_AP_ERR_MODIFIED;
    }
}

/*
 * An initial token has no answer to a challenge, a further one has the answer
 * to the last (XT-43, XT-44).  Whatever is wrong with it, it is a replay.
 */
static krb5_error_code
check_challenge(const struct gsskrb5_ext_exchange *ext,
		const struct krb5_ext_authdata *ad)
{
    if (!ext->waiting)
	return ad->have_challenge ? KRB5KRB_AP_ERR_REPEAT : 0;
    if (!ad->have_challenge ||
	!_krb5_ext_challenge_equal(&ad->challenge, &ext->challenge))
	return KRB5KRB_AP_ERR_REPEAT;
    return 0;
}

/**
 * A token that comes while another AP-REQ is due may be the initiator's word
 * that it gives up (RFC 2743 error token): a final KRB-ERROR2 that quotes our
 * challenge, encrypted in its subkey, or in the session key if it has none.
 *
 * @param minor_status the error that the initiator tells, or why the token is
 *        not taken
 * @param context a Kerberos 5 context
 * @param ctx the context; may have no exchange yet
 * @param token the token
 *
 * @return GSS_S_COMPLETE if it is no KRB-ERROR2, GSS_S_FAILURE if it is one
 *         that is authentic, GSS_S_DEFECTIVE_TOKEN for all others.  There is
 *         no answer to any.
 */
OM_uint32
_gsskrb5_ext_accept_other(OM_uint32 *minor_status, krb5_context context,
			  gsskrb5_ctx ctx, const gss_buffer_t token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct krb5_ext_error2_keys keys = { NULL, NULL };
    struct krb5_ext_authdata ad;
    struct krb5_ext_error2 error2;
    enum gsskrb5_ext_found found;
    krb5_error_code kret;
    krb5_data pdu;

    if (ext == NULL || !ext->waiting)
	return GSS_S_COMPLETE;
    found = _gsskrb5_ext_find(token, &pdu);
    if (found == GSSKRB5_EXT_NONE)
	return GSS_S_COMPLETE;
    ext->tokens++;
    ext->waiting = ext->offered = 0;	/* and no answer */
    keys.subkey = ext->first.remote_subkey;
    keys.session = ext->first.session;
    kret = _krb5_ext_decode_error2(context, &pdu, KRB5_EXT_FROM_INITIATOR,
				   &keys, &error2);
    if (kret) {
	*minor_status = kret;
	return GSS_S_DEFECTIVE_TOKEN;
    }
    kret = _krb5_ext_parse_authdata(context, error2.ad_data, &ad);
    if (kret == 0 &&
	(error2.key != (keys.subkey ? KRB5_EXT_ERROR2_KEY_SUBKEY :
			KRB5_EXT_ERROR2_KEY_SESSION) ||
	 found != GSSKRB5_EXT_FINAL || error2.continue_needed ||
	 !ad.have_challenge ||
	 !_krb5_ext_challenge_equal(&ad.challenge, &ext->challenge)))
	kret = KRB5KRB_AP_ERR_MODIFIED;
    *minor_status = kret ? kret : _gsskrb5_ext_local_code(error2.error_code);
    _krb5_ext_free_authdata(&ad);
    _krb5_ext_free_error2(&error2);
    return kret ? GSS_S_DEFECTIVE_TOKEN : GSS_S_FAILURE;
}

/**
 * Begin with an AP-REQ.
 *
 * @param minor_status why not
 * @param context a Kerberos 5 context
 * @param ctx the context
 * @param framed whether it had the framing of RFC 2743 3.1
 * @param ap_req its octets
 *
 * @return GSS_S_COMPLETE, GSS_S_DEFECTIVE_TOKEN, or GSS_S_FAILURE
 */
OM_uint32
_gsskrb5_ext_accept_request(OM_uint32 *minor_status, krb5_context context,
			    gsskrb5_ctx ctx, int framed,
			    const krb5_data *ap_req)
{
    struct gsskrb5_ext_exchange *ext = _gsskrb5_ext_exchange(context, ctx);
    krb5_error_code kret;

    if (ext == NULL)
	return fail(minor_status, ENOMEM);
    if (ext->waiting && !framed) {
	*minor_status = 0;
	return GSS_S_DEFECTIVE_TOKEN;
    }
    kret = _gsskrb5_ext_read_ap_req(context, ext, ap_req);
    if (kret) {
	*minor_status = kret;
	return GSS_S_DEFECTIVE_TOKEN;
    }
    ext->tokens++;
    ext->framed = framed;
    if (!ext->waiting)
	ext->offered = can_offer(ext, ext->options);
    _krb5_ext_free_peek(context, &ext->peek);
    return GSS_S_COMPLETE;
}

/*
 * Whether the initiator can do something about the error, given what of its
 * AP-REQ could be decrypted; once in an exchange.
 */
static int
is_recoverable(gsskrb5_ctx ctx, krb5_error_code code)
{
    const struct gsskrb5_ext_exchange *ext = ctx->ext;
    const struct krb5_ext_peek *peek = &ext->peek;
    enum recovery_level level = RECOVERY_N;
    struct recovery_state state;

    memset(&state, 0, sizeof(state));
    state.user2user = ext->user2user;
    state.recovered = ext->recovered || (ext->waiting && !ext->user2user);
    state.confirmed = ext->confirmed;
    /* what we have asked for first is no retry (D18) */
    state.retried = !ext->user2user && (ctx->more_flags & RETRIED) != 0;
    if (peek->authenticator) {
	state.subkey = peek->authenticator->subkey != NULL;
	level = state.subkey ? RECOVERY_K : RECOVERY_S;
    } else if (peek->session)
	level = RECOVERY_S;
    switch (_gsskrb5_ext_recover(told_code(code), level, &state)) {
    case RECOVERY_FAIL:
    case RECOVERY_FORGED:
	return 0;
    case RECOVERY_TICKET:
    case RECOVERY_PATH:
	/* there is no other for this TGT, but one that tells the time */
	return !ext->user2user || _gsskrb5_ext_is_time_error(code);
    default:
	return 1;
    }
}

/*
 * Whether it is the ticket that was refused, although a key of ours opens it.
 * Its session key proves nothing then, whatever was encrypted in it: others
 * than the client may know it, like a realm on its path.  Times are looked at
 * first; when they are bad, nobody has looked at the path.
 */
static int
is_ticket_refused(krb5_error_code code)
{
    return code == KRB5KRB_AP_ERR_TKT_EXPIRED ||
	code == KRB5KRB_AP_ERR_TKT_NYV || code == KRB5KRB_AP_ERR_ILL_CR_TKT ||
	code == KRB5KDC_ERR_TRTYPE_NOSUPP;
}

/*
 * Errors that are found when the Authenticator has been decrypted, or could
 * be: there the offer is, whatever the options in the clear say.
 */
static int
was_decrypted(krb5_error_code code)
{
    return is_ticket_refused(code) || code == KRB5KRB_AP_ERR_SKEW ||
	code == KRB5KRB_AP_ERR_BADMATCH || code == KRB5KRB_AP_ERR_BADADDR;
}

/*
 * Whether the request was refused although there is a key: where there is
 * none, none has to be searched for again.
 */
static int
has_key(krb5_error_code code)
{
    return was_decrypted(code) || code == KRB5KRB_AP_ERR_BAD_INTEGRITY ||
	code == KRB5KRB_AP_ERR_MODIFIED;
}

static int
is_dce_style(const Checksum *cksum)
{
    OM_uint32 flags;

    if (cksum == NULL || cksum->cksumtype != CKSUMTYPE_GSSAPI ||
	cksum->checksum.length < 24)
	return 0;
    _gsskrb5_decode_om_uint32((unsigned char *)cksum->checksum.data + 20,
			      &flags);
    return (flags & GSS_C_DCE_STYLE) != 0;
}

/*
 * Whether an AP-REQ after the first asks for an AP-REP, in one of its two ways
 * (XT-46); DCE style, which is none here, has set the flag by itself.
 */
static int
asks_for_ap_rep(int mutual_required, OM_uint32 flags)
{
    return mutual_required ||
	(flags & (GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE)) == GSS_C_MUTUAL_FLAG;
}

/*
 * Whether there is no key for the ticket, nor an older one; or no keytab.
 */
static int
has_no_key(krb5_error_code code)
{
    switch (_gsskrb5_ext_local_code(_gsskrb5_ext_wire_code(code))) {
    case KRB5KRB_AP_ERR_NOT_US:
    case KRB5KRB_AP_ERR_NOKEY:
    case KRB5KRB_ERR_GENERIC:
	return 1;
    default:
	return 0;
    }
}

/*
 * Send our TGT, if there is one, and it is that of whom the initiator wants:
 * the KDC would not give it a ticket for somebody else.
 */
static OM_uint32
ask_user2user(OM_uint32 *minor_status, krb5_context context, gsskrb5_ctx ctx,
	      gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    krb5_error_code kret;

    kret = _gsskrb5_ext_read_own_tgt(context, ext->credential, &ext->own);
    if (kret == 0)
	kret = _gsskrb5_ext_read_server(context, ext);
    if (kret == 0 &&
	!krb5_principal_compare(context, ext->server, ext->own.client))
	kret = KRB5KRB_AP_ERR_NOT_US;
    if (kret) {
	_gsskrb5_ext_forget_own_tgt(context, &ext->own);
	return fail(minor_status, kret);
    }
    return ask(minor_status, context, ctx, ext->first.session,
	       KRB5_AP_ERR_USER_TO_USER_REQUIRED, output_token);
}

/**
 * Before the keytab is asked about an AP-REQ: one that has no ticket, or one
 * in a session key, wants our TGT; after that, the session key is the key.
 *
 * @param minor_status why not
 * @param context a Kerberos 5 context
 * @param ctx the context; its auth_context gets the key
 * @param output_token on GSS_S_CONTINUE_NEEDED what to send
 *
 * @return GSS_S_COMPLETE: krb5_rd_req_ctx() is to verify it;
 *         GSS_S_CONTINUE_NEEDED or GSS_S_FAILURE
 */
OM_uint32
_gsskrb5_ext_accept_user2user(OM_uint32 *minor_status, krb5_context context,
			      gsskrb5_ctx ctx, gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    const AP_REQ *req = &ext->ap_req;
    krb5_error_code kret;
    OM_uint32 ret;

    if (ext->user2user) {
	kret = KRB5_AP_ERR_USER_TO_USER_REQUIRED;
	if (req->ap_options.use_session_key)
	    kret = krb5_auth_con_setkey(context, ctx->auth_context,
					ext->own.session);
	return kret ? fail(minor_status, kret) : GSS_S_COMPLETE;
    }
    if (!ext->offered || (ctx->more_flags & RETRIED) ||
	!(req->ap_options.use_session_key || _gsskrb5_ext_is_empty(req)))
	return GSS_S_COMPLETE;
    ret = ask_user2user(minor_status, context, ctx, output_token);
    if (ret == GSS_S_FAILURE &&
	*minor_status == (OM_uint32)GSSKRB5_EXT_ERR_NO_TGT &&
	!_gsskrb5_ext_is_empty(req))
	return GSS_S_COMPLETE;	/* it is refused for want of a key */
    return ret;
}

/*
 * Whether the ticket is for whom the first was for, in their own words.
 */
static krb5_error_code
check_server(krb5_context context, struct gsskrb5_ext_exchange *ext)
{
    krb5_error_code ret;

    if (ext->repeated)
	return 0;
    ret = _gsskrb5_ext_read_server(context, ext);
    if (ret == 0 &&
	!krb5_principal_compare(context, ext->first.server, ext->server))
	ret = KRB5KRB_AP_ERR_BADMATCH;
    return ret;
}

/*
 * Whether a request is of the same exchange as what one before has settled, if
 * anything; but for the server.
 */
static int
agrees(krb5_context context, const struct gsskrb5_ext_first *before,
       const struct gsskrb5_ext_first *now)
{
    if (before->client == NULL)
	return 1;
    return krb5_principal_compare(context, before->client, now->client) &&
	before->remote_seq == now->remote_seq &&
	before->has_checksum == now->has_checksum &&
	ct_memcmp(before->bindings, now->bindings,
		  sizeof(now->bindings)) == 0;
}

/*
 * Have what the Authenticator of a refused request settles, in the place of
 * what there was of a ticket that our TGT was preferred to.  The new one
 * settles no key either: that may be the same.
 */
static krb5_error_code
keep_refused(krb5_context context, gsskrb5_ctx ctx)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct gsskrb5_ext_first now;
    krb5_error_code kret;

    memset(&now, 0, sizeof(now));
    kret = keep_authenticator(context, ext->peek.authenticator,
			      ext->peek.session, &now);
    if (kret == 0 && ext->first.client != NULL)
	kret = check_server(context, ext);
    if (kret == 0 && !agrees(context, &ext->first, &now))
	kret = KRB5KRB_AP_ERR_BADMATCH;
    if (kret) {
	_gsskrb5_ext_forget_first(context, &now);
	return kret;
    }
    _gsskrb5_ext_early_refused(context, ctx, ext->first.remote_subkey,
			       now.remote_subkey);
    now.refused = ext->first.refused;
    _gsskrb5_ext_forget_first(context, &ext->first);
    ext->first = now;
    return 0;
}

/*
 * Take from a refused request what it settles.  Returns 0 if it is as good as
 * one that was taken, but for what it was refused for.
 *
 * When the ticket was refused, that is nothing: the next request has to agree
 * with this one, but brings keys, flags and credential of its own, and gets a
 * subkey that the refused ticket's never had encrypted in it.  Only an AP-REP
 * can tell that.
 */
static krb5_error_code
settle_refused(krb5_context context, gsskrb5_ctx ctx, krb5_error_code code,
	       const struct krb5_ext_authdata *ad)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    const Authenticator *a = ext->peek.authenticator;
    struct gsskrb5_ext_first *first = &ext->first;
    krb5_error_code kret;
    OM_uint32 minor;

    kret = keep_refused(context, ctx);
    if (kret)
	return kret;
    if (!first->has_checksum ||
	_gsskrb5_verify_8003_checksum(&minor,
				      ctx->has_bnd ? ctx->bnd : NULL,
				      a->cksum, &first->flags,
				      &first->fwd_data) != GSS_S_COMPLETE ||
	_gsskrb5_ext_check_bindings(context, ctx, a->cksum, ad,
				    &first->flags) != GSS_S_COMPLETE)
	return KRB5KRB_AP_ERR_MODIFIED;
    if (is_ticket_refused(code))
	first->refused = 1;
    if (first->refused && !asks_for_ap_rep(is_mutual_required(ext),
					   first->flags))
	return KRB5KRB_AP_ERR_MODIFIED;
    return settle_our_half(context, ext->peek.session,
			   wanted_enctype(context, ad), first);
}

/**
 * An AP-REQ was refused.
 *
 * @param minor_status code, or another that is found on the way
 * @param context a Kerberos 5 context
 * @param ctx the context
 * @param code why krb5_rd_req_ctx() refused it
 * @param keytab the acceptor's keys, NULL for the default
 * @param server the principal that it insists on, or NULL
 * @param ap_req the octets
 * @param output_token on GSS_S_CONTINUE_NEEDED what to send
 *
 * @return GSS_S_COMPLETE if the initiator does not take extra tokens: go on as
 *         without them; GSS_S_CONTINUE_NEEDED or GSS_S_FAILURE
 */
OM_uint32
_gsskrb5_ext_accept_failed(OM_uint32 *minor_status, krb5_context context,
			   gsskrb5_ctx ctx, krb5_error_code code,
			   krb5_keytab keytab, krb5_const_principal server,
			   const krb5_data *ap_req, gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct krb5_ext_authdata ad;
    krb5_error_code kret;
    OM_uint32 ret = GSS_S_FAILURE;

    if (!ext->enabled || !ext->framed ||
	(!ext->offered && !was_decrypted(code)))
	return GSS_S_COMPLETE;
    *minor_status = code;
    if (has_key(code) &&
	(ext->user2user ?
	 _krb5_ext_peek_with(context, ext->own.session, ap_req, &ext->peek) :
	 _krb5_ext_peek(context, keytab, server, ap_req, &ext->peek)))
	return GSS_S_FAILURE;
    if (ext->peek.authenticator == NULL) {
	if (!ext->offered)
	    return GSS_S_COMPLETE;
	if (has_no_key(code) && !(ctx->more_flags & RETRIED)) {
	    ret = ask_user2user(minor_status, context, ctx, output_token);
	    if (ret == GSS_S_CONTINUE_NEEDED)
		return ret;
	    *minor_status = code;
	}
	/*
	 * Nothing is settled, and the clear options count; but the subkey of
	 * an AP-REQ before, if there was one, has not sealed this error.
	 */
	if (ext->first.client == NULL && is_recoverable(ctx, code))
	    ret = ask(minor_status, context, ctx, ext->peek.session, code,
		      output_token);
	return ret;
    }

    memset(&ad, 0, sizeof(ad));
    kret = _krb5_ext_parse_authdata(
	context, ext->peek.authenticator->authorization_data, &ad);
    if (kret == 0)
	kret = take_offer(ext, &ad);
    if (!ext->waiting && is_dce_style(ext->peek.authenticator->cksum))
	ext->offered = 0;	/* D17 */
    if (kret == 0 && !ext->offered) {
	_krb5_ext_free_peek(context, &ext->peek);
	_krb5_ext_free_authdata(&ad);
	return GSS_S_COMPLETE;
    }
    if (kret == 0)
	kret = check_challenge(ext, &ad);
    if (kret) {
	*minor_status = kret;
    } else if (is_recoverable(ctx, code) &&
	       settle_refused(context, ctx, code, &ad) == 0) {
	ret = ask(minor_status, context, ctx, ext->first.session, code,
		  output_token);
	_krb5_ext_free_peek(context, &ext->peek);
    }
    _krb5_ext_free_authdata(&ad);
    return ret;
}

/*
 * Have our half of the keys and numbers in the auth_context.
 */
static krb5_error_code
use_our_half(krb5_context context, gsskrb5_ctx ctx)
{
    const struct gsskrb5_ext_first *first = &ctx->ext->first;
    krb5_auth_context ac = ctx->auth_context;
    krb5_error_code ret;

    ret = krb5_auth_con_setlocalsubkey(context, ac, first->local_subkey);
    if (ret)
	return ret;
    krb5_auth_con_addflags(context, ac, KRB5_AUTH_CONTEXT_USE_SUBKEY, NULL);
    krb5_auth_con_setlocalseqnumber(context, ac, first->local_seq);
    ctx->more_flags |= ACCEPTOR_SUBKEY;
    return 0;
}

/*
 * This AP-REQ is a further one of the exchange: it has to agree with the
 * first, whose keys and numbers count (D8, XT-38, XT-41, XT-48).
 */
static OM_uint32
join(OM_uint32 *minor_status, krb5_context context, gsskrb5_ctx ctx,
     const Authenticator *a)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct gsskrb5_ext_first *first = &ext->first;
    struct gsskrb5_ext_first now;
    krb5_auth_context ac = ctx->auth_context;
    krb5_error_code kret;

    ext->waiting = 0;
    ext->answered = 1;
    if (first->client == NULL)
	return GSS_S_COMPLETE;	/* it is the first that could be read */
    kret = check_server(context, ext);
    if (kret)
	return fail(minor_status, kret);
    memset(&now, 0, sizeof(now));
    keep_checksum(&now, a->cksum);
    if (!krb5_principal_compare(context, first->client, ctx->source))
	return fail(minor_status, KRB5KRB_AP_ERR_BADMATCH);
    if ((a->seq_number ? *a->seq_number : 0) != first->remote_seq)
	return fail(minor_status, KRB5KRB_AP_ERR_BADSEQ);
    if (now.has_checksum != first->has_checksum ||
	ct_memcmp(now.bindings, first->bindings, sizeof(now.bindings)) != 0) {
	*minor_status = 0;
	return GSS_S_BAD_BINDINGS;
    }
    if (first->refused) {
	if (!asks_for_ap_rep(is_mutual_required(ext), ext->last_flags))
	    return fail(minor_status, KRB5KRB_AP_ERR_MODIFIED);
	_gsskrb5_ext_early_refused(context, ctx, first->remote_subkey,
				   ac->remote_subkey);
	_gsskrb5_ext_forget_first(context, first);
	return GSS_S_COMPLETE;	/* it is the first that counts */
    }

    _gsskrb5_ext_early_answer(context, ctx);
    kret = use_our_half(context, ctx);
    if (kret)
	return fail(minor_status, kret);
    krb5_free_keyblock(context, ac->remote_subkey);
    ac->remote_subkey = first->remote_subkey;	/* steal */
    first->remote_subkey = NULL;
    krb5_auth_con_setremoteseqnumber(context, ac, first->remote_seq);

    /* flags are the first's; of two delegated credentials the newer counts */
    ctx->flags = first->flags;
    if (ctx->fwd_data.length == 0) {
	ctx->fwd_data = first->fwd_data;
	krb5_data_zero(&first->fwd_data);
    }
    return GSS_S_COMPLETE;
}

/*
 * Want one more AP-REQ although this one is good; code is why, if anything.
 */
static OM_uint32
ask_for_more(OM_uint32 *minor_status, krb5_context context, gsskrb5_ctx ctx,
	     const Authenticator *a, krb5_error_code code,
	     gss_buffer_t output_token)
{
    struct gsskrb5_ext_first *first = &ctx->ext->first;
    krb5_auth_context ac = ctx->auth_context;
    krb5_error_code kret;
    OM_uint32 ret;

    first->client = ctx->source;		/* steal; they are in a, too */
    ctx->source = NULL;
    first->remote_subkey = ac->remote_subkey;
    ac->remote_subkey = NULL;
    kret = keep_authenticator(context, a, ac->keyblock, first);
    first->flags = ctx->flags;
    first->fwd_data = ctx->fwd_data;
    krb5_data_zero(&ctx->fwd_data);
    if (kret == 0)
	kret = settle_our_half(context, first->session, ac->keytype, first);
    if (kret == 0)
	kret = _krb5_ext_know(context, &ctx->ext->ap_req.ticket.enc_part,
			      ctx->ticket, &ctx->service_keyblock,
			      &ctx->ext->session, ac->keytype,
			      &ctx->ext->known);
    if (kret == 0)
	kret = _gsskrb5_ext_keep_ticket(context, ctx->ext);
    if (kret)
	return fail(minor_status, kret);
    ret = ask(minor_status, context, ctx, first->session, code,
	      output_token);
    if (ret == GSS_S_CONTINUE_NEEDED && code == 0)
	_gsskrb5_ext_accept_early(context, ctx);
    return ret;
}

/*
 * A first AP-REQ is good, and the configuration has us prefer user-to-user
 * authentication (section 7, the second case): send our TGT.  The ticket's key
 * is not to be relied on, so it settles nothing, as one that is refused; hence
 * the AP-REP that has to be asked for.  Without a TGT, or with another's, the
 * ticket is taken as ever: GSS_S_COMPLETE.
 */
static OM_uint32
prefer_user2user(OM_uint32 *minor_status, krb5_context context,
		 gsskrb5_ctx ctx, const Authenticator *a,
		 gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    krb5_auth_context ac = ctx->auth_context;
    krb5_error_code kret;
    OM_uint32 ret;

    if (!ext->offered || ext->answered || (ctx->more_flags & RETRIED) ||
	!asks_for_ap_rep(is_mutual_required(ext), ext->last_flags) ||
	!_gsskrb5_ext_prefers_own_tgt(context, ctx->target))
	return GSS_S_COMPLETE;
    kret = keep_authenticator(context, a, ac->keyblock, &ext->first);
    if (kret == 0)
	kret = settle_our_half(context, ac->keyblock, ac->keytype,
			       &ext->first);
    if (kret)
	return fail(minor_status, kret);
    ext->first.flags = ctx->flags;
    ext->first.refused = 1;
    ret = ask_user2user(minor_status, context, ctx, output_token);
    if (ret == GSS_S_FAILURE && ext->own.client == NULL) {
	_gsskrb5_ext_forget_first(context, &ext->first);
	*minor_status = 0;
	ret = GSS_S_COMPLETE;
    }
    return ret;
}

/*
 * Whether the AP-REQ that was accepted is answered with an AP-REP (section 3,
 * XT-46): after extra tokens its own two ways to ask for one count, otherwise
 * the flags of the checksum as ever.
 */
static int
is_ap_rep_wanted(gsskrb5_ctx ctx, int mutual_required)
{
    const struct gsskrb5_ext_exchange *ext = ctx->ext;

    if (ext->offered && ext->answered)
	return asks_for_ap_rep(mutual_required, ext->last_flags);
    return (ctx->flags & GSS_C_MUTUAL_FLAG) != 0;
}

/*
 * Whether the initiator waits for an answer to a good AP-REQ that is not to be
 * an AP-REP: it cannot know beforehand whether there is an error, so there is
 * a KRB-ERROR2 in any case, once (D4).
 */
static int
is_awaited(gsskrb5_ctx ctx)
{
    const struct gsskrb5_ext_exchange *ext = ctx->ext;

    return ext->offered && !ext->recovered && !ext->confirmed &&
	!is_ap_rep_wanted(ctx, is_mutual_required(ext));
}

/*
 * Keep replays out; a replay may be a copy that somebody else has sent before
 * the initiator could, who then is asked for another.
 */
static OM_uint32
protect(OM_uint32 *minor_status, krb5_context context, gsskrb5_ctx ctx,
	const Authenticator *a, gss_buffer_t output_token)
{
    krb5_error_code code;

    switch (_gsskrb5_ext_protect(context, ctx, a, &code)) {
    case REPLAY_ACCEPT:
	if (!is_awaited(ctx))
	    return GSS_S_COMPLETE;
	/* FALLTHROUGH */
    case REPLAY_CHALLENGE:
	return ask_for_more(minor_status, context, ctx, a, 0, output_token);
    default:
	if (code == KRB5KRB_AP_ERR_REPEAT && ctx->ext->offered &&
	    !ctx->ext->answered) {
	    _gsskrb5_ext_early_repeated(ctx);
	    return ask_for_more(minor_status, context, ctx, a, code,
				output_token);
	}
	return fail(minor_status, code);
    }
}

/**
 * The AP-REQ, decoded.
 *
 * @param ctx the context, after _gsskrb5_ext_accept_request()
 *
 * @return an alias, until the next AP-REQ
 */
const AP_REQ *
_gsskrb5_ext_accept_decoded(gsskrb5_ctx ctx)
{
    return &ctx->ext->ap_req;
}

/**
 * What krb5_rd_req_ctx() may know already of the AP-REQ that is to come: the
 * ticket of the one before.
 *
 * @param ctx the context
 *
 * @return an alias, or NULL
 */
struct krb5_ext_known *
_gsskrb5_ext_accept_known(gsskrb5_ctx ctx)
{
    return ctx->ext->known;
}

/**
 * Where to leave the session key of the AP-REQ, as the cipher that has
 * decrypted its Authenticator: another Authenticator may follow in that key.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context
 *
 * @return where there is NULL; stays NULL where nothing is left
 */
krb5_crypto *
_gsskrb5_ext_accept_session(krb5_context context, gsskrb5_ctx ctx)
{
    _gsskrb5_ext_forget_session(context, ctx->ext);
    return &ctx->ext->session;
}

/**
 * Ticket, Authenticator and checksum of an AP-REQ are good: is it to be
 * accepted, or another one to be asked for?
 *
 * @param minor_status why not
 * @param context a Kerberos 5 context
 * @param ctx the context: source, target, flags and auth_context are the
 *        AP-REQ's, and after GSS_S_COMPLETE the exchange's
 * @param authenticator that of the AP-REQ
 * @param output_token on GSS_S_CONTINUE_NEEDED what to send
 *
 * @return GSS_S_COMPLETE, GSS_S_CONTINUE_NEEDED, GSS_S_BAD_BINDINGS when they
 *         are not those of the first AP-REQ, or GSS_S_FAILURE
 */
OM_uint32
_gsskrb5_ext_accept_verified(OM_uint32 *minor_status, krb5_context context,
			     gsskrb5_ctx ctx,
			     const Authenticator *authenticator,
			     gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct krb5_ext_authdata ad;
    krb5_error_code kret;
    OM_uint32 ret = GSS_S_COMPLETE;

    /* no keytab has been asked whether this is us */
    if (ext->user2user &&
	!krb5_principal_compare(context, ctx->target, ext->own.client))
	return fail(minor_status, KRB5KRB_AP_ERR_NOT_US);
    memset(&ad, 0, sizeof(ad));
    kret = _krb5_ext_parse_authdata(context,
				    authenticator->authorization_data, &ad);
    /* in what cannot be read there may be a challenge, or an offer */
    if (kret == 0)
	kret = take_offer(ext, &ad);
    if (kret == 0)
	kret = check_challenge(ext, &ad);
    if (!ext->waiting && (ctx->flags & GSS_C_DCE_STYLE))
	ext->offered = 0;	/* D17 */
    if (authenticator->cksum == NULL)
	ctx->flags = _gsskrb5_ext_flags_without_checksum(context, ctx->flags);
    if (kret == 0)
	ret = _gsskrb5_ext_check_bindings(context, ctx, authenticator->cksum,
					  &ad, &ctx->flags);
    _krb5_ext_free_authdata(&ad);
    if (kret)
	return fail(minor_status, kret);
    *minor_status = 0;
    if (ret != GSS_S_COMPLETE)
	return ret;

    ext->last_flags = ctx->flags;
    if (ext->waiting)
	ret = join(minor_status, context, ctx, authenticator);
    else
	ret = prefer_user2user(minor_status, context, ctx, authenticator,
			       output_token);
    if (ret == GSS_S_COMPLETE)
	ret = protect(minor_status, context, ctx, authenticator,
		      output_token);
    return ret;
}

/**
 * As is_ap_rep_wanted().  If so, that is a token more.
 *
 * @param ctx the context
 * @param ap_options of the AP-REQ, from krb5_rd_req_ctx()
 */
int
_gsskrb5_ext_accept_wants_ap_rep(gsskrb5_ctx ctx, krb5_flags ap_options)
{
    int wanted = is_ap_rep_wanted(
	ctx, (ap_options & AP_OPTS_MUTUAL_REQUIRED) != 0);

    ctx->ext->tokens += wanted;
    return wanted;
}

/**
 * An AP-REQ was accepted: if it is answered with an AP-REP, and there is
 * authorization data for it, which an AP-REP cannot carry, make a final
 * KRB-ERROR2 (AP-REP2) in its place.
 *
 * @param minor_status why not
 * @param context a Kerberos 5 context
 * @param ctx the context; its auth_context gets the keys of the answer
 * @param ap_options of the AP-REQ, from krb5_rd_req_ctx()
 * @param output_token the token; empty if there is to be an AP-REP or none
 *
 * @return GSS_S_COMPLETE or GSS_S_FAILURE
 */
OM_uint32
_gsskrb5_ext_accept_ap_rep2(OM_uint32 *minor_status, krb5_context context,
			    gsskrb5_ctx ctx, krb5_flags ap_options,
			    gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    krb5_auth_context ac = ctx->auth_context;
    struct krb5_ext_error2_keys keys;
    struct krb5_ext_error2 error2;
    krb5_error_code kret;

    keys.subkey = ac->remote_subkey;
    keys.session = ac->keyblock;
    if (!_gsskrb5_ext_may_send_authdata(ext, keys.subkey) ||
	!ext->offered ||
	!is_ap_rep_wanted(ctx, (ap_options & AP_OPTS_MUTUAL_REQUIRED) != 0))
	return GSS_S_COMPLETE;
    kret = settle_our_half(context, keys.session, ac->keytype, &ext->first);
    if (kret == 0)
	kret = use_our_half(context, ctx);
    if (kret)
	return fail(minor_status, kret);
    memset(&error2, 0, sizeof(error2));
    error2.subkey = ext->first.local_subkey;
    error2.seq_number = ext->first.local_seq;
    ext->confirmed = 1;
    return _gsskrb5_ext_send_confirmation(minor_status, context, ext, &error2,
					  &keys, output_token);
}

/**
 * Whether the initiator has been told our first sequence number: without a
 * KRB-ERROR2 and an AP-REP it counts our messages from its own.  What a
 * KRB-ERROR2 has told is gone when the ticket was refused; an AP-REP may be
 * asked for without the flag.
 *
 * @param ctx the context, which is about to be complete
 */
int
_gsskrb5_ext_accept_told_number(gsskrb5_ctx ctx)
{
    const struct gsskrb5_ext_exchange *ext = ctx->ext;

    return ext != NULL && ext->answered &&
	(ext->first.client != NULL ||
	 (ext->offered && asks_for_ap_rep(is_mutual_required(ext),
					  ext->last_flags)));
}

/**
 * A KRB-ERROR that wants another AP-REQ is a token, too.
 *
 * @param ctx the context
 */
void
_gsskrb5_ext_accept_sent_error(gsskrb5_ctx ctx)
{
    ctx->ext->tokens++;
}

/**
 * The final KRB-ERROR2 for an initiator that takes extra tokens.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context, which has failed on an AP-REQ
 * @param code why
 * @param output_token empty; stays so if the token cannot be made
 */
void
_gsskrb5_ext_accept_error(krb5_context context, gsskrb5_ctx ctx,
			  krb5_error_code code, gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct gsskrb5_ext_first *first = &ext->first;
    struct krb5_ext_error2_keys keys = { NULL, NULL };
    struct krb5_ext_error2 error2;
    OM_uint32 minor;

    if (ext->peek.session != NULL) {
	keys.session = ext->peek.session;
	if (ext->peek.authenticator)
	    keys.subkey = ext->peek.authenticator->subkey;
    } else if (ctx->auth_context && ctx->auth_context->keyblock) {
	keys.session = ctx->auth_context->keyblock;
	keys.subkey = ctx->auth_context->remote_subkey;
    }
    if (keys.session && first->remote_subkey && !first->refused)
	keys.subkey = first->remote_subkey;
    if (keys.subkey &&
	settle_our_half(context, keys.session, ETYPE_NULL, first))
	return;

    memset(&error2, 0, sizeof(error2));
    error2.error_code = told_code(code);
    if (keys.subkey) {
	error2.subkey = first->local_subkey;
	error2.seq_number = first->local_seq;
    }
    if (_gsskrb5_ext_send(&minor, context, ext, &error2,
			  KRB5_EXT_FROM_ACCEPTOR, &keys, output_token) !=
	GSS_S_COMPLETE)
	output_token->length = 0;
}
