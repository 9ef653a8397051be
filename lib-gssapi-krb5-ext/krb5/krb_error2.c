/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See krb_error2.h.
 *
 * What is refused, and with which code (sections 2.1 and 4 of the document;
 * XT-13 to XT-30 of doc/requirements.md):
 *
 *   it does not begin with the tag 7f 37,
 *   msg-type is not 55, enc-part-key is none of 0..2   KRB_AP_ERR_MSG_TYPE
 *   pvno is not 5                                      KRB_AP_ERR_BADVERSION
 *   we do not have the key of enc-part-key             KRB_AP_ERR_NOKEY
 *   etype is not the key's, or not 0 without key       KRB5_BAD_ENCTYPE
 *   the key does not open it                           KRB_AP_ERR_BAD_-
 *                                                      INTEGRITY
 *   kvno is there; subkey is there and may not be; a
 *   field twice or out of order; seq-number alone      ASN1_MISPLACED_FIELD
 *   subkey or seq-number is missing                    ASN1_MISSING_FIELD
 *   challenge or susec below or above its bounds       ASN1_MIN_CONSTRAINT,
 *                                                      ASN1_MAX_CONSTRAINT
 *   larger than KRB5_EXT_ERROR2_MAX_SIZE               ASN1_OVERFLOW
 *   octets behind it, or behind what is inside         ASN1_EXTRA_DATA
 *   it can be read, but DER writes it in another way   ASN1_GOT_BER
 *   anything else that is not this type                ASN1_...
 */

#include "krb5_locl.h"
#include "krb_error2.h"
#include "krb_error2_asn1.h"

#define LAST_FIELD 12		/* of EncKRBErrorPart: tgt */

/* Whether subkey may be in the encrypted part. */
enum subkey_rule { SUBKEY_FORBIDDEN, SUBKEY_ALLOWED, SUBKEY_REQUIRED };

static krb5_error_code
refuse(krb5_context context, krb5_error_code ret, const char *why)
{
    krb5_set_error_message(context, ret, "KRB-ERROR2: %s", why);
    return ret;
}

static void
free_secret(krb5_data *data)
{
    if (data->data != NULL)
	memset_s(data->data, data->length, 0, data->length);
    krb5_data_free(data);
}

/*
 * Section 2.1, subkey.  The session key is used when the Authenticator was
 * not decrypted, and when it was and had no subkey (D8): a sender of the
 * latter kind has a subkey to give.
 */
static enum subkey_rule
subkey_rule(int key, enum krb5_ext_sender sender,
	    const struct krb5_ext_error2_keys *keys)
{
    if (sender == KRB5_EXT_FROM_INITIATOR || key == KRB5_EXT_ERROR2_KEY_NULL)
	return SUBKEY_FORBIDDEN;
    if (key == KRB5_EXT_ERROR2_KEY_SUBKEY)
	return SUBKEY_REQUIRED;
    return keys->subkey == NULL ? SUBKEY_ALLOWED : SUBKEY_FORBIDDEN;
}

/*
 * The rules for fields that ASN.1 does not express.
 */
static krb5_error_code
check_fields(krb5_context context, const EncKRBErrorPart *part,
	     enum subkey_rule rule)
{
    if (part->continue_challenge.length < KRB5_EXT_CHALLENGE_MIN)
	return refuse(context, ASN1_MIN_CONSTRAINT,
		      N_("the challenge is empty", ""));
    if (part->continue_challenge.length > KRB5_EXT_CHALLENGE_MAX)
	return refuse(context, ASN1_MAX_CONSTRAINT,
		      N_("the challenge is too long", ""));
    if (part->susec < 0)
	return refuse(context, ASN1_MIN_CONSTRAINT,
		      N_("microseconds below zero", ""));
    if (part->susec > 999999)
	return refuse(context, ASN1_MAX_CONSTRAINT,
		      N_("a second or more in microseconds", ""));
    if (part->subkey == NULL && rule == SUBKEY_REQUIRED)
	return refuse(context, ASN1_MISSING_FIELD, N_("no subkey", ""));
    if (part->subkey != NULL && rule == SUBKEY_FORBIDDEN)
	return refuse(context, ASN1_MISPLACED_FIELD,
		      N_("a subkey where there cannot be one", ""));
    if (part->subkey != NULL && part->seq_number == NULL)
	return refuse(context, ASN1_MISSING_FIELD,
		      N_("a subkey without sequence number", ""));
    if (part->subkey == NULL && part->seq_number != NULL)
	return refuse(context, ASN1_MISPLACED_FIELD,
		      N_("a sequence number without subkey", ""));
    return 0;
}

