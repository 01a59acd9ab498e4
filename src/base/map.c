/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing over an array of entries in insertion order. SipHash-1-3 (Aumasson, Bernstein
 * 2012) with a key drawn once a process. No deletion: maps here live as long as their arena. */
#include "base/map.h"

#include <pthread.h>
#include <string.h>

#include "base/rng.h"

static u64 hash_key[2];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_key_make(void)
{
    rng_bytes(hash_key, sizeof hash_key);
}

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIP_ROUND          \
    do {                   \
        v0 += v1;          \
        v1 = ROTL(v1, 13); \
        v1 ^= v0;          \
        v0 = ROTL(v0, 32); \
        v2 += v3;          \
        v3 = ROTL(v3, 16); \
        v3 ^= v2;          \
        v0 += v3;          \
        v3 = ROTL(v3, 21); \
        v3 ^= v0;          \
        v2 += v1;          \
        v1 = ROTL(v1, 17); \
        v1 ^= v2;          \
        v2 = ROTL(v2, 32); \
    } while (0)

u64 hash_bytes(const void *bytes, size_t n)
{
    (void)pthread_once(&hash_once, hash_key_make);
    const u8 *p = bytes;
    u64 v0 = hash_key[0] ^ 0x736f6d6570736575u, v1 = hash_key[1] ^ 0x646f72616e646f6du;
    u64 v2 = hash_key[0] ^ 0x6c7967656e657261u, v3 = hash_key[1] ^ 0x7465646279746573u;
    size_t left = n;
    for (; left >= 8; left -= 8, p += 8) {
        u64 m;
        memcpy(&m, p, 8);
        v3 ^= m;
        SIP_ROUND;
        v0 ^= m;
    }
    u64 m = (u64)n << 56;
    for (size_t i = 0; i < left; i++)
        m |= (u64)p[i] << (8 * i);
    v3 ^= m;
    SIP_ROUND;
    v0 ^= m;
    v2 ^= 0xff;
    SIP_ROUND;
    SIP_ROUND;
    SIP_ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}

struct map map_in(struct arena *a)
{
    return (struct map){ .a = a };
}

/* The slot of key, or the empty one where it would go. */
static u32 *map_slot(const struct map *m, str key, u64 hash)
{
    for (size_t i = hash & (m->slot_n - 1);; i = (i + 1) & (m->slot_n - 1)) {
        u32 at = m->slots[i];
        if (!at || (m->entries[at - 1].hash == hash && str_eq(m->entries[at - 1].key, key)))
            return &m->slots[i];
    }
}

static void map_grow(struct map *m)
{
    size_t room = m->room ? m->room * 2 : 8;
    struct map_entry *entries = NEW_N(m->a, struct map_entry, room);
    if (m->n)
        memcpy(entries, m->entries, m->n * sizeof *entries);
    m->entries = entries;
    m->room = room;
    m->slot_n = room * 2;
    m->slots = NEW_N(m->a, u32, m->slot_n);
    for (size_t i = 0; i < m->n; i++)
        *map_slot(m, entries[i].key, entries[i].hash) = (u32)i + 1;
}

void map_put(struct map *m, str key, void *value)
{
    u64 hash = hash_bytes(key.p, key.n);
    if (m->n == m->room)
        map_grow(m);
    u32 *slot = map_slot(m, key, hash);
    if (!*slot) {
        m->entries[m->n] = (struct map_entry){ key, value, hash };
        *slot = (u32)++m->n;
    } else {
        m->entries[*slot - 1].value = value;
    }
}

static struct map_entry *map_find(const struct map *m, str key)
{
    if (!m->n)
        return NULL;
    u32 at = *map_slot(m, key, hash_bytes(key.p, key.n));
    return at ? &m->entries[at - 1] : NULL;
}

void *map_get(const struct map *m, str key)
{
    const struct map_entry *e = map_find(m, key);
    return e ? e->value : NULL;
}

bool map_has(const struct map *m, str key)
{
    return map_find(m, key) != NULL;
}
