/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as people, auditors and those who would change it meet it. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/testkit/testkit.h"
#include "core/answer.h"
#include "core/ledger.h"

struct desk {
    struct app *app;
    struct visitor *chen, *li, *audit;
    i64 chen_id;
    str channel;
};

static struct desk desk_of(struct T *T)
{
    struct desk d = { .app = app_new(T) };
    d.chen_id = app_person(d.app, "chen", "Chen Wei", "member");
    app_person(d.app, "li", "Li Na", "member");
    app_person(d.app, "aud", "Qian Yu", "audit_admin");
    d.chen = visit(d.app, "chen");
    d.li = visit(d.app, "li");
    d.audit = visit(d.app, "aud");
    struct got g = post(d.chen, "/api/channels", "{\"kind\":\"private\",\"name\":\"Payroll\"}");
    expect_status(g, 200);
    d.channel = field(&g, "id");
    return d;
}

static struct got say(struct desk *d, struct visitor *v, const char *text)
{
    return post(v, str_fmt(d->app->a, "/api/channels/" STR_FMT "/messages", STR_ARG(d->channel)).p,
                "{\"text\":\"%s\"}", text);
}

static str word(const struct json *leaf, const char *key)
{
    return json_str_or(json_get(leaf, str_from(key)), (str){ "", 0 });
}

/* The newest leaf for which key is value; NULL when there is none. */
static const struct json *newest(struct app *app, const char *key, const char *value)
{
    u64 size = app_seal(app);
    while (size--) {
        const struct json *o = app_leaf_json(app, size, app_seal(app));
        if (str_eq_z(word(o, key), value))
            return o;
    }
    return NULL;
}

/* ---- each act has its leaf ---- */

TEST(I_16_every_effect_and_every_refusal_has_its_leaf)
{
    struct desk d = desk_of(T);
    expect_status(say(&d, d.chen, "do not log this text"), 200);
    expect_code(say(&d, d.li, "x"), 403, "denied");
    const struct json *deed = newest(d.app, "type", "message.posted");
    const struct json *refusal = newest(d.app, "decision", "deny");
    expect(deed && refusal);
    expect_s(word(deed, "decision"), S("allow"));
    expect_s(word(deed, "action"), S("message.post"));
    expect_s(word(deed, "object_type"), S("Message"));
    expect_s(word(deed, "person"), id_text(d.app, "pers", d.chen_id));
    expect_s(word(deed, "address"), S("192.0.2.7"));
    expect(word(deed, "device").n && word(deed, "session").n);
    expect_s(json_get(deed, S("rules"))->at[0].s, S("members-take-part"));
    expect_s(word(refusal, "action"), S("message.post"));
    expect_s(word(refusal, "object"), d.channel);
    expect_s(json_get(refusal, S("rules"))->at[0].s, S("private-channel-members-only"));
    const struct json *opened = newest(d.app, "type", "session.opened");
    expect_s(word(opened, "decision"), S("allow"));
    expect_s(word(opened, "action"), S("session.open"));
    expect_s(json_get(opened, S("rules"))->at[0].s, S("own-session"));
    u64 size = app_seal(d.app);
    for (u64 i = 0; i < size; i++)
        expect(str_find(app_leaf(d.app, i), S("do not log")) < 0);
    app_end(d.app);
}

/* Committed leaves that are not sealed yet and hold this text; sealing would commit more. */
static size_t committed_with(struct desk *d, const char *text)
{
    struct leaf_rows rows;
    struct call c = { .arena = arena_new("look", 1 << 22), .db = d->app->sealer_db };
    expect_ok(ledger_unsealed(&c, 1000, &rows));
    size_t found = 0;
    for (size_t i = 0; i < rows.n; i++)
        found += str_find(rows.at[i].body, str_from(text)) >= 0;
    arena_free(c.arena);
    return found;
}

