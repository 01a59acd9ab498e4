/* SPDX-License-Identifier: Apache-2.0 */
/* One thread looks for what is due, when it is due or when told. A lease lasts a minute and
 * carries a fencing number (the count of tries), so that a run that took too long can neither
 * finish nor fail a job that somebody else has begun again. The same thread keeps the house:
 * old answers of doubled requests and old events go, a few hundred a transaction. */
#include "core/jobs.h"

#include <pthread.h>

#include "base/json.h"
#include "base/log.h"
#include "base/os.h"
#include "core/core_stmts.h"
#include "core/idem.h"
#include "core/ledger.h"
#include "core/live.h"
#include "core/serve_in.h"

enum { AT_ONCE = 8, TRIM_STEP = 500, TRIM_STEPS = 20 };
static const usec lease_time = USEC_MIN, idle_time = USEC_MIN, trim_every = 10 * USEC_MIN;

struct jobs {
    struct serve *serve;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t poke;
    bool poked, stopping;
    struct arena *arena; /* of one round */
    struct db *db;
    usec trimmed;
};

static const struct job_kind *kind_of(const struct serve *s, str name)
{
    for (size_t m = 0; m < s->options.modules_n; m++)
        for (u16 i = 0; i < s->options.modules[m]->jobs_n; i++)
            if (str_eq_z(name, s->options.modules[m]->jobs[i].name))
                return &s->options.modules[m]->jobs[i];
    return NULL;
}

/* ---- ordering one ---- */

static void poke(struct jobs *j)
{
    must(pthread_mutex_lock(&j->lock) == 0);
    j->poked = true;
    must(pthread_cond_signal(&j->poke) == 0);
    must(pthread_mutex_unlock(&j->lock) == 0);
}

static void after_add(UNUSED struct office *o, void *arg)
{
    struct serve *s = arg;
    if (s->jobs)
        poke(s->jobs);
}

err job_add(struct call *c, const struct job_order *o)
{
    const struct job_new row = { call_new_id(c), str_from(o->kind), o->person,
                                 o->at ? o->at : c->now, o->payload };
    must(kind_of(c->answer->serve, row.kind));
    TRY(db_run(c->db, &job_put, &row, c->arena, NULL));
    call_after_commit(c, after_add, c->answer->serve);
    return E_NONE;
}

err jobs_dead(struct call *c, struct rows *ret)
{
    _Static_assert(sizeof(struct job_gone) == sizeof(struct job_dead), "one layout");
    return db_run(c->db, &job_dead_list, NULL, c->arena, ret);
}

/* ---- running one ---- */

struct running {
    struct jobs *jobs;
    const struct job_kind *kind;
    const struct job_row *row;
    err e;
    str why;
};

static err decide_job(struct call *c, const struct running *r, struct verdict *v)
{
    if (!r->kind->action)
        return E_NONE;
    TRY(gate_decide(c, r->kind->action, NULL, NULL, v));
    if (v->allow)
        return E_NONE;
    const struct act act = { "decision", r->kind->action, NULL, NULL, 0, v };
    ledger_refusal(c, &act);
    return E_DENIED;
}

static err run_payload(struct call *c, struct running *r)
{
    const struct json *payload = NULL;
    struct verdict v = { 0 };
    c->who.person = r->row->person;
    TRY(decide_job(c, r, &v));
    TRY(json_parse(c->arena, r->row->payload, &payload, NULL));
    TRY(r->kind->run(c, payload));
    if (!r->kind->leaf || !c->answer)
        return E_NONE;
    const struct act act = {
        r->kind->leaf, r->kind->action, NULL, NULL, 0, r->kind->action ? &v : NULL
    };
    return r->kind->slow ? E_NONE : ledger_effect(c, &act);
}

static err run_in_write(struct call *c, void *arg)
{
    struct running *r = arg;
    const struct job_id id = { r->row->id, r->row->tries };
    i64 deleted = 0;
    TRY(db_run(c->db, &job_done, &id, c->arena, &deleted));
    if (deleted == 0) /* the lease was lost: somebody else has it */
        return E_NONE;
    return run_payload(c, r);
}

static err finish_slow(struct call *c, void *arg)
{
    struct running *r = arg;
    const struct job_id id = { r->row->id, r->row->tries };
    return db_run(c->db, &job_done, &id, c->arena, NULL);
}

static err fail_job(struct call *c, void *arg)
{
    struct running *r = arg;
    i64 tries = r->row->tries;
    usec wait = USEC_S << MIN(tries, 12); /* 2 s, 4 s … about an hour */
    const struct job_failed in = { r->row->id, tries, c->now + wait, tries >= JOB_TRIES_MAX,
                                   str_from(err_text(r->e)) };
    return db_run(c->db, &job_fail, &in, c->arena, NULL);
}

static err run_slow(struct jobs *j, struct running *r)
{
    struct answer answer = { .serve = j->serve, .queue = -1 };
    struct call c = { .arena = arena_new("job", j->serve->options.call_ceiling),
                      .db = j->db,
                      .office = j->serve->options.office,
                      .answer = &answer,
                      .now = os_now() };
    err e = run_payload(&c, r);
    arena_free(c.arena);
    return e == E_NONE ? serve_write(j->serve, finish_slow, r) : e;
}

