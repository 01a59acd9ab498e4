/* SPDX-License-Identifier: Apache-2.0 */
/* The module of the pipeline's tests, as tools/gen would write it, but by hand: notes on
 * boards. A note may be hidden; the policy shows hidden ones to their authors only. */
#include <string.h>
#include <unistd.h>

#include "core/answer.h"
#include "core/core_stmts.h"
#include "core/jobs.h"
#include "core/testkit/notes.h"

struct notes_knobs notes_knobs;

struct note {
    i64 id, board, author;
    str text;
    bool hidden;
};
struct note_key {
    i64 id, me;
};
struct page_key {
    i64 after;
    bool has_after;
    i64 most;
};

static const struct col note_cols[] = {
    CORE_COL(note, id, COL_I64),      CORE_COL(note, board, COL_I64),
    CORE_COL(note, author, COL_I64),  CORE_COL(note, text, COL_STR),
    CORE_COL(note, hidden, COL_BOOL),
};
static const struct col key_cols[] = { CORE_COL(note_key, id, COL_I64) };
static const struct col page_cols[] = {
    CORE_OPT(page_key, after, COL_I64),
    CORE_COL(page_key, most, COL_I64),
};
static const struct stmt note_get = {
    .name = "note_get",
    .module = "notes",
    .index = STMT_UNNUMBERED,
    .shape = STMT_ONE,
    .sqlite = "SELECT id, board, author, text, hidden FROM note WHERE id = :id",
    CORE_IN(key_cols),
    CORE_OUT(note, note_cols),
};
static const struct stmt note_page = {
    .name = "note_page",
    .module = "notes",
    .index = STMT_UNNUMBERED,
    .shape = STMT_MANY,
    .sqlite = "SELECT id, board, author, text, hidden FROM note WHERE id > coalesce(:after, 0)"
              " ORDER BY id LIMIT :most",
    CORE_IN(page_cols),
    CORE_OUT(note, note_cols),
};
static const struct stmt note_add = {
    .name = "note_add",
    .module = "notes",
    .index = STMT_UNNUMBERED,
    .shape = STMT_EXEC,
    .writes = true,
    .sqlite = "INSERT INTO note (id, board, author, text, hidden)"
              " VALUES (:id, :board, :author, :text, :hidden)",
    CORE_IN(note_cols),
};

/* ---- for the gate ---- */

static const struct entity_attr note_attrs[] = {
    { .name = "author",
      .col = CORE_COL(note, author, COL_I64),
      .type = "Person",
      .prefix = "pers" },
    { .name = "hidden", .col = CORE_COL(note, hidden, COL_BOOL) },
};
static const struct entity note_entity = {
    .type = "Note",
    .prefix = "note",
    .by = &note_get,
    .record_size = sizeof(struct note),
    .id_at = offsetof(struct note, id),
    .attrs = note_attrs,
    .attrs_n = COUNT(note_attrs),
};
const struct topic board_topic = { "note", { "note.read", &note_entity, 0 } };

/* ---- endpoints ---- */

struct note_in {
    i64 id;
};
struct post_in {
    i64 board;
    str text;
    bool hidden;
};
struct list_in {
    i64 after;
    bool has_after;
    i64 limit;
};
struct list_ret {
    struct rows items;
    i64 next;
    bool has_next;
};
struct done_ret {
    i64 n;
};

static err no_input(UNUSED struct call *c, UNUSED const str *text, UNUSED const struct json *body,
                    UNUSED void *in)
{
    return E_NONE;
}

static err note_in(struct call *c, const str *text, UNUSED const struct json *body, void *in)
{
    struct note_in *to = in;
    return str_i64(text[0], &to->id) == E_NONE ? E_NONE : call_field(c, "note", "format", 0);
}

