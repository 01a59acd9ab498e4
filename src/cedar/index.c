/* SPDX-License-Identifier: Apache-2.0 */
/* The index of policies. Each scope gives three keys: an action, a principal, a resource; a key is
 * an entity (for == and in), a type (for is), or "any". A request has a few keys on each side: any,
 * its type, its entity and whatever that is in, of which only those count that some policy names.
 * The policies that can apply are found by walking a trie of action, principal and resource keys
 * with the keys of the request; so a decision costs what can apply to it, not what exists. What is
 * found may still fail its scope (== against in, is with in): the caller checks. */
#include <string.h>

#include "base/map.h"
#include "cedar/internal.h"

enum { KEY_ANY = 0, SIDE_P = 1, SIDE_A = 2, SIDE_R = 4, LINEAR = 8 };

struct sym {
    const struct cedar_uid *uid;
    u8 sides;
};

/* Children of a trie node: their keys, and where each child's own run begins in the level below (of
 * n + 1 entries). */
struct level {
    u32 n, slot_n;
    const u32 *keys, *first, *slots;
};

struct index {
    struct sym *syms;               /* uid k has key 2k + 2 */
    u32 syms_n, slot_n, sides_n[3]; /* how many symbols policies name on side P, A, R */
    u32 *slots;
    str *types; /* type k has key 2k + 1 */
    u32 types_n;
    u32 *type_slots, type_slot_n;
    u64 *type_hash;
    struct level action;
    const struct level *principals, *resources;
    const u32 *policies;
    const struct policy *all;
    const u32 *const
        *action_keys; /* of policies with `action in [a, b]`: keys in order; else NULL */
};

struct row {
    u32 a, p, r, policy;
};

/* ---- Symbols ---- */

static u32 pow2_over(u32 n)
{
    u32 p = 8;
    while (p < n)
        p *= 2;
    return p;
}

static u32 uid_slot(const struct index *x, const struct cedar_uid *uid)
{
    u32 i = (u32)uid->hash & (x->slot_n - 1);
    while (x->slots[i] && !cedar_uid_eq(x->syms[x->slots[i] - 1].uid, uid))
        i = (i + 1) & (x->slot_n - 1);
    return i;
}

static u32 uid_key(struct index *x, const struct cedar_uid *uid, u8 side)
{
    u32 i = uid_slot(x, uid);
    if (!x->slots[i]) {
        x->syms[x->syms_n].uid = uid;
        x->slots[i] = ++x->syms_n;
    }
    struct sym *s = &x->syms[x->slots[i] - 1];
    if (!(s->sides & side))
        x->sides_n[side / 2]++;
    s->sides |= side;
    return x->slots[i] * 2;
}

static u32 type_slot(const struct index *x, str type, u64 hash)
{
    u32 i = (u32)hash & (x->type_slot_n - 1);
    while (x->type_slots[i] && !str_eq(x->types[x->type_slots[i] - 1], type))
        i = (i + 1) & (x->type_slot_n - 1);
    return i;
}

static u32 type_key(struct index *x, str type)
{
    u32 i = type_slot(x, type, hash_bytes(type.p, type.n));
    if (!x->type_slots[i]) {
        x->types[x->types_n] = type;
        x->type_slots[i] = ++x->types_n;
    }
    return x->type_slots[i] * 2 - 1;
}

/* ---- Building ---- */

static u32 side_key(struct index *x, const struct scope *s, u8 side)
{
    switch (s->kind) {
    case SCOPE_EQ:
    case SCOPE_IN:
    case SCOPE_IS_IN: return uid_key(x, s->uids[0], side);
    case SCOPE_IS: return type_key(x, s->type);
    default: return KEY_ANY;
    }
}

static int row_order(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    if (x->r != y->r)
        return x->r < y->r ? -1 : 1;
    return x->policy < y->policy ? -1 : x->policy > y->policy;
}

static u32 key_hash(u32 key) { return (key * 0x9e3779b1u) >> 7; }

