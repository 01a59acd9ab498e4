/* SPDX-License-Identifier: Apache-2.0 */
/* The worked examples of docs/policies.md, asked; the example of docs/cedar.md, compiled and run.
 */
#include <string.h>

#include "base/os.h"
#include "base/vec.h"
#include "cedar/cedar.h"
#include "test/test.h"

static str page(struct T *T, const char *path)
{
    str text = S("");
    expect_ok(os_read_file(T->arena, path, 1 << 20, &text));
    return text;
}

/* The next fenced block of the page: its word and its text; false when there is none. */
static bool next_block(str *rest, str *ret_word, str *ret_text)
{
    ptrdiff_t at = str_find(*rest, S("\n```"));
    if (at < 0)
        return false;
    *rest = str_sub(*rest, (size_t)at + 4, rest->n);
    *ret_word = str_cut(rest, '\n');
    ptrdiff_t end = str_find(*rest, S("\n```"));
    expect(end >= 0);
    *ret_text = str_sub(*rest, 0, (size_t)end + 1);
    *rest = str_sub(*rest, (size_t)end + 4, rest->n);
    return true;
}

struct world {
    const struct cedar_schema *schema;
    const struct cedar_store *store;
    const struct cedar_policies *policies;
    struct cedar_value context;
    u32 asked;
};

static const struct json *json_of(struct T *T, str text)
{
    const struct json *v = NULL;
    expect_ok(json_parse(T->arena, text, &v, NULL));
    return v;
}

/* The usual context with some of its parts replaced. */
static struct cedar_value changed(struct T *T, const struct world *w, str text)
{
    struct cedar_faults f;
    struct cedar_value more;
    struct cedar_field *at = NEW_N(T->arena, struct cedar_field, 64);
    cedar_faults_init(&f, T->arena);
    memcpy(at, w->context.record, w->context.n * sizeof *at);
    expect_ok(cedar_value_json(T->arena, json_of(T, text), &f, &more));
    expect(w->context.n + more.n < 64);
    memcpy(at + w->context.n, more.record, more.n * sizeof *at);
    return cedar_record(at, w->context.n + more.n);
}

static void ask(struct T *T, struct world *w, str line)
{
    struct cedar_faults f;
    struct cedar_answer got;
    struct cedar_request req = { .context = w->context };
    ptrdiff_t brace = str_find(line, S(" {"));
    str rest = brace < 0 ? line : str_sub(line, 0, (size_t)brace), word = str_cut(&rest, ' ');
    rest = str_trim(rest);
    str who = str_cut(&rest, ' '), act = str_cut(&rest, ' ');
    cedar_faults_init(&f, T->arena);
    expect_ok(cedar_uid_parse(T->arena, who, &req.principal));
    expect_ok(cedar_uid_parse(T->arena, str_trim(rest), &req.resource));
    req.action = cedar_uid(S("Action"), act);
    if (brace >= 0)
        req.context = changed(T, w, str_sub(line, (size_t)brace, line.n));
    if (cedar_validate_request(w->schema, &req, &f) != E_NONE)
        test_failed(__FILE__, __LINE__, STR_FMT ": " STR_FMT, STR_ARG(line), STR_ARG(f.at[0].text));
    expect_ok(cedar_decide(w->policies, w->store, &req, T->arena, &got));
    expect_i(got.errors_n, 0);
    if (got.allow != str_eq(word, S("allow")))
        test_failed(__FILE__, __LINE__, "not so: " STR_FMT, STR_ARG(line));
    w->asked++;
}

