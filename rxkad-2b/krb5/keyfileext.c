/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* The octets of a KeyFileExt and its entries. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/stat.h>

#include <roken.h>

#include "keyfileext.h"

#define WORD		4
#define ENTRY_LENGTH	(4 * WORD)	/* length, type, kvno, subtype */
/* More entries than a file that is read has room for */
#define MIN_ENTRY	(ENTRY_LENGTH + WORD)

/*
 * Reads all of a file of keys, from where it is open.
 *
 * `data' is set on entry and filled on success; free it with
 * _krb5_keyfileext_wipe().  Returns KRB5_KEYTAB_BADVNO for what is no file or
 * too long, an errno, or ENOMEM.
 */

krb5_error_code
_krb5_keyfileext_read(int fd, krb5_data *data)
{
    krb5_error_code ret;
    struct stat st;

    krb5_data_zero(data);
    if (fstat(fd, &st) < 0)
	return errno;
    if (!S_ISREG(st.st_mode) || st.st_size > KRB5_KEYFILEEXT_MAX)
	return KRB5_KEYTAB_BADVNO;
    ret = krb5_data_alloc(data, st.st_size);
    if (ret)
	return ret;
    if (net_read(fd, data->data, data->length)
	!= (krb5_ssize_t)data->length) {
	_krb5_keyfileext_wipe(data);
	return EIO;
    }
    return 0;
}

void
_krb5_keyfileext_wipe(krb5_data *data)
{
    memset_s(data->data, data->length, 0, data->length);
    krb5_data_free(data);
}

/* What is not read yet. */
struct reader {
    const unsigned char *p;
    size_t left;
};

static krb5_error_code
get_word(struct reader *in, int32_t *value)
{
    if (in->left < WORD)
	return KRB5_KEYTAB_BADVNO;
    *value = (int32_t)((uint32_t)in->p[0] << 24 | in->p[1] << 16 |
		       in->p[2] << 8 | in->p[3]);
    in->p += WORD;
    in->left -= WORD;
    return 0;
}

static krb5_error_code
get_octets(struct reader *in, int32_t length, krb5_data *data)
{
    krb5_error_code ret;

    if (length < 0 || (uint32_t)length > in->left)
	return KRB5_KEYTAB_BADVNO;
    ret = krb5_data_copy(data, in->p, length);
    if (ret)
	return ret;
    in->p += length;
    in->left -= length;
    return 0;
}

/*
 * Reads an entry into one that is all zero; free_entry() it, also after an
 * error.
 */

static krb5_error_code
get_entry(struct reader *in, struct krb5_keyfileext_entry *e)
{
    krb5_error_code ret;
    int32_t length = 0, size = 0;

    ret = get_word(in, &length);
    if (ret == 0 && length < ENTRY_LENGTH)
	ret = KRB5_KEYTAB_BADVNO;
    if (ret == 0)
	ret = get_word(in, &e->type);
    if (ret == 0)
	ret = get_word(in, &e->kvno);
    if (ret == 0)
	ret = get_word(in, &e->subtype);
    if (ret == 0)
	ret = get_octets(in, length - ENTRY_LENGTH, &e->more);
    if (ret == 0)
	ret = get_word(in, &size);
    if (ret == 0)
	ret = get_octets(in, size, &e->key);
    return ret;
}

static void
free_entry(struct krb5_keyfileext_entry *e)
{
    krb5_data_free(&e->more);
    _krb5_keyfileext_wipe(&e->key);
}

/*
 * Reads a file.
 *
 * `file' is set on entry and filled on success; free it with
 * _krb5_keyfileext_free().  Returns KRB5_KEYTAB_BADVNO for what is no
 * KeyFileExt, is cut short or has octets behind it, or ENOMEM.
 */

krb5_error_code
_krb5_keyfileext_decode(const void *data, size_t length,
			struct krb5_keyfileext *file)
{
    krb5_error_code ret;
    struct reader in;
    int32_t number = 0;

    memset(file, 0, sizeof(*file));
    in.p = data;
    in.left = length;
    ret = get_word(&in, &number);
    if (ret)
	return ret;
    if (number < 0 || (size_t)number > in.left / MIN_ENTRY)
	return KRB5_KEYTAB_BADVNO;
    file->val = calloc(number ? number : 1, sizeof(*file->val));
    if (file->val == NULL)
	return ENOMEM;
    for (; ret == 0 && number > 0; number--)
	ret = get_entry(&in, &file->val[file->len++]);
    if (ret == 0 && in.left != 0)
	ret = KRB5_KEYTAB_BADVNO;
    if (ret)
	_krb5_keyfileext_free(file);
    return ret;
}

