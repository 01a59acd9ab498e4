/* SPDX-License-Identifier: Apache-2.0 */
/* From a schema as written to one that can be asked: names resolved, common types put in place
 * (shared, not copied), hierarchies of entity types and of actions closed. A name without a
 * namespace means, in this order: the common type of its own namespace, the entity type there, the
 * common type outside of all, the entity type there, what is built in. */
#include <string.h>

#include "base/map.h"
#include "cedar/schema_ast.h"

struct common {
    const struct s_common *def;
    str space;
    const struct type *type;
    u8 state;
};
enum { NEW_COMMON, OPEN_COMMON, DONE_COMMON };

struct resolver {
    struct arena *out, *tmp;
    struct cedar_faults *faults;
    struct map commons;         /* full name -> struct common */
    struct map etypes, actions; /* full name -> 1 + index; written uid -> 1 + index */
    struct etype *et;
    struct action *ac;
    u32 et_n, ac_n, depth;
};

static const struct type builtin_types[] = {
    { .kind = TY_BOOL },
    { .kind = TY_LONG },
    { .kind = TY_STRING },
    { .kind = TY_EXT, .ext = CEDAR_IP },
    { .kind = TY_EXT, .ext = CEDAR_DECIMAL },
    { .kind = TY_EXT, .ext = CEDAR_DATETIME },
    { .kind = TY_EXT, .ext = CEDAR_DURATION },
};
static const struct type empty_record = { .kind = TY_RECORD };

static const struct type *builtin(str name)
{
    static const str names[] = { S_INIT("Bool"),    S_INIT("Long"),    S_INIT("String"),
                                 S_INIT("ipaddr"),  S_INIT("decimal"), S_INIT("datetime"),
                                 S_INIT("duration") };
    if (str_starts(name, S("__cedar::")))
        name = str_sub(name, 9, name.n);
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_eq(names[i], name))
            return &builtin_types[i];
    return NULL;
}

static void bad(struct resolver *r, u32 at, u32 end, const char *fmt, str name)
{
    struct buf b = buf_in(r->tmp, 1024);
    ptrdiff_t cut = str_find(str_from(fmt), S("@"));
    buf_put(&b, str_sub(str_from(fmt), 0, (size_t)cut));
    buf_put(&b, str_sub(name, 0, 300));
    buf_put(&b, str_from(fmt + cut + 1));
    cedar_fault_add(r->faults, (struct cedar_fault){ .at = at, .end = end, .policy = -1 }, STR_FMT,
                    STR_ARG(buf_str(&b)));
}

static str full(struct arena *a, str space, str name)
{
    return space.n ? str_fmt(a, STR_FMT "::" STR_FMT, STR_ARG(space), STR_ARG(name)) : name;
}

static str uid_text(struct arena *a, str type, str id)
{
    struct cedar_uid uid = { .type = type, .id = id };
    struct buf b = buf_in(a, SIZE_MAX / 8);
    cedar_put_uid(&b, &uid);
    return buf_str(&b);
}

bool schema_is_action_type(str type)
{
    return str_eq(type, S("Action")) || str_ends(type, S("::Action"));
}

/* ---- Types ---- */

static const struct type *resolve_type(struct resolver *r, str space, const struct s_type *t);

static const struct type *common_type(struct resolver *r, struct common *c,
                                      const struct s_type *from)
{
    if (c->state == OPEN_COMMON) {
        bad(r, from->at, from->end, "the common type `@` is defined by itself", c->def->name.name);
        return &empty_record;
    }
    if (c->state == NEW_COMMON) {
        c->state = OPEN_COMMON;
        c->type = resolve_type(r, c->space, c->def->type);
        c->state = DONE_COMMON;
    }
    return c->type;
}

static const struct type *entity_type(struct resolver *r, str name)
{
    struct type *t = NEW(r->out, struct type);
    t->kind = TY_ENTITY;
    t->name = str_copy(r->out, name);
    return t;
}

