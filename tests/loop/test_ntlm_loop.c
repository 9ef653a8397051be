/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The initiator of lib/gssapi/test_ntlm.c, that makes its tokens by hand,
 * and an acceptor that is played from a script here: what it takes for a good
 * exchange, and that it leaves nothing behind.  The program is compiled in.
 */

#include "config.h"

#include <roken.h>
#include <err.h>
#include <getarg.h>
#include <gssapi.h>
#include <krb5.h>
#include <heimntlm.h>
#include "test_common.c"

#include "fake_handles.h"

/* What the acceptor does with the first and with the second token. */
static const struct script {
    const char *name;
    int negotiated;		/* NTLM_NEG_* of the program's call */
    OM_uint32 major[2];
    int token[2];		/* whether one comes out */
    OM_uint32 flags;		/* of the second call */
    int status;			/* exit status, 0 when it returns */
    int calls;
    const char *says;
} scripts[] = {
    /* REQ: GL-07, GL-17, GL-39 */
    { "a good exchange", 0, { CONTINUE, COMPLETE }, { 1, 0 }, 0, 0, 2, "" },
    { "with a key exchange", NTLM_NEG_KEYEX,
      { CONTINUE, COMPLETE }, { 1, 0 }, 0, 0, 2, "" },
    { "with messages", NTLM_NEG_SIGN,
      { CONTINUE, COMPLETE }, { 1, 0 }, MESSAGES, 0, 2, "" },
    { "with a flag of no concern", 0,
      { CONTINUE, COMPLETE }, { 1, 0 }, GSS_C_TRANS_FLAG, 0, 2, "" },

    /* REQ: GL-08, GL-18, GL-32, GL-33, GL-34, GL-39 */
    { "complete at the first token", 0,
      { COMPLETE, COMPLETE }, { 1, 0 }, 0, 1, 1, "gss-code: 0 " },
    { "complete at the first token, without an answer", 0,
      { COMPLETE, COMPLETE }, { 0, 0 }, 0, 1, 1, "gss-code: 0 " },
    { "neither complete nor to be continued", 0,
      { GSS_S_OLD_TOKEN, COMPLETE }, { 1, 0 }, 0, 1, 1, "gss-code: 4 " },
    { "no answer to the first token", 0,
      { CONTINUE, COMPLETE }, { 0, 0 }, 0, 1, 1, "output.length == 0" },
    { "a first token that is refused", 0,
      { GSS_S_FAILURE, COMPLETE }, { 0, 0 }, 0, 1, 1, "gss-code: 851968 " },
    { "a first token that is refused with a token", 0,
      { GSS_S_FAILURE, COMPLETE }, { 1, 0 }, 0, 1, 1, "gss-code: 851968 " },
    { "a second token that is refused", 0,
      { CONTINUE, GSS_S_DEFECTIVE_TOKEN }, { 1, 0 }, 0, 1, 2,
      "gss-code: 589824 " },
    { "a second token that is refused with a token", 0,
      { CONTINUE, GSS_S_DEFECTIVE_TOKEN }, { 1, 1 }, 0, 1, 2,
      "gss-code: 589824 " },
    { "not complete at the second token", 0,
      { CONTINUE, CONTINUE }, { 1, 1 }, 0, 1, 2, "gss-code: 1 " },

    /* REQ: GL-20, GL-39 */
    { "a token after the end", 0,
      { CONTINUE, COMPLETE }, { 1, 1 }, 0, 1, 2, "output.length == " },

    /* REQ: GL-22, GL-24 */
    { "no confidentiality where it was negotiated", NTLM_NEG_SIGN,
      { CONTINUE, COMPLETE }, { 1, 0 }, GSS_C_INTEG_FLAG, 1, 2,
      "flags 0x20" },
    { "no integrity where it was negotiated", NTLM_NEG_SIGN,
      { CONTINUE, COMPLETE }, { 1, 0 }, GSS_C_CONF_FLAG, 1, 2,
      "flags 0x10" },
    { "messages that nobody negotiated", 0,
      { CONTINUE, COMPLETE }, { 1, 0 }, MESSAGES, 1, 2, "flags 0x30" },
};

