/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Random changes to tokens.  The same seed gives the same changes.
 */

#ifndef LOOP_MUTATE_H
#define LOOP_MUTATE_H 1

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <err.h>

/*
 * splitmix64 (Steele, Lea, Flood 2014)
 */
struct loop_rng {
    uint64_t state;
};

static uint64_t
rng_next(struct loop_rng *rng)
{
    uint64_t z = (rng->state += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/* The generator of one exchange, so that it can be run without the others. */
static void
rng_seed(struct loop_rng *rng, uint64_t seed, uint64_t number)
{
    rng->state = seed;
    rng->state = rng_next(rng) + number;
    (void)rng_next(rng);
}

/* 0 .. below - 1; 0 for 0 */
static size_t
rng_below(struct loop_rng *rng, size_t below)
{
    return below ? (size_t)(rng_next(rng) % below) : 0;
}

/* true once in n times */
static int
rng_once_in(struct loop_rng *rng, size_t n)
{
    return rng_below(rng, n) == 0;
}

/*
 * A token on its way; data is malloced, never NULL, and owned.
 */
struct loop_token {
    unsigned char *data;
    size_t length;
};

/* Room for n octets, also for none. */
static unsigned char *
token_alloc(size_t n)
{
    unsigned char *p = malloc(n ? n : 1);

    if (p == NULL)
	errx(1, "no memory");
    return p;
}

static void
token_set(struct loop_token *token, const void *p, size_t n)
{
    unsigned char *copy = token_alloc(n);

    if (n)
	memcpy(copy, p, n);
    free(token->data);
    token->data = copy;
    token->length = n;
}

static void
token_free(struct loop_token *token)
{
    free(token->data);
    token->data = NULL;
    token->length = 0;
}

/*
 * Replace n octets at from (they exist) by m octets of p.
 */
static void
token_replace(struct loop_token *token, size_t from, size_t n,
	      const unsigned char *p, size_t m)
{
    unsigned char *out = token_alloc(token->length - n + m);

    memcpy(out, token->data, from);
    if (m)
	memcpy(out + from, p, m);
    memcpy(out + from + m, token->data + from + n, token->length - from - n);
    free(token->data);
    token->data = out;
    token->length += m - n;
}

/*
 * Tokens of earlier exchanges and of both directions, the newest in place of
 * the oldest.
 */
#define POOL_SIZE 64

struct loop_pool {
    struct loop_token token[POOL_SIZE];
    size_t used;
    size_t next;
    size_t picks;		/* how often one was taken */
};

static void
pool_add(struct loop_pool *pool, const void *p, size_t n)
{
    token_set(&pool->token[pool->next], p, n);
    pool->next = (pool->next + 1) % POOL_SIZE;
    if (pool->used < POOL_SIZE)
	pool->used++;
}

/* NULL for an empty pool; an alias into it. */
static const struct loop_token *
pool_pick(struct loop_pool *pool, struct loop_rng *rng)
{
    pool->picks++;
    return pool->used ? &pool->token[rng_below(rng, pool->used)] : NULL;
}

static void
pool_free(struct loop_pool *pool)
{
    size_t i;

    for (i = 0; i < POOL_SIZE; i++)
	token_free(&pool->token[i]);
    pool->used = pool->next = 0;
}

/*
 * DER: where an element begins, where its content, and where it ends.
 */
struct der_place {
    size_t start;
    size_t content;
    size_t end;
};

#define DER_PLACES 256

/*
 * The header of the element at pos: 1 and place filled, or 0 for what is no
 * element or does not end before limit.
 */
static int
der_header(const struct loop_token *token, size_t pos, size_t limit,
	   struct der_place *place)
{
    size_t len, count;

    place->start = pos;
    if (limit - pos < 2)
	return 0;
    if ((token->data[pos] & 0x1f) == 0x1f)
	return 0;
    len = token->data[pos + 1];
    pos += 2;
    if (len & 0x80) {
	count = len & 0x7f;
	if (count == 0 || count > 4 || count > limit - pos)
	    return 0;
	for (len = 0; count; count--)
	    len = len << 8 | token->data[pos++];
    }
    if (len > limit - pos)
	return 0;
    place->content = pos;
    place->end = pos + len;
    return 1;
}

/*
 * Find the elements between pos and limit, and those inside of them and of
 * octet strings; TOK_ID in a token of krb5 reads as an empty element.  Returns
 * how many are in places (of DER_PLACES), used of which were there before.
 */
static size_t
der_find(const struct loop_token *token, size_t pos, size_t limit,
	 struct der_place *places, size_t used, int depth)
{
    struct der_place place;
    unsigned char tag;

    while (pos < limit && used < DER_PLACES && depth < 24) {
	if (!der_header(token, pos, limit, &place))
	    break;
	places[used++] = place;
	tag = token->data[pos];
	if ((tag & 0x20) || tag == 0x04)
	    used = der_find(token, place.content, place.end, places, used,
			    depth + 1);
	pos = place.end;
    }
    return used;
}

/*
 * Let the length of an element say something else.
 */
static void
mutate_length(struct loop_token *token, struct loop_rng *rng,
	      const struct der_place *place)
{
    static const long change[] = { -2, -1, 1, 2, 126, 127, 255, 65535 };
    size_t len = place->end - place->content;
    unsigned char head[5];
    size_t size = 5;

    len += change[rng_below(rng, sizeof(change) / sizeof(change[0]))];
    head[0] = 0x84;
    head[1] = len >> 24 & 0xff;
    head[2] = len >> 16 & 0xff;
    head[3] = len >> 8 & 0xff;
    head[4] = len & 0xff;
    switch (rng_below(rng, 4)) {
    case 0:
	head[0] = 0x80;			/* indefinite */
	size = 1;
	break;
    case 1:
	memset(head + 1, 0xff, 3);	/* nearly 4 GB */
	break;
    case 2:
	head[0] = len & 0x7f;
	size = 1;
	break;
    default:
	break;
    }
    token_replace(token, place->start + 1, place->content - place->start - 1,
		  head, size);
}

/*
 * A change that knows where the elements are.
 */
static void
mutate_element(struct loop_token *token, struct loop_rng *rng)
{
    struct der_place places[DER_PLACES], *place;
    size_t n = der_find(token, 0, token->length, places, 0, 0);
    struct loop_token copy;

    if (n == 0)
	return;
    place = &places[rng_below(rng, n)];
    memset(&copy, 0, sizeof(copy));
    token_set(&copy, token->data + place->start, place->end - place->start);
    switch (rng_below(rng, 6)) {
    case 0:
	token_replace(token, place->start, copy.length, NULL, 0);
	break;
    case 1:
	token_replace(token, place->end, 0, copy.data, copy.length);
	break;
    case 2:
	token_replace(token, place->content, place->end - place->content,
		      NULL, 0);
	break;
    case 3:
	token->data[place->start] = rng_below(rng, 256);
	break;
    default:
	mutate_length(token, rng, place);
	break;
    }
    token_free(&copy);
}

static void
mutate_extend(struct loop_token *token, struct loop_rng *rng)
{
    unsigned char tail[64];
    size_t i, n = 1 + rng_below(rng, sizeof(tail));

    for (i = 0; i < n; i++)
	tail[i] = rng_next(rng) & 0xff;
    token_replace(token, token->length, 0, tail, n);
}

/* Two neighbouring pieces change places, a piece is doubled or left out. */
static void
mutate_piece(struct loop_token *token, struct loop_rng *rng, int how)
{
    size_t from = rng_below(rng, token->length);
    size_t n = 1 + rng_below(rng, token->length - from);
    struct loop_token piece;

    if (token->length == 0)
	return;
    memset(&piece, 0, sizeof(piece));
    token_set(&piece, token->data + from, n);
    if (how != 0)
	token_replace(token, from, n, NULL, 0);
    if (how == 0)
	token_replace(token, from, 0, piece.data, n);
    else if (how == 1)
	token_replace(token, rng_below(rng, token->length + 1), 0,
		      piece.data, n);
    token_free(&piece);
}

/* Begins as this token and ends as another, or is another. */
static void
mutate_splice(struct loop_token *token, struct loop_rng *rng,
	      struct loop_pool *pool)
{
    const struct loop_token *with = pool_pick(pool, rng);
    size_t cut;

    if (with == NULL)
	return;
    if (rng_once_in(rng, 4)) {
	token_set(token, with->data, with->length);
	return;
    }
    cut = rng_below(rng, (token->length < with->length ?
			  token->length : with->length) + 1);
    token_replace(token, cut, token->length - cut, with->data + cut,
		  with->length - cut);
}

static void
mutate_octet(struct loop_token *token, struct loop_rng *rng)
{
    static const unsigned char extreme[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
    size_t at = rng_below(rng, token->length);

    if (token->length == 0)
	return;
    if (rng_once_in(rng, 2))
	token->data[at] ^= 1 << rng_below(rng, 8);
    else
	token->data[at] = extreme[rng_below(rng, sizeof(extreme))];
}

static const char *
mutate_once(struct loop_token *token, struct loop_rng *rng,
	    struct loop_pool *pool)
{
    switch (rng_below(rng, 12)) {
    case 0:
    case 1:
    case 2:
	mutate_octet(token, rng);
	return "octet";
    case 3:
	token->length = rng_below(rng, token->length + 1);
	/* a buffer of its size, for valgrind */
	token_replace(token, 0, 0, NULL, 0);
	return "truncate";
    case 4:
	mutate_extend(token, rng);
	return "extend";
    case 5:
	mutate_piece(token, rng, 0);
	return "duplicate";
    case 6:
	mutate_piece(token, rng, 1);
	return "swap";
    case 7:
	mutate_piece(token, rng, 2);
	return "remove";
    case 8:
	mutate_splice(token, rng, pool);
	return "splice";
    case 9:
	token_set(token, NULL, 0);
	mutate_extend(token, rng);
	return "noise";
    default:
	mutate_element(token, rng);
	return "element";
    }
}

/*
 * Change the token, now and then more than once.  Names the first change.
 */
static const char *
mutate(struct loop_token *token, struct loop_rng *rng, struct loop_pool *pool)
{
    const char *name = mutate_once(token, rng, pool);

    while (rng_once_in(rng, 3))
	(void)mutate_once(token, rng, pool);
    return name;
}

#endif /* LOOP_MUTATE_H */
