/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * SPNEGO through the conformance checker: over krb5, and over the step
 * mechanism, which stands for mechanisms of 1 to 6 tokens, preferred or not,
 * with and without MICs.  The step mechanism is checked by itself as well, so
 * that what SPNEGO does wrong over it is SPNEGO's.
 */

#include "loop_pair.h"

#define STEPMECH_REGISTER
#include "stepmech.h"

#define STEP_FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | \
		    GSS_C_SEQUENCE_FLAG)

/* MS-SPNG 3.3.5.1: the acceptor speaks first */
static const struct loop_step hint[] = {
    { A, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step hint_twice[] = {
    { A, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_EMPTY, 0, LOOP_ERROR_EITHER, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step hint_garbage[] = {
    { A, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_GARBAGE, 0, LOOP_ERROR_EITHER, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step initiator_accepts[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_OWN, 0, LOOP_ERROR_EITHER, 0, 0, LOOP_OTHER },
    { I }
};

static const struct loop_step hint_initiates[] = {
    { A, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_ERROR, 0, 0, LOOP_OTHER },
    { I }
};

static const struct loop_step reflected_to_initiator[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_OWN, 0, LOOP_ERROR },
    { I }
};

static const struct loop_step other_second_token[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_RECORDED, 1, LOOP_ERROR },
    { I }
};

static const struct loop_step refused[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_ERROR_EITHER },
    { I, LOOP_IF_SENT, 0, LOOP_ERROR },
    { I }
};

static gss_name_t step_target;

/*
 * REQ: GL-01, GL-02, GL-05, GL-06, GL-07, GL-08, GL-16, GL-17, GL-24, GL-25
 * REQ: GL-28, GL-29, GL-30, GL-34, GL-35, GL-37, XT-52
 */
static void
test_krb5_complete(const struct gss_pair *pair)
{
    struct loop_config config = spnego_config(pair, ALL_FLAGS);

    run_script("SPNEGO, krb5, mutual", &config, two_tokens);
    run_script("SPNEGO, krb5, mutual, other parameters", &config,
	       two_tokens_changed);
    run_script("SPNEGO, krb5, the acceptor first", &config, hint);
    config = spnego_config(pair, NOT_MUTUAL);
    run_script("SPNEGO, krb5, not mutual", &config, two_tokens);
    config = spnego_config(pair, ALL_FLAGS | GSS_C_DCE_STYLE);
    run_script("SPNEGO, krb5, DCE_STYLE", &config, NULL);
    config.options |= LOOP_CHANGE_LATER;
    run_script("SPNEGO, krb5, DCE_STYLE, other parameters", &config, NULL);

    config = spnego_config(pair, ALL_FLAGS);
    config.initiator_bindings = config.acceptor_bindings = &bindings;
    run_script("SPNEGO, krb5, bindings", &config, two_tokens);
    config.acceptor_bindings = &bindings2;
    run_script("SPNEGO, krb5, other bindings", &config, refused);
}

/* REQ: GL-03, GL-13, GL-15, GL-18, GL-20, GL-28, GL-34, GL-38 */
static void
test_krb5_wrong(const struct gss_pair *pair)
{
    struct loop_config config = spnego_config(pair, ALL_FLAGS);
    struct loop_record recorded;

    loop_record(&config, two_tokens, &recorded);
    config.recorded = &recorded;
    run_script("SPNEGO, krb5, calls too many", &config, two_too_many);
    run_script("SPNEGO, krb5, the acceptor's handle initiates", &config,
	       other_handle_initiates);
    run_script("SPNEGO, krb5, the initiator's handle accepts", &config,
	       other_handle_accepts);
    run_script("SPNEGO, krb5, a half-open initiator accepts", &config,
	       initiator_accepts);
    run_script("SPNEGO, krb5, the acceptor first initiates", &config,
	       hint_initiates);
    run_script("SPNEGO, krb5, no handle", &config, two_no_handle);
    run_script("SPNEGO, krb5, two empty tokens to the acceptor", &config,
	       hint_twice);
    run_script("SPNEGO, krb5, the acceptor first, then garbage", &config,
	       hint_garbage);
    run_script("SPNEGO, krb5, empty token to the initiator", &config,
	       empty_to_initiator);
    run_script("SPNEGO, krb5, garbage to the initiator", &config,
	       garbage_to_initiator);
    run_script("SPNEGO, krb5, the initiator's token reflected", &config,
	       reflected_to_initiator);
    run_script("SPNEGO, krb5, token 2 of another exchange", &config,
	       other_second_token);
    run_script("SPNEGO, krb5, token 2 to the acceptor", &config,
	       second_token_first);
    loop_record_free(&recorded);
    mutate("SPNEGO, krb5, token 1 mutated", &config, two_tokens, 1,
	   GSS_S_DEFECTIVE_TOKEN);
    mutate("SPNEGO, krb5, token 2 mutated", &config, two_tokens, 2,
	   GSS_S_DEFECTIVE_TOKEN);
}

/*
 * The acceptor has another key than the ticket's.
 * REQ: GL-18, GL-34
 */
static void
test_krb5_key(struct gss_pair *pair)
{
    struct loop_config config = spnego_config(pair, ALL_FLAGS);

    pair_other_key(pair, &config, "SPNEGO, krb5, another key", refused,
		   "SPNEGO, krb5, and with the right key", two_tokens);
}

static void
test_krb5(void)
{
    struct gss_pair pair;
    OM_uint32 major;

    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    major = gsskrb5_register_acceptor_identity("MEMORY:gss_pair");
    pair_gss(major, 0, "gsskrb5_register_acceptor_identity");
    test_krb5_complete(&pair);
    test_krb5_wrong(&pair);
    test_krb5_key(&pair);
    pair_free(&pair);
}

static struct loop_config
step_config(gss_OID mech, gss_OID actual, int tokens, int mic)
{
    struct loop_config config;

    memset(&config, 0, sizeof(config));
    config.api = &loop_gss_api;
    config.target = step_target;
    config.mech = mech;
    config.actual_mech = actual;
    config.req_flags = STEP_FLAGS;
    config.src_name = STEPMECH_USER;
    config.flags = STEP_FLAGS;
    if (tokens == 1)
	config.flags &= ~GSS_C_MUTUAL_FLAG;
    if (mic)
	config.flags |= GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    config.options = LOOP_ASK_DELEG | LOOP_NO_EXPORT | LOOP_NO_TARGET;
    if (!mic)
	config.options |= LOOP_NO_MESSAGES;
    return config;
}

/*
 * The script of the bare step mechanism.
 */
static void
make_steps(struct loop_step *steps, int n)
{
    int i;

    memset(steps, 0, 8 * sizeof(*steps));
    for (i = 0; i <= n; i++) {
	steps[i].who = i % 2 ? A : I;
	steps[i].feed = i ? LOOP_PEER : LOOP_EMPTY;
	steps[i].outcome = i < n - 1 ? LOOP_CONTINUE :
	    i == n - 1 ? LOOP_COMPLETE_TOKEN : LOOP_COMPLETE;
    }
}

static void
test_step_mechanism(int tokens, int mic)
{
    struct loop_config config = step_config(STEPMECH_A, STEPMECH_A, tokens,
					    mic);
    struct loop_step steps[8];
    char text[64], name[128];

    snprintf(text, sizeof(text), "tokens=%d mic=%s", tokens,
	     mic ? "yes" : "no");
    snprintf(name, sizeof(name), "step mechanism, %s", text);
    stepmech_configure(STEPMECH_A, text);
    make_steps(steps, tokens);
    run_script(name, &config, steps);
    stepmech_configure(STEPMECH_A, NULL);
}

/*
 * A is first in the initiator's list; when the acceptor cannot take it, it
 * is B, and that is to be confirmed by MICs if there are any.
 * REQ: GL-08, GL-24, GL-25, GL-37
 */
static void
test_step_spnego(int tokens, int mic, int preferred)
{
    struct loop_config config = step_config(GSS_SPNEGO_MECHANISM,
	preferred ? STEPMECH_A : STEPMECH_B, tokens, mic);
    char a[64], b[64], name[160];

    snprintf(b, sizeof(b), "tokens=%d mic=%s", tokens, mic ? "yes" : "no");
    snprintf(a, sizeof(a), "%s%s", b, preferred ? "" : " accept=no");
    snprintf(name, sizeof(name), "SPNEGO, step mechanism, %spreferred, %s",
	     preferred ? "" : "not ", b);
    stepmech_configure(STEPMECH_A, a);
    stepmech_configure(STEPMECH_B, b);
    run_script(name, &config, NULL);
    config.options |= LOOP_CHANGE_LATER;
    strlcat(name, ", other parameters", sizeof(name));
    run_script(name, &config, NULL);
    stepmech_configure(STEPMECH_A, NULL);
    stepmech_configure(STEPMECH_B, NULL);
}

/*
 * The step mechanism fails in each of its calls: with an error token or
 * without one, the contexts of both are gone.
 * REQ: GL-09, GL-18, GL-34
 */
static void
test_step_fails(const char *fault, gss_OID mech)
{
    struct loop_config config = step_config(mech, STEPMECH_A, 5, 1);
    char text[80], name[128];
    int call, who;

    config.options |= LOOP_FAILS;
    /* nor can it be B */
    stepmech_configure(STEPMECH_B, "init=no accept=no");
    for (who = 0; who <= 1; who++)
	for (call = 1; call <= 3; call++) {
	    snprintf(text, sizeof(text), "tokens=5 fault=%s:%d:%s",
		     who ? "accept" : "init", call, fault);
	    snprintf(name, sizeof(name), "%s, %s",
		     mech == STEPMECH_A ? "step mechanism" : "SPNEGO", text);
	    stepmech_configure(STEPMECH_A, text);
	    run_script(name, &config, NULL);
	}
    stepmech_configure(STEPMECH_A, NULL);
    stepmech_configure(STEPMECH_B, NULL);
}

static void
test_step(void)
{
    gss_buffer_desc name;
    OM_uint32 major, minor;
    int tokens, mic;

    name.value = rk_UNCONST("service@step.test");
    name.length = strlen(name.value);
    major = gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE,
			    &step_target);
    pair_gss(major, minor, "gss_import_name");
    for (tokens = 1; tokens <= 6; tokens++)
	for (mic = 0; mic <= 1; mic++) {
	    test_step_mechanism(tokens, mic);
	    test_step_spnego(tokens, mic, 1);
	    test_step_spnego(tokens, mic, 0);
	}
    test_step_fails("error", STEPMECH_A);
    test_step_fails("errtoken", STEPMECH_A);
    test_step_fails("error", GSS_SPNEGO_MECHANISM);
    test_step_fails("errtoken", GSS_SPNEGO_MECHANISM);
    gss_release_name(&minor, &step_target);
    check(stepmech_live() == 0, "nothing of the step mechanism is left: %d",
	  stepmech_live());
}

int
main(int argc, char **argv)
{
    pair_begin(argc, argv, PAIR_TWO_TOKENS);

    /* the step mechanisms are registered later, krb5 is to be alone */
    setenv("GSSAPI_SPNEGO_NAME", "service@step.test", 1);
    test_krb5();
    unsetenv("KRB5CCNAME");
    stepmech_register();
    test_step();
    return check_done();
}
