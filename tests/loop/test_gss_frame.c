/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Framing of tokens on a stream (gss-loop/gss_frame.c): formats, every
 * truncation, lengths that lie, signals, slow and silent peers, a system that
 * refuses.  Linked with --wrap=malloc, --wrap=read and --wrap=send.
 * REQ: GL-14, GL-21, GL-40
 */

#define _GNU_SOURCE 1		/* POLLRDHUP, O_PATH */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gss_frame.h"
#include "sec_test.h"

#define LIMIT 1000
#define SOON 5000		/* ms; for what comes at once */

static const struct {
    const char *name;
    enum gss_frame_kind kind;
    int flags;
    const char *octets;		/* the frame of the token "abc" */
    size_t len;
} formats[] = {
    { "plain", GSS_FRAME_PLAIN, 0, "\0\0\0\3abc", 7 },
    { "little-endian", GSS_FRAME_PLAIN_LE, 0, "\3\0\0\0abc", 7 },
    { "sample", GSS_FRAME_SAMPLE, GSS_FRAME_CONTEXT, "\2\0\0\0\3abc", 8 },
    { "sample version 1", GSS_FRAME_SAMPLE, 0, "\0\0\0\3abc", 7 }
};
#define NUM_FORMATS (sizeof(formats) / sizeof(formats[0]))

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
ssize_t __real_send(int fd, const void *buf, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);

/* A call that fails: which one from now, 0 for none, and with what. */
struct fault {
    int at;
    int error;
};
static struct fault malloc_fault, read_fault, send_fault;

static int
strikes(struct fault *fault)
{
    if (fault->at == 0 || --fault->at > 0)
	return 0;
    errno = fault->error;
    return 1;
}

void *
__wrap_malloc(size_t size)
{
    return strikes(&malloc_fault) ? NULL : __real_malloc(size);
}

ssize_t
__wrap_read(int fd, void *buf, size_t len)
{
    return strikes(&read_fault) ? -1 : __real_read(fd, buf, len);
}

ssize_t
__wrap_send(int fd, const void *buf, size_t len, int flags)
{
    return strikes(&send_fault) ? -1 : __real_send(fd, buf, len, flags);
}

static void
pair(int fd[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
	err(1, "socketpair");
}

static void
put(int fd, const void *p, size_t len)
{
    if (write(fd, p, len) != (ssize_t)len)
	err(1, "write");
}

static long
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

static int
is_abc(gss_buffer_t token)
{
    const char *p = token->value;

    return token->length == 3 && p[0] == 'a' && p[1] == 'b' && p[2] == 'c';
}

static int
is_empty(gss_buffer_t token)
{
    return token->length == 0 && token->value == NULL;
}

/*
 * Whether a token gets from one to the other.
 */
static int
exchange(struct gss_frame *from, struct gss_frame *to, int timeout)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, got;
    int ok;

    ok = gss_frame_send(from, timeout, 0, &token) == GSS_FRAME_OK &&
	gss_frame_receive(to, timeout, NULL, &got) == GSS_FRAME_OK;
    if (!ok)
	return 0;
    ok = is_abc(&got);
    gss_frame_free(&got);
    return ok;
}

/*
 * Two ends of one stream, with framing.
 */
static void
frame_pair(struct gss_frame *ours, struct gss_frame *theirs)
{
    int fd[2];

    pair(fd);
    gss_frame_open(ours, fd[0], GSS_FRAME_PLAIN, LIMIT);
    gss_frame_open(theirs, fd[1], GSS_FRAME_PLAIN, LIMIT);
}

/*
 * The stream on which something failed is of no more use, the next one is.
 */
static void
check_next_stream(const char *after)
{
    struct gss_frame ours, theirs;

    frame_pair(&ours, &theirs);
    check(exchange(&ours, &theirs, SOON) && exchange(&theirs, &ours, SOON),
	  "  the next stream after %s", after);
    close(ours.fd);
    close(theirs.fd);
}

/*
 * A child that writes len octets one at a time, ms apart; it ends when its
 * peer does.  Returns our end.
 */
