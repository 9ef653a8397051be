/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/**
 * @file rxkad_2b.h
 *
 * Tokens of AFS's security class rxkad that are made of Kerberos 5 tickets:
 * "rxkad: proposal 2b" (Hutzelman, 2003; called "the document" here).
 *
 * A token is what an rxkad client sends in its answer to a challenge: octets
 * that only the server can read, a number that says what they are, and a DES
 * key that both share.
 *
 *     number  octets                                      name
 *     213     DER of the ticket's enc-part, EncryptedData  2b (document, "The
 *             with its tag, as the KDC wrote it            second difference")
 *     256     DER of the whole Ticket                      rxkad-v5
 *     other   a Kerberos 4 ticket, the number being its key's version
 *
 * The session key of the ticket, when it is not a DES key, becomes one by
 * rxkad-kdf; the document knows DES only, OpenAFS 1.6.5 and later the rest.
 *
 * Two sides use the library.  Who has a ticket makes a token of it:
 * rxkad_2b_token_from_creds(), or rxkad_2b_extract() for the bare octets.
 * Who is given a token decides whose it is: rxkad_2b_server_check().  No
 * function reads the clock; times are parameters.  A krb5_context and
 * what was made with it belong to one thread at a time.
 *
 * Integers of 32 bits that AFS sends (key version numbers, the number above)
 * are int32_t: a version that the ticket has as 2^31 or more is negative.
 */

#ifndef RXKAD_2B_H
#define RXKAD_2B_H 1

#include <stddef.h>
#include <time.h>

#include <krb5.h>
#include <rxkad_2b_err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The number of a token that is an EncryptedData (document: "0xd5"). */
#define RXKAD_2B_KVNO		213
/** The number of a token that is a whole Ticket (rxkad-v5). */
#define RXKAD_2B_KVNO_TICKET	256

/** The least and the most octets that any server takes: OpenAFS's
 * MINKTCTICKETLEN and MAXKTCTICKETLEN. */
#define RXKAD_2B_MIN_LENGTH	32
#define RXKAD_2B_MAX_LENGTH	12000
/** The most that servers of 2003 take, which the document is about. */
#define RXKAD_2B_MAX_LENGTH_STRICT 344
/** The longest token that reaches an OpenAFS server as a matter of fact: a
 * longer one does not fit into the packet that answers the challenge, which
 * is dropped in silence. */
#define RXKAD_2B_LONG_TOKEN	8440
/** The most octets that a krb524 reply has room for (KTEXT). */
#define RXKAD_2B_MAX_KTEXT	1250

/** The octets of a DES key, the only kind that rxkad works with. */
#define RXKAD_2B_KEY_LENGTH	8
/** The octets of a name, an instance and a cell, with the NUL at their end:
 * OpenAFS's MAXKTCNAMELEN. */
#define RXKAD_2B_NAME_LENGTH	64

/**
 * Which limits a token has to keep to.
 *
 * The document's are those of the clients and servers of its time: 344
 * octets, DES for the service's key and for the session key.  Since
 * OpenAFS 1.4.15 and 1.6.5 a server takes 12000 octets, and any enctype.
 */
typedef enum rxkad_2b_profile {
    RXKAD_2B_STRICT = 1,	/**< 32 to 344 octets, DES only */
    RXKAD_2B_MODERN = 2		/**< 32 to 12000 octets, any enctype */
} rxkad_2b_profile;

/** The limit that a ticket does not keep to. */
typedef enum rxkad_2b_limit {
    RXKAD_2B_LIMIT_NONE = 0,	/**< it keeps to all */
    RXKAD_2B_LIMIT_TOO_SHORT,	/**< less than RXKAD_2B_MIN_LENGTH */
    RXKAD_2B_LIMIT_TOO_LONG,	/**< more octets than the profile has */
    RXKAD_2B_LIMIT_SERVICE_ENCTYPE, /**< the service's key may not be that */
    RXKAD_2B_LIMIT_SESSION_ENCTYPE  /**< the session key may not be that */
} rxkad_2b_limit;

/** Things that work by the rules and often do not in practice; bits. */
#define RXKAD_2B_WARN_LONG	0x1	/**< more than RXKAD_2B_LONG_TOKEN */
#define RXKAD_2B_WARN_DES	0x2	/**< the service's key is a DES key:
					 * within reach of a search */
