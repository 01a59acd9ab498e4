/* SPDX-License-Identifier: Apache-2.0 */
/* Passkey bytes as real keys give them, and each way in which they can be cut, padded or contradict
 * themselves. */
#include "wire/webauthn.h"

#include <string.h>

#include "test/test.h"
#include "wire/cbor.h"
#include "wire/webauthn_vectors.h"

static str unhex(struct T *T, const char *hex)
{
    size_t n = strlen(hex) / 2;
    char *p = arena_get(T->arena, 1, n + 1, 1);
    for (size_t i = 0; i < n; i++) {
        unsigned v = 0;
        expect(sscanf(hex + i * 2, "%2x", &v) == 1);
        p[i] = (char)v;
    }
    return (str){ p, n };
}

TEST(webauthn_reads_enrolments_of_every_key)
{
    for (size_t i = 0; i < COUNT(webauthn_vectors); i++) {
        const struct webauthn_vector *v = &webauthn_vectors[i];
        struct webauthn_attestation a;
        expect_ok(webauthn_attestation_parse(T->arena, unhex(T, v->attestation), &a));
        expect_s(a.format, S("none"));
        expect_i(a.data.flags, WEBAUTHN_UP | WEBAUTHN_UV | WEBAUTHN_AT);
        expect_i(a.data.counter, 1);
        expect(a.data.has_credential);
        expect_i(a.data.credential_id.n, 20);
        expect_i(a.data.key.alg, v->alg);
        expect_s(a.data.rp_id_hash, str_sub(unhex(T, v->auth_data), 0, 32));
        struct webauthn_key k;
        expect_ok(webauthn_key_parse(T->arena, a.data.cose_key, &k));
        expect_s(k.x, a.data.key.x);
        expect_i(k.x.n, v->alg == WEBAUTHN_RS256 ? 0 : 32);
        expect_i(k.y.n, v->alg == WEBAUTHN_ES256 ? 32 : 0);
        expect_i(k.n.n, v->alg == WEBAUTHN_RS256 ? 256 : 0);
        expect_s(k.e, v->alg == WEBAUTHN_RS256 ? S("\1\0\1") : S(""));
    }
}

TEST(webauthn_reads_sign_ins)
{
    for (size_t i = 0; i < COUNT(webauthn_vectors); i++) {
        const struct webauthn_vector *v = &webauthn_vectors[i];
        struct webauthn_auth_data d;
        struct webauthn_client_data c;
        expect_ok(webauthn_auth_data_parse(T->arena, unhex(T, v->auth_data), &d));
        expect(!d.has_credential);
        expect_i(d.counter, 2);
        expect_ok(webauthn_client_data_parse(T->arena, unhex(T, v->get_client_data), &c));
        expect_s(c.type, S("webauthn.get"));
        expect_s(c.origin, S("https://office.example"));
        expect_s(c.challenge, unhex(T, v->get_challenge));
        expect(!c.cross_origin);
    }
}

TEST(webauthn_every_cut_and_every_extra_byte_is_refused)
{
    for (size_t i = 0; i < COUNT(webauthn_vectors); i++) {
        struct webauthn_attestation a;
        struct webauthn_auth_data d;
        str whole = unhex(T, webauthn_vectors[i].attestation);
        expect_ok(webauthn_attestation_parse(T->arena, whole, &a));
        str data = a.auth_data;
        for (size_t n = 0; n < whole.n; n++)
            expect_err(webauthn_attestation_parse(T->arena, (str){ whole.p, n }, &a), E_INVALID);
        for (size_t n = 0; n < data.n; n++)
            expect_err(webauthn_auth_data_parse(T->arena, (str){ data.p, n }, &d), E_INVALID);
        str longer = str_fmt(T->arena, "%*s", (int)data.n + 1, "");
        memcpy((char *)(uintptr_t)longer.p, data.p, data.n);
        expect_err(webauthn_auth_data_parse(T->arena, longer, &d), E_INVALID);
    }
}

TEST(webauthn_flags_must_agree_with_the_bytes)
{
    struct webauthn_auth_data d;
    str bare = unhex(T, webauthn_vectors[0].auth_data);
    char *p = str_z(T->arena, bare);
    static const u8 bad[] = { WEBAUTHN_UP | WEBAUTHN_BS, WEBAUTHN_UP | WEBAUTHN_AT,
                              WEBAUTHN_UP | WEBAUTHN_ED };
    for (size_t i = 0; i < COUNT(bad); i++) {
        p[32] = (char)bad[i];
        expect_err(webauthn_auth_data_parse(T->arena, (str){ p, bare.n }, &d), E_INVALID);
    }
    p[32] = WEBAUTHN_UP | WEBAUTHN_BE | WEBAUTHN_BS;
    expect_ok(webauthn_auth_data_parse(T->arena, (str){ p, bare.n }, &d));
    struct buf b = buf_in(T->arena, 1000);
    p[32] = (char)(WEBAUTHN_UP | WEBAUTHN_ED);
    buf_bytes(&b, p, bare.n);
    cbor_put_map(&b, 1);
    cbor_put_text(&b, S("credProtect"));
    cbor_put_int(&b, 2);
    expect_ok(webauthn_auth_data_parse(T->arena, buf_str(&b), &d));
    buf_char(&b, 0);
    expect_err(webauthn_auth_data_parse(T->arena, buf_str(&b), &d), E_INVALID);
}

