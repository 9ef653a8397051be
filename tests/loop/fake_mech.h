/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * A mechanism of this program, for tests of what the mechanism-independent
 * layer makes of what a mechanism returns.  It is put into the layer's list of
 * mechanisms, so the program is linked with libgssapi.a and
 * -Wl,--wrap=malloc,--wrap=calloc.
 *
 * What a call of init or accept does is in fake.step; what is alive of what
 * the mechanism allocated is counted, so that a leak or a second free is seen
 * without a memory checker.
 */

#ifndef FAKE_MECH_H
#define FAKE_MECH_H 1

#include "mech_locl.h"
#include <err.h>
#include "sec_test.h"

#define FAKE_MAGIC	0x66616b65U
#define FAKE_MINOR	4711

/* what a step hands out besides its status */
#define FAKE_TOKEN	0x01		/* an output token */
#define FAKE_NAME	0x02		/* src_name */
#define FAKE_CRED	0x04		/* delegated credential and its flag */
#define FAKE_DROP	0x08		/* delete the context */
#define FAKE_KEEP_NAME	0x10		/* do not touch src_name */

struct fake_thing {			/* context, name or credential */
    unsigned int magic;
    int *alive;				/* the counter it is counted in */
    int open;
};

static struct {
    OM_uint32 step_major;
    int step_out;			/* FAKE_* of the step */
    int calls;				/* of any function on a context */
    int contexts, names, creds;		/* alive */
    int nameless;			/* inquire has no names */
    int closing;			/* process_context_token closes */
    OM_uint32 process_major;		/* what it returns */
    int no_context;			/* how inquire tells: NO_CONTEXT */
    int mute;				/* inquire never sets open */
} fake;

static void *fake_exported;		/* alias of what export returned */

static gss_OID_desc fake_oid =		/* 1.3.6.1.4.1.32473.1, RFC 5612 */
    { 9, rk_UNCONST("\x2b\x06\x01\x04\x01\x81\xfd\x59\x01") };
static gss_OID_desc fake_name_type =	/* 1.3.6.1.4.1.32473.2 */
    { 9, rk_UNCONST("\x2b\x06\x01\x04\x01\x81\xfd\x59\x02") };

/*
 * malloc() or calloc() number malloc_fail from now on fails; 0 is none.  (The
 * compiler makes one of the other with memset().)
 */
static int malloc_fail;
void *__real_malloc(size_t);
void *__wrap_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__wrap_calloc(size_t, size_t);

void *
__wrap_malloc(size_t size)
{
    if (malloc_fail > 0 && --malloc_fail == 0)
	return NULL;
    return __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    if (malloc_fail > 0 && --malloc_fail == 0)
	return NULL;
    return __real_calloc(n, size);
}

static void *
fake_new(int *alive)
{
    struct fake_thing *t = __real_calloc(1, sizeof(*t));

    if (t == NULL)
	errx(1, "calloc");
    t->magic = FAKE_MAGIC;
    t->alive = alive;
    (*alive)++;
    return t;
}

static struct fake_thing *
fake_use(const void *p, int *alive)
{
    const struct fake_thing *t = p;

    if (t == NULL || t->magic != FAKE_MAGIC || t->alive != alive)
	errx(1, "the mechanism was given what is not its own");
    return rk_UNCONST(t);
}

static void
fake_free(void *p, int *alive)
{
    struct fake_thing *t = fake_use(p, alive);

    (*alive)--;
    t->magic = 0;
    free(t);
}

/*
 * A token, name or whatever needs octets: "fake".
 */
static void
fake_buffer(gss_buffer_t b)
{
    b->value = __real_malloc(4);
    memcpy(b->value, "fake", 4);
    b->length = 4;
}

static OM_uint32
fake_step(OM_uint32 *minor, gss_ctx_id_t *ctx, gss_buffer_t out)
{
    struct fake_thing *t;

    fake.calls++;
    if (*ctx == GSS_C_NO_CONTEXT)
	*ctx = fake_new(&fake.contexts);
    t = fake_use(*ctx, &fake.contexts);
    if (fake.step_major == GSS_S_COMPLETE)
	t->open = 1;
    if (fake.step_out & FAKE_TOKEN)
	fake_buffer(out);
    if (fake.step_out & FAKE_DROP) {
	fake_free(t, &fake.contexts);
	*ctx = GSS_C_NO_CONTEXT;
    }
    *minor = GSS_ERROR(fake.step_major) ? FAKE_MINOR : 0;
    return fake.step_major;
}

