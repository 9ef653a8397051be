/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The search for a ticket by other realms, among KDCs that are a table here:
 * which of them are asked what, in which order, and when it ends.  Some of the
 * KDCs are hostile.
 *
 * REQ: XT-58
 */

#include <gsskrb5_locl.h>
#include <err.h>

#include "path.h"
#include "sec_test.h"

#define ENCTYPE KRB5_ENCTYPE_AES256_CTS_HMAC_SHA1_96
#define SERVICE "host/server@D"

/*
 * A row is what one KDC answers.
 */
struct kdc {
    const char *realm;
    const char *asked;		/* TGT for this realm; "." for a referral */
    const char *answer;		/* TGT for this one, or one of: */
};

#define GIVES_SERVICE "!service"	/* a ticket for the service, of here */
#define GIVES_OTHER "!other"		/* for another service */
#define GIVES_FOREIGN "!foreign"	/* a TGT that somebody else issues */
#define GIVES_NEW "!new"		/* a TGT for a realm never heard of */
#define GIVES_NONE "!none"	/* an error, and something all the same */

static const struct {
    const char *name;
    const char *cached;		/* TGTs in the cache, "for@issuer ..." */
    const char *capaths;	/* of the client, for A and D */
    struct kdc kdcs[10];
    const char *requests;	/* "realm:what ..." in order */
    int found;
} cases[] = {
    { "the second of two", "A@A B@A D@B", "B C",
      { { "A", "C", "C" }, { "C", "D", "D" } },
      "A:C C:D D:service", 1 },
    { "TGTs of the cache are used", "A@A D@B B@A C@A D@C", "B C",
      { { NULL } },
      "D:service", 1 },
    { "the first is skipped where it is not a way", "A@A B@A D@B", "X C",
      { { "A", "C", "C" }, { "C", "D", "D" } },
      "A:X A:C C:D D:service", 1 },
    { "a realm on the way to it", "A@A B@A D@B", "B C",
      { { "A", "C", "F" }, { "F", "C", "C" }, { "C", "D", "D" } },
      "A:C F:C C:D D:service", 1 },
    { "the refused realm on the way to it", "A@A B@A D@B", "B C",
      { { "A", "C", "B" }, { "B", "C", "C" }, { "C", "D", "D" } },
      "A:C B:C C:D A:.", 0 },
    { "part of the refused way", "A@A B@A C@B D@C", "C",
      { { "A", "C", "C" } },
      "A:C D:service", 1 },
    { "another way to the same last realm", "A@A B@A C@B D@C", "B C",
      { { "A", "B", "B" }, { "B", "D", "D" } },
      "B:D D:service", 1 },
    { "a referral", "A@A B@A D@B", "B",
      { { "A", ".", "C" }, { "C", ".", "D" } },
      "A:. C:. D:service", 1 },
    { "a referral, for want of [capaths]", "A@A B@A D@B", NULL,
      { { "A", ".", "C" }, { "C", ".", "D" } },
      "A:. C:. D:service", 1 },
    { "a referral to the refused realm", "A@A B@A D@B", "B",
      { { "A", ".", "B" }, { "B", ".", "D" } },
      "A:. B:.", 0 },
    { "a direct way is none that could be refused", "A@A D@A", "B C",
      { { "A", "C", "C" }, { "C", "D", "D" } },
      "", 0 },
    { "by referral before", "A@A", "B C",
      { { "A", ".", "B" }, { "B", ".", "D" }, { "A", "C", "C" },
	{ "C", "D", "D" } },
      "A:. B:. A:C C:D D:service", 1 },
    { "by referral before, and nowhere else to go", "A@A", "B",
      { { "A", ".", "B" }, { "B", ".", "D" } },
      "A:. B:.", 0 },
    { "nobody knows how it came", "A@A", "B",
      { { "A", "B", "B" }, { "B", "D", "D" } },
      "A:. A:B B:D D:service", 1 },
    { "no TGT", "", "C",
      { { "A", "C", "C" }, { "C", "D", "D" } },
      "", 0 },
    { "the names of both ends", "A@A B@A D@B", "A D B",
      { { NULL } },
      "A:.", 0 },
    { "the client's realm as another tells it", "A@A A@Q B@A D@B", "B C",
      { { "A", "C", "C" }, { "C", "D", "D" } },
      "A:C C:D D:service", 1 },
    { "a circle in the cache", "A@A D@B B@C C@B", "C",
      { { "A", ".", "B" }, { "B", ".", "D" }, { "A", "C", "C" },
	{ "C", "D", "D" } },
      "A:. B:. A:C C:D D:service", 1 },
    { "no such service", "A@A B@A D@B", "C",
      { { "A", "C", "C" }, { "C", "D", "D" }, { "D", "service",
						GIVES_NONE } },
      "A:C C:D D:service A:.", 0 },
    { "hostile: back to the client's realm", "A@A B@A D@B", "C",
      { { "A", "C", "C" }, { "C", "D", "A" } },
      "A:C C:D A:.", 0 },
    { "hostile: to itself", "A@A B@A D@B", "C",
      { { "A", "C", "C" }, { "C", "D", "C" } },
      "A:C C:D C:D A:.", 0 },
    { "hostile: in a circle", "A@A B@A D@B", "C",
      { { "A", "C", "C" }, { "C", "D", "F" }, { "F", "D", "C" } },
      "A:C C:D F:D C:D A:.", 0 },
    { "hostile: a TGT of another's", "A@A B@A D@B", "C",
      { { "A", "C", "C" }, { "C", "D", GIVES_FOREIGN } },
      "A:C C:D A:.", 0 },
    { "hostile: the service, out of its realm", "A@A B@A D@B", "B",
      { { "A", ".", GIVES_SERVICE } },
      "A:.", 0 },
    { "hostile: another service", "A@A B@A D@B", "C",
      { { "A", "C", "C" }, { "C", "D", "D" }, { "D", "service",
						GIVES_OTHER } },
      "A:C C:D D:service A:.", 0 },
    { "hostile: the same service of another realm", "A@A B@A D@B", "C",
      { { "A", "C", "C" }, { "C", "D", "D" }, { "D", "service",
						GIVES_SERVICE } },
      "A:C C:D D:service A:.", 0 },
};

