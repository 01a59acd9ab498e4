/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of proofs against fixed numbers, which the web client's tests may use too, and
 * against OpenSSL's own HMAC; challenges once, in their time, and under a flood. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/proof.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/json.h"
#include "test/test.h"

/* Shared X: the bytes 0 … 31. */
static const char vector_challenge[] = "challenge-text";
static const char vector_key[] = "569d40c354e4e4283de8f7633bfb95076d5909a5daf3d7dae4dfcaf63805b538";
static const char vector_proof[] = "YFHINguy1IqQeTJSbhe61X4x0DimIQcnMpE8zG1rLbM";

static str hex(struct arena *a, const void *p, size_t n)
{
    struct buf b = buf_in(a, 256);
    buf_hex(&b, p, n);
    return buf_str(&b);
}

/* HKDF-SHA256 (RFC 5869), one block, from HMAC alone. */
static void hkdf(const u8 *x, str salt, u8 ret[32])
{
    static const char info[] = "outwork-proof-v1\1";
    u8 prk[32];
    must(HMAC(EVP_sha256(), salt.p, (int)salt.n, x, 32, prk, NULL) != NULL);
    must(HMAC(EVP_sha256(), prk, 32, (const u8 *)info, sizeof info - 1, ret, NULL) != NULL);
}

TEST(proof_vector_of_key_and_proof)
{
    u8 x[32], key[32], mac[32];
    for (u8 i = 0; i < 32; i++)
        x[i] = i;
    hkdf(x, str_from(vector_challenge), key);
    expect_s(hex(T->arena, key, sizeof key), str_from(vector_key));
    const str parts[] = { S("POST"), S("/api/channels/chan_1/messages?x=1"), S("key-12345"),
                          S("1700000000123") };
    struct buf b = buf_in(T->arena, 64);
    proof_hmac(key, parts, COUNT(parts), mac);
    b64_put(&b, mac, sizeof mac);
    expect_s(buf_str(&b), str_from(vector_proof));
    expect(proof_matches(key, parts, COUNT(parts), str_from(vector_proof)));
    expect(!proof_matches(key, parts, COUNT(parts) - 1, str_from(vector_proof)));
    expect(!proof_matches(key, parts, COUNT(parts), str_sub(buf_str(&b), 0, 42)));
    expect(!proof_matches(key, parts, COUNT(parts), (str){ 0 }));
    for (size_t i = 0; i < COUNT(parts); i++) {
        str changed[COUNT(parts)];
        memcpy(changed, parts, sizeof parts);
        changed[i] = str_fmt(T->arena, STR_FMT "x", STR_ARG(parts[i]));
        expect(!proof_matches(key, changed, COUNT(parts), str_from(vector_proof)));
    }
}

static EVP_PKEY *key_new(u8 point[65])
{
    size_t n = 0;
    EVP_PKEY *k = EVP_EC_gen("P-256");
    must(k && EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &n) == 1);
    return k;
}

static void shared_x(EVP_PKEY *mine, const u8 *theirs, u8 ret[32])
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    const EC_KEY *own = EVP_PKEY_get0_EC_KEY(mine);
    must(EC_KEY_oct2key(ec, theirs, 65, NULL) == 1 &&
         ECDH_compute_key(ret, 32, EC_KEY_get0_public_key(ec), own, NULL) == 32);
    EC_KEY_free(ec);
}

TEST(proof_both_sides_agree_on_the_key)
{
    u8 mine[65], theirs[65], key[32], want[32], x[32];
    EVP_PKEY *k = key_new(mine);
    str challenge = str_from(vector_challenge);
    expect_ok(proof_agree((str){ (const char *)mine, 65 }, challenge, theirs, key));
    shared_x(k, theirs, x);
    hkdf(x, challenge, want);
    expect_s(hex(T->arena, key, 32), hex(T->arena, want, 32));
    hkdf(x, S("another"), want);
    expect(memcmp(key, want, 32) != 0);
    EVP_PKEY_free(k);
}

TEST(proof_points_off_the_curve_are_refused)
{
    u8 mine[65], theirs[65] = { 7 }, key[32] = { 7 };
    EVP_PKEY *k = key_new(mine);
    u8 bad[4][65];
    for (size_t i = 0; i < COUNT(bad); i++)
        memcpy(bad[i], mine, 65);
    bad[0][64] ^= 1;              /* not on the curve */
    bad[1][0] = 2;                /* compressed */
    memset(bad[2] + 1, 0, 64);    /* the origin */
    memset(bad[3] + 1, 0xff, 64); /* above the prime */
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_err(proof_agree((str){ (const char *)bad[i], 65 }, S("c"), theirs, key), E_INVALID);
    expect_err(proof_agree((str){ (const char *)mine, 64 }, S("c"), theirs, key), E_INVALID);
    expect_err(proof_agree((str){ "\0", 1 }, S("c"), theirs, key), E_INVALID); /* infinity */
    expect(theirs[0] == 7 && key[0] == 7);
    EVP_PKEY_free(k);
}

