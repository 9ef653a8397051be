/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What an acceptor reads of an AP-REQ that it refuses: with the keys that it
 * would accept with, those of the name that it insists on or any.
 */

#include "krb_request.h"
#include "proto.h"
#include "peek.h"
#include "sec_test.h"

#define OTHER "other/loop.test@LOOP.TEST"

enum { NOTHING, TICKET, BOTH };

static krb5_context context;
static krb5_keyblock key, wrong;

static krb5_keytab
new_keytab(void)
{
    static unsigned number;
    krb5_keytab keytab;
    char name[40];

    snprintf(name, sizeof(name), "MEMORY:peek%u", number++);
    request_krb5(context, krb5_kt_resolve(context, name, &keytab),
		 "krb5_kt_resolve");
    return keytab;
}

/*
 * How much of the octets can be read.
 */
static int
peek_at(const krb5_data *ap_req, krb5_keytab keytab, const char *insisted,
	krb5_error_code want)
{
    krb5_principal server = NULL;
    struct krb5_ext_peek peek;
    krb5_error_code ret;
    int read;

    if (insisted != NULL)
	request_krb5(context, krb5_parse_name(context, insisted, &server),
		     insisted);
    ret = _krb5_ext_peek(context, keytab, server, ap_req, &peek);
    check(ret == want, "_krb5_ext_peek: %d, want %d", (int)ret, (int)want);
    read = peek.session == NULL ? NOTHING :
	peek.authenticator == NULL ? TICKET : BOTH;
    check((peek.ticket != NULL) == (peek.session != NULL),
	  "a ticket with its key, or neither");
    _krb5_ext_free_peek(context, &peek);
    check(peek.session == NULL && peek.ticket == NULL &&
	  peek.authenticator == NULL, "nothing is left");
    krb5_free_principal(context, server);
    return read;
}

static void
wants(const struct krb_request *req, krb5_keytab keytab,
      const char *insisted, int want, const char *what)
{
    krb5_data ap_req;
    int read;

    request_make(context, req, &ap_req);
    read = peek_at(&ap_req, keytab, insisted, 0);
    krb5_data_free(&ap_req);
    check(read == want, "%s: %d, want %d", what, read, want);
}

static void
test_keys(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;

    request_init(&req, &key);
    req.now = time(NULL) - 7200;	/* nobody takes it any more */
    wants(&req, keytab, NULL, NOTHING, "no key");
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &wrong);
    wants(&req, keytab, NULL, NOTHING, "another key");
    wants(&req, keytab, REQUEST_SERVICE, NOTHING, "another key, the name");
    request_add_key(context, keytab, OTHER, 1, &key);
    wants(&req, keytab, NULL, BOTH, "the key under another name");
    wants(&req, keytab, REQUEST_SERVICE, NOTHING,
	  "the key under another name than is insisted on");
    wants(&req, keytab, OTHER, BOTH, "the key under the name insisted on");
    context->flags |= KRB5_CTX_F_RD_REQ_IGNORE;
    wants(&req, keytab, REQUEST_SERVICE, BOTH,
	  "another name, and names do not count");
    context->flags &= ~KRB5_CTX_F_RD_REQ_IGNORE;
    req.server = OTHER;
    wants(&req, keytab, REQUEST_SERVICE, NOTHING,
	  "a ticket for another than is insisted on");
    krb5_kt_close(context, keytab);
}

static void
test_versions(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;

    request_init(&req, &key);
    req.kvno = 3;
    request_add_key(context, keytab, REQUEST_SERVICE, 2, &key);
    wants(&req, keytab, REQUEST_SERVICE, BOTH, "an older version's");
    request_add_key(context, keytab, REQUEST_SERVICE, 3, &wrong);
    wants(&req, keytab, REQUEST_SERVICE, BOTH,
	  "an older version's, that of the version being another");
    req.kvno = 2;
    wants(&req, keytab, REQUEST_SERVICE, BOTH, "the version's");
    req.kvno = 0;
    wants(&req, keytab, REQUEST_SERVICE, BOTH, "no version");
    krb5_kt_close(context, keytab);
}

