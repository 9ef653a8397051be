/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The error codes of rxkad are OpenAFS's, each has a text, and each reason
 * and limit has one of its own.
 */

#include <config.h>

#include <string.h>

#include <krb5.h>

#include "rxkad_2b.h"
#include "sec_test.h"

static const struct {
    krb5_error_code code;
    long number;			/* what OpenAFS sends */
    const char *text;
} errors[] = {
    { RXKAD_2B_ERR_INCONSISTENCY, 19270400, "inconsistent" },
    { RXKAD_2B_ERR_PACKETSHORT, 19270401, "too short" },
    { RXKAD_2B_ERR_LEVELFAIL, 19270402, "level" },
    { RXKAD_2B_ERR_TICKETLEN, 19270403, "length" },
    { RXKAD_2B_ERR_OUTOFSEQUENCE, 19270404, "sequence" },
    { RXKAD_2B_ERR_NOAUTH, 19270405, "authorized" },
    { RXKAD_2B_ERR_BADKEY, 19270406, "key" },
    { RXKAD_2B_ERR_BADTICKET, 19270407, "bad ticket" },
    { RXKAD_2B_ERR_UNKNOWNKEY, 19270408, "unknown key" },
    { RXKAD_2B_ERR_EXPIRED, 19270409, "expired" },
    { RXKAD_2B_ERR_SEALEDINCON, 19270410, "ealed" },
    { RXKAD_2B_ERR_DATALEN, 19270411, "too long" },
    { RXKAD_2B_ERR_ILLEGALLEVEL, 19270412, "encrypted" }
};

static void
test_codes(krb5_context context)
{
    const char *msg;
    size_t i;

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
	msg = krb5_get_error_message(context, errors[i].code);
	check(errors[i].code == errors[i].number
	      && strstr(msg, errors[i].text) != NULL,
	      "%ld is \"%s\"", errors[i].number, msg);
	krb5_free_error_message(context, msg);
    }
}

/*
 * Every value up to the last has a text that no other has, the one behind it
 * the text for what is unknown.
 */
static void
test_texts(const char *what, const char *(*text)(int), int last)
{
    int i, j, bad = 0;

    for (i = 0; i <= last; i++) {
	if (strcmp(text(i), text(last + 1)) == 0)
	    bad++;
	for (j = 0; j < i; j++)
	    if (strcmp(text(i), text(j)) == 0)
		bad++;
    }
    check(bad == 0, "%d texts of a %s", last + 1, what);
    check(strncmp(text(last + 1), "unknown", 7) == 0, "an unknown %s", what);
}

static const char *
reason_text(int n)
{
    return rxkad_2b_reason_string((rxkad_2b_reason)n);
}

static const char *
limit_text(int n)
{
    return rxkad_2b_limit_string((rxkad_2b_limit)n);
}

int
main(void)
{
    krb5_context context;

    if (krb5_init_context(&context) != 0)
	return 1;
    check(rxkad_2b_init_error_table(context) == 0, "the table is added");
    test_codes(context);
    test_texts("reason", reason_text, RXKAD_2B_INTERNAL);
    test_texts("limit", limit_text, RXKAD_2B_LIMIT_SESSION_ENCTYPE);
    krb5_free_context(context);
    return check_done();
}
