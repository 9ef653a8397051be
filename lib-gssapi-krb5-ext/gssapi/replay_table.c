/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See replay_table.h.
 *
 * In an undamaged file this finds and writes what MIT krb5 would.  The octets
 * have no checksum, but they are not arbitrary either, and two things differ
 * so that a damaged file does not let a replay pass:
 *
 *  - MIT krb5 ends its search at the first record that was never written.
 *    Here it goes on through every table that the file has, so that a hole,
 *    which a crash of the system can leave, does not hide what is behind it.
 *  - A record that can have no business where it is, met on the way or at the
 *    end of the file, makes the file useless: either the record that was
 *    there is lost, or the seed, and with it the way to all of them.
 */

#include <config.h>
#include <roken.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "replay_table.h"
#include "siphash.h"

#define MAX_SIZE INT32_MAX	/* of a file; MIT krb5 has the same limit */
#define RECORD_LENGTH (REPLAY_TAG_LENGTH + 4)
#define FIRST_RECORDS 1023
#define SECOND_RECORDS 2048
#define HEAD_LENGTH (SIPHASH_KEY_LENGTH + FIRST_RECORDS * RECORD_LENGTH)

struct table {
    off_t offset;
    uint32_t records;
};

struct record {
    unsigned char octets[RECORD_LENGTH];
    size_t length;		/* octets of it that the file has */
};

/*
 * The file.  One that has no more than the first table is read as a whole,
 * which costs less than to read in three places; of another only the seed is
 * in head.
 */
struct file {
    int fd;
    off_t size;
    unsigned char head[HEAD_LENGTH];
    size_t head_length;
};

struct search {
    const struct file *file;
    unsigned char seed[SIPHASH_KEY_LENGTH];
    const unsigned char *tag;
    uint32_t now, skew;
    off_t place;		/* the first that can be written, or -1 */
    int damaged;		/* a record was met that cannot be */
};

/*
 * Go from table to the next, from one with no records to the first.  Returns 0
 * if that would not fit into the largest file.
 */
static int
next_table(struct table *table)
{
    if (table->records == 0) {
	table->offset = SIPHASH_KEY_LENGTH;
	table->records = FIRST_RECORDS;
	return 1;
    }
    table->offset += (off_t)table->records * RECORD_LENGTH;
    if (table->records == FIRST_RECORDS)
	table->records = SECOND_RECORDS;
    else
	table->records *= 2;
    return table->offset <= MAX_SIZE - (off_t)table->records * RECORD_LENGTH;
}

/*
 * Read up to length octets at offset; *got is less at the end of the file.
 */
static krb5_error_code
read_fd(int fd, off_t offset, unsigned char *octets, size_t length,
	size_t *got)
{
    ssize_t n;

    *got = 0;
    while (*got < length) {
	n = pread(fd, octets + *got, length - *got, offset + (off_t)*got);
	if (n < 0 && errno == EINTR)
	    continue;
	if (n < 0)
	    return errno;
	if (n == 0)
	    break;
	*got += n;
    }
    return 0;
}

/*
 * As read_fd(), of a file that has been read as a whole.
 */
static void
read_memory(const struct file *file, off_t offset, unsigned char *octets,
	    size_t length, size_t *got)
{
    *got = 0;
    if (offset < (off_t)file->head_length) {
	*got = min(length, file->head_length - (size_t)offset);
	memcpy(octets, file->head + offset, *got);
    }
}

static krb5_error_code
read_at(const struct file *file, off_t offset, unsigned char *octets,
	size_t length, size_t *got)
{
    if (file->size > HEAD_LENGTH)
	return read_fd(file->fd, offset, octets, length, got);
    read_memory(file, offset, octets, length, got);
    return 0;
}

static krb5_error_code
read_head(int fd, off_t size, struct file *file)
{
    file->fd = fd;
    file->size = size;
    return read_fd(fd, 0, file->head, file->size > HEAD_LENGTH ?
		   SIPHASH_KEY_LENGTH : (size_t)file->size,
		   &file->head_length);
}

