/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What [MS-KILE] 3.4.5 wants of an acceptor about channel bindings.  A
 * verdict, and nothing else: no context, no configuration.
 */

#ifndef GSSKRB5_EXT_KILE_H
#define GSSKRB5_EXT_KILE_H 1

/* The hash of the channel bindings in an AP-REQ. */
enum kile_hash {
    KILE_HASH_MISSING,		/* no checksum 0x8003 */
    KILE_HASH_ZERO,		/* the initiator had none, or knows of none */
    KILE_HASH_MATCHES,
    KILE_HASH_DIFFERS
};

struct kile_bindings {
    enum kile_hash hash;
    unsigned int aware : 1;	/* KERB_AP_OPTIONS_CBT is set */
    unsigned int given : 1;	/* the acceptor has passed some */
    unsigned int required : 1;	/* ApplicationRequiresCBT */
};

enum kile_verdict {
    KILE_ACCEPT,
    KILE_BOUND,			/* and the context is bound to the channel */
    KILE_REFUSE			/* GSS_S_BAD_BINDINGS */
};

enum kile_verdict
_gsskrb5_ext_judge_bindings(const struct kile_bindings *request);

#endif /* GSSKRB5_EXT_KILE_H */
