/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keys of AFS where crypt() has no DES, as in FIPS mode: a password of up to
 * eight octets has none, which is an error and not the end of the process.
 * The crypt() of this program is the one that libkrb5 finds.
 */

#define _GNU_SOURCE 1
#include <config.h>
#include <dlfcn.h>
#include <string.h>

#include <krb5.h>

#include "sec_test.h"

enum { HAS_DES, HAS_NULL, HAS_TOKEN } crypt_how;

char *crypt(const char *, const char *);

/*
 * glibc has NULL for a method that is not allowed, libxcrypt a text of two
 * octets, "*0" or, when that is the setting, "*1".  The hash of HAS_DES is
 * none, but as long as one.
 */
char *
crypt(const char *key, const char *setting)
{
    static char hash[] = "p1BCDEFGHIJKL", token[] = "*0";

    (void)key;
    (void)setting;
    return crypt_how == HAS_DES ? hash : crypt_how == HAS_TOKEN ? token : NULL;
}

/*
 * The error, and the key's octets.
 */
static krb5_error_code
make_key(krb5_context context, const char *password, unsigned char *octets)
{
    krb5_data secret, opaque;
    krb5_error_code ret;
    krb5_keyblock key;
    krb5_salt salt;

    memset(&key, 0, sizeof(key));
    krb5_data_zero(&opaque);
    secret.data = (void *)(uintptr_t)password;
    secret.length = strlen(password);
    salt.salttype = KRB5_AFS3_SALT;
    salt.saltvalue.data = (void *)(uintptr_t)"ext.test";
    salt.saltvalue.length = strlen("ext.test");
    ret = krb5_string_to_key_data_salt_opaque(context, ETYPE_DES_CBC_CRC,
					      secret, salt, opaque, &key);
    if (ret)
	return ret;
    if (key.keytype == ETYPE_DES_CBC_CRC && key.keyvalue.length == 8)
	memcpy(octets, key.keyvalue.data, 8);
    krb5_free_keyblock_contents(context, &key);
    return 0;
}

int
main(void)
{
    static const char *const name[] = { "DES", "NULL", "two octets" };
    /* "BCDEFGHI", a bit to the left and with parity */
    static const unsigned char want[8] = {
	0x85, 0x86, 0x89, 0x8a, 0x8c, 0x8f, 0x91, 0x92
    };
    unsigned char octets[8], more[8];
    krb5_context context;
    int how;

    if (krb5_init_context(&context))
	return 1;
    for (how = HAS_DES; how <= HAS_TOKEN; how++) {
	crypt_how = how;
	memset(octets, 0, sizeof(octets));
	memset(more, 0, sizeof(more));
	check(make_key(context, "secret", octets) ==
	      (how == HAS_DES ? 0 : KRB5_PROG_ETYPE_NOSUPP),
	      "crypt() has %s: a short password", name[how]);
	check(how != HAS_DES || memcmp(octets, want, sizeof(want)) == 0,
	      "crypt() has %s: its key", name[how]);
	check(make_key(context, "a longer secret", more) == 0 &&
	      memcmp(more, "\0\0\0\0\0\0\0\0", sizeof(more)) != 0,
	      "crypt() has %s: a long password", name[how]);
    }
    krb5_free_context(context);
    return check_done();
}
