/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Extra context tokens of the krb5 mechanism through the conformance checker:
 * an acceptor that asks for a challenge, in complete exchanges and failing
 * ones, plain and below SPNEGO.
 */

#include "pair_config.h"
#include "gss_pair.h"
#include <gssapi/gssapi_spnego.h>
#include "sec_test.h"
#include "loop_check.h"

#define I LOOP_INIT
#define A LOOP_ACCEPT

#define ALL_FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | \
		   GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)
#define NOT_MUTUAL (ALL_FLAGS & ~GSS_C_MUTUAL_FLAG)
#define DCE_FLAGS (ALL_FLAGS | GSS_C_DCE_STYLE)

#define KRB5_MINOR(code) ((OM_uint32)(KRB5KRB_AP_ERR_ ## code))

/* Seconds: beyond the clock skew and within the ticket's lifetime. */
#define SKEWED 1200

static const struct loop_step three[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step three_changed[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN, 0, 0, LOOP_CHANGED },
    { A, LOOP_PEER, 0, LOOP_COMPLETE, 0, 0, LOOP_CHANGED },
    { I }
};

static const struct loop_step one[] = {
    { I, LOOP_EMPTY, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step dce[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step four[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

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

/* The acceptor finds the second request's clock off, too: that is final. */
static const struct loop_step skewed_twice[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_AGAIN, 0, LOOP_ERROR_EITHER },
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

static size_t stride = 1;

static char bindings_text[] = "tls-unique:0123456789ab";
static struct gss_channel_bindings_struct bindings, bindings2;

static struct loop_config
config_of(const struct gss_pair *pair, OM_uint32 flags)
{
    struct loop_config config;

    memset(&config, 0, sizeof(config));
    config.api = &loop_gss_api;
    config.initiator_cred = pair->initiator_cred;
    config.acceptor_cred = pair->acceptor_cred;
    config.target = pair->target;
    config.mech = config.actual_mech = GSS_KRB5_MECHANISM;
    config.req_flags = flags;
    config.src_name = PAIR_CLIENT;
    config.flags = flags | GSS_C_TRANS_FLAG;
    config.no_flags = GSS_C_ANON_FLAG | GSS_C_DELEG_FLAG;
    config.options = LOOP_ASK_DELEG;
    return config;
}

static void
run_script(const char *name, const struct loop_config *config,
	   const struct loop_step *steps)
{
    struct loop_script script;

    script.name = name;
    script.config = config;
    script.steps = steps;
    check(loop_script(&script) == 0, "%s", name);
}

static void
mutate(const char *name, const struct loop_config *config,
       const struct loop_step *steps, int n)
{
    struct loop_script script;

    script.name = name;
    script.config = config;
    script.steps = steps;
    check(loop_truncated(&script, n, stride, GSS_S_DEFECTIVE_TOKEN) == 0,
	  "%s, token %d: truncated", name, n);
    check(loop_flipped(&script, n, stride) == 0, "%s, token %d: octets "
	  "changed", name, n);
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

    run_script("three tokens", &config, three);
    run_script("three tokens, other parameters", &config, three_changed);
    config = config_of(pair, GSS_C_MUTUAL_FLAG);
    run_script("three tokens, only mutual", &config, three);
    config = config_of(pair, NOT_MUTUAL);
    run_script("not mutual", &config, one);
    config = config_of(pair, DCE_FLAGS);
    run_script("DCE_STYLE", &config, dce);

    config = config_of(pair, ALL_FLAGS);
    config.initiator_bindings = config.acceptor_bindings = &bindings;
    run_script("three tokens, bindings", &config, three);
    run_script("three tokens, bindings changed", &config, three_changed);
    config.acceptor_bindings = &bindings2;
    run_script("other bindings", &config, bindings_differ);

    config = config_of(pair, ALL_FLAGS);
    config.before = set_clock;
    run_script("clocks differ", &config, four);
    run_script("clocks differ, twice", &config, skewed_twice);
    (void)gsskrb5_set_time_offset(0);
}

/* REQ: XT-43, XT-44, XT-45, XT-63, XT-65, XT-95, GL-13, GL-15, GL-38 */
static void
test_wrong(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);
    struct loop_record recorded;

    loop_record(&config, three, &recorded);
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
    run_script("and three tokens after that", &config, three);
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
    krb5_keytab_entry entry, other;
    krb5_principal server;

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &server),
	      PAIR_SERVICE);
    pair_krb5(pair, krb5_kt_get_entry(pair->context, pair->keytab, server, 0,
				      0, &entry), "krb5_kt_get_entry");
    other = entry;
    pair_krb5(pair, krb5_generate_random_keyblock(pair->context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &other.keyblock), "key");
    krb5_kt_remove_entry(pair->context, pair->keytab, &entry);
    krb5_kt_add_entry(pair->context, pair->keytab, &other);
    run_script("another key", &config, no_key);
    krb5_kt_remove_entry(pair->context, pair->keytab, &other);
    krb5_kt_add_entry(pair->context, pair->keytab, &entry);
    run_script("and with the right key", &config, three);
    krb5_free_keyblock_contents(pair->context, &other.keyblock);
    krb5_kt_free_entry(pair->context, &entry);
    krb5_free_principal(pair->context, server);
}

/* REQ: XT-08, XT-94 */
static void
test_mutations(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    mutate("three tokens", &config, three, 1);
    mutate("three tokens", &config, three, 2);
    mutate("three tokens", &config, three, 3);
}

/* REQ: XT-73, GL-37 */
static void
test_spnego(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    config.initiator_cred = config.acceptor_cred = GSS_C_NO_CREDENTIAL;
    config.mech = GSS_SPNEGO_MECHANISM;
    run_script("SPNEGO", &config, NULL);
    config.options |= LOOP_CHANGE_LATER;
    run_script("SPNEGO, other parameters", &config, NULL);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    if (argc > 1)		/* every so many octets: for slow checkers */
	stride = atoi(argv[1]);
    bindings.application_data.length = strlen(bindings_text);
    bindings.application_data.value = bindings_text;
    bindings2 = bindings;
    bindings2.application_data.length--;
    pair_write_config("replay_protection = challenge");
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
