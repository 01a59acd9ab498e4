/* SPDX-License-Identifier: Apache-2.0 */
/* Reads heads and chunked bodies of HTTP/1.1. One pass to find the end (memchr, so that a head that
 * trickles in costs no second look), one to read it. It guarantees: whatever is accepted has
 * exactly one framing (a length, chunks, or none), lines end in CRLF, names are tokens, values hold
 * no control bytes but tab. Nothing is allocated and nothing is changed. */
#include "wire/http1.h"

#include <string.h>

/* RFC 9110 5.6.2: letters, digits and !#$%&'*+-.^_`|~ as a bit set. */
static const u64 token_bits[4] = { 0x03ff6cfa00000000, 0x57ffffffc7fffffe, 0, 0 };

static inline bool is_token(u8 c)
{
    return token_bits[c >> 6] >> (c & 63) & 1;
}

static bool token_ok(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token((u8)s.p[i]))
            return false;
    return s.n > 0;
}

/* No control bytes but tab. Eight bytes at a time; a hit is looked at byte by byte. */
static bool text_ok(str s)
{
    const u64 ones = 0x0101010101010101, tops = ones << 7;
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        u64 x;
        memcpy(&x, s.p + i, 8);
        u64 del = x ^ (ones * 0x7f);
        if (((x - ones * 0x20) & ~x & tops) | ((del - ones) & ~del & tops))
            break;
    }
    for (; i < s.n; i++) {
        u8 c = (u8)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool http1_field_ok(str name, str value)
{
    return token_ok(name) && text_ok(value);
}

/* ---- known names */

struct known {
    str name;
    bool once;
};
static const struct known known[] = {
#define HTTP_FIELD_ROW(id, name, once) { S_INIT(name), once },
    HTTP_FIELD_MAP(HTTP_FIELD_ROW)
#undef HTTP_FIELD_ROW
};
enum { KNOWN_LEN_MAX = 24 };
/* first[n]: index of the first known name of at least n characters (a unit test checks that all are
 * found). */
static const u8 first[KNOWN_LEN_MAX + 2] = { 0,  0,  0,  1,  1,  4,  5,  10, 13, 16, 16, 19, 19,
                                             20, 25, 29, 33, 34, 37, 37, 37, 38, 39, 40, 40, 41 };

static bool same_nocase(const char *lower, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((u8)lower[i] != ((u8)p[i] | (lower[i] == '-' ? 0 : 0x20)))
            return false;
    return true;
}

enum http_field http1_field_id(str name)
{
    if (name.n < 2 || name.n > KNOWN_LEN_MAX)
        return HTTP_F_N;
    for (size_t i = first[name.n]; i < first[name.n + 1]; i++)
        if (same_nocase(known[i].name.p, name.p, name.n))
            return (enum http_field)i;
    return HTTP_F_N;
}

str http1_get(const struct http1_head *h, enum http_field f)
{
    return h->at[f] ? h->field[h->at[f] - 1].value : (str){ 0 };
}

str http1_get_by_name(const struct http1_head *h, str name)
{
    for (size_t i = 0; i < h->n; i++)
        if (str_eq_nocase(h->field[i].name, name))
            return h->field[i].value;
    return (str){ 0 };
}

bool http1_list_has(str list, str token)
{
    while (list.p)
        if (str_eq_nocase(str_trim(str_cut(&list, ',')), token))
            return true;
    return false;
}

static str moved(str s, const char *from, const char *to)
{
    return s.p ? (str){ to + (s.p - from), s.n } : s;
}

void http1_rebase(struct http1_head *h, const char *from, const char *to)
{
    h->method_text = moved(h->method_text, from, to);
    h->target = moved(h->target, from, to);
    h->path = moved(h->path, from, to);
    h->query = moved(h->query, from, to);
    for (size_t i = 0; i < h->n; i++)
        h->field[i] = (struct http1_field){ moved(h->field[i].name, from, to),
                                            moved(h->field[i].value, from, to) };
}

/* ---- heads */

err http1_scan(str in, size_t *at)
{
    size_t skip = in.n >= 2 && in.p[0] == '\r' && in.p[1] == '\n' ? 2 : 0;
    size_t i = MAX(*at, skip), end = MIN(in.n, HTTP1_HEAD_MAX + skip);
    while (i < end) {
        const char *lf = memchr(in.p + i, '\n', end - i);
        if (!lf)
            break;
        size_t k = (size_t)(lf - in.p);
        if (k == 0 || in.p[k - 1] != '\r')
            return E_INVALID;
        if (k - 1 == skip)
            return E_INVALID; /* a second empty line before anything else */
        if (k > skip + 2 && in.p[k - 2] == '\n') {
            *at = k + 1;
            return E_NONE;
        }
        i = k + 1;
    }
    *at = end;
    return in.n >= HTTP1_HEAD_MAX + skip ? E_LIMIT : E_AGAIN;
}

/* The next line without its CRLF; false when there is none. */
static bool line_next(str *in, str *ret)
{
    const char *lf = memchr(in->p, '\n', in->n);
    if (!lf || lf == in->p || lf[-1] != '\r')
        return false;
    *ret = (str){ in->p, (size_t)(lf - in->p) - 1 };
    in->n -= ret->n + 2;
    in->p = lf + 1;
    return true;
}

static err read_connection(struct http1_head *h, str value)
{
    while (value.p) {
        str token = str_trim(str_cut(&value, ','));
        if (str_eq_nocase(token, S("close")))
            h->close = true;
        else if (str_eq_nocase(token, S("upgrade")))
            h->upgrade = true;
    }
    return E_NONE;
}

/* Digits alone: no sign, no list, no space. */
static err read_length(struct http1_head *h, str value)
{
    if (!value.n || value.n > 18 || value.p[0] < '0' || value.p[0] > '9')
        return E_INVALID;
    TRY(str_u64(value, &h->length));
    h->has_length = true;
    return E_NONE;
}

static err read_known(struct http1_head *h, enum http_field id, str value, u16 *reterr_status)
{
    if (h->at[id])
        return known[id].once            ? E_INVALID
               : id == HTTP_F_CONNECTION ? read_connection(h, value)
                                         : E_NONE;
    h->at[id] = h->n;
    switch (id) {
    case HTTP_F_CONNECTION: return read_connection(h, value);
    case HTTP_F_CONTENT_LENGTH: return read_length(h, value);
    case HTTP_F_TRANSFER_ENCODING:
        if (!str_eq_nocase(value, S("chunked"))) {
            *reterr_status = 501;
            return E_INVALID;
        }
        h->chunked = true;
        return E_NONE;
    case HTTP_F_EXPECT:
        *reterr_status = 417;
        h->expect_continue = str_eq_nocase(value, S("100-continue"));
        return h->expect_continue ? E_NONE : E_INVALID;
    default: return E_NONE;
    }
}

/* name ":" OWS value OWS; no space before the colon, none at the start (that would be a folded
 * line). */
static err read_field(struct http1_head *h, str line, u16 *reterr_status)
{
    size_t i = 0;
    while (i < line.n && is_token((u8)line.p[i]))
        i++;
    if (i == 0 || i == line.n || line.p[i] != ':')
        return E_INVALID;
    str value = str_trim((str){ line.p + i + 1, line.n - i - 1 });
    if (!text_ok(value))
        return E_INVALID;
    if (h->n == HTTP1_FIELDS_MAX) {
        *reterr_status = 431;
        return E_LIMIT;
    }
    str name = { line.p, i };
    h->field[h->n++] = (struct http1_field){ name, value };
    enum http_field id = http1_field_id(name);
    return id == HTTP_F_N ? E_NONE : read_known(h, id, value, reterr_status);
}

static err read_fields(struct http1_head *h, str whole, str rest, u16 *reterr_status)
{
    for (;;) {
        str line;
        if (!line_next(&rest, &line))
            return E_INVALID;
        if (!line.n)
            break;
        TRY(read_field(h, line, reterr_status));
    }
    h->bytes = (size_t)(rest.p - whole.p);
    if (h->chunked && (h->has_length || h->minor == 0))
        return E_INVALID;
    if (h->minor == 0)
        h->close = true;
    return E_NONE;
}

static void head_clear(struct http1_head *h)
{
    memset(h, 0, offsetof(struct http1_head, field));
}

static str without_empty_line(str in)
{
    return in.n >= 2 && in.p[0] == '\r' && in.p[1] == '\n' ? (str){ in.p + 2, in.n - 2 } : in;
}

static enum http_method method_of(str m)
{
    static const str names[] = { S_INIT("GET"),   S_INIT("HEAD"),   S_INIT("POST"),   S_INIT("PUT"),
                                 S_INIT("PATCH"), S_INIT("DELETE"), S_INIT("OPTIONS") };
    for (size_t i = 0; i < COUNT(names); i++)
        if (m.n == names[i].n && !memcmp(m.p, names[i].p, m.n))
            return (enum http_method)i;
    return HTTP_OTHER;
}

/* HTTP/1.0 or HTTP/1.1; a well-formed other version is 505. */
static err read_version(str v, u8 *ret_minor, u16 *reterr_status)
{
    if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[6] != '.')
        return E_INVALID;
    if (v.p[5] < '0' || v.p[5] > '9' || v.p[7] < '0' || v.p[7] > '9')
        return E_INVALID;
    if (v.p[5] != '1' || v.p[7] > '1') {
        *reterr_status = 505;
        return E_INVALID;
    }
    *ret_minor = (u8)(v.p[7] - '0');
    return E_NONE;
}

