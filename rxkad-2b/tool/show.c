/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What is printed: a label and a text a line.  Keys are never printed, and
 * what came from outside only without control characters.
 */

#include "rxkad_token_locl.h"

#include <stdarg.h>

void
show(FILE *f, const char *label, const char *format, ...)
{
    va_list ap;

    fprintf(f, "%-16s", label);
    va_start(ap, format);
    vfprintf(f, format, ap);
    va_end(ap);
    fputc('\n', f);
}

void
show_name(FILE *f, const char *label, const char *name)
{
    fprintf(f, "%-16s", label);
    for (; *name != '\0'; name++) {
	unsigned char c = *name;

	if (c < ' ' || c >= 0x7f || c == '\\')
	    fprintf(f, "\\x%02x", c);
	else
	    fputc(c, f);
    }
    fputc('\n', f);
}

void
show_time(FILE *f, const char *label, int64_t t)
{
    time_t seconds = (time_t)t;
    struct tm *tm = gmtime(&seconds);
    char text[40] = "";

    if (t == 0 || t == UINT32_MAX) {
	show(f, label, "any time");
	return;
    }
    if (tm != NULL)
	(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC, ", tm);
    show(f, label, "%s%lld", text, (long long)t);
}

void
show_enctype(FILE *f, krb5_context context, const char *label,
	     krb5_enctype etype, const char *more)
{
    char *name = NULL;

    if (krb5_enctype_to_string(context, etype, &name) != 0) {
	krb5_clear_error_message(context);
	name = NULL;
    }
    show(f, label, "%s (%d)%s", name ? name : "unknown enctype", (int)etype,
	 more);
    free(name);
}

void
show_number(FILE *f, int32_t number, int guessed)
{
    const char *what = "Kerberos 4: the version of the service's key";

    if (number == RXKAD_2B_KVNO)
	what = "rxkad 2b: the enc-part of a ticket";
    else if (number == RXKAD_2B_KVNO_TICKET)
	what = "rxkad-v5: a whole ticket";
    show(f, "Token number:", "%d, %s%s", (int)number, what,
	 guessed ? " (guessed; --kvno says it)" : "");
}

static void
show_server(FILE *f, const char *label, rxkad_2b_profile profile,
	    size_t length, krb5_enctype service_etype,
	    krb5_enctype session_etype, const char *who)
{
    rxkad_2b_limit limit;

    limit = rxkad_2b_check_limits(profile, length, service_etype,
				  session_etype);
    show(f, label, "%s: %s (%s)", limit ? "no" : "yes",
	 rxkad_2b_limit_string(limit), who);
}

/*
 * What servers of each kind say of the outside.
 */

void
show_servers(FILE *f, size_t length, krb5_enctype service_etype,
	     krb5_enctype session_etype)
{
    show_server(f, "Strict server:", RXKAD_2B_STRICT, length, service_etype,
		session_etype, "of 2003: 32 to 344 octets, single DES");
    show_server(f, "Modern server:", RXKAD_2B_MODERN, length, service_etype,
		session_etype, "OpenAFS 1.6.5 and later: 32 to 12000 octets");
}

void
show_warnings(FILE *f, unsigned int warnings)
{
    if (warnings & RXKAD_2B_WARN_LONG)
	show(f, "Warning:", "over %d octets, which OpenAFS drops without an "
	     "answer: the client sees a time-out", RXKAD_2B_LONG_TOKEN);
    if (warnings & RXKAD_2B_WARN_DES)
	show(f, "Warning:", "the service's key is single DES, which can be "
	     "searched; Heimdal needs allow_weak_crypto for it");
    if (warnings & RXKAD_2B_WARN_ENCTYPE)
	show(f, "Warning:", "OpenAFS 1.8 has no service keys of this "
	     "enctype and answers 19270408");
}

rxkad_2b_profile
parse_profile(const char *name)
{
    if (name == NULL || strcmp(name, "modern") == 0)
	return RXKAD_2B_MODERN;
    if (strcmp(name, "strict") == 0)
	return RXKAD_2B_STRICT;
    errx(EXIT_TROUBLE, "a profile is strict or modern, not %s", name);
}
