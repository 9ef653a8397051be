/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What two sides make of a replay cache, a keytab and a credential cache that
 * are cut, changed, full, not theirs, or no files: nothing crashes, no memory
 * is lost, no token is taken twice where that is protected from, none without
 * the key, nobody is taken for another, and when the file is good again the
 * next exchange works.  test_faults_files.c has the files by themselves.
 */

/* REQ: XT-55, XT-56 */

#include "faults.h"
#include "pair_config.h"
#include "gss_pair.h"
#include "files.h"
#include "sec_test.h"

#define NOBODY 65534
#define NO_KDC "\n[realms]\n\tSECURITY.TEST = {\n\t\tkdc = 127.0.0.1:1\n\t}"

static struct gss_pair pair;
static char dir[64], path[128];
static unsigned char contents[65536];
static size_t length;
static OM_uint32 why;		/* minor status of the acceptor's last call */

static void
read_contents(void)
{
    FILE *f = fopen(path, "rb");

    if (f == NULL)
	err(1, "%s", path);
    length = fread(contents, 1, sizeof(contents), f);
    fclose(f);
}

static void
write_contents(size_t size)
{
    int fd;

    (void)rmdir(path);
    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, contents, size) != (ssize_t)size || close(fd))
	err(1, "%s", path);
}

/* ---- the acceptor's side --------------------------------------------- */

/*
 * A first token; free it.
 */
static void
new_token(gss_buffer_t token)
{
    OM_uint32 major, minor;

    pair_disconnect(&pair);
    major = pair_initiate(&pair, GSS_C_NO_BUFFER, token, &minor);
    pair_gss(major, minor, "gss_init_sec_context");
}

/*
 * Whether the acceptor takes it, and is complete with the right client.
 */
static OM_uint32
accept_token(gss_buffer_t token)
{
    gss_name_t source = GSS_C_NO_NAME;
    gss_buffer_desc out, text;
    OM_uint32 major, minor;

    gss_delete_sec_context(&minor, &pair.acceptor, GSS_C_NO_BUFFER);
    major = gss_accept_sec_context(&minor, &pair.acceptor, pair.acceptor_cred,
				   token, GSS_C_NO_CHANNEL_BINDINGS, &source,
				   NULL, &out, NULL, NULL, NULL);
    why = minor;
    gss_release_buffer(&minor, &out);
    if (major == GSS_S_COMPLETE &&
	gss_display_name(&minor, source, &text, NULL) == GSS_S_COMPLETE) {
	if (text.length != strlen(PAIR_CLIENT) ||
	    strncmp(text.value, PAIR_CLIENT, text.length) != 0)
	    major = GSS_S_BAD_NAME;
	gss_release_buffer(&minor, &text);
    }
    gss_release_name(&minor, &source);
    return major;
}

/*
 * Whether a token that the acceptor has refused is one that it has seen.
 */
static int
is_replay(OM_uint32 major)
{
    return GSS_ERROR(major) && why == (OM_uint32)KRB5KRB_AP_ERR_REPEAT;
}

/*
 * One token, twice.
 */
static void
twice(OM_uint32 *first, OM_uint32 *second)
{
    gss_buffer_desc token;
    OM_uint32 minor;

    new_token(&token);
    *first = accept_token(&token);
    *second = accept_token(&token);
    gss_release_buffer(&minor, &token);
    pair_disconnect(&pair);
}

/* ---- the replay cache ------------------------------------------------ */

enum state { DIRECTORY, LINK, LOOP, FOREIGN, OTHERS_READ, LINKED, FULL };

static const struct {
    enum state state;
    const char *what;
} states[] = {
    { DIRECTORY, "a directory" },
    { LINK, "a link" },
    { LOOP, "a link to itself" },
    { FOREIGN, "another user's" },
    { OTHERS_READ, "readable for others" },
    { LINKED, "one of two names" },
    { FULL, "on a full disk" },
};

static void
make_state(enum state state)
{
    char other[160];
    int bad = 0;

    snprintf(other, sizeof(other), "%s.other", path);
    (void)unlink(other);
    write_contents(state == FULL ? 0 : length);
    if (state == FULL)
	limit_size(8);
    if (state == OTHERS_READ)
	bad = chmod(path, 0644);
    if (state == FOREIGN)
	bad = chown(path, NOBODY, NOBODY);
    if (state == LINKED)
	bad = link(path, other);
    if (state == LINK)
	bad = rename(path, other) || symlink(other, path);
    if (state == LOOP)
	bad = unlink(path) || symlink(path, path);
    if (state == DIRECTORY)
	bad = unlink(path) || mkdir(path, 0700);
    if (bad)
	err(1, "%s", path);
}

struct policy {
    const char *name, *config;
    int insists;
};

static const struct policy policies[] = {
    { "cache", PAIR_TWO_TOKENS "\n\treplay_protection = cache", 1 },
    { "require", PAIR_TWO_TOKENS "\n\treplay_protection = require", 1 },
    { "auto", PAIR_TWO_TOKENS "\n\treplay_protection = auto", 0 },
};

