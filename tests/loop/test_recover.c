/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What an initiator does about a KRB-ERROR2: which tickets it asks for, with
 * which of its cache it asks, what it takes of the answer, and whose keys
 * count.  The KDC is here.
 *
 * REQ: XT-53, XT-57, XT-58, XT-62, XT-72, XT-94
 */

#include <gsskrb5_locl.h>
#include <gsskrb5_ext.h>
#include <err.h>

#include "exchange.h"
#include "sec_test.h"

#define TARGET "host/alias.test@TEST"	/* that is asked for, ... */
#define SERVICE "host/real.test@TEST"	/* ... and that the KDC gave */
#define TGT "krbtgt/TEST@TEST"
#define HOUR 3600

#define SUBKEY KRB5_EXT_ERROR2_KEY_SUBKEY
#define SESSION KRB5_EXT_ERROR2_KEY_SESSION

static krb5_context context;

/* The KDC: what it gives, and what was asked with. */
static struct {
    const char *ticket;
    time_t ends;
    int asked, asked_other;
    int had_tgt, had_target, had_service;
} kdc;

struct initiator {
    struct gsskrb5_ctx ctx;
    krb5_keyblock session, subkey, acceptors;
    OM_uint32 minor;
    enum gsskrb5_ext_next next;
};

static krb5_principal
name(const char *text)
{
    krb5_principal p;

    if (krb5_parse_name(context, text, &p))
	errx(1, "%s", text);
    return p;
}

static krb5_creds *
make_cred(const char *service, const char *ticket, time_t ends)
{
    krb5_creds *cred = calloc(1, sizeof(*cred));

    if (cred == NULL ||
	krb5_generate_random_keyblock(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				      &cred->session) ||
	krb5_data_copy(&cred->ticket, ticket, strlen(ticket)))
	errx(1, "out of memory");
    cred->client = name("user@TEST");
    cred->server = name(service);
    cred->times.starttime = time(NULL);
    cred->times.endtime = ends;
    return cred;
}

/* -- in the place of the libraries' ------------------------------------ */

krb5_error_code KRB5_LIB_CALL
krb5_get_credentials(krb5_context ctx, krb5_flags options, krb5_ccache id,
		     krb5_creds *in, krb5_creds **out)
{
    krb5_cc_cursor cursor;
    krb5_creds cred;
    char *text;

    kdc.asked++;
    kdc.had_tgt = kdc.had_target = kdc.had_service = 0;
    if (krb5_cc_start_seq_get(ctx, id, &cursor))
	errx(1, "krb5_cc_start_seq_get");
    while (krb5_cc_next_cred(ctx, id, &cursor, &cred) == 0) {
	if (krb5_unparse_name(ctx, cred.server, &text))
	    errx(1, "krb5_unparse_name");
	kdc.had_tgt += strcmp(text, TGT) == 0;
	kdc.had_target += strcmp(text, TARGET) == 0;
	kdc.had_service += strcmp(text, SERVICE) == 0;
	free(text);
	krb5_free_cred_contents(ctx, &cred);
    }
    krb5_cc_end_seq_get(ctx, id, &cursor);
    if (kdc.ticket == NULL)
	return KRB5_KDC_UNREACH;
    *out = make_cred(SERVICE, kdc.ticket, kdc.ends);
    return 0;
}

krb5_error_code
_gsskrb5_ext_get_by_other_path(krb5_context ctx, krb5_ccache ccache,
			       const krb5_creds *wanted, krb5_creds **out)
{
    kdc.asked_other++;
    *out = make_cred(SERVICE, "by another path", time(NULL) + HOUR);
    return 0;
}

/* -- the initiator ----------------------------------------------------- */

static void
store(krb5_ccache id, const char *service)
{
    krb5_creds *cred = make_cred(service, "cached", time(NULL) + HOUR);

    if (krb5_cc_store_cred(context, id, cred))
	errx(1, "krb5_cc_store_cred");
    krb5_free_creds(context, cred);
}

/*
 * It has sent an AP-REQ with a ticket, whose keys are i's.
 */
