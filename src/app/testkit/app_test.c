/* SPDX-License-Identifier: Apache-2.0 */
/* Building and ending an office for a test. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "app/demo/tables.h"
#include "app/people/people.h"
#include "app/testkit/testkit.h"
#include "base/rng.h"
#include "base/id.h"
#include "core/session.h"
#include "gen/people.h"
#include "loop/mailbox.h"
#include "proc/totp.h"
#include "store/db.h"
#include "test/pg.h"
#include "tlog/note.h"
#include "vault/vault.h"

enum { PLACES = 8 };
static const char secret[] = "twenty secret bytes!";
static _Atomic usec clock_forward; /* other threads read the clock */
static u64 next_step;

static usec test_now(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_REALTIME, &t) == 0);
    return (usec)t.tv_sec * USEC_S + t.tv_nsec / 1000 + clock_forward;
}

void app_clock(struct app *app, usec forward)
{
    (void)app;
    clock_forward += forward;
}

/* ---- the vault, as a thread ---- */

struct app_vault {
    struct vault *v;
    int ends[PLACES], stop[2];
    pthread_t thread;
};

static void *vault_run(void *arg)
{
    struct app_vault *av = arg;
    struct pollfd fds[PLACES + 1];
    static _Thread_local u8 room[MSG_PACKET_MAX];
    for (int i = 0; i < PLACES; i++)
        fds[i] = (struct pollfd){ .fd = av->ends[i], .events = POLLIN };
    fds[PLACES] = (struct pollfd){ .fd = av->stop[0], .events = POLLIN };
    while (poll(fds, PLACES + 1, -1) >= 0 && !fds[PLACES].revents)
        for (int i = 0; i < PLACES; i++) {
            struct msg m;
            if (fds[i].revents && msg_recv(fds[i].fd, room, sizeof room, &m) == E_NONE)
                IGNORE(vault_answer(av->v, VAULT_WHO_API, fds[i].fd, &m));
            else if (fds[i].revents & (POLLHUP | POLLERR))
                fds[i].fd = -1;
        }
    scratch_thread_end();
    return NULL;
}

static void vault_begin(struct app *app)
{
    struct app_vault *av = NEW(app->a, struct app_vault);
    static const u8 root[ROOT_KEY_BYTES] = "a root key for tests only, 32 by";
    const char *why = "";
    str path = str_fmt(app->a, STR_FMT "/vault.sealed", STR_ARG(app->data));
    bool create = !os_exists(path.p);
    const struct vault_open o = { .file = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600),
                                  .root_key = root,
                                  .create = create,
                                  .hosts = S("localhost"),
                                  .origin = S("outwork.test/ledger") };
    expect_ok(vault_open(&o, &av->v, &why));
    for (u32 i = 0; i < PLACES; i++) {
        int ends[2];
        expect_ok(msg_pair(ends));
        av->ends[i] = ends[0];
        office_vault_give(app->office, i, ends[1]);
    }
    expect(pipe(av->stop) == 0);
    expect(pthread_create(&av->thread, NULL, vault_run, av) == 0);
    app->vault = av;
}

static void vault_end(struct app *app)
{
    struct app_vault *av = app->vault;
    os_close(av->stop[1]);
    (void)pthread_join(av->thread, NULL);
    os_close(av->stop[0]);
    for (int i = 0; i < PLACES; i++)
        os_close(av->ends[i]);
    os_close(av->v->file);
    vault_close(av->v);
}

/* ---- the office ---- */

static void post_letter(void *arg, struct mail *m)
{
    mailbox_post(arg, m);
}

static err load(struct call *c, void *arg)
{
    (void)arg;
    return people_load(c);
}

static err run_write(void *serve, err (*fn)(struct call *c, void *arg), void *arg)
{
    return serve_write(serve, fn, arg);
}

/* key.pub as the real server writes it at init. */
static void write_key(struct app *app)
{
    struct vault_ledger_head_out head;
    struct note_key key;
    struct buf b = buf_in(app->a, 512);
    expect_ok(vault_ledger_head(office_vault(), &(struct vault_ledger_head_in){}, &head));
    expect_ok(note_key_make(head.origin, head.public_key, &key));
    note_key_put(&b, &key);
    buf_char(&b, '\n');
    str dir = str_fmt(app->a, STR_FMT "/ledger", STR_ARG(app->data));
    expect_ok(os_mkdir(dir.p, 0700));
    expect_ok(os_write_file(str_fmt(app->a, "%s/key.pub", dir.p).p, buf_str(&b), 0644));
}