#define RXKAD_2B_WARN_ENCTYPE	0x4	/**< OpenAFS 1.8 has no service keys of
					 * this enctype (AES with SHA-2) */

/**
 * What can be read of a token without a key.  `enc_part' and `cipher' point
 * into the octets that were parsed.
 */
typedef struct rxkad_2b_sealed {
    int32_t kvno;		/**< RXKAD_2B_KVNO or RXKAD_2B_KVNO_TICKET */
    krb5_data enc_part;		/**< the EncryptedData, with its tag; alias */
    krb5_data cipher;		/**< what is encrypted in it; alias */
    krb5_enctype etype;		/**< the enctype of the service's key */
    krb5_boolean has_kvno;	/**< whether the version of that key is said */
    int32_t service_kvno;	/**< the version; 0 without one */
} rxkad_2b_sealed;

/** A token for a client; free it with rxkad_2b_token_free(). */
typedef struct rxkad_2b_token {
    int32_t kvno;		/**< ClearToken's AuthHandle */
    krb5_data data;		/**< the octets for the server */
    unsigned char session_key[RXKAD_2B_KEY_LENGTH]; /**< HandShakeKey */
    time_t start;		/**< starttime, or authtime without one */
    time_t end;			/**< endtime */
    krb5_enctype service_etype;	/**< of the service's key */
    krb5_enctype session_etype;	/**< of the ticket's session key */
    unsigned int warnings;	/**< RXKAD_2B_WARN_LONG and so on */
} rxkad_2b_token;

/** What a token was decoded as. */
typedef enum rxkad_2b_type {
    RXKAD_2B_TYPE_NONE = 0,	/**< nothing */
    RXKAD_2B_TYPE_ENC_PART,	/**< 2b: an EncryptedData, 213 */
    RXKAD_2B_TYPE_TICKET,	/**< rxkad-v5: a whole Ticket, 256 */
    RXKAD_2B_TYPE_KRB4		/**< a Kerberos 4 ticket */
} rxkad_2b_type;

/**
 * Why a server refuses a token.  Only the error code of the result is for the
 * peer; this is for the log.  New reasons are added at the end.
 */
typedef enum rxkad_2b_reason {
    RXKAD_2B_OK = 0,
    RXKAD_2B_BAD_LENGTH,	/**< not within the profile's limits */
    RXKAD_2B_UNKNOWN_KVNO,	/**< neither 213 nor 256, and no Kerberos 4 */
    RXKAD_2B_NOT_DER,		/**< not DER of what the number says */
    RXKAD_2B_TRAILING_OCTETS,	/**< octets behind the DER */
    RXKAD_2B_BAD_VERSION,	/**< a Ticket of another version than 5 */
    RXKAD_2B_SERVICE_ENCTYPE,	/**< the profile or the library has not it */
    RXKAD_2B_WEAK_ENCTYPE,	/**< single DES, and allow_weak_crypto is not
				 * set in krb5.conf */
    RXKAD_2B_NO_KEY,		/**< no such key */
    RXKAD_2B_DECRYPT,		/**< wrong key, or the token was changed */
    RXKAD_2B_BAD_CONTENT,	/**< decrypted, but no EncTicketPart */
    RXKAD_2B_NAME_COMPONENTS,	/**< a name of none, or of three or more */
    RXKAD_2B_NAME_EMPTY,	/**< an empty component or realm */
    RXKAD_2B_NAME_LONG,		/**< a component or realm of more than 63 */
    RXKAD_2B_NAME_DOT,		/**< a dot in the first component */
    RXKAD_2B_NAME_HOST,		/**< host/x or the like, and x has no dot */
    RXKAD_2B_NAME_INSTANCE,	/**< kadmin/x or zephyr/x: it would become
				 * the name without instance */
    RXKAD_2B_NAME_CHARACTER,	/**< an @ or a control character in a name,
				 * which AFS would take for something else */
    RXKAD_2B_SESSION_ENCTYPE,	/**< a session key that gives no DES key */
    RXKAD_2B_INVALID,		/**< the ticket has the flag INVALID */
    RXKAD_2B_EXPIRED,		/**< its time is over */
    RXKAD_2B_NOT_YET_VALID,	/**< its time begins in over 15 minutes */
    RXKAD_2B_BAD_TIMES,		/**< ends before it begins, longer than 30
				 * days, or too far away */
    RXKAD_2B_TRANSITED,		/**< realms were passed that may not be */
    RXKAD_2B_AUTHDATA,		/**< critical authorization data */
    RXKAD_2B_ADDRESS,		/**< not for the peer's address */
    RXKAD_2B_INTERNAL		/**< no memory or the like */
} rxkad_2b_reason;

