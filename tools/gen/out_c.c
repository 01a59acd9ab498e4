/* SPDX-License-Identifier: Apache-2.0 */
/* The generated C, its plan: gen/ids.h (all ids), per module gen/NAME.h, gen/NAME_data.c (words,
 * encoders, decoders, statements, entities, topics: refers to no handler, so that tests of lower
 * layers link it) and gen/NAME.c (endpoints and the module), and gen/all.h, gen/all.c (what spans
 * modules). Every name says which line it comes from. */
#include "gen.h"

/* ---- Helpers ---- */

void out_add(struct gen *g, const char *path, struct buf *b)
{
    must(!b->full);
    *vec_push(&g->outputs, g->a) = (struct output){ str_copy(g->a, str_from(path)), buf_str(b) };
}

void put_codes(struct gen *g, struct buf *b, const char *each, const char *between)
{
    static const char *const codes[] = {
#define CODE(name, status, text) text,
        ERR_MAP(CODE)
#undef CODE
            "repeated",
        "key_used",
    };
    for (size_t i = 1; i < COUNT(codes); i++) {
        put(b, i > 1 ? between : "");
        put(b, each, str_from(codes[i]));
    }
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->errors.n; k++) {
            put(b, between);
            put(b, each, g->modules.at[i]->errors.at[k].name);
        }
}

static void add_name(struct gen *g, struct names *to, str name)
{
    for (size_t i = 0; i < to->n; i++)
        if (str_eq(to->at[i], name))
            return;
    *vec_push(to, g->a) = name;
}

struct names all_actions(struct gen *g)
{
    struct names seen = { 0 };
    for (size_t i = 0; i < g->modules.n; i++) {
        const struct module *m = g->modules.at[i];
        for (size_t k = 0; k < m->endpoints.n; k++)
            for (size_t q = 0; q < m->endpoints.at[k].guards.n; q++)
                add_name(g, &seen, m->endpoints.at[k].guards.at[q].action);
        for (size_t k = 0; k < m->topics.n; k++)
            add_name(g, &seen, m->topics.at[k].guard.action);
        for (size_t k = 0; k < m->asked.n; k++)
            add_name(g, &seen, m->asked.at[k].action);
    }
    return seen;
}

str upper(struct gen *g, str s)
{
    str u = str_copy(g->a, s);
    for (size_t i = 0; i < u.n; i++)
        if (u.p[i] >= 'a' && u.p[i] <= 'z')
            ((char *)u.p)[i] = (char)(u.p[i] - 'a' + 'A');
    return u;
}

str camel(struct gen *g, str s)
{
    struct buf b = buf_in(g->a, 256);
    bool high = true;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c != '_')
            buf_char(&b, high && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
        high = c == '_';
    }
    return buf_str(&b);
}

void put_c_string(struct buf *b, str s)
{
    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        u8 c = (u8)s.p[i];
        if (c == '\n')
            buf_fmt(b, i + 1 < s.n ? "\\n\"\n    \"" : "\\n");
        else if (c == '"' || c == '\\')
            buf_fmt(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f || (c == '?' && i + 1 < s.n && s.p[i + 1] == '?'))
            buf_fmt(b, "\\%03o", c);
        else
            buf_char(b, (char)c);
    }
    buf_char(b, '"');
}

const char *c_type(struct gen *g, const struct type *t)
{
    switch (t->kind) {
    case T_TEXT:
    case T_BYTES: return "str";
    case T_INT: return "i64";
    case T_TIME: return "usec";
    case T_BOOL: return "bool";
    case T_NUMBER: return "double";
    case T_ID: return str_z(g->a, t->id->name);
    case T_ENUM: return text(g, "enum @", t->words->name).p;
    case T_RECORD: return text(g, "struct @", t->record->name).p;
    case T_NONE: break;
    }
    return "void";
}

const char *c_list(struct gen *g, const struct type *t)
{
    switch (t->kind) {
    case T_ID: return text(g, "struct @_list", t->id->name).p;
    case T_ENUM: return text(g, "struct @_list", t->words->name).p;
    case T_RECORD: return text(g, "struct @_list", t->record->name).p;
    default: return text(g, "struct @_list", z(c_type(g, t))).p;
    }
}

static void from(struct buf *b, struct where at)
{
    put(b, "/* from @:@ */\n", at.file, dec(at.line));
}

