/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the pipeline share: serve.c (admission), run.c (one call from guard to
 * encoded answer), lanes.c (who runs it where). */
#ifndef OUTWORK_CORE_SERVE_IN_H
#define OUTWORK_CORE_SERVE_IN_H

#include <pthread.h>

#include "core/answer.h"
#include "core/breaker.h"
#include "core/rate.h"
#include "core/router.h"
#include "core/serve.h"
#include "core/session.h"

enum { PORTS_MAX = 8, SLOW_MAX = 8, BODY_ON_LOOP = 4096, ANSWER_MAX = 4 << 20 };

enum step {
    STEP_DECODE, /* the body is large: not on the loop */
    STEP_BEFORE, /* the slow part before a write */
    STEP_RUN,
    STEP_HOLD, /* refused: answered when a group with the refusal's leaf is committed */
};

/* One request under way. Owned by one thread at a time; back on its port it becomes free
 * again. */
struct work {
    struct mail mail; /* to the worker, back to the port */
    struct write_task write;
    struct work *next; /* the port's free ones; the slow pool's queue */
    struct serve_port *port;
    struct request rq;
    struct call call;
    struct answer answer;
    struct answer before; /* what the answer held when the call came to the writer */
    struct gate_frame *gate_before;
    struct arena *inputs; /* the request decoded; in other lanes everything */
    struct arena *run;    /* what a write makes: reset when it runs again */
    struct route route;
    void *in;
    i64 print;
    u64 id;
    usec began;
    err result;
    u8 step, lane;
    bool urgent, kept, keyed; /* keyed: its answer is kept for a repeat */
};

struct serve_port {
    struct serve *serve;
    struct serve_port_options options;
    u32 index;
    struct arena *arena;
    struct work *free;
    u32 free_n, busy;
    struct db *db; /* for quick calls and live sockets, on the port's thread */
    bool reading;  /* in the snapshot of this turn's quick reads */
    u64 commits;   /* writer_commits before it was taken */
    /* the worker */
    struct mailbox box;
    pthread_t thread;
    struct db *worker_db;
    atomic_uint queued;
    atomic_bool stopping;
    struct {
        atomic_ullong answers[5][6], refused, repeated, rate_limited, busy, took_le[5][8],
            took_us[5];
    } stats;
};

struct slow_pool {
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct work *first[2], *last[2]; /* urgent, normal */
    u32 n;
    bool stopping;
    pthread_t threads[SLOW_MAX];
    u32 threads_n;
    atomic_ullong took_us, runs; /* for the estimate of a wait */
};

struct serve {
    bool distant; /* the store is a server: loops do not wait for it, workers do */
    struct serve_options options;
    struct arena *arena;
    struct router *router;
    struct codes *codes;
    struct rates *rates;
    struct breaker *breaker;
    u8 *classes; /* enum rate_class by route */
    struct writer *writer;
    struct arena *drain; /* the writer's, for leaves that go first in a group */
    struct slow_pool slow;
    _Atomic(struct serve_port *) ports[PORTS_MAX];
    struct live *live;
    struct jobs *jobs;
    atomic_ullong next_id;
    atomic_bool writer_ok;
};

/* ---- run.c ---- */

/* Fills w->in from path, query and body. E_INVALID with every wrong field. */
MUST_USE err run_decode(struct work *w);
/* The guards alone. */
MUST_USE err run_guards(struct call *c, const void *in);
/* Guards, handler, rows, encoding: fills answer.status and answer.body. thread: for the
 * breaker. */
MUST_USE err run_call(struct work *w, u32 thread);
/* Whether e is a refusal of the gate; then it is told to the ledger and the answer must wait
 * for a fresh group. */
bool run_refused(struct call *c, err e);
/* The counted decisions of a call that has succeeded. */
void run_counted(struct call *c);
/* The leaf of the effect, in the call's transaction. */
MUST_USE err run_effect(struct call *c);

/* ---- lanes.c ---- */

MUST_USE err lanes_start(struct serve *s);
void lanes_stop(struct serve *s);
MUST_USE err lanes_port_start(struct serve_port *p);
void lanes_port_stop(struct serve_port *p);
/* Hands a kept work to where its lane and step say. E_BUSY: full; the work is still the
 * caller's. */
MUST_USE err lanes_send(struct work *w);
/* After the end of a run that changed nothing, on any thread but the writer's: to its port, or
 * through the writer if it was refused. */
void lanes_settle(struct work *w, err e, bool on_port);

/* A call of the server itself, to be run by the writer; done(arg, e) on the writer's thread,
 * after the commit or instead of it. Lives in an arena of its own, freed after done. */
struct self_call {
    struct write_task write;
    struct serve *serve;
    struct call call;
    struct answer answer;
    struct arena *arena, *run;
    err (*fn)(struct call *c, void *arg);
    void (*done)(void *arg, err e);
    void *arg;
};
MUST_USE err self_submit(struct serve *s, const struct self_call *what);
/* A read connection as all threads of the core have them. */
MUST_USE err lanes_reader(struct serve *s, struct db **ret);
/* What is due after the commit of a call, on the writer's thread. */
void lanes_release(struct serve *s, struct call *c);

/* ---- serve.c ---- */

/* On the port's thread: hands the answer out and frees the work. */
void serve_deliver(struct work *w);

/* The port's connection, outside the turn's snapshot: what was committed until now is seen. */
struct db *serve_port_db(struct serve_port *p);

static inline struct work *work_of_mail(struct mail *m)
{
    return (struct work *)(void *)((char *)m - offsetof(struct work, mail));
}
static inline struct work *work_of_write(struct write_task *t)
{
    return (struct work *)(void *)((char *)t - offsetof(struct work, write));
}

#endif
