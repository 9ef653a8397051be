/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * AES by the processor's instructions is AES by the tables of
 * rijndael-alg-fst.c, keys included: what the one has expanded, the other can
 * use.  Both are compiled in.
 */

#include <config.h>
#include <roken.h>

#include "sec_test.h"
#include "rijndael-alg-fst.h"
#include "x86/aes_x86.h"

#ifdef HC_AES_X86

#define MAX_BLOCKS 11
#define KEY_WORDS 60
#define ROUNDS 200

struct example {
    unsigned char key[32], iv[16], text[16 * MAX_BLOCKS];
    uint32_t enc[KEY_WORDS], dec[KEY_WORDS];
    int bits, rounds;
};

static void
fill(void *octets, size_t size)
{
    static uint32_t state = 1;
    unsigned char *p = octets;

    while (size-- > 0) {
	state = state * 1103515245 + 12345;
	*p++ = state >> 16;
    }
}

static void
make(struct example *e, int bits)
{
    fill(e->key, sizeof(e->key));
    fill(e->iv, sizeof(e->iv));
    fill(e->text, sizeof(e->text));
    e->bits = bits;
    e->rounds = rijndaelKeySetupEnc(e->enc, e->key, bits);
    rijndaelKeySetupDec(e->dec, e->key, bits);
}

static int
expands(const struct example *e)
{
    size_t size = 16 * (e->rounds + 1);
    uint32_t key[KEY_WORDS];

    if (_hc_aes_x86_expand(key, e->key, e->bits) != e->rounds ||
	memcmp(key, e->enc, size) != 0)
	return 0;
    _hc_aes_x86_invert(key, e->rounds);
    return memcmp(key, e->dec, size) == 0;
}

static int
does_blocks(const struct example *e)
{
    unsigned char ours[17], theirs[16];

    /* not aligned */
    _hc_aes_x86_encrypt(e->text + 1, ours + 1, e->enc, e->rounds);
    rijndaelEncrypt(e->enc, e->rounds, e->text + 1, theirs);
    if (memcmp(ours + 1, theirs, 16) != 0)
	return 0;
    _hc_aes_x86_decrypt(e->text + 1, ours + 1, e->dec, e->rounds);
    rijndaelDecrypt(e->dec, e->rounds, e->text + 1, theirs);
    return memcmp(ours + 1, theirs, 16) == 0;
}

static void
xor_block(unsigned char *out, const unsigned char *a, const unsigned char *b)
{
    int i;

    for (i = 0; i < 16; i++)
	out[i] = a[i] ^ b[i];
}

/*
 * CBC by the definition.
 */
static void
cbc(const struct example *e, int encrypt, size_t blocks, unsigned char *text,
    unsigned char *iv)
{
    unsigned char next[16];

    for (; blocks > 0; blocks--, text += 16) {
	if (encrypt) {
	    xor_block(text, text, iv);
	    rijndaelEncrypt(e->enc, e->rounds, text, text);
	    memcpy(iv, text, 16);
	} else {
	    memcpy(next, text, 16);
	    rijndaelDecrypt(e->dec, e->rounds, text, text);
	    xor_block(text, text, iv);
	    memcpy(iv, next, 16);
	}
    }
}

static int
does_cbc(const struct example *e, int encrypt, int in_place, size_t blocks)
{
    unsigned char ours[sizeof(e->text)], theirs[sizeof(e->text)];
    unsigned char our_iv[16], their_iv[16];
    const unsigned char *in = in_place ? ours : e->text;

    memcpy(ours, e->text, sizeof(ours));
    memcpy(theirs, e->text, sizeof(theirs));
    memcpy(our_iv, e->iv, sizeof(our_iv));
    memcpy(their_iv, e->iv, sizeof(their_iv));
    if (encrypt)
	_hc_aes_x86_cbc_encrypt(in, ours, blocks, e->enc, e->rounds, our_iv);
    else
	_hc_aes_x86_cbc_decrypt(in, ours, blocks, e->dec, e->rounds, our_iv);
    cbc(e, encrypt, blocks, theirs, their_iv);
    /* what is behind the blocks is as it was, too */
    return memcmp(ours, theirs, sizeof(ours)) == 0 &&
	memcmp(our_iv, their_iv, sizeof(our_iv)) == 0;
}

static void
test_size(int bits)
{
    unsigned int n, keys = 0, blocks = 0, chains[4] = { 0, 0, 0, 0 }, i;
    struct example e;
    size_t length;

    for (n = 0; n < ROUNDS; n++) {
	make(&e, bits);
	keys += bits == 192 ? _hc_aes_x86_expand(e.enc, e.key, 192) == 0 :
	    expands(&e);
	blocks += does_blocks(&e);
	for (i = 0; i < 4; i++)
	    for (length = 0; length <= MAX_BLOCKS; length++)
		chains[i] += does_cbc(&e, i & 1, i & 2, length);
    }
    check(keys == ROUNDS, "%d bits: keys, or that it makes none: %u of %u",
	  bits, keys, ROUNDS);
    check(blocks == ROUNDS, "%d bits: blocks: %u of %u", bits, blocks, ROUNDS);
    for (i = 0; i < 4; i++)
	check(chains[i] == ROUNDS * (MAX_BLOCKS + 1), "%d bits: CBC, %s%s: %u",
	      bits, i & 1 ? "encrypted" : "decrypted",
	      i & 2 ? " in place" : "", chains[i]);
}

int
main(int argc, char **argv)
{
    if (!_hc_aes_x86_usable()) {
	printf("this processor has no instructions for AES\n");
	return 77;
    }
    check(_hc_aes_x86_expand(NULL, NULL, 64) == 0, "no key of 64 bits");
    test_size(128);
    test_size(192);
    test_size(256);
    return check_done();
}

#else

int
main(int argc, char **argv)
{
    printf("built for another processor than x86-64\n");
    return 77;
}

#endif
