/* SPDX-License-Identifier: Apache-2.0 */
/* Handles in place of pointers: slot and generation. Timers, mailboxes and subscriptions hold a
 * struct ref; looking up a dead one yields NULL, so that a late callback finds nothing instead of
 * freed memory. One thread at a time a table. */
#ifndef OUTWORK_LOOP_REF_H
#define OUTWORK_LOOP_REF_H

#include "base/types.h"

struct ref {
    u32 slot, gen;
}; /* gen 0: no handle */

struct ref_row {
    void *p;
    u32 gen, next_free;
};
struct ref_table {
    struct ref_row *rows;
    u32 n, room, free, live;
}; /* zero-initialise; free: 1 + slot, 0 none */

struct ref ref_add(struct ref_table *t, void *p); /* p is not NULL */
void ref_drop(struct ref_table *t, struct ref r); /* a dead one is fine */
void ref_table_free(struct ref_table *t);         /* the rows, not what they point at */

static inline void *ref_get(const struct ref_table *t, struct ref r)
{
    return r.slot < t->n && t->rows[r.slot].gen == r.gen && r.gen ? t->rows[r.slot].p : NULL;
}
static inline bool ref_same(struct ref a, struct ref b)
{
    return a.slot == b.slot && a.gen == b.gen;
}

#endif
