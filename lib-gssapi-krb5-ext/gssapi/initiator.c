/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The initiator of extra context tokens.  init_sec_context.c calls
 *
 *   _gsskrb5_ext_initiate_offer     while it makes an AP-REQ
 *   _gsskrb5_ext_initiate_answer    with what the acceptor answers
 *
 * Not every KRB-ERROR2 is authentic (section 9 of the document): what one does
 * that anybody can have made is to fail, or to cost work; it lowers nothing.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/**
 * Whether the AP-REQ that is made is not the first of its exchange: it then
 * has the channel bindings of the first.
 */
int
_gsskrb5_ext_initiate_again(gsskrb5_ctx ctx)
{
    return ctx->ext != NULL && ctx->ext->challenge.length != 0;
}

/**
 * The flags to ask for in the AP-REQ that is made: those of the first call,
 * but neither mutual authentication after the acceptor has confirmed its key,
 * nor delegation when it has the credential already (D6, D7).
 */
OM_uint32
_gsskrb5_ext_initiate_flags(gsskrb5_ctx ctx)
{
    OM_uint32 flags = ctx->req_flags;

    if (!_gsskrb5_ext_initiate_again(ctx))
	return flags;
    if (ctx->ext->confirmed)
	flags &= ~GSS_C_MUTUAL_FLAG;
    /* it has the credential if it could read it, and still can */
    if (ctx->ext->level_k && !ctx->ext->new_ticket)
	flags &= ~(GSS_C_DELEG_FLAG | GSS_C_DELEG_POLICY_FLAG);
    return flags;
}

/**
 * The flags of the context, once the AP-REQ with flags is made: what the first
 * AP-REQ had, but delegation as in the one that the acceptor reads.
 */
OM_uint32
_gsskrb5_ext_initiate_granted(gsskrb5_ctx ctx, OM_uint32 flags)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;

    /* without a ticket nothing was asked for yet */
    if (!_gsskrb5_ext_initiate_again(ctx) || ext->flags == 0)
	return flags;
    if (!ext->level_k || ext->new_ticket)
	ext->flags = (ext->flags & ~GSS_C_DELEG_FLAG) |
	    (flags & GSS_C_DELEG_FLAG);
    return ext->flags;
}

static void
free_authdata(krb5_auth_context ac)
{
    if (ac->auth_data == NULL)
	return;
    free_AuthorizationData(ac->auth_data);
    free(ac->auth_data);
    ac->auth_data = NULL;
}

/*
 * The authorization data of the Authenticator: what it has without us, whether
 * we are aware of channel bindings, and if we offer extra tokens the options,
 * and the challenge if there is one.
 */
static krb5_error_code
put_authdata(krb5_context context, krb5_auth_context ac,
	     struct gsskrb5_ext_exchange *ext, int aware, uint32_t options)
{
    struct krb5_ext_authdata wanted;
    krb5_error_code ret;

    memset(&wanted, 0, sizeof(wanted));
    ret = _krb5_init_etype(context, KRB5_PDU_NONE, &wanted.etypes.len,
			   &wanted.etypes.val, NULL);
    if (ret)
	return ret;
    wanted.have_etypes = 1;
    wanted.have_kerb_ap_options = aware;
    wanted.kerb_ap_options = KRB5_EXT_KERB_AP_OPTIONS_CBT;
    wanted.have_ap_options = ext->offered;
    wanted.ap_options = options;
    wanted.have_challenge = ext->challenge.length != 0;
    wanted.challenge = ext->challenge;	/* alias */

    ac->auth_data = calloc(1, sizeof(*ac->auth_data));
    if (ac->auth_data == NULL)
	ret = krb5_enomem(context);
    else
	ret = _krb5_ext_build_authdata(context, &wanted, ac->auth_data);
    if (ret) {
	free(ac->auth_data);
	ac->auth_data = NULL;
    }
    free_EtypeList(&wanted.etypes);
    return ret;
}

