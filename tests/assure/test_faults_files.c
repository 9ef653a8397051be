/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Keytabs, KeyFileExt and credential caches that are cut at each length, have
 * each octet changed, are on a disk that is full or read only, belong to
 * others, cannot be read, are links, directories or not there.  Nothing
 * crashes, no memory is lost, the error is the one of the tables below, no
 * entry is believed that was not written, and what is good again works.
 *
 * test_faults_acceptor.c has the replay cache, and what an acceptor makes of
 * all of them.
 */

#include "faults.h"
#include "krb5_locl.h"
#include "files.h"
#include "sec_test.h"

#include <grp.h>
#include <sched.h>
#include <sys/mount.h>

#define PRINCIPAL "afs/ext.test@EXT.TEST"
#define ENTRIES 3
#define NOBODY 65534
#define KEY_LENGTH 32
#define ANY_ERROR (-1)

/* master says when it cannot read a keytab behind what it has taken away */
#ifdef HEIMDAL_MASTER
#define MAY_TAKE_AND_FAIL 1
#else
#define MAY_TAKE_AND_FAIL 0
#endif

static krb5_context context;

struct kind {
    const char *name;
    const char *prefix;
    const char *head;		/* what is there before the first entry */
    krb5_error_code (*fill)(const char *name);
    krb5_error_code (*look)(const char *name);
    krb5_error_code (*add)(const char *name);
    krb5_error_code (*take)(const char *name); /* the second away */
    int is_keys;		/* what is cut goes when something is added */
    int replaced;		/* by a new file, when something is added */
    const krb5_error_code *codes; /* of what is damaged, up to 0 */
};

/* what look() has found */
static int whole;		/* entries as they were written */
static int strange;		/* others */

static void
make_key(int number, unsigned char *key)
{
    unsigned i;

    for (i = 0; i < KEY_LENGTH; i++)
	key[i] = 1 + ((unsigned)number * 41 + i * 7) % 255;
}

static void
believe(krb5_const_principal principal, int number,
	const krb5_keyblock *key)
{
    unsigned char good[KEY_LENGTH];

    make_key(number, good);
    if (principal != NULL && number >= 1 && number <= ENTRIES + 1 &&
	key->keytype == ETYPE_AES256_CTS_HMAC_SHA1_96 &&
	key->keyvalue.length == KEY_LENGTH &&
	ct_memcmp(key->keyvalue.data, good, KEY_LENGTH) == 0)
	whole++;
    else
	strange++;
}

/* ---- keys ------------------------------------------------------------ */

static krb5_error_code
with_key(const char *name, krb5_kvno kvno,
	 krb5_error_code (*what)(krb5_context, krb5_keytab,
				 krb5_keytab_entry *))
{
    unsigned char octets[KEY_LENGTH];
    krb5_keytab_entry entry;
    krb5_error_code ret;
    krb5_keytab kt;

    memset(&entry, 0, sizeof(entry));
    entry.vno = kvno;
    make_key(kvno, octets);
    entry.keyblock.keytype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    entry.keyblock.keyvalue.data = octets;
    entry.keyblock.keyvalue.length = KEY_LENGTH;
    ret = krb5_parse_name(context, PRINCIPAL, &entry.principal);
    if (ret == 0)
	ret = krb5_kt_resolve(context, name, &kt);
    if (ret == 0) {
	ret = what(context, kt, &entry);
	krb5_kt_close(context, kt);
    }
    krb5_free_principal(context, entry.principal);
    return ret;
}

static krb5_error_code
fill_keys(const char *name)
{
    krb5_error_code ret = 0;
    krb5_kvno kvno;

    for (kvno = 1; ret == 0 && kvno <= ENTRIES; kvno++)
	ret = with_key(name, kvno, krb5_kt_add_entry);
    return ret;
}

static krb5_error_code
add_key(const char *name)
{
    return with_key(name, ENTRIES + 1, krb5_kt_add_entry);
}

static krb5_error_code
take_key(const char *name)
{
    return with_key(name, 2, krb5_kt_remove_entry);
}

