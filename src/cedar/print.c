/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions and policies as text again, with the parentheses that their shape needs and no
 * others. Positions and comments are not kept: for a text that is to stay a person's own there is
 * the formatter. */
#include <string.h>

#include "cedar/internal.h"

enum level { L_IF, L_OR, L_AND, L_REL, L_ADD, L_MUL, L_UNARY, L_MEMBER };

static int level_of(const struct expr *e)
{
    switch ((enum op)e->op) {
    case OP_IF: return L_IF;
    case OP_OR: return L_OR;
    case OP_AND: return L_AND;
    case OP_EQ:
    case OP_NE:
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_IN:
    case OP_HAS:
    case OP_LIKE:
    case OP_IS: return L_REL;
    case OP_ADD:
    case OP_SUB: return L_ADD;
    case OP_MUL: return L_MUL;
    case OP_NOT:
    case OP_NEG: return L_UNARY;
    case OP_LIT: return e->lit.kind == CEDAR_LONG && e->lit.i < 0 ? L_UNARY : L_MEMBER;
    default: return L_MEMBER;
    }
}

static void put(struct buf *b, const struct expr *e, int least);

static void put_infix(struct buf *b, const struct expr *e)
{
    static const str ops[] = {
        [OP_EQ] = S_INIT(" == "), [OP_NE] = S_INIT(" != "), [OP_LT] = S_INIT(" < "),
        [OP_LE] = S_INIT(" <= "), [OP_GT] = S_INIT(" > "),  [OP_GE] = S_INIT(" >= "),
        [OP_IN] = S_INIT(" in "), [OP_ADD] = S_INIT(" + "), [OP_SUB] = S_INIT(" - "),
        [OP_MUL] = S_INIT(" * ")
    };
    int level = level_of(e);
    put(b, e->a, level == L_REL ? L_ADD : level);
    buf_put(b, ops[e->op]);
    put(b, e->b, level + 1);
}

static void put_args(struct buf *b, const struct expr *const *at, u32 n)
{
    for (u32 i = 0; i < n; i++) {
        buf_put(b, i ? S(", ") : S(""));
        put(b, at[i], L_IF);
    }
}

static void put_name(struct buf *b, str name)
{
    if (cedar_is_ident(name) && !cedar_is_reserved(name))
        buf_put(b, name);
    else
        cedar_put_string(b, name);
}

static void put_method(struct buf *b, const struct expr *e, str name,
                       const struct expr *const *args, u32 n)
{
    put(b, e, L_MEMBER);
    buf_char(b, '.');
    buf_put(b, name);
    buf_char(b, '(');
    put_args(b, args, n);
    buf_char(b, ')');
}

static void put_call(struct buf *b, const struct expr *e)
{
    const struct ext_row *row = &cedar_ext_rows[e->sub];
    if (row->method && e->n) {
        put_method(b, e->args[0], row->name, e->args + 1, e->n - 1);
        return;
    }
    buf_put(b, row->name);
    buf_char(b, '(');
    put_args(b, e->args, e->n);
    buf_char(b, ')');
}

static void put_has(struct buf *b, const struct expr *e)
{
    put(b, e->left, L_ADD);
    buf_put(b, S(" has "));
    for (u32 i = 0; i < e->n; i++) {
        buf_put(b, i ? S(".") : S(""));
        put_name(b, e->names[i]);
    }
}

static void put_like(struct buf *b, const struct expr *e)
{
    put(b, e->left, L_ADD);
    buf_put(b, S(" like \""));
    for (u32 i = 0; i < e->n; i++) {
        buf_put(b, i ? S("*") : S(""));
        cedar_put_escaped(b, e->names[i], true);
    }
    buf_char(b, '"');
}

static void put_is(struct buf *b, const struct expr *e)
{
    put(b, e->left, L_ADD);
    buf_put(b, S(" is "));
    buf_put(b, e->name);
    if (e->in) {
        buf_put(b, S(" in "));
        put(b, e->in, L_ADD);
    }
}

static void put_attr(struct buf *b, const struct expr *e)
{
    put(b, e->left, L_MEMBER);
    if (cedar_is_ident(e->name) && !cedar_is_reserved(e->name)) {
        buf_char(b, '.');
        buf_put(b, e->name);
    } else {
        buf_char(b, '[');
        cedar_put_string(b, e->name);
        buf_char(b, ']');
    }
}

static void put_record(struct buf *b, const struct expr *e)
{
    buf_char(b, '{');
    for (u32 i = 0; i < e->n; i++) {
        buf_put(b, i ? S(", ") : S(""));
        put_name(b, e->fields[i].name);
        buf_put(b, S(": "));
        put(b, e->fields[i].e, L_IF);
    }
    buf_char(b, '}');
}

static void put_if(struct buf *b, const struct expr *e)
{
    buf_put(b, S("if "));
    put(b, e->a, L_IF);
    buf_put(b, S(" then "));
    put(b, e->b, L_IF);
    buf_put(b, S(" else "));
    put(b, e->c, L_IF);
}

