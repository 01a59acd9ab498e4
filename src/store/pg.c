/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to PostgreSQL. Everything travels in libpq's pipeline mode: BEGIN and savepoints
 * are not sent by themselves but with the statement that follows them, so that a call costs one
 * round trip a statement and a commit one more. A transaction ends in one of three ways: committed,
 * rolled back, or gone with its connection; in the last case every statement fails with E_BUSY
 * until the owner has noticed (db_rollback, db_read_end), so that nothing meant for a transaction
 * ever runs outside of one. Lost connections are made again with the next use, at most four times a
 * second. */
#include "store/pg.h"

#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/os.h"
#include "store/dialect.h"

enum { PENDING_MAX = 8, ROW_ON_STACK = 1024 };
static const usec retry_after = 250 * USEC_MS;

static const char *const own_text[OWN_N] = {
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT call",
    "RELEASE call",
    "ROLLBACK TO call",
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "COMMIT",
};

struct pg {
    struct db base;
    PGconn *c; /* NULL: lost */
    const char *conninfo;
    u32 life;  /* grows with each connection: what was prepared before is gone */
    u32 names; /* statements prepared so far */
    usec retry_at;
    bool expected; /* somebody believes to be in a transaction */
    err broken;    /* why the open transaction takes no more statements */
    enum own pending[PENDING_MAX];
    size_t pending_n;
};

struct prepared {
    u32 life;
    char name[16];
};

static struct pg *pg_of(struct db *db)
{
    return (struct pg *)(void *)db;
}

static void lost(struct pg *p)
{
    PQfinish(p->c);
    p->c = NULL;
    p->pending_n = 0;
}

static err unsent(struct pg *p)
{
    lost(p);
    return E_BUSY;
}

/* ---- one trip ---- */

static err send_own(struct pg *p)
{
    for (size_t i = 0; i < p->pending_n; i++)
        if (!PQsendQueryParams(p->c, own_text[p->pending[i]], 0, NULL, NULL, NULL, NULL, 0))
            return E_BUSY;
    return E_NONE;
}

/* The next statement's result, noted when it is an error. */
static err receive(struct pg *p, const char *what, PGresult **ret)
{
    PGresult *r = PQgetResult(p->c), *more;
    err e = pg_err(p->c, r);
    if (e != E_NONE && r && PQresultStatus(r) != PGRES_PIPELINE_ABORTED) {
        const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
        (void)db_note(&p->base, e, what, text ? text : PQerrorMessage(p->c));
    }
    while (r && PQstatus(p->c) == CONNECTION_OK && (more = PQgetResult(p->c)))
        PQclear(more);
    if (ret && e == E_NONE)
        *ret = r;
    else
        PQclear(r);
    return e;
}

static err first_of(err one, err two)
{
    return one != E_NONE ? one : two;
}

/* Sends what is pending and what the caller has sent behind it (replies many results, the last of
 * which is handed out), and takes it all back. */
static err trip(struct pg *p, const char *what, int replies, PGresult **ret)
{
    PGresult *last = NULL;
    err e = E_NONE;
    if (fault_hit(FAULT_SOCKET))
        (void)shutdown(PQsocket(p->c), SHUT_RDWR);
    if (!PQpipelineSync(p->c))
        e = E_BUSY;
    for (size_t i = 0; i < p->pending_n && PQstatus(p->c) == CONNECTION_OK; i++)
        e = first_of(e, receive(p, own_text[p->pending[i]], i + 1 == p->pending_n ? &last : NULL));
    for (; replies > 0 && PQstatus(p->c) == CONNECTION_OK; replies--) {
        PQclear(last);
        last = NULL;
        e = first_of(e, receive(p, what, &last));
    }
    if (PQstatus(p->c) == CONNECTION_OK)
        PQclear(PQgetResult(p->c)); /* the sync */
    p->pending_n = 0;
    if (PQstatus(p->c) != CONNECTION_OK) {
        e = db_note(&p->base, E_BUSY, what, "the connection was lost");
        lost(p);
    } else if (e != E_NONE && PQtransactionStatus(p->c) == PQTRANS_INERROR) {
        p->broken = e;
    }
    if (e == E_NONE && ret)
        *ret = last;
    else
        PQclear(last);
    return e;
}

/* ---- the connection ---- */