static void put_head(struct buf *b, const char *guard)
{
    put(b, "/* Made by tools/gen; edit the models. */\n");
    if (guard)
        put(b,
            "#ifndef @\n"
            "#define @\n"
            "\n",
            z(guard), z(guard));
}

/* ---- gen/ids.h ---- */

static void out_ids(struct gen *g)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    put_head(&b, "OUTWORK_GEN_IDS_H");
    put(&b, "#include \"base/str.h\"\n"
            "#include \"base/time.h\"\n"
            "\n");
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->ids.n; k++) {
            const struct idtype *id = &g->modules.at[i]->ids.at[k];
            from(&b, id->at);
            put(&b,
                "typedef struct { i64 v; } @;\n"
                "#define @_PREFIX \"@\"\n",
                id->name, upper(g, id->name), id->prefix);
            put(&b,
                "struct @_list { @ *at; size_t n; };\n"
                "\n",
                id->name, id->name);
        }
    static const char *const scalars[] = { "str", "i64", "usec", "bool", "double" };
    for (size_t i = 0; i < COUNT(scalars); i++)
        put(&b, "struct @_list { @ *at; size_t n; };\n", z(scalars[i]), z(scalars[i]));
    put(&b, "\n"
            "#endif\n");
    out_add(g, "gen/ids.h", &b);
}

/* ---- gen/NAME.h ---- */

static void put_enum(struct gen *g, struct buf *b, const struct words *e)
{
    from(b, e->at);
    put(b, "enum @ {", e->name);
    for (size_t i = 0; i < e->words.n; i++)
        put(b, " @_@,", upper(g, e->name), upper(g, e->words.at[i]));
    put(b,
        " };\n"
        "enum { @_N = @ };\n",
        upper(g, e->name), dec(e->words.n));
    put(b, "extern const char *const @_words[];\n", e->name);
    put(b,
        "struct @_list { enum @ *at; size_t n; };\n"
        "\n",
        e->name, e->name);
}

static void put_member(struct gen *g, struct buf *b, const struct field *f)
{
    if (f->type.optional)
        put(b, "    bool has_@;\n", f->name);
    put(b, "    @ @;@\n", z(f->type.list ? c_list(g, &f->type) : c_type(g, &f->type)), f->name,
        z(f->hidden ? "    /* hidden */" : ""));
}

static void put_fields(struct gen *g, struct buf *b, const struct fields *fs)
{
    for (size_t i = 0; i < fs->n; i++)
        put_member(g, b, &fs->at[i]);
}

/* Records come after those they contain. */
static void put_record(struct gen *g, struct buf *b, const struct module *m, const struct record *r,
                       bool *done)
{
    size_t at = (size_t)(r - m->records.at);
    if (done[at])
        return;
    done[at] = true;
    for (size_t i = 0; i < r->fields.n; i++)
        if (r->fields.at[i].type.record && r->fields.at[i].type.record->m == m)
            put_record(g, b, m, r->fields.at[i].type.record, done);
    from(b, r->at);
    put(b, "struct @ {\n", r->name);
    put_fields(g, b, &r->fields);
    put(b, "};\n");
    if (r->listed)
        put(b, "struct @_list { struct @ *at; size_t n; };\n", r->name, r->name);
    if (r->page_at)
        put(b, "struct @_page { struct @_list items; bool has_next; @ next; };\n", r->name, r->name,
            z(c_type(g, &find_field(&r->fields, r->page_by)->type)));
    put(b,
        "void json_put_@(struct buf *b, const struct @ *v);    /* without hidden fields */\n"
        "\n",
        r->name, r->name);
}

static const char *ret_type(struct gen *g, const struct endpoint *e)
{
    static const char *const tails[] = { "", "_list", "_page" };
    return text(g, "struct @@", e->record->name, z(tails[e->ret])).p;
}

static void put_endpoint_decls(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str m = e->m->name, n = e->name;
    from(b, e->at);
    put(b, "struct @_@_in {\n", m, n);
    put_fields(g, b, &e->in);
    if (e->before)
        put(b, "    void *prepared;    /* of `before`, for the handler; lives in the call's arena "
               "*/\n");
    else if (!e->in.n)
        put(b, "    char nothing;\n");
    put(b, "};\n");
    if (e->before)
        put(b, "MUST_USE err @_@_before(struct call *c, struct @_@_in *in);\n", m, n, m, n);
    put(b, "MUST_USE err @_@(struct call *c, const struct @_@_in *in, @ *ret);\n", m, n, m, n,
        z(ret_type(g, e)));
    put(b,
        "MUST_USE err decode_@_@(struct call *c, const str *text, const struct json *body, void "
        "*in);\n"
        "\n",
        m, n);
}

