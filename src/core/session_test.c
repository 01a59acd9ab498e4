/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions in memory: what finds one, what ends one, and what a full table does. (How they are
 * opened and renewed by a browser: app/people/people_test.c.) */
#include "core/session.h"

#include <string.h>

#include "base/json.h"
#include "base/os.h"
#include "core/office.h"
#include "core/proof.h"
#include "test/test.h"

enum { ACTIVE = 1, DEVICE_ACTIVE = 0 };

static struct office *office_of(struct T *T)
{
    static const char *const words[] = { "a", "b", "c" };
    static const struct dir_words w = { words, words, words, words, ACTIVE, DEVICE_ACTIVE };
    const struct office_options o = { .host = S("localhost"), .port = 8443, .data = S("/none") };
    struct office *office = office_new(T->arena, &o);
    dir_words_set(office, &w);
    return office;
}

static void put_person(struct office *o, i64 id, u8 status)
{
    dir_put_person(o, &(struct dir_person){ .id = id,
                                            .status = status,
                                            .name = S("N"),
                                            .login = S("n"),
                                            .title = S(""),
                                            .department_name = S("") });
}

static void put_device(struct office *o, i64 id, i64 person, u8 status)
{
    dir_put_device(
        o, &(struct dir_device){ .id = id, .person = person, .status = status, .name = S("D") });
}

static void token_of(i64 id, u8 ret[SESSION_TOKEN_BYTES])
{
    proof_sha256(&id, sizeof id, ret);
}

static void put(struct office *o, i64 id, i64 person, i64 device)
{
    struct session_row row = { .id = id,
                               .person = person,
                               .device = device,
                               .strength = 2,
                               .ends = os_now() + USEC_HOUR,
                               .has_key = true,
                               .proof_until = os_now() + USEC_MIN };
    u8 token[SESSION_TOKEN_BYTES];
    token_of(id, token);
    session_hash(token, row.token_hash);
    session_put(o, &row);
}

static err check(struct T *T, struct office *o, i64 id, struct who *ret)
{
    u8 token[SESSION_TOKEN_BYTES];
    token_of(id, token);
    struct buf b = buf_in(T->arena, 128);
    buf_put(&b, S("__Host-outwork="));
    b64_put(&b, token, sizeof token);
    return session_check(o, &(struct credentials){ .cookie = buf_str(&b) }, SESSION_COOKIE,
                         os_now(), ret);
}

TEST(session_is_found_by_its_token_alone)
{
    struct office *o = office_of(T);
    struct who who = { 0 };
    put_person(o, 1, ACTIVE);
    put_device(o, 10, 1, DEVICE_ACTIVE);
    put(o, 100, 1, 10);
    expect_ok(check(T, o, 100, &who));
    expect_i(who.person, 1);
    expect_i(who.device, 10);
    expect_i(who.session, 100);
    expect_err(check(T, o, 101, &who), E_SIGN_IN);
    expect_err(session_check(o, &(struct credentials){ 0 }, SESSION_COOKIE, os_now(), &who),
               E_SIGN_IN);
    expect_ok(session_check(o, &(struct credentials){ 0 }, SESSION_NONE, os_now(), &who));
    office_end(o);
}

TEST(session_who_signs_in_moves_nobody_elses_decisions)
{
    struct office *o = office_of(T);
    put_person(o, 1, ACTIVE);
    put_device(o, 10, 1, DEVICE_ACTIVE);
    u64 facts = dir_generation(o), sessions = session_generation(o);
    put_person(o, 2, ACTIVE);
    put_device(o, 20, 2, DEVICE_ACTIVE);
    put(o, 200, 2, 20);
    put_person(o, 1, ACTIVE); /* a passkey more, say */
    expect(dir_generation(o) == facts && session_generation(o) == sessions);
    session_end(o, 200);
    expect(dir_generation(o) == facts && session_generation(o) > sessions);
    put_device(o, 10, 1, DEVICE_ACTIVE + 1);
    expect(dir_generation(o) > facts);
    facts = dir_generation(o);
    put_person(o, 2, ACTIVE + 1);
    expect(dir_generation(o) > facts);
    office_end(o);
}

