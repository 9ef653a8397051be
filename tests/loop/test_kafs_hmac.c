/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * libkafs: every HMAC_CTX that the derivation of a DES key sets up is
 * released again.
 */

#define HC_DEPRECATED_CRYPTO
#include "kafs_locl.h"

static int set_up, released;

static void
count_init(HMAC_CTX *ctx)
{
    set_up++;
    HMAC_CTX_init(ctx);
}

static void
count_cleanup(HMAC_CTX *ctx)
{
    released++;
    HMAC_CTX_cleanup(ctx);
}

#undef HMAC_CTX_init
#undef HMAC_CTX_cleanup
#define HMAC_CTX_init count_init
#define HMAC_CTX_cleanup count_cleanup
#include "rxkad_kdf.c"

#include "sec_test.h"

/* REQ: RK-05 */
int
main(int argc, char **argv)
{
    void (*cleanup)(HMAC_CTX *) = count_cleanup; /* used in any case */
    unsigned char key[32];
    char out[8];
    int ret, i;

    memset(key, 0, sizeof(key));
    for (i = 0; i < 100; i++) {
	key[0] = i;
	ret = _kafs_derive_des_key(ETYPE_AES256_CTS_HMAC_SHA1_96, key,
				   sizeof(key), out);
	if (ret)
	    break;
    }
    check(i == 100, "%d keys derived (%d)", i, ret);
    check(cleanup != NULL && set_up >= 100 && released == set_up,
	  "%d set up, %d released", set_up, released);
    return check_done();
}
