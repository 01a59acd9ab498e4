/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline as a client, an administrator and a failing disk see it. */
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "base/rng.h"
#include "core/jobs.h"
#include "core/rate.h"
#include "store/db.h"
#include "core/testkit/notes.h"
#include "test/test.h"

#define expect_status(g, want)                                                                   \
    do {                                                                                         \
        if ((g).status != (want))                                                                \
            test_failed(__FILE__, __LINE__, "status %d, expected %d: " STR_FMT, (g).status,      \
                        (want), STR_ARG((g).body));                                              \
    } while (0)
#define expect_code(k, g, want, code)                                                            \
    do {                                                                                         \
        expect_status(g, want);                                                                  \
        expect_s(str_from(kit_code(k, &(g))), S(code));                                          \
    } while (0)

static struct got post_note(struct person *p, const char *text)
{
    return kit_post(p, "/api/boards/7/notes", str_fmt(p->kit->a, "{\"text\":\"%s\"}", text));
}

#define POST_OF(path_, key_, ...)                                                                \
    {                                                                                            \
        .method = "POST", .path = (path_), .key = (key_), .body = __VA_ARGS__                    \
    }

static bool has(str s, const char *what) { return str_find(s, str_from(what)) >= 0; }

/* ---- who may come in ---- */

TEST(what_is_in_memory_is_answered_at_once)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct got g;
    kit_send(p, &(struct ask){ .method = "GET", .path = "/api/me" }, &g);
    expect(g.done);
    kit_parse(k, &g);
    expect_status(g, 200);
    expect_i(kit_number(&g, "n"), 10);
    expect_s(g.type, S("application/json"));
    expect(has(g.lines, "no-store"));
    kit_end(k);
}

TEST(nobody_comes_in_without_session_and_fresh_proof)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct got g = kit_ask(p, &(struct ask){ "GET", "/api/me", .no_cookie = true });
    expect_code(k, g, 401, "sign_in");
    g = kit_ask(p, &(struct ask){ "GET", "/api/me", .no_proof = true });
    expect_code(k, g, 401, "proof");
    expect_s(g.type, S("application/problem+json"));
    i64 now = kit_number(&(struct got){ .json = json_get(g.json, S("params")) }, "now");
    expect(now > os_now() / USEC_MS - 5000 && now <= os_now() / USEC_MS);
    g = kit_ask(p, &(struct ask){ "GET", "/api/me", .skew = -2 * USEC_MIN });
    expect_code(k, g, 401, "proof");
    kit_end(k);
}

TEST(strange_paths_and_methods_are_told_apart)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct got g = kit_get(p, "/api/nothing");
    expect_code(k, g, 404, "not_found");
    expect_i(json_get(g.json, S("id"))->s.n, 16);
    g = kit_post(p, "/api/me", (str){ 0 });
    expect_code(k, g, 405, "method");
    expect(has(g.lines, "Allow: GET\r\n"));
    g = kit_get(p, "/api/notes/%2e%2e/me");
    expect_code(k, g, 404, "not_found");
    kit_end(k);
}

TEST(every_wrong_field_is_reported_at_once)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct got g = kit_post(p, "/api/boards/x/notes?odd=1", S("{}"));
    expect_code(k, g, 400, "invalid");
    expect_i(json_get(g.json, S("fields"))->n, 3);
    expect(has(g.body, "\"odd\"") && has(g.body, "\"board\"") && has(g.body, "\"text\""));
    g = kit_post(p, "/api/boards/1/notes", S("{\"text\":"));
    expect_code(k, g, 400, "invalid");
    expect(has(g.body, "\"body\""));
    g = kit_get(p, "/api/notes?limit=201&limit=3");
    expect_code(k, g, 400, "invalid");
    expect_i(kit_count(k, "note"), 0);
    kit_end(k);
}

/* ---- reading and writing ---- */