static void put_unary(struct buf *b, const struct expr *e)
{
    const struct expr *a = e->a;
    buf_char(b, e->op == OP_NOT ? '!' : '-');
    /* operators of one kind may stand four in a row; a number right behind a minus would become one
     * with it */
    bool bare = level_of(a) == L_MEMBER &&
                !(e->op == OP_NEG && a->op == OP_LIT && a->lit.kind == CEDAR_LONG);
    if (bare) {
        put(b, a, L_MEMBER);
        return;
    }
    buf_char(b, '(');
    put(b, a, L_IF);
    buf_char(b, ')');
}

static void put_bare(struct buf *b, const struct expr *e)
{
    static const str vars[] = { S_INIT("principal"), S_INIT("action"), S_INIT("resource"),
                                S_INIT("context") };
    switch ((enum op)e->op) {
    case OP_LIT: cedar_put(b, &e->lit); return;
    case OP_VAR: buf_put(b, vars[e->sub]); return;
    case OP_SLOT:
        buf_char(b, '?');
        buf_put(b, vars[e->sub]);
        return;
    case OP_IF: put_if(b, e); return;
    case OP_AND:
    case OP_OR:
        for (u32 i = 0; i < e->n; i++) {
            buf_put(b, !i ? S("") : e->op == OP_AND ? S(" && ") : S(" || "));
            put(b, e->args[i], level_of(e) + 1);
        }
        return;
    case OP_NOT:
    case OP_NEG: put_unary(b, e); return;
    case OP_CONTAINS:
    case OP_CONTAINS_ALL:
    case OP_CONTAINS_ANY:
    case OP_GET_TAG:
    case OP_HAS_TAG: put_method(b, e->a, str_from(name_of_method(e->op)), &e->b, 1); return;
    case OP_IS_EMPTY: put_method(b, e->a, S("isEmpty"), NULL, 0); return;
    case OP_ATTR: put_attr(b, e); return;
    case OP_HAS: put_has(b, e); return;
    case OP_LIKE: put_like(b, e); return;
    case OP_IS: put_is(b, e); return;
    case OP_SET:
        buf_char(b, '[');
        put_args(b, e->args, e->n);
        buf_char(b, ']');
        return;
    case OP_RECORD: put_record(b, e); return;
    case OP_CALL: put_call(b, e); return;
    default: put_infix(b, e);
    }
}

static void put(struct buf *b, const struct expr *e, int least)
{
    if (level_of(e) >= least) {
        put_bare(b, e);
        return;
    }
    buf_char(b, '(');
    put_bare(b, e);
    buf_char(b, ')');
}

void cedar_put_expr(struct buf *b, const struct expr *e) { put(b, e, L_IF); }

static void put_target(struct buf *b, const struct scope *s, const char *var)
{
    if (s->slot)
        buf_fmt(b, "?%s", var);
    else
        cedar_put_uid(b, s->uids[0]);
}

static void put_scope(struct buf *b, const struct scope *s, const char *var)
{
    buf_put(b, str_from(var));
    if (s->kind == SCOPE_IS || s->kind == SCOPE_IS_IN) {
        buf_put(b, S(" is "));
        buf_put(b, s->type);
    }
    if (s->kind == SCOPE_EQ)
        buf_put(b, S(" == "));
    if (s->kind == SCOPE_IN || s->kind == SCOPE_IS_IN || s->kind == SCOPE_IN_SET)
        buf_put(b, S(" in "));
    if (s->kind == SCOPE_IN_SET) {
        buf_char(b, '[');
        for (u32 i = 0; i < s->n; i++) {
            buf_put(b, i ? S(", ") : S(""));
            cedar_put_uid(b, s->uids[i]);
        }
        buf_char(b, ']');
    } else if (s->kind != SCOPE_ANY && s->kind != SCOPE_IS) {
        put_target(b, s, var);
    }
}

void cedar_put_policy(struct buf *b, const struct policy *p)
{
    for (u32 i = 0; i < p->notes_n; i++) {
        buf_char(b, '@');
        buf_put(b, p->notes[i].key);
        if (p->notes[i].has_text) {
            buf_char(b, '(');
            cedar_put_string(b, p->notes[i].text);
            buf_char(b, ')');
        }
        buf_char(b, '\n');
    }
    buf_put(b, p->forbid ? S("forbid (") : S("permit ("));
    put_scope(b, &p->principal, "principal");
    buf_put(b, S(", "));
    put_scope(b, &p->action, "action");
    buf_put(b, S(", "));
    put_scope(b, &p->resource, "resource");
    buf_char(b, ')');
    for (u32 i = 0; i < p->clauses_n; i++) {
        buf_put(b, p->clauses[i].unless ? S("\nunless { ") : S("\nwhen { "));
        cedar_put_expr(b, p->clauses[i].e);
        buf_put(b, S(" }"));
    }
    buf_put(b, S(";\n"));
}
