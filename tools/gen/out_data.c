/* SPDX-License-Identifier: Apache-2.0 */
/* gen/NAME_data.c: words, encoders (straight code: keys and punctuation are literals), tables for
 * the decoders of rt.c, statements with their columns and functions, entities, topics and emit
 * functions. */
#include "gen.h"

/* ---- Encoders: literal text is gathered and written in one call ---- */

struct writer {
    struct gen *g;
    struct buf *b;
    struct buf lit;
    const char *indent;
};

static void flush(struct writer *w)
{
    if (!w->lit.n)
        return;
    put(w->b, "@buf_put(b, S(", z(w->indent));
    put_c_string(w->b, buf_str(&w->lit));
    put(w->b, "));\n");
    buf_clear(&w->lit);
}

/* Writes the value of expression e. */
static void put_value(struct writer *w, const struct type *t, const char *e)
{
    struct buf *b = w->b;
    bool quoted = t->kind == T_ID || t->kind == T_ENUM;
    if (quoted)
        buf_char(&w->lit, '"');
    flush(w);
    switch (t->kind) {
    case T_TEXT: put(b, "@json_put_str(b, @);\n", z(w->indent), z(e)); break;
    case T_BYTES: put(b, "@json_put_bytes(b, @.p, @.n);\n", z(w->indent), z(e), z(e)); break;
    case T_INT: put(b, "@buf_i64(b, @);\n", z(w->indent), z(e)); break;
    case T_BOOL: put(b, "@json_put_bool(b, @);\n", z(w->indent), z(e)); break;
    case T_TIME: put(b, "@json_put_time(b, @);\n", z(w->indent), z(e)); break;
    case T_NUMBER:
        put(b, "@json_put(b, &(struct json){ .kind = JSON_FLOAT, .f = @ });\n", z(w->indent), z(e));
        break;
    case T_ID:
        put(b, "@id_put(b, @_PREFIX, @.v);\n", z(w->indent), upper(w->g, t->id->name), z(e));
        break;
    case T_ENUM:
        put(b, "@buf_put(b, str_from(@_words[@]));\n", z(w->indent), t->words->name, z(e));
        break;
    case T_RECORD: put(b, "@json_put_@(b, &@);\n", z(w->indent), t->record->name, z(e)); break;
    case T_NONE: break;
    }
    if (quoted)
        buf_char(&w->lit, '"');
}

static void put_field(struct writer *w, const struct field *f)
{
    str e = text(w->g, "v->@", f->name);
    if (f->type.list) {
        buf_char(&w->lit, '[');
        flush(w);
        put(w->b,
            "    for (size_t i = 0; i < v->@.n; i++) {\n"
            "        if (i)\n"
            "            buf_char(b, ',');\n",
            f->name);
        w->indent = "        ";
        put_value(w, &f->type, text(w->g, "@.at[i]", e).p);
        flush(w);
        w->indent = "    ";
        put(w->b, "    }\n");
        buf_char(&w->lit, ']');
    } else if (f->type.optional) {
        flush(w);
        put(w->b, "    if (v->has_@) {\n", f->name);
        w->indent = "        ";
        put_value(w, &f->type, e.p);
        flush(w);
        w->indent = "    ";
        put(w->b, "    } else {\n"
                  "        buf_put(b, S(\"null\"));\n"
                  "    }\n");
    } else {
        put_value(w, &f->type, e.p);
    }
}

static void put_encoder(struct gen *g, struct buf *b, const struct record *r)
{
    struct writer w = { g, b, buf_in(g->a, 1 << 16), "    " };
    bool first = true;
    put(b,
        "void json_put_@(struct buf *b, const struct @ *v)\n"
        "{\n",
        r->name, r->name);
    for (size_t i = 0; i < r->fields.n; i++) {
        if (r->fields.at[i].hidden)
            continue;
        buf_fmt(&w.lit, "%c\"" STR_FMT "\":", first ? '{' : ',', STR_ARG(r->fields.at[i].name));
        first = false;
        put_field(&w, &r->fields.at[i]);
    }
    buf_fmt(&w.lit, first ? "{}" : "}");
    flush(&w);
    if (first)
        put(b, "    (void)v;\n");
    put(b, "}\n"
           "\n");
}

