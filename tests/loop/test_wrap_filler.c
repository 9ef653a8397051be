/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The extra count of a sealed wrap token, RFC 4121 4.2.4, is not protected
 * before the token is decrypted: gss_unwrap_iov() must not let it reach
 * outside of the caller's buffers.  A filler that is there is taken.
 */

#include "gss_call.h"
#include "sec_test.h"

#define TOKEN	16	/* the header of RFC 4121 4.2.6.2 */
#define CONF	16	/* confounder and MAC of aes256-cts-hmac-sha1-96 */
#define MAC	12
#define FILLER	5

static gss_buffer_desc msg = { 16, "sixteen octets.." };

/*
 * Buffers with room around each of them, to see what is written there.
 */
struct arena {
    unsigned char before[4096], header[TOKEN + CONF + TOKEN + MAC];
    unsigned char between[4096], data[16];
    unsigned char behind[4096], trailer[FILLER + TOKEN + MAC], after[4096];
    gss_iov_buffer_desc iov[3];
    int count;
};

static void
arena_init(struct arena *a, size_t header, size_t trailer)
{
    memset(a, 0xa5, sizeof(*a));
    memset(a->iov, 0, sizeof(a->iov));
    a->iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
    a->iov[0].buffer.value = a->header;
    a->iov[0].buffer.length = header;
    a->iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    a->iov[1].buffer.value = a->data;
    a->iov[1].buffer.length = sizeof(a->data);
    memcpy(a->data, msg.value, msg.length);
    a->iov[2].type = GSS_IOV_BUFFER_TYPE_TRAILER;
    a->iov[2].buffer.value = a->trailer;
    a->iov[2].buffer.length = trailer;
    a->count = trailer ? 3 : 2;
}

static int
untouched(const unsigned char *p, size_t len)
{
    while (len > 0 && *p == 0xa5) {
	p++;
	len--;
    }
    return len == 0;
}

static void
set_count(struct arena *a, unsigned int count)
{
    a->header[4] = count >> 8;
    a->header[5] = count;
}

static void
test_count(struct gss_pair *pair, int trailer, unsigned int count)
{
    struct arena *a = emalloc(sizeof(*a));
    OM_uint32 major, minor;
    int conf;

    call_connect(pair, CALL_FLAGS);
    arena_init(a, TOKEN + CONF + (trailer ? 0 : TOKEN + MAC),
	       trailer ? TOKEN + MAC : 0);
    major = gss_wrap_iov(&minor, pair->initiator, 1, 0, &conf, a->iov,
			 a->count);
    pair_gss(major, minor, "gss_wrap_iov");
    set_count(a, count);
    major = gss_unwrap_iov(&minor, pair->acceptor, &conf, NULL, a->iov,
			   a->count);
    check(major == GSS_S_DEFECTIVE_TOKEN, "%s trailer, extra count %u: %08x",
	  trailer ? "with" : "no", count, (unsigned)major);
    check(untouched(a->before, sizeof(a->before)) &&
	  untouched(a->between, sizeof(a->between)) &&
	  untouched(a->behind, sizeof(a->behind)) &&
	  untouched(a->after, sizeof(a->after)),
	  "  and nothing is written outside of the buffers");
    free(a);
    call_connect(pair, CALL_FLAGS);
    check(call_both_work(pair), "  a good exchange works");
}

/*
 * A sealed token with a filler, as RFC 4121 permits and we never send it:
 * encrypt(message | filler | header) with the context's key.
 */
static void
test_filler(struct gss_pair *pair)
{
    struct arena *a = emalloc(sizeof(*a));
    unsigned char plain[16 + FILLER + TOKEN], *p;
    krb5_keyblock *key;
    krb5_crypto crypto;
    gss_buffer_desc token;
    OM_uint32 major, minor;
    krb5_data enc;
    int conf = 0;
    size_t tail = FILLER + TOKEN + MAC;

    call_connect(pair, CALL_FLAGS);
    /* for the header of the right direction and number */
    major = gss_wrap(&minor, pair->initiator, 1, 0, &msg, NULL, &token);
    pair_gss(major, minor, "gss_wrap");
    arena_init(a, TOKEN + CONF, tail);
    memcpy(a->header, token.value, TOKEN);
    gss_release_buffer(&minor, &token);
    set_count(a, FILLER);
    a->header[6] = a->header[7] = 0;	/* RRC */

    memcpy(plain, msg.value, 16);
    memset(plain + 16, 0xff, FILLER);
    memcpy(plain + 16 + FILLER, a->header, TOKEN);
    major = gsskrb5_get_subkey(&minor, pair->initiator, &key);
    pair_gss(major, minor, "gsskrb5_get_subkey");
    pair_krb5(pair, krb5_crypto_init(pair->context, key, 0, &crypto),
	      "krb5_crypto_init");
    pair_krb5(pair, krb5_encrypt(pair->context, crypto,
				 KRB5_KU_USAGE_INITIATOR_SEAL, plain,
				 sizeof(plain), &enc), "krb5_encrypt");
    krb5_crypto_destroy(pair->context, crypto);
    krb5_free_keyblock(pair->context, key);
    p = enc.data;
    memcpy(a->header + TOKEN, p, CONF);
    memcpy(a->data, p + CONF, 16);
    memcpy(a->trailer, p + CONF + 16, tail);
    krb5_data_free(&enc);

    major = gss_unwrap_iov(&minor, pair->acceptor, &conf, NULL, a->iov,
			   a->count);
    check(major == GSS_S_COMPLETE && conf &&
	  memcmp(a->data, msg.value, 16) == 0,
	  "with trailer, a filler that is there: %08x/%d", (unsigned)major,
	  (int)minor);
    free(a);
}

int
main(int argc, char **argv)
{
    static const unsigned int counts[] = { 1, 16, 512, 4000 };
    struct gss_pair pair;
    size_t i;
    int trailer;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    for (trailer = 0; trailer < 2; trailer++) {
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
	    test_count(&pair, trailer, counts[i]);
    }
    test_filler(&pair);
    pair_free(&pair);
    return check_done();
}
