/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A message to be encrypted with DES3 in DCE style, which the other side
 * chooses, and which has no padding: one of no whole blocks is an error, and
 * does not end the process.
 */

#include <sys/wait.h>

#include "gss_pair.h"
#include "sec_test.h"

#define FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE | GSS_C_CONF_FLAG | \
	       GSS_C_INTEG_FLAG)
#define BLOCK 8

static void
initiate(struct gss_pair *pair, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 major, minor;

    major = gss_init_sec_context(&minor, pair->initiator_cred,
				 &pair->initiator, pair->target,
				 GSS_KRB5_MECHANISM, FLAGS, 0,
				 GSS_C_NO_CHANNEL_BINDINGS, in, NULL, out,
				 NULL, NULL);
    pair_gss(major, minor, "gss_init_sec_context");
}

/*
 * Three tokens.
 */
static void
connect_dce(struct gss_pair *pair)
{
    gss_buffer_desc ap_req, ap_rep, third, none;
    OM_uint32 major, minor;

    initiate(pair, GSS_C_NO_BUFFER, &ap_req);
    major = pair_accept(pair, &ap_req, &ap_rep, &minor);
    pair_gss(major, minor, "gss_accept_sec_context");
    initiate(pair, &ap_rep, &third);
    major = pair_accept(pair, &third, &none, &minor);
    pair_gss(major, minor, "gss_accept_sec_context");
    if (major != GSS_S_COMPLETE)
	errx(1, "the context is not complete");
    gss_release_buffer(&minor, &ap_req);
    gss_release_buffer(&minor, &ap_rep);
    gss_release_buffer(&minor, &third);
    gss_release_buffer(&minor, &none);
}

/*
 * Whether a message of the acceptor's arrives.
 */
static int
arrives(struct gss_pair *pair, gss_buffer_t msg, gss_buffer_t wrapped)
{
    gss_buffer_desc out;
    OM_uint32 major, minor;
    int ok;

    major = gss_unwrap(&minor, pair->initiator, wrapped, &out, NULL, NULL);
    ok = major == GSS_S_COMPLETE && out.length == msg->length &&
	memcmp(out.value, msg->value, out.length) == 0;
    if (major == GSS_S_COMPLETE)
	gss_release_buffer(&minor, &out);
    return ok;
}

static void
wrap(struct gss_pair *pair, size_t len, int conf, int dce)
{
    unsigned char octets[3 * BLOCK];
    gss_buffer_desc msg, wrapped = GSS_C_EMPTY_BUFFER;
    OM_uint32 major, minor;
    int state = -1, ok;

    memset(octets, 'x', sizeof(octets));
    msg.value = octets;
    msg.length = len;
    major = gss_wrap(&minor, pair->acceptor, conf, GSS_C_QOP_DEFAULT, &msg,
		     &state, &wrapped);
    if (dce && conf && len % BLOCK != 0)
	ok = major == GSS_S_FAILURE && minor == (OM_uint32)KRB5_BAD_MSIZE &&
	    wrapped.length == 0 && wrapped.value == NULL;
    else
	ok = major == GSS_S_COMPLETE && state == conf &&
	    arrives(pair, &msg, &wrapped);
    check(ok, "%lu octets, %s%s: %08x/%d", (unsigned long)len,
	  dce ? "DCE style, " : "", conf ? "encrypted" : "not encrypted",
	  (unsigned)major, (int)minor);
    gss_release_buffer(&minor, &wrapped);
}

static void
wrap_each(struct gss_pair *pair, int dce)
{
    size_t len;
    int conf;

    for (conf = 0; conf <= 1; conf++)
	for (len = 0; len <= 2 * BLOCK + 1; len++)
	    wrap(pair, len, conf, dce);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    int status;
    pid_t pid;

    pair_init(&pair, ETYPE_DES3_CBC_SHA1);
    pair_connect(&pair);
    wrap_each(&pair, 0);
    pair_disconnect(&pair);
    connect_dce(&pair);

    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	wrap_each(&pair, 1);
	pair_free(&pair);
	exit(check_done());
    }
    if (waitpid(pid, &status, 0) < 0)
	err(1, "waitpid");
    check(status == 0, "the process goes on: %d", status);

    pair_free(&pair);
    return check_done();
}