static void
good_again(const char *who, const char *what)
{
    char other[160];
    OM_uint32 first, second;

    limit_size(RLIM_INFINITY);
    snprintf(other, sizeof(other), "%s.other", path);
    (void)unlink(other);
    write_contents(length);
    twice(&first, &second);
    check(first == GSS_S_COMPLETE && is_replay(second),
	  "%s, no longer %s: %08x, %08x", who, what, (unsigned)first,
	  (unsigned)second);
}

static void
test_states(const struct policy *p)
{
    OM_uint32 first, second;
    size_t n;

    for (n = 0; n < sizeof(states) / sizeof(states[0]); n++) {
	if (states[n].state == FOREIGN && geteuid() != 0) {
	    printf("not root: nothing %s\n", states[n].what);
	    continue;
	}
	make_state(states[n].state);
	twice(&first, &second);
	check(p->insists ? GSS_ERROR(first) && GSS_ERROR(second) &&
	      !is_replay(second) :
	      first == GSS_S_COMPLETE && second == GSS_S_COMPLETE,
	      "%s, cache %s: %08x, %08x", p->name, states[n].what,
	      (unsigned)first, (unsigned)second);
	good_again(p->name, states[n].what);
    }
}

/*
 * Run what twice, the second time for what is lost: what an error keeps was
 * kept before.
 */
static void
again(const char *name, void (*what)(const void *), const void *arg)
{
    long live;

    what(arg);
    live = fault_live;
    what(arg);
    check(fault_live == live, "%s: %ld blocks are lost", name,
	  fault_live - live);
}

/*
 * The same token must not be taken twice whatever the file was before.
 */
static void
damage_cache(const void *arg)
{
    const struct policy *p = arg;
    OM_uint32 first, second;
    long twice_taken = 0, refused = 0;
    unsigned char octet;
    size_t i, step = length / 60 + 1;

    for (i = 0; i < length; i += i < 40 ? 1 : step) {
	write_contents(i);
	twice(&first, &second);
	twice_taken += second == GSS_S_COMPLETE && p->insists;
	refused += first != GSS_S_COMPLETE;
    }
    check(twice_taken == 0, "%s, cache cut: %ld taken twice, %ld refused",
	  p->name, twice_taken, refused);
    for (i = 0; i < length; i++) {
	octet = contents[i];
	if (i >= 16 && octet == 0)	/* but for the seed: no record */
	    continue;
	contents[i] ^= 0x80 >> (i % 8);
	write_contents(length);
	twice(&first, &second);
	twice_taken += second == GSS_S_COMPLETE && p->insists;
	contents[i] = octet;
    }
    check(twice_taken == 0, "%s, cache changed: %ld taken twice", p->name,
	  twice_taken);
    good_again(p->name, "damaged");
}

static void
replay_cache(const void *arg)
{
    const struct policy *p = arg;
    OM_uint32 first, second;

    pair_write_config(p->config);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    snprintf(path, sizeof(path), "%s/krb5_%d.rcache2", dir, (int)geteuid());
    twice(&first, &second);
    check(first == GSS_S_COMPLETE && is_replay(second),
	  "%s: %08x, %08x", p->name, (unsigned)first, (unsigned)second);
    read_contents();
    test_states(p);
    again(p->name, damage_cache, p);
}

/* ---- the keytab ------------------------------------------------------ */

/*
 * The pair's key is in a FILE keytab instead, with another one in front of it.
 */
static void
put_keys(void)
{
    krb5_keytab_entry entry, other;
    krb5_principal server;
    char name[160];
    OM_uint32 major, minor;

    pair_krb5(&pair, krb5_parse_name(pair.context, PAIR_SERVICE, &server),
	      PAIR_SERVICE);
    pair_krb5(&pair, krb5_kt_get_entry(pair.context, pair.keytab, server, 0,
				       0, &entry), "krb5_kt_get_entry");
    krb5_kt_close(pair.context, pair.keytab);
    snprintf(name, sizeof(name), "FILE:%s", path);
    pair_krb5(&pair, krb5_kt_resolve(pair.context, name, &pair.keytab), name);
    other = entry;
    other.vno = entry.vno + 1;
    pair_krb5(&pair, krb5_generate_random_keyblock(pair.context,
	      ETYPE_AES256_CTS_HMAC_SHA1_96, &other.keyblock), "key");
    pair_krb5(&pair, krb5_kt_add_entry(pair.context, pair.keytab, &other),
	      name);
    pair_krb5(&pair, krb5_kt_add_entry(pair.context, pair.keytab, &entry),
	      name);
    krb5_free_keyblock_contents(pair.context, &other.keyblock);
    krb5_kt_free_entry(pair.context, &entry);
    krb5_free_principal(pair.context, server);
    gss_release_cred(&minor, &pair.acceptor_cred);
    major = gss_krb5_import_cred(&minor, NULL, NULL, pair.keytab,
				 &pair.acceptor_cred);
    pair_gss(major, minor, "gss_krb5_import_cred");
}