/**
 * A server's verdict; free it with rxkad_2b_result_free().  Members of the
 * second half are zero and empty unless `code' is 0.
 */
typedef struct rxkad_2b_result {
    krb5_error_code code;	/**< 0, or what rxkad sends to the peer */
    rxkad_2b_reason reason;	/**< what is behind it, for the log */
    rxkad_2b_type type;		/**< how far decoding got */
    krb5_enctype service_etype;	/**< of the service's key; ETYPE_NULL if that
				 * was not read */
    int32_t service_kvno;	/**< its version; 0 if none was said */
    unsigned int warnings;	/**< RXKAD_2B_WARN_LONG and so on */

    char name[RXKAD_2B_NAME_LENGTH];	 /**< rxkad's name, NUL at its end */
    char instance[RXKAD_2B_NAME_LENGTH]; /**< its instance, often empty */
    char cell[RXKAD_2B_NAME_LENGTH];	 /**< the client's realm as it is;
					  * whether it is foreign is for the
					  * caller to decide */
    unsigned char session_key[RXKAD_2B_KEY_LENGTH]; /**< the DES key */
    krb5_enctype session_etype;	/**< what it was made of */
    uint32_t host;		/**< the address in a Kerberos 4 ticket, host
				 * byte order; else 0, which is any */
    int64_t start;		/**< seconds since 1970 */
    int64_t end;
} rxkad_2b_result;

/*
 * Making tokens
 */

/**
 * Reads the outside of a token: strict DER, without looking at a key, at
 * limits or at policy (document, "an rxkad 2b token takes the form of").
 *
 * @param data the token's octets
 * @param length how many
 * @param kvno the token's number: RXKAD_2B_KVNO for an EncryptedData,
 *        RXKAD_2B_KVNO_TICKET for a Ticket
 * @param sealed filled on success; it points into `data', nothing to free
 *
 * @return 0; ASN1_OVERRUN where octets are missing; ASN1_BAD_ID for another
 *         tag than expected, as OpenAFS answers both; ASN1_BAD_LENGTH and
 *         ASN1_BAD_FORMAT for lengths and integers that are not DER;
 *         ASN1_EXTRA_DATA for octets behind it; RXKAD_2B_ERR_BADTICKET for a
 *         Ticket of another version; RXKAD_2B_ERR_UNKNOWNKEY for another
 *         number
 */
krb5_error_code
rxkad_2b_parse(const void *data, size_t length, int32_t kvno,
	       rxkad_2b_sealed *sealed);

/**
 * Finds the octets of a 2b token in a ticket (document: "simply extract the
 * encoded form of the enc-part field").  They are the KDC's own, not encoded
 * anew: a key version that is absent stays absent.
 *
 * @param ticket DER of a Ticket, as in krb5_creds
 * @param enc_part filled on success; it points into `ticket', nothing to free
 *
 * @return 0 or as rxkad_2b_parse()
 */
krb5_error_code
rxkad_2b_extract(const krb5_data *ticket, krb5_data *enc_part);

/**
 * Whether a token keeps to a profile's limits (document, "certain
 * restrictions are placed on the properties of the ticket").
 *
 * @param profile RXKAD_2B_STRICT or RXKAD_2B_MODERN
 * @param length octets of the token
 * @param service_etype enctype of the service's key
 * @param session_etype enctype of the session key, or ETYPE_NULL where it is
 *        not known, which is not looked at
 *
 * @return RXKAD_2B_LIMIT_NONE, or the first limit in the order of
 *         rxkad_2b_limit that it fails
 */
rxkad_2b_limit
rxkad_2b_check_limits(rxkad_2b_profile profile, size_t length,
		      krb5_enctype service_etype, krb5_enctype session_etype);

