/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluator: a walk over the tree, values by value, memory only from the scratch arena and only
 * for sets and records that a policy builds out of variables. Depth is bounded by the parser. The
 * order of evaluation is the language's: it decides which of several errors is met, and whether one
 * is met at all. */
#include <string.h>

#include "cedar/internal.h"

bool eval_fail(struct eval *v, enum cedar_error_code code, const struct expr *e)
{
    v->error.code = code;
    v->failed = e;
    v->error.at = e->at;
    v->error.end = e->end;
    return false;
}

static bool type_error(struct eval *v, const struct expr *e, const struct cedar_value *got,
                       const char *expected)
{
    v->error.got = *got;
    v->error.name = str_from(expected);
    return eval_fail(v, CEDAR_E_TYPE, e);
}

void eval_begin(struct eval *v, const struct cedar_store *s, const struct cedar_request *req,
                struct arena *scratch)
{
    *v = (struct eval){ .store = s, .req = req, .scratch = scratch };
    const struct cedar_uid *uids[3] = { &req->principal, &req->action, &req->resource };
    for (int i = 0; i < 3; i++) {
        v->vars[i] = cedar_entity(uids[i]);
        v->node[i] = store_node(s, uids[i]);
        v->ent[i] = v->node[i] ? v->node[i]->e : NULL;
        for (u32 k = 0; k < req->extra_n; k++)
            if (cedar_uid_eq(&req->extra[k].uid, uids[i])) {
                v->ent[i] = &req->extra[k];
                v->node[i] = NULL;
            }
    }
    v->vars[VAR_CONTEXT] = req->context;
    v->vars[VAR_CONTEXT].kind = CEDAR_RECORD; /* all zero is the empty record */
    if (req->context.kind != CEDAR_RECORD)
        v->vars[VAR_CONTEXT].n = 0;
}

static const struct cedar_entity *find_extra(const struct eval *v, const struct cedar_uid *uid)
{
    for (u32 k = 0; k < v->req->extra_n; k++)
        if (cedar_uid_eq(&v->req->extra[k].uid, uid))
            return &v->req->extra[k];
    return NULL;
}

const struct cedar_entity *eval_find(const struct eval *v, const struct cedar_uid *uid)
{
    if (uid == &v->req->principal)
        return v->ent[VAR_PRINCIPAL];
    if (uid == &v->req->resource)
        return v->ent[VAR_RESOURCE];
    if (uid == &v->req->action)
        return v->ent[VAR_ACTION];
    const struct cedar_entity *e = find_extra(v, uid);
    return e ? e : cedar_find(v->store, uid);
}

/* left bounds the walk through extra entities, whose parents nobody checked for cycles. */
static bool in_rec(const struct eval *v, const struct cedar_uid *uid,
                   const struct cedar_uid *target, u32 left)
{
    if (cedar_uid_eq(uid, target))
        return true;
    const struct node *n = uid == &v->req->principal  ? v->node[VAR_PRINCIPAL]
                           : uid == &v->req->resource ? v->node[VAR_RESOURCE]
                           : uid == &v->req->action   ? v->node[VAR_ACTION]
                                                      : NULL;
    if (n)
        return node_under(v->store, n, target);
    const struct cedar_entity *e = find_extra(v, uid);
    if (!e) {
        n = store_node(v->store, uid);
        return n && node_under(v->store, n, target);
    }
    for (u32 i = 0; left && i < e->parents_n; i++)
        if (in_rec(v, &e->parents[i], target, left - 1))
            return true;
    return false;
}

bool eval_in(const struct eval *v, const struct cedar_uid *uid, const struct cedar_uid *target)
{
    return in_rec(v, uid, target, MIN(v->req->extra_n, 8u));
}

static void see(struct eval *v, const struct expr *e, const struct cedar_value *got)
{
    struct seen_note *n = NEW(v->scratch, struct seen_note);
    *n = (struct seen_note){ e, *got };
    map_put(v->seen, (str){ (const char *)&n->e, sizeof n->e }, n);
}

const struct cedar_value *eval_seen(const struct map *seen, const struct expr *e)
{
    if (e->folded)
        return e->folded;
    const struct seen_note *n = map_get(seen, (str){ (const char *)&e, sizeof e });
    return n ? &n->value : NULL;
}

