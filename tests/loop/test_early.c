/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Messages before a context is complete: who is PROT_READY when, which
 * messages are taken in which order, and what becomes of recordings.  Each
 * configuration is a process of its own, since libgssapi reads one.
 *
 * REQ: XT-91, XT-92, XT-93, GL-25, GL-26
 */

#include "loop_pair.h"
#include "gss_call.h"

#include <sys/wait.h>

#define READY GSS_C_PROT_READY_FLAG
#define ON "early_prot_ready = true\n\t"
#define ASKS "replay_protection = challenge\n\t"

#define BY_ACCEPTOR 1			/* RFC 4121 4.2.2 */
#define ACCEPTOR_KEY 4

/* What is on its way. */
struct early {
    struct gss_pair *pair;
    gss_buffer_desc first;	/* the initiator's token */
    gss_buffer_desc answer;
    gss_buffer_desc second;
};

static char text[] = "an early message";
static gss_buffer_desc message = { sizeof(text) - 1, text };

/* -- messages ---------------------------------------------------------- */

static gss_buffer_desc
wrapped(gss_ctx_id_t ctx)
{
    gss_buffer_desc token;
    OM_uint32 major, minor;

    major = gss_wrap(&minor, ctx, 1, 0, &message, NULL, &token);
    pair_gss(major, minor, "gss_wrap");
    return token;
}

static gss_buffer_desc
signature(gss_ctx_id_t ctx)
{
    gss_buffer_desc token;
    OM_uint32 major, minor;

    major = gss_get_mic(&minor, ctx, 0, &message, &token);
    pair_gss(major, minor, "gss_get_mic");
    return token;
}

/*
 * Give a wrapped message to ctx; it stays as it is.  What comes out, if
 * anything, has to be the text.
 */
static OM_uint32
give(gss_ctx_id_t ctx, gss_buffer_t token)
{
    gss_buffer_desc copy, plain = GSS_C_EMPTY_BUFFER;
    OM_uint32 major, minor;

    copy.length = token->length;
    copy.value = emalloc(copy.length);
    memcpy(copy.value, token->value, copy.length);
    major = gss_unwrap(&minor, ctx, &copy, &plain, NULL, NULL);
    if (!GSS_ERROR(major))
	check(plain.length == message.length &&
	      memcmp(plain.value, text, plain.length) == 0, "the text");
    else
	check(plain.length == 0, "no text with an error");
    free(copy.value);
    gss_release_buffer(&minor, &plain);
    return major;
}

static OM_uint32
give_mic(gss_ctx_id_t ctx, gss_buffer_t token)
{
    OM_uint32 minor;

    return gss_verify_mic(&minor, ctx, &message, token, NULL);
}

static void
is(OM_uint32 major, OM_uint32 want, const char *what)
{
    check(major == want, "%s: %08x, want %08x", what, (unsigned)major,
	  (unsigned)want);
}

static void
drop(gss_buffer_t token)
{
    OM_uint32 minor;

    gss_release_buffer(&minor, token);
}

static int
flags_of(gss_buffer_t token)
{
    return ((unsigned char *)token->value)[2];
}

static uint32_t
number_of(gss_buffer_t token)
{
    const unsigned char *p = (unsigned char *)token->value + 12;

    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/*
 * A message in buffers of its own, from one context to the other; the first
 * octet of the header's number is out of the way.
 */
static void
give_iov(gss_ctx_id_t from, gss_ctx_id_t to)
{
    gss_iov_buffer_desc iov[4];
    OM_uint32 major, minor;
    char data[sizeof(text)];
    int conf;

    memcpy(data, text, sizeof(text));
    memset(iov, 0, sizeof(iov));
    iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER |
	GSS_IOV_BUFFER_FLAG_ALLOCATE;
    iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    iov[1].buffer.value = data;
    iov[1].buffer.length = sizeof(text) - 1;
    iov[2].type = GSS_IOV_BUFFER_TYPE_PADDING |
	GSS_IOV_BUFFER_FLAG_ALLOCATE;
    iov[3].type = GSS_IOV_BUFFER_TYPE_TRAILER |
	GSS_IOV_BUFFER_FLAG_ALLOCATE;
    major = gss_wrap_iov(&minor, from, 1, 0, &conf, iov, 4);
    is(major, GSS_S_COMPLETE, "gss_wrap_iov");
    major = gss_unwrap_iov(&minor, to, &conf, NULL, iov, 4);
    is(major, GSS_S_COMPLETE, "gss_unwrap_iov");
    check(memcmp(data, text, sizeof(text)) == 0, "the text of an iov");
    gss_release_iov_buffer(&minor, iov, 4);
}

/* -- contexts ---------------------------------------------------------- */

static OM_uint32
inquired(gss_ctx_id_t ctx, int want_open)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 major, minor, flags = 0;
    int is_open = -1;

    major = gss_inquire_context(&minor, ctx, NULL, NULL, NULL, NULL, &flags,
				NULL, &is_open);
    pair_gss(major, minor, "gss_inquire_context");
    check(is_open == want_open, "open: %d, want %d", is_open, want_open);
    major = gss_inquire_sec_context_by_oid(&minor, ctx,
					   GSS_KRB5_GET_SUBKEY_X, &set);
    is(major, want_open ? GSS_S_COMPLETE : GSS_S_NO_CONTEXT, "the subkey");
    gss_release_buffer_set(&minor, &set);
    return flags;
}

