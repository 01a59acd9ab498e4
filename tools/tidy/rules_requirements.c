/* SPDX-License-Identifier: Apache-2.0 */
/* docs/requirements.md against the tests. Its rows are | F-02 | what | `test`, `test` | begun |. A
 * test named there must exist, as TEST(name) in C or as test("title") in JavaScript; a test whose
 * name begins with a row's id is evidence and must be named there; a row that is done needs
 * evidence. So the table can be believed in both directions. */
#include "tools/tidy/tidy.h"

#include <string.h>

struct known_test { struct file *f; u32 line; bool named; };

/* F_02_… in C, "F-02 …" in JavaScript. */
static bool is_evidence(str name)
{
    if (name.n < 5 || name.p[0] < 'A' || name.p[0] > 'Z')
        return false;
    bool digits = name.p[2] >= '0' && name.p[2] <= '9' && name.p[3] >= '0' && name.p[3] <= '9';
    return digits &&
           ((name.p[1] == '_' && name.p[4] == '_') || (name.p[1] == '-' && name.p[4] == ' '));
}

static void remember(struct tidy *t, struct map *tests, struct file *f, u32 line, str name)
{
    struct known_test *k = NEW(t->a, struct known_test);
    *k = (struct known_test){ .f = f, .line = line };
    map_put(tests, name, k);
}

static void find_c_tests(struct tidy *t, struct map *tests, struct file *f)
{
    for (size_t i = 0; i + 2 < f->toks.n; i++)
        if (!f->toks.at[i].pp && str_eq_z(f->toks.at[i].s, "TEST") &&
            f->toks.at[i + 2].kind == TOK_WORD)
            remember(t, tests, f, f->toks.at[i].line, f->toks.at[i + 2].s);
}

/* test("…", or it('…' or test.serial(`…` at the start of a line. */
static void find_js_tests(struct tidy *t, struct map *tests, struct file *f)
{
    str rest = f->text, line;
    u32 n = 0;
    while (next_line(&rest, &line, &n)) {
        str at = str_trim(line);
        if (!str_starts(at, S("test")) && !str_starts(at, S("it(")))
            continue;
        (void)str_cut(&at, '(');
        char quote = at.n ? at.p[0] : 0;
        if (quote != '"' && quote != '\'' && quote != '`')
            continue;
        at = str_sub(at, 1, at.n);
        remember(t, tests, f, n, str_cut(&at, quote));
    }
}

static void check_row(struct tidy *t, struct file *doc, u32 line, str row, struct map *tests)
{
    str id = (str_cut(&row, '|'), str_trim(str_cut(&row, '|')));
    (void)str_cut(&row, '|');
    str names = str_cut(&row, '|'), state = str_trim(str_cut(&row, '|'));
    size_t found = 0;
    while (names.p) {
        (void)str_cut(&names, '`');
        str name = names.p ? str_cut(&names, '`') : S("");
        struct known_test *k = name.n ? map_get(tests, name) : NULL;
        if (name.n && !k)
            report(t, doc, line, R_REQUIREMENTS,
                   STR_FMT " names a test that does not exist: " STR_FMT, STR_ARG(id),
                   STR_ARG(name));
        if (k)
            k->named = true;
        found += k != NULL;
    }
    if (!str_eq_z(state, "open") && !str_eq_z(state, "begun") && !str_eq_z(state, "done"))
        report(t, doc, line, R_REQUIREMENTS, STR_FMT ": the state is open, begun or done",
               STR_ARG(id));
    if (!str_eq_z(state, "open") && !found)
        report(t, doc, line, R_REQUIREMENTS, STR_FMT " is " STR_FMT " without a test", STR_ARG(id),
               STR_ARG(state));
}

static bool is_row(str line)
{
    return line.n > 8 && str_starts(line, S("| ")) && line.p[2] >= 'A' && line.p[2] <= 'Z' &&
           line.p[3] == '-' && line.p[4] >= '0' && line.p[4] <= '9';
}

void rules_requirements(struct tidy *t)
{
    struct map tests = map_in(t->a);
    struct file *doc = tidy_file(t, "docs/requirements.md");
    for (size_t i = 0; i < t->files.n; i++) {
        struct file *f = &t->files.at[i];
        if (f->is_c && path_is_test(f))
            find_c_tests(t, &tests, f);
        else if (path_ends(f, ".mjs") || path_ends(f, ".test.ts") || path_ends(f, ".test.tsx"))
            find_js_tests(t, &tests, f);
    }
    str rest = doc ? doc->text : S(""), line;
    u32 n = 0;
    while (next_line(&rest, &line, &n))
        if (is_row(line))
            check_row(t, doc, n, line, &tests);
    for (size_t i = 0; i < tests.n; i++) {
        struct known_test *k = tests.entries[i].value;
        if (is_evidence(tests.entries[i].key) && !k->named)
            report(t, k->f, k->line, R_REQUIREMENTS,
                   "docs/requirements.md does not name this evidence: " STR_FMT,
                   STR_ARG(tests.entries[i].key));
    }
}
