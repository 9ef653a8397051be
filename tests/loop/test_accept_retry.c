/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The second AP-REQ on an acceptor's context, after the KRB-ERROR for clock
 * skew: it is allowed once, has nothing of the first one's, and is judged with
 * the channel bindings and the credential of the first call.
 *
 * REQ: GL-16, KI-10
 */

#define _GNU_SOURCE 1
#include <dlfcn.h>
#include "pair_config.h"
#include "gss_pair.h"
#include "ap_req.h"
#include "sec_test.h"

#define SKEW 1800

/*
 * In the place of libkrb5's, which it calls: on clock skew the subkey and the
 * sequence number are left in the auth context.  krb5_rd_req_ctx() does not
 * promise otherwise; it happens to look at the clock first.
 */
krb5_error_code KRB5_LIB_CALL
krb5_rd_req_ctx(krb5_context context, krb5_auth_context *auth_context,
		const krb5_data *inbuf, krb5_const_principal server,
		krb5_rd_req_in_ctx inctx, krb5_rd_req_out_ctx *outctx)
{
    static krb5_error_code (KRB5_LIB_CALL *next)(krb5_context,
	krb5_auth_context *, const krb5_data *, krb5_const_principal,
	krb5_rd_req_in_ctx, krb5_rd_req_out_ctx *);
    krb5_error_code ret;
    Authenticator *auth;

    if (next == NULL)
	*(void **)&next = dlsym(RTLD_NEXT, "krb5_rd_req_ctx");
    if (next == NULL)
	errx(1, "libkrb5 has no krb5_rd_req_ctx");
    ret = next(context, auth_context, inbuf, server, inctx, outctx);
    if (ret == KRB5KRB_AP_ERR_SKEW) {
	auth = (*auth_context)->authenticator;
	if (auth->subkey)
	    krb5_auth_con_setremotesubkey(context, *auth_context,
					  auth->subkey);
	if (auth->seq_number)
	    krb5_auth_con_setremoteseqnumber(context, *auth_context,
					     *auth->seq_number);
    }
    return ret;
}

struct call {
    gss_cred_id_t cred;
    gss_channel_bindings_t bindings;
    OM_uint32 major, minor;
};

static void
call_init(struct gss_pair *pair, struct call *call)
{
    memset(call, 0, sizeof(*call));
    call->cred = pair->acceptor_cred;
}

/*
 * One call of the acceptor; token is released.
 */
static OM_uint32
take(struct gss_pair *pair, struct call *call, gss_buffer_t token)
{
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;

    call->major = gss_accept_sec_context(&call->minor, &pair->acceptor,
					 call->cred, token, call->bindings,
					 NULL, NULL, &out, NULL, NULL, NULL);
    gss_release_buffer(&minor, &out);
    gss_release_buffer(&minor, token);
    return call->major;
}

static OM_uint32
take_req(struct gss_pair *pair, struct call *call, const struct ap_req *req)
{
    gss_buffer_desc token;

    ap_req_make(pair, req, &token);
    return take(pair, call, &token);
}

/*
 * A new context that waits for the retry.
 */
static void
start(struct gss_pair *pair, struct call *call, struct ap_req *req)
{
    pair_disconnect(pair);
    req->skew = SKEW;
    take_req(pair, call, req);
    if (call->major != GSS_S_CONTINUE_NEEDED)
	errx(1, "clock skew: %08x/%d", (unsigned)call->major,
	     (int)call->minor);
    req->skew = 0;
}

static void
test_once(struct gss_pair *pair)
{
    struct ap_req req;
    struct call call;

    call_init(pair, &call);
    ap_req_init(&req);
    start(pair, &call, &req);
    check(take_req(pair, &call, &req) == GSS_S_COMPLETE,
	  "a retry with the right time is accepted");

    start(pair, &call, &req);
    req.skew = SKEW;
    take_req(pair, &call, &req);
    check(call.major == GSS_S_FAILURE &&
	  call.minor == (OM_uint32)KRB5KRB_AP_ERR_SKEW,
	  "a second skew is final (%08x/%d)", (unsigned)call.major,
	  (int)call.minor);

    req.skew = 0;
    pair_disconnect(pair);
    check(take_req(pair, &call, &req) == GSS_S_COMPLETE,
	  "a new context is accepted afterwards");
}

/*
 * Whether the acceptor's context has this key and next sequence number of the
 * peer.  The context is gone afterwards.
 */
static int
has(struct gss_pair *pair, const krb5_keyblock *key, unsigned seq)
{
    gss_krb5_lucid_context_v1_t *lucid;
    OM_uint32 major, minor;
    void *p;
    int ok;

    major = gss_krb5_export_lucid_sec_context(&minor, &pair->acceptor, 1, &p);
    pair_gss(major, minor, "gss_krb5_export_lucid_sec_context");
    lucid = p;
    ok = lucid->protocol == 1 && lucid->recv_seq == seq &&
	lucid->cfx_kd.ctx_key.length == key->keyvalue.length &&
	ct_memcmp(lucid->cfx_kd.ctx_key.data, key->keyvalue.data,
		  key->keyvalue.length) == 0;
    gss_krb5_free_lucid_sec_context(&minor, p);
    return ok;
}

