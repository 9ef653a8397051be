/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the programs of this directory share: a directory of their own, files,
 * tags, one call of a store.
 */

#ifndef REPLAY_TEST_H
#define REPLAY_TEST_H 1

#include "gsskrb5_locl.h"
#include "replay_cache.h"

#include "sec_test.h"

#define NOW 1000000000
#define SKEW 300
#define RECORD 16

static char test_dir[64];

static inline void
remove_test_dir(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", test_dir);
    if (system(command) != 0)
	fprintf(stderr, "%s: not removed\n", test_dir);
}

/*
 * Make a directory that is removed at the end, and make it the current one.
 */
static inline void
enter_test_dir(void)
{
    char cwd[1024];

    if (getcwd(cwd, sizeof(cwd)) == NULL)
	err(1, "getcwd");
    snprintf(test_dir, sizeof(test_dir), "/tmp/replay.XXXXXX");
    if (mkdtemp(test_dir) == NULL || chdir(test_dir) < 0)
	err(1, "%s", test_dir);
    atexit(remove_test_dir);
}

/*
 * The tag of a number.
 */
static inline const unsigned char *
number_tag(uint32_t number, unsigned char tag[REPLAY_TAG_LENGTH])
{
    memset(tag, 0, REPLAY_TAG_LENGTH);
    tag[0] = number >> 24;
    tag[1] = (number >> 16) & 0xff;
    tag[2] = (number >> 8) & 0xff;
    tag[3] = number & 0xff;
    return tag;
}

static inline void
write_file(const char *path, const void *octets, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, octets, length) != (ssize_t)length || close(fd))
	err(1, "%s", path);
}

/*
 * A file with the seed 00 01 02 ... 0f and no record.
 */
static inline void
new_file(const char *path)
{
    unsigned char seed[16];
    int i;

    for (i = 0; i < 16; i++)
	seed[i] = i;
    write_file(path, seed, sizeof(seed));
}

static inline off_t
size_of(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
	err(1, "%s", path);
    return st.st_size;
}

/*
 * The whole file; free with free().
 */
static inline unsigned char *
read_file(const char *path, size_t *length)
{
    unsigned char *octets;
    int fd = open(path, O_RDONLY);

    *length = size_of(path);
    octets = malloc(*length + 1);
    if (fd < 0 || octets == NULL ||
	read(fd, octets, *length) != (ssize_t)*length)
	err(1, "%s", path);
    close(fd);
    return octets;
}

/*
 * Store the tag of a number in a file, which need not be safe.
 */
static inline krb5_error_code
store_number(const char *path, uint32_t number, uint32_t now)
{
    unsigned char tag[REPLAY_TAG_LENGTH];
    krb5_error_code ret;
    int fd = open(path, O_RDWR);

    if (fd < 0)
	err(1, "%s", path);
    ret = _gsskrb5_ext_replay_table_store(fd, size_of(path),
					  number_tag(number, tag), now, now,
					  SKEW);
    close(fd);
    return ret;
}

#endif /* REPLAY_TEST_H */
