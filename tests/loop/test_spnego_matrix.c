/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * SPNEGO over mechanisms of 1 to 6 tokens, preferred or not, with MICs or
 * without: which messages there are, that both sides complete and agree, and
 * that none of them completes without the MIC it needs when somebody changes
 * messages on the way.
 *
 * The initiator offers A and B of the step mechanism.  A is preferred; if the
 * acceptor has no credential for it, B is chosen.
 *
 * REQ: GL-37, GL-08, GL-24, GL-35
 */

#include "spnego_run.h"

static gss_name_t target;
static int baseline;		/* alive because of target */

/*
 * B is chosen, or A.
 */
static void
configure(int tokens, int preferred, int mic)
{
    static char a[128], b[128];

    snprintf(a, sizeof(a), "tokens=%d mic=%s accept=%s", tokens,
	     mic ? "yes" : "no", preferred ? "yes" : "no");
    snprintf(b, sizeof(b), "tokens=%d mic=%s", tokens, mic ? "yes" : "no");
    stepmech_configure(STEPMECH_A, a);
    stepmech_configure(STEPMECH_B, b);
}

/* What messages there are, RFC 4178 5. */
static int
expected_messages(int tokens, int preferred, int mic)
{
    if (preferred)
	return tokens + tokens % 2;
    return 2 + tokens + (mic ? 1 : tokens % 2);
}

static void
test_combination(int tokens, int preferred, int mic, OM_uint32 req_flags)
{
    struct run run;
    int want_mic = mic && !preferred, ok;

    configure(tokens, preferred, mic);
    run_init(&run, target, req_flags);
    run_all(&run);
    ok = run.major[0] == GSS_S_COMPLETE && run.major[1] == GSS_S_COMPLETE &&
	run.broken == NULL && run.flags[0] == run.flags[1] &&
	run.messages == expected_messages(tokens, preferred, mic) &&
	run.mics[0] == want_mic && run.mics[1] == want_mic &&
	(preferred || run.states[1] == request_mic) &&
	gss_oid_equal(run.mech[0], preferred ? STEPMECH_A : STEPMECH_B) &&
	gss_oid_equal(run.mech[1], run.mech[0]) &&
	run_messages_work(&run) == mic;
    check(ok, "%d tokens, %spreferred, %s MICs, flags %x: %08x/%08x, "
	  "%d messages, %d and %d MICs, flags %x/%x%s%s", tokens,
	  preferred ? "" : "not ", mic ? "with" : "without",
	  (unsigned)req_flags, (unsigned)run.major[0], (unsigned)run.major[1],
	  run.messages, run.mics[0], run.mics[1], (unsigned)run.flags[0],
	  (unsigned)run.flags[1], run.broken ? ", " : "",
	  run.broken ? run.broken : "");
    run_end(&run);
    if (stepmech_live() != baseline)
	check(0, "  %d contexts, %d names, %d credentials left",
	      stepmech_live_contexts(), stepmech_live_names(),
	      stepmech_live_creds());
}

static void
test_matrix(void)
{
    static const OM_uint32 flags[] = {
	0, GSS_C_MUTUAL_FLAG,
	GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG,
	GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE,
	GSS_C_MUTUAL_FLAG | GSS_C_DELEG_FLAG
    };
    int tokens, preferred, mic;
    size_t i;

    for (tokens = 1; tokens <= 6; tokens++)
	for (preferred = 0; preferred <= 1; preferred++)
	    for (mic = 0; mic <= 1; mic++)
		for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		    test_combination(tokens, preferred, mic, flags[i]);
}

/*
 * Changes of messages.
 */

static heim_octet_string **
mic_of(NegotiationToken *nt)
{
    return nt->element == choice_NegotiationToken_negTokenResp ?
	&nt->u.negTokenResp.mechListMIC : &nt->u.negTokenInit.mechListMIC;
}

