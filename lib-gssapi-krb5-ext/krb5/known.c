/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See known.h.
 */

#include "krb5_locl.h"
#include "known.h"

/**
 * Remember the ticket of an AP-REQ.
 *
 * @param context a Kerberos 5 context
 * @param cipher the encrypted part of its ticket; has to stay as long as known
 * @param ticket what is in it; it becomes known's, and nothing is left there
 * @param service the key that has opened it; likewise
 * @param session the session key with what was derived from it, or NULL in it;
 *        it becomes known's, and NULL is left there
 * @param keytype the enctype that the Authenticator wants for a subkey (RFC
 *        4537), or ETYPE_NULL
 * @param known what is remembered, NULL on failure; free it with
 *        _krb5_ext_forget()
 *
 * @return 0, ENOMEM, or the error of krb5_crypto_init()
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION krb5_error_code KRB5_LIB_CALL
_krb5_ext_know(krb5_context context, const EncryptedData *cipher,
	       krb5_ticket *ticket, krb5_keyblock **service,
	       krb5_crypto *session, krb5_enctype keytype,
	       struct krb5_ext_known **known)
{
    struct krb5_ext_known *k;
    krb5_error_code ret;

    *known = NULL;
    if (*session == NULL) {
	ret = krb5_crypto_init(context, &ticket->ticket.key, ETYPE_NULL,
			       session);
	if (ret)
	    return ret;
    }
    k = calloc(1, sizeof(*k));
    if (k == NULL)
	return krb5_enomem(context);
    k->cipher = cipher;				/* alias */
    k->service = *service;			/* steal */
    *service = NULL;
    k->ticket = *ticket;			/* steal */
    memset(ticket, 0, sizeof(*ticket));
    k->session = *session;			/* steal */
    *session = NULL;
    k->keytype = keytype;
    *known = k;
    return 0;
}

/**
 * Whether known->ticket is what service would find in cipher.
 *
 * @param known what is remembered, or NULL
 * @param cipher the encrypted part of a ticket
 * @param service the key that is meant to open it
 */
int
_krb5_ext_is_known(const struct krb5_ext_known *known,
		   const EncryptedData *cipher, const krb5_keyblock *service)
{
    return known != NULL &&
	known->cipher->etype == cipher->etype &&
	der_heim_octet_string_cmp(&known->cipher->cipher,
				  &cipher->cipher) == 0 &&
	known->service->keytype == service->keytype &&
	known->service->keyvalue.length == service->keyvalue.length &&
	ct_memcmp(known->service->keyvalue.data, service->keyvalue.data,
		  service->keyvalue.length) == 0;
}

/**
 * Take what is in the ticket instead of a copy: an exchange needs it once. The
 * names are those that it was taken under the first time.
 *
 * @param known what is remembered; its cipher stays known
 * @param ticket what is in the ticket, the caller's
 */
void
_krb5_ext_lend(struct krb5_ext_known *known, krb5_ticket *ticket)
{
    *ticket = known->ticket;			/* steal */
    memset(&known->ticket, 0, sizeof(known->ticket));
    known->lent = 1;
}

/**
 * Have it again, since the request is refused.
 *
 * @param known what has lent it
 * @param ticket of _krb5_ext_lend(); nothing is left there
 */
void
_krb5_ext_give_back(struct krb5_ext_known *known, krb5_ticket *ticket)
{
    known->ticket = *ticket;			/* steal */
    memset(ticket, 0, sizeof(*ticket));
    known->lent = 0;
}

static void
wipe(heim_octet_string *key)
{
    if (key->length != 0)
	memset_s(key->data, key->length, 0, key->length);
}

/**
 * Free what is remembered, and overwrite its keys.
 *
 * @param context a Kerberos 5 context
 * @param known of _krb5_ext_know(), or NULL in it; then NULL
 *
 * @ingroup krb5
 */
KRB5_LIB_FUNCTION void KRB5_LIB_CALL
_krb5_ext_forget(krb5_context context, struct krb5_ext_known **known)
{
    struct krb5_ext_known *k = *known;

    *known = NULL;
    if (k == NULL)
	return;
    krb5_free_keyblock(context, k->service);
    wipe(&k->ticket.ticket.key.keyvalue);
    krb5_free_principal(context, k->ticket.client);
    krb5_free_principal(context, k->ticket.server);
    free_EncTicketPart(&k->ticket.ticket);
    krb5_crypto_destroy(context, k->session);
    free(k);
}
