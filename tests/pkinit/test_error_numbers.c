/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The errors of PKINIT have the numbers of RFC 4556 3.1.3, 74 to 76 those of
 * its drafts, and krb5_mk_error() and krb5_rd_error() carry them.
 */

#include "krb5_locl.h"

#include "sec_test.h"

#define E(name, number) { #name, KRB5_ ## name, number }

static const struct {
    const char *name;
    krb5_error_code code;
    int number;
} errors[] = {
    E(KDC_ERR_CLIENT_NOT_TRUSTED, 62),
    E(KDC_ERR_INVALID_SIG, 64),
    E(KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED, 65),
    E(KDC_ERR_CANT_VERIFY_CERTIFICATE, 70),
    E(KDC_ERR_INVALID_CERTIFICATE, 71),
    E(KDC_ERR_REVOKED_CERTIFICATE, 72),
    E(KDC_ERR_REVOCATION_STATUS_UNKNOWN, 73),
    E(KDC_ERR_REVOCATION_STATUS_UNAVAILABLE, 74),
    E(KDC_ERR_CLIENT_NAME_MISMATCH, 75),
    E(KDC_ERR_INCONSISTENT_KEY_PURPOSE, 77),
    E(KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED, 78),
    E(KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED, 79),
    E(KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED, 80),
    E(KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED, 81)
};

/*
 * The number in a KRB-ERROR that was made for `code', -1 for none.
 */
static int
wire_number(krb5_context context, krb5_principal server, krb5_error_code code)
{
    KRB_ERROR error;
    krb5_data msg;
    size_t size;
    int number = -1;

    if (krb5_mk_error(context, code, NULL, NULL, NULL, server, NULL, NULL,
		      &msg) != 0)
	return -1;
    if (decode_KRB_ERROR(msg.data, msg.length, &error, &size) == 0) {
	number = error.error_code;
	free_KRB_ERROR(&error);
    }
    krb5_data_free(&msg);
    return number;
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_principal server;
    size_t i;

    setprogname(argv[0]);
    if (krb5_init_context(&context) != 0)
	errx(1, "krb5_init_context");
    if (krb5_parse_name(context, "krbtgt/T@T", &server) != 0)
	errx(1, "krb5_parse_name");

    for (i = 0; i < sizeof(errors)/sizeof(errors[0]); i++) {
	const char *msg = krb5_get_error_message(context, errors[i].code);

	check(errors[i].code - KRB5KDC_ERR_NONE == errors[i].number &&
	      wire_number(context, server, errors[i].code) ==
	      errors[i].number, "%s is %d: %s", errors[i].name,
	      errors[i].number, msg);
	krb5_free_error_message(context, msg);
    }

    krb5_free_principal(context, server);
    krb5_free_context(context);
    return check_done();
}
