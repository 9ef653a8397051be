/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * krb5_get_host_realm(): nothing behind the end of the host name is looked up.
 *
 * The library cuts off a port with strndup().  The one below, which the
 * library gets, puts a name that has a realm behind every copy's end.
 */

#include "krb5_locl.h"

#include "sec_test.h"

#define CONFIG "test_host_realm.conf"
#define BEHIND ".behind.test"

static int strndup_calls;

char *
strndup(const char *old, size_t size)
{
    size_t len = strnlen(old, size);
    char *copy = malloc(len + 1 + sizeof(BEHIND));

    strndup_calls++;
    if (copy == NULL)
	return NULL;
    memcpy(copy, old, len);
    copy[len] = '\0';
    memcpy(copy + len + 1, BEHIND, sizeof(BEHIND));
    return copy;
}

static void
write_config(void)
{
    FILE *f = fopen(CONFIG, "w");

    if (f == NULL)
	err(1, CONFIG);
    fprintf(f, "[libdefaults]\n\tdns_lookup_realm = no\n"
	    "[domain_realm]\n\thost.good.test = HOST.TEST\n"
	    "\t.good.test = DOMAIN.TEST\n\t%s = BEHIND.TEST\n", BEHIND);
    if (fclose(f) != 0)
	err(1, CONFIG);
}

/* want is the realm, or NULL for KRB5_ERR_HOST_REALM_UNKNOWN. */
static void
expect(krb5_context context, const char *host, const char *want)
{
    krb5_realm *realms = NULL;
    krb5_error_code ret;

    ret = _krb5_get_host_realm_int(context, host, FALSE, &realms);
    check(want == NULL ? ret == KRB5_ERR_HOST_REALM_UNKNOWN :
	  ret == 0 && realms != NULL && strcmp(realms[0], want) == 0,
	  "\"%s\": error %d, realm %s, want %s", host, (int)ret,
	  ret == 0 && realms != NULL ? realms[0] : "none",
	  want ? want : "none");
    if (ret == 0 && realms != NULL)
	krb5_free_host_realm(context, realms);
}

int
main(int argc, char **argv)
{
    /* an empty name, and something behind it */
    static const char empty[] = "\0" BEHIND;
    char *files[2];
    krb5_context context;
    int calls;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    write_config();
    files[0] = rk_UNCONST(CONFIG);
    files[1] = NULL;
    if (krb5_init_context(&context) || krb5_set_config_files(context, files))
	errx(1, "krb5_init_context");

    calls = strndup_calls;
    expect(context, "host.good.test", "HOST.TEST");
    expect(context, "host.good.test:88", "HOST.TEST");
    check(strndup_calls > calls, "the library uses this program's strndup()");
    expect(context, "other.good.test:88", "DOMAIN.TEST");
    expect(context, "host.behind.test:88", "BEHIND.TEST");
    expect(context, ":88", NULL);
    expect(context, ":", NULL);
    expect(context, empty, NULL);
    expect(context, "unknown:88", NULL);
    expect(context, "host.good.test", "HOST.TEST");

    krb5_free_context(context);
    unlink(CONFIG);
    return check_done();
}
