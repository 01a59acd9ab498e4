/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions. The index names the policies that can apply; each is checked against its scope and
 * evaluated; then forbid goes before permit, and nothing means deny. A policy that fails to
 * evaluate is reported and otherwise not there. */
#include <string.h>

#include "cedar/internal.h"

enum result { NO, YES, FAILED };

static enum result run(struct eval *v, const struct policy *p)
{
    struct cedar_value got;
    v->slot[0] = p->link_principal;
    v->slot[1] = p->link_resource;
    for (u32 i = 0; i < p->clauses_n; i++) {
        const struct clause *c = &p->clauses[i];
        if (!eval_expr(v, c->e, &got))
            return FAILED;
        if (got.kind != CEDAR_BOOL) {
            v->error.got = got;
            v->error.name = S("bool");
            eval_fail(v, CEDAR_E_TYPE, c->e);
            return FAILED;
        }
        if (got.b == c->unless)
            return NO;
    }
    return YES;
}

static int u32_order(const void *a, const void *b)
{
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

static int error_order(const void *a, const void *b)
{
    return u32_order(&((const struct cedar_error *)a)->policy,
                     &((const struct cedar_error *)b)->policy);
}

static void sort_small(u32 *at, u32 n)
{
    if (n > 16) {
        qsort(at, n, sizeof *at, u32_order);
        return;
    }
    for (u32 i = 1; i < n; i++)
        for (u32 k = i; k && at[k - 1] > at[k]; k--) {
            u32 t = at[k];
            at[k] = at[k - 1];
            at[k - 1] = t;
        }
}

struct tally {
    u32 *hits[2];
    u32 hits_n[2];
    struct cedar_error *errors;
    u32 errors_n, errors_room;
};

static void note_error(struct eval *v, struct tally *t, u32 policy)
{
    if (t->errors_n == t->errors_room) {
        u32 room = t->errors_room ? t->errors_room * 2 : 4;
        if (!scratch_room(v->scratch, room * sizeof *t->errors))
            return;
        struct cedar_error *more = NEW_N(v->scratch, struct cedar_error, room);
        if (t->errors_n)
            memcpy(more, t->errors, t->errors_n * sizeof *more);
        t->errors = more;
        t->errors_room = room;
    }
    v->error.policy = policy;
    t->errors[t->errors_n++] = v->error;
}

static struct cedar_answer answer_of(struct tally *t)
{
    bool denied = t->hits_n[1] > 0;
    struct cedar_answer a = {
        .allow = !denied && t->hits_n[0] > 0,
        .reasons = t->hits[denied],
        .reasons_n = t->hits_n[denied],
        .errors = t->errors,
        .errors_n = t->errors_n,
    };
    sort_small(t->hits[denied], a.reasons_n);
    if (t->errors_n > 1)
        qsort(t->errors, t->errors_n, sizeof *t->errors, error_order);
    return a;
}

err cedar_decide(const struct cedar_policies *p, const struct cedar_store *s,
                 const struct cedar_request *req, struct arena *scratch, struct cedar_answer *ret)
{
    struct eval v;
    struct tally t = { 0 };
    u32 n;
    eval_begin(&v, s, req, scratch);
    const u32 *found = index_candidates(p->index, &v, &n);
    if (arena_doomed(scratch) || !scratch_room(scratch, 2 * n * sizeof(u32)))
        return E_LIMIT;
    for (int side = 0; n && side < 2; side++)
        t.hits[side] = arena_get_raw(scratch, n * sizeof(u32), _Alignof(u32));
    for (u32 i = 0; i < n; i++) {
        const struct policy *pol = &p->at[found[i]];
        if (!scope_matches(&v, pol))
            continue;
        enum result got = run(&v, pol);
        if (got == YES)
            t.hits[pol->forbid][t.hits_n[pol->forbid]++] = found[i];
        else if (got == FAILED)
            note_error(&v, &t, found[i]);
    }
    if (arena_doomed(scratch))
        return E_LIMIT;
    *ret = answer_of(&t);
    return E_NONE;
}

static const char *article(str noun) { return noun.n && strchr("aeiou", noun.p[0]) ? "an" : "a"; }

static void put_short(struct buf *b, const struct cedar_value *v)
{
    struct buf text = buf_in(b->a, 1024); /* the buffer's own arena: it may be a scratch one */
    cedar_put(&text, v);
    str t = buf_str(&text);
    size_t n = MIN(t.n, 120u);
    while (n < t.n && n && ((u8)t.p[n] & 0xc0) == 0x80)
        n--;
    buf_put(b, str_sub(t, 0, n));
    buf_put(b, n < t.n || text.full ? S("…") : S(""));
}

void cedar_error_put(struct buf *b, const struct cedar_policies *p, const struct cedar_error *e)
{
    buf_fmt(b, "policy `" STR_FMT "`: ", STR_ARG(p->at[e->policy].id));
    switch (e->code) {
    case CEDAR_E_TYPE:
        buf_fmt(b, "expected %s " STR_FMT ", got the %s ", article(e->name), STR_ARG(e->name),
                cedar_kind_name(e->got.kind));
        put_short(b, &e->got);
        break;
    case CEDAR_E_NO_ATTR:
    case CEDAR_E_NO_TAG:
        put_short(b, &e->got);
        buf_put(b, e->code == CEDAR_E_NO_TAG ? S(" has no tag ") : S(" has no attribute "));
        cedar_put_string(b, e->name);
        break;
    case CEDAR_E_NO_ENTITY:
        put_short(b, &e->got);
        buf_put(b, S(" is not in the store"));
        break;
    case CEDAR_E_OVERFLOW: buf_put(b, S("the number does not fit 64 bits")); break;
    case CEDAR_E_EXT:
        buf_fmt(b, STR_FMT "() does not accept ", STR_ARG(e->name));
        put_short(b, &e->got);
        break;
    case CEDAR_E_ARITY:
        buf_fmt(b, STR_FMT "() has the wrong number of arguments", STR_ARG(e->name));
        break;
    case CEDAR_E_LIMIT: buf_put(b, S("the memory given is too small")); break;
    case CEDAR_E_SLOT: buf_put(b, S("a slot of the template has no value")); break;
    }
}