static krb5_error_code
write_at(int fd, off_t offset, const unsigned char *octets, size_t length)
{
    ssize_t n;

    do {
	n = pwrite(fd, octets, length, offset);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
	return errno;
    return (size_t)n == length ? 0 : ENOSPC;	/* the file system is full */
}

/*
 * The file's seed.  A file without a whole one has no records either, and
 * gets a new one.
 */
static krb5_error_code
get_seed(const struct file *file, unsigned char seed[SIPHASH_KEY_LENGTH])
{
    if (file->head_length >= SIPHASH_KEY_LENGTH) {
	memcpy(seed, file->head, SIPHASH_KEY_LENGTH);
	return 0;
    }
    krb5_generate_random_block(seed, SIPHASH_KEY_LENGTH);
    return write_at(file->fd, 0, seed, SIPHASH_KEY_LENGTH);
}

/*
 * The offset of the first place of a tag in a table, the number-th from 0.
 */
static off_t
place_of(const struct search *search, const struct table *table, int number,
	 const unsigned char *tag)
{
    unsigned char seed[SIPHASH_KEY_LENGTH];
    uint64_t hash;

    memcpy(seed, search->seed, sizeof(seed));
    seed[0] = (seed[0] + number) & 0xff;
    hash = _gsskrb5_ext_siphash24(seed, tag, REPLAY_TAG_LENGTH);
    return table->offset + (off_t)(hash % table->records) * RECORD_LENGTH;
}

/*
 * The time of a record, 0 if it was never written whole.
 */
static uint32_t
stamp_of(const struct record *record)
{
    const unsigned char *p = record->octets + REPLAY_TAG_LENGTH;

    if (record->length < RECORD_LENGTH)
	return 0;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	(uint32_t)p[2] << 8 | p[3];
}

static int
is_empty(const struct record *record)
{
    unsigned char all = 0;
    size_t i;

    for (i = 0; i < RECORD_LENGTH; i++)
	all |= record->octets[i];
    return all == 0;
}

/*
 * Whether the tag was stored here, however long ago.  A file that was cut in
 * the time behind the tag still tells that.
 */
static int
holds(const struct record *record, const unsigned char *tag)
{
    if (record->length < REPLAY_TAG_LENGTH)
	return 0;
    if (record->length == RECORD_LENGTH && stamp_of(record) == 0)
	return 0;
    return ct_memcmp(record->octets, tag, REPLAY_TAG_LENGTH) == 0;
}

/*
 * Whether the record can be written over.  Times are modulo 2^32, as MIT krb5
 * computes them.
 */
static int
is_free(const struct record *record, uint32_t now, uint32_t skew)
{
    uint32_t stamp = stamp_of(record);

    return stamp == 0 || now > (uint32_t)(stamp + skew);
}

/*
 * Whether the record at offset can be one: it was never written (an incomplete
 * one at the end of the file counts as such), or offset is a place of its tag.
 */
static int
is_sane(const struct search *search, off_t offset, const struct record *record)
{
    struct table table = { 0, 0 };
    off_t place;
    int i;

    if (record->length < RECORD_LENGTH)
	return 1;
    if (stamp_of(record) == 0)
	return is_empty(record);
    for (i = 0; next_table(&table) && table.offset <= offset; i++) {
	/* the place behind a table's last is the first of the next table */
	if (offset > table.offset + (off_t)table.records * RECORD_LENGTH)
	    continue;
	place = place_of(search, &table, i, record->octets);
	if (offset == place || offset == place + RECORD_LENGTH)
	    return 1;
    }
    return 0;
}

/*
 * Look at the two records at offset, which are read at once: a place of the
 * tag and the next.  KRB5KRB_AP_ERR_REPEAT if one has the tag.
 */
static krb5_error_code
look_at(struct search *search, off_t offset)
{
    unsigned char octets[2 * RECORD_LENGTH];
    struct record record;
    krb5_error_code ret;
    size_t left;
    int i;

    ret = read_at(search->file, offset, octets, sizeof(octets), &left);
    if (ret)
	return ret;
    for (i = 0; i < 2; i++, offset += RECORD_LENGTH) {
	record.length = min(left, RECORD_LENGTH);
	memcpy(record.octets, octets + i * RECORD_LENGTH, record.length);
	left -= record.length;
	if (holds(&record, search->tag))
	    return KRB5KRB_AP_ERR_REPEAT;
	if (!is_sane(search, offset, &record))
	    search->damaged = 1;
	if (search->place == -1 && is_free(&record, search->now, search->skew))
	    search->place = offset;
    }
    return 0;
}

/*
 * Look at the last whole record, which is always one that was written last.
 * Without it a wrong seed would go unnoticed as long as the places that it
 * leads to are empty.
 */
static krb5_error_code
check_last(struct search *search)
{
    off_t records = (search->file->size - SIPHASH_KEY_LENGTH) / RECORD_LENGTH;
    off_t offset = SIPHASH_KEY_LENGTH + (records - 1) * RECORD_LENGTH;
    struct record record;
    krb5_error_code ret;

    if (records < 1)
	return 0;
    ret = read_at(search->file, offset, record.octets, RECORD_LENGTH,
		  &record.length);
    if (ret == 0 && !is_sane(search, offset, &record))
	search->damaged = 1;
    return ret;
}

/*
 * Look at the places of the tag in every table of the file, and in one behind
 * them if all are taken.
 */
static krb5_error_code
search_tables(struct search *search)
{
    struct table table = { 0, 0 };
    krb5_error_code ret;
    off_t offset;
    int i;

    for (i = 0; next_table(&table); i++) {
	if (search->place != -1 && table.offset >= search->file->size)
	    break;
	offset = place_of(search, &table, i, search->tag);
	ret = look_at(search, offset);
	if (ret)
	    return ret;
    }
    return 0;
}

static krb5_error_code
write_record(int fd, off_t place, const unsigned char *tag, uint32_t stamp)
{
    unsigned char record[RECORD_LENGTH];
    unsigned char *p = record + REPLAY_TAG_LENGTH;

    memcpy(record, tag, REPLAY_TAG_LENGTH);
    p[0] = stamp >> 24;
    p[1] = (stamp >> 16) & 0xff;
    p[2] = (stamp >> 8) & 0xff;
    p[3] = stamp & 0xff;
    return write_at(fd, place, record, sizeof(record));
}

/**
 * Search a replay cache for a tag and store it if it is not there.
 *
 * @param fd the file, open for reading and writing and locked against
 *        everybody else; its offset is not used
 * @param size the file's, since it is locked
 * @param tag REPLAY_TAG_LENGTH octets
 * @param stamp the time to store with the tag, seconds since 1970 modulo 2^32,
 *        not 0, which is the mark of a record that was never written
 * @param now the time, likewise
 * @param skew seconds after which a record may be written over
 *
 * @return 0 if the tag was not there and now is; KRB5KRB_AP_ERR_REPEAT if it
 *         was; KRB5_RC_IO_UNKNOWN if the file is damaged, so that the tag may
 *         have been there; EOVERFLOW if the file is as large as it may be and
 *         every place of the tag is taken; otherwise the errno of
 *         pread() or pwrite(), ENOSPC for a short write.  Only in the first
 *         case a record has been written.
 */
krb5_error_code
_gsskrb5_ext_replay_table_store(int fd, off_t size,
				const unsigned char tag[REPLAY_TAG_LENGTH],
				uint32_t stamp, uint32_t now, uint32_t skew)
{
    struct file file;
    struct search search = { &file, { 0 }, tag, now, skew, -1, 0 };
    krb5_error_code ret;

    ret = read_head(fd, size, &file);
    if (ret == 0)
	ret = get_seed(&file, search.seed);
    if (ret == 0)
	ret = search_tables(&search);
    if (ret == 0)
	ret = check_last(&search);
    if (ret)
	return ret;
    if (search.damaged)
	return KRB5_RC_IO_UNKNOWN;
    if (search.place == -1)
	return EOVERFLOW;
    return write_record(fd, search.place, tag, stamp);
}
