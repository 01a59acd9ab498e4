/* SPDX-License-Identifier: Apache-2.0 */
/* Policies read from their JSON form: one policy, a map of policies by id, or a whole set with
 * templates and links. What the text form could not say (a reserved word as a type, an unknown
 * function) is refused here too. */
#include <string.h>

#include "base/map.h"
#include "cedar/internal.h"

struct reader {
    struct arena *out;
    struct cedar_faults *faults;
    str id; /* of the policy being read */
    u32 depth;
    bool limit;
};

static void *bad(struct reader *r, const char *what)
{
    cedar_fault_add(r->faults, (struct cedar_fault){ .policy = -1 }, "policy `" STR_FMT "`: %s",
                    STR_ARG(str_sub(r->id, 0, 200)), what);
    return NULL;
}

static const struct expr *read_expr(struct reader *r, const struct json *v);

static const struct expr *done(struct reader *r, struct expr *e)
{
    if (expr_close(r->out, e))
        return e;
    r->limit = true;
    return bad(r, "the expression is nested too deep");
}

static const struct expr *part(struct reader *r, const struct json *v, const char *name)
{
    const struct json *m = json_get(v, str_from(name));
    return m ? read_expr(r, m) : bad(r, "an operator lacks one of its operands");
}

/* ---- Operators ---- */

static const struct {
    const char *name;
    u8 op;
} binary_ops[] = {
    { "&&", OP_AND },
    { "||", OP_OR },
    { "==", OP_EQ },
    { "!=", OP_NE },
    { "<", OP_LT },
    { "<=", OP_LE },
    { ">", OP_GT },
    { ">=", OP_GE },
    { "in", OP_IN },
    { "+", OP_ADD },
    { "-", OP_SUB },
    { "*", OP_MUL },
    { "contains", OP_CONTAINS },
    { "containsAll", OP_CONTAINS_ALL },
    { "containsAny", OP_CONTAINS_ANY },
    { "getTag", OP_GET_TAG },
    { "hasTag", OP_HAS_TAG },
};

static const struct expr *read_binary(struct reader *r, enum op op, const struct json *v)
{
    if (v->kind != JSON_OBJECT || v->n != 2)
        return bad(r, "an operator is written {\"left\": …, \"right\": …}");
    const struct expr *a = part(r, v, "left"), *b = a ? part(r, v, "right") : NULL;
    if (!b)
        return NULL;
    struct expr *e = expr_new(r->out, op, 0, 0);
    if (op != OP_AND && op != OP_OR) {
        e->a = a;
        e->b = b;
        return done(r, e);
    }
    u32 n = a->op == op ? a->n : 1; /* (a && b) && c is one chain, as in text */
    const struct expr **args = NEW_N(r->out, const struct expr *, n + 1);
    if (a->op == op)
        memcpy(args, a->args, n * sizeof *args);
    else
        args[0] = a;
    args[n] = b;
    e->args = args;
    e->n = n + 1;
    return done(r, e);
}

static const struct expr *read_unary(struct reader *r, enum op op, const struct json *v)
{
    const struct expr *a = part(r, v, "arg");
    if (!a || v->n != 1)
        return a ? bad(r, "an operator is written {\"arg\": …}") : NULL;
    struct expr *e = expr_new(r->out, op, 0, 0);
    e->a = a;
    return done(r, e);
}

static const struct expr *read_if(struct reader *r, const struct json *v)
{
    struct expr *e = expr_new(r->out, OP_IF, 0, 0);
    if (!(e->a = part(r, v, "if")) || !(e->b = part(r, v, "then")) || !(e->c = part(r, v, "else")))
        return NULL;
    return v->n == 3 ? done(r, e) : bad(r, "if-then-else has members if, then, else");
}

static const struct expr *read_attr(struct reader *r, const struct json *v)
{
    struct expr *e = expr_new(r->out, OP_ATTR, 0, 0);
    const struct json *attr = json_get(v, S("attr"));
    if (!attr || attr->kind != JSON_STR || v->n != 2)
        return bad(r, "an attribute is written {\"left\": …, \"attr\": \"…\"}");
    e->name = attr->s;
    return (e->left = part(r, v, "left")) ? done(r, e) : NULL;
}

