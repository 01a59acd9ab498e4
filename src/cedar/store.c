/* SPDX-License-Identifier: Apache-2.0 */
/* The store of entities: a hash index and, for each entity, all that it is in, so that `in` is a
 * search in a sorted array. Parents that are no entities themselves are nodes too: an entity may be
 * in one that the store does not hold. */
#include <string.h>

#include "cedar/internal.h"

struct builder {
    struct arena *out, *tmp;
    const struct cedar_entity *at;
    size_t n;
    struct node *nodes;
    u32 nodes_n;
    u32 *slots;
    u32 slot_n;
    u32 **parents; /* of each node */
    u32 *parents_n;
    u8 *state; /* 0 new, 1 on the way, 2 done */
    u32 *mark; /* node i was last collected for the node mark[i] - 1 */
};

static bool slot_find(const struct node *nodes, const u32 *slots, u32 slot_n,
                      const struct cedar_uid *uid, u32 *ret)
{
    for (u32 i = (u32)uid->hash & (slot_n - 1);; i = (i + 1) & (slot_n - 1)) {
        *ret = i;
        if (!slots[i])
            return false;
        if (cedar_uid_eq(&nodes[slots[i] - 1].uid, uid))
            return true;
    }
}

const struct node *store_node(const struct cedar_store *s, const struct cedar_uid *uid)
{
    u32 slot;
    if (!s || !s->n || !slot_find(s->nodes, s->slots, s->slot_n, uid, &slot))
        return NULL;
    return &s->nodes[s->slots[slot] - 1];
}

const struct cedar_entity *cedar_find(const struct cedar_store *s, const struct cedar_uid *uid)
{
    const struct node *n = store_node(s, uid);
    return n ? n->e : NULL;
}

bool node_under(const struct cedar_store *s, const struct node *n, const struct cedar_uid *ancestor)
{
    u32 lo = 0, hi = n->anc_n;
    while (lo < hi) {
        u32 mid = (lo + hi) / 2;
        if (n->anc_hash[mid] < ancestor->hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < n->anc_n && n->anc_hash[lo] == ancestor->hash; lo++)
        if (cedar_uid_eq(&s->nodes[n->anc[lo]].uid, ancestor))
            return true;
    return false;
}

bool cedar_is_in(const struct cedar_store *s, const struct cedar_uid *child,
                 const struct cedar_uid *ancestor)
{
    if (cedar_uid_eq(child, ancestor))
        return true;
    const struct node *n = store_node(s, child);
    return n && node_under(s, n, ancestor);
}

size_t cedar_store_count(const struct cedar_store *s) { return s->entities_n; }
const struct cedar_entity *cedar_store_at(const struct cedar_store *s, size_t i)
{
    return s->nodes[s->entities[i]].e;
}

static u32 node_of(struct builder *b, const struct cedar_uid *uid)
{
    u32 slot;
    if (!slot_find(b->nodes, b->slots, b->slot_n, uid, &slot)) {
        b->nodes[b->nodes_n].uid = *uid;
        b->slots[slot] = ++b->nodes_n;
    }
    return b->slots[slot] - 1;
}

static bool value_same(const struct cedar_value *a, const struct cedar_value *b)
{
    bool empty = (a->kind != CEDAR_RECORD || !a->n) && (b->kind != CEDAR_RECORD || !b->n);
    return empty || cedar_eq(a, b);
}

static bool entity_same(const struct cedar_entity *a, const struct cedar_entity *b)
{
    if (!value_same(&a->attrs, &b->attrs) || !value_same(&a->tags, &b->tags) ||
        a->parents_n != b->parents_n)
        return false;
    for (u32 i = 0; i < a->parents_n; i++) {
        u32 k = 0;
        while (k < b->parents_n && !cedar_uid_eq(&a->parents[i], &b->parents[k]))
            k++;
        if (k == b->parents_n)
            return false;
    }
    return true;
}

static err entity_fault(struct cedar_faults *faults, const struct cedar_uid *uid, const char *what)
{
    struct buf b = buf_in(faults->a, 300);
    cedar_put_uid(&b, uid);
    str name = buf_str(&b);
    cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 }, "entity " STR_FMT " %s",
                    STR_ARG(name), what);
    return E_INVALID;
}

static err add_nodes(struct builder *b, struct cedar_faults *faults, u32 *entities, u32 *ret_n)
{
    for (size_t i = 0; i < b->n; i++) {
        u32 k = node_of(b, &b->at[i].uid);
        if (b->nodes[k].e) {
            if (!entity_same(b->nodes[k].e, &b->at[i]))
                return entity_fault(faults, &b->at[i].uid, "comes twice, with different contents");
            continue;
        }
        b->nodes[k].e = &b->at[i];
        entities[(*ret_n)++] = k;
        b->parents[k] = NEW_N(b->tmp, u32, b->at[i].parents_n);
        b->parents_n[k] = b->at[i].parents_n;
        for (u32 j = 0; j < b->at[i].parents_n; j++)
            b->parents[k][j] = node_of(b, &b->at[i].parents[j]);
    }
    return E_NONE;
}

