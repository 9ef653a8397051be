/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Contexts of the krb5 mechanism between two sides of one process, to measure
 * what each side costs; see tests/bench/bench_extra_tokens.py.
 *
 * usage: bench_context LIBGSSAPI LIBKRB5 CCACHE KEYTAB TARGET
 *
 * The libraries are opened by name, so the same program runs with Heimdal's
 * and with MIT krb5's: what it calls has the same interface in both, and what
 * it passes on of other types it never looks into.  Cache and keytab are
 * copied into memory first.
 *
 * For each line "N" of standard input: N contexts, and a line with the
 * nanoseconds of CPU time that all calls of gss_init_sec_context() and of
 * gss_accept_sec_context() took, and with the tokens of one exchange.  Before
 * it, bench_begin() is called, for --zero-before of callgrind.
 */

#include <dlfcn.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ERROR(major) ((major) & 0xffff0000U)
#define COMPLETE 0
#define CONTINUE_NEEDED 1

#define MUTUAL_AND_MESSAGES (2 | 4 | 8 | 16 | 32)

struct oid {
    uint32_t length;
    const void *elements;
};

struct buffer {
    size_t length;
    void *value;
};

static const struct oid krb5_mechanism = {
    9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
};
static const struct oid principal_name = {
    10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01"
};

static struct {
    uint32_t (*import_name)(uint32_t *, const struct buffer *,
			    const struct oid *, void **);
    uint32_t (*import_cred)(uint32_t *, void *, void *, void *, void **);
    uint32_t (*init)(uint32_t *, void *, void **, void *, const struct oid *,
		     uint32_t, uint32_t, void *, const struct buffer *,
		     struct oid **, struct buffer *, uint32_t *, uint32_t *);
    uint32_t (*accept)(uint32_t *, void **, void *, const struct buffer *,
		       void *, void **, struct oid **, struct buffer *,
		       uint32_t *, uint32_t *, void **);
    uint32_t (*delete)(uint32_t *, void **, struct buffer *);
    uint32_t (*release_buffer)(uint32_t *, struct buffer *);
    uint32_t (*release_name)(uint32_t *, void **);
} gss;

static struct {
    int (*init_context)(void **);
    int (*cc_resolve)(void *, const char *, void **);
    int (*cc_get_principal)(void *, void *, void **);
    int (*cc_initialize)(void *, void *, void *);
    int (*cc_start)(void *, void *, void *);
    int (*cc_next)(void *, void *, void *, void *);
    int (*cc_store)(void *, void *, void *);
    int (*kt_resolve)(void *, const char *, void **);
    int (*kt_start)(void *, void *, void *);
    int (*kt_next)(void *, void *, void *, void *);
    int (*kt_add)(void *, void *, void *);
} krb5;

static void *initiator_cred, *acceptor_cred, *target;

/*
 * Where callgrind begins to count.
 */
void
bench_begin(void);

void
bench_begin(void)
{
    __asm__ volatile ("" : : : "memory");
}

static void
find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);

    if (found == NULL)
	errx(1, "%s", dlerror());
    memcpy(function, &found, sizeof(found));
}

static void *
library(const char *name)
{
    void *found = dlopen(name, RTLD_NOW | RTLD_LOCAL);

    if (found == NULL)
	errx(1, "%s", dlerror());
    return found;
}

static void
find_functions(const char *libgssapi, const char *libkrb5)
{
    void *l = library(libgssapi);

    find(l, "gss_import_name", &gss.import_name);
    find(l, "gss_krb5_import_cred", &gss.import_cred);
    find(l, "gss_init_sec_context", &gss.init);
    find(l, "gss_accept_sec_context", &gss.accept);
    find(l, "gss_delete_sec_context", &gss.delete);
    find(l, "gss_release_buffer", &gss.release_buffer);
    find(l, "gss_release_name", &gss.release_name);
    l = library(libkrb5);
    find(l, "krb5_init_context", &krb5.init_context);
    find(l, "krb5_cc_resolve", &krb5.cc_resolve);
    find(l, "krb5_cc_get_principal", &krb5.cc_get_principal);
    find(l, "krb5_cc_initialize", &krb5.cc_initialize);
    find(l, "krb5_cc_start_seq_get", &krb5.cc_start);
    find(l, "krb5_cc_next_cred", &krb5.cc_next);
    find(l, "krb5_cc_store_cred", &krb5.cc_store);
    find(l, "krb5_kt_resolve", &krb5.kt_resolve);
    find(l, "krb5_kt_start_seq_get", &krb5.kt_start);
    find(l, "krb5_kt_next_entry", &krb5.kt_next);
    find(l, "krb5_kt_add_entry", &krb5.kt_add);
}

static void
good(int ret, const char *what)
{
    if (ret)
	errx(1, "%s: %d", what, ret);
}

static void
gss_good(uint32_t major, uint32_t minor, const char *what)
{
    if (ERROR(major))
	errx(1, "%s: %08x/%d", what, (unsigned)major, (int)minor);
}