static void
test_octets(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;
    krb5_error_code ret;
    krb5_data ap_req;
    size_t size, len;
    AP_REQ msg;

    request_init(&req, &key);
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &key);
    request_make(context, &req, &ap_req);
    ret = decode_AP_REQ(ap_req.data, ap_req.length, &msg, &size);
    request_krb5(context, ret, "decode_AP_REQ");
    ap_req.length--;
    check(peek_at(&ap_req, keytab, NULL, ASN1_OVERRUN) == NOTHING,
	  "an octet is missing");
    ap_req.length++;
    krb5_data_free(&ap_req);
    ((unsigned char *)msg.authenticator.cipher.data)[20] ^= 1;
    ASN1_MALLOC_ENCODE(AP_REQ, ap_req.data, ap_req.length, &msg, &len, ret);
    request_krb5(context, ret, "encode_AP_REQ");
    check(peek_at(&ap_req, keytab, NULL, 0) == TICKET,
	  "an Authenticator that is changed");
    krb5_data_free(&ap_req);
    ((unsigned char *)msg.ticket.enc_part.cipher.data)[20] ^= 1;
    ASN1_MALLOC_ENCODE(AP_REQ, ap_req.data, ap_req.length, &msg, &len, ret);
    request_krb5(context, ret, "encode_AP_REQ");
    check(peek_at(&ap_req, keytab, NULL, 0) == NOTHING,
	  "a ticket that is changed");
    krb5_data_free(&ap_req);
    free_AP_REQ(&msg);
    krb5_kt_close(context, keytab);
}

/* What decrypts, and is no Authenticator or no ticket's part. */
static void
test_inside(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb5_ext_peek peek;
    struct krb_request req;
    krb5_crypto crypto;
    krb5_error_code ret;
    krb5_creds creds;
    krb5_data ap_req;
    size_t len;
    AP_REQ msg;
    int i;

    request_add_key(context, keytab, REQUEST_SERVICE, 1, &key);
    for (i = 0; i < 2; i++) {
	request_init(&req, &key);
	request_creds(context, &req, &creds);
	memset(&msg, 0, sizeof(msg));
	msg.pvno = 5;
	msg.msg_type = krb_ap_req;
	request_krb5(context, decode_Ticket(creds.ticket.data,
					    creds.ticket.length, &msg.ticket,
					    NULL), "Ticket");
	if (i == 1)
	    free_EncryptedData(&msg.ticket.enc_part);
	request_krb5(context, krb5_crypto_init(context, i ? &key :
					       &creds.session, 0, &crypto),
		     "krb5_crypto_init");
	ret = krb5_encrypt_EncryptedData(context, crypto, i ? KRB5_KU_TICKET :
					 KRB5_KU_AP_REQ_AUTH,
					 rk_UNCONST("\x30\x03\x02\x01\x00"),
					 5, 0, i ? &msg.ticket.enc_part :
					 &msg.authenticator);
	request_krb5(context, ret, "krb5_encrypt_EncryptedData");
	krb5_crypto_destroy(context, crypto);
	if (i == 1)
	    request_krb5(context, krb5_data_copy(&msg.authenticator.cipher,
						 "x", 1), "krb5_data_copy");
	ASN1_MALLOC_ENCODE(AP_REQ, ap_req.data, ap_req.length, &msg, &len,
			   ret);
	request_krb5(context, ret, "encode_AP_REQ");
	check(peek_at(&ap_req, keytab, NULL, 0) == (i ? NOTHING : TICKET),
	      i ? "no ticket's part in a ticket" :
	      "no Authenticator in an Authenticator");
	ret = _krb5_ext_peek_with(context, &key, &ap_req, &peek);
	check(ret == 0 && (peek.session == NULL) == i &&
	      peek.authenticator == NULL, "and with its key (%d)", (int)ret);
	_krb5_ext_free_peek(context, &peek);
	ap_req.length--;
	ret = _krb5_ext_peek_with(context, &key, &ap_req, &peek);
	check(ret == ASN1_OVERRUN && peek.session == NULL,
	      "and an octet is missing (%d)", (int)ret);
	ap_req.length++;
	krb5_data_free(&ap_req);
	free_AP_REQ(&msg);
	krb5_free_cred_contents(context, &creds);
    }
    krb5_kt_close(context, keytab);
}

