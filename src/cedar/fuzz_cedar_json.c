/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as policies in JSON: refused with a reason, or the same again after JSON and after
 * text. */
#include "cedar/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static str json_of(struct arena *a, const struct cedar_policies *p)
{
    struct buf b = buf_in(a, 64 << 20);
    cedar_policies_put_json(&b, p);
    return buf_str(&b);
}

static void check_again(struct arena *a, const struct cedar_policies *p)
{
    struct cedar_faults f;
    const struct cedar_policies *q;
    const struct json *v;
    str json = json_of(a, p);
    cedar_faults_init(&f, a);
    err e = json_parse(a, json, &v, NULL);
    if (e == E_LIMIT)
        return; /* an extension value takes a level more than its escape */
    must(e == E_NONE && cedar_policies_json(a, v, &f, &q) == E_NONE);
    must(str_eq(json_of(a, q), json));
}

static void check_text(struct arena *a, const struct cedar_policies *p)
{
    struct cedar_faults f;
    const struct cedar_policies *q;
    struct buf text = buf_in(a, 64 << 20);
    cedar_faults_init(&f, a);
    cedar_policies_put_text(&text, p);
    err e = cedar_parse(a, buf_str(&text), &f, &q);
    must(e == E_NONE || e == E_LIMIT);
    if (e != E_NONE)
        return;
    u32 k = 0;
    for (u32 i = 0; i < p->n; i++) { /* ids aside, each policy is what it was */
        if (p->at[i].template_id.n)
            continue;
        struct buf x = buf_in(a, 64 << 20), y = buf_in(a, 64 << 20);
        cedar_policy_put_json(&x, &p->at[i]);
        cedar_policy_put_json(&y, &q->at[k++]);
        must(str_eq(buf_str(&x), buf_str(&y)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new("fuzz", (size_t)1 << 30);
    struct cedar_faults f;
    const struct cedar_policies *p = NULL;
    const struct json *v;
    cedar_faults_init(&f, a);
    if (json_parse(a, (str){ (const char *)data, n }, &v, NULL) == E_NONE) {
        if (cedar_policies_json(a, v, &f, &p) != E_NONE) {
            must(p == NULL && f.n > 0);
        } else {
            check_again(a, p);
            check_text(a, p);
        }
    }
    arena_free(a);
    return 0;
}
