/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See siphash.h.  Section numbers and names are those of the paper.
 */

#include "siphash.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

/*
 * Eight octets, least significant first, as a compiler knows for one load.
 */
static uint64_t
load8_le(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
	(uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
	(uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/*
 * length <= 8 octets, least significant first; what is missing is 0.
 */
static uint64_t
load_le(const unsigned char *octets, size_t length)
{
    uint64_t word = 0;

    while (length > 0)
	word = (word << 8) | octets[--length];
    return word;
}

static uint64_t
rotate(uint64_t word, unsigned int bits)
{
    return (word << bits) | (word >> (64 - bits));
}

/*
 * SipRound, count times (figure 2.1).
 */
static void
sip_rounds(struct state *s, int count)
{
    while (count-- > 0) {
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
    }
}

/*
 * One word of the message (2.2).
 */
static void
compress(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    sip_rounds(s, 2);
    s->v0 ^= word;
}

/**
 * SipHash-2-4.
 *
 * @param key SIPHASH_KEY_LENGTH octets
 * @param data the message
 * @param length its octets, any number
 *
 * @return the hash; it cannot fail.
 */
uint64_t
_gsskrb5_ext_siphash24(const unsigned char key[SIPHASH_KEY_LENGTH],
		       const void *data, size_t length)
{
    const unsigned char *p = data;
    uint64_t k0 = load8_le(key), k1 = load8_le(key + 8);
    struct state s;
    size_t left;

    s.v0 = k0 ^ 0x736f6d6570736575ULL;
    s.v1 = k1 ^ 0x646f72616e646f6dULL;
    s.v2 = k0 ^ 0x6c7967656e657261ULL;
    s.v3 = k1 ^ 0x7465646279746573ULL;
    for (left = length; left >= 8; left -= 8, p += 8)
	compress(&s, load8_le(p));
    /* the last word ends with the length modulo 256 */
    compress(&s, load_le(p, left) | (uint64_t)(length & 0xff) << 56);
    s.v2 ^= 0xff;
    sip_rounds(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