/* ---- Decoders ---- */

static void put_rt_field(struct gen *g, struct buf *b, const char *of, const struct field *f)
{
    static const char *const kinds[] = {
        "",        "RT_TEXT",   "RT_BYTES", "RT_INT",  "RT_BOOL",
        "RT_TIME", "RT_NUMBER", "RT_ID",    "RT_ENUM", "RT_RECORD"
    };
    const struct type *t = &f->type;
    const char *c = t->list ? c_list(g, t) : c_type(g, t);
    put(b, "    { .name = \"@\", .kind = @, .at = RT_AT(@, @, @)", f->name, z(kinds[t->kind]),
        z(of), f->name, z(c));
    if (t->optional)
        put(b,
            ",\n"
            "      .optional = true, .has_at = RT_AT(@, has_@, bool)",
            z(of), f->name);
    if (t->list)
        put(b,
            ",\n"
            "      .list = true, .list_max = @, .size = sizeof(@)",
            dec(t->list_max), z(c_type(g, t)));
    if (t->kind == T_TEXT || t->kind == T_BYTES || t->kind == T_INT)
        put(b,
            ",\n"
            "      .min = @, .max = @",
            dec(t->min), dec(t->max));
    if (t->line)
        put(b, ", .line = true");
    if (t->kind == T_ID)
        put(b, ", .prefix = @_PREFIX", upper(g, t->id->name));
    if (t->kind == T_ENUM)
        put(b, ", .words = @_words, .max = @_N", t->words->name, upper(g, t->words->name));
    if (t->kind == T_RECORD)
        put(b, ", .record = &rt_@", t->record->name);
    if (f->has_default) {
        put(b,
            ",\n"
            "      .has_default = true, .def = @",
            dec(f->def));
        if (t->kind == T_TEXT) {
            put(b, ", .def_text = ");
            put_c_string(b, f->def_text);
        }
    }
    put(b, " },\n");
}

static void put_rt_fields(struct gen *g, struct buf *b, str of, const struct fields *fs)
{
    put(b, "static const struct rt_field fields_@[] = {\n", of);
    for (size_t i = 0; i < fs->n; i++)
        put_rt_field(g, b, text(g, "struct @", of).p, &fs->at[i]);
    if (!fs->n)
        put(b, "    { .name = \"\" },\n");
    put(b, "};\n");
}

static void put_decoder(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str of = text(g, "@_@_in", e->m->name, e->name);
    put_rt_fields(g, b, of, &e->in);
    put(b,
        "err decode_@_@(struct call *c, const str *text, const struct json *body, void *in)\n"
        "{\n"
        "    static const struct rt_fields fields = { fields_@, @, @ };\n"
        "    return rt_decode(c, &fields, text, body, in);\n"
        "}\n"
        "\n",
        e->m->name, e->name, of, dec(e->in.n), dec(text_fields(e)));
}

void out_codecs(struct gen *g, const struct module *m, struct buf *b)
{
    for (size_t i = 0; i < m->enums.n; i++) {
        const struct words *e = &m->enums.at[i];
        put(b, "const char *const @_words[] = {", e->name);
        for (size_t k = 0; k < e->words.n; k++)
            put(b, " \"@\",", e->words.at[k]);
        put(b, " NULL };\n");
    }
    buf_char(b, '\n');
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->records.n; k++)
            if (g->modules.at[i]->records.at[k].received && module_sees(m, g->modules.at[i]))
                put(b, "extern const struct rt_fields rt_@;\n",
                    g->modules.at[i]->records.at[k].name);
    for (size_t i = 0; i < m->records.n; i++) {
        const struct record *r = &m->records.at[i];
        put_encoder(g, b, r);
        if (!r->received)
            continue;
        put_rt_fields(g, b, r->name, &r->fields);
        put(b,
            "const struct rt_fields rt_@ = { fields_@, @, 0 };\n"
            "\n",
            r->name, r->name, dec(r->fields.n));
    }
    for (size_t i = 0; i < m->endpoints.n; i++)
        put_decoder(g, b, &m->endpoints.at[i]);
}

