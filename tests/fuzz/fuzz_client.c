/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a client of a KDC is told: a target for libFuzzer (fuzz_client.py).
 * The first octet says what the rest is, the second has flags.
 *
 * Beside crashes it finds a client that asks for ever, one that is content
 * with a reply that nobody who has its key has made, and what is left of a
 * krb524 server's reply that was refused.
 */

#include "krb5_locl.h"
#include "krb5-v4compat.h"
#include "rxkad-2b/krb524.h"
#include "freshness/freshness.h"
#include "fuzz_target.h"	/* NOW, want() */
#include "fuzz_piece.h"

#define REALM "EXT.TEST"
#define MAX_STEPS 12

enum {				/* fuzz_client.py has these numbers */
    CONVERT, NAME, FRESHNESS, PASSWORD, CERTIFICATE, NUM_KINDS
};

enum {				/* how a piece of an exchange is sent */
    RAW, ERROR, REPLY, PADATA
};

/* options of a REPLY */
#define OWN_NONCE 1		/* not the request's */
#define WRONG_KEY 2
#define NO_PADATA 4

static krb5_context context;
static krb5_principal user;
static krb5_keyblock key, wrong;
static krb5_data server_reply;	/* alias: what a krb524 server sends */
static METHOD_DATA padata;	/* of the next reply */
static size_t decoded;

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
__real_hc_PKCS5_PBKDF2_HMAC(const void *, size_t, const void *, size_t,
			    unsigned long, const EVP_MD *, size_t, void *);
int
__wrap_hc_PKCS5_PBKDF2_HMAC(const void *, size_t, const void *, size_t,
			    unsigned long, const EVP_MD *, size_t, void *);

/* krb524.c is compiled to call it in the place of krb5_sendto_context(). */
krb5_error_code
fuzz_sendto_context(krb5_context, krb5_sendto_ctx, const krb5_data *,
		    krb5_const_realm, krb5_data *);

krb5_error_code
fuzz_sendto_context(krb5_context unused, krb5_sendto_ctx ctx,
		    const krb5_data *octets, krb5_const_realm realm,
		    krb5_data *reply)
{
    return krb5_data_copy(reply, server_reply.data, server_reply.length);
}

/*
 * In the place of hcrypto's: the most that may be asked for takes many seconds.
 */
int
__wrap_hc_PKCS5_PBKDF2_HMAC(const void *password, size_t password_len,
			    const void *salt, size_t salt_len,
			    unsigned long iter, const EVP_MD *md,
			    size_t keylen, void *out)
{
    want(iter >= 1 && iter < 1 << 24);
    return __real_hc_PKCS5_PBKDF2_HMAC(password, password_len, salt, salt_len,
				       iter > 4096 ? 4096 : iter, md, keylen,
				       out);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    krb5_data password;
    krb5_salt salt;

    setprogname("fuzz_client");
    want(krb5_init_context(&context) == 0);
    want(krb5_parse_name(context, "user@" REALM, &user) == 0);
    want(krb5_get_pw_salt(context, user, &salt) == 0);
    password.data = rk_UNCONST("password");
    password.length = 8;
    want(krb5_string_to_key_data_salt(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				      password, salt, &key) == 0);
    krb5_free_salt(context, salt);
    want(krb5_generate_random_keyblock(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				       &wrong) == 0);
    return 0;
}

/* -- krb524 --------------------------------------------------------------- */

static int
is_zero(const void *data, size_t size)
{
    const unsigned char *p = data;
    size_t i;

    for (i = 0; i < size; i++)
	if (p[i] != 0)
	    return 0;
    return 1;
}

/* The octets as a server's reply. */
static void
convert(const void *data, size_t size, unsigned flags)
{
    static unsigned char session[8] = { 0x13, 0x34, 0x57, 0x79,
					0x9b, 0xbc, 0xdf, 0xf1 };
    struct credentials v4;
    krb5_principal afs;
    krb5_creds creds;
    krb5_error_code ret;

    want(krb5_parse_name(context, "afs/ext.test@" REALM, &afs) == 0);
    memset(&creds, 0, sizeof(creds));
    creds.client = user;
    creds.server = afs;
    creds.session.keytype = flags & 1 ? ETYPE_ARCFOUR_HMAC_MD5 :
	ETYPE_DES_CBC_CRC;
    creds.session.keyvalue.data = session;
    creds.session.keyvalue.length = sizeof(session);
    creds.ticket.data = rk_UNCONST("ticket");
    creds.ticket.length = 6;
    creds.times.endtime = NOW + 36000;
    server_reply.data = rk_UNCONST(data);
    server_reply.length = size;
    memset(&v4, 0xa5, sizeof(v4));
    ret = _krb5_krb524_convert(context, &creds, &v4);
    if (ret)
	want(is_zero(&v4, sizeof(v4)));
    else {
	want(size == 1266 && is_zero(data, 4));
	want(v4.ticket_st.length >= 1 && v4.ticket_st.length <= MAX_KTXT_LEN);
	want(memcmp(v4.ticket_st.dat, (const char *)data + 12,
		    v4.ticket_st.length) == 0);
	want(is_zero(v4.ticket_st.dat + v4.ticket_st.length,
		     MAX_KTXT_LEN - v4.ticket_st.length));
	want(v4.ticket_st.mbz == 0);
    }
    krb5_free_principal(context, afs);
}

