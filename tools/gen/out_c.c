/* SPDX-License-Identifier: Apache-2.0 */
/* The generated C, its plan: gen/ids.h (all ids), per module gen/NAME.h, gen/NAME_data.c (words, encoders, decoders,
 * statements, entities, topics: refers to no handler, so that tests of lower layers link it) and gen/NAME.c (endpoints and
 * the module), and gen/all.h, gen/all.c (what spans modules). Every name says which line it comes from. */
#include "gen.h"

/* ---- Helpers ---- */

void out_add(struct gen *g, const char *path, struct buf *b)
{
    must(!b->full);
    *vec_push(&g->outputs, g->a) = (struct output){ str_copy(g->a, str_from(path)), buf_str(b) };
}

void put_args(struct buf *b, const char *text, const str *args, size_t n)
{
    size_t used = 0;
    for (const char *at; (at = strchr(text, '@')); text = at + 1) {
        buf_bytes(b, text, (size_t)(at - text));
        must(used < n);
        buf_put(b, args[used++]);
    }
    buf_bytes(b, text, strlen(text));
}

str dec(struct gen *g, i64 v) { return str_fmt(g->a, "%lld", (long long)v); }

void put_codes(struct gen *g, struct buf *b, const char *each, const char *between)
{
    static const char *const codes[] = {
#define CODE(name, status, text) text,
        ERR_MAP(CODE)
#undef CODE
        "repeated",
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
    case T_TEXT: case T_BYTES: return "str";
    case T_INT: return "i64";
    case T_TIME: return "usec";
    case T_BOOL: return "bool";
    case T_NUMBER: return "double";
    case T_ID: return str_z(g->a, t->id->name);
    case T_ENUM: return str_fmt(g->a, "enum " STR_FMT, STR_ARG(t->words->name)).p;
    case T_RECORD: return str_fmt(g->a, "struct " STR_FMT, STR_ARG(t->record->name)).p;
    case T_NONE: break;
    }
    return "void";
}

const char *c_list(struct gen *g, const struct type *t)
{
    switch (t->kind) {
    case T_ID: return str_fmt(g->a, "struct " STR_FMT "_list", STR_ARG(t->id->name)).p;
    case T_ENUM: return str_fmt(g->a, "struct " STR_FMT "_list", STR_ARG(t->words->name)).p;
    case T_RECORD: return str_fmt(g->a, "struct " STR_FMT "_list", STR_ARG(t->record->name)).p;
    default: return str_fmt(g->a, "struct %s_list", c_type(g, t)).p;
    }
}

static void from(struct buf *b, struct where at)
{
    buf_fmt(b, "/* from " STR_FMT ":%d */\n", STR_ARG(at.file), at.line);
}

static void put_head(struct buf *b, const char *guard)
{
    buf_fmt(b, "/* Made by tools/gen; edit the models. */\n");
    if (guard)
        buf_fmt(b, "#ifndef %s\n#define %s\n\n", guard, guard);
}

/* ---- gen/ids.h ---- */

static void out_ids(struct gen *g)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    put_head(&b, "OUTWORK_GEN_IDS_H");
    buf_fmt(&b, "#include \"base/str.h\"\n#include \"base/time.h\"\n\n");
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->ids.n; k++) {
            const struct idtype *id = &g->modules.at[i]->ids.at[k];
            from(&b, id->at);
            buf_fmt(&b, "typedef struct { i64 v; } " STR_FMT ";\n#define " STR_FMT "_PREFIX \"" STR_FMT "\"\n",
                    STR_ARG(id->name), STR_ARG(upper(g, id->name)), STR_ARG(id->prefix));
            buf_fmt(&b, "struct " STR_FMT "_list { " STR_FMT " *at; size_t n; };\n\n", STR_ARG(id->name), STR_ARG(id->name));
        }
    static const char *const scalars[] = { "str", "i64", "usec", "bool", "double" };
    for (size_t i = 0; i < COUNT(scalars); i++)
        buf_fmt(&b, "struct %s_list { %s *at; size_t n; };\n", scalars[i], scalars[i]);
    buf_fmt(&b, "\n#endif\n");
    out_add(g, "gen/ids.h", &b);
}

/* ---- gen/NAME.h ---- */

