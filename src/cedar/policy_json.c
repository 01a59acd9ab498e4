/* SPDX-License-Identifier: Apache-2.0 */
/* Policies in their JSON form, written. The form is the reference's: `&&` and `||` nest to the
 * left, a `has` with a path becomes one test a name, a pattern is a list of characters and
 * wildcards. */
#include <string.h>

#include "base/utf8.h"
#include "cedar/internal.h"

static void put(struct buf *b, const struct expr *e);

static const char *op_name(enum op op)
{
    static const char *const names[] = {
        [OP_AND] = "&&",
        [OP_OR] = "||",
        [OP_EQ] = "==",
        [OP_NE] = "!=",
        [OP_LT] = "<",
        [OP_LE] = "<=",
        [OP_GT] = ">",
        [OP_GE] = ">=",
        [OP_IN] = "in",
        [OP_ADD] = "+",
        [OP_SUB] = "-",
        [OP_MUL] = "*",
        [OP_CONTAINS] = "contains",
        [OP_CONTAINS_ALL] = "containsAll",
        [OP_CONTAINS_ANY] = "containsAny",
        [OP_GET_TAG] = "getTag",
        [OP_HAS_TAG] = "hasTag",
    };
    return names[op];
}

/* The first n operands, nested to the left. */
static void put_chain(struct buf *b, const struct expr *e, u32 n)
{
    for (u32 i = n; i > 1; i--)
        buf_fmt(b, "{\"%s\":{\"left\":", op_name(e->op));
    put(b, e->args[0]);
    for (u32 i = 1; i < n; i++) {
        buf_put(b, S(",\"right\":"));
        put(b, e->args[i]);
        buf_put(b, S("}}"));
    }
}

static void put_left_attr(struct buf *b, const char *op, const struct expr *e, u32 names, str attr)
{
    buf_fmt(b, "{\"%s\":{\"left\":", op);
    for (u32 i = 0; i < names; i++)
        buf_put(b, S("{\".\":{\"left\":"));
    put(b, e->left);
    for (u32 i = 0; i < names; i++) {
        buf_put(b, S(",\"attr\":"));
        json_put_str(b, e->names[i]);
        buf_put(b, S("}}"));
    }
    buf_put(b, S(",\"attr\":"));
    json_put_str(b, attr);
    buf_put(b, S("}}"));
}

static void put_has(struct buf *b, const struct expr *e)
{
    for (u32 i = e->n; i > 1; i--)
        buf_put(b, S("{\"&&\":{\"left\":"));
    put_left_attr(b, "has", e, 0, e->names[0]);
    for (u32 i = 1; i < e->n; i++) {
        buf_put(b, S(",\"right\":"));
        put_left_attr(b, "has", e, i, e->names[i]);
        buf_put(b, S("}}"));
    }
}

static void put_like(struct buf *b, const struct expr *e)
{
    bool first = true;
    buf_put(b, S("{\"like\":{\"left\":"));
    put(b, e->left);
    buf_put(b, S(",\"pattern\":["));
    for (u32 i = 0; i < e->n; i++) {
        if (i) {
            buf_put(b, first ? S("\"Wildcard\"") : S(",\"Wildcard\""));
            first = false;
        }
        for (str rest = e->names[i]; rest.n;) {
            str from = rest;
            if (utf8_next(&rest) < 0)
                break;
            buf_put(b, first ? S("{\"Literal\":") : S(",{\"Literal\":"));
            json_put_str(b, str_sub(from, 0, from.n - rest.n));
            buf_char(b, '}');
            first = false;
        }
    }
    buf_put(b, S("]}}"));
}

static void put_list(struct buf *b, const struct expr *const *at, u32 n)
{
    buf_char(b, '[');
    for (u32 i = 0; i < n; i++) {
        buf_put(b, i ? S(",") : S(""));
        put(b, at[i]);
    }
    buf_char(b, ']');
}

