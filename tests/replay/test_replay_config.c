/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The configuration of replay protection: global, per service, mistaken.
 *
 * REQ: XT-86, XT-88
 */

#include "replay_test.h"

#include "replay_policy.h"

static const struct row {
    const char *what, *gssapi, *service;
    enum replay_policy policy;
    int shared, warned;
} rows[] = {
    { "nothing", "", "nfs", REPLAY_POLICY_OFF, 0, 0 },
    { "for all", "replay_protection = auto", "nfs",
      REPLAY_POLICY_AUTO, 0, 0 },
    { "for all, service unknown", "replay_protection = auto", NULL,
      REPLAY_POLICY_AUTO, 0, 0 },
    { "for this one",
      "acceptor = {\n nfs = {\n replay_protection = challenge\n }\n }",
      "nfs", REPLAY_POLICY_CHALLENGE, 0, 0 },
    { "for another one",
      "acceptor = {\n nfs = {\n replay_protection = challenge\n }\n }",
      "host", REPLAY_POLICY_OFF, 0, 0 },
    { "for this one, service unknown",
      "acceptor = {\n nfs = {\n replay_protection = challenge\n }\n }",
      NULL, REPLAY_POLICY_OFF, 0, 0 },
    { "for this one before for all", "replay_protection = require\n"
      "acceptor = {\n nfs = {\n replay_protection = off\n }\n }",
      "nfs", REPLAY_POLICY_OFF, 0, 0 },
    { "for all, behind another one's", "replay_protection = require\n"
      "acceptor = {\n nfs = {\n replay_protection = off\n }\n }",
      "host", REPLAY_POLICY_REQUIRE, 0, 0 },
    { "a mistake", "replay_protection = yes", "nfs",
      REPLAY_POLICY_REQUIRE, 0, 1 },
    { "a long mistake", "replay_protection = "
      "\"0123456789 0123456789 0123456789 0123456789 0123456789\"", "nfs",
      REPLAY_POLICY_REQUIRE, 0, 1 },
    { "a mistake for this one", "replay_protection = off\n"
      "acceptor = {\n nfs = {\n replay_protection = chalenge\n }\n }",
      "nfs", REPLAY_POLICY_REQUIRE, 0, 1 },
    { "a mistake for another one", "replay_protection = cache\n"
      "acceptor = {\n nfs = {\n replay_protection = chalenge\n }\n }",
      "host", REPLAY_POLICY_CACHE, 0, 0 },
    { "shared", "shared_with_legacy = yes", "nfs", REPLAY_POLICY_OFF, 1, 0 },
    { "shared, but for this one", "shared_with_legacy = yes\n"
      "acceptor = {\n nfs = {\n shared_with_legacy = no\n }\n }",
      "nfs", REPLAY_POLICY_OFF, 0, 0 },
    { "this one is shared",
      "acceptor = {\n nfs = {\n shared_with_legacy = yes\n }\n }",
      "nfs", REPLAY_POLICY_OFF, 1, 0 },
    { "this one is shared, service unknown",
      "acceptor = {\n nfs = {\n shared_with_legacy = yes\n }\n }",
      NULL, REPLAY_POLICY_OFF, 0, 0 }
};

int
main(int argc, char **argv)
{
    struct replay_config config;
    krb5_context context;
    char text[512];
    size_t i;

    enter_test_dir();
    setenv("KRB5_CONFIG", "krb5.conf", 1);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
	snprintf(text, sizeof(text), "[gssapi]\n%s\n", rows[i].gssapi);
	write_file("krb5.conf", text, strlen(text));
	if (krb5_init_context(&context))
	    errx(1, "krb5_init_context");
	memset(&config, 0xee, sizeof(config));
	_gsskrb5_ext_replay_config(context, rows[i].service, &config);
	check(config.policy == rows[i].policy &&
	      config.shared == rows[i].shared &&
	      (config.warning[0] != '\0') == rows[i].warned,
	      "%s: %s%s%s%s", rows[i].what,
	      _gsskrb5_ext_replay_policy_name(config.policy),
	      config.shared ? ", shared" : "",
	      config.warning[0] ? "; " : "", config.warning);
	krb5_free_context(context);
    }
    return check_done();
}