TEST(I_16_a_refusals_leaf_is_there_before_its_answer)
{
    struct desk d = desk_of(T);
    (void)app_seal(d.app);
    expect_code(try_sign_in(visitor_new(d.app), "chen", "wrong horse", S("123456")), 401,
                "wrong_sign_in");
    expect_i(committed_with(&d, "\"type\":\"session.refused\""), 1);
    expect_i(committed_with(&d, id_text(d.app, "pers", d.chen_id).p), 1); /* whose name it was */
    expect_code(say(&d, d.li, "x"), 403, "denied");
    expect_i(committed_with(&d, "\"action\":\"message.post\",\"decision\":\"deny\""), 1);
    app_end(d.app);
}

/* Several times, since the writer's own tick (once a second) may come in between and hide it. */
TEST(I_16_a_refusal_after_a_lost_group_has_its_leaf_before_its_answer)
{
    struct desk d = desk_of(T);
    (void)app_seal(d.app);
    for (size_t i = 1; i <= 5; i++) {
        d.app->fault.kind = FAULT_DISK;
        d.app->fault.nth = 1;
        d.app->fault.persistent = true;
        expect(say(&d, d.li, "x").status >= 500); /* its leaf stays in memory; it is not told why */
        d.app->fault.kind = 0;
        expect_code(get(d.li, "/api/channels/" STR_FMT, STR_ARG(d.channel)), 403, "denied");
        expect_i(committed_with(&d, "\"action\":\"channel.read\",\"decision\":\"deny\""), i);
    }
    expect_i(committed_with(&d, "\"action\":\"message.post\",\"decision\":\"deny\""), 5);
    app_end(d.app);
}

TEST(I_16_harmless_reads_are_counted_not_dropped)
{
    struct desk d = desk_of(T);
    (void)app_seal(d.app);
    i64 total = 0, leaves = 0;
    for (int i = 0; i < 60; i++)
        expect_status(get(d.chen, "/api/me"), 200);
    app_restart(d.app); /* what was counted is written before the end */
    for (u64 i = 0, size = app_seal(d.app); i < size; i++) {
        const struct json *o = app_leaf_json(d.app, i, size);
        if (!str_eq(word(o, "action"), S("me.read")))
            continue;
        leaves++;
        total += json_i64_or(json_get(o, S("count")), 1);
    }
    expect_i(total, 60);
    expect(leaves <= 10);
    app_end(d.app);
}

TEST(I_16_a_call_that_changed_nothing_has_no_leaf_of_an_effect)
{
    struct desk d = desk_of(T);
    expect_code(say(&d, d.chen, ""), 400, "invalid");
    expect_code(post(d.chen, "/api/channels", "{\"kind\":\"direct\",\"name\":\"x\"}"), 400,
                "invalid");
    expect_i(app_leaves(d.app, "message.posted"), 0);
    expect_i(app_leaves(d.app, "channel.created"), 1);
    app_end(d.app);
}

/* ---- proofs ---- */

static void check_proof(struct desk *d, struct visitor *v, i64 index)
{
    struct arena *a = d->app->a;
    struct got g = get(v, "/api/ledger/leaves/%lld", (long long)index);
    expect_status(g, 200);
    struct tlog_source s = ledger_source(d->app->office);
    struct tlog_proof proof = { .n = (u32)number(&g, "hashes") };
    struct tlog_checkpoint head;
    struct tlog_hash leaf;
    struct note_key key;
    str key_text, raw;
    expect_ok(
        s.read(s.arg, "key.pub", 1024, a, &key_text)); /* as told at init, not by the answer */
    expect_ok(note_key_parse(str_sub(key_text, 0, key_text.n - 1), &key));
    expect_ok(tlog_checkpoint_open(a, field(&g, "checkpoint.note"), &key, &head));
    for (u32 i = 0; i < proof.n; i++) {
        expect_ok(b64_parse(a, field(&g, str_fmt(a, "hashes.%u", i).p), &raw));
        memcpy(proof.at[i].b, raw.p, 32);
    }
    str body = field(&g, "leaf.body");
    tlog_hash_leaf(body, &leaf);
    expect(tlog_check_leaf(&proof, (u64)index, &leaf, head.head.size, &head.head.root));
    expect_i(number(&g, "checkpoint.size"), head.head.size);
    char *changed = str_z(a, body);
    changed[body.n / 2] ^= 1;
    tlog_hash_leaf((str){ changed, body.n }, &leaf);
    expect(!tlog_check_leaf(&proof, (u64)index, &leaf, head.head.size, &head.head.root));
}

