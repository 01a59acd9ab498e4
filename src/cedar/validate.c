/* SPDX-License-Identifier: Apache-2.0 */
/* The strict validator of policies: names that the schema does not know, ids that an enumerated
 * type does not have, scopes that no action allows, and the types of conditions in every
 * environment (action, type of principal, type of resource; for templates also the types that a
 * slot may be filled with). */
#include <string.h>

#include "cedar/check.h"

struct pass {
    const struct cedar_schema *schema;
    struct cedar_faults *faults;
    const struct policy *p;
    struct arena *a;
};

static bool known_type(const struct cedar_schema *s, str type)
{
    return schema_is_action_type(type) || schema_etype(s, type);
}

static struct cedar_fault where(const struct pass *v, u32 at, u32 end)
{
    return (struct cedar_fault){ .at = at, .end = end, .policy = (i32)v->p->index };
}

static void name_type(const struct pass *v, str type, u32 at, u32 end)
{
    if (!known_type(v->schema, type))
        cedar_fault_add(v->faults, where(v, at, end), "the schema has no entity type `" STR_FMT "`",
                        STR_ARG(str_sub(type, 0, 200)));
}

static bool enum_has(const struct etype *et, str id)
{
    for (u32 i = 0; i < et->ids_n; i++)
        if (str_eq(et->ids[i], id))
            return true;
    return et->ids_n == 0;
}

static void name_uid(const struct pass *v, const struct cedar_uid *uid, u32 at, u32 end)
{
    SCRATCH(s);
    struct buf b = buf_in(s.a, 300);
    cedar_put_uid(&b, uid);
    str text = buf_str(&b);
    name_type(v, uid->type, at, end);
    if (schema_is_action_type(uid->type)) {
        if (!schema_action(v->schema, uid))
            cedar_fault_add(v->faults, where(v, at, end), "the schema has no action " STR_FMT,
                            STR_ARG(text));
        return;
    }
    const struct etype *et = schema_etype(v->schema, uid->type);
    if (et && !enum_has(et, uid->id))
        cedar_fault_add(v->faults, where(v, at, end),
                        STR_FMT " is none of the ids that its type has", STR_ARG(text));
}

static void name_expr(const struct pass *v, const struct expr *e)
{
    switch ((enum op)e->op) {
    case OP_LIT:
        if (e->lit.kind == CEDAR_ENTITY)
            name_uid(v, e->lit.uid, e->at, e->end);
        return;
    case OP_VAR:
    case OP_SLOT: return;
    case OP_SET:
    case OP_CALL:
    case OP_AND:
    case OP_OR:
        for (u32 i = 0; i < e->n; i++)
            name_expr(v, e->args[i]);
        return;
    case OP_RECORD:
        for (u32 i = 0; i < e->n; i++)
            name_expr(v, e->fields[i].e);
        return;
    case OP_ATTR:
    case OP_HAS:
    case OP_LIKE:
    case OP_IS:
        if (e->op == OP_IS)
            name_type(v, e->name, e->at, e->end);
        name_expr(v, e->left);
        if (e->in)
            name_expr(v, e->in);
        return;
    default:
        name_expr(v, e->a);
        if (e->b)
            name_expr(v, e->b);
        if (e->c)
            name_expr(v, e->c);
    }
}

static void name_scope(const struct pass *v, const struct scope *s)
{
    if (s->kind == SCOPE_IS || s->kind == SCOPE_IS_IN)
        name_type(v, s->type, s->at, s->end);
    for (u32 i = 0; i < s->n; i++)
        name_uid(v, s->uids[i], s->at, s->end);
}

/* ---- Can the scope apply to anything? ---- */

static bool under(const struct cedar_schema *s, u32 child, str parent)
{
    const struct etype *p = schema_etype(s, parent);
    return str_eq(s->etypes[child].name, parent) || (p && bit_is_set(p->descendants, child));
}

static bool side_allows(const struct cedar_schema *s, const struct scope *sc, u32 type)
{
    switch (sc->kind) {
    case SCOPE_EQ: return sc->slot || str_eq(s->etypes[type].name, sc->uids[0]->type);
    case SCOPE_IN: return sc->slot || under(s, type, sc->uids[0]->type);
    case SCOPE_IS: return str_eq(s->etypes[type].name, sc->type);
    case SCOPE_IS_IN:
        return str_eq(s->etypes[type].name, sc->type) &&
               (sc->slot || under(s, type, sc->uids[0]->type));
    default: return true;
    }
}

