/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The krb5 mechanism through the conformance checker: complete exchanges and
 * failing ones, raw and framed, over the enctypes of both token formats.
 */

#include "loop_pair.h"

/* Seconds: more than the ticket's lifetime. */
#define AFTER_END 7200

/* The handle of a half-open context of the other role. */
static const struct loop_step initiator_accepts[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_OWN, 0, LOOP_ERROR, 0, 0, LOOP_OTHER },
    { I }
};

static const struct loop_step acceptor_initiates[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_ERROR, 0, 0, LOOP_OTHER },
    { I }
};

static const struct loop_step dce_no_handle[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_ERROR_EITHER, 0, 0, LOOP_NO_CONTEXT },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step empty_to_acceptor[] = {
    { A, LOOP_EMPTY, 0, LOOP_ERROR },
    { I }
};

static const struct loop_step dce_empty_to_acceptor[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_EMPTY, 0, LOOP_ERROR_EITHER, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step garbage_to_acceptor[] = {
    { A, LOOP_GARBAGE, 0, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step dce_garbage_to_initiator[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_GARBAGE, 0, LOOP_ERROR },
    { I }
};

static const struct loop_step dce_garbage_to_acceptor[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_GARBAGE, 0, LOOP_ERROR_EITHER },
    { I }
};

static const struct loop_step reflected_to_initiator[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_OWN, 0, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step dce_first_token_again[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_AGAIN, 0, LOOP_ERROR_EITHER },
    { I }
};

/* Tokens of another exchange of the same two. */
static const struct loop_step other_second_token[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_RECORDED, 1, LOOP_ERROR, GSS_S_FAILURE,
      KRB5_MINOR(MUT_FAIL) },
    { I }
};

static const struct loop_step other_third_token[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_RECORDED, 2, LOOP_ERROR_EITHER, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step reflected_to_acceptor[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_OWN, 0, LOOP_ERROR_EITHER, GSS_S_DEFECTIVE_TOKEN,
      KRB5_MINOR(MUT_FAIL) },
    { I }
};

/*
 * There is no replay cache: the acceptor takes it, and the initiator of
 * another exchange refuses the answer.
 */
static const struct loop_step first_token_replayed[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_RECORDED, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_ERROR, GSS_S_FAILURE, KRB5_MINOR(MUT_FAIL) },
    { I }
};

static const struct loop_step first_token_longer[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_EXTENDED, 1, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step second_token_longer[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_EXTENDED, 1, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

/* The acceptor's error goes back; it may have put it into a token. */
#define ERROR_BACK(name, major, minor)				\
static const struct loop_step name[] = {			\
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },			\
    { A, LOOP_PEER, 0, LOOP_ERROR_EITHER, major, minor },	\
    { I, LOOP_IF_SENT, 0, LOOP_ERROR },				\
    { I }							\
}

ERROR_BACK(other_bindings, GSS_S_BAD_BINDINGS, 0);
ERROR_BACK(expired, GSS_S_FAILURE, KRB5_MINOR(TKT_EXPIRED));
ERROR_BACK(modified, GSS_S_FAILURE, KRB5_MINOR(MODIFIED));
ERROR_BACK(no_such_kvno, GSS_S_FAILURE, KRB5_MINOR(BADKEYVER));
ERROR_BACK(not_us, GSS_S_FAILURE, 0);

static const struct loop_step not_mutual_modified[] = {
    { I, LOOP_EMPTY, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_ERROR, GSS_S_FAILURE, KRB5_MINOR(MODIFIED) },
    { I }
};

static const struct loop_step skew_retry_changed[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_CONTINUE, 0, 0, LOOP_CHANGED },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN, 0, 0, LOOP_CHANGED },
    { I, LOOP_PEER, 0, LOOP_COMPLETE, 0, 0, LOOP_CHANGED },
    { I }
};

static const struct loop_step skew_not_mutual[] = {
    { I, LOOP_EMPTY, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_ANY },
    { I }
};

