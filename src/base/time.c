/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 text and civil dates, without libc's time zone machinery. */
#include "base/time.h"

i64 time_days(i64 y, unsigned m, unsigned d)
{
    y -= m <= 2;
    i64 era = (y >= 0 ? y : y - 399) / 400;
    i64 yoe = y - era * 400;
    i64 doy = (153 * (i64)(m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    i64 doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void time_civil(i64 days, i64 *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468;
    i64 era = (days >= 0 ? days : days - 146096) / 146097;
    i64 doe = days - era * 146097;
    i64 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    i64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    i64 mp = (5 * doy + 2) / 153;
    *ret_day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    *ret_year = yoe + era * 400 + (*ret_month <= 2);
}

/* n digits of v and what stands after them; written for every row of a page, so without stdio. */
static void put_digits(struct buf *b, u32 v, unsigned n, char after)
{
    char text[8];
    for (unsigned i = n; i-- > 0; v /= 10)
        text[i] = (char)('0' + v % 10);
    text[n] = after;
    buf_bytes(b, text, n + 1);
}

void time_put(struct buf *b, usec t)
{
    i64 days = t / USEC_DAY - (t % USEC_DAY < 0);
    i64 rest = t - days * USEC_DAY, y;
    unsigned m, d;
    time_civil(days, &y, &m, &d);
    put_digits(b, (u32)y, 4, '-');
    put_digits(b, m, 2, '-');
    put_digits(b, d, 2, 'T');
    put_digits(b, (u32)(rest / USEC_HOUR), 2, ':');
    put_digits(b, (u32)(rest / USEC_MIN % 60), 2, ':');
    put_digits(b, (u32)(rest / USEC_S % 60), 2, rest % USEC_S ? '.' : 'Z');
    if (rest % USEC_S)
        put_digits(b, (u32)(rest % USEC_S), 6, 'Z');
}

/* n digits at the front of *s, within lo..hi; steps over them. */
static bool digits(str *s, unsigned n, unsigned lo, unsigned hi, unsigned *ret)
{
    unsigned v = 0;
    if (s->n < n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s->p[i] - '0');
    }
    *s = str_sub(*s, n, s->n);
    *ret = v;
    return v >= lo && v <= hi;
}

static bool one(str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_sub(*s, 1, s->n);
    return true;
}

static unsigned month_days(unsigned y, unsigned m)
{
    static const u8 len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : len[m - 1];
}

static bool offset(str *s, usec *ret)
{
    if (one(s, 'Z')) {
        *ret = 0;
        return true;
    }
    unsigned h, m;
    bool minus = s->n && s->p[0] == '-';
    if (!one(s, minus ? '-' : '+') || !digits(s, 2, 0, 23, &h) || !one(s, ':') ||
        !digits(s, 2, 0, 59, &m))
        return false;
    *ret = (h * USEC_HOUR + m * USEC_MIN) * (minus ? -1 : 1);
    return true;
}

err time_parse(str s, usec *ret)
{
    unsigned y, mo, d, h, mi, sec;
    usec frac = 0, zone = 0;
    if (!digits(&s, 4, 1970, 9999, &y) || !one(&s, '-') || !digits(&s, 2, 1, 12, &mo) ||
        !one(&s, '-') || !digits(&s, 2, 1, 31, &d) || d > month_days(y, mo) || !one(&s, 'T') ||
        !digits(&s, 2, 0, 23, &h) || !one(&s, ':') || !digits(&s, 2, 0, 59, &mi) || !one(&s, ':') ||
        !digits(&s, 2, 0, 59, &sec))
        return E_INVALID;
    if (one(&s, '.')) {
        usec scale = USEC_S;
        size_t before = s.n;
        for (unsigned v; s.n && digits(&s, 1, 0, 9, &v);) {
            scale /= 10;
            frac += (usec)v * scale;
        }
        if (before == s.n || before - s.n > 9)
            return E_INVALID;
    }
    if (!offset(&s, &zone) || s.n)
        return E_INVALID;
    usec t =
        time_days(y, mo, d) * USEC_DAY + h * USEC_HOUR + mi * USEC_MIN + sec * USEC_S + frac - zone;
    if (t < 0)
        return E_INVALID;
    *ret = t;
    return E_NONE;
}
