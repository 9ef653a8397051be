/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Calls to the krb5 mechanism's gss_accept_sec_context without the mechanism
 * glue, which hides what a mechanism leaves behind.  Behind gss_pair.h.
 */

#ifndef MECH_CALL_H
#define MECH_CALL_H 1

#include "gssapi_mech.h"
#include "mech/context.h"
#include "mech/mechqueue.h"
#include "mech/cred.h"

struct mech_call {
    gssapi_mech_interface mech;
    gss_cred_id_t cred;		/* alias into the pair's */
    gss_ctx_id_t ctx;
    /* what the last call gave */
    OM_uint32 major, minor, flags;
    gss_name_t name;
    gss_buffer_desc out;
    gss_cred_id_t deleg;
};

/*
 * The pair's acceptor credential, with no context.  The pair has established
 * contexts after it.
 */
static void
mech_init(struct gss_pair *pair, struct mech_call *call)
{
    struct _gss_mechanism_cred *mc;

    memset(call, 0, sizeof(*call));
    pair_connect(pair);
    call->mech = ((struct _gss_context *)pair->acceptor)->gc_mech;
    HEIM_SLIST_FOREACH(mc, &((struct _gss_cred *)pair->acceptor_cred)->gc_mc,
		       gmc_link)
	if (mc->gmc_mech == call->mech)
	    call->cred = mc->gmc_cred;
}

/*
 * Free what the last call gave.
 */
static void
mech_release(struct mech_call *call)
{
    OM_uint32 minor;

    if (call->name)
	call->mech->gm_release_name(&minor, &call->name);
    if (call->deleg)
	call->mech->gm_release_cred(&minor, &call->deleg);
    gss_release_buffer(&minor, &call->out);
}

static OM_uint32
mech_accept(struct mech_call *call, gss_buffer_t in)
{
    mech_release(call);
    call->flags = 0;
    call->minor = 0;
    call->major = call->mech->gm_accept_sec_context(&call->minor, &call->ctx,
	call->cred, in, GSS_C_NO_CHANNEL_BINDINGS, &call->name, NULL,
	&call->out, &call->flags, NULL, &call->deleg);
    return call->major;
}

static void
mech_free(struct mech_call *call)
{
    OM_uint32 minor;

    mech_release(call);
    call->mech->gm_delete_sec_context(&minor, &call->ctx, GSS_C_NO_BUFFER);
}

#endif /* MECH_CALL_H */
