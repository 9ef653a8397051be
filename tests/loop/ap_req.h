/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Initial tokens made field by field, for what our own initiator never sends.
 * Behind gss_pair.h, whose credentials they use.
 */

#ifndef AP_REQ_H
#define AP_REQ_H 1

struct ap_req {
    OM_uint32 flags;		/* of the checksum 0x8003 */
    unsigned char bindings[16];	/* hash in the checksum */
    krb5_flags options;		/* AP_OPTS_... */
    const krb5_keyblock *subkey; /* NULL: none; alias */
    unsigned seq;
    int no_seq;
    int skew;			/* seconds of the initiator's clock ahead */
    int raw;			/* without the framing of RFC 1964 1.1 */
    int no_checksum;
    AuthorizationData *authdata; /* NULL: none; alias */
    krb5_data deleg;		/* KRB-CRED; alias */
    krb5_creds *creds;		/* NULL: the pair's; alias */
};

/*
 * What a usual initiator asks for.
 */
static void
ap_req_init(struct ap_req *req)
{
    memset(req, 0, sizeof(*req));
    req->flags = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG |
	GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    req->options = AP_OPTS_MUTUAL_REQUIRED;
    req->seq = 1;
}

/*
 * The checksum 0x8003 (RFC 4121 4.1.1).  Free checksum->checksum.data.
 */
static void
ap_req_checksum(const struct ap_req *req, Checksum *checksum)
{
    size_t len = 24 + (req->deleg.length ? 4 + req->deleg.length : 0);
    unsigned char *p = calloc(1, len);
    int i;

    if (p == NULL)
	errx(1, "out of memory");
    checksum->cksumtype = CKSUMTYPE_GSSAPI;
    checksum->checksum.data = p;
    checksum->checksum.length = len;
    p[0] = 16;
    memcpy(p + 4, req->bindings, 16);
    for (i = 0; i < 4; i++)
	p[20 + i] = (req->flags >> (8 * i)) & 0xff;
    if (req->deleg.length) {
	p[24] = 1;
	p[26] = req->deleg.length & 0xff;
	p[27] = req->deleg.length >> 8;
	memcpy(p + 28, req->deleg.data, req->deleg.length);
    }
}

/*
 * The encrypted Authenticator.  Free result.
 */
static void
ap_req_authenticator(struct gss_pair *pair, const struct ap_req *req,
		     krb5_creds *creds, krb5_data *result)
{
    krb5_crypto crypto;
    Authenticator auth;
    Checksum checksum;
    unsigned char *buf;
    size_t len, size;
    krb5_error_code ret;
    unsigned seq = req->seq;

    memset(&auth, 0, sizeof(auth));
    auth.authenticator_vno = 5;
    auth.crealm = creds->client->realm;
    auth.cname = creds->client->name;
    ap_req_checksum(req, &checksum);
    auth.cksum = req->no_checksum ? NULL : &checksum;
    auth.authorization_data = req->authdata;
    auth.ctime = time(NULL) + req->skew;
    auth.subkey = rk_UNCONST(req->subkey);
    auth.seq_number = req->no_seq ? NULL : &seq;
    ASN1_MALLOC_ENCODE(Authenticator, buf, len, &auth, &size, ret);
    pair_krb5(pair, ret, "encode Authenticator");
    free(checksum.checksum.data);

    pair_krb5(pair, krb5_crypto_init(pair->context, &creds->session, 0,
				     &crypto), "krb5_crypto_init");
    pair_krb5(pair, krb5_encrypt(pair->context, crypto, KRB5_KU_AP_REQ_AUTH,
				 buf, len, result), "krb5_encrypt");
    krb5_crypto_destroy(pair->context, crypto);
    free(buf);
}

/*
 * The pair's ticket.  Free it with krb5_free_cred_contents().
 */
static void
ap_req_creds(struct gss_pair *pair, krb5_creds *creds)
{
    krb5_creds match;

    memset(&match, 0, sizeof(match));
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE,
				    &match.server), PAIR_SERVICE);
    pair_krb5(pair, krb5_cc_retrieve_cred(pair->context, pair->ccache, 0,
					  &match, creds),
	      "krb5_cc_retrieve_cred");
    krb5_free_principal(pair->context, match.server);
}

/*
 * The token.  Free it with gss_release_buffer().
 */
static void
ap_req_make(struct gss_pair *pair, const struct ap_req *req,
	    gss_buffer_t token)
{
    krb5_creds own, *creds = req->creds ? req->creds : &own;
    krb5_data auth, ap_req;
    gss_buffer_desc in;
    OM_uint32 major;

    memset(&own, 0, sizeof(own));
    if (creds == &own)
	ap_req_creds(pair, &own);
    ap_req_authenticator(pair, req, creds, &auth);
    /* takes auth */
    pair_krb5(pair, krb5_build_ap_req(pair->context, creds->session.keytype,
				      creds, req->options, auth, &ap_req),
	      "krb5_build_ap_req");
    krb5_free_cred_contents(pair->context, &own);

    if (req->raw) {
	token->length = ap_req.length;
	token->value = ap_req.data;
	return;
    }
    in.length = 2 + ap_req.length;
    in.value = malloc(in.length);
    if (in.value == NULL)
	errx(1, "out of memory");
    memcpy(in.value, "\x01\x00", 2);
    memcpy((char *)in.value + 2, ap_req.data, ap_req.length);
    major = gss_encapsulate_token(&in, GSS_KRB5_MECHANISM, token);
    pair_gss(major, 0, "gss_encapsulate_token");
    free(in.value);
    krb5_data_free(&ap_req);
}

#endif /* AP_REQ_H */
