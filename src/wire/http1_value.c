/* SPDX-License-Identifier: Apache-2.0 */
/* Values of fields (ranges, entity tags, weights, dates) and the writer of response heads. What
 * cannot be read is treated as absent, never guessed at. */
#include "wire/http1.h"

#include <string.h>

/* ---- Range (RFC 9110 14.2) */

enum http1_range http1_range(str value, u64 size, u64 *ret_from, u64 *ret_n)
{
    if (!str_starts(value, S("bytes=")) || str_has(value, ','))
        return HTTP1_RANGE_NONE;
    str last = str_trim(str_sub(value, 6, value.n));
    if (!str_has(last, '-') || last.n > 40)
        return HTTP1_RANGE_NONE;
    str begin = str_cut(&last, '-');
    u64 from = 0, to = 0;
    bool has_from = begin.n > 0, has_to = last.p && last.n > 0;
    if ((has_from && str_u64(begin, &from) != E_NONE) || (has_to && str_u64(last, &to) != E_NONE) ||
        (!has_from && !has_to) || (has_from && has_to && to < from))
        return HTTP1_RANGE_NONE;
    if (!has_from) { /* the last `to` bytes */
        if (to == 0 || size == 0)
            return HTTP1_RANGE_BAD;
        *ret_n = MIN(to, size);
        *ret_from = size - *ret_n;
        return HTTP1_RANGE_ONE;
    }
    if (from >= size)
        return HTTP1_RANGE_BAD;
    *ret_from = from;
    *ret_n = (has_to ? MIN(to, size - 1) : size - 1) - from + 1;
    return HTTP1_RANGE_ONE;
}

/* ---- If-None-Match (RFC 9110 13.1.2) */

static str without_weak(str tag)
{
    return str_starts(tag, S("W/")) ? str_sub(tag, 2, tag.n) : tag;
}

bool http1_etag_matches(str list, str etag)
{
    if (str_eq(str_trim(list), S("*")))
        return true;
    str want = without_weak(etag);
    while (list.n) {
        list = str_trim(list);
        list = without_weak(list);
        if (!list.n || list.p[0] != '"')
            return false;
        const char *end = memchr(list.p + 1, '"', list.n - 1);
        if (!end)
            return false;
        str tag = { list.p, (size_t)(end - list.p) + 1 };
        if (str_eq(tag, want))
            return true;
        list = str_trim(str_sub(list, tag.n, list.n));
        if (list.n && list.p[0] != ',')
            return false;
        list = str_sub(list, 1, list.n);
    }
    return false;
}

/* ---- Accept-Encoding (RFC 9110 12.5.3) */

/* "1", "0.5", "0.123": thousandths; 0 when it cannot be read. */
static int weight_of(str q)
{
    if (!q.n || q.n > 5 || (q.p[0] != '0' && q.p[0] != '1') || (q.n > 1 && q.p[1] != '.'))
        return 0;
    int w = (q.p[0] - '0') * 1000, unit = 100;
    for (size_t i = 2; i < q.n; i++, unit /= 10) {
        if (q.p[i] < '0' || q.p[i] > '9')
            return 0;
        w += (q.p[i] - '0') * unit;
    }
    return MIN(w, 1000);
}

int http1_accepts(str value, str coding)
{
    int star = -1;
    while (value.p) {
        str item = str_cut(&value, ',');
        str name = str_trim(str_cut(&item, ';'));
        str param = item.p ? str_trim(item) : (str){ 0 };
        int w = 1000;
        if (param.n > 2 && (param.p[0] | 0x20) == 'q' && param.p[1] == '=')
            w = weight_of(str_sub(param, 2, param.n));
        if (str_eq_nocase(name, coding))
            return w;
        if (str_eq(name, S("*")))
            star = w;
    }
    if (str_eq(coding, S("identity")))
        return star == 0 ? 0 : 1000;
    return MAX(star, 0);
}

/* ---- dates (RFC 9110 5.6.7) */

