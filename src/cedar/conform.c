/* SPDX-License-Identifier: Apache-2.0 */
/* Do entities and requests fit the schema? Each value against its type, each parent against the
 * types that its child may be in, each action against the schema's own. */
#include <string.h>

#include "base/map.h"
#include "cedar/check.h"

static err misfit(struct cedar_faults *faults, const struct cedar_uid *uid, const char *what,
                  str detail)
{
    struct buf b = buf_in(faults->a, 400);
    if (uid) {
        cedar_put_uid(&b, uid);
        buf_put(&b, S(": "));
    }
    buf_put(&b, str_from(what));
    if (detail.n) {
        buf_put(&b, S(" `"));
        buf_put(&b, str_sub(detail, 0, 100));
        buf_put(&b, S("`"));
    }
    cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 }, STR_FMT, STR_ARG(buf_str(&b)));
    return E_INVALID;
}

static bool id_ok(const struct cedar_schema *s, const struct cedar_uid *uid)
{
    const struct etype *et = schema_etype(s, uid->type);
    if (!et || !et->ids_n)
        return true;
    for (u32 i = 0; i < et->ids_n; i++)
        if (str_eq(et->ids[i], uid->id))
            return true;
    return false;
}

static bool value_fits(const struct cedar_schema *s, const struct cedar_value *v,
                       const struct type *t);

static bool record_fits(const struct cedar_schema *s, const struct cedar_value *v,
                        const struct type *t, str *ret_name)
{
    for (u32 i = 0; i < v->n; i++) {
        const struct attr *a = type_attr(t, v->record[i].name);
        *ret_name = v->record[i].name;
        if (!a || !value_fits(s, &v->record[i].value, a->type))
            return false;
    }
    for (u32 i = 0; i < t->n; i++) {
        *ret_name = t->attrs[i].name;
        if (t->attrs[i].required && !cedar_get(v, t->attrs[i].name))
            return false;
    }
    return true;
}

static bool value_fits(const struct cedar_schema *s, const struct cedar_value *v,
                       const struct type *t)
{
    str name;
    switch (t->kind) {
    case TY_BOOL: return v->kind == CEDAR_BOOL;
    case TY_LONG: return v->kind == CEDAR_LONG;
    case TY_STRING: return v->kind == CEDAR_STRING;
    case TY_EXT: return v->kind == t->ext;
    case TY_ENTITY:
        return v->kind == CEDAR_ENTITY && str_eq(v->uid->type, t->name) && id_ok(s, v->uid);
    case TY_RECORD: return v->kind == CEDAR_RECORD && record_fits(s, v, t, &name);
    case TY_SET:
        if (v->kind != CEDAR_SET)
            return false;
        for (u32 i = 0; i < v->n; i++)
            if (!value_fits(s, &v->set[i], t->elem))
                return false;
        return true;
    default: return false;
    }
}

static const struct cedar_value empty = { .kind = CEDAR_RECORD };

static const struct cedar_value *or_empty(const struct cedar_value *v)
{
    return v->kind == CEDAR_RECORD ? v : &empty;
}

static err check_entity(const struct cedar_schema *s, const struct cedar_entity *e,
                        struct cedar_faults *faults)
{
    const struct etype *et = schema_etype(s, e->uid.type);
    str name = S("");
    if (!et)
        return misfit(faults, &e->uid, "the schema has no such entity type", name);
    if (!id_ok(s, &e->uid))
        return misfit(faults, &e->uid, "none of the ids that its type has", name);
    if (!record_fits(s, or_empty(&e->attrs), et->shape, &name))
        return misfit(faults, &e->uid, "the schema has this attribute otherwise:", name);
    const struct cedar_value *tags = or_empty(&e->tags);
    for (u32 i = 0; i < tags->n; i++)
        if (!et->tags || !value_fits(s, &tags->record[i].value, et->tags))
            return misfit(faults, &e->uid,
                          "the schema has this tag otherwise:", tags->record[i].name);
    for (u32 i = 0; i < e->parents_n; i++) {
        const struct etype *up = schema_etype(s, e->parents[i].type);
        if (!up || !bit_is_set(up->descendants, (u32)(et - s->etypes)))
            return misfit(faults, &e->uid, "may not be in an entity of type", e->parents[i].type);
        if (!id_ok(s, &e->parents[i]))
            return misfit(faults, &e->parents[i], "none of the ids that its type has", S(""));
    }
    return E_NONE;
}

