/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the text on 2b tokens allows a krb524 service to do with a ticket:
 * take out what the server does not need, and encrypt it in another key of the
 * server's.  Never another session key: the client could not be told.
 */

#include <config.h>
#include <roken.h>

#include "krb524.h"

/*
 * Whether no element restricts what the ticket may be used for.  Whoever does
 * not understand what is inside of AD-IF-RELEVANT may leave it out (RFC 4120
 * 5.2.6.1), as may we; a PAC is in there, and its signature is lost in any
 * case.  Everything else has to be understood by the server.
 */
static krb5_boolean
is_unrestricted(const AuthorizationData *ad)
{
    unsigned int i;

    if (ad == NULL)
	return TRUE;
    for (i = 0; i < ad->len; i++)
	if (ad->val[i].ad_type != KRB5_AUTHDATA_IF_RELEVANT)
	    return FALSE;
    return TRUE;
}

/**
 * Copy a ticket's encrypted part without its addresses and authorization data.
 * The transited realms stay, and are marked as checked: check them first.
 *
 * @param in the ticket's
 * @param out the copy; free it with free_EncTicketPart() on success
 * @param why set to the reason of a failure; not to be freed
 *
 * @return 0; KRB5KDC_ERR_POLICY if authorization data would get lost that
 *         restricts the ticket; or ENOMEM
 */
krb5_error_code
_kdc_krb524_strip(const EncTicketPart *in, EncTicketPart *out,
		  const char **why)
{
    EncTicketPart less = *in;	/* aliases into in; do not free */
    krb5_error_code ret;

    memset(out, 0, sizeof(*out));
    if (!is_unrestricted(in->authorization_data)) {
	*why = "authorization data restricts the ticket";
	return KRB5KDC_ERR_POLICY;
    }
    less.caddr = NULL;
    less.authorization_data = NULL;
    less.flags.transited_policy_checked = 1;
    ret = copy_EncTicketPart(&less, out);
    if (ret)
	*why = "out of memory";
    return ret;
}

/**
 * Encrypt a ticket's encrypted part.
 *
 * @param context a Kerberos 5 context
 * @param key the service's
 * @param kvno of the key; the server has nothing else to find it by
 * @param part what to encrypt
 * @param sealed the result; free it with free_EncryptedData() on success
 *
 * @return 0 or an error
 */
krb5_error_code
_kdc_krb524_seal(krb5_context context, const krb5_keyblock *key,
		 krb5_kvno kvno, const EncTicketPart *part,
		 EncryptedData *sealed)
{
    krb5_crypto crypto = NULL;
    krb5_error_code ret;
    size_t len = 0;
    krb5_data der;

    memset(sealed, 0, sizeof(*sealed));
    ASN1_MALLOC_ENCODE(EncTicketPart, der.data, der.length, part, &len, ret);
    if (ret)
	return ret;
    ret = krb5_crypto_init(context, key, ETYPE_NULL, &crypto);
    if (ret == 0)
	ret = krb5_encrypt_EncryptedData(context, crypto, KRB5_KU_TICKET,
					 der.data, len, kvno, sealed);
    if (crypto)
	krb5_crypto_destroy(context, crypto);
    memset_s(der.data, der.length, 0, der.length);	/* the session key */
    krb5_data_free(&der);
    return ret;
}
