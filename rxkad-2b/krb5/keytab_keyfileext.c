/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The keytab type AFSKEYFILEEXT: a KeyFileExt of OpenAFS as a keytab, so that
 * ktutil and kadmin give AFS servers their keys.
 *
 * A KeyFileExt says no principal.  It is afs/cell@REALM, where the cell is
 * the first line of the file ThisCell beside it, and the realm the first word
 * of krb.conf beside it or the cell in capital letters, as OpenAFS's servers
 * have it.  Without ThisCell it is afs in the default realm.
 *
 * Keys of other principals are not added, so that a keytab can be copied
 * that has other services' keys too.
 */

#include "krb5_locl.h"

#include "keyfileext.h"
#include "keytab_keyfileext.h"

static const char afs_service[] = "afs";

struct kfe_data {
    char *path;
    char *cell;			/* NULL without ThisCell */
    krb5_principal principal;	/* whose keys they are */
};

struct kfe_cursor {
    struct krb5_keyfileext file;
    size_t next;
};

/*
 * The first word of a file in the directory of the KeyFileExt; NULL if
 * there is none.
 */

static char *
read_word(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    char line[256] = "", *file, *word = NULL;
    FILE *f;

    if (asprintf(&file, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path,
		 name) < 0 || file == NULL)
	return NULL;
    f = fopen(file, "r");
    free(file);
    if (f == NULL)
	return NULL;
    if (fgets(line, sizeof(line), f) != NULL) {
	line[strcspn(line, " \t\r\n")] = '\0';
	if (line[0] != '\0')
	    word = strdup(line);
    }
    fclose(f);
    return word;
}

/*
 * Finds out whose keys they are.
 */

static krb5_error_code
make_principal(krb5_context context, struct kfe_data *d)
{
    krb5_error_code ret;
    char *realm;

    d->cell = read_word(d->path, "ThisCell");
    if (d->cell == NULL)
	return krb5_make_principal(context, &d->principal, NULL, afs_service,
				   NULL);
    realm = read_word(d->path, "krb.conf");
    if (realm == NULL) {
	realm = strdup(d->cell);
	if (realm == NULL)
	    return krb5_enomem(context);
	strupr(realm);
    }
    ret = krb5_make_principal(context, &d->principal, realm, afs_service,
			      d->cell, NULL);
    free(realm);
    return ret;
}

static krb5_error_code KRB5_CALLCONV
kfe_close(krb5_context context, krb5_keytab id)
{
    struct kfe_data *d = id->data;

    free(d->path);
    free(d->cell);
    krb5_free_principal(context, d->principal);
    free(d);
    return 0;
}

static krb5_error_code KRB5_CALLCONV
kfe_resolve(krb5_context context, const char *name, krb5_keytab id)
{
    krb5_error_code ret;
    struct kfe_data *d;

    d = calloc(1, sizeof(*d));
    if (d == NULL)
	return krb5_enomem(context);
    id->data = d;
    d->path = strdup(name);
    ret = d->path ? make_principal(context, d) : krb5_enomem(context);
    if (ret)
	kfe_close(context, id);
    return ret;
}

static krb5_error_code KRB5_CALLCONV
kfe_get_name(krb5_context context, krb5_keytab id, char *name,
	     size_t name_sz)
{
    struct kfe_data *d = id->data;

    strlcpy(name, d->path, name_sz);
    return 0;
}

static krb5_error_code
file_error(krb5_context context, const char *path, krb5_error_code ret)
{
    if (ret == KRB5_KEYTAB_BADVNO)
	krb5_set_error_message(context, ret,
			       N_("%s is no KeyFileExt", ""), path);
    else
	krb5_set_error_message(context, ret, N_("KeyFileExt %s: %s", ""),
			       path, strerror(ret));
    return ret;
}

/*
 * Reads the entries of an open file; an empty one has none.
 */

