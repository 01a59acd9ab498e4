/* SPDX-License-Identifier: Apache-2.0 */
/* Admission and answering, on the port's own thread: which endpoint, whose session, within
 * what rate, with what key. What can be answered from memory is answered at once with no copy
 * of the request; the rest is kept and sent to its lane. Work objects are reused, so that a
 * request costs no allocation once the port is warm. */
#include "core/serve.h"

#include <string.h>

#include "base/log.h"
#include "base/os.h"
#include "base/rng.h"
#include "core/core_stmts.h"
#include "core/idem.h"
#include "core/jobs.h"
#include "core/live.h"
#include "core/schema/core_schema.h"
#include "core/serve_in.h"

/* The generated table; absent in programs without modules, such as the core's own tests. */
#pragma weak stmts

enum { FREE_MAX = 32, CALL_CEILING = 8 << 20, BOOT_CEILING = 64 << 20 };
static const usec took_bounds[] = { 100, 500, 1000, 5000, 20000, 100000, 1000000 };

/* ---- starting ---- */

err serve_migrate(const char *path, const struct module *const *mods, size_t n,
                  struct migrate_report *ret)
{
    SCRATCH(s);
    size_t total = core_steps_n, at = 0;
    for (size_t i = 0; i < n; i++)
        total += mods[i]->migrations_n;
    struct migrate_step *steps = NEW_N(s.a, struct migrate_step, total);
    for (size_t i = 0; i < core_steps_n; i++)
        steps[at++] = core_steps[i];
    for (size_t i = 0; i < n; i++)
        for (u16 m = 0; m < mods[i]->migrations_n; m++)
            steps[at++] = (struct migrate_step){ mods[i]->name, mods[i]->migrations[m].name,
                                                 mods[i]->migrations[m].sqlite,
                                                 mods[i]->migrations[m].postgres };
    return migrate_run(path, steps, total, ret);
}

static err check_list(struct db *db, const struct stmt *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (db_check(db, list[i]) != E_NONE) {
            log_error("a statement does not fit the schema", L_Z("statement", list[i]->name),
                      L_Z("why", db_error_text(db)));
            return E_INTERNAL;
        }
    return E_NONE;
}

/* On a connection of its own: what was prepared for the check goes with it. */
static err check_statements(struct serve *s)
{
    struct db *db = NULL;
    const struct db_options o = { .path = s->options.db_path, .write = true };
    TRY(db_open(&o, &db));
    err e = check_list(db, core_stmts, core_stmts_n);
    if (e == E_NONE && s->options.stmts_n && stmts)
        e = check_list(db, stmts, s->options.stmts_n);
    db_close(db);
    return e;
}

static u8 class_of(const struct endpoint *e)
{
    if (!e->rate)
        return str_eq_z(S("GET"), e->method) ? RATE_DEFAULT : RATE_WRITE;
    enum rate_class c = rate_class_named(e->rate);
    must(c < RATE_CLASSES);
    return (u8)c;
}

static err routes_start(struct serve *s)
{
    size_t n = router_size(s->router);
    const char **names = NEW_N(s->arena, const char *, n);
    s->classes = NEW_N(s->arena, u8, n);
    for (size_t i = 0; i < n; i++) {
        const struct endpoint *e = router_at(s->router, i);
        names[i] = str_fmt(s->arena, "%s %s", e->method, e->path).p;
        s->classes[i] = class_of(e);
    }
    const struct breaker_options o = { s->options.breaker_path, names, n, os_now() };
    return breaker_open(s->arena, &o, &s->breaker);
}

err serve_start(const struct serve_options *o, struct serve **ret)
{
    struct arena *a = arena_new("serve", BOOT_CEILING);
    struct serve *s = NEW(a, struct serve);
    s->arena = a;
    s->options = *o;
    s->distant = db_is_postgres(o->db_path);
    s->options.call_ceiling = o->call_ceiling ? o->call_ceiling : CALL_CEILING;
    s->router = router_new(a, o->modules, o->modules_n);
    s->codes = codes_new(a, o->modules, o->modules_n);
    s->rates = rates_new(a, o->rate_scale ? o->rate_scale : 1);
    atomic_store(&s->next_id, rng_u64() << 24);
    err e = routes_start(s);
    if (e == E_NONE)
        e = check_statements(s);
    if (e == E_NONE) {
        s->live = live_new(s, a);
        e = lanes_start(s);
    }
    if (e == E_NONE)
        e = jobs_start(s, a, &s->jobs);
    if (e != E_NONE) {
        log_error("the office cannot be served", L_Z("code", err_text(e)));
        serve_stop(s);
        return e;
    }
    *ret = s;
    return E_NONE;
}

