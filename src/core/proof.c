/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes, HMAC, ECDSA and ECDH on P-256, and stateless challenges. The low-level SHA-256 calls of
 * OpenSSL are used where a request pays for them: the EVP layer of 3.0 costs a microsecond an
 * object. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/proof.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>

#include "base/json.h"
#include "base/rng.h"
#include "base/time.h"

void proof_sha256(const void *p, size_t n, u8 ret[32])
{
    (void)SHA256(p, n, ret);
}

void proof_hmac(const u8 key[PROOF_KEY], const str *parts, size_t n, u8 ret[32])
{
    u8 pad[64], inner[32];
    SHA256_CTX c;
    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < PROOF_KEY; i++)
        pad[i] ^= key[i];
    (void)SHA256_Init(&c);
    (void)SHA256_Update(&c, pad, sizeof pad);
    for (size_t i = 0; i < n; i++) {
        if (i)
            (void)SHA256_Update(&c, "\n", 1);
        (void)SHA256_Update(&c, parts[i].p, parts[i].n);
    }
    (void)SHA256_Final(inner, &c);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    (void)SHA256_Init(&c);
    (void)SHA256_Update(&c, pad, sizeof pad);
    (void)SHA256_Update(&c, inner, sizeof inner);
    (void)SHA256_Final(ret, &c);
}

bool proof_matches(const u8 key[PROOF_KEY], const str *parts, size_t n, str proof)
{
    u8 mac[32];
    proof_hmac(key, parts, n, mac);
    SCRATCH(s);
    struct buf b = buf_in(s.a, 64);
    b64_put(&b, mac, sizeof mac);
    return str_eq_secret(buf_str(&b), proof);
}

/* A P-256 public key from its point; NULL when the bytes are not a point of the curve. */
static EVP_PKEY *point_key(str point)
{
    if (point.n != P256_POINT || point.p[0] != 4)
        return NULL;
    EVP_PKEY *key = EVP_PKEY_new();
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    if (!key || !ec || EC_KEY_oct2key(ec, (const u8 *)point.p, point.n, NULL) != 1 ||
        EC_KEY_check_key(ec) != 1 || EVP_PKEY_assign_EC_KEY(key, ec) != 1) {
        EC_KEY_free(ec);
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* r||s to the DER that OpenSSL reads; 0 on failure. */
static int der_of(str sig, u8 **ret)
{
    ECDSA_SIG *s = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn((const u8 *)sig.p, 32, NULL),
           *v = BN_bin2bn((const u8 *)sig.p + 32, 32, NULL);
    int n = 0;
    if (s && r && v && ECDSA_SIG_set0(s, r, v) == 1)
        n = i2d_ECDSA_SIG(s, ret);
    ECDSA_SIG_free(s);
    return n;
}

err proof_verify(str point, const str *parts, size_t n, str signature)
{
    if (signature.n != P256_SIGNATURE)
        return E_INVALID;
    EVP_PKEY *key = point_key(point);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    u8 *der = NULL;
    int der_n = der_of(signature, &der);
    bool good =
        key && md && der_n > 0 && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1;
    for (size_t i = 0; good && i < n; i++)
        good = EVP_DigestVerifyUpdate(md, parts[i].p, parts[i].n) == 1;
    good = good && EVP_DigestVerifyFinal(md, der, (size_t)der_n) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    return good ? E_NONE : E_INVALID;
}

static err hkdf(const u8 *secret, size_t n, str salt, u8 ret_key[PROOF_KEY])
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    static const char info[] = "outwork-proof-v1";
    size_t out = PROOF_KEY;
    bool good = c && EVP_PKEY_derive_init(c) == 1 &&
                EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set1_hkdf_salt(c, (const u8 *)salt.p, (int)salt.n) == 1 &&
                EVP_PKEY_CTX_set1_hkdf_key(c, secret, (int)n) == 1 &&
                EVP_PKEY_CTX_add1_hkdf_info(c, (const u8 *)info, (int)sizeof info - 1) == 1 &&
                EVP_PKEY_derive(c, ret_key, &out) == 1 && out == PROOF_KEY;
    EVP_PKEY_CTX_free(c);
    return good ? E_NONE : E_INTERNAL;
}

err proof_agree(str their_point, str challenge, u8 ret_point[P256_POINT], u8 ret_key[PROOF_KEY])
{
    EVP_PKEY *theirs = point_key(their_point), *mine = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *c = mine ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    u8 shared[32], point[P256_POINT], key[PROOF_KEY];
    size_t n = sizeof shared, point_n = 0;
    err e = E_INVALID;
    if (theirs && c && EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, theirs) == 1 &&
        EVP_PKEY_derive(c, shared, &n) == 1 && n == sizeof shared &&
        EVP_PKEY_get_octet_string_param(mine, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                        &point_n) == 1 &&
        point_n == sizeof point)
        e = hkdf(shared, sizeof shared, challenge, key);
    if (e == E_NONE) {
        memcpy(ret_point, point, sizeof point);
        memcpy(ret_key, key, sizeof key);
    }
    explicit_bzero(shared, sizeof shared);
    explicit_bzero(key, sizeof key);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(theirs);
    return e;
}

