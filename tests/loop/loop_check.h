/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A conformance checker for the GSS negotiation loop: it drives a mechanism
 * through a script, one table row a call, and looks after every call at what
 * draft-kaduk-kitten-gss-loop-02 and RFC 2743/2744 say of it, whatever the
 * script is about.
 *
 * To add a script: write a table of loop_step, ended by LOOP_END, and a
 * loop_config that says who the parties are and what a complete exchange has
 * to show, and give both to loop_script().  A table says only what is special
 * to it; the rules (enum loop_rule) hold for every call without being named.
 */

#ifndef LOOP_CHECK_H
#define LOOP_CHECK_H 1

#include <sys/types.h>

#include <gssapi/gssapi.h>

/*
 * What is checked: gss_* of the library, or stand-ins with the same contract.
 */
struct loop_api {
    OM_uint32 (*init_sec_context)
	(OM_uint32 *, gss_const_cred_id_t, gss_ctx_id_t *, gss_const_name_t,
	 const gss_OID, OM_uint32, OM_uint32, const gss_channel_bindings_t,
	 const gss_buffer_t, gss_OID *, gss_buffer_t, OM_uint32 *,
	 OM_uint32 *);
    OM_uint32 (*accept_sec_context)
	(OM_uint32 *, gss_ctx_id_t *, gss_const_cred_id_t, const gss_buffer_t,
	 const gss_channel_bindings_t, gss_name_t *, gss_OID *, gss_buffer_t,
	 OM_uint32 *, OM_uint32 *, gss_cred_id_t *);
    OM_uint32 (*delete_sec_context)(OM_uint32 *, gss_ctx_id_t *, gss_buffer_t);
    OM_uint32 (*inquire_context)
	(OM_uint32 *, gss_const_ctx_id_t, gss_name_t *, gss_name_t *,
	 OM_uint32 *, gss_OID *, OM_uint32 *, int *, int *);
    OM_uint32 (*context_time)(OM_uint32 *, gss_const_ctx_id_t, OM_uint32 *);
    OM_uint32 (*process_context_token)
	(OM_uint32 *, gss_const_ctx_id_t, const gss_buffer_t);
    OM_uint32 (*get_mic)
	(OM_uint32 *, gss_const_ctx_id_t, gss_qop_t, const gss_buffer_t,
	 gss_buffer_t);
    OM_uint32 (*verify_mic)
	(OM_uint32 *, gss_const_ctx_id_t, const gss_buffer_t,
	 const gss_buffer_t, gss_qop_t *);
    OM_uint32 (*wrap)
	(OM_uint32 *, gss_const_ctx_id_t, int, gss_qop_t, const gss_buffer_t,
	 int *, gss_buffer_t);
    OM_uint32 (*unwrap)
	(OM_uint32 *, gss_const_ctx_id_t, const gss_buffer_t, gss_buffer_t,
	 int *, gss_qop_t *);
    OM_uint32 (*wrap_size_limit)
	(OM_uint32 *, gss_const_ctx_id_t, int, gss_qop_t, OM_uint32,
	 OM_uint32 *);
    OM_uint32 (*pseudo_random)
	(OM_uint32 *, gss_ctx_id_t, int, const gss_buffer_t, ssize_t,
	 gss_buffer_t);
    OM_uint32 (*export_sec_context)
	(OM_uint32 *, gss_ctx_id_t *, gss_buffer_t);
    OM_uint32 (*import_sec_context)
	(OM_uint32 *, const gss_buffer_t, gss_ctx_id_t *);
    OM_uint32 (*display_name)
	(OM_uint32 *, gss_const_name_t, gss_buffer_t, gss_OID *);
    OM_uint32 (*release_name)(OM_uint32 *, gss_name_t *);
    OM_uint32 (*release_cred)(OM_uint32 *, gss_cred_id_t *);
    OM_uint32 (*release_buffer)(OM_uint32 *, gss_buffer_t);
};

extern const struct loop_api loop_gss_api;

/*
 * The rules.  A violation names its rule; loop_rule_name() is for tests of
 * the checker.
 */
