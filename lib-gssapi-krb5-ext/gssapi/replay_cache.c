/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * See replay_cache.h.
 */

#include "gsskrb5_locl.h"
#include "replay_cache.h"

/*
 * The time to store: MIT krb5 stores now, after which the record lives for
 * skew seconds.  An AP-REQ from a client whose clock is ahead can be accepted
 * until skew seconds after its own time, which is later, so its record lives
 * as long.  0 would mean that the record is empty.
 */
static uint32_t
stamp_of(time_t ctime, time_t now, time_t skew)
{
    time_t stamp = now;

    if (ctime > now)
	stamp = ctime - now > skew ? now + skew : ctime;
    return (uint32_t)stamp ? (uint32_t)stamp : 1;
}

/*
 * Set the message for an error that came while the file was used.
 */
static void
set_message(krb5_context context, krb5_error_code ret, const char *path)
{
    switch (ret) {
    case KRB5KRB_AP_ERR_REPEAT:
	break;
    case KRB5_RC_IO_UNKNOWN:
	krb5_set_error_message(context, ret,
			       N_("Replay cache %s is damaged, or no replay "
				  "cache; remove it, or name another one in "
				  "[libdefaults] default_rcache_name", ""),
			       path);
	break;
    case EOVERFLOW:
	krb5_set_error_message(context, ret,
			       N_("Replay cache %s is full: too many AP-REQs "
				  "within the clock skew; remove it after a "
				  "clock skew without any", ""), path);
	break;
    default:
	krb5_set_error_message(context, ret,
			       N_("Replay cache %s cannot be read or written: "
				  "%s; make room, or name another one in "
				  "[libdefaults] default_rcache_name", ""),
			       path, strerror(ret));
    }
}

/**
 * Store the tag of an AP-REQ that is about to be accepted, unless it is there
 * already.  Of any number of calls at the same time with the same tag, one
 * returns 0.
 *
 * Returns after the lock of the file was had, which others hold for as long as
 * they read and write a few records.  Nothing is forced to the disk.
 *
 * @param context a Kerberos 5 context; no other thread may use it meanwhile
 * @param name the cache, from _gsskrb5_ext_replay_cache_name()
 * @param tag REPLAY_TAG_LENGTH octets, from _gsskrb5_ext_replay_tag()
 * @param ctime the Authenticator's time, seconds since 1970
 * @param now the time, likewise
 * @param skew the clock skew allowed, in seconds, not negative
 *
 * @return 0 if the tag is stored, or the cache is none;
 *         KRB5KRB_AP_ERR_REPEAT if it was stored before; otherwise the cache
 *         cannot be used and nothing is known of the tag: an error of
 *         _gsskrb5_ext_replay_cache_path(), _gsskrb5_ext_replay_file_open() or
 *         _gsskrb5_ext_replay_table_store().  The error message is set, but
 *         for KRB5KRB_AP_ERR_REPEAT.
 */
krb5_error_code
_gsskrb5_ext_replay_cache_store(krb5_context context, const char *name,
				const unsigned char tag[REPLAY_TAG_LENGTH],
				time_t ctime, time_t now, time_t skew)
{
    krb5_error_code ret, ret2;
    char *path;
    off_t size;
    int fd;

    if (_gsskrb5_ext_replay_cache_is_none(name))
	return 0;
    ret = _gsskrb5_ext_replay_cache_path(context, name, &path);
    if (ret)
	return ret;
    ret = _gsskrb5_ext_replay_file_open(context, path,
					strncmp(name, "file2:", 6) == 0, &fd,
					&size);
    if (ret)
	goto out;
    ret = _gsskrb5_ext_replay_table_store(fd, size, tag,
					  stamp_of(ctime, now, skew),
					  (uint32_t)now, (uint32_t)skew);
    ret2 = _gsskrb5_ext_replay_file_close(fd);
    if (ret == 0)
	ret = ret2;
    if (ret)
	set_message(context, ret, path);

 out:
    free(path);
    return ret;
}
