/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Tickets for the computer: which keys open one for RestrictedKrbHost, and
 * that none opens one that is encrypted with DES.
 *
 * REQ: KI-14, KI-15, KI-20
 */

#include "krb_request.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>

#include "child.h"
#include "sec_test.h"

#define NOT_US KRB5KRB_AP_ERR_NOT_US
#define MODIFIED KRB5KRB_AP_ERR_MODIFIED
#define BADKEYVER KRB5KRB_AP_ERR_BADKEYVER
#define NOT_FOUND KRB5_KT_NOTFOUND

#define PC "pc.loop.test@LOOP.TEST"
#define RESTRICTED "RestrictedKrbHost/" PC

static krb5_context context;
static krb5_keyblock key, wrong, des;

static krb5_keytab
new_keytab(void)
{
    static unsigned number;
    krb5_keytab keytab;
    char name[40];

    snprintf(name, sizeof(name), "MEMORY:computer%u", number++);
    request_krb5(context, krb5_kt_resolve(context, name, &keytab),
		 "krb5_kt_resolve");
    return keytab;
}

/*
 * The answer to a request; on success the ticket's server has to be target.
 */
static void
expect(const struct krb_request *req, const char *insisted,
       krb5_keytab keytab, krb5_error_code want, const char *target,
       const char *what)
{
    krb5_ticket *ticket = NULL;
    krb5_data ap_req;
    krb5_error_code ret;
    char *name = NULL;

    request_make(context, req, &ap_req);
    ret = request_accept(context, &ap_req, insisted, keytab, &ticket);
    krb5_data_free(&ap_req);
    if (ret == 0)
	request_krb5(context, krb5_unparse_name(context, ticket->server,
						&name), "unparse");
    check(ret == want && (ret || strcmp(name, target) == 0),
	  "%s: %d as %s", what, (int)ret, name ? name : "nobody");
    free(name);
    if (ticket)
	krb5_free_ticket(context, ticket);
}

/* the last field may be left out */
struct row {
    const char *ticket;		/* whom it is for */
    const char *entry;		/* whose key opens it */
    const char *insisted;	/* the acceptor's name, or NULL for any */
    krb5_error_code want;
    const char *target;		/* if it is not the ticket's name */
};

static void
test_restricted(const struct row *rows, size_t n)
{
    struct krb_request req;
    krb5_keytab keytab;
    char what[200];
    size_t i;

    for (i = 0; i < n; i++) {
	keytab = new_keytab();
	request_add_key(context, keytab, "first/" PC, 1, &wrong);
	request_add_key(context, keytab, rows[i].entry, 1, &key);
	request_init(&req, &key);
	req.server = rows[i].ticket;
	snprintf(what, sizeof(what), "for %s, key of %s, acceptor %s",
		 rows[i].ticket, rows[i].entry,
		 rows[i].insisted ? rows[i].insisted : "any");
	expect(&req, rows[i].insisted, keytab, rows[i].want,
	       rows[i].target ? rows[i].target : rows[i].ticket, what);
	krb5_kt_close(context, keytab);
    }
}

#define TEST_ROWS(rows) test_restricted(rows, sizeof(rows) / sizeof(rows[0]))

/*
 * The names that are the computer's, and those that are not.
 */
