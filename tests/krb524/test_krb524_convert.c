/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What libkrb5 makes of a credential and a krb524 server's answers, and how
 * often it asks.  The server is a plugin of this process; what is sent on
 * sockets is for t_krb524_replies.py.
 */

#include "krb5_locl.h"
#include "krb5-v4compat.h"
#include "send_to_kdc_plugin.h"
#include "sec_test.h"

#define REPLY_LEN 1266
#define CONF "test_krb524_convert.conf"
#define REALM "EXT.TEST"
#define AFS "afs/ext.test@" REALM
#define USER "user/admin@" REALM
#define TICKET "a ticket"
#define DES_TICKET "a ticket with a DES key"
#define START 1000000000

static krb5_context context;

/* ---- the server ------------------------------------------------------ */

enum answer { GOOD, BADKEY, POLICY, SILENCE, SHORT };

static const enum answer *answers; /* one a request; SILENCE after the last */
static size_t asked;
static char last[64];		/* the ticket that was sent */

static void
put32(unsigned char *p, uint32_t value)
{
    p[0] = value >> 24;
    p[1] = value >> 16;
    p[2] = value >> 8;
    p[3] = value;
}

static krb5_error_code KRB5_CALLCONV
answer(krb5_context c, void *arg, krb5_const_realm realm, time_t timeout,
       const krb5_data *in, krb5_data *out)
{
    unsigned char reply[REPLY_LEN];
    size_t length = sizeof(reply);
    enum answer a = *answers;

    asked++;
    snprintf(last, sizeof(last), "%.*s", (int)in->length,
	     in->length ? (char *)in->data : "");
    if (a == SILENCE)
	return KRB5_KDC_UNREACH;
    answers++;
    memset(reply, 0, sizeof(reply));
    put32(reply + 4, 213);
    put32(reply + 8, 7);
    memcpy(reply + 12, "a token", 7);
    if (a == BADKEY || a == POLICY) {
	put32(reply, a == BADKEY ? KRB524_BADKEY : KRB5KDC_ERR_POLICY);
	length = 4;
    } else if (a == SHORT)
	length = 100;
    return krb5_data_copy(out, reply, length);
}

static krb5_error_code KRB5_CALLCONV
init(krb5_context c, void **arg)
{
    *arg = NULL;
    return 0;
}

static void
fini(void *arg)
{
}

static krb5plugin_send_to_kdc_ftable server = {
    KRB5_PLUGIN_SEND_TO_KDC_VERSION_2, init, fini, NULL, answer
};

/* ---- the client ------------------------------------------------------ */

/*
 * A credential whose octets are all aliases.
 */
static void
make_creds(krb5_creds *creds, const char *client, const char *service,
	   krb5_enctype enctype, size_t length, const char *ticket)
{
    static unsigned char key[32] = "\1\2\4\7\10\13\15\16";

    memset(creds, 0, sizeof(*creds));
    if (krb5_parse_name(context, client, &creds->client) ||
	krb5_parse_name(context, service, &creds->server))
	exit(1);
    creds->session.keytype = enctype;
    creds->session.keyvalue.data = key;
    creds->session.keyvalue.length = length;
    creds->ticket.data = rk_UNCONST(ticket);
    creds->ticket.length = strlen(ticket);
    creds->times.authtime = START - 100;
    creds->times.starttime = START;
    creds->times.endtime = START + 3000;
}

static void
free_creds(krb5_creds *creds)
{
    krb5_free_principal(context, creds->client);
    krb5_free_principal(context, creds->server);
}

static int
is_zero(const struct credentials *v4)
{
    const unsigned char *p = (const unsigned char *)v4;
    size_t i;

    for (i = 0; i < sizeof(*v4); i++)
	if (p[i] != 0)
	    return 0;
    return 1;
}

/*
 * Convert it; with what it was filled must be gone.
 */
static krb5_error_code
convert(krb5_ccache ccache, const krb5_creds *creds, const enum answer *list,
	struct credentials *v4)
{
    memset(v4, 0xa5, sizeof(*v4));
    answers = list;
    asked = 0;
    last[0] = '\0';
    if (ccache)
	return krb524_convert_creds_kdc_ccache(context, ccache,
					       rk_UNCONST(creds), v4);
    return krb524_convert_creds_kdc(context, rk_UNCONST(creds), v4);
}

/* one answer, then silence */
static const enum answer good[] = { GOOD, SILENCE };
static const enum answer policy[] = { POLICY, GOOD, SILENCE };
static const enum answer silence[] = { SILENCE };

/* ---- cases ----------------------------------------------------------- */

