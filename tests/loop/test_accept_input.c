/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What is not an AP-REQ is GSS_S_DEFECTIVE_TOKEN and answered with nothing; an
 * AP-REQ that cannot be verified is something else.  A good token is accepted
 * afterwards.
 *
 * REQ: GL-15, KI-04
 */

#include "gss_pair.h"
#include "mech_call.h"
#include "ap_req.h"
#include "sec_test.h"

static int bad;

static int
accepts(struct mech_call *call, gss_buffer_t token)
{
    mech_free(call);
    mech_accept(call, token);
    return call->major == GSS_S_COMPLETE;
}

/*
 * Whether the input is defective as the first token; counts what is not.
 */
static int
is_defective(struct mech_call *call, gss_buffer_t in)
{
    int ok;

    mech_free(call);
    mech_accept(call, in);
    ok = call->major == GSS_S_DEFECTIVE_TOKEN && call->out.length == 0 &&
	call->out.value == NULL && call->ctx == GSS_C_NO_CONTEXT &&
	call->name == GSS_C_NO_NAME;
    bad += !ok;
    return ok;
}

static void
test_fixed(struct mech_call *call, const char *data, size_t length,
	   const char *what)
{
    gss_buffer_desc in;
    int ok;

    in.length = length;
    in.value = rk_UNCONST(data);
    ok = is_defective(call, &in);
    check(ok, "%s is defective (%08x/%d)", what,
	  (unsigned)call->major, (int)call->minor);
}

/*
 * Every beginning of a good token, and octets behind it.
 */
static void
test_lengths(struct gss_pair *pair, struct mech_call *call, int raw)
{
    const char *what = raw ? "raw AP-REQ" : "framed AP-REQ";
    struct ap_req req;
    gss_buffer_desc token, part;
    OM_uint32 minor;
    char *longer;

    ap_req_init(&req);
    req.raw = raw;
    ap_req_make(pair, &req, &token);
    check(accepts(call, &token), "%s: the good token is accepted", what);

    bad = 0;
    for (part.length = 0; part.length < token.length; part.length++) {
	/* of exactly that size, for who watches the memory */
	part.value = malloc(part.length ? part.length : 1);
	if (part.value == NULL)
	    errx(1, "out of memory");
	memcpy(part.value, token.value, part.length);
	(void)is_defective(call, &part);
	free(part.value);
    }
    check(bad == 0, "%s: truncated anywhere it is defective (%d of %lu are "
	  "not)", what, bad, (unsigned long)token.length);

    longer = malloc(token.length + 2);
    if (longer == NULL)
	errx(1, "out of memory");
    memcpy(longer, token.value, token.length);
    longer[token.length] = longer[token.length + 1] = 0;
    test_fixed(call, longer, token.length + 2, raw ?
	       "raw AP-REQ with octets behind it" :
	       "framed AP-REQ with octets behind the frame");
    free(longer);

    check(accepts(call, &token), "%s: the good token is accepted again",
	  what);
    gss_release_buffer(&minor, &token);
}

/*
 * Octets behind the AP-REQ within the frame.
 */
static void
test_trailing(struct gss_pair *pair, struct mech_call *call)
{
    struct ap_req req;
    gss_buffer_desc raw, in, token;
    OM_uint32 major, minor;
    unsigned char *p;

    ap_req_init(&req);
    req.raw = 1;
    ap_req_make(pair, &req, &raw);
    in.length = 2 + raw.length + 1;
    in.value = p = calloc(1, in.length);
    if (p == NULL)
	errx(1, "out of memory");
    p[0] = 1;
    memcpy(p + 2, raw.value, raw.length);
    major = gss_encapsulate_token(&in, GSS_KRB5_MECHANISM, &token);
    pair_gss(major, 0, "gss_encapsulate_token");
    test_fixed(call, token.value, token.length,
	       "an AP-REQ with an octet behind it in the frame");
    gss_release_buffer(&minor, &token);
    free(p);
    gss_release_buffer(&minor, &raw);
}

/*
 * pvno, msg-type and tkt-vno are the first INTEGERs of their value.
 */
