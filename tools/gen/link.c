/* SPDX-License-Identifier: Apache-2.0 */
/* From names to things: puts the modules in order, resolves every type, entity, guard, page, topic
 * and event, and refuses what would not be a sound API: an endpoint without an action, a name used
 * twice, a guard on something that is no entity. Records, enums, ids, errors, queries and events
 * have C names without their module's, so each exists once in all modules. */
#include "gen.h"

#include "base/map.h"

/* ---- Finding ---- */

size_t text_fields(const struct endpoint *e)
{
    bool all = str_eq_z(e->method, "GET") || str_eq_z(e->method, "DELETE");
    return all ? e->in.n : e->path_n;
}

bool module_sees(const struct module *m, const struct module *other)
{
    if (m == other)
        return true;
    for (size_t i = 0; i < m->uses.n; i++)
        if (str_eq(m->uses.at[i], other->name))
            return true;
    return false;
}

/* Whether a thing called name in module `of` is what m means by `wanted` ("person" or
 * "people.person"). */
static bool means(const struct module *m, str wanted, const struct module *of, str name)
{
    if (!module_sees(m, of))
        return false;
    if (str_eq(wanted, name))
        return true;
    return wanted.n == of->name.n + 1 + name.n && str_starts(wanted, of->name) &&
           wanted.p[of->name.n] == '.' && str_ends(wanted, name);
}

#define FIND(list, T)                                           \
    for (size_t i = 0; i < g->modules.n; i++)                   \
        for (size_t k = 0; k < g->modules.at[i]->list.n; k++) { \
            const T *x = &g->modules.at[i]->list.at[k];         \
            if (means(m, name, g->modules.at[i], x->name))      \
                return x;                                       \
        }                                                       \
    return NULL

const struct idtype *find_id(struct gen *g, const struct module *m, str name)
{
    FIND(ids, struct idtype);
}
const struct record *find_record(struct gen *g, const struct module *m, str name)
{
    FIND(records, struct record);
}
const struct error *find_error(struct gen *g, const struct module *m, str name)
{
    FIND(errors, struct error);
}
static const struct words *find_enum(struct gen *g, const struct module *m, str name)
{
    FIND(enums, struct words);
}
static const struct topic *find_topic(struct gen *g, const struct module *m, str name)
{
    FIND(topics, struct topic);
}

const struct query *find_query(const struct module *m, str name)
{
    for (size_t i = 0; i < m->queries.n; i++)
        if (str_eq(m->queries.at[i].name, name))
            return &m->queries.at[i];
    return NULL;
}

/* The entity whose record's id has this type. */
const struct entity *find_entity_of(struct gen *g, const struct idtype *id)
{
    for (size_t i = 0; id && i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->entities.n; k++) {
            const struct entity *e = &g->modules.at[i]->entities.at[k];
            if (e->id && e->id->type.id == id)
                return e;
        }
    return NULL;
}

bool type_resolve(struct gen *g, const struct module *m, struct where at, struct type *t)
{
    if (!t->name.n || t->kind != T_NONE)
        return true;
    if ((t->id = find_id(g, m, t->name)))
        t->kind = T_ID;
    else if ((t->words = find_enum(g, m, t->name)))
        t->kind = T_ENUM;
    else if ((t->record = find_record(g, m, t->name)))
        t->kind = T_RECORD;
    else
        bad(g, at, "the type `@` is unknown: declare it, or say `uses` with the module that does",
            t->name);
    return t->kind != T_NONE;
}

/* ---- Order and uniqueness ---- */

static struct module *module_named(struct gen *g, str name)
{
    for (size_t i = 0; i < g->modules.n; i++)
        if (str_eq(g->modules.at[i]->name, name))
            return g->modules.at[i];
    return NULL;
}

static void visit(struct gen *g, struct module *m, struct module **to, size_t *n)
{
    if (m->visit == 2)
        return;
    if (m->visit == 1) {
        bad(g, m->at, "the modules use each other in a circle through `@`", m->name);
        return;
    }
    m->visit = 1;
    for (size_t i = 0; i < m->uses.n; i++) {
        struct module *used = module_named(g, m->uses.at[i]);
        if (used && used != m)
            visit(g, used, to, n);
        else
            bad(g, m->at, "`uses @`: there is no such other module", m->uses.at[i]);
    }
    m->visit = 2;
    to[(*n)++] = m;
}

