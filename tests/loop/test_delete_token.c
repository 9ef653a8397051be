/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gss_process_context_token() of the krb5 mechanism, plain and under SPNEGO.
 * A context deletion token (RFC 1964 1.2.3) that verifies ends the context,
 * for every call and without a crash; whatever else is put there is
 * GSS_S_DEFECTIVE_TOKEN and does nothing.  RFC 4121 keys have no such token.
 *
 * Deletion tokens are made here of the MIC of an empty message: TOK_ID is
 * changed, and what depends on it made anew.
 */

#include "gss_pair.h"
#include <gssapi/gssapi_spnego.h>
#include "sec_test.h"

#define HEADER		13	/* 60 length 06 09 OID */

/* From the end of the GSS header. */
#define SND_SEQ		8
#define SGN_CKSUM	16
#define ARCFOUR_LEN	24
#define DES3_LEN	36

#define FLAGS	(GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | \
		 GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)

static krb5_enctype enctype;
static int spnego;
static const char *name;		/* of the two above */

static size_t
token_length(void)
{
    return enctype == ETYPE_DES3_CBC_SHA1 ? DES3_LEN : ARCFOUR_LEN;
}

/*
 * The initiator's credential of SPNEGO, as pair->initiator_cred is of krb5.
 * Free it.
 */
static gss_cred_id_t
spnego_cred(void)
{
    gss_OID_set_desc mechs;
    gss_cred_id_t cred;
    OM_uint32 major, minor;
    int32_t wanted = enctype;

    mechs.count = 1;
    mechs.elements = GSS_SPNEGO_MECHANISM;
    major = gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechs,
			     GSS_C_INITIATE, &cred, NULL, NULL);
    pair_gss(major, minor, "gss_acquire_cred");
    major = gss_krb5_set_allowable_enctypes(&minor, cred, 1, &wanted);
    pair_gss(major, minor, "gss_krb5_set_allowable_enctypes");
    return cred;
}

/*
 * Establish both sides anew.
 */
static void
establish(struct gss_pair *pair)
{
    gss_cred_id_t cred = spnego ? spnego_cred() : pair->initiator_cred;
    gss_buffer_desc in, out;
    OM_uint32 major, minor, amajor;
    gss_OID mech = spnego ? GSS_SPNEGO_MECHANISM : GSS_KRB5_MECHANISM;

    pair_disconnect(pair);
    in.value = NULL;
    in.length = 0;
    for (;;) {
	major = gss_init_sec_context(&minor, cred, &pair->initiator,
				     pair->target, mech, FLAGS, 0,
				     GSS_C_NO_CHANNEL_BINDINGS, &in, NULL,
				     &out, NULL, NULL);
	pair_gss(major, minor, "gss_init_sec_context");
	gss_release_buffer(&minor, &in);
	if (out.length == 0)
	    break;
	amajor = gss_accept_sec_context(&minor, &pair->acceptor,
					GSS_C_NO_CREDENTIAL, &out,
					GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
					&in, NULL, NULL, NULL);
	pair_gss(amajor, minor, "gss_accept_sec_context");
	gss_release_buffer(&minor, &out);
	if (in.length == 0)
	    break;
    }
    if (major != GSS_S_COMPLETE)
	errx(1, "the context is not complete");
    if (spnego)
	gss_release_cred(&minor, &cred);
}

static OM_uint32
verify(gss_ctx_id_t from, gss_ctx_id_t to)
{
    gss_buffer_desc msg, mic;
    OM_uint32 major, minor;

    msg.value = rk_UNCONST("message");
    msg.length = 7;
    major = gss_get_mic(&minor, from, 0, &msg, &mic);
    if (major != GSS_S_COMPLETE)
	return major;
    major = gss_verify_mic(&minor, to, &msg, &mic, NULL);
    gss_release_buffer(&minor, &mic);
    return major;
}

/*
 * Encrypt or decrypt SND_SEQ of the token at p.
 */
