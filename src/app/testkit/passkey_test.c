/* SPDX-License-Identifier: Apache-2.0 */
/* A software authenticator: one P-256 credential, attestation "none", user verified, a counter that
 * rises. It signs whatever origin and challenge it is given, as a stolen or careless one would. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "app/testkit/testkit.h"
#include "base/rng.h"
#include "core/proof.h"
#include "wire/cbor.h"

enum { FLAGS_USED = 0x05, FLAG_NEW = 0x40 };

static void free_key(void *k)
{
    EVP_PKEY_free(k);
}

static str b64(struct app *app, str s)
{
    struct buf b = buf_in(app->a, s.n * 2 + 16);
    b64_put(&b, s.p, s.n);
    return buf_str(&b);
}

struct authenticator *authenticator_new(struct app *app)
{
    struct authenticator *t = NEW(app->a, struct authenticator);
    char id[20];
    rng_bytes(id, sizeof id);
    *t = (struct authenticator){ .app = app,
                                 .origin = "https://localhost:8443",
                                 .rp_id = "localhost",
                                 .key = EVP_EC_gen("P-256") };
    t->credential = str_copy(app->a, (str){ id, sizeof id });
    must(t->key != NULL);
    arena_undo(app->a, free_key, t->key);
    return t;
}

static str client_data(struct authenticator *t, const char *type, str challenge)
{
    return str_fmt(t->app->a,
                   "{\"type\":\"webauthn.%s\",\"challenge\":\"" STR_FMT
                   "\",\"origin\":\"%s\",\"crossOrigin\":false}",
                   type, STR_ARG(b64(t->app, challenge)), t->origin);
}

static void put_data(struct authenticator *t, struct buf *b, u8 flags)
{
    u8 hash[32];
    proof_sha256(t->rp_id, strlen(t->rp_id), hash);
    buf_bytes(b, hash, sizeof hash);
    buf_char(b, (char)(t->no_verification ? flags & ~4 : flags));
    buf_u32be(b, t->counts_not ? 0 : ++t->counter);
}

static void put_cose(struct authenticator *t, struct buf *b)
{
    u8 point[65];
    size_t n = 0;
    must(EVP_PKEY_get_octet_string_param(t->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                         &n) == 1);
    cbor_put_map(b, 5);
    cbor_put_int(b, 1);
    cbor_put_int(b, 2);
    cbor_put_int(b, 3);
    cbor_put_int(b, -7);
    cbor_put_int(b, -1);
    cbor_put_int(b, 1);
    cbor_put_int(b, -2);
    cbor_put_bytes(b, (str){ (const char *)point + 1, 32 });
    cbor_put_int(b, -3);
    cbor_put_bytes(b, (str){ (const char *)point + 33, 32 });
}

struct got passkey_enrol(struct visitor *v, struct authenticator *t)
{
    struct app *app = v->app;
    struct got start = post(v, "/api/me/passkeys/start", "{}");
    if (start.status != 200)
        return start;
    str challenge = t->challenge.n ? t->challenge : field(&start, "challenge");
    struct buf data = buf_in(app->a, 1024), object = buf_in(app->a, 2048);
    put_data(t, &data, FLAGS_USED | FLAG_NEW);
    buf_bytes(&data, (u8[16]){ 0 }, 16);
    buf_u16be(&data, (u16)t->credential.n);
    buf_put(&data, t->credential);
    put_cose(t, &data);
    cbor_put_map(&object, 3);
    cbor_put_text(&object, S("fmt"));
    cbor_put_text(&object, S("none"));
    cbor_put_text(&object, S("attStmt"));
    cbor_put_map(&object, 0);
    cbor_put_text(&object, S("authData"));
    cbor_put_bytes(&object, buf_str(&data));
    str cd = b64(app, client_data(t, "create", challenge)), att = b64(app, buf_str(&object));
    return post(v, "/api/me/passkeys",
                "{\"name\":\"Key\",\"client_data\":\"" STR_FMT "\",\"attestation\":\"" STR_FMT
                "\",\"challenge\":\"" STR_FMT "\"}",
                STR_ARG(cd), STR_ARG(att), STR_ARG(challenge));
}

struct got passkey_sign_in(struct visitor *v, struct authenticator *t)
{
    struct app *app = v->app;
    struct got start = post(v, "/api/sign-in/start", "{}");
    str challenge = t->challenge.n ? t->challenge : field(&start, "challenge");
    str cd = client_data(t, "get", challenge);
    struct buf data = buf_in(app->a, 128);
    u8 hash[32], signature[80];
    size_t n = sizeof signature;
    void *ephemeral;
    put_data(t, &data, FLAGS_USED);
    proof_sha256(cd.p, cd.n, hash);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, t->key) == 1 &&
         EVP_DigestSignUpdate(md, data.p, data.n) == 1 &&
         EVP_DigestSignUpdate(md, hash, sizeof hash) == 1 &&
         EVP_DigestSignFinal(md, signature, &n) == 1);
    EVP_MD_CTX_free(md);
    str device = device_proof(v, challenge, &ephemeral);
    str parts[] = { b64(app, t->credential), b64(app, cd), b64(app, buf_str(&data)),
                    b64(app, (str){ (const char *)signature, n }) };
    struct got g = post(v, "/api/sign-in/passkey",
                        "{\"credential\":\"" STR_FMT "\",\"client_data\":\"" STR_FMT
                        "\",\"authenticator_data\":\"" STR_FMT "\",\"signature\":\"" STR_FMT
                        "\",\"challenge\":\"" STR_FMT "\",\"device\":" STR_FMT "}",
                        STR_ARG(parts[0]), STR_ARG(parts[1]), STR_ARG(parts[2]), STR_ARG(parts[3]),
                        STR_ARG(challenge), STR_ARG(device));
    if (g.status == 200)
        take_session(v, &g, g.json, challenge, ephemeral);
    return g;
}
