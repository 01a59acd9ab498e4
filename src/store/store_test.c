/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the store: what a handler, an operator and a failing disk would notice. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"
#include "base/rng.h"
#include "store/db.h"
#include "store/migrate.h"
#include "test/pg.h"

enum colour { RED, GREEN, COLOUR_N };

struct thing {
    i64 id;
    str name;
    int colour;
    bool open;
    double weight;
    str bytes;
    i64 due;
    bool has_due;
};

#define C(T, f, k)                                                                               \
    {                                                                                            \
#f, (k), false, 0, offsetof(struct T, f), 0                                              \
    }
static const struct col thing_cols[] = {
    C(thing, id, COL_I64),
    C(thing, name, COL_STR),
    { "colour", COL_ENUM, false, COLOUR_N, offsetof(struct thing, colour), 0 },
    C(thing, open, COL_BOOL),
    C(thing, weight, COL_F64),
    C(thing, bytes, COL_BYTES),
    { "due", COL_I64, true, 0, offsetof(struct thing, due), offsetof(struct thing, has_due) },
};
struct by_id {
    i64 id;
};
static const struct col by_id_cols[] = { C(by_id, id, COL_I64) };

#define COLS "id, name, colour, open, weight, bytes, due"
static const struct stmt thing_add = {
    "thing_add",
    "things",
    "INSERT INTO thing (" COLS ") VALUES (:id, :name, :colour, :open, :weight, :bytes, :due)",
    NULL,
    STMT_UNNUMBERED,
    STMT_EXEC,
    true,
    7,
    0,
    0,
    thing_cols,
    NULL,
};
static const struct stmt thing_get = {
    "thing_get",
    "things",
    "SELECT " COLS " FROM thing WHERE id = :id",
    NULL,
    0,
    STMT_ONE,
    false,
    1,
    7,
    sizeof(struct thing),
    by_id_cols,
    thing_cols,
};
static const struct stmt thing_list = {
    "thing_list",
    "things",
    "SELECT " COLS " FROM thing WHERE id > :id ORDER BY id LIMIT 1000",
    NULL,
    1,
    STMT_MANY,
    false,
    1,
    7,
    sizeof(struct thing),
    by_id_cols,
    thing_cols,
};
static const struct stmt thing_close = {
    "thing_close",
    "things",
    "UPDATE thing SET open = 0 WHERE id = :id RETURNING " COLS,
    NULL,
    2,
    STMT_ONE,
    true,
    1,
    7,
    sizeof(struct thing),
    by_id_cols,
    thing_cols,
};
static const struct stmt other_steals = {
    "other_steals",
    "other",
    "UPDATE thing SET open = 0 WHERE id = :id",
    NULL,
    STMT_UNNUMBERED,
    STMT_EXEC,
    true,
    1,
    0,
    0,
    by_id_cols,
    NULL,
};
static const struct stmt wrong_columns = {
    "wrong_columns",
    "things",
    "SELECT id, name FROM thing WHERE id = :id",
    NULL,
    STMT_UNNUMBERED,
    STMT_ONE,
    false,
    1,
    7,
    sizeof(struct thing),
    by_id_cols,
    thing_cols,
};

static const struct migrate_step steps[] = {
    { "things", "001",
      "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL, colour INTEGER NOT NULL,"
      " open INTEGER NOT NULL, weight REAL NOT NULL, bytes BLOB NOT NULL, due INTEGER) STRICT;",
      NULL },
    { "other", "001",
      "CREATE TABLE other (id INTEGER PRIMARY KEY, thing INTEGER REFERENCES thing) STRICT;",
      NULL },
    { "things", "002", "ALTER TABLE thing ADD COLUMN note TEXT;", NULL },
};

static const char *path_in(struct T *T) { return test_store(T, "office.db"); }

/* SQL from outside the program. */
static void tamper(struct T *T, const char *sql)
{
    sqlite3 *raw = NULL;
    if (test_on_pg()) {
        test_pg_exec(T, sql);
        return;
    }
    expect(sqlite3_open(path_in(T), &raw) == SQLITE_OK);
    expect(sqlite3_exec(raw, sql, NULL, NULL, NULL) == SQLITE_OK);
    expect(sqlite3_close(raw) == SQLITE_OK);
}

