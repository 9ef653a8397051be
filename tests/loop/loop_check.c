/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The engine of the conformance checker; see loop_check.h.
 *
 * Every call of a script goes through call_party(), which fills all outputs
 * with what no implementation would put there, makes the call, and has the
 * check_*() functions look at it.  Between the calls, when run->probe is set,
 * probe_*() make the calls that an application could make at that time, and
 * that have to leave the exchange as it was.
 */

#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gssapi/gssapi.h>

#include "loop_check.h"

#ifndef MAP_ANON
#define MAP_ANON MAP_ANONYMOUS
#endif

/* How many violations of a run are printed; the others are counted. */
#define MAX_PRINTED 12

/* More calls than any mechanism of ours makes: then it does not end. */
#define MAX_CALLS 14

#define UNSET_MINOR ((OM_uint32)0xd15ea5ed)
#define UNSET_WORD ((OM_uint32)0xbadf1a65)

#define ROUTINE_ERRORS 19	/* GSS_S_BAD_MECH_ATTR is the last */
#define CALLING_ERRORS 3	/* GSS_S_CALL_BAD_STRUCTURE is the last */

/* GSS_C_CHANNEL_BOUND_FLAG: what the acceptor alone can tell */
#define BOUND_FLAG 2048U

#define KNOWN_FLAGS (GSS_C_DELEG_FLAG | GSS_C_MUTUAL_FLAG | \
		     GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | \
		     GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_ANON_FLAG | \
		     GSS_C_PROT_READY_FLAG | GSS_C_TRANS_FLAG | \
		     GSS_C_DCE_STYLE | GSS_C_IDENTIFY_FLAG | BOUND_FLAG | \
		     GSS_C_EXTENDED_ERROR_FLAG | GSS_C_DELEG_POLICY_FLAG)

static const struct {
    const char *name;
    const char *section;	/* of the document, if not said otherwise */
    const char *req;
    const char *text;
} rules[LOOP_RULES] = {
    { "status", "4.1; RFC 2744 3.9.1", "GL-32, GL-33",
      "COMPLETE, CONTINUE_NEEDED or an error code of RFC 2744" },
    { "minor-unset", "RFC 2744 3.9.2", "GL-32",
      "the minor status is set by every call" },
    { "output-unset", "4.1; RFC 2744 3.2", "GL-34",
      "every output that was asked for is set by every call" },
    { "continue-empty", "2.2, 2.5", "GL-08",
      "CONTINUE_NEEDED comes with a token" },
    { "outcome", "2.2, 2.5", "GL-05, GL-07, GL-17",
      "what the script says of this step" },
    { "error-code", "2.2, 2.5", "GL-18",
      "the error that the script says" },
    { "no-handle", "2.2, 2.5", "GL-03",
      "a call without an error gives a context handle" },
    { "first-error-handle", "4.1; RFC 2744 5.1, 5.19", "GL-34",
      "no context after an error of the first call" },
    { "context-left", "4.1; RFC 2743 2.2.1", "GL-34",
      "no context, or one that is gone, after an error" },
    { "gone-context", "3.2", "GL-30",
      "NO_CONTEXT from every call on a context that is gone" },
    { "error-outputs", "4.1", "GL-34",
      "no name, credential, flag or lifetime comes with an error" },
    { "flags-unknown", "3", "GL-24", "only flags that the API defines" },
    { "flags-dropped", "3", "GL-24",
      "a flag that was granted is not taken back" },
    { "flags-differ", "3", "GL-24",
      "both sides, and gss_inquire_context, have the same flags" },
    { "flags-wanted", "3", "GL-22, GL-23, GL-04",
      "the flags that this exchange has to have, and no others" },
    { "prot-ready-early", "3.1", "GL-25",
      "PROT_READY not before per-message calls work" },
    { "prot-ready-missing", "3.1", "GL-25", "PROT_READY with COMPLETE" },
    { "src-name-early", "2.5, 4.1", "GL-35", "no src_name before COMPLETE" },
    { "src-name", "4.1", "GL-35", "the initiator's name with COMPLETE" },
    { "delegated-early", "3", "GL-24",
      "no delegated credential before COMPLETE" },
    { "delegated", "3", "GL-24",
      "a delegated credential if and only if DELEG is granted" },
    { "mech", "2.2; RFC 2743 2.2.1", "GL-05",
      "the mechanism that was agreed on" },
    { "half-open-inquire", "3.2", "GL-30",
      "gss_inquire_context answers of a half-open context, open is false" },
    { "half-open-call", "3.1", "GL-25, GL-30, XT-52",
      "NO_CONTEXT from what needs an established context" },
    { "inquire", "3.2", "GL-30",
      "gss_inquire_context says what the last call of the loop said" },
    { "messages", "2.2, 2.5, 3", "GL-05, GL-17, GL-27",
      "per-message calls work both ways once both are COMPLETE" },
    { "too-many", "2.4, 2.7", "GL-13, GL-20",
      "BAD_STATUS and EINVAL for a call after COMPLETE" },
    { "torn-down", "2.4, 2.7, 3.2", "GL-13, GL-20, GL-28, GL-38",
      "an unexpected token leaves an established context usable" },
    { "process-token", "3.2", "GL-28",
      "DEFECTIVE_TOKEN for what is no token for this context" },
    { "delete", "4.1", "GL-29, GL-34",
      "gss_delete_sec_context frees, gives no token and may be repeated" },
    { "export", "RFC 2743 2.2.8", "XT-52",
      "an established context with TRANS can be exported and imported" },
    { "release", "4.1", "GL-34", "releasing twice is harmless" },
    { "crash", "4.1", "GL-34", "the process goes on" }
};

/* Where we are, in words; shared with the parent of a forked script. */
struct shared {
    char where[256];
    unsigned long total;
};

static struct shared local_shared, *shared = &local_shared;

static const char *const who_names[2] = { "initiator", "acceptor" };

static const unsigned char garbage[] = "this is not a token";

/* Where an output points that a call has not set. */
static char unset_mark;

const char *
loop_rule_name(enum loop_rule rule)
{
    return rules[rule].name;
}

/*
 * Say what is about to be called.
 */
static void
at(const struct loop_run *run, enum loop_who who, const char *what)
{
    snprintf(shared->where, sizeof(shared->where),
	     "\"%s\"%s, step %d, %s, call %d: %s", run->name,
	     run->probe ? " (probed)" : "", run->step, who_names[who],
	     run->party[who].calls, what);
}

static void
violation(struct loop_run *run, enum loop_rule rule, const char *fmt, ...)
{
    va_list ap;

    run->violations[rule]++;
    run->total++;
    if (run->quiet || run->total > MAX_PRINTED)
	return;
    printf("VIOLATION of %s (%s) in %s\n    seen: ", rules[rule].name,
	   rules[rule].req, shared->where);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n    expected: %s (section %s)\n", rules[rule].text,
	   rules[rule].section);
    fflush(stdout);
}

static void *
copy(const void *p, size_t length)
{
    /* of just this size, so that reading behind it shows */
    void *q = malloc(length ? length : 1);

    if (q == NULL)
	errx(1, "no memory");
    if (length)
	memcpy(q, p, length);
    return q;
}

static void
set_buffer(gss_buffer_t to, const gss_buffer_desc *from)
{
    free(to->value);
    to->length = from->length;
    to->value = from->length ? copy(from->value, from->length) : NULL;
}

