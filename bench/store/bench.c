/* SPDX-License-Identifier: Apache-2.0 */
/* Durable posts a second of the one writer, on the store named by the argument:   bench/store PLACE
 * A post is what the chat's is: its double looked for, the channel's next number, the message, the
 * event's number and row, the answer kept, the leaf; each post in a savepoint, 64 in a group, as
 * core/writer does it under load. Then one post a group, which is what a lone writer sees. */
#include "base/os.h"
#include "store/db.h"
#include "store/migrate.h"

static const struct migrate_step steps[] = {
    { "bench", "001",
      "CREATE TABLE channel (id INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;"
      "CREATE TABLE message (id INTEGER PRIMARY KEY, channel INTEGER NOT NULL REFERENCES channel "
      "(id),"
      " seq INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (channel, seq)) STRICT;"
      "CREATE TABLE topic (id INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;"
      "CREATE TABLE event (id INTEGER NOT NULL, seq INTEGER NOT NULL, text TEXT NOT NULL,"
      " PRIMARY KEY (id, seq)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
      "CREATE TABLE leaf (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
      "INSERT INTO channel VALUES (1, 0); INSERT INTO topic VALUES (1, 0)",
      NULL },
};

struct in {
    i64 id, n;
    str text;
};
struct number {
    i64 n;
};
static const struct col in_cols[] = {
    { "id", COL_I64, false, 0, offsetof(struct in, id), 0 },
    { "n", COL_I64, false, 0, offsetof(struct in, n), 0 },
    { "text", COL_STR, false, 0, offsetof(struct in, text), 0 },
};
static const struct col id_text[] = {
    { "id", COL_I64, false, 0, offsetof(struct in, id), 0 },
    { "text", COL_STR, false, 0, offsetof(struct in, text), 0 },
};
static const struct col number_cols[] = {
    { "n", COL_I64, false, 0, offsetof(struct number, n), 0 },
};

#define READS(name_, text_)                                      \
    static const struct stmt name_ = { .name = #name_,           \
                                       .module = "bench",        \
                                       .sqlite = text_,          \
                                       .index = STMT_UNNUMBERED, \
                                       .shape = STMT_ONE,        \
                                       .cols_n = 1,              \
                                       .cols = number_cols,      \
                                       .row_size = sizeof(struct number)
#define WRITES(name_, text_, params_)                              \
    static const struct stmt name_ = { .name = #name_,             \
                                       .module = "bench",          \
                                       .sqlite = text_,            \
                                       .index = STMT_UNNUMBERED,   \
                                       .shape = STMT_EXEC,         \
                                       .writes = true,             \
                                       .params_n = COUNT(params_), \
                                       .params = params_ }
READS(kept_get, "SELECT id AS n FROM kept WHERE id = :id"), .params_n = 1, .params = in_cols
}
;
READS(channel_next, "UPDATE channel SET last = last + 1 WHERE id = 1 RETURNING last"),
    .writes = true
}
;
READS(topic_next, "UPDATE topic SET last = last + 1 WHERE id = 1 RETURNING last"), .writes = true
}
;
WRITES(message_add, "INSERT INTO message (id, channel, seq, text) VALUES (:id, 1, :n, :text)",
       in_cols);
WRITES(event_add, "INSERT INTO event (id, seq, text) VALUES (:id, :n, :text)", in_cols);
WRITES(kept_add, "INSERT INTO kept (id, text) VALUES (:id, :text)", id_text);
WRITES(leaf_add, "INSERT INTO leaf (id, text) VALUES (:id, :text)", id_text);

static err post(struct db *db, struct arena *a, i64 id)
{
    struct number n;
    struct in in = { id, 0, S("Good morning, everyone. 大家早上好，今天的会议改到十点。") };
    if (db_run(db, &kept_get, &in, a, &n) != E_NOT_FOUND)
        return E_CONFLICT;
    TRY(db_run(db, &channel_next, NULL, a, &n));
    in.n = n.n;
    TRY(db_run(db, &message_add, &in, a, NULL));
    TRY(db_run(db, &topic_next, NULL, a, &n));
    in.n = n.n;
    TRY(db_run(db, &event_add, &in, a, NULL));
    TRY(db_run(db, &kept_add, &in, a, NULL));
    return db_run(db, &leaf_add, &in, a, NULL);
}

static err group(struct db *db, struct arena *a, i64 *id, int size)
{
    TRY(db_begin(db));
    for (int i = 0; i < size; i++) {
        TRY(db_save(db));
        TRY(post(db, a, ++*id));
        TRY(db_save_keep(db));
    }
    arena_reset(a);
    return db_commit(db);
}

static err measure(struct db *db, struct arena *a, i64 *id, int size)
{
    usec began = os_mono();
    i64 first = *id;
    while (os_mono() - began < 5 * USEC_S)
        TRY(group(db, a, id, size));
    double s = (double)(os_mono() - began) / 1e6;
    printf("  %2d a group: %8.0f posts/s\n", size, (double)(*id - first) / s);
    return E_NONE;
}

int main(int argc, char **argv)
{
    struct migrate_report r;
    struct db *db = NULL;
    i64 id = 0;
    if (argc != 2)
        return 2;
    struct arena *a = arena_new("bench", (size_t)8 << 20);
    const struct db_options o = { .path = argv[1], .write = true };
    err e = migrate_run(argv[1], steps, COUNT(steps), &r);
    if (e == E_NONE)
        e = db_open(&o, &db);
    if (e == E_NONE)
        e = measure(db, a, &id, 64);
    if (e == E_NONE)
        e = measure(db, a, &id, 1);
    if (e != E_NONE)
        printf("%s: %s %s\n", err_text(e), r.why, db ? db_error_text(db) : "");
    db_close(db);
    arena_free(a);
    return e != E_NONE;
}
