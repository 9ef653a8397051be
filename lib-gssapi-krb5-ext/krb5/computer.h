/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What [MS-KILE] 3.4.5 says of tickets for the computer itself.
 */

#ifndef KRB5_EXT_COMPUTER_H
#define KRB5_EXT_COMPUTER_H 1

int
_krb5_ext_is_computer(krb5_context context, krb5_const_principal name);

int
_krb5_ext_is_computer_of(krb5_context context, krb5_const_principal named,
			 krb5_const_principal owner);

int
_krb5_ext_opens_for_computer(krb5_context context,
			     krb5_const_principal insisted,
			     krb5_const_principal named);

int
_krb5_ext_is_des_refused(krb5_context context, krb5_const_principal server,
			 krb5_const_principal named, krb5_enctype enctype);

krb5_error_code
_krb5_ext_check_enctype(krb5_context context, krb5_const_principal server,
			krb5_const_principal named, krb5_enctype enctype);

#endif /* KRB5_EXT_COMPUTER_H */