static err post_in(struct call *c, const str *text, const struct json *body, void *in)
{
    struct post_in *to = in;
    err e = E_NONE;
    if (str_i64(text[0], &to->board) != E_NONE)
        e = call_field(c, "board", "format", 0);
    to->text = json_str_or(json_get(body, S("text")), (str){ 0 });
    if (!to->text.n)
        e = call_field(c, "text", "required", 0);
    const struct json *hidden = json_get(body, S("hidden"));
    to->hidden = hidden && hidden->kind == JSON_BOOL && hidden->b;
    return e;
}

static err list_in(struct call *c, const str *text, UNUSED const struct json *body, void *in)
{
    struct list_in *to = in;
    to->limit = 50;
    to->has_after = text[0].p != NULL;
    if (text[0].p && str_i64(text[0], &to->after) != E_NONE)
        return call_field(c, "after", "format", 0);
    if (text[1].p && (str_i64(text[1], &to->limit) != E_NONE || to->limit < 1 || to->limit > 200))
        return call_field(c, "limit", "range", 200);
    return E_NONE;
}

static void put_note(struct buf *b, const void *ret)
{
    const struct note *n = ret;
    buf_fmt(b, "{\"id\":%lld,\"author\":%lld,\"text\":", (long long)n->id, (long long)n->author);
    json_put_str(b, n->text);
    buf_put(b, S(",\"hidden\":"));
    json_put_bool(b, n->hidden);
    buf_char(b, '}');
}

static void put_list(struct buf *b, const void *ret)
{
    const struct list_ret *l = ret;
    const struct note *n = l->items.at;
    buf_put(b, S("{\"items\":["));
    for (size_t i = 0; i < l->items.n; i++) {
        if (i)
            buf_char(b, ',');
        put_note(b, &n[i]);
    }
    buf_put(b, S("],\"next\":"));
    if (l->has_next)
        buf_i64(b, l->next);
    else
        buf_put(b, S("null"));
    buf_char(b, '}');
}

static void put_done(struct buf *b, const void *ret)
{
    buf_fmt(b, "{\"n\":%lld}", (long long)((const struct done_ret *)ret)->n);
}

static err me_run(struct call *c, UNUSED const void *in, void *ret)
{
    ((struct done_ret *)ret)->n = c->who.person;
    return c->db ? fail(c, E_INTERNAL, "a store in memory?") : E_NONE;
}

static err get_run(struct call *c, const void *in, void *ret)
{
    struct note_key key = { ((const struct note_in *)in)->id, 0 };
    return db_run(c->db, &note_get, &key, c->arena, ret);
}

static err list_run(struct call *c, const void *in, void *ret)
{
    const struct list_in *l = in;
    struct page_key key = { l->after, l->has_after, l->limit };
    atomic_fetch_add(&notes_knobs.runs, 1);
    return db_run(c->db, &note_page, &key, c->arena, &((struct list_ret *)ret)->items);
}

/* A list without pages, as `-> list note … each` declares it. */
static err all_run(struct call *c, UNUSED const void *in, void *ret)
{
    struct page_key key = { 0, false, 1000 };
    return db_run(c->db, &note_page, &key, c->arena, ret);
}

static void put_all(struct buf *b, const void *ret)
{
    put_list(b, &(struct list_ret){ .items = *(const struct rows *)ret });
}

static i64 note_cursor(const void *row) { return ((const struct note *)row)->id; }