/**
 * Offer extra tokens in the AP-REQ that is made, if they are wanted.  And say
 * that we are aware of channel bindings, if so.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context; its auth_context gets the authorization data
 * @param flags of the 0x8003 checksum
 * @param ap_options of the AP-REQ; AP_OPTS_CONTINUE_NEEDED_OK is added
 *
 * @return 0 or why not
 */
krb5_error_code
_gsskrb5_ext_initiate_offer(krb5_context context, gsskrb5_ctx ctx,
			    OM_uint32 flags, krb5_flags *ap_options)
{
    struct gsskrb5_ext_exchange *ext = _gsskrb5_ext_exchange(context, ctx);
    uint32_t options = KRB5_EXT_WIRE_CONTINUE_NEEDED_OK;
    krb5_error_code ret;
    int aware;

    if (ext == NULL)
	return krb5_enomem(context);
    free_authdata(ctx->auth_context);
    if (!_gsskrb5_ext_initiate_again(ctx)) {
	ext->flags = flags;
	_gsskrb5_ext_begin_offer(context, ctx, flags);
    } else if (ext->flags == 0)
	ext->flags = flags;
    ret = _gsskrb5_ext_early_request(context, ctx);
    if (ret)
	return ret;
    ext->tokens++;
    aware = _gsskrb5_ext_is_bindings_aware(context, ctx);
    if (!ext->offered)
	return aware ? put_authdata(context, ctx->auth_context, ext, aware,
				    0) : 0;
    *ap_options |= AP_OPTS_CONTINUE_NEEDED_OK;
    if (ext->user2user)
	*ap_options |= AP_OPTS_USE_SESSION_KEY;
    if (*ap_options & AP_OPTS_USE_SESSION_KEY)
	options |= GSSKRB5_EXT_WIRE_USE_SESSION_KEY;
    if (*ap_options & AP_OPTS_MUTUAL_REQUIRED)
	options |= GSSKRB5_EXT_WIRE_MUTUAL_REQUIRED;
    return put_authdata(context, ctx->auth_context, ext, aware, options);
}

/*
 * The keys of the last AP-REQ; none if it had no ticket.
 */
static void
our_keys(gsskrb5_ctx ctx, struct krb5_ext_error2_keys *keys)
{
    keys->subkey = ctx->auth_context->local_subkey;
    keys->session = ctx->kcred ? &ctx->kcred->session : NULL;
}

/*
 * Fail with code, and tell the acceptor if it waits for a token.
 */
static OM_uint32
give_up(OM_uint32 *minor_status, krb5_context context, gsskrb5_ctx ctx,
	int waits, krb5_error_code code, gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct krb5_ext_error2_keys keys;
    struct krb5_ext_authdata wanted;
    struct krb5_ext_error2 error2;
    AuthorizationData ad;
    OM_uint32 minor;

    *minor_status = code;
    if (!waits || ext->tokens >= KRB5_EXT_MAX_TOKENS)
	return GSS_S_FAILURE;
    memset(&wanted, 0, sizeof(wanted));
    wanted.have_challenge = 1;
    wanted.challenge = ext->challenge;
    if (_krb5_ext_build_authdata(context, &wanted, &ad))
	return GSS_S_FAILURE;
    memset(&error2, 0, sizeof(error2));
    error2.error_code = _gsskrb5_ext_wire_code(code);
    error2.ad_data = &ad;
    our_keys(ctx, &keys);
    if (_gsskrb5_ext_send(&minor, context, ext, &error2,
			  KRB5_EXT_FROM_INITIATOR, &keys, output_token) !=
	GSS_S_COMPLETE)
	output_token->length = 0;
    free_AuthorizationData(&ad);
    return GSS_S_FAILURE;
}

/*
 * The acceptor's subkey and number, from a KRB-ERROR2 that our subkey opens.
 */
static krb5_error_code
take_keys(krb5_context context, gsskrb5_ctx ctx,
	  const struct krb5_ext_error2 *error2)
{
    krb5_error_code ret;

    ret = krb5_auth_con_setremotesubkey(context, ctx->auth_context,
					error2->subkey);
    if (ret == 0)
	ret = krb5_auth_con_setremoteseqnumber(context, ctx->auth_context,
					       error2->seq_number);
    return ret;
}

