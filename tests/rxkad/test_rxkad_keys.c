/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keys of a server: from memory, keytabs, KeyFile and KeyFileExt, also cut
 * at every length and changed at every octet.
 */

#include "rxkad_test.h"
#include "sec_test.h"

#include <fcntl.h>
#include <unistd.h>

#define PATH "test_rxkad_keys.file"

static krb5_context context;

static void
write_file(const void *p, size_t n)
{
    FILE *f = fopen(PATH, "wb");

    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
	abort();
}

static rxkad_2b_keys *
new_keys(void)
{
    rxkad_2b_keys *keys;

    if (rxkad_2b_keys_alloc(context, &keys) != 0)
	abort();
    return keys;
}

/* The first octet of a key; -1 if there is none. */
static int
first_octet(rxkad_2b_keys *keys, int32_t kvno, int newest, int etype)
{
    krb5_keyblock key;
    int octet;

    if (rxkad_2b_keys_get(context, keys, newest ? NULL : &kvno, etype, &key)
	!= 0)
	return -1;
    octet = *(unsigned char *)key.keyvalue.data;
    krb5_free_keyblock_contents(context, &key);
    return octet;
}

static void
add(rxkad_2b_keys *keys, int32_t kvno, int etype, const char *octets)
{
    krb5_keyblock key;

    key.keytype = etype;
    key.keyvalue.data = rk_UNCONST(octets);
    key.keyvalue.length = strlen(octets);
    if (rxkad_2b_keys_add(context, keys, kvno, &key) != 0)
	abort();
}

/*
 * REQ: RK-03
 */

static void
test_memory(void)
{
    rxkad_2b_keys *keys = new_keys();
    krb5_enctype etype;
    int32_t kvno;
    size_t n;

    check(first_octet(keys, 1, 0, 18) == -1
	  && first_octet(keys, 0, 1, 18) == -1, "no keys");
    add(keys, 1, 18, "A");
    add(keys, 300, 18, "B");
    add(keys, -1, 18, "C");
    add(keys, 1, 17, "D");
    add(keys, 1, 3, "E");
    add(keys, 1, 18, "F");
    add(keys, 1, 1, "G");
    for (n = 0; rxkad_2b_keys_entry(keys, n, &kvno, &etype); n++)
	if (n == 2)
	    check(kvno == -1 && etype == 18, "the third key");
    check(n == 5, "five keys");
    check(first_octet(keys, 1, 0, 18) == 'A', "the first of two");
    check(first_octet(keys, 300, 0, 18) == 'B'
	  && first_octet(keys, -1, 0, 18) == 'C', "300 and -1");
    check(first_octet(keys, 0, 1, 18) == 'B', "the newest");
    check(first_octet(keys, 1, 0, 17) == 'D', "of an enctype");
    check(first_octet(keys, 1, 0, 1) == 'E' && first_octet(keys, 1, 0, 2)
	  == 'E' && first_octet(keys, 1, 0, 3) == 'E', "single DES is one");
    check(first_octet(keys, 2, 0, 18) == -1
	  && first_octet(keys, 1, 0, 20) == -1, "what is not there");
    rxkad_2b_keys_free(context, keys);
    rxkad_2b_keys_free(context, NULL);
}

