/* SPDX-License-Identifier: Apache-2.0 */
/* The language as its users meet it: what is decided, why, and what is said of a text that is
 * wrong. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/fault.h"
#include "base/rng.h"
#include "cedar/internal.h"
#include "test/test.h"

static const struct cedar_policies *parse(struct T *T, str text)
{
    struct cedar_faults f;
    const struct cedar_policies *p = NULL;
    cedar_faults_init(&f, T->arena);
    err e = cedar_parse(T->arena, text, &f, &p);
    if (e != E_NONE)
        test_failed(__FILE__, __LINE__, "does not parse: " STR_FMT, STR_ARG(f.at[0].text));
    return p;
}

static const struct cedar_store *store_of(struct T *T, str json)
{
    struct cedar_faults f;
    const struct json *v;
    struct cedar_entities all;
    const struct cedar_store *s = NULL;
    cedar_faults_init(&f, T->arena);
    expect_ok(json_parse(T->arena, json, &v, NULL));
    expect_ok(cedar_entities_json(T->arena, v, NULL, &f, &all));
    expect_ok(cedar_store_build(T->arena, all.at, all.n, &f, &s));
    return s;
}

static const str people = S_INIT(
    "[{\"uid\":{\"type\":\"User\",\"id\":\"ana\"},\"attrs\":{\"level\":3,\"name\":\"Ana\"},"
    "\"parents\":[{\"type\":\"Team\",\"id\":\"core\"}],\"tags\":{\"city\":\"Taipei\"}},"
    "{\"uid\":{\"type\":\"Team\",\"id\":\"core\"},\"attrs\":{},\"parents\":[{\"type\":\"Team\","
    "\"id\":\"all\"}]},"
    "{\"uid\":{\"type\":\"Doc\",\"id\":\"plan\"},\"attrs\":{\"owner\":{\"__entity\":{\"type\":"
    "\"User\",\"id\":\"ana\"}},\"meta\":{\"words\":[1,2,2]}},\"parents\":[{\"type\":\"Folder\","
    "\"id\":\"f\"}]}]");

static struct cedar_request ana_reads(void)
{
    return (struct cedar_request){ .principal = cedar_uid(S("User"), S("ana")),
                                   .action = cedar_uid(S("Action"), S("read")),
                                   .resource = cedar_uid(S("Doc"), S("plan")) };
}

/* What a condition comes to: 't', 'f', or 'e' for an error. */
static char condition(struct T *T, const char *expr)
{
    struct cedar_request req = ana_reads();
    struct cedar_field at[2] = { { S("ip"), { 0 } }, { S("n"), cedar_long(7) } };
    struct cedar_answer got;
    expect_ok(cedar_parse_ip(T->arena, S("10.1.2.3"), &at[0].value));
    req.context = cedar_record(at, 2);
    const struct cedar_policies *p =
        parse(T, str_fmt(T->arena, "permit(principal,action,resource) when { %s };", expr));
    expect_ok(cedar_decide(p, store_of(T, people), &req, T->arena, &got));
    return got.errors_n ? 'e' : got.allow ? 't' : 'f';
}

