/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * SPNEGO over krb5: as in 7.8 where krb5 is preferred, with a list as Windows
 * sends it, and no way down from krb5 to a mechanism that the acceptor never
 * had to choose.
 *
 * REQ: GL-37, GL-24
 */

#include "gss_pair.h"
#include "spnego_run.h"

static void
put_oid(MechType *type, gss_OID oid)
{
    size_t size;

    if (der_get_oid(oid->elements, oid->length, type, &size))
	errx(1, "der_get_oid");
}

/* what Windows before 7 puts first */
static void
windows_list(struct run *run, int n, NegotiationToken *nt)
{
    static gss_OID_desc mskrb =
	{ 9, rk_UNCONST("\x2a\x86\x48\x82\xf7\x12\x01\x02\x02") };
    MechTypeList *list = &nt->u.negTokenInit.mechTypes;
    MechType type;

    if (n != 1)
	return;
    put_oid(&type, GSS_KRB5_MECHANISM);
    if (add_MechTypeList(list, &type))
	errx(1, "add_MechTypeList");
    free_MechType(&type);
    free_MechType(&list->val[0]);
    put_oid(&list->val[0], &mskrb);
}

/* krb5 is not offered to the acceptor */
static void
remove_krb5(struct run *run, int n, NegotiationToken *nt)
{
    NegTokenInit *init = &nt->u.negTokenInit;

    if (n != 1)
	return;
    remove_MechTypeList(&init->mechTypes, 0);
    der_free_octet_string(init->mechToken);
    free(init->mechToken);
    init->mechToken = NULL;
}

static void
test_exchange(struct gss_pair *pair, const char *what, run_hook hook,
	      OM_uint32 flags, int messages)
{
    struct run run;

    run_init(&run, pair->target, flags);
    run.hook = hook;
    run_all(&run);
    check(run.major[0] == GSS_S_COMPLETE && run.major[1] == GSS_S_COMPLETE &&
	  run.messages == messages && run.mics[0] + run.mics[1] == 0 &&
	  gss_oid_equal(run.mech[0], GSS_KRB5_MECHANISM) &&
	  gss_oid_equal(run.mech[1], GSS_KRB5_MECHANISM) &&
	  run_messages_work(&run), "%s, flags %x: %08x/%08x, %d messages, "
	  "flags %x/%x", what, (unsigned)flags, (unsigned)run.major[0],
	  (unsigned)run.major[1], run.messages, (unsigned)run.flags[0],
	  (unsigned)run.flags[1]);
    check(run.broken == NULL, "  %s", run.broken ? run.broken : "no rule "
	  "of the API broken");
    run_end(&run);
}

static void
test_down(struct gss_pair *pair, int tokens)
{
    struct run run;
    char text[32];

    snprintf(text, sizeof(text), "tokens=%d", tokens);
    stepmech_configure(STEPMECH_A, text);
    run_init(&run, pair->target, GSS_C_MUTUAL_FLAG);
    run.hook = remove_krb5;
    run_all(&run);
    check(run.major[0] == (tokens % 2 ? GSS_S_BAD_MECH :
			   GSS_S_DEFECTIVE_TOKEN) &&
	  run.major[1] == (tokens % 2 ? GSS_S_DEFECTIVE_TOKEN :
			   GSS_S_COMPLETE) && run.broken == NULL,
	  "krb5 removed, %d tokens: %08x/%08x%s%s", tokens,
	  (unsigned)run.major[0], (unsigned)run.major[1],
	  run.broken ? ", " : "", run.broken ? run.broken : "");
    run_end(&run);
    stepmech_configure(STEPMECH_A, "init=no");
}

static void
test_enctype(krb5_enctype enctype, const char *name)
{
    struct gss_pair pair;
    int tokens;

    pair_init(&pair, enctype);
    test_exchange(&pair, name, NULL, 0, 2);
    test_exchange(&pair, name, NULL, GSS_C_INTEG_FLAG, 2);
    test_exchange(&pair, name, NULL, GSS_C_MUTUAL_FLAG, 2);
    test_exchange(&pair, name, NULL, GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG |
		  GSS_C_CONF_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG,
		  2);
    test_exchange(&pair, name, NULL, GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE, 4);
    test_exchange(&pair, "as from Windows", windows_list, 0, 2);
    test_exchange(&pair, "as from Windows", windows_list, GSS_C_MUTUAL_FLAG,
		  2);
    test_exchange(&pair, "as from Windows", windows_list,
		  GSS_C_MUTUAL_FLAG | GSS_C_DCE_STYLE, 4);
    for (tokens = 1; tokens <= 6; tokens++)
	test_down(&pair, tokens);
    test_exchange(&pair, name, NULL, GSS_C_MUTUAL_FLAG, 2);
    pair_free(&pair);
}

int
main(int argc, char **argv)
{
    run_setup();
    setenv("KRB5CCNAME", "MEMORY:gss_pair", 1);
    setenv("KRB5_KTNAME", "MEMORY:gss_pair", 1);
    stepmech_configure(STEPMECH_A, "init=no");
    stepmech_configure(STEPMECH_B, "init=no");
    test_enctype(ETYPE_AES256_CTS_HMAC_SHA1_96, "aes256");
    test_enctype(ETYPE_ARCFOUR_HMAC_MD5, "arcfour");
    check(stepmech_live() == 0, "nothing is left");
    return check_done();
}
