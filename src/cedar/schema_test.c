/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas and what they refuse: policies, entities, requests. */
#include "cedar/cedar.h"
#include "test/test.h"

static const str company =
    S_INIT("entity Team in [Team];\n"
           "entity User in [Team] = { level: Long, name?: String, manager?: User } tags String;\n"
           "entity Doc in [Folder] { owner: User, ip: ipaddr, sizes: Set<Long>, meta: Meta };\n"
           "entity Folder in Folder;\n"
           "entity Colour enum [\"red\", \"green\"];\n"
           "type Meta = { pages: Long, note?: String };\n"
           "action all;\n"
           "action read, list in [all] appliesTo { principal: User, resource: [Doc, Folder],\n"
           "  context: { mfa: Bool, at?: datetime } };\n"
           "action \"paint it\" appliesTo { principal: [User], resource: Colour };\n");

static const struct cedar_schema *schema_of(struct T *T, str text)
{
    struct cedar_faults f;
    const struct cedar_schema *s = NULL;
    cedar_faults_init(&f, T->arena);
    if (cedar_schema_parse(T->arena, text, &f, &s) != E_NONE)
        test_failed(__FILE__, __LINE__, "schema: " STR_FMT, STR_ARG(f.at[0].text));
    return s;
}

/* The first fault of a policy, or "" when it is valid. */
static str check(struct T *T, const struct cedar_schema *s, const char *policy)
{
    struct cedar_faults f;
    const struct cedar_policies *p;
    cedar_faults_init(&f, T->arena);
    expect_ok(cedar_parse(T->arena, str_from(policy), &f, &p));
    err e = cedar_validate(p, s, &f);
    expect((e == E_NONE) == (f.errors == 0));
    for (u32 i = 0; i < f.n; i++)
        if (!f.at[i].warning)
            return f.at[i].text;
    return S("");
}

TEST(the_validator_accepts_what_is_safe_and_names_what_is_not)
{
    static const struct {
        const char *policy, *fault;
    } rows[] = {
        { "permit(principal, action == Action::\"read\", resource) when { context.mfa };", "" },
        { "permit(principal, action, resource) when { context.mfa };",
          "{} has no attribute `mfa`" },
        { "permit(principal, action in Action::\"all\", resource is Doc) when { resource.owner == "
          "principal && principal has name && principal.name like \"A*\" };",
          "" },
        { "permit(principal, action in Action::\"all\", resource is Doc) when { principal.name == "
          "\"A\" };",
          "the attribute `name` is optional: test for it with `has` first" },
        { "permit(principal, action, resource is Doc) when { principal has manager.name && "
          "principal.manager.name == \"x\" };",
          "" },
        { "permit(principal, action, resource is Doc) when { resource.meta.words == 1 };",
          "{note?: String, pages: Long} has no attribute `words`" },
        { "permit(principal, action, resource) when { principal == 1 };",
          "compared values must have one type: User and Long" },
        { "permit(principal, action, resource) when { principal in 1 };",
          "expected an entity or a set of entities, got Long" },
        { "permit(principal, action, resource) when { [] == [] };",
          "the empty set has no type: it may not be written where the schema is enforced" },
        { "permit(principal, action, resource) when { [1, \"a\"].contains(1) };",
          "the elements of a set must have one type: Long and String" },
        { "permit(principal, action, resource is Doc) when { resource.ip.isInRange(ip(\"10/8\")) "
          "};",
          "ip() does not accept this text" },
        { "permit(principal, action, resource is Doc) when { ip(principal.name) == resource.ip };",
          "ip() takes a literal where the schema is enforced" },
        { "permit(principal, action, resource is Doc) when { resource.ip.isIpv4(1) };",
          "isIpv4() takes 0 arguments, not 1" },
        { "permit(principal == Usr::\"a\", action, resource);",
          "the schema has no entity type `Usr`" },
        { "permit(principal, action == Action::\"fly\", resource);",
          "the schema has no action Action::\"fly\"" },
        { "permit(principal is Team, action, resource);",
          "the scope applies to no action, principal and resource that the schema allows "
          "together" },
        { "permit(principal, action == Action::\"paint it\", resource == Colour::\"blue\");",
          "Colour::\"blue\" is none of the ids that its type has" },
        { "permit(principal, action, resource) when { principal.hasTag(\"a\") && "
          "principal.getTag(\"a\") == \"b\" };",
          "" },
        { "permit(principal, action, resource) when { principal.getTag(\"a\") == \"b\" };",
          "the tag may be missing: test for it with hasTag() first" },
        { "permit(principal, action, resource) when { if principal.level then true else false };",
          "expected Bool, got Long" },
        { "permit(principal, action, resource) when { (if principal.level > 1 then 1 else \"a\") "
          "== 1 "
          "};",
          "the branches have different types: Long and String" },
        { "permit(principal, action, resource) when { principal.level < \"a\" };",
          "only two of Long, datetime or duration compare: got Long and String" },
        { "permit(principal, action, resource) when { false && principal.level.x.y };", "" },
        { "permit(principal in ?principal, action, resource == ?resource) when { principal.level > "
          "1 "
          "};",
          "" },
    };
    const struct cedar_schema *s = schema_of(T, company);
    for (size_t i = 0; i < COUNT(rows); i++) {
        str got = check(T, s, rows[i].policy);
        if (!str_eq_z(got, rows[i].fault))
            test_failed(__FILE__, __LINE__, "%s\n    \"" STR_FMT "\"\nexpected\n    \"%s\"",
                        rows[i].policy, STR_ARG(got), rows[i].fault);
    }
}

