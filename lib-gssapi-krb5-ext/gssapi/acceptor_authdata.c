/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Authorization data of the acceptor, for the initiator's application (ad-data
 * of a KRB-ERROR2, section 2.1 of the document): what an Authenticator can
 * carry to the acceptor, in the other direction.
 *
 *   initiator                                     acceptor
 *     AP-REQ (offers, mutual)      -------------->
 *                                  <--------------   AP-REP2, ad-data
 *   or, where it wants a challenge answered
 *     AP-REQ (offers)              -------------->
 *                                  <--------------   KRB-ERROR2, no error,
 *     AP-REQ (challenge)           -------------->   ad-data
 *
 * It travels in what confirms the acceptor's key, encrypted in the initiator's
 * subkey, and nowhere else: not under the ticket's session key alone, which
 * can be that of another exchange, and not with an error, after which there
 * may be another ticket.  Nor after an AP-REQ whose ticket was no good: who
 * has its key may have the subkey, with which an initiator begins again.  An
 * initiator that does not offer extra tokens gets none.  All those are
 * accepted as ever.
 *
 * The initiator understands AD-IF-RELEVANT and what stands in it; what it does
 * not understand outside of one ends the exchange, as in an Authenticator.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/* 2.25.182213062891074430520852679013680223426, a UUID */
gss_OID_desc GSSAPI_LIB_VARIABLE __gss_krb5_acceptor_authz_data_x_oid_desc = {
    20, rk_UNCONST("\x69\x82\x92\x94\xfa\xe6\xf8\xbf\xd2\xb6"
		   "\xc7\x9a\xba\xd5\xcd\xd0\xdd\xdc\xa9\x42")
};

/*
 * Whether a type is the protocol's, and so not the application's.
 */
static int
is_reserved(int32_t type)
{
    return type == KRB5_EXT_AD_CONTINUE_CHALLENGE ||
	type == KRB5_EXT_AD_AP_OPTIONS ||
	type == KRB5_EXT_AD_KERB_AP_OPTIONS ||
	type == KRB5_AUTHDATA_GSS_API_ETYPE_NEGOTIATION;
}

static krb5_error_code
encode(const AuthorizationData *ad, krb5_data *der)
{
    krb5_error_code ret;
    size_t size;

    ASN1_MALLOC_ENCODE(AuthorizationData, der->data, der->length, ad, &size,
		       ret);
    if (ret)
	krb5_data_zero(der);
    return ret;
}

/*
 * Decode what is DER and nothing else; free ad with free_AuthorizationData().
 */
static krb5_error_code
decode(const heim_octet_string *der, AuthorizationData *ad)
{
    krb5_error_code ret;
    krb5_data again;
    size_t size;

    ret = decode_AuthorizationData(der->data, der->length, ad, &size);
    if (ret)
	return ret;
    ret = encode(ad, &again);
    if (ret == 0) {
	if (krb5_data_cmp(&again, der) != 0)
	    ret = size == der->length ? ASN1_GOT_BER : ASN1_EXTRA_DATA;
	krb5_data_free(&again);
    }
    if (ret)
	free_AuthorizationData(ad);
    return ret;
}

/*
 * Call visit with each element of ad that is not an AD-IF-RELEVANT, in order,
 * until it returns an error.
 */
static krb5_error_code
walk(const AuthorizationData *ad, int level,
     krb5_error_code (*visit)(const AuthorizationDataElement *, void *),
     void *arg)
{
    AuthorizationData child;
    krb5_error_code ret = 0;
    unsigned int i;

    if (level > KRB5_EXT_AD_MAX_DEPTH)
	return ASN1_BAD_FORMAT;
    for (i = 0; ret == 0 && i < ad->len; i++) {
	if (ad->val[i].ad_type != KRB5_AUTHDATA_IF_RELEVANT) {
	    ret = visit(&ad->val[i], arg);
	    continue;
	}
	ret = decode(&ad->val[i].ad_data, &child);
	if (ret)
	    break;
	ret = walk(&child, level + 1, visit, arg);
	free_AuthorizationData(&child);
    }
    return ret;
}

static krb5_error_code
walk_der(const krb5_data *der,
	 krb5_error_code (*visit)(const AuthorizationDataElement *, void *),
	 void *arg)
{
    AuthorizationData ad;
    krb5_error_code ret;

    ret = decode(der, &ad);
    if (ret)
	return ret;
    ret = walk(&ad, 0, visit, arg);
    free_AuthorizationData(&ad);
    return ret;
}

/* ------------------------------------------------------------- acceptor */

static krb5_error_code
visit_own(const AuthorizationDataElement *e, void *arg)
{
    int *count = arg;

    (*count)++;
    return is_reserved(e->ad_type) ? EINVAL : 0;
}

