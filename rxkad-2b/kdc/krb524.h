/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The krb524 service: turns a ticket for an AFS cell into an rxkad 2b token.
 *
 * On the wire, all numbers big-endian:
 *
 *   request   the DER of a Ticket (RFC 4120 5.3) and nothing behind it
 *
 *   reply     offset  octets  what
 *             0       4       status: 0, or the com_err code of an error
 *             4       4       key version number: KRB524_2B_KVNO
 *             8       4       length of the token
 *             12      1250    the token, zeros behind it
 *             1262    4       zero
 *
 * An error is the first four octets alone.  Octets 8 to 1265 are the KTEXT_ST
 * of Kerberos 4, in which clients keep what they got; that is why there is a
 * limit.  The token is a DER EncryptedData, the ticket's enc-part or what has
 * been made of it.
 *
 * This header is what decide.c, reencrypt.c, reply.c and services.c share,
 * which need no KDC; convert.h is for the hooks.
 */

#ifndef KDC_KRB524_KRB524_H
#define KDC_KRB524_KRB524_H 1

#include <krb5.h>
#include <krb5_asn1.h>

#define KRB524_2B_KVNO		213	/* what says that it is a 2b token */
#define KRB524_TOKEN_MAX	1250	/* MAX_KTXT_LEN of Kerberos 4 */
#define KRB524_STRICT_TOKEN_MAX	344	/* of servers of 2003 */
#define KRB524_REPLY_LEN	(4 + 4 + 4 + KRB524_TOKEN_MAX + 4)

/* What the configuration says of a service. */
struct kdc_krb524_policy {
    krb5_boolean allowed;	/* [kdc] use_2b */
    krb5_boolean strip;		/* [kdc] 2b_strip */
    krb5_boolean strict;	/* [kdc] 2b_profile = strict */
    krb5_enctype reencrypt;	/* [kdc] 2b_reencrypt, or ETYPE_NULL */
    krb5_principal key_of;	/* the same: whose key; NULL: the service's */
};

/* What is known of a ticket that has been decrypted. */
struct kdc_krb524_facts {
    const EncTicketPart *part;
    krb5_enctype enctype;	/* of the service's key */
    krb5_boolean address_ok;	/* asked from where it may be used */
    krb5_error_code transited;	/* 0, or what is wrong with the path */
    time_t now;
    time_t max_skew;
};

/* decide.c */

krb5_boolean
_kdc_krb524_is_never(const PrincipalName *name);

krb5_error_code
_kdc_krb524_decide(const struct kdc_krb524_policy *policy,
		   const struct kdc_krb524_facts *facts, const char **why);

krb5_error_code
_kdc_krb524_check_length(const struct kdc_krb524_policy *policy,
			 size_t length, const char **why);

/* services.c */

krb5_error_code
_kdc_krb524_get_policy(krb5_context context, krb5_const_principal server,
		       struct kdc_krb524_policy *policy, const char **why);

void
_kdc_krb524_free_policy(krb5_context context,
			struct kdc_krb524_policy *policy);

/* reencrypt.c */

krb5_error_code
_kdc_krb524_strip(const EncTicketPart *in, EncTicketPart *out,
		  const char **why);

krb5_error_code
_kdc_krb524_seal(krb5_context context, const krb5_keyblock *key,
		 krb5_kvno kvno, const EncTicketPart *part,
		 EncryptedData *sealed);

/* reply.c */

krb5_error_code
_kdc_krb524_encode_reply(krb5_error_code status, const krb5_data *token,
			 krb5_data *reply);

#endif /* KDC_KRB524_KRB524_H */
