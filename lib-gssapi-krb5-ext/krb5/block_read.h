/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A file that has keys in it, read in blocks: what keytab_read.c and
 * ccache_read.c have in common.
 */

#ifndef KRB5_EXT_BLOCK_READ_H
#define KRB5_EXT_BLOCK_READ_H 1

struct krb5_ext_blocks {
    int fd;			/* alias */
    off_t at;			/* of buf's first octet; -1: fd has its own */
    size_t first;		/* size of the first block */
    krb5_error_code eof;	/* what the end of the file is called */
    unsigned char *buf;		/* owner; there are keys in it */
    size_t size;
    size_t pos;
    size_t len;			/* of what is read */
    size_t used;		/* so much was ever written to */
};

krb5_error_code
_krb5_ext_blocks_fill(struct krb5_ext_blocks *b, size_t want);

krb5_error_code
_krb5_ext_blocks_skip(struct krb5_ext_blocks *b, size_t n);

void
_krb5_ext_blocks_seek(struct krb5_ext_blocks *b, off_t to);

void
_krb5_ext_blocks_forget(struct krb5_ext_blocks *b);

void
_krb5_ext_blocks_free(struct krb5_ext_blocks *b);

#endif /* KRB5_EXT_BLOCK_READ_H */
