/* SPDX-License-Identifier: Apache-2.0 */
/* One writer and one reader for every record, driven by its table. The reader is what stands
 * between two processes of different trust: it never reads past the bytes, takes no value twice
 * spelt (a bool is 0 or 1), no length above the field's ceiling, and leaves no byte over. */
#include "proc/record.h"

#include <string.h>

static void put_le(struct buf *b, u64 v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buf_char(b, (char)(v >> (8 * i)));
}

static u64 get_le(const char *p, size_t bytes)
{
    u64 v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (u64)(u8)p[i] << (8 * i);
    return v;
}

static size_t width(const struct field *f)
{
    switch (f->kind) {
    case FIELD_BOOL:
    case FIELD_U8: return 1;
    case FIELD_U32:
    case FIELD_STR: return 4;
    case FIELD_U64:
    case FIELD_I64: return 8;
    case FIELD_FIX: return f->max;
    }
    must(false);
    return 0;
}

static err put_field(struct buf *b, const struct field *f, const char *at)
{
    str s;
    switch (f->kind) {
    case FIELD_BOOL:
    case FIELD_U8:
    case FIELD_FIX: buf_bytes(b, at, width(f)); return E_NONE;
    case FIELD_U32: put_le(b, *(const u32 *)(const void *)at, 4); return E_NONE;
    case FIELD_U64:
    case FIELD_I64: put_le(b, *(const u64 *)(const void *)at, 8); return E_NONE;
    case FIELD_STR:
        memcpy(&s, at, sizeof s);
        if (s.n > f->max)
            return E_LIMIT;
        put_le(b, s.n, 4);
        buf_bytes(b, s.p, s.n);
        return E_NONE;
    }
    must(false);
    return E_INTERNAL;
}

err record_put(struct buf *b, const struct record *r, const void *from)
{
    size_t was = b->n;
    err e = E_NONE;
    for (u32 i = 0; i < r->n && e == E_NONE; i++)
        e = put_field(b, &r->fields[i], (const char *)from + r->fields[i].offset);
    if (e == E_NONE && b->full)
        e = E_LIMIT;
    if (e != E_NONE)
        b->n = was;
    return e;
}

/* Reads one field from the front of *rest into the struct at `at`. */
static err get_field(str *rest, const struct field *f, char *at)
{
    size_t n = width(f);
    if (rest->n < n)
        return E_CORRUPT;
    const char *p = rest->p;
    *rest = (str){ p + n, rest->n - n };
    switch (f->kind) {
    case FIELD_BOOL:
        if ((u8)*p > 1)
            return E_CORRUPT;
        *(bool *)(void *)at = *p;
        return E_NONE;
    case FIELD_U8:
    case FIELD_FIX: memcpy(at, p, n); return E_NONE;
    case FIELD_U32: *(u32 *)(void *)at = (u32)get_le(p, 4); return E_NONE;
    case FIELD_U64:
    case FIELD_I64: *(u64 *)(void *)at = get_le(p, 8); return E_NONE;
    case FIELD_STR: {
        size_t len = (size_t)get_le(p, 4);
        if (len > f->max || len > rest->n)
            return E_CORRUPT;
        *(str *)(void *)at = (str){ rest->p, len };
        *rest = (str){ rest->p + len, rest->n - len };
        return E_NONE;
    }
    }
    must(false);
    return E_INTERNAL;
}

err record_get(str bytes, const struct record *r, void *ret)
{
    SCRATCH(s);
    char *fresh = arena_get(s.a, r->size ? r->size : 1, 1, 16);
    for (u32 i = 0; i < r->n; i++)
        TRY(get_field(&bytes, &r->fields[i], fresh + r->fields[i].offset));
    if (bytes.n)
        return E_CORRUPT;
    if (r->size)
        memcpy(ret, fresh, r->size);
    return E_NONE;
}
