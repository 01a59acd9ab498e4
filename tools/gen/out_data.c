/* SPDX-License-Identifier: Apache-2.0 */
/* gen/NAME_data.c: words, encoders (straight code: keys and punctuation are literals), tables for the decoders of rt.c,
 * statements with their columns and functions, entities, topics and emit functions. */
#include "gen.h"

/* ---- Encoders: literal text is gathered and written in one call ---- */

struct writer { struct gen *g; struct buf *b; struct buf lit; const char *indent; };

static void flush(struct writer *w)
{
    if (!w->lit.n)
        return;
    buf_fmt(w->b, "%sbuf_put(b, S(", w->indent);
    put_c_string(w->b, buf_str(&w->lit));
    buf_fmt(w->b, "));\n");
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
    case T_TEXT: buf_fmt(b, "%sjson_put_str(b, %s);\n", w->indent, e); break;
    case T_BYTES: buf_fmt(b, "%sjson_put_bytes(b, %s.p, %s.n);\n", w->indent, e, e); break;
    case T_INT: buf_fmt(b, "%sbuf_i64(b, %s);\n", w->indent, e); break;
    case T_BOOL: buf_fmt(b, "%sjson_put_bool(b, %s);\n", w->indent, e); break;
    case T_TIME: buf_fmt(b, "%sjson_put_time(b, %s);\n", w->indent, e); break;
    case T_NUMBER: buf_fmt(b, "%sjson_put(b, &(struct json){ .kind = JSON_FLOAT, .f = %s });\n", w->indent, e); break;
    case T_ID: buf_fmt(b, "%sid_put(b, " STR_FMT "_PREFIX, %s.v);\n", w->indent, STR_ARG(upper(w->g, t->id->name)), e); break;
    case T_ENUM: buf_fmt(b, "%sbuf_put(b, str_from(" STR_FMT "_words[%s]));\n", w->indent, STR_ARG(t->words->name), e); break;
    case T_RECORD: buf_fmt(b, "%sjson_put_" STR_FMT "(b, &%s);\n", w->indent, STR_ARG(t->record->name), e); break;
    case T_NONE: break;
    }
    if (quoted)
        buf_char(&w->lit, '"');
}

static void put_field(struct writer *w, const struct field *f)
{
    str e = str_fmt(w->g->a, "v->" STR_FMT, STR_ARG(f->name));
    if (f->type.list) {
        buf_char(&w->lit, '[');
        flush(w);
        buf_fmt(w->b, "    for (size_t i = 0; i < v->" STR_FMT ".n; i++) {\n        if (i)\n            buf_char(b, ',');\n",
                STR_ARG(f->name));
        w->indent = "        ";
        put_value(w, &f->type, str_fmt(w->g->a, STR_FMT ".at[i]", STR_ARG(e)).p);
        flush(w);
        w->indent = "    ";
        buf_fmt(w->b, "    }\n");
        buf_char(&w->lit, ']');
    } else if (f->type.optional) {
        flush(w);
        buf_fmt(w->b, "    if (v->has_" STR_FMT ") {\n", STR_ARG(f->name));
        w->indent = "        ";
        put_value(w, &f->type, e.p);
        flush(w);
        w->indent = "    ";
        buf_fmt(w->b, "    } else {\n        buf_put(b, S(\"null\"));\n    }\n");
    } else {
        put_value(w, &f->type, e.p);
    }
}

static void put_encoder(struct gen *g, struct buf *b, const struct record *r)
{
    struct writer w = { g, b, buf_in(g->a, 1 << 16), "    " };
    bool first = true;
    buf_fmt(b, "void json_put_" STR_FMT "(struct buf *b, const struct " STR_FMT " *v)\n{\n", STR_ARG(r->name), STR_ARG(r->name));
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
        buf_fmt(b, "    (void)v;\n");
    buf_fmt(b, "}\n\n");
}

/* ---- Decoders ---- */

