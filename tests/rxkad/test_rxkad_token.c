/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Tokens made of tickets: which octets, which key, which limits.
 */

#include "rxkad_test.h"
#include "sec_test.h"

#include "kdf_vectors.h"

static krb5_context context;

/*
 * A Ticket whose enc-part has `length' octets; `whole' means the Ticket has.
 * Returns 0 if there is none: where a length takes an octet more, DER jumps.
 */

static int
make_ticket(struct buf *ticket, struct buf *enc_part, size_t length,
	    int whole, int etype)
{
    static unsigned char cipher[RXKAD_2B_MAX_LENGTH + 1];
    int64_t kvno = 3;
    size_t n;

    for (n = 0; n <= length; n++) {
	memset(enc_part, 0, sizeof(*enc_part));
	memset(ticket, 0, sizeof(*ticket));
	add_enc_part(enc_part, etype, &kvno, cipher, n);
	add_ticket(ticket, 5, enc_part);
	if ((whole ? ticket->n : enc_part->n) == length)
	    return 1;
	/* not yet, and not by far: take a long step */
	if (length > 200 && n < length - 200)
	    n = length - 200;
	buf_free(enc_part);
	buf_free(ticket);
    }
    return 0;
}

static void
make_creds(krb5_creds *creds, const struct buf *ticket,
	   const struct kdf_vector *v)
{
    memset(creds, 0, sizeof(*creds));
    creds->ticket.data = ticket->p;
    creds->ticket.length = ticket->n;
    creds->session.keytype = v->etype;
    creds->session.keyvalue.data = rk_UNCONST(v->key);
    creds->session.keyvalue.length = v->length;
    creds->times.authtime = 1000;
    creds->times.starttime = 2000;
    creds->times.endtime = 3000;
}

static const struct kdf_vector *
vector_of(int etype)
{
    size_t i;

    for (i = 0; i < N_ELEMENTS(kdf_vectors); i++)
	if (kdf_vectors[i].etype == etype)
	    return &kdf_vectors[i];
    abort();
}

/*
 * REQ: RK-01, RK-02, RK-25: the number, the octets, the key, the times.
 */

static void
test_token(int32_t kvno)
{
    struct buf e, t;
    krb5_creds creds, before;
    rxkad_2b_token *token;
    rxkad_2b_limit limit = RXKAD_2B_LIMIT_TOO_LONG;
    krb5_error_code ret;
    const struct kdf_vector *v = vector_of(18);
    const struct buf *octets = kvno == RXKAD_2B_KVNO ? &e : &t;
    int good;

    make_ticket(&t, &e, 300, 0, 18);
    make_creds(&creds, &t, v);
    before = creds;
    ret = rxkad_2b_token_from_creds(context, &creds, RXKAD_2B_MODERN, kvno,
				    &token, &limit);
    good = check(ret == 0 && limit == RXKAD_2B_LIMIT_NONE,
		 "a token %d: %d", (int)kvno, (int)ret);
    if (good) {
	check(token->kvno == kvno && token->data.length == octets->n
	      && memcmp(token->data.data, octets->p, octets->n) == 0,
	      "%d: the octets of the ticket", (int)kvno);
	check(memcmp(token->session_key, v->des, 8) == 0
	      && token->service_etype == 18 && token->session_etype == 18,
	      "%d: the key", (int)kvno);
	check(token->start == 2000 && token->end == 3000
	      && token->warnings == 0, "%d: the times", (int)kvno);
    }
    rxkad_2b_token_free(token);

    creds.times.starttime = before.times.starttime = 0;
    ret = rxkad_2b_token_from_creds(context, &creds, RXKAD_2B_MODERN, kvno,
				    &token, NULL);
    check(ret == 0 && token->start == 1000,
	  "%d: authtime where there is no starttime", (int)kvno);
    rxkad_2b_token_free(token);

    /* REQ: RK-05 */
    check(memcmp(&creds, &before, sizeof(creds)) == 0
	  && memcmp(creds.session.keyvalue.data, v->key, v->length) == 0,
	  "%d: the credential is as it was", (int)kvno);
    buf_free(&e);
    buf_free(&t);
}

