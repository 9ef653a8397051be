/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * How an acceptor reads AP-REQs: one that has the ticket of the one before is
 * not decoded as a whole.  Here a plain decoder is the judge: with a ticket
 * that is remembered, or without one, nothing is taken that it refuses, and
 * nothing is read that it does not read.  The octets end where a page does.
 *
 * REQ: XT-73
 */

#include <gsskrb5_locl.h>
#include <gsskrb5_ext.h>
#include <err.h>
#include <sys/mman.h>

#include "exchange.h"
#include "sec_test.h"
#include "set_config.h"

struct text {
    unsigned char p[1024];
    size_t len;
};

enum { OUTER, SEQUENCE, PVNO, TYPE, OPTIONS, TICKET, AUTHENTICATOR, ELEMENTS };

static const unsigned char tags[] = {
    0x6e, 0x30, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4
};

/*
 * An AP-REQ; where something is 0, it is as usual.
 */
struct request {
    unsigned char tag[ELEMENTS]; /* another tag */
    int more[ELEMENTS];		/* octets behind what is inside */
    int claim[ELEMENTS];	/* octets that the length says more, or less */
    int without[ELEMENTS];
    unsigned char pvno, type;
    const char *options;	/* the BIT STRING, as hexadecimal */
    const struct text *ticket, *authenticator;
};

static krb5_context context;
static struct text ticket, other_ticket, sealed, other_sealed;

#define USUAL 0x20000000U

static void
add(struct text *t, const void *p, size_t len)
{
    if (len > sizeof(t->p) - t->len)
	errx(1, "no room");
    memcpy(t->p + t->len, p, len);
    t->len += len;
}

static void
add_octet(struct text *t, unsigned char octet)
{
    add(t, &octet, 1);
}

/*
 * An element: a length of three octets says the same as a shorter one.
 */
static void
add_element(struct text *t, const struct request *r, int which,
	    struct text *inside)
{
    size_t length;
    int i;

    if (r->without[which])
	return;
    for (i = 0; i < r->more[which]; i++)
	add_octet(inside, 0);
    length = inside->len + r->claim[which];
    add_octet(t, r->tag[which] ? r->tag[which] : tags[which]);
    if (length < 128 && which != OUTER)
	add_octet(t, length);
    else {
	add_octet(t, 0x82);
	add_octet(t, length >> 8);
	add_octet(t, length & 0xff);
    }
    add(t, inside->p, inside->len);
}

static void
add_integer(struct text *t, const struct request *r, int which, int value)
{
    struct text inside;

    inside.len = 0;
    add_octet(&inside, 2);
    add_octet(&inside, 1);
    add_octet(&inside, value);
    add_element(t, r, which, &inside);
}

static void
add_options(struct text *t, const struct request *r)
{
    const char *hex = r->options ? r->options : "03050020000000";
    struct text inside;
    unsigned int octet;

    inside.len = 0;
    for (; sscanf(hex, "%2x", &octet) == 1; hex += 2)
	add_octet(&inside, octet);
    add_element(t, r, OPTIONS, &inside);
}

static void
make(struct text *t, const struct request *r)
{
    struct text fields, inside, sequence;

    fields.len = sequence.len = t->len = 0;
    add_integer(&fields, r, PVNO, r->pvno ? r->pvno : 5);
    add_integer(&fields, r, TYPE, r->type ? r->type : 14);
    add_options(&fields, r);
    inside = r->ticket ? *r->ticket : ticket;
    add_element(&fields, r, TICKET, &inside);
    inside = r->authenticator ? *r->authenticator : sealed;
    add_element(&fields, r, AUTHENTICATOR, &inside);
    add_element(&sequence, r, SEQUENCE, &fields);
    add_element(t, r, OUTER, &sequence);
}

/*
 * The octets where nothing can be read behind them.
 */
static krb5_data
at_the_end(const struct text *t)
{
    static unsigned char *pages;
    size_t size = getpagesize();
    krb5_data octets;

    if (pages == NULL) {
	pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages + size, size, PROT_NONE))
	    err(1, "mmap");
    }
    octets.data = pages + size - t->len;
    octets.length = t->len;
    memcpy(octets.data, t->p, t->len);
    return octets;
}