struct by_hash {
    u64 hash;
    u32 node;
};

static int hash_order(const void *a, const void *b)
{
    const struct by_hash *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static err too_large(struct cedar_faults *faults)
{
    cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                    "the entities and all they are in need more memory than given");
    return E_LIMIT;
}

/* All above node k, from its parents' finished lists. A chain of n entities takes n * n / 2 places:
 * the room is asked for before it is taken. */
static err close_node(struct builder *b, u32 k)
{
    SCRATCH(s);
    VEC(struct by_hash) v = { 0 };
    for (u32 j = 0; j < b->parents_n[k]; j++) {
        u32 p = b->parents[k][j];
        const struct node *up = &b->nodes[p];
        for (u32 i = 0; i <= up->anc_n; i++) {
            u32 a = i < up->anc_n ? up->anc[i] : p;
            if (b->mark[a] == k + 1)
                continue;
            b->mark[a] = k + 1;
            *vec_push(&v, s.a) = (struct by_hash){ b->nodes[a].uid.hash, a };
        }
    }
    if (v.n > 1)
        qsort(v.at, v.n, sizeof *v.at, hash_order);
    if (v.n * (sizeof(u32) + sizeof(u64)) > arena_room(b->out))
        return E_LIMIT;
    u32 *anc = NEW_N(b->out, u32, v.n);
    u64 *hash = NEW_N(b->out, u64, v.n);
    for (size_t i = 0; i < v.n; i++) {
        anc[i] = v.at[i].node;
        hash[i] = v.at[i].hash;
    }
    b->nodes[k].anc = anc;
    b->nodes[k].anc_hash = hash;
    b->nodes[k].anc_n = (u32)v.n;
    return E_NONE;
}

/* Depth first without recursion: a chain of parents may be as long as the store. */
static err close_from(struct builder *b, u32 root, struct cedar_faults *faults)
{
    SCRATCH(s);
    struct at {
        u32 node, next;
    };
    VEC(struct at) stack = { 0 };
    *vec_push(&stack, s.a) = (struct at){ root, 0 };
    b->state[root] = 1;
    while (stack.n) {
        struct at *top = &stack.at[stack.n - 1];
        u32 k = top->node;
        if (top->next == b->parents_n[k]) {
            if (close_node(b, k) != E_NONE)
                return too_large(faults);
            b->state[k] = 2;
            stack.n--;
            continue;
        }
        u32 p = b->parents[k][top->next++];
        if (b->state[p] == 1)
            return entity_fault(faults, &b->nodes[p].uid, "is its own ancestor");
        if (b->state[p] == 0) {
            b->state[p] = 1;
            *vec_push(&stack, s.a) = (struct at){ p, 0 };
        }
    }
    return E_NONE;
}

err cedar_store_build(struct arena *out, const struct cedar_entity *at, size_t n,
                      struct cedar_faults *faults, const struct cedar_store **ret)
{
    SCRATCH(s);
    size_t most = n;
    for (size_t i = 0; i < n; i++)
        most += at[i].parents_n;
    if (most > UINT32_MAX / 8 || most * (sizeof(struct node) + 16) > arena_room(out))
        return too_large(faults);
    u32 slot_n = 8;
    while (slot_n < most * 2)
        slot_n *= 2;
    struct builder b = {
        .out = out,
        .tmp = s.a,
        .at = at,
        .n = n,
        .slot_n = slot_n,
        .slots = NEW_N(out, u32, slot_n),
        .nodes = NEW_N(out, struct node, most),
        .parents = NEW_N(s.a, u32 *, most),
        .parents_n = NEW_N(s.a, u32, most),
        .state = NEW_N(s.a, u8, most),
        .mark = NEW_N(s.a, u32, most),
    };
    struct cedar_store *store = NEW(out, struct cedar_store);
    u32 *entities = NEW_N(out, u32, n), entities_n = 0;
    TRY(add_nodes(&b, faults, entities, &entities_n));
    for (u32 k = 0; k < b.nodes_n; k++)
        if (b.state[k] == 0)
            TRY(close_from(&b, k, faults));
    if (arena_doomed(out))
        return too_large(faults);
    *store = (struct cedar_store){ b.nodes, b.nodes_n, b.slots, slot_n, entities, entities_n };
    *ret = store;
    return E_NONE;
}