static bool any_allowed(const struct cedar_schema *s, const struct scope *sc, const u32 *types,
                        u32 n)
{
    for (u32 i = 0; i < n; i++)
        if (side_allows(s, sc, types[i]))
            return true;
    return false;
}

static bool action_allows(const struct cedar_schema *s, const struct scope *sc,
                          const struct action *a)
{
    if (sc->kind == SCOPE_ANY)
        return true;
    for (u32 i = 0; i < sc->n; i++) {
        const struct action *up = schema_action(s, sc->uids[i]);
        if (!up)
            return false;
    }
    for (u32 i = 0; i < sc->n; i++) {
        const struct action *up = schema_action(s, sc->uids[i]);
        if (a == up || (sc->kind != SCOPE_EQ && bit_is_set(a->ancestors, (u32)(up - s->actions))))
            return true;
    }
    return false;
}

static void check_applies(const struct pass *v)
{
    const struct cedar_schema *s = v->schema;
    for (u32 i = 0; i < s->actions_n; i++) {
        const struct action *a = &s->actions[i];
        if (action_allows(s, &v->p->action, a) &&
            any_allowed(s, &v->p->principal, a->principals, a->principals_n) &&
            any_allowed(s, &v->p->resource, a->resources, a->resources_n))
            return;
    }
    cedar_fault_add(
        v->faults, where(v, v->p->at, v->p->end),
        "the scope applies to no action, principal and resource that the schema allows together");
}

/* ---- Types, environment by environment ---- */

static const struct expr *close(struct arena *a, struct expr *e)
{
    must(expr_close(a, e));
    return e;
}

static const struct expr *target(struct arena *a, const struct scope *s, enum var var, u32 i)
{
    struct expr *e = expr_new(a, s->slot ? OP_SLOT : OP_LIT, s->at, s->end);
    e->sub = (u8)var;
    if (!s->slot)
        e->lit = cedar_entity(s->uids[i]);
    return close(a, e);
}

/* The scope of one variable as an expression, or NULL when it allows all. */
static const struct expr *scope_expr(struct arena *a, const struct scope *s, enum var var)
{
    if (s->kind == SCOPE_ANY)
        return NULL;
    struct expr *v = expr_new(a, OP_VAR, s->at, s->end);
    v->sub = (u8)var;
    (void)close(a, v);
    if (s->kind == SCOPE_IS || s->kind == SCOPE_IS_IN) {
        struct expr *is = expr_new(a, OP_IS, s->at, s->end);
        is->left = v;
        is->name = s->type;
        is->in = s->kind == SCOPE_IS_IN ? target(a, s, var, 0) : NULL;
        return close(a, is);
    }
    struct expr *e = expr_new(a, s->kind == SCOPE_EQ ? OP_EQ : OP_IN, s->at, s->end);
    e->a = v;
    if (s->kind != SCOPE_IN_SET) {
        e->b = target(a, s, var, 0);
        return close(a, e);
    }
    struct expr *set = expr_new(a, OP_SET, s->at, s->end);
    const struct expr **args = NEW_N(a, const struct expr *, s->n);
    for (u32 i = 0; i < s->n; i++)
        args[i] = target(a, s, var, i);
    set->args = args;
    set->n = s->n;
    e->b = close(a, set);
    return close(a, e);
}

