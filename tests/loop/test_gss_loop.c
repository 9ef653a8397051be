/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The negotiation loops (gss-loop/gss_loop.c) against a library and a peer
 * that follow a script.  The GSS functions that the loops call are defined
 * here: so every combination of status, token and flags can be had, also
 * those that no mechanism should give, and all that is handed out is counted.
 * Linked with --wrap=vsnprintf and --wrap=__vsnprintf_chk, its name where
 * _FORTIFY_SOURCE is set.
 */

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gss_loop.h"
#include "sec_test.h"

#define WANTED (GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG)
#define GRANTED (WANTED | GSS_C_CONF_FLAG)
#define ANON_OK (GRANTED | GSS_C_ANON_FLAG)
#define CONTINUE GSS_S_CONTINUE_NEEDED
#define NO_TOKEN NULL
#define MAX_CALLS 8

/* What a call of gss_init/accept_sec_context does. */
struct call {
    OM_uint32 major;
    const char *out;		/* NULL and "": no octets */
    OM_uint32 flags;
};

/* What the peer does when it is waited for: a token, or an error. */
struct answer {
    const char *token;
    enum gss_frame_error error;
};

static struct script {
    struct call calls[MAX_CALLS];
    struct answer answers[MAX_CALLS];
    int send_fails_at;		/* 1 for the first token; 0 never */
} script;

/* What was seen. */
static struct seen {
    int calls;			/* init and accept together */
    int sent;
    int received;
    int changed;		/* parameters that were not those of call 1 */
    int bad_input;		/* a call did not get what the peer sent */
    int deletion_tokens;	/* gss_delete_sec_context with a buffer */
    int timeout;
    OM_uint32 asked;
    char tokens[MAX_CALLS][16];	/* as sent */
} seen;

/* What is out and not yet released: 0 at the end of every case. */
static int live;

/* -- the library -------------------------------------------------------- */

static int context_object, name_object, cred_object;
static gss_OID_desc fake_mech = { 3, (void *)"\x2a\x03\x04" };
static gss_ctx_id_t context_of_last_call;

static struct {
    OM_uint32 process;
    OM_uint32 inquire;
    OM_uint32 flags;
    int open;
} late;

static int
is_text(gss_buffer_t token, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    return token->length == len &&
	(len == 0 || strncmp(token->value, text, len) == 0);
}

static void
give_token(gss_buffer_t token, const char *text)
{
    token->length = 0;
    token->value = NULL;
    if (text == NULL || *text == '\0')
	return;
    token->value = strdup(text);
    token->length = strlen(text);
    live++;
}

static OM_uint32
scripted_call(OM_uint32 *minor, gss_ctx_id_t *context, gss_buffer_t in,
	      gss_buffer_t out, gss_OID *mech, OM_uint32 *flags)
{
    const struct call *call = &script.calls[seen.calls++];

    if (*context != context_of_last_call)
	seen.changed++;
    if (in->length > 0 && (seen.received == 0 ||
	!is_text(in, script.answers[seen.received - 1].token)))
	seen.bad_input++;
    if (*context == GSS_C_NO_CONTEXT) {
	*context = (gss_ctx_id_t)&context_object;
	live++;
    }
    context_of_last_call = *context;
    give_token(out, call->out);
    *minor = GSS_ERROR(call->major) ? 17 : 0;
    *mech = &fake_mech;
    *flags = call->flags;
    return call->major;
}

OM_uint32 GSSAPI_CALLCONV
gss_init_sec_context(OM_uint32 *minor, gss_const_cred_id_t cred,
		     gss_ctx_id_t *context, gss_const_name_t target,
		     const gss_OID mech, OM_uint32 asked, OM_uint32 lifetime,
		     const gss_channel_bindings_t bindings,
		     const gss_buffer_t in, gss_OID *actual,
		     gss_buffer_t out, OM_uint32 *flags, OM_uint32 *left)
{
    if (seen.calls == 0)
	seen.asked = asked;
    if (seen.asked != asked || cred != GSS_C_NO_CREDENTIAL ||
	target != (gss_name_t)&name_object || mech != &fake_mech ||
	lifetime != 77 || bindings == GSS_C_NO_CHANNEL_BINDINGS)
	seen.changed++;
    *left = 0;
    return scripted_call(minor, context, in, out, actual, flags);
}

