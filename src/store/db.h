/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to an organisation's store, SQLite or PostgreSQL. One thread at a time.
 * Statements come as tables (stmt.h) and stay prepared in the connection; transactions are opened
 * by the core, never by a module. A module's statements may change its own tables only: each is
 * looked at when it is prepared. After a statement's error the caller ends what it does: on
 * PostgreSQL everything until db_save_undo or db_rollback fails with that error again. Errors are
 * returned; their text for the log is db_error_text(). */
#ifndef OUTWORK_STORE_DB_H
#define OUTWORK_STORE_DB_H

#include "store/stmt.h"

enum {
    STMT_UNNUMBERED = 0xffff
}; /* stmt.index of hand-written statements: found by their address */

struct db_options {
    const char *path; /* of SQLite's file, or a PostgreSQL conninfo (db_is_postgres) */
    bool write;       /* the one writer; else a reader that changes nothing */
    u16 stmts_n;   /* numbered statements (stmts_n of the generated table) */
    u32 cache_kib; /* page cache; 0: 512 for a reader, 4096 for the writer */
    u32 mmap_mib;  /* memory map for reading; 0: 256 */
};

/* Whether a place is a PostgreSQL conninfo: postgres://… or `host=… dbname=…`. */
bool db_is_postgres(const char *path);

/* Opens a connection. The schema must be in place (migrate.h) for a reader. E_IO, E_CORRUPT
 * (not a store of ours). On PostgreSQL also E_BUSY (nobody answers, or another server writes).
 * A connection that is lost later is made again by itself: what was under way gets E_BUSY. */
MUST_USE err db_open(const struct db_options *o, struct db **ret);
void db_close(struct db *db); /* NULL is fine */

/* A write transaction on the writer, and savepoints in it (one level deep). A statement that
 * met a full or broken disk may have taken the whole transaction with it: then
 * db_in_transaction() is false and everything since db_begin is undone. */
MUST_USE err db_begin(struct db *db);
MUST_USE err db_commit(struct db *db); /* durable when it returns E_NONE */
void db_rollback(struct db *db);       /* also when there is none any more */
MUST_USE err db_save(struct db *db);
MUST_USE err db_save_keep(struct db *db);
void db_save_undo(
    struct db *db); /* and ends the savepoint; no effect when the transaction is gone */
bool db_in_transaction(const struct db *db);

/* One snapshot for the reads in between. */
MUST_USE err db_read_begin(struct db *db);
void db_read_end(struct db *db);

const char *db_error_text(const struct db *db); /* of the last failure; "" if there was none */
u64 db_errors(const struct db *db);             /* failures so far, E_NOT_FOUND not counted */

/* Prepares a statement without running it: does it fit this schema? E_INTERNAL if not
 * (db_error_text says why). */
MUST_USE err db_check(struct db *db, const struct stmt *st);
/* A copy of the whole store in one file, consistent, without its log. The target must not
 * exist. E_INVALID on PostgreSQL, which has its own tools for that. */
MUST_USE err db_copy(struct db *db, const char *to);
/* The database's own look at every page and reference (PostgreSQL: at every row and index it can
 * be asked about); E_CORRUPT with what it found. Slow. */
MUST_USE err db_verify(struct db *db, struct arena *out, str *ret_report);

#endif
