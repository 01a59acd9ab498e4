/* SPDX-License-Identifier: Apache-2.0 */
/* What types the parameters of a statement have: from the columns they are compared with, assigned
 * or inserted to. A column means what the model's record of the table's name says; else what it
 * refers to; else, by its name, an id; else its SQL type. What is found by a model's name is
 * strong, a bare SQL type is weak; `-- param` wins over both. */
#include <sqlite3.h>

#include "sql_text.h"

struct table {
    str name, alias;
    int open;
};
struct infer {
    struct gen *g;
    struct sqlite3 *db;
    const struct query *q;
    struct toks ts;
    struct {
        struct table *at;
        size_t n, room;
    } tables;
    struct names insert; /* columns of INSERT INTO t (…) */
    str insert_table;
};
struct guess {
    struct type type;
    int strength;
    bool optional;
}; /* strength 0: nothing known */

/* ---- Tables and columns ---- */

static bool ends_table(const struct tok *t)
{
    static const char *const words[] = { "on",      "where",   "left",  "join",      "inner",
                                         "cross",   "order",   "group", "set",       "limit",
                                         "values",  "select",  "using", "returning", "natural",
                                         "union",   "default", "do",    "having",    "outer",
                                         "indexed", "window" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (tok_is(t, words[i]))
            return true;
    return t->kind != TOK_WORD;
}

static void find_tables(struct infer *x)
{
    bool list = false;
    for (size_t i = 0; i < x->ts.n; i++) {
        struct tok *t = &x->ts.at[i], *name = t + 1;
        bool from = tok_is(t, "from") || tok_is(t, "join") || tok_is(t, "into");
        from = from || (tok_is(t, "update") && !(i && tok_is(t - 1, "do"))) ||
               (list && tok_is(t, ","));
        if (!from || name->kind != TOK_WORD)
            continue;
        struct table *tb = vec_push(&x->tables, x->g->a);
        *tb = (struct table){ name->s, name->s, t->open };
        const struct tok *alias = tok_is(name + 1, "as") ? name + 2 : name + 1;
        if (!ends_table(alias))
            tb->alias = alias->s;
        list = (tok_is(t, "from") || tok_is(t, ",")) &&
               tok_is(ends_table(alias) ? alias : alias + 1, ",");
        if (!tok_is(t, "into") || !tok_is(name + 1, "("))
            continue;
        x->insert_table = name->s;
        for (const struct tok *c = name + 2; c->kind && !tok_is(c, ")"); c++)
            if (c->kind == TOK_WORD)
                *vec_push(&x->insert, x->g->a) = c->s;
    }
}

static const struct idtype *id_named(struct infer *x, str thing)
{
    return find_id(x->g, x->q->m, text(x->g, "@_id", thing));
}

/* The id a foreign key of the column refers to. */
static const struct idtype *referred(struct infer *x, str table, str column)
{
    const struct idtype *id = NULL;
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(x->db,
                           "SELECT \"table\" FROM pragma_foreign_key_list(?) WHERE \"from\" = ?",
                           -1, &st, NULL))
        return NULL;
    sqlite3_bind_text(st, 1, table.p, (int)table.n, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, column.p, (int)column.n, SQLITE_STATIC);
    if (sqlite3_step(st) == SQLITE_ROW)
        id = id_named(x, str_from((const char *)sqlite3_column_text(st, 0)));
    sqlite3_finalize(st);
    return id;
}

static struct guess of_id(const struct idtype *id)
{
    return (struct guess){ .type = { .kind = T_ID, .id = id, .name = id->name }, .strength = 3 };
}

static struct guess of_kind(enum type_kind kind, int strength)
{
    return (struct guess){ .type = { .kind = kind }, .strength = strength };
}

static struct guess column_type(struct infer *x, str table, str column)
{
    const char *decl = NULL;
    char *t = str_z(x->g->a, table), *c = str_z(x->g->a, column);
    if (sqlite3_table_column_metadata(x->db, "main", t, c, &decl, NULL, NULL, NULL, NULL) || !decl)
        return (struct guess){ 0 };
    const struct record *r = find_record(x->g, x->q->m, table);
    const struct field *f = r ? find_field(&r->fields, column) : NULL;
    const struct idtype *id;
    if (f && !f->type.list && f->type.kind != T_RECORD) {
        struct guess guess = { .type = f->type, .strength = 3 };
        guess.type.optional = false;
        return guess;
    }
    if ((id = referred(x, table, column)) || (str_eq_z(column, "id") && (id = id_named(x, table))))
        return of_id(id);
    bool integer = !sqlite3_stricmp(decl, "INTEGER") || !sqlite3_stricmp(decl, "INT");
    if (integer && (id = id_named(x, column)))
        return of_id(id);
    return of_kind(integer                          ? T_INT
                   : !sqlite3_stricmp(decl, "TEXT") ? T_TEXT
                   : !sqlite3_stricmp(decl, "BLOB") ? T_BYTES
                                                    : T_NUMBER,
                   1);
}

