/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The sequence number of a message counts when the message has been verified
 * and not before.  Otherwise a token with any number in it that is out of
 * order gives a supplementary status, which is no error (GSS_ERROR()), for
 * whatever message; and a forged one uses up the number of the real one.
 */

#include "gss_pair.h"
#include "sec_test.h"

enum kind { MIC, WRAP_INTEG, WRAP_CONF, IOV_INTEG, IOV_CONF };

static const char *const kind_names[] = {
    "mic", "wrap", "sealed wrap", "iov wrap", "sealed iov wrap"
};

static const char message[] = "the message that is protected";

#define MESSAGE_LENGTH (sizeof(message) - 1)

/* RFC 4121 4.2.6: SND_SEQ of MIC and wrap tokens */
#define SND_SEQ_OFFSET 8
#define SND_SEQ_LENGTH 8

/* A token with what it protects, in one piece or in three. */
struct sealed {
    enum kind kind;
    gss_iov_buffer_desc iov[3];	/* header (or all of it), data, trailer */
};

static void
set_copy(gss_buffer_t buffer, const void *p, size_t n)
{
    buffer->value = emalloc(n);
    memcpy(buffer->value, p, n);
    buffer->length = n;
}

static OM_uint32
seal_iov(gss_ctx_id_t from, struct sealed *sealed, OM_uint32 *minor)
{
    int conf;

    sealed->iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER |
	GSS_IOV_BUFFER_FLAG_ALLOCATE;
    sealed->iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    sealed->iov[2].type = GSS_IOV_BUFFER_TYPE_TRAILER |
	GSS_IOV_BUFFER_FLAG_ALLOCATE;
    set_copy(&sealed->iov[1].buffer, message, MESSAGE_LENGTH);
    return gss_wrap_iov(minor, from, sealed->kind == IOV_CONF, 0, &conf,
			sealed->iov, 3);
}

static void
seal(gss_ctx_id_t from, enum kind kind, struct sealed *sealed)
{
    gss_buffer_desc in;
    OM_uint32 major, minor;

    memset(sealed, 0, sizeof(*sealed));
    sealed->kind = kind;
    in.value = rk_UNCONST(message);
    in.length = MESSAGE_LENGTH;
    if (kind == MIC)
	major = gss_get_mic(&minor, from, 0, &in, &sealed->iov[0].buffer);
    else if (kind == WRAP_INTEG || kind == WRAP_CONF)
	major = gss_wrap(&minor, from, kind == WRAP_CONF, 0, &in, NULL,
			 &sealed->iov[0].buffer);
    else
	major = seal_iov(from, sealed, &minor);
    pair_gss(major, minor, kind_names[kind]);
}

static int
is_message(gss_buffer_t buffer)
{
    return buffer->length == MESSAGE_LENGTH &&
	memcmp(buffer->value, message, MESSAGE_LENGTH) == 0;
}

/* Verify copies: unwrapping works in place.  *text is whether it came out. */
static OM_uint32
open_iov(gss_ctx_id_t to, struct sealed *sealed, int *text)
{
    gss_iov_buffer_desc iov[3];
    void *copies[3];
    OM_uint32 major, minor;
    int i;

    for (i = 0; i < 3; i++) {
	iov[i].type = GSS_IOV_BUFFER_TYPE(sealed->iov[i].type);
	set_copy(&iov[i].buffer, sealed->iov[i].buffer.value,
		 sealed->iov[i].buffer.length);
	copies[i] = iov[i].buffer.value;
    }
    major = gss_unwrap_iov(&minor, to, NULL, NULL, iov, 3);
    *text = is_message(&iov[1].buffer);
    for (i = 0; i < 3; i++)
	free(copies[i]);
    return major;
}

