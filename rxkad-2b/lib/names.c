/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The name that rxkad has for a client: name, instance and cell, of 63 octets
 * at most, which AFS's servers join to name.instance@cell.  What two
 * principals would share is refused.  No I/O.
 */

#include "rxkad_2b_locl.h"

/*
 * Services whose names krb5 and krb4 write differently, as OpenAFS has them
 * from MIT's krb5_524_conv_principal(): the instance is a host, and krb4 has
 * its first label only.
 */

static const struct {
    const char *krb5;
    const char *krb4;
} host_services[] = {
    { "host", "rcmd" },
    { "abs", "abs" },
    { "acap", "acap" },
    { "afpserver", "afpserver" },
    { "argus", "argus" },
    { "changepw", "changepw" },
    { "daemon", "daemon" },
    { "discuss", "discuss" },
    { "ecat", "ecat" },
    { "ftp", "ftp" },
    { "gdss", "gdss" },
    { "gnats", "gnats" },
    { "http", "http" },
    { "imap", "imap" },
    { "irc", "irc" },
    { "khttp", "khttp" },
    { "ldap", "ldap" },
    { "lmtp", "lmtp" },
    { "mandarin", "mandarin" },
    { "mandarin-agent", "mandarin-agent" },
    { "moira", "moira" },
    { "mupdate", "mupdate" },
    { "news", "news" },
    { "nfs", "nfs" },
    { "olc", "olc" },
    { "palladium", "palladium" },
    { "pgpsigner", "pgpsigner" },
    { "pop", "pop" },
    { "prms", "prms" },
    { "register", "register" },
    { "rfs", "rfs" },
    { "rvdsrv", "rvdsrv" },
    { "sample", "sample" },
    { "sis", "sis" },
    { "smtp", "smtp" },
    { "sms", "sms" },
    { "tftp", "tftp" },
    { "write", "write" }
};

/* Services that OpenAFS knows without an instance, whatever it is. */
static const char *const lone_services[] = { "kadmin", "zephyr" };

static const char *
find_host_service(const char *krb5)
{
    size_t i;

    for (i = 0; i < sizeof(host_services) / sizeof(host_services[0]); i++)
	if (strcmp(host_services[i].krb5, krb5) == 0)
	    return host_services[i].krb4;
    return NULL;
}

static krb5_boolean
is_lone_service(const char *krb5)
{
    size_t i;

    for (i = 0; i < sizeof(lone_services) / sizeof(lone_services[0]); i++)
	if (strcmp(lone_services[i], krb5) == 0)
	    return TRUE;
    return FALSE;
}

/*
 * Copies `length' octets of a string.  OpenAFS cuts off what is too long, so
 * that two names become one.
 */

static rxkad_2b_reason
put(char to[RXKAD_2B_NAME_LENGTH], const char *from, size_t length)
{
    if (length >= RXKAD_2B_NAME_LENGTH)
	return RXKAD_2B_NAME_LONG;
    memcpy(to, from, length);
    to[length] = '\0';
    return RXKAD_2B_OK;
}

/*
 * Whether AFS could read a component for more than it is: "bob@other" of one
 * component would be bob of another cell.  Also what is no text.
 */

static krb5_boolean
is_ambiguous(const char *s)
{
    for (; *s != '\0'; s++)
	if (*s == '@' || (unsigned char)*s < ' ' || *s == 0x7f)
	    return TRUE;
    return FALSE;
}

/*
 * The two strings of a principal of two components.
 */

static rxkad_2b_reason
convert_two(const char *first, const char *second, unsigned int flags,
	    struct rxkad_2b_name *out)
{
    rxkad_2b_reason reason;
    const char *service, *dot;

    if (is_lone_service(first)) {
	if ((flags & RXKAD_2B_OPENAFS_NAMES) == 0)
	    return RXKAD_2B_NAME_INSTANCE;
	return put(out->name, first, strlen(first));
    }
    service = find_host_service(first);
    if (service != NULL) {
	dot = strchr(second, '.');
	if (dot == NULL || dot == second)
	    return RXKAD_2B_NAME_HOST;
	reason = put(out->instance, second, dot - second);
	return reason ? reason : put(out->name, service, strlen(service));
    }
    reason = put(out->instance, second, strlen(second));
    return reason ? reason : put(out->name, first, strlen(first));
}

static rxkad_2b_reason
convert(const PrincipalName *cname, const char *crealm, unsigned int flags,
	struct rxkad_2b_name *out)
{
    rxkad_2b_reason reason;
    size_t i, n = cname->name_string.len;
    heim_general_string *val = cname->name_string.val;

    if (n != 1 && n != 2)
	return RXKAD_2B_NAME_COMPONENTS;
    for (i = 0; i < n; i++) {
	if (val[i][0] == '\0')
	    return RXKAD_2B_NAME_EMPTY;
	if (strlen(val[i]) >= RXKAD_2B_NAME_LENGTH)
	    return RXKAD_2B_NAME_LONG;
	if (is_ambiguous(val[i]))
	    return RXKAD_2B_NAME_CHARACTER;
    }
    /* foo.root of one component would be foo/root */
    if ((flags & RXKAD_2B_ALLOW_DOTTED) == 0 && strchr(val[0], '.') != NULL)
	return RXKAD_2B_NAME_DOT;

    /* OpenAFS's servers make each other tickets without a realm */
    if (crealm[0] == '\0' && (flags & RXKAD_2B_OPENAFS_NAMES) == 0)
	return RXKAD_2B_NAME_EMPTY;
    if (is_ambiguous(crealm))
	return RXKAD_2B_NAME_CHARACTER;
    reason = put(out->cell, crealm, strlen(crealm));
    if (reason)
	return reason;
    if (n == 1)
	return put(out->name, val[0], strlen(val[0]));
    return convert_two(val[0], val[1], flags, out);
}

/*
 * Makes rxkad's name of a principal.
 *
 * `flags' are the server's, of which RXKAD_2B_ALLOW_DOTTED and
 * RXKAD_2B_OPENAFS_NAMES matter; `out' is all zero unless it is returned
 * that it is fine.
 */

rxkad_2b_reason
_rxkad_2b_convert_name(const PrincipalName *cname, const char *crealm,
		       unsigned int flags, struct rxkad_2b_name *out)
{
    rxkad_2b_reason reason;

    memset(out, 0, sizeof(*out));
    reason = convert(cname, crealm, flags, out);
    if (reason)
	memset(out, 0, sizeof(*out));
    return reason;
}

/*
 * The same for the name in a Kerberos 4 ticket, which is one already.
 */

rxkad_2b_reason
_rxkad_2b_check_krb4_name(const struct rxkad_2b_name *name,
			  unsigned int flags)
{
    if (name->name[0] == '\0')
	return RXKAD_2B_NAME_EMPTY;
    if (is_ambiguous(name->name) || is_ambiguous(name->instance) ||
	is_ambiguous(name->cell))
	return RXKAD_2B_NAME_CHARACTER;
    if ((flags & RXKAD_2B_ALLOW_DOTTED) == 0
	&& strchr(name->name, '.') != NULL)
	return RXKAD_2B_NAME_DOT;
    return RXKAD_2B_OK;
}
