/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs a call where. Beside each port stands a worker, which takes all that waits in one
 * wake-up and reads it in one transaction; one writer (writer.c) takes what changes something;
 * two slow threads take what needs time: hashing before a write, imports, exports. Every queue
 * is bounded and refuses early, with its length; the last eighth of each is kept for security
 * and administration, whose calls also go first, so that a flood cannot shut the
 * administrators out. */
#include <sched.h>
#include <string.h>

#include "base/log.h"
#include "base/os.h"
#include "core/idem.h"
#include "core/ledger.h"
#include "core/live.h"
#include "core/serve_in.h"

enum { BATCH_MAX = 64, READ_QUEUE = 256, SLOW_QUEUE = 64, SLOW_THREADS = 2 };
enum { THREAD_WORKER = PORTS_MAX, THREAD_SLOW = 2 * PORTS_MAX, THREAD_WRITER = 3 * PORTS_MAX };

struct works {
    struct work *first, *last;
};

static void put(struct works *l, struct work *w)
{
    w->next = NULL;
    if (l->last)
        l->last->next = w;
    else
        l->first = w;
    l->last = w;
}

static struct work *take(struct works *l)
{
    struct work *w = l->first;
    if (w) {
        l->first = w->next;
        if (!l->first)
            l->last = NULL;
    }
    return w;
}

static void thread_begin(struct serve *s, const char *name, int cpu)
{
    cpu_set_t set;
    (void)pthread_setname_np(pthread_self(), name);
    if (cpu >= 0 && s->options.pin) {
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }
    if (s->options.thread_begin)
        s->options.thread_begin(s->options.office);
}

static void thread_end(struct serve *s)
{
    if (s->options.thread_end)
        s->options.thread_end(s->options.office);
    scratch_thread_end();
}

/* ---- back to the port ---- */

static void deliver_mail(struct mail *m) { serve_deliver(work_of_mail(m)); }

static void send_back(struct work *w, bool on_port)
{
    if (on_port) {
        serve_deliver(w);
        return;
    }
    w->mail.run = deliver_mail;
    w->port->options.post(w->port->options.arg, &w->mail);
}

static void problem(struct work *w, err e)
{
    struct answer *a = &w->answer;
    if (e == E_BUSY && a->queue < 0)
        a->queue = writer_queue(w->port->serve->writer);
    answer_problem(&w->call, e, w->id);
    if (a->status >= 500 && e != E_BUSY)
        log_error("call failed", L_Z("endpoint", w->call.endpoint ? w->call.endpoint->name : "-"),
                  L_Z("code", answer_code(a, e)), L_STR("why", a->why),
                  L_STR("id", str_fmt(w->call.arena, "%016llx", (unsigned long long)w->id)),
                  L_Z("store", w->call.db ? db_error_text(w->call.db) : ""));
}

static err to_writer(struct work *w);

/* Nothing was changed; what was refused waits for its leaf. */
void lanes_settle(struct work *w, err e, bool on_port)
{
    struct call *c = &w->call;
    if (e == E_NONE && !w->answer.repeated) {
        run_counted(c);
        for (size_t i = 0; i < w->answer.afters.n; i++)
            w->answer.afters.at[i].fn(c->office, w->answer.afters.at[i].arg);
    } else if (e != E_NONE) {
        bool refused = run_refused(c, e);
        problem(w, e);
        if (refused) {
            if (on_port && !w->kept && w->rq.keep)
                w->rq.keep(&w->rq);
            w->kept = true;
            w->step = STEP_HOLD;
            w->write.fresh = true;
            if (to_writer(w) == E_NONE)
                return;
            answer_clear(&w->answer);
            problem(w, E_BUSY);
        }
    }
    c->db = NULL;
    send_back(w, on_port);
}

/* ---- the writer ---- */

/* What is due after the commit: caches first, then those who listen. */
void lanes_release(struct serve *s, struct call *c)
{
    struct answer *a = c->answer;
    for (size_t i = 0; i < a->afters.n; i++)
        a->afters.at[i].fn(c->office, a->afters.at[i].arg);
    if (a->events.n || a->touched.n)
        live_publish(s->live, a);
}

