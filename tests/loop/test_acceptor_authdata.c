/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Authorization data of the acceptor: what a credential takes, and what the
 * initiator's application reads.
 *
 * REQ: XT-27, XT-77, XT-97
 */

#include <sys/types.h>
#include <sys/wait.h>

#include "pair_config.h"
#include "gss_pair.h"
#include "gss_call.h"
#include <gssapi/gssapi_spnego.h>
#include "sec_test.h"

#define MAX_SIZE 16384
#define AES ETYPE_AES256_CTS_HMAC_SHA1_96
#define NAMED "extra_tokens_without_mutual = service/*"

static void
add(AuthorizationData *ad, int type, const char *text)
{
    AuthorizationDataElement e;

    e.ad_type = type;
    e.ad_data.data = rk_UNCONST(text);
    e.ad_data.length = strlen(text);
    if (add_AuthorizationData(ad, &e))
	errx(1, "add_AuthorizationData");
}

/* free with free() */
static gss_buffer_desc
encode(const AuthorizationData *ad)
{
    gss_buffer_desc der;
    size_t size;
    int ret;

    ASN1_MALLOC_ENCODE(AuthorizationData, der.value, der.length, ad, &size,
		       ret);
    if (ret)
	errx(1, "encode_AuthorizationData");
    return der;
}

/*
 * One AD-IF-RELEVANT around ad, depth times.
 */
static void
wrap(AuthorizationData *ad, int depth)
{
    AuthorizationDataElement e;
    gss_buffer_desc der;

    while (depth-- > 0) {
	der = encode(ad);
	free_AuthorizationData(ad);
	memset(ad, 0, sizeof(*ad));
	e.ad_type = KRB5_AUTHDATA_IF_RELEVANT;
	e.ad_data.data = der.value;
	e.ad_data.length = der.length;
	if (add_AuthorizationData(ad, &e))
	    errx(1, "add_AuthorizationData");
	free(der.value);
    }
}

/*
 * Of type 77 "first" and "second", of type -100 "private", in depth
 * AD-IF-RELEVANT.
 */
static gss_buffer_desc
good(int depth)
{
    gss_buffer_desc der;
    AuthorizationData ad;

    memset(&ad, 0, sizeof(ad));
    add(&ad, 77, "first");
    add(&ad, -100, "private");
    add(&ad, 77, "second");
    wrap(&ad, depth);
    der = encode(&ad);
    free_AuthorizationData(&ad);
    return der;
}

static OM_uint32
set(gss_cred_id_t *cred, const void *octets, size_t length, OM_uint32 *minor)
{
    gss_buffer_desc value;

    value.value = rk_UNCONST(octets);
    value.length = length;
    return gss_set_cred_option(minor, cred, GSS_KRB5_ACCEPTOR_AUTHZ_DATA_X,
			       &value);
}

static void
taken(gss_cred_id_t *cred, const void *octets, size_t length,
      const char *what)
{
    OM_uint32 major, minor;

    major = set(cred, octets, length, &minor);
    check(major == GSS_S_COMPLETE, "%s: %08x/%d", what, (unsigned)major,
	  (int)minor);
}

static void
set_good(gss_cred_id_t *cred)
{
    gss_buffer_desc der = good(1);

    taken(cred, der.value, der.length, "good data");
    free(der.value);
}

static void
refused(gss_cred_id_t *cred, const void *octets, size_t length,
	OM_uint32 want, const char *what)
{
    OM_uint32 major, minor;

    major = set(cred, octets, length, &minor);
    check(major == GSS_S_FAILURE, "%s: %08x", what, (unsigned)major);
    check(want == 0 || minor == want, "%s: %d, want %d", what, (int)minor,
	  (int)want);
}

static void
test_one_type(gss_cred_id_t *cred, int type, int depth, OM_uint32 want)
{
    gss_buffer_desc der;
    AuthorizationData ad;
    char what[64];

    snprintf(what, sizeof(what), "type %d in %d", type, depth);
    memset(&ad, 0, sizeof(ad));
    add(&ad, type, "x");
    wrap(&ad, depth);
    der = encode(&ad);
    free_AuthorizationData(&ad);
    if (want == 0)
	taken(cred, der.value, der.length, what);
    else
	refused(cred, der.value, der.length, want, what);
    free(der.value);
}

static void
test_size(gss_cred_id_t *cred, size_t size, OM_uint32 want)
{
    gss_buffer_desc der;
    AuthorizationData ad;
    char *text;

    text = malloc(size);
    if (text == NULL)
	errx(1, "malloc");
    memset(text, 'x', size);
    text[size - 21] = '\0';	/* what stands around it */
    memset(&ad, 0, sizeof(ad));
    add(&ad, 77, text);
    der = encode(&ad);
    free_AuthorizationData(&ad);
    free(text);
    check(der.length == size, "the test has %u octets", (unsigned)der.length);
    if (want == 0)
	taken(cred, der.value, der.length, "as much as there can be");
    else
	refused(cred, der.value, der.length, want, "too long");
    free(der.value);
}

