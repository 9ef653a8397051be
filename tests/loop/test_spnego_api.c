/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a caller of SPNEGO sees beside the exchange itself: half-open and
 * established contexts, errors and error tokens, names, and faults of the
 * mechanism below.
 */

#include "spnego_run.h"

static gss_name_t target;
static int baseline;

#define COMPLETE GSS_S_COMPLETE
#define CONTINUE GSS_S_CONTINUE_NEEDED

static void
nothing_left(const char *what)
{
    if (stepmech_live() != baseline)
	check(0, "  %s: %d contexts, %d names, %d credentials left", what,
	      stepmech_live_contexts(), stepmech_live_names(),
	      stepmech_live_creds());
}

/*
 * A good exchange, whatever was before.
 */
static void
good_exchange(void)
{
    struct run run;

    stepmech_configure(STEPMECH_A, "tokens=3");
    stepmech_configure(STEPMECH_B, "tokens=3");
    run_init(&run, target, GSS_C_MUTUAL_FLAG);
    run_all(&run);
    check(run.major[0] == COMPLETE && run.major[1] == COMPLETE &&
	  run.broken == NULL && run_messages_work(&run),
	  "  a good exchange after that");
    run_end(&run);
    nothing_left("good exchange");
}

/*
 * One call too many: refused, and the context is as good as before.
 *
 * REQ: GL-13, GL-20, GL-38
 */
static void
test_late(const char *a, const char *b)
{
    gss_buffer_desc out, bad;
    struct run run;
    OM_uint32 minor, junk;
    gss_ctx_id_t was;
    int side, ok, i;

    stepmech_configure(STEPMECH_A, a);
    stepmech_configure(STEPMECH_B, b);
    run_init(&run, target, GSS_C_MUTUAL_FLAG);
    run_all(&run);
    if (!check(run.major[0] == COMPLETE && run.major[1] == COMPLETE,
	       "%s / %s: complete", a, b))
	return;
    bad.value = rk_UNCONST("\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02");
    bad.length = 9;
    for (side = INITIATOR; side <= ACCEPTOR; side++)
	for (i = 0; i < 3; i++) {
	    gss_buffer_desc none = { 0, NULL };
	    gss_buffer_t in = i == 0 ? &run.last : i == 1 ? &bad : &none;
	    OM_uint32 major;

	    was = run.ctx[side];
	    minor = 0;
	    if (side == INITIATOR)
		major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL,
		    &run.ctx[side], run.target, GSS_SPNEGO_MECHANISM,
		    run.req_flags, 0, GSS_C_NO_CHANNEL_BINDINGS, in, NULL,
		    &out, NULL, NULL);
	    else
		major = gss_accept_sec_context(&minor, &run.ctx[side],
		    GSS_C_NO_CREDENTIAL, in, GSS_C_NO_CHANNEL_BINDINGS, NULL,
		    NULL, &out, NULL, NULL, NULL);
	    ok = major == GSS_S_BAD_STATUS && minor == EINVAL &&
		run.ctx[side] == was && out.length == 0;
	    check(ok, "  %s, one call too many, token %d: %08x/%d%s",
		  side ? "acceptor" : "initiator", i, (unsigned)major,
		  (int)minor, run.ctx[side] == was ? "" : ", context gone");
	    gss_release_buffer(&junk, &out);
	    if (run.ctx[side] != was)
		break;
	}
    if (run.ctx[0] && run.ctx[1])
	check(run_messages_work(&run), "  messages work after that");
    run_end(&run);
    nothing_left("late");
}

