/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of connection share; nobody outside this folder includes it. A kind is a table
 * of functions over a struct that begins with struct db. */
#ifndef OUTWORK_STORE_KIND_H
#define OUTWORK_STORE_KIND_H

#include "store/db.h"

/* What we say ourselves about transactions. */
enum own {
    OWN_BEGIN,
    OWN_COMMIT,
    OWN_ROLLBACK,
    OWN_SAVE,
    OWN_KEEP,
    OWN_UNDO,
    OWN_READ,
    OWN_END,
    OWN_N
};

struct db_kind {
    err gone; /* what it means that a transaction is no more */
    void (*close)(struct db *db); /* all but the arena */
    /* Rolling back and ending a read are asked for also when there is nothing to end any more. */
    err (*own)(struct db *db, enum own which);
    bool (*in_transaction)(const struct db *db);
    err (*check)(struct db *db, const struct stmt *st);
    /* As db_run; what is the same for all kinds was looked at before. */
    err (*run)(struct db *db, const struct stmt *st, const void *in, struct arena *out, void *ret);
    err (*copy)(struct db *db, const char *to);
    err (*verify)(struct db *db, struct arena *out, str *ret_report);
};

/* A place for each statement's prepared form: by number, or by address. */
struct slot {
    const struct stmt *key;
    void *at;
};
struct slots {
    void **numbered;
    size_t numbered_n;
    struct slot *others; /* open addressing; a power of two */
    size_t others_n, others_room;
};

struct owner {
    const char *table, *module;
};

struct db {
    const struct db_kind *kind;
    struct arena *arena;
    bool write;
    struct slots slots;
    struct owner *owners;
    size_t owners_n;
    u64 errors;
    char text[256]; /* of the last failure */
};

/* Counts a failure and keeps its text; returns e. */
err db_note(struct db *db, err e, const char *what, const char *text);
void slots_init(struct slots *s, struct arena *a, u16 numbered);
/* The statement's place; what it holds is NULL at first. */
void **slots_at(struct slots *s, struct arena *a, const struct stmt *st);
void slots_each(struct slots *s, void (*fn)(void *at));
/* Whether a module's statement may change this table. */
bool db_may_change(const struct db *db, const char *module, str table);
/* The place of row n in rows that grow by doubling; E_LIMIT when the arena has no room for it. */
MUST_USE err rows_room(struct rows *rows, size_t *room, u32 row_size, struct arena *out);
/* A stored number as the column's kind. E_CORRUPT. */
MUST_USE err col_take_number(i64 v, const struct col *c, void *to);

MUST_USE err lite_open(const struct db_options *o, struct arena *a, struct db **ret);
MUST_USE err pg_open(const struct db_options *o, struct arena *a, struct db **ret);

#endif
