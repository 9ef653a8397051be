/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * User-to-user authentication (section 7 of the document on extra context
 * tokens): the acceptor has no long-term key, or the KDC gives no ticket in
 * it, so the ticket is in the session key of the acceptor's TGT.
 *
 *   initiator                                     acceptor
 *     AP-REQ, empty ticket or a real one -------->
 *                                  <--------------   KRB-ERROR2 69, TGT
 *     TGS-REQ: the target, the TGT
 *     AP-REQ, use-session-key      -------------->
 *                                  <--------------   AP-REP
 *
 * What the KDC says (27) and what the acceptor says (69) is not authentic.
 * The first leads to an AP-REQ without any ticket; the second to a request
 * that the KDC answers only for the target that we have meant all along.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/*
 * The AP-REQ of who has no ticket for target.
 */
static krb5_error_code
encode_empty(krb5_context context, krb5_const_principal target,
	     krb5_const_realm realm, int mutual, krb5_data *octets)
{
    krb5_error_code ret;
    AP_REQ req;			/* aliases */
    size_t size;

    memset(&req, 0, sizeof(req));
    req.pvno = 5;
    req.msg_type = krb_ap_req;
    req.ap_options.mutual_required = mutual;
    req.ap_options.continue_needed_ok = 1;
    req.ticket.tkt_vno = 5;
    req.ticket.realm = rk_UNCONST(realm);
    req.ticket.sname = target->name;
    if (req.ticket.sname.name_type == KRB5_NT_SRV_HST_NEEDS_CANON)
	req.ticket.sname.name_type = KRB5_NT_SRV_HST;
    req.ticket.enc_part.etype = ETYPE_NULL;
    req.authenticator.etype = ETYPE_NULL;
    ASN1_MALLOC_ENCODE(AP_REQ, octets->data, octets->length, &req, &size,
		       ret);
    if (ret)
	return ret == ENOMEM ? krb5_enomem(context) : ret;
    if (size != octets->length)
	krb5_abortx(context, "internal error in ASN.1 encoder");
    return 0;
}

/*
 * Whether an AP-REQ is such a one.
 */
int
_gsskrb5_ext_is_empty(const AP_REQ *req)
{
    return req->ticket.enc_part.etype == ETYPE_NULL &&
	req->ticket.enc_part.cipher.length == 0 &&
	req->authenticator.etype == ETYPE_NULL &&
	req->authenticator.cipher.length == 0;
}

/**
 * There is no ticket.  If the KDC gives only user-to-user tickets for the
 * target, and extra tokens are to be offered, send an AP-REQ that has none:
 * the acceptor may answer it with its TGT.
 *
 * @param minor_status why there is no ticket; 0 on GSS_S_CONTINUE_NEEDED
 * @param context a Kerberos 5 context
 * @param ctx the context: source, target and req_flags are set
 * @param bindings of the first call, which the AP-REQ with a ticket will have
 * @param output_token on GSS_S_CONTINUE_NEEDED what to send
 *
 * @return GSS_S_CONTINUE_NEEDED or GSS_S_FAILURE
 */
OM_uint32
_gsskrb5_ext_initiate_empty(OM_uint32 *minor_status, krb5_context context,
			    gsskrb5_ctx ctx,
			    const gss_channel_bindings_t bindings,
			    gss_buffer_t output_token)
{
    struct gsskrb5_ext_exchange *ext;
    krb5_const_realm realm;
    krb5_error_code kret;
    krb5_data req;
    OM_uint32 ret;

    if (*minor_status != (OM_uint32)KRB5KDC_ERR_KDC_ERR_MUST_USE_USER2USER ||
	ctx->target == NULL)
	return GSS_S_FAILURE;
    ext = _gsskrb5_ext_exchange(context, ctx);
    if (ext == NULL)
	return GSS_S_FAILURE;
    _gsskrb5_ext_begin_offer(context, ctx, ctx->req_flags);
    if (!ext->offered)
	return GSS_S_FAILURE;

    realm = ctx->target->realm;
    if (realm[0] == '\0')
	realm = ctx->source->realm;	/* whose KDC was asked */
    kret = bindings == GSS_C_NO_CHANNEL_BINDINGS ? 0 :
	_gsskrb5_hash_chan_bindings(bindings, ctx->bnd);
    if (kret == 0)
	kret = encode_empty(context, ctx->target, realm,
			    (ctx->req_flags & GSS_C_MUTUAL_FLAG) != 0, &req);
    if (kret) {
	*minor_status = kret;
	return GSS_S_FAILURE;
    }
    ret = _gsskrb5_encapsulate(minor_status, &req, output_token,
			       (u_char *)(intptr_t)"\x01\x00",
			       GSS_KRB5_MECHANISM);
    krb5_data_free(&req);
    if (ret != GSS_S_COMPLETE)
	return ret;
    ext->tokens++;
    ctx->more_flags |= LOCAL;
    *minor_status = 0;
    _krb5_debug(context, 5, "gss initiator: no ticket, user-to-user needed");
    return GSS_S_CONTINUE_NEEDED;
}