static void
free_buffer(gss_buffer_t buf)
{
    free(buf->value);
    buf->value = NULL;
    buf->length = 0;
}

/*
 * What no call leaves in an output.
 */
static void
unset(gss_buffer_t buf)
{
    buf->length = (size_t)UNSET_WORD;
    buf->value = &unset_mark;
}

static int
is_unset(const gss_buffer_desc *buf)
{
    return buf->value == &unset_mark;
}

/*
 * Release an output of a call twice.  Returns its length.
 */
static size_t
release(struct loop_run *run, gss_buffer_t buf, const char *of)
{
    OM_uint32 major, minor;
    size_t length;

    if (is_unset(buf)) {
	violation(run, LOOP_RULE_OUTPUT_UNSET, "the buffer of %s", of);
	return 0;
    }
    length = buf->length;
    if (length != 0 && buf->value == NULL) {
	violation(run, LOOP_RULE_OUTPUT_UNSET, "the buffer of %s has a length "
		  "and no value", of);
	return 0;
    }
    major = run->config->api->release_buffer(&minor, buf);
    if (major == GSS_S_COMPLETE && buf->length == 0 && buf->value == NULL)
	major = run->config->api->release_buffer(&minor, buf);
    if (major != GSS_S_COMPLETE || buf->length != 0 || buf->value != NULL)
	violation(run, LOOP_RULE_RELEASE, "gss_release_buffer of %s: %08x", of,
		  (unsigned)major);
    return length;
}

static void
release_name(struct loop_run *run, gss_name_t *name)
{
    OM_uint32 major, minor;

    if (*name == GSS_C_NO_NAME)
	return;
    major = run->config->api->release_name(&minor, name);
    if (major != GSS_S_COMPLETE || *name != GSS_C_NO_NAME)
	violation(run, LOOP_RULE_RELEASE, "gss_release_name: %08x",
		  (unsigned)major);
    *name = GSS_C_NO_NAME;
}

static void
release_cred(struct loop_run *run, gss_cred_id_t *cred)
{
    OM_uint32 major, minor;

    if (*cred == GSS_C_NO_CREDENTIAL)
	return;
    major = run->config->api->release_cred(&minor, cred);
    if (major != GSS_S_COMPLETE || *cred != GSS_C_NO_CREDENTIAL)
	violation(run, LOOP_RULE_RELEASE, "gss_release_cred: %08x",
		  (unsigned)major);
    *cred = GSS_C_NO_CREDENTIAL;
}

/*
 * Is the name's text the given one?
 */
static int
is_named(struct loop_run *run, gss_name_t name, const char *text)
{
    gss_buffer_desc buf;
    OM_uint32 major, minor;
    int same;

    unset(&buf);
    major = run->config->api->display_name(&minor, name, &buf, NULL);
    if (GSS_ERROR(major))
	return 0;
    same = buf.length == strlen(text) &&
	strncmp(buf.value, text, buf.length) == 0;
    (void)release(run, &buf, "gss_display_name");
    return same;
}

/*
 * What a call of the loop returned.
 */
enum call_class { CONTINUE, COMPLETE, ERROR };

struct seen {
    OM_uint32 major, minor, flags, lifetime;
    gss_buffer_desc token;
    gss_name_t src_name;	/* of the acceptor, as is delegated */
    gss_cred_id_t delegated;
    gss_OID mech;
};

/*
 * RFC 2744 5.1, 5.19: old and duplicate tokens are fatal to the
 * establishment of a context, though they are no errors for GSS_ERROR().
 */
static enum call_class
class_of(OM_uint32 major)
{
    if (GSS_ERROR(major) ||
	(major & (GSS_S_OLD_TOKEN | GSS_S_DUPLICATE_TOKEN)))
	return ERROR;
    return (major & GSS_S_CONTINUE_NEEDED) ? CONTINUE : COMPLETE;
}

static int
has_unset(enum loop_who who, const struct seen *seen)
{
    const void *mark = &unset_mark;

    if (is_unset(&seen->token) || seen->flags == UNSET_WORD ||
	seen->lifetime == UNSET_WORD || (const void *)seen->mech == mark)
	return 1;
    return who == LOOP_ACCEPT && ((const void *)seen->src_name == mark ||
				  (const void *)seen->delegated == mark);
}

/*
 * One call, on *handle, without any check.  All outputs are marked before it;
 * marks that are still there afterwards are a violation and are removed.
 */
static void
raw_call(struct loop_run *run, enum loop_who who, gss_ctx_id_t *handle,
	 const gss_buffer_desc *in, unsigned options, struct seen *seen)
{
    const struct loop_config *config = run->config;
    const struct loop_api *api = config->api;
    static struct gss_channel_bindings_struct other;
    gss_channel_bindings_t bindings;
    gss_buffer_desc token;
    void *mark = &unset_mark;
    gss_cred_id_t *delegated = NULL;

    memset(seen, 0, sizeof(*seen));
    seen->minor = UNSET_MINOR;
    seen->flags = seen->lifetime = UNSET_WORD;
    unset(&seen->token);
    seen->mech = mark;
    if (who == LOOP_ACCEPT)
	seen->src_name = mark;
    if (config->options & LOOP_ASK_DELEG) {
	delegated = &seen->delegated;
	if (who == LOOP_ACCEPT)
	    seen->delegated = mark;
    }
    other.application_data.length = sizeof(garbage);
    other.application_data.value = (void *)(size_t)garbage;
    token.length = in->length;
    token.value = in->length ? copy(in->value, in->length) : NULL;

    if (config->before)
	config->before(run, who);
    if (who == LOOP_INIT) {
	at(run, who, "gss_init_sec_context");
	bindings = options & LOOP_CHANGED ? &other :
	    config->initiator_bindings;
	seen->major = api->init_sec_context
	    (&seen->minor, config->initiator_cred, handle, config->target,
	     config->mech, options & LOOP_CHANGED ?
	     ~config->req_flags & KNOWN_FLAGS : config->req_flags, 0,
	     bindings, token.length || run->probe ? &token : GSS_C_NO_BUFFER,
	     &seen->mech, &seen->token, &seen->flags, &seen->lifetime);
    } else {
	at(run, who, "gss_accept_sec_context");
	bindings = options & LOOP_CHANGED ? &other :
	    config->acceptor_bindings;
	seen->major = api->accept_sec_context
	    (&seen->minor, handle, config->acceptor_cred, &token, bindings,
	     &seen->src_name, &seen->mech, &seen->token, &seen->flags,
	     &seen->lifetime, delegated);
    }
    free(token.value);

    if (has_unset(who, seen))
	violation(run, LOOP_RULE_OUTPUT_UNSET, "an output is as before, "
		  "major %08x", (unsigned)seen->major);
    if (is_unset(&seen->token))
	memset(&seen->token, 0, sizeof(seen->token));
    if ((void *)seen->src_name == mark)
	seen->src_name = GSS_C_NO_NAME;
    if ((void *)seen->delegated == mark)
	seen->delegated = GSS_C_NO_CREDENTIAL;
    if (seen->flags == UNSET_WORD)
	seen->flags = 0;
    if (seen->lifetime == UNSET_WORD)
	seen->lifetime = 0;
}

