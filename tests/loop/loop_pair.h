/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The two parties of gss_pair.h through the conformance checker: scripts that
 * hold for any mechanism of so many tokens, and what the programs share that
 * run them over krb5, over its extra context tokens, and below SPNEGO.
 */

#ifndef LOOP_PAIR_H
#define LOOP_PAIR_H 1

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

/* No flag of any GSS API. */
#define UNKNOWN_FLAG 0x40000000

#define KRB5_MINOR(code) ((OM_uint32)(KRB5KRB_AP_ERR_ ## code))

/* Seconds: beyond the clock skew and within the ticket's lifetime. */
#define SKEWED 1200

static const struct loop_step one_token[] = {
    { I, LOOP_EMPTY, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step two_tokens[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step two_tokens_changed[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_COMPLETE, 0, 0, LOOP_CHANGED },
    { I }
};

static const struct loop_step three_tokens[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step three_tokens_changed[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN, 0, 0, LOOP_CHANGED },
    { A, LOOP_PEER, 0, LOOP_COMPLETE, 0, 0, LOOP_CHANGED },
    { I }
};

static const struct loop_step four_tokens[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

/* The acceptor insists; the initiator recovers once and no more. */
static const struct loop_step third_token_twice[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_PEER, 0, LOOP_CONTINUE },
    { I, LOOP_AGAIN, 0, LOOP_ERROR_EITHER },
    { I }
};

/* One call too many of each, as steps of their own: no probe before them. */
static const struct loop_step two_too_many[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { A, LOOP_AGAIN, 0, LOOP_TOO_MANY },
    { A, LOOP_OWN, 0, LOOP_TOO_MANY },
    { I, LOOP_PEER, 0, LOOP_COMPLETE },
    { I, LOOP_AGAIN, 0, LOOP_TOO_MANY },
    { I, LOOP_TOKEN, 0, LOOP_TOO_MANY },
    { A, LOOP_GARBAGE, 0, LOOP_TOO_MANY },
    { I, LOOP_GARBAGE, 0, LOOP_TOO_MANY },
    { I }
};

static const struct loop_step other_handle_initiates[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_COMPLETE },
    { I, LOOP_PEER, 0, LOOP_TOO_MANY, 0, 0, LOOP_OTHER },
    { I }
};

static const struct loop_step other_handle_accepts[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_COMPLETE },
    { A, LOOP_PEER, 0, LOOP_TOO_MANY, 0, 0, LOOP_OTHER },
    { I }
};

/* The second token without the context, then with it. */
static const struct loop_step two_no_handle[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { A, LOOP_PEER, 0, LOOP_COMPLETE_TOKEN },
    { I, LOOP_PEER, 0, LOOP_ERROR, 0, 0, LOOP_NO_CONTEXT },
    { I, LOOP_PEER, 0, LOOP_COMPLETE },
    { I }
};

static const struct loop_step empty_to_initiator[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_EMPTY, 0, LOOP_ERROR },
    { I }
};

static const struct loop_step garbage_to_initiator[] = {
    { I, LOOP_EMPTY, 0, LOOP_CONTINUE },
    { I, LOOP_GARBAGE, 0, LOOP_ERROR, GSS_S_DEFECTIVE_TOKEN },
    { I }
};

static const struct loop_step second_token_first[] = {
    { A, LOOP_RECORDED, 1, LOOP_ERROR_EITHER },
    { I }
};

static size_t pair_stride = 1;

static char bindings_text[] = "tls-unique:0123456789ab";
static struct gss_channel_bindings_struct bindings, bindings2;

/*
 * What main() begins with; an argument is the stride of mutations: every so
 * many octets, for slow checkers.
 */
static void
pair_begin(int argc, char **argv, const char *gssapi)
{
    if (argc > 1)
	pair_stride = atoi(argv[1]);
    pair_write_config(gssapi);
    bindings.application_data.length = strlen(bindings_text);
    bindings.application_data.value = bindings_text;
    bindings2 = bindings;
    bindings2.application_data.length--;
}

/*
 * The pair with the krb5 mechanism.
 */
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
    config.no_flags = GSS_C_ANON_FLAG | GSS_C_DELEG_FLAG | UNKNOWN_FLAG;
    config.options = LOOP_ASK_DELEG;
    return config;
}

/*
 * And below SPNEGO, which takes the default credentials.
 */
static inline struct loop_config
spnego_config(const struct gss_pair *pair, OM_uint32 flags)
{
    struct loop_config config = config_of(pair, flags);

    config.initiator_cred = config.acceptor_cred = GSS_C_NO_CREDENTIAL;
    config.mech = GSS_SPNEGO_MECHANISM;
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
       const struct loop_step *steps, int n, OM_uint32 major)
{
    struct loop_script script;

    script.name = name;
    script.config = config;
    script.steps = steps;
    check(loop_truncated(&script, n, pair_stride, major) == 0,
	  "%s: truncated", name);
    check(loop_flipped(&script, n, pair_stride) == 0, "%s: octets changed",
	  name);
}

/*
 * Run steps while the acceptor has another key than the ticket's, and good
 * with the right one again.
 */
static inline void
pair_other_key(struct gss_pair *pair, const struct loop_config *config,
	       const char *name, const struct loop_step *steps,
	       const char *good_name, const struct loop_step *good)
{
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
    run_script(name, config, steps);
    krb5_kt_remove_entry(pair->context, pair->keytab, &other);
    krb5_kt_add_entry(pair->context, pair->keytab, &entry);
    run_script(good_name, config, good);
    krb5_free_keyblock_contents(pair->context, &other.keyblock);
    krb5_kt_free_entry(pair->context, &entry);
    krb5_free_principal(pair->context, server);
}

#endif /* LOOP_PAIR_H */