static void put_rt_field(struct gen *g, struct buf *b, const char *of, const struct field *f)
{
    static const char *const kinds[] = { "", "RT_TEXT", "RT_BYTES", "RT_INT", "RT_BOOL", "RT_TIME", "RT_NUMBER", "RT_ID",
        "RT_ENUM", "RT_RECORD" };
    const struct type *t = &f->type;
    const char *c = t->list ? c_list(g, t) : c_type(g, t);
    buf_fmt(b, "    { .name = \"" STR_FMT "\", .kind = %s, .at = RT_AT(%s, " STR_FMT ", %s)", STR_ARG(f->name), kinds[t->kind],
            of, STR_ARG(f->name), c);
    if (t->optional)
        buf_fmt(b, ",\n      .optional = true, .has_at = RT_AT(%s, has_" STR_FMT ", bool)", of, STR_ARG(f->name));
    if (t->list)
        buf_fmt(b, ",\n      .list = true, .list_max = %lld, .size = sizeof(%s)", (long long)t->list_max, c_type(g, t));
    if (t->kind == T_TEXT || t->kind == T_BYTES || t->kind == T_INT)
        buf_fmt(b, ",\n      .min = %lld, .max = %lld", (long long)t->min, (long long)t->max);
    if (t->kind == T_ID)
        buf_fmt(b, ", .prefix = " STR_FMT "_PREFIX", STR_ARG(upper(g, t->id->name)));
    if (t->kind == T_ENUM)
        buf_fmt(b, ", .words = " STR_FMT "_words, .max = " STR_FMT "_N", STR_ARG(t->words->name),
                STR_ARG(upper(g, t->words->name)));
    if (t->kind == T_RECORD)
        buf_fmt(b, ", .record = &rt_" STR_FMT, STR_ARG(t->record->name));
    if (f->has_default) {
        buf_fmt(b, ",\n      .has_default = true, .def = %lld", (long long)f->def);
        if (t->kind == T_TEXT) {
            buf_fmt(b, ", .def_text = ");
            put_c_string(b, f->def_text);
        }
    }
    buf_fmt(b, " },\n");
}

static void put_rt_fields(struct gen *g, struct buf *b, str of, const struct fields *fs)
{
    buf_fmt(b, "static const struct rt_field fields_" STR_FMT "[] = {\n", STR_ARG(of));
    for (size_t i = 0; i < fs->n; i++)
        put_rt_field(g, b, str_fmt(g->a, "struct " STR_FMT, STR_ARG(of)).p, &fs->at[i]);
    if (!fs->n)
        buf_fmt(b, "    { .name = \"\" },\n");
    buf_fmt(b, "};\n");
}

static void put_decoder(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str of = str_fmt(g->a, STR_FMT "_" STR_FMT "_in", STR_ARG(e->m->name), STR_ARG(e->name));
    bool text = str_eq_z(e->method, "GET") || str_eq_z(e->method, "DELETE");
    put_rt_fields(g, b, of, &e->in);
    buf_fmt(b, "err decode_" STR_FMT "_" STR_FMT "(struct call *c, const str *text, const struct json *body, void *in)\n{\n"
            "    static const struct rt_fields fields = { fields_" STR_FMT ", %zu };\n"
            "    return rt_decode(c, &fields, %zu, text, body, in);\n}\n\n", STR_ARG(e->m->name), STR_ARG(e->name), STR_ARG(of),
            e->in.n, text ? e->in.n : e->path_n);
}

void out_codecs(struct gen *g, const struct module *m, struct buf *b)
{
    for (size_t i = 0; i < m->enums.n; i++) {
        const struct words *e = &m->enums.at[i];
        buf_fmt(b, "const char *const " STR_FMT "_words[] = {", STR_ARG(e->name));
        for (size_t k = 0; k < e->words.n; k++)
            buf_fmt(b, " \"" STR_FMT "\",", STR_ARG(e->words.at[k]));
        buf_fmt(b, " NULL };\n");
    }
    buf_char(b, '\n');
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->records.n; k++)
            if (g->modules.at[i]->records.at[k].received && module_sees(m, g->modules.at[i]))
                buf_fmt(b, "extern const struct rt_fields rt_" STR_FMT ";\n", STR_ARG(g->modules.at[i]->records.at[k].name));
    for (size_t i = 0; i < m->records.n; i++) {
        const struct record *r = &m->records.at[i];
        put_encoder(g, b, r);
        if (!r->received)
            continue;
        put_rt_fields(g, b, r->name, &r->fields);
        buf_fmt(b, "const struct rt_fields rt_" STR_FMT " = { fields_" STR_FMT ", %zu };\n\n", STR_ARG(r->name), STR_ARG(r->name),
                r->fields.n);
    }
    for (size_t i = 0; i < m->endpoints.n; i++)
        put_decoder(g, b, &m->endpoints.at[i]);
}

/* ---- Statements ---- */

