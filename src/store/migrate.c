/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations. The store records the steps it has taken and which module made which table (the
 * writers' authorizer reads that). A store with data is copied first and the waiting steps run
 * on the copy, so that a step that cannot work there stops the start before the data was
 * touched. Foreign keys rest during a step, so that a table may be rebuilt, and are checked
 * before its commit. */
#include "store/migrate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/os.h"
#include "store/db.h"
#include "store/migrate_in.h"
#include "store/sqlite.h"

struct run {
    struct plan p;
    sqlite3 *s;
};

err migrate_why(struct migrate_report *r, err e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(r->why, sizeof r->why, fmt, ap);
    va_end(ap);
    return e;
}

static err why_sqlite(struct run *r, err e, const char *what)
{
    return migrate_why(r->p.report, e, "%s: %s", what, sqlite3_errmsg(r->s));
}

static const char own_tables[] = "CREATE TABLE IF NOT EXISTS schema_step (module TEXT NOT NULL, "
                                 "name TEXT NOT NULL, at INTEGER NOT NULL,"
                                 " PRIMARY KEY (module, name)) STRICT, WITHOUT ROWID;"
                                 "CREATE TABLE IF NOT EXISTS schema_table (name TEXT NOT NULL "
                                 "PRIMARY KEY, module TEXT NOT NULL)"
                                 " STRICT, WITHOUT ROWID;";

err migrate_found(struct plan *p, const char *module, const char *name)
{
    size_t i = 0;
    while (i < p->n && (strcmp(p->steps[i].module, module) || strcmp(p->steps[i].name, name)))
        i++;
    if (i == p->n)
        return migrate_why(p->report, E_CONFLICT,
                           "this data was written by a newer release: it holds step %s/%s, "
                           "unknown here; install that release or restore an older backup",
                           module, name);
    p->done[i] = true;
    p->report->before++;
    return E_NONE;
}

static err read_done(struct run *r)
{
    sqlite3_stmt *q = NULL;
    err e = E_NONE;
    int rc = sqlite3_prepare_v2(r->s, "SELECT module, name FROM schema_step", -1, &q, NULL);
    r->p.report->before = 0;
    while (rc == SQLITE_OK && e == E_NONE && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        e = migrate_found(&r->p, (const char *)sqlite3_column_text(q, 0),
                          (const char *)sqlite3_column_text(q, 1));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    return e == E_NONE && rc != SQLITE_DONE ? why_sqlite(r, store_err(rc), "reading the steps") : e;
}

err migrate_order(const struct plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t later = i + 1; later < p->n && !p->done[i]; later++)
            if (p->done[later] && !strcmp(p->steps[i].module, p->steps[later].module))
                return migrate_why(p->report, E_CONFLICT,
                                   "step %s/%s is missing although %s/%s was taken",
                                   p->steps[i].module, p->steps[i].name, p->steps[later].module,
                                   p->steps[later].name);
    return E_NONE;
}

static const char step_taken[] = "INSERT INTO schema_step (module, name, at) VALUES (?1, ?2, ?3)";
static const char tables_made[] =
    "INSERT INTO schema_table (name, module) SELECT name, ?1 FROM sqlite_schema"
    " WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " AND name NOT IN (SELECT name FROM schema_table)";
static const char tables_gone[] = "DELETE FROM schema_table WHERE name NOT IN (SELECT name FROM "
                                  "sqlite_schema WHERE type = 'table')";

static err record(struct run *r, const struct migrate_step *step)
{
    const char *const texts[] = { step_taken, tables_made, tables_gone };
    for (size_t i = 0; i < COUNT(texts); i++) {
        sqlite3_stmt *q = NULL;
        int rc = sqlite3_prepare_v2(r->s, texts[i], -1, &q, NULL);
        if (rc == SQLITE_OK && i < 2)
            rc = sqlite3_bind_text(q, 1, step->module, -1, SQLITE_STATIC);
        if (rc == SQLITE_OK && i == 0)
            rc = sqlite3_bind_text(q, 2, step->name, -1, SQLITE_STATIC);
        if (rc == SQLITE_OK && i == 0)
            rc = sqlite3_bind_int64(q, 3, os_now());
        if (rc == SQLITE_OK)
            rc = sqlite3_step(q);
        sqlite3_finalize(q);
        if (rc != SQLITE_DONE)
            return store_err(rc);
    }
    return E_NONE;
}

static err step_body(struct run *r, const struct migrate_step *step)
{
    i64 broken = 0;
    TRY(store_exec(r->s, step->sql));
    if (sqlite3_get_autocommit(r->s))
        return migrate_why(r->p.report, E_INVALID, "step %s/%s ends its own transaction",
                           step->module, step->name);
    TRY(record(r, step));
    TRY(store_number(r->s, "SELECT count(*) FROM pragma_foreign_key_check", &broken));
    if (broken)
        return migrate_why(r->p.report, E_INVALID,
                           "step %s/%s leaves %lld rows without what they refer to", step->module,
                           step->name, (long long)broken);
    return store_exec(r->s, "COMMIT");
}

static err step_run(struct run *r, const struct migrate_step *step)
{
    r->p.report->why[0] = 0;
    err e = store_exec(r->s, "BEGIN IMMEDIATE");
    if (e == E_NONE)
        e = step_body(r, step);
    if (e == E_NONE)
        return e;
    if (!r->p.report->why[0])
        e = migrate_why(r->p.report, e == E_INTERNAL || e == E_CONFLICT ? E_INVALID : e,
                        "step %s/%s: %s", step->module, step->name, sqlite3_errmsg(r->s));
    if (!sqlite3_get_autocommit(r->s))
        IGNORE(store_exec(r->s, "ROLLBACK"));
    return e;
}

/* Takes every waiting step in the file at path. */
static err run_file(struct run *r, const char *path)
{
    u32 applied = 0;
    memset(r->p.done, 0, r->p.n);
    err e = store_open(path, true, &r->s);
    if (e != E_NONE)
        return migrate_why(r->p.report, e, "%s: cannot be opened as a store", path);
    e = store_exec(r->s, "PRAGMA foreign_keys = OFF");
    if (e == E_NONE)
        e = store_exec(r->s, own_tables);
    if (e != E_NONE)
        e = why_sqlite(r, e, path);
    else
        e = read_done(r);
    if (e == E_NONE)
        e = migrate_order(&r->p);
    for (size_t i = 0; e == E_NONE && i < r->p.n; i++)
        if (!r->p.done[i]) {
            e = step_run(r, &r->p.steps[i]);
            applied += e == E_NONE;
        }
    must(sqlite3_close(r->s) == SQLITE_OK);
    r->s = NULL;
    r->p.report->applied = applied;
    return e;
}

static void remove_copy(struct scratch *s, const char *path)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < COUNT(ends); i++)
        (void)unlink(str_fmt(s->a, "%s%s", path, ends[i]).p);
}

