/* SPDX-License-Identifier: Apache-2.0 */
/* What the generator refuses, with the exact words that the author of a model reads. */
#include "gen.h"

#include "load.h"
#include "test/test.h"

struct given {
    const char *model, *schema, *queries;
};

static str run(struct T *T, const struct given *in)
{
    struct gen g = { .a = T->arena };
    struct buf b = buf_in(T->arena, 1 << 20);
    struct module *m = model_parse(&g, S("t.model"), str_from(in->model));
    *vec_push(&g.modules, g.a) = m;
    if (in->schema)
        migration_add(&g, m, S("001.sql"), S("001"), str_from(in->schema));
    if (in->queries)
        queries_parse(&g, m, S("q.sql"), str_from(in->queries));
    gen_make(&g);
    gen_print_faults(&g, &b);
    return buf_str(&b);
}

#define REFUSED(model_, ...) \
    expect_s(run(T, &(struct given){ .model = "module t\n" model_ }), S(__VA_ARGS__))
#define THING "id thing_id thng\nrecord thing\n  id thing_id\n  name text 1..9\n  note text 0..9?\n"
#define TABLE "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT) STRICT;\n"
#define SQL_REFUSED(queries_, ...)                                                                 \
    expect_s(                                                                                      \
        run(T,                                                                                     \
            &(struct given){ .model = "module t\n" THING, .schema = TABLE, .queries = queries_ }), \
        S(__VA_ARGS__))

TEST(gen_refuses_lines_it_does_not_know)
{
    REFUSED("tabel x\n", "t.model:2: `tabel` begins no declaration: module, uses, start, id, enum, "
                         "record, entity, error, action, get, "
                         "post, put, patch, delete, topic, event do\n");
    REFUSED("  x text 1..2\n",
            "t.model:2: an indented line belongs to a record or an entity above it\n");
    REFUSED("record r\n  x text\n", "t.model:3: `x` needs a length: write `text 0..80`\n");
    REFUSED("record r\n  x text 9..1\n",
            "t.model:3: the range 9..1 is empty: put the smaller number first\n");
    REFUSED("record r\n  x int 1..9 3\n", "t.model:3: `3` is not understood here\n");
    REFUSED("record r\n  X int\n", "t.model:3: `X` cannot be a field's name: use lower-case "
                                   "letters, digits and _ (at most 40), "
                                   "no C keyword\n");
    REFUSED("record r\n  x int\n  x int\n", "t.model:4: the field `x` stands here twice\n");
    REFUSED(
        "record r\n  x colour\n",
        "t.model:3: the type `colour` is unknown: declare it, or say `uses` with the module that "
        "does\n");
    REFUSED("record r\n", "t.model:2: the record `r` has no fields: indent them below it\n");
    REFUSED("id thing thng\n", "t.model:2: an id's name ends in _id: write `id thing_id thng`\n");
    REFUSED("uses nobody\n", "t.model:1: `uses nobody`: there is no such other module\n");
    REFUSED("error e 200\n", "t.model:2: the error `e` needs an HTTP status, 400 to 599\n");
}

TEST(gen_refuses_an_endpoint_without_an_action)
{
    REFUSED(
        THING "get /api/things all () -> list thing\n",
        "t.model:7: `all` names no action: add `can thing.act on parameter`, or say `public`\n");
    REFUSED(THING "get /api/things all () -> list thing public can thing.read\n",
            "t.model:7: `all` is public: it has no action and no session\n");
}

TEST(gen_refuses_guards_on_what_is_no_entity)
{
    REFUSED(THING "get /api/things/{thing} one () -> thing can thing.read on thing\n",
            "t.model:7: `can thing.read on thing`: no entity has the id `thing_id`: declare one\n");
    REFUSED(THING "get /api/things/{thing} one () -> thing can thing.read on other\n",
            "t.model:7: `can thing.read on other`: `one` has no such parameter or field\n");
    REFUSED(
        THING
        "entity thing as Thing\nget /api/things/{thing} one () -> thing can thing.read on thing\n",
        "t.model:8: the entity `thing` cannot be loaded by its id: add `by STATEMENT` to it\n");
    REFUSED(THING "get /api/things all () -> list thing can thing.read each\n",
            "t.model:7: `thing.read` is decided on `thing`, which is no entity: declare `entity "
            "thing as …`\n");
    REFUSED(
        THING "entity thing as Thing by thing_load\n",
        "t.model:7: the entity `thing` is loaded by `thing_load`, which is not in queries.sql\n");
    REFUSED(THING "entity thing as Thing\n  attrs colour\n",
            "t.model:7: the record `thing` has no field `colour`\n");
}

