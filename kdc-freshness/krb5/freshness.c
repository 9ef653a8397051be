/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The client's half of PKINIT freshness.  What is sent when: freshness.h.
 * Nothing here does I/O; the hooks in init_creds_pw.c carry it out.
 */

#include "krb5_locl.h"
#include "freshness.h"

/* Reads [realms] REALM pkinit_freshness, else [libdefaults]. */

static krb5_error_code
read_mode(krb5_context context, krb5_const_realm realm,
	  enum krb5_freshness_mode *mode)
{
    const char *value;

    value = krb5_config_get_string(context, NULL, "realms", realm,
				   "pkinit_freshness", NULL);
    if (value == NULL)
	value = krb5_config_get_string_default(context, NULL, "auto",
					       "libdefaults",
					       "pkinit_freshness", NULL);
    if (strcmp(value, "auto") == 0)
	*mode = FRESHNESS_AUTO;
    else if (strcmp(value, "always") == 0)
	*mode = FRESHNESS_ALWAYS;
    else if (strcmp(value, "never") == 0)
	*mode = FRESHNESS_NEVER;
    else {
	krb5_set_error_message(context, KRB5_CONFIG_BADFORMAT,
			       N_("pkinit_freshness is \"%s\" in the "
				  "configuration of realm %s: it must be "
				  "auto, always or never", ""),
			       value, realm);
	return KRB5_CONFIG_BADFORMAT;
    }
    return 0;
}

/*
 * Adds to an AS-REQ what tells the KDC that a token is wanted: an empty
 * PA-AS-FRESHNESS, in each request of the exchange so that each error can
 * bring a new token.
 *
 * `anonymous' PKINIT (a request without certificate, not one for an
 * anonymous ticket) carries no signature, and the Windows 2000 variant of
 * PKINIT has no place for a token: both are sent as without the extension.
 *
 * Returns 0, KRB5_CONFIG_BADFORMAT for a wrong pkinit_freshness,
 * KRB5_PREAUTH_FAILED when a token is insisted on and the KDC gave none,
 * or ENOMEM.
 */

krb5_error_code
_krb5_freshness_add_padata(krb5_context context, struct krb5_freshness *f,
			   krb5_const_realm realm, krb5_boolean anonymous,
			   METHOD_DATA *md)
{
    krb5_error_code ret;

    if (f->mode == FRESHNESS_UNSET) {
	ret = read_mode(context, realm, &f->mode);
	if (ret)
	    return ret;
	if (anonymous ||
	    krb5_config_get_bool_default(context, NULL, FALSE, "realms",
					 realm, "pkinit_win2k", NULL))
	    f->mode = FRESHNESS_NEVER;
    }
    if (f->mode == FRESHNESS_NEVER)
	return 0;

    if (f->phase == FRESHNESS_SIGN && f->mode == FRESHNESS_ALWAYS &&
	f->token.length == 0) {
	krb5_set_error_message(context, KRB5_PREAUTH_FAILED,
			       N_("The KDC of realm %s gave no PKINIT "
				  "freshness token and pkinit_freshness is "
				  "\"always\": set it to \"auto\" to go on "
				  "without one", ""), realm);
	return KRB5_PREAUTH_FAILED;
    }
    return krb5_padata_add(context, md, KRB5_PADATA_AS_FRESHNESS, NULL, 0);
}

/* Whether the next request only asks, with no PA-PK-AS-REQ in it. */

krb5_boolean
_krb5_freshness_asking(const struct krb5_freshness *f)
{
    return f->phase == FRESHNESS_ASK && f->mode != FRESHNESS_UNSET &&
	f->mode != FRESHNESS_NEVER;
}

/* The token to sign, an alias into `f', or NULL. */

const krb5_data *
_krb5_freshness_token(const struct krb5_freshness *f)
{
    return f->token.length ? &f->token : NULL;
}

/*
 * Whether an AS-REP answers the request that only asked: the principal
 * needs no pre-authentication, and the reply is under a long-term key that
 * a PKINIT client need not have.  It is dropped unread, and the signed
 * request follows.
 */

krb5_boolean
_krb5_freshness_skip_reply(struct krb5_freshness *f)
{
    if (!_krb5_freshness_asking(f))
	return FALSE;
    f->phase = FRESHNESS_SIGN;
    return TRUE;
}

/*
 * Takes a token out of METHOD-DATA in the place of the one before.  FALSE,
 * and nothing changed, when there is none.
 */

