/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See block_read.h.  What was read is wiped before its memory is given back.
 */

#include "krb5_locl.h"

#include "block_read.h"

#define BLOCK_MAX (16 * 1024)		/* unless more is wanted at once */

#ifdef _WIN32
static ssize_t
read_at(int fd, void *to, size_t n, off_t at)
{
    if (lseek(fd, at, SEEK_SET) < 0)
	return -1;
    return read(fd, to, n);
}
#else
#define read_at pread
#endif

static void
free_buffer(struct krb5_ext_blocks *b)
{
    if (b->buf != NULL)
	memset_s(b->buf, b->used, 0, b->used);
    free(b->buf);
    b->buf = NULL;
}

/*
 * Room for want octets; what is unread moves to the front.
 */
static krb5_error_code
make_room(struct krb5_ext_blocks *b, size_t want)
{
    size_t size = b->size, unread = b->len - b->pos;
    unsigned char *buf;

    if (b->buf == NULL)
	size = b->first;
    else if (size < BLOCK_MAX && b->len == size)
	size = BLOCK_MAX;
    if (size < want)
	size = want;
    if (size == b->size) {
	memmove(b->buf, b->buf + b->pos, unread);
    } else {
	buf = malloc(size);
	if (buf == NULL)
	    return ENOMEM;
	if (unread)
	    memcpy(buf, b->buf + b->pos, unread);
	free_buffer(b);
	b->buf = buf;
	b->size = size;
	b->used = unread;
    }
    if (b->at != -1)
	b->at += b->pos;
    b->pos = 0;
    b->len = unread;
    return 0;
}

static ssize_t
read_more(struct krb5_ext_blocks *b)
{
    unsigned char *to = b->buf + b->len;

    if (b->at == -1)
	return read(b->fd, to, b->size - b->len);
    return read_at(b->fd, to, b->size - b->len, b->at + b->len);
}

/**
 * See to it that octets can be looked at, from b->buf + b->pos.
 *
 * @param b blocks
 * @param want so many
 *
 * @return 0, ENOMEM or an error of read(); b->eof when the file has no more
 *
 * @ingroup krb5
 */
krb5_error_code
_krb5_ext_blocks_fill(struct krb5_ext_blocks *b, size_t want)
{
    krb5_error_code ret;
    ssize_t n;

    if (want <= b->len - b->pos)
	return 0;
    ret = make_room(b, want);
    while (ret == 0 && b->len < want) {
	n = read_more(b);
	if (n > 0)
	    b->len += n;
	else if (n == 0)
	    ret = b->eof;
	else if (errno != EINTR)
	    ret = errno;
	if (b->used < b->len)
	    b->used = b->len;
    }
    return ret;
}

/**
 * Pass over octets, which have to be there.
 *
 * @param b blocks
 * @param n so many
 *
 * @return as _krb5_ext_blocks_fill()
 *
 * @ingroup krb5
 */
krb5_error_code
_krb5_ext_blocks_skip(struct krb5_ext_blocks *b, size_t n)
{
    krb5_error_code ret;

    while (n > b->len - b->pos) {
	n -= b->len - b->pos;
	b->pos = b->len;
	ret = _krb5_ext_blocks_fill(b, 1);
	if (ret)
	    return ret;
    }
    b->pos += n;
    return 0;
}

/**
 * Go on somewhere else in the file.
 *
 * @param b blocks that say where they are in the file
 * @param to where
 *
 * @ingroup krb5
 */
void
_krb5_ext_blocks_seek(struct krb5_ext_blocks *b, off_t to)
{
    if (to >= b->at && to - b->at <= (off_t)b->len) {
	b->pos = to - b->at;
    } else {
	b->at = to;
	b->pos = b->len = 0;
    }
}

/**
 * Read again what is not looked at yet: somebody may have written to the file.
 *
 * @param b blocks that say where they are in the file
 *
 * @ingroup krb5
 */
void
_krb5_ext_blocks_forget(struct krb5_ext_blocks *b)
{
    b->at += b->pos;
    b->pos = b->len = 0;
}

/**
 * Wipe what was read, and free it.
 *
 * @param b blocks; the struct and the file stay the caller's
 *
 * @ingroup krb5
 */
void
_krb5_ext_blocks_free(struct krb5_ext_blocks *b)
{
    free_buffer(b);
    b->size = b->pos = b->len = b->used = 0;
}