static void order_modules(struct gen *g)
{
    size_t n = 0;
    struct module **at = g->modules.at, **to = NEW_N(g->a, struct module *, g->modules.n + 1);
    for (size_t i = 1; i < g->modules.n; i++)
        for (size_t k = i; k > 0 && str_cmp(at[k - 1]->name, at[k]->name) > 0; k--) {
            struct module *swap = at[k];
            at[k] = at[k - 1];
            at[k - 1] = swap;
        }
    for (size_t i = 1; i < g->modules.n; i++)
        if (str_eq(at[i - 1]->name, at[i]->name))
            bad(g, at[i]->at, "there are two modules `@`", at[i]->name);
    for (size_t i = 0; i < g->modules.n; i++)
        visit(g, at[i], to, &n);
    g->modules.at = to;
    g->modules.room = g->modules.n = n;
}

static void once(struct gen *g, struct map *seen, const char *space, str name, struct where at)
{
    str key = text(g, "@ @", z(space), name);
    const struct where *first = map_get(seen, key);
    if (first) {
        bad(g, at, "@ `@` is already at @:@: choose another name", z(space), name, first->file,
            dec(first->line));
        return;
    }
    struct where *mine = NEW(g->a, struct where);
    *mine = at;
    map_put(seen, key, mine);
}

static void once_module(struct gen *g, struct map *seen, const struct module *m)
{
    for (size_t i = 0; i < m->ids.n; i++) {
        once(g, seen, "the id", m->ids.at[i].name, m->ids.at[i].at);
        once(g, seen, "the id prefix", m->ids.at[i].prefix, m->ids.at[i].at);
    }
    for (size_t i = 0; i < m->enums.n; i++)
        once(g, seen, "the type", m->enums.at[i].name, m->enums.at[i].at);
    for (size_t i = 0; i < m->records.n; i++)
        once(g, seen, "the type", m->records.at[i].name, m->records.at[i].at);
    for (size_t i = 0; i < m->entities.n; i++)
        once(g, seen, "the entity", m->entities.at[i].type, m->entities.at[i].at);
    for (size_t i = 0; i < m->errors.n; i++)
        once(g, seen, "the error", m->errors.at[i].name, m->errors.at[i].at);
    for (size_t i = 0; i < m->topics.n; i++)
        once(g, seen, "the topic", m->topics.at[i].name, m->topics.at[i].at);
    for (size_t i = 0; i < m->events.n; i++)
        once(g, seen, "the event", m->events.at[i].name, m->events.at[i].at);
    for (size_t i = 0; i < m->endpoints.n; i++) {
        const struct endpoint *e = &m->endpoints.at[i];
        once(g, seen, "the endpoint", text(g, "@ @", e->method, e->path), e->at);
        once(g, seen, "the endpoint", text(g, "@.@", m->name, e->name), e->at);
    }
    for (size_t i = 0; i < m->queries.n; i++)
        once(g, seen, "the statement", m->queries.at[i].name, m->queries.at[i].at);
}

/* ---- Types and records ---- */

static void resolve_field(struct gen *g, const struct module *m, struct field *f, bool input)
{
    struct type *t = &f->type;
    if (!type_resolve(g, m, f->at, t))
        return;
    if ((t->kind == T_TEXT || t->kind == T_BYTES) && !t->ranged)
        bad(g, f->at, "`@` needs a length: write `text 0..80`", f->name);
    if (t->kind == T_RECORD && t->optional && !input)
        bad(g, f->at, "`@` is a record inside a record and cannot be optional", f->name);
    if (t->kind == T_ENUM && f->has_default) {
        bool known = false;
        for (size_t i = 0; i < t->words->words.n; i++)
            if (str_eq(t->words->words.at[i], f->def_text)) {
                f->def = (i64)i;
                known = true;
            }
        if (!known)
            bad(g, f->at, "the default `@` is no word of `@`", f->def_text, t->name);
    } else if (f->has_default && f->def_text.n && t->kind != T_TEXT) {
        bad(g, f->at, "the default of `@` does not fit its type", f->name);
    }
}

/* What would not be a C struct, or too large a one. */
static void check_members(struct gen *g, struct where at, const struct fields *fs)
{
    if (fs->n > GEN_FIELDS_MAX)
        bad(g, at, "@ fields are more than @: make a record of some", dec(fs->n),
            dec(GEN_FIELDS_MAX));
    for (size_t i = 0; i < fs->n; i++) {
        const struct field *f = &fs->at[i];
        if (f->type.optional && find_field(fs, text(g, "has_@", f->name)))
            bad(g, f->at, "`@` is optional, so that `has_@` is taken: rename that field", f->name,
                f->name);
    }
}

