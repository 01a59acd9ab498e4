/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a schema, in the human syntax or (when it begins with a brace) in JSON: refused with
 * a reason, or good enough to validate policies and entities against. */
#include "cedar/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void use(struct arena *a, const struct cedar_schema *s)
{
    struct cedar_faults f;
    const struct cedar_policies *p;
    const struct json *v;
    struct cedar_entities all;
    cedar_faults_init(&f, a);
    must(cedar_parse(a,
                     S("permit(principal, action, resource) when { principal.a == resource.b && "
                       "context has a.b "
                       "&& principal in resource && principal.hasTag(\"a\") };\n"
                       "permit(principal in A::\"a\", action in Action::\"a\", resource is A in "
                       "?resource);"),
                     &f, &p) == E_NONE);
    IGNORE(cedar_validate(p, s, &f));
    must(json_parse(a,
                    S("[{\"uid\":{\"type\":\"A\",\"id\":\"a\"},\"attrs\":{\"a\":{\"type\":\"A\","
                      "\"id\":\"a\"},"
                      "\"b\":\"::1\"},\"parents\":[],\"tags\":{\"a\":[1]}}]"),
                    &v, NULL) == E_NONE);
    IGNORE(cedar_entities_json(a, v, s, &f, &all));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new("fuzz", (size_t)1 << 30);
    struct cedar_faults f;
    struct buf b = buf_in(a, 1 << 22);
    const struct cedar_schema *s = NULL;
    const struct json *v;
    str text = { (const char *)data, n };
    cedar_faults_init(&f, a);
    err e = E_INVALID;
    if (n && data[0] == '{') {
        if (json_parse(a, text, &v, NULL) == E_NONE) {
            e = cedar_schema_json(a, v, &f, &s);
            must(e == E_NONE || f.n > 0);
        }
    } else {
        e = cedar_schema_parse(a, text, &f, &s);
        must(e == E_NONE || f.n > 0);
        for (u32 i = 0; i < f.n; i++) {
            must(f.at[i].at <= n && f.at[i].end <= n + 1);
            cedar_fault_put(&b, &f.at[i], S("x"), text);
        }
    }
    must((e == E_NONE) == (s != NULL));
    if (s)
        use(a, s);
    arena_free(a);
    return 0;
}
