/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of the generator: expressions grown by type for one environment, with guards before most
 * optional accesses and now and then an operand of a wrong type, an unguarded access or a broken
 * token. */
#include "tools/cedar-diff/gen.h"

static void put(struct gen *g, struct buf *b, const struct g_type *t, u32 depth);

static const struct g_type t_bool = { .kind = G_BOOL }, t_long = { .kind = G_LONG },
                           t_string = { .kind = G_STRING };

static bool same(const struct g_type *a, const struct g_type *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == G_ENTITY)
        return a->entity == b->entity;
    if (a->kind == G_SET)
        return same(a->elem, b->elem);
    if (a->kind == G_RECORD)
        return a == b;
    return true;
}

static void put_uid(struct gen *g, struct buf *b, u32 type)
{
    if (gen_chance(g, 1))
        buf_put(b, S("Nope::\"0\""));
    else
        buf_fmt(b, "%sT%u::\"%u\"", g->space, type,
                gen_below(g, g->types[type].is_enum ? 2 : GEN_IDS));
}

static void put_action(struct gen *g, struct buf *b)
{
    buf_fmt(b, "%sAction::\"%u\"", g->space, gen_below(g, g->actions_n + gen_chance(g, 2)));
}

static void put_attr_name(struct gen *g, struct buf *b, u32 attr)
{
    if (attr == 4 || gen_chance(g, 10))
        buf_fmt(b, "[\"%s\"]", gen_attr_names[attr]);
    else
        buf_fmt(b, ".%s", gen_attr_names[attr]);
}

/* A path that has this type, if one is found: a variable, or an attribute of one, or of an entity
 * in one. The guard of what is optional on it goes into guard. */
static bool find_path(struct gen *g, const struct g_type *want, struct buf *path, struct buf *guard)
{
    const struct g_type *t;
    struct g_type var = { .kind = G_ENTITY };
    u32 start = gen_below(g, 3);
    buf_clear(path);
    buf_clear(guard);
    if (start == 2) {
        buf_put(path, S("context"));
        t = g->actions[g->act].context;
    } else {
        buf_put(path, start ? S("resource") : S("principal"));
        var.entity = start ? g->res : g->p;
        t = &var;
    }
    for (int step = 0; step < 3; step++) {
        if (step && same(t, want))
            return true;
        if (t->kind == G_ENTITY && same(t, want))
            return true;
        if (t->kind == G_ENTITY)
            t = g->types[t->entity].is_enum ? &t_bool : g->types[t->entity].shape;
        if (t->kind != G_RECORD)
            return false;
        u32 i = gen_below(g, GEN_ATTRS);
        for (u32 n = 0; n < GEN_ATTRS && !t->attrs[i].present; n++)
            i = (i + 1) % GEN_ATTRS;
        if (!t->attrs[i].present)
            return false;
        if (t->attrs[i].optional) {
            if (guard->n)
                buf_put(guard, S(" && "));
            buf_put(guard, buf_str(path));
            buf_put(guard, S(" has "));
            buf_fmt(guard, i == 4 || gen_chance(g, 30) ? "\"%s\"" : "%s", gen_attr_names[i]);
        }
        put_attr_name(g, path, i);
        t = t->attrs[i].type;
    }
    return same(t, want);
}

