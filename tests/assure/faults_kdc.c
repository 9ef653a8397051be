/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Memory is short while the KDC answers a request, once at each place: it does
 * not crash, loses nothing, grants nothing that it would have refused, and
 * answers the next request as before.
 *
 * usage: faults_kdc good|bad FILE...
 *        faults_kdc kept FILE
 *
 * $KRB5_CONFIG is a KDC's, each file a request; good ones get a ticket or a
 * token.  kept: no memory fails, the file is of requests, each behind its
 * length (4 octets), and none of them may cost the KDC memory for good.
 */

#include "faults.h"
#include "krb5_locl.h"
#include <kdc.h>

/*
 * What no patch of ours is in: Berkeley DB, LMDB, and libraries of Heimdal
 * that end the process, or go on without, in too many places
 * (doc/assurance.md).
 */
static const char *const spared[] = {
    "libdb", "liblmdb", "libhx509", "libhcrypto", "libheimbase", "libwind",
    NULL
};

static krb5_context context;
static krb5_kdc_configuration *config;

struct request {
    krb5_data octets;
    int good;
};

/*
 * Whether it is an AS-REP or a TGS-REP, or krb524's answer that has a token.
 */
static int
is_success(const krb5_data *reply)
{
    const unsigned char *p = reply->data;

    if (p == NULL || reply->length < 4)
	return 0;
    return p[0] == 0x6b || p[0] == 0x6d ||
	(p[0] == 0 && p[1] == 0 && p[2] == 0 && p[3] == 0);
}

static const char *
ask(void *arg)
{
    const struct request *req = arg;
    krb5_boolean prepend = FALSE;
    struct sockaddr_in sin;
    krb5_data reply;
    const char *wrong = NULL;
    int ret;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    krb5_data_zero(&reply);
    krb5_kdc_update_time(NULL);
    fault_on();
    ret = krb5_kdc_process_request(context, config, req->octets.data,
				   req->octets.length, &reply, &prepend,
				   "IPv4:127.0.0.1", (struct sockaddr *)&sin,
				   0);
    fault_off();
    if (is_success(&reply) && !req->good)
	wrong = "granted what has to be refused";
    else if (is_success(&reply) && ret != 0)
	wrong = "a reply that is good, and an error";
    else if (!is_success(&reply) && req->good && !fault_hit)
	wrong = "refused";
    krb5_data_free(&reply);
    return wrong;
}

static void
prepare(void *arg)
{
    krb5_error_code ret;

    ret = krb5_init_context(&context);
    if (ret)
	errx(1, "krb5_init_context: %d", (int)ret);
    ret = krb5_kdc_get_config(context, &config);
    if (ret)
	krb5_err(context, 1, ret, "krb5_kdc_get_config");
    ret = krb5_initlog(context, "kdc", &config->logf);
    if (ret == 0)
	ret = krb5_addlog_dest(context, config->logf, "0-0/FILE:/dev/null");
    if (ret)
	krb5_err(context, 1, ret, "krb5_initlog");
    ret = krb5_kdc_set_dbinfo(context, config);
    if (ret)
	krb5_err(context, 1, ret, "krb5_kdc_set_dbinfo");
    ret = krb5_kdc_pkinit_config(context, config);
    if (ret)
	krb5_warn(context, ret, "krb5_kdc_pkinit_config");
}

static void
read_file(const char *name, krb5_data *octets)
{
    FILE *f = fopen(name, "rb");
    long size;

    if (f == NULL || fseek(f, 0, SEEK_END) < 0 || (size = ftell(f)) < 0 ||
	krb5_data_alloc(octets, size))
	err(1, "%s", name);
    rewind(f);
    if (fread(octets->data, 1, size, f) != (size_t)size)
	err(1, "%s", name);
    fclose(f);
}

/*
 * Whether a request costs memory each time.  With the first the KDC learns
 * what it has not met before; what it keeps for a while is there once more or
 * once less, and does not grow.
 */
static int
keeps_memory(struct request *req)
{
    long live;
    int i;

    (void)ask(req);
    for (i = 0; i < 3; i++) {
	memset(fault_blocks, 0, sizeof(fault_blocks));
	live = fault_live;
	fault_tracked = fault_number("FAULT_ONLY", 0) != 0;
	(void)ask(req);
	fault_tracked = 0;
	(void)ask(req);
	if (fault_live <= live)
	    return 0;
    }
    return 1;
}

static int
ask_all(const krb5_data *file)
{
    const unsigned char *p = file->data;
    size_t at, size, number, kept = 0;
    struct request req = { { 0, NULL }, 0 };
    void *frame;

    (void)backtrace(&frame, 1);	/* loads a library */
    prepare(NULL);
    for (at = 0, number = 0; at + 4 <= file->length; at += size, number++) {
	size = (size_t)p[at] << 24 | p[at + 1] << 16 | p[at + 2] << 8 |
	    p[at + 3];
	at += 4;
	if (size > file->length - at)
	    errx(2, "the file is cut");
	req.octets.data = rk_UNCONST(p + at);
	req.octets.length = size;
	if (keeps_memory(&req)) {
	    printf("request %lu costs memory\n", (unsigned long)number);
	    fault_report();
	    kept++;
	}
    }
    printf("%lu requests, %lu findings\n", (unsigned long)number,
	   (unsigned long)kept);
    return kept != 0;
}

int
main(int argc, char **argv)
{
    struct request req;
    long findings = 0;
    int i;

    setprogname(argv[0]);
    fault_spared = spared;
    if (argc < 3)
	errx(2, "usage: faults_kdc good|bad FILE... | kept FILE");
    if (strcmp(argv[1], "kept") == 0) {
	read_file(argv[2], &req.octets);
	return ask_all(&req.octets);
    }
    req.good = strcmp(argv[1], "good") == 0;
    for (i = 2; i < argc; i++) {
	read_file(argv[i], &req.octets);
	findings += fault_scenario(argv[i], prepare, ask, &req, 1);
	krb5_data_free(&req.octets);
    }
    return findings != 0;
}
