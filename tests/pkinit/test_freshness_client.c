/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a client of PKINIT does about freshness tokens, request by request:
 * when it asks, what it signs, what an error means to it and how often.
 */

#include "krb5_locl.h"
#include "freshness/freshness.h"
#include "sec_test.h"

#define REALM "EXT.TEST"

static krb5_context context;

static void
configure(const char *lines)
{
    char path[] = "test_freshness_client.XXXXXX";
    char *files[2] = { path, NULL };
    FILE *f;
    int fd;

    fd = mkstemp(path);
    f = fd < 0 ? NULL : fdopen(fd, "w");
    if (f == NULL || fputs(lines, f) < 0 || fclose(f) != 0 ||
	krb5_set_config_files(context, files) != 0)
	exit(1);
    unlink(path);
}

/*
 * The code, and whether an empty PA-AS-FRESHNESS was added to what is there.
 */
static krb5_error_code
add(struct krb5_freshness *f, krb5_boolean anonymous, int *added)
{
    METHOD_DATA md;
    krb5_error_code ret;

    memset(&md, 0, sizeof(md));
    if (krb5_padata_add(context, &md, KRB5_PADATA_PK_AS_REQ, NULL, 0))
	exit(1);
    ret = _krb5_freshness_add_padata(context, f, REALM, anonymous, &md);
    *added = md.len == 2 &&
	md.val[1].padata_type == KRB5_PADATA_AS_FRESHNESS &&
	md.val[1].padata_value.length == 0;
    if (!*added && md.len != 1)
	*added = -1;
    free_METHOD_DATA(&md);
    return ret;
}

/*
 * A request that was made; what is asked for is said by `asks'.
 */
static void
make_request(struct krb5_freshness *f, int asks, const char *what)
{
    krb5_error_code ret;
    int added;

    ret = add(f, FALSE, &added);
    check(ret == 0 && added == 1 && _krb5_freshness_asking(f) == asks,
	  "%s: it %s", what, asks ? "asks" : "is signed");
}

/*
 * An error with what is wanted in it: NULL for no METHOD-DATA, "" for one
 * without a token, "-" for an empty one.
 */
static krb5_boolean
fail(struct krb5_freshness *f, krb5_error_code error, const char *token)
{
    krb5_boolean again;
    METHOD_DATA md;

    memset(&md, 0, sizeof(md));
    if (token != NULL &&
	krb5_padata_add(context, &md, KRB5_PADATA_PK_AS_REQ, NULL, 0))
	exit(1);
    if (token != NULL && token[0] != '\0' &&
	krb5_padata_add(context, &md, KRB5_PADATA_AS_FRESHNESS,
			strcmp(token, "-") ? strdup(token) : NULL,
			strcmp(token, "-") ? strlen(token) : 0))
	exit(1);
    again = _krb5_freshness_retry(context, f, error, &md);
    free_METHOD_DATA(&md);
    return again;
}

static int
has(const struct krb5_freshness *f, const char *token)
{
    const krb5_data *data = _krb5_freshness_token(f);

    if (token == NULL)
	return data == NULL;
    return data != NULL && data->length == strlen(token) &&
	memcmp(data->data, token, data->length) == 0;
}

/* ---------------------------------------------------------------------- */

