/* SPDX-License-Identifier: Apache-2.0 */
/* The type checker of operators, methods and functions. */
#include <string.h>

#include "cedar/check.h"

static struct ans good(const struct type *t) { return (struct ans){ true, t, NULL }; }
static struct ans fail(const struct type *t) { return (struct ans){ false, t, NULL }; }
static struct ans both(struct ans l, struct ans r, const struct type *t)
{
    return l.ok && r.ok ? good(t) : fail(t);
}

/* The entity that an expression is for sure: a literal, or the action of this environment. */
static const struct cedar_uid *known_uid(const struct checker *c, const struct expr *e)
{
    if (e->op == OP_VAR && e->sub == VAR_ACTION)
        return &c->action->uid;
    return e->op == OP_LIT && e->lit.kind == CEDAR_ENTITY ? e->lit.uid : NULL;
}

static const struct cedar_value *known_value(const struct checker *c, const struct expr *e,
                                             struct cedar_value *tmp)
{
    const struct cedar_uid *uid = known_uid(c, e);
    if (uid) {
        *tmp = cedar_entity(uid);
        return tmp;
    }
    return e->op == OP_LIT ? &e->lit : NULL;
}

/* A fault unless the types can hold a common value. */
static bool comparable(struct checker *c, const struct expr *e, const struct type *l,
                       const struct type *r)
{
    if (!l || !r || type_lub(c->a, l, r))
        return true;
    check_fault(c, e, "compared values must have one type: " STR_FMT " and " STR_FMT,
                STR_ARG(check_type_text(c, l)), STR_ARG(check_type_text(c, r)));
    return false;
}

static struct ans check_eq(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_expr(c, prior, e->a), r = check_expr(c, prior, e->b);
    struct cedar_value lt, rt;
    const struct cedar_value *lv = known_value(c, e->a, &lt), *rv = known_value(c, e->b, &rt);
    bool disjoint = l.type && r.type && l.type->kind == TY_ENTITY && r.type->kind == TY_ENTITY &&
                    !str_eq(l.type->name, r.type->name);
    if (disjoint)
        return both(l, r, &ty_false);
    if (lv && rv)
        return both(l, r, ty_of_bool(cedar_eq(lv, rv)));
    return comparable(c, e, l.type, r.type) ? both(l, r, &ty_bool) : fail(&ty_bool);
}

static struct ans turn(struct ans a)
{
    a.caps = NULL;
    if (a.type && a.type->kind == TY_TRUE)
        a.type = &ty_false;
    else if (a.type && a.type->kind == TY_FALSE)
        a.type = &ty_true;
    else if (a.type)
        a.type = &ty_bool;
    else
        a = fail(&ty_bool);
    return a;
}

static bool ordered(const struct type *t)
{
    return t->kind == TY_LONG ||
           (t->kind == TY_EXT && (t->ext == CEDAR_DATETIME || t->ext == CEDAR_DURATION));
}

static struct ans check_less(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_expr(c, prior, e->a), r = check_expr(c, prior, e->b);
    if (!l.type || !r.type)
        return fail(&ty_bool);
    bool never_l = l.type->kind == TY_NEVER, never_r = r.type->kind == TY_NEVER;
    if (never_l && never_r)
        return fail(&ty_bool);
    if ((never_l || ordered(l.type)) && (never_r || ordered(r.type)) &&
        (never_l || never_r || type_same(l.type, r.type)))
        return both(l, r, &ty_bool);
    check_fault(c, e,
                "only two of Long, datetime or duration compare: got " STR_FMT " and " STR_FMT,
                STR_ARG(check_type_text(c, l.type)), STR_ARG(check_type_text(c, r.type)));
    return fail(&ty_bool);
}

static struct ans check_arith(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_want(c, prior, e->a, WANT_LONG);
    struct ans r = e->b ? check_want(c, prior, e->b, WANT_LONG) : good(&ty_long);
    return both(l, r, &ty_long);
}

/* ---- in ---- */

static bool action_in(const struct cedar_schema *s, const struct cedar_uid *child,
                      const struct cedar_uid *parent)
{
    const struct action *c = schema_action(s, child), *p = schema_action(s, parent);
    return c && p && (c == p || bit_is_set(c->ancestors, (u32)(p - s->actions)));
}

/* An action in entities that are all known: the schema has the answer. */
static struct ans known_action_in(struct checker *c, const struct cedar_uid *uid,
                                  const struct expr *right)
{
    u32 n = right->op == OP_SET ? right->n : 1;
    bool in = false;
    for (u32 i = 0; i < n; i++) {
        const struct cedar_uid *up = known_uid(c, right->op == OP_SET ? right->args[i] : right);
        if (!schema_is_action_type(up->type))
            continue; /* no action is in anything but actions */
        if (!schema_action(c->schema, up))
            return fail(&ty_bool); /* another pass says so */
        in = in || action_in(c->schema, uid, up);
    }
    return good(ty_of_bool(in));
}

static bool all_known(const struct checker *c, const struct expr *e)
{
    if (e->op != OP_SET)
        return known_uid(c, e) != NULL;
    for (u32 i = 0; i < e->n; i++)
        if (!known_uid(c, e->args[i]))
            return false;
    return true;
}

/* May an entity of the one type be in one of the other? */
static bool type_may_be_in(const struct cedar_schema *s, str child, str parent)
{
    const struct etype *c = schema_etype(s, child), *p = schema_etype(s, parent);
    if (str_eq(child, parent) || (c && p && bit_is_set(p->descendants, (u32)(c - s->etypes))))
        return true;
    for (u32 i = 0; i < s->actions_n; i++) {
        if (!str_eq(s->actions[i].uid.type, child))
            continue;
        for (u32 k = 0; k < s->actions_n; k++)
            if (bit_is_set(s->actions[i].ancestors, k) && str_eq(s->actions[k].uid.type, parent))
                return true;
    }
    return false;
}

