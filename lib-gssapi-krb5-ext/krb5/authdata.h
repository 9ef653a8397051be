/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The authorization data of the extra context tokens (sections 3 and 4 of
 * the document), and what stands beside it in an Authenticator:
 *
 *   AD-IF-RELEVANT (1)              the first, and only one
 *       129  EtypeList              RFC 4537
 *       143  KERB_AP_OPTIONS        [MS-KILE]
 *        -6  AD-AP-OPTIONS          BIT STRING of 32 bits
 *   AD-CONTINUE-CHALLENGE (-5)      OCTET STRING; critical
 *
 * -6 goes to peers that may not know it, and would keep some of them from
 * finding 129 if it stood outside; -5 only goes to those that asked for it,
 * and others are meant to refuse it (D3).  Read is either form, anywhere.
 *
 * Included behind krb5_locl.h or <krb5.h>.
 */

#ifndef KRB5_EXT_AUTHDATA_H
#define KRB5_EXT_AUTHDATA_H 1

#include "proto.h"

/*
 * What the authorization data says.  From the parsing functions it owns
 * what it points to: free with _krb5_ext_free_authdata().
 */
struct krb5_ext_authdata {
    unsigned int have_etypes : 1;
    unsigned int have_kerb_ap_options : 1;
    unsigned int have_ap_options : 1;
    unsigned int have_challenge : 1;
    unsigned int unknown_critical : 1; /* parsed only; see unknown_type */

    EtypeList etypes;		/* 129 */
    uint32_t kerb_ap_options;	/* 143 */
    uint32_t ap_options;	/* -6, as on the wire: bit 0 is the highest */
    krb5_data challenge;	/* -5, 1 to 1024 octets */

    int32_t unknown_type;	/* the first that is not known and not in an
				   AD-IF-RELEVANT */
};

/* What ap-options say about extra context tokens (XT-03). */
enum krb5_ext_offer {
    KRB5_EXT_NOT_OFFERED,
    KRB5_EXT_OFFERED,
    KRB5_EXT_OPTIONS_MODIFIED	/* answer with KRB_AP_ERR_MODIFIED */
};

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_parse_authdata(krb5_context context, const AuthorizationData *ad,
			 struct krb5_ext_authdata *parsed);

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_decode_authdata(krb5_context context, const krb5_data *der,
			  struct krb5_ext_authdata *parsed);

KRB5_LIB_FUNCTION void KRB5_LIB_CALL
_krb5_ext_free_authdata(struct krb5_ext_authdata *parsed);

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_build_authdata(krb5_context context,
			 const struct krb5_ext_authdata *wanted,
			 AuthorizationData *ad);

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_build_ticket_authdata(krb5_context context,
				const krb5_data *challenge,
				AuthorizationData *ad);

KRB5_LIB_FUNCTION krb5_boolean KRB5_LIB_CALL
_krb5_ext_has_challenge(krb5_context context, const AuthorizationData *ad,
			const krb5_data *challenge);

KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_read_ap_options(krb5_context context, const krb5_data *ap_req,
			  uint32_t *options);

KRB5_LIB_FUNCTION enum krb5_ext_offer KRB5_LIB_CALL
_krb5_ext_judge_ap_options(uint32_t clear,
			   const struct krb5_ext_authdata *authenticated);

KRB5_LIB_FUNCTION krb5_boolean KRB5_LIB_CALL
_krb5_ext_challenge_equal(const krb5_data *one, const krb5_data *other);

#endif /* KRB5_EXT_AUTHDATA_H */
