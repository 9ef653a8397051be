/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See recovery.h.  test_recovery prints the table, and executes each cell.
 */

#include "recovery.h"

#define FAIL RECOVERY_FAIL
#define FORGED RECOVERY_FORGED
#define REQUEST RECOVERY_REQUEST
#define CLOCK RECOVERY_CLOCK
#define TICKET RECOVERY_TICKET
#define PATH RECOVERY_PATH
#define USER RECOVERY_USER2USER

/*
 * Codes of RFC 4120 7.5.9.  A level that is impossible for an error is taken
 * for a forgery: who could not decrypt the ticket knows no key, and who
 * decrypted it has to use one (section 3.5).  What N may start costs work and
 * changes nothing else, because the result is the KDC's or the acceptor's own
 * to vouch for.
 *
 * 28 is the KDC's own form of 51, 43 what acceptors of Heimdal 7.8 have.
 */
const struct recovery_row _gsskrb5_ext_recovery_table[] = {
    /*                            N        K        S */
    { 31, "BAD_INTEGRITY",      { TICKET,  FAIL,    REQUEST }, 0 },
    { 32, "TKT_EXPIRED",        { FORGED,  TICKET,  TICKET },  0 },
    { 33, "TKT_NYV",            { FORGED,  TICKET,  TICKET },  0 },
    { 34, "REPEAT",             { FORGED,  REQUEST, REQUEST }, 1 },
    { 35, "NOT_US",             { FAIL,    FORGED,  FORGED },  0 },
    { 36, "BADMATCH",           { REQUEST, FAIL,    FAIL },    0 },
    { 37, "SKEW",               { FORGED,  CLOCK,   CLOCK },    1 },
    { 38, "BADADDR",            { FORGED,  FAIL,    FAIL },    0 },
    { 39, "BADVERSION",         { REQUEST, FAIL,    FAIL },    0 },
    { 40, "MSG_TYPE",           { REQUEST, FAIL,    FAIL },    0 },
    { 41, "MODIFIED",           { TICKET,  FAIL,    REQUEST }, 0 },
    { 43, "ILL_CR_TKT",         { FORGED,  PATH,    PATH },    0 },
    { 44, "BADKEYVER",          { TICKET,  FORGED,  FORGED },  0 },
    { 45, "NOKEY",              { FAIL,    FORGED,  FORGED },  0 },
    { 50, "INAPP_CKSUM",        { FORGED,  FAIL,    FAIL },    1 },
    { 51, "PATH_NOT_ACCEPTED",  { FORGED,  PATH,    PATH },    0 },
    { 69, "USER_TO_USER_REQUIRED", { USER, USER,    USER },    0 },
    { 0, NULL, { FAIL, FAIL, FAIL }, 0 }
};

static const char *const names[RECOVERY_ACTIONS] = {
    "fail", "forged", "new request",
    "new ticket with the challenge, or acceptor's time",
    "new ticket", "new ticket, other path", "user-to-user ticket"
};

/**
 * What to call an action in tables and logs.
 *
 * @param action the action
 *
 * @return words; not to be freed
 */
const char *
_gsskrb5_ext_recovery_name(enum recovery_action action)
{
    return names[action];
}

/**
 * What to do about an error.
 *
 * At most one error is recovered from in an exchange, counting the retry
 * after a KRB-ERROR (section 3.1); none once the acceptor has confirmed its
 * key, because it had accepted everything then.  That it wants user-to-user
 * authentication is no such error, but the acceptor has to say so first, and
 * once.
 *
 * @param error the code on the wire, not 0
 * @param level how far it can be believed
 * @param state what the exchange has seen
 *
 * @return the action; errors that the table does not have are final
 */
enum recovery_action
_gsskrb5_ext_recover(int32_t error, enum recovery_level level,
		     const struct recovery_state *state)
{
    const struct recovery_row *row;
    enum recovery_action action;

    for (row = _gsskrb5_ext_recovery_table; row->error != 0; row++)
	if (row->error == error)
	    break;
    action = row->at[level];
    if (row->s_without_subkey && level == RECOVERY_S && state->subkey)
	action = RECOVERY_FORGED;
    if (action == RECOVERY_FORGED)
	return action;
    if (state->recovered || state->confirmed || state->retried ||
	(action == RECOVERY_USER2USER && state->user2user))
	return RECOVERY_FAIL;
    return action;
}
