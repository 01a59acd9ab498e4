/* SPDX-License-Identifier: Apache-2.0 */
/* Why a decision is what it is: the same evaluation once more, with every value noted that a
 * condition looked at, and for each condition the smallest part that settled it. Slower than a
 * decision; meant for the one that a person asks about. */
#include <string.h>

#include "cedar/internal.h"

/* Goes down while one operand alone settles the value: the false side of &&, the true one of ||,
 * what a ! turns, the branch that an if took. */
static const struct expr *decider(const struct map *seen, const struct expr *e, bool value)
{
    for (;;) {
        const struct expr *next = NULL;
        if ((e->op == OP_AND && !value) || (e->op == OP_OR && value)) {
            for (u32 i = 0; i < e->n && !next; i++) {
                const struct cedar_value *v = eval_seen(seen, e->args[i]);
                if (v && v->kind == CEDAR_BOOL && v->b == value)
                    next = e->args[i];
            }
        } else if (e->op == OP_NOT) {
            next = e->a;
            value = !value;
        } else if (e->op == OP_IF) {
            const struct cedar_value *test = eval_seen(seen, e->a);
            if (test && test->kind == CEDAR_BOOL)
                next = test->b ? e->b : e->c;
        }
        if (!next)
            return e;
        e = next;
    }
}

enum { PART_MAX = 2000 };

struct shown {
    struct cedar_seen *at;
    size_t n, room;
    struct arena *a;
    str text; /* of the policies */
};

/* The text of an expression on one line: as it stands in the policies, or printed. */
static struct cedar_part part_of(struct arena *a, str text, const struct expr *e)
{
    struct buf b = buf_in(a, PART_MAX);
    bool space = false;
    str s = str_sub(text, e->at, e->end);
    if (e->end == e->at)
        cedar_put_expr(&b, e);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            space = true;
            continue;
        }
        if (space)
            buf_char(&b, ' ');
        space = false;
        buf_char(&b, c);
    }
    if (b.full) { /* a long one is shown by its beginning, cut between characters */
        str cut = buf_str(&b);
        while (cut.n && ((u8)cut.p[cut.n - 1] & 0x80))
            cut.n--;
        return (struct cedar_part){ e->at, e->end, str_fmt(a, STR_FMT " …", STR_ARG(cut)) };
    }
    return (struct cedar_part){ e->at, e->end, buf_str(&b) };
}

static bool worth_showing(const struct expr *e)
{
    return !e->folded && e->op != OP_LIT && e->op != OP_AND && e->op != OP_OR && e->op != OP_IF;
}

static void collect(const struct expr *e, const struct map *seen, struct shown *to);

static void collect_all(const struct expr *const *at, u32 n, const struct map *seen,
                        struct shown *to)
{
    for (u32 i = 0; i < n; i++)
        collect(at[i], seen, to);
}

/* Children first, as they were evaluated; one note an expression. */
static void collect(const struct expr *e, const struct map *seen, struct shown *to)
{
    switch ((enum op)e->op) {
    case OP_LIT:
    case OP_VAR:
    case OP_SLOT: break;
    case OP_SET:
    case OP_CALL:
    case OP_AND:
    case OP_OR: collect_all(e->args, e->n, seen, to); break;
    case OP_RECORD:
        for (u32 i = 0; i < e->n; i++)
            collect(e->fields[i].e, seen, to);
        break;
    case OP_ATTR:
    case OP_HAS:
    case OP_LIKE:
    case OP_IS:
        collect(e->left, seen, to);
        if (e->in)
            collect(e->in, seen, to);
        break;
    default:
        collect(e->a, seen, to);
        if (e->b)
            collect(e->b, seen, to);
        if (e->c)
            collect(e->c, seen, to);
    }
    const struct cedar_value *v = worth_showing(e) ? eval_seen(seen, e) : NULL;
    if (v)
        *vec_push(to, to->a) = (struct cedar_seen){ part_of(to->a, to->text, e), *v };
}

static void explain_clause(struct eval *v, str text, const struct clause *c,
                           struct cedar_clause *ret)
{
    struct map seen = map_in(v->scratch);
    struct shown shown = { .a = v->scratch, .text = text };
    struct cedar_value got;
    v->seen = &seen;
    bool ok = eval_expr(v, c->e, &got);
    v->seen = NULL;
    const struct expr *settled = c->e;
    *ret = (struct cedar_clause){ .unless = c->unless, .outcome = CEDAR_ERROR };
    if (!ok) {
        settled = v->failed;
    } else if (got.kind == CEDAR_BOOL) {
        ret->outcome = got.b ? CEDAR_TRUE : CEDAR_FALSE;
        settled = decider(&seen, c->e, got.b);
    }
    ret->whole = part_of(v->scratch, text, c->e);
    ret->decided = part_of(v->scratch, text, settled);
    collect(c->e, &seen, &shown);
    ret->seen = shown.at;
    ret->seen_n = (u32)shown.n;
}

