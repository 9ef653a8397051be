/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * When messages may be protected although the context is not complete (section
 * 3.4 of the document on extra context tokens), and which of them are early.
 * Decisions, and nothing else: no context, no key, no configuration.
 *
 * An early message is one of the initiator's in its own subkey, in a context
 * whose acceptor has a subkey, too.  Its number is before that of each message
 * in the acceptor's subkey: an initiator that has that uses it.
 */

#ifndef GSSKRB5_EXT_READY_H
#define GSSKRB5_EXT_READY_H 1

#include <stdint.h>

#include "replay_policy.h"

/* An AP-REQ that has been made, or that was good. */
struct ready_case {
    unsigned int enabled : 1;	/* [gssapi] early_prot_ready */
    unsigned int offered : 1;	/* the initiator takes extra tokens */
    unsigned int mutual : 1;	/* and has asked for mutual authentication */
    unsigned int subkey : 1;	/* it has asserted a subkey, ... */
    unsigned int cfx : 1;	/* ... which like ours is one of RFC 4121 */
    unsigned int exposed : 1;	/* ... and others may have used, too */
    unsigned int confirmed : 1;	/* acceptor: it is told no error, in it */
    enum replay_policy policy;	/* acceptor */
};

/* The numbers of the initiator's messages; they count up from start. */
struct ready_numbers {
    uint32_t start;
    uint32_t mark;		/* the lowest in the acceptor's subkey */
    unsigned int marked : 1;	/* there was one */
};

int
_gsskrb5_ext_ready_to_send(const struct ready_case *ap_req);

int
_gsskrb5_ext_ready_before_answer(const struct ready_case *ap_req);

int
_gsskrb5_ext_ready_for_early(const struct ready_case *ap_req);

int
_gsskrb5_ext_ready_is_early(const struct ready_numbers *numbers,
			    uint32_t number);

void
_gsskrb5_ext_ready_mark(struct ready_numbers *numbers, uint32_t number);

int
_gsskrb5_ext_ready_keeps_subkey(int32_t error);

#endif /* GSSKRB5_EXT_READY_H */