/*
 * What a plain decoder says.
 */
static krb5_error_code
decode(const krb5_data *octets, AP_REQ *req, uint32_t *options)
{
    krb5_error_code ret;
    size_t size;

    ret = decode_AP_REQ(octets->data, octets->length, req, &size);
    if (ret) {
	memset(req, 0, sizeof(*req));
	return ret;
    }
    if (size != octets->length)
	return ASN1_EXTRA_DATA;
    if (req->pvno != 5 || req->ticket.tkt_vno != 5)
	return KRB5KRB_AP_ERR_BADVERSION;
    if (req->msg_type != krb_ap_req)
	return KRB5KRB_AP_ERR_MSG_TYPE;
    return _krb5_ext_read_ap_options(context, octets, options);
}

static int
is_same_request(const AP_REQ *a, const AP_REQ *b)
{
    unsigned char *der[2];
    size_t length[2], size;
    int same, ret;

    ASN1_MALLOC_ENCODE(AP_REQ, der[0], length[0], a, &size, ret);
    if (ret)
	errx(1, "encode_AP_REQ");
    ASN1_MALLOC_ENCODE(AP_REQ, der[1], length[1], b, &size, ret);
    if (ret)
	errx(1, "encode_AP_REQ");
    same = length[0] == length[1] && memcmp(der[0], der[1], length[0]) == 0;
    free(der[0]);
    free(der[1]);
    return same;
}

static krb5_error_code
read_text(struct gsskrb5_ext_exchange *ext, const struct text *t)
{
    krb5_data octets = at_the_end(t);

    return _gsskrb5_ext_read_ap_req(context, ext, &octets);
}

/*
 * An exchange that remembers the usual ticket.
 */
static void
remember(struct gsskrb5_ext_exchange *ext)
{
    struct request usual;
    struct text t;

    memset(ext, 0, sizeof(*ext));
    memset(&usual, 0, sizeof(usual));
    make(&t, &usual);
    if (read_text(ext, &t) || ext->repeated || ext->options != USUAL)
	errx(1, "the usual AP-REQ cannot be read");
    if (_gsskrb5_ext_keep_ticket(context, ext))
	errx(1, "_gsskrb5_ext_keep_ticket");
}

/*
 * Whether an exchange reads the octets as they are to be read.  What it does
 * not decode again has to be what it remembers.
 */
static int
agrees(struct gsskrb5_ext_exchange *ext, const struct text *t)
{
    krb5_data octets = at_the_end(t);
    krb5_error_code ret, expected;
    uint32_t options = 0;
    AP_REQ req;
    int ok;

    expected = decode(&octets, &req, &options);
    ret = _gsskrb5_ext_read_ap_req(context, ext, &octets);
    ok = ret == expected;
    if (ret == 0 && ok)
	ok = ext->options == options && is_same_request(&ext->ap_req, &req);
    if (ret)
	ok = ok && !ext->repeated && ext->ap_req.pvno == 0 &&
	    ext->ap_req.ticket.realm == NULL && ext->ticket.length == 0;
    free_AP_REQ(&req);
    return ok;
}

/*
 * Both ways; whether the ticket was known again, or -1.
 */
static int
judge(const struct text *t)
{
    struct gsskrb5_ext_exchange ext;
    int ok, repeated;

    memset(&ext, 0, sizeof(ext));
    ok = agrees(&ext, t) && !ext.repeated;
    _gsskrb5_ext_done(context, &ext);
    remember(&ext);
    ok = agrees(&ext, t) && ok;
    repeated = ext.repeated;
    _gsskrb5_ext_done(context, &ext);
    return ok ? repeated : -1;
}

/*
 * The ticket as it stands in the octets, an alias.
 */
static int
is_seen(const struct gsskrb5_ext_exchange *ext, const struct text *inside)
{
    return ext->seen.length == inside->len &&
	memcmp(ext->seen.data, inside->p, inside->len) == 0;
}

