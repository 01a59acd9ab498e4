/* SPDX-License-Identifier: Apache-2.0 */
/* gen/NAME.c: the endpoints of a module with their guards, lanes, decoders, thunks and encoders, its errors, its migrations,
 * and the struct module that src/app/modules.c lists. The only generated file that refers to handlers: one that is missing
 * does not link, one of the wrong type does not compile. */
#include "gen.h"

static str full_name(struct gen *g, const struct endpoint *e)
{
    return str_fmt(g->a, STR_FMT "_" STR_FMT, STR_ARG(e->m->name), STR_ARG(e->name));
}

static str ret_struct(struct gen *g, const struct endpoint *e)
{
    static const char *const tails[] = { "", "_list", "_page" };
    return str_fmt(g->a, "struct " STR_FMT "%s", STR_ARG(e->record->name), tails[e->ret]);
}

static void put_encode(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str name = full_name(g, e), r = e->record->name;
    buf_fmt(b, "static void encode_" STR_FMT "(struct buf *b, const void *ret)\n{\n", STR_ARG(name));
    if (e->ret == RET_ONE) {
        buf_fmt(b, "    json_put_" STR_FMT "(b, ret);\n}\n", STR_ARG(r));
        return;
    }
    const char *items = e->ret == RET_PAGE ? "v->items" : "(*v)";
    buf_fmt(b, "    const " STR_FMT " *v = ret;\n    buf_put(b, S(\"%s\"));\n    for (size_t i = 0; i < %s.n; i++) {\n"
            "        if (i)\n            buf_char(b, ',');\n        json_put_" STR_FMT "(b, &%s.at[i]);\n    }\n",
            STR_ARG(ret_struct(g, e)), e->ret == RET_PAGE ? "{\\\"items\\\":[" : "[", items, STR_ARG(r), items);
    if (e->ret == RET_LIST) {
        buf_fmt(b, "    buf_char(b, ']');\n}\n");
        return;
    }
    buf_fmt(b, "    buf_put(b, S(\"],\\\"next\\\":\"));\n    if (!v->has_next) {\n        buf_put(b, S(\"null}\"));\n"
            "        return;\n    }\n");
    if (e->cursor->type.kind == T_ID)
        buf_fmt(b, "    buf_char(b, '\"');\n    id_put(b, " STR_FMT "_PREFIX, v->next.v);\n    buf_put(b, S(\"\\\"}\"));\n}\n",
                STR_ARG(upper(g, e->cursor->type.id->name)));
    else
        buf_fmt(b, "    %s(b, v->next);\n    buf_char(b, '}');\n}\n", e->cursor->type.kind == T_TIME ? "json_put_time" : "buf_i64");
}

static void put_thunks(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str name = full_name(g, e);
    if (e->before)
        buf_fmt(b, "static err before_" STR_FMT "(struct call *c, void *in)\n{\n    return " STR_FMT "_before(c, in);\n}\n",
                STR_ARG(name), STR_ARG(name));
    buf_fmt(b, "static err run_" STR_FMT "(struct call *c, const void *in, void *ret)\n{\n    return " STR_FMT "(c, in, ret);\n}\n",
            STR_ARG(name), STR_ARG(name));
    if (e->ret == RET_PAGE)
        buf_fmt(b, "static i64 cursor_" STR_FMT "(const void *row)\n{\n    return ((const struct " STR_FMT " *)row)->" STR_FMT
                "%s;\n}\n", STR_ARG(name), STR_ARG(e->record->name), STR_ARG(e->cursor->name),
                e->cursor->type.kind == T_ID ? ".v" : "");
    put_encode(g, b, e);
    size_t text_n = str_eq_z(e->method, "GET") || str_eq_z(e->method, "DELETE") ? e->in.n : e->path_n;
    if (text_n) {
        buf_fmt(b, "static const char *const text_" STR_FMT "[] = {", STR_ARG(name));
        for (size_t i = 0; i < text_n; i++)
            buf_fmt(b, " \"" STR_FMT "\",", STR_ARG(e->in.at[i].name));
        buf_fmt(b, " };\n");
    }
    if (e->fails.n) {
        buf_fmt(b, "static const err fails_" STR_FMT "[] = {", STR_ARG(name));
        for (size_t i = 0; i < e->fails.n; i++)
            buf_fmt(b, " E_" STR_FMT ",", STR_ARG(upper(g, find_error(g, e->m, e->fails.at[i])->name)));
        buf_fmt(b, " };\n");
    }
    buf_char(b, '\n');
}

