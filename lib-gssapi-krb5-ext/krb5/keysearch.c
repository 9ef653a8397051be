/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See keysearch.h.
 *
 * Order of the trials, all of them of the ticket's enctype:
 *
 *   1. keys of the server: the acceptor's own if it insists on a name,
 *      otherwise that of the ticket;
 *   2. keys of the computer, for a ticket for RestrictedKrbHost (computer.c);
 *   3. other keys, as they stand in the keytab, if the acceptor does not
 *      insist on a name and 2. does not apply.
 *
 * Within 1. and 2. those of the ticket's version come first, then the newest.
 * A keytab may have the last 8 bits of a version only, so those are compared.
 *
 * A key is right when the ticket's encrypted part verifies with it.  What the
 * ticket or the Authenticator then say is the caller's to judge, once: a
 * ticket that has expired is not tried with further keys.
 *
 * Result when no key is right (RFC 4120 7.5.9, [MS-KILE] 3.4.5):
 *
 *   keys of 1. or 2., of the ticket's version     KRB_AP_ERR_MODIFIED
 *   keys of 1. or 2., of other versions           KRB_AP_ERR_BADKEYVER
 *   the server has keys, of other enctypes        KRB_AP_ERR_NOKEY
 *   it has none, and the acceptor insists on it   KRB5_KT_NOTFOUND
 *   it has none                                   KRB_AP_ERR_NOT_US
 *
 * A ticket without a version is of each; one of enctype 0, which
 * krb5_kt_get_entry() takes for any, is of no key's.  krb5_verify_init_creds()
 * takes KRB5_KT_NOTFOUND for a host without keys and lets the login pass; a
 * version or an enctype that a forged ticket makes up does not get there.
 */

#include "krb5_locl.h"

#include "computer.h"
#include "keysearch.h"

enum rank {
    RANK_SERVER_VERSION, RANK_SERVER, RANK_COMPUTER_VERSION, RANK_COMPUTER,
    RANK_OTHER, RANK_NONE
};

struct candidate {
    krb5_keytab_entry entry;	/* owner */
    enum rank rank;
};

struct keysearch {
    /* what is wanted; aliases */
    krb5_const_principal insisted;	/* or NULL */
    krb5_const_principal named;
    const EncryptedData *enc;
    const krb5_keyblock *tried;		/* does not open it; or NULL */
    int computer;			/* 2. applies */

    /* what there is */
    struct candidate candidate[KEYSEARCH_MAX_TRIALS];
    size_t count;
    enum rank best;			/* also of those that were tried */
    int server_seen;			/* with whatever enctype */
};

static void
free_search(krb5_context context, struct keysearch *search)
{
    while (search->count > 0)
	krb5_kt_free_entry(context,
			   &search->candidate[--search->count].entry);
}

static krb5_const_principal
server_of(const struct keysearch *search)
{
    return search->insisted ? search->insisted : search->named;
}

static int
is_version(const EncryptedData *enc, krb5_kvno vno)
{
    return enc->kvno == NULL || ((*enc->kvno ^ vno) & 0xff) == 0;
}

static enum rank
rank_of(krb5_context context, const struct keysearch *search,
	krb5_keytab_entry *entry, int own)
{
    int version = is_version(search->enc, entry->vno);

    if (_krb5_ext_is_des_refused(context, entry->principal, NULL,
				 entry->keyblock.keytype))
	return RANK_NONE;
    if (own)
	return version ? RANK_SERVER_VERSION : RANK_SERVER;
    if (search->computer) {
	if (!_krb5_ext_is_computer_of(context, search->named,
				      entry->principal))
	    return RANK_NONE;
	return version ? RANK_COMPUTER_VERSION : RANK_COMPUTER;
    }
    return search->insisted ? RANK_NONE : RANK_OTHER;
}

static int
is_same_key(const krb5_keyblock *a, const krb5_keyblock *b)
{
    return a->keytype == b->keytype &&
	a->keyvalue.length == b->keyvalue.length &&
	ct_memcmp(a->keyvalue.data, b->keyvalue.data,
		  a->keyvalue.length) == 0;
}

/*
 * Whether a is to be tried before b, which was found earlier.
 */
static int
is_better(const struct candidate *a, const struct candidate *b)
{
    if (a->rank != b->rank)
	return a->rank < b->rank;
    return a->rank < RANK_OTHER && a->entry.vno > b->entry.vno;
}

/*
 * Put new where it belongs.  Steals its entry, or frees it when there are
 * enough better ones.
 */
static void
add_candidate(krb5_context context, struct keysearch *search,
	      struct candidate *new)
{
    size_t limit = KEYSEARCH_MAX_TRIALS - (search->tried != NULL);
    size_t pos = search->count;