/* Origin form; absolute form, whose authority *ret_authority must then equal Host; "*" for OPTIONS.
 */
static err read_target(struct http1_head *h, str *ret_authority)
{
    str t = h->target;
    for (size_t i = 0; i < t.n; i++)
        if ((u8)t.p[i] <= 0x20 || (u8)t.p[i] >= 0x7f || t.p[i] == '#')
            return E_INVALID;
    if (str_eq(t, S("*")) && h->method == HTTP_OPTIONS) {
        h->path = t;
        return E_NONE;
    }
    size_t scheme = str_starts(t, S("https://")) ? 8 : str_starts(t, S("http://")) ? 7 : 0;
    if (scheme) {
        str rest = str_sub(t, scheme, t.n);
        size_t n = 0;
        while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
            n++;
        *ret_authority = str_sub(rest, 0, n);
        t = str_sub(rest, n, rest.n);
    }
    if (!t.n || t.p[0] != '/')
        return E_INVALID;
    const char *q = memchr(t.p, '?', t.n);
    h->path = q ? (str){ t.p, (size_t)(q - t.p) } : t;
    if (q)
        h->query = (str){ q + 1, t.n - h->path.n - 1 };
    return E_NONE;
}

static err check_host(const struct http1_head *h, str authority)
{
    str host = http1_get(h, HTTP_F_HOST);
    if (!host.p)
        return h->minor == 0 && !authority.n ? E_NONE : E_INVALID;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
        if (!fine)
            return E_INVALID;
    }
    return host.n && (!authority.p || str_eq_nocase(authority, host)) ? E_NONE : E_INVALID;
}