static void level_slots(struct arena *out, struct level *l)
{
    if (l->n <= LINEAR)
        return;
    l->slot_n = pow2_over(l->n * 2);
    u32 *slots = NEW_N(out, u32, l->slot_n);
    for (u32 i = 0; i < l->n; i++) {
        u32 k = key_hash(l->keys[i]) & (l->slot_n - 1);
        while (slots[k])
            k = (k + 1) & (l->slot_n - 1);
        slots[k] = i + 1;
    }
    l->slots = slots;
}

/* A level over rows [from, to) by the key at this offset in a row; first[i] is where its rows
 * start. */
static struct level level_of(struct arena *out, const struct row *rows, u32 from, u32 to,
                             size_t offset)
{
    u32 n = 0;
    u32 last = 0;
    for (u32 i = from; i < to; i++) {
        u32 key = *(const u32 *)((const char *)&rows[i] + offset);
        n += i == from || key != last;
        last = key;
    }
    u32 *keys = NEW_N(out, u32, n), *first = NEW_N(out, u32, n + 1), k = 0;
    for (u32 i = from; i < to; i++) {
        u32 key = *(const u32 *)((const char *)&rows[i] + offset);
        if (i == from || key != keys[k - 1]) {
            first[k] = i;
            keys[k++] = key;
        }
    }
    first[n] = to;
    struct level l = { .n = n, .keys = keys, .first = first };
    level_slots(out, &l);
    return l;
}

/* The levels below: one for each child of each parent, in order; parents' first[] then counts
 * children, not rows. */
static const struct level *levels_below(struct arena *out, struct level *up, u32 up_n,
                                        const struct row *rows, size_t offset)
{
    u32 n = 0, k = 0;
    for (u32 i = 0; i < up_n; i++)
        n += up[i].n;
    struct level *down = NEW_N(out, struct level, n);
    for (u32 i = 0; i < up_n; i++) {
        u32 *first = NEW_N(out, u32, up[i].n + 1);
        for (u32 c = 0; c < up[i].n; c++) {
            first[c] = k;
            down[k++] = level_of(out, rows, up[i].first[c], up[i].first[c + 1], offset);
        }
        first[up[i].n] = k;
        up[i].first = first;
    }
    return down;
}

static u32 rows_of(struct index *x, struct arena *out, const struct policy *at, u32 n,
                   struct row *rows)
{
    u32 k = 0;
    const u32 **sets = NEW_N(out, const u32 *, n);
    for (u32 i = 0; i < n; i++) {
        const struct policy *p = &at[i];
        if (p->is_template)
            continue;
        struct row r = { .p = side_key(x, &p->principal, SIDE_P),
                         .r = side_key(x, &p->resource, SIDE_R),
                         .policy = i };
        if (p->action.kind != SCOPE_IN_SET) {
            r.a = side_key(x, &p->action, SIDE_A);
            rows[k++] = r;
            continue;
        }
        u32 *keys = NEW_N(out, u32, p->action.n), m = 0;
        for (u32 j = 0; j < p->action.n; j++) {
            u32 key = uid_key(x, p->action.uids[j], SIDE_A), d = 0;
            while (d < m && keys[d] != key)
                d++;
            if (d < m)
                continue;
            keys[m++] = r.a = key;
            rows[k++] = r;
        }
        sets[i] = m > 1 ? keys : NULL;
    }
    x->action_keys = sets;
    return k;
}