/* The first request once more is no second try. */
static const struct loop_step skew_repeated[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_AGAIN, 0, LOOP_ERROR_EITHER },
    { I }
};

static const struct loop_step skew_garbage[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_GARBAGE, 0, LOOP_ERROR_EITHER },
    { I }
};

struct clock {
    struct gss_pair *pair;
    int offset;
};

/*
 * Forget what an earlier exchange has learnt of the acceptor's clock.
 */
static void
forget_offset(struct gss_pair *pair)
{
    krb5_principal server;

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &server),
	      PAIR_SERVICE);
    (void)krb5_cc_set_config(pair->context, pair->ccache, server,
			     "time-offset", NULL);
    krb5_free_principal(pair->context, server);
}

/*
 * Set the clock back or forth for the acceptor only.
 */
static void
set_clock(struct loop_run *run, enum loop_who who)
{
    const struct clock *clock = run->config->before_arg;

    if (run->calls == 1)
	forget_offset(clock->pair);
    if (gsskrb5_set_time_offset(who == LOOP_ACCEPT ? clock->offset : 0) !=
	GSS_S_COMPLETE)
	errx(1, "gsskrb5_set_time_offset");
}

static void
krb5_steps(const char *text, const char *enctype,
	   const struct loop_config *config, const struct loop_step *steps)
{
    char name[128];

    snprintf(name, sizeof(name), "krb5, %s, %s", enctype, text);
    run_script(name, config, steps);
}

static void
change(const char *text, const char *enctype,
       const struct loop_config *config, const struct loop_step *steps,
       int n, OM_uint32 major)
{
    char name[128];

    snprintf(name, sizeof(name), "krb5, %s, %s, token %d mutated", enctype,
	     text, n);
    mutate(name, config, steps, n, major);
}

/*
 * REQ: GL-01, GL-02, GL-03, GL-05, GL-06, GL-07, GL-16, GL-17, GL-24, GL-25
 * REQ: GL-28, GL-29, GL-30, GL-34, GL-35, XT-52
 */
static void
test_complete(const struct gss_pair *pair, const char *enctype)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    krb5_steps("mutual", enctype, &config, two_tokens);
    krb5_steps("mutual, other parameters", enctype, &config,
	       two_tokens_changed);
    config = config_of(pair, NOT_MUTUAL);
    krb5_steps("not mutual", enctype, &config, one_token);
    config = config_of(pair, GSS_C_REPLAY_FLAG);
    krb5_steps("not mutual, no sequence", enctype, &config, one_token);
    config = config_of(pair, 0);
    krb5_steps("no flags", enctype, &config, one_token);
    config = config_of(pair, GSS_C_MUTUAL_FLAG);
    krb5_steps("only mutual", enctype, &config, two_tokens);
    config = config_of(pair, DCE_FLAGS);
    krb5_steps("DCE_STYLE", enctype, &config, three_tokens);
    krb5_steps("DCE_STYLE, other parameters", enctype, &config,
	       three_tokens_changed);
    config = config_of(pair, GSS_C_DCE_STYLE);
    krb5_steps("only DCE_STYLE", enctype, &config, three_tokens);
}

/*
 * What is asked for and not had, and what is only passed on.
 * REQ: GL-04, GL-22, GL-23, GL-24, GL-36
 */
static void
test_flags(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    config.req_flags = ALL_FLAGS | GSS_C_ANON_FLAG;
    krb5_steps("anonymity asked for", "aes256", &config, two_tokens);
    config.req_flags = ALL_FLAGS | GSS_C_DELEG_FLAG |
	GSS_C_DELEG_POLICY_FLAG;
    config.no_flags |= GSS_C_DELEG_POLICY_FLAG;
    krb5_steps("delegation asked for", "aes256", &config, two_tokens);
    config.req_flags = ALL_FLAGS | UNKNOWN_FLAG | GSS_C_PROT_READY_FLAG;
    krb5_steps("unknown flags asked for", "aes256", &config, two_tokens);
    config = config_of(pair, ALL_FLAGS | GSS_C_IDENTIFY_FLAG |
		       GSS_C_EXTENDED_ERROR_FLAG);
    krb5_steps("IDENTIFY and EXTENDED_ERROR", "aes256", &config, two_tokens);
    config = config_of(pair, DCE_FLAGS);
    config.req_flags = DCE_FLAGS | GSS_C_ANON_FLAG | GSS_C_DELEG_FLAG |
	UNKNOWN_FLAG;
    krb5_steps("DCE_STYLE, unknown flags", "aes256", &config, three_tokens);
}