static err write_body(struct work *w)
{
    struct call *c = &w->call;
    if (w->keyed) {
        err e = idem_find(c, w->print);
        if (e != E_NOT_FOUND)
            return e;
    }
    err e = run_call(w, THREAD_WRITER);
    if (e != E_NONE)
        return e;
    TRY(run_effect(c));
    return w->keyed ? idem_keep(c, w->print) : E_NONE;
}

/* May run twice: everything it made the first time is forgotten. */
static err work_write(struct write_task *t, struct db *db)
{
    struct work *w = work_of_write(t);
    struct call *c = &w->call;
    if (w->step == STEP_HOLD)
        return E_NONE;
    if (!w->run)
        w->run = arena_new("write", w->port->serve->options.call_ceiling);
    arena_reset(w->run);
    w->answer = w->before;
    c->gate = w->gate_before;
    c->guarded = NULL;
    c->memo = NULL;
    c->arena = w->run;
    c->db = db;
    err e = write_body(w);
    if (e == E_NONE && arena_doomed(w->run))
        e = E_LIMIT;
    w->result = e == E_AGAIN ? E_BUSY : e;
    if (db_in_transaction(db) && run_refused(c, e)) {
        problem(w, e);
        w->step = STEP_HOLD;
        return E_AGAIN;
    }
    return w->result;
}

static void work_written(struct write_task *t, err e)
{
    struct work *w = work_of_write(t);
    struct serve *s = w->port->serve;
    if (e == E_FULL || e == E_IO)
        atomic_store_explicit(&s->writer_ok, false, memory_order_relaxed);
    if (w->step == STEP_HOLD && e == E_NONE) {
        send_back(w, false);
        return;
    }
    if (e != E_NONE) {
        if (w->step == STEP_HOLD || e != w->result) /* its group failed, not the call */
            answer_clear(&w->answer);
        problem(w, e);
    } else if (!w->answer.repeated) {
        run_counted(&w->call);
        lanes_release(s, &w->call);
    }
    w->call.db = NULL;
    send_back(w, false);
}

static err to_writer(struct work *w)
{
    w->write.run = work_write;
    w->write.done = work_written;
    w->write.urgent = w->urgent;
    if (w->step != STEP_HOLD) {
        w->before = w->answer;
        w->gate_before = w->call.gate;
        w->call.db = NULL;
    }
    return writer_submit(w->port->serve->writer, &w->write);
}

/* Leaves that wait in memory go first in every group. */
static err group_begin(void *arg, struct db *db)
{
    struct serve *s = arg;
    struct answer answer = { .serve = s };
    struct call c = { .arena = s->drain,
                      .db = db,
                      .office = s->options.office,
                      .answer = &answer,
                      .now = os_now() };
    arena_reset(s->drain);
    return ledger_drain(&c);
}

static void group_ended(void *arg, bool committed)
{
    struct serve *s = arg;
    ledger_drained(s->options.office, committed);
    live_flush(s->live);
    if (committed)
        atomic_store_explicit(&s->writer_ok, true, memory_order_relaxed);
}

static bool group_wanted(void *arg)
{
    return ledger_waiting(((struct serve *)arg)->options.office);
}

static void writer_begin(void *arg) { thread_begin(arg, "writer", -1); }
static void writer_end(void *arg)
{
    if (((struct serve *)arg)->options.thread_end)
        ((struct serve *)arg)->options.thread_end(((struct serve *)arg)->options.office);
}

/* ---- the server's own calls ---- */

static err self_run(struct write_task *t, struct db *db)
{
    struct self_call *x = (struct self_call *)(void *)t;
    arena_reset(x->run);
    answer_clear(&x->answer);
    x->call.gate = NULL;
    x->call.db = db;
    x->call.now = os_now();
    err e = x->fn(&x->call, x->arg);
    if (e == E_NONE && arena_doomed(x->run))
        e = E_LIMIT;
    return e == E_AGAIN ? E_BUSY : e;
}

static void self_done(struct write_task *t, err e)
{
    struct self_call *x = (struct self_call *)(void *)t;
    struct arena *arena = x->arena;
    if (e == E_NONE)
        lanes_release(x->serve, &x->call);
    x->done(x->arg, e);
    arena_free(x->run);
    arena_free(arena);
}

