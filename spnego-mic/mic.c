/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

#include <string.h>

#include "mic.h"

/*
 * The mechanism needs more messages: nobody can have made a MIC, and the
 * acceptor cannot be done with it.
 */
static enum spnego_mic_verdict
decide_incomplete(const struct spnego_mic_step *step,
		  struct spnego_mic_action *action)
{
    if (step->mic_in || (step->initiator && step->completed_in))
	return SPNEGO_MIC_DEFECTIVE;
    if (!step->token_out)
	return SPNEGO_MIC_DEFECTIVE;
    action->send = 1;
    return SPNEGO_MIC_OK;
}

/*
 * No MIC is required and the peer has sent none.  An initiator that sends the
 * last token waits for accept-completed.
 */
static enum spnego_mic_verdict
decide_without(const struct spnego_mic_step *step,
	       struct spnego_mic_action *action)
{
    action->done = !(step->initiator && step->token_out);
    action->send = step->token_out || step->wants_answer;
    return SPNEGO_MIC_OK;
}

/*
 * Nothing is left of the mechanism and the peer's MIC is not there.  Who sends
 * the last token sends a MIC with it (RFC 4178 5), and a MIC is answered with
 * one; there is only one to wait for when the initiator was complete before it
 * knew that a MIC is wanted.
 */
static int
is_missing(const struct spnego_mic *mic, const struct spnego_mic_step *step)
{
    return !step->initiator || step->token_in || step->completed_in ||
	mic->sent;
}

/*
 * Decide on *step in the state *mic.  action is all 0 on refusal.
 */
enum spnego_mic_verdict
_gss_spnego_mic_decide(const struct spnego_mic *mic,
		       const struct spnego_mic_step *step,
		       struct spnego_mic_action *action)
{
    int verified = mic->verified || step->mic_in;

    memset(action, 0, sizeof(*action));
    if (!step->complete)
	return decide_incomplete(step, action);
    if (step->mic_in && mic->verified)
	return SPNEGO_MIC_DUPLICATE;
    if (step->mic_in && step->token_out)
	return SPNEGO_MIC_DEFECTIVE;	/* the peer is not complete */
    if (!mic->required && !verified)
	return decide_without(step, action);
    if (!verified && !step->token_out && is_missing(mic, step))
	return SPNEGO_MIC_DEFECTIVE;

    action->verify = step->mic_in;
    action->make = !mic->sent;
    action->done = verified;
    action->send = step->token_out || action->make || step->wants_answer;
    return SPNEGO_MIC_OK;
}
