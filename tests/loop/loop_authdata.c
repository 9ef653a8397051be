/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Authorization data of the acceptor, as an application sets and reads it: an
 * example, too.  The OID is written out, as it is in loop_peer.c.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop_common.h"

/* GSS_KRB5_ACCEPTOR_AUTHZ_DATA_X */
#define OID "\x69\x82\x92\x94\xfa\xe6\xf8\xbf\xd2\xb6" \
	    "\xc7\x9a\xba\xd5\xcd\xd0\xdd\xdc\xa9\x42"
#define OID_LENGTH 20

/*
 * Have the credential send what hex says, DER of an AuthorizationData.
 * Returns 0 when it does not take it.
 */
int
loop_authdata_set(gss_cred_id_t *cred, const char *hex)
{
    gss_OID_desc oid = { OID_LENGTH, (void *)OID };
    gss_buffer_desc value;
    OM_uint32 major = GSS_S_FAILURE, minor;

    if (loop_hex(hex, &value))
	major = gss_set_cred_option(&minor, cred, &oid, &value);
    gss_frame_free(&value);
    return major == GSS_S_COMPLETE;
}

/*
 * The OID for a type: one arc more.
 */
static void
make_oid(gss_OID oid, unsigned char *octets, int32_t type)
{
    uint32_t arc = (uint32_t)type;
    int shift = 28;

    memcpy(octets, OID, OID_LENGTH);
    oid->elements = octets;
    oid->length = OID_LENGTH;
    while (shift > 0 && arc >> shift == 0)
	shift -= 7;
    for (; shift >= 0; shift -= 7)
	octets[oid->length++] = (unsigned char)
	    (((arc >> shift) & 0x7f) | (shift ? 0x80 : 0));
}

/*
 * Print the elements of a type in hexadecimal, "-" if there is none.
 */
void
loop_authdata_print(gss_ctx_id_t context, int32_t type)
{
    unsigned char octets[OID_LENGTH + 5], *p;
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    gss_OID_desc oid;
    OM_uint32 minor;
    size_t i, j;

    make_oid(&oid, octets, type);
    printf(" authdata=");
    if (context == GSS_C_NO_CONTEXT ||
	gss_inquire_sec_context_by_oid(&minor, context, &oid, &set) !=
	GSS_S_COMPLETE || set == GSS_C_NO_BUFFER_SET) {
	printf("-");
	return;
    }
    for (i = 0; i < set->count; i++) {
	p = set->elements[i].value;
	for (j = 0; j < set->elements[i].length; j++)
	    printf("%02x", p[j]);
	if (i + 1 < set->count)
	    printf(",");
    }
    (void)gss_release_buffer_set(&minor, &set);
}
