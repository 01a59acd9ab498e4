/* SPDX-License-Identifier: Apache-2.0 */
/* gen/base.cedarschema: the policy's entity types and actions, from the models' entities and `can`
 * clauses. Every action says on which resources it is asked and with which facts: the call's own
 * (strength, device, address, hour) and those that the resource's entity declares as context. A
 * fact that not every resource of an action has is optional there. */
#include "gen.h"

struct action {
    str name;
    struct {
        const struct entity **at;
        size_t n, room;
    } on;
    bool organisation;
};
struct actions {
    struct action *at;
    size_t n, room;
};

static const char *cedar_type(struct gen *g, const struct type *t)
{
    switch (t->kind) {
    case T_INT:
    case T_TIME: return "Long";
    case T_BOOL: return "Bool";
    case T_ID: return str_z(g->a, entity_type_of(g, t->id));
    default: return "String";
    }
}

static const struct field *part_field(const struct entity *e, const struct part *p)
{
    return find_field(&e->record->fields, p->field);
}

/* ---- Entity types ---- */

static bool declared(struct gen *g, str type)
{
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->entities.n; k++)
            if (str_eq(g->modules.at[i]->entities.at[k].type, type))
                return true;
    return false;
}

static void put_plain(struct gen *g, struct buf *b, struct names *done, str type)
{
    for (size_t i = 0; i < done->n; i++)
        if (str_eq(done->at[i], type))
            return;
    *vec_push(done, g->a) = type;
    if (declared(g, type))
        return;
    if (str_eq_z(type, "Person"))
        put(b, "entity Person in [Department] {\n"
               "  role: String,\n"
               "  status: String,\n"
               "};\n");
    else if (str_eq_z(type, "Device"))
        put(b, "entity Device {\n"
               "  owner: String,\n"
               "  status: String,\n"
               "  person: Person,\n"
               "};\n");
    else
        put(b, "entity @;\n", type);
}

static void put_entity(struct gen *g, struct buf *b, const struct entity *e)
{
    put(b, "entity @", e->type);
    for (size_t i = 0; i < e->parents.n; i++)
        put(b, "@@@", z(i ? ", " : " in ["), e->parents.at[i].type,
            z(i + 1 == e->parents.n ? "]" : ""));
    if (e->attrs.n)
        put(b, " {\n");
    for (size_t i = 0; i < e->attrs.n; i++) {
        const struct field *f = part_field(e, &e->attrs.at[i]);
        put(b, "  @@: @,\n", f->name, z(f->type.optional ? "?" : ""), z(cedar_type(g, &f->type)));
    }
    buf_fmt(b, e->attrs.n ? "};\n" : ";\n");
}

static void put_entities(struct gen *g, struct buf *b)
{
    struct names done = { 0 };
    put_plain(g, b, &done, S("Organisation"));
    put_plain(g, b, &done, S("Department"));
    put_plain(g, b, &done, S("Person"));
    put_plain(g, b, &done, S("Device"));
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->entities.n; k++) {
            const struct entity *e = &g->modules.at[i]->entities.at[k];
            for (size_t p = 0; p < e->parents.n; p++)
                put_plain(g, b, &done, e->parents.at[p].type);
            for (size_t p = 0; p < e->attrs.n + e->context.n; p++) {
                const struct part *part =
                    p < e->attrs.n ? &e->attrs.at[p] : &e->context.at[p - e->attrs.n];
                const struct field *f = part_field(e, part);
                if (f->type.kind == T_ID)
                    put_plain(g, b, &done, entity_type_of(g, f->type.id));
            }
            put_entity(g, b, e);
        }
}

/* ---- Actions ---- */

static void add_action(struct gen *g, struct actions *as, const struct guard *gd)
{
    struct action *a = NULL;
    for (size_t i = 0; i < as->n; i++)
        if (str_eq(as->at[i].name, gd->action))
            a = &as->at[i];
    if (!a) {
        a = vec_push(as, g->a);
        a->name = gd->action;
    }
    if (!gd->entity) {
        a->organisation = true;
        return;
    }
    for (size_t i = 0; i < a->on.n; i++)
        if (a->on.at[i] == gd->entity)
            return;
    *vec_push(&a->on, g->a) = gd->entity;
}

/* On how many of the action's resources the fact stands. */
static size_t times(const struct action *a, str fact)
{
    size_t n = 0;
    for (size_t i = 0; i < a->on.n; i++)
        for (size_t k = 0; k < a->on.at[i]->context.n; k++)
            n += str_eq(a->on.at[i]->context.at[k].field, fact);
    return n;
}

static void put_action(struct gen *g, struct buf *b, const struct action *a)
{
    bool first = true;
    struct names seen = { 0 };
    put(b,
        "action \"@\" appliesTo {\n"
        "  principal: [Person],\n"
        "  resource: [",
        a->name);
    for (size_t i = 0; i < a->on.n; i++, first = false)
        put(b, "@@", z(first ? "" : ", "), a->on.at[i]->type);
    if (a->organisation)
        put(b, "@Organisation", z(first ? "" : ", "));
    put(b, "],\n"
           "  context: {\n"
           "    strength: Long,\n"
           "    device: { id: Device, owner: String, status: String },\n"
           "    address: String,\n"
           "    hour: Long,\n"
           "    binding?: String,\n");
    for (size_t i = 0; i < a->on.n; i++)
        for (size_t k = 0; k < a->on.at[i]->context.n; k++) {
            const struct field *f = part_field(a->on.at[i], &a->on.at[i]->context.at[k]);
            bool known = false,
                 always = times(a, f->name) == a->on.n + a->organisation && !f->type.optional;
            for (size_t s = 0; s < seen.n; s++)
                known = known || str_eq(seen.at[s], f->name);
            if (known)
                continue;
            *vec_push(&seen, g->a) = f->name;
            put(b, "    @@: @,\n", f->name, z(always ? "" : "?"), z(cedar_type(g, &f->type)));
        }
    put(b, "  },\n"
           "};\n");
}

void out_cedar(struct gen *g, struct buf *b)
{
    struct actions as = { 0 };
    put(b, "// Made from the models by tools/gen.\n");
    put_entities(g, b);
    buf_char(b, '\n');
    for (size_t i = 0; i < g->modules.n; i++) {
        const struct module *m = g->modules.at[i];
        for (size_t k = 0; k < m->endpoints.n; k++)
            for (size_t q = 0; q < m->endpoints.at[k].guards.n; q++)
                add_action(g, &as, &m->endpoints.at[k].guards.at[q]);
        for (size_t k = 0; k < m->topics.n; k++)
            add_action(g, &as, &m->topics.at[k].guard);
        for (size_t k = 0; k < m->asked.n; k++)
            add_action(g, &as, &m->asked.at[k]);
    }
    for (size_t i = 0; i < as.n; i++)
        put_action(g, b, &as.at[i]);
    out_add(g, "gen/base.cedarschema", b);
}
