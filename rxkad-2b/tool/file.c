/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Tokens in files:
 *
 *     kvno 213
 *     a262305fa003...
 *
 * The first line may be missing, white space does not matter, and what is not
 * hexadecimal is the octets themselves.
 */

#include "rxkad_token_locl.h"

#include <ctype.h>

/* More than any token in hexadecimal */
#define MAX_FILE	(256 * 1024)
#define LINE_OCTETS	36

static const char number_line[] = "kvno ";

static unsigned char *
read_all(const char *path, size_t *length)
{
    FILE *f = stdin;
    unsigned char *p;

    if (path != NULL && strcmp(path, "-") != 0) {
	f = fopen(path, "rb");
	if (f == NULL)
	    err(EXIT_TROUBLE, "%s", path);
    }
    p = malloc(MAX_FILE + 1);
    if (p == NULL)
	errx(EXIT_TROUBLE, "out of memory");
    *length = fread(p, 1, MAX_FILE + 1, f);
    if (ferror(f))
	err(EXIT_TROUBLE, "%s", path ? path : "standard input");
    if (*length > MAX_FILE)
	errx(EXIT_TROUBLE, "%s is too long for a token",
	     path ? path : "standard input");
    if (f != stdin)
	fclose(f);
    return p;
}

static int32_t
parse_number(const char *text)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(text, &end, 0);
    if (end == text || *end != '\0' || errno != 0 ||
	n < INT32_MIN || n > INT32_MAX)
	errx(EXIT_TROUBLE, "%s is no number of a token", text);
    return (int32_t)n;
}

/*
 * Takes the first line if it has the number; returns how long it was.
 */

static size_t
take_number_line(const unsigned char *p, size_t length, int32_t *number)
{
    size_t n = strlen(number_line), end;
    char text[20];

    if (length <= n || strncmp((const char *)p, number_line, n) != 0)
	return 0;
    for (end = n; end < length && p[end] != '\n' && p[end] != '\r'; end++)
	;
    if (end == length || end - n >= sizeof(text))
	return 0;
    memcpy(text, p + n, end - n);
    text[end - n] = '\0';
    *number = parse_number(text);
    return end;
}

static int
hex_value(int c)
{
    if (c >= '0' && c <= '9')
	return c - '0';
    c = tolower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Decodes hexadecimal in place; FALSE when it is something else.
 */

static krb5_boolean
decode_hex(unsigned char *p, size_t *length)
{
    size_t i, digits = 0;

    for (i = 0; i < *length; i++) {
	if (isspace(p[i]))
	    continue;
	if (hex_value(p[i]) < 0)
	    return FALSE;
	digits++;
    }
    if (digits == 0 || digits % 2 != 0)
	return FALSE;
    for (i = 0, digits = 0; i < *length; i++) {
	int v;

	if (isspace(p[i]))
	    continue;
	v = hex_value(p[i]);
	p[digits / 2] = digits % 2 ? p[digits / 2] | v : v << 4;
	digits++;
    }
    *length = digits / 2;
    return TRUE;
}

/*
 * Reads a token from a file, NULL or "-" for standard input.  `number' is
 * from the command line or NULL.  Does not return when that fails.
 */

void
read_token(const char *path, const char *number, struct token_file *token)
{
    unsigned char *p;
    size_t length, skip;

    p = read_all(path, &length);
    token->number = 0;
    token->guessed = 0;
    skip = take_number_line(p, length, &token->number);
    memmove(p, p + skip, length - skip);
    length -= skip;
    if (!decode_hex(p, &length) && skip != 0)
	errx(EXIT_TROUBLE, "%s: no hexadecimal behind the first line",
	     path ? path : "standard input");
    if (number != NULL)
	token->number = parse_number(number);
    else if (skip == 0) {
	/* [APPLICATION 1] is a Ticket */
	token->number = length > 0 && p[0] == 0x61 ? RXKAD_2B_KVNO_TICKET
	    : RXKAD_2B_KVNO;
	token->guessed = 1;
    }
    token->data = p;
    token->length = length;
}

/*
 * Writes a token, in hexadecimal with its number, or just the octets.
 * Returns 0 or an errno.
 */

int
write_token(FILE *f, const rxkad_2b_token *token, int raw)
{
    const unsigned char *p = token->data.data;
    size_t i, n = token->data.length;

    if (raw)
	fwrite(p, 1, n, f);
    else {
	fprintf(f, "%s%d", number_line, (int)token->kvno);
	for (i = 0; i < n; i++)
	    fprintf(f, "%s%02x", i % LINE_OCTETS ? "" : "\n", p[i]);
	fprintf(f, "\n");
    }
    return fflush(f) != 0 || ferror(f) ? errno : 0;
}
