/* SPDX-License-Identifier: Apache-2.0 */
/* The gate. The principal and the circumstances are worked out once for a call and kept in its
 * frame, so that deciding the fifty rows of a page costs fifty decisions and not fifty principals.
 * Everything is made in the call's arena; the decision itself uses scratch memory. Whatever fails
 * on the way (a person unknown, memory, the policy's own errors) is a refusal. */
#include "core/gate.h"

#include <string.h>

#include "base/id.h"
#include "core/answer.h"
#include "core/office_in.h"

enum { FIELDS_MAX = 24, PARENTS_MAX = 4, ATTRS_MAX = 16, RECORD_MAX = 512 };

struct gate_frame {
    struct cedar_entity principal;
    struct cedar_uid device;
    struct cedar_value device_facts;
    struct cedar_uid action;
    const char *action_name;
    i64 person; /* whom the frame was made for: sign-in changes it within a call */
};

static str id_text(struct arena *a, const char *prefix, i64 id)
{
    struct buf b = buf_in(a, 64);
    id_put(&b, prefix, id);
    return buf_str(&b);
}

static struct cedar_uid *uid_of(struct arena *a, const char *type, const char *prefix, i64 id)
{
    struct cedar_uid *uid = NEW(a, struct cedar_uid);
    *uid = cedar_uid(str_from(type), id_text(a, prefix, id));
    return uid;
}

static struct cedar_value word(const char *const *words, u8 at)
{
    return cedar_string(str_from(words[at]));
}

static void frame_make(struct call *c, const struct dir_person *p, const struct dir_device *d,
                       struct gate_frame *f)
{
    const struct dir_words *w = dir_words(c->office);
    struct cedar_field *attrs = NEW_N(c->arena, struct cedar_field, 2);
    attrs[0] = (struct cedar_field){ S("role"), word(w->role, p->role) };
    attrs[1] = (struct cedar_field){ S("status"), word(w->status, p->status) };
    f->principal = (struct cedar_entity){ .uid = *uid_of(c->arena, "Person", "pers", p->id),
                                          .attrs = cedar_record(attrs, 2) };
    if (p->department) {
        f->principal.parents = uid_of(c->arena, "Department", "dept", p->department);
        f->principal.parents_n = 1;
    }
    f->device = *uid_of(c->arena, "Device", "devi", d->id);
    struct cedar_field *device = NEW_N(c->arena, struct cedar_field, 3);
    device[0] = (struct cedar_field){ S("id"), cedar_entity(&f->device) };
    device[1] = (struct cedar_field){ S("owner"), word(w->device_owner, d->owner) };
    device[2] = (struct cedar_field){ S("status"), word(w->device_status, d->status) };
    f->device_facts = cedar_record(device, 3);
    f->person = p->id;
}

static err frame_of(struct call *c, struct gate_frame **ret)
{
    if (!c->gate || c->gate->person != c->who.person) {
        struct gate_frame *f = NEW(c->arena, struct gate_frame);
        struct dir_person p;
        struct dir_device d;
        TRY(dir_person(c->office, c->who.person, &p));
        TRY(dir_device(c->office, c->who.device, &d));
        frame_make(c, &p, &d, f);
        c->gate = f;
    }
    *ret = c->gate;
    return E_NONE;
}

err gate_arrive(struct call *c, const struct dir_person *person, const struct dir_device *device)
{
    struct gate_frame *f = NEW(c->arena, struct gate_frame);
    frame_make(c, person, device, f);
    c->gate = f;
    return E_NONE;
}

/* One member of a record as a Cedar value; false when it is absent. */
static bool value_of(struct arena *a, const struct entity_attr *attr, const void *record,
                     struct cedar_value *ret)
{
    const char *at = (const char *)record + attr->col.at;
    if (attr->col.optional && !*(const bool *)((const char *)record + attr->col.has_at))
        return false;
    switch ((enum col_kind)attr->col.kind) {
    case COL_BOOL: *ret = cedar_bool(*(const bool *)at); return true;
    case COL_ENUM: *ret = cedar_string(str_from(attr->words[*(const int *)at])); return true;
    case COL_STR: *ret = cedar_string(*(const str *)at); return true;
    case COL_I64: break;
    case COL_F64:
    case COL_BYTES: return false;
    }
    i64 v = *(const i64 *)at;
    if (!attr->type)
        *ret = cedar_long(v);
    else
        *ret = cedar_entity(uid_of(a, attr->type, attr->prefix, v));
    return true;
}

