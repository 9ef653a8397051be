/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See bench_libs.h.
 */

#include <dlfcn.h>
#include <err.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_libs.h"

#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
#define HAVE_MALLINFO2 1
#endif
#endif

const struct bench_oid bench_krb5_mechanism = {
    9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
};
static const struct bench_oid principal_name = {
    10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01"
};

struct bench_gss_functions gss;
struct bench_krb5_functions krb5;

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

void
bench_find_libs(const char *libgssapi, const char *libkrb5)
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
    find(l, "krb5_parse_name", &krb5.parse_name);
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

void
bench_krb5(int ret, const char *what)
{
    if (ret)
	errx(1, "%s: %d", what, ret);
}

void
bench_gss(uint32_t major, uint32_t minor, const char *what)
{
    if (BENCH_ERROR(major))
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

    bench_krb5(krb5.cc_resolve(context, name, &from), name);
    bench_krb5(krb5.cc_resolve(context, "MEMORY:bench", &to), "MEMORY cache");
    bench_krb5(krb5.cc_get_principal(context, from, &client), name);
    bench_krb5(krb5.cc_initialize(context, to, client), "krb5_cc_initialize");
    bench_krb5(krb5.cc_start(context, from, &cursor), name);
    for (;;) {
	memset(&creds, 0, sizeof(creds));
	if (krb5.cc_next(context, from, &cursor, &creds))
	    return to;
	bench_krb5(krb5.cc_store(context, to, &creds), "krb5_cc_store_cred");
    }
}

void *
bench_copy_keytab(void *context, const char *name)
{
    union opaque cursor, entry;
    void *from, *to;

    memset(&cursor, 0, sizeof(cursor));
    bench_krb5(krb5.kt_resolve(context, name, &from), name);
    bench_krb5(krb5.kt_resolve(context, "MEMORY:bench", &to), "MEMORY keytab");
    bench_krb5(krb5.kt_start(context, from, &cursor), name);
    for (;;) {
	memset(&entry, 0, sizeof(entry));
	if (krb5.kt_next(context, from, &entry, &cursor))
	    return to;
	bench_krb5(krb5.kt_add(context, to, &entry), "krb5_kt_add_entry");
    }
}

static void *
import_cache(void *cache)
{
    uint32_t major, minor;
    void *cred;

    major = gss.import_cred(&minor, cache, NULL, NULL, &cred);
    bench_gss(major, minor, "gss_krb5_import_cred, cache");
    return cred;
}

void *
bench_initiator(void *context, const char *cache)
{
    return import_cache(copy_cache(context, cache));
}

void *
bench_initiator_of(void *context, const char *cache)
{
    void *resolved;

    bench_krb5(krb5.cc_resolve(context, cache, &resolved), cache);
    return import_cache(resolved);
}

void *
bench_name(const char *name)
{
    struct bench_buffer text;
    uint32_t major, minor;
    void *out;

    text.value = strdup(name);
    text.length = strlen(name);
    major = gss.import_name(&minor, &text, &principal_name, &out);
    bench_gss(major, minor, "gss_import_name");
    free(text.value);
    return out;
}

static uint64_t
now(clockid_t clock)
{
    struct timespec ts;

    if (clock_gettime(clock, &ts))
	err(1, "clock_gettime");
    return (uint64_t)ts.tv_sec * 1000000000U + ts.tv_nsec;
}

uint64_t
bench_cpu_time(void)
{
    return now(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t
bench_wall_time(void)
{
    return now(CLOCK_MONOTONIC);
}

uint64_t
bench_bytes(void)
{
#ifdef HAVE_MALLINFO2
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}