/* REQ: RK-36 */
static void
test_good(void)
{
    struct credentials v4;
    krb5_creds creds;
    krb5_error_code ret;

    make_creds(&creds, USER, AFS, ETYPE_DES_CBC_CRC, 8, TICKET);
    ret = convert(NULL, &creds, good, &v4);
    check(ret == 0 && asked == 1 && strcmp(last, TICKET) == 0,
	  "the server is asked once (%d)", (int)ret);
    check(strcmp(v4.service, "afs") == 0 &&
	  strcmp(v4.instance, "ext.test") == 0 &&
	  strcmp(v4.realm, REALM) == 0 && strcmp(v4.pname, "user") == 0 &&
	  strcmp(v4.pinst, "admin") == 0, "names");
    check(memcmp(v4.session, "\1\2\4\7\10\13\15\16", 8) == 0 &&
	  v4.kvno == 213 && v4.ticket_st.length == 7 &&
	  memcmp(v4.ticket_st.dat, "a token", 8) == 0, "key and token");
    check(v4.issue_date == START && v4.lifetime == 10, "times");
    creds.times.starttime = 0;
    ret = convert(NULL, &creds, good, &v4);
    check(ret == 0 && v4.issue_date == START - 100 && v4.lifetime == 10,
	  "without a start");
    free_creds(&creds);
}

/* REQ: RK-36 */
static void
test_lifetimes(void)
{
    static const struct {
	int seconds, units;
    } rows[] = {
	{ -2147483647, 0 }, { -301, 0 }, { -300, 0 }, { -1, 0 }, { 0, 0 },
	{ 1, 0 }, { 299, 0 }, { 300, 1 }, { 599, 1 }, { 600, 2 },
	{ 127 * 300 - 1, 126 }, { 127 * 300, 127 }, { 127 * 300 + 1, 127 },
	{ 128 * 300, 127 }, { 1000000, 127 }
    };
    struct credentials v4;
    krb5_creds creds;
    krb5_error_code ret;
    size_t i;

    make_creds(&creds, USER, AFS, ETYPE_DES_CBC_CRC, 8, TICKET);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	creds.times.endtime = (time_t)START + rows[i].seconds;
	ret = convert(NULL, &creds, good, &v4);
	check(ret == 0 && v4.lifetime == rows[i].units, "%d seconds: %d",
	      rows[i].seconds, v4.lifetime);
    }
    free_creds(&creds);
}

/*
 * What has no name, no key or no ticket is not sent, and nothing is returned.
 *
 * REQ: RK-36
 */
static void
test_not_sent(void)
{
    static const struct {
	const char *client, *service, *ticket;
	krb5_enctype enctype;
	size_t length;
	krb5_error_code want;
    } rows[] = {
	{ "a/b/c@" REALM, AFS, TICKET, ETYPE_DES_CBC_CRC, 8,
	  KRB5_PARSE_MALFORMED },
	{ USER, "a/b/c@" REALM, TICKET, ETYPE_DES_CBC_CRC, 8,
	  KRB5_PARSE_MALFORMED },
	{ USER, AFS, TICKET, ETYPE_DES_CBC_CRC, 7, KRB5_BAD_KEYSIZE },
	{ USER, AFS, TICKET, ETYPE_NULL, 8, KRB5_PROG_ETYPE_NOSUPP },
	{ USER, AFS, "", ETYPE_DES_CBC_CRC, 8, KRB5_NO_TKT_SUPPLIED }
    };
    struct credentials v4;
    krb5_creds creds;
    krb5_error_code ret;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	make_creds(&creds, rows[i].client, rows[i].service, rows[i].enctype,
		   rows[i].length, rows[i].ticket);
	ret = convert(NULL, &creds, good, &v4);
	check(ret == rows[i].want && asked == 0 && is_zero(&v4),
	      "%s, %s, enctype %d, %lu octets: %d, asked %lu times",
	      rows[i].client, rows[i].service, (int)rows[i].enctype,
	      (unsigned long)rows[i].length, (int)ret, (unsigned long)asked);
	free_creds(&creds);
    }
}

