/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * PKINIT freshness (RFC 8070), the KDC's half: what the hooks in
 * kerberos5.c and pkinit.c see.
 *
 * A token is opaque to clients.  Ours is the form that Windows and Samba
 * KDCs use, so that the KDCs of a mixed realm verify each other's tokens:
 *
 *   offset  octets  what
 *   0       2       zero
 *   2       rest    DER EncryptedData, kvno present, of the
 *                   DER PA-ENC-TS-ENC that holds the time of minting,
 *                   under the key krbtgt/REALM of that kvno and
 *                   KDC_FRESHNESS_KEY_USAGE
 *
 * Nothing is stored: any KDC of the realm verifies any KDC's token.
 */

#ifndef KDC_FRESHNESS_H
#define KDC_FRESHNESS_H 1

#include <sys/time.h>
#include <krb5.h>

/* Ours and Samba's; not in a registry.  Used under krbtgt keys only. */
#define KDC_FRESHNESS_KEY_USAGE 60

/* Seconds a token lives unless the configuration says otherwise. */
#define KDC_FRESHNESS_DEFAULT_LIFETIME 600

typedef enum kdc_freshness_verdict {
    KDC_FRESHNESS_NONE,		/* the request carries no token */
    KDC_FRESHNESS_FRESH,
    KDC_FRESHNESS_MALFORMED,	/* not of the form above */
    KDC_FRESHNESS_UNKNOWN_KEY,	/* no such krbtgt key (any more) */
    KDC_FRESHNESS_FORGED,	/* does not decrypt to a time */
    KDC_FRESHNESS_STALE,	/* older than the lifetime */
    KDC_FRESHNESS_FUTURE	/* minted later than now plus clock skew */
} kdc_freshness_verdict;

struct kdc_freshness_policy {
    krb5_boolean required;	/* [kdc] pkinit_require_freshness */
    krb5_boolean draft_error;	/* [kdc] pkinit_freshness_draft_error */
};

/* token.c: the format and the clock; no database, no configuration */

krb5_boolean
_kdc_freshness_enctype_ok(krb5_enctype enctype);

krb5_error_code
_kdc_freshness_mint(krb5_context context, const krb5_keyblock *key,
		    krb5uint32 kvno, const struct timeval *now,
		    krb5_data *token);

krb5_error_code
_kdc_freshness_parse(const krb5_data *token, EncryptedData *enc);

krb5_error_code
_kdc_freshness_open(krb5_context context, const krb5_keyblock *key,
		    const EncryptedData *enc, time_t *minted);

kdc_freshness_verdict
_kdc_freshness_judge(time_t minted, time_t now, time_t lifetime,
		     time_t max_skew);

/* policy.c: what a verdict means for the request */

krb5_error_code
_kdc_freshness_decide(const struct kdc_freshness_policy *policy,
		      krb5_boolean is_signed, kdc_freshness_verdict verdict);

const char *
_kdc_freshness_describe(kdc_freshness_verdict verdict);

#endif /* KDC_FRESHNESS_H */
