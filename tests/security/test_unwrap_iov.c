/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The extra count (EC, RFC 4121 4.2.3) of a token for gss_unwrap_iov() counts
 * octets that are in the caller's buffers.  The buffers end, or begin, where
 * the next page cannot be touched; what a peer writes into EC does not make
 * the library go there.
 */

#include "gss_pair.h"
#include "sec_test.h"

#include <sys/mman.h>

static const char message[] = "the message that is protected";

#define MESSAGE_LENGTH (sizeof(message) - 1)
#define EC_OFFSET 4
#define RRC_OFFSET 6
#define N_IOV 3			/* header, data, trailer */
#define GUARDED (1 << 16)	/* of pages that can be touched */

/* guard page, GUARDED octets, guard page; NULL is an error */
static unsigned char *
guarded(void)
{
    size_t page = sysconf(_SC_PAGESIZE);
    unsigned char *p;

    p = mmap(NULL, GUARDED + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
	     -1, 0);
    if (p == MAP_FAILED || mprotect(p + page, GUARDED, PROT_READ | PROT_WRITE))
	err(1, "mmap");
    return p + page;
}

static void
wrap(struct gss_pair *pair, int conf, gss_iov_buffer_desc *iov)
{
    OM_uint32 major, minor;

    pair_connect(pair);
    memset(iov, 0, N_IOV * sizeof(*iov));
    iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER | GSS_IOV_BUFFER_FLAG_ALLOCATE;
    iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    iov[1].buffer.value = emalloc(MESSAGE_LENGTH);
    iov[1].buffer.length = MESSAGE_LENGTH;
    memcpy(iov[1].buffer.value, message, MESSAGE_LENGTH);
    iov[2].type = GSS_IOV_BUFFER_TYPE_TRAILER | GSS_IOV_BUFFER_FLAG_ALLOCATE;
    major = gss_wrap_iov(&minor, pair->initiator, conf, 0, NULL, iov, N_IOV);
    pair_gss(major, minor, "gss_wrap_iov");
}

static void
release(gss_iov_buffer_desc *iov)
{
    OM_uint32 minor;
    int i;

    for (i = 0; i < N_IOV; i++)
	gss_release_buffer(&minor, &iov[i].buffer);
}

/* The same buffer at the end of memory. */
static void
to_the_end(gss_iov_buffer_desc *to, const gss_iov_buffer_desc *from,
	   unsigned char *memory)
{
    to->type = GSS_IOV_BUFFER_TYPE(from->type);
    to->buffer.length = from->buffer.length;
    to->buffer.value = memory + GUARDED - from->buffer.length;
    memcpy(to->buffer.value, from->buffer.value, from->buffer.length);
}

static void
put16(gss_iov_buffer_desc *header, size_t offset, unsigned value)
{
    unsigned char *p = header->buffer.value;

    p[offset] = value >> 8 & 0xff;
    p[offset + 1] = value & 0xff;
}

static OM_uint32
unwrap(struct gss_pair *pair, gss_iov_buffer_desc *iov, int n)
{
    OM_uint32 minor;

    return gss_unwrap_iov(&minor, pair->acceptor, NULL, NULL, iov, n);
}

/* EC of a token with a trailer, which ends at the end of memory. */
static void
with_trailer(struct gss_pair *pair, int conf, unsigned ec,
	     unsigned char **memory)
{
    gss_iov_buffer_desc sealed[N_IOV], iov[N_IOV];
    OM_uint32 major, good;
    int i;

    wrap(pair, conf, sealed);
    for (i = 0; i < N_IOV; i++)
	to_the_end(&iov[i], &sealed[i], memory[i]);
    put16(&iov[0], EC_OFFSET, ec);
    major = unwrap(pair, iov, N_IOV);
    for (i = 0; i < N_IOV; i++)
	to_the_end(&iov[i], &sealed[i], memory[i]);
    good = unwrap(pair, iov, N_IOV);
    check(GSS_ERROR(major) && good == GSS_S_COMPLETE &&
	  memcmp(iov[1].buffer.value, message, MESSAGE_LENGTH) == 0,
	  "%s, trailer, EC %u: %08x; the real one: %08x",
	  conf ? "sealed" : "signed", ec, (unsigned)major, (unsigned)good);
    release(sealed);
}

/*
 * The same with the trailer rotated into the header, which begins at the
 * beginning of memory: "header", trailer, and what the encryption puts first.
 */
static void
rotated(struct gss_pair *pair, unsigned ec, unsigned char **memory)
{
    gss_iov_buffer_desc sealed[N_IOV], iov[N_IOV - 1];
    OM_uint32 major[2];
    unsigned char *p;
    size_t trailer;
    int i;

    wrap(pair, 1, sealed);
    trailer = sealed[2].buffer.length;
    for (i = 0; i < 2; i++) {
	to_the_end(&iov[1], &sealed[1], memory[1]);
	p = memory[0];
	memcpy(p, sealed[0].buffer.value, 16);
	memcpy(p + 16, sealed[2].buffer.value, trailer);
	memcpy(p + 16 + trailer, (char *)sealed[0].buffer.value + 16,
	       sealed[0].buffer.length - 16);
	iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
	iov[0].buffer.value = p;
	iov[0].buffer.length = sealed[0].buffer.length + trailer;
	put16(&iov[0], RRC_OFFSET, trailer);
	if (i == 0)
	    put16(&iov[0], EC_OFFSET, ec);
	major[i] = unwrap(pair, iov, N_IOV - 1);
    }
    check(GSS_ERROR(major[0]) && major[1] == GSS_S_COMPLETE &&
	  memcmp(iov[1].buffer.value, message, MESSAGE_LENGTH) == 0,
	  "sealed, rotated, EC %u: %08x; the real one: %08x", ec,
	  (unsigned)major[0], (unsigned)major[1]);
    release(sealed);
}

int
main(int argc, char **argv)
{
    static const unsigned counts[] = { 1, 12, 16, 4096, 32767, 65535 };
    unsigned char *memory[N_IOV];
    struct gss_pair pair;
    size_t i;

    for (i = 0; i < N_IOV; i++)
	memory[i] = guarded();
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
	with_trailer(&pair, 0, counts[i] == 12 ? 13 : counts[i], memory);
	with_trailer(&pair, 1, counts[i], memory);
	rotated(&pair, counts[i], memory);
    }
    pair_free(&pair);
    return check_done();
}
