/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The acceptor's error tokens, and [gssapi] send_error_tokens: by default,
 * true and false, each in a process of its own, since krb5.conf is read once.
 *
 * REQ: GL-18, KI-04
 */

static const char *krb5_config;
#define PAIR_KRB5_CONFIG krb5_config

#include "gss_pair.h"
#include "ap_req.h"
#include "sec_test.h"
#include <sys/wait.h>

#define SKEW 1800

/* KERB_AP_ERR_TYPE_SKEW_RECOVERY, [MS-KILE] 2.2.1 */
static const char skew_e_data[] = "\x30\x05\xa1\x03\x02\x01\x02";

static int enabled;

struct answer {
    OM_uint32 major, minor;
    gss_buffer_desc token;
    int has_error;		/* error is the token's KRB-ERROR */
    KRB_ERROR error;
};

/*
 * Read the token by hand.  Returns 0 when it is not an error token and
 * nothing else.
 */
static int
parse_answer(struct answer *a)
{
    gss_buffer_desc inner;
    OM_uint32 major, minor;
    size_t len = 0;

    major = gss_decapsulate_token(&a->token, GSS_KRB5_MECHANISM, &inner);
    if (major != GSS_S_COMPLETE)
	return 0;
    if (inner.length > 2 && ct_memcmp(inner.value, "\x03\x00", 2) == 0 &&
	decode_KRB_ERROR((unsigned char *)inner.value + 2, inner.length - 2,
			 &a->error, &len) == 0)
	a->has_error = 1;
    len += 2;
    if (len != inner.length)
	len = 0;
    gss_release_buffer(&minor, &inner);
    return a->has_error && len > 0;
}

static void
answer_free(struct answer *a)
{
    OM_uint32 minor;

    if (a->has_error)
	free_KRB_ERROR(&a->error);
    gss_release_buffer(&minor, &a->token);
    memset(a, 0, sizeof(*a));
}

static void
take_bound(struct gss_pair *pair, gss_buffer_t in,
	     gss_channel_bindings_t bindings, struct answer *a)
{
    memset(a, 0, sizeof(*a));
    a->major = gss_accept_sec_context(&a->minor, &pair->acceptor,
				      pair->acceptor_cred, in, bindings, NULL,
				      NULL, &a->token, NULL, NULL, NULL);
    if (a->token.length && GSS_ERROR(a->major) && !parse_answer(a))
	check(0, "the token with an error is an error token");
}

static void
take(struct gss_pair *pair, gss_buffer_t in, struct answer *a)
{
    take_bound(pair, in, GSS_C_NO_CHANNEL_BINDINGS, a);
}

/*
 * Whether a is this error with the token of that wire code, or without a
 * token when they are off, or when code is 0.  input is the request.
 */
static int
is_error(struct answer *a, OM_uint32 major, krb5_error_code minor, int code,
	 gss_buffer_t input)
{
    if (a->major != major || a->minor != (OM_uint32)minor)
	return 0;
    if (!enabled || code == 0)
	return a->token.length == 0 && a->token.value == NULL;
    return a->has_error && a->error.error_code == code &&
	a->error.e_text == NULL && a->error.e_data == NULL &&
	a->error.cname == NULL && a->error.crealm == NULL &&
	a->error.ctime == NULL && a->error.cusec == NULL &&
	strcmp(a->error.realm, "SECURITY.TEST") == 0 &&
	a->error.sname.name_string.len == 2 &&
	a->token.length < input->length + 100;
}

static void
expect(struct answer *a, OM_uint32 major, krb5_error_code minor, int code,
       gss_buffer_t input, const char *what)
{
    check(is_error(a, major, minor, code, input),
	  "%s: %08x/%d, %s %d in %lu octets for %lu", what,
	  (unsigned)a->major, (int)a->minor,
	  a->has_error ? "error token" : "no token",
	  a->has_error ? (int)a->error.error_code : 0,
	  (unsigned long)a->token.length, (unsigned long)input->length);
}

/*
 * The initiator's error for an error token: the acceptor's code.
 */
