/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What an initiator does with an answer that is no token of the mechanism:
 * GSS_S_DEFECTIVE_TOKEN, and not an AP-REP parsed at an address that was never
 * set.  Each answer is given to a new context; a good one completes it.
 */

#include "gss_pair.h"
#include "sec_test.h"

static OM_uint32
answer(struct gss_pair *pair, const void *p, size_t len)
{
    gss_buffer_desc ap_rep, in, out;
    OM_uint32 major, minor;

    pair_start(pair, &ap_rep);
    gss_release_buffer(&minor, &ap_rep);
    in.value = rk_UNCONST(p);
    in.length = len;
    major = pair_initiate(pair, &in, &out, &minor);
    gss_release_buffer(&minor, &out);
    return major;
}

static void
refuse(struct gss_pair *pair, const void *p, size_t len, OM_uint32 want,
       const char *what, unsigned long arg)
{
    OM_uint32 major = answer(pair, p, len);

    check(GSS_ERROR(major) == want, "%s %lu: %08x, want %08x", what, arg,
	  (unsigned)major, (unsigned)want);
}

static void
test_truncated(struct gss_pair *pair)
{
    gss_buffer_desc ap_rep;
    OM_uint32 minor;
    unsigned char *copy;
    size_t i, len;

    pair_start(pair, &ap_rep);
    len = ap_rep.length;
    copy = emalloc(len);
    memcpy(copy, ap_rep.value, len);
    gss_release_buffer(&minor, &ap_rep);

    for (i = 1; i < len; i++)
	refuse(pair, copy, i, GSS_S_DEFECTIVE_TOKEN, "cut to", i);

    /* the token id, 02 00, behind the mechanism: neither AP-REP nor error */
    for (i = 0; i < len && copy[i] != 0x06; i++)
	;
    i += 2 + GSS_KRB5_MECHANISM->length;
    if (i + 1 < len) {
	copy[i] = 0x7f;
	refuse(pair, copy, len, GSS_S_DEFECTIVE_TOKEN, "token id", 0x7f00);
	copy[i] = 0x01;
	refuse(pair, copy, len, GSS_S_DEFECTIVE_TOKEN, "token id", 0x0100);
    }
    free(copy);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    unsigned char zeroes[64], ones[64];

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    pair_connect(&pair);
    check(1, "a good exchange completes");

    memset(zeroes, 0, sizeof(zeroes));
    memset(ones, 0xff, sizeof(ones));
    refuse(&pair, "garbage", 7, GSS_S_DEFECTIVE_TOKEN, "text of", 7);
    refuse(&pair, "\x60\x00", 2, GSS_S_DEFECTIVE_TOKEN, "empty frame of", 2);
    refuse(&pair, zeroes, sizeof(zeroes), GSS_S_DEFECTIVE_TOKEN, "zeroes",
	   sizeof(zeroes));
    refuse(&pair, ones, sizeof(ones), GSS_S_DEFECTIVE_TOKEN, "0xff",
	   sizeof(ones));
    /* framed for another mechanism, 1.3.6.1.5.5.2 */
    refuse(&pair, "\x60\x08\x06\x06\x2b\x06\x01\x05\x05\x02", 10,
	   GSS_S_DEFECTIVE_TOKEN, "another mechanism, octets", 10);
    test_truncated(&pair);

    pair_connect(&pair);
    check(1, "a good exchange still completes");
    pair_free(&pair);
    return check_done();
}