static int
dripping_peer(const char *octets, size_t len, int ms, pid_t *child)
{
    int fd[2];
    size_t i;

    pair(fd);
    fflush(stdout);
    *child = fork();
    if (*child < 0)
	err(1, "fork");
    if (*child != 0) {
	close(fd[1]);
	return fd[0];
    }
    close(fd[0]);
    signal(SIGPIPE, SIG_DFL);
    for (i = 0; i < len; i++) {
	put(fd[1], octets + i, 1);
	(void)poll(NULL, 0, ms);
    }
    _exit(0);
}

static void
reap(int fd, pid_t child)
{
    int status;

    close(fd);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
	;
}

static void
test_octets_on_the_wire(void)
{
    gss_buffer_desc token = { 3, (void *)"abc" };
    struct gss_frame frame;
    char buf[32];
    int fd[2];
    size_t i, j;
    ssize_t n;

    for (i = 0; i < NUM_FORMATS; i++) {
	pair(fd);
	gss_frame_open(&frame, fd[0], formats[i].kind, LIMIT);
	check(gss_frame_send(&frame, SOON, formats[i].flags, &token) ==
	      GSS_FRAME_OK, "%s: sent", formats[i].name);
	n = read(fd[1], buf, sizeof(buf));
	for (j = 0; n == (ssize_t)formats[i].len && j < formats[i].len; j++)
	    if (buf[j] != formats[i].octets[j])
		n = -1;
	check(n == (ssize_t)formats[i].len, "%s: just the octets drawn",
	      formats[i].name);
	close(fd[0]);
	close(fd[1]);
    }
}

static void
test_truncated_at_every_octet(void)
{
    gss_buffer_desc token;
    struct gss_frame frame;
    enum gss_frame_error error, want;
    int fd[2], flags;
    size_t i, cut;

    for (i = 0; i < NUM_FORMATS; i++)
	for (cut = 0; cut <= formats[i].len; cut++) {
	    pair(fd);
	    gss_frame_open(&frame, fd[0], formats[i].kind, LIMIT);
	    put(fd[1], formats[i].octets, cut);
	    close(fd[1]);
	    error = gss_frame_receive(&frame, SOON, &flags, &token);
	    want = cut == 0 ? GSS_FRAME_CLOSED :
		cut < formats[i].len ? GSS_FRAME_TRUNCATED : GSS_FRAME_OK;
	    check(error == want && (error ? is_empty(&token) :
		  is_abc(&token) && flags == formats[i].flags),
		  "%s: %u of %u octets", formats[i].name, (unsigned)cut,
		  (unsigned)formats[i].len);
	    gss_frame_free(&token);
	    close(fd[0]);
	}
}

/*
 * No octet of the token follows: who does not refuse waits for it.
 */
static void
test_lengths(void)
{
    static const struct {
	const char *name;
	const char *octets;
	size_t max;
	enum gss_frame_error want;
    } rows[] = {
	{ "1001 of 1000", "\0\0\3\351", LIMIT, GSS_FRAME_TOO_LONG },
	{ "2^31 - 1", "\177\377\377\377", LIMIT, GSS_FRAME_TOO_LONG },
	{ "2^31", "\200\0\0\0", LIMIT, GSS_FRAME_TOO_LONG },
	{ "0xffffffff", "\377\377\377\377", LIMIT, GSS_FRAME_TOO_LONG },
	{ "0xffffffff without a limit", "\377\377\377\377", (size_t)-1,
	  GSS_FRAME_TOO_LONG },
	{ "above the default limit", "\0\20\0\1", 0, GSS_FRAME_TOO_LONG },
	{ "1000 of 1000 (it waits)", "\0\0\3\350", LIMIT, GSS_FRAME_TIMEOUT },
	{ "0", "\0\0\0\0", LIMIT, GSS_FRAME_OK }
    };
    gss_buffer_desc token;
    struct gss_frame frame;
    int fd[2], little;
    size_t i, j;
    char buf[4];

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	for (little = 0; little < 2; little++) {
	    pair(fd);
	    gss_frame_open(&frame, fd[0], little ? GSS_FRAME_PLAIN_LE :
			   GSS_FRAME_PLAIN, rows[i].max);
	    for (j = 0; j < 4; j++)
		buf[j] = rows[i].octets[little ? 3 - j : j];
	    put(fd[1], buf, 4);
	    check(gss_frame_receive(&frame, 50, NULL, &token) ==
		  rows[i].want && is_empty(&token), "length %s%s",
		  rows[i].name, little ? ", little-endian" : "");
	    close(fd[0]);
	    close(fd[1]);
	}
}

