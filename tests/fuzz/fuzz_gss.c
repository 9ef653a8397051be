/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a peer of GSS-API can send, behind its encryption: a target for
 * libFuzzer (fuzz_gss.py).  The first octet says what the rest is, the second
 * has flags.  Whole sides are fed with tokens whose insides are the input,
 * sealed with the right keys; a challenge that is to be quoted is put where
 * the input has its place (MARK).
 *
 * Beside crashes it finds an acceptor that is content with less than it asks
 * for, and octets that are read and written in two ways.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"
#include "replay_cache.h"
#include "krb_error2_asn1.h"
#include "mech/context.h"
#include "pair_config.h"
#include "gss_pair.h"
#include "fuzz_target.h"	/* NOW, want() */

#define MARK "0123456789abcdef0123456789abcdef"

enum {				/* fuzz_gss.py has these numbers */
    ERROR2, ERROR2_PART, AUTHDATA, CHECKSUM, ACCEPT, INITIATE, RCACHE, PAC,
    NUM_KINDS
};

enum {				/* how a piece of ACCEPT and INITIATE goes */
    RAW, FRAMED, AUTHENTICATOR, TICKET_PART, NUM_WAYS
};

static struct gss_pair pair;
static krb5_keyblock session, service, subkey;
static krb5_data ticket;
static char cache_dir[] = "/tmp/fuzz_gss.XXXXXX";

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
remove_cache(void)
{
    char name[64];

    snprintf(name, sizeof(name), "%s/cache", cache_dir);
    unlink(name);
    rmdir(cache_dir);
}

