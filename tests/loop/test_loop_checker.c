/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The conformance checker checked: it passes a well-behaved mechanism of 1 to
 * 6 tokens, and finds and names every fault of one that is not.
 *
 * The mechanism is a table of functions in here: a token is its number, a MIC
 * is the message, and a context counts.  With a fault it does one thing wrong.
 */

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gssapi/gssapi.h>

#include "loop_check.h"
#include "sec_test.h"

#define MAX_TOKENS 6
#define GRANTED (GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | \
		 GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)
#define UNKNOWN_FLAG 0x400000
#define FAULT_MINOR 4711
#define USER "fake-user"

enum fault {
    NONE, CONTINUE_EMPTY, CONTEXT_LEFT, FIRST_ERROR_HANDLE, GONE_MIC,
    GONE_CALL, SRC_NAME_EARLY, SRC_NAME_MISSING, SRC_NAME_WRONG,
    PROT_READY_MISSING, PROT_READY_EARLY, FLAGS_UNKNOWN, FLAGS_DROPPED,
    FLAGS_DIFFER, FLAGS_INQUIRED, FLAGS_SHORT, FLAGS_CHANGED,
    EXTRA_DESTROYS, EXTRA_CLOSES, EXTRA_COMPLETE, TOKEN_UNSET, FLAGS_UNSET,
    NAME_UNSET, MINOR_UNSET, ERROR_FLAGS, ERROR_NAME, ERROR_CRED, STATUS_BITS,
    STATUS_OLD, STATUS_ASN1, NO_HANDLE, DELEG_EARLY, DELEG_MISSING,
    DELEG_UNASKED, MECH_WRONG, HALF_INQUIRE_FAILS, HALF_INQUIRE_OPEN,
    HALF_PROT_READY, HALF_MIC, HALF_EXPORT, HALF_SIZE, HALF_PROCESS,
    OPEN_INQUIRE_CLOSED, OPEN_NO_NAMES, BAD_MIC, BAD_UNWRAP, BAD_CONF_STATE,
    BAD_RANDOM, GAP, PROCESS_COMPLETE, PROCESS_CLOSES, DELETE_TOKEN,
    DELETE_TWICE, EXPORT_FAILS, IMPORT_FORGETS, RELEASE_KEEPS, COMPLETE_EARLY,
    COMPLETE_NO_TOKEN, OTHER_ERROR, ERROR_COMPLETE, EMPTY_TAKEN, DIES, NEVER
};

