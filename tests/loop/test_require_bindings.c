/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A credential that requires channel bindings, with krb5.conf saying nothing
 * of it.
 *
 * REQ: KI-16
 */

#include "pair_config.h"
#include "gss_pair.h"
#include "gss_call.h"
#include <gssapi/gssapi_spnego.h>
#include "sec_test.h"
#include "ap_req.h"

static gss_channel_bindings_t
bindings(gss_channel_bindings_t b)
{
    memset(b, 0, sizeof(*b));
    b->application_data.value = rk_UNCONST("channel");
    b->application_data.length = 7;
    return b;
}

/*
 * The acceptor's status after one exchange; ours and theirs: whether the
 * acceptor and the initiator have bindings.
 */
static OM_uint32
exchange(struct gss_pair *pair, gss_OID mech, gss_cred_id_t cred, int ours,
	 int theirs)
{
    struct gss_channel_bindings_struct a, i;
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out;
    OM_uint32 major = GSS_S_CONTINUE_NEEDED, minor;

    pair_disconnect(pair);
    while (major == GSS_S_CONTINUE_NEEDED) {
	major = gss_init_sec_context(
	    &minor, GSS_C_NO_CREDENTIAL, &pair->initiator, pair->target,
	    mech, CALL_FLAGS, 0,
	    theirs ? bindings(&i) : GSS_C_NO_CHANNEL_BINDINGS, &in, NULL,
	    &out, NULL, NULL);
	pair_gss(major, minor, "gss_init_sec_context");
	gss_release_buffer(&minor, &in);
	major = gss_accept_sec_context(
	    &minor, &pair->acceptor, cred, &out,
	    ours ? bindings(&a) : GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &in,
	    NULL, NULL, NULL);
	gss_release_buffer(&minor, &out);
    }
    gss_release_buffer(&minor, &in);
    return major;
}

static void
test_requires(struct gss_pair *pair, gss_OID mech, gss_cred_id_t cred,
	      OM_uint32 want, const char *what)
{
    OM_uint32 major;

    major = exchange(pair, mech, cred, 1, 0);
    check(major == want, "%s: the initiator has none: %08x", what,
	  (unsigned)major);
    major = exchange(pair, mech, cred, 1, 1);
    check(major == GSS_S_COMPLETE, "%s: both have them: %08x", what,
	  (unsigned)major);
    major = exchange(pair, mech, cred, 0, 0);
    check(major == GSS_S_COMPLETE, "%s: nobody has: %08x", what,
	  (unsigned)major);
    major = exchange(pair, mech, cred, 0, 1);
    check(major == GSS_S_COMPLETE, "%s: the acceptor has none: %08x", what,
	  (unsigned)major);
}

/*
 * An initiator whose clock is wrong is told, and sends another token, to a
 * call with the default credential: the first call's counts.
 */
static void
test_second_call(struct gss_pair *pair)
{
    struct gss_channel_bindings_struct b;
    gss_buffer_desc token, out;
    struct ap_req req;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    ap_req_init(&req);
    req.skew = 7200;
    ap_req_make(pair, &req, &token);
    major = gss_accept_sec_context(&minor, &pair->acceptor,
				   pair->acceptor_cred, &token, bindings(&b),
				   NULL, NULL, &out, NULL, NULL, NULL);
    check(major == GSS_S_CONTINUE_NEEDED, "clock skew: %08x",
	  (unsigned)major);
    gss_release_buffer(&minor, &token);
    gss_release_buffer(&minor, &out);
    req.skew = 0;
    ap_req_make(pair, &req, &token);
    major = gss_accept_sec_context(&minor, &pair->acceptor,
				   GSS_C_NO_CREDENTIAL, &token, bindings(&b),
				   NULL, NULL, &out, NULL, NULL, NULL);
    check(major == GSS_S_BAD_BINDINGS, "the next call has no credential: "
	  "%08x", (unsigned)major);
    gss_release_buffer(&minor, &token);
    gss_release_buffer(&minor, &out);
}

static OM_uint32
set_option(gss_cred_id_t *cred)
{
    gss_buffer_desc empty = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;

    return gss_set_cred_option(&minor, cred,
			       GSS_KRB5_CRED_REQUIRE_CHANNEL_BINDINGS_X,
			       &empty);
}

/*
 * Where it would do nothing, it is not taken.
 */
static void
test_no_credential(struct gss_pair *pair)
{
    gss_cred_id_t none = GSS_C_NO_CREDENTIAL;

    check(GSS_ERROR(set_option(&none)), "no credential");
    check(GSS_ERROR(set_option(&pair->initiator_cred)),
	  "an initiator's credential");
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    gss_cred_id_t other;
    OM_uint32 major, minor;

    setprogname(argv[0]);
    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    pair_write_config(PAIR_TWO_TOKENS);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, GSS_C_NO_OID_SET,
			     GSS_C_ACCEPT, &other, NULL, NULL);
    pair_gss(major, minor, "gss_acquire_cred");

    test_requires(&pair, GSS_KRB5_MECHANISM, pair.acceptor_cred,
		  GSS_S_COMPLETE, "before");
    check(set_option(&pair.acceptor_cred) == GSS_S_COMPLETE, "require them");
    test_requires(&pair, GSS_KRB5_MECHANISM, pair.acceptor_cred,
		  GSS_S_BAD_BINDINGS, "required");
    test_second_call(&pair);
    test_no_credential(&pair);

    test_requires(&pair, GSS_KRB5_MECHANISM, other, GSS_S_COMPLETE,
		  "another credential");
    test_requires(&pair, GSS_KRB5_MECHANISM, GSS_C_NO_CREDENTIAL,
		  GSS_S_COMPLETE, "the default");
    check(set_option(&other) == GSS_S_COMPLETE, "of all mechanisms");
    test_requires(&pair, GSS_KRB5_MECHANISM, other, GSS_S_BAD_BINDINGS,
		  "of all mechanisms");
    check(GSS_ERROR(exchange(&pair, GSS_SPNEGO_MECHANISM, other, 1, 0)),
	  "SPNEGO: the initiator has none");
    check(exchange(&pair, GSS_SPNEGO_MECHANISM, other, 1, 1) ==
	  GSS_S_COMPLETE, "SPNEGO: both have them");

    gss_release_cred(&minor, &other);
    pair_free(&pair);
    return check_done();
}