static const struct expr *has_of(struct reader *r, const struct expr *left, const str *names, u32 n)
{
    struct expr *e = expr_new(r->out, OP_HAS, 0, 0);
    e->left = left;
    e->names = names;
    e->n = n;
    return done(r, e);
}

/* A path with a name that text could not write in one: e has "a b" && e["a b"] has c … */
static const struct expr *has_chain(struct reader *r, const struct expr *left, const str *names,
                                    u32 n)
{
    const struct expr **args = NEW_N(r->out, const struct expr *, n);
    struct expr *all = expr_new(r->out, OP_AND, 0, 0);
    for (u32 i = 0; i < n; i++) {
        if (!(args[i] = has_of(r, left, &names[i], 1)))
            return NULL;
        struct expr *at = expr_new(r->out, OP_ATTR, 0, 0);
        at->left = left;
        at->name = names[i];
        if (!(left = done(r, at)))
            return NULL;
    }
    all->args = args;
    all->n = n;
    return done(r, all);
}

static const struct expr *read_has(struct reader *r, const struct json *v)
{
    const struct json *attr = json_get(v, S("attr"));
    bool list = attr && attr->kind == JSON_ARRAY && attr->n > 0 && attr->n <= CEDAR_DEPTH_MAX;
    if (!attr || (attr->kind != JSON_STR && !list) || v->n != 2)
        return bad(r, "has is written {\"left\": …, \"attr\": \"…\"}");
    u32 n = list ? attr->n : 1;
    bool plain = true;
    str *names = NEW_N(r->out, str, n);
    for (u32 i = 0; i < n; i++) {
        const struct json *name = list ? &attr->at[i] : attr;
        if (name->kind != JSON_STR)
            return bad(r, "the names of a has must be strings");
        plain = plain && cedar_is_ident(name->s) && !cedar_is_reserved(name->s);
        names[i] = name->s;
    }
    const struct expr *left = part(r, v, "left");
    if (!left)
        return NULL;
    return plain || n == 1 ? has_of(r, left, names, n) : has_chain(r, left, names, n);
}

static bool read_pattern(struct reader *r, const struct json *v, struct expr *e)
{
    VEC(str) pieces = { 0 };
    struct buf b = buf_in(r->out, 1 << 20);
    for (u32 i = 0; i < v->n; i++) {
        const struct json *lit = json_get(&v->at[i], S("Literal"));
        if (lit && lit->kind == JSON_STR) {
            buf_put(&b, lit->s);
        } else if (v->at[i].kind == JSON_STR && str_eq(v->at[i].s, S("Wildcard"))) {
            *vec_push(&pieces, r->out) = str_copy(r->out, buf_str(&b));
            buf_clear(&b);
        } else {
            bad(r, "a pattern is a list of \"Wildcard\" and {\"Literal\": \"…\"}");
            return false;
        }
    }
    *vec_push(&pieces, r->out) = str_copy(r->out, buf_str(&b));
    e->names = pieces.at;
    e->n = (u32)pieces.n;
    return !b.full || (bad(r, "the pattern is too long"), false);
}

static const struct expr *read_like(struct reader *r, const struct json *v)
{
    struct expr *e = expr_new(r->out, OP_LIKE, 0, 0);
    const struct json *pattern = json_get(v, S("pattern"));
    if (!pattern || pattern->kind != JSON_ARRAY || v->n != 2)
        return bad(r, "like is written {\"left\": …, \"pattern\": […]}");
    if (!read_pattern(r, pattern, e))
        return NULL;
    return (e->left = part(r, v, "left")) ? done(r, e) : NULL;
}

static const struct expr *read_is(struct reader *r, const struct json *v)
{
    struct expr *e = expr_new(r->out, OP_IS, 0, 0);
    const struct json *type = json_get(v, S("entity_type")), *in = json_get(v, S("in"));
    if (!type || type->kind != JSON_STR || v->n != 2u + (in != NULL))
        return bad(r, "is is written {\"left\": …, \"entity_type\": \"…\"}");
    if (!cedar_is_path(type->s))
        return bad(r, "the type of an is must be a name");
    e->name = type->s;
    if (!(e->left = part(r, v, "left")) || (in && !(e->in = read_expr(r, in))))
        return NULL;
    return done(r, e);
}

