/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Unit tests of what needs no KDC: who is never converted, the decision, the
 * configuration, stripping, encryption, the reply's octets.
 */

#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <roken.h>

#include "krb524/krb524.h"

#define REALM "EXAMPLE.ORG"

static int failures, cases;

#define CHECK(name, expr) do {						\
    cases++;								\
    if (!(expr)) {							\
	failures++;							\
	printf("FAIL %s: %s (line %d)\n", name, #expr, __LINE__);	\
    }									\
} while (0)

static const time_t T0 = 1700000000;
static const time_t SKEW = 300;

static krb5_principal
parse(krb5_context context, const char *text)
{
    krb5_principal principal;
    krb5_error_code ret;

    ret = krb5_parse_name(context, text, &principal);
    if (ret)
	krb5_err(context, 1, ret, "%s", text);
    return principal;
}

/* REQ: RK-35 */
static void
test_never(krb5_context context)
{
    static const struct {
	const char *name;
	int never;
    } rows[] = {
	{ "krbtgt/" REALM "@" REALM, 1 },
	{ "krbtgt/OTHER@" REALM, 1 },
	{ "KRBTGT/" REALM "@" REALM, 1 },
	{ "krbtgt@" REALM, 1 },
	{ "kadmin/admin@" REALM, 1 },
	{ "kadmin/changepw@" REALM, 1 },
	{ "Kadmin/admin@" REALM, 1 },
	{ "afs@" REALM, 0 },
	{ "afs/krbtgt@" REALM, 0 },
	{ "krbtgtx/" REALM "@" REALM, 0 }
    };
    PrincipalName empty;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	krb5_principal p = parse(context, rows[i].name);

	CHECK(rows[i].name, !_kdc_krb524_is_never(&p->name) == !rows[i].never);
	krb5_free_principal(context, p);
    }
    memset(&empty, 0, sizeof(empty));
    CHECK("no components", _kdc_krb524_is_never(&empty));
}

/*
 * A ticket that becomes a token, by a policy and facts that a case changes.
 */
struct example {
    EncTicketPart part;
    KerberosTime starttime;
    struct kdc_krb524_policy policy;
    struct kdc_krb524_facts facts;
};

static void
set_example(struct example *e)
{
    memset(e, 0, sizeof(*e));
    e->part.key.keytype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    e->part.authtime = T0 - 100;
    e->starttime = T0 - 50;
    e->part.starttime = &e->starttime;
    e->part.endtime = T0 + 3600;
    e->policy.allowed = TRUE;
    e->facts.part = &e->part;
    e->facts.enctype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    e->facts.address_ok = TRUE;
    e->facts.now = T0;
    e->facts.max_skew = SKEW;
}

static krb5_error_code
decide(const struct example *e)
{
    const char *why = NULL;
    krb5_error_code ret;

    ret = _kdc_krb524_decide(&e->policy, &e->facts, &why);
    CHECK("a refusal has a reason", (ret == 0) == (why == NULL));
    return ret;
}

/* REQ: RK-34, RK-35 */
static void
test_decide(void)
{
    struct example e;

    set_example(&e);
    CHECK("valid", decide(&e) == 0);

    e.policy.allowed = FALSE;
    CHECK("not named", decide(&e) == KRB5KDC_ERR_POLICY);
    e.part.endtime = T0 - 1;
    CHECK("not named, the first reason", decide(&e) == KRB5KDC_ERR_POLICY);

    set_example(&e);
    e.part.endtime = T0;
    CHECK("in its last second", decide(&e) == 0);
    e.part.endtime = T0 - 1;
    CHECK("expired, without skew", decide(&e) == KRB5KRB_AP_ERR_TKT_EXPIRED);

    set_example(&e);
    e.starttime = T0 + SKEW;
    CHECK("starts within skew", decide(&e) == 0);
    e.starttime = T0 + SKEW + 1;
    CHECK("starts later", decide(&e) == KRB5KRB_AP_ERR_TKT_NYV);
    e.part.starttime = NULL;
    CHECK("without starttime it is authtime", decide(&e) == 0);
    e.part.authtime = T0 + SKEW + 1;
    CHECK("authtime later", decide(&e) == KRB5KRB_AP_ERR_TKT_NYV);

    set_example(&e);
    e.part.flags.invalid = 1;
    CHECK("INVALID", decide(&e) == KRB5KRB_AP_ERR_TKT_NYV);

    set_example(&e);
    e.part.flags.anonymous = 1;
    CHECK("anonymous", decide(&e) == KRB5KDC_ERR_POLICY);

    set_example(&e);
    e.facts.address_ok = FALSE;
    CHECK("another address", decide(&e) == KRB5KRB_AP_ERR_BADADDR);

    set_example(&e);
    e.facts.transited = KRB5KRB_AP_ERR_ILL_CR_TKT;
    CHECK("path", decide(&e) == KRB5KRB_AP_ERR_ILL_CR_TKT);
}

