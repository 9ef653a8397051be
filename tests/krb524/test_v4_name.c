/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * krb5_524_conv_principal().
 */

#include <config.h>
#include <stdlib.h>
#include <string.h>
#include <krb5.h>
#include <roken.h>

#include "sec_test.h"

#define TEN	"0123456789"
#define LONG39	TEN TEN TEN "012345678"
#define LONG40	TEN TEN TEN TEN
#define R	"EXAMPLE.ORG"

static krb5_context context;

/*
 * NULL for the name: it cannot be converted.
 */
static void
test_name(const char *v5, const char *name, const char *instance,
	  const char *realm)
{
    /* exactly the room that the interface asks for */
    char *n = malloc(40), *i = malloc(40), *r = malloc(40);
    krb5_principal principal;
    krb5_error_code ret;

    if (n == NULL || i == NULL || r == NULL ||
	krb5_parse_name(context, v5, &principal) != 0)
	exit(1);
    ret = krb5_524_conv_principal(context, principal, n, i, r);
    if (name == NULL)
	check(ret == KRB5_PARSE_MALFORMED, "%s: %d", v5, (int)ret);
    else
	check(ret == 0 && strcmp(n, name) == 0 && strcmp(i, instance) == 0 &&
	      strcmp(r, realm) == 0, "%s: %d", v5, (int)ret);
    krb5_free_principal(context, principal);
    free(n);
    free(i);
    free(r);
}

static void
configure(const char *lines)
{
    char path[] = "test_v4_name.XXXXXX";
    char *files[2] = { path, NULL };
    FILE *f;
    int fd;

    fd = mkstemp(path);
    f = fd < 0 ? NULL : fdopen(fd, "w");
    if (f == NULL)
	exit(1);
    fputs(lines, f);
    fclose(f);
    if (krb5_set_config_files(context, files) != 0)
	exit(1);
    unlink(path);
}

/* REQ: RK-36 */
int
main(int argc, char **argv)
{
    if (krb5_init_context(&context) != 0)
	return 1;
    configure("[libdefaults]\n\tdefault_realm = " R "\n");
    test_name("user@" R, "user", "", R);
    test_name("user/admin@" R, "user", "admin", R);
    test_name("afs/cell.example.org@" R, "afs", "cell.example.org", R);
    test_name("host/a.example.org@" R, "rcmd", "a", R);
    test_name("host/a@" R, "rcmd", "a", R);
    test_name("ftp/a.b.c@" R, "ftp", "a", R);
    test_name("host@" R, "host", "", R);
    test_name("a.b@" R, "a.b", "", R);
    test_name("a/b/c@" R, NULL, NULL, NULL);
    test_name(LONG39 "/" LONG39 "@" LONG39, LONG39, LONG39, LONG39);
    test_name(LONG40 "@" R, NULL, NULL, NULL);
    test_name("user/" LONG40 "@" R, NULL, NULL, NULL);
    test_name("user@" LONG40, NULL, NULL, NULL);
    test_name("host/" LONG39 "." LONG40 "@" R, "rcmd", LONG39, R);
    test_name("host/" LONG40 ".org@" R, NULL, NULL, NULL);

    configure("[libdefaults]\n\tdefault_realm = " R "\n"
	      "\tv4_name_convert = {\n\t\thost = {\n\t\t\tshell = host\n"
	      "\t\t}\n\t\tplain = {\n\t\t\told = new\n\t\t\tcopy = ftp\n"
	      "\t\t}\n\t}\n[realms]\n\tOTHER = {\n\t\tv4_name_convert = {\n"
	      "\t\t\thost = {\n\t\t\t\tother = host\n\t\t\t}\n\t\t}\n\t}\n");
    test_name("host/a.b@" R, "shell", "a", R);
    test_name("host/a.b@OTHER", "other", "a", "OTHER");
    test_name("new/a.b@" R, "old", "a.b", R);
    test_name("ftp/a.b@" R, "copy", "a.b", R);
    test_name("pop/a.b@" R, "pop", "a", R);

    /* the name of a section is no service's, whatever its octets look like */
    configure("[libdefaults]\n\tdefault_realm = " R "\n"
	      "\tv4_name_convert = {\n\t\thost = {\n\t\t\tsection = {\n"
	      "\t\t\t\thost = host\n\t\t\t}\n\t\t}\n\t}\n");
    test_name("host/a.b@" R, "rcmd", "a", R);
    test_name("/a.b@" R, "", "a.b", R);
    krb5_free_context(context);
    return check_done();
}