static void
check_status(struct loop_run *run, const struct seen *seen)
{
    OM_uint32 major = seen->major;

    if (GSS_ROUTINE_ERROR(major) >> GSS_C_ROUTINE_ERROR_OFFSET
	> ROUTINE_ERRORS ||
	GSS_CALLING_ERROR(major) >> GSS_C_CALLING_ERROR_OFFSET
	> CALLING_ERRORS)
	violation(run, LOOP_RULE_STATUS, "major %08x", (unsigned)major);
    else if (!GSS_ERROR(major) && (major & ~GSS_S_CONTINUE_NEEDED))
	violation(run, LOOP_RULE_STATUS, "major %08x: neither COMPLETE nor "
		  "CONTINUE_NEEDED and no error", (unsigned)major);
    if (seen->minor == UNSET_MINOR)
	violation(run, LOOP_RULE_MINOR_UNSET, "major %08x, minor as before",
		  (unsigned)major);
}

/*
 * Whatever comes with a status that is no error.
 */
static void
check_granted(struct loop_run *run, struct loop_party *party,
	      const struct seen *seen)
{
    OM_uint32 dropped = party->flags & ~seen->flags;

    if (party->handle == GSS_C_NO_CONTEXT)
	violation(run, LOOP_RULE_NO_HANDLE, "major %08x, no handle",
		  (unsigned)seen->major);
    if (seen->flags & ~KNOWN_FLAGS)
	violation(run, LOOP_RULE_FLAGS_UNKNOWN, "ret_flags %x",
		  (unsigned)seen->flags);
    if (dropped)
	violation(run, LOOP_RULE_FLAGS_DROPPED, "ret_flags %x, %x before",
		  (unsigned)seen->flags, (unsigned)party->flags);
    if (seen->flags & run->config->no_flags)
	violation(run, LOOP_RULE_FLAGS_WANTED, "ret_flags %x, and none of %x "
		  "can be had", (unsigned)seen->flags,
		  (unsigned)run->config->no_flags);
}

static void
check_continue(struct loop_run *run, const struct seen *seen)
{
    if (seen->token.length == 0)
	violation(run, LOOP_RULE_CONTINUE_EMPTY, "no token");
    if ((seen->flags & GSS_C_PROT_READY_FLAG) &&
	!(run->config->options & LOOP_EARLY))
	violation(run, LOOP_RULE_PROT_READY_EARLY, "ret_flags %x",
		  (unsigned)seen->flags);
    if (seen->src_name != GSS_C_NO_NAME)
	violation(run, LOOP_RULE_SRC_NAME_EARLY, "a name");
    if (seen->delegated != GSS_C_NO_CREDENTIAL)
	violation(run, LOOP_RULE_DELEGATED_EARLY, "a credential");
}

static void
check_complete(struct loop_run *run, enum loop_who who,
	       const struct seen *seen)
{
    const struct loop_config *config = run->config;
    int deleg = (seen->flags & GSS_C_DELEG_FLAG) != 0;

    if (!(seen->flags & GSS_C_PROT_READY_FLAG))
	violation(run, LOOP_RULE_PROT_READY_MISSING, "ret_flags %x",
		  (unsigned)seen->flags);
    if (config->flags & ~seen->flags)
	violation(run, LOOP_RULE_FLAGS_WANTED, "ret_flags %x, not all of %x",
		  (unsigned)seen->flags, (unsigned)config->flags);
    if (config->actual_mech &&
	(seen->mech == NULL || (void *)seen->mech == &unset_mark ||
	 !gss_oid_equal(seen->mech, config->actual_mech)))
	violation(run, LOOP_RULE_MECH, "another mechanism");
    if (who == LOOP_INIT)
	return;
    if (config->src_name && (seen->src_name == GSS_C_NO_NAME ||
			     !is_named(run, seen->src_name, config->src_name)))
	violation(run, LOOP_RULE_SRC_NAME, seen->src_name == GSS_C_NO_NAME ?
		  "no name" : "another name than %s", config->src_name);
    if ((config->options & LOOP_ASK_DELEG) &&
	deleg != (seen->delegated != GSS_C_NO_CREDENTIAL))
	violation(run, LOOP_RULE_DELEGATED, "DELEG %d, %s credential", deleg,
		  seen->delegated ? "a" : "no");
}

/*
 * A call that needs an established context, on one that is not.
 */
static void
check_refused(struct loop_run *run, enum loop_rule rule, const char *call,
	      OM_uint32 major, gss_buffer_t out)
{
    if (major != GSS_S_NO_CONTEXT)
	violation(run, rule, "%s: %08x", call, (unsigned)major);
    if (release(run, out, call) != 0)
	violation(run, rule, "%s: %08x and output", call, (unsigned)major);
}

static void
refuses_messages(struct loop_run *run, enum loop_who who, enum loop_rule rule,
		 gss_ctx_id_t handle)
{
    const struct loop_api *api = run->config->api;
    gss_buffer_desc msg, out;
    OM_uint32 major, minor, size;

    msg.length = sizeof(garbage);
    msg.value = (void *)(size_t)garbage;

    at(run, who, "gss_get_mic");
    unset(&out);
    major = api->get_mic(&minor, handle, 0, &msg, &out);
    check_refused(run, rule, "gss_get_mic", major, &out);

    at(run, who, "gss_verify_mic");
    major = api->verify_mic(&minor, handle, &msg, &msg, NULL);
    check_refused(run, rule, "gss_verify_mic", major, &out);

    at(run, who, "gss_wrap");
    unset(&out);
    major = api->wrap(&minor, handle, 1, 0, &msg, NULL, &out);
    check_refused(run, rule, "gss_wrap", major, &out);

    at(run, who, "gss_unwrap");
    unset(&out);
    major = api->unwrap(&minor, handle, &msg, &out, NULL, NULL);
    check_refused(run, rule, "gss_unwrap", major, &out);

    at(run, who, "gss_wrap_size_limit");
    major = api->wrap_size_limit(&minor, handle, 1, 0, 1000, &size);
    check_refused(run, rule, "gss_wrap_size_limit", major, &out);
}

static void
refuses_others(struct loop_run *run, enum loop_who who, enum loop_rule rule,
	       gss_ctx_id_t *handle)
{
    const struct loop_api *api = run->config->api;
    gss_ctx_id_t before = *handle;
    gss_buffer_desc msg, out;
    OM_uint32 major, minor;

    msg.length = sizeof(garbage);
    msg.value = (void *)(size_t)garbage;
    memset(&out, 0, sizeof(out));

    at(run, who, "gss_pseudo_random");
    unset(&out);
    major = api->pseudo_random(&minor, *handle, 0, &msg, 16, &out);
    if (major == GSS_S_UNAVAILABLE)
	major = GSS_S_NO_CONTEXT;
    check_refused(run, rule, "gss_pseudo_random", major, &out);

    at(run, who, "gss_export_sec_context");
    unset(&out);
    major = api->export_sec_context(&minor, handle, &out);
    check_refused(run, rule, "gss_export_sec_context", major, &out);
    if (*handle != before)
	violation(run, rule, "gss_export_sec_context has changed the handle");
}

/*
 * gss_inquire_context; names are released.  Returns the major status.
 */
struct inquired {
    OM_uint32 flags;
    int local, open;		/* booleans; -1: not answered */
    int mech, names[2];
};

