/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Verdicts of a server: each reason there is to refuse a token, with the
 * code that OpenAFS has for it, and that a good token is good.
 */

#include "rxkad_ticket.h"
#include "sec_test.h"

static krb5_context context;
static krb5_keyblock service_key;	/* aes256, version 3 */
static rxkad_2b_keys *keys;
static rxkad_2b_server *server;

/* A change of a good ticket. */
typedef void (*change)(EncTicketPart *);

static void invalid(EncTicketPart *t) { t->flags.invalid = 1; }
static void expired(EncTicketPart *t) { t->endtime = NOW - 1; }
static void ends_now(EncTicketPart *t) { t->endtime = NOW; }
static void future(EncTicketPart *t)
{
    set_starttime(t, NOW + 16 * 60);
}
static void near_future(EncTicketPart *t)
{
    set_starttime(t, NOW + 14 * 60);
}
static void far_future(EncTicketPart *t)
{
    set_starttime(t, NOW + 31 * 86400);
    t->endtime = NOW + 32 * 86400;
}
static void no_life(EncTicketPart *t) { set_starttime(t, t->endtime); }
static void month(EncTicketPart *t)
{
    t->authtime = NOW;
    t->endtime = NOW + 30 * 86400;
}
static void over_month(EncTicketPart *t)
{
    t->authtime = NOW;
    t->endtime = NOW + 30 * 86400 + 1;
}
static void three(EncTicketPart *t) { set_name(t, "a", "b", "c"); }
static void none(EncTicketPart *t) { set_name(t, NULL, NULL, NULL); }
static void dotted(EncTicketPart *t) { set_name(t, "foo.root", NULL, NULL); }
static void two(EncTicketPart *t) { set_name(t, "foo", "root", NULL); }
static void host(EncTicketPart *t) { set_name(t, "host", "nodot", NULL); }
static void kadmin(EncTicketPart *t) { set_name(t, "kadmin", "admin", NULL); }
static void long_name(EncTicketPart *t)
{
    set_name(t, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
	     "abcdefghijkl", NULL, NULL);
}
static void empty_name(EncTicketPart *t) { set_name(t, "", NULL, NULL); }
static void at_name(EncTicketPart *t) { set_name(t, "a@B", NULL, NULL); }
static void foreign(EncTicketPart *t) { set_realm(t, "Other.Realm"); }
static void passed(EncTicketPart *t)
{
    set_realm(t, "OTHER.REALM");
    set_transited(t, "EVIL.EXAMPLE");
}
static void passed_checked(EncTicketPart *t)
{
    passed(t);
    t->flags.transited_policy_checked = 1;
}
static void passed_known(EncTicketPart *t)
{
    set_realm(t, "A.CAPATH");
    set_transited(t, "B.CAPATH");
}
static void passed_type(EncTicketPart *t)
{
    passed_known(t);
    t->transited.tr_type = 77;
}
static void passed_type_none(EncTicketPart *t) { t->transited.tr_type = 0; }
static void critical(EncTicketPart *t) { add_authdata(t, 77); }
static void relevant(EncTicketPart *t)
{
    add_authdata(t, KRB5_AUTHDATA_IF_RELEVANT);
}
static void behind_relevant(EncTicketPart *t)
{
    relevant(t);
    critical(t);
}
static void addresses(EncTicketPart *t)
{
    add_address(t, "\x0a\x00\x00\x01");
    add_address(t, "\x0a\x00\x00\x02");
}
static void empty_addresses(EncTicketPart *t)
{
    addresses(t);
    while (t->caddr->len > 0)
	free_HostAddress(&t->caddr->val[--t->caddr->len]);
}
static void critical_and_addresses(EncTicketPart *t)
{
    critical(t);
    addresses(t);
}
static void spaces(EncTicketPart *t) { set_name(t, "a b", NULL, NULL); }
static void control(EncTicketPart *t) { set_name(t, "a\x1f", NULL, NULL); }
static void pkinit_key(EncTicketPart *t) { t->key.keytype = 9; }
static void private_key(EncTicketPart *t) { t->key.keytype = -128; }
static void short_key(EncTicketPart *t) { t->key.keyvalue.length = 6; }
static void invalid_and_dotted(EncTicketPart *t) { invalid(t); dotted(t); }
static void invalid_and_expired(EncTicketPart *t) { invalid(t); expired(t); }

