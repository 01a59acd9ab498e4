/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of routes. A node has a few literal children, compared one by one (there are about
 * ten at the widest place, and comparing lengths first decides most), at most one child that
 * takes any segment, and the endpoints that end there, one a method. Nothing is allocated to
 * find a route unless a segment was percent-encoded. */
#include "core/router.h"

#include "wire/uri.h"

enum { METHODS_MAX = 6 };

struct node {
    str segment;
    struct node *next, *child, *any; /* brothers; first literal child; the one for parameters */
    const struct endpoint *endpoints[METHODS_MAX];
    str methods[METHODS_MAX];
    u16 places[METHODS_MAX];
    u8 n;
    str allow;
};

struct router {
    struct node root;
    const struct endpoint **all;
    size_t n;
};

static bool is_param(str segment) { return segment.n > 2 && segment.p[0] == '{'; }

static struct node *child_for(struct arena *a, struct node *at, str segment)
{
    if (is_param(segment)) {
        if (!at->any)
            at->any = NEW(a, struct node);
        return at->any;
    }
    for (struct node *c = at->child; c; c = c->next)
        if (str_eq(c->segment, segment))
            return c;
    struct node *made = NEW(a, struct node);
    made->segment = segment;
    made->next = at->child;
    at->child = made;
    return made;
}

static void add(struct router *r, struct arena *a, const struct endpoint *e)
{
    struct node *at = &r->root;
    str rest = str_from(e->path);
    u8 params = 0;
    must(rest.n > 1 && rest.p[0] == '/');
    (void)str_cut(&rest, '/');
    while (rest.p) {
        str segment = str_cut(&rest, '/');
        must(segment.n > 0);
        params = (u8)(params + is_param(segment));
        at = child_for(a, at, segment);
    }
    must(params == e->path_n && params <= ROUTE_PARAMS_MAX && at->n < METHODS_MAX);
    for (u8 i = 0; i < at->n; i++)
        must(!str_eq_z(at->methods[i], e->method));
    at->endpoints[at->n] = e;
    at->methods[at->n] = str_from(e->method);
    at->places[at->n++] = (u16)r->n;
    at->allow = at->allow.n ? str_fmt(a, STR_FMT ", %s", STR_ARG(at->allow), e->method)
                            : str_from(e->method);
    r->all[r->n++] = e;
}

struct router *router_new(struct arena *a, const struct module *const *mods, size_t n)
{
    struct router *r = NEW(a, struct router);
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += mods[i]->endpoints_n;
    must(total < UINT16_MAX);
    r->all = NEW_N(a, const struct endpoint *, total);
    for (size_t i = 0; i < n; i++)
        for (u16 e = 0; e < mods[i]->endpoints_n; e++)
            add(r, a, &mods[i]->endpoints[e]);
    return r;
}

size_t router_size(const struct router *r) { return r->n; }

const struct endpoint *router_at(const struct router *r, size_t at)
{
    return at < r->n ? r->all[at] : NULL;
}

static const struct node *step(const struct node *at, str segment, struct route *ret)
{
    for (const struct node *c = at->child; c; c = c->next)
        if (str_eq(c->segment, segment))
            return c;
    if (at->any && ret->params_n < ROUTE_PARAMS_MAX)
        ret->params[ret->params_n++] = segment;
    return at->any;
}

err router_find(const struct router *r, struct arena *out, str method, str path,
                struct route *ret)
{
    struct uri_path parts;
    struct route found = { 0 };
    const struct node *at = &r->root;
    err e = uri_path_parse(out, path, &parts);
    if (e != E_NONE)
        return e == E_LIMIT ? E_NOT_FOUND : e;
    for (u32 i = 0; at && i < parts.n; i++)
        at = step(at, parts.at[i], &found);
    if (!at || at->n == 0 || parts.folder)
        return E_NOT_FOUND;
    if (str_eq(method, S("HEAD")))
        method = S("GET");
    for (u8 i = 0; i < at->n; i++)
        if (str_eq(at->methods[i], method)) {
            found.endpoint = at->endpoints[i];
            found.at = at->places[i];
            *ret = found;
            return E_NONE;
        }
    ret->allow = at->allow;
    return E_METHOD;
}
