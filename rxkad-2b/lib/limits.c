/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The limits that a token has to keep to: document, "certain restrictions
 * are placed on the properties of the ticket", and what OpenAFS made of them.
 * Constants against numbers; no I/O.
 */

#include "rxkad_2b_locl.h"

#include "rxkad_key.h"

krb5_boolean
_rxkad_2b_is_des(krb5_enctype etype)
{
    switch (etype) {
    case ETYPE_DES_CBC_CRC:
    case ETYPE_DES_CBC_MD4:
    case ETYPE_DES_CBC_MD5:
	return TRUE;
    default:
	return FALSE;
    }
}

rxkad_2b_limit
rxkad_2b_check_limits(rxkad_2b_profile profile, size_t length,
		      krb5_enctype service_etype, krb5_enctype session_etype)
{
    krb5_boolean modern = (profile == RXKAD_2B_MODERN);

    if (length < RXKAD_2B_MIN_LENGTH)
	return RXKAD_2B_LIMIT_TOO_SHORT;
    if (length > (size_t)(modern ? RXKAD_2B_MAX_LENGTH
			  : RXKAD_2B_MAX_LENGTH_STRICT))
	return RXKAD_2B_LIMIT_TOO_LONG;
    /* Enctypes of 0 and below are none that a KDC uses: no encryption at
     * all, and private ones. */
    if (modern ? service_etype <= ETYPE_NULL
	: !_rxkad_2b_is_des(service_etype))
	return RXKAD_2B_LIMIT_SERVICE_ENCTYPE;
    if (session_etype == ETYPE_NULL)
	return RXKAD_2B_LIMIT_NONE;
    if (modern ? !_krb5_rxkad_has_kdf(session_etype)
	: !_rxkad_2b_is_des(session_etype))
	return RXKAD_2B_LIMIT_SESSION_ENCTYPE;
    return RXKAD_2B_LIMIT_NONE;
}

unsigned int
rxkad_2b_warnings(size_t length, krb5_enctype service_etype)
{
    unsigned int warnings = 0;

    if (length > RXKAD_2B_LONG_TOKEN)
	warnings |= RXKAD_2B_WARN_LONG;
    if (_rxkad_2b_is_des(service_etype))
	warnings |= RXKAD_2B_WARN_DES;
    if (service_etype == ETYPE_AES128_CTS_HMAC_SHA256_128 ||
	service_etype == ETYPE_AES256_CTS_HMAC_SHA384_192)
	warnings |= RXKAD_2B_WARN_ENCTYPE;
    return warnings;
}