err self_submit(struct serve *s, const struct self_call *what)
{
    struct arena *arena = arena_new("self", 64 * 1024);
    struct self_call *x = NEW(arena, struct self_call);
    *x = *what;
    x->serve = s;
    x->arena = arena;
    x->run = arena_new("self run", s->options.call_ceiling);
    x->answer.serve = s;
    x->call.arena = x->run;
    x->call.office = s->options.office;
    x->call.answer = &x->answer;
    x->write = (struct write_task){ .run = self_run, .done = self_done, .urgent = true };
    err e = writer_submit(s->writer, &x->write);
    if (e != E_NONE) {
        arena_free(x->run);
        arena_free(arena);
    }
    return e;
}

struct self_wait {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over;
    err e;
    err (*fn)(struct call *c, void *arg);
    void *arg;
};

static err wait_run(struct call *c, void *arg)
{
    struct self_wait *x = arg;
    return x->fn(c, x->arg);
}

static void wait_done(void *arg, err e)
{
    struct self_wait *x = arg;
    must(pthread_mutex_lock(&x->lock) == 0);
    x->e = e;
    x->is_over = true;
    must(pthread_cond_signal(&x->over) == 0);
    must(pthread_mutex_unlock(&x->lock) == 0);
}

err serve_write(struct serve *s, err (*fn)(struct call *c, void *arg), void *arg)
{
    struct self_wait x = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER, .fn = fn, .arg = arg
    };
    TRY(self_submit(s, &(struct self_call){ .fn = wait_run, .done = wait_done, .arg = &x }));
    must(pthread_mutex_lock(&x.lock) == 0);
    while (!x.is_over)
        must(pthread_cond_wait(&x.over, &x.lock) == 0);
    must(pthread_mutex_unlock(&x.lock) == 0);
    (void)pthread_mutex_destroy(&x.lock);
    (void)pthread_cond_destroy(&x.over);
    return x.e;
}

err lanes_reader(struct serve *s, struct db **ret)
{
    const struct db_options o = { .path = s->options.db_path, .stmts_n = s->options.stmts_n };
    return db_open(&o, ret);
}

err serve_read(struct serve *s, err (*fn)(struct call *c, void *arg), void *arg)
{
    struct db *db = NULL;
    TRY(lanes_reader(s, &db));
    struct answer answer = { .serve = s, .queue = -1 };
    struct call c = { .arena = arena_new("self read", s->options.call_ceiling),
                      .db = db,
                      .office = s->options.office,
                      .answer = &answer,
                      .now = os_now() };
    err e = fn(&c, arg);
    arena_free(c.arena);
    db_close(db);
    return e;
}

/* ---- workers ---- */

static void worker_one(struct serve_port *p, struct work *w, bool readable)
{
    struct call *c = &w->call;
    err e = readable ? E_NONE : E_IO;
    c->db = p->worker_db;
    if (e == E_NONE && w->step == STEP_DECODE) {
        e = run_decode(w);
        w->step = STEP_RUN;
    }
    if (e == E_NONE && w->lane == LANE_WRITE) {
        e = to_writer(w);
        if (e == E_NONE)
            return;
    } else if (e == E_NONE) {
        e = run_call(w, THREAD_WORKER + p->index);
    }
    lanes_settle(w, e, false);
}

/* One transaction for what came together: begun after all of it had arrived, so that nobody
 * misses what was committed before they asked. */
static void worker_batch(struct serve_port *p, struct works *urgent, struct works *normal)
{
    bool readable = db_read_begin(p->worker_db) == E_NONE;
    for (u32 n = 0; n < BATCH_MAX; n++) {
        struct work *w = take(urgent);
        if (!w)
            w = take(normal);
        if (!w)
            break;
        atomic_fetch_sub_explicit(&p->queued, 1, memory_order_relaxed);
        worker_one(p, w, readable);
    }
    db_read_end(p->worker_db);
}

static void worker_collect(struct serve_port *p, struct works *urgent, struct works *normal)
{
    struct mail *m = mailbox_take(&p->box);
    while (m) {
        struct work *w = work_of_mail(m);
        m = m->next;
        put(w->urgent ? urgent : normal, w);
    }
}

