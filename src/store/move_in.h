/* SPDX-License-Identifier: Apache-2.0 */
/* The two sides of a move; only move*.c include it. */
#ifndef OUTWORK_STORE_MOVE_IN_H
#define OUTWORK_STORE_MOVE_IN_H

#include "base/arena.h"
#include "base/str.h"
#include "store/move.h"

enum { MOVE_COLS_MAX = 64, MOVE_TABLES_MAX = 512 };
enum move_kind { MOVE_NULL, MOVE_INT, MOVE_FLOAT, MOVE_TEXT, MOVE_BYTES };

struct move_value {
    enum move_kind kind;
    i64 i;
    double f;
    str s; /* good until the next row */
};

struct move_names {
    const char *at[MOVE_TABLES_MAX];
    size_t n;
};

/* A table and the columns that are carried, in the order of their values. */
struct move_table {
    const char *name;
    const char *cols[MOVE_COLS_MAX];
    u32 types[MOVE_COLS_MAX]; /* a side's own note */
    size_t n;
};

struct side;
struct side_kind {
    void (*close)(struct side *s);
    /* What the modules made, but for a database's own kinds of index tables. */
    err (*tables)(struct side *s, struct move_names *ret);
    err (*columns)(struct side *s, const char *table, struct move_names *ret);
    err (*begin)(struct side *s, bool write); /* references rest until commit */
    err (*commit)(struct side *s);            /* E_CONFLICT: a reference leads nowhere */
    err (*clear)(struct side *s, const char *table);
    err (*read)(struct side *s, const struct move_table *t,
                err (*row)(void *arg, const struct move_value *values), void *arg);
    err (*put_begin)(struct side *s, struct move_table *t);
    err (*put)(struct side *s, const struct move_table *t, const struct move_value *values);
    err (*put_end)(struct side *s);
};
struct side {
    const struct side_kind *kind;
    struct arena *a; /* lasts as long as the move */
    char why[300];
};

MUST_USE err move_lite_open(const char *path, struct arena *a, struct side **ret);
MUST_USE err move_pg_open(const char *conninfo, struct arena *a, struct side **ret);
/* "a", "b" of a table's columns. */
str move_columns(struct arena *a, const struct move_table *t);

#endif