static void check_words(struct gen *g, const struct words *e)
{
    for (size_t i = 0; i < e->words.n; i++)
        if (str_eq_z(e->words.at[i], "n"))
            bad(g, e->at, "the word `n` of `@` is taken: @_N is the number of words", e->name,
                upper(g, e->name));
}

static void check_error(struct gen *g, const struct error *e)
{
    static const char *const codes[] = {
#define CODE(name, status, code) code,
        ERR_MAP(CODE)
#undef CODE
            "repeated",
    };
    for (size_t i = 0; i < COUNT(codes); i++)
        if (str_eq_z(e->name, codes[i]))
            bad(g, e->at, "`@` is a code that every endpoint may answer with: choose another name",
                e->name);
}

static void no_circle(struct gen *g, struct record *r)
{
    if (r->opened) {
        bad(g, r->at, "the record `@` contains itself", r->name);
        return;
    }
    r->opened = true;
    for (size_t i = 0; i < r->fields.n; i++)
        if (r->fields.at[i].type.record)
            no_circle(g, (struct record *)r->fields.at[i].type.record);
    r->opened = false;
}

static void resolve_records(struct gen *g, struct module *m)
{
    for (size_t i = 0; i < m->records.n; i++) {
        struct record *r = &m->records.at[i];
        r->m = m;
        if (!r->fields.n)
            bad(g, r->at, "the record `@` has no fields: indent them below it", r->name);
        for (size_t k = 0; k < r->fields.n; k++)
            resolve_field(g, m, &r->fields.at[k], false);
        check_members(g, r->at, &r->fields);
    }
    for (size_t i = 0; i < m->enums.n; i++)
        check_words(g, &m->enums.at[i]);
    for (size_t i = 0; i < m->errors.n; i++)
        check_error(g, &m->errors.at[i]);
}

/* ---- Entities ---- */

static void check_parts(struct gen *g, const struct entity *e, const struct parts *parts,
                        bool parent)
{
    for (size_t i = 0; i < parts->n; i++) {
        const struct field *f = find_field(&e->record->fields, parts->at[i].field);
        if (!f)
            bad(g, e->at, "the record `@` has no field `@`", e->name, parts->at[i].field);
        else if (f->type.list || f->type.kind == T_RECORD || f->type.kind == T_BYTES ||
                 f->type.kind == T_NUMBER)
            bad(g, e->at,
                "`@` cannot be a fact for the policy: only text, int, bool, time, enums and ids "
                "can",
                f->name);
        else if (parent && f->type.kind != T_ID)
            bad(g, e->at, "the parent `@` is no id", f->name);
    }
}

static void resolve_entities(struct gen *g, struct module *m)
{
    for (size_t i = 0; i < m->entities.n; i++) {
        struct entity *e = &m->entities.at[i];
        e->record = find_record(g, m, e->name);
        if (!e->record || e->record->m != m) {
            bad(g, e->at, "the entity `@` has no record of that name in this module", e->name);
            e->record = NULL;
            continue;
        }
        if (!e->record->fields.n)
            continue;
        ((struct record *)e->record)->entity = e;
        e->id = find_field(&e->record->fields, S("id"));
        if (!e->id)
            e->id = &e->record->fields.at[0];
        if ((e->id->type.kind != T_ID && e->id->type.kind != T_INT) || e->id->type.optional ||
            e->id->type.list)
            bad(g, e->at, "the entity `@` needs a field `id`, or an int as its first field",
                e->name);
        check_parts(g, e, &e->attrs, false);
        check_parts(g, e, &e->context, false);
        check_parts(g, e, &e->parents, true);
    }
}

/* After the queries are known: the statement by which a guard loads the record. */
static void resolve_by(struct gen *g, const struct module *m, struct entity *e)
{
    if (!e->by.n)
        return;
    e->query = find_query(m, e->by);
    if (!e->query) {
        bad(g, e->at, "the entity `@` is loaded by `@`, which is not in queries.sql", e->name,
            e->by);
        return;
    }
    if (e->query->shape != SHAPE_ONE || e->query->record != e->record)
        bad(g, e->query->at, "`@` loads an entity: make it `-- name: @ :one @`", e->by, e->by,
            e->name);
}

