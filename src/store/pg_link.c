/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to PostgreSQL: what every session of ours has set, who may write, and what the
 * database's states mean here. Commits are durable when they return whatever the server's default
 * is. One session at a time holds the writer's lock of a database, so that two servers started on
 * one store by mistake do not both believe to be its only writer. */
#include <string.h>

#include "base/str.h"
#include "store/pg.h"

#define SESSION_SETTINGS                                                \
    "SET client_min_messages = warning; SET tcp_keepalives_idle = 20; " \
    "SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; "   \
    "SELECT set_config('synchronous_commit', 'on', false)"              \
    " WHERE current_setting('synchronous_commit') = 'off';"
/* 0x4f555457, "OUTW", and what is locked. */
#define LOCK_WRITER "1330992215, 1"

static const char *const settings[] = {
    [PG_READ] = SESSION_SETTINGS "SET default_transaction_read_only = on;"
                                 "SET statement_timeout = '30s'; SET lock_timeout = '5s'",
    [PG_WRITE] = SESSION_SETTINGS "SET default_transaction_isolation = 'read committed';"
                                  "SET statement_timeout = '30s'; SET lock_timeout = '5s'",
    [PG_OWN] = SESSION_SETTINGS "SET statement_timeout = 0; SET lock_timeout = '30s'",
};

static bool is_class(const char *state, const char *class)
{
    return !strncmp(state, class, 2);
}

static err err_of_state(const char *s)
{
    static const struct {
        const char *state;
        err e;
    } known[] = {
        { "40001", E_BUSY },    { "40P01", E_BUSY },    { "55P03", E_BUSY },
        { "53300", E_BUSY },    { "53100", E_FULL },    { "53200", E_LIMIT },
        { "22021", E_INVALID }, { "22P05", E_INVALID }, { "XX001", E_CORRUPT },
        { "XX002", E_CORRUPT },
    };
    for (size_t i = 0; i < COUNT(known); i++)
        if (!strcmp(s, known[i].state))
            return known[i].e;
    if (is_class(s, "23"))
        return E_CONFLICT;
    if (is_class(s, "08") || is_class(s, "57"))
        return E_BUSY;
    if (is_class(s, "54"))
        return E_LIMIT;
    return is_class(s, "58") ? E_IO : E_INTERNAL;
}

err pg_err(const PGconn *c, const PGresult *r)
{
    ExecStatusType status = r ? PQresultStatus(r) : PGRES_FATAL_ERROR;
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY ||
        status == PGRES_PIPELINE_SYNC)
        return E_NONE;
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    if (state)
        return err_of_state(state);
    return PQstatus(c) == CONNECTION_BAD ? E_BUSY : E_INTERNAL;
}

err pg_exec(PGconn *c, const char *text)
{
    PGresult *r = PQexec(c, text);
    err e = pg_err(c, r);
    PQclear(r);
    return e;
}

err pg_number(PGconn *c, const char *text, i64 *ret)
{
    PGresult *r = PQexec(c, text);
    err e = pg_err(c, r);
    if (e == E_NONE)
        e = PQntuples(r) < 1 ? E_NOT_FOUND : str_i64(str_from(PQgetvalue(r, 0, 0)), ret);
    PQclear(r);
    return e;
}

static void no_notice(UNUSED void *arg, UNUSED const PGresult *r) {}

static err say(char why[256], err e, const char *text)
{
    if (why)
        (void)snprintf(why, 256, "%s", text);
    return e;
}

static err set_up(PGconn *c, enum pg_use use, char why[256])
{
    if (PQserverVersion(c) < 130000)
        return say(why, E_CORRUPT, "PostgreSQL 13 or later is needed");
    const char *encoding = PQparameterStatus(c, "server_encoding");
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return say(why, E_CORRUPT, "the database must be created with encoding UTF8");
    err e = pg_exec(c, settings[use]);
    if (e == E_NONE && use == PG_WRITE)
        e = pg_exec(c, "SELECT pg_advisory_lock(" LOCK_WRITER ")");
    return e == E_NONE ? e : say(why, e, PQerrorMessage(c));
}

err pg_link(const char *conninfo, enum pg_use use, PGconn **ret, char why[256])
{
    /* What the conninfo says stands after our wishes, and wins. */
    const char *const keys[] = { "connect_timeout", "application_name", "dbname", "client_encoding",
                                 NULL };
    const char *const values[] = { "5", "outwork", conninfo, "UTF8", NULL };
    PGconn *c = PQconnectdbParams(keys, values, 1);
    (void)PQsetNoticeReceiver(c, no_notice, NULL);
    err e = E_BUSY;
    if (PQstatus(c) == CONNECTION_OK)
        e = set_up(c, use, why);
    else
        (void)say(why, e, PQerrorMessage(c));
    if (e != E_NONE) {
        PQfinish(c);
        return e;
    }
    *ret = c;
    return E_NONE;
}