static const struct kdc *kdcs;
static char asked[4096];
static int requests, delegate, service_delegate;
static const char *start_realm, *client_name = "user@A";

#define OFFSET 77			/* of the KDC's clock, in the cache */

static krb5_principal
principal(krb5_context context, const char *fmt, ...)
{
    krb5_principal p;
    char *name;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&name, fmt, ap) < 0)
	errx(1, "out of memory");
    va_end(ap);
    if (krb5_parse_name(context, name, &p))
	errx(1, "krb5_parse_name: %s", name);
    free(name);
    return p;
}

static void
make_cred(krb5_context context, krb5_creds *cred, krb5_principal client,
	  krb5_principal server)
{
    memset(cred, 0, sizeof(*cred));
    if (krb5_copy_principal(context, client, &cred->client) ||
	krb5_generate_random_keyblock(context, ENCTYPE, &cred->session) ||
	krb5_data_copy(&cred->ticket, "ticket", 6))
	errx(1, "out of memory");
    cred->server = server;
    cred->times.endtime = time(NULL) + 3600;
    cred->flags.b.ok_as_delegate =
	krb5_principal_is_krbtgt(context, server) ? delegate :
	service_delegate;
}

/*
 * What is asked, in the words of the table.
 */
static const char *
what(krb5_context context, krb5_const_principal server, const char *here,
     int canonicalize)
{
    if (krb5_principal_is_krbtgt(context, server))
	return server->name.name_string.val[1];
    return canonicalize && strcmp(here, "D") != 0 ? "." : "service";
}