/* ---- Endpoints ---- */

static const struct entity *record_entity(const struct endpoint *e, struct guard *gd)
{
    if (e->record->entity || gd->kind == GUARD_EACH)
        return e->record->entity;
    for (size_t i = 0; i < e->record->fields.n; i++) {
        const struct field *f = &e->record->fields.at[i];
        if (f->type.kind == T_RECORD && !f->type.list && f->type.record->entity) {
            gd->field = f;
            return f->type.record->entity;
        }
    }
    return NULL;
}

static void resolve_guard(struct gen *g, const struct endpoint *e, struct guard *gd)
{
    if (gd->kind == GUARD_EACH || gd->kind == GUARD_RETURNED) {
        gd->entity = record_entity(e, gd);
        if (gd->kind == GUARD_EACH && e->ret == RET_ONE)
            bad(g, e->at,
                "`each` decides the rows of a list or a page; `@` returns one record: say "
                "`returned`",
                e->name);
        else if (gd->kind == GUARD_RETURNED && e->ret != RET_ONE)
            bad(g, e->at, "`returned` decides one record; for a list or a page say `each`");
        else if (!gd->entity)
            bad(g, e->at, "`@` is decided on `@`, which is no entity: declare `entity @ as …`",
                gd->action, e->ret_name, e->ret_name);
    }
    if (gd->kind != GUARD_ON)
        return;
    gd->field = find_field(&e->in, gd->on);
    if (!gd->field)
        bad(g, e->at, "`can @ on @`: `@` has no such parameter or field", gd->action, gd->on,
            e->name);
    else if (gd->field->type.kind != T_ID || gd->field->type.optional || gd->field->type.list)
        bad(g, e->at, "`can @ on @`: that is no id of an entity", gd->action, gd->on);
    else if (!(gd->entity = find_entity_of(g, gd->field->type.id)))
        bad(g, e->at, "`can @ on @`: no entity has the id `@`: declare one", gd->action, gd->on,
            gd->field->type.id->name);
    else if (!gd->entity->by.n)
        bad(g, e->at, "the entity `@` cannot be loaded by its id: add `by STATEMENT` to it",
            gd->entity->name);
}

static void check_actions(struct gen *g, const struct endpoint *e)
{
    size_t guards = 0, rows = 0;
    for (size_t i = 0; i < e->guards.n; i++)
        *(e->guards.at[i].kind == GUARD_EACH || e->guards.at[i].kind == GUARD_RETURNED ? &rows
                                                                                       : &guards) +=
            1;
    if (e->is_public && (e->guards.n || e->cookie))
        bad(g, e->at, "`@` is public: it has no action and no session", e->name);
    if (!e->is_public && !e->cookie && !e->guards.n)
        bad(g, e->at, "`@` names no action: add `can thing.act on parameter`, or say `public`",
            e->name);
    if (guards > GEN_GUARDS_MAX || rows > 1)
        bad(g, e->at, "`@` has too many actions: at most @ on parameters and one on the rows",
            e->name, dec(GEN_GUARDS_MAX));
}

static void check_page(struct gen *g, struct endpoint *e)
{
    struct record *r = (struct record *)e->record;
    e->cursor = find_field(&r->fields, e->by);
    const struct field *limit = find_field(&e->in, S("limit")),
                       *after = find_field(&e->in, S("after"));
    const struct field *before = find_field(&e->in, S("before"));
    if (!e->cursor || e->cursor->type.list || e->cursor->type.optional ||
        (e->cursor->type.kind != T_ID && e->cursor->type.kind != T_INT &&
         e->cursor->type.kind != T_TIME)) {
        bad(g, e->at, "the page's order `@` is no id, int or time of `@`", e->by, r->name);
        return;
    }
    if (r->page_at && !str_eq(r->page_by, e->by))
        bad(g, e->at, "pages of `@` are ordered by `@` elsewhere: one record has one order",
            r->name, r->page_by);
    r->page_at = true;
    r->page_by = e->by;
    if (!limit || limit->type.kind != T_INT || limit->type.optional || limit->type.min < 1 ||
        limit->type.max > 200)
        bad(g, e->at, "a page needs a field `limit: int 1..200 = 50`");
    if (!after && !before)
        bad(g, e->at, "a page needs a field `after: @?` (or `before`)",
            e->cursor->type.name.n ? e->cursor->type.name : S("int"));
    for (int i = 0; i < 2; i++) {
        const struct field *f = i ? before : after;
        if (f && (!f->type.optional || f->type.kind != e->cursor->type.kind ||
                  f->type.id != e->cursor->type.id))
            bad(g, f->at, "`@` must be an optional value of the page's order `@`", f->name, e->by);
    }
}

