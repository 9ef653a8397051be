/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A MIC token that is shorter than its fields is GSS_S_DEFECTIVE_TOKEN, and
 * nothing behind it is read.
 */

#include "gss_call.h"
#include "sec_test.h"

/*
 * Behind frame, mechanism and token id a MIC token has so many octets that
 * mean something.
 */
static void
test(krb5_enctype enctype, size_t fields)
{
    gss_buffer_desc msg = { 7, "message" }, mic, in;
    struct gss_pair pair;
    OM_uint32 major, minor;
    unsigned char *p;
    size_t i, bad = 0;

    pair_init(&pair, enctype);
    call_connect(&pair, CALL_FLAGS);
    major = gss_get_mic(&minor, pair.initiator, 0, &msg, &mic);
    pair_gss(major, minor, "gss_get_mic");

    p = mic.value;
    for (i = 0; i < mic.length && p[i] != 0x06; i++)
	;
    p += i + 2 + GSS_KRB5_MECHANISM->length + 2;
    for (i = 0; i < fields; i++) {
	call_frame("\x01\x01", p, i, &in);
	major = gss_verify_mic(&minor, pair.acceptor, &msg, &in, NULL);
	if (major != GSS_S_DEFECTIVE_TOKEN && bad++ == 0)
	    printf("  %lu octets of fields: %08x\n", (unsigned long)i,
		   (unsigned)major);
	gss_release_buffer(&minor, &in);
    }
    check(bad == 0, "enctype %d: %lu truncations, %lu not "
	  "refused as defective", (int)enctype, (unsigned long)fields,
	  (unsigned long)bad);
    major = gss_verify_mic(&minor, pair.acceptor, &msg, &mic, NULL);
    check(major == GSS_S_COMPLETE, "enctype %d: the whole one is good: %08x",
	  (int)enctype, (unsigned)major);
    gss_release_buffer(&minor, &mic);
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    test(ETYPE_ARCFOUR_HMAC_MD5, 22);
    test(ETYPE_DES3_CBC_SHA1, 34);
    return check_done();
}
