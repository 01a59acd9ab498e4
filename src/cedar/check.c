/* SPDX-License-Identifier: Apache-2.0 */
/* The type checker of expressions, for one environment: an action with one type of principal and
 * one of resource. It follows the rules of the language's strict validator: constants decide
 * branches (what can never run is not checked), an optional attribute or a tag may be read only
 * where its presence is known, and equality compares equal types. After a fault checking goes on
 * with the type the expression would have had, so that one run finds all faults. */
#include <stdarg.h>
#include <string.h>

#include "cedar/check.h"

void check_fault(struct checker *c, const struct expr *e, const char *fmt, ...)
{
    char text[500];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    str t = { text, n < 0 ? 0 : MIN((size_t)n, sizeof text - 1) };
    c->errors++;
    for (u32 i = 0; i < c->faults->n; i++) { /* the same one, of another environment */
        const struct cedar_fault *f = &c->faults->at[i];
        if (f->policy == c->policy && f->at == e->at && f->end == e->end && str_eq(f->text, t))
            return;
    }
    cedar_fault_add(c->faults,
                    (struct cedar_fault){ .at = e->at, .end = e->end, .policy = c->policy }, "%s",
                    text);
}

str check_type_text(struct checker *c, const struct type *t)
{
    struct buf b = buf_in(c->a, 200);
    type_put(&b, t);
    return b.full ? str_fmt(c->a, STR_FMT " …", STR_ARG(buf_str(&b))) : buf_str(&b);
}

static struct ans good(const struct type *t) { return (struct ans){ true, t, NULL }; }
static struct ans good_caps(const struct type *t, const struct cap *caps)
{
    return (struct ans){ true, t, caps };
}
static struct ans fail(const struct type *t) { return (struct ans){ false, t, NULL }; }

/* What the parts of an expression say of the whole: it fails when one of them has. */
static struct ans after(struct ans part, struct ans whole)
{
    if (part.ok)
        return whole;
    return fail(whole.type);
}

/* ---- What is known to be there ---- */

static bool cap_is(const struct cap *x, const struct expr *e, str attr, const struct expr *tag)
{
    if ((x->tag != NULL) != (tag != NULL))
        return false;
    return (tag ? expr_same(x->tag, tag) : str_eq(x->attr, attr)) && expr_same(x->e, e);
}

bool cap_has(const struct cap *list, const struct expr *e, str attr, const struct expr *tag)
{
    for (; list; list = list->next)
        if (cap_is(list, e, attr, tag))
            return true;
    return false;
}

/* Each new one is compared with the others: their number is bounded, so that no policy is checked
 * for hours. Past the bound nothing more is known, which can only refuse. */
static struct cap *cap_new(struct checker *c)
{
    return c->caps_n++ < CAPS_MAX ? NEW(c->a, struct cap) : NULL;
}

const struct cap *cap_one(struct checker *c, const struct expr *e, str attr, const struct expr *tag)
{
    struct cap *x = cap_new(c);
    if (!x)
        return NULL;
    *x = (struct cap){ e, tag, attr, NULL };
    return x;
}

const struct cap *cap_union(struct checker *c, const struct cap *x, const struct cap *y)
{
    for (; x; x = x->next)
        if (!cap_has(y, x->e, x->attr, x->tag)) {
            struct cap *more = cap_new(c);
            if (!more)
                break;
            *more = *x;
            more->next = y;
            y = more;
        }
    return y;
}

static const struct cap *cap_both(struct checker *c, const struct cap *x, const struct cap *y)
{
    const struct cap *both = NULL;
    for (; x; x = x->next)
        if (cap_has(y, x->e, x->attr, x->tag)) {
            struct cap *more = cap_new(c);
            if (!more)
                break;
            *more = *x;
            more->next = both;
            both = more;
        }
    return both;
}

/* ---- Expected types ---- */

static bool is_entity(const struct type *t)
{
    return t->kind == TY_ENTITY || t->kind == TY_ANY_ENTITY;
}

