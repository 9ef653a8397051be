/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * GSS_C_DELEG_FLAG is told by the side that has delegated, or was delegated
 * to, and by no other.  There is no KDC: the credential that is delegated and
 * the cache it goes to are this program's.
 *
 * REQ: GL-24
 */

#include "gss_pair.h"
#include "sec_test.h"

static size_t forwarded_length;
static char forwarded[0x20000];

/*
 * In the place of libkrb5's: forwarded_length octets that are no KRB-CRED.
 */
krb5_error_code KRB5_LIB_CALL
krb5_get_forwarded_creds(krb5_context context, krb5_auth_context auth_context,
			 krb5_ccache ccache, krb5_flags flags,
			 const char *hostname, krb5_creds *in_creds,
			 krb5_data *out_data)
{
    return krb5_data_copy(out_data, forwarded, forwarded_length);
}

/*
 * In the place of libkrb5's: the acceptor has no cache for the credential.
 */
krb5_error_code KRB5_LIB_CALL
krb5_cc_new_unique(krb5_context context, const char *type, const char *hint,
		   krb5_ccache *id)
{
    return KRB5_CC_NOSUPP;
}

struct side {
    OM_uint32 major, minor, flags;
    gss_buffer_desc token;
};

static void
initiate(struct gss_pair *pair, OM_uint32 req_flags, gss_buffer_t in,
	 struct side *i)
{
    i->flags = 0;
    i->major = gss_init_sec_context(&i->minor, pair->initiator_cred,
				    &pair->initiator, pair->target,
				    GSS_KRB5_MECHANISM, req_flags, 0,
				    GSS_C_NO_CHANNEL_BINDINGS, in, NULL,
				    &i->token, &i->flags, NULL);
    pair_gss(i->major, i->minor, "gss_init_sec_context");
}

static void
take(struct gss_pair *pair, gss_buffer_t in, struct side *a)
{
    gss_cred_id_t deleg = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor;

    a->flags = 0;
    a->major = gss_accept_sec_context(&a->minor, &pair->acceptor,
				      pair->acceptor_cred, in,
				      GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
				      &a->token, &a->flags, NULL, &deleg);
    if (deleg)
	gss_release_cred(&minor, &deleg);
}

/*
 * What the initiator tells of a credential of so many octets, and that the
 * acceptor gets along with it.
 */
static void
test_length(struct gss_pair *pair, size_t length, int delegated)
{
    struct side i, a;
    OM_uint32 minor;

    pair_disconnect(pair);
    forwarded_length = length;
    initiate(pair, GSS_C_DELEG_FLAG, GSS_C_NO_BUFFER, &i);
    check(((i.flags & GSS_C_DELEG_FLAG) != 0) == delegated &&
	  (i.token.length > length) == (delegated || length == 0),
	  "%lu octets: %s delegated", (unsigned long)length,
	  delegated ? "are" : "are not");
    take(pair, &i.token, &a);
    check(a.major == GSS_S_COMPLETE && (a.flags & GSS_C_DELEG_FLAG) == 0,
	  "%lu octets: the acceptor has no cache for it and is complete "
	  "without (%08x)", (unsigned long)length, (unsigned)a.major);
    gss_release_buffer(&minor, &i.token);
    gss_release_buffer(&minor, &a.token);
}

/*
 * The flag of a delegation that comes to nothing on the third token.
 */
static void
test_dce(struct gss_pair *pair)
{
    struct side i, a;
    OM_uint32 minor;

    pair_disconnect(pair);
    forwarded_length = 100;
    initiate(pair, GSS_C_DELEG_FLAG | GSS_C_DCE_STYLE, GSS_C_NO_BUFFER, &i);
    take(pair, &i.token, &a);
    gss_release_buffer(&minor, &i.token);
    check(a.major == GSS_S_CONTINUE_NEEDED &&
	  (a.flags & GSS_C_DELEG_FLAG) == 0,
	  "DCE_STYLE, first call: delegation is not told yet");
    initiate(pair, GSS_C_DELEG_FLAG | GSS_C_DCE_STYLE, &a.token, &i);
    gss_release_buffer(&minor, &a.token);
    take(pair, &i.token, &a);
    gss_release_buffer(&minor, &i.token);
    gss_release_buffer(&minor, &a.token);
    check(a.major == GSS_S_COMPLETE && (a.flags & GSS_C_DELEG_FLAG) == 0,
	  "DCE_STYLE, second call: what came to nothing is not told");
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    setprogname(argv[0]);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_length(&pair, 0, 0);
    test_length(&pair, 1, 1);
    test_length(&pair, 0xffff, 1);
    test_length(&pair, 0x10000, 0);
    test_length(&pair, 0x10010, 0);
    test_dce(&pair);
    pair_free(&pair);
    return check_done();
}
