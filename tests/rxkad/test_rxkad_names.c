/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The names that rxkad has for principals.  What two principals would share
 * is refused.
 */

#include "rxkad_2b_locl.h"

#include "names.c"

#include "sec_test.h"

#define DOTTED	RXKAD_2B_ALLOW_DOTTED
#define OPENAFS	RXKAD_2B_OPENAFS_NAMES
#define C63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define C64 C63 "l"

static const struct row {
    const char *first, *second, *third, *realm;
    unsigned int flags;
    rxkad_2b_reason reason;
    const char *name, *instance;
} rows[] = {
    /* REQ: RK-18: one and two components */
    { "user", NULL, NULL, "R", 0, RXKAD_2B_OK, "user", "" },
    { "user", "admin", NULL, "R", 0, RXKAD_2B_OK, "user", "admin" },
    { "user", "a.b", NULL, "R", 0, RXKAD_2B_OK, "user", "a.b" },
    { NULL, NULL, NULL, "R", 0, RXKAD_2B_NAME_COMPONENTS, "", "" },
    { "a", "b", "c", "R", 0, RXKAD_2B_NAME_COMPONENTS, "", "" },
    { "a", "b", "", "R", 0, RXKAD_2B_NAME_COMPONENTS, "", "" },
    { "a", "b", "c", "R", DOTTED | OPENAFS, RXKAD_2B_NAME_COMPONENTS,
      "", "" },

    /* services on hosts */
    { "host", "h.ext.test", NULL, "R", 0, RXKAD_2B_OK, "rcmd", "h" },
    { "http", "www.ext.test", NULL, "R", 0, RXKAD_2B_OK, "http", "www" },
    { "mandarin-agent", "x.y", NULL, "R", 0, RXKAD_2B_OK,
      "mandarin-agent", "x" },
    { "host", "h", NULL, "R", 0, RXKAD_2B_NAME_HOST, "", "" },
    { "host", ".h", NULL, "R", 0, RXKAD_2B_NAME_HOST, "", "" },
    { "host", NULL, NULL, "R", 0, RXKAD_2B_OK, "host", "" },
    { "hosts", "h.e", NULL, "R", 0, RXKAD_2B_OK, "hosts", "h.e" },
    { "Host", "h.e", NULL, "R", 0, RXKAD_2B_OK, "Host", "h.e" },
    { "kadmin", "admin", NULL, "R", 0, RXKAD_2B_NAME_INSTANCE, "", "" },
    { "kadmin", "admin", NULL, "R", OPENAFS, RXKAD_2B_OK, "kadmin", "" },
    { "zephyr", "zephyr", NULL, "R", 0, RXKAD_2B_NAME_INSTANCE, "", "" },
    { "zephyr", "zephyr", NULL, "R", OPENAFS, RXKAD_2B_OK, "zephyr", "" },
    { "kadmin", NULL, NULL, "R", 0, RXKAD_2B_OK, "kadmin", "" },

    /* REQ: RK-19: dots */
    { "foo", "root", NULL, "R", 0, RXKAD_2B_OK, "foo", "root" },
    { "foo.root", NULL, NULL, "R", 0, RXKAD_2B_NAME_DOT, "", "" },
    { ".", NULL, NULL, "R", 0, RXKAD_2B_NAME_DOT, "", "" },
    { "foo.root", "x", NULL, "R", 0, RXKAD_2B_NAME_DOT, "", "" },
    { "foo.root", NULL, NULL, "R", OPENAFS, RXKAD_2B_NAME_DOT, "", "" },
    { "foo.root", NULL, NULL, "R", DOTTED, RXKAD_2B_OK, "foo.root", "" },

    /* REQ: RK-20: nothing is cut off */
    { C63, NULL, NULL, "R", 0, RXKAD_2B_OK, C63, "" },
    { C64, NULL, NULL, "R", 0, RXKAD_2B_NAME_LONG, "", "" },
    { C63, C63, NULL, C63, 0, RXKAD_2B_OK, C63, C63 },
    { "a", C64, NULL, "R", 0, RXKAD_2B_NAME_LONG, "", "" },
    { C64, "b", NULL, "R", 0, RXKAD_2B_NAME_LONG, "", "" },
    { "a", NULL, NULL, C64, 0, RXKAD_2B_NAME_LONG, "", "" },
    { "host", C63 ".x", NULL, "R", 0, RXKAD_2B_NAME_LONG, "", "" },
    { C64, NULL, NULL, "R", DOTTED | OPENAFS, RXKAD_2B_NAME_LONG, "", "" },

    { "", NULL, NULL, "R", 0, RXKAD_2B_NAME_EMPTY, "", "" },
    { "", "b", NULL, "R", 0, RXKAD_2B_NAME_EMPTY, "", "" },
    { "a", "", NULL, "R", 0, RXKAD_2B_NAME_EMPTY, "", "" },
    { "a", NULL, NULL, "", 0, RXKAD_2B_NAME_EMPTY, "", "" },
    { "afs", NULL, NULL, "", OPENAFS, RXKAD_2B_OK, "afs", "" },
    { "bob@other", NULL, NULL, "R", 0, RXKAD_2B_NAME_CHARACTER, "", "" },
    { "bob", "x@other", NULL, "R", 0, RXKAD_2B_NAME_CHARACTER, "", "" },
    { "bob", NULL, NULL, "R@S", 0, RXKAD_2B_NAME_CHARACTER, "", "" },
    { "bob\n", NULL, NULL, "R", 0, RXKAD_2B_NAME_CHARACTER, "", "" },
    { "bob\x7f", NULL, NULL, "R", 0, RXKAD_2B_NAME_CHARACTER, "", "" },
    { "bob@other", NULL, NULL, "R", DOTTED | OPENAFS,
      RXKAD_2B_NAME_CHARACTER, "", "" },
    { "b\xc3\xb6rje", NULL, NULL, "R", 0, RXKAD_2B_OK, "b\xc3\xb6rje", "" },

    /* REQ: RK-21: the realm as it is */
    { "user", NULL, NULL, "Ext.Test", 0, RXKAD_2B_OK, "user", "" }
};

