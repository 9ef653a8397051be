/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * One exchange with extra context tokens (the Internet-Draft on extra context
 * tokens for the Kerberos GSS mechanism, "the document"): what both sides
 * remember of it besides the context that it makes.  Owned by the context and
 * freed with it; nothing else has state.
 *
 *   initiator                                   acceptor
 *     AP-REQ (offers)          ------->
 *                              <-------          AP-REP                   2
 *   or                         <-------          KRB-ERROR2, no error     3
 *     AP-REQ (challenge)       ------->
 *   or                         <-------          KRB-ERROR2, an error     4
 *     AP-REQ (challenge)       ------->
 *                              <-------          AP-REP
 *
 * An error about user-to-user authentication may come before one of the last
 * two: user2user.c.
 *
 * Included behind gsskrb5_locl.h.
 */

#ifndef GSSKRB5_EXT_EXCHANGE_H
#define GSSKRB5_EXT_EXCHANGE_H 1

#include "../../krb5/ext/proto.h"
#include "../../krb5/ext/krb_error2.h"
#include "../../krb5/ext/authdata.h"
#include "../../krb5/ext/peek.h"
#include "../../krb5/ext/known.h"
#include "path.h"
#include "ready.h"
#include "recovery.h"
#include "replay_policy.h"

#ifndef GSS_C_CHANNEL_BOUND_FLAG	/* patch 0306 */
#define GSS_C_CHANNEL_BOUND_FLAG 2048
#endif

/* ap-options as on the wire, RFC 4120 5.2.8 and 5.5.1 */
#define GSSKRB5_EXT_WIRE_USE_SESSION_KEY	0x40000000U
#define GSSKRB5_EXT_WIRE_MUTUAL_REQUIRED	0x20000000U

/*
 * Acceptor: what the first Authenticator that was decrypted has settled for
 * the whole exchange (D8, D9), and our half of the answer.
 */
struct gsskrb5_ext_first {
    krb5_principal client;	/* NULL: none was decrypted yet */
    krb5_principal server;	/* as the ticket has it; NULL until there is
				   another ticket */
    krb5_keyblock *session;	/* of its ticket */
    krb5_keyblock *remote_subkey;
    krb5_keyblock *local_subkey;
    uint32_t remote_seq;
    uint32_t local_seq;
    int has_checksum;		/* 0x8003, for flags and bindings */
    unsigned char bindings[16];
    OM_uint32 flags;
    krb5_data fwd_data;		/* its KRB-CRED */
    unsigned int refused : 1;	/* the ticket was: it settles nothing */
};

/* no code of libkrb5: KRB_AP_ERR_NO_TGT, RFC 4120 7.5.9 */
#define GSSKRB5_EXT_ERR_NO_TGT (KRB5KDC_ERR_NONE + 67)

/*
 * Acceptor: the TGT that user-to-user tickets are for.
 */
struct gsskrb5_ext_own_tgt {
    krb5_principal client;	/* whose it is; NULL: there is none */
    krb5_keyblock *session;
    Ticket tgt;
};

/* The acceptor's authorization data: acceptor_authdata.c. */
enum gsskrb5_ext_authdata_state {
    GSSKRB5_EXT_AUTHDATA_NONE,
    GSSKRB5_EXT_AUTHDATA_UNSENT, /* acceptor: there is some */
    GSSKRB5_EXT_AUTHDATA_SENT,
    GSSKRB5_EXT_AUTHDATA_RECEIVED /* initiator */
};

/*
 * Messages before the context is complete: early.c.
 */
struct gsskrb5_ext_early {
    unsigned int ready : 1;	/* they are made, though it is not complete */
    unsigned int renew : 1;	/* initiator: the next subkey is new */
    unsigned int exposed : 1;	/* acceptor: what is struct ready_case's */
    struct ready_numbers numbers;
    int32_t next;		/* our number, while the first is told again */
    krb5_crypto key;		/* acceptor: the initiator's subkey */
};

