/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The files that AFS's servers have their keys in.
 *
 * KeyFile, single DES only; integers are big-endian:
 *
 *     number    4 octets
 *     keys      number times
 *         version  4 octets
 *         key      8 octets
 *
 * Old programs wrote a structure of fixed length, so what is behind the
 * last key means nothing.  KeyFileExt: lib/krb5/rxkad-2b/keyfileext.h.
 */

#include "rxkad_2b_locl.h"

#include <fcntl.h>
#include <unistd.h>

#include "keyfileext.h"

#define MAX_KEYS	255
#define KEYFILE_ENTRY	(4 + RXKAD_2B_KEY_LENGTH)

static krb5_error_code
bad_file(krb5_context context, const char *path)
{
    krb5_set_error_message(context, KRB5_KEYTAB_BADVNO,
			   "%s is not a file of AFS keys", path);
    return KRB5_KEYTAB_BADVNO;
}

/*
 * Reads a file; free it with _krb5_keyfileext_wipe().
 */

static krb5_error_code
read_file(krb5_context context, const char *path, krb5_data *data)
{
    krb5_error_code ret;
    int fd;

    krb5_data_zero(data);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ret = fd < 0 ? errno : _krb5_keyfileext_read(fd, data);
    if (fd >= 0)
	close(fd);
    if (ret == 0)
	return 0;
    if (ret == KRB5_KEYTAB_BADVNO)
	return bad_file(context, path);
    krb5_set_error_message(context, ret, "cannot read %s: %s", path,
			   strerror(ret));
    return ret;
}

static uint32_t
get_uint32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/*
 * Adds the keys of a KeyFile whose length fits.
 */

static krb5_error_code
add_des_keys(krb5_context context, rxkad_2b_keys *keys,
	     const unsigned char *p, size_t number)
{
    krb5_error_code ret = 0;
    krb5_keyblock key;

    key.keytype = ETYPE_DES_CBC_CRC;
    key.keyvalue.length = RXKAD_2B_KEY_LENGTH;
    for (; ret == 0 && number > 0; number--, p += KEYFILE_ENTRY) {
	key.keyvalue.data = rk_UNCONST(p + 4);
	ret = rxkad_2b_keys_add(context, keys, (int32_t)get_uint32(p), &key);
    }
    return ret;
}

krb5_error_code
rxkad_2b_keys_add_keyfile(krb5_context context, rxkad_2b_keys *keys,
			  const char *path)
{
    krb5_error_code ret;
    krb5_data data;
    const unsigned char *p;
    size_t number;

    ret = read_file(context, path, &data);
    if (ret)
	return ret;
    p = data.data;
    number = data.length < 4 ? MAX_KEYS + 1 : get_uint32(p);
    if (number > MAX_KEYS || number * KEYFILE_ENTRY > data.length - 4)
	ret = bad_file(context, path);
    else
	ret = add_des_keys(context, keys, p + 4, number);
    _krb5_keyfileext_wipe(&data);
    return ret;
}

/*
 * Adds the key of a KeyFileExt's entry, if it is for rxkad.
 */

static krb5_error_code
add_entry(krb5_context context, rxkad_2b_keys *keys,
	  const struct krb5_keyfileext_entry *entry)
{
    krb5_keyblock key;

    switch (entry->type) {
    case KRB5_KEYFILEEXT_RXKAD_KRB5:
	key.keytype = entry->subtype;
	break;
    case KRB5_KEYFILEEXT_RXKAD:
	key.keytype = ETYPE_DES_CBC_CRC;
	break;
    default:
	return 0;
    }
    key.keyvalue = entry->key;
    return rxkad_2b_keys_add(context, keys, entry->kvno, &key);
}

krb5_error_code
rxkad_2b_keys_add_keyfileext(krb5_context context, rxkad_2b_keys *keys,
			     const char *path)
{
    krb5_error_code ret;
    struct krb5_keyfileext file;
    krb5_data data;
    size_t i;

    ret = read_file(context, path, &data);
    if (ret)
	return ret;
    ret = _krb5_keyfileext_decode(data.data, data.length, &file);
    _krb5_keyfileext_wipe(&data);
    if (ret == KRB5_KEYTAB_BADVNO)
	return bad_file(context, path);
    if (ret)
	return ret;
    for (i = 0; ret == 0 && i < file.len; i++)
	ret = add_entry(context, keys, &file.val[i]);
    _krb5_keyfileext_free(&file);
    return ret;
}
