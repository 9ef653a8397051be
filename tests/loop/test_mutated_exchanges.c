/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Exchanges with a token changed, doubled, reflected or replaced on its way,
 * finished as an application would: late tokens go to
 * gss_process_context_token(), what is established is used, and everything is
 * released.  A finding is
 *
 *   - a status that no peer can cause, GSS_S_CONTINUE_NEEDED without a token,
 *     a name before the end;
 *   - a context that is usable half-open, or gone after an error that was
 *     not its own, or not gone after one that was;
 *   - two sides that are both established with different flags or keys;
 *   - a changed message that is accepted, or a good one that is not;
 *   - and whatever valgrind or a sanitizer says, leaks included.
 *
 * $LOOP_MUTATIONS is the number of exchanges, $LOOP_SEED the seed (printed),
 * $LOOP_FIRST the first exchange, to run one again.
 */

/* REQ: GL-08, GL-13, GL-15, GL-20, GL-24, GL-28, GL-30, GL-34, GL-35 */
/* REQ: GL-37, GL-38, XT-52 */

#define STEPMECH_REGISTER 1
#include "stepmech.h"
#include "gss_pair.h"
#include "loop_mutate.h"
#include "sec_test.h"

#define DEFAULT_EXCHANGES 2000
#define MAX_STEPS 16

#define MESSAGE_FLAGS (GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | \
		       GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)

static gss_OID_desc spnego_oid = { 6, rk_UNCONST("\x2b\x06\x01\x05\x05\x02") };

/* What is between the two, and what it promises. */
#define SPNEGO	  1
#define STEP	  2	/* the step mechanism's A and B in it, no krb5 */
#define NO_KEYS	  4	/* a change on the way need not be noticed */

static const struct mode {
    const char *name;
    int kind;
    OM_uint32 flags;
    const char *a;		/* configuration of A and B */
    const char *b;
} modes[] = {
    { "krb5 mutual", 0, GSS_C_MUTUAL_FLAG | MESSAGE_FLAGS },
    { "krb5 not mutual", 0, MESSAGE_FLAGS },
    { "krb5 DCE style", 0,
      GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE | MESSAGE_FLAGS },
    { "SPNEGO mutual", SPNEGO, GSS_C_MUTUAL_FLAG | MESSAGE_FLAGS },
    { "SPNEGO not mutual", SPNEGO, MESSAGE_FLAGS },
    { "SPNEGO, preferred, 3 tokens", SPNEGO | STEP | NO_KEYS,
      GSS_C_MUTUAL_FLAG | MESSAGE_FLAGS, "tokens=3", "tokens=3" },
    { "SPNEGO, preferred, 4 tokens", SPNEGO | STEP | NO_KEYS,
      GSS_C_MUTUAL_FLAG | MESSAGE_FLAGS, "tokens=4", "tokens=4" },
    { "SPNEGO, not preferred, 1 token", SPNEGO | STEP,
      MESSAGE_FLAGS, "accept=no", "tokens=1" },
    { "SPNEGO, not preferred, 2 tokens", SPNEGO | STEP,
      GSS_C_MUTUAL_FLAG | MESSAGE_FLAGS, "accept=no", "tokens=2" },
    { "SPNEGO, not preferred, 3 tokens", SPNEGO | STEP,
      GSS_C_MUTUAL_FLAG | MESSAGE_FLAGS, "accept=no", "tokens=3" }
};

#define N_MODES (sizeof(modes) / sizeof(modes[0]))

static struct tally {
    unsigned long exchanges;
    unsigned long completed;	/* on both sides */
    unsigned long findings;
} tallies[N_MODES];

enum state { HALF_OPEN, ESTABLISHED, FAILED };

struct side {
    const char *name;
    int initiator;
    gss_ctx_id_t ctx;
    enum state state;
    OM_uint32 flags;
};

struct run {
    struct gss_pair *pair;
    gss_name_t target;		/* alias */
    const struct mode *mode;
    struct loop_rng rng;
    struct loop_pool *pool;	/* alias */
    struct side initiator;
    struct side acceptor;
    uint64_t seed;
    unsigned long number;
    int victim;			/* step whose token is changed */
    int foreign;		/* and has something of another exchange */
    char trace[256];
};

