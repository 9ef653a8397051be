/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The functions of which exchanges with extra context tokens are made, with
 * contexts that are made by hand: values that no peer of ours sends, and
 * states in which nobody should call.
 */

#include <gsskrb5_locl.h>
#include <gsskrb5_ext.h>
#include <err.h>

#include "exchange.h"
#include "sec_test.h"
#include "set_config.h"

#define SERVICE "service/host.test@SECURITY.TEST"
#define DELEG GSS_C_DELEG_FLAG
#define MUTUAL GSS_C_MUTUAL_FLAG
#define READY GSS_C_PROT_READY_FLAG

static krb5_context context;

/* A context with everything that a case may want. */
struct made {
    struct gsskrb5_ctx ctx;
    struct gsskrb5_ext_exchange ext;
};

static krb5_principal
name(const char *text)
{
    krb5_principal p;

    if (krb5_parse_name(context, text, &p))
	errx(1, "%s", text);
    return p;
}

static void
begin(struct made *m)
{
    memset(m, 0, sizeof(*m));
    m->ctx.ext = &m->ext;
    HEIMDAL_MUTEX_init(&m->ctx.ctx_id_mutex);
    m->ctx.target = name(SERVICE);
    m->ctx.source = name("user@SECURITY.TEST");
    if (krb5_auth_con_init(context, &m->ctx.auth_context))
	errx(1, "krb5_auth_con_init");
    m->ext.enabled = 1;
}

static void
end(struct made *m)
{
    krb5_free_principal(context, m->ctx.target);
    krb5_free_principal(context, m->ctx.source);
    krb5_auth_con_free(context, m->ctx.auth_context);
    if (m->ctx.ext != NULL)
	_gsskrb5_ext_forget_early(context, &m->ctx);
    _gsskrb5_ext_done(context, &m->ext);
}

static krb5_keyblock *
new_key(krb5_enctype enctype)
{
    krb5_keyblock *key = calloc(1, sizeof(*key));

    if (key == NULL || krb5_generate_random_keyblock(context, enctype, key))
	errx(1, "no key");
    return key;
}

/* -- message.c --------------------------------------------------------- */

/*
 * REQ: XT-12, XT-22, XT-59
 */