static struct db *writer(struct T *T)
{
    struct db *db = NULL;
    struct migrate_report r;
    expect_ok(migrate_run(path_in(T), steps, COUNT(steps), &r));
    expect_ok(db_open(&(struct db_options){ path_in(T), true, 3, 0, 0 }, &db));
    return db;
}

static struct thing thing_of(i64 id)
{
    return (struct thing){ .id = id,
                           .name = S("chair"),
                           .colour = GREEN,
                           .open = true,
                           .weight = 2.5,
                           .bytes = S("\0\1\2"),
                           .due = 77,
                           .has_due = true };
}

static err add(struct db *db, struct T *T, i64 id)
{
    struct thing t = thing_of(id);
    return db_run(db, &thing_add, &t, T->arena, NULL);
}

static size_t count(struct db *db, struct T *T)
{
    struct rows rows = { 0 };
    expect_ok(db_run(db, &thing_list, &(struct by_id){ 0 }, T->arena, &rows));
    return rows.n;
}

TEST(a_row_comes_back_as_it_was_written)
{
    struct db *db = writer(T);
    struct thing t = thing_of(5), got = { 0 };
    expect_ok(db_run(db, &thing_add, &t, T->arena, NULL));
    expect_ok(db_run(db, &thing_get, &(struct by_id){ 5 }, T->arena, &got));
    expect_s(got.name, S("chair"));
    expect_s(got.bytes, S("\0\1\2"));
    expect(got.colour == GREEN && got.open && got.weight == 2.5 && got.has_due && got.due == 77);
    t = (struct thing){ .id = 6 };
    expect_ok(db_run(db, &thing_add, &t, T->arena, NULL));
    expect_ok(db_run(db, &thing_get, &(struct by_id){ 6 }, T->arena, &got));
    expect(!got.has_due && got.name.n == 0 && got.bytes.n == 0);
    db_close(db);
}

TEST(outputs_stay_untouched_when_nothing_is_found)
{
    struct db *db = writer(T);
    struct thing got = thing_of(9);
    expect_err(db_run(db, &thing_get, &(struct by_id){ 1 }, T->arena, &got), E_NOT_FOUND);
    expect_i(got.id, 9);
    expect_i(db_errors(db), 0);
    db_close(db);
}

TEST(a_second_row_with_the_same_key_is_a_conflict_and_the_rest_goes_on)
{
    struct db *db = writer(T);
    expect_ok(db_begin(db));
    expect_ok(db_save(db));
    expect_ok(add(db, T, 1));
    expect_ok(db_save_keep(db));
    expect_ok(db_save(db));
    expect_err(add(db, T, 1), E_CONFLICT);
    expect(db_in_transaction(db));
    db_save_undo(db);
    expect_ok(db_commit(db));
    expect_i(count(db, T), 1);
    db_close(db);
}

TEST(a_changed_row_is_returned_and_stays_changed)
{
    struct db *db = writer(T);
    struct thing got = { 0 };
    expect_ok(add(db, T, 1));
    expect_ok(db_run(db, &thing_close, &(struct by_id){ 1 }, T->arena, &got));
    expect(!got.open);
    expect_ok(db_run(db, &thing_get, &(struct by_id){ 1 }, T->arena, &got));
    expect(!got.open);
    db_close(db);
}

TEST(a_module_cannot_change_the_tables_of_another)
{
    struct db *db = writer(T);
    expect_ok(add(db, T, 1));
    expect_err(db_run(db, &other_steals, &(struct by_id){ 1 }, T->arena, NULL), E_INTERNAL);
    expect(strstr(db_error_text(db), "prohibited") || strstr(db_error_text(db), "authorized"));
    db_close(db);
}

TEST(a_statement_that_does_not_fit_the_schema_is_found_at_the_check)
{
    struct db *db = writer(T);
    expect_ok(db_check(db, &thing_get));
    expect_err(db_check(db, &wrong_columns), E_INTERNAL);
    expect_err(db_check(db, &wrong_columns), E_INTERNAL);
    db_close(db);
}

TEST(a_reader_cannot_write_and_sees_one_snapshot)
{
    struct db *w = writer(T), *r = NULL;
    expect_ok(add(w, T, 1));
    expect_ok(db_open(&(struct db_options){ path_in(T), false, 3, 0, 0 }, &r));
    expect_err(add(r, T, 2), E_INTERNAL);
    expect_ok(db_read_begin(r));
    expect_i(count(r, T), 1);
    expect_ok(add(w, T, 2));
    expect_i(count(r, T), 1);
    db_read_end(r);
    expect_i(count(r, T), 2);
    db_close(r);
    db_close(w);
}

