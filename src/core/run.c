/* SPDX-License-Identifier: Apache-2.0 */
/* One call from its decoded input to its encoded answer. The order is the promise of the whole
 * program: guards first, then the handler, then every row of a list or the record handed back,
 * and nothing is encoded that was not decided. Decisions are remembered and told to the ledger
 * when the call has succeeded, so that a call that runs twice counts once. */
#include <string.h>

#include "base/json.h"
#include "core/ledger.h"
#include "core/serve_in.h"
#include "wire/uri.h"

enum { BATCHES_MAX = 5, GROUPS_MAX = 8, TEXTS_MAX = 32, ENCODE_FIRST = 1024 };

/* ---- decoding ---- */

static size_t text_index(const struct endpoint *e, str name)
{
    size_t i = e->path_n;
    while (i < e->text_n && !str_eq_z(name, e->text_names[i]))
        i++;
    return i;
}

/* The query's fields to their places. Unknown, doubled and malformed ones are reported by
 * name. */
static err decode_query(struct work *w, str *text, bool takes_any)
{
    const struct endpoint *e = w->call.endpoint;
    struct call *c = &w->call;
    str rest = w->rq.query;
    struct uri_pair pair;
    err worst = E_NONE, got;
    while ((got = uri_query_next(c->arena, &rest, &pair)) == E_NONE) {
        size_t i = takes_any ? text_index(e, pair.name) : e->text_n;
        char name[64];
        (void)snprintf(name, sizeof name, STR_FMT, (int)MIN(pair.name.n, sizeof name - 1),
                       pair.name.p);
        if (i == e->text_n)
            worst = call_field(c, name, "unknown", 0);
        else if (text[i].p)
            worst = call_field(c, name, "repeated", 0);
        else
            text[i] = pair.value.p ? pair.value : S("");
    }
    return got == E_NOT_FOUND ? worst : call_field(c, "query", "format", 0);
}

static err decode_body(struct work *w, const struct json **ret)
{
    static const struct json nothing = { .kind = JSON_OBJECT };
    struct call *c = &w->call;
    size_t at = 0;
    *ret = &nothing;
    if (w->rq.body.n == 0)
        return E_NONE;
    err e = json_parse(c->arena, w->rq.body, ret, &at);
    if (e == E_LIMIT)
        return e;
    if (e != E_NONE)
        return call_field(c, "body", "format", (i64)at);
    return (*ret)->kind == JSON_OBJECT ? E_NONE : call_field(c, "body", "format", 0);
}

err run_decode(struct work *w)
{
    const struct endpoint *e = w->call.endpoint;
    struct call *c = &w->call;
    bool from_query = str_eq_z(S("GET"), e->method) || str_eq_z(S("DELETE"), e->method);
    str text[TEXTS_MAX] = { 0 };
    const struct json *body = NULL;
    must(e->text_n <= TEXTS_MAX && e->path_n <= ROUTE_PARAMS_MAX);
    for (u8 i = 0; i < e->path_n; i++)
        text[i] = w->route.params[i];
    err first = decode_query(w, text, from_query);
    if (from_query && w->rq.body.n)
        first = call_field(c, "body", "unknown", 0);
    else if (!from_query)
        TRY(decode_body(w, &body));
    w->in = arena_get(c->arena, MAX(e->in_size, 1u), 1, 16);
    err second = e->decode ? e->decode(c, text, body, w->in) : E_NONE;
    if (arena_doomed(c->arena))
        return E_LIMIT;
    return first != E_NONE ? first : second;
}

/* ---- deciding ---- */

static void set_object(struct answer *a, const struct entity *e, i64 id)
{
    a->object_type = e ? e->type : NULL;
    a->object_prefix = e ? e->prefix : NULL;
    a->object = id;
}

static err refuse(struct call *c, const char *action, const struct verdict *v)
{
    c->answer->action = action;
    return call_refuse(c, v);
}

static err one_guard(struct call *c, const struct guard *g, const void *in)
{
    struct verdict v = { 0 };
    struct answer *a = c->answer;
    i64 id = 0;
    if (g->entity)
        memcpy(&id, (const char *)in + g->id_at, sizeof id);
    err e = gate_guard(c, g, in, &v);
    if (!a->decided || e != E_NONE || !v.allow)
        set_object(a, g->entity, id);
    if (e == E_DENIED || (e == E_NONE && !v.allow))
        return refuse(c, g->action, &v);
    TRY(e);
    if (!a->decided) {
        a->verdict = v;
        a->action = g->action;
        a->decided = true;
    }
    return E_NONE;
}

