/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Give a context another [gssapi], in the place of all that it had.
 */

#ifndef SET_CONFIG_H
#define SET_CONFIG_H 1

#include <err.h>

static void
set_config(krb5_context context, const char *lines)
{
    char *text;

    krb5_config_file_free(context, context->cf);
    context->cf = NULL;
    if (asprintf(&text, "[gssapi]\n%s\n", lines) < 0 ||
	krb5_config_parse_string_multi(context, text, &context->cf))
	errx(1, "krb5_config_parse_string_multi");
    free(text);
}

#endif /* SET_CONFIG_H */
