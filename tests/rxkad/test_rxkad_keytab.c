/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The keytab type AFSKEYFILEEXT: what is written octet by octet, what is
 * read, what is left alone.
 */

#include "rxkad_test.h"
#include "sec_test.h"

#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIR_NAME "test_rxkad_keytab.dir"
#define PATH DIR_NAME "/KeyFileExt"
#define K16 "0123456789abcdef"
#define K32 K16 "ghijklmnopqrstuv"

static krb5_context context;

static void
put_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
	abort();
}

static int
file_is(const void *p, size_t n)
{
    unsigned char got[1024];
    FILE *f = fopen(PATH, "rb");
    size_t len;

    if (f == NULL)
	return n == 0;
    len = fread(got, 1, sizeof(got), f);
    fclose(f);
    if (len == n && memcmp(got, p, n) == 0)
	return 1;
    for (n = 0; n < len; n++)
	printf("%02x", got[n]);
    printf("\n");
    return 0;
}

static krb5_keytab
open_keytab(void)
{
    krb5_keytab id;
    krb5_error_code ret;

    ret = krb5_kt_resolve(context, "AFSKEYFILEEXT:" PATH, &id);
    if (ret)
	krb5_err(context, 1, ret, "krb5_kt_resolve");
    return id;
}

/* Adds or removes an entry, and closes the keytab. */
static krb5_error_code
change_in(krb5_keytab id, int add, const char *principal, int kvno,
	  int etype, const char *key)
{
    krb5_keytab_entry entry;
    krb5_error_code ret;

    memset(&entry, 0, sizeof(entry));
    /* NULL: whoever; "": nobody */
    if (principal != NULL && (*principal != '\0' ?
	 krb5_parse_name(context, principal, &entry.principal) :
	 krb5_make_principal(context, &entry.principal, "EXT.TEST", NULL))
	!= 0)
	abort();
    entry.vno = kvno;
    entry.keyblock.keytype = etype;
    entry.keyblock.keyvalue.data = rk_UNCONST(key);
    entry.keyblock.keyvalue.length = key ? strlen(key) : 0;
    if (add)
	ret = krb5_kt_add_entry(context, id, &entry);
    else
	ret = krb5_kt_remove_entry(context, id, &entry);
    krb5_free_principal(context, entry.principal);
    krb5_kt_close(context, id);
    return ret;
}

static krb5_error_code
change(int add, const char *principal, int kvno, int etype, const char *key)
{
    return change_in(open_keytab(), add, principal, kvno, etype, key);
}

#define PUT_KEY(p, v, e, k) change(1, p, v, e, k)
#define DROP_KEY(p, v, e) change(0, p, v, e, NULL)
#define AFS "afs/ext.test@EXT.TEST"

static int count(const char *, int *);

static const char one[] =
    "\0\0\0\1" "\0\0\0\x10" "\0\0\0\2" "\0\0\0\3" "\0\0\0\x12" "\0\0\0\x20"
    K32;
static const char three[] =
    "\0\0\0\3"
    "\0\0\0\x10" "\0\0\0\1" "\0\0\0\5" "\0\0\0\0" "\0\0\0\x08" "DESDESDE"
    "\0\0\0\x10" "\0\0\0\2" "\0\0\0\3" "\0\0\0\x11" "\0\0\0\x10" K16
    "\0\0\0\x10" "\0\0\0\2" "\0\0\0\3" "\0\0\0\x12" "\0\0\0\x20" K32;

/*
 * REQ: RK-03
 */

static void
test_add(void)
{
    struct stat st;

    check(PUT_KEY(AFS, 3, 18, K32) == 0 && file_is(one, sizeof(one) - 1),
	  "a file with one key");
    check(stat(PATH, &st) == 0 && (st.st_mode & 0777) == 0600,
	  "nobody else can read it");
    check(PUT_KEY(AFS, 3, 17, K16) == 0 && PUT_KEY(AFS, 5, 3, "DESDESDE") == 0
	  && file_is(three, sizeof(three) - 1), "three keys, in order");
    check(PUT_KEY(AFS, 5, 1, "DESDESDE") == 0
	  && file_is(three, sizeof(three) - 1),
	  "another enctype of single DES is the same key");
    check(PUT_KEY(AFS, 3, 17, "fedcba9876543210") == 0
	  && PUT_KEY(AFS, 3, 17, K16) == 0
	  && file_is(three, sizeof(three) - 1), "replaced, and again");
    check(chmod(PATH, 0640) == 0 && PUT_KEY(AFS, 3, 17, K16) == 0
	  && stat(PATH, &st) == 0 && (st.st_mode & 0777) == 0640,
	  "the file keeps its mode");
}