TEST(conditions_come_to_what_the_language_says)
{
    static const struct {
        const char *e;
        char want;
    } rows[] = {
        { "principal in Team::\"all\" && resource in Folder::\"f\"", 't' },
        { "principal in [Team::\"x\", Team::\"core\"]", 't' },
        { "principal in []", 'f' },
        { "principal in [Team::\"core\", 1]", 'e' },
        { "principal is User in Team::\"all\" && !(principal is Team)", 't' },
        { "principal is Team in 1", 'f' },
        { "resource.owner == principal && resource.owner.level > 2", 't' },
        { "resource.meta.words.containsAll([2, 1]) && resource.meta has words", 't' },
        { "resource has meta.words && !(resource has meta.pages.first)", 't' },
        { "principal.hasTag(\"city\") && principal.getTag(\"city\") == \"Taipei\"", 't' },
        { "principal.getTag(\"street\") == \"\"", 'e' },
        { "User::\"nobody\" has name", 'f' },
        { "User::\"nobody\".name == \"\"", 'e' },
        { "principal.nope == 1", 'e' },
        { "false && principal.nope", 'f' },
        { "true || principal.nope", 't' },
        { "if context.n == 7 then true else principal.nope", 't' },
        { "1 && true", 'e' },
        { "9223372036854775807 + 1 == 0", 'e' },
        { "-9223372036854775808 == -9223372036854775807 - 1", 't' },
        { "--9223372036854775808 > 0", 'e' },
        { "4611686018427387904 * 2 > 0", 'e' },
        { "[1, 2] == [2, 1, 1] && {a: 1, b: [2]} == {\"b\": [2], \"a\": 1}", 't' },
        { "[[]].contains([]) && [].isEmpty()", 't' },
        { "[1, \"a\"].containsAny([\"a\", true])", 't' },
        { "\"a*b\" like \"a\\*b\" && !(\"axb\" like \"a\\*b\")", 't' },
        { "\"abcbc\" like \"a*bc\" && \"\" like \"*\" && !(\"ab\" like \"ab*b\")", 't' },
        { "context.ip.isInRange(ip(\"10.0.0.0/8\")) && context.ip.isIpv4()", 't' },
        { "ip(\"::1\").isLoopback() && ip(\"ff02::1\").isMulticast()", 't' },
        { "ip(\"127.0.0.1/7\").isLoopback() || ip(\"::1/120\").isLoopback()", 'f' },
        { "ip(\"10.0.0.1/24\") == ip(\"10.0.0.0/24\")", 'f' },
        { "ip(\"1.1.1.01\").isIpv4()", 'e' },
        { "ip(\"::ffff:1.2.3.4\").isIpv6()", 'e' },
        { "decimal(\"-0.5\").lessThan(decimal(\"0.0\"))", 't' },
        { "decimal(\"1.00001\").lessThan(decimal(\"2.0\"))", 'e' },
        { "datetime(\"2024-02-29T23:59:59.999+0130\").toDate() == datetime(\"2024-02-29\")", 't' },
        { "datetime(\"2023-02-29\") < datetime(\"2024-01-01\")", 'e' },
        { "datetime(\"1969-12-31T23:00:00Z\").toTime() == duration(\"23h\")", 't' },
        { "duration(\"-1d2h\").toHours() == -26 && duration(\"1m2ms\").toMilliseconds() == 60002",
          't' },
        { "duration(\"2s1m\").toSeconds() == 62", 'e' },
        { "datetime(\"2024-01-02\").durationSince(datetime(\"2024-01-01\")).toDays() == 1", 't' },
        { "datetime(\"2024-01-01\").offset(duration(\"1ms\")) > datetime(\"2024-01-01\")", 't' },
        { "ip() == ip()", 'e' },
        { "true < false", 'e' },
        { "1 < \"a\"", 'e' },
        { "\"\\u{1F600}\\x41\\n\" == \"😀A\\u{a}\"", 't' },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char got = condition(T, rows[i].e);
        if (got != rows[i].want)
            test_failed(__FILE__, __LINE__, "%s came to %c, expected %c", rows[i].e, got,
                        rows[i].want);
    }
}

TEST(texts_that_are_wrong_are_refused)
{
    static const char *const rows[] = {
        "permit(principal, action);",
        "permit(principal, action, resource)",
        "permit(principal, action, resource) when {};",
        "permit(principal, action, resource) where { true };",
        "permit(principal == ?resource, action, resource);",
        "permit(principal, action == User::\"a\", resource);",
        "permit(principal, action is Action, resource);",
        "permit(principal, action, resource) when { ?principal == principal };",
        "@a @a permit(principal, action, resource);",
        "permit(principal, action, resource) when { 1 == 2 == 3 };",
        "permit(principal, action, resource) when { 9223372036854775808 > 0 };",
        "permit(principal, action, resource) when { -----1 > 0 };",
        "permit(principal, action, resource) when { {a: 1, a: 2}.a == 1 };",
        "permit(principal, action, resource) when { {if: 1}[\"if\"] == 1 };",
        "permit(principal, action, resource) when { principal.if };",
        "permit(principal, action, resource) when { foo(1) };",
        "permit(principal, action, resource) when { principal.foo() };",
        "permit(principal, action, resource) when { contains(1) };",
        "permit(principal, action, resource) when { [1].contains() };",
        "permit(principal, action, resource) when { \"a\" like b };",
        "permit(principal, action, resource) when { \"\\q\" == \"\" };",
        "permit(principal, action, resource) when { \"\\u{110000}\" == \"\" };",
        "permit(principal, action, resource) when { __cedar::X::\"a\" == principal };",
        "permit(principal, action, resource) when { principal has \"a\".b };",
        "permit(principal, action, resource) when { 4 / 2 == 2 };",
        "permit(principal, action, resource) when { principal = resource };",
        "permit(principal, action, resource) when { \"abc };",
        "permit(principal, action, resource) when { # };",
        "permit(principal, action, resource) when { \"\xff\" == \"\" };",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cedar_faults f;
        const struct cedar_policies *p = NULL;
        cedar_faults_init(&f, T->arena);
        err e = cedar_parse(T->arena, str_from(rows[i]), &f, &p);
        if (e != E_INVALID || !f.n || p)
            test_failed(__FILE__, __LINE__, "accepted: %s", rows[i]);
    }
}

