/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * krb524_tool [--ccache] SERVICE: gets a ticket for the service with the
 * default credential cache and has it converted.
 *
 * Prints a line "error=CODE MESSAGE" or a line NAME=VALUE for each member of
 * what was returned, octets as hexadecimal digits.
 */

#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <krb5.h>
#include <krb5-v4compat.h>
#include <roken.h>

static void
print_octets(const char *name, const void *data, size_t length)
{
    const unsigned char *p = data;
    size_t i;

    printf("%s=", name);
    for (i = 0; i < length; i++)
	printf("%02x", p[i]);
    printf("\n");
}

static int
print_error(krb5_context context, krb5_error_code code)
{
    const char *msg = krb5_get_error_message(context, code);

    printf("error=%d %s\n", (int)code, msg);
    krb5_free_error_message(context, msg);
    return 1;
}

static void
print_credentials(const struct credentials *v4)
{
    printf("service=%s\ninstance=%s\nrealm=%s\n", v4->service, v4->instance,
	   v4->realm);
    printf("pname=%s\npinst=%s\n", v4->pname, v4->pinst);
    printf("lifetime=%d\nkvno=%d\nissue_date=%ld\n", v4->lifetime, v4->kvno,
	   (long)v4->issue_date);
    printf("length=%u\nmbz=%lu\n", v4->ticket_st.length,
	   (unsigned long)v4->ticket_st.mbz);
    print_octets("session", v4->session, sizeof(v4->session));
    print_octets("ticket", v4->ticket_st.dat,
		 v4->ticket_st.length < sizeof(v4->ticket_st.dat) ?
		 v4->ticket_st.length : sizeof(v4->ticket_st.dat));
}

static krb5_error_code
get_ticket(krb5_context context, krb5_ccache ccache, const char *service,
	   krb5_creds **creds)
{
    krb5_error_code ret;
    krb5_creds in;

    memset(&in, 0, sizeof(in));
    ret = krb5_cc_get_principal(context, ccache, &in.client);
    if (ret == 0)
	ret = krb5_parse_name(context, service, &in.server);
    if (ret == 0)
	ret = krb5_get_credentials(context, 0, ccache, &in, creds);
    krb5_free_cred_contents(context, &in);
    return ret;
}

static int
convert(krb5_context context, const char *service, int with_ccache)
{
    struct credentials *v4;
    krb5_creds *creds, *before;
    krb5_ccache ccache;
    krb5_error_code ret;

    v4 = malloc(sizeof(*v4));	/* for memory checkers */
    if (v4 == NULL)
	errx(2, "out of memory");
    ret = krb5_cc_default(context, &ccache);
    if (ret == 0)
	ret = get_ticket(context, ccache, service, &creds);
    if (ret)
	krb5_err(context, 2, ret, "%s", service);
    ret = krb5_copy_creds(context, creds, &before);
    if (ret)
	krb5_err(context, 2, ret, "krb5_copy_creds");
    memset(v4, 0xa5, sizeof(*v4));
    if (with_ccache)
	ret = krb524_convert_creds_kdc_ccache(context, ccache, creds, v4);
    else
	ret = krb524_convert_creds_kdc(context, creds, v4);
    if (krb5_data_cmp(&before->session.keyvalue, &creds->session.keyvalue) ||
	krb5_data_cmp(&before->ticket, &creds->ticket))
	errx(2, "the credential was changed");
    if (ret)
	(void)print_error(context, ret);
    print_credentials(v4);
    krb5_free_creds(context, before);
    krb5_free_creds(context, creds);
    krb5_cc_close(context, ccache);
    free(v4);
    return ret != 0;
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_error_code ret;
    int with_ccache;

    ret = krb5_init_context(&context);
    if (ret)
	errx(2, "krb5_init_context: %d", (int)ret);
    with_ccache = argc == 3 && strcmp(argv[1], "--ccache") == 0;
    if (argc != 2 && !with_ccache)
	errx(2, "usage: krb524_tool [--ccache] SERVICE");
    ret = convert(context, argv[argc - 1], with_ccache);
    krb5_free_context(context);
    return ret;
}