static void
code_seq_arcfour(struct gss_pair *pair, krb5_keyblock *key, unsigned char *p)
{
    unsigned char k5[16], k6[16], zero[4];
    krb5_keyblock key5;
    Checksum c;
    EVP_CIPHER_CTX rc4;

    memset(zero, 0, sizeof(zero));
    c.checksum.data = k5;
    c.checksum.length = sizeof(k5);
    pair_krb5(pair, krb5_hmac(pair->context, CKSUMTYPE_RSA_MD5, zero, 4, 0,
			      key, &c), "krb5_hmac");
    key5.keytype = ETYPE_ARCFOUR_HMAC_MD5;
    key5.keyvalue = c.checksum;
    c.checksum.data = k6;
    pair_krb5(pair, krb5_hmac(pair->context, CKSUMTYPE_RSA_MD5,
			      p + SGN_CKSUM, 8, 0, &key5, &c), "krb5_hmac");
    EVP_CIPHER_CTX_init(&rc4);
    EVP_CipherInit_ex(&rc4, EVP_rc4(), NULL, k6, NULL, 1);
    EVP_Cipher(&rc4, p + SND_SEQ, p + SND_SEQ, 8);
    EVP_CIPHER_CTX_cleanup(&rc4);
}

static void
code_seq_des3(struct gss_pair *pair, krb5_keyblock *key, unsigned char *p,
	      int encrypt)
{
    unsigned char ivec[8];
    krb5_crypto crypto;
    krb5_data out;

    memcpy(ivec, p + SGN_CKSUM, sizeof(ivec));
    pair_krb5(pair, krb5_crypto_init(pair->context, key, ETYPE_DES3_CBC_NONE,
				     &crypto), "krb5_crypto_init");
    if (encrypt)
	pair_krb5(pair, krb5_encrypt_ivec(pair->context, crypto,
					  KRB5_KU_USAGE_SEQ, p + SND_SEQ, 8,
					  &out, ivec), "encrypt");
    else
	pair_krb5(pair, krb5_decrypt_ivec(pair->context, crypto,
					  KRB5_KU_USAGE_SEQ, p + SND_SEQ, 8,
					  &out, ivec), "decrypt");
    memcpy(p + SND_SEQ, out.data, 8);
    krb5_data_free(&out);
    krb5_crypto_destroy(pair->context, crypto);
}

static void
code_seq(struct gss_pair *pair, krb5_keyblock *key, unsigned char *p,
	 int encrypt)
{
    if (enctype == ETYPE_DES3_CBC_SHA1)
	code_seq_des3(pair, key, p, encrypt);
    else
	code_seq_arcfour(pair, key, p);
}

static void
empty_mic(gss_ctx_id_t from, gss_buffer_t token)
{
    gss_buffer_desc msg = { 0, NULL };
    OM_uint32 major, minor;

    major = gss_get_mic(&minor, from, 0, &msg, token);
    pair_gss(major, minor, "gss_get_mic");
}

/*
 * The deletion token that from would send next.  Free token.
 */
static void
make_delete_token(struct gss_pair *pair, gss_ctx_id_t from,
		  gss_buffer_t token)
{
    krb5_keyblock *key;
    krb5_crypto crypto;
    Checksum cksum;
    OM_uint32 major, minor;
    unsigned char *p;

    empty_mic(from, token);
    major = gsskrb5_get_subkey(&minor, from, &key);
    pair_gss(major, minor, "gsskrb5_get_subkey");

    /* this side's MICs of DES3 have two octets more than they need */
    p = (unsigned char *)token->value + HEADER;
    token->length = HEADER + token_length();
    ((unsigned char *)token->value)[1] = token->length - 2;
    code_seq(pair, key, p, 0);
    p[1] = 0x02;
    pair_krb5(pair, krb5_crypto_init(pair->context, key, 0, &crypto),
	      "krb5_crypto_init");
    pair_krb5(pair, krb5_create_checksum(pair->context, crypto,
					 KRB5_KU_USAGE_SIGN, 0, p, 8, &cksum),
	      "krb5_create_checksum");
    memcpy(p + SGN_CKSUM, cksum.checksum.data, token_length() - SGN_CKSUM);
    free_Checksum(&cksum);
    krb5_crypto_destroy(pair->context, crypto);
    code_seq(pair, key, p, 1);
    krb5_free_keyblock(pair->context, key);
}

/*
 * to is given what is no deletion token, and goes on.
 */
static void
refuse(gss_ctx_id_t from, gss_ctx_id_t to, gss_buffer_t token,
       const char *what, int arg)
{
    OM_uint32 major, minor, after;

    major = gss_process_context_token(&minor, to, token);
    after = verify(from, to);
    check(major == GSS_S_DEFECTIVE_TOKEN && after == GSS_S_COMPLETE,
	  "%s, %s %d: %08x, next message %08x", name, what, arg,
	  (unsigned)major, (unsigned)after);
}