TEST(a_policy_that_can_never_apply_is_warned_of)
{
    struct cedar_faults f;
    const struct cedar_policies *p;
    cedar_faults_init(&f, T->arena);
    expect_ok(cedar_parse(T->arena,
                          S("permit(principal, action, resource) when { principal is "
                            "Team };"),
                          &f, &p));
    expect_ok(cedar_validate(p, schema_of(T, company), &f));
    expect(f.n == 1 && f.at[0].warning && f.errors == 0);
}

TEST(schemas_that_are_wrong_are_refused_with_their_place)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        { "entity A in B;", "there is no entity type `B`" },
        { "entity A { x: Nope };", "there is no type `Nope`" },
        { "entity A; entity A;", "the entity type `A` is declared twice" },
        { "type A = B; type B = A;", "the common type `A` is defined by itself" },
        { "type Long = String;", "`Long` is the name of a built-in type" },
        { "entity Action;", "an entity type may not be named `Action`" },
        { "action a in b;", "there is no action Action::\"b\"" },
        { "action a in a;", "the action Action::\"a\" is in itself" },
        { "entity A; action a appliesTo { principal: A };",
          "appliesTo must name both `principal` and `resource`" },
        { "entity A; action a appliesTo { principal: A, resource: A, context: A };",
          "there is no common type `A`" },
        { "entity A; namespace N { entity A; }",
          "`A` is declared outside of namespaces already: a type may not hide it" },
        { "namespace N { entity A; } namespace N { }", "the namespace stands twice" },
        { "entity A", "expected ';', found the end of the text" },
        { "entity if;", "`if` is a reserved word" },
        { "type T = String; entity A = { x: T, } tags Set<T>; entity B { y: { z: N::C } };",
          "there is no type `N::C`" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cedar_faults f;
        const struct cedar_schema *s = NULL;
        cedar_faults_init(&f, T->arena);
        expect_err(cedar_schema_parse(T->arena, str_from(rows[i].text), &f, &s), E_INVALID);
        if (!str_eq_z(f.at[0].text, rows[i].fault))
            test_failed(__FILE__, __LINE__, "%s: \"" STR_FMT "\"", rows[i].text,
                        STR_ARG(f.at[0].text));
    }
}

TEST(names_mean_the_nearest_declaration)
{
    const struct cedar_schema *s = schema_of(
        T, S("namespace N { type Name = String; entity U { n: Name, o: Other, l: Long, c: "
             "__cedar::Long };\n  action a appliesTo { principal: U, resource: M::V }; }\n"
             "namespace M { entity V { u: N::U, decimal: decimal }; }\n"
             "type Other = Set<N::Name>;\n"));
    expect_s(check(T, s,
                   "permit(principal, action, resource) when { principal.n like \"a\" && "
                   "principal.o.contains(\"a\") && principal.l < principal.c && resource.u == "
                   "principal };"),
             S(""));
    expect_s(
        check(T, s, "permit(principal is N::U, action == N::Action::\"a\", resource is M::V);"),
        S(""));
}

