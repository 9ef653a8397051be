/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the krb5 mechanism has beyond Heimdal's: what the hooks in
 * lib/gssapi/krb5 see.  Contracts are at the definitions.  Included behind
 * gsskrb5_locl.h.
 */

#ifndef GSSKRB5_EXT_H
#define GSSKRB5_EXT_H 1

struct gsskrb5_ext_exchange;

/* exchange.c */

void
_gsskrb5_ext_done(krb5_context context, struct gsskrb5_ext_exchange *ext);

void
_gsskrb5_ext_free(krb5_context context, struct gsskrb5_ext_exchange *ext);

/* initiator.c */

enum gsskrb5_ext_next {
    GSSKRB5_EXT_OTHER,		/* no KRB-ERROR2: an AP-REP or KRB-ERROR */
    GSSKRB5_EXT_AGAIN,		/* send another AP-REQ */
    GSSKRB5_EXT_COMPLETE	/* it stands for an AP-REP */
};

int
_gsskrb5_ext_initiate_again(gsskrb5_ctx ctx);

OM_uint32
_gsskrb5_ext_initiate_flags(gsskrb5_ctx ctx);

OM_uint32
_gsskrb5_ext_initiate_granted(gsskrb5_ctx ctx, OM_uint32 flags);

krb5_error_code
_gsskrb5_ext_initiate_offer(krb5_context context, gsskrb5_ctx ctx,
			    OM_uint32 flags, krb5_flags *ap_options);

OM_uint32
_gsskrb5_ext_initiate_answer(OM_uint32 *minor_status, krb5_context context,
			     gsskrb5_ctx ctx, const gss_buffer_t token,
			     gss_buffer_t output_token,
			     enum gsskrb5_ext_next *next);

int
_gsskrb5_ext_initiate_may_retry(gsskrb5_ctx ctx);

void
_gsskrb5_ext_initiate_clock(gsskrb5_ctx ctx, int32_t *offset);
/* early.c */

int
_gsskrb5_ext_may_send(gsskrb5_ctx ctx);

int
_gsskrb5_ext_may_receive(gsskrb5_ctx ctx);

OM_uint32
_gsskrb5_ext_early_flags(gsskrb5_ctx ctx);

OM_uint32
_gsskrb5_ext_initiate_early(krb5_context context, gsskrb5_ctx ctx,
			    OM_uint32 flags);

void
_gsskrb5_ext_early_complete(krb5_context context, gsskrb5_ctx ctx);

krb5_crypto
_gsskrb5_ext_early_key(gsskrb5_ctx ctx, const unsigned char *snd_seq);

OM_uint32
_gsskrb5_ext_early_order(gsskrb5_ctx ctx, krb5_crypto key, OM_uint32 number);

/* user2user.c */

OM_uint32
_gsskrb5_ext_initiate_empty(OM_uint32 *minor_status, krb5_context context,
			    gsskrb5_ctx ctx,
			    const gss_channel_bindings_t bindings,
			    gss_buffer_t output_token);

/* without_mutual.c */

int
_gsskrb5_ext_initiate_waits(gsskrb5_ctx ctx, OM_uint32 flags);

int
_gsskrb5_ext_initiate_was_told_number(gsskrb5_ctx ctx);

/* ticket.c */

void
_gsskrb5_ext_store_ticket(krb5_context context, gsskrb5_ctx ctx);

/* acceptor.c */

OM_uint32
_gsskrb5_ext_accept_other(OM_uint32 *minor_status, krb5_context context,
			  gsskrb5_ctx ctx, const gss_buffer_t token);

OM_uint32
_gsskrb5_ext_accept_request(OM_uint32 *minor_status, krb5_context context,
			    gsskrb5_ctx ctx, int framed,
			    const krb5_data *ap_req);

OM_uint32
_gsskrb5_ext_accept_user2user(OM_uint32 *minor_status, krb5_context context,
			      gsskrb5_ctx ctx, gss_buffer_t output_token);

