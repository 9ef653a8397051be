/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See ccache_read.h.  The head of the cache stays fcache.c's; behind it comes
 * credential after credential, numbers in the order that the storage's flags
 * say:
 *
 *   principal client, server
 *   uint16    enctype of the session key; version 3 has it twice
 *   data      session key
 *   uint32    authtime, starttime, endtime, renew_till
 *   uint8     whether there is a second ticket
 *   uint32    flags of the ticket
 *   uint32    addresses;           of each uint16 type, data
 *   uint32    authorization data;  of each uint16 type, data
 *   data      ticket
 *   data      second ticket
 *
 * data is uint32 length, octets; a principal uint32 name type, which version
 * 1 has not, uint32 components, to which version 1 adds one, data realm, data
 * each component.
 *
 * A credential is walked over before memory is allocated for what is in it,
 * so that a length that goes beyond the file allocates nothing.  What is wrong
 * has the error that krb5_ret_creds() has for it.
 */

#include "krb5_locl.h"
#include <store-int.h>

#include "block_read.h"
#include "ccache_read.h"

#define BLOCK_FIRST 2048	/* a small cache, or most credentials */

/* as storage on a file has it */
#define MAX_ALLOC (UINT_MAX / 8)

#define BLOCKS(sp) ((struct krb5_ext_blocks *)(sp)->data)

/* ---- the storage ----------------------------------------------------- */

static ssize_t
fetch(krb5_storage *sp, void *data, size_t size)
{
    struct krb5_ext_blocks *b = BLOCKS(sp);
    krb5_error_code ret;
    size_t done, n;

    for (done = 0; done < size; done += n) {
	ret = _krb5_ext_blocks_fill(b, 1);
	if (ret == b->eof)
	    return 0;
	if (ret) {
	    errno = ret;
	    return -1;
	}
	n = min(size - done, b->len - b->pos);
	memcpy((char *)data + done, b->buf + b->pos, n);
	b->pos += n;
    }
    return size;
}

static ssize_t
store(krb5_storage *sp, const void *data, size_t size)
{
    errno = EBADF;
    return -1;
}

static off_t
seek(krb5_storage *sp, off_t offset, int whence)
{
    struct krb5_ext_blocks *b = BLOCKS(sp);

    if (whence == SEEK_CUR)
	offset += b->at + b->pos;
    if (whence == SEEK_END || offset < 0) {
	errno = EINVAL;
	return -1;
    }
    _krb5_ext_blocks_seek(b, offset);
    return offset;
}

static int
trunc_or_sync(krb5_storage *sp)
{
    return EBADF;
}

static int
truncate_to(krb5_storage *sp, off_t offset)
{
    return trunc_or_sync(sp);
}

static void
free_blocks(krb5_storage *sp)
{
    _krb5_ext_blocks_free(BLOCKS(sp));
}

/**
 * A storage to read a cache from.
 *
 * @param fd the file, from whose beginning is read; it stays the caller's and
 *        has to stay open
 *
 * @return free it with krb5_storage_free(); NULL when there is no memory
 *
 * @ingroup krb5
 */
krb5_storage *
_krb5_ext_ccache_storage(int fd)
{
    struct krb5_ext_blocks *b = calloc(1, sizeof(*b));
    krb5_storage *sp = calloc(1, sizeof(*sp));

    if (b == NULL || sp == NULL) {
	free(b);
	free(sp);
	return NULL;
    }
    b->fd = fd;
    b->first = BLOCK_FIRST;
    b->eof = HEIM_ERR_EOF;
    sp->data = b;
    sp->eof_code = HEIM_ERR_EOF;
    sp->fetch = fetch;
    sp->store = store;
    sp->seek = seek;
    sp->trunc = truncate_to;
    sp->fsync = trunc_or_sync;
    sp->free = free_blocks;
    sp->max_alloc = MAX_ALLOC;
    return sp;
}

/* ---- a credential ---------------------------------------------------- */

