/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * spnego_peer LIBRARY init|accept TARGET FLAGS [spnego|krb5 [BINDINGS]]: one
 * side of a SPNEGO exchange, or one of krb5, with whatever GSS library is told
 * (ours, an unpatched Heimdal's, MIT's), driven by lines on standard input;
 * tests/interop/t_spnego_peers.py and t_channel_bindings.py have two of them
 * talk.
 *
 *   step HEX     a call with this token: MAJOR MINOR FLAGS HEX
 *   mic          HEX, the MIC of a message
 *   verify HEX   MAJOR
 *   mech         HEX, the OID of the mechanism
 *   quit
 *
 * TARGET is a host-based name; BINDINGS are the application's data of channel
 * bindings.  An empty HEX is written -.
 *
 * The mechanisms to load are in $STEPMECH_CONFIG (mech_config.c) for Heimdal
 * and in $GSS_MECH_CONFIG for MIT.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gssapi/gssapi.h>

#define MAX_LINE 200000

static unsigned char spnego_oid[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02 };
static unsigned char krb5_oid[] = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02
};
static unsigned char hostbased_oid[] = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x01, 0x04
};
static char message_text[] = "a message";

typedef OM_uint32 (*import_t)(OM_uint32 *, gss_buffer_t, gss_OID,
			      gss_name_t *);
typedef OM_uint32 (*init_t)(OM_uint32 *, gss_cred_id_t, gss_ctx_id_t *,
			    gss_name_t, gss_OID, OM_uint32, OM_uint32, void *,
			    gss_buffer_t, gss_OID *, gss_buffer_t,
			    OM_uint32 *, OM_uint32 *);
typedef OM_uint32 (*accept_t)(OM_uint32 *, gss_ctx_id_t *, gss_cred_id_t,
			      gss_buffer_t, void *, gss_name_t *, gss_OID *,
			      gss_buffer_t, OM_uint32 *, OM_uint32 *,
			      gss_cred_id_t *);
typedef OM_uint32 (*get_mic_t)(OM_uint32 *, gss_ctx_id_t, int, gss_buffer_t,
			       gss_buffer_t);
typedef OM_uint32 (*verify_mic_t)(OM_uint32 *, gss_ctx_id_t, gss_buffer_t,
				  gss_buffer_t, void *);
typedef OM_uint32 (*delete_t)(OM_uint32 *, gss_ctx_id_t *, gss_buffer_t);

static void *library;
static gss_ctx_id_t ctx;
static gss_OID mech;
static gss_OID_desc wanted = { sizeof(spnego_oid), spnego_oid };
static struct gss_channel_bindings_struct bindings;
static gss_channel_bindings_t channel;	/* NULL: none */

static void *
symbol(const char *name)
{
    void *p = dlsym(library, name);

    if (p == NULL) {
	fprintf(stderr, "no %s\n", name);
	exit(1);
    }
    return p;
}

static void
print_hex(const void *data, size_t len)
{
    const unsigned char *p = data;

    if (len == 0)
	printf("-");
    while (len-- > 0)
	printf("%02x", *p++);
    printf("\n");
    fflush(stdout);
}

/* in place */
static void
read_hex(char *text, gss_buffer_t buf)
{
    unsigned int octet;
    char *out = text;

    buf->value = text;
    buf->length = 0;
    while (sscanf(text, "%2x", &octet) == 1) {
	*out++ = octet;
	buf->length++;
	text += 2;
    }
}

static void
step(int initiator, gss_name_t target, OM_uint32 req_flags, gss_buffer_t in)
{
    gss_buffer_desc out = { 0, NULL };
    OM_uint32 major, minor = 0, flags = 0;
    init_t init;
    accept_t accept;

    *(void **)&init = symbol("gss_init_sec_context");
    *(void **)&accept = symbol("gss_accept_sec_context");
    if (initiator)
	major = init(&minor, GSS_C_NO_CREDENTIAL, &ctx, target, &wanted,
		     req_flags, 0, channel, in, &mech, &out, &flags, NULL);
    else
	major = accept(&minor, &ctx, GSS_C_NO_CREDENTIAL, in, channel, NULL,
		       &mech, &out, &flags, NULL, NULL);
    printf("%lu %lu %lu ", (unsigned long)major, (unsigned long)minor,
	   (unsigned long)flags);
    print_hex(out.value, out.length);
}

static void
choose(const char *name, const char *data)
{
    if (name != NULL && strcmp(name, "krb5") == 0) {
	wanted.length = sizeof(krb5_oid);
	wanted.elements = krb5_oid;
    }
    if (data != NULL) {
	bindings.application_data.value = (void *)(uintptr_t)data;
	bindings.application_data.length = strlen(data);
	channel = &bindings;
    }
}

int
main(int argc, char **argv)
{
    static char line[MAX_LINE];
    gss_OID_desc hostbased;
    gss_buffer_desc buf, message, token;
    gss_name_t target = GSS_C_NO_NAME;
    import_t import;
    get_mic_t get_mic;
    verify_mic_t verify_mic;
    delete_t delete_context;
    OM_uint32 minor;

    if (argc < 5 || argc > 7) {
	fprintf(stderr, "usage: spnego_peer LIBRARY init|accept TARGET "
		"FLAGS [spnego|krb5 [BINDINGS]]\n");
	return 2;
    }
    choose(argc > 5 ? argv[5] : NULL, argc > 6 ? argv[6] : NULL);
    library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL) {
	fprintf(stderr, "%s\n", dlerror());
	return 1;
    }
    *(void **)&import = symbol("gss_import_name");
    *(void **)&get_mic = symbol("gss_get_mic");
    *(void **)&verify_mic = symbol("gss_verify_mic");
    *(void **)&delete_context = symbol("gss_delete_sec_context");

    hostbased.length = sizeof(hostbased_oid);
    hostbased.elements = hostbased_oid;
    buf.value = argv[3];
    buf.length = strlen(argv[3]);
    if (import(&minor, &buf, &hostbased, &target) != GSS_S_COMPLETE)
	return 1;
    message.value = message_text;
    message.length = sizeof(message_text);

    while (fgets(line, sizeof(line), stdin)) {
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "step ", 5) == 0) {
	    read_hex(line + 5, &buf);
	    step(strcmp(argv[2], "init") == 0, target,
		 strtoul(argv[4], NULL, 0), &buf);
	} else if (strcmp(line, "mic") == 0) {
	    if (get_mic(&minor, ctx, 0, &message, &token) != GSS_S_COMPLETE)
		token.length = 0;
	    print_hex(token.value, token.length);
	} else if (strncmp(line, "verify ", 7) == 0) {
	    read_hex(line + 7, &buf);
	    printf("%lu\n", (unsigned long)
		   verify_mic(&minor, ctx, &message, &buf, NULL));
	    fflush(stdout);
	} else if (strcmp(line, "mech") == 0)
	    print_hex(mech ? mech->elements : NULL, mech ? mech->length : 0);
	else
	    break;
    }
    delete_context(&minor, &ctx, GSS_C_NO_BUFFER);
    return 0;
}