/* REQ: RK-33 */
static void
test_strict(void)
{
    static const struct {
	krb5_enctype service, reencrypt, session;
	krb5_error_code want;
    } rows[] = {
	{ 1, 0, 1, 0 },
	{ 3, 0, 3, 0 },
	{ 2, 0, 1, 0 },
	{ 18, 1, 1, 0 },
	{ 18, 0, 1, KRB524_BADKEY },
	{ 1, 18, 1, KRB524_BADKEY },
	{ 1, 0, 18, KRB524_BADKEY },
	{ 18, 1, 18, KRB524_BADKEY },
	{ 16, 0, 16, KRB524_BADKEY }
    };
    struct example e;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	set_example(&e);
	e.facts.enctype = rows[i].service;
	e.part.key.keytype = rows[i].session;
	e.policy.reencrypt = rows[i].reencrypt;
	CHECK("modern", decide(&e) == 0);
	e.policy.strict = TRUE;
	CHECK("strict", decide(&e) == rows[i].want);
    }
}

/* REQ: RK-33 */
static void
test_length(void)
{
    struct kdc_krb524_policy modern, strict;
    const char *why = NULL;

    memset(&modern, 0, sizeof(modern));
    strict = modern;
    strict.strict = TRUE;
    CHECK("1250", _kdc_krb524_check_length(&modern, 1250, &why) == 0);
    CHECK("344", _kdc_krb524_check_length(&strict, 344, &why) == 0);
    CHECK("no reason", why == NULL);
    CHECK("1251", _kdc_krb524_check_length(&modern, 1251, &why) ==
	  KRB524_ENCFULL);
    CHECK("345", _kdc_krb524_check_length(&strict, 345, &why) ==
	  KRB524_ENCFULL);
    CHECK("reason", why != NULL);
}

static char key_of[100];	/* of the last policy */

/*
 * The policy of a service by a [kdc] section with the lines given; its key_of
 * is gone.
 */
static krb5_error_code
get_policy(const char *lines, const char *name,
	   struct kdc_krb524_policy *policy)
{
    char path[] = "test_krb524.XXXXXX";
    char *files[2] = { path, NULL };
    krb5_context context;
    krb5_principal server;
    krb5_error_code ret;
    const char *why;
    FILE *f;
    int fd;

    fd = mkstemp(path);
    f = fd < 0 ? NULL : fdopen(fd, "w");
    if (f == NULL)
	err(1, "%s", path);
    fprintf(f, "[libdefaults]\n\tdefault_realm = " REALM "\n[kdc]\n%s\n",
	    lines);
    fclose(f);
    key_of[0] = '\0';
    ret = krb5_init_context(&context);
    if (ret == 0)
	ret = krb5_set_config_files(context, files);
    unlink(path);
    if (ret)
	errx(1, "krb5_set_config_files: %d", (int)ret);
    server = parse(context, name);
    ret = _kdc_krb524_get_policy(context, server, policy, &why);
    if (ret == 0 && policy->key_of != NULL &&
	krb5_unparse_name_fixed(context, policy->key_of, key_of,
				sizeof(key_of)) != 0)
	errx(1, "krb5_unparse_name_fixed");
    krb5_free_principal(context, policy->key_of);
    krb5_free_principal(context, server);
    krb5_free_context(context);
    return ret;
}

