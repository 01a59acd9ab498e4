/* SPDX-License-Identifier: Apache-2.0 */
/* The tree in memory: every file that people write, its tokens and its waivers. Folders that hold
 * what was built, fetched or recorded (builds, node_modules, corpora, golden files, fixtures) are
 * left out. A waiver is a comment
 *     tidy: allow RULE: reason                    on the line of the fault or the one above
 *     tidy: allow RULE in this file: reason       anywhere in the file */
#include "tools/tidy/tidy.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/os.h"

enum { FILE_MAX = 4 << 20 };

static const char *const rule_names[] = {
#define RULE_NAME(c, text) [R_##c] = text,
    RULES(RULE_NAME)
#undef RULE_NAME
};

const char *rule_name(enum rule r) { return rule_names[r]; }

static bool waived(struct file *f, u32 line, enum rule rule)
{
    bool yes = false;
    for (size_t i = 0; i < f->waivers.n; i++) {
        struct waiver *w = &f->waivers.at[i];
        if (w->rule == rule && (w->whole_file || w->line == line || w->line + 1 == line))
            yes = w->used = true;
    }
    return yes;
}

void report(struct tidy *t, struct file *f, u32 line, enum rule rule, const char *fmt, ...)
{
    char text[600];
    if (f && rule != R_WAIVER && waived(f, line, rule))
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    *vec_push(&t->findings, t->a) = (struct finding){
        .path = f ? f->path : "", .line = line, .rule = rule, .text = str_z(t->a, str_from(text)),
    };
}

bool path_has(const struct file *f, const char *start)
{
    return str_starts(str_from(f->path), str_from(start));
}
bool path_ends(const struct file *f, const char *end)
{
    return str_ends(str_from(f->path), str_from(end));
}

static bool is_fuzzer(const struct file *f)
{
    const char *slash = strrchr(f->path, '/');
    return slash && !strncmp(slash + 1, "fuzz_", 5);
}

bool path_is_test(const struct file *f)
{
    return path_has(f, "test/") || path_ends(f, "_test.c") ||
           strstr(f->path, "/testkit/") || is_fuzzer(f) ||
           path_ends(f, ".test.ts") || path_ends(f, ".test.tsx");
}

struct file *tidy_file(struct tidy *t, const char *path)
{
    for (size_t i = 0; i < t->files.n; i++)
        if (!strcmp(t->files.at[i].path, path))
            return &t->files.at[i];
    return NULL;
}

bool tidy_exists(struct tidy *t, const char *path)
{
    SCRATCH(s);
    return os_exists(str_fmt(s.a, "%s/%s", t->root, path).p);
}

/* ---- waivers ---- */

static void add_waiver(struct tidy *t, struct file *f, u32 line, str after)
{
    str rule = str_trim(str_cut(&after, ':'));
    struct waiver w = { .line = line };
    str in_file = S(" in this file");
    if (str_ends(rule, in_file)) {
        w.whole_file = true;
        rule.n -= in_file.n;
    }
    for (; w.rule < RULES_N; w.rule++)
        if (str_eq_z(rule, rule_names[w.rule]))
            break;
    if (w.rule == RULES_N || str_trim(after).n < 8)
        report(t, f, line, R_WAIVER,
               "a waiver is \"tidy: allow RULE: reason\" with a rule that exists");
    else
        *vec_push(&f->waivers, t->a) = w;
}

static void find_waivers(struct tidy *t, struct file *f)
{
    str mark = S("tidy: allow ");
    for (size_t i = 0; i < f->toks.n; i++) {
        struct tok *k = &f->toks.at[i];
        ptrdiff_t at = k->kind == TOK_COMMENT ? str_find(k->s, mark) : -1;
        if (at == 2 || at == 3)
            add_waiver(t, f, k->line, str_sub(k->s, (size_t)at + mark.n, k->s.n));
    }
}

static void unused_waivers(struct tidy *t)
{
    for (size_t i = 0; i < t->files.n; i++)
        for (size_t j = 0; j < t->files.at[i].waivers.n; j++)
            if (!t->files.at[i].waivers.at[j].used)
                report(t, &t->files.at[i], t->files.at[i].waivers.at[j].line, R_WAIVER,
                       "nothing here breaks \"%s\": take the waiver away",
                       rule_names[t->files.at[i].waivers.at[j].rule]);
}

/* ---- reading ---- */

static bool skipped_folder(const char *name)
{
    static const char *const names[] = { "node_modules", "corpus", "golden",
                                         "fixtures",     "dist",   "img" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (!strcmp(name, names[i]))
            return true;
    return (name[0] == '.' && strcmp(name, ".ci") != 0) || !strncmp(name, "build", 5);
}

static bool wanted_file(const char *path)
{
    static const char *const ends[] = { ".c",        ".h",     ".md",     ".ts",  ".tsx",  ".mjs",
                                        ".js",       ".css",   ".html",   ".sh",  ".sql",  ".model",
                                        ".cedar",    ".tsv",   ".mk",     ".lua", ".conf", ".json",
                                        "/Makefile", "/setup", "/stages", "/run", ".npmrc" };
    SCRATCH(s);
    str slashed = str_fmt(s.a, "/%s", path);
    for (size_t i = 0; i < COUNT(ends); i++)
        if (str_ends(slashed, str_from(ends[i])))
            return true;
    return false;
}

static void read_one(struct tidy *t, const char *path)
{
    SCRATCH(s);
    str text;
    if (!wanted_file(path) ||
        os_read_file(t->a, str_fmt(s.a, "%s/%s", t->root, path).p, FILE_MAX, &text) != E_NONE)
        return;
    struct file f = { .path = str_z(t->a, str_from(path)), .text = text };
    f.is_c = str_ends(str_from(path), S(".c")) || str_ends(str_from(path), S(".h"));
    *vec_push(&t->files, t->a) = f;
}

static void read_folder(struct tidy *t, const char *folder)
{
    struct dirent **names = NULL;
    char *full = *folder ? str_z(t->a, str_fmt(t->a, "%s/%s", t->root, folder))
                         : str_z(t->a, str_from(t->root));
    int n = scandir(full, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;
        struct stat st;
        char *path = str_z(t->a, str_fmt(t->a, "%s%s%s", folder, *folder ? "/" : "", name));
        char *file = str_z(t->a, str_fmt(t->a, "%s/%s", t->root, path));
        bool dots = !strcmp(name, ".") || !strcmp(name, "..");
        if (!dots && !lstat(file, &st)) {
            if (S_ISREG(st.st_mode))
                read_one(t, path);
            else if (S_ISDIR(st.st_mode) && !skipped_folder(name) && strcmp(path, "web/src/gen"))
                read_folder(t, path);
        }
        free(names[i]);
    }
    free(names);
}

static int finding_order(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    int by_path = strcmp(x->path, y->path);
    return by_path              ? by_path
           : x->line != y->line ? (x->line < y->line ? -1 : 1)
                                : (int)x->rule - (int)y->rule;
}

void tidy_run(struct tidy *t, const char *root, str nm)
{
    t->root = root;
    read_folder(t, "");
    for (size_t i = 0; i < t->files.n; i++) {
        if (t->files.at[i].is_c)
            lex(t, &t->files.at[i]);
        find_waivers(t, &t->files.at[i]);
    }
    rules_text(t);
    rules_c(t);
    rules_words(t, nm);
    rules_layers(t);
    rules_docs(t);
    rules_requirements(t);
    unused_waivers(t);
    if (t->findings.n)
        qsort(t->findings.at, t->findings.n, sizeof *t->findings.at, finding_order);
}