/*
 * REQ: RK-06, RK-07: each limit of each profile, for both numbers.
 */

static const struct row {
    rxkad_2b_profile profile;
    size_t length;
    int service, session;
    rxkad_2b_limit limit;
} rows[] = {
    { RXKAD_2B_STRICT, 31, 1, 1, RXKAD_2B_LIMIT_TOO_SHORT },
    { RXKAD_2B_STRICT, 32, 1, 1, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_STRICT, 344, 1, 1, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_STRICT, 345, 1, 1, RXKAD_2B_LIMIT_TOO_LONG },
    { RXKAD_2B_STRICT, 300, 2, 2, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_STRICT, 300, 3, 3, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_STRICT, 300, 18, 1, RXKAD_2B_LIMIT_SERVICE_ENCTYPE },
    { RXKAD_2B_STRICT, 300, 16, 1, RXKAD_2B_LIMIT_SERVICE_ENCTYPE },
    { RXKAD_2B_STRICT, 300, 1, 18, RXKAD_2B_LIMIT_SESSION_ENCTYPE },
    { RXKAD_2B_STRICT, 300, 1, 16, RXKAD_2B_LIMIT_SESSION_ENCTYPE },
    { RXKAD_2B_MODERN, 31, 18, 18, RXKAD_2B_LIMIT_TOO_SHORT },
    { RXKAD_2B_MODERN, 32, 18, 18, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_MODERN, 345, 18, 18, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_MODERN, 12000, 18, 18, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_MODERN, 12001, 18, 18, RXKAD_2B_LIMIT_TOO_LONG },
    { RXKAD_2B_MODERN, 300, 1, 18, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_MODERN, 300, 18, 1, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_MODERN, 300, 23, 23, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_MODERN, 300, 20, 20, RXKAD_2B_LIMIT_NONE },
    { RXKAD_2B_MODERN, 300, 0, 18, RXKAD_2B_LIMIT_SERVICE_ENCTYPE },
    { RXKAD_2B_MODERN, 300, -128, 18, RXKAD_2B_LIMIT_SERVICE_ENCTYPE }
};

static void
test_limits(const struct row *row, int32_t kvno)
{
    struct buf e, t;
    krb5_creds creds;
    rxkad_2b_token *token = (void *)1;
    rxkad_2b_limit limit, alone;
    krb5_error_code ret, want = 0;
    const char *msg;

    if (!make_ticket(&t, &e, row->length, kvno == RXKAD_2B_KVNO_TICKET,
		     row->service)) {
	check(0, "a Ticket of %lu octets", (unsigned long)row->length);
	return;
    }
    make_creds(&creds, &t, vector_of(row->session));
    ret = rxkad_2b_token_from_creds(context, &creds, row->profile, kvno,
				    &token, &limit);
    switch (row->limit) {
    case RXKAD_2B_LIMIT_NONE:
	break;
    case RXKAD_2B_LIMIT_TOO_SHORT:
    case RXKAD_2B_LIMIT_TOO_LONG:
	want = RXKAD_2B_ERR_TICKETLEN;
	break;
    default:
	want = KRB5_PROG_ETYPE_NOSUPP;
	break;
    }
    alone = rxkad_2b_check_limits(row->profile, row->length, row->service,
				  row->session);
    msg = krb5_get_error_message(context, ret);
    check(ret == want && limit == row->limit && alone == row->limit
	  && (ret == 0) == (token != NULL),
	  "%s %d, %lu octets, enctypes %d and %d: %s",
	  row->profile == RXKAD_2B_STRICT ? "strict" : "modern", (int)kvno,
	  (unsigned long)row->length, row->service, row->session,
	  ret ? msg : "fine");
    if (ret)
	check(strstr(msg, rxkad_2b_limit_string(limit)) != NULL,
	      "the message says which limit");
    krb5_free_error_message(context, msg);
    rxkad_2b_token_free(token);
    buf_free(&e);
    buf_free(&t);
}

/*
 * A Ticket cannot be as short as 31 octets.
 */

