/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about files as text: licence line, opening paragraph, sizes, words that speak of the
 * workplace instead of the project, and intentions that nobody tracks. */
#include "tools/tidy/tidy.h"

#include "base/utf8.h"

enum { LINE_MAX_COLUMNS = 100, FILE_MAX_LINES = 800, OPENING_MIN_BYTES = 50 };

/* Kinds of files that carry the licence line: what people write by hand, in a language with
 * comments. */
static bool wants_spdx(const struct file *f)
{
    static const char *const ends[] = { ".c",   ".h",  ".ts", ".tsx", ".mjs",    ".js",
                                        ".css", ".sh", ".mk", ".lua", "Makefile" };
    if (path_has(f, "tools/setup") || path_has(f, "tools/stages") || path_has(f, ".ci/"))
        return true;
    for (size_t i = 0; i < COUNT(ends); i++)
        if (path_ends(f, ends[i]))
            return true;
    return false;
}

static void check_spdx(struct tidy *t, struct file *f)
{
    str rest = f->text, first = { 0 };
    u32 line = 0;
    str want = S("SPDX-License-Identifier: Apache-2.0");
    bool has = next_line(&rest, &first, &line);
    if (has && str_starts(first, S("#!")))
        has = next_line(&rest, &first, &line);
    if (!has || str_find(first, want) < 0)
        report(t, f, 1, R_SPDX, "the first line must hold \"%s\"", want.p);
}

static void check_opening(struct tidy *t, struct file *f)
{
    if (!path_ends(f, ".c") || path_is_test(f))
        return;
    bool has = f->toks.n > 1 && f->toks.at[1].kind == TOK_COMMENT &&
               f->toks.at[1].s.n >= OPENING_MIN_BYTES;
    if (!has)
        report(t, f, 2, R_OPENING,
               "begin with a paragraph: what the file does, what it guarantees, why so");
}

static void check_sizes(struct tidy *t, struct file *f)
{
    str rest = f->text, line;
    u32 n = 0;
    while (next_line(&rest, &line, &n)) {
        size_t columns = utf8_valid(line) ? utf8_count(line) : line.n;
        if (columns > LINE_MAX_COLUMNS)
            report(t, f, n, R_LINE, "%zu columns, at most %d", columns, LINE_MAX_COLUMNS);
    }
    if (n > FILE_MAX_LINES)
        report(t, f, 1, R_FILE_SIZE, "%u lines, at most %d: split it by what changes together", n,
               FILE_MAX_LINES);
}

/* Written in halves, so that this file does not find itself. */
static const struct { str word; const char *why; } workplace[] = {
    { S_INIT("/wo" "rk/"), "a path of the machine this was written on" },
    { S_INIT("registry." "npmjs"), "a package registry's address" },
    { S_INIT("deb." "debian.org"), "a package mirror's address" },
    { S_INIT("helper" "-"), "who wrote it" },
};

static void check_workplace(struct tidy *t, struct file *f)
{
    str rest = f->text, line;
    u32 n = 0;
    while (next_line(&rest, &line, &n))
        for (size_t i = 0; i < COUNT(workplace); i++)
            if (str_find(line, workplace[i].word) >= 0)
                report(t, f, n, R_WORKPLACE, "\"%s\" names %s", workplace[i].word.p,
                       workplace[i].why);
}

static bool names_an_issue(str line)
{
    for (size_t i = 0; i + 1 < line.n; i++)
        if (line.p[i] == '#' && line.p[i + 1] >= '0' && line.p[i + 1] <= '9')
            return true;
    return false;
}

static void check_intentions(struct tidy *t, struct file *f)
{
    static const str words[] = { S_INIT("TO"
                                        "DO"),
                                 S_INIT("FIX"
                                        "ME"),
                                 S_INIT("XX"
                                        "X:"),
                                 S_INIT("HA"
                                        "CK:") };
    str rest = f->text, line;
    u32 n = 0;
    while (next_line(&rest, &line, &n))
        for (size_t i = 0; i < COUNT(words); i++)
            if (str_find(line, words[i]) >= 0 && !names_an_issue(line))
                report(t, f, n, R_INTENTION, "\"%s\" without an issue number (#12)", words[i].p);
}

void rules_text(struct tidy *t)
{
    for (size_t i = 0; i < t->files.n; i++) {
        struct file *f = &t->files.at[i];
        check_workplace(t, f);
        if (wants_spdx(f)) {
            check_spdx(t, f);
            check_intentions(t, f);
        }
        if (f->is_c) {
            check_opening(t, f);
            check_sizes(t, f);
        }
    }
}