static bool want(struct eval *v, const struct expr *e, u8 kind, struct cedar_value *ret)
{
    if (!eval_expr(v, e, ret))
        return false;
    return LIKELY(ret->kind == kind) || type_error(v, e, ret, cedar_kind_name(kind));
}

static bool eval_chain(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    bool stop = e->op == OP_OR;
    for (u32 i = 0; i < e->n; i++) {
        if (!want(v, e->args[i], CEDAR_BOOL, ret))
            return false;
        if (ret->b == stop)
            return true;
    }
    return true;
}

static bool eval_compare(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    struct cedar_value a, b;
    if (!eval_expr(v, e->a, &a) || !eval_expr(v, e->b, &b))
        return false;
    if (e->op == OP_EQ || e->op == OP_NE) {
        *ret = cedar_bool(cedar_eq(&a, &b) == (e->op == OP_EQ));
        return true;
    }
    bool ordered = a.kind == CEDAR_LONG || a.kind == CEDAR_DATETIME || a.kind == CEDAR_DURATION;
    if (!ordered)
        return type_error(v, e->a, &a, "long, datetime or duration");
    if (a.kind != b.kind)
        return type_error(v, e->b, &b, cedar_kind_name(a.kind));
    *ret = cedar_bool(e->op == OP_LT   ? a.i < b.i
                      : e->op == OP_LE ? a.i <= b.i
                      : e->op == OP_GT ? a.i > b.i
                                       : a.i >= b.i);
    return true;
}

static bool eval_arith(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    struct cedar_value a, b;
    i64 out;
    if (!want(v, e->a, CEDAR_LONG, &a) || !want(v, e->b, CEDAR_LONG, &b))
        return false;
    bool over = e->op == OP_ADD   ? __builtin_add_overflow(a.i, b.i, &out)
                : e->op == OP_SUB ? __builtin_sub_overflow(a.i, b.i, &out)
                                  : __builtin_mul_overflow(a.i, b.i, &out);
    if (over)
        return eval_fail(v, CEDAR_E_OVERFLOW, e);
    *ret = cedar_long(out);
    return true;
}

static bool eval_in_op(struct eval *v, const struct expr *left, const struct expr *right,
                       struct cedar_value *ret)
{
    struct cedar_value a, b;
    if (!want(v, left, CEDAR_ENTITY, &a) || !eval_expr(v, right, &b))
        return false;
    if (b.kind == CEDAR_ENTITY) {
        *ret = cedar_bool(eval_in(v, a.uid, b.uid));
        return true;
    }
    if (b.kind != CEDAR_SET)
        return type_error(v, right, &b, "entity or set of entities");
    bool found = false;
    for (u32 i = 0; i < b.n; i++)
        if (b.set[i].kind != CEDAR_ENTITY)
            return type_error(v, right, &b.set[i], "entity");
    for (u32 i = 0; i < b.n && !found; i++)
        found = eval_in(v, a.uid, b.set[i].uid);
    *ret = cedar_bool(found);
    return true;
}

static bool set_all(const struct cedar_value *a, const struct cedar_value *b)
{
    for (u32 i = 0; i < b->n; i++)
        if (!cedar_set_has(a, &b->set[i]))
            return false;
    return true;
}

static bool set_any(const struct cedar_value *a, const struct cedar_value *b)
{
    for (u32 i = 0; i < b->n; i++)
        if (cedar_set_has(a, &b->set[i]))
            return true;
    return false;
}

static bool eval_contains(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    struct cedar_value a, b;
    if (!want(v, e->a, CEDAR_SET, &a))
        return false;
    if (e->op == OP_CONTAINS ? !eval_expr(v, e->b, &b) : !want(v, e->b, CEDAR_SET, &b))
        return false;
    *ret = cedar_bool(e->op == OP_CONTAINS       ? cedar_set_has(&a, &b)
                      : e->op == OP_CONTAINS_ALL ? set_all(&a, &b)
                                                 : set_any(&a, &b));
    return true;
}

static bool eval_tag(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    struct cedar_value a, b;
    if (!want(v, e->a, CEDAR_ENTITY, &a) || !want(v, e->b, CEDAR_STRING, &b))
        return false;
    const struct cedar_entity *ent = eval_find(v, a.uid);
    const struct cedar_value *tag = ent ? cedar_get(&ent->tags, (str){ b.p, b.n }) : NULL;
    if (e->op == OP_HAS_TAG) {
        *ret = cedar_bool(tag != NULL);
        return true;
    }
    v->error.got = a;
    v->error.name = (str){ b.p, b.n };
    if (!ent)
        return eval_fail(v, CEDAR_E_NO_ENTITY, e);
    if (!tag)
        return eval_fail(v, CEDAR_E_NO_TAG, e);
    *ret = *tag;
    return true;
}