TEST(faults_name_their_places_and_several_come_in_one_run)
{
    struct cedar_faults f;
    const struct cedar_policies *p = NULL;
    struct buf b = buf_in(T->arena, 10000);
    str text = S("permit(principal;\nforbid(principal, action, resource) when { 中文 };\n"
                 "permit(principal, action, resource)\n  when { principal.x + };");
    cedar_faults_init(&f, T->arena);
    expect_err(cedar_parse(T->arena, text, &f, &p), E_INVALID);
    text = S("permit(principal;\nforbid(principal, action, resource) when { foo.x };\n"
             "permit(principal, action, resource)\n  when { principal.x + };");
    cedar_faults_init(&f, T->arena);
    expect_err(cedar_parse(T->arena, text, &f, &p), E_INVALID);
    expect_i(f.n, 3);
    for (u32 i = 0; i < f.n; i++)
        cedar_fault_put(&b, &f.at[i], S("p.cedar"), text);
    expect_s(
        buf_str(&b),
        S("p.cedar:1:17: error: expected ',', found `;`\n"
          "    1 | permit(principal;\n"
          "      |                 ^\n"
          "p.cedar:2:44: error: `foo` is not a variable (they are principal, action, resource, "
          "context)\n"
          "    2 | forbid(principal, action, resource) when { foo.x };\n"
          "      |                                            ^~~\n"
          "p.cedar:4:24: error: expected an expression, found `}`\n"
          "    4 |   when { principal.x + };\n"
          "      |                        ^\n"));
}

TEST(forbid_goes_before_permit_and_errors_are_reported)
{
    const struct cedar_policies *p =
        parse(T, S("@id(\"a\") permit(principal, action, resource);\n"
                   "@id(\"b\") @advice(\"ask\") forbid(principal, action == Action::\"write\", "
                   "resource);\n"
                   "permit(principal, action, resource) when { principal.nope };"));
    const struct cedar_store *s = store_of(T, people);
    struct cedar_request req = ana_reads();
    struct cedar_answer got;
    str text;
    expect_ok(cedar_decide(p, s, &req, T->arena, &got));
    expect(got.allow && got.reasons_n == 1 && got.reasons[0] == 0 && got.errors_n == 1);
    expect_i(got.errors[0].code, CEDAR_E_NO_ATTR);
    expect_i(got.errors[0].policy, 2);
    req.action = cedar_uid(S("Action"), S("write"));
    expect_ok(cedar_decide(p, s, &req, T->arena, &got));
    expect(!got.allow && got.reasons_n == 1 && got.reasons[0] == 1);
    expect(cedar_annotation(p, 1, S("advice"), &text) && str_eq(text, S("ask")));
    expect(!cedar_annotation(p, 0, S("advice"), &text));
    expect_s(cedar_id(p, 2), S("policy2"));
    p = parse(T, S("forbid(principal, action, resource) when { false };"));
    expect_ok(cedar_decide(p, s, &req, T->arena, &got));
    expect(!got.allow && got.reasons_n == 0 && got.errors_n == 0);
}

TEST(entities_of_a_request_stand_before_the_store_and_inherit_from_it)
{
    const struct cedar_policies *p =
        parse(T, S("permit(principal in Team::\"all\", action, resource in Folder::\"g\")"
                   " when { resource.open };"));
    struct cedar_request req = ana_reads();
    struct cedar_answer got;
    struct cedar_field attrs[] = { { S("open"), cedar_bool(true) } };
    struct cedar_uid box = cedar_uid(S("Box"), S("1")), folder = cedar_uid(S("Folder"), S("g"));
    struct cedar_entity extra[] = {
        { .uid = req.resource, .attrs = cedar_record(attrs, 1), .parents = &box, .parents_n = 1 },
        { .uid = box, .parents = &folder, .parents_n = 1 },
    };
    const struct cedar_store *s = store_of(T, people);
    expect_ok(cedar_decide(p, s, &req, T->arena, &got));
    expect(!got.allow);
    req.extra = extra;
    req.extra_n = 2;
    expect_ok(cedar_decide(p, s, &req, T->arena, &got));
    expect(got.allow);
    extra[1].parents = &req.resource; /* a cycle, which nobody checked */
    expect_ok(cedar_decide(p, s, &req, T->arena, &got));
    expect(!got.allow);
}