static void check_fields(struct gen *g, const struct module *m, struct endpoint *e)
{
    bool text_only = str_eq_z(e->method, "GET") || str_eq_z(e->method, "DELETE");
    for (size_t i = 0; i < e->in.n; i++) {
        struct field *f = &e->in.at[i];
        resolve_field(g, m, f, true);
        if (f->hidden)
            bad(g, f->at, "the input field `@` cannot be hidden", f->name);
        if (f->type.kind == T_RECORD || f->type.list) {
            if (i < e->path_n || text_only)
                bad(g, f->at, "`@` is in the address: no records or lists there", f->name);
            if (f->type.record)
                ((struct record *)f->type.record)->received = true;
        }
    }
}

static void check_lane(struct gen *g, struct endpoint *e)
{
    static const char *const lanes[] = { "memory", "quick", "read", "write", "slow" };
    bool get = str_eq_z(e->method, "GET"), known = false;
    if (!e->lane.n)
        e->lane = get ? S("read") : S("write");
    for (size_t i = 0; i < COUNT(lanes); i++)
        known = known || str_eq_z(e->lane, lanes[i]);
    if (!known)
        bad(g, e->at, "the lane `@` is none of memory, quick, read, write, slow", e->lane);
    if (get && str_eq_z(e->lane, "write"))
        bad(g, e->at, "a GET changes nothing: it cannot be in the write lane");
    if (e->leaf.n && !str_eq_z(e->lane, "write"))
        bad(g, e->at, "`ledger @` needs the write lane: effect and leaf commit together", e->leaf);
    if (e->leaf.n && !str_has(e->leaf, '.'))
        bad(g, e->at, "a ledger type is written `thing.done`, found `@`", e->leaf);
}

static void resolve_endpoint(struct gen *g, const struct module *m, struct endpoint *e)
{
    check_fields(g, m, e);
    check_members(g, e->at, &e->in);
    check_lane(g, e);
    check_actions(g, e);
    for (size_t i = 0; i < e->fails.n; i++)
        if (!find_error(g, m, e->fails.at[i]))
            bad(g, e->at, "the error `@` is unknown: declare `error @ 409`", e->fails.at[i],
                e->fails.at[i]);
    e->record = find_record(g, m, e->ret_name);
    if (!e->record) {
        bad(g, e->at, "`@` returns `@`, which is no record", e->name, e->ret_name);
        return;
    }
    if (e->ret != RET_ONE)
        ((struct record *)e->record)->listed = true;
    if (e->ret == RET_PAGE)
        check_page(g, e);
    for (size_t i = 0; i < e->guards.n; i++)
        resolve_guard(g, e, &e->guards.at[i]);
}

static void resolve_asked(struct gen *g, struct module *m)
{
    for (size_t i = 0; i < m->asked.n; i++) {
        struct guard *gd = &m->asked.at[i];
        const struct record *r = gd->kind == GUARD_ON ? find_record(g, m, gd->on) : NULL;
        gd->entity = r ? r->entity : NULL;
        if (gd->kind != GUARD_ORGANISATION && !gd->entity)
            bad(g, m->at,
                "`action @` is asked on an entity: write `action @ on channel`, or no more",
                gd->action, gd->action);
    }
}

static void resolve_topics(struct gen *g, struct module *m)
{
    for (size_t i = 0; i < m->topics.n; i++) {
        struct topic *t = &m->topics.at[i];
        t->place = (u32)i;
        t->id = find_id(g, m, text(g, "@_id", t->param));
        t->guard.entity = find_entity_of(g, t->id);
        if (!t->id || !t->guard.entity || !t->guard.entity->by.n)
            bad(g, t->at, "the topic's `@` is no entity with an id and a statement (`by`)",
                t->param);
    }
}