enum loop_rule {
    LOOP_RULE_STATUS,
    LOOP_RULE_MINOR_UNSET,
    LOOP_RULE_OUTPUT_UNSET,
    LOOP_RULE_CONTINUE_EMPTY,
    LOOP_RULE_OUTCOME,
    LOOP_RULE_ERROR_CODE,
    LOOP_RULE_NO_HANDLE,
    LOOP_RULE_FIRST_ERROR_HANDLE,
    LOOP_RULE_CONTEXT_LEFT,
    LOOP_RULE_GONE,
    LOOP_RULE_ERROR_OUTPUTS,
    LOOP_RULE_FLAGS_UNKNOWN,
    LOOP_RULE_FLAGS_DROPPED,
    LOOP_RULE_FLAGS_DIFFER,
    LOOP_RULE_FLAGS_WANTED,
    LOOP_RULE_PROT_READY_EARLY,
    LOOP_RULE_PROT_READY_MISSING,
    LOOP_RULE_SRC_NAME_EARLY,
    LOOP_RULE_SRC_NAME,
    LOOP_RULE_DELEGATED_EARLY,
    LOOP_RULE_DELEGATED,
    LOOP_RULE_MECH,
    LOOP_RULE_HALF_INQUIRE,
    LOOP_RULE_HALF_CALL,
    LOOP_RULE_INQUIRE,
    LOOP_RULE_MESSAGES,
    LOOP_RULE_TOO_MANY,
    LOOP_RULE_TORN_DOWN,
    LOOP_RULE_PROCESS_TOKEN,
    LOOP_RULE_DELETE,
    LOOP_RULE_EXPORT,
    LOOP_RULE_RELEASE,
    LOOP_RULE_CRASH,
    LOOP_RULES			/* how many */
};

const char *loop_rule_name(enum loop_rule rule);

enum loop_who { LOOP_INIT, LOOP_ACCEPT };

/* What a call is fed; arg is the step's. */
enum loop_feed {
    LOOP_EMPTY,			/* no token */
    LOOP_PEER,			/* the last token of the peer */
    LOOP_IF_SENT,		/* the same; no call when there is none */
    LOOP_AGAIN,			/* what this side was fed the last time */
    LOOP_OWN,			/* the last token of this side: reflected */
    LOOP_TOKEN,			/* token number arg of this exchange, from 0 */
    LOOP_RECORDED,		/* token number arg of the recorded exchange */
    LOOP_TRUNCATED,		/* the peer's, arg octets left (< 0: off) */
    LOOP_EXTENDED,		/* the peer's and arg octets more */
    LOOP_FLIPPED,		/* the peer's, octet arg (< 0: from the end) */
    LOOP_GARBAGE		/* octets that are no token */
};

/* What comes of it.  The context afterwards follows from it. */
enum loop_outcome {
    LOOP_END,			/* no step: the table's end */
    LOOP_CONTINUE,		/* CONTINUE_NEEDED and a token: half-open */
    LOOP_COMPLETE,		/* COMPLETE and no token: established */
    LOOP_COMPLETE_TOKEN,	/* COMPLETE and a token: established */
    LOOP_ERROR,			/* error, and no token: gone */
    LOOP_ERROR_TOKEN,		/* error and an error token: gone */
    LOOP_ERROR_EITHER,		/* error, a token or none: gone */
    LOOP_TOO_MANY,		/* BAD_STATUS, EINVAL: still established */
    LOOP_ANY			/* whatever the rules allow */
};

/* Options of a step. */
#define LOOP_CHANGED	1	/* other flags and bindings than before */
#define LOOP_NO_CONTEXT	2	/* without the handle */
#define LOOP_OTHER	4	/* with the peer's handle */

struct loop_step {
    enum loop_who who;
    enum loop_feed feed;
    long arg;
    enum loop_outcome outcome;
    OM_uint32 major;		/* of an error; 0: any */
    OM_uint32 minor;		/* of an error; 0: any */
    unsigned options;
};

struct loop_run;

/* Options of a configuration: what a mechanism does not have, or may do. */
#define LOOP_NO_WRAP	1	/* gss_wrap is not tried, only MICs */
#define LOOP_NO_MESSAGES 2	/* no per-message calls at all */
#define LOOP_NO_EXPORT	4	/* contexts are not transferable */
#define LOOP_EARLY	8	/* PROT_READY before COMPLETE (draft 3.1) */
#define LOOP_ASK_DELEG	16	/* the acceptor asks for delegated creds */
#define LOOP_NO_TARGET	128	/* the acceptor does not learn its own name */
/* and what the loop does */
#define LOOP_CHANGE_LATER 32	/* LOOP_CHANGED in second calls of turns */
#define LOOP_FAILS	64	/* turns end with an error of one of both */

