/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Messages in another order than they were made, against a list of what was
 * seen: each comes through once, and with the status of RFC 2743 1.2.3.
 *
 * REQ: GL-26, XT-93
 */

#include "gss_call.h"
#include "sec_test.h"

#define WINDOW 20
#define MANY 64

static char text[] = "message";
static gss_buffer_desc message = { sizeof(text) - 1, text };

/* Numbers from 0, and as many of the highest as the window has. */
struct model {
    int sequence;		/* GSS_C_SEQUENCE_FLAG */
    int seen[MANY];
    int count;
    int next;			/* the highest one, and 1 */
};

static int
is_seen(const struct model *m, int n)
{
    int i;

    for (i = 0; i < m->count; i++)
	if (m->seen[i] == n)
	    return 1;
    return 0;
}

/*
 * Whether it is below all of a full window.
 */
static int
is_old(const struct model *m, int n)
{
    int i, above = 0;

    for (i = 0; i < m->count; i++)
	above += m->seen[i] > n;
    return above >= WINDOW;
}

static OM_uint32
expected(struct model *m, int n)
{
    OM_uint32 status;

    if (is_old(m, n))
	return m->sequence ? GSS_S_UNSEQ_TOKEN : GSS_S_OLD_TOKEN;
    if (is_seen(m, n))
	return GSS_S_DUPLICATE_TOKEN;
    m->seen[m->count++] = n;
    status = n == m->next || !m->sequence ? GSS_S_COMPLETE :
	n > m->next ? GSS_S_GAP_TOKEN : GSS_S_UNSEQ_TOKEN;
    if (n >= m->next)
	m->next = n + 1;
    return status;
}

static void
deliver(struct gss_pair *pair, const char *name, int sequence,
	const int *order, int count)
{
    gss_buffer_desc tokens[MANY];
    struct model model;
    OM_uint32 major, want, minor;
    int i, right = 0;

    memset(&model, 0, sizeof(model));
    model.sequence = sequence;
    call_connect(pair, sequence ? CALL_FLAGS :
		 CALL_FLAGS & ~GSS_C_SEQUENCE_FLAG);
    for (i = 0; i < MANY; i++) {
	major = gss_get_mic(&minor, pair->initiator, 0, &message, &tokens[i]);
	pair_gss(major, minor, "gss_get_mic");
    }
    for (i = 0; i < count; i++) {
	want = expected(&model, order[i]);
	major = gss_verify_mic(&minor, pair->acceptor, &message,
			       &tokens[order[i]], NULL);
	if (major != want)
	    printf("%s: message %d, the %d-th: %08x, want %08x\n", name,
		   order[i], i, (unsigned)major, (unsigned)want);
	right += major == want;
    }
    check(right == count, "%s%s: %d of %d", name,
	  sequence ? ", in sequence" : "", right, count);
    for (i = 0; i < MANY; i++)
	gss_release_buffer(&minor, &tokens[i]);
}

static void
both(struct gss_pair *pair, const char *name, const int *order, int count)
{
    deliver(pair, name, 0, order, count);
    deliver(pair, name, 1, order, count);
}

#define BOTH(name, order)						\
    both(&pair, name, order, (int)(sizeof(order) / sizeof(order[0])))

int
main(void)
{
    static const int in_order[] = { 0, 1, 2, 3, 4, 5 };
    static const int first_again[] = { 0, 0, 1, 0, 2, 0, 1, 3, 0 };
    static const int swapped[] = { 1, 0, 2, 0, 1 };
    static const int overtaken[] = { 0, 3, 1, 2, 2, 1, 0, 3, 4 };
    static const int first_last[] = { 5, 4, 3, 2, 1, 0, 0, 5, 3, 6 };
    static const int gaps[] = { 9, 2, 7, 1, 8, 2, 7, 9, 1, 3, 30, 4, 4 };
    struct gss_pair pair;
    int order[MANY], i;

    pair_init(&pair, ETYPE_AES256_CTS_HMAC_SHA1_96);
    BOTH("in order", in_order);
    BOTH("the first again", first_again);
    BOTH("two of them swapped", swapped);
    BOTH("one overtakes two", overtaken);
    BOTH("the first comes last", first_last);
    BOTH("gaps", gaps);
    for (i = 0; i < MANY; i++)
	order[i] = MANY - 1 - i;
    BOTH("backwards", order);
    for (i = 0; i < MANY; i++)
	order[i] = i * 37 % MANY;
    BOTH("mixed", order);
    for (i = 0; i < MANY; i++)
	order[i] = i < 40 ? i : MANY - 1 - i;
    BOTH("forth and back", order);
    pair_free(&pair);
    return check_done();
}
