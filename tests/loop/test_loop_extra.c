/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Extra context tokens of the krb5 mechanism through the conformance checker:
 * an acceptor that asks for a challenge, in complete exchanges and failing
 * ones, plain and below SPNEGO.
 */

#include "loop_pair.h"

static const struct loop_step too_many[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_AGAIN, 0, LOOP_TOO_MANY },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { A, LOOP_AGAIN, 0, LOOP_TOO_MANY },
    { A, LOOP_GARBAGE, 0, LOOP_TOO_MANY },
    { I }
};

/* The second request does not answer the challenge. */
static const struct loop_step first_again[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_AGAIN, 0, LOOP_ERROR_TOKEN, GSS_S_FAILURE, KRB5_MINOR(REPEAT) },
    { I, LOOP_PEER, 0, LOOP_ERROR },
    { I }
};

static const struct loop_step other_third[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_RECORDED, 2, LOOP_ERROR_TOKEN, GSS_S_FAILURE,
      KRB5_MINOR(REPEAT) },
    { I }
};

static const struct loop_step third_first[] = {
    { A, LOOP_RECORDED, 2, LOOP_ERROR_TOKEN, GSS_S_FAILURE,
      KRB5_MINOR(REPEAT) },
    { I }
};

static const struct loop_step other_second[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_RECORDED, 1, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step second_to_acceptor[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_OWN, 0, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step garbage_to_acceptor[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_GARBAGE, 0, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step empty_to_acceptor[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_EMPTY, 0, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step no_handle[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_ERROR_TOKEN, GSS_S_FAILURE, KRB5_MINOR(REPEAT),
      LOOP_NO_CONTEXT },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

/* Anybody could say so: a new ticket would help, but there is no KDC. */
static const struct loop_step no_key[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_ERROR_TOKEN },
    { A, LOOP_PEER, 0, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step bindings_differ[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_ERROR_TOKEN, GSS_S_BAD_BINDINGS },
    { I, LOOP_PEER, 0, LOOP_ERROR },
    { I }
};

static void
mutate_token(const struct loop_config *config, int n)
{
    char name[64];

    snprintf(name, sizeof(name), "three tokens, token %d", n);
    mutate(name, config, three_tokens, n, GSS_S_DEFECTIVE_TOKEN);
}

/* Set the clock back or forth for the acceptor only. */
static void
set_clock(struct loop_run *run, enum loop_who who)
{
    if (gsskrb5_set_time_offset(who == LOOP_ACCEPT ? SKEWED : 0) !=
	GSS_S_COMPLETE)
	errx(1, "gsskrb5_set_time_offset");
}

/*
 * REQ: XT-73, XT-74, XT-09, XT-35, XT-49, XT-50, XT-56, GL-06, GL-17, GL-24
 */
static void
test_complete(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    run_script("three tokens", &config, three_tokens);
    run_script("three tokens, other parameters", &config,
	       three_tokens_changed);
    config = config_of(pair, GSS_C_MUTUAL_FLAG);
    run_script("three tokens, only mutual", &config, three_tokens);
    config = config_of(pair, NOT_MUTUAL);
    run_script("not mutual", &config, one_token);
    config = config_of(pair, DCE_FLAGS);
    run_script("DCE_STYLE", &config, three_tokens);

    config = config_of(pair, ALL_FLAGS);
    config.initiator_bindings = config.acceptor_bindings = &bindings;
    run_script("three tokens, bindings", &config, three_tokens);
    run_script("three tokens, bindings changed", &config,
	       three_tokens_changed);
    config.acceptor_bindings = &bindings2;
    run_script("other bindings", &config, bindings_differ);

    config = config_of(pair, ALL_FLAGS);
    config.before = set_clock;
    run_script("clocks differ", &config, four_tokens);
    run_script("clocks differ, twice", &config, third_token_twice);
    (void)gsskrb5_set_time_offset(0);
}

/* REQ: XT-43, XT-44, XT-45, XT-63, XT-65, XT-95, GL-13, GL-15, GL-38 */
static void
test_wrong(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);
    struct loop_record recorded;

    loop_record(&config, three_tokens, &recorded);
    config.recorded = &recorded;
    run_script("calls too many", &config, too_many);
    run_script("the first request again", &config, first_again);
    run_script("token 3 of another exchange", &config, other_third);
    run_script("token 3 of another exchange first", &config, third_first);
    run_script("token 2 of another exchange", &config, other_second);
    run_script("the acceptor's token reflected", &config,
	       second_to_acceptor);
    run_script("garbage to the acceptor", &config, garbage_to_acceptor);
    run_script("an empty token to the acceptor", &config, empty_to_acceptor);
    run_script("no handle", &config, no_handle);
    run_script("and three tokens after that", &config, three_tokens);
    loop_record_free(&recorded);
}

/*
 * The acceptor has another key than the ticket's.
 * REQ: XT-32, XT-57, XT-61
 */
static void
test_key(struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    pair_other_key(pair, &config, "another key", no_key,
		   "and with the right key", three_tokens);
}

/* REQ: XT-08, XT-94 */
static void
test_mutations(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    mutate_token(&config, 1);
    mutate_token(&config, 2);
    mutate_token(&config, 3);
}

/* REQ: XT-73, GL-37 */
static void
test_spnego(const struct gss_pair *pair)
{
    struct loop_config config = spnego_config(pair, ALL_FLAGS);

    run_script("SPNEGO", &config, NULL);
    config.options |= LOOP_CHANGE_LATER;
    run_script("SPNEGO, other parameters", &config, NULL);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_begin(argc, argv, "replay_protection = challenge");
    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_complete(&pair);
    test_wrong(&pair);
    test_key(&pair);
    test_mutations(&pair);
    test_spnego(&pair);
    pair_free(&pair);
    pair_init(&pair, ETYPE_ARCFOUR_HMAC_MD5);
    test_complete(&pair);
    pair_free(&pair);
    return check_done();
}
