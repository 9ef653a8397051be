/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gss_import_name() of an exported name (RFC 2743 3.2) reads nothing behind
 * it.  The names lie at the end of a page that is followed by none.
 */

#include "fake_mech.h"
#include <sys/mman.h>

static char *page_end;

static void
make_page(void)
{
    size_t size = getpagesize();
    char *p;

    p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + size, size, PROT_NONE) != 0)
	err(1, "mmap");
    page_end = p + size;
}

static OM_uint32
import(const unsigned char *p, size_t len)
{
    gss_buffer_desc in;
    gss_name_t name;
    OM_uint32 major, minor;

    in.value = page_end - len;
    in.length = len;
    memcpy(in.value, p, len);
    major = gss_import_name(&minor, &in, GSS_C_NT_EXPORT_NAME, &name);
    gss_release_name(&minor, &name);
    return major;
}

static const unsigned char good[] =
    "\x04\x01\x00\x0b\x06\x09\x2b\x06\x01\x04\x01\x81\xfd\x59\x01"
    "\x00\x00\x00\x04name";
#define GOOD_LEN	(sizeof(good) - 1)
#define NAME_OFFSET	19		/* behind its length */

static void
refuse(const unsigned char *p, size_t len, const char *what, int arg)
{
    OM_uint32 major = import(p, len);

    check(major == GSS_S_BAD_NAME, "%s %d: %08x", what, arg,
	  (unsigned)major);
}

/*
 * Whatever octet is put where, nothing more is asked than that it returns.
 */
static void
test_any_octet(void)
{
    unsigned char buf[GOOD_LEN];
    int i, c, n = 0;
    size_t len;

    for (len = 1; len <= GOOD_LEN; len++) {
	for (i = 2; i < NAME_OFFSET && i < len; i++) {
	    for (c = 0; c < 256; c++) {
		memcpy(buf, good, len);
		buf[i] = c;
		(void)import(buf, len);
		n++;
	    }
	}
    }
    check(1, "%d names with one octet changed", n);
}

int
main(int argc, char **argv)
{
    unsigned char buf[64];
    size_t i;

    fake_register();
    make_page();
    check(import(good, GOOD_LEN) == GSS_S_COMPLETE, "a good name");

    for (i = 1; i < GOOD_LEN; i++)
	refuse(good, i, "cut to", (int)i);

    memcpy(buf, good, GOOD_LEN);
    buf[3] = 0;				/* no room for an OID */
    refuse(buf, GOOD_LEN, "length of the OID", 0);
    buf[3] = 1;
    refuse(buf, GOOD_LEN, "length of the OID", 1);
    buf[3] = 0xff;
    refuse(buf, GOOD_LEN, "length of the OID", 0xff);

    memcpy(buf, good, GOOD_LEN);
    buf[15] = 0x80;			/* a negative int */
    refuse(buf, GOOD_LEN, "length of the name", 0x80);

    /* the OID's length in the long form, with one octet of length */
    memcpy(buf, good, 5);
    buf[3] = 0x0c;
    buf[5] = 0x81;
    memcpy(buf + 6, good + 5, GOOD_LEN - 5);
    check(import(buf, GOOD_LEN + 1) == GSS_S_COMPLETE,
	  "long form of the length");
    buf[5] = 0xff;
    refuse(buf, GOOD_LEN + 1, "octets of length", 127);
    buf[5] = 0x85;
    refuse(buf, GOOD_LEN + 1, "octets of length", 5);

    test_any_octet();
    check(import(good, GOOD_LEN) == GSS_S_COMPLETE, "a good name, again");
    fake_check_alive("at the end");
    return check_done();
}