#define AFS "afs/example.org@" REALM

/* REQ: RK-26, RK-35 */
static void
test_policy(void)
{
    static const struct {
	const char *lines, *name;
	int allowed;		/* -1: refused, cannot be read */
    } rows[] = {
	{ "", AFS, 0 },
	{ "use_2b = {\n" AFS " = yes\n}", AFS, 1 },
	{ "use_2b = {\n" AFS " = true\n}", AFS, 1 },
	{ "use_2b = {\n" AFS " = 1\n}", AFS, 1 },
	{ "use_2b = {\n" AFS " = no\n}", AFS, 0 },
	{ "use_2b = {\n" AFS " = maybe\n}", AFS, 0 },
	{ "use_2b = {\nafs/example.org = yes\n}", AFS, 1 },
	{ "use_2b = {\n" AFS " = yes\n}", "afs@" REALM, 0 },
	{ "use_2b = {\n" AFS " = yes\n}", "afs/example.org@OTHER", 0 },
	{ "use_2b = {\nafs/*@" REALM " = yes\n}", AFS, 1 },
	{ "use_2b = {\nafs/*@" REALM " = yes\n}", "afs@" REALM, 0 },
	{ "use_2b = {\nafs/*@" REALM " = yes\n}", "host/a@" REALM, 0 },
	{ "use_2b = {\n" AFS " = no\nafs/*@" REALM " = yes\n}", AFS, 0 },
	{ "use_2b = {\nafs/*@" REALM " = yes\n" AFS " = no\n}", AFS, 1 },
	{ "use_2b = yes", AFS, 0 },
	{ "use_2b = {\nafs\\ = no\nafs/*@* = yes\n}", AFS, -1 },
	{ "use_2b = {\nafs = {\n" AFS " = yes\n}\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_reencrypt = {\n"
	  AFS " = no-such-type\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_reencrypt = {\n"
	  AFS " = null\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_reencrypt = {\n"
	  AFS " = des-cbc-crc afs\\\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_reencrypt = {\n"
	  AFS " = des-cbc-crc afs x\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_reencrypt = {\n"
	  AFS " = no-such-type afs\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_reencrypt = {\n"
	  AFS " = \n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_reencrypt = {\n"
	  "afs\\ = des-cbc-crc\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_profile = {\n"
	  AFS " = modern\n}", AFS, 1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_profile = {\n"
	  AFS " = strikt\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_profile = {\n"
	  "afs\\ = strict\n}", AFS, -1 },
	{ "use_2b = {\n" AFS " = yes\n}\n2b_strip = {\n"
	  "afs\\ = no\n}", AFS, -1 }
    };
    struct kdc_krb524_policy policy;
    krb5_error_code ret;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	ret = get_policy(rows[i].lines, rows[i].name, &policy);
	if (rows[i].allowed < 0)
	    CHECK(rows[i].lines, ret == KRB5KDC_ERR_POLICY && !policy.allowed);
	else
	    CHECK(rows[i].lines, ret == 0 &&
		  !policy.allowed == !rows[i].allowed && !policy.strip &&
		  !policy.strict && policy.reencrypt == 0);
    }
    ret = get_policy("use_2b = {\n" AFS " = yes\n}\n2b_strip = {\n"
		     "afs/* = yes\n}\n2b_profile = {\n* = modern\n"
		     "*/* = strict\n}\n2b_reencrypt = {\n"
		     AFS " = des-cbc-crc\n}", AFS, &policy);
    CHECK("all of it", ret == 0 && policy.allowed && policy.strip &&
	  policy.strict &&
	  policy.reencrypt == (krb5_enctype)ETYPE_DES_CBC_CRC &&
	  key_of[0] == '\0');
    ret = get_policy("use_2b = {\n" AFS " = yes\n}\n2b_reencrypt = {\n"
		     AFS " = des-cbc-crc\t afs\n}", AFS, &policy);
    CHECK("another's key", ret == 0 &&
	  policy.reencrypt == (krb5_enctype)ETYPE_DES_CBC_CRC &&
	  strcmp(key_of, "afs@" REALM) == 0);
}

