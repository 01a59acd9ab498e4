/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolments and sign-ins made with openssl for each kind of key; then everything that must not
 * pass. */
#include "core/webauthn_verify.h"

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

struct bench {
    struct webauthn_expect create, get;
    str create_client_data, attestation;
    struct webauthn_assertion shown;
};

static struct bench bench_of(struct T *T, size_t i)
{
    const struct webauthn_vector *v = &webauthn_vectors[i];
    struct bench b = { 0 };
    b.get.origin = S("https://office.example");
    b.get.rp_id = S("office.example");
    b.create = b.get;
    b.create.challenge = unhex(T, v->create_challenge);
    b.get.challenge = unhex(T, v->get_challenge);
    b.create_client_data = unhex(T, v->create_client_data);
    b.attestation = unhex(T, v->attestation);
    b.shown.client_data = unhex(T, v->get_client_data);
    b.shown.authenticator_data = unhex(T, v->auth_data);
    b.shown.signature = unhex(T, v->signature);
    struct webauthn_attestation a;
    expect_ok(webauthn_attestation_parse(T->arena, b.attestation, &a));
    b.shown.cose_key = a.data.cose_key;
    b.shown.last_counter = a.data.counter;
    return b;
}

static str flipped(struct T *T, str s, size_t at)
{
    char *p = str_z(T->arena, s);
    p[at] ^= 1;
    return (str){ p, s.n };
}

TEST(webauthn_enrolment_then_sign_in_with_every_kind_of_key)
{
    for (size_t i = 0; i < COUNT(webauthn_vectors); i++) {
        struct bench b = bench_of(T, i);
        struct webauthn_new made;
        i64 counter = -1;
        expect_ok(webauthn_check_registration(T->arena, &b.create, b.create_client_data,
                                              b.attestation, &made));
        expect_i(made.counter, 1);
        expect_i(made.credential.n, 20);
        b.shown.cose_key = made.cose_key;
        b.shown.last_counter = made.counter;
        expect_ok(webauthn_check_assertion(&b.get, &b.shown, &counter));
        expect_i(counter, 2);
    }
}

TEST(webauthn_every_changed_bit_of_a_sign_in_is_refused)
{
    for (size_t i = 0; i < COUNT(webauthn_vectors); i++) {
        struct bench b = bench_of(T, i);
        i64 counter = -1;
        str *parts[] = { &b.shown.client_data, &b.shown.authenticator_data, &b.shown.signature };
        for (size_t k = 0; k < COUNT(parts); k++) {
            str was = *parts[k];
            for (size_t at = 0; at < was.n; at += k == 2 ? 5 : 1) {
                *parts[k] = flipped(T, was, at);
                expect(webauthn_check_assertion(&b.get, &b.shown, &counter) != E_NONE);
            }
            *parts[k] = (str){ was.p, 0 };
            expect(webauthn_check_assertion(&b.get, &b.shown, &counter) != E_NONE);
            *parts[k] = was;
        }
        expect_i(counter, -1);
        expect_ok(webauthn_check_assertion(&b.get, &b.shown, &counter));
    }
}

TEST(webauthn_another_site_challenge_or_ceremony_is_refused)
{
    struct bench b = bench_of(T, 0);
    i64 counter;
    struct webauthn_new made;
    struct webauthn_expect other[5];
    for (size_t i = 0; i < COUNT(other); i++)
        other[i] = b.get;
    other[0].challenge = b.create.challenge;
    other[1].challenge = S("");
    other[2].origin = S("https://office.example:8443");
    other[3].origin = S("http://office.example");
    other[4].rp_id = S("example");
    for (size_t i = 0; i < COUNT(other); i++)
        expect_err(webauthn_check_assertion(&other[i], &b.shown, &counter), E_DENIED);
    struct webauthn_expect create_as_get = b.get;
    create_as_get.challenge = b.create.challenge;
    struct webauthn_assertion wrong = b.shown;
    wrong.client_data = b.create_client_data;
    expect_err(webauthn_check_assertion(&create_as_get, &wrong, &counter), E_DENIED);
    expect_err(
        webauthn_check_registration(T->arena, &b.get, b.shown.client_data, b.attestation, &made),
        E_DENIED);
    expect_err(
        webauthn_check_registration(T->arena, &b.get, b.create_client_data, b.attestation, &made),
        E_DENIED);
    struct webauthn_expect domain = b.create;
    domain.rp_id = S("evil.example");
    expect_err(
        webauthn_check_registration(T->arena, &domain, b.create_client_data, b.attestation, &made),
        E_DENIED);
    str framed = S(
        "{\"type\":\"webauthn.create\",\"challenge\":\"AAAA\",\"origin\":\"https://office.example\""
        ",\"crossOrigin\":true}");
    domain = b.create;
    domain.challenge = (str){ "\0\0\0", 3 };
    expect_err(webauthn_check_registration(T->arena, &domain, framed, b.attestation, &made),
               E_DENIED);
    str alone = S("{\"type\":\"webauthn.create\",\"challenge\":\"AAAA\","
                  "\"origin\":\"https://office.example\"}");
    expect_ok(webauthn_check_registration(T->arena, &domain, alone, b.attestation, &made));
}

TEST(webauthn_presence_and_verification_are_required)
{
    struct bench b = bench_of(T, 0);
    struct webauthn_new made;
    static const char *const key_head =
        "\x45\0\0\0\1"; /* the flags in the vector: UP, UV, AT; then the counter */
    ptrdiff_t at = str_find(b.attestation, (str){ key_head, 5 });
    expect(at > 0);
    for (int bit = 0; bit < 3; bit += 2) {
        char *p = str_z(T->arena, b.attestation);
        p[at] = (char)(p[at] & ~(1 << bit));
        expect_err(webauthn_check_registration(T->arena, &b.create, b.create_client_data,
                                               (str){ p, b.attestation.n }, &made),
                   E_DENIED);
    }
}

TEST(webauthn_a_counter_that_does_not_grow_means_a_copy)
{
    struct bench b = bench_of(T, 0);
    i64 counter = -1;
    b.shown.last_counter = 2;
    expect_err(webauthn_check_assertion(&b.get, &b.shown, &counter), E_DENIED);
    b.shown.last_counter = 3;
    expect_err(webauthn_check_assertion(&b.get, &b.shown, &counter), E_DENIED);
    b.shown.last_counter = 0;
    expect_ok(webauthn_check_assertion(&b.get, &b.shown, &counter));
}

TEST(webauthn_another_key_or_one_off_its_curve_is_refused)
{
    struct bench b = bench_of(T, 0);
    struct webauthn_new made;
    i64 counter;
    str right = b.shown.cose_key;
    b.shown.cose_key = bench_of(T, 1).shown.cose_key;
    expect_err(webauthn_check_assertion(&b.get, &b.shown, &counter), E_DENIED);
    b.shown.cose_key = flipped(T, right, right.n - 1); /* the last byte of y */
    expect_err(webauthn_check_assertion(&b.get, &b.shown, &counter), E_INVALID);
    str whole = flipped(T, b.attestation, b.attestation.n - 1);
    expect_err(webauthn_check_registration(T->arena, &b.create, b.create_client_data, whole, &made),
               E_INVALID);
}
