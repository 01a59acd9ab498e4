/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit. The thread takes letters into two lists (urgent ones first), opens a transaction,
 * runs tasks, parks them with their results, commits, and only then calls done() on each. After
 * every task it asks whether the transaction still stands: SQLite ends it by itself when the disk
 * is full or broken. Then nothing of the group happened, whatever the tasks were told, and all of
 * them run again one by one, so that a small one succeeds where a large one cannot. */
#include "core/writer.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/log.h"
#include "base/os.h"

enum { GROUP_MAX = 64, QUEUE_MAX = 1024, TRIES_MAX = 2 };
static const usec group_time = 5 * USEC_MS, slow_time = 20 * USEC_MS;
static const usec commit_bounds[] = { 250, 500, 1000, 2500, 5000, 10000, 50000 };

struct list {
    struct write_task *first, *last;
};

struct writer {
    struct writer_options o;
    struct mailbox box;
    pthread_t thread;
    struct db *db;
    atomic_uint queued;
    atomic_ullong commits;
    atomic_bool stopping;
    struct list urgent, normal; /* taken from the box, not yet run */
    struct list carry;          /* for the next group */
    struct list retry;          /* each for a group of its own */
    struct list parked;         /* run in the open group */
    u32 parked_n;
    struct {
        atomic_ullong groups, tasks, failed_groups, rerun, commit_us, busy_us, slow_tasks;
        atomic_ullong commit_le[8];
    } stats;
};

#define COUNT_UP(x, n) atomic_fetch_add_explicit(&(x), (n), memory_order_relaxed)

static void push(struct list *l, struct write_task *t)
{
    t->next = NULL;
    if (l->last)
        l->last->next = t;
    else
        l->first = t;
    l->last = t;
}

static struct write_task *pop(struct list *l)
{
    struct write_task *t = l->first;
    if (t) {
        l->first = t->next;
        if (!l->first)
            l->last = NULL;
    }
    return t;
}

/* Letters that come while a group is open are late: one that wants a fresh group waits for the
 * next. */
static void collect(struct writer *w, bool open)
{
    struct mail *m = mailbox_take(&w->box);
    while (m) {
        struct write_task *t = (struct write_task *)(void *)((char *)m -
                                                             offsetof(struct write_task, mail));
        m = m->next;
        if (open && t->fresh)
            push(&w->carry, t);
        else
            push(t->urgent ? &w->urgent : &w->normal, t);
    }
}

static struct write_task *next_task(struct writer *w)
{
    struct write_task *t = pop(&w->urgent);
    return t ? t : pop(&w->normal);
}

static bool waiting(const struct writer *w)
{
    return w->urgent.first || w->normal.first || w->carry.first || w->retry.first;
}

/* ---- one group ---- */

static void finish(struct writer *w, struct write_task *t, err e)
{
    atomic_fetch_sub_explicit(&w->queued, 1, memory_order_relaxed);
    t->done(t, e);
}

static void finish_parked(struct writer *w)
{
    for (struct write_task *t; (t = pop(&w->parked));)
        finish(w, t, t->result);
    w->parked_n = 0;
}

/* The group is lost: who has a try left runs again alone, the others are told why. */
static void group_lost(struct writer *w, err why)
{
    COUNT_UP(w->stats.failed_groups, 1);
    log_warn("write group lost", L_Z("why", db_error_text(w->db)), L_INT("calls", w->parked_n));
    db_rollback(w->db);
    for (struct write_task *t; (t = pop(&w->parked));) {
        if (t->tries < TRIES_MAX) {
            COUNT_UP(w->stats.rerun, 1);
            push(&w->retry, t);
        } else {
            finish(w, t, why);
        }
    }
    w->parked_n = 0;
}

static err run_saved(struct writer *w, struct write_task *t)
{
    TRY(db_save(w->db));
    err e = t->run(t, w->db);
    if (e != E_NONE) {
        db_save_undo(w->db);
        return e;
    }
    return db_save_keep(w->db);
}