static void
test_versions(struct gss_pair *pair, struct mech_call *call)
{
    static const struct {
	const char *what;
	const char *find;
	size_t length;
    } fields[] = {
	{ "an AP-REQ of version 4", "\xa0\x03\x02\x01\x05", 5 },
	{ "an AP-REQ with another msg-type", "\xa1\x03\x02\x01\x0e", 5 }
    };
    struct ap_req req;
    gss_buffer_desc token;
    OM_uint32 minor;
    unsigned char *p, *end;
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
	ap_req_init(&req);
	ap_req_make(pair, &req, &token);
	p = token.value;
	end = p + token.length - fields[i].length;
	while (p < end && ct_memcmp(p, fields[i].find, fields[i].length) != 0)
	    p++;
	if (p >= end)
	    errx(1, "%s: the field is not there", fields[i].what);
	p[fields[i].length - 1]--;
	test_fixed(call, token.value, token.length, fields[i].what);
	gss_release_buffer(&minor, &token);
    }
}

/*
 * Well-formed, but not to be verified: GSS_S_FAILURE with krb5's code.
 */
static void
test_unverifiable(struct gss_pair *pair, struct mech_call *call)
{
    struct ap_req req;
    gss_buffer_desc token;
    OM_uint32 minor;

    ap_req_init(&req);
    ap_req_make(pair, &req, &token);
    ((unsigned char *)token.value)[token.length - 1] ^= 1;
    mech_free(call);
    mech_accept(call, &token);
    check(call->major == GSS_S_FAILURE &&
	  call->minor == (OM_uint32)KRB5KRB_AP_ERR_MODIFIED,
	  "an AP-REQ that does not verify is a failure, not defective "
	  "(%08x/%d)", (unsigned)call->major, (int)call->minor);
    gss_release_buffer(&minor, &token);
}

/*
 * Second calls: the retry after clock skew, and DCE_STYLE's AP-REP.
 */
static void
test_second(struct gss_pair *pair, struct mech_call *call, int dce)
{
    static const struct {
	const char *what;
	gss_buffer_desc in;
    } tokens[] = {
	{ "an empty token", { 0, NULL } },
	{ "garbage", { 7, "garbage" } },
	{ "half an AP-REP", { 4, "\x6f\x20\x30\x1e" } }
    };
    gss_buffer_desc token, in;
    struct ap_req req;
    OM_uint32 minor;
    size_t i;

    for (i = 0; i <= sizeof(tokens) / sizeof(tokens[0]); i++) {
	int none = i == sizeof(tokens) / sizeof(tokens[0]);

	mech_free(call);
	ap_req_init(&req);
	if (dce)
	    req.flags |= GSS_C_DCE_STYLE;
	else
	    req.skew = 3600;
	req.raw = dce;
	ap_req_make(pair, &req, &token);
	mech_accept(call, &token);
	gss_release_buffer(&minor, &token);
	if (call->major != GSS_S_CONTINUE_NEEDED)
	    errx(1, "no second call: %08x", (unsigned)call->major);
	if (!none)
	    in = tokens[i].in;
	mech_accept(call, none ? GSS_C_NO_BUFFER : &in);
	check(call->major == GSS_S_DEFECTIVE_TOKEN && call->out.length == 0 &&
	      call->ctx == GSS_C_NO_CONTEXT,
	      "%s: %s as the second token is defective (%08x/%d)",
	      dce ? "DCE_STYLE" : "clock skew",
	      none ? "none" : tokens[i].what, (unsigned)call->major,
	      (int)call->minor);
    }
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;
    struct mech_call call;

    setprogname(argv[0]);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    mech_init(&pair, &call);

    test_fixed(&call, NULL, 0, "an empty token");
    test_fixed(&call, "GET / HTTP/1.0\r\n\r\n", 18, "text");
    test_fixed(&call, "\x60\x0d\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
	       "\x01\x00", 15, "a frame of nothing");
    test_fixed(&call, "\x60\x0d\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
	       "\x03\x00", 15, "an error token of nothing");
    test_lengths(&pair, &call, 0);
    test_lengths(&pair, &call, 1);
    test_trailing(&pair, &call);
    test_versions(&pair, &call);
    test_unverifiable(&pair, &call);
    test_second(&pair, &call, 0);
    test_second(&pair, &call, 1);

    mech_free(&call);
    pair_free(&pair);
    return check_done();
}
