/* SPDX-License-Identifier: Apache-2.0 */
/* The loop. Events carry pointers to struct loop_fd; whoever stops watching one in the middle of a
 * batch has its later events struck out of the batch, so a freed connection is never called.
 * Letters are taken once a tick; deferred work that defers again runs in the next round of the same
 * tick, up to a bound, then in the next tick without waiting. */
#include "loop/loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/os.h"

enum { BATCH = 256, ROUNDS = 8 };

struct loop {
    int epoll;
    atomic_bool stop;
    usec now;
    struct mailbox mailbox;
    struct loop_fd bell;
    struct timer_heap timers;
    struct loop_task *first, **last; /* deferred */
    struct epoll_event *batch;
    int batch_at, batch_n;
    char *read_buf;
    struct loop_out out, gather;
};

static void heard(UNUSED struct loop_fd *f, UNUSED u32 events) {}

err loop_new(struct loop **ret)
{
    struct loop *l = calloc(1, sizeof *l);
    must(l != NULL);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    err e = l->epoll < 0 ? os_err() : mailbox_init(&l->mailbox);
    if (e != E_NONE) {
        os_close(l->epoll);
        free(l);
        return e;
    }
    l->batch = calloc(BATCH, sizeof *l->batch);
    l->read_buf = malloc(LOOP_BUF);
    l->gather.p = malloc(LOOP_BUF);
    l->out.p = malloc(LOOP_OUT);
    must(l->batch && l->read_buf && l->gather.p && l->out.p);
    l->last = &l->first;
    l->now = os_mono();
    atomic_init(&l->stop, false);
    l->bell = (struct loop_fd){ l->mailbox.fd, EPOLLIN | EPOLLET, heard };
    must(loop_watch(l, &l->bell) == E_NONE);
    *ret = l;
    return E_NONE;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    mailbox_run(&l->mailbox);
    timer_heap_free(&l->timers);
    mailbox_done(&l->mailbox);
    os_close(l->epoll);
    free(l->batch);
    free(l->read_buf);
    free(l->gather.p);
    free(l->out.p);
    free(l);
}

usec loop_now(const struct loop *l)
{
    return l->now;
}
char *loop_read_buf(struct loop *l)
{
    return l->read_buf;
}
struct loop_out *loop_out(struct loop *l)
{
    return &l->out;
}
struct loop_out *loop_gather(struct loop *l)
{
    return &l->gather;
}

err loop_watch(struct loop *l, struct loop_fd *f)
{
    struct epoll_event e = { .events = f->events, .data.ptr = f };
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, f->fd, &e) == 0 ? E_NONE : os_err();
}

void loop_want(struct loop *l, struct loop_fd *f, u32 events)
{
    if (f->events == events)
        return;
    f->events = events;
    struct epoll_event e = { .events = events, .data.ptr = f };
    must(epoll_ctl(l->epoll, EPOLL_CTL_MOD, f->fd, &e) == 0);
}

void loop_unwatch(struct loop *l, struct loop_fd *f)
{
    (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, f->fd, NULL);
    for (int i = l->batch_at; i < l->batch_n; i++)
        if (l->batch[i].data.ptr == f)
            l->batch[i].data.ptr = NULL;
}

struct ref loop_timer(struct loop *l, usec after, timer_fn *fn, void *ctx, struct ref who)
{
    return timer_set(&l->timers, l->now + after, fn, ctx, who);
}

bool loop_timer_move(struct loop *l, struct ref timer, usec after)
{
    return timer_move(&l->timers, timer, l->now + after);
}

void loop_timer_cancel(struct loop *l, struct ref timer)
{
    timer_cancel(&l->timers, timer);
}

void loop_defer(struct loop *l, struct loop_task *t)
{
    if (t->queued)
        return;
    t->queued = true;
    t->next = NULL;
    *l->last = t;
    l->last = &t->next;
}

void loop_undefer(struct loop *l, struct loop_task *t)
{
    if (!t->queued)
        return;
    struct loop_task **at = &l->first;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    if (l->last == &t->next)
        l->last = at;
    t->queued = false;
}

void loop_post(struct loop *l, struct mail *m)
{
    mailbox_post(&l->mailbox, m);
}
void loop_wake(struct loop *l)
{
    mailbox_wake(&l->mailbox);
}

u64 loop_wakes(const struct loop *l)
{
    return atomic_load_explicit(&l->mailbox.wakes, memory_order_relaxed);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    loop_wake(l);
}

static void run_deferred(struct loop *l)
{
    for (int round = 0; round < ROUNDS && l->first; round++) {
        struct loop_task *last =
            (struct loop_task *)((char *)l->last - offsetof(struct loop_task, next));
        for (bool more = true; more && l->first;) {
            struct loop_task *t = l->first;
            more = t != last;
            l->first = t->next;
            if (!l->first)
                l->last = &l->first;
            t->queued = false;
            t->run(t);
        }
    }
}

static int wait_ms(struct loop *l, int at_most)
{
    usec next = timer_next(&l->timers);
    if (l->first || atomic_load_explicit(&l->stop, memory_order_relaxed))
        return 0;
    if (next < 0)
        return at_most;
    usec left = next - os_mono();
    int ms = left <= 0 ? 0 : (int)MIN((left + USEC_MS - 1) / USEC_MS, (usec)3600000);
    return at_most < 0 ? ms : MIN(ms, at_most);
}

void loop_step(struct loop *l, int at_most)
{
    int ms = wait_ms(l, at_most);
    if (ms != 0 && !mailbox_may_sleep(&l->mailbox))
        ms = 0;
    int n = epoll_wait(l->epoll, l->batch, BATCH, ms);
    mailbox_awake(&l->mailbox);
    l->now = os_mono();
    l->batch_n = MAX(n, 0);
    for (int i = 0; i < l->batch_n; i++) {
        struct loop_fd *f = l->batch[i].data.ptr;
        l->batch_at = i + 1;
        if (f)
            f->ready(f, l->batch[i].events);
    }
    l->batch_n = l->batch_at = 0;
    mailbox_run(&l->mailbox);
    timer_fire(&l->timers, l->now);
    run_deferred(l);
}

void loop_run(struct loop *l)
{
    while (!atomic_load_explicit(&l->stop, memory_order_relaxed))
        loop_step(l, -1);
    atomic_store(&l->stop, false);
}