static const struct row {
    const char *what;
    change change;
    unsigned int flags;
    rxkad_2b_reason reason;
    krb5_error_code code;
} rows[] = {
    { "a good ticket", NULL, 0, RXKAD_2B_OK, 0 },

    /* REQ: RK-16 */
    { "INVALID", invalid, 0, RXKAD_2B_INVALID, RXKAD_2B_ERR_NOAUTH },

    /* REQ: RK-17 */
    { "expired for a second", expired, 0, RXKAD_2B_EXPIRED,
      RXKAD_2B_ERR_EXPIRED },
    { "ends now", ends_now, 0, RXKAD_2B_OK, 0 },
    { "begins in 14 minutes", near_future, 0, RXKAD_2B_OK, 0 },
    { "begins in 16 minutes", future, 0, RXKAD_2B_NOT_YET_VALID,
      RXKAD_2B_ERR_NOAUTH },
    { "begins in 31 days", far_future, 0, RXKAD_2B_BAD_TIMES,
      RXKAD_2B_ERR_BADTICKET },
    { "ends as it begins", no_life, 0, RXKAD_2B_BAD_TIMES,
      RXKAD_2B_ERR_BADTICKET },
    { "30 days", month, 0, RXKAD_2B_OK, 0 },
    { "30 days and a second", over_month, 0, RXKAD_2B_BAD_TIMES,
      RXKAD_2B_ERR_BADTICKET },

    /* REQ: RK-18, RK-19, RK-20 */
    { "foo/root", two, 0, RXKAD_2B_OK, 0 },
    { "three components", three, 0, RXKAD_2B_NAME_COMPONENTS,
      RXKAD_2B_ERR_BADTICKET },
    { "no component", none, 0, RXKAD_2B_NAME_COMPONENTS,
      RXKAD_2B_ERR_BADTICKET },
    { "foo.root", dotted, 0, RXKAD_2B_NAME_DOT, RXKAD_2B_ERR_BADTICKET },
    { "foo.root allowed", dotted, RXKAD_2B_ALLOW_DOTTED, RXKAD_2B_OK, 0 },
    { "host/ without a dot", host, 0, RXKAD_2B_NAME_HOST,
      RXKAD_2B_ERR_BADTICKET },
    { "kadmin/admin", kadmin, 0, RXKAD_2B_NAME_INSTANCE,
      RXKAD_2B_ERR_BADTICKET },
    { "kadmin/admin like OpenAFS", kadmin, RXKAD_2B_OPENAFS_NAMES,
      RXKAD_2B_OK, 0 },
    { "a name of 64 octets", long_name, 0, RXKAD_2B_NAME_LONG,
      RXKAD_2B_ERR_BADTICKET },
    { "an empty name", empty_name, 0, RXKAD_2B_NAME_EMPTY,
      RXKAD_2B_ERR_BADTICKET },
    { "a name with a space", spaces, 0, RXKAD_2B_OK, 0 },
    { "a name with a control character", control, 0,
      RXKAD_2B_NAME_CHARACTER, RXKAD_2B_ERR_BADTICKET },
    { "a name with an @", at_name, 0, RXKAD_2B_NAME_CHARACTER,
      RXKAD_2B_ERR_BADTICKET },

    /* REQ: RK-21, RK-24 */
    { "a foreign realm", foreign, 0, RXKAD_2B_OK, 0 },
    { "realms passed", passed, 0, RXKAD_2B_TRANSITED, RXKAD_2B_ERR_NOAUTH },
    { "the KDC checked them", passed_checked, 0, RXKAD_2B_OK, 0 },
    { "they are in capaths", passed_known, 0, RXKAD_2B_OK, 0 },
    { "of an unknown type", passed_type, 0, RXKAD_2B_TRANSITED,
      RXKAD_2B_ERR_NOAUTH },
    { "of no type, and none", passed_type_none, 0, RXKAD_2B_OK, 0 },
    { "any are allowed", passed, RXKAD_2B_ANY_TRANSITED, RXKAD_2B_OK, 0 },

    /* REQ: RK-22 */
    { "addresses", addresses, 0, RXKAD_2B_OK, 0 },
    { "addresses, no peer", addresses, RXKAD_2B_CHECK_ADDRESSES,
      RXKAD_2B_ADDRESS, RXKAD_2B_ERR_NOAUTH },
    { "no addresses", NULL, RXKAD_2B_CHECK_ADDRESSES, RXKAD_2B_OK, 0 },
    { "a list of none", empty_addresses, RXKAD_2B_CHECK_ADDRESSES,
      RXKAD_2B_OK, 0 },

    /* REQ: RK-23 */
    { "critical authorization data", critical, 0, RXKAD_2B_OK, 0 },
    { "refused if strict", critical, RXKAD_2B_STRICT_AUTHDATA,
      RXKAD_2B_AUTHDATA, RXKAD_2B_ERR_NOAUTH },
    { "none if strict", NULL, RXKAD_2B_STRICT_AUTHDATA, RXKAD_2B_OK, 0 },
    { "critical, and addresses", critical_and_addresses,
      RXKAD_2B_STRICT_AUTHDATA | RXKAD_2B_CHECK_ADDRESSES,
      RXKAD_2B_AUTHDATA, RXKAD_2B_ERR_NOAUTH },
    { "IF-RELEVANT", relevant, RXKAD_2B_STRICT_AUTHDATA, RXKAD_2B_OK, 0 },
    { "critical behind IF-RELEVANT", behind_relevant,
      RXKAD_2B_STRICT_AUTHDATA, RXKAD_2B_AUTHDATA, RXKAD_2B_ERR_NOAUTH },

    { "a session key of PKINIT", pkinit_key, 0, RXKAD_2B_SESSION_ENCTYPE,
      RXKAD_2B_ERR_BADTICKET },
    { "a private session key", private_key, 0, RXKAD_2B_SESSION_ENCTYPE,
      RXKAD_2B_ERR_BADTICKET },
    { "a short session key", short_key, 0, RXKAD_2B_SESSION_ENCTYPE,
      RXKAD_2B_ERR_BADTICKET },

    /* two faults: OpenAFS's order */
    { "INVALID, and a dot", invalid_and_dotted, 0, RXKAD_2B_NAME_DOT,
      RXKAD_2B_ERR_BADTICKET },
    { "INVALID, and expired", invalid_and_expired, 0, RXKAD_2B_INVALID,
      RXKAD_2B_ERR_NOAUTH }
};