static krb5_error_code
look_at_keys(const char *name)
{
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_error_code ret;
    krb5_keytab kt;

    whole = strange = 0;
    ret = krb5_kt_resolve(context, name, &kt);
    if (ret)
	return ret;
    ret = krb5_kt_start_seq_get(context, kt, &cursor);
    if (ret == 0) {
	while ((ret = krb5_kt_next_entry(context, kt, &entry,
					 &cursor)) == 0) {
	    believe(entry.principal, entry.vno, &entry.keyblock);
	    krb5_kt_free_entry(context, &entry);
	}
	krb5_kt_end_seq_get(context, kt, &cursor);
    }
    krb5_kt_close(context, kt);
    return ret == KRB5_KT_END ? 0 : ret;
}

/* ---- credentials ----------------------------------------------------- */

static krb5_error_code
set_server(krb5_creds *creds, int number)
{
    char name[64];

    snprintf(name, sizeof(name), "host/%d@EXT.TEST", number);
    return krb5_parse_name(context, name, &creds->server);
}

static krb5_error_code
put_cred(krb5_ccache cc, krb5_principal client, int number)
{
    unsigned char octets[KEY_LENGTH];
    krb5_error_code ret;
    krb5_creds creds;

    memset(&creds, 0, sizeof(creds));
    creds.client = client;	/* alias */
    creds.times.endtime = 2000000000;
    creds.ticket.data = rk_UNCONST("ticket");
    creds.ticket.length = 6;
    make_key(number, octets);
    creds.session.keytype = ETYPE_AES256_CTS_HMAC_SHA1_96;
    creds.session.keyvalue.data = octets;
    creds.session.keyvalue.length = KEY_LENGTH;
    ret = set_server(&creds, number);
    if (ret == 0)
	ret = krb5_cc_store_cred(context, cc, &creds);
    krb5_free_principal(context, creds.server);
    return ret;
}

static krb5_error_code
store(const char *name, int first, int last)
{
    krb5_principal client;
    krb5_error_code ret;
    krb5_ccache cc;

    ret = krb5_parse_name(context, "user@EXT.TEST", &client);
    if (ret)
	return ret;
    ret = krb5_cc_resolve(context, name, &cc);
    if (ret == 0) {
	if (first == 1)
	    ret = krb5_cc_initialize(context, cc, client);
	for (; ret == 0 && first <= last; first++)
	    ret = put_cred(cc, client, first);
	krb5_cc_close(context, cc);
    }
    krb5_free_principal(context, client);
    return ret;
}

static krb5_error_code
fill_creds(const char *name)
{
    return store(name, 1, ENTRIES);
}

static krb5_error_code
add_cred(const char *name)
{
    return store(name, ENTRIES + 1, ENTRIES + 1);
}

static krb5_error_code
take_cred(const char *name)
{
    krb5_error_code ret;
    krb5_creds which;
    krb5_ccache cc;

    memset(&which, 0, sizeof(which));
    ret = set_server(&which, 2);
    if (ret == 0)
	ret = krb5_cc_resolve(context, name, &cc);
    if (ret == 0) {
	ret = krb5_cc_remove_cred(context, cc, 0, &which);
	krb5_cc_close(context, cc);
    }
    krb5_free_principal(context, which.server);
    return ret;
}

static krb5_error_code
look_at_creds(const char *name)
{
    krb5_principal client = NULL;
    krb5_cc_cursor cursor;
    krb5_error_code ret;
    krb5_creds creds;
    krb5_ccache cc;

    whole = strange = 0;
    ret = krb5_cc_resolve(context, name, &cc);
    if (ret)
	return ret;
    ret = krb5_cc_get_principal(context, cc, &client);
    if (ret == 0)
	krb5_free_principal(context, client);
    if (ret == 0)
	ret = krb5_cc_start_seq_get(context, cc, &cursor);
    if (ret == 0) {
	while ((ret = krb5_cc_next_cred(context, cc, &cursor, &creds)) == 0) {
	    believe(creds.client, creds.server->name.name_string.len == 2 ?
		    atoi(creds.server->name.name_string.val[1]) : 0,
		    &creds.session);
	    krb5_free_cred_contents(context, &creds);
	}
	krb5_cc_end_seq_get(context, cc, &cursor);
    }
    krb5_cc_close(context, cc);
    return ret == KRB5_CC_END ? 0 : ret;
}

/* ---- files ----------------------------------------------------------- */

