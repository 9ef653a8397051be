/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The fetch of an old key version from the database, of an entry that has no
 * time of the last password change: the key sets are swapped, each is kept.
 *
 * The realloc() below, which the library gets, always moves and spoils what
 * was there, so that a pointer into the old memory is not good by chance.
 */

#include "krb5_locl.h"
#include <hdb.h>
#include <malloc.h>

#include "sec_test.h"

#define DATABASE "./test_hdb_kvno-db"
#define CURRENT 2
#define OLD 1
#define OLD_TIME 1700000000

void *
realloc(void *old, size_t size)
{
    void *p = malloc(size);
    size_t n;

    if (p != NULL && old != NULL) {
	n = malloc_usable_size(old);
	memcpy(p, old, n < size ? n : size);
	memset(old, 0xa5, n);
	free(old);
    }
    return p;
}

static void
add_key(krb5_context context, Keys *keys, EncryptionKey *copy)
{
    krb5_error_code ret;
    Key key;

    memset(&key, 0, sizeof(key));
    ret = krb5_generate_random_keyblock(context,
					ETYPE_AES256_CTS_HMAC_SHA1_96,
					&key.key);
    if (ret == 0)
	ret = copy_EncryptionKey(&key.key, copy);
    if (ret == 0)
	ret = add_Keys(keys, &key);
    if (ret)
	krb5_err(context, 1, ret, "making a key");
    free_Key(&key);
}

/* An entry as an import may make it: history with times, no last_pw_change. */

static void
make_entry(krb5_context context, hdb_entry_ex *ent,
	   EncryptionKey *current, EncryptionKey *old)
{
    HDB_extension ext;
    hdb_keyset set;
    KerberosTime when = OLD_TIME;
    krb5_error_code ret;

    memset(ent, 0, sizeof(*ent));
    ret = krb5_parse_name(context, "krbtgt/T@T", &ent->entry.principal);
    if (ret)
	krb5_err(context, 1, ret, "krb5_parse_name");
    ent->entry.kvno = CURRENT;
    ent->entry.created_by.time = OLD_TIME;
    add_key(context, &ent->entry.keys, current);

    memset(&set, 0, sizeof(set));
    set.kvno = OLD;
    set.set_time = &when;
    add_key(context, &set.keys, old);

    memset(&ext, 0, sizeof(ext));
    ext.data.element = choice_HDB_extension_data_hist_keys;
    ret = add_HDB_Ext_KeySet(&ext.data.u.hist_keys, &set);
    if (ret == 0)
	ret = hdb_replace_extension(context, &ent->entry, &ext);
    if (ret)
	krb5_err(context, 1, ret, "making the history");
    free_HDB_extension(&ext);
    free_Keys(&set.keys);
}

static int
holds(const Keys *keys, const EncryptionKey *key)
{
    return keys->len == 1 &&
	krb5_data_cmp(&keys->val[0].key.keyvalue, &key->keyvalue) == 0;
}

static void
fetch(krb5_context context, HDB *db, krb5_const_principal principal,
      krb5_kvno kvno, const EncryptionKey *wanted, const EncryptionKey *other)
{
    hdb_entry_ex ent;
    HDB_extension *ext;
    krb5_error_code ret;

    memset(&ent, 0, sizeof(ent));
    ret = db->hdb_open(context, db, O_RDONLY, 0);
    if (ret)
	krb5_err(context, 1, ret, "hdb_open");
    ret = db->hdb_fetch_kvno(context, db, principal, HDB_F_DECRYPT |
			     HDB_F_GET_KRBTGT | HDB_F_KVNO_SPECIFIED,
			     kvno, &ent);
    db->hdb_close(context, db);
    if (!check(ret == 0, "kvno %u is found", (unsigned)kvno))
	return;
    check(ent.entry.kvno == kvno, "kvno %u is the entry's", (unsigned)kvno);
    check(holds(&ent.entry.keys, wanted), "kvno %u has its key",
	  (unsigned)kvno);
    ext = hdb_find_extension(&ent.entry, choice_HDB_extension_data_hist_keys);
    if (check(ext != NULL && ext->data.u.hist_keys.len == 1,
	      "kvno %u leaves one old set", (unsigned)kvno))
	check(holds(&ext->data.u.hist_keys.val[0].keys, other),
	      "kvno %u leaves the other key there", (unsigned)kvno);
    hdb_free_entry(context, &ent);
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_error_code ret;
    EncryptionKey current, old;
    hdb_entry_ex ent;
    HDB *db;

    setprogname(argv[0]);
    ret = krb5_init_context(&context);
    if (ret)
	errx(1, "krb5_init_context: %d", ret);
    make_entry(context, &ent, &current, &old);

    ret = hdb_create(context, &db, DATABASE);
    if (ret == 0)
	ret = db->hdb_open(context, db, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (ret == 0)
	ret = db->hdb_store(context, db, HDB_F_REPLACE, &ent);
    if (ret)
	krb5_err(context, 1, ret, "making the database");
    db->hdb_close(context, db);

    fetch(context, db, ent.entry.principal, OLD, &old, &current);
    fetch(context, db, ent.entry.principal, CURRENT, &current, &old);

    hdb_free_entry(context, &ent);
    free_EncryptionKey(&current);
    free_EncryptionKey(&old);
    db->hdb_destroy(context, db);
    krb5_free_context(context);
    return check_done();
}