static err connect_again(struct pg *p)
{
    char why[256] = "";
    if (os_mono() < p->retry_at)
        return db_note(&p->base, E_BUSY, "connect", "the database does not answer");
    err e = pg_link(p->conninfo, p->base.write ? PG_WRITE : PG_READ, &p->c, why);
    if (e != E_NONE) {
        p->c = NULL;
        p->retry_at = os_mono() + retry_after;
        return db_note(&p->base, e, "connect", why);
    }
    must(PQenterPipelineMode(p->c));
    p->life++;
    p->broken = E_NONE;
    return E_NONE;
}

static bool pg_in_transaction(const struct db *db)
{
    const struct pg *p = (const struct pg *)(const void *)db;
    if (!p->c)
        return false;
    if (p->pending_n && (p->pending[0] == OWN_BEGIN || p->pending[0] == OWN_READ))
        return true;
    PGTransactionStatusType s = PQtransactionStatus(p->c);
    return s == PQTRANS_INTRANS || s == PQTRANS_INERROR;
}

/* Ready for a statement: connected, and in a transaction if one is believed in. */
static err ready(struct pg *p, const char *what)
{
    if (p->expected && !pg_in_transaction(&p->base))
        return db_note(&p->base, E_BUSY, what, "the transaction is gone with its connection");
    if (p->broken != E_NONE)
        return db_note(&p->base, p->broken, what, "an earlier statement of this call failed");
    return p->c ? E_NONE : connect_again(p);
}

/* ---- transactions ---- */

static void push(struct pg *p, enum own which)
{
    must(p->pending_n < PENDING_MAX);
    p->pending[p->pending_n++] = which;
}

/* Takes back a pending command that nothing has followed. */
static bool took_back(struct pg *p, enum own which)
{
    if (!p->pending_n || p->pending[p->pending_n - 1] != which)
        return false;
    p->pending_n--;
    return true;
}

static err begin(struct pg *p, enum own which)
{
    p->expected = false;
    if (p->c && PQstatus(p->c) != CONNECTION_OK)
        lost(p);
    TRY(ready(p, own_text[which]));
    push(p, which);
    p->expected = true;
    return E_NONE;
}

static err send_now(struct pg *p, enum own which, PGresult **ret)
{
    push(p, which);
    err e = send_own(p);
    return e == E_NONE ? trip(p, own_text[which], 0, ret) : unsent(p);
}

/* A COMMIT that the database turned into a ROLLBACK is an error that it does not call one. A full
 * disk on order is what it would be there: the commit fails, and nothing of it is left. */
static err end(struct pg *p, enum own which)
{
    PGresult *r = NULL;
    err why = p->broken;
    bool full = false;
    p->expected = false;
    p->broken = E_NONE;
    if (took_back(p, OWN_BEGIN) || took_back(p, OWN_READ) || !pg_in_transaction(&p->base))
        return E_NONE;
    if (which == OWN_COMMIT && fault_hit(FAULT_DISK)) {
        full = true;
        which = OWN_ROLLBACK;
    }
    err e = send_now(p, which, &r);
    if (e == E_NONE && which == OWN_COMMIT && strcmp(PQcmdStatus(r), "COMMIT") != 0)
        e = db_note(&p->base, why != E_NONE ? why : E_INTERNAL, "COMMIT", "it was rolled back");
    PQclear(r);
    return full ? db_note(&p->base, E_FULL, "COMMIT", "no room, on order") : e;
}

static err undo(struct pg *p)
{
    if (took_back(p, OWN_SAVE))
        return E_NONE;
    push(p, OWN_UNDO);
    err e = send_now(p, OWN_KEEP, NULL);
    if (e == E_NONE)
        p->broken = E_NONE;
    return e;
}

static err pg_own(struct db *db, enum own which)
{
    struct pg *p = pg_of(db);
    switch (which) {
    case OWN_BEGIN:
    case OWN_READ: return begin(p, which);
    case OWN_COMMIT:
    case OWN_ROLLBACK:
    case OWN_END: return end(p, which);
    case OWN_UNDO: return undo(p);
    case OWN_SAVE:
        TRY(ready(p, own_text[which]));
        push(p, which);
        return E_NONE;
    case OWN_KEEP:
        TRY(ready(p, own_text[which]));
        if (!took_back(p, OWN_SAVE))
            push(p, which);
        return E_NONE;
    case OWN_N: break;
    }
    return E_INTERNAL;
}

