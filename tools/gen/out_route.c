/* SPDX-License-Identifier: Apache-2.0 */
/* gen/NAME.c: the endpoints of a module with their guards, lanes, decoders, thunks and encoders,
 * its errors, its migrations, and the struct module that src/app/modules.c lists. The only
 * generated file that refers to handlers: one that is missing does not link, one of the wrong type
 * does not compile. */
#include "gen.h"

static str full_name(struct gen *g, const struct endpoint *e)
{
    return text(g, "@_@", e->m->name, e->name);
}

static str ret_struct(struct gen *g, const struct endpoint *e)
{
    static const char *const tails[] = { "", "_list", "_page" };
    return text(g, "struct @@", e->record->name, z(tails[e->ret]));
}

static void put_encode(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str name = full_name(g, e), r = e->record->name;
    put(b,
        "static void encode_@(struct buf *b, const void *ret)\n"
        "{\n",
        name);
    if (e->ret == RET_ONE) {
        put(b,
            "    json_put_@(b, ret);\n"
            "}\n",
            r);
        return;
    }
    const char *items = e->ret == RET_PAGE ? "v->items" : "(*v)";
    put(b,
        "    const @ *v = ret;\n"
        "    buf_put(b, S(\"@\"));\n"
        "    for (size_t i = 0; i < @.n; i++) {\n"
        "        if (i)\n"
        "            buf_char(b, ',');\n"
        "        json_put_@(b, &@.at[i]);\n"
        "    }\n",
        ret_struct(g, e), z(e->ret == RET_PAGE ? "{\\\"items\\\":[" : "["), z(items), r, z(items));
    if (e->ret == RET_LIST) {
        put(b, "    buf_char(b, ']');\n"
               "}\n");
        return;
    }
    put(b, "    buf_put(b, S(\"],\\\"next\\\":\"));\n"
           "    if (!v->has_next) {\n"
           "        buf_put(b, S(\"null}\"));\n"
           "        return;\n"
           "    }\n");
    if (e->cursor->type.kind == T_ID)
        put(b,
            "    buf_char(b, '\"');\n"
            "    id_put(b, @_PREFIX, v->next.v);\n"
            "    buf_put(b, S(\"\\\"}\"));\n"
            "}\n",
            upper(g, e->cursor->type.id->name));
    else
        put(b,
            "    @(b, v->next);\n"
            "    buf_char(b, '}');\n"
            "}\n",
            z(e->cursor->type.kind == T_TIME ? "json_put_time" : "buf_i64"));
}

static void put_thunks(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str name = full_name(g, e);
    if (e->before)
        put(b,
            "static err before_@(struct call *c, void *in)\n"
            "{\n"
            "    return @_before(c, in);\n"
            "}\n",
            name, name);
    put(b,
        "static err run_@(struct call *c, const void *in, void *ret)\n"
        "{\n"
        "    return @(c, in, ret);\n"
        "}\n",
        name, name);
    if (e->ret == RET_PAGE)
        put(b,
            "static i64 cursor_@(const void *row)\n"
            "{\n"
            "    return ((const struct @ *)row)->@@;\n"
            "}\n",
            name, e->record->name, e->cursor->name, z(e->cursor->type.kind == T_ID ? ".v" : ""));
    put_encode(g, b, e);
    size_t text_n = text_fields(e);
    if (text_n) {
        put(b, "static const char *const text_@[] = {", name);
        for (size_t i = 0; i < text_n; i++)
            put(b, " \"@\",", e->in.at[i].name);
        put(b, " };\n");
    }
    if (e->fails.n) {
        put(b, "static const err fails_@[] = {", name);
        for (size_t i = 0; i < e->fails.n; i++)
            put(b, " E_@,", upper(g, find_error(g, e->m, e->fails.at[i])->name));
        put(b, " };\n");
    }
    buf_char(b, '\n');
}

/* ---- One row of the table ---- */

static void put_guards(struct gen *g, struct buf *b, const struct endpoint *e)
{
    size_t n = 0;
    put(b, "      .guards = {");
    for (size_t i = 0; i < e->guards.n; i++) {
        const struct guard *gd = &e->guards.at[i];
        if (gd->kind == GUARD_ORGANISATION)
            put(b, " { .action = \"@\" },", gd->action);
        else if (gd->kind == GUARD_ON)
            put(b, " { .action = \"@\", .entity = &entity_@, .id_at = offsetof(struct @_in, @) },",
                gd->action, gd->entity->name, full_name(g, e), gd->on);
        else
            continue;
        n++;
    }
    put(b, " }, .guards_n = @,\n", dec(n));
}

/* The offsets of an input field, and of its `has_`, in the page's members `as`_at. */
static void put_at(struct gen *g, struct buf *b, const struct endpoint *e, const char *as,
                   const char *member)
{
    const struct field *f = find_field(&e->in, str_from(member));
    str of = text(g, "struct @_in", full_name(g, e));
    if (!f) {
        put(b, ".@_at = AT_NONE, ", z(as));
        return;
    }
    put(b, ".@_at = offsetof(@, @), ", z(as), of, z(member));
    if (f->type.optional)
        put(b, ".@_has_at = offsetof(@, has_@), ", z(as), of, z(member));
}

/* `after` alone, `before` alone (it takes the place of after), or both. */
static void put_cursors(struct gen *g, struct buf *b, const struct endpoint *e)
{
    bool after = find_field(&e->in, S("after")), before = find_field(&e->in, S("before"));
    put_at(g, b, e, "after", after || !before ? "after" : "before");
    if (after && before) {
        put(b, ".has_before = true, ");
        put_at(g, b, e, "before", "before");
    }
    put_at(g, b, e, "limit", "limit");
}