TEST(I_16_a_leaf_is_proved_by_the_signed_head)
{
    struct desk d = desk_of(T);
    expect_code(get(d.audit, "/api/ledger/checkpoint"), 404, "not_found");
    expect_code(get(d.audit, "/api/ledger/leaves/0"), 404, "not_found");
    struct got none = get(d.audit, "/api/ledger/leaves?mine=false");
    expect_i(number(&none, "items"), 0);
    for (int i = 0; i < 300; i++)
        expect_status(say(&d, d.chen, "x"), 200);
    u64 size = app_seal(d.app);
    expect(size > 300);
    static const u64 some[] = { 0, 1, 2, 127, 128, 255, 256, 257, 300 };
    for (size_t i = 0; i < COUNT(some); i++)
        check_proof(&d, d.audit, (i64)some[i]);
    check_proof(&d, d.audit, (i64)size - 1);
    expect_code(get(d.audit, "/api/ledger/leaves/%llu", (unsigned long long)size + 50), 409,
                "not_sealed_yet");
    struct got head = get(d.chen, "/api/ledger/checkpoint");
    expect_i(number(&head, "size"), size);
    expect_s(field(&head, "origin"), S("outwork.test/ledger"));
    expect_code(get(d.audit, "/api/ledger/leaves/-1"), 400, "invalid");
    app_end(d.app);
}

/* ---- who sees what ---- */

TEST(I_16_members_see_their_own_leaves_and_auditors_all)
{
    struct desk d = desk_of(T);
    for (int i = 0; i < 20; i++)
        expect_status(say(&d, d.chen, "x"), 200);
    i64 size = (i64)app_seal(d.app), seen = 0, want = size - 1;
    str chen = id_text(d.app, "pers", d.chen_id), next = { 0 };
    struct got g = get(d.li, "/api/ledger/leaves?mine=false&limit=200");
    for (i64 i = 0; i < number(&g, "items"); i++)
        expect_s(field(&g, str_fmt(T->arena, "items.%lld.person_name", (long long)i).p),
                 S("Li Na"));
    expect_i(number(&g, "items"), 1);
    g = get(d.chen, "/api/ledger/leaves?limit=200");
    for (i64 i = 0; i < number(&g, "items"); i++)
        expect_s(field(&g, str_fmt(T->arena, "items.%lld.person", (long long)i).p), chen);
    expect_i(number(&g, "items"), 22); /* came, made a channel, wrote 20 */
    i64 mine = number(&g, "items.0.index");
    expect_status(get(d.chen, "/api/ledger/leaves/%lld", (long long)mine), 200);
    struct got refused = get(d.li, "/api/ledger/leaves/%lld", (long long)mine);
    expect_code(refused, 403, "denied");
    expect(str_find(refused.body, chen) < 0);
    do {
        g = next.n ? get(d.audit, "/api/ledger/leaves?mine=false&limit=7&before=" STR_FMT,
                         STR_ARG(next))
                   : get(d.audit, "/api/ledger/leaves?mine=false&limit=7&before=%lld",
                         (long long)size);
        for (i64 i = 0; i < number(&g, "items"); i++, seen++, want--)
            expect_i(number(&g, str_fmt(T->arena, "items.%lld.index", (long long)i).p), want);
        i64 cursor = number(&g, "next");
        next = cursor >= 0 ? str_fmt(T->arena, "%lld", (long long)cursor) : (str){ 0 };
    } while (next.n);
    expect_i(seen, size);
    expect_code(del(d.audit, "/api/ledger/leaves/0"), 405, "method");
    expect_code(post(d.audit, "/api/ledger/leaves", "{}"), 405, "method");
    app_end(d.app);
}