/* ---- One row of the table ---- */

static void put_guards(struct gen *g, struct buf *b, const struct endpoint *e)
{
    size_t n = 0;
    buf_fmt(b, "      .guards = {");
    for (size_t i = 0; i < e->guards.n; i++) {
        const struct guard *gd = &e->guards.at[i];
        if (gd->kind == GUARD_ORGANISATION)
            buf_fmt(b, " { .action = \"" STR_FMT "\" },", STR_ARG(gd->action));
        else if (gd->kind == GUARD_ON)
            buf_fmt(b, " { .action = \"" STR_FMT "\", .entity = &entity_" STR_FMT ", .id_at = offsetof(struct " STR_FMT "_in, "
                    STR_FMT ") },", STR_ARG(gd->action), STR_ARG(gd->entity->name), STR_ARG(full_name(g, e)), STR_ARG(gd->on));
        else
            continue;
        n++;
    }
    buf_fmt(b, " }, .guards_n = %zu,\n", n);
}

/* The offsets of an input field, and of its `has_`, in the page's members `as`_at. */
static void put_at(struct gen *g, struct buf *b, const struct endpoint *e, const char *as, const char *member)
{
    const struct field *f = find_field(&e->in, str_from(member));
    str of = str_fmt(g->a, "struct " STR_FMT "_in", STR_ARG(full_name(g, e)));
    if (!f) {
        buf_fmt(b, ".%s_at = AT_NONE, ", as);
        return;
    }
    buf_fmt(b, ".%s_at = offsetof(" STR_FMT ", %s), ", as, STR_ARG(of), member);
    if (f->type.optional)
        buf_fmt(b, ".%s_has_at = offsetof(" STR_FMT ", has_%s), ", as, STR_ARG(of), member);
}

