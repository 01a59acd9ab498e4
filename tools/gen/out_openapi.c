/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.json (OpenAPI 3.1, JSON Schema 2020-12): every endpoint with its limits, its action and
 * its errors. One member a line, so that a change of the API reads well in review. */
#include "gen.h"

#include "base/json.h"

static const char *comma(size_t i, size_t n)
{
    return i + 1 < n ? "," : "";
}

static bool in_address(const struct endpoint *e, size_t i)
{
    return i < text_fields(e);
}

static void put_ref(struct buf *b, str name)
{
    put(b, "{ \"$ref\": \"#/components/schemas/@\" }", name);
}

static void put_scalar(struct buf *b, const struct type *t)
{
    str min = dec(t->min), max = dec(t->max);
    switch (t->kind) {
    case T_TEXT:
        put(b, "\"type\": \"string\", \"minLength\": @, \"maxLength\": @", min, max);
        return;
    case T_BYTES:
        put(b,
            "\"type\": \"string\", \"contentEncoding\": \"base64url\", \"minLength\": @, "
            "\"maxLength\": @",
            dec((t->min * 4 + 2) / 3), dec((t->max * 4 + 2) / 3));
        return;
    case T_INT: put(b, "\"type\": \"integer\", \"minimum\": @, \"maximum\": @", min, max); return;
    case T_BOOL: put(b, "\"type\": \"boolean\""); return;
    case T_TIME: put(b, "\"type\": \"string\", \"format\": \"date-time\""); return;
    case T_NUMBER: put(b, "\"type\": \"number\""); return;
    default: return;
    }
}

static void put_element(struct buf *b, const struct type *t)
{
    if (t->kind == T_ID || t->kind == T_ENUM || t->kind == T_RECORD) {
        put_ref(b, t->name);
        return;
    }
    put(b, "{ ");
    put_scalar(b, t);
    put(b, " }");
}

static void put_default(struct buf *b, const struct field *f)
{
    if (!f->has_default)
        return;
    bool quoted = f->type.kind == T_TEXT || f->type.kind == T_ENUM;
    put(b, ", \"default\": ");
    if (quoted)
        json_put_str(b, f->def_text);
    else if (f->type.kind == T_INT)
        buf_i64(b, f->def);
    else
        json_put_bool(b, f->def != 0);
}

static void put_schema(struct buf *b, const struct field *f)
{
    const struct type *t = &f->type;
    bool named = t->kind == T_ID || t->kind == T_ENUM || t->kind == T_RECORD;
    if (t->list)
        put(b, "{ \"type\": \"array\", \"maxItems\": @, \"items\": ", dec(t->list_max));
    else if (t->optional)
        put(b, "{ \"oneOf\": [");
    put(b, "{ ");
    if (named)
        put(b, "\"$ref\": \"#/components/schemas/@\"", t->name);
    else
        put_scalar(b, t);
    put_default(b, f);
    put(b, t->list ? " } }" : t->optional ? " }, { \"type\": \"null\" }] }" : " }");
}

/* An object of the fields that `wanted` chooses. */
static void put_object(struct buf *b, const struct fields *fs, size_t first, str in, bool input)
{
    size_t last = fs->n;
    bool any = false;
    while (last > first && fs->at[last - 1].hidden)
        last--;
    put(b, "{ \"type\": \"object\", \"additionalProperties\": false,\n@  \"properties\": {\n", in);
    for (size_t i = first; i < last; i++) {
        if (fs->at[i].hidden)
            continue;
        put(b, "@    \"@\": ", in, fs->at[i].name);
        put_schema(b, &fs->at[i]);
        put(b, "@\n", str_from(comma(i, last)));
    }
    put(b, "@  },\n@  \"required\": [", in, in);
    for (size_t i = first; i < last; i++) {
        const struct field *f = &fs->at[i];
        if (f->hidden || (input && (f->type.optional || f->has_default || f->type.list)))
            continue;
        put(b, "@\"@\"", any ? S(", ") : S(""), f->name);
        any = true;
    }
    put(b, "] }");
}

