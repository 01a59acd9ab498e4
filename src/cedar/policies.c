/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot of policies: made of a text, asked for ids and annotations, and extended by links of
 * templates. A link shares the tree of its template: slots stand in the scope only, so nothing is
 * copied but the scope. */
#include <string.h>

#include "base/map.h"
#include "cedar/internal.h"

err cedar_compile(struct arena *out, str text, struct policy *at, u32 n,
                  const struct cedar_policies **ret)
{
    struct cedar_policies *p = NEW(out, struct cedar_policies);
    for (u32 i = 0; i < n; i++)
        at[i].index = i;
    *p = (struct cedar_policies){ text, at, n, index_build(out, at, n) };
    if (arena_doomed(out))
        return E_LIMIT;
    *ret = p;
    return E_NONE;
}

err cedar_parse(struct arena *out, str text, struct cedar_faults *faults,
                const struct cedar_policies **ret)
{
    const struct policy *at;
    u32 n;
    if (text.n <= CEDAR_TEXT_MAX && text.n < arena_room(out) / 2)
        text = str_copy(out, text);
    TRY(cedar_parse_only(out, text, faults, &at, &n));
    struct policy *own = NEW_N(out, struct policy, n);
    if (n)
        memcpy(own, at, n * sizeof *own);
    err e = cedar_compile(out, text, own, n, ret);
    if (e != E_NONE)
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the policies need more memory than given");
    return e;
}

u32 cedar_count(const struct cedar_policies *p) { return p->n; }
str cedar_id(const struct cedar_policies *p, u32 i) { return p->at[i].id; }
str cedar_text(const struct cedar_policies *p) { return p->text; }
bool cedar_is_template(const struct cedar_policies *p, u32 i) { return p->at[i].is_template; }
bool cedar_is_forbid(const struct cedar_policies *p, u32 i) { return p->at[i].forbid; }
u32 cedar_annotation_count(const struct cedar_policies *p, u32 i) { return p->at[i].notes_n; }

void cedar_span(const struct cedar_policies *p, u32 i, u32 *ret_at, u32 *ret_end)
{
    *ret_at = p->at[i].at;
    *ret_end = p->at[i].end;
}

void cedar_annotation_at(const struct cedar_policies *p, u32 i, u32 k, str *ret_key, str *ret_text)
{
    must(k < p->at[i].notes_n);
    *ret_key = p->at[i].notes[k].key;
    *ret_text = p->at[i].notes[k].text;
}

bool cedar_annotation(const struct cedar_policies *p, u32 i, str key, str *ret)
{
    for (u32 k = 0; k < p->at[i].notes_n; k++)
        if (str_eq(p->at[i].notes[k].key, key)) {
            *ret = p->at[i].notes[k].text;
            return true;
        }
    return false;
}

static void fill_slot(struct arena *out, struct scope *s, const struct cedar_uid *uid)
{
    if (!s->slot)
        return;
    const struct cedar_uid **at = NEW(out, const struct cedar_uid *);
    *at = uid;
    s->slot = false;
    s->uids = at;
    s->n = 1;
}

static err link_one(struct arena *out, struct map *ids, const struct cedar_link *l,
                    struct policy *ret)
{
    const struct policy *t = map_get(ids, l->template_id);
    if (!t || !t->is_template)
        return E_NOT_FOUND;
    if (map_has(ids, l->id))
        return E_CONFLICT;
    if (t->slot_principal != (l->principal != NULL) || t->slot_resource != (l->resource != NULL))
        return E_INVALID;
    *ret = *t;
    ret->id = l->id;
    ret->is_template = false;
    ret->template_id = l->template_id;
    ret->link_principal = l->principal;
    ret->link_resource = l->resource;
    fill_slot(out, &ret->principal, l->principal);
    fill_slot(out, &ret->resource, l->resource);
    map_put(ids, l->id, ret);
    return E_NONE;
}

err cedar_link(struct arena *out, const struct cedar_policies *p, const struct cedar_link *links,
               size_t n, const struct cedar_policies **ret)
{
    SCRATCH(s);
    if (n > UINT32_MAX / 2 - p->n)
        return E_LIMIT;
    struct map ids = map_in(s.a);
    struct policy *at = NEW_N(out, struct policy, p->n + n);
    if (p->n)
        memcpy(at, p->at, p->n * sizeof *at);
    for (u32 i = 0; i < p->n; i++)
        map_put(&ids, at[i].id, &at[i]);
    for (size_t i = 0; i < n; i++)
        TRY(link_one(out, &ids, &links[i], &at[p->n + i]));
    return cedar_compile(out, p->text, at, p->n + (u32)n, ret);
}
