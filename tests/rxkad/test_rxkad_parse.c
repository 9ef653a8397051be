/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The outside of tokens: what is read of good ones, and that every bad one is
 * refused with its code.
 */

#include "rxkad_test.h"
#include "sec_test.h"

static const unsigned char cipher[40] =
    "forty octets that nobody can decrypt ..";

/*
 * Parses a copy that is as long as it says, so that reading behind it is
 * found.
 */

static krb5_error_code
parse(const struct buf *b, size_t n, int32_t kvno, rxkad_2b_sealed *s)
{
    unsigned char *copy = malloc(n ? n : 1);
    krb5_error_code ret;
    int inside = 1;

    if (copy == NULL)
	abort();
    memcpy(copy, b->p, n);
    memset(s, 0xa5, sizeof(*s));
    ret = rxkad_2b_parse(copy, n, kvno, s);
    if (ret == 0)
	inside = (unsigned char *)s->enc_part.data >= copy
	    && (unsigned char *)s->enc_part.data + s->enc_part.length
	    <= copy + n
	    && (unsigned char *)s->cipher.data >= copy
	    && (unsigned char *)s->cipher.data + s->cipher.length <= copy + n;
    else
	inside = s->enc_part.data == NULL && s->cipher.data == NULL
	    && s->etype == 0 && s->kvno == 0 && !s->has_kvno;
    if (!inside)
	check(0, "what was parsed is inside the token, or nothing");
    free(copy);
    return ret;
}

static void
expect(const char *what, const struct buf *b, int32_t kvno,
       krb5_error_code code)
{
    rxkad_2b_sealed s;
    krb5_error_code ret = parse(b, b->n, kvno, &s);

    check(ret == code, "%s: %d", what, (int)ret);
}

/* A token for each number. */
static void
make_tokens(struct buf *enc_part, struct buf *ticket, const int64_t *kvno)
{
    memset(enc_part, 0, sizeof(*enc_part));
    memset(ticket, 0, sizeof(*ticket));
    add_enc_part(enc_part, 18, kvno, cipher, sizeof(cipher));
    add_ticket(ticket, 5, enc_part);
}

/*
 * REQ: RK-01, RK-03: the octets of the enc-part, its key's version when
 * there is one.
 */

static void
test_good(const int64_t *kvno)
{
    struct buf e, t;
    rxkad_2b_sealed s;
    krb5_data slice, ticket;
    int good;

    make_tokens(&e, &t, kvno);

    good = rxkad_2b_parse(e.p, e.n, RXKAD_2B_KVNO, &s) == 0
	&& s.kvno == RXKAD_2B_KVNO && s.etype == 18
	&& s.enc_part.data == e.p && s.enc_part.length == e.n
	&& s.cipher.length == sizeof(cipher)
	&& memcmp(s.cipher.data, cipher, sizeof(cipher)) == 0
	&& s.has_kvno == (kvno != NULL)
	&& s.service_kvno == (kvno ? (int32_t)*kvno : 0);
    check(good, "213, key version %s", kvno ? "said" : "absent");

    good = rxkad_2b_parse(t.p, t.n, RXKAD_2B_KVNO_TICKET, &s) == 0
	&& s.kvno == RXKAD_2B_KVNO_TICKET && s.etype == 18
	&& s.enc_part.length == e.n
	&& (unsigned char *)s.enc_part.data == t.p + t.n - e.n
	&& s.has_kvno == (kvno != NULL);
    check(good, "256, key version %s", kvno ? "said" : "absent");

    ticket.data = t.p;
    ticket.length = t.n;
    good = rxkad_2b_extract(&ticket, &slice) == 0 && slice.length == e.n
	&& memcmp(slice.data, e.p, e.n) == 0;
    check(good, "the enc-part is a slice of the Ticket");
    ticket.length--;
    check(rxkad_2b_extract(&ticket, &slice) == ASN1_OVERRUN
	  && slice.data == NULL && slice.length == 0,
	  "no slice of a Ticket that is cut short");
    buf_free(&e);
    buf_free(&t);
}

/*
 * REQ: RK-15: what has lost its end is refused as OpenAFS refuses it.
 */