static void
test_again(void)
{
    struct gsskrb5_ext_exchange ext;
    struct request r;
    struct text t;

    memset(&r, 0, sizeof(r));
    remember(&ext);
    check(is_seen(&ext, &ticket), "the ticket is seen");
    r.authenticator = &other_sealed;
    r.options = "03050040000001";
    make(&t, &r);
    check(agrees(&ext, &t) && ext.repeated && is_seen(&ext, &ticket) &&
	  ext.options == 0x40000001U,
	  "another Authenticator and other options");
    check(ext.ap_req.ap_options.use_session_key &&
	  !ext.ap_req.ap_options.mutual_required, "use-session-key");
    r.options = "03050020000000";
    make(&t, &r);
    check(agrees(&ext, &t) && ext.repeated &&
	  !ext.ap_req.ap_options.use_session_key &&
	  ext.ap_req.ap_options.mutual_required, "and mutual-required");

    r.ticket = &other_ticket;
    make(&t, &r);
    check(agrees(&ext, &t) && !ext.repeated && is_seen(&ext, &other_ticket),
	  "another ticket");
    check(agrees(&ext, &t) && !ext.repeated, "which nobody remembers");
    r.ticket = NULL;
    make(&t, &r);
    check(agrees(&ext, &t) && !ext.repeated, "nor the one before any more");
    if (_gsskrb5_ext_keep_ticket(context, &ext) ||
	_gsskrb5_ext_keep_ticket(context, &ext))
	errx(1, "_gsskrb5_ext_keep_ticket");
    check(agrees(&ext, &t) && ext.repeated, "until it is told to");
    t.len = 0;
    check(agrees(&ext, &t), "nothing is no AP-REQ");
    _gsskrb5_ext_done(context, &ext);
    make(&t, &r);
    add_octet(&t, 0);
    check(judge(&t) == 0, "nor is one and an octet behind it");
    t.len--;
    check(judge(&t) == 1, "it is without that");
}

/*
 * A ticket in an unusual AP-REQ is not remembered, for nobody has found it.
 */
static void
test_unusual(void)
{
    struct gsskrb5_ext_exchange ext;
    struct request r;
    struct text t;

    remember(&ext);
    memset(&r, 0, sizeof(r));
    r.options = "030600200000000000";
    make(&t, &r);
    check(agrees(&ext, &t) && !ext.repeated && ext.seen.length == 0,
	  "options of 40 bits: nothing is seen");
    check(_gsskrb5_ext_keep_ticket(context, &ext) == 0 &&
	  ext.ticket.length == 0, "and nothing kept");
    _gsskrb5_ext_done(context, &ext);
}

static void
test_other_tickets(void)
{
    struct request r;
    struct text t, changed;

    memset(&r, 0, sizeof(r));
    r.ticket = &changed;
    changed = ticket;
    changed.p[changed.len - 1] ^= 1;
    make(&t, &r);
    check(judge(&t) == 0, "the last octet of the ticket is another");
    changed = ticket;
    add_octet(&changed, 0);
    make(&t, &r);
    check(judge(&t) == 0, "there is one more");
    changed = ticket;
    changed.len--;
    make(&t, &r);
    check(judge(&t) == 0, "there is one less");
    changed.len = 0;
    make(&t, &r);
    check(judge(&t) == 0, "there is none");
}

/*
 * Authenticators of the same ticket that are not encrypted data.
 */
static void
test_authenticators(void)
{
    struct request r;
    struct text t, changed;

    memset(&r, 0, sizeof(r));
    r.authenticator = &changed;
    changed = sealed;
    make(&t, &r);
    check(judge(&t) == 1, "as it was");
    changed.p[0] = 0x31;
    make(&t, &r);
    check(judge(&t) == 0, "a SET");
    changed = sealed;
    add_octet(&changed, 5);
    make(&t, &r);
    check(judge(&t) == 0, "an octet behind it");
    changed.len = 0;
    make(&t, &r);
    check(judge(&t) == 0, "nothing");
}

