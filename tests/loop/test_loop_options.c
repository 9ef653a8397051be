/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What is asked for of the extra context tokens beyond those of each
 * exchange, through the conformance checker: tokens without mutual
 * authentication, and an AP-REP2 with authorization data of the acceptor.
 */

#include "loop_pair.h"

/* Without mutual authentication, one call too many of each. */
static const struct loop_step too_many[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_AGAIN, 0, LOOP_TOO_MANY },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { A, LOOP_AGAIN, 0, LOOP_TOO_MANY },
    { I }
};

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

/* An answer of another exchange, to who waits for one. */
static const struct loop_step other_second[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_RECORDED, 1, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step reflected[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_OWN, 0, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

/* Set the clock back or forth for the acceptor only. */
static void
set_clock(struct loop_run *run, enum loop_who who)
{
    if (gsskrb5_set_time_offset(who == LOOP_ACCEPT ? SKEWED : 0) !=
	GSS_S_COMPLETE)
	errx(1, "gsskrb5_set_time_offset");
}

static void
set_data(struct gss_pair *pair)
{
    /* AD-IF-RELEVANT { 77, "xy" } */
    static const unsigned char der[] =
	"\x30\x1a\x30\x18\xa0\x03\x02\x01\x01\xa1\x11\x04\x0f"
	"\x30\x0d\x30\x0b\xa0\x03\x02\x01\x4d\xa1\x04\x04\x02xy";
    gss_buffer_desc value;
    OM_uint32 major, minor;

    value.value = rk_UNCONST(der);
    value.length = sizeof(der) - 1;
    major = gss_set_cred_option(&minor, &pair->acceptor_cred,
				GSS_KRB5_ACCEPTOR_AUTHZ_DATA_X, &value);
    pair_gss(major, minor, "gss_set_cred_option");
}

static void
mutate_tokens(const struct loop_config *config, const char *what,
	      const struct loop_step *script, int count)
{
    char name[64];
    int n;

    for (n = 1; n <= count; n++) {
	snprintf(name, sizeof(name), "%s, token %d", what, n);
	mutate(name, config, script, n, GSS_S_DEFECTIVE_TOKEN);
    }
}

/* REQ: XT-72, XT-09, XT-35, XT-43, GL-06, GL-17 */
static void
test_not_mutual(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, NOT_MUTUAL);
    struct loop_record recorded;

    run_script("not mutual", &config, three_tokens);
    run_script("not mutual, other parameters", &config,
	       three_tokens_changed);
    config.initiator_bindings = config.acceptor_bindings = &bindings;
    run_script("not mutual, bindings", &config, three_tokens);

    config = config_of(pair, NOT_MUTUAL);
    config.before = set_clock;
    run_script("not mutual, clocks differ", &config, three_tokens);
    (void)gsskrb5_set_time_offset(0);

    config = config_of(pair, NOT_MUTUAL);
    loop_record(&config, three_tokens, &recorded);
    config.recorded = &recorded;
    run_script("not mutual, calls too many", &config, too_many);
    run_script("not mutual, the first again", &config, first_again);
    run_script("not mutual, token 3 of another", &config, other_third);
    run_script("not mutual, token 2 of another", &config, other_second);
    run_script("not mutual, reflected", &config, reflected);
    run_script("not mutual, after that", &config, three_tokens);
    loop_record_free(&recorded);
}

/* REQ: XT-77, XT-97, XT-09, XT-74 */
static void
test_ap_rep2(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);
    struct loop_record recorded;

    run_script("AP-REP2", &config, two_tokens);
    run_script("AP-REP2, other parameters", &config, two_tokens_changed);
    run_script("AP-REP2, calls too many", &config, two_too_many);
    config.before = set_clock;
    run_script("AP-REP2, clocks differ", &config, four_tokens);
    (void)gsskrb5_set_time_offset(0);
    config = config_of(pair, DCE_FLAGS);
    run_script("DCE_STYLE", &config, three_tokens);

    config = config_of(pair, ALL_FLAGS);
    loop_record(&config, two_tokens, &recorded);
    config.recorded = &recorded;
    run_script("AP-REP2 of another", &config, other_second);
    run_script("AP-REP2, reflected", &config, reflected);
    run_script("AP-REP2, after that", &config, two_tokens);
    loop_record_free(&recorded);
}

/* REQ: XT-72, XT-97, GL-37 */
static void
test_spnego(const struct gss_pair *pair)
{
    struct loop_config config = spnego_config(pair, ALL_FLAGS);

    run_script("SPNEGO, AP-REP2", &config, NULL);
    config = spnego_config(pair, NOT_MUTUAL);
    run_script("SPNEGO, not mutual", &config, NULL);
    config.options |= LOOP_CHANGE_LATER;
    run_script("SPNEGO, not mutual, other parameters", &config, NULL);
}

int
main(int argc, char **argv)
{
    static const krb5_enctype enctypes[] = {
	ETYPE_AES256_CTS_HMAC_SHA1_96, ETYPE_ARCFOUR_HMAC_MD5
    };
    struct loop_config config;
    struct gss_pair pair;
    size_t i;

    pair_begin(argc, argv, "extra_tokens_without_mutual = service/*");
    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    for (i = 0; i < sizeof(enctypes) / sizeof(enctypes[0]); i++) {
	pair_init(&pair, enctypes[i]);
	test_not_mutual(&pair);
	set_data(&pair);
	test_not_mutual(&pair);
	test_ap_rep2(&pair);
	if (i == 0) {
	    test_spnego(&pair);
	    config = config_of(&pair, NOT_MUTUAL);
	    mutate_tokens(&config, "not mutual", three_tokens, 3);
	    config = config_of(&pair, ALL_FLAGS);
	    mutate_tokens(&config, "AP-REP2", two_tokens, 2);
	}
	pair_free(&pair);
    }
    return check_done();
}
