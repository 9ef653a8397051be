/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The verdict on channel bindings, for all that can be: compiled in here, for
 * in libgssapi others look at a hash before it does.
 *
 * REQ: KI-11, KI-12
 */

#include <config.h>
#include <roken.h>

#include "kile.h"
#include "sec_test.h"

int
main(void)
{
    static const enum kile_hash hashes[] = {
	KILE_HASH_MISSING, KILE_HASH_ZERO, KILE_HASH_MATCHES, KILE_HASH_DIFFERS
    };
    struct kile_bindings request;
    enum kile_verdict want, got;
    unsigned i;

    for (i = 0; i < 32; i++) {
	memset(&request, 0, sizeof(request));
	request.given = i & 1;
	request.aware = (i >> 1) & 1;
	request.required = (i >> 2) & 1;
	request.hash = hashes[i >> 3];
	if (!request.given)
	    want = KILE_ACCEPT;
	else if (request.hash == KILE_HASH_MATCHES)
	    want = KILE_BOUND;
	else if (request.hash == KILE_HASH_DIFFERS)
	    want = KILE_REFUSE;
	else
	    want = request.aware || request.required ? KILE_REFUSE :
		KILE_ACCEPT;
	got = _gsskrb5_ext_judge_bindings(&request);
	check(got == want, "given %d, aware %d, required %d, hash %d: %d, "
	      "want %d", request.given, request.aware, request.required,
	      (int)request.hash, (int)got, (int)want);
    }
    return check_done();
}
