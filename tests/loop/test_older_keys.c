/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Which keys an application server tries on a ticket that the key of its name
 * and version does not open, and what it says when none does.  Trials are
 * counted by where the right key has to stand to be found.
 *
 * REQ: KI-05, KI-06, KI-07, KI-08
 */

#include "krb_request.h"

#include "sec_test.h"

#define MAX_TRIALS 16
#define OTHER "other/loop.test@LOOP.TEST"

#define MODIFIED KRB5KRB_AP_ERR_MODIFIED
#define BADKEYVER KRB5KRB_AP_ERR_BADKEYVER

static krb5_context context;
static krb5_keyblock key, wrong, key128;

/*
 * A keytab of the service: each digit is the version of a wrong key, '*' is
 * the right one, of the version behind it.
 */
static krb5_keytab
keytab_of(const char *entries)
{
    static unsigned number;
    krb5_keytab keytab;
    char name[40];
    int right = 0;

    snprintf(name, sizeof(name), "MEMORY:older%u", number++);
    request_krb5(context, krb5_kt_resolve(context, name, &keytab),
		 "krb5_kt_resolve");
    for (; *entries != '\0'; entries++) {
	if (*entries == '*') {
	    right = 1;
	    continue;
	}
	request_add_key(context, keytab, REQUEST_SERVICE, *entries - '0',
			right ? &key : &wrong);
	right = 0;
    }
    return keytab;
}

static krb5_error_code
accept_request(const struct krb_request *req, const char *server,
	       krb5_keytab keytab)
{
    krb5_data ap_req;
    krb5_error_code ret;

    request_make(context, req, &ap_req);
    ret = request_accept(context, &ap_req, server, keytab, NULL);
    krb5_data_free(&ap_req);
    return ret;
}

/*
 * The answer to a request, of an acceptor without and with a name.
 */
static void
expect(const struct krb_request *req, krb5_keytab keytab,
       krb5_error_code any, krb5_error_code named, const char *what)
{
    krb5_error_code ret;

    ret = accept_request(req, NULL, keytab);
    check(ret == any, "%s, no name: %d, want %d", what, (int)ret, (int)any);
    ret = accept_request(req, REQUEST_SERVICE, keytab);
    check(ret == named, "%s, the name: %d, want %d", what, (int)ret,
	  (int)named);
}

static void
test_versions(void)
{
    static const struct {
	krb5_kvno kvno;		/* of the ticket; 0: none */
	const char *keytab;
	krb5_error_code want;
    } rows[] = {
	{ 5, "*5", 0 },
	{ 0, "*5", 0 },
	{ 0, "*45", 0 },	/* none: an older key, and the newest */
	{ 0, "45*6", 0 },
	{ 9, "3*45", 0 },	/* a version that is not there */
	{ 5, "3*45", 0 },	/* the right version is a wrong key */
	{ 3, "3*5", 0 },	/* or an older one than the right key's */
	{ 5, "5*5", 0 },	/* the same version twice, in either order */
	{ 5, "*55", 0 },
	{ 0, "5*5", 0 },
	{ 5, "555*5", 0 },
	{ 5, "345", MODIFIED },
	{ 0, "345", MODIFIED },
	{ 9, "345", BADKEYVER }
    };
    struct krb_request req;
    krb5_keytab keytab;
    char what[80];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	request_init(&req, &key);
	req.kvno = rows[i].kvno;
	keytab = keytab_of(rows[i].keytab);
	snprintf(what, sizeof(what), "version %u, keytab %s",
		 (unsigned)rows[i].kvno, rows[i].keytab);
	expect(&req, keytab, rows[i].want, rows[i].want, what);
	krb5_kt_close(context, keytab);
    }
}

static void
add_random_key(krb5_keytab keytab, krb5_kvno kvno)
{
    krb5_keyblock k;

    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &k), "key");
    request_add_key(context, keytab, REQUEST_SERVICE, kvno, &k);
    krb5_free_keyblock_contents(context, &k);
}

/*
 * There is a key of the ticket's version, and it is one of the trials; the
 * right one is so many versions older.
 */
static void
test_bound(unsigned older, krb5_error_code want)
{
    krb5_keytab keytab = keytab_of("");
    struct krb_request req;
    krb5_kvno kvno;
    char what[80];

    request_init(&req, &key);
    req.kvno = 100;
    for (kvno = 50; kvno <= 100; kvno++) {
	if (kvno == 100 - older)
	    request_add_key(context, keytab, REQUEST_SERVICE, kvno, &key);
	else
	    add_random_key(keytab, kvno);
    }
    snprintf(what, sizeof(what), "%u versions older", older);
    expect(&req, keytab, want, want, what);
    krb5_kt_close(context, keytab);
}

/*
 * The first key of the ticket's version that krb5_kt_get_entry() finds, and
 * so many others of that version before the right one.
 */
