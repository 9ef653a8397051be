/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

#include <config.h>

#include "ossl_errors.h"

#ifdef HAVE_OPENSSL_30

#include <openssl/crypto.h>
#include <openssl/err.h>

/* a library number and a reason that OpenSSL has not */
#define OURS	ERR_PACK(ERR_LIB_USER, 0, 77)

static int raised;

unsigned long
ossl_version(void)
{
    return OpenSSL_version_num();
}

void
ossl_raise_error(void)
{
    ERR_raise(ERR_LIB_USER, 77);
    raised = 1;
}

int
ossl_no_errors(void)
{
    unsigned long last = ERR_peek_last_error();

    return raised ? last == OURS && ERR_peek_error() == OURS : last == 0;
}

#else

unsigned long
ossl_version(void)
{
    return 0;
}

void
ossl_raise_error(void)
{
}

int
ossl_no_errors(void)
{
    return 1;
}

#endif
