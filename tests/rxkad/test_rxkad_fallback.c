/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Kerberos 4 tickets at a server: when it takes a token for one, and when it
 * does not.  A spy sees which keys are asked for, in which order.
 */

#define HC_DEPRECATED_CRYPTO
#include "rxkad_ticket.h"
#include "sec_test.h"
#include "crypto-headers.h"

static krb5_context context;
static rxkad_2b_server *server;
static unsigned char des_key[8] =
    { 0x13, 0x34, 0x57, 0x79, 0x9b, 0xbc, 0xdf, 0xf1 };

static struct {
    int32_t kvno;
    int etype;
} asked[8];
static size_t n_asked;
static int32_t krb4_kvno;		/* the version of the DES key */

/*
 * Has an aes256 key of version 3 and the DES key of one version.
 */

static krb5_error_code
spy(krb5_context ctx, void *data, const int32_t *kvno, krb5_enctype etype,
    krb5_keyblock *key)
{
    if (n_asked < N_ELEMENTS(asked)) {
	asked[n_asked].kvno = kvno ? *kvno : -1;
	asked[n_asked].etype = etype;
	n_asked++;
    }
    if (etype == 18 && kvno != NULL && *kvno == 3) {
	make_key(key, ctx, 18, 0);
	return 0;
    }
    if (etype == 1 && kvno != NULL && *kvno == krb4_kvno)
	return krb5_keyblock_init(ctx, 1, des_key, 8, key);
    return KRB5_KT_NOTFOUND;
}

