/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The third token of DCE style is of another exchange with the same ticket:
 * an error (GSS_ERROR()) and no context, and a good exchange works after it.
 */

/* REQ: GL-33 */

#include "gss_pair.h"
#include "sec_test.h"

#define FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE | GSS_C_INTEG_FLAG)

static OM_uint32
initiate(struct gss_pair *pair, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 minor;

    return gss_init_sec_context(&minor, pair->initiator_cred,
				&pair->initiator, pair->target,
				GSS_KRB5_MECHANISM, FLAGS, 0,
				GSS_C_NO_CHANNEL_BINDINGS, in, NULL, out,
				NULL, NULL);
}

/*
 * Up to the third token, which is put into third; the acceptor waits for it.
 */
static void
up_to_third(struct gss_pair *pair, gss_buffer_t third)
{
    gss_buffer_desc ap_req, ap_rep;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = initiate(pair, GSS_C_NO_BUFFER, &ap_req);
    pair_gss(major, 0, "gss_init_sec_context");
    major = pair_accept(pair, &ap_req, &ap_rep, &minor);
    pair_gss(major, minor, "gss_accept_sec_context");
    major = initiate(pair, &ap_rep, third);
    pair_gss(major, 0, "gss_init_sec_context");
    gss_release_buffer(&minor, &ap_req);
    gss_release_buffer(&minor, &ap_rep);
}

int
main(int argc, char **argv)
{
    gss_buffer_desc old, third, out;
    OM_uint32 major, minor;
    struct gss_pair pair;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    up_to_third(&pair, &old);
    up_to_third(&pair, &third);
    major = pair_accept(&pair, &old, &out, &minor);
    check(major == GSS_S_DEFECTIVE_TOKEN,
	  "the third token of another exchange: %08x", (unsigned)major);
    check(pair.acceptor == GSS_C_NO_CONTEXT, "there is no context");
    gss_release_buffer(&minor, &out);
    gss_release_buffer(&minor, &old);
    gss_release_buffer(&minor, &third);

    up_to_third(&pair, &third);
    major = pair_accept(&pair, &third, &out, &minor);
    check(major == GSS_S_COMPLETE, "its own: %08x", (unsigned)major);
    gss_release_buffer(&minor, &out);
    gss_release_buffer(&minor, &third);
    pair_free(&pair);
    return check_done();
}
