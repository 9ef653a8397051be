/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * An acceptor's own TGT: of which cache it is, and when it is renewed.  The
 * clock, the KDC and what is done with the cache are here.
 *
 * REQ: XT-81, XT-82
 */

#include <gsskrb5_locl.h>
#include <gsskrb5_ext.h>
#include <err.h>

#include "exchange.h"
#include "sec_test.h"
#include "set_config.h"

#define NOW 1700000000
#define RENEWED (NOW + 36000)		/* when the new one ends */

static krb5_context context;
static int asked, refuses;		/* the KDC */
static int closed, cannot_remove, cannot_copy;
static gsskrb5_cred in_use;		/* whose lock is to be held */
static int not_locked;

/* -- in the place of the libraries' ------------------------------------ */

int
_gsskrb5_ext_enabled(krb5_context ctx, int initiator)
{
    return 1;
}

krb5_error_code KRB5_LIB_CALL
krb5_timeofday(krb5_context ctx, krb5_timestamp *now)
{
    *now = NOW;
    return 0;
}

krb5_error_code KRB5_LIB_CALL
krb5_cc_close(krb5_context ctx, krb5_ccache id)
{
    krb5_error_code ret = (*id->ops->close)(ctx, id);

    closed++;
    free(id);
    return ret;
}

krb5_error_code KRB5_LIB_CALL
krb5_copy_keyblock(krb5_context ctx, const krb5_keyblock *in,
		   krb5_keyblock **out)
{
    *out = NULL;
    if (cannot_copy)
	return ENOMEM;
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
	errx(1, "out of memory");
    return krb5_copy_keyblock_contents(ctx, in, *out);
}

krb5_error_code KRB5_LIB_CALL
krb5_cc_remove_cred(krb5_context ctx, krb5_ccache id, krb5_flags which,
		    krb5_creds *cred)
{
    if (cannot_remove)
	return KRB5_CC_NOSUPP;
    return (*id->ops->remove_cred)(ctx, id, which, cred);
}

static void
make_tgt(krb5_creds *tgt, krb5_principal client, time_t ends,
	 const char *text)
{
    krb5_const_realm realm = krb5_principal_get_realm(context, client);
    Ticket ticket;
    size_t size;
    int ret;

    memset(tgt, 0, sizeof(*tgt));
    memset(&ticket, 0, sizeof(ticket));
    if (krb5_copy_principal(context, client, &tgt->client) ||
	krb5_make_principal(context, &tgt->server, realm, KRB5_TGS_NAME,
			    realm, NULL) ||
	krb5_generate_random_keyblock(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				      &tgt->session))
	errx(1, "out of memory");
    tgt->times.endtime = ends;
    if (text == NULL) {		/* it is no ticket */
	if (krb5_data_copy(&tgt->ticket, "none", 4))
	    errx(1, "out of memory");
	return;
    }
    ticket.tkt_vno = 5;
    ticket.realm = tgt->server->realm;
    ticket.sname = tgt->server->name;
    ticket.enc_part.etype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    ticket.enc_part.cipher.data = rk_UNCONST(text);
    ticket.enc_part.cipher.length = strlen(text);
    ASN1_MALLOC_ENCODE(Ticket, tgt->ticket.data, tgt->ticket.length, &ticket,
		       &size, ret);
    if (ret)
	errx(1, "encode_Ticket");
}

krb5_error_code KRB5_LIB_CALL
krb5_get_renewed_creds(krb5_context ctx, krb5_creds *creds,
		       krb5_const_principal client, krb5_ccache id,
		       const char *in_tkt_service)
{
    krb5_principal copy;

    asked++;
    memset(creds, 0, sizeof(*creds));
    if (in_use != NULL && pthread_mutex_trylock(&in_use->cred_id_mutex) == 0) {
	not_locked++;
	pthread_mutex_unlock(&in_use->cred_id_mutex);
    }
    if (refuses)
	return KRB5KDC_ERR_POLICY;
    if (krb5_copy_principal(ctx, client, &copy))
	errx(1, "out of memory");
    make_tgt(creds, copy, RENEWED, "new");
    krb5_free_principal(ctx, copy);
    return 0;
}