/*
 * What a half-open context refuses whether it is ready or not; ready: it makes
 * messages, receives: it takes them.
 */
static void
half_open(gss_ctx_id_t *ctx, int ready, int receives, const char *who)
{
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER, zeros;
    OM_uint32 major, minor, num;
    char octets[64];

    memset(octets, 0, sizeof(octets));
    zeros.value = octets;
    zeros.length = sizeof(octets);
    major = gss_wrap_size_limit(&minor, *ctx, 1, 0, 1000, &num);
    is(major, ready ? GSS_S_COMPLETE : GSS_S_NO_CONTEXT, who);
    check(!ready || (num > 900 && num < 1000), "%s: size limit %u", who,
	  (unsigned)num);
    major = gss_unwrap(&minor, *ctx, &zeros, &out, NULL, NULL);
    is(major, receives ? GSS_S_DEFECTIVE_TOKEN : GSS_S_NO_CONTEXT, who);
    major = gss_verify_mic(&minor, *ctx, &message, &zeros, NULL);
    is(major, receives ? GSS_S_DEFECTIVE_TOKEN : GSS_S_NO_CONTEXT, who);
    major = gss_pseudo_random(&minor, *ctx, GSS_C_PRF_KEY_PARTIAL, &message,
			      16, &out);
    is(major, GSS_S_NO_CONTEXT, who);
    major = gss_context_time(&minor, *ctx, &num);
    is(major, GSS_S_NO_CONTEXT, who);
    major = gss_export_sec_context(&minor, ctx, &out);
    is(major, GSS_S_NO_CONTEXT, who);
    if (!ready) {
	is(gss_wrap(&minor, *ctx, 1, 0, &message, NULL, &out),
	   GSS_S_NO_CONTEXT, who);
	is(gss_get_mic(&minor, *ctx, 0, &message, &out), GSS_S_NO_CONTEXT,
	   who);
    }
}

/*
 * The initiator's first token.  want: READY or 0.
 */
static void
begin(struct early *e, OM_uint32 flags, OM_uint32 want)
{
    OM_uint32 major, minor, ret_flags = 0;

    pair_disconnect(e->pair);
    major = call_init(e->pair, flags, NULL, NULL, &e->first, &ret_flags,
		      &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "first call");
    check((ret_flags & READY) == want && (ret_flags & flags) == flags,
	  "initiator's flags: %x", (unsigned)ret_flags);
    check((inquired(e->pair->initiator, 0) & READY) == want,
	  "and when inquired");
    half_open(&e->pair->initiator, want != 0, 0, "initiator");
}

/*
 * The acceptor's answer to it.  want: its status; flags: what it says, 0 for
 * not ready.
 */
static void
answer(struct early *e, OM_uint32 want, OM_uint32 flags)
{
    OM_uint32 major, minor, ret_flags = 0;

    major = call_accept(e->pair, NULL, &e->first, &e->answer, &ret_flags,
			&minor);
    call_want(major, want, minor, "gss_accept_sec_context");
    check(ret_flags == flags, "acceptor's flags: %x, want %x",
	  (unsigned)ret_flags, (unsigned)flags);
    if (want != GSS_S_CONTINUE_NEEDED)
	return;
    check((inquired(e->pair->acceptor, 0) & READY) == (flags & READY),
	  "acceptor, when inquired");
    half_open(&e->pair->acceptor, flags != 0, flags != 0, "acceptor");
}

