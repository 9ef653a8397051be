/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Memory is short at one place of an exchange, each in its turn.  Neither side
 * crashes or keeps anything, no exchange succeeds that would have failed, none
 * that succeeds lacks anything, and the next one works.
 *
 * Each configuration is a process of its own, since libgssapi reads one.  An
 * argument chooses the scenarios whose names contain it.
 */

/* REQ: XT-94, GL-18 */

#include "faults.h"
#include "pair_config.h"
#include "gss_pair.h"
#include "gss_call.h"
#include "sec_test.h"

#define SKEWED 1200		/* beyond the skew, within the lifetime */
#define MAX_TOKENS 8

static struct gss_pair pair;

static char binding_text[] = "tls-unique:0123456789ab";
static struct gss_channel_bindings_struct ours, others;

struct scenario {
    const char *name;
    const char *config;		/* of [gssapi] */
    OM_uint32 flags;
    int skewed;			/* the acceptor's clock */
    gss_channel_bindings_t initiator, acceptor;
    int tokens;			/* when it succeeds; 0: it has to fail */
    const char *(*run)(void *);	/* NULL: exchange() */
    long stride;		/* in the short run */
};

struct ends {
    gss_name_t source;
    OM_uint32 iflags, aflags;
    OM_uint32 imajor, amajor;
    int tokens;
};

/*
 * One call of a side, with memory that may be short.
 */
static void
side(const struct scenario *s, int accepts, struct ends *e, gss_buffer_t in,
     gss_buffer_t out)
{
    OM_uint32 minor;

    out->length = 0;
    out->value = NULL;
    if (accepts && s->skewed)
	(void)gsskrb5_set_time_offset(SKEWED);
    fault_on();
    if (accepts)
	e->amajor = gss_accept_sec_context(&minor, &pair.acceptor,
	    pair.acceptor_cred, in, s->acceptor, &e->source, NULL, out,
	    &e->aflags, NULL, NULL);
    else
	e->imajor = gss_init_sec_context(&minor, pair.initiator_cred,
	    &pair.initiator, pair.target, GSS_KRB5_MECHANISM, s->flags, 0,
	    s->initiator, in, NULL, out, &e->iflags, NULL);
    fault_off();
    if (accepts && s->skewed)
	(void)gsskrb5_set_time_offset(0);
    e->tokens += out->length != 0;
}

/*
 * Whether name is the client's.
 */
static int
is_client(gss_name_t name)
{
    gss_buffer_desc text;
    OM_uint32 minor;
    int is;

    if (name == GSS_C_NO_NAME ||
	gss_display_name(&minor, name, &text, NULL) != GSS_S_COMPLETE)
	return 0;
    is = text.length == strlen(PAIR_CLIENT) &&
	strncmp(text.value, PAIR_CLIENT, text.length) == 0;
    gss_release_buffer(&minor, &text);
    return is;
}

/*
 * What is wrong with how it has ended.
 */
static const char *
verdict(const struct scenario *s, const struct ends *e)
{
    if (e->source != GSS_C_NO_NAME && e->amajor != GSS_S_COMPLETE)
	return "a client's name before the end";
    if (e->amajor == GSS_S_COMPLETE && s->tokens == 0)
	return "the acceptor takes what it has to refuse";
    if (e->imajor == GSS_S_COMPLETE && s->tokens == 0 &&
	(s->flags & GSS_C_MUTUAL_FLAG))
	return "the initiator takes what it has to refuse";
    if (e->amajor == GSS_S_COMPLETE && !is_client(e->source))
	return "the acceptor knows no client, or another";
    if (e->amajor == GSS_S_COMPLETE && e->tokens < s->tokens - 1)
	return "the acceptor is content with fewer tokens";
    if (e->amajor == GSS_S_COMPLETE && (e->aflags & s->flags) != s->flags)
	return "the acceptor lacks a flag";
    if (e->imajor == GSS_S_COMPLETE && (e->iflags & s->flags) != s->flags)
	return "the initiator lacks a flag";
    if (e->imajor == GSS_S_COMPLETE && e->amajor == GSS_S_COMPLETE) {
	if (e->tokens > s->tokens)
	    return "more tokens than without a fault";
	if (!call_both_work(&pair))
	    return "messages do not pass";
    } else if (!fault_hit && s->tokens)
	return "it fails";
    return NULL;
}

/*
 * Both sides until neither has a token for the other.
 */
static const char *
exchange(void *arg)
{
    const struct scenario *s = arg;
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out;
    struct ends e;
    const char *wrong;
    OM_uint32 minor;
    int accepts = 0;

    memset(&e, 0, sizeof(e));
    e.imajor = e.amajor = GSS_S_CONTINUE_NEEDED;
    do {
	side(s, accepts, &e, &in, &out);
	gss_release_buffer(&minor, &in);
	in = out;
	accepts = !accepts;
    } while (in.length != 0 && e.tokens < MAX_TOKENS &&
	     (accepts ? e.amajor : e.imajor) == GSS_S_CONTINUE_NEEDED);
    gss_release_buffer(&minor, &in);
    wrong = verdict(s, &e);
    gss_release_name(&minor, &e.source);
    pair_disconnect(&pair);
    return wrong;
}

/*
 * The acceptor gets what it has got before.
 */
