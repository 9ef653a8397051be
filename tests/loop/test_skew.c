/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * How wrong an acceptor's clock is: each fact on both sides of its limit.
 *
 * REQ: XT-89
 */

#include <config.h>
#include <stdio.h>
#include <string.h>

#include "skew.h"
#include "sec_test.h"

#define NOW 1800000000
#define HOUR 3600
#define DAY (24 * HOUR)
#define YEAR (365 * (int64_t)DAY)

static void
expect(const char *what, const struct skew_facts *facts, int can, int ahead)
{
    int32_t found = 4711;
    int did = _gsskrb5_ext_measure_skew(facts, &found);

    check(did == can && found == ahead, "%s: %d, %d s", what, did,
	  (int)found);
}

/*
 * A ticket that came two seconds after the challenge went out.
 */
static struct skew_facts
usual(int64_t ahead)
{
    struct skew_facts facts;

    memset(&facts, 0, sizeof(facts));
    facts.asked = NOW - 2;
    facts.now = NOW;
    facts.start = NOW + ahead;
    facts.tolerance = 300;
    facts.limit = DAY;
    return facts;
}

static void
try_ahead(int64_t ahead, int64_t limit, int can)
{
    struct skew_facts facts = usual(ahead);
    char what[80];

    facts.limit = limit;
    snprintf(what, sizeof(what), "%lld seconds of at most %lld",
	     (long long)ahead, (long long)limit);
    expect(what, &facts, can, can ? (int)ahead : 0);
}

static void
test_limit(void)
{
    static const int64_t aheads[] = { 0, 1, 301, HOUR, DAY };
    size_t i;

    for (i = 0; i < sizeof(aheads) / sizeof(aheads[0]); i++) {
	try_ahead(aheads[i], DAY, 1);
	try_ahead(-aheads[i], DAY, 1);
	try_ahead(aheads[i], 0, aheads[i] == 0);
    }
    try_ahead(DAY + 1, DAY, 0);
    try_ahead(-DAY - 1, DAY, 0);
    try_ahead(1, -1, 0);
    try_ahead(0, -1, 0);
    /* whatever is configured, it fits */
    try_ahead(29 * YEAR, INT64_MAX, 1);
    try_ahead(-29 * YEAR, INT64_MAX, 1);
    try_ahead(31 * YEAR, INT64_MAX, 0);
    try_ahead(-31 * YEAR, INT64_MAX, 0);
    try_ahead(INT64_MAX - NOW, INT64_MAX, 0);
}

static void
test_wait(void)
{
    struct skew_facts facts = usual(HOUR);

    facts.asked = NOW;
    expect("at once", &facts, 1, HOUR);
    facts.asked = NOW - 300;
    expect("as long as clockskew", &facts, 1, HOUR);
    facts.asked = NOW - 301;
    expect("longer", &facts, 0, 0);
    facts.asked = NOW + 300;
    expect("the clock was set back a little", &facts, 1, HOUR);
    facts.asked = NOW + 301;
    expect("the clock was set back", &facts, 0, 0);
    facts.asked = NOW - HOUR;
    expect("the clock was set forward", &facts, 0, 0);
    facts.tolerance = -1;
    facts.asked = NOW;
    expect("no tolerance at all", &facts, 0, 0);
}

static void
test_ticket(void)
{
    struct skew_facts facts = usual(HOUR);

    facts.chosen = 1;
    expect("the client has chosen the time", &facts, 0, 0);
    facts = usual(0);
    facts.start = -1;
    facts.now = facts.asked = 0;
    expect("before all time", &facts, 0, 0);
    facts.start = 0;
    expect("the first second", &facts, 1, 0);
}

int
main(void)
{
    test_limit();
    test_wait();
    test_ticket();
    return check_done();
}
