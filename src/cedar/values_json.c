/* SPDX-License-Identifier: Apache-2.0 */
/* Values, names of entities and entities out of JSON. A value is what it looks like, but for two
 * escapes: {"__entity": {type, id}} and {"__extn": {fn, arg}}. Where a schema tells the type that
 * is expected, the escapes may be left out: an entity is then any {type, id}, and an extension
 * value a plain string or a {fn, arg}. */
#include <string.h>

#include "cedar/schema.h"

struct reader {
    struct arena *out;
    struct cedar_faults *faults;
    const struct cedar_schema *schema;
    str where; /* what is being read, for faults */
};

static err bad(const struct reader *r, const char *what)
{
    cedar_fault_add(r->faults, (struct cedar_fault){ .policy = -1 }, STR_FMT "%s%s",
                    STR_ARG(r->where), r->where.n ? ": " : "", what);
    return E_INVALID;
}

static err uid_parts(const struct reader *r, const struct json *v, struct cedar_uid *ret)
{
    const struct json *type = json_get(v, S("type")), *id = json_get(v, S("id"));
    if (!type || !id || type->kind != JSON_STR || id->kind != JSON_STR)
        return bad(r, "an entity is written {\"type\": \"…\", \"id\": \"…\"}");
    if (!cedar_is_path(type->s))
        return bad(r, "the type of an entity is not a name");
    *ret = cedar_uid(type->s, id->s);
    return E_NONE;
}

static err read_uid(const struct reader *r, const struct json *v, struct cedar_uid *ret)
{
    const struct json *inner = json_get(v, S("__entity"));
    return uid_parts(r, inner && v->n == 1 ? inner : v, ret);
}

static err ext_value(const struct reader *r, str fn, str arg, struct cedar_value *ret)
{
    err e = str_eq(fn, S("ip"))         ? cedar_parse_ip(r->out, arg, ret)
            : str_eq(fn, S("decimal"))  ? cedar_parse_decimal(arg, ret)
            : str_eq(fn, S("datetime")) ? cedar_parse_datetime(arg, ret)
            : str_eq(fn, S("duration")) ? cedar_parse_duration(arg, ret)
                                        : E_NOT_FOUND;
    if (e == E_NOT_FOUND)
        return bad(r, "an extension value with an unknown function");
    return e == E_NONE ? e : bad(r, "an extension value that its function does not accept");
}

static err read_value(const struct reader *r, const struct json *v, const struct type *want,
                      struct cedar_value *ret);

/* {"fn": …, "arg": …} or {"fn": "offset", "args": […]}. */
static err read_ext(const struct reader *r, const struct json *v, struct cedar_value *ret)
{
    const struct json *fn = json_get(v, S("fn")), *arg = json_get(v, S("arg")),
                      *args = json_get(v, S("args"));
    if (!fn || fn->kind != JSON_STR || v->n != 2)
        return bad(r, "an extension value is written {\"fn\": \"…\", \"arg\": \"…\"}");
    if (args && args->kind == JSON_ARRAY && args->n == 1)
        arg = &args->at[0];
    if (arg && arg->kind == JSON_STR)
        return ext_value(r, fn->s, arg->s, ret);
    struct cedar_value a, b;
    if (!args || args->kind != JSON_ARRAY || args->n != 2 || !str_eq(fn->s, S("offset")))
        return bad(r, "an extension value is written {\"fn\": \"…\", \"arg\": \"…\"}");
    TRY(read_value(r, &args->at[0], NULL, &a));
    TRY(read_value(r, &args->at[1], NULL, &b));
    if (a.kind != CEDAR_DATETIME || b.kind != CEDAR_DURATION ||
        __builtin_add_overflow(a.i, b.i, &a.i))
        return bad(r, "offset() takes a datetime and a duration");
    *ret = a;
    return E_NONE;
}

static err read_set(const struct reader *r, const struct json *v, const struct type *elem,
                    struct cedar_value *ret)
{
    struct cedar_value *at = NEW_N(r->out, struct cedar_value, v->n);
    for (u32 i = 0; i < v->n; i++)
        TRY(read_value(r, &v->at[i], elem, &at[i]));
    *ret = cedar_set(at, v->n);
    return E_NONE;
}