static void put_event_decl(struct buf *b, const struct event *e)
{
    from(b, e->at);
    put(b, "MUST_USE err emit_@(struct call *c, @ topic, const struct @ *data);\n", e->name,
        e->topic->id->name, e->record->name);
}

void out_decls(struct gen *g, const struct module *m, struct buf *b)
{
    str guard = text(g, "OUTWORK_GEN_@_H", upper(g, m->name));
    put_head(b, guard.p);
    put(b, "#include \"core/call.h\"\n"
           "#include \"gen/ids.h\"\n");
    for (size_t i = 0; i < m->uses.n; i++)
        put(b, "#include \"gen/@.h\"\n", m->uses.at[i]);
    put(b, "\n");
    for (size_t i = 0; i < m->errors.n; i++)
        put(b, "#define E_@ ((err)@)    /* @; from @:@ */\n", upper(g, m->errors.at[i].name),
            dec(m->errors.at[i].code), dec(m->errors.at[i].status), m->errors.at[i].at.file,
            dec(m->errors.at[i].at.line));
    put(b, "\n");
    for (size_t i = 0; i < m->ids.n; i++)
        put(b,
            "static inline @ @_new(struct call *c)\n"
            "{\n"
            "    return (@){ call_new_id(c) };\n"
            "}\n",
            m->ids.at[i].name, m->ids.at[i].name, m->ids.at[i].name);
    for (size_t i = 0; i < m->enums.n; i++)
        put_enum(g, b, &m->enums.at[i]);
    bool *done = NEW_N(g->a, bool, m->records.n + 1);
    for (size_t i = 0; i < m->records.n; i++)
        put_record(g, b, m, &m->records.at[i], done);
    for (size_t i = 0; i < m->endpoints.n; i++)
        put_endpoint_decls(g, b, &m->endpoints.at[i]);
    for (size_t i = 0; i < m->entities.n; i++) {
        from(b, m->entities.at[i].at);
        put(b, "extern const struct entity entity_@;\n", m->entities.at[i].name);
    }
    if (m->topics.n)
        put(b, "extern const struct topic @_topics[];\n", m->name);
    for (size_t i = 0; i < m->events.n; i++)
        put_event_decl(b, &m->events.at[i]);
    put(b, "\n");
    out_queries(g, m, b);
    if (m->start)
        put(b, "MUST_USE err @_start(struct office *o);\n", m->name);
    put(b,
        "extern const struct module @_module;\n"
        "\n"
        "#endif\n",
        m->name);
}

/* ---- gen/all ---- */

static void put_all_h(struct gen *g)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    put_head(&b, "OUTWORK_GEN_ALL_H");
    put(&b, "#include \"core/module.h\"\n"
            "\n"
            "/* Every module's errors, by code. */\n"
            "extern const struct error_row gen_errors[];\n"
            "extern const size_t gen_errors_n;\n"
            "/* The policy's schema, as in gen/base.cedarschema. */\n"
            "extern const char gen_cedarschema[];\n"
            "/* Every action, by name. */\n"
            "extern const char *const gen_actions[];\n"
            "extern const size_t gen_actions_n;\n"
            "/* Decodes bytes as the input of endpoint number index % gen_decoders_n: one line for "
            "each text field, then JSON. */\n"
            "extern const size_t gen_decoders_n;\n"
            "err gen_decode_any(struct call *c, size_t index, str bytes);\n");
    for (size_t i = 0; i < g->modules.n; i++)
        put(&b, "extern const struct module @_module;\n", g->modules.at[i]->name);
    put(&b, "\n"
            "#endif\n");
    out_add(g, "gen/all.h", &b);
}

static void put_actions(struct gen *g, struct buf *b)
{
    struct names seen = all_actions(g);
    put(b, "const char *const gen_actions[] = {\n");
    for (size_t i = 0; i < seen.n; i++)
        put(b, "    \"@\",\n", seen.at[i]);
    put(b,
        "    NULL\n"
        "};\n"
        "const size_t gen_actions_n = @;\n"
        "\n",
        dec(seen.n));
}