static void sign(EVP_PKEY *k, const str *parts, size_t n, u8 ret[64])
{
    u8 der[80];
    size_t der_n = sizeof der;
    const u8 *at = der;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, k) == 1);
    for (size_t i = 0; i < n; i++)
        must(EVP_DigestSignUpdate(md, parts[i].p, parts[i].n) == 1);
    must(EVP_DigestSignFinal(md, der, &der_n) == 1);
    EVP_MD_CTX_free(md);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der_n);
    must(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + 32, 32) == 32);
    ECDSA_SIG_free(sig);
}

TEST(proof_signatures_hold_for_their_key_and_words_alone)
{
    u8 point[65], other[65], sig[64];
    EVP_PKEY *k = key_new(point), *k2 = key_new(other);
    const str parts[] = { S("outwork-device-v1"), S("challenge"), S("rest") };
    const str split[] = { S("outwork-device-v1challenge"), S("rest") };
    str p = { (const char *)point, 65 }, s = { (const char *)sig, 64 };
    sign(k, parts, COUNT(parts), sig);
    expect_ok(proof_verify(p, parts, COUNT(parts), s));
    expect_ok(proof_verify(p, split, COUNT(split), s)); /* end to end */
    expect_err(proof_verify((str){ (const char *)other, 65 }, parts, COUNT(parts), s), E_INVALID);
    expect_err(proof_verify(p, parts, 2, s), E_INVALID);
    expect_err(proof_verify(p, parts, COUNT(parts), (str){ s.p, 63 }), E_INVALID);
    for (size_t i = 0; i < 64; i += 7) {
        sig[i] ^= 4;
        expect_err(proof_verify(p, parts, COUNT(parts), s), E_INVALID);
        sig[i] ^= 4;
    }
    memset(sig, 0, sizeof sig);
    expect_err(proof_verify(p, parts, COUNT(parts), s), E_INVALID);
    EVP_PKEY_free(k);
    EVP_PKEY_free(k2);
}

/* ---- challenges ---- */

TEST(challenge_is_good_once_and_for_five_minutes)
{
    usec now = 1700000000 * USEC_S;
    str a = challenge_new(T->arena, now), b = challenge_new(T->arena, now);
    expect(!str_eq(a, b));
    expect_ok(challenge_use(a, now + USEC_S));
    expect_err(challenge_use(a, now + 2 * USEC_S), E_CONFLICT);
    expect_ok(challenge_use(b, now + 5 * USEC_MIN));
    expect_err(challenge_use(b, now + 5 * USEC_MIN), E_CONFLICT);
    str late = challenge_new(T->arena, now), early = challenge_new(T->arena, now + USEC_MIN);
    expect_err(challenge_use(late, now + 5 * USEC_MIN + 1), E_INVALID);
    expect_err(challenge_use(early, now), E_INVALID); /* from the future */
}

TEST(challenge_made_by_others_is_refused)
{
    usec now = 1700000000 * USEC_S;
    str good = challenge_new(T->arena, now);
    expect_err(challenge_use(S(""), now), E_INVALID);
    expect_err(challenge_use(S("made-up"), now), E_INVALID);
    for (size_t i = 0; i < good.n; i++) {
        char *p = str_z(T->arena, good);
        p[i] = p[i] == 'A' ? 'B' : 'A';
        expect_err(challenge_use((str){ p, good.n }, now), E_INVALID);
    }
    expect_err(challenge_use(str_sub(good, 0, good.n - 1), now), E_INVALID);
    expect_ok(challenge_use(good, now));
}

TEST(challenge_used_stays_used_through_a_flood)
{
    usec now = 1700000000 * USEC_S;
    str first = challenge_new(T->arena, now);
    expect_ok(challenge_use(first, now));
    for (int i = 0; i < 16384 + 100; i++) {
        SCRATCH(s);
        now += 10;
        expect_ok(challenge_use(challenge_new(s.a, now), now));
    }
    expect(challenge_use(first, now) != E_NONE); /* forgotten by the ring, and yet not good */
    expect_ok(challenge_use(challenge_new(T->arena, now + 1), now + 1));
}
