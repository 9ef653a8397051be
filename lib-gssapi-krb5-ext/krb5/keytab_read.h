/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Reads a FILE keytab in blocks: what the hooks in keytab_file.c and keytab.c
 * see.
 */

#ifndef KRB5_EXT_KEYTAB_READ_H
#define KRB5_EXT_KEYTAB_READ_H 1

struct krb5_ext_keytab_reader;

struct krb5_ext_keytab_reader *
_krb5_ext_keytab_reader(int fd);

void
_krb5_ext_keytab_reader_free(struct krb5_ext_keytab_reader *reader);

krb5_error_code
_krb5_ext_keytab_read(krb5_context context,
		      struct krb5_ext_keytab_reader *reader,
		      krb5_const_principal only, krb5_keytab_entry *entry);

krb5_error_code
_krb5_ext_kt_next_of(krb5_context context, krb5_keytab keytab,
		     krb5_const_principal only, krb5_keytab_entry *entry,
		     krb5_kt_cursor *cursor);

#endif /* KRB5_EXT_KEYTAB_READ_H */
