/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * _krb5_pk_dh_shared_secret(): a secret that begins with zeros is as long as
 * the prime, and so is what the reply key is derived from (RFC 4556 3.2.3.1).
 * The private keys are chosen for the length of the secret; the reply keys
 * were computed independently, from the formulas of RFC 3526 and RFC 4556.
 */

#include "krb5_locl.h"
#include <hex.h>

#include "sec_test.h"

/* RFC 3526 section 3 */
static const char group14[] =
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF";

#define GROUP14_SIZE 256

static const char peer_private[] = "1234567890ABCDEF1234567890ABCDEF";

static const struct {
    const char *what;
    size_t zeros;		/* leading zero octets of the secret */
    const char *private;
    const char *reply_key;	/* aes256-cts-hmac-sha1-96 */
} cases[] = {
    { "no leading zero", 0, "FEDCBA0987654321FEDCBA0987654321",
      "EF291D41F5EDD9E66A2094F04C6665527E94D512A269134F8E76A7C0616E468B" },
    { "one leading zero", 1, "FEDCBA0987654321FEDCBA0987654444",
      "30151BE679523F99BC03B3B7C9A19B936C731A5608B6F90FD6A10414A43AC63B" },
    { "two leading zeros", 2, "FEDCBA0987654321FEDCBA0987666E33",
      "18F46E9FDDD4B78DF44F34A19A7C6E5E449766515979EB89456DE191D1D773D5" }
};

static krb5_context context;

/*
 * A key pair of group 14 with the private key given.
 */
static DH *
make_key(const char *private)
{
    DH *dh = DH_new();

    if (dh == NULL ||
	BN_hex2bn(&dh->p, group14) == 0 ||
	BN_hex2bn(&dh->g, "2") == 0 ||
	BN_hex2bn(&dh->priv_key, private) == 0 ||
	DH_generate_key(dh) != 1)
	krb5_errx(context, 1, "cannot make the key pair");
    return dh;
}

static size_t
count_zeros(const unsigned char *p, size_t len)
{
    size_t n = 0;

    while (n < len && p[n] == 0)
	n++;
    return n;
}

static int
is_reply_key(const unsigned char *secret, size_t len, const char *hex)
{
    unsigned char want[32];
    krb5_keyblock key;
    int same;

    if (_krb5_pk_octetstring2key(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				 secret, len, NULL, NULL, &key) != 0)
	return 0;
    same = hex_decode(hex, want, sizeof(want)) == sizeof(want) &&
	key.keyvalue.length == sizeof(want) &&
	memcmp(key.keyvalue.data, want, sizeof(want)) == 0;
    krb5_free_keyblock_contents(context, &key);
    return same;
}

/*
 * The secret that `mine' and the public key of `peer' give.
 */
static void
test_side(const char *side, size_t i, DH *mine, DH *peer)
{
    unsigned char *secret;
    krb5_error_code ret;
    size_t len;

    ret = _krb5_pk_dh_shared_secret(context, mine, peer->pub_key,
				    &secret, &len);
    check(ret == 0 && len == GROUP14_SIZE,
	  "%s, %s: length of the prime (%d, %lu)", cases[i].what, side,
	  (int)ret, (unsigned long)len);
    if (ret)
	return;
    check(count_zeros(secret, len) == cases[i].zeros,
	  "%s, %s: zeros stand in front", cases[i].what, side);
    check(is_reply_key(secret, len, cases[i].reply_key),
	  "%s, %s: reply key", cases[i].what, side);
    if (cases[i].zeros)
	check(!is_reply_key(secret, len - cases[i].zeros,
			    cases[i].reply_key),
	      "%s, %s: another key without the padding", cases[i].what, side);
    free(secret);
}

static void
test_bad_public_key(DH *mine)
{
    static const char *const bad[] = { "0", "1", group14 };
    unsigned char *secret = (unsigned char *)"has to be overwritten";
    size_t i, len = 1;

    for (i = 0; i < sizeof(bad)/sizeof(bad[0]); i++) {
	BIGNUM *bn = NULL;
	krb5_error_code ret;

	if (BN_hex2bn(&bn, bad[i]) == 0)
	    krb5_errx(context, 1, "BN_hex2bn");
	ret = _krb5_pk_dh_shared_secret(context, mine, bn, &secret, &len);
	check(ret == KRB5KRB_ERR_GENERIC && secret == NULL && len == 0,
	      "public key %.8s is refused (%d)", bad[i], (int)ret);
	BN_free(bn);
    }
}

int
main(int argc, char **argv)
{
    DH *peer, *mine;
    size_t i;

    setprogname(argv[0]);
    if (krb5_init_context(&context) != 0)
	errx(1, "krb5_init_context");

    peer = make_key(peer_private);
    for (i = 0; i < sizeof(cases)/sizeof(cases[0]); i++) {
	mine = make_key(cases[i].private);
	test_side("client", i, mine, peer);
	test_side("KDC", i, peer, mine);
	DH_free(mine);
    }
    test_bad_public_key(peer);
    DH_free(peer);
    krb5_free_context(context);
    return check_done();
}
