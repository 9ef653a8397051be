/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What libkrb5 makes of FILE credential caches: of each version, as they are,
 * cut after each octet, and with each octet changed; a line each.  It calls
 * nothing that an unpatched libkrb5 has not, so that the lines of two can be
 * compared; see t_ccache_reads.py.
 *
 * usage: ccache_outcomes FILE [CHANGES]
 *
 * CHANGES is 1 to 3, how often each octet is changed.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <krb5.h>

#include "ccache_octets.h"

static const char *path;
static char cache_name[1024];

/* ---- a sum of what was read ------------------------------------------ */

static void
add(uint32_t *sum, const void *data, size_t len)
{
    const unsigned char *p = data;

    while (len-- > 0)
	*sum = (*sum ^ *p++) * 16777619U;
}

static void
add_data(uint32_t *sum, const krb5_data *data)
{
    add(sum, &data->length, sizeof(data->length));
    add(sum, data->data, data->length);
}

static void
add_principal(uint32_t *sum, krb5_const_principal p)
{
    unsigned int i;

    add(sum, &p->name.name_type, sizeof(p->name.name_type));
    add(sum, p->realm, strlen(p->realm) + 1);
    for (i = 0; i < p->name.name_string.len; i++)
	add(sum, p->name.name_string.val[i],
	    strlen(p->name.name_string.val[i]) + 1);
}

static void
add_creds(uint32_t *sum, const krb5_creds *creds)
{
    unsigned int i;

    add_principal(sum, creds->client);
    add_principal(sum, creds->server);
    add(sum, &creds->session.keytype, sizeof(creds->session.keytype));
    add_data(sum, &creds->session.keyvalue);
    add(sum, &creds->times, sizeof(creds->times));
    add(sum, &creds->flags.i, sizeof(creds->flags.i));
    for (i = 0; i < creds->addresses.len; i++)
	add_data(sum, &creds->addresses.val[i].address);
    for (i = 0; i < creds->authdata.len; i++)
	add_data(sum, &creds->authdata.val[i].ad_data);
    add_data(sum, &creds->ticket);
    add_data(sum, &creds->second_ticket);
}

/* ---- a cache of each version ---------------------------------------- */

static void
put_example(struct octets *o, int version)
{
    static const char *const config[] = { "krb5_ccache_conf_data", "name" };
    static const char *const tgt[] = { "krbtgt", "TEST" };
    static const char *const host[] = { "host", "server.test" };

    put_head(o, version);
    put_creds(o, "TEST", 2, tgt, "ticket of the TGT", 0);
    put_creds(o, "X-CACHECONF:", 2, config, "value", 0);
    put_creds(o, "TEST", 2, host, "ticket of the host", 2);
}

/* ---- what is asked --------------------------------------------------- */

static void
list(krb5_context context, krb5_ccache cache)
{
    uint32_t sum = 2166136261U;
    krb5_cc_cursor cursor;
    krb5_creds creds;
    krb5_error_code ret;
    int n = 0;

    ret = krb5_cc_start_seq_get(context, cache, &cursor);
    if (ret) {
	printf(" list: %d", (int)ret);
	return;
    }
    while ((ret = krb5_cc_next_cred(context, cache, &cursor, &creds)) == 0) {
	add_creds(&sum, &creds);
	krb5_free_cred_contents(context, &creds);
	n++;
    }
    krb5_cc_end_seq_get(context, cache, &cursor);
    printf(" list: %d %d %08x", n, (int)ret, (unsigned)sum);
}

static void
find(krb5_context context, krb5_ccache cache, krb5_flags flags,
     const char *client, const char *server)
{
    uint32_t sum = 2166136261U;
    krb5_creds wanted, creds;
    krb5_error_code ret;

    krb5_cc_clear_mcred(&wanted);
    if (krb5_parse_name(context, server, &wanted.server) ||
	(client && krb5_parse_name(context, client, &wanted.client)))
	errx(1, "krb5_parse_name");
    wanted.times.endtime = 1500000000;
    ret = krb5_cc_retrieve_cred(context, cache, flags, &wanted, &creds);
    if (ret == 0) {
	add_creds(&sum, &creds);
	krb5_free_cred_contents(context, &creds);
    }
    printf(" %d %08x", (int)ret, (unsigned)sum);
    krb5_free_principal(context, wanted.server);
    krb5_free_principal(context, wanted.client);
}

static void
ask(const char *what, size_t at, int change)
{
    krb5_context context;
    krb5_ccache cache;
    krb5_deltat offset = 0;
    krb5_principal principal;
    krb5_data value;
    uint32_t sum = 2166136261U;
    krb5_error_code ret;

    if (krb5_init_context(&context) ||
	krb5_cc_resolve(context, cache_name, &cache))
	errx(1, "krb5_cc_resolve");
    ret = krb5_cc_get_principal(context, cache, &principal);
    if (ret == 0) {
	add_principal(&sum, principal);
	krb5_free_principal(context, principal);
    }
    printf("%s %zu %02x: principal: %d %08x", what, at, change, (int)ret,
	   (unsigned)sum);
    ret = krb5_cc_get_kdc_offset(context, cache, &offset);
    printf(" offset: %d %d", (int)ret, ret ? 0 : (int)offset);
    list(context, cache);
    printf(" find:");
    find(context, cache, KRB5_TC_MATCH_TIMES, "user@TEST", "krbtgt/TEST@TEST");
    find(context, cache, KRB5_TC_DONT_MATCH_REALM, NULL, "host/server.test@X");
    find(context, cache, KRB5_TC_MATCH_SRV_NAMEONLY, "user@TEST",
	 "host/server.test@X");
    find(context, cache, 0, NULL, "host/server@TEST");
    find(context, cache, 0, "other@TEST", "host/server.test@TEST");
    ret = krb5_cc_get_config(context, cache, NULL, "name", &value);
    printf(" config: %d %d\n", (int)ret, ret ? 0 : (int)value.length);
    if (ret == 0)
	krb5_data_free(&value);
    krb5_cc_close(context, cache);
    krb5_free_context(context);
}

static void
ask_version(int version, size_t each)
{
    static const unsigned char changes[] = { 0x01, 0x80, 0xff };
    struct octets o;
    size_t at, i;
    char what[32];

    put_example(&o, version);
    snprintf(what, sizeof(what), "v%d", version);
    write_octets(path, &o, o.len);
    ask(what, o.len, 0);
    for (at = 0; at < o.len; at++) {
	write_octets(path, &o, at);
	ask(what, at, 0);
    }
    for (at = 0; at < o.len; at++) {
	if (at == 1)
	    continue;		/* the base aborts with another version */
	for (i = at; i < at + each; i++) {
	    o.buf[at] ^= changes[i % sizeof(changes)];
	    write_octets(path, &o, o.len);
	    o.buf[at] ^= changes[i % sizeof(changes)];
	    ask(what, at, changes[i % sizeof(changes)]);
	}
    }
}

int
main(int argc, char **argv)
{
    int version, status;
    pid_t pid;

    if (argc != 2 && argc != 3)
	errx(1, "usage: ccache_outcomes FILE [CHANGES]");
    path = argv[1];
    snprintf(cache_name, sizeof(cache_name), "FILE:%s", path);
    for (version = 1; version <= 4; version++) {
	/* the base keeps what a bad credential allocates */
	pid = fork();
	if (pid == 0) {
	    ask_version(version, argc == 3 ? atoi(argv[2]) : 1);
	    exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
	    errx(1, "version %d: %x", version, status);
    }
    return 0;
}