static int
is_half_open(gss_ctx_id_t ctx, int local)
{
    static char text[] = "a message";
    gss_buffer_desc message, token;
    gss_name_t src, targ;
    gss_ctx_id_t copy = ctx;
    OM_uint32 minor, flags, time_rec, max;
    gss_iov_buffer_desc iov[2];
    int is_local, is_open, conf, ok;

    message.value = text;
    message.length = sizeof(text);
    memset(iov, 0, sizeof(iov));
    iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
    iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    iov[1].buffer = message;
    ok = gss_get_mic(&minor, ctx, 0, &message, &token) == GSS_S_NO_CONTEXT;
    ok = ok && gss_verify_mic(&minor, ctx, &message, &message, NULL) ==
	GSS_S_NO_CONTEXT;
    ok = ok && gss_wrap(&minor, ctx, 1, 0, &message, &conf, &token) ==
	GSS_S_NO_CONTEXT;
    ok = ok && gss_unwrap(&minor, ctx, &message, &token, NULL, NULL) ==
	GSS_S_NO_CONTEXT;
    ok = ok && gss_wrap_size_limit(&minor, ctx, 1, 0, 100, &max) ==
	GSS_S_NO_CONTEXT;
    ok = ok && gss_context_time(&minor, ctx, &time_rec) == GSS_S_NO_CONTEXT;
    ok = ok && gss_wrap_iov(&minor, ctx, 1, 0, &conf, iov, 2) ==
	GSS_S_NO_CONTEXT;
    ok = ok && gss_unwrap_iov(&minor, ctx, &conf, NULL, iov, 2) ==
	GSS_S_NO_CONTEXT;
    ok = ok && gss_pseudo_random(&minor, ctx, 0, &message, 16, &token) ==
	GSS_S_NO_CONTEXT;
    ok = ok && gss_export_sec_context(&minor, &copy, &token) ==
	GSS_S_NO_CONTEXT && copy == ctx;
    if (!ok)
	return 0;
    ok = gss_inquire_context(&minor, ctx, &src, &targ, &time_rec, NULL,
			     &flags, &is_local, &is_open) == GSS_S_COMPLETE &&
	is_local == local && !is_open && !(flags & GSS_C_PROT_READY_FLAG);
    gss_release_name(&minor, &src);
    gss_release_name(&minor, &targ);
    return ok;
}

/*
 * REQ: GL-25, GL-30, XT-52
 */
static void
test_half_open(const char *a, const char *b, int messages)
{
    struct run run;
    int n, side;

    for (n = 1; n <= messages; n++) {
	stepmech_configure(STEPMECH_A, a);
	stepmech_configure(STEPMECH_B, b);
	run_init(&run, target, GSS_C_MUTUAL_FLAG);
	run.stop_after = n;
	run_all(&run);
	for (side = INITIATOR; side <= ACCEPTOR; side++)
	    if (run.major[side] == CONTINUE && run.ctx[side])
		check(is_half_open(run.ctx[side], side == INITIATOR),
		      "%s / %s: %s after message %d is half-open", a, b,
		      side ? "acceptor" : "initiator", n);
	run_end(&run);
	nothing_left("half-open");
    }
}

/*
 * REQ: GL-18, GL-34
 */
static void
test_errors(const char *a, const char *b, OM_uint32 initiator,
	    OM_uint32 initiator_minor, OM_uint32 acceptor,
	    OM_uint32 acceptor_minor)
{
    struct run run;

    stepmech_configure(STEPMECH_A, a);
    stepmech_configure(STEPMECH_B, b);
    run_init(&run, target, GSS_C_MUTUAL_FLAG);
    run_all(&run);
    check(run.major[0] == initiator && run.major[1] == acceptor &&
	  (!GSS_ERROR(initiator) || run.minor[0] == initiator_minor) &&
	  (!GSS_ERROR(acceptor) || run.minor[1] == acceptor_minor) &&
	  run.broken == NULL, "%s / %s: initiator %08x/%x, acceptor %08x/%x"
	  "%s%s", a, b, (unsigned)run.major[0], (unsigned)run.minor[0],
	  (unsigned)run.major[1], (unsigned)run.minor[1],
	  run.broken ? ", " : "", run.broken ? run.broken : "");
    run_end(&run);
    nothing_left(a);
}

static void
test_all_errors(void)
{
    const OM_uint32 fault = STEPMECH_MINOR_FAULT, peer = STEPMECH_MINOR_PEER;
    const char *none = "init=no";

    test_errors("tokens=3 fault=accept:1:errtoken", none, GSS_S_FAILURE, peer,
		GSS_S_FAILURE, fault);
    test_errors("tokens=4 fault=accept:2:errtoken", none, GSS_S_FAILURE, peer,
		GSS_S_FAILURE, fault);
    test_errors("tokens=3 fault=accept:1:error", none, GSS_S_BAD_MECH, 0,
		GSS_S_FAILURE, fault);
    test_errors("tokens=4 fault=accept:2:error", none, GSS_S_BAD_MECH, 0,
		GSS_S_FAILURE, fault);
    /* there is another mechanism, and no reason to tell */
    test_errors("tokens=3 fault=accept:1:errtoken", "tokens=3", COMPLETE, 0,
		COMPLETE, 0);
    test_errors("accept=no", "tokens=3 fault=accept:1:errtoken",
		GSS_S_FAILURE, peer, GSS_S_FAILURE, fault);
    /* the initiator's own has no place to go */
    test_errors("tokens=3 fault=init:2:errtoken", none, GSS_S_FAILURE, fault,
		CONTINUE, 0);
    test_errors("tokens=3 fault=init:2:error", none, GSS_S_FAILURE, fault,
		CONTINUE, 0);
    test_errors("tokens=3 fault=init:1:errtoken", "tokens=3", COMPLETE, 0,
		COMPLETE, 0);
    /* no mechanism that both have */
    test_errors("accept=no", none, GSS_S_BAD_MECH, 0, GSS_S_NO_CRED, fault);
    test_errors("accept=no", "accept=no", GSS_S_BAD_MECH, 0, GSS_S_NO_CRED,
		fault);
    /* no mechanism tells the truth about its tokens */
    test_errors("tokens=3 fault=init:2:empty", none, GSS_S_DEFECTIVE_TOKEN, 0,
		CONTINUE, 0);
    test_errors("tokens=3 fault=accept:1:empty", none, GSS_S_BAD_MECH, 0,
		GSS_S_DEFECTIVE_TOKEN, 0);
    good_exchange();
}