/*
 * In the place of libkrb5's.
 */
krb5_error_code
_krb5_get_cred_with_tgt(krb5_context context, krb5_ccache id,
			krb5_kdc_flags flags, krb5_creds *in,
			krb5_creds *krbtgt, krb5_creds *out)
{
    const char *here = krbtgt->server->name.name_string.val[1];
    const char *wanted = what(context, in->server, here,
			      flags.b.canonicalize);
    const struct kdc *row;
    krb5_principal p;
    char step[64];

    snprintf(step, sizeof(step), "%s%s:%s", requests ? " " : "", here,
	     wanted);
    strlcat(asked, step, sizeof(asked));
    requests++;
    if (strcmp(in->server->realm, here) != 0)
	check(0, "%s was asked for something of %s", here,
	      in->server->realm);
    if (*wanted == '.' || strcmp(wanted, "service") == 0) {
	p = principal(context, "host/server@%s", here);
	if (!krb5_principal_compare(context, in->server, p))
	    check(0, "%s was asked for something else", here);
	krb5_free_principal(context, p);
    }
    if (context->kdc_sec_offset != OFFSET)
	check(0, "the KDC's clock is another: %d",
	      (int)context->kdc_sec_offset);
    for (row = kdcs; row->realm != NULL; row++)
	if ((strcmp(row->realm, here) == 0 || *row->realm == '*') &&
	    (strcmp(row->asked, wanted) == 0 || *row->asked == '*'))
	    break;
    if (row->realm == NULL && strcmp(wanted, "service") == 0)
	p = principal(context, SERVICE);
    else if (row->realm == NULL)
	return KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN;
    else if (strcmp(row->answer, GIVES_SERVICE) == 0)
	p = principal(context, "host/server@A");
    else if (strcmp(row->answer, GIVES_OTHER) == 0)
	p = principal(context, "host/other@D");
    else if (strcmp(row->answer, GIVES_NONE) == 0) {
	make_cred(context, out, in->client, principal(context, SERVICE));
	return KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN;
    } else if (strcmp(row->answer, GIVES_FOREIGN) == 0)
	p = principal(context, "krbtgt/D@B");
    else if (strcmp(row->answer, GIVES_NEW) == 0)
	p = principal(context, "krbtgt/NEW%d@%s", requests, here);
    else
	p = principal(context, "krbtgt/%s@%s", row->answer, here);
    make_cred(context, out, in->client, p);
    return 0;
}

static krb5_ccache
make_cache(krb5_context context, krb5_principal client, const char *tgts)
{
    char *copy = strdup(tgts), *tgt, *rest = NULL;
    krb5_ccache id;
    krb5_creds cred;
    krb5_data data;

    if (copy == NULL || krb5_cc_new_unique(context, "MEMORY", NULL, &id) ||
	krb5_cc_initialize(context, id, client))
	errx(1, "no credential cache");
    for (tgt = strtok_r(copy, " ", &rest); tgt != NULL;
	 tgt = strtok_r(NULL, " ", &rest)) {
	make_cred(context, &cred, client,
		  principal(context, "krbtgt/%s", tgt));
	if (krb5_cc_store_cred(context, id, &cred))
	    errx(1, "krb5_cc_store_cred");
	krb5_free_cred_contents(context, &cred);
    }
    free(copy);
    if (krb5_cc_set_config(context, id, NULL, "start_realm", NULL) ||
	krb5_cc_set_kdc_offset(context, id, OFFSET))
	errx(1, "krb5_cc_set_config");
    if (start_realm) {
	data.data = rk_UNCONST(start_realm);
	data.length = strlen(start_realm);
	if (krb5_cc_set_config(context, id, NULL, "start_realm", &data))
	    errx(1, "krb5_cc_set_config");
    }
    return id;
}