static void
note(struct run *run, const char *fmt, ...)
{
    size_t used = strlen(run->trace);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(run->trace + used, sizeof(run->trace) - used, fmt, ap);
    va_end(ap);
}

static void
finding(struct run *run, const char *fmt, ...)
{
    va_list ap;

    tallies[run->mode - modes].findings++;
    printf("LOOP_SEED=%llu LOOP_FIRST=%lu %s: ",
	   (unsigned long long)run->seed, run->number, run->mode->name);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf(" [%s ]\n", run->trace);
}

/*
 * What a peer can cause: routine errors (RFC 2744 3.9.1), no calling error.
 */
static int
allowed_error(OM_uint32 major)
{
    if (GSS_CALLING_ERROR(major) || GSS_SUPPLEMENTARY_INFO(major))
	return 0;
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_BAD_MECH:
    case GSS_S_BAD_BINDINGS:
    case GSS_S_BAD_STATUS:
    case GSS_S_BAD_SIG:
    case GSS_S_NO_CRED:
    case GSS_S_NO_CONTEXT:
    case GSS_S_DEFECTIVE_TOKEN:
    case GSS_S_DEFECTIVE_CREDENTIAL:
    case GSS_S_CREDENTIALS_EXPIRED:
    case GSS_S_CONTEXT_EXPIRED:
    case GSS_S_FAILURE:
    case GSS_S_UNAVAILABLE:
	return 1;
    default:
	return 0;
    }
}

/* Of a call that has to fail: it does, and with an allowed status. */
static void
must_fail(struct run *run, const char *what, OM_uint32 major)
{
    if (!GSS_ERROR(major) || !allowed_error(major))
	finding(run, "%s: %08x", what, (unsigned)major);
}

/* Of a call on a half-open or failed context. */
static void
no_context(struct run *run, const char *what, OM_uint32 major)
{
    if (major != GSS_S_NO_CONTEXT)
	finding(run, "%s without a context: %08x", what, (unsigned)major);
}

/*
 * gss_inquire_context(); 1 if the context is there and open.
 */
static int
inquire(gss_ctx_id_t ctx, OM_uint32 *major, OM_uint32 *flags)
{
    gss_name_t source = GSS_C_NO_NAME, target = GSS_C_NO_NAME;
    OM_uint32 minor, lifetime;
    int local, open = 0;

    *major = gss_inquire_context(&minor, ctx, &source, &target, &lifetime,
				 NULL, flags, &local, &open);
    gss_release_name(&minor, &source);
    gss_release_name(&minor, &target);
    return *major == GSS_S_COMPLETE && open;
}

/*
 * Each per-message call on a context that is not established.
 */
static void
use_unestablished(struct run *run, gss_ctx_id_t *ctx)
{
    gss_buffer_desc in, out;
    OM_uint32 minor, size;
    int conf;

    in.value = rk_UNCONST("sixteen octets..");
    in.length = 16;
    memset(&out, 0, sizeof(out));

    no_context(run, "gss_wrap",
	       gss_wrap(&minor, *ctx, 1, 0, &in, &conf, &out));
    gss_release_buffer(&minor, &out);
    no_context(run, "gss_get_mic", gss_get_mic(&minor, *ctx, 0, &in, &out));
    gss_release_buffer(&minor, &out);
    no_context(run, "gss_unwrap",
	       gss_unwrap(&minor, *ctx, &in, &out, &conf, NULL));
    gss_release_buffer(&minor, &out);
    no_context(run, "gss_verify_mic",
	       gss_verify_mic(&minor, *ctx, &in, &in, NULL));
    no_context(run, "gss_wrap_size_limit",
	       gss_wrap_size_limit(&minor, *ctx, 1, 0, 100, &size));
    no_context(run, "gss_pseudo_random",
	       gss_pseudo_random(&minor, *ctx, GSS_C_PRF_KEY_FULL, &in, 16,
				 &out));
    gss_release_buffer(&minor, &out);
    no_context(run, "gss_export_sec_context",
	       gss_export_sec_context(&minor, ctx, &out));
    gss_release_buffer(&minor, &out);
    must_fail(run, "gss_process_context_token",
	      gss_process_context_token(&minor, *ctx, &in));
}