static krb5_error_code
read_entries(int fd, struct krb5_keyfileext *file)
{
    krb5_error_code ret;
    krb5_data data;

    memset(file, 0, sizeof(*file));
    ret = _krb5_keyfileext_read(fd, &data);
    if (ret)
	return ret;
    if (data.length != 0)
	ret = _krb5_keyfileext_decode(data.data, data.length, file);
    _krb5_keyfileext_wipe(&data);
    return ret;
}

static krb5_error_code KRB5_CALLCONV
kfe_start_seq_get(krb5_context context, krb5_keytab id, krb5_kt_cursor *c)
{
    struct kfe_data *d = id->data;
    krb5_error_code ret;
    struct kfe_cursor *cursor;
    int fd;

    c->data = NULL;
    fd = open(d->path, O_RDONLY | O_BINARY | O_CLOEXEC);
    if (fd < 0)
	return file_error(context, d->path, errno);
    cursor = calloc(1, sizeof(*cursor));
    if (cursor == NULL)
	ret = ENOMEM;
    else
	ret = read_entries(fd, &cursor->file);
    close(fd);
    if (ret) {
	free(cursor);
	return file_error(context, d->path, ret);
    }
    c->data = cursor;
    return 0;
}

/*
 * The enctype of an entry; FALSE if it is none of rxkad.
 */

static krb5_boolean
entry_etype(const struct krb5_keyfileext_entry *e, krb5_enctype *etype)
{
    switch (e->type) {
    case KRB5_KEYFILEEXT_RXKAD_KRB5:
	*etype = e->subtype;
	return TRUE;
    case KRB5_KEYFILEEXT_RXKAD:
	*etype = ETYPE_DES_CBC_CRC;
	return TRUE;
    default:
	return FALSE;
    }
}

static krb5_error_code KRB5_CALLCONV
kfe_next_entry(krb5_context context, krb5_keytab id, krb5_keytab_entry *entry,
	       krb5_kt_cursor *c)
{
    struct kfe_data *d = id->data;
    struct kfe_cursor *cursor = c->data;
    const struct krb5_keyfileext_entry *e;
    krb5_error_code ret;
    krb5_enctype etype;

    do {
	if (cursor->next >= cursor->file.len)
	    return KRB5_KT_END;
	e = &cursor->file.val[cursor->next++];
    } while (!entry_etype(e, &etype));

    memset(entry, 0, sizeof(*entry));
    ret = krb5_copy_principal(context, d->principal, &entry->principal);
    if (ret)
	return ret;
    ret = krb5_data_copy(&entry->keyblock.keyvalue, e->key.data,
			 e->key.length);
    if (ret) {
	krb5_free_principal(context, entry->principal);
	entry->principal = NULL;
	return krb5_enomem(context);
    }
    entry->keyblock.keytype = etype;
    entry->vno = (krb5_kvno)e->kvno;
    return 0;
}

static krb5_error_code KRB5_CALLCONV
kfe_end_seq_get(krb5_context context, krb5_keytab id, krb5_kt_cursor *c)
{
    struct kfe_cursor *cursor = c->data;

    if (cursor != NULL)
	_krb5_keyfileext_free(&cursor->file);
    free(cursor);
    c->data = NULL;
    return 0;
}

/*
 * Opens the file and locks it, until it is the one that has the name: who
 * had the lock before may have put another into its place.
 */

