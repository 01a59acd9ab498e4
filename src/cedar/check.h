/* SPDX-License-Identifier: Apache-2.0 */
/* The type checker, shared by its files: types (types.c), expressions (check.c, check_ops.c),
 * policies (validate.c). */
#ifndef OUTWORK_CEDAR_CHECK_H
#define OUTWORK_CEDAR_CHECK_H

#include "cedar/schema.h"

/* ---- Types ---- */

extern const struct type ty_never, ty_true, ty_false, ty_bool, ty_long, ty_string, ty_any_entity;
const struct type *type_of_kind(u8 cedar_kind); /* bool, long, string, extension types */
static inline const struct type *ty_of_bool(bool b) { return b ? &ty_true : &ty_false; }
bool type_same(const struct type *a, const struct type *b);
/* The least type that holds both, or NULL: strict, so entity types and the fields of records must
 * agree. */
const struct type *type_lub(struct arena *a, const struct type *x, const struct type *y);
void type_put(struct buf *b, const struct type *t);

/* ---- Expressions ---- */

/* What is known to be there: "e has attr", or "e.hasTag(tag)". Lists are never changed, only
 * prepended to. */
struct cap {
    const struct expr *e, *tag;
    str attr;
    const struct cap *next;
};

struct ans {
    bool ok;                 /* false: a fault was found (or another pass will report it) */
    const struct type *type; /* NULL: none could be given */
    const struct cap *caps;  /* known when the expression is true */
};

enum { CAPS_MAX = 4000 };

struct checker {
    struct arena *a; /* of one policy */
    const struct cedar_schema *schema;
    struct cedar_faults *faults;
    i32 policy;
    u32 errors;                  /* faults of the environment being checked */
    u32 caps_n;                  /* made for it */
    const struct action *action; /* the environment */
    const struct type *vars[4], *slots[2];
};

enum want {
    WANT_BOOL,
    WANT_LONG,
    WANT_STRING,
    WANT_SET,
    WANT_ENTITY,
    WANT_ENTITY_OR_RECORD,
    WANT_ENTITY_OR_SET
};

PRINTF(3, 4) void check_fault(struct checker *c, const struct expr *e, const char *fmt, ...);
struct ans check_expr(struct checker *c, const struct cap *prior, const struct expr *e);
/* check_expr, and a fault when the type is another. */
struct ans check_want(struct checker *c, const struct cap *prior, const struct expr *e,
                      enum want want);
struct ans check_want_type(struct checker *c, const struct cap *prior, const struct expr *e,
                           const struct type *want);
struct ans check_op(struct checker *c, const struct cap *prior,
                    const struct expr *e); /* check_ops.c */
bool cap_has(const struct cap *list, const struct expr *e, str attr, const struct expr *tag);
const struct cap *cap_one(struct checker *c, const struct expr *e, str attr,
                          const struct expr *tag);
const struct cap *cap_union(struct checker *c, const struct cap *x, const struct cap *y);
str check_type_text(struct checker *c, const struct type *t);

#endif
