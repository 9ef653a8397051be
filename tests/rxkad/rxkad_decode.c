/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * rxkad_decode [FLAGS]: our reading of tokens without a server, with the lines
 * of afs_decode.c, so that the two can be compared.  FLAGS are those of
 * rxkad_2b_server_set_flags().  A failure has the reason behind its code, in
 * hexadecimal.
 */

#include <krb5.h>
#include <rxkad_2b.h>

#include "tokens.h"

static krb5_context context;
static rxkad_2b_keys *keys;
static rxkad_2b_server *server, *dotted;	/* the latter takes dots */
static time_t fixed_now;			/* 0: the clock's */

static void
must(krb5_error_code ret, const char *what)
{
    if (ret == 0)
	return;
    fprintf(stderr, "rxkad_decode: %s: %d\n", what, (int)ret);
    exit(2);
}

static rxkad_2b_server *
make_server(unsigned int flags)
{
    rxkad_2b_server *out;

    must(rxkad_2b_server_alloc(context, rxkad_2b_keys_get, keys, &out),
	 "a server");
    rxkad_2b_server_set_flags(out, flags);
    must(rxkad_2b_server_set_realm(out, "PROTO.TEST"), "its realm");
    return out;
}

static void
do_key(char *words[])
{
    krb5_keyblock key;
    size_t len;

    key.keytype = atoi(words[2]);
    key.keyvalue.data = from_hex(words[3], &len);
    key.keyvalue.length = len;
    must(rxkad_2b_keys_add(context, keys, atoi(words[1]), &key), "a key");
    free(key.keyvalue.data);
}

static void
put_result(const rxkad_2b_result *result)
{
    put_hex(result->name, strlen(result->name));
    put_hex(result->instance, strlen(result->instance));
    put_hex(result->cell, strlen(result->cell));
    put_hex(result->session_key, sizeof(result->session_key));
    put_hex(&result->host, sizeof(result->host));
    printf(" %lld %lld", (long long)result->start, (long long)result->end);
}

static void
do_decode(char *words[])
{
    rxkad_2b_result *result;
    krb5_error_code ret;
    size_t len;
    unsigned char *ticket = from_hex(words[2], &len);

    ret = rxkad_2b_server_check(context, words[3][0] ? dotted : server,
				atoi(words[1]), ticket, len,
				fixed_now ? fixed_now : time(NULL), NULL,
				&result);
    printf("%d", (int)ret);
    if (ret == 0)
	put_result(result);
    else if (result != NULL) {
	const char *text = rxkad_2b_reason_string(result->reason);

	put_hex(text, strlen(text));
    }
    putchar('\n');
    rxkad_2b_result_free(result);
    free(ticket);
}

static void
do_kdf(char *words[])
{
    unsigned char out[RXKAD_2B_KEY_LENGTH];
    krb5_error_code ret;
    size_t len;
    unsigned char *key = from_hex(words[2], &len);

    ret = rxkad_2b_derive_key(atoi(words[1]), key, len, out);
    printf("%d", (int)ret);
    put_hex(out, ret == 0 ? sizeof(out) : 0);
    putchar('\n');
    free(key);
}

/* Callgrind counts what is in here. */
static void __attribute__((noinline))
bench_decode(const unsigned char *ticket, size_t len, int kvno, long count)
{
    rxkad_2b_result *result;

    for (; count > 0; count--) {
	if (rxkad_2b_server_check(context, server, kvno, ticket, len,
				  time(NULL), NULL, &result) != 0)
	    exit(3);
	rxkad_2b_result_free(result);
    }
}

static void
do_bench(char *words[])
{
    size_t len;
    unsigned char *ticket = from_hex(words[3], &len);
    long long before = cpu_time();

    bench_decode(ticket, len, atoi(words[2]), atol(words[1]));
    printf("%lld\n", cpu_time() - before);
    free(ticket);
}

int
main(int argc, char **argv)
{
    static char line[MAX_LINE];
    unsigned int flags = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
    char *words[MAX_WORDS];

    must(krb5_init_context(&context), "a context");
    must(rxkad_2b_keys_alloc(context, &keys), "keys");
    server = make_server(flags);
    dotted = make_server(flags | RXKAD_2B_ALLOW_DOTTED);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (next_line(line, words)) {
	if (strcmp(words[0], "key") == 0)
	    do_key(words);
	else if (strcmp(words[0], "now") == 0)
	    fixed_now = atoll(words[1]);
	else if (strcmp(words[0], "decode") == 0)
	    do_decode(words);
	else if (strcmp(words[0], "kdf") == 0)
	    do_kdf(words);
	else if (strcmp(words[0], "bench") == 0)
	    do_bench(words);
	else
	    return 2;
    }
    rxkad_2b_server_free(server);
    rxkad_2b_server_free(dotted);
    rxkad_2b_keys_free(context, keys);
    krb5_free_context(context);
    return 0;
}
