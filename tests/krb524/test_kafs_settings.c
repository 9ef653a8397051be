/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What libkafs's words mean.
 */

#include "kafs_locl.h"
#include "rxkad-2b/kafs_rxkad.h"
#include "sec_test.h"

/* REQ: RK-37 */
static void
test_use_524(void)
{
    static const struct {
	const char *word;
	enum kafs_use_524 meaning;
    } rows[] = {
	{ "2b", KAFS_LOCAL_2B },
	{ "2B", KAFS_LOCAL_2B },
	{ "local", KAFS_LOCAL_2B },
	{ "yes", KAFS_SERVER_524 },
	{ "Yes", KAFS_SERVER_524 },
	{ "true", KAFS_SERVER_524 },
	{ "1", KAFS_SERVER_524 },
	{ "524", KAFS_SERVER_524 },
	{ "no", KAFS_NATIVE_K5 },
	{ "false", KAFS_NATIVE_K5 },
	{ "0", KAFS_NATIVE_K5 },
	{ "256", KAFS_NATIVE_K5 },
	/* as ever */
	{ "", KAFS_NATIVE_K5 },
	{ "2", KAFS_NATIVE_K5 },
	{ "5244", KAFS_NATIVE_K5 },
	{ "locally", KAFS_NATIVE_K5 }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	check(_kafs_rxkad_parse_use_524(rows[i].word) == rows[i].meaning,
	      "afs-use-524 = %s", rows[i].word);
}

/* REQ: RK-07 */
static void
test_profile(void)
{
    static const struct {
	const char *word;
	int known;
	rxkad_2b_profile meaning;
    } rows[] = {
	{ "modern", 1, RXKAD_2B_MODERN },
	{ "Modern", 1, RXKAD_2B_MODERN },
	{ "strict", 1, RXKAD_2B_STRICT },
	{ "STRICT", 1, RXKAD_2B_STRICT },
	{ "", 0, RXKAD_2B_STRICT },
	{ "strikt", 0, RXKAD_2B_STRICT },
	{ "modern ", 0, RXKAD_2B_STRICT }
    };
    rxkad_2b_profile profile;
    size_t i;
    int known;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	known = _kafs_rxkad_parse_profile(rows[i].word, &profile);
	check(known == rows[i].known && profile == rows[i].meaning,
	      "rxkad_2b_profile = \"%s\"", rows[i].word);
    }
}

int
main(int argc, char **argv)
{
    test_use_524();
    test_profile();
    return check_done();
}