/*
 * What a credential takes.
 */
static void
test_set(struct gss_pair *pair)
{
    static const int reserved[] = { -5, -6, 129, 143 };
    gss_cred_id_t none = GSS_C_NO_CREDENTIAL, *cred = &pair->acceptor_cred;
    gss_buffer_desc der = good(1);
    unsigned char *octets = malloc(der.length + 1);
    OM_uint32 minor;
    size_t i;

    if (octets == NULL)
	errx(1, "malloc");
    check(GSS_ERROR(set(&none, der.value, der.length, &minor)),
	  "no credential");
    check(GSS_ERROR(set(&pair->initiator_cred, der.value, der.length,
			&minor)), "an initiator's credential");
    for (i = 1; i < der.length; i++)
	refused(cred, der.value, i, (OM_uint32)ASN1_OVERRUN, "truncated");
    memcpy(octets, der.value, der.length);
    octets[der.length] = 0;
    refused(cred, octets, der.length + 1, (OM_uint32)ASN1_EXTRA_DATA,
	    "an octet behind it");
    octets[der.length - 1] ^= 1;	/* the text itself */
    taken(cred, octets, der.length, "another text");
    refused(cred, "\x30\x00", 2, EINVAL, "an empty list");
    refused(cred, "\x30\x80\x00\x00", 4, 0, "indefinite length");
    refused(cred, "\x30\x81\x0d\x30\x0b\xa0\x03\x02\x01\x4d\xa1\x04\x04\x02"
	    "xy", 16, (OM_uint32)ASN1_GOT_BER, "a long length");
    refused(cred, "\x30\x0e\x30\x0c\xa0\x04\x02\x02\x00\x4d\xa1\x04\x04\x02"
	    "xy", 16, 0, "a zero before a number");
    /* the same inside of an AD-IF-RELEVANT */
    refused(cred, "\x30\x1b\x30\x19\xa0\x03\x02\x01\x01\xa1\x12\x04\x10"
	    "\x30\x81\x0d\x30\x0b\xa0\x03\x02\x01\x4d\xa1\x04\x04\x02xy", 29,
	    0, "a long length inside");
    refused(cred, "\x30\x0d\x30\x0b\xa0\x03\x02\x01\x01\xa1\x04\x04\x02"
	    "xy", 15, 0, "junk inside");
    for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
	test_one_type(cred, reserved[i], 0, EINVAL);
	test_one_type(cred, reserved[i], 1, EINVAL);
	test_one_type(cred, reserved[i], 3, EINVAL);
    }
    test_one_type(cred, 77, 9, 0);
    test_one_type(cred, 77, 10, (OM_uint32)ASN1_BAD_FORMAT);
    test_size(cred, MAX_SIZE, 0);
    test_size(cred, MAX_SIZE + 1, ERANGE);
    taken(cred, NULL, 0, "none");
    free(octets);
    free(der.value);
}

static OM_uint32 call_flags;	/* of the row */

/*
 * An exchange: the number of tokens, or 0 if it fails.
 */
static int
exchange(struct gss_pair *pair, gss_OID mech, gss_cred_id_t first,
	 gss_cred_id_t then)
{
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 imajor = GSS_S_CONTINUE_NEEDED, amajor = imajor, minor;
    gss_cred_id_t cred = first;
    int tokens = 0;

    pair_disconnect(pair);
    while (imajor == GSS_S_CONTINUE_NEEDED ||
	   amajor == GSS_S_CONTINUE_NEEDED) {
	imajor = gss_init_sec_context(
	    &minor, GSS_C_NO_CREDENTIAL, &pair->initiator, pair->target,
	    mech, call_flags, 0, GSS_C_NO_CHANNEL_BINDINGS, &in, NULL, &out,
	    NULL, NULL);
	gss_release_buffer(&minor, &in);
	tokens += out.length != 0;
	if (GSS_ERROR(imajor) || amajor == GSS_S_COMPLETE)
	    break;
	amajor = gss_accept_sec_context(
	    &minor, &pair->acceptor, cred, &out, GSS_C_NO_CHANNEL_BINDINGS,
	    NULL, NULL, &in, NULL, NULL, NULL);
	gss_release_buffer(&minor, &out);
	tokens += in.length != 0;
	if (GSS_ERROR(amajor))
	    break;
	cred = then;
    }
    gss_release_buffer(&minor, &in);
    gss_release_buffer(&minor, &out);
    return imajor || amajor || !call_both_work(pair) ? 0 : tokens;
}