/**
 * GSS_KRB5_ACCEPTOR_AUTHZ_DATA_X of a credential.
 *
 * @param minor_status EINVAL for a credential that is not to accept with, a
 *        reserved type and an empty list; ERANGE for one that is too long; an
 *        error of ASN.1 for what is not DER
 * @param cred an acceptor's credential, or NULL
 * @param authdata where cred has it
 * @param value DER of an AuthorizationData; empty for none, from now on
 *
 * @return GSS_S_COMPLETE or GSS_S_FAILURE, which leaves what there was
 */
OM_uint32
_gsskrb5_ext_set_authdata(OM_uint32 *minor_status, gsskrb5_cred cred,
			  krb5_data *authdata, const gss_buffer_t value)
{
    krb5_data given, copy;
    krb5_error_code ret = 0;
    int count = 0;

    given.data = value->value;	/* alias */
    given.length = value->length;
    krb5_data_zero(&copy);
    if (cred == NULL || cred->usage == GSS_C_INITIATE)
	ret = EINVAL;
    else if (given.length > KRB5_EXT_ACCEPTOR_AUTHDATA_MAX)
	ret = ERANGE;
    else if (given.length != 0) {
	ret = walk_der(&given, visit_own, &count);
	if (ret == 0)
	    ret = count ? krb5_data_copy(&copy, given.data, given.length) :
		EINVAL;
    }
    *minor_status = ret;
    if (ret)
	return GSS_S_FAILURE;
    HEIMDAL_MUTEX_lock(&cred->cred_id_mutex);
    krb5_data_free(authdata);
    *authdata = copy;
    HEIMDAL_MUTEX_unlock(&cred->cred_id_mutex);
    return GSS_S_COMPLETE;
}

/**
 * An AP-REQ is to be accepted with this credential: take its authorization
 * data for the exchange, if it is the first call.
 *
 * @param minor_status ENOMEM
 * @param ctx the acceptor's context, after _gsskrb5_ext_accept_request()
 * @param cred the credential, or NULL
 * @param authdata where cred has it
 *
 * @return GSS_S_COMPLETE or GSS_S_FAILURE
 */
OM_uint32
_gsskrb5_ext_accept_authdata(OM_uint32 *minor_status, gsskrb5_ctx ctx,
			     gsskrb5_cred cred, const krb5_data *authdata)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    krb5_error_code ret = 0;

    *minor_status = 0;
    if (cred == NULL || ext->tokens > 1)
	return GSS_S_COMPLETE;
    HEIMDAL_MUTEX_lock(&cred->cred_id_mutex);
    if (authdata->length != 0) {
	ret = krb5_data_copy(&ext->authdata, authdata->data,
			     authdata->length);
	ext->authdata_state = GSSKRB5_EXT_AUTHDATA_UNSENT;
    }
    HEIMDAL_MUTEX_unlock(&cred->cred_id_mutex);
    *minor_status = ret;
    return ret ? GSS_S_FAILURE : GSS_S_COMPLETE;
}

/*
 * Whether there is authorization data to be sent, and the initiator's subkey
 * keeps it from others: not if that may have been in an AP-REQ before, under a
 * ticket whose key others may have.  Only an AP-REP is safe then.
 */
int
_gsskrb5_ext_may_send_authdata(const struct gsskrb5_ext_exchange *ext,
			       const krb5_keyblock *subkey)
{
    return ext->authdata_state == GSSKRB5_EXT_AUTHDATA_UNSENT &&
	subkey != NULL && !ext->doubtful;
}

/*
 * As _gsskrb5_ext_send(), for an acceptor's KRB-ERROR2 without an error, with
 * the authorization data if it may be sent.
 */
OM_uint32
_gsskrb5_ext_send_confirmation(OM_uint32 *minor_status, krb5_context context,
			       struct gsskrb5_ext_exchange *ext,
			       const struct krb5_ext_error2 *error2,
			       const struct krb5_ext_error2_keys *keys,
			       gss_buffer_t output_token)
{
    struct krb5_ext_error2 sent = *error2;
    krb5_error_code kret;
    AuthorizationData ad;
    OM_uint32 ret;

    memset(&ad, 0, sizeof(ad));
    if (_gsskrb5_ext_may_send_authdata(ext, keys->subkey)) {
	kret = decode(&ext->authdata, &ad);
	if (kret) {
	    *minor_status = kret;
	    return GSS_S_FAILURE;
	}
	sent.ad_data = &ad;
    }
    ret = _gsskrb5_ext_send(minor_status, context, ext, &sent,
			    KRB5_EXT_FROM_ACCEPTOR, keys, output_token);
    free_AuthorizationData(&ad);
    if (sent.ad_data != NULL && !GSS_ERROR(ret))
	ext->authdata_state = GSSKRB5_EXT_AUTHDATA_SENT;
    return ret;
}

