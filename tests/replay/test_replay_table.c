/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The file2 format: where records are, how tables grow and records expire.
 * The offsets and the digests come from tests/wire/rcache2.py.
 *
 * REQ: XT-55
 */

#include "replay_test.h"

#include "siphash.h"

#define FILE_NAME "cache"
#define FIRST_TABLE (16 + 1023 * RECORD)

/* with the seed 00 01 ... 0f */
static const struct vector {
    uint32_t number;
    off_t offset;
    const char *what;
} vectors[] = {
    { 1, 2320, "first place in table 1" },
    { 154, 2336, "second place in table 1" },
    { 811, 23728, "first place in table 2" },
    { 1030, 47216, "first place in table 2, too" },
    { 2114, 44272, "a third in table 2" },
    { 2435, 24016, "a fourth" },
    { 2551, 43664, "a fifth" },
    { 1366, 16368, "the last place in table 1" },
    { 2143, 16384, "behind it, which is the first of table 2" }
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

/*
 * All octets of the file but its seed and the vectors' records are 0.
 */
static int
nothing_else(unsigned char *octets, size_t length)
{
    size_t i;

    for (i = 0; i < VECTORS; i++)
	memset(octets + vectors[i].offset, 0, RECORD);
    for (i = 16; i < length && octets[i] == 0; i++)
	;
    return i == length;
}

static void
test_vectors(void)
{
    static const unsigned char stamp[] = { 0x3b, 0x9a, 0xca, 0x01 };
    unsigned char tag[REPLAY_TAG_LENGTH], *octets;
    const unsigned char *record;
    krb5_error_code ret;
    size_t i, length;

    new_file(FILE_NAME);
    for (i = 0; i < VECTORS; i++) {
	ret = store_number(FILE_NAME, vectors[i].number, 0x3b9aca01);
	octets = read_file(FILE_NAME, &length);
	record = octets + vectors[i].offset;
	check(ret == 0 && length >= (size_t)vectors[i].offset + RECORD &&
	      memcmp(record, number_tag(vectors[i].number, tag),
		     REPLAY_TAG_LENGTH) == 0 &&
	      memcmp(record + REPLAY_TAG_LENGTH, stamp, 4) == 0,
	      "tag %u at %ld: %s (%d)", vectors[i].number,
	      (long)vectors[i].offset, vectors[i].what, (int)ret);
	free(octets);
    }
    octets = read_file(FILE_NAME, &length);
    check(nothing_else(octets, length), "and nothing else");
    free(octets);
    for (i = 0; i < VECTORS; i++) {
	ret = store_number(FILE_NAME, vectors[i].number, NOW);
	check(ret == KRB5KRB_AP_ERR_REPEAT, "tag %u again (%d)",
	      vectors[i].number, (int)ret);
    }
}

/*
 * A hash of the whole file.
 */
static uint64_t
digest(const char *path)
{
    static const unsigned char key[SIPHASH_KEY_LENGTH];
    unsigned char *octets;
    size_t length;
    uint64_t hash;

    octets = read_file(path, &length);
    hash = _gsskrb5_ext_siphash24(key, octets, length);
    free(octets);
    return hash;
}

static void
test_growth(void)
{
    static const struct step {
	uint32_t tags;
	off_t size;
	uint64_t digest;
    } steps[] = {
	{ 100, 15904, 0xd6e6da098ccb0c1bULL },
	{ 1000, 49072, 0x52a3b9793baa3d69ULL },
	{ 2000, 114560, 0xec507dc2704ef9f2ULL },
	{ 5000, 245664, 0x88e844ad4f349078ULL },
	{ 10000, 507680, 0x6196d3254303ad56ULL },
	{ 20000, 1030160, 0x8b24e83478f150e2ULL }
    };
    krb5_error_code ret = 0;
    uint32_t n = 0, bad = 0;
    size_t i;

    new_file(FILE_NAME);
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
	for (; ret == 0 && n < steps[i].tags; n++)
	    ret = store_number(FILE_NAME, n, NOW);
	check(ret == 0 && size_of(FILE_NAME) == steps[i].size &&
	      digest(FILE_NAME) == steps[i].digest,
	      "%u tags: %ld octets, %016llx (%d)", n,
	      (long)size_of(FILE_NAME),
	      (unsigned long long)digest(FILE_NAME), (int)ret);
    }
    while (n-- > 0)
	bad += store_number(FILE_NAME, n, NOW) != KRB5KRB_AP_ERR_REPEAT;
    check(bad == 0, "each of them again: %u not noticed", bad);
}

/*
 * Every record has expired when the next comes: one table does.
 */
static void
test_expired(void)
{
    krb5_error_code ret = 0;
    uint32_t n;

    new_file(FILE_NAME);
    for (n = 0; ret == 0 && n < 10000; n++)
	ret = store_number(FILE_NAME, n, NOW + n * (SKEW + 1));
    check(ret == 0 && size_of(FILE_NAME) <= FIRST_TABLE + RECORD,
	  "10000 tags, each after the last has expired: %ld octets (%d)",
	  (long)size_of(FILE_NAME), (int)ret);
}

/*
 * 1, 154 and 811 have the same two places in table 1.
 */