/* The record as an entity: uid, attributes, parents. */
static void resource_of(struct arena *a, const struct entity *e, const void *record,
                        struct cedar_entity *ret)
{
    i64 id;
    memcpy(&id, (const char *)record + e->id_at, sizeof id);
    struct cedar_field *attrs = NEW_N(a, struct cedar_field, MAX(e->attrs_n, 1));
    struct cedar_uid *parents = NEW_N(a, struct cedar_uid, MAX(e->parents_n, 1));
    size_t n = 0, parents_n = 0;
    for (u16 i = 0; i < e->attrs_n; i++)
        if (value_of(a, &e->attrs[i], record, &attrs[n].value))
            attrs[n++].name = str_from(e->attrs[i].name);
    for (u16 i = 0; i < e->parents_n; i++) {
        struct cedar_value v;
        if (value_of(a, &e->parents[i], record, &v) && v.kind == CEDAR_ENTITY)
            parents[parents_n++] = *v.uid;
    }
    *ret = (struct cedar_entity){ .uid = *uid_of(a, e->type, e->prefix, id),
                                  .attrs = cedar_record(attrs, n),
                                  .parents = parents,
                                  .parents_n = (u32)parents_n };
}

static struct cedar_value context_of(struct call *c, struct arena *a, const struct entity *e,
                                     const void *record, const struct gate_frame *f)
{
    struct cedar_field *at = NEW_N(a, struct cedar_field, FIELDS_MAX);
    size_t n = 0;
    at[n++] = (struct cedar_field){ S("strength"), cedar_long(c->who.strength) };
    at[n++] = (struct cedar_field){ S("device"), f->device_facts };
    at[n++] = (struct cedar_field){ S("address"), cedar_string(c->who.address) };
    at[n++] = (struct cedar_field){ S("hour"), cedar_long(c->now / USEC_HOUR % 24) };
    for (u16 i = 0; e && i < e->context_n && n < FIELDS_MAX; i++)
        if (value_of(a, &e->context[i], record, &at[n].value))
            at[n++].name = str_from(e->context[i].name);
    return cedar_record(at, n);
}

/* The texts people and the ledger see: annotations of the determining policies. */
static void explain(struct call *c, const struct cedar_policies *p,
                    const struct cedar_answer *answer, struct verdict *v)
{
    for (u32 i = 0; i < answer->reasons_n && v->rules_n < VERDICT_RULES_MAX; i++) {
        str text;
        u32 policy = answer->reasons[i];
        if (!cedar_annotation(p, policy, S("id"), &text))
            text = cedar_id(p, policy);
        v->rules[v->rules_n++] = str_z(c->arena, text);
        if (!v->advice && !answer->allow && cedar_annotation(p, policy, S("advice"), &text))
            v->advice = str_z(c->arena, text);
    }
}

/* ---- rows alike ---- */

/* The last row decided in this call: valid while action, entity and policies are the same. */
struct gate_memo {
    const struct policy_set *set;
    const char *action;
    const struct entity *entity;
    const struct gate_frame *frame;
    _Alignas(16) char record[RECORD_MAX]; /* a copy: callers may use a row's memory again */
    bool looked[ATTRS_MAX];               /* by attribute of the entity */
    struct verdict verdict;
};

static const struct cedar_depends *depends_of(struct policy_set *set, const struct gate_frame *f)
{
    u32 n = atomic_load_explicit(&set->looks_n, memory_order_acquire);
    for (u32 i = 0; i < n; i++)
        if (set->looks[i].action == f->action_name)
            return &set->looks[i].depends;
    if (n == LOOKS_MAX)
        return NULL;
    const struct cedar_depends *ret = NULL;
    must(pthread_mutex_lock(&set->lock) == 0);
    n = atomic_load(&set->looks_n);
    if (n < LOOKS_MAX) { /* two threads may add the same one: harmless */
        struct look *l = &set->looks[n];
        l->action = f->action_name;
        cedar_depends(set->policies, set->store, &f->action, set->arena, &l->depends);
        atomic_store_explicit(&set->looks_n, n + 1, memory_order_release);
        ret = &l->depends;
    }
    must(pthread_mutex_unlock(&set->lock) == 0);
    return ret;
}

static bool same_member(const struct col *m, const void *x, const void *y)
{
    const char *a = x, *b = y;
    if (m->optional && *(const bool *)(a + m->has_at) != *(const bool *)(b + m->has_at))
        return false;
    if (m->optional && !*(const bool *)(a + m->has_at))
        return true;
    a += m->at;
    b += m->at;
    switch ((enum col_kind)m->kind) {
    case COL_BOOL: return *(const bool *)a == *(const bool *)b;
    case COL_ENUM: return *(const int *)a == *(const int *)b;
    case COL_STR:
    case COL_BYTES: return str_eq(*(const str *)a, *(const str *)b);
    case COL_I64: return *(const i64 *)a == *(const i64 *)b;
    case COL_F64: return false;
    }
    return false;
}