static const struct {
    enum fault fault;
    enum loop_rule rule;
    const char *what;
} faults[] = {
    /* REQ: GL-08 */
    { CONTINUE_EMPTY, LOOP_RULE_CONTINUE_EMPTY, "CONTINUE without a token" },
    /* REQ: GL-34 */
    { CONTEXT_LEFT, LOOP_RULE_CONTEXT_LEFT, "error, the context stays" },
    { FIRST_ERROR_HANDLE, LOOP_RULE_FIRST_ERROR_HANDLE,
      "error of the first call, the context stays" },
    { GONE_MIC, LOOP_RULE_GONE, "gss_get_mic on a context that is gone" },
    { GONE_CALL, LOOP_RULE_GONE, "a call of the loop on what is gone" },
    /* REQ: GL-35 */
    { SRC_NAME_EARLY, LOOP_RULE_SRC_NAME_EARLY, "src_name on CONTINUE" },
    { SRC_NAME_MISSING, LOOP_RULE_SRC_NAME, "no src_name at COMPLETE" },
    { SRC_NAME_WRONG, LOOP_RULE_SRC_NAME, "another src_name" },
    /* REQ: GL-25 */
    { PROT_READY_MISSING, LOOP_RULE_PROT_READY_MISSING, "no PROT_READY" },
    { PROT_READY_EARLY, LOOP_RULE_PROT_READY_EARLY, "PROT_READY early" },
    /* REQ: GL-24, GL-02, GL-16, GL-22, GL-23 */
    { FLAGS_UNKNOWN, LOOP_RULE_FLAGS_UNKNOWN, "an unknown flag" },
    { FLAGS_DROPPED, LOOP_RULE_FLAGS_DROPPED, "a flag taken back" },
    { FLAGS_DIFFER, LOOP_RULE_FLAGS_DIFFER, "other flags on both sides" },
    { FLAGS_INQUIRED, LOOP_RULE_FLAGS_DIFFER, "other flags when inquired" },
    { FLAGS_SHORT, LOOP_RULE_FLAGS_WANTED, "a flag that was wanted" },
    { FLAGS_CHANGED, LOOP_RULE_FLAGS_WANTED, "flags of the second call" },
    /* REQ: GL-13, GL-20, GL-38 */
    { EXTRA_DESTROYS, LOOP_RULE_TORN_DOWN, "a call too many frees" },
    { EXTRA_CLOSES, LOOP_RULE_TORN_DOWN, "a call too many closes" },
    { EXTRA_COMPLETE, LOOP_RULE_TOO_MANY, "a call too many succeeds" },
    /* REQ: GL-34 */
    { TOKEN_UNSET, LOOP_RULE_OUTPUT_UNSET, "error, token not set" },
    { FLAGS_UNSET, LOOP_RULE_OUTPUT_UNSET, "error, ret_flags not set" },
    { NAME_UNSET, LOOP_RULE_OUTPUT_UNSET, "error, src_name not set" },
    { MINOR_UNSET, LOOP_RULE_MINOR_UNSET, "minor status not set" },
    { ERROR_FLAGS, LOOP_RULE_ERROR_OUTPUTS, "error and flags" },
    { ERROR_NAME, LOOP_RULE_ERROR_OUTPUTS, "error and a name" },
    { ERROR_CRED, LOOP_RULE_ERROR_OUTPUTS, "error and a credential" },
    /* REQ: GL-32, GL-33 */
    { STATUS_BITS, LOOP_RULE_STATUS, "COMPLETE and UNSEQ_TOKEN" },
    { STATUS_OLD, LOOP_RULE_OUTCOME, "COMPLETE and OLD_TOKEN" },
    { STATUS_ASN1, LOOP_RULE_STATUS, "another library's code as major" },
    { NO_HANDLE, LOOP_RULE_NO_HANDLE, "CONTINUE without a handle" },
    { DELEG_EARLY, LOOP_RULE_DELEGATED_EARLY, "credential on CONTINUE" },
    { DELEG_MISSING, LOOP_RULE_DELEGATED, "DELEG and no credential" },
    { DELEG_UNASKED, LOOP_RULE_DELEGATED, "a credential without DELEG" },
    { MECH_WRONG, LOOP_RULE_MECH, "another mechanism" },
    /* REQ: GL-30, XT-52 */
    { HALF_INQUIRE_FAILS, LOOP_RULE_HALF_INQUIRE, "half-open, no answer" },
    { HALF_INQUIRE_OPEN, LOOP_RULE_HALF_INQUIRE, "half-open, says open" },
    { HALF_PROT_READY, LOOP_RULE_PROT_READY_EARLY,
      "half-open, says PROT_READY" },
    { HALF_MIC, LOOP_RULE_HALF_CALL, "half-open, makes a MIC" },
    { HALF_EXPORT, LOOP_RULE_HALF_CALL, "half-open, is exported" },
    { HALF_SIZE, LOOP_RULE_HALF_CALL, "half-open, gives a size limit" },
    { HALF_PROCESS, LOOP_RULE_HALF_CALL, "half-open, takes a late token" },
    { OPEN_INQUIRE_CLOSED, LOOP_RULE_INQUIRE, "established, says not open" },
    { OPEN_NO_NAMES, LOOP_RULE_INQUIRE, "established, has no names" },
    /* REQ: GL-05, GL-17, GL-27 */
    { BAD_MIC, LOOP_RULE_MESSAGES, "MICs do not verify" },
    { BAD_UNWRAP, LOOP_RULE_MESSAGES, "another message unwrapped" },
    { BAD_CONF_STATE, LOOP_RULE_MESSAGES, "conf_state is wrong" },
    { BAD_RANDOM, LOOP_RULE_MESSAGES, "pseudo-random octets differ" },
    { GAP, LOOP_RULE_MESSAGES, "first MIC with GAP_TOKEN" },
    /* REQ: GL-28 */
    { PROCESS_COMPLETE, LOOP_RULE_PROCESS_TOKEN, "garbage is processed" },
    { PROCESS_CLOSES, LOOP_RULE_TORN_DOWN, "garbage closes the context" },
    /* REQ: GL-29, GL-34 */
    { DELETE_TOKEN, LOOP_RULE_DELETE, "a deletion token" },
    { DELETE_TWICE, LOOP_RULE_DELETE, "not deleted twice" },
    { EXPORT_FAILS, LOOP_RULE_EXPORT, "cannot be exported" },
    { IMPORT_FORGETS, LOOP_RULE_EXPORT, "is not open when imported" },
    { RELEASE_KEEPS, LOOP_RULE_RELEASE, "released, and still a pointer" },
    /* REQ: GL-05, GL-06, GL-07, GL-15, GL-17, GL-18 */
    { COMPLETE_EARLY, LOOP_RULE_OUTCOME, "COMPLETE for CONTINUE" },
    { COMPLETE_NO_TOKEN, LOOP_RULE_OUTCOME, "COMPLETE without its token" },
    { OTHER_ERROR, LOOP_RULE_ERROR_CODE, "another error" },
    { ERROR_COMPLETE, LOOP_RULE_OUTCOME, "COMPLETE for an error" },
    { EMPTY_TAKEN, LOOP_RULE_OUTCOME, "an empty token is taken" }
};