static OM_uint32 GSSAPI_CALLCONV
fake_init_sec_context(OM_uint32 *minor, gss_const_cred_id_t cred,
		      gss_ctx_id_t *ctx, gss_const_name_t target,
		      const gss_OID mech, OM_uint32 req_flags,
		      OM_uint32 time_req, const gss_channel_bindings_t cb,
		      const gss_buffer_t in, gss_OID *actual,
		      gss_buffer_t out, OM_uint32 *ret_flags,
		      OM_uint32 *time_rec)
{
    fake_use(target, &fake.names);
    if (actual)
	*actual = &fake_oid;
    return fake_step(minor, ctx, out);
}

static OM_uint32 GSSAPI_CALLCONV
fake_accept_sec_context(OM_uint32 *minor, gss_ctx_id_t *ctx,
			gss_const_cred_id_t cred, const gss_buffer_t in,
			const gss_channel_bindings_t cb, gss_name_t *src_name,
			gss_OID *mech, gss_buffer_t out, OM_uint32 *ret_flags,
			OM_uint32 *time_rec, gss_cred_id_t *delegated)
{
    if (mech)
	*mech = &fake_oid;
    if (src_name && !(fake.step_out & FAKE_KEEP_NAME))
	*src_name = GSS_C_NO_NAME;
    if (src_name && (fake.step_out & FAKE_NAME))
	*src_name = fake_new(&fake.names);
    if (delegated && (fake.step_out & FAKE_CRED)) {
	*delegated = fake_new(&fake.creds);
	*ret_flags |= GSS_C_DELEG_FLAG;
    }
    return fake_step(minor, ctx, out);
}

static OM_uint32 GSSAPI_CALLCONV
fake_process_context_token(OM_uint32 *minor, gss_const_ctx_id_t ctx,
			   const gss_buffer_t in)
{
    fake.calls++;
    if (fake.closing)
	fake_use(ctx, &fake.contexts)->open = 0;
    *minor = 0;
    return fake.process_major;
}

static OM_uint32 GSSAPI_CALLCONV
fake_delete_sec_context(OM_uint32 *minor, gss_ctx_id_t *ctx, gss_buffer_t out)
{
    fake_free(*ctx, &fake.contexts);
    *ctx = GSS_C_NO_CONTEXT;
    *minor = 0;
    return GSS_S_COMPLETE;
}

static OM_uint32 GSSAPI_CALLCONV
fake_inquire_context(OM_uint32 *minor, gss_const_ctx_id_t ctx,
		     gss_name_t *src_name, gss_name_t *targ_name,
		     OM_uint32 *lifetime, gss_OID *mech, OM_uint32 *flags,
		     int *local, int *xopen)
{
    struct fake_thing *t = fake_use(ctx, &fake.contexts);

    fake.calls++;
    *minor = 0;
    if (fake.no_context && !t->open)
	return GSS_S_NO_CONTEXT;
    if (src_name)
	*src_name = fake.nameless ? GSS_C_NO_NAME : fake_new(&fake.names);
    if (targ_name)
	*targ_name = fake.nameless ? GSS_C_NO_NAME : fake_new(&fake.names);
    if (mech)
	*mech = &fake_oid;
    if (flags)
	*flags = GSS_C_INTEG_FLAG;
    if (xopen && !fake.mute)
	*xopen = t->open;
    return GSS_S_COMPLETE;
}

/*
 * The calls on a context that only have to get there.
 */
static OM_uint32
fake_call(OM_uint32 *minor, gss_const_ctx_id_t ctx)
{
    fake_use(ctx, &fake.contexts);
    fake.calls++;
    *minor = 0;
    return GSS_S_COMPLETE;
}

