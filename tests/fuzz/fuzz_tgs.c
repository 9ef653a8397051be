/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A client of ticket granting servers of many realms: a target for libFuzzer
 * (fuzz_tgs.py).  The first octet says what is asked for, the second has
 * flags, the pieces behind them are what the servers say.
 *
 * Beside crashes and leaks it finds a client that asks for ever, one that is
 * content with a reply that nobody who has the session key has made, or with
 * a ticket for another client or service, and one that stores what it must
 * not.
 */

#include "gsskrb5_locl.h"
#include "path.h"
#include "fuzz_target.h"	/* NOW, want() */
#include "fuzz_piece.h"

#define CLIENT "user@A.TEST"
#define SERVICE "host/server.d.test@D.TEST"
#define MAX_REQUESTS 64		/* of libkrb5 itself */

enum {				/* fuzz_tgs.py has these numbers */
    PATH, TICKET, RENEW, NUM_KINDS
};

/* flags */
#define CANONICALIZE 1
#define USER_USER 2
#define NEAR 4			/* the service is in the client's realm */
#define BY_B 8			/* there are TGTs for B, and by B for D */
#define NO_STORE 16

enum {				/* how a piece is sent */
    RAW, ERROR, REPLY, REFER
};

/* options of a REPLY or REFER */
#define OWN_NONCE 1		/* not the request's */
#define WRONG_KEY 2
#define SESSION_KEY 4		/* not the subkey */
#define OTHER_SESSION 8		/* the ticket's is not the one that we know */

static krb5_context context;
static krb5_principal client, service, near_service;
static krb5_keyblock key, wrong;

/* of one run */
static const uint8_t *next;
static size_t left;
static unsigned requests, max_requests;
static int genuine;		/* the last reply */

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The client is compiled to call it in the place of krb5_sendto_context(). */
krb5_error_code
fuzz_sendto_context(krb5_context, krb5_sendto_ctx, const krb5_data *,
		    krb5_const_realm, krb5_data *);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    setprogname("fuzz_tgs");
    want(krb5_init_context(&context) == 0);
    want(krb5_parse_name(context, CLIENT, &client) == 0);
    want(krb5_parse_name(context, SERVICE, &service) == 0);
    want(krb5_parse_name(context, "host/server.a.test@A.TEST",
			 &near_service) == 0);
    want(krb5_generate_random_keyblock(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				       &key) == 0);
    want(krb5_generate_random_keyblock(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				       &wrong) == 0);
    return 0;
}

/* -- the servers ---------------------------------------------------------- */

/* The request's nonce, and the subkey of its Authenticator.  Not 0 if its
 * ticket has a key that we do not know. */
static int
read_request(const krb5_data *octets, TGS_REQ *req, krb5_keyblock *subkey)
{
    Authenticator auth;
    krb5_crypto crypto;
    AP_REQ ap;
    PA_DATA *pa;
    krb5_data plain;
    size_t len;
    int ret, i = 0;

    want(decode_TGS_REQ(octets->data, octets->length, req, &len) == 0 &&
	 len == octets->length);
    pa = krb5_find_padata(req->padata->val, req->padata->len,
			  KRB5_PADATA_TGS_REQ, &i);
    want(pa != NULL);
    want(decode_AP_REQ(pa->padata_value.data, pa->padata_value.length, &ap,
		       &len) == 0 && len == pa->padata_value.length);
    want(krb5_crypto_init(context, &key, 0, &crypto) == 0);
    ret = krb5_decrypt_EncryptedData(context, crypto,
				     KRB5_KU_TGS_REQ_AUTH, &ap.authenticator,
				     &plain);
    krb5_crypto_destroy(context, crypto);
    free_AP_REQ(&ap);
    if (ret == 0) {
	want(decode_Authenticator(plain.data, plain.length, &auth, &len) == 0);
	want(auth.subkey != NULL &&
	     krb5_copy_keyblock_contents(context, auth.subkey, subkey) == 0);
	free_Authenticator(&auth);
	krb5_data_free(&plain);
    } else
	free_TGS_REQ(req);
    krb5_clear_error_message(context);
    return ret;
}

/* What a server says that refers to the realm that octets name. */
static void
refer(const krb5_data *octets, Realm from, EncTGSRepPart *part)
{
    char to[64];
    size_t len = octets->length < sizeof(to) ? octets->length :
	sizeof(to) - 1;
    krb5_principal tgs;

    memcpy(to, octets->data, len);
    to[len] = '\0';
    memset(part, 0, sizeof(*part));
    want(krb5_make_principal(context, &tgs, from, KRB5_TGS_NAME, to,
			     NULL) == 0);
    want(copy_Realm(&tgs->realm, &part->srealm) == 0);
    want(copy_PrincipalName(&tgs->name, &part->sname) == 0);
    krb5_free_principal(context, tgs);
    part->last_req.val = calloc(1, sizeof(*part->last_req.val));
    want(part->last_req.val != NULL);
    part->last_req.len = 1;
    part->authtime = NOW;
    part->endtime = NOW + 3600;
}

