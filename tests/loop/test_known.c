/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A ticket that comes again is not decrypted again, and everything else is
 * looked at as ever.  What is remembered is made wrong here, to see whether it
 * is used.
 *
 * REQ: XT-73
 */

#include "gss_pair.h"
#include "gss_call.h"
#include "sec_test.h"
#include "ap_req.h"
#include "known.h"

static krb5_data request;		/* an AP-REQ, without framing */
static AP_REQ decoded;			/* what known is of */
static struct krb5_ext_known *known;

/*
 * Another Authenticator for the same ticket.
 */
static void
new_request(struct gss_pair *pair)
{
    struct ap_req req;
    gss_buffer_desc token;

    krb5_data_free(&request);
    ap_req_init(&req);
    req.raw = 1;
    ap_req_make(pair, &req, &token);
    request.data = token.value;
    request.length = token.length;
}

/*
 * What krb5_rd_req_ctx() says of the request; out may be NULL.
 */
static krb5_error_code
verify(struct gss_pair *pair, struct krb5_ext_known *k,
       krb5_rd_req_out_ctx *out)
{
    krb5_auth_context ac = NULL;
    krb5_rd_req_out_ctx o = NULL;
    krb5_rd_req_in_ctx in;
    krb5_ticket *ticket;
    krb5_error_code ret;

    pair_krb5(pair, krb5_rd_req_in_ctx_alloc(pair->context, &in), "alloc");
    pair_krb5(pair, krb5_rd_req_in_set_keytab(pair->context, in,
					      pair->keytab), "keytab");
    _krb5_rd_req_in_set_known(in, NULL, k);
    ret = krb5_rd_req_ctx(pair->context, &ac, &request, NULL, in, &o);
    krb5_rd_req_in_ctx_free(pair->context, in);
    krb5_auth_con_free(pair->context, ac);
    if (ret == 0 && k != NULL && k->ticket.client == NULL) {
	pair_krb5(pair, krb5_rd_req_out_get_ticket(pair->context, o, &ticket),
		  "krb5_rd_req_out_get_ticket");
	k->ticket = *ticket;
	memset(ticket, 0, sizeof(*ticket));
	krb5_free_ticket(pair->context, ticket);
	k->lent = 0;
    }
    if (ret == 0 && out != NULL)
	*out = o;
    else if (ret == 0)
	krb5_rd_req_out_ctx_free(pair->context, o);
    return ret;
}

static void
know(struct gss_pair *pair)
{
    krb5_rd_req_out_ctx out;
    krb5_keyblock *key;
    krb5_ticket *ticket;
    krb5_crypto session = NULL;

    _krb5_ext_forget(pair->context, &known);
    free_AP_REQ(&decoded);
    pair_krb5(pair, verify(pair, NULL, &out), "krb5_rd_req_ctx");
    pair_krb5(pair, krb5_rd_req_out_get_ticket(pair->context, out, &ticket),
	      "krb5_rd_req_out_get_ticket");
    pair_krb5(pair, krb5_rd_req_out_get_keyblock(pair->context, out, &key),
	      "krb5_rd_req_out_get_keyblock");
    krb5_rd_req_out_ctx_free(pair->context, out);
    pair_krb5(pair, krb5_decode_ap_req(pair->context, &request, &decoded),
	      "krb5_decode_ap_req");
    pair_krb5(pair, _krb5_ext_know(pair->context, &decoded.ticket.enc_part,
				   ticket, &key, &session, ETYPE_NULL,
				   &known),
	      "_krb5_ext_know");
    check(key == NULL && ticket->client == NULL && session == NULL,
	  "what is remembered is no longer the caller's");
    krb5_free_ticket(pair->context, ticket);
}

/*
 * Somebody else in what is remembered: an Authenticator does not match.
 */
static void
spoil(void)
{
    char **name = &known->ticket.client->name.name_string.val[0];

    free(*name);
    *name = estrdup("somebody");
}

/*
 * Where the octets of the ticket, or behind it those of the Authenticator are.
 */
static unsigned char *
inside(int of_ticket)
{
    const heim_octet_string *cipher = &known->cipher->cipher;
    unsigned char *p = request.data;
    size_t i;

    for (i = 0; i + cipher->length <= request.length; i++)
	if (ct_memcmp(p + i, cipher->data, cipher->length) == 0)
	    return p + i + (of_ticket ? cipher->length / 2 :
			    cipher->length + 60);
    errx(1, "the ticket is not in the request");
}

