/* SPDX-License-Identifier: Apache-2.0 */
/* Types: equality, least upper bounds, text. Bounds are strict: two records have one only if they
 * have the same fields, each required in both or in neither; two entity types only if they are the
 * same. */
#include <string.h>

#include "cedar/check.h"

const struct type ty_never = { .kind = TY_NEVER }, ty_true = { .kind = TY_TRUE },
                  ty_false = { .kind = TY_FALSE }, ty_bool = { .kind = TY_BOOL },
                  ty_long = { .kind = TY_LONG }, ty_string = { .kind = TY_STRING },
                  ty_any_entity = { .kind = TY_ANY_ENTITY };

const struct type *type_of_kind(u8 kind)
{
    static const struct type ext[] = {
        { .kind = TY_EXT, .ext = CEDAR_DECIMAL },
        { .kind = TY_EXT, .ext = CEDAR_DATETIME },
        { .kind = TY_EXT, .ext = CEDAR_DURATION },
        { .kind = TY_EXT, .ext = CEDAR_IP },
    };
    switch (kind) {
    case CEDAR_BOOL: return &ty_bool;
    case CEDAR_LONG: return &ty_long;
    case CEDAR_STRING: return &ty_string;
    case CEDAR_DECIMAL: return &ext[0];
    case CEDAR_DATETIME: return &ext[1];
    case CEDAR_DURATION: return &ext[2];
    default: return &ext[3];
    }
}

bool type_same(const struct type *a, const struct type *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->ext != b->ext || a->n != b->n)
        return false;
    if (a->kind == TY_ENTITY)
        return str_eq(a->name, b->name);
    if (a->kind == TY_SET)
        return a->elem && b->elem ? type_same(a->elem, b->elem) : a->elem == b->elem;
    for (u32 i = 0; a->kind == TY_RECORD && i < a->n; i++)
        if (!str_eq(a->attrs[i].name, b->attrs[i].name) ||
            a->attrs[i].required != b->attrs[i].required ||
            !type_same(a->attrs[i].type, b->attrs[i].type))
            return false;
    return true;
}

static bool is_bool(const struct type *t) { return t->kind >= TY_TRUE && t->kind <= TY_BOOL; }

static const struct type *record_lub(struct arena *a, const struct type *x, const struct type *y)
{
    if (x->n != y->n)
        return NULL;
    struct attr *at = NEW_N(a, struct attr, x->n);
    for (u32 i = 0; i < x->n; i++) {
        if (!str_eq(x->attrs[i].name, y->attrs[i].name) ||
            x->attrs[i].required != y->attrs[i].required)
            return NULL;
        at[i] = x->attrs[i];
        at[i].type = type_lub(a, x->attrs[i].type, y->attrs[i].type);
        if (!at[i].type)
            return NULL;
    }
    struct type *t = NEW(a, struct type);
    *t = (struct type){ .kind = TY_RECORD, .n = x->n, .attrs = at };
    return t;
}

const struct type *type_lub(struct arena *a, const struct type *x, const struct type *y)
{
    if (x == y || y->kind == TY_NEVER)
        return x;
    if (x->kind == TY_NEVER)
        return y;
    if (is_bool(x) && is_bool(y))
        return x->kind == y->kind ? x : &ty_bool;
    if (x->kind != y->kind)
        return NULL;
    if (x->kind == TY_RECORD)
        return record_lub(a, x, y);
    if (x->kind != TY_SET)
        return type_same(x, y) ? x : NULL;
    if (!x->elem || !y->elem)
        return x->elem ? y : x;
    const struct type *elem = type_lub(a, x->elem, y->elem);
    if (!elem || elem == x->elem)
        return elem ? x : NULL;
    struct type *t = NEW(a, struct type);
    t->kind = TY_SET;
    t->elem = elem;
    return t;
}

void type_put(struct buf *b, const struct type *t)
{
    static const str names[] = {
        [TY_NEVER] = S_INIT("Never"),
        [TY_TRUE] = S_INIT("True"),
        [TY_FALSE] = S_INIT("False"),
        [TY_BOOL] = S_INIT("Bool"),
        [TY_LONG] = S_INIT("Long"),
        [TY_STRING] = S_INIT("String"),
        [TY_ANY_ENTITY] = S_INIT("an entity"),
    };
    if (b->full)
        return;
    if (t->kind == TY_ENTITY) {
        buf_put(b, t->name);
    } else if (t->kind == TY_EXT) {
        buf_put(b, str_from(cedar_kind_name(t->ext)));
    } else if (t->kind == TY_SET) {
        buf_put(b, S("Set<"));
        type_put(b, t->elem ? t->elem : &ty_never);
        buf_char(b, '>');
    } else if (t->kind == TY_RECORD) {
        buf_char(b, '{');
        for (u32 i = 0; i < t->n; i++) {
            buf_put(b, i ? S(", ") : S(""));
            buf_put(b, t->attrs[i].name);
            buf_put(b, t->attrs[i].required ? S(": ") : S("?: "));
            type_put(b, t->attrs[i].type);
        }
        buf_char(b, '}');
    } else {
        buf_put(b, names[t->kind]);
    }
}