/* What was seen; shared with the child that runs the exchange. */
static struct seen {
    int calls;
    int live;			/* handed out and not yet released */
    int bad_input;		/* not the message that is due */
} *seen;

static const struct script *script;
static int objects[2];		/* what the handles point to */

/*
 * Whether it is the message that is due.
 */
static int
good_input(int call, gss_buffer_t in)
{
    struct ntlm_type1 type1;
    struct ntlm_type3 type3;
    struct ntlm_buf data;

    data.data = in->value;
    data.length = in->length;
    if (call == 0) {
	if (heim_ntlm_decode_type1(&data, &type1))
	    return 0;
	heim_ntlm_free_type1(&type1);
	return 1;
    }
    if (heim_ntlm_decode_type3(&data, 1, &type3))
	return 0;
    call = strcmp(type3.username, "foo") == 0 && type3.ntlm.length > 0;
    heim_ntlm_free_type3(&type3);
    return call;
}

/*
 * A type 2 message, with the flags of the program's call.
 */
static void
make_answer(gss_buffer_t out)
{
    struct ntlm_type2 type2;
    struct ntlm_buf data;

    memset(&type2, 0, sizeof(type2));
    type2.flags = NTLM_NEG_UNICODE | NTLM_NEG_NTLM | script->negotiated;
    type2.targetname = rk_UNCONST("TARGET");
    if (heim_ntlm_encode_type2(&type2, &data))
	errx(2, "heim_ntlm_encode_type2");
    fake_buffer(out, data.data, data.length);
}

static OM_uint32
fake_accept_sec_context(OM_uint32 *minor, gss_ctx_id_t *context,
			gss_cred_id_t cred, gss_buffer_t in, void *bindings,
			gss_name_t *source, gss_OID *mech, gss_buffer_t out,
			OM_uint32 *flags, OM_uint32 *left,
			gss_cred_id_t *delegated)
{
    int call = seen->calls++;
    OM_uint32 major;

    out->length = 0;
    out->value = NULL;
    *minor = 0;
    if (call > 1)
	return GSS_S_FAILURE;
    if (!good_input(call, in))
	seen->bad_input++;
    fake_context(context, &objects[0]);
    if (script->token[call])
	make_answer(out);
    major = script->major[call];
    if (flags)
	*flags = script->flags;
    if (source)
	*source = GSS_C_NO_NAME;
    if (source && major == GSS_S_COMPLETE)
	fake_name(source, &objects[1]);
    return major;
}

static OM_uint32
fake_display_name(OM_uint32 *minor, gss_name_t name, gss_buffer_t text,
		  gss_OID *type)
{
    *minor = 0;
    fake_buffer(text, strdup("foo@TARGET"), strlen("foo@TARGET"));
    return GSS_S_COMPLETE;
}

int test_ntlm_main(int argc, char **argv);

#define main test_ntlm_main
#define gss_accept_sec_context fake_accept_sec_context
#define gss_display_name fake_display_name
#include "test_ntlm.c"
#undef main

static void
exchange_v1(void *arg)
{
    test_libntlm_v1(script->negotiated);
}

static void
exchange_v2(void *arg)
{
    test_libntlm_v2(script->negotiated);
}

static void
check_script(const char *version, void (*exchange)(void *))
{
    char said[1024];
    int status;

    memset(seen, 0, sizeof(*seen));
    status = child_run(exchange, NULL, said, sizeof(said));
    check(status == script->status && seen->calls == script->calls &&
	  strstr(said, script->says) != NULL &&
	  (*said == '\0') == (script->status == 0) && seen->bad_input == 0,
	  "%s, %s: status %d, %d calls", version, script->name, status,
	  seen->calls);
    check_handles(said);
}

int
main(int argc, char **argv)
{
    size_t i;

    setprogname(argv[0]);
    seen = child_shared(sizeof(*seen));
    counted = &seen->live;
    for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
	script = &scripts[i];
	check_script("v1", exchange_v1);
	check_script("v2", exchange_v2);
    }
    return check_done();
}
