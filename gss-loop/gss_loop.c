/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The GSS negotiation loop; what it sees to stands in gss_loop.h.  "Section"
 * is one of draft-kaduk-kitten-gss-loop-02.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gss_loop.h"

/* Flags that can be granted but not asked for. */
#define NOT_ASKED (GSS_C_TRANS_FLAG | GSS_C_PROT_READY_FLAG)
/* Strings of one status; a library that never ends is not followed. */
#define MAX_STRINGS 8

struct loop {
    const struct gss_loop_params *params;
    const struct gss_loop_transport *transport;
    struct gss_loop_result *result;
    gss_ctx_id_t context;
    OM_uint32 asked;		/* flags; 0 for an acceptor */
};

/* One call of gss_init_sec_context() or gss_accept_sec_context(). */
typedef void (*call_func)(struct loop *loop, gss_buffer_t in,
			  gss_buffer_t out);

static void
loop_init(struct loop *loop, const struct gss_loop_params *params,
	  const struct gss_loop_transport *transport,
	  struct gss_loop_result *result)
{
    memset(result, 0, sizeof(*result));
    result->source = GSS_C_NO_NAME;
    result->delegated = GSS_C_NO_CREDENTIAL;
    result->mech = GSS_C_NO_OID;

    loop->params = params;
    loop->transport = transport;
    loop->result = result;
    loop->context = GSS_C_NO_CONTEXT;
    loop->asked = 0;
}

/*
 * Destroy a context, without a token that would tell the peer (section 3.2).
 */
static void
destroy(gss_ctx_id_t *context)
{
    OM_uint32 minor;

    if (*context != GSS_C_NO_CONTEXT)
	(void)gss_delete_sec_context(&minor, context, GSS_C_NO_BUFFER);
    *context = GSS_C_NO_CONTEXT;
}

/*
 * Release what the acceptor hands out with a context.
 */
static void
release_peer(struct gss_loop_result *result)
{
    OM_uint32 minor;

    if (result->source != GSS_C_NO_NAME)
	(void)gss_release_name(&minor, &result->source);
    if (result->delegated != GSS_C_NO_CREDENTIAL)
	(void)gss_release_cred(&minor, &result->delegated);
}

/*
 * Sections 2.2 and 2.5: the calls.  Outputs are emptied first, since not all
 * libraries touch them when they fail.
 */
static void
call_init(struct loop *loop, gss_buffer_t in, gss_buffer_t out)
{
    const struct gss_loop_params *p = loop->params;
    struct gss_loop_result *r = loop->result;

    r->call = "gss_init_sec_context";
    r->flags = 0;
    r->minor = 0;
    r->major = gss_init_sec_context(&r->minor, p->credential, &loop->context,
				    p->target, p->mech, loop->asked,
				    p->lifetime, p->bindings, in, &r->mech,
				    out, &r->flags, &r->lifetime);
}

static void
call_accept(struct loop *loop, gss_buffer_t in, gss_buffer_t out)
{
    const struct gss_loop_params *p = loop->params;
    struct gss_loop_result *r = loop->result;

    r->call = "gss_accept_sec_context";
    r->flags = 0;
    r->minor = 0;
    r->major = gss_accept_sec_context(&r->minor, &loop->context,
				      p->credential, in, p->bindings,
				      &r->source, &r->mech, out, &r->flags,
				      &r->lifetime, &r->delegated);
    /* a name before the end is nobody's yet, and the next call makes anew */
    if (r->major != GSS_S_COMPLETE)
	release_peer(r);
}

/*
 * Section 2.1.
 */
static int
may_send(const struct loop *loop)
{
    return (loop->asked & GSS_C_ANON_FLAG) == 0 ||
	(loop->result->flags & GSS_C_ANON_FLAG) != 0;
}

/*
 * Sections 2.3 and 2.6: whether the call left something to send.
 */
static int
has_output(OM_uint32 major, gss_buffer_t out)
{
    return out->length > 0 ||
	(!GSS_ERROR(major) && (major & GSS_S_CONTINUE_NEEDED) != 0);
}

static enum gss_frame_error
send_token(struct loop *loop, gss_buffer_t out)
{
    struct gss_loop_result *r = loop->result;

    r->transport = loop->transport->send(loop->transport->arg,
					 loop->params->timeout, out);
    if (r->transport == GSS_FRAME_OK) {
	r->sent++;
	r->error_token_sent = GSS_ERROR(r->major) != 0;
    }
    return r->transport;
}

/*
 * What to do after a call: send first, then look at the status (section 4).
 * Returns GSS_LOOP_ESTABLISHED and leaves *more set to go on.
 */