/* -- caches ------------------------------------------------------------ */

static krb5_principal
name(const char *text)
{
    krb5_principal p;

    if (krb5_parse_name(context, text, &p))
	errx(1, "%s", text);
    return p;
}

/*
 * A cache of client's, for one TGT.
 */
static krb5_ccache
make_cache(const char *client, krb5_creds *tgt)
{
    krb5_principal p = name(client);
    krb5_ccache id;

    if (krb5_cc_new_unique(context, "MEMORY", NULL, &id) ||
	krb5_cc_initialize(context, id, p))
	errx(1, "no credential cache");
    krb5_free_principal(context, p);
    if (tgt && krb5_cc_store_cred(context, id, tgt))
	errx(1, "krb5_cc_store_cred");
    return id;
}

/*
 * TGTs in it.
 */
static int
count(krb5_ccache id)
{
    krb5_cc_cursor cursor;
    krb5_creds cred;
    int n = 0;

    if (krb5_cc_start_seq_get(context, id, &cursor))
	errx(1, "krb5_cc_start_seq_get");
    while (krb5_cc_next_cred(context, id, &cursor, &cred) == 0) {
	n += krb5_principal_is_krbtgt(context, cred.server);
	krb5_free_cred_contents(context, &cred);
    }
    krb5_cc_end_seq_get(context, id, &cursor);
    return n;
}

/*
 * What the TGT says that was read.
 */
static int
is(const struct gsskrb5_ext_own_tgt *own, const char *text)
{
    const heim_octet_string *cipher = &own->tgt.enc_part.cipher;

    return own->client != NULL && own->session != NULL &&
	cipher->length == strlen(text) &&
	memcmp(cipher->data, text, cipher->length) == 0;
}

static int
is_nothing(const struct gsskrb5_ext_own_tgt *own)
{
    return own->client == NULL && own->session == NULL &&
	own->tgt.enc_part.cipher.data == NULL;
}

static gsskrb5_cred
make_credential(krb5_ccache id, gss_cred_usage_t usage)
{
    gsskrb5_cred cred = calloc(1, sizeof(*cred));

    if (cred == NULL)
	errx(1, "out of memory");
    HEIMDAL_MUTEX_init(&cred->cred_id_mutex);
    cred->usage = usage;
    cred->ccache = id;
    return cred;
}

/* -- the cases --------------------------------------------------------- */

/*
 * Seconds from now, 0 for none: when it was got, when it begins, ends, and can
 * be renewed until.
 */
static const struct {
    const char *what;
    int authtime, starttime, endtime, till;
    int renewable, renewed;
} times[] = {
    { "it ends later", -36000, -36000, 3000, 99999, 1, 0 },
    { "it ends in five minutes", -36000, -36000, 300, 99999, 1, 0 },
    { "in a second less", -36000, -36000, 299, 99999, 1, 1 },
    { "it is not renewable", -36000, -36000, 299, 99999, 0, 0 },
    { "it can be for no longer than it is", -36000, -36000, 299, 299, 1, 0 },
    { "for a second longer", -36000, -36000, 299, 300, 1, 1 },
    { "for less long", -36000, -36000, 299, 298, 1, 0 },
    { "half of its life is left", -200, -200, 200, 99999, 1, 0 },
    { "less than half", -202, -202, 200, 99999, 1, 1 },
    { "more than half", -100, -100, 200, 99999, 1, 0 },
    { "more, for it begins later", -36000, -100, 200, 99999, 1, 0 },
    { "without a starttime: half", -200, 0, 200, 99999, 1, 0 },
    { "without a starttime: more than half", -100, 0, 200, 99999, 1, 0 },
    { "without a starttime: less", -202, 0, 200, 99999, 1, 1 }
};

static void
set_times(krb5_creds *tgt, size_t i)
{
    tgt->times.authtime = NOW + times[i].authtime;
    tgt->times.starttime = times[i].starttime ? NOW + times[i].starttime : 0;
    tgt->times.endtime = NOW + times[i].endtime;
    tgt->times.renew_till = NOW + times[i].till;
    tgt->flags.b.renewable = times[i].renewable;
}

