/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * First calls of an acceptor whose keys are in a FILE keytab, to measure what
 * they cost; see tests/bench/bench_keytab.py and bench_replay_shared.py.
 *
 * usage: bench_accept LIBGSSAPI LIBKRB5 CCACHE KEYTAB TARGET NAME
 *
 * The initiator's ticket for TARGET is in CCACHE, which is copied into memory.
 * NAME is the principal of the acceptor's credential, - for none.
 *
 * For each line "N" of standard input: N calls of gss_accept_sec_context(),
 * each on a new context and with a new token, and a line with the nanoseconds
 * of CPU time that they took, and "accepted" or "refused".  For a line
 * "syscalls": the number of system calls of one call, -1 where that cannot be
 * counted.  For a line "batch N": N tokens are made, and "ready" is printed;
 * at the next line they are accepted, as fast as it goes, and the nanoseconds
 * that passed and those of CPU time are printed, and how many were accepted.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_libs.h"
#include "count_syscalls.h"

static void *initiator_cred, *acceptor_cred, *target;

static void
prepare(const char *cache, const char *keytab, const char *target_name,
	const char *name)
{
    void *context, *kt, *principal = NULL;
    uint32_t major, minor;

    bench_krb5(krb5.init_context(&context), "krb5_init_context");
    initiator_cred = bench_initiator(context, cache);
    bench_krb5(krb5.kt_resolve(context, keytab, &kt), keytab);
    if (strcmp(name, "-") != 0)
	bench_krb5(krb5.parse_name(context, name, &principal), name);
    major = gss.import_cred(&minor, NULL, principal, kt, &acceptor_cred);
    bench_gss(major, minor, "gss_krb5_import_cred, keytab");
    target = bench_name(target_name);
}

static void
make_token(struct bench_buffer *token)
{
    void *context = NULL;
    uint32_t major, minor;

    token->length = 0;
    token->value = NULL;
    major = gss.init(&minor, initiator_cred, &context, target,
		     &bench_krb5_mechanism, BENCH_FLAGS, 0, NULL, NULL, NULL,
		     token, NULL, NULL);
    bench_gss(major, minor, "gss_init_sec_context");
    gss.delete(&minor, &context, NULL);
}

/*
 * One call.  Returns whether the context is complete.
 */
static int
accept_token(struct bench_buffer *token, uint64_t *ns)
{
    struct bench_buffer out = { 0, NULL };
    void *context = NULL, *source = NULL;
    uint32_t major, minor;
    uint64_t before = bench_cpu_time();

    major = gss.accept(&minor, &context, acceptor_cred, token, NULL, &source,
		       NULL, &out, NULL, NULL, NULL);
    *ns += bench_cpu_time() - before;
    if (source != NULL)
	gss.release_name(&minor, &source);
    gss.release_buffer(&minor, token);
    gss.release_buffer(&minor, &out);
    if (context != NULL)
	gss.delete(&minor, &context, NULL);
    return major == BENCH_COMPLETE;
}

static void
accept_some(int count)
{
    struct bench_buffer token;
    uint64_t ns = 0;
    int accepted = 0;

    bench_begin();
    for (; count > 0; count--) {
	make_token(&token);
	accepted = accept_token(&token, &ns);
    }
    printf("%llu %s\n", (unsigned long long)ns,
	   accepted ? "accepted" : "refused");
}

static void
accept_and_no_more(void *token)
{
    void *context = NULL;
    struct bench_buffer out;
    uint32_t minor;

    (void)gss.accept(&minor, &context, acceptor_cred, token, NULL, NULL, NULL,
		     &out, NULL, NULL, NULL);
}

static void
count_one(void)
{
    struct bench_buffer token;

    make_token(&token);
    printf("%ld\n", count_syscalls(accept_and_no_more, &token));
}

static void
accept_batch(int count)
{
    struct bench_buffer *tokens = calloc(count, sizeof(*tokens));
    uint64_t wall, cpu, ns = 0;
    int i, accepted = 0;
    char line[64];

    if (tokens == NULL)
	err(1, "calloc");
    for (i = 0; i < count; i++)
	make_token(&tokens[i]);
    printf("ready\n");
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL)
	exit(0);
    wall = bench_wall_time();
    cpu = bench_cpu_time();
    for (i = 0; i < count; i++)
	accepted += accept_token(&tokens[i], &ns);
    printf("%llu %llu %d\n", (unsigned long long)(bench_wall_time() - wall),
	   (unsigned long long)(bench_cpu_time() - cpu), accepted);
    free(tokens);
}

int
main(int argc, char **argv)
{
    char line[64];

    if (argc != 7)
	errx(1, "usage: bench_accept LIBGSSAPI LIBKRB5 CCACHE KEYTAB TARGET "
	     "NAME");
    bench_find_libs(argv[1], argv[2]);
    prepare(argv[3], argv[4], argv[5], argv[6]);
    while (fgets(line, sizeof(line), stdin) != NULL) {
	if (strcmp(line, "syscalls\n") == 0)
	    count_one();
	else if (strncmp(line, "batch ", 6) == 0)
	    accept_batch(atoi(line + 6));
	else
	    accept_some(atoi(line));
	fflush(stdout);
    }
    return 0;
}