static err many_leaves(struct call *c, void *arg)
{
    const struct act act = { .type = "message.posted" };
    c->who.person = *(const i64 *)arg;
    for (int i = 0; i < 1000; i++)
        TRY(ledger_effect(c, &act));
    return E_NONE;
}

TEST(I_16_ones_own_leaves_are_found_behind_many_others)
{
    struct desk d = desk_of(T);
    for (int i = 0; i < 18; i++) /* more than one look back of a request */
        expect_ok(serve_write(d.app->serve, many_leaves, &d.chen_id));
    expect(app_seal(d.app) > 18000);
    struct got g = get(d.li, "/api/ledger/leaves?limit=5");
    expect_i(number(&g, "items"), 1);
    expect_s(field(&g, "items.0.type"), S("session.opened"));
    expect_i(number(&g, "next"), -1);
    app_end(d.app);
}

/* ---- tampering ---- */

static void change(struct app *app, const char *path, size_t at)
{
    str bytes, full = str_fmt(app->a, STR_FMT "/ledger/%s", STR_ARG(app->data), path);
    expect_ok(os_read_file(app->a, full.p, 1 << 20, &bytes));
    char *p = str_z(app->a, bytes);
    expect(at < bytes.n);
    p[at] ^= 1;
    expect(chmod(full.p, 0600) == 0);
    expect_ok(os_write_file(full.p, (str){ p, bytes.n }, 0600));
}

TEST(I_16_changing_or_removing_a_leaf_is_found)
{
    struct desk d = desk_of(T);
    struct tlog_finding f;
    for (int i = 0; i < 260; i++)
        expect_status(say(&d, d.chen, "x"), 200);
    (void)app_seal(d.app);
    expect_ok(app_audit(d.app, &f));
    d.app->broken = true;
    static const char *const files[] = { "tile/entries/000", "tile/0/000", "checkpoint" };
    for (size_t i = 0; i < COUNT(files); i++) {
        change(d.app, files[i], 100);
        expect_err(app_audit(d.app, &f), E_CORRUPT);
        expect(f.what[0] != 0);
        change(d.app, files[i], 100);
        expect_ok(app_audit(d.app, &f));
    }
    str bundle = str_fmt(T->arena, STR_FMT "/ledger/tile/entries/000", STR_ARG(d.app->data));
    expect(unlink(bundle.p) == 0);
    expect(app_audit(d.app, &f) != E_NONE);
    app_end(d.app);
}

TEST(I_16_refusals_that_found_no_room_leave_a_leaf_that_says_so)
{
    struct desk d = desk_of(T);
    static const struct verdict v = { .rules = { "private-channel-members-only" }, .rules_n = 1 };
    struct answer answer = { 0 };
    struct call c = { .arena = arena_new("call", (size_t)1 << 28),
                      .answer = &answer,
                      .now = os_now() };
    enum { MANY = 20000 };
    char text[4000];
    memset(text, 'x', sizeof text);
    call_note(&c, "text", (str){ text, sizeof text });
    for (int i = 0; i < MANY; i++) /* as in a flood, while the disk is full */
        ledger_refusal(
            &c, &(struct act){ .type = "decision", .action = "message.post", .verdict = &v });
    u64 size = app_seal(d.app);
    i64 told = 0, gap = 0;
    for (u64 i = 0; i < size; i++) {
        str body = app_leaf_at(d.app, i, size);
        if (str_find(body, S("\"decision\":\"deny\"")) >= 0)
            told++;
        if (str_find(body, S("\"type\":\"ledger.gap\"")) >= 0)
            gap += json_i64_or(json_get(app_leaf_json(d.app, i, size), S("count")), 1);
    }
    expect(told > 1000 && gap > 0);
    expect_i(told + gap, MANY);
    arena_free(c.arena);
    app_end(d.app);
}
