/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What gss_inquire_sec_context_by_oid() with GSS_KRB5_EXCHANGE_INFO_X says of
 * how a context came about.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

/* 2.25.166299419868790531636242842572970475986, a UUID */
gss_OID_desc GSSAPI_LIB_VARIABLE __gss_krb5_exchange_info_x_oid_desc = {
    20, rk_UNCONST("\x69\x81\xfa\x9c\x8d\x9b\xca\xba\xba\xac"
		   "\x99\x9c\xab\xca\xe1\xf6\xd4\xbd\x83\x52")
};

static const char *
protection(const struct gsskrb5_ext_exchange *ext)
{
    if (ext->answered)
	return ext->cached ? "challenge,cache" : "challenge";
    return ext->cached ? "cache" : "none";
}

static const char *const authdata_words[] = {
    "none", "unsent", "sent", "received"	/* by authdata_state */
};

/**
 * How the exchange went: one buffer, a text of name=value, separated by
 * blanks, to which later versions may add at the end:
 *
 *   tokens=N         context tokens of both sides, errors included
 *   offered=yes|no   the initiator takes extra tokens
 *   protection=none|cache|challenge|challenge,cache
 *                    acceptor: what has kept a replay out
 *   confirmed=yes|no the acceptor's key was confirmed by a KRB-ERROR2, before
 *                    the last AP-REQ or in place of the AP-REP
 *   recovered=yes|no there was an error, and another AP-REQ
 *   user2user=yes|no the ticket is in the session key of the acceptor's TGT
 *   clock=N          acceptor: seconds that the KDC's clock is ahead of ours,
 *                    when ours is so wrong that it was corrected for this
 *                    context, else 0
 *   acceptor-authdata=none|unsent|sent|received
 *                    authorization data of the acceptor; unsent if there is
 *                    some, and the initiator cannot take it
 *
 * @param minor_status an error
 * @param ctx a context
 * @param data_set the text, free with gss_release_buffer_set()
 *
 * @return GSS_S_COMPLETE; GSS_S_UNAVAILABLE for a context that was imported;
 *         GSS_S_FAILURE without memory
 */
OM_uint32
_gsskrb5_ext_inquire_exchange(OM_uint32 *minor_status, gsskrb5_ctx ctx,
			      gss_buffer_set_t *data_set)
{
    const struct gsskrb5_ext_exchange *ext = ctx->ext;
    gss_buffer_desc buffer;
    char text[224];
    int acceptor = (ctx->more_flags & LOCAL) == 0;

    *minor_status = 0;
    if (ext == NULL)
	return GSS_S_UNAVAILABLE;
    snprintf(text, sizeof(text), "tokens=%u offered=%s protection=%s "
	     "confirmed=%s recovered=%s user2user=%s clock=%d "
	     "acceptor-authdata=%s",
	     ext->tokens,
	     ext->offered ? "yes" : "no",
	     acceptor ? protection(ext) : "none",
	     ext->confirmed ? "yes" : "no", ext->recovered ? "yes" : "no",
	     ext->user2user ? "yes" : "no",
	     acceptor ? (int)ext->clock : 0,
	     authdata_words[ext->authdata_state]);
    buffer.value = text;
    buffer.length = strlen(text);
    return gss_add_buffer_set_member(minor_status, &buffer, data_set);
}
