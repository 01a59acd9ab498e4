/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against the definitions of RFC 6962 written out as recursion; the files against what a
 * reader needs; proofs against every kind of lie. */
#include "tlog/tlog.h"

#include <string.h>

#include "base/map.h"
#include "base/rng.h"
#include "test/test.h"
#include "tlog/tlog_testkit.h"

/* ---- RFC 6962 section 2.1, word for word ---- */

static size_t naive_split(size_t n)
{
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

static struct tlog_hash naive_root(const struct tlog_hash *d, size_t n)
{
    struct tlog_hash l, r, h;
    if (n == 1)
        return d[0];
    if (n == 0) {
        tlog_hash_row(NULL, 0, &h);
        return h;
    }
    size_t k = naive_split(n);
    l = naive_root(d, k);
    r = naive_root(d + k, n - k);
    tlog_hash_node(&l, &r, &h);
    return h;
}

static void naive_path(size_t m, const struct tlog_hash *d, size_t n, struct tlog_proof *p)
{
    if (n == 1)
        return;
    size_t k = naive_split(n);
    if (m < k) {
        naive_path(m, d, k, p);
        p->at[p->n++] = naive_root(d + k, n - k);
    } else {
        naive_path(m - k, d + k, n - k, p);
        p->at[p->n++] = naive_root(d, k);
    }
}

static void naive_subproof(size_t m, const struct tlog_hash *d, size_t n, bool b,
                           struct tlog_proof *p)
{
    if (m == n) {
        if (!b)
            p->at[p->n++] = naive_root(d, n);
        return;
    }
    size_t k = naive_split(n);
    if (m <= k) {
        naive_subproof(m, d, k, b, p);
        p->at[p->n++] = naive_root(d + k, n - k);
    } else {
        naive_subproof(m - k, d + k, n - k, false, p);
        p->at[p->n++] = naive_root(d, k);
    }
}

static bool same_proof(const struct tlog_proof *a, const struct tlog_proof *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n * sizeof a->at[0]) == 0;
}

static void expect_hex(const struct tlog_hash *h, const char *want)
{
    char hex[65];
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(hex + i * 2, 3, "%02x", h->b[i]);
    expect_s(str_from(hex), str_from(want));
}

