/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Kerberos 4 tickets: what is read of them, cut at every octet, changed at
 * every octet, encrypted.
 */

#define HC_DEPRECATED_CRYPTO
#include "rxkad_2b_locl.h"
#include "crypto-headers.h"

#include "limits.c"
#include "rxkad_key.c"
#undef MD5_LENGTH
#include "krb4.c"

#include "sec_test.h"

#define START 0x65000102
#define C63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

struct plain {
    unsigned char p[512];
    size_t n;
};

static void
add(struct plain *t, const void *p, size_t n)
{
    memcpy(t->p + t->n, p, n);
    t->n += n;
}

/* A ticket with two names and a life, padded. */
static void
make(struct plain *t, const char *name, const char *service, int little,
     unsigned char life)
{
    static const unsigned char padding[8];

    memset(t, 0, sizeof(*t));
    add(t, little ? "\x01" : "\x00", 1);
    add(t, name, strlen(name) + 1);
    add(t, "inst", 5);
    add(t, "EXT.TEST", 9);
    add(t, little ? "\x04\x03\x02\x0a" : "\x0a\x02\x03\x04", 4);
    add(t, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
    add(t, &life, 1);
    add(t, little ? "\x02\x01\x00\x65" : "\x65\x00\x01\x02", 4);
    add(t, service, strlen(service) + 1);
    add(t, "", 1);
    add(t, padding, (8 - t->n % 8) % 8);
}

/*
 * REQ: RK-09
 */

static void
test_fields(int little)
{
    struct plain t;
    struct rxkad_2b_krb4 k;

    make(&t, "user", "afs", little, 12);
    check(_rxkad_2b_parse_krb4(t.p, t.n, &k) == RXKAD_2B_OK
	  && strcmp(k.name.name, "user") == 0
	  && strcmp(k.name.instance, "inst") == 0
	  && strcmp(k.name.cell, "EXT.TEST") == 0
	  && k.host == 0x0a020304 && k.start == START
	  && k.end == START + 12 * 300
	  && memcmp(k.session_key, "\x11\x22\x33\x44\x55\x66\x77\x88", 8) == 0,
	  "%s-endian", little ? "little" : "big");
}

static void
test_lifetimes(void)
{
    static const struct {
	unsigned char life;
	int64_t seconds;
    } rows[] = {
	{ 0, 0 }, { 1, 300 }, { 127, 38100 }, { 128, 38400 }, { 129, 41055 },
	{ 190, 2424367 }, { 191, 2592000 }, { 192, 2592000 },
	{ 254, 2592000 }, { 255, (int64_t)0xffffffff - START }
    };
    struct plain t;
    struct rxkad_2b_krb4 k;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	make(&t, "user", "afs", 0, rows[i].life);
	check(_rxkad_2b_parse_krb4(t.p, t.n, &k) == RXKAD_2B_OK
	      && k.end - k.start == rows[i].seconds, "a life of %d",
	      rows[i].life);
    }
}

/* Parses a copy of exactly that length; whether nothing is left on error. */
static rxkad_2b_reason
parse_copy(const struct plain *t, size_t n)
{
    static const struct rxkad_2b_krb4 nothing;
    struct rxkad_2b_krb4 k;
    rxkad_2b_reason reason;
    unsigned char *copy = malloc(n ? n : 1);

    if (copy == NULL)
	abort();
    memcpy(copy, t->p, n);
    memset(&k, 0xa5, sizeof(k));
    reason = _rxkad_2b_parse_krb4(copy, n, &k);
    if (reason != RXKAD_2B_OK && memcmp(&k, &nothing, sizeof(k)) != 0)
	check(0, "nothing is left of what is no ticket");
    free(copy);
    return reason;
}

