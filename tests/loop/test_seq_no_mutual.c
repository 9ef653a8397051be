/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The order of messages, in both directions, with and without mutual
 * authentication: the first message is in order, a repeated one and one that
 * was left out are detected.  Without an AP-REP the acceptor numbers its
 * messages from the initiator's number.
 */

#include "gss_call.h"
#include "sec_test.h"

static gss_buffer_desc msg = { 7, "message" };

static void
mic(gss_ctx_id_t from, gss_buffer_t token)
{
    OM_uint32 major, minor;

    major = gss_get_mic(&minor, from, 0, &msg, token);
    pair_gss(major, minor, "gss_get_mic");
}

static void
verify(gss_ctx_id_t to, gss_buffer_t token, OM_uint32 want, const char *dir,
       const char *what)
{
    OM_uint32 major, minor;

    major = gss_verify_mic(&minor, to, &msg, token, NULL);
    check(major == want, "  %s, %s: %08x, want %08x", dir, what,
	  (unsigned)major, (unsigned)want);
}

/*
 * Messages 0 to 5: 0, 1, 1 again, 3, 2, and 4 wrapped.
 */
static void
direction(gss_ctx_id_t from, gss_ctx_id_t to, OM_uint32 flags,
	  const char *dir)
{
    int seq = (flags & GSS_C_SEQUENCE_FLAG) != 0;
    int replay = seq || (flags & GSS_C_REPLAY_FLAG) != 0;
    gss_buffer_desc m[4], token, plain;
    OM_uint32 major, minor;
    size_t i;

    for (i = 0; i < 4; i++)
	mic(from, &m[i]);
    major = gss_wrap(&minor, from, 1, 0, &msg, NULL, &token);
    pair_gss(major, minor, "gss_wrap");

    verify(to, &m[0], GSS_S_COMPLETE, dir, "the first message");
    verify(to, &m[1], GSS_S_COMPLETE, dir, "the second");
    verify(to, &m[1], replay ? GSS_S_DUPLICATE_TOKEN : GSS_S_COMPLETE, dir,
	   "the second again");
    verify(to, &m[3], seq ? GSS_S_GAP_TOKEN : GSS_S_COMPLETE, dir,
	   "one left out");
    verify(to, &m[2], seq ? GSS_S_UNSEQ_TOKEN : GSS_S_COMPLETE, dir,
	   "which comes late");
    major = gss_unwrap(&minor, to, &token, &plain, NULL, NULL);
    check(major == GSS_S_COMPLETE, "  %s, a wrapped one: %08x", dir,
	  (unsigned)major);
    gss_release_buffer(&minor, &plain);
    gss_release_buffer(&minor, &token);
    for (i = 0; i < 4; i++)
	gss_release_buffer(&minor, &m[i]);
}

static void
test(struct gss_pair *pair, OM_uint32 flags, const char *what)
{
    printf("%s\n", what);
    call_connect(pair, flags);
    direction(pair->initiator, pair->acceptor, flags, "to the acceptor");
    direction(pair->acceptor, pair->initiator, flags, "to the initiator");
    /* the other way round */
    call_connect(pair, flags);
    direction(pair->acceptor, pair->initiator, flags, "to the initiator");
    direction(pair->initiator, pair->acceptor, flags, "to the acceptor");
}

static void
test_enctype(krb5_enctype enctype)
{
    const OM_uint32 m = GSS_C_MUTUAL_FLAG, r = GSS_C_REPLAY_FLAG;
    const OM_uint32 s = GSS_C_SEQUENCE_FLAG;
    struct gss_pair pair;

    printf("enctype %d\n", (int)enctype);
    pair_init(&pair, enctype);
    test(&pair, r | s, "sequence and replay");
    test(&pair, s, "sequence");
    test(&pair, r, "replay");
    test(&pair, 0, "neither");
    test(&pair, m | r | s, "mutual, sequence and replay");
    /* DES3 without padding wraps whole blocks only */
    if (enctype != ETYPE_DES3_CBC_SHA1)
	test(&pair, m | r | s | GSS_C_DCE_STYLE,
	     "mutual, sequence and replay, DCE_STYLE");
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    test_enctype(ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_enctype(ETYPE_ARCFOUR_HMAC_MD5);
    test_enctype(ETYPE_DES3_CBC_SHA1);
    return check_done();
}