static void put_parameters(struct buf *b, const struct endpoint *e)
{
    size_t n = 0;
    while (n < e->in.n && in_address(e, n))
        n++;
    if (!n)
        return;
    put(b, "        \"parameters\": [\n");
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &e->in.at[i];
        struct field bare = *f;
        bare.type.optional = false;
        put(b, "          { \"name\": \"@\", \"in\": \"@\", \"required\": @, \"schema\": ", f->name,
            i < e->path_n ? S("path") : S("query"),
            f->type.optional || f->has_default ? S("false") : S("true"));
        put_schema(b, &bare);
        put(b, " }@\n", str_from(comma(i, n)));
    }
    put(b, "        ],\n");
}

static void put_answer(struct buf *b, const struct endpoint *e)
{
    if (e->ret == RET_ONE) {
        put_ref(b, e->record->name);
        return;
    }
    if (e->ret == RET_PAGE)
        put(b, "{ \"type\": \"object\", \"required\": [\"items\", \"next\"], \"properties\": { "
               "\"items\": ");
    put(b, "{ \"type\": \"array\", \"items\": ");
    put_ref(b, e->record->name);
    put(b, " }");
    if (e->ret == RET_LIST)
        return;
    put(b, ", \"next\": { \"oneOf\": [");
    put_element(b, &e->cursor->type);
    put(b, ", { \"type\": \"null\" }] } } }");
}

static void put_responses(struct gen *g, struct buf *b, const struct endpoint *e)
{
    put(b, "        \"x-errors\": [");
    for (size_t i = 0; i < e->fails.n; i++)
        put(b, "\"@\"@", find_error(g, e->m, e->fails.at[i])->name,
            i + 1 < e->fails.n ? S(", ") : S(""));
    put(b,
        "],\n        \"responses\": {\n          \"200\": { \"description\": \"@\", \"content\": { "
        "\"application/json\": "
        "{ \"schema\": ",
        e->ret_name);
    put_answer(b, e);
    put(b, " } } },\n          \"default\": { \"$ref\": \"#/components/responses/problem\" }\n     "
           "   }\n");
}

static void put_operation(struct gen *g, struct buf *b, const struct endpoint *e)
{
    str method = str_copy(g->a, e->method);
    for (size_t i = 0; i < method.n; i++)
        ((char *)method.p)[i] = (char)(method.p[i] | 0x20);
    put(b,
        "      \"@\": {\n        \"operationId\": \"@.@\",\n        \"tags\": [\"@\"],\n        "
        "\"x-actions\": [",
        method, e->m->name, e->name, e->m->name);
    for (size_t i = 0; i < e->guards.n; i++)
        put(b, "\"@\"@", e->guards.at[i].action, i + 1 < e->guards.n ? S(", ") : S(""));
    put(b, "],\n        \"security\": [@],\n",
        e->is_public ? S("")
        : e->cookie  ? S("{ \"cookie\": [] }")
                     : S("{ \"cookie\": [], \"proof\": [], \"time\": [] }"));
    put_parameters(b, e);
    if (e->in.n > e->path_n && !in_address(e, e->path_n)) {
        put(b, "        \"requestBody\": { \"required\": true, \"content\": { "
               "\"application/json\": { \"schema\": ");
        put_object(b, &e->in, e->path_n, S("        "), true);
        put(b, " } } },\n");
    }
    put_responses(g, b, e);
    put(b, "      }");
}

/* Endpoints of one path stand together: at the first of them come all. */
static void put_paths(struct gen *g, struct buf *b)
{
    struct {
        const struct endpoint **at;
        size_t n, room;
    } all = { 0 };
    bool first = true;
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->endpoints.n; k++)
            *vec_push(&all, g->a) = &g->modules.at[i]->endpoints.at[k];
    for (size_t i = 0; i < all.n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen = seen || str_eq(all.at[k]->path, all.at[i]->path);
        if (seen)
            continue;
        put(b, "@    \"@\": {\n", first ? S("") : S(",\n"), all.at[i]->path);
        first = false;
        for (size_t k = i; k < all.n; k++) {
            if (!str_eq(all.at[k]->path, all.at[i]->path))
                continue;
            put(b, "@", k > i ? S(",\n") : S(""));
            put_operation(g, b, all.at[k]);
        }
        put(b, "\n    }");
    }
    put(b, "\n");
}