static void
test_used(struct gss_pair *pair)
{
    new_request(pair);
    know(pair);
    new_request(pair);
    check(verify(pair, known, NULL) == 0, "the same ticket is taken");
    spoil();
    check(verify(pair, known, NULL) == KRB5KRB_AP_ERR_BADMATCH,
	  "and was not decrypted");
    check(verify(pair, NULL, NULL) == 0, "one that is not known is");
    known->lent = 1;
    check(verify(pair, known, NULL) == 0, "nor is it used when it is lent");
    known->lent = 0;
}

static void
test_not_used(struct gss_pair *pair)
{
    unsigned char *octet;

    know(pair);
    spoil();
    octet = known->service->keyvalue.data;
    *octet ^= 1;
    check(verify(pair, known, NULL) == 0, "nor is it known by another key");
    *octet ^= 1;
    known->service->keytype++;
    check(verify(pair, known, NULL) == 0, "nor by one of another enctype");
    known->service->keytype--;
    decoded.ticket.enc_part.etype++;
    check(verify(pair, known, NULL) == 0, "nor for another enctype");
    decoded.ticket.enc_part.etype--;
    decoded.ticket.enc_part.cipher.length--;
    check(verify(pair, known, NULL) == 0, "nor by a part of its octets");
    decoded.ticket.enc_part.cipher.length++;
    check(verify(pair, known, NULL) == KRB5KRB_AP_ERR_BADMATCH,
	  "as it was it is known");
}

static void
test_checks(struct gss_pair *pair)
{
    unsigned char *octet;

    know(pair);
    octet = inside(1);
    *octet ^= 1;
    check(verify(pair, known, NULL) == KRB5KRB_AP_ERR_MODIFIED,
	  "a ticket that was changed");
    *octet ^= 1;
    octet = inside(0);
    *octet ^= 1;
    check(verify(pair, known, NULL) == KRB5KRB_AP_ERR_MODIFIED,
	  "an Authenticator that was changed");
    *octet ^= 1;
    known->ticket.ticket.endtime -= 7200;
    check(verify(pair, known, NULL) == KRB5KRB_AP_ERR_TKT_EXPIRED,
	  "a ticket that has expired meanwhile");
    known->ticket.ticket.endtime += 7200;
    known->ticket.ticket.flags.invalid = 1;
    check(verify(pair, known, NULL) == KRB5KRB_AP_ERR_TKT_NYV,
	  "one that is not valid");
    known->ticket.ticket.flags.invalid = 0;
    check(verify(pair, known, NULL) == 0, "and the good one still");
}

/*
 * The first Authenticator has said which enctype a subkey is to have; the next
 * one says nothing.
 */
static void
test_keytype(struct gss_pair *pair)
{
    krb5_rd_req_out_ctx out;
    krb5_flags options;
    int wanted;

    know(pair);
    for (wanted = 0; wanted < 2; wanted++) {
	known->keytype = wanted ? ETYPE_AES128_CTS_HMAC_SHA1_96 : ETYPE_NULL;
	pair_krb5(pair, verify(pair, known, &out), "krb5_rd_req_ctx");
	pair_krb5(pair, krb5_rd_req_out_get_ap_req_options(pair->context, out,
							   &options),
		  "krb5_rd_req_out_get_ap_req_options");
	krb5_rd_req_out_ctx_free(pair->context, out);
	check(((options & AP_OPTS_USE_SUBKEY) != 0) == wanted,
	      "a subkey's enctype, wanted: %d", wanted);
    }
}

/*
 * What was remembered had a PAC that was verified, for only a request that was
 * accepted is; here is one that never was.
 */
static void
test_pac(struct gss_pair *pair)
{
    AuthorizationDataElement e;
    char octets[] = "none";

    know(pair);
    if (known->ticket.ticket.authorization_data == NULL)
	known->ticket.ticket.authorization_data =
	    ecalloc(1, sizeof(*known->ticket.ticket.authorization_data));
    e.ad_type = KRB5_AUTHDATA_WIN2K_PAC;
    e.ad_data.data = octets;
    e.ad_data.length = strlen(octets);
    if (add_AuthorizationData(known->ticket.ticket.authorization_data, &e))
	errx(1, "add_AuthorizationData");
    check(verify(pair, known, NULL) == 0, "a PAC is not verified again");
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    setprogname(argv[0]);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_used(&pair);
    test_not_used(&pair);
    test_checks(&pair);
    test_keytype(&pair);
    test_pac(&pair);
    _krb5_ext_forget(pair.context, &known);
    free_AP_REQ(&decoded);
    krb5_data_free(&request);
    pair_free(&pair);
    return check_done();
}