static OM_uint32
inquire(struct loop_run *run, enum loop_who who, gss_ctx_id_t handle,
	struct inquired *inq)
{
    gss_name_t names[2] = { GSS_C_NO_NAME, GSS_C_NO_NAME };
    gss_OID mech = GSS_C_NO_OID;
    OM_uint32 major, minor, lifetime;
    gss_buffer_desc text;
    int i;

    memset(inq, 0, sizeof(*inq));
    inq->local = inq->open = -1;
    at(run, who, "gss_inquire_context");
    major = run->config->api->inquire_context
	(&minor, handle, &names[0], &names[1], &lifetime, &mech, &inq->flags,
	 &inq->local, &inq->open);
    inq->mech = run->config->actual_mech == NULL ||
	(mech != NULL && gss_oid_equal(mech, run->config->actual_mech));
    for (i = 0; i < 2; i++) {
	if (names[i] == GSS_C_NO_NAME)
	    continue;
	inq->names[i] = 1;
	/* a name without a name in it shows here, at the latest */
	unset(&text);
	if (run->config->api->display_name(&minor, names[i], &text, NULL) !=
	    GSS_S_COMPLETE)
	    violation(run, LOOP_RULE_INQUIRE, "a name that cannot be shown");
	else
	    (void)release(run, &text, "gss_display_name");
	release_name(run, &names[i]);
    }
    /* and with nothing but the flags asked for */
    (void)run->config->api->inquire_context
	(&minor, handle, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    return major;
}

/*
 * A half-open context: answers questions, does no work, and is as before.
 */
static void
probe_half(struct loop_run *run, enum loop_who who, struct loop_party *party)
{
    const struct loop_api *api = run->config->api;
    struct inquired inq;
    gss_buffer_desc token;
    OM_uint32 major, minor, lifetime;

    major = inquire(run, who, party->handle, &inq);
    if (major != GSS_S_COMPLETE || inq.open != 0 ||
	!inq.local != !(who == LOOP_INIT))
	violation(run, LOOP_RULE_HALF_INQUIRE, "%08x, open %d, local %d",
		  (unsigned)major, inq.open, inq.local);
    else if ((inq.flags & GSS_C_PROT_READY_FLAG) &&
	     !(run->config->options & LOOP_EARLY))
	violation(run, LOOP_RULE_PROT_READY_EARLY, "gss_inquire_context: "
		  "flags %x", (unsigned)inq.flags);

    if (!(party->flags & GSS_C_PROT_READY_FLAG))
	refuses_messages(run, who, LOOP_RULE_HALF_CALL, party->handle);
    refuses_others(run, who, LOOP_RULE_HALF_CALL, &party->handle);

    at(run, who, "gss_context_time");
    major = api->context_time(&minor, party->handle, &lifetime);
    if (major != GSS_S_COMPLETE && major != GSS_S_NO_CONTEXT)
	violation(run, LOOP_RULE_HALF_CALL, "gss_context_time: %08x",
		  (unsigned)major);

    at(run, who, "gss_process_context_token");
    token.length = sizeof(garbage);
    token.value = (void *)(size_t)garbage;
    minor = UNSET_MINOR;
    major = api->process_context_token(&minor, party->handle, &token);
    if (!GSS_ERROR(major))
	violation(run, LOOP_RULE_HALF_CALL, "gss_process_context_token of "
		  "garbage: %08x", (unsigned)major);
}

/*
 * A context after an error: nothing, or a handle of which all calls say so.
 */
static void
probe_gone(struct loop_run *run, enum loop_who who, struct loop_party *party)
{
    const struct loop_api *api = run->config->api;
    struct inquired inq;
    struct seen seen;
    gss_buffer_desc token;
    OM_uint32 major, minor, lifetime;

    major = inquire(run, who, party->handle, &inq);
    if (major != GSS_S_NO_CONTEXT)
	violation(run, party->handle == GSS_C_NO_CONTEXT ? LOOP_RULE_GONE :
		  LOOP_RULE_CONTEXT_LEFT, "gss_inquire_context: %08x",
		  (unsigned)major);
    refuses_messages(run, who, LOOP_RULE_GONE, party->handle);
    refuses_others(run, who, LOOP_RULE_GONE, &party->handle);

    at(run, who, "gss_context_time");
    major = api->context_time(&minor, party->handle, &lifetime);
    if (major != GSS_S_NO_CONTEXT)
	violation(run, LOOP_RULE_GONE, "gss_context_time: %08x",
		  (unsigned)major);
    at(run, who, "gss_process_context_token");
    token.length = sizeof(garbage);
    token.value = (void *)(size_t)garbage;
    major = api->process_context_token(&minor, party->handle, &token);
    if (major != GSS_S_NO_CONTEXT)
	violation(run, LOOP_RULE_GONE, "gss_process_context_token: %08x",
		  (unsigned)major);
    if (party->handle == GSS_C_NO_CONTEXT)
	return;			/* a call of the loop would be a first one */

    raw_call(run, who, &party->handle, &token, 0, &seen);
    if (seen.major != GSS_S_NO_CONTEXT)
	violation(run, LOOP_RULE_GONE, "the loop's call again: %08x/%d",
		  (unsigned)seen.major, (int)seen.minor);
    (void)release(run, &seen.token, "the loop's call again");
    release_name(run, &seen.src_name);
    release_cred(run, &seen.delegated);
}

static void
check_error(struct loop_run *run, enum loop_who who, struct loop_party *party,
	    const struct seen *seen)
{
    struct inquired inq;

    if (seen->flags || seen->lifetime || seen->src_name || seen->delegated)
	violation(run, LOOP_RULE_ERROR_OUTPUTS, "major %08x, ret_flags %x, "
		  "lifetime %u%s%s", (unsigned)seen->major,
		  (unsigned)seen->flags, (unsigned)seen->lifetime,
		  seen->src_name ? ", a name" : "",
		  seen->delegated ? ", a credential" : "");
    if (party->handle == GSS_C_NO_CONTEXT)
	return;
    if (party->state == LOOP_NOT_BEGUN)
	violation(run, LOOP_RULE_FIRST_ERROR_HANDLE, "major %08x and a handle",
		  (unsigned)seen->major);
    else if (run->probe)
	return;			/* probe_gone() asks more */
    else if (inquire(run, who, party->handle, &inq) != GSS_S_NO_CONTEXT)
	violation(run, LOOP_RULE_CONTEXT_LEFT, "gss_inquire_context still "
		  "knows it, open %d", inq.open);
}

/*
 * One message, every way there is.  Returns NULL or what did not work.
 */
static const char *
message_works(struct loop_run *run, gss_ctx_id_t from, gss_ctx_id_t to,
	      OM_uint32 flags)
{
    const struct loop_api *api = run->config->api;
    gss_buffer_desc msg, token, out;
    OM_uint32 major, minor;
    int conf, conf2, want;

    msg.length = sizeof(garbage);
    msg.value = (void *)(size_t)garbage;
    unset(&token);
    if (api->get_mic(&minor, from, 0, &msg, &token) != GSS_S_COMPLETE)
	return "gss_get_mic";
    major = api->verify_mic(&minor, to, &msg, &token, NULL);
    (void)release(run, &token, "gss_get_mic");
    if (major == GSS_S_GAP_TOKEN)
	return "gss_verify_mic (GAP_TOKEN)";
    if (major != GSS_S_COMPLETE)
	return "gss_verify_mic";
    if (run->config->options & LOOP_NO_WRAP)
	return NULL;

    for (want = 0; want <= 1; want++) {
	conf = conf2 = -1;
	unset(&token);
	if (api->wrap(&minor, from, want, 0, &msg, &conf, &token)
	    != GSS_S_COMPLETE)
	    return want ? "gss_wrap with confidentiality" : "gss_wrap";
	unset(&out);
	major = api->unwrap(&minor, to, &token, &out, &conf2, NULL);
	(void)release(run, &token, "gss_wrap");
	if (major != GSS_S_COMPLETE)
	    return want ? "gss_unwrap with confidentiality" : "gss_unwrap";
	if (out.length != msg.length ||
	    strncmp(out.value, msg.value, out.length) != 0)
	    major = GSS_S_FAILURE;
	(void)release(run, &out, "gss_unwrap");
	if (major != GSS_S_COMPLETE)
	    return "gss_unwrap to another message";
	if (!conf != !conf2 ||
	    !conf != !(want && (flags & GSS_C_CONF_FLAG)))
	    return "conf_state of gss_wrap and gss_unwrap";
    }
    return NULL;
}

static const char *
same_pseudo_random(struct loop_run *run, gss_ctx_id_t one, gss_ctx_id_t other)
{
    const struct loop_api *api = run->config->api;
    gss_buffer_desc msg, out[2];
    OM_uint32 majors[2], minor;
    int same;

    msg.length = sizeof(garbage);
    msg.value = (void *)(size_t)garbage;
    unset(&out[0]);
    unset(&out[1]);
    majors[0] = api->pseudo_random(&minor, one, 0, &msg, 16, &out[0]);
    majors[1] = api->pseudo_random(&minor, other, 0, &msg, 16, &out[1]);
    same = majors[0] == majors[1] && out[0].length == out[1].length &&
	(out[0].length == 0 ||
	 strncmp(out[0].value, out[1].value, out[0].length) == 0);
    (void)release(run, &out[0], "gss_pseudo_random");
    (void)release(run, &out[1], "gss_pseudo_random");
    return same ? NULL : "gss_pseudo_random, which differs";
}

/*
 * Per-message calls both ways, between two established contexts.  A failure
 * is a violation of rule, and what has just been done is when.  Returns 0
 * for a failure.
 */
static int
check_messages(struct loop_run *run, enum loop_rule rule, const char *when)
{
    struct loop_party *i = &run->party[LOOP_INIT];
    struct loop_party *a = &run->party[LOOP_ACCEPT];
    const char *what;

    if (i->state != LOOP_ESTABLISHED || a->state != LOOP_ESTABLISHED ||
	(run->config->options & LOOP_NO_MESSAGES))
	return 1;
    if (i->handle == GSS_C_NO_CONTEXT || a->handle == GSS_C_NO_CONTEXT) {
	violation(run, rule, "%s: no handle", when);
	return 0;
    }
    at(run, LOOP_INIT, "a message to the acceptor");
    what = message_works(run, i->handle, a->handle, i->flags);
    if (what == NULL) {
	at(run, LOOP_ACCEPT, "a message to the initiator");
	what = message_works(run, a->handle, i->handle, a->flags);
    }
    if (what == NULL)
	what = same_pseudo_random(run, i->handle, a->handle);
    if (what != NULL)
	violation(run, rule, "%s: %s", when, what);
    return what == NULL;
}

/*
 * What gss_inquire_context says of an established context.  Returns 0 when
 * there is none any more.
 */
static int
check_inquired(struct loop_run *run, enum loop_who who, enum loop_rule rule)
{
    struct loop_party *party = &run->party[who];
    struct inquired inq;
    OM_uint32 major;

    major = inquire(run, who, party->handle, &inq);
    if (who == LOOP_ACCEPT && (run->config->options & LOOP_NO_TARGET))
	inq.names[1] = 1;
    if (major != GSS_S_COMPLETE || !inq.open ||
	!inq.local != !(who == LOOP_INIT) || !inq.mech ||
	!inq.names[0] || !inq.names[1]) {
	violation(run, rule, "gss_inquire_context: %08x, open %d, local %d, "
		  "%s mechanism, names %d %d", (unsigned)major, inq.open,
		  inq.local, inq.mech ? "right" : "another", inq.names[0],
		  inq.names[1]);
	return major == GSS_S_COMPLETE;
    }
    if (inq.flags != party->flags)
	violation(run, LOOP_RULE_FLAGS_DIFFER, "gss_inquire_context: flags "
		  "%x, ret_flags %x", (unsigned)inq.flags,
		  (unsigned)party->flags);
    return 1;
}

/*
 * A call on an established context that is one too many, with this token.
 * Returns 0 if the context has been torn down by it.
 */
static int
one_too_many(struct loop_run *run, enum loop_who who, gss_ctx_id_t *handle,
	     const gss_buffer_desc *in, const char *what)
{
    gss_ctx_id_t before = *handle;
    struct seen seen;
    struct inquired inq;

    raw_call(run, who, handle, in, 0, &seen);
    check_status(run, &seen);
    if (in->length == 0 ? !GSS_ERROR(seen.major) :
	seen.major != GSS_S_BAD_STATUS || seen.minor != EINVAL)
	violation(run, LOOP_RULE_TOO_MANY, "%s: %08x/%d", what,
		  (unsigned)seen.major, (int)seen.minor);
    if (seen.flags || seen.src_name || seen.delegated || seen.token.length)
	violation(run, LOOP_RULE_ERROR_OUTPUTS, "%s: %08x, ret_flags %x%s%s%s",
		  what, (unsigned)seen.major, (unsigned)seen.flags,
		  seen.src_name ? ", a name" : "",
		  seen.delegated ? ", a credential" : "",
		  seen.token.length ? ", a token" : "");
    (void)release(run, &seen.token, "the call too many");
    release_name(run, &seen.src_name);
    release_cred(run, &seen.delegated);
    if (*handle != before || inquire(run, who, *handle, &inq) !=
	GSS_S_COMPLETE || !inq.open) {
	violation(run, LOOP_RULE_TORN_DOWN, "%s: %08x/%d and the context is "
		  "gone", what, (unsigned)seen.major, (int)seen.minor);
	if (*handle == before)
	    run->party[who].state = LOOP_GONE;
	return 0;
    }
    return 1;
}

static int
probe_too_many(struct loop_run *run, enum loop_who who)
{
    struct loop_party *party = &run->party[who];
    gss_buffer_desc buf;

    if (party->fed.length &&
	!one_too_many(run, who, &party->handle, &party->fed,
		      "its last token again"))
	return 0;
    if (!one_too_many(run, who, &party->handle, &run->tokens.tokens[0],
		      "the first token"))
	return 0;
    buf.length = sizeof(garbage);
    buf.value = (void *)(size_t)garbage;
    if (!one_too_many(run, who, &party->handle, &buf, "garbage"))
	return 0;
    buf.length = 0;
    buf.value = NULL;
    if (!one_too_many(run, who, &party->handle, &buf, "no token"))
	return 0;
    return check_messages(run, LOOP_RULE_TORN_DOWN, "after calls too many");
}

static int
process(struct loop_run *run, enum loop_who who, const void *p, size_t length,
	const char *what)
{
    struct loop_party *party = &run->party[who];
    struct inquired inq;
    gss_buffer_desc token;
    OM_uint32 major, minor = UNSET_MINOR;

    at(run, who, "gss_process_context_token");
    token.length = length;
    token.value = length ? copy(p, length) : NULL;
    major = run->config->api->process_context_token(&minor, party->handle,
						    &token);
    free(token.value);
    if (major != GSS_S_DEFECTIVE_TOKEN)
	violation(run, LOOP_RULE_PROCESS_TOKEN, "%s: %08x/%d", what,
		  (unsigned)major, (int)minor);
    if (minor == UNSET_MINOR)
	violation(run, LOOP_RULE_MINOR_UNSET, "gss_process_context_token of "
		  "%s: %08x, minor as before", what, (unsigned)major);
    if (inquire(run, who, party->handle, &inq) == GSS_S_COMPLETE && inq.open)
	return 1;
    violation(run, LOOP_RULE_TORN_DOWN, "gss_process_context_token of %s has "
	      "closed the context", what);
    party->state = LOOP_GONE;
    return 0;
}

/*
 * Tokens that come late and are none: garbage, nothing, what was a token of
 * the exchange, and RFC 1964's deletion token with a wrong checksum.
 */
static int
probe_process(struct loop_run *run, enum loop_who who)
{
    static const unsigned char deletion[] =
	"\x60\x23\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
	"\x01\x02\x00\x00\xff\xff\xff\xff"
	"\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08";
    const gss_buffer_desc *first = &run->tokens.tokens[0];
    const gss_buffer_desc *fed = &run->party[who].fed;

    return process(run, who, garbage, sizeof(garbage), "garbage") &&
	process(run, who, NULL, 0, "an empty token") &&
	process(run, who, first->value, first->length, "the first token") &&
	process(run, who, fed->value, fed->length, "its last token again") &&
	process(run, who, deletion, sizeof(deletion) - 1,
		"a forged deletion token") &&
	check_messages(run, LOOP_RULE_TORN_DOWN, "after late tokens");
}

static void
probe_export(struct loop_run *run, enum loop_who who)
{
    const struct loop_api *api = run->config->api;
    struct loop_party *party = &run->party[who];
    gss_buffer_desc token;
    OM_uint32 major, minor;

    if (run->config->options & LOOP_NO_EXPORT)
	return;
    at(run, who, "gss_export_sec_context");
    unset(&token);
    major = api->export_sec_context(&minor, &party->handle, &token);
    if (major != GSS_S_COMPLETE || is_unset(&token) || token.length == 0 ||
	party->handle != GSS_C_NO_CONTEXT) {
	violation(run, LOOP_RULE_EXPORT, "gss_export_sec_context: %08x",
		  (unsigned)major);
	if (!is_unset(&token))
	    (void)release(run, &token, "gss_export_sec_context");
	return;
    }
    at(run, who, "gss_import_sec_context");
    major = api->import_sec_context(&minor, &token, &party->handle);
    (void)release(run, &token, "gss_export_sec_context");
    if (major != GSS_S_COMPLETE || party->handle == GSS_C_NO_CONTEXT) {
	violation(run, LOOP_RULE_EXPORT, "gss_import_sec_context: %08x",
		  (unsigned)major);
	party->state = LOOP_GONE;
	return;
    }
    if (check_inquired(run, who, LOOP_RULE_EXPORT))
	(void)check_messages(run, LOOP_RULE_EXPORT, "after the import");
}

/*
 * Both are established: all that has to be true then, and all that must not
 * change it.
 */
static void
check_established(struct loop_run *run)
{
    struct loop_party *i = &run->party[LOOP_INIT];
    struct loop_party *a = &run->party[LOOP_ACCEPT];

    run->complete = 1;
    if (i->flags != (a->flags & ~BOUND_FLAG))
	violation(run, LOOP_RULE_FLAGS_DIFFER, "ret_flags: initiator %x, "
		  "acceptor %x", (unsigned)i->flags, (unsigned)a->flags);
    if (!check_inquired(run, LOOP_INIT, LOOP_RULE_INQUIRE) ||
	!check_inquired(run, LOOP_ACCEPT, LOOP_RULE_INQUIRE))
	return;
    (void)check_messages(run, LOOP_RULE_MESSAGES, "after COMPLETE");
}

static void
probe_established(struct loop_run *run)
{
    if (!check_messages(run, LOOP_RULE_MESSAGES, "before the probes"))
	return;
    if (!probe_process(run, LOOP_INIT) || !probe_process(run, LOOP_ACCEPT))
	return;
    if (!probe_too_many(run, LOOP_INIT) || !probe_too_many(run, LOOP_ACCEPT))
	return;
    probe_export(run, LOOP_INIT);
    probe_export(run, LOOP_ACCEPT);
}

static int
both_established(const struct loop_run *run)
{
    return run->party[0].state == LOOP_ESTABLISHED &&
	run->party[1].state == LOOP_ESTABLISHED;
}

/*
 * What stays of a call: the party's state, its token, name and credential.
 * The token is released with gss_release_buffer, whatever the status is.
 */
static void
keep(struct loop_run *run, struct loop_party *party, struct seen *seen)
{
    enum call_class class = class_of(seen->major);

    if (class == ERROR) {
	party->state = LOOP_GONE;
    } else {
	party->state = class == COMPLETE ? LOOP_ESTABLISHED : LOOP_HALF_OPEN;
	party->flags = seen->flags;
    }
    set_buffer(&party->out, &seen->token);
    if (party->out.length && run->tokens.count < LOOP_MAX_TOKENS)
	set_buffer(&run->tokens.tokens[run->tokens.count++], &party->out);
    (void)release(run, &seen->token, "the loop's call");
    release_name(run, &party->src_name);
    party->src_name = seen->src_name;
    release_cred(run, &party->delegated);
    party->delegated = seen->delegated;
}

/*
 * One call of the loop, on party, and all rules on it.
 */
static void
call_party(struct loop_run *run, enum loop_who who, struct loop_party *party,
	   const gss_buffer_desc *in, unsigned options, struct seen *seen,
	   size_t *token_length)
{
    run->calls++;
    party->calls++;
    raw_call(run, who, &party->handle, in, options, seen);
    check_status(run, seen);
    *token_length = seen->token.length;
    switch (class_of(seen->major)) {
    case CONTINUE:
	check_granted(run, party, seen);
	check_continue(run, seen);
	break;
    case COMPLETE:
	check_granted(run, party, seen);
	check_complete(run, who, seen);
	break;
    case ERROR:
	check_error(run, who, party, seen);
	break;
    }
    set_buffer(&party->fed, in);
    keep(run, party, seen);

    if (party->state == LOOP_ESTABLISHED && both_established(run))
	check_established(run);
    if (!run->probe || party->handle == GSS_C_NO_CONTEXT)
	return;
    if (party->state == LOOP_HALF_OPEN)
	probe_half(run, who, party);
    else if (party->state == LOOP_GONE)
	probe_gone(run, who, party);
}

/*
 * What a step is fed, into buf; free_buffer() it.
 */
static void
feed(struct loop_run *run, const struct loop_step *step, gss_buffer_t buf)
{
    const gss_buffer_desc *peer = &run->party[!step->who].out;
    static const struct loop_record nothing;
    const struct loop_record *recorded = run->config->recorded ?
	run->config->recorded : &nothing;
    gss_buffer_desc from;
    size_t length, i;

    memset(buf, 0, sizeof(*buf));
    memset(&from, 0, sizeof(from));
    switch (step->feed) {
    case LOOP_EMPTY:
	break;
    case LOOP_IF_SENT:
	from = *peer;
	break;
    case LOOP_AGAIN:
	from = run->party[step->who].fed;
	break;
    case LOOP_OWN:
	from = run->party[step->who].out;
	break;
    case LOOP_TOKEN:
	if (step->arg < run->tokens.count)
	    from = run->tokens.tokens[step->arg];
	break;
    case LOOP_RECORDED:
	if (step->arg < recorded->count)
	    from = recorded->tokens[step->arg];
	break;
    case LOOP_GARBAGE:
	from.length = sizeof(garbage);
	from.value = (void *)(size_t)garbage;
	break;
    default:
	from = *peer;
	break;
    }
    set_buffer(buf, &from);

    length = buf->length;
    i = step->arg < 0 ? length + step->arg : (size_t)step->arg;
    if (step->feed == LOOP_TRUNCATED && i <= length) {
	free_buffer(buf);
	from.length = i;
	set_buffer(buf, &from);
    } else if (step->feed == LOOP_FLIPPED && i < length) {
	((unsigned char *)buf->value)[i] ^= 0x41;
    } else if (step->feed == LOOP_EXTENDED) {
	buf->value = realloc(buf->value, length + step->arg);
	if (buf->value == NULL)
	    errx(1, "no memory");
	memset((char *)buf->value + length, 0, step->arg);
	buf->length = length + step->arg;
    }
}

static const char *const outcome_names[] = {
    "end", "CONTINUE_NEEDED with a token", "COMPLETE without a token",
    "COMPLETE with a token", "an error without a token",
    "an error with a token", "an error", "BAD_STATUS", "anything"
};

static int
is_outcome(enum loop_outcome outcome, enum call_class class, size_t length)
{
    switch (outcome) {
    case LOOP_CONTINUE:
	return class == CONTINUE;
    case LOOP_COMPLETE:
	return class == COMPLETE && length == 0;
    case LOOP_COMPLETE_TOKEN:
	return class == COMPLETE && length != 0;
    case LOOP_ERROR:
	return class == ERROR && length == 0;
    case LOOP_ERROR_TOKEN:
	return class == ERROR && length != 0;
    case LOOP_ERROR_EITHER:
	return class == ERROR;
    default:
	return 1;
    }
}

/*
 * A call on an established context: nothing but one_too_many().
 */
static int
step_too_many(struct loop_run *run, const struct loop_step *step,
	      struct loop_party *party, const gss_buffer_desc *in)
{
    enum loop_rule rule = LOOP_RULE_TORN_DOWN;

