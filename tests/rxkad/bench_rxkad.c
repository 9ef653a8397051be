/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a verdict on a token costs; see tests/bench/bench_rxkad.py.
 *
 * usage: bench_rxkad NUMBER ETYPE LENGTH
 *
 * NUMBER is the token's, 213 or 256, ETYPE that of the service's key, LENGTH
 * about how many octets the token is to have.  For each line "N" of standard
 * input: N verdicts, all a yes, and a line with the nanoseconds of CPU time
 * that they took.
 */

#include "rxkad_ticket.h"

#include <time.h>

static krb5_context context;
static rxkad_2b_server *server;

/* A ticket with authorization data, for a token of about that length. */
static void
make_token(struct buf *token, int32_t number, krb5_keyblock *key,
	   size_t length)
{
    static unsigned char filler[RXKAD_2B_MAX_LENGTH];
    AuthorizationDataElement e;
    EncTicketPart part;
    int64_t kvno = 3;

    make_part(&part, context, ETYPE_AES256_CTS_HMAC_SHA1_96);
    seal(token, context, number, key, &kvno, &part);
    if (token->n + 30 < length) {
	e.ad_type = KRB5_AUTHDATA_IF_RELEVANT;
	e.ad_data.data = filler;
	e.ad_data.length = length - token->n - 30;
	part.authorization_data = calloc(1, sizeof(*part.authorization_data));
	if (part.authorization_data == NULL
	    || add_AuthorizationData(part.authorization_data, &e) != 0)
	    abort();
	buf_free(token);
	seal(token, context, number, key, &kvno, &part);
    }
    free_EncTicketPart(&part);
}

static long long
cpu_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* In a function of its own, for callgrind. */
static void
verdict(int32_t number, const struct buf *token)
{
    rxkad_2b_result *r;

    if (rxkad_2b_server_check(context, server, number, token->p, token->n,
			      NOW, NULL, &r) != 0)
	abort();
    rxkad_2b_result_free(r);
}

int
main(int argc, char **argv)
{
    struct buf token = { NULL, 0 };
    rxkad_2b_keys *keys;
    krb5_keyblock key;
    int32_t number;
    char line[40];

    if (argc != 4)
	return 2;
    number = atoi(argv[1]);
    if (krb5_init_context(&context) != 0)
	return 2;
    if (atoi(argv[2]) <= 3)
	krb5_enctype_enable(context, atoi(argv[2]));
    make_key(&key, context, atoi(argv[2]), 0);
    if (rxkad_2b_keys_alloc(context, &keys) != 0
	|| rxkad_2b_keys_add(context, keys, 3, &key) != 0
	|| rxkad_2b_server_alloc(context, rxkad_2b_keys_get, keys, &server)
	!= 0)
	abort();
    make_token(&token, number, &key, atoi(argv[3]));

    while (fgets(line, sizeof(line), stdin) != NULL) {
	long i, n = atol(line);
	long long start = cpu_time();

	for (i = 0; i < n; i++)
	    verdict(number, &token);
	printf("%lld %lu\n", cpu_time() - start, (unsigned long)token.n);
	fflush(stdout);
    }
    buf_free(&token);
    rxkad_2b_server_free(server);
    rxkad_2b_keys_free(context, keys);
    krb5_free_keyblock_contents(context, &key);
    krb5_free_context(context);
    return 0;
}
