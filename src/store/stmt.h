/* SPDX-License-Identifier: Apache-2.0 */
/* What tools/gen knows about a statement, and the one function generated code calls. The text was
 * prepared at build time against the migrated schema; no function outside src/store takes SQL text.
 */
#ifndef OUTWORK_STORE_STMT_H
#define OUTWORK_STORE_STMT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum col_kind {
    COL_I64,   /* i64, or a one-field id struct, or a time */
    COL_ENUM,  /* int, 0 … limit-1; any other stored value is E_CORRUPT */
    COL_BOOL,  /* bool, stored 0 or 1 */
    COL_F64,   /* double */
    COL_STR,   /* str, UTF-8 */
    COL_BYTES, /* str, any bytes */
};

/* One member of a row struct (a result column) or of an input struct (a parameter). The generator's
 * macros check at compile time that the member has the kind's C type. */
struct col {
    const char *name;
    u8 kind;        /* enum col_kind */
    bool optional;  /* then has_at is the offset of a bool; false stands for NULL */
    u16 limit;      /* COL_ENUM: number of values */
    u32 at, has_at; /* offsets */
};

enum stmt_shape { STMT_ONE, STMT_MANY, STMT_EXEC };

struct stmt {
    const char *name;   /* "channel_get" */
    const char *module; /* "chat": its tables and those its `uses` name are all it may touch */
    const char *sqlite; /* with :name parameters, bound by position in order of first appearance */
    const char *postgres; /* with $1 … in the same order */
    u16 index; /* place in the table of all statements; a connection keeps them prepared in an array
                */
    u8 shape;  /* enum stmt_shape */
    bool writes;
    u16 params_n, cols_n;
    u32 row_size;
    const struct col *params, *cols;
};

struct rows {
    void *at;
    size_t n;
}; /* STMT_MANY: n rows of row_size bytes in the caller's arena */

struct db; /* one connection; one thread at a time */

/* Runs a statement. in: the input struct (NULL without parameters). ret: STMT_ONE the row struct,
 * STMT_MANY struct rows, STMT_EXEC i64 rows changed (may be NULL). Text and bytes are copied into
 * out. E_NOT_FOUND (STMT_ONE, no row), E_CONFLICT (a constraint), E_LIMIT (out doomed), E_FULL,
 * E_BUSY, E_CORRUPT, E_IO. */
MUST_USE err db_run(struct db *db, const struct stmt *st, const void *in, struct arena *out,
                    void *ret);

#endif