static enum gss_loop_outcome
after_call(struct loop *loop, gss_buffer_t out, int *more)
{
    OM_uint32 major = loop->result->major;
    enum gss_frame_error error = GSS_FRAME_OK;

    *more = 0;
    if (!may_send(loop))
	return GSS_ERROR(major) ? GSS_LOOP_GSS_ERROR : GSS_LOOP_NOT_ANONYMOUS;
    if (has_output(major, out))
	error = send_token(loop, out);
    if (GSS_ERROR(major))
	return GSS_LOOP_GSS_ERROR;
    if (error)
	return GSS_LOOP_TRANSPORT;
    if (major != GSS_S_COMPLETE && major != GSS_S_CONTINUE_NEEDED)
	return GSS_LOOP_BAD_STATUS;
    *more = major == GSS_S_CONTINUE_NEEDED;
    return GSS_LOOP_ESTABLISHED;
}

/*
 * Sections 2.4 and 2.7: wait for a token, not for ever and not for any number
 * of them.
 */
static enum gss_loop_outcome
next_token(struct loop *loop, gss_buffer_t in)
{
    struct gss_loop_result *r = loop->result;

    if (r->received >= loop->params->max_tokens)
	return GSS_LOOP_TOO_MANY_TOKENS;
    r->transport = loop->transport->receive(loop->transport->arg,
					    loop->params->timeout, in);
    if (r->transport)
	return GSS_LOOP_TRANSPORT;
    r->received++;
    return GSS_LOOP_ESTABLISHED;
}

/*
 * Make a call with the token in, which is freed, and see to what it gives.
 */
static enum gss_loop_outcome
step(struct loop *loop, call_func call, gss_buffer_t in, int *more)
{
    gss_buffer_desc out;
    enum gss_loop_outcome outcome;
    OM_uint32 minor;

    out.length = 0;
    out.value = NULL;
    call(loop, in, &out);
    gss_frame_free(in);
    outcome = after_call(loop, &out, more);
    (void)gss_release_buffer(&minor, &out);
    return outcome;
}

/*
 * Section 3: destroy a context that lacks a flag.
 */
static enum gss_loop_outcome
check_flags(gss_ctx_id_t *context, OM_uint32 required,
	    struct gss_loop_result *result)
{
    result->missing = required & ~result->flags;
    if (result->missing == 0)
	return GSS_LOOP_ESTABLISHED;
    destroy(context);
    return GSS_LOOP_MISSING_FLAGS;
}

/*
 * The loop itself (section 2.8).  receive_first tells the acceptor.
 */
static enum gss_loop_outcome
run(struct loop *loop, call_func call, int receive_first)
{
    enum gss_loop_outcome outcome = GSS_LOOP_ESTABLISHED;
    gss_buffer_desc in;
    int more = receive_first;

    in.length = 0;
    in.value = NULL;
    if (!receive_first)
	outcome = step(loop, call, &in, &more);
    while (outcome == GSS_LOOP_ESTABLISHED && more) {
	outcome = next_token(loop, &in);
	if (outcome == GSS_LOOP_ESTABLISHED)
	    outcome = step(loop, call, &in, &more);
    }
    if (outcome == GSS_LOOP_ESTABLISHED)
	outcome = check_flags(&loop->context, loop->params->required,
			      loop->result);
    return outcome;
}

/*
 * Hand out the context, or see to it that nothing is left of it.
 */
static enum gss_loop_outcome
finish(struct loop *loop, enum gss_loop_outcome outcome,
       gss_ctx_id_t *context)
{
    loop->result->outcome = outcome;
    if (outcome != GSS_LOOP_ESTABLISHED) {
	destroy(&loop->context);
	release_peer(loop->result);
    }
    *context = loop->context;
    return outcome;
}

/**
 * Fill the parameters with defaults: no bindings, no flags, the default
 * credential, GSS_LOOP_MAX_TOKENS and GSS_LOOP_TIMEOUT.
 *
 * @param params to be filled; holds nothing that would have to be freed
 */
void
gss_loop_params_init(struct gss_loop_params *params)
{
    memset(params, 0, sizeof(*params));
    params->credential = GSS_C_NO_CREDENTIAL;
    params->bindings = GSS_C_NO_CHANNEL_BINDINGS;
    params->max_tokens = GSS_LOOP_MAX_TOKENS;
    params->timeout = GSS_LOOP_TIMEOUT;
    params->target = GSS_C_NO_NAME;
    params->mech = GSS_C_NO_OID;
}

