/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The outside of a token, read as DER and nothing else:
 *
 *     EncryptedData ::= SEQUENCE {
 *         etype   [0] INTEGER,
 *         kvno    [1] INTEGER OPTIONAL,
 *         cipher  [2] OCTET STRING }
 *     Ticket ::= [APPLICATION 1] SEQUENCE {
 *         tkt-vno [0] INTEGER (5),
 *         realm   [1] GeneralString,
 *         sname   [2] SEQUENCE {
 *             name-type   [0] INTEGER,
 *             name-string [1] SEQUENCE OF GeneralString },
 *         enc-part [3] EncryptedData }
 *
 * Neither type is extensible.  A token is an alias into what was received:
 * that its octets stay the KDC's own is the point of it, so nothing is
 * decoded and encoded anew.  libasn1's decoder would also take BER, and
 * would not say where a field is.
 *
 * The error codes are those of libasn1 and so OpenAFS's, whose decoder is of
 * the same origin: octets that are missing are ASN1_OVERRUN, another tag
 * is ASN1_BAD_ID.
 */

#include "rxkad_2b_locl.h"

/* What is not read yet. */
struct reader {
    const unsigned char *p;
    size_t left;
};

#define TAG_INTEGER		0x02
#define TAG_OCTET_STRING	0x04
#define TAG_GENERAL_STRING	0x1b
#define TAG_SEQUENCE		0x30
#define TAG_TICKET		0x61	/* [APPLICATION 1], constructed */
#define TAG_FIELD(n)		(0xa0 | (n))	/* [n], constructed */

/* What an int32_t and a uint32_t need, and no more */
#define MAX_INT_OCTETS		5

/*
 * Reads a length in the shortest form, the only one of DER.
 */

static krb5_error_code
get_length(struct reader *in, size_t *length)
{
    size_t n, value;

    if (in->left == 0)
	return ASN1_OVERRUN;
    value = *in->p++;
    in->left--;
    if (value < 0x80) {
	*length = value;
	return 0;
    }
    n = value & 0x7f;
    if (n == 0 || n > 4)		/* indefinite; longer than any token */
	return ASN1_BAD_LENGTH;
    if (n > in->left)
	return ASN1_OVERRUN;
    if (in->p[0] == 0)
	return ASN1_BAD_LENGTH;
    for (value = 0; n > 0; n--) {
	value = value << 8 | *in->p++;
	in->left--;
    }
    if (value < 0x80)
	return ASN1_BAD_LENGTH;
    *length = value;
    return 0;
}

/*
 * Reads one element with this tag; `content' is what is in it.
 */

static krb5_error_code
get_element(struct reader *in, unsigned char tag, struct reader *content)
{
    krb5_error_code ret;
    size_t length;

    if (in->left == 0)
	return ASN1_OVERRUN;
    if (*in->p != tag)
	return ASN1_BAD_ID;
    in->p++;
    in->left--;
    ret = get_length(in, &length);
    if (ret)
	return ret;
    if (length > in->left)
	return ASN1_OVERRUN;
    content->p = in->p;
    content->left = length;
    in->p += length;
    in->left -= length;
    return 0;
}

/*
 * Reads [n], which has one element with this tag and nothing behind it.
 */

static krb5_error_code
get_field(struct reader *in, int n, unsigned char tag, struct reader *content)
{
    krb5_error_code ret;
    struct reader field;

    ret = get_element(in, TAG_FIELD(n), &field);
    if (ret == 0)
	ret = get_element(&field, tag, content);
    if (ret == 0 && field.left != 0)
	ret = ASN1_EXTRA_DATA;
    return ret;
}

/*
 * Reads [n] INTEGER in its shortest form, from -2^31 to 2^32 - 1: KDCs
 * write key versions signed and unsigned.
 */

static krb5_error_code
get_integer(struct reader *in, int n, int64_t *value)
{
    krb5_error_code ret;
    struct reader c;
    uint64_t v;

    ret = get_field(in, n, TAG_INTEGER, &c);
    if (ret)
	return ret;
    if (c.left == 0 || c.left > MAX_INT_OCTETS)
	return ASN1_BAD_FORMAT;
    if (c.left > 1 && ((c.p[0] == 0x00 && (c.p[1] & 0x80) == 0) ||
		       (c.p[0] == 0xff && (c.p[1] & 0x80) != 0)))
	return ASN1_BAD_FORMAT;
    v = (c.p[0] & 0x80) ? ~(uint64_t)0 : 0;
    for (; c.left > 0; c.left--)
	v = v << 8 | *c.p++;
    *value = (int64_t)v;
    if (*value < INT32_MIN || *value > UINT32_MAX)
	return ASN1_BAD_FORMAT;
    return 0;
}