static err read_record(const struct reader *r, const struct json *v, const struct type *want,
                       struct cedar_value *ret)
{
    struct cedar_field *at = NEW_N(r->out, struct cedar_field, v->n);
    for (u32 i = 0; i < v->n; i++) {
        const struct attr *a = want ? type_attr(want, v->members[i].key) : NULL;
        struct reader inner = *r;
        if (r->where.n < 200)
            inner.where =
                str_fmt(r->out, STR_FMT "." STR_FMT, STR_ARG(r->where), STR_ARG(v->members[i].key));
        at[i].name = v->members[i].key;
        TRY(read_value(&inner, &v->members[i].value, a ? a->type : NULL, &at[i].value));
    }
    *ret = cedar_record(at, v->n);
    return E_NONE;
}

static err new_entity(const struct reader *r, const struct json *v, struct cedar_value *ret)
{
    struct cedar_uid *uid = NEW(r->out, struct cedar_uid);
    TRY(read_uid(r, v, uid));
    *ret = cedar_entity(uid);
    return E_NONE;
}

/* An extension value without its escape: a bare argument for the constructor of its type, or {fn,
 * arg}. */
static err implicit_ext(const struct reader *r, const struct json *v, const struct type *want,
                        struct cedar_value *ret)
{
    if (v->kind == JSON_STR)
        return ext_value(r, want->ext == CEDAR_IP ? S("ip") : str_from(cedar_kind_name(want->ext)),
                         v->s, ret);
    return read_ext(r, v, ret);
}

static err read_object(const struct reader *r, const struct json *v, const struct type *want,
                       struct cedar_value *ret)
{
    if (v->n == 1 && str_eq(v->members[0].key, S("__entity")))
        return new_entity(r, v, ret);
    if (v->n == 1 && str_eq(v->members[0].key, S("__extn")))
        return read_ext(r, &v->members[0].value, ret);
    if (v->n == 1 && str_eq(v->members[0].key, S("__expr")))
        return bad(r, "the __expr escape is no longer supported");
    if (want && want->kind == TY_ENTITY)
        return new_entity(r, v, ret);
    if (want && want->kind == TY_EXT)
        return implicit_ext(r, v, want, ret);
    return read_record(r, v, want && want->kind == TY_RECORD ? want : NULL, ret);
}

static err read_value(const struct reader *r, const struct json *v, const struct type *want,
                      struct cedar_value *ret)
{
    switch (v->kind) {
    case JSON_BOOL: *ret = cedar_bool(v->b); return E_NONE;
    case JSON_INT: *ret = cedar_long(v->i); return E_NONE;
    case JSON_STR:
        if (want && want->kind == TY_EXT)
            return implicit_ext(r, v, want, ret);
        *ret = cedar_string(v->s);
        return E_NONE;
    case JSON_ARRAY: return read_set(r, v, want && want->kind == TY_SET ? want->elem : NULL, ret);
    case JSON_OBJECT: return read_object(r, v, want, ret);
    case JSON_NULL: return bad(r, "null is not a value of the language");
    default: return bad(r, "a number must be whole and fit 64 bits");
    }
}

err cedar_value_json(struct arena *out, const struct json *v, struct cedar_faults *faults,
                     struct cedar_value *ret)
{
    struct reader r = { .out = out, .faults = faults, .where = S("") };
    return read_value(&r, v, NULL, ret);
}

err cedar_value_json_typed(struct arena *out, const struct json *v, const struct type *want,
                           struct cedar_faults *faults, struct cedar_value *ret)
{
    struct reader r = { .out = out, .faults = faults, .where = S("") };
    return read_value(&r, v, want, ret);
}

err cedar_context_json(struct arena *out, const struct json *v, const struct cedar_schema *schema,
                       struct cedar_faults *faults, struct cedar_request *io)
{
    const struct action *a = schema ? schema_action(schema, &io->action) : NULL;
    if (v->kind != JSON_OBJECT) {
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the context must be an object");
        return E_INVALID;
    }
    return cedar_value_json_typed(out, v, a ? a->context : NULL, faults, &io->context);
}

err cedar_uid_json(const struct json *v, struct cedar_faults *faults, struct cedar_uid *ret)
{
    struct reader r = { .faults = faults, .where = S("") };
    return read_uid(&r, v, ret);
}

