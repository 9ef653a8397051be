/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * ECDSA of hx509: a signature is good for its data, its key and its curve
 * only, and keys whose curve is not said, not known or not readable are
 * refused with what is wrong.  The certificates are made by hand.
 */

/* REQ: none (issue 8) */

#include "hx_locl.h"

#ifdef HAVE_OPENSSL_30

#include <err.h>
#include <hex.h>

#include "ec_vectors.h"
#include "../security/sec_test.h"

#define MAX_LEN 256

static const char no_point[] = "04"
    "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
    "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb4";

/* ECParameters */
static const char p256[] = "06082a8648ce3d030107", p384[] = "06052b81040022";
static const char secp256k1[] = "06052b8104000a", null[] = "0500";

static hx509_context context;

static void
set_octets(heim_octet_string *os, const char *hex)
{
    ssize_t len;

    os->data = malloc(MAX_LEN);
    if (os->data == NULL || (len = rk_hex_decode(hex, os->data, MAX_LEN)) < 0)
	errx(1, "no octets: %s", hex);
    os->length = len;
}

/* Its curve as hexadecimal, or NULL; freed with free_AlgorithmIdentifier(). */
static void
set_algorithm(AlgorithmIdentifier *ai, const heim_oid *oid, const char *curve)
{
    memset(ai, 0, sizeof(*ai));
    if (der_copy_oid(oid, &ai->algorithm) != 0)
	errx(1, "out of memory");
    if (curve != NULL) {
	ai->parameters = calloc(1, sizeof(*ai->parameters));
	if (ai->parameters == NULL)
	    errx(1, "out of memory");
	set_octets(ai->parameters, curve);
    }
}

static int
import(const char *curve, const char *der, hx509_key_format_t format,
       hx509_private_key *key)
{
    AlgorithmIdentifier ai;
    heim_octet_string os;
    int ret;

    set_algorithm(&ai, ASN1_OID_ID_ECPUBLICKEY, curve);
    set_octets(&os, der);
    ret = hx509_parse_private_key(context, &ai, os.data, os.length, format,
				  key);
    free_AlgorithmIdentifier(&ai);
    der_free_octet_string(&os);
    return ret;
}

static void
test_import(void)
{
    static const struct {
	const char *what, *curve, *der;
	hx509_key_format_t format;
	int ret;
    } cases[] = {
	{ "with its curve", NULL, own, HX509_KEY_FORMAT_DER, 0 },
	{ "in PKCS #8", p256, own, HX509_KEY_FORMAT_DER, 0 },
	{ "in another format", p256, own, HX509_KEY_FORMAT_WIN_BACKUPKEY,
	  HX509_CRYPTO_KEY_FORMAT_UNSUPPORTED },
	{ "of a curve that is not known", secp256k1, own,
	  HX509_KEY_FORMAT_DER, HX509_CRYPTO_SIG_INVALID_FORMAT },
	{ "whose curve is none", null, own, HX509_KEY_FORMAT_DER,
	  ASN1_PARSE_ERROR },
	{ "that is none", NULL, "3000", HX509_KEY_FORMAT_DER,
	  HX509_PARSING_KEY_FAILED },
	{ "that is none, in PKCS #8", p256, "3000", HX509_KEY_FORMAT_DER,
	  HX509_PARSING_KEY_FAILED }
    };
    hx509_private_key key;
    size_t i;
    int ret;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	ret = import(cases[i].curve, cases[i].der, cases[i].format, &key);
	check(ret == cases[i].ret && (ret == 0) == (key != NULL),
	      "a private key %s: %d", cases[i].what, ret);
	hx509_private_key_free(&key);
    }
}

/* Whether the signature is good for the key: 0, or why not. */
static int
verify(const heim_oid *oid, const char *curve, const char *public,
       const char *text, const heim_octet_string *sig)
{
    const struct signature_alg *md =
	_hx509_find_sig_alg(ASN1_OID_ID_ECDSA_WITH_SHA256);
    SubjectPublicKeyInfo *spki;
    heim_octet_string data;
    Certificate cert;
    int ret;

    memset(&cert, 0, sizeof(cert));
    spki = &cert.tbsCertificate.subjectPublicKeyInfo;
    set_algorithm(&spki->algorithm, oid, curve);
    set_octets(&data, public);
    spki->subjectPublicKey.data = data.data;
    spki->subjectPublicKey.length = data.length * 8;
    data.data = rk_UNCONST(text);
    data.length = strlen(text);
    /* not _hx509_verify_signature(), which looks at the key itself */
    ret = md->verify_signature(context, md, &cert, md->sig_alg, &data, sig);
    free(spki->subjectPublicKey.data);
    free_AlgorithmIdentifier(&spki->algorithm);
    return ret;
}

