/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * afs-use-524 and rxkad_2b_profile, see kafs(3).
 */

#include "kafs_locl.h"
#include "rxkad-2b/kafs_rxkad.h"

static int
is_one_of(const char *value, const char *const *words)
{
    for (; *words != NULL; words++)
	if (strcasecmp(value, *words) == 0)
	    return 1;
    return 0;
}

/**
 * What a value of afs-use-524 means.
 *
 * @param value the value
 *
 * @return what it means.  A word that is not known is the whole ticket, as it
 *         always was.
 */
enum kafs_use_524
_kafs_rxkad_parse_use_524(const char *value)
{
    static const char *const local[] = { "2b", "local", NULL };
    static const char *const server[] = { "yes", "true", "1", "524", NULL };

    if (is_one_of(value, local))
	return KAFS_LOCAL_2B;
    if (is_one_of(value, server))
	return KAFS_SERVER_524;
    return KAFS_NATIVE_K5;
}

/**
 * What a value of rxkad_2b_profile means.
 *
 * @param value the value
 * @param profile what it means: the stricter one for a word that is not known
 *
 * @return whether the word is known
 */
int
_kafs_rxkad_parse_profile(const char *value, rxkad_2b_profile *profile)
{
    *profile = strcasecmp(value, "modern") == 0 ?
	RXKAD_2B_MODERN : RXKAD_2B_STRICT;
    return *profile == RXKAD_2B_MODERN || strcasecmp(value, "strict") == 0;
}

/*
 * An option of a cell in [appdefaults]; free it with free().
 */
static char *
get_option(krb5_context context, const char *cell, const char *option,
	   const char *by_default)
{
    char *realm, *value = NULL;

    realm = strdup(cell);
    if (realm == NULL)
	return NULL;
    _kafs_foldup(realm, realm);
    krb5_appdefault_string(context, "libkafs", realm, option, by_default,
			   &value);
    free(realm);
    return value;
}

/**
 * Read what the configuration says of a cell.
 *
 * @param context a Kerberos 5 context
 * @param cell the cell
 * @param settings what it says
 *
 * @return 0; ENOMEM; or KRB5_CONFIG_BADFORMAT for a profile that is not known
 */
krb5_error_code
_kafs_rxkad_get_settings(krb5_context context, const char *cell,
			 struct kafs_rxkad_settings *settings)
{
    krb5_error_code ret = 0;
    const char *by_default;
    char *value;

    value = get_option(context, cell, "afs-use-524", "2b");
    if (value == NULL)
	return ENOMEM;
    settings->use_524 = _kafs_rxkad_parse_use_524(value);
    free(value);

    by_default = krb5_config_get_string_default(context, NULL, "modern",
						"libkafs", "rxkad_2b_profile",
						NULL);
    value = get_option(context, cell, "rxkad_2b_profile", by_default);
    if (value == NULL)
	return ENOMEM;
    if (!_kafs_rxkad_parse_profile(value, &settings->profile)) {
	ret = KRB5_CONFIG_BADFORMAT;
	krb5_set_error_message(context, ret, "rxkad_2b_profile of the cell "
			       "%s is \"%s\", neither strict nor modern",
			       cell, value);
    }
    free(value);
    return ret;
}
