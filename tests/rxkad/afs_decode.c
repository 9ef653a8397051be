/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * OpenAFS's reading of tokens without its servers: tkt_DecodeTicket5(),
 * tkt_DecodeTicket(), tkt_CheckTimes() and tkt_DeriveDesKey(), in the order in
 * which rxkad_CheckResponse() calls them.  rxkad_decode.c does the same with
 * our library; the lines are the same:
 *
 *	key KVNO ETYPE KEY		a key of the service
 *	now SECONDS			the time; 0 is that of the clock
 *	decode KVNO TICKET [dots]	-> CODE NAME INSTANCE CELL DESKEY HOST
 *					   START END
 *	kdf ETYPE KEY			-> CODE DESKEY
 *	bench COUNT KVNO TICKET		-> nanoseconds of CPU for all
 *
 * Octets and names are in hexadecimal; of a failure there is only the code.
 */

#include <afs/param.h>
#include <afs/stds.h>

#include <rx/xdr.h>
#include <rx/rx.h>
#include <rx/rxkad.h>

#include "tokens.h"

#define MAX_KEYS 64

struct service_key {
    int kvno, etype;
    unsigned char octets[32];
    size_t len;
};

static struct service_key keys[MAX_KEYS];
static size_t num_keys;

static time_t now;		/* 0: the clock's */

/* In the place of the C library's, for all that is linked into this. */
time_t
time(time_t *out)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    if (now != 0)
	t.tv_sec = now;
    if (out != NULL)
	*out = t.tv_sec;
    return t.tv_sec;
}

struct identity {
    char name[MAXKTCNAMELEN], instance[MAXKTCNAMELEN], cell[MAXKTCNAMELEN];
    struct ktc_encryptionKey session;
    afs_int32 host;
    afs_uint32 start, end;
};

static int
is_des(int etype)
{
    return etype >= 1 && etype <= 3;
}

static int
get_des_key(void *rock, int kvno, struct ktc_encryptionKey *key)
{
    size_t i;

    for (i = 0; i < num_keys; i++)
	if (keys[i].kvno == kvno && is_des(keys[i].etype)) {
	    memcpy(key, keys[i].octets, sizeof(*key));
	    return 0;
	}
    return 1;
}

static int
get_key(void *rock, int kvno, int etype, void *key, size_t *len)
{
    size_t i;

    for (i = 0; i < num_keys; i++)
	if (keys[i].kvno == kvno && keys[i].etype == etype &&
	    keys[i].len <= *len) {
	    memcpy(key, keys[i].octets, keys[i].len);
	    *len = keys[i].len;
	    return 0;
	}
    return 1;
}

static int
decode_v4(char *ticket, size_t len, int kvno, struct identity *id)
{
    struct ktc_encryptionKey key;

    if (get_des_key(NULL, kvno, &key))
	return RXKADUNKNOWNKEY;
    return tkt_DecodeTicket(ticket, len, &key, id->name, id->instance,
			    id->cell, &id->session, &id->host, &id->start,
			    &id->end);
}

/* What rxkad_CheckResponse() says of a ticket. */
static int
decode(char *ticket, size_t len, int kvno, int dots, struct identity *id)
{
    int code;

    memset(id, 0, sizeof(*id));
    if (len < MINKTCTICKETLEN || len > MAXKTCTICKETLEN)
	return RXKADTICKETLEN;
    if (kvno == RXKAD_TKT_TYPE_KERBEROS_V5 ||
	kvno == RXKAD_TKT_TYPE_KERBEROS_V5_ENCPART_ONLY)
	code = tkt_DecodeTicket5(ticket, len, get_des_key, get_key, NULL,
				 kvno, id->name, id->instance, id->cell,
				 &id->session, &id->host, &id->start,
				 &id->end, dots);
    else
	code = decode_v4(ticket, len, kvno, id);
    if (code)
	return code;
    code = tkt_CheckTimes(id->start, id->end, time(NULL));
    return code == 0 ? RXKADNOAUTH : code == -1 ? RXKADEXPIRED :
	code < -1 ? RXKADBADTICKET : 0;
}

static void
do_key(char *words[])
{
    struct service_key *key = &keys[num_keys];
    unsigned char *octets;

    octets = from_hex(words[3], &key->len);
    if (num_keys == MAX_KEYS || key->len > sizeof(key->octets))
	exit(2);
    key->kvno = atoi(words[1]);
    key->etype = atoi(words[2]);
    memcpy(key->octets, octets, key->len);
    free(octets);
    num_keys++;
}

static void
do_decode(char *words[])
{
    struct identity id;
    size_t len;
    unsigned char *ticket = from_hex(words[2], &len);
    int code = decode((char *)ticket, len, atoi(words[1]),
		      words[3][0] != '\0', &id);

    printf("%d", code);
    if (code == 0) {
	put_hex(id.name, strlen(id.name));
	put_hex(id.instance, strlen(id.instance));
	put_hex(id.cell, strlen(id.cell));
	put_hex(&id.session, sizeof(id.session));
	put_hex(&id.host, sizeof(id.host));
	printf(" %u %u", id.start, id.end);
    }
    putchar('\n');
    free(ticket);
}

static void
do_kdf(char *words[])
{
    struct ktc_encryptionKey out;
    size_t len;
    unsigned char *key = from_hex(words[2], &len);
    int code;

    memset(&out, 0, sizeof(out));
    code = tkt_DeriveDesKey(atoi(words[1]), key, len, &out);
    printf("%d", code);
    put_hex(&out, code == 0 ? sizeof(out) : 0);
    putchar('\n');
    free(key);
}

/* Callgrind counts what is between begin and end. */
static void __attribute__((noinline))
bench_decode(char *ticket, size_t len, int kvno, long count)
{
    struct identity id;

    for (; count > 0; count--)
	if (decode(ticket, len, kvno, 0, &id) != 0)
	    exit(3);
}

static void
do_bench(char *words[])
{
    size_t len;
    unsigned char *ticket = from_hex(words[3], &len);
    long long before = cpu_time();

    bench_decode((char *)ticket, len, atoi(words[2]), atol(words[1]));
    printf("%lld\n", cpu_time() - before);
    free(ticket);
}

int
main(int argc, char **argv)
{
    static char line[MAX_LINE];
    char *words[MAX_WORDS];

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (next_line(line, words)) {
	if (strcmp(words[0], "key") == 0)
	    do_key(words);
	else if (strcmp(words[0], "now") == 0)
	    now = atoll(words[1]);
	else if (strcmp(words[0], "decode") == 0)
	    do_decode(words);
	else if (strcmp(words[0], "kdf") == 0)
	    do_kdf(words);
	else if (strcmp(words[0], "bench") == 0)
	    do_bench(words);
	else
	    return 2;
    }
    return 0;
}
