/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Every octet of a message token is one that the library has put there: with
 * DES3 keys a MIC ends in two that it never wrote, so that memory went out.
 * They are still there, for what unpatched peers expect, and are zero.
 */

#include <malloc.h>

#include "gss_pair.h"
#include "sec_test.h"

#define DES3_MIC_LENGTH (13 + 36)	/* RFC 2743 3.1 header, then the MIC */
#define FILL 0x5a

static void
get_mic(struct gss_pair *pair, gss_buffer_t msg, gss_buffer_t mic)
{
    OM_uint32 major, minor;

    /* memory that malloc() hands out has this in it, inverted */
    if (mallopt(M_PERTURB, FILL) != 1) {
	printf("malloc() is not the C library's\n");
	exit(77);
    }
    major = gss_get_mic(&minor, pair->initiator, 0, msg, mic);
    mallopt(M_PERTURB, 0);
    pair_gss(major, minor, "gss_get_mic");
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    gss_buffer_desc msg, mic;
    OM_uint32 major, minor;
    unsigned char *p;
    size_t i, bad = 0;

    msg.value = rk_UNCONST("message");
    msg.length = 7;
    pair_init(&pair, ETYPE_DES3_CBC_SHA1);
    pair_connect(&pair);

    get_mic(&pair, &msg, &mic);
    p = mic.value;
    check(mic.length >= DES3_MIC_LENGTH, "a MIC of %lu octets",
	  (unsigned long)mic.length);
    for (i = DES3_MIC_LENGTH; i < mic.length; i++)
	bad += p[i] != 0;
    check(bad == 0, "%lu octets behind the MIC, %lu of them not zero",
	  (unsigned long)(mic.length - DES3_MIC_LENGTH), (unsigned long)bad);
    major = gss_verify_mic(&minor, pair.acceptor, &msg, &mic, NULL);
    check(major == GSS_S_COMPLETE, "it verifies: %08x", (unsigned)major);
    gss_release_buffer(&minor, &mic);

    /* as a peer without them sends it */
    get_mic(&pair, &msg, &mic);
    p = mic.value;
    mic.length = DES3_MIC_LENGTH;
    p[1] = mic.length - 2;
    major = gss_verify_mic(&minor, pair.acceptor, &msg, &mic, NULL);
    check(major == GSS_S_COMPLETE, "and without them: %08x", (unsigned)major);
    gss_release_buffer(&minor, &mic);

    pair_free(&pair);
    return check_done();
}
