/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The table of what an initiator does about an error, from the data, and each
 * cell of it in each state; then what must never be, for every code there is.
 *
 * REQ: XT-31, XT-50, XT-53, XT-54, XT-55, XT-57, XT-58, XT-59, XT-60, XT-61
 * REQ: XT-64, XT-65, XT-94
 */

#include <config.h>
#include <stdio.h>
#include <string.h>

#include "recovery.h"
#include "sec_test.h"

/*
 * One letter a cell, N K S and S with a subkey asserted: - fail, ! forged,
 * r request, t clock, T ticket, p path, u user-to-user.  Written down from the
 * document and the decisions, not from the table.
 */
static const struct {
    int32_t error;
    const char *cells;
} expected[] = {
    { 31, "T-rr" }, { 32, "!TTT" }, { 33, "!TTT" }, { 34, "!rr!" },
    { 35, "-!!!" }, { 36, "r---" }, { 37, "!tt!" }, { 38, "!---" },
    { 39, "r---" }, { 40, "r---" }, { 41, "T-rr" }, { 43, "!ppp" },
    { 44, "T!!!" }, { 45, "-!!!" }, { 50, "!--!" }, { 51, "!ppp" },
    { 69, "uuuu" },
    /* and some that are final */
    { 6, "----" }, { 29, "----" }, { 42, "----" }, { 46, "----" },
    { 60, "----" }, { 67, "----" }, { 1000, "----" }, { -1, "----" }
};

static const char letters[RECOVERY_ACTIONS + 1] = "-!rtTpu";

static char
cell(int32_t error, int column, int recovered, int confirmed, int retried,
     int user2user)
{
    static const enum recovery_level levels[] = {
	RECOVERY_N, RECOVERY_K, RECOVERY_S, RECOVERY_S
    };
    struct recovery_state state;

    memset(&state, 0, sizeof(state));
    state.subkey = column == 1 || column == 3;
    state.recovered = recovered != 0;
    state.confirmed = confirmed != 0;
    state.retried = retried != 0;
    state.user2user = user2user != 0;
    return letters[_gsskrb5_ext_recover(error, levels[column], &state)];
}

static void
print_table(void)
{
    const struct recovery_row *row;

    printf("  %3s %-18s %-14s %-29s %-29s\n", "", "", "N", "K", "S");
    for (row = _gsskrb5_ext_recovery_table; row->error != 0; row++)
	printf("  %3d %-18s %-14s %-29s %s%s\n", (int)row->error, row->name,
	       _gsskrb5_ext_recovery_name(row->at[RECOVERY_N]),
	       _gsskrb5_ext_recovery_name(row->at[RECOVERY_K]),
	       _gsskrb5_ext_recovery_name(row->at[RECOVERY_S]),
	       row->s_without_subkey ? " (no subkey)" : "");
}

static void
test_cells(void)
{
    size_t i;
    int column, state;
    char got, want;

    for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
	for (column = 0; column < 4; column++) {
	    want = expected[i].cells[column];
	    got = cell(expected[i].error, column, 0, 0, 0, 0);
	    check(got == want, "error %d, column %d: %c",
		  (int)expected[i].error, column, got);
	    /* nothing twice; a forgery is one whenever it comes */
	    for (state = 1; state < 8; state++) {
		got = cell(expected[i].error, column, state & 1, state & 2,
			   state & 4, 0);
		if (got != (want == '!' ? '!' : '-'))
		    check(0, "error %d, column %d, state %d: %c",
			  (int)expected[i].error, column, state, got);
	    }
	    /* after the TGT as before it, but for another TGT (D18) */
	    got = cell(expected[i].error, column, 0, 0, 0, 1);
	    check(got == (want == 'u' ? '-' : want),
		  "error %d, column %d, after a TGT: %c",
		  (int)expected[i].error, column, got);
	}
}

static void
test_never(void)
{
    const struct recovery_row *row;
    int32_t error;
    int column, known = 0, bad = 0, done = 0;

    for (row = _gsskrb5_ext_recovery_table; row->error != 0; row++)
	known++;
    check(known == 17, "%d errors in the table", known);
    for (error = -5; error < 2000; error++) {
	if (error == 0)
	    continue;
	/* who is nobody sets no clock and chooses no path */
	if (strchr("tp", cell(error, 0, 0, 0, 0, 0)) != NULL)
	    bad++;
	for (column = 0; column < 4; column++)
	    if (strchr("-!", cell(error, column, 0, 0, 0, 0)) == NULL)
		done++;
    }
    check(bad == 0, "%d unauthenticated errors about clock or path", bad);
    check(done == 30, "%d cells in which something is done", done);
}

int
main(int argc, char **argv)
{
    print_table();
    test_cells();
    test_never();
    return check_done();
}
