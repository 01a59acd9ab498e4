/* SPDX-License-Identifier: Apache-2.0 */
/* Targets: what climbs, hides or splits in two ways is refused; everything else comes out decoded.
 */
#include "wire/uri.h"

#include <string.h>

#include "base/rng.h"
#include "test/test.h"

static err path_of(struct T *T, const char *path, struct uri_path *ret)
{
    return uri_path_parse(T->arena, str_from(path), ret);
}

TEST(uri_paths_come_out_as_decoded_segments)
{
    struct uri_path p;
    expect_ok(path_of(T, "/", &p));
    expect(p.n == 0 && p.folder);
    expect_ok(path_of(T, "/api/tasks/task_0c3k9/close", &p));
    expect_i(p.n, 4);
    expect_s(p.at[3], S("close"));
    expect(!p.folder);
    expect_ok(path_of(T, "/files/%E4%B8%AD%20a%2Bb+c/x...y/", &p));
    expect_i(p.n, 3);
    expect(p.folder);
    expect_s(p.at[1], S("\xe4\xb8\xad a+b+c"));
    expect_s(p.at[2], S("x...y"));
    expect_ok(path_of(T, "/...", &p));
}

TEST(uri_paths_that_climb_or_hide_are_refused)
{
    static const char *const bad[] = {
        "",
        "a",
        "//",
        "/a//b",
        "//a",
        "/a//",
        "/.",
        "/..",
        "/../etc/passwd",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/a/../",
        "/%2e%2e/b",
        "/.%2E/b",
        "/%2E",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a\\b",
        "/a%00b",
        "/a%0d%0ab",
        "/a%7f",
        "/%",
        "/%4",
        "/%4g",
        "/%zz",
        "/a b",
        "/a#b",
        "/a\"b",
        "/\xe4\xb8\xad",
        "/%ff",
        "/%c0%ae%c0%ae/",
        "/%ed%a0%80",
        "/a?b",
        "/[x]",
        "/a%",
        "/%25%",
    };
    struct uri_path p = { .n = 77 };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (path_of(T, bad[i], &p) != E_INVALID || p.n != 77)
            test_failed(__FILE__, __LINE__, "\"%s\" was not refused", bad[i]);
    expect_ok(path_of(T, "/%252e%252e", &p)); /* decoded once, never twice */
    expect_s(p.at[0], S("%2e%2e"));
    char deep[100] = { 0 };
    for (int i = 0; i < 33; i++)
        memcpy(deep + i * 2, "/x", 2);
    expect_err(uri_path_parse(T->arena, str_from(deep), &p), E_LIMIT);
    expect_ok(uri_path_parse(T->arena, (str){ deep, 64 }, &p));
}

TEST(uri_split_cuts_at_the_first_question_mark)
{
    str path, query;
    expect_ok(uri_split(S("/a/b?c=d?e&f=/"), &path, &query));
    expect_s(path, S("/a/b"));
    expect_s(query, S("c=d?e&f=/"));
    expect_ok(uri_split(S("/a"), &path, &query));
    expect(query.p == NULL);
    expect_err(uri_split(S("http://host/a"), &path, &query), E_INVALID);
    expect_err(uri_split(S("*"), &path, &query), E_INVALID);
    expect_err(uri_split(S("/a#b"), &path, &query), E_INVALID);
    expect_err(uri_split(S("/a?x=<script>"), &path, &query), E_INVALID);
    expect_err(uri_split(S("/a b"), &path, &query), E_INVALID);
    expect_err(uri_split(S("/a?\x01"), &path, &query), E_INVALID);
    expect_err(uri_split(S(""), &path, &query), E_INVALID);
}

TEST(uri_query_pairs)
{
    str rest = S("a=1&&b=x+y%2B&flag&=empty&e=%E4%B8%AD=&");
    static const char *const want[] = { "a", "1", "b",     "x y+", "flag",
                                        "",  "",  "empty", "e",    "\xe4\xb8\xad=" };
    struct uri_pair pair;
    size_t n = 0;
    err e;
    while ((e = uri_query_next(T->arena, &rest, &pair)) == E_NONE) {
        expect(n < COUNT(want) / 2);
        expect_s(pair.name, str_from(want[n * 2]));
        expect_s(pair.value, str_from(want[n * 2 + 1]));
        n++;
    }
    expect_i(e, E_NOT_FOUND);
    expect_i(n, COUNT(want) / 2);
    str v = S("untouched");
    expect_err(uri_query_get(T->arena, S("a=1&a=2"), S("a"), &v), E_INVALID);
    expect_err(uri_query_get(T->arena, S("a=1&b=%zz"), S("a"), &v), E_INVALID);
    expect_err(uri_query_get(T->arena, S("a=1&b=%00"), S("a"), &v), E_INVALID);
    expect_err(uri_query_get(T->arena, S("a=1"), S("b"), &v), E_NOT_FOUND);
    expect_err(uri_query_get(T->arena, S(""), S("b"), &v), E_NOT_FOUND);
    expect_s(v, S("untouched"));
    expect_ok(uri_query_get(T->arena, S("b=%32&a=%61"), S("a"), &v));
    expect_s(v, S("a"));
}

TEST(uri_what_was_built_reads_back)
{
    struct rng_seeded r = { T->seed };
    for (int i = 0; i < 2000; i++) {
        SCRATCH(s);
        char text[12];
        size_t n = (size_t)rng_next_below(&r, sizeof text) + 1;
        for (size_t k = 0; k < n; k++)
            text[k] = (char)(1 + rng_next_below(&r, 127));
        str name = { text, n };
        struct buf b = buf_in(s.a, 200);
        buf_put(&b, S("/x"));
        uri_put_pair(&b, '?', name, S("v\n&="));
        uri_put_pair(&b, '&', S("last"), name);
        str path, query;
        struct uri_pair pair;
        expect_ok(uri_split(buf_str(&b), &path, &query));
        expect_ok(uri_query_next(s.a, &query, &pair));
        expect_s(pair.name, name);
        expect_s(pair.value, S("v\n&="));
        expect_ok(uri_query_next(s.a, &query, &pair));
        expect_s(pair.value, name);
    }
}
