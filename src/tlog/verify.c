/* SPDX-License-Identifier: Apache-2.0 */
/* The audit streams: one bundle in memory at a time, whatever the size of the ledger. Leaves go
 * into a fresh tree; each tile that fills is compared with its file, then the partial ones at the
 * edge, then the root with the checkpoint's. An older head is checked on the way, when the tree
 * passes its size: no proof is needed where all leaves are at hand. */
#include "tlog/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct audit {
    const struct tlog_audit *in;
    struct arena *a; /* emptied for each bundle */
    struct tlog_tree *tree;
    struct tlog_finding *found;
};

PRINTF(3, 4) static err wrong(struct audit *u, err e, const char *fmt, ...)
{
    va_list ap;
    if (!u->found->what[0]) {
        va_start(ap, fmt);
        (void)vsnprintf(u->found->what, sizeof u->found->what, fmt, ap);
        va_end(ap);
    }
    return e;
}

static err compare_tile(struct audit *u, struct tlog_tile tile, const struct tlog_hash *at)
{
    const struct tlog_hash *stored;
    struct tlog_path path = tlog_path(tile.level, tile.index, tile.width);
    struct arena *a = arena_new("tlog tile", 1 << 16);
    err e = tlog_read_tile(u->in->source, tile, a, &stored);
    if (e) {
        e = wrong(u, e, "%s: %s", path.z, e == E_NOT_FOUND ? "missing" : "cannot be read");
    } else {
        for (u32 i = 0; i < tile.width && !e; i++)
            if (!tlog_hash_eq(&stored[i], &at[i]))
                e = wrong(u, E_CORRUPT, "%s: hash %u is not what the leaves give", path.z, i);
    }
    arena_free(a);
    return e == E_NOT_FOUND ? E_CORRUPT : e;
}

static err tile_full(void *arg, u32 level, u64 index, const struct tlog_hash *at)
{
    return compare_tile(arg, (struct tlog_tile){ (int)level, index, TLOG_WIDTH }, at);
}

static err check_old(struct audit *u)
{
    const struct tlog_head *old = u->in->old;
    struct tlog_hash root;
    if (!old || u->tree->size != old->size)
        return E_NONE;
    tlog_root(u->tree, &root);
    if (tlog_hash_eq(&root, &old->root))
        return E_NONE;
    return wrong(u, E_CORRUPT, "the old head of size %llu is not the beginning of this ledger",
                 (unsigned long long)old->size);
}

static err audit_bundle(struct audit *u, u64 index, u32 width)
{
    str entries[TLOG_WIDTH];
    struct tlog_path path = tlog_path(TLOG_ENTRIES, index, width);
    struct tlog_full full = { u, tile_full };
    err e = tlog_read_bundle(u->in->source, index, width, u->a, entries);
    if (e)
        return wrong(u, e == E_NOT_FOUND ? E_CORRUPT : e, "%s: %s", path.z,
                     e == E_NOT_FOUND ? "missing" : "cannot be read");
    for (u32 i = 0; i < width; i++) {
        struct tlog_hash leaf;
        tlog_hash_leaf(entries[i], &leaf);
        TRY(tlog_push(u->tree, &leaf, &full));
        TRY(check_old(u));
        if (u->in->leaf)
            TRY(u->in->leaf(u->in->arg, u->tree->size - 1, entries[i]));
        u->found->leaves = u->tree->size;
    }
    return E_NONE;
}

static err audit_edge(struct audit *u)
{
    struct tlog_hash root;
    for (u32 level = 0; level < TLOG_LEVELS; level++) {
        const struct tlog_row *row = &u->tree->row[level];
        u64 index = u->tree->size >> (8 * level) >> 8;
        if (row->n)
            TRY(compare_tile(u, (struct tlog_tile){ (int)level, index, row->n }, row->at));
    }
    tlog_root(u->tree, &root);
    if (!tlog_hash_eq(&root, &u->found->head.root))
        return wrong(u, E_CORRUPT, "checkpoint: the root is not what the leaves give");
    return E_NONE;
}

static err audit_all(struct audit *u)
{
    struct tlog_checkpoint c;
    str note;
    err e = u->in->source->read(u->in->source->arg, "checkpoint", NOTE_MAX, u->a, &note);
    if (e)
        return wrong(u, e, "checkpoint: %s", e == E_NOT_FOUND ? "missing" : "cannot be read");
    e = tlog_checkpoint_open(u->a, note, u->in->key, &c);
    if (e)
        return wrong(u, E_CORRUPT, "checkpoint: %s",
                     e == E_DENIED ? "not signed by this key" : "not well-formed");
    u->found->head = c.head;
    if (u->in->old && u->in->old->size > c.head.size)
        return wrong(u, E_CORRUPT, "checkpoint: shorter than the old head");
    TRY(check_old(u));
    for (u64 index = 0; u->tree->size < c.head.size; index++) {
        arena_reset(u->a);
        TRY(audit_bundle(u, index, tlog_width(c.head.size, TLOG_ENTRIES, index)));
    }
    return audit_edge(u);
}

err tlog_audit(const struct tlog_audit *a, struct tlog_finding *ret_finding)
{
    struct audit u = { .in = a, .found = ret_finding };
    *ret_finding = (struct tlog_finding){ 0 };
    struct arena *tree = arena_new("tlog tree", 1 << 20);
    u.a = arena_new("tlog audit", (size_t)64 << 20);
    u.tree = NEW(tree, struct tlog_tree);
    err e = audit_all(&u);
    if (e && !ret_finding->what[0])
        IGNORE(wrong(&u, e, "leaf %llu: refused by the reader",
                     (unsigned long long)ret_finding->leaves));
    arena_free(u.a);
    arena_free(tree);
    return e;
}
