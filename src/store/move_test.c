/* SPDX-License-Identifier: Apache-2.0 */
/* A store carried to PostgreSQL and back is the same store. */
#include <sqlite3.h>

#include "store/migrate.h"
#include "store/move.h"
#include "test/pg.h"

static const struct migrate_step steps[] = {
    { "all", "001",
      "CREATE TABLE parent (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
      "CREATE TABLE child (bytes BLOB NOT NULL, weight REAL, parent INTEGER NOT NULL"
      " REFERENCES parent (id), PRIMARY KEY (parent, bytes)) STRICT, WITHOUT ROWID;"
      "INSERT INTO parent VALUES (1, 'made by a migration')",
      NULL },
};

static void sql(const char *path, const char *text)
{
    sqlite3 *s = NULL;
    expect(sqlite3_open(path, &s) == SQLITE_OK);
    if (sqlite3_exec(s, text, NULL, NULL, NULL) != SQLITE_OK)
        test_failed(__FILE__, __LINE__, "%s", sqlite3_errmsg(s));
    expect(sqlite3_close(s) == SQLITE_OK);
}

/* Both files, by SQLite itself. */
static i64 differences(struct T *T, const char *one, const char *two)
{
    sqlite3 *s = NULL;
    sqlite3_stmt *q = NULL;
    expect(sqlite3_open(one, &s) == SQLITE_OK);
    str attach = str_fmt(T->arena, "ATTACH '%s' AS o", two);
    expect(sqlite3_exec(s, attach.p, NULL, NULL, NULL) == SQLITE_OK);
    static const char text[] =
        "SELECT (SELECT count(*) FROM (SELECT * FROM main.parent EXCEPT SELECT * FROM o.parent))"
        " + (SELECT count(*) FROM (SELECT * FROM o.parent EXCEPT SELECT * FROM main.parent))"
        " + (SELECT count(*) FROM (SELECT * FROM main.child EXCEPT SELECT * FROM o.child))"
        " + (SELECT count(*) FROM (SELECT * FROM o.child EXCEPT SELECT * FROM main.child))";
    expect(sqlite3_prepare_v2(s, text, -1, &q, NULL) == SQLITE_OK);
    expect(sqlite3_step(q) == SQLITE_ROW);
    i64 n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    expect(sqlite3_close(s) == SQLITE_OK);
    return n;
}

static const char *made(struct T *T, const char *place)
{
    struct migrate_report r;
    if (migrate_run(place, steps, COUNT(steps), &r) != E_NONE)
        test_failed(__FILE__, __LINE__, "%s", r.why);
    (void)T;
    return place;
}

static const char *filled(struct T *T)
{
    const char *path = made(T, str_fmt(T->arena, "%s/one.db", T->dir).p);
    sql(path, "UPDATE parent SET text = 'changed since';"
              "INSERT INTO parent VALUES (-9223372036854775808, ''), (2, '\xe4\xb8\xad\n\t\"''');"
              "INSERT INTO child VALUES (x'00ff', -0.5, 1), (x'', NULL, 2), (x'01', 1e308, 2);"
              "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
              " INSERT INTO parent SELECT i, hex(randomblob(20)) FROM n");
    return path;
}

TEST(a_store_goes_to_postgres_and_comes_back_the_same)
{
    struct store_moved moved;
    const char *pg = test_pg(T), *one = filled(T);
    const char *two = str_fmt(T->arena, "%s/two.db", T->dir).p;
    if (store_move(one, made(T, pg), true, &moved) != E_NONE)
        test_failed(__FILE__, __LINE__, "%s", moved.why);
    expect(moved.tables == 2 && moved.rows == 2994 + 3);
    if (store_move(pg, made(T, two), true, &moved) != E_NONE)
        test_failed(__FILE__, __LINE__, "%s", moved.why);
    expect(moved.tables == 2 && moved.rows == 2994 + 3);
    expect_i(differences(T, one, two), 0);
}

TEST(a_target_with_data_is_refused_untouched)
{
    struct store_moved moved;
    const char *pg = made(T, test_pg(T)), *one = filled(T);
    expect_err(store_move(one, pg, false, &moved), E_CONFLICT);
    expect(strstr(moved.why, "holds data already"));
    test_pg_exec(T, "DO $$ BEGIN ASSERT (SELECT count(*) FROM parent) = 1; END $$");
}

TEST(a_row_without_what_it_refers_to_is_not_carried)
{
    struct store_moved moved;
    const char *pg = made(T, test_pg(T)), *one = filled(T);
    sql(one, "PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (x'02', 1, 99999)");
    expect_err(store_move(one, pg, true, &moved), E_CONFLICT);
    test_pg_exec(T, "DO $$ BEGIN ASSERT (SELECT count(*) FROM parent) = 1 AND"
                    " (SELECT count(*) FROM pg_constraint WHERE contype = 'f') = 1; END $$");
}