/*
 * A refusal says nothing of whom the ticket is, and has no key.
 */

static int
tells_nothing(const rxkad_2b_result *r)
{
    static const unsigned char zero[RXKAD_2B_NAME_LENGTH];

    return memcmp(r->name, zero, sizeof(r->name)) == 0
	&& memcmp(r->instance, zero, sizeof(r->instance)) == 0
	&& memcmp(r->cell, zero, sizeof(r->cell)) == 0
	&& memcmp(r->session_key, zero, sizeof(r->session_key)) == 0
	&& r->session_etype == 0 && r->host == 0 && r->start == 0
	&& r->end == 0;
}

/* Expects a verdict; the result if `keep' is not NULL. */
static void
expect(const char *what, int32_t number, const void *p, size_t n,
       rxkad_2b_reason reason, krb5_error_code code, rxkad_2b_result **keep)
{
    rxkad_2b_result *r;
    krb5_error_code ret;

    ret = rxkad_2b_server_check(context, server, number, p, n, NOW, NULL, &r);
    check(r != NULL && ret == code && r->code == code && r->reason == reason
	  && (code == 0 || tells_nothing(r)),
	  "%d %s: %d, %s", (int)number, what, (int)ret,
	  r ? rxkad_2b_reason_string(r->reason) : "no result");
    if (keep != NULL)
	*keep = r;
    else
	rxkad_2b_result_free(r);
}

/* A token of a ticket that was changed. */
static void
make_token(struct buf *token, int32_t number, change c, int session)
{
    EncTicketPart part;
    int64_t kvno = 3;
    size_t length;

    token->p = NULL;
    token->n = 0;
    make_part(&part, context, session);
    length = part.key.keyvalue.length;
    if (c != NULL)
	c(&part);
    seal(token, context, number, &service_key, &kvno, &part);
    part.key.keyvalue.length = length;
    free_EncTicketPart(&part);
}

static void
test_row(const struct row *row, int32_t number)
{
    struct buf token;

    make_token(&token, number, row->change, 18);
    rxkad_2b_server_set_flags(server, row->flags);
    expect(row->what, number, token.p, token.n, row->reason, row->code,
	   NULL);
    rxkad_2b_server_set_flags(server, 0);
    buf_free(&token);
}

/* A good token is still good. */
static void
test_good_again(void)
{
    test_row(&rows[0], RXKAD_2B_KVNO);
    test_row(&rows[0], RXKAD_2B_KVNO_TICKET);
}

/*
 * REQ: RK-09, RK-11, RK-18, RK-21, RK-22: all that is said of a good one.
 */