TEST(stores_with_cycles_or_two_faces_of_one_entity_are_refused)
{
    struct cedar_uid a = cedar_uid(S("A"), S("1")), b = cedar_uid(S("A"), S("2"));
    struct cedar_field one[] = { { S("x"), cedar_long(1) } };
    struct cedar_entity ring[] = { { .uid = a, .parents = &b, .parents_n = 1 },
                                   { .uid = b, .parents = &a, .parents_n = 1 } };
    struct cedar_entity twin[] = { { .uid = a }, { .uid = a, .attrs = cedar_record(one, 1) } };
    struct cedar_entity same[] = { { .uid = a }, { .uid = a } };
    struct cedar_faults f;
    const struct cedar_store *s = NULL;
    cedar_faults_init(&f, T->arena);
    expect_err(cedar_store_build(T->arena, ring, 2, &f, &s), E_INVALID);
    expect_s(f.at[0].text, S("entity A::\"1\" is its own ancestor"));
    expect_err(cedar_store_build(T->arena, twin, 2, &f, &s), E_INVALID);
    expect(s == NULL);
    expect_ok(cedar_store_build(T->arena, same, 2, &f, &s));
    expect_i(cedar_store_count(s), 1);
}

TEST(a_chain_whose_closure_is_too_large_is_refused)
{
    enum { LONG = 20000 };
    struct arena *a = arena_new("chain", 64 << 20);
    struct cedar_uid *uids = NEW_N(a, struct cedar_uid, LONG);
    struct cedar_entity *at = NEW_N(a, struct cedar_entity, LONG);
    struct cedar_faults f;
    const struct cedar_store *s = NULL;
    cedar_faults_init(&f, T->arena);
    for (u32 i = 0; i < LONG; i++)
        uids[i] = cedar_uid(S("G"), str_fmt(a, "%u", i));
    for (u32 i = 0; i < LONG; i++)
        at[i] = (struct cedar_entity){ .uid = uids[i],
                                       .parents = &uids[i + 1],
                                       .parents_n = i + 1 < LONG };
    expect_ok(cedar_store_build(a, at + LONG - 1000, 1000, &f, &s));
    expect(cedar_is_in(s, &uids[LONG - 1000], &uids[LONG - 1]));
    s = NULL;
    expect_err(cedar_store_build(a, at, LONG, &f, &s), E_LIMIT);
    expect(f.n == 1 && !s);
    arena_free(a);
}

TEST(templates_apply_only_when_linked)
{
    const struct cedar_policies *p =
        parse(T, S("permit(principal == ?principal, action, resource in ?resource);"));
    struct cedar_uid ana = cedar_uid(S("User"), S("ana")), f = cedar_uid(S("Folder"), S("f"));
    struct cedar_request req = ana_reads();
    struct cedar_answer got;
    const struct cedar_store *s = store_of(T, people);
    expect(cedar_is_template(p, 0));
    expect_ok(cedar_decide(p, s, &req, T->arena, &got));
    expect(!got.allow);
    struct cedar_link l = { .template_id = S("policy0"), .id = S("for-ana"), .principal = &ana };
    expect_err(cedar_link(T->arena, p, &l, 1, &p), E_INVALID);
    l.resource = &f;
    const struct cedar_policies *linked;
    expect_ok(cedar_link(T->arena, p, &l, 1, &linked));
    expect_err(cedar_link(T->arena, linked, &l, 1, &linked), E_CONFLICT);
    expect_ok(cedar_decide(linked, s, &req, T->arena, &got));
    expect(got.allow && got.reasons_n == 1);
    expect_s(cedar_id(linked, got.reasons[0]), S("for-ana"));
    l.template_id = S("nope");
    l.id = S("x");
    expect_err(cedar_link(T->arena, p, &l, 1, &linked), E_NOT_FOUND);
}