/*
 * The key that enc-part-key names.  *key is an alias into keys, NULL for no
 * encryption.
 */
static krb5_error_code
select_key(krb5_context context, int which,
	   const struct krb5_ext_error2_keys *keys, const krb5_keyblock **key)
{
    switch (which) {
    case KRB5_EXT_ERROR2_KEY_NULL:
	*key = NULL;
	return 0;
    case KRB5_EXT_ERROR2_KEY_SUBKEY:
	*key = keys->subkey;
	break;
    case KRB5_EXT_ERROR2_KEY_SESSION:
	*key = keys->session;
	break;
    default:
	return refuse(context, KRB5KRB_AP_ERR_MSG_TYPE,
		      N_("encrypted with a key of an unknown kind", ""));
    }
    if (*key == NULL)
	return refuse(context, KRB5KRB_AP_ERR_NOKEY,
		      N_("encrypted with a key that is not ours", ""));
    return 0;
}

/* ------------------------------------------------------------ encoding */

/*
 * EncKRBErrorPart of error2, whose pointers it borrows.  Nothing to free but
 * *e_text, with free().
 */
static krb5_error_code
make_part(const struct krb5_ext_error2 *error2, EncKRBErrorPart *part,
	  unsigned int *seq_number, heim_octet_string *e_text)
{
    char *printable;
    krb5_error_code ret;

    memset(part, 0, sizeof(*part));
    part->continue_challenge = error2->challenge;
    part->stime = error2->stime;
    part->susec = error2->susec;
    if (error2->subkey != NULL) {
	part->subkey = error2->subkey;
	*seq_number = error2->seq_number;
	part->seq_number = seq_number;
    }
    part->error_code = error2->error_code;
    part->e_flags = error2->continue_needed ? krb_error2_continue_needed :
	krb_error2_final;
    part->ad_data = error2->ad_data;
    part->tgt = error2->tgt;
    if (error2->e_text == NULL)
	return 0;
    ret = _krb5_ext_printable_text(error2->e_text, strlen(error2->e_text),
				   &printable);
    if (ret)
	return ret;
    e_text->data = printable;
    e_text->length = strlen(printable);
    part->e_text = e_text;
    return 0;
}

/*
 * Encrypt plain, or take a copy where there is no key (section 2: the null
 * enctype).  Free with free_EncryptedData().
 */
static krb5_error_code
seal(krb5_context context, const krb5_keyblock *key, const krb5_data *plain,
     EncryptedData *enc)
{
    krb5_crypto crypto;
    krb5_error_code ret;

    if (key == NULL) {
	enc->etype = KRB5_ENCTYPE_NULL;
	ret = krb5_data_copy(&enc->cipher, plain->data, plain->length);
	return ret ? krb5_enomem(context) : 0;
    }
    ret = krb5_crypto_init(context, key, 0, &crypto);
    if (ret)
	return ret;
    ret = krb5_encrypt_EncryptedData(context, crypto, KRB5_EXT_KU_ERROR2,
				     plain->data, plain->length, 0, enc);
    krb5_crypto_destroy(context, crypto);
    return ret;
}

static krb5_error_code
encode_pdu(krb5_context context, const KRB_ERROR2 *msg, krb5_data *pdu)
{
    krb5_error_code ret;
    size_t size;

    if (length_KRB_ERROR2(msg) > KRB5_EXT_ERROR2_MAX_SIZE)
	return refuse(context, ASN1_OVERFLOW, N_("it is too large", ""));
    ASN1_MALLOC_ENCODE(KRB_ERROR2, pdu->data, pdu->length, msg, &size, ret);
    if (ret) {
	krb5_data_zero(pdu);
	return ret == ENOMEM ? krb5_enomem(context) : ret;
    }
    if (size != pdu->length)
	krb5_abortx(context, "internal error in ASN.1 encoder");
    return 0;
}