static OM_uint32
open_token(gss_ctx_id_t to, struct sealed *sealed, int *text)
{
    gss_buffer_desc copy, out;
    OM_uint32 major, minor;

    if (sealed->kind == IOV_INTEG || sealed->kind == IOV_CONF)
	return open_iov(to, sealed, text);
    set_copy(&copy, sealed->iov[0].buffer.value,
	     sealed->iov[0].buffer.length);
    memset(&out, 0, sizeof(out));
    if (sealed->kind == MIC) {
	out.value = rk_UNCONST(message);
	out.length = MESSAGE_LENGTH;
	major = gss_verify_mic(&minor, to, &out, &copy, NULL);
	*text = 1;
    } else {
	major = gss_unwrap(&minor, to, &copy, &out, NULL, NULL);
	*text = is_message(&out);
	gss_release_buffer(&minor, &out);
    }
    free(copy.value);
    return major;
}

static void
unseal(struct sealed *sealed)
{
    OM_uint32 minor;
    int i;

    for (i = 0; i < 3; i++)
	gss_release_buffer(&minor, &sealed->iov[i].buffer);
}

/*
 * A token with one octet changed is refused, and the real one is then
 * accepted, once.
 */
static void
forge(struct gss_pair *pair, enum kind kind, const char *what, size_t offset,
      unsigned char mask)
{
    OM_uint32 forged, good, again;
    struct sealed sealed;
    unsigned char *p;
    int text = 0, text_again = 0, ignored;

    pair_connect(pair);
    seal(pair->initiator, kind, &sealed);
    p = sealed.iov[0].buffer.value;
    if (offset == 0)
	offset = sealed.iov[0].buffer.length - 1;
    p[offset] ^= mask;
    forged = open_token(pair->acceptor, &sealed, &ignored);
    p[offset] ^= mask;
    good = open_token(pair->acceptor, &sealed, &text);
    again = open_token(pair->acceptor, &sealed, &text_again);
    unseal(&sealed);
    check(GSS_ERROR(forged) && good == GSS_S_COMPLETE && text &&
	  again == GSS_S_DUPLICATE_TOKEN && text_again,
	  "%s %s, %s changed: %08x; the real one: %08x, twice: %08x",
	  what, kind_names[kind], offset >= SND_SEQ_OFFSET &&
	  offset < SND_SEQ_OFFSET + SND_SEQ_LENGTH ? "SND_SEQ" : "the end",
	  (unsigned)forged, (unsigned)good, (unsigned)again);
}

/*
 * A token that is missing: the caller is told, and has the message.
 */
static void
gap(struct gss_pair *pair, enum kind kind, const char *what)
{
    struct sealed first, second, third;
    OM_uint32 major[2];
    int text[2];

    pair_connect(pair);
    seal(pair->initiator, kind, &first);
    seal(pair->initiator, kind, &second);
    seal(pair->initiator, kind, &third);
    major[0] = open_token(pair->acceptor, &first, &text[0]);
    major[1] = open_token(pair->acceptor, &third, &text[1]);
    check(major[0] == GSS_S_COMPLETE && major[1] == GSS_S_GAP_TOKEN &&
	  text[0] && text[1], "%s %s: first %08x, third %08x", what,
	  kind_names[kind], (unsigned)major[0], (unsigned)major[1]);
    unseal(&first);
    unseal(&second);
    unseal(&third);
}

static void
test_aes(void)
{
    struct gss_pair pair;
    int kind;
    size_t i;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    for (kind = MIC; kind <= IOV_CONF; kind++) {
	for (i = 0; i < SND_SEQ_LENGTH; i++)
	    forge(&pair, kind, "aes", SND_SEQ_OFFSET + i, 0x21);
	if (kind <= WRAP_CONF)
	    forge(&pair, kind, "aes", 0, 1);
	gap(&pair, kind, "aes");
    }
    pair_free(&pair);
}

/* RFC 1964 tokens: the last octet of SGN_CKSUM; two more follow, unused. */
#define DES3_MIC_LAST 48

static void
test_des3(void)
{
    struct gss_pair pair;
    int kind;

    pair_init(&pair, ETYPE_DES3_CBC_SHA1);
    for (kind = MIC; kind <= WRAP_INTEG; kind++) {
	if (kind == MIC)
	    forge(&pair, kind, "des3", DES3_MIC_LAST, 1);
	gap(&pair, kind, "des3");
    }
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    test_aes();
    test_des3();
    return check_done();
}
