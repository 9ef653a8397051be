/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The GSS negotiation loop, initiator and acceptor (draft-kaduk-kitten-gss-
 * loop, later RFC 7546), over a transport of two callbacks.
 *
 * What both loops see to:
 * - parameters that stay the same from call to call;
 * - an initiator who asked to be anonymous sends nothing, error tokens
 *   included, unless the library says that he is;
 * - a token is sent before the status is looked at, so that error tokens
 *   leave; an empty one where the status is GSS_S_CONTINUE_NEEDED;
 * - every wait has a limit, and so has the number of tokens;
 * - flags that are required and not granted destroy the context;
 * - whatever was allocated is released on every path, without asking for a
 *   deletion token.
 */

#ifndef GSS_LOOP_H
#define GSS_LOOP_H 1

#include <gssapi/gssapi.h>

#include "gss_frame.h"

/* Tokens that may be received, for who has no better limit. */
#define GSS_LOOP_MAX_TOKENS 16
/* Milliseconds for the peer's next token, likewise. */
#define GSS_LOOP_TIMEOUT 30000

/*
 * How tokens travel.  timeout is in milliseconds or GSS_FRAME_FOREVER.
 * A token of no octets has to arrive as such.
 */
struct gss_loop_transport {
    /* the token stays the loop's */
    enum gss_frame_error (*send)(void *arg, int timeout, gss_buffer_t token);
    /* the loop releases the token's value with free() */
    enum gss_frame_error (*receive)(void *arg, int timeout,
				    gss_buffer_t token);
    void *arg;
};

/*
 * What an application wants.  Fill it with gss_loop_params_init() first.
 * Everything in here stays the caller's.
 */
struct gss_loop_params {
    gss_cred_id_t credential;	/* GSS_C_NO_CREDENTIAL: the default one */
    gss_channel_bindings_t bindings;
    OM_uint32 required;		/* flags without which there is no context */
    unsigned int max_tokens;
    int timeout;

    /* of the initiator alone */
    gss_name_t target;
    gss_OID mech;		/* GSS_C_NO_OID: the library's choice */
    OM_uint32 flags;		/* to ask for, beside the required ones */
    OM_uint32 lifetime;		/* seconds, 0 for the default */
};

enum gss_loop_outcome {
    GSS_LOOP_ESTABLISHED = 0,
    GSS_LOOP_GSS_ERROR,		/* the library said no: major and minor */
    GSS_LOOP_BAD_STATUS,	/* neither complete nor continue nor error */
    GSS_LOOP_TRANSPORT,		/* a token could not be sent or received */
    GSS_LOOP_TOO_MANY_TOKENS,
    GSS_LOOP_NOT_ANONYMOUS,	/* asked for, not granted */
    GSS_LOOP_MISSING_FLAGS,	/* the context was destroyed: missing */
    GSS_LOOP_DELETED		/* a late token ended the context */
};

/*
 * What happened.  Release with gss_loop_result_free().
 */
struct gss_loop_result {
    enum gss_loop_outcome outcome;
    const char *call;		/* the last GSS function, a constant */
    OM_uint32 major;		/* and what it returned */
    OM_uint32 minor;
    enum gss_frame_error transport;
    unsigned int sent;		/* tokens, the error token included */
    unsigned int received;
    int error_token_sent;
    OM_uint32 flags;		/* as the library gave them at last */
    OM_uint32 missing;		/* required and not among them */
    OM_uint32 lifetime;
    gss_OID mech;		/* alias; GSS_C_NO_OID when not known */
    gss_name_t source;		/* acceptor: who it is, once complete */
    gss_cred_id_t delegated;	/* acceptor: once complete */
};

/* Contracts: at the definitions in gss_loop.c. */

void
gss_loop_params_init(struct gss_loop_params *params);

enum gss_loop_outcome
gss_loop_initiate(const struct gss_loop_params *params,
		  const struct gss_loop_transport *transport,
		  gss_ctx_id_t *context, struct gss_loop_result *result);

enum gss_loop_outcome
gss_loop_accept(const struct gss_loop_params *params,
		const struct gss_loop_transport *transport,
		gss_ctx_id_t *context, struct gss_loop_result *result);

enum gss_loop_outcome
gss_loop_late_token(gss_ctx_id_t *context, gss_buffer_t token,
		    OM_uint32 required, struct gss_loop_result *result);

void
gss_loop_result_free(struct gss_loop_result *result);

void
gss_loop_explain(const struct gss_loop_result *result, char *text,
		 size_t size);

#endif /* GSS_LOOP_H */