static void
read_keys(void)
{
    krb5_keytab_entry entry;
    krb5_creds in, out;

    memset(&in, 0, sizeof(in));
    want(krb5_parse_name(pair.context, PAIR_SERVICE, &in.server) == 0);
    want(krb5_parse_name(pair.context, PAIR_CLIENT, &in.client) == 0);
    want(krb5_kt_get_entry(pair.context, pair.keytab, in.server, 0, 0,
			   &entry) == 0);
    want(krb5_copy_keyblock_contents(pair.context, &entry.keyblock,
				     &service) == 0);
    krb5_kt_free_entry(pair.context, &entry);
    want(krb5_cc_retrieve_cred(pair.context, pair.ccache, 0, &in,
			       &out) == 0);
    want(krb5_copy_keyblock_contents(pair.context, &out.session,
				     &session) == 0);
    want(krb5_data_copy(&ticket, out.ticket.data, out.ticket.length) == 0);
    krb5_free_cred_contents(pair.context, &out);
    krb5_free_cred_contents(pair.context, &in);
    want(krb5_generate_random_keyblock(pair.context,
				       ETYPE_AES256_CTS_HMAC_SHA1_96,
				       &subkey) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    want(mkdtemp(cache_dir) != NULL);
    want(atexit(remove_cache) == 0);
    setenv("KRB5RCACHEDIR", cache_dir, 1);
    setprogname("fuzz_gss");
    pair_write_config("replay_protection = challenge");
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    read_keys();
    return 0;
}

/*
 * EncryptedData of octets.  Free with free_EncryptedData().
 */
static int
seal(const krb5_keyblock *key, unsigned usage, const void *data, size_t size,
     EncryptedData *enc)
{
    krb5_crypto crypto;
    int ret;

    memset(enc, 0, sizeof(*enc));
    if (krb5_crypto_init(pair.context, key, 0, &crypto) != 0)
	return 0;
    ret = krb5_encrypt_EncryptedData(pair.context, crypto, usage,
				     rk_UNCONST(data), size, 0, enc);
    krb5_crypto_destroy(pair.context, crypto);
    return ret == 0;
}

/* -- pieces --------------------------------------------------------------- */

static void
decode_error2(const krb5_data *pdu, unsigned flags)
{
    struct krb5_ext_error2_keys keys;
    struct krb5_ext_error2 error2;
    krb5_data again;

    keys.subkey = flags & 1 ? &subkey : NULL;
    keys.session = flags & 2 ? &session : NULL;
    if (_krb5_ext_decode_error2(pair.context, pdu, flags & 4 ?
				KRB5_EXT_FROM_INITIATOR :
				KRB5_EXT_FROM_ACCEPTOR, &keys, &error2) != 0)
	return;
    want(error2.challenge.length >= 1 && error2.challenge.length <= 1024);
    want(error2.susec >= 0 && error2.susec < 1000000);
    want(error2.key != KRB5_EXT_ERROR2_KEY_NULL || error2.subkey == NULL);
    want(!(flags & 4) || error2.subkey == NULL);
    if (_krb5_ext_encode_error2(pair.context, &error2, flags & 4 ?
				KRB5_EXT_FROM_INITIATOR :
				KRB5_EXT_FROM_ACCEPTOR, &keys, &again) == 0)
	krb5_data_free(&again);
    _krb5_ext_free_error2(&error2);
}

/*
 * The octets of a KRB-ERROR2 with this inside.  Free pdu.
 */
static int
make_error2(const void *data, size_t size, int which,
	    const krb5_keyblock *sub, krb5_data *pdu)
{
    KRB_ERROR2 msg;
    size_t len;
    int ret;

    memset(&msg, 0, sizeof(msg));
    msg.pvno = 5;
    msg.msg_type = KRB5_EXT_MSG_TYPE_ERROR2;
    msg.enc_part_key = which;
    if (which == KRB5_EXT_ERROR2_KEY_NULL)
	want(krb5_data_copy(&msg.enc_part.cipher, data, size) == 0);
    else if (!seal(which == KRB5_EXT_ERROR2_KEY_SUBKEY ? sub : &session,
		   KRB5_EXT_KU_ERROR2, data, size, &msg.enc_part))
	return 0;
    ASN1_MALLOC_ENCODE(KRB_ERROR2, pdu->data, pdu->length, &msg, &len, ret);
    free_KRB_ERROR2(&msg);
    return ret == 0;
}

static void
error2_part(const uint8_t *data, size_t size, unsigned flags)
{
    krb5_data pdu;

    if (!make_error2(data, size, (flags >> 3) % 3, &subkey, &pdu))
	return;
    decode_error2(&pdu, flags);
    krb5_data_free(&pdu);
}

static void
authdata(const uint8_t *data, size_t size)
{
    struct krb5_ext_authdata ad;
    AuthorizationData built;
    krb5_data der;
    size_t length;

    der.data = rk_UNCONST(data);
    der.length = size;
    if (_krb5_ext_decode_authdata(pair.context, &der, &ad) != 0)
	return;
    want(decode_AuthorizationData(data, size, &built, &length) == 0 &&
	 length == size);
    free_AuthorizationData(&built);
    want(!ad.have_challenge ||
	 (ad.challenge.length >= 1 && ad.challenge.length <= 1024));
    (void)_krb5_ext_judge_ap_options(size & 1 ? 0x10000000 : 0, &ad);
    if (_krb5_ext_build_authdata(pair.context, &ad, &built) == 0)
	free_AuthorizationData(&built);
    _krb5_ext_free_authdata(&ad);
}

static void
checksum(const uint8_t *data, size_t size, unsigned flags)
{
    static const unsigned char hash[16] = "sixteen octets..";
    OM_uint32 minor, got = 0;
    Checksum cksum;
    krb5_data fwd;

    krb5_data_zero(&fwd);
    cksum.cksumtype = CKSUMTYPE_GSSAPI;
    cksum.checksum.data = rk_UNCONST(data);
    cksum.checksum.length = size;
    if (_gsskrb5_verify_8003_checksum(&minor, flags & 1 ? hash : NULL,
				      &cksum, &got, &fwd) == GSS_S_COMPLETE)
	want(size >= 24);
    krb5_data_free(&fwd);
}

/* A cache that is damaged may be refused; what was stored is known. */
static void
rcache(const uint8_t *data, size_t size)
{
    static const unsigned char tag[REPLAY_TAG_LENGTH] = "twelve oct.";
    krb5_error_code ret;
    char name[80];
    int fd;

    snprintf(name, sizeof(name), "file2:%s/cache", cache_dir);
    fd = open(name + 6, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
	return;
    want(write(fd, data, size) == (ssize_t)size);
    close(fd);
    ret = _gsskrb5_ext_replay_cache_store(pair.context, name, tag, NOW, NOW,
					  300);
    if (ret == 0)
	want(_gsskrb5_ext_replay_cache_store(pair.context, name, tag, NOW,
					     NOW, 300) ==
	     KRB5KRB_AP_ERR_REPEAT);
}

static void
pac(const uint8_t *data, size_t size)
{
    krb5_pac p;

    if (krb5_pac_parse(pair.context, data, size, &p) == 0) {
	(void)krb5_pac_verify(pair.context, p, NOW, NULL, &service, &service);
	krb5_pac_free(pair.context, p);
    }
}

/* -- whole sides ---------------------------------------------------------- */

static gsskrb5_ctx
inner(gss_ctx_id_t ctx)
{
    return ctx ? (gsskrb5_ctx)((struct _gss_context *)ctx)->gc_ctx : NULL;
}

/* Put the challenge where the input has its mark. */
static void
quote(uint8_t *data, size_t size, gss_ctx_id_t ctx)
{
    gsskrb5_ctx c = inner(ctx);
    size_t i;

    if (c == NULL || c->ext == NULL || c->ext->challenge.length == 0 ||
	c->ext->challenge.length > sizeof(MARK) - 1)
	return;
    for (i = 0; i + sizeof(MARK) - 1 <= size; i++)
	if (memcmp(data + i, MARK, sizeof(MARK) - 1) == 0)
	    memcpy(data + i, c->ext->challenge.data,
		   c->ext->challenge.length);
}

/*
 * An AP-REQ; data is its Authenticator, or its ticket's encrypted part and
 * the Authenticator is that of the last piece.
 */
static int
make_ap_req(int way, unsigned options, const void *data, size_t size,
	    const krb5_data *last, krb5_data *der)
{
    AP_REQ req;
    size_t len;
    int ret;

    memset(&req, 0, sizeof(req));
    req.pvno = 5;
    req.msg_type = krb_ap_req;
    req.ap_options.continue_needed_ok = options & 1;
    req.ap_options.mutual_required = (options >> 1) & 1;
    want(decode_Ticket(ticket.data, ticket.length, &req.ticket, NULL) == 0);
    if (way == TICKET_PART) {
	free_EncryptedData(&req.ticket.enc_part);
	want(seal(&service, KRB5_KU_TICKET, data, size,
		  &req.ticket.enc_part));
	data = last->data;
	size = last->length;
    }
    want(seal(&session, KRB5_KU_AP_REQ_AUTH, data, size,
	      &req.authenticator));
    ASN1_MALLOC_ENCODE(AP_REQ, der->data, der->length, &req, &len, ret);
    free_AP_REQ(&req);
    return ret == 0;
}

static void
frame(const char id[2], const krb5_data *der, gss_buffer_t out)
{
    gss_buffer_desc in;

    in.length = 2 + der->length;
    in.value = malloc(in.length);
    want(in.value != NULL);
    memcpy(in.value, id, 2);
    if (der->length)
	memcpy((char *)in.value + 2, der->data, der->length);
    want(gss_encapsulate_token(&in, GSS_KRB5_MECHANISM, out) ==
	 GSS_S_COMPLETE);
    free(in.value);
}

/*
 * The next piece: a way, options, two octets of length, octets.
 */
static int
next_piece(const uint8_t **p, size_t *left, int *way, unsigned *options,
	   krb5_data *piece)
{
    size_t size;

    if (*left < 4)
	return 0;
    *way = (*p)[0] % NUM_WAYS;
    *options = (*p)[1];
    size = (size_t)(*p)[2] << 8 | (*p)[3];
    *p += 4;
    *left -= 4;
    if (size > *left)
	size = *left;
    want(krb5_data_copy(piece, *p, size) == 0);
    *p += size;
    *left -= size;
    return 1;
}

static void
accept_pieces(const uint8_t *data, size_t size)
{
    gss_buffer_desc token, out;
    OM_uint32 major = GSS_S_CONTINUE_NEEDED, minor, flags;
    krb5_data piece, der, last;
    gss_name_t source;
    unsigned options;
    int way, tokens = 0;

    krb5_data_zero(&last);
    while (major == GSS_S_CONTINUE_NEEDED && tokens < 8 &&
	   next_piece(&data, &size, &way, &options, &piece)) {
	quote(piece.data, piece.length, pair.acceptor);
	token.length = 0;
	token.value = NULL;
	if (way == RAW) {
	    token.value = piece.data;
	    token.length = piece.length;
	    krb5_data_zero(&piece);
	} else if (way == FRAMED) {
	    frame(options & 1 ? "\x01\x00" : options & 2 ? "\x05\x01" :
		  options & 4 ? "\x05\x02" : "\x03\x00", &piece, &token);
	} else if (make_ap_req(way, options, piece.data, piece.length, &last,
			       &der)) {
	    frame("\x01\x00", &der, &token);
	    krb5_data_free(&der);
	}
	tokens++;
	source = GSS_C_NO_NAME;
	major = gss_accept_sec_context(&minor, &pair.acceptor,
	    pair.acceptor_cred, &token, GSS_C_NO_CHANNEL_BINDINGS, &source,
	    NULL, &out, &flags, NULL, NULL);
	want((source != GSS_C_NO_NAME) == (major == GSS_S_COMPLETE));
	want(major != GSS_S_CONTINUE_NEEDED || out.length != 0);
	/* a challenge is asked of whoever offers more tokens */
	want(major != GSS_S_COMPLETE || tokens > 1 || way != AUTHENTICATOR ||
	     !(options & 1) || inner(pair.acceptor)->ext == NULL ||
	     !inner(pair.acceptor)->ext->offered);
	if (way == AUTHENTICATOR) {
	    krb5_data_free(&last);
	    last = piece;
	    krb5_data_zero(&piece);
	}
	krb5_data_free(&piece);
	gss_release_name(&minor, &source);
	gss_release_buffer(&minor, &token);
	gss_release_buffer(&minor, &out);
    }
    krb5_data_free(&last);
    pair_disconnect(&pair);
}

/* options: 0-1 enc-part-key, 2 final, 3 an AP-REP */
static void
initiate_pieces(const uint8_t *data, size_t size)
{
    gss_buffer_desc token, out;
    OM_uint32 major, minor;
    krb5_data piece, der;
    unsigned options;
    AP_REP rep;
    size_t len;
    int way, tokens = 0, ret;

    major = pair_initiate(&pair, GSS_C_NO_BUFFER, &out, &minor);
    gss_release_buffer(&minor, &out);
    while (major == GSS_S_CONTINUE_NEEDED && tokens++ < 8 &&
	   next_piece(&data, &size, &way, &options, &piece)) {
	token.length = 0;
	token.value = NULL;
	krb5_data_zero(&der);
	if (way == RAW) {
	    token.value = piece.data;
	    token.length = piece.length;
	    krb5_data_zero(&piece);
	} else if (way == FRAMED) {
	    frame(options & 1 ? "\x02\x00" : options & 2 ? "\x05\x01" :
		  options & 4 ? "\x05\x02" : "\x03\x00", &piece, &token);
	} else if (options & 8) {
	    memset(&rep, 0, sizeof(rep));
	    rep.pvno = 5;
	    rep.msg_type = krb_ap_rep;
	    want(seal(&session, KRB5_KU_AP_REQ_ENC_PART, piece.data,
		      piece.length, &rep.enc_part));
	    ASN1_MALLOC_ENCODE(AP_REP, der.data, der.length, &rep, &len,
			       ret);
	    want(ret == 0);
	    free_AP_REP(&rep);
	    frame("\x02\x00", &der, &token);
	} else if (inner(pair.initiator) != NULL &&
		   make_error2(piece.data, piece.length, (options & 3) % 3,
			       inner(pair.initiator)->auth_context->
			       local_subkey, &der))
	    frame(options & 4 ? "\x05\x02" : "\x05\x01", &der, &token);
	krb5_data_free(&der);
	krb5_data_free(&piece);
	major = pair_initiate(&pair, &token, &out, &minor);
	want(major != GSS_S_CONTINUE_NEEDED || out.length != 0);
	gss_release_buffer(&minor, &token);
	gss_release_buffer(&minor, &out);
    }
    pair_disconnect(&pair);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned flags;
    krb5_data pdu;
    int kind;

    if (size < 2)
	return 0;
    kind = data[0] % NUM_KINDS;
    flags = data[1];
    data += 2;
    size -= 2;
    switch (kind) {
    case ERROR2:
	pdu.data = rk_UNCONST(data);
	pdu.length = size;
	decode_error2(&pdu, flags);
	break;
    case ERROR2_PART:
	error2_part(data, size, flags);
	break;
    case AUTHDATA:
	authdata(data, size);
	break;
    case CHECKSUM:
	checksum(data, size, flags);
	break;
    case ACCEPT:
	accept_pieces(data, size);
	break;
    case INITIATE:
	initiate_pieces(data, size);
	break;
    case RCACHE:
	rcache(data, size);
	break;
    case PAC:
	pac(data, size);
	break;
    }
    return 0;
}