static bool read_list(struct reader *r, const struct json *v, struct expr *e)
{
    const struct expr **args = NEW_N(r->out, const struct expr *, v->n);
    if (v->kind != JSON_ARRAY) {
        bad(r, "a list was expected");
        return false;
    }
    for (u32 i = 0; i < v->n; i++)
        if (!(args[i] = read_expr(r, &v->at[i])))
            return false;
    e->args = args;
    e->n = v->n;
    return true;
}

static int field_order(const void *a, const void *b)
{
    return cedar_name_cmp(((const struct expr_field *)a)->name,
                          ((const struct expr_field *)b)->name);
}

static const struct expr *read_record(struct reader *r, const struct json *v)
{
    struct expr *e = expr_new(r->out, OP_RECORD, 0, 0);
    if (v->kind != JSON_OBJECT)
        return bad(r, "a Record is an object");
    struct expr_field *at = NEW_N(r->out, struct expr_field, v->n);
    for (u32 i = 0; i < v->n; i++) {
        at[i].name = v->members[i].key;
        if (!(at[i].e = read_expr(r, &v->members[i].value)))
            return NULL;
    }
    if (v->n > 1)
        qsort(at, v->n, sizeof *at, field_order);
    e->fields = at;
    e->n = v->n;
    return done(r, e);
}

/* ---- Leaves ---- */

static const struct expr *literal(struct reader *r, struct cedar_value v)
{
    struct expr *e = expr_new(r->out, OP_LIT, 0, 0);
    e->lit = v;
    return done(r, e);
}

/* A value is a literal when text has one for it; sets, records and extension values become what
 * text would say. */
static const struct expr *of_value(struct reader *r, const struct cedar_value *v)
{
    if (v->kind <= CEDAR_ENTITY)
        return literal(r, *v);
    struct expr *e = expr_new(r->out, OP_CALL, 0, 0);
    if (v->kind == CEDAR_SET) {
        const struct expr **args = NEW_N(r->out, const struct expr *, v->n);
        for (u32 i = 0; i < v->n; i++)
            if (!(args[i] = of_value(r, &v->set[i])))
                return NULL;
        e->op = OP_SET;
        e->args = args;
        e->n = v->n;
        return done(r, e);
    }
    if (v->kind == CEDAR_RECORD) {
        struct expr_field *at = NEW_N(r->out, struct expr_field, v->n);
        for (u32 i = 0; i < v->n; i++) {
            at[i].name = v->record[i].name;
            if (!(at[i].e = of_value(r, &v->record[i].value)))
                return NULL;
        }
        e->op = OP_RECORD;
        e->fields = at;
        e->n = v->n;
        return done(r, e);
    }
    struct buf b = buf_in(r->out, 128);
    cedar_put(&b, v); /* ip("…") and so on: the argument is what stands in quotes */
    str text = buf_str(&b);
    const struct expr **arg = NEW(r->out, const struct expr *);
    str name = str_cut(&text, '(');
    *arg = literal(r, cedar_string(str_sub(text, 1, text.n - 2)));
    e->sub = (u8)ext_of_name(name);
    e->args = arg;
    e->n = 1;
    return done(r, e);
}

static const struct expr *read_var(struct reader *r, const struct json *v)
{
    static const char *const names[] = { "principal", "action", "resource", "context" };
    for (u8 i = 0; i < 4 && v->kind == JSON_STR; i++)
        if (str_eq_z(v->s, names[i])) {
            struct expr *e = expr_new(r->out, OP_VAR, 0, 0);
            e->sub = i;
            return done(r, e);
        }
    return bad(r, "the variables are principal, action, resource, context");
}

static const struct expr *read_call(struct reader *r, int fn, const struct json *v)
{
    struct expr *e = expr_new(r->out, OP_CALL, 0, 0);
    e->sub = (u8)fn;
    if (!read_list(r, v, e))
        return NULL;
    if (cedar_ext_rows[fn].method && !e->n)
        return bad(r, "a method without a value to call it on");
    return done(r, e);
}

