/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See authdata.h.
 *
 * What is refused, and with which code:
 *
 *   129, 143, -5 or -6 twice, wherever they are    KRB_AP_ERR_MSG_TYPE, as
 *                                                  MIT krb5 says of 143
 *   AD-IF-RELEVANT in 9 others                     ASN1_BAD_FORMAT, as in
 *                                                  ticket.c
 *   content of another length than its type has    ASN1_BAD_LENGTH
 *   challenge empty, longer than 1024              ASN1_MIN_CONSTRAINT,
 *                                                  ASN1_MAX_CONSTRAINT
 *   octets behind what is inside                   ASN1_EXTRA_DATA
 *   -5 or -6 is not DER                            ASN1_GOT_BER
 *   anything else that is not the type             ASN1_...
 *
 * An Authenticator is read in each context that is accepted, twice in one with
 * a challenge: so lists are read where they stand, not decoded.
 *
 * What is in an AD-IF-RELEVANT and not known is skipped.  What is outside of
 * one and not known is told to the caller, who has to decide.
 */

#include "krb5_locl.h"
#include "authdata.h"

#define OPTIONS_BITS 32

static krb5_error_code
refuse(krb5_context context, krb5_error_code ret, int type)
{
    krb5_set_error_message(context, ret,
			   N_("Authorization data of type %d is there twice "
			      "or malformed", ""), type);
    return ret;
}

/* ------------------------------------------------------------- parsing */

/*
 * Take the element at the head of rest.  *inside is an alias of its content.
 */
static krb5_error_code
descend(heim_octet_string *rest, Der_class class, Der_type type,
	unsigned int tag, heim_octet_string *inside)
{
    krb5_error_code ret;
    size_t length, head;
    Der_type found;

    ret = der_match_tag_and_length(rest->data, rest->length, class, &found,
				   tag, &length, &head);
    if (ret)
	return ret;
    if (found != type)
	return ASN1_BAD_ID;
    if (length > rest->length - head)
	return ASN1_OVERRUN;
    inside->data = (unsigned char *)rest->data + head;
    inside->length = length;
    rest->data = (unsigned char *)inside->data + length;
    rest->length -= head + length;
    return 0;
}

/*
 * Take the INTEGER at the head of rest.
 */
static krb5_error_code
get_integer(heim_octet_string *rest, int *number)
{
    heim_octet_string octets;
    krb5_error_code ret;

    ret = descend(rest, ASN1_C_UNIV, PRIM, UT_Integer, &octets);
    if (ret)
	return ret;
    return der_get_integer(octets.data, octets.length, number, NULL);
}

/*
 * The content of the primitive element that fills der, written as DER does.
 * *content is an alias into der.
 */
static krb5_error_code
get_primitive(const heim_octet_string *der, unsigned int tag,
	      heim_octet_string *content)
{
    heim_octet_string rest = *der;
    krb5_error_code ret;

    ret = descend(&rest, ASN1_C_UNIV, PRIM, tag, content);
    if (ret)
	return ret;
    if (der->length - rest.length !=
	1 + der_length_len(content->length) + content->length)
	return ASN1_GOT_BER;
    return rest.length != 0 ? ASN1_EXTRA_DATA : 0;
}

static uint32_t
get_be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	(uint32_t)p[2] << 8 | p[3];
}

/*
 * -6: KerberosFlags of 32 bits.
 */
static krb5_error_code
parse_ap_options(const heim_octet_string *der, uint32_t *options)
{
    heim_octet_string bits;
    krb5_error_code ret;

    ret = get_primitive(der, UT_BitString, &bits);
    if (ret)
	return ret;
    if (bits.length != 1 + OPTIONS_BITS / 8)
	return ASN1_BAD_LENGTH;
    if (((unsigned char *)bits.data)[0] != 0)	/* unused bits */
	return ASN1_BAD_LENGTH;
    *options = get_be32((unsigned char *)bits.data + 1);
    return 0;
}

/*
 * -5: OCTET STRING (D3).  Free challenge with krb5_data_free().
 */
