/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Acceptors that ask for another AP-REQ, by an initiator that is made by hand:
 * with the keys of RFC 1964, with a credential in either of the two, and with
 * a second one that has something else than the first.
 */

#include "pair_config.h"
#include "gss_pair.h"
#include "gss_call.h"
#include "sec_test.h"
#include "ap_req.h"
#include "krb_error2.h"
#include "authdata.h"

#define SKEWED 1200			/* seconds */

/* One exchange. */
struct exchange {
    struct gss_pair *pair;
    krb5_keyblock *session;
    krb5_keyblock *subkey;	/* of the initiator; or NULL */
    krb5_enctype wanted;	/* of the acceptor's subkey */
    int skew;			/* of the first AP-REQ */
    krb5_data deleg[2];		/* KRB-CREDs; or empty */
    int without_flag[2];	/* and no GSS_C_DELEG_FLAG */
    struct ap_req second;	/* what is not 0 is as in this */
    int challenge;		/* 1: none, 2: another */
    OM_uint32 minor;
    gss_ctx_id_t ctx;
    gss_cred_id_t delegated;
    OM_uint32 flags;
    struct krb5_ext_error2 error2;
};

static void
begin(struct gss_pair *pair, struct exchange *e)
{
    krb5_creds creds;

    memset(e, 0, sizeof(*e));
    e->pair = pair;
    ap_req_creds(pair, &creds);
    pair_krb5(pair, krb5_copy_keyblock(pair->context, &creds.session,
				       &e->session), "krb5_copy_keyblock");
    krb5_free_cred_contents(pair->context, &creds);
}

static void
new_subkey(struct exchange *e, krb5_enctype enctype)
{
    pair_krb5(e->pair, krb5_generate_subkey_extended(
	e->pair->context, e->session, enctype, &e->subkey), "a subkey");
}

static void
end(struct exchange *e)
{
    OM_uint32 minor;

    gss_delete_sec_context(&minor, &e->ctx, GSS_C_NO_BUFFER);
    gss_release_cred(&minor, &e->delegated);
    krb5_free_keyblock(e->pair->context, e->session);
    krb5_free_keyblock(e->pair->context, e->subkey);
    _krb5_ext_free_error2(&e->error2);
    krb5_data_free(&e->deleg[0]);
    krb5_data_free(&e->deleg[1]);
}

/*
 * The first AP-REQ, or the second, which asks for no AP-REP; and the
 * acceptor's call.
 */
static OM_uint32
request(struct exchange *e, int second, gss_buffer_t answer)
{
    struct krb5_ext_authdata wanted;
    gss_buffer_desc token;
    AuthorizationData ad;
    unsigned char *octet;
    struct ap_req req;
    OM_uint32 major, minor;

    ap_req_init(&req);
    if (second) {
	req.flags &= ~GSS_C_MUTUAL_FLAG;
	req.options = 0;
	memcpy(req.bindings, e->second.bindings, sizeof(req.bindings));
	req.no_checksum = e->second.no_checksum;
	req.creds = e->second.creds;
	if (e->second.seq)
	    req.seq = e->second.seq;
    }
    memset(&wanted, 0, sizeof(wanted));
    wanted.have_etypes = !second && e->wanted != ETYPE_NULL;
    wanted.etypes.len = 1;
    wanted.etypes.val = &e->wanted;
    wanted.have_ap_options = 1;
    wanted.ap_options = KRB5_EXT_WIRE_CONTINUE_NEEDED_OK |
	(second ? 0 : 0x20000000U);
    wanted.have_challenge = second && e->challenge != 1;
    octet = e->error2.challenge.data;
    if (e->challenge == 2 && second)
	*octet ^= 1;
    wanted.challenge = e->error2.challenge;
    pair_krb5(e->pair, _krb5_ext_build_authdata(e->pair->context, &wanted,
						&ad), "authorization data");
    req.authdata = &ad;
    req.options |= AP_OPTS_CONTINUE_NEEDED_OK;
    req.subkey = e->subkey;
    req.skew = second ? 0 : e->skew;
    req.deleg = e->deleg[second];
    if (req.deleg.length && !e->without_flag[second])
	req.flags |= GSS_C_DELEG_FLAG;
    ap_req_make(e->pair, &req, &token);
    free_AuthorizationData(&ad);
    major = gss_accept_sec_context(&e->minor, &e->ctx,
				   e->pair->acceptor_cred, &token,
				   GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
				   answer, &e->flags, NULL, &e->delegated);
    gss_release_buffer(&minor, &token);
    return major;
}