static void
test_elements(void)
{
    static const char *const names[] = {
	"the whole", "the sequence", "pvno", "msg-type", "ap-options",
	"ticket", "authenticator"
    };
    struct request r;
    struct text t;
    int i;

    for (i = 0; i < ELEMENTS; i++) {
	memset(&r, 0, sizeof(r));
	r.more[i] = 1;
	make(&t, &r);
	check(judge(&t) == 0, "%s: an octet inside behind the rest",
	      names[i]);
	memset(&r, 0, sizeof(r));
	r.tag[i] = tags[i] & ~0x20;
	make(&t, &r);
	check(judge(&t) == 0, "%s: primitive", names[i]);
	r.tag[i] = tags[i] ^ 0x40;
	make(&t, &r);
	check(judge(&t) == 0, "%s: of another class", names[i]);
	r.tag[i] = tags[i] ^ 8;
	make(&t, &r);
	check(judge(&t) == 0, "%s: another tag", names[i]);
	memset(&r, 0, sizeof(r));
	r.claim[i] = 1;
	make(&t, &r);
	check(judge(&t) == 0, "%s: its length is one too many", names[i]);
	r.claim[i] = 255;
	make(&t, &r);
	check(judge(&t) == 0, "%s: its length is many too many", names[i]);
	r.claim[i] = -1;
	make(&t, &r);
	check(judge(&t) == 0, "%s: its length is one less", names[i]);
	memset(&r, 0, sizeof(r));
	r.without[i] = 1;
	make(&t, &r);
	check(judge(&t) == 0, "%s: is not there", names[i]);
    }
}

/*
 * What stands behind the numbers is missing, and of them the last octet.
 */
static void
test_short(void)
{
    struct request r;
    struct text t;
    int i;

    memset(&r, 0, sizeof(r));
    r.without[OPTIONS] = r.without[TICKET] = r.without[AUTHENTICATOR] = 1;
    make(&t, &r);
    check(judge(&t) == 0, "pvno and msg-type alone");
    for (i = 1; i < 9; i++) {
	make(&t, &r);
	t.len -= i;
	t.p[3] -= i;		/* of the whole, ... */
	t.p[5] -= i;		/* ... of the sequence */
	check(judge(&t) == 0, "and %d octets less", i);
    }
}

static void
test_numbers(void)
{
    static const struct {
	const char *what;
	unsigned char pvno, type, tkt_vno;
    } versions[] = {
	{ "Kerberos 4", 4, 0, 0 },
	{ "Kerberos 6", 6, 0, 0 },
	{ "an AP-REP", 0, 15, 0 },
	{ "an AS-REQ", 0, 10, 0 },
	{ "a ticket of Kerberos 4", 0, 0, 4 }
    };
    struct request r;
    struct text t, changed;
    size_t i;

    for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
	memset(&r, 0, sizeof(r));
	r.pvno = versions[i].pvno;
	r.type = versions[i].type;
	changed = ticket;
	if (versions[i].tkt_vno) {
	    if (changed.p[4] != 0xa0 && changed.p[6] != 0xa0)
		errx(1, "the ticket begins with something else");
	    changed.p[changed.p[4] == 0xa0 ? 8 : 10] = versions[i].tkt_vno;
	}
	r.ticket = &changed;
	make(&t, &r);
	check(judge(&t) == 0, "%s", versions[i].what);
    }
}

static void
test_options(void)
{
    static const struct {
	const char *what, *hex;
	int repeated;
    } cases[] = {
	{ "all", "030500ffffffff", 1 },
	{ "none", "03050000000000", 1 },
	{ "each octet is another", "03050001020304", 1 },
	{ "40 bits", "0306002000000000", 0 },
	{ "24 bits", "030400200000", 0 },
	{ "31 bits", "03050120000000", 0 },
	{ "25 bits", "03050720000000", 0 },
	{ "eight bits unused", "03050820000000", 0 },
	{ "no bit", "030100", 0 },
	{ "an OCTET STRING", "04050020000000", 0 },
	{ "constructed", "23050020000000", 0 },
	{ "one octet more than it says", "0305002000000000", 0 },
	{ "one octet less than it says", "030500200000", 0 },
	{ "it says one more", "03060020000000", 0 },
	{ "it says one less", "03040020000000", 0 },
	{ "a long length", "0381050020000000", 0 },
	{ "two strings", "03050020000000" "03050020000000", 0 }
    };
    struct request r;
    struct text t;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	memset(&r, 0, sizeof(r));
	r.options = cases[i].hex;
	make(&t, &r);
	check(judge(&t) == cases[i].repeated, "options: %s", cases[i].what);
    }
}