static void
test_all_limits(void)
{
    size_t i;

    for (i = 0; i < N_ELEMENTS(rows); i++) {
	test_limits(&rows[i], RXKAD_2B_KVNO);
	if (rows[i].length >= 300)
	    test_limits(&rows[i], RXKAD_2B_KVNO_TICKET);
    }
    check(rxkad_2b_check_limits(RXKAD_2B_MODERN, 100, 18, 4)
	  == RXKAD_2B_LIMIT_SESSION_ENCTYPE
	  && rxkad_2b_check_limits(RXKAD_2B_MODERN, 100, 18, -128)
	  == RXKAD_2B_LIMIT_SESSION_ENCTYPE,
	  "session keys without rxkad-kdf");
    check(rxkad_2b_check_limits(RXKAD_2B_STRICT, 100, 1, 0)
	  == RXKAD_2B_LIMIT_NONE
	  && rxkad_2b_check_limits(RXKAD_2B_MODERN, 100, 18, 0)
	  == RXKAD_2B_LIMIT_NONE, "a session key that is not known");
    check(rxkad_2b_check_limits(RXKAD_2B_MODERN, (size_t)-1, 18, 18)
	  == RXKAD_2B_LIMIT_TOO_LONG, "the longest length there is");
    check(rxkad_2b_check_limits((rxkad_2b_profile)0, 345, 1, 1)
	  == RXKAD_2B_LIMIT_TOO_LONG, "no profile is the strict one");
}

/*
 * REQ: RK-38: what is weak, or does not work in practice, is said.
 */

static void
test_warnings(void)
{
    check(rxkad_2b_warnings(8440, 18) == 0, "8440 octets");
    check(rxkad_2b_warnings(8441, 18) == RXKAD_2B_WARN_LONG, "8441 octets");
    check(rxkad_2b_warnings(100, 1) == RXKAD_2B_WARN_DES
	  && rxkad_2b_warnings(100, 3) == RXKAD_2B_WARN_DES, "DES");
    check(rxkad_2b_warnings(100, 19) == RXKAD_2B_WARN_ENCTYPE
	  && rxkad_2b_warnings(100, 20) == RXKAD_2B_WARN_ENCTYPE,
	  "AES with SHA-2");
}

static void
test_refused(void)
{
    struct buf e, t;
    krb5_creds creds;
    rxkad_2b_token *token = (void *)1;
    krb5_error_code ret;

    make_ticket(&t, &e, 300, 0, 18);
    make_creds(&creds, &t, vector_of(18));
    ret = rxkad_2b_token_from_creds(context, &creds, RXKAD_2B_MODERN, 5,
				    &token, NULL);
    check(ret == RXKAD_2B_ERR_UNKNOWNKEY && token == NULL,
	  "there is no token 5: %d", (int)ret);

    creds.ticket.length--;
    ret = rxkad_2b_token_from_creds(context, &creds, RXKAD_2B_MODERN,
				    RXKAD_2B_KVNO, &token, NULL);
    check(ret == ASN1_OVERRUN && token == NULL, "half a ticket: %d",
	  (int)ret);
    creds.ticket.length++;

    creds.session.keytype = 0;
    ret = rxkad_2b_token_from_creds(context, &creds, RXKAD_2B_MODERN,
				    RXKAD_2B_KVNO, &token, NULL);
    check(ret == KRB5_PROG_ETYPE_NOSUPP && token == NULL,
	  "no session key: %d", (int)ret);

    creds.session.keytype = 16;
    creds.session.keyvalue.length = 23;
    ret = rxkad_2b_token_from_creds(context, &creds, RXKAD_2B_MODERN,
				    RXKAD_2B_KVNO, &token, NULL);
    check(ret == KRB5_BAD_KEYSIZE && token == NULL,
	  "a session key of the wrong size: %d", (int)ret);
    rxkad_2b_token_free(NULL);
    buf_free(&e);
    buf_free(&t);
}

int
main(void)
{
    if (krb5_init_context(&context) != 0)
	return 1;
    test_token(RXKAD_2B_KVNO);
    test_token(RXKAD_2B_KVNO_TICKET);
    test_all_limits();
    test_warnings();
    test_refused();
    krb5_free_context(context);
    return check_done();
}
