/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The times of a ticket, judged as OpenAFS's tkt_CheckTimes() judges them, in
 * 64 bits so that nothing wraps.  No clock.
 */

#include "rxkad_2b_locl.h"

#define TIME_UNCERTAINTY	(15 * 60)	/* KTC_TIME_UNCERTAINTY */
#define MAX_LIFETIME	(30 * 24 * 60 * 60)	/* MAXKTCTICKETLIFETIME */
#define ONE_DAY			(24 * 60 * 60)
/* NEVERDATE: with it, or with a start of 0, a ticket has no end.  OpenAFS's
 * servers make themselves such tickets. */
#define NEVER			((int64_t)UINT32_MAX)

rxkad_2b_reason
_rxkad_2b_check_times(int64_t start, int64_t end, int64_t now)
{
    /* AFS has 32 bits for a time */
    if (start < 0 || end > NEVER || start >= end)
	return RXKAD_2B_BAD_TIMES;
    if (start > now + TIME_UNCERTAINTY + MAX_LIFETIME)
	return RXKAD_2B_BAD_TIMES;
    if (start != 0 && end != NEVER && end - start > MAX_LIFETIME)
	return RXKAD_2B_BAD_TIMES;
    if (end != NEVER && end + TIME_UNCERTAINTY < now) {
	if (start != 0 && now - start > MAX_LIFETIME + ONE_DAY)
	    return RXKAD_2B_BAD_TIMES;
	return RXKAD_2B_EXPIRED;
    }
    if (start > now + TIME_UNCERTAINTY)
	return RXKAD_2B_NOT_YET_VALID;
    return RXKAD_2B_OK;
}
