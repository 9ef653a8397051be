/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See computer.h.
 *
 * A computer of an Active Directory has one account, with one key, and names:
 *
 *   COMPUTER$                     the account
 *   host/computer.example.com     its first service
 *   RestrictedKrbHost/computer... a class of service that any service of the
 *                                 computer answers to, with the computer's key
 *
 * Such directories do not tell upper from lower case, so neither do these
 * rules.  Names are the ticket's in the clear: anybody can write another, and
 * who does only gets another rule for keys that have to open the ticket.
 */

#include "krb5_locl.h"
#include "computer.h"

#define RESTRICTED "RestrictedKrbHost"

static int
is_component(krb5_context context, krb5_const_principal name, unsigned n,
	     const char *text)
{
    const char *s = krb5_principal_get_comp_string(context, name, n);

    return s != NULL && strcasecmp(s, text) == 0;
}

/*
 * COMPUTER$, all in one component.
 */
static int
is_account(krb5_context context, krb5_const_principal name)
{
    const char *s = krb5_principal_get_comp_string(context, name, 0);

    return krb5_principal_get_num_comp(context, name) == 1 &&
	s != NULL && strlen(s) > 1 && s[strlen(s) - 1] == '$';
}

/**
 * Whether a principal is a computer: its account, host/... or
 * RestrictedKrbHost/...
 *
 * @param context a Kerberos 5 context
 * @param name the principal
 */
int
_krb5_ext_is_computer(krb5_context context, krb5_const_principal name)
{
    if (is_account(context, name))
	return 1;
    return krb5_principal_get_num_comp(context, name) > 1 &&
	(is_component(context, name, 0, "host") ||
	 is_component(context, name, 0, RESTRICTED));
}

static int
is_restricted(krb5_context context, krb5_const_principal name)
{
    return krb5_principal_get_num_comp(context, name) == 2 &&
	is_component(context, name, 0, RESTRICTED);
}

/**
 * Whether a key is the one of the computer that a ticket is for.
 *
 * @param context a Kerberos 5 context
 * @param named the ticket's name, RestrictedKrbHost/host
 * @param owner the key's name
 *
 * @return true for host/host, and for the account: host up to its first dot,
 *         and '$'; in the ticket's realm
 */
int
_krb5_ext_is_computer_of(krb5_context context, krb5_const_principal named,
			 krb5_const_principal owner)
{
    const char *host = krb5_principal_get_comp_string(context, named, 1);
    const char *account = krb5_principal_get_comp_string(context, owner, 0);
    size_t len;

    if (host == NULL || !krb5_realm_compare(context, named, owner))
	return 0;
    if (krb5_principal_get_num_comp(context, owner) == 2)
	return is_component(context, owner, 0, "host") &&
	    is_component(context, owner, 1, host);
    if (!is_account(context, owner))
	return 0;
    len = strcspn(host, ".");
    return len > 0 && strlen(account) == len + 1 &&
	strncasecmp(account, host, len) == 0;
}

/**
 * Whether a ticket is for RestrictedKrbHost, and is to be opened with the
 * computer's key.  An acceptor that insists on a name of its own has to run on
 * that host, and be told to; one that takes any of its keys takes this one.
 *
 * @param context a Kerberos 5 context
 * @param insisted the acceptor's name, NULL for any
 * @param named the ticket's name
 */
int
_krb5_ext_opens_for_computer(krb5_context context,
			     krb5_const_principal insisted,
			     krb5_const_principal named)
{
    const char *host = krb5_principal_get_comp_string(context, named, 1);

    if (!is_restricted(context, named))
	return 0;
    if (insisted != NULL && (host == NULL ||
	krb5_principal_get_num_comp(context, insisted) != 2 ||
	!is_component(context, insisted, 1, host)))
	return 0;
    return krb5_config_get_bool_default(context, NULL, insisted == NULL,
					"gssapi", "restricted_krb_host", NULL);
}

static int
is_des(krb5_enctype enctype)
{
    switch (enctype) {
    case ETYPE_DES_CBC_CRC:
    case ETYPE_DES_CBC_MD4:
    case ETYPE_DES_CBC_MD5:
	return 1;
    default:
	return 0;
    }
}

static int
is_refused(krb5_context context, krb5_const_principal name)
{
    return name != NULL && _krb5_ext_is_computer(context, name) &&
	!krb5_config_get_bool_default(context, NULL, FALSE, "gssapi",
				      "accept_des_computer_tickets", NULL);
}

/**
 * Whether an enctype is refused, whatever allow_weak_crypto says: DES, for a
 * computer.  Other services, afs among them, go by allow_weak_crypto.
 *
 * @param context a Kerberos 5 context
 * @param server whose key it is, or NULL
 * @param named the ticket's name, or NULL
 * @param enctype of the ticket or the key
 */
int
_krb5_ext_is_des_refused(krb5_context context, krb5_const_principal server,
			 krb5_const_principal named, krb5_enctype enctype)
{
    return is_des(enctype) &&
	(is_refused(context, server) || is_refused(context, named));
}

/**
 * The error of such a ticket ([MS-KILE] 3.4.5), with a text that stays here.
 *
 * @param context a Kerberos 5 context
 * @param server whose key it is, or NULL
 * @param named the ticket's name
 * @param enctype of the ticket or the key
 *
 * @return 0 or KRB5KRB_AP_ERR_MODIFIED
 */
krb5_error_code
_krb5_ext_check_enctype(krb5_context context, krb5_const_principal server,
			krb5_const_principal named, krb5_enctype enctype)
{
    if (!_krb5_ext_is_des_refused(context, server, named, enctype))
	return 0;
    krb5_set_error_message(context, KRB5KRB_AP_ERR_MODIFIED,
			   N_("DES is not accepted for a computer, see "
			      "[gssapi] accept_des_computer_tickets", ""));
    return KRB5KRB_AP_ERR_MODIFIED;
}
