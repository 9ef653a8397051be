/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * krb5_pac_parse(): the number of buffers is bounded by the length of the
 * input before anything is allocated by it (CVE-2022-42898 and after), and
 * every error leaves NULL behind.
 */

#include "krb5_locl.h"

#include <sys/resource.h>

#include "sec_test.h"

/* One buffer of 8 octets and type 10 at offset 24; see [MS-PAC] 2.3, 2.4. */
static const unsigned char good_pac[] = {
    1, 0, 0, 0,  0, 0, 0, 0,			/* cBuffers, Version */
    10, 0, 0, 0,  8, 0, 0, 0,			/* ulType, cbBufferSize */
    24, 0, 0, 0, 0, 0, 0, 0,			/* Offset */
    'c', 'o', 'n', 't', 'e', 'n', 't', 's'
};

static krb5_context context;

static void
put_le32(unsigned char *p, uint32_t v)
{
    p[0] = v & 0xff;
    p[1] = (v >> 8) & 0xff;
    p[2] = (v >> 16) & 0xff;
    p[3] = (v >> 24) & 0xff;
}

static void
test_good(void)
{
    krb5_error_code ret;
    krb5_data data;
    krb5_pac pac = NULL;

    krb5_data_zero(&data);
    ret = krb5_pac_parse(context, good_pac, sizeof(good_pac), &pac);
    if (ret == 0)
	ret = krb5_pac_get_buffer(context, pac, 10, &data);
    check(ret == 0 && data.length == 8 &&
	  memcmp(data.data, "contents", 8) == 0,
	  "a good PAC parses (%d)", (int)ret);
    krb5_data_free(&data);
    if (pac)
	krb5_pac_free(context, pac);
}

static void
refuse(const unsigned char *p, size_t len, krb5_error_code want,
       const char *what, unsigned long arg)
{
    krb5_pac pac = (krb5_pac)(uintptr_t)1;	/* has to be overwritten */
    krb5_error_code ret = krb5_pac_parse(context, p, len, &pac);

    check(ret == want && pac == NULL, "%s %lu: error %d, want %d, pac %s",
	  what, arg, (int)ret, (int)want,
	  pac == NULL ? "is NULL" : "is NOT NULL");
}

/* Eight octets that ask for count buffers. */
static void
test_count(uint32_t count)
{
    unsigned char p[8];

    put_le32(p, count);
    put_le32(p + 4, 0);
    refuse(p, sizeof(p), EINVAL, "8 octets, number of buffers", count);
}

static void
test_fields(void)
{
    unsigned char p[sizeof(good_pac)];
    size_t len;

#define WITH(offset, value, what) do {					\
	memcpy(p, good_pac, sizeof(p));					\
	put_le32(p + (offset), (value));				\
	refuse(p, sizeof(p), EINVAL, (what), (unsigned long)(value));	\
    } while (0)

    WITH(0, 0, "number of buffers");
    WITH(0, 2, "number of buffers");
    WITH(0, 0x10000001, "number of buffers");
    WITH(4, 1, "version");
    WITH(12, 9, "buffer size");
    WITH(12, 0xffffffffU, "buffer size");
    WITH(16, 0, "offset");
    WITH(16, 23, "offset");
    WITH(16, 40, "offset");
    WITH(16, 0xfffffff8U, "offset");
    WITH(20, 1, "high half of the offset");
#undef WITH

    for (len = 0; len < sizeof(good_pac); len++)
	refuse(good_pac, len, len < 8 ? HEIM_ERR_EOF : EINVAL,
	       "cut to octets:", (unsigned long)len);
}

int
main(int argc, char **argv)
{
    if (krb5_init_context(&context))
	return 1;
    test_good();
    test_fields();

    /*
     * With room for 64 MiB an allocation of hundreds fails: ENOMEM instead of
     * EINVAL tells that the count was believed.  AddressSanitizer wants more
     * room than that for itself.
     */
#if !defined(__SANITIZE_ADDRESS__)
    {
	struct rlimit limit;

	limit.rlim_cur = limit.rlim_max = (rlim_t)64 * 1024 * 1024;
	if (check(setrlimit(RLIMIT_AS, &limit) == 0, "64 MiB of memory")) {
	    test_count(0x07fffffe);		/* just below 2 GiB */
	    test_count(0x0ffffffe);		/* just below 4 GiB */
	    test_count(0x00800000);		/* 128 MiB */
	}
    }
#endif
    test_count(0x0fffffff);		/* with the header above 4 GiB */
    test_count(0x10000000);			/* 2^32 / 16: wraps to 0 */
    test_count(0x10000001);			/* wraps to 1 buffer */
    test_count(0x80000000U);
    test_count(0xffffffffU);
    test_count(1);
    test_good();
    krb5_free_context(context);
    return check_done();
}