/*
 * The initiator takes the answer.
 */
static void
proceed(struct early *e, OM_uint32 want)
{
    OM_uint32 major, minor, ret_flags = 0;

    drop(&e->second);
    major = call_init(e->pair, CALL_FLAGS, NULL, &e->answer, &e->second,
		      &ret_flags, &minor);
    call_want(major, want, minor, "next call");
    check(ret_flags & READY, "it is ready: %x", (unsigned)ret_flags);
}

/*
 * The acceptor takes the second token.
 */
static void
end(struct early *e)
{
    gss_buffer_desc out;
    OM_uint32 major, minor, ret_flags = 0;

    major = call_accept(e->pair, NULL, &e->second, &out, &ret_flags, &minor);
    call_want(major, GSS_S_COMPLETE, minor, "second token");
    check(ret_flags & READY, "it is ready: %x", (unsigned)ret_flags);
    drop(&e->answer);
    e->answer = out;
}

static void
finish(struct early *e)
{
    drop(&e->first);
    drop(&e->answer);
    drop(&e->second);
    pair_disconnect(e->pair);
}

static void
set_up(struct early *e, struct gss_pair *pair)
{
    memset(e, 0, sizeof(*e));
    e->pair = pair;
}

#define ACCEPTED (CALL_FLAGS | GSS_C_TRANS_FLAG | READY)

/* -- tests ------------------------------------------------------------- */

/*
 * The acceptor asks for another request, and both are ready meanwhile.
 */
static void
test_three_tokens(struct gss_pair *pair)
{
    gss_buffer_desc m[5], theirs;
    struct early e;

    set_up(&e, pair);
    begin(&e, CALL_FLAGS, READY);
    m[0] = wrapped(pair->initiator);
    m[1] = signature(pair->initiator);
    check((flags_of(&m[0]) & (BY_ACCEPTOR | ACCEPTOR_KEY)) == 0 &&
	  flags_of(&m[1]) == 0, "in the initiator's subkey");
    check(number_of(&m[1]) == number_of(&m[0]) + 1, "numbers count up");

    answer(&e, GSS_S_CONTINUE_NEEDED, ACCEPTED);
    is(give(pair->acceptor, &m[0]), GSS_S_COMPLETE, "an early message");
    is(give(pair->acceptor, &m[0]), GSS_S_DUPLICATE_TOKEN, "and again");
    is(give_mic(pair->acceptor, &m[1]), GSS_S_COMPLETE, "an early MIC");
    is(give_mic(pair->acceptor, &m[1]), GSS_S_DUPLICATE_TOKEN, "and again");
    give_iov(pair->initiator, pair->acceptor);
    theirs = wrapped(pair->acceptor);
    check((flags_of(&theirs) & (BY_ACCEPTOR | ACCEPTOR_KEY)) ==
	  (BY_ACCEPTOR | ACCEPTOR_KEY), "the acceptor's has its own key");
    is(give(pair->acceptor, &theirs), GSS_S_DEFECTIVE_TOKEN, "reflected");
    is(give(pair->initiator, &theirs), GSS_S_NO_CONTEXT,
       "the initiator has not got that key");
    is(give(pair->initiator, &m[0]), GSS_S_NO_CONTEXT, "reflected");
    m[2] = wrapped(pair->initiator);	/* and it is held back */

    proceed(&e, GSS_S_COMPLETE);
    is(give(pair->initiator, &m[0]), GSS_S_DEFECTIVE_TOKEN, "reflected");
    is(give(pair->initiator, &theirs), GSS_S_COMPLETE, "now it has");
    is(give(pair->initiator, &theirs), GSS_S_DUPLICATE_TOKEN, "again");
    m[3] = wrapped(pair->initiator);
    check(flags_of(&m[3]) & ACCEPTOR_KEY, "and it uses that key");
    check(number_of(&m[3]) == number_of(&m[2]) + 1, "numbers go on");
    give_iov(pair->acceptor, pair->initiator);
    is(give(pair->acceptor, &m[2]), GSS_S_COMPLETE, "in the old key");
    is(give(pair->acceptor, &m[3]), GSS_S_COMPLETE,
       "in the new key, before the request that is asked for");

    end(&e);
    is(give(pair->acceptor, &m[0]), GSS_S_DUPLICATE_TOKEN, "recorded");
    is(give(pair->acceptor, &m[3]), GSS_S_DUPLICATE_TOKEN, "recorded");
    check(call_both_work(pair), "the context works");
    drop(&m[0]);
    drop(&m[1]);
    drop(&m[2]);
    drop(&m[3]);
    drop(&theirs);
    finish(&e);
}

