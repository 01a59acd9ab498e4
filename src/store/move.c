/* SPDX-License-Identifier: Apache-2.0 */
/* A move, table by table. Each row is hashed as it leaves; before the commit the target is read
 * back and hashed by itself. A table's checksum is the sum of its rows' hashes, so that it does not
 * depend on the order in which a database hands them out. */
#include "store/move.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "store/db.h"
#include "store/move_in.h"

struct sum {
    u64 rows, high, low;
};

struct move {
    struct arena *a;
    struct side *from, *to;
    struct store_moved *ret;
    struct move_table table;
    struct sum left, arrived;
};

str move_columns(struct arena *a, const struct move_table *t)
{
    struct buf b = buf_in(a, 65536);
    for (size_t i = 0; i < t->n; i++)
        buf_fmt(&b, "%s\"%s\"", i ? ", " : "", t->cols[i]);
    buf_char(&b, 0);
    return str_sub(buf_str(&b), 0, b.n - 1);
}

static err why(struct move *m, err e, const char *what, const char *text)
{
    if (!m->ret->why[0])
        (void)snprintf(m->ret->why, sizeof m->ret->why, "%s: %s", what, text);
    return e;
}

static err why_side(struct move *m, err e, const struct side *s)
{
    return e == E_NONE ? e : why(m, e, m->table.name ? m->table.name : "the store", s->why);
}

/* ---- checksums ---- */

static void add(struct sum *sum, const struct move_value *v, size_t n)
{
    crypto_generichash_state h;
    u64 out[2];
    (void)crypto_generichash_init(&h, NULL, 0, sizeof out);
    for (size_t i = 0; i < n; i++) {
        u64 head[2] = { (u64)v[i].kind, 0 };
        if (v[i].kind == MOVE_INT)
            head[1] = (u64)v[i].i;
        else if (v[i].kind == MOVE_FLOAT)
            memcpy(&head[1], &v[i].f, sizeof head[1]);
        else
            head[1] = v[i].s.n;
        (void)crypto_generichash_update(&h, (const u8 *)head, sizeof head);
        if (v[i].kind == MOVE_TEXT || v[i].kind == MOVE_BYTES)
            (void)crypto_generichash_update(&h, (const u8 *)v[i].s.p, v[i].s.n);
    }
    (void)crypto_generichash_final(&h, (u8 *)out, sizeof out);
    sum->rows++;
    sum->high += out[0];
    sum->low += out[1];
}

static err on_leave(void *arg, const struct move_value *values)
{
    struct move *m = arg;
    add(&m->left, values, m->table.n);
    return why_side(m, m->to->kind->put(m->to, &m->table, values), m->to);
}

static err on_arrived(void *arg, const struct move_value *values)
{
    struct move *m = arg;
    add(&m->arrived, values, m->table.n);
    return E_NONE;
}

/* ---- one table ---- */

static bool has(const struct move_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (!strcmp(names->at[i], name))
            return true;
    return false;
}

static err take_columns(struct move *m, const char *name)
{
    struct move_names *ours = NEW(m->a, struct move_names), *theirs = NEW(m->a, struct move_names);
    m->table = (struct move_table){ .name = name };
    TRY(why_side(m, m->from->kind->columns(m->from, name, ours), m->from));
    TRY(why_side(m, m->to->kind->columns(m->to, name, theirs), m->to));
    for (size_t i = 0; i < ours->n; i++)
        if (!has(theirs, ours->at[i]))
            return why(m, E_INVALID, name, "a column is missing in the target");
    if (ours->n != theirs->n || ours->n > MOVE_COLS_MAX)
        return why(m, E_INVALID, name, "the target has other columns");
    m->table.n = ours->n;
    memcpy(m->table.cols, ours->at, ours->n * sizeof *ours->at);
    return E_NONE;
}

static err carry(struct move *m)
{
    m->left = m->arrived = (struct sum){ 0 };
    TRY(why_side(m, m->to->kind->clear(m->to, m->table.name), m->to));
    TRY(why_side(m, m->to->kind->put_begin(m->to, &m->table), m->to));
    TRY(why_side(m, m->from->kind->read(m->from, &m->table, on_leave, m), m->from));
    TRY(why_side(m, m->to->kind->put_end(m->to), m->to));
    TRY(why_side(m, m->to->kind->read(m->to, &m->table, on_arrived, m), m->to));
    if (memcmp(&m->left, &m->arrived, sizeof m->left) != 0)
        return why(m, E_CORRUPT, m->table.name, "what arrived is not what left");
    m->ret->tables++;
    m->ret->rows += m->left.rows;
    return E_NONE;
}

/* ---- the whole ---- */

static err be_empty(struct move *m)
{
    m->arrived = (struct sum){ 0 };
    TRY(why_side(m, m->to->kind->read(m->to, &m->table, on_arrived, m), m->to));
    return m->arrived.rows ? why(m, E_CONFLICT, m->table.name, "the target holds data already")
                           : E_NONE;
}

static err each_table(struct move *m, const struct move_names *names, err (*fn)(struct move *m))
{
    for (size_t i = 0; i < names->n; i++) {
        TRY(take_columns(m, names->at[i]));
        TRY(fn(m));
    }
    m->table.name = NULL;
    return E_NONE;
}

static err all(struct move *m, bool fresh)
{
    struct move_names *ours = NEW(m->a, struct move_names), *theirs = NEW(m->a, struct move_names);
    struct move_names *both = NEW(m->a, struct move_names);
    TRY(why_side(m, m->from->kind->tables(m->from, ours), m->from));
    TRY(why_side(m, m->to->kind->tables(m->to, theirs), m->to));
    for (size_t i = 0; i < ours->n; i++)
        if (has(theirs, ours->at[i]))
            both->at[both->n++] = ours->at[i];
    TRY(why_side(m, m->from->kind->begin(m->from, false), m->from));
    TRY(why_side(m, m->to->kind->begin(m->to, true), m->to));
    if (!fresh)
        TRY(each_table(m, both, be_empty));
    TRY(each_table(m, both, carry));
    return why_side(m, m->to->kind->commit(m->to), m->to);
}

static err open_side(struct move *m, const char *place, struct side **ret)
{
    err e =
        db_is_postgres(place) ? move_pg_open(place, m->a, ret) : move_lite_open(place, m->a, ret);
    return e == E_NONE ? e : why(m, e, "the store", (*ret)->why);
}

err store_move(const char *from, const char *to, bool fresh, struct store_moved *ret)
{
    *ret = (struct store_moved){ 0 };
    struct move m = { .a = arena_new("move", (size_t)64 << 20), .ret = ret };
    err e = sodium_init() >= 0 ? E_NONE : E_INTERNAL;
    if (e == E_NONE)
        e = open_side(&m, from, &m.from);
    if (e == E_NONE)
        e = open_side(&m, to, &m.to);
    if (e == E_NONE)
        e = all(&m, fresh);
    if (m.to)
        m.to->kind->close(m.to);
    if (m.from)
        m.from->kind->close(m.from);
    arena_free(m.a);
    return e;
}
