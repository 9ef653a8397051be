/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * CVE-2022-42898, the part that release 7.8.0 lacks: _krb5_get_int64()
 * collects in unsigned long, which has 32 bits on ILP32 systems.
 *
 * On LP64 systems the library's function passes with and without the patch.
 * So the tree's source is compiled a second time with int in the place of
 * long, as it is on ILP32: that copy fails without the patch everywhere.
 */

#include "krb5_locl.h"

#define _krb5_put_int ilp32_put_int
#define _krb5_get_int64 ilp32_get_int64
#define _krb5_get_int ilp32_get_int
krb5_ssize_t ilp32_put_int(void *, uint64_t, size_t);
krb5_ssize_t ilp32_get_int64(void *, uint64_t *, size_t);
krb5_ssize_t ilp32_get_int(void *, unsigned int *, size_t);
#define long int
#include "store-int.c"
#undef long
#undef _krb5_put_int
#undef _krb5_get_int64
#undef _krb5_get_int

#include "sec_test.h"

static const uint64_t values[] = {
    0, 1, 0xff, 0x7fffffff, 0x80000000U, 0xffffffffU,
    ((uint64_t)1 << 32), ((uint64_t)1 << 32) + 1, ((uint64_t)0xfe << 56) + 2,
    ((uint64_t)0x01234567 << 32) + 0x89abcdefU, ~(uint64_t)0
};

typedef krb5_ssize_t (*get_fn)(void *, uint64_t *, size_t);

static void
test_get(const char *name, get_fn get)
{
    unsigned char buf[8];
    uint64_t v, want;
    size_t i, size;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
	int ok = 1;

	for (size = 1; size <= sizeof(buf); size++) {
	    want = values[i];
	    if (size < 8)
		want &= ((uint64_t)1 << (8 * size)) - 1;
	    v = 0x5a5a;
	    _krb5_put_int(buf, values[i], size);
	    if (get(buf, &v, size) != (krb5_ssize_t)size || v != want)
		ok = 0;
	}
	check(ok, "%s: 0x%016llx in 1 to 8 octets", name,
	      (unsigned long long)values[i]);
    }
}

/* The same through the public interface. */
static void
test_storage(void)
{
    krb5_storage *sp = krb5_storage_emem();
    int64_t v;
    size_t i;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
	v = 0;
	check(krb5_storage_seek(sp, 0, SEEK_SET) == 0 &&
	      krb5_store_int64(sp, (int64_t)values[i]) == 0 &&
	      krb5_storage_seek(sp, 0, SEEK_SET) == 0 &&
	      krb5_ret_int64(sp, &v) == 0 && v == (int64_t)values[i],
	      "krb5_ret_int64: 0x%016llx", (unsigned long long)values[i]);
    }
    check(krb5_storage_seek(sp, 4, SEEK_SET) == 4 &&
	  krb5_ret_int64(sp, &v) == HEIM_ERR_EOF,
	  "krb5_ret_int64: four octets are not enough");
    krb5_storage_free(sp);
}

int
main(int argc, char **argv)
{
    test_get("library", _krb5_get_int64);
    test_get("as on ILP32", ilp32_get_int64);
    test_storage();
    return check_done();
}
