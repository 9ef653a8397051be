/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * ret_flags of an acceptor: each bit of the flags of the checksum 0x8003 (RFC
 * 4121 4.1.1.1) by itself, both sides at GSS_S_COMPLETE, and what is said
 * before that.
 *
 * REQ: GL-24, GL-25
 */

#include "gss_pair.h"
#include "mech_call.h"
#include "ap_req.h"
#include "sec_test.h"

/* What may come from the wire: RFC 4121 4.1.1.1, RFC 4757 7.1. */
#define FROM_WIRE (GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG |	\
    GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG |	\
    GSS_C_DCE_STYLE | GSS_C_IDENTIFY_FLAG | GSS_C_EXTENDED_ERROR_FLAG)

/* What the library says of itself at GSS_S_COMPLETE. */
#define FROM_US (GSS_C_TRANS_FLAG | GSS_C_PROT_READY_FLAG)

/* What a client always asks for unless it is told not to. */
#define USUAL (GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)

static OM_uint32
initiate(struct gss_pair *pair, OM_uint32 req_flags, gss_buffer_t in,
	 gss_buffer_t out, OM_uint32 *ret_flags)
{
    OM_uint32 major, minor;

    major = gss_init_sec_context(&minor, pair->initiator_cred,
				 &pair->initiator, pair->target,
				 GSS_KRB5_MECHANISM, req_flags, 0,
				 GSS_C_NO_CHANNEL_BINDINGS, in, NULL, out,
				 ret_flags, NULL);
    pair_gss(major, minor, "gss_init_sec_context");
    return major;
}

static OM_uint32
take(struct gss_pair *pair, gss_buffer_t in, gss_buffer_t out,
       OM_uint32 *ret_flags)
{
    OM_uint32 major, minor;
    gss_cred_id_t deleg = GSS_C_NO_CREDENTIAL;

    major = gss_accept_sec_context(&minor, &pair->acceptor,
				   pair->acceptor_cred, in,
				   GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, out,
				   ret_flags, NULL, &deleg);
    pair_gss(major, minor, "gss_accept_sec_context");
    if (deleg)
	gss_release_cred(&minor, &deleg);
    return major;
}

static OM_uint32
inquire(gss_ctx_id_t ctx, int *xopen)
{
    OM_uint32 major, minor, flags = 0;

    major = gss_inquire_context(&minor, ctx, NULL, NULL, NULL, NULL, &flags,
				NULL, xopen);
    pair_gss(major, minor, "gss_inquire_context");
    return flags;
}

/*
 * One bit of the wire's flags, raw as DCE_STYLE has it.
 */
static void
test_bit(struct gss_pair *pair, unsigned bit)
{
    OM_uint32 wire = (OM_uint32)1 << bit;
    OM_uint32 major, minor, flags = 0, want;
    struct ap_req req;
    gss_buffer_desc token, out;

    ap_req_init(&req);
    req.flags = wire;
    req.options = 0;
    req.raw = (wire == GSS_C_DCE_STYLE);
    ap_req_make(pair, &req, &token);
    pair_disconnect(pair);
    major = take(pair, &token, &out, &flags);
    gss_release_buffer(&minor, &token);

    want = wire & FROM_WIRE;
    if (wire == GSS_C_DCE_STYLE) {
	/* half-way: the third token is to come, and mutual is implied */
	want |= GSS_C_MUTUAL_FLAG | GSS_C_TRANS_FLAG;
	check(major == GSS_S_CONTINUE_NEEDED && flags == want &&
	      out.length > 0, "bit %u: an AP-REP is sent, flags %08x", bit,
	      (unsigned)flags);
    } else {
	want |= FROM_US;
	check(major == GSS_S_COMPLETE && flags == want,
	      "bit %u: flags %08x", bit, (unsigned)flags);
    }
    gss_release_buffer(&minor, &out);
}

/*
 * Our own initiator: both sides tell the same when they are complete.
 */
static void
test_both(struct gss_pair *pair, OM_uint32 req_flags, const char *what)
{
    OM_uint32 i_major, a_major, minor, i_flags = 0, a_flags = 0;
    gss_buffer_desc i_token, a_token = GSS_C_EMPTY_BUFFER;
    int xopen = 1, dce = (req_flags & GSS_C_DCE_STYLE) != 0;

    pair_disconnect(pair);
    i_major = initiate(pair, req_flags, GSS_C_NO_BUFFER, &i_token, &i_flags);
    a_major = take(pair, &i_token, &a_token, &a_flags);
    gss_release_buffer(&minor, &i_token);
    if (dce) {
	check(a_major == GSS_S_CONTINUE_NEEDED &&
	      (a_flags & (GSS_C_PROT_READY_FLAG | GSS_C_DELEG_FLAG)) == 0,
	      "%s: not ready for messages before the end", what);
	(void)inquire(pair->acceptor, &xopen);
	check(!xopen, "%s: a half-open context is not open", what);
	check(gss_process_context_token(&minor, pair->acceptor, &a_token) ==
	      GSS_S_NO_CONTEXT, "%s: nor is there anything to delete", what);
    }
    if (i_major == GSS_S_CONTINUE_NEEDED) {
	i_major = initiate(pair, req_flags, &a_token, &i_token, &i_flags);
	gss_release_buffer(&minor, &a_token);
	if (dce)
	    a_major = take(pair, &i_token, &a_token, &a_flags);
	gss_release_buffer(&minor, &i_token);
    }
    gss_release_buffer(&minor, &a_token);
    check(i_major == GSS_S_COMPLETE && a_major == GSS_S_COMPLETE,
	  "%s: complete", what);
    check((a_flags & FROM_US) == FROM_US,
	  "%s: the acceptor is ready for messages (%08x)", what,
	  (unsigned)a_flags);
    /* the initiator says PROT_READY with a patch of its own */
    check((a_flags | GSS_C_PROT_READY_FLAG) ==
	  (i_flags | GSS_C_PROT_READY_FLAG),
	  "%s: the flags of both sides are equal (%08x, %08x)", what,
	  (unsigned)a_flags, (unsigned)i_flags);
    (void)inquire(pair->acceptor, &xopen);
    check(xopen, "%s: the context is open", what);
}

/*
 * The flag of a delegation that was not one is gone.  More: test_delegation.
 */
static void
test_no_delegation(struct gss_pair *pair)
{
    OM_uint32 minor, flags = 0;
    struct ap_req req;
    gss_buffer_desc token, out;

    ap_req_init(&req);
    req.flags |= GSS_C_DELEG_FLAG;
    ap_req_make(pair, &req, &token);
    pair_disconnect(pair);
    take(pair, &token, &out, &flags);
    check((flags & GSS_C_DELEG_FLAG) == 0,
	  "DELEG without a credential is not told");
    gss_release_buffer(&minor, &token);
    gss_release_buffer(&minor, &out);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    unsigned bit;

    setprogname(argv[0]);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    for (bit = 0; bit < 32; bit++)
	test_bit(&pair, bit);
    test_both(&pair, 0, "one token");
    test_both(&pair, GSS_C_REPLAY_FLAG | GSS_C_IDENTIFY_FLAG, "identify");
    test_both(&pair, GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG | USUAL,
	      "mutual");
    test_both(&pair, GSS_C_DCE_STYLE | GSS_C_EXTENDED_ERROR_FLAG,
	      "DCE_STYLE");
    test_no_delegation(&pair);
    pair_free(&pair);
    return check_done();
}