static void
begin(struct initiator *i, int awaited)
{
    struct gsskrb5_ctx *ctx = &i->ctx;

    memset(i, 0, sizeof(*i));
    memset(&kdc, 0, sizeof(kdc));
    kdc.ticket = "new";
    kdc.ends = time(NULL) + 2 * HOUR;
    HEIMDAL_MUTEX_init(&ctx->ctx_id_mutex);
    ctx->ext = calloc(1, sizeof(*ctx->ext));
    if (ctx->ext == NULL || krb5_auth_con_init(context, &ctx->auth_context))
	errx(1, "out of memory");
    ctx->ext->enabled = ctx->ext->offered = 1;
    ctx->ext->awaited = awaited;
    ctx->ext->tokens = 1;
    ctx->req_flags = awaited ? 0 : GSS_C_MUTUAL_FLAG;
    ctx->source = name("user@TEST");
    ctx->target = name(TARGET);
    ctx->kcred = make_cred(SERVICE, "old", time(NULL) + HOUR);
    if (krb5_cc_new_unique(context, "MEMORY", NULL, &ctx->ccache) ||
	krb5_cc_initialize(context, ctx->ccache, ctx->source))
	errx(1, "no credential cache");
    store(ctx->ccache, TGT);
    store(ctx->ccache, TARGET);
    store(ctx->ccache, SERVICE);
    if (krb5_auth_con_setkey(context, ctx->auth_context,
			     &ctx->kcred->session) ||
	krb5_auth_con_generatelocalsubkey(context, ctx->auth_context,
					  &ctx->kcred->session) ||
	krb5_copy_keyblock_contents(context, &ctx->kcred->session,
				    &i->session) ||
	krb5_copy_keyblock_contents(context, ctx->auth_context->local_subkey,
				    &i->subkey) ||
	krb5_generate_random_keyblock(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				      &i->acceptors))
	errx(1, "no keys");
}

static void
end(struct initiator *i)
{
    struct gsskrb5_ctx *ctx = &i->ctx;

    krb5_cc_destroy(context, ctx->ccache);
    krb5_free_principal(context, ctx->source);
    krb5_free_principal(context, ctx->target);
    if (ctx->kcred)
	krb5_free_creds(context, ctx->kcred);
    krb5_auth_con_free(context, ctx->auth_context);
    _gsskrb5_ext_free(context, ctx->ext);
    krb5_free_keyblock_contents(context, &i->session);
    krb5_free_keyblock_contents(context, &i->subkey);
    krb5_free_keyblock_contents(context, &i->acceptors);
}

static OM_uint32
give(struct initiator *i, gss_buffer_t token)
{
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major, minor;

    major = _gsskrb5_ext_initiate_answer(&i->minor, context, &i->ctx, token,
					 &out, &i->next);
    gss_release_buffer(&minor, &out);
    return major;
}

/*
 * A KRB-ERROR2 that wants another AP-REQ, in the subkey, the session key or
 * none; with a subkey of the acceptor's if keys is set.
 */
static OM_uint32
answer(struct initiator *i, int32_t code, int level, int keys, int ahead)
{
    static unsigned char challenge[32] = { 1, 2, 3 };
    struct krb5_ext_error2_keys seal = { NULL, NULL };
    struct krb5_ext_error2 error2;
    gss_buffer_desc token;
    krb5_data pdu;
    OM_uint32 major, minor;

    memset(&error2, 0, sizeof(error2));
    error2.challenge.data = challenge;
    error2.challenge.length = sizeof(challenge);
    error2.stime = time(NULL) + ahead;
    error2.error_code = code;
    error2.continue_needed = TRUE;
    if (keys) {
	error2.subkey = &i->acceptors;
	error2.seq_number = 4711;
    }
    if (level == SUBKEY)
	seal.subkey = &i->subkey;
    if (level != 0)
	seal.session = &i->session;
    if (_krb5_ext_encode_error2(context, &error2, KRB5_EXT_FROM_ACCEPTOR,
				&seal, &pdu))
	errx(1, "_krb5_ext_encode_error2");
    major = _gsskrb5_encapsulate(&minor, &pdu, &token,
				 KRB5_EXT_TOK_ID_CONTINUE,
				 GSS_KRB5_MECHANISM);
    if (major != GSS_S_COMPLETE)
	errx(1, "_gsskrb5_encapsulate");
    krb5_data_free(&pdu);
    major = give(i, &token);
    gss_release_buffer(&minor, &token);
    return major;
}

