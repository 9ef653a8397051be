/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See keysearch.h.
 *
 * Order of the trials, all of them of the ticket's enctype:
 *
 *   1. entries of the ticket's own server name, newest version first;
 *   2. other entries, as they stand in the keytab.
 *
 * A key is right when the ticket's encrypted part verifies with it.  What the
 * ticket or the Authenticator then say is the caller's to judge, once: a
 * ticket that has expired is not tried with further keys.
 *
 * Result when no key is right (RFC 4120 7.5.9):
 *
 *   server has keys of the enctype, of other versions  KRB_AP_ERR_BADKEYVER
 *   server has keys, of other enctypes                 KRB_AP_ERR_NOKEY
 *   server is not in the keytab                        KRB_AP_ERR_NOT_US
 */

#include "krb5_locl.h"

#include "keysearch.h"

struct keysearch {
    krb5_keytab_entry candidate[KEYSEARCH_MAX_TRIALS];	/* owner */
    size_t count;
    size_t own;			/* the first so many are the server's */
    int server_seen;		/* with whatever enctype */
};

static void
free_search(krb5_context context, struct keysearch *search)
{
    while (search->count > 0)
	krb5_kt_free_entry(context, &search->candidate[--search->count]);
}

/*
 * Put entry where it belongs.  Steals its contents, or frees them when there
 * are enough better ones.
 */
static void
add_candidate(krb5_context context, struct keysearch *search,
	      krb5_keytab_entry *entry, int own)
{
    size_t pos = search->count;

    if (own) {
	pos = search->own;
	while (pos > 0 && search->candidate[pos - 1].vno < entry->vno)
	    pos--;
    }
    if (pos == KEYSEARCH_MAX_TRIALS) {
	krb5_kt_free_entry(context, entry);
	return;
    }
    if (search->count == KEYSEARCH_MAX_TRIALS) {
	if (search->own == search->count)
	    search->own--;
	krb5_kt_free_entry(context, &search->candidate[--search->count]);
    }
    memmove(&search->candidate[pos + 1], &search->candidate[pos],
	    (search->count - pos) * sizeof(search->candidate[0]));
    search->candidate[pos] = *entry;
    memset(entry, 0, sizeof(*entry));
    search->count++;
    if (own)
	search->own++;
}

/*
 * Read the keytab and choose.  Free with free_search(), also after an error.
 */
static krb5_error_code
collect(krb5_context context, krb5_keytab keytab, krb5_const_principal server,
	krb5_enctype enctype, struct keysearch *search)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    krb5_error_code ret;
    int own;

    memset(search, 0, sizeof(*search));
    memset(&cursor, 0, sizeof(cursor));
    ret = krb5_kt_start_seq_get(context, keytab, &cursor);
    if (ret)
	return ret;
    memset(&entry, 0, sizeof(entry));
    while ((ret = krb5_kt_next_entry(context, keytab, &entry,
				     &cursor)) == 0) {
	own = krb5_kt_compare(context, &entry, server, 0, 0);
	if (own)
	    search->server_seen = 1;
	if (entry.keyblock.keytype == enctype)
	    add_candidate(context, search, &entry, own);
	else
	    krb5_kt_free_entry(context, &entry);
	memset(&entry, 0, sizeof(entry));
    }
    (void)krb5_kt_end_seq_get(context, keytab, &cursor); /* nothing to undo */
    return ret == KRB5_KT_END ? 0 : ret;
}

/*
 * 0 when enc, the encrypted part of a ticket, verifies with key.
 */
static krb5_error_code
try_key(krb5_context context, const krb5_keyblock *key,
	const EncryptedData *enc)
{
    krb5_crypto crypto;
    krb5_data plain;
    krb5_error_code ret;

    ret = krb5_crypto_init(context, key, 0, &crypto);
    if (ret)
	return ret;
    ret = krb5_decrypt_EncryptedData(context, crypto, KRB5_KU_TICKET, enc,
				     &plain);
    krb5_crypto_destroy(context, crypto);
    if (ret == 0) {
	memset_s(plain.data, plain.length, 0, plain.length);
	krb5_data_free(&plain);
    }
    return ret;
}

static krb5_error_code
no_key_error(krb5_context context, const struct keysearch *search,
	     krb5_keytab keytab, krb5_const_principal server,
	     const EncryptedData *enc)
{
    krb5_error_code ret = KRB5KRB_AP_ERR_NOT_US;

    if (search->own > 0)
	ret = KRB5KRB_AP_ERR_BADKEYVER;
    else if (search->server_seen)
	ret = KRB5KRB_AP_ERR_NOKEY;
    return _krb5_kt_principal_not_found(context, ret, keytab, server,
					enc->etype,
					enc->kvno ? *enc->kvno : 0);
}

/*
 * Search keytab for the key that opens enc, the encrypted part of a ticket
 * for server.  On success *key (free with krb5_free_keyblock()) is that key
 * and *principal (free with krb5_free_principal()) whose it is.
 */
krb5_error_code
_krb5_ext_search_key(krb5_context context, krb5_keytab keytab,
		     krb5_const_principal server, const EncryptedData *enc,
		     krb5_keyblock **key, krb5_principal *principal)
{
    struct keysearch search;
    krb5_error_code ret;
    size_t i;

    *key = NULL;
    *principal = NULL;

    ret = collect(context, keytab, server, enc->etype, &search);
    if (ret)
	goto out;
    for (i = 0; i < search.count; i++) {
	ret = try_key(context, &search.candidate[i].keyblock, enc);
	if (ret == 0 || ret == ENOMEM)
	    break;
    }
    if (i == search.count) {
	ret = no_key_error(context, &search, keytab, server, enc);
	goto out;
    }
    if (ret)
	goto out;
    ret = krb5_copy_keyblock(context, &search.candidate[i].keyblock, key);
    if (ret)
	goto out;
    ret = krb5_copy_principal(context, search.candidate[i].principal,
			      principal);
    if (ret) {
	krb5_free_keyblock(context, *key);
	*key = NULL;
    }

 out:
    free_search(context, &search);
    return ret;
}

/*
 * What to say when the key of a server that the caller named was not found:
 * code, except that the server may have keys of other versions.
 *
 * That is a difference to krb5_verify_init_creds(), which takes
 * KRB5_KT_NOTFOUND for a host without keys and lets the login pass: a version
 * that a forged ticket makes up is no reason for that.
 */
krb5_error_code
_krb5_ext_missing_key_error(krb5_context context, krb5_keytab keytab,
			    krb5_const_principal server,
			    const EncryptedData *enc, krb5_error_code code)
{
    struct keysearch search;
    krb5_error_code ret;

    if (code != KRB5_KT_NOTFOUND)
	return code;
    ret = collect(context, keytab, server, enc->etype, &search);
    if (ret == 0 && search.own > 0)
	code = KRB5KRB_AP_ERR_BADKEYVER;
    free_search(context, &search);
    return _krb5_kt_principal_not_found(context, code, keytab, server,
					enc->etype,
					enc->kvno ? *enc->kvno : 0);
}
