/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations on PostgreSQL. One node at a time, under a lock of the session. A database with data
 * takes all waiting steps once in a transaction that is undone, so that a step that cannot work
 * there stops the start before anything was changed; then each step in a transaction of its own. */
#include <string.h>

#include "base/os.h"
#include "store/dialect.h"
#include "store/migrate_in.h"
#include "store/pg.h"

struct pg_run {
    struct plan *p;
    PGconn *c;
    struct arena *a;
};

#define OF_THE_SCHEMA                                                                            \
    " FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"

static const char own_tables[] =
    "CREATE TABLE IF NOT EXISTS schema_step (module TEXT COLLATE \"C\" NOT NULL,"
    " name TEXT COLLATE \"C\" NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (module, name));"
    "CREATE TABLE IF NOT EXISTS schema_table (name TEXT COLLATE \"C\" NOT NULL PRIMARY KEY,"
    " module TEXT COLLATE \"C\" NOT NULL);";

static err why_pg(struct pg_run *r, err e, const char *what)
{
    return migrate_why(r->p->report, e, "%s: %s", what, PQerrorMessage(r->c));
}

/* Tables of another program, and none of ours. */
static err check_owner(struct pg_run *r)
{
    i64 ours = 0, all = 0;
    TRY(pg_number(r->c, "SELECT count(*)" OF_THE_SCHEMA " AND relname = 'schema_step'", &ours));
    TRY(pg_number(r->c, "SELECT count(*)" OF_THE_SCHEMA, &all));
    if (!ours && all)
        return migrate_why(r->p->report, E_CORRUPT,
                           "the database holds tables of another program");
    return pg_exec(r->c, own_tables);
}

static err read_done(struct pg_run *r)
{
    PGresult *rows = PQexec(r->c, "SELECT module, name FROM schema_step");
    err e = pg_err(r->c, rows);
    for (int i = 0; e == E_NONE && i < PQntuples(rows); i++)
        e = migrate_found(r->p, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1));
    PQclear(rows);
    return e;
}

static err record(struct pg_run *r, const struct migrate_step *step)
{
    static const char *const texts[] = {
        "INSERT INTO schema_step (module, name, at) VALUES ($1, $2, $3::bigint)",
        "INSERT INTO schema_table (name, module) SELECT relname::text, $1" OF_THE_SCHEMA
        " AND relname::text NOT IN (SELECT name FROM schema_table)",
        "DELETE FROM schema_table WHERE name NOT IN (SELECT relname::text" OF_THE_SCHEMA ")",
    };
    str now = str_fmt(r->a, "%lld", (long long)os_now());
    const char *const values[] = { step->module, step->name, now.p };
    static const int values_n[] = { 3, 1, 0 };
    err e = E_NONE;
    for (size_t i = 0; e == E_NONE && i < COUNT(texts); i++) {
        PGresult *done = PQexecParams(r->c, texts[i], values_n[i], NULL, values, NULL, NULL, 0);
        e = pg_err(r->c, done);
        PQclear(done);
    }
    return e;
}

static err step_body(struct pg_run *r, const struct migrate_step *step)
{
    const char *text = step->postgres ? step->postgres : dialect_schema(r->a, step->sql).p;
    TRY(pg_exec(r->c, text));
    if (PQtransactionStatus(r->c) != PQTRANS_INTRANS)
        return migrate_why(r->p->report, E_INVALID, "step %s/%s ends its own transaction",
                           step->module, step->name);
    return record(r, step);
}

static err step_run(struct pg_run *r, const struct migrate_step *step)
{
    r->p->report->why[0] = 0;
    err e = step_body(r, step);
    if (e == E_NONE || r->p->report->why[0])
        return e;
    return migrate_why(r->p->report, e == E_INTERNAL || e == E_CONFLICT ? E_INVALID : e,
                       "step %s/%s: %s", step->module, step->name, PQerrorMessage(r->c));
}

/* All waiting steps in one transaction, undone. */
static err rehearse(struct pg_run *r)
{
    err e = pg_exec(r->c, "BEGIN");
    for (size_t i = 0; e == E_NONE && i < r->p->n; i++)
        if (!r->p->done[i])
            e = step_run(r, &r->p->steps[i]);
    IGNORE(pg_exec(r->c, "ROLLBACK"));
    return e;
}

static err take_steps(struct pg_run *r)
{
    for (size_t i = 0; i < r->p->n; i++) {
        if (r->p->done[i])
            continue;
        err e = pg_exec(r->c, "BEGIN");
        if (e == E_NONE)
            e = step_run(r, &r->p->steps[i]);
        if (e == E_NONE)
            e = pg_exec(r->c, "COMMIT");
        if (e != E_NONE) {
            IGNORE(pg_exec(r->c, "ROLLBACK"));
            return e;
        }
        r->p->report->applied++;
    }
    return E_NONE;
}

static err run(struct pg_run *r)
{
    err e = pg_exec(r->c, "SELECT pg_advisory_lock(1330992215, 2)");
    if (e == E_NONE)
        e = check_owner(r);
    if (e == E_NONE)
        e = read_done(r);
    if (e == E_NONE)
        e = migrate_order(r->p);
    if (e == E_NONE && r->p->report->before > 0 && r->p->report->before < r->p->n)
        e = rehearse(r);
    if (e == E_NONE)
        e = take_steps(r);
    return e == E_NONE || r->p->report->why[0] ? e : why_pg(r, e, "migrating");
}

err migrate_pg(const char *conninfo, struct plan *p)
{
    SCRATCH(s);
    struct pg_run r = { .p = p, .a = s.a };
    char why[256] = "";
    err e = pg_link(conninfo, PG_OWN, &r.c, why);
    if (e != E_NONE)
        return migrate_why(p->report, e, "%s", why);
    e = run(&r);
    PQfinish(r.c);
    return e;
}