/*
 * Tokens that are no SPNEGO, or no more than its beginning.
 */
static void
test_garbage(void)
{
    static const struct {
	const char *data;
	size_t length;
	OM_uint32 major;
    } rows[] = {
	{ "\xa1\x02\x30\x00", 4, GSS_S_BAD_MECH },
	{ "\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02", 9, GSS_S_BAD_MECH },
	{ "\xa1\x07\x30\x05\xa0\x03\x0a\x01\x00", 9, GSS_S_BAD_MECH },
	{ "\xa1\x07\x30\x05\xa0\x03\x0a\x01", 8, GSS_S_DEFECTIVE_TOKEN },
	{ "garbage", 7, GSS_S_DEFECTIVE_TOKEN },
	{ "", 0, GSS_S_DEFECTIVE_TOKEN }
    };
    gss_buffer_desc in, out;
    struct run run;
    OM_uint32 major, minor, junk;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	in.value = rk_UNCONST(rows[i].data);
	in.length = rows[i].length;
	stepmech_configure(STEPMECH_A, "tokens=4");
	stepmech_configure(STEPMECH_B, "tokens=4");
	run_init(&run, target, 0);
	run.stop_after = 1;
	run_all(&run);
	major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &run.ctx[0],
				     target, GSS_SPNEGO_MECHANISM, 0, 0,
				     GSS_C_NO_CHANNEL_BINDINGS, &in, NULL,
				     &out, NULL, NULL);
	check(major == rows[i].major, "initiator, token %d: %08x", (int)i,
	      (unsigned)major);
	gss_release_buffer(&junk, &out);
	run_end(&run);

	run_init(&run, target, 0);
	run.stop_after = 2;
	run_all(&run);
	major = gss_accept_sec_context(&minor, &run.ctx[1],
				       GSS_C_NO_CREDENTIAL, &in,
				       GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
				       &out, NULL, NULL, NULL);
	check(major == GSS_S_DEFECTIVE_TOKEN, "acceptor, token %d: %08x",
	      (int)i, (unsigned)major);
	gss_release_buffer(&junk, &out);
	run_end(&run);
	nothing_left("garbage");
    }
    good_exchange();
}

/*
 * What later calls are given changes nothing, also for a mechanism that
 * starts in one.
 *
 * REQ: GL-02, GL-16
 */
static void
test_first_call(const char *a, const char *b)
{
    struct gss_channel_bindings_struct one, other;
    struct run run;
    int differ;

    memset(&one, 0, sizeof(one));
    one.application_data.value = rk_UNCONST("a channel");
    one.application_data.length = 9;
    one.initiator_address.value = rk_UNCONST("from");
    one.initiator_address.length = 4;
    other = one;
    other.application_data.value = rk_UNCONST("another");
    other.application_data.length = 7;

    for (differ = 0; differ <= 1; differ++) {
	stepmech_configure(STEPMECH_A, a);
	stepmech_configure(STEPMECH_B, b);
	run_init(&run, target, GSS_C_MUTUAL_FLAG | GSS_C_DELEG_FLAG);
	run.forget = 1;
	run.bindings[INITIATOR] = &one;
	run.bindings[ACCEPTOR] = differ ? &other : &one;
	run_all(&run);
	if (differ)
	    check(run.major[ACCEPTOR] == GSS_S_BAD_BINDINGS,
		  "%s / %s: bindings of the first calls differ: %08x", a, b,
		  (unsigned)run.major[ACCEPTOR]);
	else
	    check(run.major[0] == COMPLETE && run.major[1] == COMPLETE &&
		  run.broken == NULL && run.flags[0] == run.flags[1] &&
		  (run.flags[0] & GSS_C_MUTUAL_FLAG) &&
		  (run.flags[0] & GSS_C_DELEG_FLAG),
		  "%s / %s: flags and bindings of the first calls: %08x/%08x, "
		  "flags %x/%x", a, b, (unsigned)run.major[0],
		  (unsigned)run.major[1], (unsigned)run.flags[0],
		  (unsigned)run.flags[1]);
	run_end(&run);
	nothing_left("first call");
    }
}