static void put_record(struct buf *b, const struct expr *e)
{
    buf_put(b, S("{\"Record\":{"));
    for (u32 i = 0; i < e->n; i++) {
        buf_put(b, i ? S(",") : S(""));
        json_put_str(b, e->fields[i].name);
        buf_char(b, ':');
        put(b, e->fields[i].e);
    }
    buf_put(b, S("}}"));
}

static void put_arg(struct buf *b, const char *op, const struct expr *a)
{
    buf_fmt(b, "{\"%s\":{\"arg\":", op);
    put(b, a);
    buf_put(b, S("}}"));
}

static void put_is(struct buf *b, const struct expr *e)
{
    buf_put(b, S("{\"is\":{\"left\":"));
    put(b, e->left);
    buf_put(b, S(",\"entity_type\":"));
    json_put_str(b, e->name);
    if (e->in) {
        buf_put(b, S(",\"in\":"));
        put(b, e->in);
    }
    buf_put(b, S("}}"));
}

static void put_if(struct buf *b, const struct expr *e)
{
    buf_put(b, S("{\"if-then-else\":{\"if\":"));
    put(b, e->a);
    buf_put(b, S(",\"then\":"));
    put(b, e->b);
    buf_put(b, S(",\"else\":"));
    put(b, e->c);
    buf_put(b, S("}}"));
}

static void put_binary(struct buf *b, const struct expr *e)
{
    buf_fmt(b, "{\"%s\":{\"left\":", op_name(e->op));
    put(b, e->a);
    buf_put(b, S(",\"right\":"));
    put(b, e->b);
    buf_put(b, S("}}"));
}

static void put(struct buf *b, const struct expr *e)
{
    static const char *const vars[] = { "principal", "action", "resource", "context" };
    switch ((enum op)e->op) {
    case OP_LIT:
        buf_put(b, S("{\"Value\":"));
        cedar_put_json(b, &e->lit);
        buf_char(b, '}');
        return;
    case OP_VAR: buf_fmt(b, "{\"Var\":\"%s\"}", vars[e->sub]); return;
    case OP_SLOT: buf_fmt(b, "{\"Slot\":\"?%s\"}", vars[e->sub]); return;
    case OP_IF: put_if(b, e); return;
    case OP_AND:
    case OP_OR: put_chain(b, e, e->n); return;
    case OP_NOT: put_arg(b, "!", e->a); return;
    case OP_NEG: put_arg(b, "neg", e->a); return;
    case OP_IS_EMPTY: put_arg(b, "isEmpty", e->a); return;
    case OP_ATTR: put_left_attr(b, ".", e, 0, e->name); return;
    case OP_HAS: put_has(b, e); return;
    case OP_LIKE: put_like(b, e); return;
    case OP_IS: put_is(b, e); return;
    case OP_SET:
        buf_put(b, S("{\"Set\":"));
        put_list(b, e->args, e->n);
        buf_char(b, '}');
        return;
    case OP_RECORD: put_record(b, e); return;
    case OP_CALL:
        buf_fmt(b, "{\"" STR_FMT "\":", STR_ARG(cedar_ext_rows[e->sub].name));
        put_list(b, e->args, e->n);
        buf_char(b, '}');
        return;
    default: put_binary(b, e);
    }
}

static void put_uid(struct buf *b, const struct cedar_uid *uid)
{
    buf_put(b, S("{\"type\":"));
    json_put_str(b, uid->type);
    buf_put(b, S(",\"id\":"));
    json_put_str(b, uid->id);
    buf_char(b, '}');
}

static void put_target(struct buf *b, const struct scope *s, const char *var,
                       const struct cedar_uid *linked)
{
    if (s->slot || linked) {
        buf_fmt(b, "\"slot\":\"?%s\"", var);
        return;
    }
    buf_put(b, S("\"entity\":"));
    put_uid(b, s->uids[0]);
}