static void
test_keytab(void)
{
    rxkad_2b_keys *keys = new_keys();
    krb5_keytab keytab, missing;
    krb5_keytab_entry entry;
    krb5_principal afs, other, nobody;

    if (krb5_kt_resolve(context, "MEMORY:keys", &keytab) != 0
	|| krb5_parse_name(context, "afs/ext.test@EXT.TEST", &afs) != 0
	|| krb5_parse_name(context, "host/h.ext.test@EXT.TEST", &other) != 0
	|| krb5_parse_name(context, "nobody@EXT.TEST", &nobody) != 0)
	abort();
    memset(&entry, 0, sizeof(entry));
    entry.keyblock.keytype = 18;
    entry.keyblock.keyvalue.data = rk_UNCONST("0123456789abcdef"
					      "0123456789abcdef");
    entry.keyblock.keyvalue.length = 32;
    entry.principal = other;
    entry.vno = 7;
    if (krb5_kt_add_entry(context, keytab, &entry) != 0)
	abort();
    entry.principal = afs;
    entry.vno = 8;
    if (krb5_kt_add_entry(context, keytab, &entry) != 0)
	abort();
    check(rxkad_2b_keys_add_keytab(context, keys, keytab, nobody)
	  == KRB5_KT_NOTFOUND, "nobody's keys");
    check(rxkad_2b_keys_add_keytab(context, keys, keytab, afs) == 0
	  && first_octet(keys, 8, 0, 18) == '0'
	  && first_octet(keys, 7, 0, 18) == -1, "the keys of afs");
    check(rxkad_2b_keys_add_keytab(context, keys, keytab, NULL) == 0
	  && first_octet(keys, 7, 0, 18) == '0', "everybody's keys");
    if (krb5_kt_resolve(context, "FILE:/nonexistent/keytab", &missing) != 0)
	abort();
    check(rxkad_2b_keys_add_keytab(context, keys, missing, NULL) == ENOENT
	  && first_octet(keys, 7, 0, 18) == '0', "no keytab");
    krb5_kt_close(context, missing);
    krb5_free_principal(context, afs);
    krb5_free_principal(context, other);
    krb5_free_principal(context, nobody);
    krb5_kt_close(context, keytab);
    rxkad_2b_keys_free(context, keys);
}

/* Reads a file that has these octets. */
static krb5_error_code
read_octets(rxkad_2b_keys *keys, int ext, const void *p, size_t n)
{
    write_file(p, n);
    return ext ? rxkad_2b_keys_add_keyfileext(context, keys, PATH)
	: rxkad_2b_keys_add_keyfile(context, keys, PATH);
}

static const unsigned char keyfile[] = {
    0, 0, 0, 2,
    0, 0, 0, 1, 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H',
    0, 0, 0, 213, 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P'
};

/* The next descriptor that there will be. */
static int
next_fd(void)
{
    int fd = open(".", O_RDONLY);

    close(fd);
    return fd;
}

static void
test_keyfile(void)
{
    rxkad_2b_keys *keys = new_keys();
    unsigned char c[4 + 256 * 12];
    size_t i, bad = 0;
    int fd = next_fd();

    check(read_octets(keys, 0, keyfile, sizeof(keyfile)) == 0
	  && first_octet(keys, 1, 0, 1) == 'A'
	  && first_octet(keys, 213, 0, 3) == 'I'
	  && first_octet(keys, 0, 1, 1) == 'I', "a KeyFile");
    rxkad_2b_keys_free(context, keys);

    keys = new_keys();
    for (i = 0; i < sizeof(keyfile); i++)
	if (read_octets(keys, 0, keyfile, i) != KRB5_KEYTAB_BADVNO)
	    bad++;
    check(bad == 0 && first_octet(keys, 0, 1, 1) == -1,
	  "cut at each of %lu octets", (unsigned long)i);

    memset(c, 0, sizeof(c));
    memcpy(c, keyfile, sizeof(keyfile));
    check(read_octets(keys, 0, c, 100) == 0, "100 octets, as of old");
    memcpy(c, "\x00\x00\x00\xff", 4);
    check(read_octets(keys, 0, c, 4 + 255 * 12) == 0, "255 keys");
    memcpy(c, "\x00\x00\x01\x00", 4);
    check(read_octets(keys, 0, c, 4 + 256 * 12) == KRB5_KEYTAB_BADVNO,
	  "256 keys");
    memcpy(c, "\xff\xff\xff\xff", 4);
    check(read_octets(keys, 0, c, 4 + 256 * 12) == KRB5_KEYTAB_BADVNO,
	  "a negative number");
    memcpy(c, "\x00\x00\x00\x00", 4);
    check(read_octets(keys, 0, c, 4) == 0, "no keys");
    rxkad_2b_keys_free(context, keys);

    keys = new_keys();
    remove(PATH);
    check(rxkad_2b_keys_add_keyfile(context, keys, PATH) == ENOENT
	  && rxkad_2b_keys_add_keyfileext(context, keys, PATH) == ENOENT,
	  "no file");
    check(rxkad_2b_keys_add_keyfile(context, keys, ".")
	  == KRB5_KEYTAB_BADVNO, "a directory");
    check(next_fd() == fd, "and none is left open");
    rxkad_2b_keys_free(context, keys);
}

