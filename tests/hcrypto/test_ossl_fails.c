/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * OpenSSL behind hcrypto, one of whose functions fails once: what is computed
 * is right or an error, nothing is lost, no error is left in OpenSSL's queue,
 * and the next one works.  No function of OpenSSL is given what another has
 * failed to make.
 */

/* REQ: none (issue 8) */

#include "../assure/faults.h"
#include "key_runs.h"
#include "ossl_errors.h"
#include "ossl_fail.h"
#include "../security/sec_test.h"

#ifdef HAVE_OPENSSL_30

#define FUNCTIONS 64
#define MOST 24			/* calls of one function that fail in turn */

/* What a run calls, and how often; of a process of its own. */
static struct calls {
    int len;
    const char *name[FUNCTIONS];
    int count[FUNCTIONS];
} *calls;

static const char *failing;
static int failing_at;
static int keeps_failing;	/* and all calls behind it */
static int notes;		/* calls are noted */

int
ossl_fails(const char *function)
{
    int i;

    if (!fault_armed)
	return 0;
    if (notes) {
	for (i = 0; i < calls->len && calls->name[i] != function; i++)
	    ;
	if (i == FUNCTIONS)
	    errx(1, "FUNCTIONS is too small");
	if (i == calls->len)
	    calls->name[calls->len++] = function;
	calls->count[i]++;
    }
    if (failing == NULL || strcmp(function, failing) != 0 ||
	failing_at == 0)
	return 0;
    if (failing_at > 1) {
	failing_at--;
	return 0;
    }
    failing_at = keeps_failing;
    fault_hit = 1;
    return 1;
}

static const char *
run_once(fault_run run)
{
    const char *wrong;

    fault_hit = 0;
    wrong = run(NULL);
    if (wrong == NULL && !ossl_no_errors())
	wrong = "an error is left in the queue";
    return wrong;
}

/*
 * Where something else is used in the place of what has failed: hcrypto's own,
 * or the next of some tries to make a key.
 */
static int
has_other(fault_run run)
{
    return strstr(failing, "_fetch") != NULL ||
	strstr(failing, "_get_block_size") != NULL ||
	strstr(failing, "_get_key_length") != NULL ||
	strstr(failing, "_get_iv_length") != NULL ||
	strcmp(failing, "EVP_MD_get_size") == 0 ||
	strcmp(failing, "PKCS5_PBKDF2_HMAC") == 0 ||
	(run == use_new_dh && !keeps_failing);
}

/*
 * A run, in which the function fails, and the next.  warm: there was one
 * before them, which has made what is made once.
 */
static const char *
run_failing(fault_run run, int warm)
{
    const char *name = failing, *wrong, *after;
    long live;

    failing = NULL;
    if (warm && run_once(run) != NULL)
	return "the first fails";
    live = fault_live;
    failing = name;
    fault_must = !has_other(run);
    wrong = run_once(run);
    fault_must = 0;
    if (wrong == NULL && !fault_hit)
	wrong = "it has not failed";
    failing = NULL;
    failing_at = 0;
    after = run_once(run);
    if (wrong == NULL && after != NULL)
	wrong = "and so the next does not work";
    if (wrong == NULL && warm && fault_live != live)
	wrong = "something is lost";
    return wrong;
}

/*
 * Run it in a process of its own; function NULL: note what it calls.  Returns
 * 0 when something is wrong.
 */
static int
in_child(const char *name, fault_run run, int warm, const char *function,
	 int at, int keeps)
{
    const char *wrong = NULL;
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	if (function == NULL) {
	    if (warm)
		wrong = run_once(run);
	    notes = 1;
	    if (wrong == NULL)
		wrong = run_once(run);
	} else {
	    failing = function;
	    failing_at = at;
	    keeps_failing = keeps;
	    wrong = run_failing(run, warm);
	}
	if (wrong != NULL)
	    printf("%s, %s fails, call %d%s%s: %s\n", name,
		   function ? function : "nothing", at,
		   keeps ? " and later" : "",
		   warm ? "" : " of the first run", wrong);
	exit(wrong != NULL);	/* not _exit(): for --coverage and --asan */
    }
    if (waitpid(pid, &status, 0) < 0)
	err(1, "waitpid");
    if (WIFSIGNALED(status))
	printf("%s, %s fails, call %d: it ends with signal %d\n", name,
	       function ? function : "nothing", at, WTERMSIG(status));
    return status == 0;
}

/*
 * Each call of each function, in the second run of a process and, what is
 * called no more then, in the first.  Returns the number of findings.
 */
static int
fail_each(const char *name, fault_run run)
{
    struct calls second;
    int warm, i, k, at, findings = 0, faults = 0;

    memset(&second, 0, sizeof(second));
    for (warm = 1; warm >= 0; warm--) {
	memset(calls, 0, sizeof(*calls));
	findings += !in_child(name, run, warm, NULL, 0, 0);
	for (i = 0; i < calls->len; i++) {
	    for (k = 0; k < second.len; k++)
		if (second.name[k] == calls->name[i])
		    break;
	    if (k < second.len)
		continue;
	    for (at = 1; at <= calls->count[i] && at <= MOST; at++) {
		faults += 2;
		findings += !in_child(name, run, warm, calls->name[i], at, 0);
		findings += !in_child(name, run, warm, calls->name[i], at, 1);
	    }
	}
	second = *calls;
    }
    printf("%s: %d faults, %d findings\n", name, faults, findings);
    return faults == 0 ? -1 : findings;
}

int
main(int argc, char **argv)
{
    size_t i;

    calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (calls == MAP_FAILED)
	err(1, "mmap");
    hcrypto_validate();		/* ends the process when it fails */
    for (i = 0; i < sizeof(key_runs) / sizeof(key_runs[0]); i++)
	check(fail_each(key_runs[i].name, key_runs[i].run) == 0,
	      "%s, OpenSSL fails", key_runs[i].name);
    return check_done();
}

#else

int
main(int argc, char **argv)
{
    return 77;			/* skipped */
}

#endif /* HAVE_OPENSSL_30 */
