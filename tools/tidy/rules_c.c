/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about the shape of C: length and parameters of functions, names, include guards, typedefs
 * that hide a pointer. A function is a brace at depth nought that follows a closing parenthesis; no
 * grammar is needed for more. */
#include "tools/tidy/tidy.h"

#include <string.h>

enum { FUNCTION_MAX_LINES = 70, PARAMETERS_MAX = 5 };

/* The tokens of a file without comments and preprocessor lines. */
struct code { struct tok *at; size_t n; };

static struct code code_of(struct tidy *t, struct file *f)
{
    struct code c = { .at = NEW_N(t->a, struct tok, f->toks.n + 1) };
    for (size_t i = 0; i < f->toks.n; i++)
        if (f->toks.at[i].kind != TOK_COMMENT && !f->toks.at[i].pp)
            c.at[c.n++] = f->toks.at[i];
    return c;
}

static bool is(const struct tok *k, char c)
{
    return k->kind == TOK_OTHER && k->s.n == 1 && k->s.p[0] == c;
}

/* The index of the '(' that the ')' at `close` ends; 0 when there is none. */
static size_t open_of(const struct code *c, size_t close)
{
    size_t depth = 0;
    for (size_t i = close + 1; i-- > 0;) {
        if (is(&c->at[i], ')'))
            depth++;
        else if (is(&c->at[i], '(') && --depth == 0)
            return i;
    }
    return 0;
}

/* The '(' of the parameters of the function whose body's '{' stands at `brace`, stepping back over
 * attributes; 0: not one. */
static size_t parameters_of(const struct code *c, size_t brace)
{
    size_t at = brace;
    while (at > 0 && is(&c->at[at - 1], ')')) {
        size_t open = open_of(c, at - 1);
        if (open < 2 || c->at[open - 1].kind != TOK_WORD)
            return 0;
        if (!is(&c->at[open - 2], ')'))
            return open;
        at = open - 1;
    }
    return 0;
}

static size_t count_parameters(const struct code *c, size_t open)
{
    size_t depth = 0, commas = 0, i = open;
    for (; i < c->n; i++) {
        if (is(&c->at[i], '('))
            depth++;
        else if (is(&c->at[i], ')') && --depth == 0)
            break;
        else if (is(&c->at[i], ',') && depth == 1)
            commas++;
    }
    bool none = i == open + 1 || (i == open + 2 && str_eq_z(c->at[open + 1].s, "void"));
    bool variadic = i < c->n && i > open + 3 && is(&c->at[i - 1], '.');
    return none ? 0 : commas + (variadic ? 0 : 1);
}

static bool is_static(const struct code *c, size_t name)
{
    for (size_t i = name; i-- > 0 && !is(&c->at[i], ';') && !is(&c->at[i], '}');)
        if (str_eq_z(c->at[i].s, "static"))
            return true;
    return false;
}

static bool snake(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'Z')
            return false;
    return true;
}

static bool same_folder(const char *a, const char *b)
{
    const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
    return x && y && x - a == y - b && !strncmp(a, b, (size_t)(x - a));
}

/* Whether name begins with word and "_", or is word. */
static bool begins_with_word(str name, str word)
{
    return word.n && str_starts(name, word) && (name.n == word.n || name.p[word.n] == '_');
}

/* A global function begins with its folder's name or with the name (or first word) of a file in
 * that folder. */
static bool has_prefix(struct tidy *t, const struct file *f, str name)
{
    for (str rest = str_from(f->path); rest.p;)
        if (begins_with_word(name, str_cut(&rest, '/')))
            return true;
    for (size_t i = 0; i < t->files.n; i++) {
        const struct file *other = &t->files.at[i];
        if (!other->is_c || !same_folder(other->path, f->path))
            continue;
        str stem = str_from(strrchr(other->path, '/') + 1);
        stem.n -= 2;
        str first = stem;
        if (begins_with_word(name, stem) || begins_with_word(name, str_cut(&first, '_')))
            return true;
    }
    return false;
}

/* Handlers are named by their model. */
static bool in_a_model(struct tidy *t, str name)
{
    for (size_t i = 0; i < t->files.n; i++)
        if (path_ends(&t->files.at[i], ".model") && str_find(t->files.at[i].text, name) >= 0)
            return true;
    return false;
}

static str first_word(str name) { return str_cut(&name, '_'); }

/* Or it belongs to a type: struct type gives type_same(), record device gives device_read(). */
static bool of_a_type(struct tidy *t, str name)
{
    str word = first_word(name);
    for (size_t i = 0; i < t->files.n; i++) {
        const struct file *f = &t->files.at[i];
        for (size_t k = 0; k + 1 < f->toks.n; k++)
            if ((str_eq_z(f->toks.at[k].s, "struct") || str_eq_z(f->toks.at[k].s, "enum")) &&
                str_eq(first_word(f->toks.at[k + 1].s), word))
                return true;
        SCRATCH(s);
        if (path_ends(f, ".model") &&
            str_find(f->text, str_fmt(s.a, "\nrecord " STR_FMT, STR_ARG(word))) >= 0)
            return true;
    }
    return false;
}

