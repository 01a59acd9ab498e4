/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves before they are sealed. The outbox has no index but its key: producer (node) and counter,
 * taken by the one writer, so that the order of the key is the order of the commits. Refusals and
 * counted decisions wait in one of two arenas: while one is being written the other takes what
 * comes, and nothing is thrown away before the commit. */
#include "core/ledger.h"

#include <pthread.h>
#include <string.h>

#include "base/id.h"
#include "base/json.h"
#include "base/os.h"
#include "base/vec.h"
#include "core/answer.h"
#include "core/office.h"
#include "store/db.h"

enum { LEAF_MAX = 32 * 1024, COUNTED_MAX = 4096, WAITING_MAX = 64 << 20 };

/* ---- Statements ---- */

#define AT(T, f) .at = offsetof(struct T, f)

struct leaf_in {
    i64 producer, counter, at;
    str body;
};
static const struct col leaf_in_cols[] = {
    { .name = "producer", .kind = COL_I64, AT(leaf_in, producer) },
    { .name = "counter", .kind = COL_I64, AT(leaf_in, counter) },
    { .name = "at", .kind = COL_I64, AT(leaf_in, at) },
    { .name = "body", .kind = COL_BYTES, AT(leaf_in, body) },
};
static const struct col leaf_row_cols[] = {
    { .name = "producer", .kind = COL_I64, AT(leaf_row, producer) },
    { .name = "counter", .kind = COL_I64, AT(leaf_row, counter) },
    { .name = "body", .kind = COL_BYTES, AT(leaf_row, body) },
};
struct one_int {
    i64 v;
};
static const struct col int_cols[] = { { .name = "v", .kind = COL_I64, AT(one_int, v) } };
struct head_row {
    i64 size;
    str root;
};
static const struct col head_cols[] = {
    { .name = "size", .kind = COL_I64, AT(head_row, size) },
    { .name = "root", .kind = COL_BYTES, AT(head_row, root) },
};

static const struct stmt leaf_insert = {
    .name = "leaf_insert",
    .module = "core",
    .index = STMT_UNNUMBERED,
    .shape = STMT_EXEC,
    .writes = true,
    .params = leaf_in_cols,
    .params_n = COUNT(leaf_in_cols),
    .sqlite = "INSERT INTO leaf_out (producer, counter, at, body)"
              " VALUES (:producer, :counter, :at, :body)",
    .postgres = "INSERT INTO leaf_out (producer, counter, at, body) VALUES ($1, $2, $3, $4)",
};
static const struct stmt leaf_last = {
    .name = "leaf_last",
    .module = "core",
    .index = STMT_UNNUMBERED,
    .shape = STMT_ONE,
    .params = int_cols,
    .params_n = 1,
    .cols = int_cols,
    .cols_n = 1,
    .row_size = sizeof(struct one_int),
    .sqlite = "SELECT coalesce(max(counter), 0) AS v FROM leaf_out WHERE producer = :v",
    .postgres = "SELECT coalesce(max(counter), 0) AS v FROM leaf_out WHERE producer = $1",
};
static const struct stmt leaf_oldest = {
    .name = "leaf_oldest",
    .module = "core",
    .index = STMT_UNNUMBERED,
    .shape = STMT_MANY,
    .params = int_cols,
    .params_n = 1,
    .cols = leaf_row_cols,
    .cols_n = COUNT(leaf_row_cols),
    .row_size = sizeof(struct leaf_row),
    .sqlite = "SELECT producer, counter, body FROM leaf_out ORDER BY producer, counter LIMIT :v",
    .postgres = "SELECT producer, counter, body FROM leaf_out ORDER BY producer, counter LIMIT $1",
};
static const struct stmt leaf_delete = {
    .name = "leaf_delete",
    .module = "core",
    .index = STMT_UNNUMBERED,
    .shape = STMT_EXEC,
    .writes = true,
    .params = leaf_in_cols,
    .params_n = 2,
    .sqlite = "DELETE FROM leaf_out WHERE (producer, counter) <= (:producer, :counter)",
    .postgres = "DELETE FROM leaf_out WHERE (producer, counter) <= ($1, $2)",
};
static const struct stmt head_set = {
    .name = "head_set",
    .module = "core",
    .index = STMT_UNNUMBERED,
    .shape = STMT_EXEC,
    .writes = true,
    .params = head_cols,
    .params_n = COUNT(head_cols),
    .sqlite = "INSERT INTO sealed (id, size, root) VALUES (1, :size, :root)"
              " ON CONFLICT (id) DO UPDATE SET size = excluded.size, root = excluded.root",
    .postgres = "INSERT INTO sealed (id, size, root) VALUES (1, $1, $2)"
                " ON CONFLICT (id) DO UPDATE SET size = excluded.size, root = excluded.root",
};
static const struct stmt head_get = {
    .name = "head_get",
    .module = "core",
    .index = STMT_UNNUMBERED,
    .shape = STMT_ONE,
    .cols = head_cols,
    .cols_n = COUNT(head_cols),
    .row_size = sizeof(struct head_row),
    .sqlite = "SELECT size, root FROM sealed WHERE id = 1",
    .postgres = "SELECT size, root FROM sealed WHERE id = 1",
};

