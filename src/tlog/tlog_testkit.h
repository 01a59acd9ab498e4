/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: a ledger whose files live in a map. */
#ifndef OUTWORK_TLOG_TLOG_TESTKIT_H
#define OUTWORK_TLOG_TLOG_TESTKIT_H

#include "base/map.h"
#include "base/vec.h"
#include "tlog/tlog.h"

struct kit {
    struct arena *a;
    struct map files; /* path -> str * */
    struct tlog_source source;
    struct tlog_tree *tree;
    struct tlog_batch batch; /* the last one */
    str tail;
};

static inline err kit_read(void *arg, const char *path, size_t max, struct arena *out, str *ret)
{
    const str *file = map_get(arg, str_from(path));
    if (!file)
        return E_NOT_FOUND;
    if (file->n > max)
        return E_LIMIT;
    *ret = str_copy(out, *file);
    return E_NONE;
}

static inline struct kit kit_new(struct arena *owner)
{
    struct kit k = { .a = arena_new("kit", (size_t)1 << 30) };
    struct map *files = NEW(owner, struct map);
    k.files = map_in(k.a);
    k.tree = NEW(k.a, struct tlog_tree);
    k.source.read = kit_read;
    k.source.arg = files;
    *files = k.files;
    return k;
}

static inline void kit_free(struct kit *k) { arena_free(k->a); }

/* The same leaf for the same index in every ledger; some are empty. */
static inline str kit_entry(struct kit *k, u64 i)
{
    return i % 50 == 7 ? S("")
                       : str_fmt(k->a, "{\"type\":\"t%llu\",\"i\":%llu}",
                                 (unsigned long long)(i % 3), (unsigned long long)i);
}

static inline void kit_put(struct kit *k, const char *path, str bytes)
{
    str *value = NEW(k->a, str);
    *value = str_copy(k->a, bytes);
    map_put(k->source.arg, str_copy(k->a, str_from(path)), value);
    k->files = *(struct map *)k->source.arg;
}

static inline void kit_remove(struct kit *k, const char *path)
{
    must(map_get(k->source.arg, str_from(path)) != NULL);
    map_put(k->source.arg, str_copy(k->a, str_from(path)), NULL);
}

/* n more leaves; files may be added but never changed. */
static inline void kit_append(struct kit *k, size_t n)
{
    str *entries = NEW_N(k->a, str, n);
    for (size_t i = 0; i < n; i++)
        entries[i] = kit_entry(k, k->tree->size + i);
    struct tlog_leaves in = { entries, n, k->tail };
    must(tlog_append(k->a, k->tree, &in, &k->batch) == E_NONE);
    k->tail = k->batch.tail;
    for (size_t i = 0; i < k->batch.n; i++) {
        const struct tlog_file *f = &k->batch.files[i];
        must(map_get(k->source.arg, str_from(f->path.z)) == NULL);
        kit_put(k, f->path.z, f->bytes);
    }
}

/* As after a restart: nothing but the files and the size. */
static inline void kit_restart(struct kit *k)
{
    struct tlog_tree *t = NEW(k->a, struct tlog_tree);
    must(tlog_tree_load(&k->source, k->tree->size, t) == E_NONE);
    must(tlog_tail_load(&k->source, k->tree->size, k->a, &k->tail) == E_NONE);
    k->tree = t;
}

#endif