TEST(deep_and_long_texts_meet_limits_and_not_the_stack)
{
    struct cedar_faults f;
    const struct cedar_policies *p = NULL;
    static const char *const open[] = { "(", "[", "{a:", "!(", "if true then true else ", "-(" };
    for (size_t k = 0; k < COUNT(open); k++) {
        struct buf b = buf_in(T->arena, 2 << 20);
        buf_put(&b, S("permit(principal, action, resource) when { "));
        for (int i = 0; i < 50000; i++)
            buf_put(&b, str_from(open[k]));
        cedar_faults_init(&f, T->arena);
        expect_err(cedar_parse(T->arena, buf_str(&b), &f, &p), E_LIMIT);
        expect(f.n > 0);
    }
    struct buf sum = buf_in(T->arena, 2 << 20);
    buf_put(&sum, S("permit(principal, action, resource) when { 1"));
    for (int i = 0; i < 50000; i++)
        buf_put(&sum, S(" + 1"));
    buf_put(&sum, S(" == 2 };"));
    cedar_faults_init(&f, T->arena);
    expect_err(cedar_parse(T->arena, buf_str(&sum), &f, &p), E_LIMIT);
    struct buf chain = buf_in(T->arena, 2 << 20); /* && and || may be as long as they like */
    buf_put(&chain, S("permit(principal, action, resource) when { true"));
    for (int i = 0; i < 50000; i++)
        buf_put(&chain, S(" && true"));
    buf_put(&chain, S(" };"));
    struct cedar_request req = ana_reads();
    struct cedar_answer got;
    expect_ok(cedar_decide(parse(T, buf_str(&chain)), NULL, &req, T->arena, &got));
    expect(got.allow);
    struct arena *small = arena_new("small", 1000);
    expect_err(cedar_parse(small, buf_str(&chain), &f, &p), E_LIMIT);
    expect_err(cedar_decide(parse(T, S("permit(principal, action, resource) when "
                                       "{ [context, 1].contains(1) };")),
                            NULL, &req, small, &got),
               E_NONE);
    arena_doom(small);
    expect_err(
        cedar_decide(parse(T, S("permit(principal, action, resource);")), NULL, &req, small, &got),
        E_LIMIT);
    arena_free(small);
}

TEST(a_decision_in_too_little_memory_is_a_limit_and_not_an_answer)
{
    struct buf set = buf_in(T->arena, 4 << 20), many = buf_in(T->arena, 4 << 20);
    struct cedar_request req = ana_reads();
    struct cedar_answer got = { 0 };
    struct arena *small = arena_new("small", 4096);
    buf_put(&set, S("permit(principal, action, resource) when { ![context"));
    for (int i = 0; i < 20000; i++)
        buf_fmt(&set, ", %d", i);
    buf_put(&set, S("].isEmpty() };"));
    for (int i = 0; i < 20000; i++)
        buf_put(&many, S("permit(principal, action, resource) when { principal.x };\n"));
    expect_err(cedar_decide(parse(T, buf_str(&set)), NULL, &req, small, &got), E_LIMIT);
    arena_reset(small);
    expect_err(cedar_decide(parse(T, buf_str(&many)), NULL, &req, small, &got), E_LIMIT);
    expect(!got.allow);
    arena_free(small);
}

TEST(an_explanation_says_which_part_decided_and_what_it_saw)
{
    const struct cedar_policies *p = parse(
        T, S("permit(principal, action, resource)\n"
             "when { principal.level > 2 && (resource.owner == User::\"bob\" || context.n < 3) }\n"
             "unless { principal.name == \"Eve\" };"));
    struct cedar_request req = ana_reads();
    struct cedar_field at[] = { { S("n"), cedar_long(7) } };
    struct cedar_explanation got;
    struct buf b = buf_in(T->arena, 10000);
    req.context = cedar_record(at, 1);
    expect_ok(cedar_explain(p, store_of(T, people), &req, T->arena, &got));
    cedar_explanation_put(&b, p, &got);
    expect_s(buf_str(&b),
             S("DENY\n"
               "permit policy0: not satisfied\n"
               "  when: false, because of resource.owner == User::\"bob\" || context.n < 3\n"
               "    principal.level is 3\n"
               "    principal.level > 2 is true\n"
               "    resource.owner is User::\"ana\"\n"
               "    resource.owner == User::\"bob\" is false\n"
               "    context.n is 7\n"
               "    context.n < 3 is false\n"
               "  unless: not reached\n"
               "nothing permits: the default is to deny\n"));
}

