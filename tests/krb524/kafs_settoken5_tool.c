/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * kafs_settoken5_tool CELL: gives the ticket afs/CELL of the default
 * credential cache to the cell, as who has a ticket and no cache.
 */

#include <config.h>
#include <string.h>
#include <unistd.h>
#include <krb5.h>
#include <kafs.h>
#include <roken.h>

static krb5_error_code
get_ticket(krb5_context context, const char *cell, krb5_creds **creds)
{
    krb5_ccache ccache;
    krb5_error_code ret;
    krb5_creds in;

    memset(&in, 0, sizeof(in));
    ret = krb5_cc_default(context, &ccache);
    if (ret)
	return ret;
    ret = krb5_cc_get_principal(context, ccache, &in.client);
    if (ret == 0)
	ret = krb5_make_principal(context, &in.server, NULL, "afs", cell,
				  NULL);
    if (ret == 0)
	ret = krb5_get_credentials(context, KRB5_GC_CACHED, ccache, &in,
				   creds);
    krb5_free_cred_contents(context, &in);
    krb5_cc_close(context, ccache);
    return ret;
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_error_code ret;
    krb5_creds *creds;

    if (argc != 2)
	errx(2, "usage: kafs_settoken5_tool CELL");
    ret = krb5_init_context(&context);
    if (ret)
	errx(2, "krb5_init_context: %d", (int)ret);
    ret = get_ticket(context, argv[1], &creds);
    if (ret)
	krb5_err(context, 2, ret, "no ticket for the cell %s", argv[1]);
    ret = kafs_settoken5(context, argv[1], getuid(), creds);
    if (ret)
	krb5_warn(context, ret, "kafs_settoken5");
    krb5_free_creds(context, creds);
    krb5_free_context(context);
    return ret != 0;
}
