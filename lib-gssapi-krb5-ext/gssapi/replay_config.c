/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The configuration of replay protection, which replay_policy.h shows: for
 * each parameter [gssapi] acceptor/<service>, then [gssapi].
 */

#include <config.h>
#include <roken.h>
#include <krb5.h>

#include "replay_policy.h"

#define POLICY "replay_protection"
#define SHARED "shared_with_legacy"

/*
 * The value of a parameter for a service (NULL: for none), NULL if it is not
 * set.  The caller does not free it.
 */
static const char *
get(krb5_context context, const char *service, const char *parameter)
{
    const char *value = NULL;

    if (service != NULL)
	value = krb5_config_get_string(context, NULL, "gssapi", "acceptor",
				       service, parameter, NULL);
    if (value == NULL)
	value = krb5_config_get_string(context, NULL, "gssapi", parameter,
				       NULL);
    return value;
}

/**
 * What the configuration says of an acceptor's replay protection.  It does not
 * fail: what cannot be understood is read as the most careful policy, with a
 * warning for the administrator.
 *
 * @param context a Kerberos 5 context
 * @param service the first component of the acceptor's principal ("nfs"), NULL
 *        if it is not known
 * @param config the result; nothing in it is to be freed
 */
void
_gsskrb5_ext_replay_config(krb5_context context, const char *service,
			   struct replay_config *config)
{
    const char *text = get(context, service, POLICY);

    config->warning[0] = '\0';
    if (!_gsskrb5_ext_replay_parse_policy(text, &config->policy))
	snprintf(config->warning, sizeof(config->warning),
		 "[gssapi] " POLICY " = %.32s is not known and taken as %s; "
		 "it can be off, challenge, cache, auto or require",
		 text, _gsskrb5_ext_replay_policy_name(config->policy));
    config->shared =
	krb5_config_get_bool_default(context, NULL,
				     krb5_config_get_bool_default(
					 context, NULL, FALSE, "gssapi",
					 SHARED, NULL),
				     "gssapi", "acceptor",
				     service ? service : "", SHARED, NULL);
}
