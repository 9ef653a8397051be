/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The transport of loop_initiator and loop_acceptor, and their report.
 */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "loop_common.h"

/* A DER value in its surroundings: what is left of them to read. */
struct der {
    const unsigned char *p;
    size_t len;
};

/*
 * Take one TLV off the front of in: its tag is returned, its contents go to
 * out.  0 at the end and for what is not DER; that is no error here, it only
 * means that the token is not one that we know.
 */
static int
der_take(struct der *in, struct der *out)
{
    size_t len, octets;
    int tag;

    if (in->len < 2)
	return 0;
    tag = in->p[0];
    len = in->p[1];
    in->p += 2;
    in->len -= 2;
    if (len >= 0x80) {
	octets = len & 0x7f;
	if (octets > 4 || octets > in->len)
	    return 0;
	for (len = 0; octets > 0; octets--, in->p++, in->len--)
	    len = len << 8 | in->p[0];
    }
    if (len > in->len)
	return 0;
    out->p = in->p;
    out->len = len;
    in->p += len;
    in->len -= len;
    return tag;
}

/*
 * A krb5 token (RFC 4121 4.1): an error is 03 00 behind the OID, or a bare
 * KRB-ERROR where there is no framing.
 */
static int
is_krb5_error(struct der token)
{
    struct der body, oid;

    if (token.len > 0 && token.p[0] == 0x7e)
	return 1;
    if (der_take(&token, &body) != 0x60 || der_take(&body, &oid) != 0x06)
	return 0;
    return body.len >= 2 && body.p[0] == 0x03 && body.p[1] == 0x00;
}

/*
 * Whether this is an error token: one of krb5, bare or in SPNEGO, or a
 * NegTokenResp whose negState is reject (RFC 4178 4.2.2).
 */
static int
is_error_token(const unsigned char *p, size_t len)
{
    struct der token, choice, sequence, field, value;
    int tag;

    token.p = p;
    token.len = len;
    if (is_krb5_error(token))
	return 1;
    if (der_take(&token, &choice) != 0xa1 ||
	der_take(&choice, &sequence) != 0x30)
	return 0;
    while ((tag = der_take(&sequence, &field)) != 0) {
	if (tag == 0xa0 && der_take(&field, &value) == 0x0a &&
	    value.len == 1 && value.p[0] == 2)
	    return 1;
	if (tag == 0xa2 && der_take(&field, &value) == 0x04 &&
	    is_krb5_error(value))
	    return 1;
    }
    return 0;
}

/*
 * Begin a connection on the socket fd, which stays the caller's.
 */
enum gss_frame_error
loop_peer_open(struct loop_peer *peer, int fd, int initiator,
	       const struct loop_options *o)
{
    int one = 1;

    memset(peer, 0, sizeof(*peer));
    peer->initiator = initiator;
    peer->v1 = initiator && o->v1;
    peer->started = o->framing != GSS_FRAME_SAMPLE || peer->v1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, (void *)&one,
		     sizeof(one));
    return gss_frame_open(&peer->frame, fd, o->framing, o->max_token);
}

/*
 * gss-client begins with an empty frame that says that a context will be
 * negotiated; its version 1 with the context's first token.
 */
static enum gss_frame_error
send_start(struct loop_peer *peer, int timeout)
{
    gss_buffer_desc empty = { 0, NULL };

    peer->started = 1;
    return gss_frame_send(&peer->frame, timeout,
			  GSS_FRAME_NOOP | GSS_FRAME_CONTEXT_NEXT, &empty);
}

static enum gss_frame_error
receive_start(struct loop_peer *peer, int timeout, int *flags,
	      gss_buffer_t token)
{
    enum gss_frame_error error;

    peer->started = 1;
    error = gss_frame_receive(&peer->frame, timeout, flags, token);
    if (error == GSS_FRAME_OK && *flags == 0)
	peer->v1 = 1;
    if (error || *flags == 0)
	return error;
    gss_frame_free(token);
    if (*flags != (GSS_FRAME_NOOP | GSS_FRAME_CONTEXT_NEXT))
	return GSS_FRAME_UNEXPECTED;
    return gss_frame_receive(&peer->frame, timeout, flags, token);
}

/*
 * struct gss_loop_transport's send; arg is a struct loop_peer.
 */
enum gss_frame_error
loop_send(void *arg, int timeout, gss_buffer_t token)
{
    struct loop_peer *peer = arg;
    enum gss_frame_error error;

    if (!peer->started && peer->initiator) {
	error = send_start(peer, timeout);
	if (error)
	    return error;
    }
    return gss_frame_send(&peer->frame, timeout,
			  peer->v1 ? 0 : GSS_FRAME_CONTEXT, token);
}

/*
 * struct gss_loop_transport's receive.
 */
enum gss_frame_error
loop_receive(void *arg, int timeout, gss_buffer_t token)
{
    struct loop_peer *peer = arg;
    enum gss_frame_error error;
    int flags;

    if (!peer->started && !peer->initiator)
	error = receive_start(peer, timeout, &flags, token);
    else
	error = gss_frame_receive(&peer->frame, timeout, &flags, token);
    if (error)
	return error;
    if (flags != 0 && flags != GSS_FRAME_CONTEXT) {
	gss_frame_free(token);
	return GSS_FRAME_UNEXPECTED;
    }
    if (token->length > 0 && is_error_token(token->value, token->length))
	peer->error_token_received = 1;
    return GSS_FRAME_OK;
}