static const char *
replay(void *arg)
{
    const struct scenario *s = arg;
    static gss_buffer_desc first;
    gss_buffer_desc out;
    struct scenario good = *s;
    struct ends e;
    OM_uint32 minor;
    const char *wrong;

    memset(&e, 0, sizeof(e));
    if (first.length == 0) {
	side(&good, 0, &e, GSS_C_NO_BUFFER, &first);
	side(&good, 1, &e, &first, &out);
	if (e.amajor != GSS_S_COMPLETE)
	    errx(1, "%s: the first is refused", s->name);
	gss_release_buffer(&minor, &out);
	gss_release_name(&minor, &e.source);
	pair_disconnect(&pair);
	memset(&e, 0, sizeof(e));
    }
    e.imajor = GSS_S_CONTINUE_NEEDED;
    side(s, 1, &e, &first, &out);
    gss_release_buffer(&minor, &out);
    wrong = verdict(s, &e);
    gss_release_name(&minor, &e.source);
    pair_disconnect(&pair);
    return wrong;
}

/*
 * The acceptor has another key.
 */
static const char *
other_key(void *arg)
{
    krb5_keytab_entry entry, other;
    krb5_principal server;
    const char *wrong;

    pair_krb5(&pair, krb5_parse_name(pair.context, PAIR_SERVICE, &server),
	      PAIR_SERVICE);
    pair_krb5(&pair, krb5_kt_get_entry(pair.context, pair.keytab, server, 0,
				       0, &entry), "krb5_kt_get_entry");
    other = entry;
    pair_krb5(&pair, krb5_generate_random_keyblock(pair.context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &other.keyblock), "key");
    krb5_kt_remove_entry(pair.context, pair.keytab, &entry);
    krb5_kt_add_entry(pair.context, pair.keytab, &other);
    wrong = exchange(arg);
    krb5_kt_remove_entry(pair.context, pair.keytab, &other);
    krb5_kt_add_entry(pair.context, pair.keytab, &entry);
    krb5_free_keyblock_contents(pair.context, &other.keyblock);
    krb5_kt_free_entry(pair.context, &entry);
    krb5_free_principal(pair.context, server);
    return wrong;
}

#define CHALLENGE "replay_protection = challenge"
#define CACHE "replay_protection = cache"
#define REQUIRE "replay_protection = require"
#define OFF "replay_protection = off"
#define FLAGS (CALL_FLAGS)
#define ONE_WAY (CALL_FLAGS & ~GSS_C_MUTUAL_FLAG)
#define DCE (CALL_FLAGS | GSS_C_DCE_STYLE)

static const struct scenario scenarios[] = {
    { "two tokens", OFF, FLAGS, 0, NULL, NULL, 2, NULL, 9 },
    { "two tokens, nothing offered", PAIR_TWO_TOKENS, FLAGS, 0, NULL, NULL,
      2, NULL, 9 },
    { "one token", OFF, ONE_WAY, 0, NULL, NULL, 1, NULL, 9 },
    { "three tokens", CHALLENGE, FLAGS, 0, NULL, NULL, 3, NULL, 7 },
    { "three tokens, not mutual", CHALLENGE ,
      ONE_WAY, 0, NULL, NULL, 1, NULL, 9 },
    { "three tokens, bound", CHALLENGE, FLAGS, 0, &ours, &ours, 3, NULL, 9 },
    { "clocks differ", CHALLENGE, FLAGS, 1, NULL, NULL, 4, NULL, 9 },
    { "other bindings", CHALLENGE, FLAGS, 0, &others, &ours, 0, NULL, 9 },
    { "no bindings", CHALLENGE "\n\t"
      "require_channel_bindings = true", FLAGS, 0, NULL, &ours, 0, NULL, 9 },
    { "another key", CHALLENGE, FLAGS, 0, NULL, NULL, 0, other_key, 9 },
    { "DCE style", OFF, DCE, 0, NULL, NULL, 3, NULL, 9 },
    { "replay cache", CACHE, FLAGS, 0, NULL, NULL, 2, NULL, 9 },
    { "again", CACHE, FLAGS, 0, NULL, NULL, 0, replay, 3 },
    { "again, required", REQUIRE "\n\textra_context_tokens = false", FLAGS, 0,
      NULL, NULL, 0, replay, 3 },
    { "again, automatic", "replay_protection = auto\n\t"
      "extra_context_tokens = false", FLAGS, 0, NULL, NULL, 0, replay, 3 },
    { NULL }
};

static void
prepare(void *arg)
{
    const struct scenario *s = arg;

    pair_write_config(s->config);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
}

int
main(int argc, char **argv)
{
    char dir[] = "/tmp/faults.XXXXXX", command[64];
    const struct scenario *s;

    setprogname(argv[0]);
    ours.application_data.length = strlen(binding_text);
    ours.application_data.value = binding_text;
    others = ours;
    others.application_data.length--;
    if (mkdtemp(dir) == NULL)
	err(1, "%s", dir);
    setenv("KRB5RCACHEDIR", dir, 1);
    setenv("TMPDIR", dir, 1);
    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    for (s = scenarios; s->name != NULL; s++)
	if (argc < 2 || strstr(s->name, argv[1]) != NULL)
	    check(fault_scenario(s->name, prepare, s->run ? s->run : exchange,
				 rk_UNCONST(s), s->stride) == 0, "%s",
		  s->name);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command) != 0)
	warnx("%s is left", dir);
    return check_done();
}