struct gsskrb5_ext_exchange {
    unsigned int enabled : 1;	/* by configuration, for this role */
    unsigned int framed : 1;	/* acceptor: this AP-REQ has framing */
    unsigned int offered : 1;	/* the initiator takes extra tokens */
    unsigned int waiting : 1;	/* acceptor: our challenge is out */
    unsigned int answered : 1;	/* acceptor: and has come back */
    unsigned int repeated : 1;	/* acceptor: this AP-REQ has the ticket of the
				   one before, octet for octet */
    unsigned int confirmed : 1;	/* a KRB-ERROR2 without error went over */
    unsigned int recovered : 1;	/* one with an error did */
    unsigned int level_k : 1;	/* initiator: it was in our subkey */
    unsigned int cached : 1;	/* the AP-REQ is in the replay cache */
    unsigned int new_ticket : 1; /* initiator: not the credential cache's */
    unsigned int user2user : 1;	/* the acceptor's TGT went over */
    unsigned int bad_time : 1;	/* acceptor: why it waits */
    unsigned int clock_ticket : 1; /* initiator: it has the challenge */
    unsigned int awaited : 1;	/* initiator: no mutual authentication, and
				   yet there will be an answer */
    unsigned int tokens;	/* of both sides, so far */
    AP_REQ ap_req;		/* acceptor: the last AP-REQ, ... */
    uint32_t options;		/* ... its ap-options in the clear, ... */
    krb5_principal server;	/* ... and the ticket's, once it was read */
    krb5_data seen;		/* acceptor: the ticket in this call's token,
				   an alias; none if that is unusual */
    krb5_data ticket;		/* acceptor: the one that is to come again */
    krb5_data challenge;	/* the last one; ours or to be quoted */
    krb5_data authdata;		/* the acceptor's, DER */
    enum gsskrb5_ext_authdata_state authdata_state;

    int32_t clock;		/* the KDC's ahead of ours, in seconds, as a
				   ticket with the challenge has told */

    /* initiator */
    OM_uint32 flags;		/* of the first AP-REQ with a ticket */
    krb5_data second_ticket;	/* user-to-user: the acceptor's TGT */

    /* acceptor */
    enum replay_policy policy;	/* for this AP-REQ */
    unsigned int shared : 1;	/* with acceptors that know no challenge */
    unsigned int require_bindings : 1; /* the credential does */
    unsigned int doubtful : 1;	/* the initiator's subkey may have gone over
				   with a ticket that is no good */
    OM_uint32 last_flags;	/* of the last 0x8003 checksum */
    krb5_timestamp asked;	/* when the challenge went out */
    gsskrb5_cred credential;	/* of this call; alias */
    struct gsskrb5_ext_own_tgt own; /* that has gone out */
    struct gsskrb5_ext_first first;
    struct krb5_ext_peek peek;	/* of the AP-REQ that is being refused */
    krb5_crypto session;	/* of this AP-REQ, with what was derived from
				   it; NULL if known has it */
    struct krb5_ext_known *known; /* the ticket that is to come again */
    struct gsskrb5_ext_early early;
};

struct gsskrb5_ext_exchange *
_gsskrb5_ext_exchange(krb5_context context, gsskrb5_ctx ctx);

int
_gsskrb5_ext_enabled(krb5_context context, int initiator);

krb5_error_code
_gsskrb5_ext_read_server(krb5_context context,
			 struct gsskrb5_ext_exchange *ext);

krb5_error_code
_gsskrb5_ext_read_ap_req(krb5_context context,
			 struct gsskrb5_ext_exchange *ext,
			 const krb5_data *octets);

krb5_error_code
_gsskrb5_ext_keep_ticket(krb5_context context,
			 struct gsskrb5_ext_exchange *ext);

void
_gsskrb5_ext_forget_session(krb5_context context,
			    struct gsskrb5_ext_exchange *ext);

void
_gsskrb5_ext_wipe(krb5_data *data);

void
_gsskrb5_ext_forget_first(krb5_context context,
			  struct gsskrb5_ext_first *first);

/* acceptor_authdata.c */

int
_gsskrb5_ext_may_send_authdata(const struct gsskrb5_ext_exchange *ext,
			       const krb5_keyblock *subkey);

OM_uint32
_gsskrb5_ext_send_confirmation(OM_uint32 *minor_status, krb5_context context,
			       struct gsskrb5_ext_exchange *ext,
			       const struct krb5_ext_error2 *error2,
			       const struct krb5_ext_error2_keys *keys,
			       gss_buffer_t output_token);

krb5_error_code
_gsskrb5_ext_take_authdata(krb5_context context,
			   struct gsskrb5_ext_exchange *ext,
			   const struct krb5_ext_error2 *error2);

