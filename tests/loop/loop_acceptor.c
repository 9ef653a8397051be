/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Accept contexts, one connection after the other, exchange messages, print a
 * line for each.  "port N" is printed when it listens, on 127.0.0.1 alone.
 * SIGTERM ends it in good order.  Exit status as that of loop_initiator.
 */

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop_common.h"

/* how long a client that was refused may take to close */
#define FINISH_MS 1000

static volatile sig_atomic_t terminated;

static void
on_term(int sig)
{
    (void)sig;
    terminated = 1;
}

/*
 * Let SIGTERM and SIGINT in only where a client is waited for; *outside is
 * the mask to wait with.
 */
static void
catch_signals(sigset_t *outside)
{
    struct sigaction sa;
    sigset_t term;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = on_term;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigaddset(&term, SIGINT);
    sigprocmask(SIG_BLOCK, &term, outside);
    sigdelset(outside, SIGTERM);
    sigdelset(outside, SIGINT);
}

/*
 * The next client, or -1 with errno EINTR when the program was told to end.
 */
static int
next_client(int listener, const sigset_t *outside)
{
    fd_set fds;

    FD_ZERO(&fds);
    FD_SET(listener, &fds);
    if (pselect(listener + 1, &fds, NULL, NULL, NULL, outside) < 0)
	return -1;
    return accept(listener, NULL, NULL);
}

/*
 * Listen on 127.0.0.1, print the port.
 */
static int
listen_on(unsigned int port)
{
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    int fd, one = 1;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((unsigned short)port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
	return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (void *)&one,
		     sizeof(one));
    if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	listen(fd, 16) < 0 ||
	getsockname(fd, (struct sockaddr *)&sin, &len) < 0) {
	close(fd);
	return -1;
    }
    printf("port %u\n", (unsigned int)ntohs(sin.sin_port));
    fflush(stdout);
    return fd;
}

static int
exchange(const struct loop_options *o, const struct gss_loop_params *params,
	 int fd, unsigned long number)
{
    struct loop_messages messages = { "none", 0, 0, "none" };
    struct gss_loop_transport transport = { loop_send, loop_receive, NULL };
    struct gss_loop_result result;
    struct loop_peer peer;
    gss_ctx_id_t context;
    OM_uint32 minor;
    int good;

    if (loop_peer_open(&peer, fd, 0, o))
	return 0;
    transport.arg = &peer;
    if (gss_loop_accept(params, &transport, &context, &result) ==
	GSS_LOOP_ESTABLISHED)
	loop_messages(&peer, o, &context, &result, &messages);
    good = loop_report(&peer, o, number, &result, &messages, context);
    if (context != GSS_C_NO_CONTEXT)
	(void)gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_loop_result_free(&result);
    if (!good)
	(void)gss_frame_finish(&peer.frame, FINISH_MS);
    return good;
}

/*
 * The credential of a service that was named; otherwise the default one.
 */
static int
get_credential(const struct loop_options *o, gss_cred_id_t *cred)
{
    gss_cred_usage_t usage = o->both ? GSS_C_BOTH : GSS_C_ACCEPT;
    gss_buffer_desc password;
    OM_uint32 major, minor;
    gss_name_t name;

    if (o->service == NULL && o->send_authdata == NULL)
	return 1;
    if (o->service == NULL)
	return gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE,
				GSS_C_NO_OID_SET, usage, cred, NULL, NULL) ==
	    GSS_S_COMPLETE;
    major = loop_import_name(o->service, &name, &minor);
    if (GSS_ERROR(major))
	return 0;
    if (o->password) {
	password.value = (void *)o->password;
	password.length = strlen(o->password);
	major = gss_acquire_cred_with_password(
	    &minor, name, &password, GSS_C_INDEFINITE, GSS_C_NO_OID_SET,
	    usage, cred, NULL, NULL);
    } else
	major = gss_acquire_cred(&minor, name, GSS_C_INDEFINITE,
				 GSS_C_NO_OID_SET, usage, cred, NULL, NULL);
    (void)gss_release_name(&minor, &name);
    return !GSS_ERROR(major);
}

static int
serve(const struct loop_options *o, const struct gss_loop_params *params,
      int listener, const sigset_t *outside)
{
    unsigned long i = 0;
    int fd, bad = 0;

    while (!terminated && (o->count == 0 || i < o->count)) {
	fd = next_client(listener, outside);
	if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
	    continue;
	if (fd < 0)
	    return 2;
	if (!exchange(o, params, fd, ++i))
	    bad = 1;
	close(fd);
    }
    return bad;
}

int
main(int argc, char **argv)
{
    struct gss_channel_bindings_struct bindings;
    struct gss_loop_params params;
    struct loop_options o;
    sigset_t outside;
    OM_uint32 minor;
    int listener, bad;

    loop_options_read(&o, argc, argv, 0);
    catch_signals(&outside);
    loop_params_fill(&params, &o, &bindings);
    if (o.keytab)
	setenv("KRB5_KTNAME", o.keytab, 1);
    if (!get_credential(&o, &params.credential)) {
	fprintf(stderr, "no credential for %s\n",
		o.service ? o.service : "anybody");
	return 2;
    }
    if (o.send_authdata &&
	!loop_authdata_set(&params.credential, o.send_authdata)) {
	fprintf(stderr, "not taken: %s\n", o.send_authdata);
	return 2;
    }
    listener = listen_on(o.port);
    if (listener < 0) {
	perror("listen");
	return 2;
    }
    bad = serve(&o, &params, listener, &outside);
    close(listener);
    if (params.credential != GSS_C_NO_CREDENTIAL)
	(void)gss_release_cred(&minor, &params.credential);
    return bad;
}
