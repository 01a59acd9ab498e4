/* SPDX-License-Identifier: Apache-2.0 */
/* api.ts: the same names as in the models and in JSON, so that one search finds a thing everywhere.
 * Types, a function for each endpoint over a transport that the client supplies, events by topic,
 * error codes, actions and the limits of fields. */
#include "gen.h"

static str ts_scalar(const struct type *t)
{
    switch (t->kind) {
    case T_TEXT: return S("string");
    case T_BYTES: return S("bytes");
    case T_INT:
    case T_NUMBER: return S("number");
    case T_BOOL: return S("boolean");
    case T_TIME: return S("time");
    case T_ID: return t->id->name;
    case T_ENUM: return t->words->name;
    case T_RECORD: return t->record->name;
    case T_NONE: break;
    }
    return S("never");
}

static void put_member(struct buf *b, const struct field *f, bool input)
{
    bool may = input && (f->type.optional || f->has_default || f->type.list);
    put(b, "@@: @@@", f->name, may ? S("?") : S(""), ts_scalar(&f->type),
        f->type.list ? S("[]") : S(""), f->type.optional ? S(" | null") : S(""));
}

static void put_types(struct buf *b, const struct module *m)
{
    for (size_t i = 0; i < m->ids.n; i++)
        put(b, "export type @ = string & { readonly __id?: '@' };\n", m->ids.at[i].name,
            m->ids.at[i].prefix);
    for (size_t i = 0; i < m->enums.n; i++) {
        put(b, "export type @ =", m->enums.at[i].name);
        for (size_t k = 0; k < m->enums.at[i].words.n; k++)
            put(b, "@ '@'", k ? S(" |") : S(""), m->enums.at[i].words.at[k]);
        put(b, ";\n");
    }
    for (size_t i = 0; i < m->records.n; i++) {
        const struct record *r = &m->records.at[i];
        put(b, "export interface @ {\n", r->name);
        for (size_t k = 0; k < r->fields.n; k++) {
            if (r->fields.at[k].hidden)
                continue;
            put(b, "  ");
            put_member(b, &r->fields.at[k], r->received);
            put(b, r->fields.at[k].doc.n ? ";  // @\n" : ";\n", r->fields.at[k].doc);
        }
        put(b, "}\n");
    }
}

/* ---- Calls ---- */

static bool wants_query(const struct endpoint *e)
{
    return str_eq_z(e->method, "GET") || str_eq_z(e->method, "DELETE");
}

static void put_inputs(struct buf *b, const struct endpoint *e)
{
    bool all_optional = true;
    for (size_t i = 0; i < e->path_n; i++)
        put(b, "@@: @", i ? S(", ") : S(""), e->in.at[i].name, ts_scalar(&e->in.at[i].type));
    if (e->in.n == e->path_n)
        return;
    put(b, "@@: { ", e->path_n ? S(", ") : S(""), wants_query(e) ? S("query") : S("body"));
    for (size_t i = e->path_n; i < e->in.n; i++) {
        all_optional = all_optional && (e->in.at[i].type.optional || e->in.at[i].has_default ||
                                        e->in.at[i].type.list);
        put_member(b, &e->in.at[i], true);
        put(b, i + 1 < e->in.n ? "; " : " }");
    }
    put(b, all_optional ? " = {}" : "");
}

/* '/api/me' or `/api/channels/${encodeURIComponent(channel)}/join` */
static void put_path(struct buf *b, const struct endpoint *e)
{
    put(b, e->path_n ? "`" : "'");
    for (str rest = e->path; rest.p;) {
        str plain = str_cut(&rest, '{'), name = rest.p ? str_cut(&rest, '}') : (str){ 0 };
        const struct field *f = name.n ? find_field(&e->in, name) : NULL;
        put(b, f ? f->type.kind == T_INT ? "@${@}" : "@${encodeURIComponent(@)}" : "@", plain,
            name);
    }
    put(b, e->path_n ? "`" : "'");
}

static void put_call(struct buf *b, const struct endpoint *e)
{
    put(b, "  @: (", e->name);
    put_inputs(b, e);
    put(b, ") =>\n    t.call<@@", e->ret == RET_PAGE ? S("Page<") : S(""), e->record->name);
    if (e->ret == RET_PAGE)
        put(b, ", @>", ts_scalar(&e->cursor->type));
    put(b, "@>('@', ", e->ret == RET_LIST ? S("[]") : S(""), e->method);
    put_path(b, e);
    bool inputs = e->in.n > e->path_n;
    if (wants_query(e))
        put(b, inputs ? ", query" : "");
    else
        put(b, inputs ? ", undefined, body" : ", undefined, {}");
    put(b, "),\n");
}

