/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Whether a certificate is another's issuer, by key identifiers: what was read
 * to find that out is not kept, whatever it says.  The certificates are made
 * by hand.
 */

#include "../assure/faults.h"
#include "hx_locl.h"

#include "sec_test.h"

#define KEY "key of the CA"

enum { NO_ISSUER, THE_CA, OTHER_CA, A_DNS_NAME, TWO };

struct identifier {
    const char *what;
    const char *key;		/* AuthorityKeyIdentifier's, or NULL */
    int issuer;
    const char *serial;
    int is_parent;
};

static Name ca, other_ca;

static void
set_name(hx509_context context, Name *name, const char *text)
{
    hx509_name n;

    if (hx509_parse_name(context, text, &n) != 0 ||
	hx509_name_to_Name(n, name) != 0)
	errx(1, "no name: %s", text);
    hx509_name_free(&n);
}

/* data is the certificate's from now on. */
static void
add_extension(TBSCertificate *tbs, const heim_oid *oid, void *data,
	      size_t length)
{
    Extension ext;

    memset(&ext, 0, sizeof(ext));
    ext.extnID = *oid;
    ext.extnValue.data = data;
    ext.extnValue.length = length;
    if (tbs->extensions == NULL)
	tbs->extensions = calloc(1, sizeof(*tbs->extensions));
    if (tbs->extensions == NULL || add_Extensions(tbs->extensions, &ext) != 0)
	errx(1, "out of memory");
    free(data);
}

static void
add_authority(TBSCertificate *tbs, const struct identifier *id)
{
    AuthorityKeyIdentifier ai;
    GeneralName names[2];
    heim_octet_string key;
    heim_integer serial;
    size_t length, size;
    void *data;
    int ret, i;

    struct AuthorityKeyIdentifier_authorityCertIssuer issuer = { 1, names };

    memset(&ai, 0, sizeof(ai));
    memset(names, 0, sizeof(names));
    if (id->key != NULL) {
	key.data = rk_UNCONST(id->key);
	key.length = strlen(id->key);
	ai.keyIdentifier = &key;
    }
    for (i = 0; i < 2; i++) {
	const Name *name = id->issuer == OTHER_CA ? &other_ca : &ca;

	names[i].element = choice_GeneralName_directoryName;
	names[i].u.directoryName.element =
	    choice_GeneralName_directoryName_rdnSequence;
	names[i].u.directoryName.u.rdnSequence = name->u.rdnSequence;
    }
    if (id->issuer == A_DNS_NAME) {
	names[0].element = choice_GeneralName_dNSName;
	names[0].u.dNSName.data = rk_UNCONST("ca.test");
	names[0].u.dNSName.length = strlen("ca.test");
    }
    issuer.len = id->issuer == TWO ? 2 : 1;
    if (id->issuer != NO_ISSUER)
	ai.authorityCertIssuer = &issuer;
    if (id->serial != NULL) {
	serial.data = rk_UNCONST(id->serial);
	serial.length = strlen(id->serial);
	serial.negative = 0;
	ai.authorityCertSerialNumber = &serial;
    }
    ASN1_MALLOC_ENCODE(AuthorityKeyIdentifier, data, length, &ai, &size, ret);
    if (ret)
	errx(1, "no AuthorityKeyIdentifier");
    add_extension(tbs, &asn1_oid_id_x509_ce_authorityKeyIdentifier, data,
		  length);
}

static void
add_subject(TBSCertificate *tbs, int is_read)
{
    SubjectKeyIdentifier si;
    size_t length, size;
    void *data;
    int ret;

    si.data = rk_UNCONST(KEY);
    si.length = strlen(KEY);
    ASN1_MALLOC_ENCODE(SubjectKeyIdentifier, data, length, &si, &size, ret);
    if (ret)
	errx(1, "no SubjectKeyIdentifier");
    if (!is_read)
	*(unsigned char *)data = 0x30;
    add_extension(tbs, &asn1_oid_id_x509_ce_subjectKeyIdentifier, data,
		  length);
}

static void
test(const struct identifier *id, int is_read)
{
    Version v3 = rfc3280_version_3;
    Certificate issuer, subject;
    int diff;
    long live;

    memset(&issuer, 0, sizeof(issuer));
    memset(&subject, 0, sizeof(subject));
    issuer.tbsCertificate.subject = ca;
    issuer.tbsCertificate.serialNumber.data = rk_UNCONST("1");
    issuer.tbsCertificate.serialNumber.length = 1;
    subject.tbsCertificate.issuer = ca;
    issuer.tbsCertificate.version = subject.tbsCertificate.version = &v3;
    add_subject(&issuer.tbsCertificate, is_read);
    add_authority(&subject.tbsCertificate, id);

    live = fault_live;
    diff = _hx509_cert_is_parent_cmp(&subject, &issuer, 0);
    live = fault_live - live;
    check((diff == 0) == (is_read && id->is_parent), "%s: %s", id->what,
	  diff == 0 ? "the issuer" : "not the issuer");
    check(live == 0, "%s: nothing is kept (%ld)", id->what, live);

    free_Extensions(issuer.tbsCertificate.extensions);
    free(issuer.tbsCertificate.extensions);
    free_Extensions(subject.tbsCertificate.extensions);
    free(subject.tbsCertificate.extensions);
}

int
main(int argc, char **argv)
{
    static const struct identifier cases[] = {
	{ "its key", KEY, NO_ISSUER, NULL, 1 },
	{ "another key", "another", NO_ISSUER, NULL, 0 },
	{ "name and number", NULL, THE_CA, "1", 1 },
	{ "a number alone", NULL, NO_ISSUER, "1", 0 },
	{ "a name alone", NULL, THE_CA, NULL, 0 },
	{ "another number", NULL, THE_CA, "2", 0 },
	{ "another name", NULL, OTHER_CA, "1", 0 },
	{ "a name of DNS", NULL, A_DNS_NAME, "1", 0 },
	{ "two names", NULL, TWO, "1", 0 },
    };
    hx509_context context;
    size_t i;

    if (hx509_context_init(&context) != 0)
	errx(1, "hx509_context_init");
    set_name(context, &ca, "CN=CA,DC=test");
    set_name(context, &other_ca, "CN=other CA,DC=test");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	test(&cases[i], 1);
    /* the issuer's identifier cannot be read */
    test(&cases[2], 0);
    free_Name(&ca);
    free_Name(&other_ca);
    hx509_context_free(&context);
    return check_done();
}