/**
 * What may go wrong with a token that keeps to its limits.
 *
 * @param length octets of the token
 * @param service_etype enctype of the service's key
 *
 * @return bits, RXKAD_2B_WARN_LONG and so on
 */
unsigned int
rxkad_2b_warnings(size_t length, krb5_enctype service_etype);

/**
 * The DES key of rxkad for a session key.  A DES key is taken as it is, its
 * parity bits too (document: "the format of the 56-bit DES session encryption
 * key does not change"); of any other, rxkad-kdf makes one.  The key
 * that is given stays as it is.
 *
 * @param etype enctype of the session key
 * @param key its octets
 * @param length how many: 8 for DES, a multiple of 8 for Triple DES, else at
 *        least 7
 * @param des filled on success; wipe it when it is not needed any more
 *
 * @return 0; KRB5_PROG_ETYPE_NOSUPP for enctypes that have no rxkad-kdf
 *         (negative, reserved, those of PKINIT); KRB5_BAD_KEYSIZE;
 *         KRB5DES_WEAK_KEY when no counter gives a key that is not weak
 */
krb5_error_code
rxkad_2b_derive_key(krb5_enctype etype, const void *key, size_t length,
		    unsigned char des[RXKAD_2B_KEY_LENGTH]);

/**
 * Makes a token of a service ticket.
 *
 * @param context a Kerberos context, for the error message
 * @param creds the ticket for the AFS service, its session key and times; not
 *        changed
 * @param profile which limits to keep to
 * @param kvno RXKAD_2B_KVNO for the enc-part, RXKAD_2B_KVNO_TICKET for the
 *        whole Ticket
 * @param token set to NULL, on success to a token; free it with
 *        rxkad_2b_token_free()
 * @param limit if not NULL, set to the limit that was not kept to
 *
 * @return 0; RXKAD_2B_ERR_TICKETLEN for RXKAD_2B_LIMIT_TOO_SHORT and
 *         RXKAD_2B_LIMIT_TOO_LONG; KRB5_PROG_ETYPE_NOSUPP for the enctypes;
 *         the errors of rxkad_2b_parse() and rxkad_2b_derive_key(); ENOMEM
 */
krb5_error_code
rxkad_2b_token_from_creds(krb5_context context, const krb5_creds *creds,
			  rxkad_2b_profile profile, int32_t kvno,
			  rxkad_2b_token **token, rxkad_2b_limit *limit);

/**
 * Frees a token and wipes its key.
 *
 * @param token the token, or NULL
 */
void
rxkad_2b_token_free(rxkad_2b_token *token);

/*
 * Keys of a server
 */

/**
 * Where a server's key comes from.
 *
 * @param context the context of rxkad_2b_server_check()
 * @param data what was given with the function
 * @param kvno the version asked for; NULL asks for the newest
 * @param etype the enctype asked for.  Single DES keys are all the same key:
 *        asked for one of ETYPE_DES_CBC_CRC, _MD4 and _MD5, any may be
 *        returned.
 * @param key filled on success; the caller frees it with
 *        krb5_free_keyblock_contents()
 *
 * @return 0, or any error: there is no such key
 */
typedef krb5_error_code
(*rxkad_2b_get_key_func)(krb5_context context, void *data,
			 const int32_t *kvno, krb5_enctype etype,
			 krb5_keyblock *key);

/** Keys in memory, in the order they were added. */
typedef struct rxkad_2b_keys rxkad_2b_keys;

/**
 * Makes an empty set of keys.
 *
 * @param context a Kerberos context
 * @param keys set to NULL, on success to the set; free it with
 *        rxkad_2b_keys_free()
 *
 * @return 0 or ENOMEM
 */
krb5_error_code
rxkad_2b_keys_alloc(krb5_context context, rxkad_2b_keys **keys);

/**
 * Wipes and frees a set of keys.
 *
 * @param context a Kerberos context
 * @param keys the set, or NULL
 */
void
rxkad_2b_keys_free(krb5_context context, rxkad_2b_keys *keys);

