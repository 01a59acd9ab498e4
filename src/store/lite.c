/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to SQLite: statements prepared when first used and then kept, rows copied out
 * through the generated tables. Nothing that SQLite owns leaves this file, every statement is
 * reset before it returns, and every stored value is checked against the declared kind on the way
 * out, so that a damaged row is an error here and not a surprise in a handler. */
#include <string.h>

#include "base/buf.h"
#include "store/kind.h"
#include "store/sqlite.h"

enum { ROW_ON_STACK = 1024 };

static const char *const own_text[OWN_N] = {
    "BEGIN IMMEDIATE", "COMMIT",           "ROLLBACK", "SAVEPOINT call",
    "RELEASE call",    "ROLLBACK TO call", "BEGIN",    "COMMIT",
};

struct lite {
    struct db base;
    sqlite3 *s;
    const char *module; /* whose statement is being prepared or run; NULL: our own */
    sqlite3_stmt *own[OWN_N];
};

static struct lite *lite_of(struct db *db)
{
    return (struct lite *)(void *)db;
}

static err note_rc(struct lite *db, int rc, const char *what)
{
    return db_note(&db->base, store_err(rc), what,
                   rc == SQLITE_NOMEM ? "no memory" : sqlite3_errmsg(db->s));
}

/* ---- who may change which table ---- */

static bool may_change(const struct lite *db, const char *table)
{
    return !strncmp(table, "sqlite_", 7) || db_may_change(&db->base, db->module, str_from(table));
}

static int authorize(void *arg, int act, const char *a, UNUSED const char *b,
                     UNUSED const char *file, const char *trigger)
{
    const struct lite *db = arg;
    if (!db->module)
        return SQLITE_OK;
    switch (act) {
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: return trigger || may_change(db, a) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_PRAGMA: /* the full-text index asks this one inside its statements */
        return !strcmp(a, "data_version") ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_DENY;
    }
}