/* Version 3 of aes128, version 4 of DES, and one that is not for rxkad. */
static const unsigned char keyfileext[] = {
    0, 0, 0, 3,
    0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0,
    0, 0, 0, 8, 'D', 'D', 'D', 'D', 'D', 'D', 'D', 'D',
    0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 17, 0xaa, 0xbb,
    0, 0, 0, 16, 'K', 'K', 'K', 'K', 'K', 'K', 'K', 'K',
    'K', 'K', 'K', 'K', 'K', 'K', 'K', 'K',
    0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 18,
    0, 0, 0, 4, 'g', 'k', 'g', 'k'
};

static void
test_keyfileext(void)
{
    rxkad_2b_keys *keys = new_keys();
    unsigned char c[sizeof(keyfileext) + 1];
    unsigned int v;
    size_t i, bad = 0, good = 0;

    check(read_octets(keys, 1, keyfileext, sizeof(keyfileext)) == 0
	  && first_octet(keys, 3, 0, 17) == 'K'
	  && first_octet(keys, 4, 0, 1) == 'D'
	  && first_octet(keys, 3, 0, 18) == -1, "a KeyFileExt");
    rxkad_2b_keys_free(context, keys);

    keys = new_keys();
    for (i = 0; i < sizeof(keyfileext); i++)
	if (read_octets(keys, 1, keyfileext, i) != KRB5_KEYTAB_BADVNO)
	    bad++;
    check(bad == 0 && first_octet(keys, 0, 1, 17) == -1,
	  "cut at each of %lu octets", (unsigned long)i);
    memcpy(c, keyfileext, sizeof(keyfileext));
    c[sizeof(c) - 1] = 0;
    check(read_octets(keys, 1, c, sizeof(c)) == KRB5_KEYTAB_BADVNO,
	  "an octet behind it");
    check(read_octets(keys, 1, keyfile, sizeof(keyfile))
	  == KRB5_KEYTAB_BADVNO, "a KeyFile is no KeyFileExt");
    check(read_octets(keys, 1, "\x00\x00\x00\x00", 4) == 0, "no keys");
    memcpy(c, keyfileext, sizeof(keyfileext));
    memcpy(c, "\x7f\xff\xff\xff", 4);
    check(read_octets(keys, 1, c, sizeof(keyfileext)) == KRB5_KEYTAB_BADVNO,
	  "more keys than there is room for");
    memcpy(c, keyfileext, sizeof(keyfileext));
    memcpy(c + 4, "\x00\x01\x00\x00", 4);
    check(read_octets(keys, 1, c, sizeof(keyfileext)) == KRB5_KEYTAB_BADVNO,
	  "an entry that is longer than the file");
    for (i = 0; i < sizeof(keyfileext); i++)
	for (v = 1; v < 256; v <<= 1) {
	    memcpy(c, keyfileext, sizeof(keyfileext));
	    c[i] ^= v;
	    good += read_octets(keys, 1, c, sizeof(keyfileext)) == 0;
	}
    check(good > 0, "every bit changed: %lu are KeyFileExts",
	  (unsigned long)good);
    rxkad_2b_keys_free(context, keys);
    remove(PATH);
}

int
main(void)
{
    if (krb5_init_context(&context) != 0)
	return 1;
    test_memory();
    test_keytab();
    test_keyfile();
    test_keyfileext();
    krb5_free_context(context);
    return check_done();
}
