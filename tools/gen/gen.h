/* SPDX-License-Identifier: Apache-2.0 */
/* tools/gen: from every module's NAME.model, schema/NNN.sql and queries.sql to C, OpenAPI,
 * TypeScript and the Cedar schema. docs/model.md is the grammar. Everything read stands in the
 * structs below, in one arena that lives as long as the run; nothing is written while there is an
 * error. Errors are collected, so that one run shows them all. */
#ifndef OUTWORK_TOOLS_GEN_H
#define OUTWORK_TOOLS_GEN_H

#include "base/buf.h"
#include "base/vec.h"

enum {
    GEN_FAULTS_MAX = 60,
    GEN_FILE_MAX = 4 << 20,
    GEN_GUARDS_MAX = 3,
    GEN_FIELDS_MAX = 60,
    GEN_LIST_MAX = 100,
    GEN_NAME_MAX = 40
};
#define GEN_INT_MIN (-9007199254740991) /* integers beyond ±2^53 do not survive JavaScript */
#define GEN_INT_MAX 9007199254740991

struct where {
    str file;
    int line;
};

enum type_kind { T_NONE, T_TEXT, T_BYTES, T_INT, T_BOOL, T_TIME, T_NUMBER, T_ID, T_ENUM, T_RECORD };
struct type {
    enum type_kind kind; /* T_NONE until named is resolved */
    str name;            /* as written, when it is an id, an enum or a record */
    bool list, optional, ranged;
    bool line;                   /* text on one line: `line` */
    i64 min, max, list_max;
    const struct idtype *id;
    const struct words *words;
    const struct record *record;
};
struct field {
    str name, doc;
    struct where at;
    struct type type;
    bool hidden, has_default;
    i64 def;      /* int, bool, index of an enum's word */
    str def_text; /* text; an enum's word as written */
};
struct names {
    str *at;
    size_t n, room;
};
struct fields {
    struct field *at;
    size_t n, room;
};

struct idtype {
    str name, prefix;
    struct where at;
    const struct module *m;
};
struct words {
    str name;
    struct where at;
    const struct module *m;
    struct names words;
};
struct record {
    str name, doc;
    struct where at;
    const struct module *m;
    struct fields fields;
    const struct entity *entity; /* that stands in this record, or NULL */
    str page_by; /* the field pages of it are ordered by; empty when there is no page */
    bool page_at, listed, received, opened; /* opened: on the path of a search for cycles */
};
struct part {
    str field, type;
}; /* `department as Department` */
struct parts {
    struct part *at;
    size_t n, room;
};
struct entity {
    str name, type, by;
    struct where at;
    const struct module *m;
    const struct record *record;
    const struct query *query; /* by, or NULL */
    const struct field *id;    /* field `id`, or the first one */
    struct parts attrs, parents, context;
};
struct error {
    str name;
    int status;
    struct where at;
    const struct module *m;
    int code;
};

enum guard_kind { GUARD_ON, GUARD_ORGANISATION, GUARD_EACH, GUARD_RETURNED };
struct guard {
    str action, on;
    enum guard_kind kind;
    const struct entity *entity;
    const struct field *field;
};
struct guards {
    struct guard *at;
    size_t n, room;
};

enum ret_kind { RET_ONE, RET_LIST, RET_PAGE };
struct endpoint {
    str method, path, name, rate, leaf, ret_name, by, lane;
    struct where at;
    const struct module *m;
    struct fields in; /* path_n path parameters first */
    size_t path_n;
    enum ret_kind ret;
    const struct record *record;
    const struct field *cursor; /* RET_PAGE: the field of the record */
    struct guards guards;
    struct names fails;
    bool is_public, cookie, secret, before;
    u32 index;
};
struct topic {
    str name, param;
    struct where at;
    const struct module *m;
    struct guard guard;
    const struct idtype *id;
    u32 place;
};
struct event {
    str name, record_name, topic_name;
    struct where at;
    const struct module *m;
    const struct record *record;
    const struct topic *topic;
};

enum shape { SHAPE_ONE, SHAPE_MANY, SHAPE_EXEC };
enum result { RESULT_NONE, RESULT_RECORD, RESULT_ROW, RESULT_SCALAR, RESULT_COUNT };
struct query {
    str name, text, pg, scan, ret_name;
    struct where at; /* of its `-- name:` line; text begins at text_line */
    int text_line;
    const struct module *m;
    enum shape shape;
    enum result result;
    const struct record *record;
    struct fields cols; /* RESULT_ROW, RESULT_SCALAR (one): declared columns */
    struct fields
        params; /* in order of first appearance in the text; those declared and inferred */
    struct fields declared, declared_cols; /* `-- param`, `-- col` lines */
    const struct field **result_at;        /* of each result column the field it fills */
    size_t result_n;
    bool writes, unique; /* unique: every search of its plan is by a unique key */
    u32 index;
};
struct migration {
    str name, sqlite, pg;
    struct where at;
};

struct module {
    str name, path; /* path: of the .model */
    str dir;
    struct where at;
    bool start;
    struct names uses;
    struct {
        struct idtype *at;
        size_t n, room;
    } ids;
    struct {
        struct words *at;
        size_t n, room;
    } enums;
    struct {
        struct record *at;
        size_t n, room;
    } records;
    struct {
        struct entity *at;
        size_t n, room;
    } entities;
    struct {
        struct error *at;
        size_t n, room;
    } errors;
    struct {
        struct endpoint *at;
        size_t n, room;
    } endpoints;
    struct {
        struct topic *at;
        size_t n, room;
    } topics;
    struct {
        struct event *at;
        size_t n, room;
    } events;
    struct {
        struct query *at;
        size_t n, room;
    } queries;
    struct {
        struct migration *at;
        size_t n, room;
    } migrations;
    struct names tables; /* that its migrations made */
    struct guards asked; /* `action` lines: what handlers ask the gate themselves */
    int visit;           /* while modules are put in order */
};