    party->calls++;
    return one_too_many(run, step->who, &party->handle, in, "the step") &&
	check_messages(run, rule, "after a call too many");
}

int
loop_step(struct loop_run *run, const struct loop_step *step)
{
    struct loop_party none, *party = &run->party[step->who];
    gss_buffer_desc in;
    struct seen seen;
    size_t length;
    int ok = 1;

    run->step++;
    memset(&none, 0, sizeof(none));
    if (step->options & LOOP_NO_CONTEXT)
	party = &none;
    else if (step->options & LOOP_OTHER)
	party = &run->party[!step->who];
    feed(run, step, &in);
    if (step->feed == LOOP_IF_SENT && in.length == 0)
	return 1;

    if (step->outcome == LOOP_TOO_MANY) {
	ok = step_too_many(run, step, party, &in);
	free_buffer(&in);
	return ok;
    }
    call_party(run, step->who, party, &in, step->options, &seen, &length);
    free_buffer(&in);
    if (!is_outcome(step->outcome, class_of(seen.major), length)) {
	violation(run, LOOP_RULE_OUTCOME, "%08x/%d and %lu octets instead of "
		  "%s", (unsigned)seen.major, (int)seen.minor,
		  (unsigned long)length, outcome_names[step->outcome]);
	ok = 0;
    } else if (class_of(seen.major) == ERROR &&
	       ((step->major && seen.major != step->major) ||
		(step->minor && seen.minor != step->minor))) {
	violation(run, LOOP_RULE_ERROR_CODE, "%08x/%d instead of %08x/%d",
		  (unsigned)seen.major, (int)seen.minor,
		  (unsigned)step->major, (int)step->minor);
    }
    if (party == &none) {
	OM_uint32 minor;

	release_name(run, &none.src_name);
	release_cred(run, &none.delegated);
	(void)run->config->api->delete_sec_context(&minor, &none.handle, NULL);
	free_buffer(&none.fed);
	free_buffer(&none.out);
    }
    return ok;
}

static void
delete_party(struct loop_run *run, enum loop_who who)
{
    const struct loop_api *api = run->config->api;
    struct loop_party *party = &run->party[who];
    gss_buffer_desc token;
    OM_uint32 major, minor;

    release_name(run, &party->src_name);
    release_cred(run, &party->delegated);
    at(run, who, "gss_delete_sec_context");
    unset(&token);
    major = api->delete_sec_context(&minor, &party->handle, &token);
    if (GSS_ERROR(major) && party->state != LOOP_GONE &&
	party->state != LOOP_NOT_BEGUN)
	violation(run, LOOP_RULE_DELETE, "%08x", (unsigned)major);
    if (party->handle != GSS_C_NO_CONTEXT)
	violation(run, LOOP_RULE_DELETE, "%08x and a handle",
		  (unsigned)major);
    if (release(run, &token, "gss_delete_sec_context") != 0)
	violation(run, LOOP_RULE_DELETE, "a token");
    at(run, who, "gss_delete_sec_context again");
    party->handle = GSS_C_NO_CONTEXT;
    major = api->delete_sec_context(&minor, &party->handle, GSS_C_NO_BUFFER);
    if ((GSS_ERROR(major) && major != GSS_S_NO_CONTEXT) ||
	party->handle != GSS_C_NO_CONTEXT)
	violation(run, LOOP_RULE_DELETE, "%08x", (unsigned)major);
    free_buffer(&party->out);
    free_buffer(&party->fed);
    memset(party, 0, sizeof(*party));
}

/*
 * The end of an exchange; there may be another one in the same run.
 */
static void
end_exchange(struct loop_run *run)
{
    delete_party(run, LOOP_INIT);
    delete_party(run, LOOP_ACCEPT);
    loop_record_free(&run->tokens);
    run->calls = 0;
    run->step = 0;
}

void
loop_turns(struct loop_run *run, enum loop_who who)
{
    struct seen seen;
    struct loop_party *party;
    gss_buffer_desc in;
    size_t length;

    for (;;) {
	party = &run->party[who];
	if (party->state == LOOP_GONE || party->state == LOOP_ESTABLISHED)
	    return;
	if (run->calls >= MAX_CALLS) {
	    violation(run, LOOP_RULE_OUTCOME, "%d calls and no end",
		      run->calls);
	    return;
	}
	run->step++;
	memset(&in, 0, sizeof(in));
	set_buffer(&in, &run->party[!who].out);
	if (in.length == 0 && run->calls != 0)
	    return;		/* the peer has said its last */
	call_party(run, who, party, &in, run->calls > 1 &&
		   (run->config->options & LOOP_CHANGE_LATER) ?
		   LOOP_CHANGED : 0, &seen, &length);
	free_buffer(&in);
	who = !who;
    }
}

/*
 * A good exchange, after bad ones: it has to work as ever.
 */
static void
good_exchange(struct loop_run *run)
{
    end_exchange(run);
    loop_turns(run, LOOP_INIT);
    if (!both_established(run))
	violation(run, LOOP_RULE_OUTCOME, "a good exchange fails");
    end_exchange(run);
}

void
loop_begin(struct loop_run *run, const struct loop_config *config,
	   const char *name)
{
    memset(run, 0, sizeof(*run));
    run->config = config;
    run->name = name;
}

unsigned long
loop_end(struct loop_run *run)
{
    end_exchange(run);
    if (run->total > MAX_PRINTED && !run->quiet)
	printf("    and %lu more violations in \"%s\"\n",
	       run->total - MAX_PRINTED, run->name);
    return run->total;
}

void
loop_script_here(struct loop_run *run, const struct loop_step *steps)
{
    int i = 0;

    if (steps == NULL) {
	loop_turns(run, LOOP_INIT);
	if (!both_established(run) !=
	    !!(run->config->options & LOOP_FAILS))
	    violation(run, LOOP_RULE_OUTCOME, "%sestablished, after %d calls",
		      both_established(run) ? "" : "not ", run->calls);
    } else {
	while (steps[i].outcome != LOOP_END && loop_step(run, &steps[i]))
	    i++;
	if (steps[i].outcome != LOOP_END)
	    return;
    }
    if (run->probe && both_established(run))
	probe_established(run);
}

/*
 * What a child does; arg is its argument.
 */
struct job {
    const struct loop_script *script;
    int n;
    size_t stride;
    OM_uint32 major;
};

static unsigned long
run_here(unsigned long (*child)(const struct job *), const struct job *job)
{
    const char *env = getenv("LOOP_FORK");
    unsigned long total;
    int status;
    pid_t pid;

    if (env != NULL && atoi(env) == 0)
	return child(job);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANON, -1, 0);
    if (shared == MAP_FAILED)
	err(1, "mmap");
    memset(shared, 0, sizeof(*shared));
    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	shared->total = child(job);
	exit(0);
    }
    while (waitpid(pid, &status, 0) < 0)
	if (errno != EINTR)
	    err(1, "waitpid");
    total = shared->total;
    if (status != 0) {
	total++;
	printf("VIOLATION of %s (%s) in %s\n    seen: %s %d\n    expected: "
	       "%s (section %s)\n", rules[LOOP_RULE_CRASH].name,
	       rules[LOOP_RULE_CRASH].req, shared->where,
	       WIFSIGNALED(status) ? "signal" : "exit status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	       rules[LOOP_RULE_CRASH].text, rules[LOOP_RULE_CRASH].section);
    }
    munmap(shared, sizeof(*shared));
    shared = &local_shared;
    return total;
}

