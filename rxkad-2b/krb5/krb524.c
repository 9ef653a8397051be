/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Has a ticket converted by the krb524 server of the service's realm.
 */

#include "krb5_locl.h"
#include "krb5-v4compat.h"
#include "rxkad-2b/krb524.h"
#include "rxkad-2b/rxkad_key.h"

#define LIFE_UNIT	(5 * 60)	/* of Kerberos 4, in seconds */
#define LIFE_MAX	127		/* above it are other units */

/*
 * Ask the server: by datagram, some times, and if nobody answers on a stream.
 * A server does not answer a datagram whose ticket it cannot decrypt.
 */
static krb5_error_code
exchange(krb5_context context, const krb5_creds *creds, krb5_data *reply)
{
    const char *realm = krb5_principal_get_realm(context, creds->server);
    krb5_sendto_ctx ctx;
    krb5_error_code ret;

    ret = krb5_sendto_ctx_alloc(context, &ctx);
    if (ret)
	return ret;
    krb5_sendto_ctx_set_type(ctx, KRB5_KRBHST_KRB524);
    ret = krb5_sendto_context(context, ctx, &creds->ticket, realm, reply);
    if (ret == KRB5_KDC_UNREACH &&
	(krb5_sendto_ctx_get_flags(ctx) & KRB5_KRBHST_FLAGS_LARGE_MSG) == 0) {
	krb5_sendto_ctx_add_flags(ctx, KRB5_KRBHST_FLAGS_LARGE_MSG);
	ret = krb5_sendto_context(context, ctx, &creds->ticket, realm, reply);
    }
    krb5_sendto_ctx_free(context, ctx);
    return ret;
}

/*
 * The lifetime in the units of Kerberos 4, not longer than it is.  Who needs
 * it exactly has it in the ticket's credential.
 */
static int
to_life(time_t start, time_t end)
{
    if (end <= start)
	return 0;
    return end - start < LIFE_MAX * LIFE_UNIT ?
	(int)((end - start) / LIFE_UNIT) : LIFE_MAX;
}

/*
 * What the credential says without a server: names, times, the session key.
 */
static krb5_error_code
set_local(krb5_context context, const krb5_creds *creds,
	  struct credentials *v4)
{
    char realm[REALM_SZ];	/* the client's: v4 has the service's only */
    krb5_error_code ret;

    ret = _krb5_krb524_name(context, creds->server, v4->service,
			    v4->instance, v4->realm);
    if (ret == 0)
	ret = _krb5_krb524_name(context, creds->client, v4->pname, v4->pinst,
				realm);
    if (ret)
	return ret;
    ret = _krb5_rxkad_derive_key(creds->session.keytype,
				 creds->session.keyvalue.data,
				 creds->session.keyvalue.length,
				 (unsigned char *)v4->session);
    if (ret) {
	krb5_set_error_message(context, ret,
			       N_("a session key of encryption type %d makes "
				  "no DES key", ""),
			       (int)creds->session.keytype);
	return ret;
    }
    v4->issue_date = (int32_t)(creds->times.starttime ?
			       creds->times.starttime :
			       creds->times.authtime);
    v4->lifetime = to_life(v4->issue_date, creds->times.endtime);
    return 0;
}

/*
 * The server's status as an error; its text is ours.
 */
static krb5_error_code
refused(krb5_context context, krb5_error_code status)
{
    const char *text;

    krb5_clear_error_message(context);
    text = krb5_get_error_message(context, status);
    krb5_set_error_message(context, status,
			   N_("the krb524 server refused: %s", ""),
			   text ? text : "?");
    krb5_free_error_message(context, text);
    return status;
}

static krb5_error_code
set_reply(krb5_context context, const krb5_data *octets,
	  struct credentials *v4)
{
    struct krb5_krb524_reply reply;
    krb5_error_code ret;

    ret = _krb5_krb524_read_reply(octets, &reply);
    if (ret) {
	krb5_set_error_message(context, ret,
			       N_("a reply of %lu octets that no krb524 "
				  "server sends", ""),
			       (unsigned long)octets->length);
	return ret;
    }
    if (reply.status)
	return refused(context, reply.status);
    v4->kvno = reply.kvno;
    v4->ticket_st.length = reply.length;
    memcpy(v4->ticket_st.dat, reply.token, reply.length);
    return 0;
}

/**
 * Convert a credential, see krb524_convert_creds_kdc().
 *
 * @param context a Kerberos 5 context
 * @param creds the credential; it is not changed
 * @param v4 the result; all of it is zero after a failure
 *
 * @return 0; the server's status; an error of _krb5_krb524_read_reply(), of
 *         _krb5_krb524_name() or of _krb5_rxkad_derive_key(); or
 *         KRB5_KDC_UNREACH
 */
krb5_error_code
_krb5_krb524_convert(krb5_context context, const krb5_creds *creds,
		     struct credentials *v4)
{
    krb5_error_code ret;
    krb5_data octets;

    memset(v4, 0, sizeof(*v4));
    krb5_data_zero(&octets);
    if (creds->ticket.length == 0)
	return KRB5_NO_TKT_SUPPLIED;
    ret = set_local(context, creds, v4);
    if (ret == 0)
	ret = exchange(context, creds, &octets);
    if (ret == 0)
	ret = set_reply(context, &octets, v4);
    krb5_data_free(&octets);
    if (ret)
	memset_s(v4, sizeof(*v4), 0, sizeof(*v4));
    return ret;
}

/*
 * Get a ticket for the same service with a DES session key.
 */
static krb5_error_code
get_des_creds(krb5_context context, krb5_ccache ccache,
	      const krb5_creds *creds, krb5_creds **des)
{
    krb5_creds in;

    memset(&in, 0, sizeof(in));
    in.client = creds->client;		/* aliases; do not free */
    in.server = creds->server;
    in.session.keytype = ETYPE_DES_CBC_CRC;
    return krb5_get_credentials(context, 0, ccache, &in, des);
}

/**
 * Convert a credential, see krb524_convert_creds_kdc_ccache().  A server that
 * refuses for the session key's type (MIT's krb524d, the strict profile)
 * is given a ticket with a DES key, if one can be had.
 *
 * @param context a Kerberos 5 context
 * @param ccache where that ticket comes from and is kept
 * @param creds the credential; it is not changed
 * @param v4 the result; all of it is zero after a failure
 *
 * @return as _krb5_krb524_convert()
 */
krb5_error_code
_krb5_krb524_convert_ccache(krb5_context context, krb5_ccache ccache,
			    const krb5_creds *creds, struct credentials *v4)
{
    krb5_error_code ret;
    krb5_creds *des;

    ret = _krb5_krb524_convert(context, creds, v4);
    if (ret != KRB524_BADKEY ||
	creds->session.keytype == (krb5_enctype)ETYPE_DES_CBC_CRC)
	return ret;
    if (get_des_creds(context, ccache, creds, &des) != 0)
	return ret;
    ret = _krb5_krb524_convert(context, des, v4);
    krb5_free_creds(context, des);
    return ret;
}
