/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Threads that make contexts at the same time, with credentials that they
 * share: with two tokens and three, and with the replay cache.
 *
 * usage: test_extra_threads [EXCHANGES [THREADS]]
 *
 * EXCHANGES a thread and mode, also $EXTRA_EXCHANGES, are few for `check'.
 *
 * What checkers say, with 8 threads:
 *
 * ThreadSanitizer, everything from libheimbase up to libgssapi compiled with
 * it, 1,000 exchanges: one report, of the base.  heim_retain() and
 * heim_release() look whether ref_cnt is the one of a static object without
 * an atomic load, while others count it atomically (heimbase.c; by way of
 * _krb5_plugin_run_f()).  That count never comes near, so the answer is the
 * same whichever is read.
 *
 * helgrind: none; without its own suppressions only what is inside of glibc
 * (its mutexes, its list of streams).  valgrind 3.19 waits for ever in
 * fcntl(F_OFD_SETLKW), since it lets no other thread run meanwhile: a
 * preloaded fcntl() that tries F_OFD_SETLK until it succeeds gets by.
 */

#include "pair_config.h"
#include "gss_pair.h"
#include "sec_test.h"

#include <pthread.h>

#define EXCHANGES 200
#define THREADS 8
#define MAX_THREADS 64
#define RACES 20		/* of all threads, with the same token */

#define CACHE_NAME "file2:test_extra_threads.rcache2"

static const struct mode {
    const char *name;
    const char *gssapi;		/* [gssapi] */
    int tokens;			/* of an exchange */
    int imports;		/* every other thread makes credentials */
    int early;			/* a message before the first answer */
} modes[] = {
    { "two tokens", "replay_protection = off", 2, 0 },
    { "two tokens, not offered", PAIR_TWO_TOKENS, 2, 0 },
    { "three tokens", "replay_protection = challenge", 3, 0 },
    { "replay cache", "replay_protection = cache", 2, 0 },
    { "three tokens, replay cache", "replay_protection = challenge\n\t"
      "shared_with_legacy = true", 3, 0 },
    { "three tokens, credentials come and go",
      "replay_protection = challenge", 3, 1 },
    { "three tokens, early messages", "replay_protection = challenge\n\t"
      "early_prot_ready = true", 3, 0, 1 }
};

struct worker {
    struct gss_pair pair;	/* its contexts, and credentials of all */
    const struct mode *mode;
    int number;
    int exchanges;		/* to make */
    int done;			/* made and good */
    char why[200];		/* the last one was not */
    gss_buffer_t token;		/* race(): of all threads */
    OM_uint32 major;		/* what became of it */
};

static pthread_barrier_t together;

static int
wrong(struct worker *w, const char *what, OM_uint32 major, OM_uint32 minor)
{
    snprintf(w->why, sizeof(w->why), "thread %d, exchange %d: %s: %08x/%d",
	     w->number, w->done, what, (unsigned)major, (int)minor);
    return 0;
}

/*
 * A MIC of the initiator, who has just sent its first token; and what the
 * acceptor makes of it.
 */
static int
make_early(struct worker *w, gss_buffer_t token)
{
    gss_buffer_desc message = { 5, "early" };
    OM_uint32 major, minor;

    if (!w->mode->early || token->length != 0)
	return 1;
    major = gss_get_mic(&minor, w->pair.initiator, GSS_C_QOP_DEFAULT, &message,
			token);
    return major ? wrong(w, "gss_get_mic, early", major, minor) : 1;
}

static int
take_early(struct worker *w, gss_buffer_t token)
{
    gss_buffer_desc message = { 5, "early" };
    OM_uint32 major, minor;

    if (token->length == 0)
	return 1;
    major = gss_verify_mic(&minor, w->pair.acceptor, &message, token, NULL);
    gss_release_buffer(&minor, token);
    return major ? wrong(w, "gss_verify_mic, early", major, minor) : 1;
}

/*
 * One exchange; 1 when both sides are complete after the right tokens.
 */
static int
establish(struct worker *w)
{
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc early = GSS_C_EMPTY_BUFFER;
    OM_uint32 major[2] = { GSS_S_CONTINUE_NEEDED, GSS_S_CONTINUE_NEEDED };
    OM_uint32 minor, minor2;
    int acceptor = 0, tokens = 0;

    do {
	if (acceptor)
	    major[1] = pair_accept(&w->pair, &in, &out, &minor);
	else
	    major[0] = pair_initiate(&w->pair, &in, &out, &minor);
	gss_release_buffer(&minor2, &in);
	in = out;
	tokens += in.length != 0;
	if (GSS_ERROR(major[acceptor])) {
	    gss_release_buffer(&minor2, &in);
	    return wrong(w, acceptor ? "gss_accept_sec_context" :
			 "gss_init_sec_context", major[acceptor], minor);
	}
	if (!acceptor && !make_early(w, &early))
	    return 0;
	acceptor = !acceptor;
    } while (in.length != 0);

    if (major[0] != GSS_S_COMPLETE || major[1] != GSS_S_COMPLETE)
	return wrong(w, "not complete", major[0], 0);
    if (tokens != w->mode->tokens)
	return wrong(w, "tokens", tokens, 0);
    return take_early(w, &early);
}

/*
 * A wrapped message one way, a MIC the other.
 */
static int
exchange_messages(struct worker *w)
{
    gss_buffer_desc message, token, plain = GSS_C_EMPTY_BUFFER;
    char text[64];
    OM_uint32 major, minor;
    int same;

    message.value = text;
    message.length = snprintf(text, sizeof(text), "thread %d, exchange %d",
			      w->number, w->done);
    major = gss_wrap(&minor, w->pair.initiator, 1, GSS_C_QOP_DEFAULT,
		     &message, NULL, &token);
    if (major)
	return wrong(w, "gss_wrap", major, minor);
    major = gss_unwrap(&minor, w->pair.acceptor, &token, &plain, NULL, NULL);
    same = major == GSS_S_COMPLETE && plain.length == message.length &&
	memcmp(plain.value, text, message.length) == 0;
    gss_release_buffer(&minor, &token);
    gss_release_buffer(&minor, &plain);
    if (!same)
	return wrong(w, "gss_unwrap", major, minor);

    major = gss_get_mic(&minor, w->pair.acceptor, GSS_C_QOP_DEFAULT, &message,
			&token);
    if (major)
	return wrong(w, "gss_get_mic", major, minor);
    major = gss_verify_mic(&minor, w->pair.initiator, &message, &token, NULL);
    gss_release_buffer(&minor, &token);
    return major ? wrong(w, "gss_verify_mic", major, minor) : 1;
}

/*
 * Credentials of our own, of the cache and the keytab that all use.
 */
static int
import_credentials(struct worker *w)
{
    OM_uint32 major, minor;

    major = gss_krb5_import_cred(&minor, w->pair.ccache, NULL, NULL,
				 &w->pair.initiator_cred);
    if (major)
	return wrong(w, "gss_krb5_import_cred, cache", major, minor);
    major = gss_krb5_import_cred(&minor, NULL, NULL, w->pair.keytab,
				 &w->pair.acceptor_cred);
    if (major == GSS_S_COMPLETE)
	return 1;
    gss_release_cred(&minor, &w->pair.initiator_cred);
    return wrong(w, "gss_krb5_import_cred, keytab", major, minor);
}

static void *
work(void *arg)
{
    struct worker *w = arg;
    int imports = w->mode->imports && w->number % 2 == 0;
    OM_uint32 minor;
    int good = 1;

    (void)pthread_barrier_wait(&together);
    while (good && w->done < w->exchanges) {
	if (imports && !import_credentials(w))
	    break;
	good = establish(w) && exchange_messages(w);
	w->done += good;
	pair_disconnect(&w->pair);
	if (imports) {
	    gss_release_cred(&minor, &w->pair.initiator_cred);
	    gss_release_cred(&minor, &w->pair.acceptor_cred);
	}
    }
    return NULL;
}

/*
 * Give the acceptor the token that the other threads give theirs.
 */
static void *
accept_once(void *arg)
{
    struct worker *w = arg;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;

    (void)pthread_barrier_wait(&together);
    w->major = pair_accept(&w->pair, w->token, &out, &minor);
    if (GSS_ERROR(w->major))
	wrong(w, "gss_accept_sec_context", w->major, minor);
    gss_release_buffer(&minor, &out);
    pair_disconnect(&w->pair);
    return NULL;
}

static void
run_threads(void *(*body)(void *), struct worker *workers, int threads)
{
    pthread_t id[MAX_THREADS];
    int i, ret;

    ret = pthread_barrier_init(&together, NULL, threads);
    for (i = 0; ret == 0 && i < threads; i++)
	ret = pthread_create(&id[i], NULL, body, &workers[i]);
    for (i = 0; ret == 0 && i < threads; i++)
	ret = pthread_join(id[i], NULL);
    if (ret)
	errx(1, "threads: %s", strerror(ret));
    pthread_barrier_destroy(&together);
}

static void
hire(struct worker *workers, int threads, const struct gss_pair *pair,
     const struct mode *mode, int exchanges)
{
    int i;

    memset(workers, 0, threads * sizeof(*workers));
    for (i = 0; i < threads; i++) {
	workers[i].pair = *pair;
	workers[i].mode = mode;
	workers[i].number = i;
	workers[i].exchanges = exchanges;
    }
}

/* REQ: XT-73, XT-85, XT-88 */
static void
test_mode(const struct gss_pair *pair, const struct mode *mode, int threads,
	  int exchanges)
{
    struct worker workers[MAX_THREADS];
    int i, done = 0;

    pair_write_config(mode->gssapi);	/* each thread reads it */
    hire(workers, threads, pair, mode, exchanges);
    run_threads(work, workers, threads);
    for (i = 0; i < threads; i++) {
	done += workers[i].done;
	if (workers[i].why[0])
	    printf("%s\n", workers[i].why);
    }
    check(done == threads * exchanges, "%s: %d of %d exchanges", mode->name,
	  done, threads * exchanges);
}

/*
 * All threads accept the same token at the same time: one takes it, the
 * others ask for another, since that is what the initiator offers.
 *
 * REQ: XT-55
 */
static void
test_same_token(struct gss_pair *pair, int threads)
{
    static const struct mode mode = {
	"the same token", "replay_protection = cache", 2, 0
    };
    struct worker workers[MAX_THREADS];
    gss_buffer_desc token;
    OM_uint32 major, minor;
    int race, i, taken, asked, good = 0;

    pair_write_config(mode.gssapi);
    for (race = 0; race < RACES; race++) {
	major = pair_initiate(pair, GSS_C_NO_BUFFER, &token, &minor);
	pair_gss(major, minor, "gss_init_sec_context");
	pair_disconnect(pair);
	hire(workers, threads, pair, &mode, 0);
	for (i = 0; i < threads; i++)
	    workers[i].token = &token;
	run_threads(accept_once, workers, threads);
	taken = asked = 0;
	for (i = 0; i < threads; i++) {
	    taken += workers[i].major == GSS_S_COMPLETE;
	    asked += workers[i].major == GSS_S_CONTINUE_NEEDED;
	    if (workers[i].why[0])
		printf("%s\n", workers[i].why);
	}
	good += taken == 1 && asked == threads - 1;
	gss_release_buffer(&minor, &token);
    }
    check(good == RACES, "%s, %d threads: one takes it, %d times of %d",
	  mode.name, threads, good, RACES);
}

static int
number(const char *text, int low, int high)
{
    int n = text ? atoi(text) : 0;

    return n < low ? low : n > high ? high : n;
}

int
main(int argc, char **argv)
{
    const char *more = argc > 1 ? argv[1] : getenv("EXTRA_EXCHANGES");
    int exchanges = more ? number(more, 1, INT_MAX) : EXCHANGES;
    int threads = argc > 2 ? number(argv[2], 2, MAX_THREADS) : THREADS;
    struct gss_pair pair;
    size_t i;

    setenv("KRB5RCACHENAME", CACHE_NAME, 1);
    unlink(CACHE_NAME + 6);
    pair_write_config("replay_protection = off");
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
	test_mode(&pair, &modes[i], threads, exchanges);
    test_same_token(&pair, threads);
    pair_free(&pair);
    unlink(CACHE_NAME + 6);
    return check_done();
}
