/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Kerberos 4 names for principals: name.instance@realm, none of which has
 * more than 39 octets.  What does not fit is refused and never cut: two
 * principals must not get one name.
 */

#include "krb5_locl.h"
#include "krb5-v4compat.h"
#include "rxkad-2b/krb524.h"

/* Services whose second component is a host; krb5_425_conv_principal(3). */
static const struct service {
    const char *v4;
    const char *v5;
} services[] = {
    { "ftp", "ftp" },
    { "hprop", "hprop" },
    { "imap", "imap" },
    { "pop", "pop" },
    { "rcmd", "host" },
    { "smtp", "smtp" }
};

/*
 * The name of the entry of v4_name_convert whose value is the service's name,
 * NULL if there is none; an alias into the configuration.
 */
static const char *
configured_name(krb5_context context, const char *realm, const char *kind,
		const char *v5)
{
    const krb5_config_binding *lists[2], *b;
    size_t i;

    lists[0] = krb5_config_get_list(context, NULL, "realms", realm,
				    "v4_name_convert", kind, NULL);
    lists[1] = krb5_config_get_list(context, NULL, "libdefaults",
				    "v4_name_convert", kind, NULL);
    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
	for (b = lists[i]; b != NULL; b = b->next)
	    if (b->type == krb5_config_string &&
		strcmp(b->u.string, v5) == 0)
		return b->name;
    return NULL;
}

/*
 * The Kerberos 4 name of a service, and whether its instance is a host's short
 * name.
 */
static const char *
service_name(krb5_context context, const char *realm, const char *v5,
	     int *is_host)
{
    const char *v4;
    size_t i;

    *is_host = 1;
    v4 = configured_name(context, realm, "host", v5);
    if (v4)
	return v4;
    *is_host = 0;
    v4 = configured_name(context, realm, "plain", v5);
    if (v4)
	return v4;
    for (i = 0; i < sizeof(services) / sizeof(services[0]); i++)
	if (strcmp(services[i].v5, v5) == 0) {
	    *is_host = 1;
	    return services[i].v4;
	}
    return v5;
}

static krb5_error_code
copy_part(krb5_context context, char *to, const char *from, size_t length)
{
    if (length >= ANAME_SZ) {
	krb5_set_error_message(context, KRB5_PARSE_MALFORMED,
			       N_("\"%s\" is too long for Kerberos 4", ""),
			       from);
	return KRB5_PARSE_MALFORMED;
    }
    memcpy(to, from, length);
    to[length] = '\0';
    return 0;
}

/**
 * Convert a principal, see krb5_524_conv_principal().
 *
 * @param context a Kerberos 5 context
 * @param principal what to convert: one or two components
 * @param name room for ANAME_SZ octets
 * @param instance room for INST_SZ octets; empty for one component
 * @param realm room for REALM_SZ octets
 *
 * @return 0, or KRB5_PARSE_MALFORMED
 */
krb5_error_code
_krb5_krb524_name(krb5_context context, krb5_const_principal principal,
		  char *name, char *instance, char *realm)
{
    const unsigned int num = krb5_principal_get_num_comp(context, principal);
    const char *from_realm = krb5_principal_get_realm(context, principal);
    const char *first, *second = "";
    krb5_error_code ret;
    size_t length;
    int is_host = 0;

    if (num != 1 && num != 2) {
	krb5_set_error_message(context, KRB5_PARSE_MALFORMED,
			       N_("a name of %u components has none in "
				  "Kerberos 4", ""), num);
	return KRB5_PARSE_MALFORMED;
    }
    first = krb5_principal_get_comp_string(context, principal, 0);
    if (num == 2) {
	second = krb5_principal_get_comp_string(context, principal, 1);
	first = service_name(context, from_realm, first, &is_host);
    }
    length = is_host ? strcspn(second, ".") : strlen(second);
    ret = copy_part(context, name, first, strlen(first));
    if (ret == 0)
	ret = copy_part(context, instance, second, length);
    if (ret == 0)
	ret = copy_part(context, realm, from_realm, strlen(from_realm));
    return ret;
}