static void
test_members(int32_t number)
{
    EncTicketPart part;
    struct buf token = { NULL, 0 };
    rxkad_2b_result *r;
    unsigned char des[8];
    int64_t kvno = 3;

    make_part(&part, context, 18);
    set_name(&part, "foo", "root", NULL);
    set_realm(&part, "Other.Realm");
    set_starttime(&part, NOW - 60);
    add_address(&part, "\x0a\x00\x00\x01");
    seal(&token, context, number, &service_key, &kvno, &part);
    expect("all members", number, token.p, token.n, RXKAD_2B_OK, 0, &r);
    (void)rxkad_2b_derive_key(18, part.key.keyvalue.data,
			      part.key.keyvalue.length, des);
    check(r->type == (number == RXKAD_2B_KVNO ? RXKAD_2B_TYPE_ENC_PART
		      : RXKAD_2B_TYPE_TICKET)
	  && r->service_etype == 18 && r->service_kvno == 3
	  && r->warnings == 0, "%d: what it is", (int)number);
    check(strcmp(r->name, "foo") == 0 && strcmp(r->instance, "root") == 0
	  && strcmp(r->cell, "Other.Realm") == 0, "%d: whose it is",
	  (int)number);
    check(memcmp(r->session_key, des, 8) == 0 && r->session_etype == 18,
	  "%d: the key", (int)number);
    check(r->start == NOW - 60 && r->end == NOW + 36000 && r->host == 0,
	  "%d: the times, and no address", (int)number);
    rxkad_2b_result_free(r);
    free_EncTicketPart(&part);
    buf_free(&token);
}

/*
 * REQ: RK-22: the peer's address.
 */

static void
test_addresses(void)
{
    krb5_address peer;
    rxkad_2b_result *r;
    struct buf token;
    krb5_error_code ret;

    make_token(&token, RXKAD_2B_KVNO, addresses, 18);
    rxkad_2b_server_set_flags(server, RXKAD_2B_CHECK_ADDRESSES);
    peer.addr_type = KRB5_ADDRESS_INET;
    peer.address.length = 4;
    peer.address.data = rk_UNCONST("\x0a\x00\x00\x02");
    ret = rxkad_2b_server_check(context, server, RXKAD_2B_KVNO, token.p,
				token.n, NOW, &peer, &r);
    check(ret == 0 && r->reason == RXKAD_2B_OK, "the peer has an address");
    rxkad_2b_result_free(r);
    peer.address.data = rk_UNCONST("\x0a\x00\x00\x03");
    ret = rxkad_2b_server_check(context, server, RXKAD_2B_KVNO, token.p,
				token.n, NOW, &peer, &r);
    check(ret == RXKAD_2B_ERR_NOAUTH && r->reason == RXKAD_2B_ADDRESS,
	  "the peer has another");
    rxkad_2b_result_free(r);
    rxkad_2b_server_set_flags(server, 0);
    buf_free(&token);
}

/*
 * REQ: RK-15: lengths, cut at every length, and every octet changed.
 */

static void
test_octets(int32_t number)
{
    struct buf token, other;
    rxkad_2b_result *r;
    krb5_error_code ret;
    size_t i, bad = 0;

    make_token(&token, number, NULL, 18);
    expect("no octets", number, token.p, 0, RXKAD_2B_BAD_LENGTH,
	   RXKAD_2B_ERR_TICKETLEN, NULL);
    expect("31 octets", number, token.p, 31, RXKAD_2B_BAD_LENGTH,
	   RXKAD_2B_ERR_TICKETLEN, NULL);
    expect("32 octets", number, token.p, 32, RXKAD_2B_NOT_DER, ASN1_OVERRUN,
	   NULL);
    for (i = 0; i < token.n; i++) {
	ret = rxkad_2b_server_check(context, server, number, token.p, i, NOW,
				    NULL, &r);
	if (ret != (i < 32 ? RXKAD_2B_ERR_TICKETLEN : ASN1_OVERRUN)
	    || !tells_nothing(r))
	    bad++;
	rxkad_2b_result_free(r);
    }
    check(bad == 0, "%d: cut at each of %lu octets", (int)number,
	  (unsigned long)token.n);

    for (i = 0; i < token.n; i++) {
	token.p[i] ^= 0x01;
	ret = rxkad_2b_server_check(context, server, number, token.p, token.n,
				    NOW, NULL, &r);
	/* the names in a Ticket are not protected, and not looked at */
	if (ret == 0 && number == RXKAD_2B_KVNO)
	    bad++;
	rxkad_2b_result_free(r);
	token.p[i] ^= 0x01;
    }
    check(bad == 0, "%d: each octet changed", (int)number);

    other = token;
    buf_add(&other, "", 1);
    expect("an octet behind it", number, other.p, other.n,
	   RXKAD_2B_TRAILING_OCTETS, ASN1_EXTRA_DATA, NULL);
    other.p[other.n - 2] ^= 0x80;
    expect("the last octet of the cipher", number, other.p, other.n - 1,
	   RXKAD_2B_DECRYPT, RXKAD_2B_ERR_BADTICKET, NULL);
    buf_free(&other);
}