static unsigned char fake_oid[] = { 0x69, 0x07 };
static unsigned char other_oid[] = { 0x69, 0x08 };
static gss_OID_desc fake_mech = { sizeof(fake_oid), fake_oid };
static gss_OID_desc other_mech = { sizeof(other_oid), other_oid };

static enum fault fault;	/* what goes wrong */
static int tokens = 2;		/* how many there are */
static int live;		/* allocated and not released */

struct context {
    int initiator;
    int index;			/* of tokens made or taken */
    int complete;
    int gone;
    OM_uint32 flags;
};

static void *
make(size_t size)
{
    void *p = calloc(1, size);

    if (p == NULL)
	errx(1, "no memory");
    live++;
    return p;
}

static void
unmake(void *p)
{
    if (p != NULL)
	live--;
    free(p);
}

static void
make_buffer(gss_buffer_t buf, const void *p, size_t length)
{
    buf->value = make(length + 1);
    buf->length = length;
    memcpy(buf->value, p, length);
}

static void
no_buffer(gss_buffer_t buf)
{
    buf->length = 0;
    buf->value = NULL;
}

static OM_uint32
fake_release_buffer(OM_uint32 *minor, gss_buffer_t buf)
{
    *minor = 0;
    if (fault == RELEASE_KEEPS && buf->length) {
	unmake(buf->value);
	buf->length = 0;
	return GSS_S_COMPLETE;
    }
    unmake(buf->value);
    no_buffer(buf);
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_release_name(OM_uint32 *minor, gss_name_t *name)
{
    *minor = 0;
    unmake(*name);
    *name = GSS_C_NO_NAME;
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_release_cred(OM_uint32 *minor, gss_cred_id_t *cred)
{
    *minor = 0;
    unmake(*cred);
    *cred = GSS_C_NO_CREDENTIAL;
    return GSS_S_COMPLETE;
}

static gss_name_t
make_name(const char *text)
{
    char *p = make(strlen(text) + 1);

    memcpy(p, text, strlen(text));
    return (gss_name_t)p;
}

static OM_uint32
fake_display_name(OM_uint32 *minor, gss_const_name_t name, gss_buffer_t out,
		  gss_OID *type)
{
    *minor = 0;
    make_buffer(out, (const char *)name, strlen((const char *)name));
    if (type)
	*type = GSS_C_NO_OID;
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_delete(OM_uint32 *minor, gss_ctx_id_t *handle, gss_buffer_t out)
{
    *minor = 0;
    if (out)
	no_buffer(out);
    if (*handle == GSS_C_NO_CONTEXT)
	return fault == DELETE_TWICE ? GSS_S_FAILURE : GSS_S_NO_CONTEXT;
    if (out && fault == DELETE_TOKEN)
	make_buffer(out, "bye", 3);
    unmake(*handle);
    *handle = GSS_C_NO_CONTEXT;
    return GSS_S_COMPLETE;
}

/*
 * Give up a context as the API says, or as the fault says.
 */
static void
give_up(gss_ctx_id_t *handle, int first)
{
    struct context *ctx = (struct context *)*handle;
    OM_uint32 minor;

    if (first ? fault == FIRST_ERROR_HANDLE : fault == CONTEXT_LEFT)
	return;
    if (!first && (fault == GONE_MIC || fault == GONE_CALL)) {
	ctx->gone = 1;
	return;
    }
    (void)fake_delete(&minor, handle, NULL);
}

/*
 * Is it the token with this number, and of an exchange of as many?
 */
static int
is_token(const gss_buffer_desc *in, int index)
{
    const char *p = in->value;

    return in->length == 6 && strncmp(p, "FAKE", 4) == 0 &&
	p[4] == '0' + index && p[5] == '0' + tokens;
}

/*
 * A call of the loop: take a token, make a token.
 */
static OM_uint32
advance(OM_uint32 *minor, gss_ctx_id_t *handle, int initiator,
	OM_uint32 flags, const gss_buffer_desc *in, gss_buffer_t out,
	OM_uint32 *ret_flags)
{
    struct context *ctx = (struct context *)*handle;
    int first = ctx == NULL;
    char text[6];

    if (ctx && ctx->gone) {
	if (fault == GONE_CALL)
	    return GSS_S_FAILURE;
	return GSS_S_NO_CONTEXT;
    }
    if (ctx && ctx->complete) {
	*minor = EINVAL;
	if (fault == EXTRA_DESTROYS)
	    (void)fake_delete(minor, handle, NULL);
	else if (fault == EXTRA_CLOSES)
	    ctx->gone = 1;
	else if (fault == EXTRA_COMPLETE)
	    return GSS_S_COMPLETE;
	*minor = EINVAL;
	return GSS_S_BAD_STATUS;
    }
    if (first) {
	ctx = make(sizeof(*ctx));
	*handle = (gss_ctx_id_t)ctx;
	ctx->initiator = initiator;
	ctx->flags = flags;
    } else if (fault == FLAGS_CHANGED) {
	ctx->flags = flags;
    }
    if (!(first && initiator)) {
	if (!is_token(in, ctx->index + 1) &&
	    !(fault == EMPTY_TAKEN && in->length == 0)) {
	    *minor = FAULT_MINOR;
	    if (fault == ERROR_COMPLETE) {
		ctx->complete = 1;
		return GSS_S_COMPLETE;
	    }
	    give_up(handle, first);
	    return fault == OTHER_ERROR ? GSS_S_BAD_SIG :
		GSS_S_DEFECTIVE_TOKEN;
	}
	ctx->index++;
    }
    if (ctx->index < tokens) {
	ctx->index++;
	memcpy(text, "FAKE", 4);
	text[4] = '0' + ctx->index;
	text[5] = '0' + tokens;
	make_buffer(out, text, sizeof(text));
    }
    ctx->complete = ctx->index == tokens;
    if (fault == COMPLETE_EARLY && ctx->index == tokens - 1)
	ctx->complete = 1;
    if (ctx->complete)
	ctx->flags |= GSS_C_PROT_READY_FLAG;
    *ret_flags = ctx->flags;
    return ctx->complete ? GSS_S_COMPLETE : GSS_S_CONTINUE_NEEDED;
}

/*
 * The faults that are in what a call returns, whoever makes it.
 */
static OM_uint32
spoil(OM_uint32 major, OM_uint32 *minor, gss_ctx_id_t *handle, int initiator,
      gss_buffer_t out, OM_uint32 *ret_flags, gss_OID *mech)
{
    OM_uint32 junk;

    if (GSS_ERROR(major)) {
	if (fault == ERROR_FLAGS)
	    *ret_flags = GRANTED;
	return major;
    }
    if (major == GSS_S_CONTINUE_NEEDED) {
	if (fault == CONTINUE_EMPTY)
	    (void)fake_release_buffer(&junk, out);
	if (fault == PROT_READY_EARLY)
	    *ret_flags |= GSS_C_PROT_READY_FLAG;
	if (fault == FLAGS_DROPPED)
	    *ret_flags |= GSS_C_DELEG_FLAG;
	if (fault == NO_HANDLE)
	    (void)fake_delete(&junk, handle, NULL);
	return major;
    }
    if (fault == PROT_READY_MISSING)
	*ret_flags &= ~GSS_C_PROT_READY_FLAG;
    if (fault == FLAGS_UNKNOWN)
	*ret_flags |= UNKNOWN_FLAG;
    if (fault == FLAGS_DIFFER && initiator)
	*ret_flags |= GSS_C_IDENTIFY_FLAG;
    if (fault == FLAGS_SHORT)
	*ret_flags &= ~GSS_C_CONF_FLAG;
    if (fault == MECH_WRONG)
	*mech = &other_mech;
    if (fault == COMPLETE_NO_TOKEN)
	(void)fake_release_buffer(&junk, out);
    if (fault == STATUS_BITS)
	return GSS_S_COMPLETE | GSS_S_UNSEQ_TOKEN;
    if (fault == STATUS_OLD) {
	(void)fake_delete(&junk, handle, NULL);
	*ret_flags = 0;
	return GSS_S_COMPLETE | GSS_S_OLD_TOKEN;
    }
    return major;
}

static OM_uint32
fake_init(OM_uint32 *minor, gss_const_cred_id_t cred, gss_ctx_id_t *handle,
	  gss_const_name_t target, const gss_OID mech, OM_uint32 req_flags,
	  OM_uint32 time_req, const gss_channel_bindings_t bindings,
	  const gss_buffer_t input, gss_OID *actual_mech, gss_buffer_t out,
	  OM_uint32 *ret_flags, OM_uint32 *time_rec)
{
    static const gss_buffer_desc empty = { 0, NULL };
    OM_uint32 major, unset_flags = *ret_flags, unset_minor = *minor;
    gss_buffer_desc unset_out = *out;

    *minor = *ret_flags = *time_rec = 0;
    no_buffer(out);
    *actual_mech = &fake_mech;
    if (fault == DIES && *handle != GSS_C_NO_CONTEXT)
	abort();
    major = advance(minor, handle, 1, req_flags & GRANTED,
		    input ? input : &empty, out, ret_flags);
    major = spoil(major, minor, handle, 1, out, ret_flags, actual_mech);
    if (fault == MINOR_UNSET && !GSS_ERROR(major))
	*minor = unset_minor;
    if (fault == TOKEN_UNSET && GSS_ERROR(major))
	*out = unset_out;
    if (fault == FLAGS_UNSET && GSS_ERROR(major))
	*ret_flags = unset_flags;
    if (fault == STATUS_ASN1 && GSS_ERROR(major))
	major = 0x6eda3605;	/* ASN1_OVERRUN */
    return major;
}

static OM_uint32
fake_accept(OM_uint32 *minor, gss_ctx_id_t *handle, gss_const_cred_id_t cred,
	    const gss_buffer_t input, const gss_channel_bindings_t bindings,
	    gss_name_t *src_name, gss_OID *mech, gss_buffer_t out,
	    OM_uint32 *ret_flags, OM_uint32 *time_rec,
	    gss_cred_id_t *delegated)
{
    gss_name_t unset_name = *src_name;
    OM_uint32 major;
    int named, deleg;

    *minor = *ret_flags = *time_rec = 0;
    no_buffer(out);
    *src_name = GSS_C_NO_NAME;
    *delegated = GSS_C_NO_CREDENTIAL;
    *mech = &fake_mech;
    major = advance(minor, handle, 0, GRANTED, input, out, ret_flags);
    named = major == GSS_S_COMPLETE && fault != SRC_NAME_MISSING &&
	*ret_flags != 0;
    named |= major == GSS_S_CONTINUE_NEEDED && fault == SRC_NAME_EARLY;
    named |= GSS_ERROR(major) && fault == ERROR_NAME;
    if (named)
	*src_name = make_name(fault == SRC_NAME_WRONG ? "who" : USER);
    deleg = major == GSS_S_CONTINUE_NEEDED && fault == DELEG_EARLY;
    deleg |= major == GSS_S_COMPLETE && fault == DELEG_UNASKED;
    deleg |= GSS_ERROR(major) && fault == ERROR_CRED;
    if (deleg)
	*delegated = (gss_cred_id_t)make_name("cred");
    if (major == GSS_S_COMPLETE && fault == DELEG_MISSING)
	*ret_flags |= GSS_C_DELEG_FLAG;
    major = spoil(major, minor, handle, 0, out, ret_flags, mech);
    if (fault == STATUS_OLD)
	fake_release_name(minor, src_name);
    if (fault == NAME_UNSET && GSS_ERROR(major))
	*src_name = unset_name;
    return major;
}

/*
 * NO_CONTEXT for what needs an established context, unless the fault is odd.
 */
static OM_uint32
usable(OM_uint32 *minor, gss_const_ctx_id_t handle, enum fault odd)
{
    const struct context *ctx = (const struct context *)handle;

    *minor = 0;
    if (ctx == NULL)
	return GSS_S_NO_CONTEXT;
    if (ctx->gone)
	return fault == GONE_MIC && odd == HALF_MIC ? GSS_S_FAILURE :
	    GSS_S_NO_CONTEXT;
    if (!ctx->complete && fault != odd)
	return GSS_S_NO_CONTEXT;
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_inquire(OM_uint32 *minor, gss_const_ctx_id_t handle, gss_name_t *src,
	     gss_name_t *target, OM_uint32 *lifetime, gss_OID *mech,
	     OM_uint32 *flags, int *local, int *open)
{
    const struct context *ctx = (const struct context *)handle;
    OM_uint32 f;

    *minor = 0;
    if (src)
	*src = GSS_C_NO_NAME;
    if (target)
	*target = GSS_C_NO_NAME;
    if (ctx == NULL || ctx->gone ||
	(!ctx->complete && fault == HALF_INQUIRE_FAILS))
	return GSS_S_NO_CONTEXT;
    f = ctx->flags;
    if (fault == FLAGS_INQUIRED)
	f |= GSS_C_IDENTIFY_FLAG;
    if (fault == HALF_PROT_READY)
	f |= GSS_C_PROT_READY_FLAG;
    if (src && ctx->complete && fault != OPEN_NO_NAMES)
	*src = make_name(USER);
    if (target && ctx->complete && fault != OPEN_NO_NAMES)
	*target = make_name("target");
    if (lifetime)
	*lifetime = GSS_C_INDEFINITE;
    if (mech)
	*mech = &fake_mech;
    if (flags)
	*flags = f;
    if (local)
	*local = ctx->initiator;
    if (open)
	*open = ctx->complete ? fault != OPEN_INQUIRE_CLOSED :
	    fault == HALF_INQUIRE_OPEN;
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_context_time(OM_uint32 *minor, gss_const_ctx_id_t handle,
		  OM_uint32 *lifetime)
{
    *lifetime = GSS_C_INDEFINITE;
    return usable(minor, handle, NEVER);
}

static OM_uint32
fake_process(OM_uint32 *minor, gss_const_ctx_id_t handle,
	     const gss_buffer_t token)
{
    struct context *ctx = (struct context *)(size_t)handle;
    OM_uint32 major = usable(minor, handle, NEVER);

    if (ctx && !ctx->gone && !ctx->complete && fault == HALF_PROCESS)
	return GSS_S_COMPLETE;
    if (major != GSS_S_COMPLETE)
	return major;
    if (fault == PROCESS_COMPLETE)
	return GSS_S_COMPLETE;
    if (fault == PROCESS_CLOSES)
	ctx->gone = 1;
    return GSS_S_DEFECTIVE_TOKEN;
}

/*
 * A kind, whether encrypted, the side that made it, and the message.
 */
static OM_uint32
protect(const struct context *ctx, char kind, int conf,
	const gss_buffer_desc *msg, gss_buffer_t out)
{
    char *p;

    out->length = 3 + msg->length;
    p = out->value = make(out->length + 1);
    p[0] = kind;
    p[1] = conf;
    p[2] = ctx->initiator;
    memcpy(p + 3, msg->value, msg->length);
    return GSS_S_COMPLETE;
}

static int
is_protected(const struct context *ctx, char kind, const gss_buffer_desc *in)
{
    const char *p = in->value;

    return in->length >= 3 && p[0] == kind && p[2] == !ctx->initiator;
}

static OM_uint32
fake_get_mic(OM_uint32 *minor, gss_const_ctx_id_t handle, gss_qop_t qop,
	     const gss_buffer_t msg, gss_buffer_t out)
{
    OM_uint32 major = usable(minor, handle, HALF_MIC);

    no_buffer(out);
    if (major != GSS_S_COMPLETE)
	return major;
    return protect((const struct context *)handle, 'M', 0, msg, out);
}

static OM_uint32
fake_verify_mic(OM_uint32 *minor, gss_const_ctx_id_t handle,
		const gss_buffer_t msg, const gss_buffer_t token,
		gss_qop_t *qop)
{
    OM_uint32 major = usable(minor, handle, NEVER);

    if (major != GSS_S_COMPLETE)
	return major;
    if (fault == GAP)
	return GSS_S_GAP_TOKEN;
    return fault != BAD_MIC &&
	is_protected((const struct context *)handle, 'M', token) ?
	GSS_S_COMPLETE : GSS_S_BAD_SIG;
}

static OM_uint32
fake_wrap(OM_uint32 *minor, gss_const_ctx_id_t handle, int conf,
	  gss_qop_t qop, const gss_buffer_t msg, int *conf_state,
	  gss_buffer_t out)
{
    OM_uint32 major = usable(minor, handle, NEVER);

    no_buffer(out);
    if (major != GSS_S_COMPLETE)
	return major;
    if (conf_state)
	*conf_state = fault == BAD_CONF_STATE ? 0 : conf;
    return protect((const struct context *)handle, 'W', conf, msg, out);
}

static OM_uint32
fake_unwrap(OM_uint32 *minor, gss_const_ctx_id_t handle,
	    const gss_buffer_t token, gss_buffer_t out, int *conf_state,
	    gss_qop_t *qop)
{
    OM_uint32 major = usable(minor, handle, NEVER);
    const char *p = token->value;

    no_buffer(out);
    if (major != GSS_S_COMPLETE)
	return major;
    if (!is_protected((const struct context *)handle, 'W', token))
	return GSS_S_BAD_SIG;
    if (conf_state)
	*conf_state = p[1];
    make_buffer(out, p + 3, token->length - (fault == BAD_UNWRAP ? 4 : 3));
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_size_limit(OM_uint32 *minor, gss_const_ctx_id_t handle, int conf,
		gss_qop_t qop, OM_uint32 output, OM_uint32 *input)
{
    *input = output - 3;
    return usable(minor, handle, HALF_SIZE);
}

static OM_uint32
fake_random(OM_uint32 *minor, gss_ctx_id_t handle, int key,
	    const gss_buffer_t in, ssize_t length, gss_buffer_t out)
{
    OM_uint32 major = usable(minor, handle, NEVER);

    no_buffer(out);
    if (major == GSS_S_COMPLETE)
	make_buffer(out, fault != BAD_RANDOM ||
		    ((struct context *)handle)->initiator ?
		    "0123456789abcdef" : "fedcba9876543210", length);
    return major;
}

static OM_uint32
fake_export(OM_uint32 *minor, gss_ctx_id_t *handle, gss_buffer_t out)
{
    struct context *ctx = (struct context *)*handle;
    OM_uint32 major = usable(minor, *handle, HALF_EXPORT);

    no_buffer(out);
    if (major != GSS_S_COMPLETE)
	return major;
    if (fault == EXPORT_FAILS)
	return GSS_S_UNAVAILABLE;
    make_buffer(out, ctx, sizeof(*ctx));
    /* a half-open one goes on, or the script would end here */
    if (ctx->complete)
	(void)fake_delete(minor, handle, NULL);
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_import(OM_uint32 *minor, const gss_buffer_t token, gss_ctx_id_t *handle)
{
    struct context *ctx = make(sizeof(*ctx));

    *minor = 0;
    memcpy(ctx, token->value, sizeof(*ctx));
    if (fault == IMPORT_FORGETS)
	ctx->complete = 0;
    *handle = (gss_ctx_id_t)ctx;
    return GSS_S_COMPLETE;
}

static const struct loop_api fake_api = {
    fake_init,
    fake_accept,
    fake_delete,
    fake_inquire,
    fake_context_time,
    fake_process,
    fake_get_mic,
    fake_verify_mic,
    fake_wrap,
    fake_unwrap,
    fake_size_limit,
    fake_random,
    fake_export,
    fake_import,
    fake_display_name,
    fake_release_name,
    fake_release_cred,
    fake_release_buffer
};

static struct loop_config config;

static void
init_config(void)
{
    config.api = &fake_api;
    config.mech = config.actual_mech = &fake_mech;
    config.req_flags = config.flags = GRANTED;
    config.src_name = USER;
    config.options = LOOP_ASK_DELEG;
}

/*
 * The script of n tokens, up to call end, which is fed what feed says and has
 * this outcome; end < 0: a good exchange.
 */
static void
make_steps(struct loop_step *steps, int n, int end, enum loop_feed feed,
	   enum loop_outcome outcome)
{
    int i;

    memset(steps, 0, (MAX_TOKENS + 2) * sizeof(*steps));
    for (i = 0; i <= n; i++) {
	steps[i].who = i % 2 ? LOOP_ACCEPT : LOOP_INIT;
	steps[i].feed = i ? LOOP_PEER : LOOP_EMPTY;
	steps[i].outcome = i < n - 1 ? LOOP_CONTINUE :
	    i == n - 1 ? LOOP_COMPLETE_TOKEN : LOOP_COMPLETE;
	if (i > 1)
	    steps[i].options = LOOP_CHANGED;
	if (i == end) {
	    steps[i].feed = feed;
	    steps[i].outcome = outcome;
	    steps[i].major = GSS_S_DEFECTIVE_TOKEN;
	    steps[i].minor = FAULT_MINOR;
	    break;
	}
    }
}

/*
 * Run it in this process; run is ended.
 */
static void
run_steps(struct loop_run *run, const struct loop_step *steps, int probe)
{
    loop_begin(run, &config, "fake");
    run->probe = probe;
    run->quiet = fault != NONE;
    loop_script_here(run, steps);
    (void)loop_end(run);
}

/*
 * REQ: GL-01, GL-02, GL-03, GL-05, GL-06, GL-07, GL-15, GL-17, GL-37
 */
static void
test_good(void)
{
    struct loop_step steps[MAX_TOKENS + 2];
    struct loop_run run;
    int probe, end;

    fault = NONE;
    for (tokens = 1; tokens <= MAX_TOKENS; tokens++)
	for (probe = 0; probe <= 1; probe++) {
	    make_steps(steps, tokens, -1, LOOP_PEER, LOOP_END);
	    run_steps(&run, steps, probe);
	    check(run.total == 0 && run.complete && live == 0,
		  "%d tokens%s: no violation", tokens,
		  probe ? ", probed" : "");
	    for (end = 1; end <= tokens; end++) {
		make_steps(steps, tokens, end, LOOP_GARBAGE, LOOP_ERROR);
		run_steps(&run, steps, probe);
		check(run.total == 0 && !run.complete && live == 0,
		      "%d tokens%s, garbage to call %d: no violation",
		      tokens, probe ? ", probed" : "", end);
	    }
	}
}

static void
test_mutations(void)
{
    struct loop_step steps[MAX_TOKENS + 2];
    struct loop_script script;
    int n;

    fault = NONE;
    tokens = MAX_TOKENS;
    make_steps(steps, tokens, -1, LOOP_PEER, LOOP_END);
    script.name = "fake, mutated";
    script.config = &config;
    script.steps = steps;
    for (n = 1; n <= tokens; n++) {
	check(loop_truncated(&script, n, 1, GSS_S_DEFECTIVE_TOKEN) == 0,
	      "token %d truncated: no violation", n);
	check(loop_flipped(&script, n, 1) == 0,
	      "token %d with an octet changed: no violation", n);
    }
}

/*
 * Every rule is broken by some fault, or it would never be seen to work.
 */
static void
test_every_rule(void)
{
    size_t i;
    int rule, found;

    for (rule = 0; rule < LOOP_RULES; rule++) {
	found = rule == LOOP_RULE_CRASH;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
	    found |= faults[i].rule == (enum loop_rule)rule;
	check(found, "rule %s has a fault", loop_rule_name(rule));
    }
}

static void
test_fault(size_t i)
{
    static const enum loop_feed feeds[] = { LOOP_PEER, LOOP_GARBAGE,
					    LOOP_GARBAGE, LOOP_EMPTY };
    static const int ends[] = { -1, 1, 2, 3 };
    struct loop_step steps[MAX_TOKENS + 2];
    struct loop_run run;
    unsigned long found = 0, plain = 0;
    int j, probe;

    tokens = 4;
    fault = faults[i].fault;
    for (probe = 0; probe <= 1; probe++)
	for (j = 0; j < 4; j++) {
	    make_steps(steps, tokens, ends[j], feeds[j], LOOP_ERROR);
	    run_steps(&run, steps, probe);
	    found += run.violations[faults[i].rule];
	    if (!probe)
		plain += run.violations[faults[i].rule];
	}
    check(found != 0, "%s: %s%s", faults[i].what,
	  loop_rule_name(faults[i].rule), plain ? "" : " (when probed)");
}

/*
 * A crash is a violation of its script, and the next one runs.
 */
static void
test_crash(void)
{
    struct loop_step steps[MAX_TOKENS + 2];
    struct loop_script script;
    const char *env = getenv("LOOP_FORK");

    if (env != NULL && atoi(env) == 0)
	return;
    tokens = 4;
    make_steps(steps, tokens, -1, LOOP_PEER, LOOP_END);
    script.name = "fake, dies";
    script.config = &config;
    script.steps = steps;
    fault = DIES;
    check(loop_script(&script) == 2, "a crash: %s, twice",
	  loop_rule_name(LOOP_RULE_CRASH));
    fault = NONE;
    check(loop_script(&script) == 0, "and none afterwards");
}

int
main(int argc, char **argv)
{
    size_t i;

    init_config();
    test_good();
    test_mutations();
    test_every_rule();
    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
	test_fault(i);
    test_crash();
    return check_done();
}