static void
test_truncated(void)
{
    int64_t kvno = 3;
    struct buf e, t;
    rxkad_2b_sealed s;
    size_t i, bad = 0;

    make_tokens(&e, &t, &kvno);
    for (i = 0; i < e.n; i++)
	if (parse(&e, i, RXKAD_2B_KVNO, &s) != ASN1_OVERRUN)
	    bad++;
    check(bad == 0, "213 cut at each of %lu octets", (unsigned long)e.n);
    for (i = 0; i < t.n; i++)
	if (parse(&t, i, RXKAD_2B_KVNO_TICKET, &s) != ASN1_OVERRUN)
	    bad++;
    check(bad == 0, "256 cut at each of %lu octets", (unsigned long)t.n);
    buf_free(&e);
    buf_free(&t);
}

/*
 * REQ: RK-02, RK-11: the number says what it has to be.
 */

static void
test_other_kind(void)
{
    static const int32_t others[] = { 0, 1, 5, 212, 214, 255, 257, -1,
	INT32_MIN, INT32_MAX };
    struct buf e, t, v = { NULL, 0 };
    size_t i;

    make_tokens(&e, &t, NULL);
    expect("213 with a whole Ticket", &t, RXKAD_2B_KVNO, ASN1_BAD_ID);
    expect("256 with an EncryptedData", &e, RXKAD_2B_KVNO_TICKET,
	   ASN1_BAD_ID);
    for (i = 0; i < N_ELEMENTS(others); i++)
	expect("another number", &e, others[i], RXKAD_2B_ERR_UNKNOWNKEY);
    add_ticket(&v, 4, &e);
    expect("a Ticket of version 4", &v, RXKAD_2B_KVNO_TICKET,
	   RXKAD_2B_ERR_BADTICKET);
    buf_free(&e);
    buf_free(&t);
    buf_free(&v);
}

/* What is in the SEQUENCE of a Ticket for nobody. */
static void
add_fields(struct buf *b, const struct buf *enc_part)
{
    struct buf sname = { NULL, 0 };

    der_int(&sname, 0, 2);
    der_field(&sname, 1, 0x30, "", 0);
    der_wrap(&sname, 0x30);
    der_int(b, 0, 5);
    der_field(b, 1, 0x1b, "EXT.TEST", 8);
    der_add(b, 0xa2, sname.p, sname.n);
    der_add(b, 0xa3, enc_part->p, enc_part->n);
    buf_free(&sname);
}

/*
 * REQ: RK-15: fields that are not what they have to be, of which nothing but
 * the form is looked at.
 */

static void
test_field_forms(void)
{
    struct buf e, t, good = { NULL, 0 }, b = { NULL, 0 };

    make_tokens(&e, &t, NULL);
    add_fields(&good, &e);
    buf_add(&b, good.p, good.n);
    der_wrap(&b, 0x30);
    der_wrap(&b, 0x61);
    expect("a Ticket for nobody", &b, RXKAD_2B_KVNO_TICKET, 0);
    buf_free(&b);
    /* [0] INTEGER has 5 octets, [1] and its element 2 */
    buf_add(&b, good.p, good.n);
    if (b.p[5] != 0xa1 || b.p[7] != 0x1b)
	abort();
    b.p[7] = 0x0c;
    der_wrap(&b, 0x30);
    der_wrap(&b, 0x61);
    expect("a realm that is a UTF8String", &b, RXKAD_2B_KVNO_TICKET,
	   ASN1_BAD_ID);
    buf_free(&b);
    buf_free(&good);
    buf_free(&e);
    buf_free(&t);
}

/*
 * REQ: RK-15: octets behind it, and behind everything in it.
 */