/*
 * The first AP-REQ and its answer, which has to be a KRB-ERROR2 with code that
 * wants another.
 */
static void
first(struct exchange *e, int32_t code, const char *what)
{
    struct krb5_ext_error2_keys keys;
    gss_buffer_desc answer, inside;
    krb5_data pdu;
    OM_uint32 major, minor;

    major = request(e, 0, &answer);
    if (!check(major == GSS_S_CONTINUE_NEEDED, "%s: another is wanted (%08x)",
	       what, (unsigned)major))
	return;
    major = gss_decapsulate_token(&answer, GSS_KRB5_MECHANISM, &inside);
    pair_gss(major, 0, "gss_decapsulate_token");
    pdu.data = (char *)inside.value + 2;
    pdu.length = inside.length - 2;
    keys.subkey = e->subkey;
    keys.session = e->session;
    pair_krb5(e->pair, _krb5_ext_decode_error2(e->pair->context, &pdu,
					       KRB5_EXT_FROM_ACCEPTOR, &keys,
					       &e->error2), what);
    check(e->error2.error_code == code && e->error2.subkey != NULL,
	  "%s: a subkey", what);
    gss_release_buffer(&minor, &answer);
    gss_release_buffer(&minor, &inside);
}

static int
is_key(const krb5_keyblock *a, const krb5_keyblock *b)
{
    return a != NULL && b != NULL && a->keytype == b->keytype &&
	a->keyvalue.length == b->keyvalue.length &&
	memcmp(a->keyvalue.data, b->keyvalue.data, a->keyvalue.length) == 0;
}

/*
 * The second AP-REQ: the acceptor is complete, and its context's key is what
 * it has told.
 */
static void
second(struct exchange *e, const char *what)
{
    krb5_keyblock *key = NULL;
    gss_buffer_desc answer;
    OM_uint32 major, minor;

    major = request(e, 1, &answer);
    if (!check(major == GSS_S_COMPLETE && answer.length == 0,
	       "%s: complete (%08x)", what, (unsigned)major))
	return;
    major = gsskrb5_get_subkey(&minor, e->ctx, &key);
    pair_gss(major, minor, "gsskrb5_get_subkey");
    check(is_key(key, e->error2.subkey), "%s: the context's key", what);
    krb5_free_keyblock(e->pair->context, key);
    gss_release_buffer(&minor, &answer);
}

/*
 * The acceptor's subkey is the initiator's, as in an AP-REP, where its
 * messages are those of RFC 1964 and it wants no other.
 *
 * REQ: XT-14, XT-20, XT-40
 */
static void
test_old_keys(struct gss_pair *pair, const char *name, int skew)
{
    int32_t code = skew ? 37 : 0;
    krb5_enctype enctype;
    struct exchange e;

    begin(pair, &e);
    enctype = e.session->keytype;
    e.skew = skew;
    new_subkey(&e, enctype);
    first(&e, code, name);
    check(is_key(e.error2.subkey, e.subkey),
	  "%s: it is the initiator's subkey", name);
    second(&e, name);
    end(&e);

    begin(pair, &e);
    e.skew = skew;
    first(&e, code, name);
    check(is_key(e.error2.subkey, e.session),
	  "%s: it is the session key of who has no subkey", name);
    second(&e, name);
    end(&e);

    begin(pair, &e);
    e.skew = skew;
    e.wanted = ETYPE_AES128_CTS_HMAC_SHA1_96;
    new_subkey(&e, enctype);
    first(&e, code, name);
    check(e.error2.subkey->keytype == e.wanted,
	  "%s: it is new, as it was wanted", name);
    second(&e, name);
    end(&e);

    begin(pair, &e);
    e.skew = skew;
    new_subkey(&e, ETYPE_AES256_CTS_HMAC_SHA1_96);
    first(&e, code, name);
    check(!is_key(e.error2.subkey, e.subkey) &&
	  !is_key(e.error2.subkey, e.session),
	  "%s: it is new to an AES subkey", name);
    second(&e, name);
    end(&e);
}

