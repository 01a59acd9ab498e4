/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: statements prepared when first used and then kept, rows copied out through the
 * generated tables. Nothing that SQLite owns leaves this file, every statement is reset before
 * db_run returns, and every stored value is checked against the declared kind on the way out,
 * so that a damaged row is an error here and not a surprise in a handler. */
#include "store/db.h"

#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "store/sqlite.h"

enum { INDEX_FIRST = 256, ROWS_FIRST = 16, ROW_ON_STACK = 1024, TEXT_MAX = 256 };

struct prepared {
    const struct stmt *key;
    sqlite3_stmt *q;
};
struct owner {
    const char *table, *module;
};

enum own {
    OWN_BEGIN,
    OWN_COMMIT,
    OWN_ROLLBACK,
    OWN_SAVE,
    OWN_KEEP,
    OWN_UNDO,
    OWN_READ,
    OWN_END,
    OWN_N
};
static const char *const own_text[OWN_N] = {
    "BEGIN IMMEDIATE", "COMMIT",           "ROLLBACK", "SAVEPOINT call",
    "RELEASE call",    "ROLLBACK TO call", "BEGIN",    "COMMIT",
};

struct db {
    sqlite3 *s;
    struct arena *arena;
    bool write;
    const char *module; /* whose statement is being prepared or run; NULL: our own */
    sqlite3_stmt **numbered;
    size_t numbered_n;
    struct prepared *others; /* open addressing by address; a power of two */
    size_t others_n, others_room;
    struct owner *owners;
    size_t owners_n;
    sqlite3_stmt *own[OWN_N];
    u64 errors;
    char text[TEXT_MAX];
};

const char *db_error_text(const struct db *db) { return db->text; }
u64 db_errors(const struct db *db) { return db->errors; }
bool db_in_transaction(const struct db *db) { return !sqlite3_get_autocommit(db->s); }

static err note(struct db *db, err e, const char *what, const char *text)
{
    db->errors++;
    (void)snprintf(db->text, sizeof db->text, "%s: %s", what, text);
    return e;
}

static err note_rc(struct db *db, int rc, const char *what)
{
    return note(db, store_err(rc), what,
                rc == SQLITE_NOMEM ? "no memory" : sqlite3_errmsg(db->s));
}

/* ---- who may change which table ---- */

static const char *owner_of(const struct db *db, const char *table)
{
    for (size_t i = 0; i < db->owners_n; i++)
        if (!strcmp(db->owners[i].table, table))
            return db->owners[i].module;
    return NULL;
}

static bool may_change(const struct db *db, const char *table)
{
    const char *owner = owner_of(db, table);
    if (!strcmp(db->module, "core") || !strncmp(table, "sqlite_", 7))
        return true;
    return owner && !strcmp(owner, db->module);
}

static int authorize(void *arg, int act, const char *a, UNUSED const char *b,
                     UNUSED const char *file, const char *trigger)
{
    const struct db *db = arg;
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

static err owners_load(struct db *db)
{
    i64 n = 0;
    sqlite3_stmt *q = NULL;
    TRY(store_number(db->s, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_table'",
                     &n));
    if (n == 0)
        return E_NONE;
    TRY(store_number(db->s, "SELECT count(*) FROM schema_table", &n));
    db->owners = NEW_N(db->arena, struct owner, (size_t)n);
    int rc = sqlite3_prepare_v2(db->s, "SELECT name, module FROM schema_table", -1, &q, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(q);
        if (rc != SQLITE_ROW || db->owners_n == (size_t)n)
            break;
        str name = str_from((const char *)sqlite3_column_text(q, 0));
        str module = str_from((const char *)sqlite3_column_text(q, 1));
        db->owners[db->owners_n++] = (struct owner){ str_z(db->arena, name),
                                                     str_z(db->arena, module) };
    }
    sqlite3_finalize(q);
    return store_err(rc);
}

/* ---- opening and closing ---- */

static err tune(struct db *db, const struct db_options *o)
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

err db_open(const struct db_options *o, struct db **ret)
{
    sqlite3 *s = NULL;
    TRY(store_open(o->path, o->write, &s));
    struct arena *arena = arena_new("db", (size_t)8 << 20);
    struct db *db = NEW(arena, struct db);
    *db = (struct db){ .s = s, .arena = arena, .write = o->write };
    db->numbered_n = o->stmts_n;
    db->numbered = NEW_N(arena, sqlite3_stmt *, o->stmts_n);
    db->others_room = INDEX_FIRST;
    db->others = NEW_N(arena, struct prepared, INDEX_FIRST);
    err e = tune(db, o);
    if (e != E_NONE) {
        db_close(db);
        return e;
    }
    *ret = db;
    return E_NONE;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->numbered_n; i++)
        sqlite3_finalize(db->numbered[i]);
    for (size_t i = 0; i < db->others_room; i++)
        sqlite3_finalize(db->others[i].q);
    for (size_t i = 0; i < OWN_N; i++)
        sqlite3_finalize(db->own[i]);
    must(sqlite3_close(db->s) == SQLITE_OK);
    arena_free(db->arena);
}

/* ---- transactions ---- */

static err own_run(struct db *db, enum own which)
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

err db_begin(struct db *db)
{
    must(db->write);
    return own_run(db, OWN_BEGIN);
}

err db_commit(struct db *db)
{
    must(db->write);
    if (!db_in_transaction(db))
        return note(db, E_FULL, "COMMIT", "the transaction is gone");
    return own_run(db, OWN_COMMIT);
}

void db_rollback(struct db *db)
{
    if (db_in_transaction(db))
        IGNORE(own_run(db, OWN_ROLLBACK));
}