/* A statement's parameters as C sees them: id first, then me when there is an id, then the others as they appear. */
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
    return optional || q->params.n + (q->shape == SHAPE_EXEC && q->result == RESULT_NONE ? 1 : 2) > 5;
}

/* The C type of one row. */
static const char *row_type(struct gen *g, const struct query *q)
{
    if (q->result == RESULT_RECORD)
        return str_fmt(g->a, "struct " STR_FMT, STR_ARG(q->record->name)).p;
    if (q->result == RESULT_ROW)
        return str_fmt(g->a, "struct q_" STR_FMT "_row", STR_ARG(q->name)).p;
    return q->result == RESULT_SCALAR ? c_type(g, &q->cols.at[0].type) : "i64";
}

static const char *result_type(struct gen *g, const struct query *q)
{
    if (q->shape != SHAPE_MANY)
        return row_type(g, q);
    if (q->result == RESULT_ROW)
        return str_fmt(g->a, "struct q_" STR_FMT "_rows", STR_ARG(q->name)).p;
    if (q->result == RESULT_RECORD)
        return str_fmt(g->a, "struct " STR_FMT "_list", STR_ARG(q->record->name)).p;
    return c_list(g, &q->cols.at[0].type);
}

static void put_signature(struct gen *g, struct buf *b, const struct query *q)
{
    struct fields ps = c_params(g, q);
    buf_fmt(b, "err q_" STR_FMT "(struct call *c", STR_ARG(q->name));
    if (by_struct(q))
        buf_fmt(b, ", const struct q_" STR_FMT "_in *in", STR_ARG(q->name));
    for (size_t i = 0; !by_struct(q) && i < ps.n; i++)
        buf_fmt(b, ", %s " STR_FMT, c_type(g, &ps.at[i].type), STR_ARG(ps.at[i].name));
    if (q->result != RESULT_NONE)
        buf_fmt(b, ", %s *ret", result_type(g, q));
    buf_char(b, ')');
}

static void put_struct(struct gen *g, struct buf *b, str name, const struct fields *fs)
{
    buf_fmt(b, "struct " STR_FMT " {\n", STR_ARG(name));
    for (size_t i = 0; i < fs->n; i++) {
        if (fs->at[i].type.optional)
            buf_fmt(b, "    bool has_" STR_FMT ";\n", STR_ARG(fs->at[i].name));
        buf_fmt(b, "    %s " STR_FMT ";\n", c_type(g, &fs->at[i].type), STR_ARG(fs->at[i].name));
    }
    buf_fmt(b, "};\n");
}

void out_queries(struct gen *g, const struct module *m, struct buf *b)
{
    for (size_t i = 0; i < m->queries.n; i++) {
        const struct query *q = &m->queries.at[i];
        struct fields ps = c_params(g, q);
        buf_fmt(b, "/* from " STR_FMT ":%d */\n", STR_ARG(q->at.file), q->at.line);
        if (ps.n)
            put_struct(g, b, str_fmt(g->a, "q_" STR_FMT "_in", STR_ARG(q->name)), &ps);
        if (q->result == RESULT_ROW)
            put_struct(g, b, str_fmt(g->a, "q_" STR_FMT "_row", STR_ARG(q->name)), &q->cols);
        if (q->result == RESULT_ROW && q->shape == SHAPE_MANY)
            buf_fmt(b, "struct q_" STR_FMT "_rows { struct q_" STR_FMT "_row *at; size_t n; };\n", STR_ARG(q->name),
                    STR_ARG(q->name));
        buf_fmt(b, "extern const struct stmt stmt_" STR_FMT ";\nMUST_USE ", STR_ARG(q->name));
        put_signature(g, b, q);
        buf_fmt(b, ";\n");
    }
    buf_char(b, '\n');
}

static void put_col_at(struct buf *b, const struct field *f, const char *at, const char *has_at)
{
    static const char *const kinds[] = { "", "COL_STR", "COL_BYTES", "COL_I64", "COL_BOOL", "COL_I64", "COL_F64", "COL_I64",
        "COL_ENUM", "" };
    size_t limit = f->type.kind == T_ENUM ? f->type.words->words.n : 0;
    buf_fmt(b, "{ \"" STR_FMT "\", %s, %s, %zu, %s, %s }", STR_ARG(f->name), kinds[f->type.kind],
            f->type.optional ? "true" : "false", limit, at, has_at);
}

