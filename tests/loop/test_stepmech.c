/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The step mechanism does what stepmech.c says: the other programs of this
 * directory depend on it.
 */

#define STEPMECH_REGISTER 1
#include "stepmech.h"
#include "sec_test.h"

struct exchange {
    gss_ctx_id_t ctx[2];	/* initiator, acceptor */
    OM_uint32 major[2], minor[2], flags[2];
    int tokens, late;
};

static gss_name_t target;

/*
 * Tokens go to and fro until one side fails or both are done.
 */
static void
run(struct exchange *x, gss_OID mech, OM_uint32 flags)
{
    gss_buffer_desc in, out;
    OM_uint32 junk;
    int side = 0;

    memset(x, 0, sizeof(*x));
    memset(&in, 0, sizeof(in));
    x->major[0] = x->major[1] = GSS_S_CONTINUE_NEEDED;
    for (;;) {
	if (side == 0)
	    x->major[0] = gss_init_sec_context(&x->minor[0],
		GSS_C_NO_CREDENTIAL, &x->ctx[0], target, mech, flags, 0,
		GSS_C_NO_CHANNEL_BINDINGS, &in, NULL, &out, &x->flags[0],
		NULL);
	else
	    x->major[1] = gss_accept_sec_context(&x->minor[1], &x->ctx[1],
		GSS_C_NO_CREDENTIAL, &in, GSS_C_NO_CHANNEL_BINDINGS, NULL,
		NULL, &out, &x->flags[1], NULL, NULL);
	gss_release_buffer(&junk, &in);
	in = out;
	if (out.length == 0 || x->major[!side] == GSS_S_COMPLETE)
	    break;
	x->tokens++;
	side = !side;
    }
    if (in.length)
	x->late = 1;
    gss_release_buffer(&junk, &in);
}

static void
end(struct exchange *x)
{
    OM_uint32 minor;

    gss_delete_sec_context(&minor, &x->ctx[0], GSS_C_NO_BUFFER);
    gss_delete_sec_context(&minor, &x->ctx[1], GSS_C_NO_BUFFER);
}

static int
messages_work(struct exchange *x, int from)
{
    static char text[] = "a message";
    gss_buffer_desc message, token, plain;
    OM_uint32 major, minor;
    int ok, conf, state;

    message.value = text;
    message.length = sizeof(text);
    major = gss_get_mic(&minor, x->ctx[from], 0, &message, &token);
    if (major != GSS_S_COMPLETE)
	return 0;
    ok = gss_verify_mic(&minor, x->ctx[!from], &message, &token, NULL) ==
	GSS_S_COMPLETE &&
	gss_verify_mic(&minor, x->ctx[!from], &message, &token, NULL) ==
	GSS_S_DUPLICATE_TOKEN &&
	gss_verify_mic(&minor, x->ctx[from], &message, &token, NULL) ==
	GSS_S_BAD_SIG;
    ((unsigned char *)token.value)[token.length - 1] ^= 1;
    ok = ok && gss_verify_mic(&minor, x->ctx[!from], &message, &token,
			      NULL) == GSS_S_BAD_SIG;
    gss_release_buffer(&minor, &token);
    for (conf = 0; conf <= 1; conf++) {
	major = gss_wrap(&minor, x->ctx[from], conf, 0, &message, &state,
			 &token);
	ok = ok && major == GSS_S_COMPLETE && state == conf;
	major = gss_unwrap(&minor, x->ctx[!from], &token, &plain, &state,
			   NULL);
	ok = ok && major == GSS_S_COMPLETE && state == conf &&
	    plain.length == sizeof(text) &&
	    memcmp(plain.value, text, sizeof(text)) == 0;
	gss_release_buffer(&minor, &token);
	gss_release_buffer(&minor, &plain);
    }
    return ok;
}

