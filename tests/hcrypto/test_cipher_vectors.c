/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

/*
 * Ciphers and digests of hcrypto's providers: vectors (NIST SP 800-38A's text
 * and keys; made with the openssl command, those of weak ciphers with its
 * legacy provider), one provider against the other over changing IVs and
 * lengths, in threads that start together, in a child, and where OpenSSL has
 * no provider at all.
 */

/* REQ: none (issue 8) */

#include <config.h>

#define HC_DEPRECATED_CRYPTO
#include <roken.h>
#include <hex.h>

#include <pthread.h>
#include <sys/wait.h>

#include <evp.h>
#include <evp-hcrypto.h>
#include <evp-openssl.h>
#include <hmac.h>

#include "ossl_errors.h"
#include "../security/sec_test.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_LEN		512
#define THREADS		8

typedef const EVP_CIPHER *(*cipher_fn)(void);
typedef const EVP_MD *(*digest_fn)(void);

static const char two_hundred[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#define C(n, key, iv, plain, cipher) \
    { #n, { EVP_##n, EVP_ossl_##n, EVP_hcrypto_##n }, key, iv, plain, cipher }

/* libhcrypto exports neither provider's */
#define N(n, key, iv, plain, cipher) \
    { #n, { EVP_##n, NULL, NULL }, key, iv, plain, cipher }

static const struct cipher_case {
    const char *name;
    cipher_fn fn[3];
    const char *key, *iv, *plain, *cipher;
} ciphers[] = {
    C(aes_128_cbc,
      "2b7e151628aed2a6abf7158809cf4f3c",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
      "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"),
    C(aes_192_cbc,
      "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
      "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd"),
    C(aes_256_cbc,
      "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
      "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"),
    C(aes_128_cfb8,
      "2b7e151628aed2a6abf7158809cf4f3c",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d",
      "3b79424c9c0dd436bace9e0ed4586a4f32b9"),
    C(aes_192_cfb8,
      "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d",
      "cda2521ef0a905ca44cd057cbf0d47a0678a"),
    C(aes_256_cfb8,
      "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d",
      "dc1f1a8520a64db55fcc8ac554844e889700"),
    N(camellia_128_cbc,
      "2b7e151628aed2a6abf7158809cf4f3c",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "1607cf494b36bbf00daeb0b503c831aba2f2cf671629ef7840c5a5dfb5074887"
      "0f06165008cf8b8b5a63586362543e54e7208a2ca89cc21aacd56aaa6fb98259"),
    N(camellia_192_cbc,
      "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "2a4830ab5ac4a1a2405955fd2195cf935d5a869bd14ce54264f892a6dd2ec3d5"
      "37d359c3349836d884e310addf68c44901faaa930b4ab9916e9668e1428c6b08"),
    N(camellia_256_cbc,
      "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
      "000102030405060708090a0b0c0d0e0f",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "e6cfa35fc02b134a4d2c0b6737ac3eda36cbeb73bd504b4070b1b7de2b21eb50"
      "e31a6055297d96ca3330cdf1b1860a835d563f6d1cccf236051c0c5c1c58f28f"),
    C(des_ede3_cbc,
      "0123456789abcdef23456789abcdef01456789abcdef0123",
      "0001020304050607",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "df4fb48a5c3414fa340a1553efae84317b4c6aab8845fb9247ee5e08514dd2bc"
      "515a4aa25332eca936ee6ebe03ee555dd7d72374bd3d3d150f8ab00f19a5ae97"),
    N(des_cbc,
      "0123456789abcdef",
      "0001020304050607",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "498f28fc0efbbbd46a44291be66a214ba639a43c8a41dac807d1904f52a94726"
      "a29711410fb8ac7bb70e58b466c4155ebf35a46335c95de2ea04bc26b2b56048"),
    C(rc2_cbc,
      "88bca90e90875a7f0f79c384627bafb2",
      "0001020304050607",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      "d84b0c3ac0329c936f290f2859e2d0e9951e4d0e13f21a7eb5e095b85d9a942d"
      "28431dcb55312d3dd8b3c4541c02cee1fa3f961ad4022cedb29ffb5f5b23af2e"),
    C(rc4,
      "0123456789abcdef0123456789abcdef",
      "",
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9e",
      "1f557c053e0b97efe476ab42411c09d63537621f908390ebcc")
};

#define D(n, text, digest) \
    { #n, { EVP_##n, EVP_ossl_##n, EVP_hcrypto_##n }, text, digest }

static const struct digest_case {
    const char *name;
    digest_fn fn[3];
    const char *text, *digest;
} digests[] = {
    D(md4, "",
      "31d6cfe0d16ae931b73c59d7e0c089c0"),
    D(md4, "abc",
      "a448017aaf21d8525fc10ae87aa6729d"),
    D(md4, two_hundred,
      "e4720c787792df1ec36423b1f3fb0ee6"),
    D(md5, "",
      "d41d8cd98f00b204e9800998ecf8427e"),
    D(md5, "abc",
      "900150983cd24fb0d6963f7d28e17f72"),
    D(md5, two_hundred,
      "887f30b43b2867f4a9accceee7d16e6c"),
    D(sha1, "",
      "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    D(sha1, "abc",
      "a9993e364706816aba3e25717850c26c9cd0d89d"),
    D(sha1, two_hundred,
      "e61cfffe0d9195a525fc6cf06ca2d77119c24a40"),
    D(sha256, "",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    D(sha256, "abc",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    D(sha256, two_hundred,
      "c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5e7c28ae5"),
    D(sha384, "",
      "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
      "274edebfe76f65fbd51ad2f14898b95b"),
    D(sha384, "abc",
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
      "8086072ba1e7cc2358baeca134c825a7"),
    D(sha384, two_hundred,
      "0691b6e978614b67d60557b2a2cddd53406508522efa21c624dbbfa8ab6e726d"
      "5c586b489c7c09f24109a64c10211d48"),
    D(sha512, "",
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
      "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"),
    D(sha512, "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
    D(sha512, two_hundred,
      "4b11459c33f52a22ee8236782714c150a3b2c60994e9acee17fe68947a3e6789"
      "f31e7668394592da7bef827cddca88c4e6f86e4df7ed1ae6cba71f3e98faee9f")
};

static size_t
octets(const char *hex, unsigned char *out)
{
    return strlen(hex) == 0 ? 0 : rk_hex_decode(hex, out, MAX_LEN);
}

/*
 * In two calls, the second of one block: the IV is carried over, but by
 * hcrypto's DES, which has to have all of it at once.
 */
static int
cipher_is(const EVP_CIPHER *c, const struct cipher_case *t, int encrypt)
{
    unsigned char key[MAX_LEN], iv[MAX_LEN], in[MAX_LEN], want[MAX_LEN];
    unsigned char out[MAX_LEN];
    size_t len = octets(encrypt ? t->plain : t->cipher, in);
    size_t last = strcmp(t->name, "des_cbc") == 0 ? 0 :
	EVP_CIPHER_block_size(c);
    EVP_CIPHER_CTX ctx;
    int ok;

    octets(encrypt ? t->cipher : t->plain, want);
    octets(t->iv, iv);
    EVP_CIPHER_CTX_init(&ctx);
    ok = EVP_CipherInit_ex(&ctx, c, NULL, NULL, NULL, encrypt) == 1;
    EVP_CIPHER_CTX_set_key_length(&ctx, octets(t->key, key));
    ok = ok && EVP_CipherInit_ex(&ctx, NULL, NULL, key, iv, encrypt) == 1 &&
	EVP_Cipher(&ctx, out, in, len - last) == 1 &&
	(last == 0 ||
	 EVP_Cipher(&ctx, out + len - last, in + len - last, last) == 1) &&
	memcmp(out, want, len) == 0;
    EVP_CIPHER_CTX_cleanup(&ctx);
    return ok;
}

static int
digest_is(const EVP_MD *md, const struct digest_case *t)
{
    unsigned char want[MAX_LEN], out[EVP_MAX_MD_SIZE];
    size_t len = octets(t->digest, want), text = strlen(t->text);
    EVP_MD_CTX *ctx = EVP_MD_CTX_create();
    int i, ok = 1;

    /* twice in one context */
    for (i = 0; i < 2; i++)
	ok = ok && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
	    EVP_DigestUpdate(ctx, t->text, text / 2) == 1 &&
	    EVP_DigestUpdate(ctx, t->text + text / 2, text - text / 2) == 1 &&
	    EVP_DigestFinal_ex(ctx, out, NULL) == 1 &&
	    EVP_MD_size(md) == len && memcmp(out, want, len) == 0;
    EVP_MD_CTX_destroy(ctx);
    return ok;
}

/* Every vector with every provider; the first that is wrong, or NULL. */
static const char *
first_wrong(void)
{
    size_t i, j;

    for (i = 0; i < COUNT(ciphers); i++)
	for (j = 0; j < 3 && ciphers[i].fn[j] != NULL; j++)
	    if (!cipher_is(ciphers[i].fn[j](), &ciphers[i], 1) ||
		!cipher_is(ciphers[i].fn[j](), &ciphers[i], 0))
		return ciphers[i].name;
    for (i = 0; i < COUNT(digests); i++)
	for (j = 0; j < 3; j++)
	    if (!digest_is(digests[i].fn[j](), &digests[i]))
		return digests[i].name;
    return NULL;
}

static pthread_barrier_t start;

static void *
thread_main(void *arg)
{
    pthread_barrier_wait(&start);
    return rk_UNCONST(first_wrong());
}

/* Comes first: nothing has been fetched yet. */
static void
test_threads(void)
{
    pthread_t thread[THREADS];
    void *wrong = NULL, *result;
    int i;

    pthread_barrier_init(&start, NULL, THREADS);
    for (i = 0; i < THREADS; i++)
	if (pthread_create(&thread[i], NULL, thread_main, NULL) != 0)
	    errx(1, "no thread");
    for (i = 0; i < THREADS; i++) {
	pthread_join(thread[i], &result);
	if (result != NULL)
	    wrong = result;
    }
    check(wrong == NULL, "%d threads that begin at once (%s)", THREADS,
	  wrong == NULL ? "all right" : (char *)wrong);
}

/* A context that was there before, and new ones. */
static void
test_fork(void)
{
    unsigned char key[32] = { 1 }, iv[16] = { 2 }, in[48] = { 3 };
    unsigned char out[2][48];
    EVP_CIPHER_CTX ctx;
    int status = -1, fd[2];
    pid_t pid;

    EVP_CIPHER_CTX_init(&ctx);
    EVP_CipherInit_ex(&ctx, EVP_aes_256_cbc(), NULL, key, iv, 1);
    if (pipe(fd) != 0 || (pid = fork()) < 0)
	err(1, "fork");
    if (pid == 0) {
	EVP_Cipher(&ctx, out[0], in, sizeof(in));
	if (net_write(fd[1], out[0], sizeof(out[0])) != sizeof(out[0]))
	    _exit(2);
	_exit(first_wrong() != NULL);
    }
    EVP_Cipher(&ctx, out[1], in, sizeof(in));
    check(net_read(fd[0], out[0], sizeof(out[0])) == sizeof(out[0]) &&
	  memcmp(out[0], out[1], sizeof(out[0])) == 0,
	  "parent and child go on with one context");
    check(waitpid(pid, &status, 0) == pid && status == 0, "a child");
    EVP_CIPHER_CTX_cleanup(&ctx);
    close(fd[0]);
    close(fd[1]);
}

static unsigned int seed = 8;

static unsigned int
any(unsigned int below)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % below;
}

static void
fill(unsigned char *p, size_t len)
{
    while (len-- > 0)
	*p++ = any(256);
}

/*
 * One call on each of two contexts, in place on one side; a quarter of them
 * begin with an IV, a quarter go back to the last one that was set, some have
 * a new key.
 */
static int
step(EVP_CIPHER_CTX ctx[2], unsigned char *a, unsigned char *b)
{
    size_t block = EVP_CIPHER_CTX_block_size(&ctx[0]);
    size_t len = block * (block == 1 ? 1 + any(40) : 1 + any(9));
    unsigned char in[MAX_LEN], iv[16], key[32];
    int what = any(16), i;

    fill(in, len);
    fill(iv, sizeof(iv));
    fill(key, sizeof(key));
    for (i = 0; i < 2; i++) {
	if (what < 4)
	    EVP_CipherInit_ex(&ctx[i], NULL, NULL, NULL, iv, -1);
	else if (what < 8)
	    EVP_CipherInit_ex(&ctx[i], NULL, NULL, NULL, NULL, -1);
	else if (what == 8)
	    EVP_CipherInit_ex(&ctx[i], NULL, NULL, key, iv, -1);
    }
    memcpy(a, in, len);
    return EVP_Cipher(&ctx[0], a, a, len) == 1 &&
	EVP_Cipher(&ctx[1], b, in, len) == 1 && memcmp(a, b, len) == 0 &&
	memcmp(ctx[0].iv, ctx[1].iv, EVP_CIPHER_CTX_iv_length(&ctx[0])) == 0;
}

static void
test_steps(const struct cipher_case *t, int encrypt)
{
    unsigned char key[MAX_LEN], iv[MAX_LEN], a[MAX_LEN], b[MAX_LEN];
    EVP_CIPHER_CTX ctx[2];
    int i, ok = 1;

    if (t->fn[1] == NULL)
	return;
    octets(t->key, key);
    octets(t->iv, iv);
    for (i = 0; i < 2; i++) {
	EVP_CIPHER_CTX_init(&ctx[i]);
	EVP_CipherInit_ex(&ctx[i], t->fn[i + 1](), NULL, key, iv, encrypt);
    }
    for (i = 0; ok && i < 2000; i++)
	ok = step(ctx, a, b);
    check(ok, "%s: %s, the providers agree for %d calls", t->name,
	  encrypt ? "encrypt" : "decrypt", i);
    EVP_CIPHER_CTX_cleanup(&ctx[0]);
    EVP_CIPHER_CTX_cleanup(&ctx[1]);
}

/* What OpenSSL would complain about does not get there. */
static void
test_refused(const struct cipher_case *t)
{
    unsigned char key[MAX_LEN] = { 0 }, iv[16] = { 0 }, p[64] = { 0 };
    const EVP_CIPHER *c = t->fn[0]();
    EVP_CIPHER_CTX ctx;

    if (t->fn[2] == NULL || c == t->fn[2]())
	return;		/* hcrypto's own: takes what it took */
    EVP_CIPHER_CTX_init(&ctx);
    EVP_CipherInit_ex(&ctx, c, NULL, NULL, iv, 1);
    check(EVP_Cipher(&ctx, p, p, 48) != 1, "%s: no key", t->name);
    EVP_CipherInit_ex(&ctx, NULL, NULL, key, iv, 1);
    check(EVP_Cipher(&ctx, p, p, 48) == 1, "%s: a key", t->name);
    check(EVP_CIPHER_block_size(c) == 1 || EVP_Cipher(&ctx, p, p, 47) != 1,
	  "%s: part of a block", t->name);
    check(EVP_Cipher(&ctx, p, p, 0) == 1, "%s: nothing", t->name);
    EVP_CipherInit_ex(&ctx, NULL, NULL, NULL, iv, 0);
    check(EVP_Cipher(&ctx, p, p, 48) != 1,
	  "%s: a key that was set up to encrypt", t->name);
    EVP_CipherInit_ex(&ctx, NULL, NULL, key, iv, 0);
    check(EVP_Cipher(&ctx, p, p, 48) == 1 && ossl_no_errors(),
	  "%s: it works after that", t->name);
    EVP_CIPHER_CTX_cleanup(&ctx);
}

/* RFC 2202 and RFC 4231 case 2, RFC 6070 case 3 */
static void
test_keyed(void)
{
    static const struct {
	digest_fn md;
	const char *mac;
    } cases[] = {
	{ EVP_md5, "750c783e6ab0b503eaa86e310a5db738" },
	{ EVP_sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ EVP_sha256, "5bdcc146bf60754e6a042426089575c7"
	  "5a003f089d2739839dec58b964ec3843" }
    };
    unsigned char want[MAX_LEN], out[EVP_MAX_MD_SIZE];
    unsigned int len;
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
	octets(cases[i].mac, want);
	HMAC(cases[i].md(), "Jefe", 4, "what do ya want for nothing?", 28,
	     out, &len);
	check(len == strlen(cases[i].mac) / 2 && memcmp(out, want, len) == 0,
	      "HMAC of %u octets", len);
    }
    octets("4b007901b765489abead49d926f721d065a429c1", want);
    check(PKCS5_PBKDF2_HMAC("password", 8, "salt", 4, 4096, EVP_sha1(), 20,
			    out) == 1 && memcmp(out, want, 20) == 0,
	  "PBKDF2 of SHA-1");
    octets("c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a",
	   want);
    check(PKCS5_PBKDF2_HMAC("password", 8, "salt", 4, 4096, EVP_sha256(), 32,
			    out) == 1 && memcmp(out, want, 32) == 0,
	  "PBKDF2 of SHA-256");
}

/* Which are whose: n is how many of hcrypto's own are expected. */
static void
test_whose(size_t want_ciphers, size_t want_digests)
{
    size_t i, n = 0, m = 0;

    for (i = 0; i < COUNT(ciphers); i++)
	n += ciphers[i].fn[2] != NULL &&
	    ciphers[i].fn[0]() == ciphers[i].fn[2]();
    for (i = 0; i < COUNT(digests); i += 3)
	m += digests[i].fn[0]() == digests[i].fn[2]();
    check(n == want_ciphers && m == want_digests,
	  "%d ciphers that can be told and %d digests are hcrypto's own",
	  (int)n, (int)m);
}

/* The same program where OpenSSL's configuration leaves it no provider. */
static void
test_without_provider(const char *self)
{
    static const char conf[] = "test_cipher_vectors.cnf";
    FILE *f = fopen(conf, "w");
    int status = -1;
    pid_t pid;

    if (f == NULL)
	err(1, "%s", conf);
    fprintf(f, "openssl_conf = init\n[init]\nproviders = list\n"
	    "[list]\nnull = one\n[one]\nactivate = 1\n");
    fclose(f);
    pid = fork();
    if (pid < 0)
	err(1, "fork");
    if (pid == 0) {
	setenv("OPENSSL_CONF", conf, 1);
	execl(self, self, "without-provider", (char *)NULL);
	_exit(2);
    }
    check(waitpid(pid, &status, 0) == pid && status == 0,
	  "all of it where OpenSSL has no provider");
    unlink(conf);
}

int
main(int argc, char **argv)
{
    int without = argc > 1, ossl = ossl_version() != 0 && !without;
    const char *wrong;
    size_t i;

    test_threads();
    check(ossl_no_errors(), "nothing in the queue of errors");
    ossl_raise_error();
    wrong = first_wrong();
    check(wrong == NULL, "every vector (%s)", wrong ? wrong : "all right");
    test_whose(ossl ? 2 : COUNT(ciphers) - 4, ossl ? 1 : COUNT(digests) / 3);
    for (i = 0; i < COUNT(ciphers); i++) {
	test_steps(&ciphers[i], 1);
	test_steps(&ciphers[i], 0);
	test_refused(&ciphers[i]);
    }
    test_keyed();
    test_fork();
    if (ossl)
	test_without_provider(argv[0]);
    check(ossl_no_errors(), "the application's error is the only one");
    return check_done();
}
