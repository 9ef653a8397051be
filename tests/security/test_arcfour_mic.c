/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * CVE-2022-45142: the checksums of arcfour MIC and wrap tokens are compared
 * the right way round.  Whatever octet of a token is changed, the token is
 * refused; unchanged it is accepted, also after the changed one.
 *
 * SND_SEQ is RC4-encrypted with a key from the checksum and not covered by it
 * (RFC 4757 7.3), so a change of its first half gives another sequence number
 * and not an error: with the sequence flag the caller is told, and that is all
 * the format offers.
 */

#include "gss_pair.h"
#include "sec_test.h"

enum kind { MIC, WRAP_INTEG, WRAP_CONF };

static const char *const kind_names[] = { "mic", "wrap", "sealed wrap" };

static const char message[] = "the message that is protected";

/* From the end of the GSS header: SND_SEQ at 8 of MIC and wrap tokens. */
#define SND_SEQ_OFFSET 8
#define SND_SEQ_NUMBER_LENGTH 4

struct direction {
    const char *name;
    gss_ctx_id_t from;
    gss_ctx_id_t to;
};

static struct direction
direction(struct gss_pair *pair, int backwards)
{
    struct direction d;

    d.name = backwards ? "acceptor to initiator" : "initiator to acceptor";
    d.from = backwards ? pair->acceptor : pair->initiator;
    d.to = backwards ? pair->initiator : pair->acceptor;
    return d;
}

static void
make_token(struct direction d, enum kind kind, gss_buffer_t token)
{
    gss_buffer_desc msg;
    OM_uint32 major, minor;
    int conf;

    msg.value = rk_UNCONST(message);
    msg.length = sizeof(message);
    if (kind == MIC)
	major = gss_get_mic(&minor, d.from, 0, &msg, token);
    else
	major = gss_wrap(&minor, d.from, kind == WRAP_CONF, 0, &msg, &conf,
			 token);
    pair_gss(major, minor, "protect");
}

/*
 * GSS_S_FAILURE as well when unwrap succeeds with another message.
 */
static OM_uint32
verify_token(struct direction d, enum kind kind, gss_buffer_t token)
{
    gss_buffer_desc msg;
    OM_uint32 major, minor;

    if (kind == MIC) {
	msg.value = rk_UNCONST(message);
	msg.length = sizeof(message);
	return gss_verify_mic(&minor, d.to, &msg, token, NULL);
    }
    major = gss_unwrap(&minor, d.to, token, &msg, NULL, NULL);
    if (!GSS_ERROR(major) &&
	(msg.length != sizeof(message) ||
	 memcmp(msg.value, message, sizeof(message)) != 0))
	major = GSS_S_FAILURE;
    gss_release_buffer(&minor, &msg);
    return major;
}

/*
 * Where the token proper starts: behind 0x60, the length and the mechanism.
 */
static size_t
header_length(gss_buffer_t token)
{
    const unsigned char *p = token->value;
    size_t len_len = p[1] < 0x80 ? 1 : 1 + (p[1] & 0x7f);

    return 1 + len_len + 2 + GSS_KRB5_MECHANISM->length;
}

static int
is_sequence_number(gss_buffer_t token, size_t i)
{
    size_t start = header_length(token) + SND_SEQ_OFFSET;

    return i >= start && i < start + SND_SEQ_NUMBER_LENGTH;
}

/*
 * TOK_ID and SGN_ALG of RFC 4757 7.2 and 7.3, so that this is about arcfour.
 */
static void
test_is_arcfour(struct gss_pair *pair, enum kind kind)
{
    gss_buffer_desc token;
    const unsigned char *p;
    OM_uint32 minor;

    pair_connect(pair);
    make_token(direction(pair, 0), kind, &token);
    p = token.value;
    check(p[0] == 0x60 && token.length >= header_length(&token) + 24 &&
	  memcmp(p + header_length(&token),
		 kind == MIC ? "\x01\x01\x11\x00" : "\x02\x01\x11\x00",
		 4) == 0, "%s is an arcfour token", kind_names[kind]);
    gss_release_buffer(&minor, &token);
}

/*
 * Every octet changed, in every way that flips one bit or all of them, in a
 * context of its own.
 */
