/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Tokens that are a KRB-ERROR2, to and from octets: the PDU is krb_error2.c's,
 * here is what stands around it.
 *
 *   60 length 06 09 OID   02 00  KRB-ERROR2    another token is wanted, or
 *                                              it stands for an AP-REP
 *                         03 00  KRB-ERROR2    an error, and the end
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/* the identifier octets of [APPLICATION 55], constructed */
static const unsigned char tag[] = { 0x7f, KRB5_EXT_TAG_ERROR2 };

/*
 * The code on the wire for an error of ours.  Codes of the protocol (RFC 4120
 * 7.5.9) are sent as they are; what is known of the others only concerns this
 * host.
 */
int32_t
_gsskrb5_ext_wire_code(krb5_error_code code)
{
    /* a keytab without the key, and one without any */
    if (code == KRB5_KT_NOTFOUND || code == KRB5_KT_END)
	code = KRB5KRB_AP_ERR_NOKEY;
    if (code <= KRB5KDC_ERR_NONE || code >= KRB5_ERR_RCSID)
	code = KRB5KRB_ERR_GENERIC;
    return code - KRB5KDC_ERR_NONE;
}

/*
 * The other way; never 0.
 */
krb5_error_code
_gsskrb5_ext_local_code(int32_t wire)
{
    if (wire <= 0 || wire >= KRB5_ERR_RCSID - KRB5KDC_ERR_NONE)
	return KRB5KRB_ERR_GENERIC;
    return KRB5KDC_ERR_NONE + wire;
}

/*
 * A new challenge of ours, in place of an older one.
 */
krb5_error_code
_gsskrb5_ext_new_challenge(krb5_context context,
			   struct gsskrb5_ext_exchange *ext)
{
    krb5_error_code ret;

    krb5_data_free(&ext->challenge);
    ret = krb5_data_alloc(&ext->challenge, KRB5_EXT_CHALLENGE_SIZE);
    if (ret)
	return krb5_enomem(context);
    krb5_generate_random_block(ext->challenge.data, ext->challenge.length);
    return 0;
}

/*
 * Make the token of error2, with ext's challenge and the time; output_token is
 * the caller's to free.  Returns GSS_S_CONTINUE_NEEDED when error2 says so and
 * GSS_S_COMPLETE when it is final, or GSS_S_FAILURE without a token.
 */
OM_uint32
_gsskrb5_ext_send(OM_uint32 *minor_status, krb5_context context,
		  struct gsskrb5_ext_exchange *ext,
		  const struct krb5_ext_error2 *error2,
		  enum krb5_ext_sender sender,
		  const struct krb5_ext_error2_keys *keys,
		  gss_buffer_t output_token)
{
    struct krb5_ext_error2 sent = *error2;
    krb5_timestamp sec;
    krb5_error_code kret;
    krb5_data pdu;
    OM_uint32 ret;

    kret = _gsskrb5_ext_new_challenge(context, ext);
    if (kret == 0)
	kret = krb5_us_timeofday(context, &sec, &sent.susec);
    if (kret == 0) {
	sent.stime = sec;
	sent.challenge = ext->challenge;
	kret = _krb5_ext_encode_error2(context, &sent, sender, keys, &pdu);
    }
    if (kret) {
	*minor_status = kret;
	return GSS_S_FAILURE;
    }
    ret = _gsskrb5_encapsulate(minor_status, &pdu, output_token,
			       sent.continue_needed || sent.error_code == 0 ?
			       KRB5_EXT_TOK_ID_CONTINUE :
			       KRB5_EXT_TOK_ID_FINAL, GSS_KRB5_MECHANISM);
    krb5_data_free(&pdu);
    if (ret != GSS_S_COMPLETE)
	return ret;
    ext->tokens++;
    *minor_status = 0;
    return sent.continue_needed ? GSS_S_CONTINUE_NEEDED : GSS_S_COMPLETE;
}

/*
 * Whether token is a KRB-ERROR2; *pdu is an alias into it.
 */
enum gsskrb5_ext_found
_gsskrb5_ext_find(const gss_buffer_t token, krb5_data *pdu)
{
    enum gsskrb5_ext_found found = GSSKRB5_EXT_CONTINUE;
    OM_uint32 minor;

    if (_gsskrb5_decapsulate(&minor, token, pdu, KRB5_EXT_TOK_ID_CONTINUE,
			     GSS_KRB5_MECHANISM)) {
	found = GSSKRB5_EXT_FINAL;
	if (_gsskrb5_decapsulate(&minor, token, pdu, KRB5_EXT_TOK_ID_FINAL,
				 GSS_KRB5_MECHANISM))
	    return GSSKRB5_EXT_NONE;
    }
    if (pdu->length < sizeof(tag) ||
	((unsigned char *)pdu->data)[0] != tag[0] ||
	((unsigned char *)pdu->data)[1] != tag[1])
	return GSSKRB5_EXT_NONE;
    return found;
}