static void put_literal(struct gen *g, struct buf *b, const struct g_type *t, u32 depth)
{
    static const char *const longs[] = {
        "0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808"
    };
    static const char *const strings[] = { "\"\"", "\"a\"", "\"abc\"", "\"a*c\"",
                                           "\"\\u{e9}\\n\"" };
    static const char *const ips[] = { "10.0.0.1",  "10.0.0.0/8", "::1",    "ff00::/8",
                                       "0.0.0.0/0", "1.2.3",      "::1/129" };
    static const char *const decimals[] = { "0.0", "-1.5", "3.1415", "1.23456", "1", "-0.1" };
    static const char *const dates[] = { "2024-01-01", "1969-12-31T23:59:59.999Z", "2024-13-01",
                                         "2024-01-01T00:00:00Z" };
    static const char *const spans[] = { "0ms", "1d",   "-1h30m",
                                         "90s", "1h1d", "9223372036854775807ms" };
    bool sane = gen_chance(g, 97);
    switch (t->kind) {
    case G_BOOL: buf_put(b, gen_chance(g, 50) ? S("true") : S("false")); break;
    case G_LONG: buf_put(b, str_from(longs[gen_below(g, COUNT(longs))])); break;
    case G_STRING: buf_put(b, str_from(strings[gen_below(g, COUNT(strings))])); break;
    case G_ENTITY: put_uid(g, b, t->entity); break;
    case G_DECIMAL:
        buf_fmt(b, "decimal(\"%s\")", decimals[gen_below(g, sane ? 3 : COUNT(decimals))]);
        break;
    case G_IP: buf_fmt(b, "ip(\"%s\")", ips[gen_below(g, sane ? 5 : COUNT(ips))]); break;
    case G_DATETIME:
        buf_fmt(b, "datetime(\"%s\")", dates[gen_below(g, sane ? 2 : COUNT(dates))]);
        break;
    case G_DURATION:
        buf_fmt(b, "duration(\"%s\")", spans[gen_below(g, sane ? 4 : COUNT(spans))]);
        break;
    case G_SET: {
        u32 n = gen_chance(g, 3) ? 0 : 1 + gen_below(g, 3);
        buf_char(b, '[');
        for (u32 i = 0; i < n; i++) {
            buf_put(b, i ? S(", ") : S(""));
            put(g, b, t->elem, depth ? depth - 1 : 0);
        }
        buf_char(b, ']');
        break;
    }
    case G_RECORD: {
        bool first = true;
        buf_char(b, '{');
        for (u32 i = 0; i < GEN_ATTRS; i++)
            if (t->attrs[i].present && (!t->attrs[i].optional || gen_chance(g, 50))) {
                buf_fmt(b, "%s\"%s\": ", first ? "" : ", ", gen_attr_names[i]);
                put(g, b, t->attrs[i].type, depth ? depth - 1 : 0);
                first = false;
            }
        buf_char(b, '}');
        break;
    }
    }
}

static const struct g_type *any_type(struct gen *g) { return gen_type(g, 1); }

static const struct g_type *entity_of(struct gen *g, u32 i)
{
    struct g_type *t = NEW(g->a, struct g_type);
    t->kind = G_ENTITY;
    t->entity = i;
    return t;
}

static const struct g_type *set_of(struct gen *g, const struct g_type *elem)
{
    struct g_type *t = NEW(g->a, struct g_type);
    t->kind = G_SET;
    t->elem = elem;
    return t;
}

static void put_infix(struct gen *g, struct buf *b, const struct g_type *t, const char *op,
                      u32 depth)
{
    buf_char(b, '(');
    put(g, b, t, depth);
    buf_fmt(b, " %s ", op);
    put(g, b, t, depth);
    buf_char(b, ')');
}

static void put_method(struct gen *g, struct buf *b, const struct g_type *t, const char *name,
                       u32 depth)
{
    if (gen_chance(g, 60)) {
        buf_char(b, '(');
        put(g, b, t, depth);
        buf_fmt(b, ").%s", name);
    } else {
        put_literal(g, b, t, depth);
        buf_fmt(b, ".%s", name);
    }
}

static void put_has(struct gen *g, struct buf *b)
{
    static const char *const vars[] = { "principal", "resource", "context", "action" };
    u32 i = gen_below(g, GEN_ATTRS), k = gen_below(g, GEN_ATTRS);
    buf_fmt(b, "(%s", vars[gen_below(g, 3 + gen_chance(g, 20))]);
    if (i == 4)
        buf_fmt(b, " has \"%s\")", gen_attr_names[i]);
    else if (k != 4 && gen_chance(g, 30))
        buf_fmt(b, " has %s.%s)", gen_attr_names[i], gen_attr_names[k]);
    else
        buf_fmt(b, " has %s)", gen_attr_names[i]);
}

