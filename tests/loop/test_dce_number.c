/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A third token of DCE style that is not the initiator's of this exchange: an
 * error (GSS_ERROR()) and no context, and a good exchange works after it.
 */

/* REQ: GL-33 */

#include "gss_pair.h"
#include "sec_test.h"

#define FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE | GSS_C_INTEG_FLAG)

static OM_uint32
initiate(struct gss_pair *pair, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 minor;

    return gss_init_sec_context(&minor, pair->initiator_cred,
				&pair->initiator, pair->target,
				GSS_KRB5_MECHANISM, FLAGS, 0,
				GSS_C_NO_CHANNEL_BINDINGS, in, NULL, out,
				NULL, NULL);
}

/*
 * Up to the third token, which is put into third; the acceptor waits for it.
 */
static void
up_to_third(struct gss_pair *pair, gss_buffer_t third)
{
    gss_buffer_desc ap_req, ap_rep;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = initiate(pair, GSS_C_NO_BUFFER, &ap_req);
    pair_gss(major, 0, "gss_init_sec_context");
    major = pair_accept(pair, &ap_req, &ap_rep, &minor);
    pair_gss(major, minor, "gss_accept_sec_context");
    major = initiate(pair, &ap_rep, third);
    pair_gss(major, 0, "gss_init_sec_context");
    gss_release_buffer(&minor, &ap_req);
    gss_release_buffer(&minor, &ap_rep);
}

static void
good_exchange(struct gss_pair *pair)
{
    gss_buffer_desc third, out;
    OM_uint32 major, minor;

    up_to_third(pair, &third);
    major = pair_accept(pair, &third, &out, &minor);
    check(major == GSS_S_COMPLETE, "  its own: %08x", (unsigned)major);
    gss_release_buffer(&minor, &out);
    gss_release_buffer(&minor, &third);
}

static void
refuse(struct gss_pair *pair, gss_buffer_t token, const char *what)
{
    gss_buffer_desc out;
    OM_uint32 major, minor;

    major = pair_accept(pair, token, &out, &minor);
    check(major == GSS_S_DEFECTIVE_TOKEN && pair->acceptor == GSS_C_NO_CONTEXT,
	  "%s: %08x/%d%s", what, (unsigned)major, (int)minor,
	  pair->acceptor ? ", a context" : "");
    gss_release_buffer(&minor, &out);
    good_exchange(pair);
}

static void
test_other_exchange(struct gss_pair *pair)
{
    gss_buffer_desc old, third;
    OM_uint32 minor;

    up_to_third(pair, &old);
    up_to_third(pair, &third);
    refuse(pair, &old, "the third token of another exchange");
    gss_release_buffer(&minor, &old);
    gss_release_buffer(&minor, &third);
}

/*
 * The session key of the ticket.  Free it.
 */
static krb5_keyblock *
session_key(struct gss_pair *pair)
{
    krb5_creds in, *out;
    krb5_keyblock *key;

    memset(&in, 0, sizeof(in));
    pair_krb5(pair, krb5_cc_get_principal(pair->context, pair->ccache,
					  &in.client), "client");
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &in.server),
	      "server");
    pair_krb5(pair, krb5_get_credentials(pair->context, KRB5_GC_CACHED,
					 pair->ccache, &in, &out), "ticket");
    pair_krb5(pair, krb5_copy_keyblock(pair->context, &out->session, &key),
	      "session key");
    krb5_free_creds(pair->context, out);
    krb5_free_cred_contents(pair->context, &in);
    return key;
}

/*
 * token, an AP-REP, without its sequence number, or with its number in a new
 * cipher text; free the result.
 */
static void
make_ap_rep(struct gss_pair *pair, gss_buffer_t token, int with_number,
	    gss_buffer_t result)
{
    krb5_keyblock *key = session_key(pair);
    krb5_crypto crypto;
    krb5_data data, plain;
    AP_REP ap_rep;
    EncAPRepPart part;
    size_t size;
    int ret;

    pair_krb5(pair, decode_AP_REP(token->value, token->length, &ap_rep,
				  &size), "decode_AP_REP");
    pair_krb5(pair, krb5_crypto_init(pair->context, key, 0, &crypto),
	      "krb5_crypto_init");
    pair_krb5(pair, krb5_decrypt_EncryptedData(pair->context, crypto,
	      KRB5_KU_AP_REQ_ENC_PART, &ap_rep.enc_part, &data), "decrypt");
    pair_krb5(pair, decode_EncAPRepPart(data.data, data.length, &part, &size),
	      "decode_EncAPRepPart");
    krb5_data_free(&data);
    if (!with_number) {
	free(part.seq_number);
	part.seq_number = NULL;
    }
    ASN1_MALLOC_ENCODE(EncAPRepPart, plain.data, plain.length, &part, &size,
		       ret);
    pair_krb5(pair, ret, "encode EncAPRepPart");
    free_EncAPRepPart(&part);
    free_EncryptedData(&ap_rep.enc_part);
    pair_krb5(pair, krb5_encrypt_EncryptedData(pair->context, crypto,
	      KRB5_KU_AP_REQ_ENC_PART, plain.data, plain.length, 0,
	      &ap_rep.enc_part), "encrypt");
    krb5_data_free(&plain);
    ASN1_MALLOC_ENCODE(AP_REP, result->value, result->length, &ap_rep, &size,
		       ret);
    pair_krb5(pair, ret, "encode AP-REP");
    free_AP_REP(&ap_rep);
    krb5_crypto_destroy(pair->context, crypto);
    krb5_free_keyblock(pair->context, key);
}

static void
test_reflected(struct gss_pair *pair)
{
    gss_buffer_desc ap_req, ap_rep;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = initiate(pair, GSS_C_NO_BUFFER, &ap_req);
    pair_gss(major, 0, "gss_init_sec_context");
    major = pair_accept(pair, &ap_req, &ap_rep, &minor);
    pair_gss(major, minor, "gss_accept_sec_context");
    refuse(pair, &ap_rep, "the acceptor's own");
    gss_release_buffer(&minor, &ap_req);
    gss_release_buffer(&minor, &ap_rep);
}

static void
test_no_number(struct gss_pair *pair)
{
    gss_buffer_desc third, made, out;
    OM_uint32 major, minor;

    up_to_third(pair, &third);
    make_ap_rep(pair, &third, 0, &made);
    refuse(pair, &made, "without a sequence number");
    gss_release_buffer(&minor, &third);
    gss_release_buffer(&minor, &made);

    up_to_third(pair, &third);
    make_ap_rep(pair, &third, 1, &made);
    major = pair_accept(pair, &made, &out, &minor);
    check(major == GSS_S_COMPLETE, "another encoder's, with the number: %08x",
	  (unsigned)major);
    gss_release_buffer(&minor, &out);
    gss_release_buffer(&minor, &third);
    gss_release_buffer(&minor, &made);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_other_exchange(&pair);
    test_reflected(&pair);
    test_no_number(&pair);
    pair_free(&pair);
    return check_done();
}
