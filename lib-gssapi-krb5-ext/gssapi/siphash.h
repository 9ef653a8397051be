/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF",
 * 2012), which places records in a replay cache of the file2 format.
 */

#ifndef GSSKRB5_EXT_SIPHASH_H
#define GSSKRB5_EXT_SIPHASH_H 1

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_LENGTH 16

uint64_t
_gsskrb5_ext_siphash24(const unsigned char key[SIPHASH_KEY_LENGTH],
		       const void *data, size_t length);

#endif /* GSSKRB5_EXT_SIPHASH_H */