/* A column in the innermost query around token `open` that knows it. */
static struct guess column_at(struct infer *x, str qualifier, str column, int open)
{
    for (;; open = x->ts.at[open].open) {
        struct guess found = { 0 };
        for (size_t i = 0; i < x->tables.n; i++) {
            const struct table *t = &x->tables.at[i];
            if (t->open != open || (qualifier.n && !str_eq_nocase(t->alias, qualifier)))
                continue;
            struct guess one = column_type(x, t->name, column);
            if (one.strength > found.strength)
                found = one;
        }
        if (found.strength || open < 0)
            return found;
    }
}

/* ---- What stands beside a parameter ---- */

static struct guess operand_before(struct infer *x, int end);

static bool function_in(const struct tok *t, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tok_is(t, names[i]))
            return true;
    return false;
}
static const char *const text_functions[] = { "lower",   "upper", "trim", "substr",
                                              "replace", "instr", "hex",  "like" };
static const char *const int_functions[] = { "length", "count", "abs", "sum" };
static const char *const same_functions[] = { "coalesce", "ifnull", "max", "min", "nullif" };

static struct guess operand_after(struct infer *x, size_t at)
{
    const struct tok *t = &x->ts.at[at];
    if (t->kind == TOK_NUMBER)
        return of_kind(T_INT, 1);
    if (t->kind == TOK_STRING)
        return of_kind(T_TEXT, 1);
    if (t->kind != TOK_WORD)
        return (struct guess){ 0 };
    if (tok_is(t + 1, "(")) {
        if (function_in(t, text_functions, COUNT(text_functions)))
            return tok_is(t, "instr") ? of_kind(T_INT, 1) : of_kind(T_TEXT, 1);
        if (function_in(t, int_functions, COUNT(int_functions)))
            return of_kind(T_INT, 1);
        return function_in(t, same_functions, COUNT(same_functions)) ? operand_after(x, at + 2)
                                                                     : (struct guess){ 0 };
    }
    if (tok_is(t + 1, ".") && t[2].kind == TOK_WORD)
        return column_at(x, t->s, t[2].s, t->open);
    return column_at(x, (str){ 0 }, t->s, t->open);
}

/* The operand that ends with token `end`. */
static struct guess operand_before(struct infer *x, int end)
{
    if (end < 0)
        return (struct guess){ 0 };
    const struct tok *t = &x->ts.at[end];
    if (tok_is(t, ")")) {
        for (int i = end - 1; i > 0; i--)
            if (x->ts.at[i].close == end)
                return operand_after(x, (size_t)i - 1);
        return (struct guess){ 0 };
    }
    if (t->kind == TOK_WORD && end >= 2 && tok_is(t - 1, "."))
        return column_at(x, t[-2].s, t->s, t->open);
    return operand_after(x, (size_t)end);
}

static bool is_any(const struct tok *t, const char *list)
{
    for (str rest = str_from(list); rest.p;)
        if (str_eq_nocase(str_cut(&rest, ' '), t->s) && t->kind != TOK_PARAM &&
            t->kind != TOK_STRING)
            return true;
    return false;
}

/* Place of token i among the comma-separated parts of its bracket, or of the select list at the
 * top. */
static size_t place_in_list(struct infer *x, size_t i, int first)
{
    size_t place = 0;
    for (int k = first; k < (int)i; k++)
        place += x->ts.at[k].open == x->ts.at[i].open && tok_is(&x->ts.at[k], ",");
    return place;
}

/* INSERT INTO t (a, b) VALUES (:x, :y), (…) or SELECT :x, :y FROM … */
static struct guess inserted(struct infer *x, size_t i)
{
    int open = x->ts.at[i].open, first = -1;
    if (!x->insert.n || !is_any(&x->ts.at[i + 1], ", ) from") || !i ||
        !is_any(&x->ts.at[i - 1], ", ( select"))
        return (struct guess){ 0 };
    if (open >= 0) {
        for (int k = open - 1; k > 0 && first < 0; k--) {
            if (tok_is(&x->ts.at[k], "values"))
                first = open + 1;
            else if (!is_any(&x->ts.at[k], ", )") && x->ts.at[k].open == x->ts.at[open].open)
                break;
        }
    } else {
        for (int k = (int)i; k > 0 && first < 0; k--)
            if (x->ts.at[k].open < 0 && tok_is(&x->ts.at[k], "select"))
                first = k + 1;
    }
    size_t place = first < 0 ? x->insert.n : place_in_list(x, i, first);
    return place < x->insert.n ? column_type(x, x->insert_table, x->insert.at[place])
                               : (struct guess){ 0 };
}