static int
make_part(const struct piece *piece, const TGS_REQ *req, EncTGSRepPart *part)
{
    const krb5_keyblock *session = piece->option & OTHER_SESSION ? &wrong :
	&key;

    if (piece->way == REFER)
	refer(&piece->octets, req->req_body.realm, part);
    else if (decode_EncTGSRepPart(piece->octets.data, piece->octets.length,
				  part, NULL) != 0)
	return -1;
    free_EncryptionKey(&part->key);
    want(krb5_copy_keyblock_contents(context, session, &part->key) == 0);
    if ((piece->option & OWN_NONCE) == 0)
	part->nonce = req->req_body.nonce;
    return 0;
}

static void
seal(const struct piece *piece, const krb5_keyblock *subkey,
     const krb5_data *plain, EncryptedData *out)
{
    const krb5_keyblock *with = piece->option & WRONG_KEY ? &wrong :
	piece->option & SESSION_KEY ? &key : subkey;
    krb5_crypto crypto;

    want(krb5_crypto_init(context, with, 0, &crypto) == 0);
    want(krb5_encrypt_EncryptedData(context, crypto,
	piece->option & SESSION_KEY ? KRB5_KU_TGS_REP_ENC_PART_SESSION :
	    KRB5_KU_TGS_REP_ENC_PART_SUB_KEY,
	plain->data, plain->length, 0, out) == 0);
    krb5_crypto_destroy(context, crypto);
}

/* A reply, with the piece's octets as its encrypted part. */
static int
make_reply(const struct piece *piece, const TGS_REQ *req,
	   const krb5_keyblock *subkey, krb5_data *out)
{
    EncTGSRepPart part;
    krb5_data plain;
    TGS_REP rep;
    size_t len;
    int ret;

    if (make_part(piece, req, &part) != 0)
	return -1;
    memset(&rep, 0, sizeof(rep));
    rep.pvno = rep.ticket.tkt_vno = 5;
    rep.msg_type = krb_tgs_rep;
    want(copy_Realm(&client->realm, &rep.crealm) == 0);
    want(copy_PrincipalName(&client->name, &rep.cname) == 0);
    want(copy_Realm(&part.srealm, &rep.ticket.realm) == 0);
    want(copy_PrincipalName(&part.sname, &rep.ticket.sname) == 0);
    ASN1_MALLOC_ENCODE(EncTGSRepPart, plain.data, plain.length, &part, &len,
		       ret);
    free_EncTGSRepPart(&part);
    if (ret == 0) {
	seal(piece, subkey, &plain, &rep.enc_part);
	krb5_data_free(&plain);
	ASN1_MALLOC_ENCODE(TGS_REP, out->data, out->length, &rep, &len, ret);
    }
    free_TGS_REP(&rep);
    genuine = ret == 0 && (piece->option & (OWN_NONCE | WRONG_KEY)) == 0;
    return ret;
}

static void
make_error(const struct piece *piece, const TGS_REQ *req, krb5_data *out)
{
    KRB_ERROR e;
    size_t len;
    int ret;

    memset(&e, 0, sizeof(e));
    e.pvno = 5;
    e.msg_type = krb_error;
    e.stime = NOW;
    e.error_code = piece->option;
    e.realm = req->req_body.realm;
    e.sname = *req->req_body.sname;
    if (piece->octets.length)
	e.e_data = rk_UNCONST(&piece->octets);
    ASN1_MALLOC_ENCODE(KRB_ERROR, out->data, out->length, &e, &len, ret);
    want(ret == 0);
}

krb5_error_code
fuzz_sendto_context(krb5_context unused, krb5_sendto_ctx ctx,
		    const krb5_data *octets, krb5_const_realm realm,
		    krb5_data *reply)
{
    krb5_keyblock subkey;
    struct piece piece;
    TGS_REQ req;
    int ret = 0;

    krb5_data_zero(reply);
    genuine = 0;
    want(++requests <= max_requests);
    if (!next_piece(&next, &left, &piece) ||
	read_request(octets, &req, &subkey) != 0)
	return KRB5_KDC_UNREACH;
    if (piece.way == RAW)
	ret = krb5_data_copy(reply, piece.octets.data, piece.octets.length);
    else if (piece.way == ERROR)
	make_error(&piece, &req, reply);
    else
	ret = make_reply(&piece, &req, &subkey, reply);
    krb5_free_keyblock_contents(context, &subkey);
    free_TGS_REQ(&req);
    return ret ? KRB5_KDC_UNREACH : 0;
}

/* -- the client ----------------------------------------------------------- */