static heim_octet_string **
token_of(NegotiationToken *nt)
{
    return nt->element == choice_NegotiationToken_negTokenResp ?
	&nt->u.negTokenResp.responseToken : &nt->u.negTokenInit.mechToken;
}

static void
drop(heim_octet_string **field)
{
    if (*field) {
	der_free_octet_string(*field);
	free(*field);
	*field = NULL;
    }
}

static void
put(heim_octet_string **field, const void *data, size_t length)
{
    drop(field);
    *field = calloc(1, sizeof(**field));
    (*field)->data = malloc(length);
    (*field)->length = length;
    memcpy((*field)->data, data, length);
}

/* which is the arg-th MIC of the exchange? */
static int
is_nth_mic(struct run *run, NegotiationToken *nt)
{
    return *mic_of(nt) && run->mics[0] + run->mics[1] + 1 == run->arg;
}

static void
strip_mic(struct run *run, int n, NegotiationToken *nt)
{
    if (is_nth_mic(run, nt)) {
	drop(mic_of(nt));
	run->arg = 0;
    }
}

static void
change_mic(struct run *run, int n, NegotiationToken *nt)
{
    if (is_nth_mic(run, nt))
	((unsigned char *)(*mic_of(nt))->data)[(*mic_of(nt))->length - 1] ^= 1;
}

/* the second MIC is the first one again */
static void
reflect_mic(struct run *run, int n, NegotiationToken *nt)
{
    heim_octet_string **mic = mic_of(nt);

    if (*mic == NULL)
	return;
    if (run->kept.data)
	put(mic, run->kept.data, run->kept.length);
    else
	der_copy_octet_string(*mic, &run->kept);
}

/* A is not offered to the acceptor */
static void
shorten_list(struct run *run, int n, NegotiationToken *nt)
{
    MechTypeList *list = &nt->u.negTokenInit.mechTypes;

    if (n != 1)
	return;
    remove_MechTypeList(list, 0);
    drop(token_of(nt));
}

static void
swap_list(struct run *run, int n, NegotiationToken *nt)
{
    MechTypeList *list = &nt->u.negTokenInit.mechTypes;
    MechType first;

    if (n != 1)
	return;
    first = list->val[0];
    list->val[0] = list->val[1];
    list->val[1] = first;
    drop(token_of(nt));
}

static void
set_state(NegotiationToken *nt, int state)
{
    if (nt->u.negTokenResp.negResult)
	*nt->u.negTokenResp.negResult = state;
}

static void
strip_request(struct run *run, int n, NegotiationToken *nt)
{
    if (n == 2)
	set_state(nt, accept_incomplete);
}

static void
swap_supported(struct run *run, int n, NegotiationToken *nt)
{
    gss_OID_desc none = { 2, rk_UNCONST("\x69\x03") };
    gss_OID oid = run->arg == 0 ? &none : run->arg == 1 ?
	GSS_SPNEGO_MECHANISM : STEPMECH_A;
    size_t size;

    if (n != 2)
	return;
    free_MechType(nt->u.negTokenResp.supportedMech);
    if (der_get_oid(oid->elements, oid->length,
		    nt->u.negTokenResp.supportedMech, &size))
	errx(1, "der_get_oid");
}

static void
add_supported(struct run *run, int n, NegotiationToken *nt)
{
    size_t size;

    if (n != 4)
	return;
    nt->u.negTokenResp.supportedMech = calloc(1, sizeof(MechType));
    if (der_get_oid(STEPMECH_B->elements, STEPMECH_B->length,
		    nt->u.negTokenResp.supportedMech, &size))
	errx(1, "der_get_oid");
}

static void
early_mic(struct run *run, int n, NegotiationToken *nt)
{
    if (n == run->arg)
	put(mic_of(nt), "not one", 7);
}

static void
token_as_mic(struct run *run, int n, NegotiationToken *nt)
{
    if (*token_of(nt) && *mic_of(nt) == NULL)
	put(mic_of(nt), (*token_of(nt))->data, (*token_of(nt))->length);
}

