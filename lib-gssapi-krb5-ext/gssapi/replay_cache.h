/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The replay cache of an acceptor, which MIT krb5 (1.18 and later) on the same
 * host shares: the same file, octets and lock.
 *
 *   name           where it is
 *   dfl:           krb5_<effective uid>.rcache2 in $KRB5RCACHEDIR, $TMPDIR or
 *                  /var/tmp
 *   file2:<path>   a file that the administrator names
 *   none:          nowhere: nothing is stored, nothing is a replay
 *
 * Nothing is kept between two calls, neither in memory nor a descriptor, so
 * any number of processes and threads can store at a time.  Threads need a
 * system with locks of open file descriptions (Linux 3.15); elsewhere the
 * lock is one of processes, and the caller has to serialise its threads.
 */

#ifndef GSSKRB5_EXT_REPLAY_CACHE_H
#define GSSKRB5_EXT_REPLAY_CACHE_H 1

#include "replay_table.h"

/* Behind gsskrb5_locl.h. */

/* replay_tag.c */

krb5_error_code
_gsskrb5_ext_replay_tag(krb5_context context, const EncryptedData *enc,
			unsigned char tag[REPLAY_TAG_LENGTH]);

/* replay_name.c */

krb5_error_code
_gsskrb5_ext_replay_cache_name(krb5_context context, char **name);

int
_gsskrb5_ext_replay_cache_is_none(const char *name);

krb5_error_code
_gsskrb5_ext_replay_cache_path(krb5_context context, const char *name,
			       char **path);

/* replay_file.c */

krb5_error_code
_gsskrb5_ext_replay_file_open(krb5_context context, const char *path,
			      int shared, int *fd, off_t *size);

krb5_error_code
_gsskrb5_ext_replay_file_close(int fd);

/* replay_cache.c */

krb5_error_code
_gsskrb5_ext_replay_cache_store(krb5_context context, const char *name,
				const unsigned char tag[REPLAY_TAG_LENGTH],
				time_t ctime, time_t now, time_t skew);

#endif /* GSSKRB5_EXT_REPLAY_CACHE_H */