static void
test_signature(void)
{
    static const char text[] = "what is signed";
    static const struct {
	const char *what, *curve, *public, *text;
	int ret;
    } cases[] = {
	{ "good", p256, own_public, text, 0 },
	{ "of other data", p256, own_public, "what is not",
	  HX509_CRYPTO_SIG_INVALID_FORMAT },
	{ "of another key", p256, peer_public, text,
	  HX509_CRYPTO_SIG_INVALID_FORMAT },
	{ "of no point", p256, no_point, text,
	  HX509_CRYPTO_SIG_INVALID_FORMAT },
	{ "of another curve", p384, own_public, text,
	  HX509_CRYPTO_SIG_INVALID_FORMAT },
	{ "of a curve that is not known", secp256k1, own_public, text,
	  HX509_CRYPTO_SIG_INVALID_FORMAT },
	{ "of no curve", NULL, own_public, text, HX509_PARSING_KEY_FAILED },
	{ "of a curve that is none", null, own_public, text, ASN1_PARSE_ERROR }
    };
    const heim_oid *ec = ASN1_OID_ID_ECPUBLICKEY;
    const AlgorithmIdentifier *alg = hx509_signature_ecdsa_with_sha256();
    AlgorithmIdentifier used;
    heim_octet_string data, sig;
    hx509_private_key key;
    size_t i;
    int ret;

    data.data = rk_UNCONST(text);
    data.length = strlen(text);
    if (import(p256, own, HX509_KEY_FORMAT_DER, &key) != 0)
	errx(1, "no key");
    check(_hx509_create_signature(context, key, alg, &data, &used, &sig) == 0
	  && der_heim_oid_cmp(&used.algorithm, &alg->algorithm) == 0,
	  "a signature, and its algorithm");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	ret = verify(ec, cases[i].curve, cases[i].public, cases[i].text, &sig);
	check(ret == cases[i].ret, "a signature, %s: %d", cases[i].what, ret);
	check(verify(ec, p256, own_public, text, &sig) == 0,
	      "a good one after it");
    }
    check(verify(ASN1_OID_ID_PKCS1_RSAENCRYPTION, p256, own_public, text,
		 &sig) == HX509_CRYPTO_SIG_INVALID_FORMAT,
	  "a signature of a key of RSA");
    ((unsigned char *)sig.data)[sig.length - 1] ^= 1;
    check(verify(ec, p256, own_public, text, &sig) ==
	  HX509_CRYPTO_SIG_INVALID_FORMAT, "a signature that was changed");
    free_AlgorithmIdentifier(&used);
    der_free_octet_string(&sig);

    check(_hx509_create_signature(context, key, alg, &data, NULL, &sig) == 0 &&
	  verify(ec, p256, own_public, text, &sig) == 0,
	  "one whose algorithm nobody asks for");
    der_free_octet_string(&sig);
    hx509_private_key_free(&key);
}

/* With which algorithms a key can sign. */
static void
test_available(void)
{
    AlgorithmIdentifier none;
    hx509_private_key key, empty;

    if (import(NULL, own, HX509_KEY_FORMAT_DER, &key) != 0 ||
	hx509_private_key_init(&empty, key->ops, NULL) != 0)
	errx(1, "no key");
    set_algorithm(&none, ASN1_OID_ID_EC_GROUP_SECP256R1, NULL);
    check(key->ops->available(key, hx509_signature_ecdsa_with_sha256()),
	  "ECDSA with SHA-256");
    check(!key->ops->available(key, &none), "a curve is no algorithm");
    check(!key->ops->available(key, hx509_signature_rsa()),
	  "one without a digest");
    check(!key->ops->available(empty, hx509_signature_ecdsa_with_sha256()),
	  "no key, no signature");
    free_AlgorithmIdentifier(&none);
    hx509_private_key_free(&key);
    hx509_private_key_free(&empty);
}

int
main(int argc, char **argv)
{
    if (hx509_context_init(&context) != 0)
	errx(1, "hx509_context_init");
    test_import();
    test_signature();
    test_available();
    hx509_context_free(&context);
    return check_done();
}

#else

int
main(int argc, char **argv)
{
    return 77;			/* skipped */
}

#endif /* HAVE_OPENSSL_30 */
