/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Tokens and files of keys, from octets that somebody else chose.
 *
 * The first octet of the input says what the others are:
 *
 *     0  a token with the number 213         the second octet is the
 *     1  a token with the number 256         server's flags
 *     2  a token with the number 5
 *     3  an EncTicketPart, which is encrypted for the server first
 *     4  a KeyFileExt
 *     5  a Ticket, of which a token is made
 *
 * What has to hold whatever they are: nothing outside of them is read, a
 * verdict that is no yes names nobody and has no key, and what is read of a
 * KeyFileExt is written as it was.
 *
 * With -DFUZZING a target of libFuzzer; otherwise a program that takes
 * files, and with the argument -m also changes each octet of them.
 */

#include "rxkad_ticket.h"

#include "keyfileext.c"

static krb5_context context;
static krb5_keyblock key;
static rxkad_2b_keys *keys;
static rxkad_2b_server *server;

static void
set_up(void)
{
    krb5_keyblock des;

    if (context != NULL)
	return;
    setenv("KRB5_CONFIG", "/nonexistent", 1);
    if (krb5_init_context(&context) != 0)
	abort();
    make_key(&key, context, 18, 0);
    if (rxkad_2b_keys_alloc(context, &keys) != 0
	|| rxkad_2b_keys_add(context, keys, 3, &key) != 0
	|| krb5_keyblock_init(context, 1, "\x13\x34\x57\x79\x9b\xbc\xdf\xf1",
			      8, &des) != 0
	|| rxkad_2b_keys_add(context, keys, 5, &des) != 0
	|| rxkad_2b_keys_add(context, keys, 213, &des) != 0
	|| rxkad_2b_server_alloc(context, rxkad_2b_keys_get, keys, &server)
	!= 0
	|| rxkad_2b_server_set_realm(server, "EXT.TEST") != 0)
	abort();
    krb5_free_keyblock_contents(context, &des);
}

static void
try_token(int32_t number, unsigned int flags, const uint8_t *p, size_t n)
{
    static const unsigned char zero[RXKAD_2B_NAME_LENGTH];
    rxkad_2b_result *r;
    rxkad_2b_sealed sealed;
    krb5_error_code ret;

    ret = rxkad_2b_parse(p, n, number, &sealed);
    if (ret == 0 && (sealed.cipher.length > n || sealed.enc_part.length > n
		     || (uint8_t *)sealed.cipher.data < p
		     || (uint8_t *)sealed.cipher.data + sealed.cipher.length
		     > p + n))
	abort();

    rxkad_2b_server_set_flags(server, flags);
    ret = rxkad_2b_server_check(context, server, number, p, n, NOW, NULL, &r);
    if (r == NULL || (ret == 0) != (r->reason == RXKAD_2B_OK)
	|| ret != r->code)
	abort();
    if (ret != 0 && (memcmp(r->name, zero, sizeof(r->name)) != 0
		     || memcmp(r->session_key, zero, 8) != 0))
	abort();
    if (ret == 0 && r->name[0] == '\0')
	abort();
    rxkad_2b_result_free(r);
}

static void
try_part(unsigned int flags, const uint8_t *p, size_t n)
{
    struct buf token = { NULL, 0 };
    int64_t kvno = 3;

    seal_octets(&token, context, RXKAD_2B_KVNO, &key, &kvno,
		rk_UNCONST(p), n);
    try_token(RXKAD_2B_KVNO, flags, token.p, token.n);
    buf_free(&token);
}

static void
try_keyfileext(const uint8_t *p, size_t n)
{
    struct krb5_keyfileext file;
    krb5_data out;

    if (_krb5_keyfileext_decode(p, n, &file) != 0)
	return;
    if (_krb5_keyfileext_encode(&file, &out) != 0 || out.length != n
	|| memcmp(out.data, p, n) != 0)
	abort();
    _krb5_keyfileext_wipe(&out);
    _krb5_keyfileext_free(&file);
}

static void
try_ticket(const uint8_t *p, size_t n)
{
    rxkad_2b_token *token;
    krb5_creds creds;

    memset(&creds, 0, sizeof(creds));
    creds.ticket.data = rk_UNCONST(p);
    creds.ticket.length = n;
    creds.session = key;
    if (rxkad_2b_token_from_creds(context, &creds, RXKAD_2B_MODERN,
				  RXKAD_2B_KVNO, &token, NULL) != 0)
	return;
    if (token->data.length >= n)
	abort();
    rxkad_2b_token_free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const int32_t numbers[] = { 213, 256, 5 };

    set_up();
    if (n < 2)
	return 0;
    switch (p[0]) {
    case 0:
    case 1:
    case 2:
	try_token(numbers[p[0]], p[1], p + 2, n - 2);
	break;
    case 3:
	try_part(p[1], p + 2, n - 2);
	break;
    case 4:
	try_keyfileext(p + 1, n - 1);
	break;
    case 5:
	try_ticket(p + 1, n - 1);
	break;
    }
    return 0;
}

#ifndef FUZZING

/*
 * Tries octets that have just their length.
 */

static void
try_copy(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (copy == NULL)
	abort();
    memcpy(copy, p, n);
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static unsigned long
mutate(uint8_t *p, size_t n)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    unsigned long tried = 0;
    size_t i, j;

    for (i = 0; i < n; i++) {
	uint8_t was = p[i];

	for (j = 0; j < N_ELEMENTS(values) + 8; j++, tried++) {
	    p[i] = j < 8 ? was ^ (1 << j) : values[j - 8];
	    try_copy(p, n);
	}
	p[i] = was;
	try_copy(p, i);
	tried++;
    }
    return tried;
}

int
main(int argc, char **argv)
{
    static uint8_t p[65536];
    int i = 1, change = argc > 1 && strcmp(argv[1], "-m") == 0;
    unsigned long tried = 0;

    for (i += change; i < argc; i++) {
	FILE *f = fopen(argv[i], "rb");
	size_t n;

	if (f == NULL)
	    return 2;
	n = fread(p, 1, sizeof(p), f);
	fclose(f);
	try_copy(p, n);
	tried++;
	if (change)
	    tried += mutate(p, n);
    }
    printf("%lu inputs\n", tried);
    if (context != NULL) {
	rxkad_2b_server_free(server);
	rxkad_2b_keys_free(context, keys);
	krb5_free_keyblock_contents(context, &key);
	krb5_free_context(context);
    }
    return tried == 0;
}

#endif
