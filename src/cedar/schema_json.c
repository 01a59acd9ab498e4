/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas in JSON: { "Namespace": { "entityTypes": …, "actions": …, "commonTypes": … } }. */
#include <string.h>

#include "cedar/schema_ast.h"

struct reader {
    struct arena *out;
    struct cedar_faults *faults;
    str where;
    u32 depth;
};

static bool bad(const struct reader *r, const char *what)
{
    cedar_fault_add(r->faults, (struct cedar_fault){ .policy = -1 }, STR_FMT ": %s",
                    STR_ARG(str_sub(r->where, 0, 200)), what);
    return false;
}

static bool only(const struct reader *r, const struct json *v, const char *names, const char *what)
{
    if (!v || v->kind != JSON_OBJECT)
        return bad(r, what);
    for (u32 i = 0; i < v->n; i++) {
        str rest = str_from(names);
        bool known = false;
        while (rest.p)
            known = str_eq(str_cut(&rest, ' '), v->members[i].key) || known;
        if (!known)
            return bad(r, what);
    }
    return true;
}

static bool type_name(str s) /* __cedar::Long is one too */
{
    return cedar_is_path(str_starts(s, S("__cedar::")) ? str_sub(s, 9, s.n) : s);
}

static const struct s_type *read_type(struct reader *r, const struct json *v);

static bool read_fields(struct reader *r, const struct json *v, struct s_type *t)
{
    if (!v || v->kind != JSON_OBJECT)
        return bad(r, "a Record has `attributes`, an object");
    struct s_field *at = NEW_N(r->out, struct s_field, v->n);
    for (u32 i = 0; i < v->n; i++) {
        const struct json *required = json_get(&v->members[i].value, S("required"));
        at[i].name = v->members[i].key;
        at[i].optional = required && required->kind == JSON_BOOL && !required->b;
        if (required && required->kind != JSON_BOOL)
            return bad(r, "`required` must be true or false");
        if (!(at[i].type = read_type(r, &v->members[i].value)))
            return false;
    }
    t->fields = at;
    t->n = v->n;
    return true;
}

static bool type_named(struct reader *r, const struct json *v, str kind, struct s_type *t)
{
    const struct json *name = json_get(v, S("name"));
    bool entity = str_eq(kind, S("Entity")), ext = str_eq(kind, S("Extension"));
    bool either = str_eq(kind, S("EntityOrCommon"));
    if (str_eq(kind, S("String")) || str_eq(kind, S("Long")) || str_eq(kind, S("Boolean")) ||
        str_eq(kind, S("Bool"))) {
        t->kind = S_BUILTIN;
        t->name = kind;
        return true;
    }
    t->kind = entity ? S_ENTITY_NAME : ext ? S_BUILTIN : either ? S_NAME : S_COMMON_NAME;
    if (entity || ext || either) {
        if (!name || name->kind != JSON_STR || !type_name(name->s))
            return bad(r, "a type of this kind has a `name`");
        t->name = name->s;
        return true;
    }
    t->name = kind;
    return type_name(kind) || bad(r, "the name of a type is no name");
}

static bool type_inner(struct reader *r, const struct json *v, struct s_type *t)
{
    const struct json *kind = json_get(v, S("type"));
    if (!kind || kind->kind != JSON_STR)
        return bad(r, "a type is an object with a `type`");
    if (!only(r, v, "type element attributes additionalAttributes name required annotations",
              "an unknown member of a type"))
        return false;
    if (str_eq(kind->s, S("Set"))) {
        const struct json *elem = json_get(v, S("element"));
        t->kind = S_SET;
        return elem ? (t->elem = read_type(r, elem)) != NULL : bad(r, "a Set has an `element`");
    }
    if (str_eq(kind->s, S("Record"))) {
        const struct json *more = json_get(v, S("additionalAttributes"));
        t->kind = S_RECORD;
        if (more && (more->kind != JSON_BOOL || more->b))
            return bad(r, "open records (additionalAttributes) are not part of the language");
        return read_fields(r, json_get(v, S("attributes")), t);
    }
    return type_named(r, v, kind->s, t);
}

static const struct s_type *read_type(struct reader *r, const struct json *v)
{
    struct s_type *t = NEW(r->out, struct s_type);
    if (r->depth == CEDAR_DEPTH_MAX)
        return bad(r, "the type is nested too deep") ? t : NULL;
    r->depth++;
    bool ok = type_inner(r, v, t);
    r->depth--;
    return ok ? t : NULL;
}

static bool read_paths(struct reader *r, const struct json *v, const struct s_path **ret,
                       u32 *ret_n)
{
    if (!v)
        return true;
    if (v->kind != JSON_ARRAY)
        return bad(r, "entity types are named in a list");
    struct s_path *at = NEW_N(r->out, struct s_path, v->n);
    for (u32 i = 0; i < v->n; i++) {
        if (v->at[i].kind != JSON_STR || !type_name(v->at[i].s))
            return bad(r, "entity types are named in a list of strings");
        at[i].name = v->at[i].s;
    }
    *ret = at;
    *ret_n = v->n;
    return true;
}

static bool read_enum(struct reader *r, const struct json *v, struct s_entity *e)
{
    if (v->kind != JSON_ARRAY || !v->n)
        return bad(r, "`enum` is a list of ids");
    str *at = NEW_N(r->out, str, v->n);
    for (u32 i = 0; i < v->n; i++) {
        if (v->at[i].kind != JSON_STR)
            return bad(r, "`enum` is a list of ids");
        at[i] = v->at[i].s;
    }
    e->ids = at;
    e->ids_n = v->n;
    return true;
}