static void
test_names(void)
{
    static const struct row rows[] = {
	{ RESTRICTED, RESTRICTED, NULL, 0 },
	{ RESTRICTED, "host/" PC, NULL, 0 },
	{ RESTRICTED, "HOST/PC.LOOP.TEST@LOOP.TEST", NULL, 0 },
	{ RESTRICTED, "PC$@LOOP.TEST", NULL, 0 },
	{ RESTRICTED, "pc$@LOOP.TEST", NULL, 0 },
	{ "RESTRICTEDKRBHOST/PC.loop.test@LOOP.TEST", "host/" PC, NULL, 0 },
	{ "RestrictedKrbHost/pc@LOOP.TEST", "PC$@LOOP.TEST", NULL, 0 },

	{ RESTRICTED, "http/" PC, NULL, NOT_US },
	{ RESTRICTED, "ftp/pc@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "host/other.loop.test@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "host/pc.loop.test@OTHER.TEST", NULL, NOT_US },
	{ RESTRICTED, "PC$@OTHER.TEST", NULL, NOT_US },
	{ RESTRICTED, "P$@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "PCX$@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "PD$@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "PCX@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "PC.loop.test$@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "pc@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "$@LOOP.TEST", NULL, NOT_US },
	{ "RestrictedKrbHost/.loop.test@LOOP.TEST", "$@LOOP.TEST", NULL,
	  NOT_US },
	{ RESTRICTED, "PC$/pc.loop.test@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "PC$/pc.loop.test/x@LOOP.TEST", NULL, NOT_US },
	{ RESTRICTED, "host/pc.loop.test/x@LOOP.TEST", NULL, NOT_US },

	/* other names are opened with any key, as ever, and are its owner's */
	{ "http/" PC, "host/" PC, NULL, 0, "host/" PC },
	{ "RestrictedKrbHost@LOOP.TEST", "http/" PC, NULL, 0, "http/" PC },
	{ "RestrictedKrbHostX/" PC, "http/" PC, NULL, 0, "http/" PC }
    };
    TEST_ROWS(rows);
}

/*
 * An acceptor that insists on a name does not take the computer's key, unless
 * the name is the computer's.
 */
static void
test_insisting(void)
{
    static const struct row rows[] = {
	{ RESTRICTED, "host/" PC, "host/" PC, 0 },
	{ RESTRICTED, "host/" PC, "http/" PC, NOT_FOUND },
	{ RESTRICTED, "PC$@LOOP.TEST", "http/" PC, NOT_FOUND }
    };
    TEST_ROWS(rows);
}

static void
test_insisting_allowed(void)
{
    static const struct row rows[] = {
	{ RESTRICTED, "host/" PC, "host/" PC, 0 },
	{ RESTRICTED, "host/" PC, "http/" PC, 0 },
	{ RESTRICTED, "PC$@LOOP.TEST", "http/" PC, 0 },
	{ RESTRICTED, "PC$@LOOP.TEST", "http/PC.LOOP.test@LOOP.TEST", 0 },
	/* of another host, or not of a host */
	{ RESTRICTED, "host/" PC, "http/other.loop.test@LOOP.TEST",
	  NOT_FOUND },
	{ RESTRICTED, "PC$@LOOP.TEST", "http/pc@LOOP.TEST", NOT_FOUND },
	{ RESTRICTED, "PC$@LOOP.TEST", "http@LOOP.TEST", NOT_FOUND },
	{ RESTRICTED, "PC$@LOOP.TEST", "http/pc.loop.test/x@LOOP.TEST",
	  NOT_FOUND },
	/* not another service's key, nor for another name */
	{ RESTRICTED, "ftp/" PC, "http/" PC, NOT_FOUND },
	{ "ftp/" PC, "host/" PC, "http/" PC, NOT_FOUND },
	{ RESTRICTED, "http/" PC, NULL, NOT_US },
	{ RESTRICTED, "host/" PC, NULL, 0 }
    };
    TEST_ROWS(rows);
}

/*
 * As before: any key, and its owner's name.
 */
static void
test_off(void)
{
    static const struct row rows[] = {
	{ RESTRICTED, "host/" PC, NULL, 0, "host/" PC },
	{ RESTRICTED, "http/" PC, NULL, 0, "http/" PC },
	{ RESTRICTED, RESTRICTED, NULL, 0 },
	{ RESTRICTED, "host/" PC, "host/" PC, 0 },
	{ RESTRICTED, "host/" PC, "http/" PC, NOT_FOUND }
    };
    TEST_ROWS(rows);
}

/*
 * Older keys of the computer, and the error when none of its keys is right.
 */
static void
test_versions(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;

    request_init(&req, &key);
    req.server = RESTRICTED;
    req.kvno = 7;
    request_add_key(context, keytab, "PC$@LOOP.TEST", 7, &wrong);
    request_add_key(context, keytab, "http/" PC, 7, &key);
    expect(&req, NULL, keytab, MODIFIED, NULL, "wrong key of the version");
    req.kvno = 8;
    expect(&req, NULL, keytab, BADKEYVER, NULL, "another version");
    request_add_key(context, keytab, "PC$@LOOP.TEST", 6, &key);
    expect(&req, NULL, keytab, 0, RESTRICTED, "an older key");
    krb5_kt_close(context, keytab);
}

/*
 * The target of a GSS context, of an acceptor that insists on a name or takes
 * any.
 */
static void
test_target(const char *insisted)
{
    krb5_keytab keytab = new_keytab();
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_cred_id_t cred;
    gss_buffer_desc token, out, text;
    krb5_principal p = NULL;
    struct krb_request req;
    OM_uint32 major, minor;
    gss_name_t target;
    krb5_data ap_req;

    request_add_key(context, keytab, "http/" PC, 1, &wrong);
    request_add_key(context, keytab, "PC$@LOOP.TEST", 1, &key);
    if (insisted)
	request_krb5(context, krb5_parse_name(context, insisted, &p),
		     insisted);
    major = gss_krb5_import_cred(&minor, NULL, p, keytab, &cred);
    if (major != GSS_S_COMPLETE)
	errx(1, "gss_krb5_import_cred: %08x", (unsigned)major);

    request_init(&req, &key);
    req.server = RESTRICTED;
    request_make(context, &req, &ap_req);
    token.value = ap_req.data;
    token.length = ap_req.length;
    major = gss_accept_sec_context(&minor, &ctx, cred, &token,
				   GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
				   &out, NULL, NULL, NULL);
    check(major == GSS_S_COMPLETE, "acceptor %s: %08x/%d",
	  insisted ? insisted : "any", (unsigned)major, (int)minor);
    if (major == GSS_S_COMPLETE) {
	major = gss_inquire_context(&minor, ctx, NULL, &target, NULL, NULL,
				    NULL, NULL, NULL);
	if (major == GSS_S_COMPLETE)
	    major = gss_display_name(&minor, target, &text, NULL);
	if (major != GSS_S_COMPLETE)
	    errx(1, "the target: %08x", (unsigned)major);
	check(text.length == strlen(RESTRICTED) &&
	      strncmp(text.value, RESTRICTED, text.length) == 0,
	      "   the target is the ticket's: %.*s", (int)text.length,
	      (char *)text.value);
	gss_release_buffer(&minor, &text);
	gss_release_name(&minor, &target);
    }
    gss_release_buffer(&minor, &out);
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    gss_release_cred(&minor, &cred);
    krb5_data_free(&ap_req);
    krb5_free_principal(context, p);
    krb5_kt_close(context, keytab);
}

static void
test_targets(void)
{
    test_target(NULL);
    test_target("http/" PC);
}

/*
 * DES tickets; everybody's key is the same, so that only names count.
 */
static void
test_des(krb5_error_code of_computer)
{
    static const struct {
	const char *name;
	int computer;
    } rows[] = {
	{ "host/" PC, 1 }, { "HOST/pc@LOOP.TEST", 1 },
	{ "host/pc.loop.test/LOOP@LOOP.TEST", 1 },
	{ "PC$@LOOP.TEST", 1 }, { RESTRICTED, 1 },
	{ "service/" PC, 0 }, { "afs@LOOP.TEST", 0 },
	{ "afs/loop.test@LOOP.TEST", 0 }, { "hostx/" PC, 0 },
	{ "host@LOOP.TEST", 0 }, { "$@LOOP.TEST", 0 }
    };
    static const krb5_enctype none = 0;
    struct krb_request req;
    krb5_error_code want;
    krb5_keytab keytab;
    char what[100];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	keytab = new_keytab();
	request_add_key(context, keytab, rows[i].name, 1, &des);
	request_init(&req, &des);
	req.server = rows[i].name;
	want = rows[i].computer ? of_computer : 0;
	snprintf(what, sizeof(what), "DES for %s", rows[i].name);
	expect(&req, NULL, keytab, want, rows[i].name, what);
	expect(&req, rows[i].name, keytab, want, rows[i].name,
	       "   the acceptor insists on it");
	/* the key decides, whatever enctype the ticket claims */
	req.claim = &none;
	expect(&req, NULL, keytab, want, rows[i].name, "   it claims none");
	req.claim = NULL;
	req.kvno = 9;
	expect(&req, NULL, keytab, want, rows[i].name, "   another version");
	req.kvno = 1;
	/* and its owner, whatever name the ticket has */
	req.server = "another/" PC;
	want = !rows[i].computer ? 0 : of_computer ? NOT_US : 0;
	expect(&req, NULL, keytab, want, rows[i].name,
	       "   under another name");
	expect(&req, rows[i].name, keytab,
	       rows[i].computer ? of_computer : 0, req.server,
	       "   which the acceptor insists on");
	krb5_kt_close(context, keytab);
    }
}