#define LOOP_MAX_TOKENS 16

struct loop_record {
    gss_buffer_desc tokens[LOOP_MAX_TOKENS];
    int count;
};

/*
 * Two parties and what a complete exchange between them has to show.  All
 * pointers are aliases.
 */
struct loop_config {
    const struct loop_api *api;
    gss_cred_id_t initiator_cred;
    gss_cred_id_t acceptor_cred;
    gss_name_t target;
    gss_OID mech;
    OM_uint32 req_flags;
    gss_channel_bindings_t initiator_bindings;
    gss_channel_bindings_t acceptor_bindings;
    gss_OID actual_mech;	/* at COMPLETE; NULL: not looked at */
    const char *src_name;	/* at COMPLETE; NULL: not looked at */
    OM_uint32 flags;		/* all of them at COMPLETE */
    OM_uint32 no_flags;		/* and none of those, in any call */
    unsigned options;
    void (*before)(struct loop_run *run, enum loop_who who);
    void *before_arg;
    const struct loop_record *recorded;
};

/*
 * Without steps the parties take turns until both are established, in as
 * many calls as the mechanism likes: for what has no fixed number of them.
 */
struct loop_script {
    const char *name;
    const struct loop_config *config;
    const struct loop_step *steps;
};

enum loop_state {
    LOOP_NOT_BEGUN, LOOP_HALF_OPEN, LOOP_ESTABLISHED, LOOP_GONE
};

struct loop_party {
    gss_ctx_id_t handle;
    enum loop_state state;
    int calls;
    OM_uint32 flags;		/* of the last call that was no error */
    gss_buffer_desc out;	/* the last token that it put out */
    gss_buffer_desc fed;	/* the last token that it was fed */
    gss_name_t src_name;
    gss_cred_id_t delegated;
};

struct loop_run {
    const struct loop_config *config;
    const char *name;		/* of the script */
    int probe;			/* other calls between those of the loop */
    int quiet;
    int step;			/* from 1 */
    int calls;			/* of both, in this exchange */
    int complete;		/* some exchange became established */
    struct loop_party party[2];
    struct loop_record tokens;
    unsigned long violations[LOOP_RULES];
    unsigned long total;
};

/*
 * Begin a run.  End it with loop_end(), which returns how many violations
 * there were.
 */
void loop_begin(struct loop_run *run, const struct loop_config *config,
		const char *name);
unsigned long loop_end(struct loop_run *run);

/*
 * One step.  Returns 0 when its outcome is another than the step's and there
 * is no use in going on.
 */
int loop_step(struct loop_run *run, const struct loop_step *step);

/*
 * Both parties take turns, beginning with who, until they are done.
 */
void loop_turns(struct loop_run *run, enum loop_who who);

/*
 * The script in a process of its own, so that a crash is a violation of the
 * script and not the end of all, first without and then with other calls
 * between those of the loop.  Returns the number of violations, all printed.
 */
unsigned long loop_script(const struct loop_script *script);

/*
 * The script in this process, and only what run->probe says.
 */
void loop_script_here(struct loop_run *run, const struct loop_step *steps);

/*
 * The tokens of the script's exchange, to be fed later as LOOP_RECORDED.
 * Free with loop_record_free().
 */
void loop_record(const struct loop_config *config,
		 const struct loop_step *steps, struct loop_record *record);
void loop_record_free(struct loop_record *record);

/*
 * The script up to step n (from 0), which is fed its token cut at every
 * stride-th length: an error each time, and major if that is not 0.  The
 * script has to have steps.
 */
unsigned long loop_truncated(const struct loop_script *script, int n,
			     size_t stride, OM_uint32 major);

/*
 * The script up to step n, which is fed its token with one octet changed,
 * then both parties until they are done; each call has to keep to the rules.
 */
unsigned long loop_flipped(const struct loop_script *script, int n,
			   size_t stride);

/* LOOP_FORK=0 in the environment: everything in one process. */

#endif /* LOOP_CHECK_H */
