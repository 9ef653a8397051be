/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * crypto-pk.c clears the whole of the key that it derives, not the first
 * sizeof(size_t) octets of it, before the memory is freed.  It is compiled in
 * with a free() that looks.
 */

#include "krb5_locl.h"

#include "sec_test.h"

#define KEY_BITS 256
#define KEY_OCTETS (KEY_BITS / 8)

static void *key_memory;	/* the latest allocation of KEY_OCTETS */
static int seen, not_cleared;

static void *
watch_malloc(size_t size)
{
    void *p = malloc(size);

    if (size == KEY_OCTETS)
	key_memory = p;
    return p;
}

static void
watch_free(void *p)
{
    size_t i;

    if (p != NULL && p == key_memory) {
	seen++;
	for (i = 0; i < KEY_OCTETS; i++)
	    not_cleared += ((unsigned char *)p)[i] != 0;
	key_memory = NULL;
    }
    free(p);
}

/* libkrb5 does not export its table. */
static struct _krb5_encryption_type *
fake_find_enctype(krb5_enctype type)
{
    static struct _krb5_key_type keytype;
    static struct _krb5_encryption_type et;

    keytype.bits = KEY_BITS;
    et.keytype = &keytype;
    return type == ETYPE_AES256_CTS_HMAC_SHA1_96 ? &et : NULL;
}

#define malloc watch_malloc
#define free watch_free
#define _krb5_find_enctype fake_find_enctype
#include "crypto-pk.c"
#undef malloc
#undef free

static void
verdict(krb5_error_code ret, krb5_keyblock *key, const char *what)
{
    check(ret == 0 && key->keyvalue.length == KEY_OCTETS, "%s: a key (%d)",
	  what, (int)ret);
    check(seen == 1 && not_cleared == 0,
	  "%s: freed %d times, %d octets not cleared", what, seen,
	  not_cleared);
    seen = not_cleared = 0;
}

int
main(int argc, char **argv)
{
    static const char secret[] = "an agreed secret of Diffie and Hellman";
    krb5_context context;
    krb5_principal client, server;
    krb5_keyblock key;
    krb5_data data;
    AlgorithmIdentifier ai;
    Ticket ticket;
    krb5_error_code ret;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	return 1;
    memset(&key, 0, sizeof(key));
    ret = _krb5_pk_octetstring2key(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				   secret, sizeof(secret), NULL, NULL, &key);
    verdict(ret, &key, "octetstring2key");
    krb5_free_keyblock_contents(context, &key);

    if (krb5_parse_name(context, "user@LOOP.TEST", &client) ||
	krb5_parse_name(context, "krbtgt/LOOP.TEST@LOOP.TEST", &server))
	return 1;
    memset(&ai, 0, sizeof(ai));
    ai.algorithm = asn1_oid_id_pkinit_kdf_ah_sha256;	/* alias */
    data.data = rk_UNCONST("message");
    data.length = 7;
    memset(&ticket, 0, sizeof(ticket));
    ticket.tkt_vno = 5;
    ticket.realm = server->realm;			/* alias */
    ticket.sname = server->name;
    ticket.enc_part.etype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    ticket.enc_part.cipher = data;
    ret = _krb5_pk_kdf(context, &ai, secret, sizeof(secret), client, server,
		       ETYPE_AES256_CTS_HMAC_SHA1_96, &data, &data, &ticket,
		       &key);
    verdict(ret, &key, "the KDF of RFC 8636");
    krb5_free_keyblock_contents(context, &key);
    krb5_free_principal(context, client);
    krb5_free_principal(context, server);
    krb5_free_context(context);
    return check_done();
}