/*
 * A call without a token where one is due.
 *
 * REQ: GL-15
 */
static OM_uint32
accept_token(gss_ctx_id_t *ctx, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 minor;

    return gss_accept_sec_context(&minor, ctx, GSS_C_NO_CREDENTIAL, in,
				  GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, out,
				  NULL, NULL, NULL);
}

static void
test_missing_token(void)
{
    gss_buffer_desc out;
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    struct run run;
    OM_uint32 major, minor, junk;

    stepmech_configure(STEPMECH_A, "tokens=4");
    stepmech_configure(STEPMECH_B, "tokens=4");
    run_init(&run, target, 0);
    run.stop_after = 1;
    run_all(&run);
    major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &run.ctx[0],
				 target, GSS_SPNEGO_MECHANISM, 0, 0,
				 GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER,
				 NULL, &out, NULL, NULL);
    check(major == GSS_S_DEFECTIVE_TOKEN, "initiator, second call without a "
	  "buffer: %08x", (unsigned)major);
    gss_release_buffer(&junk, &out);
    run_end(&run);

    major = accept_token(&ctx, GSS_C_NO_BUFFER, &out);
    check(major == GSS_S_DEFECTIVE_TOKEN && ctx == GSS_C_NO_CONTEXT &&
	  out.length == 0, "acceptor, first call without a buffer: %08x",
	  (unsigned)major);

    run_init(&run, target, 0);
    run.stop_after = 2;
    run_all(&run);
    major = accept_token(&run.ctx[1], GSS_C_NO_BUFFER, &out);
    check(major == GSS_S_DEFECTIVE_TOKEN, "acceptor, second call without a "
	  "buffer: %08x", (unsigned)major);
    gss_release_buffer(&junk, &out);
    run_end(&run);
    nothing_left("missing token");
    good_exchange();
}

/*
 * The acceptor speaks first: an empty token gets its mechanisms, once.
 *
 * REQ: GL-15, GL-30
 */
static void
test_hints(void)
{
    static const struct {
	const char *data;
	size_t length;
    } bad[] = {
	{ "", 0 }, { "garbage", 7 }, { "\xa1\x02\x30\x00", 4 },
	{ "\x60\x08\x06\x06\x2b\x06\x01\x05\x05\x02", 10 }
    };
    gss_buffer_desc in, out, none = { 0, NULL };
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    struct run run;
    OM_uint32 major, junk;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
	major = accept_token(&ctx, &none, &out);
	check(major == CONTINUE && out.length != 0 &&
	      ctx != GSS_C_NO_CONTEXT, "hints: %08x", (unsigned)major);
	gss_release_buffer(&junk, &out);
	check(is_half_open(ctx, 0), "  the context is half-open");
	in.value = rk_UNCONST(bad[i].data);
	in.length = bad[i].length;
	major = accept_token(&ctx, &in, &out);
	check(major == GSS_S_DEFECTIVE_TOKEN && ctx == GSS_C_NO_CONTEXT,
	      "  then bad token %d: %08x", (int)i, (unsigned)major);
	gss_release_buffer(&junk, &out);
	gss_delete_sec_context(&junk, &ctx, GSS_C_NO_BUFFER);
	nothing_left("hints");
    }

    stepmech_configure(STEPMECH_A, "tokens=3");
    stepmech_configure(STEPMECH_B, "tokens=3");
    run_init(&run, target, GSS_C_MUTUAL_FLAG);
    major = accept_token(&run.ctx[ACCEPTOR], &none, &out);
    check(major == CONTINUE, "hints: %08x", (unsigned)major);
    gss_release_buffer(&junk, &out);
    run_all(&run);
    check(run.major[0] == COMPLETE && run.major[1] == COMPLETE &&
	  run.broken == NULL && run_messages_work(&run),
	  "  then an exchange: %08x/%08x", (unsigned)run.major[0],
	  (unsigned)run.major[1]);
    run_end(&run);
    nothing_left("hints");
}

/*
 * The name of the initiator can be copied and compared.
 */