/* ---- What waits ---- */

struct counted {
    i64 person, device, session, object;
    const char *type, *action, *object_type, *object_prefix;
    struct verdict verdict;
    bool decided; /* verdict counts: somebody's act, not the server's own */
    int strength;
    u32 count;
    usec since;
    str address;
};

struct waiting {
    struct arena *a;
    struct {
        str *at;
        size_t n, room;
    } bodies;
    struct counted *counted; /* open addressing by hash; a place is free while count is 0 */
    size_t counted_n;
    u32 left_out; /* while there was no room, since then */
    usec left_out_since;
};

static struct {
    pthread_mutex_t lock;
    struct waiting now, taken;
    bool is_taken; /* `taken` is in a transaction that is not committed yet */
    i64 last_counter;
} led = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void lock(void)
{
    must(pthread_mutex_lock(&led.lock) == 0);
}
static void unlock(void)
{
    must(pthread_mutex_unlock(&led.lock) == 0);
}

static void waiting_ready(struct waiting *w)
{
    if (w->a)
        return;
    w->a = arena_new("leaves", WAITING_MAX);
    w->counted = NEW_N(w->a, struct counted, COUNTED_MAX);
}

/* ---- The leaf's own bytes ---- */

static void put_field(struct buf *b, const char *key, str value)
{
    buf_fmt(b, ",\"%s\":", key);
    json_put_str(b, value);
}

static void put_id(struct buf *b, const char *key, const char *prefix, i64 id)
{
    buf_fmt(b, ",\"%s\":\"", key);
    id_put(b, prefix, id);
    buf_char(b, '"');
}

static void put_verdict(struct buf *b, const struct verdict *v)
{
    put_field(b, "decision", v->allow ? S("allow") : S("deny"));
    buf_put(b, S(",\"rules\":["));
    for (u8 i = 0; i < v->rules_n; i++) {
        if (i)
            buf_char(b, ',');
        json_put_str(b, str_from(v->rules[i]));
    }
    buf_char(b, ']');
}

static str leaf_body(struct arena *out, const struct counted *k, usec until, str notes)
{
    struct buf b = buf_in(out, LEAF_MAX);
    buf_put(&b, S("{\"at\":"));
    json_put_time(&b, k->since);
    put_field(&b, "type", str_from(k->type));
    if (k->action)
        put_field(&b, "action", str_from(k->action));
    if (k->decided)
        put_verdict(&b, &k->verdict);
    if (k->person)
        put_id(&b, "person", "pers", k->person);
    if (k->device)
        put_id(&b, "device", "devi", k->device);
    if (k->session)
        put_id(&b, "session", "sess", k->session);
    if (k->object_type) {
        put_field(&b, "object_type", str_from(k->object_type));
        put_id(&b, "object", k->object_prefix, k->object);
    }
    buf_fmt(&b, ",\"strength\":%d", k->strength);
    put_field(&b, "address", k->address);
    if (k->count > 1) {
        buf_fmt(&b, ",\"count\":%u,\"until\":", k->count);
        json_put_time(&b, until);
    }
    if (notes.n) {
        buf_put(&b, S(",\"notes\":"));
        buf_put(&b, notes);
    }
    buf_char(&b, '}');
    must(!b.full); /* every part is bounded well below LEAF_MAX */
    return buf_str(&b);
}