static struct ans check_in(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_want(c, prior, e->a, WANT_ENTITY),
               r = check_want(c, prior, e->b, WANT_ENTITY_OR_SET);
    if (!l.ok || !r.ok)
        return fail(&ty_bool);
    const struct cedar_uid *uid = known_uid(c, e->a);
    if (uid && schema_is_action_type(uid->type) && all_known(c, e->b))
        return known_action_in(c, uid, e->b);
    const struct type *rt = r.type->kind == TY_SET ? r.type->elem : r.type;
    if (l.type->kind == TY_ENTITY && rt->kind == TY_ENTITY &&
        !type_may_be_in(c->schema, l.type->name, rt->name))
        return good(&ty_false);
    return good(&ty_bool);
}

/* ---- Methods ---- */

static struct ans check_contains(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_want(c, prior, e->a, WANT_SET);
    bool one = e->op == OP_CONTAINS;
    struct ans r = one ? check_expr(c, prior, e->b) : check_want(c, prior, e->b, WANT_SET);
    const struct type *lt = l.type;
    if (one)
        lt = lt && lt->kind == TY_SET ? lt->elem : NULL;
    if (!comparable(c, e, lt, r.type))
        return fail(&ty_bool);
    return both(l, r, &ty_bool);
}

static const struct type *tags_of(const struct checker *c, const struct type *t)
{
    const struct etype *et = t->kind == TY_ENTITY ? schema_etype(c->schema, t->name) : NULL;
    return et ? et->tags : NULL;
}

static struct ans check_tag(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_want(c, prior, e->a, WANT_ENTITY),
               r = check_want(c, prior, e->b, WANT_STRING);
    bool has = e->op == OP_HAS_TAG;
    if (!l.type)
        return fail(NULL);
    const struct type *tags = tags_of(c, l.type);
    bool known = cap_has(prior, e->a, (str){ 0 }, e->b);
    if (has) {
        struct ans a = both(l, r, !tags ? &ty_false : known ? &ty_true : &ty_bool);
        if (a.ok)
            a.caps = cap_one(c, e->a, (str){ 0 }, e->b);
        return a;
    }
    if (!known) {
        check_fault(c, e, "the tag may be missing: test for it with hasTag() first");
        return fail(NULL);
    }
    if (!tags) {
        check_fault(c, e, STR_FMT " has no tags", STR_ARG(check_type_text(c, l.type)));
        return fail(NULL);
    }
    return both(l, r, tags);
}

static bool constructor_ok(struct checker *c, const struct expr *e)
{
    bool ok = true, literal = true;
    for (u32 i = 0; i < e->n; i++)
        literal = literal && e->args[i]->op == OP_LIT;
    if (!literal) {
        check_fault(c, e, STR_FMT "() takes a literal where the schema is enforced",
                    STR_ARG(cedar_ext_rows[e->sub].name));
        ok = false;
    }
    if (e->n == 1 && literal && e->args[0]->lit.kind == CEDAR_STRING && !e->folded) {
        check_fault(c, e, STR_FMT "() does not accept this text",
                    STR_ARG(cedar_ext_rows[e->sub].name));
        ok = false;
    }
    return ok;
}

static struct ans check_call(struct checker *c, const struct cap *prior, const struct expr *e)
{
    const struct ext_row *row = &cedar_ext_rows[e->sub];
    const struct type *ret = type_of_kind(row->result);
    bool ok = true;
    if (e->n != row->argc) {
        check_fault(c, e, STR_FMT "() takes %u argument%s, not %u", STR_ARG(row->name),
                    row->argc - row->method, row->argc - row->method == 1 ? "" : "s",
                    e->n - row->method);
        ok = false;
    }
    if (!row->method)
        ok = constructor_ok(c, e) && ok;
    for (u32 i = 0; i < e->n; i++) {
        struct ans a = ok ? check_want_type(c, prior, e->args[i], type_of_kind(row->args[i]))
                          : check_expr(c, prior, e->args[i]);
        ok = ok && a.ok;
    }
    return ok ? good(ret) : fail(ret);
}

struct ans check_op(struct checker *c, const struct cap *prior, const struct expr *e)
{
    switch ((enum op)e->op) {
    case OP_NOT: return turn(check_want(c, prior, e->a, WANT_BOOL));
    case OP_EQ: return check_eq(c, prior, e);
    case OP_NE: return turn(check_eq(c, prior, e));
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE: return check_less(c, prior, e);
    case OP_IN: return check_in(c, prior, e);
    case OP_NEG:
    case OP_ADD:
    case OP_SUB:
    case OP_MUL: return check_arith(c, prior, e);
    case OP_CONTAINS:
    case OP_CONTAINS_ALL:
    case OP_CONTAINS_ANY: return check_contains(c, prior, e);
    case OP_IS_EMPTY: {
        struct ans a = check_want(c, prior, e->a, WANT_SET);
        return both(a, a, &ty_bool);
    }
    case OP_GET_TAG:
    case OP_HAS_TAG: return check_tag(c, prior, e);
    case OP_LIKE: {
        struct ans a = check_want(c, prior, e->left, WANT_STRING);
        return both(a, a, &ty_bool);
    }
    default: return check_call(c, prior, e);
    }
}