static void
test_afresh(struct gss_pair *pair)
{
    krb5_keyblock first, second;
    krb5_creds match, creds;
    struct ap_req req;
    struct call call;

    pair_krb5(pair, krb5_generate_random_keyblock(pair->context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &first), "subkey");
    pair_krb5(pair, krb5_generate_random_keyblock(pair->context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &second), "subkey");
    memset(&match, 0, sizeof(match));
    memset(&creds, 0, sizeof(creds));
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE,
				    &match.server), PAIR_SERVICE);
    pair_krb5(pair, krb5_cc_retrieve_cred(pair->context, pair->ccache, 0,
					  &match, &creds),
	      "krb5_cc_retrieve_cred");
    krb5_free_principal(pair->context, match.server);

    call_init(pair, &call);
    ap_req_init(&req);
    req.flags &= ~GSS_C_MUTUAL_FLAG;	/* no subkey of the acceptor's */
    req.options = 0;
    req.subkey = &first;
    req.seq = 1000;
    start(pair, &call, &req);
    req.subkey = &second;
    req.seq = 2000;
    check(take_req(pair, &call, &req) == GSS_S_COMPLETE &&
	  has(pair, &second, 2000),
	  "the context has the subkey and number of the retry");

    req.subkey = &first;
    req.seq = 1000;
    start(pair, &call, &req);
    req.subkey = NULL;
    check(take_req(pair, &call, &req) == GSS_S_COMPLETE &&
	  has(pair, &creds.session, 1000),
	  "a retry without subkey: the ticket's session key");

    req.subkey = &first;
    start(pair, &call, &req);
    req.no_seq = 1;
    check(take_req(pair, &call, &req) == GSS_S_COMPLETE &&
	  has(pair, &first, 0),
	  "a retry without number: not the first attempt's");

    krb5_free_cred_contents(pair->context, &creds);
    krb5_free_keyblock_contents(pair->context, &first);
    krb5_free_keyblock_contents(pair->context, &second);
}

/*
 * A token of our own initiator over the bindings, with the clock so far ahead.
 */
static void
initiate(struct gss_pair *pair, gss_channel_bindings_t bindings, int skew,
	 gss_buffer_t token)
{
    OM_uint32 major, minor;

    gss_delete_sec_context(&minor, &pair->initiator, GSS_C_NO_BUFFER);
    gsskrb5_set_time_offset(skew);
    major = gss_init_sec_context(&minor, pair->initiator_cred,
				 &pair->initiator, pair->target,
				 GSS_KRB5_MECHANISM, GSS_C_MUTUAL_FLAG, 0,
				 bindings, GSS_C_NO_BUFFER, NULL, token, NULL,
				 NULL);
    gsskrb5_set_time_offset(0);
    pair_gss(major, minor, "gss_init_sec_context");
}

/*
 * The peer's bindings against those of the first and of the second call.
 */
static void
test_bindings(struct gss_pair *pair, gss_channel_bindings_t peer,
	      gss_channel_bindings_t first, gss_channel_bindings_t second,
	      OM_uint32 major, const char *what)
{
    gss_buffer_desc token;
    struct call call;

    pair_disconnect(pair);
    call_init(pair, &call);
    call.bindings = first;
    initiate(pair, peer, SKEW, &token);
    if (take(pair, &call, &token) != GSS_S_CONTINUE_NEEDED)
	errx(1, "clock skew: %08x/%d", (unsigned)call.major, (int)call.minor);
    call.bindings = second;
    initiate(pair, peer, 0, &token);
    take(pair, &call, &token);
    check(call.major == major, "bindings: %s (%08x)", what,
	  (unsigned)call.major);
}

static void
test_all_bindings(struct gss_pair *pair)
{
    struct gss_channel_bindings_struct a, b;
    gss_channel_bindings_t none = GSS_C_NO_CHANNEL_BINDINGS;

    memset(&a, 0, sizeof(a));
    a.application_data.value = rk_UNCONST("channel a");
    a.application_data.length = 9;
    b = a;
    b.application_data.value = rk_UNCONST("channel b");

    test_bindings(pair, &a, &a, &a, GSS_S_COMPLETE, "the same in both calls");
    test_bindings(pair, &b, &a, &a, GSS_S_BAD_BINDINGS, "the peer's differ");
    test_bindings(pair, &b, &a, &b, GSS_S_BAD_BINDINGS,
		  "the peer's are those of the second call only");
    test_bindings(pair, &b, &a, none, GSS_S_BAD_BINDINGS,
		  "none in the second call does not switch them off");
    test_bindings(pair, &a, &a, &b, GSS_S_COMPLETE,
		  "others in the second call are not used");
    test_bindings(pair, &b, none, &a, GSS_S_COMPLETE,
		  "none in the first call stays none");
}