/*
 * The int32_t that has the 32 bits of `value', as AFS looks at versions.
 */

static int32_t
wrap_int32(int64_t value)
{
    return value > INT32_MAX ? (int32_t)(value - UINT32_MAX - 1)
	: (int32_t)value;
}

/*
 * Reads an EncryptedData and nothing behind it.
 */

static krb5_error_code
get_enc_part(struct reader *in, rxkad_2b_sealed *sealed)
{
    krb5_error_code ret;
    struct reader seq, cipher;
    int64_t value;

    sealed->enc_part.data = rk_UNCONST(in->p);
    sealed->enc_part.length = in->left;

    ret = get_element(in, TAG_SEQUENCE, &seq);
    if (ret)
	return ret;
    ret = get_integer(&seq, 0, &value);
    if (ret)
	return ret;
    if (value > INT32_MAX)
	return ASN1_BAD_FORMAT;
    sealed->etype = (krb5_enctype)value;

    if (seq.left > 0 && *seq.p == TAG_FIELD(1)) {
	ret = get_integer(&seq, 1, &value);
	if (ret)
	    return ret;
	sealed->has_kvno = TRUE;
	sealed->service_kvno = wrap_int32(value);
    }
    ret = get_field(&seq, 2, TAG_OCTET_STRING, &cipher);
    if (ret)
	return ret;
    sealed->cipher.data = rk_UNCONST(cipher.p);
    sealed->cipher.length = cipher.left;

    return (seq.left != 0 || in->left != 0) ? ASN1_EXTRA_DATA : 0;
}

/*
 * Reads sname, of which only its form matters: a server goes by its keys.
 */

static krb5_error_code
get_sname(struct reader *in)
{
    krb5_error_code ret;
    struct reader seq, names, name;
    int64_t value;

    ret = get_field(in, 2, TAG_SEQUENCE, &seq);
    if (ret == 0)
	ret = get_integer(&seq, 0, &value);
    if (ret == 0)
	ret = get_field(&seq, 1, TAG_SEQUENCE, &names);
    while (ret == 0 && names.left > 0)
	ret = get_element(&names, TAG_GENERAL_STRING, &name);
    if (ret == 0 && seq.left != 0)
	ret = ASN1_EXTRA_DATA;
    return ret;
}

/*
 * Reads a Ticket and nothing behind it.
 */

static krb5_error_code
get_ticket(struct reader *in, rxkad_2b_sealed *sealed)
{
    krb5_error_code ret;
    struct reader ticket, seq, realm, enc_part;
    int64_t version;

    ret = get_element(in, TAG_TICKET, &ticket);
    if (ret == 0)
	ret = get_element(&ticket, TAG_SEQUENCE, &seq);
    if (ret == 0)
	ret = get_integer(&seq, 0, &version);
    if (ret)
	return ret;
    if (version != 5)
	return RXKAD_2B_ERR_BADTICKET;
    ret = get_field(&seq, 1, TAG_GENERAL_STRING, &realm);
    if (ret == 0)
	ret = get_sname(&seq);
    if (ret == 0)
	ret = get_element(&seq, TAG_FIELD(3), &enc_part);
    if (ret == 0)
	ret = get_enc_part(&enc_part, sealed);
    if (ret == 0 && (seq.left != 0 || ticket.left != 0 || in->left != 0))
	ret = ASN1_EXTRA_DATA;
    return ret;
}

krb5_error_code
rxkad_2b_parse(const void *data, size_t length, int32_t kvno,
	       rxkad_2b_sealed *sealed)
{
    krb5_error_code ret;
    rxkad_2b_sealed found;
    struct reader in;

    memset(sealed, 0, sizeof(*sealed));
    memset(&found, 0, sizeof(found));
    found.kvno = kvno;
    in.p = data;
    in.left = length;

    switch (kvno) {
    case RXKAD_2B_KVNO:
	ret = get_enc_part(&in, &found);
	break;
    case RXKAD_2B_KVNO_TICKET:
	ret = get_ticket(&in, &found);
	break;
    default:
	ret = RXKAD_2B_ERR_UNKNOWNKEY;
	break;
    }
    if (ret == 0)
	*sealed = found;
    return ret;
}

krb5_error_code
rxkad_2b_extract(const krb5_data *ticket, krb5_data *enc_part)
{
    krb5_error_code ret;
    rxkad_2b_sealed sealed;

    ret = rxkad_2b_parse(ticket->data, ticket->length, RXKAD_2B_KVNO_TICKET,
			 &sealed);
    *enc_part = sealed.enc_part;
    return ret;
}
