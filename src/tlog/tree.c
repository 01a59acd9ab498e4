/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and the growing tree. The tree keeps one partial tile a level; when a tile is full its own
 * hash moves one level up, so that an append costs one hash and, on average, one more. The root is
 * folded from the edges, lowest level first. SHA-256 is called through libcrypto's low-level
 * functions: a node is 65 bytes, and the one-shot call spends five times as long on looking up the
 * algorithm as on hashing. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <string.h>

#include "tlog/tlog.h"

bool tlog_hash_eq(const struct tlog_hash *a, const struct tlog_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void tlog_hash_leaf(str entry, struct tlog_hash *ret)
{
    SHA256_CTX c;
    must(SHA256_Init(&c) && SHA256_Update(&c, "\0", 1));
    must(!entry.n || SHA256_Update(&c, entry.p, entry.n));
    must(SHA256_Final(ret->b, &c));
}

void tlog_hash_node(const struct tlog_hash *left, const struct tlog_hash *right,
                    struct tlog_hash *ret)
{
    u8 bytes[65];
    SHA256_CTX c;
    bytes[0] = 1;
    memcpy(bytes + 1, left->b, 32);
    memcpy(bytes + 33, right->b, 32);
    must(SHA256_Init(&c) && SHA256_Update(&c, bytes, sizeof bytes) && SHA256_Final(ret->b, &c));
}

/* Largest power of two below n; n >= 2. */
static size_t split(size_t n) { return (size_t)1 << (63 - __builtin_clzll(n - 1)); }

void tlog_hash_row(const struct tlog_hash *at, size_t n, struct tlog_hash *ret)
{
    if (n == 0) {
        SHA256_CTX c;
        must(SHA256_Init(&c) && SHA256_Final(ret->b, &c));
        return;
    }
    if (n == 1) {
        *ret = at[0];
        return;
    }
    struct tlog_hash left, right;
    size_t k = split(n);
    tlog_hash_row(at, k, &left);
    tlog_hash_row(at + k, n - k, &right);
    tlog_hash_node(&left, &right, ret);
}

err tlog_push(struct tlog_tree *t, const struct tlog_hash *leaf, const struct tlog_full *full)
{
    struct tlog_hash h = *leaf;
    must(t->size < (u64)1 << 63);
    for (u32 level = 0; level < TLOG_LEVELS; level++) {
        struct tlog_row *row = &t->row[level];
        row->at[row->n++] = h;
        if (row->n < TLOG_WIDTH)
            break;
        if (full && full->fn)
            TRY(full->fn(full->arg, level, t->size >> (8 * (level + 1)), row->at));
        tlog_hash_row(row->at, TLOG_WIDTH, &h);
        row->n = 0;
    }
    t->size++;
    return E_NONE;
}

void tlog_root(const struct tlog_tree *t, struct tlog_hash *ret)
{
    struct tlog_hash right;
    bool any = false;
    for (u32 level = 0; level < TLOG_LEVELS; level++) {
        /* What lies lower is younger, so it joins from the right: along the powers of two of this
         * row's count. */
        const struct tlog_row *row = &t->row[level];
        for (u32 left = row->n; left;) {
            u32 bit = left & (0 - left);
            struct tlog_hash h;
            left -= bit;
            tlog_hash_row(row->at + left, bit, &h);
            if (any)
                tlog_hash_node(&h, &right, &right);
            else
                right = h;
            any = true;
        }
    }
    if (any)
        *ret = right;
    else
        tlog_hash_row(NULL, 0, ret);
}
