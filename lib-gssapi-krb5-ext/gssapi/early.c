/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Messages before the context is complete, and what is left of them after
 * that: the state that ready.c decides about.
 *
 *   initiator                                 acceptor
 *     AP-REQ (offers)          ------->
 *     messages, its subkey     ------->         held, or
 *                              <-------         KRB-ERROR2, no error
 *                                               messages are taken and made
 *     AP-REQ (challenge)       ------->
 *     messages, acceptor's     ------->
 *
 * On a half-open context ctx->crypto, ctx->order and IS_CFX are what messages
 * need, as they are when it is complete: with the initiator its own subkey,
 * with the acceptor the acceptor's.  Tokens of the exchange name our first
 * number whatever messages were made meanwhile (section 3.3).
 *
 * Who makes or takes messages on a half-open context must not continue it in
 * another thread: the call may delete it.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/*
 * [gssapi] early_prot_ready (FALSE), and for one role
 * early_prot_ready_initiator or early_prot_ready_acceptor.
 */
static int
is_enabled(krb5_context context, int initiator)
{
    krb5_boolean both;

    both = krb5_config_get_bool_default(context, NULL, FALSE, "gssapi",
					"early_prot_ready", NULL);
    return krb5_config_get_bool_default(context, NULL, both, "gssapi",
					initiator ?
					"early_prot_ready_initiator" :
					"early_prot_ready_acceptor", NULL);
}

static int
is_ready(gsskrb5_ctx ctx)
{
    return ctx != NULL && ctx->ext != NULL && ctx->ext->early.ready;
}

static int
is_cfx(const krb5_keyblock *key)
{
    return key != NULL && _gsskrb5_ext_is_cfx_key(key);
}

/**
 * Whether messages can be made: wrap, get_mic and sizes.
 *
 * @param ctx the context, or NULL
 */
int
_gsskrb5_ext_may_send(gsskrb5_ctx ctx)
{
    return IS_READY(ctx) || is_ready(ctx);
}

/**
 * Whether messages can be taken: unwrap and verify_mic.  An initiator that
 * waits has no key of the acceptor's.
 *
 * @param ctx the context, or NULL
 */
int
_gsskrb5_ext_may_receive(gsskrb5_ctx ctx)
{
    return IS_READY(ctx) || (is_ready(ctx) && !(ctx->more_flags & LOCAL));
}

/**
 * The flags to add to those of a half-open context: 0 unless it is ready for
 * messages; then they are final, but for delegation.
 *
 * @param ctx the context
 */
OM_uint32
_gsskrb5_ext_early_flags(gsskrb5_ctx ctx)
{
    OM_uint32 flags = GSS_C_PROT_READY_FLAG;

    if (!is_ready(ctx))
	return 0;
    if ((ctx->more_flags & LOCAL) == 0)
	flags |= GSS_C_TRANS_FLAG |
	    (ctx->ext->first.flags & ~GSS_C_DELEG_FLAG);
    return flags;
}

/*
 * Use key for messages.
 */
static int
set_key(krb5_context context, gsskrb5_ctx ctx, const krb5_keyblock *key)
{
    if (ctx->crypto)
	krb5_crypto_destroy(context, ctx->crypto);
    ctx->crypto = NULL;
    if (krb5_crypto_init(context, key, 0, &ctx->crypto))
	return 0;
    ctx->more_flags |= IS_CFX;
    return 1;
}

/**
 * Initiator: another AP-REQ is to be made.  It has our first number, and a new
 * subkey if it has to have one.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context
 *
 * @return 0 or why not
 */
krb5_error_code
_gsskrb5_ext_early_request(krb5_context context, gsskrb5_ctx ctx)
{
    struct gsskrb5_ext_early *early = &ctx->ext->early;
    krb5_auth_context ac = ctx->auth_context;

    if (early->renew) {
	early->renew = 0;
	return krb5_auth_con_generatelocalsubkey(context, ac,
						 &ctx->kcred->session);
    }
    if (early->ready) {
	krb5_auth_con_getlocalseqnumber(context, ac, &early->next);
	krb5_auth_con_setlocalseqnumber(context, ac, early->numbers.start);
    }
    return 0;
}

/**
 * Initiator: the AP-REQ is made.  Be ready for messages from here on, if that
 * is wanted.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context
 * @param flags of the AP-REQ's checksum
 *
 * @return GSS_C_PROT_READY_FLAG or 0
 */
