/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The initiator's first call decides: other flags or channel bindings in a
 * later call change nothing, neither when the acceptor's clock makes it build
 * a second AP-REQ nor otherwise.
 *
 * REQ: GL-02
 */

#include "gss_call.h"
#include "sec_test.h"

#define AHEAD 1200

static struct gss_channel_bindings_struct mine = {
    GSS_C_AF_NULLADDR, { 0, NULL }, GSS_C_AF_NULLADDR, { 0, NULL },
    { 7, "channel" }
};

static struct gss_channel_bindings_struct others = {
    GSS_C_AF_NULLADDR, { 0, NULL }, GSS_C_AF_NULLADDR, { 0, NULL },
    { 7, "another" }
};

/*
 * First call with flags1 and cb1; the acceptor's clock is ahead; second call
 * with flags2 and cb2.  Returns the status of the second call, and its token
 * in out, which the caller frees.
 */
static OM_uint32
retry(struct gss_pair *pair, OM_uint32 flags1, gss_channel_bindings_t cb1,
      OM_uint32 flags2, gss_channel_bindings_t cb2, gss_buffer_t out)
{
    gss_buffer_desc token, error;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = call_init(pair, flags1, cb1, NULL, &token, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "first call");
    gss_release_buffer(&minor, &token);
    call_forge_error(pair, KRB5KRB_AP_ERR_SKEW, AHEAD, &error);
    major = call_init(pair, flags2, cb2, &error, out, NULL, &minor);
    gss_release_buffer(&minor, &error);
    return major;
}

/*
 * Let the acceptor, which wants these bindings, and the initiator finish.
 * Frees token.  Returns the acceptor's status.
 */
static OM_uint32
finish(struct gss_pair *pair, gss_channel_bindings_t cb, OM_uint32 flags,
       gss_buffer_t token, OM_uint32 *iflags, OM_uint32 *aflags)
{
    gss_buffer_desc answer, none;
    OM_uint32 major, imajor, minor;

    *iflags = *aflags = 0;
    gsskrb5_set_time_offset(AHEAD);
    major = call_accept(pair, cb, token, &answer, aflags, &minor);
    gsskrb5_set_time_offset(0);
    gss_release_buffer(&minor, token);
    if (major == GSS_S_COMPLETE && answer.length != 0) {
	imajor = call_init(pair, flags, NULL, &answer, &none, iflags, &minor);
	check(imajor == GSS_S_COMPLETE, "  the initiator completes: %08x",
	      (unsigned)imajor);
	gss_release_buffer(&minor, &none);
    }
    gss_release_buffer(&minor, &answer);
    return major;
}

static void
test_flags(struct gss_pair *pair)
{
    gss_buffer_desc token;
    OM_uint32 major, iflags, aflags;

    major = retry(pair, CALL_FLAGS, NULL, 0, NULL, &token);
    check(major == GSS_S_CONTINUE_NEEDED,
	  "retry without the mutual flag is still mutual: %08x",
	  (unsigned)major);
    major = finish(pair, NULL, 0, &token, &iflags, &aflags);
    check(major == GSS_S_COMPLETE, "the acceptor completes: %08x",
	  (unsigned)major);
    check((iflags & CALL_FLAGS) == CALL_FLAGS &&
	  (aflags & CALL_FLAGS) == CALL_FLAGS,
	  "and both have the flags of the first call: %x %x",
	  (unsigned)iflags, (unsigned)aflags);

    major = retry(pair, GSS_C_MUTUAL_FLAG, NULL, CALL_FLAGS, NULL, &token);
    call_want(major, GSS_S_CONTINUE_NEEDED, 0, "second call");
    major = finish(pair, NULL, CALL_FLAGS, &token, &iflags, &aflags);
    check(major == GSS_S_COMPLETE &&
	  (iflags & GSS_C_SEQUENCE_FLAG) == 0 &&
	  (aflags & GSS_C_SEQUENCE_FLAG) == 0,
	  "nor does the retry add flags: %x %x", (unsigned)iflags,
	  (unsigned)aflags);
}

static void
test_bindings(struct gss_pair *pair)
{
    gss_buffer_desc token;
    OM_uint32 major, i, a;

    major = retry(pair, CALL_FLAGS, &mine, CALL_FLAGS, &mine, &token);
    call_want(major, GSS_S_CONTINUE_NEEDED, 0, "second call");
    major = finish(pair, &mine, CALL_FLAGS, &token, &i, &a);
    check(major == GSS_S_COMPLETE, "retry with the same bindings: %08x",
	  (unsigned)major);

    major = retry(pair, CALL_FLAGS, &mine, CALL_FLAGS, NULL, &token);
    call_want(major, GSS_S_CONTINUE_NEEDED, 0, "second call");
    major = finish(pair, &others, CALL_FLAGS, &token, &i, &a);
    check(major == GSS_S_BAD_BINDINGS,
	  "retry without bindings is still bound: %08x", (unsigned)major);

    major = retry(pair, CALL_FLAGS, &mine, CALL_FLAGS, &others, &token);
    call_want(major, GSS_S_CONTINUE_NEEDED, 0, "second call");
    major = finish(pair, &others, CALL_FLAGS, &token, &i, &a);
    check(major == GSS_S_BAD_BINDINGS,
	  "retry with other bindings is bound to the first: %08x",
	  (unsigned)major);

    major = retry(pair, CALL_FLAGS, &mine, CALL_FLAGS, &others, &token);
    call_want(major, GSS_S_CONTINUE_NEEDED, 0, "second call");
    major = finish(pair, &mine, CALL_FLAGS, &token, &i, &a);
    check(major == GSS_S_COMPLETE, "and those are accepted: %08x",
	  (unsigned)major);
}

/*
 * The third token of DCE_STYLE depends on the first call alone.
 */
static void
test_dce(struct gss_pair *pair, OM_uint32 flags1, OM_uint32 flags2)
{
    gss_buffer_desc token, answer;
    OM_uint32 major, minor, junk;
    int dce = (flags1 & GSS_C_DCE_STYLE) != 0;

    pair_disconnect(pair);
    major = call_init(pair, flags1, NULL, NULL, &token, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "first call");
    major = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    pair_gss(major, minor, "gss_accept_sec_context");
    gss_release_buffer(&junk, &token);
    major = call_init(pair, flags2, NULL, &answer, &token, NULL, &minor);
    gss_release_buffer(&junk, &answer);
    check(major == GSS_S_COMPLETE && (token.length != 0) == dce,
	  "DCE_STYLE %s second call: %08x, token of %lu",
	  dce ? "not in the" : "only in the", (unsigned)major,
	  (unsigned long)token.length);
    gss_release_buffer(&junk, &token);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    call_connect(&pair, CALL_FLAGS);
    check(call_both_work(&pair), "a good exchange works");
    /* the others leave an offset in the credential cache */
    test_dce(&pair, CALL_FLAGS, CALL_FLAGS | GSS_C_DCE_STYLE);
    test_dce(&pair, CALL_FLAGS | GSS_C_DCE_STYLE, CALL_FLAGS);
    test_flags(&pair);
    test_bindings(&pair);
    pair_free(&pair);
    return check_done();
}
