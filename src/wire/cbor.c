/* SPDX-License-Identifier: Apache-2.0 */
/* The CBOR reader: recursive, depth-bounded. A container's claimed length is checked against the
 * bytes left before any memory is taken for it, and against the arena's room, since a nest of
 * claims could still ask for much. As every item has one form only, writing the tree gives back the
 * very bytes. */
#include "wire/cbor.h"

#include "base/utf8.h"

enum major { M_UINT, M_NEGINT, M_BYTES, M_TEXT, M_ARRAY, M_MAP, M_TAG, M_SIMPLE };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };

struct reader {
    struct arena *out;
    const u8 *p;
    size_t n, at;
};

/* The first byte's major type and its argument, which must be in its shortest form. */
static err read_head(struct reader *r, enum major *ret_major, u64 *ret_arg)
{
    if (r->at == r->n)
        return E_INVALID;
    u8 first = r->p[r->at++], low = first & 31;
    u64 arg = low;
    if (low > 27)
        return E_INVALID; /* reserved, or an indefinite length */
    if (low >= 24) {
        size_t bytes = (size_t)1 << (low - 24);
        if (r->n - r->at < bytes)
            return E_INVALID;
        arg = 0;
        for (size_t i = 0; i < bytes; i++)
            arg = arg << 8 | r->p[r->at++];
        if (bytes == 1 ? arg < 24 : arg >> (bytes * 4) == 0)
            return E_INVALID;
    }
    *ret_major = (enum major)(first >> 5);
    *ret_arg = arg;
    return E_NONE;
}

static bool same_key(const struct cbor *a, const struct cbor *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == CBOR_INT ? a->i == b->i : str_eq(a->s, b->s);
}

/* Keys are integers, texts or byte strings. Pairwise: maps of attestations have a handful of pairs,
 * and others are cut off by MAP_MAX. */
static err check_keys(const struct cbor *at, u32 pairs)
{
    for (u32 i = 0; i < pairs; i++) {
        const struct cbor *key = &at[i * 2];
        if (key->kind != CBOR_INT && key->kind != CBOR_TEXT && key->kind != CBOR_BYTES)
            return E_INVALID;
        for (u32 j = 0; j < i; j++)
            if (same_key(key, &at[j * 2]))
                return E_INVALID;
    }
    return E_NONE;
}

enum { MAP_MAX = 256 };

static err read_item(struct reader *r, struct cbor *v, unsigned depth);

static err read_items(struct reader *r, struct cbor *v, u64 n, unsigned depth)
{
    u64 per = v->kind == CBOR_MAP ? 2 : 1;
    if (n > (r->n - r->at) / per)
        return E_INVALID; /* every item takes a byte at least */
    if (depth == CBOR_DEPTH_MAX || (v->kind == CBOR_MAP && n > MAP_MAX) || n * per > UINT32_MAX)
        return E_LIMIT;
    if (n * per * sizeof(struct cbor) > arena_room(r->out))
        return E_LIMIT;
    struct cbor *at = NEW_N(r->out, struct cbor, n * per);
    for (u64 i = 0; i < n * per; i++)
        TRY(read_item(r, &at[i], depth + 1));
    v->n = (u32)n;
    v->at = at;
    return v->kind == CBOR_MAP ? check_keys(at, v->n) : E_NONE;
}

static err read_simple(struct cbor *v, u64 arg)
{
    if (arg != SIMPLE_FALSE && arg != SIMPLE_TRUE && arg != SIMPLE_NULL)
        return E_INVALID;
    v->kind = arg == SIMPLE_NULL ? CBOR_NULL : CBOR_BOOL;
    v->b = arg == SIMPLE_TRUE;
    return E_NONE;
}

