/* SPDX-License-Identifier: Apache-2.0 */
/* Passkeys: what wire/webauthn has read is compared with what was asked, then the signature is
 * checked with OpenSSL. Cheap comparisons come first, so that a stranger's nonsense costs no
 * public-key operation. */
#include "core/webauthn_verify.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <string.h>

static void free_key(EVP_PKEY **k) { EVP_PKEY_free(*k); }
#define FREE_KEY __attribute__((cleanup(free_key)))

static err check_client(struct arena *a, const struct webauthn_expect *want, str json, str type)
{
    struct webauthn_client_data c;
    TRY(webauthn_client_data_parse(a, json, &c));
    bool right = str_eq(c.type, type) && want->challenge.n &&
                 str_eq_secret(c.challenge, want->challenge) && str_eq(c.origin, want->origin) &&
                 !c.cross_origin;
    return right ? E_NONE : E_DENIED;
}

static err check_device(const struct webauthn_expect *want, const struct webauthn_auth_data *d)
{
    u8 hash[32];
    SHA256((const u8 *)want->rp_id.p, want->rp_id.n, hash);
    bool right = str_eq(d->rp_id_hash, (str){ (const char *)hash, sizeof hash }) &&
                 (d->flags & WEBAUTHN_UP) && (d->flags & WEBAUTHN_UV);
    return right ? E_NONE : E_DENIED;
}

/* ---- keys ---- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!c || !params || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(c);
    return key;
}

/* A point that is not on the curve gives NULL. */
static EVP_PKEY *p256_key(const struct webauthn_key *k)
{
    u8 point[65] = { 4 };
    char group[] = "P-256";
    memcpy(point + 1, k->x.p, 32);
    memcpy(point + 33, k->y.p, 32);
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                            OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
                                                              sizeof point),
                            OSSL_PARAM_construct_end() };
    return from_params("EC", params);
}

static EVP_PKEY *rsa_key(const struct webauthn_key *k)
{
    EVP_PKEY *key = NULL;
    BIGNUM *n = BN_bin2bn((const u8 *)k->n.p, (int)k->n.n, NULL),
           *e = BN_bin2bn((const u8 *)k->e.p, (int)k->e.n, NULL);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    if (n && e && b && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e)) {
        OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
        key = from_params("RSA", params);
        OSSL_PARAM_free(params);
    }
    OSSL_PARAM_BLD_free(b);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *key_open(const struct webauthn_key *k)
{
    switch (k->alg) {
    case WEBAUTHN_ES256: return p256_key(k);
    case WEBAUTHN_RS256: return rsa_key(k);
    case WEBAUTHN_EDDSA:
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const u8 *)k->x.p, k->x.n);
    }
    return NULL;
}

static bool signature_right(EVP_PKEY *key, enum webauthn_alg alg, str message, str signature)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    const EVP_MD *hash = alg == WEBAUTHN_EDDSA ? NULL : EVP_sha256();
    bool right = c && EVP_DigestVerifyInit(c, NULL, hash, NULL, key) == 1 &&
                 EVP_DigestVerify(c, (const u8 *)signature.p, signature.n, (const u8 *)message.p,
                                  message.n) == 1;
    EVP_MD_CTX_free(c);
    return right;
}

/* ---- the two ceremonies ---- */

err webauthn_check_registration(struct arena *out, const struct webauthn_expect *want,
                                str client_data, str attestation, struct webauthn_new *ret)
{
    struct webauthn_attestation a;
    TRY(check_client(out, want, client_data, S("webauthn.create")));
    TRY(webauthn_attestation_parse(out, attestation, &a));
    TRY(check_device(want, &a.data));
    FREE_KEY EVP_PKEY *key = key_open(&a.data.key);
    if (!key)
        return E_INVALID;
    *ret = (struct webauthn_new){ .credential = a.data.credential_id,
                                  .cose_key = a.data.cose_key,
                                  .counter = a.data.counter,
                                  .aaguid = a.data.aaguid,
                                  .backed_up = (a.data.flags & WEBAUTHN_BE) != 0 };
    return E_NONE;
}

err webauthn_check_assertion(const struct webauthn_expect *want,
                             const struct webauthn_assertion *shown, i64 *ret_counter)
{
    SCRATCH(s);
    struct webauthn_auth_data d;
    struct webauthn_key k;
    TRY(check_client(s.a, want, shown->client_data, S("webauthn.get")));
    TRY(webauthn_auth_data_parse(s.a, shown->authenticator_data, &d));
    TRY(check_device(want, &d));
    TRY(webauthn_key_parse(s.a, shown->cose_key, &k));
    if ((d.counter || shown->last_counter) && d.counter <= shown->last_counter)
        return E_DENIED;
    FREE_KEY EVP_PKEY *key = key_open(&k);
    if (!key)
        return E_INVALID;
    u8 hash[32];
    SHA256((const u8 *)shown->client_data.p, shown->client_data.n, hash);
    struct buf message = buf_in(s.a, WEBAUTHN_ATTESTATION_MAX + sizeof hash);
    buf_put(&message, shown->authenticator_data);
    buf_bytes(&message, hash, sizeof hash);
    str signed_bytes;
    TRY(buf_done(&message, &signed_bytes));
    if (!signature_right(key, k.alg, signed_bytes, shown->signature))
        return E_DENIED;
    *ret_counter = d.counter;
    return E_NONE;
}
