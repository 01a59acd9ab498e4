/* SPDX-License-Identifier: Apache-2.0 */
/* Values on their way to PostgreSQL and back, all in its binary form: numbers as eight bytes, the
 * highest first, text and bytes as they are. What comes back is checked against the declared kind
 * and length, as on SQLite: a value that does not fit is E_CORRUPT. */
#include <endian.h>
#include <string.h>

#include "store/pg.h"

Oid pg_param_type(const struct col *c)
{
    switch ((enum col_kind)c->kind) {
    case COL_I64:
    case COL_ENUM:
    case COL_BOOL: return PG_INT8;
    case COL_F64: return PG_FLOAT8;
    case COL_STR: return PG_TEXT;
    case COL_BYTES: return PG_BYTEA;
    }
    return 0;
}

static void put_number(struct pg_args *a, int i, u64 v)
{
    a->numbers[i] = htobe64(v);
    a->at[i] = (const char *)&a->numbers[i];
    a->len[i] = sizeof(u64);
}

static void put_one(struct pg_args *a, int i, const struct col *c, const void *in)
{
    const char *p = (const char *)in + c->at;
    u64 bits;
    str s;
    a->format[i] = 1;
    a->at[i] = NULL;
    a->len[i] = 0;
    if (c->optional && !*(const bool *)((const char *)in + c->has_at))
        return;
    switch ((enum col_kind)c->kind) {
    case COL_I64: put_number(a, i, (u64) * (const i64 *)(const void *)p); break;
    case COL_ENUM: put_number(a, i, (u64)(i64) * (const int *)(const void *)p); break;
    case COL_BOOL: put_number(a, i, *(const bool *)p); break;
    case COL_F64:
        memcpy(&bits, p, sizeof bits);
        put_number(a, i, bits);
        break;
    case COL_STR:
    case COL_BYTES:
        memcpy(&s, p, sizeof s);
        a->at[i] = s.p ? s.p : "";
        a->len[i] = (int)s.n;
        break;
    }
}

void pg_args(const struct stmt *st, const void *in, struct pg_args *ret)
{
    ret->n = st->params_n;
    for (int i = 0; i < st->params_n; i++)
        put_one(ret, i, &st->params[i], in);
}

/* ---- back ---- */

static bool is_integer(Oid t)
{
    return t == PG_INT8 || t == PG_INT4 || t == PG_INT2;
}
static bool is_text(Oid t)
{
    return t == PG_TEXT || t == PG_VARCHAR || t == PG_NAME;
}

static bool fits(const struct col *c, Oid t)
{
    switch ((enum col_kind)c->kind) {
    case COL_I64:
    case COL_ENUM: return is_integer(t);
    case COL_BOOL: return is_integer(t) || t == PG_BOOL;
    case COL_F64: return t == PG_FLOAT8 || t == PG_FLOAT4 || is_integer(t);
    case COL_STR: return is_text(t);
    case COL_BYTES: return t == PG_BYTEA;
    }
    return false;
}

const char *pg_mismatch(const PGresult *described, const struct stmt *st)
{
    if (PQnfields(described) != st->cols_n)
        return "not as many columns as declared";
    if (PQnparams(described) != st->params_n)
        return "not as many parameters as declared";
    for (int i = 0; i < st->cols_n; i++) {
        Oid t = PQftype(described, i);
        bool only_null = st->cols[i].optional && t == PG_TEXT; /* a bare NULL is text there */
        if (!fits(&st->cols[i], t) && !only_null)
            return st->cols[i].name;
    }
    return NULL;
}

err pg_integer(Oid t, const char *p, size_t n, i64 *ret)
{
    u64 v = 0;
    size_t want = t == PG_INT8 ? 8 : t == PG_INT4 ? 4 : t == PG_INT2 ? 2 : 1;
    if (n != want)
        return E_CORRUPT;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (u8)p[i];
    *ret = t == PG_INT4 ? (i64)(int32_t)v : t == PG_INT2 ? (i64)(int16_t)v : (i64)v;
    return E_NONE;
}

err pg_float(Oid t, const char *p, size_t n, double *ret)
{
    u64 bits = 0;
    i64 whole = 0;
    float small;
    if (is_integer(t)) {
        TRY(pg_integer(t, p, n, &whole));
        *ret = (double)whole;
        return E_NONE;
    }
    if (n != (t == PG_FLOAT8 ? 8u : 4u))
        return E_CORRUPT;
    for (size_t i = 0; i < n; i++)
        bits = bits << 8 | (u8)p[i];
    if (t == PG_FLOAT8) {
        memcpy(ret, &bits, sizeof *ret);
    } else {
        uint32_t half = (uint32_t)bits;
        memcpy(&small, &half, sizeof small);
        *ret = (double)small;
    }
    return E_NONE;
}

static err text(const char *p, size_t n, struct arena *out, str *ret)
{
    if (n + 1 > arena_room(out)) {
        arena_doom(out);
        return E_LIMIT;
    }
    *ret = str_copy(out, (str){ p, n });
    return E_NONE;
}

struct cell {
    Oid type;
    const char *p;
    size_t n;
};

static err take_one(struct cell v, const struct col *c, struct arena *out, void *to)
{
    i64 whole = 0;
    if (!fits(c, v.type))
        return E_CORRUPT;
    switch ((enum col_kind)c->kind) {
    case COL_I64:
    case COL_ENUM:
    case COL_BOOL: TRY(pg_integer(v.type, v.p, v.n, &whole)); return col_take_number(whole, c, to);
    case COL_F64: return pg_float(v.type, v.p, v.n, to);
    case COL_STR:
    case COL_BYTES: return text(v.p, v.n, out, to);
    }
    return E_INTERNAL;
}

err pg_take_row(struct db *db, struct pg_row from, struct arena *out, void *row)
{
    const PGresult *r = from.r;
    int i = from.i;
    for (int k = 0; k < from.st->cols_n; k++) {
        const struct col *c = &from.st->cols[k];
        err e = E_NONE;
        if (!PQgetisnull(r, i, k)) {
            struct cell v = { PQftype(r, k), PQgetvalue(r, i, k), (size_t)PQgetlength(r, i, k) };
            if (c->optional)
                *(bool *)((char *)row + c->has_at) = true;
            e = take_one(v, c, out, (char *)row + c->at);
        } else if (!c->optional) {
            e = E_CORRUPT;
        }
        if (UNLIKELY(e != E_NONE)) {
            char what[96];
            (void)snprintf(what, sizeof what, "column %s: %s", c->name,
                           e == E_LIMIT ? "more than the call may hold" : "not of its kind");
            return db_note(db, e, from.st->name, what);
        }
    }
    return E_NONE;
}