static void
test_trailing(void)
{
    int64_t kvno = 3;
    struct buf e, t, b = { NULL, 0 }, c = { NULL, 0 };

    make_tokens(&e, &t, &kvno);
    buf_add(&e, "", 1);
    buf_add(&t, "", 1);
    expect("an octet behind an EncryptedData", &e, RXKAD_2B_KVNO,
	   ASN1_EXTRA_DATA);
    expect("an octet behind a Ticket", &t, RXKAD_2B_KVNO_TICKET,
	   ASN1_EXTRA_DATA);

    add_ticket(&b, 5, &e);
    expect("an octet behind the enc-part of a Ticket", &b,
	   RXKAD_2B_KVNO_TICKET, ASN1_EXTRA_DATA);
    buf_free(&b);

    der_int(&b, 0, 18);
    der_field(&b, 2, 0x04, cipher, sizeof(cipher));
    der_int(&b, 3, 1);
    der_wrap(&b, 0x30);
    expect("a field behind the cipher", &b, RXKAD_2B_KVNO, ASN1_EXTRA_DATA);
    buf_free(&b);

    der_add(&c, 0x02, "\x12", 1);
    der_add(&c, 0x02, "\x12", 1);
    der_add(&b, 0xa0, c.p, c.n);
    der_field(&b, 2, 0x04, cipher, sizeof(cipher));
    der_wrap(&b, 0x30);
    expect("two integers in a field", &b, RXKAD_2B_KVNO, ASN1_EXTRA_DATA);
    buf_free(&b);
    buf_free(&c);
    buf_free(&e);
    buf_free(&t);

    make_tokens(&e, &t, &kvno);
    add_fields(&b, &e);
    der_int(&b, 4, 1);
    der_wrap(&b, 0x30);
    der_wrap(&b, 0x61);
    expect("a field behind the enc-part", &b, RXKAD_2B_KVNO_TICKET,
	   ASN1_EXTRA_DATA);
    buf_free(&b);
    add_fields(&b, &e);
    der_wrap(&b, 0x30);
    der_int(&b, 4, 1);
    der_wrap(&b, 0x61);
    expect("a field behind the SEQUENCE of a Ticket", &b,
	   RXKAD_2B_KVNO_TICKET, ASN1_EXTRA_DATA);
    buf_free(&b);
    buf_free(&e);
    buf_free(&t);
}

/*
 * REQ: RK-15: lengths in other forms than the shortest.
 */

static void
test_lengths(void)
{
    static const struct {
	const char *what;
	unsigned char head[6];		/* tag and length of 5 octets */
	size_t n;
	krb5_error_code code;
    } rows[] = {
	{ "the shortest form", { 0x30, 0x05 }, 2, ASN1_BAD_ID },
	{ "indefinite", { 0x30, 0x80 }, 2, ASN1_BAD_LENGTH },
	{ "one octet too many", { 0x30, 0x81, 0x05 }, 3, ASN1_BAD_LENGTH },
	{ "two too many", { 0x30, 0x82, 0x00, 0x05 }, 4, ASN1_BAD_LENGTH },
	{ "a zero in front", { 0x30, 0x82, 0x00, 0xff }, 4, ASN1_BAD_LENGTH },
	{ "five octets", { 0x30, 0x85, 0x01 }, 3, ASN1_BAD_LENGTH },
	{ "127 octets", { 0x30, 0xff }, 2, ASN1_BAD_LENGTH },
	{ "4 GiB", { 0x30, 0x84, 0xff, 0xff, 0xff, 0xff }, 6, ASN1_OVERRUN },
	{ "another tag", { 0x31, 0x05 }, 2, ASN1_BAD_ID },
	{ "a tag of more octets", { 0x3f, 0x05 }, 2, ASN1_BAD_ID },
	{ "a primitive sequence", { 0x10, 0x05 }, 2, ASN1_BAD_ID }
    };
    struct buf b = { NULL, 0 };
    size_t i;

    for (i = 0; i < N_ELEMENTS(rows); i++) {
	buf_add(&b, rows[i].head, rows[i].n);
	buf_add(&b, "\x02\x01\x00\x00\x00", 5);
	expect(rows[i].what, &b, RXKAD_2B_KVNO, rows[i].code);
	buf_free(&b);
    }
}

static krb5_error_code
parse_kvno(const void *octets, size_t n, int32_t *kvno)
{
    struct buf b = { NULL, 0 };
    rxkad_2b_sealed s;
    krb5_error_code ret;

    der_int(&b, 0, 18);
    der_field(&b, 1, 0x02, octets, n);
    der_field(&b, 2, 0x04, cipher, sizeof(cipher));
    der_wrap(&b, 0x30);
    ret = parse(&b, b.n, RXKAD_2B_KVNO, &s);
    *kvno = s.service_kvno;
    buf_free(&b);
    return ret;
}

/*
 * REQ: RK-03: key versions of 32 bits, with and without a sign; RK-15:
 * integers in their shortest form.
 */

