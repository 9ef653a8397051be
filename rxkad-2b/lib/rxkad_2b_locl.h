/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the files of librxkad-2b share.
 *
 *     parse    der.c      octets -> rxkad_2b_sealed
 *              krb4.c     decrypted octets -> Kerberos 4 ticket
 *              keyfile.c  files of keys
 *     decide   limits.c names.c times.c content.c: no I/O, no clock
 *     act      token.c server.c transited.c keys.c: libkrb5
 */

#ifndef RXKAD_2B_LOCL_H
#define RXKAD_2B_LOCL_H 1

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roken.h>

#include <krb5.h>
#include <krb5_asn1.h>
#include <asn1_err.h>

#include "rxkad_2b.h"

/* A client's name: strings. */
struct rxkad_2b_name {
    char name[RXKAD_2B_NAME_LENGTH];
    char instance[RXKAD_2B_NAME_LENGTH];
    char cell[RXKAD_2B_NAME_LENGTH];
};

/* What a Kerberos 4 ticket says. */
struct rxkad_2b_krb4 {
    struct rxkad_2b_name name;
    unsigned char session_key[RXKAD_2B_KEY_LENGTH];
    uint32_t host;			/* host byte order */
    int64_t start;
    int64_t end;
};

/* What a decision needs beside the ticket. */
struct rxkad_2b_case {
    unsigned int flags;			/* the server's */
    rxkad_2b_profile profile;
    int64_t now;
    krb5_boolean transited_ok;
    const krb5_address *peer;		/* alias, or NULL */
};

/* Who was accepted, and with which key. */
struct rxkad_2b_client {
    struct rxkad_2b_name name;
    unsigned char session_key[RXKAD_2B_KEY_LENGTH];
    krb5_enctype session_etype;
    uint32_t host;
    int64_t start;
    int64_t end;
};

/* content.c */

krb5_error_code
_rxkad_2b_reason_code(rxkad_2b_reason reason);

rxkad_2b_reason
_rxkad_2b_decide(krb5_context context, const EncTicketPart *part,
		 const struct rxkad_2b_case *c,
		 struct rxkad_2b_client *client);

rxkad_2b_reason
_rxkad_2b_decide_krb4(const struct rxkad_2b_krb4 *ticket,
		      const struct rxkad_2b_case *c,
		      struct rxkad_2b_client *client);

/* names.c */

rxkad_2b_reason
_rxkad_2b_convert_name(const PrincipalName *cname, const char *crealm,
		       unsigned int flags, struct rxkad_2b_name *out);

rxkad_2b_reason
_rxkad_2b_check_krb4_name(const struct rxkad_2b_name *name,
			  unsigned int flags);

/* times.c */

rxkad_2b_reason
_rxkad_2b_check_times(int64_t start, int64_t end, int64_t now);

/* transited.c */

krb5_boolean
_rxkad_2b_transited_ok(krb5_context context, const EncTicketPart *part,
		       const char *realm);

/* krb4.c */

rxkad_2b_reason
_rxkad_2b_parse_krb4(const void *plain, size_t length,
		     struct rxkad_2b_krb4 *t);

rxkad_2b_reason
_rxkad_2b_open_krb4(const krb5_keyblock *key, const void *data,
		    size_t length, struct rxkad_2b_krb4 *t);

/* limits.c */

krb5_boolean
_rxkad_2b_is_des(krb5_enctype etype);

#endif /* RXKAD_2B_LOCL_H */
