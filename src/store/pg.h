/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share about PostgreSQL; nobody else includes it. */
#ifndef OUTWORK_STORE_PG_H
#define OUTWORK_STORE_PG_H

#include <postgresql/libpq-fe.h>

#include "store/kind.h"

enum { PG_PARAMS_MAX = 64 };

/* PostgreSQL's own numbers of its types (src/include/catalog/pg_type.dat); they never change. */
enum {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_NAME = 19,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_FLOAT4 = 700,
    PG_FLOAT8 = 701,
    PG_VARCHAR = 1043,
};

/* ---- pg_link.c: connections ---- */

/* What a session is for: its settings follow. */
enum pg_use { PG_READ, PG_WRITE, PG_OWN /* migrations, moving: no time limit */ };

/* Connects and sets the session up. E_BUSY: nobody answers, or (PG_WRITE) another server writes;
 * E_CORRUPT: not a database of ours. why, when not NULL, gets a sentence. */
MUST_USE err pg_link(const char *conninfo, enum pg_use use, PGconn **ret, char why[256]);
/* A result's state as ours: E_NONE, E_CONFLICT (23…), E_BUSY (40001, 40P01, 55P03, 57…, 08…),
 * E_FULL (53100), E_LIMIT, E_IO, E_CORRUPT, E_INVALID (text it cannot hold), else E_INTERNAL. */
err pg_err(const PGconn *c, const PGresult *r);
/* Runs fixed text without rows, outside a pipeline. */
MUST_USE err pg_exec(PGconn *c, const char *text);
/* The first column of the first row as a number; E_NOT_FOUND without rows. */
MUST_USE err pg_number(PGconn *c, const char *text, i64 *ret);

/* ---- pg_value.c: values ---- */

struct pg_args {
    int n;
    const char *at[PG_PARAMS_MAX];
    int len[PG_PARAMS_MAX], format[PG_PARAMS_MAX];
    u64 numbers[PG_PARAMS_MAX];
};
/* in's members, as they travel. They point into in and *ret. */
void pg_args(const struct stmt *st, const void *in, struct pg_args *ret);
Oid pg_param_type(const struct col *c);
/* Whether a described statement is what was declared: NULL, or what is wrong. */
const char *pg_mismatch(const PGresult *described, const struct stmt *st);
/* One value in its binary form: an integer of any width or a bool; a float of any width or an
 * integer. E_CORRUPT when its length is another. */
MUST_USE err pg_integer(Oid t, const char *p, size_t n, i64 *ret);
MUST_USE err pg_float(Oid t, const char *p, size_t n, double *ret);
/* A row of a result into a zeroed struct. E_CORRUPT, E_LIMIT (noted). */
struct pg_row {
    const struct stmt *st;
    const PGresult *r;
    int i;
};
MUST_USE err pg_take_row(struct db *db, struct pg_row from, struct arena *out, void *row);

#endif