static int
is_again(struct initiator *i, OM_uint32 major)
{
    return major == GSS_S_COMPLETE && i->next == GSSKRB5_EXT_AGAIN;
}

static int
is_code(struct initiator *i, OM_uint32 major, int32_t code)
{
    return major == GSS_S_FAILURE &&
	i->minor == (OM_uint32)(KRB5KDC_ERR_NONE + code);
}

/*
 * Whether the initiator's subkey is another than that of its first AP-REQ.
 */
static int
is_new_subkey(struct initiator *i)
{
    return krb5_data_cmp(&i->ctx.auth_context->local_subkey->keyvalue,
			 &i->subkey.keyvalue) != 0;
}

static int
has_acceptors(struct initiator *i)
{
    krb5_keyblock *key = i->ctx.auth_context->remote_subkey;

    return key != NULL &&
	krb5_data_cmp(&key->keyvalue, &i->acceptors.keyvalue) == 0;
}

static int
has_ticket(struct initiator *i, const char *text)
{
    const krb5_data *ticket = &i->ctx.kcred->ticket;

    return ticket->length == strlen(text) &&
	memcmp(ticket->data, text, ticket->length) == 0;
}

/* -- the cases --------------------------------------------------------- */

/*
 * A new ticket, asked for with a cache that has none of that service, by
 * either name.
 */
static void
test_new_ticket(void)
{
    static const struct {
	const char *what;
	int32_t code;
	int level;
	const char *ticket;
	int ends;		/* after the old one's end */
	int taken;
    } cases[] = {
	{ "it ends later", 32, SUBKEY, "new", HOUR, 1 },
	{ "it ends a second later", 32, SUBKEY, "new", 1, 1 },
	{ "it ends no later", 32, SUBKEY, "new", 0, 0 },
	{ "it ends sooner", 32, SUBKEY, "new", -1, 0 },
	{ "it begins, and ends no later", 33, SUBKEY, "new", 0, 1 },
	{ "another key, and it ends no later", 44, 0, "new", 0, 1 },
	{ "it is the same", 44, 0, "old", HOUR, 0 }
    };
    struct initiator i;
    OM_uint32 major;
    size_t n;

    for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
	begin(&i, 0);
	kdc.ticket = cases[n].ticket;
	kdc.ends = i.ctx.kcred->times.endtime + cases[n].ends;
	major = answer(&i, cases[n].code, cases[n].level,
		       cases[n].level != 0, 0);
	check((cases[n].taken ? is_again(&i, major) :
	       is_code(&i, major, cases[n].code)) && kdc.asked == 1 &&
	      has_ticket(&i, cases[n].taken ? "new" : "old"),
	      "another ticket: %s (%08x/%d)", cases[n].what, (unsigned)major,
	      (int)i.minor);
	check(kdc.had_tgt && !kdc.had_target && !kdc.had_service,
	      "asked for without those that there are");
	check(!is_new_subkey(&i), "the subkey stays");
	end(&i);
    }
    begin(&i, 0);
    kdc.ticket = NULL;
    major = answer(&i, 44, 0, 0, 0);
    check(major == GSS_S_FAILURE && i.minor == (OM_uint32)KRB5_KDC_UNREACH,
	  "no KDC");
    end(&i);
}

/*
 * By another path, which has another subkey.  Where no AP-REP is to come, an
 * acceptor that has told its keys keeps those of the ticket it refuses.
 */
static void
test_other_path(void)
{
    static const struct {
	int32_t code;
	int awaited, level, taken;
    } cases[] = {
	{ 51, 0, SUBKEY, 1 },
	{ 51, 0, SESSION, 1 },
	{ 51, 1, SUBKEY, 0 },
	{ 51, 1, SESSION, 1 },
	{ 43, 1, SUBKEY, 0 },
	{ 51, 0, 0, 0 }
    };
    struct initiator i;
    OM_uint32 major;
    size_t n;

    for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
	begin(&i, cases[n].awaited);
	major = answer(&i, cases[n].code, cases[n].level,
		       cases[n].level == SUBKEY, 0);
	check((cases[n].taken ? is_again(&i, major) :
	       is_code(&i, major, cases[n].code)) &&
	      kdc.asked_other == cases[n].taken &&
	      is_new_subkey(&i) == cases[n].taken,
	      "another path, case %d (%08x/%d)", (int)n, (unsigned)major,
	      (int)i.minor);
	check(!has_acceptors(&i), "and nobody's keys");
	end(&i);
    }
}

