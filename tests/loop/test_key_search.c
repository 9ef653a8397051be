/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Which keys an acceptor tries on a ticket whose name and version are not in
 * its keytab: at most 16, and in which order.  The trials are counted by
 * where the right key has to stand to be found.
 */

#include "krb_request.h"

#include "sec_test.h"

#define MAX_TRIALS 16
#define NO_TICKET ((krb5_error_code)-4711)

static krb5_context context;
static krb5_keyblock key, wrong, wrong128;

static krb5_keytab
new_keytab(void)
{
    static unsigned number;
    krb5_keytab keytab;
    char name[40];

    snprintf(name, sizeof(name), "MEMORY:search%u", number++);
    request_krb5(context, krb5_kt_resolve(context, name, &keytab),
		 "krb5_kt_resolve");
    return keytab;
}

/* Add number entries of other principals. */
static void
add_others(krb5_keytab keytab, unsigned number, const krb5_keyblock *k)
{
    static unsigned serial;
    char name[60];

    while (number-- > 0) {
	snprintf(name, sizeof(name), "other%u/loop.test@LOOP.TEST", serial++);
	request_add_key(context, keytab, name, 1, k);
    }
}

/*
 * An acceptor's answer to req.  On success *accepted_as, if not NULL, tells
 * whose key it was; free().
 */
static krb5_error_code
accept_request(const struct krb_request *req, const char *server,
	       krb5_keytab keytab, char **accepted_as)
{
    krb5_ticket *ticket = NULL;
    krb5_data ap_req;
    krb5_error_code ret;

    request_make(context, req, &ap_req);
    ret = request_accept(context, &ap_req, server, keytab, &ticket);
    krb5_data_free(&ap_req);
    if (ret)
	return ret;
    if (ticket == NULL)
	return NO_TICKET;
    if (accepted_as)
	request_krb5(context, krb5_unparse_name(context, ticket->server,
						accepted_as), "unparse");
    krb5_free_ticket(context, ticket);
    return 0;
}

static void
test_good(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;
    krb5_error_code ret;

    request_init(&req, &key);
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &key);
    ret = accept_request(&req, NULL, keytab, NULL);
    check(ret == 0, "a good request, no name (%d)", (int)ret);
    ret = accept_request(&req, REQUEST_SERVICE, keytab, NULL);
    check(ret == 0, "a good request, the name (%d)", (int)ret);
    krb5_kt_close(context, keytab);
}

/*
 * The keytab has before other keys, then the right one under another name,
 * then behind other keys.
 */
static void
test_position(unsigned before, unsigned behind, krb5_error_code want)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;
    krb5_error_code ret;
    char *name = NULL;

    request_init(&req, &key);
    add_others(keytab, 100, &wrong128);	/* another enctype: not tried */
    add_others(keytab, before, &wrong);
    request_add_key(context, keytab, "alias/loop.test@LOOP.TEST", 7, &key);
    add_others(keytab, behind, &wrong);
    ret = accept_request(&req, NULL, keytab, &name);
    check(ret == want &&
	  (ret || strcmp(name, "alias/loop.test@LOOP.TEST") == 0),
	  "the right key, another name, behind %u, before %u: %d, want %d",
	  before, behind, (int)ret, (int)want);
    free(name);
    krb5_kt_close(context, keytab);
}

/*
 * The keytab has versions 1 to 40 of the server's key, in rising or falling
 * order, behind keys of others; the ticket is of version 99 (or of one that
 * is not told) and the key it needs is version right.
 */
static void
test_version(krb5_kvno right, int rising, krb5_error_code want)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;
    krb5_error_code ret;
    krb5_kvno i, kvno;

    request_init(&req, &key);
    req.kvno = 99;
    add_others(keytab, 50, &wrong);
    for (i = 1; i <= 40; i++) {
	kvno = rising ? i : 41 - i;
	request_add_key(context, keytab, REQUEST_SERVICE, kvno,
			kvno == right ? &key : &wrong);
	request_add_key(context, keytab, REQUEST_SERVICE, kvno, &wrong128);
    }
    add_others(keytab, 50, &wrong);
    ret = accept_request(&req, NULL, keytab, NULL);
    check(ret == want, "version %u of 40, %s: %d, want %d", (unsigned)right,
	  rising ? "rising" : "falling", (int)ret, (int)want);
    krb5_kt_close(context, keytab);
}

/*
 * Three versions of the server's key and others' keys: right is the position
 * among the others.
 */
