/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Attack: the name of the service is in the clear in a ticket, and the policy
 * of replay protection is that of a service.  Who has recorded an AP-REQ
 * writes the name of a service into it that is not protected.
 */

#include "pair_config.h"
#include "gss_pair.h"
#include "gss_call.h"
#include "sec_test.h"

#define OTHER "other/security.test@SECURITY.TEST"
#define CACHE "test_policy_name.rcache"
#define DEFAULT "MEMORY:policy-default"

/* REQ: XT-85, XT-88 */

static void
rename_service(gss_buffer_t in, const char *service, gss_buffer_t out)
{
    const unsigned char *p = in->value;
    unsigned char *der;
    size_t at, len, size;
    krb5_error_code ret;
    AP_REQ req;

    for (at = 0; at + 2 < in->length; at++)
	if (p[at] == 1 && p[at + 1] == 0 && p[at + 2] == 0x6e)
	    break;
    if (at + 2 >= in->length)
	errx(1, "no AP-REQ in the token");
    ret = decode_AP_REQ(p + at + 2, in->length - at - 2, &req, &size);
    if (ret)
	errx(1, "decode_AP_REQ: %d", ret);
    free(req.ticket.sname.name_string.val[0]);
    req.ticket.sname.name_string.val[0] = estrdup(service);
    ASN1_MALLOC_ENCODE(AP_REQ, der, len, &req, &size, ret);
    if (ret)
	errx(1, "encode AP_REQ: %d", ret);
    free_AP_REQ(&req);
    call_frame("\x01\x00", der, len, out);
    free(der);
}

static OM_uint32
accept_first(struct gss_pair *pair, gss_cred_id_t cred, gss_buffer_t token)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_buffer_desc answer;
    OM_uint32 major, minor;

    major = gss_accept_sec_context(&minor, &ctx, cred, token,
				   GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
				   &answer, NULL, NULL, NULL);
    gss_release_buffer(&minor, &answer);
    gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
    return major;
}

/*
 * An acceptor of one principal only.
 */
static gss_cred_id_t
named_credential(struct gss_pair *pair, const char *principal)
{
    krb5_principal name;
    gss_cred_id_t cred;
    OM_uint32 major, minor;

    pair_krb5(pair, krb5_parse_name(pair->context, principal, &name),
	      principal);
    major = gss_krb5_import_cred(&minor, NULL, name, pair->keytab, &cred);
    pair_gss(major, minor, "gss_krb5_import_cred");
    krb5_free_principal(pair->context, name);
    return cred;
}

/*
 * The key of the service under another name, too.
 */
static void
share_key(struct gss_pair *pair, krb5_keytab keytab, const char *name)
{
    krb5_keytab_entry entry;
    krb5_principal service;

    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &service),
	      PAIR_SERVICE);
    pair_krb5(pair, krb5_kt_get_entry(pair->context, pair->keytab, service, 0,
				      0, &entry), "krb5_kt_get_entry");
    krb5_free_principal(pair->context, entry.principal);
    pair_krb5(pair, krb5_parse_name(pair->context, name, &entry.principal),
	      name);
    pair_krb5(pair, krb5_kt_add_entry(pair->context, keytab, &entry),
	      "krb5_kt_add_entry");
    krb5_kt_free_entry(pair->context, &entry);
    krb5_free_principal(pair->context, service);
}

static void
add_key(struct gss_pair *pair, krb5_keytab keytab, const char *name,
	krb5_keytab_entry *entry)
{
    pair_krb5(pair, krb5_parse_name(pair->context, name, &entry->principal),
	      name);
    pair_krb5(pair, krb5_kt_add_entry(pair->context, keytab, entry),
	      "krb5_kt_add_entry");
    krb5_free_principal(pair->context, entry->principal);
}

/*
 * An acceptor of a service without a policy, in whose keytab are protected
 * ones: with another key, and with the same octets for another enctype.
 */
static gss_cred_id_t
beside_others(struct gss_pair *pair, krb5_keytab *keytab)
{
    krb5_keytab_entry entry, other;
    krb5_principal service;
    gss_cred_id_t cred;
    OM_uint32 major, minor;

    pair_krb5(pair, krb5_kt_resolve(pair->context, "MEMORY:others", keytab),
	      "krb5_kt_resolve");
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE, &service),
	      PAIR_SERVICE);
    pair_krb5(pair, krb5_kt_get_entry(pair->context, pair->keytab, service, 0,
				      0, &entry), "krb5_kt_get_entry");
    krb5_free_principal(pair->context, entry.principal);
    entry.principal = service;
    other = entry;
    add_key(pair, *keytab, "free/security.test@SECURITY.TEST", &other);
    other.keyblock.keytype = ETYPE_AES256_CTS_HMAC_SHA384_192;
    add_key(pair, *keytab, "service/enctype@SECURITY.TEST", &other);
    pair_krb5(pair, krb5_generate_random_keyblock(
	pair->context, ETYPE_AES256_CTS_HMAC_SHA1_96, &other.keyblock),
	      "krb5_generate_random_keyblock");
    add_key(pair, *keytab, "service/key@SECURITY.TEST", &other);
    krb5_free_keyblock_contents(pair->context, &other.keyblock);
    krb5_kt_free_entry(pair->context, &entry);
    major = gss_krb5_import_cred(&minor, NULL, NULL, *keytab, &cred);
    pair_gss(major, minor, "gss_krb5_import_cred");
    return cred;
}

/*
 * The same octets for each of these, which share the key; each is used with a
 * replay cache, with none, and with one that there cannot be.
 */
