/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* The commands of rxkad-token. */

#include "rxkad_token_locl.h"

static const struct {
    const char *name;
    int (*run)(krb5_context, int, char **);
    const char *what;
} commands[] = {
    { "inspect", inspect_command,
      "say what a token is and which servers could take it" },
    { "build", build_command, "make a token of a ticket" },
    { "verify", verify_command, "decide on a token as a server does" }
};

static int help_flag, version_flag;

static struct getargs args[] = {
    { "version", 0, arg_flag, &version_flag, NULL, NULL },
    { "help", 'h', arg_flag, &help_flag, NULL, NULL }
};

static void
usage(int status)
{
    size_t i;

    arg_printusage(args, N_ELEMENTS(args), NULL, "command [options] ...");
    for (i = 0; i < N_ELEMENTS(commands); i++)
	fprintf(stderr, "    %-8s  %s\n", commands[i].name,
		commands[i].what);
    fprintf(stderr, "%s command --help says more.\n", getprogname());
    exit(status);
}

int
get_options(struct getargs *options, size_t n, int argc, char **argv,
	    const char *arguments, int *help)
{
    int optidx = 0, bad;

    bad = getarg(options, n, argc, argv, &optidx);
    if (bad || *help) {
	char *name;

	if (asprintf(&name, "%s %s", getprogname(), argv[0]) < 0)
	    errx(EXIT_TROUBLE, "out of memory");
	arg_printusage(options, n, name, arguments);
	free(name);
	exit(bad ? EXIT_TROUBLE : 0);
    }
    return optidx;
}

int
main(int argc, char **argv)
{
    krb5_error_code ret;
    krb5_context context;
    int optidx = 0, status = EXIT_TROUBLE;
    size_t i;

    setprogname(argv[0]);
    if (getarg(args, N_ELEMENTS(args), argc, argv, &optidx))
	usage(EXIT_TROUBLE);
    if (help_flag)
	usage(0);
    if (version_flag) {
	print_version(NULL);
	return 0;
    }
    argc -= optidx;
    argv += optidx;
    if (argc == 0)
	usage(EXIT_TROUBLE);

    ret = krb5_init_context(&context);
    if (ret)
	errx(EXIT_TROUBLE, "krb5_init_context failed: %d", ret);
    (void)rxkad_2b_init_error_table(context);	/* numbers will do */

    for (i = 0; i < N_ELEMENTS(commands); i++)
	if (strcmp(argv[0], commands[i].name) == 0)
	    break;
    if (i == N_ELEMENTS(commands)) {
	warnx("no command is called %s", argv[0]);
	usage(EXIT_TROUBLE);
    }
    status = commands[i].run(context, argc, argv);
    if (fflush(stdout) != 0)
	err(EXIT_TROUBLE, "standard output");
    krb5_free_context(context);
    return status;
}