static void
test_others(void)
{
    check(PUT_KEY("host/h.ext.test@EXT.TEST", 8, 18, K32) == 0
	  && PUT_KEY("afs/other.cell@EXT.TEST", 8, 18, K32) == 0
	  && PUT_KEY("afs/ext.test/x@EXT.TEST", 8, 18, K32) == 0
	  && PUT_KEY("afsx@EXT.TEST", 9, 18, K32) == 0
	  && PUT_KEY("", 9, 18, K32) == 0
	  && file_is(three, sizeof(three) - 1),
	  "keys of other principals are left out");
    put_file(PATH, "", 0);
    check(PUT_KEY("afs@EXT.TEST", 3, 17, K16) == 0
	  && PUT_KEY("afs/ext.test@OTHER.REALM", 3, 18, K32) == 0
	  && PUT_KEY(AFS, 5, 3, "DESDESDE") == 0
	  && file_is(three, sizeof(three) - 1),
	  "afs without a cell, and of another realm, are ours");
}

/*
 * The file is in order, in whichever its keys have come.
 */

static void
test_order(void)
{
    static const struct {
	int kvno, etype;
	const char *key;
    } keys[] = {
	{ 4, 3, "DESDESDE" }, { 6, 3, "desdesde" }, { 3, 17, K16 },
	{ 3, 18, K32 }, { 5, 16, K16 "ghijklmn" }
    };
    static const char want[] =
	"\0\0\0\5"
	"\0\0\0\x10" "\0\0\0\1" "\0\0\0\4" "\0\0\0\0"
	"\0\0\0\x08" "DESDESDE"
	"\0\0\0\x10" "\0\0\0\1" "\0\0\0\6" "\0\0\0\0"
	"\0\0\0\x08" "desdesde"
	"\0\0\0\x10" "\0\0\0\2" "\0\0\0\3" "\0\0\0\x11"
	"\0\0\0\x10" K16
	"\0\0\0\x10" "\0\0\0\2" "\0\0\0\3" "\0\0\0\x12"
	"\0\0\0\x20" K32
	"\0\0\0\x10" "\0\0\0\2" "\0\0\0\5" "\0\0\0\x10"
	"\0\0\0\x18" K16 "ghijklmn";
    size_t first, i, k, bad = 0;

    /* from each of them, up and down */
    for (first = 0; first < 2 * N_ELEMENTS(keys); first++) {
	unlink(PATH);
	for (i = 0; i < N_ELEMENTS(keys); i++) {
	    k = (first / 2 + (first % 2 ? i : N_ELEMENTS(keys) - i))
		% N_ELEMENTS(keys);
	    bad += PUT_KEY(AFS, keys[k].kvno, keys[k].etype, keys[k].key) != 0;
	}
	bad += !file_is(want, sizeof(want) - 1);
    }
    check(bad == 0, "five keys, in %lu orders", (unsigned long)first);
    put_file(PATH, three, sizeof(three) - 1);
}

/*
 * As long as it may be, and longer.
 */

static void
test_longest(void)
{
    static const size_t most = 1024 * 1024;
    unsigned char *p = calloc(1, most + 1);
    int same;

    if (p == NULL)
	abort();
    memcpy(p, one, 24);
    p[20] = 0;			/* the key's length: all but 24 octets */
    p[21] = 0x0f;
    p[22] = 0xff;
    p[23] = 0xe8;
    put_file(PATH, p, most);
    check(count(AFS, &same) == 1, "a file of a MiB");
    p[22] = 0xff;
    p[23] = 0xe9;
    put_file(PATH, p, most + 1);
    check(count(AFS, &same) == -1, "an octet more");
    put_file(PATH, three, sizeof(three) - 1);
    free(p);
}

