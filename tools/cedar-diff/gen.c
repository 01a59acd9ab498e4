/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas, entities and requests of the generator. Names come from small pools, so that things
 * collide and match. */
#include "tools/cedar-diff/gen.h"

#include "base/json.h"

const char *const gen_attr_names[GEN_ATTRS] = { "a", "b", "flag", "when", "x y", "principal" };

u32 gen_below(struct gen *g, u32 n) { return (u32)rng_next_below(&g->r, n); }
bool gen_chance(struct gen *g, u32 percent) { return gen_below(g, 100) < percent; }
str gen_type_name(struct gen *g, u32 type) { return str_fmt(g->a, "%sT%u", g->space, type); }

const struct g_type *gen_type(struct gen *g, u32 depth)
{
    struct g_type *t = NEW(g->a, struct g_type);
    u32 n = gen_below(g, depth ? 14 : 9);
    static const enum g_kind leaves[] = { G_BOOL, G_LONG,     G_STRING,   G_ENTITY, G_DECIMAL,
                                          G_IP,   G_DATETIME, G_DURATION, G_ENTITY };
    if (n < 9) {
        t->kind = leaves[n];
        t->entity = gen_below(g, g->types_n);
    } else if (n < 12) {
        t->kind = G_SET;
        t->elem = gen_type(g, depth - 1);
    } else {
        t->kind = G_RECORD;
        for (u32 i = 0; i < GEN_ATTRS; i++)
            if (gen_chance(g, 40))
                t->attrs[i] = (struct g_attr){ true, gen_chance(g, 40), gen_type(g, depth - 1) };
    }
    return t;
}

static const struct g_type *record(struct gen *g, u32 depth)
{
    struct g_type *t = NEW(g->a, struct g_type);
    t->kind = G_RECORD;
    for (u32 i = 0; i < GEN_ATTRS; i++)
        if (gen_chance(g, 55))
            t->attrs[i] = (struct g_attr){ true, gen_chance(g, 40), gen_type(g, depth) };
    return t;
}

static void make_schema(struct gen *g)
{
    g->space = gen_chance(g, 30) ? "N::" : "";
    g->types_n = 2 + gen_below(g, GEN_TYPES - 1);
    g->actions_n = 1 + gen_below(g, GEN_ACTIONS);
    for (u32 i = 0; i < g->types_n; i++) {
        struct g_entity *e = &g->types[i];
        e->is_enum = i > 1 && gen_chance(g, 15);
        e->parents = gen_below(g, 1u << g->types_n) & gen_below(g, 1u << g->types_n);
        e->shape = record(g, 2);
        e->tags = gen_chance(g, 50) ? gen_type(g, 1) : NULL;
    }
    for (u32 i = 0; i < g->actions_n; i++) {
        struct g_action *a = &g->actions[i];
        u32 all = (1u << g->types_n) - 1;
        a->principals = gen_chance(g, 85) ? 1 + gen_below(g, all) : 0;
        a->resources = 1 + gen_below(g, all);
        a->parents = gen_below(g, 1u << i);
        a->context = record(g, 2);
    }
}

/* ---- As text ---- */

static void put_type(struct gen *g, struct buf *b, const struct g_type *t);

static void put_fields(struct gen *g, struct buf *b, const struct g_type *t)
{
    bool first = true;
    buf_char(b, '{');
    for (u32 i = 0; i < GEN_ATTRS; i++) {
        if (!t->attrs[i].present)
            continue;
        buf_fmt(b, "%s\"%s\"%s: ", first ? "" : ", ", gen_attr_names[i],
                t->attrs[i].optional ? "?" : "");
        put_type(g, b, t->attrs[i].type);
        first = false;
    }
    buf_char(b, '}');
}

static void put_type(struct gen *g, struct buf *b, const struct g_type *t)
{
    static const char *const names[] = {
        [G_BOOL] = "Bool",        [G_LONG] = "Long", [G_STRING] = "String",
        [G_DECIMAL] = "decimal",  [G_IP] = "ipaddr", [G_DATETIME] = "datetime",
        [G_DURATION] = "duration"
    };
    if (t->kind == G_ENTITY) {
        buf_fmt(b, "T%u", t->entity);
    } else if (t->kind == G_SET) {
        buf_put(b, S("Set<"));
        put_type(g, b, t->elem);
        buf_char(b, '>');
    } else if (t->kind == G_RECORD) {
        put_fields(g, b, t);
    } else {
        buf_fmt(b, "%s%s", gen_chance(g, 10) ? "__cedar::" : "", names[t->kind]);
    }
}

static void put_types(struct buf *b, u32 bits)
{
    bool first = true;
    buf_char(b, '[');
    for (u32 i = 0; bits >> i; i++)
        if (bits >> i & 1) {
            buf_fmt(b, "%sT%u", first ? "" : ", ", i);
            first = false;
        }
    buf_char(b, ']');
}