/* Larger than the type that anybody has for it. */
union opaque {
    void *align;
    char room[512];
};

static void *
copy_cache(void *context, const char *name)
{
    union opaque cursor, creds;
    void *from, *to, *client;

    memset(&cursor, 0, sizeof(cursor));

    good(krb5.cc_resolve(context, name, &from), name);
    good(krb5.cc_resolve(context, "MEMORY:bench", &to), "MEMORY cache");
    good(krb5.cc_get_principal(context, from, &client), name);
    good(krb5.cc_initialize(context, to, client), "krb5_cc_initialize");
    good(krb5.cc_start(context, from, &cursor), name);
    for (;;) {
	memset(&creds, 0, sizeof(creds));
	if (krb5.cc_next(context, from, &cursor, &creds))
	    return to;
	good(krb5.cc_store(context, to, &creds), "krb5_cc_store_cred");
    }
}

static void *
copy_keytab(void *context, const char *name)
{
    union opaque cursor, entry;
    void *from, *to;

    memset(&cursor, 0, sizeof(cursor));
    good(krb5.kt_resolve(context, name, &from), name);
    good(krb5.kt_resolve(context, "MEMORY:bench", &to), "MEMORY keytab");
    good(krb5.kt_start(context, from, &cursor), name);
    for (;;) {
	memset(&entry, 0, sizeof(entry));
	if (krb5.kt_next(context, from, &entry, &cursor))
	    return to;
	good(krb5.kt_add(context, to, &entry), "krb5_kt_add_entry");
    }
}

static void
prepare(const char *cache, const char *keytab, const char *name)
{
    struct buffer text;
    void *context;
    uint32_t major, minor;

    good(krb5.init_context(&context), "krb5_init_context");
    major = gss.import_cred(&minor, copy_cache(context, cache), NULL, NULL,
			    &initiator_cred);
    gss_good(major, minor, "gss_krb5_import_cred, cache");
    major = gss.import_cred(&minor, NULL, NULL, copy_keytab(context, keytab),
			    &acceptor_cred);
    gss_good(major, minor, "gss_krb5_import_cred, keytab");
    text.value = strdup(name);
    text.length = strlen(name);
    major = gss.import_name(&minor, &text, &principal_name, &target);
    gss_good(major, minor, "gss_import_name");
    free(text.value);
}

static uint64_t
cpu_time(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now))
	err(1, "clock_gettime");
    return (uint64_t)now.tv_sec * 1000000000U + now.tv_nsec;
}

/*
 * One exchange; ns[0] and ns[1] get what each side's calls took.  Returns the
 * number of tokens.
 */
static int
exchange(uint64_t ns[2])
{
    void *context[2] = { NULL, NULL }, *source;
    struct buffer in = { 0, NULL }, out;
    uint32_t major[2] = { CONTINUE_NEEDED, CONTINUE_NEEDED }, minor, flags;
    int side = 0, tokens = 0;
    uint64_t before;

    do {
	out.length = 0;
	out.value = NULL;
	source = NULL;
	before = cpu_time();
	if (side == 0)
	    major[0] = gss.init(&minor, initiator_cred, &context[0], target,
				&krb5_mechanism, MUTUAL_AND_MESSAGES, 0, NULL,
				&in, NULL, &out, &flags, NULL);
	else
	    major[1] = gss.accept(&minor, &context[1], acceptor_cred, &in,
				  NULL, &source, NULL, &out, &flags, NULL,
				  NULL);
	ns[side] += cpu_time() - before;
	gss_good(major[side], minor, side ? "gss_accept_sec_context" :
		 "gss_init_sec_context");
	if (source != NULL)
	    gss.release_name(&minor, &source);
	if (in.length != 0)
	    gss.release_buffer(&minor, &in);
	in = out;
	tokens += in.length != 0;
	side = !side;
    } while (in.length != 0);
    if (major[0] != COMPLETE || major[1] != COMPLETE)
	errx(1, "the contexts are not complete");
    gss.delete(&minor, &context[0], NULL);
    gss.delete(&minor, &context[1], NULL);
    return tokens;
}

int
main(int argc, char **argv)
{
    uint64_t ns[2];
    char line[64];
    int count, tokens = 0;

    if (argc != 6)
	errx(1, "usage: bench_context LIBGSSAPI LIBKRB5 CCACHE KEYTAB TARGET");
    find_functions(argv[1], argv[2]);
    prepare(argv[3], argv[4], argv[5]);
    while (fgets(line, sizeof(line), stdin) != NULL) {
	ns[0] = ns[1] = 0;
	bench_begin();
	for (count = atoi(line); count > 0; count--)
	    tokens = exchange(ns);
	printf("%llu %llu %d\n", (unsigned long long)ns[0],
	       (unsigned long long)ns[1], tokens);
	fflush(stdout);
    }
    return 0;
}