const struct index *index_build(struct arena *out, const struct policy *at, u32 n)
{
    SCRATCH(s);
    u32 most = 0;
    for (u32 i = 0; i < n; i++)
        most += MAX(1u, at[i].action.n);
    struct index *x = NEW(out, struct index);
    x->slot_n = pow2_over((most + 2 * n) * 2);
    x->type_slot_n = pow2_over(4 * n);
    x->slots = NEW_N(out, u32, x->slot_n);
    x->type_slots = NEW_N(out, u32, x->type_slot_n);
    x->syms = NEW_N(out, struct sym, most + 2 * n);
    x->types = NEW_N(out, str, 2 * n);
    x->all = at;
    struct row *rows = NEW_N(s.a, struct row, most);
    u32 rows_n = rows_of(x, out, at, n, rows);
    if (rows_n > 1)
        qsort(rows, rows_n, sizeof *rows, row_order);
    u32 *policies = NEW_N(out, u32, rows_n);
    for (u32 i = 0; i < rows_n; i++)
        policies[i] = rows[i].policy;
    x->action = level_of(out, rows, 0, rows_n, offsetof(struct row, a));
    struct level *ps =
        (struct level *)levels_below(out, &x->action, 1, rows, offsetof(struct row, p));
    u32 ps_n = x->action.first[x->action.n];
    x->principals = ps;
    x->resources = levels_below(out, ps, ps_n, rows, offsetof(struct row, r));
    x->policies = policies;
    return x;
}

/* ---- Asking ---- */

/* The keys of one side of a request, sorted. */
struct keys {
    struct arena *a;
    u32 few[24], *at;
    u32 n, room;
    u8 side;
    bool twice; /* the same key may come again: it is looked for first */
};

static void key_add(struct keys *k, u32 key)
{
    for (u32 i = 0; k->twice && i < k->n; i++)
        if (k->at[i] == key)
            return;
    if (k->n == k->room) {
        if (!scratch_room(k->a, 2 * k->room * sizeof *k->at))
            return;
        u32 *more = NEW_N(k->a, u32, k->room * 2);
        memcpy(more, k->at, k->n * sizeof *more);
        k->at = more;
        k->room *= 2;
    }
    k->at[k->n++] = key;
}

static void uid_add(const struct index *x, struct keys *k, const struct cedar_uid *uid)
{
    u32 i = uid_slot(x, uid);
    if (x->slots[i] && (x->syms[x->slots[i] - 1].sides & k->side))
        key_add(k, x->slots[i] * 2);
}

static void above(const struct index *x, const struct eval *v, const struct node *n, struct keys *k)
{
    const struct node *nodes = v->store->nodes;
    if (n->anc_n <= x->sides_n[k->side / 2]) {
        for (u32 i = 0; i < n->anc_n; i++)
            uid_add(x, k, &nodes[n->anc[i]].uid);
        return;
    }
    for (u32 i = 0; i < x->syms_n; i++)
        if ((x->syms[i].sides & k->side) && node_under(v->store, n, x->syms[i].uid))
            key_add(k, (i + 1) * 2);
}

/* What an entity of the request alone is in: through its parents, each of the request or of the
 * store. left bounds the walk: nobody checked these parents for cycles. */
static void above_extra(const struct index *x, const struct eval *v, const struct cedar_entity *e,
                        struct keys *k, u32 left)
{
    for (u32 i = 0; left && i < e->parents_n; i++) {
        const struct cedar_uid *up = &e->parents[i];
        uid_add(x, k, up);
        u32 j = 0;
        while (j < v->req->extra_n && !cedar_uid_eq(&v->req->extra[j].uid, up))
            j++;
        const struct node *n = j < v->req->extra_n ? NULL : store_node(v->store, up);
        if (j < v->req->extra_n)
            above_extra(x, v, &v->req->extra[j], k, left - 1);
        else if (n)
            above(x, v, n, k);
    }
}

