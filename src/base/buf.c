/* SPDX-License-Identifier: Apache-2.0 */
/* The growable run of bytes: doubles within its ceiling, in place where nothing else was taken from
 * the arena since. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct buf buf_in(struct arena *a, size_t ceiling)
{
    return (struct buf){ .a = a, .ceiling = ceiling };
}

static bool buf_grow(struct buf *b, size_t n)
{
    if (b->full || n > b->ceiling - b->n) {
        b->full = true;
        return false;
    }
    size_t room = MAX(b->room * 2, (size_t)64);
    room = MIN(MAX(room, b->n + n), b->ceiling);
    char *p = arena_get_raw(b->a, room, 1);
    if (b->n)
        memcpy(p, b->p, b->n);
    b->p = p;
    b->room = room;
    return true;
}

char *buf_room(struct buf *b, size_t n)
{
    if (UNLIKELY(b->full || !b->p || n > b->room - b->n) && !buf_grow(b, n))
        return NULL;
    return b->p + b->n;
}

void buf_bytes(struct buf *b, const void *p, size_t n)
{
    char *at = buf_room(b, n);
    if (at && n) {
        memcpy(at, p, n);
        b->n += n;
    }
}

void buf_put(struct buf *b, str s)
{
    buf_bytes(b, s.p, s.n);
}

void buf_char(struct buf *b, char c)
{
    char *at = buf_room(b, 1);
    if (at) {
        *at = c;
        b->n++;
    }
}

void buf_u64(struct buf *b, u64 v)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_bytes(b, digits + at, sizeof digits - at);
}

void buf_i64(struct buf *b, i64 v)
{
    if (v < 0)
        buf_char(b, '-');
    buf_u64(b, v < 0 ? 0 - (u64)v : (u64)v);
}

static void buf_be(struct buf *b, u64 v, unsigned bytes)
{
    u8 out[8];
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (u8)(v >> (8 * (bytes - 1 - i)));
    buf_bytes(b, out, bytes);
}

void buf_u16be(struct buf *b, u16 v)
{
    buf_be(b, v, 2);
}
void buf_u32be(struct buf *b, u32 v)
{
    buf_be(b, v, 4);
}
void buf_u64be(struct buf *b, u64 v)
{
    buf_be(b, v, 8);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    must(n >= 0);
    char *at = buf_room(b, (size_t)n + 1); /* vsnprintf writes its NUL too */
    if (at) {
        (void)vsnprintf(at, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_hex(struct buf *b, const void *p, size_t n)
{
    const u8 *in = p;
    char *at = buf_room(b, n * 2);
    for (size_t i = 0; at && i < n; i++) {
        *at++ = "0123456789abcdef"[in[i] >> 4];
        *at++ = "0123456789abcdef"[in[i] & 15];
        b->n += 2;
    }
}

str buf_str(const struct buf *b)
{
    return (str){ b->p, b->n };
}

err buf_done(struct buf *b, str *ret_text)
{
    if (b->full)
        return E_LIMIT;
    *ret_text = buf_str(b);
    return E_NONE;
}