err http1_request(str in, struct http1_head *ret, u16 *reterr_status)
{
    str rest = without_empty_line(in), line, authority = { 0 };
    *reterr_status = 400;
    head_clear(ret);
    if (!line_next(&rest, &line))
        return E_INVALID;
    const char *sp = memchr(line.p, ' ', line.n);
    if (!sp)
        return E_INVALID;
    ret->method_text = (str){ line.p, (size_t)(sp - line.p) };
    str after = { sp + 1, line.n - ret->method_text.n - 1 };
    const char *sp2 = memchr(after.p, ' ', after.n);
    if (!sp2 || !token_ok(ret->method_text))
        return E_INVALID;
    ret->target = (str){ after.p, (size_t)(sp2 - after.p) };
    ret->method = method_of(ret->method_text);
    TRY(read_version((str){ sp2 + 1, after.n - ret->target.n - 1 }, &ret->minor, reterr_status));
    TRY(read_target(ret, &authority));
    TRY(read_fields(ret, in, rest, reterr_status));
    return check_host(ret, authority);
}

err http1_response(str in, struct http1_head *ret)
{
    str rest = in, line;
    u16 unused;
    head_clear(ret);
    if (!line_next(&rest, &line) || line.n < 12 || line.p[8] != ' ' ||
        (line.n > 12 && line.p[12] != ' '))
        return E_INVALID;
    TRY(read_version((str){ line.p, 8 }, &ret->minor, &unused));
    u64 status;
    if (str_u64((str){ line.p + 9, 3 }, &status) != E_NONE || status < 100 || !text_ok(line))
        return E_INVALID;
    ret->status = (u16)status;
    return read_fields(ret, in, rest, &unused);
}