/* ---- statements ---- */

static const char *text_of(struct pg *p, const struct stmt *st)
{
    return st->postgres ? st->postgres : dialect_query(p->base.arena, st->sqlite).p;
}

/* What SQLite's authorizer refuses there. */
static bool foreign(const struct pg *p, const struct stmt *st, const char *text)
{
    str table;
    for (size_t i = 0; (table = dialect_changes(text, i)).p; i++)
        if (!st->writes || !db_may_change(&p->base, st->module, table))
            return true;
    return false;
}

static err prepare(struct pg *p, const struct stmt *st, struct prepared **ret)
{
    struct prepared **at = (struct prepared **)slots_at(&p->base.slots, p->base.arena, st);
    PGresult *r = NULL;
    Oid types[PG_PARAMS_MAX];
    if (LIKELY(*at && (*at)->life == p->life)) {
        *ret = *at;
        return E_NONE;
    }
    struct prepared *q = *at ? *at : NEW(p->base.arena, struct prepared);
    const char *text = text_of(p, st);
    if (st->params_n > PG_PARAMS_MAX)
        return db_note(&p->base, E_INTERNAL, st->name, "too many parameters");
    if (foreign(p, st, text))
        return db_note(&p->base, E_INTERNAL, st->name,
                       "not authorized to change a table of another module");
    for (int i = 0; i < st->params_n; i++)
        types[i] = pg_param_type(&st->params[i]);
    (void)snprintf(q->name, sizeof q->name, "s%u", p->names++);
    TRY(send_own(p));
    bool sent = PQsendPrepare(p->c, q->name, text, st->params_n, types) &&
                PQsendDescribePrepared(p->c, q->name);
    err e = sent ? trip(p, st->name, 2, &r) : unsent(p);
    TRY(e);
    const char *wrong = pg_mismatch(r, st);
    PQclear(r);
    if (wrong)
        return db_note(&p->base, E_INTERNAL, st->name, wrong);
    q->life = p->life;
    *at = q;
    *ret = q;
    return E_NONE;
}

static err pg_check(struct db *db, const struct stmt *st)
{
    struct pg *p = pg_of(db);
    struct prepared *q;
    TRY(ready(p, st->name));
    err e = prepare(p, st, &q);
    return e == E_NONE || e == E_BUSY ? e : E_INTERNAL;
}

static err take_one(struct db *db, const struct stmt *st, const PGresult *r, struct arena *out,
                    void *ret)
{
    _Alignas(16) char small[ROW_ON_STACK];
    if (PQntuples(r) == 0)
        return E_NOT_FOUND;
    char *row = st->row_size <= sizeof small ? small : arena_get_raw(out, st->row_size, 16);
    memset(row, 0, st->row_size);
    TRY(pg_take_row(db, (struct pg_row){ st, r, 0 }, out, row));
    if (arena_doomed(out))
        return E_LIMIT;
    memcpy(ret, row, st->row_size);
    return E_NONE;
}

static err take_many(struct db *db, const struct stmt *st, const PGresult *r, struct arena *out,
                     void *ret)
{
    struct rows rows = { 0 };
    size_t room = 0;
    for (int i = 0; i < PQntuples(r); i++) {
        TRY(rows_room(&rows, &room, st->row_size, out));
        void *row = (char *)rows.at + rows.n * st->row_size;
        TRY(pg_take_row(db, (struct pg_row){ st, r, i }, out, row));
        rows.n++;
    }
    if (arena_doomed(out))
        return E_LIMIT;
    *(struct rows *)ret = rows;
    return E_NONE;
}

static err take(struct db *db, const struct stmt *st, PGresult *r, struct arena *out, void *ret)
{
    i64 n = 0;
    if (st->shape == STMT_ONE)
        return take_one(db, st, r, out, ret);
    if (st->shape == STMT_MANY)
        return take_many(db, st, r, out, ret);
    if (ret) {
        IGNORE(str_i64(str_from(PQcmdTuples(r)), &n));
        *(i64 *)ret = n;
    }
    return E_NONE;
}