TEST(gen_refuses_actions_on_what_is_no_entity)
{
    REFUSED(THING "action thing.burn on thing\n",
            "t.model:1: `action thing.burn` is asked on an entity: write `action thing.burn on "
            "channel`, or no more\n");
    REFUSED("action burn\n", "t.model:2: an action is written `thing.act`, found `burn`\n");
    SQL_REFUSED("-- name: a :one -x\nSELECT 1;\n", "q.sql:1: one value is written `-> int`\n");
}

TEST(gen_refuses_names_that_c_or_the_core_has_taken)
{
    REFUSED(
        "error limit 409\n",
        "t.model:2: `limit` is a code that every endpoint may answer with: choose another name\n");
    REFUSED("enum e m n\n",
            "t.model:2: the word `n` of `e` is taken: E_N is the number of words\n");
    REFUSED("record r\n  x int?\n  has_x bool\n",
            "t.model:3: `x` is optional, so that `has_x` is taken: rename that field\n");
    REFUSED("record return\n  x int\n",
            "t.model:2: `return` cannot be a record's name: use lower-case letters, digits and _ "
            "(at most 40), no C keyword\n");
}

TEST(gen_refuses_pages_without_order_or_bounds)
{
    REFUSED(THING "entity thing as Thing\nget /api/things all (after: thing_id?) -> page thing by "
                  "id can thing.read each\n",
            "t.model:8: a page needs a field `limit: int 1..200 = 50`\n");
    REFUSED(THING "entity thing as Thing\nget /api/things all (limit: int 1..9 = 5) -> page thing "
                  "by id can thing.read each\n",
            "t.model:8: a page needs a field `after: thing_id?` (or `before`)\n");
    REFUSED(THING "get /api/things all () -> page thing public\n",
            "t.model:7: a page names the field it is ordered by: `page thing by id`\n");
}

TEST(gen_refuses_lanes_and_leaves_that_do_not_fit)
{
    REFUSED(THING "get /api/things all () -> thing public lane write\n",
            "t.model:7: a GET changes nothing: it cannot be in the write lane\n");
    REFUSED(
        THING "post /api/things add () -> thing public lane slow ledger thing.added\n",
        "t.model:7: `ledger thing.added` needs the write lane: effect and leaf commit together\n");
    REFUSED(THING "post /api/things add () -> thing public fails gone\n",
            "t.model:7: the error `gone` is unknown: declare `error gone 409`\n");
    REFUSED(THING "get /api/things/{thing} thing_get () -> thing public lane quick\n",
            "t.model:7: `lane quick` needs a statement `-- name: thing_get :one …`\n");
    REFUSED(THING "post /things add () -> thing public\n",
            "t.model:7: a path begins with /api/ and has no slash at its end, found `/things`\n");
}

TEST(gen_refuses_names_used_twice)
{
    REFUSED(THING "record thing\n  x int\n",
            "t.model:7: the type `thing` is already at t.model:3: choose another name\n");
    REFUSED("error e 400\nerror e 409\n",
            "t.model:3: the error `e` is already at t.model:2: choose another name\n");
    REFUSED(THING "get /api/t a () -> thing public\nget /api/t b () -> thing public\n",
            "t.model:8: the endpoint `GET /api/t` is already at t.model:7: choose another name\n");
    REFUSED("record a\n  b b\nrecord b\n  a a\n",
            "t.model:2: the record `a` contains itself\nt.model:4: the record `b` contains "
            "itself\n");
}