/*
 * Each octet with each other value, and each length.
 */
static void
test_each_octet(void)
{
    int octet, wrong = 0, known = 0, judged;
    struct request r;
    struct text t;
    size_t i, len;

    memset(&r, 0, sizeof(r));
    r.options = "03050040000001";
    r.authenticator = &other_sealed;
    make(&t, &r);
    for (i = 0; i < t.len; i++)
	for (octet = 1; octet < 256; octet++) {
	    t.p[i] ^= octet;
	    judged = judge(&t);
	    wrong += judged < 0;
	    known += judged > 0;
	    t.p[i] ^= octet;
	}
    check(wrong == 0, "each octet changed: %d disagree", wrong);
    /* the four of the options, and most of the Authenticator's */
    check(known > 4 * 255 && known < (int)(other_sealed.len + 8) * 255,
	  "%d are quick", known);
    wrong = 0;
    len = t.len;
    for (t.len = 0; t.len < len; t.len++)
	wrong += judge(&t) != 0;
    check(wrong == 0, "each length: %d disagree", wrong);
}

/*
 * Whom the first ticket was for is kept when another comes, if it counts.
 */
static void
test_server(void)
{
    struct gsskrb5_ext_exchange ext;
    krb5_principal server;
    struct request r;
    struct text t;

    remember(&ext);
    check(_gsskrb5_ext_read_server(context, &ext) == 0 &&
	  strcmp(ext.server->name.name_string.val[1], "first") == 0,
	  "whom the ticket is for");
    server = ext.server;
    check(_gsskrb5_ext_read_server(context, &ext) == 0 &&
	  ext.server == server, "is read once");
    memset(&r, 0, sizeof(r));
    r.authenticator = &other_sealed;
    make(&t, &r);
    check(read_text(&ext, &t) == 0 && ext.repeated && ext.server == server &&
	  ext.first.server == NULL, "and stays while the ticket does");
    r.ticket = &other_ticket;
    make(&t, &r);
    check(read_text(&ext, &t) == 0 && ext.server == NULL &&
	  ext.first.server == NULL, "nothing is settled, and nobody kept");
    _gsskrb5_ext_done(context, &ext);

    remember(&ext);
    if (krb5_parse_name(context, "user@TEST", &ext.first.client))
	errx(1, "krb5_parse_name");
    check(read_text(&ext, &t) == 0 && ext.server == NULL &&
	  ext.first.server != NULL &&
	  strcmp(ext.first.server->name.name_string.val[1], "first") == 0,
	  "whom the first was for, who had been read by nobody");
    check(_gsskrb5_ext_read_server(context, &ext) == 0 &&
	  strcmp(ext.server->name.name_string.val[1], "other") == 0,
	  "and the other");
    server = ext.first.server;
    r.ticket = NULL;
    make(&t, &r);
    check(read_text(&ext, &t) == 0 && ext.first.server == server &&
	  ext.server == NULL, "a third does not change the first");
    _gsskrb5_ext_done(context, &ext);
    check(ext.first.client == NULL && ext.first.server == NULL &&
	  ext.ap_req.ticket.realm == NULL && ext.ticket.length == 0,
	  "nothing is left");
}

/*
 * Which of the acceptor's authorization data an exchange that is over has.
 */