static void
probe_half_open(struct run *run, struct side *side)
{
    OM_uint32 major;

    if (side->ctx == GSS_C_NO_CONTEXT || !rng_once_in(&run->rng, 6))
	return;
    note(run, " probe-%s", side->name);
    use_unestablished(run, &side->ctx);
    if (side->ctx == GSS_C_NO_CONTEXT)
	finding(run, "a half-open context is gone");
    if (inquire(side->ctx, &major, NULL))
	finding(run, "a half-open context is open");
    if (major != GSS_S_COMPLETE)
	finding(run, "gss_inquire_context half-open: %08x", (unsigned)major);
}

/*
 * After an error: the handle is none, or one that answers GSS_S_NO_CONTEXT.
 */
static void
check_failed(struct run *run, struct side *side)
{
    OM_uint32 major, minor;

    if (side->ctx == GSS_C_NO_CONTEXT)
	return;
    (void)inquire(side->ctx, &major, NULL);
    no_context(run, "gss_inquire_context", major);
    use_unestablished(run, &side->ctx);
    gss_delete_sec_context(&minor, &side->ctx, GSS_C_NO_BUFFER);
    if (side->ctx != GSS_C_NO_CONTEXT)
	finding(run, "gss_delete_sec_context leaves a handle");
}

static OM_uint32
call_initiator(struct run *run, struct side *side, gss_buffer_t in,
	       gss_buffer_t out)
{
    struct gss_pair *pair = run->pair;
    int spnego = run->mode->kind & SPNEGO;
    OM_uint32 minor;

    return gss_init_sec_context(&minor, spnego ? GSS_C_NO_CREDENTIAL :
				pair->initiator_cred, &side->ctx,
				run->target, spnego ? &spnego_oid :
				GSS_KRB5_MECHANISM, run->mode->flags, 0,
				GSS_C_NO_CHANNEL_BINDINGS, in, NULL, out,
				&side->flags, NULL);
}

static OM_uint32
call_acceptor(struct run *run, struct side *side, gss_buffer_t in,
	      gss_buffer_t out)
{
    gss_cred_id_t cred = run->mode->kind & SPNEGO ? GSS_C_NO_CREDENTIAL :
	run->pair->acceptor_cred;
    gss_cred_id_t delegated = GSS_C_NO_CREDENTIAL;
    gss_name_t source = GSS_C_NO_NAME;
    OM_uint32 major, minor;

    major = gss_accept_sec_context(&minor, &side->ctx, cred, in,
				   GSS_C_NO_CHANNEL_BINDINGS, &source, NULL,
				   out, &side->flags, NULL, &delegated);
    if (source != GSS_C_NO_NAME && major != GSS_S_COMPLETE)
	finding(run, "src_name with %08x", (unsigned)major);
    if (source == GSS_C_NO_NAME && major == GSS_S_COMPLETE)
	finding(run, "no src_name at the end");
    gss_release_name(&minor, &source);
    gss_release_cred(&minor, &delegated);
    return major;
}

static OM_uint32
call_side(struct run *run, struct side *side, gss_buffer_t in,
	  gss_buffer_t out)
{
    out->length = 0;
    out->value = NULL;
    return side->initiator ? call_initiator(run, side, in, out) :
	call_acceptor(run, side, in, out);
}

/*
 * A step of a half-open side; out is what it sends, if anything.
 */
