/* SPDX-License-Identifier: Apache-2.0 */
/* The extension types ipaddr, decimal, datetime and duration: their texts and their functions. The
 * texts accepted are exactly those of the language's reference: stricter than most readers (no
 * leading zeros in an IPv4 octet or a prefix, no IPv4 inside IPv6, at most four digits after a
 * decimal's point, milliseconds in three digits or none). */
#include <string.h>

#include "base/time.h"
#include "cedar/internal.h"

#define B   CEDAR_BOOL
#define L   CEDAR_LONG
#define T   CEDAR_STRING
#define DEC CEDAR_DECIMAL
#define DT  CEDAR_DATETIME
#define DUR CEDAR_DURATION
#define IP  CEDAR_IP
const struct ext_row cedar_ext_rows[FN_COUNT] = {
    [FN_IP] = { S_INIT("ip"), { T }, 1, IP, false },
    [FN_DECIMAL] = { S_INIT("decimal"), { T }, 1, DEC, false },
    [FN_DATETIME] = { S_INIT("datetime"), { T }, 1, DT, false },
    [FN_DURATION] = { S_INIT("duration"), { T }, 1, DUR, false },
    [FN_LESS_THAN] = { S_INIT("lessThan"), { DEC, DEC }, 2, B, true },
    [FN_LESS_EQ] = { S_INIT("lessThanOrEqual"), { DEC, DEC }, 2, B, true },
    [FN_GREATER_THAN] = { S_INIT("greaterThan"), { DEC, DEC }, 2, B, true },
    [FN_GREATER_EQ] = { S_INIT("greaterThanOrEqual"), { DEC, DEC }, 2, B, true },
    [FN_IS_IPV4] = { S_INIT("isIpv4"), { IP }, 1, B, true },
    [FN_IS_IPV6] = { S_INIT("isIpv6"), { IP }, 1, B, true },
    [FN_IS_LOOPBACK] = { S_INIT("isLoopback"), { IP }, 1, B, true },
    [FN_IS_MULTICAST] = { S_INIT("isMulticast"), { IP }, 1, B, true },
    [FN_IS_IN_RANGE] = { S_INIT("isInRange"), { IP, IP }, 2, B, true },
    [FN_OFFSET] = { S_INIT("offset"), { DT, DUR }, 2, DT, true },
    [FN_DURATION_SINCE] = { S_INIT("durationSince"), { DT, DT }, 2, DUR, true },
    [FN_TO_DATE] = { S_INIT("toDate"), { DT }, 1, DT, true },
    [FN_TO_TIME] = { S_INIT("toTime"), { DT }, 1, DUR, true },
    [FN_TO_MS] = { S_INIT("toMilliseconds"), { DUR }, 1, L, true },
    [FN_TO_SECONDS] = { S_INIT("toSeconds"), { DUR }, 1, L, true },
    [FN_TO_MINUTES] = { S_INIT("toMinutes"), { DUR }, 1, L, true },
    [FN_TO_HOURS] = { S_INIT("toHours"), { DUR }, 1, L, true },
    [FN_TO_DAYS] = { S_INIT("toDays"), { DUR }, 1, L, true },
};
#undef B
#undef L
#undef T
#undef DEC
#undef DT
#undef DUR
#undef IP

int ext_of_name(str name)
{
    for (int i = 0; i < FN_COUNT; i++)
        if (str_eq(cedar_ext_rows[i].name, name))
            return i;
    return -1;
}

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* Up to max digits at *s, stepping over them; -1 for none or more. No leading zero unless it is the
 * whole number. */
static int small_number(str *s, size_t max, bool zeros)
{
    size_t n = 0;
    int v = 0;
    while (n < s->n && digit(s->p[n])) {
        if (n == max)
            return -1;
        v = v * 10 + (s->p[n++] - '0');
    }
    if (!n || (n > 1 && s->p[0] == '0' && !zeros))
        return -1;
    *s = str_sub(*s, n, s->n);
    return v;
}

static bool ip_v4(str s, u8 *ret)
{
    for (int i = 0; i < 4; i++) {
        int v = small_number(&s, 3, false);
        if (v < 0 || v > 255)
            return false;
        ret[i] = (u8)v;
        if (i < 3) {
            if (!s.n || s.p[0] != '.')
                return false;
            s = str_sub(s, 1, s.n);
        }
    }
    return s.n == 0;
}