/**
 * Encode and encrypt a KRB-ERROR2.
 *
 * The key is the one that section 3 of the document asks for: the subkey of
 * the initiator if keys has it, else the session key, else none.  The error's
 * e_text is made printable first.
 *
 * @param context a Kerberos 5 context
 * @param error2 the fields; its key is not looked at
 * @param sender who we are
 * @param keys the keys that both sides have
 * @param pdu the octets, free with krb5_data_free(); empty on failure
 *
 * @return 0, the code of the rule that error2 breaks (see the top of
 * krb_error2.c), ASN1_OVERFLOW when there are too many octets, ENOMEM, or
 * the error of krb5_crypto_init() for a key.
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_encode_error2(krb5_context context,
			const struct krb5_ext_error2 *error2,
			enum krb5_ext_sender sender,
			const struct krb5_ext_error2_keys *keys,
			krb5_data *pdu)
{
    EncKRBErrorPart part;	/* aliases into error2 */
    KRB_ERROR2 msg;
    heim_octet_string e_text;
    krb5_data plain;
    const krb5_keyblock *key;
    krb5_error_code ret;
    unsigned int seq_number;
    size_t size;

    krb5_data_zero(pdu);
    krb5_data_zero(&plain);
    krb5_data_zero(&e_text);
    memset(&msg, 0, sizeof(msg));

    msg.pvno = 5;
    msg.msg_type = KRB5_EXT_MSG_TYPE_ERROR2;
    msg.enc_part_key = keys->subkey ? KRB5_EXT_ERROR2_KEY_SUBKEY :
	keys->session ? KRB5_EXT_ERROR2_KEY_SESSION :
	KRB5_EXT_ERROR2_KEY_NULL;
    ret = select_key(context, msg.enc_part_key, keys, &key);
    if (ret)
	goto out;
    ret = make_part(error2, &part, &seq_number, &e_text);
    if (ret)
	goto out;
    ret = check_fields(context, &part,
		       subkey_rule(msg.enc_part_key, sender, keys));
    if (ret)
	goto out;
    ASN1_MALLOC_ENCODE(EncKRBErrorPart, plain.data, plain.length, &part,
		       &size, ret);
    if (ret) {
	krb5_data_zero(&plain);
	goto out;
    }
    if (size != plain.length)
	krb5_abortx(context, "internal error in ASN.1 encoder");
    ret = seal(context, key, &plain, &msg.enc_part);
    if (ret)
	goto out;
    ret = encode_pdu(context, &msg, pdu);

 out:
    free_secret(&plain);
    free(e_text.data);
    free_KRB_ERROR2(&msg);
    return ret;
}

/* ------------------------------------------------------------ decoding */

/*
 * What is inside of the element, which has to fill all of p and be written
 * as DER does.  *inside is an alias into p.
 */
static krb5_error_code
enter(const unsigned char *p, size_t len, Der_class class, unsigned int tag,
      heim_octet_string *inside)
{
    krb5_error_code ret;
    Der_type type;
    size_t length, head;

    ret = der_match_tag_and_length(p, len, class, &type, tag, &length, &head);
    if (ret)
	return ret;
    if (type != CONS)
	return ASN1_BAD_ID;
    if (head != der_length_tag(tag) + der_length_len(length))
	return ASN1_GOT_BER;
    if (length > len - head)
	return ASN1_OVERRUN;
    if (length < len - head)
	return ASN1_EXTRA_DATA;
    inside->data = rk_UNCONST(p + head);
    inside->length = length;
    return 0;
}

/*
 * The fields of EncKRBErrorPart in the element that p is.
 */
static krb5_error_code
enter_part(const unsigned char *p, size_t len, heim_octet_string *fields)
{
    krb5_error_code ret;

    ret = enter(p, len, ASN1_C_APPL, KRB5_EXT_TAG_ENC_ERROR2_PART, fields);
    if (ret)
	return ret;
    return enter(fields->data, fields->length, ASN1_C_UNIV, UT_Sequence,
		 fields);
}

/*
 * What later versions add behind the fields we know ("..."): elements with
 * tags of their own, in order.
 */
static krb5_error_code
check_extensions(const unsigned char *p, size_t len)
{
    unsigned int tag, last = LAST_FIELD;
    krb5_error_code ret;
    Der_class class;
    Der_type type;
    size_t length, size;

    while (len > 0) {
	ret = der_get_tag(p, len, &class, &type, &tag, &size);
	if (ret)
	    return ret;
	if (class != ASN1_C_CONTEXT || tag <= last)
	    return ASN1_MISPLACED_FIELD;
	if (size != der_length_tag(tag))
	    return ASN1_GOT_BER;
	last = tag;
	p += size;
	len -= size;
	ret = der_get_length(p, len, &length, &size);
	if (ret)
	    return ret;
	if (length == ASN1_INDEFINITE || size != der_length_len(length))
	    return ASN1_GOT_BER;
	if (length > len - size)
	    return ASN1_OVERRUN;
	p += size + length;
	len -= size + length;
    }
    return 0;
}

