/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The reply of a krb524 server, from which nothing is taken on trust: whoever
 * answers first may have sent it.  All numbers big-endian:
 *
 *	offset	octets	what
 *	0	4	status: 0, or the com_err code of an error
 *	4	4	key version number: 213 for an rxkad 2b token
 *	8	4	length of the token
 *	12	1250	the token, and anything behind it
 *	1262	4	zero
 *
 * An error is the first four octets alone.
 */

#include "krb5_locl.h"
#include "krb5-v4compat.h"
#include "rxkad-2b/krb524.h"

#define HEAD_LEN	12	/* in front of the token */
#define REPLY_LEN	(HEAD_LEN + MAX_KTXT_LEN + 4)

static uint32_t
get_uint32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
	p[3];
}

/**
 * Read a reply.
 *
 * @param octets the reply
 * @param reply what is in it, which points into the octets
 *
 * @return 0, also for a reply whose status says that the server refused;
 *         KRB524_DECEMPTY for one that is too short, or has no token;
 *         KRB5KRB_ERR_FIELD_TOOLONG for one that is too long, or whose
 *         token is
 */
krb5_error_code
_krb5_krb524_read_reply(const krb5_data *octets,
			struct krb5_krb524_reply *reply)
{
    const unsigned char *p = octets->data;

    memset(reply, 0, sizeof(*reply));
    if (octets->length < 4)
	return KRB524_DECEMPTY;
    reply->status = (int32_t)get_uint32(p);
    if (reply->status != 0)
	return octets->length == 4 ? 0 : KRB5KRB_ERR_FIELD_TOOLONG;
    if (octets->length < REPLY_LEN)
	return KRB524_DECEMPTY;
    if (octets->length > REPLY_LEN ||
	get_uint32(p + 8) > MAX_KTXT_LEN)
	return KRB5KRB_ERR_FIELD_TOOLONG;
    if (get_uint32(p + 8) == 0)
	return KRB524_DECEMPTY;
    reply->kvno = (int32_t)get_uint32(p + 4);
    reply->length = get_uint32(p + 8);
    reply->token = p + HEAD_LEN;
    return 0;
}
