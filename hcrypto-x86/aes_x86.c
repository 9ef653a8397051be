/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See aes_x86.h.
 */

#include <config.h>
#include <roken.h>

#include "aes_x86.h"

#ifdef HC_AES_X86

#include <tmmintrin.h>
#include <wmmintrin.h>

/* not for the whole file: another processor must be able to ask */
#define WITH_AES __attribute__((__target__("aes,ssse3")))

/* how many blocks are decrypted at a time */
#define LANES 4

WITH_AES static inline __m128i
load(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

WITH_AES static inline void
store(void *p, __m128i block)
{
    _mm_storeu_si128((__m128i *)p, block);
}

/*
 * Words of the machine to the octets that the instructions work on, and back.
 */
WITH_AES static inline __m128i
swap_words(__m128i words)
{
    return _mm_shuffle_epi8(words, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11,
						4, 5, 6, 7, 0, 1, 2, 3));
}

WITH_AES static inline __m128i
round_key(const uint32_t *key, int n)
{
    return swap_words(load(key + 4 * n));
}

WITH_AES static inline __m128i
encrypt_block(__m128i block, const uint32_t *key, int rounds)
{
    int i;

    block = _mm_xor_si128(block, round_key(key, 0));
    for (i = 1; i < rounds; i++)
	block = _mm_aesenc_si128(block, round_key(key, i));
    return _mm_aesenclast_si128(block, round_key(key, rounds));
}

WITH_AES static inline __m128i
decrypt_block(__m128i block, const uint32_t *key, int rounds)
{
    int i;

    block = _mm_xor_si128(block, round_key(key, 0));
    for (i = 1; i < rounds; i++)
	block = _mm_aesdec_si128(block, round_key(key, i));
    return _mm_aesdeclast_si128(block, round_key(key, rounds));
}

/*
 * What FIPS 197's expansion does to a word, RotWord() but for the constant or
 * not, is in a word of the instruction's result; the sum of the words before
 * it is what is left.
 */
WITH_AES static inline __m128i
add_words(__m128i before, __m128i sub)
{
    before = _mm_xor_si128(before, _mm_slli_si128(before, 4));
    before = _mm_xor_si128(before, _mm_slli_si128(before, 8));
    return _mm_xor_si128(before, sub);
}

/* the instruction's constant has to be one for the compiler */
#define ROTATED(words, constant) \
    _mm_shuffle_epi32(_mm_aeskeygenassist_si128((words), (constant)), 0xff)
#define NOT_ROTATED(words) \
    _mm_shuffle_epi32(_mm_aeskeygenassist_si128((words), 0), 0xaa)

#define NEXT_128(n, constant) do {		\
    a = add_words(a, ROTATED(a, (constant)));	\
    store(key + 4 * (n), swap_words(a));	\
} while (0)

#define NEXT_256(n, constant) do {		\
    a = add_words(a, ROTATED(b, (constant)));	\
    store(key + 4 * (n), swap_words(a));	\
    b = add_words(b, NOT_ROTATED(a));		\
    store(key + 4 * (n) + 4, swap_words(b));	\
} while (0)

WITH_AES static int
expand_128(uint32_t *key, const unsigned char *userkey)
{
    __m128i a = load(userkey);

    store(key, swap_words(a));
    NEXT_128(1, 0x01);
    NEXT_128(2, 0x02);
    NEXT_128(3, 0x04);
    NEXT_128(4, 0x08);
    NEXT_128(5, 0x10);
    NEXT_128(6, 0x20);
    NEXT_128(7, 0x40);
    NEXT_128(8, 0x80);
    NEXT_128(9, 0x1b);
    NEXT_128(10, 0x36);
    return 10;
}

WITH_AES static int
expand_256(uint32_t *key, const unsigned char *userkey)
{
    __m128i a = load(userkey), b = load(userkey + 16);

    store(key, swap_words(a));
    store(key + 4, swap_words(b));
    NEXT_256(2, 0x01);
    NEXT_256(4, 0x02);
    NEXT_256(6, 0x04);
    NEXT_256(8, 0x08);
    NEXT_256(10, 0x10);
    NEXT_256(12, 0x20);
    a = add_words(a, ROTATED(b, 0x40));
    store(key + 4 * 14, swap_words(a));
    return 14;
}

int
_hc_aes_x86_expand(uint32_t *key, const unsigned char *userkey, int bits)
{
    switch (bits) {
    case 128:
	return expand_128(key, userkey);
    case 256:
	return expand_256(key, userkey);
    default:
	return 0;
    }
}

/* of the equivalent inverse cipher, as rijndaelKeySetupDec() makes them */
WITH_AES void
_hc_aes_x86_invert(uint32_t *key, int rounds)
{
    int first = 0, last = rounds;
    __m128i a, b;

    for (; first < last; first++, last--) {
	a = load(key + 4 * first);
	b = load(key + 4 * last);
	if (first) {
	    a = swap_words(_mm_aesimc_si128(swap_words(a)));
	    b = swap_words(_mm_aesimc_si128(swap_words(b)));
	}
	store(key + 4 * first, b);
	store(key + 4 * last, a);
    }
    /* the rounds are even: one is left in the middle */
    a = swap_words(load(key + 4 * first));
    store(key + 4 * first, swap_words(_mm_aesimc_si128(a)));
}

WITH_AES void
_hc_aes_x86_encrypt(const unsigned char *in, unsigned char *out,
		    const uint32_t *key, int rounds)
{
    store(out, encrypt_block(load(in), key, rounds));
}

WITH_AES void
_hc_aes_x86_decrypt(const unsigned char *in, unsigned char *out,
		    const uint32_t *key, int rounds)
{
    store(out, decrypt_block(load(in), key, rounds));
}

WITH_AES void
_hc_aes_x86_cbc_encrypt(const unsigned char *in, unsigned char *out,
			size_t blocks, const uint32_t *key, int rounds,
			unsigned char *iv)
{
    __m128i chain = load(iv);

    for (; blocks; blocks--, in += 16, out += 16) {
	chain = encrypt_block(_mm_xor_si128(chain, load(in)), key, rounds);
	store(out, chain);
    }
    store(iv, chain);
}

WITH_AES void
_hc_aes_x86_cbc_decrypt(const unsigned char *in, unsigned char *out,
			size_t blocks, const uint32_t *key, int rounds,
			unsigned char *iv)
{
    __m128i chain = load(iv), c[LANES], p[LANES], k;
    int i, n;

    /* the rounds of one block wait for each other, those of several do not */
    for (; blocks >= LANES; blocks -= LANES) {
	k = round_key(key, 0);
	for (n = 0; n < LANES; n++) {
	    c[n] = load(in + 16 * n);
	    p[n] = _mm_xor_si128(c[n], k);
	}
	for (i = 1; i < rounds; i++) {
	    k = round_key(key, i);
	    for (n = 0; n < LANES; n++)
		p[n] = _mm_aesdec_si128(p[n], k);
	}
	k = round_key(key, rounds);
	for (n = 0; n < LANES; n++) {
	    p[n] = _mm_aesdeclast_si128(p[n], k);
	    store(out + 16 * n, _mm_xor_si128(p[n], chain));
	    chain = c[n];
	}
	in += sizeof(c);
	out += sizeof(c);
    }
    for (; blocks; blocks--, in += 16, out += 16) {
	c[0] = load(in);
	p[0] = decrypt_block(c[0], key, rounds);
	store(out, _mm_xor_si128(p[0], chain));
	chain = c[0];
    }
    store(iv, chain);
}

#endif /* HC_AES_X86 */
