/* SPDX-License-Identifier: Apache-2.0 */
/* From method and path to an endpoint: a tree by segments, made once from all modules' tables. A
 * literal segment wins over a parameter. */
#ifndef OUTWORK_CORE_ROUTER_H
#define OUTWORK_CORE_ROUTER_H

#include "core/module.h"

enum { ROUTE_PARAMS_MAX = 8 };

struct router;

struct route {
    const struct endpoint *endpoint;
    u16 at;                       /* place in the order of registration: [0, router_size) */
    str params[ROUTE_PARAMS_MAX]; /* decoded, in the order of the path; views into the path, or in
                                     out */
    u8 params_n;
    str allow; /* E_METHOD: "GET, POST" */
};

/* Two endpoints with one method and path, or a path that is no path, is a bug. */
struct router *router_new(struct arena *a, const struct module *const *mods, size_t n);
size_t router_size(const struct router *r);
const struct endpoint *router_at(const struct router *r, size_t at);

/* path: still percent-encoded. E_NOT_FOUND; E_METHOD with ret->allow; E_INVALID for a malformed
 * path. HEAD is answered as GET. */
MUST_USE err router_find(const struct router *r, struct arena *out, str method, str path,
                         struct route *ret);

#endif
