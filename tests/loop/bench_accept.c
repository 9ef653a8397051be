/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * First calls of an acceptor whose keys are in a FILE keytab, to measure what
 * they cost; see tests/bench/bench_keytab.py.
 *
 * usage: bench_accept LIBGSSAPI LIBKRB5 CCACHE KEYTAB TARGET NAME
 *
 * The initiator's ticket for TARGET is in CCACHE, which is copied into memory.
 * NAME is the principal of the acceptor's credential, - for none.
 *
 * For each line "N" of standard input: N calls of gss_accept_sec_context(),
 * each on a new context and with a new token, and a line with the nanoseconds
 * of CPU time that they took, and "accepted" or "refused".
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_libs.h"

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
 * One call; what it took goes to *ns.  Returns whether the context is
 * complete.
 */
static int
accept_one(uint64_t *ns)
{
    struct bench_buffer token, out = { 0, NULL };
    void *context = NULL, *source = NULL;
    uint32_t major, minor;
    uint64_t before;

    make_token(&token);
    before = bench_cpu_time();
    major = gss.accept(&minor, &context, acceptor_cred, &token, NULL, &source,
		       NULL, &out, NULL, NULL, NULL);
    *ns += bench_cpu_time() - before;
    if (source != NULL)
	gss.release_name(&minor, &source);
    gss.release_buffer(&minor, &token);
    gss.release_buffer(&minor, &out);
    if (context != NULL)
	gss.delete(&minor, &context, NULL);
    return major == BENCH_COMPLETE;
}

int
main(int argc, char **argv)
{
    char line[64];
    uint64_t ns;
    int count, accepted = 0;

    if (argc != 7)
	errx(1, "usage: bench_accept LIBGSSAPI LIBKRB5 CCACHE KEYTAB TARGET "
	     "NAME");
    bench_find_libs(argv[1], argv[2]);
    prepare(argv[3], argv[4], argv[5], argv[6]);
    while (fgets(line, sizeof(line), stdin) != NULL) {
	ns = 0;
	bench_begin();
	for (count = atoi(line); count > 0; count--)
	    accepted = accept_one(&ns);
	printf("%llu %s\n", (unsigned long long)ns,
	       accepted ? "accepted" : "refused");
	fflush(stdout);
    }
    return 0;
}