static const struct expr *read_node(struct reader *r, str op, const struct json *v)
{
    struct cedar_value got;
    if (str_eq(op, S("Value")))
        return cedar_value_json(r->out, v, r->faults, &got) == E_NONE ? of_value(r, &got)
                                                                      : bad(r, "a bad value");
    if (str_eq(op, S("Var")))
        return read_var(r, v);
    if (str_eq(op, S("Slot")))
        return bad(r, "a slot may stand in the scope only, not in a condition");
    if (str_eq(op, S("!")))
        return read_unary(r, OP_NOT, v);
    if (str_eq(op, S("neg")))
        return read_unary(r, OP_NEG, v);
    if (str_eq(op, S("isEmpty")))
        return read_unary(r, OP_IS_EMPTY, v);
    if (str_eq(op, S("if-then-else")))
        return read_if(r, v);
    if (str_eq(op, S(".")))
        return read_attr(r, v);
    if (str_eq(op, S("has")))
        return read_has(r, v);
    if (str_eq(op, S("like")))
        return read_like(r, v);
    if (str_eq(op, S("is")))
        return read_is(r, v);
    if (str_eq(op, S("Record")))
        return read_record(r, v);
    if (str_eq(op, S("Set"))) {
        struct expr *e = expr_new(r->out, OP_SET, 0, 0);
        return read_list(r, v, e) ? done(r, e) : NULL;
    }
    for (size_t i = 0; i < COUNT(binary_ops); i++)
        if (str_eq_z(op, binary_ops[i].name))
            return read_binary(r, binary_ops[i].op, v);
    int fn = ext_of_name(op);
    return fn >= 0 ? read_call(r, fn, v) : bad(r, "an unknown operator or function");
}

static const struct expr *read_expr(struct reader *r, const struct json *v)
{
    if (v->kind != JSON_OBJECT || v->n != 1)
        return bad(r, "an expression is an object of one member, its operator");
    if (r->depth == CEDAR_DEPTH_MAX) {
        r->limit = true;
        return bad(r, "the expression is nested too deep");
    }
    r->depth++;
    const struct expr *e = read_node(r, v->members[0].key, &v->members[0].value);
    r->depth--;
    return e;
}

/* ---- Policies ---- */

static const struct cedar_uid *read_uid(struct reader *r, const struct json *v)
{
    struct cedar_uid *uid = NEW(r->out, struct cedar_uid);
    if (cedar_uid_json(v, r->faults, uid) == E_NONE)
        return uid;
    return bad(r, "a bad entity in the scope");
}

static bool read_target(struct reader *r, const struct json *v, const char *slot, struct scope *s)
{
    const struct json *entity = json_get(v, S("entity")), *named = json_get(v, S("slot"));
    if (named && named->kind == JSON_STR && slot && str_eq_z(named->s, slot) && !entity) {
        s->slot = true;
        return true;
    }
    const struct cedar_uid **at = NEW(r->out, const struct cedar_uid *);
    if (!entity || named)
        return bad(r, "the scope needs an entity, or the slot of its variable") != NULL;
    s->uids = at;
    s->n = 1;
    return (*at = read_uid(r, entity)) != NULL;
}

static bool is_action(str type)
{
    return str_eq(type, S("Action")) || str_ends(type, S("::Action"));
}

static bool read_entities(struct reader *r, const struct json *v, struct scope *s)
{
    const struct cedar_uid **at = NEW_N(r->out, const struct cedar_uid *, v->n);
    if (v->kind != JSON_ARRAY)
        return bad(r, "`entities` must be a list") != NULL;
    for (u32 i = 0; i < v->n; i++)
        if (!(at[i] = read_uid(r, &v->at[i])))
            return false;
    s->kind = SCOPE_IN_SET;
    s->uids = at;
    s->n = v->n;
    return true;
}

static bool read_is_scope(struct reader *r, const struct json *v, const char *slot, struct scope *s)
{
    const struct json *type = json_get(v, S("entity_type")), *in = json_get(v, S("in"));
    if (!type || type->kind != JSON_STR || !cedar_is_path(type->s))
        return bad(r, "the scope's entity_type must be a name") != NULL;
    s->kind = in ? SCOPE_IS_IN : SCOPE_IS;
    s->type = type->s;
    return !in || read_target(r, in, slot, s);
}