/*
 * It is the enctype, not the name: an AES key of the computer still works.
 */
static void
test_beside_des(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;

    request_add_key(context, keytab, "host/" PC, 1, &des);
    request_add_key(context, keytab, "host/" PC, 1, &key);
    request_init(&req, &key);
    req.server = "host/" PC;
    expect(&req, NULL, keytab, 0, req.server, "AES, beside a DES key");
    krb5_kt_close(context, keytab);
}

static void
test_refused(void)
{
    test_des(MODIFIED);
    test_beside_des();
}

static void
test_accepted(void)
{
    test_des(0);
    test_beside_des();
}

/*
 * A DES ticket for the computer without a key for it: before a key is looked
 * for, so this says nothing of the keytab.
 */
static void
test_without_key(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;

    request_add_key(context, keytab, "service/" PC, 1, &des);
    request_init(&req, &des);
    req.server = "host/" PC;
    expect(&req, NULL, keytab, MODIFIED, NULL, "DES, and no key");
    expect(&req, "service/" PC, keytab, MODIFIED, NULL,
	   "DES, and another acceptor");
    krb5_kt_close(context, keytab);
}

/* each in a process that has its own krb5.conf */
static const struct setting {
    const char *config;
    void (*test)(void);
} settings[] = {
    { "", test_names },
    { "", test_insisting },
    { "", test_versions },
    { "[gssapi]\n\trestricted_krb_host = true\n", test_names },
    { "[gssapi]\n\trestricted_krb_host = true\n", test_insisting_allowed },
    { "[gssapi]\n\trestricted_krb_host = true\n", test_targets },
    { "[gssapi]\n\trestricted_krb_host = false\n", test_off },
    { "[libdefaults]\n\tallow_weak_crypto = true\n", test_refused },
    { "[libdefaults]\n\tallow_weak_crypto = true\n", test_without_key },
    { "[libdefaults]\n\tallow_weak_crypto = true\n"
      "[gssapi]\n\taccept_des_computer_tickets = true\n", test_accepted }
};