TEST(gen_refuses_a_statement_that_does_not_fit_its_record)
{
    SQL_REFUSED("-- name: a :one thing\nSELECT id, name FROM thing WHERE id = :id;\n",
                "q.sql:1: a lacks the column `note` of `thing`\n");
    SQL_REFUSED(
        "-- name: a :one thing\nSELECT id, name, note, 1 AS more FROM thing WHERE id = :id;\n",
        "q.sql:1: the column `more` of a is no field of `thing`: rename it with AS, or drop it\n");
    SQL_REFUSED("-- name: a :one (note text)\nSELECT note FROM thing WHERE id = :id;\n",
                "q.sql:1: the column `note` of a may be NULL: make the field optional, use "
                "coalesce(), or say `-- col note TYPE` "
                "when the condition excludes it\n");
    SQL_REFUSED("-- name: a :one (name int)\nSELECT name FROM thing WHERE id = :id;\n",
                "q.sql:1: the column `name` of a is TEXT, the field is stored as INTEGER\n");
    SQL_REFUSED("-- name: a :exec\nSELECT name FROM thing WHERE id = :id;\n",
                "q.sql:1: a is :exec but returns columns: say :one or :many\n");
    SQL_REFUSED("-- name: a :one -> text\nSELECT id, name FROM thing WHERE id = :id;\n",
                "q.sql:1: a returns one value but has 2 columns\n");
}

TEST(gen_refuses_what_the_database_does_not_know)
{
    SQL_REFUSED("-- name: a :one thing\n\nSELECT id, name, note\nFROM things WHERE id = :id;\n",
                "q.sql:4: SQLite does not take a: no such table: things\n");
    SQL_REFUSED("-- name: a :one thing\nSELECT id, nam, note\nFROM thing WHERE id = :id;\n",
                "q.sql:2: SQLite does not take a: no such column: nam\n");
    SQL_REFUSED(
        "-- name: a :exec\nDELETE FROM thing WHERE id = :id; DELETE FROM thing WHERE id = :id;\n",
        "q.sql:1: a holds more than one statement\n");
    expect_s(
        run(T, &(struct given){ .model = "module t\n",
                                .schema = "CREATE TABLE a (x INTEGER) STRICT;\nCREATE TABL b;\n" }),
        S("001.sql:2: the migration fails: near \"TABL\": syntax error\n"));
    expect_s(
        run(T, &(struct given){ .model = "module t\n", .schema = "CREATE TABLE a (x INTEGER);\n" }),
        S("001.sql:1: the table `a` is not STRICT: write `) STRICT;`\n"));
}

TEST(gen_refuses_unbounded_and_scanning_reads)
{
    SQL_REFUSED("-- name: a :many thing\nSELECT id, name, note FROM thing WHERE id > :after;\n",
                "q.sql:1: a is :many without LIMIT: every answer is bounded\n");
    SQL_REFUSED(
        "-- name: a :many thing\nSELECT id, name, note FROM thing WHERE name = :name LIMIT 5;\n",
        "q.sql:1: a reads a whole table (SCAN thing): add an index, write `col > coalesce(:after, "
        "0)` instead of an OR, or "
        "give a reason with `-- scan: …`\n");
    SQL_REFUSED("-- name: a :many thing\n-- scan: small\nSELECT id, name, note FROM thing WHERE "
                "name = :name LIMIT 5;\n",
                "");
}

TEST(gen_refuses_parameters_it_cannot_type)
{
    SQL_REFUSED("-- name: a :one -> int\nSELECT :x AS x;\n",
                "q.sql:1: the type of `:x` in a does not show: add `-- param x TYPE`\n");
    SQL_REFUSED("-- name: a :one -> int\n-- param x int\nSELECT :x AS x;\n", "");
    SQL_REFUSED("-- name: a :one -> int\n-- param y int\nSELECT 1;\n",
                "q.sql:2: `-- param y`: a has no such parameter\n");
    SQL_REFUSED("-- name: a :exec\nDELETE FROM thing WHERE id = ?;\n",
                "q.sql:1: a has a parameter without a name: write :name\n");
    SQL_REFUSED("-- name: a thing\nSELECT 1;\n",
                "q.sql:1: a statement is written `-- name: channel_get :one channel`, with :one, "
                ":many or :exec\n");
    SQL_REFUSED("SELECT 1;\n",
                "q.sql:1: this text belongs to no statement: begin with `-- name: …`\n");
}

TEST(gen_refuses_what_postgres_would_not_take)
{
    SQL_REFUSED("-- name: a :exec\nINSERT OR IGNORE INTO thing (id, name) VALUES (:id, :name);\n",
                "q.sql:1: `OR IGNORE, OR REPLACE (write ON CONFLICT)` does not carry over to "
                "PostgreSQL: write it otherwise or add a "
                "`-- pg:` variant\n");
}

