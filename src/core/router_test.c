/* SPDX-License-Identifier: Apache-2.0 */
/* Which endpoint a path leads to. */
#include "core/router.h"
#include "test/test.h"

static const struct endpoint endpoints[] = {
    { .name = "list", .method = "GET", .path = "/api/things" },
    { .name = "make", .method = "POST", .path = "/api/things" },
    { .name = "browse", .method = "GET", .path = "/api/things/browse" },
    { .name = "get", .method = "GET", .path = "/api/things/{thing}", .path_n = 1 },
    { .name = "part",
      .method = "DELETE",
      .path = "/api/things/{thing}/parts/{part}",
      .path_n = 2 },
};
static const struct module module = { .endpoints = endpoints, .endpoints_n = COUNT(endpoints) };
static const struct module *const mods[] = { &module };

static err find(struct T *T, const char *method, const char *path, struct route *ret)
{
    const struct router *r = router_new(T->arena, mods, 1);
    *ret = (struct route){ 0 };
    return router_find(r, T->arena, str_from(method), str_from(path), ret);
}

TEST(literal_segments_win_over_parameters)
{
    struct route r;
    expect_ok(find(T, "GET", "/api/things/browse", &r));
    expect_s(str_from(r.endpoint->name), S("browse"));
    expect_ok(find(T, "GET", "/api/things/brows", &r));
    expect_s(str_from(r.endpoint->name), S("get"));
    expect_s(r.params[0], S("brows"));
}

TEST(parameters_come_decoded_and_in_order)
{
    struct route r;
    expect_ok(find(T, "DELETE", "/api/things/a%20b/parts/%E4%B8%AD", &r));
    expect_i(r.params_n, 2);
    expect_s(r.params[0], S("a b"));
    expect_s(r.params[1], S("\xe4\xb8\xad"));
    expect_ok(find(T, "HEAD", "/api/things", &r));
    expect_s(str_from(r.endpoint->name), S("list"));
}

TEST(what_is_not_there_is_not_found_and_what_is_lists_its_methods)
{
    static const char *const none[] = { "/",
                                        "/api",
                                        "/api/things/",
                                        "/api/things/a/parts",
                                        "/api/things/a/parts/b/c",
                                        "/api/thing",
                                        "/apix/things" };
    struct route r;
    for (size_t i = 0; i < COUNT(none); i++)
        expect_err(find(T, "GET", none[i], &r), E_NOT_FOUND);
    expect_err(find(T, "PUT", "/api/things", &r), E_METHOD);
    expect_s(r.allow, S("GET, POST"));
    expect_err(find(T, "get", "/api/things", &r), E_METHOD);
}

TEST(paths_that_climb_are_no_paths)
{
    static const char *const bad[] = { "/api/things/..",  "/api/things/%2e%2e",
                                       "/api//things",    "/api/things/a%2fb",
                                       "/api/things/%00", "/api/things/%ff" };
    struct route r;
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_err(find(T, "GET", bad[i], &r), E_INVALID);
}
