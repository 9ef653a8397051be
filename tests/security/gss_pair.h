/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A krb5 initiator and acceptor in one process and without a KDC: the service
 * key is in a MEMORY keytab, and the ticket is made here.
 *
 * Functions print why and exit(1) when something fails that no test is about.
 */

#ifndef GSS_PAIR_H
#define GSS_PAIR_H 1

#include "krb5_locl.h"
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>

#define PAIR_CLIENT  "user@SECURITY.TEST"
#define PAIR_SERVICE "service/security.test@SECURITY.TEST"

/* The krb5.conf: none, so that no file of the system has a say. */
#ifndef PAIR_KRB5_CONFIG
#define PAIR_KRB5_CONFIG "no-such-krb5.conf"
#endif

struct gss_pair {
    krb5_context context;
    krb5_ccache ccache;
    krb5_keytab keytab;
    gss_cred_id_t initiator_cred;
    gss_cred_id_t acceptor_cred;
    gss_name_t target;
    gss_ctx_id_t initiator;	/* both NULL until pair_connect() */
    gss_ctx_id_t acceptor;
};

static void
pair_krb5(struct gss_pair *pair, krb5_error_code ret, const char *what)
{
    if (ret)
	krb5_err(pair->context, 1, ret, "%s", what);
}

static void
pair_gss(OM_uint32 major, OM_uint32 minor, const char *what)
{
    if (GSS_ERROR(major))
	errx(1, "%s: %08x/%d", what, (unsigned)major, (int)minor);
}

/*
 * Encrypt an EncTicketPart for creds in the service's key and encode the
 * Ticket into creds->ticket.
 */
static void
pair_make_ticket(struct gss_pair *pair, krb5_creds *creds,
		 krb5_keyblock *service_key)
{
    EncTicketPart et;
    Ticket ticket;
    krb5_crypto crypto;
    unsigned char *buf;
    size_t len, size;
    krb5_error_code ret;

    memset(&et, 0, sizeof(et));
    memset(&ticket, 0, sizeof(ticket));

    /* aliases into creds; do not free */
    et.flags = creds->flags.b;
    et.key = creds->session;
    et.crealm = creds->client->realm;
    et.cname = creds->client->name;
    et.transited.tr_type = DOMAIN_X500_COMPRESS;
    et.authtime = creds->times.authtime;
    et.endtime = creds->times.endtime;
    ASN1_MALLOC_ENCODE(EncTicketPart, buf, len, &et, &size, ret);
    pair_krb5(pair, ret, "encode EncTicketPart");

    pair_krb5(pair, krb5_crypto_init(pair->context, service_key, 0, &crypto),
	      "krb5_crypto_init");
    ret = krb5_encrypt_EncryptedData(pair->context, crypto, KRB5_KU_TICKET,
				     buf, len, 1, &ticket.enc_part);
    pair_krb5(pair, ret, "krb5_encrypt_EncryptedData");
    krb5_crypto_destroy(pair->context, crypto);
    free(buf);

    ticket.tkt_vno = 5;
    ticket.realm = creds->server->realm;
    ticket.sname = creds->server->name;
    ASN1_MALLOC_ENCODE(Ticket, buf, len, &ticket, &size, ret);
    pair_krb5(pair, ret, "encode Ticket");
    free_EncryptedData(&ticket.enc_part);
    creds->ticket.data = buf;		/* creds owns it now */
    creds->ticket.length = len;
}

/*
 * Make the credentials of both sides; the ticket's session key and the
 * context's subkeys are of enctype.  Free with pair_free().
 */