/* An action given among the entities must be the schema's: no attributes, and in exactly what the
 * schema says. Parents may be given closed or as declared. */
static err check_action(const struct cedar_schema *s, const struct cedar_entity *e,
                        struct cedar_faults *faults)
{
    const struct action *a = schema_action(s, &e->uid);
    if (!a)
        return misfit(faults, &e->uid, "the schema has no such action", S(""));
    if (or_empty(&e->attrs)->n || or_empty(&e->tags)->n)
        return misfit(faults, &e->uid, "an action has no attributes and no tags", S(""));
    SCRATCH(t);
    u32 words = s->actions_n / 64 + 1;
    u64 *got = NEW_N(t.a, u64, words);
    for (u32 i = 0; i < e->parents_n; i++) {
        const struct action *up = schema_action(s, &e->parents[i]);
        if (!up || !bit_is_set(a->ancestors, (u32)(up - s->actions)))
            return misfit(faults, &e->uid, "the schema does not have it in", e->parents[i].id);
        got[(up - s->actions) / 64] |= (u64)1 << ((up - s->actions) % 64);
        for (u32 k = 0; k < words; k++)
            got[k] |= up->ancestors[k];
    }
    if (memcmp(got, a->ancestors, words * sizeof *got) != 0)
        return misfit(faults, &e->uid, "the schema has this action in more groups", S(""));
    return E_NONE;
}

err schema_check_entities(struct arena *out, const struct cedar_schema *s,
                          struct cedar_entities *all, struct cedar_faults *faults)
{
    SCRATCH(t);
    bool *given = NEW_N(t.a, bool, s->actions_n);
    for (size_t i = 0; i < all->n; i++) {
        const struct cedar_entity *e = &all->at[i];
        if (!schema_is_action_type(e->uid.type)) {
            TRY(check_entity(s, e, faults));
            continue;
        }
        TRY(check_action(s, e, faults));
        given[schema_action(s, &e->uid) - s->actions] = true;
    }
    for (u32 k = 0; k < s->actions_n; k++) {
        const struct action *a = &s->actions[k];
        struct cedar_uid *up = NEW_N(out, struct cedar_uid, a->parents_n);
        if (given[k])
            continue;
        for (u32 i = 0; i < a->parents_n; i++)
            up[i] = s->actions[a->parents[i]].uid;
        all->at[all->n++] =
            (struct cedar_entity){ .uid = a->uid, .parents = up, .parents_n = a->parents_n };
    }
    return E_NONE;
}

static bool type_listed(const struct cedar_schema *s, const u32 *at, u32 n, str type)
{
    for (u32 i = 0; i < n; i++)
        if (str_eq(s->etypes[at[i]].name, type))
            return true;
    return false;
}

err cedar_validate_request(const struct cedar_schema *s, const struct cedar_request *req,
                           struct cedar_faults *faults)
{
    const struct action *a = schema_action(s, &req->action);
    str name = S("");
    if (!a)
        return misfit(faults, &req->action, "the schema has no such action", name);
    if (!type_listed(s, a->principals, a->principals_n, req->principal.type))
        return misfit(faults, &req->action, "does not apply to a principal of type",
                      req->principal.type);
    if (!type_listed(s, a->resources, a->resources_n, req->resource.type))
        return misfit(faults, &req->action, "does not apply to a resource of type",
                      req->resource.type);
    if (!id_ok(s, &req->principal))
        return misfit(faults, &req->principal, "none of the ids that its type has", name);
    if (!id_ok(s, &req->resource))
        return misfit(faults, &req->resource, "none of the ids that its type has", name);
    if (!record_fits(s, or_empty(&req->context), a->context, &name))
        return misfit(faults, &req->action, "its context has otherwise:", name);
    return E_NONE;
}
