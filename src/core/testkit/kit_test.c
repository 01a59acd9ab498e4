/* SPDX-License-Identifier: Apache-2.0 */
/* Building the small office: people with sessions, requests without sockets, a look into the
 * store. */
#include <string.h>
#include <sys/mman.h>

#include "base/os.h"
#include "core/proof.h"
#include "core/session.h"
#include "core/testkit/notes.h"
#include "test/test.h"
#include "store/db.h"

static const char policy[] =
    "@id(\"locked\") @advice(\"ask_security\") forbid (principal, action, resource)"
    " when { principal.status != \"active\" };\n"
    "@id(\"everyone\") permit (principal, action in [Action::\"me.read\", "
    "Action::\"note.write\"],"
    " resource);\n"
    "@id(\"open-notes\") permit (principal, action == Action::\"note.read\", resource)"
    " when { !resource.hidden };\n"
    "@id(\"own-notes\") permit (principal, action == Action::\"note.read\", resource)"
    " when { resource.author == principal };\n"
    "@id(\"admins\") permit (principal, action == Action::\"admin.act\", resource)"
    " when { principal.role == \"admin\" };\n";
static const char *const roles[] = { "member", "admin" }, *const statuses[] = { "active",
                                                                                "locked" };
static const char *const owners[] = { "own", "company" };
static const struct dir_words words = { roles, statuses, owners, statuses, 0, 0 };
static const struct module *const mods[] = { &notes_module };

/* Bytes for requests and answers, outside every arena: a test that dooms arenas means the
 * server's. */
static str copy(struct kit *k, str s)
{
    if (!s.p)
        return s;
    must(k->pool_n + s.n + 1 <= KIT_POOL);
    char *p = k->pool + k->pool_n;
    memcpy(p, s.p, s.n);
    p[s.n] = 0;
    k->pool_n += s.n + 1;
    return (str){ p, s.n };
}

static void post_letter(void *arg, struct mail *m) { mailbox_post(arg, m); }

struct kit *kit_new(struct T *T)
{
    struct kit *k = NEW(T->arena, struct kit);
    const struct office_options oo = { .host = S("localhost"),
                                       .port = 8443,
                                       .data = str_from(T->dir),
                                       .node = 1,
                                       .session_lasts = USEC_HOUR };
    str faults = S("");
    k->T = T;
    k->pool = mmap(NULL, KIT_POOL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(k->pool != MAP_FAILED);
    k->a = T->arena;
    k->db_path = str_fmt(k->a, "%s/office.db", T->dir).p;
    k->breaker_path = str_fmt(k->a, "%s/breaker", T->dir).p;
    k->office = office_new(k->a, &oo);
    dir_words_set(k->office, &words);
    if (office_policies(k->office, str_from(policy), k->a, &faults) != E_NONE)
        test_failed(__FILE__, __LINE__, STR_FMT, STR_ARG(faults));
    k->options = (struct serve_options){ .office = k->office,
                                         .modules = mods,
                                         .modules_n = 1,
                                         .db_path = k->db_path,
                                         .node = 1,
                                         .rate_scale = 1000,
                                         .slow_threads = 1,
                                         .session_locked = session_was_locked };
    return k;
}

void kit_serve(struct kit *k)
{
    struct migrate_report r;
    if (serve_migrate(k->db_path, mods, 1, &r) != E_NONE)
        test_failed(__FILE__, __LINE__, "%s", r.why);
    expect_ok(serve_start(&k->options, &k->serve));
    expect_ok(serve_modules_start(k->serve));
    expect_ok(mailbox_init(&k->box));
    const struct serve_port_options po = { .post = post_letter, .arg = &k->box, .cpu = -1 };
    expect_ok(serve_port_open(k->serve, &po, &k->port));
}

struct kit *kit_begin(struct T *T)
{
    struct kit *k = kit_new(T);
    kit_serve(k);
    return k;
}

void kit_stop(struct kit *k)
{
    while (serve_port_busy(k->port))
        kit_letters(k, 10 * USEC_MS);
    serve_port_close(k->port);
    serve_stop(k->serve);
    mailbox_done(&k->box);
}

void kit_end(struct kit *k)
{
    kit_stop(k);
    office_end(k->office);
    (void)munmap(k->pool, KIT_POOL);
}

struct person *kit_person(struct kit *k, i64 id, int role)
{
    struct person *p = NEW(k->a, struct person);
    u8 token[SESSION_TOKEN_BYTES];
    const struct dir_person dp = { .id = id,
                                   .role = (u8)role,
                                   .name = S("N"),
                                   .login = S("n"),
                                   .title = S(""),
                                   .department_name = S("") };
    const struct dir_device dd = { .id = id + 1000, .person = id, .name = S("D") };
    dir_put_person(k->office, &dp);
    dir_put_device(k->office, &dd);
    memset(token, (int)id, sizeof token);
    memset(p->key, (int)id + 1, sizeof p->key);
    p->kit = k;
    p->id = id;
    p->session = id + 2000;
    struct session_row row = { .id = p->session,
                               .person = id,
                               .device = dd.id,
                               .strength = 2,
                               .ends = os_now() + USEC_HOUR,
                               .proof_until = os_now() + USEC_HOUR,
                               .sealed_key = S("sealed"),
                               .has_key = true };
    memcpy(row.key, p->key, sizeof row.key);
    session_hash(token, row.token_hash);
    session_put(k->office, &row);
    struct buf b = buf_in(k->a, 256);
    buf_put(&b, S("__Host-outwork="));
    b64_put(&b, token, sizeof token);
    p->cookie = buf_str(&b);
    return p;
}

str kit_time(struct kit *k, usec skew)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lld", (long long)((os_now() + skew) / USEC_MS));
    return copy(k, (str){ text, (size_t)n });
}