static bool fits(const struct type *t, enum want want)
{
    if (t->kind == TY_NEVER)
        return true;
    switch (want) {
    case WANT_BOOL: return t->kind == TY_BOOL || t->kind == TY_TRUE || t->kind == TY_FALSE;
    case WANT_LONG: return t->kind == TY_LONG;
    case WANT_STRING: return t->kind == TY_STRING;
    case WANT_SET: return t->kind == TY_SET;
    case WANT_ENTITY: return is_entity(t);
    case WANT_ENTITY_OR_RECORD: return is_entity(t) || t->kind == TY_RECORD;
    default:
        return is_entity(t) ||
               (t->kind == TY_SET && t->elem && (t->elem->kind == TY_NEVER || is_entity(t->elem)));
    }
}

struct ans check_want(struct checker *c, const struct cap *prior, const struct expr *e,
                      enum want want)
{
    static const char *const names[] = { "Bool",
                                         "Long",
                                         "String",
                                         "a set",
                                         "an entity",
                                         "an entity or a record",
                                         "an entity or a set of entities" };
    struct ans a = check_expr(c, prior, e);
    if (!a.type)
        return fail(NULL);
    if (fits(a.type, want))
        return a;
    check_fault(c, e, "expected %s, got " STR_FMT, names[want],
                STR_ARG(check_type_text(c, a.type)));
    return fail(NULL);
}

struct ans check_want_type(struct checker *c, const struct cap *prior, const struct expr *e,
                           const struct type *want)
{
    struct ans a = check_expr(c, prior, e);
    if (!a.type)
        return fail(NULL);
    if (a.type->kind == TY_NEVER || type_same(a.type, want))
        return a;
    check_fault(c, e, "expected " STR_FMT ", got " STR_FMT, STR_ARG(check_type_text(c, want)),
                STR_ARG(check_type_text(c, a.type)));
    return fail(NULL);
}

/* ---- Control ---- */

static bool is_kind(struct ans a, u8 kind) { return a.type && a.type->kind == kind; }

static struct ans check_if(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans test = check_want(c, prior, e->a, WANT_BOOL);
    const struct cap *known = test.ok ? test.caps : NULL;
    if (is_kind(test, TY_FALSE))
        return after(test, check_expr(c, prior, e->c));
    struct ans yes = check_expr(c, cap_union(c, known, prior), e->b);
    if (yes.ok)
        yes.caps = cap_union(c, known, yes.caps);
    if (is_kind(test, TY_TRUE))
        return after(test, yes);
    struct ans no = check_expr(c, prior, e->c);
    const struct type *t = NULL;
    if (yes.type && no.type) {
        t = type_lub(c->a, yes.type, no.type);
        if (!t)
            check_fault(c, e, "the branches have different types: " STR_FMT " and " STR_FMT,
                        STR_ARG(check_type_text(c, yes.type)),
                        STR_ARG(check_type_text(c, no.type)));
    }
    if (!t)
        return fail(NULL);
    return after(test, after(yes, after(no, good_caps(t, cap_both(c, no.caps, yes.caps)))));
}

static struct ans join_and(struct checker *c, struct ans l, struct ans r)
{
    if (!l.type || !r.type)
        return fail(&ty_bool);
    if (r.type->kind == TY_FALSE)
        return after(l, after(r, good(&ty_false)));
    if (r.type->kind == TY_TRUE)
        return after(l, after(r, good_caps(l.type, cap_union(c, r.caps, l.caps))));
    if (l.type->kind == TY_TRUE)
        return after(l, after(r, good_caps(r.type, cap_union(c, r.caps, l.caps))));
    return after(l, after(r, good_caps(&ty_bool, cap_union(c, r.caps, l.caps))));
}

