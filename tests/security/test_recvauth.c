/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * krb5_recvauth_match_version(): the application version, which an
 * unauthenticated peer sends, is bounded in length and a string when the match
 * function sees it.
 */

#include "krb5_locl.h"

#include "sec_test.h"

static krb5_context context;
static int match_calls;

/* The match function: any version goes; it counts that it was asked. */
static krb5_boolean
match(const void *data, const char *version)
{
    match_calls++;
    return strcmp(version, "TEST-1") == 0;
}

/*
 * A connected pair of TCP sockets on loopback: recvauth wants addresses.
 */
static void
connected(int fds[2])
{
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    int l = socket(AF_INET, SOCK_STREAM, 0);

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (l < 0 || bind(l, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	listen(l, 1) < 0 || getsockname(l, (struct sockaddr *)&sin, &len) < 0)
	err(1, "listen");
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (fds[0] < 0 || connect(fds[0], (struct sockaddr *)&sin, len) < 0)
	err(1, "connect");
    fds[1] = accept(l, NULL, NULL);
    if (fds[1] < 0)
	err(1, "accept");
    close(l);
}

static void
send_all(int fd, const void *p, size_t len)
{
    if (net_write(fd, p, len) != (ssize_t)len)
	err(1, "write");
}

/*
 * Send the sendauth version, length as the length of the application version
 * and octets of it, then end of file; return recvauth's error and in *reply
 * its one octet of answer, or -1.
 */
static krb5_error_code
exchange(uint32_t length, const char *p, size_t octets, int *reply)
{
    krb5_auth_context ac = NULL;
    krb5_ticket *ticket = NULL;
    krb5_error_code ret;
    unsigned char c;
    uint32_t n;
    int fds[2];

    connected(fds);
    n = htonl(sizeof(KRB5_SENDAUTH_VERSION));
    send_all(fds[0], &n, sizeof(n));
    send_all(fds[0], KRB5_SENDAUTH_VERSION, sizeof(KRB5_SENDAUTH_VERSION));
    n = htonl(length);
    send_all(fds[0], &n, sizeof(n));
    send_all(fds[0], p, octets);
    shutdown(fds[0], SHUT_WR);

    match_calls = 0;
    ret = krb5_recvauth_match_version(context, &ac, &fds[1], match, NULL,
				      NULL, 0, NULL, &ticket);
    krb5_auth_con_free(context, ac);
    shutdown(fds[1], SHUT_WR);
    *reply = net_read(fds[0], &c, 1) == 1 ? c : -1;
    close(fds[0]);
    close(fds[1]);
    return ret;
}

static void
refuse(const char *what, uint32_t length, const char *p, size_t octets,
       krb5_error_code want, int want_calls)
{
    int reply;
    krb5_error_code ret = exchange(length, p, octets, &reply);

    check(ret == want && match_calls == want_calls && reply != 0,
	  "%s: error %d, want %d; %d match calls, want %d; answer %d",
	  what, (int)ret, (int)want, match_calls, want_calls, reply);
}

/* The version is accepted: answer 0, and then the AP-REQ is missing. */
static void
test_good(void)
{
    int reply;
    krb5_error_code ret = exchange(7, "TEST-1", 7, &reply);

    check(ret != 0 && ret != KRB5_SENDAUTH_BADAPPLVERS &&
	  ret != KRB5_SENDAUTH_REJECTED && match_calls == 1 && reply == 0,
	  "a good version is accepted: error %d, answer %d", (int)ret, reply);
}

int
main(int argc, char **argv)
{
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    signal(SIGPIPE, SIG_IGN);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    test_good();
    refuse("another version", 7, "TEST-2", 7, KRB5_SENDAUTH_BADAPPLVERS, 1);
    refuse("4 GiB - 1", 0xffffffffU, "x", 1, KRB5_SENDAUTH_REJECTED, 0);
    refuse("2 GiB", 0x80000000U, "x", 1, KRB5_SENDAUTH_REJECTED, 0);
    refuse("1 MiB and an octet", 1024 * 1024 + 1, "x", 1,
	   KRB5_SENDAUTH_REJECTED, 0);
    refuse("1 MiB, not sent", 1024 * 1024, "x", 1,
	   KRB5_SENDAUTH_BADAPPLVERS, 0);
    refuse("no octets", 0, "", 0, KRB5_SENDAUTH_BADAPPLVERS, 0);
    refuse("no NUL", 6, "TEST-1", 6, KRB5_SENDAUTH_BADAPPLVERS, 0);
    refuse("no NUL, one octet", 1, "T", 1, KRB5_SENDAUTH_BADAPPLVERS, 0);
    refuse("a NUL, but not last", 8, "TEST-1\0x", 8,
	   KRB5_SENDAUTH_BADAPPLVERS, 0);
    refuse("cut short", 7, "TEST", 4, KRB5_SENDAUTH_BADAPPLVERS, 0);
    test_good();
    krb5_free_context(context);
    return check_done();
}