TEST(policies_from_json_are_explained_in_the_words_of_text)
{
    struct cedar_faults f;
    const struct cedar_policies *p;
    const struct json *v;
    struct cedar_request req = ana_reads();
    struct cedar_explanation got;
    struct buf b = buf_in(T->arena, 10000);
    cedar_faults_init(&f, T->arena);
    expect_ok(json_parse(
        T->arena,
        S("{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},\"action\":{\"op\":\"All\"},"
          "\"resource\":{\"op\":\"All\"},\"conditions\":[{\"kind\":\"when\",\"body\":{\"&&\":"
          "{\"left\":{\"has\":{\"left\":{\"Var\":\"principal\"},\"attr\":\"level\"}},\"right\":{\"<"
          "\":"
          "{\"left\":{\".\":{\"left\":{\"Var\":\"principal\"},\"attr\":\"level\"}},\"right\":"
          "{\"Value\":3}}}}}}]}"),
        &v, NULL));
    expect_ok(cedar_policies_json(T->arena, v, &f, &p));
    expect_ok(cedar_explain(p, store_of(T, people), &req, T->arena, &got));
    cedar_explanation_put(&b, p, &got);
    expect_s(buf_str(&b), S("DENY\npermit policy0: not satisfied\n"
                            "  when: false, because of principal.level < 3\n"
                            "    principal has level is true\n"
                            "    principal.level is 3\n"
                            "    principal.level < 3 is false\n"
                            "nothing permits: the default is to deny\n"));
}

/* ---- The index finds exactly what a look at every policy finds ---- */

static void put_random_scope(struct buf *b, struct rng_seeded *r, const char *var, const char *type)
{
    u64 n = rng_next_below(r, 6), id = rng_next_below(r, 8);
    buf_put(b, str_from(var));
    if (n == 1)
        buf_fmt(b, " == %s::\"%u\"", type, (unsigned)id);
    else if (n == 2)
        buf_fmt(b, " in %s::\"%u\"", type, (unsigned)id);
    else if (n == 3 && type[0] != 'A')
        buf_fmt(b, " is %s", type);
    else if (n == 4 && type[0] != 'A')
        buf_fmt(b, " is %s in %s::\"%u\"", type, type, (unsigned)id);
    else if (n == 5 && type[0] == 'A')
        buf_fmt(b, " in [%s::\"%u\", %s::\"%u\", %s::\"1\"]", type, (unsigned)id, type,
                (unsigned)rng_next_below(r, 8), type);
}

static void random_store(struct rng_seeded *r, struct cedar_entity *at, struct cedar_uid *up,
                         const struct cedar_uid *uids)
{
    for (u32 i = 0; i < 24; i++) {
        u32 n = 0, kind = i / 8;
        for (u32 k = i + 1; k < (kind + 1) * 8; k++)
            if (rng_next_below(r, 3) == 0)
                up[i * 8 + n++] = uids[k];
        at[i] = (struct cedar_entity){ .uid = uids[i], .parents = &up[i * 8], .parents_n = n };
    }
}

TEST(the_index_finds_what_a_look_at_every_policy_finds)
{
    static const char *const types[] = { "P", "Action", "R" };
    struct rng_seeded r = { T->seed };
    struct cedar_uid uids[24], up[24 * 8];
    struct cedar_entity ents[24];
    for (u32 i = 0; i < 24; i++)
        uids[i] = cedar_uid(str_from(types[i / 8]), str_fmt(T->arena, "%u", i % 8));
    for (int round = 0; round < 200; round++) {
        struct arena *tmp = arena_new("round", 64 << 20);
        struct buf b = buf_in(tmp, 1 << 20);
        u32 n = 1 + (u32)rng_next_below(&r, 60);
        for (u32 i = 0; i < n; i++) {
            buf_put(&b, rng_next_below(&r, 4) ? S("permit(") : S("forbid("));
            put_random_scope(&b, &r, "principal", "P");
            buf_put(&b, S(", "));
            put_random_scope(&b, &r, "action", "Action");
            buf_put(&b, S(", "));
            put_random_scope(&b, &r, "resource", "R");
            buf_put(&b, S(");\n"));
        }
        const struct cedar_policies *p = parse(T, str_copy(T->arena, buf_str(&b)));
        const struct cedar_store *st;
        struct cedar_faults f;
        cedar_faults_init(&f, tmp);
        random_store(&r, ents, up, uids);
        u32 held = (u32)rng_next_below(&r, 25); /* the rest comes with the request */
        expect_ok(cedar_store_build(tmp, ents + 24 - held, held, &f, &st));
        struct cedar_request req = { .principal = uids[rng_next_below(&r, 8)],
                                     .action = uids[8 + rng_next_below(&r, 8)],
                                     .resource = uids[16 + rng_next_below(&r, 8)],
                                     .extra = ents,
                                     .extra_n = 24 - held };
        struct eval v;
        u32 found_n, matches = 0;
        eval_begin(&v, st, &req, tmp);
        const u32 *found = index_candidates(p->index, &v, &found_n);
        for (u32 i = 0; i < p->n; i++) {
            u32 times = 0;
            for (u32 k = 0; k < found_n; k++)
                times += found[k] == i;
            expect(times <= 1);
            bool match = scope_matches(&v, &p->at[i]);
            expect(!match || times == 1);
            matches += match;
        }
        expect(found_n >= matches);
        arena_free(tmp);
    }
}

