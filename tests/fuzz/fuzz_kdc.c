/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Requests to a KDC, in process: a target for libFuzzer (fuzz_kdc.py, which
 * makes the realm).  The first octet says what the rest is, the second has
 * flags.  What the input says is sealed and signed with the right keys before
 * it is sent, so that it gets behind them; MARK in an AuthPack becomes a
 * freshness token that is good, STALE one that is too old.
 *
 * Beside crashes it finds a KDC that grants what it has to refuse: all of what
 * makes a request good is looked at here a second time.
 */

#include "kdc_locl.h"
#include "freshness/freshness.h"

#include <hx509.h>
#include <pkinit_asn1.h>
#include <rfc2459_asn1.h>
#include <cms_asn1.h>
#include "fuzz_target.h"	/* NOW, want() */

#define MARK  "0123456789abcdef0123456789abcdef"
#define STALE "fedcba9876543210fedcba9876543210"
#define REALM "EXT.TEST"
#define TGS "krbtgt/" REALM "@" REALM
#define SERVICE "afs/ext.test"	/* has use_2b */

enum {				/* fuzz_kdc.py has these numbers */
    RAW, TOKEN, TOKEN_TIME, AS, TGS_REQUEST, CONVERT, NUM_KINDS
};

enum {				/* pieces of AS and TGS_REQUEST */
    BODY, PADATA, TIMESTAMP, AUTH_PACK, AUTHENTICATOR, TICKET, SECOND,
    FAST, NUM_PIECES
};

/* flags */
#define DATAGRAM	0x01
#define WRONG_KEY	0x02	/* of TIMESTAMP, TICKET; a certificate too */
#define WRONG_SECOND	0x04
#define OTHER_NAME	0x08	/* of the second ticket; of CONVERT */
#define REQUIRE		0x10	/* a freshness token */
#define AS_IT_IS	0x20	/* no checksum is made anew */
#define NO_SERVER_FLAG	0x40	/* [kdc] u2u_error_for_disallow_svr = false */

struct key {
    krb5_keyblock block;
    krb5_kvno kvno;
};

struct request {
    krb5_data piece[NUM_PIECES];
    METHOD_DATA padata;
    unsigned flags;
};

static krb5_context context;
static krb5_kdc_configuration *config;
static hx509_context hx;
static hx509_cert cert, other_cert;
static struct key krbtgt, user, service, wrong;
static krb5_data good_token, stale_token;
static const unsigned char session_octets[32] =
    "thirty-two octets of a session.";

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What the database has open is not given back. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libdb";
}

/* -- setting up ----------------------------------------------------------- */

static void
read_key(const char *name, unsigned flags, struct key *key)
{
    krb5_principal principal;
    hdb_entry_ex *entry;
    Key *found;

    want(krb5_parse_name(context, name, &principal) == 0);
    want(_kdc_db_fetch(context, config, principal, flags, NULL, NULL,
		       &entry) == 0);
    krb5_free_principal(context, principal);
    want(hdb_enctype2key(context, &entry->entry, NULL,
			 ETYPE_AES256_CTS_HMAC_SHA1_96, &found) == 0);
    want(krb5_copy_keyblock_contents(context, &found->key,
				     &key->block) == 0);
    key->kvno = entry->entry.kvno;
    _kdc_free_ent(context, entry);
}

static hx509_cert
read_cert(const char *variable)
{
    hx509_certs certs;
    hx509_cert found;

    want(getenv(variable) != NULL);
    want(hx509_certs_init(hx, getenv(variable), 0, NULL, &certs) == 0);
    want(hx509_get_one_cert(hx, certs, &found) == 0);
    hx509_certs_free(&certs);
    return found;
}

