/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * pt_client ADDRESS: calls of OpenAFS's ptserver with tokens given to it.  It
 * is made of OpenAFS's libraries, so that both ends of rxkad are theirs.
 *
 * A line of input is a call:
 *	LEVEL DESKEY KVNO TICKET list		PR_ListEntries (administrators)
 *	LEVEL DESKEY KVNO TICKET new NAME	PR_NewEntry
 *	none - 0 - list|new			without a token
 * with LEVEL clear, auth or crypt.  A line of output is its code and, when
 * that is 0, the number of entries or the new entry's id.
 */

#include <afs/param.h>
#include <afs/stds.h>

#include <arpa/inet.h>

#include <rx/xdr.h>
#include <rx/rx.h>
#include <rx/rx_null.h>
#include <rx/rxkad.h>
#include <afs/ptint.h>
#include <afs/ptserver.h>

#include "tokens.h"

#define DEAD_TIME 12		/* seconds until a call is given up */
#define PT_PORT 7002

enum { RX_NULL = 0, RX_KAD = 2 };	/* numbers of the security classes */

static rxkad_level
level_of(const char *word)
{
    return strcmp(word, "crypt") == 0 ? rxkad_crypt :
	strcmp(word, "auth") == 0 ? rxkad_auth : rxkad_clear;
}

static struct rx_connection *
connect_with(const char *address, char *words[])
{
    struct rx_securityClass *class;
    struct ktc_encryptionKey key;
    struct rx_connection *connection;
    unsigned char *octets, *ticket;
    size_t len;
    int index = strcmp(words[0], "none") == 0 ? RX_NULL : RX_KAD;

    octets = from_hex(words[1], &len);
    memset(&key, 0, sizeof(key));
    memcpy(&key, octets, len < sizeof(key) ? len : sizeof(key));
    ticket = from_hex(words[3], &len);
    class = index == RX_NULL ? rxnull_NewClientSecurityObject() :
	rxkad_NewClientSecurityObject(level_of(words[0]), &key,
				      atoi(words[2]), (int)len,
				      (char *)ticket);
    if (class == NULL)
	exit(2);
    connection = rx_NewConnection(inet_addr(address), htons(PT_PORT), PRSRV,
				  class, index);
    if (connection == NULL)
	exit(2);
    rx_SetConnDeadTime(connection, DEAD_TIME);
    rx_SetConnHardDeadTime(connection, DEAD_TIME);
    rxs_Release(class);		/* the connection has it too */
    free(octets);
    free(ticket);
    return connection;
}

static void
call(struct rx_connection *connection, char *words[])
{
    prentries entries;
    afs_int32 code, number = 0;

    memset(&entries, 0, sizeof(entries));
    if (strcmp(words[4], "list") == 0) {
	code = PR_ListEntries(connection, PRUSERS, 0, &entries, &number);
	number = entries.prentries_len;
	free(entries.prentries_val);
    } else
	code = PR_NewEntry(connection, words[5],
			   strchr(words[5], ':') ? PRGRP : PRUSER, 0,
			   &number);
    printf("%d %d\n", (int)code, code ? 0 : (int)number);
}

int
main(int argc, char **argv)
{
    static char line[MAX_LINE];
    char *words[MAX_WORDS];
    struct rx_connection *connection;

    if (argc != 2 || rx_Init(0) != 0)
	return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (next_line(line, words)) {
	connection = connect_with(argv[1], words);
	call(connection, words);
	rx_DestroyConnection(connection);
    }
    return 0;
}
