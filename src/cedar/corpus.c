/* SPDX-License-Identifier: Apache-2.0 */
/* One test of the official corpus: its four texts in, every disagreement out. The caller reads the
 * files. */
#include "cedar/corpus.h"
#include "cedar/internal.h"

struct run {
    struct arena *a;
    struct buf *out;
    str id;
    bool same;
};

static void differ(struct run *r, const char *what, str detail)
{
    r->same = false;
    buf_fmt(r->out, STR_FMT ": %s" STR_FMT "\n", STR_ARG(r->id), what, STR_ARG(detail));
}

static str first_fault(const struct cedar_faults *f)
{
    return f->n ? f->at[0].text : S("(no fault given)");
}

static bool ids_agree(const struct cedar_policies *p, const struct json *want, const u32 *got,
                      u32 n)
{
    if (!want || want->kind != JSON_ARRAY || want->n != n)
        return false;
    for (u32 i = 0; i < want->n; i++) {
        u32 k = 0;
        while (k < n && !str_eq(json_str_or(&want->at[i], S("")), cedar_id(p, got[k])))
            k++;
        if (k == n)
            return false;
    }
    return true;
}

static void compare(struct run *r, const struct cedar_policies *p, const struct json *q,
                    const struct cedar_answer *got, str name)
{
    u32 *failed = NEW_N(r->a, u32, got->errors_n);
    for (u32 i = 0; i < got->errors_n; i++)
        failed[i] = got->errors[i].policy;
    if (!str_eq(json_str_or(json_get(q, S("decision")), S("")),
                got->allow ? S("allow") : S("deny")))
        differ(r, got->allow ? "decided allow, expected deny: " : "decided deny, expected allow: ",
               name);
    if (!ids_agree(p, json_get(q, S("reason")), got->reasons, got->reasons_n))
        differ(r, "other determining policies: ", name);
    if (!ids_agree(p, json_get(q, S("errors")), failed, got->errors_n))
        differ(r, "other errors: ", name);
}

struct loaded {
    const struct cedar_policies *p;
    const struct cedar_schema *schema;
    const struct cedar_store *store;
};

static void run_request(struct run *r, const struct loaded *l, const struct json *q)
{
    struct cedar_faults f;
    struct cedar_request req = { 0 };
    struct cedar_answer got;
    str name = json_str_or(json_get(q, S("description")), S("a request"));
    const struct json *context = json_get(q, S("context")),
                      *valid = json_get(q, S("validateRequest"));
    cedar_faults_init(&f, r->a);
    err e = E_INVALID;
    if (context && json_get(q, S("principal")) && json_get(q, S("action")) &&
        json_get(q, S("resource")))
        e = cedar_value_json(r->a, context, &f, &req.context);
    if (e == E_NONE)
        e = cedar_uid_json(json_get(q, S("principal")), &f, &req.principal);
    if (e == E_NONE)
        e = cedar_uid_json(json_get(q, S("action")), &f, &req.action);
    if (e == E_NONE)
        e = cedar_uid_json(json_get(q, S("resource")), &f, &req.resource);
    if (e != E_NONE) {
        differ(r, "unreadable request: ", first_fault(&f));
        return;
    }
    bool fits = cedar_validate_request(l->schema, &req, &f) == E_NONE;
    if (valid && valid->kind == JSON_BOOL && valid->b && !fits)
        differ(r, "the request was found invalid: ", first_fault(&f));
    if (cedar_decide(l->p, l->store, &req, r->a, &got) != E_NONE)
        differ(r, "a limit was passed: ", name);
    else
        compare(r, l->p, q, &got, name);
}

static bool load(struct run *r, const struct cedar_corpus_texts *t, struct loaded *l)
{
    struct cedar_faults f;
    const struct json *list;
    struct cedar_entities ents;
    cedar_faults_init(&f, r->a);
    if (cedar_parse(r->a, t->policies, &f, &l->p) != E_NONE)
        differ(r, "policies: ", first_fault(&f));
    else if (cedar_schema_parse(r->a, t->schema, &f, &l->schema) != E_NONE)
        differ(r, "schema: ", first_fault(&f));
    else if (json_parse(r->a, t->entities, &list, NULL) != E_NONE)
        differ(r, "the entities are no JSON", S(""));
    else if (cedar_entities_json(r->a, list, l->schema, &f, &ents) != E_NONE ||
             cedar_store_build(r->a, ents.at, ents.n, &f, &l->store) != E_NONE)
        differ(r, "entities: ", first_fault(&f));
    return r->same;
}

bool cedar_corpus_run(struct arena *a, str id, const struct cedar_corpus_texts *t, struct buf *out)
{
    struct run r = { a, out, id, true };
    struct loaded l = { 0 };
    struct cedar_faults f;
    const struct json *test;
    if (json_parse(a, t->test, &test, NULL) != E_NONE) {
        differ(&r, "the test is no JSON", S(""));
        return false;
    }
    if (!load(&r, t, &l))
        return false;
    const struct json *valid = json_get(test, S("shouldValidate")),
                      *requests = json_get(test, S("requests"));
    cedar_faults_init(&f, a);
    bool got = cedar_validate(l.p, l.schema, &f) == E_NONE;
    if (!valid || valid->kind != JSON_BOOL || valid->b != got)
        differ(&r, got ? "found valid, expected invalid" : "found invalid: ",
               got ? S("") : first_fault(&f));
    for (u32 i = 0; requests && requests->kind == JSON_ARRAY && i < requests->n; i++)
        run_request(&r, &l, &requests->at[i]);
    return r.same;
}