static void
test_numbers_of_tokens(gss_OID mech, const char *name)
{
    char text[64];
    struct exchange x;
    int n, mic;

    for (n = 1; n <= 6; n++)
	for (mic = 0; mic <= 1; mic++) {
	    snprintf(text, sizeof(text), "tokens=%d mic=%s", n,
		     mic ? "yes" : "no");
	    stepmech_configure(mech, text);
	    run(&x, mech, GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG |
		GSS_C_SEQUENCE_FLAG);
	    check(x.major[0] == GSS_S_COMPLETE &&
		  x.major[1] == GSS_S_COMPLETE && x.tokens == n &&
		  x.flags[0] == x.flags[1] &&
		  !(x.flags[0] & GSS_C_MUTUAL_FLAG) == (n == 1) &&
		  !(x.flags[0] & GSS_C_INTEG_FLAG) == !mic &&
		  messages_work(&x, 0) == mic && messages_work(&x, 1) == mic,
		  "%s %s: %d tokens, flags %x", name, text, x.tokens,
		  (unsigned)x.flags[0]);
	    end(&x);
	    check(stepmech_live_contexts() == 0, "  nothing left");
	}
    stepmech_configure(mech, NULL);
}

static void
test_fault(const char *text, OM_uint32 init, OM_uint32 init_minor,
	   OM_uint32 acpt, OM_uint32 acpt_minor)
{
    struct exchange x;

    stepmech_configure(STEPMECH_A, text);
    run(&x, STEPMECH_A, GSS_C_MUTUAL_FLAG);
    check(x.major[0] == init && x.major[1] == acpt &&
	  (!GSS_ERROR(init) || x.minor[0] == init_minor) &&
	  (!GSS_ERROR(acpt) || x.minor[1] == acpt_minor),
	  "%s: initiator %08x/%x, acceptor %08x/%x", text,
	  (unsigned)x.major[0], (unsigned)x.minor[0], (unsigned)x.major[1],
	  (unsigned)x.minor[1]);
    end(&x);
    stepmech_configure(STEPMECH_A, NULL);
}

static void
test_faults(void)
{
    test_fault("tokens=3 fault=init:1:error", GSS_S_FAILURE,
	       STEPMECH_MINOR_FAULT, GSS_S_CONTINUE_NEEDED, 0);
    test_fault("tokens=3 fault=accept:1:error", GSS_S_CONTINUE_NEEDED, 0,
	       GSS_S_FAILURE, STEPMECH_MINOR_FAULT);
    test_fault("tokens=3 fault=accept:1:errtoken", GSS_S_FAILURE,
	       STEPMECH_MINOR_PEER, GSS_S_FAILURE, STEPMECH_MINOR_FAULT);
    test_fault("tokens=4 fault=accept:2:error", GSS_S_CONTINUE_NEEDED, 0,
	       GSS_S_FAILURE, STEPMECH_MINOR_FAULT);
    test_fault("tokens=3 fault=init:2:empty", GSS_S_CONTINUE_NEEDED, 0,
	       GSS_S_CONTINUE_NEEDED, 0);
    test_fault("init=no", GSS_S_NO_CRED, STEPMECH_MINOR_FAULT,
	       GSS_S_CONTINUE_NEEDED, 0);
    test_fault("accept=no", GSS_S_CONTINUE_NEEDED, 0, GSS_S_NO_CRED,
	       STEPMECH_MINOR_FAULT);
    test_fault("tokens=3", GSS_S_COMPLETE, 0, GSS_S_COMPLETE, 0);
}

int
main(int argc, char **argv)
{
    gss_buffer_desc name;
    OM_uint32 minor;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    stepmech_register();
    name.value = rk_UNCONST("service@step.test");
    name.length = strlen(name.value);
    if (gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE, &target))
	errx(1, "gss_import_name");
    test_numbers_of_tokens(STEPMECH_A, "a");
    test_numbers_of_tokens(STEPMECH_B, "b");
    test_faults();
    gss_release_name(&minor, &target);
    check(stepmech_live() == 0, "nothing is left: %d contexts, %d names, "
	  "%d credentials", stepmech_live_contexts(), stepmech_live_names(),
	  stepmech_live_creds());
    return check_done();
}
