/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * ECDSA of hx509 with OpenSSL 3: what crypto-ec.c, which includes this file,
 * has in its tables.
 */

static const struct {
    const heim_oid *oid;
    const char *curve;
} curves[] = {
    { &asn1_oid_id_ec_group_secp256r1, "P-256" },
    { &asn1_oid_id_ec_group_secp384r1, "P-384" },
    { &asn1_oid_id_ec_group_secp521r1, "P-521" },
    { &asn1_oid_id_ec_group_secp160r1, "secp160r1" },
    { &asn1_oid_id_ec_group_secp160r2, "secp160r2" }
};

void
_hx509_private_eckey_free(void *eckey)
{
    hc_ossl_ec_free(eckey);
}

static const char *
find_curve(const ECParameters *ecp)
{
    size_t i;

    if (ecp->element != choice_ECParameters_namedCurve)
	return NULL;
    for (i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
	if (der_heim_oid_cmp(&ecp->u.namedCurve, curves[i].oid) == 0)
	    return curves[i].curve;
    return NULL;
}

static int
read_curve(hx509_context context, const heim_octet_string *parameters,
	   const char **curve)
{
    ECParameters ecp;
    size_t size;
    int ret;

    if (parameters == NULL) {
	hx509_set_error_string(context, 0, HX509_PARSING_KEY_FAILED,
			       "EC parameters missing");
	return HX509_PARSING_KEY_FAILED;
    }
    ret = decode_ECParameters(parameters->data, parameters->length, &ecp,
			      &size);
    if (ret) {
	hx509_set_error_string(context, 0, ret,
			       "Failed to decode EC parameters");
	return ret;
    }
    *curve = find_curve(&ecp);
    free_ECParameters(&ecp);
    if (*curve == NULL) {
	hx509_set_error_string(context, 0, HX509_CRYPTO_SIG_INVALID_FORMAT,
			       "EC parameters are of no known curve");
	return HX509_CRYPTO_SIG_INVALID_FORMAT;
    }
    return 0;
}

static int
read_public_key(hx509_context context, const SubjectPublicKeyInfo *spi,
		hc_ossl_ec **key)
{
    const char *curve;
    int ret;

    if (der_heim_oid_cmp(&spi->algorithm.algorithm,
			 ASN1_OID_ID_ECPUBLICKEY) != 0)
	return HX509_CRYPTO_SIG_INVALID_FORMAT;
    ret = read_curve(context, spi->algorithm.parameters, &curve);
    if (ret)
	return ret;
    *key = hc_ossl_ec_public(curve, spi->subjectPublicKey.data,
			     spi->subjectPublicKey.length / 8);
    return *key == NULL ? HX509_CRYPTO_SIG_INVALID_FORMAT : 0;
}

static int
ecdsa_verify_signature(hx509_context context,
		       const struct signature_alg *sig_alg,
		       const Certificate *signer,
		       const AlgorithmIdentifier *alg,
		       const heim_octet_string *data,
		       const heim_octet_string *sig)
{
    heim_octet_string digest;
    hc_ossl_ec *key;
    int ret;

    ret = read_public_key(context,
			  &signer->tbsCertificate.subjectPublicKeyInfo, &key);
    if (ret)
	return ret;
    ret = _hx509_create_signature(context, NULL, sig_alg->digest_alg, data,
				  NULL, &digest);
    if (ret == 0) {
	if (!hc_ossl_ec_verify(key, digest.data, digest.length,
			       sig->data, sig->length))
	    ret = HX509_CRYPTO_SIG_INVALID_FORMAT;
	der_free_octet_string(&digest);
    }
    hc_ossl_ec_free(key);
    return ret;
}

static int
sign_digest(hx509_context context, const struct signature_alg *sig_alg,
	    hc_ossl_ec *key, const heim_octet_string *data,
	    heim_octet_string *sig)
{
    heim_octet_string digest;
    unsigned char *p;
    int ret;

    ret = _hx509_create_signature(context, NULL, sig_alg->digest_alg, data,
				  NULL, &digest);
    if (ret)
	return ret;
    if (hc_ossl_ec_sign(key, digest.data, digest.length, &p, &sig->length)) {
	sig->data = p;
    } else {
	ret = HX509_CMS_FAILED_CREATE_SIGATURE;
	hx509_set_error_string(context, 0, ret, "ECDSA sign failed");
    }
    der_free_octet_string(&digest);
    return ret;
}

static int
ecdsa_create_signature(hx509_context context,
		       const struct signature_alg *sig_alg,
		       const hx509_private_key signer,
		       const AlgorithmIdentifier *alg,
		       const heim_octet_string *data,
		       AlgorithmIdentifier *signatureAlgorithm,
		       heim_octet_string *sig)
{
    int ret;

    if (signer->ops &&
	der_heim_oid_cmp(signer->ops->key_oid, ASN1_OID_ID_ECPUBLICKEY) != 0)
	_hx509_abort("internal error passing private key to wrong ops");

    if (signatureAlgorithm) {
	ret = _hx509_set_digest_alg(signatureAlgorithm, sig_alg->sig_oid,
				    "\x05\x00", 2);
	if (ret) {
	    hx509_clear_error_string(context);
	    return ret;
	}
    }
    ret = sign_digest(context, sig_alg, signer->private_key.ecdsa, data, sig);
    if (ret && signatureAlgorithm)
	free_AlgorithmIdentifier(signatureAlgorithm);
    return ret;
}

static int
ecdsa_available(const hx509_private_key signer,
		const AlgorithmIdentifier *sig_alg)
{
    const struct signature_alg *sig;

    if (der_heim_oid_cmp(signer->ops->key_oid, &asn1_oid_id_ecPublicKey) != 0)
	_hx509_abort("internal error passing private key to wrong ops");

    sig = _hx509_find_sig_alg(&sig_alg->algorithm);
    return sig != NULL && sig->digest_size != 0 &&
	signer->private_key.ecdsa != NULL;
}

static int
ecdsa_private_key2SPKI(hx509_context context,
		       hx509_private_key private_key,
		       SubjectPublicKeyInfo *spki)
{
    memset(spki, 0, sizeof(*spki));
    return ENOMEM;
}

static int
ecdsa_private_key_export(hx509_context context,
			 const hx509_private_key key,
			 hx509_key_format_t format,
			 heim_octet_string *data)
{
    return HX509_CRYPTO_KEY_FORMAT_UNSUPPORTED;
}

/*
 * An ECPrivateKey may leave its curve to what is around it: PKCS #8 has the
 * curve there, and OpenSSL reads that.
 */
static hc_ossl_ec *
read_private_key(const AlgorithmIdentifier *keyai, const void *data,
		 size_t len)
{
    PKCS8PrivateKeyInfo ki;
    unsigned char *p;
    hc_ossl_ec *key;
    size_t plen, size;
    int ret;

    if (keyai->parameters == NULL)
	return hc_ossl_ec_private(data, len);

    memset(&ki, 0, sizeof(ki));
    ki.privateKeyAlgorithm = *keyai;
    ki.privateKey.data = rk_UNCONST(data);
    ki.privateKey.length = len;
    ki.version.data = rk_UNCONST("\0");	/* the number 0 */
    ki.version.length = 1;
    ASN1_MALLOC_ENCODE(PKCS8PrivateKeyInfo, p, plen, &ki, &size, ret);
    if (ret)
	return NULL;
    key = hc_ossl_ec_private(p, plen);
    memset_s(p, plen, 0, plen);
    free(p);
    return key;
}

static int
ecdsa_private_key_import(hx509_context context,
			 const AlgorithmIdentifier *keyai,
			 const void *data,
			 size_t len,
			 hx509_key_format_t format,
			 hx509_private_key private_key)
{
    const char *curve;
    hc_ossl_ec *key;
    int ret;

    if (keyai->parameters) {
	ret = read_curve(context, keyai->parameters, &curve);
	if (ret)
	    return ret;
    }
    if (format != HX509_KEY_FORMAT_DER)
	return HX509_CRYPTO_KEY_FORMAT_UNSUPPORTED;

    key = read_private_key(keyai, data, len);
    if (key == NULL) {
	hx509_set_error_string(context, 0, HX509_PARSING_KEY_FAILED,
			       "Failed to parse EC private key");
	return HX509_PARSING_KEY_FAILED;
    }
    private_key->private_key.ecdsa = key;
    private_key->signature_alg = ASN1_OID_ID_ECDSA_WITH_SHA256;
    return 0;
}

static int
ecdsa_generate_private_key(hx509_context context,
			   struct hx509_generate_private_context *ctx,
			   hx509_private_key private_key)
{
    return ENOMEM;
}

static BIGNUM *
ecdsa_get_internal(hx509_context context,
		   hx509_private_key key,
		   const char *type)
{
    return NULL;
}