static void
test_sample_length_refused(void)
{
    gss_buffer_desc token;
    struct gss_frame frame;
    int fd[2], flags;

    pair(fd);
    gss_frame_open(&frame, fd[0], GSS_FRAME_SAMPLE, LIMIT);
    put(fd[1], "\2\377\377\377\377", 5);
    check(gss_frame_receive(&frame, SOON, &flags, &token) ==
	  GSS_FRAME_TOO_LONG && is_empty(&token), "sample: 0xffffffff");
    close(fd[0]);
    close(fd[1]);
    pair(fd);
    gss_frame_open(&frame, fd[0], GSS_FRAME_SAMPLE, LIMIT);
    put(fd[1], "\0\377\377\377", 4);
    check(gss_frame_receive(&frame, SOON, &flags, &token) ==
	  GSS_FRAME_TOO_LONG && is_empty(&token),
	  "sample version 1: 0x00ffffff");
    close(fd[0]);
    close(fd[1]);
}

static void
test_one_after_the_other(void)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, none = { 0, NULL };
    struct gss_frame ours, theirs;
    gss_buffer_desc first, second, third;
    int fd[2], flags = -1;

    pair(fd);
    gss_frame_open(&ours, fd[0], GSS_FRAME_SAMPLE, LIMIT);
    gss_frame_open(&theirs, fd[1], GSS_FRAME_SAMPLE, LIMIT);
    gss_frame_send(&theirs, SOON, GSS_FRAME_NOOP | GSS_FRAME_CONTEXT_NEXT,
		   &none);
    gss_frame_send(&theirs, SOON, GSS_FRAME_SEND_MIC | GSS_FRAME_DATA,
		   &token);
    gss_frame_send(&theirs, SOON, 0, &token);
    check(gss_frame_receive(&ours, SOON, &flags, &first) == GSS_FRAME_OK &&
	  flags == 0x11 && is_empty(&first), "an empty frame is a frame");
    check(gss_frame_receive(&ours, SOON, &flags, &second) == GSS_FRAME_OK &&
	  flags == 0x84 && is_abc(&second), "the next one behind it");
    check(gss_frame_receive(&ours, SOON, &flags, &third) == GSS_FRAME_OK &&
	  flags == 0 && is_abc(&third), "and one without flags");
    gss_frame_free(&second);
    gss_frame_free(&second);
    gss_frame_free(&third);
    check(is_empty(&second), "freed twice");
    close(fd[0]);
    close(fd[1]);
}

static volatile sig_atomic_t signals;

static void
on_alarm(int sig)
{
    (void)sig;
    signals++;
}

/*
 * SIGALRM every ms milliseconds, without SA_RESTART; 0 for none.
 */
