/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The times of tickets: each boundary, as OpenAFS has it.
 */

#include "rxkad_2b_locl.h"

#include "times.c"

#include "sec_test.h"

#define NOW	((int64_t)1700000000)
#define DAY	((int64_t)24 * 60 * 60)
#define MONTH	(30 * DAY)
#define MINUTES(n) ((int64_t)(n) * 60)
#define NEVERDATE ((int64_t)0xffffffff)

static const struct row {
    const char *what;
    int64_t start, end, now;
    rxkad_2b_reason reason;
} rows[] = {
    /* REQ: RK-17 */
    { "an hour", NOW - 1800, NOW + 1800, NOW, RXKAD_2B_OK },
    { "from now", NOW, NOW + 1, NOW, RXKAD_2B_OK },
    { "start equals end", NOW, NOW, NOW, RXKAD_2B_BAD_TIMES },
    { "start behind end", NOW + 1, NOW, NOW, RXKAD_2B_BAD_TIMES },
    { "in 15 minutes", NOW + MINUTES(15), NOW + DAY, NOW, RXKAD_2B_OK },
    { "in 15 minutes and a second", NOW + MINUTES(15) + 1, NOW + DAY, NOW,
      RXKAD_2B_NOT_YET_VALID },
    { "in 30 days", NOW + MONTH, NOW + MONTH + 1, NOW,
      RXKAD_2B_NOT_YET_VALID },
    { "in 30 days and 15 minutes", NOW + MONTH + MINUTES(15),
      NOW + MONTH + MINUTES(15) + 1, NOW, RXKAD_2B_NOT_YET_VALID },
    { "a second more", NOW + MONTH + MINUTES(15) + 1,
      NOW + MONTH + MINUTES(15) + 2, NOW, RXKAD_2B_BAD_TIMES },
    { "in 31 days", NOW + 31 * DAY, NOW + 32 * DAY, NOW,
      RXKAD_2B_BAD_TIMES },
    { "for 30 days", NOW, NOW + MONTH, NOW, RXKAD_2B_OK },
    { "for 30 days and a second", NOW, NOW + MONTH + 1, NOW,
      RXKAD_2B_BAD_TIMES },
    { "until 15 minutes ago", NOW - DAY, NOW - MINUTES(15), NOW,
      RXKAD_2B_OK },
    { "a second more", NOW - DAY, NOW - MINUTES(15) - 1, NOW,
      RXKAD_2B_EXPIRED },
    { "expired, from 31 days ago", NOW - 31 * DAY, NOW - 2 * DAY, NOW,
      RXKAD_2B_EXPIRED },
    { "a second more", NOW - 31 * DAY - 1, NOW - 2 * DAY, NOW,
      RXKAD_2B_BAD_TIMES },

    /* what OpenAFS's servers make for themselves */
    { "without end", 0, 0x7fffffff, NOW, RXKAD_2B_OK },
    { "without end", 0, NEVERDATE, NOW, RXKAD_2B_OK },
    { "never", NOW, NEVERDATE, NOW, RXKAD_2B_OK },
    { "never, in an hour", NOW + 3600, NEVERDATE, NOW,
      RXKAD_2B_NOT_YET_VALID },
    { "from 0, expired", 0, NOW - DAY, NOW, RXKAD_2B_EXPIRED },

    /* what does not fit into 32 bits, or would wrap there */
    { "before 1970", -1, NOW + 1, NOW, RXKAD_2B_BAD_TIMES },
    { "before 1970, without end", -1, NEVERDATE, NOW, RXKAD_2B_BAD_TIMES },
    { "never, in 2107", 0, NEVERDATE, NEVERDATE + DAY, RXKAD_2B_OK },
    { "until 2106", 0, NEVERDATE + 1, NOW, RXKAD_2B_BAD_TIMES },
    { "the year 9999", NOW, 253402300799, NOW, RXKAD_2B_BAD_TIMES },
    { "both in 9999", 253402300000, 253402300799, NOW,
      RXKAD_2B_BAD_TIMES },
    { "the first minutes of 1970", 1, 100, 50, RXKAD_2B_OK },
    { "the last minutes of 2106", NEVERDATE - 200, NEVERDATE - 100,
      NEVERDATE - 150, RXKAD_2B_OK },
    { "expired in 2106", NEVERDATE - 2000, NEVERDATE - 1000, NEVERDATE,
      RXKAD_2B_EXPIRED },
    { "nothing", 0, 0, NOW, RXKAD_2B_BAD_TIMES }
};

int
main(void)
{
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	check(_rxkad_2b_check_times(rows[i].start, rows[i].end, rows[i].now)
	      == rows[i].reason, "%s", rows[i].what);
    return check_done();
}
