/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/* rxkad-token inspect: what can be said of a token without a key. */

#include "rxkad_token_locl.h"

static char *number;
static int help_flag;

static struct getargs args[] = {
    { "kvno", 'n', arg_string, &number,
      "the number that came with the token", "213|256|kvno" },
    { "help", 'h', arg_flag, &help_flag, NULL, NULL }
};

/*
 * Says why octets are no token, and whether another number would do.
 */

static void
show_not_a_token(krb5_context context, const struct token_file *token,
		 krb5_error_code ret)
{
    rxkad_2b_sealed sealed;
    int32_t other = token->number == RXKAD_2B_KVNO ? RXKAD_2B_KVNO_TICKET
	: RXKAD_2B_KVNO;
    const char *msg = krb5_get_error_message(context, ret);

    show(stdout, "Not a token:", "%d (%s)", (int)ret, msg);
    krb5_free_error_message(context, msg);
    if (rxkad_2b_parse(token->data, token->length, other, &sealed) == 0)
	show(stdout, "Hint:", "with the number %d it is one", (int)other);
}

/*
 * Kerberos 4 tickets have no outside.
 */

static int
inspect_krb4(const struct token_file *token)
{
    if (token->length % 8 != 0 || token->length < RXKAD_2B_MIN_LENGTH) {
	show(stdout, "Modern server:", "no: a Kerberos 4 ticket has a "
	     "multiple of 8 octets, %d or more", RXKAD_2B_MIN_LENGTH);
	return EXIT_NO;
    }
    show(stdout, "Modern server:",
	 "only with Kerberos 4 on; all of it is encrypted");
    return 0;
}

int
inspect_command(krb5_context context, int argc, char **argv)
{
    struct token_file token;
    rxkad_2b_sealed sealed;
    krb5_error_code ret;
    char version[40];
    int optidx;

    optidx = get_options(args, N_ELEMENTS(args), argc, argv, "[file]",
			 &help_flag);
    if (argc - optidx > 1)
	errx(EXIT_TROUBLE, "one file at a time");
    read_token(argv[optidx], number, &token);

    show_number(stdout, token.number, token.guessed);
    show(stdout, "Length:", "%lu octets", (unsigned long)token.length);
    if (token.number != RXKAD_2B_KVNO &&
	token.number != RXKAD_2B_KVNO_TICKET) {
	ret = inspect_krb4(&token);
	free(token.data);
	return ret;
    }
    ret = rxkad_2b_parse(token.data, token.length, token.number, &sealed);
    if (ret) {
	show_not_a_token(context, &token, ret);
	free(token.data);
	return EXIT_NO;
    }
    if (sealed.has_kvno)
	snprintf(version, sizeof(version), ", version %d",
		 (int)sealed.service_kvno);
    else
	snprintf(version, sizeof(version), ", version not said: 0");
    show_enctype(stdout, context, "Service key:", sealed.etype, version);
    if (token.number == RXKAD_2B_KVNO_TICKET)
	show(stdout, "As rxkad 2b:", "%lu octets",
	     (unsigned long)sealed.enc_part.length);
    show_servers(stdout, token.length, sealed.etype, ETYPE_NULL);
    show_warnings(stdout, rxkad_2b_warnings(token.length, sealed.etype));
    free(token.data);
    return 0;
}