/*
 * The decoder takes forms that DER does not have, and takes a known field
 * that comes out of order for one that is not known.  So the fields are
 * written again and compared; there may only be more behind them.
 */
static krb5_error_code
check_part_der(const krb5_data *plain, const EncKRBErrorPart *part)
{
    heim_octet_string got, known;
    krb5_error_code ret;
    krb5_data again;
    size_t size;

    ASN1_MALLOC_ENCODE(EncKRBErrorPart, again.data, again.length, part, &size,
		       ret);
    if (ret)
	return ret;
    ret = enter_part(plain->data, plain->length, &got);
    if (ret)
	goto out;
    ret = enter_part(again.data, again.length, &known);
    if (ret)
	goto out;
    if (got.length < known.length ||
	ct_memcmp(got.data, known.data, known.length) != 0) {
	ret = ASN1_GOT_BER;
	goto out;
    }
    ret = check_extensions((unsigned char *)got.data + known.length,
			   got.length - known.length);

 out:
    free_secret(&again);
    return ret;
}

/*
 * As check_part_der(), for the type that cannot be extended.
 */
static krb5_error_code
check_pdu_der(const krb5_data *pdu, const KRB_ERROR2 *msg)
{
    krb5_error_code ret;
    krb5_data again;
    size_t size;

    ASN1_MALLOC_ENCODE(KRB_ERROR2, again.data, again.length, msg, &size, ret);
    if (ret)
	return ret;
    if (again.length != pdu->length ||
	ct_memcmp(again.data, pdu->data, pdu->length) != 0)
	ret = ASN1_GOT_BER;
    krb5_data_free(&again);
    return ret;
}

/*
 * The outer PDU.  Free with free_KRB_ERROR2(), after success only.
 */
static krb5_error_code
decode_pdu(krb5_context context, const krb5_data *pdu, KRB_ERROR2 *msg)
{
    krb5_error_code ret;
    size_t size;

    memset(msg, 0, sizeof(*msg));
    if (pdu->length > KRB5_EXT_ERROR2_MAX_SIZE)
	return refuse(context, ASN1_OVERFLOW, N_("it is too large", ""));
    ret = der_match_tag(pdu->data, pdu->length, ASN1_C_APPL, CONS,
			KRB5_EXT_TAG_ERROR2, NULL);
    if (ret && ret != ASN1_OVERRUN)
	return refuse(context, KRB5KRB_AP_ERR_MSG_TYPE,
		      N_("this is another message", ""));
    ret = decode_KRB_ERROR2(pdu->data, pdu->length, msg, &size);
    if (ret)
	return refuse(context, ret, N_("it cannot be decoded", ""));
    if (size != pdu->length)
	ret = refuse(context, ASN1_EXTRA_DATA,
		     N_("there is something behind it", ""));
    else if (msg->pvno != 5)
	ret = refuse(context, KRB5KRB_AP_ERR_BADVERSION,
		     N_("the version is not 5", ""));
    else if (msg->msg_type != KRB5_EXT_MSG_TYPE_ERROR2)
	ret = refuse(context, KRB5KRB_AP_ERR_MSG_TYPE,
		     N_("the message type is not its own", ""));
    else if (msg->enc_part.kvno != NULL)
	ret = refuse(context, ASN1_MISPLACED_FIELD,
		     N_("a key version where there cannot be one", ""));
    else if ((ret = check_pdu_der(pdu, msg)) != 0)
	(void)refuse(context, ret, N_("it is not DER", ""));
    if (ret)
	free_KRB_ERROR2(msg);
    return ret;
}

/*
 * Decrypt enc.  An enctype that encrypts whole blocks leaves what it padded
 * with, less than *block octets, behind what was encrypted.  Free plain with
 * free_secret().
 */
static krb5_error_code
unseal(krb5_context context, const krb5_keyblock *key,
       const EncryptedData *enc, krb5_data *plain, size_t *block)
{
    krb5_crypto crypto;
    krb5_error_code ret;

    *block = 1;
    if (enc->etype != (key ? key->keytype : KRB5_ENCTYPE_NULL))
	return refuse(context, KRB5_BAD_ENCTYPE,
		      N_("the enctype is not that of the key", ""));
    if (key == NULL) {
	ret = krb5_data_copy(plain, enc->cipher.data, enc->cipher.length);
	return ret ? krb5_enomem(context) : 0;
    }
    ret = krb5_crypto_init(context, key, 0, &crypto);
    if (ret)
	return ret;
    ret = krb5_crypto_getpadsize(context, crypto, block);
    if (ret == 0)
	ret = krb5_decrypt_EncryptedData(context, crypto, KRB5_EXT_KU_ERROR2,
					 enc, plain);
    krb5_crypto_destroy(context, crypto);
    if (ret == KRB5_BAD_MSIZE)
	ret = refuse(context, KRB5KRB_AP_ERR_BAD_INTEGRITY,
		     N_("no key made a message of this length", ""));
    return ret;
}

