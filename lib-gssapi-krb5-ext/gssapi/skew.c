/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See skew.h.
 */

#include "skew.h"

#define MAX_LIMIT (30 * 365 * 24 * 3600)	/* fits an int32_t */

/**
 * How far the KDC's clock is ahead of ours, given a ticket that is younger
 * than a challenge.
 *
 * The ticket was made between asked and now.  The longer that is, the less it
 * says: an initiator that waits would have us believe a time that has passed.
 * A clock that was set in between says nothing, by whichever sign.
 *
 * @param facts what is known
 * @param ahead seconds; negative if our clock is ahead
 *
 * @return 1, or 0 if it cannot be told or is too much
 */
int
_gsskrb5_ext_measure_skew(const struct skew_facts *facts, int32_t *ahead)
{
    int64_t limit = facts->limit < MAX_LIMIT ? facts->limit : MAX_LIMIT;
    int64_t difference = facts->start - facts->now;
    int64_t waited = facts->now - facts->asked;

    *ahead = 0;
    if (facts->chosen || facts->start < 0 ||
	waited < -facts->tolerance || waited > facts->tolerance ||
	difference > limit || difference < -limit)
	return 0;
    *ahead = (int32_t)difference;
    return 1;
}