/*
 * REQ: RK-02, RK-11, RK-14: the number.
 */

static void
test_numbers(void)
{
    static const int32_t others[] = { 0, 1, 3, 5, 212, 255, 257, -1 };
    struct buf e, t, v4 = { NULL, 0 };
    size_t i;

    make_token(&e, RXKAD_2B_KVNO, NULL, 18);
    make_token(&t, RXKAD_2B_KVNO_TICKET, NULL, 18);
    expect("a whole Ticket", RXKAD_2B_KVNO, t.p, t.n, RXKAD_2B_NOT_DER,
	   ASN1_BAD_ID, NULL);
    expect("an EncryptedData", RXKAD_2B_KVNO_TICKET, e.p, e.n,
	   RXKAD_2B_NOT_DER, ASN1_BAD_ID, NULL);
    add_ticket(&v4, 4, &e);
    expect("a Ticket of version 4", RXKAD_2B_KVNO_TICKET, v4.p, v4.n,
	   RXKAD_2B_BAD_VERSION, RXKAD_2B_ERR_BADTICKET, NULL);
    buf_free(&v4);
    for (i = 0; i < N_ELEMENTS(others); i++)
	expect("no such number", others[i], e.p, e.n, RXKAD_2B_UNKNOWN_KVNO,
	       RXKAD_2B_ERR_UNKNOWNKEY, NULL);
    buf_free(&e);
    buf_free(&t);
}

/*
 * REQ: RK-03: which key.
 */

static void
test_kvno(void)
{
    static const struct {
	int64_t kvno;			/* of the token */
	int said;
	unsigned int flags;
	rxkad_2b_reason reason;
    } tokens[] = {
	{ 3, 1, 0, RXKAD_2B_OK },
	{ 4, 1, 0, RXKAD_2B_NO_KEY },
	{ 300, 1, 0, RXKAD_2B_OK },
	{ -5, 1, 0, RXKAD_2B_OK },
	{ (int64_t)UINT32_MAX - 4, 1, 0, RXKAD_2B_OK },
	{ 0, 1, 0, RXKAD_2B_NO_KEY },
	{ 0, 1, RXKAD_2B_NEWEST_KEY, RXKAD_2B_NO_KEY },
	{ 0, 0, 0, RXKAD_2B_NO_KEY },
	{ 0, 0, RXKAD_2B_NEWEST_KEY, RXKAD_2B_OK }
    };
    krb5_keyblock key;
    EncTicketPart part;
    struct buf token = { NULL, 0 };
    size_t i;

    /* versions 3, 300 and -5 are different keys; 300 is the newest */
    for (i = 0; i < N_ELEMENTS(tokens); i++) {
	int32_t which = tokens[i].said ? (int32_t)tokens[i].kvno : 300;

	make_key(&key, context, 18, which == 300 ? 1 : which == -5 ? 2 : 0);
	make_part(&part, context, 18);
	seal(&token, context, RXKAD_2B_KVNO, &key,
	     tokens[i].said ? &tokens[i].kvno : NULL, &part);
	rxkad_2b_server_set_flags(server, tokens[i].flags);
	expect(tokens[i].said ? "version said" : "version absent",
	       RXKAD_2B_KVNO, token.p, token.n, tokens[i].reason,
	       tokens[i].reason ? RXKAD_2B_ERR_UNKNOWNKEY : 0, NULL);
	buf_free(&token);
	free_EncTicketPart(&part);
	krb5_free_keyblock_contents(context, &key);
    }
    rxkad_2b_server_set_flags(server, 0);
}

/*
 * REQ: RK-03: a key of version 0 is the one of a token that says none.
 */

static void
test_kvno_zero(void)
{
    struct buf token = { NULL, 0 };
    unsigned char octets[32] = "another key of as many octets..";
    krb5_keyblock other;
    rxkad_2b_server *s;
    rxkad_2b_keys *zero;
    rxkad_2b_result *r;
    EncTicketPart part;
    krb5_error_code ret;

    if (rxkad_2b_keys_alloc(context, &zero) != 0
	|| rxkad_2b_keys_add(context, zero, 0, &service_key) != 0
	|| rxkad_2b_server_alloc(context, rxkad_2b_keys_get, zero, &s) != 0)
	abort();
    make_part(&part, context, 18);
    seal(&token, context, RXKAD_2B_KVNO, &service_key, NULL, &part);
    ret = rxkad_2b_server_check(context, s, RXKAD_2B_KVNO, token.p, token.n,
				NOW, NULL, &r);
    check(ret == 0, "version absent, and a key of version 0");
    rxkad_2b_result_free(r);

    /* the newest is tried in its place, not before it */
    other = service_key;
    other.keyvalue.data = octets;
    if (rxkad_2b_keys_add(context, zero, 5, &other) != 0)
	abort();
    rxkad_2b_server_set_flags(s, RXKAD_2B_NEWEST_KEY);
    ret = rxkad_2b_server_check(context, s, RXKAD_2B_KVNO, token.p, token.n,
				NOW, NULL, &r);
    check(ret == 0, "and a newer one that is another");
    rxkad_2b_result_free(r);
    rxkad_2b_server_free(s);
    rxkad_2b_keys_free(context, zero);
    free_EncTicketPart(&part);
    buf_free(&token);
}