TEST(a_write_leaves_its_effect_its_leaf_and_its_event_together)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct got g = post_note(p, "hello");
    expect_status(g, 200);
    expect_i(kit_count(k, "note"), 1);
    expect_i(kit_count(k, "outbox"), 1);
    expect_i(kit_leaves(k, "note.posted"), 1);
    expect_i(kit_leaves(k, "\"board\":\"7\""), 1);
    expect_i(notes_knobs.befores, 1); /* the cache was told, once */
    str path = str_fmt(k->a, "/api/notes/%lld", (long long)kit_number(&g, "id"));
    struct got r = kit_get(p, path.p);
    expect_status(r, 200);
    expect_s(r.body, g.body);
    kit_end(k);
}

TEST(a_write_that_fails_late_leaves_nothing)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    notes_knobs.fail_after = E_NOTE_CLOSED;
    struct got g = post_note(p, "hello");
    expect_code(k, g, 409, "note_closed");
    expect_i(kit_count(k, "note"), 0);
    expect_i(kit_count(k, "outbox"), 0);
    expect_i(kit_count(k, "idempotency"), 0);
    expect_i(kit_leaves(k, "note.posted"), 0);
    expect_i(notes_knobs.befores, 0);
    kit_end(k);
}

TEST(a_large_body_arrives_whole)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    char *text = arena_get(k->a, 1, 200001, 1);
    memset(text, 'a', 200000);
    struct got g = post_note(p, text);
    expect_status(g, 200);
    expect(g.body.n > 200000);
    kit_end(k);
}

TEST(what_the_gate_refuses_names_the_rule_and_stands_in_the_ledger)
{
    struct kit *k = kit_begin(T);
    struct person *member = kit_person(k, 10, 0), *other = kit_person(k, 11, 0);
    struct got g = kit_post(member, "/api/boards/7/notes",
                            S("{\"text\":\"mine\",\"hidden\":true}"));
    expect_status(g, 200);
    str path = str_fmt(k->a, "/api/notes/%lld", (long long)kit_number(&g, "id"));
    expect_status(kit_get(member, path.p), 200);
    struct got r = kit_get(other, path.p);
    expect_code(k, r, 403, "denied");
    expect(has(r.body, "\"rules\":[\"default\"]") && has(r.body, "\"advice\":"));
    expect(!has(r.body, "mine"));
    expect_i(kit_leaves(k, "\"decision\":\"deny\""), 1); /* there when the answer is */
    r = kit_post(member, "/api/admin", (str){ 0 });
    expect_code(k, r, 403, "denied");
    expect_i(kit_leaves(k, "\"decision\":\"deny\""), 2);
    expect_i(kit_leaves(k, "admin.acted"), 0);
    kit_end(k);
}

TEST(a_locked_person_is_out_at_once)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    expect_status(kit_get(p, "/api/me"), 200);
    const struct dir_person locked = { .id = 10,
                                       .status = 1,
                                       .name = S("N"),
                                       .login = S("n"),
                                       .title = S(""),
                                       .department_name = S("") };
    dir_put_person(k->office, &locked);
    struct got g = kit_get(p, "/api/me");
    expect_code(k, g, 401, "sign_in");
    kit_end(k);
}

/* ---- doubled requests ---- */

TEST(a_doubled_request_has_one_effect_and_one_answer)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0), *q = kit_person(k, 11, 0);
    struct ask a = POST_OF("/api/boards/7/notes", "the-same-key", S("{\"text\":\"once\"}"));
    struct got first = kit_ask(p, &a), second = kit_ask(p, &a);
    expect_status(second, 200);
    expect_s(second.body, first.body);
    expect(!has(first.lines, "Repeated") && has(second.lines, "Outwork-Repeated: 1"));
    expect_i(kit_count(k, "note"), 1);
    expect_i(kit_leaves(k, "note.posted"), 1);
    expect_status(kit_ask(q, &a), 200); /* somebody else's key is another key */
    expect_i(kit_count(k, "note"), 2);
    a.body = S("{\"text\":\"another\"}");
    struct got third = kit_ask(p, &a);
    expect_code(k, third, 409, "key_used");
    kit_stop(k);
    kit_serve(k);
    a.body = S("{\"text\":\"once\"}");
    second = kit_ask(p, &a);
    expect_s(second.body, first.body);
    expect_i(kit_count(k, "note"), 2);
    kit_end(k);
}