    while (pos > 0 && is_better(new, &search->candidate[pos - 1]))
	pos--;
    if (pos == limit) {
	krb5_kt_free_entry(context, &new->entry);
	return;
    }
    if (search->count == limit)
	krb5_kt_free_entry(context,
			   &search->candidate[--search->count].entry);
    memmove(&search->candidate[pos + 1], &search->candidate[pos],
	    (search->count - pos) * sizeof(search->candidate[0]));
    search->candidate[pos] = *new;
    search->count++;
}

/*
 * Look at an entry of the keytab: keep it or free it.
 */
static void
consider(krb5_context context, struct keysearch *search,
	 krb5_keytab_entry *entry)
{
    int own = krb5_kt_compare(context, entry, server_of(search), 0, 0);
    struct candidate new;

    if (own)
	search->server_seen = 1;
    new.rank = RANK_NONE;
    if (entry->keyblock.keytype == search->enc->etype)
	new.rank = rank_of(context, search, entry, own);
    if (new.rank < search->best)
	search->best = new.rank;
    if (new.rank == RANK_NONE ||
	(search->tried && is_same_key(search->tried, &entry->keyblock))) {
	krb5_kt_free_entry(context, entry);
	return;
    }
    new.entry = *entry;
    add_candidate(context, search, &new);
}

/*
 * The keytab is the KDC's database, or another that is asked by name and may
 * be large: the newest key of the server is all that is looked at.
 */
static krb5_error_code
collect_by_name(krb5_context context, krb5_keytab keytab,
		struct keysearch *search)
{
    krb5_keytab_entry entry;
    krb5_error_code ret;

    memset(&entry, 0, sizeof(entry));
    ret = krb5_kt_get_entry(context, keytab, server_of(search), 0,
			    search->enc->etype, &entry);
    if (ret == 0)
	consider(context, search, &entry);
    return ret == KRB5_KT_NOTFOUND ? 0 : ret;
}

/*
 * Read the keytab and choose.
 */
