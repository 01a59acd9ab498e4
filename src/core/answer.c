/* SPDX-License-Identifier: Apache-2.0 */
/* Failed calls as problem documents (RFC 9457 members reduced to what a program reads: code,
 * id, and fields, rules, advice, params where there are any). No prose: the page has the
 * sentences. */
#include "core/answer.h"

#include <string.h>

#include "base/json.h"
#include "core/serve_in.h"

enum { PROBLEM_MAX = 32 * 1024 };

struct codes {
    struct error_row *rows; /* by code - E_MODULE_FIRST; text NULL: nobody's */
    size_t n;
};

struct codes *codes_new(struct arena *a, const struct module *const *mods, size_t n)
{
    struct codes *codes = NEW(a, struct codes);
    for (size_t i = 0; i < n; i++)
        for (u16 e = 0; e < mods[i]->errors_n; e++)
            codes->n = MAX(codes->n, (size_t)mods[i]->errors[e].code - E_MODULE_FIRST + 1);
    must(codes->n < E_MAX);
    codes->rows = NEW_N(a, struct error_row, codes->n);
    for (size_t i = 0; i < n; i++)
        for (u16 e = 0; e < mods[i]->errors_n; e++)
            codes->rows[mods[i]->errors[e].code - E_MODULE_FIRST] = mods[i]->errors[e];
    return codes;
}

static const struct error_row *row_of(const struct answer *a, err e)
{
    const struct codes *codes = a->serve ? a->serve->codes : NULL;
    if (!codes || e < E_MODULE_FIRST || (size_t)e - E_MODULE_FIRST >= codes->n)
        return NULL;
    const struct error_row *row = &codes->rows[e - E_MODULE_FIRST];
    return row->text ? row : NULL;
}

int answer_status(const struct answer *a, err e)
{
    const struct error_row *row = row_of(a, e);
    return row ? row->status : err_status(e);
}

const char *answer_code(const struct answer *a, err e)
{
    const struct error_row *row = row_of(a, e);
    return a->code_text ? a->code_text : row ? row->text : err_text(e);
}

void answer_clear(struct answer *a)
{
    struct serve *serve = a->serve;
    *a = (struct answer){ .serve = serve, .queue = -1 };
}

static void put_fields(struct buf *b, const struct answer *a)
{
    buf_put(b, S(",\"fields\":["));
    for (size_t i = 0; i < a->fields.n; i++) {
        const struct answer_field *f = &a->fields.at[i];
        buf_put(b, i ? S(",{\"field\":") : S("{\"field\":"));
        json_put_str(b, f->field);
        buf_fmt(b, ",\"what\":\"%s\"", f->what);
        if (f->limit)
            buf_fmt(b, ",\"limit\":%lld", (long long)f->limit);
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

static void put_verdict(struct buf *b, const struct verdict *v)
{
    buf_put(b, S(",\"rules\":["));
    for (u8 i = 0; i < v->rules_n; i++) {
        if (i)
            buf_char(b, ',');
        json_put_str(b, str_from(v->rules[i]));
    }
    buf_char(b, ']');
    if (v->advice) {
        buf_put(b, S(",\"advice\":"));
        json_put_str(b, str_from(v->advice));
    }
}

static void put_params(struct buf *b, const struct call *c, err e)
{
    const struct answer *a = c->answer;
    if (e == E_PROOF)
        buf_fmt(b, ",\"params\":{\"now\":%lld}", (long long)(c->now / USEC_MS));
    else if (e == E_BUSY && a->queue >= 0)
        buf_fmt(b, ",\"params\":{\"queue\":%lld}", (long long)a->queue);
}

static void put_lines(struct call *c, err e)
{
    struct answer *a = c->answer;
    if (!a->retry_after && answer_status(a, e) == 503)
        a->retry_after = USEC_S;
    if (!a->retry_after && !a->allow.n)
        return;
    if (!a->lines.a)
        a->lines = buf_in(c->arena, 512);
    if (a->retry_after)
        buf_fmt(&a->lines, "Retry-After: %lld\r\n",
                (long long)((a->retry_after + USEC_S - 1) / USEC_S));
    if (a->allow.n)
        buf_fmt(&a->lines, "Allow: " STR_FMT "\r\n", STR_ARG(a->allow));
}

/* A failed call sets no cookie: what it would have set belongs to effects that were undone. */
void answer_problem(struct call *c, err e, u64 id)
{
    struct answer *a = c->answer;
    struct buf b = buf_in(c->arena, PROBLEM_MAX);
    buf_clear(&a->lines);
    a->code = e;
    a->status = (u16)answer_status(a, e);
    buf_fmt(&b, "{\"code\":\"%s\",\"id\":\"%016llx\"", answer_code(a, e), (unsigned long long)id);
    if (a->fields.n)
        put_fields(&b, a);
    if (e == E_DENIED && a->decided && !a->verdict.allow)
        put_verdict(&b, &a->verdict);
    put_params(&b, c, e);
    put_lines(c, e);
    buf_char(&b, '}');
    if (buf_done(&b, &a->body) != E_NONE)
        a->body = S("{\"code\":\"internal\"}");
}
