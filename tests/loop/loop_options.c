/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Options of loop_initiator and loop_acceptor, and what is made of them.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop_common.h"

static const struct {
    const char *name;
    OM_uint32 flag;
} flag_names[] = {
    { "deleg", GSS_C_DELEG_FLAG },
    { "mutual", GSS_C_MUTUAL_FLAG },
    { "replay", GSS_C_REPLAY_FLAG },
    { "sequence", GSS_C_SEQUENCE_FLAG },
    { "conf", GSS_C_CONF_FLAG },
    { "integ", GSS_C_INTEG_FLAG },
    { "anon", GSS_C_ANON_FLAG },
    { "ready", GSS_C_PROT_READY_FLAG },
    { "trans", GSS_C_TRANS_FLAG },
    { "bound", 0x800 },		/* GSS_C_CHANNEL_BOUND_FLAG, of no RFC */
    { "dce", 0x1000 },		/* GSS_C_DCE_STYLE, of no RFC */
    { "none", 0 }
};

static void
usage(int initiator)
{
    if (initiator)
	fprintf(stderr, "usage: loop_initiator --port=N --service=NAME "
		"[--host=H] [--mech=krb5|spnego|OID]\n"
		"  [--flags=F,...] [--message=TEXT] [--late-token=HEX] "
		"[--show-authdata=TYPE]");
    else
	fprintf(stderr, "usage: loop_acceptor [--port=N] [--keytab=K] "
		"[--service=NAME] [--password=TEXT] [--both] "
		"[--send-authdata=HEX]");
    fprintf(stderr, "\n  [--framing=plain|mit|mit-v1] [--timeout=SECONDS] "
	    "[--count=N] [--max-token=OCTETS]\n  [--max-rounds=N] "
	    "[--require=F,...] [--bindings=TEXT] [--quiet]\n"
	    "flags: deleg mutual replay sequence conf integ anon ready trans "
	    "bound dce none\n");
    exit(2);
}

/*
 * The value of arg when it is --name=value, else NULL.
 */
static const char *
value_of(const char *arg, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(arg, name, len) == 0 && arg[len] == '=')
	return arg + len + 1;
    return NULL;
}

static unsigned long
number(const char *text)
{
    unsigned long n;
    char *end;

    n = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
	fprintf(stderr, "not a number: %s\n", text);
	exit(2);
    }
    return n;
}