/* ---- Statements ---- */

/* A statement's parameters as C sees them: id first, then me when there is an id, then the others
 * as they appear. */
static struct fields c_params(struct gen *g, const struct query *q)
{
    struct fields fs = { 0 };
    const struct field *id = find_field(&q->params, S("id")), *me = find_field(&q->params, S("me"));
    if (id)
        *vec_push(&fs, g->a) = *id;
    if (id && me)
        *vec_push(&fs, g->a) = *me;
    for (size_t i = 0; i < q->params.n; i++)
        if (&q->params.at[i] != id && !(id && &q->params.at[i] == me))
            *vec_push(&fs, g->a) = q->params.at[i];
    return fs;
}

static bool by_struct(const struct query *q)
{
    bool optional = false;
    for (size_t i = 0; i < q->params.n; i++)
        optional = optional || q->params.at[i].type.optional;
    return optional ||
           q->params.n + (q->shape == SHAPE_EXEC && q->result == RESULT_NONE ? 1 : 2) > 5;
}

/* The C type of one row. */
static const char *row_type(struct gen *g, const struct query *q)
{
    if (q->result == RESULT_RECORD)
        return text(g, "struct @", q->record->name).p;
    if (q->result == RESULT_ROW)
        return text(g, "struct q_@_row", q->name).p;
    return q->result == RESULT_SCALAR ? c_type(g, &q->cols.at[0].type) : "i64";
}

static const char *result_type(struct gen *g, const struct query *q)
{
    if (q->shape != SHAPE_MANY)
        return row_type(g, q);
    if (q->result == RESULT_ROW)
        return text(g, "struct q_@_rows", q->name).p;
    if (q->result == RESULT_RECORD)
        return text(g, "struct @_list", q->record->name).p;
    return c_list(g, &q->cols.at[0].type);
}

static void put_signature(struct gen *g, struct buf *b, const struct query *q)
{
    struct fields ps = c_params(g, q);
    put(b, "err q_@(struct call *c", q->name);
    if (by_struct(q))
        put(b, ", const struct q_@_in *in", q->name);
    for (size_t i = 0; !by_struct(q) && i < ps.n; i++)
        put(b, ", @ @", z(c_type(g, &ps.at[i].type)), ps.at[i].name);
    if (q->result != RESULT_NONE)
        put(b, ", @ *ret", z(result_type(g, q)));
    buf_char(b, ')');
}

static void put_struct(struct gen *g, struct buf *b, str name, const struct fields *fs)
{
    put(b, "struct @ {\n", name);
    for (size_t i = 0; i < fs->n; i++) {
        if (fs->at[i].type.optional)
            put(b, "    bool has_@;\n", fs->at[i].name);
        put(b, "    @ @;\n", z(c_type(g, &fs->at[i].type)), fs->at[i].name);
    }
    put(b, "};\n");
}

void out_queries(struct gen *g, const struct module *m, struct buf *b)
{
    for (size_t i = 0; i < m->queries.n; i++) {
        const struct query *q = &m->queries.at[i];
        struct fields ps = c_params(g, q);
        put(b, "/* from @:@ */\n", q->at.file, dec(q->at.line));
        if (ps.n)
            put_struct(g, b, text(g, "q_@_in", q->name), &ps);
        if (q->result == RESULT_ROW)
            put_struct(g, b, text(g, "q_@_row", q->name), &q->cols);
        if (q->result == RESULT_ROW && q->shape == SHAPE_MANY)
            put(b, "struct q_@_rows { struct q_@_row *at; size_t n; };\n", q->name, q->name);
        put(b,
            "extern const struct stmt stmt_@;\n"
            "MUST_USE ",
            q->name);
        put_signature(g, b, q);
        put(b, ";\n");
    }
    buf_char(b, '\n');
}