/*
 * A copy of the pair with another service key, ticket, keytab and credential
 * of the acceptor.
 */
static void
other_init(struct gss_pair *pair, struct gss_pair *other)
{
    krb5_keytab_entry entry;
    krb5_creds creds;
    OM_uint32 major, minor;

    *other = *pair;
    other->initiator = other->acceptor = GSS_C_NO_CONTEXT;
    memset(&entry, 0, sizeof(entry));
    memset(&creds, 0, sizeof(creds));
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_CLIENT,
				    &creds.client), PAIR_CLIENT);
    pair_krb5(pair, krb5_parse_name(pair->context, PAIR_SERVICE,
				    &creds.server), PAIR_SERVICE);
    entry.principal = creds.server;	/* alias */
    entry.vno = 1;
    pair_krb5(pair, krb5_generate_random_keyblock(pair->context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &entry.keyblock), "service key");
    pair_krb5(pair, krb5_generate_random_keyblock(pair->context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &creds.session), "session key");
    creds.times.authtime = time(NULL);
    creds.times.endtime = creds.times.authtime + 3600;
    pair_make_ticket(pair, &creds, &entry.keyblock);

    pair_krb5(pair, krb5_kt_resolve(pair->context, "MEMORY:other",
				    &other->keytab), "krb5_kt_resolve");
    pair_krb5(pair, krb5_kt_add_entry(pair->context, other->keytab, &entry),
	      "krb5_kt_add_entry");
    pair_krb5(pair, krb5_cc_resolve(pair->context, "MEMORY:other",
				    &other->ccache), "krb5_cc_resolve");
    pair_krb5(pair, krb5_cc_initialize(pair->context, other->ccache,
				       creds.client), "krb5_cc_initialize");
    pair_krb5(pair, krb5_cc_store_cred(pair->context, other->ccache, &creds),
	      "krb5_cc_store_cred");
    major = gss_krb5_import_cred(&minor, NULL, NULL, other->keytab,
				 &other->acceptor_cred);
    pair_gss(major, minor, "gss_krb5_import_cred");
    krb5_free_keyblock_contents(pair->context, &entry.keyblock);
    krb5_free_cred_contents(pair->context, &creds);
}

static void
test_credential(struct gss_pair *pair)
{
    struct gss_pair other;
    struct ap_req req;
    struct call call;
    OM_uint32 major, minor;

    other_init(pair, &other);
    ap_req_init(&req);

    call_init(pair, &call);
    start(pair, &call, &req);
    call.cred = other.acceptor_cred;
    take_req(pair, &call, &req);
    check(call.major == GSS_S_COMPLETE,
	  "credential: another in the second call is not used (%08x/%d)",
	  (unsigned)call.major, (int)call.minor);

    call_init(pair, &call);
    start(pair, &call, &req);
    call.cred = GSS_C_NO_CREDENTIAL;
    take_req(pair, &call, &req);
    check(call.major == GSS_S_COMPLETE,
	  "credential: none in the second call stays the first one's "
	  "(%08x/%d)", (unsigned)call.major, (int)call.minor);

    call_init(pair, &call);
    start(pair, &call, &req);
    other.acceptor = pair->acceptor;
    pair->acceptor = GSS_C_NO_CONTEXT;
    call.cred = other.acceptor_cred;
    take_req(&other, &call, &req);
    check(call.major == GSS_S_FAILURE &&
	  call.minor == (OM_uint32)KRB5KRB_AP_ERR_MODIFIED,
	  "credential: a ticket for the second one only is refused (%08x/%d)",
	  (unsigned)call.major, (int)call.minor);
    gss_delete_sec_context(&minor, &other.acceptor, GSS_C_NO_BUFFER);
    check(take_req(&other, &call, &req) == GSS_S_COMPLETE,
	  "credential: on a new context it is accepted");
    gss_delete_sec_context(&minor, &other.acceptor, GSS_C_NO_BUFFER);

    call_init(pair, &call);
    major = gss_krb5_import_cred(&minor, NULL, NULL, pair->keytab,
				 &call.cred);
    pair_gss(major, minor, "gss_krb5_import_cred");
    start(pair, &call, &req);
    gss_release_cred(&minor, &call.cred);
    call.cred = pair->acceptor_cred;
    check(take_req(pair, &call, &req) == GSS_S_COMPLETE,
	  "credential: released after the first call");

    /* one that is abandoned half-way is freed with its context */
    start(pair, &call, &req);
    pair_disconnect(pair);

    gss_release_cred(&minor, &other.acceptor_cred);
    krb5_cc_destroy(pair->context, other.ccache);
    krb5_kt_close(pair->context, other.keytab);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_write_config(PAIR_TWO_TOKENS);
    setprogname(argv[0]);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    test_once(&pair);
    test_afresh(&pair);
    test_all_bindings(&pair);
    test_credential(&pair);
    pair_free(&pair);
    return check_done();
}