static OM_uint32
one_flag(const char *p, size_t len)
{
    size_t i;

    for (i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
	if (strlen(flag_names[i].name) == len &&
	    strncmp(flag_names[i].name, p, len) == 0)
	    return flag_names[i].flag;
    fprintf(stderr, "no such flag: %.*s\n", (int)len, p);
    exit(2);
}

static OM_uint32
flags_of(const char *text)
{
    OM_uint32 flags = 0;
    size_t len;

    while (*text != '\0') {
	len = strcspn(text, ",");
	flags |= one_flag(text, len);
	text += len;
	if (*text == ',')
	    text++;
    }
    return flags;
}

static void
set_framing(struct loop_options *o, const char *text)
{
    o->v1 = strcmp(text, "mit-v1") == 0;
    if (strcmp(text, "plain") == 0) {
	o->framing = GSS_FRAME_PLAIN;
    } else if (o->v1 || strcmp(text, "mit") == 0) {
	o->framing = GSS_FRAME_SAMPLE;
    } else {
	fprintf(stderr, "no such framing: %s\n", text);
	exit(2);
    }
}

/*
 * An option of both programs.  Returns 0 when it is none.
 */
static int
common_option(struct loop_options *o, const char *arg)
{
    const char *v;

    if ((v = value_of(arg, "--port")) != NULL)
	o->port = (unsigned int)number(v);
    else if ((v = value_of(arg, "--framing")) != NULL)
	set_framing(o, v);
    else if ((v = value_of(arg, "--service")) != NULL)
	o->service = v;
    else if ((v = value_of(arg, "--timeout")) != NULL)
	o->timeout = (int)number(v) * 1000;
    else if ((v = value_of(arg, "--count")) != NULL)
	o->count = number(v);
    else if ((v = value_of(arg, "--max-token")) != NULL)
	o->max_token = number(v);
    else if ((v = value_of(arg, "--max-rounds")) != NULL)
	o->max_tokens = (unsigned int)number(v);
    else if ((v = value_of(arg, "--require")) != NULL)
	o->required = flags_of(v), o->required_given = 1;
    else if ((v = value_of(arg, "--bindings")) != NULL)
	o->bindings = v;
    else if (strcmp(arg, "--quiet") == 0)
	o->quiet = 1;
    else
	return 0;
    return 1;
}

static int
acceptor_option(struct loop_options *o, const char *arg)
{
    const char *v;

    if ((v = value_of(arg, "--keytab")) != NULL)
	o->keytab = v;
    else if ((v = value_of(arg, "--send-authdata")) != NULL)
	o->send_authdata = v;
    else if ((v = value_of(arg, "--password")) != NULL)
	o->password = v;
    else if (strcmp(arg, "--both") == 0)
	o->both = 1;
    else
	return 0;
    return 1;
}

static int
initiator_option(struct loop_options *o, const char *arg)
{
    const char *v;

    if ((v = value_of(arg, "--host")) != NULL)
	o->host = v;
    else if ((v = value_of(arg, "--mech")) != NULL)
	o->mech = v;
    else if ((v = value_of(arg, "--flags")) != NULL)
	o->flags = flags_of(v);
    else if ((v = value_of(arg, "--message")) != NULL)
	o->message = v;
    else if ((v = value_of(arg, "--late-token")) != NULL)
	o->late_token = v;
    else if ((v = value_of(arg, "--show-authdata")) != NULL)
	o->show_authdata = v;
    else
	return 0;
    return 1;
}

/*
 * Read the options of the program, or exit(2) with how they are.
 */
void
loop_options_read(struct loop_options *o, int argc, char **argv,
		  int initiator)
{
    int i;

    memset(o, 0, sizeof(*o));
    o->framing = GSS_FRAME_PLAIN;
    o->timeout = 10 * 1000;
    o->count = 1;
    o->max_token = GSS_FRAME_MAX_TOKEN;
    o->max_tokens = GSS_LOOP_MAX_TOKENS;
    o->host = "127.0.0.1";
    o->mech = "krb5";
    o->message = "a message of the loop programs";
    o->flags = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG |
	GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    for (i = 1; i < argc; i++)
	if (!common_option(o, argv[i]) &&
	    !(initiator ? initiator_option(o, argv[i]) :
	      acceptor_option(o, argv[i])))
	    usage(initiator);
    if (initiator && (o->port == 0 || o->service == NULL))
	usage(initiator);
    /* what is asked for is needed, unless it was said what is */
    if (!o->required_given)
	o->required = initiator ? o->flags : 0;
}

/*
 * The parameters that the options ask for; bindings is filled and pointed to.
 * Names, credentials and the mechanism are left to the program.
 */
void
loop_params_fill(struct gss_loop_params *params,
		 const struct loop_options *o,
		 gss_channel_bindings_t bindings)
{
    gss_loop_params_init(params);
    params->required = o->required;
    params->flags = o->flags;
    params->timeout = o->timeout;
    params->max_tokens = o->max_tokens;
    memset(bindings, 0, sizeof(*bindings));
    if (o->bindings) {
	bindings->application_data.length = strlen(o->bindings);
	bindings->application_data.value = (void *)o->bindings;
	params->bindings = bindings;
    }
}

/*
 * Import "service@host" as a host based service and anything with a slash,
 * or without an at sign, as a principal.  The OIDs are written out here so
 * that no symbol is needed.
 */
OM_uint32
loop_import_name(const char *text, gss_name_t *name, OM_uint32 *minor)
{
    /* 1.2.840.113554.1.2.1.4, 1.2.840.113554.1.2.2.1 (RFC 2743, 1964) */
    static gss_OID_desc host_based = {
	10, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04"
    };
    static gss_OID_desc principal = {
	10, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01"
    };
    gss_buffer_desc buf;

    buf.length = strlen(text);
    buf.value = (void *)text;
    return gss_import_name(minor, &buf, strchr(text, '/') ||
			   strchr(text, '@') == NULL ? &principal :
			   &host_based, name);
}

/*
 * Put one arc of an OID behind len octets in buf; returns the new length, or
 * 0 when there is no room.
 */
static size_t
put_arc(unsigned char *buf, size_t len, size_t size, unsigned long arc)
{
    unsigned char octets[10];
    size_t n = 0;

    do {
	octets[n++] = (unsigned char)(arc & 0x7f);
	arc >>= 7;
    } while (arc != 0 && n < sizeof(octets));
    if (size - len < n)
	return 0;
    while (n-- > 0)
	buf[len++] = octets[n] | (n > 0 ? 0x80 : 0);
    return len;
}

/*
 * An OID from "krb5", "spnego" or arcs with dots; its contents go to buf.
 * Returns 0 when the text is none.
 */
int
loop_oid(const char *text, gss_OID oid, unsigned char *buf, size_t size)
{
    unsigned long arc, first = 0;
    size_t len = 0, arcs = 0;
    char *end;

    if (strcmp(text, "krb5") == 0)
	text = "1.2.840.113554.1.2.2";
    else if (strcmp(text, "spnego") == 0)
	text = "1.3.6.1.5.5.2";
    do {
	if (*text < '0' || *text > '9')
	    return 0;
	arc = strtoul(text, &end, 10);
	if (arcs == 0) {
	    first = arc;
	} else {
	    len = put_arc(buf, len, size, arcs == 1 ? first * 40 + arc : arc);
	    if (len == 0)
		return 0;
	}
	arcs++;
	text = end + 1;
    } while (*end == '.');
    oid->elements = buf;
    oid->length = (OM_uint32)len;
    return *end == '\0' && arcs >= 2;
}

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *p = strchr(digits, c);

    return c == '\0' || p == NULL ? -1 : (int)((p - digits) & 15);
}

/*
 * A token from hexadecimal; free it with gss_frame_free().  Returns 0 when
 * the text is none.
 */
int
loop_hex(const char *text, gss_buffer_t token)
{
    size_t i, len = strlen(text) / 2;
    unsigned char *p;

    token->length = 0;
    token->value = p = malloc(len + 1);
    if (p == NULL || strlen(text) % 2 != 0)
	return 0;
    for (i = 0; i < len; i++) {
	int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

	if (high < 0 || low < 0)
	    return 0;
	p[i] = (unsigned char)(high << 4 | low);
    }
    token->length = len;
    return 1;
}
