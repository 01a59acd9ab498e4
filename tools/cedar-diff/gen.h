/* SPDX-License-Identifier: Apache-2.0 */
/* The seeded generator of cases for differential fuzzing: a schema, policies written mostly to fit
 * it, entities and requests. The same seed makes the same case. */
#ifndef OUTWORK_TOOLS_CEDAR_DIFF_GEN_H
#define OUTWORK_TOOLS_CEDAR_DIFF_GEN_H

#include "base/buf.h"
#include "base/rng.h"

enum {
    GEN_TYPES = 5,
    GEN_ACTIONS = 5,
    GEN_ATTRS = 6,
    GEN_POLICIES = 12,
    GEN_REQUESTS = 6,
    GEN_IDS = 3
};

enum g_kind {
    G_BOOL,
    G_LONG,
    G_STRING,
    G_ENTITY,
    G_SET,
    G_RECORD,
    G_DECIMAL,
    G_IP,
    G_DATETIME,
    G_DURATION
};

struct g_type;
struct g_attr {
    bool present, optional;
    const struct g_type *type;
};
struct g_type {
    enum g_kind kind;
    u32 entity;                     /* G_ENTITY: index */
    const struct g_type *elem;      /* G_SET */
    struct g_attr attrs[GEN_ATTRS]; /* G_RECORD: by name */
};

struct g_entity {
    bool is_enum;
    u32 parents;
    const struct g_type *shape, *tags;
}; /* parents: bits of types */
struct g_action {
    u32 principals, resources, parents;
    const struct g_type *context;
};

struct gen {
    struct arena *a;
    struct rng_seeded r;
    const char *space; /* "" or "N::" */
    u32 types_n, actions_n;
    struct g_entity types[GEN_TYPES];
    struct g_action actions[GEN_ACTIONS];
    u32 p, act, res; /* the environment that the policy being written is meant for */
};

struct gen_request {
    str principal_type, principal_id, action, resource_type, resource_id, context;
};

struct gen_case {
    str schema, entities;
    str policies[GEN_POLICIES];
    struct gen_request requests[GEN_REQUESTS];
};

/* A whole case in a. */
void gen_case(struct arena *a, u64 seed, struct gen_case *ret);

/* Shared by the generator's two files. */
extern const char *const gen_attr_names[GEN_ATTRS];
u32 gen_below(struct gen *g, u32 n);
bool gen_chance(struct gen *g, u32 percent);
str gen_type_name(struct gen *g, u32 type);
const struct g_type *gen_type(struct gen *g, u32 depth);
str gen_policy(struct gen *g);

#endif