static int hex_group(str *s)
{
    int v = 0;
    size_t n = 0;
    for (; n < s->n && n < 5; n++) {
        char c = s->p[n];
        int d = digit(c)               ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            break;
        v = v * 16 + d;
    }
    if (!n || n > 4)
        return -1;
    *s = str_sub(*s, n, s->n);
    return v;
}

static bool ip_v6(str s, u8 *ret)
{
    u8 head[16] = { 0 }, tail[16] = { 0 };
    int head_n = 0, tail_n = 0;
    bool gap = false;
    if (str_starts(s, S("::"))) {
        gap = true;
        s = str_sub(s, 2, s.n);
        if (!s.n) {
            memset(ret, 0, 16);
            return true;
        }
    }
    for (;;) {
        int v = hex_group(&s);
        if (v < 0 || head_n + tail_n >= 8)
            return false;
        u8 *at = gap ? &tail[2 * tail_n++] : &head[2 * head_n++];
        at[0] = (u8)(v >> 8);
        at[1] = (u8)v;
        if (!s.n)
            break;
        if (s.p[0] != ':')
            return false;
        s = str_sub(s, 1, s.n);
        if (!gap && s.n && s.p[0] == ':') {
            gap = true;
            s = str_sub(s, 1, s.n);
            if (!s.n)
                break;
        }
    }
    if (gap ? head_n + tail_n > 7 : head_n != 8)
        return false;
    memset(ret, 0, 16);
    memcpy(ret, head, (size_t)head_n * 2);
    memcpy(ret + 16 - tail_n * 2, tail, (size_t)tail_n * 2);
    return true;
}

err cedar_parse_ip(struct arena *out, str s, struct cedar_value *ret)
{
    str prefix = s, addr = str_cut(&prefix, '/');
    struct cedar_ip ip = { .prefix = 32 };
    if (!ip_v4(addr, ip.addr)) {
        memset(ip.addr, 0, sizeof ip.addr);
        if (!ip_v6(addr, ip.addr))
            return E_INVALID;
        ip.v6 = true;
        ip.prefix = 128;
    }
    if (prefix.p) {
        int v = small_number(&prefix, 3, false);
        if (v < 0 || prefix.n || v > (ip.v6 ? 128 : 32))
            return E_INVALID;
        ip.prefix = (u8)v;
    }
    struct cedar_ip *at = NEW(out, struct cedar_ip);
    *at = ip;
    *ret = (struct cedar_value){ .kind = CEDAR_IP, .ip = at };
    return E_NONE;
}

err cedar_parse_decimal(str s, struct cedar_value *ret)
{
    bool minus = s.n && s.p[0] == '-';
    size_t i = minus, whole = 0, frac = 0;
    i64 v = 0;
    for (; i < s.n && digit(s.p[i]); i++, whole++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s.p[i] - '0', &v))
            return E_INVALID;
    if (!whole || i == s.n || s.p[i++] != '.')
        return E_INVALID;
    for (; i < s.n && digit(s.p[i]); i++, frac++)
        if (frac == 4 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, s.p[i] - '0', &v))
            return E_INVALID;
    if (!frac || i < s.n)
        return E_INVALID;
    for (; frac < 4; frac++)
        if (__builtin_mul_overflow(v, 10, &v))
            return E_INVALID;
    if (!minus &&
        __builtin_sub_overflow(0, v, &v)) /* collected below zero, where one more value fits */
        return E_INVALID;
    *ret = (struct cedar_value){ .kind = CEDAR_DECIMAL, .i = v };
    return E_NONE;
}

static bool fixed(str s, size_t at, size_t n, int *ret)
{
    if (s.n < at + n)
        return false;
    int v = 0;
    for (size_t i = at; i < at + n; i++) {
        if (!digit(s.p[i]))
            return false;
        v = v * 10 + (s.p[i] - '0');
    }
    *ret = v;
    return true;
}

static bool at_char(str s, size_t at, char c) { return at < s.n && s.p[at] == c; }

