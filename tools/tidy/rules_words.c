/* SPDX-License-Identifier: Apache-2.0 */
/* Words that may stand only in some places: memory in base, errno in base/os.c, the clock behind
 * base/os, SQLite in store; and calls that may stand nowhere. What macros hide from the source is
 * looked for in the objects (nm). */
#include "tools/tidy/tidy.h"

struct word_rule {
    enum rule rule;
    const char *within;        /* looked for under this folder … */
    const char *except;        /* … but not in what begins with one of these */
    bool in_tests;
    const char *use;           /* what to use instead */
    /* with spaces around each; a '*' at a word's end stands for any rest */
    const char *words;
};

/* loop keeps sockets and timers, whose lives follow the peer's and not a call's: it frees by
 * hand. */
static const struct word_rule word_rules[] = {
    { R_MEMORY, "src/", "src/base/ src/loop/ src/http/", false, "an arena (NEW, NEW_N)",
      " malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf aligned_alloc "
      "posix_memalign getline " },
    { R_ERRNO, "src/", "src/base/os.c", false, "os_err() or os_err_text()",
      " errno strerror perror " },
    { R_CLOCK, "src/", "src/base/", false, "os_now() or os_mono()",
      " clock_gettime gettimeofday time " },
    { R_SQL, "src/", "src/store/", false, "a statement in queries.sql", " sqlite3_* " },
    { R_BANNED, "", "src/base/banned.h", true, "base's own (buf, str, rng, time)",
      " strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi gmtime localtime rand "
      "srand alloca system popen tmpnam mktemp longjmp setjmp " },
};

static bool listed(const char *words, str w)
{
    for (str rest = str_from(words); rest.p;) {
        str word = str_cut(&rest, ' ');
        if (word.n && word.p[word.n - 1] == '*' ? str_starts(w, str_sub(word, 0, word.n - 1))
                                                : str_eq(word, w))
            return true;
    }
    return false;
}

static bool is_call(const struct file *f, size_t i)
{
    return i + 1 < f->toks.n && f->toks.at[i + 1].s.p[0] == '(';
}

/* A member (x.free, x->time), or a parameter or variable named so, is no use of the function. */
static bool is_use(const struct file *f, size_t i, enum rule rule)
{
    char before = i ? f->toks.at[i - 1].s.p[f->toks.at[i - 1].s.n - 1] : 0;
    if (before == '.' || before == '>')
        return false;
    return rule == R_ERRNO || is_call(f, i) ||
           (rule == R_MEMORY && (before == ',' || before == '('));
}

static bool concerns(const struct file *f, const struct word_rule *w)
{
    for (str rest = str_from(w->except); rest.p;)
        if (str_starts(str_from(f->path), str_cut(&rest, ' ')))
            return false;
    return f->is_c && path_has(f, w->within) && (w->in_tests || !path_is_test(f));
}

static void check_words(struct tidy *t, struct file *f, const struct word_rule *w)
{
    for (size_t i = 0; i < f->toks.n; i++) {
        struct tok *k = &f->toks.at[i];
        if (k->kind == TOK_WORD && listed(w->words, k->s) && is_use(f, i, w->rule))
            report(t, f, k->line, w->rule, STR_FMT " has no place here: use %s", STR_ARG(k->s),
                   w->use);
    }
}

/* A jump to a shared end of the function is what the arena's undo list is for. */
static void check_goto(struct tidy *t, struct file *f)
{
    for (size_t i = 0; i + 1 < f->toks.n; i++)
        if (f->toks.at[i].kind == TOK_WORD && str_eq_z(f->toks.at[i].s, "goto") &&
            listed(" cleanup out done fail failed err error end ", f->toks.at[i + 1].s))
            report(t, f, f->toks.at[i].line, R_BANNED,
                   "goto " STR_FMT ": register what is to be undone with the arena",
                   STR_ARG(f->toks.at[i + 1].s));
}

/* "build/src/app/chat/chat.o:                 U malloc" */
static void check_object(struct tidy *t, str line)
{
    ptrdiff_t src = str_find(line, S("src/")), colon = str_find(line, S(".o:"));
    if (src < 0 || colon < src)
        return;
    SCRATCH(s);
    str path = str_fmt(s.a, STR_FMT ".c", STR_ARG(str_sub(line, (size_t)src, (size_t)colon)));
    struct file *f = tidy_file(t, path.p);
    str symbol = str_sub(line, (size_t)colon + 3, line.n);
    while (str_has(symbol, ' '))
        IGNORE((str_cut(&symbol, ' '), E_NONE));
    if (!f || path_has(f, "src/base/") || path_is_test(f))
        return;
    if (path_has(f, "src/app/") && listed(word_rules[0].words, symbol))
        report(t, f, 1, R_MEMORY,
               "the object calls " STR_FMT " (through a macro or inline function)",
               STR_ARG(symbol));
    if (str_eq_z(symbol, "__errno_location"))
        report(t, f, 1, R_ERRNO, "the object reads errno (through a macro or inline function)");
}

void rules_words(struct tidy *t, str nm)
{
    for (size_t i = 0; i < t->files.n; i++) {
        struct file *f = &t->files.at[i];
        for (size_t j = 0; j < COUNT(word_rules); j++)
            if (concerns(f, &word_rules[j]))
                check_words(t, f, &word_rules[j]);
        if (path_has(f, "src/") && f->is_c)
            check_goto(t, f);
    }
    str line;
    u32 n = 0;
    while (next_line(&nm, &line, &n))
        check_object(t, line);
}