/* KRB5_KT_END: no key of that version, when one is taken away */
static const krb5_error_code keytab_codes[] = {
    KRB5_KEYTAB_BADVNO, KRB5_KT_NOTFOUND, KRB5_KT_END, 0
};
static const krb5_error_code keyfileext_codes[] = {
    KRB5_KEYTAB_BADVNO, KRB5_KT_NOTFOUND, 0
};
/* ENOENT: empty; EINVAL: a number of components below zero */
static const krb5_error_code ccache_codes[] = {
    KRB5_CCACHE_BADVNO, KRB5_CC_FORMAT, KRB5_CC_END, HEIM_ERR_TOO_BIG, ENOENT,
    EINVAL, 0
};

static const struct kind kinds[] = {
    { "keytab", "FILE:", "", fill_keys, look_at_keys, add_key, take_key, 1, 0,
      keytab_codes },
    { "keytab, old", "FILE:", "\5\1", fill_keys, look_at_keys, add_key,
      take_key, 1, 0, keytab_codes },
    { "KeyFileExt", "AFSKEYFILEEXT:", "", fill_keys, look_at_keys, add_key,
      take_key, 1, 1, keyfileext_codes },
    { "credential cache", "FILE:", "", fill_creds, look_at_creds, add_cred,
      take_cred, 0, 0, ccache_codes },
    { NULL }
};

static unsigned char contents[8192];
static size_t length;
static char dir[64], path[128], name[160];

static void
write_contents(size_t size)
{
    FILE *f = fopen(path, "wb");

    if (f == NULL || fwrite(contents, 1, size, f) != size || fclose(f) != 0)
	err(1, "%s", path);
}

static void
fill(const struct kind *kind)
{
    krb5_error_code ret;
    FILE *f;

    snprintf(name, sizeof(name), "%s%s", kind->prefix, path);
    if (kind->head[0] != '\0') {
	length = strlen(kind->head);
	memcpy(contents, kind->head, length);
	write_contents(length);
    }
    ret = kind->fill(name);
    if (ret)
	krb5_err(context, 1, ret, "%s", kind->name);
    f = fopen(path, "rb");
    if (f == NULL)
	err(1, "%s", path);
    length = fread(contents, 1, sizeof(contents), f);
    fclose(f);
}

static int
is_known(const struct kind *kind, krb5_error_code ret)
{
    const krb5_error_code *code = kind->codes;

    while (*code != 0 && *code != ret)
	code++;
    if (*code != ret && ret != 0)
	printf("       code %d\n", (int)ret);
    return *code == ret || ret == 0;
}

/* ---- cut, changed ---------------------------------------------------- */

/* what was found wrong */
struct sum {
    long more, codes, believed, lost_entry, live;
};

static void
sum_begin(struct sum *sum)
{
    krb5_clear_error_message(context);
    memset(sum, 0, sizeof(*sum));
    sum->live = fault_live;
}

static void
sum_end(const struct sum *sum, const struct kind *kind, const char *what)
{
    krb5_clear_error_message(context);
    check(sum->codes == 0, "%s, %s: %ld errors that are not named",
	  kind->name, what, sum->codes);
    check(sum->more == 0 && sum->believed == 0,
	  "%s, %s: believed %ld entries too many, %ld that were not written",
	  kind->name, what, sum->more, sum->believed);
    check(sum->lost_entry == 0, "%s, %s: %ld added ones that are not there",
	  kind->name, what, sum->lost_entry);
    check(fault_live == sum->live, "%s, %s: %ld blocks are lost",
	  kind->name, what, fault_live - sum->live);
}

/*
 * Look at the file as it is.
 */
static void
look_at(const struct kind *kind, struct sum *sum, int is_cut)
{
    sum->codes += !is_known(kind, kind->look(name));
    sum->more += whole + strange > ENTRIES - is_cut;
    sum->believed += is_cut && strange != 0;
}

/*
 * Look, take away, look, add, look.
 */
static void
use(const struct kind *kind, struct sum *sum, int is_cut)
{
    krb5_error_code ret;
    int before;

    look_at(kind, sum, is_cut);
    sum->codes += !is_known(kind, kind->take(name));
    sum->codes += !is_known(kind, kind->look(name));
    sum->believed += is_cut && strange != 0;
    before = whole;
    ret = kind->add(name);
    sum->codes += !is_known(kind, ret);
    sum->codes += !is_known(kind, kind->look(name));
    if (kind->is_keys && is_cut) {
	sum->believed += strange != 0;
	sum->lost_entry += ret == 0 && whole != before + 1;
    }
}