TEST(a_stored_value_of_the_wrong_kind_is_corrupt_not_a_surprise)
{
    struct db *db = writer(T);
    struct thing got = { 0 };
    expect_ok(add(db, T, 1));
    tamper(T, "UPDATE thing SET colour = 7");
    expect_err(db_run(db, &thing_get, &(struct by_id){ 1 }, T->arena, &got), E_CORRUPT);
    expect(strstr(db_error_text(db), "colour"));
    db_close(db);
}

TEST(rows_beyond_the_ceiling_of_the_call_are_a_limit)
{
    struct db *db = writer(T);
    struct arena *small = arena_new("call", 16 * 1024);
    struct rows rows = { 0 };
    expect_ok(db_begin(db));
    for (i64 i = 1; i <= 400; i++)
        expect_ok(add(db, T, i));
    expect_ok(db_commit(db));
    expect_err(db_run(db, &thing_list, &(struct by_id){ 0 }, small, &rows), E_LIMIT);
    expect(rows.n == 0 && arena_doomed(small));
    expect_err(db_run(db, &thing_get, &(struct by_id){ 1 }, small, &rows), E_LIMIT);
    arena_free(small);
    db_close(db);
}

TEST(a_text_larger_than_the_call_may_hold_is_a_limit)
{
    struct db *db = writer(T);
    struct arena *small = arena_new("call", 16 * 1024);
    struct thing t = thing_of(1);
    t.name = (str){ NEW_N(T->arena, char, 200000), 200000 };
    memset((char *)(uintptr_t)t.name.p, 'x', t.name.n);
    expect_ok(db_run(db, &thing_add, &t, T->arena, NULL));
    expect_err(db_run(db, &thing_get, &(struct by_id){ 1 }, small, &t), E_LIMIT);
    arena_free(small);
    db_close(db);
}

/* ---- migrations ---- */

TEST(migrations_run_once_and_in_order)
{
    struct migrate_report r;
    expect_ok(migrate_run(path_in(T), steps, 2, &r));
    expect_i(r.applied, 2);
    expect_ok(migrate_run(path_in(T), steps, COUNT(steps), &r));
    expect(r.before == 2 && r.applied == 1);
    expect_ok(migrate_run(path_in(T), steps, COUNT(steps), &r));
    expect_i(r.applied, 0);
}

TEST(data_of_a_newer_release_is_refused_untouched)
{
    struct migrate_report r;
    expect_ok(migrate_run(path_in(T), steps, COUNT(steps), &r));
    expect_err(migrate_run(path_in(T), steps, 2, &r), E_CONFLICT);
    expect(strstr(r.why, "things/002") && strstr(r.why, "newer release"));
}

TEST(a_file_of_another_program_is_refused)
{
    struct migrate_report r;
    struct db *db = NULL;
    tamper(T, "CREATE TABLE diary (day INTEGER)");
    expect_err(migrate_run(path_in(T), steps, COUNT(steps), &r), E_CORRUPT);
    expect_err(db_open(&(struct db_options){ path_in(T), true, 0, 0, 0 }, &db), E_CORRUPT);
}

TEST(a_step_that_fails_on_the_data_leaves_it_as_it_was)
{
    struct migrate_report r;
    struct db *db = writer(T);
    expect_ok(add(db, T, 1));
    expect_ok(add(db, T, 2));
    db_close(db);
    struct migrate_step more[COUNT(steps) + 2];
    memcpy(more, steps, sizeof steps);
    more[3] = (struct migrate_step){ "things", "003", "UPDATE thing SET name = 'changed'",
                                     NULL };
    more[4] = (struct migrate_step){ "things", "004",
                                     "CREATE UNIQUE INDEX one_name ON thing (name)", NULL };
    expect_err(migrate_run(path_in(T), more, COUNT(more), &r), E_INVALID);
    expect(strstr(r.why, "things/004") &&
           !os_exists(str_fmt(T->arena, "%s.trial", path_in(T)).p));
    struct thing got;
    db = writer(T);
    expect_ok(db_run(db, &thing_get, &(struct by_id){ 1 }, T->arena, &got));
    expect_s(got.name, S("chair"));
    db_close(db);
}