static void
step(struct run *run, struct side *side, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 major = call_side(run, side, in, out);

    note(run, " %c:%x/%lu", side->name[0], (unsigned)major >> 16 ?
	 (unsigned)major >> 16 : (unsigned)major,
	 (unsigned long)out->length);
    if (major == GSS_S_CONTINUE_NEEDED) {
	if (out->length == 0)
	    finding(run, "GSS_S_CONTINUE_NEEDED without a token");
	probe_half_open(run, side);
	return;
    }
    if (major == GSS_S_COMPLETE) {
	side->state = ESTABLISHED;
	return;
    }
    side->state = FAILED;
    if (!allowed_error(major))
	finding(run, "%s: %08x", side->name, (unsigned)major);
    check_failed(run, side);
}

/*
 * A token for a side that is established: whoever has no key cannot change
 * anything with it.
 */
static void
late(struct run *run, struct side *side, gss_buffer_t in)
{
    OM_uint32 major, minor, flags;

    major = gss_process_context_token(&minor, side->ctx, in);
    note(run, " late-%c:%x", side->name[0], (unsigned)major >> 16);
    if (major != GSS_S_COMPLETE && !allowed_error(major))
	finding(run, "gss_process_context_token: %08x", (unsigned)major);
    if (!inquire(side->ctx, &major, &flags))
	finding(run, "a late token ends the %s's context: %08x", side->name,
		(unsigned)major);
    else if ((flags ^ side->flags) & run->mode->flags)
	finding(run, "a late token changes flags: %08x, were %08x",
		(unsigned)flags, (unsigned)side->flags);
}

static void
deliver(struct run *run, struct side *side, struct loop_token *token,
	gss_buffer_t out)
{
    gss_buffer_desc in;

    in.value = token->data;
    in.length = token->length;
    out->length = 0;
    out->value = NULL;
    if (side->state == HALF_OPEN)
	step(run, side, &in, out);
    else if (side->state == ESTABLISHED)
	late(run, side, &in);
}

/*
 * What becomes of the victim on its way: 1 if it goes to its sender.
 */
static int
interfere(struct run *run, struct side *to, struct loop_token *token)
{
    size_t picks = run->pool->picks;
    struct loop_token twice;
    gss_buffer_desc out;
    OM_uint32 minor;

    switch (rng_below(&run->rng, 12)) {
    case 0:
	note(run, " twice");
	memset(&twice, 0, sizeof(twice));
	token_set(&twice, token->data, token->length);
	deliver(run, to, &twice, &out);
	gss_release_buffer(&minor, &out);
	token_free(&twice);
	return 0;
    case 1:
	note(run, " reflect");
	return 1;
    case 2:
	note(run, " empty");
	token_set(token, NULL, 0);
	return 0;
    default:
	note(run, " %s", mutate(token, &run->rng, run->pool));
	run->foreign = run->pool->picks != picks;
	return 0;
    }
}

/*
 * Tokens to and fro until there is none.
 */
static void
negotiate(struct run *run)
{
    struct side *from = &run->initiator, *to = &run->acceptor, *swap;
    struct loop_token token;
    gss_buffer_desc out;
    OM_uint32 minor;
    int i;

    memset(&token, 0, sizeof(token));
    step(run, from, GSS_C_NO_BUFFER, &out);
    for (i = 1; out.length > 0 && i < MAX_STEPS; i++) {
	token_set(&token, out.value, out.length);
	gss_release_buffer(&minor, &out);
	pool_add(run->pool, token.data, token.length);
	if (i == run->victim && interfere(run, to, &token)) {
	    swap = from;
	    from = to;
	    to = swap;
	}
	deliver(run, to, &token, &out);
	swap = from;
	from = to;
	to = swap;
    }
    gss_release_buffer(&minor, &out);
    token_free(&token);
}

/*
 * One call too many: refused, and the context stays.
 */
static void
call_too_many(struct run *run, struct side *side, struct loop_token *token)
{
    OM_uint32 major, minor, flags = side->flags;
    gss_buffer_desc in, out;

    in.value = token->data;
    in.length = token->length;
    major = call_side(run, side, &in, &out);
    side->flags = flags;
    note(run, " again-%c:%x", side->name[0], (unsigned)major >> 16);
    must_fail(run, "one call too many", major);
    gss_release_buffer(&minor, &out);
    if (!inquire(side->ctx, &major, NULL))
	finding(run, "one call too many ends the %s's context: %08x",
		side->name, (unsigned)major);
}

