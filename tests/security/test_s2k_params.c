/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Parameters of a password's key, which who answers a client may have written:
 * no more iterations than MIT krb5 makes.  The PBKDF2 of this program is the
 * one that libkrb5 finds; it notes what it is asked for.
 */

#include <config.h>
#include <string.h>

#include <krb5.h>
#include <evp.h>

#include "sec_test.h"

#define NOT_ASKED 0xdeadbeefUL

static unsigned long asked;

int
PKCS5_PBKDF2_HMAC(const void *password, size_t password_len,
		  const void *salt, size_t salt_len, unsigned long iter,
		  const EVP_MD *md, size_t keylen, void *key)
{
    asked = iter;
    memset(key, 0xa5, keylen);
    return 1;
}

static krb5_error_code
make_key(krb5_context context, krb5_enctype enctype, const void *params,
	 size_t length)
{
    krb5_data secret, opaque;
    krb5_error_code ret;
    krb5_keyblock key;
    krb5_salt salt;

    opaque.data = (void *)(uintptr_t)params;
    opaque.length = length;
    secret.data = (void *)(uintptr_t)"password";
    secret.length = strlen("password");
    salt.salttype = KRB5_PW_SALT;
    salt.saltvalue.data = (void *)(uintptr_t)"EXT.TESTuser";
    salt.saltvalue.length = strlen("EXT.TESTuser");
    memset(&key, 0, sizeof(key));
    asked = NOT_ASKED;
    ret = krb5_string_to_key_data_salt_opaque(context, enctype, secret, salt,
					      opaque, &key);
    krb5_free_keyblock_contents(context, &key);
    return ret;
}

static void
test_params(krb5_context context, krb5_enctype enctype, unsigned long normally)
{
    static const struct {
	const char *octets;
	size_t length;
	krb5_error_code ret;
	unsigned long iter;
    } cases[] = {
	{ "\0\0\0\1", 4, 0, 1 },
	{ "\0\0\x10\0", 4, 0, 4096 },
	{ "\0\xff\xff\xff", 4, 0, 0xffffff },
	{ "\1\0\0\0", 4, KRB5_ERR_BAD_S2K_PARAMS, NOT_ASKED },
	{ "\x80\0\0\0", 4, KRB5_ERR_BAD_S2K_PARAMS, NOT_ASKED },
	{ "\xff\xff\xff\xff", 4, KRB5_ERR_BAD_S2K_PARAMS, NOT_ASKED },
	/* 2^32 */
	{ "\0\0\0\0", 4, KRB5_ERR_BAD_S2K_PARAMS, NOT_ASKED },
	{ "\0\0\1", 3, KRB5_PROG_KEYTYPE_NOSUPP, NOT_ASKED },
	{ "\0\0\0\0\1", 5, KRB5_PROG_KEYTYPE_NOSUPP, NOT_ASKED },
    };
    krb5_error_code ret;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	ret = make_key(context, enctype, cases[i].octets, cases[i].length);
	check(ret == cases[i].ret && asked == cases[i].iter,
	      "enctype %d, case %d: %d, %lu iterations", (int)enctype, (int)i,
	      (int)ret, asked);
	ret = make_key(context, enctype, NULL, 0);
	check(ret == 0 && asked == normally,
	      "enctype %d, case %d, then without", (int)enctype, (int)i);
    }
}

int
main(void)
{
    krb5_context context;

    if (krb5_init_context(&context))
	return 1;
    test_params(context, ETYPE_AES128_CTS_HMAC_SHA1_96, 4096);
    test_params(context, ETYPE_AES256_CTS_HMAC_SHA1_96, 4096);
    test_params(context, ETYPE_AES128_CTS_HMAC_SHA256_128, 32768);
    test_params(context, ETYPE_AES256_CTS_HMAC_SHA384_192, 32768);
    krb5_free_context(context);
    return check_done();
}