static void
test_codes(void)
{
    static const struct {
	krb5_error_code code;
	int32_t wire;
    } cases[] = {
	{ KRB5KRB_AP_ERR_NOKEY, 45 },
	{ KRB5_KT_NOTFOUND, 45 },
	{ KRB5_KT_END, 45 },
	{ KRB5KRB_AP_ERR_SKEW, 37 },
	{ KRB5KDC_ERR_NONE + 1, 1 },
	{ KRB5KDC_ERR_NONE, 60 },
	{ KRB5KDC_ERR_NONE - 1, 60 },
	{ KRB5_ERR_RCSID - 1, 127 },
	{ KRB5_ERR_RCSID, 60 },
	{ KRB5_ERR_RCSID + 1, 60 },
	{ ENOMEM, 60 },
	{ 0, 60 }
    };
    static const struct {
	int32_t wire;
	krb5_error_code code;
    } back[] = {
	{ 37, KRB5KRB_AP_ERR_SKEW },
	{ 1, KRB5KDC_ERR_NONE + 1 },
	{ 127, KRB5KDC_ERR_NONE + 127 },
	{ 128, KRB5KRB_ERR_GENERIC },
	{ 0, KRB5KRB_ERR_GENERIC },
	{ -1, KRB5KRB_ERR_GENERIC },
	{ INT32_MAX, KRB5KRB_ERR_GENERIC },
	{ INT32_MIN, KRB5KRB_ERR_GENERIC }
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	check(_gsskrb5_ext_wire_code(cases[i].code) == cases[i].wire,
	      "%d is %d on the wire", (int)cases[i].code,
	      (int)cases[i].wire);
    for (i = 0; i < sizeof(back) / sizeof(back[0]); i++)
	check(_gsskrb5_ext_local_code(back[i].wire) == back[i].code,
	      "%d on the wire is %d", (int)back[i].wire, (int)back[i].code);
}

/*
 * Tokens that are framed as a KRB-ERROR2; what stands behind them in memory is
 * what would make one of them.
 *
 * REQ: XT-06
 */
static void
test_find(void)
{
    static const struct {
	const char *what, *id, *pdu;
	size_t length;
	enum gsskrb5_ext_found found;
    } cases[] = {
	{ "another is wanted", "\2\0", "\x7f\x37\0\0", 3,
	  GSSKRB5_EXT_CONTINUE },
	{ "the end", "\3\0", "\x7f\x37\0\0", 3, GSSKRB5_EXT_FINAL },
	{ "a tag and no more", "\2\0", "\x7f\x37\0\0", 2,
	  GSSKRB5_EXT_CONTINUE },
	{ "half of the tag", "\2\0", "\x7f\x37\0\0", 1, GSSKRB5_EXT_NONE },
	{ "nothing", "\3\0", "\x7f\x37\0\0", 0, GSSKRB5_EXT_NONE },
	{ "an AP-REP", "\2\0", "\x6f\x37\0\0", 3, GSSKRB5_EXT_NONE },
	{ "[APPLICATION 56]", "\2\0", "\x7f\x38\0\0", 3, GSSKRB5_EXT_NONE },
	{ "an AP-REQ's token", "\1\0", "\x7f\x37\0\0", 3, GSSKRB5_EXT_NONE }
    };
    static const unsigned char head[] = {
	0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2
    };
    unsigned char octets[64];
    gss_buffer_desc token;
    krb5_data pdu;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	octets[0] = 0x60;
	octets[1] = sizeof(head) + 2 + cases[i].length;
	memcpy(octets + 2, head, sizeof(head));
	memcpy(octets + 2 + sizeof(head), cases[i].id, 2);
	memcpy(octets + 4 + sizeof(head), cases[i].pdu, 4);
	token.value = octets;
	token.length = 2 + octets[1];
	check(_gsskrb5_ext_find(&token, &pdu) == cases[i].found,
	      "a token: %s", cases[i].what);
    }
}

/* -- error_token.c ----------------------------------------------------- */

static void
test_error_token(void)
{
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out = GSS_C_EMPTY_BUFFER;
    struct made m;

    begin(&m);
    _gsskrb5_ext_error_token(context, &m.ctx, GSS_S_FAILURE,
			     KRB5KRB_AP_ERR_SKEW, GSS_C_NO_BUFFER, &out);
    check(out.length == 0, "no answer to no token");
    m.ctx.ext = NULL;
    _gsskrb5_ext_error_token(context, &m.ctx, GSS_S_FAILURE,
			     KRB5KRB_AP_ERR_SKEW, &in, &out);
    check(out.length == 0, "nor to an empty one, before there is an exchange");
    end(&m);
}

/* -- inquire.c --------------------------------------------------------- */

static void
inquired(struct made *m, const char *want)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 major, minor;

    major = _gsskrb5_ext_inquire_exchange(&minor, &m->ctx, &set);
    check(major == GSS_S_COMPLETE && set->count == 1 &&
	  strncmp(set->elements[0].value, want, strlen(want)) == 0,
	  "%s: %.*s", want, set ? (int)set->elements[0].length : 0,
	  set ? (char *)set->elements[0].value : "");
    gss_release_buffer_set(&minor, &set);
}

static void
test_inquire(void)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    struct made m;
    OM_uint32 minor;

    begin(&m);
    inquired(&m, "tokens=0 offered=no protection=none confirmed=no "
	     "recovered=no user2user=no clock=0 acceptor-authdata=none");
    m.ext.cached = 1;
    inquired(&m, "tokens=0 offered=no protection=cache confirmed=no");
    m.ext.answered = 1;
    m.ext.clock = -77;
    inquired(&m, "tokens=0 offered=no protection=challenge,cache "
	     "confirmed=no recovered=no user2user=no clock=-77 ");
    m.ext.cached = 0;
    inquired(&m, "tokens=0 offered=no protection=challenge confirmed=no");
    m.ctx.more_flags |= LOCAL;
    inquired(&m, "tokens=0 offered=no protection=none confirmed=no "
	     "recovered=no user2user=no clock=0 ");
    m.ctx.ext = NULL;
    check(_gsskrb5_ext_inquire_exchange(&minor, &m.ctx, &set) ==
	  GSS_S_UNAVAILABLE && set == GSS_C_NO_BUFFER_SET,
	  "a context that was imported");
    end(&m);
}