static krb5_error_code
store_entry(krb5_storage *sp, const struct krb5_keyfileext_entry *e)
{
    krb5_error_code ret;

    ret = krb5_store_int32(sp, ENTRY_LENGTH + e->more.length);
    if (ret == 0)
	ret = krb5_store_int32(sp, e->type);
    if (ret == 0)
	ret = krb5_store_int32(sp, e->kvno);
    if (ret == 0)
	ret = krb5_store_int32(sp, e->subtype);
    if (ret == 0 && e->more.length != 0 &&
	krb5_storage_write(sp, e->more.data, e->more.length)
	!= (krb5_ssize_t)e->more.length)
	ret = ENOMEM;
    if (ret == 0)
	ret = krb5_store_data(sp, e->key);	/* its length, itself */
    return ret;
}

/*
 * Writes a file's octets; free them with _krb5_keyfileext_wipe().
 */

krb5_error_code
_krb5_keyfileext_encode(const struct krb5_keyfileext *file, krb5_data *data)
{
    krb5_error_code ret;
    krb5_storage *sp;
    size_t i;

    krb5_data_zero(data);
    sp = krb5_storage_emem();
    if (sp == NULL)
	return ENOMEM;
    krb5_storage_set_byteorder(sp, KRB5_STORAGE_BYTEORDER_BE);
    ret = krb5_store_int32(sp, file->len);
    for (i = 0; ret == 0 && i < file->len; i++)
	ret = store_entry(sp, &file->val[i]);
    if (ret == 0)
	ret = krb5_storage_to_data(sp, data);
    krb5_storage_free(sp);
    return ret;
}

/*
 * Whether the entry comes before, at or behind this place: less than 0, 0 or
 * more.
 */

static int
compare(const struct krb5_keyfileext_entry *e, int32_t type, int32_t kvno,
	int32_t subtype)
{
    if (e->type != type)
	return e->type < type ? -1 : 1;
    if (e->kvno != kvno)
	return e->kvno < kvno ? -1 : 1;
    if (e->subtype != subtype)
	return e->subtype < subtype ? -1 : 1;
    return 0;
}

/*
 * The place of an entry; `there' says whether it is there.  A file of
 * another program need not be in order.
 */

static size_t
find_place(const struct krb5_keyfileext *file, int32_t type, int32_t kvno,
	   int32_t subtype, int *there)
{
    size_t i;

    *there = 1;
    for (i = 0; i < file->len; i++)
	if (compare(&file->val[i], type, kvno, subtype) == 0)
	    return i;
    *there = 0;
    for (i = 0; i < file->len; i++)
	if (compare(&file->val[i], type, kvno, subtype) > 0)
	    return i;
    return i;
}

/*
 * Adds a key at its place, or gives an entry that is there another key.
 * `key' is copied.  Returns 0 or ENOMEM, which leaves the file as it was.
 */

krb5_error_code
_krb5_keyfileext_put(struct krb5_keyfileext *file, int32_t type,
		     int32_t kvno, int32_t subtype, const krb5_data *key)
{
    krb5_error_code ret;
    struct krb5_keyfileext_entry *val, e;
    size_t i;
    int there;

    memset(&e, 0, sizeof(e));
    e.type = type;
    e.kvno = kvno;
    e.subtype = subtype;
    ret = krb5_data_copy(&e.key, key->data, key->length);
    if (ret)
	return ret;

    i = find_place(file, type, kvno, subtype, &there);
    if (there) {
	free_entry(&file->val[i]);
	file->val[i] = e;
	return 0;
    }
    val = realloc(file->val, (file->len + 1) * sizeof(*val));
    if (val == NULL) {
	free_entry(&e);
	return ENOMEM;
    }
    memmove(&val[i + 1], &val[i], (file->len - i) * sizeof(*val));
    val[i] = e;
    file->val = val;
    file->len++;
    return 0;
}

/*
 * Takes entry `i' away.
 */

void
_krb5_keyfileext_remove(struct krb5_keyfileext *file, size_t i)
{
    free_entry(&file->val[i]);
    file->len--;
    memmove(&file->val[i], &file->val[i + 1],
	    (file->len - i) * sizeof(file->val[0]));
}

void
_krb5_keyfileext_free(struct krb5_keyfileext *file)
{
    size_t i;

    for (i = 0; i < file->len; i++)
	free_entry(&file->val[i]);
    free(file->val);
    memset(file, 0, sizeof(*file));
}