static void
test_kvno(void)
{
    static const struct {
	const char *octets;
	size_t n;
	krb5_error_code code;
	int32_t kvno;
    } rows[] = {
	{ "\x00", 1, 0, 0 },
	{ "\x01", 1, 0, 1 },
	{ "\x7f", 1, 0, 127 },
	{ "\x00\x80", 2, 0, 128 },
	{ "\x00\xd5", 2, 0, 213 },
	{ "\x01\x00", 2, 0, 256 },
	{ "\x7f\xff\xff\xff", 4, 0, INT32_MAX },
	{ "\x00\x80\x00\x00\x00", 5, 0, INT32_MIN },
	{ "\x00\xff\xff\xff\xff", 5, 0, -1 },
	{ "\xff", 1, 0, -1 },
	{ "\x80\x00\x00\x00", 4, 0, INT32_MIN },
	{ "\xff\x7f", 2, 0, -129 },
	{ "\xff\x00", 2, 0, -256 },
	{ "\xff\x7f\xff\xff\xff", 5, ASN1_BAD_FORMAT, 0 },
	{ "\x01\x00\x00\x00\x00", 5, ASN1_BAD_FORMAT, 0 },
	{ "\x80\x00\x00\x00\x00", 5, ASN1_BAD_FORMAT, 0 },
	{ "", 0, ASN1_BAD_FORMAT, 0 },
	{ "\x00\x01", 2, ASN1_BAD_FORMAT, 0 },
	{ "\xff\xff", 2, ASN1_BAD_FORMAT, 0 },
	{ "\x00\x00\x00\x00\x00\x01", 6, ASN1_BAD_FORMAT, 0 },
	{ "\x01\x02\x03\x04\x05\x06\x07\x08\x09", 9, ASN1_BAD_FORMAT, 0 },
	/* 5, but for octets that 64 bits have no room for */
	{ "\x01\x00\x00\x00\x00\x00\x00\x00\x05", 9, ASN1_BAD_FORMAT, 0 }
    };
    krb5_error_code ret;
    int32_t kvno;
    size_t i;

    for (i = 0; i < N_ELEMENTS(rows); i++) {
	ret = parse_kvno(rows[i].octets, rows[i].n, &kvno);
	check(ret == rows[i].code && kvno == rows[i].kvno,
	      "key version of %lu octets: %d, %d", (unsigned long)rows[i].n,
	      (int)ret, (int)kvno);
    }
}

static void
test_fields(void)
{
    struct buf b = { NULL, 0 };

    expect("nothing", &b, RXKAD_2B_KVNO, ASN1_OVERRUN);
    der_wrap(&b, 0x30);
    expect("an empty sequence", &b, RXKAD_2B_KVNO, ASN1_OVERRUN);
    buf_free(&b);

    der_field(&b, 2, 0x04, cipher, sizeof(cipher));
    der_wrap(&b, 0x30);
    expect("no etype", &b, RXKAD_2B_KVNO, ASN1_BAD_ID);
    buf_free(&b);

    der_int(&b, 0, 18);
    der_int(&b, 1, 1);
    der_wrap(&b, 0x30);
    expect("no cipher", &b, RXKAD_2B_KVNO, ASN1_OVERRUN);
    buf_free(&b);

    der_int(&b, 1, 1);
    der_int(&b, 0, 18);
    der_field(&b, 2, 0x04, cipher, sizeof(cipher));
    der_wrap(&b, 0x30);
    expect("the fields in another order", &b, RXKAD_2B_KVNO, ASN1_BAD_ID);
    buf_free(&b);

    der_int(&b, 0, 18);
    der_int(&b, 1, 1);
    der_int(&b, 1, 1);
    der_field(&b, 2, 0x04, cipher, sizeof(cipher));
    der_wrap(&b, 0x30);
    expect("a field twice", &b, RXKAD_2B_KVNO, ASN1_BAD_ID);
    buf_free(&b);

    der_int(&b, 0, 18);
    der_field(&b, 2, 0x24, cipher, sizeof(cipher));
    der_wrap(&b, 0x30);
    expect("an octet string in pieces", &b, RXKAD_2B_KVNO, ASN1_BAD_ID);
    buf_free(&b);

    der_int(&b, 0, (int64_t)INT32_MAX + 1);
    der_field(&b, 2, 0x04, cipher, sizeof(cipher));
    der_wrap(&b, 0x30);
    expect("an etype of 2^31", &b, RXKAD_2B_KVNO, ASN1_BAD_FORMAT);
    buf_free(&b);

    add_enc_part(&b, INT32_MAX, NULL, "", 0);
    expect("an etype of 2^31 - 1", &b, RXKAD_2B_KVNO, 0);
    buf_free(&b);

    add_enc_part(&b, -128, NULL, "", 0);
    expect("a negative etype, an empty cipher", &b, RXKAD_2B_KVNO, 0);
    buf_free(&b);
}