static void
test_mixed(unsigned right, krb5_error_code want)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;
    krb5_error_code ret;

    request_init(&req, &key);
    req.kvno = 99;
    add_others(keytab, right, &wrong);
    add_others(keytab, 1, &key);
    add_others(keytab, 40, &wrong);
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &wrong);
    request_add_key(context, keytab, REQUEST_SERVICE, 3, &wrong);
    request_add_key(context, keytab, REQUEST_SERVICE, 2, &wrong);
    ret = accept_request(&req, NULL, keytab, NULL);
    check(ret == want, "3 of the server, then others, right is %u: %d, "
	  "want %d", right, (int)ret, (int)want);
    krb5_kt_close(context, keytab);
}

static void
test_errors(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;

#define ANSWER(server, want, what) do {					\
	krb5_error_code ret_ = accept_request(&req, (server), keytab, NULL);\
	check(ret_ == (want), "%s: %d, want %d", (what), (int)ret_,	\
	      (int)(want));						\
    } while (0)

    request_init(&req, &key);
    req.kvno = 5;
    add_others(keytab, 3, &wrong);
    ANSWER(NULL, KRB5KRB_AP_ERR_NOT_US, "not in the keytab, no name");
    ANSWER(REQUEST_SERVICE, KRB5_KT_NOTFOUND, "not in the keytab, the name");
    request_add_key(context, keytab, REQUEST_SERVICE, 5, &wrong128);
    ANSWER(NULL, KRB5KRB_AP_ERR_NOKEY, "another enctype, no name");
    ANSWER(REQUEST_SERVICE, KRB5KRB_AP_ERR_NOKEY,
	   "another enctype, the name");
    request_add_key(context, keytab, REQUEST_SERVICE, 4, &wrong);
    ANSWER(NULL, KRB5KRB_AP_ERR_BADKEYVER, "another version, no name");
    ANSWER(REQUEST_SERVICE, KRB5KRB_AP_ERR_BADKEYVER,
	   "another version, the name");
    request_add_key(context, keytab, REQUEST_SERVICE, 3, &key);
    ANSWER(NULL, 0, "the right key, another version, no name");
    ANSWER(REQUEST_SERVICE, 0, "the right key, another version, the name");
    ANSWER("another/loop.test@LOOP.TEST", KRB5_KT_NOTFOUND,
	   "the right key, but of another name");
    krb5_kt_close(context, keytab);
}

/*
 * What is wrong with a ticket that a key opens is told.
 */
static void
test_true_error(void)
{
    krb5_keytab keytab = new_keytab();
    struct krb_request req;
    krb5_data ap_req;
    AP_REQ msg;
    size_t size, len;
    krb5_error_code ret;

    request_init(&req, &key);
    add_others(keytab, 5, &wrong);
    add_others(keytab, 1, &key);
    add_others(keytab, 5, &wrong);
    ANSWER(NULL, 0, "a key behind five");
    req.now = time(NULL) - 7200;
    ANSWER(NULL, KRB5KRB_AP_ERR_TKT_EXPIRED, "a ticket that has expired");
    req.now = time(NULL) + 7200;
    ANSWER(NULL, KRB5KRB_AP_ERR_TKT_NYV, "a ticket not yet valid");
    req.now = time(NULL);

    request_make(context, &req, &ap_req);
    ret = decode_AP_REQ(ap_req.data, ap_req.length, &msg, &size);
    request_krb5(context, ret, "decode_AP_REQ");
    krb5_data_free(&ap_req);
    ((unsigned char *)msg.authenticator.cipher.data)[20] ^= 1;
    ASN1_MALLOC_ENCODE(AP_REQ, ap_req.data, ap_req.length, &msg, &len, ret);
    request_krb5(context, ret, "encode_AP_REQ");
    free_AP_REQ(&msg);
    ret = request_accept(context, &ap_req, NULL, keytab, NULL);
    check(ret == KRB5KRB_AP_ERR_MODIFIED,
	  "an Authenticator that is changed: %d", (int)ret);
    krb5_data_free(&ap_req);
    ANSWER(NULL, 0, "and a good one");
    krb5_kt_close(context, keytab);
}

/*
 * krb5_verify_init_creds() lets pass what it cannot verify, as long as the
 * host has no key.  A ticket of a version or an enctype that was made up is
 * not that.
 */