err serve_modules_start(struct serve *s)
{
    for (size_t i = 0; i < s->options.modules_n; i++)
        if (s->options.modules[i]->start)
            TRY(s->options.modules[i]->start(s->options.office));
    return E_NONE;
}

void serve_stop(struct serve *s)
{
    for (size_t i = 0; i < PORTS_MAX; i++)
        must(!atomic_load(&s->ports[i]));
    if (s->jobs)
        jobs_stop(s->jobs);
    lanes_stop(s);
    if (s->live)
        live_free(s->live);
    if (s->breaker)
        breaker_close(s->breaker);
    arena_free(s->arena);
}

struct writer *serve_writer(struct serve *s)
{
    return s->writer;
}
struct live *serve_live(struct serve *s)
{
    return s->live;
}
struct jobs *serve_jobs(struct serve *s)
{
    return s->jobs;
}

/* ---- ports ---- */

err serve_port_open(struct serve *s, const struct serve_port_options *o, struct serve_port **ret)
{
    u32 i = 0;
    while (i < PORTS_MAX && atomic_load(&s->ports[i]))
        i++;
    if (i == PORTS_MAX)
        return E_LIMIT;
    struct arena *a = arena_new("port", BOOT_CEILING);
    struct serve_port *p = NEW(a, struct serve_port);
    *p = (struct serve_port){ .serve = s, .options = *o, .index = i, .arena = a };
    err e = lanes_port_start(p);
    if (e != E_NONE) {
        db_close(p->worker_db);
        db_close(p->db);
        arena_free(a);
        return e;
    }
    atomic_store(&s->ports[i], p);
    *ret = p;
    return E_NONE;
}

void serve_port_close(struct serve_port *p)
{
    must(p->busy == 0);
    atomic_store(&p->serve->ports[p->index], NULL);
    lanes_port_stop(p);
    for (struct work *w = p->free; w; w = w->next) {
        arena_free(w->inputs);
        arena_free(w->run);
    }
    arena_free(p->arena);
}

u32 serve_port_busy(const struct serve_port *p)
{
    return p->busy;
}

static struct work *work_take(struct serve_port *p)
{
    struct work *w = p->free;
    struct arena *inputs = NULL, *run = NULL;
    if (w) {
        p->free = w->next;
        inputs = w->inputs;
        run = w->run;
        p->free_n--;
    } else {
        w = NEW(p->arena, struct work);
    }
    *w = (struct work){ .port = p, .inputs = inputs, .run = run };
    if (!w->inputs)
        w->inputs = arena_new("call", p->serve->options.call_ceiling);
    p->busy++;
    return w;
}

/* A few keep their memory for the next request; the struct itself is always kept. */
static void work_give(struct work *w)
{
    struct serve_port *p = w->port;
    if (p->free_n < FREE_MAX) {
        arena_reset(w->inputs);
        if (w->run)
            arena_reset(w->run);
    } else {
        arena_free(w->inputs);
        arena_free(w->run);
        w->inputs = w->run = NULL;
    }
    w->next = p->free;
    p->free = w;
    p->free_n++;
    p->busy--;
}

/* ---- answering ---- */

static void count_answer(struct work *w)
{
    struct serve_port *p = w->port;
    usec took = os_mono() - w->began;
    size_t i = 0;
    while (i < COUNT(took_bounds) && took > took_bounds[i])
        i++;
#define ONE(x) atomic_fetch_add_explicit(&(x), 1, memory_order_relaxed)
    ONE(p->stats.answers[w->lane][MIN(w->answer.status / 100, 5)]);
    ONE(p->stats.took_le[w->lane][i]);
    atomic_fetch_add_explicit(&p->stats.took_us[w->lane], (u64)took, memory_order_relaxed);
    if (w->answer.code == E_RATE)
        ONE(p->stats.rate_limited);
    if (w->answer.code == E_BUSY)
        ONE(p->stats.busy);
    if (w->answer.code == E_DENIED)
        ONE(p->stats.refused);
    if (w->answer.repeated)
        ONE(p->stats.repeated);
#undef ONE
}

