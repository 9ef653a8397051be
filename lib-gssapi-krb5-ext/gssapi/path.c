/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A service ticket by other realms, for a client whose ticket the service did
 * not take because of those it has come through.
 *
 *   client's realm A ---- B ---- D service's realm      refused: { B }
 *                    \--- C ---/                        another:  { C }
 *
 * The client cannot read what a ticket says about its path.  But each KDC puts
 * down the realm whose TGT it was shown, so the path is the issuers of the
 * TGTs that were used; we know those of the refused ticket from the credential
 * cache, and those of a new one because we ask for each of them ourselves.
 *
 * Ways to try, in this order: by each realm that the client's [capaths] names,
 * and where the KDCs refer us to.  A way that has all realms of the refused
 * one is not tried to its end: a service that does not take some of them does
 * not take more.  The cache is read, never written.
 */

#include "gsskrb5_locl.h"
#include "path.h"

struct search {
    krb5_ccache ccache;
    const krb5_creds *wanted;	/* client, server, enctype */
    krb5_const_realm from;	/* the client's realm */
    krb5_const_realm to;	/* the service's */
    unsigned int requests;	/* that may still be made */
};

/* Where we are on a way. */
struct walk {
    krb5_creds *tgt;		/* the last one; it is for: */
    const char *here;		/* alias into tgt */
    struct gsskrb5_ext_realms passed;
    int ok_as_delegate;		/* all TGTs were */
};

/**
 * Add a realm to a set.
 *
 * @param context a Kerberos 5 context
 * @param realms the set, which gets a copy
 * @param realm its name
 *
 * @return 0, ENOMEM, or KRB5_GET_IN_TKT_LOOP if it is there or if there are
 *         too many
 */
krb5_error_code
_gsskrb5_ext_add_realm(krb5_context context, struct gsskrb5_ext_realms *realms,
		    krb5_const_realm realm)
{
    size_t i;

    for (i = 0; i < realms->len; i++)
	if (strcmp(realms->val[i], realm) == 0)
	    return KRB5_GET_IN_TKT_LOOP;
    if (realms->len == GSSKRB5_EXT_MAX_REALMS)
	return KRB5_GET_IN_TKT_LOOP;
    realms->val[realms->len] = strdup(realm);
    if (realms->val[realms->len] == NULL)
	return krb5_enomem(context);
    realms->len++;
    return 0;
}

/**
 * Whether all realms of a set are in another.
 *
 * @param realms the set that may have them
 * @param of the realms
 */
int
_gsskrb5_ext_has_realms(const struct gsskrb5_ext_realms *realms,
		     const struct gsskrb5_ext_realms *of)
{
    size_t i, k;

    for (i = 0; i < of->len; i++) {
	for (k = 0; k < realms->len; k++)
	    if (strcmp(realms->val[k], of->val[i]) == 0)
		break;
	if (k == realms->len)
	    return 0;
    }
    return 1;
}

/**
 * Empty a set.
 *
 * @param realms the set
 */
void
_gsskrb5_ext_free_realms(struct gsskrb5_ext_realms *realms)
{
    while (realms->len > 0)
	free(realms->val[--realms->len]);
}

/*
 * Have a TGT for a realm out of the cache; issued by another, or by any (NULL)
 * in the way in which get_cred.c finds one.
 */
static krb5_error_code
find_tgt(krb5_context context, const struct search *s,
	 krb5_const_realm issuer, krb5_const_realm realm, krb5_creds **tgt)
{
    krb5_error_code ret;
    krb5_creds like, found;

    krb5_cc_clear_mcred(&like);
    ret = krb5_make_principal(context, &like.server,
			      issuer ? issuer : s->from, KRB5_TGS_NAME, realm,
			      NULL);
    if (ret)
	return ret;
    like.client = s->wanted->client;	/* alias */
    krb5_timeofday(context, &like.times.endtime);
    ret = krb5_cc_retrieve_cred(context, s->ccache, KRB5_TC_MATCH_TIMES |
				(issuer ? 0 : KRB5_TC_DONT_MATCH_REALM),
				&like, &found);
    krb5_free_principal(context, like.server);
    if (ret)
	return ret;
    ret = krb5_copy_creds(context, &found, tgt);
    krb5_free_cred_contents(context, &found);
    return ret;
}

/*
 * The TGT that everything begins with, in out->tgt.
 */
static krb5_error_code
find_start(krb5_context context, const struct search *s, struct walk *out)
{
    krb5_error_code ret;
    char *realm;
    krb5_data data;

    memset(out, 0, sizeof(*out));
    out->ok_as_delegate = 1;
    if (krb5_cc_get_config(context, s->ccache, NULL, "start_realm",
			   &data) == 0) {
	realm = strndup(data.data, data.length);
	krb5_data_free(&data);
    } else
	realm = strdup(s->from);
    if (realm == NULL)
	return krb5_enomem(context);
    ret = find_tgt(context, s, realm, realm, &out->tgt);
    free(realm);
    if (ret == 0)
	out->here = out->tgt->server->name.name_string.val[1];
    return ret;
}