static void
pair_init(struct gss_pair *pair, krb5_enctype enctype)
{
    krb5_keytab_entry entry;
    krb5_creds creds;
    gss_buffer_desc buf;
    OM_uint32 major, minor;
    int32_t wanted;

    memset(pair, 0, sizeof(*pair));
    memset(&entry, 0, sizeof(entry));
    memset(&creds, 0, sizeof(creds));

    setenv("KRB5_CONFIG", PAIR_KRB5_CONFIG, 1);
    if (krb5_init_context(&pair->context))
	errx(1, "krb5_init_context");

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_CLIENT,
				    &creds.client), PAIR_CLIENT);
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE,
				    &creds.server), PAIR_SERVICE);

    entry.principal = creds.server;	/* alias */
    entry.vno = 1;
    pair_krb5(pair, krb5_generate_random_keyblock(pair->context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &entry.keyblock), "service key");
    pair_krb5(pair, krb5_kt_resolve(pair->context, "MEMORY:gss_pair",
				    &pair->keytab), "krb5_kt_resolve");
    pair_krb5(pair, krb5_kt_add_entry(pair->context, pair->keytab, &entry),
	      "krb5_kt_add_entry");

    pair_krb5(pair, krb5_generate_random_keyblock(pair->context, enctype,
						  &creds.session),
	      "session key");
    creds.times.authtime = time(NULL);
    creds.times.starttime = creds.times.authtime;
    creds.times.endtime = creds.times.authtime + 3600;
    pair_make_ticket(pair, &creds, &entry.keyblock);
    krb5_free_keyblock_contents(pair->context, &entry.keyblock);

    pair_krb5(pair, krb5_cc_resolve(pair->context, "MEMORY:gss_pair",
				    &pair->ccache), "krb5_cc_resolve");
    pair_krb5(pair, krb5_cc_initialize(pair->context, pair->ccache,
				       creds.client), "krb5_cc_initialize");
    pair_krb5(pair, krb5_cc_store_cred(pair->context, pair->ccache, &creds),
	      "krb5_cc_store_cred");
    krb5_free_cred_contents(pair->context, &creds);

    major = gss_krb5_import_cred(&minor, pair->ccache, NULL, NULL,
				 &pair->initiator_cred);
    pair_gss(major, minor, "gss_krb5_import_cred (initiator)");
    /* or the two sides agree on a better subkey (RFC 4537) */
    wanted = enctype;
    major = gss_krb5_set_allowable_enctypes(&minor, pair->initiator_cred,
					    1, &wanted);
    pair_gss(major, minor, "gss_krb5_set_allowable_enctypes");
    major = gss_krb5_import_cred(&minor, NULL, NULL, pair->keytab,
				 &pair->acceptor_cred);
    pair_gss(major, minor, "gss_krb5_import_cred (acceptor)");
    buf.value = rk_UNCONST(PAIR_SERVICE);
    buf.length = strlen(PAIR_SERVICE);
    major = gss_import_name(&minor, &buf, GSS_KRB5_NT_PRINCIPAL_NAME,
			    &pair->target);
    pair_gss(major, minor, "gss_import_name");
}

/*
 * One call of the initiator.  in may be NULL; free out.
 */
static OM_uint32
pair_initiate(struct gss_pair *pair, gss_buffer_t in, gss_buffer_t out,
	      OM_uint32 *minor)
{
    return gss_init_sec_context(minor, pair->initiator_cred, &pair->initiator,
				pair->target, GSS_KRB5_MECHANISM,
				GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG |
				GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG |
				GSS_C_INTEG_FLAG, 0, GSS_C_NO_CHANNEL_BINDINGS,
				in, NULL, out, NULL, NULL);
}

/*
 * One call of the acceptor.  Free out.
 */
static OM_uint32
pair_accept(struct gss_pair *pair, gss_buffer_t in, gss_buffer_t out,
	    OM_uint32 *minor)
{
    return gss_accept_sec_context(minor, &pair->acceptor, pair->acceptor_cred,
				  in, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
				  out, NULL, NULL, NULL);
}

static void
pair_disconnect(struct gss_pair *pair)
{
    OM_uint32 minor;

    gss_delete_sec_context(&minor, &pair->initiator, GSS_C_NO_BUFFER);
    gss_delete_sec_context(&minor, &pair->acceptor, GSS_C_NO_BUFFER);
}

/*
 * A new exchange up to the acceptor's answer, which is put into ap_rep; the
 * acceptor is then ready, the initiator waits for ap_rep.  Free ap_rep.
 */
static void
pair_start(struct gss_pair *pair, gss_buffer_t ap_rep)
{
    gss_buffer_desc ap_req;
    OM_uint32 major, minor;

    pair_disconnect(pair);
    major = pair_initiate(pair, GSS_C_NO_BUFFER, &ap_req, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    major = pair_accept(pair, &ap_req, ap_rep, &minor);
    pair_gss(major, minor, "gss_accept_sec_context");
    gss_release_buffer(&minor, &ap_req);
}

/*
 * Throw away the contexts, if any, and establish new ones.
 */
static void
pair_connect(struct gss_pair *pair)
{
    gss_buffer_desc ap_rep, none;
    OM_uint32 major, minor;

    pair_start(pair, &ap_rep);
    major = pair_initiate(pair, &ap_rep, &none, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    if (major != GSS_S_COMPLETE)
	errx(1, "the context is not complete");
    gss_release_buffer(&minor, &ap_rep);
    gss_release_buffer(&minor, &none);
}

static void
pair_free(struct gss_pair *pair)
{
    OM_uint32 minor;

    pair_disconnect(pair);
    gss_release_name(&minor, &pair->target);
    gss_release_cred(&minor, &pair->initiator_cred);
    gss_release_cred(&minor, &pair->acceptor_cred);
    krb5_cc_destroy(pair->context, pair->ccache);
    krb5_kt_close(pair->context, pair->keytab);
    krb5_free_context(pair->context);
}

#endif /* GSS_PAIR_H */