static void put_decoders(struct gen *g, struct buf *b)
{
    size_t n = 0;
    put(b,
        "static const struct {\n"
        "    err (*decode)(struct call *c, const str *text, const struct json *body, void *in);\n"
        "    size_t in_size, text_n;\n"
        "} decoders[] = {\n");
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->endpoints.n; k++, n++) {
            const struct endpoint *e = &g->modules.at[i]->endpoints.at[k];
            put(b, "    { decode_@_@, sizeof(struct @_@_in), @ },\n", e->m->name, e->name,
                e->m->name, e->name, dec(text_fields(e)));
        }
    put(b,
        "    { NULL, 0, 0 },\n"
        "};\n"
        "const size_t gen_decoders_n = @;\n"
        "\n",
        dec(n));
    put(b,
        "err gen_decode_any(struct call *c, size_t index, str bytes)\n"
        "{\n"
        "    str text[64];\n"
        "    const struct json *body = NULL;\n"
        "    index %= gen_decoders_n ? gen_decoders_n : 1;\n"
        "    for (size_t i = 0; i < decoders[index].text_n; i++)\n"
        "        text[i] = str_cut(&bytes, '\\n"
        "');\n"
        "    if (bytes.n)\n"
        "        TRY(json_parse(c->arena, bytes, &body, NULL));\n"
        "    void *in = arena_get(c->arena, decoders[index].in_size, 1, 16);\n"
        "    return decoders[index].decode ? decoders[index].decode(c, text, body, in) : E_NONE;\n"
        "}\n"
        "\n");
}

static void put_all_c(struct gen *g, struct buf *schema)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    size_t stmts = 0, errors = 0;
    put_head(&b, NULL);
    put(&b, "#include \"gen/all.h\"\n");
    for (size_t i = 0; i < g->modules.n; i++)
        put(&b, "#include \"gen/@.h\"\n", g->modules.at[i]->name);
    put(&b, "\n"
            "const struct stmt *const stmts[] = {\n");
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->queries.n; k++, stmts++)
            put(&b, "    &stmt_@,\n", g->modules.at[i]->queries.at[k].name);
    put(&b,
        "    NULL\n"
        "};\n"
        "const size_t stmts_n = @;\n"
        "\n"
        "const struct error_row gen_errors[] = {\n",
        dec(stmts));
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->errors.n; k++, errors++) {
            const struct error *e = &g->modules.at[i]->errors.at[k];
            put(&b, "    { E_@, @, \"@\" },\n", upper(g, e->name), dec(e->status), e->name);
        }
    put(&b,
        "    { E_NONE, 200, \"ok\" },\n"
        "};\n"
        "const size_t gen_errors_n = @;\n"
        "\n",
        dec(errors));
    put_actions(g, &b);
    put_decoders(g, &b);
    put(&b, "const char gen_cedarschema[] =\n"
            "    ");
    put_c_string(&b, buf_str(schema));
    put(&b, ";\n");
    out_add(g, "gen/all.c", &b);
}

void out_c(struct gen *g)
{
    struct buf schema = buf_in(g->a, GEN_FILE_MAX);
    out_ids(g);
    for (size_t i = 0; i < g->modules.n; i++) {
        const struct module *m = g->modules.at[i];
        struct buf h = buf_in(g->a, GEN_FILE_MAX), data = buf_in(g->a, GEN_FILE_MAX),
                   c = buf_in(g->a, GEN_FILE_MAX);
        out_decls(g, m, &h);
        out_add(g, text(g, "gen/@.h", m->name).p, &h);
        put_head(&data, NULL);
        put(&data,
            "#include \"gen/@.h\"\n"
            "\n"
            "#include \"base/id.h\"\n"
            "#include \"tools/gen/rt.h\"\n"
            "\n",
            m->name);
        out_codecs(g, m, &data);
        out_statements(g, m, &data);
        out_entities(g, m, &data);
        out_add(g, text(g, "gen/@_data.c", m->name).p, &data);
        put_head(&c, NULL);
        put(&c,
            "#include \"gen/@.h\"\n"
            "\n",
            m->name);
        out_routes(g, m, &c);
        out_add(g, text(g, "gen/@.c", m->name).p, &c);
    }
    out_cedar(g, &schema);
    put_all_h(g);
    put_all_c(g, &schema);
}