static void
test_done(void)
{
    struct gsskrb5_ext_exchange ext;
    int state;

    for (state = GSSKRB5_EXT_AUTHDATA_NONE;
	 state <= GSSKRB5_EXT_AUTHDATA_RECEIVED; state++) {
	memset(&ext, 0, sizeof(ext));
	ext.authdata_state = state;
	ext.early.ready = 1;
	if (krb5_data_copy(&ext.authdata, "data", 4) ||
	    krb5_data_copy(&ext.challenge, "challenge", 9))
	    errx(1, "krb5_data_copy");
	_gsskrb5_ext_done(context, &ext);
	check((ext.authdata.length != 0) ==
	      (state == GSSKRB5_EXT_AUTHDATA_RECEIVED) &&
	      ext.challenge.length == 0 && !ext.early.ready,
	      "authorization data, state %d", state);
	krb5_data_free(&ext.authdata);
    }
    _gsskrb5_ext_done(context, NULL);
    _gsskrb5_ext_free(context, NULL);
}

/*
 * REQ: XT-09
 */
static void
test_enabled(void)
{
    static const struct {
	const char *lines;
	int initiator, acceptor;
    } cases[] = {
	{ "", 1, 1 },
	{ "extra_context_tokens = false", 0, 0 },
	{ "extra_context_tokens_initiator = false", 0, 1 },
	{ "extra_context_tokens_acceptor = false", 1, 0 },
	{ "extra_context_tokens = false\n"
	  "extra_context_tokens_acceptor = true", 0, 1 }
    };
    static const struct {
	int state, initiates;
    } states[] = {
	{ INITIATOR_START, 1 },
	{ INITIATOR_RESTART, 1 },
	{ ACCEPTOR_START, 0 }
    };
    struct gsskrb5_ext_exchange *ext;
    struct gsskrb5_ctx ctx;
    size_t i, k;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	set_config(context, cases[i].lines);
	for (k = 0; k < sizeof(states) / sizeof(states[0]); k++) {
	    memset(&ctx, 0, sizeof(ctx));
	    ctx.state = states[k].state;
	    ext = _gsskrb5_ext_exchange(context, &ctx);
	    check(ext != NULL && ext->enabled ==
		  (unsigned)(states[k].initiates ? cases[i].initiator :
			     cases[i].acceptor),
		  "enabled: case %d, state %d", (int)i, states[k].state);
	    check(_gsskrb5_ext_exchange(context, &ctx) == ext,
		  "and made once");
	    _gsskrb5_ext_free(context, ext);
	}
    }
    set_config(context, "");
}

static void
make_ticket(struct text *t, const char *host)
{
    static char realm[] = "TEST", service[] = "service";
    char *names[2];
    Ticket data;
    size_t size;
    int ret;

    memset(&data, 0, sizeof(data));
    names[0] = service;
    names[1] = rk_UNCONST(host);
    data.tkt_vno = 5;
    data.realm = realm;
    data.sname.name_type = KRB5_NT_SRV_INST;
    data.sname.name_string.len = 2;
    data.sname.name_string.val = names;
    data.enc_part.etype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    data.enc_part.cipher.data = rk_UNCONST("a ticket");
    data.enc_part.cipher.length = 8;
    ret = encode_Ticket(t->p + sizeof(t->p) - 1, sizeof(t->p), &data, &size);
    if (ret)
	errx(1, "encode_Ticket");
    memmove(t->p, t->p + sizeof(t->p) - size, size);
    t->len = size;
}

static void
make_sealed(struct text *t, const char *cipher)
{
    EncryptedData data;
    size_t size;
    int ret;

    memset(&data, 0, sizeof(data));
    data.etype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    data.cipher.data = rk_UNCONST(cipher);
    data.cipher.length = strlen(cipher);
    ret = encode_EncryptedData(t->p + sizeof(t->p) - 1, sizeof(t->p), &data,
			       &size);
    if (ret)
	errx(1, "encode_EncryptedData");
    memmove(t->p, t->p + sizeof(t->p) - size, size);
    t->len = size;
}

int
main(int argc, char **argv)
{
    setprogname(argv[0]);
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    make_ticket(&ticket, "first");
    make_ticket(&other_ticket, "other");
    make_sealed(&sealed, "an Authenticator");
    make_sealed(&other_sealed, "another one");
    test_again();
    test_unusual();
    test_other_tickets();
    test_authenticators();
    test_elements();
    test_short();
    test_numbers();
    test_options();
    test_each_octet();
    test_server();
    test_done();
    test_enabled();
    krb5_free_context(context);
    return check_done();
}
