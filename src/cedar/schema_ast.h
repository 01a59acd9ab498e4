/* SPDX-License-Identifier: Apache-2.0 */
/* A schema as written: what the parsers of its two forms make, before names are resolved. */
#ifndef OUTWORK_CEDAR_SCHEMA_AST_H
#define OUTWORK_CEDAR_SCHEMA_AST_H

#include "cedar/schema.h"

enum s_kind {
    S_NAME,        /* a common type, an entity type or a built-in one: the resolver finds out */
    S_ENTITY_NAME, /* JSON only: an entity type, nothing else */
    S_COMMON_NAME, /* a common type, nothing else (the context of an action) */
    S_BUILTIN,     /* JSON only: String, Long, Boolean, or an extension type */
    S_SET,
    S_RECORD,
};
struct s_type {
    u8 kind;
    str name;
    const struct s_type *elem;
    const struct s_field *fields;
    u32 n;
    u32 at, end;
};
struct s_field {
    str name;
    bool optional;
    const struct s_type *type;
    u32 at, end;
};
struct s_path {
    str name;
    u32 at, end;
};
struct s_uid {
    str type, id;
    u32 at, end;
}; /* type empty: Action */

struct s_entity {
    struct s_path name;
    const struct s_path *parents;
    u32 parents_n;
    const struct s_type *shape, *tags; /* NULL: none */
    const str *ids;
    u32 ids_n; /* > 0: an enumerated type */
};
struct s_common {
    struct s_path name;
    const struct s_type *type;
};
struct s_action {
    struct s_path name;
    const struct s_uid *parents;
    u32 parents_n;
    bool applies;
    const struct s_path *principals, *resources;
    u32 principals_n, resources_n;
    const struct s_type *context; /* NULL: the empty record */
};
struct s_space {
    struct s_path name; /* empty: no namespace */
    VEC(struct s_entity) entities;
    VEC(struct s_common) commons;
    VEC(struct s_action) actions;
};
struct s_schema {
    VEC(struct s_space) spaces;
};

MUST_USE err schema_parse_text(struct arena *out, str text, struct cedar_faults *faults,
                               struct s_schema *ret);
MUST_USE err schema_parse_json(struct arena *out, const struct json *v, struct cedar_faults *faults,
                               struct s_schema *ret);
/* The space of this name, made when it is not there. */
struct s_space *schema_space(struct arena *out, struct s_schema *s, struct s_path name,
                             bool *ret_new);
MUST_USE err schema_resolve(struct arena *out, const struct s_schema *in,
                            struct cedar_faults *faults, const struct cedar_schema **ret);

#endif