/*
 * Cut off what is behind the element in plain, less than block octets.
 */
static krb5_error_code
cut_padding(krb5_data *plain, size_t block)
{
    krb5_error_code ret;
    size_t length, head;
    Der_type type;

    ret = der_match_tag_and_length(plain->data, plain->length, ASN1_C_APPL,
				   &type, KRB5_EXT_TAG_ENC_ERROR2_PART,
				   &length, &head);
    if (ret)
	return ret;
    if (type != CONS)
	return ASN1_BAD_ID;
    if (length > plain->length - head)
	return ASN1_OVERRUN;
    if (plain->length - head - length >= block)
	return ASN1_EXTRA_DATA;
    plain->length = head + length;
    return 0;
}

/*
 * The encrypted part.  Free with free_part(), after success only.
 */
static krb5_error_code
decode_part(krb5_context context, const krb5_data *sealed, size_t block,
	    EncKRBErrorPart *part)
{
    krb5_data plain = *sealed;	/* alias */
    krb5_error_code ret;
    size_t size;

    memset(part, 0, sizeof(*part));
    ret = cut_padding(&plain, block);
    if (ret)
	return refuse(context, ret, N_("the encrypted part is not one", ""));
    ret = decode_EncKRBErrorPart(plain.data, plain.length, part, &size);
    if (ret)
	return refuse(context, ret,
		      N_("the encrypted part cannot be decoded", ""));
    if (size != plain.length)
	ret = ASN1_EXTRA_DATA;
    else
	ret = check_part_der(&plain, part);
    if (ret)
	(void)refuse(context, ret, N_("the encrypted part is not DER", ""));
    return ret;
}

/*
 * free_EncKRBErrorPart() does not clear the key.
 */
static void
free_part(EncKRBErrorPart *part)
{
    if (part->subkey != NULL && part->subkey->keyvalue.data != NULL)
	memset_s(part->subkey->keyvalue.data, part->subkey->keyvalue.length,
		 0, part->subkey->keyvalue.length);
    free_EncKRBErrorPart(part);
}

/*
 * Move what part has to error2, whose e_text and key are set.
 */
static void
take_part(EncKRBErrorPart *part, struct krb5_ext_error2 *error2)
{
    error2->challenge = part->continue_challenge;	/* steal */
    krb5_data_zero(&part->continue_challenge);
    error2->stime = part->stime;
    error2->susec = part->susec;
    error2->subkey = part->subkey;			/* steal */
    part->subkey = NULL;
    if (part->seq_number != NULL)
	error2->seq_number = *part->seq_number;
    error2->error_code = part->error_code;
    error2->continue_needed = part->e_flags == krb_error2_continue_needed;
    error2->ad_data = part->ad_data;			/* steal */
    part->ad_data = NULL;
    error2->tgt = part->tgt;				/* steal */
    part->tgt = NULL;
}

/**
 * Decrypt and decode a KRB-ERROR2.
 *
 * @param context a Kerberos 5 context
 * @param pdu the octets, without the framing of RFC 2743 3.1 and token ID
 * @param sender who sent it
 * @param keys the keys that we have; subkey is what the Authenticator
 * asserted, NULL when that asserted none
 * @param error2 the fields, free with _krb5_ext_free_error2(); all zero on
 * failure.  Its member key says how far it can be believed.
 *
 * @return 0, or the code of the rule that it breaks: see the top of
 * krb_error2.c; ENOMEM; the error of krb5_crypto_init() for a key.
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_decode_error2(krb5_context context, const krb5_data *pdu,
			enum krb5_ext_sender sender,
			const struct krb5_ext_error2_keys *keys,
			struct krb5_ext_error2 *error2)
{
    KRB_ERROR2 msg;
    EncKRBErrorPart part;
    krb5_data plain;
    const krb5_keyblock *key;
    char *e_text = NULL;
    krb5_error_code ret;
    size_t block;

    memset(error2, 0, sizeof(*error2));
    memset(&part, 0, sizeof(part));
    krb5_data_zero(&plain);

    ret = decode_pdu(context, pdu, &msg);
    if (ret)
	return ret;
    ret = select_key(context, msg.enc_part_key, keys, &key);
    if (ret)
	goto out;
    ret = unseal(context, key, &msg.enc_part, &plain, &block);
    if (ret)
	goto out;
    ret = decode_part(context, &plain, block, &part);
    if (ret)
	goto out;
    ret = check_fields(context, &part,
		       subkey_rule(msg.enc_part_key, sender, keys));
    if (ret)
	goto out;
    if (part.e_text != NULL) {
	ret = _krb5_ext_printable_text(part.e_text->data,
				       part.e_text->length, &e_text);
	if (ret) {
	    (void)krb5_enomem(context);	/* sets the message */
	    goto out;
	}
    }
    error2->key = msg.enc_part_key;
    error2->e_text = e_text;
    take_part(&part, error2);

 out:
    free_part(&part);
    free_secret(&plain);
    free_KRB_ERROR2(&msg);
    return ret;
}