/**
 * Adds a key.  One with the version and the enctype of a key that is there
 * already is left out (all of single DES count as one), so that what is
 * added first wins.
 *
 * @param context a Kerberos context
 * @param keys the set
 * @param kvno the key's version, any number
 * @param key the key; it is copied
 *
 * @return 0 or ENOMEM
 */
krb5_error_code
rxkad_2b_keys_add(krb5_context context, rxkad_2b_keys *keys, int32_t kvno,
		  const krb5_keyblock *key);

/**
 * Says which keys a set has, one after the other.
 *
 * @param keys the set
 * @param n which one, from 0
 * @param kvno filled with its version
 * @param etype filled with its enctype
 *
 * @return FALSE when there are no more than `n' keys, and nothing is filled
 */
krb5_boolean
rxkad_2b_keys_entry(const rxkad_2b_keys *keys, size_t n, int32_t *kvno,
		    krb5_enctype *etype);

/**
 * Adds the keys of a Kerberos keytab of any type.
 *
 * @param context a Kerberos context
 * @param keys the set
 * @param keytab the keytab
 * @param principal whose keys, usually afs/cell@REALM; NULL for everybody's
 *
 * @return 0, KRB5_KT_NOTFOUND when there was none, or the keytab's error.
 *         After an error some keys may have been added.
 */
krb5_error_code
rxkad_2b_keys_add_keytab(krb5_context context, rxkad_2b_keys *keys,
			 krb5_keytab keytab, krb5_const_principal principal);

/**
 * Adds the keys of an AFS KeyFile: single DES keys, at most 255.
 *
 * @param context a Kerberos context
 * @param keys the set
 * @param path the file
 *
 * @return 0; errno of open() and read(); KRB5_KEYTAB_BADVNO for a file that
 *         is something else or cut short, of which nothing is added; ENOMEM
 */
krb5_error_code
rxkad_2b_keys_add_keyfile(krb5_context context, rxkad_2b_keys *keys,
			  const char *path);

/**
 * Adds the keys of an OpenAFS KeyFileExt that are for rxkad: its types
 * rxkad_krb5 (2) and rxkad (1, a DES key).  Keys of other types are
 * passed over.
 *
 * @param context a Kerberos context
 * @param keys the set
 * @param path the file
 *
 * @return as rxkad_2b_keys_add_keyfile()
 */
krb5_error_code
rxkad_2b_keys_add_keyfileext(krb5_context context, rxkad_2b_keys *keys,
			     const char *path);

/**
 * Finds a key in a set; a rxkad_2b_get_key_func.
 *
 * @param context a Kerberos context
 * @param data the rxkad_2b_keys
 * @param kvno the version; NULL for the highest
 * @param etype the enctype
 * @param key filled on success; free it with krb5_free_keyblock_contents()
 *
 * @return 0, KRB5_KT_NOTFOUND or ENOMEM
 */
krb5_error_code
rxkad_2b_keys_get(krb5_context context, void *data, const int32_t *kvno,
		  krb5_enctype etype, krb5_keyblock *key);

/*
 * Checking tokens
 */

/** What a server does beyond, or does not do of, the default; bits. */

/** Take Kerberos 4 tickets (document: "MUST be capable", "SHOULD allow" to
 * turn it off).  Off: they are single DES without integrity. */
#define RXKAD_2B_ALLOW_KRB4		0x01
/** Take names with a dot in the first component, like OpenAFS's
 * -allow-dotted-principals: foo.root and foo/root are then one. */
#define RXKAD_2B_ALLOW_DOTTED		0x02
/** Make kadmin and zephyr of kadmin/x and zephyr/x, and take tickets of no
 * realm, which OpenAFS's servers make for each other, as OpenAFS does. */
#define RXKAD_2B_OPENAFS_NAMES		0x04
/** Refuse authorization data that is critical: all of it outside of
 * AD-IF-RELEVANT (RFC 4120 5.2.6; document, "Implementation note").
 * OpenAFS ignores authorization data. */
#define RXKAD_2B_STRICT_AUTHDATA	0x08
/** Refuse a ticket with addresses that does not have the peer's. */
#define RXKAD_2B_CHECK_ADDRESSES	0x10
/** Take any transited realms, as OpenAFS does. */
#define RXKAD_2B_ANY_TRANSITED		0x20
/** When a ticket does not say its key's version and there is no key of
 * version 0, try the newest. */