/* -- acceptor_authdata.c ----------------------------------------------- */

static void
test_oid(void)
{
    static const struct {
	const char *what, *arc;
	size_t length;
	int is;
	int32_t type;
    } cases[] = {
	{ "one octet", "\1", 1, 1, 1 },
	{ "0", "\0", 1, 1, 0 },
	{ "none", "", 0, 0, 0 },
	{ "two", "\x81\0", 2, 1, 128 },
	{ "five", "\x8f\xff\xff\xff\x7f", 5, 1, -1 },
	{ "2^32", "\x90\x80\x80\x80\0", 5, 0, 0 },
	{ "six", "\x81\x80\x80\x80\x80\1", 6, 0, 0 },
	{ "eleven, of which the highest bits fall off",
	  "\x82\x80\x80\x80\x80\x80\x80\x80\x80\x80\1", 11, 0, 0 },
	{ "twelve", "\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\1", 12, 0,
	  0 },
	{ "a zero in front", "\x80\1", 2, 0, 0 },
	{ "not ended", "\x81", 1, 0, 0 },
	{ "another arc behind it", "\1\1", 2, 0, 0 }
    };
    const gss_OID prefix = &__gss_krb5_acceptor_authz_data_x_oid_desc;
    unsigned char octets[64];
    gss_OID_desc oid;
    int32_t type;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	memcpy(octets, prefix->elements, prefix->length);
	memcpy(octets + prefix->length, cases[i].arc, cases[i].length);
	oid.elements = octets;
	oid.length = prefix->length + cases[i].length;
	type = 77;
	check(_gsskrb5_ext_is_authdata_oid(&oid, &type) == cases[i].is &&
	      type == (cases[i].is ? cases[i].type : 77),
	      "an OID: %s (%d)", cases[i].what, (int)type);
	octets[prefix->length - 1] ^= 1;
	check(!_gsskrb5_ext_is_authdata_oid(&oid, &type), "another OID");
    }
}

static void
test_authdata_of(void)
{
    gss_buffer_set_t set;
    OM_uint32 minor;
    struct made m;

    begin(&m);
    check(_gsskrb5_ext_inquire_authdata(&minor, &m.ctx, 1, &set) ==
	  GSS_S_UNAVAILABLE && minor == EINVAL && set == GSS_C_NO_BUFFER_SET,
	  "an acceptor has none to tell");
    m.ctx.more_flags |= LOCAL;
    check(_gsskrb5_ext_inquire_authdata(&minor, &m.ctx, 1, &set) ==
	  GSS_S_UNAVAILABLE && minor == ENOENT, "an initiator might have");
    m.ext.authdata_state = GSSKRB5_EXT_AUTHDATA_RECEIVED;
    if (krb5_data_copy(&m.ext.authdata, "\x30\1\0", 3))
	errx(1, "out of memory");
    check(_gsskrb5_ext_inquire_authdata(&minor, &m.ctx, 1, &set) ==
	  GSS_S_FAILURE && set == GSS_C_NO_BUFFER_SET,
	  "what is no authorization data");
    krb5_data_free(&m.ext.authdata);
    end(&m);
}

/* -- bindings.c -------------------------------------------------------- */

/*
 * REQ: KI-11, KI-12
 */
