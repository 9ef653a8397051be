/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Each day that libasn1 can tell, with a calendar that is turned page by page
 * beside it; what is before and behind them; how long a time is.
 */

#include "krb5_locl.h"

#include "sec_test.h"

#define DAY 86400
/* libasn1's own limits */
#define MAX_DAYS (2000 * 365)	/* that are written */
#define MAX_YEAR 3900		/* that is read */

static int
days_of_month(int year, int month)
{
    static const int days[] = {
	31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap);
}

/*
 * Whether t, in that year, is written as text, and read from it again.
 */
static int
is_written(time_t t, int year, const char *text)
{
    unsigned char octets[32];
    const size_t length = strlen(text);
    size_t size;
    time_t again;

    return der_length_generalized_time(&t) == length &&
	der_put_generalized_time(octets + sizeof(octets) - 1, sizeof(octets),
				 &t, &size) == 0 &&
	size == length &&
	memcmp(octets + sizeof(octets) - size, text, size) == 0 &&
	der_get_generalized_time(octets + sizeof(octets) - size, size, &again,
				 NULL) == 0 &&
	again == (year > MAX_YEAR ? 0 : t);
}

static void
test_days(void)
{
    int year = 1970, month = 1, day = 1;
    unsigned int bad = 0;
    char text[64];
    long n;

    for (n = 0; n < MAX_DAYS; n++) {
	snprintf(text, sizeof(text), "%04d%02d%02d000000Z", year, month, day);
	bad += !is_written((time_t)n * DAY, year, text);
	snprintf(text, sizeof(text), "%04d%02d%02d235959Z", year, month, day);
	bad += !is_written((time_t)n * DAY + DAY - 1, year, text);
	if (++day > days_of_month(year, month)) {
	    day = 1;
	    if (++month > 12) {
		month = 1;
		year++;
	    }
	}
    }
    check(bad == 0, "%ld days, to the year %d: %u are wrong", n, year, bad);
}

static void
test_limits(void)
{
    time_t t = (time_t)(MAX_DAYS + 1) * DAY;
    unsigned char octets[32];
    size_t size;

    check(der_length_generalized_time(&t) == 0 &&
	  der_length_utctime(&t) == 0 &&
	  der_put_generalized_time(octets + sizeof(octets) - 1, sizeof(octets),
				   &t, &size) == ASN1_BAD_TIMEFORMAT,
	  "a time behind the last is none");
    t = 0;
    check(der_length_utctime(&t) == 13, "a UTCTime has 13 octets");
    t = -1;
    check(der_length_generalized_time(&t) == 15, "before 1970 there are 15");
}

int
main(int argc, char **argv)
{
    test_days();
    test_limits();
    return check_done();
}