/* Whether the row differs from the last one in nothing that any policy looks at. */
static bool alike(const struct gate_memo *m, const struct entity *e, const void *record)
{
    for (u16 i = 0; i < e->attrs_n; i++)
        if (m->looked[i] && !same_member(&e->attrs[i].col, m->record, record))
            return false;
    for (u16 i = 0; i < e->parents_n; i++)
        if (!same_member(&e->parents[i].col, m->record, record))
            return false;
    for (u16 i = 0; i < e->context_n; i++)
        if (!same_member(&e->context[i].col, m->record, record))
            return false;
    return true;
}

static void remember(struct call *c, struct policy_set *set, const struct entity *e,
                     const void *record, const struct verdict *v)
{
    const struct gate_frame *f = c->gate;
    const struct cedar_depends *d = e && e->attrs_n <= ATTRS_MAX ? depends_of(set, f) : NULL;
    if (!d || d->identity || d->ancestors || e->record_size > RECORD_MAX)
        return;
    if (!c->memo)
        c->memo = NEW(c->arena, struct gate_memo);
    *c->memo = (struct gate_memo){
        .set = set, .action = f->action_name, .entity = e, .frame = f, .verdict = *v
    };
    memcpy(c->memo->record, record, e->record_size);
    for (u16 i = 0; i < e->attrs_n; i++)
        for (u32 k = 0; k < d->attrs_n; k++)
            c->memo->looked[i] |= str_eq_z(d->attrs[k], e->attrs[i].name);
}

/* ---- deciding ---- */

static err decide(struct call *c, struct policy_set *set, const struct entity *e,
                  const void *record, struct verdict *ret)
{
    struct gate_frame *f = c->gate;
    struct cedar_entity extra[2] = { f->principal };
    struct cedar_answer answer;
    struct verdict v = { 0 };
    SCRATCH(s);
    u32 extra_n = 1;
    struct cedar_uid resource = c->office->self_uid;
    if (e) {
        resource_of(s.a, e, record, &extra[1]);
        resource = extra[1].uid;
        extra_n += !cedar_uid_eq(&resource, &f->principal.uid);
    }
    const struct cedar_request req = {
        .principal = f->principal.uid,
        .action = f->action,
        .resource = resource,
        .context = context_of(c, s.a, e, record, f),
        .extra = extra,
        .extra_n = extra_n,
    };
    TRY(cedar_decide(set->policies, set->store, &req, s.a, &answer));
    v.allow = answer.allow;
    explain(c, set->policies, &answer, &v);
    if (!v.allow && !v.rules_n) {
        v.rules[v.rules_n++] = "default";
        v.advice = "ask_administrator";
    }
    *ret = v;
    return E_NONE;
}

err gate_decide(struct call *c, const char *action, const struct entity *e, const void *record,
                struct verdict *ret)
{
    struct gate_frame *f;
    struct policy_set *set = atomic_load(&c->office->policy);
    const struct gate_memo *m = c->memo;
    if (!set)
        return E_BUSY;
    TRY(frame_of(c, &f));
    if (m && m->set == set && m->action == action && m->entity == e && m->frame == f &&
        alike(m, e, record)) {
        *ret = m->verdict;
        return E_NONE;
    }
    if (f->action_name != action) {
        f->action_name = action;
        f->action = cedar_uid(S("Action"), str_from(action));
    }
    TRY(decide(c, set, e, record, ret));
    remember(c, set, e, record, ret);
    return E_NONE;
}

err gate_require(struct call *c, const char *action)
{
    struct verdict v;
    TRY(gate_decide(c, action, NULL, NULL, &v));
    c->answer->action = action;
    if (!v.allow)
        return call_refuse(c, &v);
    c->answer->verdict = v;
    c->answer->decided = true;
    return E_NONE;
}

/* The input struct of an entity's statement: its parameters are `id` and `me`, wherever they stand.
 */
static void guard_key(const struct stmt *by, i64 id, i64 me, char *key, size_t room)
{
    for (u16 i = 0; i < by->params_n; i++) {
        const struct col *p = &by->params[i];
        const i64 *v = str_eq_z(S("id"), p->name) ? &id : &me;
        must(p->kind == COL_I64 && p->at + sizeof *v <= room);
        memcpy(key + p->at, v, sizeof *v);
        if (p->optional)
            key[p->has_at] = 1;
    }
}

err gate_guard(struct call *c, const struct guard *g, const void *in, struct verdict *ret)
{
    if (!g->entity)
        return gate_decide(c, g->action, NULL, NULL, ret);
    i64 id;
    _Alignas(16) char key[64] = { 0 };
    memcpy(&id, (const char *)in + g->id_at, sizeof id);
    guard_key(g->entity->by, id, c->who.person, key, sizeof key);
    void *record = arena_get(c->arena, 1, g->entity->record_size, 16);
    TRY(db_run(c->db, g->entity->by, key, c->arena, record));
    TRY(gate_decide(c, g->action, g->entity, record, ret));
    if (ret->allow && !c->guarded)
        c->guarded = record;
    return E_NONE;
}