static void
test_same_version(unsigned others, krb5_error_code want)
{
    krb5_keytab keytab = keytab_of("5");
    struct krb_request req;
    char what[80];
    unsigned i;

    request_init(&req, &key);
    req.kvno = 5;
    for (i = 0; i < others; i++)
	add_random_key(keytab, 5);
    request_add_key(context, keytab, REQUEST_SERVICE, 5, &key);
    snprintf(what, sizeof(what), "behind %u of the same version", others + 1);
    expect(&req, keytab, want, want, what);
    krb5_kt_close(context, keytab);
}

/*
 * A keytab or a ticket that has the last 8 bits of the version: that key is
 * tried before newer ones.
 */
static void
test_modulo(krb5_kvno ticket, krb5_kvno right)
{
    krb5_keytab keytab = keytab_of("");
    struct krb_request req;
    krb5_kvno kvno;
    char what[80];

    request_init(&req, &key);
    req.kvno = ticket;
    for (kvno = right; kvno < right + 50; kvno++)
	request_add_key(context, keytab, REQUEST_SERVICE, kvno,
			kvno == right ? &key : &wrong);
    snprintf(what, sizeof(what), "version %u is %u, modulo 256",
	     (unsigned)ticket, (unsigned)right);
    expect(&req, keytab, 0, 0, what);
    krb5_kt_close(context, keytab);
}

/*
 * Keys of other services: tried by who takes any key, as ever, and behind the
 * service's own.
 */
static void
test_other_services(void)
{
    krb5_keytab keytab = keytab_of("345");
    struct krb_request req;

    request_init(&req, &key);
    req.kvno = 5;
    request_add_key(context, keytab, OTHER, 5, &key);
    expect(&req, keytab, 0, MODIFIED, "another service's key");
    req.server = OTHER;
    expect(&req, keytab, 0, MODIFIED, "a ticket of another service");
    krb5_kt_close(context, keytab);
}

static void
test_missing(void)
{
    static const krb5_enctype none = 0;
    krb5_keytab keytab = keytab_of("");
    struct krb_request req;

    request_init(&req, &key);
    request_add_key(context, keytab, OTHER, 1, &wrong);
    expect(&req, keytab, KRB5KRB_AP_ERR_NOT_US, KRB5_KT_NOTFOUND,
	   "no such principal");
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &key128);
    expect(&req, keytab, KRB5KRB_AP_ERR_NOKEY, KRB5KRB_AP_ERR_NOKEY,
	   "another enctype");
    req.claim = &none;
    expect(&req, keytab, KRB5KRB_AP_ERR_NOKEY, KRB5KRB_AP_ERR_NOKEY,
	   "no enctype");
    req.claim = NULL;
    request_add_key(context, keytab, REQUEST_SERVICE, 1, &key);
    expect(&req, keytab, 0, 0, "and now it is there");
    krb5_kt_close(context, keytab);
}

/* where in an AP-REQ, and what is done to it */
enum damage { NONE, TICKET, SHORT_TICKET, AUTHENTICATOR, SHORT_AUTHENTICATOR };

static void
damage_request(const krb5_data *good, enum damage damage, krb5_data *bad)
{
    EncryptedData *part;
    size_t size, len;
    krb5_error_code ret;
    AP_REQ req;

    request_krb5(context, decode_AP_REQ(good->data, good->length, &req,
					&size), "decode_AP_REQ");
    part = damage == TICKET || damage == SHORT_TICKET ?
	&req.ticket.enc_part : &req.authenticator;
    if (damage == TICKET || damage == AUTHENTICATOR)
	((unsigned char *)part->cipher.data)[20] ^= 1;
    else if (damage != NONE)
	part->cipher.length = 5;
    ASN1_MALLOC_ENCODE(AP_REQ, bad->data, bad->length, &req, &len, ret);
    request_krb5(context, ret, "encode_AP_REQ");
    free_AP_REQ(&req);
}

/*
 * What the server says, and what libkrb5 says to the KDC, which does not map
 * it and finds the right key of the krbtgt that way.
 */
static void
test_damage(enum damage damage, const char *what, krb5_error_code server,
	    krb5_error_code kdc)
{
    krb5_keytab keytab = keytab_of("3*45");
    krb5_auth_context ac = NULL;
    struct krb_request req;
    krb5_data good, bad;
    krb5_error_code ret;
    AP_REQ ap_req;

    request_init(&req, &key);
    req.kvno = 4;
    request_make(context, &req, &good);
    damage_request(&good, damage, &bad);
    ret = request_accept(context, &bad, NULL, keytab, NULL);
    check(ret == server, "%s, no name: %d", what, (int)ret);
    ret = request_accept(context, &bad, REQUEST_SERVICE, keytab, NULL);
    check(ret == server, "%s, the name: %d", what, (int)ret);
    ret = krb5_rd_req_with_keyblock(context, &ac, &bad, NULL, &key, NULL,
				    NULL);
    check(ret == server, "%s, the key: %d", what, (int)ret);
    krb5_auth_con_free(context, ac);

    ac = NULL;
    request_krb5(context, krb5_decode_ap_req(context, &bad, &ap_req),
		 "krb5_decode_ap_req");
    ret = krb5_verify_ap_req(context, &ac, &ap_req, NULL, &key, 0, NULL, NULL);
    check(ret == kdc, "%s, krb5_verify_ap_req(): %d", what, (int)ret);
    krb5_auth_con_free(context, ac);
    ac = NULL;
    if (damage == TICKET || damage == SHORT_TICKET) {
	ret = krb5_verify_ap_req2(context, &ac, &ap_req, NULL, &key, 0, NULL,
				  NULL, KRB5_KU_TGS_REQ_AUTH);
	check(ret == kdc, "%s, the KDC: %d", what, (int)ret);
	krb5_auth_con_free(context, ac);
    }
    free_AP_REQ(&ap_req);

    ret = request_accept(context, &good, NULL, keytab, NULL);
    check(ret == 0, "   and the request as it was: %d", (int)ret);
    krb5_data_free(&good);
    krb5_data_free(&bad);
    krb5_kt_close(context, keytab);
}

