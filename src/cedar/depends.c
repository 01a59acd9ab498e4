/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over the conditions of the policies that can apply. The resource variable is harmless only
 * directly under an attribute access, a `has` or an `is`; anywhere else it stands for itself. */
#include "cedar/depends.h"

#include "cedar/internal.h"

struct walk {
    struct arena *a;
    VEC(str) attrs;
    bool identity, ancestors;
};

static bool is_resource(const struct expr *e) { return e->op == OP_VAR && e->sub == VAR_RESOURCE; }

static void add_attr(struct walk *w, str name)
{
    for (size_t i = 0; i < w->attrs.n; i++)
        if (str_eq(w->attrs.at[i], name))
            return;
    *vec_push(&w->attrs, w->a) = name;
}

static void walk(struct walk *w, const struct expr *e);

static void walk_access(struct walk *w, const struct expr *e)
{
    if (!is_resource(e->left))
        walk(w, e->left);
    else if (e->op == OP_ATTR)
        add_attr(w, e->name);
    else if (e->op == OP_HAS)
        add_attr(w, e->names[0]);
    else if (e->op == OP_IS && e->in)
        w->ancestors = true;
    else if (e->op == OP_LIKE)
        w->identity = true; /* an error of type, whatever it is */
    if (e->in)
        walk(w, e->in);
}

/* `resource in x` asks for what it is in; which one it is counts too, since everything is in
 * itself. */
static void walk(struct walk *w, const struct expr *e)
{
    switch ((enum op)e->op) {
    case OP_LIT: return;
    case OP_VAR: w->identity |= e->sub == VAR_RESOURCE; return;
    case OP_SLOT: w->identity = true; return;
    case OP_ATTR:
    case OP_HAS:
    case OP_LIKE:
    case OP_IS: walk_access(w, e); return;
    case OP_AND:
    case OP_OR:
    case OP_SET:
    case OP_CALL:
        for (u32 i = 0; i < e->n; i++)
            walk(w, e->args[i]);
        return;
    case OP_RECORD:
        for (u32 i = 0; i < e->n; i++)
            walk(w, e->fields[i].e);
        return;
    default:
        walk(w, e->a);
        if (e->b)
            walk(w, e->b);
        if (e->c)
            walk(w, e->c);
    }
}

static bool meets(const struct scope *sc, const struct cedar_store *s,
                  const struct cedar_uid *action)
{
    if (sc->kind == SCOPE_ANY)
        return true;
    for (u32 i = 0; i < sc->n; i++)
        if (cedar_uid_eq(sc->uids[i], action) ||
            (sc->kind != SCOPE_EQ && cedar_is_in(s, action, sc->uids[i])))
            return true;
    return sc->n == 0;
}

static void walk_policy(struct walk *w, const struct policy *p)
{
    switch ((enum scope_kind)p->resource.kind) {
    case SCOPE_ANY:
    case SCOPE_IS: break;
    case SCOPE_IN:
    case SCOPE_IS_IN:
    case SCOPE_EQ:
    case SCOPE_IN_SET: w->identity = true;
    }
    if (p->slot_resource || p->is_template)
        w->identity = true;
    for (u32 i = 0; i < p->clauses_n; i++)
        walk(w, p->clauses[i].e);
}

void cedar_depends(const struct cedar_policies *p, const struct cedar_store *s,
                   const struct cedar_uid *action, struct arena *out, struct cedar_depends *ret)
{
    struct walk w = { .a = out };
    for (u32 i = 0; i < p->n; i++)
        if (meets(&p->at[i].action, s, action))
            walk_policy(&w, &p->at[i]);
    *ret = (struct cedar_depends){ w.identity, w.ancestors, w.attrs.at, (u32)w.attrs.n };
}