/* The default keytab, where none is given. */
static void
test_default(void)
{
    struct krb_request req;
    krb5_keytab keytab;

    request_krb5(context, krb5_kt_default(context, &keytab), "default");
    request_init(&req, &key);
    wants(&req, NULL, NULL, NOTHING, "no key in the default keytab");
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &key);
    wants(&req, NULL, NULL, BOTH, "the default keytab");
    krb5_kt_close(context, keytab);
}

/*
 * The ticket of a computer that DES keys are not accepted of, although there
 * is one that opens it.
 */
static void
test_des(void)
{
    static const char *const confs[] = {
	"[gssapi]\n\taccept_des_computer_tickets = no\n",
	"[gssapi]\n\taccept_des_computer_tickets = yes\n"
    };
    static const char *const names[] = {
	"host/pc.loop.test@LOOP.TEST", "PC$@LOOP.TEST"
    };
    char path[] = "test_peek.XXXXXX", *files[2] = { path, NULL };
    krb5_context before = context;
    struct krb5_ext_peek peek;
    struct krb_request req;
    krb5_error_code ret;
    krb5_keytab keytab;
    krb5_keyblock des;
    krb5_data ap_req;
    size_t i, k;
    FILE *f;

    if (krb5_init_context(&context) ||
	krb5_allow_weak_crypto(context, TRUE) ||
	close(mkstemp(path)) != 0)
	exit(1);
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_DES_CBC_MD5, &des), "key");
    for (i = 0; i < 2; i++) {
	f = fopen(path, "w");
	if (f == NULL || fputs(confs[i], f) < 0 || fclose(f) != 0 ||
	    krb5_set_config_files(context, files) ||
	    krb5_allow_weak_crypto(context, TRUE))
	    exit(1);
	for (k = 0; k < 2; k++) {
	    keytab = new_keytab();
	    request_init(&req, &des);
	    req.server = names[k];
	    request_add_key(context, keytab, names[k], 1, &des);
	    wants(&req, keytab, NULL, i ? BOTH : NOTHING,
		  i ? "a DES key that is accepted" :
		  "a DES key that is not accepted");
	    krb5_kt_close(context, keytab);
	}
    }
    unlink(path);

    /* nor can anybody read with a key that this host does not use */
    request_init(&req, &des);
    request_make(context, &req, &ap_req);
    if (krb5_allow_weak_crypto(before, FALSE))
	exit(1);
    ret = _krb5_ext_peek_with(before, &des, &ap_req, &peek);
    check(ret == 0 && peek.session == NULL && peek.ticket == NULL,
	  "a DES key where there is none (%d)", (int)ret);
    _krb5_ext_free_peek(before, &peek);
    krb5_data_free(&ap_req);
    krb5_free_keyblock_contents(context, &des);
    krb5_free_context(context);
    context = before;
}

/* A default keytab that there cannot be. */
static void
test_no_default(void)
{
    krb5_context before = context;
    struct krb_request req;
    krb5_data ap_req;

    setenv("KRB5_KTNAME", "NOSUCHTYPE:keytab", 1);
    if (krb5_init_context(&context))
	exit(1);
    request_init(&req, &key);
    request_make(context, &req, &ap_req);
    check(peek_at(&ap_req, NULL, NULL, KRB5_KT_UNKNOWN_TYPE) == NOTHING,
	  "no default keytab");
    krb5_data_free(&ap_req);
    krb5_free_context(context);
    context = before;
}

int
main(int argc, char **argv)
{
    setprogname(argv[0]);
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    setenv("KRB5_KTNAME", "MEMORY:peek-default", 1);
    if (krb5_init_context(&context))
	return 1;
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &key), "key");
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &wrong), "key");
    test_keys();
    test_versions();
    test_octets();
    test_inside();
    test_default();
    test_des();
    test_no_default();
    krb5_free_keyblock_contents(context, &key);
    krb5_free_keyblock_contents(context, &wrong);
    krb5_free_context(context);
    return check_done();
}