static void
run(void *arg)
{
    const struct setting *s = arg;
    krb5_keyblock *keys[] = { &key, &wrong };
    char name[256];
    const char *tmp = getenv("TMPDIR");
    FILE *f;
    int i;

    snprintf(name, sizeof(name), "%s/computer.%ld.conf", tmp ? tmp : "/tmp",
	     (long)getpid());
    f = fopen(name, "w");
    if (f == NULL || fputs(s->config, f) < 0 || fclose(f) != 0)
	err(1, "%s", name);
    setenv("KRB5_CONFIG", name, 1);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    for (i = 0; i < 2; i++)
	request_krb5(context, krb5_generate_random_keyblock(context,
		     ETYPE_AES256_CTS_HMAC_SHA1_96, keys[i]), "key");
    if (strstr(s->config, "weak") != NULL)
	request_krb5(context, krb5_generate_random_keyblock(context,
		     ETYPE_DES_CBC_MD5, &des), "DES key");
    s->test();
    unlink(name);
    krb5_free_keyblock_contents(context, &key);
    krb5_free_keyblock_contents(context, &wrong);
    krb5_free_keyblock_contents(context, &des);
    krb5_free_context(context);
    exit(check_done());
}

int
main(int argc, char **argv)
{
    char said[1024];
    size_t i;
    int status, failed = 0;

    setprogname(argv[0]);
    for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
	printf("krb5.conf: %s\n", settings[i].config);
	status = child_run(run, rk_UNCONST(&settings[i]), said, sizeof(said));
	if (status != 0 || said[0] != '\0')
	    printf("FAILED status %d: %s\n", status, said);
	failed |= status != 0;
    }
    return failed;
}