static err load(struct T *T, const struct cedar_schema *s, const char *json, str *ret_fault,
                struct cedar_entities *ret)
{
    struct cedar_faults f;
    const struct json *v;
    cedar_faults_init(&f, T->arena);
    expect_ok(json_parse(T->arena, str_from(json), &v, NULL));
    err e = cedar_entities_json(T->arena, v, s, &f, ret);
    *ret_fault = f.n ? f.at[0].text : S("");
    return e;
}

TEST(entities_are_read_by_their_types_and_held_to_the_schema)
{
    static const struct {
        const char *json, *fault;
    } bad[] = {
        { "[{\"uid\":{\"type\":\"X\",\"id\":\"1\"},\"attrs\":{},\"parents\":[]}]",
          "X::\"1\": the schema has no such entity type" },
        { "[{\"uid\":{\"type\":\"User\",\"id\":\"1\"},\"attrs\":{},\"parents\":[]}]",
          "User::\"1\": the schema has this attribute otherwise: `level`" },
        { "[{\"uid\":{\"type\":\"User\",\"id\":\"1\"},\"attrs\":{\"level\":\"x\"},\"parents\":[]}]",
          "User::\"1\": the schema has this attribute otherwise: `level`" },
        { "[{\"uid\":{\"type\":\"User\",\"id\":\"1\"},\"attrs\":{\"level\":1,\"x\":1},\"parents\":["
          "]}]",
          "User::\"1\": the schema has this attribute otherwise: `x`" },
        { "[{\"uid\":{\"type\":\"User\",\"id\":\"1\"},\"attrs\":{\"level\":1},\"parents\":[],"
          "\"tags\":{\"t\":1}}]",
          "User::\"1\": the schema has this tag otherwise: `t`" },
        { "[{\"uid\":{\"type\":\"Team\",\"id\":\"1\"},\"attrs\":{},\"parents\":[{\"type\":\"User\","
          "\"id\":\"1\"}]}]",
          "Team::\"1\": may not be in an entity of type `User`" },
        { "[{\"uid\":{\"type\":\"Colour\",\"id\":\"blue\"},\"attrs\":{},\"parents\":[]}]",
          "Colour::\"blue\": none of the ids that its type has" },
        { "[{\"uid\":{\"type\":\"Action\",\"id\":\"read\"},\"attrs\":{},\"parents\":[]}]",
          "Action::\"read\": the schema has this action in more groups" },
        { "[{\"uid\":{\"type\":\"User\",\"id\":\"1\"},\"attrs\":{\"level\":1.5},\"parents\":[]}]",
          "User::\"1\".level: a number must be whole and fit 64 bits" },
    };
    const struct cedar_schema *s = schema_of(T, company);
    struct cedar_entities all;
    str fault;
    for (size_t i = 0; i < COUNT(bad); i++) {
        expect_err(load(T, s, bad[i].json, &fault, &all), E_INVALID);
        expect_s(fault, str_from(bad[i].fault));
    }
    expect_ok(load(T, s,
                   "[{\"uid\":{\"type\":\"Doc\",\"id\":\"1\"},\"attrs\":{\"owner\":{\"type\":"
                   "\"User\",\"id\":\"a\"},\"ip\":\"::1\",\"sizes\":[2,1],\"meta\":{\"pages\":1}},"
                   "\"parents\":[]}]",
                   &fault, &all));
    expect_i(cedar_get(&all.at[0].attrs, S("ip"))->kind, CEDAR_IP);
    expect_i(cedar_get(&all.at[0].attrs, S("owner"))->kind, CEDAR_ENTITY);
    expect_i(all.n, 5); /* the actions of the schema came along */
}