/* Challenges: 16 random bytes, 8 of time, 24 of MAC. The used ones of the last five minutes are
 * remembered by the first eight random bytes in a ring; a flood that overruns the ring makes
 * challenges older, never reusable, since the ring's oldest time becomes the oldest accepted. */
enum { CH_RANDOM = 16, CH_BYTES = 48, CH_RING = 16384 };
static const usec challenge_lasts = 5 * USEC_MIN;

static struct {
    pthread_mutex_t lock;
    bool made;
    u8 key[PROOF_KEY];
    u64 used[CH_RING];
    usec used_at[CH_RING];
    u32 at;
    usec oldest;
} ch = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void challenge_mac(const u8 *bytes, u8 ret[32])
{
    must(pthread_mutex_lock(&ch.lock) == 0);
    if (!ch.made)
        rng_bytes(ch.key, sizeof ch.key);
    ch.made = true;
    (void)pthread_mutex_unlock(&ch.lock);
    proof_hmac(ch.key, &(str){ (const char *)bytes, CH_RANDOM + 8 }, 1, ret);
}

str challenge_new(struct arena *out, usec now)
{
    u8 bytes[CH_BYTES], mac[32];
    rng_bytes(bytes, CH_RANDOM);
    memcpy(bytes + CH_RANDOM, &now, 8);
    challenge_mac(bytes, mac);
    memcpy(bytes + CH_RANDOM + 8, mac, CH_BYTES - CH_RANDOM - 8);
    struct buf b = buf_in(out, 128);
    b64_put(&b, bytes, sizeof bytes);
    return buf_str(&b);
}

static err challenge_once(u64 mark, usec made, usec now)
{
    for (u32 i = 0; i < CH_RING; i++)
        if (ch.used[i] == mark && now - ch.used_at[i] <= 2 * challenge_lasts)
            return E_CONFLICT;
    if (made <= ch.oldest)
        return E_INVALID;
    if (ch.used[ch.at] && now - ch.used_at[ch.at] < challenge_lasts)
        ch.oldest = MAX(ch.oldest, ch.used_at[ch.at]);
    ch.used[ch.at] = mark;
    ch.used_at[ch.at] = now;
    ch.at = (ch.at + 1) % CH_RING;
    return E_NONE;
}

err challenge_use(str challenge, usec now)
{
    SCRATCH(s);
    str raw;
    u8 mac[32];
    usec made;
    u64 mark;
    if (b64_parse(s.a, challenge, &raw) != E_NONE || raw.n != CH_BYTES)
        return E_INVALID;
    challenge_mac((const u8 *)raw.p, mac);
    if (!str_eq_secret((str){ (const char *)mac, CH_BYTES - CH_RANDOM - 8 },
                       str_sub(raw, CH_RANDOM + 8, CH_BYTES)))
        return E_INVALID;
    memcpy(&made, raw.p + CH_RANDOM, 8);
    if (made > now + USEC_S || now - made > challenge_lasts)
        return E_INVALID;
    memcpy(&mark, raw.p, 8);
    must(pthread_mutex_lock(&ch.lock) == 0);
    err e = challenge_once(mark, made, now);
    (void)pthread_mutex_unlock(&ch.lock);
    return e;
}