err run_guards(struct call *c, const void *in)
{
    for (u8 i = 0; i < c->endpoint->guards_n; i++)
        TRY(one_guard(c, &c->endpoint->guards[i], in));
    return E_NONE;
}

static bool same_rules(const struct verdict *a, const struct verdict *b)
{
    if (a->allow != b->allow || a->rules_n != b->rules_n)
        return false;
    for (u8 i = 0; i < a->rules_n; i++)
        if (a->rules[i] != b->rules[i] && strcmp(a->rules[i], b->rules[i]) != 0)
            return false;
    return true;
}

/* Rows decided alike are one counted decision. */
static void count_row(struct call *c, const struct verdict *v)
{
    struct answer *a = c->answer;
    const struct endpoint *e = c->endpoint;
    for (size_t i = 0; i < a->leaves.n; i++)
        if (i + 1 == GROUPS_MAX || same_rules(a->leaves.at[i].verdict, v)) {
            a->leaves_n.at[i]++;
            return;
        }
    struct verdict *kept = NEW(c->arena, struct verdict);
    *kept = *v;
    *vec_push(&a->leaves, c->arena) = (struct act){ "decision", e->page.action, NULL, NULL, 0,
                                                    kept };
    *vec_push(&a->leaves_n, c->arena) = 1;
}

/* ---- lists ---- */

/* A page being filled. */
struct page {
    char *at; /* rows kept */
    size_t n, most;
    i64 cursor;   /* of the last row examined, once there is one */
    bool stopped; /* it was full before its batch had ended */
};

static i64 limit_of(const struct endpoint *e, const void *in)
{
    i64 limit;
    memcpy(&limit, (const char *)in + e->page.limit_at, sizeof limit);
    return MAX(limit, 1);
}

/* Where the next batch goes on. */
static void go_on(const struct each *p, char *in, i64 cursor)
{
    bool back = p->has_before && !*(bool *)(in + p->after_has_at);
    memcpy(in + (back ? p->before_at : p->after_at), &cursor, sizeof cursor);
    *(bool *)(in + (back ? p->before_has_at : p->after_has_at)) = true;
}

/* Decides the rows of one batch and keeps what is allowed, up to the limit. */
static err decide_rows(struct call *c, const struct rows *rows, struct page *page)
{
    const struct each *p = &c->endpoint->page;
    for (size_t i = 0; i < rows->n; i++) {
        const char *row = (const char *)rows->at + i * p->row_size;
        struct verdict v = { 0 };
        if (page->n == page->most) {
            page->stopped = true;
            return E_NONE;
        }
        err e = gate_decide(c, p->action, p->entity, row, &v);
        if (e != E_NONE && e != E_DENIED)
            return e;
        v.allow = v.allow && e == E_NONE;
        count_row(c, &v);
        if (p->cursor)
            page->cursor = p->cursor(row);
        if (v.allow)
            memcpy(page->at + page->n++ * p->row_size, row, p->row_size);
    }
    return E_NONE;
}

static void put_page(const struct each *p, const struct page *page, bool more, char *ret)
{
    const struct rows out = { page->at, page->n };
    memcpy(ret + p->rows_at, &out, sizeof out);
    *(bool *)(ret + p->next_has_at) = more;
    if (more)
        memcpy(ret + p->next_at, &page->cursor, sizeof page->cursor);
}

/* Runs the handler up to five times, so that a page is full although some rows are not for this
 * person. The cursor stands at the last row examined: what was dropped is not looked at again. A
 * handler that has looked further than its rows say gives the cursor itself. */
static err run_each(struct call *c, const void *in, char *ret)
{
    const struct endpoint *e = c->endpoint;
    const struct each *p = &e->page;
    struct page page = { .most = (size_t)limit_of(e, in) };
    char *again = arena_get(c->arena, MAX(e->in_size, 1u), 1, 16);
    bool more = true;
    page.at = arena_get(c->arena, p->row_size, page.most, 16);
    memcpy(again, in, e->in_size);
    for (int batch = 0; batch < BATCHES_MAX && more && page.n < page.most; batch++) {
        struct rows rows;
        memset(ret, 0, e->ret_size);
        TRY(e->run(c, again, ret));
        memcpy(&rows, ret + p->rows_at, sizeof rows);
        must(rows.n == 0 || rows.at);
        TRY(decide_rows(c, &rows, &page));
        bool handed = !page.stopped && *(const bool *)(ret + p->next_has_at);
        more = page.stopped || handed || rows.n >= page.most;
        if (handed)
            memcpy(&page.cursor, ret + p->next_at, sizeof page.cursor);
        if (more)
            go_on(p, again, page.cursor);
    }
    put_page(p, &page, more, ret);
    return E_NONE;
}