static void cache_changed(UNUSED struct office *o, void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static err post_run(struct call *c, const void *in, void *ret)
{
    const struct post_in *p = in;
    struct note n = { call_new_id(c), p->board, c->who.person, p->text, p->hidden };
    atomic_fetch_add(&notes_knobs.runs, 1);
    TRY(db_run(c->db, &note_add, &n, c->arena, NULL));
    if (notes_knobs.fail_after)
        return fail(c, (err)notes_knobs.fail_after, "as the test wishes");
    call_object(c, "Note", "note", n.id);
    call_note(c, "board", str_fmt(c->arena, "%lld", (long long)p->board));
    call_after_commit(c, cache_changed, &notes_knobs.befores);
    struct buf b = buf_in(c->arena, 1 << 20);
    put_note(&b, &n);
    TRY(call_emit(c, &board_topic, p->board, "note_posted", buf_str(&b)));
    *(struct note *)ret = n;
    return E_NONE;
}

static err slow_before(UNUSED struct call *c, UNUSED void *in)
{
    while (atomic_load(&notes_knobs.hold))
        (void)usleep(1000);
    atomic_fetch_add(&notes_knobs.befores, 1);
    return E_NONE;
}

static err slow_run(struct call *c, UNUSED const void *in, void *ret)
{
    while (!c->endpoint->has_before && atomic_load(&notes_knobs.hold))
        (void)usleep(1000);
    ((struct done_ret *)ret)->n = 1;
    return E_NONE;
}

/* Goes on taking memory as a careless handler would: every query refuses from some point on. */
static err greedy_run(struct call *c, UNUSED const void *in, UNUSED void *ret)
{
    struct note_key key = { 1, 0 };
    struct note n;
    for (int i = 0; i < 1000; i++) {
        (void)arena_get(c->arena, 16 * 1024, 1, 16);
        err e = db_run(c->db, &note_get, &key, c->arena, &n);
        if (e != E_NOT_FOUND)
            TRY(e);
    }
    return E_NONE;
}

static err touch_run(struct call *c, const void *in, void *ret)
{
    call_topic_changed(c, &board_topic, ((const struct note_in *)in)->id);
    ((struct done_ret *)ret)->n = 1;
    return E_NONE;
}

static err job_order_run(struct call *c, UNUSED const void *in, void *ret)
{
    ((struct done_ret *)ret)->n = 1;
    return job_add(
        c, &(struct job_order){ .kind = "notes.tidy", .payload = S("{\"text\":\"tidy\"}") });
}

static const char *const id_names[] = { "note" };
static const char *const list_names[] = { "after", "limit" };

#define IN(T)        .in_size = sizeof(struct T)
#define RET(T)       .ret_size = sizeof(struct T)
#define ON_ALL(act)  .guards = { { act, NULL, 0 } }, .guards_n = 1
#define ON_NOTE(act) .guards = { { act, &note_entity, 0 } }, .guards_n = 1
static const struct endpoint endpoints[] = {
    { "notes", "me", "GET", "/api/me", LANE_MEMORY, SESSION_PROOF, ON_ALL("me.read"),
      RET(done_ret), .decode = no_input, .run = me_run, .encode = put_done },
    { "notes", "get", "GET", "/api/notes/{note}", LANE_QUICK, SESSION_PROOF, ON_NOTE("note.read"),
      IN(note_in), RET(note), .decode = note_in, .text_names = id_names, .text_n = 1, .path_n = 1,
      .run = get_run, .encode = put_note },
    { "notes", "list", "GET", "/api/notes", LANE_READ, SESSION_PROOF, .each = true, IN(list_in),
      RET(list_ret), .decode = list_in, .text_names = list_names, .text_n = 2, .run = list_run,
      .encode = put_list,
      .page = { "note.read", &note_entity, offsetof(struct list_ret, items), sizeof(struct note),
                offsetof(struct list_ret, next), offsetof(struct list_ret, has_next),
                offsetof(struct list_in, after), offsetof(struct list_in, has_after),
                offsetof(struct list_in, limit), note_cursor, false, 0, 0 } },
    { "notes", "all", "GET", "/api/all-notes", LANE_READ, SESSION_PROOF, .each = true,
      .ret_size = sizeof(struct rows), .decode = no_input, .run = all_run, .encode = put_all,
      .page = { .action = "note.read", .entity = &note_entity, .row_size = sizeof(struct note),
                .next_at = AT_NONE, .next_has_at = AT_NONE, .after_at = AT_NONE,
                .limit_at = AT_NONE } },
    { "notes", "post", "POST", "/api/boards/{board}/notes", LANE_WRITE, SESSION_PROOF,
      ON_ALL("note.write"), .leaf = "note.posted", IN(post_in), RET(note), .decode = post_in,
      .text_names = id_names, .text_n = 1, .path_n = 1, .run = post_run, .encode = put_note },
    { "notes", "secret", "POST", "/api/secret/{board}", LANE_WRITE, SESSION_PROOF,
      ON_ALL("note.write"), .secret = true, .leaf = "note.posted", IN(post_in), RET(note),
      .decode = post_in, .text_names = id_names, .text_n = 1, .path_n = 1, .run = post_run,
      .encode = put_note },
    { "notes", "hashed", "POST", "/api/hashed", LANE_WRITE, SESSION_PROOF, ON_ALL("note.write"),
      .has_before = true, .before = slow_before, .leaf = "note.hashed", RET(done_ret),
      .decode = no_input, .run = slow_run, .encode = put_done },
    { "notes", "slow", "GET", "/api/slow", LANE_SLOW, SESSION_PROOF, ON_ALL("me.read"),
      RET(done_ret), .decode = no_input, .run = slow_run, .encode = put_done },
    { "notes", "greedy", "GET", "/api/greedy", LANE_READ, SESSION_PROOF, ON_ALL("me.read"),
      RET(done_ret), .decode = no_input, .run = greedy_run, .encode = put_done },
    { "notes", "admin", "POST", "/api/admin", LANE_WRITE, SESSION_PROOF, ON_ALL("admin.act"),
      .rate = "admin", .leaf = "admin.acted", RET(done_ret), .decode = no_input, .run = slow_run,
      .encode = put_done },
    { "notes", "touch", "POST", "/api/notes/{note}/touch", LANE_WRITE, SESSION_PROOF,
      ON_ALL("note.write"), IN(note_in), RET(done_ret), .decode = note_in, .text_names = id_names,
      .text_n = 1, .path_n = 1, .run = touch_run, .encode = put_done },
    { "notes", "order", "POST", "/api/order", LANE_WRITE, SESSION_PROOF, ON_ALL("note.write"),
      RET(done_ret), .decode = no_input, .run = job_order_run, .encode = put_done },
    { "notes", "open", "POST", "/api/open", LANE_MEMORY, SESSION_NONE, .rate = "sign_in",
      RET(done_ret), .decode = no_input, .run = slow_run, .encode = put_done },
};

/* ---- jobs ---- */

static err tidy_run(struct call *c, const struct json *payload)
{
    struct note n = { call_new_id(c), 1, 0, json_str_or(json_get(payload, S("text")), S("?")),
                      false };
    atomic_fetch_add(&notes_knobs.runs, 1);
    TRY(db_run(c->db, &note_add, &n, c->arena, NULL));
    return notes_knobs.fail_after ? (err)notes_knobs.fail_after : E_NONE;
}
static const struct job_kind jobs[] = { { "notes.tidy", NULL, "notes.tidied", false, tidy_run } };

static const struct error_row errors[] = { { (err)E_NOTE_CLOSED, 409, "note_closed" } };
static const struct migration migrations[] = {
    { "001",
      "CREATE TABLE note (id INTEGER PRIMARY KEY, board INTEGER NOT NULL, author INTEGER NOT "
      "NULL,"
      " text TEXT NOT NULL, hidden INTEGER NOT NULL) STRICT;",
      NULL },
};
const struct module notes_module = {
    .name = "notes",
    .endpoints = endpoints,
    .endpoints_n = COUNT(endpoints),
    .topics = &board_topic,
    .topics_n = 1,
    .errors = errors,
    .errors_n = COUNT(errors),
    .migrations = migrations,
    .migrations_n = COUNT(migrations),
    .jobs = jobs,
    .jobs_n = COUNT(jobs),
};
