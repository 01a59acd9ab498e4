/* SPDX-License-Identifier: Apache-2.0 */
/* Strangers' paths and queries on their way to an endpoint: whatever comes, either an endpoint
 * with every parameter filled from the path's own bytes, or a refusal. Input: method, a space,
 * a target. */
#include <stdio.h>

#include "core/router.h"
#include "wire/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct endpoint endpoints[] = {
    { .method = "GET", .path = "/api/me" },
    { .method = "GET", .path = "/api/channels" },
    { .method = "POST", .path = "/api/channels" },
    { .method = "GET", .path = "/api/channels/browse" },
    { .method = "GET", .path = "/api/channels/{channel}", .path_n = 1 },
    { .method = "DELETE", .path = "/api/channels/{channel}/members/{person}", .path_n = 2 },
};
static const struct module module = { .endpoints = endpoints, .endpoints_n = COUNT(endpoints) };
static const struct module *const mods[] = { &module };

static void check_found(const struct route *r)
{
    must(r->endpoint && r->endpoint == &endpoints[r->at]);
    must(r->params_n == r->endpoint->path_n);
    for (u8 i = 0; i < r->params_n; i++)
        must(r->params[i].n > 0 && !str_has(r->params[i], '/') && !str_has(r->params[i], 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new("fuzz", (size_t)1 << 20);
    const struct router *router = router_new(a, mods, 1);
    str target = { (const char *)data, size }, path, query;
    str method = str_cut(&target, ' ');
    struct route r = { 0 };
    if (size < 65536 && uri_split(target, &path, &query) == E_NONE) {
        err e = router_find(router, a, method, path, &r);
        if (e == E_NONE)
            check_found(&r);
        must(e != E_METHOD || r.allow.n > 0);
    }
    arena_free(a);
    return 0;
}
