/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See keytab_read.h.  A keytab of format 0x0502, numbers in network order:
 *
 *   05 02
 *   record:
 *     int32   octets that follow; -n is a hole of n, 0 ends the keytab
 *     uint16  components
 *     string  realm                   uint16 length, octets
 *     string  each component
 *     uint32  name type
 *     uint32  time of writing
 *     uint8   key version
 *     int16   enctype
 *     string  key
 *     uint32  key version, unless 0   may be missing
 *     uint32  flags                   may be missing
 *
 * A record is looked at where it lies in the buffer, and one of another name
 * than is looked for is passed over.  A record that is longer than
 * RECORD_MAX, that the file ends in, or whose parts are longer than itself
 * ends the keytab.
 */

#include "krb5_locl.h"

#include "block_read.h"
#include "keytab_read.h"

#define BLOCK_FIRST 1024		/* few, as they are wiped */
#define RECORD_MAX (1024 * 1024)

struct krb5_ext_keytab_reader {
    struct krb5_ext_blocks blocks;	/* of the cursor's fd */
};

/* what is left of a record */
struct record {
    const unsigned char *p;	/* alias into the buffer */
    size_t left;
};

/* ---- the file -------------------------------------------------------- */

/**
 * A reader of a keytab.
 *
 * @param fd the file, at its beginning; it stays the caller's
 *
 * @return the reader, free it with _krb5_ext_keytab_reader_free(); NULL when
 *         it is no keytab of format 0x0502 or there is no memory: fd is at its
 *         beginning again
 *
 * @ingroup krb5
 */
struct krb5_ext_keytab_reader *
_krb5_ext_keytab_reader(int fd)
{
    struct krb5_ext_keytab_reader *r;

    r = calloc(1, sizeof(*r));
    if (r == NULL)
	return NULL;
    r->blocks.fd = fd;
    r->blocks.at = -1;			/* may be a pipe */
    r->blocks.first = BLOCK_FIRST;
    r->blocks.eof = KRB5_KT_END;
    if (_krb5_ext_blocks_fill(&r->blocks, 2) == 0 &&
	r->blocks.buf[0] == 5 && r->blocks.buf[1] == 2) {
	r->blocks.pos = 2;
	return r;
    }
    _krb5_ext_keytab_reader_free(r);
    (void)lseek(fd, 0, SEEK_SET);	/* a pipe fails in what comes next */
    return NULL;
}

/**
 * Free a reader, or NULL, and wipe the keys that it has read.
 *
 * @ingroup krb5
 */
void
_krb5_ext_keytab_reader_free(struct krb5_ext_keytab_reader *reader)
{
    if (reader == NULL)
	return;
    _krb5_ext_blocks_free(&reader->blocks);
    free(reader);
}

/* ---- a record -------------------------------------------------------- */

/*
 * A number of 1, 2 or 4 octets; 0 where the record ends before.
 */
static krb5_error_code
get_number(struct record *rec, size_t octets, uint32_t *number)
{
    *number = 0;
    if (rec->left < octets)
	return KRB5_KT_END;
    rec->left -= octets;
    for (; octets > 0; octets--)
	*number = *number << 8 | *rec->p++;
    return 0;
}

static krb5_error_code
get_string(struct record *rec, const unsigned char **octets, size_t *len)
{
    uint32_t n;

    *octets = NULL;
    *len = 0;
    if (get_number(rec, 2, &n) || rec->left < n)
	return KRB5_KT_END;
    *octets = rec->p;
    *len = n;
    rec->p += n;
    rec->left -= n;
    return 0;
}

static krb5_error_code
get_text(struct record *rec, char **text)
{
    const unsigned char *octets;
    size_t len;

    if (get_string(rec, &octets, &len))
	return KRB5_KT_END;
    *text = malloc(len + 1);
    if (*text == NULL)
	return ENOMEM;
    memcpy(*text, octets, len);
    (*text)[len] = '\0';
    return 0;
}

/*
 * The principal; on an error, what there is of it stays in *principal.
 */
static krb5_error_code
get_principal(struct record *rec, krb5_principal *principal)
{
    krb5_principal p;
    krb5_error_code ret;
    uint32_t count, i, type;

    *principal = p = calloc(1, sizeof(*p));
    if (p == NULL)
	return ENOMEM;
    ret = get_number(rec, 2, &count);
    if (ret == 0)
	ret = get_text(rec, &p->realm);
    if (ret)
	return ret;
    if (count > rec->left / 2)		/* the length of each */
	return KRB5_KT_END;
    p->name.name_string.val = calloc(count + 1,
				     sizeof(*p->name.name_string.val));
    if (p->name.name_string.val == NULL)
	return ENOMEM;
    p->name.name_string.len = count;
    for (i = 0; i < count; i++) {
	ret = get_text(rec, &p->name.name_string.val[i]);
	if (ret)
	    return ret;
    }
    ret = get_number(rec, 4, &type);
    p->name.name_type = type;
    return ret;
}

