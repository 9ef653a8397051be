/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * kadm5_ret_principal_ent(), with which kadmind decodes an entry before it
 * asks the ACL: an entry that ends early, or whose counts do not fit, is an
 * error that leaves nothing behind to be freed.
 */

#include <config.h>
#include <roken.h>
#include <krb5.h>
#include <hdb.h>
#include <kadm5/admin.h>
#include <kadm5/kadm5_err.h>
#include <kadm5/private.h>

#include <limits.h>

#include "sec_test.h"

static krb5_context context;

/* An entry with a salted key and two tl_data; nothing of it is owned. */
static void
fill_entry(kadm5_principal_ent_t ent, krb5_key_data *keys, krb5_tl_data *tl,
	   krb5_principal princ)
{
    int i;

    memset(ent, 0, sizeof(*ent));
    memset(keys, 0, 2 * sizeof(*keys));
    memset(tl, 0, 2 * sizeof(*tl));
    for (i = 0; i < 2; i++) {
	keys[i].key_data_kvno = 3;
	keys[i].key_data_type[0] = ETYPE_AES256_CTS_HMAC_SHA1_96;
	keys[i].key_data_length[0] = 32;
	keys[i].key_data_contents[0] = rk_UNCONST("0123456789abcdef"
						  "0123456789abcdef");
	keys[i].key_data_length[1] = 4;
	keys[i].key_data_contents[1] = rk_UNCONST("salt");
	tl[i].tl_data_type = 7 + i;
	tl[i].tl_data_length = 5;
	tl[i].tl_data_contents = rk_UNCONST("hello");
    }
    tl[0].tl_data_next = &tl[1];
    ent->principal = princ;
    ent->mod_name = princ;
    ent->kvno = 3;
    ent->policy = rk_UNCONST("policy");
    ent->n_key_data = 2;
    ent->key_data = keys;
    ent->n_tl_data = 2;
    ent->tl_data = tl;
}

static void
encode_entry(kadm5_principal_ent_t ent, krb5_data *out)
{
    krb5_storage *sp = krb5_storage_emem();

    if (sp == NULL || kadm5_store_principal_ent(sp, ent) != 0 ||
	krb5_storage_to_data(sp, out) != 0)
	errx(1, "cannot encode an entry");
    krb5_storage_free(sp);
}

static kadm5_ret_t
decode(const void *p, size_t len, kadm5_principal_ent_t ent)
{
    krb5_storage *sp = krb5_storage_from_readonly_mem(p, len);
    kadm5_ret_t ret;

    /* as on kadmind's stack: whatever was there before */
    memset(ent, 0xa5, sizeof(*ent));
    ret = kadm5_ret_principal_ent(sp, ent);
    krb5_storage_free(sp);
    return ret;
}

/* Nothing that kadm5_free_principal_ent() would free. */
static int
nothing_owned(const kadm5_principal_ent_rec *ent)
{
    return ent->principal == NULL && ent->mod_name == NULL &&
	ent->policy == NULL && ent->n_key_data == 0 &&
	ent->key_data == NULL && ent->n_tl_data == 0 && ent->tl_data == NULL;
}

static void
test_good(const krb5_data *data, krb5_principal princ)
{
    kadm5_principal_ent_rec ent;
    kadm5_server_context fake;
    kadm5_ret_t ret = decode(data->data, data->length, &ent);

    if (!check(ret == 0 && ent.n_key_data == 2 && ent.n_tl_data == 2 &&
	       ent.kvno == 3 && strcmp(ent.policy, "policy") == 0 &&
	       krb5_principal_compare(context, ent.principal, princ) &&
	       ent.key_data[1].key_data_length[0] == 32 &&
	       memcmp(ent.key_data[1].key_data_contents[1], "salt", 4) == 0 &&
	       ent.tl_data->tl_data_next != NULL &&
	       memcmp(ent.tl_data->tl_data_contents, "hello", 5) == 0,
	       "a whole entry is decoded (%d)", (int)ret))
	return;
    memset(&fake, 0, sizeof(fake));
    fake.context = context;
    kadm5_free_principal_ent(&fake, &ent);
}

static void
test_truncated(const krb5_data *data)
{
    kadm5_principal_ent_rec ent;
    kadm5_ret_t ret;
    size_t len;

    for (len = 0; len < data->length; len++) {
	ret = decode(data->data, len, &ent);
	check(ret == HEIM_ERR_EOF && nothing_owned(&ent),
	      "%lu of %lu octets: error %d, want %d; %s", (unsigned long)len,
	      (unsigned long)data->length, (int)ret, (int)HEIM_ERR_EOF,
	      nothing_owned(&ent) ? "nothing left" : "POINTERS LEFT");
    }
}