static void sealer_begin(struct app *app, str db_path)
{
    const struct db_options reader = { .path = db_path.p, .stmts_n = (u16)stmts_n };
    expect_ok(db_open(&reader, &app->sealer_db));
    app_sealer_open(app);
}

void app_sealer_open(struct app *app)
{
    str why;
    const struct sealer_options o = { .office = app->office,
                                      .db = app->sealer_db,
                                      .pause = 50 * USEC_MS,
                                      .write = run_write,
                                      .lanes = app->serve };
    expect_ok(sealer_new(app->a, &o, &app->sealer, &why));
}

void app_begin(struct app *app)
{
    str db_path = str_from(test_store(app->T, "outwork.db")), faults;
    struct migrate_report report;
    const struct office_options oo = { .host = S("localhost"),
                                       .port = 8443,
                                       .data = app->data,
                                       .node = 1,
                                       .session_lasts = 12 * USEC_HOUR };
    app->office_arena = arena_new("office", (size_t)1 << 30);
    app->office = office_new(app->office_arena, &oo);
    vault_begin(app);
    office_vault_enter(app->office);
    expect_ok(office_policies(app->office, tables_base_policy(), app->a, &faults));
    if (serve_migrate(db_path.p, modules, modules_n, &report) != E_NONE)
        test_failed(__FILE__, __LINE__, "%s", report.why);
    const struct serve_options so = { .office = app->office,
                                      .modules = modules,
                                      .modules_n = modules_n,
                                      .stmts_n = (u16)stmts_n,
                                      .db_path = db_path.p,
                                      .node = 1,
                                      .rate_scale = app->rate_scale,
                                      .slow_threads = 1,
                                      .thread_begin = office_vault_enter,
                                      .thread_end = office_vault_leave,
                                      .session_locked = session_was_locked };
    expect_ok(serve_start(&so, &app->serve));
    expect_ok(serve_read(app->serve, load, NULL));
    expect_ok(serve_modules_start(app->serve));
    app->box = NEW(app->a, struct mailbox);
    expect_ok(mailbox_init(app->box));
    const struct serve_port_options po = { .post = post_letter, .arg = app->box, .cpu = -1 };
    expect_ok(serve_port_open(app->serve, &po, &app->port));
    write_key(app);
    sealer_begin(app, db_path);
}

struct app *app_new(struct T *T)
{
    return app_new_limited(T, 1000);
}

struct app *app_new_limited(struct T *T, u32 rate_scale)
{
    struct app *app = NEW(T->arena, struct app);
    must(sodium_init() >= 0);
    os.now = test_now;
    app->T = T;
    app->rate_scale = rate_scale;
    app->a = T->arena;
    app->data = str_from(T->dir);
    app_begin(app);
    return app;
}

/* Each decision that became a leaf, for the coverage check. */
static void cover_decisions(struct app *app)
{
    u64 size = getenv("OUTWORK_COVER") && !app->broken ? app_seal(app) : 0;
    for (u64 i = 0; i < size; i++) {
        const struct json *o = app_leaf_json(app, i, size);
        str action = json_str_or(json_get(o, S("action")), (str){ 0 });
        if (action.n && json_get(o, S("decision")))
            cover(app, "ACTION", action, json_get(o, S("decision"))->s);
    }
}

void app_end(struct app *app)
{
    cover_decisions(app);
    sealer_stop(app->sealer);
    db_close(app->sealer_db);
    serve_port_close(app->port);
    serve_stop(app->serve);
    mailbox_done(app->box);
    office_vault_leave(app->office);
    office_end(app->office);
    arena_free(app->office_arena);
    vault_end(app);
}

void app_sealer_again(struct app *app)
{
    sealer_stop(app->sealer);
    app_sealer_open(app);
}

err app_audit(struct app *app, struct tlog_finding *ret)
{
    struct tlog_source s = ledger_source(app->office);
    struct note_key key;
    str text;
    expect_ok(s.read(s.arg, "key.pub", 1024, app->a, &text));
    expect_ok(note_key_parse(str_sub(text, 0, text.n - 1), &key));
    return tlog_audit(&(struct tlog_audit){ .source = &s, .key = &key }, ret);
}

static err verify(struct call *c, void *arg)
{
    return db_verify(c->db, c->arena, arg);
}

