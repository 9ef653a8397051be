/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Memory is short at one place of a PKINIT login, of the client's side or the
 * KDC's, which are both in this process: it does not crash, no login succeeds
 * that has to be refused or without all that belongs to it, and the next one
 * works.  What is lost is told, and no finding: libkrb5's PKINIT has more
 * places where it goes without cleaning up (doc/assurance.md).
 *
 * usage: faults_pkinit client|kdc good|bad KDC.CONF CLIENT.CONF PRINCIPAL
 *            IDENTITY CCACHE
 */

#include "faults.h"
#include "krb5_locl.h"
#include <kdc.h>
#include <send_to_kdc_plugin.h>

/*
 * As faults_kdc.c has it, and doc/assurance.md says why; here with what they
 * call, for hx509 takes what it has decoded for whole.
 */
static const char *const spared[] = {
    "libdb", "liblmdb", "libhx509", "libhcrypto", "libheimbase", "libwind",
    NULL
};

static struct login {
    int of_kdc;			/* whose memory is short */
    int good;
    const char *kdc_conf, *client_conf, *principal, *identity, *ccache;
} login;

static krb5_context kdc_context, context;
static krb5_kdc_configuration *config;
static krb5_principal client;

/*
 * A plugin, in the place of the network.
 */
static krb5_error_code
ask_kdc(krb5_context ctx, void *plugin, krb5_const_realm realm,
	time_t timeout, const krb5_data *in, krb5_data *out)
{
    krb5_boolean prepend = FALSE;
    struct sockaddr_in sin;
    int armed = fault_armed;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    krb5_data_zero(out);
    fault_off();
    krb5_kdc_update_time(NULL);
    if (login.of_kdc)
	fault_on();
    (void)krb5_kdc_process_request(kdc_context, config, in->data, in->length,
				   out, &prepend, "IPv4:127.0.0.1",
				   (struct sockaddr *)&sin, 0);
    fault_off();
    krb5_clear_error_message(kdc_context);
    fault_armed = armed;
    /* a KDC that has no answer is silent */
    return out->length == 0 || out->data == NULL ? KRB5_KDC_UNREACH : 0;
}

static krb5_error_code
start_plugin(krb5_context ctx, void **data)
{
    *data = NULL;
    return 0;
}

static void
end_plugin(void *data)
{
}

static krb5plugin_send_to_kdc_ftable network = {
    KRB5_PLUGIN_SEND_TO_KDC_VERSION_2, start_plugin, end_plugin, NULL, ask_kdc
};

static krb5_error_code
log_in(krb5_creds *creds)
{
    krb5_get_init_creds_opt *opt;
    krb5_error_code ret;

    memset(creds, 0, sizeof(*creds));
    ret = krb5_get_init_creds_opt_alloc(context, &opt);
    if (ret)
	return ret;
    ret = krb5_get_init_creds_opt_set_pkinit(context, opt, client,
	login.identity, NULL, NULL, NULL, 0, NULL, NULL, NULL);
    if (ret == 0)
	ret = krb5_get_init_creds_password(context, creds, client, NULL, NULL,
					   NULL, 0, NULL, opt);
    krb5_get_init_creds_opt_free(context, opt);
    return ret;
}

static krb5_error_code
keep(krb5_creds *creds)
{
    krb5_error_code ret;
    krb5_ccache cc;

    ret = krb5_cc_resolve(context, login.ccache, &cc);
    if (ret)
	return ret;
    ret = krb5_cc_initialize(context, cc, creds->client);
    if (ret == 0)
	ret = krb5_cc_store_cred(context, cc, creds);
    krb5_cc_close(context, cc);
    return ret;
}

/*
 * Whether what the cache says is the login.
 */
static int
is_kept(krb5_creds *creds)
{
    krb5_creds found;
    krb5_ccache cc;
    int same = 0;

    if (krb5_cc_resolve(context, login.ccache, &cc))
	return 0;
    if (krb5_cc_retrieve_cred(context, cc, 0, creds, &found) == 0) {
	same = krb5_data_cmp(&found.ticket, &creds->ticket) == 0 &&
	    krb5_data_ct_cmp(&found.session.keyvalue,
			     &creds->session.keyvalue) == 0;
	krb5_free_cred_contents(context, &found);
    }
    krb5_cc_close(context, cc);
    return same;
}

static const char *
verdict(krb5_error_code ret, krb5_error_code kept, krb5_creds *creds)
{
    if (ret)
	return login.good && !fault_hit ? "it fails" : NULL;
    if (!login.good)
	return "it succeeds";
    if (creds->client == NULL ||
	!krb5_principal_compare(context, creds->client, client))
	return "the login of somebody else";
    if (creds->ticket.length == 0 || creds->session.keyvalue.length == 0 ||
	creds->times.endtime == 0)
	return "a login that lacks a part";
    if (kept == 0 && !is_kept(creds))
	return "success, and it is not kept";
    return NULL;
}

static const char *
run(void *arg)
{
    krb5_error_code ret, kept = 0;
    const char *wrong;
    krb5_creds creds;

    if (!login.of_kdc)
	fault_on();
    ret = log_in(&creds);
    if (ret == 0)
	kept = keep(&creds);
    fault_off();
    if (ret && login.good && !fault_hit)
	krb5_warn(context, ret, "%s", login.principal);
    wrong = verdict(ret, kept, &creds);
    krb5_free_cred_contents(context, &creds);
    krb5_clear_error_message(context);
    return wrong;
}

static krb5_context
new_context(const char *conf)
{
    krb5_context ctx;

    setenv("KRB5_CONFIG", conf, 1);
    if (krb5_init_context(&ctx))
	errx(1, "krb5_init_context");
    return ctx;
}

static void
prepare(void *arg)
{
    krb5_error_code ret;

    kdc_context = new_context(login.kdc_conf);
    ret = krb5_kdc_get_config(kdc_context, &config);
    if (ret == 0)
	ret = krb5_initlog(kdc_context, "kdc", &config->logf);
    if (ret == 0)
	ret = krb5_addlog_dest(kdc_context, config->logf,
			       "0-0/FILE:/dev/null");
    if (ret == 0)
	ret = krb5_kdc_set_dbinfo(kdc_context, config);
    if (ret == 0)
	ret = krb5_kdc_pkinit_config(kdc_context, config);
    if (ret)
	krb5_err(kdc_context, 1, ret, "the KDC");
    context = new_context(login.client_conf);
    ret = krb5_parse_name(context, login.principal, &client);
    if (ret == 0)
	ret = krb5_plugin_register(context, PLUGIN_TYPE_DATA,
				   KRB5_PLUGIN_SEND_TO_KDC, &network);
    if (ret)
	krb5_err(context, 1, ret, "the client");
}

int
main(int argc, char **argv)
{
    setprogname(argv[0]);
    fault_spared = fault_spared_below = spared;
    fault_only_told = 1;
    if (argc != 8)
	errx(2, "usage: faults_pkinit client|kdc good|bad KDC.CONF "
	     "CLIENT.CONF PRINCIPAL IDENTITY CCACHE");
    login.of_kdc = strcmp(argv[1], "kdc") == 0;
    login.good = strcmp(argv[2], "good") == 0;
    login.kdc_conf = argv[3];
    login.client_conf = argv[4];
    login.principal = argv[5];
    login.identity = argv[6];
    login.ccache = argv[7];
    return fault_scenario(argv[1], prepare, run, NULL, 1) != 0;
}