/* REQ: GL-16 */
static void
test_bindings(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    config.initiator_bindings = &bindings;
    krb5_steps("bindings of the initiator", "aes256", &config, two_tokens);
    config.acceptor_bindings = &bindings;
    krb5_steps("bindings", "aes256", &config, two_tokens);
    krb5_steps("bindings, changed", "aes256", &config, two_tokens_changed);
    config.initiator_bindings = &bindings2;
    krb5_steps("other bindings", "aes256", &config, other_bindings);
    config.initiator_bindings = NULL;
    krb5_steps("bindings of the acceptor", "aes256", &config, two_tokens);

    config = config_of(pair, DCE_FLAGS);
    config.initiator_bindings = config.acceptor_bindings = &bindings;
    krb5_steps("DCE_STYLE, bindings changed", "aes256", &config,
	       three_tokens_changed);
    config.initiator_bindings = &bindings2;
    krb5_steps("DCE_STYLE, other bindings", "aes256", &config,
	       other_bindings);
}

/* REQ: GL-03, GL-13, GL-15, GL-20, GL-38 */
static void
test_calls(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    krb5_steps("calls too many", "aes256", &config, two_too_many);
    krb5_steps("the acceptor's handle initiates", "aes256", &config,
	       other_handle_initiates);
    krb5_steps("the initiator's handle accepts", "aes256", &config,
	       other_handle_accepts);
    krb5_steps("a half-open initiator accepts", "aes256", &config,
	       initiator_accepts);
    krb5_steps("no handle", "aes256", &config, two_no_handle);
    krb5_steps("empty token to the initiator", "aes256", &config,
	       empty_to_initiator);
    krb5_steps("empty token to the acceptor", "aes256", &config,
	       empty_to_acceptor);
    config = config_of(pair, DCE_FLAGS);
    krb5_steps("DCE_STYLE, a half-open acceptor initiates", "aes256",
	       &config, acceptor_initiates);
    krb5_steps("DCE_STYLE, no handle", "aes256", &config, dce_no_handle);
    krb5_steps("DCE_STYLE, empty token to the acceptor", "aes256", &config,
	       dce_empty_to_acceptor);
}

/* REQ: GL-18, GL-28, GL-34 */
static void
test_wrong_tokens(const struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);
    struct loop_record recorded;

    loop_record(&config, two_tokens, &recorded);
    config.recorded = &recorded;
    krb5_steps("garbage to the acceptor", "aes256", &config,
	       garbage_to_acceptor);
    krb5_steps("garbage to the initiator", "aes256", &config,
	       garbage_to_initiator);
    krb5_steps("the initiator's token reflected", "aes256", &config,
	       reflected_to_initiator);
    krb5_steps("token 2 of another exchange", "aes256", &config,
	       other_second_token);
    krb5_steps("token 2 to the acceptor", "aes256", &config,
	       second_token_first);
    krb5_steps("token 1 of another exchange", "aes256", &config,
	       first_token_replayed);
    krb5_steps("token 1 and more", "aes256", &config, first_token_longer);
    krb5_steps("token 2 and more", "aes256", &config, second_token_longer);
    loop_record_free(&recorded);

    config = config_of(pair, DCE_FLAGS);
    loop_record(&config, three_tokens, &recorded);
    config.recorded = &recorded;
    krb5_steps("DCE_STYLE, garbage to the initiator", "aes256", &config,
	       dce_garbage_to_initiator);
    krb5_steps("DCE_STYLE, garbage to the acceptor", "aes256", &config,
	       dce_garbage_to_acceptor);
    krb5_steps("DCE_STYLE, token 2 of another exchange", "aes256", &config,
	       other_second_token);
    krb5_steps("DCE_STYLE, token 3 of another exchange", "aes256", &config,
	       other_third_token);
    krb5_steps("DCE_STYLE, the acceptor's token reflected", "aes256",
	       &config, reflected_to_acceptor);
    krb5_steps("DCE_STYLE, token 2 first", "aes256", &config,
	       second_token_first);
    krb5_steps("DCE_STYLE, token 1 again", "aes256", &config,
	       dce_first_token_again);
    loop_record_free(&recorded);
}

