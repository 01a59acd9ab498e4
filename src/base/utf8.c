/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 by the table of RFC 3629 section 4, with a fast path for runs of ASCII. */
#include "base/utf8.h"

#include <string.h>

i32 utf8_next(str *s)
{
    if (!s->n)
        return -1;
    const u8 *p = (const u8 *)s->p;
    u32 c = p[0], min;
    size_t n;
    if (c < 0x80) {
        s->p++;
        s->n--;
        return (i32)c;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        n = 2;
        c &= 0x1F;
        min = 0x80;
    } else if (c >= 0xE0 && c <= 0xEF) {
        n = 3;
        c &= 0x0F;
        min = 0x800;
    } else if (c >= 0xF0 && c <= 0xF4) {
        n = 4;
        c &= 0x07;
        min = 0x10000;
    } else
        return -1;
    if (s->n < n)
        return -1;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return -1;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c < min || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return -1;
    s->p += n;
    s->n -= n;
    return (i32)c;
}

bool utf8_valid(str s)
{
    while (s.n) {
        u64 eight;
        if (s.n >= 8 && (memcpy(&eight, s.p, 8), (eight & 0x8080808080808080u) == 0)) {
            s.p += 8;
            s.n -= 8;
        } else if (utf8_next(&s) < 0) {
            return false;
        }
    }
    return true;
}

size_t utf8_count(str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++)
        count += ((u8)s.p[i] & 0xC0) != 0x80;
    return count;
}

void utf8_put(struct buf *b, u32 c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    if (c < 0x80) {
        buf_char(b, (char)c);
    } else if (c < 0x800) {
        buf_bytes(b, (u8[]){ (u8)(0xC0 | c >> 6), (u8)(0x80 | (c & 0x3F)) }, 2);
    } else if (c < 0x10000) {
        buf_bytes(
            b,
            (u8[]){ (u8)(0xE0 | c >> 12), (u8)(0x80 | (c >> 6 & 0x3F)), (u8)(0x80 | (c & 0x3F)) },
            3);
    } else {
        buf_bytes(b,
                  (u8[]){ (u8)(0xF0 | c >> 18), (u8)(0x80 | (c >> 12 & 0x3F)),
                          (u8)(0x80 | (c >> 6 & 0x3F)), (u8)(0x80 | (c & 0x3F)) },
                  4);
    }
}

bool utf8_is_han(i32 c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x323AF) || (c >= 0xF900 && c <= 0xFAFF) || c == 0x3007;
}
