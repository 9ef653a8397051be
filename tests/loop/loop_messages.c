/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What loop_initiator and loop_acceptor say to each other once the context
 * is established.
 *
 * plain framing:
 *	initiator -> acceptor	wrap(message)
 *	initiator <- acceptor	wrap(message)
 *	initiator <- acceptor	mic(message)
 *	initiator -> acceptor	mic(message)
 *	initiator -> acceptor	a late context token, if any
 *	initiator <- acceptor	mic("late"), or nothing of it (no octets) when
 *				the late token ended the context
 *	initiator -> acceptor	end of the stream
 *
 * MIT's framing: as gss-client and gss-server do.
 */

#include <string.h>
#include <sys/socket.h>

#include "loop_common.h"

struct talk {
    struct loop_peer *peer;
    const struct loop_options *options;
    gss_ctx_id_t *context;
    struct gss_loop_result *result;
    struct loop_messages *messages;
    int conf;			/* confidentiality was granted */
};

static int
fail(struct talk *t, OM_uint32 major, OM_uint32 minor)
{
    t->messages->state = "failed";
    t->messages->major = major;
    t->messages->minor = minor;
    return 0;
}

static int
put_frame(struct talk *t, int flags, gss_buffer_t token)
{
    if (gss_frame_send(&t->peer->frame, t->options->timeout,
		       t->peer->v1 ? 0 : flags, token) == GSS_FRAME_OK)
	return 1;
    return fail(t, GSS_S_FAILURE, 0);
}

static int
get_frame(struct talk *t, int *flags, gss_buffer_t token)
{
    if (gss_frame_receive(&t->peer->frame, t->options->timeout, flags,
			  token) == GSS_FRAME_OK)
	return 1;
    return fail(t, GSS_S_FAILURE, 0);
}

/*
 * Send text wrapped.  No message leaves unencrypted that should be encrypted.
 */
static int
put_wrapped(struct talk *t, int flags, gss_buffer_t text)
{
    gss_buffer_desc token = { 0, NULL };
    OM_uint32 major, minor = 0, ignored;
    int conf = 0, ok;

    major = gss_wrap(&minor, *t->context, t->conf, GSS_C_QOP_DEFAULT, text,
		     &conf, &token);
    if (major != GSS_S_COMPLETE)
	ok = fail(t, major, minor);
    else if (t->conf && !conf)
	ok = fail(t, GSS_S_BAD_QOP, 0);
    else
	ok = put_frame(t, flags, &token);
    (void)gss_release_buffer(&ignored, &token);
    return ok;
}

/*
 * Unwrap token to text; release that with gss_release_buffer().
 */
static int
unwrap(struct talk *t, gss_buffer_t token, int want_conf, gss_buffer_t text)
{
    OM_uint32 major, minor = 0;
    int conf = 0;

    major = gss_unwrap(&minor, *t->context, token, text, &conf, NULL);
    if (major != GSS_S_COMPLETE)
	return fail(t, major, minor);
    return want_conf && !conf ? fail(t, GSS_S_BAD_QOP, 0) : 1;
}

static int
put_mic(struct talk *t, int flags, gss_buffer_t text)
{
    gss_buffer_desc token = { 0, NULL };
    OM_uint32 major, minor = 0, ignored;
    int ok;

    major = gss_get_mic(&minor, *t->context, GSS_C_QOP_DEFAULT, text,
			&token);
    ok = major == GSS_S_COMPLETE ? put_frame(t, flags, &token) :
	fail(t, major, minor);
    (void)gss_release_buffer(&ignored, &token);
    return ok;
}

static int
get_mic(struct talk *t, gss_buffer_t text)
{
    gss_buffer_desc token;
    OM_uint32 major, minor = 0;
    int ok, flags;

    if (!get_frame(t, &flags, &token))
	return 0;
    major = gss_verify_mic(&minor, *t->context, text, &token, NULL);
    ok = major == GSS_S_COMPLETE ? 1 : fail(t, major, minor);
    gss_frame_free(&token);
    return ok;
}

static void
set_text(gss_buffer_t buf, const char *text)
{
    buf->length = strlen(text);
    buf->value = (void *)text;
}

/*
 * Hand a token to the context that is established.
 */
static void
late_token(struct talk *t, gss_buffer_t token)
{
    enum gss_loop_outcome outcome;

    outcome = gss_loop_late_token(t->context, token, t->options->required,
				  t->result);
    if (*t->context == GSS_C_NO_CONTEXT) {
	t->messages->late = "ended";
	return;
    }
    t->messages->late = outcome == GSS_LOOP_GSS_ERROR ? "refused" : "kept";
    t->result->outcome = GSS_LOOP_ESTABLISHED;	/* the context stands */
}

/* -- plain ------------------------------------------------------------- */

static int
plain_late_token(struct talk *t)
{
    gss_buffer_desc token, text, answer;
    OM_uint32 major, minor = 0;
    int flags, ok;

    ok = loop_hex(t->options->late_token, &token) && put_frame(t, 0, &token);
    gss_frame_free(&token);
    if (!ok)
	return fail(t, GSS_S_FAILURE, 0);
    if (!get_frame(t, &flags, &answer))
	return 0;
    set_text(&text, "late");
    t->messages->late = answer.length ? "kept" : "ended";
    major = GSS_S_COMPLETE;
    if (answer.length)
	major = gss_verify_mic(&minor, *t->context, &text, &answer, NULL);
    gss_frame_free(&answer);
    return major == GSS_S_COMPLETE ? 1 : fail(t, major, minor);
}

