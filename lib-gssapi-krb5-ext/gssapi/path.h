/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A service ticket that has come through other realms than the one before.
 *
 * Included behind gsskrb5_locl.h.
 */

#ifndef GSSKRB5_EXT_PATH_H
#define GSSKRB5_EXT_PATH_H 1

/* in one search; ours, a path of 8 realms is longer than any we know of */
#define GSSKRB5_EXT_MAX_REALMS	8	/* between client and service */
#define GSSKRB5_EXT_MAX_REQUESTS	24	/* to KDCs */

/* The realms between the client's and the service's, a set. */
struct gsskrb5_ext_realms {
    size_t len;
    krb5_realm val[GSSKRB5_EXT_MAX_REALMS];
};

krb5_error_code
_gsskrb5_ext_add_realm(krb5_context context, struct gsskrb5_ext_realms *realms,
		    krb5_const_realm realm);

int
_gsskrb5_ext_has_realms(const struct gsskrb5_ext_realms *realms,
		     const struct gsskrb5_ext_realms *of);

void
_gsskrb5_ext_free_realms(struct gsskrb5_ext_realms *realms);

krb5_error_code
_gsskrb5_ext_get_by_other_path(krb5_context context, krb5_ccache ccache,
		     const krb5_creds *wanted, krb5_creds **out);

#endif /* GSSKRB5_EXT_PATH_H */