static void put_col_at(struct buf *b, const struct field *f, const char *at, const char *has_at)
{
    static const char *const kinds[] = { "",        "COL_STR", "COL_BYTES", "COL_I64",  "COL_BOOL",
                                         "COL_I64", "COL_F64", "COL_I64",   "COL_ENUM", "" };
    size_t limit = f->type.kind == T_ENUM ? f->type.words->words.n : 0;
    put(b, "{ \"@\", @, @, @, @, @ }", f->name, z(kinds[f->type.kind]),
        z(f->type.optional ? "true" : "false"), dec(limit), z(at), z(has_at));
}

void put_col(struct gen *g, struct buf *b, const char *of, const struct field *f)
{
    str at = text(g, "RT_AT(@, @, @)", z(of), f->name, z(c_type(g, &f->type)));
    str has = text(g, "RT_AT(@, has_@, bool)", z(of), f->name);
    put_col_at(b, f, at.p, f->type.optional ? has.p : "0");
}

static void put_cols(struct gen *g, struct buf *b, const struct query *q)
{
    if (q->params.n) {
        put(b, "static const struct col params_@[] = {\n", q->name);
        for (size_t i = 0; i < q->params.n; i++) {
            put(b, "    ");
            put_col(g, b, text(g, "struct q_@_in", q->name).p, &q->params.at[i]);
            put(b, ",\n");
        }
        put(b, "};\n");
    }
    if (!q->result_n)
        return;
    put(b, "static const struct col cols_@[] = {\n", q->name);
    for (size_t i = 0; i < q->result_n; i++) {
        put(b, "    ");
        if (q->result == RESULT_SCALAR)
            put_col_at(b, q->result_at[i], "0", "0");
        else
            put_col(g, b, row_type(g, q), q->result_at[i]);
        put(b, ",\n");
    }
    put(b, "};\n");
}

static void put_body(struct gen *g, struct buf *b, const struct query *q)
{
    struct fields ps = c_params(g, q);
    put_signature(g, b, q);
    put(b, "\n"
           "{\n");
    if (ps.n && !by_struct(q)) {
        put(b, "    const struct q_@_in in = {", q->name);
        for (size_t i = 0; i < ps.n; i++)
            put(b, " .@ = @,", ps.at[i].name, ps.at[i].name);
        put(b, " };\n");
    }
    put(b,
        "    return db_run(c->db, &stmt_@, @, c->arena, @);\n"
        "}\n"
        "\n",
        q->name,
        z(!ps.n          ? "NULL"
          : by_struct(q) ? "in"
                         : "&in"),
        z(q->result == RESULT_NONE ? "NULL" : "ret"));
}

void out_statements(struct gen *g, const struct module *m, struct buf *b)
{
    static const char *const shapes[] = { "STMT_ONE", "STMT_MANY", "STMT_EXEC" };
    for (size_t i = 0; i < m->queries.n; i++) {
        const struct query *q = &m->queries.at[i];
        put(b, "/* from @:@ */\n", q->at.file, dec(q->at.line));
        put_cols(g, b, q);
        put(b,
            "const struct stmt stmt_@ = {\n"
            "    .name = \"@\", .module = \"@\", .index = @, .shape = @, .writes = @,\n"
            "    .sqlite =\n"
            "    ",
            q->name, q->name, m->name, dec(q->index), z(shapes[q->shape]),
            z(q->writes ? "true" : "false"));
        put_c_string(b, q->text);
        put(b, ",\n"
               "    .postgres =\n"
               "    ");
        put_c_string(b, q->pg);
        if (q->params.n)
            put(b,
                ",\n"
                "    .params = params_@, .params_n = @",
                q->name, dec(q->params.n));
        if (q->result_n)
            put(b,
                ",\n"
                "    .cols = cols_@, .cols_n = @, .row_size = sizeof(@)",
                q->name, dec(q->result_n), z(row_type(g, q)));
        put(b, "\n"
               "};\n");
        put_body(g, b, q);
    }
}

/* ---- Entities, topics, events ---- */