static OM_uint32 GSSAPI_CALLCONV
fake_context_time(OM_uint32 *minor, gss_const_ctx_id_t ctx, OM_uint32 *rec)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_get_mic(OM_uint32 *minor, gss_const_ctx_id_t ctx, gss_qop_t qop,
	     const gss_buffer_t in, gss_buffer_t out)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_verify_mic(OM_uint32 *minor, gss_const_ctx_id_t ctx,
		const gss_buffer_t in, const gss_buffer_t mic, gss_qop_t *qop)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_wrap(OM_uint32 *minor, gss_const_ctx_id_t ctx, int conf, gss_qop_t qop,
	  const gss_buffer_t in, int *state, gss_buffer_t out)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_unwrap(OM_uint32 *minor, gss_const_ctx_id_t ctx, const gss_buffer_t in,
	    gss_buffer_t out, int *state, gss_qop_t *qop)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_wrap_size_limit(OM_uint32 *minor, gss_const_ctx_id_t ctx, int conf,
		     gss_qop_t qop, OM_uint32 out, OM_uint32 *in)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_export_sec_context(OM_uint32 *minor, gss_ctx_id_t *ctx, gss_buffer_t out)
{
    fake_use(*ctx, &fake.contexts);
    fake_buffer(out);
    fake_exported = out->value;
    return fake_delete_sec_context(minor, ctx, NULL);
}

static OM_uint32 GSSAPI_CALLCONV
fake_import_sec_context(OM_uint32 *minor, const gss_buffer_t in,
			gss_ctx_id_t *ctx)
{
    *ctx = fake_new(&fake.contexts);
    ((struct fake_thing *)*ctx)->open = 1;
    *minor = 0;
    return GSS_S_COMPLETE;
}

