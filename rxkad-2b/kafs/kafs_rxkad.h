/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What libkafs does with a ticket for AFS: which of three ways makes a token
 * of it, and what of a token does not work in practice.
 *
 * Included behind kafs_locl.h.
 */

#ifndef KAFS_RXKAD_2B_KAFS_RXKAD_H
#define KAFS_RXKAD_2B_KAFS_RXKAD_H 1

#include <rxkad_2b.h>

/* afs-use-524 */
enum kafs_use_524 {
    KAFS_LOCAL_2B,		/* "2b", "local": the ticket's enc-part */
    KAFS_SERVER_524,		/* "yes", "524": a krb524 server; if it does
				 * not, as KAFS_LOCAL_2B */
    KAFS_NATIVE_K5		/* "no", "256": the whole ticket */
};

/* What the configuration says of a cell. */
struct kafs_rxkad_settings {
    enum kafs_use_524 use_524;
    rxkad_2b_profile profile;
};

/* settings.c */

enum kafs_use_524
_kafs_rxkad_parse_use_524(const char *value);

int
_kafs_rxkad_parse_profile(const char *value, rxkad_2b_profile *profile);

krb5_error_code
_kafs_rxkad_get_settings(krb5_context context, const char *cell,
			 struct kafs_rxkad_settings *settings);

/* make_token.c */

krb5_error_code
_kafs_rxkad_make_token(krb5_context context, krb5_ccache id, krb5_creds *cred,
		       uid_t uid, const char *cell, struct kafs_token *kt);

#endif /* KAFS_RXKAD_2B_KAFS_RXKAD_H */