static int key_order(const void *a, const void *b)
{
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

static void sort_keys(struct keys *k)
{
    if (k->n > 16) {
        qsort(k->at, k->n, sizeof *k->at, key_order);
        return;
    }
    for (u32 i = 1; i < k->n; i++)
        for (u32 j = i; j && k->at[j - 1] > k->at[j]; j--) {
            u32 t = k->at[j];
            k->at[j] = k->at[j - 1];
            k->at[j - 1] = t;
        }
}

static void side_keys(const struct index *x, const struct eval *v, int var, struct keys *k)
{
    const struct cedar_uid *uid = v->vars[var].uid;
    k->a = v->scratch;
    k->at = k->few;
    k->room = COUNT(k->few);
    k->n = 0;
    k->side = var == VAR_PRINCIPAL ? SIDE_P : var == VAR_ACTION ? SIDE_A : SIDE_R;
    k->twice = v->ent[var] && !v->node[var];
    key_add(k, KEY_ANY);
    if (var != VAR_ACTION && x->types_n) {
        u32 i = type_slot(x, uid->type, hash_bytes(uid->type.p, uid->type.n));
        if (x->type_slots[i])
            key_add(k, x->type_slots[i] * 2 - 1);
    }
    if (!x->sides_n[k->side / 2])
        return;
    uid_add(x, k, uid);
    if (v->node[var])
        above(x, v, v->node[var], k);
    else if (v->ent[var])
        above_extra(x, v, v->ent[var], k, MIN(v->req->extra_n, 8u));
    sort_keys(k);
}

static bool keys_have(const struct keys *k, u32 key)
{
    u32 lo = 0, hi = k->n;
    while (lo < hi) {
        u32 mid = (lo + hi) / 2;
        if (k->at[mid] == key)
            return true;
        if (k->at[mid] < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

static bool level_find(const struct level *l, u32 key, u32 *ret)
{
    if (!l->slot_n) {
        for (u32 i = 0; i < l->n; i++)
            if (l->keys[i] == key) {
                *ret = i;
                return true;
            }
        return false;
    }
    for (u32 k = key_hash(key) & (l->slot_n - 1); l->slots[k]; k = (k + 1) & (l->slot_n - 1))
        if (l->keys[l->slots[k] - 1] == key) {
            *ret = l->slots[k] - 1;
            return true;
        }
    return false;
}

/* The next child of a level that the request has the key of: walks the shorter of the two. */
static bool next_match(const struct level *l, const struct keys *k, u32 *at, u32 *ret)
{
    if (l->n < k->n) {
        for (; *at < l->n; (*at)++)
            if (keys_have(k, l->keys[*at])) {
                *ret = (*at)++;
                return true;
            }
        return false;
    }
    while (*at < k->n)
        if (level_find(l, k->at[(*at)++], ret))
            return true;
    return false;
}

struct found {
    const struct index *x;
    const struct keys *actions;
    struct arena *a;
    u32 *at;
    u32 n, room;
};

/* A policy of `action in [a, b]` stands under each; it counts under the first that is asked. */
static bool first_of(const struct found *f, u32 policy, u32 key)
{
    for (const u32 *k = f->x->action_keys[policy]; k && *k != key; k++)
        if (keys_have(f->actions, *k))
            return false;
    return true;
}

static void take(struct found *f, u32 from, u32 to, u32 key)
{
    if (f->n + (to - from) > f->room) {
        u32 room = MAX(f->room * 2, f->n + (to - from));
        if (!scratch_room(f->a, room * sizeof *f->at))
            return;
        u32 *more = arena_get_raw(f->a, room * sizeof *more, _Alignof(u32));
        if (f->n)
            memcpy(more, f->at, f->n * sizeof *more);
        f->at = more;
        f->room = room;
    }
    for (u32 i = from; i < to; i++)
        if (first_of(f, f->x->policies[i], key))
            f->at[f->n++] = f->x->policies[i];
}

const u32 *index_candidates(const struct index *x, const struct eval *v, u32 *ret_n)
{
    struct keys a, p, r;
    struct found f = { .x = x, .actions = &a, .a = v->scratch };
    u32 i, j, k;
    side_keys(x, v, VAR_ACTION, &a);
    side_keys(x, v, VAR_PRINCIPAL, &p);
    side_keys(x, v, VAR_RESOURCE, &r);
    for (u32 ai = 0; next_match(&x->action, &a, &ai, &i);) {
        const struct level *lp = &x->principals[x->action.first[i]];
        for (u32 pi = 0; next_match(lp, &p, &pi, &j);) {
            const struct level *lr = &x->resources[lp->first[j]];
            for (u32 ri = 0; next_match(lr, &r, &ri, &k);)
                take(&f, lr->first[k], lr->first[k + 1], x->action.keys[i]);
        }
    }
    *ret_n = f.n;
    return f.at;
}