static void run_one(struct jobs *j, const struct job_row *row)
{
    struct running r = { .jobs = j, .kind = kind_of(j->serve, row->kind), .row = row };
    if (!r.kind)
        r.e = E_NOT_FOUND;
    else
        r.e = r.kind->slow ? run_slow(j, &r) : serve_write(j->serve, run_in_write, &r);
    if (r.e == E_NONE)
        return;
    log_warn("a job failed", L_STR("kind", row->kind), L_INT("tries", row->tries),
             L_Z("code", err_text(r.e)));
    if (serve_write(j->serve, fail_job, &r) != E_NONE)
        log_warn("a failed job keeps its lease until it runs out", L_INT("job", row->id));
}

/* ---- what is due ---- */

struct leased {
    struct jobs *jobs;
    struct rows rows;
};

/* Copied out of the call, which may run twice and whose memory goes with it. */
static err lease(struct call *c, void *arg)
{
    struct leased *l = arg;
    const struct job_due in = { c->now, c->now + lease_time, AT_ONCE };
    return db_run(c->db, &job_lease, &in, l->jobs->arena, &l->rows);
}

static usec next_due(struct jobs *j)
{
    struct time_row row = { 0 };
    SCRATCH(s);
    err e = db_run(j->db, &job_next, NULL, s.a, &row);
    return e == E_NONE ? row.at : INT64_MAX;
}

static void round_of(struct jobs *j)
{
    struct leased l = { .jobs = j };
    if (next_due(j) > os_now())
        return;
    if (serve_write(j->serve, lease, &l) != E_NONE)
        return;
    const struct job_row *row = l.rows.at;
    for (size_t i = 0; i < l.rows.n; i++)
        run_one(j, &row[i]);
    arena_reset(j->arena);
    if (l.rows.n)
        poke(j);
}

/* ---- keeping the house ---- */

static err trim_step(struct call *c, void *arg)
{
    i64 events = 0, answers = 0;
    TRY(live_trim(c->db, c->now, TRIM_STEP, &events));
    TRY(idem_clean(c->db, c->now, TRIM_STEP, &answers));
    *(bool *)arg = events == TRIM_STEP || answers == TRIM_STEP;
    return E_NONE;
}

static void trim(struct jobs *j)
{
    bool more = true;
    usec now = os_mono();
    if (j->trimmed && now - j->trimmed < trim_every)
        return;
    j->trimmed = now;
    for (int i = 0; i < TRIM_STEPS && more; i++)
        if (serve_write(j->serve, trim_step, &more) != E_NONE)
            return;
}

/* ---- the thread ---- */

static void wait_for(struct jobs *j)
{
    usec due = next_due(j), now = os_now();
    usec wait = due <= now ? USEC_S : MIN(due - now, idle_time);
    usec until = now + wait;
    struct timespec t = { .tv_sec = until / USEC_S, .tv_nsec = until % USEC_S * 1000 };
    must(pthread_mutex_lock(&j->lock) == 0);
    if (!j->poked && !j->stopping)
        (void)pthread_cond_timedwait(&j->poke, &j->lock, &t);
    j->poked = false;
    must(pthread_mutex_unlock(&j->lock) == 0);
}

static bool stopping(struct jobs *j)
{
    must(pthread_mutex_lock(&j->lock) == 0);
    bool is = j->stopping;
    must(pthread_mutex_unlock(&j->lock) == 0);
    return is;
}

static void *jobs_thread(void *arg)
{
    struct jobs *j = arg;
    const struct serve_options *o = &j->serve->options;
    (void)pthread_setname_np(pthread_self(), "jobs");
    if (o->thread_begin)
        o->thread_begin(o->office);
    while (!stopping(j)) {
        wait_for(j);
        if (stopping(j))
            break;
        round_of(j);
        trim(j);
    }
    if (o->thread_end)
        o->thread_end(o->office);
    scratch_thread_end();
    return NULL;
}

err jobs_start(struct serve *s, struct arena *a, struct jobs **ret)
{
    struct jobs *j = NEW(a, struct jobs);
    j->serve = s;
    TRY(lanes_reader(s, &j->db));
    j->arena = arena_new("jobs", (size_t)16 << 20);
    must(pthread_mutex_init(&j->lock, NULL) == 0);
    must(pthread_cond_init(&j->poke, NULL) == 0);
    *ret = j;
    if (pthread_create(&j->thread, NULL, jobs_thread, j) == 0)
        return E_NONE;
    db_close(j->db);
    arena_free(j->arena);
    *ret = NULL;
    return E_IO;
}

void jobs_stop(struct jobs *j)
{
    must(pthread_mutex_lock(&j->lock) == 0);
    j->stopping = true;
    must(pthread_cond_signal(&j->poke) == 0);
    must(pthread_mutex_unlock(&j->lock) == 0);
    must(pthread_join(j->thread, NULL) == 0);
    (void)pthread_mutex_destroy(&j->lock);
    (void)pthread_cond_destroy(&j->poke);
    arena_free(j->arena);
    db_close(j->db);
}