static OM_uint32 GSSAPI_CALLCONV
fake_by_oid(OM_uint32 *minor, gss_const_ctx_id_t ctx, const gss_OID oid,
	    gss_buffer_set_t *set)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_set_option(OM_uint32 *minor, gss_ctx_id_t *ctx, const gss_OID oid,
		const gss_buffer_t value)
{
    return fake_call(minor, *ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_pseudo_random(OM_uint32 *minor, gss_ctx_id_t ctx, int key,
		   const gss_buffer_t in, ssize_t len, gss_buffer_t out)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_wrap_iov(OM_uint32 *minor, gss_ctx_id_t ctx, int conf, gss_qop_t qop,
	      int *state, gss_iov_buffer_desc *iov, int count)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_unwrap_iov(OM_uint32 *minor, gss_ctx_id_t ctx, int *state,
		gss_qop_t *qop, gss_iov_buffer_desc *iov, int count)
{
    return fake_call(minor, ctx);
}

static OM_uint32 GSSAPI_CALLCONV
fake_import_name(OM_uint32 *minor, const gss_buffer_t in, const gss_OID type,
		 gss_name_t *name)
{
    *name = fake_new(&fake.names);
    *minor = 0;
    return GSS_S_COMPLETE;
}

static OM_uint32 GSSAPI_CALLCONV
fake_release_name(OM_uint32 *minor, gss_name_t *name)
{
    fake_free(*name, &fake.names);
    *name = GSS_C_NO_NAME;
    *minor = 0;
    return GSS_S_COMPLETE;
}

static OM_uint32 GSSAPI_CALLCONV
fake_release_cred(OM_uint32 *minor, gss_cred_id_t *cred)
{
    *minor = 0;
    if (*cred != GSS_C_NO_CREDENTIAL)
	fake_free(*cred, &fake.creds);
    *cred = GSS_C_NO_CREDENTIAL;
    return GSS_S_COMPLETE;
}

static OM_uint32 GSSAPI_CALLCONV
fake_display_status(OM_uint32 *minor, OM_uint32 value, int type,
		    const gss_OID mech, OM_uint32 *more, gss_buffer_t text)
{
    fake_buffer(text);
    *more = 0;
    *minor = 0;
    return GSS_S_COMPLETE;
}

/*
 * Make the mechanism known.
 */
static void
fake_register(void)
{
    struct _gss_mech_switch *s;
    gssapi_mech_interface m;
    OM_uint32 minor;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    _gss_load_mech();
    s = calloc(1, sizeof(*s));
    if (s == NULL)
	errx(1, "calloc");
    m = &s->gm_mech;
    m->gm_name = "fake";
    m->gm_mech_oid = s->gm_mech_oid = fake_oid;
    m->gm_release_cred = fake_release_cred;
    m->gm_init_sec_context = fake_init_sec_context;
    m->gm_accept_sec_context = fake_accept_sec_context;
    m->gm_process_context_token = fake_process_context_token;
    m->gm_delete_sec_context = fake_delete_sec_context;
    m->gm_context_time = fake_context_time;
    m->gm_get_mic = fake_get_mic;
    m->gm_verify_mic = fake_verify_mic;
    m->gm_wrap = fake_wrap;
    m->gm_unwrap = fake_unwrap;
    m->gm_display_status = fake_display_status;
    m->gm_import_name = fake_import_name;
    m->gm_release_name = fake_release_name;
    m->gm_inquire_context = fake_inquire_context;
    m->gm_wrap_size_limit = fake_wrap_size_limit;
    m->gm_export_sec_context = fake_export_sec_context;
    m->gm_import_sec_context = fake_import_sec_context;
    m->gm_inquire_sec_context_by_oid = fake_by_oid;
    m->gm_set_sec_context_option = fake_set_option;
    m->gm_pseudo_random = fake_pseudo_random;
    m->gm_wrap_iov = fake_wrap_iov;
    m->gm_unwrap_iov = fake_unwrap_iov;
    m->gm_wrap_iov_length = fake_wrap_iov;
    if (gss_create_empty_oid_set(&minor, &s->gm_name_types) ||
	gss_add_oid_set_member(&minor, &fake_name_type, &s->gm_name_types))
	errx(1, "name types");
    HEIM_SLIST_INSERT_HEAD(&_gss_mechs, s, gm_link);
}

/*
 * One call of the initiator that the mechanism answers with major and out.
 * *token is what came with it; free it with gss_release_buffer().
 */
static OM_uint32
fake_initiate(gss_ctx_id_t *ctx, OM_uint32 major, int out, gss_buffer_t token)
{
    static gss_name_t target;		/* one for all calls */
    gss_buffer_desc in;
    OM_uint32 minor, ret;

    if (target == GSS_C_NO_NAME) {
	in.value = rk_UNCONST("x");
	in.length = 1;
	if (gss_import_name(&minor, &in, &fake_name_type, &target))
	    errx(1, "gss_import_name");
	fake.names--;			/* for good: do not count it */
    }
    fake.step_major = major;
    fake.step_out = out;
    in.value = rk_UNCONST("peer");
    in.length = *ctx ? 4 : 0;
    ret = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, ctx, target,
			       &fake_oid, 0, 0, GSS_C_NO_CHANNEL_BINDINGS,
			       &in, NULL, token, NULL, NULL);
    return ret;
}

/*
 * One call of the acceptor that the mechanism answers with major and out.
 * name, cred and flags may be NULL.
 */
static OM_uint32
fake_accept(gss_ctx_id_t *ctx, OM_uint32 major, int out, gss_name_t *name,
	    gss_buffer_t token, OM_uint32 *flags, gss_cred_id_t *cred)
{
    gss_buffer_desc in, framed;
    OM_uint32 minor, ret;

    fake.step_major = major;
    fake.step_out = out;
    in.value = rk_UNCONST("peer");
    in.length = 4;
    if (gss_encapsulate_token(&in, &fake_oid, &framed))
	errx(1, "gss_encapsulate_token");
    ret = gss_accept_sec_context(&minor, ctx, GSS_C_NO_CREDENTIAL, &framed,
				 GSS_C_NO_CHANNEL_BINDINGS, name, NULL, token,
				 flags, NULL, cred);
    free(framed.value);
    return ret;
}

/*
 * A context that is complete, made by the initiator or the acceptor.
 */
static gss_ctx_id_t
fake_connect(int initiator)
{
    gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
    gss_buffer_desc token;
    OM_uint32 major;

    if (initiator)
	major = fake_initiate(&ctx, GSS_S_COMPLETE, 0, &token);
    else
	major = fake_accept(&ctx, GSS_S_COMPLETE, 0, NULL, &token, NULL, NULL);
    if (major != GSS_S_COMPLETE)
	errx(1, "the context is not complete: %08x", (unsigned)major);
    return ctx;
}

/*
 * Does a call on ctx reach the mechanism?
 */
static OM_uint32
fake_use_context(gss_ctx_id_t ctx)
{
    gss_buffer_desc in, out;
    OM_uint32 minor;

    in.value = rk_UNCONST("text");
    in.length = 4;
    return gss_get_mic(&minor, ctx, GSS_C_QOP_DEFAULT, &in, &out);
}

/*
 * Is nothing of the mechanism's alive any more?
 */
static void
fake_check_alive(const char *what)
{
    check(fake.contexts == 0 && fake.names == 0 && fake.creds == 0,
	  "%s: %d contexts, %d names, %d credentials left", what,
	  fake.contexts, fake.names, fake.creds);
    fake.contexts = fake.names = fake.creds = 0;
}

#endif /* FAKE_MECH_H */
