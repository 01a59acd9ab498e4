/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's side of a move. Virtual tables and their shadows are not carried: they are indexes. */
#include <stdio.h>

#include "store/move_in.h"
#include "store/sqlite.h"

struct lite_side {
    struct side base;
    sqlite3 *s;
    sqlite3_stmt *put;
};

static struct lite_side *of(struct side *s)
{
    return (struct lite_side *)(void *)s;
}

static err say(struct lite_side *l, err e)
{
    if (e != E_NONE)
        (void)snprintf(l->base.why, sizeof l->base.why, "%s", sqlite3_errmsg(l->s));
    return e;
}

static void lite_close(struct side *s)
{
    struct lite_side *l = of(s);
    sqlite3_finalize(l->put);
    must(sqlite3_close(l->s) == SQLITE_OK);
}

static err names(struct lite_side *l, const char *sql, const char *arg, struct move_names *ret)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(l->s, sql, -1, &q, NULL);
    if (rc == SQLITE_OK && arg)
        rc = sqlite3_bind_text(q, 1, arg, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW && ret->n < MOVE_TABLES_MAX) {
        ret->at[ret->n++] = str_z(l->base.a, str_from((const char *)sqlite3_column_text(q, 0)));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    return say(l, rc == SQLITE_ROW ? E_LIMIT : store_err(rc));
}

static err lite_tables(struct side *s, struct move_names *ret)
{
    return names(of(s),
                 "SELECT t.name FROM schema_table t JOIN pragma_table_list l ON l.name = t.name"
                 " WHERE l.schema = 'main' AND l.type = 'table'"
                 " AND t.name NOT IN ('schema_table', 'schema_step') ORDER BY t.name",
                 NULL, ret);
}

static err lite_columns(struct side *s, const char *table, struct move_names *ret)
{
    return names(of(s), "SELECT name FROM pragma_table_info(?1) ORDER BY name", table, ret);
}

static err lite_begin(struct side *s, bool write)
{
    struct lite_side *l = of(s);
    TRY(say(l, store_exec(l->s, "PRAGMA foreign_keys = OFF")));
    return say(l, store_exec(l->s, write ? "BEGIN IMMEDIATE" : "BEGIN"));
}

static err lite_commit(struct side *s)
{
    struct lite_side *l = of(s);
    i64 broken = 0;
    TRY(say(l, store_number(l->s, "SELECT count(*) FROM pragma_foreign_key_check", &broken)));
    if (broken) {
        (void)snprintf(s->why, sizeof s->why, "%lld rows lack what they refer to",
                       (long long)broken);
        return E_CONFLICT;
    }
    return say(l, store_exec(l->s, "COMMIT"));
}

static err lite_clear(struct side *s, const char *table)
{
    SCRATCH(t);
    return say(of(s), store_exec(of(s)->s, str_fmt(t.a, "DELETE FROM \"%s\"", table).p));
}

static struct move_value value_of(sqlite3_stmt *q, int i)
{
    struct move_value v = { 0 };
    switch (sqlite3_column_type(q, i)) {
    case SQLITE_INTEGER:
        v.kind = MOVE_INT;
        v.i = sqlite3_column_int64(q, i);
        break;
    case SQLITE_FLOAT:
        v.kind = MOVE_FLOAT;
        v.f = sqlite3_column_double(q, i);
        break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        v.kind = sqlite3_column_type(q, i) == SQLITE_TEXT ? MOVE_TEXT : MOVE_BYTES;
        v.s.p = sqlite3_column_blob(q, i);
        v.s.n = (size_t)sqlite3_column_bytes(q, i);
        break;
    default: break;
    }
    return v;
}

static err lite_read(struct side *s, const struct move_table *t,
                     err (*row)(void *arg, const struct move_value *values), void *arg)
{
    SCRATCH(x);
    struct lite_side *l = of(s);
    struct move_value values[MOVE_COLS_MAX];
    sqlite3_stmt *q = NULL;
    str sql = str_fmt(x.a, "SELECT %s FROM \"%s\"", move_columns(x.a, t).p, t->name);
    int rc = sqlite3_prepare_v2(l->s, sql.p, -1, &q, NULL);
    err e = E_NONE;
    while (rc == SQLITE_OK && e == E_NONE && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        for (size_t i = 0; i < t->n; i++)
            values[i] = value_of(q, (int)i);
        e = row(arg, values);
        rc = SQLITE_OK;
    }
    if (e == E_NONE)
        e = say(l, store_err(rc));
    sqlite3_finalize(q);
    return e;
}

static err lite_put_begin(struct side *s, struct move_table *t)
{
    SCRATCH(x);
    struct lite_side *l = of(s);
    str marks = S("?");
    for (size_t i = 1; i < t->n; i++)
        marks = str_fmt(x.a, "%s, ?", marks.p);
    str sql = str_fmt(x.a, "INSERT INTO \"%s\" (%s) VALUES (%s)", t->name, move_columns(x.a, t).p,
                      marks.p);
    return say(l, store_err(sqlite3_prepare_v2(l->s, sql.p, -1, &l->put, NULL)));
}

static int bind(sqlite3_stmt *q, int at, const struct move_value *v)
{
    const char *p = v->s.p ? v->s.p : "";
    switch (v->kind) {
    case MOVE_INT: return sqlite3_bind_int64(q, at, v->i);
    case MOVE_FLOAT: return sqlite3_bind_double(q, at, v->f);
    case MOVE_TEXT: return sqlite3_bind_text64(q, at, p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case MOVE_BYTES: return sqlite3_bind_blob64(q, at, p, v->s.n, SQLITE_STATIC);
    case MOVE_NULL: break;
    }
    return sqlite3_bind_null(q, at);
}

static err lite_put(struct side *s, const struct move_table *t, const struct move_value *values)
{
    struct lite_side *l = of(s);
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < t->n; i++)
        rc = bind(l->put, (int)i + 1, &values[i]);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(l->put);
    err e = say(l, store_err(rc));
    sqlite3_reset(l->put);
    return e;
}

static err lite_put_end(struct side *s)
{
    sqlite3_finalize(of(s)->put);
    of(s)->put = NULL;
    return E_NONE;
}

static const struct side_kind lite_kind = {
    .close = lite_close,
    .tables = lite_tables,
    .columns = lite_columns,
    .begin = lite_begin,
    .commit = lite_commit,
    .clear = lite_clear,
    .read = lite_read,
    .put_begin = lite_put_begin,
    .put = lite_put,
    .put_end = lite_put_end,
};

err move_lite_open(const char *path, struct arena *a, struct side **ret)
{
    struct lite_side *l = NEW(a, struct lite_side);
    l->base = (struct side){ .kind = &lite_kind, .a = a };
    *ret = &l->base;
    err e = store_open(path, true, &l->s);
    if (e != E_NONE)
        (void)snprintf(l->base.why, sizeof l->base.why, "%s cannot be opened as a store", path);
    return e;
}
