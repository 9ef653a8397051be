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
 *     act      token.c server.c keys.c: libkrb5
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

#endif /* RXKAD_2B_LOCL_H */
