/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The reply, octet by octet: see krb524.h.
 */

#include <config.h>
#include <roken.h>

#include "krb524.h"

static krb5_error_code
store_token(krb5_storage *sp, const krb5_data *token)
{
    static const unsigned char zeros[KRB524_TOKEN_MAX];
    size_t left = KRB524_TOKEN_MAX - token->length;
    krb5_error_code ret;

    ret = krb5_store_int32(sp, KRB524_2B_KVNO);
    if (ret == 0)
	ret = krb5_store_data(sp, *token);
    if (ret == 0 && krb5_storage_write(sp, zeros, left) != (krb5_ssize_t)left)
	ret = ENOMEM;
    if (ret == 0)
	ret = krb5_store_int32(sp, 0);
    return ret;
}

/**
 * Encode a reply.
 *
 * @param status 0 or a com_err code
 * @param token what to send with status 0, not longer than KRB524_TOKEN_MAX;
 *        ignored otherwise
 * @param reply the octets, free with krb5_data_free()
 *
 * @return 0; KRB524_ENCFULL for a token that is too long; or ENOMEM
 */
krb5_error_code
_kdc_krb524_encode_reply(krb5_error_code status, const krb5_data *token,
			 krb5_data *reply)
{
    krb5_storage *sp;
    krb5_error_code ret;

    krb5_data_zero(reply);
    if (status == 0 && token->length > KRB524_TOKEN_MAX)
	return KRB524_ENCFULL;
    sp = krb5_storage_emem();
    if (sp == NULL)
	return ENOMEM;
    ret = krb5_store_int32(sp, status);
    if (ret == 0 && status == 0)
	ret = store_token(sp, token);
    if (ret == 0)
	ret = krb5_storage_to_data(sp, reply);
    krb5_storage_free(sp);
    return ret;
}