/* ------------------------------------------------------------ initiator */

static krb5_error_code
visit_any(const AuthorizationDataElement *e, void *arg)
{
    return 0;
}

/*
 * Take the authorization data from a KRB-ERROR2 that our subkey opens and that
 * confirms the acceptor's key.  Returns 0, also when there is none, or an
 * error of ASN.1: what is told to an application is DER.
 */
krb5_error_code
_gsskrb5_ext_take_authdata(krb5_context context,
			   struct gsskrb5_ext_exchange *ext,
			   const struct krb5_ext_error2 *error2)
{
    krb5_error_code ret;

    if (error2->ad_data == NULL || error2->ad_data->len == 0)
	return 0;
    krb5_data_free(&ext->authdata);
    ret = walk(error2->ad_data, 0, visit_any, NULL);
    if (ret == 0)
	ret = encode(error2->ad_data, &ext->authdata);
    if (ret) {
	krb5_set_error_message(context, ret,
			       N_("Authorization data of the acceptor is "
				  "malformed", ""));
	return ret;
    }
    ext->authdata_state = GSSKRB5_EXT_AUTHDATA_RECEIVED;
    return 0;
}

/**
 * Whether oid is GSS_KRB5_ACCEPTOR_AUTHZ_DATA_X and one arc more, which is the
 * type modulo 2^32.
 *
 * @param oid what is inquired about
 * @param type the type; not changed if it is something else
 */
int
_gsskrb5_ext_is_authdata_oid(const gss_OID oid, int32_t *type)
{
    const gss_OID prefix = &__gss_krb5_acceptor_authz_data_x_oid_desc;
    const unsigned char *p = oid->elements;
    size_t i = prefix->length;
    uint64_t arc = 0;

    /* an arc below 2^32 has five octets at most, and no zeros in front */
    if (oid->length <= i || oid->length > i + 5 ||
	ct_memcmp(p, prefix->elements, i) != 0 || p[i] == 0x80)
	return 0;
    for (; i < oid->length; i++) {
	arc = arc << 7 | (p[i] & 0x7f);
	if ((p[i] & 0x80) == (i + 1 == oid->length ? 0x80 : 0))
	    return 0;
    }
    if (arc > 0xffffffffU)
	return 0;
    *type = (int32_t)(uint32_t)arc;
    return 1;
}

struct found {
    int32_t type;
    OM_uint32 minor;
    gss_buffer_set_t *set;
};

static krb5_error_code
visit_type(const AuthorizationDataElement *e, void *arg)
{
    struct found *found = arg;
    gss_buffer_desc buffer;

    if (e->ad_type != found->type)
	return 0;
    buffer.value = e->ad_data.data;
    buffer.length = e->ad_data.length;
    return gss_add_buffer_set_member(&found->minor, &buffer, found->set) ?
	ENOMEM : 0;
}

/**
 * The acceptor's authorization data of one type, for gss_inquire_sec_context_-
 * by_oid().
 *
 * @param minor_status ENOENT if there is none of that type; EINVAL for an
 *        acceptor's context
 * @param ctx an established context
 * @param type the type
 * @param data_set a buffer for each element, in their order, wherever they
 *        stand; free with gss_release_buffer_set()
 *
 * @return GSS_S_COMPLETE; GSS_S_UNAVAILABLE where there is nothing, as in a
 *         context that was imported; GSS_S_FAILURE without memory
 */
OM_uint32
_gsskrb5_ext_inquire_authdata(OM_uint32 *minor_status, gsskrb5_ctx ctx,
			      int32_t type, gss_buffer_set_t *data_set)
{
    const struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct found found;
    krb5_error_code ret = 0;
    OM_uint32 minor;

    *data_set = GSS_C_NO_BUFFER_SET;
    if ((ctx->more_flags & LOCAL) == 0) {
	*minor_status = EINVAL;
	return GSS_S_UNAVAILABLE;
    }
    found.type = type;
    found.set = data_set;
    if (ext != NULL && ext->authdata_state == GSSKRB5_EXT_AUTHDATA_RECEIVED &&
	!is_reserved(type))
	ret = walk_der(&ext->authdata, visit_type, &found);
    if (ret) {
	(void)gss_release_buffer_set(&minor, data_set);
	*minor_status = ret;
	return GSS_S_FAILURE;
    }
    *minor_status = *data_set == GSS_C_NO_BUFFER_SET ? ENOENT : 0;
    return *minor_status ? GSS_S_UNAVAILABLE : GSS_S_COMPLETE;
}
