/* SPDX-License-Identifier: Apache-2.0 */
/* One epoll loop a thread, level-triggered. A tick is: wait, run what is ready, run letters, fire
 * timers, run what was deferred. Everything here but loop_post, loop_stop and loop_wake belongs to
 * the loop's own thread (before loop_run: to whoever made it). */
#ifndef OUTWORK_LOOP_LOOP_H
#define OUTWORK_LOOP_LOOP_H

#include "base/err.h"
#include "loop/mailbox.h"
#include "loop/timer.h"

struct loop;

MUST_USE err loop_new(struct loop **ret);
/* After loop_run has returned, and every loop_post, loop_stop and loop_wake too: a post may still
 * be on its way out when its letter runs, so threads that post are joined first. NULL is fine. */
void loop_free(struct loop *l);
void loop_run(struct loop *l);  /* until loop_stop */
void loop_stop(struct loop *l); /* any thread; ends loop_run after the tick it is in */
void loop_step(struct loop *l,
               int wait_ms); /* one tick, waiting at most so long (-1: no bound): for tests */
usec loop_now(const struct loop *l); /* monotonic, read once a tick */

/* ---- readiness. Embedded in what owns the descriptor; must stay where it is while watched. */
struct loop_fd {
    int fd;
    u32 events; /* EPOLLIN, EPOLLOUT; what is asked for now */
    void (*ready)(struct loop_fd *f, u32 events);
};
MUST_USE err loop_watch(struct loop *l, struct loop_fd *f); /* begins; f is filled in */
void loop_want(struct loop *l, struct loop_fd *f,
               u32 events); /* changes the events; nothing if the same */
void loop_unwatch(struct loop *l,
                  struct loop_fd *f); /* f is not called again, not even in this tick */

/* ---- timers: loop/timer.h */
struct ref loop_timer(struct loop *l, usec after, timer_fn *fn, void *ctx, struct ref who);
bool loop_timer_move(struct loop *l, struct ref timer, usec after); /* false: it is gone */
void loop_timer_cancel(struct loop *l, struct ref timer);

/* ---- once at the end of this tick, however often asked for: fan-out is coalesced so. Intrusive.
 */
struct loop_task {
    struct loop_task *next;
    void (*run)(struct loop_task *t);
    bool queued;
};
void loop_defer(struct loop *l, struct loop_task *t);
void loop_undefer(struct loop *l,
                  struct loop_task *t); /* before its memory goes; not queued is fine */

/* ---- other threads */
void loop_post(struct loop *l, struct mail *m);
void loop_wake(struct loop *l);
u64 loop_wakes(const struct loop *l); /* writes that posting has cost so far */

/* ---- buffers that all connections of the loop share, each within one callback */
enum { LOOP_BUF = 64 * 1024, LOOP_OUT = LOOP_BUF + 1024 /* four TLS records and their frames */ };
char *loop_read_buf(struct loop *l); /* LOOP_BUF bytes */
struct loop_out {
    char *p;
    size_t n;
    void *owner;
};
struct loop_out *loop_out(
    struct loop *l); /* LOOP_OUT bytes on their way to one socket: stream.c alone uses it */
struct loop_out *loop_gather(
    struct loop *l); /* LOOP_BUF bytes in which a connection gathers a turn's answers */

#endif