void serve_deliver(struct work *w)
{
    struct answer *a = &w->answer;
    struct reply r = { .status = a->status,
                       .body = a->body,
                       .lines = S("Cache-Control: no-store\r\n") };
    r.content_type = a->code == E_NONE ? S("application/json") : S("application/problem+json");
    if (a->lines.n || a->repeated)
        r.lines =
            str_fmt(w->call.arena, STR_FMT STR_FMT "%s", STR_ARG(r.lines),
                    STR_ARG(buf_str(&a->lines)), a->repeated ? "Outwork-Repeated: 1\r\n" : "");
    count_answer(w);
    if (w->lane >= LANE_READ)
        serve_port_turn(w->port);
    w->rq.done(&w->rq, &r);
    work_give(w);
}

/* ---- admission ---- */

static bool is_get(str method)
{
    return str_eq(method, S("GET")) || str_eq(method, S("HEAD"));
}

static str language(str accept)
{
    ptrdiff_t zh = str_find(accept, S("zh")), en = str_find(accept, S("en"));
    if (zh < 0 || (en >= 0 && en < zh))
        return S("en");
    str rest = str_sub(accept, (size_t)zh + 2, (size_t)zh + 7);
    bool hant = str_starts(rest, S("-Hant")) || str_starts(rest, S("-TW")) ||
                str_starts(rest, S("-HK")) || str_starts(rest, S("-MO"));
    return hant ? S("zh-Hant") : S("zh-Hans");
}

static err rate(struct work *w, enum rate_class class, u64 whom)
{
    return rate_take(w->port->serve->rates, class, whom, w->call.now, &w->answer.retry_after);
}

/* Before anyone is known an address pays for what it tries and fails. */
static err stranger(struct work *w, err e)
{
    err r = rate(w, RATE_STRANGER, rate_address(w->rq.address));
    if (r == E_NONE)
        w->answer.retry_after = 0;
    return r == E_NONE ? e : r;
}

static err find_route(struct work *w)
{
    struct serve *s = w->port->serve;
    struct answer *a = &w->answer;
    err e = router_find(s->router, w->inputs, w->rq.method, w->rq.path, &w->route);
    if (e == E_METHOD)
        a->allow = w->route.allow;
    TRY(e == E_INVALID ? E_NOT_FOUND : e);
    w->call.endpoint = w->route.endpoint;
    w->lane = w->route.endpoint->lane;
    if (w->lane == LANE_QUICK && s->distant)
        w->lane = LANE_READ;
    usec shut = breaker_shut(s->breaker, w->route.at, w->call.now);
    a->retry_after = shut;
    return shut ? E_BUSY : E_NONE;
}

static err check_session(struct work *w)
{
    const struct credentials shown = {
        .cookie = w->rq.cookie,
        .method = w->rq.method,
        .target = w->rq.target,
        .idempotency_key = w->rq.idempotency_key,
        .time = w->rq.time,
        .proof = w->rq.proof,
    };
    return session_check(w->call.office, &shown, w->call.endpoint->session, w->call.now,
                         &w->call.who);
}

static err check_rate(struct work *w)
{
    enum rate_class class = w->port->serve->classes[w->route.at];
    i64 person = w->call.who.person;
    w->urgent = class == RATE_ADMIN || w->call.endpoint->session == SESSION_COOKIE;
    return rate(w, class, person ? rate_person(person) : rate_address(w->rq.address));
}

static err admit(struct work *w)
{
    err e = find_route(w);
    if (e != E_NONE)
        return e == E_BUSY ? e : stranger(w, e);
    e = check_session(w);
    if (e != E_NONE)
        return stranger(w, e);
    TRY(check_rate(w));
    if (is_get(w->rq.method))
        return E_NONE;
    if (!w->rq.idempotency_key.n)
        return call_field(&w->call, "Idempotency-Key", "required", 0);
    if (!idem_key_ok(w->rq.idempotency_key))
        return call_field(&w->call, "Idempotency-Key", "format", 0);
    return E_NONE;
}

/* Views in the call that point into the request: set again when the request has moved. */
static void set_views(struct work *w)
{
    struct call *c = &w->call;
    c->idempotency_key = w->rq.idempotency_key;
    c->user_agent = w->rq.user_agent;
    c->who.address = w->rq.address;
}

