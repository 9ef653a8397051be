/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Which replay cache it is: the environment and krb5.conf, as MIT krb5 reads
 * them.
 *
 * REQ: XT-55
 */

#include "replay_test.h"

static krb5_context context;

/*
 * Only these variables of the environment; NULL: not set.
 */
static void
set(const char *name, const char *type, const char *rcachedir,
    const char *tmpdir)
{
    static const char *variables[] = { "KRB5RCACHENAME", "KRB5RCACHETYPE",
				       "KRB5RCACHEDIR", "TMPDIR" };
    const char *values[4];
    int i;

    values[0] = name;
    values[1] = type;
    values[2] = rcachedir;
    values[3] = tmpdir;
    for (i = 0; i < 4; i++) {
	if (values[i] == NULL)
	    unsetenv(variables[i]);
	else
	    setenv(variables[i], values[i], 1);
    }
}

static void
use_config(const char *line)
{
    char text[512];

    snprintf(text, sizeof(text), "[libdefaults]\n%s\n", line);
    write_file("krb5.conf", text, strlen(text));
    if (context != NULL)
	krb5_free_context(context);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
}

static void
name_is(const char *what, const char *want)
{
    char *name;
    krb5_error_code ret = _gsskrb5_ext_replay_cache_name(context, &name);

    check(ret == 0 && strcmp(name, want) == 0, "%s: %s (%d)", what,
	  ret ? "-" : name, (int)ret);
    free(name);
}

static void
no_name(const char *what, krb5_error_code want)
{
    char *name;
    krb5_error_code ret = _gsskrb5_ext_replay_cache_name(context, &name);
    const char *message = krb5_get_error_message(context, ret);

    check(ret == want && name == NULL &&
	  strstr(message, "default_rcache_name") != NULL,
	  "%s: %d, \"%s\"", what, (int)ret, message);
    krb5_free_error_message(context, message);
}

static void
path_is(const char *what, const char *name, const char *want)
{
    char *path;
    krb5_error_code ret = _gsskrb5_ext_replay_cache_path(context, name,
							 &path);

    check(ret == 0 && strcmp(path, want) == 0, "%s: %s (%d)", what,
	  ret ? "-" : path, (int)ret);
    free(path);
}

static void
no_path(const char *name, krb5_error_code want)
{
    char *path;
    krb5_error_code ret = _gsskrb5_ext_replay_cache_path(context, name,
							 &path);

    check(ret == want && path == NULL, "\"%s\" is none (%d)", name,
	  (int)ret);
}

static void
test_names(void)
{
    char want[64];

    use_config("");
    set(NULL, NULL, NULL, NULL);
    name_is("nothing is set", "dfl:");
    set(NULL, NULL, "/a", "/b");
    name_is("directories do not matter", "dfl:");
    use_config("default_rcache_name = file2:/x/%{euid}/%{uid}");
    snprintf(want, sizeof(want), "file2:/x/%lu/%lu",
	     (unsigned long)geteuid(), (unsigned long)getuid());
    name_is("krb5.conf", want);
    set(NULL, "none", NULL, NULL);
    name_is("KRB5RCACHETYPE is before krb5.conf", "none:");
    set("file2:/y", "none", NULL, NULL);
    name_is("KRB5RCACHENAME is before both", "file2:/y");
    set("", NULL, NULL, NULL);
    name_is("even if it is empty", "");
    set(NULL, NULL, NULL, NULL);
    use_config("default_rcache_name = none:");
    name_is("krb5.conf says none", "none:");
    use_config("default_rcache_name = file2:/x/%{nonsense}");
    no_name("an unknown token", EINVAL);
    use_config("default_rcache_name = file2:/x/%{euid");
    no_name("half a token", EINVAL);
}

static void
test_paths(void)
{
    char want[128];

    snprintf(want, sizeof(want), "/var/tmp/krb5_%lu.rcache2",
	     (unsigned long)geteuid());
    set(NULL, NULL, NULL, NULL);
    path_is("dfl: without a directory", "dfl:", want);
    path_is("dfl: with a rest, which is ignored", "dfl:/x", want);
    set(NULL, NULL, NULL, "/b");
    snprintf(want, sizeof(want), "/b/krb5_%lu.rcache2",
	     (unsigned long)geteuid());
    path_is("dfl: in TMPDIR", "dfl:", want);
    set(NULL, NULL, "/a", "/b");
    want[1] = 'a';
    path_is("dfl: in KRB5RCACHEDIR", "dfl:", want);
    path_is("file2:", "file2:/x:y", "/x:y");
    no_path("", KRB5_RC_PARSE);
    no_path("dfl", KRB5_RC_PARSE);
    no_path("/var/tmp/x", KRB5_RC_PARSE);
    no_path("FILE2:/x", KRB5_RC_TYPE_NOTFOUND);
    no_path("FILE:/x", KRB5_RC_TYPE_NOTFOUND);
    no_path("df:", KRB5_RC_TYPE_NOTFOUND);
    no_path(":", KRB5_RC_TYPE_NOTFOUND);
}

static void
test_none(void)
{
    check(_gsskrb5_ext_replay_cache_is_none("none:"), "none: is none");
    check(_gsskrb5_ext_replay_cache_is_none("none:x"), "none:x is none");
    check(!_gsskrb5_ext_replay_cache_is_none("none"), "none is a mistake");
    check(!_gsskrb5_ext_replay_cache_is_none("dfl:"), "dfl: is one");
    check(!_gsskrb5_ext_replay_cache_is_none(""), "nothing is a mistake");
}

/*
 * The time with a record: MIT's is when the AP-REQ came; ours is later for a
 * client whose clock is ahead, so that it lasts as long as the AP-REQ.
 */
static void
test_stamps(void)
{
    static const struct row {
	const char *what;
	time_t ctime, want;
    } rows[] = {
	{ "the same time", NOW, NOW },
	{ "a client that is late", NOW - SKEW, NOW },
	{ "a client that is early", NOW + 100, NOW + 100 },
	{ "by the whole skew", NOW + SKEW, NOW + SKEW },
	{ "by more, which the caller refuses", NOW + 86400, NOW + SKEW }
    };
    unsigned char tag[REPLAY_TAG_LENGTH], *octets, *p;
    krb5_error_code ret;
    size_t i, length;
    time_t stamp;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	unlink("cache");
	ret = _gsskrb5_ext_replay_cache_store(context, "file2:cache",
					      number_tag(1, tag),
					      rows[i].ctime, NOW, SKEW);
	octets = read_file("cache", &length);
	p = octets + length - 4;
	stamp = (time_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
	check(ret == 0 && stamp == rows[i].want, "%s: now + %ld (%d)",
	      rows[i].what, (long)(stamp - NOW), (int)ret);
	free(octets);
    }
    unlink("cache");
    ret = _gsskrb5_ext_replay_cache_store(context, "file2:cache", tag, 0, 0,
					  SKEW);
    check(ret == 0 &&
	  _gsskrb5_ext_replay_cache_store(context, "file2:cache", tag, 0, 0,
					  SKEW) == KRB5KRB_AP_ERR_REPEAT,
	  "the time 0, which marks an empty record (%d)", (int)ret);
}

int
main(int argc, char **argv)
{
    enter_test_dir();
    setenv("KRB5_CONFIG", "krb5.conf", 1);
    test_names();
    test_paths();
    test_none();
    test_stamps();
    krb5_free_context(context);
    return check_done();
}
