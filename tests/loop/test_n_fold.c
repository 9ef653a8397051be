/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * n-fold of RFC 3961 5.1, where each carry counts.  The results are those of
 * the definition, computed with integers of any size; the last two are the
 * document's own.
 */

#include "krb5_locl.h"

#include "sec_test.h"

static const struct {
    const char *string;
    size_t len;
    size_t size;
    const char *result;
} folds[] = {
    { "\xff\xff\xff\xff\xff", 5, 16,
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" },
    { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, 8,
      "\xff\xff\xff\xff\xff\xff\xff\xff" },
    { "\xff\xff\xff\xff\xff\xff\xff", 7, 9,
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff" },
    { "\xff\xff\xff\xff\x00", 5, 4, "\xc1\x38\x06\x00" },
    { "\x80", 1, 16,
      "\x80\x04\x20\x01\x08\x40\x02\x10\x80\x04\x20\x01\x08\x40\x02\x10" },
    { "\0\0\0\0\0\0\0\0", 8, 8, "\0\0\0\0\0\0\0\0" },
    { "", 0, 8, "\0\0\0\0\0\0\0\0" },
    { "\x00\x00\x00\x02\xaa", 5, 16,	/* Ke of a ticket */
      "\xb5\xb0\x58\x2c\x14\xb6\x50\x0a\xad\x56\xab\x55\xaa\x80\x55\x6a" },
    { "012345", 6, 8, "\xbe\x07\x26\x31\x27\x6b\x19\x55" },
    { "kerberos", 8, 16,
      "\x6b\x65\x72\x62\x65\x72\x6f\x73\x7b\x9b\x5b\x2b\x93\x13\x2b\x93" }
};

int
main(int argc, char **argv)
{
    unsigned char key[16];
    size_t i;

    for (i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
	memset(key, 0x5a, sizeof(key));
	check(_krb5_n_fold(folds[i].string, folds[i].len, key,
			   folds[i].size) == 0 &&
	      memcmp(key, folds[i].result, folds[i].size) == 0,
	      "%u-fold of string %u is as defined",
	      (unsigned)folds[i].size * 8, (unsigned)i);
    }
    return check_done();
}