static void
test_flips(struct gss_pair *pair, enum kind kind, int backwards)
{
    static const unsigned char masks[] = {
	0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff
    };
    gss_buffer_desc token;
    struct direction d;
    OM_uint32 major, good, minor;
    size_t i, m, length;
    int ok, n = 0;

    pair_connect(pair);
    d = direction(pair, backwards);
    make_token(d, kind, &token);
    length = token.length;
    gss_release_buffer(&minor, &token);

    for (i = 0; i < length; i++) {
	ok = 1;
	major = good = 0;
	for (m = 0; ok && m < sizeof(masks); m++) {
	    pair_connect(pair);
	    d = direction(pair, backwards);
	    make_token(d, kind, &token);
	    ((unsigned char *)token.value)[i] ^= masks[m];
	    major = verify_token(d, kind, &token);
	    ((unsigned char *)token.value)[i] ^= masks[m];
	    good = verify_token(d, kind, &token);
	    if (is_sequence_number(&token, i))
		ok = major != GSS_S_COMPLETE && !GSS_ERROR(good);
	    else
		ok = GSS_ERROR(major) && good == GSS_S_COMPLETE;
	    gss_release_buffer(&minor, &token);
	    n++;
	}
	check(ok, "%s, %s, octet %lu of %lu changed: %08x, unchanged: %08x",
	      kind_names[kind], d.name, (unsigned long)i,
	      (unsigned long)length, (unsigned)major, (unsigned)good);
    }
    check(n == (int)(length * sizeof(masks)), "%s, %s: %d changes tried",
	  kind_names[kind], d.name, n);
}

static void
test_truncated(struct gss_pair *pair, enum kind kind, int backwards)
{
    gss_buffer_desc token, cut;
    struct direction d;
    OM_uint32 minor;
    int ok = 1;

    pair_connect(pair);
    d = direction(pair, backwards);
    make_token(d, kind, &token);
    cut.value = token.value;
    for (cut.length = 0; cut.length < token.length; cut.length++)
	if (!GSS_ERROR(verify_token(d, kind, &cut)))
	    ok = 0;
    check(ok, "%s, %s: refused at each shorter length", kind_names[kind],
	  d.name);
    check(verify_token(d, kind, &token) == GSS_S_COMPLETE,
	  "%s, %s: accepted in full after that", kind_names[kind], d.name);
    gss_release_buffer(&minor, &token);
}

static void
test_good(struct gss_pair *pair, enum kind kind, int backwards)
{
    gss_buffer_desc token;
    struct direction d;
    OM_uint32 major, minor;
    int i;

    pair_connect(pair);
    d = direction(pair, backwards);
    for (i = 0; i < 4; i++) {
	make_token(d, kind, &token);
	major = verify_token(d, kind, &token);
	check(major == GSS_S_COMPLETE, "%s, %s, token %d: accepted (%08x)",
	      kind_names[kind], d.name, i, (unsigned)major);
	major = verify_token(d, kind, &token);
	check(major == GSS_S_DUPLICATE_TOKEN, "  and a duplicate when it is "
	      "there again (%08x)", (unsigned)major);
	gss_release_buffer(&minor, &token);
    }
}

/* A MIC of one context is not one of another. */
static void
test_other_key(struct gss_pair *pair, enum kind kind)
{
    gss_buffer_desc token;
    OM_uint32 major, minor;

    pair_connect(pair);
    make_token(direction(pair, 0), kind, &token);
    pair_connect(pair);
    major = verify_token(direction(pair, 0), kind, &token);
    check(GSS_ERROR(major), "%s of another context refused (%08x)",
	  kind_names[kind], (unsigned)major);
    gss_release_buffer(&minor, &token);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    int kind, backwards;

    pair_init(&pair, ETYPE_ARCFOUR_HMAC_MD5);
    for (kind = MIC; kind <= WRAP_CONF; kind++) {
	test_is_arcfour(&pair, kind);
	for (backwards = 0; backwards <= 1; backwards++) {
	    test_good(&pair, kind, backwards);
	    test_flips(&pair, kind, backwards);
	    test_truncated(&pair, kind, backwards);
	}
	test_other_key(&pair, kind);
    }
    pair_free(&pair);
    return check_done();
}
