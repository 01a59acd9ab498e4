/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas inside this folder: types, entity types, actions. Types are shared and never change once
 * built. */
#ifndef OUTWORK_CEDAR_SCHEMA_H
#define OUTWORK_CEDAR_SCHEMA_H

#include "cedar/internal.h"

enum type_kind {
    TY_NEVER, /* of an expression that has no value; the element of an empty set */
    TY_TRUE,
    TY_FALSE,
    TY_BOOL,
    TY_LONG,
    TY_STRING,
    TY_SET,
    TY_RECORD,
    TY_ENTITY,
    TY_ANY_ENTITY,
    TY_EXT,
};

struct type;
struct attr {
    str name;
    bool required;
    const struct type *type;
};

struct type {
    u8 kind;   /* enum type_kind */
    u8 ext;    /* TY_EXT: enum cedar_kind */
    bool open; /* TY_RECORD: may hold more than attrs */
    u32 n;
    union {
        const struct type *elem;  /* TY_SET; NULL is a set of anything */
        const struct attr *attrs; /* TY_RECORD, sorted by cedar_name_cmp */
        str name;                 /* TY_ENTITY */
    };
};

enum { SCHEMA_NAMES_MAX = 4096 }; /* entity types, and actions; their closures are bit matrices */

static inline bool bit_is_set(const u64 *bits, u32 i) { return bits[i / 64] >> (i % 64) & 1; }

/* An entity type of the schema, or the type of actions (then only name and is_action mean
 * something). */
struct etype {
    str name;
    const struct type *self; /* as the type of an expression */
    bool is_action;
    const struct type *shape; /* a record */
    const struct type *tags;  /* or NULL */
    const str *ids;           /* enumerated types: the ids there are */
    u32 ids_n;
    const u32 *parents; /* indexes of the types it may be in directly */
    u32 parents_n;
    const u64
        *descendants; /* a bit for each entity type that may be in this one, directly or not */
};

struct action {
    struct cedar_uid uid;
    const struct type *self;
    const u32 *parents; /* indexes of actions */
    u32 parents_n;
    const u64 *ancestors;              /* bits */
    const u32 *principals, *resources; /* entity types it applies to */
    u32 principals_n, resources_n;
    const struct type *context;
};

struct cedar_schema {
    const struct etype *etypes;
    u32 etypes_n;
    const struct action *actions;
    u32 actions_n;
    const struct map *etype_index,
        *action_index; /* by name; by Type::"id" as written by cedar_put_uid */
};

const struct attr *type_attr(const struct type *record, str name);
const struct etype *schema_etype(const struct cedar_schema *s, str name); /* NULL when unknown */
const struct action *schema_action(const struct cedar_schema *s, const struct cedar_uid *uid);
static inline size_t schema_actions_n(const struct cedar_schema *s) { return s->actions_n; }
bool schema_is_action_type(str type);
/* Actions of the schema are added to the entities; each entity is checked. at has room for
 * schema_actions_n more. */
MUST_USE err schema_check_entities(struct arena *out, const struct cedar_schema *s,
                                   struct cedar_entities *all, struct cedar_faults *faults);
MUST_USE err cedar_value_json_typed(struct arena *out, const struct json *v,
                                    const struct type *want, struct cedar_faults *faults,
                                    struct cedar_value *ret);

#endif
