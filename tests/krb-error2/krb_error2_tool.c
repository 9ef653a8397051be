/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * The codec on the standard input and output, for another implementation to
 * exchange octets with: tests/wire/t_krb_error2.py.  A line is a command and
 * words name=value; an answer is "ok" and such words, or "error" and a name.
 * Octets are hex, "-" or no word is none; a key is ETYPE:HEX.
 *
 *   decode sender= subkey= session= pdu=
 *   encode sender= subkey= session= challenge= stime= susec= acceptor= seq=
 *          code= continue= text= ad= tgt=
 *   read ad=                          authorization data
 *   build etypes=1,2 kerb= options= challenge=
 *   ticket challenge=
 *   options ap_req=
 *   judge clear= ad=
 */

#include "error2_test.h"

#define MAX_WORDS 20

static krb5_context context;
static char *words[MAX_WORDS + 1];

static const char *
word(const char *name)
{
    size_t length = strlen(name), i;

    for (i = 0; words[i] != NULL; i++)
	if (strncmp(words[i], name, length) == 0 && words[i][length] == '=')
	    return strcmp(words[i] + length, "=-") == 0 ? NULL :
		words[i] + length + 1;
    return NULL;
}

static long long
number(const char *name)
{
    return word(name) ? strtoll(word(name), NULL, 0) : 0;
}

static krb5_data
octets(const char *name)
{
    return from_hex(word(name) ? word(name) : "");
}

/* Free *key with krb5_free_keyblock_contents(). */
static krb5_keyblock *
key_of(const char *name, krb5_keyblock *key)
{
    krb5_data d;

    memset(key, 0, sizeof(*key));
    if (word(name) == NULL)
	return NULL;
    d = from_hex(strchr(word(name), ':') + 1);
    key->keytype = atoi(word(name));
    key->keyvalue = d;
    return key;
}

static void
print_octets(const char *name, const void *data, size_t length)
{
    const unsigned char *p = data;

    printf(" %s=", name);
    while (length-- > 0)
	printf("%02x", *p++);
}

static const struct { krb5_error_code code; const char *name; } names[] = {
    { KRB5KRB_AP_ERR_MSG_TYPE, "MSG_TYPE" },
    { KRB5KRB_AP_ERR_BADVERSION, "BADVERSION" },
    { KRB5KRB_AP_ERR_NOKEY, "NOKEY" },
    { KRB5_BAD_ENCTYPE, "BAD_ENCTYPE" },
    { KRB5KRB_AP_ERR_BAD_INTEGRITY, "BAD_INTEGRITY" },
    { ASN1_MISPLACED_FIELD, "MISPLACED_FIELD" },
    { ASN1_MISSING_FIELD, "MISSING_FIELD" },
    { ASN1_MIN_CONSTRAINT, "MIN_CONSTRAINT" },
    { ASN1_MAX_CONSTRAINT, "MAX_CONSTRAINT" },
    { ASN1_OVERFLOW, "OVERFLOW" },
    { ASN1_OVERRUN, "OVERRUN" },
    { ASN1_EXTRA_DATA, "EXTRA_DATA" },
    { ASN1_GOT_BER, "GOT_BER" },
    { ASN1_BAD_ID, "BAD_ID" },
    { ASN1_BAD_LENGTH, "BAD_LENGTH" },
    { ASN1_BAD_FORMAT, "BAD_FORMAT" },
    { ASN1_BAD_TIMEFORMAT, "BAD_TIMEFORMAT" }
};

static void
print_error(krb5_error_code code)
{
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	if (names[i].code == code) {
	    printf("error %s", names[i].name);
	    return;
	}
    printf("error %d", (int)code);
}

static enum krb5_ext_sender
sender(void)
{
    return word("sender") && strcmp(word("sender"), "initiator") == 0 ?
	KRB5_EXT_FROM_INITIATOR : KRB5_EXT_FROM_ACCEPTOR;
}

static void
print_authdata(const AuthorizationData *ad)
{
    krb5_error_code ret;
    krb5_data der;
    size_t size;

    ASN1_MALLOC_ENCODE(AuthorizationData, der.data, der.length, ad, &size,
		       ret);
    need(ret, "AuthorizationData");
    print_octets("ad", der.data, der.length);
    krb5_data_free(&der);
}