static void
test_damage(const struct kind *kind)
{
    unsigned char octet, other[3];
    struct sum sum;
    size_t i, k;

    sum_begin(&sum);
    for (i = 0; i < length; i++) {
	write_contents(i);
	use(kind, &sum, 1);
    }
    sum_end(&sum, kind, "cut");

    sum_begin(&sum);
    for (i = 0; i < length; i++) {
	octet = contents[i];
	other[0] = octet ^ (0x80 >> (i % 8));
	other[1] = 0xff;
	other[2] = 0;
	for (k = 0; k < 3; k++) {
	    contents[i] = other[k];
	    write_contents(length);
	    if (k == 0)
		use(kind, &sum, 0);
	    else
		look_at(kind, &sum, 0);
	}
	contents[i] = octet;
    }
    sum_end(&sum, kind, "changed");

    write_contents(length);
    check(kind->look(name) == 0 && whole == ENTRIES && strange == 0,
	  "%s: whole again", kind->name);
}

/* ---- a full disk ----------------------------------------------------- */

/*
 * An entry more when there is room for so many octets only, and then with room
 * enough.
 */
static void
test_full(const struct kind *kind)
{
    long code = 0, lost = 0, after = 0, made = 0;
    krb5_error_code ret;
    struct sum sum;
    size_t i, end;
    struct stat st;

    signal(SIGXFSZ, SIG_IGN);
    write_contents(length);
    if (kind->add(name) || stat(path, &st) < 0)
	errx(1, "%s: nothing can be added", kind->name);
    end = st.st_size;
    sum_begin(&sum);
    for (i = kind->replaced ? 0 : length; i < end; i++) {
	write_contents(length);
	limit_size(i);
	code += kind->add(name) != EFBIG;
	limit_size(RLIM_INFINITY);
	lost += kind->look(name) != 0 || whole != ENTRIES || strange != 0;
	after += kind->add(name) != 0 || kind->look(name) != 0 ||
	    whole != ENTRIES + 1 || strange != 0;
    }
    check(code == 0, "%s, full: %ld times it is not told", kind->name, code);
    check(lost == 0, "%s, full: %ld times the others are lost", kind->name,
	  lost);
    check(after == 0, "%s, full: %ld times the next one is not there",
	  kind->name, after);
    for (i = 0; i < length; i++) {
	unlink(path);
	limit_size(i);
	ret = kind->fill(name);
	limit_size(RLIM_INFINITY);
	code += ret != EFBIG;
	(void)kind->look(name);
	lost += strange != 0 || whole == ENTRIES;
	made += kind->fill(name) != 0 || kind->look(name) != 0 ||
	    whole < ENTRIES || strange != 0;
    }
    check(code == 0, "%s, full when made: %ld times it is not told",
	  kind->name, code);
    check(lost == 0 && made == 0,
	  "%s, full when made: %ld entries too many, %ld times the next fails",
	  kind->name, lost, made);
    sum_end(&sum, kind, "full");
}

/* ---- memory that is short --------------------------------------------- */

static void
nothing(void *arg)
{
}

/*
 * Look, add and take away without memory at one place.
 */
static const char *
use_memory(void *arg)
{
    const struct kind *kind = arg;
    krb5_error_code look, add, take;
    const char *wrong = NULL;
    int n;

    write_contents(length);
    fault_on();
    look = kind->look(name);
    n = whole;
    add = kind->add(name);
    take = kind->take(name);
    fault_off();
    if (look == 0 && (n != ENTRIES || strange != 0))
	wrong = "success without all entries";
    krb5_clear_error_message(context);
    if (kind->look(name) != 0 || strange != 0)
	wrong = "it is damaged";
    /* a cache takes away what it can, and says nothing about the rest */
    n = ENTRIES + (add == 0);
    if (whole != n - (take == 0) && (!MAY_TAKE_AND_FAIL || whole != n - 1) &&
	kind->is_keys)
	wrong = "an entry too many, or too few";
    krb5_clear_error_message(context);
    return wrong;
}

/* ---- files that are something else ----------------------------------- */

enum state {
    ABSENT, EMPTY, DIRECTORY, LOOP, LINK, UNREADABLE, READ_ONLY, FOREIGN,
    FOREIGN_DIR
};