static void
test_caches(struct gss_pair *pair, gss_buffer_t sent)
{
    static const struct {
	const char *service;
	OM_uint32 with, without, broken;	/* GSS_S_FAILURE: any error */
    } rows[] = {
	{ "cached", GSS_S_COMPLETE, GSS_S_COMPLETE, GSS_S_FAILURE },
	{ "shared", GSS_S_CONTINUE_NEEDED, GSS_S_CONTINUE_NEEDED,
	  GSS_S_CONTINUE_NEEDED },
	{ "strict", GSS_S_CONTINUE_NEEDED, GSS_S_FAILURE, GSS_S_FAILURE },
    };
    static const char *const caches[] = {
	"file2:" CACHE, "none:", "file2:/nonexistent/cache"
    };
    gss_buffer_desc renamed;
    OM_uint32 want[3], major, minor;
    gss_cred_id_t cred;
    struct stat st;
    char name[64];
    size_t i, k;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	want[0] = rows[i].with;
	want[1] = rows[i].without;
	want[2] = rows[i].broken;
	snprintf(name, sizeof(name), "%s/security.test@SECURITY.TEST",
		 rows[i].service);
	share_key(pair, pair->keytab, name);
	cred = named_credential(pair, name);
	rename_service(sent, rows[i].service, &renamed);
	for (k = 0; k < 3; k++) {
	    unlink(CACHE);
	    setenv("KRB5RCACHENAME", caches[k], 1);
	    major = accept_first(pair, cred, &renamed);
	    check(want[k] == GSS_S_FAILURE ? GSS_ERROR(major) != 0 :
		  major == want[k], "%s, %s: %x", rows[i].service, caches[k],
		  (unsigned)major);
	    check((stat(CACHE, &st) == 0 && st.st_size > 16) == (k == 0),
		  k ? "nothing is stored" : "it is stored");
	}
	unlink(CACHE);
	unsetenv("KRB5RCACHENAME");
	gss_release_cred(&minor, &cred);
	gss_release_buffer(&minor, &renamed);
    }
}

int
main(int argc, char **argv)
{
    gss_buffer_desc sent, renamed, free_one;
    gss_cred_id_t named, other, beside;
    krb5_keytab keytab, by_default;
    struct gss_pair pair;
    OM_uint32 major, minor;

    setprogname(argv[0]);
    setenv("KRB5_KTNAME", DEFAULT, 1);
    pair_write_config("acceptor = {\n"
		      "\t\tservice = {\n"
		      "\t\t\treplay_protection = challenge\n"
		      "\t\t}\n\t\tcached = {\n"
		      "\t\t\treplay_protection = cache\n"
		      "\t\t}\n\t\tshared = {\n"
		      "\t\t\treplay_protection = auto\n"
		      "\t\t\tshared_with_legacy = yes\n"
		      "\t\t}\n\t\tstrict = {\n"
		      "\t\t\treplay_protection = require\n"
		      "\t\t\tshared_with_legacy = yes\n"
		      "\t\t}\n\t}");
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    named = named_credential(&pair, PAIR_SERVICE);
    other = named_credential(&pair, OTHER);
    major = pair_initiate(&pair, GSS_C_NO_BUFFER, &sent, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
    rename_service(&sent, "other", &renamed);

    check(accept_first(&pair, named, &sent) == GSS_S_CONTINUE_NEEDED,
	  "the protected service asks for a challenge");
    check(accept_first(&pair, pair.acceptor_cred, &sent) ==
	  GSS_S_CONTINUE_NEEDED, "so it does with the whole keytab");
    check(accept_first(&pair, named, &renamed) != GSS_S_COMPLETE,
	  "an acceptor of one principal is not taken in by another name");
    check(accept_first(&pair, pair.acceptor_cred, &renamed) !=
	  GSS_S_COMPLETE, "nor one of a keytab without it");
    share_key(&pair, pair.keytab, OTHER);
    check(accept_first(&pair, pair.acceptor_cred, &renamed) ==
	  GSS_S_CONTINUE_NEEDED,
	  "nor where both names have the key: the stricter policy counts");
    check(accept_first(&pair, pair.acceptor_cred, &sent) ==
	  GSS_S_CONTINUE_NEEDED, "the protected name still works");
    check(accept_first(&pair, other, &renamed) == GSS_S_COMPLETE,
	  "who insists on the other name has the policy of that");

    pair_krb5(&pair, krb5_kt_resolve(pair.context, DEFAULT, &by_default),
	      DEFAULT);
    share_key(&pair, by_default, PAIR_SERVICE);
    share_key(&pair, by_default, OTHER);
    check(accept_first(&pair, GSS_C_NO_CREDENTIAL, &sent) ==
	  GSS_S_CONTINUE_NEEDED &&
	  accept_first(&pair, GSS_C_NO_CREDENTIAL, &renamed) ==
	  GSS_S_CONTINUE_NEEDED, "so it is with the default keytab");
    krb5_kt_close(pair.context, by_default);
    beside = beside_others(&pair, &keytab);
    rename_service(&sent, "free", &free_one);
    check(accept_first(&pair, beside, &free_one) == GSS_S_COMPLETE,
	  "what other keys of the keytab are for does not count");

    test_caches(&pair, &sent);

    gss_release_buffer(&minor, &sent);
    gss_release_buffer(&minor, &renamed);
    gss_release_buffer(&minor, &free_one);
    gss_release_cred(&minor, &named);
    gss_release_cred(&minor, &other);
    gss_release_cred(&minor, &beside);
    krb5_kt_close(pair.context, keytab);
    pair_free(&pair);
    return check_done();
}