/* whose credential is looked for */
struct wanted {
    krb5_const_principal server;	/* NULL for anybody's */
    krb5_boolean any_realm;
    krb5_boolean found;			/* as far as was looked */
};

static krb5_error_code
skip(krb5_storage *sp, size_t n)
{
    krb5_error_code ret = _krb5_ext_blocks_skip(BLOCKS(sp), n);

    return ret == HEIM_ERR_EOF ? sp->eof_code : ret;
}

/*
 * A number of things of which each takes size octets in memory.
 */
static krb5_error_code
get_count(krb5_storage *sp, size_t size, int32_t *count)
{
    krb5_error_code ret;

    *count = 0;
    ret = krb5_ret_int32(sp, count);
    if (ret == 0 && (*count < 0 || (size_t)*count > MAX_ALLOC / size))
	ret = HEIM_ERR_TOO_BIG;
    return ret;
}

/*
 * Whether the next len octets are text, up to the first NUL in them if there
 * is one: so strcmp() has it.
 */
static krb5_error_code
is_text(krb5_storage *sp, size_t len, const char *text, krb5_boolean *same)
{
    struct krb5_ext_blocks *b = BLOCKS(sp);
    size_t n = strlen(text);
    krb5_error_code ret;

    *same = FALSE;
    if (len < n)
	return 0;
    ret = _krb5_ext_blocks_fill(b, len > n ? n + 1 : n);
    if (ret)
	return ret == HEIM_ERR_EOF ? sp->eof_code : ret;
    *same = strncmp((char *)b->buf + b->pos, text, n) == 0 &&
	(len == n || b->buf[b->pos + n] == '\0');
    return 0;
}

static krb5_error_code
skip_data(krb5_storage *sp)
{
    krb5_error_code ret;
    int32_t len;

    ret = get_count(sp, 1, &len);
    if (ret == 0)
	ret = skip(sp, len);
    return ret;
}

/*
 * Data; whether it is this text.
 */
static krb5_error_code
skip_text(krb5_storage *sp, const char *text, krb5_boolean *same)
{
    krb5_error_code ret;
    int32_t len;

    ret = get_count(sp, 1, &len);
    if (ret == 0)
	ret = is_text(sp, len, text, same);
    if (ret == 0)
	ret = skip(sp, len);
    return ret;
}

static krb5_error_code
skip_principal(krb5_storage *sp, struct wanted *wanted)
{
    krb5_const_principal p = wanted ? wanted->server : NULL;
    krb5_boolean other = FALSE, *found = p ? &wanted->found : &other;
    krb5_error_code ret = 0;
    int32_t count, i;

    if (!krb5_storage_is_flags(sp, KRB5_STORAGE_PRINCIPAL_NO_NAME_TYPE))
	ret = skip(sp, 4);
    if (ret == 0)
	ret = krb5_ret_int32(sp, &count);
    if (ret)
	return ret;
    if (krb5_storage_is_flags(sp, KRB5_STORAGE_PRINCIPAL_WRONG_NUM_COMPONENTS))
	count = count > 0 ? count - 1 : -1;
    if (count < 0)
	return EINVAL;
    if ((size_t)count > MAX_ALLOC / sizeof(p->name.name_string.val[0]))
	return HEIM_ERR_TOO_BIG;
    if (p != NULL)
	*found = p->name.name_string.len == (size_t)count;
    if (*found && !wanted->any_realm)
	ret = skip_text(sp, p->realm, found);
    else
	ret = skip_data(sp);
    for (i = 0; ret == 0 && i < count; i++)
	ret = *found ? skip_text(sp, p->name.name_string.val[i], found) :
	    skip_data(sp);
    return ret;
}

/*
 * Addresses or authorization data.
 */
static krb5_error_code
skip_typed(krb5_storage *sp, size_t size)
{
    krb5_error_code ret;
    int32_t count, i;

    ret = get_count(sp, size, &count);
    for (i = 0; ret == 0 && i < count; i++) {
	ret = skip(sp, 2);
	if (ret == 0)
	    ret = skip_data(sp);
    }
    return ret;
}

