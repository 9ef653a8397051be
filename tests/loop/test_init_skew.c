/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What an initiator does with a KRB-ERROR that says that the clocks differ:
 * one retry with the acceptor's time, in this context only; the offset goes
 * into the credential cache when the acceptor has proved to be there.
 *
 * REQ: XT-94
 */

#include "pair_config.h"
#include "gss_call.h"
#include "sec_test.h"

#define NO_OFFSET INT32_MIN

/*
 * The offset that the credential cache has for the service.
 */
static int32_t
stored_offset(struct gss_pair *pair)
{
    krb5_principal server;
    krb5_error_code ret;
    krb5_data data;
    const unsigned char *p;
    int32_t offset;

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &server),
	      PAIR_SERVICE);
    ret = krb5_cc_get_config(pair->context, pair->ccache, server,
			     "time-offset", &data);
    krb5_free_principal(pair->context, server);
    if (ret)
	return NO_OFFSET;
    p = data.data;
    offset = (int32_t)((uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]);
    krb5_data_free(&data);
    return offset;
}

static int
near(int32_t offset, int32_t want)
{
    return offset >= want - 2 && offset <= want + 2;
}

/*
 * The acceptor's call, with its clock ahead by so many seconds.
 */
static OM_uint32
accept_ahead(struct gss_pair *pair, int ahead, gss_buffer_t in,
	     gss_buffer_t out, OM_uint32 *minor)
{
    OM_uint32 major;

    gsskrb5_set_time_offset(ahead);
    major = call_accept(pair, NULL, in, out, NULL, minor);
    gsskrb5_set_time_offset(0);
    return major;
}

/*
 * Feed a forged error to a waiting initiator.
 */
static OM_uint32
forged(struct gss_pair *pair, int32_t ahead, gss_buffer_t out,
       OM_uint32 *minor)
{
    gss_buffer_desc error;
    OM_uint32 major, junk;

    call_forge_error(pair, KRB5KRB_AP_ERR_SKEW, ahead, &error);
    major = call_init(pair, CALL_FLAGS, NULL, &error, out, NULL, minor);
    gss_release_buffer(&junk, &error);
    return major;
}

static void
start(struct gss_pair *pair, gss_buffer_t token)
{
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = call_init(pair, CALL_FLAGS, NULL, NULL, token, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "gss_init_sec_context");
}

static void
test_forged(struct gss_pair *pair)
{
    gss_buffer_desc token, answer;
    OM_uint32 major, minor, junk;
    int offset;

    start(pair, &token);
    gss_release_buffer(&junk, &token);
    major = forged(pair, 1200, &token, &minor);
    check(major == GSS_S_CONTINUE_NEEDED && token.length != 0,
	  "a forged error causes a retry: %08x", (unsigned)major);
    check(stored_offset(pair) == NO_OFFSET,
	  "and leaves nothing in the credential cache");
    major = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    gss_release_buffer(&junk, &token);
    gss_release_buffer(&junk, &answer);
    check(major == GSS_S_CONTINUE_NEEDED,
	  "the acceptor refuses the forger's time: %08x", (unsigned)major);

    major = forged(pair, 900, &token, &minor);
    check(major == GSS_S_FAILURE && token.length == 0 &&
	  minor == (OM_uint32)KRB5KRB_AP_ERR_SKEW,
	  "a second error causes no other: %08x/%d", (unsigned)major,
	  (int)minor);
    check(stored_offset(pair) == NO_OFFSET,
	  "nor does it change the credential cache");
    gsskrb5_get_time_offset(&offset);
    check(near(offset, 0), "the thread's clock is not changed: %d", offset);

    call_connect(pair, CALL_FLAGS);
    check(call_both_work(pair), "a good exchange works");
}

/*
 * At a time when the ticket is not valid no acceptor takes it.
 */
static void
test_implausible(struct gss_pair *pair, int32_t ahead)
{
    gss_buffer_desc token;
    OM_uint32 major, minor, junk;

    start(pair, &token);
    gss_release_buffer(&junk, &token);
    major = forged(pair, ahead, &token, &minor);
    check(major == GSS_S_FAILURE && token.length == 0 &&
	  minor == (OM_uint32)KRB5KRB_AP_ERR_SKEW,
	  "no retry with a clock that is off by %d: %08x/%d", (int)ahead,
	  (unsigned)major, (int)minor);
    check(stored_offset(pair) == NO_OFFSET,
	  "and nothing in the credential cache");
    gss_release_buffer(&junk, &token);
    call_connect(pair, CALL_FLAGS);
    check(call_both_work(pair), "a good exchange works");
}

/*
 * An acceptor whose clock is ahead, one error later; the next context begins
 * with its time.
 */
static void
test_genuine(struct gss_pair *pair, int ahead)
{
    gss_buffer_desc token, answer;
    OM_uint32 major, minor, junk;

    start(pair, &token);
    major = accept_ahead(pair, ahead, &token, &answer, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "acceptor's error");
    gss_release_buffer(&junk, &token);
    major = call_init(pair, CALL_FLAGS, NULL, &answer, &token, NULL, &minor);
    gss_release_buffer(&junk, &answer);
    check(major == GSS_S_CONTINUE_NEEDED, "acceptor %d s ahead: retry: %08x",
	  ahead, (unsigned)major);
    major = accept_ahead(pair, ahead, &token, &answer, &minor);
    gss_release_buffer(&junk, &token);
    check(major == GSS_S_COMPLETE, "which the acceptor takes: %08x/%d",
	  (unsigned)major, (int)minor);
    major = call_init(pair, CALL_FLAGS, NULL, &answer, &token, NULL, &minor);
    gss_release_buffer(&junk, &answer);
    gss_release_buffer(&junk, &token);
    check(major == GSS_S_COMPLETE && call_both_work(pair),
	  "the context is complete and works: %08x/%d", (unsigned)major,
	  (int)minor);
    check(near(stored_offset(pair), ahead), "the offset is stored: %d",
	  (int)stored_offset(pair));

    start(pair, &token);
    major = accept_ahead(pair, ahead, &token, &answer, &minor);
    gss_release_buffer(&junk, &token);
    gss_release_buffer(&junk, &answer);
    check(major == GSS_S_COMPLETE, "the next context needs no retry: %08x/%d",
	  (unsigned)major, (int)minor);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_write_config(PAIR_TWO_TOKENS);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_forged(&pair);
    test_implausible(&pair, 100000);
    test_implausible(&pair, -100000);
    test_genuine(&pair, 1200);
    /* its clock is right again, and what is stored is wrong */
    test_genuine(&pair, 0);
    pair_free(&pair);
    return check_done();
}