/**
 * Free what _krb5_ext_decode_error2() put into error2, and clear it.  The
 * subkey is overwritten.
 *
 * @param error2 may be all zero, or freed already
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION void KRB5_LIB_CALL
_krb5_ext_free_error2(struct krb5_ext_error2 *error2)
{
    krb5_data_free(&error2->challenge);
    if (error2->subkey != NULL) {
	free_secret(&error2->subkey->keyvalue);
	free(error2->subkey);
    }
    free(error2->e_text);
    if (error2->ad_data != NULL) {
	free_AuthorizationData(error2->ad_data);
	free(error2->ad_data);
    }
    if (error2->tgt != NULL) {
	free_Ticket(error2->tgt);
	free(error2->tgt);
    }
    memset(error2, 0, sizeof(*error2));
}

/* ---------------------------------------------------------------- text */

/*
 * The character at p (RFC 3629).  Returns its size, 0 when it is not one.
 */
static size_t
get_utf8(const unsigned char *p, size_t len, uint32_t *character)
{
    static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t c = p[0];
    size_t i, size;

    if (c < 0x80)
	size = 1;
    else if (c >= 0xc0 && c < 0xe0)
	size = 2, c &= 0x1f;
    else if (c >= 0xe0 && c < 0xf0)
	size = 3, c &= 0x0f;
    else if (c >= 0xf0 && c < 0xf8)
	size = 4, c &= 0x07;
    else
	return 0;
    if (size > len)
	return 0;
    for (i = 1; i < size; i++) {
	if ((p[i] & 0xc0) != 0x80)
	    return 0;
	c = c << 6 | (p[i] & 0x3f);
    }
    if (c < smallest[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
	return 0;
    *character = c;
    return size;
}

/*
 * Whether a terminal or a log shows the character and does nothing else: no
 * controls (C0, DEL, C1), no line or paragraph separator, nothing that turns
 * the direction of what follows, no noncharacters.
 */
static int
is_shown(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c <= 0x9f) &&
	c != 0x061c && c != 0x200e && c != 0x200f &&
	!(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) &&
	c != 0xfeff && !(c >= 0xfdd0 && c <= 0xfdef) &&
	(c & 0xfffe) != 0xfffe;
}

/**
 * Make text of a peer fit to be shown: each octet that is no UTF-8, and each
 * character that is not shown as such, becomes a "?".  What is more than
 * KRB5_EXT_E_TEXT_MAX octets is cut off between two characters.
 *
 * Does not set an error message.
 *
 * @param text octets, NUL among them or not; may be NULL when length is 0
 * @param length how many
 * @param printable a string, free with free(); NULL on failure
 *
 * @return 0 or ENOMEM
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_printable_text(const void *text, size_t length, char **printable)
{
    const unsigned char *p = text;
    size_t size, in = 0, out = 0;
    uint32_t c;
    char *s;

    *printable = s = malloc(min(length, KRB5_EXT_E_TEXT_MAX) + 1);
    if (s == NULL)
	return ENOMEM;
    while (in < length && out < KRB5_EXT_E_TEXT_MAX) {
	size = get_utf8(p + in, length - in, &c);
	if (size > KRB5_EXT_E_TEXT_MAX - out)
	    break;
	if (size == 0 || !is_shown(c)) {
	    s[out++] = '?';
	    in += size ? size : 1;
	} else {
	    memcpy(s + out, p + in, size);
	    out += size;
	    in += size;
	}
    }
    s[out] = '\0';
    return 0;
}
