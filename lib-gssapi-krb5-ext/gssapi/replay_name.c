/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Which replay cache it is: MIT krb5's names and rules, from its "replay
 * cache" and "Environment variables" manual pages and its rc_base.c.
 */

#include "gsskrb5_locl.h"
#include "replay_cache.h"

#define DEFAULT_DIRECTORY "/var/tmp"

/*
 * A variable of the environment; NULL in a process with more rights than its
 * caller.
 */
static const char *
safe_getenv(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && issuid() ? NULL : value;
}

/*
 * Print like asprintf() into *text; free with free().
 */
static krb5_error_code
format(krb5_context context, char **text, const char *fmt, ...)
    HEIMDAL_PRINTF_ATTRIBUTE((printf, 3, 4));

static krb5_error_code
format(krb5_context context, char **text, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vasprintf(text, fmt, ap);
    va_end(ap);
    if (n >= 0 && *text != NULL)
	return 0;
    *text = NULL;
    return krb5_enomem(context);
}

static krb5_error_code
copy(krb5_context context, char **copied, const char *text)
{
    *copied = strdup(text);
    return *copied != NULL ? 0 : krb5_enomem(context);
}

/*
 * The name in krb5.conf, with its path tokens: libkrb5's and MIT krb5's
 * %{euid}.
 */
static krb5_error_code
expand(krb5_context context, const char *value, char **name)
{
    krb5_error_code ret;
    char *euid;

    ret = format(context, &euid, "%lu", (unsigned long)geteuid());
    if (ret)
	return ret;
    ret = _krb5_expand_path_tokensv(context, value, 0, name, "euid", euid,
				    NULL);
    free(euid);
    if (ret == 0 && *name == NULL)
	ret = krb5_enomem(context);
    if (ret == EINVAL)
	krb5_set_error_message(context, ret,
			       N_("[libdefaults] default_rcache_name = %s: "
				  "a token in it is not known; use %%{euid}, "
				  "%%{uid} or %%{TEMP}", ""), value);
    return ret;
}

/**
 * The name of the replay cache to use: $KRB5RCACHENAME; $KRB5RCACHETYPE and a
 * colon; [libdefaults] default_rcache_name, with its path tokens expanded;
 * "dfl:".  The first of these that there is.
 *
 * @param context a Kerberos 5 context
 * @param name the name, NULL on error; free with free()
 *
 * @return 0; ENOMEM; EINVAL if a path token is not known.  The error message
 *         is set.
 */
krb5_error_code
_gsskrb5_ext_replay_cache_name(krb5_context context, char **name)
{
    const char *value;

    *name = NULL;
    value = safe_getenv("KRB5RCACHENAME");
    if (value != NULL)
	return copy(context, name, value);
    value = safe_getenv("KRB5RCACHETYPE");
    if (value != NULL)
	return format(context, name, "%s:", value);
    value = krb5_config_get_string(context, NULL, "libdefaults",
				   "default_rcache_name", NULL);
    if (value != NULL)
	return expand(context, value, name);
    return copy(context, name, "dfl:");
}

/**
 * Whether name, of whatever form, turns the replay cache off.
 *
 * @param name a cache's name
 *
 * @return 1 for "none:" with or without a rest, else 0
 */
int
_gsskrb5_ext_replay_cache_is_none(const char *name)
{
    return strncmp(name, "none:", 5) == 0;
}

/*
 * The file of "dfl:".
 */
static krb5_error_code
default_path(krb5_context context, char **path)
{
    const char *directory = safe_getenv("KRB5RCACHEDIR");

    if (directory == NULL)
	directory = safe_getenv("TMPDIR");
    if (directory == NULL)
	directory = DEFAULT_DIRECTORY;
    return format(context, path, "%s/krb5_%lu.rcache2", directory,
		  (unsigned long)geteuid());
}

/**
 * The file of a replay cache.
 *
 * @param context a Kerberos 5 context
 * @param name the cache's name, not of type none
 * @param path its path, NULL on error; free with free()
 *
 * @return 0; KRB5_RC_PARSE if name has no colon; KRB5_RC_TYPE_NOTFOUND if
 *         what is before it is neither dfl nor file2; ENOMEM.  The error
 *         message is set.
 */
krb5_error_code
_gsskrb5_ext_replay_cache_path(krb5_context context, const char *name,
			       char **path)
{
    krb5_error_code ret;

    *path = NULL;
    if (strncmp(name, "dfl:", 4) == 0)
	return default_path(context, path);
    if (strncmp(name, "file2:", 6) == 0)
	return copy(context, path, name + 6);

    ret = strchr(name, ':') ? KRB5_RC_TYPE_NOTFOUND : KRB5_RC_PARSE;
    krb5_set_error_message(context, ret,
			   N_("Replay cache %s: no such type; name it "
			      "\"dfl:\", \"file2:<path>\" or \"none:\" in "
			      "$KRB5RCACHENAME or [libdefaults] "
			      "default_rcache_name", ""), name);
    return ret;
}