TEST(two_of_the_same_at_once_are_one)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct ask a = POST_OF("/api/boards/7/notes", "the-same-key", S("{\"text\":\"once\"}"));
    struct got g[8];
    for (size_t i = 0; i < COUNT(g); i++)
        kit_send(p, &a, &g[i]);
    for (size_t i = 0; i < COUNT(g); i++) {
        kit_wait(k, &g[i]);
        expect_status(g[i], 200);
        expect_s(g[i].body, g[0].body);
    }
    expect_i(kit_count(k, "note"), 1);
    kit_end(k);
}

TEST(a_secret_answer_is_never_kept_nor_told_twice)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct ask a = POST_OF("/api/secret/7", "the-same-key", S("{\"text\":\"once\"}"));
    expect_status(kit_ask(p, &a), 200);
    struct got g = kit_ask(p, &a);
    expect_code(k, g, 409, "repeated");
    expect_i(kit_count(k, "note"), 1);
    expect_i(kit_count(k, "idempotency WHERE answer IS NOT NULL OR print <> 0"), 0);
    kit_end(k);
}

TEST(every_change_needs_a_key)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct got g = kit_ask(
        p, &(struct ask)POST_OF("/api/boards/7/notes", "short", S("{\"text\":\"x\"}")));
    expect_code(k, g, 400, "invalid");
    expect(has(g.body, "Idempotency-Key"));
    kit_end(k);
}

/* ---- lists ---- */

static void fill_notes(struct person *p, size_t n, u64 hidden_of_10, struct rng_seeded *r,
                       struct person *other)
{
    struct got *g = NEW_N(p->kit->a, struct got, n);
    for (size_t i = 0; i < n; i++) {
        bool hidden = rng_next_below(r, 10) < hidden_of_10;
        kit_send(hidden ? other : p,
                 &(struct ask)POST_OF("/api/boards/7/notes", NULL,
                                      hidden ? S("{\"text\":\"h\",\"hidden\":true}")
                                             : S("{\"text\":\"v\"}")),
                 &g[i]);
    }
    for (size_t i = 0; i < n; i++)
        kit_wait(p->kit, &g[i]);
}

/* All pages from the beginning; how many rows came. */
static size_t walk(struct person *p, int limit, size_t *ret_full)
{
    struct kit *k = p->kit;
    size_t n = 0;
    i64 last = 0;
    str path = str_fmt(k->a, "/api/notes?limit=%d", limit);
    for (int pages = 0; pages < 1000; pages++) {
        struct got g = kit_get(p, path.p);
        expect_status(g, 200);
        expect(!has(g.body, "\"h\""));
        const struct json *items = json_get(g.json, S("items"));
        for (u32 i = 0; i < items->n; i++) {
            i64 id = json_i64_or(json_get(&items->at[i], S("id")), 0);
            expect(id > last);
            last = id;
        }
        n += items->n;
        *ret_full += items->n == (u32)limit;
        const struct json *next = json_get(g.json, S("next"));
        if (next->kind != JSON_INT)
            return n;
        path = str_fmt(k->a, "/api/notes?limit=%d&after=%lld", limit, (long long)next->i);
    }
    test_failed(__FILE__, __LINE__, "pages without end");
}

TEST(lists_show_only_what_may_be_seen_and_refill_their_pages)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0), *other = kit_person(k, 11, 0);
    struct rng_seeded r = { T->seed };
    size_t full = 0;
    fill_notes(p, 300, 5, &r, other);
    i64 visible = kit_count(k, "note WHERE hidden = 0");
    expect_i(walk(p, 10, &full), visible);
    expect(full >=
           (size_t)visible / 10 - 1); /* half is hidden, yet every page but the last is full */
    full = 0;
    expect_i(walk(p, 200, &full), visible);
    kit_end(k);
}

TEST(a_list_without_pages_shows_only_what_may_be_seen)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0), *other = kit_person(k, 11, 0);
    struct rng_seeded r = { T->seed };
    struct got g = kit_get(p, "/api/all-notes");
    expect_status(g, 200);
    expect_i(json_get(g.json, S("items"))->n, 0);
    fill_notes(p, 300, 5, &r, other);
    g = kit_get(p, "/api/all-notes");
    expect_status(g, 200);
    expect_i(json_get(g.json, S("items"))->n, kit_count(k, "note WHERE hidden = 0"));
    kit_end(k);
}

