/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a request through the core, without sockets: route, session, rate limit,
 * decoding, doubled requests, the gate, the handler, rows one by one, leaves, commit, answer.
 * A handler makes no check because all of them stand here. A port is a thread that hands
 * requests in and takes answers back: a loop, or a test. Requests declared `from memory` or
 * `quick` are answered before serve_submit returns; the others move to the worker beside the
 * port, to the writer or to the slow pool, and come back by a letter. */
#ifndef OUTWORK_CORE_SERVE_H
#define OUTWORK_CORE_SERVE_H

#include "base/str.h"
#include "base/time.h"
#include "core/module.h"
#include "core/writer.h"
#include "store/migrate.h"

struct serve;
struct serve_port;
struct live;

struct serve_options {
    struct office *office;
    const struct module *const *modules;
    size_t modules_n;
    u16 stmts_n;                             /* numbered statements */
    const char *db_path;                     /* migrated */
    const char *breaker_path;                /* of the file that outlives a crash; NULL: none */
    u32 node;                                /* in every id */
    u32 rate_scale;                          /* every rate limit times this; 0: 1 */
    u32 read_queue, write_queue, slow_queue; /* 0: 256 a port, 1024, 64 */
    u32 slow_threads;                        /* 0: 2 */
    size_t call_ceiling;                     /* bytes a call may hold; 0: 8 MiB */
    bool pin; /* workers on their port's CPU, the writer anywhere */
    /* At the beginning and end of each thread made here (each may be NULL): the vault's
     * client. */
    void (*thread_begin)(struct office *o);
    void (*thread_end)(struct office *o);
    /* Whether a session ended because its person or device was locked; may be NULL. */
    bool (*session_locked)(struct office *o, i64 session);
};

/* Brings the store at path up to date with the core's and all modules' steps
 * (store/migrate.h). */
MUST_USE err serve_migrate(const char *path, const struct module *const *mods, size_t n,
                           struct migrate_report *ret);

/* Checks every statement against the schema, starts writer and slow pool. E_IO, E_CORRUPT,
 * E_INTERNAL (logged). */
MUST_USE err serve_start(const struct serve_options *o, struct serve **ret);
/* Runs the modules' start functions, in order; before the first port opens. */
MUST_USE err serve_modules_start(struct serve *s);
/* All ports must be closed. Runs what waits for the writer, then ends every thread. */
void serve_stop(struct serve *s);
struct writer *serve_writer(struct serve *s);
struct live *serve_live(struct serve *s); /* core/live.h */
struct jobs *serve_jobs(struct serve *s); /* core/jobs.h */

/* post: takes a letter to the port's thread, from any thread. cpu: where the port's thread
 * runs, or -1. At most 8 ports. */
struct serve_port_options {
    void (*post)(void *arg, struct mail *m);
    /* serve_port_turn is wanted at the end of this turn of the loop; asked for once until it came.
     * The quick reads of a turn then share one snapshot. NULL: each takes its own. */
    void (*defer)(void *arg);
    void *arg;
    int cpu;
};
MUST_USE err serve_port_open(struct serve *s, const struct serve_port_options *o,
                             struct serve_port **ret);
void serve_port_turn(struct serve_port *p);
/* On the port's thread: no request may be under way. Ends the worker. */
void serve_port_close(struct serve_port *p);
u32 serve_port_busy(const struct serve_port *p); /* requests under way */

struct reply {
    u16 status;
    str content_type; /* of body */
    str lines;        /* whole header lines, each ending in CRLF */
    str body;
};

struct request {
    str method, path,
        query;  /* path and query still percent-encoded; query without '?', p NULL: none */
    str target; /* path and query as sent */
    str cookie, idempotency_key, time, proof, user_agent, language;
    str address; /* of the peer, as text */
    str body;
    /* Called at most once, on the port's thread, before the request leaves it: points every
     * view at memory that lasts until done. NULL: they last anyway. */
    void (*keep)(struct request *rq);
    /* Once, on the port's thread; r is good until it returns. */
    void (*done)(struct request *rq, const struct reply *r);
    void *user;
};

/* rq is copied; the views in it are the caller's until keep or done. */
void serve_submit(struct serve_port *p, const struct request *rq);

/* Calls of the server itself, without a session (who is empty). For threads that are neither a
 * loop nor the writer, and for start functions. fn reads on a connection opened for it, or
 * writes as a task of the writer, where it may run twice; then the call waits for the commit,
 * and its events and after-commit functions are due as with every call. */
MUST_USE err serve_read(struct serve *s, err (*fn)(struct call *c, void *arg), void *arg);
MUST_USE err serve_write(struct serve *s, err (*fn)(struct call *c, void *arg), void *arg);

/* The numbers for metrics. */
struct serve_stats {
    u64 answers[5][6]; /* by lane, by status / 100 */
    u64 refused, repeated, rate_limited, busy;
    u64 took_le[5][8]; /* by lane: at most 0.1, 0.5, 1, 5, 20, 100, 1000 ms, longer */
    u64 took_us[5];
    u32 read_queue, write_queue, slow_queue, sockets;
    bool writer_ok; /* the last group could be committed */
    struct writer_stats writer;
};
void serve_stats(const struct serve *s, struct serve_stats *ret);

#endif