/*
 * REQ: RK-07: enctypes of the service's key.
 */

static void
test_etypes(void)
{
    static const struct {
	int etype, strict, weak;
	rxkad_2b_reason reason;
    } rows_[] = {
	{ 18, 0, 0, RXKAD_2B_OK }, { 17, 0, 0, RXKAD_2B_OK },
	{ 19, 0, 0, RXKAD_2B_OK }, { 20, 0, 0, RXKAD_2B_OK },
	{ 16, 0, 0, RXKAD_2B_OK }, { 23, 0, 0, RXKAD_2B_OK },
	{ 1, 0, 1, RXKAD_2B_OK }, { 2, 0, 1, RXKAD_2B_OK },
	{ 3, 0, 1, RXKAD_2B_OK }, { 1, 0, 0, RXKAD_2B_WEAK_ENCTYPE },
	{ 3, 1, 0, RXKAD_2B_WEAK_ENCTYPE }, { 1, 1, 1, RXKAD_2B_OK },
	{ 18, 1, 0, RXKAD_2B_SERVICE_ENCTYPE },
	{ 16, 1, 0, RXKAD_2B_SERVICE_ENCTYPE }
    };
    krb5_keyblock key;
    EncTicketPart part;
    struct buf token = { NULL, 0 };
    int64_t kvno = 3;
    size_t i;

    for (i = 0; i < N_ELEMENTS(rows_); i++) {
	int etype = rows_[i].etype, des = etype <= 3;

	if (des)
	    krb5_enctype_enable(context, etype);
	krb5_enctype_enable(context, 1);
	make_key(&key, context, etype, 0);
	make_part(&part, context, 1);
	seal(&token, context, RXKAD_2B_KVNO, &key, &kvno, &part);
	krb5_enctype_disable(context, 1);
	if (des && rows_[i].weak)
	    krb5_enctype_enable(context, etype);
	else if (des)
	    krb5_enctype_disable(context, etype);
	rxkad_2b_server_set_profile(server, rows_[i].strict ? RXKAD_2B_STRICT
				    : RXKAD_2B_MODERN);
	expect(rows_[i].strict ? "strict" : "modern", RXKAD_2B_KVNO, token.p,
	       token.n, rows_[i].reason,
	       rows_[i].reason ? RXKAD_2B_ERR_UNKNOWNKEY : 0, NULL);
	if (des)
	    krb5_enctype_disable(context, etype);
	buf_free(&token);
	free_EncTicketPart(&part);
	krb5_free_keyblock_contents(context, &key);
    }
    rxkad_2b_server_set_profile(server, RXKAD_2B_MODERN);

    add_enc_part(&token, 0, &kvno, "no encryption at all, in the clear",
		 34);
    expect("no encryption", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_SERVICE_ENCTYPE, RXKAD_2B_ERR_UNKNOWNKEY, NULL);
    buf_free(&token);
    add_enc_part(&token, 4711, &kvno, "an enctype that nobody knows, yet",
		 33);
    expect("an unknown enctype", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_SERVICE_ENCTYPE, RXKAD_2B_ERR_UNKNOWNKEY, NULL);
    buf_free(&token);
}

/* The right octets, said to be another enctype's. */
static krb5_error_code
other_etype(krb5_context ctx, void *data, const int32_t *kvno,
	    krb5_enctype etype, krb5_keyblock *key)
{
    krb5_error_code ret;

    ret = rxkad_2b_keys_get(ctx, data, kvno, etype, key);
    if (ret == 0)
	key->keytype = ETYPE_AES256_CTS_HMAC_SHA384_192;
    return ret;
}

/*
 * REQ: RK-07: a key is used with its own enctype only.
 */