str entity_type_of(struct gen *g, const struct idtype *id)
{
    const struct entity *e = find_entity_of(g, id);
    return e ? e->type : camel(g, str_sub(id->name, 0, id->name.n - 3));
}

static void put_attrs(struct gen *g, struct buf *b, const struct entity *e, const char *what,
                      const struct parts *ps)
{
    if (!ps->n)
        return;
    str of = text(g, "struct @", e->record->name);
    put(b, "static const struct entity_attr @_@[] = {\n", z(what), e->name);
    for (size_t i = 0; i < ps->n; i++) {
        const struct field *f = find_field(&e->record->fields, ps->at[i].field);
        put(b, "    { .name = \"@\", .col = ", f->name);
        put_col(g, b, of.p, f);
        if (f->type.kind == T_ID) {
            str type = ps->at[i].type.n ? ps->at[i].type : entity_type_of(g, f->type.id);
            put(b,
                ",\n"
                "      .type = \"@\", .prefix = @_PREFIX",
                type, upper(g, f->type.id->name));
        } else if (f->type.kind == T_ENUM) {
            put(b,
                ",\n"
                "      .words = @_words",
                f->type.words->name);
        }
        put(b, " },\n");
    }
    put(b, "};\n");
}

static void put_entity(struct gen *g, struct buf *b, const struct entity *e)
{
    const struct {
        const char *what;
        const struct parts *ps;
    } lists[] = {
        { "attrs", &e->attrs },
        { "parents", &e->parents },
        { "context", &e->context },
    };
    str prefix = e->id->type.kind == T_ID ? e->id->type.id->prefix : e->name;
    for (size_t i = 0; i < COUNT(lists); i++)
        put_attrs(g, b, e, lists[i].what, lists[i].ps);
    put(b,
        "/* from @:@ */\n"
        "const struct entity entity_@ = {\n"
        "    .type = \"@\", .prefix = \"@\", .record_size = sizeof(struct @),\n"
        "    .id_at = RT_AT(struct @, @, @)",
        e->at.file, dec(e->at.line), e->name, e->type, prefix, e->record->name, e->record->name,
        e->id->name, z(c_type(g, &e->id->type)));
    if (e->query)
        put(b, ", .by = &stmt_@", e->query->name);
    for (size_t i = 0; i < COUNT(lists); i++)
        if (lists[i].ps->n)
            put(b,
                ",\n"
                "    .@ = @_@, .@_n = @",
                z(lists[i].what), z(lists[i].what), e->name, z(lists[i].what), dec(lists[i].ps->n));
    put(b, "\n"
           "};\n"
           "\n");
}

static void put_emit(struct buf *b, const struct event *e)
{
    put(b,
        "err emit_@(struct call *c, @ topic, const struct @ *data)\n"
        "{\n"
        "    struct buf b = buf_in(c->arena, RT_JSON_MAX);\n"
        "    str payload;\n"
        "    json_put_@(&b, data);\n"
        "    TRY(buf_done(&b, &payload));\n"
        "    return call_emit(c, &@_topics[@], topic.v, \"@\", payload);\n"
        "}\n"
        "\n",
        e->name, e->topic->id->name, e->record->name, e->record->name, e->topic->m->name,
        dec(e->topic->place), e->name);
}

void out_entities(struct gen *g, const struct module *m, struct buf *b)
{
    for (size_t i = 0; i < m->entities.n; i++)
        put_entity(g, b, &m->entities.at[i]);
    for (size_t i = 0; i < m->topics.n; i++) {
        const struct topic *t = &m->topics.at[i];
        if (i == 0)
            put(b, "const struct topic @_topics[] = {\n", m->name);
        put(b,
            "    /* from @:@ */\n"
            "    { .name = \"@\", .guard = { .action = \"@\", .entity = &entity_@ } },\n",
            t->at.file, dec(t->at.line), t->name, t->guard.action, t->guard.entity->name);
        if (i + 1 == m->topics.n)
            put(b, "};\n"
                   "\n");
    }
    for (size_t i = 0; i < m->events.n; i++)
        put_emit(b, &m->events.at[i]);
}
