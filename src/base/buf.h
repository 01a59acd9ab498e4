/* SPDX-License-Identifier: Apache-2.0 */
/* A growable run of bytes in an arena, with a ceiling given at birth. A full buffer sticks: later
 * writes do nothing, and buf_done() says E_LIMIT once. So writers need no checks in between. */
#ifndef OUTWORK_BASE_BUF_H
#define OUTWORK_BASE_BUF_H

#include "base/str.h"

struct buf {
    struct arena *a;
    char *p;
    size_t n, room, ceiling;
    bool full;
};

struct buf buf_in(struct arena *a, size_t ceiling);
void buf_put(struct buf *b, str s);
void buf_bytes(struct buf *b, const void *p, size_t n);
void buf_char(struct buf *b, char c);
void buf_i64(struct buf *b, i64 v);
void buf_u64(struct buf *b, u64 v);
void buf_u16be(struct buf *b, u16 v);
void buf_u32be(struct buf *b, u32 v);
void buf_u64be(struct buf *b, u64 v);
PRINTF(2, 3) void buf_fmt(struct buf *b, const char *fmt, ...);
void buf_hex(struct buf *b, const void *p, size_t n); /* lower case */
/* Makes room for n more bytes and returns where they go (the caller adds to b->n), or NULL when
 * full. */
char *buf_room(struct buf *b, size_t n);
str buf_str(const struct buf *b);                    /* what is there so far */
MUST_USE err buf_done(struct buf *b, str *ret_text); /* E_LIMIT if the ceiling was passed */
static inline void buf_clear(struct buf *b)
{
    b->n = 0;
    b->full = false;
}

#endif
