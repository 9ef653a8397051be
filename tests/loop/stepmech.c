/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The step mechanism: no security at all, but an exchange of 1 to 6 tokens,
 * MICs that only verify in the context they were made for, and faults on
 * demand, so that what lies above a mechanism (the glue, SPNEGO, applications)
 * meets what krb5 and NTLM never do.  See stepmech.h for how to have it.
 *
 * A context is configured when it is made, by words separated by blanks or
 * commas in $STEPMECH, then $STEPMECH_A or $STEPMECH_B (stepmech_configure()
 * instead of both), then what follows a `?' in the target's name:
 *
 *   tokens=N     all tokens of the exchange, the initiator's first included
 *                (2): the sender of the last one completes first
 *   mic=no       no per-message calls: neither CONF nor INTEG
 *   updated=no   does not say that the peer has an updated SPNEGO, as krb5
 *                does for old enctypes (as mic)
 *   early=yes    PROT_READY, and per-message calls, as soon as there is a key
 *   init=no      no initiator credential, accept=no  no acceptor credential
 *   fault=R:N:F  in the N-th call (1, 2..) of R (init or accept) F happens:
 *     error      GSS_S_FAILURE, minor STEPMECH_MINOR_FAULT
 *     errtoken   the same with a token, of which the peer makes GSS_S_FAILURE,
 *                minor STEPMECH_MINOR_PEER
 *     keepctx    error, but the context stays
 *     empty      no token, where one was due, with GSS_S_CONTINUE_NEEDED
 *     bits       GSS_S_OLD_TOKEN added to the status
 *     srcname    src_name also with GSS_S_CONTINUE_NEEDED
 *     flags      all of ret_flags set
 *
 * The acceptor has tokens, mic, updated and early from the first token and
 * from its own configuration only accept and faults.
 *
 * Tokens, the first with the header of RFC 2743 3.1 and the others without:
 *
 *   "STEP"  type  index  total  caps  flags  nonce  bindings
 *      4     1      1      1     1      4      16       8
 *
 * type is T or E (an error token), index counts all tokens from 1; caps are
 * 1 mic, 2 updated, 4 early; the nonces of the first and second token make
 * the key.
 * A MIC is 'M', direction (I or A), 8 octets sequence number and a SipHash-2-4
 * of those and the message; a wrap token is 'W' and the same with 1 octet
 * after the direction that says whether it is encrypted, then the message.
 *
 * This file includes nothing of Heimdal but gssapi.h, and calls nothing of a
 * GSS library, so that the object can be loaded into any.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gssapi/gssapi.h>

#ifdef STEPMECH_MODULE
#define SM(name) gss_ ## name
#else
#include <gssapi_mech.h>
#define SM(name) stepmech_ ## name
#endif

#include "stepmech.h"

#define MAX_FAULTS 4
#define NONCE_SIZE 16
#define HEADER_SIZE 12
#define TOKEN_SIZE (HEADER_SIZE + NONCE_SIZE + 8)
#define MIC_SIZE 18

#define CAP_MIC 1
#define CAP_UPDATED 2
#define CAP_EARLY 4

/* what init_sec_context grants of what is asked for, whatever mic says */
#define GRANTED (GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | \
		 GSS_C_SEQUENCE_FLAG | GSS_C_ANON_FLAG | \
		 GSS_C_DCE_STYLE | GSS_C_IDENTIFY_FLAG | GSS_C_DELEG_FLAG)

static unsigned char oid_a[] = { 0x69, 0x01 };	/* 2.25.1 */
static unsigned char oid_b[] = { 0x69, 0x02 };

gss_OID_desc stepmech_a = { sizeof(oid_a), oid_a };
gss_OID_desc stepmech_b = { sizeof(oid_b), oid_b };

/* GSS_C_PEER_HAS_UPDATED_SPNEGO, 1.3.6.1.4.1.5322.19.5, also MIT's */
static unsigned char updated_oid[] = {
    0x2b, 0x06, 0x01, 0x04, 0x01, 0xa9, 0x4a, 0x13, 0x05
};

enum fault {
    NO_FAULT, ERROR, ERRTOKEN, KEEPCTX, EMPTY, BITS, SRCNAME, FLAGS
};

static const char *const fault_names[] = {
    "", "error", "errtoken", "keepctx", "empty", "bits", "srcname", "flags"
};

struct config {
    int tokens, mic, updated, early, init, accept;
    int n_faults;
    struct {
	int initiator, step;
	enum fault fault;
    } faults[MAX_FAULTS];
};

struct name {
    char *text;
    unsigned char *type;
    size_t type_length;
};

struct cred {
    gss_cred_usage_t usage;
    gss_OID mech;
};

struct context {
    gss_OID mech;
    struct config config;
    int initiator, complete, have_key;
    int calls;			/* of init or accept in this context */
    int index;			/* of the last token sent or received */
    OM_uint32 flags;
    unsigned char nonces[2][NONCE_SIZE];
    unsigned char bindings[8];
    unsigned char key[16];
    uint64_t sent, received;
    struct name *source, *target;
};

static int live_contexts, live_names, live_creds, calls;
static const char *overrides[2];

int
stepmech_live_contexts(void)
{
    return live_contexts;
}

int
stepmech_live_names(void)
{
    return live_names;
}

int
stepmech_live_creds(void)
{
    return live_creds;
}

int
stepmech_live(void)
{
    return live_contexts + live_names + live_creds;
}

int
stepmech_calls(void)
{
    return calls;
}

static int
oid_equal(gss_const_OID a, gss_const_OID b)
{
    return a->length == b->length &&
	memcmp(a->elements, b->elements, a->length) == 0;
}

static gss_OID
our_oid(gss_const_OID mech)
{
    if (mech != GSS_C_NO_OID && oid_equal(mech, &stepmech_b))
	return &stepmech_b;
    return &stepmech_a;
}

void
stepmech_configure(gss_OID mech, const char *text)
{
    overrides[mech == &stepmech_b] = text;
}

/*
 * SipHash-2-4.
 */

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static void
sip_round(uint64_t *v)
{
    v[0] += v[1]; v[1] = ROTL(v[1], 13) ^ v[0]; v[0] = ROTL(v[0], 32);
    v[2] += v[3]; v[3] = ROTL(v[3], 16) ^ v[2];
    v[0] += v[3]; v[3] = ROTL(v[3], 21) ^ v[0];
    v[2] += v[1]; v[1] = ROTL(v[1], 17) ^ v[2]; v[2] = ROTL(v[2], 32);
}

static uint64_t
get_le64(const unsigned char *p)
{
    uint64_t v = 0;
    int i;

    for (i = 7; i >= 0; i--)
	v = (v << 8) | p[i];
    return v;
}

static void
put_be64(unsigned char *p, uint64_t v)
{
    int i;

    for (i = 7; i >= 0; i--, v >>= 8)
	p[i] = v & 0xff;
}

static uint64_t
get_be64(const unsigned char *p)
{
    uint64_t v = 0;
    int i;

    for (i = 0; i < 8; i++)
	v = (v << 8) | p[i];
    return v;
}

/*
 * The hash of a and b, one behind the other.
 */
static uint64_t
sip_hash(const unsigned char *key, const unsigned char *a, size_t a_len,
	 const unsigned char *b, size_t b_len)
{
    uint64_t k0 = get_le64(key), k1 = get_le64(key + 8), m;
    uint64_t v[4];
    unsigned char block[8];
    size_t i, n = 0, total = a_len + b_len;

    v[0] = k0 ^ (((uint64_t)0x736f6d65 << 32) | 0x70736575);
    v[1] = k1 ^ (((uint64_t)0x646f7261 << 32) | 0x6e646f6d);
    v[2] = k0 ^ (((uint64_t)0x6c796765 << 32) | 0x6e657261);
    v[3] = k1 ^ (((uint64_t)0x74656462 << 32) | 0x79746573);
    memset(block, 0, sizeof(block));
    for (i = 0; i <= total; i++) {
	if (i == total) {
	    memset(block + n, 0, sizeof(block) - n);
	    block[7] = total & 0xff;
	    n = 8;
	} else
	    block[n++] = i < a_len ? a[i] : b[i - a_len];
	if (n == 8) {
	    m = get_le64(block);
	    v[3] ^= m;
	    sip_round(v);
	    sip_round(v);
	    v[0] ^= m;
	    n = 0;
	}
    }
    v[2] ^= 0xff;
    for (i = 0; i < 4; i++)
	sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/*
 * Configuration.
 */

static int
word_is(const char *p, size_t len, const char *word)
{
    return strlen(word) == len && strncmp(p, word, len) == 0;
}

static void
parse_fault(struct config *c, const char *p, size_t len)
{
    const char *end = p + len, *step = memchr(p, ':', len), *what;
    size_t i;

    if (step == NULL || c->n_faults == MAX_FAULTS)
	abort();
    what = memchr(step + 1, ':', end - step - 1);
    if (what == NULL)
	abort();
    for (i = 1; i < sizeof(fault_names) / sizeof(fault_names[0]); i++)
	if (word_is(what + 1, end - what - 1, fault_names[i]))
	    break;
    if (i == sizeof(fault_names) / sizeof(fault_names[0]))
	abort();
    c->faults[c->n_faults].initiator = word_is(p, step - p, "init");
    c->faults[c->n_faults].step = atoi(step + 1);
    c->faults[c->n_faults].fault = (enum fault)i;
    c->n_faults++;
}

static void
parse_word(struct config *c, const char *p, size_t len)
{
    const char *eq = memchr(p, '=', len);
    size_t name_len, value_len;
    int yes;

    if (eq == NULL)
	abort();
    name_len = eq - p;
    eq++;
    value_len = len - name_len - 1;
    yes = !word_is(eq, value_len, "no");
    if (word_is(p, name_len, "tokens")) {
	c->tokens = atoi(eq);
	if (c->tokens < 1 || c->tokens > 6)
	    abort();
    } else if (word_is(p, name_len, "mic"))
	c->mic = c->updated = yes;
    else if (word_is(p, name_len, "updated"))
	c->updated = yes;
    else if (word_is(p, name_len, "early"))
	c->early = yes;
    else if (word_is(p, name_len, "init"))
	c->init = yes;
    else if (word_is(p, name_len, "accept"))
	c->accept = yes;
    else if (word_is(p, name_len, "fault"))
	parse_fault(c, eq, value_len);
    else
	abort();		/* a test that is wrong */
}

static void
parse_text(struct config *c, const char *text)
{
    size_t len;

    if (text == NULL)
	return;
    for (;;) {
	text += strspn(text, " ,");
	len = strcspn(text, " ,");
	if (len == 0)
	    return;
	parse_word(c, text, len);
	text += len;
    }
}

static void
get_config(struct config *c, gss_OID mech, const struct name *target)
{
    const char *override = overrides[mech == &stepmech_b];

    memset(c, 0, sizeof(*c));
    c->tokens = 2;
    c->mic = c->updated = c->init = c->accept = 1;
    if (override)
	parse_text(c, override);
    else {
	parse_text(c, getenv("STEPMECH"));
	parse_text(c, getenv(mech == &stepmech_b ? "STEPMECH_B"
						 : "STEPMECH_A"));
    }
    if (target && strchr(target->text, '?'))
	parse_text(c, strchr(target->text, '?') + 1);
}

static int
has_fault(const struct context *ctx, enum fault fault)
{
    int i;

    for (i = 0; i < ctx->config.n_faults; i++)
	if (ctx->config.faults[i].initiator == ctx->initiator &&
	    ctx->config.faults[i].step == ctx->calls &&
	    ctx->config.faults[i].fault == fault)
	    return 1;
    return 0;
}

/*
 * Buffers and names.
 */

static OM_uint32
fail(OM_uint32 *minor, OM_uint32 major, OM_uint32 code)
{
    *minor = code;
    return major;
}

static OM_uint32
set_buffer(OM_uint32 *minor, gss_buffer_t buffer, const void *data, size_t len)
{
    buffer->length = 0;
    buffer->value = malloc(len + 1);
    if (buffer->value == NULL)
	return fail(minor, GSS_S_FAILURE, ENOMEM);
    if (len)
	memcpy(buffer->value, data, len);
    ((char *)buffer->value)[len] = '\0';
    buffer->length = len;
    return GSS_S_COMPLETE;
}

static struct name *
new_name(const void *text, size_t len, const void *type, size_t type_length)
{
    struct name *name = calloc(1, sizeof(*name));

    if (name == NULL)
	return NULL;
    name->text = calloc(1, len + 1);
    name->type = calloc(1, type_length + 1);
    if (name->text == NULL || name->type == NULL) {
	free(name->text);
	free(name->type);
	free(name);
	return NULL;
    }
    memcpy(name->text, text, len);
    if (type_length)
	memcpy(name->type, type, type_length);
    name->type_length = type_length;
    live_names++;
    return name;
}

static struct name *
copy_name(const struct name *name)
{
    return new_name(name->text, strlen(name->text), name->type,
		    name->type_length);
}

static void
free_name(struct name *name)
{
    if (name == NULL)
	return;
    free(name->text);
    free(name->type);
    free(name);
    live_names--;
}

/*
 * A set like the library's, which frees it: MIT the octets of the OIDs too,
 * Heimdal not, so that these few leak when it has loaded the module.
 */
static OM_uint32
make_set(OM_uint32 *minor, const gss_OID_desc *oids, size_t n,
	 gss_OID_set *set)
{
    size_t i;

    *minor = 0;
    *set = calloc(1, sizeof(**set));
    if (*set == NULL)
	return fail(minor, GSS_S_FAILURE, ENOMEM);
    (*set)->elements = calloc(n, sizeof(oids[0]));
    if ((*set)->elements == NULL) {
	free(*set);
	*set = NULL;
	return fail(minor, GSS_S_FAILURE, ENOMEM);
    }
    for (i = 0; i < n; i++) {
#ifdef STEPMECH_MODULE
	(*set)->elements[i].elements = malloc(oids[i].length);
	if ((*set)->elements[i].elements == NULL)
	    abort();
	memcpy((*set)->elements[i].elements, oids[i].elements, oids[i].length);
#else
	(*set)->elements[i].elements = oids[i].elements;
#endif
	(*set)->elements[i].length = oids[i].length;
	(*set)->count++;
    }
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
SM(import_name)(OM_uint32 *minor, const gss_buffer_t text, const gss_OID type,
		gss_name_t *out)
{
    *minor = 0;
    *out = (gss_name_t)new_name(text->value, text->length,
				type ? type->elements : NULL,
				type ? type->length : 0);
    return *out ? GSS_S_COMPLETE : fail(minor, GSS_S_FAILURE, ENOMEM);
}

OM_uint32 GSSAPI_CALLCONV
SM(duplicate_name)(OM_uint32 *minor, gss_const_name_t in, gss_name_t *out)
{
    *minor = 0;
    *out = (gss_name_t)copy_name((const struct name *)in);
    return *out ? GSS_S_COMPLETE : fail(minor, GSS_S_FAILURE, ENOMEM);
}

OM_uint32 GSSAPI_CALLCONV
SM(canonicalize_name)(OM_uint32 *minor, gss_const_name_t in,
		      const gss_OID mech, gss_name_t *out)
{
    *minor = 0;
    *out = (gss_name_t)copy_name((const struct name *)in);
    return *out ? GSS_S_COMPLETE : fail(minor, GSS_S_FAILURE, ENOMEM);
}

OM_uint32 GSSAPI_CALLCONV
SM(release_name)(OM_uint32 *minor, gss_name_t *name)
{
    *minor = 0;
    free_name((struct name *)*name);
    *name = GSS_C_NO_NAME;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
SM(display_name)(OM_uint32 *minor, gss_const_name_t in, gss_buffer_t text,
		 gss_OID *type)
{
    const struct name *name = (const struct name *)in;

    *minor = 0;
    if (type)
	*type = GSS_C_NO_OID;
    return set_buffer(minor, text, name->text, strlen(name->text));
}

OM_uint32 GSSAPI_CALLCONV
SM(compare_name)(OM_uint32 *minor, gss_const_name_t a, gss_const_name_t b,
		 int *equal)
{
    *minor = 0;
    *equal = strcmp(((const struct name *)a)->text,
		    ((const struct name *)b)->text) == 0;
    return GSS_S_COMPLETE;
}

/* RFC 2743 3.2, always for A: a name does not know its mechanism */
OM_uint32 GSSAPI_CALLCONV
SM(export_name)(OM_uint32 *minor, gss_const_name_t in, gss_buffer_t out)
{
    const char *text = ((const struct name *)in)->text;
    size_t len = strlen(text);
    unsigned char *p;
    OM_uint32 major;

    *minor = 0;
    p = calloc(1, 12 + len);
    if (p == NULL)
	return fail(minor, GSS_S_FAILURE, ENOMEM);
    memcpy(p, "\x04\x01\x00\x04\x06\x02", 6);
    memcpy(p + 6, oid_a, 2);
    p[10] = (len >> 8) & 0xff;
    p[11] = len & 0xff;
    memcpy(p + 12, text, len);
    major = set_buffer(minor, out, p, 12 + len);
    free(p);
    return major;
}

OM_uint32 GSSAPI_CALLCONV
SM(inquire_names_for_mech)(OM_uint32 *minor, const gss_OID mech,
			   gss_OID_set *types)
{
    /* GSS_C_NT_HOSTBASED_SERVICE and GSS_C_NT_USER_NAME */
    static gss_OID_desc oids[2] = {
	{ 10, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04" },
	{ 10, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01" }
    };

    return make_set(minor, oids, 2, types);
}

OM_uint32 GSSAPI_CALLCONV
SM(inquire_mechs_for_name)(OM_uint32 *minor, gss_const_name_t name,
			   gss_OID_set *mechs)
{
    gss_OID_desc oids[2];

    oids[0] = stepmech_a;
    oids[1] = stepmech_b;
    return make_set(minor, oids, 2, mechs);
}

OM_uint32 GSSAPI_CALLCONV
SM(indicate_mechs)(OM_uint32 *minor, gss_OID_set *mechs)
{
    gss_OID_desc oids[2];

    oids[0] = stepmech_a;
    oids[1] = stepmech_b;
    return make_set(minor, oids, 2, mechs);
}

/*
 * Credentials.
 */

static gss_cred_id_t
new_cred(gss_OID mech, gss_cred_usage_t usage)
{
    struct cred *cred = calloc(1, sizeof(*cred));

    if (cred == NULL)
	return GSS_C_NO_CREDENTIAL;
    cred->usage = usage;
    cred->mech = mech;
    live_creds++;
    return (gss_cred_id_t)cred;
}

OM_uint32 GSSAPI_CALLCONV
SM(acquire_cred)(OM_uint32 *minor, gss_const_name_t name, OM_uint32 time_req,
		 const gss_OID_set mechs, gss_cred_usage_t usage,
		 gss_cred_id_t *out, gss_OID_set *actual, OM_uint32 *time_rec)
{
    struct config config;
    gss_OID mech;

    *minor = 0;
    *out = GSS_C_NO_CREDENTIAL;
    mech = our_oid(mechs && mechs->count ? &mechs->elements[0] : NULL);
    get_config(&config, mech, NULL);
    if ((usage != GSS_C_ACCEPT && !config.init) ||
	(usage != GSS_C_INITIATE && !config.accept))
	return GSS_S_NO_CRED;
    *out = new_cred(mech, usage);
    if (*out == GSS_C_NO_CREDENTIAL)
	return fail(minor, GSS_S_FAILURE, ENOMEM);
    if (actual && make_set(minor, mech, 1, actual) != GSS_S_COMPLETE)
	abort();
    if (time_rec)
	*time_rec = GSS_C_INDEFINITE;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
SM(release_cred)(OM_uint32 *minor, gss_cred_id_t *cred)
{
    *minor = 0;
    if (*cred != GSS_C_NO_CREDENTIAL)
	live_creds--;
    free(*cred);
    *cred = GSS_C_NO_CREDENTIAL;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
SM(add_cred)(OM_uint32 *minor, gss_const_cred_id_t in, gss_const_name_t name,
	     const gss_OID mech, gss_cred_usage_t usage, OM_uint32 init_req,
	     OM_uint32 accept_req, gss_cred_id_t *out, gss_OID_set *actual,
	     OM_uint32 *init_rec, OM_uint32 *accept_rec)
{
    return fail(minor, GSS_S_UNAVAILABLE, 0);
}

OM_uint32 GSSAPI_CALLCONV
SM(inquire_cred)(OM_uint32 *minor, gss_const_cred_id_t in, gss_name_t *name,
		 OM_uint32 *lifetime, gss_cred_usage_t *usage,
		 gss_OID_set *mechs)
{
    const struct cred *cred = (const struct cred *)in;

    *minor = 0;
    if (name)
	*name = (gss_name_t)new_name(STEPMECH_USER, strlen(STEPMECH_USER),
				     NULL, 0);
    if (lifetime)
	*lifetime = GSS_C_INDEFINITE;
    if (usage)
	*usage = cred ? cred->usage : GSS_C_BOTH;
    if (mechs)
	return make_set(minor, cred ? cred->mech : &stepmech_a, 1, mechs);
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
SM(inquire_cred_by_mech)(OM_uint32 *minor, gss_const_cred_id_t in,
			 const gss_OID mech, gss_name_t *name,
			 OM_uint32 *init_lifetime, OM_uint32 *accept_lifetime,
			 gss_cred_usage_t *usage)
{
    if (init_lifetime)
	*init_lifetime = GSS_C_INDEFINITE;
    if (accept_lifetime)
	*accept_lifetime = GSS_C_INDEFINITE;
    return SM(inquire_cred)(minor, in, name, NULL, usage, NULL);
}

/*
 * Contexts.
 */

static struct context *
new_context(gss_OID mech, int initiator)
{
    struct context *ctx = calloc(1, sizeof(*ctx));

    if (ctx == NULL)
	return NULL;
    ctx->mech = mech;
    ctx->initiator = initiator;
    live_contexts++;
    return ctx;
}

static void
free_context(struct context *ctx)
{
    if (ctx == NULL)
	return;
    free_name(ctx->source);
    free_name(ctx->target);
    memset(ctx, 0, sizeof(*ctx));
    free(ctx);
    live_contexts--;
}

static void
make_nonce(unsigned char *nonce)
{
    FILE *f = fopen("/dev/urandom", "rb");

    if (f == NULL || fread(nonce, NONCE_SIZE, 1, f) != 1)
	abort();
    fclose(f);
}

static void
make_key(struct context *ctx)
{
    unsigned char label[16];

    memset(label, 1, sizeof(label));
    put_be64(ctx->key, sip_hash(label, ctx->nonces[0], sizeof(ctx->nonces),
				NULL, 0));
    memset(label, 2, sizeof(label));
    put_be64(ctx->key + 8, sip_hash(label, ctx->nonces[0],
				    sizeof(ctx->nonces), NULL, 0));
    ctx->have_key = 1;
}

static void
hash_bindings(struct context *ctx, const gss_channel_bindings_t b)
{
    unsigned char label[16];

    memset(ctx->bindings, 0, sizeof(ctx->bindings));
    if (b == GSS_C_NO_CHANNEL_BINDINGS)
	return;
    memset(label, 3, sizeof(label));
    put_be64(ctx->bindings, sip_hash(label, b->application_data.value,
				     b->application_data.length, NULL, 0));
}

/*
 * What is told of the flags, of the context as it is now.
 */
static OM_uint32
current_flags(const struct context *ctx)
{
    OM_uint32 flags = ctx->flags;

    if (ctx->complete || (ctx->have_key && ctx->config.early))
	flags |= GSS_C_PROT_READY_FLAG;
    if (has_fault(ctx, FLAGS))
	flags = 0xffffffff;
    return flags;
}

static OM_uint32
make_token(OM_uint32 *minor, struct context *ctx, int type, gss_buffer_t out)
{
    unsigned char buf[64 + TOKEN_SIZE];
    unsigned char *p = buf;
    int index = ctx->index + 1;

    memset(buf, 0, sizeof(buf));
    if (index == 1) {
	*p++ = 0x60;
	*p++ = 2 + ctx->mech->length + TOKEN_SIZE;
	*p++ = 0x06;
	*p++ = ctx->mech->length;
	memcpy(p, ctx->mech->elements, ctx->mech->length);
	p += ctx->mech->length;
    }
    memcpy(p, "STEP", 4);
    p[4] = type;
    p[5] = index;
    p[6] = ctx->config.tokens;
    p[7] = (ctx->config.mic ? CAP_MIC : 0) |
	(ctx->config.updated ? CAP_UPDATED : 0) |
	(ctx->config.early ? CAP_EARLY : 0);
    p[8] = (ctx->flags >> 24) & 0xff;
    p[9] = (ctx->flags >> 16) & 0xff;
    p[10] = (ctx->flags >> 8) & 0xff;
    p[11] = ctx->flags & 0xff;
    if (type == 'T' && index <= 2) {
	make_nonce(ctx->nonces[index - 1]);
	memcpy(p + HEADER_SIZE, ctx->nonces[index - 1], NONCE_SIZE);
    }
    memcpy(p + HEADER_SIZE + NONCE_SIZE, ctx->bindings, 8);
    p += TOKEN_SIZE;
    if (type == 'T') {
	ctx->index = index;
	if (index == 2 || ctx->config.tokens == 1)
	    make_key(ctx);
    }
    return set_buffer(minor, out, buf, p - buf);
}

/*
 * Skip the header of a first token.  Returns the mechanism or NULL.
 */
static gss_OID
skip_header(const unsigned char **p, size_t *len)
{
    gss_OID_desc oid;

    if (*len < 6 || (*p)[0] != 0x60 || (*p)[1] != *len - 2 ||
	(*p)[2] != 0x06 || (*p)[3] != sizeof(oid_a))
	return NULL;
    oid.length = sizeof(oid_a);
    oid.elements = (void *)(*p + 4);
    *p += 6;
    *len -= 6;
    if (oid_equal(&oid, &stepmech_a))
	return &stepmech_a;
    return oid_equal(&oid, &stepmech_b) ? &stepmech_b : NULL;
}

static OM_uint32
read_token(OM_uint32 *minor, struct context *ctx, const unsigned char *p,
	   size_t len)
{
    int index = ctx->index + 1;

    if (len != TOKEN_SIZE || memcmp(p, "STEP", 4) != 0)
	return fail(minor, GSS_S_DEFECTIVE_TOKEN, STEPMECH_MINOR_TOKEN);
    if (p[4] == 'E')
	return fail(minor, GSS_S_FAILURE, STEPMECH_MINOR_PEER);
    if (p[4] != 'T' || p[5] != index || p[6] < index || p[6] > 6)
	return fail(minor, GSS_S_DEFECTIVE_TOKEN, STEPMECH_MINOR_TOKEN);
    if (index == 1) {
	ctx->config.tokens = p[6];
	ctx->config.mic = (p[7] & CAP_MIC) != 0;
	ctx->config.updated = (p[7] & CAP_UPDATED) != 0;
	ctx->config.early = (p[7] & CAP_EARLY) != 0;
	ctx->flags = ((OM_uint32)p[8] << 24) | ((OM_uint32)p[9] << 16) |
	    ((OM_uint32)p[10] << 8) | p[11];
	if (memcmp(ctx->bindings, "\0\0\0\0\0\0\0", 8) != 0 &&
	    memcmp(ctx->bindings, p + HEADER_SIZE + NONCE_SIZE, 8) != 0)
	    return fail(minor, GSS_S_BAD_BINDINGS, STEPMECH_MINOR_TOKEN);
    }
    if (index <= 2)
	memcpy(ctx->nonces[index - 1], p + HEADER_SIZE, NONCE_SIZE);
    ctx->index = index;
    if (index == 2 || ctx->config.tokens == 1)
	make_key(ctx);
    return GSS_S_COMPLETE;
}

/*
 * After the input: make the next token, if one is due, and say how things are.
 */
static OM_uint32
step(OM_uint32 *minor, struct context *ctx, gss_buffer_t out)
{
    OM_uint32 major;

    if (has_fault(ctx, ERROR) || has_fault(ctx, KEEPCTX))
	return fail(minor, GSS_S_FAILURE, STEPMECH_MINOR_FAULT);
    if (has_fault(ctx, ERRTOKEN)) {
	major = make_token(minor, ctx, 'E', out);
	if (major != GSS_S_COMPLETE)
	    return major;
	return fail(minor, GSS_S_FAILURE, STEPMECH_MINOR_FAULT);
    }
    if (has_fault(ctx, EMPTY))
	return GSS_S_CONTINUE_NEEDED;
    if (ctx->index < ctx->config.tokens) {
	major = make_token(minor, ctx, 'T', out);
	if (major != GSS_S_COMPLETE)
	    return major;
    }
    if (ctx->index < ctx->config.tokens)
	major = GSS_S_CONTINUE_NEEDED;
    else {
	ctx->complete = 1;
	major = GSS_S_COMPLETE;
    }
    if (has_fault(ctx, BITS))
	major |= GSS_S_OLD_TOKEN;
    return major;
}

static void
give_up(gss_ctx_id_t *handle, struct context *ctx)
{
    if (has_fault(ctx, KEEPCTX)) {
	*handle = (gss_ctx_id_t)ctx;
	return;
    }
    free_context(ctx);
    *handle = GSS_C_NO_CONTEXT;
}

OM_uint32 GSSAPI_CALLCONV
SM(init_sec_context)(OM_uint32 *minor, gss_const_cred_id_t cred,
		     gss_ctx_id_t *handle, gss_const_name_t target,
		     const gss_OID mech, OM_uint32 req_flags,
		     OM_uint32 time_req, const gss_channel_bindings_t bindings,
		     const gss_buffer_t in, gss_OID *actual, gss_buffer_t out,
		     OM_uint32 *ret_flags, OM_uint32 *time_rec)
{
    struct context *ctx = (struct context *)*handle;
    int first = ctx == NULL, empty = in == NULL || in->length == 0;
    OM_uint32 major;

    calls++;
    *minor = 0;
    out->length = 0;
    out->value = NULL;
    if (ctx && ctx->complete)
	return fail(minor, GSS_S_BAD_STATUS, EINVAL);
    if (ctx == NULL) {
	ctx = new_context(our_oid(mech), 1);
	if (ctx == NULL)
	    return fail(minor, GSS_S_FAILURE, ENOMEM);
	ctx->target = copy_name((const struct name *)target);
	ctx->source = new_name(STEPMECH_USER, strlen(STEPMECH_USER), NULL, 0);
	get_config(&ctx->config, ctx->mech, ctx->target);
	ctx->flags = (req_flags & GRANTED) | GSS_C_TRANS_FLAG;
	if (ctx->config.mic)
	    ctx->flags |= GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
	if (ctx->config.tokens == 1)
	    ctx->flags &= ~GSS_C_MUTUAL_FLAG;
	hash_bindings(ctx, bindings);
    }
    ctx->calls++;
    if (!ctx->config.init) {
	free_context(ctx);
	*handle = GSS_C_NO_CONTEXT;
	return fail(minor, GSS_S_NO_CRED, STEPMECH_MINOR_FAULT);
    }
    if (first != empty)
	major = fail(minor, GSS_S_DEFECTIVE_TOKEN, STEPMECH_MINOR_TOKEN);
    else if (empty)
	major = GSS_S_COMPLETE;
    else
	major = read_token(minor, ctx, in->value, in->length);
    if (major == GSS_S_COMPLETE)
	major = step(minor, ctx, out);
    if (actual)
	*actual = ctx->mech;
    if (ret_flags)
	*ret_flags = current_flags(ctx);
    if (time_rec)
	*time_rec = GSS_C_INDEFINITE;
    if (GSS_ERROR(major))
	give_up(handle, ctx);
    else
	*handle = (gss_ctx_id_t)ctx;
    return major;
}

OM_uint32 GSSAPI_CALLCONV
SM(accept_sec_context)(OM_uint32 *minor, gss_ctx_id_t *handle,
		       gss_const_cred_id_t cred, const gss_buffer_t in,
		       const gss_channel_bindings_t bindings,
		       gss_name_t *src_name, gss_OID *mech, gss_buffer_t out,
		       OM_uint32 *ret_flags, OM_uint32 *time_rec,
		       gss_cred_id_t *delegated)
{
    struct context *ctx = (struct context *)*handle;
    const unsigned char *p = in->value;
    size_t len = in->length;
    const char *user;
    OM_uint32 major;
    gss_OID oid;

    calls++;
    *minor = 0;
    out->length = 0;
    out->value = NULL;
    if (src_name)
	*src_name = GSS_C_NO_NAME;
    if (delegated)
	*delegated = GSS_C_NO_CREDENTIAL;
    if (ctx && ctx->complete)
	return fail(minor, GSS_S_BAD_STATUS, EINVAL);
    if (ctx == NULL) {
	oid = skip_header(&p, &len);
	if (oid == NULL)
	    return fail(minor, GSS_S_DEFECTIVE_TOKEN, STEPMECH_MINOR_TOKEN);
	ctx = new_context(oid, 0);
	if (ctx == NULL)
	    return fail(minor, GSS_S_FAILURE, ENOMEM);
	get_config(&ctx->config, ctx->mech, NULL);
	hash_bindings(ctx, bindings);
    }
    ctx->calls++;
    if (!ctx->config.accept) {
	free_context(ctx);
	*handle = GSS_C_NO_CONTEXT;
	return fail(minor, GSS_S_NO_CRED, STEPMECH_MINOR_FAULT);
    }
    major = read_token(minor, ctx, p, len);
    if (major == GSS_S_COMPLETE)
	major = step(minor, ctx, out);
    if (!GSS_ERROR(major) && ctx->source == NULL) {
	user = (ctx->flags & GSS_C_ANON_FLAG) ? STEPMECH_ANONYMOUS
					      : STEPMECH_USER;
	ctx->source = new_name(user, strlen(user), NULL, 0);
    }
    if (src_name && !GSS_ERROR(major) &&
	(ctx->complete || has_fault(ctx, SRCNAME)))
	*src_name = (gss_name_t)copy_name(ctx->source);
    if (delegated && !GSS_ERROR(major) && ctx->complete &&
	(ctx->flags & GSS_C_DELEG_FLAG))
	*delegated = new_cred(ctx->mech, GSS_C_INITIATE);
    if (mech)
	*mech = ctx->mech;
    if (ret_flags)
	*ret_flags = current_flags(ctx);
    if (time_rec)
	*time_rec = GSS_C_INDEFINITE;
    if (GSS_ERROR(major))
	give_up(handle, ctx);
    else
	*handle = (gss_ctx_id_t)ctx;
    return major;
}

OM_uint32 GSSAPI_CALLCONV
SM(delete_sec_context)(OM_uint32 *minor, gss_ctx_id_t *handle,
		       gss_buffer_t out)
{
    *minor = 0;
    if (out) {
	out->length = 0;
	out->value = NULL;
    }
    free_context((struct context *)*handle);
    *handle = GSS_C_NO_CONTEXT;
    return GSS_S_COMPLETE;
}

/* An error token of the peer closes the context, anything else is refused. */
OM_uint32 GSSAPI_CALLCONV
SM(process_context_token)(OM_uint32 *minor, gss_const_ctx_id_t handle,
			  const gss_buffer_t token)
{
    const unsigned char *p = token->value;

    if (token->length != TOKEN_SIZE || memcmp(p, "STEP", 4) != 0 ||
	p[4] != 'E')
	return fail(minor, GSS_S_DEFECTIVE_TOKEN, STEPMECH_MINOR_TOKEN);
    return fail(minor, GSS_S_FAILURE, STEPMECH_MINOR_PEER);
}

OM_uint32 GSSAPI_CALLCONV
SM(context_time)(OM_uint32 *minor, gss_const_ctx_id_t handle,
		 OM_uint32 *time_rec)
{
    const struct context *ctx = (const struct context *)handle;

    *minor = 0;
    *time_rec = GSS_C_INDEFINITE;
    return ctx && ctx->complete ? GSS_S_COMPLETE : GSS_S_NO_CONTEXT;
}

OM_uint32 GSSAPI_CALLCONV
SM(inquire_context)(OM_uint32 *minor, gss_const_ctx_id_t handle,
		    gss_name_t *source, gss_name_t *target,
		    OM_uint32 *lifetime, gss_OID *mech, OM_uint32 *flags,
		    int *local, int *open)
{
    const struct context *ctx = (const struct context *)handle;

    *minor = 0;
    if (ctx == NULL)
	return GSS_S_NO_CONTEXT;
    if (source)
	*source = ctx->source ? (gss_name_t)copy_name(ctx->source)
			      : GSS_C_NO_NAME;
    if (target)
	*target = ctx->target ? (gss_name_t)copy_name(ctx->target)
			      : GSS_C_NO_NAME;
    if (lifetime)
	*lifetime = GSS_C_INDEFINITE;
    if (mech)
	*mech = ctx->mech;
    if (flags)
	*flags = current_flags(ctx);
    if (local)
	*local = ctx->initiator;
    if (open)
	*open = ctx->complete;
    return GSS_S_COMPLETE;
}

/*
 * Per-message calls.
 */

static OM_uint32
check_ready(OM_uint32 *minor, const struct context *ctx)
{
    *minor = 0;
    if (ctx == NULL || !ctx->have_key ||
	(!ctx->complete && !ctx->config.early))
	return GSS_S_NO_CONTEXT;
    return ctx->config.mic ? GSS_S_COMPLETE : GSS_S_UNAVAILABLE;
}

static void
make_mic(const struct context *ctx, int type, int direction, uint64_t seq,
	 const gss_buffer_t message, unsigned char *mic)
{
    mic[0] = type;
    mic[1] = direction;
    put_be64(mic + 2, seq);
    put_be64(mic + 10, sip_hash(ctx->key, mic, 10, message->value,
				message->length));
}

static OM_uint32
check_mic(OM_uint32 *minor, struct context *ctx, int type,
	  const gss_buffer_t message, const unsigned char *mic)
{
    unsigned char want[MIC_SIZE];
    uint64_t seq = get_be64(mic + 2);

    make_mic(ctx, type, ctx->initiator ? 'A' : 'I', seq, message, want);
    if (memcmp(mic, want, MIC_SIZE) != 0)
	return fail(minor, GSS_S_BAD_SIG, STEPMECH_MINOR_MIC);
    if (!(ctx->flags & (GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG)))
	return GSS_S_COMPLETE;
    if (seq < ctx->received)
	return GSS_S_DUPLICATE_TOKEN;
    if (seq > ctx->received && (ctx->flags & GSS_C_SEQUENCE_FLAG)) {
	ctx->received = seq + 1;
	return GSS_S_GAP_TOKEN;
    }
    ctx->received = seq + 1;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
SM(get_mic)(OM_uint32 *minor, gss_const_ctx_id_t handle, gss_qop_t qop,
	    const gss_buffer_t message, gss_buffer_t token)
{
    struct context *ctx = (struct context *)(uintptr_t)handle;
    unsigned char mic[MIC_SIZE];
    OM_uint32 major;

    token->length = 0;
    token->value = NULL;
    major = check_ready(minor, ctx);
    if (major != GSS_S_COMPLETE)
	return major;
    make_mic(ctx, 'M', ctx->initiator ? 'I' : 'A', ctx->sent++, message, mic);
    return set_buffer(minor, token, mic, sizeof(mic));
}

OM_uint32 GSSAPI_CALLCONV
SM(verify_mic)(OM_uint32 *minor, gss_const_ctx_id_t handle,
	       const gss_buffer_t message, const gss_buffer_t token,
	       gss_qop_t *qop)
{
    struct context *ctx = (struct context *)(uintptr_t)handle;
    OM_uint32 major;

    if (qop)
	*qop = GSS_C_QOP_DEFAULT;
    major = check_ready(minor, ctx);
    if (major != GSS_S_COMPLETE)
	return major;
    if (token->length != MIC_SIZE)
	return fail(minor, GSS_S_DEFECTIVE_TOKEN, STEPMECH_MINOR_MIC);
    return check_mic(minor, ctx, 'M', message, token->value);
}

/*
 * Encrypt or decrypt: a key stream from the key and the sequence number.
 */
static void
apply_stream(const struct context *ctx, uint64_t seq, unsigned char *p,
	     size_t len)
{
    unsigned char counter[16], block[8];
    size_t i;

    put_be64(counter, seq);
    for (i = 0; i < len; i++) {
	if (i % 8 == 0) {
	    put_be64(counter + 8, i);
	    put_be64(block, sip_hash(ctx->key, counter, sizeof(counter),
				     NULL, 0));
	}
	p[i] ^= block[i % 8];
    }
}

/* MIC_SIZE octets, one for the encryption, the message */
OM_uint32 GSSAPI_CALLCONV
SM(wrap)(OM_uint32 *minor, gss_const_ctx_id_t handle, int conf, gss_qop_t qop,
	 const gss_buffer_t message, int *conf_state, gss_buffer_t token)
{
    struct context *ctx = (struct context *)(uintptr_t)handle;
    unsigned char *p;
    OM_uint32 major;

    token->length = 0;
    token->value = NULL;
    major = check_ready(minor, ctx);
    if (major != GSS_S_COMPLETE)
	return major;
    p = calloc(1, MIC_SIZE + 1 + message->length);
    if (p == NULL)
	return fail(minor, GSS_S_FAILURE, ENOMEM);
    make_mic(ctx, conf ? 'C' : 'W', ctx->initiator ? 'I' : 'A', ctx->sent,
	     message, p);
    p[MIC_SIZE] = conf != 0;
    if (message->length)
	memcpy(p + MIC_SIZE + 1, message->value, message->length);
    if (conf)
	apply_stream(ctx, ctx->sent, p + MIC_SIZE + 1, message->length);
    ctx->sent++;
    if (conf_state)
	*conf_state = conf != 0;
    token->value = p;
    token->length = MIC_SIZE + 1 + message->length;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
SM(unwrap)(OM_uint32 *minor, gss_const_ctx_id_t handle,
	   const gss_buffer_t token, gss_buffer_t message, int *conf_state,
	   gss_qop_t *qop)
{
    struct context *ctx = (struct context *)(uintptr_t)handle;
    const unsigned char *p = token->value;
    OM_uint32 major;
    int conf;

    message->length = 0;
    message->value = NULL;
    if (qop)
	*qop = GSS_C_QOP_DEFAULT;
    major = check_ready(minor, ctx);
    if (major != GSS_S_COMPLETE)
	return major;
    if (token->length < MIC_SIZE + 1)
	return fail(minor, GSS_S_DEFECTIVE_TOKEN, STEPMECH_MINOR_MIC);
    conf = p[MIC_SIZE] != 0;
    major = set_buffer(minor, message, p + MIC_SIZE + 1,
		       token->length - MIC_SIZE - 1);
    if (major != GSS_S_COMPLETE)
	return major;
    if (conf)
	apply_stream(ctx, get_be64(p + 2), message->value, message->length);
    major = check_mic(minor, ctx, conf ? 'C' : 'W', message, p);
    if (GSS_ERROR(major)) {
	free(message->value);
	message->length = 0;
	message->value = NULL;
    }
    if (conf_state)
	*conf_state = conf;
    return major;
}

OM_uint32 GSSAPI_CALLCONV
SM(wrap_size_limit)(OM_uint32 *minor, gss_const_ctx_id_t handle, int conf,
		    gss_qop_t qop, OM_uint32 size, OM_uint32 *max)
{
    *minor = 0;
    *max = size > MIC_SIZE + 1 ? size - MIC_SIZE - 1 : 0;
    return check_ready(minor, (const struct context *)handle);
}

/*
 * The exported context is the structure as it is: only this process reads it.
 */
OM_uint32 GSSAPI_CALLCONV
SM(export_sec_context)(OM_uint32 *minor, gss_ctx_id_t *handle,
		       gss_buffer_t token)
{
    struct context *ctx = (struct context *)*handle;
    OM_uint32 major;

    *minor = 0;
    token->length = 0;
    token->value = NULL;
    if (ctx == NULL || !ctx->complete)
	return GSS_S_NO_CONTEXT;
    major = set_buffer(minor, token, ctx, sizeof(*ctx));
    if (major == GSS_S_COMPLETE) {
	free_context(ctx);
	*handle = GSS_C_NO_CONTEXT;
    }
    return major;
}

OM_uint32 GSSAPI_CALLCONV
SM(import_sec_context)(OM_uint32 *minor, const gss_buffer_t token,
		       gss_ctx_id_t *handle)
{
    struct context *ctx, from;

    *minor = 0;
    *handle = GSS_C_NO_CONTEXT;
    if (token->length != sizeof(from))
	return fail(minor, GSS_S_DEFECTIVE_TOKEN, STEPMECH_MINOR_TOKEN);
    memcpy(&from, token->value, sizeof(from));
    ctx = new_context(from.mech, from.initiator);
    if (ctx == NULL)
	return fail(minor, GSS_S_FAILURE, ENOMEM);
    *ctx = from;
    ctx->source = new_name(STEPMECH_USER, strlen(STEPMECH_USER), NULL, 0);
    ctx->target = NULL;
    *handle = (gss_ctx_id_t)ctx;
    return GSS_S_COMPLETE;
}

OM_uint32 GSSAPI_CALLCONV
SM(display_status)(OM_uint32 *minor, OM_uint32 value, int type,
		   const gss_OID mech, OM_uint32 *message_context,
		   gss_buffer_t text)
{
    const char *what;

    *minor = 0;
    *message_context = 0;
    if (type != GSS_C_MECH_CODE)
	return GSS_S_BAD_STATUS;
    switch (value) {
    case STEPMECH_MINOR_FAULT: what = "step: a fault as asked for"; break;
    case STEPMECH_MINOR_PEER: what = "step: the peer reports an error"; break;
    case STEPMECH_MINOR_TOKEN: what = "step: not the token due"; break;
    case STEPMECH_MINOR_MIC: what = "step: wrong MIC"; break;
    default: what = "step: other error"; break;
    }
    return set_buffer(minor, text, what, strlen(what));
}

/*
 * Only the question of SPNEGO: whether the peer's is an updated one.
 */
OM_uint32 GSSAPI_CALLCONV
SM(inquire_sec_context_by_oid)(OM_uint32 *minor, gss_const_ctx_id_t handle,
			       const gss_OID object, gss_buffer_set_t *set)
{
    const struct context *ctx = (const struct context *)handle;
    gss_OID_desc oid;

    oid.length = sizeof(updated_oid);
    oid.elements = updated_oid;
    *minor = 0;
    *set = GSS_C_NO_BUFFER_SET;
    if (ctx == NULL)
	return GSS_S_NO_CONTEXT;
    if (!oid_equal(object, &oid) || !ctx->config.updated)
	return fail(minor, GSS_S_UNAVAILABLE, EINVAL);
    *set = calloc(1, sizeof(**set));
    return *set ? GSS_S_COMPLETE : fail(minor, GSS_S_FAILURE, ENOMEM);
}

#ifndef STEPMECH_MODULE

/*
 * Fill m, which is zeroed, for mech.
 */
OM_uint32
stepmech_interface(gss_OID mech, struct gssapi_mech_interface_desc *m)
{
    m->gm_version = GMI_VERSION;
    m->gm_name = mech == &stepmech_b ? "step-b" : "step-a";
    m->gm_mech_oid = *mech;
    m->gm_acquire_cred = stepmech_acquire_cred;
    m->gm_release_cred = stepmech_release_cred;
    m->gm_init_sec_context = stepmech_init_sec_context;
    m->gm_accept_sec_context = stepmech_accept_sec_context;
    m->gm_process_context_token = stepmech_process_context_token;
    m->gm_delete_sec_context = stepmech_delete_sec_context;
    m->gm_context_time = stepmech_context_time;
    m->gm_get_mic = stepmech_get_mic;
    m->gm_verify_mic = stepmech_verify_mic;
    m->gm_wrap = stepmech_wrap;
    m->gm_unwrap = stepmech_unwrap;
    m->gm_display_status = stepmech_display_status;
    m->gm_indicate_mechs = stepmech_indicate_mechs;
    m->gm_compare_name = stepmech_compare_name;
    m->gm_display_name = stepmech_display_name;
    m->gm_import_name = stepmech_import_name;
    m->gm_export_name = stepmech_export_name;
    m->gm_release_name = stepmech_release_name;
    m->gm_inquire_cred = stepmech_inquire_cred;
    m->gm_inquire_context = stepmech_inquire_context;
    m->gm_wrap_size_limit = stepmech_wrap_size_limit;
    m->gm_add_cred = stepmech_add_cred;
    m->gm_inquire_cred_by_mech = stepmech_inquire_cred_by_mech;
    m->gm_export_sec_context = stepmech_export_sec_context;
    m->gm_import_sec_context = stepmech_import_sec_context;
    m->gm_inquire_names_for_mech = stepmech_inquire_names_for_mech;
    m->gm_inquire_mechs_for_name = stepmech_inquire_mechs_for_name;
    m->gm_canonicalize_name = stepmech_canonicalize_name;
    m->gm_duplicate_name = stepmech_duplicate_name;
    m->gm_inquire_sec_context_by_oid = stepmech_inquire_sec_context_by_oid;
    return GSS_S_COMPLETE;
}

#endif
