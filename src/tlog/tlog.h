/* SPDX-License-Identifier: Apache-2.0 */
/* A Merkle log: hashing and trees as RFC 6962 section 2.1 says, files as C2SP tlog-tiles. Pure:
 * files are read through a callback and written by whoever gets them back. A ledger's folder:
 *     checkpoint              the signed head (tlog/note.h)
 *     key.pub                 the verifier key, one line
 *     tile/L/N[.p/W]          hashes of level L: 256 a full tile, W a partial one
 *     tile/entries/N[.p/W]    the leaves themselves, each with a 16-bit length before it
 * Only libcrypto's SHA-256 is used besides base. */
#ifndef OUTWORK_TLOG_TLOG_H
#define OUTWORK_TLOG_TLOG_H

#include "base/buf.h"

enum {
    TLOG_WIDTH = 256,       /* hashes of a full tile, entries of a full bundle */
    TLOG_LEVELS = 8,        /* of tiles: enough for 2^63 leaves */
    TLOG_ENTRY_MAX = 61440, /* bytes of a leaf */
    TLOG_PATH_MAX = 64,
    TLOG_PROOF_MAX = 65, /* hashes of the longest proof */
};

struct tlog_hash {
    u8 b[32];
};

bool tlog_hash_eq(const struct tlog_hash *a, const struct tlog_hash *b);
void tlog_hash_leaf(str entry, struct tlog_hash *ret); /* SHA-256(0x00 || entry) */
void tlog_hash_node(const struct tlog_hash *left, const struct tlog_hash *right,
                    struct tlog_hash *ret);
/* The hash over n hashes in a row as if each were a leaf's; n = 0: of the empty tree. */
void tlog_hash_row(const struct tlog_hash *at, size_t n, struct tlog_hash *ret);

/* ---- the right edge: all that is needed to append ---- */

/* 64 KiB; the partial tile of every level. All zero is the empty tree. */
struct tlog_tree {
    u64 size;
    struct tlog_row {
        u32 n;
        struct tlog_hash at[TLOG_WIDTH];
    } row[TLOG_LEVELS];
};

/* Called for each tile that is full; at: its TLOG_WIDTH hashes, valid during the call. An error
 * stops the append. */
struct tlog_full {
    void *arg;
    err (*fn)(void *arg, u32 level, u64 index, const struct tlog_hash *at);
};
/* Appends one leaf's hash. An error is the callback's (full may be NULL); the tree is of no use
 * after one. */
MUST_USE err tlog_push(struct tlog_tree *t, const struct tlog_hash *leaf,
                       const struct tlog_full *full);
void tlog_root(const struct tlog_tree *t, struct tlog_hash *ret);

/* ---- files ---- */

/* Reads a file of the ledger's folder, whole, into out; path is relative ("tile/0/x001/234").
 * E_NOT_FOUND: no such file. E_LIMIT: larger than max. */
struct tlog_source {
    void *arg;
    err (*read)(void *arg, const char *path, size_t max, struct arena *out, str *ret);
};

enum { TLOG_ENTRIES = -1 }; /* the level that names entry bundles */
struct tlog_path {
    char z[TLOG_PATH_MAX];
};
/* "tile/LEVEL/INDEX", with ".p/WIDTH" when width < 256. level: 0 to 63, or TLOG_ENTRIES. width: 1
 * to 256. */
struct tlog_path tlog_path(int level, u64 index, u32 width);
/* How many hashes (or entries) tile `index` of `level` holds in a tree of `size`; 0: there is no
 * such tile. */
u32 tlog_width(u64 size, int level, u64 index);
/* One tile (or bundle) as far as it is wanted. */
struct tlog_tile {
    int level;
    u64 index;
    u32 width;
};
/* Its first `width` hashes: from the partial file, or from the full one if that exists by now.
 * E_CORRUPT: the file has not the length it must have. E_NOT_FOUND. */
MUST_USE err tlog_read_tile(const struct tlog_source *s, struct tlog_tile tile, struct arena *out,
                            const struct tlog_hash **ret);
/* The entries of a bundle, likewise (level is TLOG_ENTRIES): ret has room for `width`. They point
 * into memory of out. */
MUST_USE err tlog_read_bundle(const struct tlog_source *s, u64 index, u32 width, struct arena *out,
                              str *ret_entries);
/* The first `width` entries of a bundle's bytes; *ret_used: the bytes they take. E_CORRUPT: cut, or
 * a length above TLOG_ENTRY_MAX. */
MUST_USE err tlog_bundle_parse(str bytes, u32 width, str *ret_entries, size_t *ret_used);

/* The right edge of a ledger of this size, from its partial tiles. E_CORRUPT, E_NOT_FOUND, the
 * source's errors. */
MUST_USE err tlog_tree_load(const struct tlog_source *s, u64 size, struct tlog_tree *ret);

/* ---- appending a batch, as files to write ---- */

struct tlog_file {
    struct tlog_path path;
    str bytes;
};
struct tlog_batch {
    const struct tlog_file
        *files; /* new ones only, in an order in which they may be written: nothing is overwritten
                   with other bytes, and nothing counts before the checkpoint is replaced */
    size_t n;
    str tail; /* the bytes of the last bundle if it is partial: give them with the next batch */
    struct tlog_hash root;
    u64 size;
};
struct tlog_leaves {
    const str *at;
    size_t n;
    str tail; /* as the last batch gave it, or as tlog_tail_load does after a start */
};
/* All memory in out, about four times the entries' bytes and the tail's. E_INVALID: an entry above
 * TLOG_ENTRY_MAX; E_LIMIT: out too small. On an error nothing has changed. When writing the files
 * fails, load the tree again. */
MUST_USE err tlog_append(struct arena *out, struct tlog_tree *t, const struct tlog_leaves *in,
                         struct tlog_batch *ret);
/* The bytes of the last bundle of a ledger of this size if it is partial, else nothing. */
MUST_USE err tlog_tail_load(const struct tlog_source *s, u64 size, struct arena *out, str *ret);

/* ---- proofs ---- */

struct tlog_proof {
    u32 n;
    struct tlog_hash at[TLOG_PROOF_MAX];
};

/* The root of the first `size` leaves, from tiles: of any size for which a batch was written. */
MUST_USE err tlog_root_at(const struct tlog_source *s, u64 size, struct tlog_hash *ret);
/* That leaf `index` is in the tree of `size` (RFC 6962 2.1.1). E_INVALID: index >= size. */
MUST_USE err tlog_prove_leaf(const struct tlog_source *s, u64 index, u64 size,
                             struct tlog_proof *ret);
/* That the tree of `old_size` is the beginning of the tree of `size` (2.1.2). E_INVALID: old_size >
 * size. */
MUST_USE err tlog_prove_prefix(const struct tlog_source *s, u64 old_size, u64 size,
                               struct tlog_proof *ret);

/* Checking, with nothing but the proof (RFC 9162 2.1.3.2, 2.1.4.2). */
bool tlog_check_leaf(const struct tlog_proof *p, u64 index, const struct tlog_hash *leaf, u64 size,
                     const struct tlog_hash *root);
struct tlog_head {
    u64 size;
    struct tlog_hash root;
};
bool tlog_check_prefix(const struct tlog_proof *p, const struct tlog_head *old,
                       const struct tlog_head *now);

#endif