static struct guess compared(struct infer *x, int first, size_t last)
{
    const struct tok *before = first > 0 ? &x->ts.at[first - 1] : NULL,
                     *after = &x->ts.at[last + 1];
    const char *ops = "= == < > <= >= <> != + - * / % is";
    struct guess found = { 0 };
    if (before && is_any(before, "limit offset"))
        return of_kind(T_INT, 2);
    if ((before && is_any(before, "like ||")) || is_any(after, "like ||"))
        return of_kind(T_TEXT, 1);
    if (before && is_any(before, ops))
        found = operand_before(x, first - 2);
    else if (before && is_any(before, "not") && first > 1 && tok_is(before - 1, "is"))
        found = operand_before(x, first - 3);
    else if (before && is_any(before, "between"))
        found = operand_before(x, first - 2);
    else if (before && is_any(before, "and") && first > 3 && tok_is(before - 2, "between"))
        found = operand_before(x, first - 4);
    if (!found.strength && is_any(after, ops) && !tok_is(after + 1, "null"))
        found = operand_after(x, last + (tok_is(after + 1, "not") ? 3 : 2));
    int open = x->ts.at[last].open;
    if (!found.strength && open > 1 && tok_is(&x->ts.at[open - 1], "in"))
        found = operand_before(x, open - (tok_is(&x->ts.at[open - 2], "not") ? 3 : 2));
    return found;
}

static struct guess around(struct infer *x, size_t i)
{
    int first = (int)i, open = x->ts.at[i].open;
    size_t last = i;
    bool maybe = tok_is(&x->ts.at[i + 1], "is") &&
                 (tok_is(&x->ts.at[i + 2], "null") ||
                  (tok_is(&x->ts.at[i + 2], "not") && tok_is(&x->ts.at[i + 3], "null")));
    struct guess found = compared(x, first, last);
    if (!found.strength)
        found = inserted(x, i);
    while (!found.strength && open > 0 && x->ts.at[open].close > 0) {
        const struct tok *fn = &x->ts.at[open - 1];
        bool same = function_in(fn, same_functions, COUNT(same_functions));
        maybe = maybe || ((tok_is(fn, "coalesce") || tok_is(fn, "ifnull")) &&
                          (int)last + 1 < x->ts.at[open].close);
        if (function_in(fn, text_functions, COUNT(text_functions)))
            found = of_kind(T_TEXT, 1);
        if (found.strength || !same)
            break;
        for (int k = open + 1; k < x->ts.at[open].close && !found.strength; k++)
            if (x->ts.at[k].open == open && x->ts.at[k].kind == TOK_WORD &&
                (k == open + 1 || tok_is(&x->ts.at[k - 1], ",")))
                found = operand_after(x, (size_t)k);
        first = open - 1;
        last = (size_t)x->ts.at[open].close;
        struct guess outer = compared(x, first, last);
        if (outer.strength > found.strength)
            found = outer;
        open = x->ts.at[open].open;
    }
    found.optional = maybe;
    return found;
}

/* ---- The whole statement ---- */

static struct guess by_name(struct infer *x, str name)
{
    const struct idtype *id = id_named(x, name);
    if (!id && str_eq_z(name, "me"))
        id = id_named(x, S("person"));
    if (id)
        return of_id(id);
    return str_eq_z(name, "now") ? of_kind(T_TIME, 2) : (struct guess){ 0 };
}

static bool same_type(const struct type *a, const struct type *b)
{
    return a->kind == b->kind && a->id == b->id && a->words == b->words;
}

static struct guess guess_param(struct infer *x, str name)
{
    struct guess best = { 0 };
    for (size_t i = 0; i < x->ts.n; i++) {
        if (x->ts.at[i].kind != TOK_PARAM || !str_eq(x->ts.at[i].s, name))
            continue;
        struct guess one = around(x, i);
        bool maybe = best.optional || one.optional;
        if (best.strength == 3 && one.strength == 3 && best.type.kind == T_ID &&
            !same_type(&best.type, &one.type))
            bad(x->g, x->q->at,
                "`:@` of @ stands for two kinds of ids: say which with `-- param @ TYPE`", name,
                x->q->name, name);
        if (one.strength > best.strength)
            best = one;
        best.optional = maybe;
    }
    struct guess named = best.strength < 3 ? by_name(x, name) : best;
    if (named.strength > best.strength && (!best.strength || best.type.kind == T_INT)) {
        named.optional = best.optional;
        best = named;
    }
    best.type.optional = best.optional;
    best.type.list = false;
    return best;
}

void params_infer(struct gen *g, struct sqlite3 *db, struct query *q)
{
    struct infer x = { .g = g, .db = db, .q = q, .ts = sql_tokens(g, q->text) };
    find_tables(&x);
    for (size_t i = 0; i < x.ts.n; i++) {
        str name = x.ts.at[i].s;
        if (x.ts.at[i].kind != TOK_PARAM || find_field(&q->params, name))
            continue;
        const struct field *declared = find_field(&q->declared, name);
        struct field f = { .name = name, .at = q->at };
        if (!name_ok(name))
            bad(g, q->at, "`:@` of @ cannot be a C name: use lower-case letters, digits and _",
                name, q->name);
        if (declared) {
            f.type = declared->type;
        } else {
            struct guess found = guess_param(&x, name);
            f.type = found.type;
            if (!found.strength)
                bad(g, q->at, "the type of `:@` in @ does not show: add `-- param @ TYPE`", name,
                    q->name, name);
        }
        *vec_push(&q->params, g->a) = f;
    }
    for (size_t i = 0; i < q->declared.n; i++)
        if (!find_field(&q->params, q->declared.at[i].name))
            bad(g, q->declared.at[i].at, "`-- param @`: @ has no such parameter",
                q->declared.at[i].name, q->name);
}