static void
want_text(const char *text, size_t size)
{
    want(memchr(text, '\0', size) != NULL);
}

/* The octets as a principal's name. */
static void
name(const void *data, size_t size)
{
    char text[256], who[ANAME_SZ], instance[INST_SZ], realm[REALM_SZ];
    krb5_principal principal;

    if (size >= sizeof(text))
	return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (krb5_parse_name(context, text, &principal) != 0)
	return;
    memset(who, 0xa5, sizeof(who));
    memset(instance, 0xa5, sizeof(instance));
    memset(realm, 0xa5, sizeof(realm));
    if (_krb5_krb524_name(context, principal, who, instance, realm) == 0) {
	want_text(who, sizeof(who));
	want_text(instance, sizeof(instance));
	want_text(realm, sizeof(realm));
    }
    krb5_free_principal(context, principal);
}

/* -- freshness ------------------------------------------------------------ */

/* The state of freshness tokens, told errors. */
static void
freshness(const uint8_t *p, size_t left, unsigned flags)
{
    struct krb5_freshness f;
    const krb5_data *token;
    METHOD_DATA md, out;
    struct piece piece;
    unsigned again = 0;

    memset(&f, 0, sizeof(f));
    f.mode = flags & 3;
    memset(&out, 0, sizeof(out));
    while (next_piece(&p, &left, &piece)) {
	(void)_krb5_freshness_add_padata(context, &f, REALM, flags & 4, &out);
	if (piece.way == REPLY) {
	    if (_krb5_freshness_skip_reply(&f))
		want(++again <= 2 * FRESHNESS_MAX_RESTARTS + 2);
	    continue;
	}
	memset(&md, 0, sizeof(md));
	if (decode_METHOD_DATA(piece.octets.data, piece.octets.length, &md,
			       NULL) != 0)
	    memset(&md, 0, sizeof(md));
	if (_krb5_freshness_retry(context, &f, KRB5KDC_ERR_NONE +
				  piece.option, &md))
	    want(++again <= 2 * FRESHNESS_MAX_RESTARTS + 2);
	want(f.restarts <= FRESHNESS_MAX_RESTARTS);
	token = _krb5_freshness_token(&f);
	want(token == NULL || token->length != 0);
	want(token == NULL || f.mode != FRESHNESS_NEVER);
	free_METHOD_DATA(&md);
    }
    free_METHOD_DATA(&out);
    _krb5_freshness_reset(&f);
}

/* -- exchanges ------------------------------------------------------------ */

static void
make_error(const struct piece *piece, krb5_data *out)
{
    KRB_ERROR e;
    Realm realm = rk_UNCONST(REALM);
    PrincipalName sname;
    size_t len;
    int ret;

    want(_krb5_principal2principalname(&sname, user) == 0);
    memset(&e, 0, sizeof(e));
    e.pvno = 5;
    e.msg_type = krb_error;
    e.stime = NOW;
    e.error_code = piece->option;
    e.realm = realm;
    e.crealm = &realm;
    e.cname = &sname;
    e.sname = sname;
    if (piece->octets.length)
	e.e_data = rk_UNCONST(&piece->octets);
    ASN1_MALLOC_ENCODE(KRB_ERROR, out->data, out->length, &e, &len, ret);
    want(ret == 0);
    free_PrincipalName(&sname);
}

/* The part, with this request's nonce. */
static void
renew_part(const struct piece *piece, unsigned nonce, krb5_data *out)
{
    EncASRepPart part;
    size_t len;
    int ret = -1;

    if ((piece->option & OWN_NONCE) == 0 &&
	decode_EncASRepPart(piece->octets.data, piece->octets.length, &part,
			    NULL) == 0) {
	part.nonce = nonce;
	ASN1_MALLOC_ENCODE(EncASRepPart, out->data, out->length, &part, &len,
			   ret);
	free_EncASRepPart(&part);
    }
    if (ret != 0)
	want(krb5_data_copy(out, piece->octets.data,
			    piece->octets.length) == 0);
}