static void put_enum(struct gen *g, struct buf *b, const struct words *e)
{
    from(b, e->at);
    buf_fmt(b, "enum " STR_FMT " {", STR_ARG(e->name));
    for (size_t i = 0; i < e->words.n; i++)
        buf_fmt(b, " " STR_FMT "_" STR_FMT ",", STR_ARG(upper(g, e->name)), STR_ARG(upper(g, e->words.at[i])));
    buf_fmt(b, " };\nenum { " STR_FMT "_N = %zu };\n", STR_ARG(upper(g, e->name)), e->words.n);
    buf_fmt(b, "extern const char *const " STR_FMT "_words[];\n", STR_ARG(e->name));
    buf_fmt(b, "struct " STR_FMT "_list { enum " STR_FMT " *at; size_t n; };\n\n", STR_ARG(e->name), STR_ARG(e->name));
}

static void put_member(struct gen *g, struct buf *b, const struct field *f)
{
    if (f->type.optional)
        buf_fmt(b, "    bool has_" STR_FMT ";\n", STR_ARG(f->name));
    buf_fmt(b, "    %s " STR_FMT ";%s\n", f->type.list ? c_list(g, &f->type) : c_type(g, &f->type), STR_ARG(f->name),
            f->hidden ? "    /* hidden */" : "");
}

static void put_fields(struct gen *g, struct buf *b, const struct fields *fs)
{
    for (size_t i = 0; i < fs->n; i++)
        put_member(g, b, &fs->at[i]);
}

/* Records come after those they contain. */
static void put_record(struct gen *g, struct buf *b, const struct module *m, const struct record *r, bool *done)
{
    size_t at = (size_t)(r - m->records.at);
    if (done[at])
        return;
    done[at] = true;
    for (size_t i = 0; i < r->fields.n; i++)
        if (r->fields.at[i].type.record && r->fields.at[i].type.record->m == m)
            put_record(g, b, m, r->fields.at[i].type.record, done);
    from(b, r->at);
    buf_fmt(b, "struct " STR_FMT " {\n", STR_ARG(r->name));
    put_fields(g, b, &r->fields);
    buf_fmt(b, "};\n");
    if (r->listed)
        buf_fmt(b, "struct " STR_FMT "_list { struct " STR_FMT " *at; size_t n; };\n", STR_ARG(r->name), STR_ARG(r->name));
    if (r->page_at)
        buf_fmt(b, "struct " STR_FMT "_page { struct " STR_FMT "_list items; bool has_next; %s next; };\n", STR_ARG(r->name),
                STR_ARG(r->name), c_type(g, &find_field(&r->fields, r->page_by)->type));
    buf_fmt(b, "void json_put_" STR_FMT "(struct buf *b, const struct " STR_FMT " *v);    /* without hidden fields */\n\n",
            STR_ARG(r->name), STR_ARG(r->name));
}

static const char *ret_type(struct gen *g, const struct endpoint *e)
{
    static const char *const tails[] = { "", "_list", "_page" };
    return str_fmt(g->a, "struct " STR_FMT "%s", STR_ARG(e->record->name), tails[e->ret]).p;
}

static void put_endpoint_decls(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str m = e->m->name, n = e->name;
    from(b, e->at);
    buf_fmt(b, "struct " STR_FMT "_" STR_FMT "_in {\n", STR_ARG(m), STR_ARG(n));
    put_fields(g, b, &e->in);
    if (e->before)
        buf_fmt(b, "    void *prepared;    /* of `before`, for the handler; lives in the call's arena */\n");
    else if (!e->in.n)
        buf_fmt(b, "    char nothing;\n");
    buf_fmt(b, "};\n");
    if (e->before)
        buf_fmt(b, "MUST_USE err " STR_FMT "_" STR_FMT "_before(struct call *c, struct " STR_FMT "_" STR_FMT "_in *in);\n",
                STR_ARG(m), STR_ARG(n), STR_ARG(m), STR_ARG(n));
    buf_fmt(b, "MUST_USE err " STR_FMT "_" STR_FMT "(struct call *c, const struct " STR_FMT "_" STR_FMT "_in *in, %s *ret);\n",
            STR_ARG(m), STR_ARG(n), STR_ARG(m), STR_ARG(n), ret_type(g, e));
    buf_fmt(b, "MUST_USE err decode_" STR_FMT "_" STR_FMT
            "(struct call *c, const str *text, const struct json *body, void *in);\n\n", STR_ARG(m), STR_ARG(n));
}