err db_save(struct db *db) { return own_run(db, OWN_SAVE); }
err db_save_keep(struct db *db) { return own_run(db, OWN_KEEP); }

void db_save_undo(struct db *db)
{
    if (!db_in_transaction(db))
        return;
    IGNORE(own_run(db, OWN_UNDO));
    if (db_in_transaction(db))
        IGNORE(own_run(db, OWN_KEEP));
}

err db_read_begin(struct db *db) { return own_run(db, OWN_READ); }

void db_read_end(struct db *db)
{
    if (db_in_transaction(db))
        IGNORE(own_run(db, OWN_END));
}

/* ---- finding a prepared statement ---- */

static struct prepared *others_find(struct prepared *at, size_t room, const struct stmt *key)
{
    size_t i = ((uintptr_t)key >> 4) * 0x9E3779B97F4A7C15u >> 32;
    while (at[i & (room - 1)].key && at[i & (room - 1)].key != key)
        i++;
    return &at[i & (room - 1)];
}

static void others_grow(struct db *db)
{
    size_t room = db->others_room * 2;
    struct prepared *at = NEW_N(db->arena, struct prepared, room);
    for (size_t i = 0; i < db->others_room; i++)
        if (db->others[i].key)
            *others_find(at, room, db->others[i].key) = db->others[i];
    db->others = at;
    db->others_room = room;
}

static sqlite3_stmt **place_of(struct db *db, const struct stmt *st)
{
    if (LIKELY(st->index < db->numbered_n))
        return &db->numbered[st->index];
    struct prepared *p = others_find(db->others, db->others_room, st);
    if (p->key)
        return &p->q;
    if (db->others_n * 2 >= db->others_room) {
        others_grow(db);
        p = others_find(db->others, db->others_room, st);
    }
    p->key = st;
    db->others_n++;
    return &p->q;
}

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

static err prepare(struct db *db, const struct stmt *st, sqlite3_stmt **ret)
{
    sqlite3_stmt **at = place_of(db, st);
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
            return note(db, E_INTERNAL, st->name, wrong);
        }
    }
    *ret = *at;
    return E_NONE;
}

err db_check(struct db *db, const struct stmt *st)
{
    sqlite3_stmt *q;
    return prepare(db, st, &q) == E_NONE ? E_NONE : E_INTERNAL;
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

static err bind_all(struct db *db, sqlite3_stmt *q, const struct stmt *st, const void *in)
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

static err take_number(i64 v, const struct col *c, void *to)
{
    if (c->kind == COL_ENUM) {
        if (v < 0 || v >= c->limit)
            return E_CORRUPT;
        *(int *)to = (int)v;
    } else if (c->kind == COL_BOOL) {
        if (v < 0 || v > 1)
            return E_CORRUPT;
        *(bool *)to = v == 1;
    } else {
        *(i64 *)to = v;
    }
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
        return kind == SQLITE_INTEGER ? take_number(sqlite3_column_int64(q, at), c, to)
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
static err take_row(struct db *db, sqlite3_stmt *q, const struct stmt *st, struct arena *out,
                    void *row)
{
    for (int i = 0; i < st->cols_n; i++) {
        err e = take_one(q, i, &st->cols[i], out, row);
        if (UNLIKELY(e != E_NONE)) {
            char what[96];
            (void)snprintf(what, sizeof what, "column %s: %s", st->cols[i].name,
                           e == E_LIMIT ? "more than the call may hold" : "not of its kind");
            return note(db, e, st->name, what);
        }
    }
    return E_NONE;
}

/* ---- the three shapes ---- */

/* A statement that changes data runs to its end even when one row was all we wanted. */
static err finish(struct db *db, sqlite3_stmt *q, const struct stmt *st)
{
    int rc = SQLITE_ROW;
    while (st->writes && rc == SQLITE_ROW)
        rc = sqlite3_step(q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? E_NONE : note_rc(db, rc, st->name);
}

static err run_one(struct db *db, sqlite3_stmt *q, const struct stmt *st, struct arena *out,
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

static err run_many(struct db *db, sqlite3_stmt *q, const struct stmt *st, struct arena *out,
                    void *ret)
{
    struct rows rows = { 0 };
    size_t room = 0;
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (rows.n == room) {
            size_t more = room ? room * 2 : ROWS_FIRST;
            if (more * st->row_size > arena_room(out)) {
                arena_doom(out);
                return E_LIMIT;
            }
            void *at = arena_get(out, st->row_size, more, 16);
            if (rows.n)
                memcpy(at, rows.at, rows.n * st->row_size);
            rows.at = at;
            room = more;
        }
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

static err run_exec(struct db *db, sqlite3_stmt *q, const struct stmt *st, void *ret)
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

err db_run(struct db *db, const struct stmt *st, const void *in, struct arena *out, void *ret)
{
    sqlite3_stmt *q = NULL;
    if (arena_doomed(out))
        return E_LIMIT;
    if (fault_hit(FAULT_DB))
        return note(db, E_IO, st->name, "failed on order");
    if (st->writes && !db->write)
        return note(db, E_INTERNAL, st->name,
                    "a statement that writes on a connection that reads");
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

err db_copy(struct db *db, const char *to)
{
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

static err report_add(struct db *db, const char *text, struct buf *b)
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

err db_verify(struct db *db, struct arena *out, str *ret_report)
{
    struct buf b = buf_in(out, 65536);
    db->module = NULL;
    TRY(report_add(db, "PRAGMA integrity_check(50)", &b));
    TRY(report_add(db, "PRAGMA foreign_key_check", &b));
    *ret_report = buf_str(&b);
    return b.n ? E_CORRUPT : E_NONE;
}