/* slot: its name, or NULL for the action, which has none. */
static bool read_scope(struct reader *r, const struct json *v, const char *slot, struct scope *s)
{
    str op = json_str_or(json_get(v, S("op")), S(""));
    if (str_eq(op, S("All")))
        return true;
    s->kind = str_eq(op, S("==")) ? SCOPE_EQ : SCOPE_IN;
    const struct json *entities = json_get(v, S("entities"));
    bool ok;
    if (str_eq(op, S("in")) && !slot && entities)
        ok = read_entities(r, entities, s);
    else if (str_eq(op, S("==")) || str_eq(op, S("in")))
        ok = read_target(r, v, slot, s);
    else if (slot && str_eq(op, S("is")))
        ok = read_is_scope(r, v, slot, s);
    else
        return bad(r, "the scope needs an op: All, ==, in or is") != NULL;
    for (u32 i = 0; ok && !slot && i < s->n; i++)
        if (!is_action(s->uids[i]->type))
            return bad(r, "an action's type is named Action") != NULL;
    return ok;
}

static bool read_notes(struct reader *r, const struct json *v, struct policy *p)
{
    struct note *at = NEW_N(r->out, struct note, v->n);
    if (v->kind != JSON_OBJECT)
        return bad(r, "`annotations` must be an object") != NULL;
    for (u32 i = 0; i < v->n; i++) {
        const struct json *text = &v->members[i].value;
        if (!cedar_is_ident(v->members[i].key) ||
            (text->kind != JSON_STR && text->kind != JSON_NULL))
            return bad(r, "an annotation is an identifier with a string or null") != NULL;
        at[i] = (struct note){ v->members[i].key, text->kind == JSON_STR ? text->s : S(""),
                               text->kind == JSON_STR };
    }
    p->notes = at;
    p->notes_n = v->n;
    return true;
}

static bool read_clauses(struct reader *r, const struct json *v, struct policy *p)
{
    if (!v || v->kind != JSON_ARRAY)
        return bad(r, "`conditions` must be a list") != NULL;
    struct clause *at = NEW_N(r->out, struct clause, v->n);
    for (u32 i = 0; i < v->n; i++) {
        str kind = json_str_or(json_get(&v->at[i], S("kind")), S(""));
        const struct json *body = json_get(&v->at[i], S("body"));
        at[i].unless = str_eq(kind, S("unless"));
        if ((!at[i].unless && !str_eq(kind, S("when"))) || !body)
            return bad(r,
                       "a condition is written {\"kind\": \"when\" or \"unless\", \"body\": …}") !=
                   NULL;
        if (!(at[i].e = read_expr(r, body)))
            return false;
    }
    p->clauses = at;
    p->clauses_n = v->n;
    return true;
}

static bool read_policy(struct reader *r, const struct json *v, struct policy *p)
{
    static const char *const known[] = { "effect",   "principal",  "action",
                                         "resource", "conditions", "annotations" };
    for (u32 i = 0; v->kind == JSON_OBJECT && i < v->n; i++) {
        size_t k = 0;
        while (k < COUNT(known) && !str_eq_z(v->members[i].key, known[k]))
            k++;
        if (k == COUNT(known))
            return bad(r, "a policy has members effect, principal, action, resource, conditions, "
                          "annotations") != NULL;
    }
    str effect = json_str_or(json_get(v, S("effect")), S(""));
    const struct json *notes = json_get(v, S("annotations"));
    p->id = r->id;
    p->forbid = str_eq(effect, S("forbid"));
    if (!p->forbid && !str_eq(effect, S("permit")))
        return bad(r, "`effect` must be permit or forbid") != NULL;
    if (!read_scope(r, json_get(v, S("principal")), "?principal", &p->principal) ||
        !read_scope(r, json_get(v, S("action")), NULL, &p->action) ||
        !read_scope(r, json_get(v, S("resource")), "?resource", &p->resource) ||
        (notes && !read_notes(r, notes, p)))
        return false;
    p->slot_principal = p->principal.slot;
    p->slot_resource = p->resource.slot;
    p->is_template = p->slot_principal || p->slot_resource;
    return read_clauses(r, json_get(v, S("conditions")), p);
}

