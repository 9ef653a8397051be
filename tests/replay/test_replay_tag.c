/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The tag of an Authenticator, for every enctype; checksum lengths against
 * those of libkrb5, which are MIT's too.
 *
 * REQ: XT-55
 */

#include "replay_test.h"

static krb5_context context;

static const struct row {
    krb5_enctype enctype;
    size_t checksum;		/* its octets; 0: none is known */
} rows[] = {
    { ETYPE_NULL, 0 },
    { ETYPE_DES_CBC_CRC, 4 },
    { ETYPE_DES_CBC_MD4, 16 },
    { ETYPE_DES_CBC_MD5, 16 },
    { ETYPE_DES3_CBC_SHA1, 20 },
    { ETYPE_AES128_CTS_HMAC_SHA1_96, 12 },
    { ETYPE_AES256_CTS_HMAC_SHA1_96, 12 },
    { ETYPE_AES128_CTS_HMAC_SHA256_128, 16 },
    { ETYPE_AES256_CTS_HMAC_SHA384_192, 24 },
    { ETYPE_ARCFOUR_HMAC_MD5, 16 },
    { ETYPE_ARCFOUR_HMAC_MD5_56, 16 },
    { 99, 0 }
};

static krb5_error_code
tag_of(krb5_enctype enctype, unsigned char *octets, size_t length,
       unsigned char *tag)
{
    EncryptedData enc;

    memset(&enc, 0, sizeof(enc));
    enc.etype = enctype;
    enc.cipher.data = octets;
    enc.cipher.length = length;
    return _gsskrb5_ext_replay_tag(context, &enc, tag);
}

/*
 * A ciphertext 00 01 ... of every length, ending where the memory does.
 */
static void
test_row(const struct row *row)
{
    unsigned char tag[REPLAY_TAG_LENGTH], want[REPLAY_TAG_LENGTH];
    unsigned char *octets;
    krb5_error_code ret;
    size_t length, i;
    int ok = 1;

    for (length = 0; length < 64; length++) {
	octets = malloc(length ? length : 1);
	if (octets == NULL)
	    err(1, "malloc");
	for (i = 0; i < length; i++)
	    octets[i] = i;
	memset(tag, 0xee, sizeof(tag));
	ret = tag_of(row->enctype, octets, length, tag);
	memset(want, 0, sizeof(want));
	for (i = 0; i < sizeof(want) && i < row->checksum; i++)
	    want[i] = length - row->checksum + i;
	if (row->checksum == 0)
	    ok = ok && ret == KRB5_PROG_ETYPE_NOSUPP;
	else if (length < row->checksum)
	    ok = ok && ret == KRB5_BAD_MSIZE;
	else
	    ok = ok && ret == 0 && memcmp(tag, want, sizeof(tag)) == 0;
	if (ret)
	    ok = ok && tag[0] == 0xee;	/* not written */
	free(octets);
    }
    check(ok, "enctype %d, checksum of %lu octets", (int)row->enctype,
	  (unsigned long)row->checksum);
}

/*
 * libkrb5's own length, for the enctypes where it has one.
 */
static void
test_library(const struct row *row)
{
    krb5_keyblock key;
    krb5_crypto crypto;
    size_t length = 0;

    if (row->checksum == 0 ||
	krb5_enctype_valid(context, row->enctype) != 0 ||
	krb5_generate_random_keyblock(context, row->enctype, &key))
	return;
    if (krb5_crypto_init(context, &key, 0, &crypto) == 0) {
	if (krb5_crypto_length(context, crypto, KRB5_CRYPTO_TYPE_CHECKSUM,
			       &length) == 0)
	    check(length == row->checksum, "enctype %d, libkrb5 says %lu",
		  (int)row->enctype, (unsigned long)length);
	krb5_crypto_destroy(context, crypto);
    }
    krb5_free_keyblock_contents(context, &key);
}

int
main(int argc, char **argv)
{
    size_t i;

    if (krb5_init_context(&context))
	return 1;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	test_row(&rows[i]);
	test_library(&rows[i]);
    }
    krb5_free_context(context);
    return check_done();
}
