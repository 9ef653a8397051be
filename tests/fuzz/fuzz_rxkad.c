/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * librxkad-2b on octets from anywhere: a target for libFuzzer (run_fuzz.py).
 * The first octet says what the rest is, the second is the server's flags.
 * Beside crashes it finds verdicts that contradict themselves.
 */

#include "rxkad_2b_locl.h"
#include "rxkad-2b/keyfileext.h"

#include <sys/mman.h>

#define NOW 1800000000		/* run_fuzz.py makes its tickets for it */
#define KVNO 5

enum {				/* run_fuzz.py has these numbers */
    AS_2B, AS_TICKET, AS_KRB4, SEALED_PART, KRB4_PLAIN, KEYFILEEXT, CREDS,
    KEYFILE, NUM_KINDS
};

static const unsigned char rc4_key[16] = "sixteen octets..";
static const unsigned char des_key[8] = { 0x13, 0x34, 0x57, 0x79,
					  0x9b, 0xbc, 0xdf, 0xf1 };
static krb5_context context;
static rxkad_2b_keys *keys;
static rxkad_2b_server *server;
static krb5_crypto crypto;

static void
want(int condition)
{
    if (!condition)
	abort();
}

static void
add_key(krb5_enctype etype, const void *octets, size_t length, int32_t kvno)
{
    krb5_keyblock key;

    key.keytype = etype;
    key.keyvalue.data = rk_UNCONST(octets);
    key.keyvalue.length = length;
    want(rxkad_2b_keys_add(context, keys, kvno, &key) == 0);
    if (etype == ETYPE_ARCFOUR_HMAC_MD5)
	want(krb5_crypto_init(context, &key, 0, &crypto) == 0);
}

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    want(krb5_init_context(&context) == 0);
    want(krb5_allow_weak_crypto(context, TRUE) == 0);
    want(krb5_set_default_realm(context, "PROTO.TEST") == 0);
    want(rxkad_2b_keys_alloc(context, &keys) == 0);
    add_key(ETYPE_ARCFOUR_HMAC_MD5, rc4_key, sizeof(rc4_key), KVNO);
    add_key(ETYPE_DES_CBC_CRC, des_key, sizeof(des_key), KVNO);
    add_key(ETYPE_DES_CBC_CRC, des_key, sizeof(des_key), RXKAD_2B_KVNO);
    want(rxkad_2b_server_alloc(context, rxkad_2b_keys_get, keys,
			       &server) == 0);
    want(rxkad_2b_server_set_realm(server, "PROTO.TEST") == 0);
    return 0;
}

static int
is_text(const char text[RXKAD_2B_NAME_LENGTH], int empty)
{
    return memchr(text, '\0', RXKAD_2B_NAME_LENGTH) != NULL &&
	(empty || text[0] != '\0');
}

/* A yes says whose token it is, anything else says nothing. */
static void
check(const rxkad_2b_result *result, krb5_error_code ret)
{
    static const unsigned char zeros[RXKAD_2B_NAME_LENGTH];

    want(result != NULL && result->code == ret);
    want((ret == 0) == (result->reason == RXKAD_2B_OK));
    if (ret == 0) {
	want(is_text(result->name, 0) && is_text(result->instance, 1) &&
	     is_text(result->cell, 1));
	want(result->start < result->end);
	want(result->end + 15 * 60 >= NOW || result->end == UINT32_MAX);
    } else
	want(memcmp(result->name, zeros, sizeof(zeros)) == 0 &&
	     memcmp(result->instance, zeros, sizeof(zeros)) == 0 &&
	     memcmp(result->cell, zeros, sizeof(zeros)) == 0 &&
	     memcmp(result->session_key, zeros, RXKAD_2B_KEY_LENGTH) == 0 &&
	     result->start == 0 && result->end == 0);
}

static void
server_check(int32_t kvno, const void *data, size_t size)
{
    rxkad_2b_result *result;
    krb5_error_code ret;

    ret = rxkad_2b_server_check(context, server, kvno, data, size, NOW, NULL,
				&result);
    check(result, ret);
    rxkad_2b_result_free(result);
}

/* The octets as EncTicketPart, encrypted. */
static void
sealed_part(const void *data, size_t size)
{
    EncryptedData enc;
    krb5_data token;
    size_t len;
    int ret;

    if (krb5_encrypt_EncryptedData(context, crypto, KRB5_KU_TICKET,
				   rk_UNCONST(data), size, KVNO, &enc) != 0)
	return;
    ASN1_MALLOC_ENCODE(EncryptedData, token.data, token.length, &enc, &len,
		       ret);
    free_EncryptedData(&enc);
    if (ret != 0)
	return;
    server_check(RXKAD_2B_KVNO, token.data, token.length);
    krb5_data_free(&token);
}