TEST(a_step_may_not_leave_dangling_references)
{
    struct migrate_report r;
    struct migrate_step more[COUNT(steps) + 1];
    memcpy(more, steps, sizeof steps);
    more[3] = (struct migrate_step){ "other", "002", "INSERT INTO other VALUES (1, 99)",
                                     NULL };
    expect_err(migrate_run(path_in(T), more, COUNT(more), &r), E_INVALID);
    expect(strstr(r.why, "other/002"));
}

/* ---- a failing disk ---- */

/* One group: three calls in savepoints, then the commit. True when the group was acknowledged. */
static bool group(struct db *db, struct T *T, i64 first)
{
    if (db_begin(db) != E_NONE)
        return false;
    for (i64 i = 0; i < 3; i++) {
        err e = db_save(db);
        if (e == E_NONE)
            e = add(db, T, first + i);
        if (e == E_NONE)
            e = db_save_keep(db);
        if (e != E_NONE || !db_in_transaction(db)) {
            db_rollback(db);
            return false;
        }
    }
    bool done = db_commit(db) == E_NONE;
    db_rollback(db);
    return done;
}

static void fail_at_each_point(struct T *T, enum fault_kind kind, bool persistent)
{
    struct db *db = writer(T);
    size_t acknowledged = 0;
    i64 id = 1;
    bool hit = true;
    for (u32 n = 1; hit; n++) {
        fault_arm(kind, n, persistent);
        bool done = group(db, T, id);
        hit = fault_disarm();
        expect(done || hit);
        size_t is = count(db, T);
        if (done || is == acknowledged + 3) /* a failed commit may still be found later, whole */
            acknowledged += 3;
        expect_i(is, acknowledged);
        id += 3;
        expect(n < 200);
    }
    db_close(db);
    db = writer(T);
    expect_i(count(db, T), acknowledged);
    str report;
    expect_ok(db_verify(db, T->arena, &report));
    db_close(db);
}

TEST(a_full_disk_loses_no_acknowledged_group_once)
{
    fail_at_each_point(T, FAULT_DISK, false);
}
TEST(a_full_disk_loses_no_acknowledged_group_for_long)
{
    fail_at_each_point(T, FAULT_DISK, true);
}
TEST(failing_statements_leave_whole_groups) { fail_at_each_point(T, FAULT_DB, false); }

TEST(a_full_disk_is_told_apart_from_a_broken_one)
{
    struct db *db = writer(T);
    expect_ok(db_begin(db));
    expect_ok(add(db, T, 1));
    fault_arm(FAULT_DISK, 1, true);
    expect_err(db_commit(db), E_FULL);
    expect(fault_disarm());
    db_rollback(db);
    expect(!db_in_transaction(db));
    expect_i(count(db, T), 0);
    db_close(db);
}

/* The child commits groups and says so through shared memory; it is killed at a random moment. */
TEST(killed_at_any_moment_keeps_what_was_acknowledged)
{
    _Atomic i64 *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                             0);
    must(told != MAP_FAILED);
    struct rng_seeded r = { T->seed };
    db_close(writer(T));
    for (int round = 0; round < 25; round++) {
        pid_t pid = fork();
        must(pid >= 0);
        if (pid == 0) {
            struct db *db = writer(T);
            for (i64 n = *told; group(db, T, n * 3 + 1); n++)
                *told = n + 1;
            _exit(3);
        }
        useconds_t more = test_on_pg() ? 100000 : 0; /* it has to connect */
        (void)usleep(more + (useconds_t)(3000 + rng_next_below(&r, 20000)));
        must(kill(pid, SIGKILL) == 0);
        int status;
        must(waitpid(pid, &status, 0) == pid);
        expect(WIFSIGNALED(status));
        struct db *db = writer(T);
        struct thing got;
        i64 n = *told;
        if (n)
            expect_ok(db_run(db, &thing_get, &(struct by_id){ n * 3 }, T->arena, &got));
        i64 next = n * 3 + 1; /* the group under way: all of it or none */
        err e = db_run(db, &thing_get, &(struct by_id){ next }, T->arena, &got);
        if (e == E_NONE) {
            expect_ok(db_run(db, &thing_get, &(struct by_id){ next + 2 }, T->arena, &got));
            *told = n + 1;
        }
        expect_err(db_run(db, &thing_get, &(struct by_id){ next + 3 }, T->arena, &got),
                   E_NOT_FOUND);
        db_close(db);
    }
    expect(*told > 0);
    must(munmap((void *)(uintptr_t)told, 4096) == 0);
}