/* False: the transaction is gone. */
static bool run_task(struct writer *w, struct write_task *t, usec *now)
{
    t->tries++;
    t->result = run_saved(w, t);
    usec after = os_mono();
    COUNT_UP(w->stats.tasks, 1);
    COUNT_UP(w->stats.busy_us, (u64)(after - *now));
    COUNT_UP(w->stats.slow_tasks, after - *now > slow_time ? 1u : 0u);
    *now = after;
    bool stands = db_in_transaction(w->db);
    if (stands && t->result == E_AGAIN) {
        t->tries = 0;
        push(&w->carry, t);
    } else {
        push(&w->parked, t);
        w->parked_n++;
    }
    return stands;
}

static void count_commit(struct writer *w, usec took)
{
    size_t i = 0;
    while (i < COUNT(commit_bounds) && took > commit_bounds[i])
        i++;
    COUNT_UP(w->stats.commit_le[i], 1);
    COUNT_UP(w->stats.commit_us, (u64)took);
    COUNT_UP(w->stats.groups, 1);
}

/* What is told of a lost group: the disk's fault, or that it is full. */
static err lost_why(err e) { return e == E_BUSY || e == E_IO || e == E_CORRUPT ? e : E_FULL; }

static void group_end(struct writer *w, bool stands, usec now)
{
    err e = w->parked.last ? w->parked.last->result : E_FULL;
    if (stands) {
        e = db_commit(w->db);
        count_commit(w, os_mono() - now);
    }
    bool committed = stands && e == E_NONE;
    if (committed) {
        atomic_fetch_add(&w->commits, 1);
        finish_parked(w);
    } else {
        group_lost(w, lost_why(e));
    }
    if (w->o.ended)
        w->o.ended(w->o.arg, committed);
}

/* Begins a transaction and what goes first in it. */
static err group_begin(struct writer *w)
{
    TRY(db_begin(w->db));
    err e = w->o.begin ? w->o.begin(w->o.arg, w->db) : E_NONE;
    if (e == E_NONE && !db_in_transaction(w->db))
        e = E_FULL;
    if (e != E_NONE)
        db_rollback(w->db);
    return e;
}

static void group_refused(struct writer *w, struct write_task *only, err e)
{
    log_error("no write transaction", L_Z("why", db_error_text(w->db)), L_Z("code", err_text(e)));
    if (w->o.ended)
        w->o.ended(w->o.arg, false);
    if (only)
        finish(w, only, e);
    for (struct write_task *t; !only && (t = next_task(w));)
        finish(w, t, e);
}

static void group_run(struct writer *w, struct write_task *only)
{
    for (struct write_task *t; !only && (t = pop(&w->carry));)
        push(t->urgent ? &w->urgent : &w->normal, t);
    err e = group_begin(w);
    if (e != E_NONE) {
        group_refused(w, only, e);
        return;
    }
    usec began = os_mono(), now = began;
    bool stands = true;
    if (only)
        stands = run_task(w, only, &now);
    while (!only && stands && w->parked_n < GROUP_MAX && now - began < group_time) {
        collect(w, true);
        struct write_task *t = next_task(w);
        if (!t)
            break;
        stands = run_task(w, t, &now);
    }
    group_end(w, stands, now);
}

/* ---- the thread ---- */