/* REQ: GL-02, GL-18 */
static void
test_clock(struct gss_pair *pair)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);
    struct loop_config exact = config;
    struct clock clock;

    clock.pair = pair;
    clock.offset = SKEWED;
    config.before = set_clock;
    config.before_arg = &clock;
    krb5_steps("clocks differ", "aes256", &config, four_tokens);
    krb5_steps("clocks differ, other parameters", "aes256", &config,
	       skew_retry_changed);
    krb5_steps("clocks differ, twice", "aes256", &config, third_token_twice);
    krb5_steps("clocks differ, request repeated", "aes256", &config,
	       skew_repeated);
    krb5_steps("clocks differ, then garbage", "aes256", &config,
	       skew_garbage);
    config = config_of(pair, NOT_MUTUAL);
    config.before = set_clock;
    config.before_arg = &clock;
    krb5_steps("clocks differ, not mutual", "aes256", &config,
	       skew_not_mutual);
    config = config_of(pair, ALL_FLAGS);
    config.before = set_clock;
    config.before_arg = &clock;
    clock.offset = AFTER_END;
    krb5_steps("expired", "aes256", &config, expired);
    (void)gsskrb5_set_time_offset(0);
    forget_offset(pair);
    krb5_steps("and with a good clock", "aes256", &exact, two_tokens);
}

/*
 * Another credential in place of the pair's: a ticket for server, encrypted
 * in the pair's service key (key NULL: in another one), with this kvno.
 */
static void
make_cred(struct gss_pair *pair, const char *name, const char *service,
	  int good_key, int kvno, gss_cred_id_t *cred)
{
    krb5_keytab_entry entry;
    krb5_principal server;
    krb5_creds creds;
    krb5_ccache ccache;
    Ticket ticket;
    OM_uint32 major, minor;
    size_t size;
    int ret;

    memset(&creds, 0, sizeof(creds));
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &server),
	      PAIR_SERVICE);
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_CLIENT,
				    &creds.client), PAIR_CLIENT);
    pair_krb5(pair, krb5_parse_name(pair->context, service, &creds.server),
	      service);
    pair_krb5(pair, krb5_kt_get_entry(pair->context, pair->keytab, server, 0,
				      0, &entry), "krb5_kt_get_entry");
    if (!good_key) {
	krb5_free_keyblock_contents(pair->context, &entry.keyblock);
	pair_krb5(pair, krb5_generate_random_keyblock(pair->context,
		  ETYPE_AES256_CTS_HMAC_SHA1_96, &entry.keyblock), "key");
    }
    pair_krb5(pair, krb5_generate_random_keyblock(pair->context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &creds.session), "session key");
    creds.times.authtime = creds.times.starttime = time(NULL);
    creds.times.endtime = creds.times.authtime + 3600;
    pair_make_ticket(pair, &creds, &entry.keyblock);
    krb5_kt_free_entry(pair->context, &entry);

    if (decode_Ticket(creds.ticket.data, creds.ticket.length, &ticket, NULL))
	errx(1, "decode_Ticket");
    krb5_data_free(&creds.ticket);
    *ticket.enc_part.kvno = kvno;
    ASN1_MALLOC_ENCODE(Ticket, creds.ticket.data, creds.ticket.length,
		       &ticket, &size, ret);
    pair_krb5(pair, ret, "encode_Ticket");
    free_Ticket(&ticket);
    /* the initiator asks for the pair's service, whatever is in the ticket */
    krb5_free_principal(pair->context, creds.server);
    creds.server = server;

    pair_krb5(pair, krb5_cc_resolve(pair->context, name, &ccache), name);
    pair_krb5(pair, krb5_cc_initialize(pair->context, ccache, creds.client),
	      "krb5_cc_initialize");
    pair_krb5(pair, krb5_cc_store_cred(pair->context, ccache, &creds),
	      "krb5_cc_store_cred");
    krb5_free_cred_contents(pair->context, &creds);
    major = gss_krb5_import_cred(&minor, ccache, NULL, NULL, cred);
    pair_gss(major, minor, "gss_krb5_import_cred");
    krb5_cc_close(pair->context, ccache);
}