/* A list has no cursor and no second batch: what is refused is dropped. */
static err run_list(struct call *c, const void *in, char *ret)
{
    const struct each *p = &c->endpoint->page;
    struct rows rows;
    TRY(c->endpoint->run(c, in, ret));
    memcpy(&rows, ret + p->rows_at, sizeof rows);
    must(rows.n == 0 || rows.at);
    struct page page = { .most = rows.n };
    page.at = arena_get(c->arena, p->row_size, MAX(rows.n, 1u), 16);
    TRY(decide_rows(c, &rows, &page));
    const struct rows out = { page.at, page.n };
    memcpy(ret + p->rows_at, &out, sizeof out);
    return E_NONE;
}

/* The record handed back is decided as it is about to be shown. */
static err decide_returned(struct call *c, const char *ret)
{
    const struct each *p = &c->endpoint->page;
    const char *record = ret + p->rows_at;
    struct verdict v = { 0 };
    i64 id;
    memcpy(&id, record + p->entity->id_at, sizeof id);
    err e = gate_decide(c, p->action, p->entity, record, &v);
    if (e == E_NONE && v.allow) {
        if (!c->answer->decided) {
            c->answer->verdict = v;
            c->answer->action = p->action;
            c->answer->decided = true;
            set_object(c->answer, p->entity, id);
        }
        return E_NONE;
    }
    set_object(c->answer, p->entity, id);
    return e == E_NONE || e == E_DENIED ? refuse(c, p->action, &v) : e;
}

/* ---- the call ---- */

static err run_handler(struct call *c, const void *in, void *ret)
{
    if (c->endpoint->each)
        return c->endpoint->page.limit_at == AT_NONE ? run_list(c, in, ret) : run_each(c, in, ret);
    TRY(c->endpoint->run(c, in, ret));
    return c->endpoint->returned ? decide_returned(c, ret) : E_NONE;
}

static err encode(struct call *c, const void *ret)
{
    struct buf b = buf_in(c->arena, ANSWER_MAX);
    if (c->endpoint->encode) {
        (void)buf_room(&b, ENCODE_FIRST);
        c->endpoint->encode(&b, ret);
    }
    TRY(buf_done(&b, &c->answer->body));
    c->answer->status = b.n ? 200 : 204;
    return E_NONE;
}

static err run_all(struct call *c, const void *in)
{
    TRY(run_guards(c, in));
    void *ret = arena_get(c->arena, MAX(c->endpoint->ret_size, 1u), 1, 16);
    TRY(run_handler(c, in, ret));
    TRY(encode(c, ret));
    return arena_doomed(c->arena) ? E_LIMIT : E_NONE;
}

err run_call(struct work *w, u32 thread)
{
    struct breaker *b = w->port->serve->breaker;
    breaker_enter(b, thread, w->route.at);
    err e = run_all(&w->call, w->in);
    breaker_leave(b, thread);
    return e;
}

/* ---- leaves ---- */

static struct act act_of(const struct call *c, const char *type)
{
    const struct answer *a = c->answer;
    return (struct act){ type,           a->action,
                         a->object_type, a->object_prefix,
                         a->object,      a->decided ? &a->verdict : NULL };
}

bool run_refused(struct call *c, err e)
{
    if (e != E_NONE && c->answer->told)
        return true;
    if (e != E_DENIED || !c->answer->decided || c->answer->verdict.allow)
        return false;
    const struct act act = act_of(c, "decision");
    ledger_refusal(c, &act);
    return true;
}

err run_effect(struct call *c)
{
    if (!c->endpoint->leaf)
        return E_NONE;
    const struct act act = act_of(c, c->endpoint->leaf);
    return ledger_effect(c, &act);
}

void run_counted(struct call *c)
{
    struct answer *a = c->answer;
    if (a->decided && !c->endpoint->leaf) {
        const struct act act = act_of(c, "decision");
        ledger_allowed(c, &act, 1);
    }
    for (size_t i = 0; i < a->leaves.n; i++)
        ledger_allowed(c, &a->leaves.at[i], a->leaves_n.at[i]);
}