static int
make_reply(const struct piece *piece, unsigned nonce, krb5_data *out)
{
    krb5_crypto crypto;
    krb5_data plain;
    size_t len;
    AS_REP rep;
    int ret;

    memset(&rep, 0, sizeof(rep));
    rep.pvno = 5;
    rep.msg_type = krb_as_rep;
    rep.crealm = strdup(REALM);
    rep.ticket.tkt_vno = 5;
    rep.ticket.realm = strdup(REALM);
    want(rep.crealm != NULL && rep.ticket.realm != NULL);
    want(_krb5_principal2principalname(&rep.cname, user) == 0);
    want(_krb5_principal2principalname(&rep.ticket.sname, user) == 0);
    rep.ticket.enc_part.etype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    if ((piece->option & NO_PADATA) == 0) {
	rep.padata = calloc(1, sizeof(*rep.padata));
	want(rep.padata != NULL && copy_METHOD_DATA(&padata,
						    rep.padata) == 0);
    }
    renew_part(piece, nonce, &plain);
    want(krb5_crypto_init(context, piece->option & WRONG_KEY ? &wrong : &key,
			  0, &crypto) == 0);
    ret = krb5_encrypt_EncryptedData(context, crypto, KRB5_KU_AS_REP_ENC_PART,
				     plain.data, plain.length, 0,
				     &rep.enc_part);
    krb5_crypto_destroy(context, crypto);
    krb5_data_free(&plain);
    if (ret == 0)
	ASN1_MALLOC_ENCODE(AS_REP, out->data, out->length, &rep, &len, ret);
    free_AS_REP(&rep);
    return ret == 0;
}

/*
 * What is sent for the piece.  Free out.
 */
static int
make_message(const struct piece *piece, unsigned nonce, krb5_data *out)
{
    switch (piece->way) {
    case RAW:
	return piece->octets.length != 0 &&
	    krb5_data_copy(out, piece->octets.data,
			   piece->octets.length) == 0;
    case ERROR:
	make_error(piece, out);
	return 1;
    case REPLY:
	return make_reply(piece, nonce, out);
    default:
	free_METHOD_DATA(&padata);
	memset(&padata, 0, sizeof(padata));
	if (decode_METHOD_DATA(piece->octets.data, piece->octets.length,
			       &padata, NULL) != 0)
	    memset(&padata, 0, sizeof(padata));
	return 0;
    }
}

/* Of the request that is sent; it has to be one. */
static unsigned
nonce_of(const krb5_data *request)
{
    unsigned nonce;
    AS_REQ req;

    want(decode_AS_REQ(request->data, request->length, &req, &decoded) == 0 &&
	 decoded == request->length);
    nonce = req.req_body.nonce;
    free_AS_REQ(&req);
    return nonce;
}

static krb5_init_creds_context
begin(int kind, unsigned flags, krb5_get_init_creds_opt *opt)
{
    krb5_init_creds_context ctx;

    krb5_get_init_creds_opt_set_forwardable(opt, flags & 1);
    if (flags & 2)
	krb5_get_init_creds_opt_set_canonicalize(context, opt, TRUE);
    if (kind == CERTIFICATE)
	want(krb5_get_init_creds_opt_set_pkinit(context, opt, user,
	    getenv("FUZZ_IDENTITY"), NULL, NULL, NULL, 0, NULL, NULL,
	    NULL) == 0);
    want(krb5_init_creds_init(context, user, NULL, NULL, 0, opt, &ctx) == 0);
    if (kind == PASSWORD)
	want(krb5_init_creds_set_password(context, ctx, "password") == 0);
    return ctx;
}

static void
exchange(int kind, const uint8_t *p, size_t left, unsigned flags)
{
    krb5_get_init_creds_opt *opt;
    krb5_init_creds_context ctx;
    unsigned nonce, more = 0;
    krb5_data in, out;
    struct piece piece;
    int ret, steps = 0;

    want(krb5_get_init_creds_opt_alloc(context, &opt) == 0);
    ctx = begin(kind, flags, opt);
    ret = krb5_init_creds_step(context, ctx, NULL, &out, NULL, &more);
    while (ret == 0 && (more & KRB5_INIT_CREDS_STEP_FLAG_CONTINUE)) {
	want(++steps <= MAX_STEPS);
	nonce = nonce_of(&out);
	do {
	    if (!next_piece(&p, &left, &piece))
		goto out;
	} while (!make_message(&piece, nonce, &in));
	ret = krb5_init_creds_step(context, ctx, &in, &out, NULL, &more);
	krb5_data_free(&in);
	if (ret == 0 && (more & KRB5_INIT_CREDS_STEP_FLAG_CONTINUE) == 0)
	    want(kind == PASSWORD && piece.way == REPLY &&
		 (piece.option & WRONG_KEY) == 0);
    }
 out:
    krb5_init_creds_free(context, ctx);
    krb5_get_init_creds_opt_free(context, opt);
    krb5_set_kdc_sec_offset(context, 0, -1);
    krb5_clear_error_message(context);
    free_METHOD_DATA(&padata);
    memset(&padata, 0, sizeof(padata));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int kind;

    if (size < 2)
	return 0;
    kind = data[0] % NUM_KINDS;
    switch (kind) {
    case CONVERT:
	convert(data + 2, size - 2, data[1]);
	break;
    case NAME:
	name(data + 2, size - 2);
	break;
    case FRESHNESS:
	freshness(data + 2, size - 2, data[1]);
	break;
    default:
	exchange(kind, data + 2, size - 2, data[1]);
	break;
    }
    return 0;
}