/* A Kerberos 4 ticket of a name that began at `start'. */
static void
make_krb4(struct buf *t, const char *name, uint32_t start)
{
    DES_key_schedule schedule;
    DES_cblock block;
    unsigned char time[4];
    size_t i;

    for (i = 0; i < 4; i++)
	time[i] = start >> (24 - 8 * i);
    t->p = NULL;
    t->n = 0;
    buf_add(t, "", 1);
    buf_add(t, name, strlen(name) + 1);
    buf_add(t, "inst", 5);
    buf_add(t, "EXT.TEST", 9);
    buf_add(t, "\x0a\x00\x00\x07", 4);
    buf_add(t, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
    buf_add(t, "\x0c", 1);
    buf_add(t, time, 4);
    buf_add(t, "afs", 4);
    buf_add(t, "", 1);
    while (t->n % 8 != 0)
	buf_add(t, "", 1);
    memcpy(block, des_key, 8);
    DES_set_key_unchecked(&block, &schedule);
    DES_pcbc_encrypt(t->p, t->p, t->n, &schedule, &block, DES_ENCRYPT);
}

static void
make_2b(struct buf *t, int32_t number, int64_t kvno, int seed, time_t end)
{
    EncTicketPart part;
    krb5_keyblock key;

    t->p = NULL;
    t->n = 0;
    make_key(&key, context, 18, seed);
    make_part(&part, context, 18);
    part.endtime = end;
    seal(t, context, number, &key, &kvno, &part);
    free_EncTicketPart(&part);
    krb5_free_keyblock_contents(context, &key);
}

/*
 * Expects a verdict and the keys that were asked for: "3/18 213/1".
 */

static void
expect(const char *what, int32_t number, struct buf *t, rxkad_2b_type type,
       rxkad_2b_reason reason, krb5_error_code code, const char *keys)
{
    rxkad_2b_result *r;
    krb5_error_code ret;
    char got[200] = "", one[40];
    size_t i;

    n_asked = 0;
    ret = rxkad_2b_server_check(context, server, number, t->p, t->n, NOW,
				NULL, &r);
    for (i = 0; i < n_asked; i++) {
	snprintf(one, sizeof(one), "%s%d/%d", i ? " " : "",
		 (int)asked[i].kvno, asked[i].etype);
	strlcat(got, one, sizeof(got));
    }
    check(ret == code && r->reason == reason && r->type == type
	  && strcmp(got, keys) == 0, "%d %s: %d, %s, type %d, keys \"%s\"",
	  (int)number, what, (int)ret, rxkad_2b_reason_string(r->reason),
	  (int)r->type, got);
    rxkad_2b_result_free(r);
    buf_free(t);
}

/*
 * REQ: RK-12, RK-13, RK-14: a 2b token is 2b, whatever becomes of it.
 */

static void
test_2b_first(void)
{
    struct buf t;

    rxkad_2b_server_set_flags(server, RXKAD_2B_ALLOW_KRB4);
    krb4_kvno = 213;
    make_2b(&t, 213, 3, 0, NOW + 100);
    expect("2b", 213, &t, RXKAD_2B_TYPE_ENC_PART, RXKAD_2B_OK, 0, "3/18");
    make_2b(&t, 213, 3, 1, NOW + 100);
    expect("2b, another key", 213, &t, RXKAD_2B_TYPE_ENC_PART,
	   RXKAD_2B_DECRYPT, RXKAD_2B_ERR_BADTICKET, "3/18");
    make_2b(&t, 213, 4, 0, NOW + 100);
    expect("2b, no key", 213, &t, RXKAD_2B_TYPE_ENC_PART, RXKAD_2B_NO_KEY,
	   RXKAD_2B_ERR_UNKNOWNKEY, "4/18");
    make_2b(&t, 213, 3, 0, NOW - 100);
    expect("2b, expired", 213, &t, RXKAD_2B_TYPE_ENC_PART, RXKAD_2B_EXPIRED,
	   RXKAD_2B_ERR_EXPIRED, "3/18");
    make_2b(&t, 256, 3, 0, NOW + 100);
    expect("a Ticket", 256, &t, RXKAD_2B_TYPE_TICKET, RXKAD_2B_OK, 0,
	   "3/18");
}

/*
 * REQ: RK-09, RK-10, RK-13: Kerberos 4 tickets, off and on.
 */

static void
test_krb4(void)
{
    struct buf t;

    krb4_kvno = 213;
    rxkad_2b_server_set_flags(server, 0);
    make_krb4(&t, "user", NOW - 100);
    expect("krb4 off", 213, &t, RXKAD_2B_TYPE_NONE, RXKAD_2B_NOT_DER,
	   ASN1_BAD_ID, "");
    make_krb4(&t, "user", NOW - 100);
    expect("krb4 off", 5, &t, RXKAD_2B_TYPE_NONE, RXKAD_2B_UNKNOWN_KVNO,
	   RXKAD_2B_ERR_UNKNOWNKEY, "");

    rxkad_2b_server_set_flags(server, RXKAD_2B_ALLOW_KRB4);
    make_krb4(&t, "user", NOW - 100);
    expect("krb4 on", 213, &t, RXKAD_2B_TYPE_KRB4, RXKAD_2B_OK, 0, "213/1");
    make_krb4(&t, "user", NOW - 100);
    expect("krb4 on, no key", 5, &t, RXKAD_2B_TYPE_NONE, RXKAD_2B_NO_KEY,
	   RXKAD_2B_ERR_UNKNOWNKEY, "5/1");
    krb4_kvno = 5;
    make_krb4(&t, "user", NOW - 100);
    expect("krb4 on", 5, &t, RXKAD_2B_TYPE_KRB4, RXKAD_2B_OK, 0, "5/1");
    make_krb4(&t, "user", NOW - 100);
    expect("krb4 on, no key", 213, &t, RXKAD_2B_TYPE_NONE, RXKAD_2B_NOT_DER,
	   ASN1_BAD_ID, "213/1");

    /* the first and the last; 256 is none, nor what is above or below */
    krb4_kvno = 0;
    make_krb4(&t, "user", NOW - 100);
    expect("krb4", 0, &t, RXKAD_2B_TYPE_KRB4, RXKAD_2B_OK, 0, "0/1");
    krb4_kvno = 255;
    make_krb4(&t, "user", NOW - 100);
    expect("krb4", 255, &t, RXKAD_2B_TYPE_KRB4, RXKAD_2B_OK, 0, "255/1");
    krb4_kvno = 256;
    make_krb4(&t, "user", NOW - 100);
    expect("krb4", 256, &t, RXKAD_2B_TYPE_NONE, RXKAD_2B_NOT_DER,
	   ASN1_BAD_ID, "");
    krb4_kvno = 257;
    make_krb4(&t, "user", NOW - 100);
    expect("krb4", 257, &t, RXKAD_2B_TYPE_NONE, RXKAD_2B_NO_KEY,
	   RXKAD_2B_ERR_UNKNOWNKEY, "");
    krb4_kvno = -1;
    make_krb4(&t, "user", NOW - 100);
    expect("krb4", -1, &t, RXKAD_2B_TYPE_NONE, RXKAD_2B_NO_KEY,
	   RXKAD_2B_ERR_UNKNOWNKEY, "");
}

/*
 * A 2b token that lost its DER is garbage to Kerberos 4 too.
 */

static void
test_damaged_2b(void)
{
    struct buf t;

    krb4_kvno = 213;
    make_2b(&t, 213, 3, 0, NOW + 100);
    t.p[0] = 0x31;
    t.n -= t.n % 8;
    expect("2b with another tag", 213, &t, RXKAD_2B_TYPE_KRB4,
	   RXKAD_2B_BAD_CONTENT, RXKAD_2B_ERR_BADTICKET, "213/1");
    make_2b(&t, 213, 3, 0, NOW + 100);
    buf_add(&t, "\0\0\0\0\0\0\0\0", 8 - t.n % 8);
    expect("2b with octets behind it", 213, &t, RXKAD_2B_TYPE_KRB4,
	   RXKAD_2B_BAD_CONTENT, RXKAD_2B_ERR_BADTICKET, "213/1");
}

/*
 * What is refused of a Kerberos 4 ticket.
 */

static void
test_krb4_refused(void)
{
    struct buf t;

    krb4_kvno = 5;
    rxkad_2b_server_set_flags(server, RXKAD_2B_ALLOW_KRB4);
    make_krb4(&t, "user", NOW - 3600 - 15 * 60);
    expect("ended 15 minutes ago", 5, &t, RXKAD_2B_TYPE_KRB4, RXKAD_2B_OK, 0,
	   "5/1");
    make_krb4(&t, "user", NOW - 3600 - 15 * 60 - 1);
    expect("a second more", 5, &t, RXKAD_2B_TYPE_KRB4, RXKAD_2B_EXPIRED,
	   RXKAD_2B_ERR_EXPIRED, "5/1");
    make_krb4(&t, "user", NOW + 16 * 60);
    expect("begins in 16 minutes", 5, &t, RXKAD_2B_TYPE_KRB4,
	   RXKAD_2B_NOT_YET_VALID, RXKAD_2B_ERR_NOAUTH, "5/1");
    make_krb4(&t, "foo.root", NOW);
    expect("a dot", 5, &t, RXKAD_2B_TYPE_KRB4, RXKAD_2B_NAME_DOT,
	   RXKAD_2B_ERR_BADTICKET, "5/1");
    make_krb4(&t, "user", NOW);
    t.n--;
    expect("no multiple of 8", 5, &t, RXKAD_2B_TYPE_KRB4,
	   RXKAD_2B_BAD_CONTENT, RXKAD_2B_ERR_BADTICKET, "5/1");
    make_krb4(&t, "user", NOW);
    t.p[0] ^= 1;
    expect("the first octet changed", 5, &t, RXKAD_2B_TYPE_KRB4,
	   RXKAD_2B_BAD_CONTENT, RXKAD_2B_ERR_BADTICKET, "5/1");
    make_krb4(&t, "user", NOW);
    expect("a good one", 5, &t, RXKAD_2B_TYPE_KRB4, RXKAD_2B_OK, 0, "5/1");
}

static void
test_krb4_members(void)
{
    struct buf t;
    rxkad_2b_result *r;

    krb4_kvno = 5;
    rxkad_2b_server_set_flags(server, RXKAD_2B_ALLOW_KRB4);
    make_krb4(&t, "user", NOW - 100);
    (void)rxkad_2b_server_check(context, server, 5, t.p, t.n, NOW, NULL, &r);
    check(strcmp(r->name, "user") == 0 && strcmp(r->instance, "inst") == 0
	  && strcmp(r->cell, "EXT.TEST") == 0 && r->host == 0x0a000007
	  && r->start == NOW - 100 && r->end == NOW - 100 + 3600
	  && memcmp(r->session_key, "\x11\x22\x33\x44\x55\x66\x77\x88", 8)
	  == 0 && r->session_etype == 1 && r->service_kvno == 5
	  && r->service_etype == 1 && r->warnings == RXKAD_2B_WARN_DES,
	  "the members of a Kerberos 4 ticket");
    rxkad_2b_result_free(r);
    buf_free(&t);
}

int
main(void)
{
    if (krb5_init_context(&context) != 0
	|| rxkad_2b_server_alloc(context, spy, NULL, &server) != 0)
	return 1;
    test_2b_first();
    test_krb4();
    test_damaged_2b();
    test_krb4_refused();
    test_krb4_members();
    rxkad_2b_server_free(server);
    krb5_free_context(context);
    return check_done();
}