static void
set_data(heim_octet_string *data, const void *octets, size_t length)
{
    if (krb5_data_copy(data, octets, length) != 0)
	errx(1, "out of memory");
}

/*
 * A ticket's part with one of each, and an element of authorization data.
 */
static void
make_part(krb5_context context, EncTicketPart *part, int ad_type)
{
    static char name[] = "user";
    AuthorizationDataElement element;
    AuthorizationData ad;
    HostAddress address;
    HostAddresses addresses;
    EncTicketPart made;
    char *names[1] = { name };
    krb5_keyblock key;

    if (krb5_generate_random_keyblock(context, ETYPE_AES256_CTS_HMAC_SHA1_96,
				      &key) != 0)
	errx(1, "no key");
    memset(&made, 0, sizeof(made));
    made.key = key;
    made.crealm = rk_UNCONST(REALM);
    made.cname.name_type = KRB5_NT_PRINCIPAL;
    made.cname.name_string.len = 1;
    made.cname.name_string.val = names;
    made.transited.tr_type = DOMAIN_X500_COMPRESS;
    set_data(&made.transited.contents, "VIA.ORG", 7);
    made.authtime = T0;
    made.endtime = T0 + 60;
    made.flags.forwardable = 1;
    address.addr_type = KRB5_ADDRESS_INET;
    set_data(&address.address, "\177\0\0\1", 4);
    addresses.len = 1;
    addresses.val = &address;
    made.caddr = &addresses;
    element.ad_type = ad_type;
    set_data(&element.ad_data, "0\0", 2);
    ad.len = 1;
    ad.val = &element;
    made.authorization_data = &ad;
    if (copy_EncTicketPart(&made, part) != 0)
	errx(1, "out of memory");
    krb5_data_free(&address.address);
    krb5_data_free(&element.ad_data);
    krb5_data_free(&made.transited.contents);
    krb5_free_keyblock_contents(context, &key);
}

/* REQ: RK-29, RK-31 */
static void
test_strip(krb5_context context)
{
    EncTicketPart in, out;
    const char *why = NULL;
    krb5_error_code ret;

    make_part(context, &in, KRB5_AUTHDATA_IF_RELEVANT);
    ret = _kdc_krb524_strip(&in, &out, &why);
    CHECK("stripped", ret == 0 && why == NULL);
    CHECK("no addresses", out.caddr == NULL);
    CHECK("no authorization data", out.authorization_data == NULL);
    CHECK("flags", out.flags.transited_policy_checked &&
	  out.flags.forwardable);
    CHECK("transited", out.transited.contents.length == 7);
    CHECK("names and times", strcmp(out.crealm, REALM) == 0 &&
	  out.cname.name_string.len == 1 && out.endtime == T0 + 60);
    CHECK("session key", out.key.keytype == in.key.keytype &&
	  krb5_data_cmp(&out.key.keyvalue, &in.key.keyvalue) == 0);
    CHECK("the original is as it was", in.caddr != NULL &&
	  in.authorization_data != NULL &&
	  !in.flags.transited_policy_checked);
    free_EncTicketPart(&out);
    free_EncTicketPart(&in);

    make_part(context, &in, KRB5_AUTHDATA_IF_RELEVANT);
    free_AuthorizationData(in.authorization_data);
    free(in.authorization_data);
    in.authorization_data = NULL;
    why = NULL;
    ret = _kdc_krb524_strip(&in, &out, &why);
    CHECK("without authorization data", ret == 0 && why == NULL &&
	  out.authorization_data == NULL && out.caddr == NULL);
    free_EncTicketPart(&out);
    free_EncTicketPart(&in);

    make_part(context, &in, KRB5_AUTHDATA_KDC_ISSUED);
    ret = _kdc_krb524_strip(&in, &out, &why);
    CHECK("a restriction does not get lost", ret == KRB5KDC_ERR_POLICY &&
	  why != NULL && out.key.keyvalue.data == NULL);
    free_EncTicketPart(&in);
}

