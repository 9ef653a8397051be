/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * An INTEGER whose value does not fit while it is collected: the overflow of a
 * signed type has no meaning in C.  The tree's source is compiled a second
 * time so that it ends the program.
 */

#include "der_get.c"

#include "sec_test.h"

static const struct {
    unsigned char octets[9];
    size_t len;
    int64_t value;
    int in_int;			/* der_get_integer() takes it */
} cases[] = {
    { { 0x00 }, 0, 0, 1 },
    { { 0x00 }, 1, 0, 1 },
    { { 0x7f }, 1, 127, 1 },
    { { 0x80 }, 1, -128, 1 },
    { { 0xff, 0x7f }, 2, -129, 1 },
    { { 0x00, 0x80 }, 2, 128, 1 },
    { { 0x7f, 0xff, 0xff, 0xff }, 4, INT_MAX, 1 },
    { { 0x80, 0x00, 0x00, 0x00 }, 4, INT_MIN, 1 },
    { { 0xff, 0x80, 0x00, 0x00, 0x00 }, 5, INT_MIN, 1 },
    { { 0x00, 0x7f, 0xff, 0xff, 0xff }, 5, INT_MAX, 1 },
    { { 0x00, 0x80, 0x00, 0x00, 0x00 }, 5, 1LL << 31, 1 }, /* a nonce */
    { { 0x00, 0xff, 0xff, 0xff, 0xff }, 5, (1LL << 32) - 1, 1 },
    { { 0x01, 0x00, 0x00, 0x00, 0x00 }, 5, 1LL << 32, 0 },
    { { 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 8, INT64_MAX, 0 },
    { { 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 }, 8, INT64_MIN, 0 }
};

int
main(void)
{
    size_t i, size;
    int64_t value64;
    int ret, value;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	value = 1;
	size = 0;
	ret = der_get_integer(cases[i].octets, cases[i].len, &value, &size);
	if (cases[i].in_int)
	    check(ret == 0 && size == cases[i].len &&
		  (unsigned)value == (unsigned)cases[i].value,
		  "case %zu: %d", i, value);
	else
	    check(ret == ASN1_OVERRUN, "case %zu: too long", i);
	value64 = 1;
	size = 0;
	ret = der_get_integer64(cases[i].octets, cases[i].len, &value64,
				&size);
	check(ret == 0 && size == cases[i].len && value64 == cases[i].value,
	      "case %zu: %lld in 64 bits", i, (long long)value64);
    }
    check(der_get_integer64(cases[0].octets, 9, &value64, &size) ==
	  ASN1_OVERRUN, "nine octets");
    return check_done();
}