/* When there is nothing to ask for, and what cannot be configured. */
static void
test_modes(void)
{
    static const struct {
	const char *lines;
	krb5_boolean anonymous;
	krb5_error_code code;
	int added;
    } rows[] = {
	{ "", FALSE, 0, 1 },
	{ "", TRUE, 0, 0 },
	{ "[libdefaults]\n\tpkinit_freshness = auto\n", FALSE, 0, 1 },
	{ "[libdefaults]\n\tpkinit_freshness = always\n", FALSE, 0, 1 },
	{ "[libdefaults]\n\tpkinit_freshness = always\n", TRUE, 0, 0 },
	{ "[libdefaults]\n\tpkinit_freshness = never\n", FALSE, 0, 0 },
	{ "[libdefaults]\n\tpkinit_freshness = Never\n", FALSE,
	  KRB5_CONFIG_BADFORMAT, 0 },
	{ "[libdefaults]\n\tpkinit_freshness = never\n"
	  "[realms]\n\t" REALM " = {\n\t\tpkinit_freshness = auto\n\t}\n",
	  FALSE, 0, 1 },
	{ "[realms]\n\t" REALM " = {\n\t\tpkinit_freshness = never\n\t}\n",
	  FALSE, 0, 0 },
	{ "[realms]\n\tOTHER = {\n\t\tpkinit_freshness = never\n\t}\n",
	  FALSE, 0, 1 },
	{ "[realms]\n\t" REALM " = {\n\t\tpkinit_win2k = yes\n\t}\n",
	  FALSE, 0, 0 },
	{ "[realms]\n\t" REALM " = {\n\t\tpkinit_win2k = no\n\t}\n",
	  FALSE, 0, 1 }
    };
    struct krb5_freshness f;
    krb5_error_code ret;
    int added;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	memset(&f, 0, sizeof(f));
	configure(rows[i].lines);
	check(!_krb5_freshness_asking(&f) &&
	      !fail(&f, KRB5KDC_ERR_PREAUTH_REQUIRED, "token") &&
	      !_krb5_freshness_skip_reply(&f), "nothing was sent yet");
	ret = add(&f, rows[i].anonymous, &added);
	check(ret == rows[i].code && added == rows[i].added &&
	      _krb5_freshness_asking(&f) == added,
	      "configuration %d: %d, asks %d", (int)i, (int)ret, added);
	if (added == 0) {
	    check(!fail(&f, KRB5KDC_ERR_PREAUTH_REQUIRED, "token") &&
		  !fail(&f, KRB5KDC_ERR_NULL_KEY, NULL) &&
		  !_krb5_freshness_skip_reply(&f) && has(&f, NULL) &&
		  f.phase == FRESHNESS_ASK, "and errors are not its own");
	    ret = add(&f, FALSE, &added);
	    check(ret == rows[i].code && added == 0, "nor the next request");
	}
	_krb5_freshness_reset(&f);
    }
}

/* The asking request's answers. */
static void
test_asked(void)
{
    static const struct {
	krb5_error_code error;
	const char *token;
	krb5_boolean again, sign;
	const char *has;
    } rows[] = {
	{ KRB5KDC_ERR_PREAUTH_REQUIRED, "token", FALSE, TRUE, "token" },
	{ KRB5KDC_ERR_PREAUTH_REQUIRED, "", FALSE, TRUE, NULL },
	{ KRB5KDC_ERR_PREAUTH_REQUIRED, "-", FALSE, TRUE, NULL },
	{ KRB5KDC_ERR_PREAUTH_REQUIRED, NULL, TRUE, TRUE, NULL },
	{ KRB5KDC_ERR_NULL_KEY, "token", TRUE, TRUE, NULL },
	{ KRB5KDC_ERR_ETYPE_NOSUPP, NULL, TRUE, TRUE, NULL },
	{ KRB5KDC_ERR_PADATA_TYPE_NOSUPP, NULL, TRUE, TRUE, NULL },
	{ KRB5KDC_ERR_CLIENT_NOTYET, NULL, TRUE, TRUE, NULL },
	{ KRB5KDC_ERR_PREAUTH_FAILED, "token", TRUE, TRUE, NULL },
	{ KRB5_KDC_ERR_PREAUTH_EXPIRED, "token", FALSE, FALSE, NULL },
	{ KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, "token", FALSE, FALSE, NULL },
	{ KRB5KDC_ERR_POLICY, NULL, FALSE, FALSE, NULL }
    };
    struct krb5_freshness f;
    krb5_boolean again;
    size_t i;

    configure("");
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	memset(&f, 0, sizeof(f));
	make_request(&f, 1, "the first request");
	again = fail(&f, rows[i].error, rows[i].token);
	check(again == rows[i].again &&
	      (f.phase == FRESHNESS_SIGN) == rows[i].sign &&
	      has(&f, rows[i].has), "error %d with %s: again %d",
	      (int)rows[i].error, rows[i].token ? rows[i].token : "nothing",
	      (int)again);
	if (rows[i].sign)
	    make_request(&f, 0, "the next request");
	_krb5_freshness_reset(&f);
    }

    /* who needs no pre-authentication is answered at once */
    make_request(&f, 1, "the first request");
    check(_krb5_freshness_skip_reply(&f) == TRUE, "a reply is not read");
    make_request(&f, 0, "the next request");
    check(_krb5_freshness_skip_reply(&f) == FALSE, "its reply is");
    _krb5_freshness_reset(&f);
}

