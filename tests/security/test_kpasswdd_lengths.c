/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * kpasswdd and the lengths in the header of a request: a datagram that is
 * shorter than the header, or than the AP-REQ it announces, is dropped.
 *
 * The daemon handles datagrams in order.  So after each bad one a probe is
 * sent, a request of good lengths and an unknown version, whose answer is
 * known: if that is the next answer, the bad one was dropped.
 */

#include <config.h>
#include <roken.h>

#include <krb5.h>

#include <sys/wait.h>
#include <poll.h>

#include "sec_test.h"

#define KPASSWDD TOP_BUILDDIR "/kpasswd/kpasswdd"
#define PROBE_ANSWER "Wrong program version"
#define REJECTED_ANSWER "Authentication failed"

static int sock = -1;
static pid_t daemon_pid = -1;

static void
stop_daemon(void)
{
    int status;

    if (daemon_pid <= 0)
	return;
    kill(daemon_pid, SIGTERM);
    waitpid(daemon_pid, &status, 0);
    daemon_pid = -1;
}

/* A UDP port that is free now. */
static int
free_port(void)
{
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0 || bind(s, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	getsockname(s, (struct sockaddr *)&sin, &len) < 0)
	err(1, "no port");
    close(s);
    return ntohs(sin.sin_port);
}

/*
 * The next answer within ms milliseconds: 1 when it contains text, 0 when it
 * does not, -1 when there is none.
 */
static int
answer_has(const char *text, int ms)
{
    unsigned char buf[2048];
    struct pollfd p;
    ssize_t n, i, len = strlen(text);

    p.fd = sock;
    p.events = POLLIN;
    if (poll(&p, 1, ms) != 1)
	return -1;
    n = recv(sock, buf, sizeof(buf), 0);
    if (n < 0)
	return -1;			/* nobody listens there (yet) */
    for (i = 0; i + len <= n; i++)
	if (memcmp(buf + i, text, len) == 0)
	    return 1;
    return 0;
}

static void
send_octets(const void *p, size_t len)
{
    (void)send(sock, p, len, 0);	/* a lost one shows as no answer */
}

/* A request of good lengths whose AP-REQ is none. */
static void
send_rejected(void)
{
    send_octets("\x00\x0a\x00\x01\x00\x04" "xxxx", 10);
}

/* Lengths are good: 6 of header, 4 of AP-REQ; the version is 0x7777. */
static void
send_probe(void)
{
    send_octets("\x00\x0a\x77\x77\x00\x04" "xxxx", 10);
}

static int
start_daemon(void)
{
    struct sockaddr_in sin;
    char port[32];
    int i, n = free_port();

    snprintf(port, sizeof(port), "--port=%d", n);
    fflush(stdout);
    daemon_pid = fork();
    if (daemon_pid == 0) {
	setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
	execl(KPASSWDD, "kpasswdd", port, "--addresses=127.0.0.1",
	      "--config-file=no-such-kdc.conf", "--realm=SECURITY.TEST",
	      "--keytab=MEMORY:kpasswdd", (char *)NULL);
	_exit(127);
    }
    atexit(stop_daemon);

    sock = socket(AF_INET, SOCK_DGRAM, 0);
    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons(n);
    if (sock < 0 || connect(sock, (struct sockaddr *)&sin, sizeof(sin)) < 0)
	err(1, "connect");
    for (i = 0; i < 300; i++) {
	send_probe();
	if (answer_has(PROBE_ANSWER, 100) == 1) {
	    /* answers of earlier probes, if they were slow */
	    while (answer_has(PROBE_ANSWER, 200) == 1)
		;
	    return 1;
	}
	if (waitpid(daemon_pid, NULL, WNOHANG) == daemon_pid) {
	    daemon_pid = -1;
	    return 0;
	}
	(void)poll(NULL, 0, 20);	/* refused at once: it is not up yet */
    }
    return 0;
}

/*
 * Before the bad datagram a good one that is rejected is sent, so that the
 * daemon's buffer holds its octets: a daemon that reads more than it received
 * finds a good version there, and its answer is not that to the probe.
 */
static void
dropped(const void *p, size_t len, const char *what)
{
    int ret;

    send_rejected();
    if (answer_has(REJECTED_ANSWER, 10000) != 1) {
	check(0, "%s: out of step", what);
	return;
    }
    send_octets(p, len);
    send_probe();
    ret = answer_has(PROBE_ANSWER, 10000);
    check(ret == 1, "%s: %s", what, ret == 1 ? "dropped" :
	  ret == 0 ? "ANSWERED" : "NO ANSWER to what came after");
    if (ret == 0)
	(void)answer_has(PROBE_ANSWER, 10000);	/* back in step */
}

static void
test_lengths(void)
{
    unsigned char big[4096];

    /* What the daemon's buffer still holds completes these. */
    dropped("\x00\x05\x00\x01\x00", 5, "5 octets that say 5");
    dropped("\x00\x04\x00\x01", 4, "4 octets that say 4");
    dropped("\x00\x02", 2, "2 octets that say 2");
    dropped("\x00\x01", 1, "1 octet");
    dropped("", 0, "no octets");

    dropped("\x00\x06\x00\x01\x00\x01", 6, "AP-REQ of 1 in a header of 6");
    dropped("\x00\x0a\x00\x01\x00\x05xxxx", 10, "AP-REQ of 5 where 4 are");
    dropped("\x00\x0a\x00\x01\xff\xffxxxx", 10, "AP-REQ of 65535 where 4 are");
    dropped("\x00\x0a\xff\x80\xff\xffxxxx", 10, "the same, set password");

    memset(big, 'x', sizeof(big));
    memcpy(big, "\x10\x00\x00\x01\xff\xff", 6);
    dropped(big, sizeof(big), "AP-REQ of 65535 in 4096");
    /* DER that asks for all of the 65535 */
    memcpy(big + 6, "\x6e\x82\xff\xf0\x30\x82\xff\xec", 8);
    dropped(big, sizeof(big), "DER of 65520 in 4096");

    dropped("\x00\x0b\x00\x01\x00\x04xxxx", 10, "11 said, 10 sent");
    dropped("\x00\x0a\x00\x01\x00\x00xxxx", 10, "no AP-REQ");
}

/* Not dropped: the lengths are good, only the AP-REQ is none. */
static void
test_good_lengths(void)
{
    send_rejected();
    check(answer_has(REJECTED_ANSWER, 10000) == 1,
	  "good lengths, bad AP-REQ: answered");
    send_octets("\x00\x0e\x00\x01\x00\x04xxxxpriv", 14);
    check(answer_has(REJECTED_ANSWER, 10000) == 1,
	  "good lengths, bad AP-REQ before a KRB-PRIV: answered");
}

int
main(int argc, char **argv)
{
    if (access(KPASSWDD, X_OK) != 0) {
	printf("skipped: %s is not built\n", KPASSWDD);
	return 77;
    }
    if (!check(start_daemon(), "kpasswdd answers"))
	return check_done();
    test_good_lengths();
    test_lengths();
    test_good_lengths();
    check(waitpid(daemon_pid, NULL, WNOHANG) == 0, "kpasswdd still runs");
    return check_done();
}
