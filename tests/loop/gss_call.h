/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Calls of both sides with flags and channel bindings of the test's choice,
 * and tokens that no peer of ours sends.  What gss_pair.h does, in pieces.
 */

#ifndef GSS_CALL_H
#define GSS_CALL_H 1

#include "gss_pair.h"

#define CALL_FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG |		\
		    GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)

/*
 * One call of the initiator.  in, bindings and ret_flags may be NULL; free
 * out.
 */
static OM_uint32
call_init(struct gss_pair *pair, OM_uint32 flags,
	  gss_channel_bindings_t bindings, gss_buffer_t in, gss_buffer_t out,
	  OM_uint32 *ret_flags, OM_uint32 *minor)
{
    return gss_init_sec_context(minor, pair->initiator_cred, &pair->initiator,
				pair->target, GSS_KRB5_MECHANISM, flags, 0,
				bindings, in, NULL, out, ret_flags, NULL);
}

static OM_uint32
call_accept(struct gss_pair *pair, gss_channel_bindings_t bindings,
	    gss_buffer_t in, gss_buffer_t out, OM_uint32 *ret_flags,
	    OM_uint32 *minor)
{
    return gss_accept_sec_context(minor, &pair->acceptor, pair->acceptor_cred,
				  in, bindings, NULL, NULL, out, ret_flags,
				  NULL, NULL);
}

/*
 * A status that no test is about, and that has to be this one.
 */
static void
call_want(OM_uint32 major, OM_uint32 want, OM_uint32 minor, const char *what)
{
    if (major != want)
	errx(1, "%s: %08x/%d, want %08x", what, (unsigned)major, (int)minor,
	     (unsigned)want);
}

/*
 * Throw away the contexts, if any, and establish new ones with these flags.
 */
static void
call_connect(struct gss_pair *pair, OM_uint32 flags)
{
    gss_buffer_desc to_acceptor, to_initiator;
    OM_uint32 major, minor, amajor = GSS_S_CONTINUE_NEEDED;

    pair_disconnect(pair);
    major = call_init(pair, flags, NULL, NULL, &to_acceptor, NULL, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    while (amajor == GSS_S_CONTINUE_NEEDED) {
	amajor = call_accept(pair, NULL, &to_acceptor, &to_initiator, NULL,
			     &minor);
	pair_gss(amajor, minor, "gss_accept_sec_context");
	gss_release_buffer(&minor, &to_acceptor);
	if (major == GSS_S_CONTINUE_NEEDED) {
	    major = call_init(pair, flags, NULL, &to_initiator, &to_acceptor,
			      NULL, &minor);
	    pair_gss(major, minor, "gss_init_sec_context");
	}
	gss_release_buffer(&minor, &to_initiator);
    }
    gss_release_buffer(&minor, &to_acceptor);
    if (major != GSS_S_COMPLETE)
	errx(1, "the initiator is not complete");
}

/*
 * Whether a MIC and a sealed message pass.
 */
static int
call_works(gss_ctx_id_t from, gss_ctx_id_t to)
{
    gss_buffer_desc msg, token, plain;
    OM_uint32 major, minor;
    int ok;

    msg.value = rk_UNCONST("message");
    msg.length = 7;
    major = gss_get_mic(&minor, from, 0, &msg, &token);
    if (major != GSS_S_COMPLETE)
	return 0;
    ok = gss_verify_mic(&minor, to, &msg, &token, NULL) == GSS_S_COMPLETE;
    gss_release_buffer(&minor, &token);
    major = gss_wrap(&minor, from, 1, 0, &msg, NULL, &token);
    if (major != GSS_S_COMPLETE)
	return 0;
    major = gss_unwrap(&minor, to, &token, &plain, NULL, NULL);
    ok = ok && major == GSS_S_COMPLETE && plain.length == msg.length;
    gss_release_buffer(&minor, &token);
    gss_release_buffer(&minor, &plain);
    return ok;
}

static int
call_both_work(struct gss_pair *pair)
{
    return call_works(pair->initiator, pair->acceptor) &&
	call_works(pair->acceptor, pair->initiator);
}

/*
 * Frame der as a token of the mechanism with this token id of two octets.
 * Free out.
 */
static void
call_frame(const char *id, const void *der, size_t len, gss_buffer_t out)
{
    gss_buffer_desc in;
    OM_uint32 minor;

    in.length = 2 + len;
    in.value = emalloc(in.length);
    memcpy(in.value, id, 2);
    memcpy((char *)in.value + 2, der, len);
    pair_gss(gss_encapsulate_token(&in, GSS_KRB5_MECHANISM, out), 0,
	     "gss_encapsulate_token");
    gss_release_buffer(&minor, &in);
}

/*
 * The KRB-ERROR that anybody can send, from an acceptor whose clock is ahead
 * by so many seconds.  Free out.
 */
static void
call_forge_error(struct gss_pair *pair, krb5_error_code code, int32_t ahead,
		 gss_buffer_t out)
{
    krb5_principal server;
    krb5_data der;

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &server),
	      PAIR_SERVICE);
    krb5_set_kdc_sec_offset(pair->context, ahead, 0);
    pair_krb5(pair, krb5_mk_error(pair->context, code, NULL, NULL, NULL,
				  server, NULL, NULL, &der), "krb5_mk_error");
    krb5_set_kdc_sec_offset(pair->context, 0, 0);
    krb5_free_principal(pair->context, server);
    call_frame("\x03\x00", der.data, der.length, out);
    krb5_data_free(&der);
}

#endif /* GSS_CALL_H */