/**
 * Establish a context as its initiator.
 *
 * Tokens are sent and received until the context is complete or lost; an
 * error token of ours has been sent when this returns. How the peer learns of
 * a failure that has no token is the application's matter: often it is enough
 * to close the connection.
 *
 * @param params what is wanted; target has to be set
 * @param transport how tokens travel
 * @param context the context, GSS_C_NO_CONTEXT unless it was established;
 *        delete it with gss_delete_sec_context()
 * @param result what happened; release it with gss_loop_result_free(),
 *        whatever the outcome
 *
 * @return GSS_LOOP_ESTABLISHED, or result->outcome
 */
enum gss_loop_outcome
gss_loop_initiate(const struct gss_loop_params *params,
		  const struct gss_loop_transport *transport,
		  gss_ctx_id_t *context, struct gss_loop_result *result)
{
    struct loop loop;

    loop_init(&loop, params, transport, result);
    loop.asked = params->flags | (params->required & ~NOT_ASKED);
    return finish(&loop, run(&loop, call_init, 0), context);
}

/**
 * Establish a context as its acceptor, beginning with the wait for the first
 * token.
 *
 * @param params what is wanted; the initiator's part is not looked at
 * @param transport how tokens travel
 * @param context as for gss_loop_initiate()
 * @param result as for gss_loop_initiate(); source and delegated are set when
 *        the context was established, and may be taken over by the caller,
 *        who then empties them here
 *
 * @return GSS_LOOP_ESTABLISHED, or result->outcome
 */
enum gss_loop_outcome
gss_loop_accept(const struct gss_loop_params *params,
		const struct gss_loop_transport *transport,
		gss_ctx_id_t *context, struct gss_loop_result *result)
{
    struct loop loop;

    loop_init(&loop, params, transport, result);
    return finish(&loop, run(&loop, call_accept, 1), context);
}

/**
 * Process a context token that came when the context was complete already
 * (section 3.2), and check that the context is still what it has to be.
 *
 * @param context the context; set to GSS_C_NO_CONTEXT when the token ended
 *        it, or took a required flag from it
 * @param token the token; stays the caller's
 * @param required flags, as in struct gss_loop_params
 * @param result of the loop; its outcome, call, major, minor, flags and
 *        missing are set anew
 *
 * @return GSS_LOOP_ESTABLISHED: processed, the context stands.
 *         GSS_LOOP_GSS_ERROR: the token was refused; the context stands
 *         unless *context says otherwise.
 *         GSS_LOOP_DELETED, GSS_LOOP_MISSING_FLAGS: the context is gone.
 */
enum gss_loop_outcome
gss_loop_late_token(gss_ctx_id_t *context, gss_buffer_t token,
		    OM_uint32 required, struct gss_loop_result *result)
{
    OM_uint32 refused, refused_minor = 0;
    int open = 0;

    refused = gss_process_context_token(&refused_minor, *context, token);

    result->call = "gss_inquire_context";
    result->minor = 0;
    result->major = gss_inquire_context(&result->minor, *context, NULL, NULL,
					NULL, NULL, &result->flags, NULL,
					&open);
    if (GSS_ERROR(result->major) || !open) {
	destroy(context);
	result->outcome = GSS_LOOP_DELETED;
    } else {
	result->outcome = check_flags(context, required, result);
    }
    if (GSS_ERROR(refused) && result->outcome == GSS_LOOP_ESTABLISHED) {
	result->call = "gss_process_context_token";
	result->major = refused;
	result->minor = refused_minor;
	result->outcome = GSS_LOOP_GSS_ERROR;
    }
    return result->outcome;
}

/**
 * Release what a result holds. It may be done twice.
 *
 * @param result the result
 */
void
gss_loop_result_free(struct gss_loop_result *result)
{
    release_peer(result);
}

/* A text of bounded length. */
struct text {
    char *p;
    size_t left;
};

static void
add(struct text *text, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text->p, text->left, fmt, ap);
    va_end(ap);
    if (n < 0)
	return;
    if ((size_t)n >= text->left)
	n = text->left - 1;
    text->p += n;
    text->left -= n;
}

/*
 * Add all strings of a status.
 */
static void
add_status(struct text *text, OM_uint32 status, int type, gss_OID mech)
{
    gss_buffer_desc string;
    OM_uint32 major, minor, next = 0;
    int i;

    for (i = 0; i < MAX_STRINGS; i++) {
	string.length = 0;
	string.value = NULL;
	major = gss_display_status(&minor, status, type, mech, &next,
				   &string);
	if (GSS_ERROR(major))
	    break;
	add(text, ": %.*s", (int)string.length,
	    string.value ? (char *)string.value : "");
	(void)gss_release_buffer(&minor, &string);
	if (next == 0)
	    break;
    }
}

