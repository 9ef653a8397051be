/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The KDC's hooks of the krb524 service, whose format is in krb524.h.
 *
 * Included behind kdc_locl.h.
 */

#ifndef KDC_KRB524_CONVERT_H
#define KDC_KRB524_CONVERT_H 1

#include "krb524.h"

#define KRB524_SERVICE	"krb524"	/* its name in services(5) */
#define KRB524_PORT	4444

void
_kdc_krb524_config(krb5_context context, krb5_kdc_configuration *config);

krb5_error_code
_kdc_krb524_process(krb5_context context, krb5_kdc_configuration *config,
		    krb5_data *req_buffer, krb5_data *reply, const char *from,
		    struct sockaddr *addr, int datagram_reply, int *claim);

#endif /* KDC_KRB524_CONVERT_H */
