/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See ready.h.  test_ready executes each case.
 */

#include <config.h>
#include <roken.h>

#include "ready.h"

/* Numbers do not wrap in what a context can live to send. */
#define MAX_MESSAGES 0x80000000U

/**
 * Whether the initiator that has sent the AP-REQ may protect messages with its
 * subkey while it waits for the answer.
 *
 * @param ap_req the case
 */
int
_gsskrb5_ext_ready_to_send(const struct ready_case *ap_req)
{
    return ap_req->enabled && ap_req->offered && ap_req->mutual &&
	ap_req->subkey && ap_req->cfx;
}

/**
 * Whether the acceptor takes early messages once the context is complete: then
 * replays have been kept out as well as they ever are.
 *
 * Not in a subkey that was in the Authenticator of a ticket that was refused:
 * others than the client may have its session key.  Nor in that of an AP-REQ
 * that has come before: then so may the messages have.
 *
 * @param ap_req the case, about the AP-REQ whose subkey counts
 */
int
_gsskrb5_ext_ready_for_early(const struct ready_case *ap_req)
{
    return _gsskrb5_ext_ready_to_send(ap_req) && !ap_req->exposed;
}

/**
 * Whether the acceptor makes and takes messages before its challenge is
 * answered.  Whoever has recorded the AP-REQ and early messages gets them
 * delivered so; not where the administrator insists that there be no replays.
 *
 * Nor with an error: clock skew and a hit in the replay cache are what a
 * recording looks like.
 *
 * @param ap_req the case
 */
int
_gsskrb5_ext_ready_before_answer(const struct ready_case *ap_req)
{
    return _gsskrb5_ext_ready_for_early(ap_req) && ap_req->confirmed &&
	ap_req->policy != REPLAY_POLICY_REQUIRE;
}

/**
 * Whether a message in the initiator's subkey has an early number.
 *
 * @param numbers what was seen up to now
 * @param number of the message
 */
int
_gsskrb5_ext_ready_is_early(const struct ready_numbers *numbers,
			    uint32_t number)
{
    uint32_t limit = MAX_MESSAGES;

    if (numbers->marked)
	limit = numbers->mark - numbers->start;
    return number - numbers->start < limit;
}

/**
 * A message in the acceptor's subkey was verified: what comes behind it is not
 * early.
 *
 * @param numbers to be changed
 * @param number of the message
 */
void
_gsskrb5_ext_ready_mark(struct ready_numbers *numbers, uint32_t number)
{
    if (!_gsskrb5_ext_ready_is_early(numbers, number))
	return;
    numbers->mark = number;
    numbers->marked = 1;
}

/**
 * Whether what an initiator does about an error leaves it with its subkey, and
 * early messages with their key.
 *
 * It does where the draft says so; not when the acceptor has refused the
 * ticket, as opposed to the request, or wants one of another kind: others may
 * know the old one's session key, and by it the subkey.
 *
 * @param error the code on the wire
 */
int
_gsskrb5_ext_ready_keeps_subkey(int32_t error)
{
    switch (error) {
    case 32:			/* TKT_EXPIRED */
    case 33:			/* TKT_NYV */
    case 43:			/* ILL_CR_TKT */
    case 51:			/* PATH_NOT_ACCEPTED */
    case 69:			/* USER_TO_USER_REQUIRED */
	return 0;
    default:
	return 1;
    }
}