static void
print_error2(const struct krb5_ext_error2 *e)
{
    krb5_error_code ret;
    krb5_data der;
    size_t size;

    printf("ok key=%d stime=%lld susec=%d code=%d continue=%d", e->key,
	   (long long)e->stime, (int)e->susec, (int)e->error_code,
	   e->continue_needed ? 1 : 0);
    print_octets("challenge", e->challenge.data, e->challenge.length);
    if (e->subkey != NULL) {
	printf(" seq=%u acceptor_etype=%d", (unsigned)e->seq_number,
	       (int)e->subkey->keytype);
	print_octets("acceptor", e->subkey->keyvalue.data,
		     e->subkey->keyvalue.length);
    }
    if (e->e_text != NULL)
	print_octets("text", e->e_text, strlen(e->e_text));
    if (e->ad_data != NULL)
	print_authdata(e->ad_data);
    if (e->tgt != NULL) {
	ASN1_MALLOC_ENCODE(Ticket, der.data, der.length, e->tgt, &size, ret);
	need(ret, "Ticket");
	print_octets("tgt", der.data, der.length);
	krb5_data_free(&der);
    }
}

static void
do_decode(void)
{
    struct krb5_ext_error2_keys keys;
    krb5_keyblock subkey, session;
    struct krb5_ext_error2 e;
    krb5_data pdu = octets("pdu");
    krb5_error_code ret;

    keys.subkey = key_of("subkey", &subkey);
    keys.session = key_of("session", &session);
    ret = _krb5_ext_decode_error2(context, &pdu, sender(), &keys, &e);
    if (ret)
	print_error(ret);
    else
	print_error2(&e);
    _krb5_ext_free_error2(&e);
    krb5_free_keyblock_contents(context, &subkey);
    krb5_free_keyblock_contents(context, &session);
    krb5_data_free(&pdu);
}

static void
do_encode(void)
{
    struct krb5_ext_error2_keys keys;
    krb5_keyblock subkey, session, acceptor;
    struct krb5_ext_error2 e;
    AuthorizationData ad;
    Ticket tgt;
    krb5_data pdu, text = octets("text"), d;
    krb5_error_code ret;

    memset(&e, 0, sizeof(e));
    memset(&ad, 0, sizeof(ad));
    memset(&tgt, 0, sizeof(tgt));
    keys.subkey = key_of("subkey", &subkey);
    keys.session = key_of("session", &session);
    e.subkey = key_of("acceptor", &acceptor);
    e.challenge = octets("challenge");
    e.stime = number("stime");
    e.susec = number("susec");
    e.seq_number = number("seq");
    e.error_code = number("code");
    e.continue_needed = number("continue") != 0;
    put(&text, "", 1);
    if (word("text"))
	e.e_text = text.data;
    d = octets("ad");
    if (d.length) {
	need(decode_AuthorizationData(d.data, d.length, &ad, NULL), "ad");
	e.ad_data = &ad;
    }
    krb5_data_free(&d);
    d = octets("tgt");
    if (d.length) {
	need(decode_Ticket(d.data, d.length, &tgt, NULL), "tgt");
	e.tgt = &tgt;
    }
    krb5_data_free(&d);
    ret = _krb5_ext_encode_error2(context, &e, sender(), &keys, &pdu);
    if (ret)
	print_error(ret);
    else {
	printf("ok");
	print_octets("pdu", pdu.data, pdu.length);
    }
    krb5_data_free(&pdu);
    krb5_data_free(&text);
    krb5_data_free(&e.challenge);
    free_AuthorizationData(&ad);
    free_Ticket(&tgt);
    krb5_free_keyblock_contents(context, &subkey);
    krb5_free_keyblock_contents(context, &session);
    krb5_free_keyblock_contents(context, &acceptor);
}

