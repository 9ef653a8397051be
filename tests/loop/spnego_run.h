/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * An exchange of SPNEGO between an initiator and an acceptor in one process,
 * whose messages a hook can change on the way; for programs that are linked
 * with the static libgssapi.a.
 */

#ifndef SPNEGO_RUN_H
#define SPNEGO_RUN_H 1

#define STEPMECH_REGISTER 1
#include "stepmech.h"
#include "spnego_asn1.h"
#include <der.h>
#include "sec_test.h"

#define MAX_MESSAGES 16

enum { INITIATOR, ACCEPTOR };

struct run;
typedef void (*run_hook)(struct run *run, int n, NegotiationToken *nt);

struct run {
    /* set before run_all() */
    gss_name_t target;
    OM_uint32 req_flags;
    run_hook hook;		/* sees message n = 1, 2.. */
    int arg;			/* for the hook */
    int stop_after;		/* this many messages, if not 0 */
    gss_channel_bindings_t bindings[2];	/* by side */
    int forget;			/* neither they nor flags in later calls */
    /* what came out of it, each by side */
    gss_ctx_id_t ctx[2];
    OM_uint32 major[2], minor[2], flags[2];
    gss_OID mech[2];
    gss_name_t src_name;
    gss_cred_id_t delegated;
    int calls[2];		/* with a result other than an error */
    int mics[2];		/* messages of this side with a mechListMIC */
    int messages;
    int states[MAX_MESSAGES];	/* negState of message n - 1, or -1 */
    gss_buffer_desc last;	/* message of the exchange */
    heim_octet_string kept;	/* for the hook */
    const char *broken;		/* a rule of the API, or NULL */
};

static void
run_break(struct run *run, const char *rule)
{
    if (run->broken == NULL)
	run->broken = rule;
}

/*
 * The rules that hold for every call, see GL-08, GL-24, GL-35.
 */
static void
run_check_call(struct run *run, int side, gss_buffer_t out, int has_name)
{
    int complete = run->major[side] == GSS_S_COMPLETE;
    int error = GSS_ERROR(run->major[side]);

    if (run->major[side] == GSS_S_CONTINUE_NEEDED && out->length == 0)
	run_break(run, "continue without a token");
    if (!error && !complete && (run->flags[side] & GSS_C_PROT_READY_FLAG))
	run_break(run, "PROT_READY too early");
    if (complete && !(run->flags[side] & GSS_C_PROT_READY_FLAG))
	run_break(run, "complete without PROT_READY");
    if (side == ACCEPTOR && has_name != complete)
	run_break(run, "src_name exactly when complete");
    if (side == ACCEPTOR && (run->delegated != GSS_C_NO_CREDENTIAL) !=
	(complete && (run->flags[side] & GSS_C_DELEG_FLAG) != 0))
	run_break(run, "a delegated credential exactly when complete");
    if (error && run->ctx[side] != GSS_C_NO_CONTEXT &&
	gss_context_time(&run->minor[side], run->ctx[side], &run->minor[side])
	!= GSS_S_NO_CONTEXT)
	run_break(run, "a context is left after an error");
}

static void
run_call(struct run *run, int side, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 minor = 0;
    int forget = run->forget && run->ctx[side] != GSS_C_NO_CONTEXT;
    gss_channel_bindings_t bindings = forget ? GSS_C_NO_CHANNEL_BINDINGS :
	run->bindings[side];

    if (side == INITIATOR)
	run->major[side] = gss_init_sec_context(&minor,
	    GSS_C_NO_CREDENTIAL, &run->ctx[side], run->target,
	    GSS_SPNEGO_MECHANISM, forget ? 0 : run->req_flags, 0,
	    bindings, in, &run->mech[side], out,
	    &run->flags[side], NULL);
    else
	run->major[side] = gss_accept_sec_context(&minor, &run->ctx[side],
	    GSS_C_NO_CREDENTIAL, in, bindings,
	    &run->src_name, &run->mech[side], out, &run->flags[side], NULL,
	    &run->delegated);
    run->minor[side] = minor;
    if (!GSS_ERROR(run->major[side]))
	run->calls[side]++;
    run_check_call(run, side, out, side == ACCEPTOR &&
		   run->src_name != GSS_C_NO_NAME);
    run->minor[side] = minor;
}

/*
 * Decode message n, let the hook change it, and encode it again.
 */
