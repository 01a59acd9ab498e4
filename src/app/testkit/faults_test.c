/* SPDX-License-Identifier: Apache-2.0 */
/* Writes while memory, statements or the disk fail at every point: afterwards either nothing or
 * exactly one outcome is visible, the same request sent again has its effect once, the store is
 * whole and the ledger goes on. OUTWORK_FAULTS=all looks at every point, not the first 64. */
#include "app/testkit/testkit.h"
#include "base/id.h"
#include "core/session.h"

enum { POINTS_MAX = 64, POINTS_ALL = 4096 };

struct world {
    struct app *app;
    struct visitor *chen, *sys, *sec;
    str channel, li;
    i64 li_id;
    u32 n; /* of the act */
};

struct family {
    const char *leaf;                   /* one of these for each outcome */
    i64 (*count)(struct world *w);      /* outcomes visible */
    struct got (*act)(struct world *w); /* act number w->n */
    bool once; /* its answer is never told twice, so nothing is sent again */
};

static struct got send(struct world *w, struct visitor *v, const char *path, str body)
{
    return ask(v, &(struct ask){ .method = "POST",
                                 .path = path,
                                 .body = body.p,
                                 .key = str_fmt(w->app->a, "fault-%06u", w->n).p });
}

/* Without fault, as everybody else calls. */
static struct got look(struct world *w, struct visitor *v, const char *path)
{
    int kind = w->app->fault.kind;
    w->app->fault.kind = 0;
    struct got g = get(v, "%s", path);
    expect_status(g, 200);
    w->app->fault.kind = kind;
    return g;
}

static void expect_whole(struct world *w, const struct family *f, size_t done)
{
    struct tlog_finding found;
    (void)app_seal(w->app);
    expect_ok(app_audit(w->app, &found));
    app_check_store(w->app);
    expect_i(app_leaves(w->app, f->leaf), done);
}

static void one_point(struct world *w, const struct family *f)
{
    struct app *app = w->app;
    i64 before = f->count(w);
    w->n++;
    struct got g = f->act(w);
    app->fault.kind = 0;
    i64 after = f->count(w);
    expect(after == before || after == before + 1);
    expect(g.status < 300 || g.status >= 500 || g.status == 413); /* never the person's fault */
    if (g.status < 300)
        expect_i(after, before + 1);
    else if (!app->fault.hit)
        expect_status(g, 200);
    else if (f->once)
        expect_i(after, before);
    if (g.status < 300 || f->once)
        return;
    g = f->act(w); /* as the client does: the same key */
    expect_status(g, 200);
    expect_i(f->count(w), before + 1);
}

static void run(struct T *T, const struct family *f, enum fault_kind kind)
{
    struct world w = { .app = app_new(T) };
    struct app *app = w.app;
    app_person(app, "chen", "Chen Wei", "member");
    app_person(app, "sys", "Zhao Min", "system_admin");
    app_person(app, "sec", "Sun Li", "security_admin");
    w.li_id = app_person(app, "li", "Li Na", "member");
    w.li = id_text(app, "pers", w.li_id);
    w.chen = visit(app, "chen");
    w.sys = visit(app, "sys");
    w.sec = visit(app, "sec");
    struct got g = post(w.chen, "/api/channels", "{\"kind\":\"public\",\"name\":\"General\"}");
    w.channel = field(&g, "id");
    size_t leaves = app_leaves(app, f->leaf);
    i64 began = f->count(&w);
    u32 most = getenv("OUTWORK_FAULTS") ? POINTS_ALL : POINTS_MAX;
    bool hit = true;
    for (u32 n = 1; hit && n <= most; n++) {
        app->fault.nth = n;
        app->fault.hit = false;
        app->fault.kind = (int)kind;
        one_point(&w, f);
        hit = app->fault.hit;
        if (n % 16 == 0)
            expect_whole(&w, f, leaves + (size_t)(f->count(&w) - began));
    }
    expect_whole(&w, f, leaves + (size_t)(f->count(&w) - began));
    app_restart(app);
    expect_whole(&w, f, leaves + (size_t)(f->count(&w) - began));
    app_end(app);
}