/* REQ: GL-18 */
static void
test_keys(struct gss_pair *pair)
{
    static const struct {
	const char *name;
	const char *service;
	int good_key, kvno;
	const struct loop_step *steps;
	OM_uint32 flags;
    } cases[] = {
	{ "another key", PAIR_SERVICE, 0, 1, modified, ALL_FLAGS },
	{ "another key, DCE_STYLE", PAIR_SERVICE, 0, 1, modified, DCE_FLAGS },
	{ "another key, not mutual", PAIR_SERVICE, 0, 1, not_mutual_modified,
	  NOT_MUTUAL },
	{ "another kvno", PAIR_SERVICE, 1, 7, two_tokens, ALL_FLAGS },
	{ "another key and kvno", PAIR_SERVICE, 0, 7, no_such_kvno,
	  ALL_FLAGS },
	{ "another service", "other/security.test@SECURITY.TEST", 0, 1,
	  not_us, ALL_FLAGS },
    };
    struct loop_config config;
    gss_cred_id_t cred;
    OM_uint32 minor;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	make_cred(pair, "MEMORY:loop_krb5", cases[i].service,
		  cases[i].good_key, cases[i].kvno, &cred);
	config = config_of(pair, cases[i].flags);
	config.initiator_cred = cred;
	krb5_steps(cases[i].name, "aes256", &config, cases[i].steps);
	gss_release_cred(&minor, &cred);
    }
    config = config_of(pair, ALL_FLAGS);
    krb5_steps("and with the right key", "aes256", &config, two_tokens);
}

/* REQ: GL-18, GL-24, GL-34 */
static void
test_mutations(const struct gss_pair *pair, const char *enctype)
{
    struct loop_config config = config_of(pair, ALL_FLAGS);

    change("mutual", enctype, &config, two_tokens, 1, GSS_S_DEFECTIVE_TOKEN);
    change("mutual", enctype, &config, two_tokens, 2, GSS_S_DEFECTIVE_TOKEN);
    config = config_of(pair, NOT_MUTUAL);
    change("not mutual", enctype, &config, one_token, 1,
	   GSS_S_DEFECTIVE_TOKEN);
    config = config_of(pair, DCE_FLAGS);
    change("DCE_STYLE", enctype, &config, three_tokens, 1, 0);
    change("DCE_STYLE", enctype, &config, three_tokens, 2, 0);
    change("DCE_STYLE", enctype, &config, three_tokens, 3, 0);
}

static void
test_enctype(krb5_enctype enctype, const char *name, int everything)
{
    struct gss_pair pair;

    pair_init(&pair, enctype);
    test_complete(&pair, name);
    if (everything) {
	test_flags(&pair);
	test_bindings(&pair);
	test_calls(&pair);
	test_wrong_tokens(&pair);
	test_clock(&pair);
	test_keys(&pair);
    }
    test_mutations(&pair, name);
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    pair_begin(argc, argv, PAIR_TWO_TOKENS);
    test_enctype(ETYPE_AES256_CTS_HMAC_SHA1_96, "aes256", 1);
    test_enctype(ETYPE_ARCFOUR_HMAC_MD5, "arcfour", 0);
    return check_done();
}