static const struct {
    enum state state;
    const char *what;
    int needs_root;		/* who gives a file to somebody */
    struct {
	krb5_error_code look;	/* 0: all entries are there */
	krb5_error_code add;
    } keytab, keyfileext, ccache;
} states[] = {
    { ABSENT, "not there", 0, { ENOENT, 0 }, { ENOENT, 0 },
      { ENOENT, ENOENT } },
    { EMPTY, "empty", 0, { KRB5_KT_END, 0 }, { KRB5_KT_END, 0 },
      { ENOENT, ENOENT } },
    { DIRECTORY, "a directory", 0, { EISDIR, EISDIR },
      { KRB5_KEYTAB_BADVNO, EISDIR },
      { EPERM, EPERM } },
    { LOOP, "a link to itself", 0, { ELOOP, ELOOP }, { ELOOP, ELOOP },
      { EPERM, EPERM } },
    { LINK, "a link to a good one", 0, { 0, 0 }, { 0, 0 }, { EPERM, EPERM } },
    { UNREADABLE, "not readable", 0, { EACCES, EACCES }, { EACCES, EACCES },
      { EACCES, EACCES } },
    { READ_ONLY, "read only", 0, { 0, EACCES }, { 0, EACCES }, { 0, EACCES } },
    /* fcache_strict_checking is on */
    { FOREIGN, "another user's", 1, { 0, EACCES }, { 0, EACCES },
      { EPERM, EPERM } },
    /* nor is ThisCell, and who the host asks for its realm is unknown */
    { FOREIGN_DIR, "in another user's directory, not readable", 1,
      { EACCES, EACCES }, { ANY_ERROR, ANY_ERROR },
      { EACCES, EACCES } },
};

static void
make_state(enum state state)
{
    char other[160];

    snprintf(other, sizeof(other), "%s.other", path);
    unlink(other);
    if (unlink(path) < 0 && rmdir(path) < 0 && errno != ENOENT)
	err(1, "%s", path);
    if (state == DIRECTORY && mkdir(path, 0755) < 0)
	err(1, "%s", path);
    if (state == LOOP && symlink(path, path) < 0)
	err(1, "%s", path);
    if (state == ABSENT || state == DIRECTORY || state == LOOP)
	return;
    write_contents(state == EMPTY ? 0 : length);
    if (chmod(path, state == UNREADABLE ? 0 : state == READ_ONLY ? 0400 :
	      state == FOREIGN ? 0644 : 0600) < 0)
	err(1, "%s", path);
    if (geteuid() == 0 && state != FOREIGN && state != FOREIGN_DIR &&
	chown(path, NOBODY, NOBODY) < 0)
	err(1, "%s", path);
    if (state == LINK && (rename(path, other) < 0 ||
			  symlink(other, path) < 0))
	err(1, "%s", path);
}

static int
is_link(void)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static void
try_state(const struct kind *kind, size_t n)
{
    krb5_error_code look, add, want_look, want_add;
    long live;
    int there;

    want_look = kind->replaced ? states[n].keyfileext.look :
	kind->is_keys ? states[n].keytab.look : states[n].ccache.look;
    want_add = kind->replaced ? states[n].keyfileext.add :
	kind->is_keys ? states[n].keytab.add : states[n].ccache.add;
    krb5_clear_error_message(context);
    live = fault_live;
    look = kind->look(name);
    there = look == 0 ? whole : ENTRIES;
    add = kind->add(name);
    krb5_clear_error_message(context);
    /* an empty keytab has no entry, and its end */
    if (want_look == KRB5_KT_END && look == 0 && whole == 0)
	there = ENTRIES, look = KRB5_KT_END;
    if (want_look == ANY_ERROR && look != 0 && add != 0)
	look = add = ANY_ERROR;
    check(look == want_look && add == want_add && there == ENTRIES &&
	  fault_live == live, "%s, %s: %d, %d (%d, %d), %ld blocks are lost",
	  kind->name, states[n].what, (int)look, (int)add, (int)want_look,
	  (int)want_add, fault_live - live);
    if (states[n].state == LINK)
	check(is_link(), "%s, %s: it still is", kind->name, states[n].what);
}

/*
 * In a process that is no longer root, so that others' files are others'.
 */
