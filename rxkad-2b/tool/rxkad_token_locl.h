/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * rxkad-token: look at tokens of AFS's rxkad, make and verify them.
 *
 *     main.c     commands
 *     file.c     tokens in files and on standard output
 *     show.c     what is printed of them
 *     inspect.c build.c verify.c   a command each
 *
 * Exit status: 0 yes, 1 no (not a token, refused, over the limits), 2 trouble.
 */

#ifndef RXKAD_TOKEN_LOCL_H
#define RXKAD_TOKEN_LOCL_H 1

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <roken.h>
#include <err.h>
#include <getarg.h>
#include <vers.h>
#include <krb5.h>

#include "rxkad_2b.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

#define EXIT_NO		1
#define EXIT_TROUBLE	2

/* A token as it is in a file. */
struct token_file {
    unsigned char *data;
    size_t length;
    int32_t number;
    int guessed;		/* the number was not said */
};

/* file.c */

void
read_token(const char *path, const char *number, struct token_file *token);

int
write_token(FILE *f, const rxkad_2b_token *token, int raw);

/* show.c */

void
show(FILE *f, const char *label, const char *format, ...)
    __attribute__ ((__format__ (__printf__, 3, 4)));

void
show_name(FILE *f, const char *label, const char *name);

void
show_time(FILE *f, const char *label, int64_t t);

void
show_enctype(FILE *f, krb5_context context, const char *label,
	     krb5_enctype etype, const char *more);

void
show_number(FILE *f, int32_t number, int guessed);

void
show_servers(FILE *f, size_t length, krb5_enctype service_etype,
	     krb5_enctype session_etype);

void
show_warnings(FILE *f, unsigned int warnings);

rxkad_2b_profile
parse_profile(const char *name);

/* the commands; argv[0] is the command */

int
inspect_command(krb5_context context, int argc, char **argv);

int
build_command(krb5_context context, int argc, char **argv);

int
verify_command(krb5_context context, int argc, char **argv);

/* main.c */

/* Reads a command's options; does not return for --help, --version and what
 * is no option.  Returns where the arguments begin. */
int
get_options(struct getargs *args, size_t n, int argc, char **argv,
	    const char *arguments, int *help_flag);

#endif /* RXKAD_TOKEN_LOCL_H */