/*
 * A ticket that tells the time: where the ticket may have been refused and no
 * AP-REP is to come, with another subkey.
 */
static void
test_clock(void)
{
    static const struct {
	int32_t code;
	int awaited, level, ahead, anew;
    } cases[] = {
	{ 37, 0, SUBKEY, HOUR, 0 },
	{ 37, 1, SUBKEY, HOUR, 0 },
	{ 32, 0, SESSION, HOUR, 0 },
	{ 33, 0, SESSION, -HOUR, 0 },
	{ 32, 1, SESSION, HOUR, 1 },
	{ 33, 1, SESSION, -HOUR, 1 }
    };
    struct initiator i;
    OM_uint32 major;
    size_t n;

    for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
	begin(&i, cases[n].awaited);
	major = answer(&i, cases[n].code, cases[n].level,
		       cases[n].level == SUBKEY, cases[n].ahead);
	check(is_again(&i, major) && kdc.asked == 1 &&
	      has_ticket(&i, "new") && is_new_subkey(&i) == cases[n].anew,
	      "the time, case %d (%08x/%d)", (int)n, (unsigned)major,
	      (int)i.minor);
	end(&i);
    }
}

/*
 * The acceptor's keys of an error count where no AP-REP brings them, and only
 * in our subkey: others may have the session key.
 */
static void
test_keys(void)
{
    static const struct {
	int32_t code;
	int awaited, level, keys, taken;
    } cases[] = {
	{ 34, 0, SUBKEY, 1, 0 },
	{ 34, 1, SUBKEY, 1, 1 },
	{ 41, 1, SESSION, 0, 0 },
	{ 41, 0, SESSION, 0, 0 },
	{ 36, 1, 0, 0, 0 }
    };
    struct initiator i;
    OM_uint32 major;
    int32_t number;
    size_t n;

    for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
	begin(&i, cases[n].awaited);
	krb5_auth_con_setremoteseqnumber(context, i.ctx.auth_context, 1);
	major = answer(&i, cases[n].code, cases[n].level, cases[n].keys, 0);
	krb5_auth_con_getremoteseqnumber(context, i.ctx.auth_context,
					 &number);
	check(is_again(&i, major) && has_acceptors(&i) == cases[n].taken &&
	      number == (cases[n].taken ? 4711 : 1),
	      "keys, case %d (%08x/%d, number %d)", (int)n, (unsigned)major,
	      (int)i.minor, (int)number);
	end(&i);
    }
    for (n = 0; n < 2; n++) {
	begin(&i, n);
	check(answer(&i, 41, SESSION, 1, 0) == GSS_S_DEFECTIVE_TOKEN &&
	      !has_acceptors(&i), "keys, in the session key");
	end(&i);
    }
}

/*
 * No KRB-ERROR2, to who waits for nothing else.
 */
static void
test_other_tokens(void)
{
    gss_buffer_desc token;
    struct initiator i;
    OM_uint32 major;

    token.value = rk_UNCONST("junk");
    token.length = 4;
    begin(&i, 1);
    major = give(&i, &token);
    check(major == GSS_S_DEFECTIVE_TOKEN &&
	  i.minor == (OM_uint32)KRB5KRB_AP_ERR_MSG_TYPE, "awaited: junk");
    end(&i);
    begin(&i, 0);
    krb5_free_creds(context, i.ctx.kcred);
    i.ctx.kcred = NULL;
    major = give(&i, &token);
    check(major == GSS_S_DEFECTIVE_TOKEN &&
	  i.minor == (OM_uint32)KRB5KRB_AP_ERR_MSG_TYPE,
	  "without a ticket: junk");
    end(&i);
    begin(&i, 0);
    major = give(&i, &token);
    check(major == GSS_S_COMPLETE && i.next == GSSKRB5_EXT_OTHER,
	  "for an AP-REP others look");
    end(&i);
}

int
main(int argc, char **argv)
{
    setprogname(argv[0]);
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    test_new_ticket();
    test_other_path();
    test_clock();
    test_keys();
    test_other_tokens();
    krb5_free_context(context);
    return check_done();
}
