/* SPDX-License-Identifier: Apache-2.0 */
/* A connection of either kind: which kind a place means, what is the same for both before a
 * statement runs, and the parts both are built from. */
#include "store/db.h"

#include <string.h>

#include "base/fault.h"
#include "store/kind.h"

enum { INDEX_FIRST = 256, ROWS_FIRST = 16 };

/* ---- opening and closing ---- */

bool db_is_postgres(const char *path)
{
    str s = str_from(path);
    if (str_starts(s, S("postgres://")) || str_starts(s, S("postgresql://")))
        return true;
    return s.n && s.p[0] != '/' && s.p[0] != '.' && str_has(s, '=');
}

err db_open(const struct db_options *o, struct db **ret)
{
    struct arena *a = arena_new("db", (size_t)8 << 20);
    err e = db_is_postgres(o->path) ? pg_open(o, a, ret) : lite_open(o, a, ret);
    if (e != E_NONE)
        arena_free(a);
    return e;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db->kind->close(db);
    arena_free(db->arena);
}

const char *db_error_text(const struct db *db) { return db->text; }
u64 db_errors(const struct db *db) { return db->errors; }

err db_note(struct db *db, err e, const char *what, const char *text)
{
    db->errors++;
    (void)snprintf(db->text, sizeof db->text, "%s: %s", what, text);
    return e;
}

/* ---- transactions ---- */

bool db_in_transaction(const struct db *db) { return db->kind->in_transaction(db); }

err db_begin(struct db *db)
{
    must(db->write);
    return db->kind->own(db, OWN_BEGIN);
}

err db_commit(struct db *db)
{
    must(db->write);
    if (!db_in_transaction(db))
        return db_note(db, db->kind->gone, "COMMIT", "the transaction is gone");
    return db->kind->own(db, OWN_COMMIT);
}

void db_rollback(struct db *db)
{
    IGNORE(db->kind->own(db, OWN_ROLLBACK));
}

err db_save(struct db *db) { return db->kind->own(db, OWN_SAVE); }
err db_save_keep(struct db *db) { return db->kind->own(db, OWN_KEEP); }

void db_save_undo(struct db *db)
{
    if (db_in_transaction(db))
        IGNORE(db->kind->own(db, OWN_UNDO));
}

err db_read_begin(struct db *db) { return db->kind->own(db, OWN_READ); }

void db_read_end(struct db *db)
{
    IGNORE(db->kind->own(db, OWN_END));
}

/* ---- statements ---- */

err db_check(struct db *db, const struct stmt *st) { return db->kind->check(db, st); }

err db_run(struct db *db, const struct stmt *st, const void *in, struct arena *out, void *ret)
{
    if (arena_doomed(out))
        return E_LIMIT;
    if (fault_hit(FAULT_DB))
        return db_note(db, E_IO, st->name, "failed on order");
    if (st->writes && !db->write)
        return db_note(db, E_INTERNAL, st->name,
                       "a statement that writes on a connection that reads");
    return db->kind->run(db, st, in, out, ret);
}

err db_copy(struct db *db, const char *to) { return db->kind->copy(db, to); }

err db_verify(struct db *db, struct arena *out, str *ret_report)
{
    return db->kind->verify(db, out, ret_report);
}

/* ---- finding a prepared statement ---- */

static struct slot *others_find(struct slot *at, size_t room, const struct stmt *key)
{
    size_t i = ((uintptr_t)key >> 4) * 0x9E3779B97F4A7C15u >> 32;
    while (at[i & (room - 1)].key && at[i & (room - 1)].key != key)
        i++;
    return &at[i & (room - 1)];
}

static void others_grow(struct slots *s, struct arena *a)
{
    size_t room = s->others_room * 2;
    struct slot *at = NEW_N(a, struct slot, room);
    for (size_t i = 0; i < s->others_room; i++)
        if (s->others[i].key)
            *others_find(at, room, s->others[i].key) = s->others[i];
    s->others = at;
    s->others_room = room;
}

void slots_init(struct slots *s, struct arena *a, u16 numbered)
{
    s->numbered_n = numbered;
    s->numbered = NEW_N(a, void *, numbered);
    s->others_room = INDEX_FIRST;
    s->others = NEW_N(a, struct slot, INDEX_FIRST);
}

void **slots_at(struct slots *s, struct arena *a, const struct stmt *st)
{
    if (LIKELY(st->index < s->numbered_n))
        return &s->numbered[st->index];
    struct slot *p = others_find(s->others, s->others_room, st);
    if (p->key)
        return &p->at;
    if (s->others_n * 2 >= s->others_room) {
        others_grow(s, a);
        p = others_find(s->others, s->others_room, st);
    }
    p->key = st;
    s->others_n++;
    return &p->at;
}

void slots_each(struct slots *s, void (*fn)(void *at))
{
    for (size_t i = 0; i < s->numbered_n; i++)
        fn(s->numbered[i]);
    for (size_t i = 0; i < s->others_room; i++)
        fn(s->others[i].at);
}

/* ---- who may change which table ---- */

bool db_may_change(const struct db *db, const char *module, str table)
{
    if (!module || !strcmp(module, "core"))
        return true;
    for (size_t i = 0; i < db->owners_n; i++)
        if (str_eq_z(table, db->owners[i].table))
            return !strcmp(db->owners[i].module, module);
    return false;
}

/* ---- values out ---- */

err rows_room(struct rows *rows, size_t *room, u32 row_size, struct arena *out)
{
    if (rows->n < *room)
        return E_NONE;
    size_t more = *room ? *room * 2 : ROWS_FIRST;
    if (more * row_size > arena_room(out)) {
        arena_doom(out);
        return E_LIMIT;
    }
    void *at = arena_get(out, row_size, more, 16);
    if (rows->n)
        memcpy(at, rows->at, rows->n * row_size);
    rows->at = at;
    *room = more;
    return E_NONE;
}

err col_take_number(i64 v, const struct col *c, void *to)
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