#define RXKAD_2B_NEWEST_KEY		0x40

/** A server's keys and policy. */
typedef struct rxkad_2b_server rxkad_2b_server;

/**
 * Makes a server that has the profile RXKAD_2B_MODERN and no flags.
 *
 * @param context a Kerberos context
 * @param get_key where keys come from
 * @param data given to `get_key'; not owned, it has to outlive the server
 * @param server set to NULL, on success to the server; free it with
 *        rxkad_2b_server_free()
 *
 * @return 0 or ENOMEM
 */
krb5_error_code
rxkad_2b_server_alloc(krb5_context context, rxkad_2b_get_key_func get_key,
		      void *data, rxkad_2b_server **server);

/**
 * Frees a server.
 *
 * @param server the server, or NULL
 */
void
rxkad_2b_server_free(rxkad_2b_server *server);

/**
 * Sets flags.
 *
 * @param server the server
 * @param flags all that are set, RXKAD_2B_ALLOW_KRB4 and so on
 */
void
rxkad_2b_server_set_flags(rxkad_2b_server *server, unsigned int flags);

/**
 * Sets the profile.
 *
 * @param server the server
 * @param profile RXKAD_2B_STRICT or RXKAD_2B_MODERN
 */
void
rxkad_2b_server_set_profile(rxkad_2b_server *server,
			    rxkad_2b_profile profile);

/**
 * Sets the realm of the server, to which transited realms lead.  A 2b token
 * does not say it.
 *
 * @param server the server
 * @param realm its realm; copied.  NULL, as at first, for the default realm
 *        of the context.
 *
 * @return 0 or ENOMEM
 */
krb5_error_code
rxkad_2b_server_set_realm(rxkad_2b_server *server, const char *realm);

/**
 * Decides on a token that came in the answer to a challenge.
 *
 * A token with RXKAD_2B_KVNO is first a 2b token (document: "This order is
 * REQUIRED").  Only when it is no DER of an EncryptedData, and
 * RXKAD_2B_ALLOW_KRB4 is set, and there is a DES key of version 213, it is
 * taken for a Kerberos 4 ticket; a 2b token that is refused stays refused.
 *
 * @param context a Kerberos context
 * @param server the server
 * @param kvno the number in the answer to the challenge
 * @param data the token
 * @param length its octets
 * @param now the time, seconds since 1970
 * @param peer the peer's address, for RXKAD_2B_CHECK_ADDRESSES; may be NULL,
 *        and then a ticket with addresses is refused with that flag
 * @param result the verdict; set to NULL when there is no memory for one.
 *        Free it with rxkad_2b_result_free().
 *
 * @return the verdict's code: 0, or what OpenAFS answers in such a case,
 *         RXKAD_2B_ERR_TICKETLEN, _UNKNOWNKEY, _BADTICKET, _NOAUTH, _EXPIRED
 *         or an error of rxkad_2b_parse().  Nothing but 0 is a yes.
 */
krb5_error_code
rxkad_2b_server_check(krb5_context context, rxkad_2b_server *server,
		      int32_t kvno, const void *data, size_t length,
		      time_t now, const krb5_address *peer,
		      rxkad_2b_result **result);

/**
 * Frees a verdict and wipes its key.
 *
 * @param result the verdict, or NULL
 */
void
rxkad_2b_result_free(rxkad_2b_result *result);

/*
 * Texts
 */

/**
 * A sentence about a reason, for a log.
 *
 * @param reason the reason
 *
 * @return English text that lives for ever
 */
const char *
rxkad_2b_reason_string(rxkad_2b_reason reason);

/**
 * A sentence about a limit.
 *
 * @param limit the limit
 *
 * @return English text that lives for ever
 */
const char *
rxkad_2b_limit_string(rxkad_2b_limit limit);

/**
 * Gives a context the texts of RXKAD_2B_ERR_* (19270400 and following, the
 * numbers of OpenAFS), for krb5_get_error_message().
 *
 * @param context a Kerberos context
 *
 * @return 0 or ENOMEM
 */
krb5_error_code
rxkad_2b_init_error_table(krb5_context context);

#ifdef __cplusplus
}
#endif

#endif /* RXKAD_2B_H */