static krb5_error_code
skip_creds(krb5_storage *sp, struct wanted *wanted)
{
    krb5_error_code ret;
    int twice = krb5_storage_is_flags(sp, KRB5_STORAGE_KEYBLOCK_KEYTYPE_TWICE);

    wanted->found = TRUE;
    ret = skip_principal(sp, NULL);		/* client */
    if (ret == 0)
	ret = skip_principal(sp, wanted);	/* server */
    if (ret == 0)
	ret = skip(sp, twice ? 4 : 2);		/* enctype */
    if (ret == 0)
	ret = skip_data(sp);			/* session key */
    if (ret == 0)
	ret = skip(sp, 4 * 4 + 1 + 4);		/* times to flags */
    if (ret == 0)
	ret = skip_typed(sp, sizeof(krb5_address));
    if (ret == 0)
	ret = skip_typed(sp, sizeof(*((krb5_authdata *)0)->val));
    if (ret == 0)
	ret = skip_data(sp);			/* ticket */
    if (ret == 0)
	ret = skip_data(sp);			/* second ticket */
    return ret;
}

/*
 * The next credential that may be the one that is wanted; krb5_compare_creds()
 * has to say whether it is.
 */
static krb5_error_code
next_of(krb5_context context, krb5_storage *sp, struct wanted *wanted,
	krb5_creds *creds)
{
    krb5_error_code ret;
    off_t start;

    memset(creds, 0, sizeof(*creds));
    do {
	start = krb5_storage_seek(sp, 0, SEEK_CUR);
	ret = skip_creds(sp, wanted);
    } while (ret == 0 && !wanted->found);
    if (ret)
	return ret;
    (void)krb5_storage_seek(sp, start, SEEK_SET);	/* it was there */
    ret = krb5_ret_creds(sp, creds);
    if (ret)
	krb5_free_cred_contents(context, creds);
    return ret;
}

/**
 * Read the credential that is next in the file as it is now.
 *
 * @param context a Kerberos 5 context
 * @param sp of _krb5_ext_ccache_storage(), behind the cache's head; the file
 *        is locked
 * @param creds the credential; free it with krb5_free_cred_contents()
 *
 * @return as krb5_ret_creds()
 *
 * @ingroup krb5
 */
krb5_error_code
_krb5_ext_ccache_next(krb5_context context, krb5_storage *sp,
		      krb5_creds *creds)
{
    struct wanted anybody = { NULL, FALSE, FALSE };

    _krb5_ext_blocks_forget(BLOCKS(sp));
    return next_of(context, sp, &anybody, creds);
}

/**
 * Find the first credential that matches, as krb5_cc_retrieve_cred() does.
 *
 * @param context a Kerberos 5 context
 * @param sp of _krb5_ext_ccache_storage(), behind the cache's head; the file
 *        is locked until this returns
 * @param whichfields KRB5_TC_ flags
 * @param mcreds what is looked for
 * @param creds the credential; free it with krb5_free_cred_contents()
 *
 * @return 0, the storage's code for its end when there is none, or as
 *         krb5_ret_creds()
 *
 * @ingroup krb5
 */
krb5_error_code
_krb5_ext_ccache_find(krb5_context context, krb5_storage *sp,
		      krb5_flags whichfields, const krb5_creds *mcreds,
		      krb5_creds *creds)
{
    struct wanted wanted;
    krb5_error_code ret;

    wanted.server = mcreds->server;
    wanted.any_realm = (whichfields & (KRB5_TC_DONT_MATCH_REALM |
				       KRB5_TC_MATCH_SRV_NAMEONLY)) != 0;
    for (;;) {
	ret = next_of(context, sp, &wanted, creds);
	if (ret || krb5_compare_creds(context, whichfields, mcreds, creds))
	    return ret;
	krb5_free_cred_contents(context, creds);
    }
}
