/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The client of a krb524 server, whose reply is drawn in krb524_reply.c, and
 * what else Kerberos 4's struct credentials needs: names and a DES key.
 *
 * Included behind krb5_locl.h and krb5-v4compat.h.
 */

#ifndef KRB5_RXKAD_2B_KRB524_H
#define KRB5_RXKAD_2B_KRB524_H 1

/* A reply that was read. */
struct krb5_krb524_reply {
    krb5_error_code status;	/* the server's; else nothing but 0 below */
    int32_t kvno;		/* 213 for a 2b token */
    const unsigned char *token;	/* alias into what was read */
    size_t length;		/* of the token, at most MAX_KTXT_LEN */
};

/* krb524_reply.c */

krb5_error_code
_krb5_krb524_read_reply(const krb5_data *octets,
			struct krb5_krb524_reply *reply);

/* krb524.c */

krb5_error_code
_krb5_krb524_convert(krb5_context context, const krb5_creds *creds,
		     struct credentials *v4);

krb5_error_code
_krb5_krb524_convert_ccache(krb5_context context, krb5_ccache ccache,
			    const krb5_creds *creds, struct credentials *v4);

/* v4_name.c */

krb5_error_code
_krb5_krb524_name(krb5_context context, krb5_const_principal principal,
		  char *name, char *instance, char *realm);

#endif /* KRB5_RXKAD_2B_KRB524_H */