/* REQ: RK-30, RK-31 */
static void
test_seal(krb5_context context)
{
    EncTicketPart in, out;
    EncryptedData sealed;
    krb5_error_code ret;
    krb5_crypto crypto;
    krb5_keyblock key;
    krb5_data plain;

    make_part(context, &in, KRB5_AUTHDATA_IF_RELEVANT);
    ret = krb5_generate_random_keyblock(context, ETYPE_DES3_CBC_SHA1, &key);
    if (ret)
	krb5_err(context, 1, ret, "key");
    ret = _kdc_krb524_seal(context, &key, 7, &in, &sealed);
    CHECK("sealed", ret == 0 && sealed.etype == ETYPE_DES3_CBC_SHA1 &&
	  sealed.kvno != NULL && *sealed.kvno == 7);
    ret = krb5_crypto_init(context, &key, ETYPE_NULL, &crypto);
    if (ret == 0)
	ret = krb5_decrypt_EncryptedData(context, crypto, KRB5_KU_TICKET,
					 &sealed, &plain);
    if (ret == 0)
	ret = decode_EncTicketPart(plain.data, plain.length, &out, NULL);
    CHECK("opens", ret == 0 && out.key.keytype == in.key.keytype &&
	  krb5_data_cmp(&out.key.keyvalue, &in.key.keyvalue) == 0);
    free_EncTicketPart(&out);
    free_EncryptedData(&sealed);
    key.keytype = 4711;
    CHECK("not in a key that nobody knows",
	  _kdc_krb524_seal(context, &key, 7, &in, &sealed) ==
	  KRB5_PROG_ETYPE_NOSUPP && sealed.cipher.data == NULL);
    free_EncTicketPart(&in);
    krb5_data_free(&plain);
    krb5_crypto_destroy(context, crypto);
    krb5_free_keyblock_contents(context, &key);
}

static uint32_t
get32(const krb5_data *reply, size_t offset)
{
    const unsigned char *p = (const unsigned char *)reply->data + offset;

    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* REQ: RK-27, RK-32, RK-33 */
static void
test_reply(void)
{
    static const size_t lengths[] = { 0, 1, 32, 344, 1249, 1250 };
    unsigned char octets[1251];
    krb5_data token, reply;
    size_t i, j, zeros;

    memset(octets, 0xa5, sizeof(octets));
    token.data = octets;
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
	token.length = lengths[i];
	CHECK("reply", _kdc_krb524_encode_reply(0, &token, &reply) == 0);
	CHECK("length", reply.length == 1266);
	CHECK("head", get32(&reply, 0) == 0 && get32(&reply, 4) == 0xd5 &&
	      get32(&reply, 8) == lengths[i]);
	CHECK("token", memcmp((char *)reply.data + 12, octets,
			      lengths[i]) == 0);
	for (zeros = 0, j = 12 + lengths[i]; j < reply.length; j++)
	    zeros += ((unsigned char *)reply.data)[j] == 0;
	CHECK("zeros", zeros == 1266 - 12 - lengths[i]);
	krb5_data_free(&reply);
    }
    token.length = 1251;
    CHECK("1251", _kdc_krb524_encode_reply(0, &token, &reply) ==
	  KRB524_ENCFULL && reply.length == 0);
    CHECK("error", _kdc_krb524_encode_reply(KRB5KDC_ERR_POLICY, NULL,
					    &reply) == 0);
    CHECK("error's octets", reply.length == 4 &&
	  get32(&reply, 0) == (uint32_t)KRB5KDC_ERR_POLICY);
    krb5_data_free(&reply);
}

int
main(int argc, char **argv)
{
    krb5_context context;
    krb5_error_code ret;

    ret = krb5_init_context(&context);
    if (ret)
	errx(1, "krb5_init_context: %d", (int)ret);
    test_never(context);
    test_decide();
    test_strict();
    test_length();
    test_policy();
    test_strip(context);
    test_seal(context);
    test_reply();
    krb5_free_context(context);
    printf("%d checks, %d failed\n", cases, failures);
    return failures != 0;
}
