/* SPDX-License-Identifier: Apache-2.0 */
/* Counts calls while a fault is armed. Atomic, since loops and workers share the count. */
#include "base/fault.h"

atomic_int fault_armed_kind;
static _Atomic u32 seen;
static _Atomic bool was_hit;
static _Atomic u32 fail_at;
static _Atomic bool fail_after;

bool fault_count(enum fault_kind kind)
{
    (void)kind;
    u32 n = atomic_fetch_add(&seen, 1) + 1;
    if (n == fail_at || (fail_after && n > fail_at)) {
        atomic_store(&was_hit, true);
        return true;
    }
    return false;
}

void fault_arm(enum fault_kind kind, u32 nth, bool persistent)
{
    atomic_store(&seen, 0);
    atomic_store(&was_hit, false);
    fail_at = nth;
    fail_after = persistent;
    atomic_store(&fault_armed_kind, (int)kind);
}

bool fault_disarm(void)
{
    atomic_store(&fault_armed_kind, 0);
    return atomic_load(&was_hit);
}
