/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A Kerberos 4 ticket: single DES in PCBC mode, the key being the initial
 * vector too, over
 *
 *     flags      1 octet; bit 0: integers are little-endian
 *     name       1 to 63 octets, NUL
 *     instance   0 to 63 octets, NUL
 *     realm      0 to 63 octets, NUL; empty is the local one
 *     address    4 octets, 0 is any
 *     session    8 octets, a DES key
 *     lifetime   1 octet, see life_to_seconds()
 *     time       4 octets, seconds since 1970
 *     service    1 to 63 octets, NUL
 *     instance   0 to 63 octets, NUL
 *     padding    to a multiple of 8 octets
 *
 * There is no checksum.  What tells a right key from a wrong one is this
 * form alone, and who changes the ciphertext changes the plaintext in ways
 * that can be worked out: a reason to leave these tickets off.
 */

#define HC_DEPRECATED_CRYPTO
#include "rxkad_2b_locl.h"

#include "crypto-headers.h"

#define FLAG_LITTLE_ENDIAN	0x01
#define BLOCK_LENGTH		8
/* MIT's library never made a shorter ticket than this. */
#define SHORTEST_TICKET		56

#define LIFE_FIRST	0x80		/* of the table */
#define LIFE_LAST	0xbf
#define LIFE_NEVER	0xff
#define NEVER		((int64_t)UINT32_MAX)

/*
 * Lifetimes from 10 hours and 40 minutes to 30 days in 63 steps of the same
 * ratio, rounded: AFS's extension of krb4's 5 minutes a unit.
 */

static const int32_t lifetimes[LIFE_LAST - LIFE_FIRST + 1] = {
    38400, 41055, 43894, 46929, 50174, 53643, 57352, 61318,
    65558, 70091, 74937, 80119, 85658, 91581, 97914, 104684,
    111922, 119661, 127935, 136781, 146239, 156350, 167161, 178720,
    191077, 204289, 218415, 233517, 249664, 266926, 285383, 305116,
    326213, 348769, 372885, 398668, 426234, 455705, 487215, 520904,
    556921, 595430, 636601, 680618, 727680, 777995, 831789, 889303,
    950794, 1016537, 1086825, 1161973, 1242318, 1328218, 1420057, 1518247,
    1623226, 1735464, 1855462, 1983758, 2120925, 2267576, 2424367, 2592000
};

static int64_t
life_to_seconds(unsigned char life)
{
    if (life < LIFE_FIRST)
	return life * 5 * 60;
    if (life > LIFE_LAST)
	return lifetimes[LIFE_LAST - LIFE_FIRST];
    return lifetimes[life - LIFE_FIRST];
}

/* What is not read yet. */
struct reader {
    const unsigned char *p;
    size_t left;
};

/*
 * Reads a string; FALSE when it is not of min to 63 octets and a NUL.
 */

static krb5_boolean
get_string(struct reader *in, size_t min, char to[RXKAD_2B_NAME_LENGTH])
{
    size_t n;

    for (n = 0; n < in->left && n < RXKAD_2B_NAME_LENGTH; n++) {
	if (in->p[n] != '\0')
	    continue;
	if (n < min)
	    return FALSE;
	memcpy(to, in->p, n + 1);
	in->p += n + 1;
	in->left -= n + 1;
	return TRUE;
    }
    return FALSE;
}

static krb5_boolean
get_octets(struct reader *in, size_t n, unsigned char *to)
{
    if (n > in->left)
	return FALSE;
    memcpy(to, in->p, n);
    in->p += n;
    in->left -= n;
    return TRUE;
}

static krb5_boolean
get_uint32(struct reader *in, krb5_boolean little, uint32_t *value)
{
    unsigned char c[4];

    if (!get_octets(in, sizeof(c), c))
	return FALSE;
    if (little)
	*value = (uint32_t)c[3] << 24 | c[2] << 16 | c[1] << 8 | c[0];
    else
	*value = (uint32_t)c[0] << 24 | c[1] << 16 | c[2] << 8 | c[3];
    return TRUE;
}

static krb5_boolean
parse(struct reader *in, struct rxkad_2b_krb4 *t)
{
    char service[RXKAD_2B_NAME_LENGTH];
    unsigned char flags, life;
    krb5_boolean little;
    uint32_t start;

    if (!get_octets(in, 1, &flags))
	return FALSE;
    little = (flags & FLAG_LITTLE_ENDIAN) != 0;
    if (!get_string(in, 1, t->name.name) ||
	!get_string(in, 0, t->name.instance) ||
	!get_string(in, 0, t->name.cell) ||
	!get_uint32(in, little, &t->host) ||
	!get_octets(in, sizeof(t->session_key), t->session_key) ||
	!get_octets(in, 1, &life) ||
	!get_uint32(in, little, &start) ||
	!get_string(in, 1, service) ||
	!get_string(in, 0, service))
	return FALSE;
    t->start = start;
    t->end = life == LIFE_NEVER ? NEVER : start + life_to_seconds(life);
    return TRUE;
}

/*
 * Reads a decrypted Kerberos 4 ticket.
 *
 * `t' is filled on success, and is all zero otherwise.  Returns
 * RXKAD_2B_BAD_CONTENT for what is no such ticket.
 */

rxkad_2b_reason
_rxkad_2b_parse_krb4(const void *plain, size_t length,
		     struct rxkad_2b_krb4 *t)
{
    struct reader in;

    memset(t, 0, sizeof(*t));
    in.p = plain;
    in.left = length;
    if (parse(&in, t) &&
	(in.left < BLOCK_LENGTH || length == SHORTEST_TICKET))
	return RXKAD_2B_OK;
    memset_s(t, sizeof(*t), 0, sizeof(*t));
    return RXKAD_2B_BAD_CONTENT;
}

/*
 * Decrypts and reads a Kerberos 4 ticket.
 *
 * `key' is a DES key, `data' of `length' octets the ticket; `t' as in
 * _rxkad_2b_parse_krb4().
 */

rxkad_2b_reason
_rxkad_2b_open_krb4(const krb5_keyblock *key, const void *data,
		    size_t length, struct rxkad_2b_krb4 *t)
{
    rxkad_2b_reason reason;
    DES_key_schedule schedule;
    DES_cblock block;
    unsigned char *plain;

    memset(t, 0, sizeof(*t));
    if (length == 0 || length % BLOCK_LENGTH != 0)
	return RXKAD_2B_BAD_LENGTH;
    if (!_rxkad_2b_is_des(key->keytype) ||
	key->keyvalue.length != sizeof(block))
	return RXKAD_2B_NO_KEY;
    plain = malloc(length);
    if (plain == NULL)
	return RXKAD_2B_INTERNAL;

    memcpy(block, key->keyvalue.data, sizeof(block));
    DES_set_key_unchecked(&block, &schedule);
    DES_pcbc_encrypt(data, plain, length, &schedule, &block, DES_DECRYPT);
    reason = _rxkad_2b_parse_krb4(plain, length, t);

    memset_s(&schedule, sizeof(schedule), 0, sizeof(schedule));
    memset_s(block, sizeof(block), 0, sizeof(block));
    memset_s(plain, length, 0, length);
    free(plain);
    return reason;
}
