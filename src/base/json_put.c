/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer: straight into a buf. What it writes is valid JSON whatever the bytes given: a
 * text that is not UTF-8 gets U+FFFD where it is not, a float that is no number becomes null.
 * Floats get the fewest digits that read back as the same double, and always a point or an
 * exponent, so that they read back as floats. No white space, members in the order given: the same
 * tree always gives the same bytes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"

enum { WRITE_DEPTH_MAX = 64 };

#define EACH(byte) (0x0101010101010101u * (u64)(byte))

/* Bytes that need neither an escape nor a look at their UTF-8. */
static size_t clean_run(const char *p, size_t n)
{
    size_t i = 0;
    for (u64 x; n - i >= 8; i += 8) {
        memcpy(&x, p + i, 8);
        u64 quote = x ^ EACH('"'), slash = x ^ EACH('\\');
        u64 hit = x | ((x - EACH(0x20)) & ~x) | ((quote - EACH(1)) & ~quote) |
                  ((slash - EACH(1)) & ~slash);
        if (hit & EACH(0x80))
            break;
    }
    while (i < n && (u8)p[i] >= 0x20 && (u8)p[i] < 0x80 && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

static void put_escape(struct buf *b, char c)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof names; i += 2)
        if (names[i] == c) {
            buf_bytes(b, (char[]){ '\\', names[i + 1] }, 2);
            return;
        }
    buf_bytes(
        b,
        (char[]){ '\\', 'u', '0', '0', "0123456789abcdef"[(u8)c >> 4], "0123456789abcdef"[c & 15] },
        6);
}

void json_put_str(struct buf *b, str s)
{
    size_t run = clean_run(s.p, s.n);
    char *at = run == s.n ? buf_room(b, s.n + 2) : NULL;
    if (at) { /* most texts: nothing to escape */
        *at = '"';
        if (s.n)
            memcpy(at + 1, s.p, s.n);
        at[s.n + 1] = '"';
        b->n += s.n + 2;
        return;
    }
    buf_char(b, '"');
    for (; s.n; run = clean_run(s.p, s.n)) {
        buf_bytes(b, s.p, run);
        s = (str){ s.p + run, s.n - run };
        if (!s.n)
            break;
        str before = s;
        if (!((u8)s.p[0] & 0x80)) {
            put_escape(b, s.p[0]);
            s = (str){ s.p + 1, s.n - 1 };
        } else if (utf8_next(&s) >= 0) {
            buf_bytes(b, before.p, before.n - s.n);
        } else {
            utf8_put(b, 0xFFFD);
            s = (str){ s.p + 1, s.n - 1 };
        }
    }
    buf_char(b, '"');
}

void json_put_bool(struct buf *b, bool v) { buf_put(b, v ? S("true") : S("false")); }

void json_put_bytes(struct buf *b, const void *p, size_t n)
{
    buf_char(b, '"');
    b64_put(b, p, n);
    buf_char(b, '"');
}

void json_put_time(struct buf *b, i64 usec_utc)
{
    buf_char(b, '"');
    time_put(b, usec_utc);
    buf_char(b, '"');
}

static void put_float(struct buf *b, double f)
{
    char z[40];
    if (!isfinite(f)) {
        buf_put(b, S("null"));
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(z, sizeof z, "%.*g", digits, f);
        if (strtod(z, NULL) == f)
            break;
    }
    buf_put(b, str_from(z));
    if (!strpbrk(z, ".e"))
        buf_put(b, S(".0"));
}

static void put_value(struct buf *b, const struct json *v, unsigned depth)
{
    must(depth <= WRITE_DEPTH_MAX);
    switch (v->kind) {
    case JSON_NULL: buf_put(b, S("null")); break;
    case JSON_BOOL: json_put_bool(b, v->b); break;
    case JSON_INT: buf_i64(b, v->i); break;
    case JSON_FLOAT: put_float(b, v->f); break;
    case JSON_STR: json_put_str(b, v->s); break;
    case JSON_ARRAY:
        buf_char(b, '[');
        for (u32 i = 0; i < v->n; i++) {
            if (i)
                buf_char(b, ',');
            put_value(b, &v->at[i], depth + 1);
        }
        buf_char(b, ']');
        break;
    case JSON_OBJECT:
        buf_char(b, '{');
        for (u32 i = 0; i < v->n; i++) {
            if (i)
                buf_char(b, ',');
            json_put_str(b, v->members[i].key);
            buf_char(b, ':');
            put_value(b, &v->members[i].value, depth + 1);
        }
        buf_char(b, '}');
        break;
    }
}

void json_put(struct buf *b, const struct json *v) { put_value(b, v, 0); }