static krb5_boolean
take_token(struct krb5_freshness *f, const METHOD_DATA *e_data)
{
    const PA_DATA *pa;
    krb5_data token;
    int idx = 0;

    pa = krb5_find_padata(e_data->val, e_data->len,
			  KRB5_PADATA_AS_FRESHNESS, &idx);
    if (pa == NULL || pa->padata_value.length == 0)
	return FALSE;
    /* opaque: any octets; a copy that fails is no token */
    if (krb5_data_copy(&token, pa->padata_value.data,
		       pa->padata_value.length) != 0)
	return FALSE;
    krb5_data_free(&f->token);
    f->token = token; /* stolen */
    return TRUE;
}

/*
 * Errors to the asking request after which the signed request may still
 * succeed: the KDC looked for a long-term key, or for padata that it
 * knows, and a client of PKINIT would not have been asked for either.
 */

static krb5_boolean
pkinit_may_avoid(krb5_error_code error)
{
    switch (error) {
    case KRB5KDC_ERR_NULL_KEY:
    case KRB5KDC_ERR_ETYPE_NOSUPP:
    case KRB5KDC_ERR_PADATA_TYPE_NOSUPP:
    case KRB5KDC_ERR_CLIENT_NOTYET:
    case KRB5KDC_ERR_PREAUTH_FAILED:
	return TRUE;
    default:
	return FALSE;
    }
}

/* One more exchange, if there were not too many. */

static krb5_boolean
restart(krb5_context context, struct krb5_freshness *f)
{
    if (f->restarts >= FRESHNESS_MAX_RESTARTS) {
	_krb5_debug(context, 5, "PKINIT freshness: the KDC refused %u "
		    "tokens of its own, giving up", f->restarts + 1);
	f->gave_up = TRUE;
	return FALSE;
    }
    f->restarts++;
    return TRUE;
}

/*
 * Decides what an error from the KDC means for freshness.  `e_data' is what
 * the error carries, of an exchange with FAST armor only what was armored;
 * it may be empty.  Without armor an error is not authenticated: the harm
 * that a forged one can do is a request that is signed with a wrong token
 * or none, and a bounded number of repetitions.
 *
 * Returns TRUE when the next request is to be built again as if nothing
 * had been tried; FALSE when the error goes its usual way.
 */

krb5_boolean
_krb5_freshness_retry(krb5_context context, struct krb5_freshness *f,
		      krb5_error_code error, const METHOD_DATA *e_data)
{
    if (f->mode == FRESHNESS_UNSET || f->mode == FRESHNESS_NEVER)
	return FALSE;

    if (f->phase == FRESHNESS_ASK) {
	if (error == KRB5KDC_ERR_PREAUTH_REQUIRED) {
	    krb5_boolean given = take_token(f, e_data);

	    f->phase = FRESHNESS_SIGN;
	    _krb5_debug(context, 5, "PKINIT freshness: the KDC gave %s token",
			given ? "a" : "no");
	    /* METHOD-DATA is read as always; without any, sign at once */
	    return e_data->len == 0;
	}
	if (!pkinit_may_avoid(error))
	    return FALSE;
	f->phase = FRESHNESS_SIGN;
	return TRUE;
    }

    switch (error) {
    case KRB5_KDC_ERR_PREAUTH_EXPIRED:
	if (!restart(context, f))
	    return FALSE;
	if (!take_token(f, e_data)) {
	    krb5_data_free(&f->token);
	    f->phase = FRESHNESS_ASK;
	}
	return TRUE;
    case KRB5KDC_ERR_PREAUTH_FAILED:
	/* the draft's code for a token that is not valid, and the answer
	   to a missing one: ours to handle only if a token came with it */
	return take_token(f, e_data) && restart(context, f);
    default:
	return FALSE;
    }
}

/*
 * Whether the error just seen is the KDC's refusal of its own token once
 * too often: it then ends the exchange, and is not a reason to try without
 * FAST, which KDC_ERR_PREAUTH_FAILED otherwise is.
 */

krb5_boolean
_krb5_freshness_gave_up(const struct krb5_freshness *f)
{
    return f->gave_up;
}

/* Forgets the exchange: another realm, or the end of the context. */

void
_krb5_freshness_reset(struct krb5_freshness *f)
{
    krb5_data_free(&f->token);
    memset(f, 0, sizeof(*f));
}