static void
test_shape(void)
{
    struct plain t, c;
    size_t i, end, bad = 0;
    unsigned int v;

    make(&t, "user", "afs", 0, 12);
    for (end = t.n; t.p[end - 1] == '\0'; end--)
	;
    end += 2;				/* the NULs of two strings */
    for (i = 0; i < end; i++)
	if (parse_copy(&t, i) != RXKAD_2B_BAD_CONTENT)
	    bad++;
    check(bad == 0, "cut at each of %lu octets", (unsigned long)end);

    c = t;
    c.n = end + 7;
    check(parse_copy(&c, c.n) == RXKAD_2B_OK, "seven octets of padding");
    c.n = end + 8;
    check(parse_copy(&c, c.n) == (c.n == 56 ? RXKAD_2B_OK
				  : RXKAD_2B_BAD_CONTENT),
	  "eight octets of padding");
    check(parse_copy(&c, 56) == RXKAD_2B_OK, "56 octets, as MIT pads");
    check(parse_copy(&c, 64) == RXKAD_2B_BAD_CONTENT, "64 octets");

    make(&t, "", "afs", 0, 12);
    check(parse_copy(&t, t.n) == RXKAD_2B_BAD_CONTENT, "no name");
    make(&t, "user", "", 0, 12);
    check(parse_copy(&t, t.n) == RXKAD_2B_BAD_CONTENT, "no service");
    make(&t, C63, "afs", 0, 12);
    check(parse_copy(&t, t.n) == RXKAD_2B_OK, "a name of 63 octets");
    make(&t, C63 "l", "afs", 0, 12);
    check(parse_copy(&t, t.n) == RXKAD_2B_BAD_CONTENT, "one of 64 octets");

    make(&t, "user", "afs", 0, 12);
    for (i = 0; i < t.n; i++)
	for (v = 0; v < 256; v++) {
	    c = t;
	    c.p[i] = v;
	    (void)parse_copy(&c, c.n);
	}
    check(1, "every octet with every value");
}

/*
 * Encrypted: PCBC, the key as initial vector.
 */

static void
test_open(void)
{
    static unsigned char key[8] =
	{ 0x13, 0x34, 0x57, 0x79, 0x9b, 0xbc, 0xdf, 0xf1 };
    DES_key_schedule schedule;
    DES_cblock block;
    krb5_keyblock k;
    struct plain t, c;
    struct rxkad_2b_krb4 out;

    make(&t, "user", "afs", 0, 12);
    c = t;
    memcpy(block, key, 8);
    DES_set_key_unchecked(&block, &schedule);
    DES_pcbc_encrypt(t.p, c.p, t.n, &schedule, &block, DES_ENCRYPT);

    k.keytype = ETYPE_DES_CBC_CRC;
    k.keyvalue.data = key;
    k.keyvalue.length = 8;
    check(_rxkad_2b_open_krb4(&k, c.p, c.n, &out) == RXKAD_2B_OK
	  && strcmp(out.name.name, "user") == 0, "decrypted");
    check(_rxkad_2b_open_krb4(&k, c.p, c.n - 1, &out)
	  == RXKAD_2B_BAD_LENGTH, "no multiple of 8");
    check(_rxkad_2b_open_krb4(&k, c.p, 0, &out) == RXKAD_2B_BAD_LENGTH,
	  "no octets");
    key[0] ^= 0x02;
    check(_rxkad_2b_open_krb4(&k, c.p, c.n, &out) == RXKAD_2B_BAD_CONTENT,
	  "another key");
    key[0] ^= 0x02;
    k.keytype = ETYPE_AES128_CTS_HMAC_SHA1_96;
    check(_rxkad_2b_open_krb4(&k, c.p, c.n, &out) == RXKAD_2B_NO_KEY,
	  "a key of another kind");
    k.keytype = ETYPE_DES_CBC_MD5;
    k.keyvalue.length = 7;
    check(_rxkad_2b_open_krb4(&k, c.p, c.n, &out) == RXKAD_2B_NO_KEY,
	  "a key of seven octets");
}

int
main(void)
{
    test_fields(0);
    test_fields(1);
    test_lifetimes();
    test_shape();
    test_open();
    return check_done();
}
