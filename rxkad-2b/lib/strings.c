/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* Texts for people who read logs. */

#include "rxkad_2b_locl.h"

const char *
rxkad_2b_reason_string(rxkad_2b_reason reason)
{
    switch (reason) {
    case RXKAD_2B_OK:
	return "the token is good";
    case RXKAD_2B_BAD_LENGTH:
	return "the token is too short or too long";
    case RXKAD_2B_UNKNOWN_KVNO:
	return "the number is neither 213 nor 256, and Kerberos 4 is off";
    case RXKAD_2B_NOT_DER:
	return "the token is not DER of what its number says";
    case RXKAD_2B_TRAILING_OCTETS:
	return "there are octets behind the token";
    case RXKAD_2B_BAD_VERSION:
	return "the ticket is of another version than 5";
    case RXKAD_2B_SERVICE_ENCTYPE:
	return "the enctype of the service's key is not supported here";
    case RXKAD_2B_WEAK_ENCTYPE:
	return "the service's key is single DES, and allow_weak_crypto is off";
    case RXKAD_2B_NO_KEY:
	return "there is no such service key";
    case RXKAD_2B_DECRYPT:
	return "decryption failed: another key, or the token was changed";
    case RXKAD_2B_BAD_CONTENT:
	return "what was decrypted is no ticket";
    case RXKAD_2B_NAME_COMPONENTS:
	return "the client's name has not one or two components";
    case RXKAD_2B_NAME_EMPTY:
	return "the client's name or realm is empty";
    case RXKAD_2B_NAME_LONG:
	return "the client's name or realm has more than 63 octets";
    case RXKAD_2B_NAME_DOT:
	return "the client's name has a dot in its first component";
    case RXKAD_2B_NAME_HOST:
	return "the client's name is a service on a host without a domain";
    case RXKAD_2B_NAME_INSTANCE:
	return "the client's name would lose its instance";
    case RXKAD_2B_NAME_CHARACTER:
	return "the client's name has an @ or a control character";
    case RXKAD_2B_SESSION_ENCTYPE:
	return "the session key gives no DES key";
    case RXKAD_2B_INVALID:
	return "the ticket is invalid: postdated and not validated";
    case RXKAD_2B_EXPIRED:
	return "the ticket has expired";
    case RXKAD_2B_NOT_YET_VALID:
	return "the ticket is not yet valid";
    case RXKAD_2B_BAD_TIMES:
	return "the ticket's times are not possible, or too far apart";
    case RXKAD_2B_TRANSITED:
	return "the ticket passed realms that are not trusted";
    case RXKAD_2B_AUTHDATA:
	return "the ticket has critical authorization data";
    case RXKAD_2B_ADDRESS:
	return "the ticket is for other addresses";
    case RXKAD_2B_INTERNAL:
	return "the server failed";
    }
    return "unknown reason";
}

const char *
rxkad_2b_limit_string(rxkad_2b_limit limit)
{
    switch (limit) {
    case RXKAD_2B_LIMIT_NONE:
	return "within all limits";
    case RXKAD_2B_LIMIT_TOO_SHORT:
	return "the token is too short";
    case RXKAD_2B_LIMIT_TOO_LONG:
	return "the token is too long";
    case RXKAD_2B_LIMIT_SERVICE_ENCTYPE:
	return "the enctype of the service's key is not allowed";
    case RXKAD_2B_LIMIT_SESSION_ENCTYPE:
	return "the enctype of the session key is not allowed";
    }
    return "unknown limit";
}

krb5_error_code
rxkad_2b_init_error_table(krb5_context context)
{
    return krb5_add_et_list(context, initialize_rxkad_2b_error_table_r);
}