/* The message of an error, which names the file. */
static int
says(krb5_error_code ret, const char *what)
{
    const char *text = krb5_get_error_message(context, ret);
    int found = strstr(text, PATH) != NULL && strstr(text, what) != NULL;

    if (!found)
	printf("%s\n", text);
    krb5_free_error_message(context, text);
    return found;
}

static void
test_messages(void)
{
    krb5_error_code ret;

    put_file(PATH, three, 7);
    krb5_clear_error_message(context);
    ret = PUT_KEY(AFS, 3, 18, K32);
    check(ret == KRB5_KEYTAB_BADVNO && says(ret, "is no KeyFileExt"),
	  "a message about what is no KeyFileExt");
    unlink(PATH);
    krb5_clear_error_message(context);
    ret = DROP_KEY(AFS, 3, 18);
    check(ret == ENOENT && says(ret, strerror(ENOENT)), "about no file");
}

/* How many entries there are, and whether all are of the principal. */
static int
count(const char *principal, int *same)
{
    krb5_keytab id = open_keytab();
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_error_code ret;
    char *name;
    int n = 0;

    *same = 1;
    ret = krb5_kt_start_seq_get(context, id, &cursor);
    if (ret == 0) {
	while (krb5_kt_next_entry(context, id, &entry, &cursor) == 0) {
	    if (krb5_unparse_name(context, entry.principal, &name) != 0)
		abort();
	    if (strcmp(name, principal) != 0)
		*same = 0;
	    free(name);
	    krb5_kt_free_entry(context, &entry);
	    n++;
	}
	krb5_kt_end_seq_get(context, id, &cursor);
    }
    krb5_kt_close(context, id);
    return ret ? -1 : n;
}

static krb5_error_code
get(int kvno, int etype, char *first)
{
    krb5_keytab id = open_keytab();
    krb5_keytab_entry entry;
    krb5_principal p;
    krb5_error_code ret;

    if (krb5_parse_name(context, AFS, &p) != 0)
	abort();
    ret = krb5_kt_get_entry(context, id, p, kvno, etype, &entry);
    if (ret == 0) {
	*first = *(char *)entry.keyblock.keyvalue.data;
	krb5_kt_free_entry(context, &entry);
    }
    krb5_free_principal(context, p);
    krb5_kt_close(context, id);
    return ret;
}

static void
test_read(void)
{
    char c = 0;
    int same;

    check(count(AFS, &same) == 3 && same, "three entries of afs");
    check(get(3, 17, &c) == 0 && c == '0', "an entry is found");
    check(get(0, 1, &c) == 0 && c == 'D', "the newest is found");
    check(get(4, 18, &c) == KRB5_KT_NOTFOUND, "one that is not there");

    put_file(DIR_NAME "/krb.conf", "Some.Realm more\n", 16);
    check(count("afs/ext.test@Some.Realm", &same) == 3 && same,
	  "the realm of krb.conf");
    unlink(DIR_NAME "/krb.conf");
    unlink(DIR_NAME "/ThisCell");
    check(count("afs@DEFAULT.REALM", &same) == 3 && same, "no ThisCell");
    check(PUT_KEY("afs/any.cell@EXT.TEST", 6, 17, K16) == 0
	  && count("afs@DEFAULT.REALM", &same) == 4, "keys of any cell");
    put_file(PATH, three, sizeof(three) - 1);
    put_file(DIR_NAME "/ThisCell", "\next.test\n", 10);
    check(count("afs@DEFAULT.REALM", &same) == 3 && same,
	  "a first line that is empty");
    put_file(DIR_NAME "/ThisCell", "", 0);
    check(count("afs@DEFAULT.REALM", &same) == 3 && same, "or not there");
    put_file(DIR_NAME "/ThisCell", "ext.test\n", 9);
}

/*
 * What other programs have in the file is still there.
 */