/*
 * With AES it is always a new one.
 */
static void
test_new_keys(struct gss_pair *pair)
{
    struct exchange e;

    begin(pair, &e);
    new_subkey(&e, e.session->keytype);
    first(&e, 0, "AES");
    check(!is_key(e.error2.subkey, e.subkey) &&
	  !is_key(e.error2.subkey, e.session), "AES: it is new");
    second(&e, "AES");
    end(&e);
}

/*
 * A KRB-CRED that is not encrypted, of a TGT that is some text.
 */
static void
make_cred(struct exchange *e, krb5_data *octets, const char *text)
{
    static char names[2][8] = { "krbtgt", "user" }, home[] = "SECURITY.TEST";
    char *service[2], *client[1];
    Realm realm = home;
    KerberosTime later = time(NULL) + 3600;
    EncKrbCredPart part;
    KrbCredInfo info;
    PrincipalName sname, cname;
    KRB_CRED cred;
    Ticket ticket;
    size_t size;
    int ret;

    service[0] = names[0];
    service[1] = home;
    client[0] = names[1];
    sname.name_type = KRB5_NT_SRV_INST;
    sname.name_string.len = 2;
    sname.name_string.val = service;
    cname.name_type = KRB5_NT_PRINCIPAL;
    cname.name_string.len = 1;
    cname.name_string.val = client;
    memset(&info, 0, sizeof(info));
    info.key = *e->session;
    info.prealm = info.srealm = &realm;
    info.endtime = &later;
    info.pname = &cname;
    info.sname = &sname;
    memset(&part, 0, sizeof(part));
    part.ticket_info.len = 1;
    part.ticket_info.val = &info;
    memset(&ticket, 0, sizeof(ticket));
    ticket.tkt_vno = 5;
    ticket.realm = home;
    ticket.sname = sname;
    ticket.enc_part.etype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    ticket.enc_part.cipher.data = rk_UNCONST(text);
    ticket.enc_part.cipher.length = strlen(text);
    memset(&cred, 0, sizeof(cred));
    cred.pvno = 5;
    cred.msg_type = krb_cred;
    cred.tickets.len = 1;
    cred.tickets.val = &ticket;
    cred.enc_part.etype = ETYPE_NULL;
    ASN1_MALLOC_ENCODE(EncKrbCredPart, cred.enc_part.cipher.data,
		       cred.enc_part.cipher.length, &part, &size, ret);
    pair_krb5(e->pair, ret, "encode_EncKrbCredPart");
    ASN1_MALLOC_ENCODE(KRB_CRED, octets->data, octets->length, &cred, &size,
		       ret);
    pair_krb5(e->pair, ret, "encode_KRB_CRED");
    free(cred.enc_part.cipher.data);
}

/*
 * The text of the TGT that was delegated; static.
 */
