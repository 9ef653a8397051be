/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Freshness tokens in a request: configuration, krbtgt keys, log.  The
 * token itself is token.c, what a verdict means policy.c.
 */

#include "kdc_locl.h"
#include "request.h"

#ifdef PKINIT

/* Reads the knobs; called once, when the KDC reads its configuration. */

void
_kdc_freshness_config(krb5_context context, krb5_kdc_configuration *config)
{
    config->pkinit_require_freshness =
	krb5_config_get_bool_default(context, NULL, FALSE, "kdc",
				     "pkinit_require_freshness", NULL);
    config->pkinit_freshness_draft_error =
	krb5_config_get_bool_default(context, NULL, FALSE, "kdc",
				     "pkinit_freshness_draft_error", NULL);
    config->pkinit_freshness_lifetime =
	krb5_config_get_time_default(context, NULL,
				     KDC_FRESHNESS_DEFAULT_LIFETIME, "kdc",
				     "pkinit_freshness_lifetime", NULL);
    if (config->pkinit_freshness_lifetime <= 0) {
	krb5_warnx(context, "[kdc] pkinit_freshness_lifetime must be a "
		   "positive time, using %d seconds",
		   KDC_FRESHNESS_DEFAULT_LIFETIME);
	config->pkinit_freshness_lifetime = KDC_FRESHNESS_DEFAULT_LIFETIME;
    }
}

/* Whether the client asked for a token (RFC 8070 2.1: an empty padata). */

static krb5_boolean
token_requested(kdc_request_t r)
{
    int i = 0;

    return r->config->enable_pkinit &&
	_kdc_find_padata(&r->req, &i, KRB5_PADATA_AS_FRESHNESS) != NULL;
}

/*
 * Finds krbtgt/REALM of the client's realm.  `kvno' is the key version
 * that a token names, 0 for the current one.  The request's own server
 * entry serves when it is that principal and that version; otherwise the
 * entry is fetched, and `owned' has to be freed with _kdc_free_ent().
 *
 * Returns 0 with `entry' (an alias into `r' or of `owned'), or what the
 * database says.
 */

static krb5_error_code
find_krbtgt(kdc_request_t r, krb5uint32 kvno,
	    hdb_entry_ex **owned, hdb_entry **entry)
{
    krb5_error_code ret;
    krb5_principal princ;
    krb5_const_realm realm;

    *owned = NULL;
    *entry = NULL;

    realm = krb5_principal_get_realm(r->context, r->client_princ);
    ret = krb5_make_principal(r->context, &princ, realm,
			      KRB5_TGS_NAME, realm, NULL);
    if (ret)
	return ret;

    if (r->server &&
	(kvno == 0 || (krb5uint32)r->server->entry.kvno == kvno) &&
	krb5_principal_compare(r->context, princ,
			       r->server->entry.principal)) {
	*entry = &r->server->entry;
    } else {
	ret = _kdc_db_fetch(r->context, r->config, princ, HDB_F_GET_KRBTGT,
			    kvno ? &kvno : NULL, NULL, owned);
	if (ret == 0)
	    *entry = &(*owned)->entry;
    }
    krb5_free_principal(r->context, princ);
    return ret;
}

/* The first current key that a token may rest on; an alias or NULL. */

static const krb5_keyblock *
minting_key(const hdb_entry *krbtgt)
{
    size_t i;

    for (i = 0; i < krbtgt->keys.len; i++) {
	const krb5_keyblock *key = &krbtgt->keys.val[i].key;

	if (_kdc_freshness_enctype_ok(key->keytype))
	    return key;
    }
    return NULL;
}

/*
 * Adds a new token to the METHOD-DATA `md' of an error (RFC 8070 2.2, 2.4).
 *
 * Returns 0, also when the realm has no key that a token may rest on: the
 * error is then sent without, which is what a KDC without the extension
 * does, and the log says why.  Otherwise an error of malloc or of the
 * crypto library.
 */

static krb5_error_code
add_token(kdc_request_t r, METHOD_DATA *md)
{
    krb5_error_code ret;
    hdb_entry_ex *owned = NULL;
    hdb_entry *krbtgt;
    const krb5_keyblock *key = NULL;
    krb5_data token;

    ret = find_krbtgt(r, 0, &owned, &krbtgt);
    if (ret) {
	kdc_log(r->context, r->config, 0,
		"krbtgt not found to make a PKINIT freshness token for %s: "
		"error %d", r->client_name, ret);
	return ret == ENOMEM ? ret : 0;
    }
    if (krbtgt->kvno != 0)
	key = minting_key(krbtgt);
    if (key == NULL) {
	kdc_log(r->context, r->config, 0,
		"No krbtgt key to make a PKINIT freshness token with for %s: "
		"give krbtgt an AES key with a key version", r->client_name);
	goto out;
    }

    ret = _kdc_freshness_mint(r->context, key, krbtgt->kvno, &_kdc_now,
			      &token);
    if (ret)
	goto out;
    ret = krb5_padata_add(r->context, md, KRB5_PADATA_AS_FRESHNESS,
			  token.data, token.length);
    if (ret)
	krb5_data_free(&token);

 out:
    if (owned)
	_kdc_free_ent(r->context, owned);
    return ret;
}

/*
 * Adds a token to the METHOD-DATA of KDC_ERR_PREAUTH_REQUIRED when the
 * client asked for one.  Returns 0 or an error as above.
 */

