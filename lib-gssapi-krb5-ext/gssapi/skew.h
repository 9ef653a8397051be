/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * How wrong an acceptor's clock is (section 8 of the document on extra context
 * tokens, D20): a decision, and nothing else.  clock.c has the rest.
 */

#ifndef GSSKRB5_EXT_SKEW_H
#define GSSKRB5_EXT_SKEW_H 1

#include <stdint.h>

/* Times in seconds; of our clock, but where it says something else. */
struct skew_facts {
    int64_t asked;		/* when the challenge went out */
    int64_t now;		/* when the ticket came that has it */
    int64_t start;		/* its start time, of the KDC's clock */
    unsigned int chosen : 1;	/* by the client: postdated or invalid */
    int64_t tolerance;		/* clockskew */
    int64_t limit;		/* max_correctable_skew */
};

int
_gsskrb5_ext_measure_skew(const struct skew_facts *facts, int32_t *ahead);

#endif /* GSSKRB5_EXT_SKEW_H */