static void
late_tokens(struct run *run)
{
    struct loop_token token;
    gss_buffer_desc in;
    struct side *side;
    size_t n;

    memset(&token, 0, sizeof(token));
    for (n = rng_below(&run->rng, 3); n > 0; n--) {
	const struct loop_token *old = pool_pick(run->pool, &run->rng);

	side = rng_once_in(&run->rng, 2) ? &run->initiator : &run->acceptor;
	if (side->state != ESTABLISHED || old == NULL)
	    continue;
	token_set(&token, old->data, old->length);
	if (rng_once_in(&run->rng, 2))
	    (void)mutate(&token, &run->rng, run->pool);
	in.value = token.data;
	in.length = token.length;
	if (rng_once_in(&run->rng, 3))
	    call_too_many(run, side, &token);
	else
	    late(run, side, &in);
    }
    token_free(&token);
}

/*
 * What was exported, changed: it may be refused or not, and then be of any
 * use or none.
 */
static void
import_changed(struct run *run, gss_buffer_t exported)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    struct loop_token token;
    gss_buffer_desc in, out;
    OM_uint32 major, minor;
    int conf;

    memset(&token, 0, sizeof(token));
    memset(&out, 0, sizeof(out));
    token_set(&token, exported->value, exported->length);
    (void)mutate(&token, &run->rng, run->pool);
    in.value = token.data;
    in.length = token.length;
    major = gss_import_sec_context(&minor, &in, &ctx);
    if (major == GSS_S_COMPLETE) {
	(void)inquire(ctx, &major, NULL);
	(void)gss_wrap(&minor, ctx, 1, 0, &in, &conf, &out);
	gss_release_buffer(&minor, &out);
	(void)gss_unwrap(&minor, ctx, &in, &out, &conf, NULL);
	gss_release_buffer(&minor, &out);
	(void)gss_verify_mic(&minor, ctx, &in, &in, NULL);
    }
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    token_free(&token);
}

/*
 * Export, import something else, import again.
 */
static void
export_import(struct run *run, struct side *side)
{
    gss_buffer_desc exported;
    OM_uint32 major, minor;

    if (side->state != ESTABLISHED || (run->mode->kind & STEP) ||
	!rng_once_in(&run->rng, 4))
	return;
    note(run, " export-%s", side->name);
    major = gss_export_sec_context(&minor, &side->ctx, &exported);
    if (major != GSS_S_COMPLETE) {
	finding(run, "gss_export_sec_context: %08x", (unsigned)major);
	return;
    }
    import_changed(run, &exported);
    major = gss_import_sec_context(&minor, &exported, &side->ctx);
    if (major != GSS_S_COMPLETE) {
	finding(run, "gss_import_sec_context: %08x", (unsigned)major);
	side->state = FAILED;
    }
    gss_release_buffer(&minor, &exported);
}

static int
is_text(gss_buffer_t out, gss_buffer_t text)
{
    return out->length == text->length &&
	(text->length == 0 ||
	 memcmp(out->value, text->value, text->length) == 0);
}

/*
 * A changed token for gss_unwrap(): refused, or the same message (RRC is not
 * protected), or one that was there before.  Returns whether the real one is
 * still to come.
 */
static int
unwrap_changed(struct run *run, struct side *to, gss_buffer_t wrapped,
	       gss_buffer_t text)
{
    struct loop_token token;
    gss_buffer_desc in, out;
    OM_uint32 major, minor;
    const char *name;
    int conf, same;

    memset(&token, 0, sizeof(token));
    memset(&out, 0, sizeof(out));
    token_set(&token, wrapped->value, wrapped->length);
    name = mutate(&token, &run->rng, run->pool);
    in.value = token.data;
    in.length = token.length;
    major = gss_unwrap(&minor, to->ctx, &in, &out, &conf, NULL);
    same = is_text(&out, text);
    if (!GSS_ERROR(major) && !same && major != GSS_S_DUPLICATE_TOKEN)
	finding(run, "a changed message (%s) is accepted: %08x", name,
		(unsigned)major);
    gss_release_buffer(&minor, &out);
    token_free(&token);
    return major != GSS_S_COMPLETE;
}

