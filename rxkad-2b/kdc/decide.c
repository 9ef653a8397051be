/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Whether a ticket becomes a token: no database, no clock, no configuration.
 */

#include <config.h>
#include <roken.h>

#include "krb524.h"

/**
 * Whether a principal's tickets are never converted, whatever the
 * configuration says: those of the KDC itself and of the administration
 * server.
 *
 * @param name of the service
 *
 * @return TRUE also for a name without components
 */
krb5_boolean
_kdc_krb524_is_never(const PrincipalName *name)
{
    const char *first;

    if (name->name_string.len == 0)
	return TRUE;
    first = name->name_string.val[0];
    return strcasecmp(first, KRB5_TGS_NAME) == 0 ||
	strcasecmp(first, "kadmin") == 0;
}

static krb5_boolean
is_des(krb5_enctype enctype)
{
    return enctype == (krb5_enctype)ETYPE_DES_CBC_CRC ||
	enctype == (krb5_enctype)ETYPE_DES_CBC_MD4 ||
	enctype == (krb5_enctype)ETYPE_DES_CBC_MD5;
}

/*
 * What a server of 2003 can use: single DES, for its key and for the session.
 */
static krb5_boolean
is_strict(const struct kdc_krb524_policy *policy,
	  const struct kdc_krb524_facts *facts)
{
    krb5_enctype service = policy->reencrypt != (krb5_enctype)ETYPE_NULL ?
	policy->reencrypt : facts->enctype;

    return is_des(service) && is_des(facts->part->key.keytype);
}

static krb5_error_code
check_times(const struct kdc_krb524_facts *facts, const char **why)
{
    const EncTicketPart *part = facts->part;
    time_t start = part->starttime ? *part->starttime : part->authtime;

    if (part->flags.invalid) {
	*why = "the ticket is not valid";
	return KRB5KRB_AP_ERR_TKT_NYV;
    }
    if (start - facts->now > facts->max_skew) {
	*why = "the ticket is not yet valid";
	return KRB5KRB_AP_ERR_TKT_NYV;
    }
    /* no skew: the servers that take the token allow none either */
    if (part->endtime < facts->now) {
	*why = "the ticket has expired";
	return KRB5KRB_AP_ERR_TKT_EXPIRED;
    }
    return 0;
}

/**
 * Whether a ticket that has been decrypted becomes a token.
 *
 * @param policy the service's
 * @param facts the ticket's
 * @param why set to the reason if it does not, for the log; not to be freed
 *
 * @return 0, or the status of the reply
 */
krb5_error_code
_kdc_krb524_decide(const struct kdc_krb524_policy *policy,
		   const struct kdc_krb524_facts *facts, const char **why)
{
    krb5_error_code ret;

    if (!policy->allowed) {
	*why = "use_2b does not name the service";
	return KRB5KDC_ERR_POLICY;
    }
    ret = check_times(facts, why);
    if (ret)
	return ret;
    if (facts->part->flags.anonymous) {
	*why = "the client is anonymous";
	return KRB5KDC_ERR_POLICY;
    }
    if (!facts->address_ok) {
	*why = "the ticket is for other addresses";
	return KRB5KRB_AP_ERR_BADADDR;
    }
    if (facts->transited) {
	*why = "the realms on the client's path are not trusted";
	return facts->transited;
    }
    if (policy->strict && !is_strict(policy, facts)) {
	*why = "the strict profile wants DES";
	return KRB524_BADKEY;
    }
    return 0;
}

/**
 * Whether a token fits into the reply and suits the service.
 *
 * @param policy the service's
 * @param length of the token
 * @param why set to the reason if not; not to be freed
 *
 * @return 0, or KRB524_ENCFULL
 */
krb5_error_code
_kdc_krb524_check_length(const struct kdc_krb524_policy *policy,
			 size_t length, const char **why)
{
    size_t max = policy->strict ? KRB524_STRICT_TOKEN_MAX : KRB524_TOKEN_MAX;

    if (length <= max)
	return 0;
    *why = "the token is too long";
    return KRB524_ENCFULL;
}
