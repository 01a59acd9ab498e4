/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's side of a move: rows go in by COPY and come out one at a time, both in binary form.
 * References are dropped for the time of the copy and made again before the commit, when the
 * database checks each row. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "store/move_in.h"
#include "store/pg.h"

enum { ROW_CEILING = 512 << 20, REFERENCES_MAX = 512 };

struct pg_side {
    struct side base;
    PGconn *c;
    const char *again[REFERENCES_MAX]; /* statements that make the references again */
    size_t again_n;
    struct arena *row_arena;
    struct buf row;
};

static struct pg_side *of(struct side *s)
{
    return (struct pg_side *)(void *)s;
}

static err say(struct pg_side *p, err e)
{
    if (e != E_NONE)
        (void)snprintf(p->base.why, sizeof p->base.why, "%s", PQerrorMessage(p->c));
    return e;
}

static void pg_close(struct side *s)
{
    PQfinish(of(s)->c);
    arena_free(of(s)->row_arena);
}

static err names(struct pg_side *p, const char *sql, const char *arg, struct move_names *ret)
{
    PGresult *r = PQexecParams(p->c, sql, arg ? 1 : 0, NULL, &arg, NULL, NULL, 0);
    err e = say(p, pg_err(p->c, r));
    for (int i = 0; e == E_NONE && i < PQntuples(r) && ret->n < MOVE_TABLES_MAX; i++)
        ret->at[ret->n++] = str_z(p->base.a, str_from(PQgetvalue(r, i, 0)));
    PQclear(r);
    return e;
}

static err pg_tables(struct side *s, struct move_names *ret)
{
    return names(of(s),
                 "SELECT name FROM schema_table"
                 " WHERE name NOT IN ('schema_table', 'schema_step') ORDER BY name",
                 NULL, ret);
}

static err pg_columns(struct side *s, const char *table, struct move_names *ret)
{
    return names(of(s),
                 "SELECT attname::text COLLATE \"C\" FROM pg_attribute WHERE attrelid ="
                 " quote_ident($1)::regclass AND attnum > 0 AND NOT attisdropped"
                 " AND attgenerated = '' ORDER BY 1",
                 table, ret);
}

/* Who refers to whom, kept as statements that say it again. */
static err drop_references(struct pg_side *p)
{
    static const char find[] =
        "SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,"
        " pg_get_constraintdef(oid)), format('ALTER TABLE %s DROP CONSTRAINT %I',"
        " conrelid::regclass, conname) FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace";
    PGresult *r = PQexec(p->c, find);
    err e = say(p, pg_err(p->c, r));
    if (e == E_NONE && PQntuples(r) > REFERENCES_MAX)
        e = E_LIMIT;
    for (int i = 0; e == E_NONE && i < PQntuples(r); i++) {
        p->again[p->again_n++] = str_z(p->base.a, str_from(PQgetvalue(r, i, 0)));
        e = say(p, pg_exec(p->c, PQgetvalue(r, i, 1)));
    }
    PQclear(r);
    return e;
}

