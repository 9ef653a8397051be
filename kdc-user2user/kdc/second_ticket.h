/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * User-to-user at the KDC (RFC 4120 3.3.3, 3.7): a ticket is encrypted in the
 * session key of the TGT that comes with the request, the second ticket, and
 * is for that TGT's client.
 *
 * Included behind kdc_locl.h.
 */

#ifndef KDC_USER2USER_SECOND_TICKET_H
#define KDC_USER2USER_SECOND_TICKET_H 1

void
_kdc_u2u_config(krb5_context context, krb5_kdc_configuration *config);

krb5_error_code
_kdc_u2u_second_ticket(krb5_context context, krb5_kdc_configuration *config,
		       const KDC_REQ_BODY *b, const char *our_realm,
		       EncTicketPart *part);

krb5_error_code
_kdc_u2u_check_flags(krb5_context context, krb5_kdc_configuration *config,
		     const KDC_REQ_BODY *b,
		     hdb_entry_ex *client, const char *client_name,
		     hdb_entry_ex *server, const char *server_name);

#endif /* KDC_USER2USER_SECOND_TICKET_H */