static void
test_initiator(struct gss_pair *pair, krb5_error_code code)
{
    gss_buffer_desc ap_req, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major, minor, junk;
    struct answer a;

    pair_disconnect(pair);
    major = pair_initiate(pair, GSS_C_NO_BUFFER, &ap_req, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    ((unsigned char *)ap_req.value)[ap_req.length - 1] ^= 1;
    take(pair, &ap_req, &a);
    expect(&a, GSS_S_FAILURE, code, code - KRB5KDC_ERR_NONE, &ap_req,
	   "a damaged authenticator");
    if (enabled) {
	major = pair_initiate(pair, &a.token, &out, &minor);
	check(major == GSS_S_FAILURE && minor == (OM_uint32)code,
	      "the initiator has the acceptor's code (%08x/%d)",
	      (unsigned)major, (int)minor);
	gss_release_buffer(&junk, &out);
    }
    answer_free(&a);
    gss_release_buffer(&junk, &ap_req);
}

/*
 * The ticket is damaged, too old, too young, or for a service that has no key.
 */
static void
test_requests(struct gss_pair *pair)
{
    struct ap_req req;
    gss_buffer_desc token;
    struct answer a;
    OM_uint32 minor;
    unsigned char *p;

    ap_req_init(&req);

    /* nobody asked */
    req.options = 0;
    ap_req_make(pair, &req, &token);
    ((unsigned char *)token.value)[token.length - 1] ^= 1;
    pair_disconnect(pair);
    take(pair, &token, &a);
    expect(&a, GSS_S_FAILURE, KRB5KRB_AP_ERR_BAD_INTEGRITY, 0, &token,
	   "mutual authentication not asked for");
    answer_free(&a);
    gss_release_buffer(&minor, &token);

    /* DCE RPC's */
    req.options = AP_OPTS_MUTUAL_REQUIRED;
    req.raw = 1;
    ap_req_make(pair, &req, &token);
    ((unsigned char *)token.value)[token.length - 1] ^= 1;
    take(pair, &token, &a);
    expect(&a, GSS_S_FAILURE, KRB5KRB_AP_ERR_BAD_INTEGRITY, 0, &token,
	   "an AP-REQ without frame");
    answer_free(&a);
    gss_release_buffer(&minor, &token);
    req.raw = 0;

    /* not a well-formed one */
    ap_req_make(pair, &req, &token);
    p = memchr(token.value, 0x6e, token.length);
    if (p == NULL)
	errx(1, "no AP-REQ in the token");
    *p ^= 1;
    take(pair, &token, &a);
    check(a.major == GSS_S_DEFECTIVE_TOKEN && a.token.length == 0,
	  "what is not an AP-REQ: defective, no token (%08x)",
	  (unsigned)a.major);
    answer_free(&a);
    gss_release_buffer(&minor, &token);
}

/*
 * Errors behind the verification of the AP-REQ.
 */
static void
test_late_errors(struct gss_pair *pair)
{
    struct gss_channel_bindings_struct bindings;
    struct ap_req req;
    gss_buffer_desc token;
    struct answer a;
    OM_uint32 minor;

    memset(&bindings, 0, sizeof(bindings));
    bindings.application_data.value = rk_UNCONST("a channel");
    bindings.application_data.length = 9;
    ap_req_init(&req);
    req.bindings[0] = 1;
    ap_req_make(pair, &req, &token);
    pair_disconnect(pair);
    take_bound(pair, &token, &bindings, &a);
    expect(&a, GSS_S_BAD_BINDINGS, 0, 60, &token, "other channel bindings");
    answer_free(&a);
    gss_release_buffer(&minor, &token);

    /* an error of another table: generic, and its text stays here */
    ap_req_init(&req);
    req.flags |= GSS_C_DELEG_FLAG;
    req.deleg.data = rk_UNCONST("not a KRB-CRED");
    req.deleg.length = 14;
    ap_req_make(pair, &req, &token);
    take(pair, &token, &a);
    check(a.minor < (OM_uint32)KRB5KDC_ERR_NONE ||
	  a.minor >= (OM_uint32)KRB5_ERR_RCSID,
	  "an ASN.1 error is none of the protocol (%d)", (int)a.minor);
    expect(&a, GSS_S_FAILURE, a.minor, 60, &token, "it is sent as generic");
    answer_free(&a);
    gss_release_buffer(&minor, &token);
}

/*
 * A service that the keytab does not know: the code of the protocol, not that
 * of the keytab's error.
 */
static void
test_no_key(struct gss_pair *pair)
{
    struct ap_req req;
    gss_buffer_desc token;
    struct answer a;
    OM_uint32 minor;
    krb5_keytab_entry entry;
    krb5_principal service;

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &service),
	      PAIR_SERVICE);
    pair_krb5(pair, krb5_kt_get_entry(pair->context, pair->keytab, service, 0,
				      ETYPE_AES256_CTS_HMAC_SHA1_96, &entry),
	      "krb5_kt_get_entry");
    krb5_free_principal(pair->context, service);
    pair_krb5(pair, krb5_kt_remove_entry(pair->context, pair->keytab, &entry),
	      "krb5_kt_remove_entry");

    ap_req_init(&req);
    ap_req_make(pair, &req, &token);
    pair_disconnect(pair);
    take(pair, &token, &a);
    check(a.major == GSS_S_FAILURE &&
	  (enabled ? a.has_error && a.error.error_code >= 35 &&
	   a.error.error_code <= 45 && a.error.e_text == NULL :
	   a.token.length == 0),
	  "no key for the service: %08x/%d, code %d", (unsigned)a.major,
	  (int)a.minor, a.has_error ? (int)a.error.error_code : 0);
    answer_free(&a);
    pair_krb5(pair, krb5_kt_add_entry(pair->context, pair->keytab, &entry),
	      "krb5_kt_add_entry");
    take(pair, &token, &a);
    check(a.major == GSS_S_COMPLETE,
	  "the same token is accepted when there is one (%08x)",
	  (unsigned)a.major);
    answer_free(&a);
    krb5_kt_free_entry(pair->context, &entry);
    gss_release_buffer(&minor, &token);
}

