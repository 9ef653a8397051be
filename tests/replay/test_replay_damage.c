/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A replay cache that was cut, overwritten or is none: a tag that was stored
 * is refused as long as anything tells of it, and nothing is written into a
 * file that is no replay cache.
 *
 * REQ: XT-55
 */

#include "replay_test.h"

#define FILE_NAME "cache"

/* 6 and 249 have the same two places in table 1, 1023 goes to table 2 */
static const uint32_t numbers[] = { 6, 249, 1023 };
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))
#define AT_6 752

/*
 * The undamaged file; free with free().
 */
static unsigned char *
make_file(size_t count, size_t *length)
{
    size_t i;

    new_file(FILE_NAME);
    for (i = 0; i < count; i++)
	if (store_number(FILE_NAME, numbers[i], NOW))
	    errx(1, "tag %u", numbers[i]);
    return read_file(FILE_NAME, length);
}

/*
 * Cut behind n octets: known as long as the whole tag is there.  Whatever was
 * cut, the tag is stored then, once.
 */
static void
test_cut(void)
{
    unsigned char *octets;
    krb5_error_code ret, want;
    size_t length, n, bad = 0;

    octets = make_file(1, &length);
    check(length == AT_6 + RECORD, "a file of one record, %lu octets",
	  (unsigned long)length);
    for (n = 0; n <= length; n++) {
	write_file(FILE_NAME, octets, n);
	want = n < AT_6 + REPLAY_TAG_LENGTH ? 0 : KRB5KRB_AP_ERR_REPEAT;
	ret = store_number(FILE_NAME, 6, NOW);
	bad += ret != want;
	ret = store_number(FILE_NAME, 6, NOW);
	bad += ret != KRB5KRB_AP_ERR_REPEAT;
	ret = store_number(FILE_NAME, 249, NOW);
	bad += ret != 0;
	ret = store_number(FILE_NAME, 249, NOW);
	bad += ret != KRB5KRB_AP_ERR_REPEAT;
    }
    check(bad == 0, "cut at each length: %lu wrong answers",
	  (unsigned long)bad);
    free(octets);
}

/*
 * What is stored in a file that had no whole seed is found afterwards: the
 * seed in the file is the one that was used.
 */
static void
test_short_seed(void)
{
    unsigned char zeros[16] = { 0 };
    krb5_error_code ret;
    size_t n, bad = 0;
    uint32_t i;

    for (n = 0; n < sizeof(zeros); n++) {
	write_file(FILE_NAME, zeros, n);
	for (i = 0; i < 20; i++) {
	    ret = store_number(FILE_NAME, i, NOW);
	    bad += ret != 0;
	}
	for (i = 0; i < 20; i++) {
	    ret = store_number(FILE_NAME, i, NOW);
	    bad += ret != KRB5KRB_AP_ERR_REPEAT;
	}
    }
    check(bad == 0, "a file of 0 to 15 octets: %lu wrong answers",
	  (unsigned long)bad);
}

static void
test_new_seeds(void)
{
    unsigned char *one, *two;
    size_t length;

    write_file(FILE_NAME, "", 0);
    (void)store_number(FILE_NAME, 1, NOW);
    one = read_file(FILE_NAME, &length);
    write_file(FILE_NAME, "", 0);
    (void)store_number(FILE_NAME, 1, NOW);
    two = read_file(FILE_NAME, &length);
    check(memcmp(one, two, 16) != 0, "two new files have two seeds");
    free(one);
    free(two);
}

/*
 * Each octet of the seed and of a record, each bit: refused, as a replay or
 * because the file is damaged, and the file stays as it is.
 */
static void
test_flips(void)
{
    unsigned char *octets, *after;
    krb5_error_code ret;
    size_t length, at, n;
    unsigned int replays = 0, damaged = 0, accepted = 0, written = 0;
    int bit;

    octets = make_file(1, &length);
    for (at = 0; at < length; at++) {
	if (at == 16)
	    at = AT_6;
	for (bit = 0; bit < 8; bit++) {
	    octets[at] ^= 1 << bit;
	    write_file(FILE_NAME, octets, length);
	    ret = store_number(FILE_NAME, 6, NOW);
	    replays += ret == KRB5KRB_AP_ERR_REPEAT;
	    damaged += ret == KRB5_RC_IO_UNKNOWN;
	    accepted += ret != KRB5KRB_AP_ERR_REPEAT &&
		ret != KRB5_RC_IO_UNKNOWN;
	    after = read_file(FILE_NAME, &n);
	    written += n != length || memcmp(octets, after, n) != 0;
	    free(after);
	    octets[at] ^= 1 << bit;
	}
    }
    check(accepted == 0 && written == 0 && replays + damaged == 256,
	  "256 bits flipped: %u replays, %u damaged, %u accepted, "
	  "%u written to", replays, damaged, accepted, written);
    free(octets);
}