/*
 * Whether token ID, e-flags and error code go together (XT-06, XT-07, XT-21).
 */
static int
is_consistent(enum gsskrb5_ext_found found,
	      const struct krb5_ext_error2 *error2)
{
    if (error2->continue_needed)
	return found == GSSKRB5_EXT_CONTINUE;
    return (found == GSSKRB5_EXT_FINAL) == (error2->error_code != 0);
}

/*
 * Whether the context has what an action begins with: a ticket, but for asking
 * for one; and of user-to-user authentication there is no other ticket, but
 * one that tells the time.
 */
static int
is_possible(gsskrb5_ctx ctx, enum recovery_action action)
{
    switch (action) {
    case RECOVERY_USER2USER:
	return 1;
    case RECOVERY_TICKET:
    case RECOVERY_PATH:
	return ctx->kcred != NULL && !ctx->ext->user2user;
    default:
	return ctx->kcred != NULL;
    }
}

/*
 * Whether an acceptor wants another ticket after it has settled the keys of
 * the context with one that it refuses, and no AP-REP is to settle them anew.
 */
static int
keeps_keys_of_refused(const struct gsskrb5_ext_exchange *ext,
		      const struct krb5_ext_error2 *error2,
		      enum recovery_action action)
{
    return ext->awaited && error2->key == KRB5_EXT_ERROR2_KEY_SUBKEY &&
	(action == RECOVERY_TICKET || action == RECOVERY_PATH);
}

/*
 * What to do about an acceptor that refuses the times of the ticket: when it
 * is its clock that is wrong, another ticket with the same times is no help.
 */
static enum recovery_action
blame_clock(krb5_context context, krb5_error_code code, time_t stime,
	    enum recovery_action action)
{
    krb5_timestamp now;

    krb5_timeofday(context, &now);
    if (action != RECOVERY_TICKET || !_gsskrb5_ext_is_time_error(code) ||
	(stime >= now - context->max_skew && stime <= now + context->max_skew))
	return action;
    return RECOVERY_CLOCK;
}

/*
 * Our clocks differ: have the KDC tell the acceptor the time.  Without a KDC
 * take the acceptor's, if the ticket is valid by it.
 *
 * If it is, and the acceptor itself says so, later contexts begin with its
 * clock, once this one is complete (adr/0008).
 */
static krb5_error_code
agree_on_time(krb5_context context, gsskrb5_ctx ctx,
	      const struct krb5_ext_error2 *error2, krb5_error_code code)
{
    int plausible = code == KRB5KRB_AP_ERR_SKEW &&
	_gsskrb5i_plausible_time(context, ctx, error2->stime);

    if (_gsskrb5_ext_clock_ticket(context, ctx) == 0) {
	if (error2->key != KRB5_EXT_ERROR2_KEY_SUBKEY)
	    plausible = 0;
	/* the acceptor may have refused the ticket that our subkey was with */
	if (ctx->ext->awaited && error2->key != KRB5_EXT_ERROR2_KEY_SUBKEY)
	    return _gsskrb5_ext_new_subkey(context, ctx);
    } else if (!plausible)
	return code;
    if (plausible) {
	ctx->skew = error2->stime - time(NULL);
	ctx->more_flags |= RETRIED;
    }
    return 0;
}

/*
 * An error, and the acceptor waits: do what recovery.c says is to be done
 * about it.  Returns 0 if another AP-REQ is to be sent, or why not.
 */