/* Path parameters point into the path: found again after the move. */
static err keep(struct work *w)
{
    if (w->rq.keep) {
        w->rq.keep(&w->rq);
        TRY(router_find(w->port->serve->router, w->inputs, w->rq.method, w->rq.path, &w->route));
        set_views(w);
    }
    w->kept = true;
    return E_NONE;
}

/* Taking and leaving a snapshot costs two system calls on SQLite: the quick reads of one turn of
 * the loop share it. It ends before anything that was committed meanwhile is told to anybody here,
 * so that nobody reads an older state than they have been told of. */
static struct db *quick_db(struct serve_port *p)
{
    u64 commits = writer_commits(p->serve->writer); /* another loop may have told of a later one */
    if (p->commits != commits)
        serve_port_turn(p);
    p->commits = commits;
    if (!p->reading && p->options.defer && db_read_begin(p->db) == E_NONE) {
        p->reading = true;
        p->options.defer(p->options.arg);
    }
    return p->db;
}

void serve_port_turn(struct serve_port *p)
{
    if (p->reading)
        db_read_end(p->db);
    p->reading = false;
}

struct db *serve_port_db(struct serve_port *p)
{
    serve_port_turn(p);
    return p->db;
}

static err answer_here(struct work *w)
{
    TRY(run_decode(w));
    w->call.db = w->lane == LANE_QUICK ? quick_db(w->port) : NULL;
    return run_call(w, w->port->index);
}

static err send_off(struct work *w)
{
    TRY(keep(w));
    w->keyed = w->lane == LANE_WRITE && !is_get(w->rq.method);
    if (w->keyed)
        w->print = idem_print(w->call.endpoint, w->rq.target, w->rq.body);
    w->step = STEP_DECODE;
    if (w->rq.body.n <= BODY_ON_LOOP) {
        TRY(run_decode(w));
        w->step = w->lane == LANE_WRITE && w->call.endpoint->has_before ? STEP_BEFORE : STEP_RUN;
    }
    return lanes_send(w);
}

static void begin(struct work *w, const struct request *rq)
{
    struct serve *s = w->port->serve;
    w->rq = *rq;
    w->began = os_mono();
    w->id = atomic_fetch_add_explicit(&s->next_id, 1, memory_order_relaxed);
    w->answer.serve = s;
    w->answer.queue = -1;
    w->call = (struct call){
        .arena = w->inputs,
        .now = os_now(),
        .office = s->options.office,
        .answer = &w->answer,
    };
    w->call.who.lang = language(rq->language);
    set_views(w);
}

void serve_submit(struct serve_port *p, const struct request *rq)
{
    struct work *w = work_take(p);
    begin(w, rq);
    err e = admit(w);
    bool here = e != E_NONE || w->lane == LANE_MEMORY || w->lane == LANE_QUICK;
    if (e == E_NONE)
        e = here ? answer_here(w) : send_off(w);
    if (!here && e == E_NONE)
        return;
    lanes_settle(w, e, true);
}

/* ---- numbers ---- */

static void add_port(const struct serve_port *p, struct serve_stats *to)
{
    for (size_t l = 0; l < 5; l++) {
        for (size_t i = 0; i < 6; i++)
            to->answers[l][i] += p->stats.answers[l][i];
        for (size_t i = 0; i < 8; i++)
            to->took_le[l][i] += p->stats.took_le[l][i];
        to->took_us[l] += p->stats.took_us[l];
    }
    to->refused += p->stats.refused;
    to->repeated += p->stats.repeated;
    to->rate_limited += p->stats.rate_limited;
    to->busy += p->stats.busy;
    to->read_queue += p->queued;
}

void serve_stats(const struct serve *s, struct serve_stats *ret)
{
    *ret = (struct serve_stats){ .writer_ok = atomic_load(&s->writer_ok) };
    for (size_t i = 0; i < PORTS_MAX; i++) {
        const struct serve_port *p = atomic_load(&s->ports[i]);
        if (p)
            add_port(p, ret);
    }
    struct serve *pool_owner = (struct serve *)(uintptr_t)s;
    must(pthread_mutex_lock(&pool_owner->slow.lock) == 0);
    ret->slow_queue = s->slow.n;
    must(pthread_mutex_unlock(&pool_owner->slow.lock) == 0);
    ret->sockets = live_sockets(s->live);
    ret->write_queue = writer_queue(s->writer);
    writer_stats(s->writer, &ret->writer);
}
