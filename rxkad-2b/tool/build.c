/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* rxkad-token build: a token of a ticket in a credentials cache. */

#include "rxkad_token_locl.h"

static char *cache_name, *profile_name, *output;
static int ticket_flag, raw_flag, cached_flag, help_flag;

static struct getargs args[] = {
    { "cache", 'c', arg_string, &cache_name, "credentials cache", "cache" },
    { "cached", 'C', arg_flag, &cached_flag,
      "do not ask the KDC for the ticket", NULL },
    { "profile", 'p', arg_string, &profile_name,
      "limits to keep to", "strict|modern" },
    { "ticket", 't', arg_flag, &ticket_flag,
      "the whole ticket (256) instead of its enc-part (213)", NULL },
    { "output", 'o', arg_string, &output, "write the token there", "file" },
    { "raw", 'r', arg_flag, &raw_flag, "octets, not hexadecimal", NULL },
    { "help", 'h', arg_flag, &help_flag, NULL, NULL }
};

/*
 * Gets the ticket; does not return when that fails.
 */

static krb5_creds *
get_creds(krb5_context context, const char *service)
{
    krb5_error_code ret;
    krb5_ccache cache;
    krb5_creds in, *out;

    memset(&in, 0, sizeof(in));
    if (cache_name != NULL)
	ret = krb5_cc_resolve(context, cache_name, &cache);
    else
	ret = krb5_cc_default(context, &cache);
    if (ret)
	krb5_err(context, EXIT_TROUBLE, ret, "credentials cache");
    ret = krb5_cc_get_principal(context, cache, &in.client);
    if (ret)
	krb5_err(context, EXIT_TROUBLE, ret, "credentials cache");
    ret = krb5_parse_name(context, service, &in.server);
    if (ret)
	krb5_err(context, EXIT_TROUBLE, ret, "%s", service);
    ret = krb5_get_credentials(context, cached_flag ? KRB5_GC_CACHED : 0,
			       cache, &in, &out);
    if (ret)
	krb5_err(context, EXIT_TROUBLE, ret, "no ticket for %s", service);
    krb5_free_principal(context, in.client);
    krb5_free_principal(context, in.server);
    krb5_cc_close(context, cache);
    return out;
}

static void
show_token(krb5_context context, const rxkad_2b_token *token)
{
    show_number(stderr, token->kvno, 0);
    show(stderr, "Length:", "%lu octets", (unsigned long)token->data.length);
    show_enctype(stderr, context, "Service key:", token->service_etype, "");
    show_enctype(stderr, context, "Session key:", token->session_etype, "");
    show_time(stderr, "Valid from:", token->start);
    show_time(stderr, "Valid until:", token->end);
    show_servers(stderr, token->data.length, token->service_etype,
		 token->session_etype);
    show_warnings(stderr, token->warnings);
}

static void
put_token(const rxkad_2b_token *token)
{
    FILE *f = stdout;
    int ret;

    if (output != NULL) {
	f = fopen(output, "wb");
	if (f == NULL)
	    err(EXIT_TROUBLE, "%s", output);
    }
    ret = write_token(f, token, raw_flag);
    if (f != stdout && fclose(f) != 0 && ret == 0)
	ret = errno;
    if (ret)
	errx(EXIT_TROUBLE, "%s: %s", output ? output : "standard output",
	     strerror(ret));
}

int
build_command(krb5_context context, int argc, char **argv)
{
    krb5_error_code ret;
    rxkad_2b_token *token;
    krb5_creds *creds;
    int optidx;

    optidx = get_options(args, N_ELEMENTS(args), argc, argv,
			 "afs/cell@REALM", &help_flag);
    if (argc - optidx != 1)
	errx(EXIT_TROUBLE, "build needs the principal of the AFS service");

    creds = get_creds(context, argv[optidx]);
    ret = rxkad_2b_token_from_creds(context, creds,
				    parse_profile(profile_name), ticket_flag
				    ? RXKAD_2B_KVNO_TICKET : RXKAD_2B_KVNO,
				    &token, NULL);
    krb5_free_creds(context, creds);
    if (ret) {
	krb5_warn(context, ret, "no token of this ticket");
	return EXIT_NO;
    }
    show_token(context, token);
    put_token(token);
    rxkad_2b_token_free(token);
    return 0;
}
