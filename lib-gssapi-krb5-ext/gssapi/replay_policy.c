/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See replay_policy.h.
 */

#include <config.h>
#include <roken.h>
#include <krb5.h>

#include "replay_policy.h"

static const struct rule {
    const char *name;
    unsigned int challenges : 1; /* an initiator that offers it */
    unsigned int caches : 1;	/* what it does not challenge */
    unsigned int insists : 1;	/* on the cache, where it is to be used */
} rules[REPLAY_POLICIES] = {
    { "off", 0, 0, 0 },
    { "challenge", 1, 0, 0 },
    { "cache", 0, 1, 1 },
    { "auto", 1, 1, 0 },
    { "require", 1, 1, 1 }
};

/**
 * The policy that a word of the configuration names, in either case.
 *
 * @param text the word, NULL if there is none
 * @param policy what it names: "off" if there is none, and "require" for an
 *        unknown one, so that a slip of the pen does not turn protection off
 *
 * @return 1 if the word is known or absent, 0 for an unknown one
 */
int
_gsskrb5_ext_replay_parse_policy(const char *text, enum replay_policy *policy)
{
    int i;

    if (text == NULL) {
	*policy = REPLAY_POLICY_OFF;
	return 1;
    }
    for (i = 0; i < REPLAY_POLICIES; i++) {
	if (strcasecmp(text, rules[i].name) == 0) {
	    *policy = (enum replay_policy)i;
	    return 1;
	}
    }
    *policy = REPLAY_POLICY_REQUIRE;
    return 0;
}

/**
 * The word for a policy.
 *
 * @param policy the policy
 *
 * @return the word; not to be freed
 */
const char *
_gsskrb5_ext_replay_policy_name(enum replay_policy policy)
{
    return rules[policy].name;
}

/*
 * Whether the AP-REQ is answered with a challenge.  An initiator that offers
 * it without mutual authentication waits for one whatever the policy: it
 * cannot know whether there will be an answer otherwise.
 */
static int
is_challenged(const struct rule *rule, const struct replay_case *ap_req)
{
    if (ap_req->answered || !ap_req->offered)
	return 0;
    return rule->challenges || !ap_req->mutual;
}

/*
 * Whether the tag of the AP-REQ belongs into the cache.  Where a challenge
 * protects, it does not (and must not: section 6 of the draft on extra
 * tokens), unless another acceptor with the same keys would take the AP-REQ,
 * challenge or not.
 */
static int
is_stored(const struct rule *rule, const struct replay_case *ap_req,
	  int challenged)
{
    if (!rule->challenges && !rule->caches)
	return 0;
    if (ap_req->answered)
	return ap_req->shared;
    if (challenged && rule->challenges)
	return ap_req->shared;
    return rule->caches;
}

/**
 * What to do with an AP-REQ.
 *
 * Where the verdict is to store the tag: if storing it says that the AP-REQ is
 * a replay, refuse it; if it fails otherwise, set the case's cache to
 * REPLAY_CACHE_FAILED and ask again.  The second verdict is not to store.
 *
 * @param policy the policy of the acceptor's service
 * @param ap_req the case
 *
 * @return the verdict
 */
enum replay_verdict
_gsskrb5_ext_replay_decide(enum replay_policy policy,
			   const struct replay_case *ap_req)
{
    const struct rule *rule = &rules[policy];
    int challenged = is_challenged(rule, ap_req);
    int stored = is_stored(rule, ap_req, challenged);

    if (stored && ap_req->cache != REPLAY_CACHE_USABLE) {
	/* "cache" without a cache is what was asked for; "require" is not */
	if (rule->insists && (rule->challenges ||
			      ap_req->cache == REPLAY_CACHE_FAILED))
	    return REPLAY_REFUSE;
	stored = 0;
    }
    if (challenged)
	return stored ? REPLAY_STORE_CHALLENGE : REPLAY_CHALLENGE;
    return stored ? REPLAY_STORE_ACCEPT : REPLAY_ACCEPT;
}
