/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets. A path is cut at its raw slashes first and decoded after, so that an encoded
 * slash cannot make a segment; then each decoded segment is looked at, so that an encoded ".."
 * cannot climb. Whoever joins segments to a file name need not check again. */
#include "wire/uri.h"

#include <string.h>

#include "base/utf8.h"

/* Bit 1: unreserved (RFC 3986 2.3). Bit 2: may stand raw in a path segment (pchar). Bit 4: in a
 * query: what browsers leave raw there is more than the RFC's set. */
static unsigned char_class(u8 c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return 7;
    switch (c) {
    case '-':
    case '.':
    case '_':
    case '~': return 7;
    case '!':
    case '$':
    case '&':
    case '\'':
    case '(':
    case ')':
    case '*':
    case '+':
    case ',':
    case ';':
    case '=':
    case ':':
    case '@':
    case '%': return 6;
    case '"':
    case '#':
    case '<':
    case '>': return 0;
    default: return c > 0x20 && c < 0x7F ? 4 : 0;
    }
}

enum { UNRESERVED = 1, IN_PATH = 2, IN_QUERY = 4 };

static bool all_of(str s, unsigned which)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(char_class((u8)s.p[i]) & which))
            return false;
    return true;
}

err uri_split(str target, str *ret_path, str *ret_query)
{
    if (!target.n || target.p[0] != '/')
        return E_INVALID;
    str rest = target;
    str path = str_cut(&rest, '?');
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] != '/' && !(char_class((u8)path.p[i]) & IN_PATH))
            return E_INVALID;
    if (!all_of(rest, IN_QUERY))
        return E_INVALID;
    *ret_path = path;
    *ret_query = rest;
    return E_NONE;
}

static int hex_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

err uri_decode(struct arena *out, str s, bool plus_is_space, str *ret)
{
    if (!str_has(s, '%') && !(plus_is_space && str_has(s, '+'))) {
        if (str_has(s, 0) || !utf8_valid(s))
            return E_INVALID;
        *ret = s;
        return E_NONE;
    }
    if (s.n > arena_room(out))
        return E_LIMIT;
    char *first = arena_get_raw(out, s.n, 1), *to = first;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int hi = s.n - i > 2 ? hex_of(s.p[i + 1]) : -1, lo = hi < 0 ? -1 : hex_of(s.p[i + 2]);
            if (lo < 0)
                return E_INVALID;
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        *to++ = c;
    }
    str text = { first, (size_t)(to - first) };
    if (str_has(text, 0) || !utf8_valid(text))
        return E_INVALID;
    *ret = text;
    return E_NONE;
}

static bool segment_ok(str s)
{
    if (!s.n || str_eq(s, S(".")) || str_eq(s, S("..")))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((u8)s.p[i] < 0x20 || s.p[i] == 0x7F || s.p[i] == '/' || s.p[i] == '\\')
            return false;
    return true;
}

err uri_path_parse(struct arena *out, str path, struct uri_path *ret)
{
    if (!path.n || path.p[0] != '/')
        return E_INVALID;
    struct uri_path made;
    made.n = 0;
    made.folder = path.p[path.n - 1] == '/';
    str rest = { path.p + 1, path.n - 1 };
    if (made.folder && rest.n)
        rest.n--;
    while (rest.p && path.n > 1) {
        str raw = str_cut(&rest, '/'), segment;
        if (!all_of(raw, IN_PATH))
            return E_INVALID;
        TRY(uri_decode(out, raw, false, &segment));
        if (!segment_ok(segment))
            return E_INVALID;
        if (made.n == URI_SEGMENTS_MAX)
            return E_LIMIT;
        made.at[made.n++] = segment;
    }
    ret->n = made.n;
    ret->folder = made.folder;
    memcpy(ret->at, made.at, made.n * sizeof made.at[0]);
    return E_NONE;
}

err uri_query_next(struct arena *out, str *query, struct uri_pair *ret)
{
    while (query->n) {
        str value = str_cut(query, '&');
        if (!value.n)
            continue;
        if (!all_of(value, IN_QUERY))
            return E_INVALID;
        struct uri_pair pair;
        str name = str_cut(&value, '=');
        TRY(uri_decode(out, name, true, &pair.name));
        TRY(uri_decode(out, value, true, &pair.value));
        *ret = pair;
        return E_NONE;
    }
    return E_NOT_FOUND;
}

err uri_query_get(struct arena *out, str query, str name, str *ret)
{
    struct uri_pair pair;
    str value = { 0 };
    bool found = false;
    err e;
    while ((e = uri_query_next(out, &query, &pair)) == E_NONE) {
        if (!str_eq(pair.name, name))
            continue;
        if (found)
            return E_INVALID;
        found = true;
        value = pair.value;
    }
    if (e != E_NOT_FOUND)
        return e;
    if (!found)
        return E_NOT_FOUND;
    *ret = value;
    return E_NONE;
}

void uri_put(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        u8 c = (u8)s.p[i];
        if (char_class(c) & UNRESERVED)
            buf_char(b, (char)c);
        else
            buf_bytes(b, (char[]){ '%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15] },
                      3);
    }
}

void uri_put_pair(struct buf *b, char sep, str name, str value)
{
    buf_char(b, sep);
    uri_put(b, name);
    buf_char(b, '=');
    uri_put(b, value);
}
