/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Channel bindings: each case of [MS-KILE] 3.4.5 and MIT krb5, with our
 * initiator, and made by hand what it does not send.
 *
 * REQ: KI-11, KI-12, KI-16, KI-17, KI-18, KI-19
 */

#include "pair_config.h"
#include "gss_pair.h"
#include "gss_call.h"
#include <gssapi/gssapi_spnego.h>
#include "sec_test.h"
#include "ap_req.h"
#include "child.h"

static const char *const hashes[] = { "none", "same", "other", "no checksum" };
enum hash { NONE, SAME, OTHER, NO_CHECKSUM };

/*
 * What comes of it: - BAD_BINDINGS, + a context, b one that is bound; for the
 * initiator not aware of bindings, and aware.  Written down from the
 * documents.
 */
static const struct {
    int given;			/* by the acceptor */
    int required;
    enum hash hash;
    const char *want;
} cases[] = {
    { 1, 0, SAME, "bb" },	{ 1, 1, SAME, "bb" },
    { 1, 0, OTHER, "--" },	{ 1, 1, OTHER, "--" },
    { 1, 0, NONE, "+-" },	{ 1, 1, NONE, "--" },
    { 1, 0, NO_CHECKSUM, "+-" }, { 1, 1, NO_CHECKSUM, "--" },
    { 0, 0, SAME, "++" },	{ 0, 1, SAME, "++" },
    { 0, 0, NONE, "++" },	{ 0, 1, NONE, "++" },
    { 0, 0, NO_CHECKSUM, "++" }, { 0, 1, NO_CHECKSUM, "++" }
};

/* one run of the cases, in a process that has its own krb5.conf */
struct setting {
    int required;
    const char *gssapi;
    const char *checksum;	/* what a missing one gives */
    int tokens;			/* with our initiator */
    int status;
};

static gss_channel_bindings_t
bindings(enum hash hash, gss_channel_bindings_t b)
{
    memset(b, 0, sizeof(*b));
    if (hash == NONE)
	return GSS_C_NO_CHANNEL_BINDINGS;
    b->application_data.value = rk_UNCONST(hash == SAME ? "channel" : "other");
    b->application_data.length = strlen(b->application_data.value);
    return b;
}

/*
 * The first token without a checksum.
 */
static void
make_token(struct gss_pair *pair, int aware, gss_buffer_t token)
{
    static unsigned char cbt[4] = { 0x00, 0x40, 0x00, 0x00 };
    AuthorizationDataElement inner, outer;
    AuthorizationData in, out;
    struct ap_req req;
    size_t size;
    krb5_error_code ret;

    ap_req_init(&req);
    req.no_checksum = 1;
    if (aware) {
	inner.ad_type = 143;
	inner.ad_data.data = cbt;
	inner.ad_data.length = sizeof(cbt);
	in.len = out.len = 1;
	in.val = &inner;
	outer.ad_type = KRB5_AUTHDATA_IF_RELEVANT;
	ASN1_MALLOC_ENCODE(AuthorizationData, outer.ad_data.data,
			   outer.ad_data.length, &in, &size, ret);
	pair_krb5(pair, ret, "encode AuthorizationData");
	out.val = &outer;
	req.authdata = &out;
    }
    ap_req_make(pair, &req, token);
    if (aware)
	free(outer.ad_data.data);
}

/*
 * The acceptor's status and flags of an exchange, and the number of its
 * tokens.
 */
static OM_uint32
exchange(struct gss_pair *pair, gss_OID mech, enum hash hash, int aware,
	 int given, OM_uint32 *flags, int *tokens)
{
    struct gss_channel_bindings_struct ours, theirs;
    OM_uint32 major = GSS_S_CONTINUE_NEEDED, amajor = GSS_S_CONTINUE_NEEDED;
    OM_uint32 minor, ask = CALL_FLAGS;
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out;

    if (aware)
	ask |= GSS_C_CHANNEL_BOUND_FLAG;
    pair_disconnect(pair);
    *tokens = 0;
    while (amajor == GSS_S_CONTINUE_NEEDED) {
	if (hash == NO_CHECKSUM && *tokens == 0)
	    make_token(pair, aware, &out);
	else {
	    major = gss_init_sec_context(
		&minor, GSS_C_NO_CREDENTIAL, &pair->initiator, pair->target,
		mech, ask, 0, bindings(hash, &ours), &in, NULL, &out, NULL,
		NULL);
	    pair_gss(major, minor, "gss_init_sec_context");
	}
	gss_release_buffer(&minor, &in);
	*tokens += out.length != 0;
	amajor = gss_accept_sec_context(
	    &minor, &pair->acceptor, GSS_C_NO_CREDENTIAL, &out,
	    bindings(given ? SAME : NONE, &theirs), NULL, NULL, &in, flags,
	    NULL, NULL);
	gss_release_buffer(&minor, &out);
	*tokens += in.length != 0;
    }
    gss_release_buffer(&minor, &in);
    return amajor;
}

