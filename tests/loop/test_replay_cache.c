/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * krb5_rcache: a replay cache that has no whole header costs no descriptor.
 */

#include "krb5_locl.h"

#include "sec_test.h"

#define FILE_NAME "test_replay_cache.data"

static krb5_context context;

/* the lowest descriptor that is free */
static int
next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY);

    if (fd < 0)
	err(1, "/dev/null");
    close(fd);
    return fd;
}

static void
set_contents(size_t len)
{
    FILE *f = fopen(FILE_NAME, "w");

    if (f == NULL)
	err(1, FILE_NAME);
    while (len-- > 0)
	putc('x', f);
    fclose(f);
}

static void
test_good(krb5_rcache rc, Authenticator *auth)
{
    krb5_error_code ret;
    krb5_deltat lifespan = 0;

    ret = krb5_rc_initialize(context, rc, 300);
    check(ret == 0, "a new replay cache (%d)", (int)ret);
    ret = krb5_rc_get_lifespan(context, rc, &lifespan);
    check(ret == 0 && lifespan == 300, "its lifespan (%d)", (int)ret);
    ret = krb5_rc_store(context, rc, auth);
    check(ret == 0, "an authenticator (%d)", (int)ret);
    ret = krb5_rc_store(context, rc, auth);
    check(ret == KRB5_RC_REPLAY, "the same again (%d)", (int)ret);
}

int
main(int argc, char **argv)
{
    char *name[] = { "user", NULL };
    Authenticator auth;
    krb5_rcache rc;
    krb5_deltat lifespan = 0;
    krb5_error_code ret;
    size_t len;
    int before, i;

    if (krb5_init_context(&context))
	return 1;
    memset(&auth, 0, sizeof(auth));
    auth.crealm = "EXT.TEST";
    auth.cname.name_string.len = 1;
    auth.cname.name_string.val = name;
    auth.ctime = time(NULL);
    if (krb5_rc_resolve_full(context, &rc, "FILE:" FILE_NAME))
	return 1;
    unlink(FILE_NAME);

    ret = krb5_rc_store(context, rc, &auth);
    check(ret == ENOENT, "store without a file (%d)", (int)ret);

    for (len = 0; len < 24; len += 23) {
	set_contents(len);
	before = next_fd();
	for (i = 0; i < 20; i++)
	    ret = krb5_rc_store(context, rc, &auth);
	check(ret == KRB5_RC_IO_UNKNOWN, "a file of %lu octets (%d)",
	      (unsigned long)len, (int)ret);
	check(next_fd() == before,
	      "no descriptor is left open after 20 calls (%d, %d)", before,
	      next_fd());
	ret = krb5_rc_get_lifespan(context, rc, &lifespan);
	check(ret == KRB5_RC_IO_UNKNOWN, "its lifespan (%d)", (int)ret);
    }
    test_good(rc, &auth);
    ret = krb5_rc_destroy(context, rc);
    check(ret == 0, "destroyed (%d)", (int)ret);
    krb5_free_context(context);
    return check_done();
}
