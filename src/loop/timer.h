/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of one loop: a four-way heap. A timer holds no pointer to what it is about but a ref that
 * its callback looks up. Deadlines that move on every request are kept by their owner and compared
 * when the timer fires: moving one costs nothing. */
#ifndef OUTWORK_LOOP_TIMER_H
#define OUTWORK_LOOP_TIMER_H

#include "base/time.h"
#include "loop/ref.h"

/* ctx: something that outlives the timer (a server); who: looked up in a table there. */
typedef void timer_fn(void *ctx, struct ref who);

struct timer {
    usec at;
    timer_fn *fn;
    void *ctx;
    struct ref who, self;
    u32 heap_at;
};
struct timer_heap {
    struct timer **heap;
    u32 n, room;
    struct ref_table table;
    struct timer *spare; /* a list through ctx */
    struct timer_slab *slabs;
};

struct ref timer_set(struct timer_heap *t, usec at, timer_fn *fn, void *ctx, struct ref who);
void timer_cancel(struct timer_heap *t, struct ref timer); /* a dead one is fine */
/* Moves a living one; false when it has fired or was cancelled. */
bool timer_move(struct timer_heap *t, struct ref timer, usec at);
usec timer_next(const struct timer_heap *t);     /* when the first is due; -1 when none is set */
void timer_fire(struct timer_heap *t, usec now); /* runs all that are due */
void timer_heap_free(struct timer_heap *t);

#endif
