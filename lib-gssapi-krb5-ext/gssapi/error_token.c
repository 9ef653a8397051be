/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The error token of an acceptor (RFC 4121 4.1; RFC 1964 1.1):
 *
 *   octets  what
 *   1 + n   60, DER length of all that follows
 *   11      06 09, OID of the krb5 mechanism
 *   2       03 00, TOK_ID KRB_ERROR
 *   rest    DER KRB-ERROR: error-code, stime, susec, and realm and sname of
 *           the AP-REQ; no e-text, no e-data, no client
 *
 * An initiator that asked for mutual authentication waits for an answer; this
 * one tells it why there is none.  MIT krb5 sends it in the same cases.
 *
 * Neither the AP-REQ nor the answer is authenticated.  Whoever sends a
 * well-formed AP-REQ gets at most one token of the request's own realm and
 * sname and less than a hundred octets more; the names of the acceptor's keys
 * and what its error messages say are not in it.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/*
 * Encode the KRB-ERROR about an AP-REQ.  Free the result with
 * krb5_data_free().
 */
static krb5_error_code
make_krb_error(krb5_context context, krb5_error_code code,
	       const AP_REQ *ap_req, krb5_data *result)
{
    krb5_principal server = NULL;
    krb5_error_code ret;

    ret = _krb5_principalname2krb5_principal(context, &server,
					     ap_req->ticket.sname,
					     ap_req->ticket.realm);
    if (ret)
	return ret;
    code = _gsskrb5_ext_local_code(_gsskrb5_ext_wire_code(code));
    ret = krb5_mk_error(context, code, NULL, NULL, NULL, server,
			NULL, NULL, result);
    krb5_free_principal(context, server);
    return ret;
}

/*
 * The acceptor has failed with major and code on a token: put the error token
 * for the initiator into output_token, which is empty and the caller's to
 * free.  An initiator that takes extra tokens gets a KRB-ERROR2: acceptor.c.
 * For others it stays empty when [gssapi] send_error_tokens is false, when the
 * input was not a framed AP-REQ that asks for mutual authentication, and when
 * the token cannot be made: the error itself is what counts.
 *
 * An AP-REQ without framing is DCE RPC's, where the runtime reports errors.
 */
void
_gsskrb5_ext_error_token(krb5_context context, gsskrb5_ctx ctx,
			 OM_uint32 major, krb5_error_code code,
			 const gss_buffer_t input_token,
			 gss_buffer_t output_token)
{
    krb5_data request, krb_error;
    OM_uint32 ret, minor;
    AP_REQ ap_req;

    if (major == GSS_S_DEFECTIVE_TOKEN || input_token == GSS_C_NO_BUFFER)
	return;
    if (ctx->ext != NULL && ctx->ext->offered) {
	_gsskrb5_ext_accept_error(context, ctx, code, output_token);
	return;
    }
    if (!krb5_config_get_bool_default(context, NULL, TRUE, "gssapi",
				      "send_error_tokens", NULL))
	return;
    if (_gsskrb5_decapsulate(&minor, input_token, &request, "\x01\x00",
			     GSS_KRB5_MECHANISM))
	return;
    if (krb5_decode_ap_req(context, &request, &ap_req))
	return;
    if (ap_req.ap_options.mutual_required
	&& make_krb_error(context, code, &ap_req, &krb_error) == 0) {
	ret = _gsskrb5_encapsulate(&minor, &krb_error, output_token,
				   "\x03\x00", GSS_KRB5_MECHANISM);
	if (ret)
	    output_token->length = 0;
	krb5_data_free(&krb_error);
    }
    free_AP_REQ(&ap_req);
}
