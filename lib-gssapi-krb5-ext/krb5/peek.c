/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See peek.h.
 */

#include "krb5_locl.h"
#include "peek.h"
#include "keysearch.h"

/*
 * Decrypt; free plain with free_plain().
 */
static krb5_error_code
decrypt(krb5_context context, const krb5_keyblock *key, krb5_key_usage usage,
	const EncryptedData *enc, krb5_data *plain)
{
    krb5_crypto crypto;
    krb5_error_code ret;

    krb5_data_zero(plain);
    /* of the key, whatever the clear says */
    ret = krb5_crypto_init(context, key, 0, &crypto);
    if (ret)
	return ret;
    ret = krb5_decrypt_EncryptedData(context, crypto, usage, enc, plain);
    krb5_crypto_destroy(context, crypto);
    return ret;
}

static void
free_plain(krb5_data *plain)
{
    memset_s(plain->data, plain->length, 0, plain->length);
    krb5_data_free(plain);
}

static krb5_error_code
open_ticket(krb5_context context, const krb5_keyblock *key,
	    const EncryptedData *enc, struct krb5_ext_peek *peek)
{
    krb5_error_code ret;
    krb5_data plain;
    EncTicketPart *part;

    ret = decrypt(context, key, KRB5_KU_TICKET, enc, &plain);
    if (ret)
	return ret;
    part = calloc(1, sizeof(*part));
    if (part == NULL)
	ret = krb5_enomem(context);
    else
	ret = decode_EncTicketPart(plain.data, plain.length, part, NULL);
    free_plain(&plain);
    if (ret) {
	free(part);
	return ret;
    }
    peek->ticket = part;
    ret = krb5_copy_keyblock(context, &part->key, &peek->session);
    memset_s(part->key.keyvalue.data, part->key.keyvalue.length, 0,
	     part->key.keyvalue.length);
    return ret;
}

static krb5_error_code
open_authenticator(krb5_context context, const krb5_keyblock *session,
		   const EncryptedData *enc, Authenticator **authenticator)
{
    krb5_error_code ret;
    krb5_data plain;

    ret = decrypt(context, session, KRB5_KU_AP_REQ_AUTH, enc, &plain);
    if (ret)
	return ret;
    *authenticator = calloc(1, sizeof(**authenticator));
    if (*authenticator == NULL)
	ret = krb5_enomem(context);
    else
	ret = decode_Authenticator(plain.data, plain.length, *authenticator,
				   NULL);
    free_plain(&plain);
    if (ret) {
	free(*authenticator);
	*authenticator = NULL;
    }
    return ret;
}

static void
open_both(krb5_context context, const krb5_keyblock *key, const AP_REQ *req,
	  struct krb5_ext_peek *peek)
{
    if (open_ticket(context, key, &req->ticket.enc_part, peek) == 0)
	(void)open_authenticator(context, peek->session, &req->authenticator,
				 &peek->authenticator);
}

/**
 * Read what can be read of an AP-REQ, whatever is wrong with it.
 *
 * Costs as much as krb5_rd_req_ctx(), the search of keysearch.c included; the
 * caller asks only when a request was refused for something else than a
 * missing key.
 *
 * @param context a Kerberos 5 context
 * @param keytab the acceptor's keys, NULL for the default keytab
 * @param server the principal that the acceptor insists on, NULL for any
 * @param ap_req the octets, without framing
 * @param peek what could be read, nothing on failure; free it with
 *        _krb5_ext_free_peek() in each case
 *
 * @return 0 also when nothing could be decrypted; ENOMEM, or the error of
 *         krb5_decode_ap_req() or krb5_kt_default()
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_peek(krb5_context context, krb5_keytab keytab,
	       krb5_const_principal server, const krb5_data *ap_req,
	       struct krb5_ext_peek *peek)
{
    krb5_keytab def = NULL;
    krb5_principal named = NULL;
    krb5_keyblock *key = NULL;
    krb5_error_code ret;
    AP_REQ req;

    memset(peek, 0, sizeof(*peek));
    ret = krb5_decode_ap_req(context, ap_req, &req);
    if (ret)
	return ret;
    ret = _krb5_principalname2krb5_principal(context, &named,
					     req.ticket.sname,
					     req.ticket.realm);
    if (ret == 0 && keytab == NULL) {
	ret = krb5_kt_default(context, &def);
	keytab = def;
    }
    if (ret)
	goto out;

    if (_krb5_ext_find_key(context, keytab, server, named,
			   &req.ticket.enc_part, &key) == 0)
	open_both(context, key, &req, peek);

 out:
    krb5_free_keyblock(context, key);
    krb5_free_principal(context, named);
    krb5_kt_close(context, def);
    free_AP_REQ(&req);
    return ret;
}

/**
 * The same, when the key is known: a user-to-user ticket's.
 *
 * @param context a Kerberos 5 context
 * @param key what opens the ticket, if anything
 * @param ap_req the octets, without framing
 * @param peek as of _krb5_ext_peek()
 *
 * @return 0, or the error of krb5_decode_ap_req()
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_peek_with(krb5_context context, const krb5_keyblock *key,
		    const krb5_data *ap_req, struct krb5_ext_peek *peek)
{
    krb5_error_code ret;
    AP_REQ req;

    memset(peek, 0, sizeof(*peek));
    ret = krb5_decode_ap_req(context, ap_req, &req);
    if (ret)
	return ret;
    open_both(context, key, &req, peek);
    free_AP_REQ(&req);
    return 0;
}

/**
 * Free what peek has, and clear it.
 *
 * @param context a Kerberos 5 context
 * @param peek may be all zero
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION void KRB5_LIB_CALL
_krb5_ext_free_peek(krb5_context context, struct krb5_ext_peek *peek)
{
    krb5_free_keyblock(context, peek->session);
    if (peek->ticket) {
	free_EncTicketPart(peek->ticket);
	free(peek->ticket);
    }
    if (peek->authenticator) {
	if (peek->authenticator->subkey)
	    krb5_free_keyblock_contents(context, peek->authenticator->subkey);
	/* a delegated credential may be in it, which is not encrypted */
	if (peek->authenticator->cksum)
	    memset_s(peek->authenticator->cksum->checksum.data,
		     peek->authenticator->cksum->checksum.length, 0,
		     peek->authenticator->cksum->checksum.length);
	free_Authenticator(peek->authenticator);
	free(peek->authenticator);
    }
    memset(peek, 0, sizeof(*peek));
}
