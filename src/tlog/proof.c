/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs out of tiles, and checking them. The definitions of RFC 6962 are followed as written, as
 * recursion over ranges; the hash of a complete subtree is folded from one tile. Checking follows
 * RFC 9162, which walks the bits of the index. */
#include <string.h>

#include "base/vec.h"
#include "tlog/tlog.h"

struct seen {
    int level;
    u64 index;
    const struct tlog_hash *at;
};
struct ctx {
    const struct tlog_source *source;
    u64 size;
    struct arena *a;
    VEC(struct seen) seen; /* tiles read for this proof: a few dozen at most */
};

static err tile_of(struct ctx *c, int level, u64 index, const struct tlog_hash **ret)
{
    for (size_t i = 0; i < c->seen.n; i++)
        if (c->seen.at[i].level == level && c->seen.at[i].index == index) {
            *ret = c->seen.at[i].at;
            return E_NONE;
        }
    struct tlog_tile tile = { level, index, tlog_width(c->size, level, index) };
    must(tile.width);
    TRY(tlog_read_tile(c->source, tile, c->a, ret));
    *vec_push(&c->seen, c->a) = (struct seen){ level, index, *ret };
    return E_NONE;
}

/* Leaves [lo, hi), where hi - lo is a power of two and divides lo. */
static err complete_hash(struct ctx *c, u64 lo, u64 hi, struct tlog_hash *ret)
{
    unsigned height = 63 - (unsigned)__builtin_clzll(hi - lo);
    unsigned level = height / 8, inside = height % 8;
    u64 first = lo >> (8 * level);
    const struct tlog_hash *at;
    TRY(tile_of(c, (int)level, first / TLOG_WIDTH, &at));
    tlog_hash_row(at + first % TLOG_WIDTH, (size_t)1 << inside, ret);
    return E_NONE;
}

static u64 split(u64 n) { return (u64)1 << (63 - __builtin_clzll(n - 1)); }

/* Leaves [lo, hi), a node of the tree; lo < hi. Left parts are complete, so the loop gathers them
 * and joins backward. */
static err range_hash(struct ctx *c, u64 lo, u64 hi, struct tlog_hash *ret)
{
    struct tlog_hash parts[64];
    u32 n = 0;
    while (hi - lo > 1 && split(hi - lo) * 2 != hi - lo) {
        u64 k = split(hi - lo);
        TRY(complete_hash(c, lo, lo + k, &parts[n++]));
        lo += k;
    }
    struct tlog_hash h;
    TRY(complete_hash(c, lo, hi, &h));
    while (n)
        tlog_hash_node(&parts[--n], &h, &h);
    *ret = h;
    return E_NONE;
}

static err leaf_path(struct ctx *c, u64 index, struct tlog_proof *p)
{
    u64 lo = 0, hi = c->size;
    while (hi - lo > 1) { /* from the root down: the last one found comes first in the proof */
        u64 middle = lo + split(hi - lo);
        bool left = index < middle;
        TRY(range_hash(c, left ? middle : lo, left ? hi : middle, &p->at[TLOG_PROOF_MAX - ++p->n]));
        *(left ? &hi : &lo) = middle;
    }
    memmove(p->at, p->at + TLOG_PROOF_MAX - p->n, p->n * sizeof p->at[0]);
    return E_NONE;
}

static err prefix_path(struct ctx *c, u64 old_size, struct tlog_proof *p)
{
    u64 lo = 0, hi = c->size;
    bool known = true; /* the verifier has the hash of [lo, old_size) already: it is the old root */
    while (hi != old_size) {
        u64 middle = lo + split(hi - lo);
        bool left = old_size <= middle;
        TRY(range_hash(c, left ? middle : lo, left ? hi : middle, &p->at[TLOG_PROOF_MAX - ++p->n]));
        *(left ? &hi : &lo) = middle;
        known = known && left;
    }
    if (!known)
        TRY(range_hash(c, lo, hi, &p->at[TLOG_PROOF_MAX - ++p->n]));
    memmove(p->at, p->at + TLOG_PROOF_MAX - p->n, p->n * sizeof p->at[0]);
    return E_NONE;
}

static struct ctx begin(const struct tlog_source *s, u64 size)
{
    return (struct ctx){ .source = s, .size = size, .a = arena_new("tlog proof", (size_t)8 << 20) };
}

err tlog_root_at(const struct tlog_source *s, u64 size, struct tlog_hash *ret)
{
    if (size >= (u64)1 << 63)
        return E_INVALID;
    if (!size) {
        tlog_hash_row(NULL, 0, ret);
        return E_NONE;
    }
    struct ctx c = begin(s, size);
    err e = range_hash(&c, 0, size, ret);
    arena_free(c.a);
    return e;
}

err tlog_prove_leaf(const struct tlog_source *s, u64 index, u64 size, struct tlog_proof *ret)
{
    if (index >= size || size >= (u64)1 << 63)
        return E_INVALID;
    struct ctx c = begin(s, size);
    struct tlog_proof p = { 0 };
    err e = leaf_path(&c, index, &p);
    arena_free(c.a);
    if (!e)
        *ret = p;
    return e;
}

err tlog_prove_prefix(const struct tlog_source *s, u64 old_size, u64 size, struct tlog_proof *ret)
{
    if (old_size > size || size >= (u64)1 << 63)
        return E_INVALID;
    struct tlog_proof p = { 0 };
    err e = E_NONE;
    if (old_size) { /* the empty tree is the beginning of every tree: the proof is empty */
        struct ctx c = begin(s, size);
        e = prefix_path(&c, old_size, &p);
        arena_free(c.a);
    }
    if (!e)
        *ret = p;
    return e;
}

bool tlog_check_leaf(const struct tlog_proof *p, u64 index, const struct tlog_hash *leaf, u64 size,
                     const struct tlog_hash *root)
{
    if (index >= size || p->n > TLOG_PROOF_MAX)
        return false;
    u64 fn = index, sn = size - 1;
    struct tlog_hash r = *leaf;
    for (u32 i = 0; i < p->n; i++) {
        if (!sn)
            return false;
        if ((fn & 1) || fn == sn) {
            tlog_hash_node(&p->at[i], &r, &r);
            while (!(fn & 1) && fn) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tlog_hash_node(&r, &p->at[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return !sn && tlog_hash_eq(&r, root);
}

bool tlog_check_prefix(const struct tlog_proof *p, const struct tlog_head *old,
                       const struct tlog_head *now)
{
    struct tlog_hash empty;
    tlog_hash_row(NULL, 0, &empty);
    if (old->size > now->size || p->n > TLOG_PROOF_MAX)
        return false;
    if (old->size == now->size)
        return p->n == 0 && tlog_hash_eq(&old->root, &now->root);
    if (!old->size)
        return p->n == 0 && tlog_hash_eq(&old->root, &empty);
    u64 fn = old->size - 1, sn = now->size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    u32 i = 0;
    if (fn && !p->n)
        return false;
    struct tlog_hash fr = fn ? p->at[i++] : old->root, sr = fr;
    for (; i < p->n; i++) {
        if (!sn)
            return false;
        if ((fn & 1) || fn == sn) {
            tlog_hash_node(&p->at[i], &fr, &fr);
            tlog_hash_node(&p->at[i], &sr, &sr);
            while (!(fn & 1) && fn) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tlog_hash_node(&sr, &p->at[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return !sn && tlog_hash_eq(&fr, &old->root) && tlog_hash_eq(&sr, &now->root);
}