static void
alarms(int ms)
{
    struct sigaction sa;
    struct itimerval timer;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = on_alarm;
    sigaction(SIGALRM, &sa, NULL);
    timer.it_interval.tv_sec = timer.it_value.tv_sec = 0;
    timer.it_interval.tv_usec = timer.it_value.tv_usec = 1000L * ms;
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void
test_slow_peer_and_signals(void)
{
    gss_buffer_desc token;
    struct gss_frame frame;
    size_t i;
    pid_t child;
    int fd;

    for (i = 0; i < NUM_FORMATS; i++) {
	fd = dripping_peer(formats[i].octets, formats[i].len, 5, &child);
	gss_frame_open(&frame, fd, formats[i].kind, LIMIT);
	signals = 0;
	alarms(1);
	check(gss_frame_receive(&frame, SOON, NULL, &token) == GSS_FRAME_OK
	      && is_abc(&token) && signals > 0,
	      "%s: an octet at a time among signals", formats[i].name);
	alarms(0);
	gss_frame_free(&token);
	reap(fd, child);
    }
}

/*
 * 200 ms for the peer behind fd, who does not finish a token.
 */
static void
try_timeout(const char *what, int fd, int with_signals)
{
    gss_buffer_desc token;
    struct gss_frame frame;
    enum gss_frame_error error;
    long began, took;

    gss_frame_open(&frame, fd, GSS_FRAME_PLAIN, LIMIT);
    if (with_signals)
	alarms(3);
    began = now_ms();
    error = gss_frame_receive(&frame, 200, NULL, &token);
    took = now_ms() - began;
    alarms(0);
    check(error == GSS_FRAME_TIMEOUT && is_empty(&token) && took >= 199 &&
	  took < SOON, "%s: dropped after %s", what,
	  took >= 199 && took < SOON ? "200 ms" : "another time");
}

static void
test_timeouts(void)
{
    static const char octets[500] = "\0\0\3\350";
    pid_t child;
    int fd[2], with_signals;

    pair(fd);
    try_timeout("a silent peer", fd[0], 0);
    close(fd[0]);
    close(fd[1]);
    for (with_signals = 0; with_signals < 2; with_signals++) {
	fd[0] = dripping_peer(octets, sizeof(octets), 20, &child);
	try_timeout(with_signals ? "the same among signals" :
		    "a peer who drips octets", fd[0], with_signals);
	reap(fd[0], child);
    }
}

static void
test_peer_that_does_not_read(void)
{
    gss_buffer_desc token;
    struct gss_frame frame;
    int fd[2];

    token.length = 4 * 1024 * 1024;
    token.value = calloc(1, token.length);
    if (token.value == NULL)
	errx(1, "no memory");
    pair(fd);
    gss_frame_open(&frame, fd[0], GSS_FRAME_PLAIN, LIMIT);
    check(gss_frame_send(&frame, 100, 0, &token) == GSS_FRAME_TIMEOUT,
	  "who does not read is dropped");
    close(fd[1]);
    check(gss_frame_send(&frame, SOON, 0, &token) == GSS_FRAME_CLOSED,
	  "who is gone is noticed, and no SIGPIPE");
    close(fd[0]);
    gss_frame_free(&token);
}

/*
 * A long token through small buffers, between two processes.
 */
static void
test_long_token(void)
{
    gss_buffer_desc token, got;
    struct gss_frame frame;
    int fd[2], status = 1;
    pid_t child;
    size_t i;

    token.length = GSS_FRAME_MAX_TOKEN;
    token.value = malloc(token.length);
    if (token.value == NULL)
	errx(1, "no memory");
    for (i = 0; i < token.length; i++)
	((unsigned char *)token.value)[i] = (unsigned char)(i * 7 + i / 251);
    pair(fd);
    fflush(stdout);
    child = fork();
    if (child == 0) {
	gss_frame_open(&frame, fd[1], GSS_FRAME_PLAIN, 0);
	alarms(1);
	_exit(gss_frame_send(&frame, SOON, 0, &token) != GSS_FRAME_OK);
    }
    close(fd[1]);
    gss_frame_open(&frame, fd[0], GSS_FRAME_PLAIN, 0);
    check(gss_frame_receive(&frame, SOON, NULL, &got) == GSS_FRAME_OK &&
	  got.length == token.length, "1 MiB arrives");
    for (i = 0; i < got.length; i++)
	if (((unsigned char *)got.value)[i] !=
	    ((unsigned char *)token.value)[i])
	    break;
    check(got.length > 0 && i == got.length, "as it was sent");
    check(waitpid(child, &status, 0) == child && status == 0,
	  "short writes among signals");
    gss_frame_free(&token);
    gss_frame_free(&got);
    close(fd[0]);
}

static void
test_pipe(void)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, got;
    struct gss_frame in, out;
    int fd[2];

    if (pipe(fd) < 0)
	err(1, "pipe");
    gss_frame_open(&in, fd[0], GSS_FRAME_PLAIN, LIMIT);
    gss_frame_open(&out, fd[1], GSS_FRAME_PLAIN, LIMIT);
    check(gss_frame_send(&out, SOON, 0, &token) == GSS_FRAME_OK &&
	  gss_frame_receive(&in, SOON, NULL, &got) == GSS_FRAME_OK &&
	  is_abc(&got), "through a pipe");
    gss_frame_free(&got);
    close(fd[1]);
    check(gss_frame_receive(&in, SOON, NULL, &got) == GSS_FRAME_CLOSED,
	  "and its end");
    close(fd[0]);
    check(gss_frame_open(&in, fd[0], GSS_FRAME_PLAIN, LIMIT) ==
	  GSS_FRAME_SYSTEM && in.system_error == EBADF,
	  "a descriptor that is none");
}

