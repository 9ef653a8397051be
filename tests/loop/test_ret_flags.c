/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The initiator's flags: PROT_READY exactly when the context is complete,
 * from gss_init_sec_context() and from gss_inquire_context() of both sides;
 * never in the checksum that goes to the acceptor nor in an exported context.
 *
 * REQ: GL-24, GL-25
 */

#include "gss_call.h"
#include "sec_test.h"

/*
 * The flags that gss_inquire_context() tells.
 */
static OM_uint32
inquired(gss_ctx_id_t ctx)
{
    OM_uint32 major, minor, flags;

    major = gss_inquire_context(&minor, ctx, NULL, NULL, NULL, NULL, &flags,
				NULL, NULL);
    pair_gss(major, minor, "gss_inquire_context");
    return flags;
}

/*
 * The flags in the checksum of an AP-REQ, RFC 4121 4.1.1; framed or not.
 */
static OM_uint32
wire_flags(struct gss_pair *pair, gss_buffer_t token)
{
    krb5_auth_context ac = NULL;
    krb5_authenticator auth;
    const unsigned char *p = token->value;
    krb5_data data;
    OM_uint32 flags;
    size_t i = 0;

    if (p[0] == 0x60) {
	while (i < token->length && p[i] != 0x06)
	    i++;
	i += 2 + GSS_KRB5_MECHANISM->length + 2;
    }
    data.data = rk_UNCONST(p + i);
    data.length = token->length - i;
    pair_krb5(pair, krb5_rd_req(pair->context, &ac, &data, NULL, pair->keytab,
				NULL, NULL), "krb5_rd_req");
    pair_krb5(pair, krb5_auth_con_getauthenticator(pair->context, ac, &auth),
	      "krb5_auth_con_getauthenticator");
    p = auth->cksum->checksum.data;
    flags = p[20] | p[21] << 8 | p[22] << 16 | (OM_uint32)p[23] << 24;
    krb5_free_authenticator(pair->context, &auth);
    krb5_auth_con_free(pair->context, ac);
    return flags;
}

static void
export_import(gss_ctx_id_t *ctx, const char *what)
{
    gss_buffer_desc token;
    const unsigned char *p;
    OM_uint32 major, minor, stored;

    major = gss_export_sec_context(&minor, ctx, &token);
    pair_gss(major, minor, "gss_export_sec_context");
    /* see test_import_context.c */
    p = (unsigned char *)token.value + token.length - 112;
    stored = (OM_uint32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
    check((stored & GSS_C_PROT_READY_FLAG) == 0 &&
	  (stored & GSS_C_TRANS_FLAG) != 0,
	  "%s: PROT_READY is not exported: %x", what, (unsigned)stored);
    major = gss_import_sec_context(&minor, &token, ctx);
    pair_gss(major, minor, "gss_import_sec_context");
    gss_release_buffer(&minor, &token);
    check((inquired(*ctx) & GSS_C_PROT_READY_FLAG) != 0,
	  "%s: and an imported context has it", what);
}

static void
test(struct gss_pair *pair, OM_uint32 flags, const char *what)
{
    const OM_uint32 ready = GSS_C_PROT_READY_FLAG;
    gss_buffer_desc token, answer;
    OM_uint32 major, amajor, minor, ret = ready, wire;

    pair_disconnect(pair);
    major = call_init(pair, flags, NULL, NULL, &token, &ret, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    wire = wire_flags(pair, &token);
    check((wire & ready) == 0, "%s: PROT_READY is not on the wire: %x", what,
	  (unsigned)wire);
    if (major == GSS_S_CONTINUE_NEEDED) {
	check((ret & ready) == 0 && (inquired(pair->initiator) & ready) == 0,
	      "%s: PROT_READY not before the end: %x", what, (unsigned)ret);
    }
    amajor = call_accept(pair, NULL, &token, &answer, NULL, &minor);
    pair_gss(amajor, minor, "gss_accept_sec_context");
    gss_release_buffer(&minor, &token);
    if (major == GSS_S_CONTINUE_NEEDED) {
	ret = 0;
	major = call_init(pair, flags, NULL, &answer, &token, &ret, &minor);
	pair_gss(major, minor, "gss_init_sec_context");
    }
    gss_release_buffer(&minor, &answer);
    if (amajor == GSS_S_CONTINUE_NEEDED) {
	check((inquired(pair->acceptor) & ready) == 0,
	      "%s: the acceptor is not ready yet", what);
	amajor = call_accept(pair, NULL, &token, &answer, NULL, &minor);
	pair_gss(amajor, minor, "gss_accept_sec_context");
	gss_release_buffer(&minor, &answer);
    }
    gss_release_buffer(&minor, &token);

    check(major == GSS_S_COMPLETE && (ret & ready) != 0,
	  "%s: PROT_READY with GSS_S_COMPLETE: %x", what, (unsigned)ret);
    check((ret & flags) == flags && (ret & GSS_C_TRANS_FLAG),
	  "%s: and what was asked for, and TRANS", what);
    check(inquired(pair->initiator) == ret,
	  "%s: gss_inquire_context says the same: %x", what,
	  (unsigned)inquired(pair->initiator));
    check((inquired(pair->acceptor) & (flags | ready | GSS_C_TRANS_FLAG)) ==
	  (flags | ready | GSS_C_TRANS_FLAG),
	  "%s: and at the acceptor: %x", what,
	  (unsigned)inquired(pair->acceptor));
    export_import(&pair->initiator, what);
    export_import(&pair->acceptor, what);
    check(call_both_work(pair), "%s: the context works", what);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test(&pair, CALL_FLAGS, "mutual");
    test(&pair, CALL_FLAGS & ~GSS_C_MUTUAL_FLAG, "not mutual");
    test(&pair, CALL_FLAGS | GSS_C_DCE_STYLE, "DCE_STYLE");
    pair_free(&pair);
    return check_done();
}