static void *worker_thread(void *arg)
{
    struct serve_port *p = arg;
    struct works urgent = { 0 }, normal = { 0 };
    thread_begin(p->serve, "worker", p->options.cpu);
    while (!atomic_load(&p->stopping) || atomic_load(&p->queued)) {
        mailbox_wait(&p->box, USEC_S);
        worker_collect(p, &urgent, &normal);
        while (urgent.first || normal.first) {
            worker_batch(p, &urgent, &normal);
            worker_collect(p, &urgent, &normal);
        }
    }
    thread_end(p->serve);
    return NULL;
}

err lanes_port_start(struct serve_port *p)
{
    TRY(lanes_reader(p->serve, &p->db));
    TRY(lanes_reader(p->serve, &p->worker_db));
    TRY(mailbox_init(&p->box));
    return pthread_create(&p->thread, NULL, worker_thread, p) == 0 ? E_NONE : E_IO;
}

void lanes_port_stop(struct serve_port *p)
{
    atomic_store(&p->stopping, true);
    mailbox_wake(&p->box);
    must(pthread_join(p->thread, NULL) == 0);
    mailbox_done(&p->box);
    db_close(p->worker_db);
    db_close(p->db);
}

static err to_worker(struct work *w)
{
    struct serve_port *p = w->port;
    u32 most = p->serve->options.read_queue;
    most += w->urgent ? most / 8 : 0;
    u32 n = atomic_fetch_add_explicit(&p->queued, 1, memory_order_relaxed);
    if (n >= most) {
        atomic_fetch_sub_explicit(&p->queued, 1, memory_order_relaxed);
        w->answer.queue = n;
        return E_BUSY;
    }
    mailbox_post(&p->box, &w->mail);
    return E_NONE;
}

/* ---- the slow pool ---- */

/* The part before a write: a repeat is answered without doing it again, and who may not is
 * told so before any work is spent on them. The writer asks both questions once more. */
static err slow_before(struct work *w)
{
    struct call *c = &w->call;
    if (w->keyed) {
        err e = idem_find(c, w->print);
        if (e != E_NOT_FOUND)
            return e;
    }
    TRY(run_guards(c, w->in));
    c->answer->decided = false;
    return c->endpoint->before(c, w->in);
}

static void slow_one(struct work *w, struct db *db, u32 thread)
{
    err e = E_NONE;
    w->call.db = db;
    if (w->step == STEP_DECODE) {
        e = run_decode(w);
        w->step = w->lane == LANE_WRITE ? STEP_BEFORE : STEP_RUN;
    }
    if (e == E_NONE && w->step == STEP_BEFORE) {
        e = slow_before(w);
        if (e == E_NONE && !w->answer.repeated) {
            w->step = STEP_RUN;
            e = to_writer(w);
            if (e == E_NONE)
                return;
        }
    } else if (e == E_NONE) {
        e = run_call(w, thread);
    }
    lanes_settle(w, e, false);
}

static struct work *slow_take(struct slow_pool *pool)
{
    for (int i = 0; i < 2; i++) {
        struct works l = { pool->first[i], pool->last[i] };
        struct work *w = take(&l);
        pool->first[i] = l.first;
        pool->last[i] = l.last;
        if (w) {
            pool->n--;
            return w;
        }
    }
    return NULL;
}

static void slow_run(struct serve *s, struct work *w, struct db **db, u32 thread)
{
    usec began = os_mono();
    if (!*db && lanes_reader(s, db) != E_NONE)
        lanes_settle(w, E_IO, false);
    else
        slow_one(w, *db, thread);
    atomic_fetch_add_explicit(&s->slow.took_us, (u64)(os_mono() - began), memory_order_relaxed);
    atomic_fetch_add_explicit(&s->slow.runs, 1, memory_order_relaxed);
}

struct slow_arg {
    struct serve *serve;
    u32 index;
};

static void *slow_thread(void *arg)
{
    struct slow_arg *at = arg;
    struct serve *s = at->serve;
    struct slow_pool *pool = &s->slow;
    struct db *db = NULL;
    thread_begin(s, "slow", -1);
    must(pthread_mutex_lock(&pool->lock) == 0);
    for (;;) {
        struct work *w = slow_take(pool);
        if (!w && pool->stopping)
            break;
        if (!w) {
            must(pthread_cond_wait(&pool->some, &pool->lock) == 0);
            continue;
        }
        must(pthread_mutex_unlock(&pool->lock) == 0);
        slow_run(s, w, &db, THREAD_SLOW + at->index);
        must(pthread_mutex_lock(&pool->lock) == 0);
    }
    must(pthread_mutex_unlock(&pool->lock) == 0);
    db_close(db);
    thread_end(s);
    return NULL;
}

