/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The decision on an AP-REQ, in every cell: it prints the table.
 *
 * REQ: XT-85, XT-86, XT-88
 */

#include <stdio.h>
#include <string.h>

#include "replay_policy.h"

#include "sec_test.h"

/*
 * The rows of a policy, the same for each.  An AP-REQ that answers a challenge
 * comes from an initiator that has offered it.
 */
static const struct row {
    unsigned int offered, mutual, answered;
    const char *what;
} rows[] = {
    { 0, 0, 0, "no offer, no mutual" },
    { 0, 1, 0, "no offer, mutual" },
    { 1, 0, 0, "offer, no mutual" },
    { 1, 1, 0, "offer, mutual" },
    { 1, 0, 1, "answer, no mutual" },
    { 1, 1, 1, "answer, mutual" }
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/*
 * A letter a cell.  a: accept, c: challenge, S: store and accept, C: store and
 * challenge, r: refuse.  Not shared with old implementations, the cache being
 * usable, none:, failing; then shared with them, likewise.
 */
static const char cells[REPLAY_POLICIES][ROWS][7] = {
    /* off: as upstream; but an initiator without mutual waits for an answer */
    { "aaaaaa", "aaaaaa", "cccccc", "aaaaaa", "aaaaaa", "aaaaaa" },
    /* challenge */
    { "aaaaaa", "aaaaaa", "cccCcc", "cccCcc", "aaaSaa", "aaaSaa" },
    /* cache: what an error has made an extra round trip is not stored */
    { "SarSar", "SarSar", "CcrCcr", "SarSar", "aaaSar", "aaaSar" },
    /* auto */
    { "SaaSaa", "SaaSaa", "cccCcc", "cccCcc", "aaaSaa", "aaaSaa" },
    /* require */
    { "SrrSrr", "SrrSrr", "cccCrr", "cccCrr", "aaaSrr", "aaaSrr" }
};

static const char *
verdict_name(char letter)
{
    switch (letter) {
    case 'a':
	return "accept";
    case 'c':
	return "challenge";
    case 'S':
	return "store, accept";
    case 'C':
	return "store, challenge";
    case 'r':
	return "refuse";
    default:
	return "?";
    }
}

static char
decide(enum replay_policy policy, const struct row *row, int column)
{
    struct replay_case ap_req;

    memset(&ap_req, 0, sizeof(ap_req));
    ap_req.offered = row->offered;
    ap_req.mutual = row->mutual;
    ap_req.answered = row->answered;
    ap_req.shared = column / 3;
    ap_req.cache = (enum replay_cache_state)(column % 3);
    switch (_gsskrb5_ext_replay_decide(policy, &ap_req)) {
    case REPLAY_ACCEPT:
	return 'a';
    case REPLAY_CHALLENGE:
	return 'c';
    case REPLAY_STORE_ACCEPT:
	return 'S';
    case REPLAY_STORE_CHALLENGE:
	return 'C';
    case REPLAY_REFUSE:
	return 'r';
    }
    return '?';
}

/*
 * The table for a reader, in Markdown.
 */
static void
print_table(void)
{
    enum replay_policy policy;
    size_t i;
    int column;

    printf("| policy | AP-REQ | cache usable | none: | failing "
	   "| shared: usable | none: | failing |\n"
	   "|---|---|---|---|---|---|---|---|\n");
    for (policy = 0; policy < REPLAY_POLICIES; policy++) {
	for (i = 0; i < ROWS; i++) {
	    printf("| %s | %s |", _gsskrb5_ext_replay_policy_name(policy),
		   rows[i].what);
	    for (column = 0; column < 6; column++)
		printf(" %s |", verdict_name(decide(policy, &rows[i],
						    column)));
	    printf("\n");
	}
    }
}

static void
test_cells(void)
{
    enum replay_policy policy;
    char got[7];
    size_t i;
    int column;

    for (policy = 0; policy < REPLAY_POLICIES; policy++) {
	for (i = 0; i < ROWS; i++) {
	    for (column = 0; column < 6; column++)
		got[column] = decide(policy, &rows[i], column);
	    got[6] = '\0';
	    check(strcmp(got, cells[policy][i]) == 0, "%s, %s: %s",
		  _gsskrb5_ext_replay_policy_name(policy), rows[i].what,
		  got);
	}
    }
}

/*
 * What must never be, over all values of all inputs.
 */
static void
test_never(void)
{
    enum replay_policy policy;
    struct row row = { 0, 0, 0, "" };
    int i, column, stored, protected, cells_seen = 0;
    int bare = 0, again = 0, waits = 0, round_trips = 0, off = 0;
    char got;

    for (policy = 0; policy < REPLAY_POLICIES; policy++) {
	for (i = 0; i < 8 * 6; i++) {
	    row.offered = i & 1;
	    row.mutual = i >> 1 & 1;
	    row.answered = i >> 2 & 1;
	    column = i / 8;
	    got = decide(policy, &row, column);
	    stored = got == 'S' || got == 'C';
	    protected = got != 'a' || row.answered;
	    cells_seen++;
	    bare += policy == REPLAY_POLICY_REQUIRE && !protected;
	    again += stored && column % 3 != REPLAY_CACHE_USABLE;
	    waits += row.offered && !row.mutual && !row.answered &&
		(got == 'a' || got == 'S');
	    round_trips += row.answered &&
		(got == 'c' || got == 'C' || (stored && column < 3));
	    off += policy == REPLAY_POLICY_OFF && (stored || got == 'r');
	}
    }
    check(cells_seen == 240, "%d combinations of inputs", cells_seen);
    check(bare == 0, "require never accepts without cache or challenge");
    check(again == 0, "what cannot be stored is not to be stored");
    check(waits == 0, "who waits for an answer gets one");
    check(round_trips == 0, "the answer to a challenge is not challenged "
	  "again, nor stored unless shared");
    check(off == 0, "off neither stores nor refuses");
}

static void
test_words(void)
{
    static const struct word {
	const char *text;
	int known;
	enum replay_policy policy;
    } words[] = {
	{ NULL, 1, REPLAY_POLICY_OFF },
	{ "off", 1, REPLAY_POLICY_OFF },
	{ "challenge", 1, REPLAY_POLICY_CHALLENGE },
	{ "cache", 1, REPLAY_POLICY_CACHE },
	{ "auto", 1, REPLAY_POLICY_AUTO },
	{ "require", 1, REPLAY_POLICY_REQUIRE },
	{ "Auto", 1, REPLAY_POLICY_AUTO },
	{ "", 0, REPLAY_POLICY_REQUIRE },
	{ "no", 0, REPLAY_POLICY_REQUIRE },
	{ "of", 0, REPLAY_POLICY_REQUIRE },
	{ "offf", 0, REPLAY_POLICY_REQUIRE },
	{ " off", 0, REPLAY_POLICY_REQUIRE },
	{ "required", 0, REPLAY_POLICY_REQUIRE }
    };
    enum replay_policy policy;
    size_t i;
    int known;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
	known = _gsskrb5_ext_replay_parse_policy(words[i].text, &policy);
	check(known == words[i].known && policy == words[i].policy,
	      "\"%s\" is %s%s", words[i].text ? words[i].text : "(none)",
	      _gsskrb5_ext_replay_policy_name(policy),
	      known ? "" : ", since it is unknown");
    }
}

int
main(int argc, char **argv)
{
    print_table();
    test_cells();
    test_never();
    test_words();
    return check_done();
}
