/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* rxkad-token verify: a server's verdict. */

#include "rxkad_token_locl.h"

static char *number, *keytab_name, *principal_name, *keyfile, *keyfileext;
static char *profile_name, *realm, *time_text, *address;
static int krb4_flag, dotted_flag, names_flag, authdata_flag, transited_flag;
static int newest_flag, help_flag;

static struct getargs args[] = {
    { "keytab", 'k', arg_string, &keytab_name,
      "Kerberos keytab with the service's keys", "keytab" },
    { "principal", 0, arg_string, &principal_name,
      "only keys of this principal in the keytab", "principal" },
    { "keyfile", 0, arg_string, &keyfile, "KeyFile of AFS", "file" },
    { "keyfileext", 0, arg_string, &keyfileext, "KeyFileExt of OpenAFS",
      "file" },
    { "kvno", 'n', arg_string, &number,
      "the number that came with the token", "213|256|kvno" },
    { "profile", 'p', arg_string, &profile_name, "limits of the server",
      "strict|modern" },
    { "realm", 0, arg_string, &realm,
      "realm of the server, to which transited realms lead", "realm" },
    { "time", 0, arg_string, &time_text,
      "decide as at this time, seconds since 1970", "seconds" },
    { "address", 0, arg_string, &address,
      "refuse tickets that are not for this address of the peer",
      "address" },
    { "allow-krb4", 0, arg_flag, &krb4_flag, "take Kerberos 4 tickets",
      NULL },
    { "allow-dotted", 0, arg_flag, &dotted_flag,
      "take names with a dot in the first component", NULL },
    { "openafs-names", 0, arg_flag, &names_flag,
      "make names of kadmin/x and zephyr/x as OpenAFS does", NULL },
    { "strict-authdata", 0, arg_flag, &authdata_flag,
      "refuse critical authorization data", NULL },
    { "any-transited", 0, arg_flag, &transited_flag,
      "take tickets that passed any realms", NULL },
    { "newest-key", 0, arg_flag, &newest_flag,
      "try the newest key if no version is said", NULL },
    { "help", 'h', arg_flag, &help_flag, NULL, NULL }
};

static void
add_keytab(krb5_context context, rxkad_2b_keys *keys)
{
    krb5_error_code ret;
    krb5_principal principal = NULL;
    krb5_keytab keytab;

    if (principal_name != NULL) {
	ret = krb5_parse_name(context, principal_name, &principal);
	if (ret)
	    krb5_err(context, EXIT_TROUBLE, ret, "%s", principal_name);
    }
    ret = krb5_kt_resolve(context, keytab_name, &keytab);
    if (ret)
	krb5_err(context, EXIT_TROUBLE, ret, "%s", keytab_name);
    ret = rxkad_2b_keys_add_keytab(context, keys, keytab, principal);
    if (ret)
	krb5_err(context, EXIT_TROUBLE, ret, "%s", keytab_name);
    krb5_kt_close(context, keytab);
    krb5_free_principal(context, principal);
}

/*
 * The keys of all files that were named; does not return without one.
 */

static rxkad_2b_keys *
read_keys(krb5_context context)
{
    krb5_error_code ret;
    rxkad_2b_keys *keys;

    if (keytab_name == NULL && keyfile == NULL && keyfileext == NULL)
	errx(EXIT_TROUBLE,
	     "verify needs --keytab, --keyfile or --keyfileext");
    ret = rxkad_2b_keys_alloc(context, &keys);
    if (ret)
	krb5_err(context, EXIT_TROUBLE, ret, "keys");
    if (keytab_name != NULL)
	add_keytab(context, keys);
    if (keyfile != NULL) {
	ret = rxkad_2b_keys_add_keyfile(context, keys, keyfile);
	if (ret)
	    krb5_err(context, EXIT_TROUBLE, ret, "--keyfile");
    }
    if (keyfileext != NULL) {
	ret = rxkad_2b_keys_add_keyfileext(context, keys, keyfileext);
	if (ret)
	    krb5_err(context, EXIT_TROUBLE, ret, "--keyfileext");
    }
    return keys;
}

static rxkad_2b_server *
make_server(krb5_context context, rxkad_2b_keys *keys)
{
    krb5_error_code ret;
    rxkad_2b_server *server;
    unsigned int flags = 0;

    if (krb4_flag)
	flags |= RXKAD_2B_ALLOW_KRB4;
    if (dotted_flag)
	flags |= RXKAD_2B_ALLOW_DOTTED;
    if (names_flag)
	flags |= RXKAD_2B_OPENAFS_NAMES;
    if (authdata_flag)
	flags |= RXKAD_2B_STRICT_AUTHDATA;
    if (transited_flag)
	flags |= RXKAD_2B_ANY_TRANSITED;
    if (newest_flag)
	flags |= RXKAD_2B_NEWEST_KEY;
    if (address != NULL)
	flags |= RXKAD_2B_CHECK_ADDRESSES;

    ret = rxkad_2b_server_alloc(context, rxkad_2b_keys_get, keys, &server);
    if (ret == 0)
	ret = rxkad_2b_server_set_realm(server, realm);
    if (ret)
	krb5_err(context, EXIT_TROUBLE, ret, "server");
    rxkad_2b_server_set_flags(server, flags);
    rxkad_2b_server_set_profile(server, parse_profile(profile_name));
    return server;
}

