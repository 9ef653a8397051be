/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Contexts of the krb5 mechanism between two sides of one process, to measure
 * what each side costs; see tests/bench/bench_extra_tokens.py and
 * bench_growth.py.
 *
 * usage: bench_context LIBGSSAPI LIBKRB5 CCACHE KEYTAB TARGET
 *
 * Cache and keytab are copied into memory first.
 *
 * For each line "N" of standard input: N contexts, and a line with the
 * nanoseconds of CPU time that all calls of gss_init_sec_context() and of
 * gss_accept_sec_context() took, and with the tokens of one exchange.  Before
 * it, bench_begin() is called, for --zero-before of callgrind.  For a line
 * "bytes": the octets that malloc() has given out.  For a line "half N": N
 * contexts after one call of each side, all at the same time; the octets of an
 * initiator and of an acceptor, and whether the latter is "half" or
 * "complete".
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_libs.h"

static void *initiator_cred, *acceptor_cred, *target;

static void
prepare(const char *cache, const char *keytab, const char *name)
{
    void *context;
    uint32_t major, minor;

    bench_krb5(krb5.init_context(&context), "krb5_init_context");
    initiator_cred = bench_initiator(context, cache);
    major = gss.import_cred(&minor, NULL, NULL,
			    bench_copy_keytab(context, keytab),
			    &acceptor_cred);
    bench_gss(major, minor, "gss_krb5_import_cred, keytab");
    target = bench_name(name);
}

/*
 * One exchange; ns[0] and ns[1] get what each side's calls took.  Returns the
 * number of tokens.
 */
static int
exchange(uint64_t ns[2])
{
    void *context[2] = { NULL, NULL }, *source;
    struct bench_buffer in = { 0, NULL }, out;
    uint32_t major[2] = { BENCH_CONTINUE, BENCH_CONTINUE }, minor, flags;
    int side = 0, tokens = 0;
    uint64_t before;

    do {
	out.length = 0;
	out.value = NULL;
	source = NULL;
	before = bench_cpu_time();
	if (side == 0)
	    major[0] = gss.init(&minor, initiator_cred, &context[0], target,
				&bench_krb5_mechanism, BENCH_FLAGS, 0, NULL,
				&in, NULL, &out, &flags, NULL);
	else
	    major[1] = gss.accept(&minor, &context[1], acceptor_cred, &in,
				  NULL, &source, NULL, &out, &flags, NULL,
				  NULL);
	ns[side] += bench_cpu_time() - before;
	bench_gss(major[side], minor, side ? "gss_accept_sec_context" :
		  "gss_init_sec_context");
	if (source != NULL)
	    gss.release_name(&minor, &source);
	if (in.length != 0)
	    gss.release_buffer(&minor, &in);
	in = out;
	tokens += in.length != 0;
	side = !side;
    } while (in.length != 0);
    if (major[0] != BENCH_COMPLETE || major[1] != BENCH_COMPLETE)
	errx(1, "the contexts are not complete");
    gss.delete(&minor, &context[0], NULL);
    gss.delete(&minor, &context[1], NULL);
    return tokens;
}

static void
exchanges(int count)
{
    uint64_t ns[2] = { 0, 0 };
    int tokens = 0;

    bench_begin();
    for (; count > 0; count--)
	tokens = exchange(ns);
    printf("%llu %llu %d\n", (unsigned long long)ns[0],
	   (unsigned long long)ns[1], tokens);
}

/*
 * Call one side of each context once, with the token of the other's, which is
 * replaced by its own.  Returns the octets of a context, without those.
 */
static uint64_t
call_each(int side, void **contexts, struct bench_buffer *tokens, int count,
	  uint32_t *major)
{
    struct bench_buffer out;
    uint32_t minor, flags;
    uint64_t before = bench_bytes(), handed_out = 0;
    int i;

    for (i = 0; i < count; i++) {
	out.length = 0;
	out.value = NULL;
	if (side == 0)
	    *major = gss.init(&minor, initiator_cred, &contexts[i], target,
			      &bench_krb5_mechanism, BENCH_FLAGS, 0, NULL,
			      NULL, NULL, &out, &flags, NULL);
	else
	    *major = gss.accept(&minor, &contexts[i], acceptor_cred,
				&tokens[i], NULL, NULL, NULL, &out, &flags,
				NULL, NULL);
	bench_gss(*major, minor, "half a context");
	handed_out += out.length;
	handed_out -= tokens[i].length;
	gss.release_buffer(&minor, &tokens[i]);
	tokens[i] = out;
    }
    return (bench_bytes() - before - handed_out) / count;
}

static void
half_open(int count)
{
    struct bench_buffer *tokens = calloc(count, sizeof(*tokens));
    void **contexts = calloc(2 * count, sizeof(*contexts));
    uint32_t major[2], minor;
    uint64_t bytes[2];
    int i;

    if (tokens == NULL || contexts == NULL)
	err(1, "calloc");
    bytes[0] = call_each(0, contexts, tokens, count, &major[0]);
    bytes[1] = call_each(1, contexts + count, tokens, count, &major[1]);
    printf("%llu %llu %s\n", (unsigned long long)bytes[0],
	   (unsigned long long)bytes[1],
	   major[1] == BENCH_COMPLETE ? "complete" : "half");
    for (i = 0; i < count; i++)
	gss.release_buffer(&minor, &tokens[i]);
    for (i = 0; i < 2 * count; i++)
	gss.delete(&minor, &contexts[i], NULL);
    free(tokens);
    free(contexts);
}

int
main(int argc, char **argv)
{
    char line[64];

    if (argc != 6)
	errx(1, "usage: bench_context LIBGSSAPI LIBKRB5 CCACHE KEYTAB TARGET");
    bench_find_libs(argv[1], argv[2]);
    prepare(argv[3], argv[4], argv[5]);
    while (fgets(line, sizeof(line), stdin) != NULL) {
	if (strcmp(line, "bytes\n") == 0)
	    printf("%llu\n", (unsigned long long)bench_bytes());
	else if (strncmp(line, "half ", 5) == 0)
	    half_open(atoi(line + 5));
	else
	    exchanges(atoi(line));
	fflush(stdout);
    }
    return 0;
}