static void put_entity_type(struct gen *g, struct buf *b, u32 i)
{
    const struct g_entity *e = &g->types[i];
    buf_fmt(b, "entity T%u", i);
    if (e->is_enum) {
        buf_put(b, S(" enum [\"0\", \"1\"];\n"));
        return;
    }
    if (e->parents) {
        buf_put(b, S(" in "));
        put_types(b, e->parents);
    }
    buf_char(b, ' ');
    put_fields(g, b, e->shape);
    if (e->tags) {
        buf_put(b, S(" tags "));
        put_type(g, b, e->tags);
    }
    buf_put(b, S(";\n"));
}

static void put_action(struct gen *g, struct buf *b, u32 i)
{
    const struct g_action *a = &g->actions[i];
    bool first = true;
    buf_fmt(b, "action \"%u\"", i);
    for (u32 k = 0; k < i; k++)
        if (a->parents >> k & 1) {
            buf_fmt(b, "%s\"%u\"", first ? " in [" : ", ", k);
            first = false;
        }
    buf_put(b, first ? S("") : S("]"));
    if (a->principals) {
        buf_put(b, S(" appliesTo { principal: "));
        put_types(b, a->principals);
        buf_put(b, S(", resource: "));
        put_types(b, a->resources);
        buf_put(b, S(", context: "));
        put_fields(g, b, a->context);
        buf_put(b, S(" }"));
    }
    buf_put(b, S(";\n"));
}

static str schema_text(struct gen *g)
{
    struct buf b = buf_in(g->a, 1 << 20);
    if (*g->space)
        buf_put(&b, S("namespace N {\n"));
    for (u32 i = 0; i < g->types_n; i++)
        put_entity_type(g, &b, i);
    for (u32 i = 0; i < g->actions_n; i++)
        put_action(g, &b, i);
    if (gen_chance(g, 2))
        buf_put(&b, S("entity T0;\n"));
    if (*g->space)
        buf_put(&b, S("}\n"));
    return buf_str(&b);
}

/* ---- Values as JSON ---- */

static void put_value(struct gen *g, struct buf *b, const struct g_type *t);

static void put_ext(struct gen *g, struct buf *b, const struct g_type *t)
{
    static const char *const ips[] = { "10.0.0.1", "10.0.0.0/8", "::1", "ff02::1/64", "127.0.0.1" };
    static const char *const decimals[] = { "0.0", "-1.5", "3.1415", "922337203685477.5807" };
    static const char *const dates[] = { "2024-01-01", "1969-12-31T23:59:59.999Z",
                                         "2024-02-29T12:00:00+0530" };
    static const char *const spans[] = { "0ms", "1d", "-1h30m", "90s" };
    const char *fn = t->kind == G_IP         ? "ip"
                     : t->kind == G_DECIMAL  ? "decimal"
                     : t->kind == G_DATETIME ? "datetime"
                                             : "duration";
    const char *arg = t->kind == G_IP         ? ips[gen_below(g, COUNT(ips))]
                      : t->kind == G_DECIMAL  ? decimals[gen_below(g, COUNT(decimals))]
                      : t->kind == G_DATETIME ? dates[gen_below(g, COUNT(dates))]
                                              : spans[gen_below(g, COUNT(spans))];
    buf_fmt(b, "{\"__extn\":{\"fn\":\"%s\",\"arg\":\"%s\"}}", fn, arg);
}

static void put_record_value(struct gen *g, struct buf *b, const struct g_type *t)
{
    bool first = true;
    buf_char(b, '{');
    for (u32 i = 0; i < GEN_ATTRS; i++) {
        bool there =
            t->attrs[i].present ? !t->attrs[i].optional || gen_chance(g, 50) : gen_chance(g, 1);
        if (t->attrs[i].present && gen_chance(g, 1))
            there = !there;
        if (!there)
            continue;
        static const struct g_type odd = { .kind = G_LONG };
        buf_fmt(b, "%s\"%s\":", first ? "" : ",", gen_attr_names[i]);
        put_value(g, b, t->attrs[i].present ? t->attrs[i].type : &odd);
        first = false;
    }
    buf_char(b, '}');
}