static void
test_key_of_other_etype(void)
{
    struct buf token;
    rxkad_2b_server *s;
    rxkad_2b_result *r;
    krb5_error_code ret;

    make_token(&token, RXKAD_2B_KVNO, NULL, 18);
    if (rxkad_2b_server_alloc(context, other_etype, keys, &s) != 0)
	abort();
    ret = rxkad_2b_server_check(context, s, RXKAD_2B_KVNO, token.p, token.n,
				NOW, NULL, &r);
    check(ret == RXKAD_2B_ERR_BADTICKET && r->reason == RXKAD_2B_DECRYPT,
	  "a key of another enctype: %d", (int)ret);
    rxkad_2b_result_free(r);
    rxkad_2b_server_free(s);
    buf_free(&token);
}

/*
 * REQ: RK-07: session keys of a strict server, which are DES.
 */

static void
test_strict_session(void)
{
    krb5_keyblock key;
    EncTicketPart part;
    struct buf token = { NULL, 0 };
    int64_t kvno = 3;

    krb5_enctype_enable(context, 1);
    make_key(&key, context, 1, 0);
    make_part(&part, context, 18);
    seal(&token, context, RXKAD_2B_KVNO, &key, &kvno, &part);
    rxkad_2b_server_set_profile(server, RXKAD_2B_STRICT);
    expect("strict, AES session key", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_SESSION_ENCTYPE, RXKAD_2B_ERR_BADTICKET, NULL);
    rxkad_2b_server_set_profile(server, RXKAD_2B_MODERN);
    expect("modern, AES session key", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_OK, 0, NULL);
    krb5_enctype_disable(context, 1);
    krb5_free_keyblock_contents(context, &key);
    free_EncTicketPart(&part);
    buf_free(&token);
}

/* A token of just this length, padded with authorization data. */
static void
make_long(struct buf *token, size_t length)
{
    static unsigned char filler[RXKAD_2B_MAX_LENGTH];
    AuthorizationDataElement e;
    EncTicketPart part;
    int64_t kvno = 3;
    size_t n = length > 300 ? length - 300 : 0;

    token->n = 0;
    while (token->n != length) {
	buf_free(token);
	make_part(&part, context, 18);
	part.authorization_data = calloc(1, sizeof(*part.authorization_data));
	e.ad_type = KRB5_AUTHDATA_IF_RELEVANT;
	e.ad_data.data = filler;
	e.ad_data.length = n++;
	if (part.authorization_data == NULL
	    || add_AuthorizationData(part.authorization_data, &e) != 0)
	    abort();
	seal(token, context, RXKAD_2B_KVNO, &service_key, &kvno, &part);
	free_EncTicketPart(&part);
	if (token->n > length)
	    abort();
    }
}

/*
 * REQ: RK-06, RK-15: the longest tokens.
 */

static void
test_long(void)
{
    struct buf token = { NULL, 0 };
    rxkad_2b_result *r;

    make_long(&token, 12000);
    expect("12000 octets", RXKAD_2B_KVNO, token.p, token.n, RXKAD_2B_OK, 0,
	   &r);
    check(r->warnings == RXKAD_2B_WARN_LONG, "and a warning");
    rxkad_2b_result_free(r);
    make_long(&token, 12001);
    expect("12001 octets", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_BAD_LENGTH, RXKAD_2B_ERR_TICKETLEN, NULL);
    rxkad_2b_server_set_profile(server, RXKAD_2B_STRICT);
    make_long(&token, 345);
    expect("strict, 345 octets", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_BAD_LENGTH, RXKAD_2B_ERR_TICKETLEN, NULL);
    make_long(&token, 344);
    expect("strict, 344 octets", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_SERVICE_ENCTYPE, RXKAD_2B_ERR_UNKNOWNKEY, NULL);
    rxkad_2b_server_set_profile(server, RXKAD_2B_MODERN);
    buf_free(&token);
}

/*
 * What the right key encrypts and is no ticket.
 */

