/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What an initiator says to an answer, with and without DCE_STYLE: what is
 * no AP-REP and no KRB-ERROR is GSS_S_DEFECTIVE_TOKEN, an AP-REP that does
 * not verify and a KRB-ERROR are GSS_S_FAILURE, all with a minor status and
 * without a token.
 *
 * REQ: XT-11
 */

#include "gss_call.h"
#include "sec_test.h"

static OM_uint32 flags;

/*
 * Take the mechanism's framing off an AP-REP, if there is one.  The AP-REP
 * ends where the token does.
 */
static size_t
offset_of_ap_rep(gss_buffer_t token)
{
    const unsigned char *p = token->value;
    size_t i = 0;

    if (p[0] == 0x60) {
	while (i < token->length && p[i] != 0x06)
	    i++;
	i += 2 + GSS_KRB5_MECHANISM->length + 2;
    }
    return i;
}

/*
 * Begin an exchange and return the acceptor's answer.
 */
static void
start(struct gss_pair *pair, gss_buffer_t answer)
{
    gss_buffer_desc token;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = call_init(pair, flags, NULL, NULL, &token, NULL, &minor);
    call_want(major, GSS_S_CONTINUE_NEEDED, minor, "first call");
    major = call_accept(pair, NULL, &token, answer, NULL, &minor);
    pair_gss(major, minor, "gss_accept_sec_context");
    gss_release_buffer(&minor, &token);
}

/*
 * The initiator's status for this answer; wants no token after an error.
 */
static void
answer(struct gss_pair *pair, const void *p, size_t len, OM_uint32 want,
       OM_uint32 want_minor, const char *what)
{
    gss_buffer_desc in, out;
    OM_uint32 major, minor, junk;

    in.value = rk_UNCONST(p);
    in.length = len;
    major = call_init(pair, flags, NULL, &in, &out, NULL, &minor);
    if (want == GSS_S_COMPLETE) {
	check(major == want, "%s: %08x/%d", what, (unsigned)major,
	      (int)minor);
	gss_release_buffer(&junk, &out);
	return;
    }
    check(major == want && minor != 0 &&
	  (want_minor == 0 || minor == want_minor),
	  "%s: %08x/%d, want %08x/%d", what, (unsigned)major, (int)minor,
	  (unsigned)want, (int)want_minor);
    check(out.length == 0, "  and there is no token");
}

static void
answer_anew(struct gss_pair *pair, const void *p, size_t len, OM_uint32 want,
	    OM_uint32 want_minor, const char *what)
{
    gss_buffer_desc ap_rep;
    OM_uint32 minor;

    start(pair, &ap_rep);
    gss_release_buffer(&minor, &ap_rep);
    answer(pair, p, len, want, want_minor, what);
}

static void
framed(struct gss_pair *pair, const char *id, const void *p, size_t len,
       OM_uint32 want, OM_uint32 want_minor, const char *what)
{
    gss_buffer_desc token;
    OM_uint32 minor;

    call_frame(id, p, len, &token);
    answer_anew(pair, token.value, token.length, want, want_minor, what);
    gss_release_buffer(&minor, &token);
}

/*
 * Changes of a real AP-REP: the octet at where (1000: the last one), or more
 * octets at the end when where is -1.
 */
static void
changed(struct gss_pair *pair, int where, unsigned char mask, OM_uint32 want,
	const char *what)
{
    gss_buffer_desc ap_rep, token;
    OM_uint32 minor;
    unsigned char *der;
    size_t off, len;

    start(pair, &ap_rep);
    off = offset_of_ap_rep(&ap_rep);
    len = ap_rep.length - off;
    der = ecalloc(1, len + 4);
    memcpy(der, (char *)ap_rep.value + off, len);
    if (where < 0)
	len += 4;
    else
	der[where < 1000 ? (size_t)where : len - 1] ^= mask;
    if (flags & GSS_C_DCE_STYLE) {
	answer(pair, der, len, want, 0, what);
    } else {
	call_frame("\x02\x00", der, len, &token);
	answer(pair, token.value, token.length, want, 0, what);
	gss_release_buffer(&minor, &token);
    }
    free(der);
    gss_release_buffer(&minor, &ap_rep);
}

/*
 * An AP-REP with another protocol version or message type.
 */