static void take_block(struct T *T, struct world *w, str word, str text)
{
    struct cedar_faults f;
    struct cedar_entities all;
    cedar_faults_init(&f, T->arena);
    if (str_eq(word, S("schema"))) {
        if (cedar_schema_parse(T->arena, text, &f, &w->schema) != E_NONE)
            test_failed(__FILE__, __LINE__, STR_FMT, STR_ARG(f.at[0].text));
    } else if (str_eq(word, S("entities"))) {
        err e = cedar_entities_json(T->arena, json_of(T, text), w->schema, &f, &all);
        if (e != E_NONE)
            test_failed(__FILE__, __LINE__, STR_FMT, STR_ARG(f.at[0].text));
        expect_ok(cedar_store_build(T->arena, all.at, all.n, &f, &w->store));
    } else if (str_eq(word, S("context"))) {
        expect_ok(cedar_value_json(T->arena, json_of(T, text), &f, &w->context));
    } else if (str_eq(word, S("cedar"))) {
        if (cedar_parse(T->arena, text, &f, &w->policies) != E_NONE ||
            cedar_validate(w->policies, w->schema, &f) != E_NONE || f.n)
            test_failed(__FILE__, __LINE__, STR_FMT "\n" STR_FMT, STR_ARG(f.at[0].text),
                        STR_ARG(text));
    } else {
        expect_s(word, S("asks"));
        for (str line; text.p && (line = str_cut(&text, '\n')).n;)
            ask(T, w, line);
    }
}

TEST(the_worked_examples_of_the_policies_page_hold)
{
    str rest = page(T, "docs/policies.md"), word, text;
    struct world w = { 0 };
    u32 examples = 0;
    while (next_block(&rest, &word, &text)) {
        take_block(T, &w, word, text);
        examples += str_eq(word, S("cedar"));
    }
    expect_i(examples, 10);
    expect(w.asked >= 25);
}

/* example begins */
/* May ana read the plan? Prints the answer and what decided. */
static bool may_read(struct arena *a, str policy_text)
{
    struct cedar_faults faults;
    const struct cedar_policies *policies;
    const struct cedar_store *store;
    struct cedar_answer answer;
    cedar_faults_init(&faults, a);
    if (cedar_parse(a, policy_text, &faults, &policies) != E_NONE)
        return false; /* cedar_fault_put() shows each fault with its place */

    struct cedar_uid ana = cedar_uid(S("User"), S("ana")),
                     staff = cedar_uid(S("Group"), S("staff"));
    struct cedar_entity people[] = { { .uid = ana, .parents = &staff, .parents_n = 1 } };
    if (cedar_store_build(a, people, COUNT(people), &faults, &store) != E_NONE)
        return false;

    struct cedar_field attrs[] = { { S("owner"), cedar_entity(&ana) },
                                   { S("pages"), cedar_long(12) } };
    struct cedar_field context[] = { { S("mfa"), cedar_bool(true) } };
    struct cedar_entity plan = { .uid = cedar_uid(S("Doc"), S("plan")),
                                 .attrs = cedar_record(attrs, 2) };
    struct cedar_request request = {
        .principal = ana,
        .action = cedar_uid(S("Action"), S("read")),
        .resource = plan.uid,
        .context = cedar_record(context, 1),
        .extra = &plan,
        .extra_n = 1,
    };
    if (cedar_decide(policies, store, &request, a, &answer) != E_NONE)
        return false;
    for (u32 i = 0; i < answer.reasons_n; i++)
        (void)printf(STR_FMT " decided\n", STR_ARG(cedar_id(policies, answer.reasons[i])));
    return answer.allow;
}
/* example ends */

TEST(the_example_of_the_cedar_page_is_compiled_and_does_what_it_says)
{
    str source = page(T, "src/cedar/docs_test.c"), doc = page(T, "docs/cedar.md");
    ptrdiff_t from = str_find(source, S("/* example begins */\n")),
              to = str_find(source, S("/* example ends */"));
    expect(from > 0 && to > from);
    str example = str_sub(source, (size_t)from + 21, (size_t)to);
    expect(str_find(doc, example) >= 0);
    expect(may_read(T->arena, S("permit(principal in Group::\"staff\", action, resource)"
                                " when { resource.owner == principal && context.mfa };")));
    expect(!may_read(T->arena, S("permit(principal in Group::\"board\", action, resource);")));
    expect(!may_read(T->arena, S("permit(")));
}