OM_uint32 GSSAPI_CALLCONV
gss_accept_sec_context(OM_uint32 *minor, gss_ctx_id_t *context,
		       gss_const_cred_id_t cred, const gss_buffer_t in,
		       const gss_channel_bindings_t bindings,
		       gss_name_t *source, gss_OID *mech, gss_buffer_t out,
		       OM_uint32 *flags, OM_uint32 *left,
		       gss_cred_id_t *delegated)
{
    if (cred != GSS_C_NO_CREDENTIAL ||
	bindings == GSS_C_NO_CHANNEL_BINDINGS)
	seen.changed++;
    /* as 7.8's glue did: a new one on each call */
    *source = (gss_name_t)&name_object;
    *delegated = (gss_cred_id_t)&cred_object;
    live += 2;
    *left = 0;
    return scripted_call(minor, context, in, out, mech, flags);
}

OM_uint32 GSSAPI_CALLCONV
gss_delete_sec_context(OM_uint32 *minor, gss_ctx_id_t *context,
		       gss_buffer_t out)
{
    *minor = 0;
    if (out != GSS_C_NO_BUFFER)
	seen.deletion_tokens++;
    if (*context != GSS_C_NO_CONTEXT)
	live--;
    *context = GSS_C_NO_CONTEXT;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
gss_release_buffer(OM_uint32 *minor, gss_buffer_t buf)
{
    *minor = 0;
    if (buf->value != NULL)
	live--;
    free(buf->value);
    buf->value = NULL;
    buf->length = 0;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
gss_release_name(OM_uint32 *minor, gss_name_t *name)
{
    *minor = 0;
    live -= *name != GSS_C_NO_NAME;
    *name = GSS_C_NO_NAME;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
gss_release_cred(OM_uint32 *minor, gss_cred_id_t *cred)
{
    *minor = 0;
    live -= *cred != GSS_C_NO_CREDENTIAL;
    *cred = GSS_C_NO_CREDENTIAL;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
gss_process_context_token(OM_uint32 *minor, gss_const_ctx_id_t context,
			  const gss_buffer_t token)
{
    *minor = 23;
    if (context != (gss_ctx_id_t)&context_object || !is_text(token, "late"))
	seen.bad_input++;
    return late.process;
}

OM_uint32 GSSAPI_CALLCONV
gss_inquire_context(OM_uint32 *minor, gss_const_ctx_id_t context,
		    gss_name_t *source, gss_name_t *target,
		    OM_uint32 *lifetime, gss_OID *mech, OM_uint32 *flags,
		    int *initiated, int *open)
{
    (void)source, (void)target, (void)lifetime, (void)mech, (void)initiated;
    if (context != (gss_ctx_id_t)&context_object)
	seen.bad_input++;
    *minor = 0;
    *flags = late.flags;
    *open = late.open;
    return late.inquire;
}

/* How many strings there are for a status, and which call fails, from 1. */
static struct {
    OM_uint32 strings;		/* 0: one, which is empty */
    OM_uint32 fails_at;		/* 0 for none */
} display = { 2, 0 };

/* The strings are to be asked for one after the other. */
OM_uint32 GSSAPI_CALLCONV
gss_display_status(OM_uint32 *minor, OM_uint32 status, int type,
		   const gss_OID mech, OM_uint32 *next, gss_buffer_t text)
{
    (void)status, (void)mech;
    *minor = 0;
    if (*next + 1 == display.fails_at)
	return GSS_S_BAD_STATUS;
    if (display.strings == 0)
	give_token(text, "");
    else
	give_token(text, type == GSS_C_GSS_CODE ?
		   (*next ? "gss two" : "gss one") :
		   (*next ? "mech two" : "mech one"));
    *next = *next + 1 < display.strings ? *next + 1 : 0;
    return GSS_S_COMPLETE;
}

/* -- the C library ------------------------------------------------------ */

int __real_vsnprintf(char *p, size_t len, const char *fmt, va_list ap);
int __wrap_vsnprintf(char *p, size_t len, const char *fmt, va_list ap);
int __wrap___vsnprintf_chk(char *p, size_t len, int flag, size_t size,
			   const char *fmt, va_list ap);

static int print_fails_at;	/* 1 for the next text; 0 never */

int
__wrap_vsnprintf(char *p, size_t len, const char *fmt, va_list ap)
{
    if (print_fails_at > 0 && --print_fails_at == 0)
	return -1;
    return __real_vsnprintf(p, len, fmt, ap);
}

int
__wrap___vsnprintf_chk(char *p, size_t len, int flag, size_t size,
		       const char *fmt, va_list ap)
{
    (void)flag, (void)size;
    return __wrap_vsnprintf(p, len, fmt, ap);
}

/* -- the peer ----------------------------------------------------------- */

static enum gss_frame_error
scripted_send(void *arg, int timeout, gss_buffer_t token)
{
    (void)arg;
    seen.timeout = timeout;
    if (++seen.sent == script.send_fails_at)
	return GSS_FRAME_CLOSED;
    if (token->length > 0)
	strncpy(seen.tokens[seen.sent - 1], token->value, token->length);
    return GSS_FRAME_OK;
}

static enum gss_frame_error
scripted_receive(void *arg, int timeout, gss_buffer_t token)
{
    const struct answer *answer = &script.answers[seen.received++];

    (void)arg;
    seen.timeout = timeout;
    token->length = 0;
    token->value = NULL;
    if (answer->error)
	return answer->error;
    if (answer->token && *answer->token) {
	token->value = strdup(answer->token);
	token->length = strlen(answer->token);
    }
    return GSS_FRAME_OK;
}

static const struct gss_loop_transport peer = {
    scripted_send, scripted_receive, NULL
};

/* -- running a script --------------------------------------------------- */

static struct gss_channel_bindings_struct some_bindings;

static void
begin(void)
{
    memset(&script, 0, sizeof(script));
    memset(&seen, 0, sizeof(seen));
    context_of_last_call = GSS_C_NO_CONTEXT;
}

static void
set_params(struct gss_loop_params *params)
{
    gss_loop_params_init(params);
    params->target = (gss_name_t)&name_object;
    params->mech = &fake_mech;
    params->required = WANTED;
    params->lifetime = 77;
    params->bindings = &some_bindings;
    params->timeout = 1234;
}

struct row {
    const char *name;
    int acceptor;
    OM_uint32 flags;		/* asked for beside WANTED, or required */
    struct call calls[4];
    struct answer answers[4];
    int send_fails_at;
    /* what is expected */
    enum gss_loop_outcome outcome;
    enum gss_frame_error transport;
    int calls_made;
    const char *sent[4];	/* NULL ends; "" is the empty token */
    int error_token_sent;
};

static int
sent_as_expected(const struct row *row)
{
    int i;

    for (i = 0; i < 4 && row->sent[i]; i++)
	if (i >= seen.sent || strcmp(seen.tokens[i], row->sent[i]) != 0)
	    return 0;
    /* a token whose sending failed is counted by us and not by the loop */
    return seen.sent == i + (row->send_fails_at != 0);
}

static void
run_row(const struct row *row)
{
    struct gss_loop_params params;
    struct gss_loop_result result;
    enum gss_loop_outcome outcome;
    gss_ctx_id_t context;
    OM_uint32 minor;
    char text[512];
    int ok;

    begin();
    memcpy(script.calls, row->calls, sizeof(row->calls));
    memcpy(script.answers, row->answers, sizeof(row->answers));
    script.send_fails_at = row->send_fails_at;
    set_params(&params);
    if (row->acceptor)
	params.required |= row->flags;
    else
	params.flags = row->flags;
    outcome = row->acceptor ?
	gss_loop_accept(&params, &peer, &context, &result) :
	gss_loop_initiate(&params, &peer, &context, &result);

    ok = outcome == row->outcome && result.outcome == outcome &&
	result.transport == row->transport &&
	seen.calls == row->calls_made && sent_as_expected(row) &&
	result.error_token_sent == row->error_token_sent &&
	seen.changed == 0 && seen.bad_input == 0 &&
	seen.deletion_tokens == 0 &&
	(context != GSS_C_NO_CONTEXT) == (outcome == GSS_LOOP_ESTABLISHED);
    if (row->acceptor)
	ok = ok && (result.source != GSS_C_NO_NAME) ==
	    (outcome == GSS_LOOP_ESTABLISHED);
    check(ok, "%s: %s", row->acceptor ? "acceptor" : "initiator", row->name);
    gss_loop_explain(&result, text, sizeof(text));
    check(strlen(text) > 20, "  says: %s", text);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_loop_result_free(&result);
    gss_loop_result_free(&result);
    check(live == 0, "  and leaves nothing behind (%d)", live);
    live = 0;
}

#define OK GSS_LOOP_ESTABLISHED
#define ERR GSS_LOOP_GSS_ERROR
#define DEFECTIVE GSS_S_DEFECTIVE_TOKEN

/*
 * REQ: GL-01, GL-02, GL-03, GL-04, GL-05, GL-06, GL-07, GL-08, GL-09, GL-11
 * REQ: GL-14, GL-17, GL-18, GL-21, GL-22, GL-23, GL-29, GL-32, GL-33, GL-34
 * REQ: GL-35, GL-36
 */
static const struct row rows[] = {
    { "one token", 0, 0, { { 0, "t1", GRANTED } }, { { NULL, 0 } }, 0,
      OK, 0, 1, { "t1" }, 0 },
    { "two tokens", 0, 0,
      { { CONTINUE, "t1", 0 }, { 0, NO_TOKEN, GRANTED } },
      { { "a1", 0 } }, 0, OK, 0, 2, { "t1" }, 0 },
    { "three tokens, the last with COMPLETE", 0, 0,
      { { CONTINUE, "t1", 0 }, { 0, "t3", GRANTED } },
      { { "a2", 0 } }, 0, OK, 0, 2, { "t1", "t3" }, 0 },
    { "six tokens", 0, 0,
      { { CONTINUE, "t1", 0 }, { CONTINUE, "t3", 0 }, { CONTINUE, "t5", 0 },
	{ 0, NO_TOKEN, GRANTED } },
      { { "a2", 0 }, { "a4", 0 }, { "a6", 0 } }, 0,
      OK, 0, 4, { "t1", "t3", "t5" }, 0 },
    { "CONTINUE without a token is sent", 0, 0,
      { { CONTINUE, "t1", 0 }, { CONTINUE, "", 0 }, { 0, "", GRANTED } },
      { { "a2", 0 }, { "a4", 0 } }, 0, OK, 0, 3, { "t1", "" }, 0 },
    { "an empty token of the peer is passed on", 0, 0,
      { { CONTINUE, "t1", 0 }, { 0, "", GRANTED } },
      { { "", 0 } }, 0, OK, 0, 2, { "t1" }, 0 },
    { "an error token is sent", 0, 0,
      { { CONTINUE, "t1", 0 }, { DEFECTIVE, "error", 0 } },
      { { "a2", 0 } }, 0, ERR, 0, 2, { "t1", "error" }, 1 },
    { "an error without a token sends nothing", 0, 0,
      { { CONTINUE, "t1", 0 }, { DEFECTIVE, "", 0 } },
      { { "a2", 0 } }, 0, ERR, 0, 2, { "t1" }, 0 },
    { "an error with CONTINUE is an error", 0, 0,
      { { DEFECTIVE | CONTINUE, "", 0 } },
      { { NULL, 0 } }, 0, ERR, 0, 1, { NULL }, 0 },
    { "an error on the first call", 0, 0, { { GSS_S_NO_CRED, "", 0 } },
      { { NULL, 0 } }, 0, ERR, 0, 1, { NULL }, 0 },
    { "an error token that cannot be sent", 0, 0,
      { { DEFECTIVE, "error", 0 } }, { { NULL, 0 } }, 1,
      ERR, GSS_FRAME_CLOSED, 1, { NULL }, 0 },
    { "a token that cannot be sent", 0, 0, { { CONTINUE, "t1", 0 } },
      { { NULL, 0 } }, 1,
      GSS_LOOP_TRANSPORT, GSS_FRAME_CLOSED, 1, { NULL }, 0 },
    { "a peer that is silent", 0, 0, { { CONTINUE, "t1", 0 } },
      { { NULL, GSS_FRAME_TIMEOUT } }, 0,
      GSS_LOOP_TRANSPORT, GSS_FRAME_TIMEOUT, 1, { "t1" }, 0 },
    { "a peer that is gone", 0, 0, { { CONTINUE, "t1", 0 } },
      { { NULL, GSS_FRAME_CLOSED } }, 0,
      GSS_LOOP_TRANSPORT, GSS_FRAME_CLOSED, 1, { "t1" }, 0 },
    { "neither complete nor continue", 0, 0,
      { { GSS_S_OLD_TOKEN, "", GRANTED } },
      { { NULL, 0 } }, 0, GSS_LOOP_BAD_STATUS, 0, 1, { NULL }, 0 },
    { "an old token does not continue", 0, 0,
      { { CONTINUE, "t1", 0 }, { CONTINUE | GSS_S_OLD_TOKEN, "t3", 0 } },
      { { "a2", 0 } }, 0, GSS_LOOP_BAD_STATUS, 0, 2, { "t1", "t3" }, 0 },
    { "a flag that is needed is not granted", 0, 0,
      { { CONTINUE, "t1", GRANTED }, { 0, "", GSS_C_MUTUAL_FLAG } },
      { { "a2", 0 } }, 0, GSS_LOOP_MISSING_FLAGS, 0, 2, { "t1" }, 0 },
    { "a flag that is asked for and not needed", 0, GSS_C_DELEG_FLAG,
      { { 0, "t1", GRANTED } },
      { { NULL, 0 } }, 0, OK, 0, 1, { "t1" }, 0 },
    { "anonymous, granted", 0, GSS_C_ANON_FLAG,
      { { CONTINUE, "t1", ANON_OK }, { 0, "t3", ANON_OK } },
      { { "a2", 0 } }, 0, OK, 0, 2, { "t1", "t3" }, 0 },
    { "anonymous, not granted: nothing is sent", 0, GSS_C_ANON_FLAG,
      { { CONTINUE, "t1", GRANTED } },
      { { NULL, 0 } }, 0, GSS_LOOP_NOT_ANONYMOUS, 0, 1, { NULL }, 0 },
    { "anonymous, not granted with COMPLETE", 0, GSS_C_ANON_FLAG,
      { { 0, "t1", GRANTED } },
      { { NULL, 0 } }, 0, GSS_LOOP_NOT_ANONYMOUS, 0, 1, { NULL }, 0 },
    { "anonymous no more: the second token is not sent", 0, GSS_C_ANON_FLAG,
      { { CONTINUE, "t1", ANON_OK }, { CONTINUE, "t3", GRANTED } },
      { { "a2", 0 } }, 0, GSS_LOOP_NOT_ANONYMOUS, 0, 2, { "t1" }, 0 },
    { "anonymous no more: nor the error token", 0, GSS_C_ANON_FLAG,
      { { CONTINUE, "t1", ANON_OK }, { DEFECTIVE, "error", GRANTED } },
      { { "a2", 0 } }, 0, ERR, 0, 2, { "t1" }, 0 },

    { "one token", 1, 0, { { 0, "", GRANTED } },
      { { "i1", 0 } }, 0, OK, 0, 1, { NULL }, 0 },
    { "two tokens", 1, 0, { { 0, "a2", GRANTED } },
      { { "i1", 0 } }, 0, OK, 0, 1, { "a2" }, 0 },
    { "three tokens", 1, 0,
      { { CONTINUE, "a2", 0 }, { 0, "", GRANTED } },
      { { "i1", 0 }, { "i3", 0 } }, 0, OK, 0, 2, { "a2" }, 0 },
    { "six tokens", 1, 0,
      { { CONTINUE, "a2", 0 }, { CONTINUE, "a4", 0 }, { 0, "a6", GRANTED } },
      { { "i1", 0 }, { "i3", 0 }, { "i5", 0 } }, 0,
      OK, 0, 3, { "a2", "a4", "a6" }, 0 },
    { "CONTINUE without a token is sent", 1, 0,
      { { CONTINUE, "", 0 }, { 0, "a4", GRANTED } },
      { { "i1", 0 }, { "", 0 } }, 0, OK, 0, 2, { "", "a4" }, 0 },
    { "an error token is sent", 1, 0, { { GSS_S_FAILURE, "error", 0 } },
      { { "i1", 0 } }, 0, ERR, 0, 1, { "error" }, 1 },
    { "an error token in the middle is sent", 1, 0,
      { { CONTINUE, "a2", 0 }, { GSS_S_FAILURE, "error", 0 } },
      { { "i1", 0 }, { "i3", 0 } }, 0, ERR, 0, 2, { "a2", "error" }, 1 },
    { "an error without a token sends nothing", 1, 0,
      { { GSS_S_BAD_BINDINGS, "", 0 } },
      { { "i1", 0 } }, 0, ERR, 0, 1, { NULL }, 0 },
    { "an error token that cannot be sent", 1, 0,
      { { GSS_S_FAILURE, "error", 0 } },
      { { "i1", 0 } }, 1, ERR, GSS_FRAME_CLOSED, 1, { NULL }, 0 },
    { "a client that says nothing", 1, 0, { { 0, "", 0 } },
      { { NULL, GSS_FRAME_TIMEOUT } }, 0,
      GSS_LOOP_TRANSPORT, GSS_FRAME_TIMEOUT, 0, { NULL }, 0 },
    { "a client that stops in the middle", 1, 0, { { CONTINUE, "a2", 0 } },
      { { "i1", 0 }, { NULL, GSS_FRAME_TIMEOUT } }, 0,
      GSS_LOOP_TRANSPORT, GSS_FRAME_TIMEOUT, 1, { "a2" }, 0 },
    { "a length that lies", 1, 0, { { 0, "", 0 } },
      { { NULL, GSS_FRAME_TOO_LONG } }, 0,
      GSS_LOOP_TRANSPORT, GSS_FRAME_TOO_LONG, 0, { NULL }, 0 },
    { "neither complete nor continue", 1, 0,
      { { GSS_S_DUPLICATE_TOKEN, "", GRANTED } },
      { { "i1", 0 } }, 0, GSS_LOOP_BAD_STATUS, 0, 1, { NULL }, 0 },
    { "a flag that is needed is not granted", 1, GSS_C_TRANS_FLAG,
      { { 0, "a2", GRANTED } },
      { { "i1", 0 } }, 0, GSS_LOOP_MISSING_FLAGS, 0, 1, { "a2" }, 0 },
    { "an anonymous initiator is needed", 1, GSS_C_ANON_FLAG,
      { { 0, "a2", GRANTED } },
      { { "i1", 0 } }, 0, GSS_LOOP_MISSING_FLAGS, 0, 1, { "a2" }, 0 },
    { "and there", 1, GSS_C_ANON_FLAG | GSS_C_TRANS_FLAG,
      { { 0, "a2", ANON_OK | GSS_C_TRANS_FLAG } },
      { { "i1", 0 } }, 0, OK, 0, 1, { "a2" }, 0 }
};

/* Each flag of the document, needed and missing, on both sides. */
static void
test_each_flag(void)
{
    static const OM_uint32 flags[] = {
	GSS_C_DELEG_FLAG, GSS_C_MUTUAL_FLAG, GSS_C_REPLAY_FLAG,
	GSS_C_SEQUENCE_FLAG, GSS_C_CONF_FLAG, GSS_C_INTEG_FLAG,
	GSS_C_TRANS_FLAG
    };
    struct gss_loop_params params;
    struct gss_loop_result result;
    enum gss_loop_outcome outcome;
    gss_ctx_id_t context;
    OM_uint32 minor;
    size_t i;
    int acceptor, there;

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
	for (acceptor = 0; acceptor < 2; acceptor++)
	    for (there = 0; there < 2; there++) {
		begin();
		set_params(&params);
		params.required = flags[i];
		script.calls[0].out = "t";
		script.calls[0].flags = there ? flags[i] : ~flags[i];
		script.answers[0].token = "i";
		outcome = acceptor ?
		    gss_loop_accept(&params, &peer, &context, &result) :
		    gss_loop_initiate(&params, &peer, &context, &result);
		check(there ? outcome == GSS_LOOP_ESTABLISHED &&
		      result.missing == 0 :
		      outcome == GSS_LOOP_MISSING_FLAGS &&
		      result.missing == flags[i] &&
		      context == GSS_C_NO_CONTEXT,
		      "%s: flag %x needed and %s",
		      acceptor ? "acceptor" : "initiator",
		      (unsigned)flags[i], there ? "there" : "missing");
		gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
		gss_loop_result_free(&result);
	    }
    check(live == 0, "  and nothing is left (%d)", live);
    live = 0;
}

static void
test_what_is_asked_for(void)
{
    struct gss_loop_params params;
    struct gss_loop_result result;
    gss_ctx_id_t context;

    begin();
    set_params(&params);
    params.required |= GSS_C_TRANS_FLAG | GSS_C_PROT_READY_FLAG;
    params.flags = GSS_C_SEQUENCE_FLAG;
    script.calls[0].major = GSS_S_FAILURE;
    gss_loop_initiate(&params, &peer, &context, &result);
    check(seen.asked == (WANTED | GSS_C_SEQUENCE_FLAG),
	  "required flags are asked for, but TRANS and PROT_READY");
    gss_loop_result_free(&result);
}

/* A negotiation without end ends. */
static void
test_too_many_tokens(void)
{
    struct gss_loop_params params;
    struct gss_loop_result result;
    gss_ctx_id_t context;
    int i, acceptor;

    for (acceptor = 0; acceptor < 2; acceptor++) {
	begin();
	set_params(&params);
	params.max_tokens = 3;
	for (i = 0; i < MAX_CALLS; i++) {
	    script.calls[i].major = GSS_S_CONTINUE_NEEDED;
	    script.calls[i].out = "t";
	    script.answers[i].token = "a";
	}
	if (acceptor)
	    gss_loop_accept(&params, &peer, &context, &result);
	else
	    gss_loop_initiate(&params, &peer, &context, &result);
	check(result.outcome == GSS_LOOP_TOO_MANY_TOKENS &&
	      result.received == 3 && seen.received == 3 &&
	      context == GSS_C_NO_CONTEXT && live == 0,
	      "%s: three tokens and no more",
	      acceptor ? "acceptor" : "initiator");
	check(seen.timeout == 1234, "  each waited for as long as it said");
	live = 0;
    }
}

/*
 * REQ: GL-28, GL-30
 */
static void
test_late_tokens(void)
{
    static const struct {
	const char *name;
	OM_uint32 process, inquire, flags;
	int open;
	enum gss_loop_outcome outcome;
	int stands;
    } cases[] = {
	{ "is processed", 0, 0, GRANTED, 1, OK, 1 },
	{ "is refused, the context stands", DEFECTIVE, 0, GRANTED, 1, ERR, 1 },
	{ "deletes the context", 0, GSS_S_NO_CONTEXT, 0, 0,
	  GSS_LOOP_DELETED, 0 },
	{ "is refused by a context that is gone", GSS_S_NO_CONTEXT,
	  GSS_S_NO_CONTEXT, 0, 0, GSS_LOOP_DELETED, 0 },
	{ "closes the context", 0, 0, GRANTED, 0, GSS_LOOP_DELETED, 0 },
	{ "takes a flag away", 0, 0, GSS_C_MUTUAL_FLAG, 1,
	  GSS_LOOP_MISSING_FLAGS, 0 },
	{ "takes one away that is not needed", 0, 0, WANTED, 1, OK, 1 }
    };
    gss_buffer_desc token = { 4, (void *)"late" };
    struct gss_loop_result result;
    gss_ctx_id_t context;
    OM_uint32 minor;
    char text[512];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	begin();
	memset(&result, 0, sizeof(result));
	late.process = cases[i].process;
	late.inquire = cases[i].inquire;
	late.flags = cases[i].flags;
	late.open = cases[i].open;
	context = (gss_ctx_id_t)&context_object;
	live = 1;
	check(gss_loop_late_token(&context, &token, WANTED, &result) ==
	      cases[i].outcome && result.outcome == cases[i].outcome &&
	      (context != GSS_C_NO_CONTEXT) == cases[i].stands &&
	      seen.bad_input == 0, "a late token %s", cases[i].name);
	gss_loop_explain(&result, text, sizeof(text));
	check(live == cases[i].stands, "  says: %s", text);
	gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
	gss_loop_result_free(&result);
    }
    live = 0;
}

static void
test_texts(void)
{
    struct gss_loop_result result;
    char text[512], small[10];

    memset(&result, 0, sizeof(result));
    result.outcome = GSS_LOOP_GSS_ERROR;
    result.call = "gss_init_sec_context";
    result.major = GSS_S_NO_CRED;
    result.minor = 5;
    gss_loop_explain(&result, text, sizeof(text));
    check(strcmp(text, "gss_init_sec_context failed: gss one: gss two: "
		 "mech one: mech two; get credentials (kinit), or name the "
		 "right keytab") == 0, "what, why, what to do: %s", text);
    memset(small, 'x', sizeof(small));
    gss_loop_explain(&result, small, sizeof(small) - 1);
    check(strcmp(small, "gss_init") == 0 && small[9] == 'x',
	  "cut off where there is no room");
    check(live == 0, "  and nothing is left (%d)", live);
    result.outcome = GSS_LOOP_MISSING_FLAGS;
    result.missing = GSS_C_CONF_FLAG | GSS_C_ANON_FLAG | 0x10000;
    gss_loop_explain(&result, text, sizeof(text));
    check(strstr(text, "lacks confidentiality, anonymity, 0x10000;") != NULL,
	  "flags by name: %s", text);
}

#define FAILED "gss_init_sec_context failed"
#define ADVICE "; get credentials (kinit), or name the right keytab"
#define TWO ": gss two"

/*
 * What a library may make of a status; the last row is the usual one again.
 */
static void
test_status_strings(void)
{
    static const struct {
	const char *name;
	OM_uint32 strings, fails_at, minor;
	int print_fails_at;
	const char *text;
    } cases[] = {
	{ "without end, cut off", (OM_uint32)-1, 0, 0, 0,
	  FAILED ": gss one" TWO TWO TWO TWO TWO TWO TWO ADVICE },
	{ "eight, all there", 8, 0, 0, 0,
	  FAILED ": gss one" TWO TWO TWO TWO TWO TWO TWO ADVICE },
	{ "no string at all", 2, 1, 5, 0, FAILED ADVICE },
	{ "no second string", 2, 2, 5, 0,
	  FAILED ": gss one: mech one" ADVICE },
	{ "an empty one", 0, 0, 5, 0, FAILED ": : " ADVICE },
	{ "one that cannot be printed", 2, 0, 0, 2, FAILED TWO ADVICE },
	{ "a call that cannot be printed", 2, 0, 0, 1,
	  ": gss one" TWO ADVICE },
	{ "advice that cannot be printed", 2, 0, 0, 4,
	  FAILED ": gss one" TWO },
	{ "two", 2, 0, 5, 0,
	  FAILED ": gss one" TWO ": mech one: mech two" ADVICE }
    };
    struct gss_loop_result result;
    char text[512];
    size_t i;

    memset(&result, 0, sizeof(result));
    result.outcome = GSS_LOOP_GSS_ERROR;
    result.call = "gss_init_sec_context";
    result.major = GSS_S_NO_CRED;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	display.strings = cases[i].strings;
	display.fails_at = cases[i].fails_at;
	result.minor = cases[i].minor;
	print_fails_at = cases[i].print_fails_at;
	memset(text, 'x', sizeof(text));
	gss_loop_explain(&result, text, sizeof(text));
	check(memchr(text, '\0', sizeof(text)) != NULL &&
	      strcmp(text, cases[i].text) == 0 && print_fails_at == 0,
	      "strings of a status: %s", cases[i].name);
	check(live == 0, "  and nothing is left (%d)", live);
	live = 0;
    }
}

/*
 * Each outcome is told in words of its own; what is none, in none.
 */
static void
test_each_outcome(void)
{
    static const struct {
	enum gss_loop_outcome outcome;
	const char *words;
    } cases[] = {
	{ GSS_LOOP_ESTABLISHED, "is established" },
	{ GSS_LOOP_GSS_ERROR, "gss_init_sec_context failed" },
	{ GSS_LOOP_BAD_STATUS, "gss_init_sec_context returned 00070000" },
	{ GSS_LOOP_TRANSPORT, "(2 tokens sent, 3 received): the peer did not "
	  "answer in time" },
	{ GSS_LOOP_TOO_MANY_TOKENS, "has no end: 3 tokens received" },
	{ GSS_LOOP_NOT_ANONYMOUS, "does not grant anonymity" },
	{ GSS_LOOP_MISSING_FLAGS, "since it lacks integrity" },
	{ GSS_LOOP_DELETED, "ended by the peer's late token: gss one" }
    };
    struct gss_loop_result result;
    char text[512];
    size_t i, j;

    memset(&result, 0, sizeof(result));
    result.call = "gss_init_sec_context";
    result.major = GSS_S_NO_CRED;
    result.transport = GSS_FRAME_TIMEOUT;
    result.sent = 2;
    result.received = 3;
    result.missing = GSS_C_INTEG_FLAG;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	result.outcome = cases[i].outcome;
	gss_loop_explain(&result, text, sizeof(text));
	for (j = 0; j < sizeof(cases) / sizeof(cases[0]); j++)
	    if ((strstr(text, cases[j].words) != NULL) != (i == j))
		break;
	check(j == sizeof(cases) / sizeof(cases[0]), "outcome %u: %s",
	      (unsigned)i, text);
    }
    result.outcome = (enum gss_loop_outcome)(GSS_LOOP_DELETED + 1);
    gss_loop_explain(&result, text, sizeof(text));
    check(text[0] == '\0', "what is no outcome has no words");
    check(live == 0, "  and nothing is left (%d)", live);
    live = 0;
}

int
main(void)
{
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	run_row(&rows[i]);
    test_each_flag();
    test_what_is_asked_for();
    test_too_many_tokens();
    test_late_tokens();
    test_texts();
    test_status_strings();
    test_each_outcome();
    return check_done();
}