static void
unwrap_good(struct run *run, struct side *to, gss_buffer_t wrapped,
	    gss_buffer_t text, int conf)
{
    struct loop_token twice;
    OM_uint32 major, minor;
    gss_buffer_desc in, out;
    int got = -1;

    /* gss_unwrap() works in place */
    memset(&twice, 0, sizeof(twice));
    token_set(&twice, wrapped->value, wrapped->length);
    in.value = twice.data;
    in.length = twice.length;
    memset(&out, 0, sizeof(out));
    major = gss_unwrap(&minor, to->ctx, wrapped, &out, &got, NULL);
    if (major != GSS_S_COMPLETE || !is_text(&out, text) || !got != !conf)
	finding(run, "a good message for the %s: %08x/%d, conf %d of %d",
		to->name, (unsigned)major, (int)minor, got, conf);
    gss_release_buffer(&minor, &out);

    major = gss_unwrap(&minor, to->ctx, &in, &out, &got, NULL);
    if (!(run->mode->kind & STEP) && major != GSS_S_DUPLICATE_TOKEN)
	finding(run, "a message for the %s twice: %08x", to->name,
		(unsigned)major);
    gss_release_buffer(&minor, &out);
    token_free(&twice);
}

static void
check_mic(struct run *run, struct side *from, struct side *to,
	  gss_buffer_t text)
{
    gss_buffer_desc mic;
    OM_uint32 major, minor;
    unsigned char *p;

    major = gss_get_mic(&minor, from->ctx, 0, text, &mic);
    if (major != GSS_S_COMPLETE) {
	finding(run, "gss_get_mic: %08x", (unsigned)major);
	return;
    }
    p = mic.value;
    p[mic.length - 1] ^= 1;
    must_fail(run, "a changed MIC",
	      gss_verify_mic(&minor, to->ctx, text, &mic, NULL));
    p[mic.length - 1] ^= 1;
    major = gss_verify_mic(&minor, to->ctx, text, &mic, NULL);
    if (major != GSS_S_COMPLETE)
	finding(run, "a good MIC for the %s: %08x", to->name,
		(unsigned)major);
    gss_release_buffer(&minor, &mic);
}

/*
 * Messages of one direction.
 */
static void
messages(struct run *run, struct side *from, struct side *to)
{
    gss_buffer_desc text, wrapped;
    int conf = rng_once_in(&run->rng, 2), done;
    OM_uint32 major, minor;

    text.value = rk_UNCONST("a message of some octets, long enough for two");
    text.length = rng_below(&run->rng, strlen(text.value) + 1);

    check_mic(run, from, to, &text);
    major = gss_wrap(&minor, from->ctx, conf, 0, &text, &done, &wrapped);
    if (major != GSS_S_COMPLETE || !done != !conf) {
	finding(run, "gss_wrap: %08x, conf %d of %d", (unsigned)major, done,
		conf);
	return;
    }
    note(run, " wrap-%c", to->name[0]);
    pool_add(run->pool, wrapped.value, wrapped.length);
    if (unwrap_changed(run, to, &wrapped, &text))
	unwrap_good(run, to, &wrapped, &text, conf);
    gss_release_buffer(&minor, &wrapped);
}

static int
both_established(struct run *run)
{
    return run->initiator.state == ESTABLISHED &&
	run->acceptor.state == ESTABLISHED;
}

/*
 * Both say they are established: then it is one context.
 */
