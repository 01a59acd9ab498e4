/* SPDX-License-Identifier: Apache-2.0 */
/* Building expressions. Both parsers (text and JSON) come here, so that what they build is the
 * same: heights are bounded, constant sets, records and constructor calls are computed once, when
 * the policy is compiled. */
#include <string.h>

#include "cedar/internal.h"

static const struct {
    str name;
    u8 op, argc;
} methods[] = {
    { S_INIT("contains"), OP_CONTAINS, 1 },        { S_INIT("containsAll"), OP_CONTAINS_ALL, 1 },
    { S_INIT("containsAny"), OP_CONTAINS_ANY, 1 }, { S_INIT("isEmpty"), OP_IS_EMPTY, 0 },
    { S_INIT("getTag"), OP_GET_TAG, 1 },           { S_INIT("hasTag"), OP_HAS_TAG, 1 },
};

enum op op_of_method(str name, u32 *ret_argc)
{
    for (size_t i = 0; i < COUNT(methods); i++)
        if (str_eq(methods[i].name, name)) {
            *ret_argc = methods[i].argc;
            return methods[i].op;
        }
    return 0;
}

const char *name_of_method(enum op op)
{
    for (size_t i = 0; i < COUNT(methods); i++)
        if (methods[i].op == op)
            return methods[i].name.p;
    return "";
}

struct expr *expr_new(struct arena *a, enum op op, u32 at, u32 end)
{
    struct expr *e = NEW(a, struct expr);
    e->op = (u8)op;
    e->at = at;
    e->end = end;
    e->height = 1;
    return e;
}

static void fold_set(struct arena *a, struct expr *e)
{
    struct cedar_value *at = NEW_N(a, struct cedar_value, e->n), *v = NEW(a, struct cedar_value);
    for (u32 i = 0; i < e->n; i++)
        at[i] = *e->args[i]->folded;
    *v = cedar_set(at, e->n);
    e->folded = v;
}

static void fold_record(struct arena *a, struct expr *e)
{
    struct cedar_field *at = NEW_N(a, struct cedar_field, e->n);
    struct cedar_value *v = NEW(a, struct cedar_value);
    for (u32 i = 0; i < e->n; i++)
        at[i] = (struct cedar_field){ e->fields[i].name, *e->fields[i].e->folded };
    *v = cedar_record(at, e->n);
    e->folded = v;
}

/* A constructor of a literal: computed now when it succeeds; when not, each evaluation reports the
 * error. */
static void fold_call(struct arena *a, struct expr *e)
{
    if (e->sub > FN_DURATION || e->n != 1 || !e->args[0]->folded)
        return;
    struct eval v = { .scratch = a };
    struct cedar_value got;
    if (!ext_call(&v, e, e->args[0]->folded, &got))
        return;
    struct cedar_value *at = NEW(a, struct cedar_value);
    *at = got;
    e->folded = at;
}

/* Calls each child; the ones that fold count in *constant. */
static u32 tallest(const struct expr *e, bool *constant)
{
    u32 h = 0;
    *constant = true;
    if (e->op == OP_SET || e->op == OP_CALL || e->op == OP_AND || e->op == OP_OR) {
        for (u32 i = 0; i < e->n; i++) {
            h = MAX(h, e->args[i]->height);
            *constant = *constant && e->args[i]->folded;
        }
    } else if (e->op == OP_RECORD) {
        for (u32 i = 0; i < e->n; i++) {
            h = MAX(h, e->fields[i].e->height);
            *constant = *constant && e->fields[i].e->folded;
        }
    } else if (e->op == OP_ATTR || e->op == OP_HAS || e->op == OP_LIKE || e->op == OP_IS) {
        h = MAX(e->left->height + (e->op == OP_HAS ? e->n : 0), e->in ? e->in->height : 0u);
    } else if (e->op > OP_SLOT) {
        h = MAX(MAX(e->a->height, e->b ? e->b->height : 0u), e->c ? e->c->height : 0u);
    }
    return h;
}

bool expr_close(struct arena *a, struct expr *e)
{
    bool constant;
    u32 h = tallest(e, &constant) + 1;
    if (h > CEDAR_DEPTH_MAX)
        return false;
    e->height = (u16)h;
    if (e->op == OP_LIT)
        e->folded = &e->lit;
    else if (e->op == OP_SET && constant)
        fold_set(a, e);
    else if (e->op == OP_RECORD && constant)
        fold_record(a, e);
    else if (e->op == OP_CALL)
        fold_call(a, e);
    return true;
}

static bool same_args(const struct expr *a, const struct expr *b)
{
    for (u32 i = 0; i < a->n; i++)
        if (!expr_same(a->args[i], b->args[i]))
            return false;
    return true;
}

static bool same_or_none(const struct expr *a, const struct expr *b)
{
    return a && b ? expr_same(a, b) : a == b;
}

static bool same_names(const struct expr *a, const struct expr *b)
{
    for (u32 i = 0; i < a->n; i++)
        if (!str_eq(a->names[i], b->names[i]))
            return false;
    return expr_same(a->left, b->left);
}

bool expr_same(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (a->op != b->op || a->sub != b->sub || a->n != b->n)
        return false;
    switch (a->op) {
    case OP_LIT: return cedar_eq(&a->lit, &b->lit);
    case OP_VAR:
    case OP_SLOT: return true;
    case OP_SET:
    case OP_CALL:
    case OP_AND:
    case OP_OR: return same_args(a, b);
    case OP_RECORD:
        for (u32 i = 0; i < a->n; i++)
            if (!str_eq(a->fields[i].name, b->fields[i].name) ||
                !expr_same(a->fields[i].e, b->fields[i].e))
                return false;
        return true;
    case OP_HAS:
    case OP_LIKE: return same_names(a, b);
    case OP_ATTR:
    case OP_IS:
        return str_eq(a->name, b->name) && expr_same(a->left, b->left) &&
               same_or_none(a->in, b->in);
    default: return expr_same(a->a, b->a) && same_or_none(a->b, b->b) && same_or_none(a->c, b->c);
    }
}