TEST(gen_refuses_other_modules_tables)
{
    struct gen g = { .a = T->arena };
    struct buf b = buf_in(T->arena, 1 << 20);
    struct module *one = model_parse(&g, S("one.model"), S("module one\n" THING));
    struct module *two = model_parse(&g, S("two.model"), S("module two\nuses one\n"));
    struct module *three = model_parse(&g, S("three.model"), S("module three\n"));
    migration_add(&g, one, S("001.sql"), S("001"), S(TABLE));
    queries_parse(&g, two, S("two.sql"),
                  S("-- name: read_it :one -> text\nSELECT name FROM thing WHERE id = :id;\n"
                    "-- name: drop_it :exec\nDELETE FROM thing WHERE id = :id;\n"));
    queries_parse(
        &g, three, S("three.sql"),
        S("-- name: peek :one -> text\n-- param id int\nSELECT name FROM thing WHERE id = :id;\n"
          "-- name: inside :one -> text\nSELECT sql FROM sqlite_master WHERE rowid = 1;\n"));
    struct module *all[] = { two, one, three };
    for (size_t i = 0; i < COUNT(all); i++)
        *vec_push(&g.modules, g.a) = all[i];
    gen_make(&g);
    gen_print_faults(&g, &b);
    expect_s(buf_str(&b),
             S("three.sql:1: peek may not touch `thing`: add `uses` with its module to the model\n"
               "three.sql:4: inside may not touch `sqlite_master`: it is no module's table\n"
               "two.sql:3: drop_it may not touch `thing`: only its own module writes it\n"));
}

TEST(gen_modules_come_after_those_they_use)
{
    struct gen g = { .a = T->arena };
    static const char *const texts[] = { "module a\nuses b c\n", "module b\nuses c\n",
                                         "module c\n" };
    for (size_t i = 0; i < COUNT(texts); i++)
        *vec_push(&g.modules, g.a) = model_parse(&g, S("x"), str_from(texts[i]));
    gen_make(&g);
    expect_i(g.faults_n, 0);
    expect_s(g.modules.at[0]->name, S("c"));
    expect_s(g.modules.at[2]->name, S("a"));
}

TEST(gen_types_of_parameters_come_from_columns)
{
    struct gen g = { .a = T->arena };
    struct module *m = model_parse(&g, S("t.model"),
                                   S("module t\nid owner_id ownr\nenum mood calm wild\n" THING
                                     "record pet\n  id int\n  mood mood\n  born time\n"));
    migration_add(
        &g, m, S("001.sql"), S("001"),
        S(TABLE
          "CREATE TABLE pet (id INTEGER PRIMARY KEY, mood INTEGER NOT NULL, born INTEGER NOT NULL, "
          "owner INTEGER, "
          "of INTEGER REFERENCES thing (id), pic BLOB) STRICT; CREATE INDEX pet_of ON pet (of);"));
    queries_parse(
        &g, m, S("q.sql"),
        S("-- name: a :many -> int\nSELECT p.id FROM pet p WHERE p.of IN (:x, :y) AND :m = p.mood "
          "AND "
          "p.born BETWEEN :from_time AND coalesce(:to_time, 9) AND owner = :z AND pic <> :pic AND "
          "length(pic) > :n AND EXISTS (SELECT 1 FROM thing WHERE id = :t AND lower(name) = :low) "
          "LIMIT :most;"));
    *vec_push(&g.modules, g.a) = m;
    gen_make(&g);
    struct buf b = buf_in(T->arena, 1 << 16);
    gen_print_faults(&g, &b);
    expect_s(buf_str(&b), S(""));
    const struct query *q = &m->queries.at[0];
    static const struct {
        const char *name, *type;
        bool optional;
    } want[] = {
        { "x", "thing_id", false },     { "y", "thing_id", false },  { "m", "enum mood", false },
        { "from_time", "usec", false }, { "to_time", "usec", true }, { "z", "owner_id", false },
        { "pic", "str", false },        { "n", "i64", false },       { "t", "thing_id", false },
        { "low", "str", false },        { "most", "i64", false },
    };
    expect_i(q->params.n, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        expect_s(q->params.at[i].name, str_from(want[i].name));
        expect_s(str_from(c_type(&g, &q->params.at[i].type)), str_from(want[i].type));
        expect(q->params.at[i].type.optional == want[i].optional);
    }
}
