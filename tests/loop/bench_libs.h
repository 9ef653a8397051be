/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Libraries for the bench_* programs, opened by name, so that the
 * same program runs with Heimdal's and with MIT krb5's: what is called has the
 * same interface in both, and what is passed on of other types is never looked
 * into.
 */

#ifndef BENCH_LIBS_H
#define BENCH_LIBS_H 1

#include <stdint.h>
#include <stddef.h>

#define BENCH_ERROR(major) ((major) & 0xffff0000U)
#define BENCH_COMPLETE 0
#define BENCH_CONTINUE 1

#define BENCH_FLAGS (2 | 4 | 8 | 16 | 32)	/* mutual and messages */

struct bench_oid {
    uint32_t length;
    const void *elements;
};

struct bench_buffer {
    size_t length;
    void *value;
};

extern const struct bench_oid bench_krb5_mechanism;

extern struct bench_gss_functions {
    uint32_t (*import_name)(uint32_t *, const struct bench_buffer *,
			    const struct bench_oid *, void **);
    uint32_t (*import_cred)(uint32_t *, void *, void *, void *, void **);
    uint32_t (*init)(uint32_t *, void *, void **, void *,
		     const struct bench_oid *, uint32_t, uint32_t, void *,
		     const struct bench_buffer *, struct bench_oid **,
		     struct bench_buffer *, uint32_t *, uint32_t *);
    uint32_t (*accept)(uint32_t *, void **, void *,
		       const struct bench_buffer *, void *, void **,
		       struct bench_oid **, struct bench_buffer *,
		       uint32_t *, uint32_t *, void **);
    uint32_t (*delete)(uint32_t *, void **, struct bench_buffer *);
    uint32_t (*release_buffer)(uint32_t *, struct bench_buffer *);
    uint32_t (*release_name)(uint32_t *, void **);
} gss;

extern struct bench_krb5_functions {
    int (*init_context)(void **);
    int (*parse_name)(void *, const char *, void **);
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

void
bench_find_libs(const char *libgssapi, const char *libkrb5);

/* exit when it is an error */
void
bench_krb5(int ret, const char *what);
void
bench_gss(uint32_t major, uint32_t minor, const char *what);

/* a keytab in memory with what is in another */
void *
bench_copy_keytab(void *context, const char *name);

/* a credential of what is in a cache, copied into memory */
void *
bench_initiator(void *context, const char *cache);

/* a credential of a cache as it is */
void *
bench_initiator_of(void *context, const char *cache);

/* a GSS name of a principal */
void *
bench_name(const char *name);

/* of the process, system calls included; nanoseconds */
uint64_t
bench_cpu_time(void);

/* that passes; nanoseconds */
uint64_t
bench_wall_time(void);

/* of malloc()'s memory, in use; 0 where it cannot be had */
uint64_t
bench_bytes(void);

/* where callgrind begins to count */
void
bench_begin(void);

#endif /* BENCH_LIBS_H */