/*
 * What is read with an OID of that first octet, 0x69 in one of ours, as
 * "one,two"; the status if that is not GSS_S_COMPLETE.
 */
static OM_uint32
read_octets(gss_ctx_id_t ctx, int first, const void *arcs, size_t length,
	    char *text, size_t size, OM_uint32 *minor)
{
    gss_buffer_set_t data = GSS_C_NO_BUFFER_SET;
    unsigned char octets[32];
    gss_OID_desc oid;
    OM_uint32 major, junk;
    size_t i;

    memcpy(octets, GSS_KRB5_ACCEPTOR_AUTHZ_DATA_X->elements, 20);
    memcpy(octets + 20, arcs, length);
    octets[0] = first;
    oid.elements = octets;
    oid.length = 20 + length;
    text[0] = '\0';
    major = gss_inquire_sec_context_by_oid(minor, ctx, &oid, &data);
    if (major == GSS_S_COMPLETE)
	for (i = 0; data && i < data->count; i++)
	    snprintf(text + strlen(text), size - strlen(text), "%s%.*s",
		     i ? "," : "", (int)data->elements[i].length,
		     (char *)data->elements[i].value);
    (void)gss_release_buffer_set(&junk, &data);
    return major;
}

/* arcs 77, -100, -5, 143, and what is no type */
#define ARC_77 "\x4d", 1
#define ARC_MINUS_100 "\x8f\xff\xff\xff\x1c", 5
#define ARC_MINUS_5 "\x8f\xff\xff\xff\x7b", 5
#define ARC_143 "\x81\x0f", 2

static void
test_read(gss_ctx_id_t ctx, const void *arcs, size_t length, OM_uint32 want,
	  const char *text, const char *what)
{
    char found[64];
    OM_uint32 major, minor;

    major = read_octets(ctx, 0x69, arcs, length, found, sizeof(found), &minor);
    check(major == want && strcmp(found, text) == 0,
	  "%s: %08x/%d %s", what, (unsigned)major, (int)minor, found);
}

/*
 * Both sides of an established context with good(1), if delivered.
 */
static void
test_delivered(struct gss_pair *pair, int delivered, const char *what)
{
    OM_uint32 want = delivered ? GSS_S_COMPLETE : GSS_S_UNAVAILABLE;

    test_read(pair->initiator, ARC_77, want, delivered ? "first,second" : "",
	      what);
    test_read(pair->initiator, ARC_MINUS_100, want,
	      delivered ? "private" : "", what);
    test_read(pair->initiator, "\x4e", 1, GSS_S_UNAVAILABLE, "", "type 78");
    test_read(pair->acceptor, ARC_77, GSS_S_UNAVAILABLE, "", "the acceptor");
}

static void
test_oids(struct gss_pair *pair)
{
    static const struct {
	const char *arcs;
	size_t length;
    } bad[] = {
	{ "", 0 }, { "\x80\x4d", 2 }, { "\xcd", 1 }, { "\x4d\x01", 2 },
	{ "\x90\x80\x80\x80\x00", 5 }, { "\x90\x80\x80\x80\x4d", 5 },
	{ "\x81\x80\x80\x80\x80\x4d", 6 }
    };
    char found[64];
    OM_uint32 major, minor;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
	major = read_octets(pair->initiator, 0x69, bad[i].arcs, bad[i].length,
			    found, sizeof(found), &minor);
	check(major == GSS_S_FAILURE && minor == 0, "OID %u: %08x/%d",
	      (unsigned)i, (unsigned)major, (int)minor);
    }
    major = read_octets(pair->initiator, 0x68, ARC_77, found, sizeof(found),
			&minor);
    check(major == GSS_S_FAILURE && minor == 0,
	  "an OID of another: %08x/%d", (unsigned)major, (int)minor);
    test_read(pair->initiator, "\x8f\xff\xff\xff\x7f", 5, GSS_S_UNAVAILABLE,
	      "", "-1");
    test_read(pair->initiator, ARC_MINUS_5, GSS_S_UNAVAILABLE, "", "-5");
    test_read(pair->initiator, ARC_143, GSS_S_UNAVAILABLE, "", "143");
}

/*
 * It does not go with an exported context.
 */
static void
test_export(struct gss_pair *pair)
{
    gss_buffer_desc token;
    OM_uint32 major, minor;

    major = gss_export_sec_context(&minor, &pair->initiator, &token);
    pair_gss(major, minor, "gss_export_sec_context");
    major = gss_import_sec_context(&minor, &token, &pair->initiator);
    pair_gss(major, minor, "gss_import_sec_context");
    gss_release_buffer(&minor, &token);
    check(call_both_work(pair), "the imported context");
    test_read(pair->initiator, ARC_77, GSS_S_UNAVAILABLE, "", "imported");
}

