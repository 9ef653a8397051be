/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Tokens on a stream; the formats are drawn in gss_frame.h.
 *
 * One deadline covers a whole token, on the monotonic clock: who sends an
 * octet now and then does not get more time by it.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gss_frame.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0		/* the program ignores SIGPIPE there */
#endif

#define LENGTH_OCTETS 4
#define HEADER_MAX (1 + LENGTH_OCTETS)
#define LENGTH_REFUSED 0xffffffffUL

struct deadline {
    int forever;
    struct timespec at;
};

static void
deadline_set(struct deadline *deadline, int timeout)
{
    deadline->forever = timeout < 0;
    if (deadline->forever)
	return;
    clock_gettime(CLOCK_MONOTONIC, &deadline->at);
    deadline->at.tv_sec += timeout / 1000;
    deadline->at.tv_nsec += (timeout % 1000) * 1000000L;
    if (deadline->at.tv_nsec >= 1000000000L) {
	deadline->at.tv_sec++;
	deadline->at.tv_nsec -= 1000000000L;
    }
}

/*
 * Milliseconds left, rounded up, as poll() wants them.
 */
static int
deadline_left(const struct deadline *deadline)
{
    struct timespec now;
    long ms;

    if (deadline->forever)
	return -1;
    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (deadline->at.tv_sec - now.tv_sec) * 1000L +
	(deadline->at.tv_nsec - now.tv_nsec + 999999L) / 1000000L;
    return ms < 0 ? 0 : (int)ms;
}

static enum gss_frame_error
system_error(struct gss_frame *frame)
{
    if (errno == EPIPE || errno == ECONNRESET)
	return GSS_FRAME_CLOSED;
    frame->system_error = errno;
    return GSS_FRAME_SYSTEM;
}

/*
 * Wait until the stream can be read or written, as events say, or until the
 * deadline.  Signals do not end the wait.
 */
static enum gss_frame_error
wait_for(struct gss_frame *frame, short events,
	 const struct deadline *deadline)
{
    struct pollfd pfd;
    int ret;

    pfd.fd = frame->fd;
    pfd.events = events;
    pfd.revents = 0;
    do {
	ret = poll(&pfd, 1, deadline_left(deadline));
    } while (ret < 0 && errno == EINTR);
    if (ret < 0)
	return system_error(frame);
    return ret == 0 ? GSS_FRAME_TIMEOUT : GSS_FRAME_OK;
}