static unsigned long
script_plain(const struct job *job)
{
    struct loop_run run;

    loop_begin(&run, job->script->config, job->script->name);
    loop_script_here(&run, job->script->steps);
    return loop_end(&run);
}

static unsigned long
script_probed(const struct job *job)
{
    struct loop_run run;

    loop_begin(&run, job->script->config, job->script->name);
    run.probe = 1;
    loop_script_here(&run, job->script->steps);
    return loop_end(&run);
}

unsigned long
loop_script(const struct loop_script *script)
{
    struct job job = { NULL, 0, 0, 0 };

    job.script = script;
    return run_here(script_plain, &job) + run_here(script_probed, &job);
}

void
loop_record(const struct loop_config *config, const struct loop_step *steps,
	    struct loop_record *record)
{
    struct loop_run run;

    loop_begin(&run, config, "recording");
    run.quiet = 1;
    loop_script_here(&run, steps);
    *record = run.tokens;
    memset(&run.tokens, 0, sizeof(run.tokens));
    (void)loop_end(&run);
}

void
loop_record_free(struct loop_record *record)
{
    int i;

    for (i = 0; i < LOOP_MAX_TOKENS; i++)
	free_buffer(&record->tokens[i]);
    record->count = 0;
}

/*
 * The steps before step n.  Returns 0 if it does not come to n.
 */
