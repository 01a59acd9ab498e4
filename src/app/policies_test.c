/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped policy against the schema that is made from the models: a rule about an action, an
 * attribute or a circumstance that does not exist must not reach anybody's office. */
#include "app/demo/tables.h"
#include "base/map.h"
#include "cedar/cedar.h"
#include "gen/all.h"
#include "test/test.h"

static void say_faults(struct T *T, const struct cedar_faults *f, str text)
{
    struct buf b = buf_in(T->arena, 1 << 20);
    for (u32 i = 0; i < f->n; i++)
        cedar_fault_put(&b, &f->at[i], S("policies/base.cedar"), text);
    if (f->errors)
        test_failed(__FILE__, __LINE__, "\n" STR_FMT, STR_ARG(buf_str(&b)));
}

TEST(the_shipped_policy_is_valid_against_the_models_schema)
{
    const struct cedar_policies *p;
    const struct cedar_schema *s;
    struct cedar_faults *f = NEW(T->arena, struct cedar_faults);
    cedar_faults_init(f, T->arena);
    expect_ok(cedar_parse(T->arena, tables_base_policy(), f, &p));
    expect_ok(cedar_schema_parse(T->arena, str_from(gen_cedarschema), f, &s));
    err e = cedar_validate(p, s, f);
    say_faults(T, f, tables_base_policy());
    expect_ok(e);
}

TEST(every_rule_has_a_name_of_its_own_and_every_forbid_says_what_to_do)
{
    const struct cedar_policies *p;
    struct cedar_faults *f = NEW(T->arena, struct cedar_faults);
    struct map names = map_in(T->arena);
    cedar_faults_init(f, T->arena);
    expect_ok(cedar_parse(T->arena, tables_base_policy(), f, &p));
    for (u32 i = 0; i < cedar_count(p); i++) {
        str name, advice;
        expect(cedar_annotation(p, i, S("id"), &name) && name.n > 0);
        expect(!map_has(&names, name));
        map_put(&names, name, f);
        if (cedar_is_forbid(p, i))
            expect(cedar_annotation(p, i, S("advice"), &advice) && advice.n > 0);
    }
}