static int
again(void)
{
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

static ssize_t
write_some(int fd, const unsigned char *p, size_t len)
{
    ssize_t n;

    n = send(fd, p, len, MSG_NOSIGNAL);
    if (n < 0 && errno == ENOTSOCK)
	n = write(fd, p, len);
    return n;
}

static enum gss_frame_error
write_all(struct gss_frame *frame, const struct deadline *deadline,
	  const unsigned char *p, size_t len)
{
    enum gss_frame_error error;
    ssize_t n;

    while (len > 0) {
	error = wait_for(frame, POLLOUT, deadline);
	if (error)
	    return error;
	n = write_some(frame->fd, p, len);
	if (n < 0 && again())
	    continue;
	if (n < 0)
	    return system_error(frame);
	p += n;
	len -= n;
    }
    return GSS_FRAME_OK;
}

/*
 * Read just len octets.  The end of the stream is at_start before the first
 * of them and GSS_FRAME_TRUNCATED later.
 */
static enum gss_frame_error
read_all(struct gss_frame *frame, const struct deadline *deadline,
	 unsigned char *p, size_t len, enum gss_frame_error at_start)
{
    enum gss_frame_error error, at_end = at_start;
    ssize_t n;

    while (len > 0) {
	error = wait_for(frame, POLLIN, deadline);
	if (error)
	    return error;
	n = read(frame->fd, p, len);
	if (n < 0 && again())
	    continue;
	if (n < 0)
	    return system_error(frame);
	if (n == 0)
	    return at_end;
	at_end = GSS_FRAME_TRUNCATED;
	p += n;
	len -= n;
    }
    return GSS_FRAME_OK;
}

static void
put_length(enum gss_frame_kind kind, unsigned char *p, size_t len)
{
    int i, shift;

    for (i = 0; i < LENGTH_OCTETS; i++) {
	shift = kind == GSS_FRAME_PLAIN_LE ? 8 * i : 24 - 8 * i;
	p[i] = (unsigned char)((len >> shift) & 0xff);
    }
}

static unsigned long
get_length(enum gss_frame_kind kind, const unsigned char *p)
{
    unsigned long len = 0;
    int i;

    for (i = 0; i < LENGTH_OCTETS; i++)
	len = len << 8 |
	    p[kind == GSS_FRAME_PLAIN_LE ? LENGTH_OCTETS - 1 - i : i];
    return len;
}

/*
 * Read what stands before the token.
 */
static enum gss_frame_error
read_header(struct gss_frame *frame, const struct deadline *deadline,
	    int *flags, unsigned long *len)
{
    unsigned char length[LENGTH_OCTETS];
    enum gss_frame_error error;
    size_t have = 0;

    *flags = 0;
    if (frame->kind == GSS_FRAME_SAMPLE) {
	error = read_all(frame, deadline, length, 1, GSS_FRAME_CLOSED);
	if (error)
	    return error;
	if (length[0] == 0)
	    have = 1;		/* no flags: the length has begun */
	else
	    *flags = length[0];
    }
    error = read_all(frame, deadline, length + have, sizeof(length) - have,
		     frame->kind == GSS_FRAME_SAMPLE ? GSS_FRAME_TRUNCATED :
		     GSS_FRAME_CLOSED);
    if (error == GSS_FRAME_OK)
	*len = get_length(frame->kind, length);
    return error;
}

/**
 * Put framing on a connected socket or a pipe.
 *
 * The descriptor is made non-blocking, for everybody who shares it: reads and
 * writes beside the functions of this file have to expect EAGAIN. It is not
 * owned; nothing here closes it.
 *
 * @param frame to be filled; holds nothing that would have to be freed
 * @param fd the stream, both directions
 * @param kind the format, see gss_frame.h
 * @param max_token octets of the longest token that is taken; 0 for
 *        GSS_FRAME_MAX_TOKEN
 *
 * @return GSS_FRAME_OK, or GSS_FRAME_SYSTEM with frame->system_error
 */
enum gss_frame_error
gss_frame_open(struct gss_frame *frame, int fd, enum gss_frame_kind kind,
	       size_t max_token)
{
    int fl;

    frame->fd = fd;
    frame->kind = kind;
    frame->max_token = max_token ? max_token : GSS_FRAME_MAX_TOKEN;
    frame->system_error = 0;

    fl = fcntl(fd, F_GETFL);
    if (fl < 0 || fcntl(fd, F_SETFL, fl | O_NONBLOCK) < 0) {
	frame->system_error = errno;
	return GSS_FRAME_SYSTEM;
    }
    return GSS_FRAME_OK;
}

/**
 * Send one token, also one of no octets.
 *
 * After an error the stream is in the middle of a token and of no more use.
 *
 * @param frame the stream
 * @param timeout milliseconds for the whole token, or GSS_FRAME_FOREVER
 * @param flags GSS_FRAME_SAMPLE's octet, 0 to send none; other kinds have no
 *        flags
 * @param token what to send; stays the caller's
 *
 * @return GSS_FRAME_OK or why not
 */
enum gss_frame_error
gss_frame_send(struct gss_frame *frame, int timeout, int flags,
	       gss_buffer_t token)
{
    struct deadline deadline;
    enum gss_frame_error error;
    unsigned char *buf;
    size_t head = 0;

    if (token->length >= LENGTH_REFUSED)
	return GSS_FRAME_TOO_LONG;
    deadline_set(&deadline, timeout);

    /* one write, or the second waits for the peer's delayed ACK */
    buf = malloc(HEADER_MAX + token->length);
    if (buf == NULL)
	return GSS_FRAME_NO_MEMORY;
    if (frame->kind == GSS_FRAME_SAMPLE && flags != 0)
	buf[head++] = (unsigned char)flags;
    put_length(frame->kind, buf + head, token->length);
    head += LENGTH_OCTETS;
    if (token->length > 0)
	memcpy(buf + head, token->value, token->length);
    error = write_all(frame, &deadline, buf, head + token->length);
    free(buf);
    return error;
}

/**
 * Receive one token.
 *
 * After an error the stream is of no more use, a GSS_FRAME_TIMEOUT included.
 *
 * @param frame the stream
 * @param timeout milliseconds for the whole token, or GSS_FRAME_FOREVER
 * @param flags GSS_FRAME_SAMPLE's octet, 0 for a peer of version 1 and for
 *        other kinds; may be NULL
 * @param token the token, emptied first; free it with gss_frame_free()
 *
 * @return GSS_FRAME_OK or why not
 */
enum gss_frame_error
gss_frame_receive(struct gss_frame *frame, int timeout, int *flags,
		  gss_buffer_t token)
{
    struct deadline deadline;
    enum gss_frame_error error;
    unsigned long len;
    int ignored;

    token->length = 0;
    token->value = NULL;
    deadline_set(&deadline, timeout);

    error = read_header(frame, &deadline, flags ? flags : &ignored, &len);
    if (error)
	return error;
    if (len == LENGTH_REFUSED || len > frame->max_token)
	return GSS_FRAME_TOO_LONG;
    if (len == 0)
	return GSS_FRAME_OK;

    token->value = malloc(len);
    if (token->value == NULL)
	return GSS_FRAME_NO_MEMORY;
    error = read_all(frame, &deadline, token->value, len,
		     GSS_FRAME_TRUNCATED);
    if (error)
	gss_frame_free(token);
    else
	token->length = len;
    return error;
}

/**
 * End a stream so that the peer gets what was sent last: say that no more
 * comes, and read what the peer still sends, which is thrown away, until it
 * closes its side. Who just closes a socket with something unread in it
 * resets the connection, and an error token on its way may be lost.
 *
 * The descriptor stays open, and is of no more use than to be closed.
 *
 * @param frame the stream
 * @param timeout milliseconds for all of it, or GSS_FRAME_FOREVER
 *
 * @return GSS_FRAME_OK when the peer has closed its side, or why that was not
 *         waited for; there is nothing that the caller could do about it
 */
enum gss_frame_error
gss_frame_finish(struct gss_frame *frame, int timeout)
{
    struct deadline deadline;
    enum gss_frame_error error;
    unsigned char buf[512];
    ssize_t n;

    deadline_set(&deadline, timeout);
    if (shutdown(frame->fd, SHUT_WR) < 0)
	return system_error(frame);
    for (;;) {
	error = wait_for(frame, POLLIN, &deadline);
	if (error)
	    return error;
	n = read(frame->fd, buf, sizeof(buf));
	if (n == 0)
	    return GSS_FRAME_OK;
	if (n < 0 && !again())
	    return system_error(frame);
	/* who sends without end has no more time by it */
	if (!deadline.forever && deadline_left(&deadline) == 0)
	    return GSS_FRAME_TIMEOUT;
    }
}

/**
 * Free a token that gss_frame_receive() allocated, and empty it; an empty one
 * may be freed as well. Tokens that the GSS library made are not for this
 * function but for gss_release_buffer().
 *
 * @param token the token
 */
void
gss_frame_free(gss_buffer_t token)
{
    free(token->value);
    token->value = NULL;
    token->length = 0;
}

/**
 * Say an error in words.
 *
 * @param error what a function of this file or a transport returned
 *
 * @return a constant string
 */
const char *
gss_frame_text(enum gss_frame_error error)
{
    switch (error) {
    case GSS_FRAME_OK:
	return "no error";
    case GSS_FRAME_CLOSED:
	return "the peer closed the connection";
    case GSS_FRAME_TRUNCATED:
	return "the peer closed the connection in the middle of a token";
    case GSS_FRAME_TIMEOUT:
	return "the peer did not answer in time";
    case GSS_FRAME_TOO_LONG:
	return "the length is above the limit";
    case GSS_FRAME_UNEXPECTED:
	return "the peer sent something else than a context token";
    case GSS_FRAME_NO_MEMORY:
	return "out of memory";
    case GSS_FRAME_SYSTEM:
	return "the system refused to transport it";
    }
    return "unknown error";
}