/*
 * A TCP connection to ourselves, whose end is reset when something is left
 * unread in it.
 */
static void
tcp_pair(int fd[2])
{
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd[1] = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || fd[1] < 0 ||
	bind(listener, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	listen(listener, 1) < 0 ||
	getsockname(listener, (struct sockaddr *)&sin, &len) < 0 ||
	connect(fd[1], (struct sockaddr *)&sin, sizeof(sin)) < 0)
	err(1, "TCP on loopback");
    fd[0] = accept(listener, NULL, NULL);
    if (fd[0] < 0)
	err(1, "accept");
    close(listener);
}

/*
 * REQ: GL-09, GL-18
 * The last token arrives although the peer has sent more than was read.
 */
static void
test_finish(void)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, got;
    struct gss_frame frame;
    struct pollfd pfd;
    int fd[2], status = 1;
    pid_t child;
    long start;

    tcp_pair(fd);
    fflush(stdout);
    child = fork();
    if (child == 0) {
	close(fd[0]);
	put(fd[1], "unread", 6);
	/* until the other side has said its last */
	pfd.fd = fd[1];
	pfd.events = POLLRDHUP;
	(void)poll(&pfd, 1, SOON);
	put(fd[1], "and more", 8);
	gss_frame_open(&frame, fd[1], GSS_FRAME_PLAIN, LIMIT);
	_exit(gss_frame_receive(&frame, SOON, NULL, &got) != GSS_FRAME_OK ||
	      !is_abc(&got) ||
	      gss_frame_receive(&frame, SOON, NULL, &got) != GSS_FRAME_CLOSED);
    }
    close(fd[1]);
    pfd.fd = fd[0];
    pfd.events = POLLIN;
    (void)poll(&pfd, 1, SOON);
    gss_frame_open(&frame, fd[0], GSS_FRAME_PLAIN, LIMIT);
    check(gss_frame_send(&frame, SOON, 0, &token) == GSS_FRAME_OK &&
	  gss_frame_finish(&frame, SOON) == GSS_FRAME_OK,
	  "finished when the peer has closed");
    close(fd[0]);
    check(waitpid(child, &status, 0) == child && status == 0,
	  "the last token has arrived");

    tcp_pair(fd);
    gss_frame_open(&frame, fd[0], GSS_FRAME_PLAIN, LIMIT);
    start = now_ms();
    check(gss_frame_finish(&frame, 100) == GSS_FRAME_TIMEOUT &&
	  now_ms() - start >= 100, "a peer that does not close");
    close(fd[0]);
    close(fd[1]);
}

/*
 * Who has no time gets what is there already; who sets no limit waits for a
 * slow peer, and ends when he does.
 */
static void
test_no_time_and_forever(void)
{
    gss_buffer_desc none, token;
    struct gss_frame ours, theirs, slow;
    enum gss_frame_error at_once, waited;
    pid_t child;
    int fd;

    fd = dripping_peer("\0\0\0\3abc", 7, 5, &child);
    gss_frame_open(&slow, fd, GSS_FRAME_PLAIN, LIMIT);
    frame_pair(&ours, &theirs);
    check(exchange(&theirs, &ours, 0), "no time: sent and received");
    /* one after the other: the deadline of the first is not the second's */
    at_once = gss_frame_receive(&ours, 0, NULL, &none);
    waited = gss_frame_receive(&slow, GSS_FRAME_FOREVER, NULL, &token);
    check(at_once == GSS_FRAME_TIMEOUT && is_empty(&none),
	  "no time: nothing is there");
    check(waited == GSS_FRAME_OK && is_abc(&token), "for ever: a slow peer");
    gss_frame_free(&token);
    check(gss_frame_receive(&slow, GSS_FRAME_FOREVER, NULL, &token) ==
	  GSS_FRAME_CLOSED, "for ever: until he is gone");
    reap(fd, child);
    close(ours.fd);
    close(theirs.fd);

    frame_pair(&ours, &theirs);
    check(exchange(&ours, &theirs, GSS_FRAME_FOREVER),
	  "for ever: sent and received");
    put(theirs.fd, "unread", 6);
    close(theirs.fd);
    check(gss_frame_finish(&ours, GSS_FRAME_FOREVER) == GSS_FRAME_OK,
	  "for ever: finished behind what was unread");
    close(ours.fd);
}

