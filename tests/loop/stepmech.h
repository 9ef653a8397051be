/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The step mechanism: a GSS mechanism for tests only, of as many tokens as one
 * likes; see stepmech.c for what it does and what can be configured.
 *
 * Two ways to have it:
 * - a program linked with the static libgssapi.a (LDFLAGS -static) and with
 *   libstepmech.la defines STEPMECH_REGISTER before including this, and calls
 *   stepmech_register() before anything else of GSS;
 * - stepmech.so is loaded by Heimdal's glue from /etc/gss/mech or by MIT's
 *   from $GSS_MECH_CONFIG, as "NAME OID /path/stepmech.so PLACEHOLDER".
 */

#ifndef STEPMECH_H
#define STEPMECH_H 1

#include <gssapi/gssapi.h>

/*
 * Two mechanisms that differ in nothing but their OIDs, so that one can be
 * preferred and the other not.  Below 2.25 anyone may take a UUID (X.667);
 * these are 2.25.1 and 2.25.2: they are no mechanism's and for tests only.
 */
#define STEPMECH_OID_A "2.25.1"
#define STEPMECH_OID_B "2.25.2"

extern gss_OID_desc stepmech_a, stepmech_b;
#define STEPMECH_A (&stepmech_a)
#define STEPMECH_B (&stepmech_b)

/* The minor status of a failure that was asked for, and of the peer told. */
#define STEPMECH_MINOR_FAULT 0x53540001
#define STEPMECH_MINOR_PEER  0x53540002
/* of a token that is not the one that is due, and of a wrong MIC */
#define STEPMECH_MINOR_TOKEN 0x53540003
#define STEPMECH_MINOR_MIC   0x53540004

/* What the acceptor learns as the initiator's name, and when anonymous. */
#define STEPMECH_USER "step-user"
#define STEPMECH_ANONYMOUS "step-anonymous"

/*
 * Configure mechanism mech (A or B) in this process from now on: text as in
 * $STEPMECH, an alias that has to stay; NULL goes back to the environment.
 */
void stepmech_configure(gss_OID mech, const char *text);

/* How many are allocated and not yet freed; stepmech_live() is their sum. */
int stepmech_live_contexts(void);
int stepmech_live_names(void);
int stepmech_live_creds(void);
int stepmech_live(void);

/*
 * How often init_sec_context and accept_sec_context have been called.
 */
int stepmech_calls(void);

struct gssapi_mech_interface_desc;
OM_uint32 stepmech_interface(gss_OID mech,
			     struct gssapi_mech_interface_desc *m);

#ifdef STEPMECH_REGISTER

#include "mech_locl.h"

static void
stepmech_add(gss_OID mech)
{
    struct _gss_mech_switch *m;
    OM_uint32 minor;

    m = calloc(1, sizeof(*m));
    if (m == NULL)
	errx(1, "no memory");
    stepmech_interface(mech, &m->gm_mech);
    m->gm_mech_oid = m->gm_mech.gm_mech_oid;
    gss_add_oid_set_member(&minor, &m->gm_mech.gm_mech_oid, &_gss_mech_oids);
    m->gm_mech.gm_inquire_names_for_mech(&minor, &m->gm_mech.gm_mech_oid,
					 &m->gm_name_types);
    HEIM_SLIST_INSERT_HEAD(&_gss_mechs, m, gm_link);
}

/*
 * Add both to the mechanisms of this process, A first, behind the built in.
 */
static void
stepmech_register(void)
{
    _gss_load_mech();
    stepmech_add(STEPMECH_A);
    stepmech_add(STEPMECH_B);
}

#endif /* STEPMECH_REGISTER */

#endif /* STEPMECH_H */
