/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * _krb5_dh_private_bits(): short private keys in the groups that are built
 * in, and in no other, whatever a moduli file calls it.
 */

#include "krb5_locl.h"
#include <hex.h>

#include "sec_test.h"

#define MODULI "test_dh_private_bits.moduli"

static krb5_context context;

/* what all primes of RFC 2409 and RFC 3526 begin and end with */
#define ONES "FFFFFFFFFFFFFFFF"
#define GROUP2							\
    "C90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"		\
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437" \
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" \
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381"
#define GROUP14							\
    "C90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"		\
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437" \
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" \
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05" \
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB" \
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" \
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718" \
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68"

static void
integer(const char *hex, heim_integer *i)
{
    memset(i, 0, sizeof(*i));
    if (der_parse_hex_heim_integer(hex, i) != 0)
	errx(1, "%s", hex);
}

static void
test_group(struct krb5_dh_moduli **moduli, const char *what, const char *p,
	   const char *g, unsigned long want)
{
    unsigned long got;
    heim_integer ip, ig;

    integer(p, &ip);
    integer(g, &ig);
    got = _krb5_dh_private_bits(moduli, &ip, &ig);
    check(got == want, "%s: %lu (%lu)", what, want, got);
    der_free_heim_integer(&ip);
    der_free_heim_integer(&ig);
}

int
main(void)
{
    struct krb5_dh_moduli **moduli;
    FILE *f = fopen(MODULI, "w");

    /* nobody knows that the last two are no product of small primes */
    if (f == NULL || fprintf(f,
	    "rfc3526-MODP-group14 2048 " ONES GROUP14 "FFFFFFFFFFFFFFFD"
	    " 02 7FFFFFFF\n"
	    "other-generator 2048 " ONES GROUP14 ONES " 03 7FFFFFFF\n") < 0 ||
	fclose(f) != 0)
	err(1, MODULI);
    if (krb5_init_context(&context) != 0 ||
	_krb5_parse_moduli(context, MODULI, &moduli) != 0)
	errx(1, "moduli");

    test_group(moduli, "2048 bits, built in", ONES GROUP14 ONES, "02", 320);
    test_group(moduli, "1024 bits, built in", ONES GROUP2 ONES, "02", 240);
    test_group(moduli, "of a file, by the same name",
	       ONES GROUP14 "FFFFFFFFFFFFFFFD", "02", 0);
    test_group(moduli, "another generator", ONES GROUP14 ONES, "03", 0);
    test_group(moduli, "not known", "17", "02", 0);

    krb5_free_context(context);
    unlink(MODULI);
    return check_done();
}