static struct ans check_and(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_want(c, prior, e->args[0], WANT_BOOL);
    prior = cap_union(c, l.ok ? l.caps : NULL, prior);
    for (u32 i = 1; i < e->n && !is_kind(l, TY_FALSE); i++) { /* what follows a false never runs */
        struct ans r = check_want(c, prior, e->args[i], WANT_BOOL);
        if (l.ok && r.ok)
            prior = cap_union(c, r.caps, prior);
        l = join_and(c, l, r);
    }
    if (is_kind(l, TY_FALSE))
        l.caps = NULL;
    return l;
}

static struct ans join_or(struct checker *c, struct ans l, struct ans r)
{
    if (!l.type || !r.type)
        return fail(&ty_bool);
    if (r.type->kind == TY_TRUE)
        return after(l, after(r, good_caps(&ty_true, r.caps)));
    if (r.type->kind == TY_FALSE)
        return after(l, after(r, good_caps(l.type, l.caps)));
    if (l.type->kind == TY_FALSE)
        return after(l, after(r, good_caps(r.type, r.caps)));
    return after(l, after(r, good_caps(&ty_bool, cap_both(c, r.caps, l.caps))));
}

static struct ans check_or(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_want(c, prior, e->args[0], WANT_BOOL);
    for (u32 i = 1; i < e->n && !is_kind(l, TY_TRUE); i++)
        l = join_or(c, l, check_want(c, prior, e->args[i], WANT_BOOL));
    return l;
}

/* ---- Leaves and collections ---- */

static struct ans check_literal(struct checker *c, const struct expr *e)
{
    if (e->lit.kind == CEDAR_BOOL)
        return good(ty_of_bool(e->lit.b));
    if (e->lit.kind != CEDAR_ENTITY)
        return good(type_of_kind(e->lit.kind));
    if (schema_is_action_type(e->lit.uid->type)) {
        const struct action *a = schema_action(c->schema, e->lit.uid);
        return a ? good(a->self) : fail(NULL); /* another pass says so */
    }
    const struct etype *et = schema_etype(c->schema, e->lit.uid->type);
    return et ? good(et->self) : fail(NULL);
}

static struct ans check_set(struct checker *c, const struct cap *prior, const struct expr *e)
{
    const struct type *elem = &ty_never;
    bool ok = true, typed = true;
    for (u32 i = 0; i < e->n; i++) {
        struct ans a = check_expr(c, prior, e->args[i]);
        ok = ok && a.ok;
        typed = typed && a.type;
        const struct type *lub = elem && a.type ? type_lub(c->a, elem, a.type) : NULL;
        if (elem && a.type && !lub) {
            check_fault(c, e, "the elements of a set must have one type: " STR_FMT " and " STR_FMT,
                        STR_ARG(check_type_text(c, elem)), STR_ARG(check_type_text(c, a.type)));
            typed = false;
        }
        elem = lub;
    }
    if (!e->n)
        check_fault(
            c, e, "the empty set has no type: it may not be written where the schema is enforced");
    if (!e->n || !typed)
        return fail(NULL);
    struct type *t = NEW(c->a, struct type);
    t->kind = TY_SET;
    t->elem = elem;
    return ok ? good(t) : fail(t);
}

static struct ans check_record(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct attr *at = NEW_N(c->a, struct attr, e->n);
    bool ok = true, typed = true;
    for (u32 i = 0; i < e->n; i++) {
        struct ans a = check_expr(c, prior, e->fields[i].e);
        at[i] = (struct attr){ e->fields[i].name, true, a.type };
        ok = ok && a.ok;
        typed = typed && a.type;
    }
    if (!typed)
        return fail(NULL);
    struct type *t = NEW(c->a, struct type);
    *t = (struct type){ .kind = TY_RECORD, .n = e->n, .attrs = at };
    return ok ? good(t) : fail(t);
}

/* ---- Attributes ---- */

/* The attribute as the type declares it, or NULL. */
static const struct attr *find_attr(struct checker *c, const struct type *t, str name)
{
    if (t->kind == TY_RECORD)
        return type_attr(t, name);
    const struct etype *et = t->kind == TY_ENTITY ? schema_etype(c->schema, t->name) : NULL;
    return et ? type_attr(et->shape, name) : NULL;
}

