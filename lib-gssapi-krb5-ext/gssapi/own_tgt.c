/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * An acceptor's own TGT, for user-to-user authentication: of its credential,
 * if that has a credential cache to accept with, or of the cache that
 * [gssapi] acceptor_ccache names.  Never of the default cache because there is
 * one: whoever can connect to a user's process would find the user there.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/*
 * A TGT that ends sooner is renewed, if it can be; seconds.  But not in the
 * first half of its life, as long as the next would be no better.
 */
#define RENEW_WITHIN 300

/*
 * The cache; *close says whether it is a handle of our own.
 */
static krb5_error_code
find_ccache(krb5_context context, const gsskrb5_cred cred,
	    krb5_ccache *ccache, int *close)
{
    const char *name;

    *close = 0;
    if (cred != NULL && cred->usage != GSS_C_INITIATE &&
	cred->ccache != NULL) {
	*ccache = cred->ccache;
	return 0;
    }
    name = krb5_config_get_string(context, NULL, "gssapi", "acceptor_ccache",
				  NULL);
    if (name == NULL) {
	krb5_set_error_message(context, GSSKRB5_EXT_ERR_NO_TGT,
			       N_("User-to-user authentication, and the "
				  "acceptor has no ticket-granting ticket",
				  ""));
	return GSSKRB5_EXT_ERR_NO_TGT;
    }
    *close = 1;
    return krb5_cc_resolve(context, name, ccache);
}

static int
is_due(const krb5_creds *tgt, krb5_timestamp now)
{
    time_t start = tgt->times.starttime;
    time_t left = tgt->times.endtime - now;

    if (start == 0)
	start = tgt->times.authtime;
    return left < RENEW_WITHIN && left < (tgt->times.endtime - start) / 2 &&
	tgt->flags.b.renewable && tgt->times.renew_till > tgt->times.endtime;
}

/*
 * Get a TGT that ends later, and put it in the place of the old one, in the
 * cache too: or each who connects, without a ticket, would cost a request.
 */
static void
renew(krb5_context context, krb5_ccache ccache, krb5_creds *tgt)
{
    krb5_creds later;

    if (krb5_get_renewed_creds(context, &later, tgt->client, ccache, NULL))
	return;			/* what there is has to do */
    if (krb5_cc_remove_cred(context, ccache, 0, tgt) == 0)
	(void)krb5_cc_store_cred(context, ccache, &later);
    krb5_free_cred_contents(context, tgt);
    *tgt = later;
}

static krb5_error_code
find_tgt(krb5_context context, krb5_ccache ccache, krb5_principal client,
	 krb5_creds *tgt)
{
    krb5_error_code ret;
    krb5_timestamp now;
    krb5_creds like;

    krb5_timeofday(context, &now);
    krb5_cc_clear_mcred(&like);
    ret = krb5_make_principal(context, &like.server, client->realm,
			      KRB5_TGS_NAME, client->realm, NULL);
    if (ret)
	return ret;
    like.client = client;	/* alias */
    like.times.endtime = now;
    ret = krb5_cc_retrieve_cred(context, ccache, KRB5_TC_MATCH_TIMES, &like,
				tgt);
    krb5_free_principal(context, like.server);
    if (ret)
	return GSSKRB5_EXT_ERR_NO_TGT;
    if (is_due(tgt, now))
	renew(context, ccache, tgt);
    return 0;
}

/*
 * Whether an acceptor with this credential is this client.  Nobody is
 * anonymous.
 */
static int
is_acceptor(krb5_context context, const gsskrb5_cred cred,
	    krb5_const_principal client)
{
    if (krb5_principal_is_anonymous(context, client,
				    KRB5_ANON_MATCH_ANY_NONT))
	return 0;
    return cred == NULL || cred->principal == NULL ||
	krb5_principal_compare(context, cred->principal, client);
}

static krb5_error_code
read_ccache(krb5_context context, const gsskrb5_cred cred, krb5_ccache ccache,
	    struct gsskrb5_ext_own_tgt *own)
{
    krb5_principal client = NULL;
    krb5_error_code ret;
    krb5_creds tgt;

    memset(&tgt, 0, sizeof(tgt));
    ret = krb5_cc_get_principal(context, ccache, &client);
    if (ret == 0 && !is_acceptor(context, cred, client))
	ret = GSSKRB5_EXT_ERR_NO_TGT;
    if (ret == 0)
	ret = find_tgt(context, ccache, client, &tgt);
    if (ret == 0)
	ret = decode_Ticket(tgt.ticket.data, tgt.ticket.length, &own->tgt,
			    NULL);
    if (ret == 0) {
	own->client = client;
	client = NULL;
	ret = krb5_copy_keyblock(context, &tgt.session, &own->session);
    }
    krb5_free_cred_contents(context, &tgt);
    krb5_free_principal(context, client);
    return ret;
}

/*
 * Have the acceptor's TGT in *own, which is empty: it stays so on failure.
 * Returns 0, GSSKRB5_EXT_ERR_NO_TGT if there is none that counts, or the error
 * of the cache.
 */
krb5_error_code
_gsskrb5_ext_read_own_tgt(krb5_context context, gsskrb5_cred cred,
			  struct gsskrb5_ext_own_tgt *own)
{
    krb5_ccache ccache = NULL;
    krb5_error_code ret;
    int close = 0;

    if (cred != NULL)
	HEIMDAL_MUTEX_lock(&cred->cred_id_mutex);
    ret = find_ccache(context, cred, &ccache, &close);
    if (ret == 0)
	ret = read_ccache(context, cred, ccache, own);
    if (cred != NULL)
	HEIMDAL_MUTEX_unlock(&cred->cred_id_mutex);
    if (close && ccache != NULL)
	krb5_cc_close(context, ccache);
    if (ret)
	_gsskrb5_ext_forget_own_tgt(context, own);
    return ret;
}

/*
 * Whether an acceptor that has a key for server is to use its TGT if it can:
 * [gssapi] acceptor/<service> prefer_user2user, or [gssapi] prefer_user2user.
 */
int
_gsskrb5_ext_prefers_own_tgt(krb5_context context,
			     krb5_const_principal server)
{
    const char *service = krb5_principal_get_comp_string(context, server, 0);
    krb5_boolean all;

    all = krb5_config_get_bool_default(context, NULL, FALSE, "gssapi",
				       "prefer_user2user", NULL);
    return krb5_config_get_bool_default(context, NULL, all, "gssapi",
					"acceptor", service ? service : "",
					"prefer_user2user", NULL);
}

/*
 * Forget it; there may be none.
 */
void
_gsskrb5_ext_forget_own_tgt(krb5_context context,
			    struct gsskrb5_ext_own_tgt *own)
{
    krb5_free_principal(context, own->client);
    krb5_free_keyblock(context, own->session);
    free_Ticket(&own->tgt);
    memset(own, 0, sizeof(*own));
}

/**
 * Whether a credential to accept with can be had by a password: its TGT is of
 * use if extra tokens are.
 *
 * @param context a Kerberos 5 context
 */
int
_gsskrb5_ext_accept_by_password(krb5_context context)
{
    return _gsskrb5_ext_enabled(context, 0);
}
