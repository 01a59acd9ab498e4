/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on order: every fallible call sits behind a seam that asks fault_hit() first; a test arms
 * the n-th call of a kind and looks at what is left of the world. Off (one predictable branch)
 * unless armed. Points are counted in the process. */
#ifndef OUTWORK_BASE_FAULT_H
#define OUTWORK_BASE_FAULT_H

#include <stdatomic.h>

#include "base/types.h"

enum fault_kind {
    FAULT_MEMORY = 1, /* the n-th arena_get dooms its arena */
    FAULT_DISK = 2,   /* write, fsync, open, rename fail */
    FAULT_DB = 4,     /* a statement fails */
    FAULT_SOCKET = 8, /* recv, send, accept fail */
};

extern atomic_int fault_armed_kind; /* 0: nothing armed; read by fault_hit only */
bool fault_count(enum fault_kind kind);

/* True when this call is to fail. */
static inline bool fault_hit(enum fault_kind kind)
{
    int armed = atomic_load_explicit(&fault_armed_kind, memory_order_relaxed);
    return UNLIKELY(armed & (int)kind) && fault_count(kind);
}

void fault_arm(enum fault_kind kind, u32 nth,
               bool persistent); /* the nth call (from 1) fails; persistent: all after it too */
bool fault_disarm(void);         /* true if the fault was hit */

#endif