static void put_event_decl(struct buf *b, const struct event *e)
{
    from(b, e->at);
    buf_fmt(b, "MUST_USE err emit_" STR_FMT "(struct call *c, " STR_FMT " topic, const struct " STR_FMT " *data);\n",
            STR_ARG(e->name), STR_ARG(e->topic->id->name), STR_ARG(e->record->name));
}

void out_decls(struct gen *g, const struct module *m, struct buf *b)
{
    str guard = str_fmt(g->a, "OUTWORK_GEN_" STR_FMT "_H", STR_ARG(upper(g, m->name)));
    put_head(b, guard.p);
    buf_fmt(b, "#include \"core/call.h\"\n#include \"gen/ids.h\"\n");
    for (size_t i = 0; i < m->uses.n; i++)
        buf_fmt(b, "#include \"gen/" STR_FMT ".h\"\n", STR_ARG(m->uses.at[i]));
    buf_fmt(b, "\n");
    for (size_t i = 0; i < m->errors.n; i++)
        buf_fmt(b, "#define E_" STR_FMT " ((err)%d)    /* %d; from " STR_FMT ":%d */\n", STR_ARG(upper(g, m->errors.at[i].name)),
                m->errors.at[i].code, m->errors.at[i].status, STR_ARG(m->errors.at[i].at.file), m->errors.at[i].at.line);
    buf_fmt(b, "\n");
    for (size_t i = 0; i < m->enums.n; i++)
        put_enum(g, b, &m->enums.at[i]);
    bool *done = NEW_N(g->a, bool, m->records.n + 1);
    for (size_t i = 0; i < m->records.n; i++)
        put_record(g, b, m, &m->records.at[i], done);
    for (size_t i = 0; i < m->endpoints.n; i++)
        put_endpoint_decls(g, b, &m->endpoints.at[i]);
    for (size_t i = 0; i < m->entities.n; i++) {
        from(b, m->entities.at[i].at);
        buf_fmt(b, "extern const struct entity entity_" STR_FMT ";\n", STR_ARG(m->entities.at[i].name));
    }
    if (m->topics.n)
        buf_fmt(b, "extern const struct topic " STR_FMT "_topics[];\n", STR_ARG(m->name));
    for (size_t i = 0; i < m->events.n; i++)
        put_event_decl(b, &m->events.at[i]);
    buf_fmt(b, "\n");
    out_queries(g, m, b);
    if (m->start)
        buf_fmt(b, "MUST_USE err " STR_FMT "_start(struct office *o);\n", STR_ARG(m->name));
    buf_fmt(b, "extern const struct module " STR_FMT "_module;\n\n#endif\n", STR_ARG(m->name));
}

/* ---- gen/all ---- */

static void put_all_h(struct gen *g)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    put_head(&b, "OUTWORK_GEN_ALL_H");
    buf_fmt(&b, "#include \"core/module.h\"\n\n/* Every module's errors, by code. */\n"
            "extern const struct error_row gen_errors[];\nextern const size_t gen_errors_n;\n"
            "/* The policy's schema, as in gen/base.cedarschema. */\nextern const char gen_cedarschema[];\n"
            "/* Every action, by name. */\nextern const char *const gen_actions[];\nextern const size_t gen_actions_n;\n"
            "/* Decodes bytes as the input of endpoint number index %% gen_decoders_n: one line for each text field, then JSON. */\n"
            "extern const size_t gen_decoders_n;\nerr gen_decode_any(struct call *c, size_t index, str bytes);\n");
    for (size_t i = 0; i < g->modules.n; i++)
        buf_fmt(&b, "extern const struct module " STR_FMT "_module;\n", STR_ARG(g->modules.at[i]->name));
    buf_fmt(&b, "\n#endif\n");
    out_add(g, "gen/all.h", &b);
}

static void put_actions(struct gen *g, struct buf *b)
{
    struct names seen = all_actions(g);
    buf_fmt(b, "const char *const gen_actions[] = {\n");
    for (size_t i = 0; i < seen.n; i++)
        buf_fmt(b, "    \"" STR_FMT "\",\n", STR_ARG(seen.at[i]));
    buf_fmt(b, "    NULL\n};\nconst size_t gen_actions_n = %zu;\n\n", seen.n);
}

