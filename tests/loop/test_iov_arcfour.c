/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * gss_wrap_iov() and gss_unwrap_iov() with rc4-hmac, with and without
 * DCE_STYLE: what was wrapped is unwrapped, and a change of any octet that
 * carries something is refused.
 */

#include "gss_call.h"
#include "sec_test.h"

#define DATA "some data of the application"

struct message {
    char header[128], data[sizeof(DATA)], padding[8];
    gss_iov_buffer_desc iov[3];
    int count;
};

/*
 * Let the buffers of a message point into it.
 */
static void
message_init(struct message *m, int dce)
{
    memset(m, 0, sizeof(*m));
    m->iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
    m->iov[0].buffer.value = m->header;
    m->iov[0].buffer.length = sizeof(m->header);
    m->iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    m->iov[1].buffer.value = m->data;
    m->iov[1].buffer.length = sizeof(m->data);
    m->iov[2].type = GSS_IOV_BUFFER_TYPE_PADDING;
    m->iov[2].buffer.value = m->padding;
    m->iov[2].buffer.length = sizeof(m->padding);
    m->count = dce ? 2 : 3;
    memcpy(m->data, DATA, sizeof(DATA));
}

static void
message_copy(const struct message *from, struct message *to, int dce)
{
    int i;

    message_init(to, dce);
    memcpy(to->header, from->header, sizeof(to->header));
    memcpy(to->data, from->data, sizeof(to->data));
    memcpy(to->padding, from->padding, sizeof(to->padding));
    for (i = 0; i < from->count; i++)
	to->iov[i].buffer.length = from->iov[i].buffer.length;
}

static void
test(struct gss_pair *pair, OM_uint32 flags, int seal, const char *what)
{
    int dce = (flags & GSS_C_DCE_STYLE) != 0, conf = -1, part;
    struct message good, copy;
    OM_uint32 major, minor;
    size_t i, seq, tried = 0, taken = 0;
    char *p;

    call_connect(pair, flags);
    message_init(&good, dce);
    major = gss_wrap_iov(&minor, pair->initiator, seal, 0, &conf, good.iov,
			 good.count);
    pair_gss(major, minor, "gss_wrap_iov");
    check(conf == seal && (memcmp(good.data, DATA, sizeof(DATA)) != 0) == seal,
	  "%s: wrapped", what);

    seq = good.iov[0].buffer.length - 24;	/* SND_SEQ, RFC 4757 7.3 */
    for (part = 0; part < good.count; part++) {
	for (i = 0; i < good.iov[part].buffer.length; i++) {
	    /* without encryption another number is another valid one */
	    if (!seal && part == 0 && i >= seq && i < seq + 4)
		continue;
	    message_copy(&good, &copy, dce);
	    p = copy.iov[part].buffer.value;
	    p[i] ^= 1;
	    major = gss_unwrap_iov(&minor, pair->acceptor, &conf, NULL,
				   copy.iov, copy.count);
	    tried++;
	    if (major == GSS_S_COMPLETE) {
		printf("  octet %lu of part %d is not protected\n",
		       (unsigned long)i, part);
		taken++;
	    }
	}
    }
    check(taken == 0 && tried > 60, "%s: %lu changed octets, %lu taken", what,
	  (unsigned long)tried, (unsigned long)taken);

    message_copy(&good, &copy, dce);
    conf = -1;
    major = gss_unwrap_iov(&minor, pair->acceptor, &conf, NULL, copy.iov,
			   copy.count);
    check(major == GSS_S_COMPLETE && conf == seal &&
	  memcmp(copy.data, DATA, sizeof(DATA)) == 0,
	  "%s: the true one is unwrapped: %08x", what, (unsigned)major);
}

int
main(int argc, char **argv)
{
    struct gss_pair pair;

    pair_init(&pair, ETYPE_ARCFOUR_HMAC_MD5);
    test(&pair, CALL_FLAGS, 1, "sealed");
    test(&pair, CALL_FLAGS, 0, "signed");
    test(&pair, CALL_FLAGS | GSS_C_DCE_STYLE, 1, "sealed, DCE_STYLE");
    test(&pair, CALL_FLAGS | GSS_C_DCE_STYLE, 0, "signed, DCE_STYLE");
    pair_free(&pair);
    return check_done();
}