static void put_in(struct gen *g, struct buf *b, u32 depth)
{
    static const char *const vars[] = { "principal", "resource", "action" };
    u32 type = gen_below(g, g->types_n), n = gen_below(g, 5);
    buf_char(b, '(');
    if (n == 0) {
        buf_put(b, S("action in "));
        if (gen_chance(g, 40)) {
            buf_char(b, '[');
            put_action(g, b);
            buf_put(b, S(", "));
            put_action(g, b);
            buf_char(b, ']');
        } else {
            put_action(g, b);
        }
    } else if (n == 1) {
        put(g, b, entity_of(g, gen_below(g, g->types_n)), depth);
        buf_put(b, S(" in "));
        put(g, b, entity_of(g, type), depth);
    } else if (n == 2) {
        buf_fmt(b, "%s is %sT%u", vars[gen_below(g, 2)], g->space, type);
        if (gen_chance(g, 50)) {
            buf_put(b, S(" in "));
            put_uid(g, b, gen_below(g, g->types_n));
        }
    } else {
        buf_fmt(b, "%s in ", vars[gen_below(g, 3)]);
        put(g, b, gen_chance(g, 60) ? entity_of(g, type) : set_of(g, entity_of(g, type)), depth);
    }
    buf_char(b, ')');
}

static void put_tag(struct gen *g, struct buf *b)
{
    const char *var = gen_chance(g, 50) ? "principal" : "resource",
               *key = gen_chance(g, 80) ? "\"a\"" : "\"b\"";
    const struct g_type *tags = g->types[var[0] == 'p' ? g->p : g->res].tags;
    if (gen_chance(g, 40)) {
        buf_fmt(b, "%s.hasTag(%s)", var, key);
        return;
    }
    buf_char(b, '(');
    if (gen_chance(g, 90))
        buf_fmt(b, "%s.hasTag(%s) && ", var, key);
    buf_fmt(b, "%s.getTag(%s) == ", var, key);
    put_literal(g, b, tags ? tags : &t_long, 0);
    buf_char(b, ')');
}

static void put_ext_bool(struct gen *g, struct buf *b, u32 depth)
{
    static const char *const ip[] = { "isIpv4()", "isIpv6()", "isLoopback()", "isMulticast()" };
    static const char *const dec[] = { "lessThan(", "lessThanOrEqual(", "greaterThan(",
                                       "greaterThanOrEqual(" };
    static const struct g_type t_ip = { .kind = G_IP }, t_dec = { .kind = G_DECIMAL };
    u32 n = gen_below(g, 3);
    if (n == 0) {
        put_method(g, b, &t_ip, ip[gen_below(g, 4)], depth);
    } else if (n == 1) {
        put_method(g, b, &t_ip, "isInRange(", depth);
        put(g, b, &t_ip, depth);
        buf_char(b, ')');
    } else {
        put_method(g, b, &t_dec, dec[gen_below(g, 4)], depth);
        put(g, b, &t_dec, depth);
        buf_char(b, ')');
    }
}

static void put_set_test(struct gen *g, struct buf *b, u32 depth)
{
    const struct g_type *elem = any_type(g), *set = set_of(g, elem);
    u32 n = gen_below(g, 4);
    if (n == 3) {
        put_method(g, b, set, "isEmpty()", depth);
        return;
    }
    put_method(g, b, set, n == 0 ? "contains(" : n == 1 ? "containsAll(" : "containsAny(", depth);
    put(g, b, n == 0 ? elem : set, depth);
    buf_char(b, ')');
}