/* The whole policy as the expressions that must all be true. */
static const struct expr *condition(struct arena *a, const struct policy *p)
{
    const struct expr **args = NEW_N(a, const struct expr *, p->clauses_n + 3);
    u32 n = 0;
    const struct expr *scopes[3] = { scope_expr(a, &p->principal, VAR_PRINCIPAL),
                                     scope_expr(a, &p->action, VAR_ACTION),
                                     scope_expr(a, &p->resource, VAR_RESOURCE) };
    for (int i = 0; i < 3; i++)
        if (scopes[i])
            args[n++] = scopes[i];
    for (u32 i = 0; i < p->clauses_n; i++) {
        args[n] = p->clauses[i].e;
        if (p->clauses[i].unless) {
            struct expr *not = expr_new(a, OP_NOT, p->clauses[i].e->at, p->clauses[i].e->end);
            not ->a = p->clauses[i].e;
            args[n] = not ;
        }
        n++;
    }
    if (n == 1)
        return args[0];
    struct expr *e = expr_new(a, n ? OP_AND : OP_LIT, p->at, p->end);
    if (n) {
        e->args = args;
        e->n = n;
    } else {
        e->lit = cedar_bool(true);
    }
    return e;
}

/* The types a slot may have, given the type of its variable. */
static u32 slot_types(const struct cedar_schema *s, const struct scope *sc, u32 var,
                      const struct type **ret)
{
    u32 n = 0;
    if (!sc->slot) {
        ret[n++] = &ty_any_entity;
        return n;
    }
    ret[n++] = s->etypes[var].self;
    for (u32 i = 0; sc->kind != SCOPE_EQ && i < s->etypes_n; i++)
        if (i != var && bit_is_set(s->etypes[i].descendants, var))
            ret[n++] = s->etypes[i].self;
    return n;
}

static bool check_env(struct checker *c, const struct expr *cond)
{
    c->errors = 0;
    c->caps_n = 0;
    struct ans got = check_want(c, NULL, cond, WANT_BOOL);
    return got.type && got.type->kind == TY_FALSE;
}

static bool check_pair(struct checker *c, const struct policy *p, const struct expr *cond, u32 pt,
                       u32 rt)
{
    const struct cedar_schema *s = c->schema;
    const struct type **ps = NEW_N(c->a, const struct type *, s->etypes_n + 1);
    const struct type **rs = NEW_N(c->a, const struct type *, s->etypes_n + 1);
    u32 pn = slot_types(s, &p->principal, pt, ps), rn = slot_types(s, &p->resource, rt, rs);
    bool all_false = true;
    c->vars[VAR_PRINCIPAL] = s->etypes[pt].self;
    c->vars[VAR_RESOURCE] = s->etypes[rt].self;
    for (u32 i = 0; i < pn; i++)
        for (u32 k = 0; k < rn; k++) {
            c->slots[0] = ps[i];
            c->slots[1] = rs[k];
            all_false = check_env(c, cond) && all_false;
        }
    return all_false;
}

static void check_types(const struct pass *v)
{
    const struct cedar_schema *s = v->schema;
    bool all_false = true;
    const struct expr *cond = condition(v->a, v->p);
    for (u32 i = 0; i < s->actions_n; i++) {
        const struct action *a = &s->actions[i];
        for (u32 pi = 0; pi < a->principals_n; pi++)
            for (u32 ri = 0; ri < a->resources_n; ri++) {
                SCRATCH(t);
                struct checker c = { .a = t.a,
                                     .schema = s,
                                     .faults = v->faults,
                                     .policy = (i32)v->p->index,
                                     .action = a };
                c.vars[VAR_ACTION] = a->self;
                c.vars[VAR_CONTEXT] = a->context;
                all_false =
                    check_pair(&c, v->p, cond, a->principals[pi], a->resources[ri]) && all_false;
            }
    }
    if (all_false) {
        struct cedar_fault w = where(v, v->p->at, v->p->end);
        w.warning = true;
        cedar_fault_add(v->faults, w,
                        "the policy can never apply: its condition is false for every request");
    }
}

err cedar_validate(const struct cedar_policies *p, const struct cedar_schema *s,
                   struct cedar_faults *faults)
{
    u32 before = faults->errors;
    for (u32 i = 0; i < p->n; i++) {
        SCRATCH(t);
        struct pass v = { s, faults, &p->at[i], t.a };
        name_scope(&v, &p->at[i].principal);
        name_scope(&v, &p->at[i].action);
        name_scope(&v, &p->at[i].resource);
        for (u32 k = 0; k < p->at[i].clauses_n; k++)
            name_expr(&v, p->at[i].clauses[k].e);
        check_applies(&v);
        check_types(&v);
    }
    return faults->errors == before ? E_NONE : E_INVALID;
}