/* The attribute of a value, or NULL; *ret_entity says whether an entity that should hold it is
 * missing. */
static const struct cedar_value *attr_of(struct eval *v, const struct cedar_value *from, str name,
                                         bool *ret_missing)
{
    *ret_missing = false;
    if (from->kind == CEDAR_RECORD)
        return cedar_get(from, name);
    const struct cedar_entity *ent = eval_find(v, from->uid);
    *ret_missing = ent == NULL;
    return ent ? cedar_get(&ent->attrs, name) : NULL;
}

static bool eval_attr(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    struct cedar_value from;
    bool missing;
    if (!eval_expr(v, e->left, &from))
        return false;
    if (from.kind != CEDAR_RECORD && from.kind != CEDAR_ENTITY)
        return type_error(v, e->left, &from, "record or entity");
    const struct cedar_value *got = attr_of(v, &from, e->name, &missing);
    if (got) {
        *ret = *got;
        return true;
    }
    v->error.got = from;
    v->error.name = e->name;
    return eval_fail(v, missing ? CEDAR_E_NO_ENTITY : CEDAR_E_NO_ATTR, e);
}

static bool eval_has(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    struct cedar_value from;
    if (!eval_expr(v, e->left, &from))
        return false;
    for (u32 i = 0; i < e->n; i++) {
        bool missing;
        if (from.kind != CEDAR_RECORD && from.kind != CEDAR_ENTITY)
            return type_error(v, e, &from, "record or entity");
        const struct cedar_value *got = attr_of(v, &from, e->names[i], &missing);
        if (!got) {
            *ret = cedar_bool(false);
            return true;
        }
        from = *got;
    }
    *ret = cedar_bool(true);
    return true;
}

bool cedar_like(str s, const str *pieces, u32 n)
{
    if (n == 1)
        return str_eq(s, pieces[0]);
    str last = pieces[n - 1];
    if (s.n < pieces[0].n + last.n || !str_starts(s, pieces[0]) || !str_ends(s, last))
        return false;
    s = str_sub(s, pieces[0].n, s.n - last.n);
    for (u32 i = 1; i + 1 < n; i++) {
        ptrdiff_t at = str_find(s, pieces[i]);
        if (at < 0)
            return false;
        s = str_sub(s, (size_t)at + pieces[i].n, s.n);
    }
    return true;
}

static bool eval_set(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    if (!scratch_room(v->scratch, e->n * sizeof(struct cedar_value)))
        return eval_fail(v, CEDAR_E_LIMIT, e);
    struct cedar_value *at = NEW_N(v->scratch, struct cedar_value, e->n);
    for (u32 i = 0; i < e->n; i++)
        if (!eval_expr(v, e->args[i], &at[i]))
            return false;
    *ret = cedar_set(at, e->n);
    return true;
}

static bool eval_record(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    if (!scratch_room(v->scratch, e->n * sizeof(struct cedar_field)))
        return eval_fail(v, CEDAR_E_LIMIT, e);
    struct cedar_field *at = NEW_N(v->scratch, struct cedar_field, e->n);
    for (u32 i = 0; i < e->n; i++) {
        at[i].name = e->fields[i].name;
        if (!eval_expr(v, e->fields[i].e, &at[i].value))
            return false;
    }
    *ret = (struct cedar_value){ .kind = CEDAR_RECORD, .n = e->n, .record = at };
    return true;
}

static bool eval_call(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    if (e->n > 2 && !scratch_room(v->scratch, e->n * sizeof(struct cedar_value)))
        return eval_fail(v, CEDAR_E_LIMIT, e);
    struct cedar_value few[2],
        *args = e->n <= 2 ? few : NEW_N(v->scratch, struct cedar_value, e->n);
    for (u32 i = 0; i < e->n; i++)
        if (!eval_expr(v, e->args[i], &args[i]))
            return false;
    return ext_call(v, e, args, ret);
}

