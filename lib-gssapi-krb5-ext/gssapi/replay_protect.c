/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Replay protection of one AP-REQ: which policy is meant, and what it wants.
 *
 * The name of the service in an AP-REQ is in the clear, and fits every
 * principal with the same key.  So the policy is that of the principal that
 * the acceptor insists on; and without one the strictest of all principals in
 * its keytab that have the key.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"
#include "replay_cache.h"

/*
 * service is NULL where there are no policies for single ones.
 */
static void
add_policy(krb5_context context, krb5_const_principal service,
	   struct gsskrb5_ext_exchange *ext)
{
    struct replay_config config;
    const char *name = NULL;

    if (service != NULL)
	name = krb5_principal_get_comp_string(context, service, 0);
    _gsskrb5_ext_replay_config(context, name, &config);
    if (config.warning[0])
	_krb5_debug(context, 1, "gss acceptor: %s", config.warning);
    if (config.policy > ext->policy)	/* they are in that order */
	ext->policy = config.policy;
    ext->shared |= config.shared;
}

static int
is_same_key(const krb5_keyblock *a, const krb5_keyblock *b)
{
    return a->keytype == b->keytype &&
	a->keyvalue.length == b->keyvalue.length &&
	ct_memcmp(a->keyvalue.data, b->keyvalue.data,
		  a->keyvalue.length) == 0;
}

static krb5_error_code
add_policies_of_key(krb5_context context, krb5_keytab keytab,
		    const krb5_keyblock *key,
		    struct gsskrb5_ext_exchange *ext)
{
    krb5_keytab def = NULL;
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_error_code ret = 0;

    if (keytab == NULL) {
	ret = krb5_kt_default(context, &def);
	keytab = def;
    }
    if (ret == 0)
	ret = krb5_kt_start_seq_get(context, keytab, &cursor);
    if (ret == 0) {
	while ((ret = krb5_kt_next_entry(context, keytab, &entry,
					 &cursor)) == 0) {
	    if (is_same_key(&entry.keyblock, key))
		add_policy(context, entry.principal, ext);
	    krb5_kt_free_entry(context, &entry);
	}
	krb5_kt_end_seq_get(context, keytab, &cursor);
	if (ret == KRB5_KT_END)
	    ret = 0;
    }
    if (def)
	krb5_kt_close(context, def);
    return ret;
}

/**
 * An AP-REQ is good: find out which policy is meant for it.
 *
 * @param context a Kerberos 5 context
 * @param ctx the context
 * @param keytab the acceptor's keys, NULL for the default
 * @param server the principal that it insists on, or NULL
 * @param out of krb5_rd_req_ctx()
 */
void
_gsskrb5_ext_accept_policy(krb5_context context, gsskrb5_ctx ctx,
			   krb5_keytab keytab, krb5_const_principal server,
			   krb5_rd_req_out_ctx out)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    krb5_keyblock *key = NULL;
    krb5_error_code ret;

    if (ext->repeated)
	return;			/* it is that of the AP-REQ before */
    ext->policy = REPLAY_POLICY_OFF;
    ext->shared = 0;
    if (ext->user2user)
	server = ext->own.client;
    if (server != NULL) {
	add_policy(context, server, ext);
	return;
    }
    if (krb5_config_get_list(context, NULL, "gssapi", "acceptor",
			     NULL) == NULL) {
	add_policy(context, NULL, ext);	/* it is the same for all */
	return;
    }
    ret = _gsskrb5_ext_read_server(context, ext);
    if (ret == 0) {
	add_policy(context, ext->server, ext);
	ret = krb5_rd_req_out_get_keyblock(context, out, &key);
    }
    if (ret == 0)
	ret = add_policies_of_key(context, keytab, key, ext);
    if (ret)
	ext->policy = REPLAY_POLICY_REQUIRE;
    krb5_free_keyblock(context, key);
}

/*
 * Store the AP-REQ in the replay cache: 0, KRB5KRB_AP_ERR_REPEAT, or another
 * error when the cache is of no use.
 */
static krb5_error_code
store(krb5_context context, const AP_REQ *ap_req, const Authenticator *a,
      int *is_none)
{
    unsigned char tag[REPLAY_TAG_LENGTH];
    krb5_timestamp now;
    krb5_error_code ret;
    char *name = NULL;

    *is_none = 0;
    ret = _gsskrb5_ext_replay_tag(context, &ap_req->authenticator, tag);
    if (ret == 0)
	ret = _gsskrb5_ext_replay_cache_name(context, &name);
    if (ret == 0) {
	*is_none = _gsskrb5_ext_replay_cache_is_none(name);
	krb5_timeofday(context, &now);
	ret = _gsskrb5_ext_replay_cache_store(
	    context, name, tag, a->ctime, now,
	    krb5_get_max_time_skew(context));
    }
    free(name);
    return ret;
}

static void
log_cache_error(krb5_context context, krb5_error_code code)
{
    const char *text = krb5_get_error_message(context, code);

    _krb5_debug(context, 1, "gss acceptor: replay cache: %s", text);
    krb5_free_error_message(context, text);
}

/*
 * Do what the policy wants with an AP-REQ that is good otherwise, all but
 * asking for another one (D15).
 *
 * Returns REPLAY_ACCEPT, REPLAY_CHALLENGE or REPLAY_REFUSE; *code is
 * KRB5KRB_AP_ERR_REPEAT when it is a replay, and then asking for another one
 * is up to the caller.
 */
enum replay_verdict
_gsskrb5_ext_protect(krb5_context context, gsskrb5_ctx ctx,
		     const Authenticator *a, krb5_error_code *code)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;
    struct replay_case request;
    enum replay_verdict verdict;
    krb5_error_code kret;
    int is_none;

    *code = 0;
    memset(&request, 0, sizeof(request));
    request.offered = ext->offered;
    request.mutual = (ctx->flags & GSS_C_MUTUAL_FLAG) != 0;
    request.answered = ext->answered;
    request.shared = ext->shared;
    request.cache = REPLAY_CACHE_USABLE;
    verdict = _gsskrb5_ext_replay_decide(ext->policy, &request);
    if (verdict == REPLAY_STORE_ACCEPT || verdict == REPLAY_STORE_CHALLENGE) {
	kret = store(context, &ext->ap_req, a, &is_none);
	/* want of memory says nothing about the cache, nor the request */
	if (kret == KRB5KRB_AP_ERR_REPEAT || kret == ENOMEM) {
	    *code = kret;
	    return REPLAY_REFUSE;
	}
	if (kret)
	    log_cache_error(context, kret);
	if (kret || is_none) {
	    request.cache = kret ? REPLAY_CACHE_FAILED : REPLAY_CACHE_NONE;
	    verdict = _gsskrb5_ext_replay_decide(ext->policy, &request);
	} else
	    ext->cached = 1;
    }

    switch (verdict) {
    case REPLAY_ACCEPT:
    case REPLAY_STORE_ACCEPT:
	return REPLAY_ACCEPT;
    case REPLAY_CHALLENGE:
    case REPLAY_STORE_CHALLENGE:
	return REPLAY_CHALLENGE;
    default:
	krb5_set_error_message(context, KRB5KRB_ERR_GENERIC,
			       "[gssapi] replay_protection asks for a replay "
			       "cache, and there is none that can be used");
	*code = KRB5KRB_ERR_GENERIC;
	return REPLAY_REFUSE;
    }
}