/* `after` alone, `before` alone (it takes the place of after), or both. */
static void put_cursors(struct gen *g, struct buf *b, const struct endpoint *e)
{
    bool after = find_field(&e->in, S("after")), before = find_field(&e->in, S("before"));
    put_at(g, b, e, "after", after || !before ? "after" : "before");
    if (after && before) {
        buf_fmt(b, ".has_before = true, ");
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
    buf_fmt(b, "      .page = { ");
    if (rows)
        buf_fmt(b, ".action = \"" STR_FMT "\", .entity = &entity_" STR_FMT ", ", STR_ARG(rows->action),
                STR_ARG(rows->entity->name));
    if (rows && rows->kind == GUARD_RETURNED && rows->field)
        buf_fmt(b, ".rows_at = offsetof(" STR_FMT ", " STR_FMT "), .row_size = sizeof(%s), ", STR_ARG(of),
                STR_ARG(rows->field->name), c_type(g, &rows->field->type));
    else
        buf_fmt(b, ".rows_at = 0, .row_size = sizeof(struct " STR_FMT "), ", STR_ARG(e->record->name));
    if (e->ret == RET_PAGE)
        buf_fmt(b, "\n        .next_at = offsetof(" STR_FMT ", next), .next_has_at = offsetof(" STR_FMT ", has_next), .cursor = "
                "cursor_" STR_FMT ",\n        ", STR_ARG(of), STR_ARG(of), STR_ARG(full_name(g, e)));
    else
        buf_fmt(b, "\n        .next_at = AT_NONE, .next_has_at = AT_NONE, ");
    put_cursors(g, b, e);
    buf_fmt(b, "},\n");
}

static void put_endpoint(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str name = full_name(g, e);
    size_t text_n = str_eq_z(e->method, "GET") || str_eq_z(e->method, "DELETE") ? e->in.n : e->path_n;
    bool each = false, returned = false;
    for (size_t i = 0; i < e->guards.n; i++) {
        each = each || e->guards.at[i].kind == GUARD_EACH;
        returned = returned || e->guards.at[i].kind == GUARD_RETURNED;
    }
    buf_fmt(b, "    /* from " STR_FMT ":%d */\n    { .module = \"" STR_FMT "\", .name = \"" STR_FMT "\", .method = \"" STR_FMT
            "\",\n      .path = \"" STR_FMT "\",\n      .lane = LANE_" STR_FMT ", .session = %s, .index = %u,\n",
            STR_ARG(e->at.file), e->at.line, STR_ARG(e->m->name), STR_ARG(e->name), STR_ARG(e->method), STR_ARG(e->path),
            STR_ARG(upper(g, e->lane)), e->is_public ? "SESSION_NONE" : e->cookie ? "SESSION_COOKIE" : "SESSION_PROOF", e->index);
    buf_fmt(b, "      .each = %d, .secret = %d, .returned = %d, .has_before = %d,\n", each, e->secret, returned, e->before);
    put_guards(g, b, e);
    if (e->leaf.n)
        buf_fmt(b, "      .leaf = \"" STR_FMT "\",\n", STR_ARG(e->leaf));
    if (e->rate.n)
        buf_fmt(b, "      .rate = \"" STR_FMT "\",\n", STR_ARG(e->rate));
    if (e->fails.n)
        buf_fmt(b, "      .fails = fails_" STR_FMT ", .fails_n = %zu,\n", STR_ARG(name), e->fails.n);
    if (text_n)
        buf_fmt(b, "      .text_names = text_" STR_FMT ", .text_n = %zu, .path_n = %zu,\n", STR_ARG(name), text_n, e->path_n);
    if (e->before)
        buf_fmt(b, "      .before = before_" STR_FMT ",\n", STR_ARG(name));
    put_page(g, b, e);
    buf_fmt(b, "      .in_size = sizeof(struct " STR_FMT "_in), .ret_size = sizeof(" STR_FMT "),\n      .decode = decode_" STR_FMT
            ", .run = run_" STR_FMT ", .encode = encode_" STR_FMT " },\n", STR_ARG(name), STR_ARG(ret_struct(g, e)), STR_ARG(name),
            STR_ARG(name), STR_ARG(name));
}

/* ---- The module ---- */

static void put_migrations(struct buf *b, const struct module *m)
{
    buf_fmt(b, "static const struct migration migrations[] = {\n");
    for (size_t i = 0; i < m->migrations.n; i++) {
        const struct migration *mig = &m->migrations.at[i];
        buf_fmt(b, "    /* from " STR_FMT " */\n    { .name = \"" STR_FMT "\", .sqlite =\n    ", STR_ARG(mig->at.file),
                STR_ARG(mig->name));
        put_c_string(b, mig->sqlite);
        buf_fmt(b, ",\n    .postgres =\n    ");
        put_c_string(b, mig->pg);
        buf_fmt(b, " },\n");
    }
    buf_fmt(b, "};\n\n");
}

static void put_errors(struct gen *g, struct buf *b, const struct module *m)
{
    buf_fmt(b, "static const struct error_row errors[] = {\n");
    for (size_t i = 0; i < m->errors.n; i++)
        buf_fmt(b, "    { E_" STR_FMT ", %d, \"" STR_FMT "\" },\n", STR_ARG(upper(g, m->errors.at[i].name)), m->errors.at[i].status,
                STR_ARG(m->errors.at[i].name));
    buf_fmt(b, "};\n\n");
}

void out_routes(struct gen *g, const struct module *m, struct buf *b)
{
    buf_fmt(b, "#include \"base/id.h\"\n\n");
    for (size_t i = 0; i < m->endpoints.n; i++)
        put_thunks(g, b, &m->endpoints.at[i]);
    if (m->endpoints.n)
        buf_fmt(b, "static const struct endpoint endpoints[] = {\n");
    for (size_t i = 0; i < m->endpoints.n; i++)
        put_endpoint(g, b, &m->endpoints.at[i]);
    if (m->endpoints.n)
        buf_fmt(b, "};\n\n");
    if (m->errors.n)
        put_errors(g, b, m);
    if (m->migrations.n)
        put_migrations(b, m);
    buf_fmt(b, "const struct module " STR_FMT "_module = {\n    .name = \"" STR_FMT "\",\n", STR_ARG(m->name), STR_ARG(m->name));
    if (m->endpoints.n)
        buf_fmt(b, "    .endpoints = endpoints, .endpoints_n = %zu,\n", m->endpoints.n);
    if (m->topics.n)
        buf_fmt(b, "    .topics = " STR_FMT "_topics, .topics_n = %zu,\n", STR_ARG(m->name), m->topics.n);
    if (m->errors.n)
        buf_fmt(b, "    .errors = errors, .errors_n = %zu,\n", m->errors.n);
    if (m->migrations.n)
        buf_fmt(b, "    .migrations = migrations, .migrations_n = %zu,\n", m->migrations.n);
    if (m->start)
        buf_fmt(b, "    .start = " STR_FMT "_start,\n", STR_ARG(m->name));
    buf_fmt(b, "};\n");
}