static bool eval_is(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    struct cedar_value a;
    if (!want(v, e->left, CEDAR_ENTITY, &a))
        return false;
    if (!str_eq(a.uid->type, e->name) || !e->in) {
        *ret = cedar_bool(str_eq(a.uid->type, e->name));
        return true;
    }
    return eval_in_op(v, e->left, e->in, ret);
}

static bool eval_slot(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    const struct cedar_uid *uid = v->slot[e->sub == VAR_RESOURCE];
    if (!uid)
        return eval_fail(v, CEDAR_E_SLOT, e);
    *ret = cedar_entity(uid);
    return true;
}

static bool eval_one(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    struct cedar_value a;
    switch ((enum op)e->op) {
    case OP_LIT: *ret = e->lit; return true;
    case OP_SLOT: return eval_slot(v, e, ret);
    case OP_IF: return want(v, e->a, CEDAR_BOOL, &a) && eval_expr(v, a.b ? e->b : e->c, ret);
    case OP_AND:
    case OP_OR: return eval_chain(v, e, ret);
    case OP_NOT:
        if (!want(v, e->a, CEDAR_BOOL, &a))
            return false;
        *ret = cedar_bool(!a.b);
        return true;
    case OP_NEG:
        if (!want(v, e->a, CEDAR_LONG, &a))
            return false;
        if (a.i == INT64_MIN)
            return eval_fail(v, CEDAR_E_OVERFLOW, e);
        *ret = cedar_long(-a.i);
        return true;
    case OP_EQ:
    case OP_NE:
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE: return eval_compare(v, e, ret);
    case OP_IN: return eval_in_op(v, e->a, e->b, ret);
    case OP_ADD:
    case OP_SUB:
    case OP_MUL: return eval_arith(v, e, ret);
    case OP_CONTAINS:
    case OP_CONTAINS_ALL:
    case OP_CONTAINS_ANY: return eval_contains(v, e, ret);
    case OP_IS_EMPTY:
        if (!want(v, e->a, CEDAR_SET, &a))
            return false;
        *ret = cedar_bool(a.n == 0);
        return true;
    case OP_GET_TAG:
    case OP_HAS_TAG: return eval_tag(v, e, ret);
    case OP_HAS: return eval_has(v, e, ret);
    case OP_LIKE:
        if (!want(v, e->left, CEDAR_STRING, &a))
            return false;
        *ret = cedar_bool(cedar_like((str){ a.p, a.n }, e->names, e->n));
        return true;
    case OP_IS: return eval_is(v, e, ret);
    case OP_SET: return eval_set(v, e, ret);
    case OP_RECORD: return eval_record(v, e, ret);
    case OP_CALL: return eval_call(v, e, ret);
    case OP_ATTR: return eval_attr(v, e, ret);
    case OP_VAR: *ret = v->vars[e->sub]; return true;
    }
    return NEVER(true); /* every op has its case */
}

bool eval_expr(struct eval *v, const struct expr *e, struct cedar_value *ret)
{
    if (e->folded) {
        *ret = *e->folded;
        return true;
    }
    if (e->op == OP_VAR) {
        *ret = v->vars[e->sub];
        return true;
    }
    if (e->op == OP_ATTR && LIKELY(!v->seen))
        return eval_attr(v, e, ret);
    if (!eval_one(v, e, ret))
        return false;
    if (UNLIKELY(v->seen) && e->op != OP_SLOT)
        see(v, e, ret);
    return true;
}

static bool scope_side(const struct eval *v, const struct scope *s, const struct cedar_uid *uid)
{
    switch (s->kind) {
    case SCOPE_ANY: return true;
    case SCOPE_EQ: return cedar_uid_eq(uid, s->uids[0]);
    case SCOPE_IN: return eval_in(v, uid, s->uids[0]);
    case SCOPE_IS: return str_eq(uid->type, s->type);
    case SCOPE_IS_IN: return str_eq(uid->type, s->type) && eval_in(v, uid, s->uids[0]);
    default:
        for (u32 i = 0; i < s->n; i++)
            if (eval_in(v, uid, s->uids[i]))
                return true;
        return false;
    }
}

bool scope_matches(const struct eval *v, const struct policy *p)
{
    if (p->is_template)
        return false;
    return scope_side(v, &p->action, &v->req->action) &&
           scope_side(v, &p->principal, &v->req->principal) &&
           scope_side(v, &p->resource, &v->req->resource);
}
