/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * get_user2user [--ticket] SERVER [CCACHE]: ask for a ticket for SERVER, in
 * the session key of the TGT in another credential cache if there is one.
 * Prints "code N" (of the protocol if N < 128) or "server NAME", and whether
 * that session key opens the ticket.  --ticket uses krb5_get_creds(), and not
 * krb5_get_credentials().
 */

#include <krb5_locl.h>
#include <err.h>

static krb5_context context;

static void
must(krb5_error_code ret, const char *what)
{
    if (ret)
	krb5_err(context, 1, ret, "%s", what);
}

/*
 * The TGT in a cache.
 */
static krb5_creds *
get_tgt(const char *name)
{
    krb5_creds in, *tgt;
    krb5_ccache ccache;

    memset(&in, 0, sizeof(in));
    must(krb5_cc_resolve(context, name, &ccache), name);
    must(krb5_cc_get_principal(context, ccache, &in.client), name);
    must(krb5_make_principal(context, &in.server, in.client->realm,
			     KRB5_TGS_NAME, in.client->realm, NULL), name);
    must(krb5_get_credentials(context, KRB5_GC_CACHED, ccache, &in, &tgt),
	 name);
    krb5_free_principal(context, in.client);
    krb5_free_principal(context, in.server);
    krb5_cc_close(context, ccache);
    return tgt;
}

static krb5_error_code
by_credentials(krb5_ccache ccache, krb5_principal server,
	       const krb5_creds *tgt, krb5_creds **out)
{
    krb5_creds in;
    krb5_error_code ret;

    memset(&in, 0, sizeof(in));
    must(krb5_cc_get_principal(context, ccache, &in.client), "client");
    in.server = server;
    if (tgt != NULL)
	in.second_ticket = tgt->ticket;
    ret = krb5_get_credentials(context, tgt ? KRB5_GC_USER_USER : 0, ccache,
			       &in, out);
    krb5_free_principal(context, in.client);
    return ret;
}

static krb5_error_code
by_creds(krb5_ccache ccache, krb5_principal server, const krb5_creds *tgt,
	 krb5_creds **out)
{
    krb5_get_creds_opt opt;
    krb5_error_code ret;
    Ticket ticket;

    must(krb5_get_creds_opt_alloc(context, &opt), "options");
    if (tgt != NULL) {
	must(decode_Ticket(tgt->ticket.data, tgt->ticket.length, &ticket,
			   NULL), "TGT");
	krb5_get_creds_opt_add_options(context, opt, KRB5_GC_USER_USER);
	must(krb5_get_creds_opt_set_ticket(context, opt, &ticket), "TGT");
	free_Ticket(&ticket);
    }
    ret = krb5_get_creds(context, opt, ccache, server, out);
    krb5_get_creds_opt_free(context, opt);
    return ret;
}

static void
show(const krb5_creds *cred, const krb5_creds *tgt)
{
    EncTicketPart part;
    Ticket ticket;
    char *name;

    must(krb5_unparse_name(context, cred->server, &name), "server");
    must(decode_Ticket(cred->ticket.data, cred->ticket.length, &ticket, NULL),
	 "ticket");
    printf("server %s", name);
    if (tgt != NULL) {
	if (krb5_decrypt_ticket(context, &ticket,
				rk_UNCONST(&tgt->session), &part, 0) == 0) {
	    free_EncTicketPart(&part);
	    printf(" opened");
	} else
	    printf(" closed");
    }
    printf("\n");
    free_Ticket(&ticket);
    krb5_xfree(name);
}

int
main(int argc, char **argv)
{
    int creds = argc > 1 && strcmp(argv[1], "--ticket") == 0;
    krb5_creds *tgt = NULL, *out;
    krb5_principal server;
    krb5_error_code ret;
    krb5_ccache ccache;

    argc -= creds;
    argv += creds;
    if (argc < 2 || argc > 3)
	errx(2, "usage: get_user2user [--ticket] SERVER [CCACHE]");
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    must(krb5_parse_name(context, argv[1], &server), argv[1]);
    must(krb5_cc_default(context, &ccache), "ccache");
    if (argc == 3)
	tgt = get_tgt(argv[2]);
    ret = (creds ? by_creds : by_credentials)(ccache, server, tgt, &out);
    if (ret) {
	printf("code %ld\n", (long)(ret > KRB5KDC_ERR_NONE &&
				    ret < KRB5KDC_ERR_NONE + 128 ?
				    ret - KRB5KDC_ERR_NONE : ret));
    } else {
	show(out, tgt);
	krb5_free_creds(context, out);
    }
    if (tgt)
	krb5_free_creds(context, tgt);
    krb5_free_principal(context, server);
    krb5_cc_close(context, ccache);
    krb5_free_context(context);
    return 0;
}