/* Full: told how many wait and about how long they will take. */
static err to_slow(struct work *w)
{
    struct serve *s = w->port->serve;
    struct slow_pool *pool = &s->slow;
    must(pthread_mutex_lock(&pool->lock) == 0);
    u32 n = pool->n, most = s->options.slow_queue;
    bool room = n < most + (w->urgent ? most / 8 : 0);
    if (room) {
        int i = w->urgent ? 0 : 1;
        struct works l = { pool->first[i], pool->last[i] };
        put(&l, w);
        pool->first[i] = l.first;
        pool->last[i] = l.last;
        pool->n++;
        must(pthread_cond_signal(&pool->some) == 0);
    }
    must(pthread_mutex_unlock(&pool->lock) == 0);
    if (room)
        return E_NONE;
    u64 runs = MAX(atomic_load(&pool->runs), 1u);
    w->answer.queue = n;
    w->answer.retry_after = (usec)(atomic_load(&pool->took_us) / runs * n / pool->threads_n);
    w->answer.retry_after = MAX(w->answer.retry_after, USEC_S);
    return E_BUSY;
}

static err slow_start(struct serve *s)
{
    struct slow_pool *pool = &s->slow;
    must(pthread_mutex_init(&pool->lock, NULL) == 0);
    must(pthread_cond_init(&pool->some, NULL) == 0);
    for (u32 i = 0; i < s->options.slow_threads; i++) {
        struct slow_arg *at = NEW(s->arena, struct slow_arg);
        *at = (struct slow_arg){ s, i };
        if (pthread_create(&pool->threads[i], NULL, slow_thread, at) != 0)
            return E_IO;
        pool->threads_n++;
    }
    return E_NONE;
}

static void slow_stop(struct serve *s)
{
    struct slow_pool *pool = &s->slow;
    must(pthread_mutex_lock(&pool->lock) == 0);
    pool->stopping = true;
    must(pthread_cond_broadcast(&pool->some) == 0);
    must(pthread_mutex_unlock(&pool->lock) == 0);
    for (u32 i = 0; i < pool->threads_n; i++)
        must(pthread_join(pool->threads[i], NULL) == 0);
    (void)pthread_mutex_destroy(&pool->lock);
    (void)pthread_cond_destroy(&pool->some);
}

/* ---- all of them ---- */

err lanes_send(struct work *w)
{
    if (w->lane == LANE_SLOW || (w->lane == LANE_WRITE && w->call.endpoint->has_before))
        return to_slow(w);
    if (w->lane == LANE_WRITE && w->step == STEP_RUN)
        return to_writer(w);
    return to_worker(w);
}

static void defaults(struct serve_options *o)
{
    o->read_queue = o->read_queue ? o->read_queue : READ_QUEUE;
    o->slow_queue = o->slow_queue ? o->slow_queue : SLOW_QUEUE;
    o->slow_threads = MIN(o->slow_threads ? o->slow_threads : SLOW_THREADS, (u32)SLOW_MAX);
}

err lanes_start(struct serve *s)
{
    defaults(&s->options);
    s->drain = arena_new("drain", (size_t)64 << 20);
    const struct writer_options o = {
        .path = s->options.db_path,
        .stmts_n = s->options.stmts_n,
        .queue_max = s->options.write_queue,
        .cpu = -1,
        .arg = s,
        .thread_begin = writer_begin,
        .thread_end = writer_end,
        .begin = group_begin,
        .ended = group_ended,
        .wants = group_wanted,
    };
    TRY(writer_start(s->arena, &o, &s->writer));
    atomic_store(&s->writer_ok, true);
    return slow_start(s);
}

void lanes_stop(struct serve *s)
{
    if (s->slow.threads_n)
        slow_stop(s);
    if (s->writer)
        writer_stop(s->writer);
    arena_free(s->drain);
}