/*
 * No time is left when there is something to read: who sends without end does
 * not have any more by it.
 */
static void
test_finish_without_time(void)
{
    static const char octets[4096];
    struct gss_frame ours, theirs;
    char buf[sizeof(octets)];

    frame_pair(&ours, &theirs);
    put(theirs.fd, octets, sizeof(octets));
    check(gss_frame_finish(&ours, 0) == GSS_FRAME_TIMEOUT,
	  "a peer that sends and does not close");
    check(read(ours.fd, buf, sizeof(buf)) > 0, "  is not read to his end");
    close(theirs.fd);
    check(gss_frame_finish(&ours, 0) == GSS_FRAME_OK,
	  "  finished when he has closed");
    close(ours.fd);
}

/*
 * The peer closes his side with something of ours unread in it, which resets
 * the connection.
 */
static void
test_reset(void)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, got;
    struct gss_frame ours, theirs;

    frame_pair(&ours, &theirs);
    gss_frame_send(&ours, SOON, 0, &token);
    close(theirs.fd);
    check(gss_frame_receive(&ours, SOON, NULL, &got) == GSS_FRAME_CLOSED &&
	  is_empty(&got) && ours.system_error == 0, "reset: received");
    close(ours.fd);

    frame_pair(&ours, &theirs);
    gss_frame_send(&ours, SOON, 0, &token);
    close(theirs.fd);
    check(gss_frame_finish(&ours, SOON) == GSS_FRAME_CLOSED &&
	  ours.system_error == 0, "reset: finished");
    close(ours.fd);
    check_next_stream("a reset");
}

/*
 * The descriptor is closed behind the framing's back.
 */
static void
test_descriptor_that_is_gone(void)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, got;
    struct gss_frame frame, theirs;

    frame_pair(&frame, &theirs);
    close(frame.fd);
    check(gss_frame_send(&frame, SOON, 0, &token) == GSS_FRAME_SYSTEM &&
	  frame.system_error == EBADF, "no descriptor: sent");
    frame.system_error = 0;
    check(gss_frame_receive(&frame, SOON, NULL, &got) == GSS_FRAME_SYSTEM &&
	  frame.system_error == EBADF && is_empty(&got),
	  "no descriptor: received");
    frame.system_error = 0;
    check(gss_frame_finish(&frame, SOON) == GSS_FRAME_SYSTEM &&
	  frame.system_error == EBADF, "no descriptor: finished");
    close(theirs.fd);
    check_next_stream("no descriptor");
}

/*
 * Descriptors that cannot do what a stream has to.
 */
static void
test_descriptors_of_another_kind(void)
{
    struct gss_frame frame;
    int fd[2];

    /* has flags, which cannot be set */
    fd[0] = open("/", O_PATH);
    if (fd[0] < 0)
	err(1, "/");
    check(gss_frame_open(&frame, fd[0], GSS_FRAME_PLAIN, LIMIT) ==
	  GSS_FRAME_SYSTEM && frame.system_error == EBADF,
	  "a descriptor that is but a name");
    close(fd[0]);

    if (pipe(fd) < 0)
	err(1, "pipe");
    gss_frame_open(&frame, fd[1], GSS_FRAME_PLAIN, LIMIT);
    check(gss_frame_finish(&frame, SOON) == GSS_FRAME_SYSTEM &&
	  frame.system_error == ENOTSOCK, "a pipe cannot be finished");
    close(fd[0]);
    close(fd[1]);

    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    gss_frame_open(&frame, fd[0], GSS_FRAME_PLAIN, LIMIT);
    check(gss_frame_finish(&frame, SOON) == GSS_FRAME_SYSTEM &&
	  frame.system_error == ENOTCONN, "nor what is not connected");
    close(fd[0]);
    check_next_stream("another kind");
}

