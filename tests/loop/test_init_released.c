/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A credential that is released while the initiator waits for the acceptor,
 * and another one in the second call: the context goes on with the
 * credential cache that it began with.
 *
 * REQ: GL-02
 */

#include "gss_call.h"
#include "sec_test.h"

#define AHEAD 1200

/*
 * The first call, the credential released, and a second one with cred and the
 * acceptor's error.
 */
static void
test(struct gss_pair *pair, gss_cred_id_t cred, const char *what)
{
    gss_buffer_desc token, error, answer;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = call_init(pair, CALL_FLAGS, NULL, NULL, &token, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "first call");
    gss_release_buffer(&minor, &token);
    gss_release_cred(&minor, &pair->initiator_cred);
    pair->initiator_cred = cred;

    call_forge_error(pair, KRB5KRB_AP_ERR_SKEW, AHEAD, &error);
    major = call_init(pair, CALL_FLAGS, NULL, &error, &token, NULL, &minor);
    gss_release_buffer(&minor, &error);
    check(major == GSS_S_CONTINUE_NEEDED, "%s: retry: %08x/%d", what,
	  (unsigned)major, (int)minor);

    gsskrb5_set_time_offset(AHEAD);
    major = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    gsskrb5_set_time_offset(0);
    gss_release_buffer(&minor, &token);
    check(major == GSS_S_COMPLETE, "%s: the acceptor completes: %08x", what,
	  (unsigned)major);
    if (major != GSS_S_COMPLETE)
	return;
    major = call_init(pair, CALL_FLAGS, NULL, &answer, &token, NULL, &minor);
    gss_release_buffer(&minor, &answer);
    gss_release_buffer(&minor, &token);
    check(major == GSS_S_COMPLETE && call_both_work(pair),
	  "%s: the context works: %08x", what, (unsigned)major);
}

/*
 * A credential of another cache with the same ticket.
 */
static gss_cred_id_t
other_cred(struct gss_pair *pair, krb5_ccache *ccache)
{
    gss_cred_id_t cred;
    OM_uint32 major, minor;

    pair_krb5(pair, krb5_cc_resolve(pair->context, "MEMORY:other", ccache),
	      "krb5_cc_resolve");
    pair_krb5(pair, krb5_cc_copy_cache(pair->context, pair->ccache, *ccache),
	      "krb5_cc_copy_cache");
    major = gss_krb5_import_cred(&minor, *ccache, NULL, NULL, &cred);
    pair_gss(major, minor, "gss_krb5_import_cred");
    return cred;
}

/*
 * The offset of the clock is what a finished context leaves in its cache.
 */
static int
has_offset(struct gss_pair *pair, krb5_ccache ccache)
{
    krb5_principal server;
    krb5_error_code ret;
    krb5_data data;

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &server),
	      PAIR_SERVICE);
    ret = krb5_cc_get_config(pair->context, ccache, server, "time-offset",
			     &data);
    krb5_free_principal(pair->context, server);
    if (ret == 0)
	krb5_data_free(&data);
    return ret == 0;
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    krb5_ccache other;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    call_connect(&pair, CALL_FLAGS);
    check(call_both_work(&pair), "a good exchange works");
    test(&pair, other_cred(&pair, &other), "another credential");
    check(has_offset(&pair, pair.ccache) && !has_offset(&pair, other),
	  "the first credential's cache was used");
    krb5_cc_destroy(pair.context, other);
    pair_free(&pair);

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test(&pair, GSS_C_NO_CREDENTIAL, "no credential");
    pair_free(&pair);
    return check_done();
}