static err read_group(struct reader *r, const struct json *v, bool templates, struct policy *at,
                      u32 *n)
{
    if (v && v->kind != JSON_OBJECT) {
        bad(r, "policies are an object: ids and policies");
        return E_INVALID;
    }
    for (u32 i = 0; v && i < v->n; i++) {
        struct policy *p = &at[(*n)++];
        r->id = v->members[i].key;
        if (!read_policy(r, &v->members[i].value, p))
            return r->limit ? E_LIMIT : E_INVALID;
        if (p->is_template != templates) {
            bad(r, templates ? "a template without a slot"
                             : "a policy with a slot: it belongs to the templates");
            return E_INVALID;
        }
    }
    return E_NONE;
}

static err read_links(struct reader *r, const struct json *v, const struct cedar_policies **io)
{
    struct cedar_link *at = NEW_N(r->out, struct cedar_link, v->n);
    for (u32 i = 0; i < v->n; i++) {
        const struct json *l = &v->at[i], *values = json_get(l, S("values"));
        const struct json *p = json_get(values, S("?principal")),
                          *q = json_get(values, S("?resource"));
        r->id = json_str_or(json_get(l, S("newId")), S(""));
        at[i] =
            (struct cedar_link){ .template_id = json_str_or(json_get(l, S("templateId")), S("")),
                                 .id = r->id };
        if (!values || !r->id.n || (p && !(at[i].principal = read_uid(r, p))) ||
            (q && !(at[i].resource = read_uid(r, q)))) {
            bad(r, "a link is written {\"templateId\": …, \"newId\": …, \"values\": {…}}");
            return E_INVALID;
        }
    }
    err e = cedar_link(r->out, *io, at, v->n, io);
    if (e != E_NONE)
        bad(r, e == E_NOT_FOUND  ? "a link of an unknown template"
               : e == E_CONFLICT ? "an id that is taken"
                                 : "slots that do not fit");
    return e == E_LIMIT ? e : e == E_NONE ? E_NONE : E_INVALID;
}

static bool ids_unique(struct reader *r, const struct policy *at, u32 n)
{
    SCRATCH(s);
    struct map ids = map_in(s.a);
    for (u32 i = 0; i < n; i++) {
        r->id = at[i].id;
        if (map_has(&ids, at[i].id))
            return bad(r, "the id stands twice") != NULL;
        map_put(&ids, at[i].id, r);
    }
    return true;
}

err cedar_policies_json(struct arena *out, const struct json *v, struct cedar_faults *faults,
                        const struct cedar_policies **ret)
{
    struct reader r = { .out = out, .faults = faults, .id = S("") };
    const struct json *fixed = json_get(v, S("staticPolicies")),
                      *templates = json_get(v, S("templates"));
    const struct json *links = json_get(v, S("templateLinks"));
    bool single = json_get(v, S("effect")) != NULL;
    u32 n = 0, most = (fixed ? fixed->n : 0) + (templates ? templates->n : 0) + 1;
    struct policy *at = NEW_N(out, struct policy, most);
    const struct cedar_policies *got;
    if (v->kind != JSON_OBJECT || (!single && !fixed && !templates)) {
        bad(&r, "policies in JSON are one policy, or an object with staticPolicies, templates, "
                "templateLinks");
        return E_INVALID;
    }
    if (single) {
        r.id = S("policy0");
        if (!read_policy(&r, v, &at[n++]))
            return r.limit ? E_LIMIT : E_INVALID;
    } else {
        TRY(read_group(&r, fixed, false, at, &n));
        TRY(read_group(&r, templates, true, at, &n));
    }
    if (!ids_unique(&r, at, n))
        return E_INVALID;
    if (cedar_compile(out, S(""), at, n, &got) != E_NONE) {
        bad(&r, "the policies need more memory than given");
        return E_LIMIT;
    }
    if (links && links->kind == JSON_ARRAY)
        TRY(read_links(&r, links, &got));
    *ret = got;
    return E_NONE;
}