/* "Z", ".123Z", "+0800", ".123-0130": what follows the seconds. */
static bool datetime_tail(str s, i64 *ret_ms)
{
    int ms = 0, hh = 0, mm = 0;
    size_t i = 0;
    if (at_char(s, 0, '.')) {
        if (!fixed(s, 1, 3, &ms))
            return false;
        i = 4;
    }
    if (s.n == i + 1 && s.p[i] == 'Z') {
        *ret_ms = ms;
        return true;
    }
    if (s.n != i + 5 || (s.p[i] != '+' && s.p[i] != '-') || !fixed(s, i + 1, 2, &hh) ||
        !fixed(s, i + 3, 2, &mm) || hh > 23 || mm > 59)
        return false;
    i64 offset = ((i64)hh * 60 + mm) * 60000;
    *ret_ms = ms + (s.p[i] == '+' ? -offset : offset);
    return true;
}

err cedar_parse_datetime(str s, struct cedar_value *ret)
{
    int year, month, day, h = 0, m = 0, sec = 0;
    if (!fixed(s, 0, 4, &year) || !at_char(s, 4, '-') || !fixed(s, 5, 2, &month) ||
        !at_char(s, 7, '-') || !fixed(s, 8, 2, &day))
        return E_INVALID;
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1] + (month == 2 && leap))
        return E_INVALID;
    i64 ms = 0;
    if (s.n > 10) {
        if (s.p[10] != 'T' || !fixed(s, 11, 2, &h) || !at_char(s, 13, ':') ||
            !fixed(s, 14, 2, &m) || !at_char(s, 16, ':') || !fixed(s, 17, 2, &sec) || h > 23 ||
            m > 59 || sec > 59)
            return E_INVALID;
        if (!datetime_tail(str_sub(s, 19, s.n), &ms))
            return E_INVALID;
    }
    ms += time_days(year, (unsigned)month, (unsigned)day) * 86400000 + (i64)h * 3600000 +
          (i64)m * 60000 + (i64)sec * 1000;
    *ret = cedar_datetime(ms);
    return E_NONE;
}

/* A number and the unit at *s, when the unit there is this one. */
static bool duration_part(str *s, str unit, i64 scale, bool minus, i64 *sum)
{
    size_t n = 0;
    while (n < s->n && digit(s->p[n]))
        n++;
    str rest = str_sub(*s, n, s->n);
    if (!n || !str_starts(rest, unit) || (unit.n == 1 && unit.p[0] == 'm' && at_char(rest, 1, 's')))
        return true; /* not this unit: a later one may fit */
    i64 v = 0;
    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s->p[i] - '0', &v))
            return false;
    if (!minus && __builtin_sub_overflow(0, v, &v))
        return false;
    *s = str_sub(rest, unit.n, rest.n);
    if (scale != 1 && v == INT64_MIN)
        return false;
    return !__builtin_mul_overflow(v, scale, &v) && !__builtin_add_overflow(*sum, v, sum);
}

err cedar_parse_duration(str s, struct cedar_value *ret)
{
    static const struct {
        str unit;
        i64 scale;
    } units[] = {
        { S_INIT("d"), 86400000 }, { S_INIT("h"), 3600000 }, { S_INIT("m"), 60000 },
        { S_INIT("s"), 1000 },     { S_INIT("ms"), 1 },
    };
    bool minus = at_char(s, 0, '-');
    s = str_sub(s, minus, s.n);
    if (!s.n)
        return E_INVALID;
    i64 sum = 0;
    for (size_t i = 0; i < COUNT(units); i++)
        if (!duration_part(&s, units[i].unit, units[i].scale, minus, &sum))
            return E_INVALID;
    if (s.n)
        return E_INVALID;
    *ret = cedar_duration(sum);
    return E_NONE;
}

/* ---- Functions ---- */

static bool prefix_eq(const u8 *a, const u8 *b, unsigned bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    if (bits % 8 == 0)
        return true;
    u8 mask = (u8)(0xff << (8 - bits % 8));
    return (a[bits / 8] & mask) == (b[bits / 8] & mask);
}