static void
run_pass(struct run *run, int side, gss_buffer_t message)
{
    NegotiationToken nt;
    gss_buffer_desc inner;
    OM_uint32 minor;
    size_t size;
    int ret, init;

    init = ((unsigned char *)message->value)[0] == 0x60;
    if (init) {
	if (gss_decapsulate_token(message, GSS_SPNEGO_MECHANISM, &inner))
	    errx(1, "gss_decapsulate_token");
	gss_release_buffer(&minor, message);
	*message = inner;
    }
    if (decode_NegotiationToken(message->value, message->length, &nt, &size))
	errx(1, "decode_NegotiationToken");
    if (run->hook)
	run->hook(run, run->messages, &nt);
    run->states[run->messages - 1] = -1;
    if (nt.element == choice_NegotiationToken_negTokenResp) {
	if (nt.u.negTokenResp.negResult)
	    run->states[run->messages - 1] = *nt.u.negTokenResp.negResult;
	run->mics[side] += nt.u.negTokenResp.mechListMIC != NULL;
    } else
	run->mics[side] += nt.u.negTokenInit.mechListMIC != NULL;
    if (run->hook) {
	gss_release_buffer(&minor, message);
	ASN1_MALLOC_ENCODE(NegotiationToken, message->value, message->length,
			   &nt, &size, ret);
	if (ret)
	    errx(1, "encode NegotiationToken");
    }
    free_NegotiationToken(&nt);
    if (init) {
	inner = *message;
	if (gss_encapsulate_token(&inner, GSS_SPNEGO_MECHANISM, message))
	    errx(1, "gss_encapsulate_token");
	gss_release_buffer(&minor, &inner);
    }
}

/*
 * Messages go to and fro until there is none; one that comes with an error,
 * or behind the completion of both, is delivered as well.
 */
static void
run_all(struct run *run)
{
    gss_buffer_desc in, out;
    OM_uint32 junk;
    int side = INITIATOR;

    memset(&in, 0, sizeof(in));
    run->major[0] = run->major[1] = GSS_S_CONTINUE_NEEDED;
    for (;;) {
	run_call(run, side, &in, &out);
	gss_release_buffer(&junk, &in);
	in = out;
	if (out.length == 0)
	    break;
	if (run->messages == MAX_MESSAGES)
	    errx(1, "an exchange without an end");
	run->messages++;
	run_pass(run, side, &in);
	gss_release_buffer(&junk, &run->last);
	run->last.value = malloc(in.length);
	run->last.length = in.length;
	memcpy(run->last.value, in.value, in.length);
	side = !side;
	if (run->messages == run->stop_after ||
	    run->major[side] != GSS_S_CONTINUE_NEEDED)
	    break;
    }
    gss_release_buffer(&junk, &in);
}

static void
run_end(struct run *run)
{
    OM_uint32 minor;

    gss_delete_sec_context(&minor, &run->ctx[0], GSS_C_NO_BUFFER);
    gss_delete_sec_context(&minor, &run->ctx[1], GSS_C_NO_BUFFER);
    gss_release_name(&minor, &run->src_name);
    gss_release_cred(&minor, &run->delegated);
    gss_release_buffer(&minor, &run->last);
    der_free_octet_string(&run->kept);
}

static void
run_init(struct run *run, gss_name_t target, OM_uint32 req_flags)
{
    memset(run, 0, sizeof(*run));
    run->target = target;
    run->req_flags = req_flags;
}

/*
 * A MIC and a sealed message each way.
 */
static int
run_messages_work(struct run *run)
{
    static char text[] = "a message";
    gss_buffer_desc message, token, plain;
    OM_uint32 minor;
    int from, ok = 1, conf;

    message.value = text;
    message.length = sizeof(text);
    for (from = 0; from <= 1; from++) {
	ok = ok && gss_get_mic(&minor, run->ctx[from], 0, &message, &token)
	    == GSS_S_COMPLETE;
	if (!ok)
	    return 0;
	ok = gss_verify_mic(&minor, run->ctx[!from], &message, &token, NULL)
	    == GSS_S_COMPLETE;
	gss_release_buffer(&minor, &token);
	if (gss_wrap(&minor, run->ctx[from], 1, 0, &message, &conf, &token)
	    != GSS_S_COMPLETE)
	    return 0;
	ok = ok && conf && gss_unwrap(&minor, run->ctx[!from], &token, &plain,
				      &conf, NULL) == GSS_S_COMPLETE &&
	    conf && plain.length == sizeof(text) &&
	    strcmp(plain.value, text) == 0;
	gss_release_buffer(&minor, &token);
	gss_release_buffer(&minor, &plain);
    }
    return ok;
}

static gss_name_t
run_target(const char *text)
{
    gss_buffer_desc buf;
    gss_name_t name;
    OM_uint32 minor;

    buf.value = rk_UNCONST(text);
    buf.length = strlen(text);
    if (gss_import_name(&minor, &buf, GSS_C_NT_HOSTBASED_SERVICE, &name))
	errx(1, "gss_import_name");
    return name;
}

/*
 * No mechanism of the system's has a say, but what the program registers.
 */
static void
run_setup(void)
{
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    setenv("KRB5CCNAME", "MEMORY:none", 1);
    setenv("KRB5_KTNAME", "MEMORY:none", 1);
    setenv("NTLM_USER_FILE", "no-such-file", 1);
    setenv("GSSAPI_SPNEGO_NAME", "host@step.test", 1);
    stepmech_register();
}

#endif /* SPNEGO_RUN_H */