static void
damage_keytab(const void *arg)
{
    OM_uint32 first, second;
    long taken = 0;
    unsigned char octet;
    size_t i;

    for (i = 0; i < length; i++) {
	write_contents(i);
	twice(&first, &second);
	/* the last 8 are what a keytab need not have */
	taken += i < length - 8 && first == GSS_S_COMPLETE;
    }
    check(taken == 0, "keytab cut: %ld tokens are taken", taken);
    for (i = 0; i < length; i++) {
	octet = contents[i];
	contents[i] ^= 0x80 >> (i % 8);
	write_contents(length);
	twice(&first, &second);
	/* the key is in front of the last 8, and is all of it */
	taken += i >= length - 8 - 32 && i < length - 8 &&
	    first == GSS_S_COMPLETE;
	contents[i] = octet;
    }
    check(taken == 0, "keytab changed: %ld tokens are taken with another key",
	  taken);
    write_contents(length);
    twice(&first, &second);
    check(first == GSS_S_COMPLETE, "keytab whole again: %08x",
	  (unsigned)first);
}

static void
keytab(const void *arg)
{
    pair_write_config(PAIR_TWO_TOKENS);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    snprintf(path, sizeof(path), "%s/keytab", dir);
    put_keys();
    read_contents();
    again("keytab", damage_keytab, NULL);
}

/* ---- the credential cache -------------------------------------------- */

/*
 * An exchange with credentials of the file: the worse of the two sides.
 */
static OM_uint32
initiate(void)
{
    gss_buffer_desc token;
    OM_uint32 major, minor;
    krb5_ccache cc;
    char name[160];

    snprintf(name, sizeof(name), "FILE:%s", path);
    pair_krb5(&pair, krb5_cc_resolve(pair.context, name, &cc), name);
    gss_release_cred(&minor, &pair.initiator_cred);
    major = gss_krb5_import_cred(&minor, cc, NULL, NULL,
				 &pair.initiator_cred);
    krb5_cc_close(pair.context, cc);
    if (major != GSS_S_COMPLETE)
	return major;
    major = pair_initiate(&pair, GSS_C_NO_BUFFER, &token, &minor);
    if (!GSS_ERROR(major))
	major = accept_token(&token);
    gss_release_buffer(&minor, &token);
    pair_disconnect(&pair);
    gss_release_cred(&minor, &pair.initiator_cred);
    return major;
}

static void
damage_ccache(const void *arg)
{
    long taken = 0, other = 0;
    unsigned char octet;
    size_t i;

    for (i = 0; i < length; i++) {
	write_contents(i);
	taken += initiate() == GSS_S_COMPLETE;
    }
    check(taken == 0, "credential cache cut: %ld exchanges", taken);
    for (i = 0; i < length; i++) {
	octet = contents[i];
	contents[i] ^= 0x80 >> (i % 8);
	write_contents(length);
	other += initiate() == GSS_S_BAD_NAME;
	contents[i] = octet;
    }
    check(other == 0, "credential cache changed: %ld times another's name",
	  other);
    write_contents(length);
    check(initiate() == GSS_S_COMPLETE, "credential cache whole again");
}

static void
ccache(const void *arg)
{
    krb5_ccache cc;
    char name[160];

    pair_write_config(PAIR_TWO_TOKENS NO_KDC);
    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    snprintf(path, sizeof(path), "%s/ccache", dir);
    snprintf(name, sizeof(name), "FILE:%s", path);
    pair_krb5(&pair, krb5_cc_resolve(pair.context, name, &cc), name);
    pair_krb5(&pair, krb5_cc_copy_cache(pair.context, pair.ccache, cc), name);
    krb5_cc_close(pair.context, cc);
    read_contents();
    again("credential cache", damage_ccache, NULL);
}

/* ---------------------------------------------------------------------- */

/*
 * In a process of its own, since libgssapi reads its configuration once.
 */
static void
in_child(const char *name, void (*what)(const void *), const void *arg)
{
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	what(arg);
	fflush(stdout);
	pair_remove_config();
	_exit(sec_failures != 0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
	check(0, "%s: the child's cases (%d)", name, status);
    else
	check(1, "%s", name);
}

int
main(int argc, char **argv)
{
    char command[96];
    size_t i;

    setprogname(argv[0]);
    signal(SIGXFSZ, SIG_IGN);
    make_dir(dir, sizeof(dir));
    setenv("KRB5RCACHEDIR", dir, 1);
    setenv("TMPDIR", dir, 1);
    for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
	in_child(policies[i].name, replay_cache, &policies[i]);
    in_child("keytab", keytab, NULL);
    in_child("credential cache", ccache, NULL);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command) != 0)
	warnx("%s is left", dir);
    return check_done();
}