/*
 * A key that opens the ticket ends the search, whatever the ticket says.
 */
static void
test_true_error(void)
{
    krb5_keytab keytab = keytab_of("4*35");
    struct krb_request req;

    request_init(&req, &key);
    req.kvno = 5;
    req.now = time(NULL) - 7200;
    expect(&req, keytab, KRB5KRB_AP_ERR_TKT_EXPIRED,
	   KRB5KRB_AP_ERR_TKT_EXPIRED, "an older key, and expired");
    krb5_kt_close(context, keytab);
}

/* a keytab that is the KDC's database: asked by name, large */
static struct krb5_keytab_data database;
static krb5_keytab contents;
static unsigned lookups, walks;

static krb5_error_code KRB5_CALLCONV
database_get(krb5_context c, krb5_keytab id, krb5_const_principal principal,
	     krb5_kvno kvno, krb5_enctype enctype, krb5_keytab_entry *entry)
{
    lookups++;
    return krb5_kt_get_entry(c, contents, principal, kvno, enctype, entry);
}

static krb5_error_code KRB5_CALLCONV
database_walk(krb5_context c, krb5_keytab id, krb5_kt_cursor *cursor)
{
    walks++;
    return krb5_kt_start_seq_get(c, contents, cursor);
}

/*
 * Nobody can have the database read from end to end.
 */
static void
test_database(void)
{
    struct krb_request req;

    contents = keytab_of("34*5");
    database = *contents;
    database.get = database_get;
    database.start_seq_get = database_walk;
    request_init(&req, &key);
    req.kvno = 5;
    expect(&req, &database, 0, 0, "database: the key");
    req.kvno = 9;
    expect(&req, &database, 0, 0, "database: the newest key");
    req.kvno = 4;
    expect(&req, &database, 0, 0, "database: the newest, not the named one");
    req.key = &wrong;
    lookups = 0;
    expect(&req, &database, 0, 0, "database: an old key by its version");
    check(lookups == 2, "   one look each (%u)", lookups);
    req.kvno = 5;
    lookups = 0;
    expect(&req, &database, MODIFIED, MODIFIED, "database: a wrong key");
    req.kvno = 9;
    expect(&req, &database, BADKEYVER, BADKEYVER,
	   "database: another version");
    check(lookups <= 8, "   two looks each (%u)", lookups);
    req.server = OTHER;
    check(accept_request(&req, NULL, &database) == KRB5KRB_AP_ERR_NOT_US,
	  "database: another service");
    check(walks == 0, "it was never read from end to end (%u)", walks);
    krb5_kt_close(context, contents);
}

int
main(int argc, char **argv)
{
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	return 1;
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &key), "key");
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES256_CTS_HMAC_SHA1_96, &wrong), "key");
    request_krb5(context, krb5_generate_random_keyblock(context,
		 ETYPE_AES128_CTS_HMAC_SHA1_96, &key128), "key");

    test_versions();
    test_bound(0, 0);
    test_bound(1, 0);
    test_bound(MAX_TRIALS - 1, 0);
    test_bound(MAX_TRIALS, MODIFIED);
    test_bound(50, MODIFIED);
    test_same_version(MAX_TRIALS - 2, 0);
    test_same_version(MAX_TRIALS - 1, MODIFIED);
    test_modulo(260, 4);
    test_modulo(4, 260);
    test_modulo(256, 512);
    test_other_services();
    test_missing();
    test_damage(NONE, "nothing", 0, 0);
    test_damage(TICKET, "a ticket that was changed", MODIFIED,
		KRB5KRB_AP_ERR_BAD_INTEGRITY);
    test_damage(SHORT_TICKET, "a ticket that is too short", MODIFIED,
		KRB5_BAD_MSIZE);
    test_damage(AUTHENTICATOR, "an Authenticator that was changed", MODIFIED,
		KRB5KRB_AP_ERR_BAD_INTEGRITY);
    test_damage(SHORT_AUTHENTICATOR, "an Authenticator that is too short",
		MODIFIED, KRB5_BAD_MSIZE);
    test_true_error();
    test_database();

    krb5_free_keyblock_contents(context, &key);
    krb5_free_keyblock_contents(context, &wrong);
    krb5_free_keyblock_contents(context, &key128);
    krb5_free_context(context);
    return check_done();
}
