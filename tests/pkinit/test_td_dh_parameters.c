/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The groups a KDC tells (_krb5_pk_mk_td_dh_parameters()) and the groups it
 * knows (_krb5_parse_moduli(), _krb5_dh_group_ok()).
 */

#include "krb5_locl.h"
#include <pkinit_asn1.h>

#include <dirent.h>

#include "sec_test.h"

#define MODULI "test_td_dh_parameters.moduli"

static krb5_context context;

/*
 * Sizes of the primes in the TD-DH-PARAMETERS for a minimum, as text.
 */
static const char *
told(struct krb5_dh_moduli **moduli, unsigned long min_bits)
{
    static char text[100];
    TD_DH_PARAMETERS td;
    krb5_data data;
    unsigned int i;
    size_t size;

    text[0] = '\0';
    if (_krb5_pk_mk_td_dh_parameters(context, min_bits, moduli, &data) != 0)
	return "error";
    if (data.length == 0)
	return "none";
    if (decode_TD_DH_PARAMETERS(data.data, data.length, &td, &size) != 0 ||
	size != data.length)
	return "not DER";
    for (i = 0; i < td.len; i++) {
	DomainParameters dp;
	char number[20];

	if (der_heim_oid_cmp(&td.val[i].algorithm,
			     &asn1_oid_id_dhpublicnumber) != 0 ||
	    decode_DomainParameters(td.val[i].parameters->data,
				    td.val[i].parameters->length,
				    &dp, &size) != 0 || dp.q == NULL)
	    return "not a group";
	snprintf(number, sizeof(number), "%s%lu", i ? " " : "",
		 (unsigned long)dp.p.length * 8);
	strlcat(text, number, sizeof(text));
	free_DomainParameters(&dp);
    }
    free_TD_DH_PARAMETERS(&td);
    krb5_data_free(&data);
    return text;
}

static void
test_told(struct krb5_dh_moduli **moduli, unsigned long min_bits,
	  const char *want)
{
    const char *got = told(moduli, min_bits);

    check(strcmp(got, want) == 0, "minimum %lu: \"%s\" (%s)", min_bits, want,
	  got);
}

/*
 * The same prime (which is none) for three sizes: only the label counts.
 */
static void
write_moduli(void)
{
    FILE *f = fopen(MODULI, "w");
    int i;

    if (f == NULL)
	err(1, "%s", MODULI);
    fprintf(f, "# comment\nsmall 512 ");
    for (i = 0; i < 64; i++)
	fprintf(f, "%s", "F1");
    fprintf(f, " 2 7F\nlarge 4096 ");
    for (i = 0; i < 512; i++)
	fprintf(f, "%s", "F3");
    fprintf(f, " 2 7F\n");
    if (fclose(f) != 0)
	err(1, "%s", MODULI);
}

static int
count_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    if (d == NULL)
	return 0;
    while (readdir(d) != NULL)
	n++;
    closedir(d);
    return n;
}

static void
test_minimum(struct krb5_dh_moduli **moduli)
{
    TD_DH_PARAMETERS td;
    DomainParameters dp;
    krb5_error_code ret;
    krb5_data data;
    size_t size;
    char *name;

    if (_krb5_pk_mk_td_dh_parameters(context, 2048, moduli, &data) != 0 ||
	decode_TD_DH_PARAMETERS(data.data, data.length, &td, &size) != 0 ||
	decode_DomainParameters(td.val[0].parameters->data,
				td.val[0].parameters->length,
				&dp, &size) != 0)
	errx(1, "no group of 2048 bits");

    ret = _krb5_dh_group_ok(context, 2048, &dp.p, &dp.g, dp.q, moduli, &name);
    check(ret == 0 && name != NULL,
	  "group 14 has 2048 bits (%d)", (int)ret);
    if (ret == 0)
	free(name);
    ret = _krb5_dh_group_ok(context, 2049, &dp.p, &dp.g, dp.q, moduli, &name);
    check(ret == KRB5_KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED && name == NULL,
	  "and not 2049 (%d)", (int)ret);

    free_DomainParameters(&dp);
    free_TD_DH_PARAMETERS(&td);
    krb5_data_free(&data);
}

/* Of AddressSanitizer: libkrb5 does not export what frees moduli. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "detect_leaks=0";
}

int
main(int argc, char **argv)
{
    struct krb5_dh_moduli **builtin, **more;
    int files, i;

    setprogname(argv[0]);
    if (krb5_init_context(&context) != 0)
	errx(1, "krb5_init_context");

    if (_krb5_parse_moduli(context, "/nonexistent", &builtin) != 0)
	errx(1, "_krb5_parse_moduli");
    test_told(builtin, 0, "2048 1024");
    test_told(builtin, 1024, "2048 1024");
    test_told(builtin, 1025, "2048");
    test_told(builtin, 2048, "2048");
    test_told(builtin, 2049, "none");
    test_minimum(builtin);

    write_moduli();
    files = count_files();
    for (i = 0; i < 3; i++)
	if (_krb5_parse_moduli(context, MODULI, &more) != 0)
	    errx(1, "_krb5_parse_moduli");
    check(count_files() == files, "the moduli file is closed");
    test_told(more, 0, "4096 2048 1024 512");
    test_told(more, 2048, "4096 2048");
    test_told(more, 4097, "none");

    krb5_free_context(context);
    return check_done();
}
