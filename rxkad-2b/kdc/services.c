/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What [kdc] says of a service: lists of PATTERN = VALUE, in which the first
 * pattern that the principal matches counts.
 *
 *	use_2b = {
 *		afs/example.org@EXAMPLE.ORG = yes
 *	}
 *
 * What cannot be read refuses: an entry that is meant to exclude a service
 * must not go by unnoticed.
 */

#include <config.h>
#include <roken.h>

#include "krb524.h"

/*
 * The value of the first pattern in [kdc] list that matches, NULL if none
 * does; an alias into the configuration.
 */
static krb5_error_code
find_value(krb5_context context, const char *list, krb5_const_principal server,
	   const char **value)
{
    const krb5_config_binding *b;
    krb5_principal pattern;
    krb5_boolean matches;
    krb5_error_code ret;

    *value = NULL;
    b = krb5_config_get_list(context, NULL, "kdc", list, NULL);
    for (; b != NULL; b = b->next) {
	if (b->type != krb5_config_string)
	    return KRB5_CONFIG_BADFORMAT;
	ret = krb5_parse_name(context, b->name, &pattern);
	if (ret)
	    return ret;
	matches = krb5_principal_match(context, server, pattern);
	krb5_free_principal(context, pattern);
	if (matches) {
	    *value = b->u.string;
	    return 0;
	}
    }
    return 0;
}

static krb5_error_code
get_flag(krb5_context context, const char *list, krb5_const_principal server,
	 krb5_boolean *flag)
{
    krb5_error_code ret;
    const char *value;

    ret = find_value(context, list, server, &value);
    if (ret)
	return ret;
    /* as krb5_config_get_bool() */
    *flag = value != NULL &&
	(strcasecmp(value, "yes") == 0 || strcasecmp(value, "true") == 0 ||
	 atoi(value) != 0);
    return 0;
}

static krb5_error_code
get_profile(krb5_context context, krb5_const_principal server,
	    krb5_boolean *strict)
{
    krb5_error_code ret;
    const char *value;

    ret = find_value(context, "2b_profile", server, &value);
    if (ret)
	return ret;
    *strict = value != NULL && strcasecmp(value, "strict") == 0;
    if (value != NULL && !*strict && strcasecmp(value, "modern") != 0)
	return KRB5_CONFIG_BADFORMAT;
    return 0;
}

/*
 * Read "ENCTYPE" or "ENCTYPE PRINCIPAL"; changes the value.
 */
static krb5_error_code
parse_key(krb5_context context, char *value, struct kdc_krb524_policy *policy)
{
    char *rest = NULL, *enctype, *name;
    krb5_error_code ret;

    enctype = strtok_r(value, " \t", &rest);
    name = strtok_r(NULL, " \t", &rest);
    if (enctype == NULL || strtok_r(NULL, " \t", &rest) != NULL)
	return KRB5_CONFIG_BADFORMAT;
    ret = krb5_string_to_enctype(context, enctype, &policy->reencrypt);
    if (ret == 0 && policy->reencrypt == (krb5_enctype)ETYPE_NULL)
	ret = KRB5_PROG_ETYPE_NOSUPP;	/* "null" is no protection */
    if (ret == 0 && name != NULL)
	ret = krb5_parse_name(context, name, &policy->key_of);
    return ret;
}

static krb5_error_code
get_key(krb5_context context, krb5_const_principal server,
	struct kdc_krb524_policy *policy)
{
    krb5_error_code ret;
    const char *value;
    char *copy;

    ret = find_value(context, "2b_reencrypt", server, &value);
    if (ret || value == NULL)
	return ret;
    copy = strdup(value);
    if (copy == NULL)
	return ENOMEM;
    ret = parse_key(context, copy, policy);
    free(copy);
    return ret;
}

/**
 * Read what the configuration says of a service.
 *
 * @param context a Kerberos 5 context
 * @param server the service: the name under which it is in the database
 * @param policy what it says; by default nothing is allowed.  Free what is in
 *        it with _kdc_krb524_free_policy(), also after an error.
 * @param why set to the reason if it cannot be read; not to be freed
 *
 * @return 0, or KRB5KDC_ERR_POLICY, and then nothing is allowed
 */
krb5_error_code
_kdc_krb524_get_policy(krb5_context context, krb5_const_principal server,
		       struct kdc_krb524_policy *policy, const char **why)
{
    krb5_error_code ret;

    memset(policy, 0, sizeof(*policy));
    *why = "use_2b in [kdc] cannot be read";
    ret = get_flag(context, "use_2b", server, &policy->allowed);
    if (ret == 0) {
	*why = "2b_strip in [kdc] cannot be read";
	ret = get_flag(context, "2b_strip", server, &policy->strip);
    }
    if (ret == 0) {
	*why = "2b_profile in [kdc] cannot be read";
	ret = get_profile(context, server, &policy->strict);
    }
    if (ret == 0) {
	*why = "2b_reencrypt in [kdc] cannot be read";
	ret = get_key(context, server, policy);
    }
    if (ret == 0)
	return 0;
    krb5_clear_error_message(context);
    _kdc_krb524_free_policy(context, policy);
    return KRB5KDC_ERR_POLICY;
}

/**
 * Free what is in a policy, after which it allows nothing.
 *
 * @param context a Kerberos 5 context
 * @param policy the policy; zero is one as well
 */
void
_kdc_krb524_free_policy(krb5_context context,
			struct kdc_krb524_policy *policy)
{
    krb5_free_principal(context, policy->key_of);
    memset(policy, 0, sizeof(*policy));
}
