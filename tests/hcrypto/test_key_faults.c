/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keys without memory at one place: what is computed is right or an error, no
 * signature is good that is not, nothing is lost, and the next one works.
 */

/* REQ: none (issue 8) */

#include "../assure/faults.h"
#include "key_runs.h"
#include "../security/sec_test.h"

static void
nothing(void *arg)
{
}

int
main(int argc, char **argv)
{
    size_t i;

    for (i = 0; i < sizeof(key_runs) / sizeof(key_runs[0]); i++)
	check(fault_scenario(key_runs[i].name, nothing, key_runs[i].run, NULL,
			     key_runs[i].stride) == 0,
	      "%s, short of memory", key_runs[i].name);
    return check_done();
}
