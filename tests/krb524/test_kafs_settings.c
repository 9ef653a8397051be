/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What libkafs's words mean.
 */

#include "kafs_locl.h"
#include "rxkad-2b/kafs_rxkad.h"
#include "sec_test.h"

/* REQ: RK-37 */
static void
test_use_524(void)
{
    static const struct {
	const char *word;
	enum kafs_use_524 meaning;
    } rows[] = {
	{ "2b", KAFS_LOCAL_2B },
	{ "2B", KAFS_LOCAL_2B },
	{ "local", KAFS_LOCAL_2B },
	{ "yes", KAFS_SERVER_524 },
	{ "Yes", KAFS_SERVER_524 },
	{ "true", KAFS_SERVER_524 },
	{ "1", KAFS_SERVER_524 },
	{ "524", KAFS_SERVER_524 },
	{ "no", KAFS_NATIVE_K5 },
	{ "false", KAFS_NATIVE_K5 },
	{ "0", KAFS_NATIVE_K5 },
	{ "256", KAFS_NATIVE_K5 },
	/* as ever */
	{ "", KAFS_NATIVE_K5 },
	{ "2", KAFS_NATIVE_K5 },
	{ "5244", KAFS_NATIVE_K5 },
	{ "locally", KAFS_NATIVE_K5 }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	check(_kafs_rxkad_parse_use_524(rows[i].word) == rows[i].meaning,
	      "afs-use-524 = %s", rows[i].word);
}

/* REQ: RK-07 */
static void
test_profile(void)
{
    static const struct {
	const char *word;
	int known;
	rxkad_2b_profile meaning;
    } rows[] = {
	{ "modern", 1, RXKAD_2B_MODERN },
	{ "Modern", 1, RXKAD_2B_MODERN },
	{ "strict", 1, RXKAD_2B_STRICT },
	{ "STRICT", 1, RXKAD_2B_STRICT },
	{ "", 0, RXKAD_2B_STRICT },
	{ "strikt", 0, RXKAD_2B_STRICT },
	{ "modern ", 0, RXKAD_2B_STRICT }
    };
    rxkad_2b_profile profile;
    size_t i;
    int known;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	known = _kafs_rxkad_parse_profile(rows[i].word, &profile);
	check(known == rows[i].known && profile == rows[i].meaning,
	      "rxkad_2b_profile = \"%s\"", rows[i].word);
    }
}

static krb5_error_code
get_settings(const char *lines, struct kafs_rxkad_settings *settings)
{
    char path[] = "test_kafs_settings.XXXXXX";
    char *files[2] = { path, NULL };
    krb5_error_code ret;
    krb5_context context;
    FILE *f;
    int fd;

    fd = mkstemp(path);
    f = fd < 0 ? NULL : fdopen(fd, "w");
    if (f == NULL || fputs(lines, f) < 0 || fclose(f) != 0 ||
	krb5_init_context(&context) != 0 ||
	krb5_set_config_files(context, files) != 0)
	exit(1);
    unlink(path);
    memset(settings, 0x55, sizeof(*settings));
    ret = _kafs_rxkad_get_settings(context, "cell.test", settings);
    krb5_free_context(context);
    return ret;
}

/* REQ: RK-07, RK-37 */
static void
test_settings(void)
{
    static const struct {
	const char *lines;
	krb5_error_code code;
	enum kafs_use_524 use_524;
	rxkad_2b_profile profile;
    } rows[] = {
	{ "", 0, KAFS_LOCAL_2B, RXKAD_2B_MODERN },
	{ "[libkafs]\n\trxkad_2b_profile = strict\n", 0, KAFS_LOCAL_2B,
	  RXKAD_2B_STRICT },
	{ "[libkafs]\n\trxkad_2b_profile = none\n", KRB5_CONFIG_BADFORMAT,
	  KAFS_LOCAL_2B, RXKAD_2B_STRICT },
	{ "[appdefaults]\n\tlibkafs = {\n\t\tafs-use-524 = yes\n\t}\n", 0,
	  KAFS_SERVER_524, RXKAD_2B_MODERN },
	{ "[appdefaults]\n\tlibkafs = {\n\t\tafs-use-524 = no\n"
	  "\t\tCELL.TEST = {\n\t\t\tafs-use-524 = 524\n"
	  "\t\t\trxkad_2b_profile = modern\n\t\t}\n\t}\n"
	  "[libkafs]\n\trxkad_2b_profile = strict\n", 0, KAFS_SERVER_524,
	  RXKAD_2B_MODERN },
	{ "[appdefaults]\n\tlibkafs = {\n\t\tOTHER.TEST = {\n"
	  "\t\t\tafs-use-524 = no\n\t\t}\n\t}\n", 0, KAFS_LOCAL_2B,
	  RXKAD_2B_MODERN }
    };
    struct kafs_rxkad_settings settings;
    krb5_error_code ret;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	ret = get_settings(rows[i].lines, &settings);
	check(ret == rows[i].code && settings.use_524 == rows[i].use_524 &&
	      settings.profile == rows[i].profile,
	      "configuration %d: %d, %d, %d", (int)i, (int)ret,
	      (int)settings.use_524, (int)settings.profile);
    }
}

int
main(int argc, char **argv)
{
    setenv("KRB5_CONFIG", "/nonexistent", 1);
    test_use_524();
    test_settings();
    test_profile();
    return check_done();
}