/* ---- Many threads on one snapshot, which is swapped meanwhile ---- */

struct shared {
    _Atomic(const struct cedar_policies *) now;
    const struct cedar_store *store;
    atomic_int wrong, done;
};

static void *decide_often(void *arg)
{
    struct shared *sh = arg;
    struct arena *a = arena_new("decide", 1 << 20);
    for (int i = 0; i < 2000; i++) {
        struct cedar_request req = ana_reads();
        struct cedar_answer got;
        if (cedar_decide(atomic_load(&sh->now), sh->store, &req, a, &got) != E_NONE || !got.allow)
            atomic_fetch_add(&sh->wrong, 1);
        arena_reset(a);
    }
    arena_free(a);
    scratch_thread_end();
    atomic_fetch_add(&sh->done, 1);
    return NULL;
}

TEST(threads_decide_while_the_snapshot_is_swapped)
{
    struct shared sh = { .store = store_of(T, people) };
    const struct cedar_policies *both[2] = {
        parse(T, S("permit(principal in Team::\"all\", action, resource) when { resource.owner == "
                   "principal };")),
        parse(T,
              S("permit(principal, action, resource is Doc) when { [principal.level].contains(3) "
                "};")),
    };
    pthread_t th[4];
    atomic_store(&sh.now, both[0]);
    for (int i = 0; i < 4; i++)
        expect(pthread_create(&th[i], NULL, decide_often, &sh) == 0);
    for (int i = 0; atomic_load(&sh.done) < 4; i++)
        atomic_store(&sh.now, both[i & 1]);
    for (int i = 0; i < 4; i++)
        expect(pthread_join(th[i], NULL) == 0);
    expect_i(atomic_load(&sh.wrong), 0);
}

TEST(values_print_as_text_that_makes_them_again)
{
    struct cedar_value list[4];
    struct buf b = buf_in(T->arena, 4000);
    expect_ok(cedar_parse_decimal(S("-0.5"), &list[0]));
    expect_ok(cedar_parse_ip(T->arena, S("1:2::/64"), &list[1]));
    expect_ok(cedar_parse_datetime(S("2026-11-22T09:30:00.5Z"), &list[2]) == E_INVALID ? E_NONE
                                                                                       : E_CORRUPT);
    expect_ok(cedar_parse_datetime(S("2026-11-22T09:30:00.050Z"), &list[2]));
    expect_ok(cedar_parse_duration(S("-1d1ms"), &list[3]));
    for (int i = 0; i < 4; i++) {
        cedar_put(&b, &list[i]);
        buf_char(&b, ' ');
    }
    expect_s(buf_str(&b), S("decimal(\"-0.5000\") ip(\"1:2:0:0:0:0:0:0/64\") "
                            "datetime(\"2026-11-22T09:30:00.050Z\") duration(\"-86400001ms\") "));
    buf_clear(&b);
    struct cedar_uid u = cedar_uid(S("A::B"), S("x\"\n"));
    struct cedar_value v = cedar_entity(&u);
    cedar_put_json(&b, &v);
    expect_s(buf_str(&b), S("{\"__entity\":{\"type\":\"A::B\",\"id\":\"x\\\"\\n\"}}"));
}

/* ---- Where we once said otherwise than the reference ---- */

static bool parses(struct T *T, const char *text)
{
    struct cedar_faults f;
    const struct cedar_policies *p;
    cedar_faults_init(&f, T->arena);
    return cedar_parse(T->arena, str_from(text), &f, &p) == E_NONE;
}

static bool schema_parses(struct T *T, const char *text)
{
    struct cedar_faults f;
    const struct cedar_schema *s;
    cedar_faults_init(&f, T->arena);
    return cedar_schema_parse(T->arena, str_from(text), &f, &s) == E_NONE;
}

