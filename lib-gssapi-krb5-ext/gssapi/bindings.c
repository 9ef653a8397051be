/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Channel bindings as [MS-KILE] 3.2.5.8 and 3.4.5 have them: an initiator that
 * knows of them says so, beside its enctypes in the Authenticator (143), and
 * an acceptor then insists on them.
 *
 *   AD-IF-RELEVANT { 129 EtypeList, 143 KERB_AP_OPTIONS: 00 40 00 00 }
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"
#include "kile.h"

/* 2.25.71936799991709986194802698607566277448, a UUID */
gss_OID_desc GSSAPI_LIB_VARIABLE
    __gss_krb5_cred_require_channel_bindings_x_oid_desc = {
    19, rk_UNCONST("\x69\xec\x9e\xc3\x84\xd2\x80\xba\xb5\xe7"
		   "\x89\xfa\x81\x8c\xc8\x85\xe1\x96\x48")
};

/*
 * What the hash is worth; the caller has compared it with ours if there is
 * one (_gsskrb5_verify_8003_checksum()).
 */
static enum kile_hash
hash_of(const Checksum *cksum)
{
    static const unsigned char zeros[16];
    const unsigned char *p;

    if (cksum == NULL || cksum->cksumtype != CKSUMTYPE_GSSAPI ||
	cksum->checksum.length < 4 + sizeof(zeros))
	return KILE_HASH_MISSING;
    p = cksum->checksum.data;
    if (ct_memcmp(p + 4, zeros, sizeof(zeros)) == 0)
	return KILE_HASH_ZERO;
    return KILE_HASH_MATCHES;
}

static int
is_required(krb5_context context, gsskrb5_ctx ctx)
{
    return ctx->ext->require_bindings ||
	krb5_config_get_bool_default(context, NULL, FALSE, "gssapi",
				     "require_channel_bindings", NULL);
}

/**
 * GSS_KRB5_CRED_REQUIRE_CHANNEL_BINDINGS_X of a credential.
 *
 * @param minor_status EINVAL when it fails
 * @param cred_handle an acceptor's credential
 *
 * @return GSS_S_COMPLETE; GSS_S_FAILURE when there is no credential, or one
 *         that accepts nothing, and so would require nothing
 */
OM_uint32
_gsskrb5_ext_require_bindings(OM_uint32 *minor_status,
			      gss_cred_id_t *cred_handle)
{
    gsskrb5_cred cred = cred_handle ? (gsskrb5_cred)*cred_handle : NULL;

    if (cred == NULL || cred->usage == GSS_C_INITIATE) {
	*minor_status = EINVAL;
	return GSS_S_FAILURE;
    }
    HEIMDAL_MUTEX_lock(&cred->cred_id_mutex);
    cred->cred_flags |= GSSKRB5_EXT_CF_REQUIRE_BINDINGS;
    HEIMDAL_MUTEX_unlock(&cred->cred_id_mutex);
    *minor_status = 0;
    return GSS_S_COMPLETE;
}

/**
 * An AP-REQ is to be accepted with this credential: remember what it requires,
 * also for the AP-REQs that may follow, whatever comes with them.
 *
 * @param ctx the acceptor's context
 * @param cred the credential, or NULL
 */
void
_gsskrb5_ext_accept_credential(gsskrb5_ctx ctx, gsskrb5_cred cred)
{
    ctx->ext->credential = cred;
    if (cred != NULL && (cred->cred_flags & GSSKRB5_EXT_CF_REQUIRE_BINDINGS))
	ctx->ext->require_bindings = 1;
}

/**
 * Whether the acceptor's channel bindings allow an AP-REQ whose 0x8003
 * checksum, if it has one, is verified (D22).
 *
 * @param context a Kerberos 5 context
 * @param ctx the acceptor's context
 * @param cksum of the Authenticator, or NULL
 * @param ad its authorization data
 * @param flags of the checksum; GSS_C_CHANNEL_BOUND_FLAG is set in it if both
 *        sides have the same bindings, and cleared otherwise
 *
 * @return GSS_S_COMPLETE or GSS_S_BAD_BINDINGS
 */
OM_uint32
_gsskrb5_ext_check_bindings(krb5_context context, gsskrb5_ctx ctx,
			    const Checksum *cksum,
			    const struct krb5_ext_authdata *ad,
			    OM_uint32 *flags)
{
    struct kile_bindings request;

    memset(&request, 0, sizeof(request));
    request.hash = hash_of(cksum);
    request.aware = ad->have_kerb_ap_options &&
	(ad->kerb_ap_options & KRB5_EXT_KERB_AP_OPTIONS_CBT);
    request.given = ctx->has_bnd != 0;
    request.required = is_required(context, ctx);
    *flags &= ~GSS_C_CHANNEL_BOUND_FLAG;
    switch (_gsskrb5_ext_judge_bindings(&request)) {
    case KILE_BOUND:
	*flags |= GSS_C_CHANNEL_BOUND_FLAG;
	return GSS_S_COMPLETE;
    case KILE_ACCEPT:
	return GSS_S_COMPLETE;
    default:
	return GSS_S_BAD_BINDINGS;
    }
}

/**
 * The flags of an Authenticator without a checksum: none ([MS-KILE] 3.4.5,
 * D21), unless the configuration wants those that were guessed before.
 *
 * @param context a Kerberos 5 context
 * @param guessed of the ap-options
 */
OM_uint32
_gsskrb5_ext_flags_without_checksum(krb5_context context, OM_uint32 guessed)
{
    const char *word = krb5_config_get_string(context, NULL, "gssapi",
					      "missing_checksum_flags", NULL);

    return word != NULL && strcmp(word, "guess") == 0 ? guessed : 0;
}

/**
 * Whether the initiator says that it is aware of channel bindings: if the
 * application asks with GSS_C_CHANNEL_BOUND_FLAG, which is not sent itself, or
 * the configuration says so for all.
 *
 * @param context a Kerberos 5 context
 * @param ctx the initiator's context
 */
int
_gsskrb5_ext_is_bindings_aware(krb5_context context, gsskrb5_ctx ctx)
{
    return (ctx->req_flags & GSS_C_CHANNEL_BOUND_FLAG) != 0 ||
	krb5_config_get_bool_default(context, NULL, FALSE, "libdefaults",
				     "client_aware_channel_bindings", NULL);
}
