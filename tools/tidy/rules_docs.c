/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about documents and texts: links and paths in Markdown resolve; every row of a term table
 * has every language. */
#include "tools/tidy/tidy.h"

#include <string.h>

static bool plain_path(str s)
{
    static const char *const roots[] = { "src/",   "tools/", "web/",      "test/",
                                         "bench/", "docs/",  "policies/", "mk/" };
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_./-", s.p[i]))
            return false;
    for (size_t i = 0; i < COUNT(roots); i++)
        if (str_starts(s, str_from(roots[i])))
            return true;
    return false;
}

/* Bytes of the path up to the file's name. */
static int folder_of(const struct file *f)
{
    const char *slash = strrchr(f->path, '/');
    return slash ? (int)(slash - f->path) + 1 : 0;
}

static void check_target(struct tidy *t, struct file *f, u32 line, str target)
{
    SCRATCH(s);
    str path = str_cut(&target, '#');
    if (!path.n || str_find(path, S("://")) >= 0 || str_starts(path, S("mailto:")))
        return;
    if (!tidy_exists(t, str_fmt(s.a, "%.*s" STR_FMT, folder_of(f), f->path, STR_ARG(path)).p))
        report(t, f, line, R_LINKS, "the link to " STR_FMT " leads nowhere", STR_ARG(path));
}

static void check_links(struct tidy *t, struct file *f)
{
    str rest = f->text, line;
    u32 n = 0;
    bool fenced = false;
    while (next_line(&rest, &line, &n)) {
        if (str_starts(line, S("```")))
            fenced = !fenced;
        if (fenced || str_starts(line, S("    ")))
            continue;
        for (str at = line;;) {
            ptrdiff_t open = str_find(at, S("]("));
            if (open < 0)
                break;
            at = str_sub(at, (size_t)open + 2, at.n);
            check_target(t, f, n, str_cut(&at, ')'));
        }
        for (str at = line; at.p;) {
            (void)str_cut(&at, '`');
            str quoted = at.p ? str_cut(&at, '`') : S("");
            SCRATCH(s);
            str beside = str_fmt(s.a, "%.*s" STR_FMT, folder_of(f), f->path, STR_ARG(quoted));
            if (plain_path(quoted) && !tidy_exists(t, str_z(s.a, quoted)) &&
                !tidy_exists(t, beside.p))
                report(t, f, n, R_LINKS, STR_FMT " is not in the tree", STR_ARG(quoted));
        }
    }
}

enum { TERM_CELLS = 4 };    /* key, zh-Hans, zh-Hant, en */

/* Whether every {placeholder} of text stands in other too; what follows a ':' inside is wording. */
static bool same_places(struct tidy *t, str text, str other)
{
    for (;;) {
        (void)str_cut(&text, '{');
        if (!text.p)
            return true;
        str name = str_cut(&text, '}');
        name = str_cut(&name, ':');
        if (str_find(other, str_fmt(t->a, "{" STR_FMT, STR_ARG(name))) < 0)
            return false;
    }
}

static void check_term(struct tidy *t, struct file *f, u32 line, str row, struct map *seen)
{
    str cell[TERM_CELLS] = { 0 };
    size_t n = 0;
    for (; row.p; n++) {
        str c = str_cut(&row, '\t');
        if (n < TERM_CELLS)
            cell[n] = c;
    }
    if (n != TERM_CELLS)
        return report(t, f, line, R_TERMS, "%zu cells: key, zh-Hans, zh-Hant, en are wanted", n);
    if (map_has(seen, cell[0]))
        report(t, f, line, R_TERMS, "\"" STR_FMT "\" stands here twice", STR_ARG(cell[0]));
    map_put(seen, cell[0], f);
    for (size_t i = 0; i < TERM_CELLS; i++)
        if (!str_trim(cell[i]).n)
            report(t, f, line, R_TERMS, "cell %zu of \"" STR_FMT "\" is empty", i + 1,
                   STR_ARG(cell[0]));
    for (size_t i = 1; i < TERM_CELLS; i++)
        for (size_t j = 1; j < TERM_CELLS; j++)
            if (!same_places(t, cell[i], cell[j]))
                return report(t, f, line, R_TERMS, "the languages of \"" STR_FMT "\" fill in "
                              "different {things}", STR_ARG(cell[0]));
}

static void check_terms(struct tidy *t, struct file *f, struct map *seen)
{
    str rest = f->text, row;
    u32 line = 0;
    while (next_line(&rest, &row, &line))
        if (str_trim(row).n && row.p[0] != '#' && !(line == 1 && str_starts(row, S("key\t"))))
            check_term(t, f, line, row, seen);
}

void rules_docs(struct tidy *t)
{
    struct map seen = map_in(t->a);
    for (size_t i = 0; i < t->files.n; i++) {
        struct file *f = &t->files.at[i];
        if (path_ends(f, ".md"))
            check_links(t, f);
        if (path_ends(f, ".tsv") && str_find(str_from(f->path), S("terms/")) >= 0)
            check_terms(t, f, &seen);
    }
}