static void put_schemas(struct gen *g, struct buf *b)
{
    for (size_t i = 0; i < g->modules.n; i++) {
        const struct module *m = g->modules.at[i];
        for (size_t k = 0; k < m->ids.n; k++)
            put(b,
                "      \"@\": { \"type\": \"string\", \"pattern\": \"^@_[0-9a-hjkmnp-tv-z]{13}$\" "
                "},\n",
                m->ids.at[k].name, m->ids.at[k].prefix);
        for (size_t k = 0; k < m->enums.n; k++) {
            put(b, "      \"@\": { \"enum\": [", m->enums.at[k].name);
            for (size_t w = 0; w < m->enums.at[k].words.n; w++)
                put(b, "@\"@\"", w ? S(", ") : S(""), m->enums.at[k].words.at[w]);
            put(b, "] },\n");
        }
        for (size_t k = 0; k < m->records.n; k++) {
            put(b, "      \"@\": ", m->records.at[k].name);
            put_object(b, &m->records.at[k].fields, 0, S("      "), m->records.at[k].received);
            put(b, ",\n");
        }
    }
    put(b,
        "      \"problem\": { \"type\": \"object\", \"required\": [\"code\"], \"properties\": {\n"
        "        \"code\": { \"enum\": [");
    put_codes(g, b, "\"@\"", ", ");
    put(b, "] },\n        \"id\": { \"type\": \"string\" },\n"
           "        \"fields\": { \"type\": \"array\", \"items\": { \"type\": \"object\", "
           "\"required\": [\"field\", \"what\"],\n"
           "          \"properties\": { \"field\": { \"type\": \"string\" }, \"limit\": { "
           "\"type\": \"integer\" },\n"
           "            \"what\": { \"enum\": [\"required\", \"too_short\", \"too_long\", "
           "\"too_many\", \"range\", \"format\", "
           "\"unknown\", \"repeated\", \"taken\", \"wrong\", \"common\"] } } } },\n"
           "        \"rules\": { \"type\": \"array\", \"items\": { \"type\": \"string\" } },\n"
           "        \"advice\": { \"type\": \"string\" },\n        \"params\": { \"type\": "
           "\"object\" } } }\n");
}

void out_openapi(struct gen *g)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    put(&b, "{\n  \"openapi\": \"3.1.0\",\n  \"info\": { \"title\": \"Outwork\", \"version\": "
            "\"1\", \"license\": { \"name\": "
            "\"Apache-2.0\", \"identifier\": \"Apache-2.0\" } },\n  \"paths\": {\n");
    put_paths(g, &b);
    put(&b, "  },\n  \"components\": {\n    \"schemas\": {\n");
    put_schemas(g, &b);
    put(&b, "    },\n    \"responses\": {\n      \"problem\": { \"description\": \"refused or "
            "failed\", \"content\": { "
            "\"application/problem+json\": { \"schema\": { \"$ref\": "
            "\"#/components/schemas/problem\" } } } }\n    },\n"
            "    \"securitySchemes\": {\n"
            "      \"cookie\": { \"type\": \"apiKey\", \"in\": \"cookie\", \"name\": "
            "\"__Host-outwork\" },\n"
            "      \"proof\": { \"type\": \"apiKey\", \"in\": \"header\", \"name\": "
            "\"Outwork-Proof\" },\n"
            "      \"time\": { \"type\": \"apiKey\", \"in\": \"header\", \"name\": "
            "\"Outwork-Time\" }\n    }\n  }\n}\n");
    out_add(g, "api/openapi.json", &b);
}