/* The entity type that a name means, 1 + index, or 0. */
static size_t find_etype(struct resolver *r, str space, str name)
{
    bool qualified = str_find(name, S("::")) >= 0;
    void *got = qualified ? NULL : map_get(&r->etypes, full(r->tmp, space, name));
    if (!got)
        got = map_get(&r->etypes, name);
    return (size_t)got;
}

static const struct type *named_type(struct resolver *r, str space, const struct s_type *t)
{
    bool qualified = str_find(t->name, S("::")) >= 0;
    for (int outside = qualified || !space.n; outside < 2; outside++) {
        str name = outside ? t->name : full(r->tmp, space, t->name);
        struct common *c = t->kind == S_ENTITY_NAME ? NULL : map_get(&r->commons, name);
        if (c)
            return common_type(r, c, t);
        if (t->kind != S_COMMON_NAME && map_has(&r->etypes, name))
            return entity_type(r, name);
    }
    const struct type *b = t->kind == S_ENTITY_NAME ? NULL : builtin(t->name);
    if (b)
        return b;
    bad(r, t->at, t->end,
        t->kind == S_COMMON_NAME ? "there is no common type `@`" : "there is no type `@`", t->name);
    return &empty_record;
}

static int attr_order(const void *a, const void *b)
{
    return cedar_name_cmp(((const struct attr *)a)->name, ((const struct attr *)b)->name);
}

static const struct type *record_type(struct resolver *r, str space, const struct s_type *t)
{
    struct type *ret = NEW(r->out, struct type);
    struct attr *at = NEW_N(r->out, struct attr, t->n);
    for (u32 i = 0; i < t->n; i++)
        at[i] = (struct attr){ t->fields[i].name, !t->fields[i].optional,
                               resolve_type(r, space, t->fields[i].type) };
    if (t->n > 1)
        qsort(at, t->n, sizeof *at, attr_order);
    *ret = (struct type){ .kind = TY_RECORD, .n = t->n, .attrs = at };
    return ret;
}

static const struct type *resolve_inner(struct resolver *r, str space, const struct s_type *t)
{
    if (t->kind == S_RECORD)
        return record_type(r, space, t);
    if (t->kind == S_SET) {
        struct type *ret = NEW(r->out, struct type);
        ret->kind = TY_SET;
        ret->elem = resolve_type(r, space, t->elem);
        return ret;
    }
    if (t->kind == S_BUILTIN) {
        const struct type *b = str_eq(t->name, S("Boolean")) ? &builtin_types[0] : builtin(t->name);
        if (!b)
            bad(r, t->at, t->end, "there is no type `@`", t->name);
        return b ? b : &empty_record;
    }
    return named_type(r, space, t);
}

/* Common types nest without their text nesting: the depth is counted here too. */
static const struct type *resolve_type(struct resolver *r, str space, const struct s_type *t)
{
    if (r->depth == CEDAR_DEPTH_MAX) {
        bad(r, t->at, t->end, "the type `@` is nested too deep", t->name.n ? t->name : S("here"));
        return &empty_record;
    }
    r->depth++;
    const struct type *got = resolve_inner(r, space, t);
    r->depth--;
    return got;
}