/* guard && use, for an optional attribute of any type. */
static void put_guarded(struct gen *g, struct buf *b, u32 depth)
{
    struct buf path = buf_in(g->a, 4096), guard = buf_in(g->a, 4096);
    for (int i = 0; i < 6; i++) {
        const struct g_type *t = any_type(g);
        if (!find_path(g, t, &path, &guard) || !guard.n)
            continue;
        buf_char(b, '(');
        buf_put(b, buf_str(&guard));
        buf_put(b, gen_chance(g, 95) ? S(" && ") : S(" || "));
        buf_put(b, buf_str(&path));
        buf_put(b, gen_chance(g, 70) ? S(" == ") : S(" != "));
        put(g, b, t, depth);
        buf_char(b, ')');
        return;
    }
    put_has(g, b);
}

static void put_order(struct gen *g, struct buf *b, u32 depth)
{
    static const char *const ops[] = { "<", "<=", ">", ">=" };
    static const struct g_type dt = { .kind = G_DATETIME }, dur = { .kind = G_DURATION };
    u32 n = gen_below(g, 4);
    put_infix(g, b, n < 2 ? &t_long : n == 2 ? &dt : &dur, ops[gen_below(g, 4)], depth);
}

static void put_bool(struct gen *g, struct buf *b, u32 depth)
{
    static const char *const patterns[] = { "\"a*\"", "\"*\"", "\"*c\"", "\"a\\*c\"", "\"\"" };
    switch (gen_below(g, 16)) {
    case 0:
    case 1: put_infix(g, b, &t_bool, "&&", depth); break;
    case 2:
    case 3: put_infix(g, b, &t_bool, "||", depth); break;
    case 4:
        buf_put(b, S("!("));
        put(g, b, &t_bool, depth);
        buf_char(b, ')');
        break;
    case 5:
    case 6: put_infix(g, b, any_type(g), gen_chance(g, 70) ? "==" : "!=", depth); break;
    case 7: put_order(g, b, depth); break;
    case 8: put_has(g, b); break;
    case 9:
    case 10: put_in(g, b, depth); break;
    case 11:
        buf_char(b, '(');
        put(g, b, &t_string, depth);
        buf_fmt(b, " like %s)", patterns[gen_below(g, COUNT(patterns))]);
        break;
    case 12: put_set_test(g, b, depth); break;
    case 13: put_ext_bool(g, b, depth); break;
    case 14: put_tag(g, b); break;
    default: put_guarded(g, b, depth); break;
    }
}

static void put_time(struct gen *g, struct buf *b, const struct g_type *t, u32 depth)
{
    static const struct g_type dt = { .kind = G_DATETIME }, dur = { .kind = G_DURATION };
    static const char *const to[] = { "toMilliseconds()", "toSeconds()", "toMinutes()", "toHours()",
                                      "toDays()" };
    if (t->kind == G_LONG) {
        put_method(g, b, &dur, to[gen_below(g, COUNT(to))], depth);
    } else if (t->kind == G_DATETIME) {
        put_method(g, b, &dt, gen_chance(g, 50) ? "toDate()" : "offset(", depth);
        if (b->p[b->n - 1] == '(') {
            put(g, b, &dur, depth);
            buf_char(b, ')');
        }
    } else {
        put_method(g, b, &dt, gen_chance(g, 50) ? "toTime()" : "durationSince(", depth);
        if (b->p[b->n - 1] == '(') {
            put(g, b, &dt, depth);
            buf_char(b, ')');
        }
    }
}

static bool put_path(struct gen *g, struct buf *b, const struct g_type *t)
{
    struct buf path = buf_in(g->a, 4096), guard = buf_in(g->a, 4096);
    for (int i = 0; i < 8; i++)
        if (find_path(g, t, &path, &guard) && (!guard.n || gen_chance(g, 4))) {
            buf_put(b, buf_str(&path));
            return true;
        }
    return false;
}