static void put_value(struct gen *g, struct buf *b, const struct g_type *t)
{
    /* no larger: the reference is asked through JavaScript's numbers */
    static const char *const longs[] = {
        "0", "1", "-1", "7", "9007199254740991", "-9007199254740991"
    };
    static const char *const strings[] = { "\"\"", "\"a\"", "\"abc\"", "\"a*c\"",
                                           "\"\\u00e9\\n\"" };
    static const struct g_type other = { .kind = G_STRING };
    if (gen_chance(g, 1))
        t = &other;
    switch (t->kind) {
    case G_BOOL: buf_put(b, gen_chance(g, 50) ? S("true") : S("false")); break;
    case G_LONG: buf_put(b, str_from(longs[gen_below(g, COUNT(longs))])); break;
    case G_STRING: buf_put(b, str_from(strings[gen_below(g, COUNT(strings))])); break;
    case G_ENTITY:
        buf_fmt(b, "{\"__entity\":{\"type\":\"%sT%u\",\"id\":\"%u\"}}", g->space, t->entity,
                gen_below(g, GEN_IDS));
        break;
    case G_SET: {
        u32 n = gen_below(g, 4);
        buf_char(b, '[');
        for (u32 i = 0; i < n; i++) {
            buf_put(b, i ? S(",") : S(""));
            put_value(g, b, t->elem);
        }
        buf_char(b, ']');
        break;
    }
    case G_RECORD: put_record_value(g, b, t); break;
    default: put_ext(g, b, t);
    }
}

static void put_parents(struct gen *g, struct buf *b, u32 type, u32 id)
{
    bool first = true;
    buf_put(b, S(",\"parents\":["));
    for (u32 i = 0; i < g->types_n; i++) {
        bool may = !g->types[type].is_enum && g->types[type].parents >> i & 1;
        for (u32 k = id + 1; k < GEN_IDS; k++) /* to higher ids only: no cycles */
            if (may ? gen_chance(g, 40) : gen_chance(g, 1)) {
                buf_fmt(b, "%s{\"type\":\"%sT%u\",\"id\":\"%u\"}", first ? "" : ",", g->space, i,
                        k);
                first = false;
            }
    }
    buf_char(b, ']');
}

static str entities_json(struct gen *g)
{
    struct buf b = buf_in(g->a, 1 << 20);
    bool first = true;
    buf_char(&b, '[');
    for (u32 i = 0; i < g->types_n; i++)
        for (u32 k = 0; k < GEN_IDS; k++) {
            if (gen_chance(g, 25) || (g->types[i].is_enum && k == 2 && gen_chance(g, 95)))
                continue;
            buf_fmt(&b,
                    "%s{\"uid\":{\"type\":\"%sT%u\",\"id\":\"%u\"},\"attrs\":", first ? "" : ",",
                    g->space, i, k);
            static const struct g_type none = { .kind = G_RECORD };
            put_record_value(g, &b, g->types[i].is_enum ? &none : g->types[i].shape);
            put_parents(g, &b, i, k);
            if (g->types[i].tags && !g->types[i].is_enum && gen_chance(g, 60)) {
                buf_put(&b, S(",\"tags\":{\"a\":"));
                put_value(g, &b, g->types[i].tags);
                buf_char(&b, '}');
            }
            buf_char(&b, '}');
            first = false;
        }
    buf_char(&b, ']');
    return buf_str(&b);
}

static u32 pick_bit(struct gen *g, u32 bits)
{
    u32 i = gen_below(g, GEN_TYPES);
    for (u32 n = 0; n < GEN_TYPES; n++, i = (i + 1) % GEN_TYPES)
        if (bits >> i & 1)
            return i;
    return 0;
}

static void make_request(struct gen *g, struct gen_request *q)
{
    u32 act = gen_below(g, g->actions_n);
    const struct g_action *a = &g->actions[act];
    struct buf b = buf_in(g->a, 1 << 20);
    u32 p = gen_chance(g, 90) ? pick_bit(g, a->principals) : gen_below(g, g->types_n);
    u32 r = gen_chance(g, 90) ? pick_bit(g, a->resources) : gen_below(g, g->types_n);
    put_record_value(g, &b, a->context);
    *q = (struct gen_request){
        gen_type_name(g, p), str_fmt(g->a, "%u", gen_below(g, GEN_IDS)), str_fmt(g->a, "%u", act),
        gen_type_name(g, r), str_fmt(g->a, "%u", gen_below(g, GEN_IDS)), buf_str(&b),
    };
}

void gen_case(struct arena *a, u64 seed, struct gen_case *ret)
{
    struct gen g = { .a = a, .r = { seed } };
    make_schema(&g);
    ret->schema = schema_text(&g);
    ret->entities = entities_json(&g);
    for (u32 i = 0; i < GEN_POLICIES; i++) {
        g.act = gen_below(&g, g.actions_n);
        g.p = pick_bit(&g, g.actions[g.act].principals);
        g.res = pick_bit(&g, g.actions[g.act].resources);
        ret->policies[i] = gen_policy(&g);
    }
    for (u32 i = 0; i < GEN_REQUESTS; i++)
        make_request(&g, &ret->requests[i]);
}