const struct attr *type_attr(const struct type *record, str name)
{
    u32 lo = 0, hi = record->kind == TY_RECORD ? record->n : 0;
    while (lo < hi) {
        u32 mid = (lo + hi) / 2;
        int c = cedar_name_cmp(record->attrs[mid].name, name);
        if (c == 0)
            return &record->attrs[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* ---- Declaring names ---- */

static bool reserved_common(str name)
{
    static const str words[] = { S_INIT("Bool"),      S_INIT("Boolean"), S_INIT("Entity"),
                                 S_INIT("Extension"), S_INIT("Long"),    S_INIT("Record"),
                                 S_INIT("Set"),       S_INIT("String") };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq(words[i], name))
            return true;
    return false;
}

static void declare(struct resolver *r, const struct s_space *sp)
{
    str space = sp->name.name;
    for (size_t i = 0; i < sp->commons.n; i++) {
        const struct s_common *c = &sp->commons.at[i];
        str name = full(r->out, space, c->name.name);
        struct common *own = NEW(r->tmp, struct common);
        *own = (struct common){ .def = c, .space = space };
        if (reserved_common(c->name.name))
            bad(r, c->name.at, c->name.end, "`@` is the name of a built-in type", c->name.name);
        if (map_has(&r->commons, name))
            bad(r, c->name.at, c->name.end, "the type `@` is declared twice", name);
        map_put(&r->commons, name, own);
    }
    for (size_t i = 0; i < sp->entities.n; i++) {
        const struct s_entity *e = &sp->entities.at[i];
        str name = full(r->out, space, e->name.name);
        if (str_eq(e->name.name, S("Action")))
            bad(r, e->name.at, e->name.end, "an entity type may not be named `@`", e->name.name);
        if (map_has(&r->etypes, name))
            bad(r, e->name.at, e->name.end, "the entity type `@` is declared twice", name);
        r->et[r->et_n].name = name;
        map_put(&r->etypes, name, (void *)(uintptr_t)++r->et_n);
    }
    for (size_t i = 0; i < sp->actions.n; i++) {
        const struct s_action *a = &sp->actions.at[i];
        str type = full(r->out, space, S("Action")), key = uid_text(r->out, type, a->name.name);
        if (map_has(&r->actions, key))
            bad(r, a->name.at, a->name.end, "the action @ is declared twice", key);
        r->ac[r->ac_n].uid = cedar_uid(type, a->name.name);
        map_put(&r->actions, key, (void *)(uintptr_t)++r->ac_n);
    }
}

/* What is declared outside of all namespaces may not be declared in one again. */
static void check_shadows(struct resolver *r, const struct s_space *sp)
{
    if (!sp->name.name.n)
        return;
    for (size_t i = 0; i < sp->commons.n + sp->entities.n; i++) {
        const struct s_path *n =
            i < sp->commons.n ? &sp->commons.at[i].name : &sp->entities.at[i - sp->commons.n].name;
        if (map_has(&r->commons, n->name) || map_has(&r->etypes, n->name))
            bad(r, n->at, n->end,
                "`@` is declared outside of namespaces already: a type may not hide it", n->name);
    }
    for (size_t i = 0; i < sp->actions.n; i++) {
        const struct s_path *n = &sp->actions.at[i].name;
        str key = uid_text(r->tmp, S("Action"), n->name);
        if (map_has(&r->actions, key))
            bad(r, n->at, n->end,
                "@ is declared outside of namespaces already: an action may not hide it", key);
    }
}

/* ---- Filling in ---- */

static u32 etype_ref(struct resolver *r, str space, const struct s_path *p)
{
    size_t got = find_etype(r, space, p->name);
    if (!got)
        bad(r, p->at, p->end, "there is no entity type `@`", p->name);
    return got ? (u32)(got - 1) : 0;
}

static const u32 *etype_refs(struct resolver *r, str space, const struct s_path *at, u32 n)
{
    u32 *refs = NEW_N(r->out, u32, n);
    for (u32 i = 0; i < n; i++)
        refs[i] = etype_ref(r, space, &at[i]);
    return refs;
}

static void fill_etype(struct resolver *r, str space, const struct s_entity *e, struct etype *ret)
{
    ret->self = entity_type(r, ret->name);
    ret->parents = etype_refs(r, space, e->parents, e->parents_n);
    ret->parents_n = e->parents_n;
    ret->shape = e->shape ? resolve_type(r, space, e->shape) : &empty_record;
    if (ret->shape->kind != TY_RECORD)
        bad(r, e->name.at, e->name.end, "the attributes of `@` must be a record", ret->name);
    ret->tags = e->tags ? resolve_type(r, space, e->tags) : NULL;
    ret->ids = e->ids;
    ret->ids_n = e->ids_n;
}

static size_t find_action(struct resolver *r, str space, const struct s_uid *u)
{
    str type = u->type.n ? u->type : S("Action");
    void *got = NULL;
    if (str_find(type, S("::")) < 0)
        got = map_get(&r->actions, uid_text(r->tmp, full(r->tmp, space, type), u->id));
    if (!got)
        got = map_get(&r->actions, uid_text(r->tmp, type, u->id));
    return (size_t)got;
}

static void fill_action(struct resolver *r, str space, const struct s_action *a, struct action *ret)
{
    u32 *parents = NEW_N(r->out, u32, a->parents_n);
    ret->self = entity_type(r, ret->uid.type);
    for (u32 i = 0; i < a->parents_n; i++) {
        size_t got = find_action(r, space, &a->parents[i]);
        if (!got)
            bad(r, a->parents[i].at, a->parents[i].end, "there is no action @",
                uid_text(r->tmp, a->parents[i].type.n ? a->parents[i].type : S("Action"),
                         a->parents[i].id));
        parents[i] = got ? (u32)(got - 1) : 0;
    }
    ret->parents = parents;
    ret->parents_n = a->parents_n;
    ret->principals = etype_refs(r, space, a->principals, a->principals_n);
    ret->principals_n = a->principals_n;
    ret->resources = etype_refs(r, space, a->resources, a->resources_n);
    ret->resources_n = a->resources_n;
    ret->context = a->context ? resolve_type(r, space, a->context) : &empty_record;
    if (ret->context->kind != TY_RECORD)
        bad(r, a->name.at, a->name.end, "the context of action `@` must be a record", a->name.name);
}

static void set_bit(u64 *bits, u32 i) { bits[i / 64] |= (u64)1 << (i % 64); }

/* Everything above k: a walk with a stack, each node once. */
static void walk_up(struct resolver *r, u32 k, bool actions, u64 *bits)
{
    SCRATCH(s);
    VEC(u32) todo = { 0 };
    *vec_push(&todo, s.a) = k;
    while (todo.n) {
        u32 i = todo.at[--todo.n];
        u32 n = actions ? r->ac[i].parents_n : r->et[i].parents_n;
        const u32 *up = actions ? r->ac[i].parents : r->et[i].parents;
        for (u32 j = 0; j < n; j++)
            if (!bit_is_set(bits, up[j])) {
                set_bit(bits, up[j]);
                *vec_push(&todo, s.a) = up[j];
            }
    }
}

static void close_etypes(struct resolver *r)
{
    SCRATCH(s);
    u32 words = r->et_n / 64 + 1;
    u64 *all = NEW_N(r->out, u64, (size_t)words * r->et_n);
    for (u32 k = 0; k < r->et_n; k++)
        r->et[k].descendants = all + (size_t)words * k;
    for (u32 k = 0; k < r->et_n; k++) {
        u64 *up = NEW_N(s.a, u64, words);
        walk_up(r, k, false, up);
        for (u32 i = 0; i < r->et_n; i++)
            if (bit_is_set(up, i))
                set_bit(all + (size_t)words * i, k);
    }
}

static void close_actions(struct resolver *r)
{
    u32 words = r->ac_n / 64 + 1;
    for (u32 k = 0; k < r->ac_n; k++) {
        u64 *up = NEW_N(r->out, u64, words);
        walk_up(r, k, true, up);
        if (bit_is_set(up, k))
            bad(r, 0, 0, "the action @ is in itself",
                uid_text(r->tmp, r->ac[k].uid.type, r->ac[k].uid.id));
        r->ac[k].ancestors = up;
    }
}

static void fill(struct resolver *r, const struct s_schema *in)
{
    for (size_t i = 0; i < in->spaces.n; i++) {
        const struct s_space *sp = &in->spaces.at[i];
        str space = sp->name.name;
        for (size_t k = 0; k < sp->commons.n; k++)
            (void)common_type(
                r, map_get(&r->commons, full(r->tmp, space, sp->commons.at[k].name.name)),
                sp->commons.at[k].type);
        for (size_t k = 0; k < sp->entities.n; k++)
            fill_etype(r, space, &sp->entities.at[k],
                       &r->et[(size_t)map_get(&r->etypes,
                                              full(r->tmp, space, sp->entities.at[k].name.name)) -
                              1]);
        for (size_t k = 0; k < sp->actions.n; k++) {
            str key =
                uid_text(r->tmp, full(r->tmp, space, S("Action")), sp->actions.at[k].name.name);
            fill_action(r, space, &sp->actions.at[k],
                        &r->ac[(size_t)map_get(&r->actions, key) - 1]);
        }
    }
    close_etypes(r);
    close_actions(r);
}

err schema_resolve(struct arena *out, const struct s_schema *in, struct cedar_faults *faults,
                   const struct cedar_schema **ret)
{
    SCRATCH(s);
    u32 before = faults->errors;
    size_t et_n = 0, ac_n = 0;
    for (size_t i = 0; i < in->spaces.n; i++) {
        et_n += in->spaces.at[i].entities.n;
        ac_n += in->spaces.at[i].actions.n;
    }
    if (et_n > SCHEMA_NAMES_MAX || ac_n > SCHEMA_NAMES_MAX) {
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the schema has more than %d entity types or actions", SCHEMA_NAMES_MAX);
        return E_LIMIT;
    }
    struct resolver r = {
        .out = out,
        .tmp = s.a,
        .faults = faults,
        .commons = map_in(s.a),
        .etypes = map_in(out),
        .actions = map_in(out),
        .et = NEW_N(out, struct etype, et_n),
        .ac = NEW_N(out, struct action, ac_n),
    };
    for (size_t i = 0; i < in->spaces.n; i++)
        declare(&r, &in->spaces.at[i]);
    for (size_t i = 0; i < in->spaces.n; i++)
        check_shadows(&r, &in->spaces.at[i]);
    if (faults->errors == before)
        fill(&r, in);
    if (faults->errors != before)
        return E_INVALID;
    if (arena_doomed(out)) {
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the schema needs more memory than given");
        return E_LIMIT;
    }
    struct cedar_schema *got = NEW(out, struct cedar_schema);
    struct map *etypes = NEW(out, struct map), *actions = NEW(out, struct map);
    *etypes = r.etypes;
    *actions = r.actions;
    *got = (struct cedar_schema){ r.et, r.et_n, r.ac, r.ac_n, etypes, actions };
    *ret = got;
    return E_NONE;
}

err cedar_schema_parse(struct arena *out, str text, struct cedar_faults *faults,
                       const struct cedar_schema **ret)
{
    struct s_schema s;
    if ((text.n + 64) * 60 > arena_room(out) && text.n <= CEDAR_TEXT_MAX) {
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the schema is too long for the memory given");
        return E_LIMIT;
    }
    if (text.n <= CEDAR_TEXT_MAX)
        text = str_copy(out, text);
    TRY(schema_parse_text(out, text, faults, &s));
    return schema_resolve(out, &s, faults, ret);
}

const struct etype *schema_etype(const struct cedar_schema *s, str name)
{
    size_t i = (size_t)map_get(s->etype_index, name);
    return i ? &s->etypes[i - 1] : NULL;
}

const struct action *schema_action(const struct cedar_schema *s, const struct cedar_uid *uid)
{
    SCRATCH(t);
    size_t i = (size_t)map_get(s->action_index, uid_text(t.a, uid->type, uid->id));
    return i ? &s->actions[i - 1] : NULL;
}