/*
 * poll() refuses more descriptors than the process may have, which is none
 * here.
 */
static void
test_poll_refused(void)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, got;
    struct gss_frame ours, theirs;
    enum gss_frame_error sent, received, finished;
    int sent_errno, received_errno;
    struct rlimit limit, none;

    frame_pair(&ours, &theirs);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
	err(1, "getrlimit");
    none = limit;
    none.rlim_cur = 0;
    if (setrlimit(RLIMIT_NOFILE, &none) < 0)
	err(1, "setrlimit");
    sent = gss_frame_send(&ours, SOON, 0, &token);
    sent_errno = ours.system_error;
    received = gss_frame_receive(&theirs, SOON, NULL, &got);
    received_errno = theirs.system_error;
    ours.system_error = 0;
    finished = gss_frame_finish(&ours, SOON);
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
	err(1, "setrlimit");

    check(sent == GSS_FRAME_SYSTEM && sent_errno == EINVAL,
	  "poll refused: sent");
    check(received == GSS_FRAME_SYSTEM && received_errno == EINVAL &&
	  is_empty(&got), "poll refused: received");
    check(finished == GSS_FRAME_SYSTEM && ours.system_error == EINVAL,
	  "poll refused: finished");
    check(exchange(&theirs, &ours, SOON),
	  "  and the stream is whole: nothing was sent or read");
    close(ours.fd);
    close(theirs.fd);
}

/*
 * A length that four octets cannot say, or that means a refusal.
 */
static void
test_too_long_to_send(void)
{
    static const struct {
	const char *name;
	size_t len;
    } rows[] = {
	{ "0xffffffff", 0xffffffffUL },
	{ "the longest there is", (size_t)-1 }
    };
    gss_buffer_desc token;
    struct gss_frame ours, theirs;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	frame_pair(&ours, &theirs);
	token.length = rows[i].len;
	token.value = NULL;
	check(gss_frame_send(&ours, SOON, 0, &token) == GSS_FRAME_TOO_LONG,
	      "not sent: %s", rows[i].name);
	check(exchange(&ours, &theirs, SOON), "  and nothing of it");
	close(ours.fd);
	close(theirs.fd);
    }
}

static void
test_no_memory(void)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, got;
    struct gss_frame ours, theirs;
    enum gss_frame_error error;

    frame_pair(&ours, &theirs);
    malloc_fault.error = ENOMEM;
    malloc_fault.at = 1;
    error = gss_frame_send(&ours, SOON, 0, &token);
    check(error == GSS_FRAME_NO_MEMORY && malloc_fault.at == 0,
	  "no memory: sent");
    check(exchange(&ours, &theirs, SOON), "  and nothing of it");

    gss_frame_send(&ours, SOON, 0, &token);
    malloc_fault.at = 1;
    error = gss_frame_receive(&theirs, SOON, NULL, &got);
    check(error == GSS_FRAME_NO_MEMORY && malloc_fault.at == 0 &&
	  is_empty(&got), "no memory: received");
    close(ours.fd);
    close(theirs.fd);
    check_next_stream("no memory");
}

/* What a call says on a stream that poll() has called ready. */
static const struct refusal {
    const char *name;
    int error;
    enum gss_frame_error want;
} refusals[] = {
    { "EINTR", EINTR, GSS_FRAME_OK },
    { "EAGAIN", EAGAIN, GSS_FRAME_OK },
    { "EWOULDBLOCK", EWOULDBLOCK, GSS_FRAME_OK },
    { "ECONNRESET", ECONNRESET, GSS_FRAME_CLOSED },
    { "EPIPE", EPIPE, GSS_FRAME_CLOSED },
    { "EIO", EIO, GSS_FRAME_SYSTEM }
};