static bool read_entity(struct reader *r, str name, const struct json *v, struct s_entity *e)
{
    const struct json *shape = json_get(v, S("shape")), *tags = json_get(v, S("tags")),
                      *ids = json_get(v, S("enum"));
    e->name.name = name;
    if (!cedar_is_ident(name) || cedar_is_reserved(name))
        return bad(r, "the name of an entity type is no identifier");
    if (!only(r, v, ids ? "enum annotations" : "memberOfTypes shape tags annotations",
              "an unknown member of an entity type"))
        return false;
    if (ids)
        return read_enum(r, ids, e);
    if (!read_paths(r, json_get(v, S("memberOfTypes")), &e->parents, &e->parents_n))
        return false;
    if (shape && !(e->shape = read_type(r, shape)))
        return false;
    return !tags || (e->tags = read_type(r, tags)) != NULL;
}

static bool read_parents(struct reader *r, const struct json *v, struct s_action *a)
{
    if (!v || v->kind == JSON_NULL)
        return true;
    if (v->kind != JSON_ARRAY)
        return bad(r, "`memberOf` is a list of actions");
    struct s_uid *at = NEW_N(r->out, struct s_uid, v->n);
    for (u32 i = 0; i < v->n; i++) {
        const struct json *id = json_get(&v->at[i], S("id")),
                          *type = json_get(&v->at[i], S("type"));
        if (!id || id->kind != JSON_STR ||
            (type && (type->kind != JSON_STR || !cedar_is_path(type->s))))
            return bad(r, "`memberOf` is a list of {\"id\": …}");
        at[i] = (struct s_uid){ .type = type ? type->s : S(""), .id = id->s };
    }
    a->parents = at;
    a->parents_n = v->n;
    return true;
}

static bool read_action(struct reader *r, str name, const struct json *v, struct s_action *a)
{
    const struct json *applies = json_get(v, S("appliesTo"));
    a->name.name = name;
    if (!only(r, v, "memberOf appliesTo attributes annotations",
              "an unknown member of an action") ||
        !read_parents(r, json_get(v, S("memberOf")), a))
        return false;
    if (!applies || applies->kind == JSON_NULL)
        return true;
    const struct json *context = json_get(applies, S("context"));
    if (!only(r, applies, "principalTypes resourceTypes context", "an unknown member of appliesTo"))
        return false;
    if (!json_get(applies, S("principalTypes")) || !json_get(applies, S("resourceTypes")))
        return bad(r, "appliesTo has principalTypes and resourceTypes");
    a->applies = true;
    return read_paths(r, json_get(applies, S("principalTypes")), &a->principals,
                      &a->principals_n) &&
           read_paths(r, json_get(applies, S("resourceTypes")), &a->resources, &a->resources_n) &&
           (!context || (a->context = read_type(r, context)) != NULL);
}

static bool read_members(struct reader *r, const struct json *v, struct s_space *sp, int what)
{
    if (!v)
        return what == 0 || bad(r, "a namespace has entityTypes and actions");
    if (v->kind != JSON_OBJECT)
        return bad(r, "declarations are an object: names and what they mean");
    for (u32 i = 0; i < v->n; i++) {
        str name = v->members[i].key;
        const struct json *m = &v->members[i].value;
        r->where = name;
        if (what == 0) {
            struct s_common *c = vec_push(&sp->commons, r->out);
            c->name.name = name;
            if (!cedar_is_ident(name) || cedar_is_reserved(name))
                return bad(r, "the name of a common type is no identifier");
            if (!(c->type = read_type(r, m)))
                return false;
        } else if (what == 1 ? !read_entity(r, name, m, vec_push(&sp->entities, r->out))
                             : !read_action(r, name, m, vec_push(&sp->actions, r->out))) {
            return false;
        }
    }
    return true;
}

static bool read_space(struct reader *r, str name, const struct json *v, struct s_schema *s)
{
    bool fresh;
    r->where = name.n ? name : S("the schema");
    if (name.n && !cedar_is_path(name))
        return bad(r, "the name of a namespace is no name");
    if (!only(r, v, "commonTypes entityTypes actions annotations",
              "an unknown member of a namespace"))
        return false;
    struct s_space *sp = schema_space(r->out, s, (struct s_path){ .name = name }, &fresh);
    return read_members(r, json_get(v, S("commonTypes")), sp, 0) &&
           read_members(r, json_get(v, S("entityTypes")), sp, 1) &&
           read_members(r, json_get(v, S("actions")), sp, 2);
}

err schema_parse_json(struct arena *out, const struct json *v, struct cedar_faults *faults,
                      struct s_schema *ret)
{
    struct reader r = { .out = out, .faults = faults, .where = S("the schema") };
    struct s_schema got = { 0 };
    if (v->kind != JSON_OBJECT) {
        bad(&r, "a schema is an object: namespaces and what they declare");
        return E_INVALID;
    }
    for (u32 i = 0; i < v->n; i++)
        if (!read_space(&r, v->members[i].key, &v->members[i].value, &got))
            return E_INVALID;
    *ret = got;
    return E_NONE;
}

err cedar_schema_json(struct arena *out, const struct json *v, struct cedar_faults *faults,
                      const struct cedar_schema **ret)
{
    struct s_schema s;
    TRY(schema_parse_json(out, v, faults, &s));
    return schema_resolve(out, &s, faults, ret);
}
