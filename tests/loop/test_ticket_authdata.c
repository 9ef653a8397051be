/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The signature of a PAC is checked whatever other authorization data the
 * ticket has, and what cannot be searched for a PAC refuses the ticket.
 */

#include "krb_request.h"

#include "sec_test.h"

#define BAD_PAC KRB5KRB_AP_ERR_BAD_INTEGRITY

static krb5_context context;
static krb5_keytab keytab;
static krb5_keyblock key, other_key;
static time_t now;
static krb5_data good_pac, bad_pac;

static void
add(AuthorizationData *ad, int type, const void *data, size_t len)
{
    AuthorizationDataElement e;

    e.ad_type = type;
    e.ad_data.data = rk_UNCONST(data);
    e.ad_data.length = len;
    request_krb5(context, add_AuthorizationData(ad, &e), "add");
}

/*
 * Wrap what is in ad, all of it, depth times.
 */
static void
wrap(AuthorizationData *ad, int depth)
{
    unsigned char *buf;
    size_t len, size;
    krb5_error_code ret;

    while (depth-- > 0) {
	ASN1_MALLOC_ENCODE(AuthorizationData, buf, len, ad, &size, ret);
	request_krb5(context, ret, "AuthorizationData");
	free_AuthorizationData(ad);
	memset(ad, 0, sizeof(*ad));
	add(ad, KRB5_AUTHDATA_IF_RELEVANT, buf, len);
	free(buf);
    }
}

/* Add pac to the list, inside of depth AD-IF-RELEVANT. */
static void
add_pac(AuthorizationData *ad, const krb5_data *pac, int depth)
{
    AuthorizationData inner;
    unsigned i;

    memset(&inner, 0, sizeof(inner));
    add(&inner, KRB5_AUTHDATA_WIN2K_PAC, pac->data, pac->length);
    wrap(&inner, depth);
    for (i = 0; i < inner.len; i++)
	request_krb5(context, add_AuthorizationData(ad, &inner.val[i]),
		     "add");
    free_AuthorizationData(&inner);
}

static void
make_pac(const krb5_keyblock *server_key, krb5_data *out)
{
    krb5_principal client;
    krb5_data data;
    krb5_pac pac;

    request_krb5(context, krb5_parse_name(context, REQUEST_CLIENT, &client),
		 "client");
    request_krb5(context, krb5_pac_init(context, &pac), "krb5_pac_init");
    data.data = "contents";
    data.length = 8;
    request_krb5(context, krb5_pac_add_buffer(context, pac, 1, &data),
		 "krb5_pac_add_buffer");
    request_krb5(context, _krb5_pac_sign(context, pac, now, client,
					 server_key, &other_key, out),
		 "_krb5_pac_sign");
    krb5_pac_free(context, pac);
    krb5_free_principal(context, client);
}

/*
 * The acceptor's answer to a ticket with the list, which is emptied; and that
 * an accepted one shows the application the PAC, if any.
 */
static void
test(AuthorizationData *ad, krb5_error_code want, const krb5_data *pac,
     const char *what)
{
    struct krb_request req;
    krb5_data ap_req, found;
    krb5_ticket *ticket = NULL;
    krb5_error_code ret, lookup = 0;
    int shown = 1;

    request_init(&req, &key);
    req.now = now;
    req.ad = ad->len > 0 ? ad : NULL;
    request_make(context, &req, &ap_req);
    ret = request_accept(context, &ap_req, NULL, keytab, &ticket);
    if (ret == 0) {
	lookup = krb5_ticket_get_authorization_data_type(context, ticket,
	    KRB5_AUTHDATA_WIN2K_PAC, &found);
	shown = pac == NULL ? lookup == ENOENT :
	    lookup == 0 && krb5_data_cmp(&found, pac) == 0;
	krb5_data_free(&found);
	krb5_free_ticket(context, ticket);
    }
    check(ret == want && shown, "%s: %d, want %d, lookup %d", what, (int)ret,
	  (int)want, (int)lookup);
    krb5_data_free(&ap_req);
    free_AuthorizationData(ad);
    memset(ad, 0, sizeof(*ad));
}

