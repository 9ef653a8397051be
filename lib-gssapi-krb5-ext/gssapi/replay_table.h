/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The octets of a replay cache, MIT krb5's "file2" format (since 1.18):
 *
 *   offset  octets         what
 *   0       16             seed: key of SipHash-2-4, random
 *   16      1023 records   table 1
 *   16384   2048 records   table 2
 *   49152   4096 records   table 3; each further one is twice as long
 *
 *   a record, 16 octets:
 *   0       12             tag
 *   12      4              time, most significant first; 0: never written
 *
 * A tag's place in a table is its hash modulo the table's number of records,
 * or the record behind that one, which for the last record is the first of
 * the next table.  For each further table the first octet of the seed is one
 * higher (modulo 256).  The file may end anywhere.
 *
 * doc/formats/rcache2.md has the rules for searching and writing.
 */

#ifndef GSSKRB5_EXT_REPLAY_TABLE_H
#define GSSKRB5_EXT_REPLAY_TABLE_H 1

#include <krb5.h>

#define REPLAY_TAG_LENGTH 12

krb5_error_code
_gsskrb5_ext_replay_table_store(int fd, off_t size,
				const unsigned char tag[REPLAY_TAG_LENGTH],
				uint32_t stamp, uint32_t now, uint32_t skew);

#endif /* GSSKRB5_EXT_REPLAY_TABLE_H */
