/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of leaves to the files it makes: full tiles and bundles as they fill, then the partial
 * ones at the new right edge, each once a batch. A partial tile of a level that has not grown keeps
 * its name and bytes and is left out. */
#include <string.h>

#include "base/vec.h"
#include "tlog/tlog.h"

struct making {
    struct arena *out;
    VEC(struct tlog_file) files;
    struct buf bundle; /* the bundle that is filling */
};

static void add_file(struct making *m, int level, u64 index, u32 width, str bytes)
{
    *vec_push(&m->files, m->out) = (struct tlog_file){ tlog_path(level, index, width), bytes };
}

static err tile_full(void *arg, u32 level, u64 index, const struct tlog_hash *at)
{
    struct making *m = arg;
    str bytes = str_copy(m->out, (str){ (const char *)at, TLOG_WIDTH * sizeof *at });
    if (level == 0) { /* the bundle of the same entries is full too, and comes first: tiles never
                         run ahead of leaves */
        add_file(m, TLOG_ENTRIES, index, TLOG_WIDTH, buf_str(&m->bundle));
        m->bundle = buf_in(m->out, m->bundle.ceiling);
    }
    add_file(m, (int)level, index, TLOG_WIDTH, bytes);
    return E_NONE;
}

/* An upper bound of what the batch takes: buffers double, files are listed twice as the list grows.
 */
static err check_room(struct arena *out, const struct tlog_leaves *in)
{
    size_t bytes = in->tail.n;
    for (size_t i = 0; i < in->n; i++) {
        if (in->at[i].n > TLOG_ENTRY_MAX)
            return E_INVALID;
        bytes += in->at[i].n + 2;
    }
    size_t files = (in->n / TLOG_WIDTH + 2) * 3 + TLOG_LEVELS * 2;
    bytes = bytes * 4 +
            files * (sizeof(struct tlog_file) * 4 + sizeof(struct tlog_hash) * TLOG_WIDTH) +
            (1 << 16);
    return bytes <= arena_room(out) ? E_NONE : E_LIMIT;
}

static void put_entry(struct buf *b, str entry)
{
    buf_u16be(b, (u16)entry.n);
    buf_put(b, entry);
}

err tlog_append(struct arena *out, struct tlog_tree *t, const struct tlog_leaves *in,
                struct tlog_batch *ret)
{
    TRY(check_room(out, in));
    struct making m = { .out = out,
                        .bundle = buf_in(out, (size_t)TLOG_WIDTH * (TLOG_ENTRY_MAX + 2)) };
    struct tlog_full full = { &m, tile_full };
    u64 before = t->size;
    buf_put(&m.bundle, in->tail);
    for (size_t i = 0; i < in->n; i++) {
        struct tlog_hash leaf;
        put_entry(&m.bundle, in->at[i]);
        tlog_hash_leaf(in->at[i], &leaf);
        must(tlog_push(t, &leaf, &full) == E_NONE);
    }
    must(!m.bundle.full);
    u32 rest = (u32)(t->size % TLOG_WIDTH);
    if (rest && in->n)
        add_file(&m, TLOG_ENTRIES, t->size / TLOG_WIDTH, rest, buf_str(&m.bundle));
    for (u32 level = 0; level < TLOG_LEVELS && t->size >> (8 * level) != before >> (8 * level);
         level++) {
        const struct tlog_row *row = &t->row[level];
        str bytes = { (const char *)row->at, row->n * sizeof row->at[0] };
        if (row->n)
            add_file(&m, (int)level, t->size >> (8 * level) >> 8, row->n, str_copy(out, bytes));
    }
    *ret = (struct tlog_batch){ .files = m.files.at,
                                .n = m.files.n,
                                .size = t->size,
                                .tail = rest ? buf_str(&m.bundle) : (str){ 0 } };
    tlog_root(t, &ret->root);
    return E_NONE;
}