static err read_parents(const struct reader *r, const struct json *v, struct cedar_entity *ret)
{
    if (!v || v->kind != JSON_ARRAY)
        return bad(r, "`parents` must be a list of entities");
    struct cedar_uid *at = NEW_N(r->out, struct cedar_uid, v->n);
    for (u32 i = 0; i < v->n; i++) {
        TRY(read_uid(r, &v->at[i], &at[i]));
        if (schema_is_action_type(ret->uid.type) && !schema_is_action_type(at[i].type))
            return bad(r, "an action may be in actions only");
    }
    ret->parents = at;
    ret->parents_n = v->n;
    return E_NONE;
}

static err read_tags(const struct reader *r, const struct json *v, const struct etype *et,
                     struct cedar_value *ret)
{
    if (v->kind != JSON_OBJECT)
        return bad(r, "`tags` must be an object");
    struct cedar_field *at = NEW_N(r->out, struct cedar_field, v->n);
    for (u32 i = 0; i < v->n; i++) {
        at[i].name = v->members[i].key;
        TRY(read_value(r, &v->members[i].value, et ? et->tags : NULL, &at[i].value));
    }
    *ret = cedar_record(at, v->n);
    return E_NONE;
}

static err read_entity(struct reader *r, const struct json *v, struct cedar_entity *ret)
{
    const struct json *uid = json_get(v, S("uid")), *attrs = json_get(v, S("attrs")),
                      *tags = json_get(v, S("tags"));
    r->where = S("");
    if (!uid)
        return bad(r, "an entity is written {\"uid\": …, \"attrs\": {…}, \"parents\": […]}");
    TRY(read_uid(r, uid, &ret->uid));
    struct buf b = buf_in(r->out, 400);
    cedar_put_uid(&b, &ret->uid);
    r->where = buf_str(&b);
    const struct etype *et = r->schema ? schema_etype(r->schema, ret->uid.type) : NULL;
    if (!attrs || attrs->kind != JSON_OBJECT)
        return bad(r, "`attrs` must be an object");
    TRY(read_record(r, attrs, et ? et->shape : NULL, &ret->attrs));
    if (tags)
        TRY(read_tags(r, tags, et, &ret->tags));
    TRY(read_parents(r, json_get(v, S("parents")), ret));
    return E_NONE;
}

err cedar_entities_json(struct arena *out, const struct json *list,
                        const struct cedar_schema *schema, struct cedar_faults *faults,
                        struct cedar_entities *ret)
{
    struct reader r = { .out = out, .faults = faults, .schema = schema, .where = S("") };
    if (list->kind != JSON_ARRAY)
        return bad(&r, "entities are written as a list");
    size_t more = schema ? schema_actions_n(schema) : 0;
    struct cedar_entity *at = NEW_N(out, struct cedar_entity, list->n + more);
    for (u32 i = 0; i < list->n; i++)
        TRY(read_entity(&r, &list->at[i], &at[i]));
    struct cedar_entities got = { at, list->n };
    if (schema)
        TRY(schema_check_entities(out, schema, &got, faults));
    if (arena_doomed(out)) {
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the entities need more memory than given");
        return E_LIMIT;
    }
    *ret = got;
    return E_NONE;
}

static err request_uid(struct arena *out, const struct json *v, const char *name,
                       struct cedar_faults *faults, struct cedar_uid *ret)
{
    const struct json *u = json_get(v, str_from(name));
    err e = !u                    ? E_INVALID
            : u->kind == JSON_STR ? cedar_uid_parse(out, u->s, ret)
                                  : cedar_uid_json(u, faults, ret);
    if (e != E_NONE)
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the request's `%s` must be an entity: \"Type::\\\"id\\\"\" or {\"type\": "
                        "…, \"id\": …}",
                        name);
    return e == E_NONE ? e : E_INVALID;
}

err cedar_request_json(struct arena *out, const struct json *v, const struct cedar_schema *schema,
                       struct cedar_faults *faults, struct cedar_request *ret)
{
    struct cedar_request r = { .context = { .kind = CEDAR_RECORD } };
    const struct json *context = json_get(v, S("context"));
    TRY(request_uid(out, v, "principal", faults, &r.principal));
    TRY(request_uid(out, v, "action", faults, &r.action));
    TRY(request_uid(out, v, "resource", faults, &r.resource));
    if (context && context->kind != JSON_NULL)
        TRY(cedar_context_json(out, context, schema, faults, &r));
    *ret = r;
    return E_NONE;
}