static void
free_walk(krb5_context context, struct walk *walk)
{
    if (walk->tgt)
	krb5_free_creds(context, walk->tgt);
    walk->tgt = NULL;
    walk->here = NULL;
    _gsskrb5_ext_free_realms(&walk->passed);
}

/*
 * The realms that a ticket passed if it was got with the TGTs of the cache.
 * Not 0 if they do not lead to the client's realm; the path is of no use then.
 */
static krb5_error_code
read_path(krb5_context context, const struct search *s,
	  struct gsskrb5_ext_realms *path)
{
    char *realm = strdup(s->to);
    krb5_error_code ret = 0;
    krb5_creds *tgt;
    char *issuer;

    if (realm == NULL)
	return krb5_enomem(context);
    while (ret == 0 && strcmp(realm, s->from) != 0) {
	ret = find_tgt(context, s, NULL, realm, &tgt);
	if (ret)
	    break;
	issuer = strdup(tgt->server->realm);
	krb5_free_creds(context, tgt);
	if (issuer == NULL) {
	    ret = krb5_enomem(context);
	    break;
	}
	if (strcmp(issuer, realm) == 0) {
	    free(issuer);
	    break;			/* it is where the client began */
	}
	if (strcmp(issuer, s->from) != 0)
	    ret = _gsskrb5_ext_add_realm(context, path, issuer);
	free(realm);
	realm = issuer;
    }
    free(realm);
    return ret;
}

/*
 * One request to the KDC of the realm that tgt is for.
 */
static krb5_error_code
ask(krb5_context context, struct search *s, krb5_creds *tgt,
    krb5_principal server, krb5_enctype enctype, int refer, krb5_creds **out)
{
    krb5_error_code ret;
    krb5_kdc_flags flags;
    krb5_creds in;

    if (s->requests == 0)
	return KRB5_GET_IN_TKT_LOOP;
    s->requests--;
    flags.i = 0;
    flags.b.canonicalize = refer;
    memset(&in, 0, sizeof(in));
    in.client = s->wanted->client;	/* aliases */
    in.server = server;
    in.session.keytype = enctype;
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
	return krb5_enomem(context);
    ret = _krb5_get_cred_with_tgt(context, s->ccache, flags, &in, tgt, *out);
    if (ret) {
	krb5_free_creds(context, *out);
	*out = NULL;
    }
    return ret;
}

/*
 * Get a TGT that leads away from here: the one for goal, or the one that the
 * KDC would rather give; if goal is NULL, the one that it refers us to for the
 * service.
 */
static krb5_error_code
get_next(krb5_context context, struct search *s, const struct walk *walk,
	 krb5_const_realm goal, krb5_creds **next)
{
    krb5_principal server;
    krb5_error_code ret;

    if (goal != NULL) {
	if (find_tgt(context, s, walk->here, goal, next) == 0)
	    return 0;
	ret = krb5_make_principal(context, &server, walk->here,
				  KRB5_TGS_NAME, goal, NULL);
    } else {
	ret = krb5_copy_principal(context, s->wanted->server, &server);
	if (ret == 0) {
	    ret = krb5_principal_set_realm(context, server, walk->here);
	    if (ret)
		krb5_free_principal(context, server);
	}
    }
    if (ret)
	return ret;
    ret = ask(context, s, walk->tgt, server, ETYPE_NULL, goal == NULL, next);
    krb5_free_principal(context, server);
    if (ret == 0 && (!krb5_principal_is_krbtgt(context, (*next)->server) ||
		     strcmp((*next)->server->realm, walk->here) != 0)) {
	krb5_free_creds(context, *next);
	*next = NULL;
	ret = KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN;
    }
    return ret;
}

/*
 * Go to the realm that next is for.
 */
static krb5_error_code
go_on(krb5_context context, const struct search *s, struct walk *walk,
      krb5_creds *next)
{
    const char *there = next->server->name.name_string.val[1];
    krb5_error_code ret = 0;

    if (strcmp(there, s->from) == 0)
	ret = KRB5_GET_IN_TKT_LOOP;
    else if (strcmp(walk->here, s->from) != 0)
	ret = _gsskrb5_ext_add_realm(context, &walk->passed, walk->here);
    if (ret) {
	krb5_free_creds(context, next);
	return ret;
    }
    walk->ok_as_delegate &= next->flags.b.ok_as_delegate;
    krb5_free_creds(context, walk->tgt);
    walk->tgt = next;
    walk->here = there;
    return 0;
}

/*
 * Go from the client's realm to the service's: by via if it is not NULL, else
 * where the KDCs refer us to.
 */
static krb5_error_code
go(krb5_context context, struct search *s, krb5_const_realm via,
   struct walk *walk)
{
    krb5_error_code ret;
    krb5_creds *next;
    krb5_const_realm goal = via;

