/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What loop_initiator and loop_acceptor share: options, the transport, the
 * messages after the negotiation, the line that is printed for an exchange.
 *
 * RFC 2744 functions alone and nothing of libroken, so that the programs run
 * on another libgssapi as well.
 */

#ifndef LOOP_COMMON_H
#define LOOP_COMMON_H 1

#include <stdint.h>

#include "gss_frame.h"
#include "gss_loop.h"

struct loop_options {
    /* both */
    unsigned int port;
    enum gss_frame_kind framing;
    int v1;			/* MIT's framing without flags */
    const char *service;
    const char *password;	/* of the acceptor */
    int both;			/* a credential to initiate with, too */
    int timeout;		/* milliseconds */
    unsigned long count;
    unsigned long max_token;
    unsigned int max_tokens;
    OM_uint32 required;
    int required_given;
    const char *bindings;
    int quiet;			/* no explanations on stderr */
    /* acceptor */
    const char *keytab;
    const char *send_authdata;	/* hexadecimal */
    /* initiator */
    const char *host;
    const char *mech;
    OM_uint32 flags;
    const char *message;
    const char *late_token;	/* hexadecimal */
    const char *show_authdata;	/* its type */
};

/* One connection. */
struct loop_peer {
    struct gss_frame frame;
    int initiator;
    int v1;			/* GSS_FRAME_SAMPLE: no flags */
    int started;		/* GSS_FRAME_SAMPLE: the first frame is over */
    int error_token_received;
};

/* How the exchange went after the negotiation. */
struct loop_messages {
    const char *state;		/* none, ok, failed: constants */
    OM_uint32 major;
    OM_uint32 minor;
    const char *late;		/* none, kept, refused, ended */
};

/* Contracts: at the definitions. */

/* loop_options.c */

void
loop_options_read(struct loop_options *options, int argc, char **argv,
		  int initiator);

void
loop_params_fill(struct gss_loop_params *params,
		 const struct loop_options *options,
		 gss_channel_bindings_t bindings);

OM_uint32
loop_import_name(const char *text, gss_name_t *name, OM_uint32 *minor);

int
loop_oid(const char *text, gss_OID oid, unsigned char *buf, size_t size);

int
loop_hex(const char *text, gss_buffer_t token);

/* loop_peer.c */

enum gss_frame_error
loop_peer_open(struct loop_peer *peer, int fd, int initiator,
	       const struct loop_options *options);

enum gss_frame_error
loop_send(void *arg, int timeout, gss_buffer_t token);

enum gss_frame_error
loop_receive(void *arg, int timeout, gss_buffer_t token);

int
loop_report(const struct loop_peer *peer, const struct loop_options *options,
	    unsigned long exchange, const struct gss_loop_result *result,
	    const struct loop_messages *messages, gss_ctx_id_t context);

/* loop_authdata.c */

int
loop_authdata_set(gss_cred_id_t *cred, const char *hex);

void
loop_authdata_print(gss_ctx_id_t context, int32_t type);

/* loop_messages.c */

void
loop_messages(struct loop_peer *peer, const struct loop_options *options,
	      gss_ctx_id_t *context, struct gss_loop_result *result,
	      struct loop_messages *messages);

#endif /* LOOP_COMMON_H */
