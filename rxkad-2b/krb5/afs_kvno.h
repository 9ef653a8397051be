/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A note for who gives an AFS service a key of version 213.  For programs
 * behind their own includes.
 */

#ifndef KRB5_AFS_KVNO_H
#define KRB5_AFS_KVNO_H 1

#include <string.h>

#define KRB5_AFS_KVNO_2B	213	/* rxkad 2b, 0xd5 */

/*
 * A token with the number 213 is first taken for rxkad 2b, so that a
 * Kerberos 4 ticket whose key has that version is at a disadvantage (rxkad 2b,
 * "The second major difference").
 */

static inline krb5_boolean
krb5_afs_kvno_is_2b(krb5_context c, krb5_const_principal principal,
		    krb5_kvno kvno)
{
    const char *first = krb5_principal_get_comp_string(c, principal, 0);

    return kvno == KRB5_AFS_KVNO_2B && first != NULL &&
	strcmp(first, "afs") == 0;
}

static inline void
krb5_afs_kvno_note(krb5_context c, krb5_const_principal principal,
		   krb5_kvno kvno)
{
    if (krb5_afs_kvno_is_2b(c, principal, kvno))
	krb5_warnx(c, "note: AFS key version %d is also the number of "
		   "rxkad 2b tokens; change the key again if servers of the "
		   "cell take Kerberos 4 tickets", KRB5_AFS_KVNO_2B);
}

#endif /* KRB5_AFS_KVNO_H */