TEST(requests_are_held_to_the_schema)
{
    static const struct {
        const char *json, *fault;
    } rows[] = {
        { "{\"principal\":\"User::\\\"a\\\"\",\"action\":\"Action::\\\"read\\\"\",\"resource\":"
          "{\"type\":\"Doc\",\"id\":\"1\"},\"context\":{\"mfa\":true,\"at\":\"2024-01-01\"}}",
          "" },
        { "{\"principal\":\"User::\\\"a\\\"\",\"action\":\"Action::\\\"read\\\"\",\"resource\":"
          "{\"type\":\"Doc\",\"id\":\"1\"},\"context\":{}}",
          "Action::\"read\": its context has otherwise: `mfa`" },
        { "{\"principal\":\"Doc::\\\"a\\\"\",\"action\":\"Action::\\\"read\\\"\",\"resource\":"
          "{\"type\":\"Doc\",\"id\":\"1\"},\"context\":{\"mfa\":true}}",
          "Action::\"read\": does not apply to a principal of type `Doc`" },
        { "{\"principal\":\"User::\\\"a\\\"\",\"action\":\"Action::\\\"fly\\\"\",\"resource\":"
          "{\"type\":\"Doc\",\"id\":\"1\"}}",
          "Action::\"fly\": the schema has no such action" },
        { "{\"principal\":\"User::\\\"a\\\"\",\"action\":\"Action::\\\"paint it\\\"\",\"resource\":"
          "{\"type\":\"Colour\",\"id\":\"blue\"}}",
          "Colour::\"blue\": none of the ids that its type has" },
    };
    const struct cedar_schema *s = schema_of(T, company);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cedar_faults f;
        struct cedar_request req;
        const struct json *v;
        cedar_faults_init(&f, T->arena);
        expect_ok(json_parse(T->arena, str_from(rows[i].json), &v, NULL));
        expect_ok(cedar_request_json(T->arena, v, s, &f, &req));
        expect((cedar_validate_request(s, &req, &f) == E_NONE) == !*rows[i].fault);
        expect_s(f.n ? f.at[0].text : S(""), str_from(rows[i].fault));
    }
}

TEST(the_two_forms_of_a_schema_mean_the_same)
{
    struct cedar_faults f;
    const struct cedar_schema *s;
    const struct json *v;
    str json =
        S("{\"\":{\"commonTypes\":{\"Meta\":{\"type\":\"Record\",\"attributes\":{\"pages\":"
          "{\"type\":\"Long\"},\"note\":{\"type\":\"String\",\"required\":false}}}},"
          "\"entityTypes\":{\"User\":{\"shape\":{\"type\":\"Record\",\"attributes\":{\"level\":"
          "{\"type\":\"Long\"}}},\"tags\":{\"type\":\"String\"}},\"Doc\":{\"memberOfTypes\":"
          "[\"Doc\"],\"shape\":{\"type\":\"Record\",\"attributes\":{\"meta\":{\"type\":\"Meta\"},"
          "\"ip\":{\"type\":\"Extension\",\"name\":\"ipaddr\"},\"owner\":{\"type\":\"Entity\","
          "\"name\":\"User\"},\"s\":{\"type\":\"Set\",\"element\":{\"type\":\"EntityOrCommon\","
          "\"name\":\"User\"}}}}},\"C\":{\"enum\":[\"red\"]}},\"actions\":{\"all\":{},\"read\":"
          "{\"memberOf\":[{\"id\":\"all\"}],\"appliesTo\":{\"principalTypes\":[\"User\"],"
          "\"resourceTypes\":[\"Doc\"],\"context\":{\"type\":\"Record\",\"attributes\":{}}}}}}}");
    cedar_faults_init(&f, T->arena);
    expect_ok(json_parse(T->arena, json, &v, NULL));
    if (cedar_schema_json(T->arena, v, &f, &s) != E_NONE)
        test_failed(__FILE__, __LINE__, STR_FMT, STR_ARG(f.at[0].text));
    expect_s(check(T, s,
                   "permit(principal, action in Action::\"all\", resource) when { "
                   "resource.meta.pages > 1 && resource.ip.isIpv4() && resource.owner == "
                   "principal && resource.s.contains(principal) && principal.hasTag(\"x\") };"),
             S(""));
    expect_s(
        check(T, s, "permit(principal, action, resource) when { resource.meta.note == \"\" };"),
        S("the attribute `note` is optional: test for it with `has` first"));
}