void app_check_store(struct app *app)
{
    str report = { 0 };
    expect_ok(serve_read(app->serve, verify, &report));
}

void app_restart(struct app *app)
{
    app_end(app);
    app_begin(app);
}

/* ---- people ---- */

struct newcomer {
    const char *login, *name, *role;
    str password, sealed;
    i64 id;
};

static err admit(struct call *c, void *arg)
{
    struct newcomer *n = arg;
    struct new_person p = { .id = n->id, .login = str_from(n->login), .name = str_from(n->name) };
    person_id id;
    for (int i = 0; i < ROLE_N; i++)
        if (!strcmp(role_words[i], n->role))
            p.role = i;
    TRY(people_add(c, &p, &id));
    return people_admit(c, id, n->password, n->sealed);
}

i64 app_person(struct app *app, const char *login, const char *name, const char *role)
{
    static char hash[crypto_pwhash_STRBYTES];
    struct newcomer n = { login, name, role, { 0 }, { 0 }, id_make(1) };
    if (!hash[0]) /* the least work that verifies: the cost is tested on its own */
        must(crypto_pwhash_str(hash, "correct horse", 13, 1, 8192) == 0);
    n.password = str_from(hash);
    struct vault_totp_new_in ask = { .context = str_fmt(app->a, "%lld", (long long)n.id),
                                     .given = { secret, sizeof secret - 1 } };
    struct vault_totp_new_out made;
    expect_ok(vault_totp_new(office_vault(), &ask, &made));
    n.sealed = str_copy(app->a, made.sealed);
    expect_ok(serve_write(app->serve, admit, &n));
    return n.id;
}

/* Codes work once and one step around now is accepted: each call gives a later step, and moves the
 * clock when the steps run ahead of it. */
str app_code(struct app *app)
{
    u64 now = totp_step(os_now());
    next_step = MAX(next_step + 1, now);
    if (next_step > now)
        app_clock(app, (usec)(next_step - now) * TOTP_STEP_S * USEC_S);
    char code[TOTP_DIGITS + 1];
    totp_code((str){ secret, sizeof secret - 1 }, next_step, code);
    return str_copy(app->a, str_from(code));
}

/* ---- the ledger ---- */

static err nothing(struct call *c, void *arg)
{
    (void)c;
    (void)arg;
    return E_NONE;
}

u64 app_seal(struct app *app)
{
    size_t n = 1;
    expect_ok(serve_write(app->serve, nothing, NULL)); /* a group takes along what waits */
    while (n)
        expect_ok(sealer_once(app->sealer, &n));
    struct tlog_source s = ledger_source(app->office);
    struct tlog_checkpoint head;
    struct note_key key;
    str note, text;
    if (s.read(s.arg, "checkpoint", NOTE_MAX, app->a, &note) != E_NONE)
        return 0;
    expect_ok(s.read(s.arg, "key.pub", 1024, app->a, &text));
    text.n--;
    expect_ok(note_key_parse(text, &key));
    expect_ok(tlog_checkpoint_open(app->a, note, &key, &head));
    return head.head.size;
}

/* One leaf of a ledger of this size. */
str app_leaf_at(struct app *app, u64 index, u64 size)
{
    struct tlog_source s = ledger_source(app->office);
    u64 bundle = index / TLOG_WIDTH;
    if (!app->bundle.n || app->bundle.index != bundle || app->bundle.size != size) {
        app->bundle.index = bundle;
        app->bundle.size = size;
        app->bundle.n = tlog_width(size, TLOG_ENTRIES, bundle);
        expect_ok(tlog_read_bundle(&s, bundle, app->bundle.n, app->a, app->bundle.at));
    }
    return app->bundle.at[index % TLOG_WIDTH];
}

str app_leaf(struct app *app, u64 index)
{
    u64 size = app_seal(app);
    expect(index < size);
    return app_leaf_at(app, index, size);
}

const struct json *app_leaf_json(struct app *app, u64 index, u64 size)
{
    const struct json *o;
    expect_ok(json_parse(app->a, app_leaf_at(app, index, size), &o, NULL));
    return o;
}

size_t app_leaves(struct app *app, const char *type)
{
    size_t n = 0;
    u64 size = app_seal(app);
    for (u64 i = 0; i < size; i++)
        n += str_eq_z(json_str_or(json_get(app_leaf_json(app, i, size), S("type")), S("")), type);
    return n;
}