static void
test_bindings(void)
{
    static const struct {
	const char *what;
	int type;
	size_t length;
	int zero, have, options;
	OM_uint32 major, flags;
    } cases[] = {
	{ "the same", CKSUMTYPE_GSSAPI, 24, 0, 1, 0x4000, GSS_S_COMPLETE,
	  GSS_C_CHANNEL_BOUND_FLAG },
	{ "the hash and no more", CKSUMTYPE_GSSAPI, 20, 0, 1, 0x4000,
	  GSS_S_COMPLETE, GSS_C_CHANNEL_BOUND_FLAG },
	{ "not all of the hash", CKSUMTYPE_GSSAPI, 19, 0, 1, 0x4000,
	  GSS_S_BAD_BINDINGS, 0 },
	{ "another checksum", CKSUMTYPE_HMAC_SHA1_96_AES_256, 24, 0, 1, 0x4000,
	  GSS_S_BAD_BINDINGS, 0 },
	{ "none, and aware", CKSUMTYPE_GSSAPI, 24, 1, 1, 0x4000,
	  GSS_S_BAD_BINDINGS, 0 },
	{ "none, and aware of other things", CKSUMTYPE_GSSAPI, 24, 1, 1, 1,
	  GSS_S_COMPLETE, 0 },
	{ "none, and says nothing", CKSUMTYPE_GSSAPI, 24, 1, 0, 0x4000,
	  GSS_S_COMPLETE, 0 }
    };
    struct krb5_ext_authdata ad;
    unsigned char octets[24];
    OM_uint32 flags, major;
    Checksum cksum;
    struct made m;
    size_t i;

    begin(&m);
    m.ctx.has_bnd = 1;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	memset(&ad, 0, sizeof(ad));
	ad.have_kerb_ap_options = cases[i].have;
	ad.kerb_ap_options = cases[i].options;
	memset(octets, cases[i].zero ? 0 : 0xa5, sizeof(octets));
	cksum.cksumtype = cases[i].type;
	cksum.checksum.data = octets;
	cksum.checksum.length = cases[i].length;
	flags = GSS_C_CHANNEL_BOUND_FLAG;
	major = _gsskrb5_ext_check_bindings(context, &m.ctx, &cksum, &ad,
					    &flags);
	check(major == cases[i].major && flags == cases[i].flags,
	      "bindings: %s", cases[i].what);
    }
    end(&m);
}

static void
test_require_bindings(void)
{
    gss_cred_id_t none = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor;

    check(_gsskrb5_ext_require_bindings(&minor, NULL) == GSS_S_FAILURE &&
	  minor == EINVAL, "bindings of no credential");
    check(_gsskrb5_ext_require_bindings(&minor, &none) == GSS_S_FAILURE &&
	  minor == EINVAL, "nor of the default one");
}

static void
test_missing_checksum(void)
{
    set_config(context, "missing_checksum_flags = guess");
    check(_gsskrb5_ext_flags_without_checksum(context, 77) == 77, "guess");
    set_config(context, "missing_checksum_flags = none");
    check(_gsskrb5_ext_flags_without_checksum(context, 77) == 0, "none");
    set_config(context, "");
    check(_gsskrb5_ext_flags_without_checksum(context, 77) == 0, "nothing");
}

/* -- early.c ----------------------------------------------------------- */

static const struct {
    const char *what;
    OM_uint32 flags;
    krb5_enctype theirs, ours;	/* ETYPE_NULL: no key */
    int ready;
} early[] = {
    { "AES", MUTUAL, 18, 18, 1 },
    { "not mutual", GSS_C_INTEG_FLAG, 18, 18, 0 },
    { "no subkey", MUTUAL, ETYPE_NULL, 18, 0 },
    { "theirs is RC4", MUTUAL, 23, 18, 0 },
    { "ours is RC4", MUTUAL, 18, 23, 0 },
    { "both are", MUTUAL, 23, 23, 0 }
};

/*
 * REQ: XT-91
 */
static void
test_initiate_early(void)
{
    struct made m;
    size_t i;

    for (i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
	if (early[i].ours != early[i].theirs &&
	    early[i].ours != ETYPE_AES256_CTS_HMAC_SHA1_96)
	    continue;		/* there is no other's key yet */
	begin(&m);
	m.ext.offered = 1;
	if (early[i].theirs != ETYPE_NULL)
	    m.ctx.auth_context->local_subkey = new_key(early[i].theirs);
	set_config(context, "early_prot_ready = true");
	check(_gsskrb5_ext_initiate_early(context, &m.ctx, early[i].flags) ==
	      (early[i].ready ? READY : 0) &&
	      m.ext.early.ready == (unsigned)early[i].ready,
	      "an initiator before the answer: %s", early[i].what);
	end(&m);
    }
    set_config(context, "");
}