static void
test_times(void)
{
    krb5_principal client = name("acceptor@TEST");
    struct gsskrb5_ext_own_tgt own;
    krb5_error_code ret;
    krb5_ccache id;
    krb5_creds tgt;
    size_t i;

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
	make_tgt(&tgt, client, 0, "old");
	set_times(&tgt, i);
	id = make_cache("acceptor@TEST", &tgt);
	in_use = make_credential(id, GSS_C_ACCEPT);
	asked = closed = not_locked = 0;
	memset(&own, 0, sizeof(own));
	ret = _gsskrb5_ext_read_own_tgt(context, in_use, &own);
	check(ret == 0 && is(&own, times[i].renewed ? "new" : "old") &&
	      asked == times[i].renewed && count(id) == 1, "%s",
	      times[i].what);
	check(closed == 0 && not_locked == 0,
	      "the credential's own cache, while it is locked");
	_gsskrb5_ext_forget_own_tgt(context, &own);
	check(is_nothing(&own), "nothing is left");
	krb5_cc_destroy(context, id);
	free(in_use);
	in_use = NULL;
	krb5_free_cred_contents(context, &tgt);
    }
    krb5_free_principal(context, client);
}

/*
 * A TGT that is due, and the KDC, the cache or the memory does not go along.
 */
static void
test_not_renewed(void)
{
    krb5_principal client = name("acceptor@TEST");
    struct gsskrb5_ext_own_tgt own;
    gsskrb5_cred cred;
    krb5_ccache id;
    krb5_creds tgt;

    make_tgt(&tgt, client, 0, "old");
    set_times(&tgt, 2);
    id = make_cache("acceptor@TEST", &tgt);
    cred = make_credential(id, GSS_C_BOTH);
    memset(&own, 0, sizeof(own));
    refuses = 1;
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) == 0 &&
	  is(&own, "old"), "the KDC does not renew it: it has to do");
    _gsskrb5_ext_forget_own_tgt(context, &own);
    refuses = 0;
    cannot_copy = 1;
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) == ENOMEM &&
	  is_nothing(&own), "no memory: there is none");
    cannot_copy = 0;
    krb5_cc_destroy(context, id);

    cred->ccache = id = make_cache("acceptor@TEST", &tgt);
    cannot_remove = 1;
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) == 0 &&
	  is(&own, "new") && count(id) == 1,
	  "a cache that cannot let go of the old one does not get another");
    cannot_remove = 0;
    _gsskrb5_ext_forget_own_tgt(context, &own);
    krb5_cc_destroy(context, id);
    krb5_free_cred_contents(context, &tgt);

    make_tgt(&tgt, client, NOW + 3600, NULL);
    cred->ccache = id = make_cache("acceptor@TEST", &tgt);
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) != 0 &&
	  is_nothing(&own), "a ticket that is none");
    krb5_cc_destroy(context, id);
    krb5_free_cred_contents(context, &tgt);
    make_tgt(&tgt, client, NOW - 1, "old");
    cred->ccache = id = make_cache("acceptor@TEST", &tgt);
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) ==
	  GSSKRB5_EXT_ERR_NO_TGT, "one that has expired");
    krb5_cc_destroy(context, id);
    krb5_free_cred_contents(context, &tgt);
    krb5_free_principal(context, client);
    free(cred);
}

/*
 * Whose cache it is: never one that is only there, nor one to initiate with.
 */
