/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader (RFC 8259). Recursive descent, at most JSON_DEPTH_MAX deep. Values of the open
 * containers stand on one stack (in the C stack while few, then in an arena of the parse's own) and
 * are copied to their place in the caller's arena, exactly sized, when their container closes; so
 * the caller's arena holds the tree and nothing else. Choices the RFC leaves open: duplicate keys,
 * lone surrogates, numbers too large for a double and a byte order mark are refused. A number
 * without fraction and exponent that fits 64 bits is JSON_INT; "-0" is JSON_FLOAT, because an
 * integer cannot keep its sign. A number of more than NUMBER_MAX characters is refused as a limit.
 * strtod reads the decimal point of the C locale: the program never calls setlocale. */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/utf8.h"

enum { NUMBER_MAX = 256, STACK_FIRST = 48, PAIRWISE_MAX = 12 };

struct slot {
    struct json_member m;
    size_t at; /* where its text begins, for errors */
};

struct reader {
    unsigned depth_max;
    const char *p; /* the text; at <= n always */
    size_t n, at;
    struct arena *out, *own; /* own: made when first needed */
    struct slot *stack;
    size_t top, room;
    err fault;
};

static bool stop(struct reader *r, err e, size_t at)
{
    r->fault = e;
    r->at = at;
    return false;
}

static bool bad(struct reader *r) { return stop(r, E_INVALID, r->at); }

static struct arena *own_arena(struct reader *r)
{
    if (!r->own)
        r->own = arena_new("json", SIZE_MAX / 8);
    return r->own;
}

/* Memory of the caller's arena, within its ceiling: text grows up to twelvefold into a tree, and
 * the text is a stranger's. */
static void *out_get(struct reader *r, size_t bytes)
{
    if (bytes <= arena_room(r->out))
        return arena_get_raw(r->out, MAX(bytes, (size_t)1), 8);
    stop(r, E_LIMIT, r->at);
    return NULL;
}

static struct slot *push(struct reader *r)
{
    if (r->top == r->room) {
        struct slot *more = arena_get_raw(own_arena(r), r->room * 2 * sizeof *more, 16);
        memcpy(more, r->stack, r->top * sizeof *more);
        r->stack = more;
        r->room *= 2;
    }
    return &r->stack[r->top++];
}

static void skip_space(struct reader *r)
{
    while (r->at < r->n) {
        char c = r->p[r->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
        r->at++;
    }
}

static bool next_is(struct reader *r, char c)
{
    if (r->at >= r->n || r->p[r->at] != c)
        return false;
    r->at++;
    return true;
}

/* ---- strings ---- */

#define EACH(byte) (0x0101010101010101u * (u64)(byte))

/* Bytes until the first quote, backslash or control character, or the end; *ret_high collects the
 * high bits seen. */
static size_t plain_run(const char *p, size_t n, u64 *ret_high)
{
    size_t i = 0;
    for (u64 x; n - i >= 8; i += 8) {
        memcpy(&x, p + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        x = __builtin_bswap64(x);
#endif
        u64 quote = x ^ EACH('"'), slash = x ^ EACH('\\');
        u64 hit =
            ((x - EACH(0x20)) & ~x) | ((quote - EACH(1)) & ~quote) | ((slash - EACH(1)) & ~slash);
        hit &= EACH(0x80);
        *ret_high |=
            x & EACH(0x80); /* may count bytes past the hit: then UTF-8 is checked for nothing */
        if (hit)
            return i + (size_t)__builtin_ctzll(hit) / 8;
    }
    for (; i < n; i++) {
        u8 c = (u8)p[i];
        if (c < 0x20 || c == '"' || c == '\\')
            break;
        *ret_high |= c & 0x80;
    }
    return i;
}

static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
}

/* The code point of a \u escape whose digits begin at `at`; *ret_len: the characters it takes, from
 * the first digit. */
static i32 unicode_escape(const char *p, size_t n, size_t at, size_t *ret_len)
{
    int hi = n - at >= 4 ? hex4(p + at) : -1;
    *ret_len = 4;
    if (hi < 0xD800 || hi > 0xDFFF)
        return hi;
    if (hi > 0xDBFF || n - at < 10 || p[at + 4] != '\\' || p[at + 5] != 'u')
        return -1;
    int lo = hex4(p + at + 6);
    *ret_len = 10;
    return lo < 0xDC00 || lo > 0xDFFF ? -1 : 0x10000 + ((hi - 0xD800) << 10) + (lo - 0xDC00);
}

static char *put_utf8(char *to, u32 c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
    } else if (c < 0x10000) {
        *to++ = (char)(0xE0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
    } else {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (c & 0x3F));
    return to;
}

/* Decodes raw, which stands at offset `base` and holds at least one backslash; the result is never
 * longer. */
static bool unescape(struct reader *r, str raw, size_t base, str *ret)
{
    char *first = out_get(r, raw.n), *to = first;
    if (!first)
        return false;
    for (size_t i = 0; i < raw.n;) {
        const char *slash = memchr(raw.p + i, '\\', raw.n - i);
        size_t run = slash ? (size_t)(slash - raw.p) - i : raw.n - i;
        memcpy(to, raw.p + i, run);
        to += run;
        i += run;
        if (i == raw.n)
            break;
        if (raw.p[i + 1] != 'u') { /* a backslash is never last: read_raw stepped over pairs */
            char c = short_escape(raw.p[i + 1]);
            if (!c)
                return stop(r, E_INVALID, base + i);
            *to++ = c;
            i += 2;
            continue;
        }
        size_t len;
        i32 c = unicode_escape(raw.p, raw.n, i + 2, &len);
        if (c < 0)
            return stop(r, E_INVALID, base + i);
        to = put_utf8(to, (u32)c);
        i += 2 + len;
    }
    *ret = (str){ first, (size_t)(to - first) };
    return true;
}

static bool check_utf8(struct reader *r, str raw, size_t base)
{
    if (LIKELY(utf8_valid(raw)))
        return true;
    str rest = raw;
    while (utf8_next(&rest) >= 0)
        ;
    return stop(r, E_INVALID, base + (raw.n - rest.n));
}

/* The opening quote is behind. */
static bool read_string(struct reader *r, str *ret)
{
    size_t base = r->at;
    u64 high = 0;
    bool escaped = false;
    for (;;) {
        r->at += plain_run(r->p + r->at, r->n - r->at, &high);
        if (r->at == r->n || (u8)r->p[r->at] < 0x20)
            return bad(r);
        if (r->p[r->at] == '"')
            break;
        escaped = true;
        if (r->n - r->at < 2)
            return stop(r, E_INVALID, r->n);
        if ((u8)r->p[r->at + 1] & 0x80)
            return bad(r);
        r->at += 2;
    }
    str raw = { r->p + base, r->at - base };
    r->at++;
    if (high && !check_utf8(r, raw, base))
        return false;
    if (escaped)
        return unescape(r, raw, base, ret);
    *ret = raw;
    return true;
}

/* ---- numbers ---- */

struct number {
    u64 mantissa;
    i64 digits, exponent;
    bool minus, whole;
};

static bool is_digit(const struct reader *r)
{
    return r->at < r->n && r->p[r->at] >= '0' && r->p[r->at] <= '9';
}

/* One or more digits, into the mantissa while it is exact. */
static bool read_digits(struct reader *r, struct number *num, bool fraction)
{
    if (!is_digit(r))
        return bad(r);
    for (; is_digit(r); r->at++) {
        if (num->mantissa || r->p[r->at] != '0')
            num->digits++;
        if (num->digits <= 19)
            num->mantissa = num->mantissa * 10 + (u64)(r->p[r->at] - '0');
        num->exponent -= fraction;
    }
    return true;
}

static bool read_exponent(struct reader *r, struct number *num)
{
    bool minus = next_is(r, '-');
    int e = 0;
    if (!minus)
        (void)next_is(r, '+');
    if (!is_digit(r))
        return bad(r);
    for (; is_digit(r); r->at++)
        e = MIN(e * 10 + (r->p[r->at] - '0'), 100000);
    num->exponent += minus ? -e : e;
    return true;
}

/* Exact where the mantissa and the power of ten are both exact doubles (W. D. Clinger's fast path);
 * else strtod. */
static bool number_float(struct reader *r, const struct number *num, size_t start, double *ret)
{
    static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    i64 e = num->exponent;
    if (num->digits <= 15 && e >= -22 && e <= 22) {
        double v = e < 0 ? (double)num->mantissa / tens[-e] : (double)num->mantissa * tens[e];
        *ret = num->minus ? -v : v;
        return true;
    }
    char z[NUMBER_MAX + 1];
    memcpy(z, r->p + start, r->at - start);
    z[r->at - start] = 0;
    double v = strtod(z, NULL);
    if (!isfinite(v))
        return stop(r, E_INVALID, start);
    *ret = v;
    return true;
}

static bool read_number(struct reader *r, struct json *v)
{
    size_t start = r->at;
    struct number num = { .minus = next_is(r, '-'), .whole = true };
    if (next_is(r, '0')) {
        if (is_digit(r))
            return bad(r);
    } else if (!read_digits(r, &num, false)) {
        return false;
    }
    if (next_is(r, '.')) {
        num.whole = false;
        if (!read_digits(r, &num, true))
            return false;
    }
    if (next_is(r, 'e') || next_is(r, 'E')) {
        num.whole = false;
        if (!read_exponent(r, &num))
            return false;
    }
    if (r->at - start > NUMBER_MAX)
        return stop(r, E_LIMIT, start);
    if (num.whole && num.digits <= 19 && num.mantissa <= (u64)INT64_MAX + num.minus &&
        (num.mantissa || !num.minus)) {
        v->kind = JSON_INT;
        v->i = num.minus ? (i64)(0 - num.mantissa) : (i64)num.mantissa;
        return true;
    }
    v->kind = JSON_FLOAT;
    return number_float(r, &num, start, &v->f);
}

/* ---- values ---- */

static bool read_value(struct reader *r, struct json *v, unsigned depth);

static bool read_word(struct reader *r, str word)
{
    if (!str_starts((str){ r->p + r->at, r->n - r->at }, word))
        return bad(r);
    r->at += word.n;
    return true;
}

static bool read_array(struct reader *r, struct json *v, unsigned depth)
{
    size_t base = r->top;
    skip_space(r);
    if (!next_is(r, ']')) {
        for (;;) {
            struct json one = { 0 };
            if (!read_value(r, &one, depth))
                return false;
            push(r)->m.value = one;
            skip_space(r);
            if (next_is(r, ']'))
                break;
            if (!next_is(r, ','))
                return bad(r);
        }
    }
    size_t n = r->top - base;
    if (n > UINT32_MAX)
        return stop(r, E_LIMIT, r->at);
    struct json *at = out_get(r, n * sizeof *at);
    if (!at)
        return false;
    for (size_t i = 0; i < n; i++)
        at[i] = r->stack[base + i].m.value;
    r->top = base;
    *v = (struct json){ .kind = JSON_ARRAY, .n = (u32)n, .at = at };
    return true;
}

/* Index of the first slot whose key stood before, or n. */
static size_t find_duplicate(struct reader *r, const struct slot *s, size_t n)
{
    if (n <= PAIRWISE_MAX) {
        for (size_t i = 1; i < n; i++)
            for (size_t j = 0; j < i; j++)
                if (str_eq(s[i].m.key, s[j].m.key))
                    return i;
        return n;
    }
    size_t room = 32;
    while (room < n * 2)
        room *= 2;
    u32 *table = arena_get(own_arena(r), sizeof *table, room, 8);
    for (size_t i = 0; i < n; i++) {
        size_t h = hash_bytes(s[i].m.key.p, s[i].m.key.n) & (room - 1);
        for (; table[h]; h = (h + 1) & (room - 1))
            if (str_eq(s[table[h] - 1].m.key, s[i].m.key))
                return i;
        table[h] = (u32)i + 1;
    }
    return n;
}

static bool read_member(struct reader *r, unsigned depth)
{
    struct slot one = { 0 };
    skip_space(r);
    one.at = r->at;
    if (!next_is(r, '"'))
        return bad(r);
    if (!read_string(r, &one.m.key))
        return false;
    skip_space(r);
    if (!next_is(r, ':'))
        return bad(r);
    if (!read_value(r, &one.m.value, depth))
        return false;
    *push(r) = one;
    return true;
}

static bool read_object(struct reader *r, struct json *v, unsigned depth)
{
    size_t base = r->top;
    skip_space(r);
    if (!next_is(r, '}')) {
        do {
            if (!read_member(r, depth))
                return false;
            skip_space(r);
        } while (next_is(r, ','));
        if (!next_is(r, '}'))
            return bad(r);
    }
    size_t n = r->top - base;
    if (n >= UINT32_MAX)
        return stop(r, E_LIMIT, r->at);
    size_t twice = find_duplicate(r, r->stack + base, n);
    if (twice < n)
        return stop(r, E_INVALID, r->stack[base + twice].at);
    struct json_member *members = out_get(r, n * sizeof *members);
    if (!members)
        return false;
    for (size_t i = 0; i < n; i++)
        members[i] = r->stack[base + i].m;
    r->top = base;
    *v = (struct json){ .kind = JSON_OBJECT, .n = (u32)n, .members = members };
    return true;
}

static bool read_value(struct reader *r, struct json *v, unsigned depth)
{
    skip_space(r);
    if (r->at == r->n)
        return bad(r);
    switch (r->p[r->at]) {
    case '{':
    case '[':
        if (depth == r->depth_max)
            return stop(r, E_LIMIT, r->at);
        return r->p[r->at++] == '{' ? read_object(r, v, depth + 1) : read_array(r, v, depth + 1);
    case '"':
        r->at++;
        v->kind = JSON_STR;
        return read_string(r, &v->s);
    case 't': *v = (struct json){ .kind = JSON_BOOL, .b = true }; return read_word(r, S("true"));
    case 'f': *v = (struct json){ .kind = JSON_BOOL, .b = false }; return read_word(r, S("false"));
    case 'n': *v = (struct json){ .kind = JSON_NULL }; return read_word(r, S("null"));
    default: return read_number(r, v);
    }
}

err json_parse(struct arena *out, str text, const struct json **ret, size_t *reterr_pos)
{
    return json_parse_deep(out, text, JSON_DEPTH_MAX, ret, reterr_pos);
}

err json_parse_deep(struct arena *out, str text, unsigned depth_max, const struct json **ret,
                    size_t *reterr_pos)
{
    must(depth_max <= JSON_DEEP_MAX);
    struct slot first[STACK_FIRST];
    struct reader r = { .p = text.p, .n = text.n, .out = out, .stack = first, .room = STACK_FIRST,
                        .depth_max = depth_max };
    struct json root = { 0 };
    struct json *v = NULL;
    if (read_value(&r, &root, 0)) {
        skip_space(&r);
        if (r.at < r.n)
            bad(&r);
        else if ((v = out_get(&r, sizeof *v)) != NULL)
            *v = root;
    }
    arena_free(r.own);
    if (!r.fault && arena_doomed(out))
        stop(&r, E_LIMIT, r.at);
    if (r.fault) {
        if (reterr_pos)
            *reterr_pos = r.at;
        return r.fault;
    }
    *ret = v;
    return E_NONE;
}

const struct json *json_get(const struct json *object, str key)
{
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    for (u32 i = 0; i < object->n; i++)
        if (str_eq(object->members[i].key, key))
            return &object->members[i].value;
    return NULL;
}

str json_str_or(const struct json *v, str otherwise)
{
    return v && v->kind == JSON_STR ? v->s : otherwise;
}

i64 json_i64_or(const struct json *v, i64 otherwise)
{
    return v && v->kind == JSON_INT ? v->i : otherwise;
}
