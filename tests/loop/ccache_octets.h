/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * FILE credential caches of versions 1 to 4, octet by octet.
 */

#ifndef CCACHE_OCTETS_H
#define CCACHE_OCTETS_H 1

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

struct octets {
    unsigned char buf[8192];
    size_t len;
    int version;
};

static void
put(struct octets *o, const void *data, size_t len)
{
    if (len > sizeof(o->buf) - o->len)
	errx(1, "too many octets");
    memcpy(o->buf + o->len, data, len);
    o->len += len;
}

/*
 * A number: versions 1 and 2 have the host's order.
 */
static void
put_number(struct octets *o, size_t octets, uint32_t number)
{
    uint16_t two = number;
    unsigned char c;

    if (o->version <= 2 && octets == 4) {
	put(o, &number, 4);
    } else if (o->version <= 2 && octets == 2) {
	put(o, &two, 2);
    } else {
	while (octets-- > 0) {
	    c = (number >> (octets * 8)) & 0xff;
	    put(o, &c, 1);
	}
    }
}

static void
put_data(struct octets *o, const void *data, size_t len)
{
    put_number(o, 4, len);
    put(o, data, len);
}

static void
put_text(struct octets *o, const char *text)
{
    put_data(o, text, strlen(text));
}

static void
put_principal(struct octets *o, const char *realm, int count,
	      const char *const *components)
{
    int i;

    if (o->version != 1)
	put_number(o, 4, 1);
    put_number(o, 4, o->version == 1 ? count + 1 : count);
    put_text(o, realm);
    for (i = 0; i < count; i++)
	put_text(o, components[i]);
}

/*
 * The head, with two tags in version 4: a clock offset of 7 seconds, and one
 * that nobody knows.
 */
static void
put_head(struct octets *o, int version)
{
    static const char *const user[] = { "user" };

    o->len = 0;
    o->version = version;
    put_number(o, 1, 5);
    put_number(o, 1, version);
    if (version == 4) {
	put_number(o, 2, 12 + 7);
	put_number(o, 2, 1);
	put_number(o, 2, 8);
	put_number(o, 4, 7);
	put_number(o, 4, 0);
	put_number(o, 2, 77);
	put_number(o, 2, 3);
	put(o, "tag", 3);
    }
    put_principal(o, "TEST", 1, user);
}

/*
 * A credential of user@TEST; with addresses, authorization data and a second
 * ticket of so many.
 */
static void
put_creds(struct octets *o, const char *realm, int count,
	  const char *const *server, const char *ticket, int things)
{
    static const char *const user[] = { "user" };
    int i;

    put_principal(o, "TEST", 1, user);
    put_principal(o, realm, count, server);
    put_number(o, 2, 17);
    if (o->version == 3)
	put_number(o, 2, 17);
    put_data(o, "0123456789abcdef", 16);
    put_number(o, 4, 1000000000);
    put_number(o, 4, 1000000001);
    put_number(o, 4, 2000000000);
    put_number(o, 4, 2000000001);
    put_number(o, 1, things != 0);
    put_number(o, 4, 0x40800000);
    put_number(o, 4, things);
    for (i = 0; i < things; i++) {
	put_number(o, 2, 2);
	put_data(o, "\177\0\0\1", 4);
    }
    put_number(o, 4, things);
    for (i = 0; i < things; i++) {
	put_number(o, 2, 1);
	put_data(o, "data", 4);
    }
    put_data(o, ticket, strlen(ticket));
    put_data(o, "second", things ? 6 : 0);
}

static void
write_octets(const char *path, const struct octets *o, size_t len)
{
    int fd;

    (void)unlink(path);		/* some file systems flush one cut to 0 */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, o->buf, len) != (ssize_t)len || close(fd))
	err(1, "%s", path);
}

#endif /* CCACHE_OCTETS_H */
