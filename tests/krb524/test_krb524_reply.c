/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What libkrb5 takes from a krb524 server's reply, and which session keys go
 * with it (what is made of them: t_krb524_client.py).  Each reply stands in
 * memory of its own length, for memory checkers.
 */

#include "faults.h"
#include "krb5_locl.h"
#include "krb5-v4compat.h"
#include "rxkad-2b/krb524.h"
#include "rxkad-2b/rxkad_key.h"
#include "sec_test.h"

#define REPLY_LEN 1266

static void
put32(unsigned char *p, uint32_t value)
{
    p[0] = value >> 24;
    p[1] = value >> 16;
    p[2] = value >> 8;
    p[3] = value;
}

/*
 * The first LENGTH octets of a reply with these numbers, read.
 */
static krb5_error_code
read_reply(size_t length, uint32_t status, uint32_t kvno, uint32_t token,
	   struct krb5_krb524_reply *reply)
{
    unsigned char whole[REPLY_LEN + 8];
    krb5_error_code ret;
    krb5_data octets;

    memset(whole, 0x11, sizeof(whole));
    put32(whole, status);
    put32(whole + 4, kvno);
    put32(whole + 8, token);
    if (krb5_data_copy(&octets, whole, length) != 0)
	exit(1);
    ret = _krb5_krb524_read_reply(&octets, reply);
    if (ret == 0 && reply->status == 0 &&
	(reply->token != (unsigned char *)octets.data + 12 ||
	 reply->length != token))
	ret = -1;
    krb5_data_free(&octets);
    return ret;
}

/* REQ: RK-36 */
static void
test_lengths(void)
{
    struct krb5_krb524_reply reply;
    krb5_error_code ret;
    size_t i;

    for (i = 0; i <= REPLY_LEN + 8; i++) {
	ret = read_reply(i, 0, 213, 100, &reply);
	if (i == REPLY_LEN)
	    check(ret == 0 && reply.status == 0 && reply.kvno == 213,
		  "a whole reply");
	else if (ret != (i < REPLY_LEN ? KRB524_DECEMPTY :
			 KRB5KRB_ERR_FIELD_TOOLONG) || reply.token != NULL)
	    check(0, "%lu octets: %d", (unsigned long)i, (int)ret);
	ret = read_reply(i, 0x96c73a0c, 213, 100, &reply);
	if (i == 4)
	    check(ret == 0 && reply.status == KRB5KDC_ERR_POLICY &&
		  reply.token == NULL, "an error");
	else if (ret != (i < 4 ? KRB524_DECEMPTY : KRB5KRB_ERR_FIELD_TOOLONG))
	    check(0, "%lu octets of an error: %d", (unsigned long)i, (int)ret);
    }
}

/* REQ: RK-36 */
static void
test_token_lengths(void)
{
    static const struct {
	uint32_t length;
	krb5_error_code want;
    } rows[] = {
	{ 0, KRB524_DECEMPTY },
	{ 1, 0 },
	{ 344, 0 },
	{ 1249, 0 },
	{ 1250, 0 },
	{ 1251, KRB5KRB_ERR_FIELD_TOOLONG },
	{ 1254, KRB5KRB_ERR_FIELD_TOOLONG },
	{ 2000, KRB5KRB_ERR_FIELD_TOOLONG },
	{ 0x7fffffff, KRB5KRB_ERR_FIELD_TOOLONG },
	{ 0x80000000, KRB5KRB_ERR_FIELD_TOOLONG },
	{ 0xfffffff4, KRB5KRB_ERR_FIELD_TOOLONG },
	{ 0xffffffff, KRB5KRB_ERR_FIELD_TOOLONG }
    };
    struct krb5_krb524_reply reply;
    krb5_error_code ret;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	ret = read_reply(REPLY_LEN, 0, 213, rows[i].length, &reply);
	check(ret == rows[i].want, "a token of %#lx octets: %d",
	      (unsigned long)rows[i].length, (int)ret);
    }
    for (i = 0; i < 32; i++)
	if (read_reply(REPLY_LEN, 0, (uint32_t)1 << i, 9, &reply) != 0 ||
	    reply.kvno != (int32_t)((uint32_t)1 << i))
	    check(0, "kvno 1 << %lu", (unsigned long)i);
}

