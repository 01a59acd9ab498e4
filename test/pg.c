/* SPDX-License-Identifier: Apache-2.0 */
/* Databases for tests: named after the process, so that tests beside each other do not meet, and
 * dropped with the test's arena, so that a long run does not fill the disk. */
#include "test/pg.h"

#include <postgresql/libpq-fe.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/os.h"

static struct {
    const char *conninfo; /* NULL: not made yet */
    pid_t owner;
} state;

bool test_on_pg(void)
{
    const char *store = getenv("OUTWORK_TEST_STORE");
    return store && !strcmp(store, "pg");
}

static bool run(const char *conninfo, const char *sql)
{
    PGconn *c = PQconnectdb(conninfo);
    PGresult *r = PQexec(c, sql);
    bool done = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
    if (!done)
        fprintf(stdout, "  %s: %s", sql, PQerrorMessage(c));
    PQclear(r);
    PQfinish(c);
    return done;
}

static const char *server(struct arena *a, const char *database)
{
    return str_fmt(a, "%s dbname=%s", getenv("OUTWORK_TEST_PG"), database).p;
}

static void drop(void *arg)
{
    struct T *T = arg;
    if (state.owner != getpid())
        return;
    str sql = str_fmt(T->arena, "DROP DATABASE outwork_%d WITH (FORCE)", (int)getpid());
    (void)run(server(T->arena, "postgres"), sql.p);
}

const char *test_pg(struct T *T)
{
    if (state.conninfo)
        return state.conninfo;
    if (!getenv("OUTWORK_TEST_PG"))
        test_skip("no PostgreSQL beside this run (tools/pg-test)");
    str name = str_fmt(T->arena, "outwork_%d", (int)getpid());
    str sql = str_fmt(T->arena, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", name.p);
    expect(run(server(T->arena, "postgres"), sql.p));
    state.conninfo = server(T->arena, name.p);
    state.owner = getpid();
    arena_undo(T->arena, drop, T);
    return state.conninfo;
}

const char *test_store(struct T *T, const char *file)
{
    if (test_on_pg())
        return test_pg(T);
    return str_fmt(T->arena, "%s/%s", T->dir, file).p;
}

void test_pg_exec(struct T *T, const char *sql)
{
    expect(run(test_pg(T), sql));
}

static void copy(struct T *T, const char *from, const char *to)
{
    str bytes;
    expect_ok(os_read_file(T->arena, from, (size_t)1 << 30, &bytes));
    expect_ok(os_write_file(to, bytes, 0600));
}

PRINTF(2, 3) static void on_server(struct T *T, const char *fmt, ...)
{
    char sql[200];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    expect(run(server(T->arena, "postgres"), sql));
}

/* A closed store is one file: its log went with the last connection. */
void test_store_keep(struct T *T, const char *file)
{
    int pid = (int)getpid();
    const char *path = str_fmt(T->arena, "%s/%s", T->dir, file).p;
    if (test_on_pg())
        on_server(T, "CREATE DATABASE outwork_%d_kept TEMPLATE outwork_%d", pid, pid);
    else
        copy(T, path, str_fmt(T->arena, "%s.kept", path).p);
}

void test_store_back(struct T *T, const char *file)
{
    int pid = (int)getpid();
    const char *path = str_fmt(T->arena, "%s/%s", T->dir, file).p;
    if (test_on_pg()) {
        on_server(T, "DROP DATABASE outwork_%d WITH (FORCE)", pid);
        on_server(T, "ALTER DATABASE outwork_%d_kept RENAME TO outwork_%d", pid, pid);
    } else {
        expect(!os_exists(str_fmt(T->arena, "%s-wal", path).p));
        copy(T, str_fmt(T->arena, "%s.kept", path).p, path);
    }
}