/* REQ: GL-28 */
static void
test_other_tokens(struct gss_pair *pair)
{
    static const unsigned char error_token[] =
	"\x60\x10\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03\x00"
	"\x7e\x01\x30";
    gss_buffer_desc token, msg;
    OM_uint32 major, minor;

    establish(pair);
    token.value = NULL;
    token.length = 0;
    refuse(pair->initiator, pair->acceptor, &token, "empty token", 0);
    token.value = rk_UNCONST("garbage");
    token.length = 7;
    refuse(pair->initiator, pair->acceptor, &token, "garbage", 7);
    token.value = rk_UNCONST(error_token);
    token.length = sizeof(error_token) - 1;
    refuse(pair->initiator, pair->acceptor, &token, "KRB-ERROR", 0);

    establish(pair);
    msg.value = rk_UNCONST("message");
    msg.length = 7;
    major = gss_wrap(&minor, pair->initiator, 0, 0, &msg, NULL, &token);
    pair_gss(major, minor, "gss_wrap");
    major = gss_process_context_token(&minor, pair->acceptor, &token);
    check(major == GSS_S_DEFECTIVE_TOKEN, "%s, wrap token: %08x", name,
	  (unsigned)major);
    major = gss_unwrap(&minor, pair->acceptor, &token, &msg, NULL, NULL);
    check(major == GSS_S_COMPLETE, "%s, wrap token: still to be unwrapped",
	  name);
    gss_release_buffer(&minor, &msg);
    gss_release_buffer(&minor, &token);

    /* a MIC of nothing, for whoever takes it for a deletion token */
    msg.length = 0;
    empty_mic(pair->initiator, &token);
    major = gss_process_context_token(&minor, pair->acceptor, &token);
    check(major == GSS_S_DEFECTIVE_TOKEN, "%s, MIC of nothing: %08x", name,
	  (unsigned)major);
    major = gss_verify_mic(&minor, pair->acceptor, &msg, &token, NULL);
    check(major == GSS_S_COMPLETE, "%s, MIC of nothing: still a MIC: %08x",
	  name, (unsigned)major);
    gss_release_buffer(&minor, &token);
}

/*
 * REQ: GL-28, GL-30
 * The other side deletes the context.
 */
static void
test_deleted(struct gss_pair *pair, int by_initiator)
{
    const char *who = by_initiator ? "acceptor's" : "initiator's";
    gss_ctx_id_t from, *to;
    gss_buffer_desc token, out;
    gss_name_t src, targ;
    OM_uint32 major, minor, time_rec;
    krb5_keyblock *key;

    establish(pair);
    from = by_initiator ? pair->initiator : pair->acceptor;
    to = by_initiator ? &pair->acceptor : &pair->initiator;
    make_delete_token(pair, from, &token);

    major = gss_process_context_token(&minor, *to, &token);
    check(major == GSS_S_COMPLETE && minor == 0, "%s, %s context: %08x", name,
	  who, (unsigned)major);
    check(verify(from, *to) == GSS_S_NO_CONTEXT &&
	  verify(*to, from) == GSS_S_NO_CONTEXT, "%s, %s: no MICs", name, who);
    major = gss_wrap(&minor, *to, 1, 0, &token, NULL, &out);
    check(major == GSS_S_NO_CONTEXT, "%s, %s: no wrap", name, who);
    major = gss_unwrap(&minor, *to, &token, &out, NULL, NULL);
    check(major == GSS_S_NO_CONTEXT, "%s, %s: no unwrap", name, who);
    major = gss_inquire_context(&minor, *to, &src, &targ, NULL, NULL, NULL,
				NULL, NULL);
    check(major == GSS_S_NO_CONTEXT && src == GSS_C_NO_NAME &&
	  targ == GSS_C_NO_NAME, "%s, %s: inquire_context", name, who);
    major = gss_context_time(&minor, *to, &time_rec);
    check(major == GSS_S_NO_CONTEXT, "%s, %s: context_time", name, who);
    major = gsskrb5_get_subkey(&minor, *to, &key);
    check(major == GSS_S_NO_CONTEXT, "%s, %s: no key", name, who);
    major = gss_export_sec_context(&minor, to, &out);
    check(major == GSS_S_NO_CONTEXT, "%s, %s: no export", name, who);
    major = gss_process_context_token(&minor, *to, &token);
    check(major == GSS_S_NO_CONTEXT, "%s, %s: the token again", name, who);
    gss_release_buffer(&minor, &token);
    major = gss_delete_sec_context(&minor, to, GSS_C_NO_BUFFER);
    check(major == GSS_S_COMPLETE && *to == GSS_C_NO_CONTEXT,
	  "%s, %s: deleted", name, who);
}

