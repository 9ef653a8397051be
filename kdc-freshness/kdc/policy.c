/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a verdict on a freshness token means for the request.
 *
 *                 optional   required   required, request not signed
 *   no token      go on      24         go on
 *   fresh         go on      go on      go on
 *   anything else 90         90         90
 *
 * 90 is KDC_ERR_PREAUTH_EXPIRED (RFC 8070 2.4); the draft before it had
 * 24, KDC_ERR_PREAUTH_FAILED, there too (draft_error).  A request that is
 * not signed is anonymous PKINIT: there is no private key whose present
 * possession could be shown, and its ticket names nobody.  A token in it is
 * not looked at, so that nobody can have keys looked up without a signature.
 *
 * Every kind of bad token is one error, so that the answer is no oracle.
 */

#include "freshness.h"

krb5_error_code
_kdc_freshness_decide(const struct kdc_freshness_policy *policy,
		      krb5_boolean is_signed, kdc_freshness_verdict verdict)
{
    switch (verdict) {
    case KDC_FRESHNESS_FRESH:
	return 0;
    case KDC_FRESHNESS_NONE:
	if (policy->required && is_signed)
	    return KRB5KDC_ERR_PREAUTH_FAILED;
	return 0;
    default:
	if (policy->draft_error)
	    return KRB5KDC_ERR_PREAUTH_FAILED;
	return KRB5_KDC_ERR_PREAUTH_EXPIRED;
    }
}

/* For the log only: the wire does not tell them apart. */

const char *
_kdc_freshness_describe(kdc_freshness_verdict verdict)
{
    switch (verdict) {
    case KDC_FRESHNESS_NONE:		return "not received";
    case KDC_FRESHNESS_FRESH:		return "fresh";
    case KDC_FRESHNESS_MALFORMED:	return "malformed";
    case KDC_FRESHNESS_UNKNOWN_KEY:	return "under an unknown krbtgt key";
    case KDC_FRESHNESS_FORGED:		return "forged or damaged";
    case KDC_FRESHNESS_STALE:		return "too old";
    case KDC_FRESHNESS_FUTURE:		return "from the future";
    }
    return "unknown";
}