/* The well-known roots over the eight test leaves of Certificate Transparency. */
TEST(tlog_known_roots)
{
    static const str leaves[] = {
        S_INIT(""),
        S_INIT("\x00"),
        S_INIT("\x10"),
        S_INIT("\x20\x21"),
        S_INIT("\x30\x31"),
        S_INIT("\x40\x41\x42\x43"),
        S_INIT("\x50\x51\x52\x53\x54\x55\x56\x57"),
        S_INIT("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
    };
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    struct tlog_tree *t = NEW(T->arena, struct tlog_tree);
    for (size_t n = 0; n < COUNT(roots); n++) {
        struct tlog_hash root, leaf;
        tlog_root(t, &root);
        expect_hex(&root, roots[n]);
        if (n == COUNT(leaves))
            break;
        tlog_hash_leaf(leaves[n], &leaf);
        expect_ok(tlog_push(t, &leaf, NULL));
    }
}

TEST(tlog_paths_follow_the_specification)
{
    expect_s(str_from(tlog_path(0, 1234067, 256).z), S("tile/0/x001/x234/067"));
    expect_s(str_from(tlog_path(0, 0, 112).z), S("tile/0/000.p/112"));
    expect_s(str_from(tlog_path(63, 999, 256).z), S("tile/63/999"));
    expect_s(str_from(tlog_path(TLOG_ENTRIES, 1000, 1).z), S("tile/entries/x001/000.p/1"));
    expect_s(str_from(tlog_path(1, UINT64_MAX, 255).z),
             S("tile/1/x018/x446/x744/x073/x709/x551/615.p/255"));
    /* the specification's own example: 70,000 leaves */
    expect_i(tlog_width(70000, 0, 272), 256);
    expect_i(tlog_width(70000, 0, 273), 112);
    expect_i(tlog_width(70000, 0, 274), 0);
    expect_i(tlog_width(70000, 1, 0), 256);
    expect_i(tlog_width(70000, 1, 1), 17);
    expect_i(tlog_width(70000, 2, 0), 1);
    expect_i(tlog_width(70000, 3, 0), 0);
    expect_i(tlog_width(256, 0, 1), 0);
    expect_i(tlog_width(256, 1, 0), 1);
    expect_i(tlog_width(256, TLOG_ENTRIES, 0), 256);
    expect_i(tlog_width(0, 0, 0), 0);
}

TEST(tlog_root_and_proofs_are_those_of_the_rfc_for_every_small_size)
{
    struct kit k = kit_new(T->arena);
    struct tlog_hash d[300];
    size_t n = 0;
    while (n < 300) {
        size_t step = MIN((size_t)(n < 40 ? 1 : 13), 300 - n);
        for (size_t i = 0; i < step; i++)
            tlog_hash_leaf(kit_entry(&k, n + i), &d[n + i]);
        kit_append(&k, step);
        n += step;
        struct tlog_head now = { n, naive_root(d, n) };
        struct tlog_hash root;
        expect(tlog_hash_eq(&k.batch.root, &now.root));
        expect_ok(tlog_root_at(&k.source, n, &root));
        expect(tlog_hash_eq(&root, &now.root));
        for (size_t m = 0; m < n; m++) {
            struct tlog_proof p, want = { 0 };
            naive_path(m, d, n, &want);
            expect_ok(tlog_prove_leaf(&k.source, m, n, &p));
            expect(same_proof(&p, &want));
            expect(tlog_check_leaf(&p, m, &d[m], n, &now.root));
        }
        for (size_t m = 0; m <= n; m++) {
            struct tlog_proof p, want = { 0 };
            struct tlog_head old = { m, naive_root(d, m) };
            if (m)
                naive_subproof(m, d, n, true, &want);
            expect_ok(tlog_prove_prefix(&k.source, m, n, &p));
            expect(same_proof(&p, &want));
            expect(tlog_check_prefix(&p, &old, &now));
        }
    }
    kit_free(&k);
}

TEST(tlog_large_trees_of_several_tile_levels)
{
    struct kit k = kit_new(T->arena);
    struct rng_seeded r = { T->seed };
    VEC(struct tlog_hash) d = { 0 };
    while (k.tree->size < 140000) {
        size_t step = 1 + (size_t)rng_next_below(&r, 9000);
        for (size_t i = 0; i < step; i++)
            tlog_hash_leaf(kit_entry(&k, k.tree->size + i), vec_push(&d, T->arena));
        kit_append(&k, step);
        size_t n = d.n, m = (size_t)rng_next_below(&r, n);
        struct tlog_head now = { n, naive_root(d.at, n) }, old = { m, naive_root(d.at, m) };
        struct tlog_proof p;
        expect(tlog_hash_eq(&k.batch.root, &now.root));
        expect_ok(tlog_prove_leaf(&k.source, m, n, &p));
        expect(tlog_check_leaf(&p, m, &d.at[m], n, &now.root));
        expect_ok(tlog_prove_prefix(&k.source, m, n, &p));
        expect(tlog_check_prefix(&p, &old, &now));
    }
    kit_free(&k);
}

TEST(tlog_a_loaded_tree_goes_on_as_if_never_stopped)
{
    struct kit a = kit_new(T->arena), b = kit_new(T->arena);
    struct rng_seeded r = { T->seed };
    for (int i = 0; i < 40; i++) {
        size_t step = 1 + (size_t)rng_next_below(&r, 300);
        kit_append(&a, step);
        kit_append(&b, step);
        expect(tlog_hash_eq(&a.batch.root, &b.batch.root));
        kit_restart(&b);
        expect_i(b.tree->size, a.tree->size);
    }
    expect_i(a.files.n, b.files.n);
    for (size_t i = 0; i < a.files.n; i++)
        expect_s(*(str *)map_get(&b.files, a.files.entries[i].key),
                 *(str *)a.files.entries[i].value);
    kit_free(&a);
    kit_free(&b);
}

TEST(tlog_lost_partial_files_are_read_from_the_full_ones)
{
    struct kit k = kit_new(T->arena);
    kit_append(&k, 100);
    kit_append(&k, 412);
    struct tlog_proof p;
    struct tlog_head old = { 100, { { 0 } } }, now = { 512, k.batch.root };
    kit_remove(&k, "tile/0/000.p/100");
    kit_remove(&k, "tile/entries/000.p/100");
    expect_ok(tlog_root_at(&k.source, 100, &old.root));
    expect_ok(tlog_prove_prefix(&k.source, 100, 512, &p));
    expect(tlog_check_prefix(&p, &old, &now));
    str entries[256];
    expect_ok(tlog_read_bundle(&k.source, 0, 100, T->arena, entries));
    expect_s(entries[99], kit_entry(&k, 99));
    kit_remove(&k, "tile/0/000");
    expect_err(tlog_prove_leaf(&k.source, 5, 512, &p), E_NOT_FOUND);
    kit_free(&k);
}

static struct tlog_hash root_of_first(struct kit *k, u64 n)
{
    struct tlog_tree *t = NEW(k->a, struct tlog_tree);
    struct tlog_hash h;
    for (u64 i = 0; i < n; i++) {
        tlog_hash_leaf(kit_entry(k, i), &h);
        expect_ok(tlog_push(t, &h, NULL));
    }
    tlog_root(t, &h);
    return h;
}

TEST(tlog_lies_are_not_proved)
{
    struct kit k = kit_new(T->arena);
    struct rng_seeded r = { T->seed };
    kit_append(&k, 777);
    struct tlog_head now = { 777, k.batch.root };
    for (int i = 0; i < 100; i++) {
        u64 m = rng_next_below(&r, 777), old_size = 1 + rng_next_below(&r, 776);
        struct tlog_proof p, q;
        struct tlog_head old = { old_size, { { 0 } } };
        struct tlog_hash leaf;
        tlog_hash_leaf(kit_entry(&k, m), &leaf);
        expect_ok(tlog_prove_leaf(&k.source, m, 777, &p));
        old.root = root_of_first(&k, old_size);
        expect_ok(tlog_prove_prefix(&k.source, old_size, 777, &q));
        expect(tlog_check_leaf(&p, m, &leaf, 777, &now.root) && tlog_check_prefix(&q, &old, &now));
        expect(!tlog_check_leaf(&p, (m + 1) % 777, &leaf, 777, &now.root));
        expect(!tlog_check_leaf(&p, m, &old.root, 777, &now.root));
        expect(!tlog_check_leaf(&p, m, &leaf, m, &now.root));
        struct tlog_proof bad = p;
        bad.at[rng_next_below(&r, bad.n)].b[rng_next_below(&r, 32)] ^= 4;
        expect(!tlog_check_leaf(&bad, m, &leaf, 777, &now.root));
        bad = p;
        bad.n--;
        expect(!tlog_check_leaf(&bad, m, &leaf, 777, &now.root));
        bad.n += 2;
        expect(!tlog_check_leaf(&bad, m, &leaf, 777, &now.root));
        bad = q;
        bad.at[rng_next_below(&r, bad.n)].b[rng_next_below(&r, 32)] ^= 1;
        expect(!tlog_check_prefix(&bad, &old, &now));
        bad = q;
        bad.n--;
        expect(!tlog_check_prefix(&bad, &old, &now));
        old.root.b[7] ^= 1;
        expect(!tlog_check_prefix(&q, &old, &now));
        old.root.b[7] ^= 1;
        struct tlog_head other = { 777, now.root };
        other.root.b[0] ^= 1;
        expect(!tlog_check_prefix(&q, &old, &other));
    }
    struct tlog_proof p;
    expect_err(tlog_prove_leaf(&k.source, 777, 777, &p), E_INVALID);
    expect_err(tlog_prove_prefix(&k.source, 778, 777, &p), E_INVALID);
    kit_free(&k);
}

TEST(tlog_entries_have_a_size_limit_and_a_refused_batch_changes_nothing)
{
    struct kit k = kit_new(T->arena);
    kit_append(&k, 3);
    struct tlog_tree before = *k.tree;
    char *big = arena_get(T->arena, 1, TLOG_ENTRY_MAX + 1, 1);
    str entries[] = { S("small"), { big, TLOG_ENTRY_MAX + 1 } };
    struct tlog_batch batch;
    struct arena *out = arena_new("out", 1 << 20);
    expect_err(tlog_append(out, k.tree, &(struct tlog_leaves){ entries, 2, k.tail }, &batch),
               E_INVALID);
    expect(memcmp(&before, k.tree, sizeof before) == 0);
    entries[1].n = TLOG_ENTRY_MAX;
    expect_ok(tlog_append(out, k.tree, &(struct tlog_leaves){ entries, 2, k.tail }, &batch));
    expect_i(batch.size, 5);
    str tail = str_copy(T->arena, batch.tail);
    arena_free(out);
    out = arena_new("out", 1 << 16);
    before = *k.tree;
    expect_err(tlog_append(out, k.tree, &(struct tlog_leaves){ entries, 1, tail }, &batch),
               E_LIMIT);
    expect(memcmp(&before, k.tree, sizeof before) == 0);
    arena_free(out);
    kit_free(&k);
}

TEST(tlog_bundles_that_are_cut_or_too_long_are_corrupt)
{
    str e[TLOG_WIDTH];
    size_t used = 0;
    expect_ok(tlog_bundle_parse(((str){ "\0\1a\0\0\0\2bcX", 10 }), 3, e, &used));
    expect_i(used, 9);
    expect_s(e[2], S("bc"));
    expect_s(e[1], S(""));
    for (size_t n = 0; n < 9; n++)
        expect_err(tlog_bundle_parse((str){ "\0\1a\0\0\0\2bcX", n }, 3, e, &used), E_CORRUPT);
    char *big = arena_get(T->arena, 1, 70000, 1);
    memcpy(big, "\xf0\x01", 2);
    expect_err(tlog_bundle_parse((str){ big, 70000 }, 1, e, &used), E_CORRUPT);
}
