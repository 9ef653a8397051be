/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Extra context tokens without mutual authentication (D4).  Who asks for none
 * is complete after its AP-REQ, and never sees what the acceptor answers; and
 * who waits for an answer from an acceptor that has none to give waits for
 * ever.  So nothing is guessed: the administrator names the targets whose
 * acceptors know extra tokens, and these always answer, once.
 *
 *   initiator                                     acceptor
 *     AP-REQ (offers, not mutual)  -------------->
 *                                  <--------------   KRB-ERROR2, an error or
 *     AP-REQ (challenge)           -------------->   none
 *
 * The same follows an AP-REQ without a ticket and the TGT that answers it.
 */

#include "gsskrb5_locl.h"
#include "gsskrb5_ext.h"
#include "exchange.h"

#define TARGETS "extra_tokens_without_mutual"

/*
 * Whether a target is what a pattern of the configuration says; one without a
 * realm is for all realms.  A pattern that is no name matches nothing.
 */
static int
is_match(krb5_context context, const char *text, krb5_const_principal target)
{
    int has_realm = strchr(text, '@') != NULL;
    krb5_principal pattern;
    krb5_error_code ret;
    int match;

    ret = krb5_parse_name_flags(context, text, has_realm ? 0 :
				KRB5_PRINCIPAL_PARSE_NO_REALM, &pattern);
    if (ret == 0 && !has_realm)
	ret = krb5_principal_set_realm(context, pattern, "*");
    if (ret) {
	_krb5_debug(context, 1, "gss initiator: [gssapi] " TARGETS
		    ": %s is no pattern", text);
	return 0;
    }
    match = krb5_principal_match(context, target, pattern);
    krb5_free_principal(context, pattern);
    return match;
}

/*
 * Whether acceptors of this target answer although nobody has asked them to.
 */
static int
is_known_to_answer(krb5_context context, krb5_const_principal target)
{
    char **patterns;
    size_t i;
    int match = 0;

    patterns = krb5_config_get_strings(context, NULL, "gssapi", TARGETS,
				       NULL);
    for (i = 0; !match && patterns != NULL && patterns[i] != NULL; i++)
	match = is_match(context, patterns[i], target);
    krb5_config_free_strings(patterns);
    return match;
}

/*
 * The first AP-REQ of an exchange, with these flags: decide whether it offers
 * extra tokens.  Not in DCE style (D17), and without mutual authentication
 * only to who is known to answer.
 */
void
_gsskrb5_ext_begin_offer(krb5_context context, gsskrb5_ctx ctx,
			 OM_uint32 flags)
{
    struct gsskrb5_ext_exchange *ext = ctx->ext;

    ext->offered = ext->awaited = 0;
    if (!ext->enabled || (flags & GSS_C_DCE_STYLE))
	return;
    if ((flags & GSS_C_MUTUAL_FLAG) == 0)
	ext->awaited =
	    is_known_to_answer(context, ctx->kcred ? ctx->kcred->server :
			       ctx->target);
    ext->offered = ext->awaited || (flags & GSS_C_MUTUAL_FLAG) != 0;
}

/**
 * Whether the AP-REQ that was made is answered: if it asks for an AP-REP, or
 * is awaited, and the KRB-ERROR2 about it has not come yet.
 *
 * @param ctx an initiator's context
 * @param flags of the AP-REQ's checksum
 */
int
_gsskrb5_ext_initiate_waits(gsskrb5_ctx ctx, OM_uint32 flags)
{
    const struct gsskrb5_ext_exchange *ext = ctx->ext;

    return (flags & GSS_C_MUTUAL_FLAG) != 0 ||
	(ext->awaited && !ext->confirmed && !ext->recovered);
}

/**
 * Whether the acceptor has told its first sequence number although there is no
 * AP-REP: in a KRB-ERROR2 that our subkey protects.
 *
 * @param ctx an initiator's context that is about to be complete
 */
int
_gsskrb5_ext_initiate_was_told_number(gsskrb5_ctx ctx)
{
    return ctx->ext != NULL && ctx->ext->awaited && ctx->ext->level_k;
}

/*
 * Another ticket, and no AP-REP is to bring a key that only it protects: take
 * another subkey, since who has the key of the one before can know the first.
 */
krb5_error_code
_gsskrb5_ext_new_subkey(krb5_context context, gsskrb5_ctx ctx)
{
    return krb5_auth_con_generatelocalsubkey(context, ctx->auth_context,
					     &ctx->kcred->session);
}