TEST(session_of_a_locked_person_or_device_is_none)
{
    struct office *o = office_of(T);
    struct who who;
    put_person(o, 1, ACTIVE);
    put_device(o, 10, 1, DEVICE_ACTIVE);
    put(o, 100, 1, 10);
    expect(session_alive(o, 100, os_now()));
    u64 generation = session_generation(o);
    put_person(o, 1, ACTIVE + 1);
    expect(session_generation(o) > generation);
    expect(!session_alive(o, 100, os_now()));
    expect_err(check(T, o, 100, &who), E_SIGN_IN);
    put_person(o, 1, ACTIVE);
    put_device(o, 10, 1, DEVICE_ACTIVE + 1);
    expect_err(check(T, o, 100, &who), E_SIGN_IN);
    put_device(o, 10, 1, DEVICE_ACTIVE);
    expect_ok(check(T, o, 100, &who));
    expect(!session_alive(o, 100, os_now() + 2 * USEC_HOUR));
    office_end(o);
}

TEST(session_ends_leave_all_others_alone)
{
    struct office *o = office_of(T);
    struct who who;
    for (i64 p = 1; p <= 20; p++) {
        put_person(o, p, ACTIVE);
        for (i64 d = 0; d < 3; d++)
            put_device(o, p * 10 + d, p, DEVICE_ACTIVE);
    }
    for (i64 i = 0; i < 300; i++)
        put(o, 1000 + i, 1 + i % 20, (1 + i % 20) * 10 + i / 20 % 3);
    expect_i(session_count(o), 300);
    session_end_of_person(o, 7);
    session_end_of_device(o, 80);
    session_end(o, 1000);
    session_end(o, 1000); /* twice is fine */
    for (i64 i = 0; i < 300; i++) {
        i64 p = 1 + i % 20, d = p * 10 + i / 20 % 3;
        bool ended = p == 7 || d == 80 || i == 0;
        expect_err(check(T, o, 1000 + i, &who), ended ? E_SIGN_IN : E_NONE);
        expect(session_was_locked(o, 1000 + i) == (ended && i != 0));
    }
    expect_i(session_count(o), 300 - 15 - 5 - 1);
    size_t before = arena_used(T->arena);
    for (i64 i = 0; i < 21; i++) /* in the places of those that ended */
        put(o, 5000 + i, 1, 10);
    expect(arena_used(T->arena) - before < 64 * 1024);
    for (i64 i = 0; i < 21; i++)
        expect_ok(check(T, o, 5000 + i, &who));
    office_end(o);
}

TEST(session_cookie_is_closed_to_scripts_and_other_sites)
{
    str line = session_cookie(T->arena, S("token"), USEC_HOUR);
    expect_s(line,
             S("__Host-outwork=token; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Strict"));
    line = session_cookie(T->arena, (str){ 0 }, USEC_HOUR);
    expect(str_find(line, S("Max-Age=0")) > 0);
}

TEST(session_without_a_vault_is_busy_not_open)
{
    struct office *o = office_of(T);
    struct session_row row = { .id = 100,
                               .person = 1,
                               .device = 10,
                               .strength = 2,
                               .ends = os_now() + USEC_HOUR,
                               .proof_until = os_now() + USEC_HOUR,
                               .sealed_key = S("sealed") };
    u8 token[SESSION_TOKEN_BYTES];
    struct who who;
    struct buf b = buf_in(T->arena, 128);
    put_person(o, 1, ACTIVE);
    put_device(o, 10, 1, DEVICE_ACTIVE);
    token_of(100, token);
    session_hash(token, row.token_hash);
    session_put(o, &row);
    buf_put(&b, S("__Host-outwork="));
    b64_put(&b, token, sizeof token);
    const struct credentials shown = {
        .cookie = buf_str(&b),
        .method = S("GET"),
        .target = S("/api/me"),
        .proof = S("x"),
        .time = str_fmt(T->arena, "%lld", (long long)(os_now() / USEC_MS)),
    };
    expect_err(session_check(o, &shown, SESSION_PROOF, os_now(), &who), E_BUSY);
    office_end(o);
}