static const struct {
    OM_uint32 error;		/* GSS_ROUTINE_ERROR() of the major status */
    const char *advice;
} advices[] = {
    { GSS_S_BAD_MECH, "choose a mechanism that both sides have" },
    { GSS_S_BAD_NAME, "check the name of the service" },
    { GSS_S_BAD_BINDINGS, "give both sides the same channel bindings" },
    { GSS_S_BAD_SIG, "find out who changed the token on its way" },
    { GSS_S_NO_CRED, "get credentials (kinit), or name the right keytab" },
    { GSS_S_DEFECTIVE_TOKEN,
      "check that the peer speaks this protocol and nothing changes tokens "
      "on their way" },
    { GSS_S_DEFECTIVE_CREDENTIAL, "get new credentials" },
    { GSS_S_CREDENTIALS_EXPIRED, "get new credentials (kinit)" },
    { GSS_S_CONTEXT_EXPIRED, "establish the context again" },
    { GSS_S_UNAUTHORIZED, "ask for the right to use the service" }
};

static const char *
advice_for(OM_uint32 major)
{
    size_t i;

    for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
	if (GSS_ROUTINE_ERROR(major) == advices[i].error)
	    return advices[i].advice;
    return "compare tickets, keys and clocks of both sides, and see the "
	"peer's log";
}

static void
add_gss_error(struct text *text, const struct gss_loop_result *r)
{
    add(text, "%s failed", r->call);
    add_status(text, r->major, GSS_C_GSS_CODE, GSS_C_NO_OID);
    if (r->minor != 0)
	add_status(text, r->minor, GSS_C_MECH_CODE, r->mech);
    if (r->error_token_sent)
	add(text, "; the peer was sent an error token");
    add(text, "; %s", advice_for(r->major));
}

static void
add_missing(struct text *text, OM_uint32 missing)
{
    static const struct {
	OM_uint32 flag;
	const char *name;
    } names[] = {
	{ GSS_C_DELEG_FLAG, "delegation" },
	{ GSS_C_MUTUAL_FLAG, "mutual authentication" },
	{ GSS_C_REPLAY_FLAG, "replay detection" },
	{ GSS_C_SEQUENCE_FLAG, "sequencing" },
	{ GSS_C_CONF_FLAG, "confidentiality" },
	{ GSS_C_INTEG_FLAG, "integrity" },
	{ GSS_C_ANON_FLAG, "anonymity" },
	{ GSS_C_PROT_READY_FLAG, "early messages" },
	{ GSS_C_TRANS_FLAG, "transferable contexts" }
    };
    const char *comma = "";
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	if (missing & names[i].flag) {
	    add(text, "%s%s", comma, names[i].name);
	    missing &= ~names[i].flag;
	    comma = ", ";
	}
    if (missing)
	add(text, "%s%#x", comma, (unsigned int)missing);
}

/**
 * Say in words what happened, why, and what to do.
 *
 * @param result of a loop or of gss_loop_late_token()
 * @param text to be filled, one line without an end of line
 * @param size octets at text, more than 0; what does not fit is cut off
 */
void
gss_loop_explain(const struct gss_loop_result *result, char *text,
		 size_t size)
{
    struct text t;

    t.p = text;
    t.left = size;
    text[0] = '\0';
    switch (result->outcome) {
    case GSS_LOOP_ESTABLISHED:
	add(&t, "the context is established");
	break;
    case GSS_LOOP_GSS_ERROR:
	add_gss_error(&t, result);
	break;
    case GSS_LOOP_BAD_STATUS:
	add(&t, "%s returned %08x, which is neither complete nor continue "
	    "nor an error; report it: the mechanism is in error",
	    result->call, (unsigned int)result->major);
	break;
    case GSS_LOOP_TRANSPORT:
	add(&t, "the negotiation broke off (%u tokens sent, %u received): "
	    "%s; see the peer's log",
	    result->sent, result->received,
	    gss_frame_text(result->transport));
	break;
    case GSS_LOOP_TOO_MANY_TOKENS:
	add(&t, "the negotiation has no end: %u tokens received; raise the "
	    "limit if the mechanism really needs more", result->received);
	break;
    case GSS_LOOP_NOT_ANONYMOUS:
	add(&t, "the mechanism does not grant anonymity, so its token was "
	    "not sent; choose another mechanism or do without");
	break;
    case GSS_LOOP_MISSING_FLAGS:
	add(&t, "the context was destroyed, since it lacks ");
	add_missing(&t, result->missing);
	add(&t, "; have both sides ask for it");
	break;
    case GSS_LOOP_DELETED:
	add(&t, "the context was ended by the peer's late token");
	add_status(&t, result->major, GSS_C_GSS_CODE, GSS_C_NO_OID);
	add(&t, "; establish it again");
	break;
    }
}
