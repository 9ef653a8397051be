/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * No memory that is freed has a subkey in it: neither when a KRB-ERROR2 is
 * made, read and done with, nor when it is refused after it was decrypted.
 * The library is linked with a free() that looks.
 *
 * krb5_decrypt() and krb5_encrypt() free a block of their own that they did
 * not clear, in _krb5_internal_hmac(): what they do alone is not counted.
 */

#include "error2_test.h"
#include <malloc.h>
#include "sec_test.h"
#include "vectors.h"

void __real_free(void *p);
void __wrap_free(void *p);

static krb5_context context;
static unsigned char secret[32];	/* the acceptor's subkey */
static volatile int watching, leaked;

static void
look(const void *p)
{
    const unsigned char *o = p;
    size_t i, size = p ? malloc_usable_size(rk_UNCONST(p)) : 0;

    if (!watching || size < sizeof(secret))
	return;
    for (i = 0; i <= size - sizeof(secret); i++)
	if (ct_memcmp(o + i, secret, sizeof(secret)) == 0) {
	    leaked++;
	    return;
	}
}

void
__wrap_free(void *p)
{
    look(p);
    __real_free(p);
}

static void
verdict(krb5_error_code ret, krb5_error_code expected, int crypto,
	const char *what)
{
    watching = 0;
    check(ret == expected && leaked == crypto,
	  "%s (%d): the key was in %d blocks that were freed, %d of them of "
	  "krb5_decrypt() or krb5_encrypt()", what, (int)ret, leaked, crypto);
    leaked = 0;
}

/*
 * How many blocks krb5_decrypt() frees so for the ciphertext at the end of
 * pdu, and krb5_encrypt() for what was in it.
 */
static void
measure_crypto(const krb5_data *pdu, const krb5_keyblock *key, int *decrypt,
	       int *encrypt)
{
    const size_t length = 160;
    krb5_crypto crypto;
    krb5_data plain, cipher;

    need(krb5_crypto_init(context, key, 0, &crypto), "crypto");
    watching = 1;
    need(krb5_decrypt(context, crypto, KRB5_EXT_KU_ERROR2,
		      (char *)pdu->data + pdu->length - length, length,
		      &plain), "decrypt");
    *decrypt = leaked;
    leaked = 0;
    need(krb5_encrypt(context, crypto, KRB5_EXT_KU_ERROR2, plain.data,
		      plain.length, &cipher), "encrypt");
    *encrypt = leaked;
    leaked = watching = 0;
    krb5_data_free(&plain);
    krb5_data_free(&cipher);
    krb5_crypto_destroy(context, crypto);
}

static void
make_key(krb5_keyblock *key, int first)
{
    unsigned char octets[32];
    size_t i;

    for (i = 0; i < sizeof(octets); i++)
	octets[i] = first + i;
    need(krb5_keyblock_init(context, 18, octets, sizeof(octets), key),
	 "key");
}

int
main(void)
{
    struct krb5_ext_error2_keys keys = { NULL, NULL };
    krb5_data pdu, made, plain;
    krb5_keyblock subkey, acceptor;
    struct krb5_ext_error2 e;
    krb5_error_code ret;
    int decrypt, encrypt;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    need(krb5_init_context(&context), "context");
    make_key(&subkey, 0x60);
    make_key(&acceptor, 0xa0);
    memcpy(secret, acceptor.keyvalue.data, sizeof(secret));
    pdu = from_hex(vector_subkey);

    /* The eye sees it at all. */
    plain = from_hex("0102");
    put(&plain, secret, sizeof(secret));
    watching = 1;
    free(plain.data);
    watching = 0;
    check(leaked == 1, "a block that was not cleared is seen");
    leaked = 0;

    keys.subkey = &subkey;
    measure_crypto(&pdu, &subkey, &decrypt, &encrypt);
    watching = 1;
    ret = _krb5_ext_decode_error2(context, &pdu, KRB5_EXT_FROM_ACCEPTOR,
				  &keys, &e);
    verdict(ret, 0, decrypt, "decode");
    watching = 1;
    _krb5_ext_free_error2(&e);
    verdict(0, 0, 0, "free");

    /* refused when all of it was decoded */
    watching = 1;
    ret = _krb5_ext_decode_error2(context, &pdu, KRB5_EXT_FROM_INITIATOR,
				  &keys, &e);
    verdict(ret, ASN1_MISPLACED_FIELD, decrypt, "refuse");

    memset(&e, 0, sizeof(e));
    e.challenge = fill(1, 32);
    e.subkey = &acceptor;
    watching = 1;
    ret = _krb5_ext_encode_error2(context, &e, KRB5_EXT_FROM_ACCEPTOR, &keys,
				  &made);
    verdict(ret, 0, encrypt, "encode");
    krb5_data_free(&made);
    krb5_data_free(&e.challenge);

    krb5_data_free(&pdu);
    krb5_free_keyblock_contents(context, &subkey);
    krb5_free_keyblock_contents(context, &acceptor);
    krb5_free_context(context);
    return check_done();
}