static bool entities_parse(struct T *T, const char *text)
{
    struct cedar_faults f;
    const struct json *v;
    struct cedar_entities all;
    cedar_faults_init(&f, T->arena);
    expect_ok(json_parse(T->arena, str_from(text), &v, NULL));
    return cedar_entities_json(T->arena, v, NULL, &f, &all) == E_NONE;
}

TEST(disagreements_once_found_stay_settled)
{
    expect_i(condition(T, "\"a\" like \"\\u{2a}\""), 't'); /* a star by its number is a star */
    expect_i(condition(T, "\"ab\" like \"\\x2a\""), 't');
    expect(parses(T, "permit(principal, action in (Action::\"a\"), resource);"));
    expect(parses(T, "permit(principal, action in [(Action::\"a\")], resource);"));
    expect(!schema_parses(T, "entity A in [A,];"));
    expect(!schema_parses(T, "entity A { x: Boolean };"));
    expect(schema_parses(T, "entity A { __cedar: Long }; action __cedar;"));
    expect(!schema_parses(T, "entity __cedar;"));
    expect(entities_parse(T, "[{\"uid\":{\"type\":\"U\",\"id\":\"a\",\"x\":1},\"attrs\":{},"
                             "\"parents\":[],\"more\":1}]"));
    expect(!entities_parse(T, "[{\"uid\":{\"type\":\"Action\",\"id\":\"a\"},\"attrs\":{},"
                              "\"parents\":[{\"type\":\"U\",\"id\":\"a\"}]}]"));
    struct cedar_faults f;
    const struct cedar_policies *p;
    const struct json *v;
    struct buf b = buf_in(T->arena, 4000);
    cedar_faults_init(&f, T->arena);
    expect_ok(json_parse(
        T->arena,
        S("{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},\"action\":{\"op\":\"All\"},"
          "\"resource\":{\"op\":\"All\"},\"conditions\":[{\"kind\":\"when\",\"body\":{\"has\":"
          "{\"left\":{\"Var\":\"context\"},\"attr\":[\"a b\",\"c\"]}}}]}"),
        &v, NULL));
    expect_ok(cedar_policies_json(T->arena, v, &f, &p));
    cedar_policies_put_text(&b, p);
    expect_s(buf_str(&b), S("permit (principal, action, resource)\n"
                            "when { context has \"a b\" && context[\"a b\"] has c };\n"));
}

/* ---- Memory that runs out at any point is a refusal, never a wrong answer ---- */

static err all_of_it(struct arena *a, bool *ret_allow)
{
    struct cedar_faults f;
    const struct cedar_policies *p;
    const struct cedar_schema *s;
    const struct cedar_store *store;
    const struct json *v;
    struct cedar_entities all;
    struct cedar_answer got;
    struct cedar_request req = ana_reads();
    cedar_faults_init(&f, a);
    TRY(cedar_schema_parse(a,
                           S("entity User in [Team]; entity Team; entity Doc { n: Long };"
                             "action read appliesTo { principal: User, resource: Doc };"),
                           &f, &s));
    TRY(cedar_parse(a,
                    S("permit(principal in Team::\"t\", action, resource) when "
                      "{ [resource.n, 2].contains(1) };"),
                    &f, &p));
    TRY(cedar_validate(p, s, &f));
    TRY(json_parse(a,
                   S("[{\"uid\":{\"type\":\"User\",\"id\":\"ana\"},\"attrs\":{},\"parents\":[{"
                     "\"type\":\"Team\",\"id\":\"t\"}]},{\"uid\":{\"type\":\"Doc\",\"id\":"
                     "\"plan\"},\"attrs\":{\"n\":1},\"parents\":[]}]"),
                   &v, NULL));
    TRY(cedar_entities_json(a, v, s, &f, &all));
    TRY(cedar_store_build(a, all.at, all.n, &f, &store));
    TRY(cedar_decide(p, store, &req, a, &got));
    *ret_allow = got.allow;
    return E_NONE;
}

TEST(memory_that_runs_out_refuses)
{
    for (u32 n = 1;; n++) {
        struct arena *a = arena_new("faulty", 1 << 20);
        bool allow = false;
        fault_arm(FAULT_MEMORY, n, true);
        err e = all_of_it(a, &allow);
        bool hit = fault_disarm();
        arena_free(a);
        expect(hit ? e == E_LIMIT && !allow : e == E_NONE && allow);
        if (!hit)
            break;
        expect(n < 2000);
    }
}