/* Whether there is data and a step waits: only then is a copy worth its time. */
static err waiting(struct run *r, const char *path, bool *ret)
{
    i64 n = 0;
    *ret = false;
    if (!os_exists(path))
        return E_NONE;
    err e = store_open(path, true, &r->s);
    if (e != E_NONE)
        return migrate_why(r->p.report, e, "%s: cannot be opened as a store", path);
    e = store_number(r->s, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_step'", &n);
    if (e == E_NONE && n) {
        e = read_done(r);
        *ret = r->p.report->before > 0 && r->p.report->before < r->p.n;
    }
    must(sqlite3_close(r->s) == SQLITE_OK);
    r->s = NULL;
    return e;
}

static err copy_of(struct run *r, const char *path, const char *copy)
{
    struct db *db = NULL;
    err e = db_open(&(struct db_options){ .path = path, .write = true }, &db);
    if (e == E_NONE)
        e = db_copy(db, copy);
    if (e != E_NONE)
        e = migrate_why(r->p.report, e, "copying the data before a migration: %s",
                        db ? db_error_text(db) : err_text(e));
    db_close(db);
    return e;
}

err migrate_run(const char *path, const struct migrate_step *steps, size_t n,
                struct migrate_report *ret)
{
    SCRATCH(s);
    struct run r = { .p = { steps, n, NEW_N(s.a, bool, n), ret } };
    bool try_first = false;
    *ret = (struct migrate_report){ 0 };
    if (db_is_postgres(path))
        return migrate_pg(path, &r.p);
    TRY(waiting(&r, path, &try_first));
    if (try_first) {
        str copy = str_fmt(s.a, "%s.trial", path);
        remove_copy(&s, copy.p);
        err e = copy_of(&r, path, copy.p);
        if (e == E_NONE)
            e = run_file(&r, copy.p);
        remove_copy(&s, copy.p);
        TRY(e);
    }
    return run_file(&r, path);
}