TEST(a_list_of_hidden_rows_gives_up_after_five_batches_and_says_where_it_stands)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0), *other = kit_person(k, 11, 0);
    struct rng_seeded r = { T->seed };
    size_t full = 0;
    fill_notes(p, 120, 10, &r, other);
    atomic_store(&notes_knobs.runs, 0);
    struct got g = kit_get(p, "/api/notes?limit=10");
    expect_status(g, 200);
    expect_i(json_get(g.json, S("items"))->n, 0);
    expect(json_get(g.json, S("next"))->kind == JSON_INT);
    expect_i(notes_knobs.runs, 5);
    expect_i(walk(p, 10, &full), 0);
    kit_end(k);
}

/* ---- ceilings ---- */

TEST(a_call_that_takes_too_much_memory_is_413_and_the_server_goes_on)
{
    struct kit *k = kit_new(T);
    k->options.call_ceiling = 256 * 1024;
    kit_serve(k);
    struct person *p = kit_person(k, 10, 0);
    struct got g = kit_get(p, "/api/greedy");
    expect_code(k, g, 413, "limit");
    expect_status(kit_get(p, "/api/me"), 200);
    kit_end(k);
}

/* Every allocation of a write doomed in turn: 413 and no trace, or 200 and all of it. */
TEST(a_doomed_write_leaves_nothing_wherever_it_is_doomed)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    expect_status(post_note(p, "first"), 200);
    i64 notes = 1;
    for (u32 n = 1; n < 200; n++) {
        struct got g;
        fault_arm(FAULT_MEMORY, n, false);
        kit_send(p, &(struct ask)POST_OF("/api/boards/7/notes", NULL, S("{\"text\":\"x\"}")), &g);
        kit_wait(k, &g);
        bool hit = fault_disarm();
        kit_parse(k, &g);
        if (g.status == 200)
            notes++;
        else
            expect_code(k, g, 413, "limit");
        expect_i(kit_count(k, "note"), notes);
        expect_i(kit_count(k, "outbox"), notes);
        expect_i(kit_count(k, "idempotency"), notes);
        if (!hit)
            break;
    }
    expect(notes > 1);
    kit_end(k);
}

TEST(a_full_slow_pool_says_how_many_wait)
{
    struct kit *k = kit_new(T);
    k->options.slow_queue = 4;
    kit_serve(k);
    struct person *p = kit_person(k, 10, 0);
    struct got g[16];
    size_t busy = 0;
    atomic_store(&notes_knobs.hold, 1);
    for (size_t i = 0; i < COUNT(g); i++)
        kit_send(p, &(struct ask)POST_OF("/api/hashed", NULL, { 0 }), &g[i]);
    for (size_t i = 0; i < COUNT(g); i++) {
        if (!g[i].done)
            continue;
        busy++;
        kit_parse(k, &g[i]);
        expect_code(k, g[i], 503, "busy");
        expect(has(g[i].lines, "Retry-After: "));
        expect(has(g[i].body, "\"params\":{\"queue\":4}"));
    }
    expect(busy >= 11);
    expect_status(post_note(p, "others go on"), 200);
    expect_status(kit_get(p, "/api/notes"), 200);
    atomic_store(&notes_knobs.hold, 0);
    for (size_t i = 0; i < COUNT(g); i++)
        kit_wait(k, &g[i]);
    expect_i(kit_leaves(k, "note.hashed"), 16 - (i64)busy);
    kit_end(k);
}

/* ---- S-06 ---- */

TEST(S_06_rate_limits_hold_each_person_and_spare_the_others)
{
    struct kit *k = kit_new(T);
    k->options.rate_scale = 1;
    kit_serve(k);
    struct person *p = kit_person(k, 10, 0), *q = kit_person(k, 11, 0);
    size_t limited = 0;
    for (int i = 0; i < 80; i++) {
        struct got g = post_note(p, "flood");
        if (g.status == 429) {
            limited++;
            expect_s(str_from(kit_code(k, &g)), S("rate"));
            expect(has(g.lines, "Retry-After: 1\r\n"));
        }
    }
    expect(limited >= 10 && limited <= 20);
    expect_status(post_note(q, "not mine"), 200);
    expect_status(kit_get(p, "/api/me"), 200); /* reading has limits of its own */
    kit_end(k);
}

