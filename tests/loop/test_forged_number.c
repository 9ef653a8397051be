/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A message that does not verify changes nothing: the true message with its
 * number is still new, and those after it are in order.
 */

#include "gss_call.h"
#include "sec_test.h"

static gss_buffer_desc msg = { 32, "a message of two cipher blocks.." };

enum kind { MIC, WRAP, SEAL, IOV };
static const char *const kinds[] = { "MIC", "wrap", "seal", "iov" };

/*
 * Make the token of a message; with IOV the octets of header and data in one
 * buffer.  Free token.
 */
static void
make(gss_ctx_id_t from, enum kind kind, gss_buffer_t token)
{
    gss_iov_buffer_desc iov[2];
    OM_uint32 major, minor;
    int conf;

    switch (kind) {
    case MIC:
	major = gss_get_mic(&minor, from, 0, &msg, token);
	break;
    case IOV:
	memset(iov, 0, sizeof(iov));
	iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
	iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
	iov[1].buffer.length = msg.length;
	major = gss_wrap_iov_length(&minor, from, 1, 0, &conf, iov, 2);
	pair_gss(major, minor, "gss_wrap_iov_length");
	token->length = iov[0].buffer.length + msg.length;
	token->value = emalloc(token->length);
	iov[0].buffer.value = token->value;
	iov[1].buffer.value = (char *)token->value + iov[0].buffer.length;
	memcpy(iov[1].buffer.value, msg.value, msg.length);
	major = gss_wrap_iov(&minor, from, 1, 0, &conf, iov, 2);
	break;
    default:
	major = gss_wrap(&minor, from, kind == SEAL, 0, &msg, &conf, token);
	break;
    }
    pair_gss(major, minor, kinds[kind]);
}

/*
 * Read a copy of the token.
 */
static OM_uint32
take(gss_ctx_id_t to, enum kind kind, gss_buffer_t token)
{
    gss_iov_buffer_desc iov[2];
    gss_buffer_desc copy, plain;
    OM_uint32 major, minor;

    copy.length = token->length;
    copy.value = emalloc(copy.length);
    memcpy(copy.value, token->value, copy.length);
    switch (kind) {
    case MIC:
	major = gss_verify_mic(&minor, to, &msg, &copy, NULL);
	break;
    case IOV:
	memset(iov, 0, sizeof(iov));
	iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
	iov[0].buffer.value = copy.value;
	iov[0].buffer.length = copy.length - msg.length;
	iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
	iov[1].buffer.value = (char *)copy.value + iov[0].buffer.length;
	iov[1].buffer.length = msg.length;
	major = gss_unwrap_iov(&minor, to, NULL, NULL, iov, 2);
	break;
    default:
	major = gss_unwrap(&minor, to, &copy, &plain, NULL, NULL);
	gss_release_buffer(&minor, &plain);
	break;
    }
    free(copy.value);
    return major;
}

static void
test_kind(struct gss_pair *pair, krb5_enctype enctype, enum kind kind)
{
    gss_buffer_desc token, forged;
    OM_uint32 major, minor;
    unsigned char *p;
    size_t where;

    call_connect(pair, CALL_FLAGS);
    make(pair->initiator, kind, &token);
    forged.length = token.length;
    forged.value = emalloc(forged.length);
    memcpy(forged.value, token.value, token.length);
    p = forged.value;
    /* in the checksum; in the message, and not in its padding */
    where = forged.length - (kind == MIC ? 4 : 28);
    p[where] ^= 1;
    major = take(pair->acceptor, kind, &forged);
    check(major == GSS_S_BAD_MIC || major == GSS_S_FAILURE,
	  "%d %s: a changed message is refused: %08x", (int)enctype,
	  kinds[kind], (unsigned)major);
    if (enctype == ETYPE_AES256_CTS_HMAC_SHA1_96) {
	p[where] ^= 1;
	p[14]++;		/* SND_SEQ, RFC 4121 4.2.6 */
	major = take(pair->acceptor, kind, &forged);
	check(major == GSS_S_BAD_MIC || major == GSS_S_FAILURE,
	      "%d %s: and one with a later number: %08x", (int)enctype,
	      kinds[kind], (unsigned)major);
    }
    major = take(pair->acceptor, kind, &token);
    check(major == GSS_S_COMPLETE, "%d %s: the true one is taken: %08x",
	  (int)enctype, kinds[kind], (unsigned)major);
    major = take(pair->acceptor, kind, &token);
    check(major == GSS_S_DUPLICATE_TOKEN, "%d %s: once: %08x", (int)enctype,
	  kinds[kind], (unsigned)major);
    gss_release_buffer(&minor, &token);
    make(pair->initiator, kind, &token);
    major = take(pair->acceptor, kind, &token);
    check(major == GSS_S_COMPLETE, "%d %s: the next is in order: %08x",
	  (int)enctype, kinds[kind], (unsigned)major);
    gss_release_buffer(&minor, &token);
    free(forged.value);
}

static void
test(krb5_enctype enctype)
{
    struct gss_pair pair;

    pair_init(&pair, enctype);
    test_kind(&pair, enctype, MIC);
    test_kind(&pair, enctype, WRAP);
    test_kind(&pair, enctype, SEAL);
    /* without an IOV of its own: DES3; with other buffers: arcfour */
    if (enctype == ETYPE_AES256_CTS_HMAC_SHA1_96)
	test_kind(&pair, enctype, IOV);
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    test(ETYPE_AES256_CTS_HMAC_SHA1_96);
    test(ETYPE_DES3_CBC_SHA1);
    test(ETYPE_ARCFOUR_HMAC_MD5);
    return check_done();
}