static void
early_completed(struct run *run, int n, NegotiationToken *nt)
{
    if (n == run->arg)
	set_state(nt, accept_completed);
}

static void
strip_token(struct run *run, int n, NegotiationToken *nt)
{
    if (n == run->arg)
	drop(token_of(nt));
}

/* as early_completed, and nothing else in it */
static void
completed_only(struct run *run, int n, NegotiationToken *nt)
{
    early_completed(run, n, nt);
    strip_token(run, n, nt);
}

static void
empty_token(struct run *run, int n, NegotiationToken *nt)
{
    if (n == run->arg)
	put(token_of(nt), "", 0);
}

/* a mechanism token with the header of SPNEGO, or of A */
static void
foreign_token(struct run *run, int n, NegotiationToken *nt)
{
    static const char spnego[] = "\x60\x08\x06\x06\x2b\x06\x01\x05\x05\x02";
    heim_octet_string **token = token_of(nt);

    if (n != 3)
	return;
    if (run->arg)
	put(token, spnego, sizeof(spnego) - 1);
    else
	((unsigned char *)(*token)->data)[5] = 1;
}

static void
run_changed(const char *what, int tokens, int preferred, run_hook hook,
	    int arg, OM_uint32 initiator, OM_uint32 acceptor)
{
    struct run run;

    run_init(&run, target, GSS_C_MUTUAL_FLAG);
    run.hook = hook;
    run.arg = arg;
    run_all(&run);
    check(run.major[0] == initiator && run.major[1] == acceptor &&
	  run.broken == NULL, "%d tokens, %spreferred, %s: %08x/%08x%s%s",
	  tokens, preferred ? "" : "not ", what, (unsigned)run.major[0],
	  (unsigned)run.major[1], run.broken ? ", " : "",
	  run.broken ? run.broken : "");
    run_end(&run);
    if (stepmech_live() != baseline)
	check(0, "  %d contexts, %d names left", stepmech_live_contexts(),
	      stepmech_live_names());
}

#define COMPLETE GSS_S_COMPLETE
#define CONTINUE GSS_S_CONTINUE_NEEDED
#define BAD_MECH GSS_S_BAD_MECH
#define DEFECTIVE GSS_S_DEFECTIVE_TOKEN

/*
 * Who gets the first MIC refuses it: the acceptor of an odd number of tokens,
 * who rejects, or the initiator of an even one.
 */
static void
first_refused(const char *what, int tokens, run_hook hook, int arg)
{
    if (tokens % 2)
	run_changed(what, tokens, 0, hook, arg, BAD_MECH, DEFECTIVE);
    else
	run_changed(what, tokens, 0, hook, arg, DEFECTIVE, CONTINUE);
}

/* The second one: its receiver, when the sender is complete. */
static void
second_refused(const char *what, int tokens, run_hook hook, int arg)
{
    if (tokens % 2)
	run_changed(what, tokens, 0, hook, arg, DEFECTIVE, COMPLETE);
    else
	run_changed(what, tokens, 0, hook, arg, COMPLETE, DEFECTIVE);
}