static void pin(int cpu)
{
    cpu_set_t set;
    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void serve_all(struct writer *w)
{
    while (waiting(w)) {
        struct write_task *again = pop(&w->retry);
        group_run(w, again);
        collect(w, false);
    }
}

static void *writer_thread(void *arg)
{
    struct writer *w = arg;
    (void)pthread_setname_np(pthread_self(), "writer");
    pin(w->o.cpu);
    if (w->o.thread_begin)
        w->o.thread_begin(w->o.arg);
    usec asked = os_mono();
    while (!atomic_load(&w->stopping) || atomic_load(&w->queued)) {
        mailbox_wait(&w->box, USEC_S);
        collect(w, false);
        serve_all(w);
        if (w->o.wants && os_mono() - asked >= USEC_S) {
            asked = os_mono();
            if (w->o.wants(w->o.arg))
                group_run(w, NULL);
        }
    }
    if (w->o.wants && w->o.wants(w->o.arg))
        group_run(w, NULL);
    if (w->o.thread_end)
        w->o.thread_end(w->o.arg);
    scratch_thread_end();
    return NULL;
}

err writer_start(struct arena *a, const struct writer_options *o, struct writer **ret)
{
    struct writer *w = NEW(a, struct writer);
    w->o = *o;
    if (!w->o.queue_max)
        w->o.queue_max = QUEUE_MAX;
    const struct db_options options = { .path = o->path, .write = true, .stmts_n = o->stmts_n };
    TRY(db_open(&options, &w->db));
    err e = mailbox_init(&w->box);
    if (e == E_NONE && pthread_create(&w->thread, NULL, writer_thread, w) != 0) {
        mailbox_done(&w->box);
        e = E_IO;
    }
    if (e != E_NONE) {
        db_close(w->db);
        return e;
    }
    *ret = w;
    return E_NONE;
}

void writer_stop(struct writer *w)
{
    atomic_store(&w->stopping, true);
    mailbox_wake(&w->box);
    must(pthread_join(w->thread, NULL) == 0);
    mailbox_done(&w->box);
    db_close(w->db);
    w->db = NULL;
}

/* ---- for the others ---- */

err writer_submit(struct writer *w, struct write_task *t)
{
    u32 most = w->o.queue_max + (t->urgent ? w->o.queue_max / 8 : 0);
    if (COUNT_UP(w->queued, 1) >= most) {
        atomic_fetch_sub_explicit(&w->queued, 1, memory_order_relaxed);
        return E_BUSY;
    }
    t->tries = 0;
    mailbox_post(&w->box, &t->mail);
    return E_NONE;
}

u64 writer_commits(const struct writer *w) { return atomic_load(&w->commits); }

u32 writer_queue(const struct writer *w)
{
    return atomic_load_explicit(&w->queued, memory_order_relaxed);
}

struct waiter {
    struct write_task task;
    err (*fn)(struct db *db, void *arg);
    void *arg;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over;
    err e;
};

static err waiter_run(struct write_task *t, struct db *db)
{
    struct waiter *x = (struct waiter *)(void *)t;
    return x->fn(db, x->arg);
}

static void waiter_done(struct write_task *t, err e)
{
    struct waiter *x = (struct waiter *)(void *)t;
    must(pthread_mutex_lock(&x->lock) == 0);
    x->e = e;
    x->is_over = true;
    must(pthread_cond_signal(&x->over) == 0);
    must(pthread_mutex_unlock(&x->lock) == 0);
}

err writer_run(struct writer *w, err (*fn)(struct db *db, void *arg), void *arg)
{
    struct waiter x = { .task = { .run = waiter_run, .done = waiter_done, .urgent = true },
                        .fn = fn,
                        .arg = arg,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .over = PTHREAD_COND_INITIALIZER };
    TRY(writer_submit(w, &x.task));
    must(pthread_mutex_lock(&x.lock) == 0);
    while (!x.is_over)
        must(pthread_cond_wait(&x.over, &x.lock) == 0);
    must(pthread_mutex_unlock(&x.lock) == 0);
    (void)pthread_mutex_destroy(&x.lock);
    (void)pthread_cond_destroy(&x.over);
    return x.e;
}

void writer_stats(const struct writer *w, struct writer_stats *ret)
{
    *ret = (struct writer_stats){
        .groups = w->stats.groups,
        .tasks = w->stats.tasks,
        .failed_groups = w->stats.failed_groups,
        .rerun = w->stats.rerun,
        .commit_us = w->stats.commit_us,
        .busy_us = (usec)w->stats.busy_us,
        .slow_tasks = (usec)w->stats.slow_tasks,
    };
    for (size_t i = 0; i < COUNT(ret->commit_le); i++)
        ret->commit_le[i] = w->stats.commit_le[i];
}
