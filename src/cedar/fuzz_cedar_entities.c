/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as entities in JSON, with a schema and without: refused with a reason, or a store in
 * which every entity is found and is in its parents. */
#include "cedar/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(struct arena *a, const struct json *v, const struct cedar_schema *s)
{
    struct cedar_faults f;
    struct cedar_entities all;
    const struct cedar_store *store = NULL;
    cedar_faults_init(&f, a);
    if (cedar_entities_json(a, v, s, &f, &all) != E_NONE ||
        cedar_store_build(a, all.at, all.n, &f, &store) != E_NONE) {
        must(f.n > 0 && !store);
        return;
    }
    for (size_t i = 0; i < all.n; i++) {
        must(cedar_find(store, &all.at[i].uid) != NULL);
        for (u32 k = 0; k < all.at[i].parents_n; k++)
            must(cedar_is_in(store, &all.at[i].uid, &all.at[i].parents[k]));
    }
    for (size_t i = 0; i < cedar_store_count(store); i++) {
        struct buf b = buf_in(a, 1 << 24);
        struct cedar_value again;
        const struct json *j;
        const struct cedar_entity *e = cedar_store_at(store, i);
        cedar_put_json(&b, &e->attrs);
        if (json_parse(a, buf_str(&b), &j, NULL) != E_NONE)
            continue; /* deeper by its escapes than the reader goes */
        err got = cedar_value_json(a, j, &f, &again);
        must(got != E_NONE || cedar_eq(&again, &e->attrs));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new("fuzz", (size_t)1 << 30);
    struct cedar_faults f;
    const struct cedar_schema *s;
    const struct json *v;
    cedar_faults_init(&f, a);
    must(cedar_schema_parse(
             a,
             S("entity User in [Team] { n: Long, ip?: ipaddr, d?: datetime, m?: decimal, u?: User, "
               "s?: Set<User>, r?: { t: duration } } tags Set<String>; entity Team in Team; "
               "entity C enum [\"a\"]; action g; action a in g appliesTo { principal: User, "
               "resource: Team };"),
             &f, &s) == E_NONE);
    if (json_parse(a, (str){ (const char *)data, n }, &v, NULL) == E_NONE) {
        check(a, v, NULL);
        check(a, v, s);
    }
    arena_free(a);
    return 0;
}