static struct counted counted_of(const struct call *c, const struct act *a, u32 count)
{
    struct counted k = {
        .person = c->who.person,
        .device = c->who.device,
        .session = c->who.session,
        .object = a->object,
        .type = a->type,
        .action = a->action,
        .object_type = a->object_type,
        .object_prefix = a->object_prefix,
        .decided = a->verdict != NULL,
        .strength = c->who.strength,
        .count = count,
        .since = c->now,
        .address = c->who.address,
    };
    if (a->verdict)
        k.verdict = *a->verdict;
    return k;
}

/* ---- Writing ---- */

/* Counters rise with commits: the writer is the only one who takes them, and a clock set back, in
 * this life of the process or since an earlier one, does not turn them back. */
static err next_counter(struct call *c, i64 producer, i64 *ret)
{
    if (!led.last_counter) {
        struct one_int last;
        TRY(db_run(c->db, &leaf_last, &(struct one_int){ producer }, c->arena, &last));
        led.last_counter = last.v;
    }
    led.last_counter = MAX(led.last_counter + 1, id_make((unsigned)producer));
    *ret = led.last_counter;
    return E_NONE;
}

static err insert(struct call *c, str body)
{
    struct leaf_in in = { .producer = office_options(c->office)->node, .at = c->now, .body = body };
    TRY(next_counter(c, in.producer, &in.counter));
    return db_run(c->db, &leaf_insert, &in, c->arena, NULL);
}

err ledger_effect(struct call *c, const struct act *a)
{
    struct counted k = counted_of(c, a, 1);
    return insert(c, leaf_body(c->arena, &k, c->now, call_notes(c)));
}

/* The store has taken nothing for so long that memory is at its end: from here on it is counted
 * how many leaves are missing, and that becomes a leaf. The caller holds the lock. */
static void add_body(struct waiting *w, const struct counted *k, usec now, str notes)
{
    if (arena_doomed(w->a)) {
        w->left_out_since = w->left_out ? w->left_out_since : now;
        w->left_out += k->count;
        return;
    }
    str body = leaf_body(w->a, k, now, notes);
    *vec_push(&w->bodies, w->a) = body;
}

void ledger_refusal(struct call *c, const struct act *a)
{
    struct counted k = counted_of(c, a, 1);
    str notes = call_notes(c);
    lock();
    waiting_ready(&led.now);
    add_body(&led.now, &k, c->now, notes);
    unlock();
    c->answer->told = true;
}

static bool same_verdict(const struct verdict *x, const struct verdict *y)
{
    if (x->allow != y->allow || x->rules_n != y->rules_n)
        return false;
    for (u8 i = 0; i < x->rules_n; i++)
        if (strcmp(x->rules[i], y->rules[i]) != 0)
            return false;
    return true;
}

static bool same(const struct counted *x, const struct counted *y)
{
    return x->person == y->person && x->device == y->device && x->session == y->session &&
           x->object == y->object && x->action == y->action && x->object_type == y->object_type &&
           same_verdict(&x->verdict, &y->verdict);
}

/* Copies what a kept decision points at: the call's arena goes with the call. */
static void keep_texts(struct arena *a, struct counted *k)
{
    k->address = str_copy(a, k->address);
    for (u8 i = 0; i < k->verdict.rules_n; i++)
        k->verdict.rules[i] = str_z(a, str_from(k->verdict.rules[i]));
}

void ledger_allowed(struct call *c, const struct act *a, u32 count)
{
    struct counted k = counted_of(c, a, count);
    u64 hash =
        ((u64)k.person * 31 + (u64)k.object) ^ ((u64)(uintptr_t)k.action << 7) ^ (u64)k.device;
    lock();
    struct waiting *w = &led.now;
    waiting_ready(w);
    size_t at = (size_t)(hash * 0x9e3779b97f4a7c15u >> 40) % COUNTED_MAX, tries = 0;
    while (w->counted[at].count && !same(&w->counted[at], &k) && ++tries < 16)
        at = (at + 1) % COUNTED_MAX;
    if (tries == 16) { /* a crowd: a leaf of its own */
        add_body(w, &k, c->now, (str){ 0 });
    } else if (w->counted[at].count) {
        w->counted[at].count += count;
    } else {
        keep_texts(w->a, &k);
        w->counted[at] = k;
        w->counted_n++;
    }
    unlock();
}