static void
test_verify_init_creds(krb5_kvno kvno, const krb5_keyblock *has_key,
		       const krb5_enctype *claim, krb5_error_code want)
{
    krb5_keytab keytab = new_keytab();
    krb5_verify_init_creds_opt opt;
    struct krb_request req;
    krb5_creds creds;
    krb5_error_code ret;

    request_init(&req, &key);
    req.kvno = kvno;
    if (has_key)
	request_add_key(context, keytab, REQUEST_SERVICE, 1, has_key);
    else
	add_others(keytab, 1, &wrong);
    req.claim = claim;
    if (kvno != 1)
	req.key = &wrong;
    request_creds(context, &req, &creds);
    krb5_verify_init_creds_opt_init(&opt);
    ret = krb5_verify_init_creds(context, &creds, creds.server, keytab, NULL,
				 &opt);
    check(ret == want, "krb5_verify_init_creds, version %u, %s key, enctype "
	  "%d: %d, want %d", (unsigned)kvno, has_key ? "has a" : "no",
	  claim ? (int)*claim : (int)key.keytype, (int)ret, (int)want);
    krb5_free_cred_contents(context, &creds);
    krb5_kt_close(context, keytab);
}

/*
 * A keytab that cannot be read: whatever key it may have, no other answer than
 * that is the right one.
 */
static krb5_error_code KRB5_CALLCONV
broken_resolve(krb5_context c, const char *name, krb5_keytab id)
{
    return 0;
}

static krb5_error_code KRB5_CALLCONV
broken_name(krb5_context c, krb5_keytab id, char *name, size_t size)
{
    strlcpy(name, "broken", size);
    return 0;
}

static krb5_error_code KRB5_CALLCONV
broken_close(krb5_context c, krb5_keytab id)
{
    return 0;
}

static krb5_error_code KRB5_CALLCONV
broken_get(krb5_context c, krb5_keytab id, krb5_const_principal principal,
	   krb5_kvno kvno, krb5_enctype enctype, krb5_keytab_entry *entry)
{
    return EIO;
}

/* The keytab of a database: the newest key, or that of version 1. */
static krb5_error_code KRB5_CALLCONV
database_get(krb5_context c, krb5_keytab id, krb5_const_principal principal,
	     krb5_kvno kvno, krb5_enctype enctype, krb5_keytab_entry *entry)
{
    if (kvno > 1)
	return KRB5_KT_NOTFOUND;
    memset(entry, 0, sizeof(*entry));
    entry->vno = kvno == 0 ? 5 : 1;
    request_krb5(c, krb5_copy_principal(c, principal, &entry->principal),
		 "name");
    return krb5_copy_keyblock_contents(c, &wrong, &entry->keyblock);
}

static int broken_at;		/* which call fails: 0 is the start */

static krb5_error_code KRB5_CALLCONV
broken_start(krb5_context c, krb5_keytab id, krb5_kt_cursor *cursor)
{
    cursor->fd = 0;
    return broken_at == 0 ? EIO : 0;
}

static krb5_error_code KRB5_CALLCONV
broken_next(krb5_context c, krb5_keytab id, krb5_keytab_entry *entry,
	    krb5_kt_cursor *cursor)
{
    if (++cursor->fd == broken_at)
	return EIO;
    memset(entry, 0, sizeof(*entry));
    entry->vno = 1;
    request_krb5(c, krb5_parse_name(c, "other/loop.test@LOOP.TEST",
				    &entry->principal), "name");
    return krb5_copy_keyblock_contents(c, &wrong, &entry->keyblock);
}

static krb5_error_code KRB5_CALLCONV
broken_end(krb5_context c, krb5_keytab id, krb5_kt_cursor *cursor)
{
    return 0;
}

static krb5_kt_ops broken_list = {
    "BROKEN", broken_resolve, broken_name, broken_close, NULL, NULL,
    broken_start, broken_next, broken_end, NULL, NULL
};

static krb5_kt_ops broken_by_name = {
    "BROKENGET", broken_resolve, broken_name, broken_close, NULL, broken_get,
    NULL, NULL, NULL, NULL, NULL
};

static krb5_kt_ops database = {
    "DATABASE", broken_resolve, broken_name, broken_close, NULL, database_get,
    NULL, NULL, NULL, NULL, NULL
};

