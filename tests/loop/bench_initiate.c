/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * First calls of an initiator whose tickets are in a FILE credential cache, to
 * measure what they cost; see tests/bench/bench_ccache.py.
 *
 * usage: bench_initiate LIBGSSAPI LIBKRB5 CCACHE TARGET
 *
 * The ticket for TARGET is in CCACHE, or can be had.  For each line "N" of
 * standard input: N calls of gss_init_sec_context(), each on a new context,
 * and a line with the nanoseconds of CPU time that they took; for a line
 * "syscalls", one with the number of system calls that one takes, -1 where
 * that cannot be counted.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_libs.h"
#include "count_syscalls.h"

static void *initiator_cred, *target;

static void
initiate(void *arg)
{
    struct bench_buffer token = { 0, NULL };
    void *context = NULL;
    uint32_t major, minor;
    uint64_t *ns = arg, before = ns ? bench_cpu_time() : 0;

    major = gss.init(&minor, initiator_cred, &context, target,
		     &bench_krb5_mechanism, BENCH_FLAGS, 0, NULL, NULL, NULL,
		     &token, NULL, NULL);
    if (ns != NULL)
	*ns += bench_cpu_time() - before;
    bench_gss(major, minor, "gss_init_sec_context");
    if (ns == NULL)
	return;			/* its end is not to be counted */
    gss.release_buffer(&minor, &token);
    gss.delete(&minor, &context, NULL);
}

int
main(int argc, char **argv)
{
    void *context;
    char line[64];
    uint64_t ns;
    int count;

    if (argc != 5)
	errx(1, "usage: bench_initiate LIBGSSAPI LIBKRB5 CCACHE TARGET");
    bench_find_libs(argv[1], argv[2]);
    bench_krb5(krb5.init_context(&context), "krb5_init_context");
    initiator_cred = bench_initiator_of(context, argv[3]);
    target = bench_name(argv[4]);
    while (fgets(line, sizeof(line), stdin) != NULL) {
	if (strcmp(line, "syscalls\n") == 0) {
	    printf("%ld\n", count_syscalls(initiate, NULL));
	} else {
	    ns = 0;
	    bench_begin();
	    for (count = atoi(line); count > 0; count--)
		initiate(&ns);
	    printf("%llu\n", (unsigned long long)ns);
	}
	fflush(stdout);
    }
    return 0;
}
