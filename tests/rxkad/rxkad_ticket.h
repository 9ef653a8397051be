/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Tickets for the tests of servers: an EncTicketPart that is good and can be
 * changed, encrypted and put into a token.  NOW is the time it is good at.
 */

#ifndef RXKAD_TICKET_H
#define RXKAD_TICKET_H 1

#include "rxkad_test.h"

#include <krb5_asn1.h>

#define NOW ((time_t)1700000000)

/* Keys of an afs principal: one an enctype, `seed' for another one. */
static inline void
make_key(krb5_keyblock *key, krb5_context context, int etype, int seed)
{
    krb5_error_code ret;
    size_t size, bits, i;
    int kind = etype <= 3 ? 1 : etype;	/* single DES is one key */
    unsigned char random[64];

    ret = krb5_enctype_keysize(context, etype, &size);
    if (ret == 0)
	ret = krb5_enctype_keybits(context, etype, &bits);
    if (ret)
	krb5_err(context, 1, ret, "enctype %d", etype);
    for (i = 0; i < sizeof(random); i++)
	random[i] = 17 * i + 31 * kind + 101 * seed + 7;
    ret = krb5_random_to_key(context, etype, random, (bits + 7) / 8, key);
    if (ret)
	krb5_err(context, 1, ret, "krb5_random_to_key");
}

/* A ticket of user@EXT.TEST; free it with free_EncTicketPart(). */
static inline void
make_part(EncTicketPart *t, krb5_context context, int session_etype)
{
    char *name = strdup("user");

    memset(t, 0, sizeof(*t));
    make_key(&t->key, context, session_etype, 9);
    t->crealm = strdup("EXT.TEST");
    t->cname.name_type = KRB5_NT_PRINCIPAL;
    t->cname.name_string.val = calloc(1, sizeof(char *));
    if (name == NULL || t->crealm == NULL || t->cname.name_string.val == NULL)
	abort();
    t->cname.name_string.val[0] = name;
    t->cname.name_string.len = 1;
    t->transited.tr_type = DOMAIN_X500_COMPRESS;
    t->authtime = NOW - 3600;
    t->endtime = NOW + 36000;
}

static inline void
set_starttime(EncTicketPart *t, time_t start)
{
    if (t->starttime == NULL && (t->starttime = malloc(sizeof(start))) == NULL)
	abort();
    *t->starttime = start;
}

/* Gives the client other components, NULL behind the last. */
static inline void
set_name(EncTicketPart *t, const char *first, const char *second,
	 const char *third)
{
    const char *from[3];
    size_t i, n = first == NULL ? 0 : second == NULL ? 1 : third == NULL ? 2
	: 3;

    from[0] = first;
    from[1] = second;
    from[2] = third;
    for (i = 0; i < t->cname.name_string.len; i++)
	free(t->cname.name_string.val[i]);
    free(t->cname.name_string.val);
    t->cname.name_string.len = n;
    t->cname.name_string.val = calloc(n + 1, sizeof(char *));
    for (i = 0; i < n; i++)
	t->cname.name_string.val[i] = strdup(from[i]);
}

static inline void
set_realm(EncTicketPart *t, const char *realm)
{
    free(t->crealm);
    t->crealm = strdup(realm);
}

static inline void
set_transited(EncTicketPart *t, const char *realms)
{
    t->transited.contents.data = strdup(realms);
    t->transited.contents.length = strlen(realms);
}

static inline void
add_authdata(EncTicketPart *t, int type)
{
    AuthorizationDataElement e;

    if (t->authorization_data == NULL)
	t->authorization_data = calloc(1, sizeof(*t->authorization_data));
    e.ad_type = type;
    e.ad_data.data = rk_UNCONST("0\0");
    e.ad_data.length = 2;
    if (add_AuthorizationData(t->authorization_data, &e) != 0)
	abort();
}

static inline void
add_address(EncTicketPart *t, const char *ipv4)
{
    HostAddress a, *val;

    if (t->caddr == NULL)
	t->caddr = calloc(1, sizeof(*t->caddr));
    if (t->caddr == NULL)
	abort();
    a.addr_type = KRB5_ADDRESS_INET;
    if (krb5_data_copy(&a.address, ipv4, 4) != 0)
	abort();
    val = realloc(t->caddr->val, (t->caddr->len + 1) * sizeof(*val));
    if (val == NULL)
	abort();
    val[t->caddr->len++] = a;
    t->caddr->val = val;
}

/* Appends octets, encrypted with a key, as a token of that number. */
static inline void
seal_octets(struct buf *token, krb5_context context, int32_t number,
	    krb5_keyblock *key, const int64_t *kvno, void *plain, size_t len)
{
    krb5_error_code ret;
    krb5_crypto crypto;
    krb5_data cipher;
    struct buf e = { NULL, 0 };

    ret = krb5_crypto_init(context, key, 0, &crypto);
    if (ret == 0)
	ret = krb5_encrypt(context, crypto, KRB5_KU_TICKET, plain, len,
			   &cipher);
    if (ret)
	krb5_err(context, 1, ret, "krb5_encrypt");
    krb5_crypto_destroy(context, crypto);
    add_enc_part(&e, key->keytype, kvno, cipher.data, cipher.length);
    krb5_data_free(&cipher);
    if (number == RXKAD_2B_KVNO_TICKET)
	add_ticket(token, 5, &e);
    else
	buf_add(token, e.p, e.n);
    buf_free(&e);
}

static inline void
seal(struct buf *token, krb5_context context, int32_t number,
     krb5_keyblock *key, const int64_t *kvno, const EncTicketPart *part)
{
    unsigned char *plain;
    size_t size, len;
    int ret;

    ASN1_MALLOC_ENCODE(EncTicketPart, plain, size, part, &len, ret);
    if (ret)
	krb5_err(context, 1, ret, "encode_EncTicketPart");
    seal_octets(token, context, number, key, kvno, plain, len);
    free(plain);
}

#endif /* RXKAD_TICKET_H */