static void
test_foreign(void)
{
    static const char before[] =
	"\0\0\0\2"
	"\0\0\0\x10" "\0\0\0\4" "\0\0\0\1" "\0\0\0\x12" "\0\0\0\x04" "rxgk"
	"\0\0\0\x14" "\0\0\0\7" "\0\0\0\1" "\0\0\0\0" "more" "\0\0\0\0";
    static const char after[] =
	"\0\0\0\3"
	"\0\0\0\x10" "\0\0\0\2" "\0\0\0\3" "\0\0\0\x11" "\0\0\0\x10" K16
	"\0\0\0\x10" "\0\0\0\4" "\0\0\0\1" "\0\0\0\x12" "\0\0\0\x04" "rxgk"
	"\0\0\0\x14" "\0\0\0\7" "\0\0\0\1" "\0\0\0\0" "more" "\0\0\0\0";
    int same;

    put_file(PATH, before, sizeof(before) - 1);
    check(count(AFS, &same) == 0, "entries that are not for rxkad");
    check(PUT_KEY(AFS, 3, 17, K16) == 0 && file_is(after, sizeof(after) - 1),
	  "are kept when a key is added");
    check(DROP_KEY(AFS, 0, 0) == 0 && file_is(before, sizeof(before) - 1),
	  "and when it is removed");
    check(PUT_KEY(AFS, 3, 17, K16) == 0
	  && change_in(open_keytab(), 0, NULL, 0, 0, NULL) == 0
	  && file_is(before, sizeof(before) - 1), "of whoever");
    check(DROP_KEY(AFS, 0, 0) == KRB5_KT_NOTFOUND
	  && file_is(before, sizeof(before) - 1),
	  "nothing else is removed");
}

static void
test_remove(void)
{
    put_file(PATH, three, sizeof(three) - 1);
    check(DROP_KEY("host/h.ext.test@EXT.TEST", 0, 0) == KRB5_KT_NOTFOUND
	  && DROP_KEY(AFS, 4, 0) == KRB5_KT_NOTFOUND
	  && DROP_KEY(AFS, 3, 20) == KRB5_KT_NOTFOUND
	  && file_is(three, sizeof(three) - 1), "what is not there");
    check(DROP_KEY(AFS, 5, 0) == 0 && DROP_KEY(AFS, 3, 17) == 0
	  && file_is(one, sizeof(one) - 1), "two of three");
    unlink(PATH);
    check(DROP_KEY(AFS, 3, 18) == ENOENT && access(PATH, F_OK) != 0,
	  "no file, and none is made");
}

/*
 * A damaged file is an error, and stays as it is.
 */

static void
test_damaged(void)
{
    size_t i, bad = 0;
    int same;

    for (i = 1; i < sizeof(three) - 1; i++) {
	put_file(PATH, three, i);
	if (count(AFS, &same) != -1
	    || PUT_KEY(AFS, 3, 18, K32) != KRB5_KEYTAB_BADVNO
	    || DROP_KEY(AFS, 3, 18) != KRB5_KEYTAB_BADVNO
	    || !file_is(three, i))
	    bad++;
    }
    check(bad == 0, "cut at each of %lu octets", (unsigned long)i);
    put_file(PATH, "", 0);
    check(count(AFS, &same) == 0 && PUT_KEY(AFS, 3, 18, K32) == 0
	  && file_is(one, sizeof(one) - 1), "an empty file is filled");
    unlink(PATH);
    check(count(AFS, &same) == -1, "no file");
}

/*
 * The file is put into its place; a link to it stays a link.
 */

static void
test_link(void)
{
    struct stat st;
    int same;

    if (symlink("real", PATH) != 0)
	abort();
    put_file(DIR_NAME "/real", one, sizeof(one) - 1);
    check(PUT_KEY(AFS, 3, 17, K16) == 0 && lstat(PATH, &st) == 0
	  && S_ISLNK(st.st_mode) && count(AFS, &same) == 2,
	  "a symbolic link");
    unlink(DIR_NAME "/real");
    check(PUT_KEY(AFS, 3, 17, K16) == 0 && lstat(PATH, &st) == 0
	  && S_ISLNK(st.st_mode) && count(AFS, &same) == 1,
	  "a symbolic link to a file that is not there yet");
    unlink(PATH);
    unlink(DIR_NAME "/real");
    if (mkdir(PATH, 0700) != 0)
	abort();
    check(PUT_KEY(AFS, 3, 17, K16) != 0, "a directory");
    rmdir(PATH);
    if (mkfifo(PATH, 0600) != 0)
	abort();
    check(PUT_KEY(AFS, 3, 17, K16) != 0 && lstat(PATH, &st) == 0
	  && S_ISFIFO(st.st_mode), "a FIFO, which stays one");
    unlink(PATH);
}

