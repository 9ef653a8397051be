/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * libkafs: _kafs_get_cred() looks at the length of a cell's name before it
 * writes it in upper case into memory of its own.
 */

#define k_pioctl fake_pioctl
#include "common.c"

#include "sec_test.h"

int
fake_pioctl(char *path, int opcode, struct ViceIoctl *parms, int follow)
{
    return -1;			/* is not called */
}

static char asked[8][600];
static int asks;

static int
fake_get_cred(struct kafs_data *data, const char *user, const char *inst,
	      const char *realm, uid_t uid, struct kafs_token *kt)
{
    if (asks < 8)
	snprintf(asked[asks], sizeof(asked[0]), "%s/%s@%s", user,
		 inst ? inst : "", realm);
    asks++;
    return asks == 3 ? 0 : ENOENT;
}

static void
test_cell_name(size_t len, int want)
{
    struct kafs_data data;
    struct kafs_token kt;
    char cell[600], upper[600], expected[1300];
    int ret;

    memset(&data, 0, sizeof(data));
    memset(&kt, 0, sizeof(kt));
    data.name = "fake";
    data.get_cred = fake_get_cred;
    memset(cell, 'a', len);
    cell[len] = '\0';
    memset(upper, 'A', len);
    upper[len] = '\0';
    asks = 0;
    ret = _kafs_get_cred(&data, cell, NULL, "REALM", 0, &kt);
    if (want) {
	check(ret == want && asks == 0,
	      "a cell name of %lu octets: %d, want %d", (unsigned long)len,
	      ret, want);
	return;
    }
    /* afs/cell@REALM, afs@CELL, afs/cell@CELL */
    snprintf(expected, sizeof(expected), "afs/%s@%s", cell, upper);
    check(ret == 0 && asks == 3 &&
	  strncmp(asked[2], expected, sizeof(asked[2]) - 1) == 0,
	  "a cell name of %lu octets: %d, asked for in upper case",
	  (unsigned long)len, ret);
}

int
main(int argc, char **argv)
{
    test_cell_name(11, 0);
    test_cell_name(63, 0);
    test_cell_name(64, 0);
    test_cell_name(255, 0);
    test_cell_name(256, ENAMETOOLONG);
    test_cell_name(599, ENAMETOOLONG);
    test_cell_name(11, 0);
    return check_done();
}