static void
store_tgt(krb5_ccache ccache, krb5_const_realm issuer, krb5_const_realm realm)
{
    krb5_creds tgt;
    Ticket t;
    size_t len;
    int ret;

    memset(&tgt, 0, sizeof(tgt));
    tgt.client = client;
    want(krb5_make_principal(context, &tgt.server, issuer, KRB5_TGS_NAME,
			     realm, NULL) == 0);
    tgt.session = key;
    tgt.times.authtime = NOW;
    tgt.times.endtime = NOW + 3600;
    memset(&t, 0, sizeof(t));
    t.tkt_vno = 5;
    t.realm = tgt.server->realm;
    t.sname = tgt.server->name;
    t.enc_part.etype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    ASN1_MALLOC_ENCODE(Ticket, tgt.ticket.data, tgt.ticket.length, &t, &len,
		       ret);
    want(ret == 0 && krb5_cc_store_cred(context, ccache, &tgt) == 0);
    krb5_data_free(&tgt.ticket);
    krb5_free_principal(context, tgt.server);
}

static krb5_ccache
make_ccache(unsigned flags)
{
    krb5_ccache ccache;

    want(krb5_cc_new_unique(context, "MEMORY", NULL, &ccache) == 0);
    want(krb5_cc_initialize(context, ccache, client) == 0);
    store_tgt(ccache, "A.TEST", "A.TEST");
    if (flags & BY_B) {
	store_tgt(ccache, "A.TEST", "B.TEST");
	store_tgt(ccache, "B.TEST", "D.TEST");
    }
    return ccache;
}

static unsigned
count(krb5_ccache ccache)
{
    krb5_cc_cursor cursor;
    krb5_creds cred;
    unsigned n = 0;

    want(krb5_cc_start_seq_get(context, ccache, &cursor) == 0);
    while (krb5_cc_next_cred(context, ccache, &cursor, &cred) == 0) {
	want(krb5_principal_compare(context, cred.client, client) ||
	     krb5_is_config_principal(context, cred.server));
	krb5_free_cred_contents(context, &cred);
	n++;
    }
    krb5_cc_end_seq_get(context, ccache, &cursor);
    return n;
}

/* A ticket of this run is the client's and comes from who has the key. */
static void
judge(const krb5_creds *creds)
{
    want(genuine);
    want(krb5_principal_compare(context, creds->client, client));
}

static void
other_path(krb5_ccache ccache)
{
    krb5_creds like, *out;
    krb5_error_code ret;

    memset(&like, 0, sizeof(like));
    like.client = client;
    like.server = service;
    max_requests = GSSKRB5_EXT_MAX_REQUESTS;
    ret = _gsskrb5_ext_get_by_other_path(context, ccache, &like, &out);
    if (ret == 0) {
	judge(out);
	want(krb5_principal_compare(context, out->server, service));
	krb5_free_creds(context, out);
    } else
	want(out == NULL);
}

static void
ticket(krb5_ccache ccache, unsigned flags)
{
    krb5_creds in, *out;
    krb5_flags options = 0;

    memset(&in, 0, sizeof(in));
    in.client = client;
    in.server = flags & NEAR ? near_service : service;
    options |= flags & CANONICALIZE ? KRB5_GC_CANONICALIZE : 0;
    options |= flags & NO_STORE ? KRB5_GC_NO_STORE : 0;
    if (flags & USER_USER) {
	krb5_creds like, tgt;

	options |= KRB5_GC_USER_USER;
	krb5_cc_clear_mcred(&like);
	want(krb5_make_principal(context, &like.server, "A.TEST",
				 KRB5_TGS_NAME, "A.TEST", NULL) == 0);
	want(krb5_cc_retrieve_cred(context, ccache, 0, &like, &tgt) == 0);
	krb5_free_principal(context, like.server);
	want(krb5_data_copy(&in.second_ticket, tgt.ticket.data,
			    tgt.ticket.length) == 0);
	krb5_free_cred_contents(context, &tgt);
    }
    if (krb5_get_credentials(context, options, ccache, &in, &out) == 0) {
	judge(out);
	/* a realm that is trusted may refer to another */
	want(krb5_principal_compare_any_realm(context, out->server,
					      in.server));
	if (flags & USER_USER)
	    want(krb5_realm_compare(context, out->server, in.server));
	krb5_free_creds(context, out);
    }
    krb5_data_free(&in.second_ticket);
}

static void
renew(krb5_ccache ccache)
{
    krb5_creds out;

    if (krb5_get_renewed_creds(context, &out, client, ccache, NULL) == 0)
	judge(&out);
    krb5_free_cred_contents(context, &out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    krb5_ccache ccache;
    unsigned before, flags;
    int kind;

    if (size < 2)
	return 0;
    kind = data[0] % NUM_KINDS;
    flags = data[1];
    next = data + 2;
    left = size - 2;
    requests = 0;
    max_requests = MAX_REQUESTS;
    genuine = 0;
    ccache = make_ccache(flags);
    before = count(ccache);
    if (kind == PATH)
	other_path(ccache);
    else if (kind == TICKET)
	ticket(ccache, flags);
    else
	renew(ccache);
    if (kind != TICKET || (flags & (NO_STORE | USER_USER)))
	want(count(ccache) == before);
    krb5_cc_destroy(context, ccache);
    krb5_set_kdc_sec_offset(context, 0, -1);
    krb5_clear_error_message(context);
    return 0;
}