static void
mint(time_t when, krb5_data *token)
{
    struct timeval tv;

    tv.tv_sec = when;
    tv.tv_usec = 0;
    want(_kdc_freshness_mint(context, &krbtgt.block, krbtgt.kvno, &tv,
			     token) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    setprogname("fuzz_kdc");
    want(krb5_init_context(&context) == 0);
    want(krb5_kdc_get_config(context, &config) == 0);
    want(krb5_initlog(context, "kdc", &config->logf) == 0);
    want(krb5_addlog_dest(context, config->logf,
			   getenv("FUZZ_LOG") ?
			   getenv("FUZZ_LOG") : "0-0/FILE:/dev/null") == 0);
    want(krb5_kdc_set_dbinfo(context, config) == 0);
    want(krb5_kdc_pkinit_config(context, config) == 0);
    want(hx509_context_init(&hx) == 0);
    krb5_kdc_update_time(NULL);
    read_key(TGS, HDB_F_GET_KRBTGT, &krbtgt);
    read_key("user@" REALM, HDB_F_GET_CLIENT, &user);
    read_key(SERVICE "@" REALM, HDB_F_GET_SERVER, &service);
    want(krb5_generate_random_keyblock(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				       &wrong.block) == 0);
    wrong.kvno = krbtgt.kvno;
    cert = read_cert("FUZZ_IDENTITY");
    other_cert = read_cert("FUZZ_OTHER_IDENTITY");
    mint(NOW, &good_token);
    mint(NOW - config->pkinit_freshness_lifetime - 1, &stale_token);
    return 0;
}

/* -- sealing -------------------------------------------------------------- */

static int
seal(const krb5_keyblock *key, unsigned usage, const krb5_data *plain,
     int kvno, EncryptedData *enc)
{
    krb5_crypto crypto;
    int ret;

    memset(enc, 0, sizeof(*enc));
    if (krb5_crypto_init(context, key, 0, &crypto) != 0)
	return 0;
    ret = krb5_encrypt_EncryptedData(context, crypto, usage, plain->data,
				     plain->length, kvno, enc);
    krb5_crypto_destroy(context, crypto);
    return ret == 0;
}

static int
unseal(const krb5_keyblock *key, unsigned usage, const EncryptedData *enc,
       krb5_data *plain)
{
    krb5_crypto crypto;
    int ret;

    if (krb5_crypto_init(context, key, 0, &crypto) != 0)
	return 0;
    ret = krb5_decrypt_EncryptedData(context, crypto, usage, enc, plain);
    krb5_crypto_destroy(context, crypto);
    return ret == 0;
}

static size_t decoded;

/* Decoded, with nothing behind it; then it has to be freed. */
#define DECODED(TYPE, from, to)						\
    ((from)->length != 0 &&						\
     decode_##TYPE((from)->data, (from)->length, (to), &decoded) == 0 && \
     (decoded == (from)->length || (free_##TYPE(to), 0)))

static void
default_session(krb5_keyblock *key)
{
    krb5_keyblock alias;

    alias.keytype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    alias.keyvalue.data = rk_UNCONST(session_octets);
    alias.keyvalue.length = sizeof(session_octets);
    want(krb5_copy_keyblock_contents(context, &alias, key) == 0);
}

/* -- asking --------------------------------------------------------------- */

static void
ask(const krb5_data *octets, unsigned flags, krb5_data *reply)
{
    krb5_boolean prepend = FALSE;
    struct sockaddr_in sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    krb5_data_zero(reply);
    config->pkinit_require_freshness = (flags & REQUIRE) != 0;
    config->u2u_error_for_disallow_svr = (flags & NO_SERVER_FLAG) == 0;
    (void)krb5_kdc_process_request(context, config, octets->data,
				   octets->length, reply, &prepend,
				   "IPv4:127.0.0.1", (struct sockaddr *)&sin,
				   flags & DATAGRAM);
}

static void
add_padata(struct request *r, int type, const krb5_data *value)
{
    PA_DATA pa;

    pa.padata_type = type;
    pa.padata_value = *value;
    want(add_METHOD_DATA(&r->padata, &pa) == 0);
}

/*
 * The pieces: a kind, two octets of length, octets.  Each is an alias; PADATA
 * has its type in front and is in r->padata.
 */
static void
split(const uint8_t *p, size_t left, struct request *r)
{
    krb5_data piece;
    int kind;

    while (left >= 3) {
	kind = p[0] % NUM_PIECES;
	piece.length = (size_t)p[1] << 8 | p[2];
	piece.data = rk_UNCONST(p + 3);
	left -= 3;
	if (piece.length > left)
	    piece.length = left;
	p += 3 + piece.length;
	left -= piece.length;
	if (kind == PADATA && piece.length >= 2) {
	    const unsigned char *q = piece.data;
	    krb5_data value;

	    value.data = rk_UNCONST(q + 2);
	    value.length = piece.length - 2;
	    if (r->padata.len < 16)
		add_padata(r, (int16_t)(q[0] << 8 | q[1]), &value);
	} else if (kind != PADATA)
	    r->piece[kind] = piece;
    }
}

/*
 * A request of what is encoded already: r->padata and the body's octets, which
 * need not be a body.
 */
static void
frame(unsigned tag, const struct request *r, const krb5_data *body,
      krb5_data *out)
{
    unsigned char head[] = { 0xa1, 3, 2, 1, 5, 0xa2, 3, 2, 1, 0 };
    unsigned char *buf, *p;
    size_t size, len, total = 0;

    size = sizeof(head) + length_METHOD_DATA(&r->padata) + body->length + 64;
    buf = calloc(1, size);
    want(buf != NULL);
    head[sizeof(head) - 1] = tag;
    p = buf + size - body->length;
    memcpy(p, body->data, body->length);
    want(der_put_length_and_tag(p - 1, p - buf, body->length, ASN1_C_CONTEXT,
				CONS, 4, &len) == 0);
    p -= len;
    if (r->padata.len != 0) {
	want(encode_METHOD_DATA(p - 1, p - buf, &r->padata, &total) == 0);
	p -= total;
	want(der_put_length_and_tag(p - 1, p - buf, total, ASN1_C_CONTEXT,
				    CONS, 3, &len) == 0);
	p -= len;
    }
    p -= sizeof(head);
    memcpy(p, head, sizeof(head));
    want(der_put_length_and_tag(p - 1, p - buf, buf + size - p, ASN1_C_UNIV,
				CONS, UT_Sequence, &len) == 0);
    p -= len;
    want(der_put_length_and_tag(p - 1, p - buf, buf + size - p, ASN1_C_APPL,
				CONS, tag, &len) == 0);
    p -= len;
    want(krb5_data_copy(out, p, buf + size - p) == 0);
    free(buf);
}

/* -- freshness tokens ----------------------------------------------------- */

/*
 * Whether it was made by the KDC not longer ago than it may, read without the
 * KDC's functions.
 */
static int
is_fresh(const krb5_data *token)
{
    const unsigned char *p = token->data;
    EncryptedData enc;
    PA_ENC_TS_ENC ts;
    krb5_data plain, der;
    int fresh = 0;

    if (token->length < 2 || p[0] != 0 || p[1] != 0)
	return 0;
    der.data = rk_UNCONST(p + 2);
    der.length = token->length - 2;
    if (decode_EncryptedData(der.data, der.length, &enc, &decoded) != 0)
	return 0;
    if (decoded == der.length && enc.kvno != NULL &&
	(krb5_kvno)*enc.kvno == krbtgt.kvno &&
	enc.etype == krbtgt.block.keytype &&
	unseal(&krbtgt.block, KDC_FRESHNESS_KEY_USAGE, &enc, &plain)) {
	if (DECODED(PA_ENC_TS_ENC, &plain, &ts)) {
	    fresh = NOW - ts.patimestamp <=
		config->pkinit_freshness_lifetime &&
		ts.patimestamp - NOW <= context->max_skew;
	    free_PA_ENC_TS_ENC(&ts);
	}
	krb5_data_free(&plain);
    }
    free_EncryptedData(&enc);
    return fresh;
}

/*
 * What the KDC says of a token, and that it reads what it would write.
 */
static void
token(const krb5_data *octets)
{
    kdc_freshness_verdict verdict;
    EncryptedData enc;
    krb5_data again;
    time_t minted;
    int ret;

    if (_kdc_freshness_parse(octets, &enc) != 0) {
	want(!is_fresh(octets));
	return;
    }
    want(enc.kvno != NULL && _kdc_freshness_enctype_ok(enc.etype));
    ASN1_MALLOC_ENCODE(EncryptedData, again.data, again.length, &enc,
		       &decoded, ret);
    want(ret == 0 && again.length + 2 == octets->length &&
	 memcmp(again.data, (char *)octets->data + 2, again.length) == 0);
    krb5_data_free(&again);
    if (enc.etype == krbtgt.block.keytype &&
	_kdc_freshness_open(context, &krbtgt.block, &enc, &minted) == 0) {
	verdict = _kdc_freshness_judge(minted, NOW,
				       config->pkinit_freshness_lifetime,
				       context->max_skew);
	want((verdict == KDC_FRESHNESS_FRESH) ==
	     (is_fresh(octets) || (krb5_kvno)*enc.kvno != krbtgt.kvno));
    }
    free_EncryptedData(&enc);
}

/* The octets as what is encrypted in a token. */
static void
token_time(const krb5_data *plain)
{
    EncryptedData enc;
    krb5_data der, octets;
    int ret;

    if (!seal(&krbtgt.block, KDC_FRESHNESS_KEY_USAGE, plain, krbtgt.kvno,
	      &enc))
	return;
    ASN1_MALLOC_ENCODE(EncryptedData, der.data, der.length, &enc, &decoded,
		       ret);
    want(ret == 0);
    free_EncryptedData(&enc);
    want(krb5_data_alloc(&octets, der.length + 2) == 0);
    memset(octets.data, 0, 2);
    memcpy((char *)octets.data + 2, der.data, der.length);
    krb5_data_free(&der);
    token(&octets);
    krb5_data_free(&octets);
}

/* -- AP-REQ --------------------------------------------------------------- */

/*
 * A Ticket of TGS, or of the service, whose part is sealed with the key.
 */
static int
make_ticket(const krb5_data *part, const struct key *key, int of_service,
	    Ticket *t)
{
    krb5_principal principal;
    int ret;

    memset(t, 0, sizeof(*t));
    t->tkt_vno = 5;
    want(krb5_parse_name(context, of_service ? SERVICE "@" REALM : TGS,
			 &principal) == 0);
    want(_krb5_principal2principalname(&t->sname, principal) == 0);
    krb5_free_principal(context, principal);
    t->realm = strdup(REALM);
    ret = seal(&key->block, KRB5_KU_TICKET, part, key->kvno, &t->enc_part);
    if (!ret)
	free_Ticket(t);
    return ret;
}

/* The Authenticator, with the body's checksum. */
static void
renew_authenticator(const struct request *r, const krb5_data *body,
		    const krb5_keyblock *session, krb5_data *out)
{
    krb5_crypto crypto;
    Authenticator a;
    int ret;

    want(krb5_data_copy(out, r->piece[AUTHENTICATOR].data,
			r->piece[AUTHENTICATOR].length) == 0);
    if ((r->flags & AS_IT_IS) ||
	!DECODED(Authenticator, &r->piece[AUTHENTICATOR], &a))
	return;
    if (a.cksum != NULL &&
	krb5_crypto_init(context, session, 0, &crypto) == 0) {
	free_Checksum(a.cksum);
	memset(a.cksum, 0, sizeof(*a.cksum));
	ret = krb5_create_checksum(context, crypto, KRB5_KU_TGS_REQ_AUTH_CKSUM,
				   0, body->data, body->length, a.cksum);
	krb5_crypto_destroy(context, crypto);
	if (ret == 0) {
	    krb5_data_free(out);
	    ASN1_MALLOC_ENCODE(Authenticator, out->data, out->length, &a,
			       &decoded, ret);
	    if (ret != 0)
		want(krb5_data_copy(out, "", 0) == 0);
	}
    }
    free_Authenticator(&a);
}

static void
read_session(const krb5_data *octets, krb5_keyblock *session)
{
    EncTicketPart part;

    if (!DECODED(EncTicketPart, octets, &part)) {
	default_session(session);
	return;
    }
    want(krb5_copy_keyblock_contents(context, &part.key, session) == 0);
    free_EncTicketPart(&part);
}

/*
 * The octets of an AP-REQ with TICKET and AUTHENTICATOR, for the body; free
 * der.
 */
static int
make_ap_req(const struct request *r, unsigned usage, const krb5_data *body,
	    krb5_data *der)
{
    krb5_keyblock session;
    krb5_data plain;
    AP_REQ req;
    int ret;

    memset(&req, 0, sizeof(req));
    req.pvno = 5;
    req.msg_type = krb_ap_req;
    if (!make_ticket(&r->piece[TICKET], r->flags & WRONG_KEY ? &wrong :
		     &krbtgt, 0, &req.ticket))
	return 0;
    read_session(&r->piece[TICKET], &session);
    renew_authenticator(r, body, &session, &plain);
    ret = seal(&session, usage, &plain, 0, &req.authenticator);
    krb5_free_keyblock_contents(context, &session);
    krb5_data_free(&plain);
    if (ret) {
	ASN1_MALLOC_ENCODE(AP_REQ, der->data, der->length, &req, &decoded,
			   ret);
	want(ret == 0);
	ret = 1;
    }
    free_AP_REQ(&req);
    return ret;
}

/* -- AS-REQ --------------------------------------------------------------- */

static int
add_timestamp(struct request *r)
{
    const krb5_keyblock *key = r->flags & WRONG_KEY ? &wrong.block :
	&user.block;
    const krb5_data *plain = &r->piece[TIMESTAMP];
    EncryptedData enc;
    PA_ENC_TS_ENC ts;
    krb5_data der;
    int ret, good = 0;

    if (!seal(key, KRB5_KU_PA_ENC_TIMESTAMP, plain, user.kvno, &enc))
	return 0;
    ASN1_MALLOC_ENCODE(EncryptedData, der.data, der.length, &enc, &decoded,
		       ret);
    free_EncryptedData(&enc);
    want(ret == 0);
    add_padata(r, KRB5_PADATA_ENC_TIMESTAMP, &der);
    krb5_data_free(&der);
    if (decode_PA_ENC_TS_ENC(plain->data, plain->length, &ts, NULL) == 0) {
	good = (r->flags & WRONG_KEY) == 0 &&
	    labs((long)(ts.patimestamp - NOW)) <= context->max_skew;
	free_PA_ENC_TS_ENC(&ts);
    }
    return good;
}

static void
put_token(heim_octet_string *field)
{
    const krb5_data *put = NULL;

    if (field->length == sizeof(MARK) - 1) {
	if (memcmp(field->data, MARK, field->length) == 0)
	    put = &good_token;
	else if (memcmp(field->data, STALE, field->length) == 0)
	    put = &stale_token;
    }
    if (put != NULL) {
	der_free_octet_string(field);
	want(der_copy_octet_string(put, field) == 0);
    }
}

/*
 * The AuthPack, of this body unless it is sent as it is.  Whether the KDC may
 * grant something on it if it is signed by the right key.
 */
static int
renew_auth_pack(const struct request *r, krb5_data *out)
{
    const krb5_data *body = &r->piece[BODY];
    PKAuthenticator *a;
    unsigned char sha1[20];
    AuthPack pack;
    int ret, good;

    if (!DECODED(AuthPack, &r->piece[AUTH_PACK], &pack)) {
	want(krb5_data_copy(out, r->piece[AUTH_PACK].data,
			    r->piece[AUTH_PACK].length) == 0);
	/* it may be one with octets behind it, which upstream lets pass */
	return (r->flags & REQUIRE) == 0;
    }
    a = &pack.pkAuthenticator;
    SHA1(body->data, body->length, sha1);
    good = 1;
    if (a->paChecksum != NULL && (r->flags & AS_IT_IS) == 0) {
	der_free_octet_string(a->paChecksum);
	want(krb5_data_copy(a->paChecksum, sha1, sizeof(sha1)) == 0);
    } else if (a->paChecksum == NULL || a->paChecksum->length != 20 ||
	       memcmp(a->paChecksum->data, sha1, sizeof(sha1)) != 0)
	good = 0;
    if (a->freshnessToken != NULL)
	put_token(a->freshnessToken);
    if (a->freshnessToken == NULL ? (r->flags & REQUIRE) != 0 :
	!is_fresh(a->freshnessToken))
	good = 0;
    if (labs((long)(a->ctime - NOW)) > context->max_skew)
	good = 0;
    ASN1_MALLOC_ENCODE(AuthPack, out->data, out->length, &pack, &decoded,
		       ret);
    free_AuthPack(&pack);
    if (ret != 0) {
	want(krb5_data_copy(out, "", 0) == 0);
	return 0;
    }
    return good && (r->flags & WRONG_KEY) == 0;
}

static int
add_signature(struct request *r)
{
    heim_octet_string signed_data, info;
    PA_PK_AS_REQ pa;
    krb5_data pack, der;
    int ret, good;

    good = renew_auth_pack(r, &pack);
    ret = hx509_cms_create_signed_1(hx, 0, &asn1_oid_id_pkauthdata, pack.data,
	pack.length, NULL, r->flags & WRONG_KEY ? other_cert : cert, NULL,
	NULL, NULL, &signed_data);
    want(ret == 0);
    krb5_data_free(&pack);
    want(hx509_cms_wrap_ContentInfo(&asn1_oid_id_pkcs7_signedData,
				    &signed_data, &info) == 0);
    der_free_octet_string(&signed_data);
    memset(&pa, 0, sizeof(pa));
    pa.signedAuthPack = info;
    ASN1_MALLOC_ENCODE(PA_PK_AS_REQ, der.data, der.length, &pa, &decoded,
		       ret);
    want(ret == 0);
    der_free_octet_string(&info);
    add_padata(r, KRB5_PADATA_PK_AS_REQ, &der);
    krb5_data_free(&der);
    return good;
}

/*
 * The key that armors: of the Authenticator's subkey and the ticket's.
 */
static krb5_crypto
armor_of(const struct request *r)
{
    krb5_keyblock session, armor;
    krb5_crypto crypto = NULL;
    Authenticator a;

    if (!DECODED(Authenticator, &r->piece[AUTHENTICATOR], &a))
	return NULL;
    if (a.subkey != NULL) {
	read_session(&r->piece[TICKET], &session);
	if (_krb5_fast_armor_key(context, a.subkey, &session, &armor,
				 &crypto) == 0)
	    krb5_free_keyblock_contents(context, &armor);
	else
	    crypto = NULL;
	krb5_free_keyblock_contents(context, &session);
    }
    free_Authenticator(&a);
    return crypto;
}

/*
 * PA-FX-FAST with the piece inside, armored with the ticket.
 */
static void
add_fast(struct request *r)
{
    const krb5_data *body = &r->piece[BODY], *plain = &r->piece[FAST];
    PA_FX_FAST_REQUEST fast;
    KrbFastArmoredReq *req = &fast.u.armored_data;
    krb5_crypto crypto = armor_of(r);
    KrbFastArmor armor;
    krb5_data der;
    int ret;

    if (crypto == NULL)
	return;
    memset(&fast, 0, sizeof(fast));
    fast.element = choice_PA_FX_FAST_REQUEST_armored_data;
    armor.armor_type = 1;
    if (make_ap_req(r, KRB5_KU_AP_REQ_AUTH, body, &armor.armor_value)) {
	req->armor = &armor;
	want(krb5_create_checksum(context, crypto, KRB5_KU_FAST_REQ_CHKSUM, 0,
				  body->data, body->length,
				  &req->req_checksum) == 0);
	want(krb5_encrypt_EncryptedData(context, crypto, KRB5_KU_FAST_ENC,
					plain->data, plain->length, 0,
					&req->enc_fast_req) == 0);
	ASN1_MALLOC_ENCODE(PA_FX_FAST_REQUEST, der.data, der.length, &fast,
			   &decoded, ret);
	want(ret == 0);
	add_padata(r, KRB5_PADATA_FX_FAST, &der);
	krb5_data_free(&der);
	krb5_data_free(&armor.armor_value);
	free_Checksum(&req->req_checksum);
	free_EncryptedData(&req->enc_fast_req);
    }
    krb5_crypto_destroy(context, crypto);
}

/*
 * Nobody is `user' who has not shown that he is.
 */
static void
check_as_reply(const krb5_data *reply, int good)
{
    AS_REP rep;

    if (!DECODED(AS_REP, reply, &rep))
	return;
    if (rep.cname.name_string.len == 1 &&
	strcmp(rep.cname.name_string.val[0], "user") == 0)
	want(good);
    free_AS_REP(&rep);
}

static void
as_request(struct request *r)
{
    krb5_data octets, reply;
    int good = 0;

    if (r->piece[TIMESTAMP].data != NULL)
	good |= add_timestamp(r);
    if (r->piece[AUTH_PACK].data != NULL)
	good |= add_signature(r);
    if (r->piece[FAST].data != NULL && r->piece[TICKET].data != NULL)
	add_fast(r);
    frame(krb_as_req, r, &r->piece[BODY], &octets);
    ask(&octets, r->flags, &reply);
    krb5_data_free(&octets);
    check_as_reply(&reply, good);
    krb5_data_free(&reply);
}

/* -- TGS-REQ -------------------------------------------------------------- */

/*
 * The ticket, which it takes, in the place of all others.
 */
static void
replace_tickets(KDC_REQ_BODY *body, const Ticket *ticket)
{
    unsigned i;

    if (body->additional_tickets == NULL)
	body->additional_tickets = calloc(1,
					  sizeof(*body->additional_tickets));
    want(body->additional_tickets != NULL);
    for (i = 0; i < body->additional_tickets->len; i++)
	free_Ticket(&body->additional_tickets->val[i]);
    free(body->additional_tickets->val);
    body->additional_tickets->val = calloc(1, sizeof(*ticket));
    want(body->additional_tickets->val != NULL);
    body->additional_tickets->val[0] = *ticket;
    body->additional_tickets->len = 1;
}

/*
 * The body with a second ticket.
 */
static void
renew_body(const struct request *r, krb5_data *out)
{
    KDC_REQ_BODY body;
    Ticket second;
    int ret = -1;

    if (r->piece[SECOND].data != NULL &&
	DECODED(KDC_REQ_BODY, &r->piece[BODY], &body)) {
	if (make_ticket(&r->piece[SECOND], r->flags & WRONG_SECOND ?
			&service : &krbtgt, r->flags & OTHER_NAME, &second))
	    replace_tickets(&body, &second);
	ASN1_MALLOC_ENCODE(KDC_REQ_BODY, out->data, out->length, &body,
			   &decoded, ret);
	free_KDC_REQ_BODY(&body);
    }
    if (ret != 0)
	want(krb5_data_copy(out, r->piece[BODY].data,
			    r->piece[BODY].length) == 0);
}

static int
is_name(const PrincipalName *a, const PrincipalName *b)
{
    size_t i;

    if (a->name_string.len != b->name_string.len)
	return 0;
    for (i = 0; i < a->name_string.len; i++)
	if (strcmp(a->name_string.val[i], b->name_string.val[i]) != 0)
	    return 0;
    return 1;
}

/*
 * A ticket that is encrypted in the second one's session key: who has that one
 * is who the ticket is for.
 */
static void
check_user2user(const struct request *r, const KDC_REQ_BODY *body,
		const Ticket *ticket)
{
    EncTicketPart part;
    krb5_data plain;

    want(r->piece[SECOND].data != NULL &&
	 (r->flags & (WRONG_SECOND | OTHER_NAME)) == 0);
    want(decode_EncTicketPart(r->piece[SECOND].data, r->piece[SECOND].length,
			      &part, NULL) == 0);
    want(part.endtime >= NOW && !part.flags.invalid && !part.flags.anonymous);
    want(strcmp(part.crealm, REALM) == 0);
    want(body->sname == NULL || is_name(body->sname, &part.cname));
    want(is_name(&ticket->sname, &part.cname));
    want(unseal(&part.key, KRB5_KU_TICKET, &ticket->enc_part, &plain));
    krb5_data_free(&plain);
    free_EncTicketPart(&part);
}

/*
 * A ticket is for who has the one that was sent, or for nobody.
 */
static void
check_tgs_reply(const struct request *r, const krb5_data *octets,
		const krb5_data *reply)
{
    EncTicketPart part;
    KDC_REQ_BODY body;
    TGS_REP rep;

    if (!DECODED(TGS_REP, reply, &rep))
	return;
    want((r->flags & WRONG_KEY) == 0);
    want(decode_EncTicketPart(r->piece[TICKET].data, r->piece[TICKET].length,
			      &part, NULL) == 0);
    want(part.endtime >= NOW - context->max_skew);
    want(decode_KDC_REQ_BODY(octets->data, octets->length, &body,
			     NULL) == 0);
    /* with one more ticket, or where one is told, it means something else */
    if (body.kdc_options.request_anonymous &&
	!body.kdc_options.cname_in_addl_tkt &&
	body.additional_tickets == NULL)
	want(strcmp(rep.cname.name_string.val[0], KRB5_WELLKNOWN_NAME) == 0);
    else if (r->padata.len == 1)
	want(is_name(&rep.cname, &part.cname) &&
	     strcmp(rep.crealm, part.crealm) == 0);
    free_EncTicketPart(&part);
    if (body.kdc_options.enc_tkt_in_skey)
	check_user2user(r, &body, &rep.ticket);
    free_KDC_REQ_BODY(&body);
    free_TGS_REP(&rep);
}

static void
tgs_request(struct request *r)
{
    krb5_data body, ap_req, octets, reply;

    renew_body(r, &body);
    if (r->piece[TICKET].data != NULL &&
	make_ap_req(r, KRB5_KU_TGS_REQ_AUTH, &body, &ap_req)) {
	add_padata(r, KRB5_PADATA_TGS_REQ, &ap_req);
	krb5_data_free(&ap_req);
	frame(krb_tgs_req, r, &body, &octets);
	ask(&octets, r->flags, &reply);
	krb5_data_free(&octets);
	check_tgs_reply(r, &body, &reply);
	krb5_data_free(&reply);
    }
    krb5_data_free(&body);
}

/* -- krb524 --------------------------------------------------------------- */

/* The octets as a service's EncTicketPart. */
static void
convert(const krb5_data *plain, unsigned flags)
{
    krb5_data octets, reply;
    const unsigned char *p;
    EncTicketPart part;
    Ticket t;
    int ret;

    if (!make_ticket(plain, flags & WRONG_KEY ? &wrong :
		     flags & OTHER_NAME ? &krbtgt : &service,
		     (flags & OTHER_NAME) == 0, &t))
	return;
    ASN1_MALLOC_ENCODE(Ticket, octets.data, octets.length, &t, &decoded, ret);
    want(ret == 0);
    free_Ticket(&t);
    ask(&octets, flags, &reply);
    krb5_data_free(&octets);
    p = reply.data;
    want(reply.length == 0 || reply.length == 4 || reply.length == 1266);
    if (flags & (WRONG_KEY | OTHER_NAME))
	want(reply.length != 1266 && ((flags & DATAGRAM) == 0 ||
				      reply.length == 0));
    if (reply.length == 1266) {
	want(memcmp(p, "\0\0\0\0\0\0\0\325\0\0", 10) == 0);
	want((p[10] << 8 | p[11]) != 0 && (p[10] << 8 | p[11]) <= 1250);
	want(decode_EncTicketPart(plain->data, plain->length, &part,
				  NULL) == 0);
	want(part.endtime >= NOW && !part.flags.invalid);
	free_EncTicketPart(&part);
    }
    krb5_data_free(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    krb5_data octets, reply;
    struct request r;

    if (size < 2)
	return 0;
    octets.data = rk_UNCONST(data + 2);
    octets.length = size - 2;
    memset(&r, 0, sizeof(r));
    r.flags = data[1];
    switch (data[0] % NUM_KINDS) {
    case RAW:
	ask(&octets, r.flags, &reply);
	check_as_reply(&reply, 0);
	krb5_data_free(&reply);
	break;
    case TOKEN:
	token(&octets);
	break;
    case TOKEN_TIME:
	token_time(&octets);
	break;
    case AS:
	split(data + 2, size - 2, &r);
	as_request(&r);
	break;
    case TGS_REQUEST:
	split(data + 2, size - 2, &r);
	tgs_request(&r);
	break;
    case CONVERT:
	convert(&octets, r.flags);
	break;
    }
    free_METHOD_DATA(&r.padata);
    return 0;
}