static krb5_error_code
get_key(struct record *rec, krb5_keyblock *key)
{
    const unsigned char *octets;
    uint32_t etype;
    size_t len;

    if (get_number(rec, 2, &etype) || get_string(rec, &octets, &len))
	return KRB5_KT_END;
    key->keytype = (int16_t)etype;
    return krb5_data_copy(&key->keyvalue, octets, len);
}

/*
 * The entry; on an error, what there is of it stays in *entry.
 */
static krb5_error_code
get_entry(struct record *rec, krb5_keytab_entry *entry)
{
    krb5_error_code ret;
    uint32_t number;

    ret = get_principal(rec, &entry->principal);
    if (ret == 0)
	ret = get_number(rec, 4, &entry->timestamp);
    if (ret == 0)
	ret = get_number(rec, 1, &number);
    if (ret)
	return ret;
    entry->vno = number;
    ret = get_key(rec, &entry->keyblock);
    if (ret)
	return ret;
    (void)get_number(rec, 4, &number);	/* it may be missing */
    if (number != 0)
	entry->vno = number;
    (void)get_number(rec, 4, &entry->flags);
    return 0;
}

static int
is_text(struct record *rec, const char *text)
{
    const unsigned char *octets;
    size_t len;

    return get_string(rec, &octets, &len) == 0 && len == strlen(text) &&
	strncmp((const char *)octets, text, len) == 0;
}

/*
 * Whether the record is the principal's, as krb5_kt_compare() has it.
 */
static int
is_of(struct record rec, krb5_const_principal principal)
{
    const unsigned char *octets;
    uint32_t count;
    size_t len, i;

    if (get_number(&rec, 2, &count) ||
	count != principal->name.name_string.len)
	return 0;
    if (principal->realm[0] == '\0' ? get_string(&rec, &octets, &len) :
	!is_text(&rec, principal->realm))
	return 0;
    for (i = 0; i < count; i++)
	if (!is_text(&rec, principal->name.name_string.val[i]))
	    return 0;
    return 1;
}

/*
 * The next record that is no hole; the reader moves behind it.
 */
static krb5_error_code
next_record(struct krb5_ext_blocks *b, struct record *rec)
{
    krb5_error_code ret;
    uint32_t len;

    for (;;) {
	ret = _krb5_ext_blocks_fill(b, 4);
	if (ret)
	    return ret;
	rec->p = b->buf + b->pos;
	rec->left = 4;
	(void)get_number(rec, 4, &len);		/* they are there */
	b->pos += 4;
	if (len == 0)
	    return KRB5_KT_END;
	if ((len & 0x80000000U) == 0)
	    break;
	ret = _krb5_ext_blocks_skip(b, 0U - len);
	if (ret)
	    return ret;
    }
    if (len > RECORD_MAX)
	return KRB5_KT_END;
    ret = _krb5_ext_blocks_fill(b, len);
    if (ret)
	return ret;
    rec->p = b->buf + b->pos;
    rec->left = len;
    b->pos += len;
    return 0;
}

/**
 * Read the next entry of a keytab.
 *
 * @param context a Kerberos 5 context
 * @param reader a reader
 * @param only pass over entries of others than this principal, which without a
 *        realm is of any; NULL for none
 * @param entry the entry; free it with krb5_kt_free_entry()
 *
 * @return 0, KRB5_KT_END when there is none, ENOMEM or an error of read()
 *
 * @ingroup krb5
 */
krb5_error_code
_krb5_ext_keytab_read(krb5_context context,
		      struct krb5_ext_keytab_reader *reader,
		      krb5_const_principal only, krb5_keytab_entry *entry)
{
    struct record rec;
    krb5_error_code ret;

    memset(entry, 0, sizeof(*entry));
    do {
	ret = next_record(&reader->blocks, &rec);
	if (ret)
	    return ret;
    } while (only != NULL && !is_of(rec, only));
    ret = get_entry(&rec, entry);
    if (ret)
	krb5_kt_free_entry(context, entry);
    if (ret == ENOMEM)
	return krb5_enomem(context);
    return ret;
}

/**
 * krb5_kt_next_entry() for one who looks for the entries of a principal: those
 * of others may be left out.
 *
 * @param context a Kerberos 5 context
 * @param keytab a keytab
 * @param only whose entries are looked for; NULL for anybody's
 * @param entry the entry; free it with krb5_kt_free_entry()
 * @param cursor of krb5_kt_start_seq_get()
 *
 * @return as krb5_kt_next_entry()
 *
 * @ingroup krb5
 */
krb5_error_code
_krb5_ext_kt_next_of(krb5_context context, krb5_keytab keytab,
		     krb5_const_principal only, krb5_keytab_entry *entry,
		     krb5_kt_cursor *cursor)
{
    /* the cursor is keytab_file.c's, and it has a reader */
    if (keytab->next_entry == krb5_fkt_ops.next_entry && cursor->data != NULL)
	return _krb5_ext_keytab_read(context, cursor->data, only, entry);
    return krb5_kt_next_entry(context, keytab, entry, cursor);
}