/*
 * Nothing is told of a context that is not complete.
 */
static void
test_half_open(struct gss_pair *pair)
{
    gss_buffer_desc token;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = pair_initiate(pair, GSS_C_NO_BUFFER, &token, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    gss_release_buffer(&minor, &token);
    test_read(pair->initiator, ARC_77, GSS_S_NO_CONTEXT, "", "half open");
}

/*
 * An element that no initiator of ours knows, outside of an AD-IF-RELEVANT.
 */
static void
test_critical(struct gss_pair *pair, gss_cred_id_t *cred, int tokens)
{
    gss_buffer_desc der = good(0);

    taken(cred, der.value, der.length, "critical data");
    check(exchange(pair, GSS_KRB5_MECHANISM, *cred, *cred) == 0,
	  "an initiator that does not understand it");
    free(der.value);
    taken(cred, NULL, 0, "none");
    check(exchange(pair, GSS_KRB5_MECHANISM, *cred, *cred) == tokens,
	  "without it");
    set_good(cred);
}

struct row {
    const char *gssapi;
    krb5_enctype enctype;	/* of the session key */
    int mutual;
    int tokens;
    int delivered;
};

static int
run(const struct row *row)
{
    struct gss_pair pair;
    gss_cred_id_t all;
    OM_uint32 major, minor;

    call_flags = CALL_FLAGS & ~(row->mutual ? 0 : GSS_C_MUTUAL_FLAG);
    pair_write_config(row->gssapi);
    pair_init(&pair, row->enctype);
    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, GSS_C_NO_OID_SET,
			     GSS_C_ACCEPT, &all, NULL, NULL);
    pair_gss(major, minor, "gss_acquire_cred");

    test_set(&pair);
    check(exchange(&pair, GSS_KRB5_MECHANISM, pair.acceptor_cred,
		   pair.acceptor_cred) == row->tokens, "no data");
    test_delivered(&pair, 0, "no data");

    set_good(&pair.acceptor_cred);
    check(exchange(&pair, GSS_KRB5_MECHANISM, pair.acceptor_cred, all) ==
	  row->tokens, "krb5");
    test_delivered(&pair, row->delivered, "krb5");
    test_oids(&pair);
    test_export(&pair);
    test_half_open(&pair);

    check(exchange(&pair, GSS_KRB5_MECHANISM, all, pair.acceptor_cred) ==
	  row->tokens, "another credential first");
    test_delivered(&pair, 0, "another credential first");

    set_good(&all);
    check(exchange(&pair, GSS_SPNEGO_MECHANISM, all, all) != 0, "SPNEGO");
    test_delivered(&pair, row->delivered, "SPNEGO");
    if (row->delivered)
	test_critical(&pair, &all, row->tokens);

    gss_release_cred(&minor, &all);
    pair_free(&pair);
    return check_done();
}

int
main(int argc, char **argv)
{
    static const struct row rows[] = {
	{ "replay_protection = off", AES, 1, 2, 1 },
	{ "replay_protection = challenge", AES, 1, 3, 1 },
	{ "extra_context_tokens_acceptor = false", AES, 1, 2, 0 },
	{ "extra_context_tokens_initiator = false", AES, 1, 2, 0 },
	{ "replay_protection = off", AES, 0, 1, 0 },
	{ NAMED, AES, 0, 3, 1 },
	/* those of RFC 1964 and 4757 */
	{ "replay_protection = off", ETYPE_DES3_CBC_SHA1, 1, 2, 1 },
	{ "replay_protection = challenge", ETYPE_DES3_CBC_SHA1, 1, 3, 1 },
	{ NAMED, ETYPE_DES3_CBC_SHA1, 0, 3, 1 },
	{ "replay_protection = off", ETYPE_ARCFOUR_HMAC_MD5, 1, 2, 1 },
	{ "replay_protection = challenge", ETYPE_ARCFOUR_HMAC_MD5, 1, 3, 1 },
	{ NAMED, ETYPE_ARCFOUR_HMAC_MD5, 0, 3, 1 }
    };
    size_t i;
    int bad = 0, status;
    pid_t pid;

    setprogname(argv[0]);
    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	fflush(stdout);
	pid = fork();
	if (pid < 0)
	    err(1, "fork");
	if (pid == 0)
	    exit(run(&rows[i]));
	if (waitpid(pid, &status, 0) < 0)
	    err(1, "waitpid");
	if (status != 0)
	    printf("that was with %s, %d\n", rows[i].gssapi,
		   (int)rows[i].enctype), bad = 1;
    }
    return bad;
}
