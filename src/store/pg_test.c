/* SPDX-License-Identifier: Apache-2.0 */
/* What is PostgreSQL's own: the texts made for it, lost connections, two servers on one database.
 * What both stores do alike is in store_test.c, which runs on either. */
#include "base/fault.h"
#include "base/os.h"
#include "store/db.h"
#include "store/dialect.h"
#include "store/migrate.h"
#include "test/pg.h"

struct pair {
    i64 id;
    str text;
};
static const struct col pair_cols[] = {
    { "id", COL_I64, false, 0, offsetof(struct pair, id), 0 },
    { "text", COL_STR, false, 0, offsetof(struct pair, text), 0 },
};
static const struct stmt pair_add = {
    .name = "pair_add",
    .module = "pairs",
    .sqlite = "INSERT INTO pair (id, text) VALUES (:id, :text)",
    .index = STMT_UNNUMBERED,
    .shape = STMT_EXEC,
    .writes = true,
    .params_n = 2,
    .params = pair_cols,
};
static const struct stmt pair_list = {
    .name = "pair_list",
    .module = "pairs",
    .sqlite = "SELECT id, text FROM pair ORDER BY text LIMIT 1000",
    .index = STMT_UNNUMBERED,
    .shape = STMT_MANY,
    .cols_n = 2,
    .cols = pair_cols,
    .row_size = sizeof(struct pair),
};
static const struct migrate_step steps[] = {
    { "pairs", "001", "CREATE TABLE pair (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT",
      NULL },
};

static struct db *writer(struct T *T)
{
    struct migrate_report r;
    struct db *db = NULL;
    expect_ok(migrate_run(test_pg(T), steps, COUNT(steps), &r));
    expect_ok(db_open(&(struct db_options){ .path = test_pg(T), .write = true }, &db));
    return db;
}

static err add(struct db *db, struct T *T, i64 id, str text)
{
    return db_run(db, &pair_add, &(struct pair){ id, text }, T->arena, NULL);
}

static size_t count(struct db *db, struct T *T)
{
    struct rows rows = { 0 };
    expect_ok(db_run(db, &pair_list, NULL, T->arena, &rows));
    return rows.n;
}

TEST(a_statement_for_sqlite_becomes_one_for_postgres)
{
    expect_s(dialect_query(T->arena, "SELECT ':no', a::int FROM t WHERE x = :b AND y = :a -- :c\n"
                                     " OR x <> :b"),
             S("SELECT ':no', a:$1 FROM t WHERE x = $2 AND y = $3 -- :c\n OR x <> $2"));
    expect_s(dialect_schema(T->arena, "CREATE TABLE t (text TEXT, a INTEGER, b TEXT NOT NULL"
                                      " DEFAULT 'TEXT', c BLOB, d REAL) STRICT, WITHOUT ROWID;"
                                      " SELECT CAST(1 AS TEXT), 2;"),
             S("CREATE TABLE t (text TEXT COLLATE \"C\", a BIGINT, b TEXT COLLATE \"C\" NOT NULL"
               " DEFAULT 'TEXT', c BYTEA, d DOUBLE PRECISION)   ;"
               " SELECT CAST(1 AS TEXT), 2;"));
}

TEST(the_tables_a_statement_changes_are_seen)
{
    const char *text = "WITH x AS (DELETE FROM one RETURNING a) INSERT INTO two SELECT a FROM x"
                       " ON CONFLICT (a) DO UPDATE SET a = 1";
    expect_s(dialect_changes(text, 0), S("one"));
    expect_s(dialect_changes(text, 1), S("two"));
    expect(!dialect_changes(text, 2).p);
    expect_s(dialect_changes("UPDATE three SET a = 1", 0), S("three"));
    expect(!dialect_changes("SELECT 1 FROM t FOR UPDATE", 0).p);
}

TEST(what_is_a_conninfo_and_what_a_path)
{
    expect(db_is_postgres("postgres://u@h/d") && db_is_postgres("host=/run dbname=x"));
    expect(!db_is_postgres("/data/a=b/outwork.db") && !db_is_postgres("./x=y") &&
           !db_is_postgres("office.db"));
}

TEST(texts_are_ordered_by_bytes_as_on_sqlite)
{
    struct db *db = writer(T);
    struct rows rows;
    expect_ok(add(db, T, 1, S("b")));
    expect_ok(add(db, T, 2, S("a")));
    expect_ok(add(db, T, 3, S("B")));
    expect_ok(add(db, T, 4, S("\xc3\xa9")));
    expect_ok(db_run(db, &pair_list, NULL, T->arena, &rows));
    const struct pair *at = rows.at;
    expect(at[0].id == 3 && at[1].id == 2 && at[2].id == 1 && at[3].id == 4);
    db_close(db);
}

/* One group of two calls; the first of them conflicts. */
static bool group(struct db *db, struct T *T, i64 id)
{
    bool done = db_begin(db) == E_NONE;
    if (done && db_save(db) == E_NONE && add(db, T, id, S("x")) == E_NONE) {
        (void)add(db, T, id, S("again"));
        (void)add(db, T, id + 500, S("after the conflict: never"));
    }
    db_save_undo(db);
    done = done && db_save(db) == E_NONE && add(db, T, id, S("x")) == E_NONE &&
           db_save_keep(db) == E_NONE && db_commit(db) == E_NONE;
    db_rollback(db);
    return done;
}

TEST(a_lost_connection_loses_no_acknowledged_group_and_comes_back)
{
    struct db *db = writer(T);
    size_t acknowledged = 0;
    bool hit = true;
    i64 id = 1;
    for (u32 n = 1; hit; n++, id++) {
        fault_arm(FAULT_SOCKET, n, false);
        bool done = group(db, T, id);
        hit = fault_disarm();
        expect(done || hit);
        usec until = os_mono() + 10 * USEC_S;
        struct rows rows = { 0 };
        while (db_run(db, &pair_list, NULL, T->arena, &rows) != E_NONE)
            expect(os_mono() < until);
        if (done || rows.n == acknowledged + 1)
            acknowledged++;
        expect_i(rows.n, acknowledged);
        expect(n < 50);
    }
    expect(acknowledged > 0);
    db_close(db);
}

TEST(a_server_that_ends_sessions_is_busy_not_broken)
{
    struct db *db = writer(T);
    expect_ok(db_begin(db));
    expect_ok(add(db, T, 1, S("x")));
    test_pg_exec(T, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'outwork' AND datname = current_database()");
    expect_err(add(db, T, 2, S("y")), E_BUSY);
    expect(!db_in_transaction(db));
    expect_err(add(db, T, 3, S("z")), E_BUSY); /* not outside of the transaction it was meant for */
    db_rollback(db);
    expect_ok(db_begin(db));
    expect_ok(add(db, T, 4, S("w")));
    expect_ok(db_commit(db));
    expect_i(count(db, T), 1);
    db_close(db);
}

TEST(a_second_writer_is_kept_out)
{
    struct db *db = writer(T), *two = NULL;
    expect_err(db_open(&(struct db_options){ .path = test_pg(T), .write = true }, &two), E_BUSY);
    db_close(db);
    expect_ok(db_open(&(struct db_options){ .path = test_pg(T), .write = true }, &two));
    db_close(two);
}

TEST(nobody_at_the_place_is_busy)
{
    struct db *db = NULL;
    const struct db_options o = { .path = "host=/nonexistent dbname=x user=y", .write = true };
    expect_err(db_open(&o, &db), E_BUSY);
}