static int
plain_initiator(struct talk *t)
{
    gss_buffer_desc text, token, reply = { 0, NULL };
    OM_uint32 minor;
    int flags, ok;

    set_text(&text, t->options->message);
    if (!put_wrapped(t, 0, &text) || !get_frame(t, &flags, &token))
	return 0;
    ok = unwrap(t, &token, t->conf, &reply);
    gss_frame_free(&token);
    ok = ok && get_mic(t, &reply);	/* says that reply is what we sent */
    if (ok && reply.length != text.length)
	ok = fail(t, GSS_S_BAD_SIG, 0);
    ok = ok && put_mic(t, 0, &text);
    (void)gss_release_buffer(&minor, &reply);
    if (ok && t->options->late_token)
	ok = plain_late_token(t);
    return ok;
}

/*
 * Everything behind the messages is a context token that comes late.
 */
static int
plain_late_tokens(struct talk *t)
{
    gss_buffer_desc token, text, empty = { 0, NULL };
    enum gss_frame_error error;

    set_text(&text, "late");
    for (;;) {
	error = gss_frame_receive(&t->peer->frame, t->options->timeout, NULL,
				  &token);
	if (error)
	    return error == GSS_FRAME_CLOSED ? 1 : fail(t, GSS_S_FAILURE, 0);
	late_token(t, &token);
	gss_frame_free(&token);
	if (*t->context == GSS_C_NO_CONTEXT)
	    return put_frame(t, 0, &empty);
	if (!put_mic(t, 0, &text))
	    return 0;
    }
}

static int
plain_acceptor(struct talk *t)
{
    gss_buffer_desc token, text = { 0, NULL };
    OM_uint32 minor;
    int flags, ok;

    if (!get_frame(t, &flags, &token))
	return 0;
    ok = unwrap(t, &token, t->conf, &text);
    gss_frame_free(&token);
    ok = ok && put_wrapped(t, 0, &text) && put_mic(t, 0, &text) &&
	get_mic(t, &text);
    (void)gss_release_buffer(&minor, &text);
    return ok && plain_late_tokens(t);
}

/* -- MIT's ------------------------------------------------------------- */

static int
sample_initiator(struct talk *t)
{
    gss_buffer_desc text, empty = { 0, NULL };
    int flags = GSS_FRAME_DATA | GSS_FRAME_WRAPPED | GSS_FRAME_SEND_MIC;

    if (t->conf)
	flags |= GSS_FRAME_ENCRYPTED;
    set_text(&text, t->options->message);
    if (!put_wrapped(t, flags, &text) || !get_mic(t, &text))
	return 0;
    return t->peer->v1 || put_frame(t, GSS_FRAME_NOOP, &empty);
}

/*
 * One message of the initiator: with a MIC or an empty frame for an answer.
 * Version 1 has no flags and always means wrapped and a MIC.
 */
static int
sample_message(struct talk *t, int flags, gss_buffer_t token)
{
    gss_buffer_desc text = { 0, NULL }, empty = { 0, NULL };
    gss_buffer_t plain = token;
    OM_uint32 minor;
    int ok = 1;

    if (flags == 0)
	flags = GSS_FRAME_WRAPPED | GSS_FRAME_SEND_MIC;
    if (flags & GSS_FRAME_WRAPPED) {
	ok = unwrap(t, token, flags & GSS_FRAME_ENCRYPTED, &text);
	plain = &text;
    }
    if (ok && (flags & GSS_FRAME_SEND_MIC))
	ok = put_mic(t, GSS_FRAME_MIC, plain);
    else if (ok)
	ok = put_frame(t, GSS_FRAME_NOOP, &empty);
    (void)gss_release_buffer(&minor, &text);
    return ok;
}

static int
sample_acceptor(struct talk *t)
{
    gss_buffer_desc token;
    enum gss_frame_error error;
    int flags, ok = 1, seen = 0;

    while (ok) {
	error = gss_frame_receive(&t->peer->frame, t->options->timeout,
				  &flags, &token);
	/* version 1 ends without a word */
	if (error == GSS_FRAME_CLOSED && t->peer->v1 && seen)
	    break;
	if (error)
	    return fail(t, GSS_S_FAILURE, 0);
	seen = 1;
	if (flags & GSS_FRAME_CONTEXT)
	    late_token(t, &token);
	else if (!(flags & GSS_FRAME_NOOP))
	    ok = sample_message(t, flags, &token);
	gss_frame_free(&token);
	if ((flags & GSS_FRAME_NOOP) || *t->context == GSS_C_NO_CONTEXT)
	    break;
    }
    return ok;
}

/*
 * Exchange messages over the context of result, then late tokens; one that
 * ends the context empties *context.
 */
void
loop_messages(struct loop_peer *peer, const struct loop_options *options,
	      gss_ctx_id_t *context, struct gss_loop_result *result,
	      struct loop_messages *messages)
{
    struct talk t;
    int ok;

    t.peer = peer;
    t.options = options;
    t.context = context;
    t.result = result;
    t.messages = messages;
    t.conf = (result->flags & GSS_C_CONF_FLAG) != 0;

    if (peer->frame.kind == GSS_FRAME_SAMPLE)
	ok = peer->initiator ? sample_initiator(&t) : sample_acceptor(&t);
    else
	ok = peer->initiator ? plain_initiator(&t) : plain_acceptor(&t);
    if (ok)
	messages->state = "ok";
}
