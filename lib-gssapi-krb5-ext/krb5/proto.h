/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Every number of the extra context tokens (the Internet-Draft on extra
 * context tokens for the Kerberos GSS mechanism, "the document") that the
 * document leaves open or calls provisional, and the limits that are ours.
 * D1.. are decisions; doc/formats/krb-error2.md tells what came of them.
 *
 * A renumbering is an edit of this file and of krb_error2.asn1 beside it,
 * which cannot include it; the tests compare the two.
 */

#ifndef KRB5_EXT_PROTO_H
#define KRB5_EXT_PROTO_H 1

/*
 * ap-options bit 3, continue-needed-ok (TBD in the document, D1): in a
 * number of 32 bits as on the wire (RFC 4120 5.2.8: bit 0 is the highest);
 * krb5.h has AP_OPTS_CONTINUE_NEEDED_OK beside AP_OPTS_MUTUAL_REQUIRED, which
 * are other numbers than the wire's.
 */
#define KRB5_EXT_WIRE_CONTINUE_NEEDED_OK	0x10000000U

/* Authorization data, "-5 -- <TBD>" and "-6 -- <TBD>" (D3). */
#define KRB5_EXT_AD_CONTINUE_CHALLENGE	(-5)
#define KRB5_EXT_AD_AP_OPTIONS		(-6)

/*
 * Channel bindings were given: [MS-KILE]'s KERB_AP_OPTIONS, four octets,
 * lowest first (D22).  Not ours, but Heimdal 7.8 has no name for it.
 */
#define KRB5_EXT_AD_KERB_AP_OPTIONS	143
#define KRB5_EXT_KERB_AP_OPTIONS_CBT	0x4000U

/* "Application tag TBD"; msg-type is the tag of KRB-ERROR2 (D1). */
#define KRB5_EXT_TAG_ERROR2		55
#define KRB5_EXT_TAG_ENC_ERROR2_PART	56
#define KRB5_EXT_MSG_TYPE_ERROR2	KRB5_EXT_TAG_ERROR2

/* "key usage <TBD>" (D2): one for both directions. */
#define KRB5_EXT_KU_ERROR2		520

/* enc-part-key: KrbErrorEncPartFlags of section 4. */
#define KRB5_EXT_ERROR2_KEY_NULL	0 /* level N: anybody */
#define KRB5_EXT_ERROR2_KEY_SUBKEY	1 /* level K: authentic and fresh */
#define KRB5_EXT_ERROR2_KEY_SESSION	2 /* level S: authentic, replayable */

/* e-flags: ErrorFlags of section 4; other values count as final (XT-22). */
#define KRB5_EXT_ERROR2_FINAL		0
#define KRB5_EXT_ERROR2_CONTINUE_NEEDED	1

/* Token IDs of RFC 4121 4.1, as section 3 uses them. */
#define KRB5_EXT_TOK_ID_CONTINUE	"\x02\x00" /* that of AP-REP */
#define KRB5_EXT_TOK_ID_FINAL		"\x03\x00" /* that of KRB-ERROR */

/* continue-challenge in octets: what we make, what we take (D5). */
#define KRB5_EXT_CHALLENGE_SIZE		32
#define KRB5_EXT_CHALLENGE_MIN		1
#define KRB5_EXT_CHALLENGE_MAX		1024

/* Context tokens of one exchange, the first included (section 3.1, D18). */
#define KRB5_EXT_MAX_TOKENS		6

/* Octets of a KRB-ERROR2: a TGT may carry a large PAC. */
#define KRB5_EXT_ERROR2_MAX_SIZE	(256 * 1024)

/* Octets of an acceptor's authorization data, which an application sets. */
#define KRB5_EXT_ACCEPTOR_AUTHDATA_MAX	(16 * 1024)

/* Octets of e-text that are sent or made printable. */
#define KRB5_EXT_E_TEXT_MAX		1024

/* So many AD-IF-RELEVANT around an element, as ticket.c and the KDC take. */
#define KRB5_EXT_AD_MAX_DEPTH		9

#endif /* KRB5_EXT_PROTO_H */