static void
test_caches(void)
{
    krb5_principal client = name("acceptor@TEST");
    struct gsskrb5_ext_own_tgt own;
    gsskrb5_cred cred;
    krb5_ccache id;
    krb5_creds tgt;
    char *full, *line;

    make_tgt(&tgt, client, NOW + 36000, "old");
    id = make_cache("acceptor@TEST", &tgt);
    cred = make_credential(id, GSS_C_INITIATE);
    memset(&own, 0, sizeof(own));
    if (krb5_cc_get_full_name(context, id, &full) ||
	asprintf(&line, "acceptor_ccache = %s", full) < 0)
	errx(1, "out of memory");
    setenv("KRB5CCNAME", full, 1);
    closed = 0;
    check(_gsskrb5_ext_read_own_tgt(context, NULL, &own) ==
	  GSSKRB5_EXT_ERR_NO_TGT && is_nothing(&own), "the default cache");
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) ==
	  GSSKRB5_EXT_ERR_NO_TGT && is_nothing(&own) && closed == 0,
	  "a credential to initiate with");
    cred->usage = GSS_C_BOTH;
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) == 0 &&
	  is(&own, "old") && closed == 0, "one for both");
    _gsskrb5_ext_forget_own_tgt(context, &own);
    cred->ccache = NULL;
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) ==
	  GSSKRB5_EXT_ERR_NO_TGT, "one without a cache");

    set_config(context, line);
    check(_gsskrb5_ext_read_own_tgt(context, NULL, &own) == 0 &&
	  is(&own, "old") && closed == 1, "the cache of the configuration");
    _gsskrb5_ext_forget_own_tgt(context, &own);
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) == 0 &&
	  is(&own, "old") && closed == 2, "and so for a credential");
    _gsskrb5_ext_forget_own_tgt(context, &own);
    cred->principal = name("acceptor@TEST");
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) == 0,
	  "of that name");
    _gsskrb5_ext_forget_own_tgt(context, &own);
    krb5_free_principal(context, cred->principal);
    cred->principal = name("other@TEST");
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) ==
	  GSSKRB5_EXT_ERR_NO_TGT && is_nothing(&own) && closed == 4,
	  "not of another");
    set_config(context, "acceptor_ccache = NO-SUCH-TYPE:cache");
    closed = 0;
    check(_gsskrb5_ext_read_own_tgt(context, NULL, &own) != 0 &&
	  is_nothing(&own) && closed == 0, "a cache that cannot be");
    set_config(context, "");

    krb5_free_principal(context, cred->principal);
    krb5_cc_destroy(context, id);
    krb5_free_cred_contents(context, &tgt);
    krb5_free_principal(context, client);
    free(cred);
    free(full);
    free(line);
}

/*
 * Nobody is anonymous.
 */
static void
test_anonymous(void)
{
    static const char anonymous[] = "WELLKNOWN/ANONYMOUS@TEST";
    krb5_principal client = name(anonymous);
    struct gsskrb5_ext_own_tgt own;
    gsskrb5_cred cred;
    krb5_ccache id;
    krb5_creds tgt;

    make_tgt(&tgt, client, NOW + 36000, "old");
    id = make_cache(anonymous, &tgt);
    cred = make_credential(id, GSS_C_ACCEPT);
    memset(&own, 0, sizeof(own));
    check(_gsskrb5_ext_read_own_tgt(context, cred, &own) ==
	  GSSKRB5_EXT_ERR_NO_TGT && is_nothing(&own), "anonymous");
    krb5_cc_destroy(context, id);
    krb5_free_cred_contents(context, &tgt);
    krb5_free_principal(context, client);
    free(cred);
}

static void
test_preference(void)
{
    static const struct {
	const char *lines;
	int host, http;
    } cases[] = {
	{ "", 0, 0 },
	{ "prefer_user2user = true", 1, 1 },
	{ "acceptor = {\nhost = {\nprefer_user2user = true\n}\n}", 1, 0 },
	{ "prefer_user2user = true\n"
	  "acceptor = {\nhost = {\nprefer_user2user = false\n}\n}", 0, 1 }
    };
    krb5_principal host = name("host/a@TEST"), http = name("HTTP/a@TEST");
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	set_config(context, cases[i].lines);
	check(_gsskrb5_ext_prefers_own_tgt(context, host) == cases[i].host &&
	      _gsskrb5_ext_prefers_own_tgt(context, http) == cases[i].http,
	      "preferred, case %d", (int)i);
    }
    set_config(context, "");
    krb5_free_principal(context, host);
    krb5_free_principal(context, http);
}

int
main(int argc, char **argv)
{
    setprogname(argv[0]);
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    test_times();
    test_not_renewed();
    test_caches();
    test_anonymous();
    test_preference();
    krb5_free_context(context);
    return check_done();
}