/*
 * Clock skew: the first time GSS_S_CONTINUE_NEEDED and the token that Heimdal
 * always sent, with or without mutual authentication and whatever the knob
 * says; the second time an error like the others, without e-data.
 */
static void
test_skew(struct gss_pair *pair, krb5_flags options)
{
    const char *what = options ? "clock skew, mutual" : "clock skew";
    struct ap_req req;
    gss_buffer_desc token;
    struct answer a;
    OM_uint32 minor;

    pair_disconnect(pair);
    ap_req_init(&req);
    req.options = options;
    req.skew = SKEW;
    ap_req_make(pair, &req, &token);
    take(pair, &token, &a);
    check(a.major == GSS_S_CONTINUE_NEEDED && a.minor == 0 &&
	  parse_answer(&a) && a.error.error_code == 37 &&
	  a.error.e_text == NULL && a.error.e_data != NULL &&
	  a.error.e_data->length == sizeof(skew_e_data) - 1 &&
	  ct_memcmp(a.error.e_data->data, skew_e_data,
		    sizeof(skew_e_data) - 1) == 0,
	  "%s: CONTINUE_NEEDED with Windows' e-data", what);
    answer_free(&a);
    take(pair, &token, &a);
    expect(&a, GSS_S_FAILURE, KRB5KRB_AP_ERR_SKEW, options ? 37 : 0, &token,
	   "skew again");
    answer_free(&a);
    gss_release_buffer(&minor, &token);
}

/*
 * The cases, in a process of their own.  conf is a line of [gssapi].  Returns
 * whether all went well.
 */
static int
run(const char *conf, int enable)
{
    char name[] = "error_token.XXXXXX";
    struct gss_pair pair;
    FILE *f;
    pid_t pid;
    int fd, status;

    fd = mkstemp(name);
    if (fd < 0 || (f = fdopen(fd, "w")) == NULL)
	err(1, "%s", name);
    /* others get a KRB-ERROR2: test_loop_extra */
    fprintf(f, "[gssapi]\nextra_context_tokens = false\n%s\n", conf);
    if (fclose(f) != 0)
	err(1, "%s", name);
    krb5_config = name;
    enabled = enable;

    printf("      [gssapi] %s\n", conf);
    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
	test_initiator(&pair, KRB5KRB_AP_ERR_BAD_INTEGRITY);
	test_requests(&pair);
	test_late_errors(&pair);
	test_no_key(&pair);
	test_skew(&pair, AP_OPTS_MUTUAL_REQUIRED);
	test_skew(&pair, 0);
	pair_connect(&pair);
	check(pair.initiator != NULL, "a good exchange afterwards");
	pair_free(&pair);
	exit(check_done());
    }
    if (waitpid(pid, &status, 0) != pid)
	err(1, "waitpid");
    unlink(name);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
main(int argc, char **argv)
{
    int ok;

    setprogname(argv[0]);
    ok = run("", 1);
    ok &= run("send_error_tokens = true", 1);
    ok &= run("send_error_tokens = false", 0);
    return !ok;
}
