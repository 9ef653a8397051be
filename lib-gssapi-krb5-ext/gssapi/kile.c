/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See kile.h.  test_bindings has each case.
 */

#include "kile.h"

/**
 * Whether the channel bindings of an AP-REQ will do.
 *
 * An initiator that says it is aware of channel bindings and sends none sits
 * on another channel: somebody in the middle has taken the bindings away.  One
 * that does not say so may be too old to have any, and is refused only where
 * they are required.  An acceptor without bindings of its own compares
 * nothing.
 *
 * @param request what came, and what the acceptor has
 *
 * @return the verdict
 */
enum kile_verdict
_gsskrb5_ext_judge_bindings(const struct kile_bindings *request)
{
    if (!request->given)
	return KILE_ACCEPT;
    if (request->hash == KILE_HASH_MATCHES)
	return KILE_BOUND;
    if (request->hash == KILE_HASH_DIFFERS || request->aware ||
	request->required)
	return KILE_REFUSE;
    return KILE_ACCEPT;
}