OM_uint32
_gsskrb5_ext_initiate_early(krb5_context context, gsskrb5_ctx ctx,
			    OM_uint32 flags)
{
    struct gsskrb5_ext_early *early = &ctx->ext->early;
    krb5_auth_context ac = ctx->auth_context;
    struct ready_case c;
    int32_t number;

    if (early->ready) {
	krb5_auth_con_setlocalseqnumber(context, ac, early->next);
	return GSS_C_PROT_READY_FLAG;
    }
    memset(&c, 0, sizeof(c));
    c.enabled = is_enabled(context, 1);
    c.offered = ctx->ext->offered;
    c.mutual = (flags & GSS_C_MUTUAL_FLAG) != 0;
    c.subkey = ac->local_subkey != NULL;
    c.cfx = is_cfx(ac->local_subkey);
    if (!_gsskrb5_ext_ready_to_send(&c) ||
	!set_key(context, ctx, ac->local_subkey))
	return 0;
    krb5_auth_con_getlocalseqnumber(context, ac, &number);
    early->numbers.start = number;
    early->ready = 1;
    return GSS_C_PROT_READY_FLAG;
}

/**
 * Initiator: whether what is to be done about an error can be done.  Where it
 * takes another subkey, messages in the old one would be lost, and the
 * application that made them has to begin again.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context
 * @param error the code on the wire
 */
int
_gsskrb5_ext_early_may_recover(krb5_context context, gsskrb5_ctx ctx,
			       int32_t error)
{
    struct gsskrb5_ext_early *early = &ctx->ext->early;
    int32_t number;

    if (!early->ready || _gsskrb5_ext_ready_keeps_subkey(error))
	return 1;
    krb5_auth_con_getlocalseqnumber(context, ctx->auth_context, &number);
    if ((uint32_t)number != early->numbers.start) {
	_krb5_debug(context, 5, "gss initiator: not after early messages");
	return 0;
    }
    early->ready = 0;
    early->renew = 1;
    return 1;
}

/*
 * What there is to say of the exchange as acceptor; theirs is the subkey that
 * counts, ours the answer.
 */
static void
fill_case(krb5_context context, const struct gsskrb5_ext_exchange *ext,
	  OM_uint32 flags, const krb5_keyblock *theirs,
	  const krb5_keyblock *ours, struct ready_case *c)
{
    memset(c, 0, sizeof(*c));
    c->enabled = is_enabled(context, 0);
    c->offered = ext->offered;
    c->mutual = (flags & GSS_C_MUTUAL_FLAG) != 0;
    c->subkey = theirs != NULL;
    c->cfx = is_cfx(theirs) && is_cfx(ours);
    c->exposed = ext->early.exposed;
    c->policy = ext->policy;
}

/*
 * Take early messages in the initiator's subkey, that begin with number.
 */
static int
take_early(krb5_context context, struct gsskrb5_ext_early *early,
	   const krb5_keyblock *subkey, uint32_t number)
{
    early->numbers.start = number;
    early->numbers.marked = 0;
    return krb5_crypto_init(context, subkey, 0, &early->key) == 0;
}

/**
 * Acceptor: a KRB-ERROR2 without an error, in the initiator's subkey, asks for
 * another AP-REQ.  Be ready for messages from here on, if that is wanted.
 * Without memory we are not.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context, as before the first AP-REQ, but for ext
 */
void
_gsskrb5_ext_accept_early(krb5_context context, gsskrb5_ctx ctx)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    const struct gsskrb5_ext_first *first = &ext->first;
    struct ready_case c;
    OM_uint32 minor;

    fill_case(context, ext, first->flags, first->remote_subkey,
	      first->local_subkey, &c);
    c.confirmed = 1;
    if (!_gsskrb5_ext_ready_before_answer(&c))
	return;
    if (!set_key(context, ctx, first->local_subkey) ||
	!take_early(context, &ext->early, first->remote_subkey,
		    first->remote_seq) ||
	_gssapi_msg_order_create(&minor, &ctx->order,
				 _gssapi_msg_order_f(first->flags),
				 first->remote_seq, 0, 1) != GSS_S_COMPLETE) {
	_gsskrb5_ext_forget_early(context, ctx);
	return;
    }
    ctx->more_flags |= ACCEPTOR_SUBKEY;
    krb5_auth_con_setlocalseqnumber(context, ctx->auth_context,
				    first->local_seq);
    ext->early.ready = 1;
    _krb5_debug(context, 5, "gss acceptor: messages before the answer");
}

/**
 * Acceptor: the AP-REQ that was asked for is good, and the answer, if there is
 * one, has our first number.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context; its auth_context's number is remembered
 */
void
_gsskrb5_ext_early_answer(krb5_context context, gsskrb5_ctx ctx)
{
    if (is_ready(ctx))
	krb5_auth_con_getlocalseqnumber(context, ctx->auth_context,
					&ctx->ext->early.next);
}

