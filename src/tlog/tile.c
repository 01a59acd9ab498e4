/* SPDX-License-Identifier: Apache-2.0 */
/* Names and bytes of tiles and bundles (C2SP tlog-tiles). A reader asks for the first W of a tile:
 * the partial file may have been removed once the full one exists, so both are tried. */
#include <stdio.h>
#include <string.h>

#include "tlog/tlog.h"

struct tlog_path tlog_path(int level, u64 index, u32 width)
{
    struct tlog_path path;
    must(width >= 1 && width <= TLOG_WIDTH && level >= TLOG_ENTRIES && level < 64);
    char name[40];
    u32 groups = 1;
    for (u64 rest = index / 1000; rest; rest /= 1000)
        groups++;
    size_t at = 0;
    u64 unit = 1;
    for (u32 i = 1; i < groups; i++)
        unit *= 1000;
    for (u32 i = 0; i < groups; i++, unit /= 1000)
        at += (size_t)snprintf(name + at, sizeof name - at, i + 1 < groups ? "x%03u/" : "%03u",
                               (unsigned)(index / unit % 1000));
    must(at < sizeof name);
    int n = level == TLOG_ENTRIES ? snprintf(path.z, sizeof path.z, "tile/entries/%s", name)
                                  : snprintf(path.z, sizeof path.z, "tile/%d/%s", level, name);
    if (width < TLOG_WIDTH)
        n += snprintf(path.z + n, sizeof path.z - (size_t)n, ".p/%u", width);
    must((size_t)n < sizeof path.z);
    return path;
}

u32 tlog_width(u64 size, int level, u64 index)
{
    unsigned shift = level == TLOG_ENTRIES ? 0 : 8 * (unsigned)level;
    u64 hashes = shift < 64 ? size >> shift : 0;
    if (index >= hashes / TLOG_WIDTH + 1)
        return 0;
    return (u32)MIN(hashes - index * TLOG_WIDTH, (u64)TLOG_WIDTH);
}

/* The partial file, else the full one. */
static err read_either(const struct tlog_source *s, struct tlog_tile tile, struct arena *out,
                       str *ret)
{
    size_t max = tile.level == TLOG_ENTRIES ? (size_t)TLOG_WIDTH * (TLOG_ENTRY_MAX + 2)
                                            : sizeof(struct tlog_hash) * TLOG_WIDTH;
    if (tile.width < TLOG_WIDTH) {
        struct tlog_path partial = tlog_path(tile.level, tile.index, tile.width);
        err e = s->read(s->arg, partial.z, max, out, ret);
        if (e != E_NOT_FOUND)
            return e;
    }
    struct tlog_path full = tlog_path(tile.level, tile.index, TLOG_WIDTH);
    return s->read(s->arg, full.z, max, out, ret);
}

err tlog_read_tile(const struct tlog_source *s, struct tlog_tile tile, struct arena *out,
                   const struct tlog_hash **ret)
{
    str bytes;
    TRY(read_either(s, tile, out, &bytes));
    if (bytes.n != tile.width * sizeof(struct tlog_hash) &&
        bytes.n != TLOG_WIDTH * sizeof(struct tlog_hash))
        return E_CORRUPT;
    *ret = (const struct tlog_hash *)(const void *)bytes.p; /* bytes only: no alignment asked */
    return E_NONE;
}

err tlog_bundle_parse(str bytes, u32 width, str *ret_entries, size_t *ret_used)
{
    size_t at = 0;
    for (u32 i = 0; i < width; i++) {
        if (bytes.n - at < 2)
            return E_CORRUPT;
        size_t n = (size_t)(u8)bytes.p[at] << 8 | (u8)bytes.p[at + 1];
        if (n > TLOG_ENTRY_MAX || bytes.n - at - 2 < n)
            return E_CORRUPT;
        ret_entries[i] = (str){ bytes.p + at + 2, n };
        at += 2 + n;
    }
    *ret_used = at;
    return E_NONE;
}

err tlog_read_bundle(const struct tlog_source *s, u64 index, u32 width, struct arena *out,
                     str *ret_entries)
{
    str bytes, all[TLOG_WIDTH];
    size_t used;
    TRY(read_either(s, (struct tlog_tile){ TLOG_ENTRIES, index, width }, out, &bytes));
    TRY(tlog_bundle_parse(bytes, width, all, &used));
    if (used != bytes.n) { /* more than asked for: right only if it is the full bundle, whole */
        str whole[TLOG_WIDTH];
        TRY(tlog_bundle_parse(bytes, TLOG_WIDTH, whole, &used));
        if (used != bytes.n)
            return E_CORRUPT;
    }
    memcpy(ret_entries, all, width * sizeof all[0]);
    return E_NONE;
}

err tlog_tree_load(const struct tlog_source *s, u64 size, struct tlog_tree *ret)
{
    struct arena *a = arena_new("tlog load", 1 << 20);
    struct tlog_tree *t = NEW(a, struct tlog_tree);
    err e = size < (u64)1 << 63 ? E_NONE : E_INVALID;
    t->size = size;
    for (u32 level = 0; level < TLOG_LEVELS && !e; level++) {
        u64 hashes = size >> (8 * level);
        const struct tlog_hash *at;
        t->row[level].n = (u32)(hashes % TLOG_WIDTH);
        if (!t->row[level].n)
            continue;
        struct tlog_tile tile = { (int)level, hashes / TLOG_WIDTH, t->row[level].n };
        e = tlog_read_tile(s, tile, a, &at);
        if (!e)
            memcpy(t->row[level].at, at, t->row[level].n * sizeof *at);
    }
    if (!e)
        *ret = *t;
    arena_free(a);
    return e;
}

err tlog_tail_load(const struct tlog_source *s, u64 size, struct arena *out, str *ret)
{
    u32 width = (u32)(size % TLOG_WIDTH);
    str entries[TLOG_WIDTH];
    if (!width) {
        *ret = (str){ 0 };
        return E_NONE;
    }
    TRY(tlog_read_bundle(s, size / TLOG_WIDTH, width, out, entries));
    const char *first = entries[0].p - 2, *end = entries[width - 1].p + entries[width - 1].n;
    *ret = (str){ first, (size_t)(end - first) };
    return E_NONE;
}