/*
 * The four octets at offset, which hold old, replaced.
 */
static void
test_count(const krb5_data *data, size_t offset, uint32_t old, uint32_t new,
	   const char *what)
{
    kadm5_principal_ent_rec ent;
    unsigned char *copy = emalloc(data->length);
    kadm5_ret_t ret;
    uint32_t v;

    memcpy(copy, data->data, data->length);
    memcpy(&v, copy + offset, 4);
    if (ntohl(v) != old)
	errx(1, "%s is not at offset %lu", what, (unsigned long)offset);
    v = htonl(new);
    memcpy(copy + offset, &v, 4);
    ret = decode(copy, data->length, &ent);
    check(ret != 0 && nothing_owned(&ent), "%s %lu: error %d; %s", what,
	  (unsigned long)new, (int)ret,
	  nothing_owned(&ent) ? "nothing left" : "POINTERS LEFT");
    free(copy);
}

/* Lengths that do not fit the int16_t they are kept in. */
static void
test_long_data(krb5_principal princ)
{
    kadm5_principal_ent_rec ent;
    krb5_storage *sp = krb5_storage_emem();
    krb5_key_data key;
    krb5_tl_data tl;
    krb5_data big, out;

    if (sp == NULL || krb5_data_alloc(&big, 40000) != 0)
	errx(1, "out of memory");
    memset(big.data, 'x', big.length);

    krb5_store_int32(sp, 7);
    krb5_store_data(sp, big);
    krb5_storage_seek(sp, 0, SEEK_SET);
    memset(&tl, 0xa5, sizeof(tl));
    check(kadm5_ret_tl_data(sp, &tl) == KADM5_FAILURE &&
	  tl.tl_data_contents == NULL, "tl_data of 40000 octets is refused");

    krb5_storage_seek(sp, 0, SEEK_SET);
    krb5_store_int32(sp, 0);
    krb5_store_int32(sp, 1);
    krb5_store_int32(sp, ETYPE_AES256_CTS_HMAC_SHA1_96);
    krb5_store_data(sp, big);
    krb5_storage_seek(sp, 0, SEEK_SET);
    memset(&key, 0xa5, sizeof(key));
    check(kadm5_ret_key_data(sp, &key) == KADM5_FAILURE &&
	  key.key_data_contents[0] == NULL &&
	  key.key_data_contents[1] == NULL,
	  "a key of 40000 octets is refused");
    krb5_storage_free(sp);

    memset(&ent, 0, sizeof(ent));
    ent.principal = ent.mod_name = princ;
    encode_entry(&ent, &out);
    check(decode(out.data, out.length, &ent) == 0 && ent.key_data == NULL &&
	  ent.tl_data == NULL, "an entry without keys is decoded");
    krb5_free_principal(context, ent.principal);
    krb5_free_principal(context, ent.mod_name);
    krb5_data_free(&out);
    krb5_data_free(&big);
}

int
main(int argc, char **argv)
{
    kadm5_principal_ent_rec ent;
    krb5_key_data keys[2];
    krb5_tl_data tl[2];
    krb5_principal princ;
    krb5_data data;
    size_t keys_length, tl_length;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context) ||
	krb5_parse_name(context, "user/admin@SECURITY.TEST", &princ))
	errx(1, "krb5_init_context");
    fill_entry(&ent, keys, tl, princ);
    encode_entry(&ent, &data);

    /* from the end: two tl_data behind their count, two keys behind theirs */
    tl_length = 2 * (4 + 4 + 5);
    keys_length = 2 * (3 * 4 + 4 + 32 + 4 + 4 + 4);

    test_good(&data, princ);
    test_truncated(&data);
    test_count(&data, data.length - tl_length - 4, 2, 3, "n_tl_data");
    test_count(&data, data.length - tl_length - 4, 2, 0x10002, "n_tl_data");
    test_count(&data, data.length - tl_length - 4, 2, 0xffffffffU,
	       "n_tl_data");
    test_count(&data, data.length - tl_length - 8 - keys_length, 2, 0xffff,
	       "n_key_data");
    test_count(&data, data.length - tl_length - 8 - keys_length, 2, 0x10002,
	       "n_key_data");
    test_count(&data, data.length - tl_length - 8 - keys_length, 2,
	       0xffffffffU, "n_key_data");
    test_long_data(princ);
    test_good(&data, princ);
    krb5_data_free(&data);
    krb5_free_principal(context, princ);
    krb5_free_context(context);
    return check_done();
}