/* Who insists on a token signs nothing without one. */
static void
test_always(void)
{
    struct krb5_freshness f;
    krb5_error_code ret;
    int added;

    memset(&f, 0, sizeof(f));
    configure("[libdefaults]\n\tpkinit_freshness = always\n");
    make_request(&f, 1, "always");
    (void)fail(&f, KRB5KDC_ERR_PREAUTH_REQUIRED, "");
    ret = add(&f, FALSE, &added);
    check(ret == KRB5_PREAUTH_FAILED && added == 0, "without one (%d)",
	  (int)ret);
    _krb5_freshness_reset(&f);
    make_request(&f, 1, "always, again");
    (void)fail(&f, KRB5KDC_ERR_PREAUTH_REQUIRED, "token");
    make_request(&f, 0, "with one");
    _krb5_freshness_reset(&f);
    check(has(&f, NULL) && f.mode == FRESHNESS_UNSET, "nothing is kept");
    configure("");
}

/* Errors to what was signed. */
static void
test_signed(void)
{
    struct krb5_freshness f;
    int i;

    memset(&f, 0, sizeof(f));
    make_request(&f, 1, "the first request");
    (void)fail(&f, KRB5KDC_ERR_PREAUTH_REQUIRED, "one");
    make_request(&f, 0, "the signed one");
    check(!fail(&f, KRB5KDC_ERR_PREAUTH_FAILED, "") && has(&f, "one") &&
	  !fail(&f, KRB5KDC_ERR_PREAUTH_FAILED, NULL) && has(&f, "one") &&
	  !fail(&f, KRB5KDC_ERR_PREAUTH_REQUIRED, "two") && has(&f, "one") &&
	  !fail(&f, KRB5KDC_ERR_NULL_KEY, "two") && has(&f, "one") &&
	  !_krb5_freshness_gave_up(&f), "errors that are not about tokens");
    check(fail(&f, KRB5KDC_ERR_PREAUTH_FAILED, "two") && has(&f, "two"),
	  "the draft's error, with a token");
    make_request(&f, 0, "signed again");
    check(fail(&f, KRB5_KDC_ERR_PREAUTH_EXPIRED, "three") && has(&f, "three"),
	  "the error of RFC 8070, with a token");
    make_request(&f, 0, "and again");
    check(!_krb5_freshness_gave_up(&f), "it has not given up yet");
    check(!fail(&f, KRB5_KDC_ERR_PREAUTH_EXPIRED, "four") &&
	  has(&f, "three") && _krb5_freshness_gave_up(&f),
	  "a third time it gives up");
    _krb5_freshness_reset(&f);
    check(!_krb5_freshness_gave_up(&f), "which is forgotten");

    make_request(&f, 1, "the first request");
    (void)fail(&f, KRB5KDC_ERR_PREAUTH_REQUIRED, "one");
    for (i = 0; i < FRESHNESS_MAX_RESTARTS; i++) {
	check(fail(&f, KRB5_KDC_ERR_PREAUTH_EXPIRED, i ? "-" : "") &&
	      has(&f, NULL), "expired, and no token with it");
	make_request(&f, 1, "it asks again");
	(void)fail(&f, KRB5KDC_ERR_PREAUTH_REQUIRED, "more");
	make_request(&f, 0, "and signs");
    }
    check(!fail(&f, KRB5KDC_ERR_PREAUTH_FAILED, "four") &&
	  _krb5_freshness_gave_up(&f), "it gives up");
    _krb5_freshness_reset(&f);
}

int
main(int argc, char **argv)
{
    setenv("KRB5_CONFIG", "/nonexistent", 1);
    if (krb5_init_context(&context))
	return 1;
    test_modes();
    test_asked();
    test_always();
    test_signed();
    krb5_free_context(context);
    return check_done();
}