TEST(S_06_a_flood_does_not_shut_the_administrators_out)
{
    struct kit *k = kit_new(T);
    k->options.write_queue = 64;
    k->options.read_queue = 64;
    k->options.rate_scale = 100;
    kit_serve(k);
    struct person *admin = kit_person(k, 10, 1), *crowd[4];
    struct got g[400], a[8];
    size_t busy = 0;
    for (size_t i = 0; i < COUNT(crowd); i++)
        crowd[i] = kit_person(k, 20 + (i64)i, 0);
    for (size_t i = 0; i < COUNT(g); i++) {
        kit_send(crowd[i % COUNT(crowd)],
                 &(struct ask)POST_OF("/api/boards/7/notes", NULL, S("{\"text\":\"flood\"}")),
                 &g[i]);
        if (i % 50 == 49)
            kit_send(admin, &(struct ask)POST_OF("/api/admin", NULL, { 0 }), &a[i / 50]);
    }
    for (size_t i = 0; i < COUNT(a); i++) {
        kit_wait(k, &a[i]);
        expect_status(a[i], 200);
    }
    for (size_t i = 0; i < COUNT(g); i++) {
        kit_wait(k, &g[i]);
        busy += g[i].status == 503;
        expect(g[i].status == 200 || g[i].status == 503);
    }
    expect_i(kit_leaves(k, "admin.acted"), 8);
    expect_i(kit_count(k, "note"), (i64)(COUNT(g) - busy));
    kit_end(k);
}

TEST(S_06_an_administrators_own_limit_is_apart_from_their_other_calls)
{
    struct kit *k = kit_new(T);
    k->options.rate_scale = 1;
    kit_serve(k);
    struct person *admin = kit_person(k, 10, 1);
    for (int i = 0; i < 80; i++)
        (void)post_note(admin, "busy day");
    struct got g = post_note(admin, "one more");
    expect_code(k, g, 429, "rate");
    g = kit_post(admin, "/api/admin", (str){ 0 });
    expect_status(g, 200);
    kit_end(k);
}

TEST(strangers_pay_for_what_they_try)
{
    struct kit *k = kit_new(T);
    k->options.rate_scale = 1;
    kit_serve(k);
    struct person *p = kit_person(k, 10, 0);
    size_t limited = 0;
    for (int i = 0; i < 300; i++) {
        struct got g = kit_ask(
            p, &(struct ask){ "GET", "/api/me", .no_cookie = true, .address = "203.0.113.9" });
        limited += g.status == 429;
    }
    expect(limited > 50);
    struct got g = kit_ask(p, &(struct ask){ "GET", "/api/me", .address = "203.0.113.9" });
    expect_status(g, 200); /* who is known is not held for it */
    kit_end(k);
}

/* ---- a failing disk ---- */

/* Ten calls at once while the n-th change to a file fails: what is acknowledged is there,
 * once, and asking again with the same keys makes every one of them true, once. */
static void disk_fails(struct T *T, u32 from, bool persistent)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct got g[10];
    i64 before = 0;
    bool hit = true;
    for (u32 n = from; hit && n < from + 40; n++) {
        size_t acknowledged = 0;
        fault_arm(FAULT_DISK, n, persistent);
        for (size_t i = 0; i < COUNT(g); i++) {
            str key = str_fmt(k->a, "round-%u-%zu", n, i);
            kit_send(p, &(struct ask)POST_OF("/api/boards/7/notes", key.p, S("{\"text\":\"x\"}")),
                     &g[i]);
        }
        for (size_t i = 0; i < COUNT(g); i++)
            kit_wait(k, &g[i]);
        hit = fault_disarm();
        for (size_t i = 0; i < COUNT(g); i++) {
            acknowledged += g[i].status == 200;
            if (g[i].status != 200)
                expect(g[i].status == 507 || g[i].status == 500 || g[i].status == 503);
        }
        expect(kit_count(k, "note") >= before + (i64)acknowledged);
        for (size_t i = 0; i < COUNT(g); i++) {
            str key = str_fmt(k->a, "round-%u-%zu", n, i);
            struct got again = kit_ask(
                p, &(struct ask)POST_OF("/api/boards/7/notes", key.p, S("{\"text\":\"x\"}")));
            expect_status(again, 200);
            if (g[i].status == 200)
                expect_s(again.body, g[i].body);
        }
        before += (i64)COUNT(g);
        expect_i(kit_count(k, "note"), before);
        expect_i(kit_count(k, "outbox"), before);
        expect_i(kit_leaves(k, "note.posted"), before);
    }
    kit_end(k);
}

