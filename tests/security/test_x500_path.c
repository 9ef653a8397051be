/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * krb5_domain_x500_decode(): the realms that an empty component stands for are
 * looked for within the names of its neighbours.
 */

#include "krb5_locl.h"

#include "sec_test.h"

static void
expect(krb5_context context, const char *from, const char *encoding,
       const char *to, int want, unsigned int want_realms)
{
    krb5_data tr;
    char **realms = NULL;
    unsigned int n = 0, i;
    int ret;

    tr.data = rk_UNCONST(encoding);
    tr.length = strlen(encoding);
    ret = krb5_domain_x500_decode(context, tr, &realms, &n, from, to);
    check(ret == want && (ret != 0 || n == want_realms),
	  "%s to %s by \"%s\": %d with %u realms, want %d with %u", from, to,
	  encoding, ret, n, want, want_realms);
    for (i = 0; ret == 0 && i < n; i++)
	free(realms[i]);
    if (ret == 0)
	free(realms);
}

int
main(int argc, char **argv)
{
    krb5_context context;

    if (krb5_init_context(&context))
	return 1;
    expect(context, "EX", ",", "EXAMPLE.TEST", KRB5KDC_ERR_POLICY, 0);
    expect(context, "EXAMPLE.TEST", ",", "EX", KRB5KDC_ERR_POLICY, 0);
    expect(context, "", ",", "EXAMPLE.TEST", KRB5KDC_ERR_POLICY, 0);
    expect(context, "/C", ",", "/CD", KRB5KDC_ERR_POLICY, 0);
    expect(context, "A.B.TEST", ",", "TEST", 0, 1);
    expect(context, "/C/O", ",", "/C/O/OU/CN", 0, 1);
    krb5_free_context(context);
    return check_done();
}