/* Or it has siblings: password_hash() and password_check() in one file. */
static bool has_sibling(const struct code *c, size_t name)
{
    size_t depth = 0;
    for (size_t i = 0; i + 1 < c->n; i++) {
        if (is(&c->at[i], '{'))
            depth++;
        if (is(&c->at[i], '}') && depth > 0)
            depth--;
        if (!depth && c->at[i].kind == TOK_WORD && is(&c->at[i + 1], '(') &&
            !str_eq(c->at[i].s, c->at[name].s) && !is_static(c, i) &&
            str_eq(first_word(c->at[i].s), first_word(c->at[name].s)))
            return true;
    }
    return false;
}

static void check_name(struct tidy *t, struct file *f, const struct code *c, size_t name)
{
    str s = c->at[name].s;
    if (str_eq_z(s, "TEST") || str_eq_z(s, "FAULTS") || str_starts(s, S("LLVMFuzzer")))
        return;
    if (!snake(s))
        report(t, f, c->at[name].line, R_NAMING,
               "function " STR_FMT ": lower case with underscores", STR_ARG(s));
    bool global = path_has(f, "src/") && !path_has(f, "src/base/") && path_ends(f, ".c") &&
                  !is_static(c, name);
    if (global && !path_is_test(f) && !str_eq_z(s, "main") && !has_prefix(t, f, s) &&
        !in_a_model(t, s) && !of_a_type(t, s) && !has_sibling(c, name))
        report(t, f, c->at[name].line, R_NAMING,
               "global function " STR_FMT " must begin with the name of its folder, file or type",
               STR_ARG(s));
}

/* A static function that is never called by name is a callback: its shape is another's choice. */
static bool is_callback(const struct code *c, size_t name)
{
    size_t uses = 0;
    for (size_t i = 0; i + 1 < c->n; i++) {
        if (i == name || !str_eq(c->at[i].s, c->at[name].s))
            continue;
        if (is(&c->at[i + 1], '('))
            return false;
        uses++;
    }
    return uses > 0 && is_static(c, name);
}

static void check_function(struct tidy *t, struct file *f, const struct code *c, size_t open,
                           size_t end)
{
    const struct tok *name = &c->at[open - 1];
    u32 lines = c->at[end].line - name->line + 1;
    size_t params = count_parameters(c, open);
    if (lines > FUNCTION_MAX_LINES)
        report(t, f, name->line, R_FUNCTION, STR_FMT " has %u lines, at most %d", STR_ARG(name->s),
               lines, FUNCTION_MAX_LINES);
    if (params > PARAMETERS_MAX && !is_callback(c, open - 1))
        report(t, f, name->line, R_PARAMETERS,
               STR_FMT " takes %zu parameters, at most %d: give it a struct", STR_ARG(name->s),
               params, PARAMETERS_MAX);
    check_name(t, f, c, open - 1);
}

static void check_functions(struct tidy *t, struct file *f, const struct code *c)
{
    size_t depth = 0, open = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (is(&c->at[i], '{')) {
            if (depth++ == 0)
                open = parameters_of(c, i);
        } else if (is(&c->at[i], '}') && depth > 0 && --depth == 0 && open) {
            check_function(t, f, c, open, i);
            open = 0;
        }
    }
}

static void check_typedefs(struct tidy *t, struct file *f, const struct code *c)
{
    size_t depth = 0;
    for (size_t i = 0; i + 1 < c->n; i++) {
        if (is(&c->at[i], '{'))
            depth++;
        if (is(&c->at[i], '}') && depth > 0)
            depth--;
        if (depth || !str_eq_z(c->at[i].s, "typedef"))
            continue;
        size_t end = i, inner = 0;
        for (; end < c->n && (inner || !is(&c->at[end], ';')); end++)
            inner += is(&c->at[end], '{') ? 1 : is(&c->at[end], '}') ? (size_t)-1 : 0;
        if (end >= 2 && end < c->n && is(&c->at[end - 2], '*'))
            report(t, f, c->at[i].line, R_NAMING, "a typedef must not hide a pointer");
    }
}

/* src/base/arena.h is guarded by OUTWORK_…ARENA_H. */
static void check_guard(struct tidy *t, struct file *f)
{
    const char *slash = strrchr(f->path, '/'), *p = slash ? slash + 1 : f->path;
    char want[100] = "_";
    size_t n = 1;
    for (; *p && n + 1 < sizeof want; p++)
        want[n++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p >= '0' && *p <= '9' ? *p : '_';
    str rest = f->text, line;
    for (u32 at = 0; next_line(&rest, &line, &at);) {
        str name = str_sub(line, 8, line.n);
        if (!str_starts(line, S("#ifndef ")))
            continue;
        if (str_starts(name, S("OUTWORK_")) && str_ends(name, (str){ want, n }))
            return;
        break;
    }
    report(t, f, 1, R_NAMING, "the include guard must be OUTWORK_FOLDER%.*s", (int)n, want);
}

static void check_file_name(struct tidy *t, struct file *f)
{
    const char *slash = strrchr(f->path, '/');
    for (const char *p = slash ? slash + 1 : f->path; *p; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') && *p != '_' && *p != '.')
            return report(t, f, 1, R_NAMING, "file names are lower case, digits and underscores");
}

void rules_c(struct tidy *t)
{
    for (size_t i = 0; i < t->files.n; i++) {
        struct file *f = &t->files.at[i];
        if (!f->is_c)
            continue;
        struct code c = code_of(t, f);
        check_functions(t, f, &c);
        check_typedefs(t, f, &c);
        check_file_name(t, f);
        if (path_ends(f, ".h"))
            check_guard(t, f);
    }
}