/*
 * Whether that came of it, and errno went with it if it was to.
 */
static int
refused(const struct refusal *row, const struct fault *fault,
	const struct gss_frame *frame, enum gss_frame_error error)
{
    return fault->at == 0 && error == row->want &&
	frame->system_error == (error == GSS_FRAME_SYSTEM ? row->error : 0);
}

static void
try_send(const struct refusal *row)
{
    gss_buffer_desc token = { 3, (void *)"abc" }, got;
    struct gss_frame ours, theirs;
    enum gss_frame_error error;

    frame_pair(&ours, &theirs);
    send_fault.error = row->error;
    send_fault.at = 1;
    error = gss_frame_send(&ours, SOON, 0, &token);
    check(refused(row, &send_fault, &ours, error), "send says %s",
	  row->name);
    close(ours.fd);
    error = gss_frame_receive(&theirs, SOON, NULL, &got);
    check(row->want ? error == GSS_FRAME_CLOSED && is_empty(&got) :
	  error == GSS_FRAME_OK && is_abc(&got), "  and %s arrives",
	  row->want ? "nothing" : "the token");
    gss_frame_free(&got);
    close(theirs.fd);
}

/*
 * at: 1 for the length, 2 for the token.
 */
static void
try_receive(const struct refusal *row, int at)
{
    gss_buffer_desc got;
    struct gss_frame ours, theirs;
    enum gss_frame_error error;

    frame_pair(&ours, &theirs);
    put(theirs.fd, "\0\0\0\3abc", 7);
    read_fault.error = row->error;
    read_fault.at = at;
    error = gss_frame_receive(&ours, SOON, NULL, &got);
    check(refused(row, &read_fault, &ours, error) &&
	  (error ? is_empty(&got) : is_abc(&got)), "read says %s, %s",
	  row->name, at == 1 ? "of the length" : "of the token");
    gss_frame_free(&got);
    close(ours.fd);
    close(theirs.fd);
}

static void
try_finish(const struct refusal *row)
{
    struct gss_frame ours, theirs;
    enum gss_frame_error error;

    frame_pair(&ours, &theirs);
    put(theirs.fd, "unread", 6);
    close(theirs.fd);
    read_fault.error = row->error;
    read_fault.at = 1;
    error = gss_frame_finish(&ours, SOON);
    check(refused(row, &read_fault, &ours, error), "read says %s, at the end",
	  row->name);
    close(ours.fd);
}

static void
test_refused_when_ready(void)
{
    size_t i;

    for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
	try_send(&refusals[i]);
	try_receive(&refusals[i], 1);
	try_receive(&refusals[i], 2);
	try_finish(&refusals[i]);
	check_next_stream(refusals[i].name);
    }
}

static void
test_texts(void)
{
    const char *text;
    int i, j, missing = 0, twice = 0;

    for (i = GSS_FRAME_OK; i <= GSS_FRAME_SYSTEM; i++) {
	text = gss_frame_text((enum gss_frame_error)i);
	if (strcmp(text, "unknown error") == 0)
	    missing++;
	for (j = GSS_FRAME_OK; j < i; j++)
	    if (strcmp(text, gss_frame_text((enum gss_frame_error)j)) == 0)
		twice++;
    }
    check(missing == 0, "every error has a text");
    check(twice == 0, "of its own");
    check(strcmp(gss_frame_text((enum gss_frame_error)i),
		 "unknown error") == 0, "and what is none has one, too");
}

int
main(void)
{
    test_octets_on_the_wire();
    test_truncated_at_every_octet();
    test_lengths();
    test_sample_length_refused();
    test_one_after_the_other();
    test_slow_peer_and_signals();
    test_timeouts();
    test_long_token();
    test_pipe();
    test_finish();
    test_no_time_and_forever();
    test_finish_without_time();
    test_reset();
    test_descriptor_that_is_gone();
    test_descriptors_of_another_kind();
    test_poll_refused();
    test_too_long_to_send();
    test_no_memory();
    test_refused_when_ready();
    test_texts();
    signal(SIGPIPE, SIG_DFL);
    test_peer_that_does_not_read();
    return check_done();
}