/* REQ: RK-36 */
static void
test_refused(void)
{
    static const enum answer is_short[] = { SHORT, GOOD, SILENCE };
    static const enum answer late[] = { GOOD, GOOD, SILENCE };
    static char large[20000];
    struct credentials v4;
    krb5_creds creds;
    krb5_error_code ret;
    const char *text;

    make_creds(&creds, USER, AFS, ETYPE_DES_CBC_CRC, 8, TICKET);
    ret = convert(NULL, &creds, policy, &v4);
    text = krb5_get_error_message(context, ret);
    check(ret == KRB5KDC_ERR_POLICY && asked == 1 && is_zero(&v4) &&
	  strstr(text, "the krb524 server refused") != NULL,
	  "a status: %d, %s", (int)ret, text);
    krb5_free_error_message(context, text);
    ret = convert(NULL, &creds, is_short, &v4);
    text = krb5_get_error_message(context, ret);
    check(ret == KRB524_DECEMPTY && asked == 1 && is_zero(&v4) &&
	  strstr(text, "a reply of 100 octets") != NULL,
	  "no reply of a krb524 server: %d, %s", (int)ret, text);
    krb5_free_error_message(context, text);
    ret = convert(NULL, &creds, silence, &v4);
    check(ret == KRB5_KDC_UNREACH && asked == 2 && is_zero(&v4),
	  "no answer: asked %lu times, the second time on a stream (%d)",
	  (unsigned long)asked, (int)ret);
    ret = convert(NULL, &creds, late, &v4);
    check(ret == 0 && asked == 1, "and who has answered is not asked again");

    memset(large, 'x', sizeof(large) - 1);
    creds.ticket.data = large;
    creds.ticket.length = sizeof(large);
    ret = convert(NULL, &creds, silence, &v4);
    check(ret == KRB5_KDC_UNREACH && asked == 1,
	  "a ticket that needs a stream is sent on one only: %lu (%d)",
	  (unsigned long)asked, (int)ret);
    free_creds(&creds);
}

/*
 * A server that wants a DES key gets one, if the cache has it.
 *
 * REQ: RK-36
 */
static void
test_ccache(void)
{
    static const enum answer badkey[] = { BADKEY, GOOD, SILENCE };
    static const enum answer twice[] = { BADKEY, BADKEY, GOOD, SILENCE };
    struct credentials v4;
    krb5_creds aes, des;
    krb5_ccache ccache;
    krb5_error_code ret;

    make_creds(&aes, USER, AFS, ETYPE_AES256_CTS_HMAC_SHA1_96, 32, TICKET);
    make_creds(&des, USER, AFS, ETYPE_DES_CBC_CRC, 8, DES_TICKET);
    if (krb5_cc_new_unique(context, "MEMORY", NULL, &ccache) ||
	krb5_cc_initialize(context, ccache, aes.client))
	exit(1);
    ret = convert(ccache, &aes, good, &v4);
    check(ret == 0 && asked == 1 && strcmp(last, TICKET) == 0,
	  "a server that knows the key's type");
    ret = convert(ccache, &aes, badkey, &v4);
    check(ret == KRB524_BADKEY && asked == 1 && is_zero(&v4),
	  "no ticket with a DES key: %d", (int)ret);

    des.times.starttime = des.times.authtime = time(NULL) - 10;
    des.times.endtime = time(NULL) + 3600;
    if (krb5_cc_store_cred(context, ccache, &des))
	exit(1);
    ret = convert(ccache, &aes, badkey, &v4);
    check(ret == 0 && asked == 2 && strcmp(last, DES_TICKET) == 0 &&
	  memcmp(v4.session, des.session.keyvalue.data, 8) == 0,
	  "the one with a DES key: %d, %s", (int)ret, last);
    ret = convert(ccache, &aes, twice, &v4);
    check(ret == KRB524_BADKEY && asked == 2 && is_zero(&v4),
	  "refused twice: asked %lu times (%d)", (unsigned long)asked,
	  (int)ret);
    ret = convert(ccache, &aes, policy, &v4);
    check(ret == KRB5KDC_ERR_POLICY && asked == 1 && is_zero(&v4),
	  "refused for another reason: asked %lu times (%d)",
	  (unsigned long)asked, (int)ret);
    ret = convert(ccache, &des, badkey, &v4);
    check(ret == KRB524_BADKEY && asked == 1 && is_zero(&v4),
	  "a DES key that is refused: asked %lu times (%d)",
	  (unsigned long)asked, (int)ret);
    krb5_cc_destroy(context, ccache);
    free_creds(&aes);
    free_creds(&des);
}

int
main(int argc, char **argv)
{
    FILE *f = fopen(CONF, "w");

    if (f == NULL ||
	fprintf(f, "[libdefaults]\n\tdefault_realm = " REALM "\n"
		"\tallow_weak_crypto = yes\n\tdns_lookup_kdc = no\n"
		"\tdns_lookup_realm = no\n") < 0 || fclose(f) != 0)
	return 1;
    setenv("KRB5_CONFIG", CONF, 1);
    if (krb5_init_context(&context) ||
	krb5_plugin_register(context, PLUGIN_TYPE_DATA,
			     KRB5_PLUGIN_SEND_TO_KDC, &server))
	return 1;
    test_good();
    test_lifetimes();
    test_not_sent();
    test_refused();
    test_ccache();
    krb5_free_context(context);
    unlink(CONF);
    return check_done();
}