static void put_scope(struct buf *b, const struct scope *s, const char *var,
                      const struct cedar_uid *linked)
{
    switch (s->kind) {
    case SCOPE_ANY: buf_put(b, S("{\"op\":\"All\"}")); return;
    case SCOPE_EQ:
    case SCOPE_IN:
        buf_fmt(b, "{\"op\":\"%s\",", s->kind == SCOPE_EQ ? "==" : "in");
        put_target(b, s, var, linked);
        buf_char(b, '}');
        return;
    case SCOPE_IN_SET:
        buf_put(b, S("{\"op\":\"in\",\"entities\":["));
        for (u32 i = 0; i < s->n; i++) {
            buf_put(b, i ? S(",") : S(""));
            put_uid(b, s->uids[i]);
        }
        buf_put(b, S("]}"));
        return;
    default:
        buf_put(b, S("{\"op\":\"is\",\"entity_type\":"));
        json_put_str(b, s->type);
        if (s->kind == SCOPE_IS_IN) {
            buf_put(b, S(",\"in\":{"));
            put_target(b, s, var, linked);
            buf_char(b, '}');
        }
        buf_char(b, '}');
    }
}

void cedar_policy_put_json(struct buf *b, const struct policy *p)
{
    buf_fmt(b, "{\"effect\":\"%s\",\"principal\":", p->forbid ? "forbid" : "permit");
    put_scope(b, &p->principal, "principal", p->link_principal);
    buf_put(b, S(",\"action\":"));
    put_scope(b, &p->action, "action", NULL);
    buf_put(b, S(",\"resource\":"));
    put_scope(b, &p->resource, "resource", p->link_resource);
    buf_put(b, S(",\"conditions\":["));
    for (u32 i = 0; i < p->clauses_n; i++) {
        buf_fmt(b, "%s{\"kind\":\"%s\",\"body\":", i ? "," : "",
                p->clauses[i].unless ? "unless" : "when");
        put(b, p->clauses[i].e);
        buf_char(b, '}');
    }
    buf_char(b, ']');
    for (u32 i = 0; i < p->notes_n; i++) {
        buf_put(b, i ? S(",") : S(",\"annotations\":{"));
        json_put_str(b, p->notes[i].key);
        buf_char(b, ':');
        if (p->notes[i].has_text)
            json_put_str(b, p->notes[i].text);
        else
            buf_put(b, S("null"));
    }
    buf_put(b, p->notes_n ? S("}}") : S("}"));
}

static void put_group(struct buf *b, const struct cedar_policies *p, bool templates)
{
    bool first = true;
    for (u32 i = 0; i < p->n; i++) {
        if (p->at[i].is_template != templates || p->at[i].template_id.n)
            continue;
        buf_put(b, first ? S("") : S(","));
        first = false;
        json_put_str(b, p->at[i].id);
        buf_char(b, ':');
        cedar_policy_put_json(b, &p->at[i]);
    }
}

static void put_link(struct buf *b, const struct policy *p)
{
    buf_put(b, S("{\"templateId\":"));
    json_put_str(b, p->template_id);
    buf_put(b, S(",\"newId\":"));
    json_put_str(b, p->id);
    buf_put(b, S(",\"values\":{"));
    if (p->link_principal) {
        buf_put(b, S("\"?principal\":"));
        put_uid(b, p->link_principal);
    }
    if (p->link_resource) {
        buf_put(b, p->link_principal ? S(",\"?resource\":") : S("\"?resource\":"));
        put_uid(b, p->link_resource);
    }
    buf_put(b, S("}}"));
}

void cedar_policies_put_json(struct buf *b, const struct cedar_policies *p)
{
    bool first = true;
    buf_put(b, S("{\"templates\":{"));
    put_group(b, p, true);
    buf_put(b, S("},\"staticPolicies\":{"));
    put_group(b, p, false);
    buf_put(b, S("},\"templateLinks\":["));
    for (u32 i = 0; i < p->n; i++)
        if (p->at[i].template_id.n) {
            buf_put(b, first ? S("") : S(","));
            first = false;
            put_link(b, &p->at[i]);
        }
    buf_put(b, S("]}"));
}

void cedar_policies_put_text(struct buf *b, const struct cedar_policies *p)
{
    for (u32 i = 0; i < p->n; i++) {
        if (p->at[i].template_id.n)
            continue;
        buf_put(b, i ? S("\n") : S(""));
        cedar_put_policy(b, &p->at[i]);
    }
}
