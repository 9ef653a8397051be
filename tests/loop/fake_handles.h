/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * For programs of lib/gssapi that are compiled into a test which plays their
 * GSS functions: contexts, names and buffers that are nothing, but counted.
 * Include it behind the headers of GSS, before the program; then
 *
 *   counted = &seen->live;	in memory that the child shares, zero
 *   check_handles(said);	once the child is done
 */

#ifndef FAKE_HANDLES_H
#define FAKE_HANDLES_H 1

#include "child.h"
#include "sec_test.h"

#define CONTINUE GSS_S_CONTINUE_NEEDED
#define COMPLETE GSS_S_COMPLETE
#define MESSAGES (GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)

static int *counted;		/* handed out and not yet released */

/*
 * Hand out a context, unless the program has one.
 */
static void
fake_context(gss_ctx_id_t *context, void *object)
{
    if (*context != GSS_C_NO_CONTEXT)
	return;
    *context = (gss_ctx_id_t)object;
    ++*counted;
}

/*
 * Hand out octets of malloc().
 */
static void
fake_buffer(gss_buffer_t buf, void *value, size_t length)
{
    buf->value = value;
    buf->length = length;
    ++*counted;
}

/*
 * Hand out a name.
 */
static void
fake_name(gss_name_t *name, void *object)
{
    *name = (gss_name_t)object;
    ++*counted;
}

static OM_uint32
fake_release_name(OM_uint32 *minor, gss_name_t *name)
{
    *minor = 0;
    *counted -= *name != GSS_C_NO_NAME;
    *name = GSS_C_NO_NAME;
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_release_buffer(OM_uint32 *minor, gss_buffer_t buf)
{
    *minor = 0;
    *counted -= buf->value != NULL;
    free(buf->value);
    buf->value = NULL;
    buf->length = 0;
    return GSS_S_COMPLETE;
}

static OM_uint32
fake_delete_sec_context(OM_uint32 *minor, gss_ctx_id_t *context,
			gss_buffer_t token)
{
    *minor = 0;
    *counted -= *context != GSS_C_NO_CONTEXT;
    *context = GSS_C_NO_CONTEXT;
    return GSS_S_COMPLETE;
}

#define gss_release_name fake_release_name
#define gss_release_buffer fake_release_buffer
#define gss_delete_sec_context fake_delete_sec_context

/*
 * All was given back; and show what the program said.
 */
static void
check_handles(const char *said)
{
    check(*counted == 0, "  and nothing is left (%d)", *counted);
    if (*said)
	printf("       says: %s", said);
}

#endif /* FAKE_HANDLES_H */