static krb5_error_code
recover(krb5_context context, gsskrb5_ctx ctx,
	const struct krb5_ext_error2 *error2, krb5_error_code code)
{
    static const enum recovery_level levels[] = {
	RECOVERY_N, RECOVERY_K, RECOVERY_S	/* by enc-part-key */
    };
    struct recovery_state state;
    enum recovery_action action;

    memset(&state, 0, sizeof(state));
    state.subkey = ctx->auth_context->local_subkey != NULL;
    state.user2user = ctx->ext->user2user;
    state.recovered = ctx->ext->recovered;
    state.confirmed = ctx->ext->confirmed;
    state.retried = (ctx->more_flags & RETRIED) != 0;
    action = _gsskrb5_ext_recover(error2->error_code, levels[error2->key],
				  &state);
    if (keeps_keys_of_refused(ctx->ext, error2, action))
	action = RECOVERY_FAIL;
    action = blame_clock(context, code, error2->stime, action);
    _krb5_debug(context, 5, "gss initiator: error %d: %s",
		(int)error2->error_code, _gsskrb5_ext_recovery_name(action));
    if (!is_possible(ctx, action) ||
	!_gsskrb5_ext_early_may_recover(context, ctx, error2->error_code))
	return code;
    if (action != RECOVERY_USER2USER)
	ctx->ext->recovered = 1;
    switch (action) {
    case RECOVERY_REQUEST:
	return 0;
    case RECOVERY_CLOCK:
	return agree_on_time(context, ctx, error2, code);
    case RECOVERY_TICKET:
	code = _gsskrb5_ext_new_ticket(context, ctx, code);
	if (code == 0 && ctx->ext->awaited)
	    code = _gsskrb5_ext_new_subkey(context, ctx);
	return code;
    case RECOVERY_PATH:
	return _gsskrb5_ext_other_path(context, ctx, code);
    case RECOVERY_USER2USER:
	return _gsskrb5_ext_user2user_ticket(context, ctx, error2, code);
    default:
	return code;
    }
}

static OM_uint32
take_answer(OM_uint32 *minor_status, krb5_context context, gsskrb5_ctx ctx,
	    enum gsskrb5_ext_found found, struct krb5_ext_error2 *error2,
	    gss_buffer_t output_token, enum gsskrb5_ext_next *next)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    int waits = error2->continue_needed;
    krb5_error_code code;

    if (!is_consistent(found, error2)) {
	*minor_status = KRB5KRB_AP_ERR_MSG_TYPE;
	return GSS_S_DEFECTIVE_TOKEN;
    }
    krb5_data_free(&ext->challenge);
    ext->challenge = error2->challenge;
    krb5_data_zero(&error2->challenge);

    if (error2->error_code == 0) {
	/*
	 * Only what our subkey opens confirms anything (D11, XT-37); and who
	 * asks although we have quoted a challenge already is another one
	 * than who sent that.  But a user-to-user ticket that no AP-REP
	 * answers is answered so.
	 */
	if (error2->key != KRB5_EXT_ERROR2_KEY_SUBKEY ||
	    error2->subkey == NULL || ext->confirmed ||
	    (waits ? ext->recovered || (ext->user2user && !ext->awaited) :
	     ext->awaited)) {
	    *minor_status = KRB5KRB_AP_ERR_MODIFIED;
	    return GSS_S_DEFECTIVE_TOKEN;
	}
	code = take_keys(context, ctx, error2);
	if (code == 0)
	    code = _gsskrb5_ext_take_authdata(context, ext, error2);
	if (code == 0 && waits && ext->tokens >= KRB5_EXT_MAX_TOKENS)
	    code = KRB5KRB_ERR_GENERIC;
	if (code)
	    return give_up(minor_status, context, ctx, waits, code,
			   output_token);
	ext->confirmed = ext->level_k = 1;
	*next = waits ? GSSKRB5_EXT_AGAIN : GSSKRB5_EXT_COMPLETE;
	return GSS_S_COMPLETE;
    }

    code = _gsskrb5_ext_local_code(error2->error_code);
    if (error2->e_text)
	krb5_set_error_message(context, code, "%s", error2->e_text);
    if (waits && ext->tokens < KRB5_EXT_MAX_TOKENS)
	code = recover(context, ctx, error2, code);
    /* without an AP-REP the acceptor's keys are these */
    if (code == 0 && ext->awaited &&
	error2->key == KRB5_EXT_ERROR2_KEY_SUBKEY)
	code = take_keys(context, ctx, error2);
    if (code)
	return give_up(minor_status, context, ctx, waits, code, output_token);
    ext->level_k = error2->key == KRB5_EXT_ERROR2_KEY_SUBKEY;
    *next = GSSKRB5_EXT_AGAIN;
    return GSS_S_COMPLETE;
}