static void
test_changes(int tokens)
{
    configure(tokens, 0, 1);
    first_refused("first MIC stripped", tokens, strip_mic, 1);
    second_refused("second MIC stripped", tokens, strip_mic, 2);
    first_refused("first MIC changed", tokens, change_mic, 1);
    second_refused("second MIC changed", tokens, change_mic, 2);
    second_refused("MIC sent back", tokens, reflect_mic, 0);
    run_changed("request for MICs stripped", tokens, 0, strip_request, 0,
		COMPLETE, COMPLETE);
    run_changed("a mechanism that was not offered", tokens, 0,
		swap_supported, 0, BAD_MECH, CONTINUE);
    run_changed("SPNEGO as the mechanism", tokens, 0, swap_supported, 1,
		BAD_MECH, CONTINUE);
    run_changed("a MIC in the first message of the mechanism", tokens, 0,
		early_mic, 3, BAD_MECH, DEFECTIVE);
    run_changed("no token of the mechanism that was chosen", tokens, 0,
		strip_token, 3, BAD_MECH, DEFECTIVE);
    run_changed("an empty token of it", tokens, 0, empty_token, 3, BAD_MECH,
		DEFECTIVE);
    run_changed("a token of another mechanism", tokens, 0, foreign_token, 0,
		BAD_MECH, DEFECTIVE);
    run_changed("SPNEGO in SPNEGO", tokens, 0, foreign_token, 1, BAD_MECH,
		DEFECTIVE);
    run_changed("tokens instead of MICs, as in Windows 2000", tokens, 0,
		token_as_mic, 0, COMPLETE, COMPLETE);
    if (tokens > 1)
	run_changed("a second choice of mechanism", tokens, 0, add_supported,
		    0, BAD_MECH, CONTINUE);
    if (tokens > 2) {
	run_changed("a MIC too early", tokens, 0, early_mic, 4, DEFECTIVE,
		    CONTINUE);
	/* our last token is still to be sent: nothing is lost by sending it */
	run_changed("accept-completed too early", tokens, 0, early_completed,
		    4, tokens == 3 ? COMPLETE : DEFECTIVE,
		    tokens == 3 ? COMPLETE : CONTINUE);
    }

    /* Both have A; nobody but the initiator can know that it was offered. */
    configure(tokens, 1, 1);
    if (tokens % 2) {
	run_changed("A removed", tokens, 1, shorten_list, 0, BAD_MECH,
		    DEFECTIVE);
	run_changed("A put behind B", tokens, 1, swap_list, 0, BAD_MECH,
		    DEFECTIVE);
    } else {
	run_changed("A removed", tokens, 1, shorten_list, 0, DEFECTIVE,
		    COMPLETE);
	run_changed("A put behind B", tokens, 1, swap_list, 0, DEFECTIVE,
		    COMPLETE);
    }
    run_changed("tokens instead of MICs, as in Windows 2000", tokens, 1,
		token_as_mic, 0, COMPLETE, COMPLETE);
    if (tokens > 2) {
	run_changed("no token of the mechanism", tokens, 1, strip_token, 3,
		    BAD_MECH, DEFECTIVE);
	run_changed("accept-completed too early", tokens, 1, early_completed,
		    2, tokens == 3 ? COMPLETE : DEFECTIVE,
		    tokens == 3 ? COMPLETE : CONTINUE);
	run_changed("a MIC too early", tokens, 1, early_mic, 2, DEFECTIVE,
		    CONTINUE);
    }
    run_changed("nothing changed", tokens, 1, NULL, 0, COMPLETE, COMPLETE);
}

/*
 * The first mechanism is complete with its only token and not chosen: that
 * says nothing about the second one.
 */
static void
test_other_mechanism_complete(void)
{
    stepmech_configure(STEPMECH_A, "tokens=1 accept=no");
    stepmech_configure(STEPMECH_B, "tokens=4");
    run_changed("accept-completed instead of the token", 4, 0,
		completed_only, 4, DEFECTIVE, CONTINUE);
    stepmech_configure(STEPMECH_B, "tokens=4 mic=no");
    run_changed("the same without MICs", 4, 0, completed_only, 4, DEFECTIVE,
		CONTINUE);
    run_changed("nothing changed", 4, 0, NULL, 0, COMPLETE, COMPLETE);
}

int
main(int argc, char **argv)
{
    OM_uint32 minor;
    int tokens;

    run_setup();
    target = run_target("service@step.test");
    baseline = stepmech_live();
    test_matrix();
    for (tokens = 1; tokens <= 6; tokens++)
	test_changes(tokens);
    test_other_mechanism_complete();
    gss_release_name(&minor, &target);
    check(stepmech_live() == 0, "nothing is left");
    return check_done();
}