/*
 * Two tokens: messages that were held are taken when the context is complete,
 * and beside those in the new key.
 */
static void
test_two_tokens(struct gss_pair *pair)
{
    gss_buffer_desc m[4];
    struct early e;
    int i;

    set_up(&e, pair);
    begin(&e, CALL_FLAGS, READY);
    for (i = 0; i < 3; i++)
	m[i] = wrapped(pair->initiator);
    answer(&e, GSS_S_COMPLETE, ACCEPTED);
    is(give(pair->acceptor, &m[0]), GSS_S_COMPLETE, "an early message");
    proceed(&e, GSS_S_COMPLETE);
    m[3] = wrapped(pair->initiator);
    check(number_of(&m[3]) == number_of(&m[2]) + 1, "numbers go on");
    is(give(pair->acceptor, &m[3]), GSS_S_GAP_TOKEN, "overtaken");
    is(give(pair->acceptor, &m[1]), GSS_S_UNSEQ_TOKEN, "an early one later");
    is(give(pair->acceptor, &m[2]), GSS_S_UNSEQ_TOKEN, "the last one");
    is(give(pair->acceptor, &m[2]), GSS_S_DUPLICATE_TOKEN, "again");
    is(give(pair->acceptor, &m[0]), GSS_S_DUPLICATE_TOKEN, "the first again");
    check(call_both_work(pair), "the context works");
    for (i = 0; i < 4; i++)
	drop(&m[i]);
    finish(&e);
}

/*
 * Messages of one context in another, which is unmoved; exported contexts
 * take none.
 */
static void
test_other_context(struct gss_pair *pair)
{
    gss_buffer_desc theirs, ours, exported;
    OM_uint32 major, minor;
    struct early e;

    set_up(&e, pair);
    begin(&e, CALL_FLAGS, READY);
    theirs = wrapped(pair->initiator);
    finish(&e);

    set_up(&e, pair);
    begin(&e, CALL_FLAGS, READY);
    ours = wrapped(pair->initiator);
    answer(&e, GSS_S_COMPLETE, ACCEPTED);
    check(GSS_ERROR(give(pair->acceptor, &theirs)), "of another context");
    is(give(pair->acceptor, &ours), GSS_S_COMPLETE, "of this one");
    check(GSS_ERROR(give(pair->acceptor, &theirs)), "of another, again");
    drop(&ours);
    ours = wrapped(pair->initiator);
    proceed(&e, GSS_S_COMPLETE);

    major = gss_export_sec_context(&minor, &pair->acceptor, &exported);
    pair_gss(major, minor, "gss_export_sec_context");
    major = gss_import_sec_context(&minor, &exported, &pair->acceptor);
    pair_gss(major, minor, "gss_import_sec_context");
    is(give(pair->acceptor, &ours), GSS_S_DEFECTIVE_TOKEN,
       "an imported context takes none");
    check(call_works(pair->acceptor, pair->initiator),
	  "the imported context works");
    drop(&exported);
    drop(&theirs);
    drop(&ours);
    finish(&e);
}

/*
 * An error, in the initiator's subkey: the acceptor is not ready, and takes
 * what was held for it when it is complete.
 */
