/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A krb5.conf for the programs of gss_pair.h, included before it: call
 * pair_write_config() before pair_init().
 */

#ifndef PAIR_CONFIG_H
#define PAIR_CONFIG_H 1

#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <roken.h>

static char pair_config_name[256];
#define PAIR_KRB5_CONFIG pair_config_name

/* both sides as peers that do not know about extra context tokens */
#define PAIR_TWO_TOKENS "extra_context_tokens = false"

static void
pair_remove_config(void)
{
    unlink(pair_config_name);
}

/*
 * A krb5.conf whose [gssapi] has these lines; it goes when the program ends.
 */
static void
pair_write_config(const char *gssapi)
{
    const char *tmp = getenv("TMPDIR");
    FILE *f;

    snprintf(pair_config_name, sizeof(pair_config_name),
	     "%s/gss_pair.%ld.conf", tmp ? tmp : "/tmp", (long)getpid());
    f = fopen(pair_config_name, "w");
    if (f == NULL)
	err(1, "%s", pair_config_name);
    fprintf(f, "[libdefaults]\n\tdefault_keytab_name = MEMORY:gss_pair\n"
	    "[gssapi]\n\t%s\n", gssapi);
    if (fclose(f) != 0 || atexit(pair_remove_config) != 0)
	err(1, "%s", pair_config_name);
}

#endif /* PAIR_CONFIG_H */
