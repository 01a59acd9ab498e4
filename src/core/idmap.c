/* SPDX-License-Identifier: Apache-2.0 */
/* Linear probing with backward-shift deletion; keys are mixed by splitmix64's finaliser, since ids
 * made in one millisecond differ in few bits. Keys are the server's own or hashes, so nobody
 * outside can make them collide. */
#include "core/idmap.h"

static size_t home(const struct idmap *m, i64 key)
{
    u64 z = (u64)key;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (size_t)(z ^ (z >> 31)) & (m->room - 1);
}

struct idmap idmap_in(struct arena *a)
{
    return (struct idmap){ .a = a };
}

static struct idmap_slot *find(const struct idmap *m, i64 key)
{
    for (size_t i = home(m, key);; i = (i + 1) & (m->room - 1))
        if (!m->slots[i].used || m->slots[i].key == key)
            return &m->slots[i];
}

u32 idmap_get(const struct idmap *m, i64 key)
{
    if (!m->n)
        return IDMAP_NONE;
    const struct idmap_slot *s = find(m, key);
    return s->used ? s->place : IDMAP_NONE;
}

static void grow(struct idmap *m)
{
    struct idmap_slot *old = m->slots;
    size_t old_room = m->room;
    m->room = old_room ? old_room * 2 : 64;
    m->slots = NEW_N(m->a, struct idmap_slot, m->room);
    for (size_t i = 0; i < old_room; i++)
        if (old[i].used)
            *find(m, old[i].key) = old[i];
}

void idmap_put(struct idmap *m, i64 key, u32 place)
{
    if (m->n * 4 >= m->room * 3)
        grow(m);
    struct idmap_slot *s = find(m, key);
    m->n += !s->used;
    *s = (struct idmap_slot){ key, place, true };
}

void idmap_drop(struct idmap *m, i64 key)
{
    if (!m->n)
        return;
    struct idmap_slot *s = find(m, key);
    if (!s->used)
        return;
    m->n--;
    size_t hole = (size_t)(s - m->slots);
    for (size_t i = hole;;) {
        i = (i + 1) & (m->room - 1);
        if (!m->slots[i].used)
            break;
        size_t h = home(m, m->slots[i].key);
        /* an entry may move back into the hole unless its home lies cyclically in (hole, i] */
        if (hole <= i ? (hole < h && h <= i) : (hole < h || h <= i))
            continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole].used = false;
}