/*
 * REQ: GL-28
 * A deletion token with an octet changed or missing.  Of SND_SEQ only the
 * direction: its number is not covered by arcfour's checksum (RFC 4757 7.3),
 * and is looked at before the checksum is with DES3.
 */
static void
test_changed(struct gss_pair *pair)
{
    gss_buffer_desc token;
    OM_uint32 major, again, minor;
    size_t i, len, head;
    unsigned char *p;

    establish(pair);
    make_delete_token(pair, pair->initiator, &token);
    len = token.length;
    head = len - token_length();
    for (i = 1; i < len; i++) {
	token.length = i;
	major = gss_process_context_token(&minor, pair->acceptor, &token);
	check(major == GSS_S_DEFECTIVE_TOKEN, "%s, cut to %d: %08x", name,
	      (int)i, (unsigned)major);
    }
    token.length = len;
    major = gss_process_context_token(&minor, pair->acceptor, &token);
    check(major == GSS_S_COMPLETE, "%s, not cut: %08x", name,
	  (unsigned)major);
    establish(pair);
    refuse(pair->initiator, pair->acceptor, &token, "another context's", 0);
    gss_release_buffer(&minor, &token);

    for (i = 0; i < len; i++) {
	if (i >= head + SND_SEQ && (enctype == ETYPE_DES3_CBC_SHA1 ||
				    i < head + SND_SEQ + 4))
	    continue;
	establish(pair);
	make_delete_token(pair, pair->initiator, &token);
	p = token.value;
	p[i] ^= 1;
	major = gss_process_context_token(&minor, pair->acceptor, &token);
	p[i] ^= 1;
	again = gss_process_context_token(&minor, pair->acceptor, &token);
	check(major == GSS_S_DEFECTIVE_TOKEN && again == GSS_S_COMPLETE,
	      "%s, changed octet %d: %08x, unchanged %08x", name, (int)i,
	      (unsigned)major, (unsigned)again);
	gss_release_buffer(&minor, &token);
    }

    /* one's own, reflected */
    establish(pair);
    make_delete_token(pair, pair->initiator, &token);
    refuse(pair->acceptor, pair->initiator, &token, "one's own", 0);
    gss_release_buffer(&minor, &token);
}

/*
 * REQ: GL-28
 * Before the context is complete there is nothing to delete.
 */
static void
test_half_open(struct gss_pair *pair)
{
    gss_buffer_desc ap_rep, out;
    OM_uint32 major, minor;

    pair_start(pair, &ap_rep);
    major = gss_process_context_token(&minor, pair->initiator, &ap_rep);
    check(major == GSS_S_NO_CONTEXT, "%s, half open: %08x", name,
	  (unsigned)major);
    major = pair_initiate(pair, &ap_rep, &out, &minor);
    check(major == GSS_S_COMPLETE, "%s, half open: the exchange goes on",
	  name);
    gss_release_buffer(&minor, &ap_rep);
    gss_release_buffer(&minor, &out);
}

static void
test_enctype(krb5_enctype type, int with_spnego, const char *label)
{
    struct gss_pair pair;

    enctype = type;
    spnego = with_spnego;
    name = label;
    pair_init(&pair, type);
    gsskrb5_register_acceptor_identity("MEMORY:gss_pair");
    test_other_tokens(&pair);
    if (!spnego)
	test_half_open(&pair);
    if (type != ETYPE_AES256_CTS_HMAC_SHA1_96) {
	test_deleted(&pair, 1);
	test_deleted(&pair, 0);
	test_changed(&pair);
    }
    establish(&pair);
    check(verify(pair.initiator, pair.acceptor) == GSS_S_COMPLETE,
	  "%s: a good exchange still completes", name);
    /* let go of the keytab, or the next pair finds this one's key in it */
    gsskrb5_register_acceptor_identity("MEMORY:none");
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    test_enctype(ETYPE_AES256_CTS_HMAC_SHA1_96, 0, "aes");
    test_enctype(ETYPE_AES256_CTS_HMAC_SHA1_96, 1, "aes, SPNEGO");
    test_enctype(ETYPE_ARCFOUR_HMAC_MD5, 0, "arcfour");
    test_enctype(ETYPE_ARCFOUR_HMAC_MD5, 1, "arcfour, SPNEGO");
    test_enctype(ETYPE_DES3_CBC_SHA1, 0, "des3");
    test_enctype(ETYPE_DES3_CBC_SHA1, 1, "des3, SPNEGO");
    return check_done();
}