static void
do_read(void)
{
    struct krb5_ext_authdata a;
    krb5_data ad = octets("ad");
    krb5_error_code ret;
    unsigned int i;

    ret = _krb5_ext_decode_authdata(context, &ad, &a);
    if (ret)
	print_error(ret);
    else {
	printf("ok");
	for (i = 0; a.have_etypes && i < a.etypes.len; i++)
	    printf("%s%d", i ? "," : " etypes=", (int)a.etypes.val[i]);
	if (a.have_kerb_ap_options)
	    printf(" kerb=%u", (unsigned)a.kerb_ap_options);
	if (a.have_ap_options)
	    printf(" options=%u", (unsigned)a.ap_options);
	if (a.have_challenge)
	    print_octets("challenge", a.challenge.data, a.challenge.length);
	if (a.unknown_critical)
	    printf(" critical=%d", (int)a.unknown_type);
    }
    _krb5_ext_free_authdata(&a);
    krb5_data_free(&ad);
}

static void
do_build(void)
{
    struct krb5_ext_authdata w;
    AuthorizationData ad;
    ENCTYPE etypes[20];
    const char *p = word("etypes");
    krb5_error_code ret;

    memset(&w, 0, sizeof(w));
    w.etypes.val = etypes;
    while (p != NULL && w.etypes.len < 20) {
	w.have_etypes = 1;
	etypes[w.etypes.len++] = atoi(p);
	p = strchr(p, ',');
	p = p ? p + 1 : NULL;
    }
    w.have_kerb_ap_options = word("kerb") != NULL;
    w.kerb_ap_options = number("kerb");
    w.have_ap_options = word("options") != NULL;
    w.ap_options = number("options");
    w.have_challenge = word("challenge") != NULL;
    w.challenge = octets("challenge");
    ret = _krb5_ext_build_authdata(context, &w, &ad);
    if (ret)
	print_error(ret);
    else {
	printf("ok");
	print_authdata(&ad);
    }
    free_AuthorizationData(&ad);
    krb5_data_free(&w.challenge);
}

static void
do_ticket(void)
{
    AuthorizationData ad;
    krb5_data challenge = octets("challenge");
    krb5_error_code ret;

    ret = _krb5_ext_build_ticket_authdata(context, &challenge, &ad);
    if (ret)
	print_error(ret);
    else {
	printf("ok");
	print_authdata(&ad);
    }
    free_AuthorizationData(&ad);
    krb5_data_free(&challenge);
}

static void
do_options(void)
{
    krb5_data ap_req = octets("ap_req");
    krb5_error_code ret;
    uint32_t options;

    ret = _krb5_ext_read_ap_options(context, &ap_req, &options);
    if (ret)
	print_error(ret);
    else
	printf("ok options=%u", (unsigned)options);
    krb5_data_free(&ap_req);
}

static void
do_judge(void)
{
    static const char *const verdicts[] = {
	"not-offered", "offered", "modified"
    };
    struct krb5_ext_authdata a;
    krb5_data ad = octets("ad");
    krb5_error_code ret;

    memset(&a, 0, sizeof(a));
    ret = word("ad") ? _krb5_ext_decode_authdata(context, &ad, &a) : 0;
    if (ret)
	print_error(ret);
    else
	printf("ok verdict=%s",
	       verdicts[_krb5_ext_judge_ap_options(number("clear"),
						   word("ad") ? &a : NULL)]);
    _krb5_ext_free_authdata(&a);
    krb5_data_free(&ad);
}

static const struct { const char *name; void (*run)(void); } commands[] = {
    { "decode", do_decode }, { "encode", do_encode }, { "read", do_read },
    { "build", do_build }, { "ticket", do_ticket },
    { "options", do_options }, { "judge", do_judge }
};

static void
run(char *line)
{
    char *save = NULL, *p = strtok_r(line, " \n", &save);
    size_t count = 0, i;

    if (p == NULL)
	errx(1, "an empty line");
    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
	if (strcmp(commands[i].name, p) == 0)
	    break;
    if (i == sizeof(commands) / sizeof(commands[0]))
	errx(1, "no command %s", p);
    while ((p = strtok_r(NULL, " \n", &save)) != NULL) {
	if (count == MAX_WORDS)
	    errx(1, "too many words");
	words[count++] = p;
    }
    words[count] = NULL;
    commands[i].run();
    printf("\n");
    fflush(stdout);
}

int
main(void)
{
    char *line = NULL;
    size_t size = 0;

    setenv("KRB5_CONFIG", "no-such-krb5.conf", 1);
    need(krb5_init_context(&context), "context");
    while (getline(&line, &size, stdin) > 0)
	run(line);
    free(line);
    krb5_free_context(context);
    return 0;
}
