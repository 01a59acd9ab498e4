/* SPDX-License-Identifier: Apache-2.0 */
/* Views of bytes: comparison, search, cutting, numbers, copies. */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

str str_from(const char *z)
{
    return z ? (str){ z, strlen(z) } : (str){ 0 };
}

bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eq_z(str a, const char *z)
{
    return str_eq(a, str_from(z));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(str a, str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_eq_secret(str a, str b)
{
    if (a.n != b.n)
        return false;
    unsigned diff = 0;
    for (size_t i = 0; i < a.n; i++)
        diff |= (unsigned)(unsigned char)(a.p[i] ^ b.p[i]);
    return diff == 0;
}

int str_cmp(str a, str b)
{
    size_t n = MIN(a.n, b.n);
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq((str){ s.p, prefix.n }, prefix);
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq((str){ s.p + (s.n - suffix.n), suffix.n }, suffix);
}

bool str_has(str s, char c)
{
    return s.n && memchr(s.p, c, s.n) != NULL;
}

ptrdiff_t str_find(str s, str needle)
{
    if (needle.n == 0)
        return 0;
    if (needle.n > s.n)
        return -1;
    const char *p = memmem(s.p, s.n, needle.p, needle.n);
    return p ? p - s.p : -1;
}

str str_trim(str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

str str_sub(str s, size_t from, size_t to)
{
    to = MIN(to, s.n);
    from = MIN(from, to);
    return s.p ? (str){ s.p + from, to - from } : s;
}

str str_cut(str *s, char sep)
{
    const char *at = s->n ? memchr(s->p, sep, s->n) : NULL;
    str head = *s;
    if (!at) {
        *s = (str){ 0 };
        return head;
    }
    head.n = (size_t)(at - s->p);
    *s = (str){ at + 1, s->n - head.n - 1 };
    return head;
}

err str_u64(str s, u64 *ret)
{
    u64 v = 0;
    if (s.n == 0)
        return E_INVALID;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return E_INVALID;
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (u64)(s.p[i] - '0'), &v))
            return E_INVALID;
    }
    *ret = v;
    return E_NONE;
}

err str_i64(str s, i64 *ret)
{
    bool minus = s.n && s.p[0] == '-';
    u64 v = 0;
    TRY(str_u64(minus ? str_sub(s, 1, s.n) : s, &v));
    if (v > (u64)INT64_MAX + minus)
        return E_INVALID;
    *ret = minus ? (i64)(0 - v) : (i64)v;
    return E_NONE;
}

char *str_z(struct arena *out, str s)
{
    char *p = arena_get_raw(out, s.n + 1, 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

str str_copy(struct arena *out, str s)
{
    return (str){ str_z(out, s), s.n };
}

str str_fmt(struct arena *out, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    must(n >= 0);
    char *p = arena_get_raw(out, (size_t)n + 1, 1);
    (void)vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (str){ p, (size_t)n };
}

static void secret_wipe(void *arg)
{
    struct secret *s = arg;
    explicit_bzero(s->p, s->n);
}

struct secret secret_copy(struct arena *out, const void *bytes, size_t n)
{
    struct secret *s = NEW(out, struct secret);
    *s = (struct secret){ arena_get_raw(out, n, 1), n };
    if (n)
        memcpy(s->p, bytes, n);
    arena_undo(out, secret_wipe, s);
    return *s;
}