static const char *
outcome_word(enum gss_loop_outcome outcome)
{
    switch (outcome) {
    case GSS_LOOP_ESTABLISHED:
	return "established";
    case GSS_LOOP_GSS_ERROR:
	return "gss-error";
    case GSS_LOOP_BAD_STATUS:
	return "bad-status";
    case GSS_LOOP_TRANSPORT:
	return "transport";
    case GSS_LOOP_TOO_MANY_TOKENS:
	return "too-many-tokens";
    case GSS_LOOP_NOT_ANONYMOUS:
	return "not-anonymous";
    case GSS_LOOP_MISSING_FLAGS:
	return "missing-flags";
    case GSS_LOOP_DELETED:
	return "deleted";
    }
    return "unknown";
}

static const char *
transport_word(enum gss_frame_error error)
{
    switch (error) {
    case GSS_FRAME_OK:
	return "ok";
    case GSS_FRAME_CLOSED:
	return "closed";
    case GSS_FRAME_TRUNCATED:
	return "truncated";
    case GSS_FRAME_TIMEOUT:
	return "timeout";
    case GSS_FRAME_TOO_LONG:
	return "too-long";
    case GSS_FRAME_UNEXPECTED:
	return "unexpected";
    case GSS_FRAME_NO_MEMORY:
	return "no-memory";
    case GSS_FRAME_SYSTEM:
	return "system";
    }
    return "unknown";
}

static void
print_source(gss_name_t name)
{
    gss_buffer_desc text = { 0, NULL };
    OM_uint32 minor;

    if (name == GSS_C_NO_NAME ||
	GSS_ERROR(gss_display_name(&minor, name, &text, NULL))) {
	printf(" src=-");
	return;
    }
    printf(" src=%.*s", (int)text.length, (char *)text.value);
    (void)gss_release_buffer(&minor, &text);
}

/*
 * How the exchange went, if the library can tell: its words as they are.
 */
static void
print_exchange(gss_ctx_id_t context)
{
    /* GSS_KRB5_EXCHANGE_INFO_X, which other libraries have no name for */
    static gss_OID_desc oid = {
	20, (void *)"\x69\x81\xfa\x9c\x8d\x9b\xca\xba\xba\xac"
	"\x99\x9c\xab\xca\xe1\xf6\xd4\xbd\x83\x52"
    };
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 minor;

    if (context == GSS_C_NO_CONTEXT)
	return;
    if (gss_inquire_sec_context_by_oid(&minor, context, &oid, &set) ==
	GSS_S_COMPLETE && set != GSS_C_NO_BUFFER_SET && set->count == 1)
	printf(" %.*s", (int)set->elements[0].length,
	       (const char *)set->elements[0].value);
    (void)gss_release_buffer_set(&minor, &set);
}

/*
 * Print the exchange's line on stdout, and on stderr what went wrong and what
 * to do.  Returns whether the exchange was good to the end.
 */
int
loop_report(const struct loop_peer *peer, const struct loop_options *o,
	    unsigned long exchange, const struct gss_loop_result *r,
	    const struct loop_messages *m, gss_ctx_id_t context)
{
    int good = r->outcome == GSS_LOOP_ESTABLISHED &&
	strcmp(m->state, "failed") != 0;
    char text[1024];

    printf("result=%s side=%s exchange=%lu outcome=%s major=%08x minor=%d "
	   "transport=%s sent=%u received=%u error-token=%s flags=%x "
	   "missing=%x deleg=%s messages=%s message-major=%08x late=%s",
	   good ? "complete" : "failed",
	   peer->initiator ? "initiator" : "acceptor", exchange,
	   outcome_word(r->outcome), (unsigned int)r->major, (int)r->minor,
	   transport_word(r->transport), r->sent, r->received,
	   r->error_token_sent ? "sent" :
	   peer->error_token_received ? "received" : "none",
	   (unsigned int)r->flags, (unsigned int)r->missing,
	   r->delegated != GSS_C_NO_CREDENTIAL ? "yes" : "no",
	   m->state, (unsigned int)m->major, m->late);
    print_exchange(context);
    if (o->show_authdata)
	loop_authdata_print(context,
			    (int32_t)strtol(o->show_authdata, NULL, 10));
    print_source(r->source);
    printf("\n");
    fflush(stdout);
    if (o->quiet)
	return good;
    if (r->outcome != GSS_LOOP_ESTABLISHED) {
	gss_loop_explain(r, text, sizeof(text));
	fprintf(stderr, "%s: %s\n", peer->initiator ? "initiator" :
		"acceptor", text);
    } else if (!good) {
	fprintf(stderr, "%s: the context is established, but messages do not "
		"pass: %08x/%d\n", peer->initiator ? "initiator" : "acceptor",
		(unsigned int)m->major, (int)m->minor);
    }
    return good;
}