static void
test_error(struct gss_pair *pair)
{
    gss_buffer_desc m[3];
    struct early e;
    int i;

    set_up(&e, pair);
    begin(&e, CALL_FLAGS, READY);
    m[0] = wrapped(pair->initiator);
    (void)gsskrb5_set_time_offset(SKEWED);
    answer(&e, GSS_S_CONTINUE_NEEDED, 0);
    is(give(pair->acceptor, &m[0]), GSS_S_NO_CONTEXT, "held");
    (void)gsskrb5_set_time_offset(0);
    proceed(&e, GSS_S_CONTINUE_NEEDED);
    m[1] = wrapped(pair->initiator);
    check(number_of(&m[1]) == number_of(&m[0]) + 1, "numbers go on");
    is(give(pair->acceptor, &m[1]), GSS_S_NO_CONTEXT, "held");
    (void)gsskrb5_set_time_offset(SKEWED);
    end(&e);
    (void)gsskrb5_set_time_offset(0);
    proceed(&e, GSS_S_COMPLETE);
    m[2] = wrapped(pair->initiator);
    for (i = 0; i < 3; i++)
	is(give(pair->acceptor, &m[i]), GSS_S_COMPLETE, "what was held");
    check(call_both_work(pair), "the context works");
    for (i = 0; i < 3; i++)
	drop(&m[i]);
    finish(&e);
}

/*
 * Somebody sends a recording of the first token and of messages to another
 * acceptor.  It never completes; whether it takes the messages before that is
 * the administrator's choice.
 */
static void
replayed(struct gss_pair *pair, OM_uint32 want)
{
    gss_buffer_desc m, out;
    OM_uint32 major, minor;
    struct early e;

    set_up(&e, pair);
    begin(&e, CALL_FLAGS, READY);
    m = wrapped(pair->initiator);
    answer(&e, GSS_S_CONTINUE_NEEDED, want ? 0 : ACCEPTED);
    is(give(pair->acceptor, &m), want, "before the challenge is answered");
    proceed(&e, GSS_S_COMPLETE);
    end(&e);
    is(give(pair->acceptor, &m), want ? GSS_S_COMPLETE :
       GSS_S_DUPLICATE_TOKEN, "and after that");

    gss_delete_sec_context(&minor, &pair->acceptor, GSS_C_NO_BUFFER);
    drop(&e.answer);
    answer(&e, GSS_S_CONTINUE_NEEDED, want ? 0 : ACCEPTED);
    is(give(pair->acceptor, &m), want, "recorded, to another acceptor");
    major = call_accept(pair, NULL, &e.second, &out, NULL, &minor);
    check(GSS_ERROR(major), "which does not complete");
    drop(&out);
    check(GSS_ERROR(give(pair->acceptor, &m)), "and takes no more");
    drop(&m);
    finish(&e);
}

static void
test_replayed(struct gss_pair *pair)
{
    replayed(pair, GSS_S_COMPLETE);
}

static void
test_require(struct gss_pair *pair)
{
    replayed(pair, GSS_S_NO_CONTEXT);
}

/*
 * The acceptor has it switched off: not taken, whenever; the next ones are.
 */
static void
test_acceptor_off(struct gss_pair *pair)
{
    gss_buffer_desc m[2];
    struct early e;

    set_up(&e, pair);
    begin(&e, CALL_FLAGS, READY);
    m[0] = wrapped(pair->initiator);
    answer(&e, GSS_S_CONTINUE_NEEDED, 0);
    is(give(pair->acceptor, &m[0]), GSS_S_NO_CONTEXT, "an early message");
    proceed(&e, GSS_S_COMPLETE);
    m[1] = wrapped(pair->initiator);
    end(&e);
    is(give(pair->acceptor, &m[0]), GSS_S_DEFECTIVE_TOKEN, "and at the end");
    is(give(pair->acceptor, &m[1]), GSS_S_GAP_TOKEN, "it is missing");
    check(call_both_work(pair), "the context works");
    drop(&m[0]);
    drop(&m[1]);
    finish(&e);
}

/*
 * Not ready: whatever is missing for it.
 */
static void
test_never(struct gss_pair *pair)
{
    struct early e;

    set_up(&e, pair);
    begin(&e, CALL_FLAGS, 0);
    answer(&e, GSS_S_COMPLETE, ACCEPTED);
    proceed(&e, GSS_S_COMPLETE);
    check(call_both_work(pair), "the context works");
    finish(&e);
}

static void
test_dce(struct gss_pair *pair)
{
    struct early e;

    set_up(&e, pair);
    begin(&e, CALL_FLAGS | GSS_C_DCE_STYLE, 0);
    finish(&e);
    call_connect(pair, CALL_FLAGS | GSS_C_DCE_STYLE);
    check(call_both_work(pair), "DCE style works");
    call_connect(pair, CALL_FLAGS & ~GSS_C_MUTUAL_FLAG);
    check(call_both_work(pair), "and no mutual authentication");
}