static void put(struct gen *g, struct buf *b, const struct g_type *t, u32 depth)
{
    static const char *const ops[] = { "+", "-", "*" };
    if (gen_chance(g, 1))
        t = any_type(g);
    u32 n = gen_below(g, 10);
    if (depth && n < 1) {
        buf_put(b, S("(if "));
        put(g, b, &t_bool, depth - 1);
        buf_put(b, S(" then "));
        put(g, b, t, depth - 1);
        buf_put(b, S(" else "));
        put(g, b, t, depth - 1);
        buf_char(b, ')');
    } else if (depth && t->kind == G_BOOL && n < 9) {
        put_bool(g, b, depth - 1);
    } else if (depth && t->kind == G_LONG && n < 4) {
        if (gen_chance(g, 20)) {
            buf_put(b, S("-("));
            put(g, b, t, depth - 1);
            buf_char(b, ')');
        } else {
            put_infix(g, b, t, ops[gen_below(g, 3)], depth - 1);
        }
    } else if (depth && (t->kind == G_LONG || t->kind == G_DATETIME || t->kind == G_DURATION) &&
               n < 6) {
        put_time(g, b, t, depth - 1);
    } else if (gen_chance(g, 30) || !put_path(g, b, t)) {
        put_literal(g, b, t, depth);
    }
}

static void put_scope(struct gen *g, struct buf *b, const char *var, u32 type)
{
    u32 n = gen_below(g, 10);
    if (gen_chance(g, 5))
        type = gen_below(g, g->types_n);
    buf_put(b, str_from(var));
    if (gen_chance(g, 4)) { /* a template's */
        buf_fmt(b, n < 4 ? " == ?%s" : " in ?%s", var);
    } else if (gen_chance(g, 2)) {
        buf_fmt(b, " is %sT%u in ?%s", g->space, type, var);
    } else if (n == 0) {
        buf_put(b, S(" == "));
        put_uid(g, b, type);
    } else if (n == 1) {
        buf_put(b, S(" in "));
        put_uid(g, b, gen_below(g, g->types_n));
    } else if (n < 7) {
        buf_fmt(b, " is %sT%u", g->space, type);
        if (n == 6) {
            buf_put(b, S(" in "));
            put_uid(g, b, gen_below(g, g->types_n));
        }
    }
}

static void put_action_scope(struct gen *g, struct buf *b)
{
    u32 n = gen_below(g, 10);
    buf_put(b, S("action"));
    if (n < 6) {
        buf_fmt(b, " == %sAction::\"%u\"", g->space, g->act);
    } else if (n == 6) {
        buf_put(b, S(" in "));
        put_action(g, b);
    } else if (n == 7) {
        buf_put(b, S(" in ["));
        put_action(g, b);
        buf_put(b, S(", "));
        put_action(g, b);
        buf_char(b, ']');
    }
}

/* Now and then a character is lost, doubled or replaced: both sides must agree what still parses.
 */
static str damage(struct gen *g, str s)
{
    static const char odd[] = "(){}[]\"\\.:;,?!-+*=<>&|@_if0 ";
    char *p = str_z(g->a, s);
    u32 at = gen_below(g, (u32)s.n);
    if ((p[at] & 0x80) == 0)
        p[at] = odd[gen_below(g, sizeof odd - 1)];
    return (str){ p, s.n };
}

str gen_policy(struct gen *g)
{
    struct buf b = buf_in(g->a, 1 << 20);
    u32 clauses = 1 + (gen_chance(g, 20) ? 1 : 0);
    if (gen_chance(g, 10))
        buf_put(&b, gen_chance(g, 50) ? S("@id(\"x\") ") : S("@note "));
    buf_put(&b, gen_chance(g, 70) ? S("permit(") : S("forbid("));
    put_scope(g, &b, "principal", g->p);
    buf_put(&b, S(", "));
    put_action_scope(g, &b);
    buf_put(&b, S(", "));
    put_scope(g, &b, "resource", g->res);
    buf_char(&b, ')');
    for (u32 i = 0; i < clauses; i++) {
        buf_put(&b, gen_chance(g, 75) ? S(" when { ") : S(" unless { "));
        put(g, &b, &t_bool, 1 + gen_below(g, 4));
        buf_put(&b, S(" }"));
    }
    buf_char(&b, ';');
    return gen_chance(g, 4) ? damage(g, buf_str(&b)) : buf_str(&b);
}
