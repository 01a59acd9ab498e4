/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as policy text: refused with places inside the text, or parsed; what parses means the
 * same after the formatter, which is idempotent, and after JSON and back; and it decides without
 * fault. */
#include "cedar/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static str json_of(struct arena *a, const struct cedar_policies *p)
{
    struct buf b = buf_in(a, 64 << 20);
    cedar_policies_put_json(&b, p);
    return buf_str(&b);
}

static void check_format(struct arena *a, str text, const struct cedar_policies *p, u32 width)
{
    struct cedar_faults f;
    const struct cedar_policies *q;
    str once, twice;
    cedar_faults_init(&f, a);
    must(cedar_format(a, text, width, &f, &once) == E_NONE);
    must(cedar_format(a, once, width, &f, &twice) == E_NONE && str_eq(once, twice));
    must(cedar_parse(a, once, &f, &q) == E_NONE);
    must(str_eq(json_of(a, p), json_of(a, q)));
}

static void check_json(struct arena *a, const struct cedar_policies *p)
{
    struct cedar_faults f;
    const struct cedar_policies *q, *r;
    const struct json *v;
    struct buf back = buf_in(a, 64 << 20);
    str json = json_of(a, p);
    cedar_faults_init(&f, a);
    err e = json_parse(a, json, &v, NULL);
    if (e == E_LIMIT)
        return;
    must(e == E_NONE && cedar_policies_json(a, v, &f, &q) == E_NONE);
    cedar_policies_put_text(&back, q);
    e = cedar_parse(a, buf_str(&back), &f, &r);
    must(e == E_NONE || e == E_LIMIT); /* JSON says a has of a path at length */
    must(str_eq(json_of(a, q), json));
    if (e == E_NONE && !cedar_count(p))
        must(str_eq(json_of(a, r), json));
}

static void check_decision(struct arena *a, const struct cedar_policies *p)
{
    struct cedar_field at[] = { { S("a"), cedar_long(1) }, { S("b"), cedar_string(S("x")) } };
    struct cedar_request req = { .principal = cedar_uid(S("User"), S("a")),
                                 .action = cedar_uid(S("Action"), S("a")),
                                 .resource = cedar_uid(S("Doc"), S("a")) };
    struct cedar_entity e = { .uid = req.principal, .parents = &req.resource, .parents_n = 1 };
    struct cedar_explanation why;
    struct buf b = buf_in(a, 16 << 20);
    req.context = cedar_record(at, 2);
    e.attrs = req.context;
    req.extra = &e;
    req.extra_n = 1;
    must(cedar_explain(p, NULL, &req, a, &why) == E_NONE);
    cedar_explanation_put(&b, p, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new("fuzz", (size_t)1 << 30);
    struct cedar_faults f;
    struct buf b = buf_in(a, 1 << 22);
    const struct cedar_policies *p = NULL;
    str text = { (const char *)data, n };
    cedar_faults_init(&f, a);
    if (cedar_parse(a, text, &f, &p) != E_NONE) {
        must(p == NULL && f.n > 0);
        for (u32 i = 0; i < f.n; i++) {
            must(f.at[i].at <= n && f.at[i].end <= n + 1);
            cedar_fault_put(&b, &f.at[i], S("x"), text);
        }
    } else {
        check_format(a, text, p, 80);
        check_format(a, text, p, 20);
        check_json(a, p);
        check_decision(a, p);
    }
    arena_free(a);
    return 0;
}