/*
 * Below SPNEGO nobody is ready before the end.
 */
static void
test_spnego(struct gss_pair *pair)
{
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out;
    OM_uint32 major, minor, flags;
    int tokens = 0;

    do {
	flags = READY;
	major = gss_init_sec_context(
	    &minor, GSS_C_NO_CREDENTIAL, &pair->initiator, pair->target,
	    GSS_SPNEGO_MECHANISM, CALL_FLAGS, 0, GSS_C_NO_CHANNEL_BINDINGS,
	    &in, NULL, &out, &flags, NULL);
	pair_gss(major, minor, "gss_init_sec_context");
	drop(&in);
	if (major == GSS_S_CONTINUE_NEEDED) {
	    check((flags & READY) == 0, "SPNEGO: initiator: %x",
		  (unsigned)flags);
	    half_open(&pair->initiator, 0, 0, "SPNEGO: initiator");
	}
	if (out.length == 0)
	    break;
	tokens++;
	flags = READY;
	major = gss_accept_sec_context(
	    &minor, &pair->acceptor, GSS_C_NO_CREDENTIAL, &out,
	    GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &in, &flags, NULL, NULL);
	pair_gss(major, minor, "gss_accept_sec_context");
	drop(&out);
	if (major == GSS_S_CONTINUE_NEEDED) {
	    check((flags & READY) == 0, "SPNEGO: acceptor: %x",
		  (unsigned)flags);
	    half_open(&pair->acceptor, 0, 0, "SPNEGO: acceptor");
	}
    } while (in.length != 0 && tokens < 8);
    check(tokens == 2 && call_both_work(pair), "SPNEGO works: %d", tokens);
    pair_disconnect(pair);
}

/*
 * The conformance checker, which looks for half-open contexts that are ready.
 */
static void
test_rules(struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    config.options |= LOOP_EARLY;
    run_script("three tokens", &config, three_tokens);
    run_script("garbage to the initiator", &config, garbage_to_initiator);
    config = spnego_config(pair, ALL_FLAGS);
    run_script("SPNEGO", &config, NULL);
}

/* -- configurations ---------------------------------------------------- */

static const struct mode {
    const char *name;
    const char *gssapi;
    krb5_enctype enctype;
    void (*test)(struct gss_pair *pair);
} modes[] = {
#define AES ETYPE_AES256_CTS_HMAC_SHA1_96
    { "three tokens", ON ASKS, AES, test_three_tokens },
    { "three tokens, AES-128", ON ASKS, ETYPE_AES128_CTS_HMAC_SHA1_96,
      test_three_tokens },
    { "two tokens", ON, AES, test_two_tokens },
    { "another context", ON, AES, test_other_context },
    { "clock skew", ON ASKS, AES, test_error },
    { "recorded", ON ASKS, AES, test_replayed },
    { "recorded, require", ON "replay_protection = require", AES,
      test_require },
    { "acceptor off", ASKS "early_prot_ready_initiator = true", AES,
      test_acceptor_off },
    { "off", "", AES, test_never },
    { "initiator off", "early_prot_ready_acceptor = true", AES, test_never },
    { "on, and not here", ON "early_prot_ready_initiator = false", AES,
      test_never },
    { "not offered", ON PAIR_TWO_TOKENS, AES, test_never },
    { "RFC 1964", ON, ETYPE_ARCFOUR_HMAC_MD5, test_never },
    { "DCE style", ON ASKS, AES, test_dce },
    { "SPNEGO", ON ASKS, AES, test_spnego },
    { "rules", ON ASKS, AES, test_rules }
};

static void
run_mode(const struct mode *mode)
{
    struct gss_pair pair;
    pid_t pid;
    int status;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	sec_cases = sec_failures = 0;
	printf("%s\n", mode->name);
	pair_write_config(mode->gssapi);
	pair_init(&pair, mode->enctype);
	mode->test(&pair);
	pair_free(&pair);
	exit(check_done());
    }
    if (waitpid(pid, &status, 0) != pid)
	err(1, "waitpid");
    check(status == 0, "%s: status %x", mode->name, (unsigned)status);
}

int
main(int argc, char **argv)
{
    size_t i;

    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
	if (argc < 2 || strcmp(argv[1], modes[i].name) == 0)
	    run_mode(&modes[i]);
    return check_done();
}