static void
in_child(void (*what)(const struct kind *, size_t), const struct kind *kind,
	 size_t n, int as_nobody)
{
    gid_t gid = NOBODY;
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	sec_failures = 0;
	if (as_nobody && geteuid() == 0 &&
	    (setgroups(1, &gid) < 0 || setgid(NOBODY) < 0 ||
	     setuid(NOBODY) < 0))
	    err(1, "setuid");
	what(kind, n);
	fflush(stdout);
	_exit(sec_failures != 0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
	check(0, "%s, %s: the child's cases", kind->name, states[n].what);
}

static void
test_states(const struct kind *kind)
{
    size_t n;

    for (n = 0; n < sizeof(states) / sizeof(states[0]); n++) {
	if (states[n].needs_root && geteuid() != 0) {
	    printf("not root: nothing %s\n", states[n].what);
	    continue;
	}
	if (geteuid() == 0 &&
	    chown(dir, states[n].state == FOREIGN_DIR ? 0 : NOBODY, 0) < 0)
	    err(1, "%s", dir);
	make_state(states[n].state);
	in_child(try_state, kind, n, 1);
	make_state(ABSENT);
	write_contents(length);
	if (chmod(path, 0600) < 0)
	    err(1, "%s", path);
	check(kind->look(name) == 0 && whole == ENTRIES, "%s, no longer %s",
	      kind->name, states[n].what);
    }
    make_state(ABSENT);
}

/*
 * Whose keys a KeyFileExt has.
 */
static void
make_cell(void)
{
    FILE *f;

    snprintf(path, sizeof(path), "%s/ThisCell", dir);
    f = fopen(path, "w");
    if (f == NULL || fprintf(f, "ext.test\n") < 0 || fclose(f) != 0 ||
	chmod(path, 0644) < 0)
	err(1, "%s", path);
}

/*
 * A file system that is full, then one that is read only.
 */
static void
on_tmpfs(const struct kind *kind, size_t n)
{
    krb5_error_code ret, add;
    int page = open("filler", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (unshare(CLONE_NEWNS) < 0 ||
	mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	mount("none", dir, "tmpfs", 0, "size=16k") < 0) {
	printf("no tmpfs to fill: %s\n", strerror(errno));
	return;
    }
    close(page);
    make_cell();
    snprintf(path, sizeof(path), "%s/filler", dir);
    page = open(path, O_WRONLY | O_CREAT, 0600);
    snprintf(path, sizeof(path), "%s/file", dir);
    if (page < 0)
	err(1, "filler");
    length = 0;
    write_contents(0);
    while (write(page, contents, 1024) == 1024)
	continue;
    add = kind->replaced ? kind->add(name) : kind->fill(name);
    (void)kind->look(name);
    check(add == ENOSPC && whole == 0 && strange == 0,
	  "%s, a full file system (%d)", kind->name, (int)add);
    if (ftruncate(page, 0) < 0)
	err(1, "ftruncate");
    close(page);
    ret = kind->fill(name);
    check(ret == 0 && kind->look(name) == 0 && whole == ENTRIES,
	  "%s, with room (%d)", kind->name, (int)ret);
    if (mount("none", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) < 0)
	err(1, "remount");
    add = kind->add(name);
    check(add == EROFS && kind->look(name) == 0 && whole == ENTRIES,
	  "%s, a file system that is read only (%d)", kind->name, (int)add);
}

int
main(int argc, char **argv)
{
    const struct kind *kind;
    char command[96];
    krb5_keytab kt;

    setprogname(argv[0]);
    setenv("KRB5_CONFIG", "/nonexistent", 1);
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    make_dir(dir, sizeof(dir));
    if (chdir(dir) < 0)
	err(1, "%s", dir);
    make_cell();
    snprintf(path, sizeof(path), "%s/file", dir);
    printf("uid %d\n", (int)geteuid());
    for (kind = kinds; kind->name != NULL; kind++) {
	snprintf(name, sizeof(name), "%s%s", kind->prefix, path);
	if (kind->is_keys) {
	    if (krb5_kt_resolve(context, name, &kt)) {
		printf("no %s here\n", kind->name);
		continue;
	    }
	    krb5_kt_close(context, kt);
	}
	fill(kind);
	test_damage(kind);
	test_full(kind);
	check(fault_scenario(kind->name, nothing, use_memory,
			     rk_UNCONST(kind), 1) == 0, "%s, short of memory",
	      kind->name);
	test_states(kind);
	if (geteuid() == 0)
	    in_child(on_tmpfs, kind, 0, 0);
    }
    krb5_free_context(context);
    if (chdir("/") < 0)
	err(1, "/");
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command) != 0)
	warnx("%s is left", dir);
    return check_done();
}
