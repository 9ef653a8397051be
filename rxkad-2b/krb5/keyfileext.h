/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * OpenAFS's KeyFileExt, the file that its servers have the keys of every
 * enctype in.  Integers have 4 octets and are big-endian:
 *
 *     number      of entries
 *     entries     number times
 *         length  of the entry up to the key's length: 16
 *         type    2 rxkad_krb5, 1 rxkad, others: not rxkad
 *         kvno
 *         subtype the enctype, for rxkad_krb5; 0 for rxkad
 *         (more, if length says so)
 *         size    of the key
 *         key     size octets
 *
 * OpenAFS writes entries by type, kvno and subtype.  Linked into libkrb5 and
 * librxkad-2b; exported by neither.
 */

#ifndef KRB5_KEYFILEEXT_H
#define KRB5_KEYFILEEXT_H 1

#include <krb5.h>

#define KRB5_KEYFILEEXT_RXKAD		1
#define KRB5_KEYFILEEXT_RXKAD_KRB5	2

struct krb5_keyfileext_entry {
    int32_t type;
    int32_t kvno;
    int32_t subtype;
    krb5_data more;		/* what is behind subtype; mostly empty */
    krb5_data key;
};

struct krb5_keyfileext {
    struct krb5_keyfileext_entry *val;
    size_t len;
};

/* The longest file that is read */
#define KRB5_KEYFILEEXT_MAX		(1024 * 1024)

krb5_error_code
_krb5_keyfileext_read(int fd, krb5_data *data);

void
_krb5_keyfileext_wipe(krb5_data *data);

krb5_error_code
_krb5_keyfileext_decode(const void *data, size_t length,
			struct krb5_keyfileext *file);

krb5_error_code
_krb5_keyfileext_encode(const struct krb5_keyfileext *file, krb5_data *data);

krb5_error_code
_krb5_keyfileext_put(struct krb5_keyfileext *file, int32_t type,
		     int32_t kvno, int32_t subtype, const krb5_data *key);

void
_krb5_keyfileext_remove(struct krb5_keyfileext *file, size_t i);

void
_krb5_keyfileext_free(struct krb5_keyfileext *file);

#endif /* KRB5_KEYFILEEXT_H */