static err pg_begin(struct side *s, bool write)
{
    struct pg_side *p = of(s);
    TRY(say(p, pg_exec(p->c, write ? "BEGIN; SELECT pg_advisory_xact_lock(1330992215, 1)"
                                   : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")));
    return write ? drop_references(p) : E_NONE;
}

static err pg_commit(struct side *s)
{
    struct pg_side *p = of(s);
    for (size_t i = 0; i < p->again_n; i++)
        TRY(say(p, pg_exec(p->c, p->again[i])));
    TRY(say(p, pg_exec(p->c, "COMMIT")));
    IGNORE(pg_exec(p->c, "ANALYZE"));
    return E_NONE;
}

static err pg_clear(struct side *s, const char *table)
{
    SCRATCH(t);
    return say(of(s), pg_exec(of(s)->c, str_fmt(t.a, "DELETE FROM \"%s\"", table).p));
}

/* ---- out ---- */

static err value_of(const PGresult *r, int i, struct move_value *ret)
{
    Oid t = PQftype(r, i);
    str s = { PQgetvalue(r, 0, i), (size_t)PQgetlength(r, 0, i) };
    *ret = (struct move_value){ .s = s };
    if (PQgetisnull(r, 0, i))
        return E_NONE;
    switch (t) {
    case PG_BOOL:
    case PG_INT2:
    case PG_INT4:
    case PG_INT8: ret->kind = MOVE_INT; return pg_integer(t, s.p, s.n, &ret->i);
    case PG_FLOAT4:
    case PG_FLOAT8: ret->kind = MOVE_FLOAT; return pg_float(t, s.p, s.n, &ret->f);
    case PG_TEXT:
    case PG_VARCHAR: ret->kind = MOVE_TEXT; return E_NONE;
    case PG_BYTEA: ret->kind = MOVE_BYTES; return E_NONE;
    default: return E_INVALID; /* no such column is written by migrations */
    }
}

static err pg_read(struct side *s, const struct move_table *t,
                   err (*row)(void *arg, const struct move_value *values), void *arg)
{
    SCRATCH(x);
    struct pg_side *p = of(s);
    struct move_value values[MOVE_COLS_MAX];
    str sql = str_fmt(x.a, "SELECT %s FROM \"%s\"", move_columns(x.a, t).p, t->name);
    if (!PQsendQueryParams(p->c, sql.p, 0, NULL, NULL, NULL, NULL, 1) || !PQsetSingleRowMode(p->c))
        return say(p, E_BUSY);
    err e = E_NONE;
    for (PGresult *r; (r = PQgetResult(p->c)); PQclear(r)) {
        if (PQresultStatus(r) != PGRES_SINGLE_TUPLE) {
            if (e == E_NONE)
                e = say(p, pg_err(p->c, r));
            continue;
        }
        for (size_t i = 0; e == E_NONE && i < t->n; i++)
            e = value_of(r, (int)i, &values[i]);
        if (e == E_NONE)
            e = row(arg, values);
    }
    return e;
}

/* ---- in ---- */

/* The types the columns have there. */
static err take_types(struct pg_side *p, struct move_table *t, const char *columns)
{
    SCRATCH(x);
    PGresult *r = PQexec(p->c, str_fmt(x.a, "SELECT %s FROM \"%s\" LIMIT 0", columns, t->name).p);
    err e = say(p, pg_err(p->c, r));
    for (size_t i = 0; e == E_NONE && i < t->n; i++)
        t->types[i] = PQftype(r, (int)i);
    PQclear(r);
    return e;
}

static err pg_put_begin(struct side *s, struct move_table *t)
{
    SCRATCH(x);
    struct pg_side *p = of(s);
    const char *columns = move_columns(x.a, t).p;
    TRY(take_types(p, t, columns));
    str sql = str_fmt(x.a, "COPY \"%s\" (%s) FROM STDIN (FORMAT binary)", t->name, columns);
    PGresult *r = PQexec(p->c, sql.p);
    bool ready = PQresultStatus(r) == PGRES_COPY_IN;
    PQclear(r);
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    return ready && PQputCopyData(p->c, head, 19) == 1 ? E_NONE : say(p, E_IO);
}

static void put_integer(struct buf *b, u32 type, i64 v)
{
    u32 n = type == PG_INT8 ? 8 : type == PG_INT4 ? 4 : type == PG_INT2 ? 2 : 1;
    buf_u32be(b, n);
    for (u32 i = n; i-- > 0;)
        buf_char(b, (char)((u64)v >> (8 * i)));
}

static err put_value(struct buf *b, u32 type, const struct move_value *v)
{
    u64 bits;
    bool whole = type == PG_INT8 || type == PG_INT4 || type == PG_INT2 || type == PG_BOOL;
    double f = v->kind == MOVE_INT ? (double)v->i : v->f;
    if (v->kind == MOVE_NULL) {
        buf_u32be(b, UINT32_MAX);
    } else if (whole && v->kind == MOVE_INT) {
        put_integer(b, type, v->i);
    } else if (type == PG_FLOAT8 && (v->kind == MOVE_FLOAT || v->kind == MOVE_INT)) {
        memcpy(&bits, &f, sizeof bits);
        buf_u32be(b, 8);
        buf_u64be(b, bits);
    } else if ((type == PG_TEXT && v->kind == MOVE_TEXT) ||
               (type == PG_BYTEA && v->kind == MOVE_BYTES)) {
        buf_u32be(b, (u32)v->s.n);
        buf_put(b, v->s);
    } else {
        return E_INVALID;
    }
    return E_NONE;
}

static err pg_put(struct side *s, const struct move_table *t, const struct move_value *values)
{
    struct pg_side *p = of(s);
    buf_clear(&p->row);
    buf_u16be(&p->row, (u16)t->n);
    for (size_t i = 0; i < t->n; i++)
        if (put_value(&p->row, t->types[i], &values[i]) != E_NONE) {
            (void)snprintf(s->why, sizeof s->why, "a value of %s is not of its kind", t->cols[i]);
            return E_INVALID;
        }
    if (p->row.full)
        return E_LIMIT;
    return PQputCopyData(p->c, p->row.p, (int)p->row.n) == 1 ? E_NONE : say(p, E_IO);
}

static err pg_put_end(struct side *s)
{
    struct pg_side *p = of(s);
    static const char tail[] = { '\377', '\377' };
    if (PQputCopyData(p->c, tail, sizeof tail) != 1 || PQputCopyEnd(p->c, NULL) != 1)
        return say(p, E_IO);
    err e = E_NONE;
    for (PGresult *r; (r = PQgetResult(p->c)); PQclear(r))
        if (e == E_NONE)
            e = say(p, pg_err(p->c, r));
    return e;
}

static const struct side_kind pg_kind = {
    .close = pg_close,
    .tables = pg_tables,
    .columns = pg_columns,
    .begin = pg_begin,
    .commit = pg_commit,
    .clear = pg_clear,
    .read = pg_read,
    .put_begin = pg_put_begin,
    .put = pg_put,
    .put_end = pg_put_end,
};

err move_pg_open(const char *conninfo, struct arena *a, struct side **ret)
{
    struct pg_side *p = NEW(a, struct pg_side);
    p->base = (struct side){ .kind = &pg_kind, .a = a };
    *ret = &p->base;
    p->row_arena = arena_new("move row", (size_t)1 << 30);
    p->row = buf_in(p->row_arena, ROW_CEILING);
    char why[256] = "";
    err e = pg_link(conninfo, PG_OWN, &p->c, why);
    (void)snprintf(p->base.why, sizeof p->base.why, "%s", why);
    return e;
}
