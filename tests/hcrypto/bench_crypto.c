/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * bench_crypto OPERATION ARGUMENT COUNT: does it COUNT times and prints the
 * CPU time in nanoseconds, for bench/bench_crypto.py.
 *
 *     encrypt SIZE    one AES256 key, a message of SIZE octets
 *     decrypt SIZE
 *     mic SIZE        its checksum
 *     context SIZE    a new key, and one message with it
 *     password 0      string-to-key with 4096 rounds
 *     sign FILE       RSA with the key in FILE (DER, PKCS #1)
 *     verify FILE
 *     dh 0            a key of group 14, and a secret
 */

#include <config.h>
#include <roken.h>

#include <time.h>

#include <krb5.h>
#include <rsa.h>
#include <dh.h>

#include "key_vectors.h"

#define ETYPE	KRB5_ENCTYPE_AES256_CTS_HMAC_SHA1_96
#define SUM	CKSUMTYPE_HMAC_SHA1_96_AES_256
#define USAGE	1024

static krb5_context context;
static krb5_crypto crypto;
static krb5_keyblock key;
static krb5_data plain, cipher;
static Checksum sum;
static RSA *rsa;
static unsigned char block[1024], out[1024];
static int block_len;

static void
ok(krb5_error_code ret)
{
    if (ret)
	krb5_err(context, 1, ret, "bench_crypto");
}

static void
do_encrypt(void)
{
    krb5_data_free(&cipher);
    ok(krb5_encrypt(context, crypto, USAGE, plain.data, plain.length,
		    &cipher));
}

static void
do_decrypt(void)
{
    krb5_data d;

    ok(krb5_decrypt(context, crypto, USAGE, cipher.data, cipher.length, &d));
    krb5_data_free(&d);
}

static void
do_mic(void)
{
    free_Checksum(&sum);
    ok(krb5_create_checksum(context, crypto, USAGE, SUM, plain.data,
			    plain.length, &sum));
}

static void
do_context(void)
{
    krb5_crypto_destroy(context, crypto);
    ok(krb5_crypto_init(context, &key, 0, &crypto));
    do_encrypt();
}

static void
do_password(void)
{
    krb5_keyblock k;
    krb5_salt salt;

    salt.salttype = KRB5_PW_SALT;
    salt.saltvalue.data = rk_UNCONST("EXT.TESTuser");
    salt.saltvalue.length = 12;
    ok(krb5_string_to_key_salt(context, ETYPE, "password", salt, &k));
    krb5_free_keyblock_contents(context, &k);
}

static void
do_sign(void)
{
    block_len = RSA_private_encrypt(51, out, block, rsa, RSA_PKCS1_PADDING);
    if (block_len <= 0)
	errx(1, "sign");
}

static void
do_verify(void)
{
    unsigned char data[1024];

    if (RSA_public_decrypt(block_len, block, data, rsa,
			   RSA_PKCS1_PADDING) != 51)
	errx(1, "verify");
}

static void
do_dh(void)
{
    DH *dh = DH_new();
    BIGNUM *peer = NULL;

    if (BN_hex2bn(&dh->p, dh_prime) == 0 || BN_hex2bn(&dh->g, "2") == 0 ||
	BN_hex2bn(&peer, dh_good[0].peer) == 0 ||
	DH_generate_key(dh) != 1 || DH_compute_key(out, peer, dh) <= 0)
	errx(1, "dh");
    BN_free(peer);
    DH_free(dh);
}

static const struct {
    const char *name;
    void (*function)(void);
} operations[] = {
    { "encrypt", do_encrypt }, { "decrypt", do_decrypt }, { "mic", do_mic },
    { "context", do_context }, { "password", do_password },
    { "sign", do_sign }, { "verify", do_verify }, { "dh", do_dh }
};

static void
make_keys(const char *argument)
{
    unsigned char octets[32];
    size_t size = strtoul(argument, NULL, 10);

    memset(octets, 7, sizeof(octets));
    ok(krb5_init_context(&context));
    ok(krb5_keyblock_init(context, ETYPE, octets, sizeof(octets), &key));
    ok(krb5_crypto_init(context, &key, 0, &crypto));
    ok(krb5_data_alloc(&plain, size ? size : 1));
    memset(plain.data, 0, plain.length);
    do_encrypt();
}

static void
read_rsa(const char *file)
{
    const unsigned char *p;
    void *data;
    size_t len;

    if (rk_undumpdata(file, &data, &len) != 0)
	errx(1, "%s", file);
    p = data;
    rsa = d2i_RSAPrivateKey(NULL, &p, len);
    if (rsa == NULL)
	errx(1, "%s", file);
    do_sign();
}

int
main(int argc, char **argv)
{
    struct timespec t[2];
    unsigned long n, count;
    size_t i;

    if (argc != 4)
	errx(2, "usage: bench_crypto OPERATION ARGUMENT COUNT");
    for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
	if (strcmp(operations[i].name, argv[1]) == 0)
	    break;
    if (i == sizeof(operations) / sizeof(operations[0]))
	errx(2, "no operation %s", argv[1]);
    if (access(argv[2], R_OK) == 0)
	read_rsa(argv[2]);
    else
	make_keys(argv[2]);
    count = strtoul(argv[3], NULL, 10);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t[0]);
    for (n = 0; n < count; n++)
	operations[i].function();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t[1]);
    printf("%lld %s\n", (long long)(t[1].tv_sec - t[0].tv_sec) * 1000000000 +
	   t[1].tv_nsec - t[0].tv_nsec, RSA_get_default_method()->name);
    return 0;
}