static unsigned int
count_cache(krb5_context context, krb5_ccache id)
{
    krb5_cc_cursor cursor;
    unsigned int count = 0;
    krb5_creds cred;

    if (krb5_cc_start_seq_get(context, id, &cursor))
	errx(1, "krb5_cc_start_seq_get");
    while (krb5_cc_next_cred(context, id, &cursor, &cred) == 0) {
	krb5_free_cred_contents(context, &cred);
	count++;
    }
    krb5_cc_end_seq_get(context, id, &cursor);
    return count;
}

static void
set_capaths(krb5_context context, const char *hops)
{
    char *text;

    krb5_config_file_free(context, context->cf);
    context->cf = NULL;
    if (asprintf(&text, "[capaths]\nA = {\nD = %s\n}\n", hops) < 0)
	errx(1, "out of memory");
    if (hops != NULL &&
	krb5_config_parse_string_multi(context, text, &context->cf))
	errx(1, "krb5_config_parse_string_multi");
    free(text);
}

/*
 * One search; the ticket, or NULL and why.
 */
static krb5_creds *
search(krb5_context context, const char *cached, const char *capaths,
       const struct kdc *table, krb5_error_code *ret)
{
    unsigned int before;
    krb5_creds wanted, *out;
    krb5_ccache id;

    kdcs = table;
    requests = 0;
    asked[0] = '\0';
    krb5_set_kdc_sec_offset(context, 0, 0);
    set_capaths(context, capaths ? capaths : "");
    memset(&wanted, 0, sizeof(wanted));
    wanted.client = principal(context, client_name);
    wanted.server = principal(context, SERVICE);
    wanted.session.keytype = ENCTYPE;
    id = make_cache(context, wanted.client, cached);
    before = count_cache(context, id);
    *ret = _gsskrb5_ext_get_by_other_path(context, id, &wanted, &out);
    if (before != count_cache(context, id))
	check(0, "the cache was written");
    if ((*ret == 0) != (out != NULL))
	check(0, "%d, and %s ticket", (int)*ret, out ? "a" : "no");
    if (out && !krb5_principal_compare(context, out->server, wanted.server))
	check(0, "the ticket is for another service");
    krb5_cc_destroy(context, id);
    krb5_free_principal(context, wanted.client);
    krb5_free_principal(context, wanted.server);
    return out;
}

static void
test_cases(krb5_context context)
{
    krb5_error_code ret;
    krb5_creds *out;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	out = search(context, cases[i].cached, cases[i].capaths,
		     cases[i].kdcs, &ret);
	check(cases[i].found == (out != NULL) &&
	      strcmp(asked, cases[i].requests) == 0,
	      "%s: %s (%d)", cases[i].name, asked, (int)ret);
	if (out)
	    krb5_free_creds(context, out);
    }
}

/*
 * KDCs that lead from realm to realm, and a list of a thousand: it ends.
 */
static void
test_endless(krb5_context context)
{
    static const struct kdc endless[] = {
	{ "*", "*", GIVES_NEW }, { NULL }
    };
    static const struct kdc none[] = { { NULL } };
    char list[8192] = "B";
    krb5_error_code ret;
    krb5_creds *out;
    int i;

    out = search(context, "A@A B@A D@B", "B C F", endless, &ret);
    check(out == NULL && ret != 0 && requests <= GSSKRB5_EXT_MAX_REQUESTS,
	  "realms without end: %d requests", requests);
    out = search(context, "A@A", "B C F", endless, &ret);
    check(out == NULL && ret != 0 && requests <= GSSKRB5_EXT_MAX_REQUESTS,
	  "and no way known: %d requests", requests);
    for (i = 0; i < 1000; i++)
	snprintf(list + strlen(list), sizeof(list) - strlen(list), " X%d", i);
    out = search(context, "A@A B@A D@B", list, none, &ret);
    check(out == NULL && ret != 0 && requests <= GSSKRB5_EXT_MAX_REQUESTS,
	  "a long list: %d requests", requests);
}

/*
 * ok-as-delegate is left to the ticket when all have it.
 */