static err read_item(struct reader *r, struct cbor *v, unsigned depth)
{
    enum major major;
    u64 arg;
    TRY(read_head(r, &major, &arg));
    switch (major) {
    case M_UINT:
    case M_NEGINT:
        if (arg > INT64_MAX)
            return E_INVALID;
        v->kind = CBOR_INT;
        v->i = major == M_UINT ? (i64)arg : -1 - (i64)arg;
        return E_NONE;
    case M_BYTES:
    case M_TEXT:
        if (arg > r->n - r->at)
            return E_INVALID;
        v->kind = major == M_BYTES ? CBOR_BYTES : CBOR_TEXT;
        v->s = (str){ (const char *)r->p + r->at, (size_t)arg };
        r->at += (size_t)arg;
        return major == M_TEXT && !utf8_valid(v->s) ? E_INVALID : E_NONE;
    case M_ARRAY:
    case M_MAP:
        v->kind = major == M_ARRAY ? CBOR_ARRAY : CBOR_MAP;
        return read_items(r, v, arg, depth);
    case M_SIMPLE: return read_simple(v, arg);
    case M_TAG: break;
    }
    return E_INVALID;
}

err cbor_parse(struct arena *out, str bytes, const struct cbor **ret, size_t *ret_used)
{
    struct reader r = { out, (const u8 *)bytes.p, bytes.n, 0 };
    if (sizeof(struct cbor) > arena_room(out))
        return E_LIMIT;
    struct cbor *v = NEW(out, struct cbor);
    TRY(read_item(&r, v, 0));
    if (!ret_used && r.at != r.n)
        return E_INVALID;
    if (arena_doomed(out))
        return E_LIMIT;
    if (ret_used)
        *ret_used = r.at;
    *ret = v;
    return E_NONE;
}

static const struct cbor *get(const struct cbor *v, const struct cbor *key)
{
    if (!v || v->kind != CBOR_MAP)
        return NULL;
    for (u32 i = 0; i < v->n; i++)
        if (same_key(&v->at[i * 2], key))
            return &v->at[i * 2 + 1];
    return NULL;
}

const struct cbor *cbor_get(const struct cbor *v, str key)
{
    return get(v, &(struct cbor){ .kind = CBOR_TEXT, .s = key });
}

const struct cbor *cbor_get_int(const struct cbor *v, i64 key)
{
    return get(v, &(struct cbor){ .kind = CBOR_INT, .i = key });
}

static void put_head(struct buf *b, enum major major, u64 arg)
{
    unsigned bytes = arg < 24            ? 0
                     : arg <= UINT8_MAX  ? 1
                     : arg <= UINT16_MAX ? 2
                     : arg <= UINT32_MAX ? 4
                                         : 8;
    unsigned low = bytes == 0   ? (unsigned)arg
                   : bytes == 1 ? 24
                   : bytes == 2 ? 25
                   : bytes == 4 ? 26
                                : 27;
    buf_char(b, (char)((unsigned)major << 5 | low));
    while (bytes--)
        buf_char(b, (char)(arg >> (8 * bytes)));
}

void cbor_put_int(struct buf *b, i64 v)
{
    put_head(b, v < 0 ? M_NEGINT : M_UINT, v < 0 ? (u64)(-1 - v) : (u64)v);
}

void cbor_put_bytes(struct buf *b, str s)
{
    put_head(b, M_BYTES, s.n);
    buf_put(b, s);
}

void cbor_put_text(struct buf *b, str s)
{
    put_head(b, M_TEXT, s.n);
    buf_put(b, s);
}

void cbor_put_array(struct buf *b, u32 n) { put_head(b, M_ARRAY, n); }
void cbor_put_map(struct buf *b, u32 n) { put_head(b, M_MAP, n); }

static void put_value(struct buf *b, const struct cbor *v, unsigned depth)
{
    must(depth <= CBOR_DEPTH_MAX);
    switch (v->kind) {
    case CBOR_INT: cbor_put_int(b, v->i); break;
    case CBOR_BYTES: cbor_put_bytes(b, v->s); break;
    case CBOR_TEXT: cbor_put_text(b, v->s); break;
    case CBOR_BOOL: put_head(b, M_SIMPLE, v->b ? SIMPLE_TRUE : SIMPLE_FALSE); break;
    case CBOR_NULL: put_head(b, M_SIMPLE, SIMPLE_NULL); break;
    case CBOR_ARRAY:
    case CBOR_MAP:
        put_head(b, v->kind == CBOR_MAP ? M_MAP : M_ARRAY, v->n);
        for (u64 i = 0; i < (u64)v->n * (v->kind == CBOR_MAP ? 2 : 1); i++)
            put_value(b, &v->at[i], depth + 1);
        break;
    }
}

void cbor_put(struct buf *b, const struct cbor *v) { put_value(b, v, 0); }