/* ---- a message ---- */

static i64 messages(struct world *w)
{
    struct got g =
        look(w, w->chen, str_fmt(w->app->a, "/api/channels/" STR_FMT, STR_ARG(w->channel)).p);
    i64 last = number(&g, "last_seq");
    g = look(
        w, w->chen,
        str_fmt(w->app->a, "/api/channels/" STR_FMT "/messages?limit=200", STR_ARG(w->channel)).p);
    expect_i(number(&g, "items"), MIN(last, 200));
    return last;
}

static struct got say(struct world *w)
{
    return send(w, w->chen,
                str_fmt(w->app->a, "/api/channels/" STR_FMT "/messages", STR_ARG(w->channel)).p,
                str_fmt(w->app->a, "{\"text\":\"message %u\"}", w->n));
}

static const struct family posting = { "message.posted", messages, say, false };
TEST(F_02_posting_survives_failing_memory)
{
    run(T, &posting, FAULT_MEMORY);
}
TEST(F_02_posting_survives_failing_statements)
{
    run(T, &posting, FAULT_DB);
}
TEST(F_02_posting_survives_a_failing_disk)
{
    run(T, &posting, FAULT_DISK);
}

/* ---- a channel ---- */

static i64 channels(struct world *w)
{
    struct got g = look(w, w->chen, "/api/channels");
    return g.json->n;
}

static struct got create(struct world *w)
{
    return send(w, w->chen, "/api/channels",
                str_fmt(w->app->a, "{\"kind\":\"public\",\"name\":\"Channel %u\"}", w->n));
}

static const struct family creating = { "channel.created", channels, create, false };
TEST(chat_creating_a_channel_survives_failing_memory)
{
    run(T, &creating, FAULT_MEMORY);
}
TEST(chat_creating_a_channel_survives_failing_statements)
{
    run(T, &creating, FAULT_DB);
}
TEST(chat_creating_a_channel_survives_a_failing_disk)
{
    run(T, &creating, FAULT_DISK);
}

/* ---- a person: its answer holds a link, so it is told once ---- */

static i64 people(struct world *w)
{
    struct got g = look(w, w->sys, "/api/people?limit=200");
    return number(&g, "items");
}

static struct got add(struct world *w)
{
    return send(w, w->sys, "/api/people",
                str_fmt(w->app->a,
                        "{\"name\":\"New\",\"login\":\"new%u\",\"title\":\"\",\"mail\":\"\"}",
                        w->n));
}

static const struct family adding = { "person.added", people, add, true };
TEST(people_adding_someone_survives_failing_memory)
{
    run(T, &adding, FAULT_MEMORY);
}
TEST(people_adding_someone_survives_failing_statements)
{
    run(T, &adding, FAULT_DB);
}
TEST(people_adding_someone_survives_a_failing_disk)
{
    run(T, &adding, FAULT_DISK);
}

/* ---- locking: the office's memory and the store must say the same ---- */

static i64 locks(struct world *w)
{
    struct dir_person p;
    struct got g = look(w, w->sec, str_fmt(w->app->a, "/api/people/" STR_FMT, STR_ARG(w->li)).p);
    expect_ok(dir_person(w->app->office, w->li_id, &p));
    expect_s(str_from(dir_words(w->app->office)->status[p.status]), field(&g, "status"));
    bool locked = str_eq(field(&g, "status"), S("locked"));
    expect(locked == (w->n % 2 == 1) || w->app->fault.hit);
    return locked ? (w->n + 1) / 2 * 2 - 1 : w->n / 2 * 2;
}

static struct got lock(struct world *w)
{
    const char *what = w->n % 2 ? "lock" : "unlock";
    return send(w, w->sec, str_fmt(w->app->a, "/api/people/" STR_FMT "/%s", STR_ARG(w->li), what).p,
                S("{}"));
}