static int
steps_before(struct loop_run *run, const struct loop_script *script, int n)
{
    int i;

    for (i = 0; i < n; i++)
	if (!loop_step(run, &script->steps[i]))
	    return 0;
    return 1;
}

static unsigned long
truncate_job(const struct job *job)
{
    struct loop_step step;
    struct loop_run run;
    size_t length, k;

    loop_begin(&run, job->script->config, job->script->name);
    run.probe = 1;
    memset(&step, 0, sizeof(step));
    step.who = job->script->steps[job->n].who;
    step.outcome = LOOP_ERROR_EITHER;
    step.major = job->major;
    step.feed = LOOP_TRUNCATED;
    /* an empty first token is no short one */
    k = job->n == 1 ? 1 : 0;
    do {
	if (!steps_before(&run, job->script, job->n))
	    break;
	length = run.party[!step.who].out.length;
	if (k < length) {
	    step.arg = k;
	    (void)loop_step(&run, &step);
	}
	end_exchange(&run);
	k += job->stride;
    } while (k < length);
    good_exchange(&run);
    return loop_end(&run);
}

unsigned long
loop_truncated(const struct loop_script *script, int n, size_t stride,
	       OM_uint32 major)
{
    struct job job;

    job.script = script;
    job.n = n;
    job.stride = stride;
    job.major = major;
    return run_here(truncate_job, &job);
}