/* bindings.c */

OM_uint32
_gsskrb5_ext_check_bindings(krb5_context context, gsskrb5_ctx ctx,
			    const Checksum *cksum,
			    const struct krb5_ext_authdata *ad,
			    OM_uint32 *flags);

OM_uint32
_gsskrb5_ext_flags_without_checksum(krb5_context context, OM_uint32 guessed);

int
_gsskrb5_ext_is_bindings_aware(krb5_context context, gsskrb5_ctx ctx);

/* acceptor.c */

int
_gsskrb5_ext_is_cfx_key(const krb5_keyblock *key);

/* early.c */

krb5_error_code
_gsskrb5_ext_early_request(krb5_context context, gsskrb5_ctx ctx);

int
_gsskrb5_ext_early_may_recover(krb5_context context, gsskrb5_ctx ctx,
			       int32_t error);

void
_gsskrb5_ext_accept_early(krb5_context context, gsskrb5_ctx ctx);

void
_gsskrb5_ext_early_answer(krb5_context context, gsskrb5_ctx ctx);

void
_gsskrb5_ext_early_repeated(gsskrb5_ctx ctx);

void
_gsskrb5_ext_early_refused(krb5_context context, gsskrb5_ctx ctx,
			   const krb5_keyblock *refused,
			   const krb5_keyblock *now);

void
_gsskrb5_ext_forget_early(krb5_context context, gsskrb5_ctx ctx);

/* message.c */

krb5_error_code
_gsskrb5_ext_new_challenge(krb5_context context,
			   struct gsskrb5_ext_exchange *ext);

OM_uint32
_gsskrb5_ext_send(OM_uint32 *minor_status, krb5_context context,
		  struct gsskrb5_ext_exchange *ext,
		  const struct krb5_ext_error2 *error2,
		  enum krb5_ext_sender sender,
		  const struct krb5_ext_error2_keys *keys,
		  gss_buffer_t output_token);

enum gsskrb5_ext_found {
    GSSKRB5_EXT_NONE,		/* something else */
    GSSKRB5_EXT_CONTINUE,	/* token ID 02 00 */
    GSSKRB5_EXT_FINAL		/* token ID 03 00 */
};

enum gsskrb5_ext_found
_gsskrb5_ext_find(const gss_buffer_t token, krb5_data *pdu);

int32_t
_gsskrb5_ext_wire_code(krb5_error_code code);

krb5_error_code
_gsskrb5_ext_local_code(int32_t wire);

/* own_tgt.c */

krb5_error_code
_gsskrb5_ext_read_own_tgt(krb5_context context, gsskrb5_cred cred,
			  struct gsskrb5_ext_own_tgt *own);

int
_gsskrb5_ext_prefers_own_tgt(krb5_context context,
			     krb5_const_principal server);

void
_gsskrb5_ext_forget_own_tgt(krb5_context context,
			    struct gsskrb5_ext_own_tgt *own);

/* user2user.c */

int
_gsskrb5_ext_is_empty(const AP_REQ *req);

/* without_mutual.c */

krb5_error_code
_gsskrb5_ext_new_subkey(krb5_context context, gsskrb5_ctx ctx);

void
_gsskrb5_ext_begin_offer(krb5_context context, gsskrb5_ctx ctx,
			 OM_uint32 flags);

/* replay_protect.c */

enum replay_verdict
_gsskrb5_ext_protect(krb5_context context, gsskrb5_ctx ctx,
		     const Authenticator *a,
		     krb5_error_code *code);

/* clock.c */

int
_gsskrb5_ext_is_time_error(krb5_error_code code);

/* ticket.c */

krb5_error_code
_gsskrb5_ext_clock_ticket(krb5_context context, gsskrb5_ctx ctx);

krb5_error_code
_gsskrb5_ext_new_ticket(krb5_context context, gsskrb5_ctx ctx,
			krb5_error_code code);

krb5_error_code
_gsskrb5_ext_other_path(krb5_context context, gsskrb5_ctx ctx,
			krb5_error_code code);

krb5_error_code
_gsskrb5_ext_user2user_ticket(krb5_context context, gsskrb5_ctx ctx,
			      const struct krb5_ext_error2 *error2,
			      krb5_error_code code);

#endif /* GSSKRB5_EXT_EXCHANGE_H */