static void
test_cases(struct gss_pair *pair, const struct setting *s)
{
    OM_uint32 major, flags;
    int aware, tokens;
    size_t i;
    char want;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	if (cases[i].required != s->required)
	    continue;
	for (aware = 0; aware < 2; aware++) {
	    major = exchange(pair, GSS_KRB5_MECHANISM, cases[i].hash, aware,
			     cases[i].given, &flags, &tokens);
	    want = cases[i].want[aware];
	    check(major == (want == '-' ? GSS_S_BAD_BINDINGS :
			    GSS_S_COMPLETE) &&
		  (want == '-' ||
		   (flags & GSS_C_CHANNEL_BOUND_FLAG) ==
		   (want == 'b' ? GSS_C_CHANNEL_BOUND_FLAG : 0)),
		  "%s: bindings %s%s, acceptor %s: %08x",
		  s->required ? "required" : "not required",
		  hashes[cases[i].hash], aware ? ", aware" : "",
		  cases[i].given ? "same" : "none", (unsigned)major);
	    if (want != '-' && cases[i].hash != NO_CHECKSUM)
		check(tokens == s->tokens, "   %d tokens", tokens);
	}
    }
}

static void
test_spnego(struct gss_pair *pair)
{
    OM_uint32 major, flags;
    int tokens;

    major = exchange(pair, GSS_SPNEGO_MECHANISM, SAME, 1, 1, &flags, &tokens);
    check(major == GSS_S_COMPLETE && (flags & GSS_C_CHANNEL_BOUND_FLAG),
	  "SPNEGO: bound");
    major = exchange(pair, GSS_SPNEGO_MECHANISM, NONE, 1, 1, &flags, &tokens);
    check(GSS_ERROR(major), "SPNEGO: aware, and none: %08x", (unsigned)major);
}

/*
 * An Authenticator without a checksum: no flags, and so no answer.
 */
static void
test_checksum(struct gss_pair *pair, const struct setting *s)
{
    OM_uint32 major, flags = 0, of_checksum = GSS_C_MUTUAL_FLAG |
	GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG;
    int tokens;

    major = exchange(pair, GSS_KRB5_MECHANISM, NO_CHECKSUM, 0, 0, &flags,
		     &tokens);
    check(major == GSS_S_COMPLETE &&
	  (flags & of_checksum) == (s->checksum ? of_checksum : 0),
	  "no checksum, flags %s: %08x", s->checksum ? s->checksum : "none",
	  (unsigned)flags);
    check(tokens == (s->checksum ? 2 : 1), "   %d tokens", tokens);
}

static void
run(void *arg)
{
    struct setting *s = arg;
    struct gss_pair pair;

    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    pair_write_config(s->gssapi);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_cases(&pair, s);
    test_spnego(&pair);
    test_checksum(&pair, s);
    pair_free(&pair);
    s->status = check_done();
}

int
main(int argc, char **argv)
{
    static const struct setting settings[] = {
	{ 0, "", NULL, 2, 1 },
	{ 1, "require_channel_bindings = true", NULL, 2, 1 },
	{ 0, "missing_checksum_flags = guess", "guessed", 2, 1 },
	{ 0, "replay_protection = challenge", NULL, 3, 1 },
	{ 1, "require_channel_bindings = true\n"
	     "\treplay_protection = challenge", NULL, 3, 1 },
	{ 0, PAIR_TWO_TOKENS, NULL, 2, 1 }
    };
    struct setting *s = child_shared(sizeof(*s));
    char said[1024];
    size_t i;
    int status, failed = 0;

    setprogname(argv[0]);
    for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
	*s = settings[i];
	printf("[gssapi] %s\n", s->gssapi);
	status = child_run(run, s, said, sizeof(said));
	if (status != 0 || said[0] != '\0')
	    printf("FAILED status %d: %s\n", status, said);
	failed |= status != 0 || s->status != 0;
    }
    return failed;
}