static void explain_policy(struct eval *v, str text, const struct policy *p,
                           struct cedar_because *ret)
{
    struct cedar_clause *at = NEW_N(v->scratch, struct cedar_clause, p->clauses_n);
    bool going = true;
    v->slot[0] = p->link_principal;
    v->slot[1] = p->link_resource;
    for (u32 i = 0; i < p->clauses_n; i++) {
        if (going) {
            explain_clause(v, text, &p->clauses[i], &at[i]);
        } else {
            const struct clause *c = &p->clauses[i];
            struct cedar_part whole = part_of(v->scratch, text, c->e);
            at[i] = (struct cedar_clause){
                .unless = c->unless, .outcome = CEDAR_SKIPPED, .whole = whole, .decided = whole
            };
        }
        going = going && at[i].outcome == (p->clauses[i].unless ? CEDAR_FALSE : CEDAR_TRUE);
    }
    *ret = (struct cedar_because){ .policy = p->index,
                                   .scope_matched = true,
                                   .satisfied = going,
                                   .clauses = at,
                                   .clauses_n = p->clauses_n };
}

static bool listed(const u32 *at, u32 n, u32 policy)
{
    for (u32 i = 0; i < n; i++)
        if (at[i] == policy)
            return true;
    return false;
}

err cedar_explain(const struct cedar_policies *p, const struct cedar_store *s,
                  const struct cedar_request *req, struct arena *out, struct cedar_explanation *ret)
{
    struct eval v;
    struct cedar_explanation x = { 0 };
    TRY(cedar_decide(p, s, req, out, &x.answer));
    VEC(struct cedar_because) all = { 0 };
    eval_begin(&v, s, req, out);
    for (u32 i = 0; i < p->n; i++) {
        if (!scope_matches(&v, &p->at[i]))
            continue;
        struct cedar_because *b = vec_push(&all, out);
        explain_policy(&v, p->text, &p->at[i], b);
        b->determining = listed(x.answer.reasons, x.answer.reasons_n, i);
    }
    if (arena_doomed(out))
        return E_LIMIT;
    x.at = all.at;
    x.n = (u32)all.n;
    *ret = x;
    return E_NONE;
}

/* ---- As text ---- */

static void put_clause(struct buf *b, const struct cedar_clause *c)
{
    static const char *const outcomes[] = { "true", "false", "error", "not reached" };
    buf_fmt(b, "  %s: %s", c->unless ? "unless" : "when", outcomes[c->outcome]);
    if (c->outcome != CEDAR_SKIPPED && !str_eq(c->decided.text, c->whole.text)) {
        buf_put(b, S(", because of "));
        buf_put(b, c->decided.text);
    }
    buf_char(b, '\n');
    for (u32 i = 0; i < c->seen_n; i++) {
        buf_put(b, S("    "));
        buf_put(b, c->seen[i].part.text);
        buf_put(b, S(" is "));
        cedar_put(b, &c->seen[i].value);
        buf_char(b, '\n');
    }
}

void cedar_explanation_put(struct buf *b, const struct cedar_policies *p,
                           const struct cedar_explanation *e)
{
    buf_put(b, e->answer.allow ? S("ALLOW\n") : S("DENY\n"));
    for (u32 i = 0; i < e->n; i++) {
        const struct cedar_because *w = &e->at[i];
        buf_fmt(b, "%s " STR_FMT ": %s%s\n", p->at[w->policy].forbid ? "forbid" : "permit",
                STR_ARG(p->at[w->policy].id), w->satisfied ? "satisfied" : "not satisfied",
                w->determining ? ", determines the decision" : "");
        for (u32 k = 0; k < w->clauses_n; k++)
            put_clause(b, &w->clauses[k]);
    }
    if (!e->n)
        buf_put(b, S("no policy's scope matches: the default is to deny\n"));
    else if (!e->answer.allow && !e->answer.reasons_n)
        buf_put(b, S("nothing permits: the default is to deny\n"));
    for (u32 i = 0; i < e->answer.errors_n; i++) {
        buf_put(b, S("error: "));
        cedar_error_put(b, p, &e->answer.errors[i]);
        buf_char(b, '\n');
    }
}
