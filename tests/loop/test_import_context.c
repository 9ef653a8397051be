/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gss_import_sec_context() of what is not, or not wholly, an exported
 * context: GSS_S_DEFECTIVE_TOKEN and no context, whatever is cut off or
 * changed; what is imported nevertheless can be used without harm.  A real
 * one works, and comes out as it went in.
 *
 * REQ: XT-52
 */

#include "gss_call.h"
#include "sec_test.h"

/*
 * A copy of len octets that ends where the allocation does.
 */
static void
copy(const void *p, size_t len, gss_buffer_t out)
{
    out->length = len;
    out->value = emalloc(len ? len : 1);
    memcpy(out->value, p, len);
}

/*
 * Export the context at the initiator's or acceptor's handle.  Free token.
 */
static void
export(gss_ctx_id_t *ctx, gss_buffer_t token)
{
    OM_uint32 major, minor;

    major = gss_export_sec_context(&minor, ctx, token);
    pair_gss(major, minor, "gss_export_sec_context");
}

static OM_uint32
import(const void *p, size_t len, gss_ctx_id_t *ctx)
{
    gss_buffer_desc in;
    OM_uint32 major, minor, junk;

    *ctx = GSS_C_NO_CONTEXT;
    copy(p, len, &in);
    major = gss_import_sec_context(&minor, &in, ctx);
    gss_release_buffer(&junk, &in);
    return major;
}

/*
 * Use a context that may be damaged; nothing is asked but that it ends.
 */
static void
use(gss_ctx_id_t *ctx)
{
    gss_buffer_desc msg, token, plain;
    OM_uint32 minor, lifetime;

    msg.value = rk_UNCONST("message");
    msg.length = 7;
    if (gss_get_mic(&minor, *ctx, 0, &msg, &token) == GSS_S_COMPLETE) {
	gss_verify_mic(&minor, *ctx, &msg, &token, NULL);
	gss_release_buffer(&minor, &token);
    }
    if (gss_wrap(&minor, *ctx, 1, 0, &msg, NULL, &token) == GSS_S_COMPLETE) {
	gss_unwrap(&minor, *ctx, &token, &plain, NULL, NULL);
	gss_release_buffer(&minor, &plain);
	gss_release_buffer(&minor, &token);
    }
    gss_context_time(&minor, *ctx, &lifetime);
    gss_delete_sec_context(&minor, ctx, GSS_C_NO_BUFFER);
}

/*
 * How many octets of a real token can be cut off without refusal.
 */
static void
test_truncated(gss_buffer_t token, const char *who)
{
    OM_uint32 major;
    gss_ctx_id_t ctx;
    size_t i, bad = 0;

    for (i = 0; i < token->length; i++) {
	major = import(token->value, i, &ctx);
	if (!GSS_ERROR(major)) {
	    bad++;
	    use(&ctx);
	}
    }
    check(bad == 0, "%s: each of %lu truncations is refused, but for %lu",
	  who, (unsigned long)i, (unsigned long)bad);
}

/*
 * The import may refuse a changed token or not.
 */
static void
test_changed(gss_buffer_t token, const char *who)
{
    static const unsigned char masks[] = { 0x01, 0x02, 0x80, 0xff };
    unsigned char *p = token->value;
    gss_ctx_id_t ctx;
    size_t i, j, tried = 0;

    for (i = 0; i < token->length; i++) {
	for (j = 0; j < sizeof(masks); j++) {
	    p[i] ^= masks[j];
	    if (!GSS_ERROR(import(p, token->length, &ctx)))
		use(&ctx);
	    p[i] ^= masks[j];
	    tried++;
	}
    }
    check(tried == 4 * token->length, "%s: %lu changed tokens do no harm",
	  who, (unsigned long)tried);
}

/*
 * Another value of a 32-bit number in the token's last part: flags, more
 * flags, end time, and the order of messages (flags, start, length, window,
 * first number, 20 numbers).
 */
static void
test_number(gss_buffer_t token, size_t from_end, uint32_t value,
	    const char *what)
{
    unsigned char *p = token->value, saved[4];
    OM_uint32 major;
    gss_ctx_id_t ctx;

    p += token->length - from_end;
    memcpy(saved, p, 4);
    p[0] = value >> 24;
    p[1] = value >> 16;
    p[2] = value >> 8;
    p[3] = value;
    major = import(token->value, token->length, &ctx);
    check(major == GSS_S_DEFECTIVE_TOKEN, "%s: %08x", what, (unsigned)major);
    if (!GSS_ERROR(major))
	use(&ctx);
    memcpy(p, saved, 4);
}

static void
test_context(gss_ctx_id_t *ctx, const char *who)
{
    gss_buffer_desc token, again;
    OM_uint32 major, minor;

    export(ctx, &token);
    test_truncated(&token, who);
    test_number(&token, 84 + 4, 0x40000000, "a window of 2^30");
    test_number(&token, 84 + 4, 0xffffffff, "a window of -1");
    test_number(&token, 84 + 4, 0, "a window of 0");
    test_number(&token, 84 + 8, 21, "21 messages in a window of 20");
    test_number(&token, 84 + 8, 0xffffffff, "-1 messages in the window");
    test_number(&token, 84 + 24, 0, "neither open nor anything else");
    test_changed(&token, who);

    major = import(token.value, token.length, ctx);
    pair_gss(major, 0, "gss_import_sec_context");
    export(ctx, &again);
    check(again.length == token.length &&
	  memcmp(again.value, token.value, token.length) == 0,
	  "%s: comes out as it went in", who);
    gss_release_buffer(&minor, &token);
    major = import(again.value, again.length, ctx);
    pair_gss(major, 0, "gss_import_sec_context");
    gss_release_buffer(&minor, &again);
}

static void
test_enctype(krb5_enctype enctype)
{
    struct gss_pair pair;

    printf("enctype %d\n", (int)enctype);
    pair_init(&pair, enctype);
    call_connect(&pair, CALL_FLAGS);
    test_context(&pair.initiator, "initiator");
    test_context(&pair.acceptor, "acceptor");
    check(call_both_work(&pair), "the imported contexts work");
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    test_enctype(ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_enctype(ETYPE_ARCFOUR_HMAC_MD5);
    return check_done();
}