static const char *
delegated(struct exchange *e)
{
    krb5_context context = e->pair->context;
    krb5_cc_cursor cursor;
    static char text[64];
    krb5_ccache ccache;
    krb5_creds creds;
    Ticket ticket;
    OM_uint32 major, minor;

    if (e->delegated == GSS_C_NO_CREDENTIAL)
	return "none";
    pair_krb5(e->pair, krb5_cc_new_unique(context, "MEMORY", NULL, &ccache),
	      "krb5_cc_new_unique");
    major = gss_krb5_copy_ccache(&minor, e->delegated, ccache);
    pair_gss(major, minor, "gss_krb5_copy_ccache");
    snprintf(text, sizeof(text), "empty");
    pair_krb5(e->pair, krb5_cc_start_seq_get(context, ccache, &cursor),
	      "krb5_cc_start_seq_get");
    while (krb5_cc_next_cred(context, ccache, &cursor, &creds) == 0) {
	if (krb5_principal_is_krbtgt(context, creds.server)) {
	    pair_krb5(e->pair, decode_Ticket(creds.ticket.data,
					     creds.ticket.length, &ticket,
					     NULL), "decode_Ticket");
	    snprintf(text, sizeof(text), "%.*s",
		     (int)ticket.enc_part.cipher.length,
		     (char *)ticket.enc_part.cipher.data);
	    free_Ticket(&ticket);
	}
	krb5_free_cred_contents(context, &creds);
    }
    krb5_cc_end_seq_get(context, ccache, &cursor);
    krb5_cc_destroy(context, ccache);
    return text;
}

/*
 * Of two credentials the newer counts; the flags are the first's.
 *
 * REQ: XT-48, XT-49
 */
static void
test_delegated(struct gss_pair *pair)
{
    static const struct {
	const char *what, *deleg[2];
	int without_flag[2];
	const char *want;
    } cases[] = {
	{ "none", { NULL, NULL }, { 0, 0 }, "none" },
	{ "the first has one", { "ONE", NULL }, { 0, 0 }, "ONE" },
	{ "both have one", { "ONE", "TWO" }, { 0, 0 }, "TWO" },
	{ "only the second has one", { NULL, "TWO" }, { 0, 0 }, "none" },
	{ "the second says that it has none", { "ONE", "TWO" }, { 0, 1 },
	  "ONE" },
	{ "the first says that it has none", { "ONE", "TWO" }, { 1, 0 },
	  "none" }
    };
    struct exchange e;
    size_t i;
    int k;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	begin(pair, &e);
	new_subkey(&e, e.session->keytype);
	for (k = 0; k < 2; k++) {
	    e.without_flag[k] = cases[i].without_flag[k];
	    if (cases[i].deleg[k])
		make_cred(&e, &e.deleg[k], cases[i].deleg[k]);
	}
	first(&e, 0, cases[i].what);
	check(e.delegated == GSS_C_NO_CREDENTIAL, "%s: nothing yet",
	      cases[i].what);
	second(&e, cases[i].what);
	check(strcmp(delegated(&e), cases[i].want) == 0, "%s: %s, want %s",
	      cases[i].what, delegated(&e), cases[i].want);
	check(((e.flags & GSS_C_DELEG_FLAG) != 0) ==
	      (strcmp(cases[i].want, "none") != 0), "%s: the flag",
	      cases[i].what);
	end(&e);
    }
}

/*
 * A ticket in the service's key, which has another name, too.
 */
static krb5_creds *
other_ticket(struct gss_pair *pair, const char *client, const char *server)
{
    krb5_creds *creds = ecalloc(1, sizeof(*creds));
    krb5_keytab_entry entry;
    krb5_principal service;

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &service),
	      PAIR_SERVICE);
    pair_krb5(pair, krb5_kt_get_entry(pair->context, pair->keytab, service, 0,
				      0, &entry), "krb5_kt_get_entry");
    pair_krb5(pair, krb5_parse_name(pair->context, client, &creds->client),
	      client);
    pair_krb5(pair, krb5_parse_name(pair->context, server, &creds->server),
	      server);
    if (!krb5_principal_compare(pair->context, service, creds->server)) {
	krb5_free_principal(pair->context, entry.principal);
	pair_krb5(pair, krb5_copy_principal(pair->context, creds->server,
					    &entry.principal), server);
	pair_krb5(pair, krb5_kt_add_entry(pair->context, pair->keytab,
					  &entry), "krb5_kt_add_entry");
    }
    pair_krb5(pair, krb5_generate_random_keyblock(
	pair->context, ETYPE_AES256_CTS_HMAC_SHA1_96, &creds->session),
	      "session key");
    creds->times.authtime = creds->times.starttime = time(NULL);
    creds->times.endtime = creds->times.authtime + 3600;
    pair_make_ticket(pair, creds, &entry.keyblock);
    krb5_kt_free_entry(pair->context, &entry);
    krb5_free_principal(pair->context, service);
    return creds;
}