static void
check_agreement(struct run *run)
{
    OM_uint32 differ = run->initiator.flags ^ run->acceptor.flags;

    if (run->mode->kind & NO_KEYS)
	return;
    /* KNOWN: an old AP-REQ is accepted, and who does not wait for an answer
       does not know that it was not his; there is no replay cache */
    if (run->foreign && !(run->mode->flags & GSS_C_MUTUAL_FLAG))
	return;
    if (differ && !(run->mode->kind & STEP))
	finding(run, "flags %08x and %08x", (unsigned)run->initiator.flags,
		(unsigned)run->acceptor.flags);
    messages(run, &run->initiator, &run->acceptor);
    messages(run, &run->acceptor, &run->initiator);
}

/*
 * Let the mode's mechanisms be the ones that there are credentials for.
 */
static void
set_mode(struct run *run, const struct mode *mode, gss_name_t step_target)
{
    int step = mode->kind & STEP;

    run->mode = mode;
    run->target = step ? step_target : run->pair->target;
    setenv("KRB5CCNAME", step ? "MEMORY:none" : "MEMORY:gss_pair", 1);
    setenv("KRB5_KTNAME", step ? "MEMORY:none" : "MEMORY:gss_pair", 1);
    stepmech_configure(STEPMECH_A, step ? mode->a : "init=no accept=no");
    stepmech_configure(STEPMECH_B, step ? mode->b : "init=no accept=no");
}

static void
exchange(struct gss_pair *pair, gss_name_t step_target,
	 struct loop_pool *pool, uint64_t seed, unsigned long number)
{
    struct tally *tally;
    struct run run;
    OM_uint32 minor;

    memset(&run, 0, sizeof(run));
    run.pair = pair;
    run.pool = pool;
    run.seed = seed;
    run.number = number;
    set_mode(&run, &modes[number % N_MODES], step_target);
    run.initiator.name = "initiator";
    run.initiator.initiator = 1;
    run.acceptor.name = "acceptor";
    rng_seed(&run.rng, seed, number);
    /* once in a while nothing is changed */
    run.victim = rng_once_in(&run.rng, 8) ? 0 :
	1 + rng_below(&run.rng, run.mode->kind & STEP ? 6 : 3);
    tally = &tallies[run.mode - modes];
    tally->exchanges++;

    negotiate(&run);
    if (both_established(&run)) {
	tally->completed++;
	check_agreement(&run);
    } else if (run.victim == 0)
	finding(&run, "nothing was changed and it failed");
    late_tokens(&run);
    export_import(&run, &run.initiator);
    export_import(&run, &run.acceptor);
    if (both_established(&run))
	check_agreement(&run);
    gss_delete_sec_context(&minor, &run.initiator.ctx, GSS_C_NO_BUFFER);
    gss_delete_sec_context(&minor, &run.acceptor.ctx, GSS_C_NO_BUFFER);
}

static uint64_t
number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

int
main(int argc, char **argv)
{
    unsigned long count, first, i;
    static struct loop_pool pool;
    struct gss_pair pair;
    gss_buffer_desc name;
    gss_name_t step_target;
    OM_uint32 major, minor;
    uint64_t seed;

    count = number_from("LOOP_MUTATIONS", DEFAULT_EXCHANGES);
    seed = number_from("LOOP_SEED", 1);
    first = number_from("LOOP_FIRST", 0);
    printf("LOOP_MUTATIONS=%lu LOOP_SEED=%llu\n", count,
	   (unsigned long long)seed);

    stepmech_register();
    name.value = rk_UNCONST("step@security.test");
    name.length = strlen(name.value);
    major = gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE,
			    &step_target);
    pair_gss(major, minor, "gss_import_name");
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    for (i = first; i < first + count; i++)
	exchange(&pair, step_target, &pool, seed, i);
    for (i = 0; i < N_MODES; i++)
	check(tallies[i].findings == 0, "%s: %lu exchanges, %lu completed, "
	      "%lu findings", modes[i].name, tallies[i].exchanges,
	      tallies[i].completed, tallies[i].findings);
    pair_connect(&pair);
    check(1, "a good exchange still completes");
    pool_free(&pool);
    gss_release_name(&minor, &step_target);
    check(stepmech_live() == 0, "nothing of the step mechanism is left: %d",
	  stepmech_live());
    pair_free(&pair);
    return check_done();
}