static bool ip_test(enum ext_fn fn, const struct cedar_ip *a, const struct cedar_ip *b)
{
    static const u8 loopback6[16] = { [15] = 1 };
    switch (fn) {
    case FN_IS_IPV4: return !a->v6;
    case FN_IS_IPV6: return a->v6;
    case FN_IS_LOOPBACK:
        return a->v6 ? a->prefix == 128 && memcmp(a->addr, loopback6, 16) == 0
                     : a->prefix >= 8 && a->addr[0] == 127;
    case FN_IS_MULTICAST:
        return a->v6 ? a->addr[0] == 0xff && a->prefix >= 8
                     : a->addr[0] >> 4 == 14 && a->prefix >= 4;
    default:
        return a->v6 == b->v6 && a->prefix >= b->prefix && prefix_eq(a->addr, b->addr, b->prefix);
    }
}

static bool construct(struct eval *v, enum ext_fn fn, const struct expr *e,
                      const struct cedar_value *arg, struct cedar_value *ret)
{
    str s = { arg->p, arg->n };
    err got = fn == FN_IP         ? cedar_parse_ip(v->scratch, s, ret)
              : fn == FN_DECIMAL  ? cedar_parse_decimal(s, ret)
              : fn == FN_DATETIME ? cedar_parse_datetime(s, ret)
                                  : cedar_parse_duration(s, ret);
    if (got == E_NONE)
        return true;
    v->error.got = *arg;
    v->error.name = cedar_ext_rows[fn].name;
    return eval_fail(v, CEDAR_E_EXT, e);
}

static bool overflow(struct eval *v, enum ext_fn fn, const struct expr *e,
                     const struct cedar_value *arg)
{
    v->error.got = *arg;
    v->error.name = cedar_ext_rows[fn].name;
    return eval_fail(v, CEDAR_E_EXT, e);
}

static i64 floor_day(i64 ms)
{
    return ms % 86400000 < 0 ? ms % 86400000 + 86400000 : ms % 86400000;
}

static bool time_call(struct eval *v, const struct expr *e, const struct cedar_value *args,
                      struct cedar_value *ret)
{
    enum ext_fn fn = e->sub;
    i64 a = args[0].i, out;
    switch (fn) {
    case FN_OFFSET:
        if (__builtin_add_overflow(a, args[1].i, &out))
            return overflow(v, fn, e, &args[0]);
        *ret = cedar_datetime(out);
        return true;
    case FN_DURATION_SINCE:
        if (__builtin_sub_overflow(a, args[1].i, &out))
            return overflow(v, fn, e, &args[0]);
        *ret = cedar_duration(out);
        return true;
    case FN_TO_DATE:
        if (__builtin_sub_overflow(a, floor_day(a), &out))
            return overflow(v, fn, e, &args[0]);
        *ret = cedar_datetime(out);
        return true;
    case FN_TO_TIME: *ret = cedar_duration(floor_day(a)); return true;
    case FN_TO_MS: *ret = cedar_long(a); return true;
    case FN_TO_SECONDS: *ret = cedar_long(a / 1000); return true;
    case FN_TO_MINUTES: *ret = cedar_long(a / 60000); return true;
    case FN_TO_HOURS: *ret = cedar_long(a / 3600000); return true;
    default: *ret = cedar_long(a / 86400000); return true;
    }
}

bool ext_call(struct eval *v, const struct expr *e, const struct cedar_value *args,
              struct cedar_value *ret)
{
    enum ext_fn fn = e->sub;
    const struct ext_row *row = &cedar_ext_rows[fn];
    if (e->n != row->argc) {
        v->error.name = row->name;
        return eval_fail(v, CEDAR_E_ARITY, e);
    }
    for (u32 i = 0; i < row->argc; i++)
        if (args[i].kind != row->args[i]) {
            v->error.got = args[i];
            v->error.name = str_from(cedar_kind_name(row->args[i]));
            return eval_fail(v, CEDAR_E_TYPE, e);
        }
    if (fn <= FN_DURATION)
        return construct(v, fn, e, &args[0], ret);
    if (fn <= FN_GREATER_EQ) {
        i64 a = args[0].i, b = args[1].i;
        *ret = cedar_bool(fn == FN_LESS_THAN      ? a < b
                          : fn == FN_LESS_EQ      ? a <= b
                          : fn == FN_GREATER_THAN ? a > b
                                                  : a >= b);
        return true;
    }
    if (fn <= FN_IS_IN_RANGE) {
        *ret = cedar_bool(ip_test(fn, args[0].ip, row->argc == 2 ? args[1].ip : NULL));
        return true;
    }
    return time_call(v, e, args, ret);
}