static krb5_error_code
open_locked(krb5_context context, const char *path, int flags, int *fd)
{
    krb5_error_code ret;
    struct stat ours, named;

    for (;;) {
	*fd = open(path, O_RDWR | O_BINARY | O_CLOEXEC | flags, 0600);
	if (*fd < 0)
	    return errno;
	ret = _krb5_xlock(context, *fd, TRUE, path);
	if (ret == 0 && fstat(*fd, &ours) < 0)
	    ret = errno;
	if (ret == 0 && stat(path, &named) == 0 &&
	    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
	    return 0;
	close(*fd);
	*fd = -1;
	if (ret)
	    return ret;
    }
}

/*
 * Gives a new file the old one's mode, owner and group.  Only root may give
 * it another owner, and who is not in the group may not give it that: then it
 * is not for our own group or for whoever else could not read the old one.
 */

static krb5_error_code
copy_rights(int old_fd, int fd)
{
    struct stat st;
    mode_t mode;

    if (fstat(old_fd, &st) < 0)
	return errno;
    mode = st.st_mode & 0777;
    if (fchown(fd, st.st_uid, st.st_gid) < 0) {
	if (geteuid() == 0)
	    return errno;
	if (fchown(fd, (uid_t)-1, st.st_gid) < 0)
	    mode &= 0700;
    }
    return fchmod(fd, mode) < 0 ? errno : 0;
}

/*
 * Writes a new file that looks like the old one to others and moves it into
 * its place, so that a server never reads half of it.
 */

static krb5_error_code
replace_file(const char *path, int old_fd, const krb5_data *data)
{
    krb5_error_code ret;
    char *name;
    int fd;

    if (asprintf(&name, "%s.XXXXXX", path) < 0 || name == NULL)
	return ENOMEM;
    fd = mkstemp(name);
    if (fd < 0) {
	ret = errno;
	free(name);
	return ret;
    }
    rk_cloexec(fd);
    ret = copy_rights(old_fd, fd);
    if (ret == 0 && net_write(fd, data->data, data->length)
	!= (ssize_t)data->length)
	ret = errno;
    if (ret == 0 && fsync(fd) < 0)
	ret = errno;
    if (close(fd) < 0 && ret == 0)
	ret = errno;
    if (ret == 0 && rename(name, path) < 0)
	ret = errno;
    if (ret)
	unlink(name);
    free(name);
    return ret;
}

static krb5_error_code
write_entries(const char *path, int fd, const struct krb5_keyfileext *file)
{
    krb5_error_code ret;
    krb5_data data;

    ret = _krb5_keyfileext_encode(file, &data);
    if (ret)
	return ret;
    ret = replace_file(path, fd, &data);
    _krb5_keyfileext_wipe(&data);
    return ret;
}

/*
 * A file that is a symbolic link stays one, also if what it points to has to
 * be made first.
 */

static char *
real_path(const char *path, int flags)
{
    char *real = realpath(path, NULL);
    int fd;

    if (real == NULL && (flags & O_CREAT)) {
	fd = open(path, O_RDWR | O_BINARY | O_CLOEXEC | O_CREAT, 0600);
	if (fd >= 0) {
	    close(fd);
	    real = realpath(path, NULL);
	}
    }
    return real != NULL ? real : strdup(path);
}

/*
 * Takes away a file that was made and not filled: OpenAFS's servers fail to
 * read their keys when it is empty, and do without it when it is not there.
 */

static void
unlink_empty(const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
	unlink(path);
}

/* A change of the entries; 0, or an error and nothing is written. */
typedef krb5_error_code
(*change_func)(krb5_context, struct kfe_data *, struct krb5_keyfileext *,
	       const krb5_keytab_entry *);

static krb5_error_code
change_file(krb5_context context, krb5_keytab id, int flags,
	    change_func change, const krb5_keytab_entry *entry)
{
    struct kfe_data *d = id->data;
    struct krb5_keyfileext file;
    krb5_error_code ret;
    char *path;
    int fd;

    path = real_path(d->path, flags);
    if (path == NULL)
	return krb5_enomem(context);
    ret = open_locked(context, path, flags, &fd);
    if (ret) {
	free(path);
	return file_error(context, d->path, ret);
    }
    ret = read_entries(fd, &file);
    if (ret == 0) {
	ret = change(context, d, &file, entry);
	if (ret == 0)
	    ret = write_entries(path, fd, &file);
	_krb5_keyfileext_free(&file);
    }
    if (ret && (flags & O_CREAT))
	unlink_empty(path, fd);
    _krb5_xunlock(context, fd);
    close(fd);
    free(path);
    return ret && ret != KRB5_KT_NOTFOUND ? file_error(context, d->path, ret)
	: ret;
}

/*
 * Whether a principal is that of this cell's servers, with the cell or
 * without, in whichever realm.
 */

static krb5_boolean
is_ours(krb5_context context, const struct kfe_data *d,
	krb5_const_principal principal)
{
    unsigned int n = krb5_principal_get_num_comp(context, principal);
    const char *first = krb5_principal_get_comp_string(context, principal, 0);
    const char *second = krb5_principal_get_comp_string(context, principal,
							1);

    if (n < 1 || n > 2 || strcmp(first, afs_service) != 0)
	return FALSE;
    return n == 1 || d->cell == NULL || strcmp(second, d->cell) == 0;
}

static krb5_error_code
put_entry(krb5_context context, struct kfe_data *d,
	  struct krb5_keyfileext *file, const krb5_keytab_entry *entry)
{
    switch (entry->keyblock.keytype) {
    case ETYPE_DES_CBC_CRC:
    case ETYPE_DES_CBC_MD4:
    case ETYPE_DES_CBC_MD5:
	/* one key for all three; OpenAFS looks for it among these */
	return _krb5_keyfileext_put(file, KRB5_KEYFILEEXT_RXKAD,
				    (int32_t)entry->vno, 0,
				    &entry->keyblock.keyvalue);
    default:
	return _krb5_keyfileext_put(file, KRB5_KEYFILEEXT_RXKAD_KRB5,
				    (int32_t)entry->vno,
				    entry->keyblock.keytype,
				    &entry->keyblock.keyvalue);
    }
}

static krb5_error_code KRB5_CALLCONV
kfe_add_entry(krb5_context context, krb5_keytab id, krb5_keytab_entry *entry)
{
    if (!is_ours(context, id->data, entry->principal))
	return 0;
    return change_file(context, id, O_CREAT, put_entry, entry);
}

/*
 * Removes all that match; a version or an enctype of 0 is any.
 */

static krb5_error_code
remove_entries(krb5_context context, struct kfe_data *d,
	       struct krb5_keyfileext *file, const krb5_keytab_entry *entry)
{
    krb5_enctype etype;
    size_t i, before = file->len;

    for (i = file->len; i-- > 0; ) {
	if (!entry_etype(&file->val[i], &etype))
	    continue;
	if (entry->vno != 0 && file->val[i].kvno != (int32_t)entry->vno)
	    continue;
	if (entry->keyblock.keytype != ETYPE_NULL &&
	    etype != entry->keyblock.keytype)
	    continue;
	_krb5_keyfileext_remove(file, i);
    }
    return file->len == before ? KRB5_KT_NOTFOUND : 0;
}

static krb5_error_code KRB5_CALLCONV
kfe_remove_entry(krb5_context context, krb5_keytab id,
		 krb5_keytab_entry *entry)
{
    struct kfe_data *d = id->data;

    if (entry->principal != NULL &&
	!krb5_principal_compare(context, entry->principal, d->principal))
	return KRB5_KT_NOTFOUND;
    return change_file(context, id, 0, remove_entries, entry);
}

static const krb5_kt_ops keyfileext_ops = {
    "AFSKEYFILEEXT",
    kfe_resolve,
    kfe_get_name,
    kfe_close,
    NULL, /* destroy */
    NULL, /* get */
    kfe_start_seq_get,
    kfe_next_entry,
    kfe_end_seq_get,
    kfe_add_entry,
    kfe_remove_entry,
    NULL,
    0
};

krb5_error_code
_krb5_register_keyfileext(krb5_context context)
{
    return krb5_kt_register(context, &keyfileext_ops);
}