static krb5_error_code
collect(krb5_context context, krb5_keytab keytab, struct keysearch *search)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    krb5_error_code ret;

    if (keytab->get != NULL)
	return collect_by_name(context, keytab, search);
    memset(&cursor, 0, sizeof(cursor));
    ret = krb5_kt_start_seq_get(context, keytab, &cursor);
    if (ret)	/* as krb5_kt_get_entry() has it */
	return search->insisted ? KRB5_KT_NOTFOUND : ret;
    memset(&entry, 0, sizeof(entry));
    while ((ret = krb5_kt_next_entry(context, keytab, &entry,
				     &cursor)) == 0) {
	consider(context, search, &entry);
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

/*
 * The first key that opens the ticket; NULL if none does, or, with ENOMEM in
 * *ret, that could not be found out.
 */
static const struct candidate *
try_candidates(krb5_context context, const struct keysearch *search,
	       krb5_error_code *ret)
{
    size_t i;

    for (i = 0; i < search->count; i++) {
	*ret = try_key(context, &search->candidate[i].entry.keyblock,
		       search->enc);
	if (*ret == 0)
	    return &search->candidate[i];
	if (*ret == ENOMEM)
	    return NULL;
    }
    *ret = 0;
    return NULL;
}

static krb5_error_code
no_key_error(krb5_context context, const struct keysearch *search,
	     krb5_keytab keytab)
{
    const EncryptedData *enc = search->enc;
    krb5_error_code ret = KRB5KRB_AP_ERR_NOT_US;
    int tried = search->tried != NULL;

    if ((tried && enc->etype != ETYPE_NULL) ||
	search->best == RANK_SERVER_VERSION ||
	search->best == RANK_COMPUTER_VERSION)
	return _krb5_ext_modified(context, KRB5KRB_AP_ERR_BAD_INTEGRITY);
    if (search->best < RANK_OTHER)
	ret = KRB5KRB_AP_ERR_BADKEYVER;
    else if (tried || search->server_seen)
	ret = KRB5KRB_AP_ERR_NOKEY;
    else if (search->insisted)
	ret = KRB5_KT_NOTFOUND;
    return _krb5_kt_principal_not_found(context, ret, keytab,
					server_of(search), enc->etype,
					enc->kvno ? *enc->kvno : 0);
}

/**
 * Search a keytab for the key that opens a ticket.
 *
 * @param context a Kerberos 5 context
 * @param keytab the acceptor's keys
 * @param insisted the name that the acceptor insists on, NULL for any
 * @param named the name in the ticket
 * @param enc its encrypted part
 * @param tried the key of the server's and the ticket's version, which does
 *        not open it; NULL if there is none
 * @param key on success the key; free it with krb5_free_keyblock()
 * @param principal on success whose it is, if it was found under a third
 *        name, otherwise NULL; free it with krb5_free_principal()
 *
 * @return 0, an error of the keytab, ENOMEM, or what is said above
 *
 * @ingroup krb5
 */
krb5_error_code
_krb5_ext_search_key(krb5_context context, krb5_keytab keytab,
		     krb5_const_principal insisted,
		     krb5_const_principal named, const EncryptedData *enc,
		     const krb5_keyblock *tried,
		     krb5_keyblock **key, krb5_principal *principal)
{
    const struct candidate *found = NULL;
    struct keysearch search;
    krb5_error_code ret;

    *key = NULL;
    *principal = NULL;

    memset(&search, 0, sizeof(search));
    search.insisted = insisted;
    search.named = named;
    search.enc = enc;
    search.tried = tried;
    search.best = RANK_NONE;
    search.computer = _krb5_ext_opens_for_computer(context, insisted, named);
    ret = _krb5_ext_check_enctype(context, insisted, named, enc->etype);
    if (ret)
	return ret;

    ret = collect(context, keytab, &search);
    if (ret == 0)
	found = try_candidates(context, &search, &ret);
    if (ret == 0 && found == NULL)
	ret = no_key_error(context, &search, keytab);
    if (ret == 0)
	ret = krb5_copy_keyblock(context, &found->entry.keyblock, key);
    if (ret == 0 && found->rank == RANK_OTHER)
	ret = krb5_copy_principal(context, found->entry.principal, principal);
    if (ret) {
	krb5_free_keyblock(context, *key);
	*key = NULL;
    }
    free_search(context, &search);
    return ret;
}

/**
 * The key that krb5_rd_req_ctx() has opened a ticket with.
 *
 * @param context a Kerberos 5 context
 * @param keytab the acceptor's keys
 * @param server the acceptor's name, NULL for any
 * @param named the name in the ticket
 * @param enc its encrypted part
 * @param key on success the key; free it with krb5_free_keyblock()
 *
 * @return 0, or the error of _krb5_ext_search_key()
 *
 * @ingroup krb5
 */
krb5_error_code
_krb5_ext_find_key(krb5_context context, krb5_keytab keytab,
		   krb5_const_principal server,
		   krb5_const_principal named, const EncryptedData *enc,
		   krb5_keyblock **key)
{
    krb5_const_principal insisted = server;
    krb5_principal owner = NULL;
    krb5_keytab_entry entry;
    krb5_error_code ret;
    int exact;

    *key = NULL;
    memset(&entry, 0, sizeof(entry));
    if (context->flags & KRB5_CTX_F_RD_REQ_IGNORE)
	insisted = NULL;
    ret = krb5_kt_get_entry(context, keytab, server ? server : named,
			    enc->kvno ? *enc->kvno : 0, enc->etype, &entry);
    exact = ret == 0;
    if (exact && _krb5_ext_is_des_refused(context, server, named,
					  entry.keyblock.keytype))
	ret = KRB5KRB_AP_ERR_MODIFIED;
    else if (exact && try_key(context, &entry.keyblock, enc) == 0)
	ret = krb5_copy_keyblock(context, &entry.keyblock, key);
    else
	ret = _krb5_ext_search_key(context, keytab, insisted, named, enc,
				   exact ? &entry.keyblock : NULL, key,
				   &owner);
    if (exact)
	krb5_kt_free_entry(context, &entry);
    krb5_free_principal(context, owner);
    return ret;
}

/**
 * Whether an error of decryption says that the octets are not what was
 * encrypted with the key: also those that cannot be, for their length.
 *
 * @param code of krb5_decrypt_EncryptedData()
 */
int
_krb5_ext_is_modified(krb5_error_code code)
{
    return code == KRB5KRB_AP_ERR_BAD_INTEGRITY || code == KRB5_BAD_MSIZE;
}

/**
 * What an application server calls the error of decrypting a ticket or an
 * Authenticator ([MS-KILE] 3.4.5).  The KDC keeps libkrb5's code, by which it
 * knows to try another version of the krbtgt's key.
 *
 * @param context a Kerberos 5 context
 * @param code of krb5_verify_ap_req2()
 *
 * @return KRB5KRB_AP_ERR_MODIFIED, or code if it says something else
 */
krb5_error_code
_krb5_ext_modified(krb5_context context, krb5_error_code code)
{
    if (!_krb5_ext_is_modified(code))
	return code;
    krb5_set_error_message(context, KRB5KRB_AP_ERR_MODIFIED,
			   N_("The ticket or the authenticator does not "
			      "decrypt: it is modified or of another key",
			      ""));
    return KRB5KRB_AP_ERR_MODIFIED;
}
