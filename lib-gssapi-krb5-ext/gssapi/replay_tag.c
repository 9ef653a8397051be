/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What a replay cache knows of an AP-REQ: 12 octets of the Authenticator's
 * ciphertext.  With every enctype but rc4-hmac they are of its checksum, which
 * nobody can change without the session key.
 */

#include "gsskrb5_locl.h"
#include "replay_cache.h"

/*
 * Octets of an enctype's checksum, as MIT krb5 counts them; the single DES
 * ones are those of releases that still had it.
 */
static const struct checksum {
    krb5_enctype enctype;
    size_t length;
} checksums[] = {
    { ETYPE_DES_CBC_CRC, 4 },
    { ETYPE_DES_CBC_MD4, 16 },
    { ETYPE_DES_CBC_MD5, 16 },
    { ETYPE_DES3_CBC_SHA1, 20 },
    { ETYPE_AES128_CTS_HMAC_SHA1_96, 12 },
    { ETYPE_AES256_CTS_HMAC_SHA1_96, 12 },
    { ETYPE_AES128_CTS_HMAC_SHA256_128, 16 },
    { ETYPE_AES256_CTS_HMAC_SHA384_192, 24 },
    { ETYPE_ARCFOUR_HMAC_MD5, 16 },
    { ETYPE_ARCFOUR_HMAC_MD5_56, 16 }
};

static size_t
checksum_length(krb5_enctype enctype)
{
    size_t i;

    for (i = 0; i < sizeof(checksums) / sizeof(checksums[0]); i++)
	if (checksums[i].enctype == enctype)
	    return checksums[i].length;
    return 0;
}

/**
 * The tag of an AP-REQ: the first REPLAY_TAG_LENGTH of the ciphertext's last
 * octets, as many as the enctype's checksum has; with 0 behind them if those
 * are fewer.
 *
 * @param context a Kerberos 5 context
 * @param enc the AP-REQ's Authenticator, encrypted; it must have been
 *        decrypted, or anybody could fill the cache
 * @param tag REPLAY_TAG_LENGTH octets, written on success
 *
 * @return 0; KRB5_PROG_ETYPE_NOSUPP for an enctype without a known checksum;
 *         KRB5_BAD_MSIZE if the ciphertext is shorter than that.  The error
 *         message is set.
 */
krb5_error_code
_gsskrb5_ext_replay_tag(krb5_context context, const EncryptedData *enc,
			unsigned char tag[REPLAY_TAG_LENGTH])
{
    size_t length = checksum_length(enc->etype);
    const unsigned char *end = enc->cipher.data;

    if (length == 0) {
	krb5_set_error_message(context, KRB5_PROG_ETYPE_NOSUPP,
			       N_("Replay cache: no tag for an Authenticator "
				  "of enctype %d", ""), (int)enc->etype);
	return KRB5_PROG_ETYPE_NOSUPP;
    }
    if (enc->cipher.length < length) {
	krb5_set_error_message(context, KRB5_BAD_MSIZE,
			       N_("Replay cache: an Authenticator of %lu "
				  "octets is too short for a tag", ""),
			       (unsigned long)enc->cipher.length);
	return KRB5_BAD_MSIZE;
    }
    end += enc->cipher.length;
    memset(tag, 0, REPLAY_TAG_LENGTH);
    memcpy(tag, end - length, min(length, REPLAY_TAG_LENGTH));
    return 0;
}