/* An EC key from parts, so that one of them can be wrong. */
static str ec_key(struct T *T, i64 kty, i64 alg, i64 crv, size_t bytes)
{
    struct buf b = buf_in(T->arena, 1000);
    static const char coordinate[64] = "0123456789abcdef0123456789abcdef";
    cbor_put_map(&b, 5);
    i64 pairs[] = { 1, kty, 3, alg, -1, crv };
    for (size_t i = 0; i < COUNT(pairs); i++)
        cbor_put_int(&b, pairs[i]);
    for (i64 label = -2; label >= -3; label--) {
        cbor_put_int(&b, label);
        cbor_put_bytes(&b, (str){ coordinate, bytes });
    }
    return buf_str(&b);
}

static str rsa_key(struct T *T, size_t bytes, u8 first, str e)
{
    struct buf b = buf_in(T->arena, 2000);
    u8 n[600];
    memset(n, 0xab, sizeof n);
    n[0] = first;
    cbor_put_map(&b, 4);
    i64 pairs[] = { 1, 3, 3, WEBAUTHN_RS256, -1 };
    for (size_t i = 0; i < COUNT(pairs); i++)
        cbor_put_int(&b, pairs[i]);
    cbor_put_bytes(&b, (str){ (char *)n, bytes });
    cbor_put_int(&b, -2);
    cbor_put_bytes(&b, e);
    return buf_str(&b);
}

TEST(webauthn_keys_of_a_wrong_form_are_refused)
{
    struct webauthn_key k = { .alg = WEBAUTHN_EDDSA };
    expect_err(webauthn_key_parse(T->arena, ec_key(T, 1, -7, 1, 32), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, ec_key(T, 2, -8, 1, 32), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, ec_key(T, 2, -35, 1, 32), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, ec_key(T, 2, -7, 2, 32), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, ec_key(T, 2, -7, 1, 31), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, ec_key(T, 2, -7, 1, 33), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, rsa_key(T, 128, 0xab, S("\1\0\1")), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, rsa_key(T, 513, 0xab, S("\1\0\1")), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, rsa_key(T, 256, 0, S("\1\0\1")), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, rsa_key(T, 256, 0xab, S("\1")), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, rsa_key(T, 256, 0xab, S("\1\0\0")), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, rsa_key(T, 256, 0xab, S("\0\1\0\1")), &k), E_INVALID);
    expect_err(webauthn_key_parse(T->arena, S("\x80"), &k), E_INVALID);
    expect_i(k.alg, WEBAUTHN_EDDSA);
    expect_ok(webauthn_key_parse(T->arena, ec_key(T, 2, -7, 1, 32), &k));
    expect_ok(webauthn_key_parse(T->arena, rsa_key(T, 512, 0xab, S("\3")), &k));
}

TEST(webauthn_client_data_must_have_its_members)
{
    struct webauthn_client_data c;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"type\":\"webauthn.get\",\"challenge\":\"AAAA\"}",
        "{\"type\":1,\"challenge\":\"AAAA\",\"origin\":\"https://a\"}",
        "{\"type\":\"webauthn.get\",\"challenge\":\"AA==\",\"origin\":\"https://a\"}",
        "{\"type\":\"t\",\"challenge\":\"AAAA\",\"origin\":\"https://a\",\"crossOrigin\":\"no\"}",
        "{\"type\":\"t\",\"challenge\":\"AAAA\",\"origin\":\"https://a\",\"origin\":\"https://b\"}",
        "{\"type\":\"webauthn.get\",\"challenge\":\"AAAA\",\"origin\":\"https://a\"}x",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_err(webauthn_client_data_parse(T->arena, str_from(bad[i]), &c), E_INVALID);
    expect_ok(webauthn_client_data_parse(
        T->arena,
        S("{\"extra\":[1],\"origin\":\"https://a\",\"type\":\"t\",\"challenge\":\"\","
          "\"crossOrigin\":true}"),
        &c));
    expect(c.cross_origin && c.challenge.n == 0);
}