struct fault {
    struct where at;
    str text;
};
struct output {
    str path, text;
};
struct gen {
    struct arena *a;
    struct {
        struct module **at;
        size_t n, room;
    } modules; /* after gen_link in order: used ones first */
    struct fault faults[GEN_FAULTS_MAX];
    size_t faults_n; /* all of them, kept or not */
    struct {
        struct output *at;
        size_t n, room;
    } outputs;
};

/* Text: every @ of a template stands for the next argument, a str. */
#define ARGS(...) \
    (const str[]){ { 0 }, ##__VA_ARGS__ } + 1, COUNT(((const str[]){ { 0 }, ##__VA_ARGS__ })) - 1
#define dec(v)      dec_in((char[24]){ 0 }, (i64)(v)) /* a number; lives as long as the block */
#define z(c_string) str_from(c_string)
void put_args(struct buf *b, const char *text, const str *args, size_t n);
str text_args(struct gen *g, const char *text, const str *args, size_t n);
str dec_in(char *to, i64 v);
#define put(b, template, ...) put_args((b), (template), ARGS(__VA_ARGS__))
#define text(g, template, ...)                                         \
    text_args((g), (template), ARGS(__VA_ARGS__)) /* followed by a NUL \
                                                   */

/* What is wrong and what to do. */
void bad_args(struct gen *g, struct where at, const char *text, const str *args, size_t n);
#define bad(g, at, template, ...) bad_args((g), (at), (template), ARGS(__VA_ARGS__))
static inline struct where line_at(str file, int line)
{
    return (struct where){ file, line };
}
void gen_print_faults(const struct gen *g, struct buf *b);

/* One model's text into a new module; its schema and queries are read by gen_read_dir. Faults go to
 * g. */
struct module *model_parse(struct gen *g, str path, str text);
/* A type as it stands in a model, a `-- param` line or an inline row; cursor moves behind it. False
 * after a fault. */
struct cursor {
    struct gen *g;
    str rest;
    struct where at;
};
bool parse_type(struct cursor *c, struct type *ret);
str cur_word(struct cursor *c); /* empty when there is none */
bool cur_take(struct cursor *c, char ch);
bool cur_end(struct cursor *c);
bool name_ok(str s);

/* Names to things, within what m may see; NULL when there is none (several count as none and are a
 * fault). */
bool type_resolve(struct gen *g, const struct module *m, struct where at, struct type *t);
const struct idtype *find_id(struct gen *g, const struct module *m, str name);
const struct record *find_record(struct gen *g, const struct module *m, str name);
const struct entity *find_entity_of(struct gen *g, const struct idtype *id);
const struct query *find_query(const struct module *m, str name);
const struct error *find_error(struct gen *g, const struct module *m, str name);
const struct field *find_field(const struct fields *f, str name);
/* Of an input the fields that come as text: in the path, and for GET and DELETE in the query. */
size_t text_fields(const struct endpoint *e);
bool module_sees(const struct module *m, const struct module *other);
/* Order, resolution, every check that needs no SQL. */
void gen_link(struct gen *g);

/* queries.sql and migrations. */
void queries_parse(struct gen *g, struct module *m, str path, str text);
void migration_add(struct gen *g, struct module *m, str path, str name, str text);
/* Migrates an in-memory database, prepares every statement, infers parameters, checks columns,
 * plans and tables. */
void gen_check_sql(struct gen *g);
/* The types of a statement's parameters, from its text (sql_infer.c). db: struct sqlite3. */
struct sqlite3;
void params_infer(struct gen *g, struct sqlite3 *db, struct query *q);
str pg_text(struct gen *g, const struct query *q);
str pg_schema(struct gen *g, str path, str text);

/* Writers: each adds files to g->outputs. */
void out_c(struct gen *g);
void out_cedar(struct gen *g, struct buf *ret_text);
void out_openapi(struct gen *g);
void out_ts(struct gen *g);
void out_add(struct gen *g, const char *path, struct buf *b);

struct names all_actions(struct gen *g);
/* All error codes, each in the template `each`, with `between`. */
void put_codes(struct gen *g, struct buf *b, const char *each, const char *between);

/* C helpers shared by the writers. */
const char *c_type(struct gen *g, const struct type *t); /* of a member, without list */
const char *c_list(struct gen *g, const struct type *t); /* struct x_list */
str upper(struct gen *g, str s);
str camel(struct gen *g, str s);
void put_c_string(struct buf *b, str s); /* quoted, escaped, one literal a line */
void out_decls(struct gen *g, const struct module *m, struct buf *b); /* gen/NAME.h */
void out_codecs(struct gen *g, const struct module *m,
                struct buf *b); /* words, encoders, decoders */
void out_queries(struct gen *g, const struct module *m,
                 struct buf *b); /* statements: their declarations */
void out_statements(struct gen *g, const struct module *m, struct buf *b); /* … bodies */
void put_col(struct gen *g, struct buf *b, const char *of,
             const struct field *f);                        /* one struct col of struct `of` */
str entity_type_of(struct gen *g, const struct idtype *id); /* the Cedar type behind an id */
void out_routes(struct gen *g, const struct module *m, struct buf *b); /* endpoints, module */
void out_entities(struct gen *g, const struct module *m,
                  struct buf *b); /* entities, topics, emit functions */

#endif