static void
test_delegate(krb5_context context)
{
    static const struct kdc table[] = {
	{ "A", "C", "C" }, { "C", "D", "D" }, { NULL }
    };
    krb5_error_code ret;
    krb5_creds *out;
    int i;

    for (i = 0; i < 4; i++) {
	delegate = i & 1;
	service_delegate = i >> 1;
	out = search(context, "A@A B@A D@B", "B C", table, &ret);
	check(out != NULL && out->flags.b.ok_as_delegate == (i == 3),
	      "ok-as-delegate: %d of the TGTs, %d of the ticket", delegate,
	      service_delegate);
	if (out)
	    krb5_free_creds(context, out);
    }
    delegate = service_delegate = 0;
}

/*
 * A client that did not begin in its own realm; and one that is in the
 * service's.
 */
static void
test_start(krb5_context context)
{
    static const struct kdc table[] = {
	{ "B", "F", "F" }, { "F", "D", "D" }, { "A", "F", "F" }, { NULL }
    };
    krb5_error_code ret;
    krb5_creds *out;

    start_realm = "B";
    out = search(context, "B@B C@B D@C", "C F", table, &ret);
    check(out != NULL && strcmp(asked, "B:F F:D D:service") == 0,
	  "begun in B: %s (%d)", asked, (int)ret);
    if (out)
	krb5_free_creds(context, out);
    out = search(context, "B@B D@B", "F", table, &ret);
    check(out == NULL && strcmp(asked, "B:F F:D B:.") == 0,
	  "where each way begins that was refused: %s (%d)", asked,
	  (int)ret);
    out = search(context, "A@A D@B B@A", "F", table, &ret);
    check(out == NULL && *asked == '\0', "in B, and there is no TGT: %s",
	  asked);
    start_realm = NULL;
    client_name = "user@D";
    out = search(context, "D@D", "F", table, &ret);
    check(out == NULL && ret == KRB5KRB_AP_PATH_NOT_ACCEPTED &&
	  *asked == '\0', "in the service's realm: %s", asked);
    client_name = "user@A";
}

static void
test_sets(krb5_context context)
{
    struct gsskrb5_ext_realms some, more;
    char name[16];
    int i;

    memset(&some, 0, sizeof(some));
    memset(&more, 0, sizeof(more));
    check(_gsskrb5_ext_has_realms(&some, &more), "nothing in nothing");
    check(_gsskrb5_ext_add_realm(context, &some, "B") == 0, "a realm");
    check(_gsskrb5_ext_add_realm(context, &some, "B") ==
	  KRB5_GET_IN_TKT_LOOP, "the same");
    check(_gsskrb5_ext_add_realm(context, &some, "b") == 0,
	  "names are case-sensitive");
    check(!_gsskrb5_ext_has_realms(&more, &some), "not in an empty one");
    check(_gsskrb5_ext_has_realms(&some, &more), "nothing in something");
    (void)_gsskrb5_ext_add_realm(context, &more, "b");
    check(_gsskrb5_ext_has_realms(&some, &more), "one of two");
    check(!_gsskrb5_ext_has_realms(&more, &some), "two of one");
    for (i = 0; i < 2 * GSSKRB5_EXT_MAX_REALMS; i++) {
	snprintf(name, sizeof(name), "R%d", i);
	if (_gsskrb5_ext_add_realm(context, &more, name))
	    break;
    }
    check(more.len == GSSKRB5_EXT_MAX_REALMS, "%d realms at most",
	  (int)more.len);
    _gsskrb5_ext_free_realms(&some);
    _gsskrb5_ext_free_realms(&more);
    check(some.len == 0 && more.len == 0, "none is left");
}

int
main(int argc, char **argv)
{
    krb5_context context;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    test_sets(context);
    test_cases(context);
    test_endless(context);
    test_delegate(context);
    test_start(context);
    krb5_free_context(context);
    return check_done();
}
