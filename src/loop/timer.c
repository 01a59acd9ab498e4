/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of timers. A timer is dropped before its callback runs, so the callback may set a new
 * one; those set while firing for a time already past wait for the next tick, so that a callback
 * that re-arms itself cannot hold the loop. */
#include "loop/timer.h"

#include <stdlib.h>

enum { WAYS = 4, SLAB = 128 };

struct timer_slab {
    struct timer_slab *next;
    struct timer t[SLAB];
};

static void place(struct timer_heap *t, u32 at, struct timer *x)
{
    t->heap[at] = x;
    x->heap_at = at;
}

static void up(struct timer_heap *t, u32 at)
{
    struct timer *x = t->heap[at];
    while (at) {
        u32 parent = (at - 1) / WAYS;
        if (t->heap[parent]->at <= x->at)
            break;
        place(t, at, t->heap[parent]);
        at = parent;
    }
    place(t, at, x);
}

static void down(struct timer_heap *t, u32 at)
{
    struct timer *x = t->heap[at];
    for (;;) {
        u32 first = at * WAYS + 1, best = 0;
        for (u32 i = first; i < first + WAYS && i < t->n; i++)
            if (!best || t->heap[i]->at < t->heap[best]->at)
                best = i;
        if (!best || t->heap[best]->at >= x->at)
            break;
        place(t, at, t->heap[best]);
        at = best;
    }
    place(t, at, x);
}

static struct timer *take_spare(struct timer_heap *t)
{
    if (!t->spare) {
        struct timer_slab *s = malloc(sizeof *s);
        must(s != NULL);
        s->next = t->slabs;
        t->slabs = s;
        for (size_t i = 0; i < SLAB; i++) {
            s->t[i].ctx = t->spare;
            t->spare = &s->t[i];
        }
    }
    struct timer *x = t->spare;
    t->spare = x->ctx;
    return x;
}

struct ref timer_set(struct timer_heap *t, usec at, timer_fn *fn, void *ctx, struct ref who)
{
    if (t->n == t->room) {
        t->room = t->room ? t->room * 2 : 64;
        struct timer **heap = realloc(t->heap, t->room * sizeof(struct timer *));
        must(heap != NULL);
        t->heap = heap;
    }
    struct timer *x = take_spare(t);
    *x = (struct timer){ at, fn, ctx, who, { 0, 0 }, t->n };
    x->self = ref_add(&t->table, x);
    t->heap[t->n++] = x;
    up(t, t->n - 1);
    return x->self;
}

static void remove_at(struct timer_heap *t, u32 at)
{
    struct timer *x = t->heap[at], *last = t->heap[--t->n];
    if (x != last) {
        place(t, at, last);
        up(t, at);
        down(t, last->heap_at);
    }
    ref_drop(&t->table, x->self);
    x->ctx = t->spare;
    t->spare = x;
}

void timer_cancel(struct timer_heap *t, struct ref timer)
{
    struct timer *x = ref_get(&t->table, timer);
    if (x)
        remove_at(t, x->heap_at);
}

bool timer_move(struct timer_heap *t, struct ref timer, usec at)
{
    struct timer *x = ref_get(&t->table, timer);
    if (!x)
        return false;
    x->at = at;
    up(t, x->heap_at);
    down(t, x->heap_at);
    return true;
}

usec timer_next(const struct timer_heap *t)
{
    return t->n ? t->heap[0]->at : -1;
}

void timer_fire(struct timer_heap *t, usec now)
{
    for (u32 most = t->n; most && t->n && t->heap[0]->at <= now; most--) {
        struct timer x = *t->heap[0];
        remove_at(t, 0);
        x.fn(x.ctx, x.who);
    }
}

void timer_heap_free(struct timer_heap *t)
{
    for (struct timer_slab *s = t->slabs, *next; s; s = next) {
        next = s->next;
        free(s);
    }
    free(t->heap);
    ref_table_free(&t->table);
    *t = (struct timer_heap){ 0 };
}
