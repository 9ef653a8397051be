/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keys of a server, in memory.
 */

#include "rxkad_2b_locl.h"

struct stored_key {
    int32_t kvno;
    krb5_keyblock key;
};

struct rxkad_2b_keys {
    struct stored_key *val;
    size_t len;
};

krb5_error_code
rxkad_2b_keys_alloc(krb5_context context, rxkad_2b_keys **keys)
{
    *keys = calloc(1, sizeof(**keys));
    return *keys == NULL ? krb5_enomem(context) : 0;
}

void
rxkad_2b_keys_free(krb5_context context, rxkad_2b_keys *keys)
{
    size_t i;

    if (keys == NULL)
	return;
    for (i = 0; i < keys->len; i++)
	krb5_free_keyblock_contents(context, &keys->val[i].key);
    free(keys->val);
    free(keys);
}

/*
 * Whether a key of enctype `have' will do where `want' is asked for: the
 * enctypes of single DES differ in what they do, not in their keys.
 */

static krb5_boolean
same_key_type(krb5_enctype have, krb5_enctype want)
{
    return have == want ||
	(_rxkad_2b_is_des(have) && _rxkad_2b_is_des(want));
}

/*
 * The key of this version, or without one the highest; NULL if there is none.
 */

static const struct stored_key *
find(const rxkad_2b_keys *keys, const int32_t *kvno, krb5_enctype etype)
{
    const struct stored_key *best = NULL;
    size_t i;

    for (i = 0; i < keys->len; i++) {
	const struct stored_key *k = &keys->val[i];

	if (!same_key_type(k->key.keytype, etype))
	    continue;
	if (kvno != NULL && k->kvno == *kvno)
	    return k;
	if (kvno == NULL && (best == NULL || k->kvno > best->kvno))
	    best = k;
    }
    return best;
}

krb5_error_code
rxkad_2b_keys_add(krb5_context context, rxkad_2b_keys *keys, int32_t kvno,
		  const krb5_keyblock *key)
{
    krb5_error_code ret;
    struct stored_key *val;

    if (find(keys, &kvno, key->keytype) != NULL)
	return 0;
    val = realloc(keys->val, (keys->len + 1) * sizeof(*val));
    if (val == NULL)
	return krb5_enomem(context);
    keys->val = val;
    val[keys->len].kvno = kvno;
    ret = krb5_copy_keyblock_contents(context, key, &val[keys->len].key);
    if (ret == 0)
	keys->len++;
    return ret;
}

krb5_boolean
rxkad_2b_keys_entry(const rxkad_2b_keys *keys, size_t n, int32_t *kvno,
		    krb5_enctype *etype)
{
    if (n >= keys->len)
	return FALSE;
    *kvno = keys->val[n].kvno;
    *etype = keys->val[n].key.keytype;
    return TRUE;
}

krb5_error_code
rxkad_2b_keys_get(krb5_context context, void *data, const int32_t *kvno,
		  krb5_enctype etype, krb5_keyblock *key)
{
    const struct stored_key *k = find(data, kvno, etype);

    if (k == NULL)
	return KRB5_KT_NOTFOUND;
    return krb5_copy_keyblock_contents(context, &k->key, key);
}

krb5_error_code
rxkad_2b_keys_add_keytab(krb5_context context, rxkad_2b_keys *keys,
			 krb5_keytab keytab, krb5_const_principal principal)
{
    krb5_error_code ret;
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    size_t found = 0;

    ret = krb5_kt_start_seq_get(context, keytab, &cursor);
    if (ret)
	return ret;
    while ((ret = krb5_kt_next_entry(context, keytab, &entry,
				     &cursor)) == 0) {
	if (principal == NULL ||
	    krb5_principal_compare(context, entry.principal, principal)) {
	    ret = rxkad_2b_keys_add(context, keys, (int32_t)entry.vno,
				    &entry.keyblock);
	    found++;
	}
	krb5_kt_free_entry(context, &entry);
	if (ret)
	    break;
    }
    krb5_kt_end_seq_get(context, keytab, &cursor);
    if (ret == KRB5_KT_END)
	ret = found ? 0 : KRB5_KT_NOTFOUND;
    return ret;
}