static unsigned long
flip_job(const struct job *job)
{
    struct loop_step step;
    struct loop_run run;
    size_t length, k = 0;

    loop_begin(&run, job->script->config, job->script->name);
    memset(&step, 0, sizeof(step));
    step.who = job->script->steps[job->n].who;
    step.outcome = LOOP_ANY;
    step.feed = LOOP_FLIPPED;
    do {
	if (!steps_before(&run, job->script, job->n))
	    break;
	length = run.party[!step.who].out.length;
	step.arg = k;
	(void)loop_step(&run, &step);
	if (run.party[step.who].state != LOOP_GONE)
	    loop_turns(&run, !step.who);
	end_exchange(&run);
	k += job->stride;
    } while (k < length);
    good_exchange(&run);
    return loop_end(&run);
}

unsigned long
loop_flipped(const struct loop_script *script, int n, size_t stride)
{
    struct job job;

    job.script = script;
    job.n = n;
    job.stride = stride;
    job.major = 0;
    return run_here(flip_job, &job);
}

static OM_uint32
call_pseudo_random(OM_uint32 *minor, gss_ctx_id_t handle, int key,
		   const gss_buffer_t in, ssize_t length, gss_buffer_t out)
{
    return gss_pseudo_random(minor, handle, key, in, length, out);
}

const struct loop_api loop_gss_api = {
    gss_init_sec_context,
    gss_accept_sec_context,
    gss_delete_sec_context,
    gss_inquire_context,
    gss_context_time,
    gss_process_context_token,
    gss_get_mic,
    gss_verify_mic,
    gss_wrap,
    gss_unwrap,
    gss_wrap_size_limit,
    call_pseudo_random,
    gss_export_sec_context,
    gss_import_sec_context,
    gss_display_name,
    gss_release_name,
    gss_release_cred,
    gss_release_buffer
};
