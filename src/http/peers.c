/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, keyed hash (strangers choose the keys), at most half full; a
 * row whose count falls to zero is closed up at once, so the table holds only who is there. */
#include "http/peers.h"

#include <string.h>

#include "base/map.h"

struct peer_row {
    u8 key[16];
    u32 count;
};

static void key_of(u8 key[16], const u8 ip[16])
{
    static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
    memcpy(key, ip, 16);
    if (memcmp(ip, mapped, sizeof mapped) != 0)
        memset(key + 8, 0, 8);
}

static u32 home(const struct peers *t, const u8 key[16])
{
    return (u32)hash_bytes(key, 16) & (t->room - 1);
}

static struct peer_row *find(struct peers *t, const u8 key[16])
{
    u32 i = home(t, key);
    while (t->rows[i].count && memcmp(t->rows[i].key, key, 16) != 0)
        i = (i + 1) & (t->room - 1);
    return &t->rows[i];
}

static void grow(struct peers *t)
{
    struct peers bigger = { .n = t->n, .room = t->room ? t->room * 2 : 64 };
    bigger.rows = calloc(bigger.room, sizeof *bigger.rows);
    must(bigger.rows != NULL);
    for (u32 i = 0; i < t->room; i++)
        if (t->rows[i].count)
            *find(&bigger, t->rows[i].key) = t->rows[i];
    free(t->rows);
    *t = bigger;
}

u32 peers_add(struct peers *t, const u8 ip[16])
{
    u8 key[16];
    key_of(key, ip);
    if ((t->n + 1) * 2 > t->room)
        grow(t);
    struct peer_row *row = find(t, key);
    if (!row->count) {
        memcpy(row->key, key, 16);
        t->n++;
    }
    return ++row->count;
}

void peers_drop(struct peers *t, const u8 ip[16])
{
    u8 key[16];
    key_of(key, ip);
    if (!t->room)
        return;
    struct peer_row *row = find(t, key);
    if (!row->count || --row->count)
        return;
    t->n--;
    u32 hole = (u32)(row - t->rows);
    for (u32 i = (hole + 1) & (t->room - 1); t->rows[i].count; i = (i + 1) & (t->room - 1)) {
        u32 away = (i - home(t, t->rows[i].key)) & (t->room - 1);
        if (away < ((i - hole) & (t->room - 1)))
            continue;
        t->rows[hole] = t->rows[i];
        t->rows[i].count = 0;
        hole = i;
    }
}

void peers_free(struct peers *t)
{
    free(t->rows);
    *t = (struct peers){ 0 };
}
