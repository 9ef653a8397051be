/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * When SPNEGO's mechListMIC (RFC 4178 5) is made, verified or missed, for
 * mechanisms of any number of tokens; README.md has the table.
 */

#ifndef SPNEGO_MIC_H
#define SPNEGO_MIC_H 1

/* What a context keeps.  The caller sets sent and verified when they are. */
struct spnego_mic {
    unsigned int required : 1;	/* the mechanism has MICs, and it has to be */
    unsigned int sent : 1;	/* ours was made */
    unsigned int verified : 1;	/* the peer's was good */
};

/* One message of the peer, and what the mechanism made of it. */
struct spnego_mic_step {
    unsigned int initiator : 1;
    unsigned int complete : 1;	/* the mechanism is, by now */
    unsigned int token_in : 1;	/* there was a mechanism token in it */
    unsigned int token_out : 1;	/* there is one to send */
    unsigned int mic_in : 1;	/* there was a mechListMIC in it */
    unsigned int completed_in : 1; /* it said accept-completed */
    unsigned int wants_answer : 1; /* the peer waits for one in any case */
};

enum spnego_mic_verdict {
    SPNEGO_MIC_OK,
    SPNEGO_MIC_DUPLICATE,	/* a second MIC */
    SPNEGO_MIC_DEFECTIVE	/* a MIC is missing, or anything too early */
};

/* What to do if it is SPNEGO_MIC_OK; a MIC that does not verify is refused. */
struct spnego_mic_action {
    unsigned int verify : 1;	/* the peer's MIC, before all else */
    unsigned int make : 1;	/* our MIC, and send it */
    unsigned int send : 1;	/* a message, accept-completed if done */
    unsigned int done : 1;	/* the negotiation is complete */
};

enum spnego_mic_verdict
_gss_spnego_mic_decide(const struct spnego_mic *mic,
		       const struct spnego_mic_step *step,
		       struct spnego_mic_action *action);

#endif /* SPNEGO_MIC_H */
