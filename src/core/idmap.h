/* SPDX-License-Identifier: Apache-2.0 */
/* A table from 64-bit keys to 32-bit places, with deletion, in an arena (grown arrays are left
 * behind, so at most twice the memory). For the office's own tables; the caller locks. */
#ifndef OUTWORK_CORE_IDMAP_H
#define OUTWORK_CORE_IDMAP_H

#include "base/arena.h"

enum { IDMAP_NONE = 0xffffffff };

struct idmap {
    struct arena *a;
    struct idmap_slot {
        i64 key;
        u32 place;
        bool used;
    } * slots;
    size_t n, room;
};

struct idmap idmap_in(struct arena *a);
u32 idmap_get(const struct idmap *m, i64 key);       /* IDMAP_NONE when absent */
void idmap_put(struct idmap *m, i64 key, u32 place); /* replaces */
void idmap_drop(struct idmap *m, i64 key);

#endif