/* A Ticket with these octets for its sname. */
static krb5_error_code
parse_sname(const struct buf *sname, const struct buf *enc_part)
{
    struct buf t = { NULL, 0 };
    rxkad_2b_sealed s;
    krb5_error_code ret;

    der_int(&t, 0, 5);
    der_field(&t, 1, 0x1b, "EXT.TEST", 8);
    der_add(&t, 0xa2, sname->p, sname->n);
    der_add(&t, 0xa3, enc_part->p, enc_part->n);
    der_wrap(&t, 0x30);
    der_wrap(&t, 0x61);
    ret = parse(&t, t.n, RXKAD_2B_KVNO_TICKET, &s);
    buf_free(&t);
    return ret;
}

/*
 * REQ: RK-15: the service's name is DER too.
 */

static void
test_sname(void)
{
    static const struct {
	const char *what;
	const char *names;		/* the elements of name-string */
	size_t n;
	const char *behind;
	krb5_error_code code;
    } rows[] = {
	{ "no component", "", 0, "", 0 },
	{ "two", "\x1b\x01" "a" "\x1b\x01" "b", 6, "", 0 },
	{ "of another type", "\x0c\x01" "a", 3, "", ASN1_BAD_ID },
	{ "cut short", "\x1b\x02" "a", 3, "", ASN1_OVERRUN },
	{ "a length too long", "\x1b\x81\x01" "a", 4, "", ASN1_BAD_LENGTH },
	{ "something behind it", "\x1b\x01" "a", 3, "x", ASN1_EXTRA_DATA }
    };
    struct buf e, t, sname = { NULL, 0 };
    krb5_error_code ret;
    size_t i;

    make_tokens(&e, &t, NULL);
    for (i = 0; i < N_ELEMENTS(rows); i++) {
	der_int(&sname, 0, 2);
	der_field(&sname, 1, 0x30, rows[i].names, rows[i].n);
	buf_add(&sname, rows[i].behind, strlen(rows[i].behind));
	der_wrap(&sname, 0x30);
	ret = parse_sname(&sname, &e);
	check(ret == rows[i].code, "sname, %s: %d", rows[i].what, (int)ret);
	buf_free(&sname);
    }
    buf_free(&e);
    buf_free(&t);
}

/*
 * Every octet with every value: nothing is read outside of the token.
 */

static void
test_every_octet(struct buf *b, int32_t kvno)
{
    rxkad_2b_sealed s;
    size_t i, good = 0, n = 0;
    unsigned int v;
    unsigned char was;

    for (i = 0; i < b->n; i++) {
	was = b->p[i];
	for (v = 0; v < 256; v++, n++) {
	    b->p[i] = v;
	    if (parse(b, b->n, kvno, &s) == 0)
		good++;
	}
	b->p[i] = was;
    }
    check(good > b->n && good < n && parse(b, b->n, kvno, &s) == 0,
	  "%d: %lu of %lu changed tokens are DER", (int)kvno,
	  (unsigned long)good, (unsigned long)n);
}

int
main(void)
{
    int64_t kvno = 3;
    struct buf e, t;

    test_good(&kvno);
    test_good(NULL);
    test_truncated();
    test_other_kind();
    test_field_forms();
    test_trailing();
    test_lengths();
    test_kvno();
    test_fields();
    test_sname();
    make_tokens(&e, &t, &kvno);
    test_every_octet(&e, RXKAD_2B_KVNO);
    test_every_octet(&t, RXKAD_2B_KVNO_TICKET);
    buf_free(&e);
    buf_free(&t);
    return check_done();
}