/* ---- chunked bodies */

enum { SIZE, EXT, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_TEXT, TRAILER_LF, END_LF };

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

static err size_byte(struct http1_chunked *c, char b)
{
    int d = hex_digit(b);
    if (d >= 0) {
        if (++c->digits > 15)
            return E_INVALID;
        c->left = c->left << 4 | (u64)d;
        return E_NONE;
    }
    if (!c->digits || (b != '\r' && b != ';'))
        return E_INVALID;
    c->state = b == '\r' ? SIZE_LF : EXT;
    return E_NONE;
}

/* Extensions and trailers: read over, within a ceiling, no control bytes. */
static err overhead_byte(struct http1_chunked *c, char b)
{
    if (++c->overhead > HTTP1_CHUNK_OVERHEAD_MAX)
        return E_LIMIT;
    if (b == '\r') {
        c->state = c->state == EXT ? SIZE_LF : c->state == TRAILER ? END_LF : TRAILER_LF;
        return E_NONE;
    }
    if (c->state == TRAILER && !is_token((u8)b))
        return E_INVALID;
    if (c->state == TRAILER)
        c->state = TRAILER_TEXT;
    return ((u8)b < 0x20 && b != '\t') || b == 0x7f ? E_INVALID : E_NONE;
}

static err frame_byte(struct http1_chunked *c, char b)
{
    switch (c->state) {
    case SIZE: return size_byte(c, b);
    case EXT:
    case TRAILER:
    case TRAILER_TEXT: return overhead_byte(c, b);
    case DATA_CR: c->state = DATA_LF; return b == '\r' ? E_NONE : E_INVALID;
    default: break;
    }
    if (b != '\n')
        return E_INVALID;
    c->done = c->state == END_LF;
    c->digits = 0;
    c->state = c->state == SIZE_LF   ? (c->left ? DATA : TRAILER)
               : c->state == DATA_LF ? SIZE
                                     : TRAILER;
    return E_NONE;
}

err http1_chunked(struct http1_chunked *c, str *in, str *ret_data)
{
    *ret_data = (str){ 0 };
    while (in->n && !c->done) {
        if (c->state == DATA) {
            size_t n = (size_t)MIN((u64)in->n, c->left);
            *ret_data = (str){ in->p, n };
            *in = (str){ in->p + n, in->n - n };
            c->left -= n;
            if (!c->left)
                c->state = DATA_CR;
            return E_NONE;
        }
        TRY(frame_byte(c, *in->p));
        *in = (str){ in->p + 1, in->n - 1 };
    }
    return c->done ? E_NONE : E_AGAIN;
}