void put_col(struct gen *g, struct buf *b, const char *of, const struct field *f)
{
    str at = str_fmt(g->a, "RT_AT(%s, " STR_FMT ", %s)", of, STR_ARG(f->name), c_type(g, &f->type));
    str has = str_fmt(g->a, "RT_AT(%s, has_" STR_FMT ", bool)", of, STR_ARG(f->name));
    put_col_at(b, f, at.p, f->type.optional ? has.p : "0");
}

static void put_cols(struct gen *g, struct buf *b, const struct query *q)
{
    if (q->params.n) {
        buf_fmt(b, "static const struct col params_" STR_FMT "[] = {\n", STR_ARG(q->name));
        for (size_t i = 0; i < q->params.n; i++) {
            buf_fmt(b, "    ");
            put_col(g, b, str_fmt(g->a, "struct q_" STR_FMT "_in", STR_ARG(q->name)).p, &q->params.at[i]);
            buf_fmt(b, ",\n");
        }
        buf_fmt(b, "};\n");
    }
    if (!q->result_n)
        return;
    buf_fmt(b, "static const struct col cols_" STR_FMT "[] = {\n", STR_ARG(q->name));
    for (size_t i = 0; i < q->result_n; i++) {
        buf_fmt(b, "    ");
        if (q->result == RESULT_SCALAR)
            put_col_at(b, q->result_at[i], "0", "0");
        else
            put_col(g, b, row_type(g, q), q->result_at[i]);
        buf_fmt(b, ",\n");
    }
    buf_fmt(b, "};\n");
}

static void put_body(struct gen *g, struct buf *b, const struct query *q)
{
    struct fields ps = c_params(g, q);
    put_signature(g, b, q);
    buf_fmt(b, "\n{\n");
    if (ps.n && !by_struct(q)) {
        buf_fmt(b, "    const struct q_" STR_FMT "_in in = {", STR_ARG(q->name));
        for (size_t i = 0; i < ps.n; i++)
            buf_fmt(b, " ." STR_FMT " = " STR_FMT ",", STR_ARG(ps.at[i].name), STR_ARG(ps.at[i].name));
        buf_fmt(b, " };\n");
    }
    buf_fmt(b, "    return db_run(c->db, &stmt_" STR_FMT ", %s, c->arena, %s);\n}\n\n", STR_ARG(q->name),
            !ps.n ? "NULL" : by_struct(q) ? "in" : "&in", q->result == RESULT_NONE ? "NULL" : "ret");
}

void out_statements(struct gen *g, const struct module *m, struct buf *b)
{
    static const char *const shapes[] = { "STMT_ONE", "STMT_MANY", "STMT_EXEC" };
    for (size_t i = 0; i < m->queries.n; i++) {
        const struct query *q = &m->queries.at[i];
        buf_fmt(b, "/* from " STR_FMT ":%d */\n", STR_ARG(q->at.file), q->at.line);
        put_cols(g, b, q);
        buf_fmt(b, "const struct stmt stmt_" STR_FMT " = {\n    .name = \"" STR_FMT "\", .module = \"" STR_FMT "\", .index = %u, "
                ".shape = %s, .writes = %s,\n    .sqlite =\n    ", STR_ARG(q->name), STR_ARG(q->name), STR_ARG(m->name), q->index,
                shapes[q->shape], q->writes ? "true" : "false");
        put_c_string(b, q->text);
        buf_fmt(b, ",\n    .postgres =\n    ");
        put_c_string(b, q->pg);
        if (q->params.n)
            buf_fmt(b, ",\n    .params = params_" STR_FMT ", .params_n = %zu", STR_ARG(q->name), q->params.n);
        if (q->result_n)
            buf_fmt(b, ",\n    .cols = cols_" STR_FMT ", .cols_n = %zu, .row_size = sizeof(%s)", STR_ARG(q->name), q->result_n,
                    row_type(g, q));
        buf_fmt(b, "\n};\n");
        put_body(g, b, q);
    }
}

/* ---- Entities, topics, events ---- */

str entity_type_of(struct gen *g, const struct idtype *id)
{
    const struct entity *e = find_entity_of(g, id);
    return e ? e->type : camel(g, str_sub(id->name, 0, id->name.n - 3));
}