/* A file of keys that was read is written as it was, or as it should be. */
static void
keyfileext(const void *data, size_t size)
{
    struct krb5_keyfileext file, again;
    krb5_data octets;

    if (_krb5_keyfileext_decode(data, size, &file) != 0)
	return;
    if (_krb5_keyfileext_encode(&file, &octets) == 0) {
	want(_krb5_keyfileext_decode(octets.data, octets.length,
				     &again) == 0);
	want(again.len == file.len);
	_krb5_keyfileext_free(&again);
	krb5_data_free(&octets);
    }
    _krb5_keyfileext_free(&file);
}

/*
 * Keys from a file that `add' reads.
 */
static void
read_keys(krb5_error_code (*add)(krb5_context, rxkad_2b_keys *, const char *),
	  const char *path)
{
    rxkad_2b_keys *found;

    want(rxkad_2b_keys_alloc(context, &found) == 0);
    (void)add(context, found, path);
    rxkad_2b_keys_free(context, found);
}

/*
 * The octets as either file, for servers and as a keytab.
 */
static void
key_files(const void *data, size_t size)
{
    char path[32], name[48];
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_keytab keytab;
    int fd;

    fd = memfd_create("keys", MFD_CLOEXEC);
    want(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    read_keys(rxkad_2b_keys_add_keyfile, path);
    read_keys(rxkad_2b_keys_add_keyfileext, path);
    snprintf(name, sizeof(name), "AFSKEYFILEEXT:%s", path);
    want(krb5_kt_resolve(context, name, &keytab) == 0);
    if (krb5_kt_start_seq_get(context, keytab, &cursor) == 0) {
	while (krb5_kt_next_entry(context, keytab, &entry, &cursor) == 0)
	    krb5_kt_free_entry(context, &entry);
	krb5_kt_end_seq_get(context, keytab, &cursor);
    }
    krb5_kt_close(context, keytab);
    close(fd);
}

/* A token is made of what a KDC sent. */
static void
creds(const void *data, size_t size)
{
    rxkad_2b_token *token;
    rxkad_2b_sealed sealed;
    rxkad_2b_limit limit;
    krb5_creds c;
    krb5_data enc_part;

    memset(&c, 0, sizeof(c));
    c.session.keytype = ETYPE_ARCFOUR_HMAC_MD5;
    c.session.keyvalue.data = rk_UNCONST(rc4_key);
    c.session.keyvalue.length = sizeof(rc4_key);
    c.ticket.data = rk_UNCONST(data);
    c.ticket.length = size;
    if (rxkad_2b_extract(&c.ticket, &enc_part) == 0)
	want(rxkad_2b_parse(enc_part.data, enc_part.length, RXKAD_2B_KVNO,
			    &sealed) == 0);
    if (rxkad_2b_token_from_creds(context, &c, RXKAD_2B_MODERN,
				  RXKAD_2B_KVNO, &token, &limit) == 0)
	want(token->data.length >= RXKAD_2B_MIN_LENGTH &&
	     token->data.length <= RXKAD_2B_MAX_LENGTH);
    rxkad_2b_token_free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rxkad_2b_krb4 krb4;
    krb5_keyblock key;

    if (size < 2)
	return 0;
    rxkad_2b_server_set_flags(server, data[1]);
    rxkad_2b_server_set_profile(server, data[1] & 0x80 ? RXKAD_2B_STRICT :
				RXKAD_2B_MODERN);
    size -= 2;
    switch (data[0] % NUM_KINDS) {
    case AS_2B:
	server_check(RXKAD_2B_KVNO, data + 2, size);
	break;
    case AS_TICKET:
	server_check(RXKAD_2B_KVNO_TICKET, data + 2, size);
	break;
    case AS_KRB4:
	server_check(KVNO, data + 2, size);
	break;
    case SEALED_PART:
	sealed_part(data + 2, size);
	break;
    case KRB4_PLAIN:
	(void)_rxkad_2b_parse_krb4(data + 2, size, &krb4);
	key.keytype = ETYPE_DES_CBC_CRC;
	key.keyvalue.data = rk_UNCONST(des_key);
	key.keyvalue.length = sizeof(des_key);
	(void)_rxkad_2b_open_krb4(&key, data + 2, size, &krb4);
	break;
    case KEYFILEEXT:
	keyfileext(data + 2, size);
	break;
    case CREDS:
	creds(data + 2, size);
	break;
    case KEYFILE:
	key_files(data + 2, size);
	break;
    }
    return 0;
}
