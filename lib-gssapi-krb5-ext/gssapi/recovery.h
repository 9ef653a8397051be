/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What an initiator does about an error that the acceptor tells in a
 * KRB-ERROR2 while it waits for another AP-REQ (sections 3 and 5 of the
 * document on extra context tokens).  A table, and nothing else: no context,
 * no clock, no network.
 *
 * Levels of trust (the key that opens the KRB-ERROR2):
 *   K  our subkey: the acceptor has our Authenticator, in this exchange
 *   S  the session key: the acceptor, but maybe in another exchange
 *   N  none: anybody
 */

#ifndef GSSKRB5_EXT_RECOVERY_H
#define GSSKRB5_EXT_RECOVERY_H 1

#include <stddef.h>
#include <stdint.h>

enum recovery_level { RECOVERY_N, RECOVERY_K, RECOVERY_S };
#define RECOVERY_LEVELS 3

enum recovery_action {
    RECOVERY_FAIL,		/* nothing to be done */
    RECOVERY_FORGED,		/* no acceptor says this at this level */
    RECOVERY_REQUEST,		/* another AP-REQ with the same ticket */
    RECOVERY_CLOCK,		/* a ticket that tells the acceptor the time,
				   or else its time in the AP-REQ */
    RECOVERY_TICKET,		/* a new ticket, not from the cache */
    RECOVERY_PATH,		/* a new ticket by other realms */
    RECOVERY_USER2USER		/* a ticket in the session key of the TGT */
};
#define RECOVERY_ACTIONS (RECOVERY_USER2USER + 1)

struct recovery_state {
    unsigned int subkey : 1;	/* our Authenticators assert one */
    unsigned int user2user : 1;	/* the acceptor has sent its TGT */
    unsigned int recovered : 1;	/* from another error, in this exchange */
    unsigned int confirmed : 1;	/* the acceptor has confirmed its key */
    unsigned int retried : 1;	/* after a KRB-ERROR about the clock */
};

struct recovery_row {
    int32_t error;		/* of the protocol; 0 ends the table */
    const char *name;
    enum recovery_action at[RECOVERY_LEVELS]; /* by recovery_level */
    unsigned int s_without_subkey : 1;	/* S only if none is asserted */
};

extern const struct recovery_row _gsskrb5_ext_recovery_table[];

enum recovery_action
_gsskrb5_ext_recover(int32_t error, enum recovery_level level,
		     const struct recovery_state *state);

const char *
_gsskrb5_ext_recovery_name(enum recovery_action action);

#endif /* GSSKRB5_EXT_RECOVERY_H */