bool ledger_waiting(struct office *o)
{
    (void)o;
    lock();
    bool waiting = led.now.bodies.n || led.now.counted_n || led.is_taken;
    unlock();
    return waiting;
}

static void empty_waiting(struct waiting *w)
{
    arena_reset(w->a);
    *w = (struct waiting){ .a = w->a };
    w->counted = NEW_N(w->a, struct counted, COUNTED_MAX);
}

static err insert_waiting(struct call *c, struct waiting *w)
{
    for (size_t i = 0; i < w->bodies.n; i++)
        TRY(insert(c, w->bodies.at[i]));
    for (size_t i = 0; w->counted_n && i < COUNTED_MAX; i++)
        if (w->counted[i].count)
            TRY(insert(c, leaf_body(c->arena, &w->counted[i], c->now, (str){ 0 })));
    if (!w->left_out)
        return E_NONE;
    const struct counted gap = { .type = "ledger.gap",
                                 .count = w->left_out,
                                 .since = w->left_out_since };
    return insert(c, leaf_body(c->arena, &gap, c->now, (str){ 0 }));
}

/* What came since joins what an undone group took: a refusal is told as soon as the next group is
 * committed, so its leaf must be in that group and not in the one behind it. */
static void join_taken(struct waiting *to, struct waiting *from, usec now)
{
    if (!from->a || arena_room(to->a) < arena_used(from->a) * 2)
        return; /* the store has taken nothing for long: these wait for a group of their own */
    for (size_t i = 0; i < from->bodies.n; i++)
        *vec_push(&to->bodies, to->a) = str_copy(to->a, from->bodies.at[i]);
    for (size_t i = 0; from->counted_n && i < COUNTED_MAX; i++)
        if (from->counted[i].count)
            *vec_push(&to->bodies, to->a) = leaf_body(to->a, &from->counted[i], now, (str){ 0 });
    to->left_out_since = to->left_out ? to->left_out_since : from->left_out_since;
    to->left_out += from->left_out;
    empty_waiting(from);
}

err ledger_drain(struct call *c)
{
    lock();
    if (led.is_taken && led.taken.a) { /* else an undone group took nothing */
        join_taken(&led.taken, &led.now, c->now);
    } else {
        struct waiting empty = led.taken;
        led.taken = led.now;
        led.now = empty;
        led.is_taken = true;
    }
    unlock();
    return led.taken.a ? insert_waiting(c, &led.taken) : E_NONE;
}

void ledger_drained(struct office *o, bool committed)
{
    (void)o;
    if (!committed)
        return;
    lock();
    if (led.taken.a && (led.taken.bodies.n || led.taken.counted_n))
        empty_waiting(&led.taken);
    led.is_taken = false;
    unlock();
}

void ledger_end(struct office *o)
{
    (void)o;
    lock();
    arena_free(led.now.a);
    arena_free(led.taken.a);
    led.now = led.taken = (struct waiting){ 0 };
    led.is_taken = false;
    led.last_counter = 0;
    unlock();
}

/* ---- Sealing ---- */

err ledger_unsealed(struct call *c, i64 limit, struct leaf_rows *ret)
{
    struct rows rows;
    TRY(db_run(c->db, &leaf_oldest, &(struct one_int){ limit }, c->arena, &rows));
    ret->at = rows.at;
    ret->n = rows.n;
    return E_NONE;
}

err ledger_sealed(struct call *c, const struct leaf_row *last, u64 size, const u8 root[32])
{
    const struct leaf_in upto = { .producer = last->producer, .counter = last->counter };
    TRY(db_run(c->db, &leaf_delete, &upto, c->arena, NULL));
    const struct head_row head = { (i64)size, { (const char *)root, 32 } };
    return db_run(c->db, &head_set, &head, c->arena, NULL);
}

err ledger_size(struct call *c, u64 *ret_size, u8 ret_root[32])
{
    struct head_row head;
    err e = db_run(c->db, &head_get, NULL, c->arena, &head);
    if (e == E_NOT_FOUND) {
        *ret_size = 0;
        memset(ret_root, 0, 32);
        return E_NONE;
    }
    TRY(e);
    if (head.root.n != 32)
        return E_CORRUPT;
    *ret_size = (u64)head.size;
    memcpy(ret_root, head.root.p, 32);
    return E_NONE;
}