static int
is_krb_error(const gss_buffer_t token)
{
    krb5_data inside;
    OM_uint32 minor;

    return _gsskrb5_decapsulate(&minor, token, &inside, "\x03\x00",
				GSS_KRB5_MECHANISM) == GSS_S_COMPLETE;
}

/**
 * The acceptor has answered our AP-REQ.
 *
 * @param minor_status why the exchange has failed
 * @param context a Kerberos 5 context
 * @param ctx the context
 * @param token what came
 * @param output_token on failure a token that tells the acceptor, or empty
 * @param next what to do after GSS_S_COMPLETE
 *
 * @return GSS_S_COMPLETE, GSS_S_FAILURE or GSS_S_DEFECTIVE_TOKEN
 */
OM_uint32
_gsskrb5_ext_initiate_answer(OM_uint32 *minor_status, krb5_context context,
			     gsskrb5_ctx ctx, const gss_buffer_t token,
			     gss_buffer_t output_token,
			     enum gsskrb5_ext_next *next)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    enum gsskrb5_ext_found found;
    struct krb5_ext_error2_keys keys;
    struct krb5_ext_authdata ad;
    struct krb5_ext_error2 error2;
    krb5_error_code kret;
    krb5_data pdu;
    OM_uint32 ret;

    *next = GSSKRB5_EXT_OTHER;
    ext->tokens++;
    found = _gsskrb5_ext_find(token, &pdu);
    if (found == GSSKRB5_EXT_NONE &&
	((ctx->kcred != NULL && !ext->awaited) || is_krb_error(token)))
	return GSS_S_COMPLETE;
    /* and who has sent no ticket, or wants no AP-REP, gets none */
    if (found == GSSKRB5_EXT_NONE || !ext->offered) {
	*minor_status = KRB5KRB_AP_ERR_MSG_TYPE;
	return GSS_S_DEFECTIVE_TOKEN;
    }
    our_keys(ctx, &keys);
    kret = _krb5_ext_decode_error2(context, &pdu, KRB5_EXT_FROM_ACCEPTOR,
				   &keys, &error2);
    if (kret) {
	*minor_status = kret;
	return GSS_S_DEFECTIVE_TOKEN;
    }
    _krb5_debug(context, 5, "gss initiator: token %u is KRB-ERROR2, error %d, "
		"key %d%s", ext->tokens, (int)error2.error_code, error2.key,
		error2.continue_needed ? ", another AP-REQ wanted" : "");
    kret = _krb5_ext_parse_authdata(context, error2.ad_data, &ad);
    if (kret == 0 && ad.unknown_critical)
	kret = KRB5KRB_AP_ERR_ILL_CR_TKT;
    _krb5_ext_free_authdata(&ad);
    if (kret) {
	*minor_status = kret;
	ret = GSS_S_FAILURE;
    } else
	ret = take_answer(minor_status, context, ctx, found, &error2,
			  output_token, next);
    _krb5_ext_free_error2(&error2);
    return ret;
}

/**
 * Whether the old way of trying again after a KRB-ERROR about the clock is
 * open: not once there was a KRB-ERROR2 (D18), nor without a ticket, nor
 * without mutual authentication from an acceptor that sends KRB-ERROR2: it
 * would not answer the next AP-REQ.
 */
int
_gsskrb5_ext_initiate_may_retry(gsskrb5_ctx ctx)
{
    const struct gsskrb5_ext_exchange *ext = ctx->ext;

    return ctx->kcred != NULL &&
	(ext == NULL ||
	 !(ext->user2user || ext->recovered || ext->confirmed ||
	   ext->awaited));
}

/**
 * The clock to make an Authenticator by.
 *
 * @param ctx the context
 * @param offset of our clock, in seconds; changed if a ticket has told another
 */
void
_gsskrb5_ext_initiate_clock(gsskrb5_ctx ctx, int32_t *offset)
{
    if (ctx->ext->clock_ticket)
	*offset = ctx->ext->clock;
}