static void put_decoders(struct gen *g, struct buf *b)
{
    size_t n = 0;
    buf_fmt(b, "static const struct {\n    err (*decode)(struct call *c, const str *text, const struct json *body, void *in);\n"
            "    size_t in_size, text_n;\n} decoders[] = {\n");
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->endpoints.n; k++, n++) {
            const struct endpoint *e = &g->modules.at[i]->endpoints.at[k];
            bool text = str_eq_z(e->method, "GET") || str_eq_z(e->method, "DELETE");
            buf_fmt(b, "    { decode_" STR_FMT "_" STR_FMT ", sizeof(struct " STR_FMT "_" STR_FMT "_in), %zu },\n",
                    STR_ARG(e->m->name), STR_ARG(e->name), STR_ARG(e->m->name), STR_ARG(e->name), text ? e->in.n : e->path_n);
        }
    buf_fmt(b, "    { NULL, 0, 0 },\n};\nconst size_t gen_decoders_n = %zu;\n\n", n);
    buf_fmt(b, "err gen_decode_any(struct call *c, size_t index, str bytes)\n{\n    str text[64];\n"
            "    const struct json *body = NULL;\n    index %%= gen_decoders_n ? gen_decoders_n : 1;\n"
            "    for (size_t i = 0; i < decoders[index].text_n; i++)\n        text[i] = str_cut(&bytes, '\\n');\n"
            "    if (bytes.n)\n        TRY(json_parse(c->arena, bytes, &body, NULL));\n"
            "    void *in = arena_get(c->arena, decoders[index].in_size, 1, 16);\n"
            "    return decoders[index].decode ? decoders[index].decode(c, text, body, in) : E_NONE;\n}\n\n");
}

static void put_all_c(struct gen *g, struct buf *schema)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    size_t stmts = 0, errors = 0;
    put_head(&b, NULL);
    buf_fmt(&b, "#include \"gen/all.h\"\n");
    for (size_t i = 0; i < g->modules.n; i++)
        buf_fmt(&b, "#include \"gen/" STR_FMT ".h\"\n", STR_ARG(g->modules.at[i]->name));
    buf_fmt(&b, "\nconst struct stmt *const stmts[] = {\n");
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->queries.n; k++, stmts++)
            buf_fmt(&b, "    &stmt_" STR_FMT ",\n", STR_ARG(g->modules.at[i]->queries.at[k].name));
    buf_fmt(&b, "    NULL\n};\nconst size_t stmts_n = %zu;\n\nconst struct error_row gen_errors[] = {\n", stmts);
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->errors.n; k++, errors++) {
            const struct error *e = &g->modules.at[i]->errors.at[k];
            buf_fmt(&b, "    { E_" STR_FMT ", %d, \"" STR_FMT "\" },\n", STR_ARG(upper(g, e->name)), e->status, STR_ARG(e->name));
        }
    buf_fmt(&b, "    { E_NONE, 200, \"ok\" },\n};\nconst size_t gen_errors_n = %zu;\n\n", errors);
    put_actions(g, &b);
    put_decoders(g, &b);
    buf_fmt(&b, "const char gen_cedarschema[] =\n    ");
    put_c_string(&b, buf_str(schema));
    buf_fmt(&b, ";\n");
    out_add(g, "gen/all.c", &b);
}

void out_c(struct gen *g)
{
    struct buf schema = buf_in(g->a, GEN_FILE_MAX);
    out_ids(g);
    for (size_t i = 0; i < g->modules.n; i++) {
        const struct module *m = g->modules.at[i];
        struct buf h = buf_in(g->a, GEN_FILE_MAX), data = buf_in(g->a, GEN_FILE_MAX), c = buf_in(g->a, GEN_FILE_MAX);
        out_decls(g, m, &h);
        out_add(g, str_fmt(g->a, "gen/" STR_FMT ".h", STR_ARG(m->name)).p, &h);
        put_head(&data, NULL);
        buf_fmt(&data, "#include \"gen/" STR_FMT ".h\"\n\n#include \"base/id.h\"\n#include \"tools/gen/rt.h\"\n\n", STR_ARG(m->name));
        out_codecs(g, m, &data);
        out_statements(g, m, &data);
        out_entities(g, m, &data);
        out_add(g, str_fmt(g->a, "gen/" STR_FMT "_data.c", STR_ARG(m->name)).p, &data);
        put_head(&c, NULL);
        buf_fmt(&c, "#include \"gen/" STR_FMT ".h\"\n\n", STR_ARG(m->name));
        out_routes(g, m, &c);
        out_add(g, str_fmt(g->a, "gen/" STR_FMT ".c", STR_ARG(m->name)).p, &c);
    }
    out_cedar(g, &schema);
    put_all_h(g);
    put_all_c(g, &schema);
}