static void
test_row(const struct row *row)
{
    char *val[3];
    PrincipalName cname;
    struct rxkad_2b_name out;
    rxkad_2b_reason reason;
    const char *cell = row->reason ? "" : row->realm;

    val[0] = rk_UNCONST(row->first);
    val[1] = rk_UNCONST(row->second);
    val[2] = rk_UNCONST(row->third);
    cname.name_type = KRB5_NT_PRINCIPAL;
    cname.name_string.val = val;
    cname.name_string.len = row->first == NULL ? 0 : row->second == NULL ? 1
	: row->third == NULL ? 2 : 3;
    memset(&out, 0xa5, sizeof(out));
    reason = _rxkad_2b_convert_name(&cname, row->realm, row->flags, &out);
    check(reason == row->reason && strcmp(out.name, row->name) == 0
	  && strcmp(out.instance, row->instance) == 0
	  && strcmp(out.cell, cell) == 0,
	  "%s/%s@%s, flags %x: %d, \"%s\" \"%s\" \"%s\"",
	  row->first ? row->first : "-", row->second ? row->second : "-",
	  row->realm, row->flags, (int)reason, out.name, out.instance,
	  out.cell);
}

/*
 * Kerberos 4 names, which are what they are.
 */

static void
test_krb4(void)
{
    static const struct {
	struct rxkad_2b_name name;
	unsigned int flags;
	rxkad_2b_reason reason;
    } names[] = {
	{ { "user", "", "R" }, 0, RXKAD_2B_OK },
	{ { "user", "a.b", "" }, 0, RXKAD_2B_OK },
	{ { "", "", "R" }, 0, RXKAD_2B_NAME_EMPTY },
	{ { "foo.root", "", "R" }, 0, RXKAD_2B_NAME_DOT },
	{ { "foo.root", "", "R" }, DOTTED, RXKAD_2B_OK },
	{ { "a@b", "", "R" }, 0, RXKAD_2B_NAME_CHARACTER },
	{ { "a", "@b", "R" }, 0, RXKAD_2B_NAME_CHARACTER },
	{ { "a", "b", "\1" }, 0, RXKAD_2B_NAME_CHARACTER }
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	check(_rxkad_2b_check_krb4_name(&names[i].name, names[i].flags)
	      == names[i].reason, "krb4 name %s.%s", names[i].name.name,
	      names[i].name.instance);
}

int
main(void)
{
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	test_row(&rows[i]);
    test_krb4();
    return check_done();
}
