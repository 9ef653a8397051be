/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the programs of this directory share: one line a case, and the exit
 * status 0 when every case passed, 1 otherwise.
 */

#ifndef SEC_TEST_H
#define SEC_TEST_H 1

#include <stdarg.h>
#include <stdio.h>

static int sec_cases, sec_failures;

/*
 * Print the case's line and count it.  Returns ok.
 */
static int
check(int ok, const char *fmt, ...)
{
    va_list ap;

    sec_cases++;
    if (!ok)
	sec_failures++;
    printf("%s ", ok ? "ok    " : "FAILED");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
    return ok;
}

/*
 * Print the sum and return main()'s exit status.
 */
static int
check_done(void)
{
    printf("%d cases, %d failed\n", sec_cases, sec_failures);
    return sec_failures == 0 && sec_cases > 0 ? 0 : 1;
}

#endif /* SEC_TEST_H */
