/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the programs of this directory share: octets that grow, and an
 * encoder of DER that knows nothing of libasn1's.
 */

#ifndef RXKAD_TEST_H
#define RXKAD_TEST_H 1

#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <roken.h>
#include <krb5.h>
#include <asn1_err.h>

#include "rxkad_2b.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

struct buf {
    unsigned char *p;			/* allocated to the octet, so that */
    size_t n;				/* reading behind it is found */
};

static inline void
buf_add(struct buf *b, const void *p, size_t n)
{
    b->p = realloc(b->p, b->n + n + 1);
    if (b->p == NULL)
	abort();
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p = realloc(b->p, b->n ? b->n : 1);
}

static inline void
buf_free(struct buf *b)
{
    free(b->p);
    b->p = NULL;
    b->n = 0;
}

/*
 * Appends an element.
 */
static inline void
der_add(struct buf *b, int tag, const void *p, size_t n)
{
    unsigned char head[5];
    size_t h = 0;

    head[h++] = tag;
    if (n >= 0x10000) {
	head[h++] = 0x83;
	head[h++] = n >> 16;
	head[h++] = (n >> 8) & 0xff;
    } else if (n >= 0x100) {
	head[h++] = 0x82;
	head[h++] = n >> 8;
    } else if (n >= 0x80)
	head[h++] = 0x81;
    head[h++] = n & 0xff;
    buf_add(b, head, h);
    buf_add(b, p, n);
}

/*
 * Puts what is there into an element.
 */
static inline void
der_wrap(struct buf *b, int tag)
{
    struct buf out = { NULL, 0 };

    der_add(&out, tag, b->p, b->n);
    buf_free(b);
    *b = out;
}

/*
 * Appends [n] with an element of `tag' in it.
 */
static inline void
der_field(struct buf *b, int n, int tag, const void *p, size_t len)
{
    struct buf f = { NULL, 0 };

    der_add(&f, tag, p, len);
    der_add(b, 0xa0 | n, f.p, f.n);
    buf_free(&f);
}

/*
 * Appends [n] INTEGER.
 */
static inline void
der_int(struct buf *b, int n, int64_t value)
{
    unsigned char c[8];
    size_t i, len = 8;

    for (i = 0; i < 8; i++)
	c[i] = (uint64_t)value >> (8 * (7 - i));
    while (len > 1 && ((c[8 - len] == 0x00 && c[9 - len] < 0x80) ||
		       (c[8 - len] == 0xff && c[9 - len] >= 0x80)))
	len--;
    der_field(b, n, 0x02, c + 8 - len, len);
}

/*
 * Appends an EncryptedData.
 */
static inline void
add_enc_part(struct buf *b, int etype, const int64_t *kvno,
	     const void *cipher, size_t len)
{
    struct buf e = { NULL, 0 };

    der_int(&e, 0, etype);
    if (kvno != NULL)
	der_int(&e, 1, *kvno);
    der_field(&e, 2, 0x04, cipher, len);
    der_add(b, 0x30, e.p, e.n);
    buf_free(&e);
}

/*
 * Appends a Ticket for afs/ext.test@EXT.TEST with this enc-part.
 */
static inline void
add_ticket(struct buf *b, int version, const struct buf *enc_part)
{
    struct buf t = { NULL, 0 }, s = { NULL, 0 }, names = { NULL, 0 };

    der_int(&t, 0, version);
    der_field(&t, 1, 0x1b, "EXT.TEST", 8);
    der_int(&s, 0, 2);
    der_add(&names, 0x1b, "afs", 3);
    der_add(&names, 0x1b, "ext.test", 8);
    der_field(&s, 1, 0x30, names.p, names.n);
    der_field(&t, 2, 0x30, s.p, s.n);
    der_add(&t, 0xa3, enc_part->p, enc_part->n);
    der_wrap(&t, 0x30);
    der_add(b, 0x61, t.p, t.n);
    buf_free(&t);
    buf_free(&s);
    buf_free(&names);
}

#endif /* RXKAD_TEST_H */