static void
test_names(void)
{
    struct run run, anonymous;
    gss_name_t copy = GSS_C_NO_NAME, mn = GSS_C_NO_NAME;
    gss_buffer_desc text;
    OM_uint32 major, minor;
    int equal = -1;

    stepmech_configure(STEPMECH_A, "tokens=2");
    stepmech_configure(STEPMECH_B, "init=no");
    run_init(&run, target, GSS_C_MUTUAL_FLAG);
    run_all(&run);
    run_init(&anonymous, target, GSS_C_MUTUAL_FLAG | GSS_C_ANON_FLAG);
    run_all(&anonymous);
    if (!check(run.src_name != NULL && anonymous.src_name != NULL,
	       "two names"))
	return;
    major = gss_compare_name(&minor, run.src_name, anonymous.src_name,
			     &equal);
    check(major == COMPLETE && equal == 0,
	  "names of two initiators differ: %08x, %d", (unsigned)major, equal);
    major = gss_compare_name(&minor, run.src_name, run.src_name, &equal);
    check(major == COMPLETE && equal == 1, "a name is equal to itself");

    major = gss_duplicate_name(&minor, run.src_name, &copy);
    check(major == COMPLETE && copy != NULL, "a copy: %08x", (unsigned)major);
    major = gss_compare_name(&minor, run.src_name, copy, &equal);
    check(major == COMPLETE && equal == 1, "is equal: %08x, %d",
	  (unsigned)major, equal);
    major = gss_display_name(&minor, copy, &text, NULL);
    check(major == COMPLETE && text.length == strlen(STEPMECH_USER) &&
	  memcmp(text.value, STEPMECH_USER, text.length) == 0,
	  "and displayed: %08x", (unsigned)major);
    gss_release_buffer(&minor, &text);
    major = gss_canonicalize_name(&minor, run.src_name, GSS_SPNEGO_MECHANISM,
				  &mn);
    check(major == COMPLETE, "its canonical form: %08x", (unsigned)major);
    major = gss_compare_name(&minor, anonymous.src_name, mn, &equal);
    check(major == COMPLETE && equal == 0, "is not that of another");
    gss_release_name(&minor, &copy);
    gss_release_name(&minor, &mn);
    run_end(&run);
    run_end(&anonymous);
    nothing_left("names");
}

/*
 * No fault of the mechanism below breaks a rule, crashes or leaks; but the
 * glue does not know of a context that is left with an error.
 */
static void
test_faults(void)
{
    static const char *const faults[] = {
	"error", "errtoken", "keepctx", "empty", "bits", "srcname"
    };
    char a[128], b[128];
    struct run run;
    int tokens, preferred, side, step, n = 0;
    size_t i;

    for (tokens = 1; tokens <= 6; tokens++)
	for (preferred = 0; preferred <= 1; preferred++)
	    for (side = 0; side <= 1; side++)
		for (step = 1; step <= 3; step++)
		    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			snprintf(a, sizeof(a), "tokens=%d fault=%s:%d:%s",
				 tokens, side ? "accept" : "init", step,
				 faults[i]);
			strlcpy(b, a, sizeof(b));
			stepmech_configure(STEPMECH_A, preferred ? a :
					   "tokens=2 accept=no");
			stepmech_configure(STEPMECH_B, preferred ? "init=no" :
					   b);
			run_init(&run, target, GSS_C_MUTUAL_FLAG);
			run_all(&run);
			if (run.broken != NULL)
			    check(0, "%s: %s", a, run.broken);
			run_end(&run);
			if (strcmp(faults[i], "keepctx") == 0 ||
			    strcmp(faults[i], "bits") == 0)
			    baseline = stepmech_live();
			nothing_left(a);
			n++;
		    }
    check(n == 6 * 2 * 2 * 3 * 6, "%d faults", n);
    good_exchange();
}

int
main(int argc, char **argv)
{
    OM_uint32 minor;

    run_setup();
    target = run_target("service@step.test");
    baseline = stepmech_live();

    test_late("tokens=1", "init=no");
    test_late("tokens=2", "init=no");
    test_late("tokens=3", "init=no");
    test_late("accept=no", "tokens=2");
    test_late("accept=no", "tokens=3");
    test_half_open("tokens=4 early=yes", "init=no", 3);
    test_half_open("accept=no", "tokens=3 early=yes", 5);
    test_half_open("accept=no", "tokens=4 early=yes", 6);
    test_all_errors();
    test_garbage();
    test_first_call("tokens=3", "init=no");
    test_first_call("accept=no", "tokens=2");
    test_first_call("accept=no", "tokens=3");
    test_missing_token();
    test_hints();
    test_names();
    test_faults();

    nothing_left("all");
    gss_release_name(&minor, &target);
    return check_done();
}
