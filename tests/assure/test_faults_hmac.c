/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * HMACs, and what is made with them, without memory at one place: what is
 * returned is what it always is, or an error.  No key is derived of something
 * else.
 */

#include "faults.h"
#include "krb5_locl.h"
#include "sec_test.h"

static krb5_context context;

struct made {
    unsigned char octets[128];
    size_t length;
};

static void
nothing(void *arg)
{
}

/*
 * One of the things that are made; NULL where it fails.
 */
struct way {
    const char *name;
    int (*make)(const struct way *, struct made *);
    krb5_enctype enctype;
    const EVP_MD *(*md)(void);
    size_t key;				/* its length */
    struct made want;
};

static int
make_hmac(const struct way *way, struct made *out)
{
    static const unsigned char key[200] = "a key that may be long";
    unsigned int length = 0;

    if (HMAC(way->md(), key, way->key, "octets", 6, out->octets,
	     &length) == NULL)
	return 0;
    out->length = length;
    return 1;
}

static int
make_pbkdf2(const struct way *way, struct made *out)
{
    out->length = 40;			/* more than one block */
    return PKCS5_PBKDF2_HMAC("password", 8, "salt", 4, 3, way->md(),
			     out->length, out->octets) == 1;
}

static int
with_crypto(const struct way *way, struct made *out,
	    krb5_error_code (*make)(krb5_crypto, struct made *))
{
    krb5_keyblock key;
    krb5_crypto crypto;
    krb5_error_code ret;
    unsigned char octets[32] = "0123456789abcdefghijklmnopqrstuv";

    memset(&key, 0, sizeof(key));
    key.keytype = way->enctype;
    key.keyvalue.data = octets;
    key.keyvalue.length = way->key;
    ret = krb5_crypto_init(context, &key, 0, &crypto);
    if (ret == 0) {
	ret = make(crypto, out);
	krb5_crypto_destroy(context, crypto);
    }
    return ret == 0;
}

static krb5_error_code
prf(krb5_crypto crypto, struct made *out)
{
    krb5_error_code ret;
    krb5_data data, in = { 5, rk_UNCONST("input") };

    ret = krb5_crypto_prf(context, crypto, &in, &data);
    if (ret)
	return ret;
    out->length = data.length;
    memcpy(out->octets, data.data, data.length);
    krb5_data_free(&data);
    return 0;
}

static int
make_prf(const struct way *way, struct made *out)
{
    return with_crypto(way, out, prf);
}

static krb5_error_code
checksum(krb5_crypto crypto, struct made *out)
{
    krb5_error_code ret;
    Checksum c;

    ret = krb5_create_checksum(context, crypto, KRB5_KU_OTHER_CKSUM, 0,
			       "octets", 6, &c);
    if (ret)
	return ret;
    out->length = c.checksum.length;
    memcpy(out->octets, c.checksum.data, c.checksum.length);
    free_Checksum(&c);
    return 0;
}

static int
make_checksum(const struct way *way, struct made *out)
{
    return with_crypto(way, out, checksum);
}

/* What was encrypted can be decrypted: the clear text. */
static krb5_error_code
sealed(krb5_crypto crypto, struct made *out)
{
    krb5_error_code ret;
    krb5_data sealed_data, data;

    ret = krb5_encrypt(context, crypto, KRB5_KU_OTHER_ENCRYPTED, "octets", 6,
		       &sealed_data);
    if (ret)
	return ret;
    ret = krb5_decrypt(context, crypto, KRB5_KU_OTHER_ENCRYPTED,
		       sealed_data.data, sealed_data.length, &data);
    krb5_data_free(&sealed_data);
    if (ret)
	return ret;
    out->length = data.length;
    memcpy(out->octets, data.data, data.length);
    krb5_data_free(&data);
    return 0;
}

static int
make_sealed(const struct way *way, struct made *out)
{
    return with_crypto(way, out, sealed);
}

static struct way ways[] = {
    { "HMAC-MD5", make_hmac, 0, EVP_md5, 16 },
    { "HMAC-SHA1, a long key", make_hmac, 0, EVP_sha1, 200 },
    { "HMAC-SHA-384", make_hmac, 0, EVP_sha384, 32 },
    { "HMAC-SHA-384, a long key", make_hmac, 0, EVP_sha384, 200 },
    { "PBKDF2 with SHA-256", make_pbkdf2, 0, EVP_sha256, 0 },
    { "the PRF of AES-128 with SHA-256", make_prf,
      ETYPE_AES128_CTS_HMAC_SHA256_128, NULL, 16 },
    { "the PRF of AES-256 with SHA-384", make_prf,
      ETYPE_AES256_CTS_HMAC_SHA384_192, NULL, 32 },
    { "a checksum of AES-256 with SHA-384", make_checksum,
      ETYPE_AES256_CTS_HMAC_SHA384_192, NULL, 32 },
    { "AES-128 with SHA-256", make_sealed,
      ETYPE_AES128_CTS_HMAC_SHA256_128, NULL, 16 }
};

static const char *
use_memory(void *arg)
{
    struct way *way = arg;
    struct made made;
    int ok;

    memset(&made, 0, sizeof(made));
    fault_on();
    ok = way->make(way, &made);
    fault_off();
    krb5_clear_error_message(context);
    if (ok && (made.length != way->want.length ||
	       memcmp(made.octets, way->want.octets, made.length) != 0))
	return "success, and something else";
    if (!ok && !fault_hit)
	return "an error without one";
    return NULL;
}

int
main(int argc, char **argv)
{
    size_t i;

    setenv("KRB5_CONFIG", "/nonexistent", 1);
    if (krb5_init_context(&context))
	return 1;
    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
	if (!ways[i].make(&ways[i], &ways[i].want))
	    check(0, "%s", ways[i].name);
	else
	    check(fault_scenario(ways[i].name, nothing, use_memory, &ways[i],
				 1) == 0, "%s, short of memory",
		  ways[i].name);
    }
    krb5_free_context(context);
    return check_done();
}