static void resolve_events(struct gen *g, struct module *m)
{
    for (size_t i = 0; i < m->events.n; i++) {
        struct event *e = &m->events.at[i];
        e->record = find_record(g, m, e->record_name);
        e->topic = find_topic(g, m, e->topic_name);
        if (!e->record)
            bad(g, e->at, "the event carries `@`, which is no record", e->record_name);
        if (!e->topic)
            bad(g, e->at, "the event goes to `@`, which is no topic", e->topic_name);
    }
}

/* What statements return: needed before their columns are checked. */
static void resolve_query(struct gen *g, const struct module *m, struct query *q)
{
    struct fields *all[] = { &q->cols, &q->declared, &q->declared_cols };
    for (size_t i = 0; i < COUNT(all); i++)
        for (size_t k = 0; k < all[i]->n; k++) {
            struct field *f = &all[i]->at[k];
            if (type_resolve(g, m, f->at, &f->type) && (f->type.kind == T_RECORD || f->type.list))
                bad(g, f->at, "`@` is a record or a list: a column holds neither", f->name);
        }
    if (q->result == RESULT_SCALAR && q->cols.at[0].type.optional)
        bad(g, q->at, "`@` returns one value that may be absent: write a row, (value type?)",
            q->name);
    if (q->result != RESULT_RECORD)
        return;
    q->record = find_record(g, m, q->ret_name);
    if (!q->record)
        bad(g, q->at, "`@` returns `@`, which is no record: name one, or write (name type, …)",
            q->name, q->ret_name);
    else if (q->shape == SHAPE_MANY)
        ((struct record *)q->record)->listed = true;
}

static void mark_lists(const struct module *m)
{
    for (size_t i = 0; i < m->records.n; i++)
        for (size_t k = 0; k < m->records.at[i].fields.n; k++) {
            const struct type *t = &m->records.at[i].fields.at[k].type;
            if (t->record && t->list)
                ((struct record *)t->record)->listed = true;
        }
    for (size_t i = 0; i < m->endpoints.n; i++)
        for (size_t k = 0; k < m->endpoints.at[i].in.n; k++)
            if (m->endpoints.at[i].in.at[k].type.record && m->endpoints.at[i].in.at[k].type.list)
                ((struct record *)m->endpoints.at[i].in.at[k].type.record)->listed = true;
}

/* A record inside a received one is received too. */
static void mark_received(struct record *r)
{
    r->received = true;
    for (size_t i = 0; i < r->fields.n; i++) {
        if (r->fields.at[i].type.record)
            mark_received((struct record *)r->fields.at[i].type.record);
    }
}

#define EACH(m_, list_, k_) for (size_t k_ = 0; k_ < (m_)->list_.n; k_++)

static void number(struct gen *g)
{
    u32 endpoints = 0, queries = 0;
    int errors = E_MODULE_FIRST;
    for (size_t i = 0; i < g->modules.n; i++) {
        struct module *m = g->modules.at[i];
        EACH(m, endpoints, k) m->endpoints.at[k].index = endpoints++;
        EACH(m, queries, k) m->queries.at[k].index = queries++;
        EACH(m, errors, k) m->errors.at[k].code = errors++;
    }
}

void gen_link(struct gen *g)
{
    struct map seen = map_in(g->a);
    order_modules(g);
    for (size_t i = 0; i < g->modules.n; i++)
        once_module(g, &seen, g->modules.at[i]);
    for (size_t i = 0; i < g->modules.n; i++)
        resolve_records(g, g->modules.at[i]);
    if (g->faults_n)
        return;
    for (size_t i = 0; i < g->modules.n; i++) {
        struct module *m = g->modules.at[i];
        EACH(m, records, k) no_circle(g, &m->records.at[k]);
        EACH(m, queries, k) resolve_query(g, m, &m->queries.at[k]);
        resolve_entities(g, m);
    }
    if (g->faults_n)
        return;
    for (size_t i = 0; i < g->modules.n; i++) {
        struct module *m = g->modules.at[i];
        EACH(m, entities, k) resolve_by(g, m, &m->entities.at[k]);
        EACH(m, endpoints, k) resolve_endpoint(g, m, &m->endpoints.at[k]);
        resolve_topics(g, m);
        resolve_asked(g, m);
        mark_lists(m);
    }
    for (size_t i = 0; i < g->modules.n; i++) {
        struct module *m = g->modules.at[i];
        resolve_events(g, m);
        EACH(m, records, k) if (m->records.at[k].received) mark_received(&m->records.at[k]);
    }
    number(g);
}