TEST(a_disk_that_fails_once_doubles_and_loses_nothing) { disk_fails(T, 1, false); }
TEST(a_disk_that_stays_full_doubles_and_loses_nothing) { disk_fails(T, 1, true); }

TEST(statements_that_fail_leave_whole_calls)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    i64 notes = 0;
    for (u32 n = 1; n < 40; n++) {
        fault_arm(FAULT_DB, n, false);
        struct got g = post_note(p, "x");
        bool hit = fault_disarm();
        if (g.status == 200)
            notes++;
        else
            expect_status(g, 500);
        expect_i(kit_count(k, "note"), notes);
        expect_i(kit_leaves(k, "note.posted"), notes);
        if (!hit)
            break;
    }
    expect(notes > 0);
    kit_end(k);
}

/* ---- jobs ---- */

static const struct stmt wear_out = {
    .name = "wear_out",
    .module = "core",
    .sqlite = "UPDATE job SET tries = 9, lease = 0, at = 0",
    .index = 0xffff,
    .shape = STMT_EXEC,
    .writes = true,
};
static err nine_tries(struct call *c, UNUSED void *arg)
{
    return db_run(c->db, &wear_out, NULL, c->arena, NULL);
}
static err dead_jobs(struct call *c, void *arg)
{
    struct rows rows;
    TRY(jobs_dead(c, &rows));
    const struct job_gone *g = rows.at;
    *(bool *)arg = rows.n == 1 && g->tries == 10 && str_eq(g->kind, S("notes.tidy")) &&
                   str_eq(g->why, S("io"));
    return E_NONE;
}

TEST(a_job_that_never_works_is_given_up_and_listed)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    bool listed = false;
    notes_knobs.fail_after = E_IO;
    expect_status(kit_post(p, "/api/order", (str){ 0 }), 200);
    usec until = os_mono() + 10 * USEC_S;
    while (kit_count(k, "job WHERE tries = 1 AND lease = 0") == 0 && os_mono() < until)
        kit_letters(k, 10 * USEC_MS);
    expect_ok(serve_write(k->serve, nine_tries, NULL));
    while (kit_count(k, "job WHERE dead = 1") == 0 && os_mono() < until)
        kit_letters(k, 10 * USEC_MS);
    expect_ok(serve_read(k->serve, dead_jobs, &listed));
    expect(listed);
    expect_i(kit_count(k, "note"), 0);
    kit_end(k);
}

TEST(a_job_ordered_in_a_call_runs_once_and_again_when_it_fails)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    notes_knobs.fail_after = E_IO;
    expect_status(kit_post(p, "/api/order", (str){ 0 }), 200);
    usec until = os_mono() + 10 * USEC_S;
    while (atomic_load(&notes_knobs.runs) == 0 && os_mono() < until)
        kit_letters(k, 10 * USEC_MS);
    expect_i(kit_count(k, "note"), 0);
    notes_knobs.fail_after = 0;
    while (kit_count(k, "note") == 0 && os_mono() < until)
        kit_letters(k, 50 * USEC_MS);
    expect_i(kit_count(k, "note"), 1);
    expect(atomic_load(&notes_knobs.runs) >= 2);
    expect_i(kit_count(k, "job"), 0);
    expect_i(kit_leaves(k, "notes.tidied"), 1);
    kit_end(k);
}