static time_t
parse_time(void)
{
    char *end;
    long long t;

    if (time_text == NULL)
	return time(NULL);
    errno = 0;
    t = strtoll(time_text, &end, 10);
    if (end == time_text || *end != '\0' || errno != 0)
	errx(EXIT_TROUBLE, "%s is no time in seconds", time_text);
    return (time_t)t;
}

static void
show_accepted(krb5_context context, const rxkad_2b_result *r)
{
    show(stdout, "Verdict:", "accepted");
    show_name(stdout, "Name:", r->name);
    show_name(stdout, "Instance:", r->instance[0] ? r->instance : "(none)");
    show_name(stdout, "Cell:", r->cell[0] ? r->cell : "(the server's)");
    show_enctype(stdout, context, "Session key:", r->session_etype,
		 r->session_etype <= ETYPE_DES_CBC_MD5 ? ""
		 : ", made a DES key by rxkad-kdf");
    if (r->host != 0)
	show(stdout, "Host:", "%u.%u.%u.%u", r->host >> 24,
	     (r->host >> 16) & 0xff, (r->host >> 8) & 0xff, r->host & 0xff);
    show_time(stdout, "Valid from:", r->start);
    show_time(stdout, "Valid until:", r->end);
}

static void
show_refused(krb5_context context, const rxkad_2b_result *r)
{
    const char *msg = krb5_get_error_message(context, r->code);

    show(stdout, "Verdict:", "refused");
    show(stdout, "Reason:", "%s", rxkad_2b_reason_string(r->reason));
    show(stdout, "Sent to client:", "%d (%s)", (int)r->code, msg);
    krb5_free_error_message(context, msg);
}

/*
 * Which keys there are, where it may be that the right one is not.
 */

static void
show_keys(krb5_context context, const rxkad_2b_keys *keys)
{
    krb5_enctype etype;
    int32_t kvno;
    char version[40];
    size_t i;

    for (i = 0; rxkad_2b_keys_entry(keys, i, &kvno, &etype); i++) {
	snprintf(version, sizeof(version), ", version %d", (int)kvno);
	show_enctype(stdout, context, "Key at hand:", etype, version);
    }
}

static void
show_verdict(krb5_context context, const rxkad_2b_keys *keys,
	     const struct token_file *token, const rxkad_2b_result *r)
{
    char version[40];

    show_number(stdout, token->number, token->guessed);
    show(stdout, "Length:", "%lu octets", (unsigned long)token->length);
    if (r->type != RXKAD_2B_TYPE_NONE) {
	snprintf(version, sizeof(version), ", version %d",
		 (int)r->service_kvno);
	show_enctype(stdout, context, "Service key:", r->service_etype,
		     version);
    }
    if (r->type == RXKAD_2B_TYPE_KRB4)
	show(stdout, "Decoded as:", "a Kerberos 4 ticket");
    if (r->code == 0)
	show_accepted(context, r);
    else
	show_refused(context, r);
    if (r->reason == RXKAD_2B_NO_KEY)
	show_keys(context, keys);
    show_warnings(stdout, r->warnings);
}

/*
 * Decides, with the peer's address if one was given.
 */

static rxkad_2b_result *
check_token(krb5_context context, rxkad_2b_server *server,
	    const struct token_file *token)
{
    krb5_error_code ret;
    krb5_addresses peer = { 0, NULL };
    rxkad_2b_result *r;

    if (address != NULL) {
	ret = krb5_parse_address(context, address, &peer);
	if (ret)
	    krb5_err(context, EXIT_TROUBLE, ret, "%s", address);
    }
    (void)rxkad_2b_server_check(context, server, token->number, token->data,
				token->length, parse_time(),
				peer.len ? &peer.val[0] : NULL, &r);
    krb5_free_addresses(context, &peer);
    if (r == NULL)
	errx(EXIT_TROUBLE, "out of memory");
    return r;
}

int
verify_command(krb5_context context, int argc, char **argv)
{
    struct token_file token;
    rxkad_2b_server *server;
    rxkad_2b_keys *keys;
    rxkad_2b_result *r;
    int optidx, status;

    optidx = get_options(args, N_ELEMENTS(args), argc, argv, "[file]",
			 &help_flag);
    if (argc - optidx > 1)
	errx(EXIT_TROUBLE, "one file at a time");
    keys = read_keys(context);
    server = make_server(context, keys);
    read_token(argv[optidx], number, &token);

    r = check_token(context, server, &token);
    show_verdict(context, keys, &token, r);
    status = r->code == 0 ? 0 : EXIT_NO;
    rxkad_2b_result_free(r);
    rxkad_2b_server_free(server);
    rxkad_2b_keys_free(context, keys);
    free(token.data);
    return status;
}