krb5_error_code
_kdc_freshness_offer(kdc_request_t r, METHOD_DATA *md)
{
    if (!token_requested(r))
	return 0;
    return add_token(r, md);
}

/* Looks up the key that the token names; an alias into `krbtgt' or NULL. */

static const krb5_keyblock *
token_key(krb5_context context, hdb_entry *krbtgt, krb5uint32 kvno,
	  krb5_enctype enctype)
{
    const Keys *keys;
    Key *key;

    keys = kvno == (krb5uint32)krbtgt->kvno ? &krbtgt->keys
	: hdb_kvno2keys(context, krbtgt, kvno);
    if (keys == NULL ||
	hdb_enctype2key(context, krbtgt, keys, enctype, &key) != 0)
	return NULL;
    return &key->key;
}

/*
 * Reaches a verdict on a token.  `age' is its age in seconds when it could
 * be opened.  An error is returned only when no verdict could be reached
 * (memory, database): the request then fails.
 */

static krb5_error_code
reach_verdict(kdc_request_t r, const krb5_data *token,
	      kdc_freshness_verdict *verdict, time_t *age)
{
    krb5_error_code ret;
    EncryptedData enc;
    hdb_entry_ex *owned = NULL;
    hdb_entry *krbtgt;
    const krb5_keyblock *key = NULL;
    krb5uint32 kvno;
    time_t minted;

    *age = 0;
    *verdict = KDC_FRESHNESS_MALFORMED;
    if (_kdc_freshness_parse(token, &enc) != 0)
	return 0;

    *verdict = KDC_FRESHNESS_UNKNOWN_KEY;
    /* signed on the wire, unsigned in the database: an RODC's is large */
    kvno = (krb5uint32)*enc.kvno;
    ret = kvno != 0 ? find_krbtgt(r, kvno, &owned, &krbtgt)
	: HDB_ERR_KVNO_NOT_FOUND;
    if (ret == HDB_ERR_NOENTRY || ret == HDB_ERR_KVNO_NOT_FOUND ||
	ret == HDB_ERR_NOT_FOUND_HERE || ret == HDB_ERR_NO_MKEY)
	ret = 0;
    else if (ret == 0)
	key = token_key(r->context, krbtgt, kvno, enc.etype);
    if (ret || key == NULL)
	goto out;

    *verdict = KDC_FRESHNESS_FORGED;
    ret = _kdc_freshness_open(r->context, key, &enc, &minted);
    if (ret == 0) {
	*age = kdc_time > minted ? kdc_time - minted : 0;
	*verdict = _kdc_freshness_judge(minted, kdc_time,
					r->config->pkinit_freshness_lifetime,
					r->context->max_skew);
    } else if (ret != ENOMEM)
	ret = 0;

 out:
    krb5_clear_error_message(r->context);
    free_EncryptedData(&enc);
    if (owned)
	_kdc_free_ent(r->context, owned);
    return ret;
}

/* One line for each PKINIT request, so that the log tells who is ready. */

static void
log_verdict(kdc_request_t r, kdc_freshness_verdict verdict, time_t age,
	    krb5_boolean is_signed)
{
    if (verdict == KDC_FRESHNESS_FRESH)
	kdc_log(r->context, r->config, 0,
		"PKINIT freshness token received from %s, %ld seconds old",
		r->client_name, (long)age);
    else if (verdict != KDC_FRESHNESS_NONE)
	kdc_log(r->context, r->config, 0,
		"PKINIT freshness token from %s refused: %s",
		r->client_name, _kdc_freshness_describe(verdict));
    else if (is_signed)
	kdc_log(r->context, r->config, 0,
		"no PKINIT freshness token received from %s%s",
		r->client_name, r->config->pkinit_require_freshness ?
		", one is required" : "");
}

/*
 * Judges the token of a PA-PK-AS-REQ that was found valid otherwise
 * (RFC 8070 2.4).  `token' is NULL when the request has none or is not
 * signed, `is_signed' tells it from anonymous PKINIT.
 *
 * Returns 0 to go on, KRB5KDC_ERR_PREAUTH_FAILED or
 * KRB5_KDC_ERR_PREAUTH_EXPIRED with a new token in r->error_padata, or
 * another error.
 */

krb5_error_code
_kdc_freshness_check(kdc_request_t r, const krb5_data *token,
		     krb5_boolean is_signed)
{
    struct kdc_freshness_policy policy;
    kdc_freshness_verdict verdict = KDC_FRESHNESS_NONE;
    krb5_error_code ret, ret2;
    time_t age = 0;

    policy.required = r->config->pkinit_require_freshness;
    policy.draft_error = r->config->pkinit_freshness_draft_error;

    if (token) {
	ret = reach_verdict(r, token, &verdict, &age);
	if (ret) {
	    kdc_log(r->context, r->config, 0,
		    "PKINIT freshness token from %s could not be judged: "
		    "error %d", r->client_name, ret);
	    return KRB5KRB_ERR_GENERIC;
	}
    }
    log_verdict(r, verdict, age, is_signed);

    ret = _kdc_freshness_decide(&policy, is_signed, verdict);
    if (ret == 0)
	return 0;

    r->e_text = verdict == KDC_FRESHNESS_NONE ?
	"PKINIT freshness token required" :
	"PKINIT freshness token not valid, try again with a new one";
    ret2 = add_token(r, &r->error_padata);
    return ret2 ? ret2 : ret;
}

#endif /* PKINIT */