/* What is not in it, and what is and does not open the ticket. */
static void
test_database(void)
{
    struct krb_request req;
    krb5_keytab keytab;

    request_krb5(context, krb5_kt_register(context, &database), "DATABASE");
    request_krb5(context, krb5_kt_resolve(context, "DATABASE:", &keytab),
		 "DATABASE");
    request_init(&req, &key);
    ANSWER(NULL, KRB5KRB_AP_ERR_MODIFIED, "a version that is there");
    req.kvno = 4;
    ANSWER(NULL, KRB5KRB_AP_ERR_BADKEYVER, "a version that is not there");
    req.kvno = 1;
    req.key = &wrong;
    ANSWER(NULL, 0, "its key");
    krb5_kt_close(context, keytab);
}

static void
test_broken(void)
{
    struct krb_request req;
    krb5_keytab keytab;

    request_krb5(context, krb5_kt_register(context, &broken_list), "BROKEN");
    request_krb5(context, krb5_kt_register(context, &broken_by_name),
		 "BROKENGET");
    request_init(&req, &key);
    request_krb5(context, krb5_kt_resolve(context, "BROKEN:", &keytab),
		 "BROKEN");
    broken_at = 0;
    ANSWER(NULL, EIO, "a keytab that cannot be opened, no name");
    ANSWER(REQUEST_SERVICE, KRB5_KT_NOTFOUND,
	   "a keytab that cannot be opened, the name");
    for (broken_at = 1; broken_at < 4; broken_at++) {
	ANSWER(NULL, EIO, "a keytab that cannot be read on, no name");
	ANSWER(REQUEST_SERVICE, EIO,
	       "a keytab that cannot be read on, the name");
    }
    krb5_kt_close(context, keytab);
    request_krb5(context, krb5_kt_resolve(context, "BROKENGET:", &keytab),
		 "BROKENGET");
    ANSWER(NULL, EIO, "a keytab that cannot be asked, no name");
    ANSWER(REQUEST_SERVICE, EIO, "a keytab that cannot be asked, the name");
    krb5_kt_close(context, keytab);
}

int
main(int argc, char **argv)
{
    static const krb5_enctype none = 0, des = ETYPE_DES_CBC_MD5;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	return 1;
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &key), "key");
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &wrong), "key");
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES128_CTS_HMAC_SHA1_96, &wrong128), "key");

    test_good();
    test_position(0, 0, 0);
    test_position(0, 2000, 0);
    test_position(MAX_TRIALS - 1, 0, 0);
    test_position(MAX_TRIALS - 1, 2000, 0);
    test_position(MAX_TRIALS, 0, KRB5KRB_AP_ERR_NOT_US);
    test_position(MAX_TRIALS, 2000, KRB5KRB_AP_ERR_NOT_US);
    test_position(1999, 0, KRB5KRB_AP_ERR_NOT_US);
    test_version(40, 1, 0);
    test_version(40, 0, 0);
    test_version(40 - MAX_TRIALS + 1, 1, 0);
    test_version(40 - MAX_TRIALS + 1, 0, 0);
    test_version(40 - MAX_TRIALS, 1, KRB5KRB_AP_ERR_BADKEYVER);
    test_version(40 - MAX_TRIALS, 0, KRB5KRB_AP_ERR_BADKEYVER);
    test_version(1, 1, KRB5KRB_AP_ERR_BADKEYVER);
    test_mixed(0, 0);
    test_mixed(MAX_TRIALS - 3 - 1, 0);
    test_mixed(MAX_TRIALS - 3, KRB5KRB_AP_ERR_BADKEYVER);
    test_errors();
    test_broken();
    test_database();
    test_true_error();
    test_verify_init_creds(1, &key, NULL, 0);
    test_verify_init_creds(1, NULL, NULL, 0);
    test_verify_init_creds(99, NULL, NULL, 0);
    test_verify_init_creds(99, &key, NULL, KRB5KRB_AP_ERR_BADKEYVER);
    test_verify_init_creds(1, &wrong128, NULL, KRB5KRB_AP_ERR_NOKEY);
    test_verify_init_creds(99, &key, &none, KRB5KRB_AP_ERR_NOKEY);
    test_verify_init_creds(99, &key, &des, KRB5KRB_AP_ERR_NOKEY);
    test_verify_init_creds(1, &wrong, NULL, KRB5KRB_AP_ERR_MODIFIED);
    test_good();

    krb5_free_keyblock_contents(context, &key);
    krb5_free_keyblock_contents(context, &wrong);
    krb5_free_keyblock_contents(context, &wrong128);
    krb5_free_context(context);
    return check_done();
}