/**
 * Acceptor: somebody has sent the same AP-REQ before, and maybe the messages,
 * too: they are not taken a second time.
 *
 * @param ctx the context
 */
void
_gsskrb5_ext_early_repeated(gsskrb5_ctx ctx)
{
    ctx->ext->early.exposed = 1;
}

/**
 * Acceptor: the subkey of an AP-REQ whose ticket was refused, and that of the
 * next one.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context
 * @param refused the former, or NULL
 * @param now the latter, or NULL
 */
void
_gsskrb5_ext_early_refused(krb5_context context, gsskrb5_ctx ctx,
			   const krb5_keyblock *refused,
			   const krb5_keyblock *now)
{
    if (refused != NULL && now != NULL &&
	refused->keyvalue.length == now->keyvalue.length &&
	ct_memcmp(refused->keyvalue.data, now->keyvalue.data,
		  now->keyvalue.length) == 0)
	ctx->ext->early.exposed = 1;
}

/**
 * Acceptor: the context is about to be complete.  From here on the number is
 * that of messages, and early ones are taken that come late.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context
 */
void
_gsskrb5_ext_early_complete(krb5_context context, gsskrb5_ctx ctx)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    krb5_auth_context ac = ctx->auth_context;
    struct ready_case c;
    int32_t number;

    if (ext == NULL)
	return;
    if (ext->early.ready) {
	krb5_auth_con_setlocalseqnumber(context, ac, ext->early.next);
	return;
    }
    if ((ctx->more_flags & (IS_CFX | ACCEPTOR_SUBKEY)) !=
	(IS_CFX | ACCEPTOR_SUBKEY))
	return;
    fill_case(context, ext, ctx->flags, ac->remote_subkey, ac->local_subkey,
	      &c);
    if (!_gsskrb5_ext_ready_for_early(&c))
	return;
    krb5_auth_con_getremoteseqnumber(context, ac, &number);
    (void)take_early(context, &ext->early, ac->remote_subkey, number);
}

/**
 * Forget all of it.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context
 */
void
_gsskrb5_ext_forget_early(krb5_context context, gsskrb5_ctx ctx)
{
    struct gsskrb5_ext_early *early = &ctx->ext->early;

    early->ready = 0;
    if (early->key)
	krb5_crypto_destroy(context, early->key);
    early->key = NULL;
    if (ctx->order)
	_gssapi_msg_order_destroy(&ctx->order);
    if (ctx->crypto)
	krb5_crypto_destroy(context, ctx->crypto);
    ctx->crypto = NULL;
    ctx->more_flags &= ~(IS_CFX | ACCEPTOR_SUBKEY);
}

/**
 * The key of a message that says that it is in the initiator's subkey, in a
 * context whose key is the acceptor's.
 *
 * @param ctx the context
 * @param snd_seq the number in the message, eight octets, not verified yet
 *
 * @return the key, which is ctx's, or NULL if the message is not to be taken
 */
krb5_crypto
_gsskrb5_ext_early_key(gsskrb5_ctx ctx, const unsigned char *snd_seq)
{
    krb5_crypto key = NULL;
    OM_uint32 high, low;

    _gsskrb5_decode_be_om_uint32(snd_seq, &high);
    _gsskrb5_decode_be_om_uint32(snd_seq + 4, &low);
    HEIMDAL_MUTEX_lock(&ctx->ctx_id_mutex);
    if (ctx->ext != NULL && high == 0 &&
	_gsskrb5_ext_ready_is_early(&ctx->ext->early.numbers, low))
	key = ctx->ext->early.key;
    HEIMDAL_MUTEX_unlock(&ctx->ctx_id_mutex);
    return key;
}

/**
 * A message was verified with key: look at its number.  ctx->ctx_id_mutex is
 * held.
 *
 * @param ctx the context
 * @param key ctx->crypto, or what _gsskrb5_ext_early_key() has returned
 * @param number of the message
 *
 * @return as _gssapi_msg_order_check(); GSS_S_DEFECTIVE_TOKEN for an early
 *         message behind one in the acceptor's subkey, which changes nothing
 */
OM_uint32
_gsskrb5_ext_early_order(gsskrb5_ctx ctx, krb5_crypto key, OM_uint32 number)
{
    struct gsskrb5_ext_early *early;

    if (ctx->ext != NULL && ctx->ext->early.key != NULL) {
	early = &ctx->ext->early;
	if (key != early->key)
	    _gsskrb5_ext_ready_mark(&early->numbers, number);
	else if (!_gsskrb5_ext_ready_is_early(&early->numbers, number))
	    return GSS_S_DEFECTIVE_TOKEN;
    }
    return _gssapi_msg_order_check(ctx->order, number);
}