static void
wrong_header(struct gss_pair *pair, int pvno, int msg_type, const char *what)
{
    gss_buffer_desc ap_rep;
    OM_uint32 minor;
    unsigned char *buf;
    size_t off, len, size;
    krb5_error_code ret;
    AP_REP rep;

    start(pair, &ap_rep);
    off = offset_of_ap_rep(&ap_rep);
    pair_krb5(pair, decode_AP_REP((unsigned char *)ap_rep.value + off,
				  ap_rep.length - off, &rep, &size),
	      "decode_AP_REP");
    rep.pvno = pvno;
    rep.msg_type = msg_type;
    ASN1_MALLOC_ENCODE(AP_REP, buf, len, &rep, &size, ret);
    pair_krb5(pair, ret, "encode AP-REP");
    free_AP_REP(&rep);
    gss_release_buffer(&minor, &ap_rep);
    if (flags & GSS_C_DCE_STYLE)
	answer(pair, buf, len, GSS_S_DEFECTIVE_TOKEN, 0, what);
    else {
	call_frame("\x02\x00", buf, len, &ap_rep);
	answer(pair, ap_rep.value, ap_rep.length, GSS_S_DEFECTIVE_TOKEN, 0,
	       what);
	gss_release_buffer(&minor, &ap_rep);
    }
    free(buf);
}

static void
test_all(struct gss_pair *pair)
{
    gss_buffer_desc error, ap_rep;
    OM_uint32 minor;

    call_connect(pair, flags);
    check(call_both_work(pair), "a good exchange works");

    answer_anew(pair, "", 0, GSS_S_DEFECTIVE_TOKEN, 0, "an empty answer");
    answer_anew(pair, "garbage", 7, GSS_S_DEFECTIVE_TOKEN, 0, "garbage");
    framed(pair, "\x02\x00", "garbage", 7, GSS_S_DEFECTIVE_TOKEN, 0,
	   "02 00 and garbage");
    framed(pair, "\x02\x00", "", 0, GSS_S_DEFECTIVE_TOKEN, 0,
	   "02 00 and nothing");
    framed(pair, "\x03\x00", "garbage", 7, GSS_S_DEFECTIVE_TOKEN, 0,
	   "03 00 and garbage");
    framed(pair, "\x04\x00", "garbage", 7, GSS_S_DEFECTIVE_TOKEN, 0,
	   "04 00 and garbage");
    framed(pair, "\x01\x00", "garbage", 7, GSS_S_DEFECTIVE_TOKEN, 0,
	   "01 00 and garbage");
    /* 1.3.6.1.5.5.2 is SPNEGO */
    answer_anew(pair, "\x60\x0a\x06\x06\x2b\x06\x01\x05\x05\x02\x02\x00", 12,
		GSS_S_DEFECTIVE_TOKEN, 0, "another mechanism");

    changed(pair, -1, 0, GSS_S_DEFECTIVE_TOKEN, "AP-REP and more octets");
    changed(pair, 0, 0x20, GSS_S_DEFECTIVE_TOKEN, "another tag");
    changed(pair, 1000, 1, GSS_S_FAILURE, "AP-REP with a wrong MAC");
    wrong_header(pair, 4, krb_ap_rep, "AP-REP of version 4");
    wrong_header(pair, 5, krb_ap_req, "AP-REP that says it is an AP-REQ");

    start(pair, &ap_rep);
    answer_anew(pair, ap_rep.value, ap_rep.length, GSS_S_FAILURE, 0,
		"AP-REP of another exchange");
    gss_release_buffer(&minor, &ap_rep);

    call_forge_error(pair, KRB5KRB_AP_ERR_MODIFIED, 0, &error);
    answer_anew(pair, error.value, error.length, GSS_S_FAILURE,
		KRB5KRB_AP_ERR_MODIFIED, "a KRB-ERROR");
    gss_release_buffer(&minor, &error);

    call_connect(pair, flags);
    check(call_both_work(pair), "a good exchange still works");
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    flags = CALL_FLAGS;
    test_all(&pair);
    printf("with DCE_STYLE\n");
    flags |= GSS_C_DCE_STYLE;
    test_all(&pair);
    pair_free(&pair);
    return check_done();
}