static void put_attrs(struct gen *g, struct buf *b, const struct entity *e, const char *what, const struct parts *ps)
{
    if (!ps->n)
        return;
    str of = str_fmt(g->a, "struct " STR_FMT, STR_ARG(e->record->name));
    buf_fmt(b, "static const struct entity_attr %s_" STR_FMT "[] = {\n", what, STR_ARG(e->name));
    for (size_t i = 0; i < ps->n; i++) {
        const struct field *f = find_field(&e->record->fields, ps->at[i].field);
        buf_fmt(b, "    { .name = \"" STR_FMT "\", .col = ", STR_ARG(f->name));
        put_col(g, b, of.p, f);
        if (f->type.kind == T_ID) {
            str type = ps->at[i].type.n ? ps->at[i].type : entity_type_of(g, f->type.id);
            buf_fmt(b, ",\n      .type = \"" STR_FMT "\", .prefix = " STR_FMT "_PREFIX", STR_ARG(type),
                    STR_ARG(upper(g, f->type.id->name)));
        } else if (f->type.kind == T_ENUM) {
            buf_fmt(b, ",\n      .words = " STR_FMT "_words", STR_ARG(f->type.words->name));
        }
        buf_fmt(b, " },\n");
    }
    buf_fmt(b, "};\n");
}

static void put_entity(struct gen *g, struct buf *b, const struct entity *e)
{
    const struct { const char *what; const struct parts *ps; } lists[] = {
        { "attrs", &e->attrs }, { "parents", &e->parents }, { "context", &e->context },
    };
    str prefix = e->id->type.kind == T_ID ? e->id->type.id->prefix : e->name;
    for (size_t i = 0; i < COUNT(lists); i++)
        put_attrs(g, b, e, lists[i].what, lists[i].ps);
    buf_fmt(b, "/* from " STR_FMT ":%d */\nconst struct entity entity_" STR_FMT " = {\n    .type = \"" STR_FMT "\", .prefix = \""
            STR_FMT "\", .record_size = sizeof(struct " STR_FMT "),\n    .id_at = RT_AT(struct " STR_FMT ", " STR_FMT ", %s)",
            STR_ARG(e->at.file), e->at.line, STR_ARG(e->name), STR_ARG(e->type), STR_ARG(prefix), STR_ARG(e->record->name),
            STR_ARG(e->record->name), STR_ARG(e->id->name), c_type(g, &e->id->type));
    if (e->query)
        buf_fmt(b, ", .by = &stmt_" STR_FMT, STR_ARG(e->query->name));
    for (size_t i = 0; i < COUNT(lists); i++)
        if (lists[i].ps->n)
            buf_fmt(b, ",\n    .%s = %s_" STR_FMT ", .%s_n = %zu", lists[i].what, lists[i].what, STR_ARG(e->name), lists[i].what,
                    lists[i].ps->n);
    buf_fmt(b, "\n};\n\n");
}

static void put_emit(struct buf *b, const struct event *e)
{
    buf_fmt(b, "err emit_" STR_FMT "(struct call *c, " STR_FMT " topic, const struct " STR_FMT " *data)\n{\n"
            "    struct buf b = buf_in(c->arena, RT_JSON_MAX);\n    str payload;\n    json_put_" STR_FMT "(&b, data);\n"
            "    TRY(buf_done(&b, &payload));\n"
            "    return call_emit(c, &" STR_FMT "_topics[%u], topic.v, \"" STR_FMT "\", payload);\n}\n\n", STR_ARG(e->name),
            STR_ARG(e->topic->id->name), STR_ARG(e->record->name), STR_ARG(e->record->name), STR_ARG(e->topic->m->name),
            e->topic->place, STR_ARG(e->name));
}

void out_entities(struct gen *g, const struct module *m, struct buf *b)
{
    for (size_t i = 0; i < m->entities.n; i++)
        put_entity(g, b, &m->entities.at[i]);
    for (size_t i = 0; i < m->topics.n; i++) {
        const struct topic *t = &m->topics.at[i];
        if (i == 0)
            buf_fmt(b, "const struct topic " STR_FMT "_topics[] = {\n", STR_ARG(m->name));
        buf_fmt(b, "    /* from " STR_FMT ":%d */\n    { .name = \"" STR_FMT "\", .guard = { .action = \"" STR_FMT
                "\", .entity = &entity_" STR_FMT " } },\n", STR_ARG(t->at.file), t->at.line, STR_ARG(t->name),
                STR_ARG(t->guard.action), STR_ARG(t->guard.entity->name));
        if (i + 1 == m->topics.n)
            buf_fmt(b, "};\n\n");
    }
    for (size_t i = 0; i < m->events.n; i++)
        put_emit(b, &m->events.at[i]);
}
