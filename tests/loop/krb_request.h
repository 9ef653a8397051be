/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * AP-REQs made without a KDC: the test holds the service's key and writes the
 * ticket itself.
 *
 * Functions print why and exit(1) when something fails that no test is about.
 */

#ifndef KRB_REQUEST_H
#define KRB_REQUEST_H 1

#include "krb5_locl.h"

#define REQUEST_CLIENT  "user@LOOP.TEST"
#define REQUEST_SERVICE "service/loop.test@LOOP.TEST"

struct krb_request {
    const char *server;		/* name in the ticket */
    krb5_kvno kvno;		/* 0: none in the ticket */
    const krb5_keyblock *key;	/* alias: what the ticket is encrypted with */
    const krb5_enctype *claim;	/* alias, or NULL: another enctype to name */
    AuthorizationData *ad;	/* alias, or NULL: in the ticket */
    time_t now;			/* when it is made */
    time_t life;
};

static void
request_krb5(krb5_context context, krb5_error_code ret, const char *what)
{
    if (ret)
	krb5_err(context, 1, ret, "%s", what);
}

/*
 * Fill req with what makes a good request for REQUEST_SERVICE.
 */
static void
request_init(struct krb_request *req, const krb5_keyblock *key)
{
    memset(req, 0, sizeof(*req));
    req->server = REQUEST_SERVICE;
    req->kvno = 1;
    req->key = key;
    req->now = time(NULL);
    req->life = 3600;
}

/*
 * The credentials that go with the ticket; free with
 * krb5_free_cred_contents().
 */
static void
request_creds(krb5_context context, const struct krb_request *req,
	      krb5_creds *creds)
{
    EncTicketPart et;
    Ticket ticket;
    krb5_crypto crypto;
    unsigned char *buf;
    size_t len, size;
    krb5_error_code ret;
    krb5_kvno kvno = req->kvno;

    memset(creds, 0, sizeof(*creds));
    memset(&et, 0, sizeof(et));
    memset(&ticket, 0, sizeof(ticket));
    request_krb5(context, krb5_parse_name(context, REQUEST_CLIENT,
					  &creds->client), "client");
    request_krb5(context, krb5_parse_name(context, req->server,
					  &creds->server), "server");
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &creds->session), "session");
    creds->times.authtime = req->now;
    creds->times.starttime = req->now;
    creds->times.endtime = req->now + req->life;

    /* aliases; do not free */
    et.key = creds->session;
    et.crealm = creds->client->realm;
    et.cname = creds->client->name;
    et.transited.tr_type = DOMAIN_X500_COMPRESS;
    et.authtime = creds->times.authtime;
    et.endtime = creds->times.endtime;
    et.authorization_data = req->ad;
    ASN1_MALLOC_ENCODE(EncTicketPart, buf, len, &et, &size, ret);
    request_krb5(context, ret, "EncTicketPart");
    request_krb5(context, krb5_crypto_init(context, req->key, 0, &crypto),
		 "krb5_crypto_init");
    ret = krb5_encrypt_EncryptedData(context, crypto, KRB5_KU_TICKET, buf,
				     len, 0, &ticket.enc_part);
    request_krb5(context, ret, "krb5_encrypt_EncryptedData");
    krb5_crypto_destroy(context, crypto);
    free(buf);

    free(ticket.enc_part.kvno);
    ticket.enc_part.kvno = NULL;
    if (req->kvno) {
	ticket.enc_part.kvno = malloc(sizeof(*ticket.enc_part.kvno));
	if (ticket.enc_part.kvno == NULL)
	    errx(1, "malloc");
	*ticket.enc_part.kvno = kvno;
    }
    if (req->claim)
	ticket.enc_part.etype = *req->claim;
    ticket.tkt_vno = 5;
    ticket.realm = creds->server->realm;
    ticket.sname = creds->server->name;
    ASN1_MALLOC_ENCODE(Ticket, buf, len, &ticket, &size, ret);
    request_krb5(context, ret, "Ticket");
    free_EncryptedData(&ticket.enc_part);
    creds->ticket.data = buf;		/* creds owns it now */
    creds->ticket.length = len;
}

/*
 * An AP-REQ; free with krb5_data_free().
 */
static void
request_make(krb5_context context, const struct krb_request *req,
	     krb5_data *ap_req)
{
    krb5_auth_context ac = NULL;
    krb5_creds creds;

    request_creds(context, req, &creds);
    request_krb5(context, krb5_mk_req_extended(context, &ac, 0, NULL, &creds,
					       ap_req), "krb5_mk_req");
    krb5_auth_con_free(context, ac);
    krb5_free_cred_contents(context, &creds);
}

/*
 * Let an acceptor judge it: server may be NULL.  *ticket (may be NULL) is
 * free'd with krb5_free_ticket().
 */
static krb5_error_code
request_accept(krb5_context context, const krb5_data *ap_req,
	       const char *server, krb5_keytab keytab, krb5_ticket **ticket)
{
    krb5_auth_context ac = NULL;
    krb5_principal p = NULL;
    krb5_error_code ret;

    if (server != NULL)
	request_krb5(context, krb5_parse_name(context, server, &p), "server");
    ret = krb5_rd_req(context, &ac, ap_req, p, keytab, NULL, ticket);
    if (ac)
	krb5_auth_con_free(context, ac);
    if (p)
	krb5_free_principal(context, p);
    return ret;
}

static void
request_add_key(krb5_context context, krb5_keytab keytab, const char *name,
		krb5_kvno kvno, const krb5_keyblock *key)
{
    krb5_keytab_entry entry;

    memset(&entry, 0, sizeof(entry));
    request_krb5(context, krb5_parse_name(context, name, &entry.principal),
		 name);
    entry.vno = kvno;
    entry.keyblock = *key;		/* alias */
    request_krb5(context, krb5_kt_add_entry(context, keytab, &entry),
		 "krb5_kt_add_entry");
    krb5_free_principal(context, entry.principal);
}

#endif /* KRB_REQUEST_H */
