/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * An acceptor whose clock is wrong (section 8 of the document, D20):
 *
 *   initiator                 KDC              acceptor, an hour behind
 *     AP-REQ                  -------------->
 *                             <--------------   KRB-ERROR2: 33, challenge
 *     TGS-REQ, challenge  ->
 *                         <-  ticket, challenge
 *     AP-REQ, challenge       -------------->   the ticket has it, too: it
 *                                               was made just now, and starts
 *                                               now by the KDC's clock
 *                             <--------------   AP-REP
 *
 * The KDC's word is as good about the time as it is about the client: no one
 * else can put something into a ticket that our key opens.  What is learnt is
 * for one context.  The system's clock, other contexts and the peers of these
 * see nothing of it.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"
#include "skew.h"

#define LIMIT "max_correctable_skew"
#define DEFAULT_LIMIT (24 * 3600)

/**
 * Whether an error says that two clocks are not the same.
 *
 * @param code of libkrb5
 */
int
_gsskrb5_ext_is_time_error(krb5_error_code code)
{
    return code == KRB5KRB_AP_ERR_TKT_EXPIRED ||
	code == KRB5KRB_AP_ERR_TKT_NYV || code == KRB5KRB_AP_ERR_SKEW;
}

/*
 * Whether the Authenticator has our challenge, and the ticket.
 */
static int
is_answered(krb5_context context, const struct gsskrb5_ext_exchange *ext,
	    const struct krb5_ext_peek *peek)
{
    struct krb5_ext_authdata ad;
    int is;

    if (peek->authenticator == NULL ||
	_krb5_ext_parse_authdata(context,
				 peek->authenticator->authorization_data,
				 &ad))
	return 0;
    is = ad.have_challenge &&
	_krb5_ext_challenge_equal(&ad.challenge, &ext->challenge) &&
	_krb5_ext_has_challenge(context, peek->ticket->authorization_data,
				&ext->challenge);
    _krb5_ext_free_authdata(&ad);
    return is;
}

static int
measure(krb5_context context, const struct gsskrb5_ext_exchange *ext,
	const EncTicketPart *ticket, int32_t *ahead)
{
    struct skew_facts facts;
    krb5_timestamp now;

    krb5_timeofday(context, &now);
    memset(&facts, 0, sizeof(facts));
    facts.asked = ext->asked;
    facts.now = now;
    /* RFC 4120 5.3: absent if it is the same; MIT's KDC leaves it out then */
    facts.start = ticket->starttime ? *ticket->starttime : ticket->authtime;
    facts.chosen = ticket->flags.postdated || ticket->flags.invalid;
    facts.tolerance = context->max_skew;
    facts.limit = krb5_config_get_time_default(context, NULL, DEFAULT_LIMIT,
					       "gssapi", LIMIT, NULL);
    return _gsskrb5_ext_measure_skew(&facts, ahead);
}

/*
 * Tell the administrator, who has a clock to set.
 */
static void
report(krb5_context context, const EncTicketPart *ticket, int32_t ahead)
{
    const char *how = ahead < 0 ? "ahead of" : "behind";

    _krb5_debug(context, 1, "gss acceptor: the clock of this host is %ld "
		"seconds %s the KDC's of %s, and corrected for one context; "
		"set it", labs((long)ahead), how, ticket->crealm);
}

/*
 * Read what has been refused for its times, and find out whether it tells the
 * KDC's time.
 */
static int
learn_time(krb5_context context, const struct gsskrb5_ext_exchange *ext,
	   const krb5_data *ap_req, krb5_keytab keytab,
	   krb5_const_principal server, struct krb5_ext_peek *peek,
	   int32_t *ahead)
{
    krb5_error_code ret;

    if (ext->user2user)
	ret = _krb5_ext_peek_with(context, ext->own.session, ap_req, peek);
    else
	ret = _krb5_ext_peek(context, keytab, server, ap_req, peek);
    return ret == 0 && is_answered(context, ext, peek) &&
	measure(context, ext, peek->ticket, ahead);
}

/*
 * krb5_rd_req_ctx(), with a fresh auth_context and the clock so far ahead.
 */
static krb5_error_code
verify_by(krb5_context context, gsskrb5_ctx ctx, int32_t ahead,
	  const krb5_data *ap_req, krb5_const_principal server,
	  krb5_rd_req_in_ctx in, krb5_rd_req_out_ctx *out)
{
    krb5_error_code ret;
    int32_t sec, usec;

    ret = _gsskrb5i_renew_auth_context(context, &ctx->auth_context);
    if (ret == 0 && ctx->ext->user2user)
	ret = krb5_auth_con_setkey(context, ctx->auth_context,
				   ctx->ext->own.session);
    if (ret)
	return ret;
    krb5_get_kdc_sec_offset(context, &sec, &usec);
    krb5_set_kdc_sec_offset(context, sec + ahead, usec);
    ret = krb5_rd_req_ctx(context, &ctx->auth_context, ap_req, server, in,
			  out);
    krb5_set_kdc_sec_offset(context, sec, usec);
    return ret;
}

/**
 * krb5_rd_req_ctx() for an acceptor that may have a wrong clock, and has asked
 * for a request by which it could tell.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context; its auth_context is the one that is used
 * @param ap_req the octets
 * @param keytab the acceptor's keys, NULL for the default; as in in
 * @param server the principal that the acceptor insists on, or NULL
 * @param in as for krb5_rd_req_ctx()
 * @param out as from krb5_rd_req_ctx()
 *
 * @return as krb5_rd_req_ctx(): the error about the times, when the request
 *         does not tell the time
 */
krb5_error_code
_gsskrb5_ext_rd_req(krb5_context context, gsskrb5_ctx ctx,
		    const krb5_data *ap_req, krb5_keytab keytab,
		    krb5_const_principal server, krb5_rd_req_in_ctx in,
		    krb5_rd_req_out_ctx *out)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct krb5_ext_peek peek;
    krb5_error_code ret;
    int32_t ahead;

    ret = krb5_rd_req_ctx(context, &ctx->auth_context, ap_req, server, in,
			  out);
    if (!_gsskrb5_ext_is_time_error(ret) || !ext->waiting || !ext->bad_time)
	return ret;
    if (learn_time(context, ext, ap_req, keytab, server, &peek, &ahead)) {
	ret = verify_by(context, ctx, ahead, ap_req, server, in, out);
	if (ret == 0) {
	    report(context, peek.ticket, ahead);
	    ext->clock = ahead;
	}
    }
    _krb5_ext_free_peek(context, &peek);
    return ret;
}

/**
 * When the context ends, by our clock.
 *
 * @param ctx an acceptor's context, which has its ticket
 */
time_t
_gsskrb5_ext_accept_endtime(gsskrb5_ctx ctx)
{
    return ctx->ticket->ticket.endtime - ctx->ext->clock;
}