static void
test_content(void)
{
    EncTicketPart part;
    struct buf token = { NULL, 0 };
    unsigned char *plain, *p;
    size_t size, len, i, good = 0, bad = 0;
    int64_t kvno = 3;
    rxkad_2b_result *r;
    krb5_error_code ret;

    make_part(&part, context, 18);
    add_authdata(&part, 1);
    add_address(&part, "\x0a\x00\x00\x01");
    ASN1_MALLOC_ENCODE(EncTicketPart, plain, size, &part, &len, ret);
    if (ret)
	abort();
    for (i = 0; i < len; i++) {
	seal_octets(&token, context, RXKAD_2B_KVNO, &service_key, &kvno,
		    plain, i);
	ret = rxkad_2b_server_check(context, server, RXKAD_2B_KVNO, token.p,
				    token.n, NOW, NULL, &r);
	if (ret != RXKAD_2B_ERR_BADTICKET
	    || r->reason != RXKAD_2B_BAD_CONTENT)
	    bad++;
	rxkad_2b_result_free(r);
	buf_free(&token);
    }
    check(bad == 0, "content cut at each of %lu octets", (unsigned long)len);

    for (i = 0; i < 4 * len; i++) {
	plain[i / 4] ^= 1 << 2 * (i % 4);
	seal_octets(&token, context, RXKAD_2B_KVNO, &service_key, &kvno,
		    plain, len);
	ret = rxkad_2b_server_check(context, server, RXKAD_2B_KVNO, token.p,
				    token.n, NOW, NULL, &r);
	good += ret == 0;
	bad += ret != 0 && !tells_nothing(r);
	rxkad_2b_result_free(r);
	buf_free(&token);
	plain[i / 4] ^= 1 << 2 * (i % 4);
    }
    check(bad == 0 && good > 0, "%lu of %lu changed contents are tickets",
	  (unsigned long)good, (unsigned long)(4 * len));

    /* a NUL in a name */
    p = NULL;
    for (i = 0; p == NULL && i + 4 <= len; i++)
	if (memcmp(plain + i, "user", 4) == 0)
	    p = plain + i;
    p[2] = '\0';
    seal_octets(&token, context, RXKAD_2B_KVNO, &service_key, &kvno, plain,
		len);
    expect("a NUL in a name", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_BAD_CONTENT, RXKAD_2B_ERR_BADTICKET, NULL);
    buf_free(&token);
    free(plain);
    free_EncTicketPart(&part);
}

/*
 * REQ: RK-24: the server's realm is set, or is the default realm.
 */

static void
test_realm(void)
{
    struct buf token;

    make_token(&token, RXKAD_2B_KVNO, passed_known, 18);
    check(rxkad_2b_server_set_realm(server, "NO.SUCH.REALM") == 0,
	  "another realm of the server");
    expect("capaths of another realm", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_TRANSITED, RXKAD_2B_ERR_NOAUTH, NULL);
    check(rxkad_2b_server_set_realm(server, "EXT.TEST") == 0, "and back");
    expect("capaths of this realm", RXKAD_2B_KVNO, token.p, token.n,
	   RXKAD_2B_OK, 0, NULL);
    check(rxkad_2b_server_set_realm(server, NULL) == 0, "the default");
    buf_free(&token);
}

static void
add_key(int etype, int32_t kvno, int seed)
{
    krb5_keyblock key;

    make_key(&key, context, etype, seed);
    if (rxkad_2b_keys_add(context, keys, kvno, &key) != 0)
	abort();
    krb5_free_keyblock_contents(context, &key);
}

static void
set_up(void)
{
    static const char conf[] = "[libdefaults]\n\tdefault_realm = EXT.TEST\n"
	"[capaths]\n\tA.CAPATH = {\n\t\tEXT.TEST = B.CAPATH\n\t}\n";
    static const int etypes[] = { 18, 17, 19, 20, 16, 23, 1 };
    const char *name = "test_rxkad_server.conf";
    FILE *f = fopen(name, "w");
    size_t i;

    if (f == NULL || fputs(conf, f) == EOF || fclose(f) != 0)
	abort();
    setenv("KRB5_CONFIG", name, 1);
    if (krb5_init_context(&context) != 0)
	abort();
    make_key(&service_key, context, 18, 0);
    if (rxkad_2b_keys_alloc(context, &keys) != 0
	|| rxkad_2b_server_alloc(context, rxkad_2b_keys_get, keys,
				 &server) != 0)
	abort();
    krb5_enctype_enable(context, 1);
    for (i = 0; i < N_ELEMENTS(etypes); i++)
	add_key(etypes[i], 3, 0);
    krb5_enctype_disable(context, 1);
    add_key(18, 300, 1);
    add_key(18, -5, 2);
}

int
main(void)
{
    size_t i;

    set_up();
    for (i = 0; i < N_ELEMENTS(rows); i++) {
	test_row(&rows[i], RXKAD_2B_KVNO);
	test_row(&rows[i], RXKAD_2B_KVNO_TICKET);
    }
    test_members(RXKAD_2B_KVNO);
    test_members(RXKAD_2B_KVNO_TICKET);
    test_addresses();
    test_octets(RXKAD_2B_KVNO);
    test_octets(RXKAD_2B_KVNO_TICKET);
    test_numbers();
    test_kvno();
    test_kvno_zero();
    test_etypes();
    test_key_of_other_etype();
    test_strict_session();
    test_long();
    test_content();
    test_realm();
    test_good_again();
    rxkad_2b_server_free(server);
    rxkad_2b_keys_free(context, keys);
    krb5_free_keyblock_contents(context, &service_key);
    krb5_free_context(context);
    return check_done();
}
