/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Establish contexts with an acceptor, exchange messages, print a line for
 * each.  Exit status: 0 when all went well, 1 when one did not, 2 when the
 * program could not begin.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop_common.h"

static int
connect_to(const struct loop_options *o)
{
    struct sockaddr_in sin;
    int fd;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((unsigned short)o->port);
    if (inet_pton(AF_INET, o->host, &sin.sin_addr) != 1) {
	fprintf(stderr, "not an IPv4 address: %s\n", o->host);
	return -1;
    }
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0) {
	perror("connect");
	if (fd >= 0)
	    close(fd);
	return -1;
    }
    return fd;
}

/*
 * One connection and its line.  Returns whether it was good.
 */
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

    if (loop_peer_open(&peer, fd, 1, o))
	return 0;
    transport.arg = &peer;
    if (gss_loop_initiate(params, &transport, &context, &result) ==
	GSS_LOOP_ESTABLISHED)
	loop_messages(&peer, o, &context, &result, &messages);
    good = loop_report(&peer, o, number, &result, &messages, context);
    if (context != GSS_C_NO_CONTEXT)
	(void)gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_loop_result_free(&result);
    return good;
}

int
main(int argc, char **argv)
{
    struct gss_channel_bindings_struct bindings;
    struct gss_loop_params params;
    struct loop_options o;
    gss_OID_desc mech;
    unsigned char oid[64];
    OM_uint32 minor;
    unsigned long i;
    int fd, bad = 0;

    signal(SIGPIPE, SIG_IGN);
    loop_options_read(&o, argc, argv, 1);
    loop_params_fill(&params, &o, &bindings);
    if (!loop_oid(o.mech, &mech, oid, sizeof(oid)) ||
	GSS_ERROR(loop_import_name(o.service, &params.target, &minor))) {
	fprintf(stderr, "no such mechanism or service name: %s, %s\n",
		o.mech, o.service);
	return 2;
    }
    params.mech = &mech;
    for (i = 1; i <= o.count; i++) {
	fd = connect_to(&o);
	if (fd < 0) {
	    bad = 2;
	    break;
	}
	if (!exchange(&o, &params, fd, i))
	    bad = 1;
	close(fd);
    }
    (void)gss_release_name(&minor, &params.target);
    return bad;
}
