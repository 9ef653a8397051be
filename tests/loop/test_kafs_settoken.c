/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * libkafs: what is given to the cache manager, and that lengths are looked at
 * before anything is copied.  The cache manager is played by fake_pioctl().
 */

#define k_pioctl fake_pioctl
#include "common.c"

#include "sec_test.h"

#define CELL "example.org"

static unsigned char *got;		/* what the cache manager got last */
static size_t got_len;
static int calls, pioctl_result;

int
fake_pioctl(char *path, int opcode, struct ViceIoctl *parms, int follow)
{
    calls++;
    free(got);
    got_len = parms->in_size;
    got = malloc(got_len + 1);
    if (got == NULL || path != NULL || opcode != VIOCSETTOK || follow != 0 ||
	parms->out != NULL || parms->out_size != 0)
	exit(1);
    memcpy(got, parms->in, got_len);
    errno = pioctl_result ? EDOM : 0;
    return pioctl_result;
}

static unsigned char *
put_int32(unsigned char *p, int32_t value)
{
    memcpy(p, &value, sizeof(value));	/* in the host's byte order */
    return p + sizeof(value);
}

/* REQ: RK-06 */
static void
test_length(size_t ticket_len, const char *cell, int want)
{
    struct ClearToken ct;
    unsigned char *ticket, *expected, *p;
    size_t i, len;
    int ret;

    memset(&ct, 0, sizeof(ct));
    ct.AuthHandle = 213;
    memcpy(ct.HandShakeKey, "\1\2\3\4\5\6\7\10", 8);
    ct.ViceId = 4711;
    ct.BeginTimestamp = 1000000;
    ct.EndTimestamp = 1036001;
    len = 4 + ticket_len + 4 + 24 + 4 + strlen(cell) + 1;
    ticket = malloc(ticket_len + 1);
    expected = malloc(len);
    if (ticket == NULL || expected == NULL)
	exit(1);
    for (i = 0; i < ticket_len; i++)
	ticket[i] = i * 7 + (i >> 8);
    p = put_int32(expected, (int32_t)ticket_len);
    memcpy(p, ticket, ticket_len);
    p = put_int32(p + ticket_len, 24);
    p = put_int32(p, 213);
    memcpy(p, "\1\2\3\4\5\6\7\10", 8);
    p = put_int32(p + 8, 4711);
    p = put_int32(p, 1000000);
    p = put_int32(p, 1036001);
    p = put_int32(p, 0);
    memcpy(p, cell, strlen(cell) + 1);

    calls = 0;
    ret = kafs_settoken_rxkad(cell, &ct, ticket, ticket_len);
    if (want == 0)
	check(ret == 0 && calls == 1 && got_len == len &&
	      memcmp(got, expected, len) == 0,
	      "a ticket of %lu octets, a cell of %lu: %d, the octets expected",
	      (unsigned long)ticket_len, (unsigned long)strlen(cell), ret);
    else
	check(ret == want && calls == 0,
	      "a ticket of %lu octets, a cell of %lu: %d, want %d",
	      (unsigned long)ticket_len, (unsigned long)strlen(cell), ret,
	      want);
    free(ticket);
    free(expected);
}

static void
test_result(void)
{
    struct ClearToken ct;
    int ret;

    memset(&ct, 0, sizeof(ct));
    pioctl_result = -1;
    errno = 0;
    ret = kafs_settoken_rxkad(CELL, &ct, "x", 1);
    check(ret == -1 && errno == EDOM,
	  "the cache manager's refusal reaches the caller (%d, errno %d)",
	  ret, errno);
    pioctl_result = 0;
}

int
main(int argc, char **argv)
{
    static const size_t good[] = { 0, 1, 56, 343, 344, 1250, 1500, 1900, 2001,
				   2048, 4096, 8440, 11999, 12000 };
    static const size_t bad[] = { 12001, 16384, 65535, 65536, 70000, 131100 };
    char *cell;
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	test_length(good[i], CELL, 0);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	test_length(bad[i], CELL, E2BIG);
    cell = malloc(70001);
    if (cell == NULL)
	return 1;
    memset(cell, 'c', 70000);
    cell[70000] = '\0';
    test_length(56, cell, E2BIG);
    cell[2001] = '\0';
    test_length(56, cell, 0);
    free(cell);
    test_result();
    test_length(56, CELL, 0);
    free(got);
    return check_done();
}