static struct ans check_attr(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans left = check_want(c, prior, e->left, WANT_ENTITY_OR_RECORD);
    if (!left.type)
        return fail(NULL);
    const struct attr *a = find_attr(c, left.type, e->name);
    if (!a) {
        check_fault(c, e, STR_FMT " has no attribute `" STR_FMT "`",
                    STR_ARG(check_type_text(c, left.type)), STR_ARG(str_sub(e->name, 0, 100)));
        return fail(NULL);
    }
    if (!a->required && !cap_has(prior, e->left, e->name, NULL)) {
        check_fault(c, e, "the attribute `" STR_FMT "` is optional: test for it with `has` first",
                    STR_ARG(str_sub(e->name, 0, 100)));
        return fail(a->type);
    }
    return after(left, good(a->type));
}

static struct ans check_has_one(struct checker *c, const struct cap *prior, const struct expr *left,
                                str name)
{
    struct ans l = check_want(c, prior, left, WANT_ENTITY_OR_RECORD);
    if (!l.type)
        return fail(&ty_bool);
    const struct attr *a = find_attr(c, l.type, name);
    if (!a) {
        bool maybe = l.type->kind == TY_NEVER || l.type->kind == TY_ANY_ENTITY;
        return after(l, good(maybe ? &ty_bool : &ty_false));
    }
    /* an entity may be missing from the store altogether: its required attributes are known only
     * once seen */
    bool known = (a->required && l.type->kind == TY_RECORD) || cap_has(prior, left, name, NULL);
    return after(l, good_caps(known ? &ty_true : &ty_bool, cap_one(c, left, name, NULL)));
}

/* e has a.b.c is e has a && e.a has b && e.a.b has c. */
static struct ans check_has(struct checker *c, const struct cap *prior, const struct expr *e)
{
    const struct expr *left = e->left;
    struct ans l = check_has_one(c, prior, left, e->names[0]);
    for (u32 i = 1; i < e->n && !is_kind(l, TY_FALSE); i++) {
        struct expr *at = expr_new(c->a, OP_ATTR, e->at, e->end);
        at->left = left;
        at->name = e->names[i - 1];
        left = at;
        const struct cap *known = l.ok ? l.caps : NULL;
        l = join_and(c, l, check_has_one(c, cap_union(c, known, prior), left, e->names[i]));
    }
    return l;
}

static struct ans check_is(struct checker *c, const struct cap *prior, const struct expr *e)
{
    struct ans l = check_want(c, prior, e->left, WANT_ENTITY);
    struct ans is = fail(&ty_bool);
    if (l.type && l.type->kind == TY_ENTITY)
        is = after(l, good(ty_of_bool(str_eq(l.type->name, e->name))));
    else if (l.type && l.type->kind == TY_ANY_ENTITY)
        is = after(l, good(&ty_bool));
    if (!e->in || is_kind(is, TY_FALSE))
        return is;
    struct expr *in = expr_new(c->a, OP_IN, e->at, e->end);
    in->a = e->left;
    in->b = e->in;
    return join_and(c, is, check_op(c, prior, in));
}

struct ans check_expr(struct checker *c, const struct cap *prior, const struct expr *e)
{
    switch ((enum op)e->op) {
    case OP_LIT: return check_literal(c, e);
    case OP_VAR: return good(c->vars[e->sub]);
    case OP_SLOT: return good(c->slots[e->sub == VAR_RESOURCE]);
    case OP_IF: return check_if(c, prior, e);
    case OP_AND: return check_and(c, prior, e);
    case OP_OR: return check_or(c, prior, e);
    case OP_SET: return check_set(c, prior, e);
    case OP_RECORD: return check_record(c, prior, e);
    case OP_ATTR: return check_attr(c, prior, e);
    case OP_HAS: return check_has(c, prior, e);
    case OP_IS: return check_is(c, prior, e);
    default: return check_op(c, prior, e);
    }
}