/* REQ: XT-90 */
static void
test_beside(int type, const void *data, size_t len, const char *name)
{
    AuthorizationData ad;
    char what[200];

    memset(&ad, 0, sizeof(ad));
    add(&ad, type, data, len);
    snprintf(what, sizeof(what), "%s alone", name);
    test(&ad, 0, NULL, what);

    add(&ad, type, data, len);
    add_pac(&ad, &bad_pac, 1);
    snprintf(what, sizeof(what), "%s before a bad PAC", name);
    test(&ad, BAD_PAC, NULL, what);

    add_pac(&ad, &bad_pac, 1);
    add(&ad, type, data, len);
    snprintf(what, sizeof(what), "%s behind a bad PAC", name);
    test(&ad, BAD_PAC, NULL, what);

    add(&ad, type, data, len);
    add_pac(&ad, &bad_pac, 0);
    snprintf(what, sizeof(what), "%s before a bad PAC, not wrapped", name);
    test(&ad, BAD_PAC, NULL, what);

    add(&ad, type, data, len);
    add_pac(&ad, &good_pac, 1);
    add(&ad, type, data, len);
    snprintf(what, sizeof(what), "%s around a good PAC", name);
    test(&ad, 0, &good_pac, what);

    add(&ad, type, data, len);
    wrap(&ad, 1);
    add_pac(&ad, &good_pac, 1);
    snprintf(what, sizeof(what), "%s, wrapped, before a good PAC", name);
    test(&ad, 0, &good_pac, what);
}

static void
test_unsearchable(void)
{
    AuthorizationData ad;
    int depth;
    char what[100];

    memset(&ad, 0, sizeof(ad));
    add(&ad, KRB5_AUTHDATA_IF_RELEVANT, "\x30\x7f\0", 3);
    add_pac(&ad, &bad_pac, 1);
    test(&ad, ASN1_OVERRUN, NULL, "AD-IF-RELEVANT that is cut, bad PAC");
    add_pac(&ad, &bad_pac, 1);
    add(&ad, KRB5_AUTHDATA_IF_RELEVANT, "\x30\x7f\0", 3);
    test(&ad, ASN1_OVERRUN, NULL, "bad PAC, AD-IF-RELEVANT that is cut");

    for (depth = 0; depth <= 12; depth++) {
	krb5_error_code want = depth > 9 ? ASN1_BAD_FORMAT : BAD_PAC;

	add_pac(&ad, &bad_pac, depth);
	snprintf(what, sizeof(what), "a bad PAC %d deep", depth);
	test(&ad, want, NULL, what);
    }
    add_pac(&ad, &good_pac, 9);
    test(&ad, 0, &good_pac, "a good PAC 9 deep");
    add(&ad, -5, "x", 1);
    wrap(&ad, 10);
    add_pac(&ad, &bad_pac, 1);
    test(&ad, ASN1_BAD_FORMAT, NULL, "10 wrappers before a bad PAC");
}

int
main(int argc, char **argv)
{
    AuthorizationData ad;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	return 1;
    now = time(NULL);
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &key), "key");
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &other_key), "key");
    request_krb5(context, krb5_kt_resolve(context, "MEMORY:authdata",
					  &keytab), "krb5_kt_resolve");
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &key);
    make_pac(&key, &good_pac);
    make_pac(&other_key, &bad_pac);
    memset(&ad, 0, sizeof(ad));

    test(&ad, 0, NULL, "no authorization data");
    add_pac(&ad, &good_pac, 1);
    test(&ad, 0, &good_pac, "a good PAC");
    add_pac(&ad, &bad_pac, 1);
    test(&ad, BAD_PAC, NULL, "a bad PAC");

    test_beside(4711, "unknown", 7, "an unknown element");
    test_beside(-5, "unknown", 7, "type -5");
    test_beside(-6, "unknown", 7, "type -6");
    test_beside(KRB5_AUTHDATA_AND_OR, "\x30\0", 2, "AD-AND-OR");
    test_beside(KRB5_AUTHDATA_KDC_ISSUED, "\x30\0", 2, "AD-KDC-ISSUED");
    test_beside(KRB5_AUTHDATA_MANDATORY_FOR_KDC, "\x30\0", 2,
		"AD-MANDATORY-FOR-KDC");
    test_beside(96, "\x30\0", 2, "AD-CAMMAC");
    test_beside(KRB5_AUTHDATA_SIGNTICKET, "\x30\0", 2, "AD-SIGNEDPATH");
    test_unsearchable();

    add_pac(&ad, &good_pac, 1);
    test(&ad, 0, &good_pac, "a good PAC, once more");

    krb5_data_free(&good_pac);
    krb5_data_free(&bad_pac);
    krb5_free_keyblock_contents(context, &key);
    krb5_free_keyblock_contents(context, &other_key);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
    return check_done();
}
