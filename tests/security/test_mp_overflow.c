/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * CVE-2023-36328: sizes and shift counts that are negative or too large.
 *
 * libhcrypto does not export the functions of its libtommath, so the sources
 * of the tree are compiled into this program.
 */

#include <config.h>

#include <sys/types.h>
#include <sys/resource.h>
#include <limits.h>
#include <string.h>

#include <tommath.h>

#include "bncore.c"
#include "bn_mp_init.c"
#include "bn_mp_init_size.c"
#include "bn_mp_grow.c"
#include "bn_mp_clear.c"
#include "bn_mp_clamp.c"
#include "bn_mp_zero.c"
#include "bn_mp_set.c"
#include "bn_mp_copy.c"
#include "bn_mp_exch.c"
#include "bn_mp_lshd.c"
#include "bn_mp_mul_2d.c"
#include "bn_mp_2expt.c"
#include "bn_fast_s_mp_mul_digs.c"
#include "bn_s_mp_mul_digs.c"
#include "bn_fast_s_mp_mul_high_digs.c"
#include "bn_s_mp_mul_high_digs.c"

#include "sec_test.h"

static const char *
error_name(int ret)
{
    switch (ret) {
    case MP_OKAY: return "MP_OKAY";
    case MP_MEM: return "MP_MEM";
    case MP_VAL: return "MP_VAL";
    }
    return "?";
}

static void
expect(int want, int ret, const char *what, int arg)
{
    check(ret == want, "%s(%d) gives %s, want %s",
	  what, arg, error_name(ret), error_name(want));
}

/*
 * Octets left and right of the digits of a small number show whether a
 * function writes outside of them; the digits are not from malloc(), and none
 * of the calls here may want to grow them.
 */
struct fenced {
    mp_digit before[64];
    mp_digit digits[64];
    mp_digit after[64];
    mp_int n;
};

static void
fence(struct fenced *f)
{
    memset(f, 0, sizeof(*f));
    memset(f->before, 0xa5, sizeof(f->before));
    memset(f->after, 0xa5, sizeof(f->after));
    f->n.dp = f->digits;
    f->n.alloc = 64;
    f->n.used = 1;
    f->n.sign = MP_ZPOS;
    f->digits[0] = 5;
}

static int
fence_intact(const struct fenced *f)
{
    size_t i;

    for (i = 0; i < sizeof(f->before); i++)
	if (((const unsigned char *)f->before)[i] != 0xa5 ||
	    ((const unsigned char *)f->after)[i] != 0xa5)
	    return 0;
    return f->n.used >= 0;
}

static void
test_negative(int v)
{
    struct fenced a, b, c;
    mp_int n;

    fence(&a);
    expect(MP_VAL, mp_grow(&a.n, v), "mp_grow", v);
    check(fence_intact(&a), "  and nothing outside the number changed");

    n.dp = NULL;
    expect(MP_VAL, mp_init_size(&n, v), "mp_init_size", v);

    fence(&a);
    expect(MP_VAL, mp_2expt(&a.n, v), "mp_2expt", v);
    check(fence_intact(&a), "  and nothing outside the number changed");

    fence(&a);
    expect(MP_VAL, mp_mul_2d(&a.n, v, &a.n), "mp_mul_2d", v);
    check(fence_intact(&a), "  and nothing outside the number changed");

    fence(&a); fence(&b); fence(&c);
    expect(MP_VAL, s_mp_mul_digs(&a.n, &b.n, &c.n, v), "s_mp_mul_digs", v);
    check(fence_intact(&c), "  and nothing outside the number changed");

    fence(&a); fence(&b); fence(&c);
    expect(MP_VAL, fast_s_mp_mul_digs(&a.n, &b.n, &c.n, v),
	   "fast_s_mp_mul_digs", v);
    check(fence_intact(&c), "  and nothing outside the number changed");

    fence(&a); fence(&b); fence(&c);
    expect(MP_VAL, s_mp_mul_high_digs(&a.n, &b.n, &c.n, v),
	   "s_mp_mul_high_digs", v);
    check(fence_intact(&c), "  and nothing outside the number changed");

    fence(&a); fence(&b); fence(&c);
    expect(MP_VAL, fast_s_mp_mul_high_digs(&a.n, &b.n, &c.n, v),
	   "fast_s_mp_mul_high_digs", v);
    check(fence_intact(&c), "  and nothing outside the number changed");
}

static void
test_large(int v)
{
    mp_int n;

    expect(MP_MEM, mp_init_size(&n, v), "mp_init_size", v);

    if (mp_init(&n) != MP_OKAY)
	return;
    mp_set(&n, 5);
    expect(MP_MEM, mp_grow(&n, v), "mp_grow", v);
    expect(MP_MEM, mp_lshd(&n, v), "mp_lshd", v);
    check(n.used == 1 && n.dp[0] == 5, "  and the number is as it was");
    mp_clear(&n);
}

static void
test_good(void)
{
    mp_int a, b;

    check(mp_init_size(&a, 100) == MP_OKAY && a.alloc >= 100,
	  "mp_init_size(100)");
    check(mp_grow(&a, 1000) == MP_OKAY && a.alloc >= 1000, "mp_grow(1000)");
    check(mp_2expt(&a, 1000) == MP_OKAY && a.used == 1000 / DIGIT_BIT + 1,
	  "mp_2expt(1000)");
    check(mp_init(&b) == MP_OKAY && mp_mul_2d(&a, 24, &b) == MP_OKAY &&
	  b.used == 1024 / DIGIT_BIT + 1 &&
	  b.dp[b.used - 1] == (mp_digit)1 << (1024 % DIGIT_BIT),
	  "mp_mul_2d(2^1000, 24) is 2^1024");
    check(s_mp_mul_digs(&a, &a, &b, 2 * a.used + 1) == MP_OKAY &&
	  b.used == 2000 / DIGIT_BIT + 1 &&
	  b.dp[b.used - 1] == (mp_digit)1 << (2000 % DIGIT_BIT),
	  "s_mp_mul_digs(2^1000, 2^1000) is 2^2000");
    mp_clear(&a);
    mp_clear(&b);
}

int
main(int argc, char **argv)
{
#if !defined(__SANITIZE_ADDRESS__)
    struct rlimit limit;

    /* So that no size below INT_MAX is really had, and cleared. */
    limit.rlim_cur = limit.rlim_max = (rlim_t)256 * 1024 * 1024;
    (void)setrlimit(RLIMIT_AS, &limit);
#endif
    test_good();
    test_negative(-1);
    test_negative(-100);
    test_negative(INT_MIN);
    test_large(INT_MAX);
    test_large(INT_MAX - 1);
    test_large(INT_MAX - MP_PREC);
    test_good();
    return check_done();
}
