/* SPDX-License-Identifier: Apache-2.0 */
/* Static files from memory. Paths are looked up in a sorted table, so there is nothing to traverse;
 * a percent-encoded path is decoded once and looked up the same way. */
#include "http/static.h"

#include <string.h>

enum coding { PLAIN, BR, GZ };

const struct static_file *static_find(const struct static_pack *pack, str path)
{
    size_t low = 0, high = pack->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = str_cmp(pack->files[mid].path, path);
        if (order == 0)
            return &pack->files[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* Bad escapes stay as they are: such a path names no file. */
static str decoded(struct arena *a, str path)
{
    if (!str_has(path, '%'))
        return path;
    char *p = arena_get_raw(a, path.n, 1);
    size_t n = 0;
    for (size_t i = 0; i < path.n; i++) {
        bool escape = path.p[i] == '%' && i + 2 < path.n && hex(path.p[i + 1]) >= 0 &&
                      hex(path.p[i + 2]) >= 0;
        p[n++] = escape ? (char)(hex(path.p[i + 1]) << 4 | hex(path.p[i + 2])) : path.p[i];
        i += escape ? 2 : 0;
    }
    return (str){ p, n };
}

static bool is_api(str path)
{
    return str_eq(path, S("/api")) || str_starts(path, S("/api/"));
}

static bool names_a_file(str path)
{
    const char *slash = memrchr(path.p, '/', path.n);
    return memchr(slash, '.', (size_t)(path.p + path.n - slash)) != NULL;
}

static const struct static_file *choose_file(struct http_req *req, const struct static_pack *pack)
{
    str path = decoded(req->arena, req->path);
    if (!path.n || path.p[0] != '/' || is_api(path))
        return NULL;
    const struct static_file *f = static_find(pack, path);
    return f || names_a_file(path) ? f : static_find(pack, S("/index.html"));
}

static str bytes_of(const struct static_body *b)
{
    return (str){ b->from, (size_t)(b->to - b->from) };
}

static enum coding choose_coding(const struct http_req *req, const struct static_file *f)
{
    str accept = http_header(req, HTTP_F_ACCEPT_ENCODING);
    if (!accept.p)
        return PLAIN;
    int br = f->br.from ? http1_accepts(accept, S("br")) : 0;
    int gz = f->gz.from ? http1_accepts(accept, S("gzip")) : 0;
    return br && br >= gz ? BR : gz ? GZ : PLAIN;
}

static str tag_of(struct arena *a, const struct static_file *f, enum coding c)
{
    str bare = str_sub(f->etag, 0, f->etag.n - 1);
    return c == PLAIN ? f->etag : str_fmt(a, STR_FMT "-%s\"", STR_ARG(bare), c == BR ? "br" : "gz");
}

/* If-Range holds a strong tag that must be the same, or a date, which we never give: then the whole
 * is sent. */
static enum http1_range choose_range(const struct http_req *req, const struct static_file *f,
                                     u64 *ret_from, u64 *ret_n)
{
    str range = http_header(req, HTTP_F_RANGE), only_if = http_header(req, HTTP_F_IF_RANGE);
    if (!range.p || req->method != HTTP_GET || (only_if.p && !str_eq(only_if, f->etag)))
        return HTTP1_RANGE_NONE;
    return http1_range(range, bytes_of(&f->plain).n, ret_from, ret_n);
}

static void answer_file(struct http_req *req, const struct static_file *f)
{
    u64 from = 0, n = 0;
    enum http1_range range = choose_range(req, f, &from, &n);
    enum coding coding = range == HTTP1_RANGE_NONE ? choose_coding(req, f) : PLAIN;
    str whole = bytes_of(coding == BR ? &f->br : coding == GZ ? &f->gz : &f->plain);
    str tag = tag_of(req->arena, f, coding), seen = http_header(req, HTTP_F_IF_NONE_MATCH);
    str cache = f->immutable ? S("public, max-age=31536000, immutable") : S("no-cache");
    struct http1_field fields[6] = { { S("ETag"), tag },
                                     { S("Cache-Control"), cache },
                                     { S("Vary"), S("Accept-Encoding") },
                                     { S("Accept-Ranges"), S("bytes") } };
    struct http_reply r = { .status = 200,
                            .content_type = f->type,
                            .body = whole,
                            .life = HTTP_BODY_STATIC,
                            .fields = fields,
                            .n_fields = 4 };
    if (coding != PLAIN)
        fields[r.n_fields++] =
            (struct http1_field){ S("Content-Encoding"), coding == BR ? S("br") : S("gzip") };
    if (seen.p && http1_etag_matches(seen, tag)) {
        r.status = 304;
        r.body = (str){ 0 };
    } else if (range == HTTP1_RANGE_BAD) {
        str shown = str_fmt(req->arena, "bytes */%zu", whole.n);
        fields[r.n_fields++] = (struct http1_field){ S("Content-Range"), shown };
        r.status = 416;
        r.body = (str){ 0 };
    } else if (range == HTTP1_RANGE_ONE) {
        str shown = str_fmt(req->arena, "bytes %llu-%llu/%zu", (unsigned long long)from,
                            (unsigned long long)(from + n - 1), whole.n);
        fields[r.n_fields++] = (struct http1_field){ S("Content-Range"), shown };
        r.status = 206;
        r.body = (str){ whole.p + from, (size_t)n };
    }
    http_reply(req, &r);
}

bool static_answer(struct http_req *req, const struct static_pack *pack)
{
    const struct static_file *f = choose_file(req, pack);
    if (!f)
        return false;
    if (req->method == HTTP_GET || req->method == HTTP_HEAD)
        answer_file(req, f);
    else
        http_reply(req, &(struct http_reply){ .status = 405, .lines = S("Allow: GET, HEAD\r\n") });
    return true;
}