/*
 * What cannot be written leaves no file: here the name of the new one would
 * be too long.
 */

static void
test_cannot_write(void)
{
    char name[300] = "AFSKEYFILEEXT:" DIR_NAME "/";
    const char *path = strchr(name, ':') + 1;
    krb5_keytab id;
    size_t n = strlen(name);

    memset(name + n, 'x', 250);
    name[n + 250] = '\0';
    if (krb5_kt_resolve(context, name, &id) != 0)
	abort();
    check(change_in(id, 1, AFS, 3, 18, K32) == ENAMETOOLONG
	  && access(path, F_OK) != 0, "a file that cannot be written");
}

/*
 * Somebody who writes to the file of a group that he is not in: the new file
 * cannot be that group's, and must not be for the members of his own.  A
 * member's new file is for the group, as another's was.
 *
 * REQ: RK-03
 */

#define SOMEBODY	65534
#define THEIR_GROUP	65533

static void
test_group(int is_member)
{
    gid_t group = THEIR_GROUP;
    struct stat st;
    int status, done;
    pid_t child;

    if (geteuid() != 0)
	return;			/* cannot become somebody else */
    put_file(PATH, one, sizeof(one) - 1);
    if (chmod(PATH, is_member ? 0660 : 0640) != 0
	|| chown(PATH, is_member ? 0 : SOMEBODY, THEIR_GROUP) != 0
	|| chown(DIR_NAME, SOMEBODY, SOMEBODY) != 0 || chdir(DIR_NAME) != 0)
	abort();
    child = fork();
    if (child == 0) {
	krb5_keytab_entry entry;
	krb5_keytab id;

	if (setgroups(is_member, &group) != 0 || setgid(SOMEBODY) != 0
	    || setuid(SOMEBODY) != 0)
	    _exit(1);
	memset(&entry, 0, sizeof(entry));
	entry.vno = 3;
	entry.keyblock.keytype = 17;
	entry.keyblock.keyvalue.data = rk_UNCONST(K16);
	entry.keyblock.keyvalue.length = 16;
	if (krb5_parse_name(context, AFS, &entry.principal) != 0
	    || krb5_kt_resolve(context, "AFSKEYFILEEXT:KeyFileExt", &id) != 0
	    || krb5_kt_add_entry(context, id, &entry) != 0)
	    _exit(2);
	_exit(0);
    }
    done = child > 0 && waitpid(child, &status, 0) == child && status == 0;
    if (is_member)
	check(done && stat("KeyFileExt", &st) == 0
	      && st.st_gid == THEIR_GROUP && (st.st_mode & 0777) == 0660,
	      "a file of a group that one is in");
    else
	check(done && stat("KeyFileExt", &st) == 0
	      && st.st_gid != THEIR_GROUP && (st.st_mode & 0777) == 0600,
	      "a file of another group: nobody else can read it");
    if (!done)
	printf("the other user: status %x\n", (unsigned)status);
    if (chdir("..") != 0)
	abort();
    unlink(PATH);
}

int
main(void)
{
    static const char conf[] = "[libdefaults]\n"
	"\tdefault_realm = DEFAULT.REALM\n";

    if (mkdir(DIR_NAME, 0700) != 0 && errno != EEXIST)
	abort();
    put_file(DIR_NAME "/krb5.conf", conf, sizeof(conf) - 1);
    setenv("KRB5_CONFIG", DIR_NAME "/krb5.conf", 1);
    put_file(DIR_NAME "/ThisCell", "ext.test\n", 9);
    unlink(PATH);
    if (krb5_init_context(&context) != 0)
	return 1;
    test_add();
    test_others();
    test_order();
    test_longest();
    test_messages();
    put_file(PATH, three, sizeof(three) - 1);
    test_read();
    test_foreign();
    test_remove();
    test_damaged();
    test_link();
    test_cannot_write();
    test_group(0);
    test_group(1);
    krb5_free_context(context);
    unlink(DIR_NAME "/krb5.conf");
    unlink(DIR_NAME "/ThisCell");
    check(rmdir(DIR_NAME) == 0, "no file is left behind");
    return check_done();
}