static void
test_accept_early(void)
{
    struct made m;
    size_t i;

    set_config(context, "early_prot_ready = true");
    for (i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
	begin(&m);
	m.ext.offered = 1;
	m.ext.first.flags = early[i].flags;
	if (early[i].theirs != ETYPE_NULL)
	    m.ext.first.remote_subkey = new_key(early[i].theirs);
	m.ext.first.local_subkey = new_key(early[i].ours);
	_gsskrb5_ext_accept_early(context, &m.ctx);
	check(m.ext.early.ready == (unsigned)early[i].ready,
	      "an acceptor before the answer: %s", early[i].what);
	end(&m);
    }
    set_config(context, "");
}

/*
 * A subkey is another when its length is.
 *
 * REQ: XT-92
 */
static void
test_early_refused(void)
{
    static const struct {
	const char *what;
	size_t refused, now;
	int other, exposed;
    } cases[] = {
	{ "the same", 32, 32, 0, 1 },
	{ "another", 32, 32, 1, 0 },
	{ "the beginning of it", 32, 16, 0, 0 },
	{ "more than it", 16, 32, 0, 0 }
    };
    unsigned char one[32], two[32];
    krb5_keyblock refused, now;
    struct made m;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	begin(&m);
	memset(one, 0x5a, sizeof(one));
	memcpy(two, one, sizeof(two));
	two[15] ^= cases[i].other;
	refused.keyvalue.data = one;
	refused.keyvalue.length = cases[i].refused;
	now.keyvalue.data = two;
	now.keyvalue.length = cases[i].now;
	_gsskrb5_ext_early_refused(context, &m.ctx, &refused, NULL);
	_gsskrb5_ext_early_refused(context, &m.ctx, NULL, &now);
	check(!m.ext.early.exposed, "none is no key that was refused");
	_gsskrb5_ext_early_refused(context, &m.ctx, &refused, &now);
	check(m.ext.early.exposed == (unsigned)cases[i].exposed,
	      "a refused subkey: %s", cases[i].what);
	end(&m);
    }
}

/* -- initiator.c ------------------------------------------------------- */

/*
 * REQ: XT-48, XT-49
 */
static void
test_granted(void)
{
    static const struct {
	int level_k, new_ticket;
	OM_uint32 first, again, granted;
    } cases[] = {
	{ 0, 0, DELEG, 0, 0 },
	{ 0, 0, 0, DELEG, DELEG },
	{ 0, 1, DELEG, 0, 0 },
	{ 1, 0, DELEG, 0, DELEG },
	{ 1, 0, 0, DELEG, 0 },
	{ 1, 1, DELEG, 0, 0 },
	{ 1, 1, 0, DELEG, DELEG }
    };
    struct made m;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	begin(&m);
	m.ext.flags = MUTUAL | cases[i].first;
	check(_gsskrb5_ext_initiate_granted(&m.ctx, cases[i].again) ==
	      cases[i].again, "what was asked for first");
	if (krb5_data_copy(&m.ext.challenge, "challenge", 9))
	    errx(1, "out of memory");
	m.ext.level_k = cases[i].level_k;
	m.ext.new_ticket = cases[i].new_ticket;
	check(_gsskrb5_ext_initiate_granted(&m.ctx, cases[i].again |
					    GSS_C_CONF_FLAG) ==
	      (MUTUAL | cases[i].granted), "delegation, case %d", (int)i);
	m.ext.flags = 0;
	check(_gsskrb5_ext_initiate_granted(&m.ctx, cases[i].again) ==
	      cases[i].again, "nothing was asked for yet");
	end(&m);
    }
}

/*
 * The flags are those of the first AP-REQ that had a ticket.
 */