str kit_proof(struct person *p, const char *method, const char *target, str key, str time)
{
    u8 mac[32];
    const str parts[] = { str_from(method), str_from(target), key, time };
    SCRATCH(s);
    struct buf b = buf_in(s.a, 64);
    proof_hmac(p->key, parts, COUNT(parts), mac);
    b64_put(&b, mac, sizeof mac);
    return copy(p->kit, buf_str(&b));
}

static void take(struct request *rq, const struct reply *r)
{
    struct got *g = ((void **)rq->user)[0];
    struct kit *k = ((void **)rq->user)[1];
    g->status = r->status;
    g->body = copy(k, r->body);
    g->lines = copy(k, r->lines);
    g->type = copy(k, r->content_type);
    g->done = true;
}

void kit_parse(struct kit *k, struct got *g)
{
    if (!g->json && g->body.n && json_parse(k->a, g->body, &g->json, NULL) != E_NONE)
        test_failed(__FILE__, __LINE__, "not JSON: " STR_FMT, STR_ARG(g->body));
}

/* What http does: the bytes it had are gone after this, the copy lasts. */
static void keep(struct request *rq)
{
    struct kit *k = ((void **)rq->user)[1];
    str *views[] = { &rq->method,          &rq->path, &rq->query, &rq->target,     &rq->cookie,
                     &rq->idempotency_key, &rq->time, &rq->proof, &rq->user_agent, &rq->language,
                     &rq->address,         &rq->body };
    for (size_t i = 0; i < COUNT(views); i++) {
        if (!views[i]->p)
            continue;
        str kept = copy(k, *views[i]);
        memset((char *)(uintptr_t)views[i]->p, 'X', views[i]->n);
        *views[i] = kept;
    }
}

static str fresh_key(struct person *p)
{
    char text[100];
    int n = snprintf(text, sizeof text, "key-%lld-%u", (long long)p->id, p->calls++);
    return copy(p->kit, (str){ text, (size_t)n });
}

void kit_send(struct person *p, const struct ask *a, struct got *ret)
{
    struct kit *k = p->kit;
    bool get = !strcmp(a->method, "GET");
    str key = a->key ? str_from(a->key) : get ? (str){ 0 } : fresh_key(p);
    str target = copy(k, str_from(a->path)), rest = copy(k, target);
    str time = kit_time(k, a->skew);
    str path = str_cut(&rest, '?');
    *ret = (struct got){ 0 };
    ret->user[0] = ret;
    ret->user[1] = k;
    const struct request rq = {
        .method = copy(k, str_from(a->method)),
        .path = path,
        .query = rest,
        .target = target,
        .cookie = a->no_cookie ? (str){ 0 } : copy(k, p->cookie),
        .idempotency_key = key.n ? copy(k, key) : key,
        .time = a->no_proof ? (str){ 0 } : time,
        .proof = a->no_proof ? (str){ 0 } : kit_proof(p, a->method, a->path, key, time),
        .user_agent = copy(k, S("test")),
        .address = copy(k, str_from(a->address ? a->address : "127.0.0.1")),
        .body = a->body.n ? copy(k, a->body) : a->body,
        .keep = keep,
        .done = take,
        .user = ret->user,
    };
    serve_submit(k->port, &rq);
}

void kit_letters(struct kit *k, usec at_most)
{
    mailbox_wait(&k->box, at_most);
    mailbox_run(&k->box);
}

void kit_wait(struct kit *k, const struct got *g)
{
    usec until = os_mono() + 20 * USEC_S;
    while (!g->done) {
        kit_letters(k, 50 * USEC_MS);
        if (os_mono() > until)
            test_failed(__FILE__, __LINE__, "no answer");
    }
}

struct got kit_ask(struct person *p, const struct ask *a)
{
    struct got g;
    kit_send(p, a, &g);
    kit_wait(p->kit, &g);
    kit_parse(p->kit, &g);
    return g;
}

struct got kit_get(struct person *p, const char *path)
{
    return kit_ask(p, &(struct ask){ .method = "GET", .path = path });
}

struct got kit_post(struct person *p, const char *path, str body)
{
    return kit_ask(p, &(struct ask){ .method = "POST", .path = path, .body = body });
}

const char *kit_code(struct kit *k, const struct got *g)
{
    return str_z(k->a, json_str_or(json_get(g->json, S("code")), S("")));
}

i64 kit_number(const struct got *g, const char *member)
{
    return json_i64_or(json_get(g->json, str_from(member)), -1);
}

struct number {
    i64 n;
};
static const struct col number_cols[] = { { "n", COL_I64, false, 0, offsetof(struct number, n),
                                            0 } };

static i64 number_of(struct kit *k, const char *sql)
{
    struct db *db = NULL;
    struct number n = { 0 };
    const struct stmt st = { .name = "count",
                             .module = "core",
                             .sqlite = sql,
                             .index = STMT_UNNUMBERED,
                             .shape = STMT_ONE,
                             .cols_n = 1,
                             .cols = number_cols,
                             .row_size = sizeof n };
    expect_ok(db_open(&(struct db_options){ .path = k->db_path }, &db));
    expect_ok(db_run(db, &st, NULL, k->a, &n));
    db_close(db);
    return n.n;
}

i64 kit_count(struct kit *k, const char *table)
{
    return number_of(k, str_fmt(k->a, "SELECT count(*) FROM %s", table).p);
}

i64 kit_leaves(struct kit *k, const char *text)
{
    return number_of(k, str_fmt(k->a,
                                "SELECT count(*) FROM leaf_out WHERE instr(CAST(body AS TEXT),"
                                " '%s') > 0",
                                text)
                            .p);
}