static void put_errors(struct gen *g, struct buf *b)
{
    put(b, "/** What an endpoint may answer with, beside the common codes. */\nexport interface "
           "Errors {\n");
    for (size_t i = 0; i < g->modules.n; i++) {
        const struct module *m = g->modules.at[i];
        put(b, "  @: {\n", m->name);
        for (size_t k = 0; k < m->endpoints.n; k++) {
            const struct endpoint *e = &m->endpoints.at[k];
            put(b, e->fails.n ? "    @:" : "", e->name);
            for (size_t f = 0; f < e->fails.n; f++)
                put(b, "@ '@'@", f ? S(" |") : S(""), find_error(g, m, e->fails.at[f])->name,
                    f + 1 < e->fails.n ? S("") : S(";\n"));
        }
        put(b, "  };\n");
    }
    put(b, "}\n\n");
}

static void put_events(struct gen *g, struct buf *b)
{
    put(b, "/** What an event carries. */\nexport interface Events {\n");
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->events.n; k++)
            put(b, "  @: @;\n", g->modules.at[i]->events.at[k].name,
                g->modules.at[i]->events.at[k].record->name);
    put(b, "}\n/** Which events a topic brings. */\nexport interface Topics {\n");
    for (size_t i = 0; i < g->modules.n; i++)
        for (size_t t = 0; t < g->modules.at[i]->topics.n; t++) {
            const struct topic *topic = &g->modules.at[i]->topics.at[t];
            bool first = true;
            put(b, "  @:", topic->name);
            for (size_t j = 0; j < g->modules.n; j++)
                for (size_t k = 0; k < g->modules.at[j]->events.n; k++)
                    if (g->modules.at[j]->events.at[k].topic == topic) {
                        put(b, "@ '@'", first ? S("") : S(" |"),
                            g->modules.at[j]->events.at[k].name);
                        first = false;
                    }
            put(b, first ? " never;\n" : ";\n");
        }
    put(b, "}\n\n");
}

/* ---- Limits ---- */

static void put_limits_of(struct buf *b, const struct fields *fs)
{
    bool first = true;
    for (size_t i = 0; i < fs->n; i++) {
        const struct type *t = &fs->at[i].type;
        if (!t->ranged)
            continue;
        put(b, "@@: { min: @, max: @ }", first ? S(" ") : S(", "), fs->at[i].name, dec(t->min),
            dec(t->max));
        first = false;
    }
    put(b, " },\n");
}

static void put_limits(struct gen *g, struct buf *b)
{
    put(b, "/** Of fields: characters of texts, bytes of bytes, values of numbers. */\nexport "
           "const limits = {\n");
    for (size_t i = 0; i < g->modules.n; i++) {
        const struct module *m = g->modules.at[i];
        put(b, "  @: {\n", m->name);
        for (size_t k = 0; k < m->endpoints.n; k++) {
            bool any = false;
            for (size_t f = 0; f < m->endpoints.at[k].in.n; f++)
                any = any || m->endpoints.at[k].in.at[f].type.ranged;
            if (!any)
                continue;
            put(b, "    @: {", m->endpoints.at[k].name);
            put_limits_of(b, &m->endpoints.at[k].in);
        }
        put(b, "  },\n");
    }
    put(b, "} as const;\n");
}

static const char *const head =
    "// SPDX-License-Identifier: Apache-2.0\n// Made from the models by tools/gen; change "
    "those.\n\n"
    "/** RFC 3339, UTC. */\nexport type time = string;\n/** Base64url without padding. */\nexport "
    "type bytes = string;\n"
    "export interface Page<T, C = string> { items: T[]; next: C | null }\n"
    "export type Query = Record<string, string | number | boolean | null | undefined>;\n"
    "export interface Transport {\n  call<T>(method: string, path: string, query?: Query, body?: "
    "object): Promise<T>;\n}\n"
    "export interface FieldFault {\n  field: string;\n"
    "  what: 'required' | 'too_short' | 'too_long' | 'too_many' | 'range' | 'format' | "
    "'unknown' | 'repeated' | 'taken' | 'wrong' | 'common';\n  limit?: number;\n}\n"
    "export interface ProblemBody {\n  code: ErrorCode; id?: string; fields?: FieldFault[]; "
    "rules?: string[]; advice?: string;\n"
    "  params?: Record<string, unknown>;\n}\n\n";

void out_ts(struct gen *g)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    put(&b, "@", str_from(head));
    put(&b, "export type ErrorCode =\n  ");
    put_codes(g, &b, "'@'", " | ");
    put(&b, ";\n\n");
    for (size_t i = 0; i < g->modules.n; i++) {
        put(&b, "// ---- @ ----\n\n", g->modules.at[i]->name);
        put_types(&b, g->modules.at[i]);
        put(&b, "\nexport const @Api = (t: Transport) => ({\n", g->modules.at[i]->name);
        for (size_t k = 0; k < g->modules.at[i]->endpoints.n; k++)
            put_call(&b, &g->modules.at[i]->endpoints.at[k]);
        put(&b, "});\n\n");
    }
    put_errors(g, &b);
    put_events(g, &b);
    put(&b, "export const actions = [\n");
    struct names actions = all_actions(g);
    for (size_t i = 0; i < actions.n; i++)
        put(&b, "  '@',\n", actions.at[i]);
    put(&b, "] as const;\nexport type Action = (typeof actions)[number];\n\n");
    put_limits(g, &b);
    out_add(g, "api/api.ts", &b);
}