static err owners_load(struct lite *db)
{
    i64 n = 0;
    sqlite3_stmt *q = NULL;
    TRY(store_number(db->s, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_table'", &n));
    if (n == 0)
        return E_NONE;
    TRY(store_number(db->s, "SELECT count(*) FROM schema_table", &n));
    db->base.owners = NEW_N(db->base.arena, struct owner, (size_t)n);
    int rc = sqlite3_prepare_v2(db->s, "SELECT name, module FROM schema_table", -1, &q, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(q);
        if (rc != SQLITE_ROW || db->base.owners_n == (size_t)n)
            break;
        str name = str_from((const char *)sqlite3_column_text(q, 0));
        str module = str_from((const char *)sqlite3_column_text(q, 1));
        db->base.owners[db->base.owners_n++] =
            (struct owner){ str_z(db->base.arena, name), str_z(db->base.arena, module) };
    }
    sqlite3_finalize(q);
    return store_err(rc);
}

/* ---- opening and closing ---- */

static err tune(struct lite *db, const struct db_options *o)
{
    SCRATCH(s);
    u32 cache = o->cache_kib ? o->cache_kib : o->write ? 4096 : 512;
    u64 map = (u64)(o->mmap_mib ? o->mmap_mib : 256) << 20;
    str text = str_fmt(s.a, "PRAGMA cache_size = -%u; PRAGMA mmap_size = %llu", cache,
                       (unsigned long long)map);
    TRY(store_exec(db->s, text.p));
    TRY(owners_load(db));
    return sqlite3_set_authorizer(db->s, authorize, db) == SQLITE_OK ? E_NONE : E_INTERNAL;
}

static const struct db_kind lite_kind;

static void finalize(void *q)
{
    sqlite3_finalize(q);
}

static void lite_close(struct db *base)
{
    struct lite *db = lite_of(base);
    slots_each(&base->slots, finalize);
    for (size_t i = 0; i < OWN_N; i++)
        sqlite3_finalize(db->own[i]);
    must(sqlite3_close(db->s) == SQLITE_OK);
}

err lite_open(const struct db_options *o, struct arena *a, struct db **ret)
{
    sqlite3 *s = NULL;
    TRY(store_open(o->path, o->write, &s));
    struct lite *db = NEW(a, struct lite);
    *db = (struct lite){ .base = { .kind = &lite_kind, .arena = a, .write = o->write }, .s = s };
    slots_init(&db->base.slots, a, o->stmts_n);
    err e = tune(db, o);
    if (e != E_NONE) {
        lite_close(&db->base);
        return e;
    }
    *ret = &db->base;
    return E_NONE;
}

/* ---- transactions ---- */

static err own_run(struct lite *db, enum own which)
{
    sqlite3_stmt **q = &db->own[which];
    int rc = SQLITE_OK;
    db->module = NULL;
    if (!*q)
        rc = sqlite3_prepare_v3(db->s, own_text[which], -1, SQLITE_PREPARE_PERSISTENT, q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(*q);
    err e = rc == SQLITE_DONE ? E_NONE : note_rc(db, rc, own_text[which]);
    sqlite3_reset(*q);
    return e;
}

static bool lite_in_transaction(const struct db *db)
{
    return !sqlite3_get_autocommit(((const struct lite *)(const void *)db)->s);
}

/* Undoing a savepoint ends it too. */
static err lite_own(struct db *base, enum own which)
{
    bool over = !lite_in_transaction(base);
    if (over && (which == OWN_ROLLBACK || which == OWN_END))
        return E_NONE;
    err e = own_run(lite_of(base), which);
    if (which == OWN_UNDO && lite_in_transaction(base))
        e = own_run(lite_of(base), OWN_KEEP);
    return e;
}

/* ---- prepared statements ---- */

static const char *mismatch(sqlite3_stmt *q, const struct stmt *st)
{
    if (!q || sqlite3_column_count(q) != st->cols_n)
        return "not as many columns as declared";
    if (sqlite3_bind_parameter_count(q) != st->params_n)
        return "not as many parameters as declared";
    for (int i = 0; i < st->params_n; i++) {
        const char *name = sqlite3_bind_parameter_name(q, i + 1);
        if (!name || strcmp(name + 1, st->params[i].name) != 0)
            return "parameters do not stand in the order of their first appearance";
    }
    if (!sqlite3_stmt_readonly(q) && !st->writes)
        return "changes data but is not declared so";
    return NULL;
}

static err prepare(struct lite *db, const struct stmt *st, sqlite3_stmt **ret)
{
    sqlite3_stmt **at = (sqlite3_stmt **)slots_at(&db->base.slots, db->base.arena, st);
    db->module = st->module ? st->module : "core";
    if (UNLIKELY(!*at)) {
        const char *tail = "";
        int rc = sqlite3_prepare_v3(db->s, st->sqlite, -1, SQLITE_PREPARE_PERSISTENT, at, &tail);
        if (rc != SQLITE_OK)
            return note_rc(db, rc, st->name);
        const char *wrong = mismatch(*at, st);
        if (wrong) {
            sqlite3_finalize(*at);
            *at = NULL;
            return db_note(&db->base, E_INTERNAL, st->name, wrong);
        }
    }
    *ret = *at;
    return E_NONE;
}

static err lite_check(struct db *db, const struct stmt *st)
{
    sqlite3_stmt *q;
    return prepare(lite_of(db), st, &q) == E_NONE ? E_NONE : E_INTERNAL;
}

/* ---- values in ---- */

static int bind_text(sqlite3_stmt *q, int at, str s, bool blob)
{
    const char *p = s.p ? s.p : "";
    return blob ? sqlite3_bind_blob64(q, at, p, s.n, SQLITE_STATIC)
                : sqlite3_bind_text64(q, at, p, s.n, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_one(sqlite3_stmt *q, int at, const struct col *c, const void *in)
{
    const char *p = (const char *)in + c->at;
    if (c->optional && !*(const bool *)((const char *)in + c->has_at))
        return sqlite3_bind_null(q, at);
    switch (c->kind) {
    case COL_I64: return sqlite3_bind_int64(q, at, *(const i64 *)p);
    case COL_ENUM: return sqlite3_bind_int64(q, at, *(const int *)p);
    case COL_BOOL: return sqlite3_bind_int64(q, at, *(const bool *)p);
    case COL_F64: return sqlite3_bind_double(q, at, *(const double *)p);
    case COL_STR: return bind_text(q, at, *(const str *)p, false);
    case COL_BYTES: return bind_text(q, at, *(const str *)p, true);
    default: return SQLITE_MISUSE;
    }
}

static err bind_all(struct lite *db, sqlite3_stmt *q, const struct stmt *st, const void *in)
{
    for (int i = 0; i < st->params_n; i++) {
        int rc = bind_one(q, i + 1, &st->params[i], in);
        if (UNLIKELY(rc != SQLITE_OK))
            return note_rc(db, rc, st->name);
    }
    return E_NONE;
}

/* ---- values out ---- */

static err take_text(sqlite3_stmt *q, int at, struct arena *out, str *ret)
{
    const void *p = sqlite3_column_blob(q, at);
    size_t n = (size_t)sqlite3_column_bytes(q, at);
    if (n + 1 > arena_room(out)) {
        arena_doom(out);
        return E_LIMIT;
    }
    *ret = str_copy(out, (str){ p, n });
    return E_NONE;
}

static err take_one(sqlite3_stmt *q, int at, const struct col *c, struct arena *out, char *row)
{
    int kind = sqlite3_column_type(q, at);
    char *to = row + c->at;
    if (kind == SQLITE_NULL)
        return c->optional ? E_NONE : E_CORRUPT;
    if (c->optional)
        *(bool *)(row + c->has_at) = true;
    switch (c->kind) {
    case COL_I64:
    case COL_ENUM:
    case COL_BOOL:
        return kind == SQLITE_INTEGER ? col_take_number(sqlite3_column_int64(q, at), c, to)
                                      : E_CORRUPT;
    case COL_F64:
        if (kind != SQLITE_FLOAT && kind != SQLITE_INTEGER)
            return E_CORRUPT;
        *(double *)to = sqlite3_column_double(q, at);
        return E_NONE;
    case COL_STR: return kind == SQLITE_TEXT ? take_text(q, at, out, (str *)to) : E_CORRUPT;
    case COL_BYTES: return kind == SQLITE_BLOB ? take_text(q, at, out, (str *)to) : E_CORRUPT;
    default: return E_INTERNAL;
    }
}

/* Fills a zeroed row. */
static err take_row(struct lite *db, sqlite3_stmt *q, const struct stmt *st, struct arena *out,
                    void *row)
{
    for (int i = 0; i < st->cols_n; i++) {
        err e = take_one(q, i, &st->cols[i], out, row);
        if (UNLIKELY(e != E_NONE)) {
            char what[96];
            (void)snprintf(what, sizeof what, "column %s: %s", st->cols[i].name,
                           e == E_LIMIT ? "more than the call may hold" : "not of its kind");
            return db_note(&db->base, e, st->name, what);
        }
    }
    return E_NONE;
}

/* ---- the three shapes ---- */

/* A statement that changes data runs to its end even when one row was all we wanted. */
static err finish(struct lite *db, sqlite3_stmt *q, const struct stmt *st)
{
    int rc = SQLITE_ROW;
    while (st->writes && rc == SQLITE_ROW)
        rc = sqlite3_step(q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? E_NONE : note_rc(db, rc, st->name);
}

static err run_one(struct lite *db, sqlite3_stmt *q, const struct stmt *st, struct arena *out,
                   void *ret)
{
    _Alignas(16) char small[ROW_ON_STACK];
    int rc = sqlite3_step(q);
    if (rc == SQLITE_DONE)
        return E_NOT_FOUND;
    if (rc != SQLITE_ROW)
        return note_rc(db, rc, st->name);
    char *row = st->row_size <= sizeof small ? small : arena_get_raw(out, st->row_size, 16);
    memset(row, 0, st->row_size);
    TRY(take_row(db, q, st, out, row));
    TRY(finish(db, q, st));
    if (arena_doomed(out))
        return E_LIMIT;
    memcpy(ret, row, st->row_size);
    return E_NONE;
}

static err run_many(struct lite *db, sqlite3_stmt *q, const struct stmt *st, struct arena *out,
                    void *ret)
{
    struct rows rows = { 0 };
    size_t room = 0;
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        TRY(rows_room(&rows, &room, st->row_size, out));
        TRY(take_row(db, q, st, out, (char *)rows.at + rows.n * st->row_size));
        rows.n++;
    }
    if (rc != SQLITE_DONE)
        return note_rc(db, rc, st->name);
    if (arena_doomed(out))
        return E_LIMIT;
    *(struct rows *)ret = rows;
    return E_NONE;
}

static err run_exec(struct lite *db, sqlite3_stmt *q, const struct stmt *st, void *ret)
{
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW)
        continue;
    if (rc != SQLITE_DONE)
        return note_rc(db, rc, st->name);
    if (ret)
        *(i64 *)ret = sqlite3_changes64(db->s);
    return E_NONE;
}

static err lite_run(struct db *base, const struct stmt *st, const void *in, struct arena *out,
                    void *ret)
{
    struct lite *db = lite_of(base);
    sqlite3_stmt *q = NULL;
    TRY(prepare(db, st, &q));
    err e = bind_all(db, q, st, in);
    if (LIKELY(e == E_NONE))
        e = st->shape == STMT_ONE    ? run_one(db, q, st, out, ret)
            : st->shape == STMT_MANY ? run_many(db, q, st, out, ret)
                                     : run_exec(db, q, st, ret);
    sqlite3_reset(q);
    db->module = NULL;
    return e;
}

/* ---- the whole store ---- */

static err lite_copy(struct db *base, const char *to)
{
    struct lite *db = lite_of(base);
    sqlite3_stmt *q = NULL;
    db->module = NULL;
    int rc = sqlite3_prepare_v2(db->s, "VACUUM INTO ?1", -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(q, 1, to, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    err e = rc == SQLITE_DONE ? E_NONE : note_rc(db, rc, "VACUUM INTO");
    sqlite3_finalize(q);
    return e;
}

static err report_add(struct lite *db, const char *text, struct buf *b)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db->s, text, -1, &q, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(q, 0);
        if (line && strcmp(line, "ok"))
            buf_fmt(b, "%s\n", line);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    return rc == SQLITE_DONE ? E_NONE : note_rc(db, rc, text);
}

static err lite_verify(struct db *base, struct arena *out, str *ret_report)
{
    struct lite *db = lite_of(base);
    struct buf b = buf_in(out, 65536);
    db->module = NULL;
    TRY(report_add(db, "PRAGMA integrity_check(50)", &b));
    TRY(report_add(db, "PRAGMA foreign_key_check", &b));
    *ret_report = buf_str(&b);
    return b.n ? E_CORRUPT : E_NONE;
}

static const struct db_kind lite_kind = {
    .gone = E_FULL,
    .close = lite_close,
    .own = lite_own,
    .in_transaction = lite_in_transaction,
    .check = lite_check,
    .run = lite_run,
    .copy = lite_copy,
    .verify = lite_verify,
};
