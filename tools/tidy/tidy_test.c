/* SPDX-License-Identifier: Apache-2.0 */
/* Two small trees stand in fixtures/: one that keeps every rule, and one that breaks each. What
 * tidy finds in the second is compared, line by line, with fixtures/bad.txt. */
#include "test/test.h"

#include "base/os.h"
#include "tools/tidy/tidy.h"

static str findings(struct T *T, const char *root, str nm)
{
    struct tidy t = { .a = T->arena };
    struct buf b = buf_in(T->arena, 1 << 20);
    str ret;
    tidy_run(&t, root, nm);
    for (size_t i = 0; i < t.findings.n; i++)
        buf_fmt(&b, "%s:%u: %s\n", t.findings.at[i].path, t.findings.at[i].line,
                rule_name(t.findings.at[i].rule));
    expect_ok(buf_done(&b, &ret));
    return ret;
}

TEST(tidy_finds_nothing_in_a_tree_that_keeps_the_rules)
{
    expect_s(findings(T, "tools/tidy/fixtures/good", S("")), S(""));
}

TEST(tidy_finds_each_fault_where_it_stands)
{
    str want;
    expect_ok(os_read_file(T->arena, "tools/tidy/fixtures/bad.txt", 1 << 20, &want));
    expect_s(findings(T, "tools/tidy/fixtures/bad", S("")), want);
}

TEST(tidy_sees_what_a_macro_hides_in_an_object)
{
    str nm = S("b/src/app/tasks/tasks.o:                 U calloc\n"
               "b/src/app/tasks/tasks.o:                 U __errno_location\n"
               "b/src/app/tasks/tasks.o:                 U memcpy\n"
               "b/src/base/view.o:                 U malloc\n");
    expect_s(findings(T, "tools/tidy/fixtures/good", nm),
             S("src/app/tasks/tasks.c:1: memory\nsrc/app/tasks/tasks.c:1: errno\n"));
}

TEST(tidy_without_the_table_of_layers_is_a_fault)
{
    expect(str_find(findings(T, "tools/tidy/fixtures/good/src", S("")), S("layers")) >= 0);
}