/*
 * The records in front of the one in table 2 are gone: MIT krb5 would stop at
 * them.
 */
static void
test_hole(void)
{
    unsigned char *octets;
    krb5_error_code ret;
    size_t length;

    octets = make_file(NUMBERS, &length);
    memset(octets + 16, 0, 1023 * RECORD);
    write_file(FILE_NAME, octets, length);
    ret = store_number(FILE_NAME, 1023, NOW);
    check(ret == KRB5KRB_AP_ERR_REPEAT,
	  "a hole does not hide what is behind it (%d)", (int)ret);
    ret = store_number(FILE_NAME, 6, NOW);
    check(ret == 0, "and can be filled (%d)", (int)ret);
    free(octets);
}

/*
 * A record that cannot be where it is, where the last one is good: what was
 * there may have been the tag.
 */
static void
test_wrong_place(void)
{
    unsigned char *octets, *after;
    krb5_error_code ret;
    size_t length, n;

    octets = make_file(NUMBERS, &length);
    number_tag(7, octets + AT_6);
    write_file(FILE_NAME, octets, length);
    ret = store_number(FILE_NAME, 6, NOW);
    check(ret == KRB5_RC_IO_UNKNOWN, "another's record in its place (%d)",
	  (int)ret);
    after = read_file(FILE_NAME, &n);
    check(n == length && memcmp(octets, after, n) == 0, "nothing is written");
    free(after);
    number_tag(6, octets + AT_6);
    write_file(FILE_NAME, octets, length);
    ret = store_number(FILE_NAME, 6, NOW);
    check(ret == KRB5KRB_AP_ERR_REPEAT, "the file as it was (%d)", (int)ret);
    ret = store_number(FILE_NAME, 7, NOW);
    check(ret == 0, "takes another (%d)", (int)ret);
    free(octets);
}

/*
 * The only record is looked at, though no tag leads to it.
 */
static void
test_one_record(void)
{
    unsigned char *octets;
    krb5_error_code ret;
    size_t length;

    octets = make_file(1, &length);
    memcpy(octets + 16, octets + AT_6, RECORD);
    write_file(FILE_NAME, octets, 16 + RECORD);
    ret = store_number(FILE_NAME, 249, NOW);
    check(ret == KRB5_RC_IO_UNKNOWN, "one record, in a wrong place (%d)",
	  (int)ret);
    write_file(FILE_NAME, octets, 16);
    ret = store_number(FILE_NAME, 249, NOW);
    check(ret == 0, "and none (%d)", (int)ret);
    free(octets);
}

/*
 * Files with a mark in the time of never: the tag is there and the time is 0.
 */
static void
test_no_time(void)
{
    unsigned char *octets;
    krb5_error_code ret;
    size_t length;

    octets = make_file(1, &length);
    memset(octets + AT_6 + REPLAY_TAG_LENGTH, 0, 4);
    write_file(FILE_NAME, octets, length);
    ret = store_number(FILE_NAME, 6, NOW);
    check(ret == KRB5_RC_IO_UNKNOWN, "a tag without a time (%d)", (int)ret);
    free(octets);
}

static void
test_garbage(void)
{
    static const char text[] =
	"# The octets of a file that is no replay cache at all.\n";
    unsigned char octets[64 * 1024], *after;
    krb5_error_code ret;
    uint32_t i, accepted = 0, seed = 1;
    size_t n;

    write_file(FILE_NAME, text, sizeof(text) - 1);
    ret = store_number(FILE_NAME, 1, NOW);
    after = read_file(FILE_NAME, &n);
    check(ret == KRB5_RC_IO_UNKNOWN && n == sizeof(text) - 1 &&
	  memcmp(after, text, n) == 0, "a text file is not touched (%d)",
	  (int)ret);
    free(after);

    for (i = 0; i < sizeof(octets); i++) {
	seed = seed * 1664525 + 1013904223;
	octets[i] = seed >> 24;
    }
    write_file(FILE_NAME, octets, sizeof(octets));
    for (i = 0; i < 1000; i++) {
	ret = store_number(FILE_NAME, i, NOW);
	accepted += ret != KRB5_RC_IO_UNKNOWN;
    }
    check(accepted == 0, "64 KiB of noise: %u of 1000 tags accepted",
	  accepted);

    memset(octets, 0, sizeof(octets));
    write_file(FILE_NAME, octets, sizeof(octets));
    ret = store_number(FILE_NAME, 1, NOW);
    check(ret == 0, "64 KiB of zeros are no records (%d)", (int)ret);
    ret = store_number(FILE_NAME, 1, NOW);
    check(ret == KRB5KRB_AP_ERR_REPEAT, "the same again (%d)", (int)ret);
}

int
main(int argc, char **argv)
{
    enter_test_dir();
    test_cut();
    test_short_seed();
    test_new_seeds();
    test_flips();
    test_hole();
    test_wrong_place();
    test_one_record();
    test_no_time();
    test_garbage();
    return check_done();
}