/* REQ: RK-04, RK-05 */
static void
test_keys(void)
{
    static const unsigned char des[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    static const struct {
	krb5_enctype enctype;
	size_t length;
	krb5_error_code want;
    } rows[] = {
	{ ETYPE_DES_CBC_CRC, 8, 0 },
	{ ETYPE_DES_CBC_MD5, 8, 0 },
	{ ETYPE_DES_CBC_CRC, 7, KRB5_BAD_KEYSIZE },
	{ ETYPE_DES_CBC_CRC, 9, KRB5_BAD_KEYSIZE },
	{ ETYPE_DES_CBC_CRC, 0, KRB5_BAD_KEYSIZE },
	{ ETYPE_DES3_CBC_SHA1, 24, 0 },
	{ ETYPE_DES3_CBC_SHA1, 16, 0 },
	{ ETYPE_DES3_CBC_SHA1, 20, KRB5_BAD_KEYSIZE },
	{ ETYPE_DES3_CBC_SHA1, 32, KRB5_BAD_KEYSIZE },
	{ ETYPE_AES256_CTS_HMAC_SHA1_96, 32, 0 },
	{ ETYPE_AES256_CTS_HMAC_SHA1_96, 6, KRB5_BAD_KEYSIZE },
	{ ETYPE_NULL, 8, KRB5_PROG_ETYPE_NOSUPP },
	{ 4, 8, KRB5_PROG_ETYPE_NOSUPP },
	{ 13, 16, KRB5_PROG_ETYPE_NOSUPP },
	{ -128, 16, KRB5_PROG_ETYPE_NOSUPP }
    };
    unsigned char key[32], before[32], out[8];
    krb5_error_code ret;
    size_t i;

    for (i = 0; i < sizeof(key); i++)
	before[i] = key[i] = (unsigned char)i;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	ret = _krb5_rxkad_derive_key(rows[i].enctype, key, rows[i].length,
				     out);
	check(ret == rows[i].want, "enctype %d, %lu octets: %d",
	      (int)rows[i].enctype, (unsigned long)rows[i].length, (int)ret);
	check(memcmp(key, before, sizeof(key)) == 0,
	      "the session key is as it was");
	if (ret == 0 && rows[i].length == 8)
	    check(memcmp(out, des, sizeof(des)) == 0, "a DES key as it is");
    }
}

static void
nothing(void *arg)
{
}

/*
 * Without memory at one place: the same key, or an error.
 */
static const char *
use_memory(void *arg)
{
    static const unsigned char key[32] = "a key";
    unsigned char out[8];
    krb5_error_code ret;

    memset(out, 0, sizeof(out));
    fault_on();
    ret = _krb5_rxkad_derive_key(ETYPE_AES256_CTS_HMAC_SHA1_96, key,
				 sizeof(key), out);
    fault_off();
    if (ret == 0 && ct_memcmp(out, arg, sizeof(out)) != 0)
	return "another key, and no error";
    return ret != 0 && !fault_hit ? "an error without one" : NULL;
}

/* REQ: RK-05 */
static void
test_memory(void)
{
    static const unsigned char key[32] = "a key";
    unsigned char want[8];

    check(_krb5_rxkad_derive_key(ETYPE_AES256_CTS_HMAC_SHA1_96, key,
				 sizeof(key), want) == 0 &&
	  fault_scenario("rxkad's key", nothing, use_memory, want, 1) == 0,
	  "short of memory");
}

int
main(int argc, char **argv)
{
    test_lengths();
    test_token_lengths();
    test_keys();
    test_memory();
    return check_done();
}
