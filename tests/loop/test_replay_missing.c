/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * krb5_rcache: the lifespan of a replay cache that is not there.
 */

#include "krb5_locl.h"

#include "sec_test.h"

#define FILE_NAME "test_replay_missing.data"

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_rcache rc;
    krb5_deltat lifespan = 0;
    krb5_error_code ret;

    if (krb5_init_context(&context) ||
	krb5_rc_resolve_full(context, &rc, "FILE:" FILE_NAME))
	return 1;
    unlink(FILE_NAME);
    ret = krb5_rc_get_lifespan(context, rc, &lifespan);
    check(ret == ENOENT, "no file (%d)", (int)ret);
    ret = krb5_rc_initialize(context, rc, 300);
    check(ret == 0, "a new one (%d)", (int)ret);
    ret = krb5_rc_get_lifespan(context, rc, &lifespan);
    check(ret == 0 && lifespan == 300, "its lifespan (%d)", (int)ret);
    ret = krb5_rc_destroy(context, rc);
    check(ret == 0, "destroyed (%d)", (int)ret);
    krb5_free_context(context);
    return check_done();
}