static void put_page(struct gen *g, struct buf *b, const struct endpoint *e)
{
    const struct guard *rows = NULL;
    for (size_t i = 0; i < e->guards.n; i++)
        if (e->guards.at[i].kind == GUARD_EACH || e->guards.at[i].kind == GUARD_RETURNED)
            rows = &e->guards.at[i];
    if (!rows && e->ret != RET_PAGE)
        return;
    str of = ret_struct(g, e);
    put(b, "      .page = { ");
    if (rows)
        put(b, ".action = \"@\", .entity = &entity_@, ", rows->action, rows->entity->name);
    if (rows && rows->kind == GUARD_RETURNED && rows->field)
        put(b, ".rows_at = offsetof(@, @), .row_size = sizeof(@), ", of, rows->field->name,
            z(c_type(g, &rows->field->type)));
    else
        put(b, ".rows_at = 0, .row_size = sizeof(struct @), ", e->record->name);
    if (e->ret == RET_PAGE)
        put(b,
            "\n"
            "        .next_at = offsetof(@, next), .next_has_at = offsetof(@, has_next), .cursor = "
            "cursor_@,\n"
            "        ",
            of, of, full_name(g, e));
    else
        put(b, "\n"
               "        .next_at = AT_NONE, .next_has_at = AT_NONE, ");
    put_cursors(g, b, e);
    put(b, "},\n");
}

static void put_endpoint(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str name = full_name(g, e);
    size_t text_n = text_fields(e);
    bool each = false, returned = false;
    for (size_t i = 0; i < e->guards.n; i++) {
        each = each || e->guards.at[i].kind == GUARD_EACH;
        returned = returned || e->guards.at[i].kind == GUARD_RETURNED;
    }
    put(b,
        "    /* from @:@ */\n"
        "    { .module = \"@\", .name = \"@\", .method = \"@\",\n"
        "      .path = \"@\",\n"
        "      .lane = LANE_@, .session = @, .index = @,\n",
        e->at.file, dec(e->at.line), e->m->name, e->name, e->method, e->path, upper(g, e->lane),
        z(e->is_public ? "SESSION_NONE"
          : e->cookie  ? "SESSION_COOKIE"
                       : "SESSION_PROOF"),
        dec(e->index));
    put(b, "      .each = @, .secret = @, .returned = @, .has_before = @,\n", dec(each),
        dec(e->secret), dec(returned), dec(e->before));
    put_guards(g, b, e);
    if (e->leaf.n)
        put(b, "      .leaf = \"@\",\n", e->leaf);
    if (e->rate.n)
        put(b, "      .rate = \"@\",\n", e->rate);
    if (e->fails.n)
        put(b, "      .fails = fails_@, .fails_n = @,\n", name, dec(e->fails.n));
    if (text_n)
        put(b, "      .text_names = text_@, .text_n = @, .path_n = @,\n", name, dec(text_n),
            dec(e->path_n));
    if (e->before)
        put(b, "      .before = before_@,\n", name);
    put_page(g, b, e);
    put(b,
        "      .in_size = sizeof(struct @_in), .ret_size = sizeof(@),\n"
        "      .decode = decode_@, .run = run_@, .encode = encode_@ },\n",
        name, ret_struct(g, e), name, name, name);
}

/* ---- The module ---- */

static void put_migrations(struct buf *b, const struct module *m)
{
    put(b, "static const struct migration migrations[] = {\n");
    for (size_t i = 0; i < m->migrations.n; i++) {
        const struct migration *mig = &m->migrations.at[i];
        put(b,
            "    /* from @ */\n"
            "    { .name = \"@\", .sqlite =\n"
            "    ",
            mig->at.file, mig->name);
        put_c_string(b, mig->sqlite);
        put(b, ",\n"
               "    .postgres =\n"
               "    ");
        put_c_string(b, mig->pg);
        put(b, " },\n");
    }
    put(b, "};\n"
           "\n");
}

static void put_errors(struct gen *g, struct buf *b, const struct module *m)
{
    put(b, "static const struct error_row errors[] = {\n");
    for (size_t i = 0; i < m->errors.n; i++)
        put(b, "    { E_@, @, \"@\" },\n", upper(g, m->errors.at[i].name),
            dec(m->errors.at[i].status), m->errors.at[i].name);
    put(b, "};\n"
           "\n");
}

void out_routes(struct gen *g, const struct module *m, struct buf *b)
{
    put(b, "#include \"base/id.h\"\n"
           "\n");
    for (size_t i = 0; i < m->endpoints.n; i++)
        put_thunks(g, b, &m->endpoints.at[i]);
    if (m->endpoints.n)
        put(b, "static const struct endpoint endpoints[] = {\n");
    for (size_t i = 0; i < m->endpoints.n; i++)
        put_endpoint(g, b, &m->endpoints.at[i]);
    if (m->endpoints.n)
        put(b, "};\n"
               "\n");
    if (m->errors.n)
        put_errors(g, b, m);
    if (m->migrations.n)
        put_migrations(b, m);
    put(b,
        "const struct module @_module = {\n"
        "    .name = \"@\",\n",
        m->name, m->name);
    if (m->endpoints.n)
        put(b, "    .endpoints = endpoints, .endpoints_n = @,\n", dec(m->endpoints.n));
    if (m->topics.n)
        put(b, "    .topics = @_topics, .topics_n = @,\n", m->name, dec(m->topics.n));
    if (m->errors.n)
        put(b, "    .errors = errors, .errors_n = @,\n", dec(m->errors.n));
    if (m->migrations.n)
        put(b, "    .migrations = migrations, .migrations_n = @,\n", dec(m->migrations.n));
    if (m->start)
        put(b, "    .start = @_start,\n", m->name);
    put(b, "};\n");
}
