/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to matter must matter at least: a page decided by kinds of rows must be the page
 * decided row by row. */
#include "cedar/depends.h"
#include "test/test.h"

static struct cedar_depends depends_of(struct T *T, str text, const char *action)
{
    const struct cedar_policies *p;
    const struct cedar_store *s;
    struct cedar_depends d;
    struct cedar_faults *f = NEW(T->arena, struct cedar_faults);
    cedar_faults_init(f, T->arena);
    expect_ok(cedar_parse(T->arena, text, f, &p));
    expect_ok(cedar_store_build(T->arena, NULL, 0, f, &s));
    struct cedar_uid uid = cedar_uid(S("Action"), str_from(action));
    cedar_depends(p, s, &uid, T->arena, &d);
    return d;
}

TEST(attributes_that_conditions_name_matter_and_others_do_not)
{
    struct cedar_depends d = depends_of(
        T,
        S("permit(principal, action == Action::\"read\", resource) when { resource.kind == \"a\" "
          "&& resource has label };"
          "forbid(principal, action, resource is Row) unless { context.member || "
          "!(resource.owner.name like \"x*\") };"
          "permit(principal, action == Action::\"write\", resource) when { resource.secret };"),
        "read");
    expect(!d.identity && !d.ancestors);
    expect_i(d.attrs_n, 3);
    expect_s(d.attrs[0], S("kind"));
    expect_s(d.attrs[1], S("label"));
    expect_s(d.attrs[2], S("owner"));
}

TEST(a_policy_that_asks_which_resource_it_is_forbids_conclusions)
{
    static const char *const which[] = {
        "permit(principal, action, resource == Row::\"1\");",
        "permit(principal, action, resource in Folder::\"1\");",
        "permit(principal, action, resource is Row in Folder::\"1\");",
        "permit(principal, action, resource) when { resource == principal };",
        "permit(principal, action, resource) when { resource in Folder::\"1\" };",
        "permit(principal, action, resource) when { [resource].contains(principal) };",
        "permit(principal, action, resource) when { {r: resource}.r.kind == \"a\" };",
        "permit(principal, action, resource) when { principal.rows.contains(resource) };",
        ("permit(principal, action, resource) when { if context.a then resource.b "
         "else resource == principal };"),
        "permit(principal, action, resource) when { resource.hasTag(\"x\") };",
        "permit(principal, action, resource) when { principal in resource };",
    };
    for (size_t i = 0; i < COUNT(which); i++)
        if (!depends_of(T, str_from(which[i]), "read").identity)
            test_failed(__FILE__, __LINE__, "said not to matter: %s", which[i]);
}

TEST(policies_of_other_actions_do_not_count)
{
    struct cedar_depends d =
        depends_of(T,
                   S("permit(principal, action in [Action::\"write\", Action::\"drop\"], resource "
                     "== Row::\"1\");"
                     "permit(principal, action, resource) when { resource.kind == \"a\" };"),
                   "read");
    expect(!d.identity);
    expect_i(d.attrs_n, 1);
}
