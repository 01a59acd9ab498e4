/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from bytes to pointers, in an arena; keyed hashing (SipHash-1-3, a key a process), so
 * that strangers' keys cannot be made to collide. Keys are not copied: they must live as long as
 * the map. Insertion order is kept. */
#ifndef OUTWORK_BASE_MAP_H
#define OUTWORK_BASE_MAP_H

#include "base/str.h"

struct map_entry {
    str key;
    void *value;
    u64 hash;
};
struct map {
    struct arena *a;
    struct map_entry *entries; /* in order of insertion; [0, n) */
    u32 *slots;                /* open addressing: 1 + index, 0 empty */
    size_t n, room, slot_n;
};

struct map map_in(struct arena *a);
void map_put(struct map *m, str key, void *value); /* replaces the value of an equal key */
void *map_get(const struct map *m, str key);       /* NULL when absent */
bool map_has(const struct map *m, str key);
u64 hash_bytes(const void *p, size_t n); /* the map's hash, for tables of other shapes */

#endif