OM_uint32
_gsskrb5_ext_accept_failed(OM_uint32 *minor_status, krb5_context context,
			   gsskrb5_ctx ctx, krb5_error_code code,
			   krb5_keytab keytab, krb5_const_principal server,
			   const krb5_data *ap_req,
			   gss_buffer_t output_token);

void
_gsskrb5_ext_accept_policy(krb5_context context, gsskrb5_ctx ctx,
			   krb5_keytab keytab, krb5_const_principal server,
			   krb5_rd_req_out_ctx out);

const AP_REQ *
_gsskrb5_ext_accept_decoded(gsskrb5_ctx ctx);

struct krb5_ext_known *
_gsskrb5_ext_accept_known(gsskrb5_ctx ctx);

krb5_crypto *
_gsskrb5_ext_accept_session(krb5_context context, gsskrb5_ctx ctx);

OM_uint32
_gsskrb5_ext_accept_verified(OM_uint32 *minor_status, krb5_context context,
			     gsskrb5_ctx ctx,
			     const Authenticator *authenticator,
			     gss_buffer_t output_token);

OM_uint32
_gsskrb5_ext_accept_ap_rep2(OM_uint32 *minor_status, krb5_context context,
			    gsskrb5_ctx ctx, krb5_flags ap_options,
			    gss_buffer_t output_token);

int
_gsskrb5_ext_accept_wants_ap_rep(gsskrb5_ctx ctx, krb5_flags ap_options);

int
_gsskrb5_ext_accept_told_number(gsskrb5_ctx ctx);

void
_gsskrb5_ext_accept_sent_error(gsskrb5_ctx ctx);

void
_gsskrb5_ext_accept_error(krb5_context context, gsskrb5_ctx ctx,
			  krb5_error_code code, gss_buffer_t output_token);

/* clock.c */

krb5_error_code
_gsskrb5_ext_rd_req(krb5_context context, gsskrb5_ctx ctx,
		    const krb5_data *ap_req, krb5_keytab keytab,
		    krb5_const_principal server, krb5_rd_req_in_ctx in,
		    krb5_rd_req_out_ctx *out);

time_t
_gsskrb5_ext_accept_endtime(gsskrb5_ctx ctx);
/* acceptor_authdata.c */

OM_uint32
_gsskrb5_ext_set_authdata(OM_uint32 *minor_status, gsskrb5_cred cred,
			  krb5_data *authdata, const gss_buffer_t value);

OM_uint32
_gsskrb5_ext_accept_authdata(OM_uint32 *minor_status, gsskrb5_ctx ctx,
			     gsskrb5_cred cred, const krb5_data *authdata);

int
_gsskrb5_ext_is_authdata_oid(const gss_OID oid, int32_t *type);

OM_uint32
_gsskrb5_ext_inquire_authdata(OM_uint32 *minor_status, gsskrb5_ctx ctx,
			      int32_t type, gss_buffer_set_t *data_set);

/* bindings.c */

/* a bit of gsskrb5_cred's cred_flags, beside GSS_CF_... */
#define GSSKRB5_EXT_CF_REQUIRE_BINDINGS 4

OM_uint32
_gsskrb5_ext_require_bindings(OM_uint32 *minor_status,
			      gss_cred_id_t *cred_handle);

void
_gsskrb5_ext_accept_credential(gsskrb5_ctx ctx, gsskrb5_cred cred);

/* own_tgt.c */

int
_gsskrb5_ext_accept_by_password(krb5_context context);

/* error_token.c */

void
_gsskrb5_ext_error_token(krb5_context context, gsskrb5_ctx ctx,
			 OM_uint32 major, krb5_error_code code,
			 const gss_buffer_t input_token,
			 gss_buffer_t output_token);

/* inquire.c */

OM_uint32
_gsskrb5_ext_inquire_exchange(OM_uint32 *minor_status, gsskrb5_ctx ctx,
			      gss_buffer_set_t *data_set);

#endif /* GSSKRB5_EXT_H */