static void
test_offer(void)
{
    krb5_flags options = 0;
    struct made m;

    begin(&m);
    check(_gsskrb5_ext_initiate_offer(context, &m.ctx, MUTUAL | DELEG,
				      &options) == 0 && m.ext.offered &&
	  m.ext.flags == (MUTUAL | DELEG), "the first AP-REQ");
    if (krb5_data_copy(&m.ext.challenge, "challenge", 9))
	errx(1, "out of memory");
    check(_gsskrb5_ext_initiate_offer(context, &m.ctx, MUTUAL, &options) ==
	  0 && m.ext.flags == (MUTUAL | DELEG), "and the second");
    m.ext.flags = 0;
    check(_gsskrb5_ext_initiate_offer(context, &m.ctx, MUTUAL, &options) ==
	  0 && m.ext.flags == MUTUAL, "the first had no ticket");
    m.ext.offered = 0;
    options = 0;
    check(_gsskrb5_ext_initiate_offer(context, &m.ctx, MUTUAL, &options) ==
	  0 && options == 0 && m.ctx.auth_context->auth_data == NULL,
	  "nothing is offered, and the AP-REQ is what it ever was");
    m.ctx.req_flags = GSS_C_CHANNEL_BOUND_FLAG;
    check(_gsskrb5_ext_initiate_offer(context, &m.ctx, MUTUAL, &options) ==
	  0 && options == 0 && m.ctx.auth_context->auth_data != NULL,
	  "but for who is aware of channel bindings");
    end(&m);
}

/* -- without_mutual.c -------------------------------------------------- */

/*
 * REQ: XT-04
 */
static void
test_targets(void)
{
    static const struct {
	const char *what, *pattern;
	int match;
    } cases[] = {
	{ "the name", SERVICE, 1 },
	{ "without its realm", "service/host.test", 1 },
	{ "all of the service", "service/*", 1 },
	{ "in the realm", "service/*@SECURITY.TEST", 1 },
	{ "in another", "service/*@OTHER.TEST", 0 },
	{ "another", "other/*", 0 },
	{ "no name", "service/host.test\\", 0 },
	{ "no name, with a realm", "service@a@b", 0 }
    };
    char line[256];
    struct made m;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
	snprintf(line, sizeof(line), "extra_tokens_without_mutual = %s",
		 cases[i].pattern);
	set_config(context, line);
	begin(&m);
	_gsskrb5_ext_begin_offer(context, &m.ctx, 0);
	check(m.ext.awaited == (unsigned)cases[i].match &&
	      m.ext.offered == m.ext.awaited, "a target: %s",
	      cases[i].what);
	_gsskrb5_ext_begin_offer(context, &m.ctx, MUTUAL);
	check(!m.ext.awaited && m.ext.offered, "who asks is answered");
	_gsskrb5_ext_begin_offer(context, &m.ctx, GSS_C_DCE_STYLE);
	check(!m.ext.awaited && !m.ext.offered, "DCE style");
	end(&m);
    }
    set_config(context, "");
}

static void
test_told(void)
{
    struct made m;

    begin(&m);
    m.ext.awaited = m.ext.level_k = 1;
    check(_gsskrb5_ext_initiate_was_told_number(&m.ctx), "the number");
    m.ext.awaited = 0;
    check(!_gsskrb5_ext_initiate_was_told_number(&m.ctx),
	  "is the AP-REP's where there is one");
    m.ext.awaited = 1;
    m.ext.level_k = 0;
    check(!_gsskrb5_ext_initiate_was_told_number(&m.ctx),
	  "and only our subkey counts");
    m.ctx.ext = NULL;
    check(!_gsskrb5_ext_initiate_was_told_number(&m.ctx), "no exchange");
    end(&m);
}

/* -- user2user.c ------------------------------------------------------- */

static void
read_empty(gss_buffer_t token, AP_REQ *req)
{
    const unsigned char *p = token->value;
    size_t at;

    for (at = 0; at + 2 < token->length; at++)
	if (p[at] == 1 && p[at + 1] == 0 && p[at + 2] == 0x6e)
	    break;
    if (at + 2 >= token->length ||
	decode_AP_REQ(p + at + 2, token->length - at - 2, req, NULL))
	errx(1, "no AP-REQ in the token");
}

/*
 * REQ: XT-79, XT-80
 */