static krb5_error_code
parse_challenge(const heim_octet_string *der, krb5_data *challenge)
{
    heim_octet_string octets;
    krb5_error_code ret;

    ret = get_primitive(der, UT_OctetString, &octets);
    if (ret)
	return ret;
    if (octets.length < KRB5_EXT_CHALLENGE_MIN)
	return ASN1_MIN_CONSTRAINT;
    if (octets.length > KRB5_EXT_CHALLENGE_MAX)
	return ASN1_MAX_CONSTRAINT;
    return krb5_data_copy(challenge, octets.data, octets.length);
}

/*
 * 143: four octets, lowest first.
 */
static krb5_error_code
parse_kerb_ap_options(const heim_octet_string *data, uint32_t *options)
{
    const unsigned char *p = data->data;

    if (data->length != 4)
	return ASN1_BAD_LENGTH;
    *options = (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	(uint32_t)p[1] << 8 | p[0];
    return 0;
}

/*
 * 129.  Free etypes with free_EtypeList(), on failure, too.
 */
static krb5_error_code
parse_etypes(const heim_octet_string *der, EtypeList *etypes)
{
    heim_octet_string rest = *der, list;
    krb5_error_code ret;
    int etype = 0;

    ret = descend(&rest, ASN1_C_UNIV, CONS, UT_Sequence, &list);
    if (ret)
	return ret;
    if (rest.length != 0)
	return ASN1_EXTRA_DATA;
    /* none is shorter than two octets, but for the last, that is none */
    etypes->val = malloc((list.length / 2 + 1) * sizeof(etypes->val[0]));
    if (etypes->val == NULL)
	return ENOMEM;
    while (ret == 0 && list.length != 0) {
	ret = get_integer(&list, &etype);
	etypes->val[etypes->len++] = etype;
    }
    return ret;
}

/*
 * One element that is not AD-IF-RELEVANT.
 */
static krb5_error_code
parse_element(krb5_context context, const AuthorizationDataElement *e,
	      int relevant, struct krb5_ext_authdata *parsed)
{
    krb5_error_code ret = KRB5KRB_AP_ERR_MSG_TYPE;

    switch (e->ad_type) {
    case KRB5_AUTHDATA_GSS_API_ETYPE_NEGOTIATION:
	if (!parsed->have_etypes)
	    ret = parse_etypes(&e->ad_data, &parsed->etypes);
	parsed->have_etypes |= ret == 0;
	break;
    case KRB5_EXT_AD_KERB_AP_OPTIONS:
	if (!parsed->have_kerb_ap_options)
	    ret = parse_kerb_ap_options(&e->ad_data,
					&parsed->kerb_ap_options);
	parsed->have_kerb_ap_options |= ret == 0;
	break;
    case KRB5_EXT_AD_AP_OPTIONS:
	if (!parsed->have_ap_options)
	    ret = parse_ap_options(&e->ad_data, &parsed->ap_options);
	parsed->have_ap_options |= ret == 0;
	break;
    case KRB5_EXT_AD_CONTINUE_CHALLENGE:
	if (!parsed->have_challenge)
	    ret = parse_challenge(&e->ad_data, &parsed->challenge);
	parsed->have_challenge |= ret == 0;
	break;
    default:
	if (!relevant && !parsed->unknown_critical) {
	    parsed->unknown_critical = 1;
	    parsed->unknown_type = e->ad_type;
	}
	return 0;
    }
    return ret ? refuse(context, ret, e->ad_type) : 0;
}

/*
 * Take the element at the head of rest.  e->ad_data is an alias.
 */
static krb5_error_code
get_element(heim_octet_string *rest, AuthorizationDataElement *e)
{
    heim_octet_string fields, type, data;
    krb5_error_code ret;

    ret = descend(rest, ASN1_C_UNIV, CONS, UT_Sequence, &fields);
    if (ret == 0)
	ret = descend(&fields, ASN1_C_CONTEXT, CONS, 0, &type);
    if (ret == 0)
	ret = get_integer(&type, &e->ad_type);
    if (ret == 0)
	ret = descend(&fields, ASN1_C_CONTEXT, CONS, 1, &data);
    if (ret == 0)
	ret = descend(&data, ASN1_C_UNIV, PRIM, UT_OctetString, &e->ad_data);
    if (ret == 0 &&
	(type.length != 0 || data.length != 0 || fields.length != 0))
	ret = ASN1_EXTRA_DATA;
    return ret;
}

static krb5_error_code
parse_list(krb5_context context, const heim_octet_string *der, int level,
	   struct krb5_ext_authdata *parsed);

/*
 * An element that is inside of level AD-IF-RELEVANT.
 */
static krb5_error_code
parse_any(krb5_context context, const AuthorizationDataElement *e, int level,
	  struct krb5_ext_authdata *parsed)
{
    if (e->ad_type != KRB5_AUTHDATA_IF_RELEVANT)
	return parse_element(context, e, level > 0, parsed);
    if (level == KRB5_EXT_AD_MAX_DEPTH)
	return refuse(context, ASN1_BAD_FORMAT, e->ad_type);
    return parse_list(context, &e->ad_data, level + 1, parsed);
}

/*
 * An AuthorizationData, which fills der.
 */
static krb5_error_code
parse_list(krb5_context context, const heim_octet_string *der, int level,
	   struct krb5_ext_authdata *parsed)
{
    heim_octet_string rest = *der, list;
    AuthorizationDataElement e;
    krb5_error_code ret;

    ret = descend(&rest, ASN1_C_UNIV, CONS, UT_Sequence, &list);
    if (ret == 0 && rest.length != 0)
	ret = ASN1_EXTRA_DATA;
    if (ret)
	return refuse(context, ret, KRB5_AUTHDATA_IF_RELEVANT);
    while (list.length != 0) {
	ret = get_element(&list, &e);
	if (ret)
	    return refuse(context, ret, KRB5_AUTHDATA_IF_RELEVANT);
	ret = parse_any(context, &e, level, parsed);
	if (ret)
	    return ret;
    }
    return 0;
}

/**
 * Read the authorization data of an Authenticator, the ad-data of a
 * KRB-ERROR2 or, for its challenge, that of a ticket.
 *
 * @param context a Kerberos 5 context
 * @param ad the list; NULL is an empty one
 * @param parsed what it says, free with _krb5_ext_free_authdata(); all zero
 * on failure
 *
 * @return 0, ENOMEM or what the top of authdata.c lists
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_parse_authdata(krb5_context context, const AuthorizationData *ad,
			 struct krb5_ext_authdata *parsed)
{
    krb5_error_code ret = 0;
    unsigned int i;

    memset(parsed, 0, sizeof(*parsed));
    for (i = 0; ret == 0 && ad != NULL && i < ad->len; i++)
	ret = parse_any(context, &ad->val[i], 0, parsed);
    if (ret)
	_krb5_ext_free_authdata(parsed);
    return ret;
}

/**
 * As _krb5_ext_parse_authdata(), from the DER of an AuthorizationData.
 *
 * @param context a Kerberos 5 context
 * @param der the octets
 * @param parsed see there
 *
 * @return see there; ASN1_EXTRA_DATA for octets behind it
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_decode_authdata(krb5_context context, const krb5_data *der,
			  struct krb5_ext_authdata *parsed)
{
    krb5_error_code ret;

    memset(parsed, 0, sizeof(*parsed));
    ret = parse_list(context, der, 0, parsed);
    if (ret)
	_krb5_ext_free_authdata(parsed);
    return ret;
}

/**
 * Free what parsed has, and clear it.
 *
 * @param parsed may be all zero, or freed already
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION void KRB5_LIB_CALL
_krb5_ext_free_authdata(struct krb5_ext_authdata *parsed)
{
    free_EtypeList(&parsed->etypes);
    krb5_data_free(&parsed->challenge);
    memset(parsed, 0, sizeof(*parsed));
}

/* ------------------------------------------------------------ building */

static void
put_be32(unsigned char *p, uint32_t value)
{
    p[0] = (value >> 24) & 0xff;
    p[1] = (value >> 16) & 0xff;
    p[2] = (value >> 8) & 0xff;
    p[3] = value & 0xff;
}

/*
 * Add an element; the content is copied.
 */
static krb5_error_code
add_element(AuthorizationData *ad, int type, void *data, size_t length)
{
    AuthorizationDataElement e;	/* alias */

    e.ad_type = type;
    e.ad_data.data = data;
    e.ad_data.length = length;
    return add_AuthorizationData(ad, &e);
}

static krb5_error_code
add_etypes(AuthorizationData *ad, const EtypeList *etypes)
{
    krb5_error_code ret;
    krb5_data der;
    size_t size;

    ASN1_MALLOC_ENCODE(EtypeList, der.data, der.length, etypes, &size, ret);
    if (ret)
	return ret;
    ret = add_element(ad, KRB5_AUTHDATA_GSS_API_ETYPE_NEGOTIATION, der.data,
		      der.length);
    krb5_data_free(&der);
    return ret;
}

static krb5_error_code
add_kerb_ap_options(AuthorizationData *ad, uint32_t options)
{
    unsigned char le[4];

    le[0] = options & 0xff;
    le[1] = (options >> 8) & 0xff;
    le[2] = (options >> 16) & 0xff;
    le[3] = (options >> 24) & 0xff;
    return add_element(ad, KRB5_EXT_AD_KERB_AP_OPTIONS, le, sizeof(le));
}

static krb5_error_code
add_ap_options(AuthorizationData *ad, uint32_t options)
{
    unsigned char der[7] = { UT_BitString, 5, 0 }; /* no unused bits */

    put_be32(der + 3, options);
    return add_element(ad, KRB5_EXT_AD_AP_OPTIONS, der, sizeof(der));
}

static krb5_error_code
add_challenge(AuthorizationData *ad, const krb5_data *challenge)
{
    unsigned char der[4 + KRB5_EXT_CHALLENGE_MAX], *end = der + sizeof(der);
    krb5_error_code ret;
    size_t size;

    if (challenge->length < KRB5_EXT_CHALLENGE_MIN)
	return ASN1_MIN_CONSTRAINT;
    if (challenge->length > KRB5_EXT_CHALLENGE_MAX)
	return ASN1_MAX_CONSTRAINT;
    memcpy(end - challenge->length, challenge->data, challenge->length);
    ret = der_put_length_and_tag(end - challenge->length - 1,
				 sizeof(der) - challenge->length,
				 challenge->length, ASN1_C_UNIV, PRIM,
				 UT_OctetString, &size);
    if (ret)
	return ret;
    size += challenge->length;
    return add_element(ad, KRB5_EXT_AD_CONTINUE_CHALLENGE, end - size, size);
}

/*
 * Add an AD-IF-RELEVANT around inner, unless that is empty.
 */
static krb5_error_code
add_if_relevant(AuthorizationData *ad, const AuthorizationData *inner)
{
    krb5_error_code ret;
    krb5_data der;
    size_t size;

    if (inner->len == 0)
	return 0;
    ASN1_MALLOC_ENCODE(AuthorizationData, der.data, der.length, inner, &size,
		       ret);
    if (ret)
	return ret;
    ret = add_element(ad, KRB5_AUTHDATA_IF_RELEVANT, der.data, der.length);
    krb5_data_free(&der);
    return ret;
}

/*
 * Set a message, and leave nothing in ad.
 */
static krb5_error_code
give_up(krb5_context context, krb5_error_code ret, AuthorizationData *ad)
{
    free_AuthorizationData(ad);
    if (ret == ENOMEM)
	return krb5_enomem(context);
    krb5_set_error_message(context, ret,
			   N_("Cannot build authorization data", ""));
    return ret;
}

/**
 * Build the authorization data of an Authenticator: one AD-IF-RELEVANT with
 * 129, 143 and -6 in this order, then -5 as a critical element; each only if
 * its have_ member is set.  For the ad-data of the initiator's KRB-ERROR2,
 * only -5 is wanted.
 *
 * @param context a Kerberos 5 context
 * @param wanted what to say
 * @param ad the list, free with free_AuthorizationData(); empty on failure
 *
 * @return 0, ENOMEM, or ASN1_MIN_CONSTRAINT or ASN1_MAX_CONSTRAINT for the
 * length of the challenge
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_build_authdata(krb5_context context,
			 const struct krb5_ext_authdata *wanted,
			 AuthorizationData *ad)
{
    AuthorizationData inner;
    krb5_error_code ret = 0;

    memset(ad, 0, sizeof(*ad));
    memset(&inner, 0, sizeof(inner));
    if (wanted->have_etypes)
	ret = add_etypes(&inner, &wanted->etypes);
    if (ret == 0 && wanted->have_kerb_ap_options)
	ret = add_kerb_ap_options(&inner, wanted->kerb_ap_options);
    if (ret == 0 && wanted->have_ap_options)
	ret = add_ap_options(&inner, wanted->ap_options);
    if (ret == 0)
	ret = add_if_relevant(ad, &inner);
    if (ret == 0 && wanted->have_challenge)
	ret = add_challenge(ad, &wanted->challenge);
    free_AuthorizationData(&inner);
    return ret ? give_up(context, ret, ad) : 0;
}

/**
 * Build what asks a KDC to put the challenge into a ticket (section 8, D20):
 * AD-IF-RELEVANT around -5, because an acceptor must not refuse a ticket for
 * what it does not know.
 *
 * @param context a Kerberos 5 context
 * @param challenge the acceptor's
 * @param ad the list, free with free_AuthorizationData(); empty on failure
 *
 * @return as _krb5_ext_build_authdata()
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_build_ticket_authdata(krb5_context context,
				const krb5_data *challenge,
				AuthorizationData *ad)
{
    AuthorizationData inner;
    krb5_error_code ret;

    memset(ad, 0, sizeof(*ad));
    memset(&inner, 0, sizeof(inner));
    ret = add_challenge(&inner, challenge);
    if (ret == 0)
	ret = add_if_relevant(ad, &inner);
    free_AuthorizationData(&inner);
    return ret ? give_up(context, ret, ad) : 0;
}

/* ------------------------------------------------------------ verdicts */

/*
 * The bits of a BIT STRING, those that are not there 0.
 */
static krb5_error_code
read_bits(heim_octet_string *der, uint32_t *options)
{
    unsigned char bits[4] = { 0, 0, 0, 0 };
    heim_octet_string content;
    krb5_error_code ret;

    ret = descend(der, ASN1_C_UNIV, PRIM, UT_BitString, &content);
    if (ret)
	return ret;
    if (content.length < 1)
	return ASN1_OVERRUN;
    memcpy(bits, (unsigned char *)content.data + 1,
	   min(content.length - 1, sizeof(bits)));
    *options = get_be32(bits);
    return 0;
}

/**
 * Read the ap-options in the clear of an AP-REQ.  The decoder of AP-REQ only
 * has the options that it knows; here are all of them.
 *
 * Takes what that decoder takes, so that no peer is refused because of it:
 * other bits than 32, and BER.
 *
 * @param context a Kerberos 5 context
 * @param ap_req the octets of an AP-REQ, without framing
 * @param options as on the wire: bit 0 is the highest; 0 on failure
 *
 * @return 0 or an error of ASN.1
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_read_ap_options(krb5_context context, const krb5_data *ap_req,
			  uint32_t *options)
{
    heim_octet_string rest = *ap_req, inside, fields;
    krb5_error_code ret;
    unsigned int field;

    *options = 0;
    ret = descend(&rest, ASN1_C_APPL, CONS, 14, &inside);
    if (ret == 0)
	ret = descend(&inside, ASN1_C_UNIV, CONS, UT_Sequence, &fields);
    for (field = 0; ret == 0 && field <= 2; field++)
	ret = descend(&fields, ASN1_C_CONTEXT, CONS, field, &inside);
    if (ret == 0)
	ret = read_bits(&inside, options);
    if (ret)
	krb5_set_error_message(context, ret,
			       N_("Cannot read the options of an AP-REQ", ""));
    return ret;
}

/**
 * Whether the initiator offers extra context tokens (XT-03).  The
 * Authenticator's word counts where there is one: an offer that was added in
 * the clear is none, one that was removed and every other difference is an
 * attack.  An initiator of another kind has no AD-AP-OPTIONS, so for it there
 * is nothing to compare.
 *
 * @param clear from _krb5_ext_read_ap_options()
 * @param authenticated of the Authenticator; NULL when that could not be
 * decrypted, and then the clear options count
 *
 * @return the verdict
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION enum krb5_ext_offer KRB5_LIB_CALL
_krb5_ext_judge_ap_options(uint32_t clear,
			   const struct krb5_ext_authdata *authenticated)
{
    const uint32_t offer = KRB5_EXT_WIRE_CONTINUE_NEEDED_OK;
    uint32_t real = clear;

    if (authenticated != NULL) {
	if (!authenticated->have_ap_options)
	    return KRB5_EXT_NOT_OFFERED;
	real = authenticated->ap_options;
	if ((clear ^ real) & ~offer)
	    return KRB5_EXT_OPTIONS_MODIFIED;
	if ((real & offer) && !(clear & offer))
	    return KRB5_EXT_OPTIONS_MODIFIED;
    }
    return (real & offer) ? KRB5_EXT_OFFERED : KRB5_EXT_NOT_OFFERED;
}

/**
 * Whether two challenges are the same (XT-43); in a time that does not depend
 * on where they differ.  An empty one is like no other.
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_boolean KRB5_LIB_CALL
_krb5_ext_challenge_equal(const krb5_data *one, const krb5_data *other)
{
    return one->length != 0 && one->length == other->length &&
	ct_memcmp(one->data, other->data, one->length) == 0;
}

static krb5_boolean
is_challenge(const AuthorizationDataElement *e, const krb5_data *challenge)
{
    krb5_boolean same;
    krb5_data found;

    if (e->ad_type != KRB5_EXT_AD_CONTINUE_CHALLENGE ||
	parse_challenge(&e->ad_data, &found))
	return FALSE;
    same = _krb5_ext_challenge_equal(&found, challenge);
    krb5_data_free(&found);
    return same;
}

static krb5_boolean
has_challenge(const AuthorizationData *ad, int level,
	      const krb5_data *challenge)
{
    krb5_boolean found = FALSE;
    AuthorizationData child;
    unsigned int i;
    size_t size;

    for (i = 0; !found && i < ad->len; i++) {
	const AuthorizationDataElement *e = &ad->val[i];

	if (e->ad_type != KRB5_AUTHDATA_IF_RELEVANT) {
	    found = is_challenge(e, challenge);
	    continue;
	}
	if (level == KRB5_EXT_AD_MAX_DEPTH ||
	    decode_AuthorizationData(e->ad_data.data, e->ad_data.length,
				     &child, &size))
	    continue;
	found = size == e->ad_data.length &&
	    has_challenge(&child, level + 1, challenge);
	free_AuthorizationData(&child);
    }
    return found;
}

/**
 * Whether a ticket has the challenge (section 8, XT-89), which its client has
 * asked for when it knew it: the ticket, or the TGT that this was copied from,
 * is younger than the challenge.  More than one may be there, because each KDC
 * on the way has been asked.
 *
 * @param context a Kerberos 5 context
 * @param ad the authorization data of a ticket that a key of ours opens, or
 *        NULL
 * @param challenge the one that we have sent
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_boolean KRB5_LIB_CALL
_krb5_ext_has_challenge(krb5_context context, const AuthorizationData *ad,
			const krb5_data *challenge)
{
    return ad != NULL && has_challenge(ad, 0, challenge);
}
