/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Tokens on a stream.
 *
 *   GSS_FRAME_PLAIN      length (4, big-endian), token
 *   GSS_FRAME_PLAIN_LE   length (4, little-endian), token: what the sample of
 *                        the Windows SDK speaks
 *   GSS_FRAME_SAMPLE     flags (1), length (4, big-endian), token: what
 *                        gss-client and gss-server of MIT krb5 speak; without
 *                        the flags in their version 1, whose lengths begin
 *                        with a zero and are told by it
 *
 * A length above the limit is refused before anything is allocated, and
 * 0xffffffff whatever the limit is.  A token of no octets is a token.
 */

#ifndef GSS_FRAME_H
#define GSS_FRAME_H 1

#include <gssapi/gssapi.h>

enum gss_frame_kind {
    GSS_FRAME_PLAIN,
    GSS_FRAME_PLAIN_LE,
    GSS_FRAME_SAMPLE
};

/* krb5-gss-samples, gss-misc.h: what a frame is, and how it was made */
#define GSS_FRAME_NOOP		0x01
#define GSS_FRAME_CONTEXT	0x02
#define GSS_FRAME_DATA		0x04
#define GSS_FRAME_MIC		0x08
#define GSS_FRAME_CONTEXT_NEXT	0x10
#define GSS_FRAME_WRAPPED	0x20
#define GSS_FRAME_ENCRYPTED	0x40
#define GSS_FRAME_SEND_MIC	0x80

/* Limit for who has no better one: PACs of users in many groups fit. */
#define GSS_FRAME_MAX_TOKEN (1024 * 1024)

#define GSS_FRAME_FOREVER (-1)

enum gss_frame_error {
    GSS_FRAME_OK = 0,
    GSS_FRAME_CLOSED,		/* the peer is gone, between two tokens */
    GSS_FRAME_TRUNCATED,	/* or in the middle of one */
    GSS_FRAME_TIMEOUT,
    GSS_FRAME_TOO_LONG,
    GSS_FRAME_UNEXPECTED,	/* for transports: not what was due */
    GSS_FRAME_NO_MEMORY,
    GSS_FRAME_SYSTEM		/* the system refused: system_error */
};

struct gss_frame {
    int fd;
    enum gss_frame_kind kind;
    size_t max_token;
    int system_error;		/* errno that goes with GSS_FRAME_SYSTEM */
};

/* Contracts: at the definitions in gss_frame.c. */

enum gss_frame_error
gss_frame_open(struct gss_frame *frame, int fd, enum gss_frame_kind kind,
	       size_t max_token);

enum gss_frame_error
gss_frame_send(struct gss_frame *frame, int timeout, int flags,
	       gss_buffer_t token);

enum gss_frame_error
gss_frame_receive(struct gss_frame *frame, int timeout, int *flags,
		  gss_buffer_t token);

enum gss_frame_error
gss_frame_finish(struct gss_frame *frame, int timeout);

void
gss_frame_free(gss_buffer_t token);

const char *
gss_frame_text(enum gss_frame_error error);

#endif /* GSS_FRAME_H */