    ret = find_start(context, s, walk);
    while (ret == 0 && strcmp(walk->here, s->to) != 0) {
	if (via != NULL && strcmp(walk->here, via) == 0)
	    goal = s->to;
	ret = get_next(context, s, walk, goal, &next);
	if (ret == 0)
	    ret = go_on(context, s, walk, next);
    }
    if (ret)
	free_walk(context, walk);
    return ret;
}

/*
 * Get the ticket from the service's KDC: for that service, and no other.
 */
static krb5_error_code
get_service(krb5_context context, struct search *s, struct walk *walk,
	    krb5_creds **out)
{
    krb5_error_code ret;

    ret = ask(context, s, walk->tgt, s->wanted->server,
	      s->wanted->session.keytype, 0, out);
    if (ret)
	return ret;
    if (!krb5_principal_compare(context, (*out)->server, s->wanted->server)) {
	krb5_free_creds(context, *out);
	*out = NULL;
	return KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN;
    }
    if (!walk->ok_as_delegate)
	(*out)->flags.b.ok_as_delegate = 0;
    return 0;
}

static krb5_error_code
try_way(krb5_context context, struct search *s, krb5_const_realm via,
	const struct gsskrb5_ext_realms *refused, krb5_creds **out)
{
    krb5_error_code ret;
    struct walk walk;

    ret = go(context, s, via, &walk);
    if (ret == 0) {
	if (refused != NULL && _gsskrb5_ext_has_realms(&walk.passed, refused))
	    ret = KRB5KRB_AP_PATH_NOT_ACCEPTED;
	else
	    ret = get_service(context, s, &walk, out);
	free_walk(context, &walk);
    }
    _krb5_debug(context, 5, "another path to %s, by %s: %s", s->to,
		via ? via : "referrals", ret ? "no" : "yes");
    return ret;
}

/*
 * Each realm that the client's configuration names on the way, but one that
 * makes the way the refused one.
 */
static krb5_error_code
try_capaths(krb5_context context, struct search *s,
	    const struct gsskrb5_ext_realms *refused, krb5_creds **out)
{
    krb5_error_code ret = KRB5KRB_AP_PATH_NOT_ACCEPTED;
    char **hops, **via;

    hops = krb5_config_get_strings(context, NULL, "capaths", s->from, s->to,
				   NULL);
    for (via = hops; via && *via && ret && ret != ENOMEM; via++) {
	if (strcmp(*via, s->from) == 0 || strcmp(*via, s->to) == 0 ||
	    (refused != NULL && refused->len == 1 &&
	     strcmp(*via, refused->val[0]) == 0))
	    continue;
	ret = try_way(context, s, *via, refused, out);
    }
    krb5_config_free_strings(hops);
    return ret;
}

/**
 * Get a service ticket that has not come through all of the realms that the
 * one before has.
 *
 * At most GSSKRB5_EXT_MAX_REQUESTS requests to KDCs.  The policies of those on
 * the way hold as ever, and ok-as-delegate is taken away unless each TGT has
 * it.
 *
 * @param context a Kerberos 5 context
 * @param ccache where the client's TGTs are; nothing is stored
 * @param wanted client and server, as they are in the ticket before, and the
 *        enctype of its session key
 * @param out the ticket; free it with krb5_free_creds()
 *
 * @return 0; KRB5KRB_AP_PATH_NOT_ACCEPTED if there is no other way, or why the
 *         last one did not lead to a ticket
 */
krb5_error_code
_gsskrb5_ext_get_by_other_path(krb5_context context, krb5_ccache ccache,
		     const krb5_creds *wanted, krb5_creds **out)
{
    struct gsskrb5_ext_realms read, *refused = &read;
    krb5_error_code ret;
    krb5_deltat offset;
    struct walk usual;
    struct search s;

    *out = NULL;
    memset(&usual, 0, sizeof(usual));
    memset(&read, 0, sizeof(read));
    s.ccache = ccache;
    s.wanted = wanted;
    s.from = krb5_principal_get_realm(context, wanted->client);
    s.to = krb5_principal_get_realm(context, wanted->server);
    s.requests = GSSKRB5_EXT_MAX_REQUESTS;
    if (krb5_cc_get_kdc_offset(context, ccache, &offset) == 0) {
	krb5_set_kdc_sec_offset(context, offset, 0);	/* as ever */
    }

    /* TGTs of referrals are not stored: that way has to be gone again */
    if (read_path(context, &s, &read)) {
	ret = go(context, &s, NULL, &usual);
	refused = ret ? NULL : &usual.passed;
    }
    if (refused != NULL && refused->len == 0)
	ret = KRB5KRB_AP_PATH_NOT_ACCEPTED; /* there is no realm to avoid */
    else {
	ret = try_capaths(context, &s, refused, out);
	if (ret && ret != ENOMEM && refused == &read)
	    ret = try_way(context, &s, NULL, refused, out);
    }
    free_walk(context, &usual);
    _gsskrb5_ext_free_realms(&read);
    return ret;
}