static err pg_run(struct db *db, const struct stmt *st, const void *in, struct arena *out,
                  void *ret)
{
    struct pg *p = pg_of(db);
    struct prepared *q;
    struct pg_args a;
    PGresult *r = NULL;
    TRY(ready(p, st->name));
    TRY(prepare(p, st, &q));
    pg_args(st, in, &a);
    TRY(send_own(p));
    bool sent = PQsendQueryPrepared(p->c, q->name, a.n, a.at, a.len, a.format, 1);
    err e = sent ? trip(p, st->name, 1, &r) : unsent(p);
    if (e == E_NONE)
        e = take(db, st, r, out, ret);
    PQclear(r);
    return e;
}

/* ---- the whole store ---- */

static err pg_copy(struct db *db, UNUSED const char *to)
{
    return db_note(db, E_INVALID, "copy", "PostgreSQL has its own tools for copies");
}

static err report_rows(struct pg *p, const char *text, struct buf *b)
{
    PGresult *r = NULL;
    TRY(ready(p, "verify"));
    TRY(send_own(p));
    if (!PQsendQueryParams(p->c, text, 0, NULL, NULL, NULL, NULL, 0))
        return unsent(p);
    TRY(trip(p, "verify", 1, &r));
    for (int i = 0; b && i < PQntuples(r); i++)
        buf_fmt(b, "%s\n", PQgetvalue(r, i, 0));
    PQclear(r);
    return E_NONE;
}

static err pg_verify(struct db *db, struct arena *out, str *ret_report)
{
    SCRATCH(s);
    struct pg *p = pg_of(db);
    struct buf b = buf_in(out, 65536);
    TRY(report_rows(p,
                    "SELECT 'index ' || indexrelid::regclass || ' is not valid' FROM pg_index"
                    " WHERE NOT indisvalid",
                    &b));
    for (size_t i = 0; i < db->owners_n; i++) {
        str text = str_fmt(s.a, "SELECT sum(length(t::text)) FROM \"%s\" t", db->owners[i].table);
        err e = report_rows(p, text.p, NULL);
        if (e != E_NONE && e != E_CORRUPT)
            return e;
        if (e == E_CORRUPT)
            buf_fmt(&b, "%s\n", db->text);
    }
    *ret_report = buf_str(&b);
    return b.n ? E_CORRUPT : E_NONE;
}

/* ---- opening and closing ---- */

static void pg_close(struct db *db)
{
    PQfinish(pg_of(db)->c);
}

static err owners_load(struct pg *p)
{
    i64 known = 0, tables = 0;
    struct db *db = &p->base;
    TRY(pg_number(p->c, "SELECT (to_regclass('schema_table') IS NOT NULL)::int", &known));
    TRY(pg_number(p->c,
                  "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')"
                  " AND relnamespace = current_schema()::regnamespace",
                  &tables));
    if (!known)
        return tables || !db->write ? E_CORRUPT : E_NONE;
    PGresult *r = PQexec(p->c, "SELECT name, module FROM schema_table");
    err e = pg_err(p->c, r);
    db->owners = NEW_N(db->arena, struct owner, (size_t)MAX(PQntuples(r), 0));
    for (int i = 0; e == E_NONE && i < PQntuples(r); i++)
        db->owners[db->owners_n++] =
            (struct owner){ str_z(db->arena, str_from(PQgetvalue(r, i, 0))),
                            str_z(db->arena, str_from(PQgetvalue(r, i, 1))) };
    PQclear(r);
    return e;
}

static const struct db_kind pg_kind = {
    .gone = E_BUSY,
    .close = pg_close,
    .own = pg_own,
    .in_transaction = pg_in_transaction,
    .check = pg_check,
    .run = pg_run,
    .copy = pg_copy,
    .verify = pg_verify,
};

err pg_open(const struct db_options *o, struct arena *a, struct db **ret)
{
    struct pg *p = NEW(a, struct pg);
    *p = (struct pg){ .base = { .kind = &pg_kind, .arena = a, .write = o->write }, .life = 1 };
    p->conninfo = str_z(a, str_from(o->path));
    slots_init(&p->base.slots, a, o->stmts_n);
    TRY(pg_link(p->conninfo, o->write ? PG_WRITE : PG_READ, &p->c, NULL));
    err e = owners_load(p);
    if (e != E_NONE) {
        PQfinish(p->c);
        return e;
    }
    must(PQenterPipelineMode(p->c));
    *ret = &p->base;
    return E_NONE;
}
