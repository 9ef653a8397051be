/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * An acceptor whose default keytab cannot be resolved: an error, and not a
 * success without a ticket.
 */

#include "krb_request.h"

#include "sec_test.h"

static krb5_context context;
static krb5_keyblock key;
static krb5_data ap_req;

static void
test(const char *server, krb5_error_code want, const char *what)
{
    krb5_auth_context ac = NULL;
    krb5_rd_req_out_ctx out = NULL;
    krb5_principal p = NULL;
    krb5_ticket *ticket = NULL;
    krb5_error_code ret;

    if (server)
	request_krb5(context, krb5_parse_name(context, server, &p), server);
    ret = krb5_rd_req_ctx(context, &ac, &ap_req, p, NULL, &out);
    if (check(ret == want && (out != NULL) == (want == 0),
	      "%s, %s name: %d, want %d", what, server ? "the" : "no",
	      (int)ret, (int)want)) {
	/* where the check above fails, this crashes */
	ret = request_accept(context, &ap_req, server, NULL, &ticket);
	check(ret == want && (ticket != NULL) == (want == 0),
	      "the same with krb5_rd_req: %d", (int)ret);
	if (ticket)
	    krb5_free_ticket(context, ticket);
    }
    if (out)
	krb5_rd_req_out_ctx_free(context, out);
    krb5_auth_con_free(context, ac);
    if (p)
	krb5_free_principal(context, p);
}

int
main(int argc, char **argv)
{
    struct krb_request req;
    krb5_keytab keytab;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    unsetenv("KRB5_KTNAME");
    if (krb5_init_context(&context))
	return 1;
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &key), "key");
    request_init(&req, &key);
    request_make(context, &req, &ap_req);

    setenv("KRB5_KTNAME", "nosuchtype:x", 1);
    test(NULL, KRB5_KT_UNKNOWN_TYPE, "no default keytab");
    test(REQUEST_SERVICE, KRB5_KT_UNKNOWN_TYPE, "no default keytab");

    setenv("KRB5_KTNAME", "MEMORY:no_keytab", 1);
    request_krb5(context, krb5_kt_resolve(context, "MEMORY:no_keytab",
					  &keytab), "krb5_kt_resolve");
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &key);
    test(NULL, 0, "a default keytab");
    test(REQUEST_SERVICE, 0, "a default keytab");

    krb5_kt_close(context, keytab);
    krb5_data_free(&ap_req);
    krb5_free_keyblock_contents(context, &key);
    krb5_free_context(context);
    return check_done();
}