/*
 * REQ: XT-38, XT-41, XT-43, XT-48
 */
static void
test_agrees(struct gss_pair *pair)
{
    static const struct {
	const char *what;
	const char *client, *server; /* of another ticket */
	unsigned seq;
	int bindings, no_checksum, challenge;
	OM_uint32 major;
	krb5_error_code minor;
    } cases[] = {
	{ "all", NULL, NULL, 0, 0, 0, 0, GSS_S_COMPLETE, 0 },
	{ "but the ticket", PAIR_CLIENT, PAIR_SERVICE, 0, 0, 0, 0,
	  GSS_S_COMPLETE, 0 },
	{ "not the client", "mallory@SECURITY.TEST", PAIR_SERVICE, 0, 0, 0, 0,
	  GSS_S_FAILURE, KRB5KRB_AP_ERR_BADMATCH },
	{ "not the service", PAIR_CLIENT,
	  "other/security.test@SECURITY.TEST", 0, 0, 0, 0, GSS_S_FAILURE,
	  KRB5KRB_AP_ERR_BADMATCH },
	{ "not the number", NULL, NULL, 2, 0, 0, 0, GSS_S_FAILURE,
	  KRB5KRB_AP_ERR_BADSEQ },
	{ "not the bindings", NULL, NULL, 0, 1, 0, 0, GSS_S_BAD_BINDINGS,
	  0 },
	{ "not that there is a checksum", NULL, NULL, 0, 0, 1, 0,
	  GSS_S_BAD_BINDINGS, 0 },
	{ "no challenge", NULL, NULL, 0, 0, 0, 1, GSS_S_FAILURE,
	  KRB5KRB_AP_ERR_REPEAT },
	{ "another challenge", NULL, NULL, 0, 0, 0, 2, GSS_S_FAILURE,
	  KRB5KRB_AP_ERR_REPEAT }
    };
    gss_buffer_desc answer;
    struct exchange e;
    OM_uint32 major, minor;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	begin(pair, &e);
	new_subkey(&e, e.session->keytype);
	first(&e, 0, cases[i].what);
	if (cases[i].client)
	    e.second.creds = other_ticket(pair, cases[i].client,
					  cases[i].server);
	e.second.seq = cases[i].seq;
	e.second.bindings[15] = cases[i].bindings;
	e.second.no_checksum = cases[i].no_checksum;
	e.challenge = cases[i].challenge;
	major = request(&e, 1, &answer);
	check(GSS_ERROR(major) == GSS_ERROR(cases[i].major) &&
	      (cases[i].minor == 0 ||
	       e.minor == (OM_uint32)cases[i].minor) &&
	      (answer.length != 0) == (GSS_ERROR(major) != 0),
	      "the second agrees: %s (%08x/%d)", cases[i].what,
	      (unsigned)major, (int)e.minor);
	gss_release_buffer(&minor, &answer);
	if (e.second.creds)
	    krb5_free_creds(pair->context, e.second.creds);
	end(&e);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
	const char *name;
	krb5_enctype enctype;
    } old[] = {
	{ "RC4", ETYPE_ARCFOUR_HMAC_MD5 },
	{ "DES3", ETYPE_DES3_CBC_SHA1 },
	{ "DES", ETYPE_DES_CBC_CRC }
    };
    struct gss_pair pair;
    size_t i;

    setprogname(argv[0]);
    pair_write_config("replay_protection = challenge\n"
		      "[libdefaults]\n\tallow_weak_crypto = true");
    for (i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
	pair_init(&pair, old[i].enctype);
	test_old_keys(&pair, old[i].name, 0);
	test_old_keys(&pair, old[i].name, -SKEWED);
	pair_free(&pair);
    }
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_new_keys(&pair);
    test_delegated(&pair);
    test_agrees(&pair);
    pair_free(&pair);
    return check_done();
}