static void
test_empty(void)
{
    const krb5_error_code wanted = KRB5KDC_ERR_KDC_ERR_MUST_USE_USER2USER;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    krb5_principal target;
    OM_uint32 minor;
    struct made m;
    AP_REQ req;

    begin(&m);
    m.ctx.req_flags = MUTUAL;
    krb5_principal_set_realm(context, m.ctx.source, "OF.THE.CLIENT");
    minor = KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN;
    check(_gsskrb5_ext_initiate_empty(&minor, context, &m.ctx, NULL, &token)
	  == GSS_S_FAILURE && token.length == 0 &&
	  minor == (OM_uint32)KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN,
	  "another error of the KDC");
    target = m.ctx.target;
    m.ctx.target = NULL;
    minor = wanted;
    check(_gsskrb5_ext_initiate_empty(&minor, context, &m.ctx, NULL, &token)
	  == GSS_S_FAILURE && token.length == 0, "no target");
    m.ctx.target = target;

    check(_gsskrb5_ext_initiate_empty(&minor, context, &m.ctx, NULL, &token)
	  == GSS_S_CONTINUE_NEEDED && minor == 0,
	  "an AP-REQ without a ticket");
    read_empty(&token, &req);
    check(_gsskrb5_ext_is_empty(&req) &&
	  strcmp(req.ticket.realm, "SECURITY.TEST") == 0 &&
	  req.ticket.sname.name_type == target->name.name_type,
	  "for the target");
    free_AP_REQ(&req);
    gss_release_buffer(&minor, &token);

    target->name.name_type = KRB5_NT_SRV_HST_NEEDS_CANON;
    krb5_principal_set_realm(context, target, "");
    minor = wanted;
    check(_gsskrb5_ext_initiate_empty(&minor, context, &m.ctx, NULL, &token)
	  == GSS_S_CONTINUE_NEEDED, "whose realm nobody knows");
    read_empty(&token, &req);
    check(strcmp(req.ticket.realm, "OF.THE.CLIENT") == 0 &&
	  req.ticket.sname.name_type == KRB5_NT_SRV_HST,
	  "it is the client's, and the type of the name one of the protocol");
    free_AP_REQ(&req);
    gss_release_buffer(&minor, &token);
    m.ext.enabled = 0;
    minor = wanted;
    check(_gsskrb5_ext_initiate_empty(&minor, context, &m.ctx, NULL, &token)
	  == GSS_S_FAILURE && minor == (OM_uint32)wanted,
	  "nothing may be offered");
    end(&m);
}

/* -- replay_protect.c -------------------------------------------------- */

/*
 * In user-to-user the acceptor is who its own TGT is of, whatever name it was
 * asked to accept for.
 *
 * REQ: XT-55
 */
static void
test_policy(void)
{
    struct made m;

    set_config(context, "acceptor = {\n"
	       "user = {\nreplay_protection = require\n}\n"
	       "service = {\nreplay_protection = challenge\n}\n}");
    begin(&m);
    _gsskrb5_ext_accept_policy(context, &m.ctx, NULL, m.ctx.target, NULL);
    check(m.ext.policy == REPLAY_POLICY_CHALLENGE, "the service's policy");
    end(&m);

    begin(&m);
    m.ext.user2user = 1;
    m.ext.own.client = name("user@SECURITY.TEST");
    _gsskrb5_ext_accept_policy(context, &m.ctx, NULL, m.ctx.target, NULL);
    check(m.ext.policy == REPLAY_POLICY_REQUIRE,
	  "the user's, by user-to-user");
    end(&m);
    set_config(context, "");
}

int
main(int argc, char **argv)
{
    setprogname(argv[0]);
    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    test_codes();
    test_find();
    test_error_token();
    test_inquire();
    test_oid();
    test_authdata_of();
    test_bindings();
    test_require_bindings();
    test_missing_checksum();
    test_initiate_early();
    test_accept_early();
    test_early_refused();
    test_granted();
    test_offer();
    test_targets();
    test_told();
    test_empty();
    test_policy();
    krb5_free_context(context);
    return check_done();
}
