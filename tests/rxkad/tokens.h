/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * What the programs of this directory share: lines of words that are read,
 * octets in hexadecimal, CPU time.  Neither OpenAFS nor Heimdal is included.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_WORDS 8
#define MAX_LINE 70000

static int
hex_digit(int c)
{
    c = tolower(c);
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The octets of a word ("-": none), in memory of their own. */
static unsigned char *
from_hex(const char *word, size_t *len)
{
    unsigned char *out;
    size_t i;

    *len = strcmp(word, "-") == 0 ? 0 : strlen(word) / 2;
    out = malloc(*len + 1);
    if (out == NULL)
	exit(1);
    for (i = 0; i < *len; i++)
	out[i] = hex_digit(word[2 * i]) << 4 | hex_digit(word[2 * i + 1]);
    return out;
}

/* A word of octets behind a blank. */
static inline void
put_hex(const void *data, size_t len)
{
    const unsigned char *p = data;

    putchar(' ');
    if (len == 0)
	putchar('-');
    for (; len > 0; len--)
	printf("%02x", *p++);
}

/* The words of the next line, the rest of them empty; 0 at the end. */
static int
next_line(char *line, char *words[MAX_WORDS])
{
    int i;

    if (fgets(line, MAX_LINE, stdin) == NULL)
	return 0;
    for (i = 0; i < MAX_WORDS; i++) {
	words[i] = strtok(i == 0 ? line : NULL, " \n");
	if (words[i] == NULL)
	    words[i] = "";
    }
    return 1;
}

/* Nanoseconds of CPU that this process has had. */
static inline long long
cpu_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
