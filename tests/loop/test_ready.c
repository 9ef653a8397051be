/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Who is ready for messages when, each case there is; which numbers are early;
 * which errors cost an initiator its subkey.
 *
 * REQ: XT-91, XT-92, XT-93
 */

#include <config.h>
#include <stdio.h>
#include <string.h>

#include "ready.h"
#include "sec_test.h"

#define CASES (1 << 7)

static void
fill(struct ready_case *c, int bits, int policy)
{
    memset(c, 0, sizeof(*c));
    c->enabled = bits & 1;
    c->offered = bits >> 1 & 1;
    c->mutual = bits >> 2 & 1;
    c->subkey = bits >> 3 & 1;
    c->cfx = bits >> 4 & 1;
    c->exposed = bits >> 5 & 1;
    c->confirmed = bits >> 6 & 1;
    c->policy = (enum replay_policy)policy;
}

/*
 * Each answer in words: what has to be there, and what not.
 */
static void
test_cases(void)
{
    struct ready_case c;
    int bits, policy, all, right = 0;

    for (policy = 0; policy < REPLAY_POLICIES; policy++)
	for (bits = 0; bits < CASES; bits++) {
	    fill(&c, bits, policy);
	    all = (bits & 31) == 31;
	    right += _gsskrb5_ext_ready_to_send(&c) == all &&
		_gsskrb5_ext_ready_for_early(&c) == (all && !c.exposed) &&
		_gsskrb5_ext_ready_before_answer(&c) ==
		(all && !c.exposed && c.confirmed &&
		 policy != REPLAY_POLICY_REQUIRE);
	}
    check(right == CASES * REPLAY_POLICIES, "%d of %d cases", right,
	  CASES * REPLAY_POLICIES);
}

static int
early(const struct ready_numbers *numbers, uint32_t offset)
{
    return _gsskrb5_ext_ready_is_early(numbers, numbers->start + offset);
}

/*
 * With a first number that is far from the end, and one whose messages get
 * past it.
 */
static void
test_numbers(uint32_t start)
{
    struct ready_numbers n;

    memset(&n, 0, sizeof(n));
    n.start = start;
    check(early(&n, 0) && early(&n, 1) && early(&n, 0x7fffffff),
	  "%x: all are early at first", (unsigned)start);
    check(!early(&n, -1) && !early(&n, 0x80000000U),
	  "%x: but those before the first", (unsigned)start);

    _gsskrb5_ext_ready_mark(&n, start - 1);
    check(early(&n, 5), "%x: a number before the first marks nothing",
	  (unsigned)start);
    _gsskrb5_ext_ready_mark(&n, start + 5);
    check(early(&n, 4) && !early(&n, 5) && !early(&n, 6) && !early(&n, -1),
	  "%x: up to a message in the other key", (unsigned)start);
    _gsskrb5_ext_ready_mark(&n, start + 9);
    check(early(&n, 4) && !early(&n, 5), "%x: later ones change nothing",
	  (unsigned)start);
    _gsskrb5_ext_ready_mark(&n, start + 3);
    check(early(&n, 2) && !early(&n, 3), "%x: one before it does",
	  (unsigned)start);
    _gsskrb5_ext_ready_mark(&n, start);
    check(!early(&n, 0) && !early(&n, 1), "%x: none is left",
	  (unsigned)start);
}

/*
 * The subkey goes with each ticket that the acceptor has refused, and with one
 * of another kind.
 */
static void
test_subkey(void)
{
    static const int32_t another[] = { 32, 33, 43, 51, 69 };
    int32_t error;
    size_t i;
    int lost, want, right = 0;

    for (error = 0; error < 100; error++) {
	want = 0;
	for (i = 0; i < sizeof(another) / sizeof(another[0]); i++)
	    want |= error == another[i];
	lost = !_gsskrb5_ext_ready_keeps_subkey(error);
	right += lost == want;
    }
    check(right == 100, "%d errors", right);
}

int
main(void)
{
    test_cases();
    test_numbers(1);
    test_numbers(0x3fffffff);
    test_numbers(0xfffffffd);
    test_subkey();
    return check_done();
}
