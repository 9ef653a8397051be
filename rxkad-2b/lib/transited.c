/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Whether the realms that a ticket passed are trusted (RFC 4120 2.7), by
 * [capaths] and the names of the realms.
 */

#include "rxkad_2b_locl.h"

static krb5_error_code
check_path(krb5_context context, const EncTicketPart *part,
	   const char *realm)
{
    krb5_error_code ret;
    char **realms;
    unsigned int n, i;

    ret = krb5_domain_x500_decode(context, part->transited.contents,
				  &realms, &n, part->crealm, realm);
    if (ret)
	return ret;
    ret = krb5_check_transited(context, part->crealm, realm, realms, n, NULL);
    for (i = 0; i < n; i++)
	free(realms[i]);
    free(realms);
    return ret;
}

/*
 * The KDC of the server's realm says in a flag when it has checked them.
 *
 * `realm' is the server's, NULL for the default realm; what a Ticket says of
 * its realm is not protected and is no help.
 */

krb5_boolean
_rxkad_2b_transited_ok(krb5_context context, const EncTicketPart *part,
		       const char *realm)
{
    krb5_error_code ret;
    char *ours = NULL;

    if (part->flags.transited_policy_checked ||
	part->transited.contents.length == 0)
	return TRUE;
    if (part->transited.tr_type != DOMAIN_X500_COMPRESS)
	return FALSE;
    if (realm == NULL) {
	ret = krb5_get_default_realm(context, &ours);
	if (ret)
	    return FALSE;
	realm = ours;
    }
    ret = check_path(context, part, realm);
    free(ours);
    return ret == 0;
}
