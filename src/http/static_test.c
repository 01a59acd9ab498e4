/* SPDX-License-Identifier: Apache-2.0 */
/* Static files as tools/pack made them of src/http/testweb: codings, tags, ranges, and the single
 * page. */
#include "http/static.h"

#include <string.h>

#include "http/rig_test.h"
#include "test/test.h"

extern const struct static_pack static_test_pack;

static struct caller *begin(struct T *T, struct rig **ret)
{
    struct rig *r = rig_new(T, false, NULL);
    r->pack = &static_test_pack;
    *ret = r;
    return caller_new(r);
}

static struct seen *get(struct caller *c, const char *path, str name, str value)
{
    struct http1_field f[] = { { name, value } };
    size_t n = c->n;
    struct http_ask ask = { .path = str_from(path), .fields = f, .n_fields = name.n ? 1 : 0 };
    expect_ok(http_client_ask(c->c, &ask));
    rig_until(c->r, c->n == n + 1);
    return &c->seen[n];
}

static void end(struct rig *r, struct caller *c)
{
    caller_free(c);
    rig_free(r);
}

TEST(the_pack_is_sorted_and_knows_its_forms)
{
    const struct static_pack *p = &static_test_pack;
    for (size_t i = 1; i < p->n; i++)
        expect(str_cmp(p->files[i - 1].path, p->files[i].path) < 0);
    const struct static_file *js = static_find(p, S("/assets/app-1a2b.js"));
    expect(js && js->br.from && js->gz.from && js->immutable);
    expect(js->br.to - js->br.from < js->plain.to - js->plain.from);
    expect(!static_find(p, S("/assets/app-1a2b.js.br")));
    const struct static_file *page = static_find(p, S("/index.html"));
    expect(page && !page->immutable && !page->br.from);
    expect_s(page->type, S("text/html; charset=utf-8"));
}

TEST(the_best_accepted_coding_is_sent)
{
    struct rig *r;
    struct caller *c = begin(T, &r);
    const char *js = "/assets/app-1a2b.js";
    expect_s(get(c, js, S("Accept-Encoding"), S("gzip, deflate, br"))->encoding, S("br"));
    expect_s(get(c, js, S("Accept-Encoding"), S("gzip"))->encoding, S("gzip"));
    expect_s(get(c, js, S("Accept-Encoding"), S("br;q=0, gzip;q=0.1"))->encoding, S("gzip"));
    expect_s(get(c, js, S("Accept-Encoding"), S("br;q=0.2, gzip;q=0.9"))->encoding, S("gzip"));
    expect_s(get(c, js, S("Accept-Encoding"), S("zstd"))->encoding, S(""));
    struct seen *s = get(c, js, S(""), S(""));
    expect_s(s->encoding, S(""));
    expect_s(s->type, S("text/javascript; charset=utf-8"));
    expect(str_starts(s->body, S("// SPDX-License")));
    expect_s(get(c, "/", S("Accept-Encoding"), S("br"))->encoding, S("")); /* it has no such form */
    end(r, c);
}

TEST(an_unchanged_file_is_not_sent_again)
{
    struct rig *r;
    struct caller *c = begin(T, &r);
    struct seen *s = get(c, "/", S(""), S(""));
    expect(s->etag.n > 10);
    struct seen *t = get(c, "/", S("If-None-Match"), s->etag);
    expect_i(t->status, 304);
    expect_s(t->body, S(""));
    expect_s(t->etag, s->etag);
    expect_i(get(c, "/", S("If-None-Match"), S("\"other\""))->status, 200);
    end(r, c);
}

TEST(ranges_are_of_the_file_as_it_is)
{
    struct rig *r;
    struct caller *c = begin(T, &r);
    struct seen *s = get(c, "/assets/app-1a2b.js", S("Range"), S("bytes=3-6"));
    expect_i(s->status, 206);
    expect_s(s->body, S("SPDX"));
    expect(str_starts(s->range, S("bytes 3-6/")));
    s = get(c, "/assets/app-1a2b.js", S("Range"), S("bytes=99999999-"));
    expect_i(s->status, 416);
    expect(str_starts(s->range, S("bytes */")));
    expect_i(get(c, "/assets/app-1a2b.js", S("Range"), S("bytes=0-1,3-4"))->status, 200);
    end(r, c);
}

TEST(paths_lead_to_files_or_to_the_page_and_nowhere_else)
{
    struct rig *r;
    struct caller *c = begin(T, &r);
    static const struct {
        const char *path;
        str body;
    } rows[] = {
        { "/", S_INIT("<!doctype html><title>Test</title>\n") },
        { "/talk/channel_1?x=y", S_INIT("<!doctype html><title>Test</title>\n") },
        { "/index%2ehtml", S_INIT("<!doctype html><title>Test</title>\n") },
        { "/%69ndex.html", S_INIT("<!doctype html><title>Test</title>\n") },
        { "/missing.js", S_INIT("/missing.js") }, /* the route after it answers with the path */
        { "/assets/../index.html", S_INIT("/assets/../index.html") },
        { "/../../etc/passwd.x", S_INIT("/../../etc/passwd.x") },
        { "/%2e%2e/secret.txt", S_INIT("/%2e%2e/secret.txt") },
        { "/api/me", S_INIT("/api/me") },
        { "/api", S_INIT("/api") },
        { "/%61pi/me", S_INIT("/%61pi/me") },
        { "/apis", S_INIT("<!doctype html><title>Test</title>\n") },
        { "/a.b/%zz", S_INIT("<!doctype html><title>Test</title>\n") },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_s(get(c, rows[i].path, S(""), S(""))->body, rows[i].body);
    caller_ask(c, "POST", "/", S("x"));
    caller_ask(c, "HEAD", "/", S(""));
    rig_until(r, c->n == COUNT(rows) + 2);
    expect_i(c->seen[COUNT(rows)].status, 405);
    expect_i(c->seen[COUNT(rows) + 1].status, 200);
    expect_s(c->seen[COUNT(rows) + 1].body, S(""));
    end(r, c);
}