static const char day_names[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static void two(char *p, i64 v)
{
    p[0] = (char)('0' + v / 10 % 10);
    p[1] = (char)('0' + v % 10);
}

void http1_date_put(char out[HTTP1_DATE_BYTES], usec t)
{
    i64 s = MAX(t, 0) / USEC_S, days = s / 86400, year;
    unsigned month, day;
    time_civil(days, &year, &month, &day);
    year = MIN(year, 9999);
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", HTTP1_DATE_BYTES);
    memcpy(out, day_names + days % 7 * 3, 3);
    two(out + 5, day);
    memcpy(out + 8, month_names + (month - 1) * 3, 3);
    two(out + 12, year / 100);
    two(out + 14, year);
    two(out + 17, s / 3600 % 24);
    two(out + 20, s / 60 % 60);
    two(out + 23, s % 60);
}

static i64 digits(str s, size_t at, size_t n)
{
    i64 v = 0;
    for (size_t i = at; i < at + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        v = v * 10 + (s.p[i] - '0');
    }
    return v;
}

err http1_date_parse(str s, usec *ret)
{
    if (s.n != HTTP1_DATE_BYTES)
        return E_INVALID;
    i64 day = digits(s, 5, 2), year = digits(s, 12, 4), hour = digits(s, 17, 2),
        min = digits(s, 20, 2), sec = digits(s, 23, 2);
    unsigned month = 0;
    for (unsigned m = 0; m < 12; m++)
        if (!memcmp(s.p + 8, month_names + m * 3, 3))
            month = m + 1;
    if (!month || day < 1 || day > 31 || year < 1970 || hour < 0 || hour > 23 || min < 0 ||
        min > 59 || sec < 0 || sec > 59)
        return E_INVALID;
    usec t =
        (time_days(year, month, (unsigned)day) * 86400 + hour * 3600 + min * 60 + sec) * USEC_S;
    char back[HTTP1_DATE_BYTES]; /* catches the wrong weekday, 31 February and bad punctuation */
    http1_date_put(back, t);
    if (memcmp(back, s.p, sizeof back) != 0)
        return E_INVALID;
    *ret = t;
    return E_NONE;
}

/* ---- writing */

struct status {
    u16 code;
    str reason;
};
static const struct status statuses[] = {
    { 200, S_INIT("OK") },
    { 201, S_INIT("Created") },
    { 202, S_INIT("Accepted") },
    { 204, S_INIT("No Content") },
    { 206, S_INIT("Partial Content") },
    { 301, S_INIT("Moved Permanently") },
    { 302, S_INIT("Found") },
    { 303, S_INIT("See Other") },
    { 304, S_INIT("Not Modified") },
    { 307, S_INIT("Temporary Redirect") },
    { 308, S_INIT("Permanent Redirect") },
    { 400, S_INIT("Bad Request") },
    { 401, S_INIT("Unauthorized") },
    { 403, S_INIT("Forbidden") },
    { 404, S_INIT("Not Found") },
    { 405, S_INIT("Method Not Allowed") },
    { 406, S_INIT("Not Acceptable") },
    { 408, S_INIT("Request Timeout") },
    { 409, S_INIT("Conflict") },
    { 410, S_INIT("Gone") },
    { 412, S_INIT("Precondition Failed") },
    { 413, S_INIT("Content Too Large") },
    { 415, S_INIT("Unsupported Media Type") },
    { 416, S_INIT("Range Not Satisfiable") },
    { 417, S_INIT("Expectation Failed") },
    { 422, S_INIT("Unprocessable Content") },
    { 426, S_INIT("Upgrade Required") },
    { 429, S_INIT("Too Many Requests") },
    { 431, S_INIT("Request Header Fields Too Large") },
    { 500, S_INIT("Internal Server Error") },
    { 501, S_INIT("Not Implemented") },
    { 502, S_INIT("Bad Gateway") },
    { 503, S_INIT("Service Unavailable") },
    { 504, S_INIT("Gateway Timeout") },
    { 505, S_INIT("HTTP Version Not Supported") },
    { 507, S_INIT("Insufficient Storage") },
    { 100, S_INIT("Continue") },
    { 101, S_INIT("Switching Protocols") },
};

str http1_reason(u16 status)
{
    for (size_t i = 0; i < COUNT(statuses); i++)
        if (statuses[i].code == status)
            return statuses[i].reason;
    return S("Status");
}

size_t http1_reply_room(const struct http1_reply *r)
{
    size_t n = 256 + r->content_type.n + r->block.n + r->lines.n + r->date.n;
    for (size_t i = 0; i < r->n_fields; i++)
        n += r->fields[i].name.n + r->fields[i].value.n + 4;
    return n;
}

static char *put(char *p, str s)
{
    memcpy(p, s.p, s.n);
    return p + s.n;
}

static char *put_if(char *p, str s)
{
    return s.n ? put(p, s) : p;
}

static char *put_field(char *p, str name, str value)
{
    p = put(put(put(p, name), S(": ")), value);
    return put(p, S("\r\n"));
}

static char *put_u64(char *p, u64 v)
{
    char text[20];
    size_t at = sizeof text;
    do
        text[--at] = (char)('0' + v % 10);
    while (v /= 10);
    return put(p, (str){ text + at, sizeof text - at });
}

size_t http1_reply_put(char *out, const struct http1_reply *r)
{
    char *p = out;
    if (r->status == 200) {
        p = put(p, S("HTTP/1.1 200 OK\r\n"));
    } else {
        p = put_u64(put(p, S("HTTP/1.1 ")), r->status);
        *p++ = ' ';
        p = put(put(p, http1_reason(r->status)), S("\r\n"));
    }
    if (r->date.n)
        p = put_field(p, S("Date"), r->date);
    if (r->content_type.n)
        p = put_field(p, S("Content-Type"), r->content_type);
    if (!r->no_length)
        p = put(put_u64(put(p, S("Content-Length: ")), r->length), S("\r\n"));
    p = put_if(put_if(p, r->block), r->lines);
    for (size_t i = 0; i < r->n_fields; i++)
        p = put_field(p, r->fields[i].name, r->fields[i].value);
    if (r->close)
        p = put(p, S("Connection: close\r\n"));
    p = put(p, S("\r\n"));
    return (size_t)(p - out);
}
