/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The KDC's hooks: see freshness.h for the token.  Kept apart from it
 * because kdc_request_t is only known where kdc_locl.h is.
 */

#ifndef KDC_FRESHNESS_REQUEST_H
#define KDC_FRESHNESS_REQUEST_H 1

#include "freshness.h"

#ifdef PKINIT

void
_kdc_freshness_config(krb5_context context, krb5_kdc_configuration *config);

krb5_error_code
_kdc_freshness_offer(kdc_request_t r, METHOD_DATA *md);

krb5_error_code
_kdc_freshness_check(kdc_request_t r, const krb5_data *token,
		     krb5_boolean is_signed);

#else /* a KDC without PKINIT gives no tokens */

#define _kdc_freshness_config(context, config) do { } while (0)
#define _kdc_freshness_offer(r, md) 0

#endif /* PKINIT */

#endif /* KDC_FRESHNESS_REQUEST_H */
