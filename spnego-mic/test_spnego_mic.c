/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The table of README.md row by row; then both sides against each other, for
 * every number of tokens; then every combination of inputs for what must never
 * be: done without a MIC that is required.
 *
 * REQ: GL-37
 */

#include <stdio.h>
#include <string.h>

#include "mic.h"

static int cases, failures;

static void
check(int ok, const char *what)
{
    cases++;
    if (!ok)
	failures++;
    printf("%s %s\n", ok ? "ok    " : "FAILED", what);
}

/*
 * One letter each.  State: r required, s sent, v verified.  Step: I
 * initiator, c complete, i token in, o token out, m MIC in, d the peer is
 * done, w wants an answer.  Action: v verify, m make, s send, d done; D
 * defective, 2 duplicate.
 */
static const struct row {
    const char *what, *state, *step, *action;
} rows[] = {
    /* the mechanism goes on */
    { "initiator goes on", "", "Iio", "s" },
    { "acceptor goes on", "", "iow", "s" },
    { "initiator has nothing to send", "", "Ii", "D" },
    { "acceptor has nothing to send", "", "iw", "D" },
    { "no token for it", "", "w", "D" },
    { "initiator, acceptor done too early", "", "Iiod", "D" },
    { "acceptor, initiator says so", "", "iod", "s" },
    { "initiator, MIC too early", "", "Iiom", "D" },
    { "acceptor, MIC too early", "", "iom", "D" },
    /* it is complete, and no MIC is required */
    { "initiator, last token in", "", "Icid", "d" },
    { "initiator, last token out", "", "Iciow", "s" },
    { "initiator, it was accepted", "", "Icd", "d" },
    { "acceptor, last token in", "", "ciw", "sd" },
    { "acceptor, last token in, no answer wanted", "", "ci", "d" },
    { "acceptor, last token out", "", "ciow", "sd" },
    { "initiator, a MIC all the same", "", "Icimd", "vmsd" },
    { "acceptor, a MIC all the same", "", "cimw", "vmsd" },
    { "initiator, a bad time for a MIC", "", "Iciom", "D" },
    { "acceptor, a bad time for a MIC", "", "ciom", "D" },
    /* one is required */
    { "initiator, last token out, makes its MIC", "r", "Icio", "ms" },
    { "acceptor, last token out, makes its MIC", "r", "ciow", "ms" },
    { "acceptor, last token and MIC in", "r", "cimw", "vmsd" },
    { "initiator, last token and MIC in", "r", "Icim", "vmsd" },
    { "acceptor, last token in, no MIC", "r", "ciw", "D" },
    { "initiator, last token in, no MIC", "r", "Ici", "D" },
    { "initiator, last token in, no MIC, done", "r", "Icid", "D" },
    { "initiator, answer with a MIC", "rs", "Icmd", "vd" },
    { "initiator, answer without", "rs", "Icd", "D" },
    { "initiator, answer without, not done", "rs", "Ic", "D" },
    { "acceptor, answer with a MIC", "rs", "cm", "vd" },
    { "acceptor, answer with a MIC, answer wanted", "rs", "cmw", "vsd" },
    { "acceptor, answer without", "rs", "cw", "D" },
    { "initiator, complete before it is asked for one", "r", "Ic", "ms" },
    { "initiator, the same, but done", "r", "Icd", "D" },
    { "initiator, a second MIC", "rsv", "Icm", "2" },
    { "acceptor, a second MIC", "rsv", "cm", "2" },
    { "a second MIC, ours not sent", "rv", "cm", "2" }
};

static struct spnego_mic
state_of(const char *s)
{
    struct spnego_mic mic;

    memset(&mic, 0, sizeof(mic));
    mic.required = strchr(s, 'r') != NULL;
    mic.sent = strchr(s, 's') != NULL;
    mic.verified = strchr(s, 'v') != NULL;
    return mic;
}

static struct spnego_mic_step
step_of(const char *s)
{
    struct spnego_mic_step step;

    memset(&step, 0, sizeof(step));
    step.initiator = strchr(s, 'I') != NULL;
    step.complete = strchr(s, 'c') != NULL;
    step.token_in = strchr(s, 'i') != NULL;
    step.token_out = strchr(s, 'o') != NULL;
    step.mic_in = strchr(s, 'm') != NULL;
    step.completed_in = strchr(s, 'd') != NULL;
    step.wants_answer = strchr(s, 'w') != NULL;
    return step;
}