TEST(F_01_locking_survives_failing_memory_statements_and_disk)
{
    static const enum fault_kind kinds[] = { FAULT_MEMORY, FAULT_DB, FAULT_DISK };
    struct world w = { .app = app_new(T) };
    app_person(w.app, "sec", "Sun Li", "security_admin");
    w.li_id = app_person(w.app, "li", "Li Na", "member");
    w.li = id_text(w.app, "pers", w.li_id);
    w.sec = visit(w.app, "sec");
    for (size_t k = 0; k < COUNT(kinds); k++) {
        w.app->fault.hit = true;
        for (u32 n = 1; w.app->fault.hit && n <= POINTS_MAX; n++) {
            w.n++;
            w.app->fault.nth = n;
            w.app->fault.kind = (int)kinds[k];
            struct got g = lock(&w);
            w.app->fault.kind = 0;
            (void)locks(&w);
            if (g.status != 200) {
                expect(w.app->fault.hit);
                bool hit = w.app->fault.hit;
                g = lock(&w);
                expect_status(g, 200);
                w.app->fault.hit = false;
                (void)locks(&w);
                w.app->fault.hit = hit;
            }
        }
    }
    expect_whole(&w, &(struct family){ .leaf = "person.locked" }, (w.n + 1) / 2);
    app_end(w.app);
}

/* ---- signing in ---- */

static i64 sessions(struct world *w)
{
    return (i64)session_count(w->app->office);
}

static struct got arrive(struct world *w)
{
    struct app *app = w->app;
    struct visitor *v = visitor_new(app);
    int kind = app->fault.kind;
    app->fault.kind = 0;
    str code = app_code(app);
    struct got start = post(v, "/api/sign-in/start", "{}");
    void *ephemeral;
    str challenge = field(&start, "challenge"), device = device_proof(v, challenge, &ephemeral);
    app->fault.kind = kind;
    struct got g = post(v, "/api/sign-in/password",
                        "{\"login\":\"li\",\"password\":\"correct horse\",\"code\":\"" STR_FMT
                        "\",\"challenge\":\"" STR_FMT "\",\"device\":" STR_FMT "}",
                        STR_ARG(code), STR_ARG(challenge), STR_ARG(device));
    if (g.status == 200) { /* what was given is good */
        app->fault.kind = 0;
        take_session(v, &g, g.json, challenge, ephemeral);
        expect_status(get(v, "/api/me"), 200);
    }
    return g;
}

static const struct family arriving = { "session.opened", sessions, arrive, true };
TEST(people_signing_in_survives_failing_memory)
{
    run(T, &arriving, FAULT_MEMORY);
}
TEST(people_signing_in_survives_failing_statements)
{
    run(T, &arriving, FAULT_DB);
}
TEST(people_signing_in_survives_a_failing_disk)
{
    run(T, &arriving, FAULT_DISK);
}

/* ---- renewing ---- */

TEST(people_renewing_survives_failing_memory_statements_and_disk)
{
    static const enum fault_kind kinds[] = { FAULT_MEMORY, FAULT_DB, FAULT_DISK };
    struct app *app = app_new(T);
    app_person(app, "li", "Li Na", "member");
    struct visitor *v = visit(app, "li");
    for (size_t k = 0; k < COUNT(kinds); k++)
        for (u32 n = 1; n <= POINTS_MAX; n++) {
            app->fault.nth = n;
            app->fault.kind = (int)kinds[k];
            struct got g = renew(v);
            bool hit = app->fault.hit;
            app->fault.kind = 0;
            expect(g.status == 200 || hit);
            expect_status(get(v, "/api/me"), 200); /* with the former key or the new one */
            if (!hit)
                break;
        }
    app_restart(app);
    expect_status(get(v, "/api/me"), 200);
    app_check_store(app);
    app_end(app);
}
