/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The replay cache for tests in Python.
 *
 *   replay_tool store NAME SKEW   lines "TAG CTIME NOW"; answers "stored",
 *                                 "repeat" or "error CODE MESSAGE"; NAME - is
 *                                 the one of the configuration
 *   replay_tool tag               lines "ETYPE CIPHERTEXT"; answers with the
 *                                 tag or "error CODE MESSAGE"
 *
 * Lines are read from standard input; octets are in hexadecimal.
 */

#include "gsskrb5_locl.h"
#include "replay_cache.h"

#include <hex.h>

#define LINE 65536

static krb5_context context;

static void
say(krb5_error_code ret, const char *good)
{
    const char *message;

    if (ret == 0) {
	printf("%s\n", good);
    } else if (ret == KRB5KRB_AP_ERR_REPEAT) {
	printf("repeat\n");
    } else {
	message = krb5_get_error_message(context, ret);
	printf("error %d %s\n", (int)ret, message);
	krb5_free_error_message(context, message);
    }
    fflush(stdout);
}

static int
store_line(const char *name, time_t skew, const char *line)
{
    unsigned char tag[REPLAY_TAG_LENGTH];
    char hex[2 * REPLAY_TAG_LENGTH + 1];
    long ctime, now;

    if (sscanf(line, "%24s %ld %ld", hex, &ctime, &now) != 3 ||
	hex_decode(hex, tag, sizeof(tag)) != REPLAY_TAG_LENGTH)
	return 1;
    say(_gsskrb5_ext_replay_cache_store(context, name, tag, ctime, now,
					skew), "stored");
    return 0;
}

static int
tag_line(const char *line)
{
    static char hex[LINE];
    unsigned char tag[REPLAY_TAG_LENGTH];
    EncryptedData enc;
    krb5_error_code ret;
    ssize_t length;
    char *text = NULL;
    int etype;

    memset(&enc, 0, sizeof(enc));
    if (sscanf(line, "%d %65535s", &etype, hex) != 2)
	return 1;
    enc.etype = etype;
    enc.cipher.data = malloc(strlen(hex));
    if (enc.cipher.data == NULL)
	return 1;
    length = hex_decode(hex, enc.cipher.data, strlen(hex));
    enc.cipher.length = length;
    ret = length < 0 ? EINVAL :
	_gsskrb5_ext_replay_tag(context, &enc, tag);
    if (ret == 0 && hex_encode(tag, sizeof(tag), &text) < 0)
	ret = ENOMEM;
    say(ret, text);
    free(text);
    free(enc.cipher.data);
    return 0;
}

int
main(int argc, char **argv)
{
    static char line[LINE];
    char *name = NULL;
    int bad = 0;

    setprogname(argv[0]);
    if (argc < 2)
	errx(1, "store NAME SKEW, or tag");
    if (krb5_init_context(&context))
	errx(1, "krb5_init_context");
    if (argc == 4 && strcmp(argv[2], "-") == 0 &&
	_gsskrb5_ext_replay_cache_name(context, &name))
	errx(1, "no name of a cache");
    while (!bad && fgets(line, sizeof(line), stdin) != NULL) {
	if (argc == 4 && strcmp(argv[1], "store") == 0)
	    bad = store_line(name ? name : argv[2], atol(argv[3]), line);
	else
	    bad = tag_line(line);
    }
    if (bad)
	warnx("cannot read \"%s\"", line);
    free(name);
    krb5_free_context(context);
    return bad;
}
