/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * How an acceptor makes sure that an AP-REQ is no replay: by a challenge in an
 * extra context token, which the initiator has to offer, by the replay cache,
 * or not at all.
 *
 *   [gssapi]
 *       replay_protection = off | challenge | cache | auto | require
 *       shared_with_legacy = yes | no
 *       acceptor = {
 *           nfs = {
 *               replay_protection = challenge
 *           }
 *       }
 *
 *   policy     initiator offers       initiator does not
 *   off        accept                 accept
 *   challenge  challenge              accept
 *   cache      cache                  cache
 *   auto       challenge              cache, if it can be used
 *   require    challenge              cache
 *
 * test_replay_policy prints the whole table.
 */

#ifndef GSSKRB5_EXT_REPLAY_POLICY_H
#define GSSKRB5_EXT_REPLAY_POLICY_H 1

#include <krb5.h>

/* [gssapi] replay_protection */
enum replay_policy {
    REPLAY_POLICY_OFF,
    REPLAY_POLICY_CHALLENGE,
    REPLAY_POLICY_CACHE,
    REPLAY_POLICY_AUTO,
    REPLAY_POLICY_REQUIRE
};
#define REPLAY_POLICIES (REPLAY_POLICY_REQUIRE + 1)

enum replay_cache_state {
    REPLAY_CACHE_USABLE,	/* as far as is known */
    REPLAY_CACHE_NONE,		/* the administrator has named none: */
    REPLAY_CACHE_FAILED		/* storing a tag has failed; not REPEAT */
};
#define REPLAY_CACHE_STATES (REPLAY_CACHE_FAILED + 1)

/* An AP-REQ whose ticket and Authenticator were good. */
struct replay_case {
    unsigned int offered : 1;	/* the initiator takes extra tokens */
    unsigned int mutual : 1;	/* it waits for an answer in any case */
    unsigned int answered : 1;	/* the AP-REQ has answered our challenge */
    unsigned int shared : 1;	/* [gssapi] shared_with_legacy */
    enum replay_cache_state cache;
};

enum replay_verdict {
    REPLAY_ACCEPT,
    REPLAY_CHALLENGE,		/* answer with a challenge */
    REPLAY_STORE_ACCEPT,	/* store the tag, accept */
    REPLAY_STORE_CHALLENGE,	/* store the tag, answer with a challenge */
    REPLAY_REFUSE		/* protection is required and cannot be had */
};

/* What the configuration says. */
struct replay_config {
    enum replay_policy policy;
    unsigned int shared : 1;
    char warning[192];		/* to be logged; "" if there is none */
};

/* replay_policy.c: no configuration, no file, no clock */

int
_gsskrb5_ext_replay_parse_policy(const char *text, enum replay_policy *policy);

const char *
_gsskrb5_ext_replay_policy_name(enum replay_policy policy);

enum replay_verdict
_gsskrb5_ext_replay_decide(enum replay_policy policy,
			   const struct replay_case *ap_req);

/* replay_config.c */

void
_gsskrb5_ext_replay_config(krb5_context context, const char *service,
			   struct replay_config *config);

#endif /* GSSKRB5_EXT_REPLAY_POLICY_H */