static void
test_expiry(void)
{
    krb5_error_code ret;

    new_file(FILE_NAME);
    (void)store_number(FILE_NAME, 1, NOW);
    (void)store_number(FILE_NAME, 154, NOW);
    ret = store_number(FILE_NAME, 811, NOW + SKEW);
    check(ret == 0 && size_of(FILE_NAME) > 23728,
	  "a record that is as old as the skew is kept (%d)", (int)ret);
    ret = store_number(FILE_NAME, 1, NOW + 10 * SKEW);
    check(ret == KRB5KRB_AP_ERR_REPEAT,
	  "an old record that is still there tells a replay (%d)", (int)ret);

    new_file(FILE_NAME);
    (void)store_number(FILE_NAME, 1, NOW);
    (void)store_number(FILE_NAME, 154, NOW);
    ret = store_number(FILE_NAME, 811, NOW + SKEW + 1);
    check(ret == 0 && size_of(FILE_NAME) == 2336 + RECORD,
	  "a second later it is written over (%d)", (int)ret);
    ret = store_number(FILE_NAME, 1, NOW + SKEW + 1);
    check(ret == 0, "and its tag is forgotten (%d)", (int)ret);
    ret = store_number(FILE_NAME, 811, NOW + SKEW + 1);
    check(ret == KRB5KRB_AP_ERR_REPEAT, "the new one is there (%d)",
	  (int)ret);
}

static void
test_clock(void)
{
    krb5_error_code ret;

    new_file(FILE_NAME);
    (void)store_number(FILE_NAME, 1, NOW);
    (void)store_number(FILE_NAME, 154, NOW);
    ret = store_number(FILE_NAME, 1, NOW - 86400);
    check(ret == KRB5KRB_AP_ERR_REPEAT,
	  "the clock goes back a day: the same tag (%d)", (int)ret);
    ret = store_number(FILE_NAME, 811, NOW - 86400);
    check(ret == 0 && size_of(FILE_NAME) > 23728,
	  "another one writes over none (%d)", (int)ret);
    ret = store_number(FILE_NAME, 1, NOW - 86400);
    check(ret == KRB5KRB_AP_ERR_REPEAT, "the first again (%d)", (int)ret);

    /* 2106: stamps modulo 2^32 */
    new_file(FILE_NAME);
    (void)store_number(FILE_NAME, 1, 0xffffffffU);
    (void)store_number(FILE_NAME, 154, 1);
    ret = store_number(FILE_NAME, 811, 2);
    check(ret == 0 && size_of(FILE_NAME) > 23728,
	  "the clock passes 2^32: nothing has expired (%d)", (int)ret);
    ret = store_number(FILE_NAME, 2114, SKEW);
    check(ret == 0 && store_number(FILE_NAME, 1, SKEW) == 0,
	  "and later it has (%d)", (int)ret);
}

/*
 * Tags that can be where tag 1 can: both places in each of the 17 tables that
 * a file can have.
 */
static const struct filler {
    uint32_t number;
    off_t offset;
} fillers[] = {
	{ 43, 2336 },
	{ 154, 2320 },
	{ 72, 22496 },
	{ 933, 22512 },
	{ 249, 58080 },
	{ 19777, 58064 },
	{ 6805, 215120 },
	{ 8431, 215104 },
	{ 6036, 343072 },
	{ 23688, 343088 },
	{ 720, 994288 },
	{ 34095, 994272 },
	{ 13628, 1714800 },
	{ 105321, 1714784 },
	{ 109, 3836304 },
	{ 78379, 3836320 },
	{ 216580, 6019520 },
	{ 398841, 6019536 },
	{ 711542, 13086096 },
	{ 1016492, 13086080 },
	{ 162942, 28444064 },
	{ 822747, 28444048 },
	{ 313373, 42333216 },
	{ 1196787, 42333200 },
	{ 987612, 106495328 },
	{ 1148612, 106495344 },
	{ 140504, 211407440 },
	{ 2542519, 211407456 },
	{ 704238, 525526688 },
	{ 4767666, 525526704 },
	{ 45305921, 928729152 },
	{ 96878868, 928729136 },
	{ 41357049, 1453898736 },
	{ 62267102, 1453898720 }
};
#define FILLERS (sizeof(fillers) / sizeof(fillers[0]))

static void
write_filler(int fd, const struct filler *filler)
{
    unsigned char record[RECORD] = { 0 };

    number_tag(filler->number, record);
    record[12] = 0x3b;
    record[13] = 0x9a;
    record[14] = 0xca;
    if (pwrite(fd, record, RECORD, filler->offset) != RECORD)
	err(1, "pwrite");
}

/*
 * A table that would end behind 2^31 - 1 octets is not made.  The file is
 * sparse.
 */
static void
test_full(void)
{
    krb5_error_code ret;
    size_t i;
    int fd;

    new_file(FILE_NAME);
    fd = open(FILE_NAME, O_RDWR);
    if (fd < 0)
	err(1, FILE_NAME);
    for (i = 0; i < FILLERS; i++)
	write_filler(fd, &fillers[i]);
    ret = store_number(FILE_NAME, 1, NOW);
    check(ret == EOVERFLOW, "all %d places of a tag are taken (%d)",
	  (int)FILLERS, (int)ret);
    ret = store_number(FILE_NAME, 1, NOW + SKEW + 1);
    check(ret == 0, "and expired (%d)", (int)ret);
    ret = store_number(FILE_NAME, 1, NOW);
    check(ret == KRB5KRB_AP_ERR_REPEAT, "the same again (%d)", (int)ret);

    /* more than any table */
    if (ftruncate(fd, (off_t)1 << 32) < 0)
	err(1, "ftruncate");
    ret = store_number(FILE_NAME, 2, NOW);
    check(ret == 0, "a file of 4 GiB: another tag (%d)", (int)ret);
    ret = store_number(FILE_NAME, 2, NOW);
    check(ret == KRB5KRB_AP_ERR_REPEAT, "the same again (%d)", (int)ret);
    close(fd);
}

int
main(int argc, char **argv)
{
    enter_test_dir();
    test_vectors();
    test_growth();
    test_expired();
    test_expiry();
    test_clock();
    test_full();
    return check_done();
}
