/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the programs of this directory share: octets from hex, and DER that is
 * put together by hand.  None of it is the library's, which is under test.
 */

#ifndef ERROR2_TEST_H
#define ERROR2_TEST_H 1

#include <config.h>
#include <roken.h>
#include <ctype.h>
#include <err.h>
#include <krb5.h>
#include <krb5_asn1.h>
#include <krb5_err.h>
#include <asn1_err.h>
#include <der.h>

#include "krb_error2.h"
#include "authdata.h"

static inline void
need(krb5_error_code ret, const char *what)
{
    if (ret)
	errx(1, "%s: error %d", what, (int)ret);
}

/* Append to octets. */
static inline void
put(krb5_data *to, const void *data, size_t length)
{
    size_t old = to->length;

    need(krb5_data_realloc(to, old + length + 1), "memory");
    to->length = old + length;
    if (length)
	memcpy((char *)to->data + old, data, length);
}

/* Append what hex says; white space in it is skipped. */
static inline void
put_hex(krb5_data *to, const char *hex)
{
    for (;;) {
	unsigned int octet;
	unsigned char c;

	while (isspace((unsigned char)*hex))
	    hex++;
	if (*hex == '\0')
	    return;
	if (!isxdigit((unsigned char)hex[0]) ||
	    !isxdigit((unsigned char)hex[1]) ||
	    sscanf(hex, "%2x", &octet) != 1)
	    errx(1, "not hex: %s", hex);
	c = octet;
	put(to, &c, 1);
	hex += 2;
    }
}

static inline krb5_data
from_hex(const char *hex)
{
    krb5_data d;

    krb5_data_zero(&d);
    put(&d, "", 0);
    put_hex(&d, hex);
    return d;
}

/*
 * Put a tag, as it stands on the wire, and a length before the content.
 * Frees content.
 */
static inline krb5_data
wrap(const char *tag, krb5_data content)
{
    krb5_data d = from_hex(tag);
    unsigned char head[4];
    size_t n = content.length;

    if (n < 0x80) {
	head[0] = n;
	put(&d, head, 1);
    } else if (n < 0x100) {
	head[0] = 0x81;
	head[1] = n;
	put(&d, head, 2);
    } else if (n < 0x10000) {
	head[0] = 0x82;
	head[1] = n >> 8;
	head[2] = n & 0xff;
	put(&d, head, 3);
    } else {
	head[0] = 0x83;
	head[1] = n >> 16;
	head[2] = (n >> 8) & 0xff;
	head[3] = n & 0xff;
	put(&d, head, 4);
    }
    put(&d, content.data, content.length);
    krb5_data_free(&content);
    return d;
}

/* count octets of value. */
static inline krb5_data
fill(int value, size_t count)
{
    krb5_data d = from_hex("");
    unsigned char c = value;

    while (count-- > 0)
	put(&d, &c, 1);
    return d;
}

/* Whether every octet of the object is 0. */
static inline int
is_zero(const void *object, size_t size)
{
    const unsigned char *p = object;

    while (size > 0 && *p == 0)
	p++, size--;
    return size == 0;
}

static inline int
is_same(const krb5_data *d, const krb5_data *other)
{
    return d->length == other->length &&
	ct_memcmp(d->data, other->data, d->length) == 0;
}

#endif /* ERROR2_TEST_H */
