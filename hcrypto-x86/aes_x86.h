/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * AES with the instructions of an x86-64 processor (AES-NI).
 *
 * The keys are those of rijndael-alg-fst.c, word for word, so that either can
 * use what the other has made.  Nothing is looked up in a table: unlike there,
 * what is in the cache afterwards does not depend on the key or the data.
 */

#ifndef HC_AES_X86_H
#define HC_AES_X86_H 1

/* i386 is left to the tables: its stack is not always aligned */
#if defined(__x86_64__) && \
    (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 5))
#define HC_AES_X86 1
#endif

#ifdef HC_AES_X86

/** Whether this processor has the instructions; all below need them. */
#define _hc_aes_x86_usable() \
    (__builtin_cpu_supports("aes") && __builtin_cpu_supports("ssse3"))

/**
 * Expand a key of 128 or 256 bits.
 *
 * @return how many rounds it is for, 0 for another size.
 */
int	_hc_aes_x86_expand(uint32_t *key, const unsigned char *userkey,
			   int bits);

/** Turn an expanded key into the one that decrypts. */
void	_hc_aes_x86_invert(uint32_t *key, int rounds);

void	_hc_aes_x86_encrypt(const unsigned char *in, unsigned char *out,
			    const uint32_t *key, int rounds);
void	_hc_aes_x86_decrypt(const unsigned char *in, unsigned char *out,
			    const uint32_t *key, int rounds);

/**
 * Whole blocks in CBC; in and out are the same or do not overlap.
 *
 * @param iv is the last block of the ciphertext afterwards.
 */
void	_hc_aes_x86_cbc_encrypt(const unsigned char *in, unsigned char *out,
				size_t blocks, const uint32_t *key, int rounds,
				unsigned char *iv);
void	_hc_aes_x86_cbc_decrypt(const unsigned char *in, unsigned char *out,
				size_t blocks, const uint32_t *key, int rounds,
				unsigned char *iv);

#endif /* HC_AES_X86 */

#endif /* HC_AES_X86_H */
