/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * PKINIT freshness (RFC 8070), the client's half: what the hooks in
 * init_creds_pw.c see.
 *
 * With PKINIT configured the first AS-REQ asks for a token (an empty
 * PA-AS-FRESHNESS, no PA-PK-AS-REQ); the KDC's answer decides what the
 * signed request carries:
 *
 *   KDC_ERR_PREAUTH_REQUIRED with a token      sign it
 *   the same without, or an AS-REP or an error
 *   that PKINIT could avoid                    sign without a token
 *
 * and a signed request that is refused with a new token is repeated with
 * that token, at most FRESHNESS_MAX_RESTARTS times.
 *
 * The state belongs to one krb5_init_creds_context: a token is never kept
 * for another exchange or taken to another realm.
 */

#ifndef KRB5_FRESHNESS_H
#define KRB5_FRESHNESS_H 1

#define FRESHNESS_MAX_RESTARTS 2

enum krb5_freshness_mode {
    FRESHNESS_UNSET = 0,	/* the configuration was not read yet */
    FRESHNESS_AUTO,		/* ask, go on without when none is given */
    FRESHNESS_ALWAYS,		/* ask, fail when none is given */
    FRESHNESS_NEVER		/* as without the extension */
};

enum krb5_freshness_phase {
    FRESHNESS_ASK = 0,		/* next: the request for a token */
    FRESHNESS_SIGN		/* next: the PA-PK-AS-REQ */
};

struct krb5_freshness {
    enum krb5_freshness_mode mode;
    enum krb5_freshness_phase phase;
    krb5_data token;		/* owner; what the KDC gave last */
    unsigned restarts;
    krb5_boolean gave_up;	/* ... they were too many */
};

krb5_error_code
_krb5_freshness_add_padata(krb5_context context, struct krb5_freshness *f,
			   krb5_const_realm realm, krb5_boolean anonymous,
			   METHOD_DATA *md);

krb5_boolean
_krb5_freshness_asking(const struct krb5_freshness *f);

const krb5_data *
_krb5_freshness_token(const struct krb5_freshness *f);

krb5_boolean
_krb5_freshness_skip_reply(struct krb5_freshness *f);

krb5_boolean
_krb5_freshness_retry(krb5_context context, struct krb5_freshness *f,
		      krb5_error_code error, const METHOD_DATA *e_data);

krb5_boolean
_krb5_freshness_gave_up(const struct krb5_freshness *f);

void
_krb5_freshness_reset(struct krb5_freshness *f);

#endif /* KRB5_FRESHNESS_H */