static void
test_rows(void)
{
    struct spnego_mic_action action;
    struct spnego_mic_step step;
    struct spnego_mic mic;
    char got[8], *p;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	mic = state_of(rows[i].state);
	step = step_of(rows[i].step);
	p = got;
	switch (_gss_spnego_mic_decide(&mic, &step, &action)) {
	case SPNEGO_MIC_DEFECTIVE:
	    *p++ = 'D';
	    break;
	case SPNEGO_MIC_DUPLICATE:
	    *p++ = '2';
	    break;
	default:
	    break;
	}
	if (action.verify)
	    *p++ = 'v';
	if (action.make)
	    *p++ = 'm';
	if (action.send)
	    *p++ = 's';
	if (action.done)
	    *p++ = 'd';
	*p = '\0';
	check(strcmp(got, rows[i].action) == 0, rows[i].what);
    }
}

/*
 * Two sides, tokens in all, the initiator's first.  Returns 1 if both are
 * done, with MICs exactly if required.
 */
static int
run(int tokens, int required)
{
    struct spnego_mic mic[2];
    struct spnego_mic_action a[2];
    struct spnego_mic_step step;
    int sent = 0, side = 0, token = 0, mic_in = 0, done_in = 0, n;

    memset(mic, 0, sizeof(mic));
    memset(a, 0, sizeof(a));
    for (n = 0; n < 10; n++, side = !side) {
	memset(&step, 0, sizeof(step));
	step.initiator = side == 0;
	step.token_in = token;
	step.token_out = sent < tokens && (n == 0 || token);
	step.complete = sent + step.token_out == tokens;
	step.mic_in = mic_in;
	step.completed_in = done_in;
	step.wants_answer = side == 1 && !done_in;
	mic[side].required = required && step.complete;
	if (_gss_spnego_mic_decide(&mic[side], &step, &a[side]) !=
	    SPNEGO_MIC_OK)
	    return 0;
	mic[side].verified |= a[side].verify;
	mic[side].sent |= a[side].make;
	sent += step.token_out;
	if (!a[side].send || (a[0].done && a[1].done))
	    break;
	token = step.token_out;
	mic_in = a[side].make;
	done_in = a[side].done;
    }
    return a[0].done && a[1].done && mic[0].verified == required &&
	mic[1].verified == required && mic[0].sent == required &&
	mic[1].sent == required;
}

static void
test_runs(void)
{
    char what[64];
    int tokens, required;

    for (tokens = 1; tokens <= 6; tokens++)
	for (required = 0; required <= 1; required++) {
	    snprintf(what, sizeof(what), "%d tokens, MIC %srequired", tokens,
		     required ? "" : "not ");
	    check(run(tokens, required), what);
	}
}

static void
test_never(void)
{
    struct spnego_mic_action a;
    struct spnego_mic_step s;
    struct spnego_mic m;
    int i, ok = 1, refused_empty = 1;

    for (i = 0; i < 1 << 10; i++) {
	m.required = (i & 1) != 0;
	m.sent = (i & 2) != 0;
	m.verified = (i & 4) != 0;
	s.initiator = (i & 8) != 0;
	s.complete = (i & 16) != 0;
	s.token_in = (i & 32) != 0;
	s.token_out = (i & 64) != 0;
	s.mic_in = (i & 128) != 0;
	s.completed_in = (i & 256) != 0;
	s.wants_answer = (i & 512) != 0;
	if (_gss_spnego_mic_decide(&m, &s, &a) != SPNEGO_MIC_OK) {
	    refused_empty = refused_empty &&
		!a.verify && !a.make && !a.send && !a.done;
	    continue;
	}
	if (a.done && (!s.complete ||
		       (m.required && !m.verified && !a.verify)))
	    ok = 0;
	if (!a.done && !a.send)
	    ok = 0;		/* it would wait for nothing */
	if (a.make && (m.sent || !a.send || !s.complete))
	    ok = 0;
	if (s.mic_in && !a.verify)
	    ok = 0;
	if (s.token_out && !a.send)
	    ok = 0;
    }
    check(ok, "1024 combinations: never done without a MIC that is required, "
	  "no MIC unverified, none made twice");
    check(refused_empty, "a refusal asks for nothing");
}

int
main(int argc, char **argv)
{
    test_rows();
    test_runs();
    test_never();
    printf("%d cases, %d failed\n", cases, failures);
    return failures != 0;
}
